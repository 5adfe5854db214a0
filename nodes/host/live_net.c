/* SPDX-License-Identifier: Apache-2.0 */
/* Listening, and finding out who connects. */
#include "nodes/host/live_net.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>
#include <sys/un.h>
#include <unistd.h>

#include "nodes/host/live_log.h"
#include "nodes/host/live_net_internal.h"

#define BACKLOG       511
#define GREETINGS_MAX 256u
#define GREETING_MS   5000u
#define SWEEP_MS      1000u

static bool listen_on(LiveNet *net, const LiveAddress *address,
                      bool for_clients, GError **error);
static void on_connection(uv_stream_t *stream, int status);
static size_t greeting_received(LiveConn *conn, const uint8_t *data,
                                size_t size);
static void greeting_ended(LiveConn *conn, LiveConnEnd end, const char *why);
static void on_sweep(uv_timer_t *timer);

static const LiveConnOps greeting_ops = {
    .received = greeting_received,
    .ended = greeting_ended,
};

LiveNet *
live_net_new(uv_loop_t *loop, const LiveConfig *config, LiveDeliver deliver,
             void *user)
{
    LiveNet *net = g_new0(LiveNet, 1);

    net->loop = loop;
    net->config = config;
    net->deliver = deliver;
    net->user = user;
    net->streams =
        g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, NULL);
    net->peers = g_new0(LivePeer, config->node_count + 1);
    net->accepted_counts = g_new0(unsigned, config->node_count + 1);
    net->clients = g_new0(LiveConn *, NODE_ID_MAX + 1);
    net->client_next = config->node_count + 1;
    live_conns_init(&net->conns, loop);
    uv_timer_init(loop, &net->sweep);
    net->sweep.data = net;
    for (NodeId id = 1; id <= config->node_count; id++) {
        net->peers[id].net = net;
        net->peers[id].id = id;
        uv_timer_init(loop, &net->peers[id].again);
        net->peers[id].again.data = &net->peers[id];
    }
    return net;
}

bool
live_net_listen(LiveNet *net, GError **error)
{
    const LiveConfig *config = net->config;
    bool good = true;

    for (unsigned i = 0; good && i < config->listen_peer_count; i++) {
        good = listen_on(net, &config->listen_peers[i], false, error);
    }
    for (unsigned i = 0; good && i < config->listen_client_count; i++) {
        good = listen_on(net, &config->listen_clients[i], true, error);
    }
    return good;
}

void
live_net_start(LiveNet *net)
{
    uv_timer_start(&net->sweep, on_sweep, SWEEP_MS, SWEEP_MS);
    for (NodeId id = 1; id <= net->config->node_count; id++) {
        if (id != net->config->self) {
            live_peer_start(&net->peers[id]);
        }
    }
}

void
live_net_send(LiveNet *net, const Effect *effect)
{
    LinkId link = effect->send.link;
    NodeId peer = link_peer(link);

    if (link_is_stream(link)) {
        live_stream_send(net, effect);
        return;
    }
    g_assert(effects_parts_size(effect) <= DATAGRAM_MAX);
    if (peer < 1 || peer > net->config->node_count ||
        peer == net->config->self) {
        live_log("a datagram to node %u goes nowhere", peer);
        return;
    }
    live_peer_send(&net->peers[peer], effect);
}

void
live_net_flush(LiveNet *net)
{
    live_conns_flush(&net->conns);
}

static void
on_sweep(uv_timer_t *timer)
{
    LiveNet *net = timer->data;

    live_conns_sweep(&net->conns);
}

/* ---- listening ---- */

/* A Unix socket that nobody listens on any more is in the way. */
static void
remove_stale(const LiveAddress *address)
{
    const struct sockaddr_un *un = (const void *)&address->socket;
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    if (fd < 0) {
        return;
    }
    if (connect(fd, (const struct sockaddr *)un, address->size) != 0 &&
        errno == ECONNREFUSED) {
        unlink(un->sun_path);
    }
    close(fd);
}

static int
bind_unix(LiveNet *net, LiveListener *listener, const LiveAddress *address)
{
    const struct sockaddr_un *un = (const void *)&address->socket;

    remove_stale(address);
    uv_pipe_init(net->loop, &listener->uv.pipe, 0);
    return uv_pipe_bind(&listener->uv.pipe, un->sun_path);
}

/* Tell the port that the system chose. */
static void
log_listening(const LiveListener *listener, const LiveAddress *address)
{
    struct sockaddr_storage bound;
    int size = sizeof bound;
    unsigned port = 0;

    if (address->socket.ss_family != AF_UNIX &&
        uv_tcp_getsockname(&listener->uv.tcp, (struct sockaddr *)&bound,
                           &size) == 0) {
        port = bound.ss_family == AF_INET
                   ? ntohs(((struct sockaddr_in *)&bound)->sin_port)
                   : ntohs(((struct sockaddr_in6 *)&bound)->sin6_port);
    }
    if (port != 0) {
        live_log("listening for %s on %s, port %u",
                 listener->for_clients ? "clients" : "peers", address->text,
                 port);
    } else {
        live_log("listening for %s on %s",
                 listener->for_clients ? "clients" : "peers", address->text);
    }
}

static bool
listen_on(LiveNet *net, const LiveAddress *address, bool for_clients,
          GError **error)
{
    LiveListener *listener = &net->listeners[net->listener_count++];
    int status;

    listener->net = net;
    listener->for_clients = for_clients;
    if (address->socket.ss_family == AF_UNIX) {
        status = bind_unix(net, listener, address);
    } else {
        uv_tcp_init(net->loop, &listener->uv.tcp);
        status = uv_tcp_bind(&listener->uv.tcp,
                             (const struct sockaddr *)&address->socket, 0);
    }
    listener->uv.handle.data = listener;
    if (status == 0) {
        status = uv_listen(&listener->uv.stream, BACKLOG, on_connection);
    }
    if (status != 0) {
        g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_FAILED,
                    "cannot listen on %s: %s", address->text,
                    uv_strerror(status));
        return false;
    }
    log_listening(listener, address);
    return true;
}

/* ---- greeting ---- */

static void
on_connection(uv_stream_t *stream, int status)
{
    LiveListener *listener = stream->data;
    LiveNet *net = listener->net;
    LiveConn *conn;

    if (status != 0) {
        live_log("cannot accept a connection: %s", uv_strerror(status));
        return;
    }
    if (listener->for_clients) {
        live_stream_accept_client(net, stream);
        return;
    }
    conn = live_conn_accept(&net->conns, stream, &greeting_ops, net,
                            LIVE_HELLO_SIZE);
    if (conn == NULL) {
        return;
    }
    if (net->greeting_count >= GREETINGS_MAX) {
        live_log("too many connections without a hello, one closed");
        live_conn_kill(conn);
        return;
    }
    net->greeting_count++;
    conn->deadline = uv_now(net->loop) + GREETING_MS;
}

static size_t
greeting_received(LiveConn *conn, const uint8_t *data, size_t size)
{
    LiveNet *net = conn->owner;
    const LiveConfig *config = net->config;
    LiveHello hello;
    const char *why;

    switch (live_hello_parse(data, size, &hello, &why)) {
    case LIVE_PARSE_MORE:
        return 0;
    case LIVE_PARSE_BAD:
        greeting_ended(conn, LIVE_CONN_BROKEN, why);
        return 0;
    case LIVE_PARSE_GOOD:
        break;
    }
    if (hello.node_count != config->node_count || hello.to != config->self) {
        live_log("node %u of %u takes us for node %u: connection closed",
                 hello.from, hello.node_count, hello.to);
        greeting_ended(conn, LIVE_CONN_EOF, NULL);
        return 0;
    }
    net->greeting_count--;
    conn->deadline = 0;
    conn->peer = hello.from;
    if (hello.kind == LIVE_HELLO_DATAGRAMS) {
        live_peer_accept(net, conn, &hello);
    } else {
        live_stream_accept(net, conn, &hello);
    }
    return LIVE_HELLO_SIZE;
}

static void
greeting_ended(LiveConn *conn, LiveConnEnd end, const char *why)
{
    LiveNet *net = conn->owner;

    if (end == LIVE_CONN_BROKEN) {
        live_log("a connection that named no peer is closed: %s", why);
    }
    net->greeting_count--;
    live_conn_kill(conn);
}

/* ---- the end ---- */

void
live_net_stop(LiveNet *net)
{
    for (unsigned i = 0; i < net->listener_count; i++) {
        uv_close(&net->listeners[i].uv.handle, NULL);
    }
    for (NodeId id = 1; id <= net->config->node_count; id++) {
        live_peer_stop(&net->peers[id]);
    }
    uv_close((uv_handle_t *)&net->sweep, NULL);
    while (net->conns.all->len > 0) {
        live_conn_kill(net->conns.all->pdata[0]);
    }
}

void
live_net_free(LiveNet *net)
{
    if (net == NULL) {
        return;
    }
    live_conns_clear(&net->conns);
    g_hash_table_unref(net->streams);
    g_free(net->peers);
    g_free(net->accepted_counts);
    g_free(net->clients);
    g_free(net);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Streams to and from peers, and from clients: a connection each. */
#include <string.h>

#include "nodes/host/live_log.h"
#include "nodes/host/live_net_internal.h"

/* Streams that one peer may have open here. */
#define ACCEPTED_MAX 1024u

static void on_connected(LiveConn *conn);
static size_t on_received(LiveConn *conn, const uint8_t *data, size_t size);
static void on_drained(LiveConn *conn);
static void on_ended(LiveConn *conn, LiveConnEnd end, const char *why);
static void forget(LiveConn *conn);

static const LiveConnOps ops = {
    .connected = on_connected,
    .received = on_received,
    .drained = on_drained,
    .ended = on_ended,
};

static LiveConn *
find(const LiveNet *net, LinkId link)
{
    return g_hash_table_lookup(net->streams, &link);
}

static void
enter(LiveNet *net, LiveConn *conn, LinkId link)
{
    conn->owner = net;
    conn->tag = link;
    conn->peer = link_peer(link);
    g_hash_table_insert(net->streams, g_memdup2(&link, sizeof link), conn);
}

/* Clients speak raw bytes, peers in chunks. */
static bool
is_client(const LiveConn *conn)
{
    const LiveNet *net = conn->owner;

    return conn->peer > net->config->node_count;
}

static void
tell(LiveNet *net, LinkId link, LinkState state)
{
    Input input = {.kind = INPUT_LINK};

    input.link.link = link;
    input.link.state = state;
    net->deliver(net->user, &input);
}

/* ---- what the node wants ---- */

void
live_net_open(LiveNet *net, LinkId link)
{
    const LiveConfig *config = net->config;
    NodeId peer = link_peer(link);
    uint8_t bytes[LIVE_HELLO_SIZE];
    LiveConn *conn;

    g_assert(link_is_stream(link) && (link & LINK_ACCEPTED) == 0);
    if (find(net, link) != NULL) {
        live_log("a stream to node %u is open already", peer);
        return;
    }
    if (peer < 1 || peer > config->node_count || peer == config->self) {
        live_log("a stream to node %u goes nowhere", peer);
        tell(net, link, LINK_RESET);
        return;
    }
    conn = live_conn_dial(&net->conns, &config->peers[peer], &ops, net, 0);
    if (conn == NULL) {
        tell(net, link, LINK_RESET);
        return;
    }
    enter(net, conn, link);

    LiveHello hello = {
        .kind = LIVE_HELLO_STREAM,
        .channel = link_channel(link),
        .from = config->self,
        .to = peer,
        .number = (uint32_t)(link & 0xffffffu),
        .node_count = config->node_count,
    };

    live_hello_put(&hello, bytes);
    live_conn_send(conn, bytes, sizeof bytes);
}

void
live_net_close(LiveNet *net, LinkId link)
{
    LiveConn *conn = find(net, link);

    if (conn != NULL) {
        if (!is_client(conn)) {
            uint8_t farewell[LIVE_CHUNK_HEADER];

            live_chunk_put(0, farewell);
            live_conn_send(conn, farewell, sizeof farewell);
        }
        forget(conn);
        live_conn_leave(conn);
    }
}

void
live_net_pause(LiveNet *net, LinkId link, bool paused)
{
    LiveConn *conn = find(net, link);

    if (conn != NULL) {
        live_conn_read(conn, !paused);
    }
}

void
live_stream_send(LiveNet *net, const Effect *effect)
{
    LiveConn *conn = find(net, effect->send.link);
    size_t size = effects_parts_size(effect);

    if (conn == NULL) {
        return; /* it was reset; the node knows or will in a moment */
    }
    if (live_conn_unsent(conn) + size > net->config->send_buffer) {
        LinkId link = conn->tag;

        live_log("a stream of node %u is reset: more than send_buffer (%zu "
                 "bytes) unsent",
                 conn->peer, net->config->send_buffer);
        forget(conn);
        live_conn_kill(conn);
        tell(net, link, LINK_RESET);
        return;
    }
    if (size > 0 && !is_client(conn)) {
        uint8_t header[LIVE_CHUNK_HEADER];

        live_chunk_put(size, header);
        live_conn_send(conn, header, sizeof header);
    }
    for (unsigned i = 0; i < effect->part_count; i++) {
        live_conn_send(conn, effect->parts[i].data, effect->parts[i].size);
    }
    if (live_conn_unsent(conn) >= net->config->send_buffer / 2) {
        conn->above_half = true;
    }
}

/* ---- who connects ---- */

void
live_stream_accept(LiveNet *net, LiveConn *conn, const LiveHello *hello)
{
    LinkId link =
        link_stream(hello->from, hello->channel, hello->number) | LINK_ACCEPTED;
    LiveConn *former = find(net, link);

    if (net->accepted_counts[hello->from] >= ACCEPTED_MAX) {
        live_log("node %u has %u streams open, one more is closed", hello->from,
                 ACCEPTED_MAX);
        live_conn_kill(conn);
        return;
    }
    if (former != NULL) {
        /* The peer died without a word and has begun anew. */
        forget(former);
        live_conn_kill(former);
        tell(net, link, LINK_RESET);
    }
    live_conn_become(conn, &ops, 0);
    enter(net, conn, link);
    net->accepted_counts[hello->from]++;
    tell(net, link, LINK_UP);
}

/* A peer id above node_count that no living client has; 0 when all are
 * taken. Ids go round, so that a late word to one that left meets nobody. */
static NodeId
client_id(LiveNet *net)
{
    NodeId first = net->config->node_count + 1;

    for (NodeId tries = first; tries <= NODE_ID_MAX; tries++) {
        NodeId id = net->client_next;

        net->client_next = id == NODE_ID_MAX ? first : id + 1;
        if (net->clients[id] == NULL) {
            return id;
        }
    }
    return 0;
}

void
live_stream_accept_client(LiveNet *net, uv_stream_t *listener)
{
    LiveConn *conn = live_conn_accept(&net->conns, listener, &ops, net, 0);
    NodeId id = conn == NULL ? 0 : client_id(net);
    LinkId link;

    if (conn == NULL) {
        return;
    }
    if (id == 0) {
        live_log("no room for another client, one closed");
        live_conn_kill(conn);
        return;
    }
    link =
        link_stream(id, CHANNEL_CLIENT, net->client_number++) | LINK_ACCEPTED;
    enter(net, conn, link);
    net->clients[id] = conn;
    tell(net, link, LINK_UP);
}

/* ---- what happens to a stream ---- */

static void
on_connected(LiveConn *conn)
{
    LiveNet *net = conn->owner;

    tell(net, conn->tag, LINK_UP);
}

static void
hear(LiveConn *conn, Slice bytes)
{
    LiveNet *net = conn->owner;
    Input input = {.kind = INPUT_MESSAGE};

    input.message.link = conn->tag;
    input.message.channel = link_channel(conn->tag);
    input.message.bytes = bytes;
    net->deliver(net->user, &input);
}

static size_t
on_received(LiveConn *conn, const uint8_t *data, size_t size)
{
    Slice bytes;
    size_t used = 0;
    LiveParse parse = LIVE_PARSE_GOOD;

    if (is_client(conn)) {
        hear(conn, slice_of(data, size));
        return size;
    }
    for (size_t at = 0; at < size && !conn->dead && !conn->leaving;
         at += used) {
        parse = live_chunks_parse(&conn->chunks, data + at, size - at, &bytes,
                                  &used);
        if (parse != LIVE_PARSE_GOOD) {
            break;
        }
        hear(conn, bytes);
    }
    if (parse == LIVE_PARSE_BAD) {
        live_log("a stream of node %u: bytes behind its end", conn->peer);
        on_ended(conn, LIVE_CONN_BROKEN, NULL);
    }
    return size;
}

static void
on_drained(LiveConn *conn)
{
    LiveNet *net = conn->owner;

    if (conn->above_half &&
        live_conn_unsent(conn) < net->config->send_buffer / 2) {
        Input input = {.kind = INPUT_ROOM};

        conn->above_half = false;
        input.room.link = conn->tag;
        net->deliver(net->user, &input);
    }
}

static void
on_ended(LiveConn *conn, LiveConnEnd end, const char *why)
{
    LiveNet *net = conn->owner;
    LinkId link = conn->tag;
    bool in_order =
        end == LIVE_CONN_EOF && (is_client(conn) || conn->chunks.closed);

    (void)why;
    forget(conn);
    if (in_order) {
        /* The rest of the answers still goes to one that only said it has
         * no more questions. */
        live_conn_leave(conn);
        tell(net, link, LINK_DOWN);
    } else {
        live_conn_kill(conn);
        tell(net, link, LINK_RESET);
    }
}

/* The node's link is no more, whatever becomes of the connection. */
static void
forget(LiveConn *conn)
{
    LiveNet *net = conn->owner;
    LinkId link = conn->tag;

    g_hash_table_remove(net->streams, &link);
    if (is_client(conn)) {
        net->clients[conn->peer] = NULL;
    } else if ((link & LINK_ACCEPTED) != 0) {
        net->accepted_counts[conn->peer]--;
    }
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Datagram links: frames on a connection that is dialled again and again. */
#include <string.h>
#include <sys/random.h>

#include "nodes/host/live_log.h"
#include "nodes/host/live_net_internal.h"

#define AGAIN_FIRST_MS 10u
#define AGAIN_LAST_MS  1000u
/* Two whole frames: one being completed, one behind it. */
#define RECEIVE_BYTES (2u * LIVE_FRAME_MAX)

static void dial(uv_timer_t *timer);
static void out_connected(LiveConn *conn);
static size_t out_received(LiveConn *conn, const uint8_t *data, size_t size);
static void out_ended(LiveConn *conn, LiveConnEnd end, const char *why);
static size_t in_received(LiveConn *conn, const uint8_t *data, size_t size);
static void in_ended(LiveConn *conn, LiveConnEnd end, const char *why);

static const LiveConnOps out_ops = {
    .connected = out_connected,
    .received = out_received,
    .ended = out_ended,
};

static const LiveConnOps in_ops = {
    .received = in_received,
    .ended = in_ended,
};

void
live_peer_start(LivePeer *peer)
{
    peer->wait_ms = AGAIN_FIRST_MS;
    dial(&peer->again);
}

void
live_peer_stop(LivePeer *peer)
{
    peer->conn = NULL;
    uv_close((uv_handle_t *)&peer->again, NULL);
}

/* ---- outwards ---- */

static void
dial_later(LivePeer *peer)
{
    uint32_t word = 0;

    /* Those who lost the same peer must not dial in step for ever. */
    if (getrandom(&word, sizeof word, GRND_NONBLOCK) < 0) {
        word = 0;
    }
    uv_timer_start(&peer->again, dial,
                   peer->wait_ms + word % (peer->wait_ms / 4 + 1), 0);
    peer->wait_ms = MIN(2 * peer->wait_ms, AGAIN_LAST_MS);
}

static void
dial(uv_timer_t *timer)
{
    LivePeer *peer = timer->data;
    LiveNet *net = peer->net;
    const LiveConfig *config = net->config;
    uint8_t bytes[LIVE_HELLO_SIZE];
    LiveHello hello = {
        .kind = LIVE_HELLO_DATAGRAMS,
        .from = config->self,
        .to = peer->id,
        .node_count = config->node_count,
    };

    peer->conn = live_conn_dial(&net->conns, &config->peers[peer->id], &out_ops,
                                peer, 0);
    if (peer->conn == NULL) {
        dial_later(peer);
        return;
    }
    live_hello_put(&hello, bytes);
    live_conn_send(peer->conn, bytes, sizeof bytes);
}

static void
out_connected(LiveConn *conn)
{
    LivePeer *peer = conn->owner;

    live_log("connected to node %u", peer->id);
    peer->told = false;
    conn->tag = uv_now(conn->conns->loop); /* up since */
}

/* The far end has nothing to say here. */
static size_t
out_received(LiveConn *conn, const uint8_t *data, size_t size)
{
    (void)data;
    out_ended(conn, LIVE_CONN_BROKEN, "it answered on a one-way connection");
    return size;
}

static void
out_ended(LiveConn *conn, LiveConnEnd end, const char *why)
{
    LivePeer *peer = conn->owner;

    if (!peer->told) {
        live_log("no connection to node %u: %s", peer->id,
                 end == LIVE_CONN_EOF ? "it closed" : why);
    }
    peer->told = true;
    if (conn->connected &&
        uv_now(conn->conns->loop) >= conn->tag + AGAIN_LAST_MS) {
        peer->wait_ms = AGAIN_FIRST_MS;
    }
    live_conn_kill(conn);
    peer->conn = NULL;
    dial_later(peer);
}

void
live_peer_send(LivePeer *peer, const Effect *effect)
{
    uint8_t header[LIVE_FRAME_HEADER];
    size_t size = effects_parts_size(effect);
    LiveConn *conn = peer->conn;

    if (conn == NULL || !conn->connected ||
        live_conn_unsent(conn) + size > peer->net->config->datagram_buffer) {
        peer->dropped++;
        return;
    }
    live_frame_put(effect->send.channel, peer->net->config->self, size, header);
    live_conn_send(conn, header, sizeof header);
    for (unsigned i = 0; i < effect->part_count; i++) {
        live_conn_send(conn, effect->parts[i].data, effect->parts[i].size);
    }
}

/* ---- inwards ---- */

void
live_peer_accept(LiveNet *net, LiveConn *conn, const LiveHello *hello)
{
    LivePeer *peer = &net->peers[hello->from];

    live_conn_become(conn, &in_ops, RECEIVE_BYTES);
    if (peer->conn == NULL) {
        /* It is back: no need to wait any longer. */
        peer->wait_ms = AGAIN_FIRST_MS;
        uv_timer_start(&peer->again, dial, 0, 0);
    }
}

static size_t
in_received(LiveConn *conn, const uint8_t *data, size_t size)
{
    LiveNet *net = conn->owner;
    size_t done = 0;

    while (!conn->dead) {
        LiveFrame frame;
        const char *why;
        size_t used = 0;
        LiveParse parse =
            live_frame_parse(data + done, size - done, &frame, &used, &why);

        if (parse == LIVE_PARSE_MORE) {
            break;
        }
        if (parse == LIVE_PARSE_GOOD && frame.from != conn->peer) {
            parse = LIVE_PARSE_BAD;
            why = "frame of another node";
        }
        if (parse == LIVE_PARSE_BAD) {
            in_ended(conn, LIVE_CONN_BROKEN, why);
            break;
        }

        Input input = {.kind = INPUT_MESSAGE};

        input.message.link = link_datagram(conn->peer);
        input.message.channel = frame.channel;
        input.message.bytes = frame.bytes;
        done += used;
        net->deliver(net->user, &input);
    }
    return done;
}

static void
in_ended(LiveConn *conn, LiveConnEnd end, const char *why)
{
    if (end == LIVE_CONN_BROKEN) {
        live_log("datagrams from node %u: %s", conn->peer, why);
    }
    live_conn_kill(conn);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Streams as TCP connections: a handshake, segments whose sequence numbers
 * count delivered bytes, an end. */
#include "sim/capture_private.h"

#include "sim/tcp.h"

#define HEADERS_SIZE   40u    /* IP and TCP */
#define SEGMENTS_ACKED 16u    /* a receiver acknowledges at least so often */
#define PORT_FIRST     35000u /* of the opener; see CAPTURE_PORT_MIN */
#define PORT_COUNT     9000u
#define ENDED_MAX      1024u /* connections kept after their end */

/* Who opened it is side 0. */
enum { OPENER = 0, ACCEPTER = 1 };

typedef struct ConnectionKey {
    NodeId opener, accepter;
    Channel channel;
    uint32_t number;
} ConnectionKey;

typedef struct Connection {
    ConnectionKey key;
    CaptureEnd end[2];
    uint32_t next[2]; /* sequence number of the next byte from that side */
    uint32_t sent[2]; /* the same of bytes that have left and will arrive */
    bool up[2];       /* that side was told so */
    bool shaken;      /* the handshake is in the file */
    bool ended;       /* so is its end */
} Connection;

static Connection *connection_find(Capture *capture, NodeId self, NodeId peer,
                                   LinkId link);
static Connection *connection_open(Capture *capture, NodeId self, NodeId peer,
                                   LinkId link);
static Connection *connection_new(Capture *capture, NodeId self, NodeId peer,
                                  LinkId link);
static void connection_end(Capture *capture, Connection *connection);
static void handshake(Capture *capture, Connection *connection);
static ConnectionKey connection_key(NodeId self, NodeId peer, LinkId link);
static void segment(Capture *capture, Connection *connection, unsigned side,
                    unsigned flags, const uint8_t *bytes, size_t size);
static gint compare(gconstpointer left, gconstpointer right, gpointer data);

void
capture_stream_bytes(Capture *capture, NodeId self, NodeId peer,
                     const Input *input)
{
    LinkId link = input->message.link;
    Connection *connection = connection_find(capture, self, peer, link);
    unsigned to = (link & LINK_ACCEPTED) != 0 ? ACCEPTER : OPENER;
    Slice bytes = input->message.bytes;
    size_t mss = capture->mtu - HEADERS_SIZE;
    unsigned count = 0;

    if (connection == NULL || !connection->shaken) {
        connection = connection_open(capture, self, peer, link);
    }
    for (size_t at = 0; at < bytes.size; at += mss) {
        size_t part = MIN(mss, bytes.size - at);
        bool last = at + part == bytes.size;

        segment(capture, connection, 1 - to,
                CAPTURE_TCP_ACK | (last ? CAPTURE_TCP_PSH : 0u),
                bytes.data + at, part);
        if (last || ++count % SEGMENTS_ACKED == 0) {
            uint64_t message = capture->packet.id;

            capture->packet.id = 0; /* an acknowledgement is no message's */
            segment(capture, connection, to, CAPTURE_TCP_ACK, NULL, 0);
            capture->packet.id = message;
        }
    }
}

void
capture_stream_link(Capture *capture, NodeId self, NodeId peer,
                    const Input *input)
{
    LinkId link = input->link.link;
    Connection *connection = connection_find(capture, self, peer, link);
    unsigned side = (link & LINK_ACCEPTED) != 0 ? ACCEPTER : OPENER;

    switch (input->link.state) {
    case LINK_UP:
        /* Told twice: an earlier stream of the same name has ended. */
        if (connection == NULL || connection->up[side] || !connection->shaken) {
            connection = connection_open(capture, self, peer, link);
        }
        connection->up[side] = true;
        break;
    case LINK_DOWN:
        if (connection != NULL && connection->shaken) {
            segment(capture, connection, 1 - side,
                    CAPTURE_TCP_FIN | CAPTURE_TCP_ACK, NULL, 0);
            segment(capture, connection, side, CAPTURE_TCP_ACK, NULL, 0);
            connection_end(capture, connection);
        }
        break;
    case LINK_RESET:
        /* A stream that never came up was refused: no packet arrived. */
        if (connection != NULL && connection->shaken) {
            segment(capture, connection, 1 - side,
                    CAPTURE_TCP_RST | CAPTURE_TCP_ACK, NULL, 0);
            connection_end(capture, connection);
        }
        break;
    }
}

/* A piece of a stream, at the place where it will stand when it is sent again;
 * what reached a dead host has had its place. */
void
capture_stream_lost(Capture *capture, const Fact *fact, NodeId from, NodeId to)
{
    bool arrived = fact->kind == FACT_DROP;
    NodeId peer = arrived ? from : to;
    Connection *connection =
        connection_find(capture, fact->node, peer, fact->link);
    unsigned side, flags = CAPTURE_TCP_ACK;
    size_t mss = capture->mtu - HEADERS_SIZE;
    uint32_t next;

    if (connection == NULL) {
        connection = connection_new(capture, fact->node, peer, fact->link);
    }
    side = from == connection->key.opener ? OPENER : ACCEPTER;
    next = connection->next[side];
    if (!arrived) {
        connection->next[side] = connection->sent[side];
    }
    if (fact->value == CHUNK_SYN) {
        flags = CAPTURE_TCP_SYN;
    } else if (fact->value == CHUNK_SYN_ACK) {
        flags |= CAPTURE_TCP_SYN;
    } else if (fact->value == CHUNK_FIN) {
        flags |= CAPTURE_TCP_FIN;
    } else if (fact->bytes.size > 0) {
        flags |= CAPTURE_TCP_PSH;
    }
    for (size_t at = 0; at == 0 || at < fact->bytes.size; at += mss) {
        segment(capture, connection, side, flags,
                at > 0 ? fact->bytes.data + at : fact->bytes.data,
                MIN(mss, fact->bytes.size - at));
    }
    if (!arrived) {
        connection->next[side] = next;
    }
}

/* The first attempt to open a stream gives it its ports; bytes that the
 * network took have their place in the sequence from now on. */
void
capture_stream_sent(Capture *capture, const Fact *fact)
{
    NodeId peer = link_peer(fact->link);
    Connection *connection =
        connection_find(capture, fact->node, peer, fact->link);
    unsigned side = (fact->link & LINK_ACCEPTED) != 0 ? ACCEPTER : OPENER;

    if (connection == NULL ||
        (fact->value == CHUNK_SYN && connection->shaken)) {
        connection = connection_new(capture, fact->node, peer, fact->link);
    }
    if (fact->fate.drop == FATE_NOT_DROPPED && fact->value == CHUNK_DATA) {
        connection->sent[side] += (uint32_t)fact->bytes.size;
    }
}

static Connection *
connection_find(Capture *capture, NodeId self, NodeId peer, LinkId link)
{
    ConnectionKey key = connection_key(self, peer, link);

    return g_tree_lookup(capture->connections, &key);
}

/* A connection that is up, in place of any that was: one whose attempts were
 * lost so far, or a fresh one. */
static Connection *
connection_open(Capture *capture, NodeId self, NodeId peer, LinkId link)
{
    Connection *connection = connection_find(capture, self, peer, link);

    if (connection == NULL || connection->shaken) {
        connection = connection_new(capture, self, peer, link);
    }
    handshake(capture, connection);
    return connection;
}

/* A host uses its source ports in turn, so that no two connections of a
 * capture are taken for one. */
static Connection *
connection_new(Capture *capture, NodeId self, NodeId peer, LinkId link)
{
    Connection *connection = g_new0(Connection, 1);
    ConnectionKey key = connection_key(self, peer, link);
    uint32_t turn = capture->opened[key.opener]++ % PORT_COUNT;
    uint16_t port = (uint16_t)(PORT_FIRST + turn);

    connection->key = key;
    connection->end[OPENER] = capture_host_end(capture, key.opener, port);
    connection->end[ACCEPTER] = capture_host_end(
        capture, key.accepter, capture_channel_port(key.channel));
    connection->next[OPENER] = key.opener << 20 | key.number;
    connection->next[ACCEPTER] = 1u << 31 | key.accepter << 16 | key.number;
    connection->sent[OPENER] = connection->next[OPENER];
    connection->sent[ACCEPTER] = connection->next[ACCEPTER];
    g_tree_replace(capture->connections, &connection->key, connection);
    return connection;
}

/* The other side may still be told of the end, so the connection stays for a
 * while; a long run has many. */
static void
connection_end(Capture *capture, Connection *connection)
{
    if (connection->ended) {
        return;
    }
    connection->ended = true;
    g_queue_push_tail(capture->ended,
                      g_memdup2(&connection->key, sizeof(connection->key)));
    if (capture->ended->length > ENDED_MAX) {
        g_autofree ConnectionKey *key = g_queue_pop_head(capture->ended);
        Connection *oldest = g_tree_lookup(capture->connections, key);

        if (oldest != NULL && oldest->ended) {
            g_tree_remove(capture->connections, key);
        }
    }
}

static void
handshake(Capture *capture, Connection *connection)
{
    CapturePacket packet = capture->packet;

    capture->packet = (CapturePacket){.id = 0};
    connection->shaken = true;
    connection->sent[OPENER]++; /* a SYN takes a place */
    connection->sent[ACCEPTER]++;
    segment(capture, connection, OPENER, CAPTURE_TCP_SYN, NULL, 0);
    segment(capture, connection, ACCEPTER, CAPTURE_TCP_SYN | CAPTURE_TCP_ACK,
            NULL, 0);
    segment(capture, connection, OPENER, CAPTURE_TCP_ACK, NULL, 0);
    capture->packet = packet;
}

static ConnectionKey
connection_key(NodeId self, NodeId peer, LinkId link)
{
    bool accepted = (link & LINK_ACCEPTED) != 0;

    return (ConnectionKey){
        .opener = accepted ? peer : self,
        .accepter = accepted ? self : peer,
        .channel = link_channel(link),
        .number = (uint32_t)(link & 0xffffffu),
    };
}

/* @side sends a segment, which takes its place in the sequence. */
static void
segment(Capture *capture, Connection *connection, unsigned side, unsigned flags,
        const uint8_t *bytes, size_t size)
{
    NodeId host =
        side == OPENER ? connection->key.opener : connection->key.accepter;
    CaptureTcp tcp = {
        .sequence = connection->next[side],
        .acknowledgement = connection->next[1 - side],
        .flags = flags,
        .mss = (uint16_t)MIN(capture->mtu - HEADERS_SIZE, 65495u),
    };

    capture->packet.outbound = host == capture->self;

    capture_frame_tcp(&connection->end[side], &connection->end[1 - side],
                      capture->identifications[host]++, &tcp, bytes, size,
                      capture_emit, capture);
    connection->next[side] += (uint32_t)size;
    if ((flags & (CAPTURE_TCP_SYN | CAPTURE_TCP_FIN)) != 0) {
        connection->next[side]++;
    }
}

void
capture_stream_init(Capture *capture)
{
    capture->opened = g_new0(uint32_t, capture->host_count + 1);
    capture->connections = g_tree_new_full(compare, NULL, NULL, g_free);
    capture->ended = g_queue_new();
}

void
capture_stream_clear(Capture *capture)
{
    g_tree_destroy(capture->connections);
    g_queue_free_full(capture->ended, g_free);
    g_free(capture->opened);
}

static gint
compare(gconstpointer left, gconstpointer right, gpointer data)
{
    const ConnectionKey *a = left, *b = right;

    (void)data;
    if (a->opener != b->opener) {
        return a->opener < b->opener ? -1 : 1;
    }
    if (a->accepter != b->accepter) {
        return a->accepter < b->accepter ? -1 : 1;
    }
    if (a->channel != b->channel) {
        return a->channel < b->channel ? -1 : 1;
    }
    return a->number < b->number ? -1 : a->number > b->number;
}

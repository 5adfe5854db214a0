/* SPDX-License-Identifier: Apache-2.0 */
/* Deliveries become packets. For every stream we keep the two sequence
 * numbers of its TCP connection; they count delivered bytes, so nothing is
 * ever missing or sent again. */
#include "sim/capture.h"

#include <pcap/pcap.h>
#include <string.h>

#include "sim/whole_file.h"

#define SNAPLEN        262144
#define HEADERS_SIZE   40u    /* IP and TCP */
#define SEGMENTS_ACKED 16u    /* a receiver acknowledges at least so often */
#define PORT_FIRST     35000u /* of the opener; see CAPTURE_PORT_MIN */
#define PORT_COUNT     9000u

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
    bool up[2];       /* that side was told so */
} Connection;

struct Capture {
    WholeFile *file;
    pcap_t *pcap;
    pcap_dumper_t *dumper; /* its stream belongs to @file */
    unsigned node_count, host_count;
    uint8_t *regions;          /* by host, host_count + 1 */
    uint16_t *identifications; /* next one, by sending host */
    unsigned mtu;
    GTree *connections; /* ConnectionKey -> Connection */
    uint32_t *opened;   /* connections so far, by opening host */
    struct timeval at;
};

static void on_datagram(Capture *capture, NodeId self, NodeId peer,
                        const Input *input);
static void on_bytes(Capture *capture, NodeId self, NodeId peer,
                     const Input *input);
static void on_link(Capture *capture, NodeId self, NodeId peer,
                    const Input *input);
static Connection *connection_find(Capture *capture, NodeId self, NodeId peer,
                                   LinkId link);
static Connection *connection_open(Capture *capture, NodeId self, NodeId peer,
                                   LinkId link);
static ConnectionKey connection_key(NodeId self, NodeId peer, LinkId link);
static void segment(Capture *capture, Connection *connection, unsigned side,
                    unsigned flags, const uint8_t *bytes, size_t size);
static CaptureEnd host_end(const Capture *capture, NodeId host, uint16_t port);
static uint16_t channel_port(Channel channel);
static void emit(void *data, const uint8_t *frame, size_t size);
static gint compare(gconstpointer left, gconstpointer right, gpointer data);

void
capture_observe(Capture *capture, const Record *record)
{
    const Input *input = record->input;
    NodeId self = event_cell(record->event);
    SimTime at = event_at(record->event);
    NodeId peer = record->peer;

    if (input == NULL ||
        (input->kind != INPUT_MESSAGE && input->kind != INPUT_LINK)) {
        return;
    }
    if (peer == 0) {
        peer = link_peer(input->kind == INPUT_MESSAGE ? input->message.link
                                                      : input->link.link);
    }
    g_assert(self >= 1 && self <= capture->host_count);
    g_assert(peer >= 1 && peer <= capture->host_count);
    capture->at.tv_sec = (time_t)(CAPTURE_EPOCH_S + at / SIM_S);
    capture->at.tv_usec = (suseconds_t)(at % SIM_S); /* nanoseconds here */
    if (input->kind == INPUT_LINK) {
        on_link(capture, self, peer, input);
    } else if (link_is_stream(input->message.link)) {
        on_bytes(capture, self, peer, input);
    } else {
        on_datagram(capture, self, peer, input);
    }
}

static void
on_datagram(Capture *capture, NodeId self, NodeId peer, const Input *input)
{
    uint16_t port = channel_port(input->message.channel);
    CaptureEnd from = host_end(capture, peer, port);
    CaptureEnd to = host_end(capture, self, port);

    capture_frame_udp(&from, &to, capture->identifications[peer]++,
                      capture->mtu, input->message.bytes.data,
                      input->message.bytes.size, emit, capture);
}

static void
on_bytes(Capture *capture, NodeId self, NodeId peer, const Input *input)
{
    LinkId link = input->message.link;
    Connection *connection = connection_find(capture, self, peer, link);
    unsigned to = (link & LINK_ACCEPTED) != 0 ? ACCEPTER : OPENER;
    Slice bytes = input->message.bytes;
    size_t mss = capture->mtu - HEADERS_SIZE;
    unsigned count = 0;

    if (connection == NULL) {
        connection = connection_open(capture, self, peer, link);
    }
    for (size_t at = 0; at < bytes.size; at += mss) {
        size_t part = MIN(mss, bytes.size - at);
        bool last = at + part == bytes.size;

        segment(capture, connection, 1 - to,
                CAPTURE_TCP_ACK | (last ? CAPTURE_TCP_PSH : 0u),
                bytes.data + at, part);
        if (last || ++count % SEGMENTS_ACKED == 0) {
            segment(capture, connection, to, CAPTURE_TCP_ACK, NULL, 0);
        }
    }
}

static void
on_link(Capture *capture, NodeId self, NodeId peer, const Input *input)
{
    LinkId link = input->link.link;
    Connection *connection = connection_find(capture, self, peer, link);
    unsigned side = (link & LINK_ACCEPTED) != 0 ? ACCEPTER : OPENER;

    switch (input->link.state) {
    case LINK_UP:
        /* Told twice: an earlier stream of the same name has ended. */
        if (connection == NULL || connection->up[side]) {
            connection = connection_open(capture, self, peer, link);
        }
        connection->up[side] = true;
        break;
    case LINK_DOWN:
        if (connection != NULL) {
            segment(capture, connection, 1 - side,
                    CAPTURE_TCP_FIN | CAPTURE_TCP_ACK, NULL, 0);
            segment(capture, connection, side, CAPTURE_TCP_ACK, NULL, 0);
        }
        break;
    case LINK_RESET:
        /* A stream that never came up was refused: no packet arrived. */
        if (connection != NULL) {
            segment(capture, connection, 1 - side,
                    CAPTURE_TCP_RST | CAPTURE_TCP_ACK, NULL, 0);
        }
        break;
    }
}

static Connection *
connection_find(Capture *capture, NodeId self, NodeId peer, LinkId link)
{
    ConnectionKey key = connection_key(self, peer, link);

    return g_tree_lookup(capture->connections, &key);
}

/* A fresh connection in place of any earlier one, and its handshake. A host
 * uses its source ports in turn, so that no two connections of a capture are
 * taken for one. */
static Connection *
connection_open(Capture *capture, NodeId self, NodeId peer, LinkId link)
{
    Connection *connection = g_new0(Connection, 1);
    ConnectionKey key = connection_key(self, peer, link);
    uint32_t turn = capture->opened[key.opener]++ % PORT_COUNT;
    uint16_t port = (uint16_t)(PORT_FIRST + turn);

    connection->key = key;
    connection->end[OPENER] = host_end(capture, key.opener, port);
    connection->end[ACCEPTER] =
        host_end(capture, key.accepter, channel_port(key.channel));
    connection->next[OPENER] = key.opener << 20 | key.number;
    connection->next[ACCEPTER] = 1u << 31 | key.accepter << 16 | key.number;
    g_tree_replace(capture->connections, &connection->key, connection);
    segment(capture, connection, OPENER, CAPTURE_TCP_SYN, NULL, 0);
    segment(capture, connection, ACCEPTER, CAPTURE_TCP_SYN | CAPTURE_TCP_ACK,
            NULL, 0);
    segment(capture, connection, OPENER, CAPTURE_TCP_ACK, NULL, 0);
    return connection;
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

    capture_frame_tcp(&connection->end[side], &connection->end[1 - side],
                      capture->identifications[host]++, &tcp, bytes, size, emit,
                      capture);
    connection->next[side] += (uint32_t)size;
    if ((flags & (CAPTURE_TCP_SYN | CAPTURE_TCP_FIN)) != 0) {
        connection->next[side]++;
    }
}

static CaptureEnd
host_end(const Capture *capture, NodeId host, uint16_t port)
{
    return capture_frame_end(host, capture->regions[host],
                             host > capture->node_count, port);
}

static uint16_t
channel_port(Channel channel)
{
    return (uint16_t)(CAPTURE_PORT_MIN + channel);
}

static void
emit(void *data, const uint8_t *frame, size_t size)
{
    Capture *capture = data;
    struct pcap_pkthdr header = {
        .ts = capture->at,
        .caplen = (bpf_u_int32)size,
        .len = (bpf_u_int32)size,
    };

    pcap_dump((u_char *)capture->dumper, &header, frame);
}

bool
capture_finish(Capture *capture, GError **error)
{
    WholeFile *file = g_steal_pointer(&capture->file);

    /* Not pcap_dump_close(): it would close the stream under @file. */
    (void)pcap_dump_flush(capture->dumper);
    capture_free(capture);
    return whole_file_finish(file, error);
}

Capture *
capture_new(const char *path, const CaptureAbout *about, GError **error)
{
    WholeFile *file = whole_file_new(path, error);
    Capture *capture;

    if (file == NULL) {
        return NULL;
    }
    capture = g_new0(Capture, 1);
    capture->file = file;
    capture->node_count = about->node_count;
    capture->host_count = about->node_count + about->client_count;
    capture->mtu = about->mtu != 0 ? about->mtu : CAPTURE_MTU_DEFAULT;
    capture->mtu = CLAMP(capture->mtu, CAPTURE_MTU_MIN, 65535u);
    capture->regions = g_new0(uint8_t, capture->host_count + 1);
    if (about->regions != NULL) {
        memcpy(capture->regions, about->regions, capture->host_count + 1);
    }
    capture->identifications = g_new0(uint16_t, capture->host_count + 1);
    capture->opened = g_new0(uint32_t, capture->host_count + 1);
    capture->connections = g_tree_new_full(compare, NULL, NULL, g_free);
    capture->pcap = pcap_open_dead_with_tstamp_precision(
        DLT_EN10MB, SNAPLEN, PCAP_TSTAMP_PRECISION_NANO);
    g_assert(capture->pcap != NULL);
    capture->dumper = pcap_dump_fopen(capture->pcap, whole_file_stream(file));
    if (capture->dumper == NULL) {
        g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_IO, "%s: %s", path,
                    pcap_geterr(capture->pcap));
        capture_free(capture);
        return NULL;
    }
    return capture;
}

void
capture_free(Capture *capture)
{
    if (capture == NULL) {
        return;
    }
    whole_file_free(capture->file);
    pcap_close(capture->pcap);
    g_tree_destroy(capture->connections);
    g_free(capture->regions);
    g_free(capture->identifications);
    g_free(capture->opened);
    g_free(capture);
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

/* SPDX-License-Identifier: Apache-2.0 */
/* Deliveries become packets. For every stream we keep the two sequence
 * numbers of its TCP connection; they count delivered bytes, so nothing is
 * ever missing or sent again. In pcapng what was lost stands there too, at its
 * place in the sequence, and what is sent again is a retransmission. */
#include "sim/capture.h"

#include <inttypes.h>
#include <pcap/pcap.h>
#include <string.h>

#include "sim/capture_pcapng.h"
#include "sim/plan.h"
#include "sim/tcp.h"
#include "sim/trace_words.h"
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
    uint32_t sent[2]; /* the same of bytes that have left and will arrive */
    bool up[2];       /* that side was told so */
    bool shaken;      /* the handshake is in the file */
} Connection;

/* A fault of the plan that is in force. */
typedef struct Standing {
    uint64_t line;
    bool cuts; /* it may be why a packet meets a partition */
} Standing;

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
    /* pcapng: @dumper is NULL */
    GByteArray *block;
    NodeId self;              /* whose card sees the frames of the record */
    CapturePacket packet;     /* what is known of the frame to come */
    GString *comment;         /* its scratch */
    GArray *standing;         /* Standing */
    uint64_t *seen, *dropped; /* messages, by host */
};

static void on_input(Capture *capture, const Record *record);
static void on_fact(Capture *capture, const Fact *fact);
static void on_dropped(Capture *capture, const Fact *fact, NodeId from,
                       NodeId to);
static void lost_segments(Capture *capture, const Fact *fact, NodeId from,
                          NodeId to);
static void on_stream_sent(Capture *capture, const Fact *fact);
static const char *why_dropped(Capture *capture, const Fact *fact);
static void datagram(Capture *capture, NodeId from, NodeId to, Channel channel,
                     Slice bytes);
static void on_bytes(Capture *capture, NodeId self, NodeId peer,
                     const Input *input);
static void on_link(Capture *capture, NodeId self, NodeId peer,
                    const Input *input);
static Connection *connection_find(Capture *capture, NodeId self, NodeId peer,
                                   LinkId link);
static Connection *connection_open(Capture *capture, NodeId self, NodeId peer,
                                   LinkId link);
static Connection *connection_new(Capture *capture, NodeId self, NodeId peer,
                                  LinkId link);
static void handshake(Capture *capture, Connection *connection);
static ConnectionKey connection_key(NodeId self, NodeId peer, LinkId link);
static void segment(Capture *capture, Connection *connection, unsigned side,
                    unsigned flags, const uint8_t *bytes, size_t size);
static CaptureEnd host_end(const Capture *capture, NodeId host, uint16_t port);
static uint16_t channel_port(Channel channel);
static void emit(void *data, const uint8_t *frame, size_t size);
static void begin_pcapng(Capture *capture, const CaptureAbout *about);
static void flush_block(Capture *capture);
static gint compare(gconstpointer left, gconstpointer right, gpointer data);

void
capture_observe(Capture *capture, const Record *record)
{
    const Input *input = record->input;
    SimTime at = event_at(record->event);

    capture->at.tv_sec = (time_t)(CAPTURE_EPOCH_S + at / SIM_S);
    capture->at.tv_usec = (suseconds_t)(at % SIM_S); /* nanoseconds here */
    if (input != NULL &&
        (input->kind == INPUT_MESSAGE || input->kind == INPUT_LINK)) {
        on_input(capture, record);
    }
    for (unsigned i = 0; capture->block != NULL && i < record->fact_count;
         i++) {
        on_fact(capture, &record->facts[i]);
    }
}

/* What arrived. */
static void
on_input(Capture *capture, const Record *record)
{
    const Input *input = record->input;
    NodeId self = event_cell(record->event);
    NodeId peer = record->peer;

    if (peer == 0) {
        peer = link_peer(input->kind == INPUT_MESSAGE ? input->message.link
                                                      : input->link.link);
    }
    g_assert(self >= 1 && self <= capture->host_count);
    g_assert(peer >= 1 && peer <= capture->host_count);
    capture->self = self;
    capture->packet = (CapturePacket){.id = record->message};
    if (input->kind == INPUT_LINK) {
        on_link(capture, self, peer, input);
        return;
    }
    if (capture->block != NULL) {
        capture->seen[self]++;
        if (event_copy(record->event) > 0) {
            g_string_truncate(capture->comment, 0);
            trace_words_message_id(capture->comment, record->message);
            g_string_append(capture->comment, " again: duplicate");
            capture->packet.comment = capture->comment->str;
        }
    }
    if (link_is_stream(input->message.link)) {
        on_bytes(capture, self, peer, input);
    } else {
        datagram(capture, peer, self, input->message.channel,
                 input->message.bytes);
    }
}

/* What did not arrive, and what a stream's end has on its way. */
static void
on_fact(Capture *capture, const Fact *fact)
{
    Standing standing = {.line = fact->value};
    bool lost = fact->kind == FACT_SEND && fact->fate.drop != FATE_NOT_DROPPED;

    if (fact->kind == FACT_SEND && link_is_stream(fact->link)) {
        on_stream_sent(capture, fact);
    }
    if (lost) {
        on_dropped(capture, fact, fact->node, link_peer(fact->link));
    } else if (fact->kind == FACT_DROP) {
        on_dropped(capture, fact, link_peer(fact->link), fact->node);
    } else if (fact->kind == FACT_FAULT) {
        standing.cuts = fact->fault_kind >= FAULT_PARTITION &&
                        fact->fault_kind <= FAULT_CLOG_SWIZZLE;
        g_array_append_val(capture->standing, standing);
    } else if (fact->kind == FACT_HEAL) {
        for (unsigned i = capture->standing->len; i-- > 0;) {
            if (g_array_index(capture->standing, Standing, i).line ==
                fact->value) {
                g_array_remove_index(capture->standing, i);
            }
        }
    }
}

/* Seen by the card of the host that the fact is about: on its way out when
 * the network lost it, on its way in when nobody took it. */
static void
on_dropped(Capture *capture, const Fact *fact, NodeId from, NodeId to)
{
    bool control = fact->value != 0 && fact->value != CHUNK_DATA;

    g_assert(from >= 1 && from <= capture->host_count);
    g_assert(to >= 1 && to <= capture->host_count);
    capture->self = fact->node;
    capture->seen[fact->node] += !control;
    capture->dropped[fact->node] += !control;
    capture->packet = (CapturePacket){.id = fact->message,
                                      .dropped = true,
                                      .comment = why_dropped(capture, fact)};
    if (link_is_stream(fact->link)) {
        lost_segments(capture, fact, from, to);
    } else {
        datagram(capture, from, to, fact->channel, fact->bytes);
    }
}

/* "m2.17 lost: partition, fault 3". */
static const char *
why_dropped(Capture *capture, const Fact *fact)
{
    GString *out = capture->comment;
    const char *before = ", fault ";

    g_string_truncate(out, 0);
    trace_words_message_id(out, fact->message);
    if (fact->kind == FACT_DROP) {
        g_string_append_printf(out, " dropped: %s",
                               fact->text != NULL ? fact->text : "");
        return out->str;
    }
    g_string_append_printf(out, " lost: %s", fate_drop_text(fact->fate.drop));
    for (unsigned i = 0;
         fact->fate.drop == FATE_PARTITION && i < capture->standing->len; i++) {
        Standing *standing = &g_array_index(capture->standing, Standing, i);

        if (standing->cuts) {
            g_string_append_printf(out, "%s%" PRIu64, before, standing->line);
            before = " or ";
        }
    }
    return out->str;
}

/* A piece of a stream, at the place where it will stand when it is sent again;
 * what reached a dead host has had its place. */
static void
lost_segments(Capture *capture, const Fact *fact, NodeId from, NodeId to)
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
static void
on_stream_sent(Capture *capture, const Fact *fact)
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

static void
datagram(Capture *capture, NodeId from, NodeId to, Channel channel, Slice bytes)
{
    uint16_t port = channel_port(channel);
    CaptureEnd sender = host_end(capture, from, port);
    CaptureEnd receiver = host_end(capture, to, port);

    capture->packet.outbound = from == capture->self;
    capture_frame_udp(&sender, &receiver, capture->identifications[from]++,
                      capture->mtu, bytes.data, bytes.size, emit, capture);
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

static void
on_link(Capture *capture, NodeId self, NodeId peer, const Input *input)
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
        }
        break;
    case LINK_RESET:
        /* A stream that never came up was refused: no packet arrived. */
        if (connection != NULL && connection->shaken) {
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
    connection->end[OPENER] = host_end(capture, key.opener, port);
    connection->end[ACCEPTER] =
        host_end(capture, key.accepter, channel_port(key.channel));
    connection->next[OPENER] = key.opener << 20 | key.number;
    connection->next[ACCEPTER] = 1u << 31 | key.accepter << 16 | key.number;
    connection->sent[OPENER] = connection->next[OPENER];
    connection->sent[ACCEPTER] = connection->next[ACCEPTER];
    g_tree_replace(capture->connections, &connection->key, connection);
    return connection;
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

    if (capture->block != NULL) {
        capture->packet.interface = capture->self - 1;
        capture->packet.at = (uint64_t)capture->at.tv_sec * SIM_S +
                             (uint64_t)capture->at.tv_usec;
        capture_pcapng_packet(capture->block, &capture->packet, frame, size);
        flush_block(capture);
        return;
    }

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

    if (capture->block != NULL) {
        for (NodeId host = 1; host <= capture->host_count; host++) {
            capture_pcapng_statistics(capture->block, host - 1,
                                      (uint64_t)capture->at.tv_sec * SIM_S +
                                          (uint64_t)capture->at.tv_usec,
                                      capture->seen[host],
                                      capture->dropped[host]);
        }
        (void)fwrite(capture->block->data, 1, capture->block->len,
                     whole_file_stream(file));
    } else {
        /* Not pcap_dump_close(): it would close the stream under @file. */
        (void)pcap_dump_flush(capture->dumper);
    }
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
    capture->at.tv_sec = CAPTURE_EPOCH_S;
    if (about->form == CAPTURE_PCAPNG) {
        begin_pcapng(capture, about);
        return capture;
    }
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

/* What stands before the packets: who has which card. */
static void
begin_pcapng(Capture *capture, const CaptureAbout *about)
{
    unsigned count = capture->host_count;
    CaptureEnd *ends = g_new0(CaptureEnd, count);
    char **names = g_new0(char *, count + 1);
    g_autofree char *comment = g_strdup_printf(
        "%s, seed %" PRIu64 "; virtual time 0 is 2020-01-01 00:00:00 UTC",
        about->scenario != NULL ? about->scenario : "a run", about->seed);

    capture->block = g_byte_array_new();
    capture->comment = g_string_new(NULL);
    capture->standing = g_array_new(FALSE, FALSE, sizeof(Standing));
    capture->seen = g_new0(uint64_t, count + 1);
    capture->dropped = g_new0(uint64_t, count + 1);
    capture_pcapng_section(capture->block, comment);
    for (NodeId host = 1; host <= count; host++) {
        bool is_client = host > capture->node_count;
        g_autofree char *description =
            g_strdup_printf("%s %u", is_client ? "client" : "node", host);

        ends[host - 1] = host_end(capture, host, 0);
        names[host - 1] = g_strdup_printf(is_client ? "client%u" : "n%u", host);
        capture_pcapng_interface(capture->block, names[host - 1], description,
                                 &ends[host - 1], SNAPLEN);
    }
    capture_pcapng_names(capture->block, ends, (const char *const *)names,
                         count);
    flush_block(capture);
    g_strfreev(names);
    g_free(ends);
}

static void
flush_block(Capture *capture)
{
    (void)fwrite(capture->block->data, 1, capture->block->len,
                 whole_file_stream(capture->file));
    g_byte_array_set_size(capture->block, 0);
}

void
capture_free(Capture *capture)
{
    if (capture == NULL) {
        return;
    }
    whole_file_free(capture->file);
    if (capture->pcap != NULL) {
        pcap_close(capture->pcap);
    }
    if (capture->block != NULL) {
        g_byte_array_unref(capture->block);
        g_string_free(capture->comment, TRUE);
        g_array_unref(capture->standing);
        g_free(capture->seen);
        g_free(capture->dropped);
    }
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

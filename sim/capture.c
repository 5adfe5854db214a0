/* SPDX-License-Identifier: Apache-2.0 */
/* Deliveries become packets. For every stream we keep the two sequence
 * numbers of its TCP connection; they count delivered bytes, so nothing is
 * ever missing or sent again. In pcapng what was lost stands there too, at its
 * place in the sequence, and what is sent again is a retransmission. */
#include "sim/capture_private.h"

#include <inttypes.h>
#include <string.h>

#include "sim/plan.h"
#include "sim/tcp.h"
#include "sim/trace_words.h"

#define SNAPLEN 262144

/* A fault of the plan that is in force. */
typedef struct Standing {
    uint64_t line;
    bool cuts; /* it may be why a packet meets a partition */
} Standing;

/* A copy that will arrive with a flipped bit. */
typedef struct Damaged {
    uint64_t message;
    uint32_t copy;
} Damaged;

#define DAMAGED_MAX 1024u /* what was lost in a crash is not heard of again */

static void on_input(Capture *capture, const Record *record);
static void on_fact(Capture *capture, const Fact *fact);
static void on_dropped(Capture *capture, const Fact *fact, NodeId from,
                       NodeId to);
static const char *why_odd(Capture *capture, uint64_t message, uint32_t copy);
static void note_damage(Capture *capture, const Fact *fact);
static const char *why_dropped(Capture *capture, const Fact *fact);
static void datagram(Capture *capture, NodeId from, NodeId to, Channel channel,
                     Slice bytes);
static void begin_pcapng(Capture *capture, const CaptureAbout *about);
static void flush_block(Capture *capture);

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
        capture_stream_link(capture, self, peer, input);
        return;
    }
    if (capture->block != NULL) {
        capture->seen[self]++;
        capture->packet.comment =
            why_odd(capture, record->message, event_copy(record->event));
    }
    if (link_is_stream(input->message.link)) {
        capture_stream_bytes(capture, self, peer, input);
    } else {
        datagram(capture, peer, self, input->message.channel,
                 input->message.bytes);
    }
}

/* "m2.17 again: duplicate", "m2.17 damaged: a bit is flipped"; NULL: as it was
 * sent. */
static const char *
why_odd(Capture *capture, uint64_t message, uint32_t copy)
{
    bool damaged = false;

    for (unsigned i = capture->damaged->len; i-- > 0;) {
        const Damaged *one = &g_array_index(capture->damaged, Damaged, i);

        if (one->message == message && one->copy == copy) {
            g_array_remove_index(capture->damaged, i);
            damaged = true;
        }
    }
    if (!damaged && copy == 0) {
        return NULL;
    }
    g_string_truncate(capture->comment, 0);
    trace_words_message_id(capture->comment, message);
    g_string_append(capture->comment, copy > 0 ? " again: duplicate" : "");
    g_string_append(capture->comment,
                    damaged ? " damaged: a bit is flipped" : "");
    return capture->comment->str;
}

static void
note_damage(Capture *capture, const Fact *fact)
{
    for (unsigned i = 0; i < MIN(fact->fate.copy_count, FATE_COPIES_MAX); i++) {
        Damaged one = {fact->message, i};

        if (fact->fate.copies[i].corrupt) {
            g_array_append_val(capture->damaged, one);
        }
    }
    if (capture->damaged->len > DAMAGED_MAX) {
        g_array_remove_index(capture->damaged, 0);
    }
}

/* What did not arrive, and what a stream's end has on its way. */
static void
on_fact(Capture *capture, const Fact *fact)
{
    Standing standing = {.line = fact->value};
    bool lost = fact->kind == FACT_SEND && fact->fate.drop != FATE_NOT_DROPPED;

    if (fact->kind == FACT_SEND && link_is_stream(fact->link)) {
        capture_stream_sent(capture, fact);
    }
    if (fact->kind == FACT_SEND) {
        note_damage(capture, fact);
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
        capture_stream_lost(capture, fact, from, to);
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

static void
datagram(Capture *capture, NodeId from, NodeId to, Channel channel, Slice bytes)
{
    uint16_t port = capture_channel_port(channel);
    CaptureEnd sender = capture_host_end(capture, from, port);
    CaptureEnd receiver = capture_host_end(capture, to, port);

    capture->packet.outbound = from == capture->self;
    capture_frame_udp(&sender, &receiver, capture->identifications[from]++,
                      capture->mtu, bytes.data, bytes.size, capture_emit,
                      capture);
}

CaptureEnd
capture_host_end(const Capture *capture, NodeId host, uint16_t port)
{
    return capture_frame_end(host, capture->regions[host],
                             host > capture->node_count, port);
}

uint16_t
capture_channel_port(Channel channel)
{
    return (uint16_t)(CAPTURE_PORT_MIN + channel);
}

void
capture_emit(void *data, const uint8_t *frame, size_t size)
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
    capture_stream_init(capture);
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
    capture->damaged = g_array_new(FALSE, TRUE, sizeof(Damaged));
    capture->seen = g_new0(uint64_t, count + 1);
    capture->dropped = g_new0(uint64_t, count + 1);
    capture_pcapng_section(capture->block, comment);
    for (NodeId host = 1; host <= count; host++) {
        bool is_client = host > capture->node_count;
        g_autofree char *description =
            g_strdup_printf("%s %u", is_client ? "client" : "node", host);

        ends[host - 1] = capture_host_end(capture, host, 0);
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
        g_array_unref(capture->damaged);
        g_free(capture->seen);
        g_free(capture->dropped);
    }
    capture_stream_clear(capture);
    g_free(capture->regions);
    g_free(capture->identifications);
    g_free(capture);
}

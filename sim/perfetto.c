/* SPDX-License-Identifier: Apache-2.0 */
/* Nested messages are written inside out, each into a buffer of its own, for
 * their length stands before them. */
#include "sim/perfetto.h"

#include <string.h>

#include "nodes/packed.h"

/* Trace */
#define TRACE_PACKET 1
/* TracePacket */
#define PACKET_TIMESTAMP   8
#define PACKET_SEQUENCE_ID 10
#define PACKET_EVENT       11
#define PACKET_TRACK       60
/* TrackDescriptor */
#define TRACK_UUID     1
#define TRACK_NAME     2
#define TRACK_PARENT   5
#define TRACK_COUNTER  8
#define TRACK_ORDERING 11
#define TRACK_RANK     12
#define ORDER_EXPLICIT 3
/* CounterDescriptor */
#define COUNTER_UNIT 3
#define UNIT_COUNT   2
/* TrackEvent */
#define EVENT_NOTE     4
#define EVENT_TYPE     9
#define EVENT_TRACK    11
#define EVENT_CATEGORY 22
#define EVENT_NAME     23
#define EVENT_COUNTER  30
#define EVENT_FLOW     47
#define EVENT_FLOW_END 48
/* DebugAnnotation */
#define NOTE_TEXT 6
#define NOTE_NAME 10

/* All packets are of one writer. */
#define SEQUENCE_ID 1

struct Perfetto {
    FILE *stream;
    GByteArray *packet, *body, *note;
};

static void write_packet(Perfetto *perfetto, uint64_t at, bool has_time,
                         unsigned field);
static void put_number(GByteArray *out, unsigned field, uint64_t value);
static void put_fixed64(GByteArray *out, unsigned field, uint64_t value);
static void put_bytes(GByteArray *out, unsigned field, const void *bytes,
                      size_t size);
static void put_text(GByteArray *out, unsigned field, const char *text);
static void put_varint(GByteArray *out, uint64_t value);

void
perfetto_track(Perfetto *perfetto, const PerfettoTrack *track)
{
    GByteArray *body = perfetto->body;

    g_byte_array_set_size(body, 0);
    put_number(body, TRACK_UUID, track->uuid);
    put_text(body, TRACK_NAME, track->name);
    if (track->parent != 0) {
        put_number(body, TRACK_PARENT, track->parent);
    }
    if (track->counter) {
        g_byte_array_set_size(perfetto->note, 0);
        put_number(perfetto->note, COUNTER_UNIT, UNIT_COUNT);
        put_bytes(body, TRACK_COUNTER, perfetto->note->data,
                  perfetto->note->len);
    } else {
        put_number(body, TRACK_ORDERING, ORDER_EXPLICIT);
    }
    put_number(body, TRACK_RANK, track->rank);
    write_packet(perfetto, 0, false, PACKET_TRACK);
}

void
perfetto_event(Perfetto *perfetto, const PerfettoEvent *event)
{
    GByteArray *body = perfetto->body;

    g_byte_array_set_size(body, 0);
    for (unsigned i = 0;
         i < G_N_ELEMENTS(event->notes) && event->notes[i].name != NULL; i++) {
        g_byte_array_set_size(perfetto->note, 0);
        put_text(perfetto->note, NOTE_TEXT, event->notes[i].text);
        put_text(perfetto->note, NOTE_NAME, event->notes[i].name);
        put_bytes(body, EVENT_NOTE, perfetto->note->data, perfetto->note->len);
    }
    put_number(body, EVENT_TYPE, event->type);
    put_number(body, EVENT_TRACK, event->track);
    if (event->category != NULL) {
        put_text(body, EVENT_CATEGORY, event->category);
    }
    if (event->name != NULL) {
        put_text(body, EVENT_NAME, event->name);
    }
    if (event->type == PERFETTO_COUNTER) {
        put_number(body, EVENT_COUNTER, (uint64_t)event->value);
    }
    for (unsigned i = 0; i < event->flow_count; i++) {
        put_fixed64(body, EVENT_FLOW, event->flows[i]);
    }
    if (event->end_of_flow != 0) {
        put_fixed64(body, EVENT_FLOW_END, event->end_of_flow);
    }
    write_packet(perfetto, event->at, true, PACKET_EVENT);
}

/* The packet around the body, as a field of the trace. */
static void
write_packet(Perfetto *perfetto, uint64_t at, bool has_time, unsigned field)
{
    GByteArray *packet = perfetto->packet;
    uint8_t head[16];
    uint8_t *end;

    g_byte_array_set_size(packet, 0);
    if (has_time) {
        put_number(packet, PACKET_TIMESTAMP, at);
    }
    put_number(packet, PACKET_SEQUENCE_ID, SEQUENCE_ID);
    put_bytes(packet, field, perfetto->body->data, perfetto->body->len);
    end = packed_put_length(head, TRACE_PACKET, packet->len);
    (void)fwrite(head, 1, (size_t)(end - head), perfetto->stream);
    (void)fwrite(packet->data, 1, packet->len, perfetto->stream);
}

/* Also a zero: fields of proto2 are either there or not. */
static void
put_number(GByteArray *out, unsigned field, uint64_t value)
{
    put_varint(out, PACKED_TAG(field, PACKED_VARINT));
    put_varint(out, value);
}

static void
put_fixed64(GByteArray *out, unsigned field, uint64_t value)
{
    put_varint(out, PACKED_TAG(field, PACKED_FIXED64));
    value = GUINT64_TO_LE(value);
    g_byte_array_append(out, (const guint8 *)&value, sizeof(value));
}

static void
put_bytes(GByteArray *out, unsigned field, const void *bytes, size_t size)
{
    put_varint(out, PACKED_TAG(field, PACKED_BYTES));
    put_varint(out, size);
    if (size > 0) {
        g_byte_array_append(out, bytes, (guint)size);
    }
}

/* Protobuf's texts are UTF-8. */
static void
put_text(GByteArray *out, unsigned field, const char *text)
{
    g_autofree char *valid = NULL;

    if (!g_utf8_validate(text, -1, NULL)) {
        valid = g_utf8_make_valid(text, -1);
        text = valid;
    }
    put_bytes(out, field, text, strlen(text));
}

static void
put_varint(GByteArray *out, uint64_t value)
{
    uint8_t bytes[10];

    g_byte_array_append(out, bytes,
                        (guint)(packed_put_varint(bytes, value) - bytes));
}

Perfetto *
perfetto_new(FILE *stream)
{
    Perfetto *perfetto = g_new0(Perfetto, 1);

    perfetto->stream = stream;
    perfetto->packet = g_byte_array_new();
    perfetto->body = g_byte_array_new();
    perfetto->note = g_byte_array_new();
    return perfetto;
}

void
perfetto_free(Perfetto *perfetto)
{
    if (perfetto != NULL) {
        g_byte_array_unref(perfetto->packet);
        g_byte_array_unref(perfetto->body);
        g_byte_array_unref(perfetto->note);
        g_free(perfetto);
    }
}

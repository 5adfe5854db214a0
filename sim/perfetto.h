/* SPDX-License-Identifier: Apache-2.0 */
/* Perfetto's trace packets, packed by hand: the few messages and fields that
 * tracks, slices, instants, counters and flows need. Numbers are those of
 * Perfetto's public trace_packet.proto, track_descriptor.proto,
 * track_event.proto and debug_annotation.proto. */
#ifndef SEEDBED_PERFETTO_H
#define SEEDBED_PERFETTO_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

/* TrackEvent.Type */
typedef enum PerfettoType {
    PERFETTO_SLICE_BEGIN = 1,
    PERFETTO_SLICE_END = 2,
    PERFETTO_INSTANT = 3,
    PERFETTO_COUNTER = 4,
} PerfettoType;

typedef struct PerfettoTrack {
    uint64_t uuid;   /* not 0 */
    uint64_t parent; /* 0: none */
    const char *name;
    unsigned rank; /* its place among its siblings */
    bool counter;
} PerfettoTrack;

#define PERFETTO_FLOWS_MAX 2u

typedef struct PerfettoEvent {
    uint64_t at; /* nanoseconds */
    uint64_t track;
    PerfettoType type;
    const char *category; /* these may be NULL */
    const char *name;
    int64_t value;                      /* COUNTER */
    uint64_t flows[PERFETTO_FLOWS_MAX]; /* that pass here */
    unsigned flow_count;
    uint64_t end_of_flow; /* one that ends here; 0: none */
    struct {
        const char *name, *text;
    } notes[3]; /* shown beside it; up to the first without a name */
} PerfettoEvent;

typedef struct Perfetto Perfetto;

/* @stream is borrowed. */
Perfetto *perfetto_new(FILE *stream);
void perfetto_free(Perfetto *perfetto);
void perfetto_track(Perfetto *perfetto, const PerfettoTrack *track);
void perfetto_event(Perfetto *perfetto, const PerfettoEvent *event);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* Records as lines for eyes:
 *
 *     [  1.204000512] raft 2 < vote_request from 1 m1.98: term 3, last ...
 *
 * true time in seconds, who, a sign, what. The signs: `<` the node was told,
 * `>` it did or sent (with the fate the network decided), `*` it states a fact
 * (probe), `!` the world did it. m1.98 is the message's id. The same records
 * give the same lines, always. */
#ifndef SEEDBED_TRACE_TEXT_H
#define SEEDBED_TRACE_TEXT_H

#include <glib.h>

#include "sim/record.h"

/* What a reader of records needs to know about their run. */
typedef struct TraceAbout {
    const char *scenario; /* its name */
    uint64_t seed;
    unsigned node_count;   /* cells 1..node_count are nodes, ... */
    unsigned client_count; /* ... the next ones clients */
} TraceAbout;

/* The printer remembers the partial messages of every stream. */
typedef struct TraceText TraceText;

/* @about is borrowed for the call. The caller owns the result. */
TraceText *trace_text_new(const TraceAbout *about);
void trace_text_free(TraceText *text);
/* Append the lines of @record, each ending in a newline, to @out. */
void trace_text_record(TraceText *text, GString *out, const Record *record);

#endif

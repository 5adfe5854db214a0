/* SPDX-License-Identifier: Apache-2.0 */
/* The line of a text trace that is being written: who, a sign, what. */
#ifndef SEEDBED_TRACE_LINE_H
#define SEEDBED_TRACE_LINE_H

#include <glib.h>

#include "sim/frames.h"
#include "sim/record.h"

typedef struct TraceLine {
    unsigned node_count;
    Frames *frames;       /* partial messages of streams, by receiving cell */
    GString *name, *says; /* scratch */
    /* the record being printed */
    GString *out;
    SimTime at;
} TraceLine;

/* Begin a line of @who and @id (0: no number) with @sign. */
void trace_line_open(TraceLine *line, const char *who, NodeId id, char sign);
/* Begin one of "world", "node 2" or "client 6". */
void trace_line_cell(TraceLine *line, NodeId id, char sign);
/* Begin one of the protocol that owns the timer, or the token, and name it:
 * "raft 2 < timer 1", "raft 2 > sync #3". */
void trace_line_timer(TraceLine *line, NodeId self, char sign, TimerId id);
void trace_line_token(TraceLine *line, NodeId self, char sign, const char *what,
                      Token token);
void trace_line_open_token(TraceLine *line, NodeId self, char sign,
                           Token token);
/* What the protocol itself calls @token. */
Token trace_line_token_number(Token token);
/* Append "2", or "client 6". */
void trace_line_peer(TraceLine *line, NodeId id);
/* The same and " m2.17", the message's id, when it has one. */
void trace_line_peer_message(TraceLine *line, NodeId id, uint64_t message);
/* Append ", failed: EIO", or nothing when there was no error. */
void trace_line_error(GString *out, int error);
/* Append ": a b". */
void trace_line_names(GString *out, const Slice *names, unsigned count);

#endif

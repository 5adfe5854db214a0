/* SPDX-License-Identifier: Apache-2.0 */
/* What caused an event: the record that sent the message, set the timer,
 * issued the sync or read, opened the stream, or the fault. Found by looking
 * backwards from a record of a compact trace. */
#ifndef SEEDBED_CAUSE_H
#define SEEDBED_CAUSE_H

#include "sim/record.h"

typedef enum CauseKind {
    CAUSE_NONE,   /* the start of the run, the plan, or not told */
    CAUSE_SEND,   /* message @id left */
    CAUSE_TIMER,  /* @node set timer @id */
    CAUSE_SYNC,   /* @node issued the sync of token @id */
    CAUSE_READ,   /* likewise a read */
    CAUSE_STREAM, /* @node opened or closed stream @id, or crashed */
    CAUSE_RETRY,  /* @node sent on stream @id before */
    CAUSE_CRASH,  /* @node crashed */
    CAUSE_FAULT,  /* line @id of the plan took effect */
} CauseKind;

typedef struct Cause {
    CauseKind kind;
    NodeId node;
    uint64_t id;
} Cause;

/* What to look for before @record. */
Cause cause_of(const Record *record);
/* Is @record it? The last one before the effect is meant. */
bool cause_match(const Cause *cause, const Record *record);
/* "sent by", "timer set by", ...; static. */
const char *cause_words(CauseKind kind);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* A line of the text trace (trace_text.h) understood again: what it says
 * about whom, as far as a drawing needs it. */
#ifndef SEEDBED_REPORT_EVENT_H
#define SEEDBED_REPORT_EVENT_H

#include <stdbool.h>
#include <stddef.h>

#include "nodes/node.h"

typedef enum ReportEventKind {
    REPORT_OTHER = 0,
    REPORT_RECEIVE,
    REPORT_SEND, /* lost when lost_size is not 0 */
    REPORT_WAIT, /* a message that waits for a sync */
    REPORT_DROP, /* at its receiver */
    REPORT_ROLE,
    REPORT_VOTE,
    REPORT_SYNC,
    REPORT_DURABLE,
    REPORT_TIMER, /* it rang */
    REPORT_START,
    REPORT_CRASH,
    REPORT_HALT,
    REPORT_PAUSE,
    REPORT_RESUME,
    REPORT_LOST_BYTES, /* of the disk, with the power */
    REPORT_FAULT,
    REPORT_HEAL,
} ReportEventKind;

/* Texts are borrowed from the line, and not terminated. */
typedef struct ReportEvent {
    ReportEventKind kind;
    SimTime at;
    NodeId cell;      /* 0: the world */
    NodeId peer;      /* of a message; of a vote: the candidate */
    const char *name; /* of a message, a role, what crashed it */
    size_t name_size;
    const char *lost; /* SEND: the rule */
    size_t lost_size;
    NodeId message_cell; /* its id */
    uint64_t message_number;
    uint64_t number; /* SYNC, DURABLE, WAIT: the token; ROLE: the term;
                      * FAULT, HEAL: the line of the plan */
} ReportEvent;

/* A line and what it says. */
typedef struct ReportLine {
    const char *text; /* borrowed */
    size_t size;
    ReportEvent event;
} ReportLine;

/* False when @line (without its newline) is none of a text trace. Any bytes
 * are allowed. */
bool report_event_parse(const char *line, size_t size, ReportEvent *event);

#endif

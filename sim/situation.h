/* SPDX-License-Identifier: Apache-2.0 */
/* What is going on in a run at the instant it stops: who is up, who leads,
 * which faults are in force, what clients wait for, and the last lines of the
 * trace. */
#ifndef SEEDBED_SITUATION_H
#define SEEDBED_SITUATION_H

#include "sim/trace_text.h"

/* What situation_text() writes at most, with its NUL. */
#define SITUATION_SIZE 16384u

typedef struct Situation Situation;

/* @about is borrowed for the call. */
Situation *situation_new(const TraceAbout *about);
void situation_free(Situation *situation);
/* @lines are what trace_text_record() says of @record, or nothing. */
void situation_observe(Situation *situation, const Record *record,
                       const GString *lines);
/* Write it to @text, SITUATION_SIZE bytes; what does not fit is cut off. */
void situation_text(const Situation *situation, char *text);

#endif

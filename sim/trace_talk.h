/* SPDX-License-Identifier: Apache-2.0 */
/* Messages between hosts, in words. */
#ifndef SEEDBED_TRACE_TALK_H
#define SEEDBED_TRACE_TALK_H

#include "sim/trace_line.h"

/* Append the lines of an INPUT_MESSAGE of cell @self. */
void trace_talk_message(TraceLine *line, const Record *record, NodeId self);
/* Append those of a FACT_SEND, with its fate. */
void trace_talk_send(TraceLine *line, const Fact *fact);
/* Begin the line of a SEND that waits for a token: its name and receiver. */
void trace_talk_held(TraceLine *line, const Effect *effect, NodeId self);

#endif

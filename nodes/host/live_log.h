/* SPDX-License-Identifier: Apache-2.0 */
/* The live host's log: one line an event on stderr, with the real time in
 * UTC, the program and the node. */
#ifndef SEEDBED_LIVE_LOG_H
#define SEEDBED_LIVE_LOG_H

#include <glib.h>

#include "nodes/node.h"

/* Who speaks in every line from now on. @program is copied. */
void live_log_name(const char *program, NodeId self);

/* One line: `2026-03-01T12:00:00.000123Z raft-kv 1: text`. Control bytes in
 * the text become '?'; longer than 1 KiB is cut. Written with one write(2),
 * so that lines of several processes do not mix. */
void live_log(const char *format, ...) G_GNUC_PRINTF(1, 2);

#endif

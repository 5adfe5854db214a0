/* SPDX-License-Identifier: Apache-2.0 */
/* The history of a run (history.h) from what its clients state: into a file,
 * where every line, also of a completion, carries key and value; and into the
 * judge of its linearizability. */
#ifndef SEEDBED_RUN_HISTORY_H
#define SEEDBED_RUN_HISTORY_H

#include <glib.h>
#include <stdbool.h>

#include "nodes/effects.h"
#include "sim/linear.h"

typedef struct RunHistory RunHistory;

/* Write to @path, and show every event to @linear with the number of its
 * line; either may be NULL, and @linear is borrowed. NULL: @error. */
RunHistory *run_history_new(const char *path, Linear *linear, GError **error);
/* PROBE_CLIENT_INVOKE and PROBE_CLIENT_OUTCOME (client.h) at @now. */
void run_history_invoke(RunHistory *history, SimTime now, const Effect *probe);
void run_history_outcome(RunHistory *history, SimTime now, const Effect *probe);
/* Complete the file and release @history. False and @error: some line was
 * not written. */
bool run_history_close(RunHistory *history, GError **error);

#endif

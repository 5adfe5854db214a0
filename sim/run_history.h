/* SPDX-License-Identifier: Apache-2.0 */
/* The history of a run (history.h) from what its clients state: every line,
 * also of a completion, carries key and value. */
#ifndef SEEDBED_RUN_HISTORY_H
#define SEEDBED_RUN_HISTORY_H

#include <glib.h>
#include <stdbool.h>

#include "nodes/effects.h"

typedef struct RunHistory RunHistory;

/* Write to @path. NULL: @error. */
RunHistory *run_history_new(const char *path, GError **error);
/* PROBE_CLIENT_INVOKE and PROBE_CLIENT_OUTCOME (client.h) at @now. */
void run_history_invoke(RunHistory *history, SimTime now, const Effect *probe);
void run_history_outcome(RunHistory *history, SimTime now, const Effect *probe);
/* Complete the file and release @history. False and @error: some line was
 * not written. */
bool run_history_close(RunHistory *history, GError **error);

#endif

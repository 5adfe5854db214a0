/* SPDX-License-Identifier: Apache-2.0 */
/* What a replay watches beside what every run does: the checkpoints of the
 * original, the text trace on stdout, and what was going on at the end. */
#ifndef SEEDBED_RUN_WATCH_H
#define SEEDBED_RUN_WATCH_H

#include "sim/run.h"

typedef struct RunWatch RunWatch;

/* NULL when @options ask for nothing of it. @printed is the number of the last
 * record that an earlier attempt at the same run put on stdout, and is kept
 * up to date; it lives in memory shared with the parent. All is borrowed. */
RunWatch *run_watch_new(const RunOptions *options, const TraceAbout *about,
                        uint64_t *printed);
/* After run_observer_see() of the same @record, whose digest is @digest.
 * False: the run has left the path of the original, stop here. */
bool run_watch_see(RunWatch *watch, const Record *record, const Digest *digest);
/* Fill in what @result says of it, and release @watch. NULL is allowed. */
void run_watch_finish(RunWatch *watch, RunResult *result);

#endif

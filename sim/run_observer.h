/* SPDX-License-Identifier: Apache-2.0 */
/* Everybody who watches a run, in one place: digest, checks, history, trace,
 * capture and metrics. */
#ifndef SEEDBED_RUN_OBSERVER_H
#define SEEDBED_RUN_OBSERVER_H

#include "sim/run.h"

typedef struct RunObserver RunObserver;

/* Files go to @folder, or nowhere when it is NULL. All is borrowed. */
RunObserver *run_observer_new(const RunOptions *options,
                              const Scenario *scenario, const Engine *engine,
                              const char *folder, GError **error);
/* The engine's observer. */
bool run_observer_see(void *observer, const Record *record);
/* The digest so far, with its checkpoints; what the records are about. */
const Digest *run_observer_digest(const RunObserver *observer);
TraceAbout run_observer_about(const RunObserver *observer);
/* Judge what can only be judged at the end, fill in @result, complete the
 * files and release @observer. False and @error: a file was not written. */
bool run_observer_finish(RunObserver *observer, RunResult *result,
                         GError **error);

#endif

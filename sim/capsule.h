/* SPDX-License-Identifier: Apache-2.0 */
/* What makes a run folder a capsule: all that is needed to do the run again
 * somewhere else, and to notice when it is not the same any more. */
#ifndef SEEDBED_CAPSULE_H
#define SEEDBED_CAPSULE_H

#include "sim/run.h"

/* Write scenario.yaml, plan.yaml, the `.dist` files that they name, crash.txt
 * and run.json into @folder; fills in @result's hashes. A failure gets its
 * report.html. */
bool capsule_write(const RunOptions *options, const Scenario *scenario,
                   const Plan *plan, const char *folder, RunResult *result,
                   GError **error);

/* The hash of the file @path, as capsule_write() makes it; 0: it cannot be
 * read. */
uint64_t capsule_hash(const char *path);
/* The program file of nodes that run @program in @isolation; NULL: it is in
 * this build. Borrowed. */
const char *capsule_program(const char *program, EngineIsolation isolation);

#endif

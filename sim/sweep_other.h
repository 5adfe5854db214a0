/* SPDX-License-Identifier: Apache-2.0 */
/* Runs of another build of Seedbed, by its command line and its --json: the B
 * side of an A/B sweep. */
#ifndef SEEDBED_SWEEP_OTHER_H
#define SEEDBED_SWEEP_OTHER_H

#include "sim/sweep_job.h"

/* As run_scenario(), into @row; with @out it leaves a run folder there. */
int sweep_other_run(const SweepOptions *options, const SweepUnit *unit,
                    const char *out, ResultsRow *row, GError **error);
/* Is SweepOptions.against such a program? As run_scenario(). */
int sweep_other_try(const SweepOptions *options, const SweepUnit *unit,
                    GError **error);
/* What it is by its --version; "" of NULL, or when it does not say. The caller
 * owns the text. */
char *sweep_other_build(const char *against);

#endif

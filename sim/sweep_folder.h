/* SPDX-License-Identifier: Apache-2.0 */
/* The folder of a sweep: made, replaced, joined or gone on with, and what is
 * written into its database about the sweep as a whole. */
#ifndef SEEDBED_SWEEP_FOLDER_H
#define SEEDBED_SWEEP_FOLDER_H

#include "sim/results_owner.h"
#include "sim/sweep_job.h"

typedef struct SweepFolder {
    ResultsOwner *owner;
    Results *results;
    uint64_t number; /* of the owner */
} SweepFolder;

/* Get into SweepOptions.out. A finished sweep is replaced, an unfinished one
 * only when told so; one on which somebody works is joined if it is the same.
 * 0, or RUN_BAD_ARGUMENTS or RUN_INTERNAL with one line in @error. */
int sweep_folder_enter(SweepFolder *folder, const SweepWork *work,
                       GError **error);
/* Note whether all is done, and leave. False: @error. */
bool sweep_folder_leave(SweepFolder *folder, bool finished, GError **error);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of shrink share: shrink.c reads the folder, keeps the best so
 * far and confirms it; shrink_steps.c is the search. */
#ifndef SEEDBED_SHRINK_PRIVATE_H
#define SEEDBED_SHRINK_PRIVATE_H

#include "sim/shrink.h"
#include "sim/trials.h"

typedef struct Shrink {
    const ShrinkOptions *options;
    ShrinkResult *result;
    RunFolder *folder;
    TrialsConfig config;
    Trials *trials;
    Trial *best;
    TrialAnswer answer; /* of @best */
    SimTime duration;   /* of the original's scenario */
    bool at_end;        /* judged when the run is over, not before */
    ShrinkProgress progress;
} Shrink;

/* @trial, taken, fails alike: it is the best now. */
void shrink_accept(Shrink *shrink, Trial *trial, const TrialAnswer *answer);
/* Time for other seeds and futures to fail as well. */
void shrink_give_slack(const Shrink *shrink, Scenario *scenario);
/* The whole search. */
void shrink_steps_take(Shrink *shrink);

#endif

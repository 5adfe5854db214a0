/* SPDX-License-Identifier: Apache-2.0 */
/* Other futures of the same past: a run whose plan has one line more, a
 * `redraw`, from which on network, disks, dice and clients draw something
 * else. Inline the past is run once and forked as often as it is asked for;
 * what only runs as processes, or takes its process along, is run from zero
 * each time. Both give the same digest, which why checks. */
#ifndef SEEDBED_FUTURES_H
#define SEEDBED_FUTURES_H

#include "sim/pool.h"
#include "sim/trials.h"

typedef struct Future {
    unsigned base; /* which of the pasts */
    SimTime at;    /* of the redraw, from 1; SIM_NEVER: no redraw at all */
    uint64_t salt; /* from 1 */
    TrialAnswer answer;
} Future;

typedef struct Futures {
    const TrialsConfig *config;
    Trial *const *bases; /* what a future is one of; borrowed */
    unsigned number;     /* of the line `redraw`: larger than all others */
    bool from_zero;      /* never fork on the way */
    Pool *pool;
    uint64_t runs, cpu_ns;
} Futures;

/* Run @count futures, in any order; false when told to stop, and then some
 * answers are not complete. The answers do not depend on the pool. */
bool futures_run(Futures *futures, Future *list, unsigned count);
/* The run of @future as a trial of its own; the caller owns it. */
Trial *futures_trial(const Futures *futures, const Future *future);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the loop of a sweep share. */
#ifndef SEEDBED_SWEEP_PRIVATE_H
#define SEEDBED_SWEEP_PRIVATE_H

#include "sim/pool.h"
#include "sim/sweep_folder.h"

#define SWEEP_ERROR (g_quark_from_static_string("seedbed-sweep"))

/* Kinds of failures that get a capsule: nobody reads more. */
#define SWEEP_CAPSULES_MAX 100u

typedef struct Sweep Sweep;

/* A kind of failure that wants a capsule, and of which run. */
typedef struct SweepKind {
    char *signature;
    SweepUnit unit;
} SweepKind;

struct Sweep {
    const SweepOptions *options;
    SweepWork work;
    SweepFolder folder;
    Pool *pool;
    GHashTable *running; /* job id -> SweepJob */
    uint64_t job_count;
    uint64_t next, total; /* units of our shard */
    GArray *held;         /* of SweepUnit: claimed by others when we came by */
    GArray *suspects;     /* of SweepUnit: their batch died */
    GArray *capsules;     /* of SweepKind: to be made */
    GHashTable *kinds;    /* signature -> itself */
    double run_ns;        /* the mean of a run; 0: not known */
    uint64_t began;
    SweepProgress progress;
    SweepOutcome *outcome;
    bool closing; /* only capsules are still to be made */
    int status;   /* RUN_BAD_ARGUMENTS or RUN_INTERNAL: stop */
    GError *error;
};

/* Fill @job with runs that nobody has, or leave it empty: those whose batch
 * died, then the next ones, then those that others claimed. */
void sweep_claim(Sweep *sweep, SweepJob *job);
/* Write what @answer brought. */
void sweep_take(Sweep *sweep, const PoolAnswer *answer);
/* Stop with @error, which is taken, unless the sweep stops already. */
void sweep_fail(Sweep *sweep, int status, GError *error);

#endif

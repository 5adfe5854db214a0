/* SPDX-License-Identifier: Apache-2.0 */
/* Many seeds of one scenario, in parallel and each in a process of its own,
 * into a database (results.h). A sweep may be killed at any moment and gone
 * on with; several may work on one folder and share the seeds. Failures of
 * one kind (signature.h) leave one capsule, of the seed with the fewest
 * events. */
#ifndef SEEDBED_SWEEP_H
#define SEEDBED_SWEEP_H

#include <glib.h>

#include "sim/results.h"
#include "sim/run.h"

/* One way to run every seed. */
typedef struct SweepVariant {
    char *name;  /* "network.links.loss=1%, nodes.count=5", or "" */
    char **sets; /* what it lays over the scenario beside RunOptions.sets */
    char build;  /* 'A': this program; 'B': SweepOptions.against */
} SweepVariant;

typedef struct SweepProgress {
    uint64_t done;  /* rows added by this sweep */
    uint64_t there; /* that were in the database already */
    uint64_t total; /* that were asked for; UINT64_MAX: no end */
    uint64_t failures;
    unsigned groups; /* kinds of failures seen */
    double seconds;  /* since the start */
    double left;     /* until the end, estimated; < 0: not known */
} SweepProgress;

typedef struct SweepOptions {
    const RunOptions *run; /* what all have in common; its seed is the first */
    const char *out;       /* the sweep folder */
    const SweepVariant *variants; /* from 1 on in the database */
    unsigned variant_count;
    uint64_t seed_count;    /* UINT64_MAX: until the time is over */
    uint64_t for_ns;        /* 0: as long as it takes */
    unsigned jobs;          /* processes; 0: one a core */
    uint64_t fail_fast;     /* stop after so many failures; 0: never */
    unsigned shard, shards; /* this one, 1.., of so many */
    bool resume;            /* go on with what is in the folder */
    bool restart;           /* replace it, finished or not */
    bool no_capsules;       /* leave no folders of failures */
    const char *against;    /* the other program, or NULL */
    const char *command; /* as it was typed, to be said again with --resume */
    /* Called now and then, and once at the end. */
    void (*progress)(void *user, const SweepProgress *progress);
    void *user;
} SweepOptions;

typedef struct SweepOutcome {
    uint64_t done, there;     /* as in SweepProgress */
    uint64_t elsewhere;       /* left to other sweeps that still run */
    bool interrupted;         /* by SIGINT or SIGTERM: not all was run */
    bool fail_fast;           /* stopped after enough failures */
    uint64_t wall_ns, cpu_ns; /* of this sweep */
    unsigned jobs;
} SweepOutcome;

/* Run it. 0 when what was asked for is in the database, whatever the verdicts
 * are; RUN_BAD_ARGUMENTS and RUN_INTERNAL come with one line in @error. */
int sweep_run(const SweepOptions *options, SweepOutcome *outcome,
              GError **error);

/* Is (@seed) one of the 1 % that are run twice? The first seed of a sweep
 * always is. Pure, so that it does not matter who runs it. */
bool sweep_rechecks(uint64_t first_seed, uint64_t seed);

#endif

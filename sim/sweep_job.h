/* SPDX-License-Identifier: Apache-2.0 */
/* What a sweep does in its worker processes: a batch of runs, or a capsule. */
#ifndef SEEDBED_SWEEP_JOB_H
#define SEEDBED_SWEEP_JOB_H

#include "sim/sweep.h"

/* What stays the same for a whole sweep; read once, so that a file that
 * changes meanwhile changes nothing. */
typedef struct SweepWork {
    const SweepOptions *options;
    char *scenario_text;
    size_t scenario_size;
    Plan *plan; /* NULL: drawn by each seed */
    char *scenario_name;
    bool processes;      /* the program can be carried by a process, too */
    char *against_build; /* build id of SweepOptions.against, or "" */
} SweepWork;

typedef struct SweepUnit {
    unsigned variant; /* from 1 */
    uint64_t seed;
} SweepUnit;

/* Up to so many runs in one process. */
#define SWEEP_BATCH_MAX 256u

typedef struct SweepJob {
    const SweepWork *work;
    SweepUnit units[SWEEP_BATCH_MAX];
    unsigned count;
    /* Instead of a batch, the capsule of units[0] at this path. */
    char *capsule;
    char *signature; /* of which it is */
} SweepJob;

/* How a run of the batch ended; a reply is an array of them. */
typedef struct SweepReply {
    int status;      /* of run_scenario() */
    ResultsRow row;  /* when @status is below RUN_BAD_ARGUMENTS */
    char error[512]; /* else */
} SweepReply;

/* Of a SweepJob, and what it owns. */
void sweep_job_free(void *job);
/* In a worker; a PoolWork. */
void sweep_job(void *job, GByteArray *reply);

/* One look at @variant with @seed as far as its first event: does the scenario
 * hold water? An exit code as run_scenario(). @name, the caller's to free, is
 * the scenario's. */
int sweep_job_try(const SweepWork *work, unsigned variant, uint64_t seed,
                  char **name, GError **error);

/* Can every program that variant 1 may name also be a process? */
bool sweep_job_has_processes(const SweepWork *work);

/* RunOptions.sets of @variant; the caller frees it. */
char **sweep_job_sets(const SweepOptions *options, unsigned variant);
/* The command that runs (@verb: "run") or verifies @unit by itself; the caller
 * owns it. */
char *sweep_job_command(const SweepOptions *options, const SweepUnit *unit,
                        const char *verb);

#endif

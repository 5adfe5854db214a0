/* SPDX-License-Identifier: Apache-2.0 */
/* The smallest run that fails in the same way: delta debugging over the plan,
 * then nodes, clients, operations, duration and the strength of what is left.
 * The same way means: the same signature (signature.h), that is the check, the
 * role of the node it names, and the message without its numbers. */
#ifndef SEEDBED_SHRINK_H
#define SEEDBED_SHRINK_H

#include "sim/run.h"
#include "sim/signature.h"

/* How large a failing run is, up to its failure. */
typedef struct ShrinkSize {
    unsigned faults, nodes, clients;
    uint64_t operations, events;
    SimTime duration;
} ShrinkSize;

/* Where it stands, about ten times a second. */
typedef struct ShrinkProgress {
    uint64_t runs, wall_ns;
    const char *step; /* "faults", "nodes", ... */
    ShrinkSize before, now;
} ShrinkProgress;

typedef struct ShrinkOptions {
    const char *folder; /* the run folder of a failing run */
    const char *out;    /* NULL: FOLDER/shrunk */
    bool no_folder;     /* leave none: measurements */
    unsigned jobs;      /* 0: one a core. Never changes the result */
    bool loosely;       /* the same check is the same failure */
    uint64_t limit_ns;  /* of real time; then the best so far counts; 0: none */
    const volatile int *stop; /* not 0: likewise; or NULL */
    void (*progress)(void *user, const ShrinkProgress *progress); /* or NULL */
    void *user;
} ShrinkOptions;

typedef struct ShrinkResult {
    char signature[SIGNATURE_SIZE];
    ShrinkSize before, after;
    uint64_t seed_before, seed;
    uint64_t runs, wall_ns, cpu_ns;
    bool complete; /* false: stopped before all was tried */
    RunResult run; /* of what is left, in the original's isolation */
    char *plan;    /* its text; owned: shrink_result_clear() */
} ShrinkResult;

/* SHRINK_DIFFERENT: the run of the folder does not fail as it did. */
typedef enum ShrinkStatus {
    SHRINK_DONE = 0,
    SHRINK_DIFFERENT = 1,
    SHRINK_BAD_ARGUMENTS = RUN_BAD_ARGUMENTS,
    SHRINK_INTERNAL = RUN_INTERNAL,
} ShrinkStatus;

/* Anything but SHRINK_DONE comes with one line in @error, and leaves no
 * folder. What is left was run once more in the original's isolation, with
 * its workers: @result->run is that run's. */
ShrinkStatus shrink_run(const ShrinkOptions *options, ShrinkResult *result,
                        GError **error);
void shrink_result_clear(ShrinkResult *result);

#endif

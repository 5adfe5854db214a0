/* SPDX-License-Identifier: Apache-2.0 */
/* Variations of one failing run, tried in parallel: which of them fail in the
 * same way? What shrink and why ask, each run in a process of its own. */
#ifndef SEEDBED_TRIALS_H
#define SEEDBED_TRIALS_H

#include "sim/run_folder.h"
#include "sim/signature.h"

/* A run that differs from the original's. Its scenario is resolved, and the
 * plan is its faults.timed, so that it is one text. */
typedef struct Trial {
    Scenario *scenario; /* owned */
    uint64_t seed;
} Trial;

/* What came of it; plain data. */
typedef struct TrialAnswer {
    bool alike; /* it failed in the same way */
    RunVerdict verdict;
    char signature[SIGNATURE_SIZE]; /* "" when nothing was violated */
    SimTime failed_at;              /* of the first violation */
    SimTime virtual_ns;
    uint64_t events, operations; /* those that clients began and ended */
    DigestValue digest;
    bool complete; /* false: the process died, or was stopped */
} TrialAnswer;

typedef struct TrialsConfig {
    RunOptions run; /* of each; scenario, plan and seed are the trial's */
    const char *signature;    /* of the failure that is asked for */
    bool loosely;             /* only its check counts */
    unsigned jobs;            /* 0: one a core */
    uint64_t event_limit;     /* a run that goes on for longer is stopped */
    uint64_t cpu_limit_s;     /* likewise, for one that never ends */
    uint64_t wall_limit_ns;   /* for all of them; 0: none */
    const volatile int *stop; /* not 0: no more; or NULL */
    void (*progress)(void *user, uint64_t runs);
    void *progress_user;
} TrialsConfig;

typedef struct Trials Trials;

/* @config and what it points to are borrowed for as long. */
Trials *trials_new(const TrialsConfig *config);
void trials_free(Trials *trials);

/* Candidate @index, or NULL when that is no valid run; the caller owns it. */
typedef Trial *(*TrialsMake)(void *user, unsigned index);
/* The first of @count candidates that fails alike, whatever the number of
 * jobs; -1: none does, or there is no time left. @winner, owned by the
 * caller, and @answer are of that one; @winner may be NULL. */
int trials_first(Trials *trials, unsigned count, TrialsMake make, void *user,
                 Trial **winner, TrialAnswer *answer);
/* No more: out of time, or told to stop. */
bool trials_over(const Trials *trials);
/* Runs so far, also those whose answer was not needed. */
uint64_t trials_runs(const Trials *trials);
/* CPU time that they took, and real time since the start. */
uint64_t trials_cpu_ns(const Trials *trials);
uint64_t trials_wall_ns(const Trials *trials);

/* For those who run jobs of their own. In a job's process, before anything is
 * run: what dying nodes say goes nowhere, and no run goes on for ever. */
void trials_quiet(const TrialsConfig *config);
/* One run, here. */
void trials_run(const TrialsConfig *config, const Trial *trial,
                TrialAnswer *answer);
void trials_judge(const TrialsConfig *config, const RunResult *result,
                  TrialAnswer *answer);

/* Read the folder @path of a failing run, and fill in what its trials run and
 * are compared with. NULL: @error. The caller owns it for as long as
 * @config is used. */
RunFolder *trials_folder(const char *path, TrialsConfig *config,
                         GError **error);
/* Choose where the nodes run: inline if there is a way to. @config->run.no_fork
 * is then true, unless the failure is one that takes its process along: that
 * needs the second look that only a fork can give. */
void trials_inline(TrialsConfig *config, const Trial *trial,
                   const RunFolder *folder);
/* The run of @folder, its plan in faults.timed. NULL: @error. */
Trial *trials_one_load(const RunFolder *folder, GError **error);
Trial *trials_one_copy(const Trial *trial);
/* What a file with the text of @trial says: taken, and NULL when it would be
 * refused (a node that is not there, hosts that do not fit). */
Trial *trials_one_settle(Trial *trial);
void trials_one_free(Trial *trial);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Trial, trials_one_free)

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* How soon is a planted bug found? A try runs seed after seed of the bug's
 * scenario until one does not pass; tries use seeds of their own, each far
 * from those on which scenarios were made. Every try that ended is a line of
 * tries.jsonl, appended whole: a measurement may be killed at any moment and
 * goes on where it was. */
#ifndef SEEDBED_BUGS_MEASURE_H
#define SEEDBED_BUGS_MEASURE_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

/* Try n begins at seed n times this, so that the ranges are disjoint. */
#define BUGS_MEASURE_SEEDS UINT64_C(1000000)

typedef struct BugsTry {
    int bug;         /* number */
    unsigned number; /* 1.. */
    bool found;
    uint64_t seeds;  /* run, the one that failed included */
    uint64_t seed;   /* that one */
    uint64_t cpu_ns; /* of this process and all its children */
    char check[48];
    /* The failing run made smaller; not measured for every try. */
    bool shrunk;
    unsigned faults_before, faults, nodes;
    uint64_t shrink_ns; /* of real time */
} BugsTry;

typedef struct BugsMeasureProgress {
    unsigned done, there, total; /* tries; there: by an earlier measurement */
    const BugsTry *last;         /* NULL at the beginning */
} BugsMeasureProgress;

typedef struct BugsMeasureOptions {
    const int *bugs; /* numbers */
    unsigned bug_count;
    unsigned tries;           /* of each */
    unsigned shrink;          /* of so many tries the failing run is shrunk */
    uint64_t cap_ns;          /* CPU time of a try */
    uint64_t seeds_most;      /* of a try; <= BUGS_MEASURE_SEEDS */
    unsigned jobs;            /* at a time; 0: one a core */
    const char *out;          /* the folder of tries.jsonl; made if absent */
    const volatile int *stop; /* not 0: end; or NULL */
    void (*progress)(void *user, const BugsMeasureProgress *progress);
    void *user;
} BugsMeasureOptions;

/* All tries asked for, by bug and number, whether they were run now or are
 * there from before (of the same build, scenario text, cap and seeds_most);
 * fewer when it was stopped. The caller frees it. NULL: @error, also when
 * another process measures into the same folder. */
GArray *bugs_measure(const BugsMeasureOptions *options, GError **error);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* The variants of a sweep side by side, and two builds seed by seed. */
#ifndef SEEDBED_SWEEP_COMPARE_H
#define SEEDBED_SWEEP_COMPARE_H

#include "sim/results.h"

/* What one variant came to. */
typedef struct SweepCompareVariant {
    unsigned variant;
    uint64_t counts[RESULTS_VERDICT_COUNT];
    double elections, ok_share, p99_ns; /* means a run; NAN: there is none */
} SweepCompareVariant;

/* An array of them, by variant; the caller owns it. NULL: @error. */
GArray *sweep_compare_variants(Results *results, GError **error);

/* A metric of build B against the same of A, over the seeds of both. */
typedef struct SweepCompareMetric {
    char name[40];
    double mean_a, mean_b;
    uint64_t differing; /* pairs in which they are not the same */
} SweepCompareMetric;

/* A pair is one seed and one choice of --vary, with A and with B. */
typedef struct SweepCompareBuilds {
    uint64_t pairs, same_digest;
    uint64_t fixed;          /* failed with A, passed with B */
    uint64_t broken;         /* passed with A, failed with B */
    uint64_t broken_seed;    /* the first of those */
    unsigned broken_variant; /* of B */
    GArray *metrics;         /* of SweepCompareMetric: those that differ, the */
                             /* largest relative difference of means first */
} SweepCompareBuilds;

/* Builds A and B, variants @half apart. The caller clears @compare. */
bool sweep_compare_builds(Results *results, unsigned half,
                          SweepCompareBuilds *compare, GError **error);
void sweep_compare_builds_clear(SweepCompareBuilds *compare);

#endif

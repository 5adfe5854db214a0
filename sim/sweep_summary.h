/* SPDX-License-Identifier: Apache-2.0 */
/* What a sweep came to, for people on one screen and for machines as JSON.
 * It is read from the database, so it tells of all that is in it, whoever ran
 * it. */
#ifndef SEEDBED_SWEEP_SUMMARY_H
#define SEEDBED_SWEEP_SUMMARY_H

#include <stdio.h>

#include "sim/sweep.h"
#include "sim/sweep_compare.h"

/* Against an older database: whether a kind of failure is known. */
typedef enum SweepNews {
    SWEEP_NEWS_UNKNOWN, /* nothing to compare with */
    SWEEP_NEWS_NEW,
    SWEEP_NEWS_ONGOING,
} SweepNews;

/* A row of a catalogue of reached.h. */
typedef struct SweepReached {
    const char *name;
    ResultsReached sum;
} SweepReached;

typedef struct SweepSummary {
    const SweepOptions *options; /* borrowed */
    SweepOutcome outcome;
    char *scenario;
    uint64_t counts[RESULTS_VERDICT_COUNT];
    uint64_t rechecked, rechecked_by_process, rechecked_odd;
    GArray *groups;      /* of ResultsGroup */
    GArray *news;        /* of SweepNews, one a group */
    GPtrArray *resolved; /* signatures that only the older database has */
    char *error_message; /* of the first seed that ended in an error, or NULL */
    uint64_t error_seed;
    ResultsFault faults[FAULT_KIND_COUNT];
    ResultsCoverage coverage;
    ResultsRate rates[RATES_COUNT];
    GArray *reached[2];        /* by ResultsReachedKind: of SweepReached */
    GArray *variants;          /* of SweepCompareVariant */
    SweepCompareBuilds builds; /* of SweepOptions.against */
    char *since;               /* the older database, or NULL */
} SweepSummary;

/* Read what is in the folder of @options; with @since (borrowed; NULL: none)
 * also what an earlier sweep had. Release with sweep_summary_free(). NULL:
 * @error. */
SweepSummary *sweep_summary_new(const SweepOptions *options,
                                const SweepOutcome *outcome, const char *since,
                                GError **error);
/* The database of @sweep, which is that or the folder of it; the caller's. */
char *sweep_summary_since(const char *sweep);
void sweep_summary_free(SweepSummary *summary);
/* The exit code of cli.md: 255 when the simulator failed, else 1 when a seed
 * was violated, else 2 when one is unknown or not all was run. */
int sweep_summary_status(const SweepSummary *summary);
void sweep_summary_print(FILE *stream, const SweepSummary *summary);
/* The object of --json and summary.json; the caller owns the text. */
char *sweep_summary_json(const SweepSummary *summary);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* A sweep's database as tables of numbers: what pictures over many seeds are
 * drawn from. */
#ifndef SEEDBED_SWEEP_TABLE_H
#define SEEDBED_SWEEP_TABLE_H

#include <glib.h>

#include "sim/results.h"

#define SWEEP_TABLE_AXES 2u

/* One way in which seeds were run. */
typedef struct SweepTableVariant {
    unsigned number;
    char build;
    char *name;
    char *values[SWEEP_TABLE_AXES]; /* of the first axes; NULL: none */
} SweepTableVariant;

typedef struct SweepTable {
    Results *results;
    char *scenario;
    GArray *variants;              /* of SweepTableVariant, by number */
    char *paths[SWEEP_TABLE_AXES]; /* of the first axes; NULL: none */
} SweepTable;

/* A metric as people read it. */
typedef struct SweepTableMetric {
    const char *name; /* borrowed */
    char *expression; /* of SQL */
    char *label;      /* "Latency p99 (ms)" */
    double scale;     /* from the column to the label's unit */
} SweepTableMetric;

/* One run's value; an unsigned seed. */
typedef struct SweepTableValue {
    uint64_t seed;
    double value;
} SweepTableValue;

/* The sweep in the folder @path, or the database itself. NULL: @error. */
SweepTable *sweep_table_open(const char *path, GError **error);
void sweep_table_free(SweepTable *table);

/* All runs of a variant, whatever came of them. */
uint64_t sweep_table_runs(const SweepTable *table, unsigned variant);

/* @name is that of a metric ("latency_p99_ns"), of a number that every run
 * has ("events", "cpu_ns"), "availability" or "failed". False: @error says
 * what there is. Release with sweep_table_metric_clear(). */
bool sweep_table_metric(const SweepTable *table, const char *name,
                        SweepTableMetric *metric, GError **error);
void sweep_table_metric_clear(SweepTableMetric *metric);

/* The values of a variant by seed, of runs that came to their end: who stopped
 * at a violation says nothing of the rest. "failed" takes them all.
 * The caller owns the array of SweepTableValue; NULL: @error. */
GArray *sweep_table_values(const SweepTable *table,
                           const SweepTableMetric *metric, unsigned variant,
                           GError **error);

#endif

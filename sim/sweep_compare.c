/* SPDX-License-Identifier: Apache-2.0 */
/* Queries that put variants side by side. */
#include "sim/sweep_compare.h"

#include <math.h>
#include <string.h>

#include "sim/results_private.h"

#define PAIRS                                                                  \
    "FROM runs AS a JOIN runs AS b ON b.variant = a.variant + ?1"              \
    "  AND b.seed = a.seed WHERE a.variant <= ?1"

static bool has_column(Results *results, const char *name);
static GPtrArray *metric_columns(Results *results, GError **error);
static bool count_pairs(Results *results, unsigned half,
                        SweepCompareBuilds *compare, GError **error);
static void find_broken(Results *results, unsigned half,
                        SweepCompareBuilds *compare);
static bool compare_metrics(Results *results, unsigned half,
                            SweepCompareBuilds *compare, GError **error);
static gint by_difference(gconstpointer left, gconstpointer right);
static double difference(const SweepCompareMetric *metric);
static double number_or_nan(sqlite3_stmt *row, int column);

GArray *
sweep_compare_variants(Results *results, GError **error)
{
    bool ok = has_column(results, "metric_operations_ok") &&
              has_column(results, "metric_operations_fail") &&
              has_column(results, "metric_operations_info");
    g_autofree char *text = g_strdup_printf(
        "SELECT variant, sum(verdict = 'pass'), sum(verdict = 'violated'),"
        "  sum(verdict = 'unknown'), sum(verdict = 'error'), %s, %s, %s"
        "  FROM runs GROUP BY variant ORDER BY variant",
        has_column(results, "metric_elections") ? "avg(metric_elections)"
                                                : "NULL",
        ok ? "avg(1.0 * metric_operations_ok / nullif(metric_operations_ok +"
             "  metric_operations_fail + metric_operations_info, 0))"
           : "NULL",
        has_column(results, "metric_latency_p99_ns")
            ? "avg(metric_latency_p99_ns)"
            : "NULL");
    GArray *list = g_array_new(FALSE, TRUE, sizeof(SweepCompareVariant));
    sqlite3_stmt *rows = results_prepare(results, text, error);
    int status = SQLITE_ERROR;

    while (rows != NULL && (status = sqlite3_step(rows)) == SQLITE_ROW) {
        SweepCompareVariant item = {
            .variant = (unsigned)sqlite3_column_int64(rows, 0)};

        for (unsigned i = 0; i < RESULTS_VERDICT_COUNT; i++) {
            item.counts[i] = (uint64_t)sqlite3_column_int64(rows, 1 + (int)i);
        }
        item.elections = number_or_nan(rows, 5);
        item.ok_share = number_or_nan(rows, 6);
        item.p99_ns = number_or_nan(rows, 7);
        g_array_append_val(list, item);
    }
    if (rows != NULL && status != SQLITE_DONE) {
        results_fail(results, error);
    }
    sqlite3_finalize(rows);
    if (status != SQLITE_DONE) {
        g_array_unref(list);
        return NULL;
    }
    return list;
}

static double
number_or_nan(sqlite3_stmt *row, int column)
{
    return sqlite3_column_type(row, column) == SQLITE_NULL
               ? NAN
               : sqlite3_column_double(row, column);
}

static bool
has_column(Results *results, const char *name)
{
    sqlite3_stmt *find = results_prepare(
        results, "SELECT 1 FROM pragma_table_info('runs') WHERE name = ?",
        NULL);
    bool found = false;

    if (find != NULL) {
        sqlite3_bind_text(find, 1, name, -1, SQLITE_STATIC);
        found = sqlite3_step(find) == SQLITE_ROW;
        sqlite3_finalize(find);
    }
    return found;
}

bool
sweep_compare_builds(Results *results, unsigned half,
                     SweepCompareBuilds *compare, GError **error)
{
    *compare = (SweepCompareBuilds){
        .metrics = g_array_new(FALSE, TRUE, sizeof(SweepCompareMetric))};
    if (!count_pairs(results, half, compare, error) ||
        !compare_metrics(results, half, compare, error)) {
        sweep_compare_builds_clear(compare);
        return false;
    }
    if (compare->broken > 0) {
        find_broken(results, half, compare);
    }
    g_array_sort(compare->metrics, by_difference);
    return true;
}

static bool
count_pairs(Results *results, unsigned half, SweepCompareBuilds *compare,
            GError **error)
{
    sqlite3_stmt *sum = results_prepare(
        results,
        "SELECT count(*), sum(a.digest = b.digest),"
        "  sum(a.verdict <> 'pass' AND b.verdict = 'pass'),"
        "  sum(a.verdict = 'pass' AND b.verdict <> 'pass') " PAIRS,
        error);
    bool good = sum != NULL;

    if (good) {
        sqlite3_bind_int64(sum, 1, half);
        good = sqlite3_step(sum) == SQLITE_ROW || results_fail(results, error);
        compare->pairs = (uint64_t)sqlite3_column_int64(sum, 0);
        compare->same_digest = (uint64_t)sqlite3_column_int64(sum, 1);
        compare->fixed = (uint64_t)sqlite3_column_int64(sum, 2);
        compare->broken = (uint64_t)sqlite3_column_int64(sum, 3);
        sqlite3_finalize(sum);
    }
    return good;
}

static void
find_broken(Results *results, unsigned half, SweepCompareBuilds *compare)
{
    sqlite3_stmt *find =
        results_prepare(results,
                        "SELECT b.seed, b.variant " PAIRS
                        "  AND a.verdict = 'pass' AND b.verdict <> 'pass'"
                        "  ORDER BY b.seed < 0, b.seed, b.variant LIMIT 1",
                        NULL);

    if (find != NULL) {
        sqlite3_bind_int64(find, 1, half);
        if (sqlite3_step(find) == SQLITE_ROW) {
            compare->broken_seed = (uint64_t)sqlite3_column_int64(find, 0);
            compare->broken_variant = (unsigned)sqlite3_column_int64(find, 1);
        }
        sqlite3_finalize(find);
    }
}

/* All in one pass over the pairs: the join is what takes time. */
static bool
compare_metrics(Results *results, unsigned half, SweepCompareBuilds *compare,
                GError **error)
{
    g_autoptr(GPtrArray) columns = metric_columns(results, error);
    g_autoptr(GString) text = g_string_new("SELECT 1");
    sqlite3_stmt *sum;
    bool good;

    if (columns == NULL || columns->len == 0) {
        return columns != NULL;
    }
    for (unsigned i = 0; i < columns->len; i++) {
        const char *name = columns->pdata[i];

        g_string_append_printf(
            text,
            ", avg(a.\"%s\"), avg(b.\"%s\"), sum(a.\"%s\" IS NOT b.\"%s\")",
            name, name, name, name);
    }
    g_string_append(text, " " PAIRS);
    sum = results_prepare(results, text->str, error);
    if (sum == NULL) {
        return false;
    }
    sqlite3_bind_int64(sum, 1, half);
    good = sqlite3_step(sum) == SQLITE_ROW || results_fail(results, error);
    for (unsigned i = 0; good && i < columns->len; i++) {
        int column = 1 + 3 * (int)i;
        SweepCompareMetric metric = {
            .mean_a = sqlite3_column_double(sum, column),
            .mean_b = sqlite3_column_double(sum, column + 1),
            .differing = (uint64_t)sqlite3_column_int64(sum, column + 2)};

        g_strlcpy(metric.name,
                  (const char *)columns->pdata[i] + strlen("metric_"),
                  sizeof(metric.name));
        if (metric.differing > 0) {
            g_array_append_val(compare->metrics, metric);
        }
    }
    sqlite3_finalize(sum);
    return good;
}

static GPtrArray *
metric_columns(Results *results, GError **error)
{
    GPtrArray *columns = g_ptr_array_new_with_free_func(g_free);
    sqlite3_stmt *list =
        results_prepare(results,
                        "SELECT name FROM pragma_table_info('runs')"
                        "  WHERE name GLOB 'metric_*' ORDER BY cid",
                        error);

    if (list == NULL) {
        g_ptr_array_unref(columns);
        return NULL;
    }
    while (sqlite3_step(list) == SQLITE_ROW) {
        g_ptr_array_add(columns, g_strdup(results_column(list, 0)));
    }
    sqlite3_finalize(list);
    return columns;
}

static gint
by_difference(gconstpointer left, gconstpointer right)
{
    const SweepCompareMetric *a = left, *b = right;
    double of_a = difference(a), of_b = difference(b);

    return of_a > of_b ? -1 : of_a < of_b ? 1 : strcmp(a->name, b->name);
}

/* Of the means, relative to the larger. */
static double
difference(const SweepCompareMetric *metric)
{
    double larger = fmax(fabs(metric->mean_a), fabs(metric->mean_b));

    return larger > 0 ? fabs(metric->mean_a - metric->mean_b) / larger : 0;
}

void
sweep_compare_builds_clear(SweepCompareBuilds *compare)
{
    if (compare->metrics != NULL) {
        g_array_unref(compare->metrics);
        compare->metrics = NULL;
    }
}

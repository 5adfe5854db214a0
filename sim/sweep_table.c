/* SPDX-License-Identifier: Apache-2.0 */
/* Queries over the table of runs. */
#include "sim/sweep_table.h"

#include <string.h>

#include "sim/results_private.h"

#define FAILED "failed"

static bool read_variants(SweepTable *table, GError **error);
static bool read_axes(SweepTable *table, GError **error);
static bool has_column(const SweepTable *table, const char *column);
static char *label_of(const char *name, double *scale);
static bool no_metric(const SweepTable *table, const char *name,
                      GError **error);
static void clear_variant(void *variant);

uint64_t
sweep_table_runs(const SweepTable *table, unsigned variant)
{
    sqlite3_stmt *count = results_prepare(
        table->results, "SELECT count(*) FROM runs WHERE variant = ?", NULL);
    uint64_t runs = 0;

    sqlite3_bind_int64(count, 1, variant);
    if (sqlite3_step(count) == SQLITE_ROW) {
        runs = (uint64_t)sqlite3_column_int64(count, 0);
    }
    sqlite3_finalize(count);
    return runs;
}

bool
sweep_table_metric(const SweepTable *table, const char *name,
                   SweepTableMetric *metric, GError **error)
{
    static const char *const columns[] = {"events",
                                          "messages_sent",
                                          "messages_delivered",
                                          "messages_dropped",
                                          "virtual_ns",
                                          "wall_ns",
                                          "cpu_ns"};
    g_autofree char *column = g_strconcat("metric_", name, NULL);

    *metric = (SweepTableMetric){.name = name};
    if (strcmp(name, FAILED) == 0) {
        metric->expression = g_strdup("verdict = 'violated'");
        metric->label = g_strdup("Failed (% of runs)");
        metric->scale = 100;
        return true;
    }
    if (strcmp(name, "availability") == 0 &&
        has_column(table, "metric_operations_ok")) {
        metric->expression = g_strdup(
            "metric_operations_ok * 1.0 / nullif(metric_operations_ok +"
            " metric_operations_fail + metric_operations_info, 0)");
        metric->label = g_strdup("Availability (% of operations ok)");
        metric->scale = 100;
        return true;
    }
    metric->label = label_of(name, &metric->scale);
    for (unsigned i = 0; i < G_N_ELEMENTS(columns); i++) {
        if (strcmp(name, columns[i]) == 0) {
            metric->expression = g_strdup(name);
            return true;
        }
    }
    if (has_column(table, column)) {
        metric->expression = g_strdup_printf("\"%s\"", column);
        return true;
    }
    sweep_table_metric_clear(metric);
    return no_metric(table, name, error);
}

static bool
has_column(const SweepTable *table, const char *column)
{
    sqlite3_stmt *find = results_prepare(
        table->results,
        "SELECT 1 FROM pragma_table_info('runs') WHERE name = ?", NULL);
    bool found;

    sqlite3_bind_text(find, 1, column, -1, SQLITE_STATIC);
    found = sqlite3_step(find) == SQLITE_ROW;
    sqlite3_finalize(find);
    return found;
}

/* "latency_p99_ns" is "Latency p99 (ms)". */
static char *
label_of(const char *name, double *scale)
{
    static const struct {
        const char *ending, *unit;
        double scale;
    } units[] = {{"_ns", " (ms)", 1e-6}, {"_bytes", " (KiB)", 1.0 / 1024}};
    g_autofree char *words = g_strdelimit(g_strdup(name), "_", ' ');

    *scale = 1;
    words[0] = g_ascii_toupper(words[0]);
    for (unsigned i = 0; i < G_N_ELEMENTS(units); i++) {
        if (g_str_has_suffix(name, units[i].ending)) {
            *scale = units[i].scale;
            words[strlen(words) - strlen(units[i].ending)] = '\0';
            return g_strconcat(words, units[i].unit, NULL);
        }
    }
    return g_steal_pointer(&words);
}

static bool
no_metric(const SweepTable *table, const char *name, GError **error)
{
    sqlite3_stmt *list = results_prepare(
        table->results,
        "SELECT group_concat(substr(name, 8), ', ') FROM"
        "  pragma_table_info('runs') WHERE name GLOB 'metric_*'",
        NULL);
    const char *names =
        sqlite3_step(list) == SQLITE_ROW ? results_column(list, 0) : "";

    g_set_error(
        error, RESULTS_ERROR_DOMAIN, 0,
        "--metric: found '%s', expected events, cpu_ns, availability, " FAILED
        "%s%s",
        name, names[0] != '\0' ? ", " : "", names);
    sqlite3_finalize(list);
    return false;
}

void
sweep_table_metric_clear(SweepTableMetric *metric)
{
    g_clear_pointer(&metric->expression, g_free);
    g_clear_pointer(&metric->label, g_free);
}

GArray *
sweep_table_values(const SweepTable *table, const SweepTableMetric *metric,
                   unsigned variant, GError **error)
{
    GArray *values = g_array_new(FALSE, FALSE, sizeof(SweepTableValue));
    g_autofree char *text = g_strdup_printf(
        "SELECT seed, (%s) * 1.0 AS value FROM runs"
        "  WHERE variant = ? AND value IS NOT NULL AND verdict %s"
        "  ORDER BY seed < 0, seed",
        metric->expression,
        strcmp(metric->name, FAILED) == 0
            ? "<> 'error'"
            : "<> 'error' AND (verdict <> 'violated' OR virtual_ns ="
              "  (SELECT max(virtual_ns) FROM runs))");
    sqlite3_stmt *list = results_prepare(table->results, text, error);

    if (list == NULL) {
        g_array_unref(values);
        return NULL;
    }
    sqlite3_bind_int64(list, 1, variant);
    while (sqlite3_step(list) == SQLITE_ROW) {
        SweepTableValue value = {(uint64_t)sqlite3_column_int64(list, 0),
                                 sqlite3_column_double(list, 1) *
                                     metric->scale};

        g_array_append_val(values, value);
    }
    sqlite3_finalize(list);
    return values;
}

SweepTable *
sweep_table_open(const char *path, GError **error)
{
    g_autofree char *file = g_file_test(path, G_FILE_TEST_IS_DIR)
                                ? g_build_filename(path, RESULTS_FILE, NULL)
                                : g_strdup(path);
    SweepTable *table;
    Results *results;

    if (!g_file_test(file, G_FILE_TEST_EXISTS)) {
        g_set_error(error, RESULTS_ERROR_DOMAIN, 0,
                    "%s: not a sweep folder: no " RESULTS_FILE " in it", path);
        return NULL;
    }
    results = results_open(file, false, error);
    if (results == NULL) {
        return NULL;
    }
    table = g_new0(SweepTable, 1);
    table->results = results;
    table->scenario = results_value(results, "scenario");
    table->variants = g_array_new(FALSE, TRUE, sizeof(SweepTableVariant));
    g_array_set_clear_func(table->variants, clear_variant);
    if (!read_variants(table, error) || !read_axes(table, error)) {
        sweep_table_free(table);
        return NULL;
    }
    return table;
}

static bool
read_variants(SweepTable *table, GError **error)
{
    sqlite3_stmt *list = results_prepare(
        table->results,
        "SELECT variant, build, name FROM variants ORDER BY variant", error);

    while (list != NULL && sqlite3_step(list) == SQLITE_ROW) {
        SweepTableVariant variant = {
            .number = (unsigned)sqlite3_column_int64(list, 0),
            .build = results_column(list, 1)[0],
            .name = g_strdup(results_column(list, 2))};

        g_array_append_val(table->variants, variant);
    }
    sqlite3_finalize(list);
    return list != NULL;
}

static bool
read_axes(SweepTable *table, GError **error)
{
    sqlite3_stmt *list = results_prepare(
        table->results, "SELECT variant, axis, path, value FROM variant_values",
        error);

    while (list != NULL && sqlite3_step(list) == SQLITE_ROW) {
        unsigned number = (unsigned)sqlite3_column_int64(list, 0);
        unsigned axis = (unsigned)sqlite3_column_int64(list, 1);

        for (unsigned i = 0;
             axis >= 1 && axis <= SWEEP_TABLE_AXES && i < table->variants->len;
             i++) {
            SweepTableVariant *variant =
                &g_array_index(table->variants, SweepTableVariant, i);

            if (variant->number == number) {
                variant->values[axis - 1] = g_strdup(results_column(list, 3));
            }
        }
        if (axis >= 1 && axis <= SWEEP_TABLE_AXES &&
            table->paths[axis - 1] == NULL) {
            table->paths[axis - 1] = g_strdup(results_column(list, 2));
        }
    }
    sqlite3_finalize(list);
    return list != NULL;
}

static void
clear_variant(void *data)
{
    SweepTableVariant *variant = data;

    g_free(variant->name);
    for (unsigned i = 0; i < SWEEP_TABLE_AXES; i++) {
        g_free(variant->values[i]);
    }
}

void
sweep_table_free(SweepTable *table)
{
    if (table == NULL) {
        return;
    }
    for (unsigned i = 0; i < SWEEP_TABLE_AXES; i++) {
        g_free(table->paths[i]);
    }
    g_array_unref(table->variants);
    results_close(table->results);
    g_free(table->scenario);
    g_free(table);
}

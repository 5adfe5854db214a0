/* SPDX-License-Identifier: Apache-2.0 */
/* What the rows of a sweep say together. */
#include <string.h>

#include "sim/results_private.h"

static bool find_fastest(Results *results, ResultsGroup *group, GError **error);
static void clear_group(void *group);

uint64_t
results_count(Results *results, ResultsVerdict verdict)
{
    sqlite3_stmt *count = results_prepare(
        results,
        verdict == RESULTS_PASS
            /* The others have an index. */
            ? "SELECT (SELECT count(*) FROM runs) -"
              " (SELECT count(*) FROM runs WHERE verdict <> 'pass')"
            : "SELECT count(*) FROM runs WHERE verdict <> 'pass' AND"
              " verdict = ?",
        NULL);
    uint64_t found = 0;

    if (count != NULL) {
        sqlite3_bind_text(count, 1, results_verdict_text(verdict), -1,
                          SQLITE_STATIC);
        if (sqlite3_step(count) == SQLITE_ROW) {
            found = (uint64_t)sqlite3_column_int64(count, 0);
        }
        sqlite3_finalize(count);
    }
    return found;
}

GArray *
results_groups(Results *results, GError **error)
{
    GArray *groups = g_array_new(FALSE, TRUE, sizeof(ResultsGroup));
    sqlite3_stmt *list = results_prepare(
        results,
        "SELECT runs.signature, count(*), capsules.variant, capsules.seed"
        "  FROM runs LEFT JOIN capsules USING(signature)"
        "  WHERE runs.signature IS NOT NULL GROUP BY runs.signature"
        "  ORDER BY count(*) DESC, runs.signature",
        error);
    int status = SQLITE_ERROR;

    g_array_set_clear_func(groups, clear_group);
    while (list != NULL && (status = sqlite3_step(list)) == SQLITE_ROW) {
        ResultsGroup group = {.signature = g_strdup(results_column(list, 0)),
                              .count = (uint64_t)sqlite3_column_int64(list, 1)};

        signature_slug(group.signature, group.slug);
        group.capsule_variant = (unsigned)sqlite3_column_int64(list, 2);
        group.capsule_seed = (uint64_t)sqlite3_column_int64(list, 3);
        g_array_append_val(groups, group);
    }
    if (list != NULL && status != SQLITE_DONE) {
        results_fail(results, error);
    }
    sqlite3_finalize(list);
    for (unsigned i = 0; status == SQLITE_DONE && i < groups->len; i++) {
        if (!find_fastest(results, &g_array_index(groups, ResultsGroup, i),
                          error)) {
            status = SQLITE_ERROR;
        }
    }
    if (status != SQLITE_DONE) {
        g_array_unref(groups);
        return NULL;
    }
    return groups;
}

/* Seeds are stored as signed numbers: those from 2^63 on come after the
 * others. */
static bool
find_fastest(Results *results, ResultsGroup *group, GError **error)
{
    sqlite3_stmt *find = results_prepare(
        results,
        "SELECT variant, seed, events, virtual_ns, message FROM runs"
        "  WHERE signature = ?"
        "  ORDER BY events, virtual_ns, seed < 0, seed, variant LIMIT 1",
        error);

    if (find == NULL) {
        return false;
    }
    sqlite3_bind_text(find, 1, group->signature, -1, SQLITE_STATIC);
    if (sqlite3_step(find) == SQLITE_ROW) {
        group->fastest_variant = (unsigned)sqlite3_column_int64(find, 0);
        group->fastest_seed = (uint64_t)sqlite3_column_int64(find, 1);
        group->fastest_events = (uint64_t)sqlite3_column_int64(find, 2);
        group->fastest_virtual_ns = (SimTime)sqlite3_column_int64(find, 3);
        group->message = g_strdup(results_column(find, 4));
    }
    sqlite3_finalize(find);
    find = results_prepare(results,
                           "SELECT variant, seed FROM runs WHERE signature = ?"
                           "  ORDER BY seed < 0, seed, variant LIMIT 1",
                           error);
    if (find == NULL) {
        return false;
    }
    sqlite3_bind_text(find, 1, group->signature, -1, SQLITE_STATIC);
    if (sqlite3_step(find) == SQLITE_ROW) {
        group->first_variant = (unsigned)sqlite3_column_int64(find, 0);
        group->first_seed = (uint64_t)sqlite3_column_int64(find, 1);
    }
    sqlite3_finalize(find);
    return true;
}

static void
clear_group(void *data)
{
    ResultsGroup *group = data;

    g_free(group->signature);
    g_free(group->message);
}

bool
results_set_capsule(Results *results, const char *signature, unsigned variant,
                    uint64_t seed, GError **error)
{
    char slug[SIGNATURE_SLUG_SIZE];
    sqlite3_stmt *set = results_prepare(
        results, "INSERT OR REPLACE INTO capsules VALUES (?, ?, ?, ?)", error);
    bool good = set != NULL;

    if (good) {
        signature_slug(signature, slug);
        sqlite3_bind_text(set, 1, signature, -1, SQLITE_STATIC);
        sqlite3_bind_text(set, 2, slug, -1, SQLITE_STATIC);
        sqlite3_bind_int64(set, 3, variant);
        sqlite3_bind_int64(set, 4, (sqlite3_int64)seed);
        good = sqlite3_step(set) == SQLITE_DONE || results_fail(results, error);
        sqlite3_finalize(set);
    }
    return good;
}

bool
results_remove(Results *results, unsigned variant, uint64_t seed,
               GError **error)
{
    sqlite3_stmt *remove = results_prepare(
        results, "DELETE FROM runs WHERE variant = ? AND seed = ?", error);
    bool good = remove != NULL;

    if (good) {
        sqlite3_bind_int64(remove, 1, variant);
        sqlite3_bind_int64(remove, 2, (sqlite3_int64)seed);
        good =
            sqlite3_step(remove) == SQLITE_DONE || results_fail(results, error);
        sqlite3_finalize(remove);
    }
    return good;
}

bool
results_faults(Results *results, ResultsFault faults[FAULT_KIND_COUNT],
               GError **error)
{
    g_autoptr(GString) text = g_string_new("SELECT ");
    sqlite3_stmt *sum;
    bool good;
    int column = 0;

    memset(faults, 0, FAULT_KIND_COUNT * sizeof(*faults));
    for (unsigned kind = 1; kind < FAULT_KIND_COUNT; kind++) {
        g_autofree char *mattered =
            results_fault_column((FaultKind)kind, "mattered");

        for (unsigned i = 0; i < RESULTS_COUNTS; i++) {
            g_autofree char *name =
                results_fault_column((FaultKind)kind, results_count_names[i]);

            g_string_append_printf(text, "sum(%s), ", name);
        }
        g_string_append_printf(text, "sum(%s > 0)%s", mattered,
                               kind + 1 < FAULT_KIND_COUNT ? ", " : "");
    }
    g_string_append(text, " FROM runs");
    sum = results_prepare(results, text->str, error);
    if (sum == NULL) {
        return false;
    }
    good = sqlite3_step(sum) == SQLITE_ROW || results_fail(results, error);
    for (unsigned kind = 1; good && kind < FAULT_KIND_COUNT; kind++) {
        ResultsFault *fault = &faults[kind];

        fault->configured = (uint64_t)sqlite3_column_int64(sum, column++);
        fault->drawn = (uint64_t)sqlite3_column_int64(sum, column++);
        fault->applied = (uint64_t)sqlite3_column_int64(sum, column++);
        fault->mattered = (uint64_t)sqlite3_column_int64(sum, column++);
        fault->seeds = (uint64_t)sqlite3_column_int64(sum, column++);
    }
    sqlite3_finalize(sum);
    return good;
}

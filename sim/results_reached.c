/* SPDX-License-Identifier: Apache-2.0 */
/* How often the runs of a sweep reached each *sometimes* fact and fired each
 * buggify site. Summed up here and written with the transaction: rows come by
 * the dozen. */
#include <string.h>

#include "sim/results_private.h"

static const ReachedRow *catalogue_row(ResultsReachedKind kind,
                                       unsigned number);
static bool write_one(sqlite3_stmt *add, ResultsReachedKind kind,
                      const char *name, const ResultsReached *sum);

static const char *const kind_names[] = {"sometimes", "buggify"};

void
results_add_reached(Results *results, const ResultsRow *row)
{
    for (unsigned i = 0; i < SOMETIMES_COUNT; i++) {
        ResultsReached *sum = &results->reached[RESULTS_SOMETIMES][i];

        sum->runs += row->reached.sometimes[i] > 0;
        sum->times += row->reached.sometimes[i];
    }
    for (unsigned i = 0; i < BUGGIFY_COUNT; i++) {
        ResultsReached *sum = &results->reached[RESULTS_BUGGIFY][i];

        sum->runs += row->reached.buggify[i] > 0;
        sum->times += row->reached.buggify[i];
    }
}

bool
results_write_reached(Results *results, GError **error)
{
    const ReachedRow *row;
    bool good = true;

    for (unsigned kind = 0; kind < G_N_ELEMENTS(kind_names); kind++) {
        for (unsigned i = 0;
             good && (row = catalogue_row((ResultsReachedKind)kind, i)) != NULL;
             i++) {
            const ResultsReached *sum = &results->reached[kind][i];

            if (sum->runs == 0) {
                continue;
            }
            if (results->add_reached == NULL) {
                results->add_reached = results_prepare(
                    results,
                    "INSERT INTO reached(kind, name, runs, times)"
                    "  VALUES (?, ?, ?, ?)"
                    "  ON CONFLICT(kind, name) DO UPDATE SET"
                    "  runs = runs + excluded.runs,"
                    "  times = times + excluded.times",
                    error);
            }
            if (results->add_reached == NULL) {
                return false;
            }
            good = write_one(results->add_reached, (ResultsReachedKind)kind,
                             row->name, sum) ||
                   results_fail(results, error);
        }
    }
    memset(results->reached, 0, sizeof(results->reached));
    return good;
}

static bool
write_one(sqlite3_stmt *add, ResultsReachedKind kind, const char *name,
          const ResultsReached *sum)
{
    bool good;

    sqlite3_bind_text(add, 1, kind_names[kind], -1, SQLITE_STATIC);
    sqlite3_bind_text(add, 2, name, -1, SQLITE_STATIC);
    sqlite3_bind_int64(add, 3, (sqlite3_int64)sum->runs);
    sqlite3_bind_int64(add, 4, (sqlite3_int64)sum->times);
    good = sqlite3_step(add) == SQLITE_DONE;
    sqlite3_reset(add);
    return good;
}

static const ReachedRow *
catalogue_row(ResultsReachedKind kind, unsigned number)
{
    return kind == RESULTS_SOMETIMES ? reached_sometimes(number)
                                     : reached_buggify(number);
}

bool
results_reached(Results *results, ResultsReachedKind kind, unsigned number,
                const char **name, ResultsReached *reached, GError **error)
{
    const ReachedRow *row = catalogue_row(kind, number);
    sqlite3_stmt *find;

    *name = NULL;
    *reached = (ResultsReached){0};
    if (row == NULL) {
        return true;
    }
    find = results_prepare(
        results, "SELECT runs, times FROM reached WHERE kind = ? AND name = ?",
        error);
    if (find == NULL) {
        return false;
    }
    *name = row->name;
    sqlite3_bind_text(find, 1, kind_names[kind], -1, SQLITE_STATIC);
    sqlite3_bind_text(find, 2, row->name, -1, SQLITE_STATIC);
    if (sqlite3_step(find) == SQLITE_ROW) {
        reached->runs = (uint64_t)sqlite3_column_int64(find, 0);
        reached->times = (uint64_t)sqlite3_column_int64(find, 1);
    }
    sqlite3_finalize(find);
    return true;
}

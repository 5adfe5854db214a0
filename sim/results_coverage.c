/* SPDX-License-Identifier: Apache-2.0 */
/* Which abstract states the rows of a sweep passed through. A state has the
 * run that showed it first and whether another one did: all that the chance of
 * seeing something new needs, at two writes a state and sweep. */
#include "sim/results_private.h"

/* What this process knows of a state: how often it has written it. */
#define WRITTEN_TWICE 2u

bool
results_add_states(Results *results, const ResultsRow *row, GError **error)
{
    if (results->add_state == NULL) {
        results->add_state =
            results_prepare(results,
                            "INSERT INTO states(state, variant, seed, again)"
                            "  VALUES (?, ?, ?, 0)"
                            "  ON CONFLICT(state) DO UPDATE SET again = 1",
                            error);
        if (results->add_state == NULL) {
            return false;
        }
    }
    for (unsigned i = 0; i < row->state_count; i++) {
        gpointer key = GUINT_TO_POINTER(row->states[i]);
        unsigned written =
            GPOINTER_TO_UINT(g_hash_table_lookup(results->states, key));

        if (written == WRITTEN_TWICE) {
            continue;
        }
        sqlite3_bind_int64(results->add_state, 1, row->states[i]);
        sqlite3_bind_int64(results->add_state, 2, row->variant);
        sqlite3_bind_int64(results->add_state, 3, (sqlite3_int64)row->seed);
        if (sqlite3_step(results->add_state) != SQLITE_DONE) {
            results_fail(results, error);
            sqlite3_reset(results->add_state);
            return false;
        }
        sqlite3_reset(results->add_state);
        g_hash_table_insert(results->states, key,
                            GUINT_TO_POINTER(written + 1));
    }
    return true;
}

bool
results_coverage(Results *results, ResultsCoverage *coverage, GError **error)
{
    sqlite3_stmt *count = results_prepare(
        results,
        "SELECT (SELECT count(*) FROM states),"
        /* Another build tells no states. */
        "  (SELECT count(*) FROM runs WHERE variant NOT IN"
        "    (SELECT variant FROM variants WHERE build = 'B')),"
        "  (SELECT count(*) FROM (SELECT DISTINCT variant, seed FROM states"
        "                         WHERE again = 0))",
        error);

    *coverage = (ResultsCoverage){0};
    if (count == NULL) {
        return false;
    }
    if (sqlite3_step(count) == SQLITE_ROW) {
        coverage->states = (uint64_t)sqlite3_column_int64(count, 0);
        coverage->runs = (uint64_t)sqlite3_column_int64(count, 1);
        coverage->lonely = (uint64_t)sqlite3_column_int64(count, 2);
    }
    sqlite3_finalize(count);
    return true;
}

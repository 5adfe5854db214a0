/* SPDX-License-Identifier: Apache-2.0 */
/* How often links lost, duplicated, corrupted, reordered and delayed packets
 * in all rows together, beside how often their words say (netmodel/rates.h). */
#include <string.h>

#include "sim/results_private.h"
#include "sim/statistics.h"

#define PPB 1e9

bool
results_add_rates(Results *results, const ResultsRow *row, GError **error)
{
    if (results->add_rate == NULL) {
        results->add_rate = results_prepare(
            results,
            "INSERT INTO rates VALUES (?1, ?2, ?3, ?4, ?5)"
            "  ON CONFLICT(name) DO UPDATE SET trials = trials + ?2,"
            "  expected = expected + ?3, observed = observed + ?4,"
            "  variance = variance + ?5",
            error);
        if (results->add_rate == NULL) {
            return false;
        }
    }
    for (unsigned i = 0; i < RATES_COUNT; i++) {
        const RatesTally *tally = &row->rates.of[i];
        sqlite3_stmt *add = results->add_rate;

        if (tally->trials == 0) {
            continue;
        }
        sqlite3_bind_text(add, 1, rates_name((RatesKind)i), -1, SQLITE_STATIC);
        sqlite3_bind_int64(add, 2, (sqlite3_int64)tally->trials);
        sqlite3_bind_double(add, 3, (double)tally->expected_ppb / PPB);
        sqlite3_bind_int64(add, 4, (sqlite3_int64)tally->observed);
        sqlite3_bind_double(add, 5, (double)tally->variance_ppb / PPB);
        if (sqlite3_step(add) != SQLITE_DONE) {
            results_fail(results, error);
            sqlite3_reset(add);
            return false;
        }
        sqlite3_reset(add);
    }
    return true;
}

bool
results_rates(Results *results, ResultsRate rates[RATES_COUNT], GError **error)
{
    sqlite3_stmt *list = results_prepare(
        results, "SELECT name, trials, expected, observed, variance FROM rates",
        error);

    memset(rates, 0, RATES_COUNT * sizeof(*rates));
    while (list != NULL && sqlite3_step(list) == SQLITE_ROW) {
        for (unsigned i = 0; i < RATES_COUNT; i++) {
            ResultsRate *rate = &rates[i];

            if (strcmp(results_column(list, 0), rates_name((RatesKind)i)) !=
                0) {
                continue;
            }
            rate->trials = (uint64_t)sqlite3_column_int64(list, 1);
            rate->expected = sqlite3_column_double(list, 2);
            rate->observed = (uint64_t)sqlite3_column_int64(list, 3);
            rate->variance = sqlite3_column_double(list, 4);
            rate->chance = statistics_deviation(
                (double)rate->observed - rate->expected, rate->variance);
            /* Bonferroni: one of them errs at most so often. */
            rate->out_of_band =
                rate->chance < RESULTS_RATES_ERROR / RATES_COUNT;
        }
    }
    sqlite3_finalize(list);
    return list != NULL;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Statistics beside numbers from published tables, and simulated coverage of
 * the intervals. */
#include "config.h"

#include "sim/statistics.h"

#include <check.h>
#include <math.h>
#include <stdlib.h>

#include "nodes/dice.h"

/* Newcombe, "Two-sided confidence intervals for the single proportion" (1998),
 * table I, Wilson without continuity correction. */
static const struct {
    uint64_t hits, trials;
    double low, high;
} shares[] = {
    {81, 263, 0.2553, 0.3662}, {15, 148, 0.0624, 0.1605},
    {0, 20, 0.0000, 0.1611},   {1, 29, 0.0061, 0.1718},
    {29, 29, 0.8830, 1.0000},
};

START_TEST(share)
{
    StatisticsInterval got =
        statistics_share(shares[_i].hits, shares[_i].trials, STATISTICS_Z95);

    ck_assert_double_eq_tol(got.low, shares[_i].low, 5e-5);
    ck_assert_double_eq_tol(got.high, shares[_i].high, 5e-5);
}
END_TEST

START_TEST(share_of_nothing)
{
    StatisticsInterval got = statistics_share(0, 0, STATISTICS_Z95);

    ck_assert_double_eq(got.low, 0);
    ck_assert_double_eq(got.high, 1);
}
END_TEST

START_TEST(quantiles)
{
    double values[20];
    StatisticsInterval interval;

    for (unsigned i = 0; i < 20; i++) {
        values[i] = i + 1;
    }
    ck_assert_double_eq_tol(statistics_quantile(values, 20, 0.5), 10.5, 1e-9);
    ck_assert_double_eq_tol(statistics_quantile(values, 20, 0), 1, 1e-9);
    ck_assert_double_eq_tol(statistics_quantile(values, 20, 1), 20, 1e-9);
    ck_assert_double_eq_tol(statistics_quantile(values, 4, 0.25), 1.75, 1e-9);
    /* The median of 20: ranks 6 and 15, 95.9 % (David, table 7.1). */
    interval = statistics_quantile_interval(values, 20, 0.5);
    ck_assert_double_eq(interval.low, 6);
    ck_assert_double_eq(interval.high, 15);
    /* Five values cannot bound a median at 95 %: 2 * 0.5^5 > 0.05. */
    interval = statistics_quantile_interval(values, 5, 0.5);
    ck_assert(isinf(interval.low) && isinf(interval.high));
    interval = statistics_quantile_interval(values, 6, 0.5);
    ck_assert_double_eq(interval.low, 1);
    ck_assert_double_eq(interval.high, 6);
    /* A tie with the infinite: a try that was cut off. */
    values[19] = INFINITY;
    ck_assert_double_eq(statistics_quantile(values, 20, 1), INFINITY);
    ck_assert_double_eq_tol(statistics_quantile(values, 20, 0.5), 10.5, 1e-9);
}
END_TEST

START_TEST(mean)
{
    double values[] = {2, 4, 4, 4, 5, 5, 7, 9};
    double got;
    StatisticsInterval interval = statistics_mean(values, 8, &got);

    /* s = 2.138, t(7) = 2.365. */
    ck_assert_double_eq_tol(got, 5, 1e-12);
    ck_assert_double_eq_tol(interval.high - got, 1.7876, 1e-3);
    ck_assert_double_eq_tol(got - interval.low, 1.7876, 1e-3);
    interval = statistics_mean(values, 1, &got);
    ck_assert(isinf(interval.low));
    ck_assert_double_eq_tol(statistics_cdf_band(100), 0.1358, 1e-4);
}
END_TEST

/* Never less than the true two-sided tail, which small cases can sum. */
START_TEST(deviation_is_a_bound)
{
    for (unsigned n = 1; n <= 12; n++) {
        for (unsigned tenth = 1; tenth < 10; tenth++) {
            double p = tenth / 10.0;

            for (unsigned hits = 0; hits <= n; hits++) {
                double distance = hits - n * p;
                double tail = 0;

                for (unsigned i = 0; i <= n; i++) {
                    if (fabs(i - n * p) >= fabs(distance) - 1e-9) {
                        tail += exp(lgamma(n + 1) - lgamma(i + 1) -
                                    lgamma(n - i + 1) + i * log(p) +
                                    (n - i) * log(1 - p));
                    }
                }
                ck_assert_double_ge(
                    statistics_deviation(distance, n * p * (1 - p)) + 1e-9,
                    tail);
            }
        }
    }
    ck_assert_double_eq(statistics_deviation(0, 5), 1);
    ck_assert_double_eq_tol(statistics_deviation(9, 0), 2 * exp(-4.5), 1e-12);
    /* 1 % loss of a million packets, 2 % seen: certainly wrong; 1.02 %: not. */
    ck_assert_double_lt(statistics_deviation(10000, 9900), 1e-100);
    ck_assert_double_gt(statistics_deviation(200, 9900), 1e-6);
    ck_assert_double_gt(statistics_deviation(-200, 9900), 1e-6);
}
END_TEST

/* The interval for the median covers it at least 95 times in 100. */
START_TEST(median_is_covered)
{
    Stream stream = {.key = 7};
    unsigned covered = 0;

    for (unsigned round = 0; round < 2000; round++) {
        double values[20];
        StatisticsInterval interval;

        for (unsigned i = 0; i < 20; i++) {
            values[i] =
                (double)(stream_u64(&stream) >> 11) / 9007199254740992.0;
        }
        statistics_sort(values, 20);
        interval = statistics_quantile_interval(values, 20, 0.5);
        covered += interval.low <= 0.5 && interval.high >= 0.5;
    }
    ck_assert_uint_ge(covered, 1890);
    ck_assert_uint_le(covered, 1960);
}
END_TEST

START_TEST(sorting)
{
    double values[] = {3, NAN, -1, INFINITY, 2, -INFINITY};

    statistics_sort(values, 6);
    ck_assert_double_eq(values[0], -INFINITY);
    ck_assert_double_eq(values[1], -1);
    ck_assert_double_eq(values[3], 3);
    ck_assert_double_eq(values[4], INFINITY);
    ck_assert(isnan(values[5]));
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("statistics");
    TCase *cases = tcase_create("statistics");
    SRunner *runner;
    int failed;

    tcase_add_loop_test(cases, share, 0, G_N_ELEMENTS(shares));
    tcase_add_test(cases, share_of_nothing);
    tcase_add_test(cases, quantiles);
    tcase_add_test(cases, mean);
    tcase_add_test(cases, deviation_is_a_bound);
    tcase_add_test(cases, median_is_covered);
    tcase_add_test(cases, sorting);
    suite_add_tcase(suite, cases);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

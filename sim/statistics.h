/* SPDX-License-Identifier: Apache-2.0 */
/* The statistics of many runs: intervals, quantiles and tests, each with its
 * source. They describe results and decide nothing inside a run. */
#ifndef SEEDBED_STATISTICS_H
#define SEEDBED_STATISTICS_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#define STATISTICS_Z95          1.9599639845400545 /* two-sided 95 % */
#define STATISTICS_Z95_ONE_SIDE 1.6448536269514722

typedef struct StatisticsInterval {
    double low, high;
} StatisticsInterval;

/* Of a probability of which @hits of @trials were seen, at @z standard
 * deviations (E. B. Wilson, 1927). 0 trials: [0, 1]. */
StatisticsInterval statistics_share(uint64_t hits, uint64_t trials, double z);

/* The @q-quantile (0..1) of @count ascending @values, between two of them by
 * their distance (R. J. Hyndman and Y. Fan, 1996, type 7). @count is not 0. */
double statistics_quantile(const double *values, unsigned count, double q);
/* 95 % for that quantile, whatever the distribution: two order statistics
 * (H. A. David, "Order Statistics", section 7.1). Few values: the ends are the
 * smallest and the largest, or infinite where not even these will do. */
StatisticsInterval statistics_quantile_interval(const double *values,
                                                unsigned count, double q);

/* How far the empirical distribution of @count values is from the true one
 * anywhere, with 95 % confidence (Dvoretzky, Kiefer and Wolfowitz, with
 * Massart's constant, 1990). */
double statistics_cdf_band(unsigned count);

/* Mean of @count values and 95 % for it by Student's t. Fewer than two values:
 * infinite. */
StatisticsInterval statistics_mean(const double *values, unsigned count,
                                   double *mean);

/* At most so likely is a sum that is @distance or farther from its expectation,
 * either way, when its terms are at most 1 from theirs and their variances,
 * each given the terms before it, add up to @variance (D. A. Freedman, "On tail
 * probabilities for martingales", 1975, theorem 1.6, twice). An upper bound:
 * who rejects below it errs at most so often. */
double statistics_deviation(double distance, double variance);

/* @values in ascending order, NaN last. */
void statistics_sort(double *values, unsigned count);

#endif

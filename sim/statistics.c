/* SPDX-License-Identifier: Apache-2.0 */
/* Textbook statistics with textbook names; see the header for the sources. */
#include "sim/statistics.h"

#include <math.h>

static double binomial_below(unsigned count, double q, unsigned rank);
static double entropy_part(double seen, double expected);
static double student(unsigned freedom);

StatisticsInterval
statistics_share(uint64_t hits, uint64_t trials, double z)
{
    double n = (double)trials;
    double p, middle, half;

    g_assert(hits <= trials);
    if (trials == 0) {
        return (StatisticsInterval){0, 1};
    }
    p = (double)hits / n;
    middle = p + z * z / (2 * n);
    half = z * sqrt(p * (1 - p) / n + z * z / (4 * n * n));
    return (StatisticsInterval){
        .low = hits == 0 ? 0 : (middle - half) / (1 + z * z / n),
        .high = hits == trials ? 1 : (middle + half) / (1 + z * z / n)};
}

double
statistics_quantile(const double *values, unsigned count, double q)
{
    double place = q * (double)(count - 1);
    unsigned below = (unsigned)place;

    g_assert(count > 0 && q >= 0 && q <= 1);
    if (below + 1 >= count) {
        return values[count - 1];
    }
    if (place == (double)below) {
        return values[below]; /* also where the next one is infinite */
    }
    return values[below] +
           (place - (double)below) * (values[below + 1] - values[below]);
}

StatisticsInterval
statistics_quantile_interval(const double *values, unsigned count, double q)
{
    StatisticsInterval interval = {-INFINITY, INFINITY};

    /* P(quantile < value of rank r) = P(fewer than r are below it). */
    for (unsigned rank = 1; rank <= count; rank++) {
        double below = binomial_below(count, q, rank);

        if (below <= 0.025) {
            interval.low = values[rank - 1];
        }
        if (below >= 0.975) {
            interval.high = values[rank - 1];
            break;
        }
    }
    return interval;
}

/* P(X < rank) for X binomial of @count trials at @q. */
static double
binomial_below(unsigned count, double q, unsigned rank)
{
    double sum = 0;

    for (unsigned i = 0; i < rank; i++) {
        double choose = lgamma((double)count + 1) - lgamma((double)i + 1) -
                        lgamma((double)(count - i) + 1);

        sum +=
            exp(choose + entropy_part(i, q) + entropy_part(count - i, 1 - q));
    }
    return sum;
}

/* seen * ln(expected), 0 where seen is 0. */
static double
entropy_part(double seen, double expected)
{
    return seen == 0 ? 0 : seen * log(expected);
}

double
statistics_cdf_band(unsigned count)
{
    return count == 0 ? 1 : sqrt(log(2 / 0.05) / (2 * (double)count));
}

StatisticsInterval
statistics_mean(const double *values, unsigned count, double *mean)
{
    double sum = 0, squares = 0, half;

    for (unsigned i = 0; i < count; i++) {
        sum += values[i];
    }
    *mean = count > 0 ? sum / count : NAN;
    if (count < 2) {
        return (StatisticsInterval){-INFINITY, INFINITY};
    }
    for (unsigned i = 0; i < count; i++) {
        squares += (values[i] - *mean) * (values[i] - *mean);
    }
    half = student(count - 1) * sqrt(squares / (count - 1) / count);
    return (StatisticsInterval){*mean - half, *mean + half};
}

/* The 97.5 % quantile of Student's t: a table, then Cornish and Fisher's
 * expansion (Abramowitz and Stegun, 26.7.5). */
static double
student(unsigned freedom)
{
    static const double table[] = {12.706, 4.303, 3.182, 2.776, 2.571,
                                   2.447,  2.365, 2.306, 2.262, 2.228};
    double z = STATISTICS_Z95, n = freedom;

    if (freedom <= G_N_ELEMENTS(table)) {
        return table[freedom - 1];
    }
    return z + (pow(z, 3) + z) / (4 * n) +
           (5 * pow(z, 5) + 16 * pow(z, 3) + 3 * z) / (96 * n * n);
}

double
statistics_deviation(double distance, double variance)
{
    double square = distance * distance;

    return distance == 0
               ? 1
               : MIN(1, 2 * exp(-square / (2 * (variance + fabs(distance)))));
}

static int
by_value(gconstpointer a, gconstpointer b)
{
    double left = *(const double *)a, right = *(const double *)b;

    if (isnan(left) || isnan(right)) {
        return (isnan(left) ? 1 : 0) - (isnan(right) ? 1 : 0);
    }
    return left < right ? -1 : left > right;
}

void
statistics_sort(double *values, unsigned count)
{
    GArray *sorted = g_array_new(FALSE, FALSE, sizeof(double));

    g_array_append_vals(sorted, values, count);
    g_array_sort(sorted, by_value);
    for (unsigned i = 0; i < count; i++) {
        values[i] = g_array_index(sorted, double, i);
    }
    g_array_unref(sorted);
}

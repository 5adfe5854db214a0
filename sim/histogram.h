/* SPDX-License-Identifier: Apache-2.0 */
/* Quantiles of any number of 64-bit values in fixed memory: logarithmic
 * buckets with 128 steps an octave, so a quantile is at most 1/128 too high
 * (the layout of Tene's HdrHistogram). Integers only. */
#ifndef SEEDBED_HISTOGRAM_H
#define SEEDBED_HISTOGRAM_H

#include <stdint.h>

#define HISTOGRAM_STEPS   128u
#define HISTOGRAM_BUCKETS (58u * HISTOGRAM_STEPS)

/* Zeroed is empty. About 58 KiB. */
typedef struct Histogram {
    uint64_t count, max;
    unsigned __int128 sum;
    uint64_t buckets[HISTOGRAM_BUCKETS];
} Histogram;

void histogram_add(Histogram *histogram, uint64_t value);
/* Take back a value that was added. The maximum stays. */
void histogram_remove(Histogram *histogram, uint64_t value);
/* The value below or at which @ppm millionths of all values are (nearest
 * rank); 0 when there are none, exact at 1,000,000. */
uint64_t histogram_quantile(const Histogram *histogram, unsigned ppm);
/* Rounded down; 0 when there are none. */
uint64_t histogram_mean(const Histogram *histogram);

#endif

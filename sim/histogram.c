/* SPDX-License-Identifier: Apache-2.0 */
/* Values below 128 have a bucket each; above, the leading 8 bits of a value
 * choose its bucket. */
#include "sim/histogram.h"

#include <glib.h>

/* Buckets that are summed up at once. */
#define STRIDE 16u

static unsigned bucket_of(uint64_t value);
static uint64_t bucket_top(unsigned bucket);

void
histogram_add(Histogram *histogram, uint64_t value)
{
    histogram->count++;
    histogram->sum += value;
    histogram->max = MAX(histogram->max, value);
    histogram->buckets[bucket_of(value)]++;
}

void
histogram_remove(Histogram *histogram, uint64_t value)
{
    unsigned bucket = bucket_of(value);

    g_assert(histogram->count > 0 && histogram->buckets[bucket] > 0);
    histogram->count--;
    histogram->sum -= value;
    histogram->buckets[bucket]--;
}

uint64_t
histogram_quantile(const Histogram *histogram, unsigned ppm)
{
    unsigned __int128 scaled = (unsigned __int128)histogram->count * ppm;
    uint64_t rank = (uint64_t)((scaled + 999999) / 1000000);
    uint64_t seen = 0;

    g_assert(ppm <= 1000000);
    if (histogram->count == 0) {
        return 0;
    }
    rank = MAX(rank, 1);
    for (unsigned i = 0; i < HISTOGRAM_BUCKETS; i++) {
        while (i % STRIDE == 0 && i + STRIDE < HISTOGRAM_BUCKETS) {
            uint64_t more = 0;

            for (unsigned k = 0; k < STRIDE; k++) {
                more += histogram->buckets[i + k];
            }
            if (seen + more >= rank) {
                break;
            }
            seen += more;
            i += STRIDE;
        }
        seen += histogram->buckets[i];
        if (seen >= rank) {
            return MIN(bucket_top(i), histogram->max);
        }
    }
    return histogram->max;
}

uint64_t
histogram_mean(const Histogram *histogram)
{
    return histogram->count == 0
               ? 0
               : (uint64_t)(histogram->sum / histogram->count);
}

static unsigned
bucket_of(uint64_t value)
{
    unsigned shift;

    if (value < HISTOGRAM_STEPS) {
        return (unsigned)value;
    }
    shift = 63u - (unsigned)__builtin_clzll(value) - 7u;
    return shift * HISTOGRAM_STEPS + (unsigned)(value >> shift);
}

/* The largest value of a bucket. */
static uint64_t
bucket_top(unsigned bucket)
{
    unsigned shift;

    if (bucket < 2 * HISTOGRAM_STEPS) {
        return bucket;
    }
    shift = bucket / HISTOGRAM_STEPS - 1;
    return ((uint64_t)(bucket - shift * HISTOGRAM_STEPS + 1) << shift) - 1;
}

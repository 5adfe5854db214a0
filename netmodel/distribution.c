/* SPDX-License-Identifier: Apache-2.0 */
/* Draws from inverse-CDF tables, and the exponential by an integer
 * logarithm. Reading `.dist` files is distribution_files.c. */
#include "netmodel/distribution.h"

#include <string.h>

#include "netmodel/distribution_tables.h"

/* ln 2 x 2^32, rounded. */
#define LN2 UINT64_C(2977044472)

static uint32_t mix(uint32_t fresh, Chance correlation, uint32_t *last);

/* The order of the manual. */
static const Distribution builtins[] = {
    {"uniform", NULL, 0, DISTRIBUTION_ONE},
    {"constant", NULL, 0, 0},
    {"normal", distribution_table_normal, DISTRIBUTION_ENTRIES, 0},
    {"pareto", distribution_table_pareto, DISTRIBUTION_ENTRIES, 0},
    {"paretonormal", distribution_table_paretonormal, DISTRIBUTION_ENTRIES, 0},
    {"exponential", distribution_table_exponential, DISTRIBUTION_ENTRIES, 0},
    {"lognormal", distribution_table_lognormal, DISTRIBUTION_ENTRIES, 0},
};

const Distribution *
distribution_find(const char *name)
{
    for (unsigned i = 0; i < G_N_ELEMENTS(builtins); i++) {
        if (strcmp(name, builtins[i].name) == 0) {
            return &builtins[i];
        }
    }
    return NULL;
}

const Distribution *
distribution_at(unsigned index)
{
    return index < G_N_ELEMENTS(builtins) ? &builtins[index] : NULL;
}

int32_t
distribution_quantile(const Distribution *distribution, uint64_t u)
{
    if (distribution->values == NULL) {
        int64_t width = 2 * (int64_t)distribution->spread;

        return (int32_t)((int64_t)dice_below(u, (uint64_t)width) -
                         distribution->spread);
    }
    unsigned __int128 place = (unsigned __int128)u * (distribution->count - 1);
    uint32_t index = (uint32_t)(place >> 64);
    int64_t fraction = (int64_t)((uint64_t)place >> 32);
    const int32_t *at = distribution->values + index;

    /* Shifts of negative numbers round down on every compiler we build
     * with; the difference of ascending entries is never negative. */
    return (int32_t)(at[0] + ((((int64_t)at[1] - at[0]) * fraction) >> 32));
}

SimTime
distribution_draw(const Distribution *distribution, Stream *stream,
                  SimTime mean, SimTime jitter, Chance correlation,
                  uint32_t *last)
{
    g_assert(mean <= DISTRIBUTION_TIME_MAX && jitter <= DISTRIBUTION_TIME_MAX);

    bool random = distribution->values != NULL || distribution->spread != 0;
    if (jitter == 0 || !random) {
        return mean;
    }
    uint64_t u = stream_u64(stream);
    if (correlation != 0) {
        u = (uint64_t)mix((uint32_t)(u >> 32), correlation, last) << 32;
    }
    __int128 offset = (__int128)jitter * distribution_quantile(distribution, u);
    __int128 time = (__int128)mean + (offset >> 16);

    if (time < 0) {
        return 0;
    }
    return time < DISTRIBUTION_TIME_MAX ? (SimTime)time : DISTRIBUTION_TIME_MAX;
}

SimTime
distribution_exponential(Stream *stream, SimTime mean)
{
    g_assert(mean >= 1 && mean <= DISTRIBUTION_TIME_MAX);

    uint64_t exponent = distribution_minus_ln(stream_u64(stream));

    return (SimTime)((unsigned __int128)exponent * mean >> 32);
}

uint64_t
distribution_minus_ln(uint64_t u)
{
    uint64_t below = ~u;

    /* Near 0 the series keeps the relative error: x + x^2/2 + x^3/3 with
     * x = below / 2^64 < 2^-10, in units of 2^-54 while it is summed. */
    if (below >> 54 == 0) {
        uint64_t square = (uint64_t)((unsigned __int128)below * below >> 64);
        uint64_t cube = (uint64_t)((unsigned __int128)square * below >> 64);

        return (below + square / 2 + cube / 3) >> 32;
    }
    uint64_t x = u + 1; /* below > 0, so this does not wrap */
    unsigned zeros = (unsigned)__builtin_clzll(x);
    uint64_t mantissa = x << zeros; /* 2^63..2^64 - 1 */
    unsigned index = (unsigned)(mantissa >> 52) & 2047u;
    uint64_t fraction = mantissa >> 20 & 0xffffffffu;
    const uint32_t *at = distribution_table_log2 + index;
    uint64_t log2 =
        at[0] + ((uint64_t)(at[1] - at[0]) * fraction >> 32); /* x 2^31 */
    uint64_t minus_log2 = ((uint64_t)(zeros + 1) << 32) - 2 * log2;

    return (uint64_t)((unsigned __int128)minus_log2 * LN2 >> 32);
}

/* netem's get_crandom(): the fresh number and the last one, weighted. */
static uint32_t
mix(uint32_t fresh, Chance correlation, uint32_t *last)
{
    uint64_t mixed = (uint64_t)fresh * (CHANCE_ONE - correlation) +
                     (uint64_t)*last * correlation;

    *last = (uint32_t)(mixed / CHANCE_ONE);
    return *last;
}

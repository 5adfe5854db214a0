/* SPDX-License-Identifier: Apache-2.0 */
/* 1 / k^s = 2^(-s log2 k) with a logarithm by repeated squaring and a power by
 * repeated square roots, both in fixed point: the same on every machine. */
#include "netmodel/zipf.h"

#include <glib.h>

#define FRACTION_BITS 32u
/* A weight of one is 2^40: with 2^20 ranks the sum stays below 2^61. */
#define WEIGHT_BITS 40u

static uint64_t log2_fixed(uint64_t value);
static uint64_t power_minus(uint64_t exponent);
static uint64_t root(unsigned __int128 value);

unsigned
zipf_draw(const Zipf *zipf, Stream *stream)
{
    uint64_t word = stream_below(stream, zipf->cumulative[zipf->count - 1]);
    unsigned low = 0;
    unsigned high = zipf->count - 1;

    while (low < high) {
        unsigned middle = low + (high - low) / 2;

        if (zipf->cumulative[middle] > word) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    return low;
}

void
zipf_init(Zipf *zipf, unsigned count, unsigned exponent_milli)
{
    uint64_t sum = 0;

    g_assert(count >= 1 && count <= ZIPF_RANKS_MAX);
    zipf->count = count;
    zipf->cumulative = g_new(uint64_t, count);
    for (unsigned k = 1; k <= count; k++) {
        uint64_t exponent = (uint64_t)((unsigned __int128)log2_fixed(k) *
                                       exponent_milli / 1000);

        sum += MAX(power_minus(exponent), 1);
        zipf->cumulative[k - 1] = sum;
    }
}

void
zipf_clear(Zipf *zipf)
{
    g_clear_pointer(&zipf->cumulative, g_free);
}

/* log2(@value) with FRACTION_BITS: square the mantissa, note each carry. */
static uint64_t
log2_fixed(uint64_t value)
{
    unsigned whole = 63 - (unsigned)__builtin_clzll(value);
    uint64_t mantissa = value << (63 - whole); /* in [1, 2), 63 bits behind */
    uint64_t result = whole;

    for (unsigned bit = 0; bit < FRACTION_BITS; bit++) {
        unsigned __int128 square = (unsigned __int128)mantissa * mantissa;

        result <<= 1;
        if (square >> 127 != 0) {
            result |= 1;
            mantissa = (uint64_t)(square >> 64);
        } else {
            mantissa = (uint64_t)(square >> 63);
        }
    }
    return result;
}

/* 2^-@exponent (FRACTION_BITS) in WEIGHT_BITS. */
static uint64_t
power_minus(uint64_t exponent)
{
    uint64_t whole = exponent >> FRACTION_BITS;
    uint64_t factor = (uint64_t)1 << 63; /* 2^-1, then its square roots */
    unsigned __int128 power = (unsigned __int128)1 << 63; /* 1, 63 bits */

    if (whole >= WEIGHT_BITS) {
        return 0;
    }
    for (unsigned bit = FRACTION_BITS; bit > 0; bit--) {
        /* factor = 2^-(2^-n) with 64 bits behind the point. */
        factor = root((unsigned __int128)factor << 64);
        if ((exponent >> (bit - 1) & 1) != 0) {
            power = power * factor >> 64;
        }
    }
    return (uint64_t)(power >> (63 - WEIGHT_BITS)) >> whole;
}

/* The integer square root. */
static uint64_t
root(unsigned __int128 value)
{
    uint64_t result = 0;

    for (int bit = 63; bit >= 0; bit--) {
        uint64_t next = result | (uint64_t)1 << bit;

        if ((unsigned __int128)next * next <= value) {
            result = next;
        }
    }
    return result;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Counter-based, keyed randomness: draw = f(key, counter), nothing else.
 *
 * f is Philox2x64-10 of Salmon, Moraes, Dror and Shaw, "Parallel random
 * numbers: as easy as 1, 2, 3" (SC 2011): 128 bits of counter, 64 of key, ten
 * rounds; it passes BigCrush. A stream is a key; nobody's draws can shift
 * anybody else's, which is what makes a trace survive an added link, a log
 * line or a removed fault. */
#ifndef SEEDBED_DICE_H
#define SEEDBED_DICE_H

#include <stdint.h>

/* A fresh key that came with an Input: expand it with dice_u64(). */
typedef struct Dice {
    uint64_t key;
    uint64_t counter;
} Dice;

/* One block of Philox2x64-10: two 64-bit words. Cost about 10 ns. */
static inline void
dice_block(uint64_t key, uint64_t high, uint64_t low, uint64_t out[2])
{
    for (int round = 0; round < 10; round++) {
        unsigned __int128 product =
            (unsigned __int128)0xD2B74407B1CE6E93u * low;

        low = (uint64_t)(product >> 64) ^ key ^ high;
        high = (uint64_t)product;
        key += 0x9E3779B97F4A7C15u;
    }
    out[0] = low;
    out[1] = high;
}

/* The @index-th 64-bit word of @dice. Uniform; same arguments, same word. */
static inline uint64_t
dice_u64(const Dice *dice, uint64_t index)
{
    uint64_t out[2];

    dice_block(dice->key, dice->counter, index, out);
    return out[0];
}

/* @word scaled to 0..@bound - 1 (multiply-shift: bias below 2^-64 x bound). */
static inline uint64_t
dice_below(uint64_t word, uint64_t bound)
{
    return (uint64_t)((unsigned __int128)word * bound >> 64);
}

/* A stream of draws with its own counter: what the virtual world uses. */
typedef struct Stream {
    uint64_t key;
    uint64_t counter; /* draws so far */
} Stream;

static inline uint64_t
stream_u64(Stream *stream)
{
    uint64_t out[2];

    dice_block(stream->key, 0, stream->counter++, out);
    return out[0];
}

static inline uint64_t
stream_below(Stream *stream, uint64_t bound)
{
    return dice_below(stream_u64(stream), bound);
}

#endif

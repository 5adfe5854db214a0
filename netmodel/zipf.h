/* SPDX-License-Identifier: Apache-2.0 */
/* Zipf's law over n ranks, in integers: rank k is drawn in proportion to
 * 1 / k^s. A table of n words, made once; a draw is a binary search. */
#ifndef SEEDBED_ZIPF_H
#define SEEDBED_ZIPF_H

#include "nodes/dice.h"

#define ZIPF_RANKS_MAX (1u << 20)

typedef struct Zipf {
    unsigned count;
    uint64_t *cumulative; /* sum of the weights of ranks 0..k */
} Zipf;

/* @count (1..ZIPF_RANKS_MAX) ranks, exponent @exponent_milli / 1000. Release
 * with zipf_clear(). */
void zipf_init(Zipf *zipf, unsigned count, unsigned exponent_milli);
void zipf_clear(Zipf *zipf);
/* A rank 0..count - 1; exactly one draw. */
unsigned zipf_draw(const Zipf *zipf, Stream *stream);

#endif

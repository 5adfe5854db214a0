/* SPDX-License-Identifier: Apache-2.0 */
/* Random streams by name: a key per (seed, purpose, owner). A stream is named
 * by what it is for ("link.loss", from, to), so that adding a link, a fault
 * or a client reshuffles no other stream's draws. */
#ifndef SEEDBED_STREAMS_H
#define SEEDBED_STREAMS_H

#include "nodes/dice.h"

/* The key of the stream @purpose of owner (@a, @b) under @seed. Hashing the
 * name makes keys independent of the order in which streams are made. */
uint64_t streams_key(uint64_t seed, const char *purpose, uint64_t a,
                     uint64_t b);

static inline Stream
streams_make(uint64_t seed, const char *purpose, uint64_t a, uint64_t b)
{
    return (Stream){streams_key(seed, purpose, a, b), 0};
}

#endif

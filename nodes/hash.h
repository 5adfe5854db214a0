/* SPDX-License-Identifier: Apache-2.0 */
/* XXH3-64 of bytes and of little-endian words, inlined for short inputs.
 * It guards against accidents of disks and networks, not against malice. */
#ifndef SEEDBED_HASH_H
#define SEEDBED_HASH_H

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <glib.h>
#include <stddef.h>
#include <stdint.h>

#include "nodes/bytes.h"

#define HASH_WORDS_MAX 16u

static inline uint64_t
hash_bytes(const void *data, size_t size, uint64_t seed)
{
    return XXH3_64bits_withSeed(data, size, seed);
}

/* The hash of what @slice shows, with seed 0. A buffer that is shown as a
 * whole remembers it: a message is sent to many and seen at both ends. For
 * one thread at a time. */
static inline uint64_t
hash_slice(Slice slice)
{
    Bytes *owner = slice.owner;

    if (owner == NULL || slice.size != owner->size) {
        return hash_bytes(slice.data, slice.size, 0);
    }
    if (!owner->hashed) {
        owner->hash = hash_bytes(slice.data, slice.size, 0);
        owner->hashed = 1;
    }
    return owner->hash;
}

/* The hash of @count (at most HASH_WORDS_MAX) words, the same on any
 * machine. */
static inline uint64_t
hash_words(const uint64_t *words, unsigned count, uint64_t seed)
{
#if G_BYTE_ORDER == G_LITTLE_ENDIAN
    return XXH3_64bits_withSeed(words, count * sizeof(uint64_t), seed);
#else
    uint64_t swapped[HASH_WORDS_MAX];

    for (unsigned i = 0; i < count; i++) {
        swapped[i] = GUINT64_TO_LE(words[i]);
    }
    return XXH3_64bits_withSeed(swapped, count * sizeof(uint64_t), seed);
#endif
}

#endif

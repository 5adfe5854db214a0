/* SPDX-License-Identifier: Apache-2.0 */
/* Keys of pending events: what the queue moves and compares instead of the
 * events themselves, and how it sorts them. Private to the queue. */
#ifndef SEEDBED_QUEUE_KEY_H
#define SEEDBED_QUEUE_KEY_H

#include "sim/event.h"

/* Time and the upper half of order1 (cell and class) decide nearly always;
 * only where both tie is the event itself looked at. */
typedef struct Key {
    SimTime at;
    uint64_t tail; /* order1's upper half << 32 | slot */
} Key;

static inline Key
key_of(const Event *event, uint32_t slot)
{
    return (Key){event->at, (event->order1 & ~(uint64_t)UINT32_MAX) | slot};
}

static inline uint32_t
key_slot(Key key)
{
    return (uint32_t)key.tail;
}

/* key_before() where the times are equal. */
bool key_before_tied(const Event *events, Key left, Key right);

/* Does @left come before @right? Exact; @events is the slab. */
static inline bool
key_before(const Event *events, Key left, Key right)
{
    if (__builtin_expect(left.at != right.at, 1)) {
        return left.at < right.at;
    }
    return key_before_tied(events, left, right);
}

/* The smallest shift with @span >> shift < @bucket_count (a positive one). */
static inline unsigned
key_shift(uint64_t span, uint64_t bucket_count)
{
    unsigned shift = 0;

    if (span >= bucket_count) {
        /* The bits that span has more than bucket_count, less one ... */
        shift = (unsigned)__builtin_clzll(bucket_count) -
                (unsigned)__builtin_clzll(span);
        /* ... which may be one too few. */
        shift += (span >> shift) >= bucket_count;
    }
    return shift;
}

/* Writes @count @keys in order to @sorted. @keys is scratch afterwards.
 * About 8 ns a key when times are spread evenly, O(n log n) at worst. */
void key_sort(const Event *events, Key *keys, size_t count, Key *sorted);

#endif

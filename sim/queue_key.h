/* SPDX-License-Identifier: Apache-2.0 */
/* Keys of pending events: what the queue moves and compares instead of the
 * events themselves, and how it sorts them. Private to the queue. */
#ifndef SEEDBED_QUEUE_KEY_H
#define SEEDBED_QUEUE_KEY_H

#include <glib.h>

#include "sim/event.h"

/* Time and the upper half of order1 (cell and class) decide nearly always;
 * only where both tie is the event itself looked at. */
typedef struct Key {
    SimTime at;
    uint64_t tail; /* order1's upper half << 32 | slot */
} Key;

static inline Key
queue_key_of(const Event *event, uint32_t slot)
{
    return (Key){event->at, (event->order1 & ~(uint64_t)UINT32_MAX) | slot};
}

static inline uint32_t
queue_key_slot(Key key)
{
    return (uint32_t)key.tail;
}

/* queue_key_before() where cell and class are equal too. */
bool queue_key_before_tied(const Event *events, Key left, Key right);

/* Does @left come before @right? Exact; @events is the slab. */
static inline bool
queue_key_before(const Event *events, Key left, Key right)
{
    if (__builtin_expect(left.at != right.at, 1)) {
        return left.at < right.at;
    }
    if ((left.tail ^ right.tail) >> 32 != 0) {
        return left.tail < right.tail;
    }
    return queue_key_before_tied(events, left, right);
}

/* The smallest shift with @span >> shift < @bucket_count (a positive one). */
static inline unsigned
queue_key_shift(uint64_t span, uint64_t bucket_count)
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
void queue_key_sort(const Event *events, Key *keys, size_t count, Key *sorted);

typedef struct Keys {
    Key *items;
    size_t count;
    size_t capacity;
} Keys;

/* Like g_realloc(), on cache-line boundaries, and huge pages when it is big.
 * Aborts when there is no memory; release with free(). */
void *queue_keys_grow(void *old, size_t old_size, size_t new_size);

/* Room for @count keys in all. */
static inline void
queue_keys_reserve(Keys *keys, size_t count)
{
    if (G_UNLIKELY(count > keys->capacity)) {
        size_t after = MAX(2 * keys->capacity, MAX(count, 64));

        keys->items = queue_keys_grow(keys->items, keys->capacity * sizeof(Key),
                                      after * sizeof(Key));
        keys->capacity = after;
    }
}

#endif

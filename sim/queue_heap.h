/* SPDX-License-Identifier: Apache-2.0 */
/* A 4-ary heap of keys: four children share a cache line or two, and half as
 * many levels as a binary heap has are half as many mispredictions. Private
 * to the queue, and inline because a few hundred events live in it. */
#ifndef SEEDBED_QUEUE_HEAP_H
#define SEEDBED_QUEUE_HEAP_H

#include "sim/queue_key.h"

/* The children of @heap->items[i] are at 4i + 1 .. 4i + 4; @events is the
 * slab that the keys belong to. */
static inline void
queue_heap_push(Keys *heap, const Event *events, Key key)
{
    queue_keys_reserve(heap, heap->count + 1);

    Key *items = heap->items;
    size_t i = heap->count++;

    while (i > 0) {
        size_t parent = (i - 1) / 4;

        if (!queue_key_before(events, key, items[parent])) {
            break;
        }
        items[i] = items[parent];
        i = parent;
    }
    items[i] = key;
}

/* Removes the first key of the heap. */
static inline void
queue_heap_drop(Keys *heap, const Event *events)
{
    Key *items = heap->items;
    size_t count = --heap->count;
    Key last = items[count];
    size_t i = 0;

    for (;;) {
        size_t child = 4 * i + 1;
        size_t least = child;

        if (child + 4 <= count) {
            /* Arithmetic, not branches: nobody could predict these. */
            size_t left = child + queue_key_before(events, items[child + 1],
                                                   items[child]);
            size_t right =
                child + 2 +
                queue_key_before(events, items[child + 3], items[child + 2]);
            size_t other = queue_key_before(events, items[right], items[left]);

            least = left ^ ((left ^ right) & (0 - other));
        } else {
            for (size_t k = child + 1; k < count; k++) {
                least = queue_key_before(events, items[k], items[least])
                            ? k
                            : least;
            }
        }
        if (least >= count || !queue_key_before(events, items[least], last)) {
            break;
        }
        items[i] = items[least];
        i = least;
    }
    items[i] = last;
}

#endif

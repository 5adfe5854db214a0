/* SPDX-License-Identifier: Apache-2.0 */
/* Items by a log index that only grows at one end and is forgotten at the
 * other: a ring of a power of two. O(1) each; memory is that of the longest
 * stretch kept at a time. */
#ifndef SEEDBED_INDEX_RING_H
#define SEEDBED_INDEX_RING_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#define INDEX_RING_MIN 64u

typedef struct IndexItem {
    uint64_t term;
    uint64_t hash;   /* of the entry */
    uint64_t prefix; /* of all entries up to and with this one */
} IndexItem;

/* Holds first..last; empty when last + 1 == first. */
typedef struct IndexRing {
    uint64_t first, last;
    uint64_t mask;
    IndexItem *items;
} IndexRing;

static inline void
index_ring_init(IndexRing *ring, uint64_t first)
{
    ring->first = first;
    ring->last = first - 1;
    ring->mask = INDEX_RING_MIN - 1; /* short runs touch few pages */
    ring->items = g_new(IndexItem, INDEX_RING_MIN);
}

static inline bool
index_ring_has(const IndexRing *ring, uint64_t index)
{
    return index >= ring->first && index <= ring->last;
}

static inline IndexItem *
index_ring_at(const IndexRing *ring, uint64_t index)
{
    g_assert(index_ring_has(ring, index));
    return &ring->items[index & ring->mask];
}

/* The next index. */
static inline IndexItem *
index_ring_push(IndexRing *ring)
{
    if (ring->last + 1 - ring->first > ring->mask) {
        uint64_t mask = ring->mask * 2 + 1;
        IndexItem *items = g_new(IndexItem, mask + 1);

        for (uint64_t i = ring->first; i <= ring->last; i++) {
            items[i & mask] = ring->items[i & ring->mask];
        }
        g_free(ring->items);
        ring->items = items;
        ring->mask = mask;
    }
    ring->last++;
    return &ring->items[ring->last & ring->mask];
}

/* Forget what lies before @first. */
static inline void
index_ring_forget(IndexRing *ring, uint64_t first)
{
    if (first > ring->first) {
        ring->first = first;
        if (ring->last + 1 < first) {
            ring->last = first - 1;
        }
    }
}

/* Remove @from and all behind it. */
static inline void
index_ring_cut(IndexRing *ring, uint64_t from)
{
    if (from <= ring->last) {
        ring->last = from < ring->first ? ring->first - 1 : from - 1;
    }
}

static inline void
index_ring_clear(IndexRing *ring)
{
    g_free(ring->items);
    ring->items = NULL;
}

#endif

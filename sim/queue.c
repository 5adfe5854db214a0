/* SPDX-License-Identifier: Apache-2.0 */
/* The event queue: a ladder queue (Tang, Goh and Thng, "Ladder queue: an O(1)
 * priority queue structure for large-scale discrete event simulation", TOMACS
 * 15(3), 2005) whose bottom is a sorted run and a heap, and whose keys travel
 * without their events.
 *
 * Events lie still in a slab; 16-byte keys (time, upper half of order1, slot)
 * move. From late to early, a key is in
 *
 *   top      an unsorted array: at >= top_start
 *   rungs    buckets of equal width, each rung a finer division of the bucket
 *            that the rung before it has just emptied
 *   bottom   at < bottom_end: `run`, a sorted array, taken from its head, and
 *            `heap`, for what is pushed before bottom_end afterwards
 *
 * and when the bottom is empty the next bucket that is not moves there: it is
 * sorted if it is small (queue_sort.c) and else becomes a rung. A cluster's
 * few hundred events never leave the bottom: there the queue is a plain 4-ary
 * heap. When the heap outgrows the run, bottom becomes a rung; where that
 * cannot help (one instant, no rung left) the heap's O(log n) stands. Hence no
 * distribution makes it quadratic: a key pays for a rung at most RUNGS_MAX
 * times, for a heap O(log n), for a merge sort O(log n).
 *
 * What profiles taught (PHOLD, ns an event of which 12 are the benchmark's):
 * with 16 k pending the time goes into mispredicted branches, so widths are
 * powers of two and sorting is by counting. With 1 M it goes into cache
 * misses: buckets are few, so that their write ends stay in the cache, and
 * hold chunks of consecutive keys, not lists through the events, where each
 * miss waits for the one before; prefetching events as the run comes near
 * them took 111 to 53, huge pages 63 to 53, sorting buckets of thousands of
 * keys instead of making a rung of them 53 to 40. The slot popped last is
 * reused first: it is in the cache. With 16 to 500 pending one misprediction
 * a push is what is left (25 ns a pop and push); neither a sorted array with
 * insertion nor small rungs did better than the heap.
 */
#include "sim/queue.h"

#include <glib.h>
#include <stdlib.h>
#include <string.h>

#include "sim/queue_heap.h"
#include "sim/queue_key.h"

#define RUNGS_MAX     16u
#define CHUNK_KEYS    16u
#define BUCKETS_MAX   8192u
#define BUCKET_SHARE  8u    /* keys a bucket that a rung is made for */
#define SORT_MAX      4096u /* more keys than this in a bucket make a rung */
#define HEAP_MAX      256u  /* more keys than this make a rung */
#define PREFETCH_KEYS 8u
#define NONE          UINT32_MAX

/* The last of its chunks, which alone may be part-filled. */
typedef struct Bucket {
    uint32_t chunk;
    uint32_t count;
} Bucket;

typedef struct Rung {
    SimTime start;   /* of bucket 0 */
    SimTime current; /* bucket @next begins here; earlier keys go below */
    SimTime end;     /* where the rung before it goes on */
    size_t count;
    unsigned shift; /* buckets are 1 << shift wide; the last goes to @end */
    uint32_t next;
    uint32_t bucket_count;
    Bucket *buckets; /* BUCKETS_MAX, made when the rung is first used */
} Rung;

struct Queue {
    SimTime top_start;
    SimTime bottom_end;
    size_t count;
    Event *events; /* the slab; a free slot's `at` is the next free slot */
    uint32_t free_slot;
    uint32_t rung_count;
    size_t event_count, event_capacity; /* slots ever used */
    Keys run;                           /* ascending */
    size_t run_head;                    /* taken so far */
    Keys heap;                          /* children of i at 4i + 1 .. 4i + 4 */
    size_t heap_limit;
    Keys top;
    Keys scratch;
    Key *chunks; /* CHUNK_KEYS each */
    uint32_t *chunk_before;
    uint32_t free_chunk; /* linked by chunk_before */
    uint32_t chunk_count, chunk_capacity;
    Rung rungs[RUNGS_MAX];
};

static bool bottom_ready(Queue *queue);
static const Key *bottom_first(const Queue *queue);
static void bottom_take(Queue *queue, Event *out);
static void bottom_spill(Queue *queue);
static void refill(Queue *queue);
static bool rung_add(Queue *queue, const Key *keys, size_t count, SimTime end);
static void rung_push(Queue *queue, Rung *rung, Key key);
static void bucket_gather(Queue *queue, Rung *rung);
static uint32_t slot_new(Queue *queue);

void
queue_push(Queue *queue, const Event *event)
{
    g_assert(event->at != SIM_NEVER);

    SimTime at = event->at;
    uint32_t slot = slot_new(queue);
    Key key = queue_key_of(event, slot);

    event_store(&queue->events[slot], event);
    queue->count++;
    if (at >= queue->top_start) {
        queue_keys_reserve(&queue->top, queue->top.count + 1);
        queue->top.items[queue->top.count++] = key;
        return;
    }
    if (at >= queue->bottom_end) {
        Rung *rung = queue->rungs;

        while (at < rung->current) {
            rung++;
        }
        rung_push(queue, rung, key);
        return;
    }
    queue_heap_push(&queue->heap, queue->events, key);
    if (queue->heap.count > queue->heap_limit) {
        bottom_spill(queue);
    }
}

bool
queue_pop(Queue *queue, Event *out)
{
    if (!bottom_ready(queue)) {
        return false;
    }
    bottom_take(queue, out);
    return true;
}

bool
queue_pop_before(Queue *queue, SimTime end, Event *out)
{
    if (!bottom_ready(queue) || bottom_first(queue)->at >= end) {
        return false;
    }
    bottom_take(queue, out);
    return true;
}

const Event *
queue_peek(Queue *queue)
{
    if (!bottom_ready(queue)) {
        return NULL;
    }
    return &queue->events[queue_key_slot(*bottom_first(queue))];
}

SimTime
queue_next_at(Queue *queue)
{
    return bottom_ready(queue) ? bottom_first(queue)->at : SIM_NEVER;
}

size_t
queue_count(const Queue *queue)
{
    return queue->count;
}

/* Is there anything to take from the bottom, now that it was refilled? */
static inline bool
bottom_ready(Queue *queue)
{
    if (queue->run_head < queue->run.count || queue->heap.count > 0) {
        return true;
    }
    if (queue->count == 0) {
        return false;
    }
    refill(queue);
    return true;
}

static inline bool
run_is_first(const Queue *queue)
{
    if (queue->heap.count == 0) {
        return true;
    }
    return queue->run_head < queue->run.count &&
           queue_key_before(queue->events, queue->run.items[queue->run_head],
                            queue->heap.items[0]);
}

static inline const Key *
bottom_first(const Queue *queue)
{
    return run_is_first(queue) ? &queue->run.items[queue->run_head]
                               : &queue->heap.items[0];
}

static inline void
bottom_take(Queue *queue, Event *out)
{
    uint32_t slot;

    if (run_is_first(queue)) {
        const Key *key = &queue->run.items[queue->run_head++];

        if (queue->run_head + PREFETCH_KEYS <= queue->run.count) {
            __builtin_prefetch(
                &queue->events[queue_key_slot(key[PREFETCH_KEYS])]);
        }
        slot = queue_key_slot(*key);
    } else {
        slot = queue_key_slot(queue->heap.items[0]);
        __builtin_prefetch(&queue->events[slot]);
        queue_heap_drop(&queue->heap, queue->events);
    }
    *out = queue->events[slot];
    queue->events[slot].at = queue->free_slot;
    queue->free_slot = slot;
    queue->count--;
}

/* The heap has outgrown the run: all of the bottom becomes a rung, paid for
 * by the pushes that filled the heap. */
static void
bottom_spill(Queue *queue)
{
    size_t run_left = queue->run.count - queue->run_head;
    size_t count = queue->heap.count + run_left;

    if (queue->heap.count < run_left) {
        queue->heap_limit = run_left;
        return;
    }
    queue_keys_reserve(&queue->scratch, count);
    memcpy(queue->scratch.items, queue->heap.items,
           queue->heap.count * sizeof(Key));
    memcpy(queue->scratch.items + queue->heap.count,
           queue->run.items + queue->run_head, run_left * sizeof(Key));
    if (!rung_add(queue, queue->scratch.items, count, queue->bottom_end)) {
        queue->heap_limit = 2 * count;
        return;
    }
    queue->heap.count = 0;
    queue->run.count = 0;
    queue->run_head = 0;
    queue->heap_limit = HEAP_MAX;
}

/* The bottom is empty and something is pending: bring down what is next. */
static void
refill(Queue *queue)
{
    Keys *scratch = &queue->scratch;
    Keys *run = &queue->run;

    queue->heap_limit = HEAP_MAX;
    for (;;) {
        while (queue->rung_count > 0 &&
               queue->rungs[queue->rung_count - 1].count == 0) {
            queue->rung_count--;
        }
        if (queue->rung_count > 0) {
            Rung *rung = &queue->rungs[queue->rung_count - 1];

            bucket_gather(queue, rung);
            queue->bottom_end = rung->current;
        } else {
            Keys top = queue->top;

            queue->top = *scratch;
            queue->top.count = 0;
            *scratch = top;

            SimTime latest = 0;

            for (size_t i = 0; i < scratch->count; i++) {
                latest = MAX(latest, scratch->items[i].at);
            }
            queue->top_start = latest + 1;
            queue->bottom_end = latest + 1;
        }
        if (scratch->count > SORT_MAX &&
            rung_add(queue, scratch->items, scratch->count,
                     queue->bottom_end)) {
            continue;
        }
        queue_keys_reserve(run, scratch->count);
        queue_key_sort(queue->events, scratch->items, scratch->count,
                       run->items);
        run->count = scratch->count;
        queue->run_head = 0;
        for (size_t i = 0; i < MIN(run->count, PREFETCH_KEYS); i++) {
            __builtin_prefetch(&queue->events[queue_key_slot(run->items[i])]);
        }
        return;
    }
}

/* Spreads @keys, all before @end, over a new rung. False when they cannot be
 * told apart by time, or there are rungs enough. */
static bool
rung_add(Queue *queue, const Key *keys, size_t count, SimTime end)
{
    SimTime first = SIM_NEVER, last = 0;

    if (queue->rung_count == RUNGS_MAX) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        first = MIN(first, keys[i].at);
        last = MAX(last, keys[i].at);
    }
    if (first == last) {
        return false;
    }

    Rung *rung = &queue->rungs[queue->rung_count++];
    uint64_t most = CLAMP(count / BUCKET_SHARE, 2, BUCKETS_MAX);

    rung->start = first;
    rung->current = first;
    rung->end = end;
    rung->count = 0;
    rung->next = 0;
    rung->shift = queue_key_shift(last - first, most);
    rung->bucket_count = (uint32_t)((last - first) >> rung->shift) + 1;
    if (rung->buckets == NULL) {
        rung->buckets = g_new(Bucket, BUCKETS_MAX);
    }
    for (uint32_t i = 0; i < rung->bucket_count; i++) {
        rung->buckets[i] = (Bucket){.chunk = NONE};
    }
    queue->bottom_end = first;
    for (size_t i = 0; i < count; i++) {
        rung_push(queue, rung, keys[i]);
    }
    return true;
}

static uint32_t
chunk_new(Queue *queue)
{
    uint32_t chunk = queue->free_chunk;

    if (chunk != NONE) {
        queue->free_chunk = queue->chunk_before[chunk];
        return chunk;
    }
    if (queue->chunk_count == queue->chunk_capacity) {
        size_t before = queue->chunk_capacity;
        size_t after = before == 0 ? 64 : 2 * before;

        queue->chunks =
            queue_keys_grow(queue->chunks, before * CHUNK_KEYS * sizeof(Key),
                            after * CHUNK_KEYS * sizeof(Key));
        queue->chunk_before = g_renew(uint32_t, queue->chunk_before, after);
        queue->chunk_capacity = (uint32_t)after;
    }
    return queue->chunk_count++;
}

static inline void
rung_push(Queue *queue, Rung *rung, Key key)
{
    uint64_t index = (key.at - rung->start) >> rung->shift;
    Bucket *bucket = &rung->buckets[MIN(index, rung->bucket_count - 1u)];
    uint32_t within = bucket->count++ % CHUNK_KEYS;

    if (G_UNLIKELY(within == 0)) {
        uint32_t chunk = chunk_new(queue);

        queue->chunk_before[chunk] = bucket->chunk;
        bucket->chunk = chunk;
    }
    queue->chunks[(size_t)bucket->chunk * CHUNK_KEYS + within] = key;
    rung->count++;
}

/* Moves the keys of the next bucket that has some to scratch. */
static void
bucket_gather(Queue *queue, Rung *rung)
{
    g_assert(rung->count > 0);

    while (rung->buckets[rung->next].count == 0) {
        rung->next++;
    }

    Bucket bucket = rung->buckets[rung->next++];
    uint32_t within = (bucket.count - 1) % CHUNK_KEYS + 1;
    Key *out;

    queue_keys_reserve(&queue->scratch, bucket.count);
    out = queue->scratch.items;
    queue->scratch.count = bucket.count;
    while (bucket.chunk != NONE) {
        uint32_t before = queue->chunk_before[bucket.chunk];

        memcpy(out, &queue->chunks[(size_t)bucket.chunk * CHUNK_KEYS],
               within * sizeof(Key));
        out += within;
        within = CHUNK_KEYS;
        queue->chunk_before[bucket.chunk] = queue->free_chunk;
        queue->free_chunk = bucket.chunk;
        bucket.chunk = before;
    }
    rung->count -= bucket.count;
    rung->current = rung->next < rung->bucket_count
                        ? rung->start + ((SimTime)rung->next << rung->shift)
                        : rung->end;
}

static inline uint32_t
slot_new(Queue *queue)
{
    uint32_t slot = queue->free_slot;

    if (slot != NONE) {
        queue->free_slot = (uint32_t)queue->events[slot].at;
        return slot;
    }
    if (queue->event_count == queue->event_capacity) {
        size_t before = queue->event_capacity;
        size_t after = before == 0 ? 64 : 2 * before;

        g_assert(after <= (size_t)1 << 31);
        queue->events = queue_keys_grow(queue->events, before * sizeof(Event),
                                        after * sizeof(Event));
        queue->event_capacity = after;
    }
    return (uint32_t)queue->event_count++;
}

Queue *
queue_new(void)
{
    Queue *queue = g_new0(Queue, 1);

    queue->free_slot = NONE;
    queue->free_chunk = NONE;
    queue->heap_limit = HEAP_MAX;
    return queue;
}

void
queue_free(Queue *queue)
{
    if (queue == NULL) {
        return;
    }
    for (unsigned i = 0; i < RUNGS_MAX; i++) {
        g_free(queue->rungs[i].buckets);
    }
    free(queue->run.items);
    free(queue->heap.items);
    free(queue->top.items);
    free(queue->scratch.items);
    free(queue->chunks);
    free(queue->events);
    g_free(queue->chunk_before);
    g_free(queue);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Configurations that failed, in one block of memory: how far the returns had
 * come, the state, which operations under way were in the order, and which
 * infos were used. */
#include <string.h>

#include "nodes/hash.h"
#include "sim/linear_search_private.h"

#define BUCKETS_MIN 1024u

static uint64_t known_as(LinearSearch *search, uint64_t state);
static uint64_t hash_of(const LinearSearch *search, uint64_t state,
                        uint32_t ret, const uint64_t *mask);
static void grow(LinearSearch *search);

bool
linear_search_remembers(LinearSearch *search, const Frame *frame)
{
    uint32_t number;
    uint64_t hash, known;

    if (search->memory_count == 0) {
        return false;
    }
    known = known_as(search, frame->state);
    hash = hash_of(search, known, frame->ret, search->mask);
    number = search->buckets[hash & (search->bucket_count - 1)];
    while (number != 0) {
        const uint64_t *words =
            search->memory + (size_t)(number - 1) * search->stride;
        const uint64_t *used = words + 2 + search->mask_words;
        bool found = words[0] == known && words[1] >> 32 == frame->ret;

        for (unsigned i = 0; found && i < search->mask_words; i++) {
            found = words[2 + i] == search->mask[i];
        }
        for (unsigned i = 0; found && i < search->used_words; i++) {
            found = (used[i] & ~search->used[i]) == 0;
        }
        if (found) {
            return true;
        }
        number = (uint32_t)words[1];
    }
    return false;
}

/* The mask of a frame that is left is that of its arrival: what was taken
 * from there on has been taken back. */
void
linear_search_remember(LinearSearch *search, const Frame *frame)
{
    uint64_t *words, hash, known = known_as(search, frame->state);
    uint32_t *bucket;

    if (search->memory_count == search->memory_room) {
        grow(search);
    }
    words = search->memory + (size_t)search->memory_count * search->stride;
    search->memory_count++;
    hash = hash_of(search, known, frame->ret, search->mask);
    bucket = &search->buckets[hash & (search->bucket_count - 1)];
    words[0] = known;
    words[1] = (uint64_t)frame->ret << 32 | *bucket;
    memcpy(words + 2, search->mask, search->mask_words * sizeof(uint64_t));
    memcpy(words + 2 + search->mask_words, search->used,
           search->used_words * sizeof(uint64_t));
    *bucket = search->memory_count;
}

/* The state, or one for all that nobody notices. */
static uint64_t
known_as(LinearSearch *search, uint64_t state)
{
    return linear_search_seen(search, state) ? state : UNSEEN;
}

/* Multiplication and shifts: three short words are the rule. */
static uint64_t
hash_of(const LinearSearch *search, uint64_t state, uint32_t ret,
        const uint64_t *mask)
{
    uint64_t hash = state * UINT64_C(0x9e3779b97f4a7c15) + ret;

    for (unsigned i = 0; i < search->mask_words; i++) {
        hash ^= hash >> 32;
        hash = (hash ^ mask[i]) * UINT64_C(0xd6e8feb86659fd93);
    }
    hash ^= hash >> 32;
    hash *= UINT64_C(0xd6e8feb86659fd93);
    return hash ^ hash >> 29;
}

static void
grow(LinearSearch *search)
{
    uint32_t room = MAX(BUCKETS_MIN, search->memory_room * 2);

    g_assert(room > search->memory_room);
    search->memory =
        g_renew(uint64_t, search->memory, (size_t)room * search->stride);
    search->memory_room = room;
    g_free(search->buckets);
    search->bucket_count = room * 2;
    search->buckets = g_new0(uint32_t, search->bucket_count);
    for (uint32_t i = 0; i < search->memory_count; i++) {
        uint64_t *words = search->memory + (size_t)i * search->stride;
        uint32_t ret = (uint32_t)(words[1] >> 32);
        uint64_t hash = hash_of(search, words[0], ret, words + 2);
        uint32_t *bucket = &search->buckets[hash & (search->bucket_count - 1)];

        words[1] = (uint64_t)ret << 32 | *bucket;
        *bucket = i + 1;
    }
}

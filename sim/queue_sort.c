/* SPDX-License-Identifier: Apache-2.0 */
/* Sorting the keys of one bucket: distribution by counting into pieces of
 * less than one key each (at one key a piece, a fifth more branches are
 * mispredicted), then an insertion sort that finds nearly everything in place;
 * pieces that came out big are merge-sorted first. */
#include "sim/queue_key.h"

#include <glib.h>
#include <string.h>

#define PIECES_MAX    4096u
#define INSERTION_MAX 16u

static void
insertion_sort(const Event *events, Key *keys, size_t count)
{
    for (size_t i = 1; i < count; i++) {
        Key key = keys[i];
        size_t k = i;

        while (k > 0 && queue_key_before(events, key, keys[k - 1])) {
            keys[k] = keys[k - 1];
            k--;
        }
        keys[k] = key;
    }
}

/* @scratch holds as many keys as @keys. */
static void
merge_sort(const Event *events, Key *keys, size_t count, Key *scratch)
{
    size_t half = count / 2;
    size_t left = 0, right = half;

    if (count <= INSERTION_MAX) {
        insertion_sort(events, keys, count);
        return;
    }
    merge_sort(events, keys, half, scratch);
    merge_sort(events, keys + half, count - half, scratch);
    memcpy(scratch, keys, half * sizeof(Key));
    /* What is written is never ahead of what was read on the right. */
    for (size_t out = 0; left < half; out++) {
        bool take_right = right < count &&
                          queue_key_before(events, keys[right], scratch[left]);

        keys[out] = take_right ? keys[right] : scratch[left];
        right += take_right;
        left += !take_right;
    }
}

void
queue_key_sort(const Event *events, Key *keys, size_t count, Key *sorted)
{
    uint32_t ends[PIECES_MAX];
    SimTime first = SIM_NEVER, last = 0;

    for (size_t i = 0; i < count; i++) {
        first = MIN(first, keys[i].at);
        last = MAX(last, keys[i].at);
    }
    if (count <= INSERTION_MAX || count > UINT32_MAX || first == last) {
        memcpy(sorted, keys, count * sizeof(Key));
        merge_sort(events, sorted, count, keys);
        return;
    }

    unsigned shift = queue_key_shift(last - first, MIN(2 * count, PIECES_MAX));
    size_t piece_count = (size_t)((last - first) >> shift) + 1;
    uint32_t start = 0;

    memset(ends, 0, piece_count * sizeof(ends[0]));
    for (size_t i = 0; i < count; i++) {
        ends[(keys[i].at - first) >> shift]++;
    }
    for (size_t i = 0; i < piece_count; i++) {
        uint32_t size = ends[i];

        ends[i] = start;
        start += size;
    }
    for (size_t i = 0; i < count; i++) {
        sorted[ends[(keys[i].at - first) >> shift]++] = keys[i];
    }
    start = 0;
    for (size_t i = 0; i < piece_count; i++) {
        if (ends[i] - start > INSERTION_MAX) {
            merge_sort(events, sorted + start, ends[i] - start, keys);
        }
        start = ends[i];
    }
    insertion_sort(events, sorted, count);
}

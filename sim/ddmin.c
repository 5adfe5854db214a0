/* SPDX-License-Identifier: Apache-2.0 */
/* One step splits what is left into chunks and asks for each chunk alone and
 * for all but one. */
#include "sim/ddmin.h"

#include <glib.h>
#include <stdbool.h>
#include <string.h>

/* The things that are left, and how finely they are split. */
typedef struct Split {
    unsigned count;  /* of all things */
    unsigned *items; /* those that are left */
    unsigned item_count, chunk_count;
} Split;

static int step(const Split *split, DdminTest test, void *user);
static bool nothing(unsigned count, DdminTest test, void *user);
static unsigned chunk_begin(const Split *split, unsigned chunk);
static void mark(const Split *split, unsigned from, unsigned to, uint8_t *set);
static void narrow(Split *split, unsigned found);

unsigned
ddmin_reduce(unsigned count, uint8_t *keep, DdminTest test, void *user)
{
    Split split = {.count = count, .chunk_count = 2};

    split.items = g_new(unsigned, count + 1);
    for (unsigned i = 0; i < count; i++) {
        if (keep[i]) {
            split.items[split.item_count++] = i;
        }
    }
    if (split.item_count > 0 && nothing(count, test, user)) {
        split.item_count = 0;
    }
    while (split.item_count >= 2) {
        int found = step(&split, test, user);

        if (found >= 0) {
            narrow(&split, (unsigned)found);
        } else if (split.chunk_count < split.item_count) {
            split.chunk_count = MIN(2 * split.chunk_count, split.item_count);
        } else {
            break;
        }
    }
    memset(keep, 0, count);
    for (unsigned i = 0; i < split.item_count; i++) {
        keep[split.items[i]] = 1;
    }
    g_free(split.items);
    return split.item_count;
}

/* The paper takes it for granted that nothing at all passes; here the failure
 * may need none of the things. */
static bool
nothing(unsigned count, DdminTest test, void *user)
{
    g_autofree uint8_t *empty = g_new0(uint8_t, count);
    const uint8_t *sets[] = {empty};

    return test(user, sets, 1) == 0;
}

/* The chunks alone, then what each leaves: with two chunks these are the same
 * sets. */
static int
step(const Split *split, DdminTest test, void *user)
{
    unsigned chunks = split->chunk_count;
    unsigned set_count = chunks == 2 ? 2 : 2 * chunks;
    const uint8_t **sets = g_new0(const uint8_t *, set_count);
    int found;

    for (unsigned i = 0; i < set_count; i++) {
        uint8_t *set = g_new0(uint8_t, split->count);
        unsigned chunk = i % chunks;
        unsigned from = chunk_begin(split, chunk);
        unsigned to = chunk_begin(split, chunk + 1);

        if (i < chunks) {
            mark(split, from, to, set);
        } else {
            mark(split, 0, from, set);
            mark(split, to, split->item_count, set);
        }
        sets[i] = set;
    }
    found = test(user, sets, set_count);
    g_assert(found < (int)set_count);
    for (unsigned i = 0; i < set_count; i++) {
        g_free((void *)sets[i]);
    }
    g_free(sets);
    return found;
}

static unsigned
chunk_begin(const Split *split, unsigned chunk)
{
    return (unsigned)((uint64_t)split->item_count * chunk / split->chunk_count);
}

static void
mark(const Split *split, unsigned from, unsigned to, uint8_t *set)
{
    for (unsigned i = from; i < to; i++) {
        set[split->items[i]] = 1;
    }
}

/* Set @found of step() is all that is left. */
static void
narrow(Split *split, unsigned found)
{
    unsigned chunks = split->chunk_count;
    unsigned chunk = found % chunks;
    unsigned from = chunk_begin(split, chunk);
    unsigned to = chunk_begin(split, chunk + 1);
    unsigned kept = 0;

    for (unsigned i = 0; i < split->item_count; i++) {
        bool inside = i >= from && i < to;

        if (inside == (found < chunks)) {
            split->items[kept++] = split->items[i];
        }
    }
    g_assert(kept < split->item_count);
    split->item_count = kept;
    split->chunk_count = found < chunks ? 2 : MAX(chunks - 1, 2);
    split->chunk_count = MIN(split->chunk_count, MAX(kept, 2));
}

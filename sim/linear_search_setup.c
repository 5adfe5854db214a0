/* SPDX-License-Identifier: Apache-2.0 */
/* What the search needs to know before it begins: the list of calls and
 * returns, which operations are alike, which states are needed and given, and
 * a bit for every operation while it is under way. */
#include <string.h>

#include "nodes/hash.h"
#include "sim/linear_search_private.h"

#define PARTS_MAX 4000000u /* beyond that, looking would cost too much */

static void make_list(LinearSearch *search, unsigned places);
static void make_slots(LinearSearch *search);
static void make_kinds(LinearSearch *search);
static void make_values(LinearSearch *search);
static void make_puts(LinearSearch *search, const GArray *from);
static int by_place(gconstpointer a, gconstpointer b);
static void find_parts(LinearSearch *search);
static void find_part(LinearSearch *search, Item *item, const LinearCall *call);
static void leave_out_infos(LinearSearch *search);
static bool ask_seen(LinearSearch *search, uint32_t number);
static void grow_table(LinearSearch *search);
static uint32_t add_value(LinearSearch *search, uint64_t state);
static void make_table(LinearSearch *search, unsigned count);
static uint32_t slot_of(const LinearSearch *search, uint64_t hash);
static void make_bits(uint64_t **bits, unsigned *room, unsigned words);

void
linear_search_setup(LinearSearch *search, const LinearOp *ops, unsigned count,
                    unsigned places, const GArray *from,
                    const LinearLimits *limits)
{
    search->ops = ops;
    search->count = count;
    search->limits = *limits;
    search->steps = search->visits = 0;
    search->why = NULL;
    search->furthest = 0;
    search->base = 0;
    g_array_set_size(search->trail, 0);
    g_array_set_size(search->frames, 0);
    g_array_set_size(search->choices, 0);
    make_list(search, places);
    make_slots(search);
    make_kinds(search);
    make_values(search);
    search->known_count = search->value_count;
    make_puts(search, from);
    find_parts(search);
    leave_out_infos(search);
    search->used_words = (search->infos->len + 63) / 64;
    make_bits(&search->mask, &search->mask_room, search->mask_words);
    make_bits(&search->used, &search->used_room, search->used_words);
    search->stride = 2 + search->mask_words + search->used_words;
    if (search->memory_count > 0 || search->memory_room > 0) {
        /* The stride may be another: begin small again. */
        g_clear_pointer(&search->memory, g_free);
        g_clear_pointer(&search->buckets, g_free);
        search->memory_count = search->memory_room = 0;
        search->bucket_count = 0;
    }
}

static void
make_list(LinearSearch *search, unsigned places)
{
    uint32_t last = 0;

    if (search->item_room < search->count) {
        search->item_room = MAX(search->count, search->item_room * 2);
        g_free(search->items);
        search->items = g_new(Item, search->item_room);
    }
    if (search->entry_room < places + 2) {
        search->entry_room = MAX(places + 2, search->entry_room * 2);
        search->next = g_renew(uint32_t, search->next, search->entry_room);
        search->prev = g_renew(uint32_t, search->prev, search->entry_room);
        search->op_at = g_renew(uint32_t, search->op_at, search->entry_room);
    }
    memset(search->op_at, 0xff, (places + 2) * sizeof(uint32_t));
    g_array_set_size(search->infos, 0);
    for (uint32_t i = 0; i < search->count; i++) {
        const LinearOp *op = &search->ops[i];
        Item *item = &search->items[i];

        g_assert(op->called < places && (i == 0 || op->called > op[-1].called));
        *item = (Item){.call = op->called + 1,
                       .info = LINEAR_NEVER,
                       .earlier = LINEAR_NEVER,
                       .last_info = LINEAR_NEVER,
                       .rank = LINEAR_NEVER,
                       .needs = NOBODY,
                       .gives = NOBODY,
                       .must = op->ended != LINEAR_NEVER};
        if (!item->must) {
            item->info = search->infos->len;
            item->ret = LINEAR_NEVER;
            g_array_append_val(search->infos, i);
            continue;
        }
        g_assert(op->ended > op->called && op->ended < places);
        item->ret = op->ended + 1;
        search->op_at[item->call] = i;
        search->op_at[item->ret] = i;
    }
    search->end = places + 1;
    for (uint32_t entry = 1; entry <= search->end; entry++) {
        if (search->op_at[entry] == NOBODY && entry != search->end) {
            continue;
        }
        search->next[last] = entry;
        search->prev[entry] = last;
        last = entry;
    }
}

/* The lowest free slot at the call, free again after the return. The mask is
 * toggled, never cleared: which operations have returned is known from how far
 * the returns have come, so what their toggles left in a slot tells nothing
 * apart and confuses nothing. */
static void
make_slots(LinearSearch *search)
{
    GArray *free_slots = g_array_new(FALSE, FALSE, sizeof(uint32_t));
    uint32_t count = 0;

    for (uint32_t entry = search->next[0]; entry != search->end;
         entry = search->next[entry]) {
        Item *item = &search->items[search->op_at[entry]];

        if (item->ret == entry) {
            g_array_append_val(free_slots, item->slot);
        } else if (free_slots->len > 0) {
            item->slot =
                g_array_index(free_slots, uint32_t, free_slots->len - 1);
            g_array_set_size(free_slots, free_slots->len - 1);
        } else {
            item->slot = count++;
        }
    }
    search->mask_words = (count + 63) / 64;
    g_array_free(free_slots, TRUE);
}

static void
make_kinds(LinearSearch *search)
{
    make_table(search, search->count);
    for (uint32_t i = 0; i < search->count; i++) {
        const LinearCall *call = &search->ops[i].call;
        uint32_t at = slot_of(search, hash_words(call->words, 4, 0));
        uint32_t first;

        while ((first = search->table[at]) != NOBODY &&
               memcmp(search->ops[first].call.words, call->words,
                      sizeof(call->words)) != 0) {
            at = (at + 1) & (search->table_size - 1);
        }
        if (first == NOBODY) {
            first = search->table[at] = i;
            search->items[i].kind = i;
        }
        search->items[i].kind = first;
    }
    for (uint32_t k = 0; k < search->infos->len; k++) {
        Item *item = &search->items[g_array_index(search->infos, uint32_t, k)];
        Item *first = &search->items[item->kind];

        item->earlier = first->last_info;
        first->last_info = k;
    }
}

static void
make_values(LinearSearch *search)
{
    search->value_count = search->known_count = 0;
    search->wild = search->observers = 0;
    make_table(search, search->count * 2);
    for (uint32_t i = 0; i < search->count; i++) {
        const LinearCall *call = &search->ops[i].call;
        Item *item = &search->items[i];

        item->wild = !call->has_gives && !call->reads_only;
        item->observer = !call->has_needs && !call->blind;
        search->wild += item->wild;
        search->observers += item->observer;
        if (call->has_needs) {
            item->needs = add_value(search, call->needs);
            search->values[item->needs].needed += item->must;
            search->values[item->needs].info_needs |= !item->must;
            search->values[item->needs].wanted = true;
        }
        if (call->has_gives && !call->reads_only) {
            item->gives = add_value(search, call->gives);
            search->values[item->gives].given++;
        }
    }
}

/* Of a queue the order in which things come out tells that in which they went
 * in: of those that went in once, and came out once by a call that has ended.
 * What never comes out goes in last, unless calls that were told nothing may
 * have taken it. Nothing may be in from before. */
static void
make_puts(LinearSearch *search, const GArray *from)
{
    const LinearEnd *start = &g_array_index(from, LinearEnd, 0);
    GHashTable *takers; /* name -> taker plus one; 0: more than one */
    GHashTable *putters;
    bool loose = false, any = false;

    g_array_set_size(search->puts, 0);
    search->puts_low = 0;
    for (uint32_t i = 0; i < search->count; i++) {
        const LinearCall *call = &search->ops[i].call;

        any = any || call->has_puts;
        loose =
            loose || (!call->has_puts && !call->has_takes && !call->reads_only);
    }
    if (!any || from->len > 1 || start->count > 0 ||
        start->state != search->model->begin(search->tools)) {
        return;
    }
    takers = g_hash_table_new(NULL, NULL);
    putters = g_hash_table_new(NULL, NULL);
    for (uint32_t i = 0; i < search->count; i++) {
        const LinearCall *call = &search->ops[i].call;
        GHashTable *table = call->has_puts ? putters : takers;
        gpointer name = (gpointer)(call->has_puts ? call->puts : call->takes);

        if (call->has_puts || call->has_takes) {
            g_hash_table_insert(table, name,
                                g_hash_table_contains(table, name)
                                    ? NULL
                                    : GUINT_TO_POINTER(i + 1));
        }
    }
    for (uint32_t i = 0; i < search->count; i++) {
        const LinearCall *call = &search->ops[i].call;
        gpointer name = (gpointer)call->puts, found;
        const LinearOp *taker;

        if (!call->has_puts || g_hash_table_lookup(putters, name) == NULL) {
            continue;
        }
        if (!g_hash_table_lookup_extended(takers, name, NULL, &found)) {
            search->items[i].taken_from = loose ? 0 : LINEAR_NEVER;
        } else if (found != NULL) {
            taker = &search->ops[GPOINTER_TO_UINT(found) - 1];
            search->items[i].taken_from = taker->called;
            if (taker->ended != LINEAR_NEVER) {
                Put put = {.place = taker->ended, .op = i};

                g_array_append_val(search->puts, put);
            }
        }
    }
    g_hash_table_unref(takers);
    g_hash_table_unref(putters);
    g_array_sort(search->puts, by_place);
    for (uint32_t i = 0; i < search->puts->len; i++) {
        search->items[g_array_index(search->puts, Put, i).op].rank = i;
    }
}

static int
by_place(gconstpointer a, gconstpointer b)
{
    const Put *x = a, *y = b;

    return x->place < y->place ? -1 : x->place > y->place;
}

/* Which values an operation without `gives` may be part of: then it is wild no
 * more. */
static void
find_parts(LinearSearch *search)
{
    uint64_t wanted = 0;

    g_array_set_size(search->lasts, 0);
    for (unsigned i = 0; i < search->value_count; i++) {
        wanted += search->values[i].wanted;
    }
    if (search->model->leaves == NULL || search->wild == 0 ||
        wanted * search->wild > PARTS_MAX) {
        return;
    }
    for (uint32_t i = 0; i < search->count; i++) {
        if (search->items[i].wild) {
            find_part(search, &search->items[i], &search->ops[i].call);
        }
    }
}

static void
find_part(LinearSearch *search, Item *item, const LinearCall *call)
{
    const LinearModel *model = search->model;
    bool helps = item->must;

    item->lasts = search->lasts->len;
    for (uint32_t i = 0; i < search->value_count; i++) {
        const Value *value = &search->values[i];

        if (value->wanted && model->leaves(search->tools, call, value->state)) {
            g_array_append_val(search->lasts, i);
            search->values[i].given++;
            helps = true;
        }
    }
    for (uint32_t i = 0; !helps && i < search->value_count; i++) {
        helps = search->values[i].wanted &&
                model->helps(search->tools, call, search->values[i].state);
    }
    item->last_count = search->lasts->len - item->lasts;
    item->wild = false;
    search->wild--;
    /* What an info leaves no operation needs, whatever comes between. */
    item->pointless = !helps;
}

/* An info that leaves a state which nobody notices: without it every order is
 * as good. Where a piece of a history is searched the rest may notice. */
static void
leave_out_infos(LinearSearch *search)
{
    g_array_set_size(search->useful, 0);
    for (unsigned i = 0; i < search->infos->len; i++) {
        uint32_t info = g_array_index(search->infos, uint32_t, i);
        Item *item = &search->items[info];

        if (search->ends == NULL &&
            (item->pointless || (item->gives != NOBODY && !item->wild &&
                                 !ask_seen(search, item->gives)))) {
            search->observers -= item->observer;
            item->observer = false;
            if (item->gives != NOBODY) {
                search->values[item->gives].given--;
                item->gives = NOBODY;
            }
            continue;
        }
        g_array_append_val(search->useful, info);
    }
}

bool
linear_search_seen(LinearSearch *search, uint64_t state)
{
    uint32_t number;

    if (search->ends != NULL) {
        return true;
    }
    number = linear_search_value(search, state);
    if (search->observers == 0) {
        return number != NOBODY && (search->values[number].needed > 0 ||
                                    search->values[number].info_needs);
    }
    if (search->model->begins == NULL) {
        return true;
    }
    return ask_seen(search,
                    number != NOBODY ? number : add_value(search, state));
}

/* Does any operation, in the order or not, need it, or what it may become? */
static bool
ask_seen(LinearSearch *search, uint32_t number)
{
    Value *value = &search->values[number];
    bool seen = value->wanted;

    if (value->seen == SEEN_NOT_ASKED && search->observers > 0) {
        seen = seen || search->model->begins == NULL;
        for (uint32_t i = 0; !seen && i < search->known_count; i++) {
            seen = search->values[i].wanted &&
                   search->model->begins(search->tools, value->state,
                                         search->values[i].state);
        }
        value->seen = seen ? SEEN_BY_SOME : SEEN_BY_NONE;
    }
    return search->observers > 0 ? value->seen == SEEN_BY_SOME : seen;
}

static uint32_t
add_value(LinearSearch *search, uint64_t state)
{
    uint32_t at = slot_of(search, state * UINT64_C(0x9e3779b97f4a7c15) >> 16);
    uint32_t number;

    while ((number = search->table[at]) != NOBODY &&
           search->values[number].state != state) {
        at = (at + 1) & (search->table_size - 1);
    }
    if (number == NOBODY) {
        number = search->value_count++;
        if (search->value_count > search->value_room) {
            search->value_room = MAX(64, search->value_room * 2);
            search->values = g_renew(Value, search->values, search->value_room);
        }
        search->values[number] = (Value){.state = state};
        search->table[at] = number;
        if (search->value_count * 2 > search->table_size) {
            grow_table(search);
        }
    }
    return number;
}

static void
grow_table(LinearSearch *search)
{
    make_table(search, search->table_size);
    for (uint32_t i = 0; i < search->value_count; i++) {
        uint32_t at = slot_of(
            search,
            search->values[i].state * UINT64_C(0x9e3779b97f4a7c15) >> 16);

        while (search->table[at] != NOBODY) {
            at = (at + 1) & (search->table_size - 1);
        }
        search->table[at] = i;
    }
}

uint32_t
linear_search_value(const LinearSearch *search, uint64_t state)
{
    uint32_t at = slot_of(search, state * UINT64_C(0x9e3779b97f4a7c15) >> 16);
    uint32_t number;

    while ((number = search->table[at]) != NOBODY &&
           search->values[number].state != state) {
        at = (at + 1) & (search->table_size - 1);
    }
    return number;
}

/* An empty table for @count things. */
static void
make_table(LinearSearch *search, unsigned count)
{
    search->table_size = 16;
    while (search->table_size < count * 2) {
        search->table_size *= 2;
    }
    if (search->table_room < search->table_size) {
        search->table_room = search->table_size;
        g_free(search->table);
        search->table = g_new(uint32_t, search->table_room);
    }
    memset(search->table, 0xff, search->table_size * sizeof(uint32_t));
}

static uint32_t
slot_of(const LinearSearch *search, uint64_t hash)
{
    return (uint32_t)hash & (search->table_size - 1);
}

static void
make_bits(uint64_t **bits, unsigned *room, unsigned words)
{
    if (*room < words || *bits == NULL) {
        *room = MAX(words, 1);
        g_free(*bits);
        *bits = g_new(uint64_t, *room);
    }
    memset(*bits, 0, *room * sizeof(uint64_t));
}

const uint32_t *
linear_search_order(const LinearSearch *search, unsigned *count)
{
    *count = search->trail->len;
    return (const uint32_t *)(const void *)search->trail->data;
}

uint32_t
linear_search_furthest(const LinearSearch *search)
{
    return search->furthest - 1;
}

uint64_t
linear_search_steps(const LinearSearch *search)
{
    return search->steps;
}

const char *
linear_search_why(const LinearSearch *search)
{
    return search->why;
}

size_t
linear_search_size(const LinearSearch *search)
{
    return (size_t)search->memory_room * search->stride * sizeof(uint64_t) +
           (size_t)search->bucket_count * sizeof(uint32_t) +
           (size_t)search->item_room * sizeof(Item) +
           (size_t)search->entry_room * 3 * sizeof(uint32_t) +
           (size_t)search->frames->len * sizeof(Frame) +
           (size_t)search->choices->len * sizeof(Choice);
}

LinearSearch *
linear_search_new(const LinearModel *model, LinearStore *store)
{
    LinearSearch *search = g_new0(LinearSearch, 1);

    search->model = model;
    search->store = store;
    search->tools = linear_store_tools(store);
    search->infos = g_array_new(FALSE, FALSE, sizeof(uint32_t));
    search->useful = g_array_new(FALSE, FALSE, sizeof(uint32_t));
    search->lasts = g_array_new(FALSE, FALSE, sizeof(uint32_t));
    search->puts = g_array_new(FALSE, FALSE, sizeof(Put));
    search->trail = g_array_new(FALSE, FALSE, sizeof(uint32_t));
    search->frames = g_array_new(FALSE, FALSE, sizeof(Frame));
    search->choices = g_array_new(FALSE, FALSE, sizeof(Choice));
    return search;
}

void
linear_search_free(LinearSearch *search)
{
    g_array_free(search->infos, TRUE);
    g_array_free(search->useful, TRUE);
    g_array_free(search->lasts, TRUE);
    g_array_free(search->puts, TRUE);
    g_array_free(search->trail, TRUE);
    g_array_free(search->frames, TRUE);
    g_array_free(search->choices, TRUE);
    g_free(search->items);
    g_free(search->next);
    g_free(search->prev);
    g_free(search->op_at);
    g_free(search->table);
    g_free(search->values);
    g_free(search->mask);
    g_free(search->used);
    g_free(search->memory);
    g_free(search->buckets);
    g_free(search);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Depth first, without recursion: a frame for each configuration on the path,
 * a trail of what was done to take it back, and the choices still open. What
 * is counted of values is in linear_search_setup.c, what failed before in
 * linear_search_memory.c. */
#include "sim/linear_search.h"

#include <string.h>

#include "sim/linear_search_private.h"

#define STOP_EVERY 4096u

/* How a value that is needed could come about. */
typedef struct Hope {
    uint32_t value;
    bool direct, begun, ended;
} Hope;

typedef enum Visit { VISIT_DEAD, VISIT_OPEN, VISIT_SOLVED } Visit;

static LinearVerdict search_from(LinearSearch *search, const LinearEnd *from);
static Visit visit(LinearSearch *search, uint64_t state, uint32_t undo,
                   bool by_info, uint64_t before);
static bool settle(LinearSearch *search, Frame *frame);
static bool is_free(LinearSearch *search, const Frame *frame, uint32_t op,
                    uint64_t next);
static void add_choice(LinearSearch *search, Frame *frame, uint32_t op,
                       uint64_t next);
static void keep_useful(LinearSearch *search, Frame *frame);
static bool hopeless(const LinearSearch *search, const Frame *frame);
static void add_hope(const LinearSearch *search, Hope *hope, uint32_t op);
static bool begins(const LinearSearch *search, uint64_t state, uint32_t value);
static bool is_used(const LinearSearch *search, const Item *item);
static void add_infos(LinearSearch *search, Frame *frame);
static void add_info(LinearSearch *search, Frame *frame, uint32_t info);
static bool strands(const LinearSearch *search, const Frame *frame,
                    const Item *item, uint64_t next);
static bool jumps_queue(const LinearSearch *search, const Item *item);
static void mark_put(LinearSearch *search, const Item *item, bool done);
static bool step(LinearSearch *search, uint64_t state, uint32_t op,
                 uint64_t *next);
static bool give_up(LinearSearch *search);
static void take(LinearSearch *search, uint32_t op);
static void take_back(LinearSearch *search, uint32_t trail_length);
static bool add_end(LinearSearch *search, uint64_t state);

LinearVerdict
linear_search_one(LinearSearch *search, const LinearOp *ops, unsigned count,
                  unsigned places, const GArray *from,
                  const LinearLimits *limits)
{
    LinearVerdict verdict = LINEAR_BAD;

    search->ends = NULL;
    linear_search_setup(search, ops, count, places, from, limits);
    for (unsigned i = 0; verdict == LINEAR_BAD && i < from->len; i++) {
        verdict = search_from(search, &g_array_index(from, LinearEnd, i));
    }
    return verdict;
}

LinearVerdict
linear_search_all(LinearSearch *search, const LinearOp *ops, unsigned count,
                  unsigned places, const GArray *from,
                  const LinearLimits *limits, GArray *ends, unsigned ends_max)
{
    unsigned before = ends->len;

    search->ends = ends;
    linear_search_setup(search, ops, count, places, from, limits);
    search->ends_first = before;
    search->ends_max = ends_max;
    for (unsigned i = 0; i < from->len; i++) {
        if (search_from(search, &g_array_index(from, LinearEnd, i)) ==
            LINEAR_UNKNOWN) {
            return LINEAR_UNKNOWN;
        }
    }
    return ends->len > before ? LINEAR_GOOD : LINEAR_BAD;
}

static LinearVerdict
search_from(LinearSearch *search, const LinearEnd *from)
{
    Visit seen;

    take_back(search, 0);
    search->frames->len = 0;
    search->choices->len = 0;
    for (unsigned i = 0; i < from->count; i++) {
        if (from->used[i / 64] >> (i % 64) & 1) {
            take(search, g_array_index(search->infos, uint32_t, i));
        }
    }
    search->base = search->trail->len;
    seen = visit(search, from->state, search->base, false, 0);
    while (seen != VISIT_SOLVED && search->frames->len > 0) {
        Frame *frame =
            &g_array_index(search->frames, Frame, search->frames->len - 1);
        Choice choice;
        uint64_t before = frame->state;

        if (search->why != NULL) {
            return LINEAR_UNKNOWN;
        }
        if (frame->at == search->choices->len && !frame->infos_done) {
            frame->infos_done = true;
            add_infos(search, frame);
            continue;
        }
        if (frame->at == search->choices->len) {
            linear_search_remember(search, frame);
            take_back(search, frame->undo);
            g_array_set_size(search->choices, frame->first);
            g_array_set_size(search->frames, search->frames->len - 1);
            continue;
        }
        choice = g_array_index(search->choices, Choice, frame->at);
        frame->at++;
        {
            uint32_t undo = search->trail->len;

            take(search, choice.op);
            seen = visit(search, choice.next, undo,
                         search->items[choice.op].info != LINEAR_NEVER, before);
        }
    }
    if (search->why != NULL) {
        return LINEAR_UNKNOWN;
    }
    return seen == VISIT_SOLVED ? LINEAR_GOOD : LINEAR_BAD;
}

/* Come to a configuration: take what is free, see whether it is the end or a
 * dead one, else leave a frame with its choices. */
static Visit
visit(LinearSearch *search, uint64_t state, uint32_t undo, bool by_info,
      uint64_t before)
{
    Frame frame = {.state = state,
                   .before = before,
                   .undo = undo,
                   .first = search->choices->len,
                   .at = search->choices->len,
                   .by_info = by_info};
    bool good;

    search->visits++;
    good = settle(search, &frame);
    if (good && frame.ret == search->end) {
        if (search->ends == NULL) {
            return VISIT_SOLVED;
        }
        if (!add_end(search, frame.state)) {
            search->why = "too many states are possible";
        }
        good = false;
    } else if (good) {
        search->furthest = MAX(search->furthest, frame.ret);
        keep_useful(search, &frame);
        good = !hopeless(search, &frame) &&
               !linear_search_remembers(search, &frame);
    }
    if (!good || give_up(search)) {
        take_back(search, undo);
        g_array_set_size(search->choices, frame.first);
        return VISIT_DEAD;
    }
    g_array_append_val(search->frames, frame);
    return VISIT_OPEN;
}

/* Take every operation under way that may as well happen now, and gather the
 * choices among the others. One walk finds all: the state stays (for all that
 * anybody notices), and what a taken return lays open comes after it.
 *
 * False: an info led here, and what is taken first would have come to the
 * same without it. */
static bool
settle(LinearSearch *search, Frame *frame)
{
    uint32_t entry = search->next[0];
    uint64_t next, without;

    while (entry != search->end) {
        uint32_t op = search->op_at[entry];

        if (search->items[op].ret == entry) {
            break;
        }
        if (!step(search, frame->state, op, &next)) {
            /* not now */
        } else if (!is_free(search, frame, op, next)) {
            add_choice(search, frame, op, next);
        } else {
            if (frame->by_info) {
                if (step(search, frame->before, op, &without) &&
                    without == next) {
                    return false;
                }
                frame->by_info = false; /* it was noticed */
            }
            take(search, op);
            frame->state = next;
        }
        entry = search->next[entry];
    }
    frame->ret = entry;
    return true;
}

/* Can @op just as well happen now as at any later time? It must not change
 * the state, neither now nor later; or nobody notices the state that it
 * leaves, blindly, nor the one that it goes over. Not where appends are
 * about, which would show later where they have been. */
static bool
is_free(LinearSearch *search, const Frame *frame, uint32_t op, uint64_t next)
{
    const LinearCall *call = &search->ops[op].call;

    if (next == frame->state && (call->reads_only || call->has_needs)) {
        return true;
    }
    return call->blind && !frame->by_info && search->observers == 0 &&
           !linear_search_seen(search, frame->state) &&
           !linear_search_seen(search, next);
}

/* In the order of their returns: what must come soon comes first. */
static void
add_choice(LinearSearch *search, Frame *frame, uint32_t op, uint64_t next)
{
    Choice choice = {next, op};
    uint32_t ret = search->items[op].ret;
    unsigned at = search->choices->len;
    Choice *choices;

    g_array_append_val(search->choices, choice);
    choices = &g_array_index(search->choices, Choice, 0);
    while (at > frame->first && search->items[choices[at - 1].op].ret > ret) {
        choices[at] = choices[at - 1];
        at--;
    }
    choices[at] = choice;
}

/* Leave out choices that cannot be right, or are as good as others. */
static void
keep_useful(LinearSearch *search, Frame *frame)
{
    Choice *choices = search->choices->len > frame->first
                          ? &g_array_index(search->choices, Choice, 0)
                          : NULL;
    unsigned kept = frame->first;

    for (unsigned i = frame->first; i < search->choices->len; i++) {
        const Item *item = &search->items[choices[i].op];
        bool useful = !strands(search, frame, item, choices[i].next) &&
                      !jumps_queue(search, item);
        uint64_t without;

        for (unsigned k = frame->first; useful && k < kept; k++) {
            useful = search->items[choices[k].op].kind != item->kind;
        }
        if (useful && frame->by_info &&
            step(search, frame->before, choices[i].op, &without)) {
            useful = without != choices[i].next;
        }
        if (useful) {
            choices[kept++] = choices[i];
        }
    }
    g_array_set_size(search->choices, kept);
}

/* The operation that must come next needs a state that is not this one, and
 * nothing under way can make it: no call that leaves it, nor one that ends it
 * (as an append ends a text) of what is there or of what another begins. */
static bool
hopeless(const LinearSearch *search, const Frame *frame)
{
    uint32_t must = search->op_at[frame->ret];
    uint32_t place = search->ops[must].ended;
    Hope hope = {.value = search->items[must].needs};

    if (hope.value == NOBODY ||
        search->values[hope.value].state == frame->state) {
        return false;
    }
    hope.begun = begins(search, frame->state, hope.value);
    for (uint32_t entry = search->next[0]; entry != frame->ret && !hope.direct;
         entry = search->next[entry]) {
        add_hope(search, &hope, search->op_at[entry]);
    }
    for (unsigned i = 0; i < search->useful->len && !hope.direct; i++) {
        uint32_t info = g_array_index(search->useful, uint32_t, i);

        if (search->ops[info].called > place) {
            break;
        }
        if (!is_used(search, &search->items[info])) {
            add_hope(search, &hope, info);
        }
    }
    return !hope.direct && !(hope.begun && hope.ended);
}

static void
add_hope(const LinearSearch *search, Hope *hope, uint32_t op)
{
    const Item *item = &search->items[op];

    hope->direct = hope->direct || item->gives == hope->value;
    hope->ended = hope->ended || item->wild;
    for (uint32_t i = 0; !hope->ended && i < item->last_count; i++) {
        hope->ended = g_array_index(search->lasts, uint32_t, item->lasts + i) ==
                      hope->value;
    }
    if (!hope->begun && !hope->direct && item->gives != NOBODY) {
        hope->begun =
            begins(search, search->values[item->gives].state, hope->value);
    }
}

static bool
begins(const LinearSearch *search, uint64_t state, uint32_t value)
{
    return search->model->begins == NULL ||
           search->model->begins(search->tools, state,
                                 search->values[value].state);
}

static bool
is_used(const LinearSearch *search, const Item *item)
{
    return (search->used[item->info / 64] >> (item->info % 64) & 1) != 0;
}

/* Infos that were called before the next return. Of those alike the first
 * comes first, and none while one that has ended can do the same. */
static void
add_infos(LinearSearch *search, Frame *frame)
{
    uint32_t place = search->ops[search->op_at[frame->ret]].ended;

    for (unsigned i = 0; i < search->useful->len; i++) {
        uint32_t info = g_array_index(search->useful, uint32_t, i);
        const Item *item = &search->items[info];
        uint32_t earlier = item->earlier;
        unsigned k = frame->first;

        if (search->ops[info].called > place) {
            break;
        }
        if (is_used(search, item) ||
            (earlier != LINEAR_NEVER &&
             !(search->used[earlier / 64] >> (earlier % 64) & 1))) {
            continue;
        }
        while (
            k < frame->at &&
            search->items[g_array_index(search->choices, Choice, k).op].kind !=
                item->kind) {
            k++;
        }
        if (k == frame->at) {
            add_info(search, frame, info);
        }
    }
}

static void
add_info(LinearSearch *search, Frame *frame, uint32_t info)
{
    const Item *item = &search->items[info];
    Choice choice = {0, info};
    uint64_t without;

    /* Would anybody see what it leaves? */
    if (item->gives != NOBODY && search->observers == 0 &&
        search->values[item->gives].needed == 0 &&
        !search->values[item->gives].info_needs) {
        return;
    }
    if (!step(search, frame->state, info, &choice.next) ||
        choice.next == frame->state || jumps_queue(search, item) ||
        strands(search, frame, item, choice.next) ||
        !linear_search_seen(search, choice.next)) {
        return;
    }
    if (frame->by_info && step(search, frame->before, info, &without) &&
        without == choice.next) {
        return;
    }
    g_array_append_val(search->choices, choice);
}

/* A state is needed by some operation that is not in the order, and once @item
 * has been taken nothing that is left makes it (again). */
static bool
strands(const LinearSearch *search, const Frame *frame, const Item *item,
        uint64_t next)
{
    uint32_t number;
    const Value *value;

    if (search->value_count == 0 || search->wild > item->wild) {
        return false;
    }
    number = linear_search_value(search, frame->state);
    value = number != NOBODY ? &search->values[number] : NULL;
    if (value != NULL && next != frame->state &&
        value->needed > (item->needs == number && item->must) &&
        value->given == 0) {
        return true;
    }
    for (uint32_t i = 0; i < item->last_count; i++) {
        value = &search->values[g_array_index(search->lasts, uint32_t,
                                              item->lasts + i)];
        if (value->needed > 0 && value->given == 1 && value->state != next) {
            return true;
        }
    }
    return false;
}

/* It puts something in that is not taken out before something else was that
 * is not in yet. */
static bool
jumps_queue(const LinearSearch *search, const Item *item)
{
    return search->puts_low < search->puts->len &&
           g_array_index(search->puts, Put, search->puts_low).place <
               item->taken_from;
}

static void
mark_put(LinearSearch *search, const Item *item, bool done)
{
    g_array_index(search->puts, Put, item->rank).done = done;
    if (!done) {
        search->puts_low = MIN(search->puts_low, item->rank);
    }
    while (search->puts_low < search->puts->len &&
           g_array_index(search->puts, Put, search->puts_low).done) {
        search->puts_low++;
    }
}

static bool
step(LinearSearch *search, uint64_t state, uint32_t op, uint64_t *next)
{
    search->steps++;
    return search->model->step(search->tools, state, &search->ops[op].call,
                               next);
}

static bool
give_up(LinearSearch *search)
{
    const LinearLimits *limits = &search->limits;

    if (search->steps > limits->steps) {
        search->why = "the limit of steps was reached";
    } else if (search->visits % STOP_EVERY == 1) {
        if (limits->stop != NULL && limits->stop(limits->stop_data)) {
            search->why = "the time limit was reached";
        } else if (linear_search_size(search) +
                       linear_store_size(search->store) >
                   limits->memory) {
            search->why = "the memory limit was reached";
        }
    }
    return search->why != NULL;
}

/* Put @op into the order. */
static void
take(LinearSearch *search, uint32_t op)
{
    const Item *item = &search->items[op];

    if (item->info != LINEAR_NEVER) {
        search->used[item->info / 64] |= UINT64_C(1) << (item->info % 64);
    } else {
        uint32_t *next = search->next, *prev = search->prev;

        /* The return first, so that the call's `next` is right when the
         * return stood behind it. */
        next[prev[item->ret]] = next[item->ret];
        prev[next[item->ret]] = prev[item->ret];
        next[prev[item->call]] = next[item->call];
        prev[next[item->call]] = prev[item->call];
        search->mask[item->slot / 64] ^= UINT64_C(1) << (item->slot % 64);
    }
    if (item->needs != NOBODY) {
        search->values[item->needs].needed -= item->must;
    }
    if (item->gives != NOBODY) {
        search->values[item->gives].given--;
    }
    for (uint32_t i = 0; i < item->last_count; i++) {
        search->values[g_array_index(search->lasts, uint32_t, item->lasts + i)]
            .given--;
    }
    if (item->rank != LINEAR_NEVER) {
        mark_put(search, item, true);
    }
    search->wild -= item->wild;
    search->observers -= item->observer;
    g_array_append_val(search->trail, op);
}

/* Take out what came after the first @length. */
static void
take_back(LinearSearch *search, uint32_t length)
{
    while (search->trail->len > length) {
        uint32_t op =
            g_array_index(search->trail, uint32_t, search->trail->len - 1);
        const Item *item = &search->items[op];

        g_array_set_size(search->trail, search->trail->len - 1);
        search->observers += item->observer;
        search->wild += item->wild;
        if (item->rank != LINEAR_NEVER) {
            mark_put(search, item, false);
        }
        for (uint32_t i = 0; i < item->last_count; i++) {
            search
                ->values[g_array_index(search->lasts, uint32_t,
                                       item->lasts + i)]
                .given++;
        }
        if (item->gives != NOBODY) {
            search->values[item->gives].given++;
        }
        if (item->needs != NOBODY) {
            search->values[item->needs].needed += item->must;
        }
        if (item->info != LINEAR_NEVER) {
            search->used[item->info / 64] &=
                ~(UINT64_C(1) << (item->info % 64));
            continue;
        }
        search->mask[item->slot / 64] ^= UINT64_C(1) << (item->slot % 64);
        search->next[search->prev[item->call]] = item->call;
        search->prev[search->next[item->call]] = item->call;
        search->next[search->prev[item->ret]] = item->ret;
        search->prev[search->next[item->ret]] = item->ret;
    }
}

/* Keep an end unless another with the same state uses no more. */
static bool
add_end(LinearSearch *search, uint64_t state)
{
    GArray *ends = search->ends;
    unsigned words = MAX(search->used_words, 1);
    LinearEnd end = {.state = state};

    for (unsigned i = search->ends_first; i < ends->len; i++) {
        LinearEnd *other = &g_array_index(ends, LinearEnd, i);
        bool less = other->state == state, more = other->state == state;

        for (unsigned k = 0; k < search->used_words; k++) {
            less = less && (other->used[k] & ~search->used[k]) == 0;
            more = more && (search->used[k] & ~other->used[k]) == 0;
        }
        if (less) {
            return true;
        }
        if (more) {
            memcpy(other->used, search->used, words * sizeof(uint64_t));
            return true;
        }
    }
    if (ends->len - search->ends_first >= search->ends_max) {
        return false;
    }
    end.count = search->infos->len;
    end.used = g_new0(uint64_t, words);
    memcpy(end.used, search->used, search->used_words * sizeof(uint64_t));
    g_array_append_val(ends, end);
    return true;
}

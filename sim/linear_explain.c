/* SPDX-License-Identifier: Apache-2.0 */
/* Why there is no order. The shortest prefix is found by bisection, which is
 * sound as every prefix of a linearizable history is linearizable. Then what
 * operations were told, and when, is forgotten for as many as possible: each
 * becomes one that may or may not have happened. Those for which it cannot be
 * forgotten are at odds, and no smaller set of them is (as in Zeller and
 * Hildebrandt's delta debugging, 2002). */
#include <string.h>

#include "sim/linear_models.h"
#include "sim/linear_private.h"

#define STEPS_MAX  4000000u /* of a try; more: what it tried stays */
#define TRIES_MAX  400u
#define BARS_MAX   22u
#define TEXT_MAX   160u
#define STATES_MAX 4u

typedef struct Explain {
    const LinearModel *model;
    LinearTools *tools;
    LinearSearch *search;
    const Part *part;
    LinearLimits limits;
    GArray *ops, *numbers;
    uint32_t limit; /* place of the return at which the prefix ends */
    uint8_t *loose; /* by operation */
    unsigned tries;
    bool sure; /* no try came to a limit */
} Explain;

static bool is_bad(Explain *explain, uint32_t limit);
static void find_prefix(Explain *explain);
static void loosen(Explain *explain);
static void loosen_reads(Explain *explain, GArray *ended);
static bool loosen_range(Explain *explain, const GArray *ended, unsigned first,
                         unsigned count);
static void fill(Explain *explain, LinearFailure *failure);
static void find_order(Explain *explain, LinearFailure *failure,
                       unsigned *place);
static void choose(const Explain *explain, uint8_t *shown);
static void add_bar(const Explain *explain, LinearFailure *failure,
                    unsigned number, SimTime end, unsigned place);
static char *call_words(const Explain *explain, const Operation *operation);
static const Operation *operation_at(const Part *part, unsigned number);

LinearFailure *
linear_explain(const LinearModel *model, LinearTools *tools,
               LinearSearch *search, const Part *part,
               const LinearLimits *limits)
{
    LinearFailure *failure = g_new0(LinearFailure, 1);
    Explain explain = {.model = model,
                       .tools = tools,
                       .search = search,
                       .part = part,
                       .limits = *limits,
                       .limit = linear_search_furthest(search),
                       .sure = true};

    explain.limits.steps = MIN(limits->steps, STEPS_MAX);
    explain.ops = g_array_new(FALSE, FALSE, sizeof(LinearOp));
    explain.numbers = g_array_new(FALSE, FALSE, sizeof(uint32_t));
    explain.loose = g_new0(uint8_t, part->operations->len + 1);
    find_prefix(&explain);
    loosen(&explain);
    fill(&explain, failure);
    g_array_free(explain.ops, TRUE);
    g_array_free(explain.numbers, TRUE);
    g_free(explain.loose);
    return failure;
}

void
linear_explain_gather(const LinearModel *model, LinearTools *tools,
                      const Part *part, uint32_t limit, const uint8_t *loose,
                      GArray *ops, GArray *numbers)
{
    for (unsigned i = 0; i < part->operations->len; i++) {
        const Operation *operation = operation_at(part, i);
        LinearOp op = {operation->call, operation->called, operation->ended};
        const char *expected;

        if (operation->called > limit) {
            break;
        }
        if (operation->state == OPERATION_GONE) {
            continue;
        }
        if (op.ended > limit || (loose != NULL && loose[i])) {
            if (operation->state == OPERATION_OK) {
                model->told(tools, &op.call, NULL, &expected);
            }
            op.ended = LINEAR_NEVER;
        }
        if (op.ended == LINEAR_NEVER && op.call.reads_only) {
            continue;
        }
        g_array_append_val(ops, op);
        if (numbers != NULL) {
            g_array_append_val(numbers, i);
        }
    }
}

/* With what is loose now, is the prefix up to @limit impossible? */
static bool
is_bad(Explain *explain, uint32_t limit)
{
    LinearVerdict verdict;

    explain->tries++;
    g_array_set_size(explain->ops, 0);
    g_array_set_size(explain->numbers, 0);
    linear_explain_gather(explain->model, explain->tools, explain->part, limit,
                          explain->loose, explain->ops, explain->numbers);
    verdict = linear_search_one(
        explain->search, (const LinearOp *)(const void *)explain->ops->data,
        explain->ops->len, explain->part->places, explain->part->from,
        &explain->limits);
    explain->sure = explain->sure && verdict != LINEAR_UNKNOWN;
    return verdict == LINEAR_BAD;
}

/* The search knew how operations end that have not ended in a prefix, so the
 * return that it did not come past may be too early, never too late. */
static void
find_prefix(Explain *explain)
{
    uint32_t low = explain->limit, high = explain->part->places - 1;

    if (is_bad(explain, low)) {
        return;
    }
    while (low + 1 < high) {
        uint32_t middle = low + (high - low) / 2;

        if (is_bad(explain, middle)) {
            high = middle;
        } else {
            low = middle;
        }
    }
    explain->limit = high;
}

/* First the whole past but for the last 1, 2, 4, ... operations, then what is
 * left in halves and single ones. */
static void
loosen(Explain *explain)
{
    GArray *ended = g_array_new(FALSE, FALSE, sizeof(uint32_t));
    unsigned keep = 1, piece, first;

    for (uint32_t i = 0; i < explain->part->operations->len; i++) {
        const Operation *operation = operation_at(explain->part, i);

        if (operation->state == OPERATION_OK &&
            operation->ended < explain->limit) {
            unsigned at = ended->len;

            g_array_append_val(ended, i);
            for (; at > 0; at--) { /* by their returns */
                uint32_t *last = &g_array_index(ended, uint32_t, at);

                if (operation_at(explain->part, last[-1])->ended <
                    operation->ended) {
                    break;
                }
                *last = last[-1];
                last[-1] = i;
            }
        }
    }
    loosen_reads(explain, ended);
    while (keep < ended->len &&
           !loosen_range(explain, ended, 0, ended->len - keep)) {
        keep *= 2;
    }
    first = ended->len > keep ? ended->len - keep : 0;
    for (piece = MIN(keep, ended->len); piece > 0; piece /= 2) {
        for (unsigned at = first; at < ended->len; at += piece) {
            if (explain->tries >= TRIES_MAX) {
                explain->sure = false;
                break;
            }
            loosen_range(explain, ended, at, MIN(piece, ended->len - at));
        }
    }
    g_array_free(ended, TRUE);
}

/* Where a write or a read of it would do, the write says more: try without all
 * the reads first. */
static void
loosen_reads(Explain *explain, GArray *ended)
{
    GArray *reads = g_array_new(FALSE, FALSE, sizeof(uint32_t));

    for (unsigned i = 0; i < ended->len; i++) {
        uint32_t number = g_array_index(ended, uint32_t, i);

        if (operation_at(explain->part, number)->call.reads_only) {
            g_array_append_val(reads, number);
        }
    }
    loosen_range(explain, reads, 0, reads->len);
    g_array_free(reads, TRUE);
}

static bool
loosen_range(Explain *explain, const GArray *ended, unsigned first,
             unsigned count)
{
    uint8_t *before =
        g_memdup2(explain->loose, explain->part->operations->len + 1);
    bool good;

    for (unsigned i = first; i < first + count; i++) {
        explain->loose[g_array_index(ended, uint32_t, i)] = 1;
    }
    good = is_bad(explain, explain->limit);
    if (!good) {
        memcpy(explain->loose, before, explain->part->operations->len + 1);
    }
    g_free(before);
    return good;
}

static void
fill(Explain *explain, LinearFailure *failure)
{
    const Part *part = explain->part;
    g_autofree uint8_t *shown = g_new0(uint8_t, part->operations->len + 1);
    g_autofree unsigned *place = g_new0(unsigned, part->operations->len + 1);
    char text[TEXT_MAX];

    choose(explain, shown);
    find_order(explain, failure, place);
    if (part->key != LINEAR_ABSENT) {
        text[0] = '\0';
        linear_models_value_text(explain->tools, part->key, text, sizeof(text));
        failure->key = g_strdup(text);
    }
    failure->bars = g_array_new(FALSE, FALSE, sizeof(LinearBar));
    failure->all_needed = explain->sure;
    for (unsigned i = 0; i < part->operations->len; i++) {
        const Operation *operation = operation_at(part, i);

        if (operation->called > explain->limit) {
            break;
        }
        failure->operations += operation->state != OPERATION_GONE;
        if (operation->ended == explain->limit) {
            failure->line = operation->end_line;
            failure->at = operation->to;
            failure->process = operation->process;
            failure->text = call_words(explain, operation);
        }
        if (operation->ended <= explain->limit && !explain->loose[i]) {
            failure->odd_count++;
        }
    }
    failure->operations += (unsigned)part->before;
    for (unsigned i = 0; i < part->operations->len; i++) {
        if (shown[i]) {
            add_bar(explain, failure, i, failure->at, place[i]);
        }
    }
    failure->left_out = failure->operations - failure->bars->len;
}

/* Without the last return there is an order: which, and in what states could
 * it have left the model? */
static void
find_order(Explain *explain, LinearFailure *failure, unsigned *place)
{
    GArray *ends = g_array_new(FALSE, FALSE, sizeof(LinearEnd));
    char text[TEXT_MAX];
    const LinearOp *ops;
    const uint32_t *order;
    unsigned count;

    failure->states = g_ptr_array_new_with_free_func(g_free);
    g_array_set_size(explain->ops, 0);
    g_array_set_size(explain->numbers, 0);
    linear_explain_gather(explain->model, explain->tools, explain->part,
                          explain->limit - 1, NULL, explain->ops,
                          explain->numbers);
    ops = (const LinearOp *)(const void *)explain->ops->data;
    if (linear_search_one(explain->search, ops, explain->ops->len,
                          explain->part->places, explain->part->from,
                          &explain->limits) == LINEAR_GOOD) {
        order = linear_search_order(explain->search, &count);
        for (unsigned i = 0; i < count; i++) {
            place[g_array_index(explain->numbers, uint32_t, order[i])] = i + 1;
        }
    }
    linear_search_all(explain->search, ops, explain->ops->len,
                      explain->part->places, explain->part->from,
                      &explain->limits, ends, STATES_MAX);
    for (unsigned i = 0; i < ends->len; i++) {
        LinearEnd *end = &g_array_index(ends, LinearEnd, i);

        if (explain->model->state_text != NULL) {
            explain->model->state_text(explain->tools, end->state, text,
                                       sizeof(text));
            g_ptr_array_add(failure->states, g_strdup(text));
        }
        g_free(end->used);
    }
    g_array_free(ends, TRUE);
}

/* Those at odds, who wrote what they saw, and then as many of the last ones
 * as there is room for. */
static void
choose(const Explain *explain, uint8_t *shown)
{
    const Part *part = explain->part;
    unsigned count = 0, length = part->operations->len;

    while (length > 0 &&
           operation_at(part, length - 1)->called > explain->limit) {
        length--;
    }
    for (unsigned i = 0; i < length; i++) {
        const Operation *odd = operation_at(part, i);

        if (odd->ended > explain->limit || explain->loose[i]) {
            continue;
        }
        count += !shown[i];
        shown[i] = 1;
        for (unsigned k = 0; odd->call.has_needs && k < length; k++) {
            const Operation *other = operation_at(part, k);

            if (other->state != OPERATION_GONE && other->call.has_gives &&
                other->call.gives == odd->call.needs && !shown[k] &&
                count < BARS_MAX) {
                shown[k] = 1;
                count++;
            }
        }
    }
    /* Those that have ended, then those of which nobody knows. */
    for (unsigned pass = 0; pass < 2; pass++) {
        for (unsigned i = length; i-- > 0 && count < BARS_MAX;) {
            const Operation *other = operation_at(part, i);

            if (!shown[i] && other->state != OPERATION_GONE &&
                (pass == 1 || other->ended <= explain->limit)) {
                shown[i] = 1;
                count++;
            }
        }
    }
}

static void
add_bar(const Explain *explain, LinearFailure *failure, unsigned number,
        SimTime end, unsigned place)
{
    const Operation *operation = operation_at(explain->part, number);
    bool ended = operation->ended <= explain->limit;
    LinearBar bar = {
        .text = call_words(explain, operation),
        .process = operation->process,
        .line = operation->line,
        .end_line =
            operation->state == OPERATION_OPEN ? 0 : operation->end_line,
        .from = operation->from,
        .to = ended ? operation->to : MAX(end, operation->from),
        .ended = ended,
        .odd = ended && !explain->loose[number],
        .place = place,
    };

    g_array_append_val(failure->bars, bar);
}

static char *
call_words(const Explain *explain, const Operation *operation)
{
    char text[TEXT_MAX];

    if (explain->model->call_text == NULL) {
        return g_strdup(operation->function);
    }
    explain->model->call_text(explain->tools, &operation->call, text,
                              sizeof(text));
    return g_strdup(text);
}

static const Operation *
operation_at(const Part *part, unsigned number)
{
    return &g_array_index(part->operations, Operation, number);
}

void
linear_explain_free(void *data)
{
    LinearFailure *failure = data;

    for (unsigned i = 0; i < failure->bars->len; i++) {
        g_free(g_array_index(failure->bars, LinearBar, i).text);
    }
    g_array_free(failure->bars, TRUE);
    g_ptr_array_free(failure->states, TRUE);
    g_free(failure->key);
    g_free(failure->text);
    g_free(failure);
}

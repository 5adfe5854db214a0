/* SPDX-License-Identifier: Apache-2.0 */
/* The operations of each key, from their events; and when a key is checked. */
#include "sim/linear.h"

#include <string.h>

#include "sim/linear_private.h"
#include "sim/linear_store.h"

#define LINEAR_ERROR  (g_quark_from_static_string("seedbed-linear"))
#define FUNCTION_MAX  64u
#define VALUES_SMALL  8u
#define NEAR_MAX      65536u /* processes that are looked up by number */
#define ENDS_MAX      64u
#define SWEEP_MIN     ((size_t)1 << 20)
#define PIECE_STEPS   256u /* a step, for each operation of a piece */
#define PIECE_STEPS_0 100000u
/* Of those who give a value: it has not ended; there are more than one. */
#define MAKER_OPEN UINT32_MAX
#define MAKER_MANY (UINT32_MAX - 1)

/* What a process is doing. */
typedef struct Doing {
    Part *part; /* NULL: nothing */
    uint32_t operation;
} Doing;

struct Linear {
    LinearOptions options;
    LinearStore *store;
    LinearTools *tools;
    LinearSearch *search;
    GPtrArray *parts;         /* Part, by first event */
    GHashTable *parts_by_key; /* &Part.key -> Part; looked up only */
    GArray *doing;            /* Doing, by process below NEAR_MAX */
    GHashTable *doing_far;    /* process -> Doing; looked up only */
    GPtrArray *failures;
    GArray *ops; /* LinearOp: scratch */
    LinearCounts counts;
    const char *why;
    size_t sweep_at;
    uint64_t held; /* operations */
    bool stale;
    bool full;            /* the memory limit was reached: nothing is kept */
    const char *names[8]; /* of functions, interned; the rest is NULL */
};

static bool on_invoke(Linear *linear, const HistoryEvent *event, uint64_t line,
                      Doing *doing, GError **error);
static const char *name_of(Linear *linear, const char *function);
static bool on_return(Linear *linear, const HistoryEvent *event, uint64_t line,
                      Doing *doing, GError **error);
static bool take_told(Linear *linear, Operation *operation,
                      const HistoryEvent *event, GError **error);
static Doing *doing_of(Linear *linear, uint64_t process);
static Part *part_of(Linear *linear, uint64_t key);
static void note_maker(Part *part, const LinearCall *call, uint32_t end);
static void watch_end(Linear *linear, Part *part, const Operation *operation);
static void watch_anew(Part *part);
static LinearValue value_of(const HistoryValue *value);
static LinearValues values_of(const HistoryEvent *event, LinearValue *small,
                              LinearValue **large);
static void check_piece(Linear *linear, Part *part);
static void check_rest(Linear *linear, Part *part);
static void settle(Linear *linear, Part *part, LinearVerdict verdict);
static void begin_anew(Linear *linear, Part *part, GArray *ends);
static void forget(Linear *linear, Part *part);
static void sweep(Linear *linear);
static size_t memory_of(const Linear *linear);
static void clear_ends(GArray *ends);
static void part_free(void *data);
static int by_line(gconstpointer a, gconstpointer b);

bool
linear_add(Linear *linear, const HistoryEvent *event, uint64_t line,
           GError **error)
{
    Doing *doing = doing_of(linear, event->process);

    return event->type == HISTORY_INVOKE
               ? on_invoke(linear, event, line, doing, error)
               : on_return(linear, event, line, doing, error);
}

static bool
on_invoke(Linear *linear, const HistoryEvent *event, uint64_t line,
          Doing *doing, GError **error)
{
    const LinearModel *model = linear->options.model;
    LinearValue small[VALUES_SMALL], *large = NULL;
    LinearValue key_value = value_of(&event->key);
    uint64_t key = linear->tools->value(linear->tools, &key_value);
    Operation operation = {.process = event->process,
                           .line = line,
                           .from = event->time,
                           .ended = LINEAR_NEVER};
    char function[FUNCTION_MAX];
    const char *expected = "";
    bool good;

    if (doing->part != NULL) {
        const Operation *open = &g_array_index(doing->part->operations,
                                               Operation, doing->operation);

        g_set_error(error, LINEAR_ERROR, 0,
                    "process %" G_GUINT64_FORMAT " invokes, and what it "
                    "invoked on line %" G_GUINT64_FORMAT " has not ended",
                    event->process, open->line);
        return false;
    }
    good = event->function.size < sizeof(function) &&
           memchr(event->function.data, '\0', event->function.size) == NULL;
    if (good) {
        memcpy(function, event->function.data, event->function.size);
        function[event->function.size] = '\0';
        good = model->asked(
            linear->tools, function, model->by_key ? LINEAR_ABSENT : key,
            values_of(event, small, &large), &operation.call, &expected);
        g_free(large);
    } else {
        g_strlcpy(function, "...", sizeof(function));
        expected = "a short name";
    }
    if (!good) {
        g_autofree char *shown = g_strescape(function, NULL);

        g_set_error(error, LINEAR_ERROR, 0,
                    "found f \"%s\" and its value, expected by model %s: %s",
                    shown, model->name, expected);
        return false;
    }
    doing->part = part_of(linear, model->by_key ? key : LINEAR_ABSENT);
    doing->operation = doing->part->operations->len;
    operation.function = name_of(linear, function);
    operation.called = doing->part->places++;
    operation.newest = doing->part->newest;
    if (doing->part->makers != NULL) {
        note_maker(doing->part, &operation.call, MAKER_OPEN);
    }
    doing->part->open++;
    linear->counts.operations++;
    linear->held++;
    g_array_append_val(doing->part->operations, operation);
    return true;
}

/* A model has few functions: those seen lately are at hand. */
static const char *
name_of(Linear *linear, const char *function)
{
    unsigned count = G_N_ELEMENTS(linear->names);

    for (unsigned i = 0; i < count && linear->names[i] != NULL; i++) {
        if (strcmp(linear->names[i], function) == 0) {
            return linear->names[i];
        }
    }
    memmove(linear->names + 1, linear->names,
            (count - 1) * sizeof(linear->names[0]));
    linear->names[0] = g_intern_string(function);
    return linear->names[0];
}

static bool
on_return(Linear *linear, const HistoryEvent *event, uint64_t line,
          Doing *doing, GError **error)
{
    Part *part = doing->part;
    Operation *operation;

    if (part == NULL) {
        g_set_error(error, LINEAR_ERROR, 0,
                    "process %" G_GUINT64_FORMAT " has nothing under way that "
                    "could end with %s",
                    event->process, history_type_text(event->type));
        return false;
    }
    operation = &g_array_index(part->operations, Operation, doing->operation);
    if (strlen(operation->function) != event->function.size ||
        memcmp(operation->function, event->function.data,
               event->function.size) != 0) {
        g_set_error(error, LINEAR_ERROR, 0,
                    "process %" G_GUINT64_FORMAT " ends another f than the %s "
                    "it invoked on line %" G_GUINT64_FORMAT,
                    event->process, operation->function, operation->line);
        return false;
    }
    if (linear->options.model->by_key && event->key.kind != HISTORY_NULL) {
        LinearValue key = value_of(&event->key);

        if (linear->tools->value(linear->tools, &key) != part->key) {
            g_set_error(error, LINEAR_ERROR, 0,
                        "process %" G_GUINT64_FORMAT " ends on another key "
                        "than that of line %" G_GUINT64_FORMAT,
                        event->process, operation->line);
            return false;
        }
    }
    if (event->type == HISTORY_OK) {
        if (!take_told(linear, operation, event, error)) {
            return false;
        }
        operation->ended = part->places++;
        operation->state = OPERATION_OK;
        if (part->makers != NULL) {
            watch_end(linear, part, operation);
        }
    } else if (event->type == HISTORY_FAIL || operation->call.reads_only) {
        operation->state = OPERATION_GONE;
        part->gone++;
    } else {
        operation->state = OPERATION_INFO;
    }
    linear->counts.fails += event->type == HISTORY_FAIL;
    linear->counts.infos += event->type == HISTORY_INFO;
    operation->end_line = line;
    operation->to = event->time;
    doing->part = NULL;
    part->open--;
    if (part->verdict != LINEAR_GOOD || linear->full) {
        if (part->open == 0) {
            forget(linear, part);
        }
    } else if (part->open == 0 && part->operations->len >= part->piece) {
        check_piece(linear, part);
    }
    if (linear->counts.operations % 1024 == 0 && !linear->full &&
        memory_of(linear) > linear->options.limits.memory) {
        linear->full = true;
        linear->why = "the memory limit was reached";
    }
    return true;
}

static bool
take_told(Linear *linear, Operation *operation, const HistoryEvent *event,
          GError **error)
{
    const LinearModel *model = linear->options.model;
    LinearValue small[VALUES_SMALL], *large = NULL;
    LinearValues values = values_of(event, small, &large);
    const char *expected = "";
    bool good =
        model->told(linear->tools, &operation->call, &values, &expected);

    g_free(large);
    if (!good) {
        g_set_error(error, LINEAR_ERROR, 0,
                    "found another value of a %s, expected by model %s: %s",
                    operation->function, model->name, expected);
    }
    return good;
}

static Doing *
doing_of(Linear *linear, uint64_t process)
{
    Doing *doing;

    if (process < NEAR_MAX) {
        if (process >= linear->doing->len) {
            g_array_set_size(linear->doing, (unsigned)process + 1);
        }
        return &g_array_index(linear->doing, Doing, process);
    }
    doing = g_hash_table_lookup(linear->doing_far, &process);
    if (doing == NULL) {
        doing = g_new0(Doing, 1);
        g_hash_table_insert(linear->doing_far,
                            g_memdup2(&process, sizeof(process)), doing);
    }
    return doing;
}

static Part *
part_of(Linear *linear, uint64_t key)
{
    Part *part = g_hash_table_lookup(linear->parts_by_key, &key);
    LinearEnd start = {0};

    if (part == NULL) {
        part = g_new0(Part, 1);
        part->key = key;
        part->operations = g_array_new(FALSE, FALSE, sizeof(Operation));
        part->from = g_array_new(FALSE, FALSE, sizeof(LinearEnd));
        part->piece = linear->options.piece;
        start.state = linear->options.model->begin(linear->tools);
        g_array_append_val(part->from, start);
        if (linear->options.watch) {
            part->makers = g_hash_table_new(NULL, NULL);
            g_hash_table_insert(part->makers, (gpointer)start.state,
                                GUINT_TO_POINTER(0));
        }
        g_ptr_array_add(linear->parts, part);
        g_hash_table_insert(linear->parts_by_key, &part->key, part);
        linear->counts.keys++;
    }
    return part;
}

/* @call gives its value; at @end, if it has ended. */
static void
note_maker(Part *part, const LinearCall *call, uint32_t end)
{
    gpointer key = (gpointer)call->gives;

    if (call->reads_only) {
        return;
    }
    if (!call->has_gives) {
        /* It may give anything. */
        g_clear_pointer(&part->makers, g_hash_table_unref);
    } else if (end != MAKER_OPEN) {
        if (GPOINTER_TO_UINT(g_hash_table_lookup(part->makers, key)) ==
            MAKER_OPEN) {
            g_hash_table_insert(part->makers, key, GUINT_TO_POINTER(end));
        }
    } else {
        bool more = g_hash_table_contains(part->makers, key);

        g_hash_table_insert(part->makers, key,
                            GUINT_TO_POINTER(more ? MAKER_MANY : MAKER_OPEN));
    }
}

/* What @operation needs was given by one that had ended when another began,
 * which changed the state and had ended before @operation began. */
static void
watch_end(Linear *linear, Part *part, const Operation *operation)
{
    const LinearCall *call = &operation->call;
    gpointer maker;

    if (call->has_needs &&
        g_hash_table_lookup_extended(part->makers, (gpointer)call->needs, NULL,
                                     &maker) &&
        GPOINTER_TO_UINT(maker) < MIN(operation->newest, MAKER_MANY)) {
        linear->stale = true;
    }
    if (call->has_gives && !call->reads_only &&
        (call->blind || call->needs != call->gives)) {
        note_maker(part, call, operation->ended + 1);
        part->newest = MAX(part->newest, operation->called + 1);
    }
}

/* Of values from before nothing is known but what infos may still give. */
static void
watch_anew(Part *part)
{
    part->newest = 0;
    g_hash_table_remove_all(part->makers);
    for (unsigned i = 0; part->makers != NULL && i < part->operations->len;
         i++) {
        note_maker(part, &g_array_index(part->operations, Operation, i).call,
                   MAKER_OPEN);
    }
}

static LinearValue
value_of(const HistoryValue *value)
{
    return (LinearValue){.kind = (LinearValueKind)value->kind,
                         .number = value->number,
                         .data = value->bytes.data,
                         .size = value->bytes.size};
}

/* What does not fit @small is in *@large, the caller's. */
static LinearValues
values_of(const HistoryEvent *event, LinearValue *small, LinearValue **large)
{
    LinearValues values = {small, 1};
    LinearValue *items = small;

    if (event->pair) {
        small[0] = value_of(&event->expected);
        small[1] = value_of(&event->value);
        values.count = 2;
    } else if (event->list) {
        if (event->item_count > VALUES_SMALL) {
            items = *large = g_new(LinearValue, event->item_count);
        }
        for (unsigned i = 0; i < event->item_count; i++) {
            items[i] = value_of(&event->items[i]);
        }
        values = (LinearValues){items, event->item_count};
    } else {
        small[0] = value_of(&event->value);
    }
    return values;
}

/* Nothing is under way on @part: find every state it can be in, and let go of
 * what led there. When that is too much work the piece grows. */
static void
check_piece(Linear *linear, Part *part)
{
    LinearLimits limits = linear->options.limits;
    GArray *ends = g_array_new(FALSE, FALSE, sizeof(LinearEnd));
    LinearVerdict verdict;

    limits.steps = MIN(limits.steps, PIECE_STEPS_0 + (uint64_t)PIECE_STEPS *
                                                         part->operations->len);
    g_array_set_size(linear->ops, 0);
    linear_explain_gather(linear->options.model, linear->tools, part,
                          LINEAR_NEVER, NULL, linear->ops, NULL);
    verdict = linear_search_all(
        linear->search, (const LinearOp *)(const void *)linear->ops->data,
        linear->ops->len, part->places, part->from, &limits, ends, ENDS_MAX);
    linear->counts.steps += linear_search_steps(linear->search);
    if (verdict == LINEAR_UNKNOWN) {
        clear_ends(ends);
        g_array_free(ends, TRUE);
        part->piece = MIN(part->piece, UINT32_MAX / 2) * 2;
        return;
    }
    if (verdict == LINEAR_BAD) {
        g_array_free(ends, TRUE);
        settle(linear, part, LINEAR_BAD);
        return;
    }
    linear->counts.pieces++;
    begin_anew(linear, part, ends);
    sweep(linear);
}

/* Go on from @ends, which is taken: only infos stay, and of these not what
 * all ends have used. */
static void
begin_anew(Linear *linear, Part *part, GArray *ends)
{
    unsigned kept = 0, info = 0;
    uint64_t *used;

    for (unsigned i = 0; i < ends->len; i++) {
        LinearEnd *end = &g_array_index(ends, LinearEnd, i);

        used = g_new0(uint64_t, end->count / 64 + 1);
        memcpy(used, end->used, (end->count + 63) / 64 * sizeof(uint64_t));
        g_free(end->used);
        end->used = used;
    }
    part->places = 0;
    for (unsigned i = 0; i < part->operations->len; i++) {
        Operation *operation = &g_array_index(part->operations, Operation, i);
        bool wanted = false;

        if (operation->state != OPERATION_INFO) {
            continue;
        }
        for (unsigned k = 0; k < ends->len; k++) {
            LinearEnd *end = &g_array_index(ends, LinearEnd, k);

            wanted |= !(end->used[info / 64] >> (info % 64) & 1);
        }
        for (unsigned k = 0; wanted && k < ends->len; k++) {
            LinearEnd *end = &g_array_index(ends, LinearEnd, k);
            uint64_t bit = end->used[info / 64] >> (info % 64) & 1;

            end->used[kept / 64] &= ~(UINT64_C(1) << (kept % 64));
            end->used[kept / 64] |= bit << (kept % 64);
        }
        info++;
        if (wanted) {
            operation->called = part->places++;
            g_array_index(part->operations, Operation, kept++) = *operation;
        }
    }
    for (unsigned k = 0; k < ends->len; k++) {
        g_array_index(ends, LinearEnd, k).count = kept;
    }
    linear->held -= part->operations->len - kept;
    part->before += part->operations->len - kept - part->gone;
    part->gone = 0;
    g_array_set_size(part->operations, kept);
    clear_ends(part->from);
    g_array_free(part->from, TRUE);
    part->from = ends;
    part->piece = linear->options.piece + kept;
    if (part->makers != NULL) {
        watch_anew(part);
    }
}

/* Nothing more comes. */
static void
check_rest(Linear *linear, Part *part)
{
    LinearVerdict verdict;

    g_array_set_size(linear->ops, 0);
    linear_explain_gather(linear->options.model, linear->tools, part,
                          LINEAR_NEVER, NULL, linear->ops, NULL);
    verdict = linear_search_one(
        linear->search, (const LinearOp *)(const void *)linear->ops->data,
        linear->ops->len, part->places, part->from, &linear->options.limits);
    linear->counts.steps += linear_search_steps(linear->search);
    settle(linear, part, verdict);
}

static void
settle(Linear *linear, Part *part, LinearVerdict verdict)
{
    LinearFailure *failure;

    part->verdict = verdict;
    if (verdict == LINEAR_UNKNOWN) {
        linear->counts.unknown++;
        if (linear->why == NULL) {
            linear->why = linear_search_why(linear->search);
        }
    } else if (verdict == LINEAR_BAD) {
        linear->counts.bad++;
        if (linear->failures->len < LINEAR_FAILURES_MAX &&
            !linear->options.verdict_only) {
            failure =
                linear_explain(linear->options.model, linear->tools,
                               linear->search, part, &linear->options.limits);
            g_ptr_array_add(linear->failures, failure);
        }
        forget(linear, part);
    }
    linear->counts.memory = MAX(linear->counts.memory, memory_of(linear));
}

/* Of a key that is judged nothing is kept. */
static void
forget(Linear *linear, Part *part)
{
    if (part->open == 0) {
        linear->held -= part->operations->len;
        g_array_set_size(part->operations, 0);
    }
}

/* Let go of values that nothing refers to, each time there are twice as many
 * as after the last time. */
static void
sweep(Linear *linear)
{
    linear->counts.memory = MAX(linear->counts.memory, memory_of(linear));
    if (linear_store_size(linear->store) < linear->sweep_at) {
        return;
    }
    for (unsigned i = 0; i < linear->parts->len; i++) {
        const Part *part = linear->parts->pdata[i];

        linear_store_mark(linear->store, part->key);
        for (unsigned k = 0; k < part->from->len; k++) {
            linear_store_mark(linear->store,
                              g_array_index(part->from, LinearEnd, k).state);
        }
        for (unsigned k = 0; k < part->operations->len; k++) {
            const LinearCall *call =
                &g_array_index(part->operations, Operation, k).call;

            for (unsigned j = 0; j < G_N_ELEMENTS(call->words); j++) {
                linear_store_mark(linear->store, call->words[j]);
            }
            linear_store_mark(linear->store, call->needs);
            linear_store_mark(linear->store, call->gives);
        }
    }
    linear_store_sweep(linear->store);
    linear->sweep_at = MAX(SWEEP_MIN, 2 * linear_store_size(linear->store));
}

static size_t
memory_of(const Linear *linear)
{
    return (size_t)linear->held * sizeof(Operation) +
           linear->parts->len * (sizeof(Part) + 128) +
           linear_store_size(linear->store) +
           linear_search_size(linear->search);
}

LinearVerdict
linear_finish(Linear *linear)
{
    for (unsigned i = 0; i < linear->parts->len; i++) {
        Part *part = linear->parts->pdata[i];

        if (part->verdict == LINEAR_GOOD && linear->full) {
            part->verdict = LINEAR_UNKNOWN;
            linear->counts.unknown++;
        } else if (part->verdict == LINEAR_GOOD &&
                   (linear->counts.bad == 0 || !linear->options.verdict_only)) {
            check_rest(linear, part);
        }
    }
    g_ptr_array_sort(linear->failures, by_line);
    return linear->counts.bad > 0       ? LINEAR_BAD
           : linear->counts.unknown > 0 ? LINEAR_UNKNOWN
                                        : LINEAR_GOOD;
}

static int
by_line(gconstpointer a, gconstpointer b)
{
    const LinearFailure *x = *(LinearFailure *const *)a;
    const LinearFailure *y = *(LinearFailure *const *)b;

    return x->line < y->line ? -1 : x->line > y->line;
}

bool
linear_stale(const Linear *linear)
{
    return linear->stale;
}

const char *
linear_why(const Linear *linear)
{
    return linear->why;
}

const GPtrArray *
linear_failures(const Linear *linear)
{
    return linear->failures;
}

const LinearCounts *
linear_counts(const Linear *linear)
{
    return &linear->counts;
}

Linear *
linear_new(const LinearOptions *options)
{
    Linear *linear = g_new0(Linear, 1);

    linear->options = *options;
    if (linear->options.piece == 0) {
        linear->options.piece = LINEAR_PIECE;
    }
    linear->store = linear_store_new();
    linear->tools = linear_store_tools(linear->store);
    linear->search = linear_search_new(options->model, linear->store);
    linear->parts = g_ptr_array_new_with_free_func(part_free);
    linear->parts_by_key = g_hash_table_new(g_int64_hash, g_int64_equal);
    linear->doing = g_array_new(FALSE, TRUE, sizeof(Doing));
    linear->doing_far =
        g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, g_free);
    linear->failures = g_ptr_array_new_with_free_func(linear_explain_free);
    linear->ops = g_array_new(FALSE, FALSE, sizeof(LinearOp));
    linear->sweep_at = SWEEP_MIN;
    return linear;
}

void
linear_free(Linear *linear)
{
    if (linear == NULL) {
        return;
    }
    g_hash_table_unref(linear->parts_by_key);
    g_ptr_array_free(linear->parts, TRUE);
    g_array_free(linear->doing, TRUE);
    g_hash_table_unref(linear->doing_far);
    g_ptr_array_free(linear->failures, TRUE);
    g_array_free(linear->ops, TRUE);
    linear_search_free(linear->search);
    linear_store_free(linear->store);
    g_free(linear);
}

static void
part_free(void *data)
{
    Part *part = data;

    clear_ends(part->from);
    g_array_free(part->from, TRUE);
    g_array_free(part->operations, TRUE);
    if (part->makers != NULL) {
        g_hash_table_unref(part->makers);
    }
    g_free(part);
}

static void
clear_ends(GArray *ends)
{
    for (unsigned i = 0; i < ends->len; i++) {
        g_free(g_array_index(ends, LinearEnd, i).used);
    }
    g_array_set_size(ends, 0);
}

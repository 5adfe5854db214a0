/* SPDX-License-Identifier: Apache-2.0 */
/* The queue against a sorted array, over seeded workloads that are kind and
 * unkind to it, and the total order field by field. */
#include "sim/queue.h"

#include <check.h>
#include <glib.h>
#include <stdlib.h>
#include <string.h>

#include "nodes/dice.h"

/* The reference keeps the six fields of the order apart, so that a mistake in
 * packing them shows. */
typedef struct Want {
    SimTime at;
    uint32_t cell;
    EventClass class;
    uint32_t from;
    uint64_t from_seq;
    uint32_t copy;
    uint64_t id; /* payload */
} Want;

typedef struct Model {
    GArray *wants; /* of Want, latest first */
    Queue *queue;
    Stream stream;
    SimTime now; /* of the last pop */
    uint64_t step;
    uint64_t next_id;
} Model;

typedef struct Workload {
    const char *name;
    /* When the next pushed event happens. */
    SimTime (*at)(Model *model);
    unsigned hold;  /* pushes before the first pop */
    unsigned steps; /* then: pop one, push one */
    unsigned cells; /* small: many ties down to the last word */
} Workload;

static uint64_t
below(Model *model, uint64_t bound)
{
    return stream_below(&model->stream, bound);
}

/* Roughly exponential with mean 2^30 ns, without libm. */
static SimTime
at_exponential(Model *model)
{
    SimTime sum = model->now + SIM_MS * 100;
    uint64_t word = stream_u64(&model->stream) | 1;
    unsigned zeros = (unsigned)__builtin_clzll(word);

    return sum + ((uint64_t)zeros << 30) + below(model, (uint64_t)1 << 30);
}

static SimTime
at_uniform(Model *model)
{
    return model->now + below(model, SIM_S);
}

static SimTime
at_equal(Model *model)
{
    (void)model;
    return 42 * SIM_S;
}

/* Many at one instant, then at the next. */
static SimTime
at_crowds(Model *model)
{
    return below(model, 3) == 0 ? model->now + below(model, 3) : model->now;
}

static SimTime
at_bimodal(Model *model)
{
    if (below(model, 2) == 0) {
        return model->now + below(model, 1000);
    }
    return model->now + 3600 * SIM_S + below(model, 1000);
}

/* One event in the far future makes the first buckets useless. */
static SimTime
at_far_first(Model *model)
{
    if (model->step < 8) {
        return SIM_NEVER - 1 - model->step % 2;
    }
    return model->now + 1 + below(model, SIM_MS);
}

static SimTime
at_jumps(Model *model)
{
    if (model->step % 257 == 0) {
        return model->now + 1000 * SIM_S + below(model, 10);
    }
    return model->now + below(model, 10);
}

/* Each next event is before all pending ones. */
static SimTime
at_descending(Model *model)
{
    return (SimTime)1 << 62 >> (model->step % 40) | below(model, 16);
}

static SimTime
at_powers(Model *model)
{
    SimTime power = (SimTime)2 << below(model, 63);

    return power - 1 - below(model, 2);
}

static SimTime
at_anything(Model *model)
{
    return below(model, SIM_NEVER);
}

/* The past is legal too: the queue does not know what "now" is. */
static SimTime
at_past(Model *model)
{
    uint64_t back = below(model, SIM_MS);

    return model->now > back ? model->now - back : below(model, SIM_S);
}

/* A cluster: messages, disk completions, timers pushed back again and again. */
static SimTime
at_cluster(Model *model)
{
    switch (below(model, 4)) {
    case 0:
        return model->now + SIM_MS + below(model, SIM_MS);
    case 1:
        return model->now + 100 * SIM_US;
    case 2:
        return model->now + 1;
    default:
        return model->now + 150 * SIM_MS + below(model, 150 * SIM_MS);
    }
}

static const Workload workloads[] = {
    {"exponential, 10", at_exponential, 10, 5000, 16},
    {"exponential, 100", at_exponential, 100, 5000, 16},
    {"exponential, 1000", at_exponential, 1000, 20000, 1024},
    {"exponential, 20000", at_exponential, 20000, 40000, 1024},
    {"uniform, 50", at_uniform, 50, 5000, 4},
    {"uniform, 5000", at_uniform, 5000, 20000, 4},
    {"all equal", at_equal, 5000, 5000, 2},
    {"all equal, one cell", at_equal, 5000, 5000, 1},
    {"all equal, many cells", at_equal, 20000, 20000, EVENT_CELL_MAX},
    {"crowds", at_crowds, 5000, 20000, 3},
    {"crowds, few", at_crowds, 50, 20000, 3},
    {"bimodal", at_bimodal, 1000, 20000, 8},
    {"bimodal, many", at_bimodal, 10000, 20000, 8},
    {"far future first", at_far_first, 3000, 20000, 8},
    {"far future first, many", at_far_first, 20000, 20000, 8},
    {"jumps", at_jumps, 2000, 20000, 8},
    {"descending", at_descending, 5000, 10000, 8},
    {"powers of two", at_powers, 5000, 20000, 2},
    {"anything", at_anything, 5000, 20000, 1024},
    {"the past", at_past, 3000, 20000, 8},
    {"cluster, 10", at_cluster, 10, 20000, 5},
    {"cluster, 200", at_cluster, 200, 20000, 5},
    {"cluster, 3000", at_cluster, 3000, 20000, 5},
};

static int
want_compare(const Want *left, const Want *right)
{
#define ORDER(field)                                                           \
    if (left->field != right->field) {                                         \
        return left->field < right->field ? -1 : 1;                            \
    }
    ORDER(at)
    ORDER(cell)
    ORDER(class)
    ORDER(from)
    ORDER(from_seq)
    ORDER(copy)
#undef ORDER
    return 0;
}

static Event
want_event(const Want *want)
{
    Event event = event_key(want->at, want->cell, want->class, want->from,
                            want->from_seq, want->copy);

    event.kind = (uint32_t)want->class + 100;
    event.flags = ~want->from;
    event.a = want->id;
    event.b = ~want->id;
    event.c = want->from_seq;
    event.data = (void *)(uintptr_t)want->id;
    return event;
}

static void
model_init(Model *model, uint64_t seed)
{
    *model = (Model){
        .wants = g_array_new(FALSE, FALSE, sizeof(Want)),
        .queue = queue_new(),
        .stream = {.key = seed},
    };
}

static void
model_clear(Model *model)
{
    g_array_free(model->wants, TRUE);
    queue_free(model->queue);
}

static void
model_push(Model *model, const Want *want)
{
    Event event = want_event(want);
    unsigned low = 0, high = model->wants->len;

    queue_push(model->queue, &event);
    while (low < high) {
        unsigned middle = (low + high) / 2;
        const Want *other = &g_array_index(model->wants, Want, middle);

        if (want_compare(other, want) < 0) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    g_array_insert_val(model->wants, low, *want);
}

static void
model_push_drawn(Model *model, const Workload *workload)
{
    Want want = {.at = workload->at(model), .id = model->next_id++};

    want.cell = (uint32_t)below(model, workload->cells);
    want.class = (EventClass)below(model, EVENT_CLASS_TIMER + 1);
    want.from = (uint32_t)below(model, workload->cells);
    /* Unique: the id is in it. Its high bits are drawn, so that pushing
     * order and total order disagree. */
    want.from_seq = below(model, 4) << 40 | want.id / 4;
    want.copy = (uint32_t)(want.id % 4);
    model_push(model, &want);
    model->step++;
}

static void
model_pop(Model *model, const char *name)
{
    Event got;

    ck_assert_msg(queue_pop(model->queue, &got), "%s: empty too early", name);

    unsigned last = model->wants->len - 1;
    Event want = want_event(&g_array_index(model->wants, Want, last));

    g_array_set_size(model->wants, last);
    ck_assert_msg(memcmp(&got, &want, sizeof(got)) == 0,
                  "%s: step %" G_GUINT64_FORMAT ": got event %" G_GUINT64_FORMAT
                  " at %" G_GUINT64_FORMAT ", want %" G_GUINT64_FORMAT
                  " at %" G_GUINT64_FORMAT,
                  name, model->step, got.a, got.at, want.a, want.at);
    model->now = got.at;
    ck_assert_uint_eq(queue_count(model->queue), model->wants->len);
}

START_TEST(test_workload)
{
    const Workload *workload = &workloads[_i / 4];
    Model model;

    model_init(&model, (uint64_t)_i % 4 + 1);
    for (unsigned i = 0; i < workload->hold; i++) {
        model_push_drawn(&model, workload);
    }
    /* Hold, with bursts: up to 8 pushes, then as many pops. */
    for (unsigned i = 0; i < workload->steps;) {
        unsigned burst = 1 + (unsigned)below(&model, 8);

        for (unsigned k = 0; k < burst; k++) {
            model_pop(&model, workload->name);
        }
        if (model.now > SIM_NEVER / 2) {
            model.now = 0;
        }
        for (unsigned k = 0; k < burst; k++) {
            model_push_drawn(&model, workload);
        }
        i += burst;
    }
    while (model.wants->len > 0) {
        model_pop(&model, workload->name);
    }
    ck_assert_ptr_null(queue_peek(model.queue));
    ck_assert_uint_eq(queue_next_at(model.queue), SIM_NEVER);
    model_clear(&model);
}
END_TEST

/* Grow to 30,000 and shrink to nothing, again and again, on one queue. */
START_TEST(test_waves)
{
    static const Workload wave = {"waves", at_cluster, 0, 0, 64};
    Model model;

    model_init(&model, 7);
    for (unsigned size = 1; size <= 30000; size = size * 3 + 1) {
        for (unsigned i = 0; i < size; i++) {
            model_push_drawn(&model, &wave);
            if (i % 16 == 0) {
                model_pop(&model, wave.name);
            }
        }
        while (model.wants->len > size / 100) {
            model_pop(&model, wave.name);
        }
    }
    model_clear(&model);
}
END_TEST

/* Two events that differ in one field only, smaller value first, whatever
 * the later fields say. */
START_TEST(test_order)
{
    static const Want first = {10, 3, EVENT_CLASS_DISK, 4, 5, 6, 1};
    static const struct {
        const char *name;
        Want second;
    } pairs[] = {
        {"at", {11, 0, EVENT_CLASS_WORLD, 0, 0, 0, 2}},
        {"at, high word", {(SimTime)1 << 60, 0, 0, 0, 0, 0, 2}},
        {"cell", {10, 4, EVENT_CLASS_WORLD, 0, 0, 0, 2}},
        {"cell, largest", {10, EVENT_CELL_MAX, 0, 0, 0, 0, 2}},
        {"class", {10, 3, EVENT_CLASS_MESSAGE, 0, 0, 0, 2}},
        {"from", {10, 3, EVENT_CLASS_DISK, 5, 0, 0, 2}},
        {"from, largest", {10, 3, EVENT_CLASS_DISK, UINT32_MAX, 0, 0, 2}},
        {"from_seq", {10, 3, EVENT_CLASS_DISK, 4, 6, 0, 2}},
        {"from_seq, largest",
         {10, 3, EVENT_CLASS_DISK, 4, EVENT_FROM_SEQ_MAX, 0, 2}},
        {"copy", {10, 3, EVENT_CLASS_DISK, 4, 5, 7, 2}},
        {"copy, largest", {10, 3, EVENT_CLASS_DISK, 4, 5, EVENT_COPY_MAX, 2}},
    };

    for (unsigned i = 0; i < G_N_ELEMENTS(pairs); i++) {
        for (unsigned swapped = 0; swapped < 2; swapped++) {
            Event left = want_event(&first);
            Event right = want_event(&pairs[i].second);
            Queue *queue = queue_new();
            Event got;

            queue_push(queue, swapped ? &right : &left);
            queue_push(queue, swapped ? &left : &right);
            ck_assert_uint_eq(queue_peek(queue)->a, 1);
            ck_assert(queue_pop(queue, &got));
            ck_assert_msg(got.a == 1, "%s: wrong order", pairs[i].name);
            ck_assert(queue_pop(queue, &got));
            ck_assert_uint_eq(got.a, 2);
            ck_assert(!queue_pop(queue, &got));
            ck_assert_int_eq(event_compare(&left, &right), -1);
            ck_assert_int_eq(event_compare(&right, &left), 1);
            ck_assert_int_eq(event_compare(&left, &left), 0);
            queue_free(queue);
        }
    }
}
END_TEST

START_TEST(test_fields)
{
    Event event = event_key(7, EVENT_CELL_MAX, EVENT_CLASS_TIMER, UINT32_MAX,
                            EVENT_FROM_SEQ_MAX, EVENT_COPY_MAX);

    ck_assert_uint_eq(event_at(&event), 7);
    ck_assert_uint_eq(event_cell(&event), EVENT_CELL_MAX);
    ck_assert_int_eq(event_class(&event), EVENT_CLASS_TIMER);
    ck_assert_uint_eq(event_from(&event), UINT32_MAX);
    ck_assert_uint_eq(event_from_seq(&event), EVENT_FROM_SEQ_MAX);
    ck_assert_uint_eq(event_copy(&event), EVENT_COPY_MAX);
}
END_TEST

START_TEST(test_pop_before)
{
    Queue *queue = queue_new();
    Event got;

    ck_assert(!queue_pop_before(queue, SIM_NEVER, &got));
    for (unsigned i = 0; i < 300; i++) {
        Event event = event_key(1000 - i, i, EVENT_CLASS_TIMER, i, i, 0);

        queue_push(queue, &event);
    }
    ck_assert(!queue_pop_before(queue, 701, &got));
    for (unsigned i = 701; i < 800; i++) {
        ck_assert_uint_eq(queue_next_at(queue), i);
        ck_assert_uint_eq(queue_peek(queue)->at, i);
        ck_assert(queue_pop_before(queue, 800, &got));
        ck_assert_uint_eq(got.at, i);
    }
    ck_assert(!queue_pop_before(queue, 800, &got));
    ck_assert_uint_eq(queue_count(queue), 201);
    queue_free(queue);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("queue");
    TCase *cases = tcase_create("queue");

    tcase_add_loop_test(cases, test_workload, 0,
                        (int)G_N_ELEMENTS(workloads) * 4);
    tcase_add_test(cases, test_waves);
    tcase_add_test(cases, test_order);
    tcase_add_test(cases, test_fields);
    tcase_add_test(cases, test_pop_before);
    suite_add_tcase(suite, cases);

    SRunner *runner = srunner_create(suite);

    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* How long it takes to tell whether a history is linearizable: histories of
 * the shapes that Porcupine is measured with, drawn from a seed, as they would
 * come from a service that is right, or in one answer wrong. Events are at
 * hand, as they are for Porcupine: reading a file is not part of it. */
#include <string.h>

#include "nodes/dice.h"
#include "sim/linear.h"
#include "sim/linear_models.h"
#include "tests/bench/bench.h"

#define JEPSEN_COUNT 102u
#define OPS_MAX      4096u

/* An operation of a client: it takes effect at `point`. */
typedef struct Op {
    unsigned client, key, function; /* 0 read, 1 write, 2 cas, 3 append */
    uint64_t call, point, end;
    unsigned number, expected; /* register: what is written */
    bool info;
    char text[24]; /* kv: likewise */
    char *told;    /* what a read was told; NULL: absent */
    bool failed;   /* a cas that found something else */
} Op;

typedef struct Shape {
    const char *model;
    unsigned clients, ops, keys;
    bool text;      /* values grow by appends; else small numbers */
    unsigned infos; /* percent */
    bool wrong;     /* one read is told what it cannot be */
} Shape;

/* A history, ready. */
typedef struct Ready {
    Op *ops;
    HistoryEvent *events;
    unsigned count;
} Ready;

typedef struct Moment {
    uint64_t time;
    unsigned op, what; /* 0 call, 1 point, 2 end */
} Moment;

static int
by_time(gconstpointer a, gconstpointer b)
{
    const Moment *x = a, *y = b;

    if (x->time != y->time) {
        return x->time < y->time ? -1 : 1;
    }
    return x->op != y->op ? (x->op < y->op ? -1 : 1)
                          : (int)x->what - (int)y->what;
}

static void
draw_ops(const Shape *shape, Stream *dice, Op *ops)
{
    uint64_t free_at[64] = {0};

    for (unsigned i = 0; i < shape->ops; i++) {
        Op *op = &ops[i];
        unsigned client = i % shape->clients;
        uint64_t gap = stream_below(dice, 1000);
        uint64_t length = 1000 + stream_below(dice, 9000);
        uint64_t draw = stream_below(dice, 1000);

        *op = (Op){.client = client};
        op->key = (unsigned)stream_below(dice, shape->keys);
        op->call = free_at[client] + gap;
        op->point = op->call + 1 + stream_below(dice, length - 2);
        op->end = op->call + length;
        free_at[client] = op->end;
        op->number = (unsigned)stream_below(dice, 5);
        op->expected = (unsigned)stream_below(dice, 5);
        op->info = stream_below(dice, 100) < shape->infos;
        if (shape->text) {
            op->function = draw < 500 ? 3 : draw < 550 ? 1 : 0;
            g_snprintf(op->text, sizeof(op->text), "x %u %u y", client, i);
        } else {
            op->function = (unsigned)(draw % 3);
        }
    }
}

/* What the service answers, its operations one after another. */
static void
take_effect(const Shape *shape, Op *op, GString **texts, int *number)
{
    GString **text = &texts[op->key];

    if (!shape->text) {
        if (op->function == 0) {
            op->told = *number < 0 ? NULL : g_strdup_printf("%d", *number);
        } else if (op->function == 1) {
            *number = (int)op->number;
        } else if (*number == (int)op->expected) {
            *number = (int)op->number;
        } else {
            op->failed = true;
        }
    } else if (op->function == 0) {
        op->told = *text != NULL ? g_strdup((*text)->str) : NULL;
    } else {
        if (*text == NULL) {
            *text = g_string_new(NULL);
        }
        if (op->function == 1) {
            g_string_truncate(*text, 0);
        }
        g_string_append(*text, op->text);
    }
}

static HistoryValue
value_of(const Shape *shape, const char *text)
{
    HistoryValue value = {.kind = HISTORY_NULL};

    if (text != NULL && shape->text) {
        value.kind = HISTORY_BYTES;
        value.bytes = slice_text(text);
    } else if (text != NULL) {
        value.kind = HISTORY_NUMBER;
        value.number = g_ascii_strtoll(text, NULL, 10);
    }
    return value;
}

static void
add_event(const Shape *shape, Ready *ready, const Op *op, unsigned what,
          uint64_t time)
{
    static const char *const functions[] = {"read", "write", "cas", "append"};
    static const char *const keys[] = {"0", "1", "2", "3", "4",
                                       "5", "6", "7", "8", "9"};
    HistoryEvent *event = &ready->events[ready->count++];

    *event = (HistoryEvent){
        .process = op->client,
        .function = slice_text(functions[op->function]),
        .key = {.kind = HISTORY_BYTES, .bytes = slice_text(keys[op->key])},
        .time = time};
    if (op->function == 0 && what == 2) {
        event->value = value_of(shape, op->told);
    } else if (op->function != 0 && shape->text) {
        event->value = value_of(shape, op->text);
    } else if (op->function != 0) {
        event->pair = op->function == 2;
        event->expected.kind = HISTORY_NUMBER;
        event->expected.number = op->expected;
        event->value.kind = HISTORY_NUMBER;
        event->value.number = op->number;
    }
    event->type = what == 0    ? HISTORY_INVOKE
                  : op->info   ? HISTORY_INFO
                  : op->failed ? HISTORY_FAIL
                               : HISTORY_OK;
}

static Ready
make_history(const Shape *shape, uint64_t seed)
{
    Ready ready = {g_new0(Op, shape->ops), g_new0(HistoryEvent, shape->ops * 2),
                   0};
    GArray *moments = g_array_new(FALSE, FALSE, sizeof(Moment));
    GString *texts[16] = {NULL};
    Stream dice = {seed, 0};
    int number = -1;
    unsigned wrong = 0;

    draw_ops(shape, &dice, ready.ops);
    for (unsigned i = 0; i < shape->ops; i++) {
        const Op *op = &ready.ops[i];
        Moment three[3] = {
            {op->call, i, 0}, {op->point, i, 1}, {op->end, i, 2}};

        g_array_append_vals(moments, three, 3);
    }
    g_array_sort(moments, by_time);
    for (unsigned i = 0; i < moments->len; i++) {
        const Moment *moment = &g_array_index(moments, Moment, i);
        Op *op = &ready.ops[moment->op];

        if (moment->what != 1) {
            add_event(shape, &ready, op, moment->what, moment->time);
            continue;
        }
        take_effect(shape, op, texts, &number);
        if (shape->wrong && wrong == 0 && op->function == 0 && !op->info &&
            op->told != NULL && i > moments->len * 3 / 4) {
            const char *second = strchr(op->told + 1, 'x');

            /* Without its first append, or another number. */
            if (shape->text && second != NULL) {
                memmove(op->told, second, strlen(second) + 1);
                wrong = 1;
            } else if (!shape->text) {
                op->told[0] = (char)('0' + (op->told[0] - '0' + 1) % 5);
                wrong = 1;
            }
        }
    }
    for (unsigned i = 0; i < G_N_ELEMENTS(texts); i++) {
        if (texts[i] != NULL) {
            g_string_free(texts[i], TRUE);
        }
    }
    g_array_free(moments, TRUE);
    return ready;
}

static void
clear_history(Ready *ready, unsigned ops)
{
    for (unsigned i = 0; i < ops; i++) {
        g_free(ready->ops[i].told);
    }
    g_free(ready->ops);
    g_free(ready->events);
}

/* Seconds to the verdict. */
static double
judge(const Shape *shape, const Ready *ready, bool verdict_only,
      LinearVerdict *verdict)
{
    LinearOptions options = {
        .model = linear_models_find(shape->model, NULL),
        .limits = {.steps = UINT64_MAX, .memory = (size_t)4 << 30},
        .verdict_only = verdict_only};
    double start = bench_seconds();
    Linear *linear = linear_new(&options);

    for (unsigned i = 0; i < ready->count; i++) {
        GError *error = NULL;

        if (!linear_add(linear, &ready->events[i], i + 1, &error)) {
            g_error("%s", error->message);
        }
    }
    *verdict = linear_finish(linear);
    start = bench_seconds() - start;
    linear_free(linear);
    return start;
}

static const struct {
    const char *name, *words;
    Shape shape;
    LinearVerdict want;
    bool verdict_only;
    double peer_ms; /* Porcupine's on its own history of this shape; 0: none */
} rows[] = {
    {"kv_50_clients_ms",
     "kv",
     {"kv", 50, 1700, 10, true, 0, false},
     LINEAR_GOOD,
     true,
     104},
    {"kv_50_clients_bad_ms",
     "kv",
     {"kv", 50, 2000, 10, true, 0, true},
     LINEAR_BAD,
     true,
     12},
    {"kv_50_clients_bad_explained_ms",
     "kv",
     {"kv", 50, 2000, 10, true, 0, true},
     LINEAR_BAD,
     false,
     0},
    {"kv_10_clients_unpartitioned_ms",
     "kv",
     {"kv-whole", 10, 1000, 10, true, 0, false},
     LINEAR_GOOD,
     true,
     1640},
};

static void
register_histories(BenchReport *report)
{
    BenchSamples all = {{0}, 0}, medians = {{0}, 0}, worsts = {{0}, 0};
    unsigned bad = 0;

    for (unsigned round = 0; round < BENCH_ROUNDS; round++) {
        GArray *times = g_array_new(FALSE, FALSE, sizeof(double));
        double sum = 0, worst = 0;
        BenchSamples some = {{0}, 0};

        for (unsigned i = 0; i < JEPSEN_COUNT; i++) {
            Shape shape = {"cas-register", 5, 85, 1, false, 15, i % 3 == 0};
            Ready ready = make_history(&shape, 1000 + i);
            LinearVerdict verdict;
            double seconds = judge(&shape, &ready, true, &verdict);

            bad += verdict == LINEAR_BAD;
            sum += seconds;
            worst = MAX(worst, seconds);
            if (i < 63) {
                bench_samples_add(&some, seconds * 1e6);
            }
            clear_history(&ready, shape.ops);
        }
        bench_samples_add(&all, sum * 1e3);
        bench_samples_add(&medians, bench_samples_median(&some));
        bench_samples_add(&worsts, worst * 1e6);
        g_array_free(times, TRUE);
    }
    bench_report_metric(report, "register_102_histories_ms",
                        bench_samples_median(&all));
    bench_report_metric(report, "register_median_us",
                        bench_samples_median(&medians));
    bench_report_metric(report, "register_worst_us",
                        bench_samples_median(&worsts));
    bench_report_metric(report, "register_bad_histories", bad / BENCH_ROUNDS);
    bench_report_ratio(report, "register_median_us_to_porcupine",
                       bench_samples_median(&medians), 76);
    bench_report_ratio(report, "register_worst_us_to_porcupine",
                       bench_samples_median(&worsts), 129000);
}

int
main(void)
{
    BenchReport report;

    bench_report_init(&report, "linear");
    for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++) {
        BenchSamples samples = {{0}, 0};
        Ready ready = make_history(&rows[i].shape, 7 + i / 2 * 2);
        g_autofree char *ratio =
            g_strdup_printf("%s_to_porcupine", rows[i].name);
        LinearVerdict verdict;

        for (unsigned round = 0; round < BENCH_ROUNDS; round++) {
            bench_samples_add(&samples, judge(&rows[i].shape, &ready,
                                              rows[i].verdict_only, &verdict) *
                                            1e3);
            g_assert(verdict == rows[i].want);
        }
        bench_report_metric(&report, rows[i].name,
                            bench_samples_median(&samples));
        bench_report_ratio(&report, ratio, bench_samples_median(&samples),
                           rows[i].peer_ms);
        clear_history(&ready, rows[i].shape.ops);
    }
    register_histories(&report);
    bench_report_peer_metric(&report, "kv_50_clients_ms", 104);
    bench_report_peer_metric(&report, "kv_50_clients_bad_ms", 12);
    bench_report_peer_metric(&report, "kv_10_clients_unpartitioned_ms", 1640);
    bench_report_peer_metric(&report, "register_102_histories_ms", 342);
    bench_report_peer_metric(&report, "register_median_us", 76);
    bench_report_peer_metric(&report, "register_worst_us", 129000);
    bench_report_peer(&report, "porcupine_as_recorded_on_its_own_histories");
    bench_report_skipped(&report, "porcupine",
                         "it needs Go: histories here have the shape of its "
                         "own, and the ratios are to its recorded figures");
    bench_report_print(&report);
    return 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Linearizability: small histories and their verdicts, what is told of a bad
 * one, and thousands of random ones against a checker that tries every
 * order. */
#include "sim/linear.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "nodes/dice.h"
#include "sim/linear_draw.h"
#include "sim/linear_models.h"
#include "sim/linear_store.h"
#include "sim/linear_text.h"

/* A history in short: "0:write=1" invokes, "0:ok", "0:ok=1", "0:fail" and
 * "0:info" end, "k2/" before the function names a key. Values are numbers,
 * null, 'text', or [lists]. */
static const struct {
    const char *model, *name, *history;
    LinearVerdict want;
} histories[] = {
    {"register", "nothing", "", LINEAR_GOOD},
    {"register", "absent at first", "0:read 0:ok=null", LINEAR_GOOD},
    {"register", "not absent at first", "0:read 0:ok=1", LINEAR_BAD},
    {"register", "read what was written", "0:write=1 0:ok 0:read 0:ok=1",
     LINEAR_GOOD},
    {"register", "stale read", "0:write=1 0:ok 1:write=2 1:ok 0:read 0:ok=1",
     LINEAR_BAD},
    {"register", "either of two at a time",
     "0:write=1 1:write=2 0:ok 1:ok 0:read 0:ok=1 1:read 1:ok=1", LINEAR_GOOD},
    {"register", "not first one then the other",
     "0:write=1 1:write=2 0:ok 1:ok 0:read 0:ok=1 1:read 1:ok=2", LINEAR_BAD},
    {"register", "read overlaps the write, new then old",
     "0:write=1 1:read 1:ok=1 1:read 1:ok=null 0:ok", LINEAR_BAD},
    {"register", "read overlaps the write, old then new",
     "0:write=1 1:read 1:ok=null 1:read 1:ok=1 0:ok", LINEAR_GOOD},
    {"register", "info may have happened", "0:write=1 0:info 1:read 1:ok=1",
     LINEAR_GOOD},
    {"register", "info may not have happened",
     "0:write=1 0:info 1:read 1:ok=null", LINEAR_GOOD},
    {"register", "info may happen late",
     "0:write=1 0:info 0:write=2 0:ok 0:read 0:ok=2 0:read 0:ok=1",
     LINEAR_GOOD},
    {"register", "info happens once",
     "0:write=1 0:info 0:write=2 0:ok 0:read 0:ok=1 0:write=3 0:ok 0:read "
     "0:ok=1",
     LINEAR_BAD},
    {"register", "two alike happen twice",
     "0:write=1 0:info 1:write=1 1:info 0:write=2 0:ok 0:read 0:ok=1 0:write=3 "
     "0:ok 0:read 0:ok=1",
     LINEAR_GOOD},
    {"register", "no return is info", "0:write=1 1:read 1:ok=1", LINEAR_GOOD},
    {"register", "info not before its call", "1:read 1:ok=1 0:write=1 0:info",
     LINEAR_BAD},
    {"register", "what failed did not happen", "0:write=1 0:fail 1:read 1:ok=1",
     LINEAR_BAD},
    {"register", "an info read says nothing", "0:read 0:info 0:read 0:ok=null",
     LINEAR_GOOD},
    {"register", "keys are apart",
     "0:a/write=1 0:ok 0:b/read 0:ok=null 0:a/read 0:ok=1", LINEAR_GOOD},
    {"register", "one key of two", "0:a/write=1 0:ok 0:b/read 0:ok=1",
     LINEAR_BAD},
    {"cas-register", "cas in turn",
     "0:write=1 0:ok 0:cas=[1,2] 0:ok 0:cas=[2,3] 0:ok 0:read 0:ok=3",
     LINEAR_GOOD},
    {"cas-register", "only one of two",
     "0:write=1 0:ok 0:cas=[1,2] 1:cas=[1,3] 0:ok 1:ok", LINEAR_BAD},
    {"cas-register", "one of two, and back",
     "0:write=1 0:ok 0:cas=[1,2] 1:cas=[1,3] 2:write=1 0:ok 1:ok 2:ok",
     LINEAR_GOOD},
    {"cas-register", "of absence", "0:cas=[null,2] 0:ok 0:read 0:ok=2",
     LINEAR_GOOD},
    {"cas-register", "an info between",
     "0:write=1 0:ok 1:cas=[1,2] 1:info 0:cas=[2,3] 0:ok", LINEAR_GOOD},
    {"kv", "append", "0:append='a' 0:ok 0:append='b' 0:ok 0:read 0:ok='ab'",
     LINEAR_GOOD},
    {"kv", "append in no order",
     "0:append='a' 0:ok 0:append='b' 0:ok 0:read 0:ok='ba'", LINEAR_BAD},
    {"kv", "appends at a time",
     "0:append='a' 1:append='b' 2:append='c' 0:ok 1:ok 2:ok 0:read 0:ok='bca'",
     LINEAR_GOOD},
    {"kv", "an append lost",
     "0:append='a' 0:ok 1:append='b' 1:ok 0:read 0:ok='b'", LINEAR_BAD},
    {"kv", "info append in the middle",
     "0:append='a' 0:ok 1:append='x' 1:info 0:append='b' 0:ok 0:read "
     "0:ok='axb'",
     LINEAR_GOOD},
    {"kv", "info append twice",
     "0:append='a' 0:ok 1:append='x' 1:info 0:append='b' 0:ok 0:read "
     "0:ok='axbx'",
     LINEAR_BAD},
    {"kv", "delete", "0:write='a' 0:ok 0:delete 0:ok 0:read 0:ok=null",
     LINEAR_GOOD},
    {"kv", "not deleted", "0:write='a' 0:ok 0:delete 0:ok 0:read 0:ok='a'",
     LINEAR_BAD},
    {"kv", "delete, append",
     "0:write='a' 0:ok 0:delete 1:append='b' 0:ok 1:ok 0:read 0:ok='b'",
     LINEAR_GOOD},
    {"kv", "a number grows by its digits",
     "0:write=5 0:ok 0:append='x' 0:ok 0:read 0:ok='5x'", LINEAR_GOOD},
    {"kv-whole", "keys are apart",
     "0:a/write=1 1:b/write=2 0:ok 1:ok 0:a/read 0:ok=1 0:b/read 0:ok=2",
     LINEAR_GOOD},
    {"kv-whole", "one key of two",
     "0:a/write=1 1:b/write=2 0:ok 1:ok 0:a/read 0:ok=2", LINEAR_BAD},
    {"counter", "adds", "0:add=2 1:add=3 0:ok 2:read 2:ok=2 1:ok 2:read 2:ok=5",
     LINEAR_GOOD},
    {"counter", "an add lost", "0:add=2 0:ok 1:add=3 1:ok 2:read 2:ok=3",
     LINEAR_BAD},
    {"counter", "an info add counts once",
     "0:add=2 0:info 1:read 1:ok=2 1:read 1:ok=4", LINEAR_BAD},
    {"counter", "below zero", "0:add=-1 0:ok 0:read 0:ok=-1", LINEAR_GOOD},
    {"queue", "first in, first out",
     "0:enqueue=1 0:ok 0:enqueue=2 0:ok 1:dequeue 1:ok=1 1:dequeue 1:ok=2 "
     "1:dequeue 1:ok=null",
     LINEAR_GOOD},
    {"queue", "last in, first out",
     "0:enqueue=1 0:ok 0:enqueue=2 0:ok 1:dequeue 1:ok=2", LINEAR_BAD},
    {"queue", "twice out", "0:enqueue=1 0:ok 1:dequeue 2:dequeue 1:ok=1 2:ok=1",
     LINEAR_BAD},
    {"queue", "at a time", "0:enqueue=1 1:enqueue=2 0:ok 1:ok 1:dequeue 1:ok=2",
     LINEAR_GOOD},
    {"queue", "not empty", "0:enqueue=1 0:ok 1:dequeue 1:ok=null", LINEAR_BAD},
    {"queue", "an info dequeue took it",
     "0:enqueue=1 0:ok 1:dequeue 1:info 0:dequeue 0:ok=null", LINEAR_GOOD},
    {"queue", "an info dequeue took one of two",
     "0:enqueue=1 0:ok 0:enqueue=2 0:ok 1:dequeue 1:info 0:dequeue 0:ok=2",
     LINEAR_GOOD},
    {"set", "members",
     "0:add=2 0:ok 0:add=1 0:ok 0:read 0:ok=[1,2] 0:remove=2 0:ok 0:read "
     "0:ok=[1]",
     LINEAR_GOOD},
    {"set", "in any order", "0:add=2 0:ok 0:add=1 0:ok 0:read 0:ok=[2,1]",
     LINEAR_GOOD},
    {"set", "empty", "0:read 0:ok=[] 0:read 0:ok=null", LINEAR_GOOD},
    {"set", "one lost", "0:add=2 0:ok 0:add=1 0:ok 0:read 0:ok=[1]",
     LINEAR_BAD},
    {"set", "one twice", "0:add=1 0:ok 0:read 0:ok=[1,1]", LINEAR_BAD},
    {"set", "an info add seen late",
     "0:add=1 0:info 0:read 0:ok=[] 0:read 0:ok=[1]", LINEAR_GOOD},
};

/* The checker's limits must not be what answers. */
static LinearOptions
options_of(const LinearModel *model)
{
    return (LinearOptions){.model = model,
                           .limits = {.steps = 10000000, .memory = 1u << 28}};
}

static HistoryValue
parse_value(const char **at, GPtrArray *texts)
{
    HistoryValue value = {.kind = HISTORY_NULL};
    char *end;

    if (**at == '\'') {
        end = strchr(*at + 1, '\'');
        value.kind = HISTORY_BYTES;
        value.bytes.data = (const uint8_t *)*at + 1;
        value.bytes.size = (size_t)(end - *at - 1);
        *at = end + 1;
    } else if (strncmp(*at, "null", 4) == 0) {
        *at += 4;
    } else {
        value.kind = HISTORY_NUMBER;
        value.number = strtoll(*at, &end, 10);
        *at = end;
    }
    (void)texts;
    return value;
}

/* Feed @text to @linear. False: it was refused, with @error. */
static bool
feed(Linear *linear, const char *text, GError **error)
{
    g_auto(GStrv) words = g_strsplit(text, " ", -1);
    char *functions[16] = {0};
    HistoryEvent keys[16] = {0};
    bool good = true;

    for (unsigned i = 0; good && words[i] != NULL; i++) {
        HistoryEvent event = {.time = (i + 1) * 1000000};
        HistoryValue items[16];
        char *name, *slash;
        const char *value;
        unsigned process;

        if (words[i][0] == '\0') {
            continue;
        }
        process = (unsigned)strtoul(words[i], &name, 10);
        event.process = process;
        name++;
        value = strchr(name, '=');
        if (value != NULL) {
            value++;
            if (*value == '[') {
                unsigned count = 0;

                value++;
                while (*value != ']') {
                    items[count++] = parse_value(&value, NULL);
                    value += *value == ',';
                }
                event.pair = count == 2;
                event.list = count != 2;
                event.items = items;
                event.item_count = count;
                event.expected = items[0];
                event.value = items[1];
            } else {
                event.value = parse_value(&value, NULL);
            }
            *strchr(name, '=') = '\0';
        }
        if (strcmp(name, "ok") == 0) {
            event.type = HISTORY_OK;
        } else if (strcmp(name, "fail") == 0) {
            event.type = HISTORY_FAIL;
        } else if (strcmp(name, "info") == 0) {
            event.type = HISTORY_INFO;
        } else {
            slash = strchr(name, '/');
            if (slash != NULL) {
                *slash = '\0';
                keys[process].key = (HistoryValue){.kind = HISTORY_BYTES,
                                                   .bytes = slice_text(name)};
                name = slash + 1;
            }
            functions[process] = name;
        }
        event.key = keys[process].key;
        event.function = slice_text(
            functions[process] != NULL ? functions[process] : "read");
        good = linear_add(linear, &event, i + 1, error);
    }
    return good;
}

START_TEST(verdicts)
{
    const LinearModel *model = linear_models_find(histories[_i].model, NULL);

    ck_assert_ptr_nonnull(model);
    for (unsigned piece = 1; piece <= 4; piece *= 2) {
        LinearOptions options = options_of(model);
        Linear *linear;
        GError *error = NULL;

        options.piece = piece;
        linear = linear_new(&options);
        ck_assert_msg(feed(linear, histories[_i].history, &error), "%s",
                      error != NULL ? error->message : "");
        ck_assert_msg(linear_finish(linear) == histories[_i].want,
                      "%s: %s, pieces of %u", histories[_i].model,
                      histories[_i].name, piece);
        ck_assert_uint_eq(linear_failures(linear)->len,
                          histories[_i].want == LINEAR_BAD);
        linear_free(linear);
    }
}
END_TEST

/* A model with a mistake must not pass the table above, or that is too weak:
 * one in which what cannot be is, and one in which nothing changes. */
static const LinearModel *right;

static bool
careless_step(LinearTools *tools, uint64_t state, const LinearCall *call,
              uint64_t *next)
{
    if (!right->step(tools, state, call, next)) {
        *next = state;
    }
    return true;
}

static bool
lazy_step(LinearTools *tools, uint64_t state, const LinearCall *call,
          uint64_t *next)
{
    bool can = right->step(tools, state, call, next);

    *next = state;
    return can;
}

START_TEST(wrong_model)
{
    const LinearModel *model = linear_models_get((unsigned)_i);
    LinearModel wrong = *model;
    unsigned caught[2] = {0};

    right = model;
    for (unsigned i = 0; i < 2 * G_N_ELEMENTS(histories); i++) {
        unsigned row = i / 2;
        LinearOptions options = options_of(&wrong);
        Linear *linear;

        wrong.step = i % 2 == 0 ? careless_step : lazy_step;
        if (strcmp(histories[row].model, model->name) != 0) {
            continue;
        }
        linear = linear_new(&options);
        ck_assert(feed(linear, histories[row].history, NULL));
        caught[i % 2] += linear_finish(linear) != histories[row].want;
        linear_free(linear);
    }
    /* The hints alone know what a cas needs. */
    ck_assert(caught[0] >= 1 ||
              model == linear_models_find("cas-register", NULL));
    ck_assert_uint_ge(caught[1], 1);
}
END_TEST

static const struct {
    const char *model, *history, *want;
} mistakes[] = {
    {"register", "0:write=1 0:write=2",
     "process 0 invokes, and what it invoked on line 1 has not ended"},
    {"register", "0:ok",
     "process 0 has nothing under way that could end with ok"},
    {"register", "3:info",
     "process 3 has nothing under way that could end with info"},
    {"register", "0:cas=[1,2]",
     "found f \"cas\" and its value, expected by model register: read, or "
     "write with a value"},
    {"register", "0:write=[1,2]",
     "found f \"write\" and its value, expected by model register: read, or "
     "write with a value"},
    {"register", "0:read 0:ok=[1,2]",
     "found another value of a read, expected by model register: one value, "
     "or null for absent"},
    {"counter", "0:add='x'",
     "found f \"add\" and its value, expected by model counter: read, or add "
     "with an integer"},
    {"counter", "0:read 0:ok=null",
     "found another value of a read, expected by model counter: an integer"},
    {"kv", "0:append=1",
     "found f \"append\" and its value, expected by model kv: read, write "
     "with a value, cas with [expected, new], append with text, or delete"},
    {"queue", "0:enqueue=null",
     "found f \"enqueue\" and its value, expected by model queue: enqueue "
     "with a value, or dequeue"},
};

START_TEST(refused)
{
    LinearOptions options =
        options_of(linear_models_find(mistakes[_i].model, NULL));
    Linear *linear = linear_new(&options);
    GError *error = NULL;

    ck_assert(!feed(linear, mistakes[_i].history, &error));
    ck_assert_str_eq(error->message, mistakes[_i].want);
    g_clear_error(&error);
    linear_free(linear);
}
END_TEST

/* Every order, without any cleverness. */
typedef struct Brute {
    const LinearModel *model;
    LinearTools *tools;
    LinearOp ops[16];
    unsigned count, places;
    unsigned taken;
} Brute;

static bool
brute(Brute *all, uint64_t state)
{
    uint32_t first = LINEAR_NEVER;
    bool done = true;
    uint64_t next;

    for (unsigned i = 0; i < all->count; i++) {
        if (!(all->taken >> i & 1) && all->ops[i].ended != LINEAR_NEVER) {
            done = false;
            first = MIN(first, all->ops[i].ended);
        }
    }
    if (done) {
        return true;
    }
    for (unsigned i = 0; i < all->count; i++) {
        if (all->taken >> i & 1 || all->ops[i].called > first ||
            !all->model->step(all->tools, state, &all->ops[i].call, &next)) {
            continue;
        }
        all->taken |= 1u << i;
        done = brute(all, next);
        all->taken &= ~(1u << i);
        if (done) {
            return true;
        }
    }
    return false;
}

/* Functions of each model, as random histories use them. @values: how many
 * it is asked with; @reads: it is told one. */
static const struct {
    const char *model, *function;
    unsigned values;
    bool told;
} functions[] = {
    {"register", "read", 0, true},     {"register", "write", 1, false},
    {"cas-register", "read", 0, true}, {"cas-register", "write", 1, false},
    {"cas-register", "cas", 2, false}, {"kv", "read", 0, true},
    {"kv", "write", 1, false},         {"kv", "cas", 2, false},
    {"kv", "append", 1, false},        {"kv", "delete", 0, false},
    {"counter", "read", 0, true},      {"counter", "add", 1, false},
    {"queue", "enqueue", 1, false},    {"queue", "dequeue", 0, true},
    {"set", "add", 1, false},          {"set", "remove", 1, false},
    {"set", "read", 0, true},
};

/* What a random history is made of: operations as the model knows them, and
 * as the history has them. */
typedef struct Random {
    Stream dice;
    const LinearModel *model;
    unsigned values; /* how many different ones */
    unsigned next_value;
} Random;

static HistoryValue
random_value(Random *random)
{
    static const char *const texts[] = {"a", "b", "ab", "ba", "c", "aa"};
    uint64_t draw = stream_below(&random->dice, random->values);
    HistoryValue value = {.kind = HISTORY_NUMBER, .number = (int64_t)draw + 1};

    if (random->model == linear_models_find("kv", NULL)) {
        value.kind = HISTORY_BYTES;
        value.bytes = slice_text(texts[draw % G_N_ELEMENTS(texts)]);
    }
    return value;
}

static HistoryEvent
random_call(Random *random, unsigned process, unsigned *row)
{
    HistoryEvent event = {.process = process, .type = HISTORY_INVOKE};
    unsigned count = 0;
    uint64_t draw;

    for (unsigned i = 0; i < G_N_ELEMENTS(functions); i++) {
        count += strcmp(functions[i].model, random->model->name) == 0;
    }
    draw = stream_below(&random->dice, count);
    for (unsigned i = 0;; i++) {
        if (strcmp(functions[i].model, random->model->name) == 0 &&
            draw-- == 0) {
            *row = i;
            break;
        }
    }
    event.function = slice_text(functions[*row].function);
    if (functions[*row].values == 2) {
        event.pair = true;
        event.expected = random_value(random);
        if (stream_below(&random->dice, 4) == 0) {
            event.expected.kind = HISTORY_NULL;
        }
    }
    if (functions[*row].values > 0) {
        event.value = random_value(random);
    }
    return event;
}

/* What it is told: any value, or none. Half of the histories are good by
 * chance, as values are few. */
static void
random_told(Random *random, HistoryEvent *event, HistoryValue *items)
{
    event->type = HISTORY_OK;
    event->pair = false;
    event->expected = (HistoryValue){0};
    event->value = random_value(random);
    if (random->model == linear_models_find("set", NULL)) {
        event->value = (HistoryValue){0};
        event->list = true;
        event->items = items;
        event->item_count = 0;
        for (unsigned i = 0; i < random->values; i++) {
            if (stream_below(&random->dice, 2) == 0) {
                items[event->item_count++] = (HistoryValue){
                    .kind = HISTORY_NUMBER, .number = (int64_t)i + 1};
            }
        }
    } else if (stream_below(&random->dice, 4) == 0) {
        event->value.kind = HISTORY_NULL;
        if (random->model == linear_models_find("counter", NULL)) {
            event->value.kind = HISTORY_NUMBER;
            event->value.number = 0;
        }
    }
}

static LinearValues
values_of(const HistoryEvent *event, LinearValue *room)
{
    const HistoryValue *from = event->items;
    HistoryValue two[2] = {event->expected, event->value};
    unsigned count = event->item_count;

    if (!event->list) {
        from = event->pair ? two : &event->value;
        count = event->pair ? 2 : 1;
    }
    for (unsigned i = 0; i < count; i++) {
        room[i] = (LinearValue){(LinearValueKind)from[i].kind, from[i].number,
                                from[i].bytes.data, from[i].bytes.size};
    }
    return (LinearValues){room, count};
}

/* Every model, several ways to search, the same verdict as that of all
 * orders. */
START_TEST(as_brute_force)
{
    enum { ROUNDS = 3000, PROCESSES = 4, CALLS = 8 };
    static const char *const models[] = {"register", "cas-register", "kv",
                                         "counter",  "queue",        "set"};
    const LinearModel *model = linear_models_find(models[_i], NULL);
    LinearModel plain = *model; /* without hints how states come about */
    Random random = {.dice = {4711, (uint64_t)_i << 32}, .model = model};
    unsigned good = 0, with_infos = 0, stale = 0;

    plain.leaves = plain.helps = NULL;
    plain.begins = NULL;
    for (unsigned round = 0; round < ROUNDS; round++) {
        LinearStore *store = linear_store_new();
        Brute all = {.model = model, .tools = linear_store_tools(store)};
        LinearOptions options = options_of(model);
        Linear *linear[4];
        HistoryEvent open[PROCESSES];
        unsigned rows[PROCESSES];
        int doing[PROCESSES] = {-1, -1, -1, -1};
        unsigned calls = 0, line = 0, infos = 0;
        LinearVerdict want;
        const char *expected;

        random.values = 2 + round % 4;
        for (unsigned i = 0; i < 4; i++) {
            options.model = i == 3 ? &plain : model;
            options.piece = i == 1 ? 1 : i == 2 ? 3 : 1000;
            options.watch = i < 2;
            linear[i] = linear_new(&options);
        }
        while (line < 100) {
            uint64_t process = stream_below(&random.dice, PROCESSES);
            uint64_t draw = stream_below(&random.dice, 10);
            HistoryValue items[8];
            LinearValue room[8];
            LinearValues values;
            HistoryEvent event;

            if (calls >= CALLS && doing[0] < 0 && doing[1] < 0 &&
                doing[2] < 0 && doing[3] < 0) {
                break;
            }
            if (doing[process] < 0) {
                LinearOp op = {.ended = LINEAR_NEVER};

                if (calls == CALLS) {
                    continue;
                }
                event = open[process] =
                    random_call(&random, (unsigned)process, &rows[process]);
                values = values_of(&event, room);
                op.called = all.places++;
                ck_assert(
                    model->asked(all.tools, functions[rows[process]].function,
                                 LINEAR_ABSENT, values, &op.call, &expected));
                doing[process] = (int)all.count;
                all.ops[all.count++] = op;
                calls++;
            } else if (draw < 6) {
                LinearOp *op = &all.ops[doing[process]];

                event = open[process];
                event.type = HISTORY_OK;
                if (functions[rows[process]].told) {
                    random_told(&random, &event, items);
                }
                values = values_of(&event, room);
                ck_assert(
                    model->told(all.tools, &op->call, &values, &expected));
                op->ended = all.places++;
                doing[process] = -1;
            } else if (draw < 7) {
                event = open[process];
                event.type = HISTORY_INFO;
                doing[process] = -1;
                infos++;
            } else {
                continue;
            }
            event.time = ++line;
            for (unsigned i = 0; i < 4; i++) {
                ck_assert(linear_add(linear[i], &event, line, NULL));
            }
        }
        want = brute(&all, model->begin(all.tools)) ? LINEAR_GOOD : LINEAR_BAD;
        good += want == LINEAR_GOOD;
        with_infos += want == LINEAR_GOOD && infos > 0;
        stale += linear_stale(linear[0]);
        for (unsigned i = 0; i < 4; i++) {
            bool seen = linear_stale(linear[i]);
            LinearVerdict got = linear_finish(linear[i]);

            ck_assert_msg(got == want, "%s, round %u, way %u: %d, not %d",
                          model->name, round, i, got, want);
            ck_assert(!seen || want == LINEAR_BAD);
            linear_free(linear[i]);
        }
        linear_store_free(store);
    }
    /* It must have had something to tell apart. */
    ck_assert_uint_ge(good, ROUNDS / 20);
    ck_assert_uint_ge(with_infos, ROUNDS / 50);
    ck_assert_uint_le(good, ROUNDS - ROUNDS / 20);
    if (strstr(model->name, "register") != NULL) {
        ck_assert_uint_ge(stale, ROUNDS / 100);
    }
}
END_TEST

/* What is told of a bad history: the shortest prefix of it, and of what was
 * told only what it takes. */
static const struct {
    const char *name, *model, *history, *key, *odd, *states;
    uint64_t line;
} reasons[] = {
    {"a stale read among others", "kv",
     "0:a/write=1 0:ok 1:b/write=7 1:ok 0:a/write=2 0:ok 1:a/write=3 0:b/read "
     "0:ok=7 2:a/read 1:ok 2:ok=1 0:a/read 0:ok=3",
     "\"a\"", "write 1; write 2; read -> 1", "3", 12},
    {"never written", "register", "0:write=1 0:ok 1:read 2:write=2 1:ok=3 2:ok",
     NULL, "read -> 3", "1", 5},
    {"not in time, with what may have happened", "register",
     "0:write=1 0:info 1:write=2 1:ok 2:read 2:ok=1 2:read 2:ok=2", NULL,
     "write 2; read -> 1; read -> 2", "1", 8},
    {"two take one", "queue",
     "0:enqueue=1 0:ok 1:dequeue 2:dequeue 1:ok=1 2:ok=1 0:enqueue=1 0:ok",
     NULL, "dequeue -> 1; dequeue -> 1", "[]", 6},
    {"two of one", "cas-register", "0:cas=[null,1] 1:cas=[null,1] 0:ok 1:ok",
     NULL, "cas null -> 1; cas null -> 1", "1", 4},
};

START_TEST(reason)
{
    LinearOptions options =
        options_of(linear_models_find(reasons[_i].model, NULL));
    Linear *linear = linear_new(&options);
    GString *odd = g_string_new(NULL), *states = g_string_new(NULL);
    const LinearFailure *failure;
    char *picture;

    ck_assert(feed(linear, reasons[_i].history, NULL));
    ck_assert_int_eq(linear_finish(linear), LINEAR_BAD);
    ck_assert_uint_eq(linear_failures(linear)->len, 1);
    failure = linear_failures(linear)->pdata[0];
    for (unsigned i = 0; i < failure->bars->len; i++) {
        const LinearBar *bar = &g_array_index(failure->bars, LinearBar, i);

        if (bar->odd) {
            g_string_append_printf(odd, "%s%s", odd->len > 0 ? "; " : "",
                                   bar->text);
        }
    }
    for (unsigned i = 0; i < failure->states->len; i++) {
        g_string_append_printf(states, "%s%s", i > 0 ? " or " : "",
                               (const char *)failure->states->pdata[i]);
    }
    ck_assert_str_eq(odd->str, reasons[_i].odd);
    ck_assert_str_eq(states->str, reasons[_i].states);
    ck_assert_uint_eq(failure->line, reasons[_i].line);
    ck_assert_pstr_eq(failure->key, reasons[_i].key);
    ck_assert(failure->all_needed);
    picture = linear_draw(failure);
    ck_assert(g_str_has_prefix(picture, "<svg ") &&
              g_str_has_suffix(picture, "</svg>\n"));
    g_free(picture);
    g_string_free(odd, TRUE);
    g_string_free(states, TRUE);
    linear_free(linear);
}
END_TEST

/* A history ten times as long, with points where nothing is under way, takes
 * about the same memory, though its values are all different. */
START_TEST(bounded_memory)
{
    LinearOptions options = options_of(linear_models_find("kv", NULL));
    size_t memory[2] = {0};

    for (unsigned run = 0; run < 2; run++) {
        Linear *linear = linear_new(&options);
        unsigned operations = run == 0 ? 20000 : 200000;
        char text[32] = "";

        for (unsigned i = 0; i < operations; i++) {
            HistoryEvent event = {
                .process = i % 3,
                .function = slice_text(i % 2 == 0 ? "write" : "read"),
                .key = {.kind = HISTORY_BYTES, .bytes = slice_text("k")},
                .value = {.kind = HISTORY_NULL}};

            if (i % 2 == 0) {
                g_snprintf(text, sizeof(text), "a value, number %u", i);
                event.value.kind = HISTORY_BYTES;
                event.value.bytes = slice_text(text);
            }
            ck_assert(linear_add(linear, &event, 2 * i + 1, NULL));
            event.type = HISTORY_OK;
            event.value.kind = HISTORY_BYTES;
            event.value.bytes = slice_text(text);
            ck_assert(linear_add(linear, &event, 2 * i + 2, NULL));
        }
        ck_assert_int_eq(linear_finish(linear), LINEAR_GOOD);
        ck_assert_uint_ge(linear_counts(linear)->pieces,
                          operations / LINEAR_PIECE - 1);
        memory[run] = linear_counts(linear)->memory;
        linear_free(linear);
    }
    ck_assert_msg(memory[1] <= 2 * memory[0], "%zu, %zu", memory[0], memory[1]);
}
END_TEST

/* What is known at once, and what only in the end. */
static const struct {
    const char *history;
    bool stale;
} watched[] = {
    {"0:write=1 0:ok 0:write=2 0:ok 1:read 1:ok=1", true},
    {"0:write=1 0:ok 0:write=2 0:ok 1:read 1:ok=null", true},
    {"0:write=1 0:ok 0:cas=[1,2] 0:ok 1:cas=[1,3] 1:ok", true},
    {"0:write=1 0:ok 1:read 0:write=2 0:ok 1:ok=1", false},
    {"0:write=1 1:write=2 0:ok 1:ok 1:read 1:ok=1", false},
    {"0:write=1 0:ok 0:write=2 0:ok 0:write=1 0:ok 1:read 1:ok=1", false},
    {"0:write=1 0:info 0:write=2 0:ok 1:read 1:ok=1", false},
    {"0:write=1 0:ok 0:write=2 0:fail 1:read 1:ok=1", false},
    {"0:write=1 0:ok 0:delete 0:ok 1:read 1:ok=null", false},
    {"0:write='a' 0:ok 0:append='b' 0:ok 1:read 1:ok='a'", false},
    {"0:a/write=1 0:ok 0:b/write=2 0:ok 1:a/read 1:ok=1", false},
};

START_TEST(watch)
{
    LinearOptions options = options_of(linear_models_find("kv", NULL));
    Linear *linear;

    options.watch = true;
    linear = linear_new(&options);
    ck_assert(feed(linear, watched[_i].history, NULL));
    ck_assert(linear_stale(linear) == watched[_i].stale);
    linear_free(linear);
}
END_TEST

/* A limit that is reached is what the verdict says, never a guess. */
START_TEST(limits)
{
    LinearOptions options = options_of(linear_models_find("queue", NULL));
    Linear *linear;

    options.limits.steps = 3;
    linear = linear_new(&options);
    ck_assert(feed(linear,
                   "0:enqueue=1 1:enqueue=2 2:enqueue=3 0:ok 1:ok 2:ok "
                   "0:dequeue 0:ok=3 0:dequeue 0:ok=3",
                   NULL));
    ck_assert_int_eq(linear_finish(linear), LINEAR_UNKNOWN);
    ck_assert_str_eq(linear_why(linear), "the limit of steps was reached");
    ck_assert_uint_eq(linear_counts(linear)->unknown, 1);
    linear_free(linear);
}
END_TEST

static Suite *
suite(void)
{
    Suite *suite = suite_create("linear");
    TCase *verdict = tcase_create("verdicts");
    TCase *random = tcase_create("random");

    tcase_add_loop_test(verdict, verdicts, 0, G_N_ELEMENTS(histories));
    tcase_add_loop_test(verdict, wrong_model, 0, 7);
    tcase_add_loop_test(verdict, refused, 0, G_N_ELEMENTS(mistakes));
    tcase_add_loop_test(verdict, reason, 0, G_N_ELEMENTS(reasons));
    tcase_add_loop_test(verdict, watch, 0, G_N_ELEMENTS(watched));
    tcase_add_test(verdict, bounded_memory);
    tcase_add_test(verdict, limits);
    suite_add_tcase(suite, verdict);
    tcase_add_loop_test(random, as_brute_force, 0, 6);
    suite_add_tcase(suite, random);
    return suite;
}

int
main(void)
{
    SRunner *runner = srunner_create(suite());
    int failed;

    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Registers: something that is written and read, with compare-and-set, with
 * appends and deletes. A state is the word of the value. */
#include <glib.h>
#include <inttypes.h>
#include <string.h>

#include "sim/linear_models.h"
#include "sim/linear_models_private.h"

/* words[]: the verb, the value, and what a cas expects; words[3] is the key
 * when all keys are one object. */
typedef enum Verb {
    VERB_READ = 1, /* not known to have ended, or known and the value read */
    VERB_READ_VALUE,
    VERB_WRITE,
    VERB_CAS,
    VERB_APPEND,
    VERB_DELETE,
} Verb;

#define FUNCTIONS_MAX 5u

static const struct {
    const char *name;
    Verb verb;
    unsigned values; /* how many it is asked with */
} functions[FUNCTIONS_MAX] = {
    {"read", VERB_READ, 0},     {"write", VERB_WRITE, 1},
    {"cas", VERB_CAS, 2},       {"append", VERB_APPEND, 1},
    {"delete", VERB_DELETE, 0},
};

/* A state of all keys: pairs by key, absent ones left out. */
typedef struct Pair {
    uint64_t key, value;
} Pair;

static bool asked(LinearTools *tools, unsigned function_count,
                  const char *function, LinearValues values, LinearCall *call);
static uint64_t append(LinearTools *tools, uint64_t state, uint64_t more);

static uint64_t
begin(LinearTools *tools)
{
    (void)tools;
    return LINEAR_ABSENT;
}

static bool
register_asked(LinearTools *tools, const char *function, uint64_t key,
               LinearValues values, LinearCall *call, const char **expected)
{
    (void)key;
    *expected = "read, or write with a value";
    return asked(tools, 2, function, values, call);
}

static bool
cas_asked(LinearTools *tools, const char *function, uint64_t key,
          LinearValues values, LinearCall *call, const char **expected)
{
    (void)key;
    *expected = "read, write with a value, or cas with [expected, new]";
    return asked(tools, 3, function, values, call);
}

static bool
kv_asked(LinearTools *tools, const char *function, uint64_t key,
         LinearValues values, LinearCall *call, const char **expected)
{
    (void)key;
    *expected = "read, write with a value, cas with [expected, new], append "
                "with text, or delete";
    return asked(tools, FUNCTIONS_MAX, function, values, call);
}

static bool
asked(LinearTools *tools, unsigned function_count, const char *function,
      LinearValues values, LinearCall *call)
{
    unsigned i = 0;

    while (i < function_count && strcmp(functions[i].name, function) != 0) {
        i++;
    }
    if (i == function_count ||
        (functions[i].values > 0 && values.count != functions[i].values)) {
        return false;
    }
    call->words[0] = functions[i].verb;
    switch (functions[i].verb) {
    case VERB_READ:
        call->reads_only = true;
        return true;
    case VERB_CAS:
        call->words[2] = tools->value(tools, &values.items[0]);
        call->has_needs = true;
        call->needs = call->words[2];
        call->words[1] = tools->value(tools, &values.items[1]);
        break;
    case VERB_WRITE:
        call->blind = true;
        call->words[1] = tools->value(tools, &values.items[0]);
        break;
    case VERB_APPEND:
        call->words[1] = tools->value(tools, &values.items[0]);
        return values.items[0].kind == LINEAR_BYTES;
    default:
        call->blind = true;
        call->words[1] = LINEAR_ABSENT;
        break;
    }
    call->has_gives = true;
    call->gives = call->words[1];
    return true;
}

static bool
told(LinearTools *tools, LinearCall *call, const LinearValues *values,
     const char **expected)
{
    *expected = "one value, or null for absent";
    if (call->words[0] != VERB_READ && call->words[0] != VERB_READ_VALUE) {
        return true;
    }
    call->words[0] = VERB_READ;
    call->words[1] = 0;
    call->has_needs = false;
    call->needs = 0;
    if (values != NULL) {
        if (values->count != 1) {
            return false;
        }
        call->words[0] = VERB_READ_VALUE;
        call->words[1] = tools->value(tools, &values->items[0]);
        call->needs = call->words[1];
        call->has_needs = true;
    }
    return true;
}

static bool
step(LinearTools *tools, uint64_t state, const LinearCall *call, uint64_t *next)
{
    switch (call->words[0]) {
    case VERB_READ_VALUE:
        *next = state;
        return state == call->words[1];
    case VERB_CAS:
        *next = call->words[1];
        return state == call->words[2];
    case VERB_APPEND:
        *next = append(tools, state, call->words[1]);
        return true;
    case VERB_READ:
        *next = state;
        return true;
    default: /* write and delete */
        *next = call->words[1];
        return true;
    }
}

/* The service keeps bytes: a number is its digits. */
static uint64_t
append(LinearTools *tools, uint64_t state, uint64_t more)
{
    LinearValue head = tools->value_of(tools, state);
    LinearValue tail = tools->value_of(tools, more);
    LinearValue both = {.kind = LINEAR_BYTES};
    char digits[24];
    uint8_t small[256], *data;
    uint64_t word;

    if (head.kind == LINEAR_NULL) {
        return more;
    }
    if (head.kind == LINEAR_NUMBER) {
        g_snprintf(digits, sizeof(digits), "%" PRId64, head.number);
        head.data = digits;
        head.size = strlen(digits);
    }
    both.size = head.size + tail.size;
    data = both.size <= sizeof(small) ? small : g_malloc(both.size);
    if (head.size > 0) {
        memcpy(data, head.data, head.size);
    }
    if (tail.size > 0) {
        memcpy(data + head.size, tail.data, tail.size);
    }
    both.data = data;
    word = tools->value(tools, &both);
    if (data != small) {
        g_free(data);
    }
    return word;
}

/* @call is an append: its text ends what is needed, or is in it. */
static bool
leaves(LinearTools *tools, const LinearCall *call, uint64_t needed)
{
    LinearValue value = tools->value_of(tools, needed);
    LinearValue piece = tools->value_of(tools, call->words[1]);

    return value.kind == LINEAR_BYTES && value.size >= piece.size &&
           (piece.size == 0 ||
            memcmp((const uint8_t *)value.data + value.size - piece.size,
                   piece.data, piece.size) == 0);
}

static bool
helps(LinearTools *tools, const LinearCall *call, uint64_t needed)
{
    LinearValue value = tools->value_of(tools, needed);
    LinearValue piece = tools->value_of(tools, call->words[1]);

    return value.kind == LINEAR_BYTES && value.size >= piece.size &&
           (piece.size == 0 ||
            memmem(value.data, value.size, piece.data, piece.size) != NULL);
}

static bool
begins(LinearTools *tools, uint64_t state, uint64_t needed)
{
    LinearValue value = tools->value_of(tools, needed);
    LinearValue head = tools->value_of(tools, state);
    char digits[24];

    if (value.kind != LINEAR_BYTES) {
        return false;
    }
    if (head.kind == LINEAR_NUMBER) {
        g_snprintf(digits, sizeof(digits), "%" PRId64, head.number);
        head.data = digits;
        head.size = strlen(digits);
    }
    return head.kind == LINEAR_NULL || head.size == 0 ||
           (value.size >= head.size &&
            memcmp(value.data, head.data, head.size) == 0);
}

static void
call_text(LinearTools *tools, const LinearCall *call, char *text, size_t size)
{
    static const char *const verbs[] = {"?",    "read",    "read -> ", "write ",
                                        "cas ", "append ", "delete"};

    g_strlcpy(text, verbs[MIN(call->words[0], VERB_DELETE)], size);
    if (call->words[0] == VERB_CAS) {
        linear_models_value_text(tools, call->words[2], text, size);
        g_strlcat(text, " -> ", size);
    }
    if (call->words[0] != VERB_READ && call->words[0] != VERB_DELETE) {
        linear_models_value_text(tools, call->words[1], text, size);
    }
}

static void
state_text(LinearTools *tools, uint64_t state, char *text, size_t size)
{
    text[0] = '\0';
    linear_models_value_text(tools, state, text, size);
}

static bool
whole_asked(LinearTools *tools, const char *function, uint64_t key,
            LinearValues values, LinearCall *call, const char **expected)
{
    bool good = kv_asked(tools, function, key, values, call, expected);

    /* No state of all keys is needed, or left, by what one key tells. */
    call->words[3] = key;
    call->has_needs = call->has_gives = call->blind = false;
    call->needs = call->gives = 0;
    return good;
}

static bool
whole_told(LinearTools *tools, LinearCall *call, const LinearValues *values,
           const char **expected)
{
    bool good = told(tools, call, values, expected);

    call->has_needs = false;
    call->needs = 0;
    return good;
}

static bool
whole_step(LinearTools *tools, uint64_t state, const LinearCall *call,
           uint64_t *next)
{
    size_t size;
    const Pair *pairs = tools->bytes_of(tools, state, &size);
    size_t count = size / sizeof(Pair), at = 0, rest;
    uint64_t old, value;
    Pair *changed;
    bool there;

    while (at < count && pairs[at].key < call->words[3]) {
        at++;
    }
    there = at < count && pairs[at].key == call->words[3];
    old = there ? pairs[at].value : LINEAR_ABSENT;
    if (!step(tools, old, call, &value)) {
        return false;
    }
    *next = state;
    if (value == old) {
        return true;
    }
    /* An append may have moved what bytes_of() gave. */
    pairs = tools->bytes_of(tools, state, &size);
    changed = g_new(Pair, count + 1);
    if (at > 0) {
        memcpy(changed, pairs, at * sizeof(Pair));
    }
    rest = count - at - there;
    count = at;
    if (value != LINEAR_ABSENT) {
        changed[count++] = (Pair){call->words[3], value};
    }
    if (rest > 0) {
        memcpy(changed + count, pairs + at + there, rest * sizeof(Pair));
    }
    count += rest;
    *next = count > 0 ? tools->bytes(tools, changed, count * sizeof(Pair))
                      : LINEAR_ABSENT;
    g_free(changed);
    return true;
}

static void
whole_call_text(LinearTools *tools, const LinearCall *call, char *text,
                size_t size)
{
    call_text(tools, call, text, size);
    g_strlcat(text, " of ", size);
    linear_models_value_text(tools, call->words[3], text, size);
}

static void
whole_state_text(LinearTools *tools, uint64_t state, char *text, size_t size)
{
    size_t bytes;
    const Pair *pairs = tools->bytes_of(tools, state, &bytes);

    g_strlcpy(text, "{", size);
    for (size_t i = 0; i < bytes / sizeof(Pair); i++) {
        g_strlcat(text, i > 0 ? ", " : "", size);
        linear_models_value_text(tools, pairs[i].key, text, size);
        g_strlcat(text, ": ", size);
        linear_models_value_text(tools, pairs[i].value, text, size);
    }
    g_strlcat(text, "}", size);
}

const LinearModel linear_models_register = {
    .abi = LINEAR_MODEL_ABI,
    .name = "register",
    .summary = "read, write",
    .by_key = true,
    .begin = begin,
    .asked = register_asked,
    .told = told,
    .step = step,
    .call_text = call_text,
    .state_text = state_text,
};

const LinearModel linear_models_cas_register = {
    .abi = LINEAR_MODEL_ABI,
    .name = "cas-register",
    .summary = "read, write, cas",
    .by_key = true,
    .begin = begin,
    .asked = cas_asked,
    .told = told,
    .step = step,
    .call_text = call_text,
    .state_text = state_text,
};

const LinearModel linear_models_kv = {
    .abi = LINEAR_MODEL_ABI,
    .name = "kv",
    .summary = "read, write, cas, append, delete: the service of raft-kv",
    .by_key = true,
    .begin = begin,
    .asked = kv_asked,
    .told = told,
    .step = step,
    .leaves = leaves,
    .helps = helps,
    .begins = begins,
    .call_text = call_text,
    .state_text = state_text,
};

const LinearModel linear_models_kv_whole = {
    .abi = LINEAR_MODEL_ABI,
    .name = "kv-whole",
    .summary = "kv with all keys as one object: the same verdict, slower",
    .begin = begin,
    .asked = whole_asked,
    .told = whole_told,
    .step = whole_step,
    .call_text = whole_call_text,
    .state_text = whole_state_text,
};

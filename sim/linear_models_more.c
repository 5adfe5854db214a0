/* SPDX-License-Identifier: Apache-2.0 */
/* Counter, queue and set. */
#include <glib.h>
#include <inttypes.h>
#include <string.h>

#include "sim/linear_models.h"
#include "sim/linear_models_private.h"

/* words[]: the verb; a value; whether what it was told is known. */
typedef enum Verb {
    VERB_ADD = 1, /* counter, set */
    VERB_REMOVE,
    VERB_READ,
    VERB_ENQUEUE,
    VERB_DEQUEUE,
} Verb;

static int by_word(gconstpointer a, gconstpointer b);
static const uint64_t *words_of(LinearTools *tools, uint64_t state,
                                size_t *count);
static uint64_t word_of(LinearTools *tools, const uint64_t *words,
                        size_t count);
static void words_text(LinearTools *tools, uint64_t state, char *text,
                       size_t size);

static uint64_t
begin(LinearTools *tools)
{
    (void)tools;
    return 0;
}

/* Counter: a state is its number. */

static bool
counter_asked(LinearTools *tools, const char *function, uint64_t key,
              LinearValues values, LinearCall *call, const char **expected)
{
    (void)tools;
    (void)key;
    *expected = "read, or add with an integer";
    if (strcmp(function, "read") == 0) {
        call->words[0] = VERB_READ;
        call->reads_only = true;
        return true;
    }
    if (strcmp(function, "add") != 0 || values.count != 1 ||
        values.items[0].kind != LINEAR_NUMBER) {
        return false;
    }
    call->words[0] = VERB_ADD;
    call->words[1] = (uint64_t)values.items[0].number;
    return true;
}

static bool
counter_told(LinearTools *tools, LinearCall *call, const LinearValues *values,
             const char **expected)
{
    (void)tools;
    *expected = "an integer";
    if (call->words[0] != VERB_READ) {
        return true;
    }
    call->words[1] = call->words[2] = call->needs = 0;
    call->has_needs = values != NULL;
    if (values == NULL) {
        return true;
    }
    if (values->count != 1 || values->items[0].kind != LINEAR_NUMBER) {
        return false;
    }
    call->words[1] = call->needs = (uint64_t)values->items[0].number;
    call->words[2] = 1;
    return true;
}

static bool
counter_step(LinearTools *tools, uint64_t state, const LinearCall *call,
             uint64_t *next)
{
    (void)tools;
    if (call->words[0] == VERB_ADD) {
        *next = state + call->words[1];
        return true;
    }
    *next = state;
    return call->words[2] == 0 || call->words[1] == state;
}

static void
counter_call_text(LinearTools *tools, const LinearCall *call, char *text,
                  size_t size)
{
    (void)tools;
    if (call->words[0] == VERB_ADD) {
        g_snprintf(text, size, "add %" PRId64, (int64_t)call->words[1]);
    } else if (call->words[2] != 0) {
        g_snprintf(text, size, "read -> %" PRId64, (int64_t)call->words[1]);
    } else {
        g_strlcpy(text, "read", size);
    }
}

static void
counter_state_text(LinearTools *tools, uint64_t state, char *text, size_t size)
{
    (void)tools;
    g_snprintf(text, size, "%" PRId64, (int64_t)state);
}

/* Queue: a state is its values, the oldest first. */

static bool
queue_asked(LinearTools *tools, const char *function, uint64_t key,
            LinearValues values, LinearCall *call, const char **expected)
{
    (void)key;
    *expected = "enqueue with a value, or dequeue";
    if (strcmp(function, "dequeue") == 0) {
        call->words[0] = VERB_DEQUEUE;
        return true;
    }
    if (strcmp(function, "enqueue") != 0 || values.count != 1 ||
        values.items[0].kind == LINEAR_NULL) {
        return false;
    }
    call->words[0] = VERB_ENQUEUE;
    call->words[1] = tools->value(tools, &values.items[0]);
    call->has_puts = true;
    call->puts = call->words[1];
    return true;
}

static bool
queue_told(LinearTools *tools, LinearCall *call, const LinearValues *values,
           const char **expected)
{
    *expected = "one value, or null for an empty queue";
    if (call->words[0] != VERB_DEQUEUE) {
        return true;
    }
    call->words[1] = call->words[2] = call->needs = call->takes = 0;
    call->has_needs = call->reads_only = call->has_takes = false;
    if (values == NULL) {
        return true;
    }
    if (values->count != 1) {
        return false;
    }
    call->words[1] = tools->value(tools, &values->items[0]);
    call->words[2] = 1;
    if (call->words[1] == LINEAR_ABSENT) {
        call->has_needs = call->reads_only = true;
        call->needs = LINEAR_ABSENT;
    } else {
        call->has_takes = true;
        call->takes = call->words[1];
    }
    return true;
}

static bool
queue_step(LinearTools *tools, uint64_t state, const LinearCall *call,
           uint64_t *next)
{
    size_t count;
    const uint64_t *words = words_of(tools, state, &count);
    uint64_t small[64], *longer;

    if (call->words[0] == VERB_DEQUEUE) {
        bool any = call->words[2] == 0;

        *next = state;
        if (count == 0) {
            return !any && call->words[1] == LINEAR_ABSENT;
        }
        if (!any && words[0] != call->words[1]) {
            return false;
        }
        *next = word_of(tools, words + 1, count - 1);
        return true;
    }
    longer = count < G_N_ELEMENTS(small) ? small : g_new(uint64_t, count + 1);
    if (count > 0) {
        memcpy(longer, words, count * sizeof(*longer));
    }
    longer[count] = call->words[1];
    *next = word_of(tools, longer, count + 1);
    if (longer != small) {
        g_free(longer);
    }
    return true;
}

static void
queue_call_text(LinearTools *tools, const LinearCall *call, char *text,
                size_t size)
{
    g_strlcpy(text, call->words[0] == VERB_ENQUEUE ? "enqueue " : "dequeue",
              size);
    if (call->words[0] == VERB_DEQUEUE && call->words[2] == 0) {
        return;
    }
    if (call->words[0] == VERB_DEQUEUE) {
        g_strlcat(text, " -> ", size);
    }
    linear_models_value_text(tools, call->words[1], text, size);
}

/* Set: a state is its members by their words. */

static bool
set_asked(LinearTools *tools, const char *function, uint64_t key,
          LinearValues values, LinearCall *call, const char **expected)
{
    (void)key;
    *expected = "read, add with a value, or remove with a value";
    if (strcmp(function, "read") == 0) {
        call->words[0] = VERB_READ;
        call->reads_only = true;
        return true;
    }
    if ((strcmp(function, "add") != 0 && strcmp(function, "remove") != 0) ||
        values.count != 1 || values.items[0].kind == LINEAR_NULL) {
        return false;
    }
    call->words[0] = function[0] == 'a' ? VERB_ADD : VERB_REMOVE;
    call->words[1] = tools->value(tools, &values.items[0]);
    return true;
}

static bool
set_told(LinearTools *tools, LinearCall *call, const LinearValues *values,
         const char **expected)
{
    GArray *words;

    *expected = "a list of values";
    if (call->words[0] != VERB_READ) {
        return true;
    }
    call->words[1] = call->words[2] = call->needs = 0;
    call->has_needs = values != NULL;
    if (values == NULL) {
        return true;
    }
    call->words[2] = 1;
    words = g_array_new(FALSE, FALSE, sizeof(uint64_t));
    for (unsigned i = 0; i < values->count; i++) {
        uint64_t word = tools->value(tools, &values->items[i]);

        if (word != LINEAR_ABSENT) {
            g_array_append_val(words, word);
        }
    }
    g_array_sort(words, by_word);
    call->words[1] = call->needs =
        word_of(tools, (const uint64_t *)(void *)words->data, words->len);
    g_array_free(words, TRUE);
    return true;
}

static bool
set_step(LinearTools *tools, uint64_t state, const LinearCall *call,
         uint64_t *next)
{
    size_t count, at = 0;
    const uint64_t *words;
    bool there;
    uint64_t *changed;

    *next = state;
    if (call->words[0] == VERB_READ) {
        return call->words[2] == 0 || call->words[1] == state;
    }
    words = words_of(tools, state, &count);
    while (at < count && words[at] < call->words[1]) {
        at++;
    }
    there = at < count && words[at] == call->words[1];
    if (there == (call->words[0] == VERB_ADD)) {
        return true;
    }
    changed = g_new(uint64_t, count + 1);
    for (size_t i = 0; i < at; i++) {
        changed[i] = words[i];
    }
    if (call->words[0] == VERB_ADD) {
        changed[at] = call->words[1];
        for (size_t i = at; i < count; i++) {
            changed[i + 1] = words[i];
        }
        *next = word_of(tools, changed, count + 1);
    } else {
        for (size_t i = at + 1; i < count; i++) {
            changed[i - 1] = words[i];
        }
        *next = word_of(tools, changed, count - 1);
    }
    g_free(changed);
    return true;
}

static void
set_call_text(LinearTools *tools, const LinearCall *call, char *text,
              size_t size)
{
    static const char *const verbs[] = {"?", "add ", "remove ", "read"};
    size_t at;

    g_strlcpy(text, verbs[MIN(call->words[0], VERB_READ)], size);
    if (call->words[0] != VERB_READ) {
        linear_models_value_text(tools, call->words[1], text, size);
    } else if (call->words[2] != 0) {
        g_strlcat(text, " -> ", size);
        at = strlen(text);
        words_text(tools, call->words[1], text + at, size - at);
    }
}

static int
by_word(gconstpointer a, gconstpointer b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

    return x < y ? -1 : x > y;
}

static const uint64_t *
words_of(LinearTools *tools, uint64_t state, size_t *count)
{
    const uint64_t *words = tools->bytes_of(tools, state, count);

    *count /= sizeof(uint64_t);
    return words;
}

static uint64_t
word_of(LinearTools *tools, const uint64_t *words, size_t count)
{
    return count > 0 ? tools->bytes(tools, words, count * sizeof(*words))
                     : LINEAR_ABSENT;
}

static void
words_text(LinearTools *tools, uint64_t state, char *text, size_t size)
{
    size_t count;
    const uint64_t *words = words_of(tools, state, &count);

    g_strlcpy(text, "[", size);
    for (size_t i = 0; i < count; i++) {
        g_strlcat(text, i > 0 ? ", " : "", size);
        linear_models_value_text(tools, words[i], text, size);
    }
    g_strlcat(text, "]", size);
}

const LinearModel linear_models_counter = {
    .abi = LINEAR_MODEL_ABI,
    .name = "counter",
    .summary = "add, read; begins at 0",
    .by_key = true,
    .begin = begin,
    .asked = counter_asked,
    .told = counter_told,
    .step = counter_step,
    .call_text = counter_call_text,
    .state_text = counter_state_text,
};

const LinearModel linear_models_queue = {
    .abi = LINEAR_MODEL_ABI,
    .name = "queue",
    .summary = "enqueue, dequeue: first in, first out; null from an empty one",
    .by_key = true,
    .begin = begin,
    .asked = queue_asked,
    .told = queue_told,
    .step = queue_step,
    .call_text = queue_call_text,
    .state_text = words_text,
};

const LinearModel linear_models_set = {
    .abi = LINEAR_MODEL_ABI,
    .name = "set",
    .summary = "add, remove, read of all its members",
    .by_key = true,
    .begin = begin,
    .asked = set_asked,
    .told = set_told,
    .step = set_step,
    .call_text = set_call_text,
    .state_text = words_text,
};

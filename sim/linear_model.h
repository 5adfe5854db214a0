/* SPDX-License-Identifier: Apache-2.0 */
/* What a sequential data type is to the checker of linearizability: which
 * operations it knows, and what each does to a state. Installed; it needs
 * nothing but the C library, so that a shared object with a model of one's
 * own links nothing:
 *
 *     const LinearModel *seedbed_linear_model(void) { return &mine; }
 *
 *     gcc -shared -fPIC $(pkg-config --cflags seedbed) -o mine.so mine.c
 *     seedbed check --model ./mine.so history.jsonl
 *
 * A state is one word. What does not fit a word is put into bytes, and the
 * word is what bytes() gives for them: equal bytes, equal word. So states are
 * compared, remembered and passed about as numbers. A model is a set of pure
 * functions: it keeps nothing from call to call but in words. */
#ifndef SEEDBED_LINEAR_MODEL_H
#define SEEDBED_LINEAR_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LINEAR_MODEL_ABI 1u

/* The word of a null value: absent, empty, nothing. */
#define LINEAR_ABSENT UINT64_C(0)

/* A value of the history: null, an integer or bytes (text). */
typedef enum LinearValueKind {
    LINEAR_NULL,
    LINEAR_NUMBER,
    LINEAR_BYTES,
} LinearValueKind;

typedef struct LinearValue {
    LinearValueKind kind;
    int64_t number;
    const void *data; /* borrowed for the call */
    size_t size;
} LinearValue;

/* What an operation was asked, or told: `"value":7` is one value, a list is
 * as many as it has. */
typedef struct LinearValues {
    const LinearValue *items;
    unsigned count;
} LinearValues;

/* An operation as its model knows it. Two are alike when their words are.
 *
 * Hints make the search fast; without them it is right all the same.
 * `needs`: it can happen in this one state only. `gives`: whenever it changes
 * the state, it leaves this one. `blind`: it can happen in every state, and
 * always leaves `gives`. `reads_only`: it never changes the state; if it is
 * not known to have ended, it is left out. */
typedef struct LinearCall {
    uint64_t words[4]; /* zero where unused */
    uint64_t needs, gives;
    bool has_needs, has_gives;
    bool blind;
    bool reads_only;
    /* `puts`: something with this name goes in; `takes`: it comes out, and
     * what went in first comes out first. Nothing comes out otherwise, but by
     * calls that have neither. */
    uint64_t puts, takes;
    bool has_puts, has_takes;
} LinearCall;

/* Where bytes become words. The functions may be called from any of the
 * model's; what they return is good until the model returns. */
typedef struct LinearTools LinearTools;
struct LinearTools {
    /* The word of a value: LINEAR_ABSENT for null. */
    uint64_t (*value)(LinearTools *tools, const LinearValue *value);
    /* The value of such a word. */
    LinearValue (*value_of)(LinearTools *tools, uint64_t word);
    /* The word of bytes of the model's own, never LINEAR_ABSENT. Words in
     * them stand at offsets that are multiples of 8. */
    uint64_t (*bytes)(LinearTools *tools, const void *data, size_t size);
    const void *(*bytes_of)(LinearTools *tools, uint64_t word, size_t *size);
};

typedef struct LinearModel {
    unsigned abi; /* LINEAR_MODEL_ABI */
    const char *name;
    const char *summary; /* one line */
    /* Each key is an object of its own, checked by itself, which is the same
     * (Herlihy and Wing 1990, section 3: locality) and much cheaper. */
    bool by_key;
    /* The state before the first operation. */
    uint64_t (*begin)(LinearTools *tools);
    /* What @function ("write") was asked; @key is its word, LINEAR_ABSENT
     * when the model is by key. Fill in @call, which is zeroed. False: there
     * is no such operation, and @expected (static) says what there is. */
    bool (*asked)(LinearTools *tools, const char *function, uint64_t key,
                  LinearValues values, LinearCall *call, const char **expected);
    /* It ended as ok and was told @values. With @values NULL: forget that, it
     * may or may not have happened. False as above. */
    bool (*told)(LinearTools *tools, LinearCall *call,
                 const LinearValues *values, const char **expected);
    /* Do @call in @state: true, and *@next. False: it cannot happen in
     * @state, or (of one that has not ended) changes nothing there. */
    bool (*step)(LinearTools *tools, uint64_t state, const LinearCall *call,
                 uint64_t *next);
    /* Hints of what a call without `gives`, such as an append, does to states;
     * all three or none. Can @call be what leaves @needed? */
    bool (*leaves)(LinearTools *tools, const LinearCall *call, uint64_t needed);
    /* Can @needed come about with @call on the way to it, or at its end? */
    bool (*helps)(LinearTools *tools, const LinearCall *call, uint64_t needed);
    /* Can calls that are not blind make @needed of @state? */
    bool (*begins)(LinearTools *tools, uint64_t state, uint64_t needed);
    /* For people, as in `write "a"`, `read -> null`; a state's as in `"a"`.
     * At most @size bytes with the NUL. May be NULL. */
    void (*call_text)(LinearTools *tools, const LinearCall *call, char *text,
                      size_t size);
    void (*state_text)(LinearTools *tools, uint64_t state, char *text,
                       size_t size);
} LinearModel;

#endif

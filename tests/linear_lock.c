/* SPDX-License-Identifier: Apache-2.0 */
/* The example of HACKING.md: a model of one's own, a lock. It includes the
 * installed header and links nothing. */
#include <stdio.h>
#include <string.h>

#include "sim/linear_model.h"

enum { FREE, HELD };

static uint64_t
begin(LinearTools *tools)
{
    (void)tools;
    return FREE;
}

static bool
asked(LinearTools *tools, const char *function, uint64_t key,
      LinearValues values, LinearCall *call, const char **expected)
{
    bool locks = strcmp(function, "lock") == 0;

    (void)tools;
    (void)key;
    (void)values;
    *expected = "lock or unlock";
    call->words[0] = locks ? HELD : FREE; /* what it leaves */
    call->has_needs = call->has_gives = true;
    call->needs = locks ? FREE : HELD;
    call->gives = locks ? HELD : FREE;
    return locks || strcmp(function, "unlock") == 0;
}

static bool
told(LinearTools *tools, LinearCall *call, const LinearValues *values,
     const char **expected)
{
    (void)tools;
    (void)call;
    (void)values;
    (void)expected;
    return true;
}

static bool
step(LinearTools *tools, uint64_t state, const LinearCall *call, uint64_t *next)
{
    (void)tools;
    *next = call->words[0];
    return state != *next;
}

static void
call_text(LinearTools *tools, const LinearCall *call, char *text, size_t size)
{
    (void)tools;
    snprintf(text, size, "%s", call->words[0] == HELD ? "lock" : "unlock");
}

static void
state_text(LinearTools *tools, uint64_t state, char *text, size_t size)
{
    (void)tools;
    snprintf(text, size, "%s", state == HELD ? "held" : "free");
}

static const LinearModel lock = {
    .abi = LINEAR_MODEL_ABI,
    .name = "lock",
    .summary = "lock, unlock",
    .by_key = true,
    .begin = begin,
    .asked = asked,
    .told = told,
    .step = step,
    .call_text = call_text,
    .state_text = state_text,
};

__attribute__((visibility("default"))) const LinearModel *
seedbed_linear_model(void);

const LinearModel *
seedbed_linear_model(void)
{
    return &lock;
}

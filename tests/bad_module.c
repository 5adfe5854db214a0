/* SPDX-License-Identifier: Apache-2.0 */
/* The bad node of the tests as a shared object for whole runs: two seconds
 * into the run node 2 does the misdeed whose number is its configuration. */
#include <stdlib.h>

#include "tests/bad_node.h"

static Misdeed misdeed;

static void *
make(const NodeSetup *setup, char *error, size_t error_size)
{
    const char *number = setup->config;

    while (*number != '\0' && (*number < '0' || *number > '9')) {
        number++;
    }
    /* One process may carry several nodes: only node 2 keeps a state. */
    if (setup->self == 2) {
        misdeed = (Misdeed)strtol(number, NULL, 10);
    }
    (void)error;
    (void)error_size;
    return (void *)(uintptr_t)setup->self; /* who it is, is all it knows */
}

static void
step(void *node, const Input *input, Effects *fx)
{
    Input evil = {.kind = INPUT_MESSAGE};

    if (input->kind == INPUT_START && (uintptr_t)node == 2) {
        effects_timer(fx, 1, input->now + 2 * SIM_S);
    } else if (input->kind == INPUT_TIMER) {
        evil.message.channel = (Channel)misdeed;
        bad_node.step(NULL, &evil, fx);
    }
}

static void
release(void *node)
{
    (void)node;
}

static const NodeProgram program = {
    .abi = NODE_ABI,
    .name = "bad",
    .summary = "misbehaves on demand",
    .make = make,
    .step = step,
    .free = release,
};

const NodeProgram *
seedbed_node_program(void)
{
    return &program;
}

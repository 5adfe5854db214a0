/* SPDX-License-Identifier: Apache-2.0 */
/* A node program of one's own that asks buggify.h: every 10 ms it sends its
 * neighbour how often each of its three sites has fired. */
#include <stdlib.h>
#include <string.h>

#include "nodes/buggify.h"
#include "nodes/effects.h"

enum { TIMER_BEAT = 1, SITES = 3 };

typedef struct Turns {
    NodeId next;
    uint64_t buggify;
    uint64_t fired[SITES];
} Turns;

static void
step(void *node, const Input *input, Effects *fx)
{
    static const char *const sites[SITES] = {"turn-left", "turn-right",
                                             "turn-back"};
    Turns *turns = node;
    uint64_t *text = effects_alloc(fx, sizeof(turns->fired));
    Slice part = slice_of(text, sizeof(turns->fired));

    if (input->kind != INPUT_START && input->kind != INPUT_TIMER) {
        return;
    }
    for (unsigned i = 0; i < SITES; i++) {
        turns->fired[i] +=
            buggify_fires(turns->buggify, sites[i], &input->dice, 0);
    }
    memcpy(text, turns->fired, sizeof(turns->fired));
    effects_send(fx, link_datagram(turns->next), CHANNEL_ECHO, &part, 1);
    effects_timer(fx, TIMER_BEAT, input->now + 10 * SIM_MS);
}

static void *
make(const NodeSetup *setup, char *error, size_t error_size)
{
    Turns *turns = calloc(1, sizeof(*turns));

    (void)error;
    (void)error_size;
    turns->next = setup->self % setup->node_count + 1;
    turns->buggify = setup->buggify;
    return turns;
}

static const NodeProgram program = {.abi = NODE_ABI,
                                    .name = "turns",
                                    .summary = "counts its turns",
                                    .make = make,
                                    .step = step,
                                    .free = free};

NODE_EXPORT const NodeProgram *
seedbed_node_program(void)
{
    return &program;
}

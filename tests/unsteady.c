/* SPDX-License-Identifier: Apache-2.0 */
/* A node program with a fault, for tests: on its third timer node 2 does what
 * no node may do. With `mode: address` it sends where its own variables are,
 * with `mode: rubbish` what nobody wrote; with `mode: assert` it fails. With
 * `mode: abort` and `mode: parent` it takes the simulator along when it is
 * made: the engine, or who started that. */
#include <assert.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "nodes/effects.h"

enum { TIMER_BEAT = 1, BEAT_NODE = 2, BEAT_COUNT = 3 };

typedef struct Unsteady {
    NodeId self, next;
    uint64_t count;
    bool address, fail;
    uint64_t *rubbish;
} Unsteady;

static void
beat(Unsteady *unsteady, SimTime now, Effects *fx)
{
    uint64_t *text = effects_alloc(fx, sizeof(*text));
    Slice part = slice_of(text, sizeof(*text));

    unsteady->count++;
    *text = unsteady->count;
    if (unsteady->self == BEAT_NODE && unsteady->count == BEAT_COUNT) {
        assert(!unsteady->fail);
        if (unsteady->address) {
            *text = (uintptr_t)&part ^ (uintptr_t)unsteady << 20;
        } else if (unsteady->rubbish != NULL) {
            *text = *unsteady->rubbish;
        }
    }
    effects_send(fx, link_datagram(unsteady->next), CHANNEL_ECHO, &part, 1);
    effects_timer(fx, TIMER_BEAT, now + 10 * SIM_MS);
}

static void
step(void *node, const Input *input, Effects *fx)
{
    if (input->kind == INPUT_START || input->kind == INPUT_TIMER) {
        beat(node, input->now, fx);
    }
}

static void *
make(const NodeSetup *setup, char *error, size_t error_size)
{
    Unsteady *unsteady = calloc(1, sizeof(*unsteady));

    (void)error;
    (void)error_size;
    unsteady->self = setup->self;
    unsteady->next = setup->self % setup->node_count + 1;
    unsteady->address = strstr(setup->config, "mode=address") != NULL;
    unsteady->fail = strstr(setup->config, "mode=assert") != NULL;
    if (strstr(setup->config, "mode=rubbish") != NULL) {
        unsteady->rubbish = malloc(sizeof(*unsteady->rubbish));
    } else if (strstr(setup->config, "mode=abort") != NULL) {
        abort();
    } else if (strstr(setup->config, "mode=parent") != NULL) {
        kill(getppid(), SIGKILL);
    }
    return unsteady;
}

static void
release(void *node)
{
    Unsteady *unsteady = node;

    free(unsteady->rubbish);
    free(unsteady);
}

static const NodeProgram program = {.abi = NODE_ABI,
                                    .name = "unsteady",
                                    .summary = "a fault to be found",
                                    .make = make,
                                    .step = step,
                                    .free = release};

NODE_EXPORT const NodeProgram *
seedbed_node_program(void)
{
    return &program;
}

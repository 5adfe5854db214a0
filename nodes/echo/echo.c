/* SPDX-License-Identifier: Apache-2.0 */
/* Echo, the smallest node that uses everything once: it greets its neighbour
 * now and then; who is greeted counts it on disk and answers when the count
 * is durable. Built in as `echo`. Out of tree, with a copy of this folder:
 *
 *   gcc -shared -fPIC -o echo.so echo.c echo_module.c \
 *       $(pkg-config --cflags --libs seedbed)
 *   gcc -o echo echo.c echo_process.c $(pkg-config --cflags --libs seedbed)
 */
#include "echo.h"

#include <stdlib.h>
#include <string.h>

#include "nodes/effects.h"
#include "nodes/probes.h"

enum { GREETING = 'g', ANSWER = 'a', TIMER_GREET = 1 };

typedef struct Echo {
    NodeId next;    /* whom we greet: our neighbour in the ring */
    uint64_t count; /* greetings heard; also the token of the last sync */
} Echo;

static void
say(Effects *fx, NodeId peer, uint8_t word, uint64_t count, Token after)
{
    uint8_t *text = effects_alloc(fx, 9); /* lives as long as the step */
    Slice part = slice_of(text, 9);

    text[0] = word;
    memcpy(text + 1, &count, 8);
    effects_send(fx, link_datagram(peer), CHANNEL_ECHO, &part, 1)->after =
        after;
}

static void
on_message(Echo *echo, LinkId from, Slice text, Effects *fx)
{
    if (text.size == 9 && text.data[0] == GREETING) {
        Slice part = slice_of(&echo->count, 8);

        echo->count++;
        effects_write(fx, "count", 0, &part, 1);
        effects_sync(fx, echo->count, (const char *[]){"count"}, 1);
        /* The answer leaves when the write is durable, not before. */
        say(fx, link_peer(from), ANSWER, echo->count, echo->count);
    } else if (text.size == 9 && text.data[0] == ANSWER) {
        uint64_t count;

        memcpy(&count, text.data + 1, 8);
        effects_probe(fx, PROBE_ECHO_SAID, &count, 1, slice_of(NULL, 0));
    }
}

static void
step(void *node, const Input *input, Effects *fx)
{
    Echo *echo = node;

    if (input->kind == INPUT_MESSAGE) {
        on_message(echo, input->message.link, input->message.bytes, fx);
    } else if (input->kind == INPUT_START || input->kind == INPUT_TIMER) {
        uint64_t jitter = dice_below(dice_u64(&input->dice, 0), 50 * SIM_MS);

        effects_timer(fx, TIMER_GREET, input->now + 100 * SIM_MS + jitter);
        say(fx, echo->next, GREETING, echo->count, 0);
    } else if (input->kind == INPUT_STOP) {
        effects_halt(fx, "told to stop");
    }
}

static void *
make(const NodeSetup *setup, char *error, size_t error_size)
{
    Echo *echo = calloc(1, sizeof *echo);

    (void)error, (void)error_size; /* nothing here can be configured wrongly */
    echo->next = setup->self % setup->node_count + 1;
    return echo;
}

const NodeProgram echo_program = {
    NODE_ABI, "echo", "greet, count durably, answer", make, step, free};

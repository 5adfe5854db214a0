/* SPDX-License-Identifier: Apache-2.0 */
/* The loss models. Each takes one word a packet: its high half moves the
 * chain, its low half decides within a state. */
#include "netmodel/loss.h"

#include <glib.h>

/* Salsano et al. number the states 1..4; 1 is 0 here so that zeroed memory is
 * the start. For the others: 0 = received or good, 1 = lost or bad. */
enum {
    RECEIVED_IN_GAP = 0,
    RECEIVED_IN_BURST = 2,
    LOST_IN_BURST = 3,
    LOST_IN_GAP = 4,
};

static LossResult draw_random(const LossConfig *config, LossState *state,
                              uint32_t word);
static LossResult draw_state(const LossConfig *config, LossState *state,
                             uint32_t word);
static LossResult draw_gemodel(const LossConfig *config, LossState *state,
                               uint32_t move, uint32_t word);

LossResult
loss_draw(const LossConfig *config, LossState *state, uint64_t word)
{
    uint32_t high = (uint32_t)(word >> 32);

    if (state->model != config->model) {
        *state = (LossState){.model = config->model};
    }
    switch (config->model) {
    case LOSS_MODEL_NONE:
        return LOSS_KEPT;
    case LOSS_MODEL_RANDOM:
        return draw_random(config, state, high);
    case LOSS_MODEL_STATE:
        return draw_state(config, state, high);
    case LOSS_MODEL_GEMODEL:
        return draw_gemodel(config, state, high, (uint32_t)word);
    }
    g_assert_not_reached();
}

static LossResult
draw_random(const LossConfig *config, LossState *state, uint32_t word)
{
    Chance chance =
        chance_after(config->chance, config->correlation, state->state != 0);
    bool lost = chance_hit(chance, word);

    state->state = lost;
    return lost ? LOSS_ALONE : LOSS_KEPT;
}

/* The packet meets the state that the chain moves to, as in netem: leaving
 * state 3 for 2 or 1 delivers, staying loses; a loss in the gap is followed
 * by the gap. */
static LossResult
draw_state(const LossConfig *config, LossState *state, uint32_t word)
{
    switch (state->state) {
    case RECEIVED_IN_GAP:
        if (chance_hit(config->p14, word)) {
            state->state = LOST_IN_GAP;
        } else if (chance_hit(config->p14 + config->p13, word)) {
            state->state = LOST_IN_BURST;
        }
        break;
    case RECEIVED_IN_BURST:
        if (chance_hit(config->p23, word)) {
            state->state = LOST_IN_BURST;
        }
        break;
    case LOST_IN_BURST:
        if (chance_hit(config->p32, word)) {
            state->state = RECEIVED_IN_BURST;
        } else if (chance_hit(config->p32 + config->p31, word)) {
            state->state = RECEIVED_IN_GAP;
        }
        break;
    case LOST_IN_GAP:
        state->state = RECEIVED_IN_GAP;
        break;
    default:
        g_assert_not_reached();
    }
    switch (state->state) {
    case LOST_IN_BURST:
        return LOSS_BURST;
    case LOST_IN_GAP:
        return LOSS_ALONE;
    default:
        return LOSS_KEPT;
    }
}

/* Elliott's channel, as netem runs it: the packet meets the state the
 * channel is in, which then moves for the next one. */
static LossResult
draw_gemodel(const LossConfig *config, LossState *state, uint32_t move,
             uint32_t word)
{
    bool bad = state->state != 0;
    bool lost = chance_hit(bad ? config->bad_loss : config->good_loss, word);

    if (chance_hit(bad ? config->r : config->p, move)) {
        state->state = !bad;
    }
    if (!lost) {
        return LOSS_KEPT;
    }
    return bad ? LOSS_BURST : LOSS_ALONE;
}

/* The stationary distribution of each chain: what flows out of a state
 * flows in. Weights are products of chances, so they need 128 bits. */
Chance
loss_rate(const LossConfig *config)
{
    typedef unsigned __int128 Wide;
    Wide lost = 0, all = 1;

    switch (config->model) {
    case LOSS_MODEL_NONE:
        return 0;
    case LOSS_MODEL_RANDOM:
        return config->chance;
    case LOSS_MODEL_GEMODEL:
        /* pi(bad) = p / (p + r); a channel that cannot move stays good. */
        all = (Wide)config->p + config->r;
        if (config->p == 0) {
            return config->good_loss;
        }
        lost = (Wide)config->p * config->bad_loss +
               (Wide)config->r * config->good_loss;
        return (Chance)(lost / all);
    case LOSS_MODEL_STATE: {
        /* pi1 : pi2 : pi3 : pi4 with pi4 = p14 pi1, p13 pi1 = p31 pi3 and
         * p32 pi3 = p23 pi2. What cannot be left keeps everything. */
        if (config->p13 == 0) {
            all = (Wide)CHANCE_ONE + config->p14;
            return (Chance)((Wide)config->p14 * CHANCE_ONE / all);
        }
        if (config->p32 != 0 && config->p23 == 0) {
            return 0; /* everything ends in state 2 */
        }
        if (config->p31 == 0) {
            /* Only states 2 and 3 are left: pi3 = p23 / (p23 + p32). */
            all = (Wide)config->p23 + config->p32;
            return config->p32 == 0
                       ? CHANCE_ONE
                       : (Chance)((Wide)config->p23 * CHANCE_ONE / all);
        }
        Wide p23 = config->p32 == 0 ? CHANCE_ONE : config->p23;
        Wide one = (Wide)config->p31 * p23;
        Wide two = (Wide)config->p13 * config->p32;
        Wide three = (Wide)config->p13 * p23;
        Wide four = one * config->p14 / CHANCE_ONE;

        lost = three + four;
        all = one + two + three + four;
        return (Chance)(lost * CHANCE_ONE / all);
    }
    }
    g_assert_not_reached();
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Which packets are lost: independent or correlated, in bursts by
 * Gilbert-Elliott, or by the four-state Markov chain of netem.
 *
 * Gilbert, "Capacity of a burst-noise channel" (1960); Elliott, "Estimates
 * of error rates for codes on burst-noise channels" (1963); Salsano et al.,
 * "Definition of a general and intuitive loss model for packet networks and
 * its implementation in the Netem module in the Linux kernel" (2012). */
#ifndef SEEDBED_LOSS_H
#define SEEDBED_LOSS_H

#include "netmodel/chance.h"

typedef enum LossModel {
    LOSS_MODEL_NONE = 0,
    LOSS_MODEL_RANDOM,
    LOSS_MODEL_STATE,   /* four states */
    LOSS_MODEL_GEMODEL, /* Gilbert-Elliott */
} LossModel;

/* Only the fields of the model are used; the others are 0. */
typedef struct LossConfig {
    LossModel model;
    Chance chance;      /* random: of losing a packet */
    Chance correlation; /* random: with the packet before, see chance.h */
    Chance p13;         /* state: 1 received in a gap -> 3 lost in a burst */
    Chance p31;         /* state: 3 -> 1 */
    Chance p32;         /* state: 3 -> 2 received in a burst */
    Chance p23;         /* state: 2 -> 3 */
    Chance p14;         /* state: 1 -> 4 lost alone in a gap */
    Chance p;           /* gemodel: good -> bad */
    Chance r;           /* gemodel: bad -> good */
    Chance bad_loss;    /* gemodel: 1 - h, loss in the bad state */
    Chance good_loss;   /* gemodel: 1 - k, loss in the good state */
} LossConfig;

/* What one link remembers between packets; zeroed = the start, in which the
 * channel is good and nothing was lost. */
typedef struct LossState {
    LossModel model; /* the one that @state belongs to; another starts anew */
    uint32_t state;  /* 0 = good or state 1; the model's own numbering else */
} LossState;

typedef enum LossResult {
    LOSS_KEPT = 0,
    LOSS_ALONE, /* lost by chance, or in a gap, or in the good state */
    LOSS_BURST, /* lost in a burst, or in the bad state */
} LossResult;

/* Judge one packet by one uniform 64-bit @word; no model needs more. A word
 * decides the same whatever was judged before only through @state. */
LossResult loss_draw(const LossConfig *config, LossState *state, uint64_t word);

/* The long-run loss rate that @config means, for reports and tests. Exact
 * up to one part per billion; 0 for LOSS_MODEL_NONE. */
Chance loss_rate(const LossConfig *config);

#endif

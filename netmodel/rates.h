/* SPDX-License-Identifier: Apache-2.0 */
/* Whether a link does what its words say: how many packets loss, duplicate,
 * corrupt, reorder and delay should have hit, how many they did, and how far
 * the two may be apart by chance. A sweep adds tallies up and fails when
 * |observed - expected| is more standard deviations than chance allows.
 *
 * Correlated models are judged by their long-run rate. What a chain's first and
 * last state add to the count is known (the solution h of its Poisson equation:
 * S_n - n rate + h(X_n) is a martingale; Meyn and Tweedie, "Markov Chains and
 * Stochastic Stability", section 17.4), so `expected` is exact for any number
 * of packets, also when what was lost decides how many are sent; `variance` is
 * that of the long run.
 *
 * Of a delay the rate is that of packets slower than the median, which is a
 * half for every distribution and correlation. */
#ifndef SEEDBED_RATES_H
#define SEEDBED_RATES_H

#include "netmodel/netem.h"

typedef enum RatesKind {
    RATES_LOSS = 0, /* trials are fragments */
    RATES_DUPLICATE,
    RATES_CORRUPT,
    RATES_REORDER, /* trials are packets that may, by `gap` */
    RATES_DELAY,   /* slower than the median */
    RATES_COUNT,
} RatesKind;

typedef struct RatesTally {
    uint64_t trials;
    int64_t expected_ppb; /* packets x 10^9 */
    uint64_t observed;
    uint64_t variance_ppb; /* packets^2 x 10^9; saturates */
} RatesTally;

typedef struct Rates {
    RatesTally of[RATES_COUNT];
} Rates;

/* States of the loss chains: RECEIVED_IN_GAP and good are 0, see loss.c. */
#define RATES_STATES 5u

/* What a word promises. */
typedef struct RatesLaw {
    bool known; /* false: a chain that cannot forget where it began */
    Chance rate;
    int64_t bias_ppb[RATES_STATES]; /* h, by state before */
    uint64_t variance_ppb;          /* a trial */
} RatesLaw;

RatesLaw rates_law(const NetemConfig *config, RatesKind kind);
/* Add @trials of which @hits happened under @law, from chain state @from to
 * @to. Nothing if the law is not known. */
void rates_add(RatesTally *tally, const RatesLaw *law, uint64_t trials,
               uint64_t hits, unsigned from, unsigned to);
/* Add all of @more. */
void rates_sum(Rates *rates, const Rates *more);

/* The delay that half of the packets exceed; 0: it is not random, or too
 * narrow to tell. */
SimTime rates_median(const NetemConfig *config);

/* "loss", ... */
const char *rates_name(RatesKind kind);

#endif

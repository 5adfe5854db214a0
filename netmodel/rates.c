/* SPDX-License-Identifier: Apache-2.0 */
/* Rates, biases and variances of the link models, in integers: products of
 * two numbers in parts per billion need 128 bits. */
#include "netmodel/rates.h"

#include <glib.h>

/* A jitter below it has so few values that many packets meet the median. */
#define JITTER_LEAST (100 * SIM_US)
/* A chain that needs longer to forget is not judged: in packets. */
#define MEMORY_MAX 1000

#define ONE ((int64_t)CHANCE_ONE)

/* Parts per billion of something, and products of two. */
typedef __int128 Wide;

/* netem's numbers of the states of `loss state`, see loss.c. */
enum { GAP = 0, BURST_KEPT = 2, BURST = 3, ALONE = 4 };

static RatesLaw two_states(Chance chance, Chance correlation);
static RatesLaw gemodel(const LossConfig *loss);
static RatesLaw four_states(const LossConfig *loss);
static Wide four_variance(const LossConfig *loss, const int64_t *bias);
static Wide spread(const int64_t *chances, const int64_t *gains,
                   unsigned count);
static int64_t times(int64_t a, int64_t b);
static uint64_t saturate(Wide value);

RatesLaw
rates_law(const NetemConfig *config, RatesKind kind)
{
    switch (kind) {
    case RATES_LOSS:
        switch (config->loss.model) {
        case LOSS_MODEL_RANDOM:
            return two_states(config->loss.chance, config->loss.correlation);
        case LOSS_MODEL_GEMODEL:
            return gemodel(&config->loss);
        case LOSS_MODEL_STATE:
            return four_states(&config->loss);
        default:
            return two_states(0, 0);
        }
    case RATES_DUPLICATE:
        return two_states(config->duplicate, config->duplicate_correlation);
    case RATES_CORRUPT:
        return two_states(config->corrupt, config->corrupt_correlation);
    case RATES_REORDER:
        return two_states(config->reorder, config->reorder_correlation);
    default: {
        /* Begins at the median, so neither side is ahead; that the signs of
         * neighbours are correlated no more than the numbers makes the
         * variance a bound. */
        RatesLaw law = two_states(CHANCE_ONE / 2, config->delay_correlation);

        law.bias_ppb[1] = 0;
        return law;
    }
    }
}

void
rates_add(RatesTally *tally, const RatesLaw *law, uint64_t trials,
          uint64_t hits, unsigned from, unsigned to)
{
    if (!law->known || trials == 0) {
        return;
    }
    g_assert(from < RATES_STATES && to < RATES_STATES);
    tally->trials += trials;
    tally->observed += hits;
    tally->expected_ppb += (int64_t)trials * (int64_t)law->rate +
                           law->bias_ppb[from] - law->bias_ppb[to];
    tally->variance_ppb =
        saturate((Wide)tally->variance_ppb + (Wide)law->variance_ppb * trials);
}

void
rates_sum(Rates *rates, const Rates *more)
{
    for (unsigned i = 0; i < RATES_COUNT; i++) {
        RatesTally *to = &rates->of[i];
        const RatesTally *from = &more->of[i];

        to->trials += from->trials;
        to->observed += from->observed;
        to->expected_ppb += from->expected_ppb;
        to->variance_ppb =
            saturate((Wide)to->variance_ppb + from->variance_ppb);
    }
}

SimTime
rates_median(const NetemConfig *config)
{
    int64_t median;
    const Distribution *distribution = config->distribution;

    if ((config->words & NETEM_DELAY) == 0 || config->jitter < JITTER_LEAST ||
        (distribution->values == NULL && distribution->spread == 0)) {
        return 0;
    }
    median = (int64_t)config->delay;
    if (distribution->values != NULL) {
        Wide off = (Wide)distribution_quantile(distribution, UINT64_C(1) << 63);

        median += (int64_t)(off * (Wide)config->jitter / DISTRIBUTION_ONE);
    }
    return median > 0 ? (SimTime)median : 0;
}

const char *
rates_name(RatesKind kind)
{
    static const char *const names[RATES_COUNT] = {
        "loss", "duplicate", "corrupt", "reorder", "delay"};

    return names[kind];
}

/* The chain of chance_after(): the next hits with p + c (x - p), x being
 * whether the last did, so h(x) = c / (1 - c) (x - p); and neighbours of
 * correlation c^k add up to (1 + c) / (1 - c) times the variance. */
static RatesLaw
two_states(Chance chance, Chance correlation)
{
    RatesLaw law = {.rate = chance};
    int64_t forget = ONE - correlation;
    Wide one = (Wide)chance * (ONE - chance) / ONE;

    law.known = correlation == 0 || (forget > 0 && ONE / forget <= MEMORY_MAX);
    if (law.known && correlation > 0) {
        law.bias_ppb[1] = (int64_t)((Wide)correlation * ONE / forget);
    }
    if (law.known) {
        law.variance_ppb =
            saturate(one * (Wide)(ONE + correlation) / (Wide)forget);
    }
    return law;
}

/* The packet meets a state, which then moves: h(bad) - h(good) is the
 * difference of their losses times the time to forget, 1 / (p + r). */
static RatesLaw
gemodel(const LossConfig *loss)
{
    RatesLaw law = {.rate = loss_rate(loss)};
    int64_t p = loss->p, r = loss->r;
    int64_t bad = loss->bad_loss, good = loss->good_loss;
    int64_t h;
    Wide variance = 0;

    if (p + r == 0 || ONE / (p + r) > MEMORY_MAX) {
        return law;
    }
    h = (int64_t)((Wide)(bad - good) * ONE / (p + r));
    law.known = true;
    law.bias_ppb[1] = h;
    /* Each state's share, times the variance of its loss and its move. */
    variance +=
        ((Wide)good * (ONE - good) + (Wide)times(p, ONE - p) * h / ONE * h) *
        r / (p + r);
    variance +=
        ((Wide)bad * (ONE - bad) + (Wide)times(r, ONE - r) * h / ONE * h) * p /
        (p + r);
    law.variance_ppb = saturate(variance / ONE);
    return law;
}

/* netem's four states; the packet meets the state that the chain moves to.
 * h of the gap is 0; the others follow from the Poisson equation by hand:
 *   h4 = -rate,  h3 p31 = 1 - p31 - rate (1 + p32 / p23),
 *   h2 = 1 + h3 - rate / p23. */
static RatesLaw
four_states(const LossConfig *loss)
{
    RatesLaw law = {.rate = loss_rate(loss)};
    int64_t rate = law.rate, p31 = loss->p31, p32 = loss->p32;
    int64_t p23 = loss->p32 == 0 && loss->p23 == 0 ? ONE : loss->p23;
    Wide three;

    if (p31 == 0 || p23 == 0 || (int64_t)loss->p13 + loss->p14 > ONE ||
        p31 + p32 > ONE || ONE / p31 > MEMORY_MAX || ONE / p23 > MEMORY_MAX) {
        return law;
    }
    three = (Wide)ONE - p31 - rate - (Wide)rate * p32 / p23;
    law.known = true;
    law.bias_ppb[BURST] = (int64_t)(three * ONE / p31);
    law.bias_ppb[BURST_KEPT] =
        ONE + law.bias_ppb[BURST] - (int64_t)((Wide)rate * ONE / p23);
    law.bias_ppb[ALONE] = -rate;
    law.variance_ppb = saturate(four_variance(loss, law.bias_ppb));
    return law;
}

/* Each state's share times the variance of loss and h of the state that comes
 * next. */
static Wide
four_variance(const LossConfig *loss, const int64_t *bias)
{
    int64_t p13 = loss->p13, p14 = loss->p14, p31 = loss->p31;
    int64_t p32 = loss->p32;
    int64_t p23 = p32 == 0 && loss->p23 == 0 ? ONE : loss->p23;
    int64_t gain[4] = {bias[GAP], bias[BURST_KEPT], ONE + bias[BURST],
                       ONE + bias[ALONE]};
    /* To gap, burst kept, burst, alone. */
    const int64_t from[4][4] = {{ONE - p13 - p14, 0, p13, p14},
                                {0, ONE - p23, p23, 0},
                                {p31, p32, ONE - p31 - p32, 0},
                                {ONE, 0, 0, 0}};
    /* What flows out of a state flows in. */
    const Wide share[4] = {(Wide)ONE, (Wide)p13 * p32 / p31 * ONE / p23,
                           (Wide)p13 * ONE / p31, (Wide)p14};
    Wide all = share[0] + share[1] + share[2] + share[3];
    Wide variance = 0;

    for (unsigned i = 0; i < 4; i++) {
        variance += spread(from[i], gain, 4) * share[i] / all;
    }
    return variance;
}

/* The variance of @gains with @chances, in parts per billion. */
static Wide
spread(const int64_t *chances, const int64_t *gains, unsigned count)
{
    Wide mean = 0, squares = 0;

    for (unsigned i = 0; i < count; i++) {
        mean += (Wide)chances[i] * gains[i] / ONE;
    }
    for (unsigned i = 0; i < count; i++) {
        squares += (gains[i] - mean) * (gains[i] - mean) / ONE * chances[i];
    }
    return squares / ONE;
}

static int64_t
times(int64_t a, int64_t b)
{
    return (int64_t)((Wide)a * b / ONE);
}

static uint64_t
saturate(Wide value)
{
    return value < 0                      ? 0
           : value > (Wide)UINT64_MAX / 2 ? UINT64_MAX / 2
                                          : (uint64_t)value;
}

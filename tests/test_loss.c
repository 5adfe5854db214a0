/* SPDX-License-Identifier: Apache-2.0 */
/* Loss models in the long run: rates, lengths of bursts and correlation
 * against the theory of their Markov chains. */
#include "netmodel/loss.h"

#include <check.h>
#include <glib.h>
#include <stdlib.h>

#include "netmodel/netem.h"
#include "nodes/dice.h"

#define PACKETS 2000000

/* Rates and mean lengths of runs of losses x 10^6. Each tolerance is five
 * deviations over 2,000,000 packets, worked out beside it. */
static const struct {
    const char *text;
    int64_t rate, rate_tolerance;
    int64_t burst, burst_tolerance; /* 0: not judged */
} models[] = {
    /* Independent: deviation sqrt(pq/n); runs are geometric, 1 / (1 - p). */
    {"loss 0%", 0, 0, 0, 0},
    {"loss 1%", 10000, 352, 1010101, 3600},
    {"loss 50%", 500000, 1768, 2000000, 10000},
    {"loss 100%", 1000000, 0, 0, 0},
    /* Correlated by c: deviations grow by sqrt((1 + c) / (1 - c)), runs
     * last 1 / ((1 - p)(1 - c)). */
    {"loss 1% 25%", 10000, 454, 1346801, 28000},
    {"loss 20% 50%", 200000, 2450, 2500000, 22000},
    /* Gilbert: p / (p + r) lost in runs of 1 / r; c = 1 - p - r. */
    {"loss gemodel 1% 10%", 90909, 4100, 10000000, 340000},
    {"loss gemodel 1%", 10000, 352, 1010101, 3600},
    /* Elliott: (p (1-h) + r (1-k)) / (p + r) = (.02*.7 + .08*.01)/.1. */
    {"loss gemodel 2% 8% 70% 1%", 148000, 3900, 0, 0},
    {"loss gemodel 0% 10% 100% 3%", 30000, 604, 0, 0},
    /* Four states with p32 = p14 = 0 are Gilbert's two. */
    {"loss state 1% 10%", 90909, 4100, 10000000, 340000},
    {"loss state 1%", 10000, 352, 1010101, 3600},
    /* Only isolated losses: p14 / (1 + p14), each alone. */
    {"loss state 0% 100% 0% 100% 5%", 47619, 800, 1000000, 0},
    /* pi = p31 p23 : p13 p32 : p13 p23 : p14 p31 p23
     *    = .03 : .005 : .015 : .0003, lost .0153 / .0503. */
    {"loss state 5% 10% 10% 30% 1%", 304175, 6200, 0, 0},
    /* No way back to the gap: p23 / (p23 + p32), runs of 1 / p32. */
    {"loss state 50% 0% 20% 30%", 600000, 4000, 5000000, 60000},
};

static LossConfig
config_of(const char *text)
{
    NetemConfig config;

    ck_assert(netem_parse(text, NULL, &config, NULL));
    return config.loss;
}

START_TEST(long_run)
{
    LossConfig config = config_of(models[_i].text);
    LossState state = {0};
    Stream stream = {0x1055, 0};
    int64_t lost = 0, bursts = 0;
    bool last = false;

    for (int i = 0; i < PACKETS; i++) {
        bool now = loss_draw(&config, &state, stream_u64(&stream)) != LOSS_KEPT;

        lost += now;
        bursts += now && !last;
        last = now;
    }
    int64_t rate = lost * 1000000 / PACKETS;

    ck_assert_msg(llabs(rate - models[_i].rate) <= models[_i].rate_tolerance,
                  "%s: rate %lld", models[_i].text, (long long)rate);
    ck_assert_int_le(
        llabs((int64_t)loss_rate(&config) / 1000 - models[_i].rate), 1);
    if (models[_i].burst != 0) {
        int64_t burst = lost * 1000000 / bursts;

        ck_assert_msg(llabs(burst - models[_i].burst) <=
                          models[_i].burst_tolerance,
                      "%s: burst %lld", models[_i].text, (long long)burst);
    }
}
END_TEST

/* What was lost in a burst is told from what was lost alone. */
START_TEST(results)
{
    static const struct {
        const char *text;
        bool alone, burst;
    } kinds[] = {
        {"loss 10%", true, false},
        {"loss gemodel 1% 10%", false, true},
        {"loss gemodel 1% 10% 50% 1%", true, true},
        {"loss state 1% 10%", false, true},
        {"loss state 1% 10% 0% 100% 1%", true, true},
    };

    for (unsigned k = 0; k < G_N_ELEMENTS(kinds); k++) {
        LossConfig config = config_of(kinds[k].text);
        LossState state = {0};
        Stream stream = {k, 0};
        bool seen[3] = {false, false, false};

        for (int i = 0; i < 20000; i++) {
            seen[loss_draw(&config, &state, stream_u64(&stream))] = true;
        }
        ck_assert(seen[LOSS_KEPT]);
        ck_assert_int_eq(seen[LOSS_ALONE], kinds[k].alone);
        ck_assert_int_eq(seen[LOSS_BURST], kinds[k].burst);
    }
}
END_TEST

/* Another model starts in its own first state, the same one goes on. */
START_TEST(change_of_model)
{
    LossConfig stuck = config_of("loss gemodel 100% 0%");
    LossConfig other = config_of("loss state 0% 100% 0% 100% 0%");
    LossState state = {0};

    ck_assert_int_eq(loss_draw(&stuck, &state, 0), LOSS_KEPT);
    ck_assert_int_eq(loss_draw(&stuck, &state, 0), LOSS_BURST);
    ck_assert_int_eq(loss_draw(&stuck, &state, 0), LOSS_BURST);
    ck_assert_int_eq(loss_draw(&other, &state, 0), LOSS_KEPT);
    ck_assert_int_eq(loss_draw(&stuck, &state, 0), LOSS_KEPT);
}
END_TEST

/* The same words decide the same: state and word say it all. */
START_TEST(repeatable)
{
    LossConfig config = config_of("loss state 5% 10% 10% 30% 1%");
    LossState a = {0}, b = {0};

    for (uint64_t i = 0; i < 1000; i++) {
        Stream stream = {9, i};
        uint64_t word = stream_u64(&stream);

        ck_assert_int_eq(loss_draw(&config, &a, word),
                         loss_draw(&config, &b, word));
    }
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("loss");
    TCase *chains = tcase_create("chains");
    SRunner *runner = srunner_create(suite);

    tcase_add_loop_test(chains, long_run, 0, G_N_ELEMENTS(models));
    tcase_add_test(chains, results);
    tcase_add_test(chains, change_of_model);
    tcase_add_test(chains, repeatable);
    suite_add_tcase(suite, chains);
    srunner_run_all(runner, CK_NORMAL);

    int failed = srunner_ntests_failed(runner);

    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

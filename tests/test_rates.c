/* SPDX-License-Identifier: Apache-2.0 */
/* What a link says it should have done by its words, against what it did:
 * exact means, variances that fit, and a link that does something else is
 * told from one that does not. */
#include <check.h>
#include <math.h>

#include "netmodel/link.h"

/* Runs of one link each, and packets in a run: short, so that what a chain's
 * first and last states add shows. */
#define RUNS    3000u
#define PACKETS 60u

static const struct {
    const char *words;
    const char *later; /* from the middle on; NULL: the same */
    RatesKind kind;
    bool bound; /* the variance is one */
} rows[] = {
    {"loss 1%", NULL, RATES_LOSS, false},
    {"loss 30% 60%", NULL, RATES_LOSS, false},
    {"loss 30% 60%", "loss 5% 80%", RATES_LOSS, false},
    {"loss gemodel 5% 20%", NULL, RATES_LOSS, false},
    {"loss gemodel 5% 20% 80% 3%", NULL, RATES_LOSS, false},
    {"loss gemodel 5% 20% 80% 3%", "loss gemodel 30% 30% 50% 10%", RATES_LOSS,
     false},
    {"loss gemodel 5% 20%", "loss 20%", RATES_LOSS, false},
    {"loss state 5%", NULL, RATES_LOSS, false},
    {"loss state 5% 30% 20% 40% 2%", NULL, RATES_LOSS, false},
    {"loss state 5% 30% 20% 40% 2%", "loss state 20% 50% 0% 100% 10%",
     RATES_LOSS, false},
    {"duplicate 10%", NULL, RATES_DUPLICATE, false},
    {"duplicate 10% 50%", NULL, RATES_DUPLICATE, false},
    {"corrupt 3% 25%", NULL, RATES_CORRUPT, false},
    {"delay 5ms reorder 20% 50%", NULL, RATES_REORDER, false},
    {"delay 5ms reorder 20% gap 3", NULL, RATES_REORDER, false},
    {"delay 5ms 2ms", NULL, RATES_DELAY, false},
    {"delay 5ms 2ms distribution pareto", NULL, RATES_DELAY, false},
    {"delay 5ms 2ms 50% distribution normal", NULL, RATES_DELAY, true},
    {"delay 5ms 2ms distribution lognormal", NULL, RATES_DELAY, false},
};

static NetemConfig
words(const char *text)
{
    NetemConfig config = netem_none();
    bool good = netem_parse(text, NULL, &config, NULL);

    ck_assert_msg(good, "%s", text);
    return config;
}

/* One link that does @first and then @second; its account into @rates. */
static void
run(uint64_t key, const NetemConfig *first, const NetemConfig *second,
    Rates *rates)
{
    LinkStreams streams = {{key * 8 + 1, 0},
                           {key * 8 + 2, 0},
                           {key * 8 + 3, 0},
                           {key * 8 + 4, 0},
                           {key * 8 + 5, 0}};
    Link link;
    Fate fate;

    link_init(&link, first);
    for (unsigned i = 0; i < PACKETS; i++) {
        if (i == PACKETS / 2) {
            link_configure(&link, second);
        }
        link_send(&link, i * SIM_S, 100, &streams, &fate);
    }
    link_rates(&link, rates);
    link_clear(&link);
}

START_TEST(as_much_as_it_says)
{
    NetemConfig first = words(rows[_i].words);
    NetemConfig second = rows[_i].later != NULL ? words(rows[_i].later) : first;
    double squares = 0, variance, z;
    Rates all = {0};
    const RatesTally *tally = &all.of[rows[_i].kind];

    for (unsigned i = 0; i < RUNS; i++) {
        Rates one = {0};
        double off;

        run(i, &first, &second, &one);
        off = (double)one.of[rows[_i].kind].observed -
              (double)one.of[rows[_i].kind].expected_ppb / 1e9;
        squares += off * off;
        rates_sum(&all, &one);
    }
    ck_assert_uint_gt(tally->trials, 0);
    variance = (double)tally->variance_ppb / 1e9;
    z = ((double)tally->observed - (double)tally->expected_ppb / 1e9) /
        sqrt(variance);
    ck_assert_msg(fabs(z) < 5, "%s: %g deviations", rows[_i].words, z);
    /* The sum of squares has the same mean as the variance; a short run has a
     * little less of it than a long one. */
    ck_assert_msg(squares < variance * 1.25, "%s: %g of %g", rows[_i].words,
                  squares, variance);
    ck_assert_msg(rows[_i].bound || squares > variance * 0.75, "%s: %g of %g",
                  rows[_i].words, squares, variance);
}
END_TEST

/* The account of a link, judged by other words than it follows: a rate that is
 * off by a tenth shows. */
START_TEST(a_wrong_rate_shows)
{
    static const struct {
        const char *does, *says;
        RatesKind kind;
    } wrong[] = {
        {"loss 5%", "loss 5.5%", RATES_LOSS},
        {"loss 30% 50%", "loss 33% 50%", RATES_LOSS},
        {"loss gemodel 5% 20%", "loss gemodel 5% 25%", RATES_LOSS},
        {"loss state 5% 30% 20% 40% 2%", "loss state 6% 30% 20% 40% 2%",
         RATES_LOSS},
        {"duplicate 10%", "duplicate 11%", RATES_DUPLICATE},
    };
    NetemConfig does = words(wrong[_i].does), says = words(wrong[_i].says);
    RatesLaw law = rates_law(&says, wrong[_i].kind);
    Rates all = {0};
    RatesTally tally = {0};
    double z;

    for (unsigned i = 0; i < 4 * RUNS; i++) {
        run(i, &does, &does, &all);
    }
    rates_add(&tally, &law, all.of[wrong[_i].kind].trials,
              all.of[wrong[_i].kind].observed, 0, 0);
    z = ((double)tally.observed - (double)tally.expected_ppb / 1e9) /
        sqrt((double)tally.variance_ppb / 1e9);
    ck_assert_msg(fabs(z) > 5, "%s: %g deviations", wrong[_i].does, z);
}
END_TEST

START_TEST(what_cannot_be_judged_is_not)
{
    static const char *const texts[] = {
        "loss 10% 100%", "loss gemodel 0% 0% 100% 10%", "loss state 10% 0%",
        "loss gemodel 0.001% 0.001%"};
    NetemConfig config = words(texts[_i]);
    RatesLaw law = rates_law(&config, RATES_LOSS);
    RatesTally tally = {0};

    ck_assert(!law.known);
    rates_add(&tally, &law, 100, 50, 0, 1);
    ck_assert_uint_eq(tally.trials, 0);
    ck_assert_uint_eq(tally.observed, 0);
}
END_TEST

START_TEST(nothing_said_nothing_counted)
{
    NetemConfig config = words("delay 5ms");
    Rates rates = {0};

    run(1, &config, &config, &rates);
    for (unsigned i = 0; i < RATES_COUNT; i++) {
        ck_assert_uint_eq(rates.of[i].trials, 0);
        ck_assert_ptr_nonnull(rates_name((RatesKind)i));
    }
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("rates");
    TCase *test = tcase_create("rates");
    SRunner *runner = srunner_create(suite);
    int failed;

    tcase_add_loop_test(test, as_much_as_it_says, 0, G_N_ELEMENTS(rows));
    tcase_add_loop_test(test, a_wrong_rate_shows, 0, 5);
    tcase_add_loop_test(test, what_cannot_be_judged_is_not, 0, 4);
    tcase_add_test(test, nothing_said_nothing_counted);
    suite_add_tcase(suite, test);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* netem's words: what is read, how it prints, what is refused and how, and
 * what a fault's words do to a link's. */
#include "netmodel/netem.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

static const struct {
    const char *text;
    const char *want; /* NULL: prints as it was written */
} good[] = {
    {"", NULL},
    {"delay 100ms", NULL},
    {"delay 100ms 10ms 25% distribution normal loss gemodel 1% 10%", NULL},
    {"delay 0", NULL},
    {"delay 0ms", "delay 0"},
    {"delay 1500us", "delay 1.5ms"},
    {"delay 0.000000001s", "delay 1ns"},
    {"delay 2 min", "delay 120s"},
    {"delay 10 ms 1 ms 5 %", "delay 10ms 1ms 5%"},
    {"DELAY 10MS", "delay 10ms"},
    {"delay 1secs 5usecs", "delay 1s 5us"},
    {"delay +50ms 5ms", NULL},
    {"delay + 50ms", "delay +50ms"},
    {"delay 10ms 0 20%", NULL},
    {"delay 10ms distribution constant", NULL},
    {"delay 10ms 2ms distribution uniform", "delay 10ms 2ms"},
    {"delay 10ms 2ms distribution pareto", NULL},
    {"delay 10ms 2ms distribution paretonormal", NULL},
    {"delay 10ms 2ms distribution exponential", NULL},
    {"delay 10ms 2ms distribution lognormal", NULL},
    {"loss 1%", NULL},
    {"loss random 1% 25%", "loss 1% 25%"},
    {"loss 0.0000001%", NULL},
    {"loss 100%", NULL},
    {"loss .5%", "loss 0.5%"},
    {"loss state 1%", NULL},
    {"loss state 1% 99% 0% 100% 0%", "loss state 1%"},
    {"loss state 1% 10% 20% 30% 40%", NULL},
    {"loss state 0% 100% 0% 100% 1%", "loss state 0% 100% 0% 100% 1%"},
    {"loss gemodel 1%", NULL},
    {"loss gemodel 1% 10% 70% 0.1%", NULL},
    {"loss gemodel 1% 99% 100% 0%", "loss gemodel 1%"},
    {"duplicate 1% 10%", NULL},
    {"corrupt 0.1%", NULL},
    {"reorder 25% 50% gap 5", NULL},
    {"reorder 25% gap 1", "reorder 25%"},
    {"rate 10Mbit", "rate 10mbit"},
    {"rate 1.5 Gbit", "rate 1.5gbit"},
    {"rate 1000", "rate 1kbit"},
    {"rate 125kbps", "rate 1mbit"},
    {"rate 1mibit", "rate 1.048576mbit"},
    {"rate 1mbit limit 10 limit-bytes 64kb mtu 1500", NULL},
    {"limit-bytes 1536", "limit-bytes 1536b"},
    {"limit-bytes 1.5mb", "limit-bytes 1536kb"},
    {"mtu 1280 drop", NULL},
    {"mtu 1500\tloss\n1%  ", "loss 1% mtu 1500"},
};

static const struct {
    const char *text;
    const char *want;
} bad[] = {
    {"dealy 100ms",
     "found 'dealy', expected one of delay, loss, duplicate, corrupt, "
     "reorder, rate, limit, limit-bytes, mtu"},
    {"delay", "delay: found the end, expected a time with"},
    {"delay 100", "delay: found '100', expected a time with"},
    {"delay 100 loss 1%", "delay: found '100', expected a time with"},
    {"delay 1.5ns", "delay: found '1.5ns', expected a time with"},
    {"delay 53000min 1ms", NULL},
    {"delay 80000min", "delay: found '80000min', expected a time with"},
    {"delay 99999999999999999999s", "delay: found '99999999999999999999s'"},
    {"delay -1ms", "delay: found '-1ms', expected a time with"},
    {"delay 10ms 1ms 101%", "delay: found '101%', expected a percentage"},
    {"delay 10ms distribution", "delay: found the end, expected a distr"},
    {"delay 10ms distribution cauchy",
     "delay: found 'cauchy', expected a distribution: uniform, constant, "
     "normal, pareto, paretonormal, exponential, lognormal"},
    {"delay 10ms distribution my.dist", "delay: found 'my.dist', expected"},
    {"delay 10ms delay 20ms", "found 'delay', expected each word only once"},
    {"loss", "loss: found the end, expected a percentage, random, state or"},
    {"loss 1", "loss: found '1', expected a percentage 0%..100%"},
    {"loss 1.23456789%", "loss: found '1.23456789%', expected a percentage"},
    {"loss lots", "loss: found 'lots', expected a percentage, random, state"},
    {"loss state 60% 10% 10% 10% 50%",
     "loss: found p13 60% and p14 50%, expected at most 100% together"},
    {"loss state 10% 60% 50%",
     "loss: found p31 60% and p32 50%, expected at most 100% together"},
    {"loss gemodel", "loss: found the end, expected a percentage"},
    {"loss 1% 2% 3%", "found '3%', expected one of delay"},
    {"reorder 25% gap 0", "reorder: found '0', expected a number 1..1000000"},
    {"reorder 25% gap", "reorder: found the end, expected a number"},
    {"rate 0", "rate: found '0', expected a rate of at least 1kbit"},
    {"rate 10parsec", "rate: found '10parsec', expected a rate"},
    {"rate 10tbps", "rate: found '10tbps', expected a rate"},
    {"limit 0", "limit: found '0', expected a number 1..1000000"},
    {"limit 1.5", "limit: found '1.5', expected a number 1..1000000"},
    {"limit-bytes 0kb", "limit-bytes: found '0kb', expected a size above 0"},
    {"mtu 67", "mtu: found '67', expected a number 68..1048576"},
    {"loss 1\x01%\xff", "loss: found '1?%"},
};

static const struct {
    const char *base, *over, *want;
} merges[] = {
    {"", "", ""},
    {"delay 10ms", "loss 1%", "delay 10ms loss 1%"},
    {"delay 10ms 1ms 5% distribution normal", "delay 20ms", "delay 20ms"},
    {"delay 10ms 1ms 5% distribution normal", "delay +20ms",
     "delay 30ms 1ms 5% distribution normal"},
    {"delay 10ms", "delay +20ms 2ms 7% distribution pareto",
     "delay 30ms 2ms 7% distribution pareto"},
    {"", "delay +20ms", "delay +20ms"},
    {"delay +1ms", "delay +20ms", "delay +21ms"},
    {"loss gemodel 1% 10%", "loss 5%", "loss 5%"},
    {"loss 5% rate 1mbit limit 5", "rate 10kbit",
     "loss 5% rate 10kbit limit 5"},
    {"duplicate 1% corrupt 1% reorder 5% gap 3",
     "duplicate 2% 1% corrupt 3% 1% reorder 4%",
     "duplicate 2% 1% corrupt 3% 1% reorder 4%"},
    {"limit 7 mtu 1500 drop", "limit-bytes 1kb mtu 900",
     "limit 7 limit-bytes 1kb mtu 900"},
};

static NetemConfig
parsed(const char *text)
{
    g_autoptr(GError) error = NULL;
    NetemConfig config;

    ck_assert_msg(netem_parse(text, NULL, &config, &error), "%s: %s", text,
                  error == NULL ? "" : error->message);
    return config;
}

START_TEST(good_words)
{
    const char *want = good[_i].want != NULL ? good[_i].want : good[_i].text;
    NetemConfig config = parsed(good[_i].text);
    g_autofree char *text = netem_text(&config);

    ck_assert_str_eq(text, want);

    NetemConfig again = parsed(text);

    ck_assert(netem_equal(&config, &again));
}
END_TEST

START_TEST(bad_words)
{
    g_autoptr(GError) error = NULL;
    NetemConfig config = parsed("loss 7%"), before = config;
    bool fine = netem_parse(bad[_i].text, NULL, &config, &error);

    if (bad[_i].want == NULL) { /* a neighbour that is right */
        ck_assert(fine);
        return;
    }
    ck_assert_msg(!fine, "%s", bad[_i].text);
    ck_assert_msg(g_str_has_prefix(error->message, bad[_i].want), "%s: %s",
                  bad[_i].text, error->message);
    ck_assert(strchr(error->message, '\n') == NULL);
    ck_assert(g_utf8_validate(error->message, -1, NULL));
    ck_assert(netem_equal(&config, &before));
}
END_TEST

START_TEST(merged_words)
{
    NetemConfig config = parsed(merges[_i].base);
    NetemConfig over = parsed(merges[_i].over);

    netem_merge(&config, &over);

    g_autofree char *text = netem_text(&config);

    ck_assert_str_eq(text, merges[_i].want);
}
END_TEST

/* The numbers behind the words, each in its unit. */
START_TEST(numbers)
{
    NetemConfig config =
        parsed("delay 100ms 10ms 25% distribution normal loss gemodel 1% 10% "
               "rate 10mbit limit-bytes 64kb reorder 25% 50% gap 5 mtu 1500");

    ck_assert_uint_eq(config.delay, 100 * SIM_MS);
    ck_assert_uint_eq(config.jitter, 10 * SIM_MS);
    ck_assert_uint_eq(config.delay_correlation, CHANCE_ONE / 4);
    ck_assert_ptr_eq(config.distribution, distribution_find("normal"));
    ck_assert_int_eq(config.loss.model, LOSS_MODEL_GEMODEL);
    ck_assert_uint_eq(config.loss.p, CHANCE_ONE / 100);
    ck_assert_uint_eq(config.loss.r, CHANCE_ONE / 10);
    ck_assert_uint_eq(config.loss.bad_loss, CHANCE_ONE);
    ck_assert_uint_eq(config.loss.good_loss, 0);
    ck_assert_uint_eq(config.rate, 10000000);
    ck_assert_uint_eq(config.limit, NETEM_LIMIT_DEFAULT);
    ck_assert_uint_eq(config.limit_bytes, 65536);
    ck_assert_uint_eq(config.reorder, CHANCE_ONE / 4);
    ck_assert_uint_eq(config.reorder_correlation, CHANCE_ONE / 2);
    ck_assert_uint_eq(config.gap, 5);
    ck_assert_uint_eq(config.mtu, 1500);
    ck_assert(!config.mtu_drop && !config.delay_added);
    ck_assert_uint_eq(config.words, NETEM_DELAY | NETEM_LOSS | NETEM_RATE |
                                        NETEM_LIMIT_BYTES | NETEM_REORDER |
                                        NETEM_MTU);
    ck_assert_str_eq(netem_word_text(NETEM_LIMIT_BYTES), "limit-bytes");
}
END_TEST

/* A word said the default way differs from a word not said. */
START_TEST(said_or_not)
{
    NetemConfig said = parsed("loss 0%"), unsaid = parsed("");
    NetemConfig none = netem_none();

    ck_assert(!netem_equal(&said, &unsaid));
    ck_assert(netem_equal(&none, &unsaid));
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("netem");
    TCase *words = tcase_create("words");
    SRunner *runner = srunner_create(suite);

    tcase_add_loop_test(words, good_words, 0, G_N_ELEMENTS(good));
    tcase_add_loop_test(words, bad_words, 0, G_N_ELEMENTS(bad));
    tcase_add_loop_test(words, merged_words, 0, G_N_ELEMENTS(merges));
    tcase_add_test(words, numbers);
    tcase_add_test(words, said_or_not);
    suite_add_tcase(suite, words);
    srunner_run_all(runner, CK_NORMAL);

    int failed = srunner_ntests_failed(runner);

    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

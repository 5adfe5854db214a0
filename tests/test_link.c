/* SPDX-License-Identifier: Apache-2.0 */
/* Links: each feature alone, their order, pacing, the bounded queue, the gap
 * of reordering, and draws that nothing shifts. */
#include "netmodel/link.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

static LinkStreams
streams_of(uint64_t seed)
{
    return (LinkStreams){
        .delay = {seed * 8 + 1, 0},
        .loss = {seed * 8 + 2, 0},
        .duplicate = {seed * 8 + 3, 0},
        .corrupt = {seed * 8 + 4, 0},
        .reorder = {seed * 8 + 5, 0},
    };
}

static NetemConfig
config_of(const char *text)
{
    g_autoptr(GError) error = NULL;
    NetemConfig config;

    ck_assert_msg(netem_parse(text, NULL, &config, &error), "%s: %s", text,
                  error == NULL ? "" : error->message);
    return config;
}

/* "at 5 corrupt, at 7; mattered delay duplicate" or "loss; mattered loss" */
static char *
fate_text(const Fate *fate)
{
    GString *text = g_string_new(NULL);

    if (fate->drop != FATE_NOT_DROPPED) {
        ck_assert_uint_eq(fate->copy_count, 0);
        g_string_append(text, fate_drop_text(fate->drop));
    }
    for (unsigned i = 0; i < fate->copy_count; i++) {
        g_string_append_printf(text, "%sat %" G_GUINT64_FORMAT "%s",
                               i == 0 ? "" : ", ", fate->copies[i].at,
                               fate->copies[i].corrupt ? " corrupt" : "");
    }
    if (fate->reordered) {
        g_string_append(text, " reordered");
    }
    if (fate->fragments != 1) {
        g_string_append_printf(text, " in %u", fate->fragments);
    }
    g_string_append_c(text, ';');
    for (unsigned i = 0; i < NETEM_WORDS; i++) {
        if (fate->mattered & 1u << i) {
            g_string_append_printf(text, " %s",
                                   netem_word_text((NetemWord)(1u << i)));
        }
    }
    return g_string_free(text, FALSE);
}

/* One or several packets, `now` and bytes of each; certain outcomes. */
static const struct {
    const char *words;
    struct {
        SimTime now;
        size_t bytes;
        const char *want; /* NULL: no more packets */
    } packets[6];
} certain[] = {
    {"", {{5, 100, "at 5;"}, {5, 0, "at 5;"}}},
    {"delay 10ns", {{5, 100, "at 15; delay"}}},
    {"delay 0", {{5, 100, "at 5;"}}},
    {"delay 10ns 5ns distribution constant", {{5, 1, "at 15; delay"}}},
    {"loss 100%", {{5, 100, "loss; loss"}, {6, 1, "loss; loss"}}},
    {"duplicate 100%", {{5, 100, "at 5, at 5; duplicate"}}},
    {"corrupt 100%", {{5, 100, "at 5 corrupt; corrupt"}, {6, 0, "at 6;"}}},
    /* A duplicate and a loss cancel; the second copy has its own damage. */
    {"duplicate 100% loss 100%", {{5, 100, "at 5; loss duplicate"}}},
    {"duplicate 100% corrupt 100%",
     {{5, 100, "at 5 corrupt, at 5 corrupt; duplicate corrupt"}}},
    /* The channel's state moves behind the packet. */
    {"loss gemodel 100% 100%",
     {{1, 9, "at 1;"}, {2, 9, "loss; loss"}, {3, 9, "at 3;"}}},
    /* Reordering skips the delay; it matters when there was one. */
    {"delay 10ns reorder 100%", {{5, 100, "at 5 reordered; reorder"}}},
    {"reorder 100%", {{5, 100, "at 5 reordered;"}}},
    {"delay 10ns reorder 100% gap 3",
     {{1, 1, "at 11; delay"},
      {2, 1, "at 12; delay"},
      {3, 1, "at 3 reordered; reorder"},
      {4, 1, "at 14; delay"},
      {5, 1, "at 15; delay"},
      {6, 1, "at 6 reordered; reorder"}}},
    {"delay 10ns reorder 0% gap 2", {{1, 1, "at 11; delay"}}},
    /* 8 Mbit/s is a byte a microsecond; then the delay. */
    {"rate 8mbit",
     {{0, 1, "at 1000; rate"},
      {0, 2, "at 3000; rate"},
      {5000, 1, "at 6000; rate"},
      {5500, 0, "at 6000; rate"},
      {9000, 0, "at 9000;"}}},
    {"rate 8mbit delay 10us",
     {{0, 1, "at 11000; delay rate"}, {0, 1, "at 12000; delay rate"}}},
    /* Not a whole number of nanoseconds: rounded up. */
    {"rate 3gbit", {{0, 1, "at 3; rate"}}},
    /* Each copy takes its turn on the wire. */
    {"rate 8mbit duplicate 100%",
     {{0, 1, "at 1000, at 2000; duplicate rate"},
      {0, 1, "at 3000, at 4000; duplicate rate"}}},
    /* What overtakes goes first; the others leave later. */
    {"rate 8mbit reorder 100% gap 3",
     {{0, 5, "at 5000; rate"},
      {0, 5, "at 10000; rate"},
      {0, 1, "at 1000 reordered; reorder rate"},
      {0, 1, "at 12000; rate"}}},
    {"rate 8mbit limit 2",
     {{0, 1, "at 1000; rate"},
      {0, 1, "at 2000; rate"},
      {0, 1, "queue-full; limit"},
      {999, 1, "queue-full; limit"},
      {1000, 1, "at 3000; rate"},
      {1000, 1, "queue-full; limit"}}},
    {"rate 8mbit limit-bytes 10b",
     {{0, 6, "at 6000; rate"},
      {0, 4, "at 10000; rate"},
      {0, 1, "queue-full; limit-bytes"},
      {6000, 7, "queue-full; limit-bytes"},
      {6000, 6, "at 16000; rate"},
      {20000, 50, "at 70000; rate"}}},
    {"limit 1", {{0, 1, "at 0;"}, {0, 1, "at 0;"}}},
    /* The second copy finds the queue full: only one arrives. */
    {"rate 8mbit limit 1 duplicate 100%",
     {{0, 1, "at 1000; duplicate rate limit"}}},
    {"mtu 100", {{0, 100, "at 0;"}, {0, 101, "at 0 in 2;"}}},
    {"mtu 100 drop",
     {{0, 100, "at 0;"}, {0, 101, "mtu in 2; mtu"}, {0, 9, "at 0;"}}},
    /* Only every second packet on the wire is lost: a datagram of two loses
     * its second fragment, and the MTU is to blame as well. */
    {"mtu 100 loss gemodel 100% 100%",
     {{0, 200, "loss in 2; loss mtu"}, {0, 100, "at 0;"}}},
};

START_TEST(certain_fates)
{
    NetemConfig config = config_of(certain[_i].words);
    LinkStreams streams = streams_of(1);
    Link link;

    link_init(&link, &config);
    for (unsigned i = 0; i < 6 && certain[_i].packets[i].want != NULL; i++) {
        Fate fate;

        memset(&fate, 0xff, sizeof fate);
        link_send(&link, certain[_i].packets[i].now,
                  certain[_i].packets[i].bytes, &streams, &fate);

        g_autofree char *text = fate_text(&fate);

        ck_assert_msg(strcmp(text, certain[_i].packets[i].want) == 0,
                      "%s, packet %u: %s, want %s", certain[_i].words, i, text,
                      certain[_i].packets[i].want);
    }
    link_clear(&link);
}
END_TEST

/* 2,000 packets, some of them refused: what became of each one's first
 * copy. */
static char *
history_of(const char *words, unsigned refuse_from, unsigned refuse_to)
{
    NetemConfig config = config_of(words);
    LinkStreams streams = streams_of(2);
    GString *history = g_string_new(NULL);
    Link link;

    link_init(&link, &config);
    for (unsigned i = 0; i < 2000; i++) {
        Fate fate;

        if (i >= refuse_from && i < refuse_to) {
            link_refuse(&link, FATE_PARTITION, &fate);
            ck_assert_str_eq(fate_drop_text(fate.drop), "partition");
            continue;
        }
        link_send(&link, i * SIM_MS, 100 + i, &streams, &fate);
        if (fate.copy_count == 0) {
            g_string_append_printf(history, "%u lost\n", i);
        } else {
            g_string_append_printf(
                history, "%u %" G_GUINT64_FORMAT " %d %" G_GUINT64_FORMAT "\n",
                i, fate.copies[0].at, fate.copies[0].corrupt,
                fate.copies[0].bit);
        }
    }
    link_clear(&link);
    return g_string_free(history, FALSE);
}

/* What happens to the first copy of every packet, and nothing else, must be
 * the same with a feature that does not touch it. */
START_TEST(no_feature_shifts_another)
{
    static const struct {
        const char *without, *with;
    } pairs[] = {
        {"delay 10ms 5ms", "delay 10ms 5ms duplicate 30%"},
        {"delay 10ms 5ms distribution pareto corrupt 20%",
         "delay 10ms 5ms distribution pareto corrupt 20% duplicate 30% 20%"},
        {"delay 10ms 5ms loss 10%", "delay 10ms 5ms loss 10% mtu 9000"},
        {"loss gemodel 5% 20%", "loss gemodel 5% 20% duplicate 0%"},
        {"delay 10ms 5ms 60% corrupt 20% 60%",
         "delay 10ms 5ms 60% corrupt 20% 60% duplicate 50% 60%"},
        {"delay 10ms 5ms corrupt 5%",
         "delay 10ms 5ms corrupt 5% reorder 0% loss 0% duplicate 0%"},
    };
    g_autofree char *a = history_of(pairs[_i].without, 0, 0);
    g_autofree char *b = history_of(pairs[_i].with, 0, 0);

    ck_assert_msg(strcmp(a, b) == 0, "%s", pairs[_i].with);
}
END_TEST

/* Loss takes packets away and leaves the others as they were, correlated or
 * not; so does a partition in the middle, of what is not correlated. */
START_TEST(fates_stay)
{
    static const struct {
        const char *all, *some;
        unsigned refuse_from, refuse_to;
    } cases[] = {
        {"delay 10ms 5ms corrupt 20%", "delay 10ms 5ms corrupt 20% loss 40%", 0,
         0},
        {"delay 10ms 5ms 50% corrupt 20% 50%",
         "delay 10ms 5ms 50% corrupt 20% 50% loss gemodel 10% 20%", 0, 0},
        {"delay 10ms 5ms corrupt 20%", "delay 10ms 5ms corrupt 20%", 500, 900},
    };
    g_autofree char *all = history_of(cases[_i].all, 0, 0);
    g_autofree char *some =
        history_of(cases[_i].some, cases[_i].refuse_from, cases[_i].refuse_to);
    g_auto(GStrv) lines = g_strsplit(some, "\n", -1);
    unsigned kept = 0;

    for (unsigned i = 0; lines[i] != NULL && *lines[i] != '\0'; i++) {
        if (!g_str_has_suffix(lines[i], " lost")) {
            g_autofree char *line = g_strconcat(lines[i], "\n", NULL);

            ck_assert_msg(strstr(all, line) != NULL, "%s", line);
            kept++;
        }
    }
    ck_assert_uint_ge(kept, 1000);
    ck_assert_uint_le(kept, 1600);
}
END_TEST

/* Rates of events over 100,000 packets, in packets, with five deviations. */
START_TEST(rates_of_events)
{
    NetemConfig config = config_of("duplicate 10% corrupt 5% loss 20% "
                                   "delay 1ms reorder 30%");
    LinkStreams streams = streams_of(3);
    unsigned lost = 0, twice = 0, corrupted = 0, overtook = 0;
    unsigned low_bits = 0;
    Link link;

    link_init(&link, &config);
    for (unsigned i = 0; i < 100000; i++) {
        Fate fate;

        link_send(&link, i, 1000, &streams, &fate);
        lost += fate.drop == FATE_LOSS;
        twice += fate.copy_count == 2;
        overtook += fate.reordered;
        if (fate.copy_count > 0 && fate.copies[0].corrupt) {
            corrupted++;
            low_bits += fate.copies[0].bit < 4000;
            ck_assert_uint_lt(fate.copies[0].bit, 8000);
        }
    }
    /* Lost: 0.2 x 0.9; twice: 0.1 x 0.8; the others of the kept 0.82. */
    ck_assert_int_le(abs((int)lost - 18000), 608);
    ck_assert_int_le(abs((int)twice - 8000), 429);
    ck_assert_int_le(abs((int)corrupted - 4100), 314);
    ck_assert_int_le(abs((int)overtook - 24600), 681);
    ck_assert_int_le(abs((int)low_bits - 2050), 314);
    link_clear(&link);
}
END_TEST

/* The second copy has a delay and damage of its own. */
START_TEST(copies_differ)
{
    NetemConfig config = config_of("delay 10ms 5ms corrupt 50% "
                                   "duplicate 100%");
    LinkStreams streams = streams_of(8);
    unsigned same = 0, one_damaged = 0;
    Link link;

    link_init(&link, &config);
    for (unsigned i = 0; i < 10000; i++) {
        Fate fate;

        link_send(&link, i, 1000, &streams, &fate);
        ck_assert_uint_eq(fate.copy_count, 2);
        same += fate.copies[0].at == fate.copies[1].at;
        one_damaged += fate.copies[0].corrupt != fate.copies[1].corrupt;
    }
    ck_assert_uint_le(same, 5);
    ck_assert_int_le(abs((int)one_damaged - 5000), 250);
    link_clear(&link);
}
END_TEST

/* One number for 2,000 fates of a link that does everything: every compiler,
 * level of optimisation and machine must get the same one. When the model is
 * changed on purpose, so is this number. */
START_TEST(golden)
{
    g_autofree char *history =
        history_of("delay 10ms 5ms 25% distribution paretonormal "
                   "loss gemodel 1% 10% 70% 0.1% duplicate 5% 10% "
                   "corrupt 3% 20% reorder 10% 50% gap 3 rate 2mbit "
                   "limit 30 limit-bytes 20kb mtu 1500",
                   100, 110);
    uint64_t hash = UINT64_C(0xcbf29ce484222325); /* FNV-1a */

    for (const char *c = history; *c != '\0'; c++) {
        hash = (hash ^ (uint8_t)*c) * UINT64_C(0x100000001b3);
    }
    ck_assert_uint_eq(hash, UINT64_C(6325897468664021605));
}
END_TEST

/* At full load the rate is met to the nanosecond, the queue never holds more
 * than its limit, and nothing is dropped while there is room. */
START_TEST(pacing)
{
    NetemConfig config = config_of("rate 100mbit limit 50");
    LinkStreams streams = streams_of(4);
    SimTime last = 0;
    unsigned sent = 0, full = 0;
    Link link;

    link_init(&link, &config);
    for (SimTime now = 0; now < SIM_S; now += 60 * SIM_US) {
        Fate fate;
        unsigned waiting = link_queue_count(&link, now);

        ck_assert_uint_le(waiting, 50);
        ck_assert_uint_eq(link_queue_bytes(&link, now), waiting * 1250);
        link_send(&link, now, 1250, &streams, &fate);
        if (fate.drop == FATE_QUEUE_FULL) {
            ck_assert_uint_eq(waiting, 50);
            full++;
            continue;
        }
        ck_assert_uint_lt(waiting, 50);
        /* 1250 bytes take 100 us. */
        ck_assert_uint_eq(fate.copies[0].at, last + 100 * SIM_US);
        last = fate.copies[0].at;
        sent++;
    }
    ck_assert_uint_ge(sent, 10000);
    ck_assert_uint_le(sent, 10000 + 50);
    ck_assert_uint_eq(sent + full, 16667);
    ck_assert_uint_eq(link_queue_count(&link, last), 0);
    link_clear(&link);
}
END_TEST

/* A fault's configuration comes and goes; the queue stays, and what it
 * changed does not outlast it. */
START_TEST(reconfigured)
{
    NetemConfig plain = config_of("delay 1us");
    NetemConfig slow = config_of("delay 1us rate 8mbit");
    LinkStreams streams = streams_of(5);
    Fate fate;
    Link link;

    link_init(&link, &plain);
    link_send(&link, 0, 10, &streams, &fate);
    ck_assert_uint_eq(fate.copies[0].at, 1000);
    link_configure(&link, &slow);
    link_send(&link, 10, 10, &streams, &fate);
    ck_assert_uint_eq(fate.copies[0].at, 10 + 10000 + 1000);
    ck_assert_uint_eq(link_queue_count(&link, 20), 1);
    link_configure(&link, &plain);
    link_send(&link, 30, 10, &streams, &fate);
    ck_assert_uint_eq(fate.copies[0].at, 30 + 1000);
    ck_assert_uint_eq(fate.mattered, NETEM_DELAY);
    link_configure(&link, &slow);
    link_send(&link, 40, 10, &streams, &fate);
    ck_assert_uint_eq(fate.copies[0].at, 10 + 20000 + 1000);
    ck_assert_uint_eq(link.packet_count, 4);
    link_clear(&link);
}
END_TEST

/* With an MTU every fragment runs the risk: 1 - 0.99^7 of 10 kB. */
START_TEST(fragments)
{
    NetemConfig config = config_of("loss 1% mtu 1500");
    LinkStreams streams = streams_of(6);
    unsigned lost = 0, blamed = 0;
    Link link;

    link_init(&link, &config);
    for (unsigned i = 0; i < 100000; i++) {
        Fate fate;

        link_send(&link, i, 10000, &streams, &fate);
        ck_assert_uint_eq(fate.fragments, 7);
        lost += fate.drop == FATE_LOSS;
        blamed += (fate.mattered & NETEM_MTU) != 0;
    }
    ck_assert_int_le(abs((int)lost - 6793), 398);
    /* Where the first fragment, alone, would have arrived. */
    ck_assert_int_le(abs((int)(lost - blamed) - 1000), 157);
    link_clear(&link);
}
END_TEST

/* Correlated events keep their rate and come in runs of 1 / ((1-p)(1-c)). */
START_TEST(correlated_events)
{
    NetemConfig config = config_of("duplicate 10% 50% corrupt 10% 50% "
                                   "reorder 10% 50%");
    LinkStreams streams = streams_of(7);
    unsigned counts[3] = {0}, runs[3] = {0};
    bool last[3] = {false};
    Link link;

    link_init(&link, &config);
    for (unsigned i = 0; i < 200000; i++) {
        Fate fate;

        link_send(&link, i, 10, &streams, &fate);

        bool now[3] = {fate.copy_count == 2, fate.copies[0].corrupt,
                       fate.reordered};

        for (unsigned k = 0; k < 3; k++) {
            counts[k] += now[k];
            runs[k] += now[k] && !last[k];
            last[k] = now[k];
        }
    }
    for (unsigned k = 0; k < 3; k++) {
        /* Deviation sqrt(npq x 3) = 232; runs of 2.22. */
        ck_assert_int_le(abs((int)counts[k] - 20000), 1160);
        ck_assert_int_le(abs((int)(counts[k] * 1000 / runs[k]) - 2222), 100);
    }
    link_clear(&link);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("link");
    TCase *packets = tcase_create("packets");
    SRunner *runner = srunner_create(suite);

    tcase_add_loop_test(packets, certain_fates, 0, G_N_ELEMENTS(certain));
    tcase_add_loop_test(packets, no_feature_shifts_another, 0, 6);
    tcase_add_loop_test(packets, fates_stay, 0, 3);
    tcase_add_test(packets, rates_of_events);
    tcase_add_test(packets, copies_differ);
    tcase_add_test(packets, golden);
    tcase_add_test(packets, pacing);
    tcase_add_test(packets, reconfigured);
    tcase_add_test(packets, fragments);
    tcase_add_test(packets, correlated_events);
    suite_add_tcase(suite, packets);
    srunner_run_all(runner, CK_NORMAL);

    int failed = srunner_ntests_failed(runner);

    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* The story of a run, word for word. */
#include <check.h>
#include <string.h>

#include "sim/client.h"
#include "sim/story.h"
#include "tests/maker.h"

static Story *story;

static void
observe(void *data, const Record *record)
{
    (void)data;
    story_observe(story, record);
}

static void
probe(Maker *maker, SimTime at, NodeId node, uint32_t id, uint64_t a,
      uint64_t b)
{
    maker_begin(maker, at, node);
    maker_timer(maker, 1);
    maker_probe(maker, id, a, b, 0);
    maker_end(maker);
}

static void
fact(Maker *maker, SimTime at, NodeId node, FactKind kind, uint64_t value,
     const char *text)
{
    Fact *one;

    maker_begin(maker, at, 0);
    one = maker_fact(maker, kind);
    one->node = node;
    one->value = value;
    one->text = text;
    one->size = kind == FACT_LOST ? 512 : 0;
    maker_end(maker);
}

START_TEST(a_story_is_told_in_order)
{
    char text[STORY_SIZE];
    Maker maker;

    story = story_new(3);
    maker_init(&maker, observe, NULL);
    probe(&maker, 50 * SIM_MS, 2, PROBE_RAFT_REFUSE, 4, 0);
    probe(&maker, 60 * SIM_MS, 2, PROBE_RAFT_REFUSE, 4, 0);
    probe(&maker, 100 * SIM_MS, 1, PROBE_RAFT_ROLE, 3, 1);
    probe(&maker, 200 * SIM_MS, 4, PROBE_CLIENT_OUTCOME, 0, CLIENT_OK);
    probe(&maker, 300 * SIM_MS, 4, PROBE_CLIENT_OUTCOME, 0, CLIENT_OK);
    fact(&maker, SIM_S, 0, FACT_FAULT, 1, "crash n1");
    fact(&maker, SIM_S, 1, FACT_CRASH, 0, "power loss");
    fact(&maker, SIM_S, 1, FACT_LOST, 2, NULL);
    probe(&maker, 1100 * SIM_MS, 3, PROBE_RAFT_REFUSE, 4, 0);
    probe(&maker, 1200 * SIM_MS, 4, PROBE_CLIENT_OUTCOME, 0, CLIENT_INFO);
    fact(&maker, 1500 * SIM_MS, 1, FACT_RESTART, 2, NULL);
    fact(&maker, 1600 * SIM_MS, 0, FACT_HEAL, 1, "crash");
    probe(&maker, 1700 * SIM_MS, 3, PROBE_RAFT_ROLE, 3, 2);
    probe(&maker, 1850 * SIM_MS, 4, PROBE_CLIENT_OUTCOME, 0, CLIENT_OK);
    probe(&maker, 1900 * SIM_MS, 3, PROBE_RAFT_ROLE, 1, 3);
    probe(&maker, 1950 * SIM_MS, 3, PROBE_RAFT_REFUSE, 4, 0);
    fact(&maker, 2 * SIM_S, 2, FACT_HALT, 0, "disk full");
    maker_clear(&maker);
    story_finish(story, text);
    ck_assert_str_eq(
        text,
        "      0.050 s  nodes that do not lead refuse requests until 0.100 s: "
        "n2 2\n"
        "      0.100 s  node 1 is elected leader of term 1\n"
        "      0.200 s  the first operation succeeds\n"
        "      1.000 s  fault 1: crash n1\n"
        "      1.000 s  node 1 lost 512 un-synced bytes and 2 files with its "
        "power\n"
        "      1.100 s  nodes that do not lead refuse requests until 1.500 s: "
        "n3 1\n"
        "      1.500 s  1 operations have ended without an answer\n"
        "      1.500 s  node 1 is back, incarnation 2\n"
        "      1.600 s  fault 1 (crash) ends\n"
        "      1.700 s  node 3 is elected leader of term 2\n"
        "      1.850 s  an operation succeeds, 0.250 s after the last fault or "
        "heal\n"
        "      1.900 s  node 3 no longer leads (term 3)\n"
        "      1.950 s  nodes that do not lead refuse requests until 2.000 s: "
        "n3 1\n"
        "      2.000 s  node 2 halts: disk full\n");
}
END_TEST

START_TEST(a_long_story_loses_its_middle_and_long_lines_their_end)
{
    char text[STORY_SIZE];
    char reason[400];
    g_auto(GStrv) lines = NULL;
    Maker maker;

    memset(reason, 'y', sizeof(reason) - 1);
    reason[sizeof(reason) - 1] = '\0';
    story = story_new(3);
    maker_init(&maker, observe, NULL);
    for (unsigned i = 0; i < 40; i++) {
        fact(&maker, i * SIM_S, 1, FACT_HALT, 0, reason);
    }
    maker_clear(&maker);
    story_finish(story, text);
    lines = g_strsplit(text, "\n", -1);
    ck_assert_uint_eq(g_strv_length(lines), STORY_LINES + 2);
    ck_assert_str_eq(lines[STORY_LINES / 2], "              ... 14 more ...");
    ck_assert(g_str_has_prefix(lines[STORY_LINES], "     39.000 s  node 1 "));
    ck_assert_uint_lt(strlen(lines[0]), 150);
}
END_TEST

static Suite *
story_suite(void)
{
    Suite *suite = suite_create("story");
    TCase *tcase = tcase_create("story");

    tcase_add_test(tcase, a_story_is_told_in_order);
    tcase_add_test(tcase,
                   a_long_story_loses_its_middle_and_long_lines_their_end);
    suite_add_tcase(suite, tcase);
    return suite;
}

int
main(void)
{
    SRunner *runner = srunner_create(story_suite());
    int failed;

    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? 0 : 1;
}

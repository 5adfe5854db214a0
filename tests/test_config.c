/* SPDX-License-Identifier: Apache-2.0 */
/* Configuration lines, and those of raft-kv. */
#include <check.h>
#include <glib.h>
#include <stdlib.h>

#include "nodes/config.h"
#include "nodes/quantity.h"
#include "nodes/raft/raft_kv.h"

static const struct {
    const char *text;
    const char *error; /* NULL: good */
} cases[] = {
    {"", NULL},
    {"\n# a comment\n\n", NULL},
    {"count=7\nswitch=off\n", NULL},
    {" count = 7 \n", NULL},
    {"range=150..300 ms\nduration=5 s\nsize=64 KiB", NULL},
    {"count", "found \"count\", expected key=value"},
    {"kount=7", "unknown key \"kount\""},
    {"count=7\ncount=8", "count: given twice"},
    {"count=11", "count: found \"11\", expected 1 to 10"},
    {"switch=maybe", "switch: found \"maybe\", expected on or off"},
    {"range=0..5 s", "range: found \"0..5 s\", expected 1 to 1000000000000 "
                     "ns"},
    {"size=1 GiB", "size: found \"1 GiB\", expected 0 to 1048576 bytes"},
    {"duration=5", "duration: found \"5\", expected a duration such as \"150 "
                   "ms\" (ns us ms s min h d)"},
};

START_TEST(lines)
{
    uint64_t count = 3, duration = 0, size = 0;
    QuantityRange range = {0, 0};
    bool on = true;
    const ConfigKey keys[] = {
        {"count", CONFIG_COUNT, &count, 1, 10, ""},
        {"switch", CONFIG_SWITCH, &on, 0, 0, ""},
        {"range", CONFIG_RANGE, &range, 1, UINT64_C(1000000000000), ""},
        {"duration", CONFIG_DURATION, &duration, 0, UINT64_MAX, ""},
        {"size", CONFIG_SIZE, &size, 0, 1048576, ""},
    };
    char error[200] = "";
    bool good = config_parse(cases[_i].text, keys, G_N_ELEMENTS(keys), error,
                             sizeof(error));

    ck_assert_msg(good == (cases[_i].error == NULL), "%s: %s", cases[_i].text,
                  error);
    if (!good) {
        ck_assert_str_eq(error, cases[_i].error);
    }
    if (_i == 2 || _i == 3) {
        ck_assert_uint_eq(count, 7);
        ck_assert(on == (_i == 3));
    }
    if (_i == 4) {
        ck_assert_uint_eq(range.low, 150000000);
        ck_assert_uint_eq(range.high, 300000000);
        ck_assert_uint_eq(duration, UINT64_C(5000000000));
        ck_assert_uint_eq(size, 65536);
    }
}
END_TEST

static const struct {
    unsigned nodes;
    const char *text;
    bool good;
} raft[] = {
    {3, "", true},
    {3, "election_timeout=1..2 s\nheartbeat=100 ms\n", true},
    {3, "election_timeout=150..300 ms\nheartbeat=100 ms\n", false},
    {3, "heartbeet=1 s\n", false},
    {3, "pre_vote=off\ncheck_quorum=off\nbatch_max_entries=1\n", true},
    {3, "batch_max_entries=0\n", false},
    {65, "", false},
};

START_TEST(raft_kv)
{
    char error[200] = "";
    NodeSetup setup = {
        .self = 1, .node_count = raft[_i].nodes, .config = raft[_i].text};
    void *node = raft_kv_program.make(&setup, error, sizeof(error));

    ck_assert_msg((node != NULL) == raft[_i].good, "%s", error);
    ck_assert(raft[_i].good == (error[0] == '\0'));
    if (node != NULL) {
        raft_kv_program.free(node);
    }
}
END_TEST

static Suite *
suite(void)
{
    Suite *s = suite_create("config");
    TCase *t = tcase_create("config");

    tcase_add_loop_test(t, lines, 0, G_N_ELEMENTS(cases));
    tcase_add_loop_test(t, raft_kv, 0, G_N_ELEMENTS(raft));
    suite_add_tcase(s, t);
    return s;
}

int
main(void)
{
    SRunner *runner = srunner_create(suite());
    int failed;

    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

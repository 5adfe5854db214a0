/* SPDX-License-Identifier: Apache-2.0 */
/* Situations that a person would tell apart are different states, and those of
 * other nodes in the same roles are not. */
#include <check.h>
#include <math.h>
#include <stdlib.h>

#include "sim/coverage.h"
#include "sim/plan.h"
#include "tests/maker.h"

static void
observe(void *coverage, const Record *record)
{
    coverage_observe(coverage, record);
}

static void
probe(Maker *maker, NodeId node, uint32_t id, uint64_t a, uint64_t b)
{
    maker_begin(maker, 100, node);
    maker_timer(maker, 1);
    maker_probe(maker, id, a, b, 0);
    maker_end(maker);
}

static void
start(Maker *maker, unsigned count)
{
    for (NodeId node = 1; node <= count; node++) {
        maker_begin(maker, 0, node);
        maker_start(maker, 1, NULL, 0);
        maker_end(maker);
    }
}

static void
world(Maker *maker, FactKind kind, uint64_t line, FaultKind fault)
{
    Fact *fact;

    maker_begin(maker, 200, 0);
    fact = maker_fact(maker, kind);
    fact->value = line;
    fact->fault_kind = fault;
    fact->text = "n1";
    maker_end(maker);
}

static void
crash(Maker *maker, NodeId node)
{
    maker_begin(maker, 200, 0);
    maker_fact(maker, FACT_CRASH)->node = node;
    maker_end(maker);
}

/* The words of the state that @script left three nodes in, which must be among
 * those that were noted. */
static char *
state_after(void (*script)(Maker *maker))
{
    Coverage *coverage = coverage_new(3);
    static CoverageState states[COVERAGE_STATES_MAX];
    GString *words = g_string_new(NULL);
    Maker maker;
    unsigned count;

    maker_init(&maker, observe, coverage);
    start(&maker, 3);
    script(&maker);
    count = coverage_states(coverage, states);
    for (unsigned i = 0; i < count; i++) {
        char text[COVERAGE_TEXT_SIZE];

        if (i > 0) {
            ck_assert_uint_lt(states[i - 1], states[i]);
        }
        coverage_text(states[i], text);
        g_string_append_printf(words, "%s\n", text);
    }
    maker_clear(&maker);
    coverage_free(coverage);
    return g_string_free(words, FALSE);
}

static void
elected(Maker *maker)
{
    probe(maker, 2, PROBE_RAFT_ROLE, 3, 1);
    probe(maker, 1, PROBE_RAFT_ROLE, 0, 1);
    probe(maker, 3, PROBE_RAFT_ROLE, 0, 1);
}

static void
two_leaders(Maker *maker)
{
    elected(maker);
    probe(maker, 3, PROBE_RAFT_ROLE, 3, 4);
}

static void
log_behind(Maker *maker)
{
    elected(maker);
    for (uint64_t index = 1; index <= 9; index++) {
        probe(maker, 2, PROBE_RAFT_APPEND, index, 1);
    }
    probe(maker, 2, PROBE_RAFT_COMMIT, 8, 1);
}

static void
longer_than_leader(Maker *maker)
{
    elected(maker);
    probe(maker, 1, PROBE_RAFT_APPEND, 1, 1);
    probe(maker, 1, PROBE_RAFT_APPEND, 2, 1);
    probe(maker, 1, PROBE_RAFT_TRUNCATE, 2, 0);
}

static void
one_down(Maker *maker)
{
    elected(maker);
    crash(maker, 2);
}

static void
cut_and_healed(Maker *maker)
{
    elected(maker);
    world(maker, FACT_FAULT, 7, FAULT_PARTITION);
    world(maker, FACT_FAULT, 7, FAULT_PARTITION); /* a step of the same */
    world(maker, FACT_FAULT, 8, FAULT_DISK_SLOW);
    world(maker, FACT_HEAL, 7, FAULT_PARTITION);
    world(maker, FACT_HEAL, 8, FAULT_DISK_SLOW);
    world(maker, FACT_FAULT, 9, FAULT_CLOCK_STEP); /* has no end */
    probe(maker, 1, PROBE_RAFT_ROLE, 2, 1);
    world(maker, FACT_FAULT, 10, FAULT_NONE); /* hit nobody */
}

static const struct {
    const char *name;
    void (*script)(Maker *maker);
    const char *among; /* one of the states, whole */
    unsigned count;
} situations[] = {
    {"elected", elected, "1 leader\n", 5},
    {"two leaders", two_leaders, "2 leaders or more, terms 2 or more apart\n",
     6},
    {"log behind", log_behind,
     "1 leader, commits far apart, logs far apart, uncommitted entries\n", 8},
    {"longer than the leader", longer_than_leader,
     "1 leader, logs apart, a log longer than the leader's\n", 6},
    {"one down", one_down, "no leader, 1 down\n", 5},
    {"cut", cut_and_healed, "1 leader, network cut\n", 11},
    {"cut, disk", cut_and_healed, "1 leader, several faults\n", 11},
    {"disk alone", cut_and_healed, "1 leader, a disk bad\n", 11},
    {"clock", cut_and_healed, "1 leader, a clock wrong\n", 11},
    {"healed", cut_and_healed, "1 leader, healed\n", 11},
    {"no longer cut", cut_and_healed, "1 leader, candidates, healed\n", 11},
};

START_TEST(a_state_a_situation)
{
    g_autofree char *words = state_after(situations[_i].script);
    g_auto(GStrv) lines = g_strsplit(words, "\n", 0);
    g_autofree char *inside = g_strconcat("\n", words, NULL);
    g_autofree char *want = g_strconcat("\n", situations[_i].among, NULL);

    ck_assert_msg(strstr(inside, want) != NULL, "%s: %s", situations[_i].name,
                  words);
    ck_assert_msg(g_strv_length(lines) - 1 == situations[_i].count, "%s: %s",
                  situations[_i].name, words);
}
END_TEST

/* Who it is does not matter. */
static void
elected_other(Maker *maker)
{
    probe(maker, 3, PROBE_RAFT_ROLE, 3, 1);
    probe(maker, 2, PROBE_RAFT_ROLE, 0, 1);
    probe(maker, 1, PROBE_RAFT_ROLE, 0, 1);
}

START_TEST(names_no_node)
{
    g_autofree char *one = state_after(elected);
    g_autofree char *other = state_after(elected_other);

    ck_assert_str_eq(one, other);
}
END_TEST

START_TEST(chances)
{
    CoverageChance none = coverage_chance(0, 0);
    CoverageChance all = coverage_chance(10, 10);
    CoverageChance few = coverage_chance(1000, 10);
    CoverageChance zero = coverage_chance(1000, 0);

    ck_assert_double_eq(none.likely, 1);
    ck_assert_double_eq(all.likely, 1);
    ck_assert_double_le(all.high, 1);
    ck_assert_double_eq_tol(few.likely, 0.01, 1e-12);
    ck_assert_double_eq_tol(few.high, 0.01662, 1e-4);
    ck_assert_double_eq(zero.likely, 0);
    ck_assert_double_eq_tol(zero.high, 0.0026982, 1e-6);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("coverage");
    TCase *cases = tcase_create("coverage");
    SRunner *runner;
    int failed;

    tcase_add_loop_test(cases, a_state_a_situation, 0,
                        G_N_ELEMENTS(situations));
    tcase_add_test(cases, names_no_node);
    tcase_add_test(cases, chances);
    suite_add_tcase(suite, cases);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

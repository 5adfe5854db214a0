/* SPDX-License-Identifier: Apache-2.0 */
/* Plans: what is written is read back, for every kind and for drawn ones;
 * mistakes are one exact line. */
#include <check.h>
#include <string.h>

#include "nodes/dice.h"
#include "sim/plan.h"

static Plan *parse(const char *text);
static void assert_equal(const Plan *a, const Plan *b);

START_TEST(every_kind_has_a_name_a_manual_and_an_example)
{
    for (unsigned i = 1; i < FAULT_KIND_COUNT; i++) {
        FaultKind kind = (FaultKind)i;
        g_autofree char *text =
            g_strdup_printf("- %s\n", fault_kind_example(kind));
        Plan *plan = parse(text);

        ck_assert_int_eq(fault_kind_find(fault_kind_name(kind)), kind);
        ck_assert_uint_gt(strlen(fault_kind_manual(kind)), 20);
        ck_assert_uint_eq(plan->count, 1);
        ck_assert_int_eq(plan->faults[0].kind, kind);
        ck_assert_uint_eq(plan->faults[0].number, 1);
        ck_assert_uint_eq(plan->faults[0].at, 5 * SIM_S);
        plan_free(plan);
    }
    ck_assert_int_eq(fault_kind_find("none"), FAULT_NONE);
}
END_TEST

START_TEST(lines_come_in_the_order_of_time)
{
    Plan *plan = parse("- {n: 4, at: 3 s, kind: crash, nodes: n1}\n"
                       "- {at: 1 s, kind: pause, nodes: [n1, leader], for: "
                       "10 ms}\n"
                       "- {n: 2, at: 1 s, kind: clock-step, nodes: "
                       "region:eu-west-1, amount: -1.5 ms}\n"
                       "- {n: 7, at: 0, kind: partition, groups: [[n1, one], "
                       "leader, rest], salt: 18446744073709551615}\n");
    g_autofree char *text = plan_text(plan);

    ck_assert_str_eq(
        text,
        "- {n: 7, at: \"0 ns\", kind: partition, groups: [[n1, one], leader, "
        "rest], salt: 18446744073709551615}\n"
        "- {n: 2, at: \"1 s\", kind: clock-step, nodes: region:eu-west-1, "
        "amount: \"-1.5 ms\"}\n"
        "- {n: 5, at: \"1 s\", kind: pause, nodes: [n1, leader], for: \"10 "
        "ms\"}\n"
        "- {n: 4, at: \"3 s\", kind: crash, nodes: n1}\n");
    ck_assert_uint_eq(plan->faults[2].line, 2);
    plan_free(plan);
}
END_TEST

START_TEST(an_empty_plan_is_a_plan)
{
    static const char *const texts[] = {"", "[]", "# nothing\n", "---\n"};

    for (unsigned i = 0; i < G_N_ELEMENTS(texts); i++) {
        Plan *plan = parse(texts[i]);
        g_autofree char *text = plan_text(plan);

        ck_assert_uint_eq(plan->count, 0);
        ck_assert_str_eq(text, "[]\n");
        plan_free(plan);
    }
}
END_TEST

/* Any plan that can be made reads back as itself. */
START_TEST(round_trip_is_exact)
{
    static const char *const selectors[] = {
        "all",      "one",           "minority",
        "majority", "leader",        "n1",
        "[n1, n2]", "followers",     "region:eu-west-1",
        "n4095",    "[leader, one]", "clients"};

    for (uint64_t round = 0; round < 400; round++) {
        Stream stream = {.key = round};
        Plan *plan = plan_new(), *again = NULL;
        unsigned count = (unsigned)stream_below(&stream, 12);
        g_autofree char *text = NULL, *same = NULL;

        for (unsigned i = 0; i < count; i++) {
            Fault fault = {0};
            unsigned needs = 0;
            uint64_t shift = stream_below(&stream, 50);

            fault.kind =
                (FaultKind)(1 + stream_below(&stream, FAULT_KIND_COUNT - 1));
            needs = fault_kind_needs(fault.kind);
            fault.at = stream_u64(&stream) >> (14 + shift);
            if (fault.kind != FAULT_REDRAW) {
                fault.nodes = (char *)
                    selectors[stream_below(&stream, G_N_ELEMENTS(selectors))];
            }
            if ((needs & FAULT_FOR) != 0) {
                fault.duration = stream_u64(&stream) >> (14 + shift);
            }
            if ((needs & FAULT_PEERS) != 0 && stream_below(&stream, 2) == 0) {
                fault.peers = (char *)"rest";
            }
            if ((needs & FAULT_NETEM) != 0) {
                fault.netem = (char *)"delay +5ms loss 1%";
            }
            if ((needs & FAULT_FILE) != 0 && stream_below(&stream, 2) == 0) {
                fault.file = (char *)"a \"b\" \\ \t\302\205 \xe2\x82\xac";
            }
            if ((needs & FAULT_AMOUNT) != 0) {
                fault.amount = (int64_t)stream_below(&stream, 100000000);
            }
            if (fault.kind == FAULT_CLOCK_STEP ||
                fault.kind == FAULT_CLOCK_DRIFT) {
                fault.amount -= 50000000;
            }
            if ((needs & FAULT_PERIOD) != 0) {
                fault.period = 2 + stream_below(&stream, SIM_S);
            }
            fault.salt = stream_u64(&stream) >> shift;
            plan_add(plan, &fault);
        }
        plan_sort(plan);
        text = plan_text(plan);
        again = parse(text);
        same = plan_text(again);
        ck_assert_str_eq(text, same);
        assert_equal(plan, again);
        plan_free(plan);
        plan_free(again);
    }
}
END_TEST

static const struct {
    const char *text, *want;
} mistakes[] = {
    {"crash\n", "p.yaml:1:1: found \"crash\", expected a list of faults such "
                "as - {n: 1, at: \"5 s\", kind: crash, nodes: one}"},
    {"faults: []\n", "p.yaml:1:1: found a map, expected a list of faults such "
                     "as - {n: 1, at: \"5 s\", kind: crash, nodes: one}"},
    {"- {at: 1..2 s, kind: crash, nodes: one}\n",
     "p.yaml:1:8: 0.at: found \"1..2 s\", expected a duration with a unit "
     "such as \"30 s\""},
    {"- {at: 1 s, kind: crash, nodes: {choose: [n1]}}\n",
     "p.yaml:1:33: 0.nodes: found a map, expected a selector such as leader "
     "or [n1, n2]"},
    {"- {at: 1 s, kind: crash, nodes: n1}\n"
     "- {at: 1 s, kind: crash, node: n1}\n",
     "p.yaml:2:26: 1.node: found an unknown key, did you mean \"nodes\"?"},
    {"- {at: 1 s, kind: redraw, nodes: n1}\n",
     "p.yaml:1:27: 0.nodes: found a key that redraw does not take, expected "
     "none"},
    {"- {at: 1 s, kind: redraw, salt: -1}\n",
     "p.yaml:1:33: 0.salt: found \"-1\", expected a whole number such as 5"},
    {"- {at: 1 s, kind: disk-wipe, nodes: n1, for: 1 s}\n",
     "p.yaml:1:41: 0.for: found a key that disk-wipe does not take, expected "
     "none"},
    {"- {n: 0, at: 1 s, kind: crash, nodes: n1}\n",
     "p.yaml:1:7: 0.n: found \"0\", expected 1..100000000"},
    {"- {at: 1 s, kind: clock-drift, nodes: n1, amount: 200000 ppm}\n",
     "p.yaml:1:51: 0.amount: found \"200000 ppm\", expected -100000 "
     "ppm..100000 ppm"},
    {"- {at: 1 s, kind: slow, nodes: n1, amount: -1 ms}\n",
     "p.yaml:1:44: 0.amount: found \"-1 ms\", expected a duration with a unit "
     "such as \"30 s\""},
    {"- {at: 1 s, kind: crash, nodes: region:eu-1}\n",
     "p.yaml:1:33: 0.nodes: found \"region:eu-1\", expected a region of "
     "`seedbed list regions`"},
    {"- {at: 1 s, kind: crash, nodes: }\n",
     "p.yaml:1:33: 0.nodes: found \"\", expected all, one, minority, majority, "
     "leader, followers, clients, rest, n1, region:NAME or a list such as "
     "[n1, n2]"},
};

START_TEST(mistakes_are_one_exact_line)
{
    GError *error = NULL;
    const char *text = mistakes[_i].text;

    ck_assert_ptr_null(plan_parse(text, strlen(text), "p.yaml", &error));
    ck_assert_str_eq(error->message, mistakes[_i].want);
    g_error_free(error);
}
END_TEST

static Plan *
parse(const char *text)
{
    GError *error = NULL;
    Plan *plan = plan_parse(text, strlen(text), "p.yaml", &error);

    ck_assert_msg(plan != NULL, "%s\n%s", error != NULL ? error->message : "",
                  text);
    return plan;
}

static void
assert_equal(const Plan *a, const Plan *b)
{
    ck_assert_uint_eq(a->count, b->count);
    for (unsigned i = 0; i < a->count; i++) {
        const Fault *x = &a->faults[i], *y = &b->faults[i];

        ck_assert_uint_eq(x->number, y->number);
        ck_assert_int_eq(x->kind, y->kind);
        ck_assert_uint_eq(x->at, y->at);
        ck_assert_uint_eq(x->duration, y->duration);
        ck_assert_pstr_eq(x->nodes, y->nodes);
        ck_assert_pstr_eq(x->peers, y->peers);
        ck_assert_pstr_eq(x->groups, y->groups);
        ck_assert_pstr_eq(x->netem, y->netem);
        ck_assert_pstr_eq(x->file, y->file);
        ck_assert_int_eq(x->amount, y->amount);
        ck_assert_uint_eq(x->period, y->period);
        ck_assert_uint_eq(x->salt, y->salt);
    }
}

int
main(void)
{
    Suite *suite = suite_create("plan");
    TCase *tcase = tcase_create("lines");
    SRunner *runner = srunner_create(suite);
    int failed = 0;

    suite_add_tcase(suite, tcase);
    tcase_add_test(tcase, every_kind_has_a_name_a_manual_and_an_example);
    tcase_add_test(tcase, lines_come_in_the_order_of_time);
    tcase_add_test(tcase, an_empty_plan_is_a_plan);
    tcase_add_test(tcase, round_trip_is_exact);
    tcase_add_loop_test(tcase, mistakes_are_one_exact_line, 0,
                        G_N_ELEMENTS(mistakes));
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? 0 : 1;
}

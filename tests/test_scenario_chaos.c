/* SPDX-License-Identifier: Apache-2.0 */
/* Packages of faults and the swarm that draws among them: each as often and
 * as strong as it should be, none at another's cost, and what was drawn is
 * plain values. */
#include <check.h>
#include <string.h>

#include "sim/nemesis.h"
#include "sim/scenario.h"

#define SEEDS 2000u
/* Five standard deviations of half of so many: 5 sqrt(n) / 2. */
#define SLACK 112u

static Scenario *
parse(const char *text, uint64_t seed)
{
    GError *error = NULL;
    Scenario *scenario =
        scenario_parse(text, strlen(text), "x.yaml", NULL, 0, seed, &error);

    ck_assert_msg(scenario != NULL, "%s", error->message);
    return scenario;
}

/* What a package says is of its own kinds, but for the power cycles that the
 * disks need. */
START_TEST(packages_are_what_they_say)
{
    const Nemesis *nemesis = nemesis_at((unsigned)_i);
    g_autofree char *text =
        g_strdup_printf("faults: {nemesis: [%s]}\n", nemesis->name);
    Scenario *scenario = parse(text, 1);
    unsigned own = 0;

    ck_assert_uint_ge(scenario->rate_count, 2);
    for (unsigned i = 0; i < scenario->rate_count; i++) {
        const FaultRate *rate = &scenario->rates[i];
        bool is_own = strcmp(nemesis_of(rate->kind), nemesis->name) == 0;

        own += is_own;
        ck_assert(is_own || rate->kind == FAULT_CRASH);
        /* All heal by themselves, but those that have no end. */
        ck_assert((fault_kind_needs(rate->kind) & FAULT_FOR) == 0 ||
                  rate->duration_max > 0);
    }
    ck_assert_uint_ge(own + 1, scenario->rate_count);
    scenario_free(scenario);
}
END_TEST

START_TEST(every_kind_has_a_package)
{
    for (unsigned kind = 1; kind < FAULT_KIND_COUNT; kind++) {
        const char *name = nemesis_of((FaultKind)kind);

        ck_assert_msg((nemesis_find(name) != NULL) !=
                          (strcmp(name, "other") == 0),
                      "%s", fault_kind_name((FaultKind)kind));
    }
    ck_assert_ptr_null(nemesis_find("earthquake"));
}
END_TEST

#define ENTRIES                                                                \
    "random: [{kind: crash, every: 4 s, for: 1 s}, "                           \
    "{kind: crash, every: 4 s, for: 2 s}, {kind: pause, every: 4 s, for: 3 "   \
    "s}]"
#define SWARM "faults: {swarm: {on: 50%%, strength: %s}, " ENTRIES "%s}\n"

/* The mean time between the faults of the entry that lasts @seconds; 0: it is
 * not in. */
static SimTime
between(const Scenario *scenario, unsigned seconds)
{
    for (unsigned i = 0; i < scenario->rate_count; i++) {
        if (scenario->rates[i].package == NULL &&
            scenario->rates[i].duration_min == seconds * SIM_S) {
            return scenario->rates[i].mean_between;
        }
    }
    return 0;
}

START_TEST(coins_are_fair_and_each_its_own)
{
    g_autofree char *text = g_strdup_printf(SWARM, "0.25..4", "");
    unsigned in[4] = {0}, pairs[4] = {0}, fast[4] = {0};

    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        Scenario *scenario = parse(text, seed);
        bool first = between(scenario, 1) != 0;

        for (unsigned i = 1; i <= 3; i++) {
            SimTime mean = between(scenario, i);

            in[i] += mean != 0;
            pairs[i] += mean != 0 && first;
            fast[i] += mean != 0 && mean < 4 * SIM_S;
            ck_assert(mean == 0 || (mean >= SIM_S && mean <= 16 * SIM_S));
        }
        scenario_free(scenario);
    }
    for (unsigned i = 1; i <= 3; i++) {
        ck_assert_uint_ge(in[i], SEEDS / 2 - SLACK);
        ck_assert_uint_le(in[i], SEEDS / 2 + SLACK);
        /* Twice and half are as likely: half of those that are in. */
        ck_assert_uint_ge(fast[i], in[i] / 2 - 80);
        ck_assert_uint_le(fast[i], in[i] / 2 + 80);
    }
    for (unsigned i = 2; i <= 3; i++) { /* a quarter, 5 deviations: 97 */
        ck_assert_uint_ge(pairs[i], SEEDS / 4 - 97);
        ck_assert_uint_le(pairs[i], SEEDS / 4 + 97);
    }
}
END_TEST

START_TEST(a_package_shares_its_coin)
{
    unsigned in = 0;

    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        Scenario *scenario = parse(
            "faults: {swarm: {on: 50%, strength: 1..2}, nemesis: [kill]}\n",
            seed);

        ck_assert(scenario->rate_count == 0 || scenario->rate_count == 3);
        if (scenario->rate_count == 3) {
            SimTime six = scenario->rates[0].mean_between;
            SimTime nine = scenario->rates[1].mean_between;

            in++;
            ck_assert_uint_le(six * 3 / 2, nine + 2);
            ck_assert_uint_ge(six * 3 / 2 + 2, nine);
        }
        scenario_free(scenario);
    }
    ck_assert_uint_ge(in, SEEDS / 2 - SLACK);
    ck_assert_uint_le(in, SEEDS / 2 + SLACK);
}
END_TEST

/* An added package leaves the draws of the others as they were. */
START_TEST(one_more_changes_no_other)
{
    g_autofree char *few = g_strdup_printf(SWARM, "0.5..2", "");
    g_autofree char *more =
        g_strdup_printf(SWARM, "0.5..2", ", nemesis: [packet, disk]");

    for (uint64_t seed = 0; seed < 200; seed++) {
        Scenario *one = parse(few, seed), *two = parse(more, seed);

        for (unsigned i = 1; i <= 3; i++) {
            ck_assert_uint_eq(between(one, i), between(two, i));
        }
        scenario_free(one);
        scenario_free(two);
    }
}
END_TEST

/* The resolved scenario is plain values: with any other seed it is the same,
 * and its plan is drawn from the same entries. */
START_TEST(what_was_drawn_is_told)
{
    for (uint64_t seed = 0; seed < 50; seed++) {
        Scenario *drawn = parse("nodes: {count: {choose: [3, 5, 7]}}\n"
                                "faults: {swarm: {on: 50%, strength: 0.25..4}, "
                                "nemesis: [partition, kill, packet, disk]}\n"
                                "buggify: {choose: [on, off]}\n",
                                seed);
        g_autofree char *text = scenario_text(drawn);
        Scenario *again = parse(text, seed + 1);
        g_autofree char *same = scenario_text(again);
        Plan *plan = scenario_plan(drawn, seed);
        Plan *second = scenario_plan(again, seed);
        g_autofree char *lines = plan_text(plan);
        g_autofree char *others = plan_text(second);

        ck_assert_str_eq(text, same);
        ck_assert_str_eq(lines, others);
        plan_free(plan);
        plan_free(second);
        scenario_free(drawn);
        scenario_free(again);
    }
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("scenario_chaos");
    TCase *test = tcase_create("swarm");
    SRunner *runner = srunner_create(suite);
    int failed, count = 0;

    while (nemesis_at((unsigned)count) != NULL) {
        count++;
    }
    tcase_add_loop_test(test, packages_are_what_they_say, 0, count);
    tcase_add_test(test, every_kind_has_a_package);
    tcase_add_test(test, coins_are_fair_and_each_its_own);
    tcase_add_test(test, a_package_shares_its_coin);
    tcase_add_test(test, one_more_changes_no_other);
    tcase_add_test(test, what_was_drawn_is_told);
    suite_add_tcase(suite, test);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}

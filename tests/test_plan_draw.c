/* SPDX-License-Identifier: Apache-2.0 */
/* Drawn plans: rates within bounds of chance, streams that do not touch one
 * another, and a budget that no seed exceeds. */
#include <check.h>
#include <string.h>

#include "sim/scenario.h"

#define HEAD "nodes: {count: 5}\nduration: 100 s\n"

static Scenario *parse(const char *text);
static char *line_of(const Fault *fault);
static unsigned has_lines(const Plan *plan, const Plan *more);
static unsigned worst(const Plan *plan, unsigned node_count);
static void mark(const char *nodes, bool *down, unsigned *unknown,
                 unsigned node_count);
static unsigned most_overlap(const Plan *plan);

/* 100 s at one in 2 s: Poisson with mean 50. Over 1,000 seeds the mean has a
 * deviation of sqrt(50 / 1000) = 0.22, the variance one of about
 * 50 sqrt(2 / 1000) = 2.2: five of each are allowed. */
START_TEST(rates_are_poisson)
{
    Scenario *scenario =
        parse(HEAD "faults: {random: [{kind: pause, every: 2 s, for: "
                   "100..300 ms}]}\n");
    double sum = 0, squares = 0, length = 0;

    for (uint64_t seed = 0; seed < 1000; seed++) {
        Plan *plan = scenario_plan(scenario, seed);

        sum += plan->count;
        squares += (double)plan->count * plan->count;
        for (unsigned i = 0; i < plan->count; i++) {
            const Fault *fault = &plan->faults[i];

            ck_assert(fault->duration >= 100 * SIM_MS);
            ck_assert(fault->duration <= 300 * SIM_MS);
            ck_assert_uint_lt(fault->at, 100 * SIM_S);
            ck_assert_uint_ne(fault->salt, 0);
            length += (double)fault->duration;
        }
        plan_free(plan);
    }
    ck_assert_double_eq_tol(sum / 1000, 50, 1.12);
    ck_assert_double_eq_tol(squares / 1000 - sum / 1000 * sum / 1000, 50, 11.2);
    /* Uniform 100..300: deviation 57.7 ms, of the mean of 50,000 0.26 ms. */
    ck_assert_double_eq_tol(length / sum, 200e6, 1.3e6);
    scenario_free(scenario);
}
END_TEST

START_TEST(start_and_stop_hold)
{
    Scenario *scenario =
        parse(HEAD "faults: {start: 20 s, stop: 30 s, random: [{kind: "
                   "clock-step, every: 100 ms, amount: -5..5 ms}]}\n");

    for (uint64_t seed = 0; seed < 50; seed++) {
        Plan *plan = scenario_plan(scenario, seed);
        bool negative = false, positive = false;

        ck_assert_uint_gt(plan->count, 50);
        for (unsigned i = 0; i < plan->count; i++) {
            ck_assert_uint_ge(plan->faults[i].at, 20 * SIM_S);
            ck_assert_uint_lt(plan->faults[i].at, 30 * SIM_S);
            ck_assert_int_ge(plan->faults[i].amount, -5000000);
            ck_assert_int_le(plan->faults[i].amount, 5000000);
            negative = negative || plan->faults[i].amount < 0;
            positive = positive || plan->faults[i].amount > 0;
        }
        ck_assert(negative && positive);
        plan_free(plan);
    }
    scenario_free(scenario);
}
END_TEST

#define CRASHES   "{kind: crash, every: 3 s, for: 1..2 s}"
#define PARTITION "{kind: partition, every: 4 s, for: 1..2 s}"
#define PAUSES    "{kind: pause, every: 2 s, for: 1..2 s}"

static const struct {
    const char *few, *more;
} additions[] = {
    /* at the end, whatever the budget: identical, numbers and all */
    {HEAD "faults: {budget: quorum, random: [" CRASHES ", " PARTITION "]}\n",
     HEAD "faults: {budget: quorum, random: [" CRASHES ", " PARTITION
          ", " PAUSES "]}\n"},
    {HEAD "faults: {random: [" CRASHES "]}\n",
     HEAD "faults: {random: [" CRASHES ", " CRASHES "]}\n"},
    /* in front, without a budget: identical but for the numbers */
    {HEAD "faults: {random: [" CRASHES ", " PARTITION "]}\n",
     HEAD "faults: {random: [" PAUSES ", " CRASHES ", " PARTITION "]}\n"},
    {HEAD "faults: {random: [" CRASHES "]}\n",
     HEAD "faults: {timed: [{at: 1 s, kind: pause, nodes: n1}], random: "
          "[" CRASHES "]}\n"},
};

START_TEST(adding_a_kind_reshuffles_nothing)
{
    Scenario *few = parse(additions[_i].few);
    Scenario *more = parse(additions[_i].more);

    for (uint64_t seed = 0; seed < 100; seed++) {
        Plan *one = scenario_plan(few, seed);
        Plan *two = scenario_plan(more, seed);

        ck_assert_uint_gt(two->count, one->count);
        ck_assert_uint_eq(has_lines(one, two), one->count);
        plan_free(one);
        plan_free(two);
    }
    scenario_free(few);
    scenario_free(more);
}
END_TEST

/* 5 nodes, faults thick and fast: never three away at a time, but two often;
 * without the budget three are soon away, so the measure can fail. */
START_TEST(the_budget_is_never_exceeded)
{
    static const char *const faults =
        "random: [{kind: crash, every: 1 s, for: 1..5 s},"
        " {kind: crash, every: 3 s, nodes: leader, for: 1..3 s},"
        " {kind: kill, every: 2 s, nodes: [n1, one], for: 1..3 s},"
        " {kind: pause, every: 1 s, nodes: minority, for: 100..900 ms},"
        " {kind: disk-wipe, every: 300 s, nodes: one}]";
    g_autofree char *with =
        g_strdup_printf("duration: 30 s\nfaults: {budget: quorum, timed: "
                        "[{at: 9 s, kind: crash, nodes: n2, for: 5 s}], %s}\n",
                        faults);
    g_autofree char *without =
        g_strdup_printf("duration: 30 s\nfaults: {%s}\n", faults);
    Scenario *bounded = parse(with), *free = parse(without);
    unsigned twos = 0, many = 0;

    for (uint64_t seed = 0; seed < 1000; seed++) {
        Plan *plan = scenario_plan(bounded, seed);
        unsigned away = worst(plan, 5);

        ck_assert_uint_le(away, 2);
        twos += away == 2 ? 1 : 0;
        plan_free(plan);
    }
    for (uint64_t seed = 0; seed < 100; seed++) {
        Plan *plan = scenario_plan(free, seed);

        many += worst(plan, 5) > 2 ? 1 : 0;
        plan_free(plan);
    }
    ck_assert_uint_gt(twos, 900);
    ck_assert_uint_eq(many, 100);
    scenario_free(bounded);
    scenario_free(free);
}
END_TEST

START_TEST(overlap_is_never_exceeded)
{
    Scenario *scenario =
        parse("duration: 30 s\nfaults: {overlap: 3, random: [" CRASHES
              ", " PARTITION ", " PAUSES "]}\n");
    unsigned threes = 0;

    for (uint64_t seed = 0; seed < 200; seed++) {
        Plan *plan = scenario_plan(scenario, seed);
        unsigned most = most_overlap(plan);

        ck_assert_uint_le(most, 3);
        threes += most == 3 ? 1 : 0;
        plan_free(plan);
    }
    ck_assert_uint_gt(threes, 50);
    scenario_free(scenario);
}
END_TEST

/* The same seed, the same plan; another seed, another; and chosen nodes are
 * spread over all. */
START_TEST(plans_are_functions_of_the_seed)
{
    Scenario *scenario =
        parse(HEAD "faults: {budget: quorum, random: [" CRASHES "]}\n");
    unsigned hits[6] = {0}, total = 0;

    for (uint64_t seed = 0; seed < 200; seed++) {
        Plan *one = scenario_plan(scenario, seed);
        Plan *two = scenario_plan(scenario, seed);
        Plan *other = scenario_plan(scenario, seed + 1);
        g_autofree char *a = plan_text(one), *b = plan_text(two);
        g_autofree char *c = plan_text(other);

        ck_assert_str_eq(a, b);
        ck_assert_str_ne(a, c);
        for (unsigned i = 0; i < one->count; i++) {
            ck_assert_int_eq(one->faults[i].nodes[0], 'n');
            hits[one->faults[i].nodes[1] - '0']++;
            total++;
        }
        plan_free(one);
        plan_free(two);
        plan_free(other);
    }
    for (unsigned node = 1; node <= 5; node++) {
        /* About 1,200 a node: sigma about 35. */
        ck_assert_uint_gt(hits[node] * 5, total - 5 * 180);
        ck_assert_uint_lt(hits[node] * 5, total + 5 * 180);
    }
    scenario_free(scenario);
}
END_TEST

static Scenario *
parse(const char *text)
{
    GError *error = NULL;
    Scenario *scenario =
        scenario_parse(text, strlen(text), "x.yaml", NULL, 0, 1, &error);

    ck_assert_msg(scenario != NULL, "%s", error != NULL ? error->message : "");
    return scenario;
}

/* A line as text without its number; owned. */
static char *
line_of(const Fault *fault)
{
    Fault copy = *fault;
    Plan single = {&copy, 1, 1};

    copy.number = 1;
    return plan_text(&single);
}

/* How many lines of @plan are also in @more; both are in the order of
 * time. */
static unsigned
has_lines(const Plan *plan, const Plan *more)
{
    unsigned found = 0, at = 0;

    for (unsigned i = 0; i < plan->count; i++) {
        g_autofree char *want = line_of(&plan->faults[i]);

        for (; at < more->count; at++) {
            g_autofree char *line = line_of(&more->faults[at]);

            if (strcmp(line, want) == 0) {
                found++;
                at++;
                break;
            }
        }
    }
    return found;
}

/* The most nodes that are away at a time, counted anew from the lines:
 * `leader` and other words count as one more each time. */
static unsigned
worst(const Plan *plan, unsigned node_count)
{
    unsigned most = 0;

    for (unsigned i = 0; i < plan->count; i++) {
        SimTime now = plan->faults[i].at;
        bool down[16] = {false};
        unsigned count = 0;

        for (unsigned j = 0; j < plan->count; j++) {
            const Fault *fault = &plan->faults[j];
            SimTime end =
                fault->duration == 0 ? SIM_NEVER : fault->at + fault->duration;

            if (fault->at <= now && now < end) {
                mark(fault->nodes, down, &count, node_count);
            }
        }
        for (unsigned node = 1; node <= node_count; node++) {
            count += down[node] ? 1 : 0;
        }
        most = MAX(most, count);
    }
    return most;
}

static void
mark(const char *nodes, bool *down, unsigned *unknown, unsigned node_count)
{
    g_auto(GStrv) words = g_strsplit_set(nodes, "[], ", -1);

    for (char **word = words; *word != NULL; word++) {
        if ((*word)[0] == 'n' && g_ascii_isdigit((*word)[1])) {
            down[(*word)[1] - '0'] = true;
        } else if (strcmp(*word, "minority") == 0) {
            *unknown += (node_count - 1) / 2;
        } else if ((*word)[0] != '\0') {
            *unknown += 1;
        }
    }
}

static unsigned
most_overlap(const Plan *plan)
{
    unsigned most = 0;

    for (unsigned i = 0; i < plan->count; i++) {
        SimTime now = plan->faults[i].at;
        unsigned count = 0;

        for (unsigned j = 0; j < plan->count; j++) {
            const Fault *fault = &plan->faults[j];

            count += fault->at <= now && now < fault->at + fault->duration;
        }
        most = MAX(most, count);
    }
    return most;
}

int
main(void)
{
    Suite *suite = suite_create("plan_draw");
    TCase *tcase = tcase_create("draws");
    SRunner *runner = srunner_create(suite);
    int failed = 0;

    suite_add_tcase(suite, tcase);
    tcase_add_test(tcase, rates_are_poisson);
    tcase_add_test(tcase, start_and_stop_hold);
    tcase_add_loop_test(tcase, adding_a_kind_reshuffles_nothing, 0,
                        G_N_ELEMENTS(additions));
    tcase_add_test(tcase, the_budget_is_never_exceeded);
    tcase_add_test(tcase, overlap_is_never_exceeded);
    tcase_add_test(tcase, plans_are_functions_of_the_seed);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? 0 : 1;
}

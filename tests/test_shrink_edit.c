/* SPDX-License-Identifier: Apache-2.0 */
/* What shrinking takes from a scenario: each edit takes one thing, all of them
 * leave a scenario that its text can say, and every knob goes down. */
#include "sim/shrink_edit.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

static const char rich[] =
    "name: rich\n"
    "duration: \"9 s\"\n"
    "nodes:\n"
    "  count: 5\n"
    "  config: {batch_max_entries: \"2\", pre_vote: \"off\"}\n"
    "  regions: [eu-central-1, us-east-1]\n"
    "  clock: {offset: \"50 ms\", drift: \"100 ppm\"}\n"
    "  service_time: \"10 us\"\n"
    "  memory: \"64 MiB\"\n"
    "network:\n"
    "  topology: \"ring\"\n"
    "  links: \"delay 9ms 2ms loss 4% duplicate 1% rate 10mbit\"\n"
    "  rules: [{from: n5, to: all, netem: \"delay 50ms\"}]\n"
    "disk: {jitter: \"1 ms\"}\n"
    "clients:\n"
    "  - {count: 4, rate: \"25/s\", keys: 6, mix: {read: 1, write: 1}}\n"
    "  - {count: 2, think: \"3 ms\", outstanding: 4, zipf: 0.9,\n"
    "     value_size: \"1 KiB\", region: us-east-1}\n"
    "faults:\n"
    "  timed:\n"
    "    - {n: 3, at: \"1.234567 s\", kind: crash, nodes: n5, for: \"400 "
    "ms\"}\n"
    "    - {n: 7, at: \"2 s\", kind: partition, groups: \"[[n4], [n2]]\"}\n"
    "    - {n: 9, at: \"3 s\", kind: link, nodes: [n1, leader], to: all,\n"
    "       netem: \"delay +50ms loss 20%\", for: \"1 s\"}\n"
    "    - {n: 12, at: \"4 s\", kind: clock-step, nodes: one, amount:\n"
    "       \"-77 ms\"}\n";

static Scenario *
load(void)
{
    GError *error = NULL;
    Scenario *scenario;

    scenario = scenario_parse(rich, strlen(rich), "rich", NULL, 0, 1, &error);
    ck_assert_msg(scenario != NULL, "%s", error != NULL ? error->message : "");
    return scenario;
}

/* What its text says; NULL: no scenario. */
static char *
settled(const Scenario *scenario)
{
    g_autofree char *text = scenario_text(scenario);
    Scenario *again =
        scenario_parse(text, strlen(text), "again", NULL, 0, 1, NULL);
    char *same = again != NULL ? scenario_text(again) : NULL;

    if (same != NULL) {
        ck_assert_str_eq(same, text);
    }
    scenario_free(again);
    return same;
}

/* Each edit alone makes it shorter, or another value; all but workload's leave
 * the clients alone. */
START_TEST(test_each_edit)
{
    Scenario *scenario = load();
    g_autofree char *before = settled(scenario);
    GArray *edits = shrink_edit_list(scenario, true);
    GArray *few = shrink_edit_list(scenario, false);

    ck_assert_uint_ge(edits->len, 20);
    ck_assert_uint_lt(few->len, edits->len);
    for (unsigned i = 0; i < edits->len; i++) {
        g_autofree uint8_t *keep = g_malloc(edits->len);
        Scenario *edited = load();
        g_autofree char *after = NULL;

        memset(keep, 1, edits->len);
        keep[i] = 0;
        shrink_edit_apply(edited, edits, keep);
        after = settled(edited);
        if (after != NULL) {
            ck_assert_msg(strcmp(before, after) != 0, "edit %u changes nothing",
                          i);
        }
        scenario_free(edited);
    }
    g_array_unref(edits);
    g_array_unref(few);
    scenario_free(scenario);
}
END_TEST

/* Indices still fit when many go at once; then nothing is left to take. */
START_TEST(test_all_edits)
{
    Scenario *scenario = load();
    GArray *edits = shrink_edit_list(scenario, false);
    g_autofree uint8_t *keep = g_new0(uint8_t, edits->len);
    g_autofree char *text = NULL;
    GArray *left;

    shrink_edit_apply(scenario, edits, keep);
    text = settled(scenario);
    ck_assert_ptr_nonnull(text);
    ck_assert_uint_eq(scenario->rule_count, 0);
    ck_assert_uint_eq(scenario->links.words, 0);
    ck_assert_uint_eq(scenario->client_group_count, 2);
    left = shrink_edit_list(scenario, false);
    ck_assert_uint_eq(left->len, 0);
    g_array_unref(left);
    g_array_unref(edits);
    scenario_free(scenario);
}
END_TEST

/* Every value of every knob makes another scenario, and one that is valid; a
 * ring of one node is none. */
START_TEST(test_knobs)
{
    for (ShrinkKnobs kind = SHRINK_KNOBS_NODES; kind <= SHRINK_KNOBS_ROUND;
         kind++) {
        Scenario *scenario = load();
        g_autofree char *before = settled(scenario);
        GArray *knobs = shrink_edit_knobs(scenario, kind);
        unsigned tried = 0;

        for (unsigned i = 0; i < knobs->len; i++) {
            const ShrinkKnob *knob = &g_array_index(knobs, ShrinkKnob, i);
            int64_t values[SHRINK_KNOB_VALUES];
            unsigned count =
                shrink_edit_values(scenario, knob, 5 * SIM_S, values);

            ck_assert_uint_le(count, SHRINK_KNOB_VALUES);
            for (unsigned k = 0; k < count; k++) {
                Scenario *turned = load();
                g_autofree char *after = NULL;

                shrink_edit_set(turned, knob, values[k]);
                after = settled(turned);
                if (after == NULL && kind == SHRINK_KNOBS_NODES) {
                    scenario_free(turned);
                    continue;
                }
                ck_assert_msg(after != NULL, "knobs %u, %u, value %u: refused",
                              (unsigned)kind, i, k);
                ck_assert_msg(strcmp(before, after) != 0,
                              "knobs %u, %u, value %u: the same",
                              (unsigned)kind, i, k);
                scenario_free(turned);
                tried++;
            }
        }
        ck_assert_uint_gt(tried, 0);
        g_array_unref(knobs);
        scenario_free(scenario);
    }
}
END_TEST

/* Nodes that are gone are others in the lines that name them. */
START_TEST(test_renamed)
{
    Scenario *scenario = load();
    GArray *knobs = shrink_edit_knobs(scenario, SHRINK_KNOBS_NODES);

    shrink_edit_set(scenario, &g_array_index(knobs, ShrinkKnob, 0), 3);
    ck_assert_str_eq(scenario->timed->faults[0].nodes, "n2");
    ck_assert_str_eq(scenario->timed->faults[1].groups, "[n1, n2]");
    ck_assert_str_eq(scenario->timed->faults[2].nodes, "[n1, leader]");
    ck_assert_str_eq(scenario->rules[0].from, "n2");
    ck_assert_uint_eq(g_strv_length(scenario->node_regions), 3);
    g_array_unref(knobs);
    scenario_free(scenario);
}
END_TEST

/* The lines that stay keep number, salt and all. */
START_TEST(test_plan)
{
    Scenario *scenario = load();
    const uint8_t keep[] = {0, 1, 0, 1};

    shrink_edit_plan(scenario, keep);
    ck_assert_uint_eq(scenario->timed->count, 2);
    ck_assert_uint_eq(scenario->timed->faults[0].number, 7);
    ck_assert_uint_eq(scenario->timed->faults[1].number, 12);
    ck_assert_int_eq(scenario->timed->faults[1].amount, -77 * (int64_t)SIM_MS);
    scenario_free(scenario);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("shrink_edit");
    TCase *edits = tcase_create("edits");
    SRunner *runner = srunner_create(suite);
    int failed;

    tcase_add_test(edits, test_each_edit);
    tcase_add_test(edits, test_all_edits);
    tcase_add_test(edits, test_knobs);
    tcase_add_test(edits, test_renamed);
    tcase_add_test(edits, test_plan);
    suite_add_tcase(suite, edits);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

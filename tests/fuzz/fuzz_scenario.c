/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as a scenario: either one line of error, or a scenario whose text
 * reads back as the same scenario and whose plan can be drawn and read.
 *
 * What follows a NUL in an input is a --set option. */
#include <string.h>

#include "sim/scenario.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_error(GError *error);
static void check_plan(const Scenario *scenario);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const uint8_t *zero = size > 0 ? memchr(data, '\0', size) : NULL;
    size_t length = zero != NULL ? (size_t)(zero - data) : size;
    g_autofree char *option =
        zero != NULL ? g_strndup((const char *)zero + 1, size - length - 1)
                     : NULL;
    const char *sets[1] = {option};
    GError *error = NULL;
    Scenario *scenario = NULL, *again = NULL;
    g_autofree char *text = NULL, *same = NULL;

    scenario = scenario_parse((const char *)data, length, "fuzz.yaml", sets,
                              option != NULL ? 1 : 0, 7, &error);
    if (scenario == NULL) {
        check_error(error);
        return 0;
    }
    text = scenario_text(scenario);
    again =
        scenario_parse(text, strlen(text), "again.yaml", NULL, 0, 8, &error);
    g_assert_no_error(error);
    same = scenario_text(again);
    g_assert_cmpstr(text, ==, same);
    if (scenario->rate_count <= 4 && scenario->duration < 60 * SIM_S) {
        check_plan(scenario);
    }
    scenario_free(again);
    scenario_free(scenario);
    return 0;
}

static void
check_error(GError *error)
{
    g_assert_nonnull(error);
    g_assert_null(strchr(error->message, '\n'));
    g_assert_true(g_utf8_validate(error->message, -1, NULL));
    g_error_free(error);
}

static void
check_plan(const Scenario *scenario)
{
    uint64_t expected = 0;
    Plan *plan = NULL, *again = NULL;
    g_autofree char *text = NULL, *same = NULL;
    GError *error = NULL;

    for (unsigned i = 0; i < scenario->rate_count; i++) {
        expected += scenario->duration / scenario->rates[i].mean_between;
    }
    if (expected > 200) {
        return;
    }
    plan = scenario_plan(scenario, 7);
    text = plan_text(plan);
    again = plan_parse(text, strlen(text), "plan.yaml", &error);
    g_assert_no_error(error);
    same = plan_text(again);
    g_assert_cmpstr(text, ==, same);
    plan_free(again);
    plan_free(plan);
}

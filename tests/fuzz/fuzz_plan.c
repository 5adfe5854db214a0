/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as a fault plan: either one line of error, or a plan whose text
 * reads back as the same plan. */
#include <string.h>

#include "sim/plan.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    GError *error = NULL;
    Plan *plan = plan_parse((const char *)data, size, "fuzz.yaml", &error);
    Plan *again = NULL;
    g_autofree char *text = NULL, *same = NULL;

    if (plan == NULL) {
        g_assert_nonnull(error);
        g_assert_null(strchr(error->message, '\n'));
        g_assert_true(g_utf8_validate(error->message, -1, NULL));
        g_error_free(error);
        return 0;
    }
    text = plan_text(plan);
    again = plan_parse(text, strlen(text), "again.yaml", &error);
    g_assert_no_error(error);
    same = plan_text(again);
    g_assert_cmpstr(text, ==, same);
    g_assert_cmpuint(plan->count, ==, again->count);
    plan_free(again);
    plan_free(plan);
    return 0;
}

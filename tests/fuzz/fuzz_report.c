/* SPDX-License-Identifier: Apache-2.0 */
/* The diagram of any last events: no line of a text trace crashes it, and
 * nothing of it becomes markup. */
#include <stdlib.h>
#include <string.h>

#include "sim/report_diagram.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    ReportData data = {.node_count = 5, .end = SIM_S};
    g_autofree char *text = g_strndup((const char *)bytes, size);
    g_autoptr(JsonObject) run = json_object_new();
    GString *out = g_string_new(NULL);

    data.events = text;
    data.run = run;
    data.roles = g_array_new(FALSE, FALSE, sizeof(ReportRole));
    (void)report_diagram(out, &data);
    if (strstr(out->str, "<script") != NULL) {
        abort();
    }
    g_string_free(out, TRUE);
    g_array_unref(data.roles);
    return 0;
}

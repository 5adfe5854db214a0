/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers of run.json for people: with units, thousands and no underscores. */
#include "sim/report_tables.h"

#include <string.h>

#include "sim/html.h"

static void put_metric(GString *out, const char *name, uint64_t value);
static void put_criterion(GString *out, JsonObject *row);
static void put_measured(GString *out, const char *unit, uint64_t value);
static void put_name(GString *out, const char *name, size_t size);

void
report_tables_criteria(GString *out, const ReportData *data)
{
    JsonArray *array = report_json_array(data->run, "criteria");

    if (array == NULL || json_array_get_length(array) == 0) {
        return;
    }
    g_string_append(out,
                    "<section><h2>Criteria</h2>\n<div class=\"scroll\"><table>"
                    "<thead><tr><th></th><th>the scenario expects</th>"
                    "<th class=\"number\">measured</th></tr></thead><tbody>\n");
    for (unsigned i = 0; i < json_array_get_length(array); i++) {
        JsonObject *row = report_json_item(array, i);

        if (row != NULL) {
            put_criterion(out, row);
        }
    }
    g_string_append(out, "</tbody></table></div></section>\n");
}

/* What had no occasion to be judged neither holds nor fails. */
static void
put_criterion(GString *out, JsonObject *row)
{
    JsonNode *holds = json_object_get_member(row, "holds");
    JsonNode *measured = json_object_get_member(row, "measured");
    const char *unit = report_json_text(row, "unit", "");
    bool judged =
        holds != NULL && json_node_get_value_type(holds) == G_TYPE_BOOLEAN;
    bool good = judged && json_node_get_boolean(holds);

    g_string_append_printf(out, "<tr class=\"%s\"><td>%s</td><td>",
                           !judged ? "unjudged"
                           : good  ? "held"
                                   : "broken",
                           !judged ? "–"
                           : good  ? "✓"
                                   : "✗");
    html_text(out, report_json_text(row, "criterion", "?"));
    g_string_append(out, "</td><td class=\"number\">");
    if (measured == NULL ||
        json_node_get_value_type(measured) != G_TYPE_INT64) {
        g_string_append(out, judged ? "never" : "not judged");
    } else {
        put_measured(out, unit, report_json_count(row, "measured"));
    }
    g_string_append(out, "</td></tr>\n");
}

static void
put_measured(GString *out, const char *unit, uint64_t value)
{
    if (strcmp(unit, "ns") == 0) {
        html_duration(out, value);
    } else if (strcmp(unit, "ppb") == 0) {
        g_string_append_printf(out, "%.4g %%", (double)value / 1e7);
    } else if (strcmp(unit, "milli_per_s") == 0) {
        g_string_append_printf(out, "%.1f/s", (double)value / 1e3);
    } else if (g_str_has_prefix(unit, "milli")) {
        g_string_append_printf(out, "%.3f", (double)value / 1e3);
    } else {
        html_count(out, value);
        if (strcmp(unit, "bytes") == 0) {
            g_string_append(out, " B");
        }
    }
}

void
report_tables_faults(GString *out, const ReportData *data)
{
    static const char *const columns[] = {"configured", "drawn", "applied",
                                          "mattered"};
    JsonObject *faults = report_json_object(data->run, "faults");
    g_autoptr(GList) kinds = NULL;

    if (faults == NULL || json_object_get_size(faults) == 0) {
        return;
    }
    kinds = json_object_get_members(faults);
    g_string_append(
        out, "<section><h2>Faults</h2>\n<p class=\"note\">Drawn: lines of the "
             "plan. Applied: they found somebody to hit. Mattered: something "
             "went differently because of them.</p>\n<div class=\"scroll\">"
             "<table><thead><tr><th>kind</th>");
    for (unsigned i = 0; i < G_N_ELEMENTS(columns); i++) {
        g_string_append_printf(out, "<th class=\"number\">%s</th>", columns[i]);
    }
    g_string_append(out, "</tr></thead><tbody>\n");
    for (GList *kind = kinds; kind != NULL; kind = kind->next) {
        JsonObject *row = report_json_object(faults, kind->data);

        if (row == NULL) {
            continue;
        }
        g_string_append(out, "<tr><td>");
        html_text(out, kind->data);
        g_string_append(out, "</td>");
        for (unsigned i = 0; i < G_N_ELEMENTS(columns); i++) {
            g_string_append(out, "<td class=\"number\">");
            html_count(out, report_json_count(row, columns[i]));
            g_string_append(out, "</td>");
        }
        g_string_append(out, "</tr>\n");
    }
    g_string_append(out, "</tbody></table></div></section>\n");
}

void
report_tables_metrics(GString *out, const ReportData *data)
{
    JsonObject *metrics = report_json_object(data->run, "metrics");
    g_autoptr(GList) names = NULL;

    if (metrics == NULL || json_object_get_size(metrics) == 0) {
        return;
    }
    names = json_object_get_members(metrics);
    g_string_append(out, "<section><h2>Metrics</h2>\n<dl class=\"metrics\">\n");
    for (GList *name = names; name != NULL; name = name->next) {
        put_metric(out, name->data, report_json_count(metrics, name->data));
    }
    g_string_append(out, "</dl></section>\n");
}

/* The unit is at the end of the name. */
static void
put_metric(GString *out, const char *name, uint64_t value)
{
    size_t size = strlen(name);
    bool time = g_str_has_suffix(name, "_ns");
    bool bytes = g_str_has_suffix(name, "_bytes");

    g_string_append_printf(out, "<div%s><dt>",
                           value == 0 ? " class=\"zero\"" : "");
    put_name(out, name, time ? size - 3 : bytes ? size - 6 : size);
    g_string_append(out, "</dt><dd>");
    if (time) {
        html_duration(out, value);
    } else {
        html_count(out, value);
        g_string_append(out, bytes ? " B" : "");
    }
    g_string_append(out, "</dd></div>\n");
}

static void
put_name(GString *out, const char *name, size_t size)
{
    g_autofree char *words = g_strndup(name, size);

    html_text(out, g_strdelimit(words, "_", ' '));
}

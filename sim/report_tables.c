/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers of run.json for people: with units, thousands and no underscores. */
#include "sim/report_tables.h"

#include <string.h>

#include "sim/html.h"

static void put_metric(GString *out, const char *name, uint64_t value);
static void put_value(GString *out, JsonNode *node);
static void put_name(GString *out, const char *name, size_t size);

/* A list of objects, whatever their keys are: a column each. */
void
report_tables_criteria(GString *out, const ReportData *data)
{
    JsonArray *array = report_json_array(data->run, "criteria");
    JsonObject *first;
    g_autoptr(GList) keys = NULL;

    if (array == NULL || json_array_get_length(array) == 0 ||
        (first = report_json_item(array, 0)) == NULL) {
        return;
    }
    keys = json_object_get_members(first);
    g_string_append(out, "<section><h2>Criteria</h2>\n<div class=\"scroll\">"
                         "<table><thead><tr>");
    for (GList *key = keys; key != NULL; key = key->next) {
        g_string_append(out, "<th>");
        put_name(out, key->data, strlen(key->data));
        g_string_append(out, "</th>");
    }
    g_string_append(out, "</tr></thead><tbody>\n");
    for (unsigned i = 0; i < json_array_get_length(array); i++) {
        JsonObject *row = report_json_item(array, i);

        g_string_append(out, "<tr>");
        for (GList *key = keys; row != NULL && key != NULL; key = key->next) {
            g_string_append(out, "<td>");
            put_value(out, json_object_get_member(row, key->data));
            g_string_append(out, "</td>");
        }
        g_string_append(out, "</tr>\n");
    }
    g_string_append(out, "</tbody></table></div></section>\n");
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
put_value(GString *out, JsonNode *node)
{
    g_autofree char *text = NULL;

    if (node == NULL) {
        return;
    }
    if (json_node_get_value_type(node) == G_TYPE_STRING) {
        html_text(out, json_node_get_string(node));
    } else if (json_node_get_value_type(node) == G_TYPE_BOOLEAN) {
        g_string_append(out, json_node_get_boolean(node) ? "yes" : "no");
    } else {
        text = json_to_string(node, FALSE);
        html_text(out, text);
    }
}

static void
put_name(GString *out, const char *name, size_t size)
{
    g_autofree char *words = g_strndup(name, size);

    html_text(out, g_strdelimit(words, "_", ' '));
}

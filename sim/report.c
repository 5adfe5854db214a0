/* SPDX-License-Identifier: Apache-2.0 */
/* The page, from top to bottom. What the style sheet and the script are is in
 * report.css and report.js; the build makes texts of them. */
#include "sim/report.h"

#include <inttypes.h>
#include <string.h>

#include "sim/html.h"
#include "sim/nemesis.h"
#include "sim/plot.h"
#include "sim/report_assets.h"
#include "sim/report_data.h"
#include "sim/report_diagram.h"
#include "sim/report_tables.h"
#include "sim/report_timeline.h"
#include "sim/whole_file.h"

/* What the check of the history draws when it fails. */
#define HISTORY_PICTURE "linearizability.svg"
/* A picture above this size is left to a viewer. */
#define PICTURE_MAX ((size_t)8 * 1024 * 1024)

static void put_head(GString *out, const ReportData *data);
static void put_failures(GString *out, const ReportData *data);
static void put_failure(GString *out, JsonObject *violation, bool explain);
static void put_headline(GString *out, const ReportData *data);
static void put_command(GString *out, const ReportData *data);
static void put_history(GString *out, const ReportData *data,
                        const char *folder);
static void put_timeline(GString *out, const ReportData *data);
static bool has_role(const ReportData *data, unsigned role);
static bool has_package(const ReportData *data, const char *package);
static void put_diagram(GString *out, const ReportData *data);
static void put_story(GString *out, const ReportData *data);
static void put_pictures(GString *out, const ReportData *data,
                         const char *folder, const char *missing);
static bool is_picture(const ReportData *data, const char *name);
static void put_picture(GString *out, const char *folder, const char *name);
static void put_facts(GString *out, const ReportData *data);
static void put_fact(GString *out, const char *name, const char *text);
static void put_details(GString *out, const char *class, const char *name,
                        const char *text);
static const char *check_text(const char *name, const char **source);
static char *draw_missing(const char *folder);

bool
report_write(const char *folder, GError **error)
{
    g_autofree char *path = g_build_filename(folder, REPORT_FILE, NULL);
    g_autofree char *missing = NULL;
    g_autoptr(ReportData) data = NULL;
    GError *wrong = NULL;
    WholeFile *file;
    GString *out;

    data = report_data_load(folder, &wrong);
    if (data == NULL) {
        g_set_error_literal(error, REPORT_ERROR, REPORT_ERROR_NO_RUN,
                            wrong->message);
        g_error_free(wrong);
        return false;
    }
    missing = draw_missing(folder);
    if (missing == NULL) {
        /* Again: there may be pictures now. */
        report_data_free(g_steal_pointer(&data));
        data = report_data_load(folder, error);
        if (data == NULL) {
            return false;
        }
    }
    file = whole_file_new(path, error);
    if (file == NULL) {
        return false;
    }
    out = g_string_new(NULL);
    put_head(out, data);
    put_failures(out, data);
    if (data->crash != NULL) {
        g_string_append(out, "<pre class=\"death\">");
        html_text(out, data->crash);
        g_string_append(out, "</pre>\n");
    }
    put_command(out, data);
    put_history(out, data, folder);
    put_timeline(out, data);
    put_diagram(out, data);
    put_story(out, data);
    report_tables_criteria(out, data);
    put_pictures(out, data, folder, missing);
    report_tables_faults(out, data);
    report_tables_metrics(out, data);
    put_facts(out, data);
    g_string_append(out, "<script>" REPORT_ASSETS_SCRIPT "</script>\n"
                         "</body>\n</html>\n");
    (void)fwrite(out->str, 1, out->len, whole_file_stream(file));
    g_string_free(out, TRUE);
    return whole_file_finish(file, error);
}

/* NULL when all pictures of the series are there, else why not. */
static char *
draw_missing(const char *folder)
{
    g_autofree char *last = g_build_filename(folder, "rate.svg", NULL);
    g_autoptr(GError) wrong = NULL;

    if (g_file_test(last, G_FILE_TEST_IS_REGULAR) || plot_svg(folder, &wrong)) {
        return NULL;
    }
    return g_strdup(wrong->message);
}

static void
put_head(GString *out, const ReportData *data)
{
    const char *verdict = report_json_text(data->run, "verdict", "");
    bool pass = strcmp(verdict, "pass") == 0;
    bool violated = strcmp(verdict, "violated") == 0;

    g_string_append(
        out, "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta "
             "charset=\"utf-8\">\n"
             "<meta name=\"viewport\" content=\"width=device-width, "
             "initial-scale=1\">\n<meta http-equiv=\"Content-Security-Policy\" "
             "content=\"default-src 'none'; img-src data:; style-src "
             "'unsafe-inline'; script-src 'unsafe-inline'\">\n<title>");
    html_text(out, verdict);
    g_string_append(out, ": ");
    html_text(out, report_json_text(data->run, "scenario", ""));
    g_string_append(out, ", seed ");
    html_text(out, report_json_text(data->run, "seed", ""));
    g_string_append(out, "</title>\n<style>" REPORT_ASSETS_STYLE "</style>\n"
                         "</head>\n<body>\n"
                         "<svg width=\"0\" height=\"0\" aria-hidden=\"true\" "
                         "style=\"position:absolute\"><defs><marker "
                         "id=\"arrow\" viewBox=\"0 0 8 8\" refX=\"7\" "
                         "refY=\"4\" markerWidth=\"7\" markerHeight=\"7\" "
                         "orient=\"auto\"><path d=\"M0 0.8L8 4L0 7.2z\" "
                         "fill=\"context-stroke\"/></marker></defs></svg>\n"
                         "<header><p class=\"kicker\">");
    html_text(out, data->title);
    g_string_append(out, "</p>\n<h1>");
    put_headline(out, data);
    g_string_append_printf(out,
                           "</h1>\n<p><span class=\"verdict %s\">%s</span>",
                           pass       ? "pass"
                           : violated ? "violated"
                                      : "unknown",
                           pass       ? "✓ PASS"
                           : violated ? "✗ VIOLATED"
                                      : "? UNKNOWN");
    html_text(out, report_json_text(data->run, "scenario", ""));
    g_string_append(out, ", seed ");
    html_text(out, report_json_text(data->run, "seed", ""));
    g_string_append(out, ", ");
    html_time(out, data->end, false);
    g_string_append(out, " virtual, ");
    html_count(out, report_json_count(data->run, "events"));
    g_string_append(out, " events</p></header>\n");
}

/* "Node 5 (follower) broke durable-vote at 0.186 s". */
static void
put_headline(GString *out, const ReportData *data)
{
    JsonArray *array = report_json_array(data->run, "violations");
    JsonObject *first = array != NULL && json_array_get_length(array) > 0
                            ? report_json_item(array, 0)
                            : NULL;
    const char *role, *check;
    const char *source = "";
    uint64_t node;

    if (first == NULL) {
        g_string_append(
            out, strcmp(report_json_text(data->run, "verdict", ""), "pass") == 0
                     ? "Nothing was violated"
                     : "It cannot be told whether all held");
        return;
    }
    node = report_json_count(first, "node");
    role = report_json_text(first, "role", "");
    check = report_json_text(first, "check", "?");
    (void)check_text(check, &source);
    if (strcmp(check, "crash") == 0) {
        html_printf(out, "Node %" PRIu64 "%s%s%s died", node,
                    role[0] != '\0' ? " (" : "", role,
                    role[0] != '\0' ? ")" : "");
    } else if (node > 0) {
        html_printf(out, "Node %" PRIu64 "%s%s%s broke %s", node,
                    role[0] != '\0' ? " (" : "", role,
                    role[0] != '\0' ? ")" : "", check);
    } else if (g_str_has_prefix(source, "expect.")) {
        html_printf(out, "Not what was expected: %s", check);
    } else {
        html_printf(out, "The run broke %s", check);
    }
    g_string_append(out, " at ");
    html_time(out, report_json_count(first, "at_ns"), false);
}

/* The first one large; the others are mostly its echoes. */
static void
put_failures(GString *out, const ReportData *data)
{
    JsonArray *array = report_json_array(data->run, "violations");
    unsigned count = array != NULL ? json_array_get_length(array) : 0;
    const char *told = NULL;

    for (unsigned i = 0; i < count; i++) {
        JsonObject *violation = report_json_item(array, i);
        const char *check;

        if (i == 1) {
            g_string_append_printf(out,
                                   "<details class=\"more\"><summary>%u "
                                   "more violation%s</summary>\n",
                                   count - 1, count > 2 ? "s" : "");
        }
        if (violation != NULL) {
            check = report_json_text(violation, "check", "?");
            put_failure(out, violation,
                        told == NULL || strcmp(told, check) != 0);
            told = check;
        }
    }
    g_string_append(out, count > 1 ? "</details>\n" : "");
}

/* @explain: what must hold was not said yet. */
static void
put_failure(GString *out, JsonObject *violation, bool explain)
{
    const char *name = report_json_text(violation, "check", "?");
    const char *source = "";
    const char *text = check_text(name, &source);
    uint64_t node = report_json_count(violation, "node");

    g_string_append(out, "<div class=\"failure\"><p class=\"message\">");
    html_text(out, report_json_text(violation, "message", ""));
    g_string_append(out, "</p>\n");
    if (explain && text != NULL) {
        g_string_append(out, "<p>What must hold: ");
        html_text(out, text);
        g_string_append(out, ". <span class=\"note\">(");
        html_text(out, source);
        g_string_append(out, ")</span></p>\n");
    }
    g_string_append(out, "<p class=\"note\"><code>");
    html_text(out, name);
    g_string_append(out, "</code>");
    if (node > 0) {
        html_printf(out, ", node %" PRIu64, node);
        if (report_json_text(violation, "role", "")[0] != '\0') {
            g_string_append(out, ", ");
            html_text(out, report_json_text(violation, "role", ""));
        }
    }
    g_string_append(out, ", at ");
    html_time(out, report_json_count(violation, "at_ns"), true);
    g_string_append(out, "</p></div>\n");
}

static const char *
check_text(const char *name, const char **source)
{
    static const struct {
        const char *name, *text, *source;
    } checks[] = {
#define CHECK(name, text, source) {name, text, source},
#include "sim/checks.def"
#undef CHECK
    };

    for (unsigned i = 0; i < G_N_ELEMENTS(checks); i++) {
        if (strcmp(checks[i].name, name) == 0) {
            *source = checks[i].source;
            return checks[i].text;
        }
    }
    return NULL;
}

static void
put_command(GString *out, const ReportData *data)
{
    g_string_append(out, "<div class=\"command\"><code id=\"command\">");
    html_text(out, report_json_text(data->run, "replay", ""));
    g_string_append(out, "</code><button id=\"copy\" type=\"button\">Copy"
                         "</button></div>\n");
}

static void
put_history(GString *out, const ReportData *data, const char *folder)
{
    if (is_picture(data, HISTORY_PICTURE)) {
        g_string_append(out, "<section class=\"long\"><h2>The operations that "
                             "have no order</h2>\n");
        put_picture(out, folder, HISTORY_PICTURE);
        g_string_append(out, "</section>\n");
    }
}

static void
put_timeline(GString *out, const ReportData *data)
{
    static const char *const packages[] = {
        "partition", "kill", "pause", "clock", "packet", "disk", "other"};
    static const unsigned roles[] = {3, 0, 1, 2, 4, 5};
    static const char *const colours[] = {
        "follower", "precandidate", "candidate", "leader", "down", "up"};

    g_string_append(
        out,
        "<section><div class=\"tools\">"
        "<button type=\"button\" data-zoom=\"back\" title=\"Earlier\">◀"
        "</button><button type=\"button\" data-zoom=\"in\" title=\"Zoom "
        "in\">+</button><button type=\"button\" data-zoom=\"out\" "
        "title=\"Zoom out\">−</button><button type=\"button\" "
        "data-zoom=\"on\" title=\"Later\">▶</button><button type=\"button\" "
        "data-zoom=\"all\">All</button></div>\n"
        "<h2>Who was what, and what went wrong</h2>\n<ul class=\"legend\">");
    for (unsigned i = 0; i < G_N_ELEMENTS(roles); i++) {
        if (has_role(data, roles[i])) {
            g_string_append_printf(
                out, "<li><i style=\"background:var(--%s)\"></i>%s</li>",
                colours[roles[i]], report_role_name(roles[i]));
        }
    }
    for (unsigned i = 0; i < G_N_ELEMENTS(packages); i++) {
        if (has_package(data, packages[i])) {
            g_string_append_printf(
                out, "<li><i style=\"background:var(--f-%s)\"></i>%s</li>",
                packages[i], packages[i]);
        }
    }
    g_string_append(out, "</ul>\n");
    report_timeline(out, data);
    g_string_append(out, "<p class=\"readout\" id=\"timeline-readout\">"
                         "</p></section>\n");
}

/* For longer than an instant. */
static bool
has_role(const ReportData *data, unsigned role)
{
    for (unsigned i = 0; i < data->roles->len; i++) {
        const ReportRole *band = &g_array_index(data->roles, ReportRole, i);

        if (band->role == role && band->end > band->start && band->end > 1) {
            return true;
        }
    }
    return false;
}

static bool
has_package(const ReportData *data, const char *package)
{
    for (unsigned i = 0; i < data->faults->len; i++) {
        const ReportFault *fault = &g_array_index(data->faults, ReportFault, i);

        if (strcmp(nemesis_of(fault_kind_find(fault->kind)), package) == 0) {
            return true;
        }
    }
    return false;
}

static void
put_diagram(GString *out, const ReportData *data)
{
    GString *diagram = g_string_new(NULL);

    g_string_append(out, "<section class=\"long\"><h2>The last events</h2>\n");
    if (report_diagram(diagram, data)) {
        g_string_append(
            out,
            "<ul class=\"legend\"><li>→ arrives</li><li>✕ lost</li><li>- - on "
            "its way at the end</li><li><i style=\"background:var("
            "--candidate);width:3px\"></i>a sync that is not durable yet</li>"
            "<li>lifelines have the colours of the roles above</li></ul>\n");
        g_string_append_len(out, diagram->str, (gssize)diagram->len);
        g_string_append(out, "<p class=\"readout\" id=\"diagram-readout\">"
                             "</p>\n");
    } else {
        g_string_append(out, "<p class=\"note\">A run that passes keeps none: "
                             "add them with <code>seedbed replay --trace text"
                             "</code>, then make this page again.</p>\n");
    }
    g_string_append(out, "</section>\n");
    g_string_free(diagram, TRUE);
}

static void
put_story(GString *out, const ReportData *data)
{
    JsonArray *array = report_json_array(data->run, "story");

    if (array == NULL || json_array_get_length(array) == 0) {
        return;
    }
    g_string_append(out, "<section class=\"long\"><h2>In plain words</h2>\n"
                         "<ul class=\"story mono\">\n");
    for (unsigned i = 0; i < json_array_get_length(array); i++) {
        JsonNode *node = json_array_get_element(array, i);

        if (json_node_get_value_type(node) == G_TYPE_STRING) {
            g_string_append(out, "<li>");
            html_text(out, json_node_get_string(node));
            g_string_append(out, "</li>\n");
        }
    }
    g_string_append(out, "</ul></section>\n");
}

/* As images of their own: their names and scripts, if any, stay theirs. */
static void
put_pictures(GString *out, const ReportData *data, const char *folder,
             const char *missing)
{
    g_string_append(out, "<section class=\"long\"><h2>Pictures</h2>\n");
    if (missing != NULL) {
        g_string_append(out, "<p class=\"note\">Not drawn: ");
        html_text(out, missing);
        g_string_append(out, "</p>\n");
    }
    for (unsigned i = 0; i < data->pictures->len; i++) {
        if (strcmp(data->pictures->pdata[i], HISTORY_PICTURE) != 0) {
            put_picture(out, folder, data->pictures->pdata[i]);
        }
    }
    g_string_append(out, "</section>\n");
}

static bool
is_picture(const ReportData *data, const char *name)
{
    for (unsigned i = 0; i < data->pictures->len; i++) {
        if (strcmp(data->pictures->pdata[i], name) == 0) {
            return true;
        }
    }
    return false;
}

static void
put_picture(GString *out, const char *folder, const char *name)
{
    g_autofree char *path = g_build_filename(folder, name, NULL);
    g_autofree char *bytes = NULL;
    g_autofree char *coded = NULL;
    gsize size;

    if (!g_file_get_contents(path, &bytes, &size, NULL) || size > PICTURE_MAX) {
        return;
    }
    coded = g_base64_encode((const guchar *)bytes, size);
    g_string_append(out, "<figure><img alt=\"");
    html_text_size(out, name, strlen(name) - strlen(".svg"));
    g_string_append_printf(out,
                           "\" src=\"data:image/svg+xml;base64,%s\">"
                           "</figure>\n",
                           coded);
}

static void
put_facts(GString *out, const ReportData *data)
{
    static const char *const names[] = {"signature",     "digest", "isolation",
                                        "explore_order", "build",  "out"};
    JsonArray *bugs = report_json_array(data->run, "bugs");

    g_string_append(out, "<section class=\"long\"><h2>To do it again</h2>\n"
                         "<dl class=\"facts\">\n");
    put_fact(out, "seed", report_json_text(data->run, "seed", ""));
    for (unsigned i = 0; i < G_N_ELEMENTS(names); i++) {
        const char *text = report_json_text(data->run, names[i], "");

        if (text[0] != '\0' && !(strcmp(names[i], "explore_order") == 0 &&
                                 strcmp(text, "0") == 0)) {
            put_fact(out, names[i], text);
        }
    }
    for (unsigned i = 0; bugs != NULL && i < json_array_get_length(bugs); i++) {
        JsonNode *bug = json_array_get_element(bugs, i);

        if (json_node_get_value_type(bug) == G_TYPE_STRING) {
            put_fact(out, "planted bug", json_node_get_string(bug));
        }
    }
    g_string_append(out, "</dl>\n");
    put_details(out, "events", "The last events as text", data->events);
    put_details(out, "plan", "The fault plan", data->plan);
    put_details(out, "scenario", "The scenario", data->scenario);
    g_string_append(out, "</section>\n");
}

static void
put_fact(GString *out, const char *name, const char *text)
{
    g_autofree char *words = g_strdelimit(g_strdup(name), "_", ' ');

    g_string_append_printf(out, "<dt>%s</dt><dd class=\"mono\">", words);
    html_text(out, text);
    g_string_append(out, "</dd>\n");
}

static void
put_details(GString *out, const char *class, const char *name, const char *text)
{
    if (text != NULL) {
        g_string_append_printf(
            out, "<details class=\"%s\"><summary>%s</summary><pre>", class,
            name);
        html_text(out, text);
        g_string_append(out, "</pre></details>\n");
    }
}

GQuark
report_error_quark(void)
{
    return g_quark_from_static_string("seedbed-report-error");
}

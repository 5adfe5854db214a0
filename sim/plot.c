/* SPDX-License-Identifier: Apache-2.0 */
/* All drawing is in plots/ (.gp); here we only say what there is to draw, so
 * that the scripts know what to expect in files that may be empty. */
#include "sim/plot.h"

#include <errno.h>
#include <inttypes.h>
#include <json-glib/json-glib.h>
#include <stdio.h>
#include <string.h>

#include "sim/gnuplot.h"

#define METRICS_COLUMNS                                                        \
    "at_ns,ok,fail,info,latency_p50_ns,latency_p99_ns,sent,delivered,"

static const char *const pictures[] = {"roles", "latency", "rate"};
static const char *const formats[] = {"svg", "png"};
static const char *const files[] = {"roles.svg",   "roles.png", "latency.svg",
                                    "latency.png", "rate.svg",  "rate.png",
                                    NULL};

/* What a run folder holds. */
typedef struct Contents {
    char *title;
    uint64_t end_ns, interval_ns;
    unsigned nodes, faults, operations;
} Contents;

static bool read_contents(const char *folder, Contents *contents,
                          GError **error);
static bool read_run(const char *folder, Contents *contents, GError **error);
static bool read_metrics(const char *folder, Contents *contents,
                         GError **error);
static bool count_rows(const char *folder, const char *name,
                       const char *columns, unsigned *count, GError **error);
static bool has_columns(const char *path, const char *text, const char *columns,
                        GError **error);
static bool draw_all(const char *folder, unsigned format_count, GError **error);
static bool draw(const char *folder, const char *picture, const char *format,
                 const Contents *contents, GError **error);
static char *seconds_text(uint64_t ns);

bool
plot_run(const char *folder, GError **error)
{
    return draw_all(folder, G_N_ELEMENTS(formats), error);
}

bool
plot_svg(const char *folder, GError **error)
{
    return draw_all(folder, 1, error);
}

/* In the first @format_count formats. */
static bool
draw_all(const char *folder, unsigned format_count, GError **error)
{
    Contents contents = {0};
    GError *wrong = NULL;
    bool good = read_contents(folder, &contents, &wrong);

    if (!good) {
        g_set_error_literal(error, PLOT_ERROR, PLOT_ERROR_NO_RUN,
                            wrong->message);
        g_error_free(wrong);
    }
    for (unsigned i = 0; good && i < G_N_ELEMENTS(pictures); i++) {
        for (unsigned j = 0; good && j < format_count; j++) {
            good = draw(folder, pictures[i], formats[j], &contents, error);
        }
    }
    g_free(contents.title);
    return good;
}

static bool
draw(const char *folder, const char *picture, const char *format,
     const Contents *contents, GError **error)
{
    g_autofree char *seconds = seconds_text(contents->end_ns);
    g_autofree char *nodes = g_strdup_printf("%u", contents->nodes);
    g_autofree char *faults = g_strdup_printf("%u", contents->faults);
    g_autofree char *operations = g_strdup_printf("%u", contents->operations);
    g_autofree char *interval = seconds_text(contents->interval_ns);
    const char *const arguments[] = {contents->title, seconds,  nodes, faults,
                                     operations,      interval, NULL};

    return gnuplot_draw(folder, "draw.gp", picture, format, arguments, error);
}

bool
plot_why(const char *folder, const char *title, uint64_t failed_at,
         unsigned fault_count, GError **error)
{
    g_autofree char *seconds = seconds_text(failed_at);
    g_autofree char *faults = g_strdup_printf("%u", fault_count);
    const char *const arguments[] = {title, seconds, faults, NULL};
    bool good = true;

    for (unsigned i = 0; good && i < G_N_ELEMENTS(formats); i++) {
        good =
            gnuplot_draw(folder, "why.gp", "why", formats[i], arguments, error);
    }
    return good;
}

static char *
seconds_text(uint64_t ns)
{
    return g_strdup_printf("%" PRIu64 ".%09" PRIu64, ns / 1000000000,
                           ns % 1000000000);
}

static bool
read_contents(const char *folder, Contents *contents, GError **error)
{
    return read_run(folder, contents, error) &&
           read_metrics(folder, contents, error) &&
           count_rows(folder, "faults.csv",
                      "line,kind,start_ns,end_ns,whom,package\n",
                      &contents->faults, error) &&
           count_rows(folder, "operations.csv",
                      "invoke_ns,end_ns,outcome,operation,process\n",
                      &contents->operations, error) &&
           count_rows(folder, "roles.csv", "node,role,term,start_ns,end_ns\n",
                      NULL, error);
}

/* Scenario, seed and duration, from run.json. */
static bool
read_run(const char *folder, Contents *contents, GError **error)
{
    g_autofree char *path = g_build_filename(folder, "run.json", NULL);
    g_autoptr(JsonParser) parser = json_parser_new();
    JsonObject *run;

    if (!g_file_test(path, G_FILE_TEST_EXISTS)) {
        g_set_error(error, PLOT_ERROR, PLOT_ERROR_NO_RUN,
                    "%s: not a run folder: no run.json in it", folder);
        return false;
    }
    if (!json_parser_load_from_file(parser, path, error)) {
        return false;
    }
    if (!JSON_NODE_HOLDS_OBJECT(json_parser_get_root(parser))) {
        g_set_error(error, PLOT_ERROR, PLOT_ERROR_NO_RUN,
                    "%s: not what a run leaves", path);
        return false;
    }
    run = json_node_get_object(json_parser_get_root(parser));
    contents->title = g_strdup_printf(
        "%s, seed %s",
        json_object_get_string_member_with_default(run, "scenario", "?"),
        json_object_get_string_member_with_default(run, "seed", "?"));
    contents->end_ns =
        (uint64_t)json_object_get_int_member_with_default(run, "virtual_ns", 0);
    return true;
}

/* The number of nodes from the heading, the interval from the second row. */
static bool
read_metrics(const char *folder, Contents *contents, GError **error)
{
    g_autofree char *path = g_build_filename(folder, "metrics.csv", NULL);
    g_autofree char *text = NULL;
    char *line;

    if (!g_file_get_contents(path, &text, NULL, error)) {
        return false;
    }
    if (!has_columns(path, text, METRICS_COLUMNS, error)) {
        return false;
    }
    line = strchr(text, '\n');
    for (const char *at = strstr(text, ",role_n");
         at != NULL && line != NULL && at < line;
         at = strstr(at + 1, ",role_n")) {
        contents->nodes++;
    }
    contents->interval_ns = 100000000;
    if (line != NULL && (line = strchr(line + 1, '\n')) != NULL &&
        line[1] != '\0') {
        contents->interval_ns = g_ascii_strtoull(line + 1, NULL, 10);
    }
    return true;
}

/* Rows below the heading. @count may be NULL: the file must be there. */
static bool
count_rows(const char *folder, const char *name, const char *columns,
           unsigned *count, GError **error)
{
    g_autofree char *path = g_build_filename(folder, name, NULL);
    FILE *file = fopen(path, "rbe");
    char heading[80] = "";
    unsigned lines = 0;
    int byte;

    if (file == NULL) {
        int reason = errno;

        g_set_error(error, G_FILE_ERROR, (gint)g_file_error_from_errno(reason),
                    "%s: cannot open: %s", path, g_strerror(reason));
        return false;
    }
    if (fgets(heading, sizeof(heading), file) == NULL) {
        heading[0] = '\0';
    }
    while ((byte = getc_unlocked(file)) != EOF) {
        lines += byte == '\n';
    }
    (void)fclose(file);
    if (count != NULL) {
        *count = lines;
    }
    return has_columns(path, heading, columns, error);
}

/* @text begins with the names of the columns. */
static bool
has_columns(const char *path, const char *text, const char *columns,
            GError **error)
{
    if (g_str_has_prefix(text, columns)) {
        return true;
    }
    g_set_error(error, PLOT_ERROR, PLOT_ERROR_NO_RUN,
                "%s: found other columns, expected %.*s", path,
                (int)strcspn(columns, "\n"), columns);
    return false;
}

const char *const *
plot_files(void)
{
    return files;
}

GQuark
plot_error_quark(void)
{
    return g_quark_from_static_string("seedbed-plot-error");
}

/* SPDX-License-Identifier: Apache-2.0 */
/* The common part of the benchmarks. Nothing here is timed but by
 * bench_seconds(), and nothing of it is linked into the product. */
#include "tests/bench/bench.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static void report_number(GString *object, const char *name, double value);
static void report_text(GString *object, const char *text);

double
bench_seconds(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

void
bench_samples_add(BenchSamples *samples, double value)
{
    unsigned i = samples->count++;

    g_assert(i < G_N_ELEMENTS(samples->values));
    /* Kept in order: the median is in the middle. */
    for (; i > 0 && samples->values[i - 1] > value; i--) {
        samples->values[i] = samples->values[i - 1];
    }
    samples->values[i] = value;
}

double
bench_samples_median(const BenchSamples *samples)
{
    unsigned middle = samples->count / 2;

    if (samples->count == 0) {
        return 0;
    }
    if (samples->count % 2 == 1) {
        return samples->values[middle];
    }
    return (samples->values[middle - 1] + samples->values[middle]) / 2;
}

/* Runs @arguments in @folder; what it printed, or NULL and @why. */
static char *
run(const char *folder, const char *const *arguments, char **why)
{
    char *output = NULL;
    g_autofree char *errors = NULL;
    int status;
    GError *error = NULL;

    if (!g_spawn_sync(folder, (char **)(uintptr_t)arguments, NULL,
                      G_SPAWN_SEARCH_PATH, NULL, NULL, &output, &errors,
                      &status, &error)) {
        *why = g_strdup(error->message);
        g_error_free(error);
        return NULL;
    }
    if (status != 0) {
        const char *reason = strstr(errors, "rror");
        const char *line = reason ? reason - 1 : errors;

        if (reason != NULL) {
            while (line > errors && line[-1] != '\n') {
                line--;
            }
        }
        *why = g_strdup_printf("%s failed: %.*s", arguments[0],
                               (int)MIN(strcspn(line, "\n"), 200), line);
        g_free(output);
        return NULL;
    }
    return output;
}

void
bench_peers_init(BenchPeers *peers)
{
    const char *chosen = g_getenv("SEEDBED_PEERS");
    g_autofree char *from =
        chosen != NULL
            ? g_strdup(chosen)
            : g_build_filename(BENCH_SOURCE_TOP, "..", "shared", "peers", NULL);
    g_autofree char *inside = g_build_filename(from, ".", NULL);
    GError *error = NULL;

    *peers = (BenchPeers){0};
    if (!g_file_test(inside, G_FILE_TEST_IS_DIR)) {
        peers->why = g_strdup("the folder of the peers is absent "
                              "(SEEDBED_PEERS names it)");
        return;
    }
    peers->folder = g_dir_make_tmp("seedbed-bench-XXXXXX", &error);
    if (peers->folder == NULL) {
        peers->why = g_strdup(error->message);
        g_error_free(error);
        return;
    }

    const char *const copy[] = {"cp",   "-r",          "--no-preserve=mode",
                                inside, peers->folder, NULL};
    char *output = run(NULL, copy, &peers->why);

    if (output == NULL) {
        char *why = g_steal_pointer(&peers->why);

        bench_peers_clear(peers);
        peers->why = why;
    }
    g_free(output);
}

void
bench_peers_clear(BenchPeers *peers)
{
    if (peers->folder != NULL) {
        const char *const remove[] = {"rm", "-rf", "--", peers->folder, NULL};
        char *why = NULL;

        g_free(run(NULL, remove, &why));
        g_free(why);
    }
    g_free(peers->folder);
    g_free(peers->why);
    *peers = (BenchPeers){0};
}

char *
bench_peers_make(BenchPeers *peers, const char *target, const char *program)
{
    if (peers->folder == NULL) {
        return g_strdup(peers->why);
    }

    const char *const make[] = {"make", "-k", "-s", target, NULL};
    g_autofree char *path = g_build_filename(peers->folder, program, NULL);
    char *why = NULL;

    /* A target may hold other programs whose packages are missing. */
    g_free(run(peers->folder, make, &why));
    if (g_file_test(path, G_FILE_TEST_IS_EXECUTABLE)) {
        g_free(why);
        return NULL;
    }
    return why != NULL ? why : g_strdup("make built nothing");
}

bool
bench_peers_run(BenchPeers *peers, const char *const *arguments,
                const char *pattern, double *number, char **why)
{
    g_assert(peers->folder != NULL);

    g_autofree char *program =
        g_build_filename(peers->folder, arguments[0], NULL);
    g_autoptr(GPtrArray) line = g_ptr_array_new();
    g_autoptr(GRegex) regex = g_regex_new(pattern, G_REGEX_MULTILINE, 0, NULL);
    g_autoptr(GMatchInfo) match = NULL;

    g_assert(regex != NULL);
    g_ptr_array_add(line, program);
    for (unsigned i = 1; arguments[i] != NULL; i++) {
        g_ptr_array_add(line, (gpointer)(uintptr_t)arguments[i]);
    }
    g_ptr_array_add(line, NULL);

    g_autofree char *output =
        run(peers->folder, (const char *const *)line->pdata, why);

    if (output == NULL) {
        return false;
    }
    if (!g_regex_match(regex, output, 0, &match)) {
        *why = g_strdup_printf("%s printed no figure", arguments[0]);
        return false;
    }

    g_autofree char *found = g_match_info_fetch(match, 1);

    *number = g_ascii_strtod(found, NULL);
    return true;
}

void
bench_report_init(BenchReport *report, const char *name)
{
    *report = (BenchReport){
        .name = name,
        .metrics = g_string_new(NULL),
        .peers = g_string_new(NULL),
        .peer_metrics = g_string_new(NULL),
        .ratios = g_string_new(NULL),
    };
}

void
bench_report_metric(BenchReport *report, const char *name, double value)
{
    report_number(report->metrics, name, value);
}

void
bench_report_peer_metric(BenchReport *report, const char *name, double value)
{
    report_number(report->peer_metrics, name, value);
}

void
bench_report_peer(BenchReport *report, const char *peer)
{
    report_text(report->peers, peer);
    g_string_append_printf(report->peers, ":{%s}", report->peer_metrics->str);
    g_string_truncate(report->peer_metrics, 0);
}

void
bench_report_skipped(BenchReport *report, const char *peer, const char *why)
{
    g_autofree char *value = g_strconcat("skipped: ", why, NULL);

    report_text(report->peers, peer);
    g_string_append_c(report->peers, ':');
    report_text(report->peers, value);
}

void
bench_report_ratio(BenchReport *report, const char *name, double ours,
                   double theirs)
{
    if (theirs > 0) {
        report_number(report->ratios, name, ours / theirs);
    }
}

void
bench_report_print(BenchReport *report)
{
    printf("{\"bench\":\"%s\",\"metrics\":{%s},\"peers\":{%s},"
           "\"ratios\":{%s}}\n",
           report->name, report->metrics->str, report->peers->str,
           report->ratios->str);
    fflush(stdout);
    g_string_free(report->metrics, TRUE);
    g_string_free(report->peers, TRUE);
    g_string_free(report->peer_metrics, TRUE);
    g_string_free(report->ratios, TRUE);
}

static void
report_number(GString *object, const char *name, double value)
{
    char text[G_ASCII_DTOSTR_BUF_SIZE];

    report_text(object, name);
    g_string_append_c(object, ':');
    g_string_append(object,
                    g_ascii_formatd(text, sizeof(text),
                                    value >= 1e5 ? "%.0f" : "%.4g", value));
}

/* @text as a JSON string, with a comma before it where one belongs. */
static void
report_text(GString *object, const char *text)
{
    if (object->len > 0 && object->str[object->len - 1] != ':') {
        g_string_append_c(object, ',');
    }
    g_string_append_c(object, '"');
    for (const char *c = text; *c != '\0'; c++) {
        if (*c == '"' || *c == '\\') {
            g_string_append_c(object, '\\');
        }
        g_string_append_c(object, (guchar)*c < 0x20 ? ' ' : *c);
    }
    g_string_append_c(object, '"');
}

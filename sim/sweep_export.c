/* SPDX-License-Identifier: Apache-2.0 */
/* Rows as XML and as CSV, one after the other: a night has millions. */
#include "sim/sweep_export.h"

#include <inttypes.h>
#include <string.h>

#include "sim/results_private.h"
#include "sim/sweep_job.h"
#include "sim/whole_file.h"

/* Columns of the query that makes the test cases. */
enum {
    CASE_VARIANT,
    CASE_SEED,
    CASE_VERDICT,
    CASE_CHECK,
    CASE_MESSAGE,
    CASE_SIGNATURE,
    CASE_WALL,
    CASE_AT
};

static Results *open_folder(const SweepSummary *summary, GError **error);
static bool write_suite(FILE *stream, const SweepSummary *summary,
                        Results *results, GError **error);
static void write_case(FILE *stream, const SweepSummary *summary,
                       sqlite3_stmt *row);
static void write_outcome(FILE *stream, const SweepSummary *summary,
                          sqlite3_stmt *row);
static char *escaped(const char *text);
static void write_field(FILE *stream, const char *text);

bool
sweep_export_junit(const SweepSummary *summary, const char *path,
                   GError **error)
{
    Results *results = open_folder(summary, error);
    WholeFile *file = results != NULL ? whole_file_new(path, error) : NULL;
    bool good = file != NULL &&
                write_suite(whole_file_stream(file), summary, results, error);

    results_close(results);
    if (!good) {
        whole_file_free(file);
        return false;
    }
    return whole_file_finish(file, error);
}

static bool
write_suite(FILE *stream, const SweepSummary *summary, Results *results,
            GError **error)
{
    uint64_t passed = summary->counts[RESULTS_PASS];
    bool all = passed <= SWEEP_EXPORT_CASES_MAX;
    uint64_t cases = all ? passed : 1;
    g_autofree char *name = escaped(summary->scenario);
    sqlite3_stmt *rows = results_prepare(
        results,
        all ? "SELECT variant, seed, verdict, failed_check, message, signature,"
              "  wall_ns, failed_at_ns FROM runs"
              "  ORDER BY variant, seed < 0, seed"
            : "SELECT variant, seed, verdict, failed_check, message, signature,"
              "  wall_ns, failed_at_ns FROM runs WHERE verdict <> 'pass'"
              "  ORDER BY variant, seed < 0, seed",
        error);
    int status = SQLITE_ERROR;

    if (rows == NULL) {
        return false;
    }
    for (unsigned i = RESULTS_VIOLATED; i < RESULTS_VERDICT_COUNT; i++) {
        cases += summary->counts[i];
    }
    fprintf(stream,
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n"
            "<testsuite name=\"%s\" tests=\"%" PRIu64 "\" failures=\"%" PRIu64
            "\" errors=\"%" PRIu64 "\" skipped=\"%" PRIu64
            "\" time=\"%.3f\">\n",
            name, cases, summary->counts[RESULTS_VIOLATED],
            summary->counts[RESULTS_ERROR], summary->counts[RESULTS_UNKNOWN],
            (double)summary->outcome.wall_ns / 1e9);
    if (!all) {
        fprintf(stream,
                "<testcase classname=\"%s\" name=\"%" PRIu64
                " seeds that passed\"/>\n",
                name, passed);
    }
    while ((status = sqlite3_step(rows)) == SQLITE_ROW) {
        write_case(stream, summary, rows);
    }
    fputs("</testsuite>\n</testsuites>\n", stream);
    if (status != SQLITE_DONE) {
        results_fail(results, error);
    }
    sqlite3_finalize(rows);
    return status == SQLITE_DONE;
}

static void
write_case(FILE *stream, const SweepSummary *summary, sqlite3_stmt *row)
{
    unsigned variant = (unsigned)sqlite3_column_int64(row, CASE_VARIANT);
    const SweepVariant *of = &summary->options->variants[variant - 1];
    g_autofree char *name = escaped(summary->scenario);
    g_autofree char *variant_name = escaped(of->name);

    fprintf(stream,
            "<testcase classname=\"%s%s\" name=\"seed %" PRIu64 "%s%s%s\" "
            "time=\"%.3f\"",
            name, of->build == 'B' ? ".against" : "",
            (uint64_t)sqlite3_column_int64(row, CASE_SEED),
            variant_name[0] != '\0' ? " (" : "", variant_name,
            variant_name[0] != '\0' ? ")" : "",
            (double)sqlite3_column_int64(row, CASE_WALL) / 1e9);
    if (strcmp(results_column(row, CASE_VERDICT), "pass") == 0) {
        fputs("/>\n", stream);
        return;
    }
    fputs(">\n", stream);
    write_outcome(stream, summary, row);
    fputs("</testcase>\n", stream);
}

static void
write_outcome(FILE *stream, const SweepSummary *summary, sqlite3_stmt *row)
{
    const char *verdict = results_column(row, CASE_VERDICT);
    const SweepUnit unit = {(unsigned)sqlite3_column_int64(row, CASE_VARIANT),
                            (uint64_t)sqlite3_column_int64(row, CASE_SEED)};
    g_autofree char *message = escaped(results_column(row, CASE_MESSAGE));
    g_autofree char *check = escaped(results_column(row, CASE_CHECK));
    g_autofree char *signature = escaped(results_column(row, CASE_SIGNATURE));
    g_autofree char *plain = sweep_job_command(summary->options, &unit, "run");
    g_autofree char *command = escaped(plain);

    if (strcmp(verdict, "violated") == 0) {
        fprintf(stream,
                "<failure type=\"%s\" message=\"%s\">at %.9f s\n%s\n%s"
                "</failure>\n",
                check, message,
                (double)sqlite3_column_int64(row, CASE_AT) / 1e9, signature,
                command);
    } else if (strcmp(verdict, "error") == 0) {
        fprintf(stream, "<error type=\"simulator\" message=\"%s\">%s</error>\n",
                message, command);
    } else {
        fprintf(stream, "<skipped message=\"unknown: %s\"/>\n", message);
    }
}

/* Of what no XML may have, not even as a reference, nothing is left. */
static char *
escaped(const char *text)
{
    g_autofree char *valid = g_utf8_make_valid(text, -1);

    for (char *at = valid; *at != '\0'; at++) {
        if ((unsigned char)*at < ' ' && *at != '\n' && *at != '\t') {
            *at = '?';
        }
    }
    return g_markup_escape_text(valid, -1);
}

bool
sweep_export_csv(const SweepSummary *summary, const char *path, GError **error)
{
    Results *results = open_folder(summary, error);
    WholeFile *file = results != NULL ? whole_file_new(path, error) : NULL;
    sqlite3_stmt *rows =
        file != NULL
            ? results_prepare(results,
                              "SELECT build, name AS variant_name, runs.*"
                              "  FROM runs JOIN variants USING(variant)"
                              "  ORDER BY variant, seed < 0, seed",
                              error)
            : NULL;
    FILE *stream = file != NULL ? whole_file_stream(file) : NULL;
    int status = SQLITE_ERROR, seed = -1;
    int columns = rows != NULL ? sqlite3_column_count(rows) : 0;

    for (int i = 0; i < columns; i++) {
        const char *name = sqlite3_column_name(rows, i);

        fprintf(stream, "%s%s", i > 0 ? "," : "", name);
        seed = strcmp(name, "seed") == 0 ? i : seed;
    }
    while (rows != NULL && (status = sqlite3_step(rows)) == SQLITE_ROW) {
        for (int i = 0; i < columns; i++) {
            fputc(i > 0 ? ',' : '\n', stream);
            if (i == seed) {
                fprintf(stream, "%" PRIu64,
                        (uint64_t)sqlite3_column_int64(rows, i));
            } else {
                write_field(stream, results_column(rows, i));
            }
        }
    }
    if (rows != NULL && status != SQLITE_DONE) {
        results_fail(results, error);
    }
    sqlite3_finalize(rows);
    results_close(results);
    if (status != SQLITE_DONE) {
        whole_file_free(file);
        return false;
    }
    fputc('\n', stream);
    return whole_file_finish(file, error);
}

static void
write_field(FILE *stream, const char *text)
{
    if (strpbrk(text, ",\"\r\n") == NULL) {
        fputs(text, stream);
        return;
    }
    fputc('"', stream);
    for (const char *at = text; *at != '\0'; at++) {
        if (*at == '"') {
            fputc('"', stream);
        }
        fputc(*at, stream);
    }
    fputc('"', stream);
}

static Results *
open_folder(const SweepSummary *summary, GError **error)
{
    g_autofree char *path =
        g_build_filename(summary->options->out, RESULTS_FILE, NULL);

    return results_open(path, false, error);
}

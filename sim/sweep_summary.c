/* SPDX-License-Identifier: Apache-2.0 */
/* The screen about a sweep. */
#include "sim/sweep_summary.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "sim/results_private.h"
#include "sim/sweep_job.h"

/* Kinds of failures on the screen; the rest is in summary.json. */
#define GROUPS_SHOWN    8u
#define NEVER_INDENT    13u
#define VARIANTS_SHOWN  24u
#define METRICS_SHOWN   8u
#define SIGNATURE_SHOWN 200 /* bytes of it */

static bool read_all(SweepSummary *summary, Results *results, GError **error);
static bool read_reached(SweepSummary *summary, Results *results,
                         GError **error);
static void read_rechecks(SweepSummary *summary, Results *results);
static void read_error(SweepSummary *summary, Results *results);
static bool read_since(SweepSummary *summary, GError **error);
static void print_head(FILE *stream, const SweepSummary *summary);
static void print_groups(FILE *stream, const SweepSummary *summary);
static void print_group(FILE *stream, const SweepSummary *summary, unsigned at);
static void print_variants(FILE *stream, const SweepSummary *summary);
static void print_mean(FILE *stream, const char *format, double value);
static void print_builds(FILE *stream, const SweepSummary *summary);
static void print_faults(FILE *stream, const SweepSummary *summary);
static void print_rates(FILE *stream, const SweepSummary *summary);
static void print_coverage(FILE *stream, const SweepSummary *summary);
static void print_reached(FILE *stream, const SweepSummary *summary,
                          ResultsReachedKind kind, const char *head,
                          const char *what);
static void print_end(FILE *stream, const SweepSummary *summary);

SweepSummary *
sweep_summary_new(const SweepOptions *options, const SweepOutcome *outcome,
                  const char *since, GError **error)
{
    SweepSummary *summary = g_new0(SweepSummary, 1);
    g_autofree char *path = g_build_filename(options->out, RESULTS_FILE, NULL);
    Results *results = results_open(path, false, error);
    bool good;

    summary->options = options;
    summary->outcome = *outcome;
    summary->since = g_strdup(since);
    summary->news = g_array_new(FALSE, TRUE, sizeof(SweepNews));
    summary->resolved = g_ptr_array_new_with_free_func(g_free);
    good = results != NULL && read_all(summary, results, error);
    results_close(results);
    if (!good || !read_since(summary, error)) {
        sweep_summary_free(summary);
        return NULL;
    }
    return summary;
}

static bool
read_all(SweepSummary *summary, Results *results, GError **error)
{
    for (unsigned i = 0; i < RESULTS_VERDICT_COUNT; i++) {
        summary->counts[i] = results_count(results, (ResultsVerdict)i);
    }
    summary->scenario = results_value(results, "scenario");
    if (summary->scenario == NULL) {
        summary->scenario = g_strdup("");
    }
    summary->groups = results_groups(results, error);
    read_rechecks(summary, results);
    read_error(summary, results);
    summary->variants =
        summary->groups != NULL ? sweep_compare_variants(results, error) : NULL;
    return summary->variants != NULL &&
           results_faults(results, summary->faults, error) &&
           results_coverage(results, &summary->coverage, error) &&
           results_rates(results, summary->rates, error) &&
           read_reached(summary, results, error) &&
           (summary->options->against == NULL ||
            sweep_compare_builds(results, summary->options->variant_count / 2,
                                 &summary->builds, error));
}

static bool
read_reached(SweepSummary *summary, Results *results, GError **error)
{
    for (unsigned kind = 0; kind < G_N_ELEMENTS(summary->reached); kind++) {
        GArray *list = summary->reached[kind] =
            g_array_new(FALSE, FALSE, sizeof(SweepReached));

        for (;;) {
            SweepReached row;

            if (!results_reached(results, (ResultsReachedKind)kind, list->len,
                                 &row.name, &row.sum, error)) {
                return false;
            }
            if (row.name == NULL) {
                break;
            }
            g_array_append_val(list, row);
        }
    }
    return true;
}

static void
read_rechecks(SweepSummary *summary, Results *results)
{
    sqlite3_stmt *sum = results_prepare(
        results,
        "SELECT count(recheck), sum(recheck = 'same by process'),"
        "  sum(recheck = 'differs') FROM runs WHERE recheck IS NOT NULL",
        NULL);

    if (sum != NULL && sqlite3_step(sum) == SQLITE_ROW) {
        summary->rechecked = (uint64_t)sqlite3_column_int64(sum, 0);
        summary->rechecked_by_process = (uint64_t)sqlite3_column_int64(sum, 1);
        summary->rechecked_odd = (uint64_t)sqlite3_column_int64(sum, 2);
    }
    sqlite3_finalize(sum);
}

static void
read_error(SweepSummary *summary, Results *results)
{
    sqlite3_stmt *find = results_prepare(
        results,
        "SELECT seed, message FROM runs WHERE verdict <> 'pass' AND"
        "  verdict = 'error' ORDER BY seed < 0, seed LIMIT 1",
        NULL);

    if (find != NULL && sqlite3_step(find) == SQLITE_ROW) {
        summary->error_seed = (uint64_t)sqlite3_column_int64(find, 0);
        summary->error_message = g_strdup(results_column(find, 1));
    }
    sqlite3_finalize(find);
}

char *
sweep_summary_since(const char *sweep)
{
    return g_file_test(sweep, G_FILE_TEST_IS_DIR)
               ? g_build_filename(sweep, RESULTS_FILE, NULL)
               : g_strdup(sweep);
}

static bool
read_since(SweepSummary *summary, GError **error)
{
    g_autoptr(GHashTable) known = NULL;
    g_autoptr(GArray) before = NULL;
    g_autofree char *path = NULL;
    Results *results;

    g_array_set_size(summary->news, summary->groups->len);
    if (summary->since == NULL) {
        return true;
    }
    path = sweep_summary_since(summary->since);
    results = results_open(path, false, error);
    before = results != NULL ? results_groups(results, error) : NULL;
    results_close(results);
    if (before == NULL) {
        return false;
    }
    known = g_hash_table_new(g_str_hash, g_str_equal);
    for (unsigned i = 0; i < before->len; i++) {
        g_hash_table_add(known,
                         g_array_index(before, ResultsGroup, i).signature);
    }
    for (unsigned i = 0; i < summary->groups->len; i++) {
        const char *signature =
            g_array_index(summary->groups, ResultsGroup, i).signature;

        g_array_index(summary->news, SweepNews, i) =
            g_hash_table_remove(known, signature) ? SWEEP_NEWS_ONGOING
                                                  : SWEEP_NEWS_NEW;
    }
    for (unsigned i = 0; i < before->len; i++) {
        const char *signature =
            g_array_index(before, ResultsGroup, i).signature;

        if (g_hash_table_contains(known, signature)) {
            g_ptr_array_add(summary->resolved, g_strdup(signature));
        }
    }
    return true;
}

int
sweep_summary_status(const SweepSummary *summary)
{
    if (summary->counts[RESULTS_ERROR] > 0) {
        return RUN_INTERNAL;
    }
    if (summary->counts[RESULTS_VIOLATED] > 0) {
        return RUN_VIOLATED;
    }
    for (unsigned i = 0; i < RATES_COUNT; i++) {
        if (summary->rates[i].out_of_band) {
            return RUN_VIOLATED;
        }
    }
    return summary->counts[RESULTS_UNKNOWN] > 0 || summary->outcome.interrupted
               ? RUN_UNKNOWN
               : RUN_PASS;
}

void
sweep_summary_print(FILE *stream, const SweepSummary *summary)
{
    print_head(stream, summary);
    print_groups(stream, summary);
    if (summary->options->variant_count > 1) {
        print_variants(stream, summary);
    }
    if (summary->options->against != NULL) {
        print_builds(stream, summary);
    }
    print_faults(stream, summary);
    print_rates(stream, summary);
    print_coverage(stream, summary);
    print_reached(stream, summary, RESULTS_SOMETIMES, "sometimes", "facts");
    print_reached(stream, summary, RESULTS_BUGGIFY, "buggify", "sites");
    print_end(stream, summary);
}

static void
print_head(FILE *stream, const SweepSummary *summary)
{
    static const char *const words[] = {"PASS", "VIOLATED", "UNKNOWN"};
    int status = sweep_summary_status(summary);
    uint64_t all = 0;

    for (unsigned i = 0; i < RESULTS_VERDICT_COUNT; i++) {
        all += summary->counts[i];
    }
    fprintf(stream, "%s  %s, %" PRIu64 " %s",
            status < 3 ? words[status] : "ERROR", summary->scenario, all,
            summary->options->variant_count > 1 ? "runs" : "seeds");
    if (summary->options->variant_count > 1) {
        fprintf(stream, " of %u variants", summary->options->variant_count);
    }
    fprintf(stream,
            ": %" PRIu64 " passed, %" PRIu64 " violated, %" PRIu64
            " unknown, %" PRIu64 " errors\n\n",
            summary->counts[RESULTS_PASS], summary->counts[RESULTS_VIOLATED],
            summary->counts[RESULTS_UNKNOWN], summary->counts[RESULTS_ERROR]);
}

static void
print_groups(FILE *stream, const SweepSummary *summary)
{
    for (unsigned i = 0; i < MIN(summary->groups->len, GROUPS_SHOWN); i++) {
        print_group(stream, summary, i);
    }
    if (summary->groups->len > GROUPS_SHOWN) {
        fprintf(stream,
                "  ... and %u more kinds of failures, in summary.json\n\n",
                summary->groups->len - GROUPS_SHOWN);
    }
    for (unsigned i = 0; i < summary->resolved->len; i++) {
        fprintf(stream, "  resolved    %.*s\n", SIGNATURE_SHOWN,
                (const char *)summary->resolved->pdata[i]);
    }
    if (summary->resolved->len > 0) {
        fputc('\n', stream);
    }
    if (summary->error_message != NULL) {
        const SweepUnit unit = {1, summary->error_seed};
        g_autofree char *command =
            sweep_job_command(summary->options, &unit, "run");

        fprintf(stream,
                "  the simulator failed, seed %" PRIu64 ": %s\n    %s\n\n",
                summary->error_seed, summary->error_message, command);
    }
}

static void
print_group(FILE *stream, const SweepSummary *summary, unsigned at)
{
    static const char *const news[] = {"", "new, ", "ongoing, "};
    const ResultsGroup *group =
        &g_array_index(summary->groups, ResultsGroup, at);
    const SweepUnit fastest = {group->fastest_variant, group->fastest_seed};
    g_autofree char *capsule =
        g_build_filename(summary->options->out, "failures", group->slug, NULL);
    bool odd = g_str_has_prefix(group->signature, "determinism:");
    const char *verb = odd ? "verify" : "run";
    g_autofree char *command =
        !odd && group->capsule_variant != 0 && !summary->options->no_capsules
            ? g_strdup_printf("seedbed replay %s", capsule)
            : sweep_job_command(summary->options, &fastest, verb);

    fprintf(stream, "  %.*s\n", SIGNATURE_SHOWN, group->signature);
    fprintf(stream,
            "    %s%" PRIu64 " %s, first seed %" PRIu64 ", fastest %" PRIu64
            " (%" PRIu64 " events, %.3f s)",
            news[g_array_index(summary->news, SweepNews, at)], group->count,
            summary->options->variant_count > 1 ? "runs" : "seeds",
            group->first_seed, group->fastest_seed, group->fastest_events,
            (double)group->fastest_virtual_ns / 1e9);
    if (summary->options->variant_count > 1) {
        fprintf(stream, " with %s",
                summary->options->variants[group->fastest_variant - 1].name);
    }
    fprintf(stream, "\n    %s\n\n", command);
}

static void
print_variants(FILE *stream, const SweepSummary *summary)
{
    unsigned shown = MIN(summary->variants->len, VARIANTS_SHOWN);

    fprintf(stream, "  %7s %8s %7s %9s %8s %10s  %s\n", "passed", "violated",
            "other", "elections", "ok", "p99", "variant");
    for (unsigned i = 0; i < shown; i++) {
        const SweepCompareVariant *item =
            &g_array_index(summary->variants, SweepCompareVariant, i);
        const SweepVariant *of = &summary->options->variants[item->variant - 1];

        fprintf(stream, "  %7" PRIu64 " %8" PRIu64 " %7" PRIu64 " ",
                item->counts[RESULTS_PASS], item->counts[RESULTS_VIOLATED],
                item->counts[RESULTS_UNKNOWN] + item->counts[RESULTS_ERROR]);
        print_mean(stream, "%9.2f ", item->elections);
        print_mean(stream, "%7.2f%% ", 100 * item->ok_share);
        print_mean(stream, "%7.1f ms ", item->p99_ns / 1e6);
        if (summary->options->against != NULL) {
            fprintf(stream, " %c", of->build);
        }
        fprintf(stream, " %s\n", of->name);
    }
    if (summary->variants->len > shown) {
        fprintf(stream, "  ... and %u more, in summary.json\n",
                summary->variants->len - shown);
    }
    fputc('\n', stream);
}

static void
print_mean(FILE *stream, const char *format, double value)
{
    g_autofree char *text =
        isnan(value) ? NULL : g_strdup_printf(format, value);

    fputs(text != NULL ? text : "        - ", stream);
}

static void
print_builds(FILE *stream, const SweepSummary *summary)
{
    const SweepCompareBuilds *builds = &summary->builds;

    fprintf(stream,
            "  A/B         %" PRIu64 " pairs, %" PRIu64
            " with the same digest; %" PRIu64 " fail with B only, %" PRIu64
            " with A only\n",
            builds->pairs, builds->same_digest, builds->broken, builds->fixed);
    if (builds->broken > 0) {
        const SweepUnit unit = {builds->broken_variant, builds->broken_seed};
        g_autofree char *command =
            sweep_job_command(summary->options, &unit, "run");

        fprintf(stream, "    %s\n", command);
    }
    for (unsigned i = 0; i < MIN(builds->metrics->len, METRICS_SHOWN); i++) {
        const SweepCompareMetric *metric =
            &g_array_index(builds->metrics, SweepCompareMetric, i);

        fprintf(stream, "    %-28s %14.1f -> %14.1f   differs in %" PRIu64 "\n",
                metric->name, metric->mean_a, metric->mean_b,
                metric->differing);
    }
    if (builds->metrics->len > METRICS_SHOWN) {
        fprintf(stream, "    ... and %u more, in summary.json\n",
                builds->metrics->len - METRICS_SHOWN);
    }
    fputc('\n', stream);
}

/* A kind that never mattered tests nothing. */
static void
print_faults(FILE *stream, const SweepSummary *summary)
{
    bool any = false;

    for (unsigned kind = 1; kind < FAULT_KIND_COUNT; kind++) {
        const ResultsFault *fault = &summary->faults[kind];

        if (fault->configured + fault->drawn == 0) {
            continue;
        }
        if (!any) {
            fprintf(stream, "  %-18s %10s %10s %10s %8s\n", "faults", "drawn",
                    "applied", "mattered", "share");
        }
        any = true;
        fprintf(stream,
                "  %-18s %10" PRIu64 " %10" PRIu64 " %10" PRIu64 " %7.1f%%%s\n",
                fault_kind_name((FaultKind)kind), fault->drawn, fault->applied,
                fault->mattered,
                fault->drawn > 0
                    ? 100.0 * (double)fault->mattered / (double)fault->drawn
                    : 0.0,
                fault->drawn == 0      ? "  <- never drawn"
                : fault->mattered == 0 ? "  <- never mattered"
                                       : "");
    }
    if (any) {
        fputc('\n', stream);
    }
}

/* A link that does not do what its words say makes every verdict worth
 * less. */
static void
print_rates(FILE *stream, const SweepSummary *summary)
{
    bool any = false;

    for (unsigned i = 0; i < RATES_COUNT; i++) {
        const ResultsRate *rate = &summary->rates[i];

        if (rate->trials == 0) {
            continue;
        }
        if (!any) {
            fprintf(stream, "  %-18s %14s %14s %12s %8s\n", "links", "packets",
                    "expected", "hit", "off by");
        }
        any = true;
        fprintf(
            stream, "  %-18s %14" PRIu64 " %14.1f %12" PRIu64 " %5.1f sd%s\n",
            rates_name((RatesKind)i), rate->trials, rate->expected,
            rate->observed,
            rate->variance > 0 ? ((double)rate->observed - rate->expected) /
                                     sqrt(rate->variance)
                               : 0.0,
            rate->out_of_band ? "  <- OUT OF ITS BAND: no verdict counts" : "");
    }
    if (any) {
        fputc('\n', stream);
    }
}

static void
print_coverage(FILE *stream, const SweepSummary *summary)
{
    const ResultsCoverage *coverage = &summary->coverage;
    CoverageChance chance = coverage_chance(coverage->runs, coverage->lonely);

    if (coverage->states > 0) {
        fprintf(stream,
                "  coverage    %" PRIu64 " abstract states; the next seed "
                "shows a new one with\n              probability %.2g, below "
                "%.2g with 95 %% confidence\n",
                coverage->states, chance.likely, chance.high);
    }
}

/* Where the sweep has not looked; nothing of a kind that it has not met. */
static void
print_reached(FILE *stream, const SweepSummary *summary,
              ResultsReachedKind kind, const char *head, const char *what)
{
    const GArray *list = summary->reached[kind];
    g_autoptr(GString) never = g_string_new(NULL);
    unsigned seen = 0, column = NEVER_INDENT;

    for (unsigned i = 0; i < list->len; i++) {
        const SweepReached *row = &g_array_index(list, SweepReached, i);
        unsigned width = (unsigned)strlen(row->name) + 1;

        if (row->sum.runs > 0) {
            seen++;
            continue;
        }
        if (column + width > 79) {
            g_string_append_printf(never, "\n%*s", (int)NEVER_INDENT, "");
            column = NEVER_INDENT;
        }
        g_string_append_printf(never, " %s", row->name);
        column += width;
    }
    if (seen > 0) {
        fprintf(stream, "  %-11s %u of %u %s%s\n", head, seen, list->len, what,
                seen < list->len ? "; never:" : "");
    }
    if (seen > 0 && seen < list->len) {
        fprintf(stream, "%*s%s\n", (int)NEVER_INDENT, "", never->str);
    }
}

static void
print_end(FILE *stream, const SweepSummary *summary)
{
    const SweepOutcome *outcome = &summary->outcome;
    double seconds = (double)outcome->wall_ns / 1e9;

    fprintf(stream,
            "  this sweep  %" PRIu64 " runs in %.1f s with %u jobs: %.1f a "
            "second, %.2f ms of CPU each\n",
            outcome->done, seconds, outcome->jobs,
            seconds > 0 ? (double)outcome->done / seconds : 0.0,
            outcome->done > 0
                ? (double)outcome->cpu_ns / 1e6 / (double)outcome->done
                : 0.0);
    if (outcome->there > 0) {
        fprintf(stream, "  found there %" PRIu64 " runs\n", outcome->there);
    }
    fprintf(stream, "  run twice   %" PRIu64 " (%" PRIu64 " by process), %s\n",
            summary->rechecked, summary->rechecked_by_process,
            summary->rechecked_odd == 0 ? "all came to the same digest"
                                        : "NOT ALL TO THE SAME DIGEST");
    if (!summary->options->no_capsules) {
        fprintf(stream, "  folder      %s\n", summary->options->out);
    }
    if (outcome->interrupted) {
        fprintf(stream, "  interrupted; go on with: %s --resume\n",
                summary->options->command);
    } else if (outcome->fail_fast) {
        fprintf(stream,
                "  stopped after %" PRIu64 " failures; go on with: %s "
                "--resume\n",
                summary->options->fail_fast, summary->options->command);
    }
}

void
sweep_summary_free(SweepSummary *summary)
{
    if (summary == NULL) {
        return;
    }
    if (summary->groups != NULL) {
        g_array_unref(summary->groups);
    }
    if (summary->variants != NULL) {
        g_array_unref(summary->variants);
    }
    for (unsigned i = 0; i < G_N_ELEMENTS(summary->reached); i++) {
        if (summary->reached[i] != NULL) {
            g_array_unref(summary->reached[i]);
        }
    }
    sweep_compare_builds_clear(&summary->builds);
    g_array_unref(summary->news);
    g_ptr_array_unref(summary->resolved);
    g_free(summary->scenario);
    g_free(summary->error_message);
    g_free(summary->since);
    g_free(summary);
}

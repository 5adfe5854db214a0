/* SPDX-License-Identifier: Apache-2.0 */
/* `seedbed why`: when a failure became likely, and which faults it needs. */
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "sim/command.h"
#include "sim/why.h"

#define PROGRESS_NS (100 * SIM_MS)
#define BAR         40u /* columns of 100 % */
#define POINTS_MOST 22u /* lines of the curve: the rest is in why.csv */

static volatile int stop;

static void on_interrupt(int signal);
static bool judge(const char *option, const char *text, uint64_t high,
                  uint64_t *number);
static void show(void *user, const WhyProgress *progress);
static void print(const WhyResult *result);
static void print_curve(const WhyResult *result);
static bool is_shown(const WhyResult *result, unsigned index);
static void print_point(const WhyPoint *point);
static void print_jump(const WhyResult *result);
static void print_faults(const WhyResult *result);
static void print_futures(const WhyResult *result);

int
cmd_why(int argc, char **argv)
{
    g_autofree char *out = NULL, *jobs = NULL, *points = NULL, *futures = NULL;
    gboolean loosely = FALSE, json = FALSE, quiet = FALSE, plain = FALSE;
    const GOptionEntry entries[] = {
        {"futures", 'n', 0, G_OPTION_ARG_STRING, &futures,
         "redrawn from each point (default 100)", "N"},
        {"points", 'k', 0, G_OPTION_ARG_STRING, &points,
         "at most, beside the faults' beginnings (default 16)", "K"},
        {"out", 'o', 0, G_OPTION_ARG_FILENAME, &out,
         "numbers, pictures and plans of futures (default DIR/why)", "DIR"},
        {"jobs", 'j', 0, G_OPTION_ARG_STRING, &jobs,
         "runs at a time (default: one a core); the result is the same", "N"},
        {"loosely", 0, 0, G_OPTION_ARG_NONE, &loosely,
         "the same check is the same failure, whatever role and message", NULL},
        {"no-pictures", 0, 0, G_OPTION_ARG_NONE, &plain, "numbers only", NULL},
        {"json", 0, 0, G_OPTION_ARG_NONE, &json,
         "print one JSON object and nothing else", NULL},
        {"quiet", 'q', 0, G_OPTION_ARG_NONE, &quiet, "print nothing but errors",
         NULL},
        {NULL, 0, 0, 0, NULL, NULL, NULL}};
    static WhyResult result;
    WhyOptions options = {.stop = &stop};
    struct sigaction action = {.sa_handler = on_interrupt};
    uint64_t job_count = 0, point_count = 0, future_count = 0, last = 0;
    GError *error = NULL;
    char *operands[1];
    int status;

    if (!command_parse(&argc, &argv, "DIR", "seedbed why out/raft-chaos/7",
                       entries, NULL, 1, 1, operands, &status)) {
        return status;
    }
    if (!judge("--jobs", jobs, 1024, &job_count) ||
        !judge("--points", points, 1000, &point_count) ||
        !judge("--futures", futures, 100000, &future_count)) {
        return RUN_BAD_ARGUMENTS;
    }
    options.folder = operands[0];
    options.out = out;
    options.jobs = (unsigned)job_count;
    options.points = (unsigned)point_count;
    options.futures = (unsigned)future_count;
    options.loosely = loosely;
    options.no_pictures = plain;
    if (!quiet && !json && isatty(STDERR_FILENO)) {
        options.progress = show;
        options.user = &last;
    }
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    status = why_run(&options, &result, &error);
    if (last != 0) {
        fputs("\r\033[K", stderr);
    }
    if (error != NULL) {
        command_complain("why", "%s", error->message);
        g_error_free(error);
        return status;
    }
    if (json) {
        g_autofree char *text = why_json(&result);

        puts(text);
    } else if (!quiet) {
        print(&result);
    }
    why_result_clear(&result);
    return status;
}

static void
on_interrupt(int signal)
{
    (void)signal;
    stop = 1;
}

static bool
judge(const char *option, const char *text, uint64_t high, uint64_t *number)
{
    if (text == NULL || command_number(text, 1, high, number)) {
        return true;
    }
    command_complain("why", "%s: found '%s', expected 1 to %" PRIu64, option,
                     text, high);
    return false;
}

static void
show(void *user, const WhyProgress *progress)
{
    uint64_t *last = user;

    if (progress->wall_ns - *last < PROGRESS_NS || progress->step == NULL) {
        return;
    }
    *last = progress->wall_ns;
    fprintf(stderr,
            "\r%.0f s, %" PRIu64 " runs: %s, %u points, %u of %u faults"
            "\033[K",
            (double)progress->wall_ns / 1e9, progress->runs, progress->step,
            progress->points, progress->faults, progress->fault_count);
    fflush(stderr);
}

static void
print(const WhyResult *result)
{
    printf("%s, seed %" PRIu64 ": %s\n", result->name, result->seed,
           result->signature);
    printf("  fails at %.3f s; redrawn from earlier, the same past has other "
           "futures:\n\n",
           (double)result->failed_at / 1e9);
    print_curve(result);
    print_jump(result);
    print_faults(result);
    print_futures(result);
}

static void
print_curve(const WhyResult *result)
{
    printf("   redrawn at    fails alike (95 %%)   0 %%%*s50 %%%*s100 %%\n",
           (int)BAR / 2 - 3, "", (int)BAR / 2 - 6, "");
    for (unsigned i = 0; i < result->points->len; i++) {
        if (is_shown(result, i)) {
            print_point(&g_array_index(result->points, WhyPoint, i));
        }
    }
}

/* Evenly spread, and those about the jump. */
static bool
is_shown(const WhyResult *result, unsigned index)
{
    unsigned count = result->points->len;

    return count <= POINTS_MOST || index == 0 || index + 1 == count ||
           (index + 2 >= result->before && index <= result->after + 2) ||
           index * (POINTS_MOST - 6) / count !=
               (index + 1) * (POINTS_MOST - 6) / count;
}

static void
print_point(const WhyPoint *point)
{
    const WhyShare *share = &point->share;
    unsigned low = (unsigned)(share->interval.low * BAR + 0.5);
    unsigned high = (unsigned)(share->interval.high * BAR + 0.5);
    unsigned middle = (unsigned)(why_share(share) * BAR + 0.5);
    char bar[BAR + 2];

    for (unsigned i = 0; i <= BAR; i++) {
        bar[i] = i == middle             ? '*'
                 : i >= low && i <= high ? '-'
                 : i == 0 || i == BAR    ? '|'
                                         : ' ';
    }
    bar[BAR + 1] = '\0';
    printf("  %9.3f s   %3.0f %%  (%.0f..%.0f)%*s%s\n", (double)point->at / 1e9,
           100 * why_share(share), 100 * share->interval.low,
           100 * share->interval.high,
           (int)(10 - (share->interval.low >= 0.095) -
                 (share->interval.high >= 0.095) -
                 (share->interval.high >= 0.995)),
           "", bar);
}

static void
print_jump(const WhyResult *result)
{
    const WhyPoint *first = &g_array_index(result->points, WhyPoint, 0);

    if (result->before == result->after) {
        printf("\n  %s: %.0f %% of all futures fail alike\n\n",
               why_share(&first->share) >= 0.5 ? "It was likely from the start"
                                               : "It never was likely",
               100 * why_share(&first->share));
        return;
    }
    printf(
        "\n  The failure became likely between %.3f s and %.3f s: %.0f %% of "
        "the futures\n  fail alike, then %.0f %%\n\n",
        (double)g_array_index(result->points, WhyPoint, result->before).at /
            1e9,
        (double)g_array_index(result->points, WhyPoint, result->after).at / 1e9,
        100 *
            why_share(
                &g_array_index(result->points, WhyPoint, result->before).share),
        100 *
            why_share(
                &g_array_index(result->points, WhyPoint, result->after).share));
}

static void
print_faults(const WhyResult *result)
{
    unsigned counts[4] = {0};

    for (unsigned i = 0; i < result->faults->len; i++) {
        const WhyFault *fault = &g_array_index(result->faults, WhyFault, i);

        if (counts[WHY_NEEDED] + counts[WHY_UNCLEAR] + counts[WHY_RARE] +
                counts[WHY_LATER] ==
            0) {
            printf("  line  fails with, without it     vanish  what\n");
        }
        counts[fault->need]++;
        if (fault->need == WHY_NEEDED) {
            printf("  %4u      %3.0f %%  ->  %3.0f %%      %3.0f %%  %s\n",
                   fault->number, 100 * why_share(&fault->with),
                   100 * why_share(&fault->without), 100 * fault->vanished,
                   fault->words);
        }
    }
    if (result->faults->len == 0) {
        printf("  There are no faults in the plan.\n");
        return;
    }
    if (counts[WHY_NEEDED] == 0) {
        printf("  none of the faults lowers it when it is not there\n");
    }
    if (counts[WHY_UNCLEAR] > 0) {
        printf("  %u more make no difference that shows\n",
               counts[WHY_UNCLEAR]);
    }
    if (counts[WHY_RARE] > 0) {
        printf("  of %u it cannot be said: from their beginning on hardly any "
               "future fails alike\n",
               counts[WHY_RARE]);
    }
    if (counts[WHY_LATER] > 0) {
        printf("  %u come after the failure\n", counts[WHY_LATER]);
    }
}

static void
print_futures(const WhyResult *result)
{
    printf("\n  %" PRIu64 " runs in %.1f s; ", result->runs,
           (double)result->wall_ns / 1e9);
    if (result->from_zero) {
        printf("each from zero\n");
    } else {
        printf("%u of them once more from zero: the same\n", result->checked);
    }
    if (result->picture_error != NULL) {
        printf("  no picture: %s\n", result->picture_error);
    }
    {
        g_auto(GStrv) parts = g_strsplit(result->command, "%s", 2);

        printf("  %s: why.csv, faults.csv%s, and of\n  each point the plan of "
               "a future that fails and of one that passes, to be run by\n"
               "    %s%s/failing-...s.yaml%s\n",
               result->out, result->pictures ? ", why.svg, why.png" : "",
               parts[0], result->out, parts[1] != NULL ? parts[1] : "");
    }
}

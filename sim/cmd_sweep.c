/* SPDX-License-Identifier: Apache-2.0 */
/* `seedbed sweep`: many seeds, and one screen about them. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "nodes/quantity.h"
#include "sim/catalogue.h"
#include "sim/command.h"
#include "sim/scratch.h"
#include "sim/sweep_summary.h"
#include "sim/whole_file.h"

#define VERB           "sweep"
#define SEEDS_DEFAULT  1000u
#define JOBS_MOST      1024u
#define SHARDS_MOST    1000000u
#define LINE_SECONDS   30.0 /* between plain lines of progress */
#define REDRAW_SECONDS 0.2  /* of the bar on a terminal */
#define BAR_WIDTH      24u

/* The options of this verb alone, as they were given. */
typedef struct Given {
    CommandOptions shared;
    char *seeds, *duration, *jobs, *fail_fast, *shard, *since;
    gboolean resume, restart;
} Given;

/* Who is told of progress, and when last. */
typedef struct Watcher {
    bool terminal, quiet;
    double last;
    bool drawn;
} Watcher;

static bool judge(const Given *given, SweepOptions *options, RunOptions *run);
static bool judge_seeds(const Given *given, SweepOptions *options,
                        RunOptions *run);
static bool judge_shard(const char *text, SweepOptions *options);
static bool judge_numbers(const Given *given, SweepOptions *options);
static int sweep(const Given *given, const SweepOptions *options);
static bool write_summary(const SweepOptions *options, const char *json,
                          GError **error);
static void show_progress(void *user, const SweepProgress *progress);
static void draw_bar(const SweepProgress *progress);
static void print_time(GString *text, double seconds);
static char *default_out(const char *path);
static char *typed(int argc, char **argv);
static void given_clear(Given *given);

int
cmd_sweep(int argc, char **argv)
{
    Given given = {0};
    const GOptionEntry entries[] = {
        {"seeds", 0, 0, G_OPTION_ARG_STRING, &given.seeds,
         "the seeds, both included (default 1000 from --seed on)", "A..B"},
        {"for", 0, 0, G_OPTION_ARG_STRING, &given.duration,
         "stop beginning runs after so long, such as 8h", "TIME"},
        {"jobs", 'j', 0, G_OPTION_ARG_STRING, &given.jobs,
         "worker processes (default one a core)", "N"},
        {"fail-fast", 0, 0, G_OPTION_ARG_STRING, &given.fail_fast,
         "stop after N failures", "N"},
        {"shard", 0, 0, G_OPTION_ARG_STRING, &given.shard,
         "the K-th of N equal parts of the seeds", "K/N"},
        {"resume", 0, 0, G_OPTION_ARG_NONE, &given.resume,
         "go on with what is in the folder", NULL},
        {"restart", 0, 0, G_OPTION_ARG_NONE, &given.restart,
         "replace the folder, though its sweep is not finished", NULL},
        {"since", 0, 0, G_OPTION_ARG_FILENAME, &given.since,
         "an older sweep: mark failures as new, ongoing, resolved", "SWEEP"},
        {NULL, 0, 0, 0, NULL, NULL, NULL}};
    g_autofree char *command = typed(argc, argv);
    g_autofree char *path = NULL;
    g_autofree char *out = NULL;
    char *scratch = NULL;
    SweepVariant plain = {.name = (char *)(uintptr_t) "", .build = 'A'};
    SweepOptions options = {.variants = &plain, .variant_count = 1};
    RunOptions run;
    GError *error = NULL;
    char *operands[1];
    int status = RUN_BAD_ARGUMENTS;

    if (!command_parse(&argc, &argv, "SCENARIO",
                       "seedbed sweep tests/scenarios/raft-chaos.yaml --seeds "
                       "1..10000\n  seedbed sweep raft-chaos --for 8h "
                       "--resume --junit nightly.xml",
                       entries, &given.shared, 1, 1, operands, &status)) {
        given_clear(&given);
        return status;
    }
    status = RUN_BAD_ARGUMENTS;
    if (command_run_options(&given.shared, &run) &&
        judge(&given, &options, &run)) {
        path = catalogue_find(operands[0]);
        run.scenario = path;
        options.run = &run;
        options.command = command;
        if (given.shared.no_out) {
            scratch = scratch_new(&error);
            options.no_capsules = true;
        } else {
            out = given.shared.out != NULL ? g_strdup(given.shared.out)
                                           : default_out(path);
        }
        options.out = scratch != NULL ? scratch : out;
        if (error != NULL) {
            command_complain(VERB, "%s", error->message);
            g_error_free(error);
            status = RUN_INTERNAL;
        } else {
            status = sweep(&given, &options);
        }
        scratch_free(scratch);
    }
    given_clear(&given);
    return status;
}

static bool
judge(const Given *given, SweepOptions *options, RunOptions *run)
{
    if (given->resume && given->restart) {
        command_complain(VERB, "--resume and --restart: expected one of them");
        return false;
    }
    if (given->resume && given->shared.no_out) {
        command_complain(VERB, "--no-out: leaves nothing, so it does not go "
                               "with --resume");
        return false;
    }
    options->resume = given->resume;
    options->restart = given->restart;
    return judge_seeds(given, options, run) && judge_numbers(given, options) &&
           judge_shard(given->shard, options);
}

static bool
judge_seeds(const Given *given, SweepOptions *options, RunOptions *run)
{
    const char *dots;
    g_autofree char *low = NULL;
    uint64_t last;

    options->seed_count =
        given->duration != NULL ? UINT64_MAX : (uint64_t)SEEDS_DEFAULT;
    if (given->seeds == NULL) {
        return true;
    }
    if (given->shared.seed != NULL) {
        command_complain(VERB, "--seed and --seeds: expected one of them");
        return false;
    }
    dots = strstr(given->seeds, "..");
    low = dots != NULL ? g_strndup(given->seeds, (size_t)(dots - given->seeds))
                       : g_strdup("");
    if (!command_seed(low, &run->seed) || !command_seed(dots + 2, &last) ||
        last < run->seed || last - run->seed == UINT64_MAX) {
        command_complain(VERB,
                         "--seeds: found '%s', expected A..B such as 1..1000",
                         given->seeds);
        return false;
    }
    options->seed_count = last - run->seed + 1;
    return true;
}

static bool
judge_numbers(const Given *given, SweepOptions *options)
{
    uint64_t number;

    if (given->jobs != NULL) {
        if (!command_number(given->jobs, 1, JOBS_MOST, &number)) {
            command_complain(VERB, "--jobs: found '%s', expected 1 to %u",
                             given->jobs, JOBS_MOST);
            return false;
        }
        options->jobs = (unsigned)number;
    }
    if (given->fail_fast != NULL &&
        !command_number(given->fail_fast, 1, UINT64_MAX, &options->fail_fast)) {
        command_complain(VERB,
                         "--fail-fast: found '%s', expected a number from 1 on",
                         given->fail_fast);
        return false;
    }
    if (given->duration != NULL &&
        (!quantity_duration(given->duration, &options->for_ns, NULL) ||
         options->for_ns == 0)) {
        command_complain(VERB,
                         "--for: found '%s', expected a time such as 8h or "
                         "\"90 s\"",
                         given->duration);
        return false;
    }
    return true;
}

static bool
judge_shard(const char *text, SweepOptions *options)
{
    g_auto(GStrv) words = g_strsplit(text != NULL ? text : "1/1", "/", 2);
    uint64_t shard, shards;

    if (g_strv_length(words) != 2 ||
        !command_number(words[1], 1, SHARDS_MOST, &shards) ||
        !command_number(words[0], 1, shards, &shard)) {
        command_complain(VERB,
                         "--shard: found '%s', expected K/N such as 1/4 with K "
                         "from 1 to N",
                         text);
        return false;
    }
    options->shard = (unsigned)shard;
    options->shards = (unsigned)shards;
    return true;
}

static int
sweep(const Given *given, const SweepOptions *judged)
{
    SweepOptions options = *judged;
    Watcher watcher = {.terminal = isatty(STDERR_FILENO) != 0,
                       .quiet = given->shared.quiet};
    SweepOutcome outcome;
    SweepSummary *summary = NULL;
    g_autofree char *json = NULL;
    GError *error = NULL;
    int status;

    options.progress = show_progress;
    options.user = &watcher;
    status = sweep_run(&options, &outcome, &error);
    if (watcher.drawn) {
        fputs("\r\033[K", stderr);
    }
    if (status == 0) {
        summary = sweep_summary_new(&options, &outcome, given->since, &error);
        status = summary != NULL ? sweep_summary_status(summary) : RUN_INTERNAL;
    }
    if (summary != NULL) {
        json = sweep_summary_json(summary);
        if (!options.no_capsules && !write_summary(&options, json, &error)) {
            status = RUN_INTERNAL;
        }
        if (given->shared.json) {
            puts(json);
        } else if (!given->shared.quiet) {
            sweep_summary_print(stdout, summary);
        }
    }
    sweep_summary_free(summary);
    if (error != NULL) {
        command_complain(VERB, "%s", error->message);
        g_error_free(error);
    }
    return status;
}

static bool
write_summary(const SweepOptions *options, const char *json, GError **error)
{
    g_autofree char *path =
        g_build_filename(options->out, "summary.json", NULL);
    g_autofree char *text = g_strconcat(json, "\n", NULL);

    return whole_file_write(path, text, strlen(text), error);
}

static void
show_progress(void *user, const SweepProgress *progress)
{
    Watcher *watcher = user;

    if (watcher->quiet ||
        progress->seconds - watcher->last <
            (watcher->terminal ? REDRAW_SECONDS : LINE_SECONDS)) {
        return;
    }
    watcher->last = progress->seconds;
    if (watcher->terminal) {
        fputs("\r\033[K", stderr);
        watcher->drawn = true;
    }
    draw_bar(progress);
    if (!watcher->terminal) {
        fputc('\n', stderr);
    }
    fflush(stderr);
}

static void
draw_bar(const SweepProgress *progress)
{
    g_autoptr(GString) text = g_string_new(NULL);
    uint64_t behind = progress->done + progress->there;

    if (progress->total != UINT64_MAX) {
        unsigned full =
            (unsigned)(progress->total > 0 ? (double)behind * BAR_WIDTH /
                                                 (double)progress->total
                                           : BAR_WIDTH);

        g_string_append_c(text, '[');
        for (unsigned i = 0; i < BAR_WIDTH; i++) {
            g_string_append_c(text, i < full ? '#' : '.');
        }
        g_string_append_printf(text, "] %" PRIu64 "/%" PRIu64, behind,
                               progress->total);
    } else {
        g_string_append_printf(text, "%" PRIu64 " runs", behind);
    }
    g_string_append_printf(text, "  %.1f/s  %" PRIu64 " failed",
                           progress->seconds > 0
                               ? (double)progress->done / progress->seconds
                               : 0.0,
                           progress->failures);
    if (progress->groups > 0) {
        g_string_append_printf(text, " in %u kind%s", progress->groups,
                               progress->groups == 1 ? "" : "s");
    }
    if (progress->left >= 0) {
        g_string_append(text, "  ");
        print_time(text, progress->left);
        g_string_append(text, " left");
    }
    fputs(text->str, stderr);
}

static void
print_time(GString *text, double seconds)
{
    uint64_t whole = (uint64_t)(seconds + 0.5);

    if (whole >= 3600) {
        g_string_append_printf(text, "%" PRIu64 "h%02" PRIu64 "m", whole / 3600,
                               whole / 60 % 60);
    } else if (whole >= 60) {
        g_string_append_printf(text, "%" PRIu64 "m%02" PRIu64 "s", whole / 60,
                               whole % 60);
    } else {
        g_string_append_printf(text, "%" PRIu64 "s", whole);
    }
}

/* Beside the runs of the same scenario, which is called after its file unless
 * it has a name of its own. */
static char *
default_out(const char *path)
{
    Scenario *scenario = scenario_load(path, NULL, 0, 1, NULL);
    char *out = g_strdup_printf("out/%s/sweep",
                                scenario != NULL ? scenario->name : "unnamed");

    if (scenario != NULL) {
        scenario_free(scenario);
    }
    return out;
}

/* The command, so that it can be typed again; without --resume and --restart,
 * which would be said twice. */
static char *
typed(int argc, char **argv)
{
    GString *text = g_string_new("seedbed");

    for (int i = 0; i < argc; i++) {
        g_autofree char *quoted = g_shell_quote(argv[i]);
        bool plain = strspn(argv[i], "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNO"
                                     "PQRSTUVWXYZ0123456789-_=./,:+@%") ==
                         strlen(argv[i]) &&
                     argv[i][0] != '\0';

        if (strcmp(argv[i], "--resume") != 0 &&
            strcmp(argv[i], "--restart") != 0) {
            g_string_append_printf(text, " %s", plain ? argv[i] : quoted);
        }
    }
    return g_string_free(text, FALSE);
}

static void
given_clear(Given *given)
{
    command_options_clear(&given->shared);
    g_free(given->seeds);
    g_free(given->duration);
    g_free(given->jobs);
    g_free(given->fail_fast);
    g_free(given->shard);
    g_free(given->since);
}

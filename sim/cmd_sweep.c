/* SPDX-License-Identifier: Apache-2.0 */
/* `seedbed sweep`: many seeds, and one screen about them. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "nodes/quantity.h"
#include "sim/catalogue.h"
#include "sim/command.h"
#include "sim/scratch.h"
#include "sim/sweep_export.h"
#include "sim/sweep_progress.h"
#include "sim/sweep_summary.h"
#include "sim/sweep_vary.h"
#include "sim/whole_file.h"

#define VERB          "sweep"
#define SEEDS_DEFAULT 1000u
#define JOBS_MOST     1024u
#define SHARDS_MOST   1000000u
#define CANARY        "canary" /* the scenario that must fail */

/* The options of this verb alone, as they were given. */
typedef struct Given {
    CommandOptions shared;
    char *seeds, *repeat, *duration, *jobs, *fail_fast, *shard;
    char **vary;
    char *against, *since, *junit, *csv;
    gboolean resume, restart, canary;
} Given;

static int begin(const Given *given, const char *scenario, const char *command);
static bool judge(const Given *given, SweepOptions *options, RunOptions *run);
static bool judge_seeds(const Given *given, SweepOptions *options,
                        RunOptions *run);
static bool judge_shard(const char *text, SweepOptions *options);
static bool judge_numbers(const Given *given, SweepOptions *options);
static bool judge_files(const Given *given);
static bool judge_output(const char *option, const char *path);
static char *program_path(const char *name);
static void take_up(const Given *given, SweepOptions *options, RunOptions *run);
static bool canary(const Given *given, const RunOptions *run);
static int sweep(const Given *given, const SweepOptions *options);
static bool export(const Given *given, const SweepSummary *summary,
                   GError **error);
static bool write_summary(const SweepOptions *options, const char *json,
                          GError **error);
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
        {"repeat", 0, 0, G_OPTION_ARG_STRING, &given.repeat,
         "that many seeds from --seed on, for each variant", "N"},
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
        {"vary", 0, 0, G_OPTION_ARG_STRING_ARRAY, &given.vary,
         "every seed with each of these values; given more than once, with "
         "all combinations",
         "path.to.key=V,V,..."},
        {"against", 0, 0, G_OPTION_ARG_FILENAME, &given.against,
         "another build of seedbed, run with the same seeds (A/B)", "PROGRAM"},
        {"junit", 0, 0, G_OPTION_ARG_FILENAME, &given.junit,
         "also write the results as JUnit's XML", "FILE"},
        {"csv", 0, 0, G_OPTION_ARG_FILENAME, &given.csv,
         "also write the table of runs", "FILE"},
        {"canary", 0, 0, G_OPTION_ARG_NONE, &given.canary,
         "first see that a scenario that must fail does", NULL},
        {"since", 0, 0, G_OPTION_ARG_FILENAME, &given.since,
         "an older sweep: mark failures as new, ongoing, resolved", "SWEEP"},
        {NULL, 0, 0, 0, NULL, NULL, NULL}};
    g_autofree char *command = typed(argc, argv);
    char *operands[1];
    int status;

    if (command_parse(&argc, &argv, "SCENARIO",
                      "seedbed sweep tests/scenarios/raft-chaos.yaml --seeds "
                      "1..10000\n  seedbed sweep raft-chaos --for 8h --resume "
                      "--junit nightly.xml\n  seedbed sweep raft-chaos --vary "
                      "network.links.loss=0,1,5% --vary nodes.count=3,5 "
                      "--repeat 100",
                      entries, &given.shared, 1, 1, operands, &status)) {
        status = begin(&given, operands[0], command);
    }
    given_clear(&given);
    return status;
}

/* Judge all that was given, before anything is written. */
static int
begin(const Given *given, const char *scenario, const char *command)
{
    g_autofree char *path = catalogue_find(scenario);
    g_autofree char *against = NULL;
    g_autofree char *out = NULL;
    g_autoptr(GArray) variants = NULL;
    SweepOptions options = {.command = command};
    RunOptions run;
    GError *error = NULL;
    int status = RUN_BAD_ARGUMENTS;

    if (!command_run_options(&given->shared, &run) ||
        !judge(given, &options, &run) || !judge_files(given)) {
        return RUN_BAD_ARGUMENTS;
    }
    if (given->against != NULL) {
        against = program_path(given->against);
        if (against == NULL) {
            command_complain(VERB, "--against: found no program '%s'",
                             given->against);
            return RUN_BAD_ARGUMENTS;
        }
    }
    variants = sweep_vary(given->vary, against != NULL, &error);
    if (variants != NULL) {
        run.scenario = path;
        out = given->shared.no_out        ? scratch_new(&error)
              : given->shared.out != NULL ? g_strdup(given->shared.out)
                                          : default_out(path);
    }
    if (out != NULL) {
        options.run = &run;
        options.out = out;
        options.no_capsules = given->shared.no_out;
        options.against = against;
        options.variants = (const SweepVariant *)(gconstpointer)variants->data;
        options.variant_count = variants->len;
        take_up(given, &options, &run);
        status = canary(given, &run) ? sweep(given, &options) : RUN_INTERNAL;
        if (options.no_capsules) {
            scratch_free(g_steal_pointer(&out));
        }
    }
    if (error != NULL) {
        command_complain(VERB, "%s", error->message);
        g_error_free(error);
    }
    return status;
}

/* What is only used at the end must not end a night's work then. */
static bool
judge_files(const Given *given)
{
    g_autofree char *path = NULL;
    GError *error = NULL;
    Results *since;

    if (!judge_output("--junit", given->junit) ||
        !judge_output("--csv", given->csv)) {
        return false;
    }
    if (given->since == NULL) {
        return true;
    }
    path = sweep_summary_since(given->since);
    since = results_open(path, false, &error);
    if (since == NULL) {
        command_complain(VERB, "--since: %s", error->message);
        g_error_free(error);
    }
    results_close(since);
    return since != NULL;
}

static bool
judge_output(const char *option, const char *path)
{
    g_autofree char *folder = NULL;

    if (path == NULL) {
        return true;
    }
    folder = g_path_get_dirname(path);
    if (path[0] == '\0' || access(folder, W_OK | X_OK) != 0 ||
        g_file_test(path, G_FILE_TEST_IS_DIR)) {
        command_complain(VERB,
                         "%s: found '%s', expected a file in a folder that can "
                         "be written to",
                         option, path);
        return false;
    }
    return true;
}

/* A program by its path, or by its name where the shell would find it. */
static char *
program_path(const char *name)
{
    g_autofree char *found = g_find_program_in_path(name);

    return found != NULL ? g_canonicalize_filename(found, NULL) : NULL;
}

/* --resume without saying of which seeds: those that were asked for. */
static void
take_up(const Given *given, SweepOptions *options, RunOptions *run)
{
    g_autofree char *path = g_build_filename(options->out, RESULTS_FILE, NULL);
    g_autofree char *first = NULL;
    g_autofree char *count = NULL;
    Results *results;

    if (!given->resume || given->seeds != NULL || given->repeat != NULL ||
        given->shared.seed != NULL) {
        return;
    }
    results = results_open(path, false, NULL);
    if (results == NULL) {
        return; /* it will be told why */
    }
    first = results_value(results, "first_seed");
    count = results_value(results, "seed_count");
    results_close(results);
    if (first != NULL) {
        command_number(first, 0, UINT64_MAX, &run->seed);
    }
    if (count != NULL && given->duration == NULL &&
        !command_number(count, 1, UINT64_MAX, &options->seed_count)) {
        options->seed_count = UINT64_MAX;
    }
}

/* A sweep that finds nothing may be a sweep that looks at nothing: one
 * scenario that must fail is run first. False after one line. */
static bool
canary(const Given *given, const RunOptions *run)
{
    static RunResult result;
    g_autofree char *path = catalogue_find(CANARY);
    RunOptions options;
    GError *error = NULL;
    int status;

    if (!given->canary) {
        return true;
    }
    run_options_init(&options);
    options.scenario = path;
    options.seed = run->seed;
    options.no_folder = true;
    status = run_scenario(&options, &result, &error);
    if (status == RUN_VIOLATED) {
        return true;
    }
    command_complain(VERB,
                     "--canary: %s with seed %" PRIu64
                     " must be violated, but %s: what this sweep does not "
                     "find means nothing",
                     path, run->seed,
                     error != NULL ? error->message : "it was not");
    g_clear_error(&error);
    return false;
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
    if (given->repeat != NULL) {
        if (!command_number(given->repeat, 1, UINT64_MAX,
                            &options->seed_count)) {
            command_complain(VERB,
                             "--repeat: found '%s', expected a number from 1 "
                             "on",
                             given->repeat);
            return false;
        }
        if (given->seeds != NULL) {
            command_complain(VERB, "--repeat and --seeds: expected one of "
                                   "them");
            return false;
        }
    }
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
    SweepProgressView view;
    SweepOutcome outcome;
    SweepSummary *summary = NULL;
    g_autofree char *json = NULL;
    GError *error = NULL;
    int status;

    sweep_progress_init(&view, given->shared.quiet);
    options.progress = sweep_progress_show;
    options.user = &view;
    status = sweep_run(&options, &outcome, &error);
    sweep_progress_clear(&view);
    if (status == 0) {
        summary = sweep_summary_new(&options, &outcome, given->since, &error);
        status = summary != NULL ? sweep_summary_status(summary) : RUN_INTERNAL;
    }
    if (summary != NULL) {
        json = sweep_summary_json(summary);
        if (!options.no_capsules && !write_summary(&options, json, &error)) {
            status = RUN_INTERNAL;
        }
        if (!export(given, summary, &error)) {
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

static bool export(const Given *given, const SweepSummary *summary,
                   GError **error)
{
    return *error == NULL &&
           (given->junit == NULL ||
            sweep_export_junit(summary, given->junit, error)) &&
           (given->csv == NULL || sweep_export_csv(summary, given->csv, error));
}

static bool
write_summary(const SweepOptions *options, const char *json, GError **error)
{
    g_autofree char *path =
        g_build_filename(options->out, "summary.json", NULL);
    g_autofree char *text = g_strconcat(json, "\n", NULL);

    return whole_file_write(path, text, strlen(text), error);
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
    g_free(given->repeat);
    g_strfreev(given->vary);
    g_free(given->against);
    g_free(given->junit);
    g_free(given->csv);
    g_free(given->duration);
    g_free(given->jobs);
    g_free(given->fail_fast);
    g_free(given->shard);
    g_free(given->since);
}

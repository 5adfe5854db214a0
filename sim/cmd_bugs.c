/* SPDX-License-Identifier: Apache-2.0 */
/* `seedbed bugs`: the planted bugs, one a line; with --measure, how soon each
 * is found. */
#include <inttypes.h>
#include <json-glib/json-glib.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "nodes/bugs.h"
#include "nodes/quantity.h"
#include "sim/bugs_measure.h"
#include "sim/bugs_report.h"
#include "sim/command.h"

#define VERB "bugs"

/* The options, as they were given. */
typedef struct Given {
    gboolean json, measure, quiet;
    char **bugs;
    char *tries, *cap, *seeds, *jobs, *shrink, *out;
} Given;

static volatile int stop;

static bool judge(const Given *given, BugsMeasureOptions *options);
static bool number(const char *option, const char *text, uint64_t high,
                   uint64_t *value);
static int *chosen(char **names, unsigned *count);
static int measure(const Given *given);
static int conclude(const Given *given, const BugsMeasureOptions *options,
                    const GArray *tries);
static void on_interrupt(int signal);
static void show(void *user, const BugsMeasureProgress *progress);
static void print_table(void);
static void print_json(void);
static void given_clear(Given *given);

int
cmd_bugs(int argc, char **argv)
{
    Given given = {0};
    const GOptionEntry entries[] = {
        {"json", 0, 0, G_OPTION_ARG_NONE, &given.json,
         "print one JSON object and nothing else", NULL},
        {"measure", 0, 0, G_OPTION_ARG_NONE, &given.measure,
         "seeds and CPU-seconds until each is found (needs --enable-bugs)",
         NULL},
        {"bug", 0, 0, G_OPTION_ARG_STRING_ARRAY, &given.bugs,
         "measure this one alone; may be given more than once", "NAME"},
        {"tries", 0, 0, G_OPTION_ARG_STRING, &given.tries,
         "independent tries of each (default 20)", "N"},
        {"cap", 0, 0, G_OPTION_ARG_STRING, &given.cap,
         "CPU time after which a try gives up (default 300s)", "TIME"},
        {"seeds", 0, 0, G_OPTION_ARG_STRING, &given.seeds,
         "seeds after which a try gives up (default 1000000)", "N"},
        {"shrink", 0, 0, G_OPTION_ARG_STRING, &given.shrink,
         "shrink what the first N tries found (default 3)", "N"},
        {"jobs", 'j', 0, G_OPTION_ARG_STRING, &given.jobs,
         "tries at a time (default one a core)", "N"},
        {"out", 'o', 0, G_OPTION_ARG_FILENAME, &given.out,
         "README.md, bugs.csv and the tries that are done; goes on with what "
         "is there (default out/bugs)",
         "DIR"},
        {"quiet", 'q', 0, G_OPTION_ARG_NONE, &given.quiet,
         "print nothing but errors", NULL},
        {NULL, 0, 0, 0, NULL, NULL, NULL}};
    int status;

    if (command_parse(&argc, &argv, "",
                      "seedbed bugs\n  seedbed bugs --measure --bug "
                      "raft-double-vote --tries 5",
                      entries, NULL, 0, 0, NULL, &status)) {
        status = RUN_PASS;
        if (given.measure) {
            status = measure(&given);
        } else if (given.bugs != NULL || given.tries != NULL ||
                   given.cap != NULL || given.seeds != NULL ||
                   given.jobs != NULL || given.shrink != NULL ||
                   given.out != NULL) {
            command_complain(VERB, "found an option that says how to measure, "
                                   "expected --measure with it");
            status = RUN_BAD_ARGUMENTS;
        } else if (given.json) {
            print_json();
        } else {
            print_table();
        }
    }
    given_clear(&given);
    return status;
}

static int
measure(const Given *given)
{
    BugsMeasureOptions options = {.tries = 20,
                                  .shrink = 3,
                                  .cap_ns = 300 * SIM_S,
                                  .seeds_most = BUGS_MEASURE_SEEDS,
                                  .out = given->out != NULL ? given->out
                                                            : "out/bugs",
                                  .stop = &stop};
    struct sigaction action = {.sa_handler = on_interrupt};
    g_autofree int *bugs = NULL;
    g_autoptr(GArray) tries = NULL;
    GError *error = NULL;

    if (!SEEDBED_BUGS) {
        command_complain(VERB, "--measure: this build has no planted bugs, "
                               "configure with --enable-bugs");
        return RUN_BAD_ARGUMENTS;
    }
    bugs = chosen(given->bugs, &options.bug_count);
    options.bugs = bugs;
    if (bugs == NULL || !judge(given, &options)) {
        return RUN_BAD_ARGUMENTS;
    }
    if (!given->quiet && !given->json) {
        options.progress = show;
    }
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    tries = bugs_measure(&options, &error);
    if (options.progress != NULL && isatty(STDERR_FILENO)) {
        fputs("\r\033[K", stderr);
    }
    if (tries == NULL) {
        command_complain(VERB, "%s", error->message);
        g_error_free(error);
        return RUN_BAD_ARGUMENTS;
    }
    return conclude(given, &options, tries);
}

static int
conclude(const Given *given, const BugsMeasureOptions *options,
         const GArray *tries)
{
    g_autoptr(GArray) rows = bugs_report_rows(tries);
    unsigned missed = bugs_report_missed(rows);
    GError *error = NULL;

    if (!bugs_report_write(options, rows, &error)) {
        command_complain(VERB, "%s", error->message);
        g_error_free(error);
        return RUN_INTERNAL;
    }
    if (given->json) {
        printf("{\"out\":\"%s\",\"tries\":%u,\"bugs\":%u,\"missed\":%u}\n",
               options->out, tries->len, rows->len, missed);
    } else if (!given->quiet) {
        bugs_report_print(stdout, rows);
        printf("\n%u tries; of %u planted bugs %u were not found by half of "
               "theirs. %s/README.md has more.\n",
               tries->len, rows->len, missed, options->out);
    }
    if (tries->len < options->bug_count * options->tries) {
        command_complain(VERB, "stopped; the same command goes on");
        return RUN_UNKNOWN;
    }
    return missed > 0 ? RUN_VIOLATED : RUN_PASS;
}

static bool
judge(const Given *given, BugsMeasureOptions *options)
{
    uint64_t tries = options->tries, jobs = 0, shrink = options->shrink;

    if (!number("tries", given->tries, 1000, &tries) ||
        !number("jobs", given->jobs, 1024, &jobs) ||
        !number("seeds", given->seeds, BUGS_MEASURE_SEEDS,
                &options->seeds_most)) {
        return false;
    }
    if (given->shrink != NULL &&
        !command_number(given->shrink, 0, 1000, &shrink)) {
        command_complain(VERB, "--shrink: found '%s', expected 0 to 1000",
                         given->shrink);
        return false;
    }
    if (given->cap != NULL &&
        (!quantity_duration(given->cap, &options->cap_ns, NULL) ||
         options->cap_ns == 0)) {
        command_complain(VERB,
                         "--cap: found '%s', expected a time such as "
                         "\"300 s\"",
                         given->cap);
        return false;
    }
    options->tries = (unsigned)tries;
    options->jobs = (unsigned)jobs;
    options->shrink = (unsigned)shrink;
    return true;
}

static bool
number(const char *option, const char *text, uint64_t high, uint64_t *value)
{
    if (text == NULL || command_number(text, 1, high, value)) {
        return true;
    }
    command_complain(VERB, "--%s: found '%s', expected 1 to %" PRIu64, option,
                     text, high);
    return false;
}

/* The numbers of @names, of all bugs when it is NULL. NULL after one line
 * about a name that is none. */
static int *
chosen(char **names, unsigned *count)
{
    unsigned named = names != NULL ? g_strv_length(names) : BUG_COUNT;
    int *bugs = g_new(int, named);

    *count = 0;
    for (unsigned i = 0; i < named; i++) {
        int bug = names != NULL ? bugs_find(names[i]) : (int)i;
        bool known = false;

        if (bug < 0) {
            command_complain(VERB,
                             "--bug: found '%s', expected one of "
                             "`seedbed bugs`",
                             names[i]);
            g_free(bugs);
            return NULL;
        }
        for (unsigned k = 0; k < *count; k++) {
            known = known || bugs[k] == bug;
        }
        if (!known) {
            bugs[(*count)++] = bug;
        }
    }
    return bugs;
}

static void
on_interrupt(int signal)
{
    (void)signal;
    stop = 1;
}

/* One line that is written over on a terminal, a line a try elsewhere. */
static void
show(void *user, const BugsMeasureProgress *progress)
{
    const BugsTry *last = progress->last;
    bool terminal = isatty(STDERR_FILENO) != 0;

    (void)user;
    if (last == NULL) {
        if (progress->there > 0) {
            fprintf(stderr, "%u of %u tries are there already\n",
                    progress->there, progress->total);
        }
        return;
    }
    fprintf(stderr,
            "%s%u/%u  %s try %u: %s after %" PRIu64 " seeds, %.2f CPU-s%s",
            terminal ? "\r\033[K" : "", progress->done + progress->there,
            progress->total, bugs_row(last->bug)->name, last->number,
            last->found ? last->check : "nothing", last->seeds,
            (double)last->cpu_ns / 1e9, terminal ? "" : "\n");
}

static void
print_table(void)
{
    for (int i = 0; i < BUG_COUNT; i++) {
        const BugRow *row = bugs_row(i);

        printf("%-26s %-4s  %-67s  %s\n", row->name, row->protocol, row->broken,
               row->source);
    }
    puts(SEEDBED_BUGS ? "\nCompiled in: seedbed run SCENARIO --bug NAME."
                      : "\nNot in this build: configure with --enable-bugs.");
}

static void
print_json(void)
{
    g_autoptr(JsonBuilder) json = json_builder_new();
    g_autoptr(JsonNode) root = NULL;
    g_autofree char *text = NULL;

#define MEMBER(name, kind, value)                                              \
    json_builder_set_member_name(json, name);                                  \
    json_builder_add_##kind##_value(json, value)
    json_builder_begin_object(json);
    MEMBER("compiled_in", boolean, SEEDBED_BUGS);
    json_builder_set_member_name(json, "bugs");
    json_builder_begin_array(json);
    for (int i = 0; i < BUG_COUNT; i++) {
        const BugRow *row = bugs_row(i);

        json_builder_begin_object(json);
        MEMBER("name", string, row->name);
        MEMBER("protocol", string, row->protocol);
        MEMBER("scenario", string, row->scenario);
        MEMBER("broken", string, row->broken);
        MEMBER("source", string, row->source);
        json_builder_end_object(json);
    }
    json_builder_end_array(json);
    json_builder_end_object(json);
#undef MEMBER
    root = json_builder_get_root(json);
    text = json_to_string(root, TRUE);
    puts(text);
}

static void
given_clear(Given *given)
{
    g_strfreev(given->bugs);
    g_free(given->tries);
    g_free(given->cap);
    g_free(given->seeds);
    g_free(given->jobs);
    g_free(given->shrink);
    g_free(given->out);
}

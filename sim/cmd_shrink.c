/* SPDX-License-Identifier: Apache-2.0 */
/* `seedbed shrink`: the smallest run that fails in the same way. */
#include <glib/gstdio.h>
#include <inttypes.h>
#include <json-glib/json-glib.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "nodes/quantity.h"
#include "sim/command.h"
#include "sim/plan_words.h"
#include "sim/shrink.h"

#define PROGRESS_NS (100 * SIM_MS)

static volatile int stop;

static bool same_place(const char *one, const char *other);
static void on_interrupt(int signal);
static void show(void *user, const ShrinkProgress *progress);
static void print(const ShrinkOptions *options, const ShrinkResult *result);
static void print_row(const char *name, uint64_t before, uint64_t after);
static void print_plan(const ShrinkResult *result);
static void print_json(const ShrinkOptions *options,
                       const ShrinkResult *result);
static void json_size(JsonBuilder *json, const char *name,
                      const ShrinkSize *size);

int
cmd_shrink(int argc, char **argv)
{
    g_autofree char *out = NULL;
    g_autofree char *jobs_text = NULL;
    g_autofree char *limit_text = NULL;
    gboolean loosely = FALSE, json = FALSE, quiet = FALSE;
    const GOptionEntry entries[] = {
        {"out", 'o', 0, G_OPTION_ARG_FILENAME, &out,
         "the run folder of what is left (default DIR/shrunk)", "DIR"},
        {"jobs", 'j', 0, G_OPTION_ARG_STRING, &jobs_text,
         "runs at a time (default: one a core); the result is the same", "N"},
        {"for", 0, 0, G_OPTION_ARG_STRING, &limit_text,
         "stop after so long with the best so far", "TIME"},
        {"loosely", 0, 0, G_OPTION_ARG_NONE, &loosely,
         "the same check is the same failure, whatever role and message", NULL},
        {"json", 0, 0, G_OPTION_ARG_NONE, &json,
         "print one JSON object and nothing else", NULL},
        {"quiet", 'q', 0, G_OPTION_ARG_NONE, &quiet, "print nothing but errors",
         NULL},
        {NULL, 0, 0, 0, NULL, NULL, NULL}};
    static ShrinkResult result;
    ShrinkOptions options = {.stop = &stop};
    struct sigaction action = {.sa_handler = on_interrupt};
    uint64_t jobs = 0, last = 0;
    GError *error = NULL;
    char *operands[1];
    int status;

    if (!command_parse(&argc, &argv, "DIR", "seedbed shrink out/raft-chaos/7",
                       entries, NULL, 1, 1, operands, &status)) {
        return status;
    }
    if (jobs_text != NULL && !command_number(jobs_text, 1, 1024, &jobs)) {
        command_complain("shrink", "--jobs: found '%s', expected 1 to 1024",
                         jobs_text);
        return RUN_BAD_ARGUMENTS;
    }
    if (limit_text != NULL &&
        (!quantity_duration(limit_text, &options.limit_ns, NULL) ||
         options.limit_ns == 0)) {
        command_complain("shrink",
                         "--for: found '%s', expected a time such as \"30 s\"",
                         limit_text);
        return RUN_BAD_ARGUMENTS;
    }
    if (out != NULL && same_place(out, operands[0])) {
        command_complain("shrink",
                         "--out: found '%s', expected another folder than the "
                         "one to shrink",
                         out);
        return RUN_BAD_ARGUMENTS;
    }
    options.folder = operands[0];
    options.out = out;
    options.jobs = (unsigned)jobs;
    options.loosely = loosely;
    if (!quiet && !json && isatty(STDERR_FILENO)) {
        options.progress = show;
        options.user = &last;
    }
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    status = (int)shrink_run(&options, &result, &error);
    if (last != 0) {
        fputs("\r\033[K", stderr);
    }
    if (error != NULL) {
        command_complain("shrink", "%s", error->message);
        g_error_free(error);
        return status;
    }
    if (json) {
        print_json(&options, &result);
    } else if (!quiet) {
        print(&options, &result);
    }
    shrink_result_clear(&result);
    return status;
}

static bool
same_place(const char *one, const char *other)
{
    g_autofree char *left = g_canonicalize_filename(one, NULL);
    g_autofree char *right = g_canonicalize_filename(other, NULL);
    GStatBuf first, second;

    return strcmp(left, right) == 0 ||
           (g_stat(one, &first) == 0 && g_stat(other, &second) == 0 &&
            first.st_dev == second.st_dev && first.st_ino == second.st_ino);
}

/* The best so far counts. */
static void
on_interrupt(int signal)
{
    (void)signal;
    stop = 1;
}

static void
show(void *user, const ShrinkProgress *progress)
{
    uint64_t *last = user;

    if (progress->wall_ns - *last < PROGRESS_NS || progress->step == NULL) {
        return;
    }
    *last = progress->wall_ns;
    fprintf(stderr,
            "\r%.0f s, %" PRIu64 " runs: %u of %u faults, %u of %u nodes, %u "
            "of %u clients; %s\033[K",
            (double)progress->wall_ns / 1e9, progress->runs,
            progress->now.faults, progress->before.faults, progress->now.nodes,
            progress->before.nodes, progress->now.clients,
            progress->before.clients, progress->step);
    fflush(stderr);
}

static void
print(const ShrinkOptions *options, const ShrinkResult *result)
{
    const RunResult *run = &result->run;
    const ShrinkSize *before = &result->before, *after = &result->after;

    printf("%s, seed %" PRIu64 ": %s\n", run->name, result->seed_before,
           result->signature);
    printf("  now %s at %.3f s: %s\n\n", run->violations[0].check,
           (double)run->violations[0].at / 1e9, run->violations[0].message);
    printf("  %-12s %12s %12s\n", "", "before", "after");
    print_row("faults", before->faults, after->faults);
    print_row("nodes", before->nodes, after->nodes);
    print_row("clients", before->clients, after->clients);
    print_row("operations", before->operations, after->operations);
    print_row("events", before->events, after->events);
    printf("  %-12s %10.3f s %10.3f s\n\n", "fails after",
           (double)before->duration / 1e9, (double)after->duration / 1e9);
    print_plan(result);
    if (result->seed != result->seed_before) {
        printf("  with seed %" PRIu64 ", which needs less than %" PRIu64 "\n",
               result->seed, result->seed_before);
    }
    printf("\n  %s%" PRIu64 " runs in %.1f s\n",
           result->complete ? "" : "stopped before all was tried: ",
           result->runs, (double)result->wall_ns / 1e9);
    (void)options;
    printf("  replay       seedbed replay %s\n", run->out);
}

static void
print_row(const char *name, uint64_t before, uint64_t after)
{
    printf("  %-12s %12" PRIu64 " %12" PRIu64 "\n", name, before, after);
}

static void
print_plan(const ShrinkResult *result)
{
    Plan *plan = plan_parse(result->plan, strlen(result->plan), "plan", NULL);

    g_assert(plan != NULL);
    if (plan->count == 0) {
        printf("  no fault is needed\n");
    }
    for (unsigned i = 0; i < plan->count; i++) {
        g_autofree char *words = plan_words(&plan->faults[i]);

        printf("  %s\n", words);
    }
    plan_free(plan);
}

static void
print_json(const ShrinkOptions *options, const ShrinkResult *result)
{
    g_autoptr(JsonBuilder) json = json_builder_new();
    g_autoptr(JsonNode) root = NULL;
    g_autofree char *text = NULL;
    g_autofree char *seed = g_strdup_printf("%" PRIu64, result->seed);
    g_autofree char *before = g_strdup_printf("%" PRIu64, result->seed_before);
    g_autofree char *replay =
        g_strdup_printf("seedbed replay %s", result->run.out);
    char digest[DIGEST_TEXT_SIZE];

    digest_text(result->run.digest, digest);
#define MEMBER(name, kind, value)                                              \
    json_builder_set_member_name(json, name);                                  \
    json_builder_add_##kind##_value(json, value)
    json_builder_begin_object(json);
    MEMBER("folder", string, options->folder);
    MEMBER("scenario", string, result->run.name);
    MEMBER("signature", string, result->signature);
    MEMBER("check", string, result->run.violations[0].check);
    MEMBER("message", string, result->run.violations[0].message);
    MEMBER("seed_before", string, before);
    MEMBER("seed", string, seed);
    json_size(json, "before", &result->before);
    json_size(json, "after", &result->after);
    MEMBER("plan", string, result->plan);
    MEMBER("digest", string, digest);
    MEMBER("complete", boolean, result->complete);
    MEMBER("runs", int, (gint64)result->runs);
    MEMBER("wall_ns", int, (gint64)result->wall_ns);
    MEMBER("cpu_ns", int, (gint64)result->cpu_ns);
    MEMBER("out", string, result->run.out);
    MEMBER("replay", string, replay);
    json_builder_end_object(json);
    root = json_builder_get_root(json);
    text = json_to_string(root, TRUE);
    puts(text);
}

static void
json_size(JsonBuilder *json, const char *name, const ShrinkSize *size)
{
    json_builder_set_member_name(json, name);
    json_builder_begin_object(json);
    MEMBER("faults", int, size->faults);
    MEMBER("nodes", int, size->nodes);
    MEMBER("clients", int, size->clients);
    MEMBER("operations", int, (gint64)size->operations);
    MEMBER("events", int, (gint64)size->events);
    MEMBER("virtual_ns", int, (gint64)size->duration);
    json_builder_end_object(json);
#undef MEMBER
}

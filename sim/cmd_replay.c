/* SPDX-License-Identifier: Apache-2.0 */
/* `seedbed replay`: the run of a folder once more, compared with the original
 * at every checkpoint. */
#include <inttypes.h>
#include <json-glib/json-glib.h>
#include <stdio.h>
#include <string.h>

#include "nodes/quantity.h"
#include "sim/build_id.h"
#include "sim/command.h"
#include "sim/run_files.h"
#include "sim/run_folder.h"

typedef struct ReplayOptions {
    const char *until, *gdb; /* borrowed */
    gboolean print_trace, json, quiet;
} ReplayOptions;

/* The run of the folder and the one just made. */
typedef struct Replay {
    const ReplayOptions *given;
    const RunFolder *folder;
    RunOptions options;
    RunResult result;
    bool cut; /* by --until, before its end */
    bool same;
    FILE *out; /* for words */
} Replay;

static int replay_folder(Replay *replay, SimTime until, NodeId gdb);
static bool judge_options(const ReplayOptions *given, SimTime *until,
                          NodeId *gdb);
static bool parse_until(const char *text, SimTime *until);
static bool compare(const Replay *replay);
static void say_begin(const Replay *replay);
static void say_changes(const Replay *replay);
static void say_end(const Replay *replay);
static void say_difference(const Replay *replay);
static void print_json(const Replay *replay);

int
cmd_replay(int argc, char **argv)
{
    static Replay replay;
    ReplayOptions given = {0};
    g_autofree char *until_text = NULL;
    g_autofree char *gdb_text = NULL;
    g_auto(GStrv) traces = NULL;
    g_auto(GStrv) captures = NULL;
    const GOptionEntry entries[] = {
        {"until", 'u', 0, G_OPTION_ARG_STRING, &until_text,
         "stop there and say what is going on", "TIME"},
        {"print-trace", 0, 0, G_OPTION_ARG_NONE, &given.print_trace,
         "the text trace to stdout, words to stderr", NULL},
        {"gdb", 'g', 0, G_OPTION_ARG_STRING, &gdb_text,
         "that node in a process of its own, under gdb", "NODE"},
        {"trace", 0, 0, G_OPTION_ARG_STRING_ARRAY, &traces,
         "leave the trace in DIR; may be given more than once",
         "text|binary|perfetto|shiviz"},
        {"capture", 0, 0, G_OPTION_ARG_STRING_ARRAY, &captures,
         "leave what the network carried in DIR", "pcap|pcapng"},
        {"json", 0, 0, G_OPTION_ARG_NONE, &given.json,
         "print one JSON object and nothing else", NULL},
        {"quiet", 'q', 0, G_OPTION_ARG_NONE, &given.quiet,
         "print nothing but errors", NULL},
        {NULL, 0, 0, 0, NULL, NULL, NULL}};
    g_autoptr(RunFolder) folder = NULL;
    SimTime until;
    NodeId gdb;
    GError *error = NULL;
    char *operands[1];
    int status;

    if (!command_parse(&argc, &argv, "DIR",
                       "seedbed replay out/raft-partition/7 --until \"5.2 s\"",
                       entries, NULL, 1, 1, operands, &status)) {
        return status;
    }
    given.until = until_text;
    given.gdb = gdb_text;
    if (!judge_options(&given, &until, &gdb)) {
        return RUN_BAD_ARGUMENTS;
    }
    folder = run_folder_load(operands[0], &error);
    if (folder == NULL) {
        command_complain("replay", "%s", error->message);
        g_error_free(error);
        return RUN_BAD_ARGUMENTS;
    }
    run_folder_options(folder, &replay.options);
    if (!command_viewers("replay", traces, captures, &replay.options)) {
        return RUN_BAD_ARGUMENTS;
    }
    replay.options.files = folder->path;
    replay.given = &given;
    replay.folder = folder;
    replay.out = given.print_trace ? stderr : stdout;
    return replay_folder(&replay, until, gdb);
}

/* Returns the exit code: the verdict's of a run that is the same, else 1. */
static int
replay_folder(Replay *replay, SimTime until, NodeId gdb)
{
    const ReplayOptions *given = replay->given;
    GError *error = NULL;
    int status;

    replay->options.checkpoints = replay->folder->checkpoints;
    replay->options.print_trace = given->print_trace;
    replay->options.stop_at = until;
    /* Lines take longer than the run: only where somebody will look. */
    replay->options.last_lines =
        until != SIM_NEVER || replay->folder->verdict != RUN_PASS;
    if (gdb != 0) {
        replay->options.gdb = gdb;
        replay->options.isolation = ENGINE_PROCESS;
        replay->options.workers = 1;
    }
    if (!given->json && !given->quiet) {
        say_begin(replay);
    }
    status = run_scenario(&replay->options, &replay->result, &error);
    if (error != NULL) {
        command_complain("replay", "%s", error->message);
        g_error_free(error);
        return status;
    }
    replay->cut = until < replay->folder->virtual_ns;
    replay->same = compare(replay);
    if (given->json) {
        print_json(replay);
    } else if (!given->quiet) {
        say_end(replay);
    }
    return replay->same ? (int)replay->result.verdict : 1;
}

/* A run that --until cut short is compared as far as it went. */
static bool
compare(const Replay *replay)
{
    const RunFolder *folder = replay->folder;
    const RunResult *result = &replay->result;

    if (result->difference.found) {
        return false;
    }
    return replay->cut || (digest_equal(folder->digest, result->digest) &&
                           folder->events == result->events &&
                           folder->verdict == result->verdict);
}

static bool
judge_options(const ReplayOptions *given, SimTime *until, NodeId *gdb)
{
    uint64_t node = 0;

    *until = SIM_NEVER;
    if (given->until != NULL && !parse_until(given->until, until)) {
        command_complain("replay",
                         "--until: found '%s', expected a time such as "
                         "\"5.2 s\" or 5.204000512",
                         given->until);
        return false;
    }
    if (given->gdb != NULL) {
        const char *text = given->gdb[0] == 'n' ? given->gdb + 1 : given->gdb;

        if (!command_number(text, 1, NODE_ID_MAX, &node)) {
            command_complain("replay",
                             "--gdb: found '%s', expected a node such as 2",
                             given->gdb);
            return false;
        }
    }
    *gdb = (NodeId)node;
    if (given->print_trace && given->json) {
        command_complain("replay", "--print-trace and --json both want "
                                   "stdout: expected one of them");
        return false;
    }
    return true;
}

/* With a unit, or in seconds as the trace writes it. */
static bool
parse_until(const char *text, SimTime *until)
{
    g_autofree char *seconds = g_strdup_printf("%s s", text);
    bool bare = text[0] != '\0' && text[strspn(text, "0123456789.")] == '\0';

    return quantity_duration(bare ? seconds : text, until, NULL);
}

static void
say_begin(const Replay *replay)
{
    const RunFolder *folder = replay->folder;

    fprintf(replay->out, "%s, seed %" PRIu64 ", %s, %u worker%s\n",
            folder->name, folder->seed,
            replay->options.isolation == ENGINE_PROCESS ? "process" : "inline",
            replay->options.workers, replay->options.workers == 1 ? "" : "s");
    if (!run_folder_own_build(folder)) {
        fprintf(replay->out, "another build made this folder: %s; this is %s\n",
                folder->build, build_id_text());
    }
    say_changes(replay);
    fflush(replay->out);
}

/* What is not as the run left it, before it is run. */
static void
say_changes(const Replay *replay)
{
    const RunFolder *folder = replay->folder;

    if (folder->scenario_edited) {
        fprintf(replay->out, "%s was edited after the run\n",
                folder->scenario_path);
    }
    if (folder->plan_edited) {
        fprintf(replay->out, "%s was edited after the run\n",
                folder->plan_path);
    }
    if (folder->program != NULL) {
        fprintf(replay->out,
                "%s, which the nodes run, is not the file that it "
                "was\n",
                folder->program);
    }
}

static void
say_end(const Replay *replay)
{
    static const char *const words[] = {"PASS", "VIOLATED", "UNKNOWN"};
    const RunResult *result = &replay->result;
    char digest[DIGEST_TEXT_SIZE];

    if (result->verdict != RUN_PASS || replay->given->until != NULL ||
        !replay->same) {
        fputs(result->situation, replay->out);
    }
    for (unsigned i = 0; i < MIN(result->violation_count, RUN_VIOLATIONS_MAX);
         i++) {
        fprintf(replay->out, "%s at %.9f s: %s\n", result->violations[i].check,
                (double)result->violations[i].at / 1e9,
                result->violations[i].message);
    }
    if (!replay->same) {
        say_difference(replay);
        return;
    }
    digest_text(result->digest, digest);
    run_files_print(replay->out, &replay->options, replay->folder->path);
    fprintf(replay->out,
            "the same%s: %s, %" PRIu64 " events, %u of %u checkpoints alike, "
            "digest %s\n",
            replay->cut ? " so far" : "", words[result->verdict],
            result->events, result->checkpoints_alike,
            replay->folder->checkpoints->len, digest);
}

static void
say_difference(const Replay *replay)
{
    const RunFolder *folder = replay->folder;
    const RunResult *result = &replay->result;
    const RunDifference *difference = &result->difference;
    g_autofree char *command = run_folder_command(folder, folder->plan_path);
    const char *reason = NULL;

    if (difference->found) {
        fprintf(replay->out,
                "DIFFERENT: the original is left between event %" PRIu64
                " at %.9f s and event %" PRIu64 " at %.9f s\n",
                difference->after_event, (double)difference->after / 1e9,
                difference->by_event, (double)difference->by / 1e9);
    } else {
        fprintf(replay->out,
                "DIFFERENT: %s after %" PRIu64 " events; the original: %s "
                "after %" PRIu64 " events\n",
                run_verdict_name(result->verdict), result->events,
                run_verdict_name(folder->verdict), folder->events);
    }
    if (folder->scenario_edited || folder->plan_edited) {
        reason = "it was edited, so it is another run";
    } else if (folder->program != NULL) {
        reason = "the nodes run another program";
    } else if (!run_folder_own_build(folder)) {
        reason = "another build made it; replay it with that one";
    }
    if (reason != NULL) {
        fprintf(replay->out,
                "The likely reason: %s. To go on from here, with a folder of "
                "its own:\n  %s\n",
                reason, command);
        return;
    }
    fprintf(replay->out,
            "The same build should have done the same. To look for the "
            "reason:\n  seedbed verify%s\n",
            command + strlen("seedbed run"));
}

static void
print_json(const Replay *replay)
{
    const RunDifference *difference = &replay->result.difference;
    g_autofree char *run = run_json(&replay->options, &replay->result);
    g_autoptr(JsonBuilder) json = json_builder_new();
    g_autoptr(JsonNode) root = NULL;
    g_autofree char *text = NULL;

#define MEMBER(name, kind, value)                                              \
    json_builder_set_member_name(json, name);                                  \
    json_builder_add_##kind##_value(json, value)
    json_builder_begin_object(json);
    MEMBER("folder", string, replay->folder->path);
    MEMBER("same", boolean, replay->same);
    MEMBER("cut", boolean, replay->cut);
    MEMBER("build", string, build_id_text());
    MEMBER("folder_build", string, replay->folder->build);
    MEMBER("scenario_edited", boolean, replay->folder->scenario_edited);
    MEMBER("plan_edited", boolean, replay->folder->plan_edited);
    MEMBER("program_changed", boolean, replay->folder->program != NULL);
    MEMBER("checkpoints_alike", int, replay->result.checkpoints_alike);
    MEMBER("checkpoints", int, replay->folder->checkpoints->len);
    json_builder_set_member_name(json, "difference");
    if (difference->found) {
        json_builder_begin_object(json);
        MEMBER("after_event", int, (gint64)difference->after_event);
        MEMBER("after_ns", int, (gint64)difference->after);
        MEMBER("by_event", int, (gint64)difference->by_event);
        MEMBER("by_ns", int, (gint64)difference->by);
        json_builder_end_object(json);
    } else {
        json_builder_add_null_value(json);
    }
    json_builder_set_member_name(json, "run");
    json_builder_add_value(json, json_from_string(run, NULL));
    json_builder_end_object(json);
#undef MEMBER
    root = json_builder_get_root(json);
    text = json_to_string(root, TRUE);
    puts(text);
}

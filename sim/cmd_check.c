/* SPDX-License-Identifier: Apache-2.0 */
/* `seedbed check`: is a history linearizable? */
#include <errno.h>
#include <inttypes.h>
#include <json-glib/json-glib.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "nodes/quantity.h"
#include "sim/command.h"
#include "sim/json_text.h"
#include "sim/linear.h"
#include "sim/linear_draw.h"
#include "sim/linear_models.h"
#include "sim/linear_text.h"
#include "sim/real_clock.h"
#include "sim/whole_file.h"

#define MEMORY_DEFAULT ((size_t)2 << 30)
#define CLOCK_EVERY    4096u /* lines */

#define MEMBER(name, kind, value)                                              \
    json_builder_set_member_name(json, name);                                  \
    json_builder_add_##kind##_value(json, value)

typedef struct Check {
    const char *path, *name; /* the name in messages */
    const LinearModel *model;
    Linear *linear;
    LinearVerdict verdict;
    const char *why;
    uint64_t lines;
    uint64_t started, stop_at; /* of the real clock, ns */
} Check;

static bool options_of(const char *time_limit, const char *memory_limit,
                       const char *model, Check *check, LinearOptions *options);
static bool read_history(Check *check, GError **error);
static bool time_is_up(void *check);
static bool write_picture(const Check *check, const char *path, GError **error);
static void print_words(const Check *check, const char *svg);
static void print_json(const Check *check, const char *svg);
static void json_failure(JsonBuilder *json, const LinearFailure *failure);

int
cmd_check(int argc, char **argv)
{
    g_autofree char *model = NULL, *svg = NULL;
    g_autofree char *time_limit = NULL, *memory_limit = NULL;
    gboolean json = FALSE, quiet = FALSE;
    const GOptionEntry entries[] = {
        {"model", 'm', 0, G_OPTION_ARG_STRING, &model,
         "register, cas-register, kv, counter, queue, set, kv-whole, or the "
         "path of a shared object (default kv)",
         "M"},
        {"time-limit", 0, 0, G_OPTION_ARG_STRING, &time_limit,
         "give up after this: \"30 s\" (default 10 min)", "TIME"},
        {"memory-limit", 0, 0, G_OPTION_ARG_STRING, &memory_limit,
         "give up beyond this: \"512 MiB\" (default 2 GiB)", "SIZE"},
        {"svg", 0, 0, G_OPTION_ARG_FILENAME, &svg,
         "draw what cannot be ordered", "FILE"},
        {"json", 0, 0, G_OPTION_ARG_NONE, &json,
         "print one JSON object and nothing else", NULL},
        {"quiet", 'q', 0, G_OPTION_ARG_NONE, &quiet, "print nothing but errors",
         NULL},
        {NULL, 0, 0, 0, NULL, NULL, NULL}};
    static const int statuses[] = {RUN_PASS, RUN_VIOLATED, RUN_UNKNOWN};
    Check check = {.started = real_clock_now()};
    LinearOptions options = {0};
    GError *error = NULL;
    char *operands[1];
    int status;

    if (!command_parse(&argc, &argv, "HISTORY",
                       "seedbed check out/raft-chaos/7/history.jsonl "
                       "--model kv --svg why.svg\n\n"
                       "HISTORY has JSON lines, - is standard input:\n"
                       "  {\"process\":0,\"type\":\"invoke\",\"f\":\"write\","
                       "\"key\":\"k\",\"value\":1,\"time\":5}\n"
                       "  {\"process\":0,\"type\":\"ok\",\"f\":\"write\","
                       "\"key\":\"k\",\"value\":1,\"time\":9}",
                       entries, NULL, 1, 1, operands, &status)) {
        return status;
    }
    if (!options_of(time_limit, memory_limit, model, &check, &options)) {
        return RUN_BAD_ARGUMENTS;
    }
    check.path = operands[0];
    check.name = strcmp(operands[0], "-") == 0 ? "standard input" : operands[0];
    check.linear = linear_new(&options);
    status = RUN_BAD_ARGUMENTS;
    if (read_history(&check, &error)) {
        bool bad = check.verdict == LINEAR_BAD;

        status = statuses[check.verdict];
        if (bad && svg != NULL && !write_picture(&check, svg, &error)) {
            status = RUN_INTERNAL;
        } else if (json) {
            print_json(&check, bad ? svg : NULL);
        } else if (!quiet) {
            print_words(&check, bad ? svg : NULL);
        }
    }
    if (error != NULL) {
        command_complain("check", "%s", error->message);
        g_error_free(error);
    }
    linear_free(check.linear);
    return status;
}

static bool
options_of(const char *time_limit, const char *memory_limit, const char *model,
           Check *check, LinearOptions *options)
{
    GError *error = NULL;
    uint64_t time = 600 * SIM_S, memory = MEMORY_DEFAULT;

    if ((time_limit != NULL && !quantity_duration(time_limit, &time, &error)) ||
        (memory_limit != NULL &&
         !quantity_size(memory_limit, &memory, &error))) {
        command_complain("check", "%s: %s",
                         time_limit != NULL && memory == MEMORY_DEFAULT &&
                                 !quantity_duration(time_limit, &time, NULL)
                             ? "--time-limit"
                             : "--memory-limit",
                         error->message);
        g_error_free(error);
        return false;
    }
    check->model = linear_models_find(model != NULL ? model : "kv", &error);
    if (check->model == NULL) {
        command_complain("check", "--model: %s", error->message);
        g_error_free(error);
        return false;
    }
    check->stop_at =
        time < UINT64_MAX - check->started ? check->started + time : UINT64_MAX;
    *options = (LinearOptions){
        .model = check->model,
        .limits = {UINT64_MAX, memory, time_is_up, check},
    };
    return true;
}

/* False and @error: what is wrong with the history, and on which line. */
static bool
read_history(Check *check, GError **error)
{
    bool standard = strcmp(check->path, "-") == 0;
    HistoryReader *reader = standard
                                ? history_reader_new_file(stdin, check->name)
                                : history_reader_new(check->path, error);
    HistoryEvent event;
    GError *mistake = NULL;
    int got = 0;
    bool late = false;

    if (reader == NULL) {
        return false;
    }
    while (!late && (got = history_reader_next(reader, &event, &mistake)) > 0) {
        check->lines = history_reader_line(reader);
        if (!linear_add(check->linear, &event, check->lines, &mistake)) {
            g_prefix_error(&mistake, "%s:%" PRIu64 ": ", check->name,
                           check->lines);
            break;
        }
        late = check->lines % CLOCK_EVERY == 0 && time_is_up(check);
    }
    history_reader_free(reader);
    if (mistake != NULL) {
        g_propagate_error(error, mistake);
        return false;
    }
    if (late && linear_counts(check->linear)->bad == 0) {
        check->verdict = LINEAR_UNKNOWN;
        check->why = "the time limit was reached";
        return true;
    }
    check->verdict = linear_finish(check->linear);
    check->why = linear_why(check->linear);
    return true;
}

static bool
time_is_up(void *data)
{
    return real_clock_now() > ((const Check *)data)->stop_at;
}

static bool
write_picture(const Check *check, const char *path, GError **error)
{
    const GPtrArray *failures = linear_failures(check->linear);
    g_autofree char *picture = linear_draw(failures->pdata[0]);

    return whole_file_write(path, picture, strlen(picture), error);
}

static void
print_words(const Check *check, const char *svg)
{
    static const char *const verdicts[] = {"linearizable", "not linearizable",
                                           "unknown"};
    const LinearCounts *counts = linear_counts(check->linear);
    const GPtrArray *failures = linear_failures(check->linear);
    GString *text = g_string_new(NULL);

    for (unsigned i = 0; i < failures->len; i++) {
        linear_text_print(text, failures->pdata[i], check->name);
    }
    if (counts->bad > failures->len) {
        g_string_append_printf(text, "and %u more keys\n",
                               counts->bad - failures->len);
    }
    if (svg != NULL) {
        g_string_append_printf(text, "drawn in %s\n", svg);
    }
    g_string_append_printf(
        text,
        "%s: %s by model %s (%" PRIu64 " operations on %" PRIu64
        " keys, %" PRIu64 " of them info; %.3f s)\n",
        check->name, verdicts[check->verdict], check->model->name,
        counts->operations, counts->keys, counts->infos,
        (double)(real_clock_now() - check->started) / 1e9);
    if (check->verdict == LINEAR_UNKNOWN) {
        g_string_append_printf(text,
                               "%s; %u keys were not judged: see "
                               "--time-limit and --memory-limit\n",
                               check->why, counts->unknown);
    }
    fputs(text->str, stdout);
    g_string_free(text, TRUE);
}

static void
print_json(const Check *check, const char *svg)
{
    static const char *const verdicts[] = {"pass", "violated", "unknown"};
    const LinearCounts *counts = linear_counts(check->linear);
    const GPtrArray *failures = linear_failures(check->linear);
    JsonBuilder *json = json_builder_new();
    char *text;

    json_builder_begin_object(json);
    MEMBER("history", string, check->path);
    MEMBER("model", string, check->model->name);
    MEMBER("verdict", string, verdicts[check->verdict]);
    if (check->verdict == LINEAR_UNKNOWN) {
        MEMBER("why", string, check->why);
    }
    json_builder_set_member_name(json, "violations");
    json_builder_begin_array(json);
    for (unsigned i = 0; i < failures->len; i++) {
        json_failure(json, failures->pdata[i]);
    }
    json_builder_end_array(json);
    MEMBER("lines", int, (gint64)check->lines);
    MEMBER("operations", int, (gint64)counts->operations);
    MEMBER("infos", int, (gint64)counts->infos);
    MEMBER("fails", int, (gint64)counts->fails);
    MEMBER("keys", int, (gint64)counts->keys);
    MEMBER("keys_bad", int, counts->bad);
    MEMBER("keys_unknown", int, counts->unknown);
    MEMBER("steps", int, (gint64)counts->steps);
    MEMBER("pieces", int, (gint64)counts->pieces);
    MEMBER("memory_bytes", int, (gint64)counts->memory);
    MEMBER("wall_ns", int, (gint64)(real_clock_now() - check->started));
    if (svg != NULL) {
        MEMBER("svg", string, svg);
    }
    json_builder_end_object(json);
    text = json_text(json);
    puts(text);
    g_free(text);
}

static void
json_failure(JsonBuilder *json, const LinearFailure *failure)
{
    char sentence[512];

    linear_text_sentence(failure, sentence, sizeof(sentence));
    json_builder_begin_object(json);
    MEMBER("check", string, "linearizability");
    MEMBER("at_ns", int, (gint64)failure->at);
    MEMBER("message", string, sentence);
    if (failure->key != NULL) {
        MEMBER("key", string, failure->key);
    }
    MEMBER("prefix_lines", int, (gint64)failure->line);
    MEMBER("smallest", boolean, failure->all_needed);
    json_builder_set_member_name(json, "states_before");
    json_builder_begin_array(json);
    for (unsigned i = 0; i < failure->states->len; i++) {
        json_builder_add_string_value(json, failure->states->pdata[i]);
    }
    json_builder_end_array(json);
    json_builder_set_member_name(json, "operations");
    json_builder_begin_array(json);
    for (unsigned i = 0; i < failure->bars->len; i++) {
        const LinearBar *bar = &g_array_index(failure->bars, LinearBar, i);

        if (!bar->odd) {
            continue;
        }
        json_builder_begin_object(json);
        MEMBER("operation", string, bar->text);
        MEMBER("process", int, (gint64)bar->process);
        MEMBER("line", int, (gint64)bar->line);
        MEMBER("end_line", int, (gint64)bar->end_line);
        MEMBER("from_ns", int, (gint64)bar->from);
        MEMBER("to_ns", int, (gint64)bar->to);
        json_builder_end_object(json);
    }
    json_builder_end_array(json);
    json_builder_end_object(json);
#undef MEMBER
}

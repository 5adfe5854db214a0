/* SPDX-License-Identifier: Apache-2.0 */
/* A subprocess a run, and its JSON object as a row. */
#include "sim/sweep_other.h"

#include <inttypes.h>
#include <json-glib/json-glib.h>
#include <string.h>
#include <sys/wait.h>

#define OTHER_ERROR (g_quark_from_static_string("seedbed-sweep"))

static GPtrArray *arguments(const SweepOptions *options, const SweepUnit *unit,
                            const char *out);
static bool read_row(const char *json, ResultsRow *row);
static void read_violation(JsonObject *object, ResultsRow *row);
static void read_metrics(JsonObject *object, ResultsRow *row);
static void read_faults(JsonObject *object, ResultsRow *row);
static uint64_t number(JsonObject *object, const char *name);
static const char *word(JsonObject *object, const char *name);
static JsonObject *part(JsonObject *object, const char *name);

int
sweep_other_run(const SweepOptions *options, const SweepUnit *unit,
                const char *out, ResultsRow *row, GError **error)
{
    g_autoptr(GPtrArray) words = arguments(options, unit, out);
    g_autofree char *json = NULL;
    g_autofree char *complaint = NULL;
    int status = 0;

    if (!g_spawn_sync(NULL, (char **)words->pdata, NULL, G_SPAWN_DEFAULT, NULL,
                      NULL, &json, &complaint, &status, error)) {
        return RUN_BAD_ARGUMENTS;
    }
    g_strchomp(complaint);
    if (!WIFEXITED(status) || WEXITSTATUS(status) >= RUN_BAD_ARGUMENTS) {
        g_set_error(error, OTHER_ERROR, 0, "%s: %s", options->against,
                    complaint[0] != '\0' ? complaint : "it died");
        return WIFEXITED(status) && WEXITSTATUS(status) == RUN_BAD_ARGUMENTS
                   ? RUN_BAD_ARGUMENTS
                   : RUN_INTERNAL;
    }
    memset(row, 0, sizeof(*row));
    row->seed = unit->seed;
    row->variant = unit->variant;
    if (!read_row(json, row) || (int)row->verdict != WEXITSTATUS(status)) {
        g_set_error(error, OTHER_ERROR, 0,
                    "%s: found no object of a run in what it printed, "
                    "expected a build of Seedbed",
                    options->against);
        return RUN_BAD_ARGUMENTS;
    }
    return (int)row->verdict;
}

int
sweep_other_try(const SweepOptions *options, const SweepUnit *unit,
                GError **error)
{
    ResultsRow row;

    return sweep_other_run(options, unit, NULL, &row, error);
}

char *
sweep_other_build(const char *against)
{
    char *arguments_of[] = {(char *)(uintptr_t)against, (char *)"--version",
                            NULL};
    char *text = NULL;

    if (against == NULL ||
        !g_spawn_sync(NULL, arguments_of, NULL, G_SPAWN_STDERR_TO_DEV_NULL,
                      NULL, NULL, &text, NULL, NULL, NULL)) {
        return g_strdup("");
    }
    return g_strchomp(text);
}

static GPtrArray *
arguments(const SweepOptions *options, const SweepUnit *unit, const char *out)
{
    const RunOptions *run = options->run;
    g_auto(GStrv) sets = sweep_job_sets(options, unit->variant);
    GPtrArray *words = g_ptr_array_new_with_free_func(g_free);

    g_ptr_array_add(words, g_strdup(options->against));
    g_ptr_array_add(words, g_strdup("run"));
    g_ptr_array_add(words, g_strdup("--json"));
    g_ptr_array_add(words, out != NULL ? g_strdup_printf("--out=%s", out)
                                       : g_strdup("--no-out"));
    g_ptr_array_add(words, g_strdup_printf("--seed=%" PRIu64, unit->seed));
    g_ptr_array_add(words, g_strdup_printf("--workers=%u", run->workers));
    if (run->isolation == ENGINE_PROCESS) {
        g_ptr_array_add(words, g_strdup("--isolation=process"));
    }
    if (run->plan != NULL) {
        g_ptr_array_add(words, g_strdup_printf("--plan=%s", run->plan));
    }
    if (run->explore != 0) {
        g_ptr_array_add(
            words, g_strdup_printf("--explore-order=%" PRIu64, run->explore));
    }
    for (char **set = sets; *set != NULL; set++) {
        g_ptr_array_add(words, g_strdup_printf("--set=%s", *set));
    }
    for (char **bug = run->bugs; bug != NULL && *bug != NULL; bug++) {
        g_ptr_array_add(words, g_strdup_printf("--bug=%s", *bug));
    }
    g_ptr_array_add(words, g_strdup("--"));
    g_ptr_array_add(words, g_strdup(run->scenario));
    g_ptr_array_add(words, NULL);
    return words;
}

static bool
read_row(const char *json, ResultsRow *row)
{
    g_autoptr(JsonNode) root = json_from_string(json, NULL);
    JsonObject *object;
    const char *verdict;

    if (root == NULL || !JSON_NODE_HOLDS_OBJECT(root)) {
        return false;
    }
    object = json_node_get_object(root);
    verdict = word(object, "verdict");
    while (row->verdict < RESULTS_ERROR &&
           strcmp(verdict, results_verdict_text(row->verdict)) != 0) {
        row->verdict++;
    }
    row->events = number(object, "events");
    row->sent = number(part(object, "messages"), "sent");
    row->delivered = number(part(object, "messages"), "delivered");
    row->dropped = number(part(object, "messages"), "dropped");
    row->virtual_ns = (SimTime)number(object, "virtual_ns");
    row->wall_ns = number(object, "wall_ns");
    read_violation(object, row);
    read_metrics(part(object, "metrics"), row);
    read_faults(part(object, "faults"), row);
    return row->verdict < RESULTS_ERROR &&
           digest_parse(word(object, "digest"), &row->digest);
}

static void
read_violation(JsonObject *object, ResultsRow *row)
{
    JsonNode *list = json_object_get_member(object, "violations");
    JsonArray *items = list != NULL && JSON_NODE_HOLDS_ARRAY(list)
                           ? json_node_get_array(list)
                           : NULL;
    JsonNode *first;
    JsonObject *found;

    row->violation_count = items != NULL ? json_array_get_length(items) : 0;
    if (row->violation_count == 0) {
        return;
    }
    first = json_array_get_element(items, 0);
    found = JSON_NODE_HOLDS_OBJECT(first) ? json_node_get_object(first) : NULL;
    row->violation.at = (SimTime)number(found, "at_ns");
    row->violation.node = (NodeId)number(found, "node");
    g_strlcpy(row->violation.check, word(found, "check"),
              sizeof(row->violation.check));
    g_strlcpy(row->violation.message, word(found, "message"),
              sizeof(row->violation.message));
    g_strlcpy(row->violation.role, word(found, "role"),
              sizeof(row->violation.role));
    signature_of_violation(&row->violation, row->signature);
}

static void
read_metrics(JsonObject *object, ResultsRow *row)
{
    g_autoptr(GList) names =
        object != NULL ? json_object_get_members(object) : NULL;

    for (GList *name = names;
         name != NULL && row->metric_count < RUN_METRICS_MAX;
         name = name->next) {
        g_strlcpy(row->metrics[row->metric_count].name, name->data,
                  sizeof(row->metrics[0].name));
        row->metrics[row->metric_count++].value = number(object, name->data);
    }
}

static void
read_faults(JsonObject *object, ResultsRow *row)
{
    for (unsigned kind = 1; kind < FAULT_KIND_COUNT; kind++) {
        JsonObject *count = part(object, fault_kind_name((FaultKind)kind));

        row->faults[kind] =
            (WorldCount){.configured = (unsigned)number(count, "configured"),
                         .drawn = (unsigned)number(count, "drawn"),
                         .applied = (unsigned)number(count, "applied"),
                         .mattered = (unsigned)number(count, "mattered")};
    }
}

/* What another build leaves out is 0, "" or nothing. */
static uint64_t
number(JsonObject *object, const char *name)
{
    return object != NULL ? (uint64_t)json_object_get_int_member_with_default(
                                object, name, 0)
                          : 0;
}

static const char *
word(JsonObject *object, const char *name)
{
    return object != NULL
               ? json_object_get_string_member_with_default(object, name, "")
               : "";
}

static JsonObject *
part(JsonObject *object, const char *name)
{
    JsonNode *node =
        object != NULL ? json_object_get_member(object, name) : NULL;

    return node != NULL && JSON_NODE_HOLDS_OBJECT(node)
               ? json_node_get_object(node)
               : NULL;
}

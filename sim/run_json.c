/* SPDX-License-Identifier: Apache-2.0 */
/* A run as the object of --json and run.json, and the command that repeats
 * it. Key names are a contract: they never change, new ones may come. */
#include <inttypes.h>
#include <json-glib/json-glib.h>
#include <string.h>

#include "sim/build_id.h"
#include "sim/json_text.h"
#include "sim/run.h"
#include "sim/signature.h"

static char *command_text(const RunOptions *options, const RunResult *result);
static void json_hash(JsonBuilder *json, const char *name, uint64_t hash);
static void json_bugs(JsonBuilder *json, char **bugs);
static void json_violations(JsonBuilder *json, const RunResult *result);
static void json_faults(JsonBuilder *json, const RunResult *result);
static void json_story(JsonBuilder *json, const RunResult *result);
static void json_criteria(JsonBuilder *json, const RunResult *result);
static void json_rates(JsonBuilder *json, const Rates *rates);
static void json_reached(JsonBuilder *json, const Reached *reached);

char *
run_json(const RunOptions *options, const RunResult *result)
{
    static const char *const verdicts[] = {"pass", "violated", "unknown"};
    JsonBuilder *json = json_builder_new();
    g_autofree char *seed = g_strdup_printf("%" PRIu64, options->seed);
    g_autofree char *explore = g_strdup_printf("%" PRIu64, options->explore);
    g_autofree char *command = command_text(options, result);
    char digest[DIGEST_TEXT_SIZE];
    char signature[SIGNATURE_SIZE];

    digest_text(result->digest, digest);
    json_builder_begin_object(json);
#define MEMBER(name, kind, value)                                              \
    json_builder_set_member_name(json, name);                                  \
    json_builder_add_##kind##_value(json, value)
    MEMBER("scenario", string, result->name);
    MEMBER("seed", string, seed);
    MEMBER("verdict", string, verdicts[result->verdict]);
    if (result->unknown[0] != '\0') {
        MEMBER("unknown", string, result->unknown);
    }
    json_builder_set_member_name(json, "violations");
    json_violations(json, result);
    signature_of(result, signature);
    MEMBER("signature", string, signature);
    MEMBER("digest", string, digest);
    MEMBER("events", int, (gint64)result->events);
    json_builder_set_member_name(json, "messages");
    json_builder_begin_object(json);
    MEMBER("sent", int, (gint64)result->sent);
    MEMBER("delivered", int, (gint64)result->delivered);
    MEMBER("dropped", int, (gint64)result->dropped);
    json_builder_end_object(json);
    MEMBER("virtual_ns", int, (gint64)result->virtual_ns);
    MEMBER("wall_ns", int, (gint64)result->wall_ns);
    MEMBER("isolation", string,
           options->isolation == ENGINE_PROCESS ? "process" : "inline");
    MEMBER("workers", int, MAX(options->workers, 1));
    json_builder_set_member_name(json, "metrics");
    json_builder_begin_object(json);
    for (unsigned i = 0; i < result->metric_count; i++) {
        MEMBER(result->metrics[i].name, int, (gint64)result->metrics[i].value);
    }
    json_builder_end_object(json);
    json_builder_set_member_name(json, "faults");
    json_faults(json, result);
    json_builder_set_member_name(json, "criteria");
    json_criteria(json, result);
    json_rates(json, &result->rates);
    json_reached(json, &result->reached);
    json_builder_set_member_name(json, "story");
    json_story(json, result);
    MEMBER("out", string, result->out);
    json_bugs(json, options->bugs);
    MEMBER("explore_order", string, explore);
    MEMBER("keep_going", boolean, options->keep_going);
    MEMBER("build", string, build_id_text());
    json_hash(json, "scenario_hash", result->scenario_hash);
    json_hash(json, "plan_hash", result->plan_hash);
    json_hash(json, "program_hash", result->program_hash);
    MEMBER("replay", string, command);
    json_builder_end_object(json);
    return json_text(json);
}

/* A text a line. */
static void
json_story(JsonBuilder *json, const RunResult *result)
{
    g_auto(GStrv) lines = g_strsplit(result->story, "\n", -1);

    json_builder_begin_array(json);
    for (unsigned i = 0; lines[i] != NULL; i++) {
        if (lines[i][0] != '\0') {
            g_autofree char *valid = g_utf8_make_valid(lines[i], -1);

            json_builder_add_string_value(json, valid);
        }
    }
    json_builder_end_array(json);
}

static void
json_hash(JsonBuilder *json, const char *name, uint64_t hash)
{
    g_autofree char *text = g_strdup_printf("%016" PRIx64, hash);

    json_builder_set_member_name(json, name);
    json_builder_add_string_value(json, hash != 0 ? text : "");
}

static void
json_bugs(JsonBuilder *json, char **bugs)
{
    json_builder_set_member_name(json, "bugs");
    json_builder_begin_array(json);
    for (unsigned i = 0; bugs != NULL && bugs[i] != NULL; i++) {
        json_builder_add_string_value(json, bugs[i]);
    }
    json_builder_end_array(json);
}

static void
json_violations(JsonBuilder *json, const RunResult *result)
{
    json_builder_begin_array(json);
    for (unsigned i = 0; i < MIN(result->violation_count, RUN_VIOLATIONS_MAX);
         i++) {
        const RunViolation *violation = &result->violations[i];

        json_builder_begin_object(json);
        MEMBER("check", string, violation->check);
        MEMBER("at_ns", int, (gint64)violation->at);
        MEMBER("node", int, violation->node);
        MEMBER("message", string, violation->message);
        MEMBER("role", string, violation->role);
        json_builder_end_object(json);
    }
    json_builder_end_array(json);
}

/* What was not judged has neither value nor verdict; what never came true has
 * no value. */
static void
json_criteria(JsonBuilder *json, const RunResult *result)
{
    static const char *const units[] = {
        [CRITERION_COUNT] = "count",   [CRITERION_FRACTION] = "ppb",
        [CRITERION_DURATION] = "ns",   [CRITERION_RATE] = "milli_per_s",
        [CRITERION_DECIMAL] = "milli", [CRITERION_SIZE] = "bytes"};

    json_builder_begin_array(json);
    for (unsigned i = 0; i < result->criterion_count; i++) {
        const CriterionResult *one = &result->criteria[i];

        json_builder_begin_object(json);
        MEMBER("criterion", string, one->text);
        MEMBER("unit", string, units[one->unit]);
        json_builder_set_member_name(json, "measured");
        if (one->judged && one->measured != UINT64_MAX) {
            json_builder_add_int_value(json, (gint64)one->measured);
        } else {
            json_builder_add_null_value(json);
        }
        MEMBER("bound", int, (gint64)one->bound);
        json_builder_set_member_name(json, "holds");
        if (one->judged) {
            json_builder_add_boolean_value(json, one->holds);
        } else {
            json_builder_add_null_value(json);
        }
        json_builder_end_object(json);
    }
    json_builder_end_array(json);
}

static void
json_faults(JsonBuilder *json, const RunResult *result)
{
    json_builder_begin_object(json);
    for (unsigned kind = 1; kind < FAULT_KIND_COUNT; kind++) {
        const WorldCount *count = &result->faults[kind];

        if (count->configured + count->drawn == 0) {
            continue;
        }
        json_builder_set_member_name(json, fault_kind_name((FaultKind)kind));
        json_builder_begin_object(json);
        MEMBER("configured", int, count->configured);
        MEMBER("drawn", int, count->drawn);
        MEMBER("applied", int, count->applied);
        MEMBER("mattered", int, count->mattered);
        json_builder_end_object(json);
    }
    json_builder_end_object(json);
}

/* Of each word of the links: how many packets it should have hit, and did. */
static void
json_rates(JsonBuilder *json, const Rates *rates)
{
    json_builder_set_member_name(json, "rates");
    json_builder_begin_object(json);
    for (unsigned i = 0; i < RATES_COUNT; i++) {
        const RatesTally *tally = &rates->of[i];

        json_builder_set_member_name(json, rates_name((RatesKind)i));
        json_builder_begin_object(json);
        MEMBER("trials", int, (gint64)tally->trials);
        MEMBER("expected_ppb", int, tally->expected_ppb);
        MEMBER("observed", int, (gint64)tally->observed);
        MEMBER("variance_ppb", int, (gint64)tally->variance_ppb);
        json_builder_end_object(json);
    }
    json_builder_end_object(json);
}

/* Every name, so that what was never reached shows up as 0. */
static void
json_reached(JsonBuilder *json, const Reached *reached)
{
    const ReachedRow *row;

    json_builder_set_member_name(json, "sometimes");
    json_builder_begin_object(json);
    for (unsigned i = 0; (row = reached_sometimes(i)) != NULL; i++) {
        MEMBER(row->name, int, (gint64)reached->sometimes[i]);
    }
    json_builder_end_object(json);
    json_builder_set_member_name(json, "buggify");
    json_builder_begin_object(json);
    for (unsigned i = 0; (row = reached_buggify(i)) != NULL; i++) {
        MEMBER(row->name, int, (gint64)reached->buggify[i]);
    }
    json_builder_end_object(json);
#undef MEMBER
}

/* The one command that runs this again. */
static char *
command_text(const RunOptions *options, const RunResult *result)
{
    GString *text = g_string_new(NULL);

    if (result->out[0] != '\0') {
        g_autofree char *quoted = g_shell_quote(result->out);

        g_string_printf(text, "seedbed replay %s",
                        strpbrk(result->out, " '\"$\\") != NULL ? quoted
                                                                : result->out);
        return g_string_free(text, FALSE);
    }
    g_string_printf(text, "seedbed run %s --seed %" PRIu64, options->scenario,
                    options->seed);
    for (unsigned i = 0; options->sets != NULL && options->sets[i] != NULL;
         i++) {
        g_autofree char *quoted = g_shell_quote(options->sets[i]);

        g_string_append_printf(text, " --set %s", quoted);
    }
    for (unsigned i = 0; options->bugs != NULL && options->bugs[i] != NULL;
         i++) {
        g_string_append_printf(text, " --bug %s", options->bugs[i]);
    }
    if (options->plan != NULL) {
        g_autofree char *quoted = g_shell_quote(options->plan);

        g_string_append_printf(text, " --plan %s", quoted);
    }
    if (options->explore != 0) {
        g_string_append_printf(text, " --explore-order %" PRIu64,
                               options->explore);
    }
    return g_string_free(text, FALSE);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* The folder: why.csv and faults.csv behind the picture, why.json, and of each
 * point the plan of a future that failed and of one that did not. */
#include <inttypes.h>
#include <json-glib/json-glib.h>
#include <string.h>

#include "sim/plot.h"
#include "sim/whole_dir.h"
#include "sim/why_private.h"

static const char *const needs[] = {"needed", "unclear", "rare", "later"};

static bool write_text(const char *folder, const char *name, char *text,
                       GError **error);
static bool write_plans(const char *folder, const Futures *futures,
                        const WhyResult *result, GError **error);
static bool write_plan(const char *folder, const Futures *futures, SimTime at,
                       uint64_t salt, bool failing, GError **error);
static char *curve_csv(const WhyResult *result);
static char *faults_csv(const WhyResult *result);
static void append_share(GString *out, const WhyShare *share);
static char *plan_name(SimTime at, bool failing);
static void json_points(JsonBuilder *json, const WhyResult *result);
static void json_faults(JsonBuilder *json, const WhyResult *result);
static void json_share(JsonBuilder *json, const char *name,
                       const WhyShare *share);

bool
why_folder_write(const WhyOptions *options, const char *path,
                 const Futures *futures, const RunFolder *folder,
                 WhyResult *result, GError **error)
{
    WholeDir *dir = whole_dir_new(path, "why.json", error);
    const char *partial;
    bool good;

    if (dir == NULL) {
        return false;
    }
    partial = whole_dir_path(dir);
    g_strlcpy(result->out, path, sizeof(result->out));
    result->command = run_folder_command(folder, "%s");
    good = write_text(partial, "why.csv", curve_csv(result), error) &&
           write_text(partial, "faults.csv", faults_csv(result), error) &&
           write_plans(partial, futures, result, error);
    if (good && !options->no_pictures) {
        GError *wrong = NULL;
        unsigned judged = 0;
        g_autofree char *title =
            g_strdup_printf("%s, seed %" PRIu64, result->name, result->seed);

        for (unsigned i = 0; i < result->faults->len; i++) {
            judged +=
                g_array_index(result->faults, WhyFault, i).need <= WHY_UNCLEAR;
        }
        /* Numbers without a picture are worth having. */
        result->pictures =
            plot_why(partial, title, result->failed_at, judged, &wrong);
        if (!result->pictures) {
            result->picture_error = g_strdup(wrong->message);
            g_error_free(wrong);
        }
    }
    good = good && write_text(partial, "why.json", why_json(result), error);
    if (!good) {
        whole_dir_free(dir);
        return false;
    }
    return whole_dir_finish(dir, error);
}

/* @text is taken. */
static bool
write_text(const char *folder, const char *name, char *text, GError **error)
{
    g_autofree char *path = g_build_filename(folder, name, NULL);
    bool good = g_file_set_contents(path, text, -1, error);

    g_free(text);
    return good;
}

static bool
write_plans(const char *folder, const Futures *futures, const WhyResult *result,
            GError **error)
{
    bool good = true;

    for (unsigned i = 0; good && i < result->points->len; i++) {
        const WhyPoint *point = &g_array_index(result->points, WhyPoint, i);

        good =
            (point->failing == 0 || write_plan(folder, futures, point->at,
                                               point->failing, true, error)) &&
            (point->passing == 0 || write_plan(folder, futures, point->at,
                                               point->passing, false, error));
    }
    return good;
}

static bool
write_plan(const char *folder, const Futures *futures, SimTime at,
           uint64_t salt, bool failing, GError **error)
{
    Future future = {.at = at, .salt = salt};
    g_autoptr(Trial) trial = futures_trial(futures, &future);
    g_autofree char *name = plan_name(at, failing);

    return write_text(folder, name, plan_text(trial->scenario->timed), error);
}

/* failing-3.204s.yaml */
static char *
plan_name(SimTime at, bool failing)
{
    g_autofree char *digits =
        g_strdup_printf("%" PRIu64 ".%09" PRIu64, at / SIM_S, at % SIM_S);
    size_t length = strlen(digits);

    while (digits[length - 1] == '0' && digits[length - 2] != '.') {
        digits[--length] = '\0';
    }
    return g_strdup_printf("%s-%ss.yaml", failing ? "failing" : "passing",
                           digits);
}

static char *
curve_csv(const WhyResult *result)
{
    GString *out = g_string_new("at_ns,futures,alike,other,low,high\n");

    for (unsigned i = 0; i < result->points->len; i++) {
        const WhyPoint *point = &g_array_index(result->points, WhyPoint, i);

        g_string_append_printf(out, "%" PRIu64 ",", point->at);
        append_share(out, &point->share);
        g_string_append_c(out, '\n');
    }
    return g_string_free(out, FALSE);
}

static char *
faults_csv(const WhyResult *result)
{
    GString *out = g_string_new(
        "line,at_ns,need,vanished,with_futures,with_alike,with_other,with_low,"
        "with_high,without_futures,without_alike,without_other,without_low,"
        "without_high,words,label\n");

    for (unsigned i = 0; i < result->faults->len; i++) {
        const WhyFault *fault = &g_array_index(result->faults, WhyFault, i);
        g_auto(GStrv) quoted = g_strsplit(fault->words, "\"", -1);
        g_autofree char *words = g_strjoinv("\"\"", quoted);

        g_string_append_printf(out, "%u,%" PRIu64 ",%s,%.4f,", fault->number,
                               fault->at, needs[fault->need], fault->vanished);
        append_share(out, &fault->with);
        g_string_append_c(out, ',');
        append_share(out, &fault->without);
        g_string_append_printf(out, ",\"%s\",\"%u: %s\"\n", words,
                               fault->number, words);
    }
    return g_string_free(out, FALSE);
}

static void
append_share(GString *out, const WhyShare *share)
{
    g_string_append_printf(out, "%u,%u,%u,%.4f,%.4f", share->futures,
                           share->alike, share->other, share->interval.low,
                           share->interval.high);
}

#define MEMBER(name, kind, value)                                              \
    json_builder_set_member_name(json, name);                                  \
    json_builder_add_##kind##_value(json, value)

char *
why_json(const WhyResult *result)
{
    g_autoptr(JsonBuilder) json = json_builder_new();
    g_autoptr(JsonNode) root = NULL;
    g_autofree char *seed = g_strdup_printf("%" PRIu64, result->seed);

    json_builder_begin_object(json);
    MEMBER("scenario", string, result->name);
    MEMBER("seed", string, seed);
    MEMBER("signature", string, result->signature);
    MEMBER("failed_at_ns", int, (gint64)result->failed_at);
    json_points(json, result);
    json_builder_set_member_name(json, "became_likely");
    if (result->before != result->after) {
        json_builder_begin_object(json);
        MEMBER(
            "after_ns", int,
            (gint64)g_array_index(result->points, WhyPoint, result->before).at);
        MEMBER(
            "by_ns", int,
            (gint64)g_array_index(result->points, WhyPoint, result->after).at);
        json_builder_end_object(json);
    } else {
        json_builder_add_null_value(json);
    }
    json_faults(json, result);
    MEMBER("runs", int, (gint64)result->runs);
    MEMBER("checked", int, result->checked);
    MEMBER("from_zero", boolean, result->from_zero);
    MEMBER("wall_ns", int, (gint64)result->wall_ns);
    MEMBER("cpu_ns", int, (gint64)result->cpu_ns);
    MEMBER("command", string, result->command);
    MEMBER("out", string, result->out);
    json_builder_end_object(json);
    root = json_builder_get_root(json);
    return json_to_string(root, TRUE);
}

static void
json_points(JsonBuilder *json, const WhyResult *result)
{
    json_builder_set_member_name(json, "points");
    json_builder_begin_array(json);
    for (unsigned i = 0; i < result->points->len; i++) {
        const WhyPoint *point = &g_array_index(result->points, WhyPoint, i);
        g_autofree char *failing = plan_name(point->at, true);
        g_autofree char *passing = plan_name(point->at, false);

        json_builder_begin_object(json);
        MEMBER("at_ns", int, (gint64)point->at);
        json_share(json, "share", &point->share);
        if (point->failing != 0) {
            MEMBER("failing_plan", string, failing);
        }
        if (point->passing != 0) {
            MEMBER("passing_plan", string, passing);
        }
        json_builder_end_object(json);
    }
    json_builder_end_array(json);
}

static void
json_faults(JsonBuilder *json, const WhyResult *result)
{
    json_builder_set_member_name(json, "faults");
    json_builder_begin_array(json);
    for (unsigned i = 0; i < result->faults->len; i++) {
        const WhyFault *fault = &g_array_index(result->faults, WhyFault, i);

        json_builder_begin_object(json);
        MEMBER("line", int, fault->number);
        MEMBER("words", string, fault->words);
        MEMBER("at_ns", int, (gint64)fault->at);
        MEMBER("need", string, needs[fault->need]);
        MEMBER("vanished", double, fault->vanished);
        json_share(json, "with", &fault->with);
        json_share(json, "without", &fault->without);
        json_builder_end_object(json);
    }
    json_builder_end_array(json);
}

static void
json_share(JsonBuilder *json, const char *name, const WhyShare *share)
{
    json_builder_set_member_name(json, name);
    json_builder_begin_object(json);
    MEMBER("futures", int, share->futures);
    MEMBER("alike", int, share->alike);
    MEMBER("other", int, share->other);
    MEMBER("low", double, share->interval.low);
    MEMBER("high", double, share->interval.high);
    json_builder_end_object(json);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* A sweep as the object of --json and summary.json. Key names are a contract:
 * they never change, new ones may come. Seeds are decimal strings, as in the
 * object of a run. */
#include <inttypes.h>
#include <json-glib/json-glib.h>
#include <math.h>

#include "sim/build_id.h"
#include "sim/json_text.h"
#include "sim/sweep_job.h"
#include "sim/sweep_summary.h"

#define MEMBER(name, kind, value)                                              \
    json_builder_set_member_name(json, name);                                  \
    json_builder_add_##kind##_value(json, value)

static void add_verdict(JsonBuilder *json, const SweepSummary *summary);
static void add_groups(JsonBuilder *json, const SweepSummary *summary);
static void add_group(JsonBuilder *json, const SweepSummary *summary,
                      unsigned at);
static void add_faults(JsonBuilder *json, const SweepSummary *summary);
static void add_rates(JsonBuilder *json, const SweepSummary *summary);
static void add_coverage(JsonBuilder *json, const SweepSummary *summary);
static void add_variants(JsonBuilder *json, const SweepSummary *summary);
static void add_reached(JsonBuilder *json, const char *name,
                        const GArray *list);
static void add_builds(JsonBuilder *json, const SweepCompareBuilds *builds);
static void add_mean(JsonBuilder *json, const char *name, double value);
static void add_seed(JsonBuilder *json, const char *name, uint64_t seed);

char *
sweep_summary_json(const SweepSummary *summary)
{
    const SweepOptions *options = summary->options;
    const SweepOutcome *outcome = &summary->outcome;
    JsonBuilder *json = json_builder_new();
    double seconds = (double)outcome->wall_ns / 1e9;

    json_builder_begin_object(json);
    MEMBER("scenario", string, summary->scenario);
    add_seed(json, "first_seed", options->run->seed);
    if (options->seed_count != UINT64_MAX) {
        MEMBER("seed_count", int, (gint64)options->seed_count);
    }
    add_verdict(json, summary);
    add_groups(json, summary);
    add_faults(json, summary);
    add_rates(json, summary);
    add_coverage(json, summary);
    add_reached(json, "sometimes", summary->reached[RESULTS_SOMETIMES]);
    add_reached(json, "buggify", summary->reached[RESULTS_BUGGIFY]);
    add_variants(json, summary);
    json_builder_set_member_name(json, "rechecks");
    json_builder_begin_object(json);
    MEMBER("runs", int, (gint64)summary->rechecked);
    MEMBER("by_process", int, (gint64)summary->rechecked_by_process);
    MEMBER("differing", int, (gint64)summary->rechecked_odd);
    json_builder_end_object(json);
    MEMBER("runs_done", int, (gint64)outcome->done);
    MEMBER("runs_found", int, (gint64)outcome->there);
    MEMBER("jobs", int, outcome->jobs);
    MEMBER("wall_ns", int, (gint64)outcome->wall_ns);
    MEMBER("cpu_ns", int, (gint64)outcome->cpu_ns);
    MEMBER("runs_per_s", double,
           seconds > 0 ? (double)outcome->done / seconds : 0);
    MEMBER("interrupted", boolean, outcome->interrupted);
    MEMBER("stopped_early", boolean, outcome->fail_fast);
    MEMBER("out", string, options->no_capsules ? "" : options->out);
    MEMBER("build", string, build_id_text());
    MEMBER("command", string, options->command);
    json_builder_end_object(json);
    return json_text(json);
}

static void
add_verdict(JsonBuilder *json, const SweepSummary *summary)
{
    static const char *const words[] = {"pass", "violated", "unknown"};
    int status = sweep_summary_status(summary);

    MEMBER("verdict", string, status < 3 ? words[status] : "error");
    json_builder_set_member_name(json, "verdicts");
    json_builder_begin_object(json);
    for (unsigned i = 0; i < RESULTS_VERDICT_COUNT; i++) {
        MEMBER(results_verdict_text((ResultsVerdict)i), int,
               (gint64)summary->counts[i]);
    }
    json_builder_end_object(json);
    if (summary->error_message != NULL) {
        add_seed(json, "error_seed", summary->error_seed);
        MEMBER("error", string, summary->error_message);
    }
}

static void
add_groups(JsonBuilder *json, const SweepSummary *summary)
{
    json_builder_set_member_name(json, "failures");
    json_builder_begin_array(json);
    for (unsigned i = 0; i < summary->groups->len; i++) {
        add_group(json, summary, i);
    }
    json_builder_end_array(json);
    if (summary->since != NULL) {
        MEMBER("since", string, summary->since);
        json_builder_set_member_name(json, "resolved");
        json_builder_begin_array(json);
        for (unsigned i = 0; i < summary->resolved->len; i++) {
            json_builder_add_string_value(json, summary->resolved->pdata[i]);
        }
        json_builder_end_array(json);
    }
}

static void
add_group(JsonBuilder *json, const SweepSummary *summary, unsigned at)
{
    static const char *const news[] = {NULL, "new", "ongoing"};
    const ResultsGroup *group =
        &g_array_index(summary->groups, ResultsGroup, at);
    SweepNews state = g_array_index(summary->news, SweepNews, at);
    const SweepUnit fastest = {group->fastest_variant, group->fastest_seed};
    const char *verb =
        g_str_has_prefix(group->signature, "determinism:") ? "verify" : "run";
    g_autofree char *command =
        sweep_job_command(summary->options, &fastest, verb);
    g_autofree char *capsule =
        group->capsule_variant != 0 && !summary->options->no_capsules
            ? g_build_filename(summary->options->out, "failures", group->slug,
                               NULL)
            : g_strdup("");

    json_builder_begin_object(json);
    MEMBER("signature", string, group->signature);
    if (state != SWEEP_NEWS_UNKNOWN) {
        MEMBER("state", string, news[state]);
    }
    MEMBER("count", int, (gint64)group->count);
    add_seed(json, "first_seed", group->first_seed);
    MEMBER("first_variant", int, group->first_variant);
    add_seed(json, "fastest_seed", group->fastest_seed);
    MEMBER("fastest_variant", int, group->fastest_variant);
    MEMBER("fastest_events", int, (gint64)group->fastest_events);
    MEMBER("fastest_virtual_ns", int, (gint64)group->fastest_virtual_ns);
    MEMBER("message", string, group->message);
    MEMBER("capsule", string, capsule);
    MEMBER("run", string, command);
    json_builder_end_object(json);
}

static void
add_faults(JsonBuilder *json, const SweepSummary *summary)
{
    json_builder_set_member_name(json, "faults");
    json_builder_begin_object(json);
    for (unsigned kind = 1; kind < FAULT_KIND_COUNT; kind++) {
        const ResultsFault *fault = &summary->faults[kind];

        if (fault->configured + fault->drawn == 0) {
            continue;
        }
        json_builder_set_member_name(json, fault_kind_name((FaultKind)kind));
        json_builder_begin_object(json);
        MEMBER("configured", int, (gint64)fault->configured);
        MEMBER("drawn", int, (gint64)fault->drawn);
        MEMBER("applied", int, (gint64)fault->applied);
        MEMBER("mattered", int, (gint64)fault->mattered);
        MEMBER("runs_mattered", int, (gint64)fault->seeds);
        json_builder_end_object(json);
    }
    json_builder_end_object(json);
}

static void
add_rates(JsonBuilder *json, const SweepSummary *summary)
{
    json_builder_set_member_name(json, "rates");
    json_builder_begin_object(json);
    for (unsigned i = 0; i < RATES_COUNT; i++) {
        const ResultsRate *rate = &summary->rates[i];

        if (rate->trials == 0) {
            continue;
        }
        json_builder_set_member_name(json, rates_name((RatesKind)i));
        json_builder_begin_object(json);
        MEMBER("trials", int, (gint64)rate->trials);
        MEMBER("expected", double, rate->expected);
        MEMBER("observed", int, (gint64)rate->observed);
        MEMBER("variance", double, rate->variance);
        MEMBER("chance", double, rate->chance);
        MEMBER("in_band", boolean, !rate->out_of_band);
        json_builder_end_object(json);
    }
    json_builder_end_object(json);
}

/* How likely the next seed shows an abstract state that none did. */
static void
add_coverage(JsonBuilder *json, const SweepSummary *summary)
{
    const ResultsCoverage *coverage = &summary->coverage;
    CoverageChance chance = coverage_chance(coverage->runs, coverage->lonely);

    json_builder_set_member_name(json, "coverage");
    json_builder_begin_object(json);
    MEMBER("states", int, (gint64)coverage->states);
    MEMBER("runs_with_a_lonely_state", int, (gint64)coverage->lonely);
    MEMBER("next_new_probability", double, chance.likely);
    MEMBER("next_new_probability_high", double, chance.high);
    json_builder_end_object(json);
}

static void
add_reached(JsonBuilder *json, const char *name, const GArray *list)
{
    json_builder_set_member_name(json, name);
    json_builder_begin_object(json);
    for (unsigned i = 0; i < list->len; i++) {
        const SweepReached *row = &g_array_index(list, SweepReached, i);

        json_builder_set_member_name(json, row->name);
        json_builder_begin_object(json);
        MEMBER("runs", int, (gint64)row->sum.runs);
        MEMBER("times", int, (gint64)row->sum.times);
        json_builder_end_object(json);
    }
    json_builder_end_object(json);
}

static void
add_variants(JsonBuilder *json, const SweepSummary *summary)
{
    json_builder_set_member_name(json, "variants");
    json_builder_begin_array(json);
    for (unsigned i = 0; i < summary->variants->len; i++) {
        const SweepCompareVariant *item =
            &g_array_index(summary->variants, SweepCompareVariant, i);
        const SweepVariant *variant =
            &summary->options->variants[item->variant - 1];
        const char build[] = {variant->build, '\0'};

        json_builder_begin_object(json);
        MEMBER("variant", int, item->variant);
        MEMBER("build", string, build);
        MEMBER("name", string, variant->name);
        for (unsigned j = 0; j < RESULTS_VERDICT_COUNT; j++) {
            MEMBER(results_verdict_text((ResultsVerdict)j), int,
                   (gint64)item->counts[j]);
        }
        add_mean(json, "elections_mean", item->elections);
        add_mean(json, "ok_share_mean", item->ok_share);
        add_mean(json, "latency_p99_ns_mean", item->p99_ns);
        json_builder_end_object(json);
    }
    json_builder_end_array(json);
    if (summary->options->against != NULL) {
        add_builds(json, &summary->builds);
    }
}

static void
add_builds(JsonBuilder *json, const SweepCompareBuilds *builds)
{
    json_builder_set_member_name(json, "against");
    json_builder_begin_object(json);
    MEMBER("pairs", int, (gint64)builds->pairs);
    MEMBER("same_digest", int, (gint64)builds->same_digest);
    MEMBER("failed_with_b_only", int, (gint64)builds->broken);
    MEMBER("failed_with_a_only", int, (gint64)builds->fixed);
    json_builder_set_member_name(json, "metrics");
    json_builder_begin_object(json);
    for (unsigned i = 0; i < builds->metrics->len; i++) {
        const SweepCompareMetric *metric =
            &g_array_index(builds->metrics, SweepCompareMetric, i);

        json_builder_set_member_name(json, metric->name);
        json_builder_begin_object(json);
        MEMBER("mean_a", double, metric->mean_a);
        MEMBER("mean_b", double, metric->mean_b);
        MEMBER("differing", int, (gint64)metric->differing);
        json_builder_end_object(json);
    }
    json_builder_end_object(json);
    json_builder_end_object(json);
}

static void
add_mean(JsonBuilder *json, const char *name, double value)
{
    if (!isnan(value)) {
        MEMBER(name, double, value);
    }
}

static void
add_seed(JsonBuilder *json, const char *name, uint64_t seed)
{
    g_autofree char *text = g_strdup_printf("%" PRIu64, seed);

    MEMBER(name, string, text);
}

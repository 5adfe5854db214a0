/* SPDX-License-Identifier: Apache-2.0 */
/* What a run is watched by. Everything here sees the merged records only, so
 * it is the same whatever carried the nodes. */
#include "sim/run_observer.h"

#include <inttypes.h>
#include <string.h>

#include "nodes/probes.h"
#include "sim/canonical.h"
#include "sim/catch_up.h"
#include "sim/checks.h"
#include "sim/client.h"
#include "sim/linear_draw.h"
#include "sim/linear_models.h"
#include "sim/linear_text.h"
#include "sim/metrics.h"
#include "sim/run_files.h"
#include "sim/run_history.h"

#define CHECKPOINT_EVENTS 4096u
/* For each key: about half a second. */
#define LINEAR_STEPS      UINT64_C(10000000)
#define LINEAR_MEMORY     ((size_t)1 << 30)
#define PROBES_OF_CLIENTS (PROBE_BIT(CLIENT_INVOKE) | PROBE_BIT(CLIENT_OUTCOME))

struct RunObserver {
    const RunOptions *options;
    const Scenario *scenario;
    const Engine *engine;
    const char *folder;
    Digest digest;
    Checks *checks;
    Linear *linear;     /* NULL: not asked */
    Criteria *criteria; /* or NULL */
    RunHistory *history;
    RunFiles *files;
    Story *story;
    Metrics *metrics;
    Coverage *coverage; /* or NULL */
    CatchUp *catch_up;  /* or NULL */
    uint64_t events;
    SimTime last_fault_at, first_ok_after;
    Reached reached;
    SimTime now;
    bool cut; /* by options->event_limit */
    char crash[sizeof(((RunResult *)NULL)->crash)];
    GPtrArray *roles; /* by violation: a static word, metrics_role() */
};

static void note_roles(RunObserver *observer, bool before);
static void on_death(RunObserver *observer, const Record *record);
static void on_client(RunObserver *observer, const Effect *probe);
static void judge_history(RunObserver *observer, RunResult *result);
static bool write_why(const RunObserver *observer, GError **error);
static void judge_expectations(RunObserver *observer, RunResult *result);
static void judge_catch_up(const RunObserver *observer, RunResult *result);
static void violate(RunResult *result, const char *check, SimTime at,
                    const char *format, ...) G_GNUC_PRINTF(4, 5);
static void add_metric(void *data, const char *name, uint64_t value);
static bool finish_files(RunObserver *observer, const RunResult *result,
                         GError **error);
static char *path_of(const RunObserver *observer, const char *name);

bool
run_observer_see(void *user, const Record *record)
{
    RunObserver *observer = user;
    const Effect *probe;
    unsigned at = 0;
    bool good;

    observer->now = event_at(record->event);
    if (observer->now > observer->options->stop_at) {
        return false;
    }
    canonical_record(&observer->digest, record);
    good = checks_observe(observer->checks, record);
    observer->events++;
    if (G_UNLIKELY(!good)) {
        note_roles(observer, true);
    }
    metrics_observe(observer->metrics, record);
    if (observer->criteria != NULL) {
        criteria_observe(observer->criteria, record);
    }
    if (observer->coverage != NULL) {
        coverage_observe(observer->coverage, record);
    }
    reached_observe(&observer->reached, record);
    if (observer->catch_up != NULL) {
        catch_up_observe(observer->catch_up, record);
    }
    if (G_UNLIKELY(!good)) {
        note_roles(observer, false);
    }
    for (unsigned i = 0; !record->plain_facts && i < record->fact_count; i++) {
        if (record->facts[i].kind == FACT_FAULT ||
            record->facts[i].kind == FACT_HEAL) {
            observer->last_fault_at = observer->now;
            observer->first_ok_after = 0;
        }
    }
    while (record->input != NULL &&
           (probe = record_next_probe(record, PROBES_OF_CLIENTS, &at)) !=
               NULL) {
        on_client(observer, probe);
    }
    good =
        good && !(observer->linear != NULL && linear_stale(observer->linear));
    story_observe(observer->story, record);
    run_files_see(observer->files, record);
    if (record->death != NULL) {
        on_death(observer, record);
    }
    observer->cut = observer->options->event_limit != 0 &&
                    record->number >= observer->options->event_limit;
    return (good || observer->options->keep_going) && !observer->cut &&
           record->number != observer->options->stop_event;
}

/* Which role the nodes of new violations have: the one that the record left
 * them in, or, of one that died of it, the one before. */
static void
note_roles(RunObserver *observer, bool before)
{
    const GPtrArray *found = checks_violations(observer->checks);

    for (unsigned i = before ? observer->roles->len : 0; i < found->len; i++) {
        const Violation *violation = found->pdata[i];
        const char *role = metrics_role(observer->metrics, violation->node);

        if (before) {
            g_ptr_array_add(observer->roles, (gpointer)role);
        } else if (violation->at == observer->now &&
                   strcmp(role, "down") != 0) {
            observer->roles->pdata[i] = (gpointer)role;
        }
    }
}

static void
on_client(RunObserver *observer, const Effect *probe)
{
    if (probe->probe.id == PROBE_CLIENT_INVOKE) {
        if (observer->history != NULL) {
            run_history_invoke(observer->history, observer->now, probe);
        }
    } else if (probe->probe.id == PROBE_CLIENT_OUTCOME) {
        if (probe->probe.values[1] == CLIENT_OK &&
            observer->first_ok_after == 0) {
            observer->first_ok_after = observer->now;
        }
        if (observer->history != NULL) {
            run_history_outcome(observer->history, observer->now, probe);
        }
    }
}

static void
on_death(RunObserver *observer, const Record *record)
{
    const CarrierDeath *death = record->death;
    char how[64] = "";

    if (death->signal != 0) {
        g_snprintf(how, sizeof(how), ", signal %d", death->signal);
    } else if (death->status != 0) {
        g_snprintf(how, sizeof(how), ", exit status %d", death->status);
    }
    g_snprintf(observer->crash, sizeof(observer->crash),
               "node %u at %.9f s%s%s%s: %s\n%s", event_cell(record->event),
               (double)observer->now / 1e9, how, death->hang ? ", hang" : "",
               death->nonsense ? ", nonsense" : "", death->text,
               death->backtrace);
}

const Digest *
run_observer_digest(const RunObserver *observer)
{
    return &observer->digest;
}

TraceAbout
run_observer_about(const RunObserver *observer)
{
    unsigned nodes = observer->scenario->node_count;

    return (TraceAbout){.scenario = observer->scenario->name,
                        .seed = observer->options->seed,
                        .node_count = nodes,
                        .client_count =
                            engine_host_count(observer->engine) - nodes};
}

bool
run_observer_finish(RunObserver *observer, RunResult *result, GError **error)
{
    const GPtrArray *found;
    bool good = true;

    memset(result, 0, sizeof(*result));
    result->events = observer->events;
    result->reached = observer->reached;
    engine_rates(observer->engine, &result->rates);
    memcpy(result->crash, observer->crash, sizeof(result->crash));
    if (observer->metrics != NULL) {
        good = metrics_close(observer->metrics, observer->now, error);
        metrics_each(observer->metrics, add_metric, result);
        checks_totals(observer->checks, add_metric, result);
    }
    result->sent = run_metric(result, "messages_sent");
    result->delivered = run_metric(result, "messages_delivered");
    result->dropped = run_metric(result, "messages_dropped");
    checks_finish(observer->checks, observer->now);
    if (observer->criteria != NULL) {
        result->criterion_count = criteria_finish(
            observer->criteria, observer->now, result->criteria);
    }
    found = checks_violations(observer->checks);
    for (unsigned i = 0; i < found->len; i++) {
        const Violation *violation = found->pdata[i];

        violate(result, violation->check, violation->at, "%s",
                violation->message);
        if (result->violation_count <= RUN_VIOLATIONS_MAX) {
            RunViolation *kept =
                &result->violations[result->violation_count - 1];

            kept->node = violation->node;
            g_strlcpy(kept->role,
                      i < observer->roles->len
                          ? (const char *)observer->roles->pdata[i]
                          : metrics_role(observer->metrics, violation->node),
                      sizeof(kept->role));
        }
    }
    if (observer->linear != NULL && !observer->cut &&
        (found->len == 0 || observer->options->keep_going)) {
        judge_history(observer, result);
    }
    if (found->len == 0 && observer->options->stop_at == SIM_NEVER &&
        observer->options->stop_event == 0 && !observer->cut &&
        !(observer->linear != NULL && linear_stale(observer->linear))) {
        judge_expectations(observer, result);
    } else {
        /* It was not the whole run. */
        for (unsigned i = 0; i < result->criterion_count; i++) {
            result->criteria[i].judged = false;
        }
    }
    result->verdict = result->violation_count > 0  ? RUN_VIOLATED
                      : result->unknown[0] != '\0' ? RUN_UNKNOWN
                                                   : RUN_PASS;
    result->virtual_ns = observer->now;
    result->digest = digest_value(&observer->digest);
    memcpy(result->faults, world_counts(engine_world(observer->engine)),
           sizeof(result->faults));
    if (observer->coverage != NULL) {
        result->state_count =
            coverage_states(observer->coverage, result->states);
        coverage_free(observer->coverage);
    }
    good = finish_files(observer, result, good ? error : NULL) && good;
    story_finish(observer->story, result->story);
    digest_clear(&observer->digest);
    criteria_free(observer->criteria);
    checks_free(observer->checks);
    g_ptr_array_unref(observer->roles);
    metrics_free(observer->metrics);
    catch_up_free(observer->catch_up);
    g_free(observer);
    return good;
}

/* Linearizability, within bounds that do not depend on the machine. */
static void
judge_history(RunObserver *observer, RunResult *result)
{
    LinearVerdict verdict = linear_finish(observer->linear);
    const GPtrArray *failures = linear_failures(observer->linear);
    const LinearCounts *counts = linear_counts(observer->linear);
    char text[sizeof(result->violations[0].message)];

    for (unsigned i = 0; i < failures->len; i++) {
        const LinearFailure *failure = failures->pdata[i];

        linear_text_sentence(failure, text, sizeof(text));
        violate(result, "linearizability", failure->at, "%s", text);
    }
    if (verdict == LINEAR_UNKNOWN) {
        g_snprintf(result->unknown, sizeof(result->unknown),
                   "linearizability: %s; %u of %" PRIu64
                   " keys were not judged",
                   linear_why(observer->linear), counts->unknown, counts->keys);
    }
}

/* What cannot be ordered, in words and drawn. */
static bool
write_why(const RunObserver *observer, GError **error)
{
    const GPtrArray *failures = linear_failures(observer->linear);
    g_autofree char *text_path = path_of(observer, "linearizability.txt");
    g_autofree char *picture_path = path_of(observer, "linearizability.svg");
    g_autofree char *picture = NULL;
    GString *text;
    bool good;

    if (failures->len == 0) {
        return true;
    }
    text = g_string_new(NULL);
    picture = linear_draw(failures->pdata[0]);
    for (unsigned i = 0; i < failures->len; i++) {
        linear_text_print(text, failures->pdata[i], "history.jsonl");
    }
    good =
        g_file_set_contents(text_path, text->str, (gssize)text->len, error) &&
        g_file_set_contents(picture_path, picture, -1, error);
    g_string_free(text, TRUE);
    return good;
}

/* Complete every file that was begun; the first error is the one told. */
static bool
finish_files(RunObserver *observer, const RunResult *result, GError **error)
{
    bool good = true;

    if (observer->folder != NULL) {
        g_autofree char *path = path_of(observer, "digest.ckpt");

        good = digest_checkpoints_save(&observer->digest, path, error);
    }
    if (observer->history != NULL) {
        good =
            run_history_close(observer->history, good ? error : NULL) && good;
    }
    if (observer->linear != NULL && observer->folder != NULL) {
        good = write_why(observer, good ? error : NULL) && good;
    }
    linear_free(observer->linear);
    if (observer->files != NULL) {
        good = run_files_finish(observer->files, result, good ? error : NULL) &&
               good;
    }
    return good;
}

static void
judge_expectations(RunObserver *observer, RunResult *result)
{
    for (unsigned i = 0; i < result->criterion_count; i++) {
        const CriterionResult *one = &result->criteria[i];

        if (!one->holds) {
            violate(result, one->check, observer->now, "%s", one->said);
        }
    }
    judge_catch_up(observer, result);
}

static void
judge_catch_up(const RunObserver *observer, RunResult *result)
{
    SimTime within = observer->scenario->expect.caught_up_within;
    CatchUpLag lag;

    if (within == 0 || observer->now - observer->last_fault_at < within ||
        !catch_up_lag(observer->catch_up, observer->now - within, &lag)) {
        return;
    }
    violate(result, "caught-up", observer->now,
            "is up and has applied %" PRIu64 ", but %" PRIu64
            " was committed by %.3f s and the last change of faults was at "
            "%.3f s",
            lag.applied, lag.committed, (double)lag.at / 1e9,
            (double)observer->last_fault_at / 1e9);
    if (result->violation_count <= RUN_VIOLATIONS_MAX) {
        RunViolation *kept = &result->violations[result->violation_count - 1];

        kept->node = lag.node;
        g_strlcpy(kept->role, metrics_role(observer->metrics, lag.node),
                  sizeof(kept->role));
    }
}

static void
violate(RunResult *result, const char *check, SimTime at, const char *format,
        ...)
{
    RunViolation *violation;
    va_list arguments;

    if (result->violation_count++ >= RUN_VIOLATIONS_MAX) {
        return;
    }
    violation = &result->violations[result->violation_count - 1];
    g_strlcpy(violation->check, check, sizeof(violation->check));
    violation->at = at;
    va_start(arguments, format);
    g_vsnprintf(violation->message, sizeof(violation->message), format,
                arguments);
    va_end(arguments);
}

static void
add_metric(void *data, const char *name, uint64_t value)
{
    RunResult *result = data;

    g_assert(result->metric_count < RUN_METRICS_MAX);
    g_strlcpy(result->metrics[result->metric_count].name, name,
              sizeof(result->metrics[0].name));
    result->metrics[result->metric_count++].value = value;
}

static char *
path_of(const RunObserver *observer, const char *name)
{
    return g_build_filename(observer->folder, name, NULL);
}

RunObserver *
run_observer_new(const RunOptions *options, const Scenario *scenario,
                 const Engine *engine, const char *folder, GError **error)
{
    RunObserver *observer = g_new0(RunObserver, 1);
    TraceAbout about;
    MetricsAbout metrics = {.node_count = scenario->node_count};
    bool good;

    observer->options = options;
    observer->scenario = scenario;
    observer->engine = engine;
    observer->folder = folder;
    about = run_observer_about(observer);
    digest_init(
        &observer->digest,
        folder != NULL || options->checkpoints != NULL ? CHECKPOINT_EVENTS : 0);
    if (options->coverage) {
        observer->coverage = coverage_new(scenario->node_count);
    }
    observer->story = story_new(scenario->node_count);
    observer->roles = g_ptr_array_new();
    observer->checks = checks_new(scenario->node_count, &scenario->expect);
    if (scenario->expect.caught_up_within > 0) {
        observer->catch_up = catch_up_new(scenario->node_count);
    }
    observer->metrics = metrics_new(folder, &metrics, error);
    good = observer->metrics != NULL;
    if (good) {
        observer->criteria =
            criteria_new(scenario->node_count, &scenario->expect,
                         observer->checks, observer->metrics);
    }
    if (scenario->expect.linearizable && scenario->client_group_count > 0) {
        LinearOptions linear = {
            .model = linear_models_find("kv", NULL),
            .limits = {.steps = LINEAR_STEPS, .memory = LINEAR_MEMORY},
            .watch = true};

        observer->linear = linear_new(&linear);
    }
    if (good && (folder != NULL || observer->linear != NULL)) {
        g_autofree char *path =
            folder != NULL ? path_of(observer, "history.jsonl") : NULL;

        observer->history = run_history_new(path, observer->linear, error);
        good = observer->history != NULL;
    }
    if (good) {
        observer->files =
            run_files_new(options, scenario, &about,
                          folder != NULL ? folder : options->files, error);
        good = observer->files != NULL;
    }
    if (!good) {
        static RunResult ignored;

        run_observer_finish(observer, &ignored, NULL);
        return NULL;
    }
    return observer;
}

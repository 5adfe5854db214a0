/* SPDX-License-Identifier: Apache-2.0 */
/* The best run so far, and how it is believed: it failed as it is before
 * anything was taken from it, and what is left is run once more where the
 * original ran. Removing a line of the plan leaves the draws of all others
 * alone, for streams are keyed by what they are for; and still any change may
 * send a run another way, so nothing is taken for granted. */
#include <string.h>

#include "sim/shrink_edit.h"
#include "sim/shrink_private.h"

#define SHRINK_ERROR (g_quark_from_static_string("seedbed-shrink"))

static ShrinkStatus reproduce(Shrink *shrink, GError **error);
static ShrinkStatus confirm(Shrink *shrink, GError **error);
static void cut(Shrink *shrink);
static void tell(void *user, uint64_t runs);
static ShrinkSize size_of(const Trial *trial, const TrialAnswer *answer);
static Trial *make_same(void *user, unsigned index);
static bool load(Shrink *shrink, GError **error);

ShrinkStatus
shrink_run(const ShrinkOptions *options, ShrinkResult *result, GError **error)
{
    Shrink *shrink = g_new0(Shrink, 1);
    ShrinkStatus status = SHRINK_BAD_ARGUMENTS;

    memset(result, 0, sizeof(*result));
    shrink->options = options;
    shrink->result = result;
    if (load(shrink, error)) {
        shrink->trials = trials_new(&shrink->config);
        status = reproduce(shrink, error);
        if (status == SHRINK_DONE) {
            shrink_steps_take(shrink);
            status = confirm(shrink, error);
        }
        result->runs += trials_runs(shrink->trials);
        result->cpu_ns = trials_cpu_ns(shrink->trials);
        result->wall_ns = trials_wall_ns(shrink->trials);
        result->complete = !trials_over(shrink->trials);
    }
    if (status != SHRINK_DONE) {
        shrink_result_clear(result);
    }
    trials_free(shrink->trials);
    trials_one_free(shrink->best);
    run_folder_free(shrink->folder);
    g_free(shrink);
    return status;
}

static bool
load(Shrink *shrink, GError **error)
{
    const ShrinkOptions *options = shrink->options;
    TrialsConfig *config = &shrink->config;

    shrink->folder = trials_folder(options->folder, config, error);
    if (shrink->folder == NULL) {
        return false;
    }
    shrink->best = trials_one_load(shrink->folder, error);
    if (shrink->best == NULL) {
        return false;
    }
    trials_inline(config, shrink->best, shrink->folder);
    config->loosely = options->loosely;
    config->jobs = options->jobs;
    config->stop = options->stop;
    config->progress = options->progress != NULL ? tell : NULL;
    config->progress_user = shrink;
    g_strlcpy(shrink->result->signature, shrink->folder->signature,
              SIGNATURE_SIZE);
    return true;
}

/* The run as it is. */
static Trial *
make_same(void *user, unsigned index)
{
    const Shrink *shrink = user;

    (void)index;
    return trials_one_copy(shrink->best);
}

/* It must fail as it did. */
static ShrinkStatus
reproduce(Shrink *shrink, GError **error)
{
    TrialAnswer answer = {0};
    Trial *winner = NULL;

    if (trials_first(shrink->trials, 1, make_same, shrink, &winner, &answer) <
        0) {
        if (trials_over(shrink->trials)) {
            g_set_error(error, SHRINK_ERROR, 0,
                        "%s: stopped before it had failed once",
                        shrink->options->folder);
            return SHRINK_INTERNAL;
        }
        g_set_error(error, SHRINK_ERROR, 0,
                    "%s: does not fail as it did%s, so there is nothing to "
                    "shrink: `seedbed replay %s` says what differs",
                    shrink->options->folder,
                    run_folder_own_build(shrink->folder)
                        ? ""
                        : " (another build made it)",
                    shrink->options->folder);
        return SHRINK_DIFFERENT;
    }
    shrink->duration = winner->scenario->duration;
    shrink->at_end = answer.failed_at >= winner->scenario->duration;
    shrink->config.wall_limit_ns = shrink->options->limit_ns;
    shrink->config.event_limit = 3 * answer.events + 10000;
    shrink->config.cpu_limit_s =
        10 + 20 * trials_cpu_ns(shrink->trials) / SIM_S;
    shrink->result->before = size_of(winner, &answer);
    shrink->result->seed_before = winner->seed;
    shrink->progress.before = shrink->result->before;
    shrink_accept(shrink, winner, &answer);
    return SHRINK_DONE;
}

/* @trial is taken. */
void
shrink_accept(Shrink *shrink, Trial *trial, const TrialAnswer *answer)
{
    trials_one_free(shrink->best);
    shrink->best = trial;
    shrink->answer = *answer;
    cut(shrink);
    shrink->progress.now = size_of(shrink->best, answer);
}

/* What would come after the failure never happens. That nothing before it
 * changes is not believed either: confirm() runs it. */
static void
cut(Shrink *shrink)
{
    Scenario *scenario = shrink->best->scenario;
    SimTime end = (shrink->answer.failed_at / SIM_MS + 1) * SIM_MS;
    g_autofree uint8_t *keep = g_new0(uint8_t, scenario->timed->count + 1);

    if (shrink->answer.virtual_ns != shrink->answer.failed_at ||
        shrink->answer.failed_at >= scenario->duration) {
        return; /* judged when the run is over */
    }
    scenario->duration = MIN(scenario->duration, end);
    for (unsigned i = 0; i < scenario->timed->count; i++) {
        keep[i] = scenario->timed->faults[i].at <= shrink->answer.failed_at;
    }
    shrink_edit_plan(scenario, keep);
    shrink->best = trials_one_settle(shrink->best);
    g_assert(shrink->best != NULL);
}

/* The run ends when it fails. That its scenario goes on for as long again costs
 * nothing, and lets its other futures (why) and other seeds fail as well. */
void
shrink_give_slack(const Shrink *shrink, Scenario *scenario)
{
    SimTime end = 2 * shrink->answer.failed_at;

    if (!shrink->at_end) {
        end = end > 100 * SIM_MS ? (end / (100 * SIM_MS) + 1) * 100 * SIM_MS
                                 : end + SIM_MS;
        scenario->duration =
            MAX(scenario->duration, MIN(end, shrink->duration));
    }
}

/* Once more, in the original's isolation, with its workers; only what fails
 * there as well is told and kept. */
static ShrinkStatus
confirm(Shrink *shrink, GError **error)
{
    const ShrinkOptions *options = shrink->options;
    ShrinkResult *result = shrink->result;
    g_autofree char *out =
        options->out != NULL
            ? g_strdup(options->out)
            : g_build_filename(options->folder, "shrunk", NULL);
    RunOptions run;
    char signature[SIGNATURE_SIZE] = "";

    shrink_give_slack(shrink, shrink->best->scenario);
    run_folder_options(shrink->folder, &run);
    run.keep_going = false;
    run.seed = shrink->best->seed;
    run.scenario_given = shrink->best->scenario;
    run.plan_given = shrink->best->scenario->timed;
    run.out = out;
    for (unsigned look = 0; look < (options->no_folder ? 1u : 2u); look++) {
        run.no_folder = look == 0;
        result->runs++;
        if (run_scenario(&run, &result->run, error) >= RUN_BAD_ARGUMENTS) {
            return SHRINK_INTERNAL;
        }
        signature_of(&result->run, signature);
        if (!digest_equal(result->run.digest, shrink->answer.digest) ||
            !signature_alike(signature, shrink->config.signature,
                             options->loosely)) {
            g_set_error(error, SHRINK_ERROR, 0,
                        "%s: what was left after shrinking inline does not "
                        "fail alike in the original's isolation: `seedbed "
                        "verify` looks for the reason",
                        options->folder);
            return SHRINK_DIFFERENT;
        }
    }
    result->seed = shrink->best->seed;
    result->after = size_of(shrink->best, &shrink->answer);
    result->plan = plan_text(shrink->best->scenario->timed);
    return SHRINK_DONE;
}

static void
tell(void *user, uint64_t runs)
{
    Shrink *shrink = user;

    shrink->progress.runs = runs;
    shrink->progress.wall_ns = trials_wall_ns(shrink->trials);
    shrink->options->progress(shrink->options->user, &shrink->progress);
}

static ShrinkSize
size_of(const Trial *trial, const TrialAnswer *answer)
{
    const Scenario *scenario = trial->scenario;
    ShrinkSize size = {.faults = scenario->timed->count,
                       .nodes = scenario->node_count,
                       .operations = answer->operations,
                       .events = answer->events,
                       .duration = answer->virtual_ns};

    for (unsigned i = 0; i < scenario->client_group_count; i++) {
        size.clients += scenario->clients[i].count;
    }
    return size;
}

void
shrink_result_clear(ShrinkResult *result)
{
    g_clear_pointer(&result->plan, g_free);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* The search. Each step offers smaller runs, the smallest first; the first
 * that fails alike is what all further steps start from. Steps go round until
 * a round changes nothing. Removing a line of the plan leaves the draws of all
 * others alone, for streams are keyed by what they are for; and still any
 * change may send a run another way, so nothing is taken for granted and
 * everything is run. */
#include "sim/shrink.h"

#include <inttypes.h>
#include <string.h>

#include "sim/ddmin.h"
#include "sim/shrink_edit.h"
#include "sim/trials.h"

#define SHRINK_ERROR (g_quark_from_static_string("seedbed-shrink"))

/* Rounds of all steps. As a rule the third changes nothing. */
#define ROUNDS_MAX 6u
/* Events that the search with other seeds may cost about. */
#define SEEDS_EVENTS 30000000u

typedef struct Shrink {
    const ShrinkOptions *options;
    ShrinkResult *result;
    RunFolder *folder;
    TrialsConfig config;
    Trials *trials;
    Trial *best;
    TrialAnswer answer; /* of @best */
    SimTime duration;   /* of the original's scenario */
    bool at_end;        /* judged when the run is over, not before */
    ShrinkProgress progress;
} Shrink;

/* What a step offers. */
typedef struct Offer {
    Shrink *shrink;
    const Trial *base;          /* what is offered are changes of this */
    const uint8_t *const *sets; /* of ddmin_reduce() */
    unsigned set_count, seeds;  /* with each of so many seeds */
    const unsigned *place;      /* by line of the plan: its place in a set */
    const GArray *edits;
    ShrinkKnob knob;
    int64_t values[SHRINK_KNOB_VALUES];
} Offer;

typedef struct Step Step;

static ShrinkStatus reproduce(Shrink *shrink, GError **error);
static ShrinkStatus confirm(Shrink *shrink, GError **error);
static void give_slack(const Shrink *shrink, Scenario *scenario);
static void rounds(Shrink *shrink, const Step *steps, unsigned count);
static int try_first(Offer *offer, unsigned count, TrialsMake make);
static void accept(Shrink *shrink, Trial *trial, const TrialAnswer *answer);
static void cut(Shrink *shrink);
static bool step_duration(Shrink *shrink);
static bool step_kinds(Shrink *shrink);
static bool step_lines(Shrink *shrink);
static bool step_edits(Shrink *shrink);
static bool step_nodes(Shrink *shrink);
static bool step_clients(Shrink *shrink);
static bool step_times(Shrink *shrink);
static bool step_faults(Shrink *shrink);
static bool step_links(Shrink *shrink);
static bool step_round(Shrink *shrink);
static bool step_seeds(Shrink *shrink);
static bool step_other_seeds(Shrink *shrink, unsigned seeds);
static bool reduce_plan(Shrink *shrink, const unsigned *place, unsigned count);
static bool turn(Shrink *shrink, ShrinkKnobs knobs);
static int test_lines(void *user, const uint8_t *const *sets, unsigned count);
static int test_edits(void *user, const uint8_t *const *sets, unsigned count);
static int test_seeds(void *user, const uint8_t *const *sets, unsigned count);
static Trial *make_same(void *user, unsigned index);
static Trial *make_shorter(void *user, unsigned index);
static Trial *make_lines(void *user, unsigned index);
static Trial *make_edits(void *user, unsigned index);
static Trial *make_value(void *user, unsigned index);
static Trial *make_seed_lines(void *user, unsigned index);
static Trial *make_seed_nodes(void *user, unsigned index);
static void tell(void *user, uint64_t runs);
static ShrinkSize size_of(const Trial *trial, const TrialAnswer *answer);
static bool load(Shrink *shrink, GError **error);

struct Step {
    const char *name;
    bool (*take)(Shrink *shrink);
};

/* First what there is, also with other seeds: as long as faults are strong and
 * the network is bad, many seeds fail. Then how much of it. */
static const Step structure[] = {
    {"duration", step_duration}, {"kinds of faults", step_kinds},
    {"faults", step_lines},      {"nodes", step_nodes},
    {"other seeds", step_seeds},
};
static const Step details[] = {
    {"duration", step_duration},
    {"options", step_edits},
    {"clients", step_clients},
    {"time", step_times},
    {"faults' strength", step_faults},
    {"links", step_links},
    {"plain numbers", step_round},
    {"kinds of faults", step_kinds},
    {"faults", step_lines},
    {"nodes", step_nodes},
};

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
            rounds(shrink, structure, G_N_ELEMENTS(structure));
            rounds(shrink, details, G_N_ELEMENTS(details));
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
    trial_free(shrink->best);
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
    shrink->best = trial_load(shrink->folder, error);
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

/* The run as it is must fail as it did. */
static ShrinkStatus
reproduce(Shrink *shrink, GError **error)
{
    Offer offer = {.shrink = shrink, .base = shrink->best};
    TrialAnswer answer = {0};
    Trial *winner = NULL;

    if (trials_first(shrink->trials, 1, make_same, &offer, &winner, &answer) <
        0) {
        if (trials_over(shrink->trials)) {
            g_set_error(error, SHRINK_ERROR, 0,
                        "%s: stopped before it had failed once",
                        shrink->options->folder);
            return SHRINK_INTERNAL;
        }
        g_set_error(error, SHRINK_ERROR, 0,
                    "%s: does not fail as it did, so there is nothing to "
                    "shrink: `seedbed replay %s` says what differs",
                    shrink->options->folder, shrink->options->folder);
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
    accept(shrink, winner, &answer);
    return SHRINK_DONE;
}

/* All of @steps again and again until they change nothing. */
static void
rounds(Shrink *shrink, const Step *steps, unsigned count)
{
    bool changed = true;

    for (unsigned round = 0; changed && round < ROUNDS_MAX; round++) {
        changed = false;
        for (unsigned i = 0; i < count; i++) {
            shrink->progress.step = steps[i].name;
            changed = steps[i].take(shrink) || changed;
        }
    }
}

/* Of @count offers the first that fails alike is the best now. Returns which,
 * or -1. */
static int
try_first(Offer *offer, unsigned count, TrialsMake make)
{
    Shrink *shrink = offer->shrink;
    TrialAnswer answer;
    Trial *winner = NULL;
    int found =
        trials_first(shrink->trials, count, make, offer, &winner, &answer);

    if (found >= 0) {
        accept(shrink, winner, &answer);
    }
    return found;
}

/* @trial is taken. */
static void
accept(Shrink *shrink, Trial *trial, const TrialAnswer *answer)
{
    trial_free(shrink->best);
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
    shrink->best = trial_settle(shrink->best);
    g_assert(shrink->best != NULL);
}

/* What is judged when the run is over may have been there before: that is
 * tried, for it need not be. */
static bool
step_duration(Shrink *shrink)
{
    Offer offer = {.shrink = shrink};
    g_autoptr(Trial) base = trial_copy(shrink->best);

    if (shrink->at_end ||
        shrink->answer.virtual_ns == shrink->answer.failed_at) {
        return false;
    }
    offer.base = base;
    return try_first(&offer, 3, make_shorter) >= 0;
}

/* All lines of a kind at a time: a level above the lines, as in Misherghi and
 * Su, "HDD: Hierarchical Delta Debugging", ICSE 2006. */
static bool
step_kinds(Shrink *shrink)
{
    const Plan *plan = shrink->best->scenario->timed;
    g_autofree unsigned *place = g_new0(unsigned, plan->count + 1);
    unsigned number[FAULT_KIND_COUNT] = {0};
    unsigned kinds = 0;

    for (unsigned i = 0; i < plan->count; i++) {
        FaultKind kind = plan->faults[i].kind;

        if (number[kind] == 0) {
            number[kind] = ++kinds;
        }
        place[i] = number[kind] - 1;
    }
    return kinds < plan->count && reduce_plan(shrink, place, kinds);
}

static bool
step_lines(Shrink *shrink)
{
    unsigned count = shrink->best->scenario->timed->count;
    g_autofree unsigned *place = g_new0(unsigned, count + 1);

    for (unsigned i = 0; i < count; i++) {
        place[i] = i;
    }
    return reduce_plan(shrink, place, count);
}

/* Of @count sorts of lines, those that are needed. */
static bool
reduce_plan(Shrink *shrink, const unsigned *place, unsigned count)
{
    g_autoptr(Trial) base = trial_copy(shrink->best);
    g_autofree uint8_t *keep = g_malloc(count + 1);
    Offer offer = {.shrink = shrink, .base = base, .place = place};

    memset(keep, 1, count + 1);
    ddmin_reduce(count, keep, test_lines, &offer);
    return shrink->best->scenario->timed->count < base->scenario->timed->count;
}

static int
test_lines(void *user, const uint8_t *const *sets, unsigned count)
{
    Offer *offer = user;

    offer->sets = sets;
    return try_first(offer, count, make_lines);
}

static bool
step_edits(Shrink *shrink)
{
    g_autoptr(Trial) base = trial_copy(shrink->best);
    GArray *edits = shrink_edit_list(base->scenario, !shrink->at_end);
    g_autofree uint8_t *keep = g_malloc(edits->len + 1);
    Offer offer = {.shrink = shrink, .base = base, .edits = edits};
    unsigned count = edits->len;
    unsigned left;

    memset(keep, 1, count + 1);
    left = ddmin_reduce(count, keep, test_edits, &offer);
    g_array_unref(edits);
    return left < count;
}

static int
test_edits(void *user, const uint8_t *const *sets, unsigned count)
{
    Offer *offer = user;

    offer->sets = sets;
    return try_first(offer, count, make_edits);
}

/* Bounds on a whole run ask for what a cluster can do under its faults: with
 * fewer nodes the same faults may be more than any cluster can bear. */
static bool
step_nodes(Shrink *shrink)
{
    return !shrink->at_end && turn(shrink, SHRINK_KNOBS_NODES);
}

/* And they are broken by clients that do nothing. */
static bool
step_clients(Shrink *shrink)
{
    return !shrink->at_end && turn(shrink, SHRINK_KNOBS_CLIENTS);
}

static bool
step_times(Shrink *shrink)
{
    return !shrink->at_end && turn(shrink, SHRINK_KNOBS_TIMES);
}

static bool
step_faults(Shrink *shrink)
{
    return turn(shrink, SHRINK_KNOBS_FAULTS);
}

static bool
step_links(Shrink *shrink)
{
    return turn(shrink, SHRINK_KNOBS_LINKS);
}

static bool
step_round(Shrink *shrink)
{
    return turn(shrink, SHRINK_KNOBS_ROUND);
}

/* Each of @knobs as far down as it goes. */
static bool
turn(Shrink *shrink, ShrinkKnobs knobs)
{
    GArray *list = shrink_edit_knobs(shrink->best->scenario, knobs);
    unsigned lines = shrink->best->scenario->timed->count;
    bool changed = false;

    /* A line that went makes the numbers of the others wrong. */
    for (unsigned i = 0;
         i < list->len && lines == shrink->best->scenario->timed->count; i++) {
        Offer offer = {.shrink = shrink,
                       .knob = g_array_index(list, ShrinkKnob, i)};
        int found;

        do {
            g_autoptr(Trial) base = trial_copy(shrink->best);
            unsigned count =
                shrink_edit_values(base->scenario, &offer.knob,
                                   shrink->answer.failed_at, offer.values);

            offer.base = base;
            found = try_first(&offer, count, make_value);
            changed = changed || found >= 0;
        } while (found >= 0 && lines == shrink->best->scenario->timed->count);
    }
    g_array_unref(list);
    return changed;
}

/* Where the own seed leads no further, another one may: fewer lines or fewer
 * nodes, with any of a few seeds, then of more. The work grows with what is
 * left, so it has a bound. */
static bool
step_seeds(Shrink *shrink)
{
    static const unsigned levels[] = {4, 16, 64};
    bool changed = false;

    for (unsigned i = 0; !changed && i < G_N_ELEMENTS(levels); i++) {
        unsigned lines = shrink->best->scenario->timed->count;
        uint64_t sets = 3 * (uint64_t)lines + 1;

        if (i > 0 && sets * levels[i] * shrink->answer.events > SEEDS_EVENTS) {
            break;
        }
        changed = step_other_seeds(shrink, levels[i]);
    }
    return changed;
}

static bool
step_other_seeds(Shrink *shrink, unsigned seeds)
{
    unsigned lines = shrink->best->scenario->timed->count;
    unsigned nodes = shrink->best->scenario->node_count;
    g_autofree uint8_t *keep = g_malloc(lines + 1);
    g_autofree unsigned *place = g_new0(unsigned, lines + 1);
    g_autoptr(Trial) base = trial_copy(shrink->best);
    Offer offer = {
        .shrink = shrink, .base = base, .place = place, .seeds = seeds};

    give_slack(shrink, base->scenario);
    for (unsigned i = 0; i < lines; i++) {
        place[i] = i;
        keep[i] = 1;
    }
    ddmin_reduce(lines, keep, test_seeds, &offer);
    if (shrink->best->scenario->timed->count < lines) {
        return true;
    }
    return nodes > 1 && !shrink->at_end &&
           try_first(&offer, seeds, make_seed_nodes) >= 0;
}

static int
test_seeds(void *user, const uint8_t *const *sets, unsigned count)
{
    Offer *offer = user;
    int found;

    offer->sets = sets;
    offer->set_count = count;
    found = try_first(offer, count * offer->seeds, make_seed_lines);
    return found < 0 ? -1 : found % (int)count;
}

static Trial *
make_same(void *user, unsigned index)
{
    const Offer *offer = user;

    (void)index;
    return trial_copy(offer->base);
}

static Trial *
make_shorter(void *user, unsigned index)
{
    static const unsigned parts[] = {1, 2, 4};
    const Offer *offer = user;
    Trial *trial = trial_copy(offer->base);
    Scenario *scenario = trial->scenario;
    SimTime failed = offer->shrink->answer.failed_at;
    SimTime end = (failed / SIM_MS + 1) * SIM_MS;

    /* A little behind it, then nearer to the end. */
    end += (MAX(scenario->duration, end) - end) / 8 * (parts[index] - 1);
    if (end >= scenario->duration) {
        trial_free(trial);
        return NULL;
    }
    scenario->duration = end;
    return trial_settle(trial);
}

static Trial *
make_lines(void *user, unsigned index)
{
    const Offer *offer = user;
    Trial *trial = trial_copy(offer->base);
    unsigned count = trial->scenario->timed->count;
    g_autofree uint8_t *keep = g_new0(uint8_t, count + 1);

    for (unsigned i = 0; i < count; i++) {
        keep[i] = offer->sets[index][offer->place[i]];
    }
    shrink_edit_plan(trial->scenario, keep);
    return trial_settle(trial);
}

static Trial *
make_edits(void *user, unsigned index)
{
    const Offer *offer = user;
    Trial *trial = trial_copy(offer->base);

    shrink_edit_apply(trial->scenario, offer->edits, offer->sets[index]);
    return trial_settle(trial);
}

static Trial *
make_value(void *user, unsigned index)
{
    const Offer *offer = user;
    Trial *trial = trial_copy(offer->base);

    shrink_edit_set(trial->scenario, &offer->knob, offer->values[index]);
    return trial_settle(trial);
}

/* Seed by seed all sets, for none of them is likelier than another. */
static Trial *
make_seed_lines(void *user, unsigned index)
{
    const Offer *offer = user;
    Trial *trial = make_lines(user, index % offer->set_count);

    if (trial != NULL) {
        trial->seed = index / offer->set_count + 1;
    }
    return trial;
}

/* Seed by seed a node less. */
static Trial *
make_seed_nodes(void *user, unsigned index)
{
    const Offer *offer = user;
    Trial *trial = trial_copy(offer->base);
    GArray *knobs = shrink_edit_knobs(trial->scenario, SHRINK_KNOBS_NODES);

    trial->seed = index + 1;
    shrink_edit_set(trial->scenario, &g_array_index(knobs, ShrinkKnob, 0),
                    trial->scenario->node_count - 1);
    g_array_unref(knobs);
    return trial_settle(trial);
}

/* The run ends when it fails. That its scenario goes on for as long again costs
 * nothing, and lets its other futures (why) and other seeds fail as well. */
static void
give_slack(const Shrink *shrink, Scenario *scenario)
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

    give_slack(shrink, shrink->best->scenario);
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

/* SPDX-License-Identifier: Apache-2.0 */
/* The search. Each step offers smaller runs, the smallest first; the first
 * that fails alike is what all further steps start from. Steps go round until
 * a round changes nothing. */
#include <string.h>

#include "sim/ddmin.h"
#include "sim/shrink_edit.h"
#include "sim/shrink_private.h"

/* Rounds of all steps. As a rule the third changes nothing. */
#define ROUNDS_MAX 6u
/* Events that the search with other seeds may cost about. */
#define SEEDS_EVENTS 24000000u

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

typedef struct Step {
    const char *name;
    bool (*take)(Shrink *shrink);
} Step;

static void rounds(Shrink *shrink, const Step *steps, unsigned count);
static int try_first(Offer *offer, unsigned count, TrialsMake make);
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
static Trial *make_shorter(void *user, unsigned index);
static Trial *make_lines(void *user, unsigned index);
static Trial *make_edits(void *user, unsigned index);
static Trial *make_value(void *user, unsigned index);
static Trial *make_seed_lines(void *user, unsigned index);
static Trial *make_seed_nodes(void *user, unsigned index);

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

void
shrink_steps_take(Shrink *shrink)
{
    rounds(shrink, structure, G_N_ELEMENTS(structure));
    rounds(shrink, details, G_N_ELEMENTS(details));
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
        shrink_accept(shrink, winner, &answer);
    }
    return found;
}

/* What is judged when the run is over may have been there before: that is
 * tried, for it need not be. */
static bool
step_duration(Shrink *shrink)
{
    Offer offer = {.shrink = shrink};
    g_autoptr(Trial) base = trials_one_copy(shrink->best);

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
    g_autoptr(Trial) base = trials_one_copy(shrink->best);
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
    g_autoptr(Trial) base = trials_one_copy(shrink->best);
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
            g_autoptr(Trial) base = trials_one_copy(shrink->best);
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
    g_autoptr(Trial) base = trials_one_copy(shrink->best);
    Offer offer = {
        .shrink = shrink, .base = base, .place = place, .seeds = seeds};

    shrink_give_slack(shrink, base->scenario);
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
make_shorter(void *user, unsigned index)
{
    static const unsigned parts[] = {1, 2, 4};
    const Offer *offer = user;
    Trial *trial = trials_one_copy(offer->base);
    Scenario *scenario = trial->scenario;
    SimTime failed = offer->shrink->answer.failed_at;
    SimTime end = (failed / SIM_MS + 1) * SIM_MS;

    /* A little behind it, then nearer to the end. */
    end += (MAX(scenario->duration, end) - end) / 8 * (parts[index] - 1);
    if (end >= scenario->duration) {
        trials_one_free(trial);
        return NULL;
    }
    scenario->duration = end;
    return trials_one_settle(trial);
}

static Trial *
make_lines(void *user, unsigned index)
{
    const Offer *offer = user;
    Trial *trial = trials_one_copy(offer->base);
    unsigned count = trial->scenario->timed->count;
    g_autofree uint8_t *keep = g_new0(uint8_t, count + 1);

    for (unsigned i = 0; i < count; i++) {
        keep[i] = offer->sets[index][offer->place[i]];
    }
    shrink_edit_plan(trial->scenario, keep);
    return trials_one_settle(trial);
}

static Trial *
make_edits(void *user, unsigned index)
{
    const Offer *offer = user;
    Trial *trial = trials_one_copy(offer->base);

    shrink_edit_apply(trial->scenario, offer->edits, offer->sets[index]);
    return trials_one_settle(trial);
}

static Trial *
make_value(void *user, unsigned index)
{
    const Offer *offer = user;
    Trial *trial = trials_one_copy(offer->base);

    shrink_edit_set(trial->scenario, &offer->knob, offer->values[index]);
    return trials_one_settle(trial);
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
    Trial *trial = trials_one_copy(offer->base);
    GArray *knobs = shrink_edit_knobs(trial->scenario, SHRINK_KNOBS_NODES);

    trial->seed = index + 1;
    shrink_edit_set(trial->scenario, &g_array_index(knobs, ShrinkKnob, 0),
                    trial->scenario->node_count - 1);
    g_array_unref(knobs);
    return trials_one_settle(trial);
}

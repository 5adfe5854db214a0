/* SPDX-License-Identifier: Apache-2.0 */
/* An event that a criterion waits for leaves an obligation: until then this
 * must come true. What is measured over the last second is looked at every
 * 10 ms while an obligation is open. */
#include "sim/criteria.h"

#include <inttypes.h>
#include <string.h>

#include "nodes/probes.h"
#include "nodes/quantity.h"
#include "sim/client.h"
#include "sim/histogram.h"

#define LOOK_EVERY    (10 * SIM_MS)
#define WINDOW_LOOKS  ((unsigned)(CRITERION_WINDOW / LOOK_EVERY))
#define PROCESSES_MAX (1u << 24)

typedef struct Obligation {
    unsigned criterion;
    SimTime since;
    uint64_t committed; /* CONVERGED: what all must apply */
} Obligation;

/* One criterion and what was seen of it. */
typedef struct Item {
    Criterion criterion;
    const char *check;
    unsigned judged, broken;
    SimTime worst;        /* the longest time until it came true */
    SimTime broken_since; /* the first time it did not */
} Item;

/* The operations that ended in 10 ms. */
typedef struct Bucket {
    uint64_t ok, other;
    GArray *latencies; /* uint64_t; NULL until needed */
} Bucket;

struct Criteria {
    unsigned node_count;
    Checks *checks;
    const Metrics *metrics;
    Item items[CRITERIA_MAX];
    unsigned count;
    GArray *open; /* Obligation */
    SimTime now, next_look;
    unsigned in_force; /* faults */
    bool *up;          /* by node */
    unsigned leaders;
    uint64_t term;   /* the highest */
    SimTime unrest;  /* when it, or whether anybody leads, last changed */
    bool windows;    /* some criterion is about the last second */
    GArray *invoked; /* SimTime by process */
    Bucket buckets[WINDOW_LOOKS];
    unsigned bucket;
    uint64_t committed[WINDOW_LOOKS]; /* at each look of the last second */
    uint64_t looks;
    uint64_t committed_before; /* this record */
    uint64_t ok, other;        /* in the window */
    Histogram *latency;        /* likewise; NULL: not asked for */
};

static void add_short_forms(Criteria *criteria, const Expect *expect);
static void add(Criteria *criteria, const char *check, Criterion criterion);
static void on_fact(Criteria *criteria, const Fact *fact);
static void on_fault(Criteria *criteria, const Fact *fact);
static void on_probe(Criteria *criteria, const Effect *probe);
static void on_outcome(Criteria *criteria, const uint64_t *values);
static void happen(Criteria *criteria, CriterionEvent event, FaultKind kind);
static void excuse(Criteria *criteria);
static void count_leaders(Criteria *criteria);
static void come_true(Criteria *criteria, CriterionSubject subject);
static void look(Criteria *criteria);
static void expire(Criteria *criteria);
static void next_bucket(Criteria *criteria);
static void settle(Criteria *criteria, unsigned open, bool good);
static bool has_converged(const Criteria *criteria, uint64_t committed);
static bool measured_well(const Criteria *criteria, const Criterion *one);
static bool measure(const Criteria *criteria, const Criterion *one, SimTime at,
                    uint64_t *value);
static void judge_whole(const Criteria *criteria, const Item *item, SimTime at,
                        CriterionResult *result);
static void judge_within(const Item *item, CriterionResult *result);
static uint64_t ratio(uint64_t part, uint64_t whole, uint64_t scale);
static uint64_t total(const Criteria *criteria, const char *name);

void
criteria_observe(Criteria *criteria, const Record *record)
{
    const uint64_t kinds = UINT64_C(1) << PROBE_RAFT_ROLE |
                           UINT64_C(1) << PROBE_CLIENT_INVOKE |
                           UINT64_C(1) << PROBE_CLIENT_OUTCOME;
    const Effect *probe;
    unsigned at = 0;

    criteria->now = event_at(record->event);
    if (criteria->now >= criteria->next_look) {
        look(criteria);
    }
    if (record->number == 1) {
        happen(criteria, CRITERION_START, FAULT_NONE);
    }
    for (unsigned i = 0; !record->plain_facts && i < record->fact_count; i++) {
        on_fact(criteria, &record->facts[i]);
    }
    while (record->input != NULL &&
           (probe = record_next_probe(record, kinds, &at)) != NULL) {
        on_probe(criteria, probe);
    }
    criteria->committed_before = checks_view(criteria->checks)->committed.last;
}

static void
on_fact(Criteria *criteria, const Fact *fact)
{
    bool of_node = fact->node >= 1 && fact->node <= criteria->node_count;

    switch (fact->kind) {
    case FACT_FAULT:
        on_fault(criteria, fact);
        return;
    case FACT_HEAL:
        criteria->in_force -= criteria->in_force > 0;
        if (criteria->in_force == 0) {
            happen(criteria, CRITERION_HEAL, FAULT_NONE);
        }
        happen(criteria, CRITERION_LAST_CHANGE, FAULT_NONE);
        return;
    case FACT_RESTART:
    case FACT_CRASH:
    case FACT_HALT:
        if (of_node) {
            criteria->up[fact->node] = fact->kind == FACT_RESTART;
        }
        break;
    default:
        return;
    }
    count_leaders(criteria);
}

static void
on_fault(Criteria *criteria, const Fact *fact)
{
    FaultKind kind = (FaultKind)fact->fault_kind;

    if (kind == FAULT_NONE) {
        return; /* it hit nobody */
    }
    /* The view shows already whom it struck. */
    count_leaders(criteria);
    excuse(criteria);
    criteria->in_force += (fault_kind_needs(kind) & FAULT_FOR) != 0;
    happen(criteria, CRITERION_FAULT, FAULT_NONE);
    happen(criteria, CRITERION_KIND, kind);
    happen(criteria, CRITERION_LAST_CHANGE, FAULT_NONE);
}

/* The checks' view has seen this record: it shows who leads now. */
static void
on_probe(Criteria *criteria, const Effect *probe)
{
    const uint64_t *values = probe->probe.values;

    switch (probe->probe.id) {
    case PROBE_CLIENT_INVOKE:
        if (criteria->windows && values[0] <= PROCESSES_MAX) {
            if (values[0] >= criteria->invoked->len) {
                g_array_set_size(criteria->invoked, (guint)values[0] + 1);
            }
            g_array_index(criteria->invoked, SimTime, values[0]) =
                criteria->now;
        }
        return;
    case PROBE_CLIENT_OUTCOME:
        on_outcome(criteria, values);
        return;
    default:
        break;
    }
    count_leaders(criteria);
}

static void
count_leaders(Criteria *criteria)
{
    const RaftView *view = checks_view(criteria->checks);
    unsigned before = criteria->leaders;
    uint64_t term = criteria->term;

    criteria->leaders = 0;
    for (unsigned id = 1; id <= criteria->node_count; id++) {
        criteria->leaders += view->nodes[id].role == RAFT_VIEW_LEADER;
        term = MAX(term, view->nodes[id].term);
    }
    if (term != criteria->term || (before == 0) != (criteria->leaders == 0)) {
        criteria->term = term;
        criteria->unrest = criteria->now;
    }
    if (criteria->leaders > 0) {
        come_true(criteria, CRITERION_LEADER);
    } else if (before > 0) {
        happen(criteria, CRITERION_LEADER_LOSS, FAULT_NONE);
    }
}

static void
on_outcome(Criteria *criteria, const uint64_t *values)
{
    Bucket *bucket = &criteria->buckets[criteria->bucket];
    bool ok = values[1] == CLIENT_OK;

    if (ok) {
        come_true(criteria, CRITERION_PROGRESS);
    }
    if (!criteria->windows) {
        return;
    }
    bucket->ok += ok;
    bucket->other += !ok;
    criteria->ok += ok;
    criteria->other += !ok;
    if (ok && criteria->latency != NULL && values[0] < criteria->invoked->len) {
        uint64_t latency = criteria->now -
                           g_array_index(criteria->invoked, SimTime, values[0]);

        histogram_add(criteria->latency, latency);
        g_array_append_val(bucket->latencies, latency);
    }
}

/* An obligation for whoever waits for this. A leader that is there already
 * meets it at once. */
static void
happen(Criteria *criteria, CriterionEvent event, FaultKind kind)
{
    for (unsigned i = 0; i < criteria->count; i++) {
        const Criterion *one = &criteria->items[i].criterion;
        Obligation fresh = {i, criteria->now,
                            checks_view(criteria->checks)->committed.last};

        if (one->event != event || one->kind != kind) {
            continue;
        }
        for (unsigned j = criteria->open->len;
             event == CRITERION_LAST_CHANGE && j > 0; j--) {
            if (g_array_index(criteria->open, Obligation, j - 1).criterion ==
                i) {
                g_array_remove_index(criteria->open, j - 1);
            }
        }
        g_array_append_val(criteria->open, fresh);
        if (one->subject == CRITERION_LEADER && criteria->leaders > 0) {
            settle(criteria, criteria->open->len - 1, true);
        }
    }
}

/* Another fault begins: what is open is not judged, but for what asks for the
 * last change, which this is now. */
static void
excuse(Criteria *criteria)
{
    for (unsigned i = criteria->open->len; i > 0; i--) {
        const Obligation *one =
            &g_array_index(criteria->open, Obligation, i - 1);

        if (one->since < criteria->now) {
            g_array_remove_index(criteria->open, i - 1);
        }
    }
}

static void
come_true(Criteria *criteria, CriterionSubject subject)
{
    for (unsigned i = criteria->open->len; i > 0; i--) {
        const Obligation *one =
            &g_array_index(criteria->open, Obligation, i - 1);

        if (criteria->items[one->criterion].criterion.subject == subject) {
            settle(criteria, i - 1, true);
        }
    }
}

/* 10 ms have passed. */
static void
look(Criteria *criteria)
{
    expire(criteria);
    for (unsigned i = criteria->open->len; i > 0; i--) {
        Obligation one = g_array_index(criteria->open, Obligation, i - 1);
        const Criterion *what = &criteria->items[one.criterion].criterion;
        bool second = criteria->now - one.since >= CRITERION_WINDOW;

        if ((what->subject == CRITERION_CONVERGED &&
             has_converged(criteria, one.committed)) ||
            (what->subject == CRITERION_STABLE && second &&
             criteria->leaders > 0 &&
             criteria->now - criteria->unrest >= CRITERION_WINDOW) ||
            (what->subject >= CRITERION_AVAILABILITY && second &&
             measured_well(criteria, what))) {
            settle(criteria, i - 1, true);
        }
    }
    while (criteria->next_look <= criteria->now) {
        criteria->next_look += LOOK_EVERY;
        criteria->committed[criteria->looks++ % WINDOW_LOOKS] =
            criteria->committed_before;
        if (criteria->windows) {
            next_bucket(criteria);
        }
    }
}

/* The time is up for those that are open still. */
static void
expire(Criteria *criteria)
{
    for (unsigned i = criteria->open->len; i > 0; i--) {
        const Obligation *one =
            &g_array_index(criteria->open, Obligation, i - 1);
        const Criterion *what = &criteria->items[one->criterion].criterion;

        if (criteria->now - one->since > what->within) {
            settle(criteria, i - 1, false);
        }
    }
}

/* The oldest leaves the window and is the next to be filled. */
static void
next_bucket(Criteria *criteria)
{
    Bucket *bucket;

    criteria->bucket = (criteria->bucket + 1) % WINDOW_LOOKS;
    bucket = &criteria->buckets[criteria->bucket];
    criteria->ok -= bucket->ok;
    criteria->other -= bucket->other;
    bucket->ok = bucket->other = 0;
    for (unsigned i = 0;
         bucket->latencies != NULL && i < bucket->latencies->len; i++) {
        histogram_remove(criteria->latency,
                         g_array_index(bucket->latencies, uint64_t, i));
    }
    if (bucket->latencies != NULL) {
        g_array_set_size(bucket->latencies, 0);
    }
}

static void
settle(Criteria *criteria, unsigned open, bool good)
{
    Obligation one = g_array_index(criteria->open, Obligation, open);
    Item *item = &criteria->items[one.criterion];
    SimTime took = criteria->now - one.since;

    g_array_remove_index(criteria->open, open);
    good = good && took <= item->criterion.within;
    item->judged++;
    if (good) {
        item->worst = MAX(item->worst, took);
    } else if (item->broken++ == 0) {
        item->broken_since = one.since;
    }
}

/* Every node that is up has applied as much, and the same. */
static bool
has_converged(const Criteria *criteria, uint64_t committed)
{
    const RaftView *view = checks_view(criteria->checks);

    for (unsigned id = 1; id <= criteria->node_count; id++) {
        uint64_t prefix;

        if (!criteria->up[id]) {
            continue;
        }
        if (view->nodes[id].applied < committed) {
            return false;
        }
        if (index_ring_has(&view->committed, committed) &&
            raft_view_prefix_at(&view->nodes[id], committed, &prefix) &&
            prefix != index_ring_at(&view->committed, committed)->prefix) {
            return false;
        }
    }
    return true;
}

/* In the last second, in which something must have ended. */
static bool
measured_well(const Criteria *criteria, const Criterion *one)
{
    uint64_t all = criteria->ok + criteria->other;
    uint64_t value;

    switch (one->subject) {
    case CRITERION_AVAILABILITY:
        value = ratio(criteria->ok, all, QUANTITY_ONE);
        break;
    case CRITERION_ERROR_RATE:
        value = ratio(criteria->other, all, QUANTITY_ONE);
        break;
    case CRITERION_THROUGHPUT:
        value = criteria->ok * 1000;
        all = 1;
        break;
    default:
        all = criteria->ok;
        value = one->ppm == CRITERION_MEAN
                    ? histogram_mean(criteria->latency)
                    : histogram_quantile(criteria->latency, one->ppm);
    }
    return all > 0 &&
           (one->at_least ? value >= one->bound : value <= one->bound);
}

unsigned
criteria_finish(Criteria *criteria, SimTime at, CriterionResult *results)
{
    criteria->now = at;
    expire(criteria);
    for (unsigned i = 0; i < criteria->count; i++) {
        const Item *item = &criteria->items[i];
        CriterionResult *result = &results[i];
        g_autofree char *text = criterion_text(&item->criterion);

        *result = (CriterionResult){.unit = item->criterion.unit,
                                    .bound = item->criterion.bound,
                                    .at_least = item->criterion.at_least};
        g_strlcpy(result->text, text, sizeof(result->text));
        g_strlcpy(result->check, item->check, sizeof(result->check));
        if (item->criterion.event == CRITERION_WHOLE_RUN) {
            judge_whole(criteria, item, at, result);
        } else {
            judge_within(item, result);
        }
    }
    return criteria->count;
}

static void
judge_whole(const Criteria *criteria, const Item *item, SimTime at,
            CriterionResult *result)
{
    const Criterion *one = &item->criterion;
    const RaftView *view = checks_view(criteria->checks);
    g_autofree char *value = NULL;

    if (one->subject < CRITERION_AVAILABILITY) {
        /* The oldest look is a second old; before that nothing was. */
        uint64_t all = criteria->committed[criteria->looks % WINDOW_LOOKS];
        uint64_t least = view->committed.last;

        for (unsigned id = 1; id <= criteria->node_count; id++) {
            if (criteria->up[id]) {
                least = MIN(least, view->nodes[id].applied);
            }
        }
        all = one->subject == CRITERION_CONSISTENT ? least : all;
        result->judged = true;
        result->bound = all;
        result->measured = least;
        result->at_least = true;
        result->holds = has_converged(criteria, all);
        if (least < all) {
            g_snprintf(result->said, sizeof(result->said),
                       "%s: a node that is up has applied %" PRIu64
                       ", but %" PRIu64 " were committed a second ago",
                       result->text, least, all);
        } else {
            g_snprintf(result->said, sizeof(result->said),
                       "%s: what nodes applied up to %" PRIu64
                       " is not the same everywhere",
                       result->text, all);
        }
        return;
    }
    result->judged = measure(criteria, one, at, &result->measured);
    result->holds =
        !result->judged || (one->at_least ? result->measured >= one->bound
                                          : result->measured <= one->bound);
    value = criterion_value_text(one->unit, result->measured);
    g_snprintf(result->said, sizeof(result->said), "%s, expected %s", value,
               result->text);
}

static void
judge_within(const Item *item, CriterionResult *result)
{
    const Criterion *one = &item->criterion;

    result->judged = item->judged > 0;
    result->holds = item->broken == 0;
    result->at_least = false;
    result->unit = CRITERION_DURATION;
    result->bound = one->within;
    result->measured = item->broken > 0 ? UINT64_MAX : item->worst;
    g_snprintf(result->said, sizeof(result->said),
               "%s: not so after the one at %.3f s, nor after %u others of %u",
               result->text, (double)item->broken_since / 1e9,
               item->broken > 0 ? item->broken - 1 : 0, item->judged);
}

/* Of the whole run. False: there was nothing to measure. */
static bool
measure(const Criteria *criteria, const Criterion *one, SimTime at,
        uint64_t *value)
{
    uint64_t ok = total(criteria, "operations_ok");
    uint64_t other =
        total(criteria, "operations_fail") + total(criteria, "operations_info");

    switch (one->subject) {
    case CRITERION_AVAILABILITY:
        *value = ratio(ok, ok + other, QUANTITY_ONE);
        return ok + other > 0;
    case CRITERION_ERROR_RATE:
        *value = ratio(other, ok + other, QUANTITY_ONE);
        return ok + other > 0;
    case CRITERION_THROUGHPUT:
        *value = ratio(ok, at, 1000 * SIM_S);
        return at > 0;
    case CRITERION_LATENCY:
        *value = metrics_latency(criteria->metrics, one->ppm);
        return ok > 0;
    case CRITERION_MESSAGES:
        *value = ratio(total(criteria, "messages_sent"), ok, 1000);
        return ok > 0;
    default:
        *value = total(criteria, one->metric);
        return true;
    }
}

static uint64_t
ratio(uint64_t part, uint64_t whole, uint64_t scale)
{
    return whole == 0 ? 0 : (uint64_t)((unsigned __int128)part * scale / whole);
}

typedef struct Find {
    const char *name;
    uint64_t value;
} Find;

static void
find(void *data, const char *name, uint64_t value)
{
    Find *wanted = data;

    if (strcmp(wanted->name, name) == 0) {
        wanted->value = value;
    }
}

static uint64_t
total(const Criteria *criteria, const char *name)
{
    Find wanted = {name, 0};

    metrics_each(criteria->metrics, find, &wanted);
    checks_totals(criteria->checks, find, &wanted);
    return wanted.value;
}

Criteria *
criteria_new(unsigned node_count, const Expect *expect, Checks *checks,
             const Metrics *metrics)
{
    Criteria *criteria = g_new0(Criteria, 1);

    criteria->node_count = node_count;
    criteria->checks = checks;
    criteria->metrics = metrics;
    criteria->open = g_array_new(FALSE, FALSE, sizeof(Obligation));
    criteria->invoked = g_array_new(FALSE, TRUE, sizeof(SimTime));
    criteria->up = g_new0(bool, node_count + 1);
    criteria->next_look = LOOK_EVERY;
    add_short_forms(criteria, expect);
    for (char **text = expect->criteria; text != NULL && *text != NULL;
         text++) {
        Criterion one;
        bool good = criterion_parse(*text, &one, NULL);

        g_assert(good); /* scenario_load() has judged it */
        add(criteria, "criterion", one);
    }
    if (criteria->count == 0) {
        g_clear_pointer(&criteria, criteria_free);
    }
    return criteria;
}

/* The keys of `expect` that say the same in a word. */
static void
add_short_forms(Criteria *criteria, const Expect *expect)
{
    Criterion elections = {.subject = CRITERION_METRIC,
                           .metric = "elections",
                           .bound = expect->elections_min,
                           .at_least = true};
    Criterion operations = {.subject = CRITERION_METRIC,
                            .metric = "operations_ok",
                            .bound = expect->operations_min,
                            .at_least = true};

    if (expect->elections_min > 0) {
        add(criteria, "elections", elections);
    }
    if (expect->elections_max != UINT64_MAX) {
        elections.at_least = false;
        elections.bound = expect->elections_max;
        add(criteria, "elections", elections);
    }
    if (expect->operations_min > 0) {
        add(criteria, "operations", operations);
    }
    if (expect->availability_ppb_min > 0) {
        add(criteria, "availability",
            (Criterion){.subject = CRITERION_AVAILABILITY,
                        .unit = CRITERION_FRACTION,
                        .at_least = true,
                        .bound = expect->availability_ppb_min});
    }
    if (expect->leader_within > 0) {
        add(criteria, "leader-within",
            (Criterion){.subject = CRITERION_LEADER,
                        .event = CRITERION_START,
                        .within = expect->leader_within});
    }
    if (expect->recovery_within > 0) {
        add(criteria, "recovery",
            (Criterion){.subject = CRITERION_PROGRESS,
                        .event = CRITERION_LAST_CHANGE,
                        .within = expect->recovery_within});
    }
}

static void
add(Criteria *criteria, const char *check, Criterion criterion)
{
    g_assert(criteria->count < CRITERIA_MAX);
    criteria->items[criteria->count++] =
        (Item){.criterion = criterion, .check = check};
    if (criterion.event == CRITERION_WHOLE_RUN ||
        criterion.subject < CRITERION_AVAILABILITY) {
        return;
    }
    criteria->windows = true;
    if (criterion.subject == CRITERION_LATENCY && criteria->latency == NULL) {
        criteria->latency = g_new0(Histogram, 1);
        for (unsigned i = 0; i < WINDOW_LOOKS; i++) {
            criteria->buckets[i].latencies =
                g_array_new(FALSE, FALSE, sizeof(uint64_t));
        }
    }
}

void
criteria_free(Criteria *criteria)
{
    if (criteria == NULL) {
        return;
    }
    for (unsigned i = 0; i < WINDOW_LOOKS; i++) {
        g_clear_pointer(&criteria->buckets[i].latencies, g_array_unref);
    }
    g_array_free(criteria->open, TRUE);
    g_array_free(criteria->invoked, TRUE);
    g_free(criteria->latency);
    g_free(criteria->up);
    g_free(criteria);
}

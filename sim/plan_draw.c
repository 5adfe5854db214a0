/* SPDX-License-Identifier: Apache-2.0 */
/* A scenario's faults drawn into a plan. Each entry of faults.random has its
 * own streams, keyed by its kind and its place among the entries of that
 * kind, and entries are drawn one after the other against what is already in
 * the plan: an entry added at the end changes no line of the others, and one
 * added elsewhere only what the budget then refuses. */
#include <string.h>
#include <xxhash.h>

#include "netmodel/distribution.h"
#include "sim/scenario.h"
#include "sim/selector.h"

/* Something that takes nodes away, or just lasts. */
typedef struct Span {
    SimTime begin, end; /* in force in [begin, end) */
    uint8_t *down;      /* node_count + 1 flags; NULL: takes none away */
    unsigned unknown;   /* and so many that a selector names later */
    bool destroys;      /* for good, and more than time */
} Span;

typedef struct Draw {
    const Scenario *scenario;
    uint64_t seed;
    Plan *plan;
    GArray *spans;
} Draw;

static void clear_spans(Draw *draw);
static void draw_timed(Draw *draw);
static void draw_core(Draw *draw);
static SimTime core_at(const Scenario *scenario, const Plan *plan);
static void draw_rate(Draw *draw, unsigned index);
static bool draw_fault(Draw *draw, const FaultRate *rate, uint64_t key,
                       uint64_t index, Fault *fault);
static uint64_t draw_range(uint64_t key, uint64_t index, uint64_t field,
                           uint64_t low, uint64_t high);
static void add_span(Draw *draw, const Fault *fault);
static Span span_of(Draw *draw, const Fault *fault);
static void count_term(Draw *draw, const SelectorTerm *term, Span *span);
static bool fits(Draw *draw, const Span *span);
static unsigned destroyed_count(Draw *draw, const Span *span);
static unsigned down_count(Draw *draw, const Span *span, SimTime at,
                           uint8_t *down);
static char *settle(Draw *draw, const char *text, uint64_t salt);
static void settle_some(Draw *draw, unsigned count, uint64_t salt,
                        GString *out);
static bool takes_down(FaultKind kind);
static bool is_lasting(FaultKind kind);
static bool destroys(FaultKind kind);
static uint64_t stream_key(uint64_t seed, const char *purpose, const char *kind,
                           unsigned number);

Plan *
scenario_plan(const Scenario *scenario, uint64_t seed)
{
    Draw draw = {scenario, seed, plan_new(), NULL};
    Plan *plan = draw.plan;

    draw.spans = g_array_new(FALSE, FALSE, sizeof(Span));
    draw_timed(&draw);
    for (unsigned i = 0; i < scenario->rate_count; i++) {
        draw_rate(&draw, i);
    }
    draw_core(&draw);
    clear_spans(&draw);
    plan_sort(plan);
    return plan;
}

bool
scenario_plan_judge(const Scenario *scenario, const Plan *plan, GError **error)
{
    Draw draw = {.scenario = scenario};
    unsigned most = (scenario->node_count - 1) / 2;
    unsigned count;

    if (scenario->beyond_budget) {
        return true;
    }
    draw.spans = g_array_new(FALSE, FALSE, sizeof(Span));
    for (unsigned i = 0; i < plan->count; i++) {
        add_span(&draw, &plan->faults[i]);
    }
    count = destroyed_count(&draw, NULL);
    clear_spans(&draw);
    if (count > most) {
        g_set_error(error, g_quark_from_static_string("seedbed-plan"), 0,
                    "the plan's disk faults destroy what %u of %u nodes have "
                    "stored, expected at most %u, which a correct system can "
                    "survive; --beyond-budget lifts this",
                    count, scenario->node_count, most);
    }
    return count <= most;
}

static void
clear_spans(Draw *draw)
{
    for (unsigned i = 0; i < draw->spans->len; i++) {
        g_free(g_array_index(draw->spans, Span, i).down);
    }
    g_array_free(draw->spans, TRUE);
}

static void
draw_timed(Draw *draw)
{
    const Plan *timed = draw->scenario->timed;

    for (unsigned i = 0; i < timed->count; i++) {
        Fault fault = timed->faults[i];

        if (fault.salt == 0) {
            uint64_t key =
                stream_key(draw->seed, "timed salt", "", fault.number);

            fault.salt = draw_range(key, 0, 0, 1, UINT32_MAX);
        }
        plan_add(draw->plan, &fault);
        add_span(draw, &fault);
    }
}

/* Behind all others, unless the scenario has its own. */
static void
draw_core(Draw *draw)
{
    const Expect *expect = &draw->scenario->expect;
    Fault fault = {.kind = FAULT_HEAL_CORE, .nodes = expect->liveness_core};

    if (expect->liveness_within == 0) {
        return;
    }
    for (unsigned i = 0; i < draw->plan->count; i++) {
        if (draw->plan->faults[i].kind == FAULT_HEAL_CORE) {
            return;
        }
    }
    fault.at = core_at(draw->scenario, draw->plan);
    fault.salt =
        draw_range(stream_key(draw->seed, "core", "", 0), 0, 0, 1, UINT32_MAX);
    plan_add(draw->plan, &fault);
}

static SimTime
core_at(const Scenario *scenario, const Plan *plan)
{
    SimTime at = scenario->rate_count > 0 && scenario->fault_stop != SIM_NEVER
                     ? scenario->fault_stop
                     : SIM_MS;

    for (unsigned i = 0; i < plan->count; i++) {
        at = MAX(at, plan->faults[i].at + SIM_MS);
    }
    return at;
}

static void
draw_rate(Draw *draw, unsigned index)
{
    const Scenario *scenario = draw->scenario;
    const FaultRate *rate = &scenario->rates[index];
    const char *kind = fault_kind_name(rate->kind);
    SimTime stop = MIN(scenario->fault_stop, scenario->duration);
    SimTime at = scenario->fault_start;
    unsigned twins = 0;
    Stream gaps = {0};
    uint64_t key = 0;

    for (unsigned i = 0; i < index; i++) {
        twins += scenario->rates[i].kind == rate->kind ? 1 : 0;
    }
    gaps.key = stream_key(draw->seed, "gap", kind, twins);
    key = stream_key(draw->seed, "fault", kind, twins);
    for (uint64_t i = 0;; i++) {
        Fault fault = {0};

        at += distribution_exponential(&gaps, rate->mean_between);
        if (at >= stop) {
            break;
        }
        fault.at = at;
        if (draw_fault(draw, rate, key, i, &fault)) {
            plan_add(draw->plan, &fault);
            add_span(draw, &fault);
        }
        g_free(fault.nodes);
    }
}

/* Fill @fault, whose nodes are then the caller's; false when budget or
 * overlap forbid it. */
static bool
draw_fault(Draw *draw, const FaultRate *rate, uint64_t key, uint64_t index,
           Fault *fault)
{
    const char *nodes = rate->nodes;
    Span span = {0};
    bool good = false;

    fault->kind = rate->kind;
    fault->salt = draw_range(key, index, 0, 1, UINT32_MAX);
    fault->duration =
        draw_range(key, index, 1, rate->duration_min, rate->duration_max);
    fault->amount = (int64_t)draw_range(
        key, index, 2, (uint64_t)rate->amount_min, (uint64_t)rate->amount_max);
    fault->peers = rate->peers;
    fault->netem = rate->netem;
    fault->file = rate->file;
    fault->period = rate->period;
    if ((draw->scenario->quorum_budget && takes_down(rate->kind)) ||
        (!draw->scenario->beyond_budget && destroys(rate->kind))) {
        fault->nodes = settle(draw, nodes, fault->salt);
    } else {
        fault->nodes = g_strdup(nodes);
    }
    span = span_of(draw, fault);
    good = fits(draw, &span);
    g_free(span.down);
    return good;
}

/* Low to high, both included: the @field-th draw of fault @index. */
static uint64_t
draw_range(uint64_t key, uint64_t index, uint64_t field, uint64_t low,
           uint64_t high)
{
    uint64_t out[2];

    dice_block(key, index, field, out);
    return low + dice_below(out[0], high - low + 1);
}

static void
add_span(Draw *draw, const Fault *fault)
{
    Span span = span_of(draw, fault);

    g_array_append_val(draw->spans, span);
}

static Span
span_of(Draw *draw, const Fault *fault)
{
    Span span = {.begin = fault->at,
                 .end = fault->at + fault->duration,
                 .destroys = destroys(fault->kind)};
    Selector selector = {0};
    bool for_ever = fault->duration == 0 &&
                    (fault_kind_needs(fault->kind) & FAULT_FOR) != 0;

    if (for_ever || (takes_down(fault->kind) && is_lasting(fault->kind))) {
        span.end = SIM_NEVER;
    }
    if (!takes_down(fault->kind) || fault->nodes == NULL ||
        !selector_parse(fault->nodes, 0, &selector, NULL)) {
        return span;
    }
    span.down = g_new0(uint8_t, draw->scenario->node_count + 1);
    for (unsigned i = 0; i < selector.count; i++) {
        count_term(draw, &selector.terms[i], &span);
    }
    selector_clear(&selector);
    return span;
}

static void
count_term(Draw *draw, const SelectorTerm *term, Span *span)
{
    unsigned n = draw->scenario->node_count;
    char **regions = draw->scenario->node_regions;

    switch (term->kind) {
    case SELECTOR_ALL:
    case SELECTOR_REST:
        memset(span->down + 1, 1, n);
        break;
    case SELECTOR_ONE:
    case SELECTOR_LEADER:
        span->unknown += 1;
        break;
    case SELECTOR_MINORITY:
        span->unknown += (n - 1) / 2;
        break;
    case SELECTOR_MAJORITY:
        span->unknown += n / 2 + 1;
        break;
    case SELECTOR_FOLLOWERS:
        span->unknown += n - 1;
        break;
    case SELECTOR_NODE:
        if (term->node <= n) {
            span->down[term->node] = 1;
        }
        break;
    case SELECTOR_REGION:
        for (unsigned i = 0; regions != NULL && i < n; i++) {
            if (strcmp(regions[i], term->region) == 0) {
                span->down[i + 1] = 1;
            }
        }
        break;
    case SELECTOR_CLIENTS:
        break;
    }
}

/* Whether the plan stays within budget and overlap with @span in it. Both
 * can only be exceeded first at a moment when some span begins. */
static bool
fits(Draw *draw, const Span *span)
{
    const Scenario *scenario = draw->scenario;
    unsigned most = (scenario->node_count - 1) / 2;
    g_autofree uint8_t *down = g_new0(uint8_t, scenario->node_count + 1);
    bool budget = scenario->quorum_budget && span->down != NULL;
    bool good = true;

    if (!scenario->beyond_budget && span->destroys &&
        destroyed_count(draw, span) > most) {
        return false;
    }
    if (!budget && scenario->fault_overlap_max == 0) {
        return true;
    }
    for (unsigned i = 0; good && i <= draw->spans->len; i++) {
        const Span *other =
            i < draw->spans->len ? &g_array_index(draw->spans, Span, i) : span;
        SimTime at = other->begin;

        if (at < span->begin || (at >= span->end && other != span)) {
            continue;
        }
        if (budget && down_count(draw, span, at, down) > most) {
            good = false;
        }
        if (scenario->fault_overlap_max != 0 && at < span->end) {
            unsigned active = 1;

            for (unsigned j = 0; j < draw->spans->len; j++) {
                const Span *third = &g_array_index(draw->spans, Span, j);

                active += third->begin <= at && at < third->end ? 1 : 0;
            }
            good = good && active <= scenario->fault_overlap_max;
        }
    }
    return good;
}

/* Nodes whose disks destroy something in the whole of the plan, with @span (or
 * NULL) in it. */
static unsigned
destroyed_count(Draw *draw, const Span *span)
{
    unsigned n = draw->scenario->node_count;
    g_autofree uint8_t *gone = g_new0(uint8_t, n + 1);
    unsigned count = 0;

    for (unsigned i = 0; i <= draw->spans->len; i++) {
        const Span *one =
            i < draw->spans->len ? &g_array_index(draw->spans, Span, i) : span;

        if (one == NULL || !one->destroys || one->down == NULL) {
            continue;
        }
        count += one->unknown;
        for (unsigned node = 1; node <= n; node++) {
            gone[node] |= one->down[node];
        }
    }
    for (unsigned node = 1; node <= n; node++) {
        count += gone[node];
    }
    return count;
}

/* Nodes away at @at with @span in the plan: those known, each once, and the
 * unknown ones, each as another. */
static unsigned
down_count(Draw *draw, const Span *span, SimTime at, uint8_t *down)
{
    unsigned n = draw->scenario->node_count;
    unsigned count = span->unknown;

    memcpy(down, span->down, n + 1);
    for (unsigned i = 0; i < draw->spans->len; i++) {
        const Span *other = &g_array_index(draw->spans, Span, i);

        if (other->down == NULL || at < other->begin || at >= other->end) {
            continue;
        }
        count += other->unknown;
        for (unsigned node = 1; node <= n; node++) {
            down[node] |= other->down[node];
        }
    }
    for (unsigned node = 1; node <= n; node++) {
        count += down[node];
    }
    return count;
}

/* @text with `one` and `minority` replaced by drawn nodes, so that the budget
 * can count them; owned. */
static char *
settle(Draw *draw, const char *text, uint64_t salt)
{
    Selector selector = {0};
    GString *out = g_string_new("[");
    g_autofree char *settled = NULL;
    char *canonical = NULL;
    bool good = selector_parse(text, 0, &selector, NULL);

    g_assert(good);
    for (unsigned i = 0; i < selector.count; i++) {
        Selector single = {&selector.terms[i], 1};
        g_autofree char *term = selector_text(&single);

        g_string_append(out, i > 0 ? ", " : "");
        if (single.terms->kind == SELECTOR_ONE) {
            settle_some(draw, 1, salt + i, out);
        } else if (single.terms->kind == SELECTOR_MINORITY) {
            unsigned most = (draw->scenario->node_count - 1) / 2;

            settle_some(draw, MAX(most, 1), salt + i, out);
        } else {
            g_string_append(out, term);
        }
    }
    g_string_append_c(out, ']');
    selector_clear(&selector);
    settled = g_string_free(out, FALSE);
    good = selector_parse(settled, 0, &selector, NULL);
    g_assert(good);
    canonical = selector_text(&selector);
    selector_clear(&selector);
    return canonical;
}

/* Append @count different nodes in ascending order: selection sampling
 * (Knuth, The Art of Computer Programming 2, §3.4.2, algorithm S). */
static void
settle_some(Draw *draw, unsigned count, uint64_t salt, GString *out)
{
    unsigned n = draw->scenario->node_count;
    uint64_t key = stream_key(salt, "settle", "", 0);
    unsigned wanted = count;

    for (unsigned node = 1; node <= n && wanted > 0; node++) {
        if (draw_range(key, 0, node, 0, n - node) < wanted) {
            g_string_append_printf(out, "%sn%u", wanted < count ? ", " : "",
                                   node);
            wanted--;
        }
    }
}

/* Kinds that count in the budget: the node is away, or may never again hold
 * what it has acknowledged. */
static bool
takes_down(FaultKind kind)
{
    return kind == FAULT_CRASH || kind == FAULT_KILL || kind == FAULT_PAUSE ||
           kind == FAULT_DISK_WIPE || is_lasting(kind);
}

/* A node with such a disk halts or forgets, and that outlasts the fault. */
static bool
is_lasting(FaultKind kind)
{
    return kind == FAULT_DISK_WIPE || kind == FAULT_DISK_FULL ||
           kind == FAULT_DISK_EIO || kind == FAULT_DISK_LOST_SYNC ||
           kind == FAULT_DISK_BIT_FLIP || kind == FAULT_DISK_MISDIRECT;
}

/* What such a disk loses was acknowledged, and its node may vote again: that
 * is more than a node that fails and comes back with all it had promised, for
 * which Raft is made (Raft section 5.1). */
static bool
destroys(FaultKind kind)
{
    return kind == FAULT_DISK_WIPE || kind == FAULT_DISK_LOST_SYNC ||
           kind == FAULT_DISK_BIT_FLIP || kind == FAULT_DISK_MISDIRECT;
}

static uint64_t
stream_key(uint64_t seed, const char *purpose, const char *kind,
           unsigned number)
{
    g_autofree char *name =
        g_strdup_printf("plan %s %s %u", purpose, kind, number);

    return XXH3_64bits_withSeed(name, strlen(name), seed);
}

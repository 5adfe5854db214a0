/* SPDX-License-Identifier: Apache-2.0 */
/* A state is a handful of small numbers packed into a word, so that it can be
 * compared, stored and put into words again. */
#include "sim/coverage.h"

#include <glib.h>
#include <string.h>

#include "nodes/probes.h"
#include "sim/plan.h"
#include "sim/statistics.h"

/* Slots of the set of states: twice as many as it may hold. */
#define SLOTS (2 * COVERAGE_STATES_MAX)

enum { ROLE_PRE_CANDIDATE = 1, ROLE_CANDIDATE, ROLE_LEADER };

/* What is broken, by kind of fault. */
typedef enum Trouble {
    TROUBLE_NONE,
    TROUBLE_CUT,     /* partitions */
    TROUBLE_LINK,    /* slow, lossy, held */
    TROUBLE_MACHINE, /* paused, slow, short of memory */
    TROUBLE_CLOCK,
    TROUBLE_DISK,
    TROUBLE_COUNT
} Trouble;

/* Further phases than one kind of trouble. */
enum { PHASE_SEVERAL = TROUBLE_COUNT, PHASE_HEALED };

/* The parts of a state, from the lowest bits. Coarse on purpose: a state that
 * only one seed in a million shows says little about the rest. */
static const struct {
    const char *none, *some[7];
    unsigned bits;
} parts[] = {
    {"no leader", {"1 leader", "2 leaders or more"}, 2},
    {NULL, {"candidates"}, 1},
    {NULL, {"pre-candidates"}, 1},
    {NULL, {"1 down", "2 down or more"}, 2},
    {NULL, {"terms 1 apart", "terms 2 or more apart"}, 2},
    {NULL, {"commits far apart"}, 1},
    {NULL, {"logs apart", "logs far apart"}, 2},
    {NULL, {"uncommitted entries", "many uncommitted entries"}, 2},
    {NULL, {"a log longer than the leader's"}, 1},
    {NULL,
     {"network cut", "links bad", "a machine slow", "a clock wrong",
      "a disk bad", "several faults", "healed"},
     3},
};

typedef struct NodeView {
    bool up;
    unsigned role;
    uint64_t term, last, commit;
} NodeView;

/* A line of the plan in force. */
typedef struct ActiveLine {
    uint64_t line;
    Trouble trouble;
} ActiveLine;

#define PROBES_SEEN                                                            \
    (PROBE_BIT(RAFT_ROLE) | PROBE_BIT(RAFT_APPEND) |                           \
     PROBE_BIT(RAFT_TRUNCATE) | PROBE_BIT(RAFT_COMMIT) |                       \
     PROBE_BIT(RAFT_RESTORE) | PROBE_BIT(RAFT_RECOVER))

struct Coverage {
    unsigned node_count;
    NodeView *nodes; /* 1..node_count */
    GArray *lines;   /* of ActiveLine */
    unsigned in_force[TROUBLE_COUNT];
    unsigned moment; /* bit by trouble: what came and went in this record */
    bool troubled;   /* something was in force at some time */
    CoverageState last;
    CoverageState slots[SLOTS];
    unsigned count;
};

static bool on_fact(Coverage *coverage, const Fact *fact);
static void on_fault(Coverage *coverage, const Fact *fact);
static void on_heal(Coverage *coverage, uint64_t line);
static bool on_probe(NodeView *node, const Effect *probe);
static Trouble trouble_of(uint32_t kind);
static CoverageState pack(const Coverage *coverage);
static unsigned phase(const Coverage *coverage);
static unsigned apart(uint64_t low, uint64_t high);
static void note(Coverage *coverage, CoverageState state);

void
coverage_observe(Coverage *coverage, const Record *record)
{
    NodeId self = event_cell(record->event);
    bool changed = false;
    const Effect *probe;
    unsigned at = 0;

    coverage->moment = 0;
    for (unsigned i = 0; !record->plain_facts && i < record->fact_count; i++) {
        changed |= on_fact(coverage, &record->facts[i]);
    }
    if (record->input != NULL && self >= 1 && self <= coverage->node_count) {
        NodeView *node = &coverage->nodes[self];

        if (record->input->kind == INPUT_START) {
            *node = (NodeView){.up = true};
            changed = true;
        }
        while ((probe = record_next_probe(record, PROBES_SEEN, &at)) != NULL) {
            changed |= on_probe(node, probe);
        }
    }
    if (changed) {
        note(coverage, pack(coverage));
    }
}

static bool
on_fact(Coverage *coverage, const Fact *fact)
{
    switch (fact->kind) {
    case FACT_CRASH:
    case FACT_HALT:
        if (fact->node >= 1 && fact->node <= coverage->node_count) {
            coverage->nodes[fact->node] = (NodeView){.up = false};
        }
        return true;
    case FACT_FAULT:
        on_fault(coverage, fact);
        return true;
    case FACT_HEAL:
        on_heal(coverage, fact->value);
        return true;
    default:
        return false;
    }
}

/* A line may take effect step by step: it is in force once. */
static void
on_fault(Coverage *coverage, const Fact *fact)
{
    ActiveLine line = {fact->value, trouble_of(fact->fault_kind)};

    if (line.trouble == TROUBLE_NONE) {
        return;
    }
    coverage->troubled = true;
    if ((fault_kind_needs((FaultKind)fact->fault_kind) & FAULT_FOR) == 0) {
        coverage->moment |= 1u << line.trouble;
        return;
    }
    on_heal(coverage, line.line);
    g_array_append_val(coverage->lines, line);
    coverage->in_force[line.trouble]++;
}

static void
on_heal(Coverage *coverage, uint64_t number)
{
    for (unsigned i = 0; i < coverage->lines->len; i++) {
        ActiveLine *line = &g_array_index(coverage->lines, ActiveLine, i);

        if (line->line == number) {
            coverage->in_force[line->trouble]--;
            g_array_remove_index_fast(coverage->lines, i);
            return;
        }
    }
}

static bool
on_probe(NodeView *node, const Effect *probe)
{
    const uint64_t *values = probe->probe.values;

    switch (probe->probe.id) {
    case PROBE_RAFT_ROLE:
        node->role = (unsigned)values[0];
        node->term = values[1];
        return true;
    case PROBE_RAFT_APPEND:
        node->last = values[0];
        return true;
    case PROBE_RAFT_TRUNCATE:
        node->last = values[0] - MIN(values[0], 1);
        return true;
    case PROBE_RAFT_COMMIT:
        node->commit = values[0];
        return true;
    case PROBE_RAFT_RESTORE:
        node->commit = MAX(node->commit, values[0]);
        node->last = MAX(node->last, values[0]);
        return true;
    case PROBE_RAFT_RECOVER:
        node->term = values[0];
        node->last = values[3];
        return true;
    default:
        return false;
    }
}

/* A node that is down has a part of its own. */
static Trouble
trouble_of(uint32_t kind)
{
    switch (kind) {
    case FAULT_PARTITION:
    case FAULT_PARTITION_ONE_WAY:
    case FAULT_PARTITION_BRIDGE:
    case FAULT_PARTITION_RING:
    case FAULT_FLAP:
        return TROUBLE_CUT;
    case FAULT_CLOG:
    case FAULT_CLOG_SWIZZLE:
    case FAULT_LINK:
        return TROUBLE_LINK;
    case FAULT_PAUSE:
    case FAULT_SLOW:
    case FAULT_MEMORY:
        return TROUBLE_MACHINE;
    case FAULT_CLOCK_STEP:
    case FAULT_CLOCK_DRIFT:
        return TROUBLE_CLOCK;
    case FAULT_DISK_SLOW:
    case FAULT_DISK_FULL:
    case FAULT_DISK_EIO:
    case FAULT_DISK_LOST_SYNC:
    case FAULT_DISK_BIT_FLIP:
    case FAULT_DISK_MISDIRECT:
    case FAULT_DISK_WIPE:
        return TROUBLE_DISK;
    default:
        return TROUBLE_NONE;
    }
}

static CoverageState
pack(const Coverage *coverage)
{
    unsigned leaders = 0, candidates = 0, pre_candidates = 0, down = 0;
    uint64_t terms[2] = {UINT64_MAX, 0}, commits[2] = {UINT64_MAX, 0};
    uint64_t lasts[2] = {UINT64_MAX, 0};
    const NodeView *leader = NULL;
    CoverageState state = 0;
    unsigned values[G_N_ELEMENTS(parts)];
    unsigned shift = 0;

    for (unsigned i = 1; i <= coverage->node_count; i++) {
        const NodeView *node = &coverage->nodes[i];

        if (!node->up) {
            down++;
            continue;
        }
        candidates += node->role == ROLE_CANDIDATE;
        pre_candidates += node->role == ROLE_PRE_CANDIDATE;
        if (node->role == ROLE_LEADER) {
            leaders++;
            leader =
                leader == NULL || node->term > leader->term ? node : leader;
        }
        terms[0] = MIN(terms[0], node->term);
        terms[1] = MAX(terms[1], node->term);
        commits[0] = MIN(commits[0], node->commit);
        commits[1] = MAX(commits[1], node->commit);
        lasts[0] = MIN(lasts[0], node->last);
        lasts[1] = MAX(lasts[1], node->last);
    }
    values[0] = MIN(leaders, 2);
    values[1] = candidates > 0;
    values[2] = pre_candidates > 0;
    values[3] = MIN(down, 2);
    values[4] = terms[1] > terms[0] ? (unsigned)MIN(terms[1] - terms[0], 2) : 0;
    values[5] = apart(commits[0], commits[1]) == 2;
    values[6] = apart(lasts[0], lasts[1]);
    values[7] = leader != NULL ? apart(leader->commit, leader->last) : 0;
    values[8] = leader != NULL && lasts[1] > leader->last;
    values[9] = phase(coverage);
    for (unsigned i = 0; i < G_N_ELEMENTS(parts); i++) {
        state |= values[i] << shift;
        shift += parts[i].bits;
    }
    return state | 1u << 31;
}

/* What is broken now; or whether anything was. */
static unsigned
phase(const Coverage *coverage)
{
    unsigned kinds = 0, which = 0;

    for (unsigned trouble = 1; trouble < TROUBLE_COUNT; trouble++) {
        if (coverage->in_force[trouble] > 0 ||
            (coverage->moment >> trouble & 1) != 0) {
            kinds++;
            which = trouble;
        }
    }
    if (kinds == 0) {
        return coverage->troubled ? PHASE_HEALED : 0;
    }
    return kinds == 1 ? which : PHASE_SEVERAL;
}

/* How far: not, a little, far. */
static unsigned
apart(uint64_t low, uint64_t high)
{
    return high <= low ? 0 : high - low < 8 ? 1 : 2;
}

/* An open-addressed set; most records repeat the state before. */
static void
note(Coverage *coverage, CoverageState state)
{
    unsigned slot = state * 2654435761u >> 20 & (SLOTS - 1);

    if (state == coverage->last) {
        return;
    }
    coverage->last = state;
    while (coverage->slots[slot] != 0 && coverage->slots[slot] != state) {
        slot = (slot + 1) & (SLOTS - 1);
    }
    if (coverage->slots[slot] == 0 && coverage->count < COVERAGE_STATES_MAX) {
        coverage->slots[slot] = state;
        coverage->count++;
    }
}

static int
by_number(gconstpointer a, gconstpointer b)
{
    CoverageState left = *(const CoverageState *)a;
    CoverageState right = *(const CoverageState *)b;

    return left < right ? -1 : left > right;
}

unsigned
coverage_states(const Coverage *coverage,
                CoverageState states[COVERAGE_STATES_MAX])
{
    GArray *found = g_array_new(FALSE, FALSE, sizeof(CoverageState));
    unsigned count;

    for (unsigned i = 0; i < SLOTS; i++) {
        if (coverage->slots[i] != 0) {
            g_array_append_val(found, coverage->slots[i]);
        }
    }
    g_array_sort(found, by_number);
    count = found->len;
    if (count > 0) {
        memcpy(states, found->data, count * sizeof(*states));
    }
    g_array_unref(found);
    return count;
}

void
coverage_text(CoverageState state, char text[COVERAGE_TEXT_SIZE])
{
    text[0] = '\0';
    for (unsigned i = 0; i < G_N_ELEMENTS(parts); i++) {
        unsigned value = state & ((1u << parts[i].bits) - 1);
        const char *words =
            value == 0 ? parts[i].none : parts[i].some[value - 1];

        state >>= parts[i].bits;
        if (words != NULL) {
            g_strlcat(text, text[0] != '\0' ? ", " : "", COVERAGE_TEXT_SIZE);
            g_strlcat(text, words, COVERAGE_TEXT_SIZE);
        }
    }
}

CoverageChance
coverage_chance(uint64_t seeds, uint64_t lonely)
{
    return (CoverageChance){
        .likely = seeds > 0 ? (double)lonely / (double)seeds : 1,
        .high = statistics_share(lonely, seeds, STATISTICS_Z95_ONE_SIDE).high};
}

Coverage *
coverage_new(unsigned node_count)
{
    Coverage *coverage = g_new0(Coverage, 1);

    coverage->node_count = node_count;
    coverage->nodes = g_new0(NodeView, node_count + 1);
    coverage->lines = g_array_new(FALSE, FALSE, sizeof(ActiveLine));
    return coverage;
}

void
coverage_free(Coverage *coverage)
{
    g_array_unref(coverage->lines);
    g_free(coverage->nodes);
    g_free(coverage);
}

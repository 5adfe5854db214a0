/* SPDX-License-Identifier: Apache-2.0 */
/* Nodes by what they applied, and when the cluster had committed how much. */
#include "sim/catch_up.h"

#include "nodes/probes.h"

#define GRAIN (10 * SIM_MS)
#define PROBES_SEEN                                                            \
    (PROBE_BIT(RAFT_APPLY) | PROBE_BIT(RAFT_RESTORE) | PROBE_BIT(RAFT_COMMIT))

typedef struct NodeView {
    uint64_t applied;
    bool up;
} NodeView;

/* At @at the highest commit index was @index. */
typedef struct Step {
    SimTime at;
    uint64_t index;
} Step;

struct CatchUp {
    unsigned node_count;
    NodeView *nodes;  /* by id */
    GArray *steps;    /* Step, by both */
    uint64_t highest; /* ever committed */
};

static void on_fact(CatchUp *catch_up, const Fact *fact);
static void on_commit(CatchUp *catch_up, SimTime at, uint64_t index);

void
catch_up_observe(CatchUp *catch_up, const Record *record)
{
    NodeId id = event_cell(record->event);
    const Effect *probe;
    unsigned at = 0;

    for (unsigned i = 0; !record->plain_facts && i < record->fact_count; i++) {
        on_fact(catch_up, &record->facts[i]);
    }
    if (record->input == NULL || id == 0 || id > catch_up->node_count) {
        return;
    }
    if (record->input->kind == INPUT_START) {
        catch_up->nodes[id] = (NodeView){.up = true};
    }
    while ((probe = record_next_probe(record, PROBES_SEEN, &at)) != NULL) {
        uint64_t index = probe->probe.values[0];

        if (probe->probe.id == PROBE_RAFT_APPLY ||
            probe->probe.id == PROBE_RAFT_RESTORE) {
            catch_up->nodes[id].applied = index;
        } else if (probe->probe.id == PROBE_RAFT_COMMIT) {
            on_commit(catch_up, event_at(record->event), index);
        }
    }
}

bool
catch_up_lag(const CatchUp *catch_up, SimTime before, CatchUpLag *lag)
{
    const Step *step = NULL;

    for (unsigned i = catch_up->steps->len; i > 0 && step == NULL; i--) {
        const Step *one = &g_array_index(catch_up->steps, Step, i - 1);

        step = one->at <= before ? one : NULL;
    }
    for (NodeId id = 1; step != NULL && id <= catch_up->node_count; id++) {
        const NodeView *node = &catch_up->nodes[id];

        if (node->up && node->applied < step->index) {
            *lag = (CatchUpLag){id, node->applied, step->index, step->at};
            return true;
        }
    }
    return false;
}

static void
on_fact(CatchUp *catch_up, const Fact *fact)
{
    if ((fact->kind == FACT_CRASH || fact->kind == FACT_HALT) &&
        fact->node >= 1 && fact->node <= catch_up->node_count) {
        catch_up->nodes[fact->node].up = false;
    }
}

static void
on_commit(CatchUp *catch_up, SimTime at, uint64_t index)
{
    Step step = {at, index};

    if (index <= catch_up->highest) {
        return;
    }
    catch_up->highest = index;
    if (catch_up->steps->len == 0 ||
        at - g_array_index(catch_up->steps, Step, catch_up->steps->len - 1)
                    .at >=
            GRAIN) {
        g_array_append_val(catch_up->steps, step);
    }
}

CatchUp *
catch_up_new(unsigned node_count)
{
    CatchUp *catch_up = g_new0(CatchUp, 1);

    catch_up->node_count = node_count;
    catch_up->nodes = g_new0(NodeView, node_count + 1);
    catch_up->steps = g_array_new(FALSE, FALSE, sizeof(Step));
    return catch_up;
}

void
catch_up_free(CatchUp *catch_up)
{
    if (catch_up != NULL) {
        g_array_unref(catch_up->steps);
        g_free(catch_up->nodes);
        g_free(catch_up);
    }
}

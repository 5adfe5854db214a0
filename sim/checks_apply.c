/* SPDX-License-Identifier: Apache-2.0 */
/* Applied entries and the states they lead to. A node states a digest of its
 * state at some indexes; so many are kept that all nodes come by. */
#include "sim/checks_apply.h"

#include <inttypes.h>

#include "nodes/probes.h"

#define STATES_KEPT 256u

typedef struct State {
    uint64_t index, digest;
    NodeId node; /* who said so first; 0: nobody */
} State;

typedef struct ChecksApply {
    Checks *checks;
    State states[STATES_KEPT]; /* by a hash of the index */
} ChecksApply;

static void on_apply(ChecksApply *apply, NodeId id, const uint64_t *values);
static void same_state(ChecksApply *apply, NodeId id, uint64_t index,
                       uint64_t digest);

static void
on_probe(void *family, NodeId id, const uint64_t *values, uint32_t probe)
{
    ChecksApply *apply = family;
    const RaftViewNode *node = &checks_view(apply->checks)->nodes[id];

    switch (probe) {
    case PROBE_RAFT_APPLY:
        on_apply(apply, id, values);
        return;
    case PROBE_RAFT_SNAPSHOT:
        if (values[0] > node->applied) {
            checks_violate(apply->checks, "apply-committed", id,
                           "took a snapshot of %" PRIu64
                           ", but has applied %" PRIu64,
                           values[0], node->applied);
        }
        break;
    default:
        break;
    }
    same_state(apply, id, values[0], values[2]);
}

/* S1, Raft section 5.4.3; A1: only what is committed; A2: in order, once. */
static void
on_apply(ChecksApply *apply, NodeId id, const uint64_t *values)
{
    const RaftView *view = checks_view(apply->checks);
    const RaftViewNode *node = &view->nodes[id];
    uint64_t index = values[0];
    const IndexItem *known;

    if (index != node->applied + 1) {
        checks_violate(apply->checks, "apply-order", id,
                       "applied %" PRIu64 " after %" PRIu64, index,
                       node->applied);
    }
    if (index > node->commit) {
        checks_violate(apply->checks, "apply-committed", id,
                       "applied %" PRIu64 ", but only %" PRIu64 " is committed",
                       index, node->commit);
    }
    if (!index_ring_has(&view->committed, index)) {
        return;
    }
    known = index_ring_at(&view->committed, index);
    if (known->term != values[1] || known->hash != values[2]) {
        checks_violate(apply->checks, "state-machine-safety", id,
                       "applied another entry at %" PRIu64
                       " than was committed there",
                       index);
    }
}

/* S2: a state restored is the state that was saved, and the one that whoever
 * applied all entries came to (Raft section 7). */
static void
same_state(ChecksApply *apply, NodeId id, uint64_t index, uint64_t digest)
{
    uint64_t mixed = index * UINT64_C(0x9e3779b97f4a7c15);
    State *state = &apply->states[mixed >> 32 & (STATES_KEPT - 1)];

    if (state->node == 0 || state->index != index) {
        *state = (State){index, digest, id};
    } else if (state->digest != digest) {
        checks_violate(apply->checks, "snapshot-state", id,
                       "the state at %" PRIu64
                       " is not the one another node had there",
                       index);
    }
}

static void *
make(Checks *checks)
{
    ChecksApply *apply = g_new0(ChecksApply, 1);

    apply->checks = checks;
    return apply;
}

const CheckFamily checks_apply_family = {
    .name = "apply",
    .make = make,
    .probes = CHECK_BIT(PROBE_RAFT_APPLY) | CHECK_BIT(PROBE_RAFT_SNAPSHOT) |
              CHECK_BIT(PROBE_RAFT_RESTORE) | CHECK_BIT(PROBE_RAFT_STATE),
    .probe = on_probe,
    .free = g_free,
};

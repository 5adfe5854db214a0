/* SPDX-License-Identifier: Apache-2.0 */
/* Probes into the view, one function a probe. */
#include "sim/raft_view.h"

#include "nodes/hash.h"
#include "nodes/probes.h"

/* How much is kept below every node's snapshot: what its log begins with when
 * it restarts. */
#define KEPT 4096u

static void on_append(RaftView *view, RaftViewNode *node,
                      const uint64_t *values);
static void on_commit(RaftView *view, RaftViewNode *node, uint64_t index);
static void on_restore(RaftView *view, RaftViewNode *node, uint64_t index);
static void forget(RaftView *view);
static void find_next(RaftView *view, const RaftViewNode *node,
                      const uint64_t *values);
static uint64_t prefix_of(uint64_t before, uint64_t term, uint64_t hash);

void
raft_view_probe(RaftView *view, NodeId id, const Effect *probe)
{
    RaftViewNode *node = &view->nodes[id];
    const uint64_t *values = probe->probe.values;

    switch (probe->probe.id) {
    case PROBE_RAFT_ROLE:
        node->role = values[0];
        node->term = values[1];
        node->leader = values[2];
        break;
    case PROBE_RAFT_APPEND:
        on_append(view, node, values);
        break;
    case PROBE_RAFT_TRUNCATE:
        index_ring_cut(&node->log, values[0]);
        break;
    case PROBE_RAFT_COMMIT:
        on_commit(view, node, values[0]);
        break;
    case PROBE_RAFT_APPLY:
        node->applied = values[0];
        break;
    case PROBE_RAFT_SNAPSHOT:
        node->snapshot = values[0];
        forget(view);
        break;
    case PROBE_RAFT_RESTORE:
        on_restore(view, node, values[0]);
        break;
    default:
        break;
    }
}

bool
raft_view_next_prefix(RaftView *view, const RaftViewNode *node,
                      const uint64_t *values, uint64_t *prefix)
{
    if (view->next.node != node || view->next.index != values[0]) {
        find_next(view, node, values);
    }
    *prefix = view->next.prefix;
    return view->next.known;
}

static void
find_next(RaftView *view, const RaftViewNode *node, const uint64_t *values)
{
    const IndexRing *log = &node->log;
    uint64_t index = values[0], before = 0;
    bool known = false;

    if (index == log->last + 1) {
        before = log->last >= log->first ? index_ring_at(log, log->last)->prefix
                                         : node->base_prefix;
        known = node->base_known;
    } else if (log->last + 1 == log->first) {
        /* The first entry of a log that begins behind a snapshot. */
        known = index == 1 || index_ring_has(&view->committed, index - 1);
        if (index > 1 && known) {
            before = index_ring_at(&view->committed, index - 1)->prefix;
        }
    }
    view->next.node = node;
    view->next.index = index;
    view->next.before = before;
    view->next.prefix = prefix_of(before, values[1], values[2]);
    view->next.known = known;
}

static void
on_append(RaftView *view, RaftViewNode *node, const uint64_t *values)
{
    uint64_t index = values[0], prefix;
    bool known = raft_view_next_prefix(view, node, values, &prefix);

    view->next.node = NULL;
    if (index != node->log.last + 1) {
        if (node->log.last + 1 != node->log.first) {
            return; /* a gap, which checks_log.c tells of */
        }
        node->log.first = index;
        node->log.last = index - 1;
        node->base_known = known;
        node->base_prefix = view->next.before;
    }
    *index_ring_push(&node->log) = (IndexItem){values[1], values[2], prefix};
}

static void
on_commit(RaftView *view, RaftViewNode *node, uint64_t index)
{
    uint64_t prefix;

    node->commit = MAX(index, node->commit);
    if (index > node->log.last || !raft_view_prefix_at(node, index, &prefix)) {
        return;
    }
    while (view->committed.last < index) {
        uint64_t next = view->committed.last + 1;

        if (!index_ring_has(&node->log, next)) {
            /* Committed under a snapshot: the stretch is not known. */
            view->committed.last = node->log.first - 1;
            view->committed.first = node->log.first;
            continue;
        }
        *index_ring_push(&view->committed) = *index_ring_at(&node->log, next);
    }
}

/* The log goes on behind the snapshot, or keeps its tail where that agrees
 * (Raft section 7). */
static void
on_restore(RaftView *view, RaftViewNode *node, uint64_t index)
{
    uint64_t prefix = 0;

    node->snapshot = index;
    node->applied = index;
    node->commit = MAX(node->commit, index);
    if (index + 1 <= node->log.first) {
        return;
    }
    /* What lies below is the snapshot's now, agreeing or not. */
    node->base_known = index_ring_has(&view->committed, index);
    if (node->base_known) {
        prefix = index_ring_at(&view->committed, index)->prefix;
    } else if (raft_view_prefix_at(node, index, &prefix)) {
        node->base_known = true;
    }
    node->base_prefix = prefix;
    index_ring_forget(&node->log, index + 1);
    /* A tail that agrees is kept, and may have been counted from a beginning
     * that was not known. */
    for (uint64_t i = index + 1; i <= node->log.last; i++) {
        IndexItem *item = index_ring_at(&node->log, i);

        prefix = prefix_of(prefix, item->term, item->hash);
        item->prefix = prefix;
    }
}

/* Drop what lies below every node's snapshot: no node will speak of it again,
 * also one that restarts. */
static void
forget(RaftView *view)
{
    uint64_t low = UINT64_MAX;

    for (unsigned id = 1; id <= view->node_count; id++) {
        low = MIN(low, view->nodes[id].snapshot);
    }
    if (low <= KEPT) {
        return;
    }
    low -= KEPT;
    view->forgotten = MAX(view->forgotten, low);
    for (unsigned id = 1; id <= view->node_count; id++) {
        RaftViewNode *node = &view->nodes[id];

        if (low > node->log.first && low <= node->log.last) {
            node->base_prefix = index_ring_at(&node->log, low - 1)->prefix;
            index_ring_forget(&node->log, low);
        }
    }
    index_ring_forget(&view->committed, low);
}

static uint64_t
prefix_of(uint64_t before, uint64_t term, uint64_t hash)
{
    const uint64_t words[3] = {before, term, hash};

    return hash_words(words, 3, 0);
}

bool
raft_view_prefix_at(const RaftViewNode *node, uint64_t index, uint64_t *prefix)
{
    if (index + 1 == node->log.first) {
        *prefix = node->base_prefix;
        return node->base_known;
    }
    if (!index_ring_has(&node->log, index)) {
        return false;
    }
    *prefix = index_ring_at(&node->log, index)->prefix;
    return node->base_known;
}

/* That a durable term survives is for checks_recovery.c to judge. */
void
raft_view_restart(RaftView *view, NodeId id)
{
    RaftViewNode *node = &view->nodes[id];
    IndexRing log = node->log;

    log.first = 1;
    log.last = 0;
    *node = (RaftViewNode){.log = log, .base_known = true};
}

void
raft_view_down(RaftView *view, NodeId id)
{
    view->nodes[id].role = 0;
    view->nodes[id].leader = 0;
}

void
raft_view_init(RaftView *view, unsigned node_count)
{
    *view = (RaftView){.node_count = node_count};
    view->nodes = g_new0(RaftViewNode, node_count + 1);
    for (unsigned id = 1; id <= node_count; id++) {
        index_ring_init(&view->nodes[id].log, 1);
        view->nodes[id].base_known = true;
    }
    index_ring_init(&view->committed, 1);
}

void
raft_view_clear(RaftView *view)
{
    for (unsigned id = 1; id <= view->node_count; id++) {
        index_ring_clear(&view->nodes[id].log);
    }
    index_ring_clear(&view->committed);
    g_free(view->nodes);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Raft's safety properties (Raft Fig. 3), each O(1) an event. A log is known
 * by a running hash: two logs agree up to an index exactly when their prefix
 * hashes there are the same. */
#include "sim/checks_raft.h"

#include <inttypes.h>

#include "nodes/hash.h"
#include "nodes/probes.h"
#include "sim/index_ring.h"

#define ROLE_LEADER     3u
#define VARIANTS_INLINE 2u
#define SNAPSHOTS_KEPT  64u

/* One node as it described itself. */
typedef struct NodeView {
    IndexRing log;
    uint64_t base_prefix; /* of everything before log.first */
    bool base_known;
    uint64_t role, term;
    uint64_t commit, applied;
    uint64_t snapshot; /* the last one it took or took over */
} NodeView;

/* What logs ever held at one index: one prefix per term, or Log Matching
 * (L3) is broken. Two at once are rare, more are very rare. */
typedef struct Variant {
    uint64_t term, prefix;
} Variant;

typedef struct Slot {
    uint32_t count;
    Variant some[VARIANTS_INLINE];
    GArray *more; /* Variant */
} Slot;

/* The highest index that leaders of one term committed. */
typedef struct Committed {
    uint64_t term, index, prefix;
} Committed;

typedef struct ChecksRaft {
    Checks *checks;
    unsigned node_count;
    NodeView *nodes;     /* by id */
    GHashTable *leaders; /* term -> node: looked up, never walked */
    GArray *commits;     /* Committed, by term */
    IndexRing committed; /* prefix of each index that was ever committed */
    Slot *slots;         /* ring of slot_mask + 1 */
    uint64_t slot_first, slot_last, slot_mask;
    struct {
        uint64_t index, digest;
    } snapshots[SNAPSHOTS_KEPT];
    unsigned snapshot_count;
} ChecksRaft;

static void on_probe(ChecksRaft *raft, NodeId id, const Effect *effect);
static void on_role(ChecksRaft *raft, NodeId id, const uint64_t *values);
static void elected(ChecksRaft *raft, NodeId id, uint64_t term);
static void on_append(ChecksRaft *raft, NodeId id, const uint64_t *values);
static void on_truncate(ChecksRaft *raft, NodeId id, uint64_t from);
static void on_commit(ChecksRaft *raft, NodeId id, uint64_t index);
static void on_apply(ChecksRaft *raft, NodeId id, const uint64_t *values);
static void on_snapshot(ChecksRaft *raft, NodeId id, const uint64_t *values);
static void on_restore(ChecksRaft *raft, NodeId id, const uint64_t *values);
static void same_state(ChecksRaft *raft, NodeId id, uint64_t index,
                       uint64_t digest);
static uint64_t prefix_of(uint64_t before, uint64_t term, uint64_t hash);
static bool prefix_at(const NodeView *node, uint64_t index, uint64_t *prefix);
static void restart(ChecksRaft *raft, NodeId id);
static Variant *variant(ChecksRaft *raft, uint64_t index, uint64_t term,
                        bool *fresh);
static void forget(ChecksRaft *raft);
static void slot_clear(Slot *slot);

static void
observe(void *family, const Record *record)
{
    ChecksRaft *raft = family;
    NodeId id = event_cell(record->event);
    const Effect *probe;
    unsigned at = 0;

    if (record->input == NULL || id == 0 || id > raft->node_count) {
        return;
    }
    if (record->input->kind == INPUT_START) {
        restart(raft, id);
    }
    while ((probe = record_next_probe(record, &at)) != NULL) {
        on_probe(raft, id, probe);
    }
}

static void
on_probe(ChecksRaft *raft, NodeId id, const Effect *effect)
{
    const uint64_t *values = effect->probe.values;

    switch (effect->probe.id) {
    case PROBE_RAFT_ROLE:
        on_role(raft, id, values);
        break;
    case PROBE_RAFT_APPEND:
        on_append(raft, id, values);
        break;
    case PROBE_RAFT_TRUNCATE:
        on_truncate(raft, id, values[0]);
        break;
    case PROBE_RAFT_COMMIT:
        on_commit(raft, id, values[0]);
        break;
    case PROBE_RAFT_APPLY:
        on_apply(raft, id, values);
        break;
    case PROBE_RAFT_SNAPSHOT:
        on_snapshot(raft, id, values);
        break;
    case PROBE_RAFT_RESTORE:
        on_restore(raft, id, values);
        break;
    default:
        break;
    }
}

static void
on_role(ChecksRaft *raft, NodeId id, const uint64_t *values)
{
    NodeView *node = &raft->nodes[id];
    uint64_t role = values[0];
    uint64_t term = values[1];
    bool was_leader = node->role == ROLE_LEADER && node->term == term;

    if (term < node->term) {
        checks_violate(raft->checks, "term-monotone", id,
                       "current term went back from %" PRIu64 " to %" PRIu64,
                       node->term, term);
    }
    node->role = role;
    node->term = term;
    if (role == ROLE_LEADER && !was_leader) {
        elected(raft, id, term);
    }
}

/* E1, Raft section 5.2: at most one leader a term, over all history. L4, Raft
 * section 5.4: a new leader has every entry that was committed in an earlier
 * term. (An election of an older term may finish late, when a newer leader
 * has committed already; such a leader owes nothing to that one.) */
static void
elected(ChecksRaft *raft, NodeId id, uint64_t term)
{
    NodeView *node = &raft->nodes[id];
    uint64_t earlier = GPOINTER_TO_UINT(
        g_hash_table_lookup(raft->leaders, GSIZE_TO_POINTER(term)));
    Committed need = {0, 0, 0};
    uint64_t prefix;

    if (earlier != 0 && earlier != id) {
        checks_violate(raft->checks, "election-safety", id,
                       "leader of term %" PRIu64 ", as was node %" PRIu64, term,
                       earlier);
    }
    g_hash_table_insert(raft->leaders, GSIZE_TO_POINTER(term),
                        GUINT_TO_POINTER(id));
    for (unsigned i = raft->commits->len; i > 0; i--) {
        const Committed *one = &g_array_index(raft->commits, Committed, i - 1);

        if (one->term < term && one->index > need.index) {
            need = *one;
        }
    }
    if (need.index == 0 || need.index + 1 < node->log.first) {
        return; /* under its snapshot, which State Machine Safety judges */
    }
    if (!prefix_at(node, need.index, &prefix)) {
        if (need.index > node->log.last) {
            checks_violate(raft->checks, "leader-completeness", id,
                           "leader of term %" PRIu64
                           " has entries up to %" PRIu64 ", but %" PRIu64
                           " was committed in term %" PRIu64,
                           term, node->log.last, need.index, need.term);
        }
    } else if (prefix != need.prefix) {
        checks_violate(raft->checks, "leader-completeness", id,
                       "leader of term %" PRIu64 " lacks an entry at or "
                       "before %" PRIu64 " that was committed in term %" PRIu64,
                       term, need.index, need.term);
    }
}

/* L3, Raft section 5.3: same index and term, same log up to there. */
static void
on_append(ChecksRaft *raft, NodeId id, const uint64_t *values)
{
    NodeView *node = &raft->nodes[id];
    uint64_t index = values[0];
    uint64_t before;
    IndexItem *item;
    Variant *known;
    bool fresh;

    if (index != node->log.last + 1) {
        if (node->log.last + 1 == node->log.first) {
            /* The first entry of a log that begins behind a snapshot. */
            node->log.first = index;
            node->log.last = index - 1;
            node->base_prefix = 0;
            node->base_known =
                index == 1 || index_ring_has(&raft->committed, index - 1);
            if (index > 1 && node->base_known) {
                node->base_prefix =
                    index_ring_at(&raft->committed, index - 1)->prefix;
            }
        } else {
            checks_violate(raft->checks, "log-index", id,
                           "appended entry %" PRIu64 " behind %" PRIu64, index,
                           node->log.last);
            return;
        }
    }
    before = node->log.last >= node->log.first
                 ? index_ring_at(&node->log, node->log.last)->prefix
                 : node->base_prefix;
    if (node->log.last >= node->log.first &&
        values[1] < index_ring_at(&node->log, node->log.last)->term) {
        /* M5. */
        checks_violate(raft->checks, "log-terms", id,
                       "entry %" PRIu64 " of term %" PRIu64
                       " follows one of term %" PRIu64,
                       index, values[1],
                       index_ring_at(&node->log, node->log.last)->term);
    }
    item = index_ring_push(&node->log);
    *item = (IndexItem){values[1], values[2],
                        prefix_of(before, values[1], values[2])};
    if (!node->base_known) {
        return;
    }
    known = variant(raft, index, values[1], &fresh);
    if (fresh) {
        known->prefix = item->prefix;
    } else if (known->prefix != item->prefix) {
        checks_violate(raft->checks, "log-matching", id,
                       "entry %" PRIu64 " of term %" PRIu64
                       " stands behind another log than elsewhere",
                       index, values[1]);
    }
}

/* L5: nothing at or below the commit index is ever removed. L2: a leader
 * never removes its own entries. */
static void
on_truncate(ChecksRaft *raft, NodeId id, uint64_t from)
{
    NodeView *node = &raft->nodes[id];

    /* What a snapshot covers may go, and does where the log disagrees. */
    if (MAX(from, node->snapshot + 1) <= MIN(node->commit, node->log.last)) {
        checks_violate(raft->checks, "committed-removed", id,
                       "removed entries from %" PRIu64 " on, but %" PRIu64
                       " is committed",
                       from, node->commit);
    }
    if (node->role == ROLE_LEADER) {
        checks_violate(raft->checks, "leader-append-only", id,
                       "the leader removed entries from %" PRIu64 " on", from);
    }
    index_ring_cut(&node->log, from);
}

static void
on_commit(ChecksRaft *raft, NodeId id, uint64_t index)
{
    NodeView *node = &raft->nodes[id];
    Committed *last;
    uint64_t prefix;

    if (index < node->commit) {
        checks_violate(raft->checks, "commit-monotone", id,
                       "commit index went back from %" PRIu64 " to %" PRIu64,
                       node->commit, index);
    }
    node->commit = MAX(index, node->commit);
    if (index > node->log.last) {
        checks_violate(raft->checks, "commit-in-log", id,
                       "committed %" PRIu64 ", but the log ends at %" PRIu64,
                       index, node->log.last);
        return;
    }
    if (!node->base_known || !prefix_at(node, index, &prefix)) {
        return;
    }
    while (raft->committed.last < index) {
        uint64_t next = raft->committed.last + 1;

        if (!index_ring_has(&node->log, next)) {
            /* Committed under a snapshot: the stretch is not known. */
            raft->committed.last = node->log.first - 1;
            raft->committed.first = node->log.first;
            continue;
        }
        *index_ring_push(&raft->committed) = *index_ring_at(&node->log, next);
    }
    if (index_ring_has(&raft->committed, index) &&
        index_ring_at(&raft->committed, index)->prefix != prefix) {
        checks_violate(raft->checks, "state-machine-safety", id,
                       "committed another log up to %" PRIu64
                       " than was committed before",
                       index);
    }
    if (node->role == ROLE_LEADER) {
        if (index_ring_has(&node->log, index) &&
            index_ring_at(&node->log, index)->term != node->term) {
            /* C2, Raft section 5.4.2 and Fig. 8. */
            checks_violate(raft->checks, "commit-current-term", id,
                           "the leader of term %" PRIu64 " committed %" PRIu64
                           " of term %" PRIu64 " by counting replicas",
                           node->term, index,
                           index_ring_at(&node->log, index)->term);
        }
        last = raft->commits->len > 0 ? &g_array_index(raft->commits, Committed,
                                                       raft->commits->len - 1)
                                      : NULL;

        if (last != NULL && last->term == node->term) {
            last->index = MAX(last->index, index);
            last->prefix = last->index == index ? prefix : last->prefix;
        } else {
            Committed fresh = {node->term, index, prefix};

            g_array_append_val(raft->commits, fresh);
        }
    }
}

/* S1, Raft section 5.4.3; A1: only what is committed; A2: in order, once. */
static void
on_apply(ChecksRaft *raft, NodeId id, const uint64_t *values)
{
    NodeView *node = &raft->nodes[id];
    uint64_t index = values[0];
    const IndexItem *known;

    if (index != node->applied + 1) {
        checks_violate(raft->checks, "apply-order", id,
                       "applied %" PRIu64 " after %" PRIu64, index,
                       node->applied);
    }
    node->applied = index;
    if (index > node->commit) {
        checks_violate(raft->checks, "apply-committed", id,
                       "applied %" PRIu64 ", but only %" PRIu64 " is committed",
                       index, node->commit);
    }
    if (!index_ring_has(&raft->committed, index)) {
        return;
    }
    known = index_ring_at(&raft->committed, index);
    if (known->term != values[1] || known->hash != values[2]) {
        checks_violate(raft->checks, "state-machine-safety", id,
                       "applied another entry at %" PRIu64
                       " than was committed there",
                       index);
    }
}

static void
on_snapshot(ChecksRaft *raft, NodeId id, const uint64_t *values)
{
    NodeView *node = &raft->nodes[id];
    uint64_t index = values[0];

    if (index > node->applied) {
        checks_violate(raft->checks, "apply-committed", id,
                       "took a snapshot of %" PRIu64
                       ", but has applied %" PRIu64,
                       index, node->applied);
    }
    node->snapshot = index;
    same_state(raft, id, index, values[2]);
    forget(raft);
}

/* S2: a state restored is the state that was saved. The log goes on behind
 * it, or keeps its tail where that agrees (Raft section 7). */
static void
on_restore(ChecksRaft *raft, NodeId id, const uint64_t *values)
{
    NodeView *node = &raft->nodes[id];
    uint64_t index = values[0];

    same_state(raft, id, index, values[2]);
    node->snapshot = index;
    node->applied = index;
    node->commit = MAX(node->commit, index);
    if (index + 1 > node->log.first) {
        uint64_t prefix = 0;

        /* What lies below is the snapshot's now, agreeing or not. */
        node->base_known = index_ring_has(&raft->committed, index);
        if (node->base_known) {
            prefix = index_ring_at(&raft->committed, index)->prefix;
        } else if (prefix_at(node, index, &prefix)) {
            node->base_known = true;
        }
        node->base_prefix = prefix;
        index_ring_forget(&node->log, index + 1);
        /* A tail that agrees is kept (Raft section 7), and may have been
         * counted from a beginning that was not known. */
        for (uint64_t i = index + 1; i <= node->log.last; i++) {
            IndexItem *item = index_ring_at(&node->log, i);

            prefix = prefix_of(prefix, item->term, item->hash);
            item->prefix = prefix;
        }
    }
}

static void
same_state(ChecksRaft *raft, NodeId id, uint64_t index, uint64_t digest)
{
    unsigned kept = MIN(raft->snapshot_count, SNAPSHOTS_KEPT);

    for (unsigned i = 0; i < kept; i++) {
        if (raft->snapshots[i].index == index) {
            if (raft->snapshots[i].digest != digest) {
                checks_violate(raft->checks, "snapshot-state", id,
                               "the state at %" PRIu64
                               " is not the one another node had there",
                               index);
            }
            return;
        }
    }
    raft->snapshots[raft->snapshot_count % SNAPSHOTS_KEPT].index = index;
    raft->snapshots[raft->snapshot_count % SNAPSHOTS_KEPT].digest = digest;
    raft->snapshot_count++;
}

static uint64_t
prefix_of(uint64_t before, uint64_t term, uint64_t hash)
{
    const uint64_t words[3] = {before, term, hash};

    return hash_words(words, 3, 0);
}

static bool
prefix_at(const NodeView *node, uint64_t index, uint64_t *prefix)
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

/* A new incarnation tells its log and its term anew; that a durable term
 * survives is checks_storage.c's to judge. */
static void
restart(ChecksRaft *raft, NodeId id)
{
    NodeView *node = &raft->nodes[id];

    node->log.first = 1;
    node->log.last = 0;
    node->base_prefix = 0;
    node->base_known = true;
    node->role = 0;
    node->term = 0;
    node->commit = 0;
    node->applied = 0;
    node->snapshot = 0;
}

static Variant *
variant(ChecksRaft *raft, uint64_t index, uint64_t term, bool *fresh)
{
    Slot *slot;
    Variant *one;

    while (index - raft->slot_first > raft->slot_mask) {
        uint64_t mask = raft->slot_mask * 2 + 1;
        Slot *slots = g_new0(Slot, mask + 1);

        for (uint64_t i = raft->slot_first; i <= raft->slot_last; i++) {
            slots[i & mask] = raft->slots[i & raft->slot_mask];
        }
        g_free(raft->slots);
        raft->slots = slots;
        raft->slot_mask = mask;
    }
    *fresh = false;
    if (index < raft->slot_first) {
        static Variant forgotten;

        *fresh = true; /* below every snapshot: nothing to compare with */
        return &forgotten;
    }
    while (raft->slot_last < index) {
        raft->slot_last++;
        raft->slots[raft->slot_last & raft->slot_mask] = (Slot){0};
    }
    slot = &raft->slots[index & raft->slot_mask];
    for (unsigned i = 0; i < slot->count; i++) {
        one = i < VARIANTS_INLINE
                  ? &slot->some[i]
                  : &g_array_index(slot->more, Variant, i - VARIANTS_INLINE);
        if (one->term == term) {
            return one;
        }
    }
    *fresh = true;
    if (slot->count < VARIANTS_INLINE) {
        one = &slot->some[slot->count];
    } else {
        if (slot->more == NULL) {
            slot->more = g_array_new(FALSE, TRUE, sizeof(Variant));
        }
        g_array_set_size(slot->more, slot->more->len + 1);
        one = &g_array_index(slot->more, Variant, slot->more->len - 1);
    }
    slot->count++;
    one->term = term;
    return one;
}

/* Drop what lies below every node's applied index: no node will speak of it
 * again but one that restarts, and its log is then under a snapshot or is
 * compared from where the rest begins. */
static void
forget(ChecksRaft *raft)
{
    uint64_t low = UINT64_MAX;

    for (unsigned id = 1; id <= raft->node_count; id++) {
        NodeView *node = &raft->nodes[id];

        low = MIN(low, node->applied);
    }
    if (low > 4096) {
        low -= 4096;
        for (unsigned id = 1; id <= raft->node_count; id++) {
            NodeView *node = &raft->nodes[id];

            if (low > node->log.first && low <= node->log.last) {
                node->base_prefix = index_ring_at(&node->log, low - 1)->prefix;
                index_ring_forget(&node->log, low);
            }
        }
        index_ring_forget(&raft->committed, low);
        while (raft->slot_first < low && raft->slot_first <= raft->slot_last) {
            slot_clear(&raft->slots[raft->slot_first & raft->slot_mask]);
            raft->slot_first++;
        }
    }
}

static void
slot_clear(Slot *slot)
{
    if (slot->more != NULL) {
        g_array_free(slot->more, TRUE);
    }
    *slot = (Slot){0};
}

static void *
make(Checks *checks)
{
    ChecksRaft *raft = g_new0(ChecksRaft, 1);

    raft->checks = checks;
    raft->node_count = checks_node_count(checks);
    raft->nodes = g_new0(NodeView, raft->node_count + 1);
    for (unsigned id = 1; id <= raft->node_count; id++) {
        index_ring_init(&raft->nodes[id].log, 1);
        raft->nodes[id].base_known = true;
    }
    raft->leaders = g_hash_table_new(g_direct_hash, g_direct_equal);
    raft->commits = g_array_new(FALSE, FALSE, sizeof(Committed));
    index_ring_init(&raft->committed, 1);
    raft->slot_first = 1;
    raft->slot_mask = 1023;
    raft->slots = g_new0(Slot, 1024);
    return raft;
}

static void
destroy(void *family)
{
    ChecksRaft *raft = family;

    for (unsigned id = 1; id <= raft->node_count; id++) {
        index_ring_clear(&raft->nodes[id].log);
    }
    for (uint64_t i = 0; i <= raft->slot_mask; i++) {
        slot_clear(&raft->slots[i]);
    }
    index_ring_clear(&raft->committed);
    g_hash_table_destroy(raft->leaders);
    g_array_free(raft->commits, TRUE);
    g_free(raft->slots);
    g_free(raft->nodes);
    g_free(raft);
}

const CheckFamily checks_raft_family = {
    .name = "raft",
    .make = make,
    .observe = observe,
    .free = destroy,
};

/* SPDX-License-Identifier: Apache-2.0 */
/* Logs, entry by entry. Log Matching is judged by what stood at each index:
 * one prefix a term, whoever has it (Raft section 5.3). */
#include "sim/checks_log.h"

#include <inttypes.h>

#include "nodes/probes.h"

#define VARIANTS_INLINE 2u

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

typedef struct ChecksLog {
    Checks *checks;
    Slot *slots; /* ring of slot_mask + 1 */
    uint64_t slot_first, slot_last, slot_mask;
} ChecksLog;

static void on_append(ChecksLog *log, NodeId id, const uint64_t *values);
static void on_truncate(ChecksLog *log, NodeId id, uint64_t from);
static void check_terms(ChecksLog *log, NodeId id, const uint64_t *values);
static Variant *variant(ChecksLog *log, uint64_t index, uint64_t term,
                        bool *fresh);
static void grow(ChecksLog *log, uint64_t index);
static void forget(ChecksLog *log, uint64_t below);
static void slot_clear(Slot *slot);

static void
on_probe(void *family, NodeId id, const uint64_t *values, uint32_t probe)
{
    ChecksLog *log = family;

    if (probe == PROBE_RAFT_APPEND) {
        on_append(log, id, values);
    } else if (probe == PROBE_RAFT_TRUNCATE) {
        on_truncate(log, id, values[0]);
    } else {
        forget(log, checks_view(log->checks)->forgotten);
    }
}

/* L3, Raft section 5.3: same index and term, same log up to there. */
static void
on_append(ChecksLog *log, NodeId id, const uint64_t *values)
{
    RaftView *view = checks_view(log->checks);
    const RaftViewNode *node = &view->nodes[id];
    uint64_t index = values[0];
    uint64_t prefix;
    Variant *known;
    bool fresh;

    if (index != node->log.last + 1 && node->log.last + 1 != node->log.first) {
        checks_violate(log->checks, "log-index", id,
                       "appended entry %" PRIu64 " behind %" PRIu64, index,
                       node->log.last);
        return;
    }
    check_terms(log, id, values);
    if (!raft_view_next_prefix(view, node, values, &prefix)) {
        return;
    }
    known = variant(log, index, values[1], &fresh);
    if (fresh) {
        known->prefix = prefix;
    } else if (known->prefix != prefix) {
        checks_violate(log->checks, "log-matching", id,
                       "entry %" PRIu64 " of term %" PRIu64
                       " stands behind another log than elsewhere",
                       index, values[1]);
    }
}

/* M5: nor is any term beyond the node's own. One that has not said its term
 * yet is reading its log after a restart. */
static void
check_terms(ChecksLog *log, NodeId id, const uint64_t *values)
{
    const RaftViewNode *node = &checks_view(log->checks)->nodes[id];

    if (node->log.last >= node->log.first &&
        values[1] < index_ring_at(&node->log, node->log.last)->term) {
        checks_violate(log->checks, "log-terms", id,
                       "entry %" PRIu64 " of term %" PRIu64
                       " follows one of term %" PRIu64,
                       values[0], values[1],
                       index_ring_at(&node->log, node->log.last)->term);
    }
    if (node->term != 0 && values[1] > node->term) {
        checks_violate(log->checks, "log-terms", id,
                       "entry %" PRIu64 " of term %" PRIu64
                       " came to a node in term %" PRIu64,
                       values[0], values[1], node->term);
    }
}

/* L5: nothing at or below the commit index is ever removed. L2: a leader
 * never removes its own entries. */
static void
on_truncate(ChecksLog *log, NodeId id, uint64_t from)
{
    const RaftViewNode *node = &checks_view(log->checks)->nodes[id];

    /* What a snapshot covers may go, and does where the log disagrees. */
    if (MAX(from, node->snapshot + 1) <= MIN(node->commit, node->log.last)) {
        checks_violate(log->checks, "committed-removed", id,
                       "removed entries from %" PRIu64 " on, but %" PRIu64
                       " is committed",
                       from, node->commit);
    }
    if (node->role == RAFT_VIEW_LEADER) {
        checks_violate(log->checks, "leader-append-only", id,
                       "the leader removed entries from %" PRIu64 " on", from);
    }
}

static Variant *
variant(ChecksLog *log, uint64_t index, uint64_t term, bool *fresh)
{
    Slot *slot;
    Variant *one;

    *fresh = true;
    if (index < log->slot_first) {
        static Variant forgotten;

        return &forgotten; /* below every snapshot: nothing to compare with */
    }
    grow(log, index);
    slot = &log->slots[index & log->slot_mask];
    for (unsigned i = 0; i < slot->count; i++) {
        one = i < VARIANTS_INLINE
                  ? &slot->some[i]
                  : &g_array_index(slot->more, Variant, i - VARIANTS_INLINE);
        if (one->term == term) {
            *fresh = false;
            return one;
        }
    }
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

/* Make room for @index. */
static void
grow(ChecksLog *log, uint64_t index)
{
    while (index - log->slot_first > log->slot_mask) {
        uint64_t mask = log->slot_mask * 2 + 1;
        Slot *slots = g_new0(Slot, mask + 1);

        for (uint64_t i = log->slot_first; i <= log->slot_last; i++) {
            slots[i & mask] = log->slots[i & log->slot_mask];
        }
        g_free(log->slots);
        log->slots = slots;
        log->slot_mask = mask;
    }
    while (log->slot_last < index) {
        log->slot_last++;
        log->slots[log->slot_last & log->slot_mask] = (Slot){0};
    }
}

static void
forget(ChecksLog *log, uint64_t below)
{
    while (log->slot_first < below && log->slot_first <= log->slot_last) {
        slot_clear(&log->slots[log->slot_first & log->slot_mask]);
        log->slot_first++;
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
    ChecksLog *log = g_new0(ChecksLog, 1);

    log->checks = checks;
    log->slot_first = 1;
    log->slot_mask = INDEX_RING_MIN - 1;
    log->slots = g_new0(Slot, INDEX_RING_MIN);
    return log;
}

static void
destroy(void *family)
{
    ChecksLog *log = family;

    for (uint64_t i = 0; i <= log->slot_mask; i++) {
        slot_clear(&log->slots[i]);
    }
    g_free(log->slots);
    g_free(log);
}

const CheckFamily checks_log_family = {
    .name = "log",
    .make = make,
    .probes = CHECK_BIT(PROBE_RAFT_APPEND) | CHECK_BIT(PROBE_RAFT_TRUNCATE) |
              CHECK_BIT(PROBE_RAFT_SNAPSHOT),
    .probe = on_probe,
    .free = destroy,
};

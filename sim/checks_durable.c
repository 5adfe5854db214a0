/* SPDX-License-Identifier: Apache-2.0 */
/* A message that asserts something durable is judged by the shadow of its
 * sender's disk as it leaves; a leader that moves its commit index, by the
 * shadows of all. */
#include "sim/checks_durable.h"

#include <inttypes.h>

#include "nodes/probes.h"

/* How many records below the commit index are kept. */
#define KEPT 4096u

/* What a node last acknowledged of its log, in which term. */
typedef struct Acked {
    uint64_t term, index;
    uint64_t restored; /* the last snapshot that took the log's place */
    uint64_t behind;   /* bytes of the log up to the last one it took */
} Acked;

typedef struct ChecksDurable {
    Checks *checks;
    unsigned node_count;
    Acked *nodes;
    uint64_t uncommitted_max, log_max; /* bytes, of one node at a time */
} ChecksDurable;

static void check_vote(ChecksDurable *durable, NodeId id, NodeId candidate,
                       uint64_t term);
static void check_acknowledged(ChecksDurable *durable, NodeId id,
                               const char *check, const char *what,
                               uint64_t term, uint64_t index);
static void on_truncate(ChecksDurable *durable, NodeId id, uint64_t from);
static void on_role(ChecksDurable *durable, NodeId id, const uint64_t *values);
static void on_commit(ChecksDurable *durable, NodeId id, uint64_t index);
static void check_quorum(ChecksDurable *durable, NodeId id, uint64_t index);
static void on_snapshot(ChecksDurable *durable, NodeId id, uint64_t index);
static void measure(ChecksDurable *durable, NodeId id, uint64_t commit);

/* D1: a message that asserts something durable leaves only when it is. */
static void
on_message(void *family, const CheckMessage *message)
{
    ChecksDurable *durable = family;
    const RaftMessage *raft = message->raft;

    if (raft->kind == RAFT_VOTE_REPLY && raft->vote_reply.granted &&
        !raft->vote_reply.pre_vote) {
        check_vote(durable, message->from, message->to, raft->term);
    } else if (raft->kind == RAFT_VOTE_REQUEST &&
               !raft->vote_request.pre_vote) {
        /* It has voted for itself. */
        check_vote(durable, message->from, message->from, raft->term);
    } else if (raft->kind == RAFT_APPEND_REPLY && raft->append_reply.success) {
        check_acknowledged(durable, message->from, "durable-append", "entries",
                           raft->term, raft->append_reply.match_index);
    } else if (raft->kind == RAFT_SNAPSHOT_REPLY && raft->snapshot_reply.done) {
        check_acknowledged(durable, message->from, "durable-snapshot",
                           "a snapshot", raft->term,
                           raft->snapshot_reply.last_index);
    }
}

static void
check_vote(ChecksDurable *durable, NodeId id, NodeId candidate, uint64_t term)
{
    const DiskShadowNode *disk = &checks_shadow(durable->checks)->nodes[id];

    if (disk->vote_term < term ||
        (disk->vote_term == term && disk->vote != candidate)) {
        checks_violate(durable->checks, "durable-vote", id,
                       "vote of term %" PRIu64 " for node %u left before "
                       "it was durable (term %" PRIu64 ", vote %u is on disk)",
                       term, candidate, disk->vote_term, disk->vote);
    }
}

/* An answer of an earlier term that leaves late was true when that term
 * lasted: a newer leader may have replaced the entries since, and Raft section
 * 5.4.3 needs no more of it. */
static void
check_acknowledged(ChecksDurable *durable, NodeId id, const char *check,
                   const char *what, uint64_t term, uint64_t index)
{
    Acked *acked = &durable->nodes[id];
    uint64_t last;

    if (term != checks_view(durable->checks)->nodes[id].term) {
        return;
    }
    last = disk_shadow_durable(&checks_shadow(durable->checks)->nodes[id]);
    if (index > last) {
        checks_violate(durable->checks, check, id,
                       "%s up to %" PRIu64
                       " were acknowledged, but only %" PRIu64 " are durable",
                       what, index, last);
    }
    if (acked->term != term) {
        acked->term = term;
        acked->index = 0;
    }
    acked->index = MAX(acked->index, index);
}

static void
on_fact(void *family, const Fact *fact)
{
    ChecksDurable *durable = family;

    durable->nodes[fact->node] = (Acked){0}; /* FACT_RESTART */
}

static void
on_probe(void *family, NodeId id, const uint64_t *values, uint32_t probe)
{
    ChecksDurable *durable = family;

    switch (probe) {
    case PROBE_RAFT_ROLE:
        on_role(durable, id, values);
        break;
    case PROBE_RAFT_RESTORE:
        durable->nodes[id].restored =
            MAX(durable->nodes[id].restored, values[0]);
        break;
    case PROBE_RAFT_TRUNCATE:
        on_truncate(durable, id, values[0]);
        break;
    case PROBE_RAFT_SNAPSHOT:
        on_snapshot(durable, id, values[0]);
        break;
    default:
        on_commit(durable, id, values[0]);
        break;
    }
}

/* D1: a leader has counted its own vote, so that is durable too. A cluster of
 * one asks nobody, and this is all that tells. */
static void
on_role(ChecksDurable *durable, NodeId id, const uint64_t *values)
{
    const RaftViewNode *node = &checks_view(durable->checks)->nodes[id];
    const DiskShadowNode *disk = &checks_shadow(durable->checks)->nodes[id];

    if (values[0] == RAFT_VIEW_LEADER &&
        (node->role != RAFT_VIEW_LEADER || node->term != values[1]) &&
        (disk->vote_term != values[1] || disk->vote != id)) {
        checks_violate(durable->checks, "durable-candidacy", id,
                       "leads term %" PRIu64 " by a vote of its own that is "
                       "not durable (term %" PRIu64 ", vote %u is on disk)",
                       values[1], disk->vote_term, disk->vote);
    }
}

/* L5: what a follower acknowledged, its leader has (Raft section 5.3), so in
 * its term it asks nobody to remove it. A snapshot that takes the log's place
 * holds it. */
static void
on_truncate(ChecksDurable *durable, NodeId id, uint64_t from)
{
    const Acked *acked = &durable->nodes[id];
    uint64_t term = checks_view(durable->checks)->nodes[id].term;

    if (acked->term == term && acked->index >= from &&
        acked->index > acked->restored) {
        checks_violate(durable->checks, "acknowledged-removed", id,
                       "removed entries from %" PRIu64
                       " on, but acknowledged %" PRIu64
                       " to the leader of term %" PRIu64,
                       from, acked->index, term);
    }
}

static void
on_commit(ChecksDurable *durable, NodeId id, uint64_t index)
{
    const RaftViewNode *node = &checks_view(durable->checks)->nodes[id];

    if (node->role == RAFT_VIEW_LEADER && index > node->commit) {
        measure(durable, id, node->commit);
        check_quorum(durable, id, index);
        if (index % 1024 == 0 && index > KEPT) {
            disk_shadow_forget(checks_shadow(durable->checks), index - KEPT);
        }
    }
}

/* C1: what a leader commits, a majority holds durably. */
static void
check_quorum(ChecksDurable *durable, NodeId id, uint64_t index)
{
    const DiskShadow *shadow = checks_shadow(durable->checks);
    const IndexRing *log = &shadow->nodes[id].log;
    unsigned holders = 0;
    uint64_t term;

    if (!index_ring_has(log, index)) {
        return; /* not written yet: others hold it, counted below by length */
    }
    term = index_ring_at(log, index)->term;
    for (unsigned i = 1; i <= durable->node_count; i++) {
        const DiskShadowNode *disk = &shadow->nodes[i];

        if (MAX(disk_shadow_durable(disk), disk->lost) < index) {
            continue;
        }
        holders += !index_ring_has(&disk->log, index) ||
                   index_ring_at(&disk->log, index)->term == term;
    }
    if (holders < durable->node_count / 2 + 1) {
        checks_violate(durable->checks, "commit-durable", id,
                       "committed %" PRIu64 ", which only %u of %u nodes "
                       "hold durably",
                       index, holders, durable->node_count);
    }
}

static void
on_snapshot(ChecksDurable *durable, NodeId id, uint64_t index)
{
    const IndexRing *log = &checks_shadow(durable->checks)->nodes[id].log;

    if (index_ring_has(log, index)) {
        durable->nodes[id].behind = index_ring_at(log, index)->prefix;
    }
}

/* B1: what a leader has written and not committed yet, and what it keeps. */
static void
measure(ChecksDurable *durable, NodeId id, uint64_t commit)
{
    const IndexRing *log = &checks_shadow(durable->checks)->nodes[id].log;
    uint64_t last;

    if (log->last < log->first) {
        return;
    }
    last = index_ring_at(log, log->last)->prefix;
    if (last >= durable->nodes[id].behind) {
        durable->log_max =
            MAX(durable->log_max, last - durable->nodes[id].behind);
    }
    if (index_ring_has(log, commit)) {
        durable->uncommitted_max =
            MAX(durable->uncommitted_max,
                last - index_ring_at(log, commit)->prefix);
    }
}

static void
totals(const void *family, MetricsEach function, void *data)
{
    const ChecksDurable *durable = family;

    function(data, "uncommitted_max_bytes", durable->uncommitted_max);
    function(data, "log_max_bytes", durable->log_max);
}

static void *
make(Checks *checks)
{
    ChecksDurable *durable = g_new0(ChecksDurable, 1);

    durable->checks = checks;
    durable->node_count = checks_node_count(checks);
    durable->nodes = g_new0(Acked, durable->node_count + 1);
    return durable;
}

static void
destroy(void *family)
{
    ChecksDurable *durable = family;

    g_free(durable->nodes);
    g_free(durable);
}

const CheckFamily checks_durable_family = {
    .name = "durable",
    .make = make,
    .facts = CHECK_BIT(FACT_RESTART),
    .fact = on_fact,
    .messages = CHECK_BIT(RAFT_VOTE_REPLY) | CHECK_BIT(RAFT_VOTE_REQUEST) |
                CHECK_BIT(RAFT_APPEND_REPLY) | CHECK_BIT(RAFT_SNAPSHOT_REPLY),
    .message = on_message,
    .probes = CHECK_BIT(PROBE_RAFT_ROLE) | CHECK_BIT(PROBE_RAFT_RESTORE) |
              CHECK_BIT(PROBE_RAFT_TRUNCATE) | CHECK_BIT(PROBE_RAFT_COMMIT) |
              CHECK_BIT(PROBE_RAFT_SNAPSHOT),
    .probe = on_probe,
    .totals = totals,
    .free = destroy,
};

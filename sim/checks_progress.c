/* SPDX-License-Identifier: Apache-2.0 */
/* A leader's table of its followers (Raft Fig. 2, volatile state on leaders),
 * against what they really sent and what its own disk really holds. */
#include "sim/checks_progress.h"

#include <inttypes.h>

#include "nodes/probes.h"

/* The highest acknowledgement that left a node in a term: over all its
 * incarnations, for it was durable. */
typedef struct Told {
    uint64_t term, index;
} Told;

/* What a leader said of a follower. */
typedef struct Belief {
    uint64_t term, match;
} Belief;

typedef struct ChecksProgress {
    Checks *checks;
    unsigned node_count;
    Told *told;      /* by node */
    Belief *beliefs; /* [leader * (node_count + 1) + follower] */
} ChecksProgress;

static void check_self(ChecksProgress *progress, NodeId id, uint64_t match);

static void
on_message(void *family, const CheckMessage *message)
{
    ChecksProgress *progress = family;
    const RaftMessage *raft = message->raft;
    Told *told = &progress->told[message->from];
    uint64_t index;

    if (raft->kind == RAFT_APPEND_REPLY && raft->append_reply.success) {
        index = raft->append_reply.match_index;
    } else if (raft->kind == RAFT_SNAPSHOT_REPLY && raft->snapshot_reply.done) {
        index = raft->snapshot_reply.last_index;
    } else {
        return;
    }
    if (raft->term > told->term) {
        *told = (Told){raft->term, 0};
    }
    if (raft->term == told->term) {
        told->index = MAX(told->index, index);
    }
}

/* M3, M4. A follower that has gone on to a later term is not asked what it
 * said in an earlier one. */
static void
on_match(void *family, NodeId id, const uint64_t *values, uint32_t probe)
{
    ChecksProgress *progress = family;
    uint64_t term = checks_view(progress->checks)->nodes[id].term;
    NodeId peer = (NodeId)values[0];
    uint64_t match = values[1], next = values[2];
    Belief *belief;
    const Told *told;

    (void)probe;
    if (peer < 1 || peer > progress->node_count) {
        return;
    }
    belief = &progress->beliefs[id * (progress->node_count + 1) + peer];
    if (belief->term == term && match < belief->match) {
        checks_violate(progress->checks, "match-monotone", id,
                       "match index of node %u went back from %" PRIu64
                       " to %" PRIu64 " in term %" PRIu64,
                       peer, belief->match, match, term);
    }
    *belief = (Belief){term, match};
    if (peer == id) {
        check_self(progress, id, match);
        return;
    }
    if (next <= match) {
        checks_violate(progress->checks, "next-above-match", id,
                       "next index %" PRIu64 " of node %u is not above its "
                       "match index %" PRIu64,
                       next, peer, match);
    }
    told = &progress->told[peer];
    if (told->term <= term && match > (told->term == term ? told->index : 0)) {
        checks_violate(progress->checks, "match-stored", id,
                       "takes node %u to hold %" PRIu64
                       ", but it acknowledged %" PRIu64 " in term %" PRIu64,
                       peer, match, told->term == term ? told->index : 0, term);
    }
}

/* D1, thesis section 10.2.1: a leader counts itself so far as it is durable. */
static void
check_self(ChecksProgress *progress, NodeId id, uint64_t match)
{
    uint64_t last =
        disk_shadow_durable(&checks_shadow(progress->checks)->nodes[id]);

    if (match > last) {
        checks_violate(progress->checks, "durable-self", id,
                       "the leader counts itself up to %" PRIu64
                       ", but only %" PRIu64 " is durable",
                       match, last);
    }
}

static void *
make(Checks *checks)
{
    ChecksProgress *progress = g_new0(ChecksProgress, 1);
    unsigned width = checks_node_count(checks) + 1;

    progress->checks = checks;
    progress->node_count = width - 1;
    progress->told = g_new0(Told, width);
    progress->beliefs = g_new0(Belief, (size_t)width * width);
    return progress;
}

static void
destroy(void *family)
{
    ChecksProgress *progress = family;

    g_free(progress->told);
    g_free(progress->beliefs);
    g_free(progress);
}

const CheckFamily checks_progress_family = {
    .name = "progress",
    .make = make,
    .messages = CHECK_BIT(RAFT_APPEND_REPLY) | CHECK_BIT(RAFT_SNAPSHOT_REPLY),
    .message = on_message,
    .probes = CHECK_BIT(PROBE_RAFT_MATCH),
    .probe = on_match,
    .free = destroy,
};

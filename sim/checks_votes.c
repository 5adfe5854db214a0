/* SPDX-License-Identifier: Apache-2.0 */
/* Who voted for whom. What counts is what left a node, not what it believes:
 * a vote that was never sent binds nobody. */
#include "sim/checks_votes.h"

#include <inttypes.h>

#include "nodes/probes.h"
#include "sim/plan.h"

typedef struct ChecksVotes {
    Checks *checks;
    unsigned node_count;
    GHashTable **votes; /* by node: term -> candidate; looked up, not walked */
    bool *rotten;       /* by node: its disk may forget at every start */
} ChecksVotes;

static void gave(ChecksVotes *votes, NodeId id, uint64_t term,
                 NodeId candidate);

/* A node whose disk lost its vote cannot know that it voted: what comes of it
 * is for the checks of the whole cluster to see. A spoilt place shows when it
 * is read, and that is at a start. */
static void
on_fact(void *family, const Fact *fact)
{
    ChecksVotes *votes = family;

    if (fact->kind == FACT_DAMAGE) {
        votes->rotten[fact->node] |= fact->fault_kind == FAULT_DISK_BIT_FLIP ||
                                     fact->fault_kind == FAULT_DISK_MISDIRECT;
    }
    if (fact->kind == FACT_DAMAGE ||
        (fact->kind == FACT_RESTART && votes->rotten[fact->node])) {
        g_hash_table_remove_all(votes->votes[fact->node]);
    }
}

static void
on_message(void *family, const CheckMessage *message)
{
    const RaftMessage *raft = message->raft;

    if (raft->kind == RAFT_VOTE_REPLY && raft->vote_reply.granted &&
        !raft->vote_reply.pre_vote) {
        gave(family, message->from, raft->term, message->to);
    } else if (raft->kind == RAFT_VOTE_REQUEST &&
               !raft->vote_request.pre_vote) {
        gave(family, message->from, raft->term, message->from);
    }
}

/* A candidate votes for itself (Raft Fig. 2, Candidates) and says so as it
 * asks others; the leader it becomes counted its own vote. One that goes down
 * before may vote again. */
static void
on_role(void *family, NodeId id, const uint64_t *values, uint32_t probe)
{
    (void)probe;
    if (values[0] == RAFT_VIEW_LEADER) {
        gave(family, id, values[1], id);
    }
}

/* V1 and E2. */
static void
gave(ChecksVotes *votes, NodeId id, uint64_t term, NodeId candidate)
{
    GHashTable *own = votes->votes[id];
    NodeId earlier =
        GPOINTER_TO_UINT(g_hash_table_lookup(own, GSIZE_TO_POINTER(term)));

    if (earlier != 0 && earlier != candidate) {
        checks_violate(votes->checks, "one-vote", id,
                       "voted for node %u in term %" PRIu64
                       ", as it had for node %u",
                       candidate, term, earlier);
    }
    if (earlier == 0) {
        g_hash_table_insert(own, GSIZE_TO_POINTER(term),
                            GUINT_TO_POINTER(candidate));
    }
}

static void *
make(Checks *checks)
{
    ChecksVotes *votes = g_new0(ChecksVotes, 1);

    votes->checks = checks;
    votes->node_count = checks_node_count(checks);
    votes->votes = g_new0(GHashTable *, votes->node_count + 1);
    votes->rotten = g_new0(bool, votes->node_count + 1);
    for (unsigned id = 1; id <= votes->node_count; id++) {
        votes->votes[id] = g_hash_table_new(g_direct_hash, g_direct_equal);
    }
    return votes;
}

static void
destroy(void *family)
{
    ChecksVotes *votes = family;

    for (unsigned id = 1; id <= votes->node_count; id++) {
        g_hash_table_destroy(votes->votes[id]);
    }
    g_free(votes->votes);
    g_free(votes->rotten);
    g_free(votes);
}

const CheckFamily checks_votes_family = {
    .name = "votes",
    .make = make,
    .facts = CHECK_BIT(FACT_DAMAGE) | CHECK_BIT(FACT_RESTART),
    .fact = on_fact,
    .messages = CHECK_BIT(RAFT_VOTE_REPLY) | CHECK_BIT(RAFT_VOTE_REQUEST),
    .message = on_message,
    .probes = CHECK_BIT(PROBE_RAFT_ROLE),
    .probe = on_role,
    .free = destroy,
};

/* SPDX-License-Identifier: Apache-2.0 */
/* Who voted for whom. What counts is what left a node, not what it believes:
 * a vote that was never sent binds nobody. */
#include "sim/checks_votes.h"

#include <inttypes.h>

#include "nodes/probes.h"
#include "nodes/raft/raft_wire.h"
#include "sim/plan.h"

#define ROLE_LEADER 3u

typedef struct ChecksVotes {
    Checks *checks;
    unsigned node_count;
    GHashTable **votes; /* by node: term -> candidate; looked up, not walked */
    bool *rotten;       /* by node: its disk may forget at every start */
} ChecksVotes;

static void on_send(ChecksVotes *votes, const Fact *fact);
static void on_damage(ChecksVotes *votes, const Fact *fact);
static void on_role(ChecksVotes *votes, NodeId id, uint64_t role,
                    uint64_t term);
static void gave(ChecksVotes *votes, NodeId id, uint64_t term,
                 NodeId candidate);

static void
observe(void *family, const Record *record)
{
    ChecksVotes *votes = family;
    NodeId id = event_cell(record->event);
    const Effect *probe;
    unsigned at = 0;

    for (unsigned i = 0; i < record->fact_count; i++) {
        const Fact *fact = &record->facts[i];

        if (fact->kind == FACT_SEND && fact->channel == CHANNEL_RAFT &&
            fact->node >= 1 && fact->node <= votes->node_count &&
            !link_is_stream(fact->link)) {
            on_send(votes, fact);
        } else if (fact->kind >= FACT_LOST && fact->node >= 1 &&
                   fact->node <= votes->node_count) {
            on_damage(votes, fact);
        }
    }
    if (record->input == NULL || id == 0 || id > votes->node_count) {
        return;
    }
    while ((probe = record_next_probe(record, &at)) != NULL) {
        if (probe->probe.id == PROBE_RAFT_ROLE) {
            on_role(votes, id, probe->probe.values[0], probe->probe.values[1]);
        }
    }
}

/* A node whose disk lost its vote cannot know that it voted: what comes of it
 * is for the checks of the whole cluster to see. A spoilt place shows when it
 * is read, and that is at a start. */
static void
on_damage(ChecksVotes *votes, const Fact *fact)
{
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
on_send(ChecksVotes *votes, const Fact *fact)
{
    RaftMessageKind kind = raft_wire_kind(fact->bytes);
    RaftMessage message;

    if ((kind != 0 && kind != RAFT_VOTE_REPLY && kind != RAFT_VOTE_REQUEST) ||
        !raft_wire_decode(fact->bytes, &message)) {
        return;
    }
    if (message.kind == RAFT_VOTE_REPLY && message.vote_reply.granted &&
        !message.vote_reply.pre_vote) {
        gave(votes, fact->node, message.term, link_peer(fact->link));
    } else if (message.kind == RAFT_VOTE_REQUEST &&
               !message.vote_request.pre_vote) {
        gave(votes, fact->node, message.term, fact->node);
    }
}

/* A candidate votes for itself (Raft Fig. 2, Candidates) and says so as it
 * asks others; the leader it becomes counted its own vote. One that goes down
 * before may vote again. */
static void
on_role(ChecksVotes *votes, NodeId id, uint64_t role, uint64_t term)
{
    if (role == ROLE_LEADER) {
        gave(votes, id, term, id);
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
    .observe = observe,
    .free = destroy,
};

/* SPDX-License-Identifier: Apache-2.0 */
/* Who leads, by whose votes, and in which term it acts. Votes count as they
 * leave; a candidate's own is part of what a majority is. */
#include "sim/checks_roles.h"

#include <inttypes.h>

#include "nodes/probes.h"

/* More nodes than that vote in no cluster of ours. */
#define VOTERS_MAX 64u

/* The votes that were given to a node in the newest term it got any in. */
typedef struct Grants {
    uint64_t term;
    uint64_t from; /* bit id - 1 */
} Grants;

/* A request that only a leader sends, of a node that was not known as one
 * when the step began. */
typedef struct Doubt {
    NodeId id;
    uint64_t term;
} Doubt;

typedef struct ChecksRoles {
    Checks *checks;
    unsigned node_count;
    GHashTable *leaders; /* term -> node: looked up, never walked */
    Grants *grants;      /* by node */
    Doubt doubt;         /* id 0: none */
} ChecksRoles;

static void became_leader(ChecksRoles *roles, NodeId id, uint64_t term);
static bool leads(const ChecksRoles *roles, NodeId id, uint64_t term);

static void
on_role(void *family, NodeId id, const uint64_t *values, uint32_t probe)
{
    ChecksRoles *roles = family;
    const RaftViewNode *node = &checks_view(roles->checks)->nodes[id];
    uint64_t term = values[1];

    (void)probe;
    if (term < node->term) {
        checks_violate(roles->checks, "term-monotone", id,
                       "current term went back from %" PRIu64 " to %" PRIu64,
                       node->term, term);
    }
    if (values[0] == RAFT_VIEW_LEADER && !leads(roles, id, term)) {
        became_leader(roles, id, term);
    }
}

/* E1, Raft section 5.2: at most one leader a term, over all history. C3: it
 * counted votes of a majority, and only votes that were given. */
static void
became_leader(ChecksRoles *roles, NodeId id, uint64_t term)
{
    uint64_t earlier = GPOINTER_TO_UINT(
        g_hash_table_lookup(roles->leaders, GSIZE_TO_POINTER(term)));
    const Grants *grants = &roles->grants[id];
    unsigned votes = 1;

    if (earlier != 0 && earlier != id) {
        checks_violate(roles->checks, "election-safety", id,
                       "leader of term %" PRIu64 ", as was node %" PRIu64, term,
                       earlier);
    }
    g_hash_table_insert(roles->leaders, GSIZE_TO_POINTER(term),
                        GUINT_TO_POINTER(id));
    if (grants->term == term) {
        votes += (unsigned)__builtin_popcountll(grants->from);
    }
    if (roles->node_count <= VOTERS_MAX && votes < roles->node_count / 2 + 1) {
        checks_violate(roles->checks, "election-quorum", id,
                       "leader of term %" PRIu64 " with the votes of %u of %u "
                       "nodes",
                       term, votes, roles->node_count);
    }
}

static void
on_message(void *family, const CheckMessage *message)
{
    ChecksRoles *roles = family;
    const RaftMessage *raft = message->raft;

    if (raft->kind == RAFT_VOTE_REPLY && raft->vote_reply.granted &&
        !raft->vote_reply.pre_vote && message->from <= VOTERS_MAX &&
        message->to <= roles->node_count) {
        Grants *grants = &roles->grants[message->to];

        if (raft->term > grants->term) {
            *grants = (Grants){raft->term, 0};
        }
        if (raft->term == grants->term) {
            grants->from |= (uint64_t)1 << (message->from - 1);
        }
    } else if ((raft->kind == RAFT_APPEND_REQUEST ||
                raft->kind == RAFT_SNAPSHOT_REQUEST) &&
               message->now && !leads(roles, message->from, raft->term)) {
        /* It may become one in this very step: its probes come later. */
        roles->doubt = (Doubt){message->from, raft->term};
        checks_settle(roles->checks);
    }
}

/* E2: only the leader of a term sends what leaders send, and while it is in
 * that term. */
static void
settle(void *family)
{
    ChecksRoles *roles = family;
    Doubt doubt = roles->doubt;

    roles->doubt.id = 0;
    if (doubt.id != 0 && !leads(roles, doubt.id, doubt.term)) {
        const RaftViewNode *node = &checks_view(roles->checks)->nodes[doubt.id];

        checks_violate(
            roles->checks, "leader-acts", doubt.id,
            "acted as the leader of term %" PRIu64 ", but is %s term %" PRIu64,
            doubt.term,
            node->role == RAFT_VIEW_LEADER ? "the leader of" : "no leader in",
            node->term);
    }
}

static bool
leads(const ChecksRoles *roles, NodeId id, uint64_t term)
{
    const RaftViewNode *node = &checks_view(roles->checks)->nodes[id];

    return node->role == RAFT_VIEW_LEADER && node->term == term;
}

static void *
make(Checks *checks)
{
    ChecksRoles *roles = g_new0(ChecksRoles, 1);

    roles->checks = checks;
    roles->node_count = checks_node_count(checks);
    roles->leaders = g_hash_table_new(g_direct_hash, g_direct_equal);
    roles->grants = g_new0(Grants, roles->node_count + 1);
    return roles;
}

static void
destroy(void *family)
{
    ChecksRoles *roles = family;

    g_hash_table_destroy(roles->leaders);
    g_free(roles->grants);
    g_free(roles);
}

const CheckFamily checks_roles_family = {
    .name = "roles",
    .make = make,
    .messages = CHECK_BIT(RAFT_VOTE_REPLY) | CHECK_BIT(RAFT_APPEND_REQUEST) |
                CHECK_BIT(RAFT_SNAPSHOT_REQUEST),
    .message = on_message,
    .probes = CHECK_BIT(PROBE_RAFT_ROLE),
    .probe = on_role,
    .settle = settle,
    .free = destroy,
};

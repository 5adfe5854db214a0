/* SPDX-License-Identifier: Apache-2.0 */
/* Commit indexes. What leaders committed, term by term, is what later leaders
 * must have (Raft section 5.4). */
#include "sim/checks_commit.h"

#include <inttypes.h>

#include "nodes/probes.h"

/* The highest index that leaders of one term committed. */
typedef struct Committed {
    uint64_t term, index, prefix;
} Committed;

typedef struct ChecksCommit {
    Checks *checks;
    GArray *commits;  /* Committed, by term */
    uint64_t highest; /* that a leader said, also where the log below it is
                       * no longer known */
} ChecksCommit;

static void elected(ChecksCommit *commit, NodeId id, uint64_t term);
static void on_commit(ChecksCommit *commit, NodeId id, uint64_t index);
static void by_leader(ChecksCommit *commit, NodeId id, uint64_t index,
                      uint64_t prefix);

static void
on_probe(void *family, NodeId id, const uint64_t *values, uint32_t probe)
{
    ChecksCommit *commit = family;
    const RaftViewNode *node = &checks_view(commit->checks)->nodes[id];

    if (probe == PROBE_RAFT_COMMIT) {
        on_commit(commit, id, values[0]);
    } else if (values[0] == RAFT_VIEW_LEADER &&
               (node->role != RAFT_VIEW_LEADER || node->term != values[1])) {
        elected(commit, id, values[1]);
    }
}

/* L4, Raft section 5.4: a new leader has every entry that was committed in an
 * earlier term. (An election of an older term may finish late, when a newer
 * leader has committed already; such a leader owes nothing to that one.) */
static void
elected(ChecksCommit *commit, NodeId id, uint64_t term)
{
    const RaftViewNode *node = &checks_view(commit->checks)->nodes[id];
    Committed need = {0, 0, 0};
    uint64_t prefix;

    for (unsigned i = commit->commits->len; i > 0; i--) {
        const Committed *one =
            &g_array_index(commit->commits, Committed, i - 1);

        if (one->term < term && one->index > need.index) {
            need = *one;
        }
    }
    if (need.index == 0 || need.index + 1 < node->log.first) {
        return; /* under its snapshot, which State Machine Safety judges */
    }
    if (!raft_view_prefix_at(node, need.index, &prefix)) {
        if (need.index > node->log.last) {
            checks_violate(commit->checks, "leader-completeness", id,
                           "leader of term %" PRIu64
                           " has entries up to %" PRIu64 ", but %" PRIu64
                           " was committed in term %" PRIu64,
                           term, node->log.last, need.index, need.term);
        }
    } else if (prefix != need.prefix) {
        checks_violate(commit->checks, "leader-completeness", id,
                       "leader of term %" PRIu64 " lacks an entry at or "
                       "before %" PRIu64 " that was committed in term %" PRIu64,
                       term, need.index, need.term);
    }
}

static void
on_commit(ChecksCommit *commit, NodeId id, uint64_t index)
{
    const RaftView *view = checks_view(commit->checks);
    const RaftViewNode *node = &view->nodes[id];
    uint64_t known = MIN(index, view->committed.last);
    uint64_t prefix;

    if (index < node->commit) {
        checks_violate(commit->checks, "commit-monotone", id,
                       "commit index went back from %" PRIu64 " to %" PRIu64,
                       node->commit, index);
    }
    if (index > node->log.last) {
        checks_violate(commit->checks, "commit-in-log", id,
                       "committed %" PRIu64 ", but the log ends at %" PRIu64,
                       index, node->log.last);
        return;
    }
    /* S1. Two logs that agree at an index agree below. */
    if (index_ring_has(&view->committed, known) &&
        raft_view_prefix_at(node, known, &prefix) &&
        index_ring_at(&view->committed, known)->prefix != prefix) {
        checks_violate(commit->checks, "state-machine-safety", id,
                       "committed another log up to %" PRIu64
                       " than was committed before",
                       known);
    }
    if (node->role == RAFT_VIEW_LEADER) {
        commit->highest = MAX(commit->highest, index);
        if (raft_view_prefix_at(node, index, &prefix)) {
            by_leader(commit, id, index, prefix);
        }
    } else if (index > commit->highest) {
        /* C2: it commits by a leader's word (Raft Fig. 2, AppendEntries
         * rule 5), and no leader has said so. */
        checks_violate(commit->checks, "commit-by-leader", id,
                       "committed %" PRIu64 ", but no leader has committed "
                       "more than %" PRIu64,
                       index, commit->highest);
    }
}

static void
by_leader(ChecksCommit *commit, NodeId id, uint64_t index, uint64_t prefix)
{
    const RaftViewNode *node = &checks_view(commit->checks)->nodes[id];
    GArray *commits = commit->commits;
    Committed *last = commits->len > 0
                          ? &g_array_index(commits, Committed, commits->len - 1)
                          : NULL;

    if (index_ring_has(&node->log, index) &&
        index_ring_at(&node->log, index)->term != node->term) {
        /* C2, Raft section 5.4.2 and Fig. 8. */
        checks_violate(commit->checks, "commit-current-term", id,
                       "the leader of term %" PRIu64 " committed %" PRIu64
                       " of term %" PRIu64 " by counting replicas",
                       node->term, index,
                       index_ring_at(&node->log, index)->term);
    }
    if (last != NULL && last->term == node->term) {
        last->index = MAX(last->index, index);
        last->prefix = last->index == index ? prefix : last->prefix;
    } else {
        Committed fresh = {node->term, index, prefix};

        g_array_append_val(commits, fresh);
    }
}

static void *
make(Checks *checks)
{
    ChecksCommit *commit = g_new0(ChecksCommit, 1);

    commit->checks = checks;
    commit->commits = g_array_new(FALSE, FALSE, sizeof(Committed));
    return commit;
}

static void
destroy(void *family)
{
    ChecksCommit *commit = family;

    g_array_free(commit->commits, TRUE);
    g_free(commit);
}

const CheckFamily checks_commit_family = {
    .name = "commit",
    .make = make,
    .probes = CHECK_BIT(PROBE_RAFT_ROLE) | CHECK_BIT(PROBE_RAFT_COMMIT),
    .probe = on_probe,
    .free = destroy,
};

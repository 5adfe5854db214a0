/* SPDX-License-Identifier: Apache-2.0 */
/* What the nodes of a cluster have said of their Raft so far: roles, terms,
 * logs, what is committed and applied. It is what they believe and not what is
 * true: sim/disk_shadow.h has what their disks hold.
 *
 * Families of checks see a probe first and the view as it was before; then it
 * goes into the view. A log is known by a running hash: two logs agree up to
 * an index exactly when their prefix hashes there are the same. O(1) a probe,
 * amortised. */
#ifndef SEEDBED_RAFT_VIEW_H
#define SEEDBED_RAFT_VIEW_H

#include "nodes/effects.h"
#include "nodes/probes.h"
#include "sim/index_ring.h"

/* The probes that it is made of. */
#define RAFT_VIEW_PROBES                                                       \
    (UINT64_C(1) << PROBE_RAFT_ROLE | UINT64_C(1) << PROBE_RAFT_APPEND |       \
     UINT64_C(1) << PROBE_RAFT_TRUNCATE | UINT64_C(1) << PROBE_RAFT_COMMIT |   \
     UINT64_C(1) << PROBE_RAFT_APPLY | UINT64_C(1) << PROBE_RAFT_SNAPSHOT |    \
     UINT64_C(1) << PROBE_RAFT_RESTORE | UINT64_C(1) << PROBE_RAFT_RECOVER)

/* The roles of PROBE_RAFT_ROLE. */
#define RAFT_VIEW_LEADER 3u

typedef struct RaftViewNode {
    IndexRing log;
    uint64_t base_prefix; /* of everything before log.first */
    bool base_known;
    uint64_t role, term;
    uint64_t leader; /* whom it follows, or itself; 0: nobody */
    uint64_t commit, applied;
    uint64_t snapshot; /* the last one it took or took over */
} RaftViewNode;

typedef struct RaftView {
    unsigned node_count;
    RaftViewNode *nodes; /* by id */
    IndexRing committed; /* what was ever committed, first told */
    /* What raft_view_next_prefix() last found, for who asks next. */
    struct {
        const RaftViewNode *node;
        uint64_t index, before, prefix;
        bool known;
    } next;
    uint64_t forgotten; /* below every node's snapshot: nothing before it is
                         * kept */
} RaftView;

void raft_view_init(RaftView *view, unsigned node_count);
void raft_view_clear(RaftView *view);

/* A new incarnation tells its log and its term anew. */
void raft_view_restart(RaftView *view, NodeId id);
/* It is down, and leads nobody. */
void raft_view_down(RaftView *view, NodeId id);
/* @probe of node @id. */
void raft_view_probe(RaftView *view, NodeId id, const Effect *probe);

/* The prefix hash of @node's log with an entry appended: @values are those of
 * PROBE_RAFT_APPEND. False when its log goes on elsewhere, or nothing is known
 * of what is before it. */
bool raft_view_next_prefix(RaftView *view, const RaftViewNode *node,
                           const uint64_t *values, uint64_t *prefix);
/* The prefix hash of @node's log at @index; false when it is not known. */
bool raft_view_prefix_at(const RaftViewNode *node, uint64_t index,
                         uint64_t *prefix);

#endif

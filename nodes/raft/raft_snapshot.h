/* SPDX-License-Identifier: Apache-2.0 */
/* Log compaction: Raft section 7. A snapshot is a frozen picture of the
 * machine, written piece by piece to "raft-snapshot-tmp" while the node goes
 * on, synced, and renamed to "raft-snapshot-<index>".
 *
 * The file, little-endian words: magic, voter count, index, term, digest of
 * the state, the voters; the picture; its size; XXH3-64 of all before. */
#ifndef SEEDBED_RAFT_SNAPSHOT_H
#define SEEDBED_RAFT_SNAPSHOT_H

#include "nodes/raft/raft.h"

#define RAFT_SNAPSHOT_NAME_MAX 32u
#define RAFT_SNAPSHOT_SAVING   "raft-snapshot-tmp"

typedef struct RaftSnapshotView {
    uint64_t index, term, digest, checksum;
    Slice picture;
} RaftSnapshotView;

/* Begin one when enough has been applied: at the end of each step. */
void raft_snapshot_flush(Raft *raft, Effects *fx);
/* A SYNC is done. False: not ours. */
bool raft_snapshot_synced(Raft *raft, Token token, int error, Effects *fx);
/* Read a whole file. False: damaged. */
bool raft_snapshot_parse(Slice bytes, RaftSnapshotView *view);
/* Make the machine what @view says. False: it does not agree with itself. */
bool raft_snapshot_restore(Raft *raft, const RaftSnapshotView *view,
                           uint64_t size, Effects *fx);
/* Drop entries that the snapshot covers, but for the trailing ones. */
void raft_snapshot_compact(Raft *raft, Effects *fx);
void raft_snapshot_name(char out[RAFT_SNAPSHOT_NAME_MAX], uint64_t index);
bool raft_snapshot_parse_name(const char *name, uint64_t *index);
void raft_snapshot_free(Raft *raft);

#endif

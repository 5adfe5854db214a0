/* SPDX-License-Identifier: Apache-2.0 */
/* Persist, then answer: term and vote on disk, SYNCs shared by all that
 * wait, and the answers that wait for them (Raft Fig. 2, "updated on stable
 * storage before responding to RPCs").
 *
 * Term and vote are one record in the file "raft-vote", written in turn to
 * two slots, and never to one before the other is durable: a torn write
 * leaves the older record whole. */
#ifndef SEEDBED_RAFT_STORAGE_H
#define SEEDBED_RAFT_STORAGE_H

#include "nodes/raft/raft.h"

#define RAFT_VOTE_FILE  "raft-vote"
#define RAFT_VOTE_SLOT  4096u /* distance of the slots in bytes */
#define RAFT_VOTE_BYTES 40u

/* Send an answer of @kind and of this term to @to when the current term, vote
 * and log up to @index are durable: the caller fills in all else that its
 * kind has, where it is kept. A later answer of the same kind takes the place
 * of one that still has no SYNC to wait for. */
RaftMessage *raft_storage_answer(Raft *raft, NodeId to, RaftMessageKind kind,
                                 uint64_t index);
/* Forget answers of the term that ends. */
void raft_storage_drop_answers(Raft *raft);
/* What an effect must wait for that asserts term, vote and log up to @index:
 * true and @after (0: nothing), or false when no SYNC covers it yet. */
bool raft_storage_wait(const Raft *raft, uint64_t index, Token *after);
/* Write, sync and answer, at the end of each step. */
void raft_storage_flush(Raft *raft, Effects *fx);
/* A SYNC is done. False when it is not ours. */
bool raft_storage_synced(Raft *raft, Token token, int error, Effects *fx);
/* Entries from the log's end were removed: SYNCs under way cover less. */
void raft_storage_truncated(Raft *raft);

/* WRITE term and vote as they are now: raft_storage_flush()'s, and a
 * recovery's that learnt of a newer term. */
void raft_storage_write_vote(Raft *raft, Effects *fx);
/* Find term and vote in the file's bytes. False: damaged. */
bool raft_storage_read_vote(Raft *raft, Slice bytes);

#endif

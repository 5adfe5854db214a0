/* SPDX-License-Identifier: Apache-2.0 */
/* Roles and votes: Raft section 5.2 and 5.4.1; pre-vote: thesis 9.6;
 * check-quorum: thesis 6.2; deaf to candidates while a leader is heard:
 * thesis 4.2.3. */
#ifndef SEEDBED_RAFT_ELECTION_H
#define SEEDBED_RAFT_ELECTION_H

#include "nodes/raft/raft.h"

/* The election timer fired. */
void raft_election_timer(Raft *raft, Effects *fx);
void raft_election_request(Raft *raft, NodeId from, const RaftMessage *m,
                           Effects *fx);
void raft_election_reply(Raft *raft, NodeId from, const RaftMessage *m,
                         Effects *fx);
/* A SYNC is done: our own vote may count now. */
void raft_election_durable(Raft *raft, Effects *fx);
/* Follow @leader (0: unknown) in @term, which is not below ours. */
void raft_election_follow(Raft *raft, uint64_t term, NodeId leader,
                          Effects *fx);
/* Begin as a follower after recovery. */
void raft_election_start(Raft *raft, Effects *fx);
/* Send VoteRequests, when our own vote has been given to a SYNC. */
void raft_election_flush(Raft *raft, Effects *fx);

#endif

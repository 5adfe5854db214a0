/* SPDX-License-Identifier: Apache-2.0 */
/* InstallSnapshot in chunks: Raft section 7. The leader offers its snapshot
 * file over a stream, the follower says how much of it it holds, and chunks
 * follow, a few ahead. When the file is whole, checked and durable, it takes
 * the place of the follower's state and log. */
#ifndef SEEDBED_RAFT_INSTALL_H
#define SEEDBED_RAFT_INSTALL_H

#include "nodes/raft/raft.h"

#define RAFT_SNAPSHOT_RECEIVING "raft-snapshot-in"

/* The leader: @id needs entries that are gone. */
void raft_install_begin(Raft *raft, NodeId id, Effects *fx);
/* Say which snapshot there is: the stream is up. */
void raft_install_offer(Raft *raft, NodeId id, Effects *fx);
void raft_install_heartbeat(Raft *raft, NodeId id, Effects *fx);
void raft_install_reply(Raft *raft, NodeId from, const RaftMessage *m,
                        Effects *fx);
/* A READ is done. False: not ours. */
bool raft_install_read(Raft *raft, const Input *input, Effects *fx);
/* Is some peer being sent the newest snapshot? */
bool raft_install_active(const Raft *raft);

/* The follower. */
void raft_install_request(Raft *raft, NodeId from, const RaftMessage *m,
                          Effects *fx);
bool raft_install_synced(Raft *raft, Token token, int error, Effects *fx);
/* Over the leader's stream when it has one, for there nothing is lost. */
void raft_install_send_reply(Raft *raft, NodeId to, const RaftMessage *m,
                             Token after, Effects *fx);
void raft_install_free(Raft *raft);

#endif

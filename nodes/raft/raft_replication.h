/* SPDX-License-Identifier: Apache-2.0 */
/* Log replication: Raft section 5.3, 5.4.2; pipelining and the leader's disk
 * in parallel: thesis 10.2.1 and 10.2.2.
 *
 * Messages leave as datagrams. One that does not fit goes over a stream to
 * that peer, and so does all that follows it until it is acknowledged: what
 * overtakes it would only be refused. */
#ifndef SEEDBED_RAFT_REPLICATION_H
#define SEEDBED_RAFT_REPLICATION_H

#include "nodes/raft/raft.h"

/* Become, cease to be leader: what is known of the peers. */
void raft_replication_start(Raft *raft, Effects *fx);
void raft_replication_stop(Raft *raft, Effects *fx);
void raft_replication_heartbeat(Raft *raft, Effects *fx);
/* Send peers what they lack and have room for: at the end of each step. */
void raft_replication_flush(Raft *raft, Effects *fx);
void raft_replication_request(Raft *raft, NodeId from, const RaftMessage *m,
                              Effects *fx);
void raft_replication_reply(Raft *raft, NodeId from, const RaftMessage *m,
                            Effects *fx);
/* Forget AppendRequests that came early: they are of the past. */
void raft_replication_drop_early(Raft *raft);
/* The leader's own log got durable further. */
void raft_replication_durable(Raft *raft, Effects *fx);
/* Our stream to @peer came up or broke. */
void raft_replication_link(Raft *raft, NodeId peer, LinkState state,
                           Effects *fx);
/* The follower's log certainly has @match entries: go on behind them. */
void raft_replication_probe(Raft *raft, NodeId peer, uint64_t match);
/* Tell those who watch what we now take @peer, or ourselves, to hold: where
 * it may move the commit index. */
void raft_replication_tell(const Raft *raft, NodeId peer, Effects *fx);
/* Send over our stream to @to, which is up: the length, then the message. */
void raft_replication_stream(Raft *raft, NodeId to, Bytes *message,
                             Effects *fx);
/* Open our stream to @to unless it is open or opening. */
void raft_replication_open(Raft *raft, NodeId to, Effects *fx);
/* @from leads in @m's term: note that, or answer that the term is over.
 * False: nothing more to do with @m. */
bool raft_replication_accept_leader(Raft *raft, NodeId from,
                                    const RaftMessage *m, Effects *fx);

#endif

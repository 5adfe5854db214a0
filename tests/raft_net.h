/* SPDX-License-Identifier: Apache-2.0 */
/* A small world for Raft's own tests: a network that loses only what a test
 * tells it to, disks that keep what was synced, one virtual clock. It links
 * only nodes, and checks Election Safety, Log Matching and State Machine
 * Safety by the nodes' probes as it goes. */
#ifndef SEEDBED_RAFT_NET_H
#define SEEDBED_RAFT_NET_H

#include <glib.h>
#include <stdbool.h>

#include "nodes/effects.h"
#include "nodes/raft/kv_wire.h"

#define RAFT_NET_NODES_MAX 9u

typedef struct RaftNet RaftNet;

/* What a client got. The value is the net's until the next call. */
typedef struct RaftNetAnswer {
    KvReply reply;
    NodeId node;
} RaftNetAnswer;

/* @count nodes of @program, all configured by @config, started at 0. */
RaftNet *raft_net_new(unsigned count, const char *config);
void raft_net_free(RaftNet *net);

/* Delays; set them before anything runs. Defaults 1 ms and 0.5 ms. */
void raft_net_delays(RaftNet *net, SimTime message, SimTime sync);
/* Writes go nowhere: for measurements. No crash then. */
void raft_net_forget_disks(RaftNet *net);

/* Carry out events until @duration has passed, or @until returns true. */
void raft_net_run(RaftNet *net, SimTime duration);
bool raft_net_run_until(RaftNet *net, SimTime duration,
                        bool (*until)(RaftNet *net));
SimTime raft_net_now(const RaftNet *net);
uint64_t raft_net_steps(const RaftNet *net);

/* Cut or join both directions between two nodes. */
void raft_net_cut(RaftNet *net, NodeId a, NodeId b, bool cut);
/* Cut @node off from all others, or join it again. */
void raft_net_isolate(RaftNet *net, NodeId node, bool cut);
/* Lose one in @n datagrams (0: none), duplicate and delay as many. */
void raft_net_trouble(RaftNet *net, unsigned n);
/* The node's memory is gone, and what was not synced. */
void raft_net_crash(RaftNet *net, NodeId node);
void raft_net_restart(RaftNet *net, NodeId node);
/* SYNCs of @node stay under way until this is false again. */
void raft_net_hold_syncs(RaftNet *net, NodeId node, bool hold);

/* Who leads in the largest term, as far as it said so; 0: nobody. */
NodeId raft_net_leader(const RaftNet *net);
uint64_t raft_net_term(const RaftNet *net, NodeId node);
uint64_t raft_net_commit(const RaftNet *net, NodeId node);
uint64_t raft_net_applied(const RaftNet *net, NodeId node);
/* Probes of @id that @node made so far. */
unsigned raft_net_probes(const RaftNet *net, NodeId node, uint32_t id);
/* Why it halted, or NULL. */
const char *raft_net_halted(const RaftNet *net, NodeId node);
/* The first violation seen, or NULL. Checked by the tests' end. */
const char *raft_net_violation(const RaftNet *net);

/* Files as they are durable: NULL when there is none of that name. To be
 * changed only while the node is down. */
GByteArray *raft_net_file(RaftNet *net, NodeId node, const char *name);
/* It is gone for good. */
void raft_net_forget_file(RaftNet *net, NodeId node, const char *name);
unsigned raft_net_file_count(const RaftNet *net, NodeId node);
/* The last name that begins with @prefix, or NULL. */
const char *raft_net_last_file(RaftNet *net, NodeId node, const char *prefix);

/* Send a request to @node on its client stream; returns its id. */
uint64_t raft_net_ask(RaftNet *net, NodeId node, KvVerb verb, const char *key,
                      Slice value);
/* The same from bytes as they are. */
void raft_net_ask_bytes(RaftNet *net, NodeId node, Slice bytes);
/* The answer to @id, if it came. */
bool raft_net_answer(RaftNet *net, uint64_t id, RaftNetAnswer *answer);
unsigned raft_net_answers(const RaftNet *net);
/* @node closed its client stream. */
bool raft_net_hung_up(const RaftNet *net, NodeId node);
/* Write @key at the leader and wait; true when it was OK. */
bool raft_net_write(RaftNet *net, const char *key, Slice value);
/* Called with every answer; for closed loops. */
void raft_net_on_answer(RaftNet *net,
                        void (*call)(RaftNet *net, const RaftNetAnswer *answer,
                                     void *data),
                        void *data);

#endif

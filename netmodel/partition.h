/* SPDX-License-Identifier: Apache-2.0 */
/* Who can talk to whom: numbered rules that overlap, compose and heal one by
 * one, over a matrix that answers for a packet in one look.
 *
 * A rule cuts (packets are lost) or clogs (packets are held until it heals)
 * a set of directed pairs. A flapping or swizzling rule changes with time:
 * partition_next() says when, partition_advance() does it. */
#ifndef SEEDBED_PARTITION_H
#define SEEDBED_PARTITION_H

#include "nodes/node.h"

typedef enum PartitionKind {
    /* Hosts of different groups cannot talk. Group 0 talks to everybody: it
     * is the bridge of a partial partition. */
    PARTITION_GROUPS = 1,
    /* Nothing gets from group 1 to group 2; the way back is open. */
    PARTITION_ONE_WAY,
    /* Hosts stand in a ring by group number 1, 2, ... Each hears a majority,
     * the window around itself, and no two the same one (Jepsen's
     * majorities-ring). Group 0 is not in it. */
    PARTITION_RING,
    /* Hosts of a group other than 0 talk to nobody, in neither direction. */
    PARTITION_ISOLATE,
    /* Like ISOLATE, one host after the other: first the hosts are shut in
     * the order of their groups 1, 2, ..., a step apart, then opened in the
     * order of @back, a step apart (FoundationDB's swizzle-clog). */
    PARTITION_SWIZZLE,
} PartitionKind;

typedef enum PartitionVerdict {
    PARTITION_OPEN = 0,
    PARTITION_HELD, /* keep the packet until the verdict is OPEN again */
    PARTITION_CUT,  /* lose it; stronger than HELD */
} PartitionVerdict;

/* One rule; borrowed for partition_add(). The arrays have one entry per host
 * 0..host_count (entry 0, the world, is ignored). */
typedef struct PartitionRule {
    PartitionKind kind;
    bool hold; /* a clog: hold instead of cut */
    const uint16_t *group;
    const uint16_t *back; /* swizzle: 1, 2, ... in order of opening */
    SimTime start;        /* when it begins; used by the two below */
    SimTime on_ns;        /* flapping: in force this long, ... */
    SimTime off_ns;       /* ... then out of force; 0: it does not flap */
    SimTime step_ns;      /* swizzle: between two hosts; >= 1 */
} PartitionRule;

typedef struct Partition Partition;

/* Hosts are 1..@host_count (<= NODE_ID_MAX): nodes, then clients. Everybody
 * talks to everybody. Two bytes a pair, taken when the first rule comes. */
Partition *partition_new(unsigned host_count);
void partition_free(Partition *partition);

/* Put a rule in force at rule->start. Returns its number: 1, 2, ..., never
 * used again. At most 255 at a time. O(hosts^2). */
uint32_t partition_add(Partition *partition, const PartitionRule *rule);
/* Heal one rule; the others stay. False when there is no such rule (a
 * swizzle that has run out is still there until it is removed). */
bool partition_remove(Partition *partition, uint32_t id);
/* From now on no rule stands between two of @hosts (flags by host, copied),
 * be it there or to come. Call once. True when a rule stood there. */
bool partition_join(Partition *partition, const uint8_t *hosts);
/* Heal them all. */
void partition_heal(Partition *partition);

/* O(1), 1..3 ns. */
PartitionVerdict partition_check(const Partition *partition, NodeId from,
                                 NodeId to);
/* The rules that stand in the way from @from to @to now: at most @max into
 * @ids, ascending; returns how many there are. For the accounting of what
 * mattered; O(rules). */
unsigned partition_blame(const Partition *partition, NodeId from, NodeId to,
                         uint32_t *ids, unsigned max);

/* When a rule next changes by itself; SIM_NEVER when none does. */
SimTime partition_next(const Partition *partition);
/* Carry out the changes due at or before @now. True when any was. */
bool partition_advance(Partition *partition, SimTime now);

const char *partition_verdict_text(PartitionVerdict verdict);

/* Helpers that fill @group (host_count + 1 entries) for the usual shapes. */

/* @hosts[0..count-1] into group @number; the others are left alone. */
void partition_group(uint16_t *group, const NodeId *hosts, unsigned count,
                     uint16_t number);
/* A partial partition of @hosts in their order: the first is the bridge
 * (group 0), the rest is halved into groups 1 and 2. */
void partition_bridge(uint16_t *group, const NodeId *hosts, unsigned count);
/* The numbers 1..count to @hosts in an order drawn from @stream: for
 * majorities-ring, and twice for a swizzle. Exactly count - 1 draws. */
void partition_shuffle(uint16_t *group, const NodeId *hosts, unsigned count,
                       Stream *stream);

#endif

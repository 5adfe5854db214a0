/* SPDX-License-Identifier: Apache-2.0 */
/* A shadow of each Raft node's disk: which log records, which snapshot and
 * which vote are on the platter. It is made of what the node did and was
 * answered: its WRITEs and the SYNCs that ended well, never of a probe's word
 * that something is durable. A disk that lied is not the node's fault; the
 * world tells of it (FACT_DAMAGE), and the shadow begins anew with what the
 * node then finds. */
#ifndef SEEDBED_DISK_SHADOW_H
#define SEEDBED_DISK_SHADOW_H

#include "sim/index_ring.h"
#include "sim/record.h"

typedef struct DiskShadowNode {
    /* The log as written: term; hash = generation of the record; prefix =
     * bytes of all records up to and with this one. */
    IndexRing log;
    uint64_t generation;
    GArray *pending; /* what no SYNC has covered yet, oldest first */
    uint64_t write_count;
    GArray *covers;     /* SYNCs under way */
    uint64_t snapshot;  /* index of the last durable one */
    uint64_t restored;  /* of the one that the node's state began with */
    uint64_t found;     /* the last restart found the log up to here, though
                         * what was known of it ended before; until that is
                         * removed */
    uint64_t vote_term; /* durable */
    NodeId vote;
    bool recovering;   /* after a power loss, until the node tells its log */
    uint64_t promised; /* what a restart must find of the log */
    uint64_t dropped_from; /* entries removed from memory from here on: their
                            * bytes may stay, but promise nothing */
    bool failing;  /* a SYNC failed, or may have: of what was written since, a
                    * new process finds a part, as after a power loss */
    bool damaged;  /* what was acknowledged is gone, until the node has told
                    * what it found */
    bool rotten;   /* a spoilt place may show at any start */
    uint64_t lost; /* the log that a damaged disk had held: a leader that was
                    * told of it may count on it */
} DiskShadowNode;

typedef struct DiskShadow {
    unsigned node_count;
    DiskShadowNode *nodes; /* by id */
} DiskShadow;

void disk_shadow_init(DiskShadow *shadow, unsigned node_count);
void disk_shadow_clear(DiskShadow *shadow);

/* What happened on or to the disk of fact->node, one of the cluster. */
void disk_shadow_fact(DiskShadow *shadow, const Fact *fact);
/* A fault of the plan begins (FACT_FAULT): disks that it makes fail. */
void disk_shadow_fault(DiskShadow *shadow, const Fact *fact);
/* Node @id was answered that the SYNC of @token is durable, or has failed with
 * @error. */
void disk_shadow_synced(DiskShadow *shadow, NodeId id, Token token, int error);
/* Node @id said what it recovered, or removed, of its log. */
void disk_shadow_probe(DiskShadow *shadow, NodeId id, const Effect *probe);
/* Nobody asks for records below @first again. */
void disk_shadow_forget(DiskShadow *shadow, uint64_t first);

/* The last index up to which the log is on the platter without a gap, or
 * under a snapshot that is. O(records that no SYNC has covered). */
uint64_t disk_shadow_durable(const DiskShadowNode *node);

#endif

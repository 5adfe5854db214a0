/* SPDX-License-Identifier: Apache-2.0 */
/* What must hold after every event. A family of invariants is a row of
 * checks.c's table with a file of its own; each reads the merged records and
 * calls checks_violate() when something is wrong. Durability is judged from
 * effects and disk (sim/disk_shadow.h), never from a probe. HACKING.md shows
 * how to add one, and says which invariant is whose. */
#ifndef SEEDBED_CHECKS_H
#define SEEDBED_CHECKS_H

#include <glib.h>

#include "nodes/raft/raft_wire.h"
#include "sim/disk_shadow.h"
#include "sim/metrics.h"
#include "sim/raft_view.h"
#include "sim/record.h"
#include "sim/scenario.h"

typedef struct Checks Checks;

typedef struct Violation {
    const char *check; /* "election-safety"; static */
    SimTime at;
    NodeId node;
    char *message;
} Violation;

/* A Raft message that leaves @from, one of the cluster; once more for each
 * attempt of a stream, and when a clog ends. Of AppendRequests and
 * SnapshotRequests, which are long and many, only kind and term are read. */
typedef struct CheckMessage {
    NodeId from, to;
    bool now; /* in a step of its sender, not held back by anything */
    const RaftMessage *raft;
} CheckMessage;

#define CHECK_BIT(number) ((uint64_t)1 << (number))

/* A family. make() gets what all share. Of each record it is then told, in
 * this order: all of it; each fact and message of nodes, in their order; the
 * probes of its node, in their order; that the record is over, if it asked
 * for that. What it is told has not gone into view and shadow yet, which show
 * the moment before. Any may be NULL but make and free. */
typedef struct CheckFamily {
    const char *name;
    /* Whether a scenario asks for it; NULL: unless it says `safety: false`.
     * Else it is told nothing. */
    bool (*asked)(const Expect *expect);
    void *(*make)(Checks *checks);
    void (*free)(void *family);
    void (*observe)(void *family, const Record *record);
    uint64_t facts; /* CHECK_BIT(FACT_...): about nodes, and faults */
    void (*fact)(void *family, const Fact *fact);
    uint64_t messages; /* CHECK_BIT(RAFT_VOTE_REPLY), ... */
    void (*message)(void *family, const CheckMessage *message);
    uint64_t probes; /* CHECK_BIT(PROBE_...): of nodes and clients */
    void (*probe)(void *family, NodeId id, const uint64_t *values,
                  uint32_t probe);
    /* The first record at or after the time of checks_alarm(), before all
     * else of it. */
    void (*alarm)(void *family);
    /* Once after a record in which it called checks_settle(). */
    void (*settle)(void *family);
    /* The run ended at @at. */
    void (*finish)(void *family, SimTime at);
    /* What it counted, for run.json and for criteria. */
    void (*totals)(const void *family, MetricsEach function, void *data);
} CheckFamily;

/* @expect, borrowed, may be NULL: nothing is asked beyond the invariants. */
Checks *checks_new(unsigned node_count, const Expect *expect);
void checks_free(Checks *checks);
/* False when the record violated something: the run may stop. */
bool checks_observe(Checks *checks, const Record *record);
void checks_finish(Checks *checks, SimTime at);
const GPtrArray *checks_violations(const Checks *checks); /* Violation */
/* All families' totals, in the order of the table. */
void checks_totals(const Checks *checks, MetricsEach function, void *data);

/* For families. */
unsigned checks_node_count(const Checks *checks);
const Expect *checks_expect(const Checks *checks);
RaftView *checks_view(Checks *checks);
DiskShadow *checks_shadow(Checks *checks);
SimTime checks_now(const Checks *checks);
/* Call alarm() of the families that have one at @at or soon after. */
void checks_alarm(Checks *checks, SimTime at);
/* Call settle() of the families that have one after this record. */
void checks_settle(Checks *checks);
/* @check is static. */
void checks_violate(Checks *checks, const char *check, NodeId node,
                    const char *format, ...) G_GNUC_PRINTF(4, 5);

#endif

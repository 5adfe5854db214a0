/* SPDX-License-Identifier: Apache-2.0 */
/* The world, cell 0: the fault plan is its timer. A line of the plan takes
 * effect between windows, so it may touch every cell; what a node's disk,
 * clock, CPU and links suffer is computed from the set of lines in force, so
 * overlapping faults compose and heal one by one. */
#ifndef SEEDBED_WORLD_H
#define SEEDBED_WORLD_H

#include "sim/cell.h"

/* architecture.md section 6: what became of a kind of fault. */
typedef struct WorldCount {
    unsigned configured; /* ways in which the scenario asks for it */
    unsigned drawn;      /* lines of the plan */
    unsigned applied;    /* lines that found somebody to hit */
    unsigned mattered;   /* lines that changed something */
} WorldCount;

typedef struct World World;

/* @cells[1..host_count], node cells first. All are borrowed. */
World *world_new(CellWorld *shared, const Plan *plan, Queue *queue);
void world_free(World *world);

/* Queue the plan, the end of the run and the first starts. */
void world_start(World *world);
/* As if the plan had one more line, @number, which redraws at @at. */
void world_redraw(World *world, SimTime at, unsigned number, uint64_t salt);
/* Handle an event of cell 0. Fills in @record, borrowed until the next call.
 * Returns false when it was the end of the run. */
bool world_handle(World *world, const Event *event, Record *record);
/* Every record passes here, in order: who leads, which faults mattered. */
void world_observe(World *world, const Record *record);

/* No cell reaches another one sooner than this: network.floor, or more when
 * every link is slower for certain. Changes with the faults in force. */
SimTime world_lookahead(const World *world);

/* The leader that the trace shows: the live node that last said so in the
 * highest term; 0 when there is none. */
NodeId world_leader(const World *world);
const WorldCount *world_counts(const World *world); /* by FaultKind */

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* The engine: the one loop of ARCHITECTURE.md. It takes the earliest event,
 * lets its cell handle it, and shows the record to the observer, in the total
 * order; with more than one worker cells run a window of network.floor
 * nanoseconds independently, and the records are merged to the same order. */
#ifndef SEEDBED_ENGINE_H
#define SEEDBED_ENGINE_H

#include "sim/world.h"

typedef struct Engine Engine;

typedef enum EngineIsolation { ENGINE_INLINE, ENGINE_PROCESS } EngineIsolation;

typedef struct EngineConfig {
    const Scenario *scenario; /* borrowed, like the plan */
    const Plan *plan;
    uint64_t seed;
    EngineIsolation isolation;
    unsigned workers;        /* 1..; 0 is 1 */
    uint64_t explore;        /* --explore-order; 0: off */
    const char *node_binary; /* for processes */
    unsigned time_limit_scale;
    /* Called by each further worker thread before it works; may be NULL. */
    void (*thread_begin)(void *user, unsigned number);
    void *thread_user;
    NodeId gdb_node;   /* in process isolation: under gdb; 0: none */
    NodeId fatal_node; /* see CellWorld; 0: none */
    uint64_t fatal_input;
    const CarrierDeath *fatal_death;
} EngineConfig;

/* Sees every record once, in order; false ends the run there. */
typedef bool (*EngineObserver)(void *user, const Record *record);

/* NULL and one line in @error when a program cannot be had. */
Engine *engine_new(const EngineConfig *config, GError **error);
void engine_free(Engine *engine);
/* Run to the scenario's end, or to where @observer says no. */
void engine_run(Engine *engine, EngineObserver observer, void *user);
/* The same in pieces, with one worker: after engine_start() everything before
 * @until is done; false: it has ended, there or earlier. */
void engine_start(Engine *engine, EngineObserver observer, void *user);
bool engine_run_until(Engine *engine, SimTime until);
/* As if the plan had a line @number that redraws at @at with @salt. Between two
 * pieces; @at is not before the end of the first. */
void engine_redraw(Engine *engine, SimTime at, unsigned number, uint64_t salt);
const World *engine_world(const Engine *engine);
/* What the links should have done by their words, and what they did. */
void engine_rates(const Engine *engine, Rates *rates);
unsigned engine_host_count(const Engine *engine);
/* Events handled, and of those the ones that were records. */
uint64_t engine_event_count(const Engine *engine);

#endif

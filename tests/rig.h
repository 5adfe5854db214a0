/* SPDX-License-Identifier: Apache-2.0 */
/* A small world for the engine's tests: hosts whose program is one function
 * of the test, a scenario, a plan and a seed; what happens is kept as text,
 * one line an input and one a fact. */
#ifndef SEEDBED_TESTS_RIG_H
#define SEEDBED_TESTS_RIG_H

#include "sim/world.h"

/* The program of every node. @effects of the call may borrow constants and
 * what the test keeps. */
typedef void (*RigStep)(NodeId self, const Input *input, Effects *fx);

typedef struct Rig {
    Scenario *scenario;
    Plan *plan;
    CellWorld shared;
    Queue *queue;
    World *world;
    bool done;    /* the end of the run was seen */
    GString *log; /* "12.000 n1 timer 7\n", "  + send n2 'hello'\n" */
    SimTime now;
    uint64_t records;
} Rig;

/* @scenario: YAML without `nodes.program`; @plan: YAML or "". */
Rig *rig_new(const char *scenario, const char *plan, uint64_t seed,
             RigStep step);
void rig_free(Rig *rig);
/* Handle every event before @until. */
void rig_run(Rig *rig, SimTime until);
/* The lines of the log that contain @word, and forget the log. The caller
 * owns the text. */
char *rig_lines(Rig *rig, const char *word);
/* Likewise, without the facts. */
char *rig_inputs(Rig *rig, const char *word);
/* How many lines of the log contain @word. */
unsigned rig_count(const Rig *rig, const char *word);
const WorldCount *rig_world_count(const Rig *rig, FaultKind kind);

#endif

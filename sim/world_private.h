/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the world share: its state, and the lines of the plan.
 * world_apply.c begins a fault, world_state.c computes what the faults in
 * force make of nodes and links, world_account.c says which mattered. */
#ifndef SEEDBED_WORLD_PRIVATE_H
#define SEEDBED_WORLD_PRIVATE_H

#include "sim/world.h"

/* A line of the plan, from its beginning to its end. */
typedef struct Active {
    const Fault *fault;
    bool in_force;
    bool applied, mattered;
    bool for_good; /* it was in force when a core was healed: it never ends */
    uint64_t cost_before; /* cost_of() when it began */
    uint8_t *nodes;       /* [host_count + 1]: whom it hits */
    uint8_t *peers;       /* likewise: the other side */
    uint64_t *damage;     /* [host_count + 1]: disk_last_damage(), or NULL */
    uint32_t rule;        /* of the partition, or 0 */
    NetemConfig netem;    /* LINK */
} Active;

struct World {
    CellWorld *shared;
    const Plan *plan;
    Plan *longer; /* the plan and one line more: world_redraw(); or NULL */
    Queue *queue;
    uint64_t next_seq;
    SimTime now;
    Active *actives;   /* by plan index */
    NetemConfig *base; /* [from * (hosts + 1) + to] */
    uint8_t *linked;
    int64_t *drift_ppb; /* by host: its own */
    unsigned *down;     /* by node: crash and kill lines in force */
    unsigned *still;    /* by node: pause lines in force */
    struct {
        uint64_t role, term;
    } * roles; /* by node, as it last said */
    SimTime lookahead;
    unsigned *link_lines; /* LINK lines of the plan, by number */
    unsigned link_count;
    uint8_t *core;   /* by host: who is healed for good; NULL: nobody */
    SimTime step_at; /* of the queued EVENT_FAULT_STEP, or SIM_NEVER */
    GArray *facts;
    GPtrArray *texts;
    WorldCount counts[FAULT_KIND_COUNT];
};

/* The partition changes by itself: come back then. */
void world_queue_step(World *world);
/* Tell every cell that other ways are open or cut. */
void world_network_changed(World *world);

/* world_apply.c: a line takes effect. */
void world_apply_life(World *world, Active *active);
void world_apply_memory(World *world, Cell *cell);
void world_apply_partition(World *world, Active *active);
/* False if no disk had anything to hurt; who was not hurt is taken out. */
bool world_apply_disk(World *world, Active *active);

/* world_state.c */
void world_state_base(World *world);
void world_state_clocks(World *world);
void world_state_recompute(World *world);

/* world_core.c: heal-core. */
void world_core_unfit(const World *world, uint8_t *unfit);
bool world_core_is_quorum(const World *world, const Active *active);
void world_core_heal(World *world, Active *heal);
/* Take the core out of a fault that begins when it is healed already. */
void world_core_spare(const World *world, Active *active);

/* world_account.c */
uint64_t world_account_cost(const World *world, const Active *active);
void world_account_settle(World *world, Active *active);

#endif

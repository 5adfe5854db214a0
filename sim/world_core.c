/* SPDX-License-Identifier: Apache-2.0 */
/* The end of all faults, for some: a connected core is healed and the rest
 * stays broken as it is, for good. Who then makes no progress never will: the
 * liveness mode of TigerBeetle's VOPR. */
#include "sim/world_private.h"

static void release(World *world, Active *active, NodeId id);
static bool is_of_links(FaultKind kind);

/* A node that may have forgotten what it acknowledged, or refuses its disk,
 * or died by its own fault: no quorum may need it. */
void
world_core_unfit(const World *world, uint8_t *unfit)
{
    unsigned nodes = world->shared->scenario->node_count;

    for (unsigned id = 1; id <= nodes; id++) {
        unfit[id] = world->shared->cells[id]->failed;
    }
    for (unsigned i = 0; i < world->plan->count; i++) {
        const Active *active = &world->actives[i];

        if (active->applied && (active->fault->kind == FAULT_DISK_WIPE ||
                                active->fault->kind == FAULT_DISK_LOST_SYNC ||
                                active->fault->kind == FAULT_DISK_BIT_FLIP ||
                                active->fault->kind == FAULT_DISK_MISDIRECT)) {
            for (unsigned id = 1; id <= nodes; id++) {
                unfit[id] |= active->nodes[id];
            }
        }
    }
}

bool
world_core_is_quorum(const World *world, const Active *active)
{
    unsigned nodes = world->shared->scenario->node_count;
    unsigned count = 0;

    for (unsigned id = 1; id <= nodes; id++) {
        count += active->nodes[id] != 0;
    }
    return count >= nodes / 2 + 1;
}

void
world_core_heal(World *world, Active *heal)
{
    CellWorld *shared = world->shared;
    unsigned nodes = shared->scenario->node_count;

    world->core = g_renew(uint8_t, world->core, shared->host_count + 1);
    for (unsigned id = 0; id <= shared->host_count; id++) {
        world->core[id] = id > nodes || heal->nodes[id];
    }
    for (unsigned i = 0; i < world->plan->count; i++) {
        Active *active = &world->actives[i];

        if (active == heal || !active->in_force) {
            continue;
        }
        world_account_settle(world, active);
        active->for_good = true;
        for (unsigned id = 1; id <= nodes && !is_of_links(active->fault->kind);
             id++) {
            if (active->nodes[id] && heal->nodes[id]) {
                release(world, active, id);
                heal->mattered = true;
            }
        }
        active->cost_before = world_account_cost(world, active);
    }
    for (unsigned id = 1; id <= nodes; id++) {
        Cell *cell = shared->cells[id];

        /* Restarted by a fault that ended, or one that gave up by itself. */
        if (heal->nodes[id] && !cell->up && !cell->held_down) {
            heal->mattered = true;
            cell_restart(cell, world->now + 1);
        }
    }
    if (partition_join(shared->partition, world->core)) {
        heal->mattered = true;
    }
    world_network_changed(world);
    world_state_recompute(world);
}

/* @active no longer hits @id. */
static void
release(World *world, Active *active, NodeId id)
{
    Cell *cell = world->shared->cells[id];

    active->nodes[id] = 0;
    switch (active->fault->kind) {
    case FAULT_CRASH:
    case FAULT_KILL:
        if (--world->down[id] == 0) {
            cell->held_down = false;
        }
        break;
    case FAULT_PAUSE:
        if (--world->still[id] == 0) {
            cell_pause(cell, false, world->now);
        }
        break;
    case FAULT_MEMORY:
        world_apply_memory(world, cell);
        break;
    default:
        break; /* world_state_recompute() */
    }
}

void
world_core_spare(const World *world, Active *active)
{
    bool anybody = false;

    if (world->core == NULL || is_of_links(active->fault->kind) ||
        active->fault->kind == FAULT_REDRAW) {
        return;
    }
    for (unsigned id = 1; id <= world->shared->host_count; id++) {
        active->nodes[id] = world->core[id] ? 0 : active->nodes[id];
        anybody = anybody || active->nodes[id];
    }
    active->applied = active->applied && anybody;
}

/* These keep whom they name: what is between two of the core is free of them
 * all the same. */
static bool
is_of_links(FaultKind kind)
{
    return (fault_kind_needs(kind) & (FAULT_PEERS | FAULT_GROUPS)) != 0 ||
           kind == FAULT_PARTITION_BRIDGE || kind == FAULT_PARTITION_RING ||
           kind == FAULT_CLOG_SWIZZLE;
}

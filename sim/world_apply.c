/* SPDX-License-Identifier: Apache-2.0 */
/* A line of the plan takes effect on processes, partitions and disks. */
#include <string.h>

#include "sim/streams.h"
#include "sim/world_private.h"

static bool hurt_disk(World *world, const Fault *fault, Cell *cell);

void
world_apply_life(World *world, Active *active)
{
    CellWorld *shared = world->shared;

    for (unsigned id = 1; id <= shared->host_count; id++) {
        Cell *cell = shared->cells[id];

        if (!active->nodes[id]) {
            continue;
        }
        switch (active->fault->kind) {
        case FAULT_CRASH:
        case FAULT_KILL:
            world->down[id]++;
            cell->held_down = true;
            if (active->fault->kind == FAULT_CRASH && cell->powered) {
                cell_crash(cell);
            } else if (cell->up) {
                cell_kill(cell);
            }
            world->roles[id].role = 0;
            break;
        case FAULT_PAUSE:
            world->still[id]++;
            cell_pause(cell, true, world->now);
            break;
        default:
            world_apply_memory(world, cell);
            break;
        }
    }
}

/* The tightest budget of the lines in force, else the scenario's, is told
 * now, or at the next start. */
void
world_apply_memory(World *world, Cell *cell)
{
    uint64_t budget = UINT64_MAX;

    for (unsigned i = 0; i < world->plan->count; i++) {
        const Active *active = &world->actives[i];

        if (active->in_force && active->nodes[cell->id] &&
            active->fault->kind == FAULT_MEMORY) {
            budget = MIN(budget, (uint64_t)active->fault->amount);
        }
    }
    cell->memory_budget =
        budget != UINT64_MAX ? budget : world->shared->scenario->memory_budget;
    if (cell->up) {
        /* With no budget in the scenario, it is all memory there is. */
        cell_memory(cell,
                    cell->memory_budget > 0 ? cell->memory_budget : budget,
                    world->now + 1);
    }
}

void
world_apply_partition(World *world, Active *active)
{
    const Fault *fault = active->fault;
    CellWorld *shared = world->shared;
    unsigned hosts = shared->host_count;
    g_autofree uint16_t *group = g_new0(uint16_t, hosts + 1);
    g_autofree uint16_t *back = g_new0(uint16_t, hosts + 1);
    g_autofree NodeId *list = g_new0(NodeId, hosts + 1);
    Stream stream = streams_make(shared->seed ^ fault->salt, "fault.shape",
                                 fault->number, 0);
    PartitionRule rule = {
        .kind = PARTITION_GROUPS, .group = group, .start = world->now};
    unsigned count = 0;

    for (unsigned id = 1; id <= hosts; id++) {
        if (active->nodes[id] == 1) {
            list[count++] = id;
        }
        /* Groups are numbered by the selector: 1 is `nodes`, 2 is `to`. */
        group[id] = active->nodes[id]   ? active->nodes[id]
                    : active->peers[id] ? 2
                                        : 0;
    }
    switch (fault->kind) {
    case FAULT_PARTITION_ONE_WAY:
        rule.kind = PARTITION_ONE_WAY;
        break;
    case FAULT_CLOG:
        rule.kind = PARTITION_ONE_WAY;
        rule.hold = true;
        break;
    case FAULT_FLAP:
        rule.on_ns = MAX(fault->period / 2, 1);
        rule.off_ns = MAX(fault->period / 2, 1);
        break;
    case FAULT_PARTITION_BRIDGE: {
        unsigned others = 0;
        g_autofree uint16_t *order = g_new0(uint16_t, hosts + 1);
        g_autofree NodeId *all = g_new0(NodeId, hosts + 1);

        /* The bridge first, the other nodes behind it in a drawn order. */
        for (unsigned id = 1; id <= shared->scenario->node_count; id++) {
            if (id != list[0]) {
                all[1 + others++] = id;
            }
        }
        all[0] = list[0];
        partition_shuffle(order, all + 1, others, &stream);
        for (unsigned id = 1; id <= shared->scenario->node_count; id++) {
            if (order[id] > 0) {
                all[order[id]] = id;
            }
        }
        memset(group, 0, (hosts + 1) * sizeof(*group));
        partition_bridge(group, all, others + 1);
        break;
    }
    case FAULT_PARTITION_RING:
        rule.kind = PARTITION_RING;
        memset(group, 0, (hosts + 1) * sizeof(*group));
        partition_shuffle(group, list, count, &stream);
        break;
    case FAULT_CLOG_SWIZZLE:
        rule.kind = PARTITION_SWIZZLE;
        rule.hold = true;
        rule.back = back;
        rule.step_ns = MAX(fault->duration / (2 * count + 1), 1);
        memset(group, 0, (hosts + 1) * sizeof(*group));
        partition_shuffle(group, list, count, &stream);
        partition_shuffle(back, list, count, &stream);
        break;
    default:
        break;
    }
    active->rule = partition_add(shared->partition, &rule);
    world_network_changed(world);
    world_queue_step(world);
}

bool
world_apply_disk(World *world, Active *active)
{
    bool any = false;

    if (active->damage == NULL) {
        active->damage = g_new0(uint64_t, world->shared->host_count + 1);
    }
    for (unsigned id = 1; id <= world->shared->scenario->node_count; id++) {
        if (active->nodes[id]) {
            active->nodes[id] =
                hurt_disk(world, active->fault, world->shared->cells[id]);
            any = any || active->nodes[id];
            if (active->nodes[id]) {
                active->damage[id] =
                    disk_last_damage(world->shared->cells[id]->disk);
            }
        }
    }
    return any;
}

/* Each disk draws on its own. False if there was nothing to hurt. */
static bool
hurt_disk(World *world, const Fault *fault, Cell *cell)
{
    const char *file = fault->file != NULL ? fault->file : "";
    uint64_t salt = streams_key(world->shared->seed ^ fault->salt, "fault.disk",
                                fault->number, cell->id);

    switch (fault->kind) {
    case FAULT_DISK_BIT_FLIP:
        if (!disk_bit_flip(cell->disk, file, salt)) {
            return false;
        }
        cell_damaged(cell, FAULT_DISK_BIT_FLIP);
        return true;
    case FAULT_DISK_MISDIRECT:
        disk_misdirect_next(cell->disk, file, salt);
        return true; /* at the next write */
    default:
        if (cell->powered) {
            cell->wipe = true; /* at the next power loss */
            return true;
        }
        if (!disk_wipe(cell->disk)) {
            return false;
        }
        cell_damaged(cell, FAULT_DISK_WIPE);
        return true;
    }
}

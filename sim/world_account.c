/* SPDX-License-Identifier: Apache-2.0 */
/* The world as the records show it: who leads, and which faults mattered. */
#include "nodes/probes.h"
#include "sim/world_private.h"

static void observe_fact(World *world, const Fact *fact);
static void blame(World *world, const Fact *fact);
static void blame_links(World *world, const Fact *fact);

void
world_observe(World *world, const Record *record)
{
    unsigned nodes = world->shared->scenario->node_count;
    NodeId id = event_cell(record->event);
    const Effect *probe;
    unsigned at = 0;

    if (record->input != NULL && id <= nodes) {
        while ((probe = record_next_probe(record, PROBE_BIT(RAFT_ROLE), &at)) !=
               NULL) {
            world->roles[id].role = probe->probe.values[0];
            world->roles[id].term = probe->probe.values[1];
        }
    }
    for (unsigned i = 0; !record->plain_facts && i < record->fact_count; i++) {
        observe_fact(world, &record->facts[i]);
    }
}

/* architecture.md section 6 says when a kind of fault mattered; what shows in
 * facts is noted here, the rest by world_account_cost(). */
static void
observe_fact(World *world, const Fact *fact)
{
    unsigned nodes = world->shared->scenario->node_count;

    switch (fact->kind) {
    case FACT_HALT:
        if (fact->node >= 1 && fact->node <= nodes) {
            world->roles[fact->node].role = 0;
        }
        break;
    case FACT_SEND:
        if (fact->fate.drop == FATE_PARTITION) {
            blame(world, fact);
        } else if (fact->fate.mattered != 0 && world->link_count > 0) {
            blame_links(world, fact);
        }
        break;
    case FACT_HELD:
        blame(world, fact);
        break;
    case FACT_LOST:
    case FACT_DROP:
        for (unsigned i = 0; i < world->plan->count; i++) {
            Active *active = &world->actives[i];

            if (active->in_force && active->nodes[fact->node] &&
                (active->fault->kind == FAULT_CRASH ||
                 active->fault->kind == FAULT_KILL)) {
                active->mattered = true;
            }
        }
        break;
    default:
        break;
    }
}

/* A message that a partition lost or held. */
static void
blame(World *world, const Fact *fact)
{
    uint32_t rules[8];
    unsigned count = MIN(partition_blame(world->shared->partition, fact->node,
                                         link_peer(fact->link), rules, 8),
                         8u);

    for (unsigned i = 0; i < world->plan->count && count > 0; i++) {
        Active *active = &world->actives[i];

        for (unsigned k = 0; k < count; k++) {
            if (active->rule == rules[k]) {
                active->mattered = true;
            }
        }
    }
}

/* A message that met with words which a fault may have laid over the link. */
static void
blame_links(World *world, const Fact *fact)
{
    NodeId peer = link_peer(fact->link);

    for (unsigned i = 0; i < world->link_count; i++) {
        Active *active = &world->actives[world->link_lines[i]];

        if (active->in_force && !active->mattered &&
            (active->netem.words & fact->fate.mattered) != 0 &&
            ((active->nodes[fact->node] && active->peers[peer]) ||
             (active->peers[fact->node] && active->nodes[peer]))) {
            active->mattered = true;
        }
    }
}

/* What a line's kind has cost its nodes so far: it mattered when this grows
 * while it is in force. */
uint64_t
world_account_cost(const World *world, const Active *active)
{
    uint64_t cost = 0;

    for (unsigned id = 1; id <= world->shared->scenario->node_count; id++) {
        const Cell *cell = world->shared->cells[id];

        if (!active->nodes[id]) {
            continue;
        }
        switch (active->fault->kind) {
        case FAULT_CRASH:
        case FAULT_KILL:
            cost += cell->undone_count;
            break;
        case FAULT_PAUSE:
            cost += cell->paused_count;
            break;
        case FAULT_SLOW:
            cost += cell->slowed_count;
            break;
        case FAULT_MEMORY:
            cost += cell->told_count;
            break;
        case FAULT_DISK_BIT_FLIP:
        case FAULT_DISK_MISDIRECT:
            cost += active->damage != NULL &&
                    disk_damage_felt(cell->disk, active->damage[id]);
            break;
        case FAULT_CLOCK_DRIFT:
            cost += cell->retimed_count;
            break;
        case FAULT_CLOCK_STEP:
            cost += cell->input_count; /* each shows the node its wall */
            break;
        case FAULT_DISK_SLOW:
        case FAULT_DISK_FULL:
        case FAULT_DISK_EIO:
        case FAULT_DISK_LOST_SYNC:
        case FAULT_DISK_WIPE:
            cost += disk_mattered(cell->disk, active->fault->kind);
            break;
        default:
            break;
        }
    }
    return cost;
}

void
world_account_settle(World *world, Active *active)
{
    if (active->in_force &&
        world_account_cost(world, active) > active->cost_before) {
        active->mattered = true;
    }
}

NodeId
world_leader(const World *world)
{
    NodeId leader = 0;

    for (unsigned id = 1; id <= world->shared->scenario->node_count; id++) {
        if (world->shared->cells[id]->up && world->roles[id].role == 3 &&
            (leader == 0 ||
             world->roles[id].term > world->roles[leader].term)) {
            leader = id;
        }
    }
    return leader;
}

const WorldCount *
world_counts(const World *world)
{
    World *counted = (World *)world;

    for (unsigned kind = 0; kind < FAULT_KIND_COUNT; kind++) {
        counted->counts[kind].mattered = 0;
        counted->counts[kind].drawn = 0;
    }
    for (unsigned i = 0; i < world->plan->count; i++) {
        Active *active = &world->actives[i];
        WorldCount *count = &counted->counts[active->fault->kind];

        world_account_settle(counted, active);
        count->drawn++;
        count->mattered += active->mattered;
    }
    return world->counts;
}

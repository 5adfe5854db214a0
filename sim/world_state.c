/* SPDX-License-Identifier: Apache-2.0 */
/* What nodes and links are: the scenario's, and on top of it every line of
 * the plan that is in force. Nothing is changed in steps, so faults may
 * overlap and end in any order. */
#include <string.h>

#include "netmodel/regions.h"
#include "netmodel/topology.h"
#include "sim/resolve.h"
#include "sim/streams.h"
#include "sim/world_private.h"

static void recompute_node(World *world, Cell *cell);
static void recompute_links(World *world, Cell *cell);
static SimTime delay_min(const NetemConfig *config);
static const char *host_region(const Scenario *scenario, NodeId id);
static void add_hop(NetemConfig *config, const NetemConfig *link);

/* Who a line is in force at, and what that makes of each node. */
void
world_state_recompute(World *world)
{
    CellWorld *shared = world->shared;

    world->lookahead = SIM_NEVER;
    for (unsigned id = 1; id <= shared->host_count; id++) {
        recompute_node(world, shared->cells[id]);
        recompute_links(world, shared->cells[id]);
    }
    world->lookahead = MAX(world->lookahead, shared->scenario->floor);
}

static void
recompute_node(World *world, Cell *cell)
{
    const Scenario *scenario = world->shared->scenario;
    SimTime service = cell->is_client ? 0 : scenario->service_time;
    int64_t drift = world->drift_ppb[cell->id];
    SimTime slow = 0;
    bool full = false;
    bool lost_sync = false;

    for (unsigned i = 0; i < world->plan->count; i++) {
        const Active *active = &world->actives[i];

        if (!active->in_force || !active->nodes[cell->id]) {
            continue;
        }
        switch (active->fault->kind) {
        case FAULT_SLOW:
            service += (SimTime)active->fault->amount;
            break;
        case FAULT_CLOCK_DRIFT:
            drift += active->fault->amount;
            break;
        case FAULT_DISK_SLOW:
            slow += (SimTime)active->fault->amount;
            break;
        case FAULT_DISK_FULL:
            full = true;
            break;
        case FAULT_DISK_LOST_SYNC:
            lost_sync = true;
            break;
        case FAULT_DISK_EIO:
            break; /* below */
        default:
            break;
        }
    }
    cell->service_time = service;
    cell->slow_time = cell->is_client ? 0 : service - scenario->service_time;
    drift = CLAMP(drift, -CLOCK_DRIFT_PPB_MAX, CLOCK_DRIFT_PPB_MAX);
    cell->fault_drift = drift - world->drift_ppb[cell->id];
    if (drift != cell->clock.drift_ppb) {
        clock_set_drift(&cell->clock, world->now, drift);
        cell_clock_changed(cell, world->now);
    }
    if (cell->disk != NULL) {
        disk_set_slow(cell->disk, slow);
        disk_set_full(cell->disk, full);
        disk_set_lost_sync(cell->disk, lost_sync);
        disk_set_eio(cell->disk, NULL);
        for (unsigned i = 0; i < world->plan->count; i++) {
            const Active *active = &world->actives[i];

            if (active->in_force && active->nodes[cell->id] &&
                active->fault->kind == FAULT_DISK_EIO) {
                disk_add_eio(cell->disk, active->fault->file != NULL
                                             ? active->fault->file
                                             : "");
            }
        }
    }
}

static void
recompute_links(World *world, Cell *cell)
{
    unsigned hosts = world->shared->host_count;

    for (unsigned peer = 1; peer <= hosts; peer++) {
        NetemConfig config = world->base[cell->id * (hosts + 1) + peer];

        if (!world->linked[cell->id * (hosts + 1) + peer]) {
            continue;
        }
        for (unsigned i = 0; i < world->link_count; i++) {
            const Active *active = &world->actives[world->link_lines[i]];

            if (active->in_force &&
                !(world->core != NULL && world->core[cell->id] &&
                  world->core[peer]) &&
                ((active->nodes[cell->id] && active->peers[peer]) ||
                 (active->peers[cell->id] && active->nodes[peer]))) {
                netem_merge(&config, &active->netem);
            }
        }
        if (!netem_equal(&config, &cell->configs[peer])) {
            cell_configure_link(cell, peer, &config);
        }
        if (peer != cell->id) {
            world->lookahead = MIN(world->lookahead, delay_min(&config));
        }
    }
}

/* What a packet needs at least. Only a uniform or constant delay has a least
 * one that is worth having; a reordered packet takes none. */
static SimTime
delay_min(const NetemConfig *config)
{
    if (config->reorder > 0 || config->distribution->values != NULL ||
        config->delay <= config->jitter) {
        return 0;
    }
    return config->delay - config->jitter;
}

SimTime
world_lookahead(const World *world)
{
    return world->lookahead;
}

/* What every link is without faults: the scenario's words, the regions' half
 * round trip on top, then the rules in order. */
void
world_state_base(World *world)
{
    const Scenario *scenario = world->shared->scenario;
    unsigned hosts = world->shared->host_count;
    Topology *topology =
        topology_parse(scenario->topology != NULL ? scenario->topology : "",
                       scenario->node_count, NULL);
    ResolveView view = {.node_count = scenario->node_count,
                        .host_count = hosts,
                        .regions = scenario->node_regions};
    g_autofree uint8_t *from_set = g_new0(uint8_t, hosts + 1);
    g_autofree uint8_t *to_set = g_new0(uint8_t, hosts + 1);

    g_assert(topology != NULL); /* scenario_load() has judged it */
    for (unsigned from = 1; from <= hosts; from++) {
        for (unsigned to = 1; to <= hosts; to++) {
            NetemConfig *config = &world->base[from * (hosts + 1) + to];
            unsigned hops = topology_hops(topology, from, to);

            world->linked[from * (hosts + 1) + to] = hops != TOPOLOGY_FAR;
            *config = scenario->links;
            for (unsigned hop = 1; hops != TOPOLOGY_FAR && hop < hops; hop++) {
                add_hop(config, &scenario->links);
            }
            if (host_region(scenario, from) != NULL &&
                host_region(scenario, to) != NULL) {
                RegionId a = regions_find(host_region(scenario, from));
                RegionId b = regions_find(host_region(scenario, to));

                config->delay += regions_rtt(a, b) / 2;
            }
        }
    }
    for (unsigned i = 0; i < scenario->rule_count; i++) {
        Stream stream =
            streams_make(world->shared->seed, "network.rules", i, 0);

        memset(from_set, 0, hosts + 1);
        memset(to_set, 0, hosts + 1);
        resolve_selector(scenario->rules[i].from, &view, &stream, from_set);
        resolve_selector(scenario->rules[i].to, &view, &stream, to_set);
        for (unsigned from = 1; from <= hosts; from++) {
            for (unsigned to = 1; to <= hosts; to++) {
                if (from_set[from] && to_set[to]) {
                    netem_merge(&world->base[from * (hosts + 1) + to],
                                &scenario->rules[i].netem);
                }
            }
        }
    }
    topology_free(topology);
}

/* Where a host is; NULL: next to everybody. */
static const char *
host_region(const Scenario *scenario, NodeId id)
{
    unsigned first = scenario->node_count + 1;

    if (id < first) {
        return scenario->node_regions != NULL ? scenario->node_regions[id - 1]
                                              : NULL;
    }
    for (unsigned i = 0; i < scenario->client_group_count; i++) {
        if (id < first + scenario->clients[i].count) {
            return scenario->clients[i].region;
        }
        first += scenario->clients[i].count;
    }
    return NULL;
}

/* One more link on the way: delays add up, and each may lose the packet. Of
 * independent jitters the spreads would add in squares; sums are simpler and
 * wider. Bursts stay those of one link. */
static void
add_hop(NetemConfig *config, const NetemConfig *link)
{
    uint64_t kept = CHANCE_ONE - (uint64_t)config->loss.chance;

    config->delay += link->delay;
    config->jitter += link->jitter;
    kept = kept * (CHANCE_ONE - (uint64_t)link->loss.chance) / CHANCE_ONE;
    config->loss.chance = (Chance)(CHANCE_ONE - kept);
}

/* Every node's own offset and drift, from its own stream. */
void
world_state_clocks(World *world)
{
    const Scenario *scenario = world->shared->scenario;

    for (unsigned id = 1; id <= world->shared->host_count; id++) {
        Stream stream = streams_make(world->shared->seed, "clock", id, 0);
        SimTime wall = SIM_S * 1000000; /* an epoch well away from zero */
        uint64_t offset = stream_below(&stream, scenario->clock_offset_max + 1);
        uint64_t width = 2 * (uint64_t)scenario->clock_drift_ppb_max + 1;
        int64_t drift = (int64_t)stream_below(&stream, width) -
                        scenario->clock_drift_ppb_max;

        if (world->shared->cells[id]->is_client) {
            offset = 0;
            drift = 0;
        }
        world->drift_ppb[id] = drift;
        clock_init(&world->shared->cells[id]->clock, 0, 0, wall + offset,
                   drift);
    }
}

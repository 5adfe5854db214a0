/* SPDX-License-Identifier: Apache-2.0 */
/* Carrying out the fault plan. A line in force is an Active; the state of a
 * node is always recomputed from all of them. */
#include "sim/world.h"

#include <stdlib.h>
#include <string.h>

#include "netmodel/regions.h"
#include "netmodel/topology.h"
#include "nodes/probes.h"
#include "sim/resolve.h"
#include "sim/streams.h"

/* A line of the plan, from its beginning to its end. */
typedef struct Active {
    const Fault *fault;
    bool in_force;
    bool applied, mattered;
    uint64_t cost_before; /* cost_of() when it began */
    uint8_t *nodes;    /* [host_count + 1]: whom it hits */
    uint8_t *peers;    /* likewise: the other side */
    uint32_t rule;     /* of the partition, or 0 */
    NetemConfig netem; /* LINK */
} Active;

struct World {
    CellWorld *shared;
    const Plan *plan;
    Queue *queue;
    uint64_t next_seq;
    SimTime now;
    Active *actives; /* by plan index */
    NetemConfig *base; /* [from * (hosts + 1) + to] */
    uint8_t *linked;
    int64_t *drift_ppb; /* by host: its own */
    unsigned *down;     /* by node: crash and kill lines in force */
    unsigned *still;    /* by node: pause lines in force */
    struct {
        uint64_t role, term;
    } *roles; /* by node, as it last said */
    SimTime lookahead;
    unsigned link_count; /* LINK lines of the plan */
    SimTime step_at; /* of the queued EVENT_FAULT_STEP, or SIM_NEVER */
    GArray *facts;
    GPtrArray *texts;
    WorldCount counts[FAULT_KIND_COUNT];
};

static void on_fault(World *world, unsigned index);
static void on_heal(World *world, unsigned index);
static void on_step(World *world);
static void observe_fact(World *world, const Fact *fact);
static void blame(World *world, const Fact *fact);
static void blame_links(World *world, const Fact *fact);
static uint64_t cost_of(const World *world, const Active *active);
static void settle(World *world, Active *active);
static void apply_life(World *world, Active *active);
static void apply_partition(World *world, Active *active);
static void apply_disk(World *world, Active *active);
static void recompute(World *world);
static void recompute_node(World *world, Cell *cell);
static void recompute_links(World *world, Cell *cell);
static SimTime delay_min(const NetemConfig *config);
static void network_changed(World *world);
static void queue_step(World *world);
static void push(World *world, EventKind kind, SimTime at, uint64_t a);
static void take_facts(World *world, Cell *cell);
static void say(World *world, FactKind kind, const Active *active,
                const char *text);
static void resolve(World *world, Active *active);
static char *resolved_text(const World *world, const Active *active);
static void make_base(World *world);
static void add_hop(NetemConfig *config, const NetemConfig *link);
static void draw_clocks(World *world);

bool
world_handle(World *world, const Event *event, Record *record)
{
    CellWorld *shared = world->shared;

    world->now = event_at(event);
    for (unsigned id = 1; id <= shared->host_count; id++) {
        shared->cells[id]->now = world->now;
        cell_forget(shared->cells[id]);
    }
    g_array_set_size(world->facts, 0);
    g_ptr_array_set_size(world->texts, 0);
    switch (event->kind) {
    case EVENT_FAULT:
        on_fault(world, (unsigned)event->a);
        break;
    case EVENT_HEAL:
        on_heal(world, (unsigned)event->a);
        break;
    case EVENT_FAULT_STEP:
        on_step(world);
        break;
    case EVENT_END:
        break;
    default:
        g_assert_not_reached();
    }
    for (unsigned id = 1; id <= shared->host_count; id++) {
        take_facts(world, shared->cells[id]);
    }
    *record = (Record){.event = event};
    record->facts = &g_array_index(world->facts, Fact, 0);
    record->fact_count = world->facts->len;
    return event->kind != EVENT_END;
}

static void
on_fault(World *world, unsigned index)
{
    Active *active = &world->actives[index];
    const Fault *fault = active->fault;
    g_autofree char *text = NULL;

    resolve(world, active);
    text = resolved_text(world, active);
    say(world, FACT_FAULT, active, text);
    if (!active->applied) {
        return;
    }
    active->in_force = true;
    active->cost_before = cost_of(world, active);
    world->counts[fault->kind].applied++;
    switch (fault->kind) {
    case FAULT_CRASH:
    case FAULT_KILL:
    case FAULT_PAUSE:
    case FAULT_MEMORY:
        apply_life(world, active);
        break;
    case FAULT_PARTITION:
    case FAULT_PARTITION_ONE_WAY:
    case FAULT_PARTITION_BRIDGE:
    case FAULT_PARTITION_RING:
    case FAULT_FLAP:
    case FAULT_CLOG:
    case FAULT_CLOG_SWIZZLE:
        apply_partition(world, active);
        break;
    case FAULT_DISK_BIT_FLIP:
    case FAULT_DISK_MISDIRECT:
    case FAULT_DISK_WIPE:
        apply_disk(world, active);
        break;
    case FAULT_CLOCK_STEP:
        for (unsigned id = 1; id <= world->shared->host_count; id++) {
            if (active->nodes[id]) {
                clock_step(&world->shared->cells[id]->clock, world->now,
                           fault->amount);
            }
        }
        break;
    case FAULT_REDRAW:
        world->shared->salt ^= fault->salt;
        for (unsigned id = 1; id <= world->shared->host_count; id++) {
            cell_redraw(world->shared->cells[id]);
        }
        active->mattered = true;
        break;
    default:
        recompute(world);
        break;
    }
    if (fault->duration > 0 &&
        (fault_kind_needs(fault->kind) & FAULT_FOR) != 0) {
        push(world, EVENT_HEAL, world->now + fault->duration, index);
    }
}

static void
on_heal(World *world, unsigned index)
{
    Active *active = &world->actives[index];
    CellWorld *shared = world->shared;

    settle(world, active);
    active->in_force = false;
    say(world, FACT_HEAL, active, fault_kind_name(active->fault->kind));
    for (unsigned id = 1; id <= shared->host_count; id++) {
        Cell *cell = shared->cells[id];

        if (!active->nodes[id]) {
            continue;
        }
        switch (active->fault->kind) {
        case FAULT_CRASH:
        case FAULT_KILL:
            if (--world->down[id] == 0) {
                cell_restart(cell, world->now + 1);
            }
            break;
        case FAULT_PAUSE:
            if (--world->still[id] == 0) {
                cell_pause(cell, false, world->now);
            }
            break;
        case FAULT_MEMORY:
            if (cell->up) {
                cell_memory(cell, shared->scenario->memory_budget,
                            world->now + 1);
            }
            break;
        default:
            break;
        }
    }
    if (active->rule != 0) {
        partition_remove(shared->partition, active->rule);
        active->rule = 0;
        network_changed(world);
    } else {
        recompute(world);
    }
}

/* A flap or a swizzle goes on. */
static void
on_step(World *world)
{
    world->step_at = SIM_NEVER;
    if (partition_advance(world->shared->partition, world->now)) {
        network_changed(world);
    }
    queue_step(world);
}

static void
apply_life(World *world, Active *active)
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
            if (cell->up) {
                cell_memory(cell, (uint64_t)active->fault->amount,
                            world->now + 1);
                active->mattered = true;
            }
            break;
        }
    }
}

static void
apply_partition(World *world, Active *active)
{
    const Fault *fault = active->fault;
    CellWorld *shared = world->shared;
    unsigned hosts = shared->host_count;
    g_autofree uint16_t *group = g_new0(uint16_t, hosts + 1);
    g_autofree uint16_t *back = g_new0(uint16_t, hosts + 1);
    g_autofree NodeId *list = g_new0(NodeId, hosts + 1);
    Stream stream = streams_make(shared->seed ^ fault->salt, "fault.shape",
                                 fault->number, 0);
    PartitionRule rule = {.kind = PARTITION_GROUPS,
                          .group = group,
                          .start = world->now};
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
    network_changed(world);
    queue_step(world);
}

static void
apply_disk(World *world, Active *active)
{
    const Fault *fault = active->fault;

    for (unsigned id = 1; id <= world->shared->scenario->node_count; id++) {
        Cell *cell = world->shared->cells[id];

        if (!active->nodes[id]) {
            continue;
        }
        if (fault->kind == FAULT_DISK_BIT_FLIP) {
            disk_bit_flip(cell->disk, fault->file, fault->salt);
        } else if (fault->kind == FAULT_DISK_MISDIRECT) {
            disk_misdirect_next(cell->disk, fault->file, fault->salt);
        } else if (cell->powered) {
            cell->wipe = true;
        } else {
            disk_wipe(cell->disk);
        }
    }
}

/* Who a line is in force at, and what that makes of each node. */
static void
recompute(World *world)
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
    const char *eio = NULL;

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
            eio = active->fault->file != NULL ? active->fault->file : "";
            break;
        default:
            break;
        }
    }
    cell->service_time = service;
    drift = CLAMP(drift, -CLOCK_DRIFT_PPB_MAX, CLOCK_DRIFT_PPB_MAX);
    if (drift != cell->clock.drift_ppb) {
        clock_set_drift(&cell->clock, world->now, drift);
        cell_clock_changed(cell, world->now);
    }
    if (cell->disk != NULL) {
        disk_set_slow(cell->disk, slow);
        disk_set_full(cell->disk, full);
        disk_set_lost_sync(cell->disk, lost_sync);
        disk_set_eio(cell->disk, eio);
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
        for (unsigned i = 0; i < world->plan->count; i++) {
            const Active *active = &world->actives[i];

            if (active->in_force && active->fault->kind == FAULT_LINK &&
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

static void
network_changed(World *world)
{
    for (unsigned id = 1; id <= world->shared->host_count; id++) {
        cell_network_changed(world->shared->cells[id], world->now);
    }
}

static void
queue_step(World *world)
{
    SimTime next = partition_next(world->shared->partition);

    if (next < world->step_at) {
        world->step_at = MAX(next, world->now + 1);
        push(world, EVENT_FAULT_STEP, world->step_at, 0);
    }
}

void
world_observe(World *world, const Record *record)
{
    unsigned nodes = world->shared->scenario->node_count;
    NodeId id = event_cell(record->event);

    if (record->input != NULL && id <= nodes) {
        for (unsigned i = 0; i < record->fx->count; i++) {
            const Effect *effect = &record->fx->items[i];

            if (effect->kind == EFFECT_PROBE &&
                effect->probe.id == PROBE_RAFT_ROLE) {
                world->roles[id].role = effect->probe.values[0];
                world->roles[id].term = effect->probe.values[1];
            }
        }
    }
    for (unsigned i = 0; i < record->fact_count; i++) {
        observe_fact(world, &record->facts[i]);
    }
}

/* architecture.md section 6 says when a kind of fault mattered; what shows in
 * facts is noted here, the rest by cost_of(). */
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
    unsigned count =
        MIN(partition_blame(world->shared->partition, fact->node,
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

    for (unsigned i = 0; i < world->plan->count; i++) {
        Active *active = &world->actives[i];

        if (active->in_force && active->fault->kind == FAULT_LINK &&
            (active->netem.words & fact->fate.mattered) != 0 &&
            ((active->nodes[fact->node] && active->peers[peer]) ||
             (active->peers[fact->node] && active->nodes[peer]))) {
            active->mattered = true;
        }
    }
}

/* What a line's kind has cost its nodes so far: it mattered when this grows
 * while it is in force. */
static uint64_t
cost_of(const World *world, const Active *active)
{
    uint64_t cost = 0;

    for (unsigned id = 1; id <= world->shared->scenario->node_count; id++) {
        const Cell *cell = world->shared->cells[id];

        if (!active->nodes[id]) {
            continue;
        }
        switch (active->fault->kind) {
        case FAULT_PAUSE:
        case FAULT_SLOW:
            cost += cell->delayed_count;
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
        case FAULT_DISK_BIT_FLIP:
        case FAULT_DISK_MISDIRECT:
        case FAULT_DISK_WIPE:
            cost += disk_mattered(cell->disk, active->fault->kind);
            break;
        default:
            break;
        }
    }
    return cost;
}

static void
settle(World *world, Active *active)
{
    if (active->in_force && cost_of(world, active) > active->cost_before) {
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

        settle(counted, active);
        count->drawn++;
        count->mattered += active->mattered;
    }
    return world->counts;
}

static void
push(World *world, EventKind kind, SimTime at, uint64_t a)
{
    Event event = event_key(at, 0, EVENT_CLASS_WORLD, 0, world->next_seq++, 0);

    event.kind = kind;
    event.a = a;
    queue_push(world->queue, &event);
}

/* What a cell suffered is told in the world's record. */
static void
take_facts(World *world, Cell *cell)
{
    GArray *facts = cell->out->facts;

    if (facts->len > 0) {
        g_array_append_vals(world->facts, facts->data, facts->len);
        g_array_set_size(facts, 0);
    }
}

static void
say(World *world, FactKind kind, const Active *active, const char *text)
{
    Fact fact = {.kind = kind, .value = active->fault->number};

    fact.text = g_strdup(text);
    g_ptr_array_add(world->texts, (char *)fact.text);
    g_array_append_val(world->facts, fact);
}

/* Find out whom a line hits, now. */
static void
resolve(World *world, Active *active)
{
    const Fault *fault = active->fault;
    CellWorld *shared = world->shared;
    unsigned hosts = shared->host_count;
    ResolveView view = {.node_count = shared->scenario->node_count,
                         .host_count = hosts,
                         .leader = world_leader(world),
                         .regions = shared->scenario->node_regions};
    Stream stream = streams_make(shared->seed ^ fault->salt, "fault.select",
                                 fault->number, 0);
    bool anybody = false;
    bool all = fault->nodes == NULL && fault->groups == NULL;

    memset(active->nodes, 0, hosts + 1);
    memset(active->peers, 0, hosts + 1);
    if (fault->groups != NULL) {
        resolve_groups(fault->groups, &view, &stream, active->nodes);
    } else {
        resolve_selector(all ? "all" : fault->nodes, &view, &stream,
                         active->nodes);
        if (fault->peers != NULL) {
            resolve_selector(fault->peers, &view, &stream, active->peers);
        } else {
            for (unsigned id = 1; id <= view.node_count; id++) {
                active->peers[id] = !active->nodes[id];
            }
        }
    }
    for (unsigned id = 1; id <= hosts; id++) {
        anybody = anybody || active->nodes[id];
        if (active->nodes[id] && (fault_kind_needs(fault->kind) &
                                  (FAULT_PEERS | FAULT_GROUPS)) == 0 &&
            id > view.node_count) {
            active->nodes[id] = 0; /* clients only suffer the network */
        }
    }
    active->applied = anybody;
}

static char *
resolved_text(const World *world, const Active *active)
{
    GString *text = g_string_new(fault_kind_name(active->fault->kind));

    if (!active->applied) {
        g_string_append(text, " of nobody");
    }
    for (unsigned group = 1; group < 256 && active->applied; group++) {
        bool some = false;

        for (unsigned id = 1; id <= world->shared->host_count; id++) {
            if (active->nodes[id] == group) {
                g_string_append_printf(
                    text, "%s%s%u", !some && group > 1 ? " |" : "",
                    id <= world->shared->scenario->node_count ? " n" : " c",
                    id);
                some = true;
            }
        }
    }
    if (active->fault->netem != NULL) {
        g_string_append_printf(text, ": %s", active->fault->netem);
    }
    return g_string_free(text, FALSE);
}

/* What every link is without faults: the scenario's words, the regions' half
 * round trip on top, then the rules in order. */
static void
make_base(World *world)
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
            for (unsigned hop = 1; hops != TOPOLOGY_FAR && hop < hops;
                 hop++) {
                add_hop(config, &scenario->links);
            }
            if (scenario->node_regions != NULL &&
                from <= scenario->node_count && to <= scenario->node_count) {
                RegionId a = regions_find(scenario->node_regions[from - 1]);
                RegionId b = regions_find(scenario->node_regions[to - 1]);

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
static void
draw_clocks(World *world)
{
    const Scenario *scenario = world->shared->scenario;

    for (unsigned id = 1; id <= world->shared->host_count; id++) {
        Stream stream = streams_make(world->shared->seed, "clock", id, 0);
        SimTime wall = SIM_S * 1000000; /* an epoch well away from zero */
        uint64_t offset =
            stream_below(&stream, scenario->clock_offset_max + 1);
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

void
world_start(World *world)
{
    CellWorld *shared = world->shared;

    draw_clocks(world);
    recompute(world);
    for (unsigned i = 0; i < world->plan->count; i++) {
        push(world, EVENT_FAULT, MAX(world->plan->faults[i].at, 1), i);
    }
    push(world, EVENT_END, shared->scenario->duration, 0);
    for (unsigned id = 1; id <= shared->host_count; id++) {
        cell_restart(shared->cells[id], 1);
    }
}

World *
world_new(CellWorld *shared, const Plan *plan, Queue *queue)
{
    World *world = g_new0(World, 1);
    unsigned hosts = shared->host_count;

    world->shared = shared;
    world->plan = plan;
    world->queue = queue;
    world->next_seq = 1;
    world->step_at = SIM_NEVER;
    world->base = g_new0(NetemConfig, (size_t)(hosts + 1) * (hosts + 1));
    world->linked = g_new0(uint8_t, (size_t)(hosts + 1) * (hosts + 1));
    world->drift_ppb = g_new0(int64_t, hosts + 1);
    world->down = g_new0(unsigned, hosts + 1);
    world->still = g_new0(unsigned, hosts + 1);
    world->roles = g_malloc0_n(hosts + 1, sizeof(*world->roles));
    world->facts = g_array_sized_new(FALSE, FALSE, sizeof(Fact), 16);
    world->texts = g_ptr_array_new_with_free_func(g_free);
    world->actives = g_new0(Active, MAX(plan->count, 1));
    for (unsigned i = 0; i < plan->count; i++) {
        Active *active = &world->actives[i];

        active->fault = &plan->faults[i];
        active->nodes = g_new0(uint8_t, hosts + 1);
        active->peers = g_new0(uint8_t, hosts + 1);
        world->link_count += active->fault->kind == FAULT_LINK;
        if (active->fault->netem != NULL) {
            bool good = netem_parse(active->fault->netem, NULL, &active->netem,
                                    NULL);

            g_assert(good); /* plan_load() has judged it */
        }
    }
    for (unsigned i = 0; i < shared->scenario->rate_count; i++) {
        world->counts[shared->scenario->rates[i].kind].configured++;
    }
    for (unsigned i = 0; i < shared->scenario->timed->count; i++) {
        world->counts[shared->scenario->timed->faults[i].kind].configured++;
    }
    make_base(world);
    return world;
}

void
world_free(World *world)
{
    for (unsigned i = 0; i < world->plan->count; i++) {
        g_free(world->actives[i].nodes);
        g_free(world->actives[i].peers);
    }
    g_free(world->actives);
    g_free(world->base);
    g_free(world->linked);
    g_free(world->drift_ppb);
    g_free(world->down);
    g_free(world->still);
    g_free(world->roles);
    g_array_free(world->facts, TRUE);
    g_ptr_array_free(world->texts, TRUE);
    g_free(world);
}

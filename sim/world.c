/* SPDX-License-Identifier: Apache-2.0 */
/* Carrying out the fault plan: lines begin and end. A line in force is an
 * Active; the other files of the world say what it does. */
#include "sim/world_private.h"

#include <string.h>

#include "sim/resolve.h"
#include "sim/streams.h"

/* Behind the events of all lines, which have numbers of 32 bits. */
#define SEQ_END ((uint64_t)1 << 40)

static void push(World *world, EventKind kind, SimTime at, uint64_t a);
static void on_fault(World *world, unsigned index);
static void on_heal(World *world, unsigned index);
static void on_step(World *world);
static void take_facts(World *world, Cell *cell);
static void say(World *world, FactKind kind, const Active *active,
                const char *text);
static void resolve(World *world, Active *active);
static bool two_sides(const World *world, const Active *active);
static char *resolved_text(const World *world, const Active *active);

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
    active->cost_before = world_account_cost(world, active);
    if (active->applied && (fault->kind == FAULT_DISK_BIT_FLIP ||
                            fault->kind == FAULT_DISK_MISDIRECT ||
                            fault->kind == FAULT_DISK_WIPE)) {
        active->applied = world_apply_disk(world, active);
    }
    text = resolved_text(world, active);
    say(world, FACT_FAULT, active, text);
    if (!active->applied) {
        return;
    }
    active->in_force = true;
    world->counts[fault->kind].applied++;
    switch (fault->kind) {
    case FAULT_CRASH:
    case FAULT_KILL:
    case FAULT_PAUSE:
    case FAULT_MEMORY:
        world_apply_life(world, active);
        break;
    case FAULT_PARTITION:
    case FAULT_PARTITION_ONE_WAY:
    case FAULT_PARTITION_BRIDGE:
    case FAULT_PARTITION_RING:
    case FAULT_FLAP:
    case FAULT_CLOG:
    case FAULT_CLOG_SWIZZLE:
        world_apply_partition(world, active);
        break;
    case FAULT_DISK_BIT_FLIP:
    case FAULT_DISK_MISDIRECT:
    case FAULT_DISK_WIPE:
        break; /* done before it was told */
    case FAULT_CLOCK_STEP:
        for (unsigned id = 1; id <= world->shared->host_count; id++) {
            if (active->nodes[id]) {
                clock_step(&world->shared->cells[id]->clock, world->now,
                           fault->amount);
            }
        }
        break;
    case FAULT_HEAL_CORE:
        world_core_heal(world, active);
        break;
    case FAULT_REDRAW:
        /* Hashed: two lines with one salt must not cancel each other, nor
         * this seed's future be that of a neighbour. */
        world->shared->salt =
            streams_key(world->shared->salt, "redraw", fault->salt, 0);
        for (unsigned id = 1; id <= world->shared->host_count; id++) {
            cell_redraw(world->shared->cells[id]);
        }
        active->mattered = true;
        break;
    default:
        world_state_recompute(world);
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

    if (active->for_good) {
        return;
    }
    world_account_settle(world, active);
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
                cell->held_down = false;
                cell_restart(cell, world->now + 1);
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
            break;
        }
    }
    if (active->rule != 0) {
        partition_remove(shared->partition, active->rule);
        active->rule = 0;
        world_network_changed(world);
    } else {
        world_state_recompute(world);
    }
}

/* A flap or a swizzle goes on. */
static void
on_step(World *world)
{
    world->step_at = SIM_NEVER;
    if (partition_advance(world->shared->partition, world->now)) {
        world_network_changed(world);
    }
    world_queue_step(world);
}

void
world_network_changed(World *world)
{
    for (unsigned id = 1; id <= world->shared->host_count; id++) {
        cell_network_changed(world->shared->cells[id], world->now);
    }
}

void
world_queue_step(World *world)
{
    SimTime next = partition_next(world->shared->partition);

    if (next < world->step_at) {
        world->step_at = MAX(next, world->now + 1);
        push(world, EVENT_FAULT_STEP, world->step_at, 0);
    }
}

/* A line's events are numbered by its own number: a line more or less, or a
 * `redraw`, leaves the place of all others in the order as it was. */
static void
push(World *world, EventKind kind, SimTime at, uint64_t a)
{
    uint64_t seq = 0;
    Event event;

    switch (kind) {
    case EVENT_FAULT:
        seq = 2 * (uint64_t)world->plan->faults[a].number;
        break;
    case EVENT_HEAL:
        seq = 2 * (uint64_t)world->plan->faults[a].number + 1;
        break;
    case EVENT_END:
        seq = SEQ_END;
        break;
    default:
        seq = SEQ_END + world->next_seq++;
        break;
    }
    event = event_key(at, 0, EVENT_CLASS_WORLD, 0, seq, 0);

    event.kind = kind;
    event.a = a;
    queue_push(world->queue, &event);
}

/* What a cell suffered is told in the world's record. */
static void
take_facts(World *world, Cell *cell)
{
    FactList *facts = &cell->out->facts;

    if (facts->count > 0) {
        g_array_append_vals(world->facts, facts->items, facts->count);
        cell_facts_clear(facts);
    }
}

static void
say(World *world, FactKind kind, const Active *active, const char *text)
{
    Fact fact = {.kind = kind,
                 .value = active->fault->number,
                 .fault_kind =
                     active->applied ? active->fault->kind : FAULT_NONE,
                 .hosts = active->nodes};

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
    g_autofree uint8_t *unfit = NULL;

    memset(active->nodes, 0, hosts + 1);
    memset(active->peers, 0, hosts + 1);
    if (fault->kind == FAULT_HEAL_CORE) {
        unfit = g_new0(uint8_t, hosts + 1);
        world_core_unfit(world, unfit);
        view.unfit = unfit;
        resolve_selector(all ? "majority" : fault->nodes, &view, &stream,
                         active->nodes);
    } else if (fault->groups != NULL) {
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
        if (active->nodes[id] &&
            (fault_kind_needs(fault->kind) & (FAULT_PEERS | FAULT_GROUPS)) ==
                0 &&
            id > view.node_count) {
            active->nodes[id] = 0; /* clients only suffer the network */
        }
        anybody = anybody || active->nodes[id];
    }
    active->applied = anybody && two_sides(world, active);
    world_core_spare(world, active);
    if (fault->kind == FAULT_HEAL_CORE) {
        active->applied = world_core_is_quorum(world, active);
    }
}

/* A fault of links needs two sides: among hosts that are all on one, it cuts
 * nothing. */
static bool
two_sides(const World *world, const Active *active)
{
    unsigned hosts = world->shared->host_count;
    unsigned first = 0;

    if (active->fault->kind == FAULT_LINK) {
        for (unsigned a = 1; a <= hosts; a++) {
            for (unsigned b = 1; b <= hosts; b++) {
                if (a != b && active->nodes[a] && active->peers[b]) {
                    return true;
                }
            }
        }
        return false;
    }
    if ((fault_kind_needs(active->fault->kind) &
         (FAULT_PEERS | FAULT_GROUPS)) == 0) {
        return true;
    }
    for (unsigned id = 1; id <= hosts; id++) {
        unsigned side = active->nodes[id]   ? active->nodes[id]
                        : active->peers[id] ? 2
                                            : 0;

        if (side != 0 && first != 0 && side != first) {
            return true;
        }
        first = side != 0 ? side : first;
    }
    return false;
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

void
world_start(World *world)
{
    CellWorld *shared = world->shared;

    world_state_clocks(world);
    world_state_recompute(world);
    for (unsigned i = 0; i < world->plan->count; i++) {
        push(world, EVENT_FAULT, MAX(world->plan->faults[i].at, 1), i);
    }
    push(world, EVENT_END, shared->scenario->duration, 0);
    for (unsigned id = 1; id <= shared->host_count; id++) {
        cell_restart(shared->cells[id], 1);
    }
}

/* The line goes to the end, so that the places of the others stay. */
void
world_redraw(World *world, SimTime at, unsigned number, uint64_t salt)
{
    Fault fault = {
        .number = number, .kind = FAULT_REDRAW, .at = at, .salt = salt};
    unsigned count = world->plan->count;
    size_t hosts = world->shared->host_count;

    g_assert(world->longer == NULL);
    world->longer = plan_new();
    for (unsigned i = 0; i < count; i++) {
        plan_add(world->longer, &world->plan->faults[i]);
    }
    plan_add(world->longer, &fault);
    world->plan = world->longer;
    world->actives = g_renew(Active, world->actives, count + 1);
    for (unsigned i = 0; i < count; i++) {
        world->actives[i].fault = &world->plan->faults[i];
    }
    world->actives[count] = (Active){.fault = &world->plan->faults[count],
                                     .nodes = g_new0(uint8_t, hosts + 1),
                                     .peers = g_new0(uint8_t, hosts + 1)};
    push(world, EVENT_FAULT, at, count);
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
    world->link_lines = g_new(unsigned, MAX(plan->count, 1));
    for (unsigned i = 0; i < plan->count; i++) {
        Active *active = &world->actives[i];

        active->fault = &plan->faults[i];
        active->nodes = g_new0(uint8_t, hosts + 1);
        active->peers = g_new0(uint8_t, hosts + 1);
        if (active->fault->kind == FAULT_LINK) {
            world->link_lines[world->link_count++] = i;
        }
        if (active->fault->netem != NULL) {
            bool good =
                netem_parse(active->fault->netem, shared->scenario->files,
                            &active->netem, NULL);

            g_assert(good); /* plan_check() has judged it */
        }
    }
    for (unsigned i = 0; i < shared->scenario->rate_count; i++) {
        world->counts[shared->scenario->rates[i].kind].configured++;
    }
    for (unsigned i = 0; i < shared->scenario->timed->count; i++) {
        world->counts[shared->scenario->timed->faults[i].kind].configured++;
    }
    world_state_base(world);
    return world;
}

void
world_free(World *world)
{
    for (unsigned i = 0; i < world->plan->count; i++) {
        g_free(world->actives[i].nodes);
        g_free(world->actives[i].peers);
        g_free(world->actives[i].damage);
    }
    g_free(world->actives);
    g_free(world->link_lines);
    plan_free(world->longer);
    g_free(world->base);
    g_free(world->linked);
    g_free(world->core);
    g_free(world->drift_ppb);
    g_free(world->down);
    g_free(world->still);
    g_free(world->roles);
    g_array_free(world->facts, TRUE);
    g_ptr_array_free(world->texts, TRUE);
    g_free(world);
}

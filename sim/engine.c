/* SPDX-License-Identifier: Apache-2.0 */
/* Two ways through the same events. run_direct() is the loop itself, with one
 * queue. run_windows() gives each cell its own queue and lets workers run all
 * cells up to the end of a window; nothing a cell does reaches another one
 * within it, so both show the same records in the same order. */
#include "sim/engine.h"

#include <string.h>

#include "nodes/bugs.h"
#include "nodes/host/programs.h"
#include "sim/client.h"
#include "sim/streams.h"
#include "sim/workers.h"

struct Engine {
    EngineConfig config;
    CellWorld shared;
    World *world;
    Queue *queue; /* direct: all events; windows: the world's */
    bool windowed;
    Workers *workers;
    SimTime now;
    SimTime window_end;
    uint64_t event_count;
    uint64_t record_count;
    EngineObserver observer;
    void *user;
    uint32_t *probes; /* of the record being shown */
    unsigned probe_capacity;
    GPtrArray **outputs; /* by cell: CellOutput of the window */
};

static bool run_direct(Engine *engine, SimTime until);
static void run_windows(Engine *engine);
static void run_cell(void *user, unsigned index);
static bool merge(Engine *engine);
static void exchange(Engine *engine);
static bool show(Engine *engine, Record *record);
static void note(Engine *engine, Record *record);
static bool check_program(const Engine *engine, GError **error);
static bool add_cells(Engine *engine, GError **error);
static Cell *add_client(Engine *engine, NodeId id, const ClientGroup *group,
                        uint64_t *process_base);

void
engine_run(Engine *engine, EngineObserver observer, void *user)
{
    engine_start(engine, observer, user);
    if (engine->windowed) {
        run_windows(engine);
    } else {
        (void)run_direct(engine, SIM_NEVER);
    }
}

void
engine_start(Engine *engine, EngineObserver observer, void *user)
{
    engine->observer = observer;
    engine->user = user;
    world_start(engine->world);
}

bool
engine_run_until(Engine *engine, SimTime until)
{
    g_assert(!engine->windowed);
    return run_direct(engine, until);
}

void
engine_redraw(Engine *engine, SimTime at, unsigned number, uint64_t salt)
{
    world_redraw(engine->world, at, number, salt);
}

/* False when the run has ended. */
static bool
run_direct(Engine *engine, SimTime until)
{
    Event event;

    while (queue_pop_before(engine->queue, until, &event)) {
        NodeId id = event_cell(&event);
        Cell *cell = engine->shared.cells[id];

        engine->now = event_at(&event);
        engine->event_count++;
        if (id == 0) {
            Record record;
            bool more = world_handle(engine->world, &event, &record);

            if (!show(engine, &record) || !more) {
                return false;
            }
            continue;
        }
        if (cell_handle(cell, &event) && !show(engine, &cell->out->record)) {
            return false;
        }
        cell_forget(cell);
    }
    return true;
}

static void
run_windows(Engine *engine)
{
    unsigned hosts = engine->shared.host_count;

    for (;;) {
        SimTime world_at = queue_next_at(engine->queue);
        SimTime first = SIM_NEVER;
        Event event;

        for (unsigned id = 1; id <= hosts; id++) {
            first = MIN(first, queue_next_at(engine->shared.cells[id]->queue));
        }
        if (world_at <= first) {
            Record record;
            bool more;

            if (!queue_pop(engine->queue, &event)) {
                return;
            }
            engine->now = event_at(&event);
            engine->event_count++;
            more = world_handle(engine->world, &event, &record);
            if (!show(engine, &record) || !more) {
                return;
            }
            exchange(engine);
            continue;
        }
        engine->window_end =
            MIN(first + world_lookahead(engine->world), world_at);
        workers_run(engine->workers, run_cell, engine, hosts);
        if (!merge(engine)) {
            return;
        }
        exchange(engine);
    }
}

/* Run one cell to the end of the window; on any worker. */
static void
run_cell(void *user, unsigned index)
{
    Engine *engine = user;
    Cell *cell = engine->shared.cells[index + 1];
    Event event;

    while (queue_pop_before(cell->queue, engine->window_end, &event)) {
        if (cell_handle(cell, &event)) {
            g_ptr_array_add(engine->outputs[index + 1], cell_output(cell));
        } else {
            cell_forget(cell);
        }
    }
}

/* Show what the cells did in this window, in the total order. Cells are few
 * and a window is short: the smallest head is found by looking at all. */
static bool
merge(Engine *engine)
{
    unsigned hosts = engine->shared.host_count;
    g_autofree unsigned *next = g_new0(unsigned, hosts + 1);
    bool more = true;

    for (;;) {
        CellOutput *best = NULL;
        unsigned from = 0;

        for (unsigned id = 1; id <= hosts; id++) {
            GPtrArray *outputs = engine->outputs[id];
            CellOutput *head;

            if (next[id] == outputs->len) {
                continue;
            }
            head = outputs->pdata[next[id]];
            if (best == NULL || event_before(&head->event, &best->event)) {
                best = head;
                from = id;
            }
        }
        if (best == NULL) {
            break;
        }
        next[from]++;
        engine->now = event_at(&best->event);
        if (more && !show(engine, &best->record)) {
            more = false; /* the rest of the window did not happen */
        }
        cell_output_return(engine->shared.cells[from], best);
    }
    for (unsigned id = 1; id <= hosts; id++) {
        g_ptr_array_set_size(engine->outputs[id], 0);
    }
    return more;
}

/* Hand over what cells sent each other. */
static void
exchange(Engine *engine)
{
    for (unsigned id = 1; id <= engine->shared.host_count; id++) {
        GArray *outbox = engine->shared.cells[id]->outbox;

        for (unsigned i = 0; i < outbox->len; i++) {
            const Event *event = &g_array_index(outbox, Event, i);

            g_assert(event_at(event) >= engine->window_end);
            queue_push(engine->shared.cells[event_cell(event)]->queue, event);
        }
        g_array_set_size(outbox, 0);
    }
}

static bool
show(Engine *engine, Record *record)
{
    record->number = ++engine->record_count;
    note(engine, record);
    world_observe(engine->world, record);
    return engine->observer(engine->user, record);
}

/* Fill in what record.h calls the engine's notes. */
static void
note(Engine *engine, Record *record)
{
    unsigned effects = record->input != NULL ? record->fx->count : 0;
    unsigned count = 0;
    uint64_t kinds = 0;
    bool plain = true;

    if (effects > engine->probe_capacity) {
        engine->probe_capacity = 2 * effects;
        engine->probes =
            g_renew(uint32_t, engine->probes, engine->probe_capacity);
    }
    for (unsigned i = 0; i < effects; i++) {
        const Effect *effect = &record->fx->items[i];

        if (effect->kind == EFFECT_PROBE) {
            engine->probes[count++] = i;
            kinds |=
                effect->probe.id < 64 ? (uint64_t)1 << effect->probe.id : 0;
        }
    }
    for (unsigned i = 0; i < record->fact_count; i++) {
        const Fact *fact = &record->facts[i];

        plain &= fact->kind <= FACT_DURABLE && fact->kind != FACT_HELD &&
                 fact->fate.drop == FATE_NOT_DROPPED &&
                 fact->fate.mattered == 0;
    }
    record->probes = engine->probes;
    record->probe_count = count;
    record->probe_kinds = kinds;
    record->plain_facts = plain;
}

void
engine_rates(const Engine *engine, Rates *rates)
{
    *rates = (Rates){0};
    for (unsigned id = 1; id <= engine->shared.host_count; id++) {
        const Cell *cell = engine->shared.cells[id];

        for (unsigned peer = 1; peer <= engine->shared.host_count; peer++) {
            if (cell->links[peer].link != NULL) {
                link_rates(cell->links[peer].link, rates);
            }
        }
    }
}

const World *
engine_world(const Engine *engine)
{
    return engine->world;
}

unsigned
engine_host_count(const Engine *engine)
{
    return engine->shared.host_count;
}

uint64_t
engine_event_count(const Engine *engine)
{
    return engine->record_count;
}

Engine *
engine_new(const EngineConfig *config, GError **error)
{
    Engine *engine = g_new0(Engine, 1);
    const Scenario *scenario = config->scenario;
    unsigned hosts = scenario->node_count;

    for (unsigned i = 0; i < scenario->client_group_count; i++) {
        hosts += scenario->clients[i].count;
    }
    g_assert(hosts <= NODE_ID_MAX);
    engine->config = *config;
    engine->windowed = config->workers > 1;
    engine->queue = queue_new();
    engine->shared = (CellWorld){.scenario = scenario,
                                 .partition = partition_new(hosts),
                                 .seed = config->seed,
                                 .explore = config->explore,
                                 .host_count = hosts,
                                 .fatal_node = config->fatal_node,
                                 .fatal_input = config->fatal_input,
                                 .fatal_death = config->fatal_death};
    engine->shared.cells = g_new0(Cell *, hosts + 1);
    if (!engine->windowed) {
        engine->shared.output = cell_output_new();
    }
    engine->outputs = g_new0(GPtrArray *, hosts + 1);
    /* Only a process has its cell's core: threads are the scheduler's. */
    engine->workers = workers_new(MAX(config->workers, 1),
                                  config->isolation == ENGINE_PROCESS,
                                  config->thread_begin, config->thread_user);
    if (!check_program(engine, error) || !add_cells(engine, error)) {
        engine_free(engine);
        return NULL;
    }
    engine->world = world_new(&engine->shared, config->plan, engine->queue);
    return engine;
}

/* A program that does not take its configuration is the user's mistake, not
 * a node that crashed. One that is only a process judges it by itself. */
static bool
check_program(const Engine *engine, GError **error)
{
    const Scenario *scenario = engine->config.scenario;
    const char *name = scenario->program;
    NodeSetup setup = {
        .self = 1,
        .node_count = scenario->node_count,
        .config = scenario->node_config != NULL ? scenario->node_config : ""};
    char text[256] = "";
    const NodeProgram *program;
    void *node;

    if (strchr(name, '/') != NULL && !g_str_has_suffix(name, ".so")) {
        return true;
    }
    program = programs_find(name, text, sizeof(text));
    if (program == NULL) {
        g_set_error(error, CARRIER_ERROR, 0, "%s: nodes.program: %s",
                    scenario->path, text);
        return false;
    }
    node = program->make(&setup, text, sizeof(text));
    if (node == NULL) {
        g_set_error(error, CARRIER_ERROR, 0, "%s: nodes.config: %s",
                    scenario->path, text);
        return false;
    }
    program->free(node);
    return true;
}

static bool
add_cells(Engine *engine, GError **error)
{
    const Scenario *scenario = engine->config.scenario;
    CarrierConfig carrier_config = {.program = scenario->program,
                                    .node_binary = engine->config.node_binary,
                                    .time_limit_scale =
                                        engine->config.time_limit_scale,
                                    .bugs = bugs_mask,
                                    .cpu = -1};
    uint64_t process_base = 0;
    NodeId id = 1;

    for (; id <= scenario->node_count; id++) {
        Carrier *carrier;

        carrier_config.cpu = workers_cpu(
            engine->workers, (id - 1) % MAX(engine->config.workers, 1));
        carrier_config.gdb = id == engine->config.gdb_node;
        carrier = engine->config.isolation == ENGINE_PROCESS
                      ? cluster_process_new(&carrier_config, id, error)
                      : cluster_inline_new(&carrier_config, id, error);

        if (carrier == NULL) {
            return false;
        }
        engine->shared.cells[id] = cell_new(&engine->shared, id, carrier,
                                            scenario->node_config, false);
    }
    for (unsigned i = 0; i < scenario->client_group_count; i++) {
        for (unsigned k = 0; k < scenario->clients[i].count; k++, id++) {
            engine->shared.cells[id] =
                add_client(engine, id, &scenario->clients[i], &process_base);
        }
    }
    for (id = 1; id <= engine->shared.host_count; id++) {
        Cell *cell = engine->shared.cells[id];

        engine->outputs[id] = g_ptr_array_new();
        if (engine->windowed) {
            cell->queue = queue_new();
            cell->outbox = g_array_new(FALSE, FALSE, sizeof(Event));
        } else {
            cell->queue = engine->queue;
        }
    }
    return true;
}

static Cell *
add_client(Engine *engine, NodeId id, const ClientGroup *group,
           uint64_t *process_base)
{
    g_autofree char *config = client_config(group, *process_base);

    *process_base += client_processes(group);
    return cell_new(&engine->shared, id,
                    cluster_inline_program(&client_program, id), config, true);
}

static void
drain(Queue *queue)
{
    Event event;

    while (queue_pop(queue, &event)) {
        cell_event_drop(&event);
    }
    queue_free(queue);
}

void
engine_free(Engine *engine)
{
    g_clear_pointer(&engine->workers, workers_free);
    g_clear_pointer(&engine->world, world_free);
    for (unsigned id = 1; id <= engine->shared.host_count; id++) {
        Cell *cell = engine->shared.cells[id];

        if (cell == NULL) {
            continue;
        }
        if (engine->windowed && cell->queue != NULL) {
            for (unsigned i = 0; i < cell->outbox->len; i++) {
                cell_event_drop(&g_array_index(cell->outbox, Event, i));
            }
            g_array_free(cell->outbox, TRUE);
            drain(cell->queue);
        }
        cell_free(cell);
        g_clear_pointer(&engine->outputs[id], g_ptr_array_unref);
    }
    drain(engine->queue);
    g_clear_pointer(&engine->shared.output, cell_output_free);
    partition_free(engine->shared.partition);
    g_free(engine->shared.cells);
    g_free(engine->outputs);
    g_free(engine->probes);
    g_free(engine);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Handling an event of a host: make the program's input, step it, and keep
 * order where the CPU is slow or stands still. */
#include "sim/cell_private.h"

#include <string.h>

#include "sim/crash_box.h"
#include "sim/streams.h"
#include "sim/tcp.h"

/* Inputs of one node in a virtual millisecond: a thousand times a busy one. */
#define BURST_MAX 500000u

static bool deliver(Cell *cell, const Event *event);
static bool must_wait(Cell *cell, const Event *event);
static void run_inbox(Cell *cell);
static bool start(Cell *cell);
static bool on_synced(Cell *cell, const Event *event);
static bool on_read(Cell *cell, const Event *event);
static bool on_datagram(Cell *cell, const Event *event);
static bool timer_due(Cell *cell, const Event *event);
static bool on_timer(Cell *cell, const Event *event);
static bool on_memory(Cell *cell, const Event *event);
static bool never_ends(Cell *cell);
static uint64_t shuffled(const Cell *cell, uint64_t order1, uint64_t seq,
                         unsigned copy);

bool
cell_handle(Cell *cell, const Event *event)
{
    cell->now = event_at(event);
    cell->out->event = *event;
    cell->out->has_input = false;
    /* Clearing all of the record, or of the input, would cost more than the
     * handling of many an event. */
    cell->out->record.event = &cell->out->event;
    cell->out->record.message = 0;
    cell->out->record.peer = 0;
    cell->out->record.death = NULL;
    cell->out->record.probes = NULL;
    cell->out->record.plain_facts = false;

    switch (event->kind) {
    case EVENT_CPU:
        cell->cpu_queued = false;
        run_inbox(cell);
        break;
    case EVENT_STREAM_RETRY:
        tcp_retry(cell, event->a, event->b);
        break;
    case EVENT_STREAM_DEAD:
        tcp_dead(cell, event);
        break;
    case EVENT_STREAM_WINDOW:
        tcp_window(cell, event);
        break;
    case EVENT_TIMER:
        if (!timer_due(cell, event)) {
            return false;
        }
        /* fall through */
    default:
        if (!must_wait(cell, event)) {
            deliver(cell, event);
        }
        break;
    }
    cell->out->record.input = cell->out->has_input ? &cell->out->input : NULL;
    cell->out->record.fx = &cell->out->fx;
    cell->out->record.facts = cell->out->facts.items;
    cell->out->record.fact_count = cell->out->facts.count;
    return cell->out->has_input || cell->out->facts.count > 0;
}

/* One event that a program can be told of; it owns what it carries. */
static bool
deliver(Cell *cell, const Event *event)
{
    switch (event->kind) {
    case EVENT_START:
        return start(cell);
    case EVENT_SYNCED:
        return on_synced(cell, event);
    case EVENT_READ:
        return on_read(cell, event);
    case EVENT_DATAGRAM:
        return on_datagram(cell, event);
    case EVENT_CHUNK:
        return tcp_chunk(cell, event);
    case EVENT_STREAM_RESET:
        return tcp_reset(cell, event);
    case EVENT_STREAM_ROOM:
        return tcp_room(cell, event);
    case EVENT_TIMER:
        return on_timer(cell, event);
    case EVENT_MEMORY:
        return on_memory(cell, event);
    default:
        g_assert_not_reached();
    }
}

/* A paused or busy CPU takes events in the order in which they came. */
static bool
must_wait(Cell *cell, const Event *event)
{
    bool idle = !cell->paused && cell->now >= cell->busy_until &&
                cell->inbox->length == 0;

    if (idle || !cell->up) {
        return false;
    }
    if (event->kind == EVENT_DATAGRAM &&
        cell->inbox->length >= cell->world->scenario->inbox_max) {
        Fact *fact = cell_fact(cell, FACT_DROP);

        fact->message = event->a;
        fact->link = link_datagram(event->flags);
        fact->channel = (Channel)event->b;
        fact->bytes = slice_bytes(event->data);
        fact->text = "inbox full";
        cell_scrap(cell, event->data);
        return true;
    }
    cell->paused_count += cell->paused;
    cell->slowed_count += !cell->paused && cell->busy_slowly;
    g_queue_push_tail(cell->inbox, g_memdup2(event, sizeof(*event)));
    if (!cell->paused && !cell->cpu_queued) {
        Event wake = {.kind = EVENT_CPU};

        cell->cpu_queued = true;
        cell_emit(cell, cell->id, EVENT_CLASS_TIMER,
                  MAX(cell->busy_until, cell->now + 1), cell_seq(cell), 0,
                  &wake);
    }
    return true;
}

/* The CPU is free: hand over the oldest waiting event that still stands. */
static void
run_inbox(Cell *cell)
{
    /* The event may be one of an incarnation before: busy until then. */
    while (!cell->paused && cell->now >= cell->busy_until &&
           cell->inbox->length > 0 && !cell->out->has_input) {
        Event *event = g_queue_pop_head(cell->inbox);

        event->at = cell->now;
        deliver(cell, event);
        g_free(event);
    }
    if (!cell->paused && cell->up && cell->inbox->length > 0 &&
        !cell->cpu_queued) {
        Event wake = {.kind = EVENT_CPU};

        cell->cpu_queued = true;
        cell_emit(cell, cell->id, EVENT_CLASS_TIMER,
                  MAX(cell->busy_until, cell->now + 1), cell_seq(cell), 0,
                  &wake);
    }
}

static bool
start(Cell *cell)
{
    NodeSetup setup = {.self = cell->id,
                       .node_count = cell->node_count,
                       .config = cell->config};
    GError *error = NULL;
    FileInfo *files = NULL;
    unsigned file_count = 0;
    Fact *fact;

    if (cell->up || cell->failed || cell->held_down) {
        return false;
    }
    if (cell->condemned) {
        disk_give_up(cell->disk);
        fact = cell_fact(cell, FACT_HALT);
        fact->text =
            "its disk lost what it had acknowledged: not started again";
        return true;
    }
    if (cell->world->scenario->buggify && !cell->is_client) {
        setup.buggify = streams_key(cell->world->seed, "buggify", 0, 0) | 1;
    }
    cell->carrier->ops->kill(cell->carrier);
    cell->incarnation++;
    if (cell->disk != NULL && cell->powered && cell->incarnation > 1) {
        /* What START tells of is durable. */
        if (disk_reopen(cell->disk)) {
            cell_damaged(cell, FAULT_DISK_LOST_SYNC);
        }
        if (cell->condemned) {
            return start(cell);
        }
    }
    cell->powered = true;
    cell->busy_until = 0;
    clock_restart(&cell->clock, cell->now, 0);
    fact = cell_fact(cell, FACT_RESTART);
    fact->value = cell->incarnation;
    if (!cell->carrier->ops->start(cell->carrier, &setup, &error)) {
        cell_nonsense(cell, "did not start: %s", error->message);
        g_clear_error(&error);
        return true;
    }
    cell->up = true;
    if (cell->disk != NULL) {
        file_count = disk_files(cell->disk, NULL, 0);
        cell->out->files = g_renew(FileInfo, cell->out->files, file_count + 1);
        files = cell->out->files;
        disk_files(cell->disk, files, file_count);
    }
    cell->out->input.kind = INPUT_START;
    cell->out->input.start.incarnation = cell->incarnation;
    cell->out->input.start.files = files;
    cell->out->input.start.file_count = file_count;
    cell_step(cell);
    if (cell->up && cell->memory_budget > 0) {
        /* Told with the configuration in a later input of its own. */
        cell_memory(cell, cell->memory_budget, cell->now + 1);
    }
    return true;
}

static bool
on_synced(Cell *cell, const Event *event)
{
    bool durable = false;
    int error;

    if (event->c != cell->incarnation || !cell->up) {
        return false; /* of a process that is gone */
    }
    error = disk_sync_done(cell->disk, event->a, &durable);
    for (unsigned i = 0; i < cell->syncs->len; i++) {
        if (g_array_index(cell->syncs, CellDiskOperation, i).id == event->a) {
            g_array_remove_index(cell->syncs, i);
            break;
        }
    }
    if (error == 0 && durable) {
        Fact *fact = cell_fact(cell, FACT_DURABLE);

        fact->token = event->b;
    }
    if (error != 0) {
        g_array_append_val(cell->failed_tokens, event->b);
    }
    cell_effects_release(cell, event->b, error == 0);
    if (!cell->up) {
        return true; /* a HALT had waited for this */
    }
    cell->out->input.kind = INPUT_SYNCED;
    cell->out->input.synced.token = event->b;
    cell->out->input.synced.error = error;
    cell_step(cell);
    return true;
}

static bool
on_read(Cell *cell, const Event *event)
{
    Bytes *bytes = NULL;
    int error;

    if (event->c != cell->incarnation || !cell->up) {
        return false;
    }
    error = disk_read_done(cell->disk, event->a, &bytes);
    cell->out->input.kind = INPUT_READ;
    cell->out->input.read.token = event->b;
    cell->out->input.read.error = error;
    cell->out->input.read.bytes = slice_of(NULL, 0);
    if (bytes != NULL) {
        cell->out->input.read.bytes = slice_bytes(bytes);
        cell_scrap(cell, bytes);
    }
    cell_step(cell);
    return true;
}

static bool
on_datagram(Cell *cell, const Event *event)
{
    Bytes *bytes = event->data;

    cell_scrap(cell, bytes);
    if (!cell->up) {
        Fact *fact = cell_fact(cell, FACT_DROP);

        fact->message = event->a;
        fact->link = link_datagram(event->flags);
        fact->channel = (Channel)event->b;
        fact->bytes = slice_bytes(bytes);
        fact->text = "node down";
        return true;
    }
    cell->out->input.kind = INPUT_MESSAGE;
    cell->out->input.message.link = link_datagram(event->flags);
    cell->out->input.message.channel = (Channel)event->b;
    cell->out->input.message.bytes = slice_bytes(bytes);
    cell->out->record.message = event->a;
    cell->out->record.peer = event->flags;
    cell_step(cell);
    return true;
}

/* Whether the deadline of a timer has come: the event may be one of a deadline
 * that was replaced (nothing happens) or moved later (the event moves). */
static bool
timer_due(Cell *cell, const Event *event)
{
    CellTimer *timer;
    Event again;

    if (event->c != cell->incarnation || !cell->up) {
        return false;
    }
    timer = &g_array_index(cell->timers, CellTimer, event->a);
    if (timer->queued_at != event_at(event)) {
        return false;
    }
    timer->queued_at = SIM_NEVER;
    if (timer->at <= cell->now) {
        return true;
    }
    if (timer->at != SIM_NEVER) {
        again =
            (Event){.kind = EVENT_TIMER, .a = event->a, .c = cell->incarnation};
        timer->queued_at = timer->at;
        cell_emit(cell, cell->id, EVENT_CLASS_TIMER, timer->at, timer->seq, 0,
                  &again);
    }
    return false;
}

static bool
on_timer(Cell *cell, const Event *event)
{
    CellTimer *timer;

    if (event->c != cell->incarnation || !cell->up) {
        return false;
    }
    timer = &g_array_index(cell->timers, CellTimer, event->a);
    if (timer->at > cell->now) {
        return false; /* moved while the event waited for the CPU */
    }
    timer->at = SIM_NEVER;
    timer->mono_at = SIM_NEVER;
    cell->retimed_count += timer->retimed;
    cell->out->input.kind = INPUT_TIMER;
    cell->out->input.timer.id = timer->id;
    cell_step(cell);
    return true;
}

static bool
on_memory(Cell *cell, const Event *event)
{
    if (!cell->up) {
        return false;
    }
    cell->out->input.kind = INPUT_MEMORY;
    cell->out->input.memory.budget = event->a;
    cell->told_count++;
    cell_step(cell);
    return true;
}

void
cell_step(Cell *cell)
{
    unsigned done = 0;
    Input *input = &cell->out->input;

    g_assert(cell->up && !cell->out->has_input);
    input->now = clock_mono(&cell->clock, cell->now);
    input->wall = clock_wall(&cell->clock, cell->now);
    input->dice = (Dice){cell->dice_key, cell->input_count++};
    cell->out->has_input = true;
    cell->busy_until = cell->now + cell->service_time;
    cell->busy_slowly = cell->slow_time > 0;
    crash_box_event(cell->now, cell->input_count);
    if (cell->world->fatal_node == cell->id &&
        cell->world->fatal_input == cell->input_count) {
        cell->death = *cell->world->fatal_death;
        cell_die(cell);
        return;
    }
    if (never_ends(cell)) {
        return;
    }
    if (cell->carrier->ops->step(cell->carrier, input, 1, &cell->out->fx, &done,
                                 &cell->death) == 0) {
        effects_reset(&cell->out->fx); /* whatever it had begun to say */
        cell_die(cell);
        return;
    }
    cell_effects_apply(cell);
}

/* A program that is always due again a nanosecond later would keep the run
 * from ever ending: it hangs in virtual time. */
static bool
never_ends(Cell *cell)
{
    if (cell->now - cell->burst_at >= SIM_MS) {
        cell->burst_at = cell->now;
        cell->burst_count = 0;
    }
    if (cell->burst_count++ < BURST_MAX) {
        return false;
    }
    cell_nonsense(cell, "took %u inputs within a millisecond: it never rests",
                  BURST_MAX);
    cell->death.hang = true;
    return true;
}

void
cell_input_link(Cell *cell, LinkId link, LinkState state)
{
    cell->out->input.kind = INPUT_LINK;
    cell->out->input.link.link = link;
    cell->out->input.link.state = state;
    cell->out->record.peer = link_peer(link);
    cell_step(cell);
}

void
cell_damaged(Cell *cell, FaultKind kind)
{
    Fact *fact = cell_fact(cell, FACT_DAMAGE);

    fact->fault_kind = kind;
    fact->text = fault_kind_name(kind);
    /* What was acknowledged reads as if it had never been written: a program
     * that starts on it would vote again and lack what others count on it. */
    if ((kind == FAULT_DISK_LOST_SYNC || kind == FAULT_DISK_MISDIRECT) &&
        !cell->world->scenario->beyond_budget) {
        cell->condemned = true;
    }
}

uint64_t
cell_seq(Cell *cell)
{
    return cell->next_seq++;
}

void
cell_emit(Cell *cell, NodeId to, EventClass class, SimTime at, uint64_t seq,
          unsigned copy, Event *event)
{
    Event key = event_key(at, to, class, cell->id, seq, copy);

    g_assert(at > cell->now);
    g_assert(to == cell->id || at >= cell->now + cell->world->scenario->floor);
    event->at = key.at;
    event->order1 = key.order1;
    event->order2 = key.order2;
    event->flags = cell->id;
    if (cell->world->explore != 0) {
        event->order1 = shuffled(cell, event->order1, seq, copy);
    }
    if (to == cell->id || cell->outbox == NULL) {
        queue_push(cell->queue, event);
    } else {
        g_array_append_val(cell->outbox, *event);
    }
}

void
cell_scrap(Cell *cell, Bytes *bytes)
{
    CellOutput *out = cell->out;

    if (out->scrap_count == out->scrap_capacity) {
        out->scrap_capacity = MAX(2 * out->scrap_capacity, 8);
        out->scraps = g_renew(Bytes *, out->scraps, out->scrap_capacity);
    }
    out->scraps[out->scrap_count++] = bytes;
}

Fact *
cell_fact(Cell *cell, FactKind kind)
{
    FactList *facts = &cell->out->facts;
    Fact *fact;

    if (G_UNLIKELY(facts->count == facts->capacity)) {
        facts->capacity = MAX(2 * facts->capacity, 8);
        facts->items = g_renew(Fact, facts->items, facts->capacity);
        memset(facts->items + facts->count, 0,
               (facts->capacity - facts->count) * sizeof(Fact));
    }
    fact = &facts->items[facts->count++];
    fact->kind = kind;
    fact->node = cell->id;
    return fact;
}

void
cell_facts_clear(FactList *facts)
{
    if (facts->count > 0) {
        memset(facts->items, 0, facts->count * sizeof(Fact));
        facts->count = 0;
    }
}

void
cell_configure_link(Cell *cell, NodeId peer, const NetemConfig *config)
{
    CellLink *way = &cell->links[peer];

    g_assert(peer >= 1 && peer <= cell->world->host_count);
    if (config == NULL) {
        g_assert(way->link == NULL); /* a topology does not change */
        return;
    }
    cell->configs[peer] = *config;
    if (way->link == NULL) {
        way->link = g_new0(Link, 1);
        link_init(way->link, &cell->configs[peer]);
    } else {
        link_configure(way->link, &cell->configs[peer]);
    }
}

void
cell_event_drop(const Event *event)
{
    if (event->kind == EVENT_DATAGRAM) {
        bytes_unref(event->data);
    } else if (event->kind == EVENT_CHUNK) {
        tcp_chunk_free(event->data);
    }
}

/* --explore-order: another legal time, keyed, no draw of any stream. */
SimTime
cell_explored(Cell *cell, SimTime at, uint64_t seq)
{
    const CellWorld *world = cell->world;
    uint64_t block[2];

    if (world->explore == 0 || world->scenario->explore_spread == 0) {
        return at;
    }
    dice_block(world->explore, cell->id, seq, block);
    return at + dice_below(block[0], world->scenario->explore_spread + 1);
}

/* --explore-order: what ties in time is ordered by a keyed hash in the place
 * of class and sender (40 bits; the number behind it tells the rest apart). */
static uint64_t
shuffled(const Cell *cell, uint64_t order1, uint64_t seq, unsigned copy)
{
    const uint64_t low = ((uint64_t)1 << 40) - 1;
    uint64_t block[2];

    dice_block(cell->world->explore ^ (order1 & low), seq, copy, block);
    return (order1 & ~low) | (block[0] & low);
}

Cell *
cell_new(CellWorld *world, NodeId id, Carrier *carrier, const char *config,
         bool is_client)
{
    Cell *cell = g_new0(Cell, 1);
    const Scenario *scenario = world->scenario;

    cell->id = id;
    cell->is_client = is_client;
    cell->world = world;
    cell->carrier = carrier;
    cell->config = g_strdup(config != NULL ? config : "");
    cell->node_count = scenario->node_count;
    cell->next_seq = 1;
    cell->next_disk_operation = 1;
    cell->timers = g_array_new(FALSE, FALSE, sizeof(CellTimer));
    cell->waiting = g_array_new(FALSE, FALSE, sizeof(CellWaiting));
    cell->syncs = g_array_new(FALSE, FALSE, sizeof(CellDiskOperation));
    cell->failed_tokens = g_array_new(FALSE, FALSE, sizeof(Token));
    cell->held = g_array_new(FALSE, FALSE, sizeof(CellHeld));
    cell->spare = g_ptr_array_new();
    cell->out = world->output != NULL ? world->output : cell_output_new();
    cell->inbox = g_queue_new();
    cell->streams = g_ptr_array_new();
    cell->links = g_new0(CellLink, world->host_count + 1);
    cell->configs = g_new0(NetemConfig, world->host_count + 1);
    if (!is_client) {
        DiskConfig disk = {.write = scenario->disk_write,
                           .sync = scenario->disk_sync,
                           .read = scenario->disk_read,
                           .jitter = scenario->disk_jitter,
                           .rate = scenario->disk_rate,
                           .size = scenario->disk_size};

        cell->disk = disk_new(&disk, 0);
        cell->service_time = scenario->service_time;
        cell->memory_budget = scenario->memory_budget;
    }
    cell_redraw(cell);
    return cell;
}

void
cell_free(Cell *cell)
{
    cell_forget(cell);
    cell_stop_program(cell);
    tcp_free(cell);
    for (unsigned i = 0; i < cell->held->len; i++) {
        bytes_unref(g_array_index(cell->held, CellHeld, i).bytes);
    }
    for (unsigned i = 0; i <= cell->world->host_count; i++) {
        if (cell->links[i].link != NULL) {
            link_clear(cell->links[i].link);
            g_free(cell->links[i].link);
        }
    }
    cell->carrier->ops->free(cell->carrier);
    g_clear_pointer(&cell->disk, disk_free);
    g_array_free(cell->timers, TRUE);
    g_array_free(cell->waiting, TRUE);
    g_array_free(cell->syncs, TRUE);
    g_array_free(cell->failed_tokens, TRUE);
    g_array_free(cell->held, TRUE);
    g_queue_free(cell->inbox);
    if (cell->out != cell->world->output) {
        cell_output_free(cell->out);
    }
    for (unsigned i = 0; i < cell->spare->len; i++) {
        cell_output_free(cell->spare->pdata[i]);
    }
    g_ptr_array_free(cell->spare, TRUE);
    g_free(cell->links);
    g_free(cell->configs);
    g_free(cell->config);
    g_free(cell);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Handling an event of a host: make the program's input, take its effects,
 * carry them out on clock, disk and network. apply_effects() is the one place
 * where anything is queued, sent or written. */
#include "sim/cell.h"

#include <string.h>

#include "sim/crash_box.h"
#include "sim/streams.h"
#include "sim/tcp.h"

static bool deliver(Cell *cell, const Event *event);
/* Inputs of one node in a virtual millisecond: a thousand times a busy one. */
#define BURST_MAX 500000u

static bool never_ends(Cell *cell);
static bool must_wait(Cell *cell, const Event *event);
static void run_inbox(Cell *cell);
static bool start(Cell *cell);
static bool on_synced(Cell *cell, const Event *event);
static bool on_read(Cell *cell, const Event *event);
static bool on_datagram(Cell *cell, const Event *event);
static bool timer_due(Cell *cell, const Event *event);
static bool on_timer(Cell *cell, const Event *event);
static bool on_memory(Cell *cell, const Event *event);
static void apply_effects(Cell *cell);
static void carry_out(Cell *cell, const Effect *effect, uint64_t seq);
static void send(Cell *cell, const Effect *effect, uint64_t seq);
static void send_datagram(Cell *cell, NodeId peer, Channel channel,
                          uint64_t seq, Bytes *bytes);
static void set_timer(Cell *cell, TimerId id, SimTime mono, uint64_t seq);
static void change_disk(Cell *cell, const Effect *effect);
static void sync_disk(Cell *cell, const Effect *effect, uint64_t seq);
static void read_disk(Cell *cell, const Effect *effect, uint64_t seq);
static bool token_pending(const Cell *cell, Token token);
static bool token_failed(const Cell *cell, Token token);
static void wait_for(Cell *cell, const Effect *effect, uint64_t seq);
static void release(Cell *cell, Token token, bool ok);
static void waiting_clear(CellWaiting *waiting);
static void nonsense(Cell *cell, const char *format, ...) G_GNUC_PRINTF(2, 3);
static void die(Cell *cell);
static void end_process(Cell *cell);
static void stop_program(Cell *cell);
static CellOutput *output_new(void);
static void output_free(CellOutput *out);
static void output_reset(CellOutput *out);
static void output_own(CellOutput *out);
static Slice own_slice(CellOutput *out, Slice slice);
static const char *own_text(CellOutput *out, const char *text);
static uint64_t shuffled(const Cell *cell, uint64_t order1, uint64_t seq,
                         unsigned copy);
static SimTime explored(Cell *cell, SimTime at, uint64_t seq);

bool
cell_handle(Cell *cell, const Event *event)
{
    cell->now = event_at(event);
    cell->out->event = *event;
    cell->out->has_input = false;
    cell->out->record = (Record){.event = &cell->out->event};

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
        cell_event_drop(event);
        return true;
    }
    cell->delayed_count++;
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
    NodeSetup setup = {cell->id, cell->node_count, cell->config};
    GError *error = NULL;
    FileInfo *files = NULL;
    unsigned file_count = 0;
    Fact *fact;

    if (cell->up || cell->failed || cell->held_down) {
        return false;
    }
    cell->carrier->ops->kill(cell->carrier);
    cell->incarnation++;
    if (cell->disk != NULL && cell->powered && cell->incarnation > 1) {
        /* What START tells of is durable. */
        if (disk_reopen(cell->disk)) {
            cell_damaged(cell, FAULT_DISK_LOST_SYNC);
        }
    }
    cell->powered = true;
    cell->busy_until = 0;
    clock_restart(&cell->clock, cell->now, 0);
    fact = cell_fact(cell, FACT_RESTART);
    fact->value = cell->incarnation;
    if (!cell->carrier->ops->start(cell->carrier, &setup, &error)) {
        nonsense(cell, "did not start: %s", error->message);
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
    cell->out->input = (Input){.kind = INPUT_START};
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
    release(cell, event->b, error == 0);
    if (!cell->up) {
        return true; /* a HALT had waited for this */
    }
    cell->out->input = (Input){.kind = INPUT_SYNCED};
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
    cell->out->input = (Input){.kind = INPUT_READ};
    cell->out->input.read.token = event->b;
    cell->out->input.read.error = error;
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
        return true;
    }
    cell->out->input = (Input){.kind = INPUT_MESSAGE};
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
    cell->out->input = (Input){.kind = INPUT_TIMER};
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
    cell->out->input = (Input){.kind = INPUT_MEMORY};
    cell->out->input.memory.budget = event->a;
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
    crash_box_event(cell->now, cell->input_count);
    if (cell->world->fatal_node == cell->id &&
        cell->world->fatal_input == cell->input_count) {
        cell->death = *cell->world->fatal_death;
        die(cell);
        return;
    }
    if (never_ends(cell)) {
        return;
    }
    if (cell->carrier->ops->step(cell->carrier, input, 1, &cell->out->fx, &done,
                                 &cell->death) == 0) {
        effects_reset(&cell->out->fx); /* whatever it had begun to say */
        die(cell);
        return;
    }
    apply_effects(cell);
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
    nonsense(cell, "took %u inputs within a millisecond: it never rests",
             BURST_MAX);
    cell->death.hang = true;
    return true;
}

void
cell_input_link(Cell *cell, LinkId link, LinkState state)
{
    cell->out->input = (Input){.kind = INPUT_LINK};
    cell->out->input.link.link = link;
    cell->out->input.link.state = state;
    cell->out->record.peer = link_peer(link);
    cell_step(cell);
}

static void
apply_effects(Cell *cell)
{
    for (unsigned i = 0; i < cell->out->fx.count && cell->up; i++) {
        const Effect *effect = &cell->out->fx.items[i];
        uint64_t seq;

        if (effect->kind == EFFECT_PROBE) {
            continue;
        }
        seq = cell_seq(cell);
        if (effect->after == 0) {
            carry_out(cell, effect, seq);
        } else if (token_pending(cell, effect->after)) {
            wait_for(cell, effect, seq);
        } else if (!token_failed(cell, effect->after)) {
            carry_out(cell, effect, seq);
        }
    }
}

static void
carry_out(Cell *cell, const Effect *effect, uint64_t seq)
{
    Fact *fact;

    switch (effect->kind) {
    case EFFECT_SEND:
        send(cell, effect, seq);
        break;
    case EFFECT_TIMER:
        set_timer(cell, effect->timer.id, effect->timer.at, seq);
        break;
    case EFFECT_WRITE:
    case EFFECT_TRUNCATE:
    case EFFECT_ALLOCATE:
    case EFFECT_RENAME:
    case EFFECT_REMOVE:
        change_disk(cell, effect);
        break;
    case EFFECT_SYNC:
        sync_disk(cell, effect, seq);
        break;
    case EFFECT_READ:
        read_disk(cell, effect, seq);
        break;
    case EFFECT_OPEN:
        if (link_peer(effect->stream.link) == 0 ||
            link_peer(effect->stream.link) > cell->world->host_count) {
            nonsense(cell, "opened a stream to host %u of %u",
                     link_peer(effect->stream.link), cell->world->host_count);
            break;
        }
        tcp_open(cell, effect->stream.link, seq);
        break;
    case EFFECT_CLOSE:
        tcp_close(cell, effect->stream.link, seq);
        break;
    case EFFECT_PAUSE:
        tcp_pause(cell, effect->stream.link, effect->stream.paused);
        break;
    case EFFECT_HALT:
        fact = cell_fact(cell, FACT_HALT);
        if (effect->part_count > 0) {
            Bytes *text = bytes_new(effect->parts[0].size + 1);

            memcpy(text->data, effect->parts[0].data, effect->parts[0].size);
            text->data[effect->parts[0].size] = '\0';
            fact->text = (const char *)text->data;
            cell_scrap(cell, text);
        }
        end_process(cell);
        break;
    case EFFECT_SPAWN:
    case EFFECT_SIGNAL:
        nonsense(cell, "spawned a process: this world has none");
        break;
    case EFFECT_LOCAL:
        nonsense(cell, "a LOCAL effect for channel %u left its member",
                 effect->local.to);
        break;
    case EFFECT_PROBE:
        break;
    default:
        nonsense(cell, "effect of unknown kind %d", (int)effect->kind);
        break;
    }
}

static void
send(Cell *cell, const Effect *effect, uint64_t seq)
{
    LinkId link = effect->send.link;
    NodeId peer = link_peer(link);
    size_t size = effects_parts_size(effect);
    Bytes *bytes;

    if (peer == 0 || peer > cell->world->host_count) {
        nonsense(cell, "sent to host %u of %u", peer, cell->world->host_count);
        return;
    }
    if (!link_is_stream(link) && size > DATAGRAM_MAX) {
        nonsense(cell, "sent a datagram of %zu bytes, more than %u", size,
                 DATAGRAM_MAX);
        return;
    }
    if (effect->part_count == 1 && effect->parts[0].owner != NULL &&
        effect->parts[0].size == effect->parts[0].owner->size) {
        bytes = bytes_ref(effect->parts[0].owner);
    } else {
        bytes = bytes_new(size);
        effects_parts_gather(effect, bytes->data);
    }
    if (link_is_stream(link)) {
        tcp_send(cell, link, effect->send.channel, seq, bytes);
    } else {
        send_datagram(cell, peer, effect->send.channel, seq, bytes);
    }
}

/* Decide a datagram's fate and queue its copies. @bytes is taken. */
static void
send_datagram(Cell *cell, NodeId peer, Channel channel, uint64_t seq,
              Bytes *bytes)
{
    CellLink *way = &cell->links[peer];
    PartitionVerdict verdict =
        partition_check(cell->world->partition, cell->id, peer);
    Fact *fact;

    if (verdict == PARTITION_HELD) {
        CellHeld held = {peer, channel, seq, bytes};

        g_array_append_val(cell->held, held);
        fact = cell_fact(cell, FACT_HELD);
        fact->link = link_datagram(peer);
        fact->channel = channel;
        fact->message = (uint64_t)cell->id << 40 | seq;
        return;
    }
    fact = cell_fact(cell, FACT_SEND);
    fact->link = link_datagram(peer);
    fact->channel = channel;
    fact->message = (uint64_t)cell->id << 40 | seq;
    fact->bytes = slice_bytes(bytes);
    cell_scrap(cell, bytes);
    if (way->link == NULL) {
        fact->fate = (Fate){.drop = FATE_NO_LINK, .fragments = 1};
        return;
    }
    if (verdict == PARTITION_CUT) {
        link_refuse(way->link, FATE_PARTITION, &fact->fate);
        return;
    }
    link_send(way->link, cell->now, bytes->size, &way->streams, &fact->fate);
    for (unsigned copy = 0; copy < fact->fate.copy_count; copy++) {
        FateCopy *one = &fact->fate.copies[copy];
        Event event = {
            .kind = EVENT_DATAGRAM, .a = fact->message, .b = channel};

        one->at = MAX(one->at, cell->now + cell->world->scenario->floor);
        one->at = explored(cell, one->at, seq);
        if (one->corrupt && bytes->size > 0) {
            Bytes *damaged = bytes_copy(bytes->data, bytes->size);
            uint64_t bit = one->bit % (bytes->size * 8);

            damaged->data[bit / 8] ^= (uint8_t)(1u << bit % 8);
            event.data = damaged;
        } else {
            event.data = bytes_ref(bytes);
        }
        cell_emit(cell, peer, EVENT_CLASS_MESSAGE, one->at, seq, copy, &event);
    }
}

static void
set_timer(Cell *cell, TimerId id, SimTime mono, uint64_t seq)
{
    CellTimer *timer = NULL;
    unsigned slot;

    for (slot = 0; slot < cell->timers->len; slot++) {
        timer = &g_array_index(cell->timers, CellTimer, slot);
        if (timer->id == id) {
            break;
        }
    }
    if (slot == cell->timers->len) {
        CellTimer fresh = {.id = id, .queued_at = SIM_NEVER};

        g_array_append_val(cell->timers, fresh);
        timer = &g_array_index(cell->timers, CellTimer, slot);
    }
    timer->mono_at = mono;
    timer->seq = seq;
    if (mono == SIM_NEVER) {
        timer->at = SIM_NEVER;
        return;
    }
    timer->at = MAX(clock_when(&cell->clock, mono), cell->now + 1);
    if (timer->at != SIM_NEVER) {
        timer->at = explored(cell, timer->at, seq);
    }
    if (timer->at < timer->queued_at) {
        Event event = {.kind = EVENT_TIMER, .a = slot, .c = cell->incarnation};

        timer->queued_at = timer->at;
        cell_emit(cell, cell->id, EVENT_CLASS_TIMER, timer->at, seq, 0, &event);
    }
}

static void
change_disk(Cell *cell, const Effect *effect)
{
    const char *file = effect->disk.file;
    bool astray = false;
    Fact *fact;

    /* The carrier has judged the names: control_effect_wrong(). */
    if (cell->disk == NULL) {
        nonsense(cell, "changed a file without having a disk");
        return;
    }
    fact = cell_fact(cell, FACT_WRITE);
    fact->file = file;
    switch (effect->kind) {
    case EFFECT_WRITE:
        astray = disk_write(cell->disk, file, effect->disk.offset,
                            effect->parts, effect->part_count);
        fact->offset = effect->disk.offset;
        fact->size = effects_parts_size(effect);
        if (effect->part_count == 1) {
            fact->bytes = effect->parts[0];
        } else {
            uint8_t *gathered = effects_alloc(&cell->out->fx, fact->size);

            effects_parts_gather(effect, gathered);
            fact->bytes = slice_of(gathered, fact->size);
        }
        break;
    case EFFECT_TRUNCATE:
        fact->kind = FACT_TRUNCATE;
        fact->size = effect->disk.size;
        disk_truncate(cell->disk, file, effect->disk.size);
        break;
    case EFFECT_ALLOCATE:
        fact->kind = FACT_ALLOCATE;
        fact->size = effect->disk.size;
        disk_allocate(cell->disk, file, effect->disk.size);
        break;
    case EFFECT_RENAME:
        fact->kind = FACT_RENAME;
        fact->to = effect->disk.to;
        disk_rename(cell->disk, file, effect->disk.to);
        break;
    default:
        fact->kind = FACT_REMOVE;
        disk_remove(cell->disk, file);
        break;
    }
    if (astray) {
        cell_damaged(cell, FAULT_DISK_MISDIRECT);
    }
}

static void
sync_disk(Cell *cell, const Effect *effect, uint64_t seq)
{
    CellDiskOperation operation = {cell->next_disk_operation++,
                                   effect->sync.token};
    Event event = {.kind = EVENT_SYNCED,
                   .a = operation.id,
                   .b = operation.token,
                   .c = cell->incarnation};
    SimTime at;
    Fact *fact;

    if (cell->disk == NULL || token_pending(cell, operation.token)) {
        nonsense(cell, "issued sync token %" G_GUINT64_FORMAT " twice",
                 operation.token);
        return;
    }
    at = disk_sync(cell->disk, cell->now, operation.id, effect->parts,
                   effect->part_count);
    fact = cell_fact(cell, FACT_SYNC);
    fact->token = operation.token;
    fact->files = effect->parts;
    fact->file_count = effect->part_count;
    g_array_append_val(cell->syncs, operation);
    at = explored(cell, MAX(at, cell->now + 1), seq);
    cell_emit(cell, cell->id, EVENT_CLASS_DISK, at, seq, 0, &event);
}

static void
read_disk(Cell *cell, const Effect *effect, uint64_t seq)
{
    uint64_t id = cell->next_disk_operation++;
    Event event = {.kind = EVENT_READ,
                   .a = id,
                   .b = effect->disk.token,
                   .c = cell->incarnation};
    SimTime at;

    if (cell->disk == NULL) {
        nonsense(cell, "read a file without having a disk");
        return;
    }
    at = disk_read(cell->disk, cell->now, id, effect->disk.file,
                   effect->disk.offset, effect->disk.size);
    at = explored(cell, MAX(at, cell->now + 1), seq);
    cell_emit(cell, cell->id, EVENT_CLASS_DISK, at, seq, 0, &event);
}

static bool
token_pending(const Cell *cell, Token token)
{
    for (unsigned i = cell->syncs->len; i > 0; i--) {
        if (g_array_index(cell->syncs, CellDiskOperation, i - 1).token ==
            token) {
            return true;
        }
    }
    /* Its SYNC may itself wait for another token. */
    for (unsigned i = 0; i < cell->waiting->len; i++) {
        const Effect *effect =
            &g_array_index(cell->waiting, CellWaiting, i).effect;

        if (effect->kind == EFFECT_SYNC && effect->sync.token == token) {
            return true;
        }
    }
    return false;
}

static bool
token_failed(const Cell *cell, Token token)
{
    for (unsigned i = 0; i < cell->failed_tokens->len; i++) {
        if (g_array_index(cell->failed_tokens, Token, i) == token) {
            return true;
        }
    }
    return false;
}

/* Keep a copy of @effect until its token is durable. */
static void
wait_for(Cell *cell, const Effect *effect, uint64_t seq)
{
    CellWaiting waiting = {effect->after, seq,          *effect,
                           NULL,          {NULL, NULL}, NULL};
    size_t size = effects_parts_size(effect);
    uint8_t *out;

    if (effect->kind == EFFECT_WRITE || effect->kind == EFFECT_TRUNCATE ||
        effect->kind == EFFECT_ALLOCATE || effect->kind == EFFECT_RENAME ||
        effect->kind == EFFECT_REMOVE || effect->kind == EFFECT_READ) {
        waiting.names[0] = g_strdup(effect->disk.file);
        waiting.effect.disk.file = waiting.names[0];
        if (effect->kind == EFFECT_RENAME) {
            waiting.names[1] = g_strdup(effect->disk.to);
            waiting.effect.disk.to = waiting.names[1];
        }
    }
    waiting.bytes = bytes_new(size);
    out = waiting.bytes->data;
    effects_parts_gather(effect, out);
    waiting.parts = g_new0(Slice, MAX(effect->part_count, 1));
    if (effect->kind == EFFECT_SYNC) {
        for (unsigned i = 0; i < effect->part_count; i++) {
            waiting.parts[i] = slice_of(out, effect->parts[i].size);
            out += effect->parts[i].size;
        }
    } else {
        waiting.parts[0] = slice_bytes(waiting.bytes);
        waiting.effect.part_count = 1;
    }
    waiting.effect.parts = waiting.parts;
    g_array_append_val(cell->waiting, waiting);
}

/* @token is durable, or (not @ok) never will be. */
static void
release(Cell *cell, Token token, bool ok)
{
    unsigned first = cell->out->released->len;
    unsigned kept = 0;
    unsigned last;

    for (unsigned i = 0; i < cell->waiting->len; i++) {
        CellWaiting *one = &g_array_index(cell->waiting, CellWaiting, i);

        if (one->after == token) {
            g_array_append_val(cell->out->released, *one);
        } else {
            g_array_index(cell->waiting, CellWaiting, kept++) = *one;
        }
    }
    g_array_set_size(cell->waiting, kept);
    last = cell->out->released->len;
    for (unsigned i = first; ok && i < cell->out->released->len && cell->up;
         i++) {
        CellWaiting *one = &g_array_index(cell->out->released, CellWaiting, i);

        carry_out(cell, &one->effect, one->seq);
    }
    /* A SYNC that is dropped takes with it what waits for it. */
    for (unsigned i = first; !ok && i < last; i++) {
        Effect *effect =
            &g_array_index(cell->out->released, CellWaiting, i).effect;

        if (effect->kind == EFFECT_SYNC) {
            Token dropped = effect->sync.token;

            g_array_append_val(cell->failed_tokens, dropped);
            release(cell, dropped, false);
        }
    }
}

static void
waiting_clear(CellWaiting *waiting)
{
    bytes_unref(waiting->bytes);
    g_free(waiting->names[0]);
    g_free(waiting->names[1]);
    g_free(waiting->parts);
}

/* The program asked for what no node may ask: its own fault, like a crash. */
static void
nonsense(Cell *cell, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    g_vsnprintf(cell->death.text, sizeof(cell->death.text), format, arguments);
    va_end(arguments);
    cell->death.nonsense = true;
    die(cell);
}

/* The program is dead by its own fault, see cell->death, and will not be
 * started again. The machine lives: it resets the streams. */
static void
die(Cell *cell)
{
    cell->death.died = true;
    cell->failed = true;
    cell->out->record.death = &cell->death;
    end_process(cell);
}

/* The process ends, the machine and its page cache live. */
static void
end_process(Cell *cell)
{
    tcp_kill(cell);
    stop_program(cell);
    if (cell->disk != NULL) {
        disk_kill(cell->disk);
    }
}

/* The process is gone; the machine may live on. The carrier lets go of it at
 * the next start: what it just said may point into its memory. */
static void
stop_program(Cell *cell)
{
    Event *event;

    cell->up = false;
    cell->paused = false;
    cell->busy_until = 0;
    while ((event = g_queue_pop_head(cell->inbox)) != NULL) {
        cell_event_drop(event);
        g_free(event);
    }
    for (unsigned i = 0; i < cell->waiting->len; i++) {
        waiting_clear(&g_array_index(cell->waiting, CellWaiting, i));
    }
    g_array_set_size(cell->waiting, 0);
    g_array_set_size(cell->syncs, 0);
    g_array_set_size(cell->failed_tokens, 0);
    g_array_set_size(cell->timers, 0);
}

void
cell_crash(Cell *cell)
{
    Fact *fact = cell_fact(cell, FACT_CRASH);

    fact->text = "power loss";
    cell->powered = false;
    tcp_crash(cell);
    stop_program(cell);
    cell->carrier->ops->kill(cell->carrier);
    for (unsigned i = 0; i < cell->held->len; i++) {
        bytes_unref(g_array_index(cell->held, CellHeld, i).bytes);
    }
    g_array_set_size(cell->held, 0);
    if (cell->disk != NULL) {
        DiskLoss loss = {0};

        disk_crash(cell->disk, &loss);
        if (loss.bytes > 0 || loss.files > 0) {
            fact = cell_fact(cell, FACT_LOST);
            fact->size = loss.bytes;
            fact->value = loss.files;
        }
        if (loss.lied) {
            cell_damaged(cell, FAULT_DISK_LOST_SYNC);
        }
        if (cell->wipe) {
            cell->wipe = false;
            if (disk_wipe(cell->disk)) {
                cell_damaged(cell, FAULT_DISK_WIPE);
            }
        }
    }
}

void
cell_damaged(Cell *cell, FaultKind kind)
{
    Fact *fact = cell_fact(cell, FACT_DAMAGE);

    fact->fault_kind = kind;
    fact->text = fault_kind_name(kind);
}

void
cell_kill(Cell *cell)
{
    Fact *fact = cell_fact(cell, FACT_CRASH);

    fact->text = "kill";
    fact->value = 1;
    end_process(cell);
    cell->carrier->ops->kill(cell->carrier);
}

void
cell_restart(Cell *cell, SimTime at)
{
    Event event = {.kind = EVENT_START};

    cell_emit(cell, cell->id, EVENT_CLASS_START, at, cell_seq(cell), 0, &event);
}

void
cell_pause(Cell *cell, bool paused, SimTime at)
{
    if (!cell->up || cell->paused == paused) {
        return;
    }
    cell->paused = paused;
    cell_fact(cell, paused ? FACT_PAUSE : FACT_RESUME);
    if (!paused && cell->inbox->length > 0 && !cell->cpu_queued) {
        Event wake = {.kind = EVENT_CPU};

        cell->cpu_queued = true;
        cell_emit(cell, cell->id, EVENT_CLASS_TIMER, at + 1, cell_seq(cell), 0,
                  &wake);
    }
}

void
cell_memory(Cell *cell, uint64_t budget, SimTime at)
{
    Event event = {.kind = EVENT_MEMORY, .a = budget};

    cell_emit(cell, cell->id, EVENT_CLASS_LINK, at, cell_seq(cell), 0, &event);
}

void
cell_clock_changed(Cell *cell, SimTime at)
{
    for (unsigned i = 0; i < cell->timers->len; i++) {
        CellTimer *timer = &g_array_index(cell->timers, CellTimer, i);
        Event event = {.kind = EVENT_TIMER, .a = i, .c = cell->incarnation};

        if (timer->mono_at == SIM_NEVER) {
            continue;
        }
        cell->retimed_count++;
        timer->at = MAX(clock_when(&cell->clock, timer->mono_at), at + 1);
        if (timer->at < timer->queued_at) {
            timer->queued_at = timer->at;
            cell_emit(cell, cell->id, EVENT_CLASS_TIMER, timer->at, timer->seq,
                      0, &event);
        }
    }
}

void
cell_network_changed(Cell *cell, SimTime at)
{
    GArray *held = cell->held;

    cell->now = at;
    cell->held = g_array_new(FALSE, FALSE, sizeof(CellHeld));
    for (unsigned i = 0; i < held->len; i++) {
        CellHeld *one = &g_array_index(held, CellHeld, i);

        send_datagram(cell, one->peer, one->channel, one->seq, one->bytes);
    }
    g_array_free(held, TRUE);
    tcp_network_changed(cell, at);
}

void
cell_redraw(Cell *cell)
{
    const CellWorld *world = cell->world;
    uint64_t seed = world->seed ^ world->salt;

    cell->dice_key = streams_key(seed, "dice", cell->id, 0);
    for (unsigned peer = 0; peer <= world->host_count; peer++) {
        LinkStreams *streams = &cell->links[peer].streams;

        streams->delay = streams_make(seed, "link.delay", cell->id, peer);
        streams->loss = streams_make(seed, "link.loss", cell->id, peer);
        streams->duplicate =
            streams_make(seed, "link.duplicate", cell->id, peer);
        streams->corrupt = streams_make(seed, "link.corrupt", cell->id, peer);
        streams->reorder = streams_make(seed, "link.reorder", cell->id, peer);
    }
    if (cell->disk != NULL) {
        disk_redraw(cell->disk, streams_key(seed, "disk", cell->id, 0));
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

    if (facts->count == facts->capacity) {
        facts->capacity = MAX(2 * facts->capacity, 8);
        facts->items = g_renew(Fact, facts->items, facts->capacity);
    }
    fact = &facts->items[facts->count++];
    *fact = (Fact){.kind = kind, .node = cell->id};
    return fact;
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
cell_forget(Cell *cell)
{
    output_reset(cell->out);
}

CellOutput *
cell_output(Cell *cell)
{
    CellOutput *out = cell->out;

    output_own(out);
    cell->out =
        cell->spare->len > 0
            ? g_ptr_array_steal_index_fast(cell->spare, cell->spare->len - 1)
            : output_new();
    return out;
}

void
cell_output_return(Cell *cell, CellOutput *out)
{
    output_reset(out);
    g_ptr_array_add(cell->spare, out);
}

/* Copy what the output borrows from the node, which goes on and changes it. */
static void
output_own(CellOutput *out)
{
    unsigned count = out->fx.count;

    for (unsigned i = 0; i < count; i++) {
        Effect *effect = &out->fx.items[i];

        for (unsigned k = 0; k < effect->part_count; k++) {
            effect->parts[k] = own_slice(out, effect->parts[k]);
        }
        switch (effect->kind) {
        case EFFECT_RENAME:
            effect->disk.to = own_text(out, effect->disk.to);
            /* fall through */
        case EFFECT_WRITE:
        case EFFECT_TRUNCATE:
        case EFFECT_ALLOCATE:
        case EFFECT_REMOVE:
        case EFFECT_READ:
            effect->disk.file = own_text(out, effect->disk.file);
            break;
        default:
            break;
        }
    }
    for (unsigned i = 0; i < out->facts.count; i++) {
        Fact *fact = &out->facts.items[i];

        fact->file = fact->file != NULL ? own_text(out, fact->file) : NULL;
        fact->to = fact->to != NULL ? own_text(out, fact->to) : NULL;
        if (fact->kind == FACT_WRITE) {
            fact->bytes = own_slice(out, fact->bytes);
        }
    }
}

static Slice
own_slice(CellOutput *out, Slice slice)
{
    uint8_t *copy = effects_alloc(&out->fx, slice.size);

    if (slice.size > 0) {
        memcpy(copy, slice.data, slice.size);
    }
    return slice_of(copy, slice.size);
}

static const char *
own_text(CellOutput *out, const char *text)
{
    size_t size = strlen(text) + 1;

    return memcpy(effects_alloc(&out->fx, size), text, size);
}

static void
output_reset(CellOutput *out)
{
    for (unsigned i = 0; i < out->scrap_count; i++) {
        bytes_unref(out->scraps[i]);
    }
    out->scrap_count = 0;
    for (unsigned i = 0; i < out->released->len; i++) {
        waiting_clear(&g_array_index(out->released, CellWaiting, i));
    }
    if (out->released->len > 0) {
        g_array_set_size(out->released, 0);
    }
    out->facts.count = 0;
    effects_reset(&out->fx);
}

static CellOutput *
output_new(void)
{
    CellOutput *out = g_new0(CellOutput, 1);

    effects_init(&out->fx);
    out->released = g_array_new(FALSE, FALSE, sizeof(CellWaiting));
    return out;
}

static void
output_free(CellOutput *out)
{
    output_reset(out);
    effects_clear(&out->fx);
    g_free(out->files);
    g_free(out->facts.items);
    g_free(out->scraps);
    g_array_free(out->released, TRUE);
    g_free(out);
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
static SimTime
explored(Cell *cell, SimTime at, uint64_t seq)
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
    cell->out = output_new();
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
    stop_program(cell);
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
    output_free(cell->out);
    for (unsigned i = 0; i < cell->spare->len; i++) {
        output_free(cell->spare->pdata[i]);
    }
    g_ptr_array_free(cell->spare, TRUE);
    g_free(cell->links);
    g_free(cell->configs);
    g_free(cell->config);
    g_free(cell);
}

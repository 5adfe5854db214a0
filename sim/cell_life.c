/* SPDX-License-Identifier: Apache-2.0 */
/* What befalls a host: it loses power, its process is killed, stands still or
 * is at fault; its clock and its network change. */
#include "sim/cell_private.h"

#include "sim/streams.h"
#include "sim/tcp.h"

/* The program asked for what no node may ask: its own fault, like a crash. */
void
cell_nonsense(Cell *cell, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    g_vsnprintf(cell->death.text, sizeof(cell->death.text), format, arguments);
    va_end(arguments);
    cell->death.nonsense = true;
    cell_die(cell);
}

/* The program is dead by its own fault, see cell->death, and will not be
 * started again. The machine lives: it resets the streams. */
void
cell_die(Cell *cell)
{
    cell->death.died = true;
    cell->failed = true;
    cell->out->record.death = &cell->death;
    cell_end_process(cell);
}

/* The process ends, the machine and its page cache live. */
void
cell_end_process(Cell *cell)
{
    tcp_kill(cell);
    cell_stop_program(cell);
    if (cell->disk != NULL) {
        disk_kill(cell->disk);
    }
}

/* The process is gone; the machine may live on. The carrier lets go of it at
 * the next start: what it just said may point into its memory. */
void
cell_stop_program(Cell *cell)
{
    Event *event;

    cell->up = false;
    cell->paused = false;
    cell->busy_until = 0;
    while ((event = g_queue_pop_head(cell->inbox)) != NULL) {
        cell->undone_count +=
            event->kind == EVENT_DATAGRAM || event->kind == EVENT_CHUNK;
        cell_event_drop(event);
        g_free(event);
    }
    for (unsigned i = 0; i < cell->waiting->len; i++) {
        cell_effects_waiting_clear(
            &g_array_index(cell->waiting, CellWaiting, i));
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
    cell_stop_program(cell);
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
cell_kill(Cell *cell)
{
    Fact *fact = cell_fact(cell, FACT_CRASH);

    fact->text = "kill";
    fact->value = 1;
    cell_end_process(cell);
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
        SimTime before;

        if (timer->mono_at == SIM_NEVER) {
            continue;
        }
        before = timer->at;
        timer->at = MAX(clock_when(&cell->clock, timer->mono_at), at + 1);
        timer->retimed |= timer->at != before;
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

        cell_effects_datagram(cell, one->peer, one->channel, one->seq,
                              one->bytes);
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

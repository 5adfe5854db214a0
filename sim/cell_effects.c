/* SPDX-License-Identifier: Apache-2.0 */
/* Carrying out the effects of a step on clock, disk and network, at once or
 * when the token that they wait for is durable. The one place where anything
 * is queued, sent or written. */
#include "sim/cell_private.h"

#include <stdlib.h>
#include <string.h>

#include "sim/tcp.h"

static void carry_out(Cell *cell, Effect *effect, uint64_t seq);
static void send(Cell *cell, Effect *effect, uint64_t seq);
static Bytes *whole(Effect *effect, size_t size);
static void set_timer(Cell *cell, TimerId id, SimTime mono, uint64_t seq);
static void change_disk(Cell *cell, const Effect *effect);
static void sync_disk(Cell *cell, const Effect *effect, uint64_t seq);
static void read_disk(Cell *cell, const Effect *effect, uint64_t seq);
static bool token_pending(const Cell *cell, Token token);
static bool token_failed(const Cell *cell, Token token);
static void wait_for(Cell *cell, const Effect *effect, uint64_t seq);
static void release(Cell *cell, CellWaiting *waiting);

void
cell_effects_apply(Cell *cell)
{
    for (unsigned i = 0; i < cell->out->fx.count && cell->up; i++) {
        Effect *effect = &cell->out->fx.items[i];
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
carry_out(Cell *cell, Effect *effect, uint64_t seq)
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
            cell_nonsense(cell, "opened a stream to host %u of %u",
                          link_peer(effect->stream.link),
                          cell->world->host_count);
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
        cell_end_process(cell);
        break;
    case EFFECT_SPAWN:
    case EFFECT_SIGNAL:
        cell_nonsense(cell, "spawned a process: this world has none");
        break;
    case EFFECT_LOCAL:
        cell_nonsense(cell, "a LOCAL effect for channel %u left its member",
                      effect->local.to);
        break;
    case EFFECT_PROBE:
        break;
    default:
        cell_nonsense(cell, "effect of unknown kind %d", (int)effect->kind);
        break;
    }
}

static void
send(Cell *cell, Effect *effect, uint64_t seq)
{
    LinkId link = effect->send.link;
    NodeId peer = link_peer(link);
    size_t size = effects_parts_size(effect);
    Bytes *bytes;

    if (peer == 0 || peer > cell->world->host_count) {
        cell_nonsense(cell, "sent to host %u of %u", peer,
                      cell->world->host_count);
        return;
    }
    if (!link_is_stream(link) && size > DATAGRAM_MAX) {
        cell_nonsense(cell, "sent a datagram of %zu bytes, more than %u", size,
                      DATAGRAM_MAX);
        return;
    }
    bytes = whole(effect, size);
    if (link_is_stream(link)) {
        cell_scrap(cell, bytes_ref(bytes)); /* the stream may drop it now */
        tcp_send(cell, link, effect->send.channel, seq, bytes);
    } else {
        cell_effects_datagram(cell, peer, effect->send.channel, seq, bytes);
    }
}

/* What is sent, in one buffer; another reference for the caller. The effect
 * shows it from now on, so that it is hashed once for both ends. */
static Bytes *
whole(Effect *effect, size_t size)
{
    Bytes *bytes;

    if (effect->part_count == 1 && effect->parts[0].owner != NULL &&
        effect->parts[0].size == effect->parts[0].owner->size) {
        return bytes_ref(effect->parts[0].owner);
    }
    bytes = bytes_new(size);
    effects_parts_gather(effect, bytes->data);
    if (effect->part_count > 0) {
        effect->parts[0] = slice_bytes(bytes);
        effect->part_count = 1;
    }
    return bytes;
}

/* Decide a datagram's fate and queue its copies. @bytes is taken. */
void
cell_effects_datagram(Cell *cell, NodeId peer, Channel channel, uint64_t seq,
                      Bytes *bytes)
{
    CellLink *way = &cell->links[peer];
    PartitionVerdict verdict =
        partition_check(cell->world->partition, cell->id, peer);
    Fact *fact;

    if (verdict == PARTITION_HELD) {
        CellHeld held = {peer, channel, seq, bytes};

        cell_scrap(cell, bytes_ref(bytes)); /* a HALT forgets what is held */
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
        one->at = cell_explored(cell, one->at, seq);
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
    timer->retimed = false;
    if (mono == SIM_NEVER) {
        timer->at = SIM_NEVER;
        return;
    }
    timer->at = MAX(clock_when(&cell->clock, mono), cell->now + 1);
    if (G_UNLIKELY(cell->fault_drift != 0)) {
        /* By a nanosecond or more? */
        timer->retimed = (unsigned __int128)(timer->at - cell->now) *
                             (uint64_t)llabs(cell->fault_drift) >=
                         1000000000u;
    }
    if (timer->at != SIM_NEVER) {
        timer->at = cell_explored(cell, timer->at, seq);
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
        cell_nonsense(cell, "changed a file without having a disk");
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
        cell_nonsense(cell, "issued sync token %" G_GUINT64_FORMAT " twice",
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
    at = cell_explored(cell, MAX(at, cell->now + 1), seq);
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
        cell_nonsense(cell, "read a file without having a disk");
        return;
    }
    at = disk_read(cell->disk, cell->now, id, effect->disk.file,
                   effect->disk.offset, effect->disk.size);
    at = cell_explored(cell, MAX(at, cell->now + 1), seq);
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
    if (effect->kind == EFFECT_SYNC && effect->part_count > 0) {
        waiting.files = g_new0(Slice, effect->part_count);
        for (unsigned i = 0; i < effect->part_count; i++) {
            waiting.files[i] = slice_of(out, effect->parts[i].size);
            out += effect->parts[i].size;
        }
    }
    g_array_append_val(cell->waiting, waiting);
}

/* @token is durable, or (not @ok) never will be. */
void
cell_effects_release(Cell *cell, Token token, bool ok)
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

        release(cell, one);
    }
    /* A SYNC that is dropped takes with it what waits for it. */
    for (unsigned i = first; !ok && i < last; i++) {
        Effect *effect =
            &g_array_index(cell->out->released, CellWaiting, i).effect;

        if (effect->kind == EFFECT_SYNC) {
            Token dropped = effect->sync.token;

            g_array_append_val(cell->failed_tokens, dropped);
            cell_effects_release(cell, dropped, false);
        }
    }
}

static void
release(Cell *cell, CellWaiting *waiting)
{
    Effect *effect = &waiting->effect;
    Slice bytes = slice_bytes(waiting->bytes);

    effect->parts = waiting->files;
    if (effect->kind != EFFECT_SYNC) {
        effect->parts = &bytes;
        effect->part_count = 1;
    }
    carry_out(cell, effect, waiting->seq);
}

void
cell_effects_waiting_clear(CellWaiting *waiting)
{
    bytes_unref(waiting->bytes);
    g_free(waiting->names[0]);
    g_free(waiting->names[1]);
    g_free(waiting->files);
}

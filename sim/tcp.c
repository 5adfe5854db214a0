/* SPDX-License-Identifier: Apache-2.0 */
/* Streams: a queue of chunks per end, sent one after the other; the head is
 * sent again until it gets through. */
#include "sim/tcp.h"

#include <string.h>

/* One end of a connection. */
typedef struct StreamEnd {
    LinkId link;
    uint64_t instance;
    bool up;      /* handshake done: the program was told */
    bool closing; /* CLOSE was asked for; goes when the queue is empty */
    bool paused;
    bool finished; /* FIN got through: only here to discard what comes */
    bool retrying; /* the head waits for the retry event at retry_at */
    SimTime retry_at;
    SimTime retry_ns;
    SimTime failing_since; /* the head has not got through since then */
    SimTime last_arrival;  /* of what was sent last: order is kept */
    GQueue *unsent;        /* Chunk, in order */
    GQueue *unread;        /* Chunk: arrived while paused */
    uint64_t unsent_bytes;
    /* What got through and is acknowledged at a known time. */
    GQueue *unacked; /* Unacked */
    uint64_t unacked_bytes;
    bool room_queued;
} StreamEnd;

typedef struct Unacked {
    SimTime at;
    uint64_t size;
} Unacked;

static bool find(const Cell *cell, LinkId link, unsigned *position);
static StreamEnd *lookup(const Cell *cell, LinkId link, uint64_t instance);
static StreamEnd *add(Cell *cell, LinkId link, uint64_t instance);
static void drop(Cell *cell, StreamEnd *end);
static void end_free(StreamEnd *end);
static void queue_chunk(Cell *cell, StreamEnd *end, ChunkKind kind,
                        Channel channel, uint64_t seq, Bytes *bytes);
static void push_out(Cell *cell, StreamEnd *end);
static bool send_chunk(Cell *cell, StreamEnd *end, Chunk *chunk,
                       SimTime *arrival);
static void accept(Cell *cell, Chunk *chunk);
static void answer_reset(Cell *cell, NodeId peer, LinkId far_link,
                         uint64_t instance);
static bool send_reset(Cell *cell, NodeId peer, LinkId far_link,
                       uint64_t instance);
static void emit_reset(Cell *cell, NodeId peer, SimTime at, LinkId far_link,
                       uint64_t instance);
static void account(Cell *cell, StreamEnd *end, uint64_t size, SimTime at);
static void settle(Cell *cell, StreamEnd *end);
static void read_chunk(Cell *cell, StreamEnd *end, Chunk *chunk);
static void lost_peer(Cell *cell, const Event *event);

void
tcp_open(Cell *cell, LinkId link, uint64_t seq)
{
    unsigned position;

    if (find(cell, link, &position)) {
        StreamEnd *end = cell->streams->pdata[position];

        if (!end->finished) {
            return; /* it is open: the program is told once */
        }
        drop(cell, end);
    }
    queue_chunk(cell, add(cell, link, seq), CHUNK_SYN, link_channel(link), seq,
                NULL);
}

void
tcp_send(Cell *cell, LinkId link, Channel channel, uint64_t seq, Bytes *bytes)
{
    unsigned position;
    StreamEnd *end;

    if (!find(cell, link, &position)) {
        bytes_unref(bytes); /* reset in the meantime: as on a socket */
        return;
    }
    end = cell->streams->pdata[position];
    if (end->closing) {
        bytes_unref(bytes);
        return;
    }
    queue_chunk(cell, end, CHUNK_DATA, channel, seq, bytes);
}

void
tcp_close(Cell *cell, LinkId link, uint64_t seq)
{
    unsigned position;
    StreamEnd *end;

    if (!find(cell, link, &position)) {
        return;
    }
    end = cell->streams->pdata[position];
    if (!end->closing) {
        end->closing = true;
        queue_chunk(cell, end, CHUNK_FIN, link_channel(link), seq, NULL);
    }
}

void
tcp_pause(Cell *cell, LinkId link, bool paused)
{
    unsigned position;
    StreamEnd *end;

    if (!find(cell, link, &position)) {
        return;
    }
    end = cell->streams->pdata[position];
    end->paused = paused;
    if (!paused && end->unread->length > 0) {
        Event event = {
            .kind = EVENT_STREAM_ROOM, .a = link, .b = end->instance};

        /* The bytes that waited come in an event of their own. */
        cell_emit(cell, cell->id, EVENT_CLASS_LINK, cell->now + 1,
                  cell_seq(cell), 0, &event);
    }
}

bool
tcp_chunk(Cell *cell, const Event *event)
{
    Chunk *chunk = event->data;
    NodeId peer = link_peer(chunk->link);
    StreamEnd *end;

    if (!cell->up) {
        lost_peer(cell, event);
        tcp_chunk_free(chunk);
        return true;
    }
    end = lookup(cell, chunk->link, chunk->instance);
    if (end == NULL && chunk->kind == CHUNK_SYN) {
        accept(cell, chunk);
        return true;
    }
    if (end == NULL) {
        if (chunk->kind != CHUNK_FIN) {
            answer_reset(cell, peer, link_far_end(chunk->link, cell->id),
                         chunk->instance);
        }
        tcp_chunk_free(chunk);
        return true;
    }
    if (end->paused || end->unread->length > 0) {
        g_queue_push_tail(end->unread, chunk);
        return false;
    }
    read_chunk(cell, end, chunk);
    return true;
}

/* A peer opens a stream. @chunk is taken. */
static void
accept(Cell *cell, Chunk *chunk)
{
    unsigned position;
    StreamEnd *end;

    if (find(cell, chunk->link, &position)) {
        bool told;

        end = cell->streams->pdata[position];
        if (chunk->instance < end->instance) {
            tcp_chunk_free(chunk); /* overtaken by one that came after it */
            return;
        }
        /* The peer opened anew what this end still holds: it had forgotten
         * the old connection. The program hears of its end first. */
        told = !end->closing;
        drop(cell, end);
        if (told) {
            Event again = {.kind = EVENT_CHUNK, .data = chunk};
            LinkId link = chunk->link;

            cell_emit(cell, cell->id, EVENT_CLASS_LINK, cell->now + 1,
                      cell_seq(cell), 0, &again);
            cell_input_link(cell, link, LINK_RESET);
            return;
        }
    }
    end = add(cell, chunk->link, chunk->instance);
    end->up = true;
    queue_chunk(cell, end, CHUNK_SYN_ACK, chunk->channel, cell_seq(cell), NULL);
    tcp_chunk_free(chunk);
    cell_input_link(cell, end->link, LINK_UP);
}

/* Tell the program what arrived; after its CLOSE it hears nothing more.
 * @chunk is taken. */
static void
read_chunk(Cell *cell, StreamEnd *end, Chunk *chunk)
{
    LinkId link = end->link;

    if (end->closing) {
        if (chunk->kind == CHUNK_FIN) {
            drop(cell, end);
        }
        tcp_chunk_free(chunk);
        return;
    }
    switch (chunk->kind) {
    case CHUNK_SYN_ACK:
        end->up = true;
        tcp_chunk_free(chunk);
        cell_input_link(cell, link, LINK_UP);
        break;
    case CHUNK_DATA:
        cell_scrap(cell, bytes_ref(chunk->bytes));
        cell->out->input = (Input){.kind = INPUT_MESSAGE};
        cell->out->input.message.link = link;
        cell->out->input.message.channel = chunk->channel;
        cell->out->input.message.bytes = slice_bytes(chunk->bytes);
        cell->out->record.message = chunk->message;
        cell->out->record.peer = link_peer(link);
        tcp_chunk_free(chunk);
        cell_step(cell);
        break;
    case CHUNK_FIN:
        tcp_chunk_free(chunk);
        drop(cell, end);
        cell_input_link(cell, link, LINK_DOWN);
        break;
    default:
        tcp_chunk_free(chunk); /* a SYN seen twice */
        break;
    }
}

bool
tcp_reset(Cell *cell, const Event *event)
{
    StreamEnd *end = cell->up ? lookup(cell, event->a, event->b) : NULL;
    bool told;

    if (end == NULL) {
        return false;
    }
    told = !end->closing;
    drop(cell, end);
    if (told) {
        cell_input_link(cell, event->a, LINK_RESET);
    }
    return told;
}

/* Room in the send buffer, or bytes that waited for PAUSE to end. */
bool
tcp_room(Cell *cell, const Event *event)
{
    StreamEnd *end = cell->up ? lookup(cell, event->a, event->b) : NULL;

    if (end == NULL) {
        return false;
    }
    if (end->unread->length > 0 && !end->paused) {
        Chunk *chunk = g_queue_pop_head(end->unread);

        if (end->unread->length > 0) {
            Event again = *event;

            cell_emit(cell, cell->id, EVENT_CLASS_LINK, cell->now + 1,
                      cell_seq(cell), 0, &again);
        }
        read_chunk(cell, end, chunk);
        return true;
    }
    settle(cell, end);
    if (end->room_queued && !end->closing &&
        end->unsent_bytes + end->unacked_bytes <=
            cell->world->scenario->stream_buffer / 2) {
        end->room_queued = false;
        cell->out->input = (Input){.kind = INPUT_ROOM};
        cell->out->input.room.link = end->link;
        cell_step(cell);
        return true;
    }
    return false;
}

void
tcp_retry(Cell *cell, LinkId link, uint64_t instance)
{
    StreamEnd *end = cell->up ? lookup(cell, link, instance) : NULL;

    if (end != NULL && end->finished) {
        drop(cell, end);
        return;
    }
    if (end == NULL || !end->retrying || end->retry_at != cell->now) {
        return;
    }
    if (cell->now - end->failing_since >= cell->world->scenario->stream_reset) {
        /* The program is told in an event of its own: its CPU may be busy. */
        emit_reset(cell, cell->id, cell->now + 1, link, instance);
        return;
    }
    end->retrying = false;
    push_out(cell, end);
}

/* A chunk reached a machine whose process is down. With power, its kernel
 * says so; without, the sender finds out when the machine is back or when its
 * patience ends. */
static void
lost_peer(Cell *cell, const Event *event)
{
    const Chunk *chunk = event->data;
    LinkId far_link = link_far_end(chunk->link, cell->id);
    Event dead = {.kind = EVENT_STREAM_DEAD,
                  .data = GUINT_TO_POINTER(link_peer(chunk->link)),
                  .a = far_link,
                  .b = chunk->instance,
                  .c = 1};
    Fact *fact = cell_fact(cell, FACT_DROP);

    fact->message = chunk->message;
    fact->link = chunk->link;
    fact->channel = chunk->channel;
    fact->text = "node down";
    if (chunk->bytes != NULL) {
        fact->bytes = slice_bytes(chunk->bytes);
        cell_scrap(cell, bytes_ref(chunk->bytes));
    }
    if (cell->powered) {
        answer_reset(cell, link_peer(chunk->link), far_link, chunk->instance);
        return;
    }
    cell_emit(cell, cell->id, EVENT_CLASS_LINK,
              cell->now + cell->world->scenario->stream_retry, cell_seq(cell),
              0, &dead);
}

void
tcp_dead(Cell *cell, const Event *event)
{
    const Scenario *scenario = cell->world->scenario;
    Event again = *event;
    /* After n tries retry * (2^n - 1) have passed. */
    SimTime wait = scenario->stream_retry << MIN(event->c, 30);
    NodeId peer = GPOINTER_TO_UINT(event->data);

    if (cell->powered && send_reset(cell, peer, event->a, event->b)) {
        return;
    }
    if (wait >= scenario->stream_reset) {
        /* The sender gives up by itself: no packet tells it. */
        emit_reset(cell, peer,
                   cell->now + MAX(scenario->floor, cell->configs[peer].delay),
                   event->a, event->b);
        return;
    }
    again.c++;
    cell_emit(cell, cell->id, EVENT_CLASS_LINK, cell->now + wait,
              cell_seq(cell), 0, &again);
}

/* @seq is of the emission; @bytes is taken. */
static void
queue_chunk(Cell *cell, StreamEnd *end, ChunkKind kind, Channel channel,
            uint64_t seq, Bytes *bytes)
{
    Chunk *chunk = g_new0(Chunk, 1);

    chunk->kind = kind;
    chunk->channel = channel;
    chunk->link = link_far_end(end->link, cell->id);
    chunk->instance = end->instance;
    chunk->message = (uint64_t)cell->id << 40 | seq;
    chunk->seq = seq;
    chunk->bytes = bytes;
    end->unsent_bytes += bytes != NULL ? bytes->size : 0;
    g_queue_push_tail(end->unsent, chunk);
    if (!end->retrying) {
        push_out(cell, end);
    }
}

/* Send what is queued, until something does not get through. The handshake
 * comes first: before SYN-ACK nothing but SYN leaves the opener. */
static void
push_out(Cell *cell, StreamEnd *end)
{
    const Scenario *scenario = cell->world->scenario;
    Chunk *chunk;

    while ((chunk = g_queue_peek_head(end->unsent)) != NULL) {
        NodeId peer = link_peer(end->link);
        SimTime arrival;
        Event event;
        uint64_t size = chunk->bytes != NULL ? chunk->bytes->size : 0;
        uint64_t seq = chunk->seq;
        bool last = chunk->kind == CHUNK_FIN;

        if (!send_chunk(cell, end, chunk, &arrival)) {
            Event retry = {
                .kind = EVENT_STREAM_RETRY, .a = end->link, .b = end->instance};

            if (end->retry_ns == 0) {
                end->failing_since = cell->now;
                end->retry_ns = scenario->stream_retry;
            }
            end->retrying = true;
            end->retry_at = cell->now + end->retry_ns;
            cell_emit(cell, cell->id, EVENT_CLASS_LINK, end->retry_at,
                      cell_seq(cell), 0, &retry);
            end->retry_ns = MIN(end->retry_ns * 2, scenario->stream_reset);
            return;
        }
        end->retry_ns = 0;
        g_queue_pop_head(end->unsent);
        end->unsent_bytes -= size;
        if (size > 0) {
            account(cell, end, size, arrival + (arrival - cell->now));
        }
        event = (Event){.kind = EVENT_CHUNK, .data = chunk};
        cell_emit(cell, peer, EVENT_CLASS_MESSAGE, arrival, seq, 0, &event);
        if (last) {
            /* Nothing more is said or heard. Until the far end knows, what it
             * sends must not be answered by a reset, which could overtake the
             * bytes in flight. */
            Event gone = {
                .kind = EVENT_STREAM_RETRY, .a = end->link, .b = end->instance};

            end->finished = true;
            cell_emit(cell, cell->id, EVENT_CLASS_LINK,
                      arrival + (arrival - cell->now), seq, 0, &gone);
            return;
        }
    }
}

/* One attempt. Control and every segment of the data are judged as one packet:
 * the link model counts fragments. */
static bool
send_chunk(Cell *cell, StreamEnd *end, Chunk *chunk, SimTime *arrival)
{
    NodeId peer = link_peer(end->link);
    CellLink *way = &cell->links[peer];
    size_t size = chunk->bytes != NULL ? chunk->bytes->size : 40;
    PartitionVerdict verdict =
        partition_check(cell->world->partition, cell->id, peer);
    Fact *fact = cell_fact(cell, FACT_SEND);

    fact->link = end->link;
    fact->channel = chunk->channel;
    fact->message = chunk->message;
    fact->value = chunk->kind;
    if (chunk->bytes != NULL) {
        fact->bytes = slice_bytes(chunk->bytes);
        cell_scrap(cell, bytes_ref(chunk->bytes));
    }
    if (way->link == NULL) {
        fact->fate = (Fate){.drop = FATE_NO_LINK, .fragments = 1};
        return false;
    }
    if (verdict != PARTITION_OPEN) {
        link_refuse(way->link, FATE_PARTITION, &fact->fate);
        return false;
    }
    link_send(way->link, cell->now, size, &way->streams, &fact->fate);
    if (fact->fate.copy_count > 1) {
        fact->fate.copy_count = 1; /* TCP discards the duplicate */
    }
    if (fact->fate.copy_count == 1 && fact->fate.copies[0].corrupt) {
        fact->fate.copy_count = 0; /* a wrong checksum is a lost segment */
        fact->fate.drop = FATE_LOSS;
    }
    if (fact->fate.copy_count == 0) {
        return false;
    }
    *arrival =
        MAX(fact->fate.copies[0].at, cell->now + cell->world->scenario->floor);
    *arrival = MAX(*arrival, end->last_arrival + 1);
    end->last_arrival = *arrival;
    fact->fate.copies[0].at = *arrival;
    return true;
}

/* A reset that is lost is said again when the sender, which got no answer,
 * tries again. */
static void
answer_reset(Cell *cell, NodeId peer, LinkId far_link, uint64_t instance)
{
    Event again = {.kind = EVENT_STREAM_DEAD,
                   .data = GUINT_TO_POINTER(peer),
                   .a = far_link,
                   .b = instance,
                   .c = 1};

    if (!send_reset(cell, peer, far_link, instance)) {
        cell_emit(cell, cell->id, EVENT_CLASS_LINK,
                  cell->now + cell->world->scenario->stream_retry,
                  cell_seq(cell), 0, &again);
    }
}

/* One attempt: a reset is one packet. False when it was lost. */
static bool
send_reset(Cell *cell, NodeId peer, LinkId far_link, uint64_t instance)
{
    CellLink *way = &cell->links[peer];
    SimTime at;
    Fate fate;

    if (way->link == NULL) {
        return true; /* nobody there can wait for it */
    }
    if (partition_check(cell->world->partition, cell->id, peer) !=
        PARTITION_OPEN) {
        link_refuse(way->link, FATE_PARTITION, &fate);
        return false;
    }
    link_send(way->link, cell->now, 40, &way->streams, &fate);
    if (fate.copy_count == 0) {
        return false;
    }
    at = MAX(fate.copies[0].at, cell->now + cell->world->scenario->floor);
    emit_reset(cell, peer, at, far_link, instance);
    return true;
}

static void
emit_reset(Cell *cell, NodeId peer, SimTime at, LinkId far_link,
           uint64_t instance)
{
    Event event = {.kind = EVENT_STREAM_RESET, .a = far_link, .b = instance};

    cell_emit(cell, peer, EVENT_CLASS_LINK, at, cell_seq(cell), 0, &event);
}

/* @size bytes are in flight until @at. Only a buffer over its half costs an
 * event: the program is told when there is room again. */
static void
account(Cell *cell, StreamEnd *end, uint64_t size, SimTime at)
{
    Unacked *unacked;
    uint64_t half = cell->world->scenario->stream_buffer / 2;

    settle(cell, end);
    unacked = g_new(Unacked, 1);
    *unacked = (Unacked){at, size};
    g_queue_push_tail(end->unacked, unacked);
    end->unacked_bytes += size;
    if (end->unsent_bytes + end->unacked_bytes > half) {
        Event event = {
            .kind = EVENT_STREAM_ROOM, .a = end->link, .b = end->instance};

        end->room_queued = true;
        cell_emit(cell, cell->id, EVENT_CLASS_LINK, at, cell_seq(cell), 0,
                  &event);
    }
}

static void
settle(Cell *cell, StreamEnd *end)
{
    Unacked *unacked;

    while ((unacked = g_queue_peek_head(end->unacked)) != NULL &&
           unacked->at <= cell->now) {
        end->unacked_bytes -= unacked->size;
        g_free(g_queue_pop_head(end->unacked));
    }
}

void
tcp_kill(Cell *cell)
{
    for (unsigned i = 0; i < cell->streams->len; i++) {
        StreamEnd *end = cell->streams->pdata[i];

        if (!end->finished) {
            answer_reset(cell, link_peer(end->link),
                         link_far_end(end->link, cell->id), end->instance);
        }
    }
    tcp_crash(cell);
}

void
tcp_crash(Cell *cell)
{
    while (cell->streams->len > 0) {
        drop(cell, cell->streams->pdata[cell->streams->len - 1]);
    }
}

/* Streams whose way is open again try at once: TCP would at its next
 * time-out, which a heal must not have to wait for when chunks were held. */
void
tcp_network_changed(Cell *cell, SimTime at)
{
    for (unsigned i = 0; i < cell->streams->len; i++) {
        StreamEnd *end = cell->streams->pdata[i];
        Event retry = {
            .kind = EVENT_STREAM_RETRY, .a = end->link, .b = end->instance};

        if (end->retrying && cell->up &&
            partition_check(cell->world->partition, cell->id,
                            link_peer(end->link)) == PARTITION_OPEN) {
            SimTime soon = at + cell->world->scenario->stream_retry;

            end->retry_ns = cell->world->scenario->stream_retry;
            if (soon < end->retry_at) {
                end->retry_at = soon;
                cell_emit(cell, cell->id, EVENT_CLASS_LINK, soon,
                          cell_seq(cell), 0, &retry);
            }
        }
    }
}

/* Binary search in cell->streams, which is sorted by link. */
static bool
find(const Cell *cell, LinkId link, unsigned *position)
{
    unsigned low = 0;
    unsigned high = cell->streams->len;

    while (low < high) {
        unsigned middle = low + (high - low) / 2;
        const StreamEnd *end = cell->streams->pdata[middle];

        if (end->link < link) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    *position = low;
    return low < cell->streams->len &&
           ((StreamEnd *)cell->streams->pdata[low])->link == link;
}

static StreamEnd *
lookup(const Cell *cell, LinkId link, uint64_t instance)
{
    unsigned position;
    StreamEnd *end;

    if (!find(cell, link, &position)) {
        return NULL;
    }
    end = cell->streams->pdata[position];
    return end->instance == instance ? end : NULL;
}

static StreamEnd *
add(Cell *cell, LinkId link, uint64_t instance)
{
    StreamEnd *end = g_new0(StreamEnd, 1);
    unsigned position;
    bool found = find(cell, link, &position);

    g_assert(!found);
    end->link = link;
    end->instance = instance;
    end->unsent = g_queue_new();
    end->unread = g_queue_new();
    end->unacked = g_queue_new();
    g_ptr_array_insert(cell->streams, (int)position, end);
    return end;
}

static void
drop(Cell *cell, StreamEnd *end)
{
    unsigned position;
    bool found = find(cell, end->link, &position);

    g_assert(found);
    g_ptr_array_remove_index(cell->streams, position);
    end_free(end);
}

static void
end_free(StreamEnd *end)
{
    g_queue_free_full(end->unsent, (GDestroyNotify)tcp_chunk_free);
    g_queue_free_full(end->unread, (GDestroyNotify)tcp_chunk_free);
    g_queue_free_full(end->unacked, g_free);
    g_free(end);
}

void
tcp_chunk_free(Chunk *chunk)
{
    bytes_unref(chunk->bytes);
    g_free(chunk);
}

void
tcp_free(Cell *cell)
{
    tcp_crash(cell);
    g_ptr_array_free(cell->streams, TRUE);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* The sending half of a stream: a queue of chunks, sent one after the other;
 * the head is sent again until it gets through, and the program is told when
 * its buffer has room. */
#include "sim/tcp.h"
#include "sim/tcp_private.h"

static void push_out(Cell *cell, StreamEnd *end);
static bool send_chunk(Cell *cell, StreamEnd *end, Chunk *chunk,
                       SimTime *arrival);
static void account(Cell *cell, StreamEnd *end, uint64_t size, SimTime at);
static void settle(Cell *cell, StreamEnd *end);

/* @seq is of the emission; @bytes is taken. */
void
tcp_queue_chunk(Cell *cell, StreamEnd *end, ChunkKind kind, Channel channel,
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
    if (end->unsent_bytes + end->unacked_bytes >
        cell->world->scenario->stream_buffer / 2) {
        end->room_queued = true;
    }
    if (!end->retrying) {
        push_out(cell, end);
    }
}

/* Send what is queued, until something does not get through or the far end
 * reads no more. */
static void
push_out(Cell *cell, StreamEnd *end)
{
    const Scenario *scenario = cell->world->scenario;
    Chunk *chunk;

    while (!end->held && (chunk = g_queue_peek_head(end->unsent)) != NULL) {
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

/* @size bytes are in flight until @at. Only a buffer over its half costs an
 * event: the program is told when there is room again. */
static void
account(Cell *cell, StreamEnd *end, uint64_t size, SimTime at)
{
    Unacked unacked = {at, size};
    uint64_t half = cell->world->scenario->stream_buffer / 2;

    settle(cell, end);
    g_array_append_val(end->unacked, unacked);
    end->unacked_bytes += size;
    if (end->unsent_bytes + end->unacked_bytes > half) {
        Event event = {
            .kind = EVENT_STREAM_ROOM, .a = end->link, .b = end->instance};

        cell_emit(cell, cell->id, EVENT_CLASS_LINK, at, cell_seq(cell), 0,
                  &event);
    }
}

static void
settle(Cell *cell, StreamEnd *end)
{
    const Unacked *unacked = (const void *)end->unacked->data;
    unsigned first = end->unacked_first;

    while (first < end->unacked->len && unacked[first].at <= cell->now) {
        end->unacked_bytes -= unacked[first++].size;
    }
    if (first > 0 && first >= end->unacked->len / 2) {
        g_array_remove_range(end->unacked, 0, first);
        first = 0;
    }
    end->unacked_first = first;
}

/* Room in the send buffer, or bytes that waited for PAUSE to end. */
bool
tcp_room(Cell *cell, const Event *event)
{
    StreamEnd *end = cell->up ? tcp_lookup(cell, event->a, event->b) : NULL;

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
        tcp_read_chunk(cell, end, chunk);
        return true;
    }
    settle(cell, end);
    if (end->room_queued && !end->closing &&
        end->unsent_bytes + end->unacked_bytes <=
            cell->world->scenario->stream_buffer / 2) {
        end->room_queued = false;
        cell->out->input.kind = INPUT_ROOM;
        cell->out->input.room.link = end->link;
        cell_step(cell);
        return true;
    }
    return false;
}

void
tcp_retry(Cell *cell, LinkId link, uint64_t instance)
{
    StreamEnd *end = cell->up ? tcp_lookup(cell, link, instance) : NULL;

    if (end != NULL && end->finished) {
        tcp_drop(cell, end);
        return;
    }
    if (end == NULL || !end->retrying || end->retry_at != cell->now) {
        return;
    }
    if (cell->now - end->failing_since >= cell->world->scenario->stream_reset) {
        /* The program is told in an event of its own: its CPU may be busy. */
        tcp_emit_reset(cell, cell->id, cell->now + 1, link, instance);
        return;
    }
    end->retrying = false;
    push_out(cell, end);
}

/* The far end's program reads no more (PAUSE), or goes on: TCP's window closes
 * when nobody empties the receive buffer. Like an acknowledgement it is no
 * packet of its own and is not lost. */
void
tcp_window(Cell *cell, const Event *event)
{
    StreamEnd *end = cell->up ? tcp_lookup(cell, event->a, event->b) : NULL;

    if (end == NULL || end->finished || event->c >> 1 <= end->window_seen) {
        return;
    }
    end->window_seen = event->c >> 1;
    end->held = (event->c & 1) != 0;
    if (!end->held && !end->retrying) {
        end->retry_ns = 0;
        push_out(cell, end);
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

/* SPDX-License-Identifier: Apache-2.0 */
/* Streams: who is connected to whom, what arrives, and how it ends. What is
 * sent is in tcp_send.c. */
#include "sim/tcp.h"

#include "sim/tcp_private.h"

static bool find(const Cell *cell, LinkId link, unsigned *position);
static StreamEnd *add(Cell *cell, LinkId link, uint64_t instance);
static void end_free(StreamEnd *end);
static void accept(Cell *cell, Chunk *chunk);
static void answer_reset(Cell *cell, NodeId peer, LinkId far_link,
                         uint64_t instance);
static bool send_reset(Cell *cell, NodeId peer, LinkId far_link,
                       uint64_t instance);
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
        tcp_drop(cell, end);
    }
    tcp_queue_chunk(cell, add(cell, link, seq), CHUNK_SYN, link_channel(link),
                    seq, NULL);
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
    tcp_queue_chunk(cell, end, CHUNK_DATA, channel, seq, bytes);
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
        tcp_queue_chunk(cell, end, CHUNK_FIN, link_channel(link), seq, NULL);
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
    if (end->paused != paused) {
        Event window = {.kind = EVENT_STREAM_WINDOW,
                        .a = link_far_end(link, cell->id),
                        .b = end->instance,
                        .c = ++end->window_told << 1 | paused};
        NodeId peer = link_peer(link);

        /* What is in flight still comes, and is held here. */
        cell_emit(cell, peer, EVENT_CLASS_LINK,
                  cell->now + MAX(cell->world->scenario->floor,
                                  cell->configs[peer].delay),
                  cell_seq(cell), 0, &window);
    }
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
    end = tcp_lookup(cell, chunk->link, chunk->instance);
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
    tcp_read_chunk(cell, end, chunk);
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
        tcp_drop(cell, end);
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
    tcp_queue_chunk(cell, end, CHUNK_SYN_ACK, chunk->channel, cell_seq(cell),
                    NULL);
    tcp_chunk_free(chunk);
    cell_input_link(cell, end->link, LINK_UP);
}

/* Tell the program what arrived; after its CLOSE it hears nothing more.
 * @chunk is taken. */
void
tcp_read_chunk(Cell *cell, StreamEnd *end, Chunk *chunk)
{
    LinkId link = end->link;

    if (end->closing) {
        if (chunk->kind == CHUNK_FIN) {
            tcp_drop(cell, end);
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
        cell->out->input.kind = INPUT_MESSAGE;
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
        tcp_drop(cell, end);
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
    StreamEnd *end = cell->up ? tcp_lookup(cell, event->a, event->b) : NULL;
    bool told;

    if (end == NULL) {
        return false;
    }
    told = !end->closing;
    tcp_drop(cell, end);
    if (told) {
        cell_input_link(cell, event->a, LINK_RESET);
    }
    return told;
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
        tcp_emit_reset(cell, peer,
                       cell->now +
                           MAX(scenario->floor, cell->configs[peer].delay),
                       event->a, event->b);
        return;
    }
    again.c++;
    cell_emit(cell, cell->id, EVENT_CLASS_LINK, cell->now + wait,
              cell_seq(cell), 0, &again);
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
    tcp_emit_reset(cell, peer, at, far_link, instance);
    return true;
}

void
tcp_emit_reset(Cell *cell, NodeId peer, SimTime at, LinkId far_link,
               uint64_t instance)
{
    Event event = {.kind = EVENT_STREAM_RESET, .a = far_link, .b = instance};

    cell_emit(cell, peer, EVENT_CLASS_LINK, at, cell_seq(cell), 0, &event);
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
        tcp_drop(cell, cell->streams->pdata[cell->streams->len - 1]);
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

StreamEnd *
tcp_lookup(const Cell *cell, LinkId link, uint64_t instance)
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
    end->unacked = g_array_new(FALSE, FALSE, sizeof(Unacked));
    g_ptr_array_insert(cell->streams, (int)position, end);
    return end;
}

void
tcp_drop(Cell *cell, StreamEnd *end)
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
    g_array_free(end->unacked, TRUE);
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

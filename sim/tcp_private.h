/* SPDX-License-Identifier: Apache-2.0 */
/* One end of a stream, as the two halves of tcp.c see it. */
#ifndef SEEDBED_TCP_PRIVATE_H
#define SEEDBED_TCP_PRIVATE_H

#include "sim/tcp.h"

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
    GArray *unacked;        /* Unacked, in order, */
    unsigned unacked_first; /* from this one on */
    uint64_t unacked_bytes;
    bool room_queued; /* over its half: the program waits for ROOM */
    /* The far end reads nothing: its window is closed. @window_told and
     * @window_seen count what was said of it, for words overtake another. */
    bool held;
    uint64_t window_told, window_seen;
} StreamEnd;

typedef struct Unacked {
    SimTime at;
    uint64_t size;
} Unacked;

/* tcp_send.c. @seq is of the emission; @bytes is taken. */
void tcp_queue_chunk(Cell *cell, StreamEnd *end, ChunkKind kind,
                     Channel channel, uint64_t seq, Bytes *bytes);

/* tcp.c. NULL when there is none, or another connection. */
StreamEnd *tcp_lookup(const Cell *cell, LinkId link, uint64_t instance);
void tcp_drop(Cell *cell, StreamEnd *end);
void tcp_emit_reset(Cell *cell, NodeId peer, SimTime at, LinkId far_link,
                    uint64_t instance);
/* Tell the program what arrived. @chunk is taken. */
void tcp_read_chunk(Cell *cell, StreamEnd *end, Chunk *chunk);

#endif

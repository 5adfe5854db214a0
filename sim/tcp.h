/* SPDX-License-Identifier: Apache-2.0 */
/* Streams between hosts: what a program sees of TCP, at the granularity of
 * what it sent at once. A stream never loses or reorders a byte: it stalls
 * while the network loses its chunks (retransmission after a time-out that
 * doubles, RFC 6298) and is reset when that lasts longer than
 * network.stream.reset, or when the far end's process is gone. After its
 * own CLOSE a program hears nothing more of a stream. A program that PAUSEs
 * it closes its window: the far end's bytes stay in the far end's buffer.
 *
 * Control travels in the same order as data: SYN, SYN-ACK and FIN are chunks
 * too. A chunk that gets through is not acknowledged by an event of its own:
 * the sender knows its fate, and a far end that lost its state answers with a
 * reset. A machine without power answers nothing; when it is back, or after
 * network.stream.reset, the sender is reset. */
#ifndef SEEDBED_TCP_H
#define SEEDBED_TCP_H

#include "sim/cell.h"

typedef enum ChunkKind {
    CHUNK_SYN = 1,
    CHUNK_SYN_ACK,
    CHUNK_DATA,
    CHUNK_FIN
} ChunkKind;

/* What EVENT_CHUNK carries. */
typedef struct Chunk {
    ChunkKind kind;
    Channel channel;
    LinkId link;       /* at the receiver */
    uint64_t instance; /* which connection: the opener's number of it */
    uint64_t message;  /* id of the FACT_SEND */
    uint64_t seq;      /* of its sender's emission */
    Bytes *bytes;      /* DATA */
} Chunk;

void tcp_chunk_free(Chunk *chunk);

/* Effects of the program. */
void tcp_open(Cell *cell, LinkId link, uint64_t seq);
/* @bytes is taken. Bytes for a stream that is not open are dropped. */
void tcp_send(Cell *cell, LinkId link, Channel channel, uint64_t seq,
              Bytes *bytes);
void tcp_close(Cell *cell, LinkId link, uint64_t seq);
void tcp_pause(Cell *cell, LinkId link, bool paused);

/* Events. */
bool tcp_chunk(Cell *cell, const Event *event);
bool tcp_reset(Cell *cell, const Event *event);
bool tcp_room(Cell *cell, const Event *event);
void tcp_window(Cell *cell, const Event *event);
void tcp_retry(Cell *cell, LinkId link, uint64_t instance);
void tcp_dead(Cell *cell, const Event *event);

/* The process died and the machine tells all peers; or the machine died. */
void tcp_kill(Cell *cell);
void tcp_crash(Cell *cell);
void tcp_network_changed(Cell *cell, SimTime at);
void tcp_free(Cell *cell);

#endif

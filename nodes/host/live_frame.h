/* SPDX-License-Identifier: Apache-2.0 */
/* What live nodes say to each other on a connection: a hello, then frames of
 * datagrams or the bytes of a stream. Pure functions of bytes; integers are
 * big-endian.
 *
 *   hello, 24 bytes:  "SBLV"  version u8 (1)  kind u8  channel u16
 *                     from u32  to u32  number u32  node_count u32
 *   frame:            size u32  channel u16  from u16  bytes...
 *   chunk:            size u32  bytes...
 *
 * Datagrams are frames; the bytes of a stream between peers come in chunks,
 * cut anywhere. A chunk of size 0 says that the stream was closed: a
 * connection that ends without one was cut, and bytes may be lost.
 *
 * Nothing is allocated for what a stranger says: sizes are judged before the
 * bytes are awaited. */
#ifndef SEEDBED_LIVE_FRAME_H
#define SEEDBED_LIVE_FRAME_H

#include "nodes/node.h"

#define LIVE_HELLO_SIZE   24u
#define LIVE_FRAME_HEADER 8u
#define LIVE_FRAME_MAX    (LIVE_FRAME_HEADER + DATAGRAM_MAX)

typedef enum LiveHelloKind {
    LIVE_HELLO_DATAGRAMS = 1, /* frames follow, from the dialler only */
    LIVE_HELLO_STREAM,        /* the bytes of one stream, both ways */
} LiveHelloKind;

typedef struct LiveHello {
    LiveHelloKind kind;
    Channel channel; /* of a stream; else 0 */
    NodeId from, to; /* 1..node_count, different */
    uint32_t number; /* of a stream: bits 0..23 of its link; else 0 */
    uint32_t node_count;
} LiveHello;

typedef struct LiveFrame {
    Channel channel;
    NodeId from;
    Slice bytes; /* a view of the input */
} LiveFrame;

/* How far the chunks of a stream are parsed. All zero at its beginning. */
typedef struct LiveChunks {
    uint32_t left; /* bytes of the chunk that are still to come */
    uint8_t head[4];
    unsigned head_size;
    bool closed; /* the last chunk has been seen */
} LiveChunks;

#define LIVE_CHUNK_HEADER 4u

typedef enum LiveParse {
    LIVE_PARSE_MORE = 1, /* a good start; more bytes are needed */
    LIVE_PARSE_GOOD,
    LIVE_PARSE_BAD, /* not of ours */
} LiveParse;

void live_hello_put(const LiveHello *hello, uint8_t out[LIVE_HELLO_SIZE]);
/* @data holds @size bytes so far. BAD: @why is a constant text. */
LiveParse live_hello_parse(const uint8_t *data, size_t size, LiveHello *hello,
                           const char **why);

/* The header of a frame of @size bytes behind it. */
void live_frame_put(Channel channel, NodeId from, size_t size,
                    uint8_t out[LIVE_FRAME_HEADER]);
/* GOOD: @frame, and @used bytes of @data are done with. */
LiveParse live_frame_parse(const uint8_t *data, size_t size, LiveFrame *frame,
                           size_t *used, const char **why);

/* The header of a chunk; @size 0 is the farewell. */
void live_chunk_put(size_t size, uint8_t out[LIVE_CHUNK_HEADER]);
/* GOOD: the first *@used bytes of @data end with *@bytes of the stream, at
 * least one. MORE: all of @data is used, without any. BAD: bytes behind the
 * farewell. */
LiveParse live_chunks_parse(LiveChunks *chunks, const uint8_t *data,
                            size_t size, Slice *bytes, size_t *used);

#endif

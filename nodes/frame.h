/* SPDX-License-Identifier: Apache-2.0 */
/* Messages on a stream: each is preceded by its length, 4 bytes big-endian.
 * A stream brings bytes in any pieces; this makes whole messages of them. */
#ifndef SEEDBED_FRAME_H
#define SEEDBED_FRAME_H

#include <stdbool.h>

#include "nodes/bytes.h"

#define FRAME_HEADER 4u

typedef enum FrameStatus {
    FRAME_MORE,  /* no whole message yet: feed more */
    FRAME_READY, /* a message */
    FRAME_BAD,   /* longer than the limit: close the stream */
} FrameStatus;

typedef struct Frame {
    size_t limit; /* bytes, the largest message accepted */
    Slice input;  /* what is left of the last feed, borrowed */
    uint8_t header[FRAME_HEADER];
    unsigned header_count; /* bytes of the header held */
    size_t size;           /* bytes of the message, when the header is whole */
    size_t held;           /* bytes of it in `partial` */
    Bytes *partial;        /* a message that began in an earlier feed */
    Bytes *given;          /* the last one given out */
    bool bad;
} Frame;

void frame_init(Frame *frame, size_t limit);
void frame_clear(Frame *frame);

/* The next bytes of the stream, borrowed until frame_next() has said
 * FRAME_MORE or FRAME_BAD; call it until then before feeding again. */
void frame_feed(Frame *frame, Slice bytes);

/* The next whole message. It is part of the feed, without a copy, when it
 * lies in one; else of a buffer of its own. Borrowed until the next call:
 * slice_keep() to keep. A bad stream stays bad. */
FrameStatus frame_next(Frame *frame, Slice *message);

/* Write the length prefix of a message of @size bytes to @out. */
void frame_header(uint8_t out[FRAME_HEADER], size_t size);

#endif

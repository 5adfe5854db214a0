/* SPDX-License-Identifier: Apache-2.0 */
/* Length-prefixed messages out of a stream's pieces. Memory grows with what
 * has arrived, not with what a header claims. */
#include "nodes/frame.h"

#include <glib.h>
#include <string.h>

#define PARTIAL_MIN ((size_t)4096)

static bool take_header(Frame *frame);
static void take_body(Frame *frame);

void
frame_feed(Frame *frame, Slice bytes)
{
    g_assert(frame->input.size == 0 || frame->bad);
    frame->input = bytes;
}

FrameStatus
frame_next(Frame *frame, Slice *message)
{
    bytes_unref(frame->given);
    frame->given = NULL;
    if (frame->bad || !take_header(frame)) {
        return frame->bad ? FRAME_BAD : FRAME_MORE;
    }
    if (frame->partial == NULL && frame->input.size >= frame->size) {
        *message = slice_sub(frame->input, 0, frame->size);
        frame->input = slice_sub(frame->input, frame->size, SIZE_MAX);
        frame->header_count = 0;
        return FRAME_READY;
    }
    take_body(frame);
    if (frame->held < frame->size) {
        g_assert(frame->input.size == 0);
        return FRAME_MORE;
    }
    *message = slice_sub(slice_bytes(frame->partial), 0, frame->size);
    frame->given = frame->partial;
    frame->partial = NULL;
    frame->held = 0;
    frame->header_count = 0;
    return FRAME_READY;
}

void
frame_header(uint8_t out[FRAME_HEADER], size_t size)
{
    g_assert(size <= UINT32_MAX);
    out[0] = (uint8_t)(size >> 24);
    out[1] = (uint8_t)(size >> 16);
    out[2] = (uint8_t)(size >> 8);
    out[3] = (uint8_t)size;
}

/* Is the header of the current message whole? */
static bool
take_header(Frame *frame)
{
    if (frame->header_count == 0 && frame->input.size >= FRAME_HEADER) {
        memcpy(frame->header, frame->input.data, FRAME_HEADER);
        frame->header_count = FRAME_HEADER;
        frame->input = slice_sub(frame->input, FRAME_HEADER, SIZE_MAX);
    }
    while (frame->header_count < FRAME_HEADER) {
        if (frame->input.size == 0) {
            return false;
        }
        frame->header[frame->header_count++] = frame->input.data[0];
        frame->input = slice_sub(frame->input, 1, SIZE_MAX);
    }
    frame->size = (size_t)frame->header[0] << 24 |
                  (size_t)frame->header[1] << 16 |
                  (size_t)frame->header[2] << 8 | (size_t)frame->header[3];
    if (frame->size > frame->limit) {
        frame->bad = true;
        return false;
    }
    return true;
}

/* Move what the feed has of the current message to its own buffer. */
static void
take_body(Frame *frame)
{
    size_t wanted = frame->size - frame->held;
    size_t count = MIN(wanted, frame->input.size);
    size_t need = frame->held + count;

    if (frame->partial == NULL || frame->partial->size < need) {
        size_t capacity = MIN(frame->size, MAX(PARTIAL_MIN, 2 * need));
        Bytes *grown = bytes_new(capacity);

        if (frame->held > 0) {
            memcpy(grown->data, frame->partial->data, frame->held);
        }
        bytes_unref(frame->partial);
        frame->partial = grown;
    }
    if (count > 0) {
        memcpy(frame->partial->data + frame->held, frame->input.data, count);
    }
    frame->held = need;
    frame->input = slice_sub(frame->input, count, SIZE_MAX);
    g_assert(frame->held <= frame->size);
}

void
frame_init(Frame *frame, size_t limit)
{
    *frame = (Frame){.limit = limit};
}

void
frame_clear(Frame *frame)
{
    bytes_unref(frame->partial);
    bytes_unref(frame->given);
    frame_init(frame, frame->limit);
}

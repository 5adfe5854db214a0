/* SPDX-License-Identifier: Apache-2.0 */
/* A stream cut in two ways gives the same messages. */
#include <glib.h>
#include <string.h>

#include "nodes/frame.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Feed @data in pieces of @piece bytes; a digest of what comes out. */
static uint64_t
run(const uint8_t *data, size_t size, size_t piece)
{
    uint64_t digest = 1469598103934665603u;
    Slice message;
    Frame frame;

    frame_init(&frame, 300);
    for (size_t at = 0; at < size; at += piece) {
        FrameStatus status;

        frame_feed(&frame, slice_of(data + at, MIN(piece, size - at)));
        while ((status = frame_next(&frame, &message)) == FRAME_READY) {
            g_assert(message.size <= 300);
            for (size_t i = 0; i < message.size; i++) {
                digest = (digest ^ message.data[i]) * 1099511628211u;
            }
            digest = (digest ^ message.size) * 1099511628211u;
        }
        if (status == FRAME_BAD) {
            digest ^= 1;
            break;
        }
    }
    frame_clear(&frame);
    return digest;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 1) {
        return 0;
    }
    uint64_t whole = run(data + 1, size - 1, SIZE_MAX / 2);

    g_assert(whole == run(data + 1, size - 1, 1 + data[0]));
    g_assert(whole == run(data + 1, size - 1, 1));
    return 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as key-value requests: refused, or carried out; a picture of the
 * state restores; any bytes as a picture are refused or restore. */
#include <glib.h>

#include "nodes/frame.h"
#include "nodes/raft/kv.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    Kv *kv = kv_new(), *other = kv_new();
    Frame frame;
    Slice message;

    frame_init(&frame, 4096);
    frame_feed(&frame, slice_of(data, size));
    while (frame_next(&frame, &message) == FRAME_READY) {
        KvRequest request;

        if (kv_wire_decode_request(message, &request) &&
            kv_wire_valid(&request)) {
            KvReply reply = kv_apply(kv, &request);

            slice_drop(&reply.value);
        }
    }
    frame_clear(&frame);
    KvFrozen *frozen = kv_freeze(kv);
    GByteArray *all = g_byte_array_new();
    uint8_t piece[64];
    size_t got;
    do {
        got = kv_frozen_read(frozen, piece, sizeof(piece));
        g_byte_array_append(all, piece, (guint)got);
    } while (got == sizeof(piece));
    bool restored = kv_restore(other, slice_of(all->data, all->len));
    g_assert(restored && kv_digest(other) == kv_digest(kv));
    (void)kv_restore(other, slice_of(data, size));
    (void)kv_digest(other);
    g_byte_array_unref(all);
    kv_frozen_free(frozen);
    kv_free(kv);
    kv_free(other);
    return 0;
}

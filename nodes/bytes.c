/* SPDX-License-Identifier: Apache-2.0 */
/* Reference-counted buffers. One allocation holds header and content. */
#include "nodes/bytes.h"

#include <glib.h>
#include <string.h>
#include <sys/single_threaded.h>

Bytes *
bytes_new(size_t size)
{
    Bytes *bytes = g_malloc(sizeof(Bytes) + size);

    bytes->ref_count = 1;
    bytes->hashed = 0;
    bytes->size = size;
    return bytes;
}

Bytes *
bytes_copy(const void *data, size_t size)
{
    Bytes *bytes = bytes_new(size);

    if (size > 0) {
        memcpy(bytes->data, data, size);
    }
    return bytes;
}

/* A locked instruction costs twenty cycles, and a message is referenced by
 * everybody it passes: 8 % of a simulation with one worker. glibc knows when
 * there is nobody to lock out. */
Bytes *
bytes_ref(Bytes *bytes)
{
    if (__libc_single_threaded) {
        bytes->ref_count++;
    } else {
        __atomic_fetch_add(&bytes->ref_count, 1, __ATOMIC_RELAXED);
    }
    return bytes;
}

void
bytes_unref(Bytes *bytes)
{
    if (bytes == NULL) {
        return;
    }
    if (__libc_single_threaded) {
        if (--bytes->ref_count == 0) {
            g_free(bytes);
        }
        return;
    }
    /* The only owner needs no locked instruction: nobody else can see it. */
    if (__atomic_load_n(&bytes->ref_count, __ATOMIC_ACQUIRE) == 1 ||
        __atomic_fetch_sub(&bytes->ref_count, 1, __ATOMIC_ACQ_REL) == 1) {
        g_free(bytes);
    }
}

Slice
slice_keep(Slice slice)
{
    if (slice.owner == NULL) {
        return slice_bytes(bytes_copy(slice.data, slice.size));
    }
    bytes_ref(slice.owner);
    return slice;
}

void
slice_drop(Slice *slice)
{
    bytes_unref(slice->owner);
    *slice = (Slice){NULL, 0, NULL};
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Payloads: reference-counted buffers, and slices of them.
 *
 * A Slice is a view of bytes with an optional owner. A slice without an owner
 * is borrowed for the call that brought it. With an owner it can be kept
 * beyond the call: slice_keep() takes a reference (or copies, when there is
 * no owner). Counts are atomic: a message may cross worker threads. */
#ifndef SEEDBED_BYTES_H
#define SEEDBED_BYTES_H

#include <stddef.h>
#include <stdint.h>

/* Whoever made a buffer may write to it until the first slice of it is given
 * away: what it hashes to may be remembered from then on (hash.h), and who
 * still writes to what nobody else holds any more sets `hashed` to 0. */
typedef struct Bytes {
    uint32_t ref_count; /* atomic */
    uint32_t hashed;    /* hash is known */
    size_t size;
    uint64_t hash;
    uint8_t data[];
} Bytes;

typedef struct Slice {
    const uint8_t *data;
    size_t size;  /* bytes */
    Bytes *owner; /* NULL: borrowed */
} Slice;

/* A buffer of @size bytes, content undefined, one reference owned by the
 * caller. */
Bytes *bytes_new(size_t size);
Bytes *bytes_copy(const void *data, size_t size);
Bytes *bytes_ref(Bytes *bytes);
/* Release one reference; NULL is allowed. */
void bytes_unref(Bytes *bytes);

/* A borrowed view of @size bytes at @data. */
static inline Slice
slice_of(const void *data, size_t size)
{
    return (Slice){(const uint8_t *)data, size, NULL};
}

static inline Slice
slice_text(const char *text)
{
    size_t size = 0;

    while (text[size] != '\0') {
        size++;
    }
    return slice_of(text, size);
}

/* The whole of @bytes, without taking a reference. */
static inline Slice
slice_bytes(Bytes *bytes)
{
    return (Slice){bytes->data, bytes->size, bytes};
}

/* @count bytes of @slice from @offset on, clamped to what is there. */
static inline Slice
slice_sub(Slice slice, size_t offset, size_t count)
{
    if (offset > slice.size) {
        offset = slice.size;
    }
    if (count > slice.size - offset) {
        count = slice.size - offset;
    }
    /* Nothing may be added to NULL, not even nothing (C11 6.5.6). */
    return (Slice){offset > 0 ? slice.data + offset : slice.data, count,
                   slice.owner};
}

/* A slice that stays valid until slice_drop(): another reference on the
 * owner, or a copy when it has none. */
Slice slice_keep(Slice slice);
void slice_drop(Slice *slice);

#endif

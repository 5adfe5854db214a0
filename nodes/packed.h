/* SPDX-License-Identifier: Apache-2.0 */
/* The protobuf wire format by hand, for hot paths: a reader that never
 * allocates and never reads past its end, and writers into memory that the
 * caller has sized with the packed_*_size() functions.
 *
 * Source: "Encoding" of the Protocol Buffers documentation. What a reader
 * cannot make sense of sets `bad` and ends the reading. */
#ifndef SEEDBED_PACKED_H
#define SEEDBED_PACKED_H

#include <glib.h>
#include <stdbool.h>
#include <string.h>

#include "nodes/bytes.h"

enum {
    PACKED_VARINT = 0,
    PACKED_FIXED64 = 1,
    PACKED_BYTES = 2,
    PACKED_FIXED32 = 5,
};

#define PACKED_TAG(number, type) ((uint32_t)(number) << 3 | (uint32_t)(type))

typedef struct PackedReader {
    const uint8_t *at, *end;
    bool bad;
} PackedReader;

static inline PackedReader
packed_reader(Slice bytes)
{
    return (PackedReader){bytes.data,
                          bytes.size > 0 ? bytes.data + bytes.size : bytes.data,
                          false};
}

static inline uint64_t
packed_get_varint(PackedReader *reader)
{
    uint64_t value = 0;

    if (reader->at < reader->end && *reader->at < 0x80) {
        return *reader->at++;
    }
    if (reader->end - reader->at >= 8) {
        /* Eight bytes at once, up to the first without its top bit: indexes
         * and sequence numbers take two to four bytes, and a loop over them
         * is a misprediction each. */
        uint64_t stops;

        memcpy(&value, reader->at, 8);
        value = GUINT64_FROM_LE(value);
        stops = ~value & UINT64_C(0x8080808080808080);
        if (stops != 0) {
            reader->at += (__builtin_ctzll(stops) + 1) / 8;
            value &= stops ^ (stops - 1);
            value &= UINT64_C(0x7f7f7f7f7f7f7f7f);
            value = (value & UINT64_C(0x007f007f007f007f)) |
                    (value & UINT64_C(0x7f007f007f007f00)) >> 1;
            value = (value & UINT64_C(0x00003fff00003fff)) |
                    (value & UINT64_C(0x3fff00003fff0000)) >> 2;
            return (value & UINT64_C(0x000000000fffffff)) |
                   (value & UINT64_C(0x0fffffff00000000)) >> 4;
        }
        value = 0;
    }
    for (unsigned shift = 0; shift < 70; shift += 7) {
        uint8_t byte;

        if (reader->at == reader->end) {
            break;
        }
        byte = *reader->at++;
        if (shift == 63 && byte > 1) {
            break;
        }
        value |= (uint64_t)(byte & 0x7f) << shift;
        if ((byte & 0x80) == 0) {
            return value;
        }
    }
    reader->bad = true;
    return 0;
}

/* The tag of the next field; 0 at the end or when the bytes are bad. */
static inline uint32_t
packed_get_tag(PackedReader *reader)
{
    uint64_t tag;

    if (reader->bad || reader->at == reader->end) {
        return 0;
    }
    tag = packed_get_varint(reader);
    if (tag < 8 || tag > UINT32_MAX) {
        reader->bad = true;
        return 0;
    }
    return (uint32_t)tag;
}

/* Take a tag of one byte if it is the next. Writers put fields in the order
 * of their numbers: to ask for one after the other, before a loop over all
 * tags, reads nearly every message without a misprediction. */
static inline bool
packed_next_is(PackedReader *reader, uint32_t tag)
{
    if (reader->at < reader->end && *reader->at == tag) {
        reader->at++;
        return true;
    }
    return false;
}

static inline uint64_t
packed_get_fixed64(PackedReader *reader)
{
    uint64_t value;

    if (reader->end - reader->at < 8) {
        reader->bad = true;
        return 0;
    }
    memcpy(&value, reader->at, 8);
    reader->at += 8;
    return GUINT64_FROM_LE(value);
}

/* Length-delimited bytes, borrowed from what is being read. */
static inline Slice
packed_get_bytes(PackedReader *reader)
{
    uint64_t size = packed_get_varint(reader);
    Slice bytes = {reader->at, 0, NULL};

    if (reader->bad || size > (uint64_t)(reader->end - reader->at)) {
        reader->bad = true;
        return bytes;
    }
    bytes.size = (size_t)size;
    reader->at += size;
    return bytes;
}

/* Pass over a field that is not known here, as protobuf asks for. */
static inline void
packed_skip(PackedReader *reader, uint32_t tag)
{
    switch (tag & 7) {
    case PACKED_VARINT:
        (void)packed_get_varint(reader);
        break;
    case PACKED_FIXED64:
        (void)packed_get_fixed64(reader);
        break;
    case PACKED_BYTES:
        (void)packed_get_bytes(reader);
        break;
    case PACKED_FIXED32:
        if (reader->end - reader->at < 4) {
            reader->bad = true;
        } else {
            reader->at += 4;
        }
        break;
    default:
        reader->bad = true;
    }
}

static inline size_t
packed_varint_size(uint64_t value)
{
    /* One byte for each seven bits, and one for zero. */
    unsigned bits = 64 - (unsigned)__builtin_clzll(value | 1);

    return (bits + 6) / 7;
}

/* The size of a varint field below number 16; a zero is not written. */
static inline size_t
packed_u64_size(uint64_t value)
{
    return value == 0 ? 0 : 1 + packed_varint_size(value);
}

/* The size of a bytes field below number 16; an empty one is not written. */
static inline size_t
packed_bytes_size(size_t size)
{
    return size == 0 ? 0 : 1 + packed_varint_size(size) + size;
}

static inline size_t
packed_fixed64_size(uint64_t value)
{
    return value == 0 ? 0 : 9;
}

static inline uint8_t *
packed_put_varint(uint8_t *out, uint64_t value)
{
    while (value >= 0x80) {
        *out++ = (uint8_t)(value | 0x80);
        value >>= 7;
    }
    *out++ = (uint8_t)value;
    return out;
}

static inline uint8_t *
packed_put_u64(uint8_t *out, uint32_t number, uint64_t value)
{
    if (value != 0) {
        *out++ = (uint8_t)PACKED_TAG(number, PACKED_VARINT);
        out = packed_put_varint(out, value);
    }
    return out;
}

static inline uint8_t *
packed_put_fixed64(uint8_t *out, uint32_t number, uint64_t value)
{
    if (value != 0) {
        *out++ = (uint8_t)PACKED_TAG(number, PACKED_FIXED64);
        value = GUINT64_TO_LE(value);
        memcpy(out, &value, 8);
        out += 8;
    }
    return out;
}

/* The tag and length of a bytes field, which the caller then writes. */
static inline uint8_t *
packed_put_length(uint8_t *out, uint32_t number, size_t size)
{
    *out++ = (uint8_t)PACKED_TAG(number, PACKED_BYTES);
    return packed_put_varint(out, size);
}

static inline uint8_t *
packed_put_bytes(uint8_t *out, uint32_t number, Slice bytes)
{
    if (bytes.size > 0) {
        out = packed_put_length(out, number, bytes.size);
        memcpy(out, bytes.data, bytes.size);
        out += bytes.size;
    }
    return out;
}

#endif

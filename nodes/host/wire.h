/* SPDX-License-Identifier: Apache-2.0 */
/* The wire format of Protocol Buffers, as much as control.proto needs of it:
 * a writer into a growing buffer, a reader of one field at a time.
 *
 * Every node input crosses this code twice, so it is inline and allocates
 * nothing but the buffer; test_control holds it against protobuf-c. Source:
 * "Protocol Buffers Encoding", protobuf.dev. */
#ifndef SEEDBED_WIRE_H
#define SEEDBED_WIRE_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include <glib.h>

enum { WIRE_VARINT = 0, WIRE_FIXED64 = 1, WIRE_BYTES = 2, WIRE_FIXED32 = 5 };

/* A buffer that is written at its end. Zero-initialise; wire_clear(). */
typedef struct Wire {
    uint8_t *data;
    size_t size, capacity;
} Wire;

/* The longest a varint gets. */
#define WIRE_VARINT_MAX 10u

static inline void
wire_reserve(Wire *wire, size_t size)
{
    if (G_UNLIKELY(wire->capacity - wire->size < size)) {
        wire->capacity = MAX(wire->capacity * 2, wire->size + size + 256);
        wire->data = g_realloc(wire->data, wire->capacity);
    }
}

static inline void
wire_clear(Wire *wire)
{
    g_free(wire->data);
    *wire = (Wire){NULL, 0, 0};
}

/* No room is reserved here: the caller did. */
static inline void
wire_varint(Wire *wire, uint64_t value)
{
    uint8_t *at = wire->data + wire->size;

    while (value >= 0x80) {
        *at++ = (uint8_t)(value | 0x80);
        value >>= 7;
    }
    *at++ = (uint8_t)value;
    wire->size = (size_t)(at - wire->data);
}

static inline void
wire_put_u64(Wire *wire, unsigned field, uint64_t value)
{
    if (value != 0) {
        wire_reserve(wire, 2 * WIRE_VARINT_MAX);
        wire_varint(wire, field << 3 | WIRE_VARINT);
        wire_varint(wire, value);
    }
}

static inline void
wire_put_fixed64(Wire *wire, unsigned field, uint64_t value)
{
    if (value != 0) {
        wire_reserve(wire, WIRE_VARINT_MAX + 8);
        wire_varint(wire, field << 3 | WIRE_FIXED64);
        value = GUINT64_TO_LE(value);
        memcpy(wire->data + wire->size, &value, 8);
        wire->size += 8;
    }
}

/* Bytes, also when there are none: an element of a repeated field. */
static inline void
wire_put_element(Wire *wire, unsigned field, const void *data, size_t size)
{
    wire_reserve(wire, 2 * WIRE_VARINT_MAX + size);
    wire_varint(wire, field << 3 | WIRE_BYTES);
    wire_varint(wire, size);
    if (size > 0) {
        memcpy(wire->data + wire->size, data, size);
        wire->size += size;
    }
}

static inline void
wire_put_bytes(Wire *wire, unsigned field, const void *data, size_t size)
{
    if (size > 0) {
        wire_put_element(wire, field, data, size);
    }
}

static inline void
wire_put_text(Wire *wire, unsigned field, const char *text)
{
    wire_put_bytes(wire, field, text, strlen(text));
}

static inline size_t
wire_varint_size(uint64_t value)
{
    size_t size = 1;

    while (value >= 0x80) {
        value >>= 7;
        size++;
    }
    return size;
}

/* Begin a nested message of about @guess bytes; where its content starts is
 * the mark for wire_end(), which puts the length in front, and moves the
 * content only when the guess had another width. */
static inline size_t
wire_begin(Wire *wire, unsigned field, size_t guess)
{
    wire_reserve(wire, 2 * WIRE_VARINT_MAX);
    wire_varint(wire, field << 3 | WIRE_BYTES);
    wire->size += wire_varint_size(guess);
    return wire->size;
}

static inline void
wire_end(Wire *wire, size_t mark, size_t guess)
{
    size_t guessed = wire_varint_size(guess);
    size_t size = wire->size - mark;
    size_t width = wire_varint_size(size);

    if (G_UNLIKELY(width != guessed)) {
        wire_reserve(wire, WIRE_VARINT_MAX);
        memmove(wire->data + mark - guessed + width, wire->data + mark, size);
    }
    wire->size = mark - guessed;
    wire_varint(wire, size);
    wire->size += size;
}

/* What is left to read, and the field that was read last. Numbers are in
 * @value, bytes at @data; both borrow the buffer. */
typedef struct WireReader {
    const uint8_t *at, *end;
    bool bad; /* cut short, or not of this format */
    unsigned field;
    unsigned type;
    uint64_t value;
    const uint8_t *data;
    size_t size;
} WireReader;

static inline WireReader
wire_reader(const void *data, size_t size)
{
    const uint8_t *at = data;

    return (WireReader){.at = at, .end = size > 0 ? at + size : at};
}

static inline uint64_t
wire_read_varint(WireReader *reader)
{
    uint64_t value = 0;

    for (unsigned shift = 0; shift < 70 && reader->at < reader->end;
         shift += 7) {
        uint8_t byte = *reader->at++;

        value |= (uint64_t)(byte & 0x7f) << (shift & 63);
        if (byte < 0x80) {
            return value;
        }
    }
    reader->bad = true;
    return 0;
}

/* Read the next field. False at the end, and when the rest is no message:
 * then @bad is set. */
static inline bool
wire_next(WireReader *reader)
{
    uint64_t tag;

    if (reader->at == reader->end) {
        return false;
    }
    tag = wire_read_varint(reader);
    reader->field = (unsigned)(tag >> 3);
    reader->type = (unsigned)(tag & 7);
    if (tag >> 3 > 0x1fffffffu || reader->field == 0) {
        reader->bad = true;
        return false;
    }
    switch (reader->type) {
    case WIRE_VARINT:
        reader->value = wire_read_varint(reader);
        return !reader->bad;
    case WIRE_FIXED64:
        if (reader->end - reader->at < 8) {
            break;
        }
        memcpy(&reader->value, reader->at, 8);
        reader->value = GUINT64_FROM_LE(reader->value);
        reader->at += 8;
        return true;
    case WIRE_BYTES: {
        uint64_t size = wire_read_varint(reader);

        if (reader->bad || size > (uint64_t)(reader->end - reader->at)) {
            break;
        }
        reader->data = reader->at;
        reader->size = (size_t)size;
        reader->at += size;
        return true;
    }
    default: /* 32-bit numbers and groups: control.proto has none */
        break;
    }
    reader->bad = true;
    return false;
}

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* A block is its type, its length, a body of whole words, and its length
 * again; options are code, length and value, padded to words, up to a code
 * of 0. */
#include "sim/capture_pcapng.h"

#include <string.h>

enum {
    BLOCK_INTERFACE = 1,
    BLOCK_NAMES = 4,
    BLOCK_STATISTICS = 5,
    BLOCK_PACKET = 6,
    BLOCK_SECTION = 0x0a0d0d0a,
};

enum {
    OPTION_END = 0,
    OPTION_COMMENT = 1,
    SECTION_APPLICATION = 4,
    INTERFACE_NAME = 2,
    INTERFACE_DESCRIPTION = 3,
    INTERFACE_IPV4 = 4,
    INTERFACE_MAC = 6,
    INTERFACE_RESOLUTION = 9,
    PACKET_FLAGS = 2,
    PACKET_ID = 5,
    PACKET_VERDICT = 7,
    STATISTICS_RECEIVED = 4,
    STATISTICS_DROPPED = 5,
};

#define BYTE_ORDER_MAGIC  0x1a2b3c4du
#define LINK_ETHERNET     1u
#define NANOSECONDS       9u /* ten to the minus so many */
#define NETMASK           0xff000000u
#define FLAG_INBOUND      1u
#define FLAG_OUTBOUND     2u
#define VERDICT_EBPF_TC   1u
#define VERDICT_PASSED    0u /* TC_ACT_OK */
#define VERDICT_DROPPED   2u /* TC_ACT_SHOT */
#define NAME_RECORD_IPV4  1u
#define NAME_RECORD_END   0u
#define OPTION_LENGTH_MAX 65535u

static size_t block_begin(GByteArray *out, uint32_t type);
static void block_end(GByteArray *out, size_t start);
static void put_option(GByteArray *out, unsigned code, const void *value,
                       size_t size);
static void put_text(GByteArray *out, unsigned code, const char *text);
static void put_number(GByteArray *out, unsigned code, uint64_t value);
static void put_time(GByteArray *out, uint64_t at);
static void put16(GByteArray *out, unsigned value);
static void put32(GByteArray *out, uint32_t value);
static void pad(GByteArray *out, size_t size);

void
capture_pcapng_section(GByteArray *out, const char *comment)
{
    size_t start = block_begin(out, BLOCK_SECTION);

    put32(out, BYTE_ORDER_MAGIC);
    put16(out, 1); /* version 1.0 */
    put16(out, 0);
    put32(out, UINT32_MAX); /* its length: not said */
    put32(out, UINT32_MAX);
    put_text(out, OPTION_COMMENT, comment);
    put_text(out, SECTION_APPLICATION, "seedbed");
    put_option(out, OPTION_END, NULL, 0);
    block_end(out, start);
}

void
capture_pcapng_interface(GByteArray *out, const char *name,
                         const char *description, const CaptureEnd *end,
                         uint32_t snaplen)
{
    size_t start = block_begin(out, BLOCK_INTERFACE);
    uint8_t resolution = NANOSECONDS;
    uint32_t address[] = {GUINT32_TO_BE(end->ip), GUINT32_TO_BE(NETMASK)};

    put16(out, LINK_ETHERNET);
    put16(out, 0);
    put32(out, snaplen);
    put_text(out, INTERFACE_NAME, name);
    put_text(out, INTERFACE_DESCRIPTION, description);
    put_option(out, INTERFACE_IPV4, address, sizeof(address));
    put_option(out, INTERFACE_MAC, end->mac, sizeof(end->mac));
    put_option(out, INTERFACE_RESOLUTION, &resolution, 1);
    put_option(out, OPTION_END, NULL, 0);
    block_end(out, start);
}

void
capture_pcapng_names(GByteArray *out, const CaptureEnd *ends,
                     const char *const *names, unsigned count)
{
    size_t start = block_begin(out, BLOCK_NAMES);

    for (unsigned i = 0; i < count; i++) {
        uint32_t address = GUINT32_TO_BE(ends[i].ip);
        size_t size = sizeof(address) + strlen(names[i]) + 1;

        put16(out, NAME_RECORD_IPV4);
        put16(out, (unsigned)size);
        g_byte_array_append(out, (const guint8 *)&address, sizeof(address));
        g_byte_array_append(out, (const guint8 *)names[i],
                            (guint)strlen(names[i]) + 1);
        pad(out, size);
    }
    put16(out, NAME_RECORD_END);
    put16(out, 0);
    block_end(out, start);
}

void
capture_pcapng_packet(GByteArray *out, const CapturePacket *packet,
                      const uint8_t *frame, size_t size)
{
    size_t start = block_begin(out, BLOCK_PACKET);
    uint32_t flags =
        GUINT32_TO_LE(packet->outbound ? FLAG_OUTBOUND : FLAG_INBOUND);
    uint8_t verdict[9] = {VERDICT_EBPF_TC,
                          packet->dropped ? VERDICT_DROPPED : VERDICT_PASSED};

    put32(out, packet->interface);
    put_time(out, packet->at);
    put32(out, (uint32_t)size);
    put32(out, (uint32_t)size);
    g_byte_array_append(out, frame, (guint)size);
    pad(out, size);
    put_text(out, OPTION_COMMENT, packet->comment);
    put_option(out, PACKET_FLAGS, &flags, sizeof(flags));
    if (packet->id != 0) {
        put_number(out, PACKET_ID, packet->id);
        put_option(out, PACKET_VERDICT, verdict, sizeof(verdict));
    }
    put_option(out, OPTION_END, NULL, 0);
    block_end(out, start);
}

void
capture_pcapng_statistics(GByteArray *out, uint32_t interface, uint64_t at,
                          uint64_t received, uint64_t dropped)
{
    size_t start = block_begin(out, BLOCK_STATISTICS);

    put32(out, interface);
    put_time(out, at);
    put_number(out, STATISTICS_RECEIVED, received);
    put_number(out, STATISTICS_DROPPED, dropped);
    put_option(out, OPTION_END, NULL, 0);
    block_end(out, start);
}

/* Returns where it begins, for block_end(). */
static size_t
block_begin(GByteArray *out, uint32_t type)
{
    size_t start = out->len;

    put32(out, type);
    put32(out, 0);
    return start;
}

static void
block_end(GByteArray *out, size_t start)
{
    uint32_t size = (uint32_t)(out->len - start + 4);
    uint32_t stored = GUINT32_TO_LE(size);

    g_assert(size % 4 == 0);
    memcpy(out->data + start + 4, &stored, 4);
    put32(out, size);
}

static void
put_option(GByteArray *out, unsigned code, const void *value, size_t size)
{
    g_assert(size <= OPTION_LENGTH_MAX);
    put16(out, code);
    put16(out, (unsigned)size);
    if (size > 0) {
        g_byte_array_append(out, value, (guint)size);
        pad(out, size);
    }
}

static void
put_text(GByteArray *out, unsigned code, const char *text)
{
    if (text != NULL) {
        put_option(out, code, text, MIN(strlen(text), OPTION_LENGTH_MAX));
    }
}

static void
put_number(GByteArray *out, unsigned code, uint64_t value)
{
    value = GUINT64_TO_LE(value);
    put_option(out, code, &value, sizeof(value));
}

/* The high word comes first, whatever the byte order. */
static void
put_time(GByteArray *out, uint64_t at)
{
    put32(out, (uint32_t)(at >> 32));
    put32(out, (uint32_t)at);
}

static void
put16(GByteArray *out, unsigned value)
{
    guint8 bytes[] = {(guint8)value, (guint8)(value >> 8)};

    g_byte_array_append(out, bytes, sizeof(bytes));
}

static void
put32(GByteArray *out, uint32_t value)
{
    value = GUINT32_TO_LE(value);
    g_byte_array_append(out, (const guint8 *)&value, sizeof(value));
}

/* Zeros up to a whole word after @size bytes. */
static void
pad(GByteArray *out, size_t size)
{
    static const guint8 zeros[4];

    g_byte_array_append(out, zeros, (guint)((4 - size % 4) % 4));
}

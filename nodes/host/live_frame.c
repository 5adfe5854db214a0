/* SPDX-License-Identifier: Apache-2.0 */
/* Hello and frames between live nodes. */
#include "nodes/host/live_frame.h"

#include <glib.h>
#include <string.h>

#define VERSION 1u

static const uint8_t magic[4] = {'S', 'B', 'L', 'V'};

static void
put_u16(uint8_t *out, uint32_t value)
{
    out[0] = (uint8_t)(value >> 8);
    out[1] = (uint8_t)value;
}

static void
put_u32(uint8_t *out, uint32_t value)
{
    put_u16(out, value >> 16);
    put_u16(out + 2, value & 0xffffu);
}

static uint32_t
get_u16(const uint8_t *data)
{
    return (uint32_t)data[0] << 8 | data[1];
}

static uint32_t
get_u32(const uint8_t *data)
{
    return get_u16(data) << 16 | get_u16(data + 2);
}

void
live_hello_put(const LiveHello *hello, uint8_t out[LIVE_HELLO_SIZE])
{
    memcpy(out, magic, sizeof magic);
    out[4] = VERSION;
    out[5] = (uint8_t)hello->kind;
    put_u16(out + 6, hello->channel);
    put_u32(out + 8, hello->from);
    put_u32(out + 12, hello->to);
    put_u32(out + 16, hello->number);
    put_u32(out + 20, hello->node_count);
}

LiveParse
live_hello_parse(const uint8_t *data, size_t size, LiveHello *hello,
                 const char **why)
{
    *why = NULL;
    if (memcmp(data, magic, MIN(size, sizeof magic)) != 0) {
        *why = "not a hello";
    } else if (size > 4 && data[4] != VERSION) {
        *why = "hello of another version";
    }
    if (*why != NULL) {
        return LIVE_PARSE_BAD;
    }
    if (size < LIVE_HELLO_SIZE) {
        return LIVE_PARSE_MORE;
    }

    uint32_t channel = get_u16(data + 6);
    uint32_t number = get_u32(data + 16);

    hello->kind = (LiveHelloKind)data[5];
    hello->channel = channel;
    hello->from = get_u32(data + 8);
    hello->to = get_u32(data + 12);
    hello->number = number;
    hello->node_count = get_u32(data + 20);
    if (hello->node_count < 1 || hello->node_count > NODE_ID_MAX ||
        hello->from < 1 || hello->from > hello->node_count || hello->to < 1 ||
        hello->to > hello->node_count || hello->from == hello->to) {
        *why = "hello with strange node numbers";
    } else if (hello->kind == LIVE_HELLO_STREAM) {
        if (channel < 1 || channel > CHANNEL_MAX || number > 0xffffffu) {
            *why = "hello of a strange stream";
        }
    } else if (hello->kind != LIVE_HELLO_DATAGRAMS || channel != 0 ||
               number != 0) {
        *why = "hello of a strange kind";
    }
    return *why == NULL ? LIVE_PARSE_GOOD : LIVE_PARSE_BAD;
}

void
live_frame_put(Channel channel, NodeId from, size_t size,
               uint8_t out[LIVE_FRAME_HEADER])
{
    g_assert(channel >= 1 && channel <= CHANNEL_MAX);
    g_assert(size <= DATAGRAM_MAX);
    put_u32(out, (uint32_t)size);
    put_u16(out + 4, channel);
    put_u16(out + 6, from);
}

LiveParse
live_frame_parse(const uint8_t *data, size_t size, LiveFrame *frame,
                 size_t *used, const char **why)
{
    uint32_t length;

    *why = NULL;
    if (size < LIVE_FRAME_HEADER) {
        return LIVE_PARSE_MORE;
    }
    length = get_u32(data);
    frame->channel = get_u16(data + 4);
    frame->from = get_u16(data + 6);
    if (length > DATAGRAM_MAX) {
        *why = "frame too long";
    } else if (frame->channel < 1 || frame->channel > CHANNEL_MAX) {
        *why = "frame of a strange channel";
    } else if (frame->from < 1 || frame->from > NODE_ID_MAX) {
        *why = "frame of a strange node";
    }
    if (*why != NULL) {
        return LIVE_PARSE_BAD;
    }
    if (size - LIVE_FRAME_HEADER < length) {
        return LIVE_PARSE_MORE;
    }
    frame->bytes = slice_of(data + LIVE_FRAME_HEADER, length);
    *used = LIVE_FRAME_HEADER + length;
    return LIVE_PARSE_GOOD;
}

void
live_chunk_put(size_t size, uint8_t out[LIVE_CHUNK_HEADER])
{
    g_assert(size <= UINT32_MAX);
    put_u32(out, (uint32_t)size);
}

LiveParse
live_chunks_parse(LiveChunks *chunks, const uint8_t *data, size_t size,
                  Slice *bytes, size_t *used)
{
    size_t at = 0;

    while (at < size) {
        if (chunks->closed) {
            return LIVE_PARSE_BAD;
        }
        if (chunks->left > 0) {
            *bytes = slice_of(data + at, MIN(chunks->left, size - at));
            chunks->left -= (uint32_t)bytes->size;
            *used = at + bytes->size;
            return LIVE_PARSE_GOOD;
        }
        chunks->head[chunks->head_size++] = data[at++];
        if (chunks->head_size == LIVE_CHUNK_HEADER) {
            chunks->head_size = 0;
            chunks->left = get_u32(chunks->head);
            chunks->closed = chunks->left == 0;
        }
    }
    return LIVE_PARSE_MORE;
}

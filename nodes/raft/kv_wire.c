/* SPDX-License-Identifier: Apache-2.0 */
/* Packing and unpacking of proto/kv.proto. */
#include "nodes/raft/kv_wire.h"

#include "nodes/frame.h"
#include "nodes/packed.h"

bool
kv_wire_decode_request(Slice bytes, KvRequest *request)
{
    PackedReader reader = packed_reader(bytes);
    Slice *slice;
    uint64_t operation = 0;
    uint32_t tag;

    request->id = packed_next_is(&reader, PACKED_TAG(1, PACKED_VARINT))
                      ? packed_get_varint(&reader)
                      : 0;
    if (packed_next_is(&reader, PACKED_TAG(2, PACKED_VARINT))) {
        operation = packed_get_varint(&reader);
    }
    request->key = request->value = request->expected = slice_of(NULL, 0);
    if (packed_next_is(&reader, PACKED_TAG(3, PACKED_BYTES))) {
        request->key = packed_get_bytes(&reader);
        request->key.owner = bytes.owner;
    }
    if (packed_next_is(&reader, PACKED_TAG(4, PACKED_BYTES))) {
        request->value = packed_get_bytes(&reader);
        request->value.owner = bytes.owner;
    }
    request->expect_absent = false;
    /* The rest, in any order: the last of a field counts. */
    while ((tag = packed_get_tag(&reader)) != 0) {
        switch (tag) {
        case PACKED_TAG(1, PACKED_VARINT):
            request->id = packed_get_varint(&reader);
            break;
        case PACKED_TAG(2, PACKED_VARINT):
            operation = packed_get_varint(&reader);
            break;
        case PACKED_TAG(3, PACKED_BYTES):
        case PACKED_TAG(4, PACKED_BYTES):
        case PACKED_TAG(5, PACKED_BYTES):
            slice = tag >> 3 == 3   ? &request->key
                    : tag >> 3 == 4 ? &request->value
                                    : &request->expected;
            *slice = packed_get_bytes(&reader);
            slice->owner = bytes.owner;
            break;
        case PACKED_TAG(6, PACKED_VARINT):
            request->expect_absent = packed_get_varint(&reader) != 0;
            break;
        default:
            packed_skip(&reader, tag);
        }
    }
    request->verb =
        operation <= KV_VERB_DELETE ? (KvVerb)operation : KV_VERB_DELETE + 1;
    return !reader.bad;
}

bool
kv_wire_valid(const KvRequest *request)
{
    return request->verb <= KV_VERB_DELETE && request->key.size >= 1 &&
           request->key.size <= KV_KEY_MAX &&
           request->value.size <= KV_VALUE_MAX &&
           request->expected.size <= KV_VALUE_MAX;
}

bool
kv_wire_decode_reply(Slice bytes, KvReply *reply)
{
    PackedReader reader = packed_reader(bytes);
    uint64_t status = 0;
    uint32_t tag;

    *reply = (KvReply){0};
    while ((tag = packed_get_tag(&reader)) != 0) {
        switch (tag) {
        case PACKED_TAG(1, PACKED_VARINT):
            reply->id = packed_get_varint(&reader);
            break;
        case PACKED_TAG(2, PACKED_VARINT):
            status = packed_get_varint(&reader);
            break;
        case PACKED_TAG(3, PACKED_BYTES):
            reply->value = packed_get_bytes(&reader);
            reply->value.owner = bytes.owner;
            break;
        case PACKED_TAG(4, PACKED_VARINT):
            reply->absent = packed_get_varint(&reader) != 0;
            break;
        case PACKED_TAG(5, PACKED_VARINT):
            reply->leader = (uint32_t)packed_get_varint(&reader);
            break;
        case PACKED_TAG(6, PACKED_VARINT):
            reply->index = packed_get_varint(&reader);
            break;
        default:
            packed_skip(&reader, tag);
        }
    }
    reply->status = (KvStatus)status;
    return !reader.bad && status <= KV_STATUS_INVALID;
}

Bytes *
kv_wire_encode_request(const KvRequest *request)
{
    Bytes *bytes = bytes_new(kv_wire_request_size(request));

    kv_wire_put_request(request, bytes->data);
    return bytes;
}

size_t
kv_wire_request_size(const KvRequest *request)
{
    return FRAME_HEADER + packed_u64_size(request->id) +
           packed_u64_size(request->verb) +
           packed_bytes_size(request->key.size) +
           packed_bytes_size(request->value.size) +
           packed_bytes_size(request->expected.size) +
           packed_u64_size(request->expect_absent);
}

void
kv_wire_put_request(const KvRequest *request, uint8_t *out)
{
    size_t size = kv_wire_request_size(request);
    const uint8_t *start = out;

    frame_header(out, size - FRAME_HEADER);
    out += FRAME_HEADER;
    out = packed_put_u64(out, 1, request->id);
    out = packed_put_u64(out, 2, request->verb);
    out = packed_put_bytes(out, 3, request->key);
    out = packed_put_bytes(out, 4, request->value);
    out = packed_put_bytes(out, 5, request->expected);
    out = packed_put_u64(out, 6, request->expect_absent);
    g_assert(out == start + size);
}

void
kv_wire_encode_reply(const KvReply *reply, uint8_t *head, size_t *head_size,
                     uint8_t *tail, size_t *tail_size)
{
    uint8_t *at = head + FRAME_HEADER, *end = tail;
    size_t size;

    at = packed_put_u64(at, 1, reply->id);
    at = packed_put_u64(at, 2, reply->status);
    if (reply->value.size > 0) {
        at = packed_put_length(at, 3, reply->value.size);
    }
    end = packed_put_u64(end, 4, reply->absent);
    end = packed_put_u64(end, 5, reply->leader);
    end = packed_put_u64(end, 6, reply->index);
    *head_size = (size_t)(at - head);
    *tail_size = (size_t)(end - tail);
    size = *head_size - FRAME_HEADER + reply->value.size + *tail_size;
    frame_header(head, size);
    g_assert(*head_size <= KV_REPLY_HEAD_MAX);
    g_assert(*tail_size <= KV_REPLY_HEAD_MAX);
}

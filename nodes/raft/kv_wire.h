/* SPDX-License-Identifier: Apache-2.0 */
/* The messages of proto/kv.proto, by hand for the hot path: same bytes as
 * protobuf-c. */
#ifndef SEEDBED_KV_WIRE_H
#define SEEDBED_KV_WIRE_H

#include <stdbool.h>

#include "nodes/bytes.h"

#define KV_KEY_MAX     1024u
#define KV_VALUE_MAX   (1024u * 1024)
#define KV_REQUEST_MAX (2u * KV_VALUE_MAX + KV_KEY_MAX + 64)
/* A reply without its value, with the length prefix of a stream. */
#define KV_REPLY_HEAD_MAX 64u

typedef enum KvVerb {
    KV_VERB_READ = 0,
    KV_VERB_WRITE = 1,
    KV_VERB_CAS = 2,
    KV_VERB_APPEND = 3,
    KV_VERB_DELETE = 4,
} KvVerb;

typedef enum KvStatus {
    KV_STATUS_OK = 0,
    KV_STATUS_NOT_LEADER = 1,
    KV_STATUS_MISMATCH = 2,
    KV_STATUS_BUSY = 3,
    KV_STATUS_UNKNOWN = 4,
    KV_STATUS_INVALID = 5,
} KvStatus;

typedef struct KvRequest {
    uint64_t id;
    KvVerb verb;
    Slice key, value, expected; /* borrowed from what was decoded */
    bool expect_absent;
} KvRequest;

typedef struct KvReply {
    uint64_t id;
    KvStatus status;
    Slice value;
    bool absent;
    uint32_t leader;
    uint64_t index;
} KvReply;

/* False: not a Request. It may still ask for too much, see below. */
bool kv_wire_decode_request(Slice bytes, KvRequest *request);
/* Is it of a known operation, with a key and values of allowed sizes? */
bool kv_wire_valid(const KvRequest *request);
bool kv_wire_decode_reply(Slice bytes, KvReply *reply);

/* Pack a request, with the length prefix of a stream. The caller's. */
Bytes *kv_wire_encode_request(const KvRequest *request);
/* The same into memory of kv_wire_request_size() bytes. */
size_t kv_wire_request_size(const KvRequest *request);
void kv_wire_put_request(const KvRequest *request, uint8_t *out);
/* Pack a reply with its length prefix around its value: writes what goes
 * before the value to @head and what follows it to @tail (each of
 * KV_REPLY_HEAD_MAX bytes), and their sizes. */
void kv_wire_encode_reply(const KvReply *reply, uint8_t *head,
                          size_t *head_size, uint8_t *tail, size_t *tail_size);

#endif

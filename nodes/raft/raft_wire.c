/* SPDX-License-Identifier: Apache-2.0 */
/* Packing and unpacking of proto/raft.proto. Fields are written in the order
 * of their numbers and zeros are left out, as every protobuf library does;
 * they are read in any order.
 *
 * The checksum of a message covers what it says, not how it was packed. Each
 * entry's [term, kind, checksum], as little-endian words, is hashed with the
 * hash of those before it as the seed (0 for the first); so is a snapshot's
 * data; and at last [kind, term, the other scalar fields in the order of
 * their numbers] with that as the seed. */
#include "nodes/raft/raft_wire.h"

#include "nodes/hash.h"

#define WORDS_MAX 8u

/* Entry and Message of raft.proto. */
enum {
    ENTRY_TERM = PACKED_TAG(1, PACKED_VARINT),
    ENTRY_KIND = PACKED_TAG(2, PACKED_VARINT),
    ENTRY_DATA = PACKED_TAG(3, PACKED_BYTES),
    ENTRY_CHECKSUM = PACKED_TAG(4, PACKED_FIXED64),
    MESSAGE_CHECKSUM = PACKED_TAG(15, PACKED_FIXED64),
};

/* Entries of an AppendRequest, data of a SnapshotRequest. */
#define BYTES_FIELD 5u

/* Which scalar fields a kind of message has, in the order of their numbers,
 * and which of them is a fixed64 (0: none). */
typedef struct Layout {
    uint8_t count, fixed64;
    uint8_t numbers[WORDS_MAX];
} Layout;

static const Layout layouts[] = {
    [RAFT_VOTE_REQUEST] = {4, 0, {1, 2, 3, 4}},
    [RAFT_VOTE_REPLY] = {3, 0, {1, 2, 3}},
    [RAFT_APPEND_REQUEST] = {5, 0, {1, 2, 3, 4, 6}},
    [RAFT_APPEND_REPLY] = {7, 0, {1, 2, 3, 4, 5, 6, 7}},
    [RAFT_SNAPSHOT_REQUEST] = {7, 8, {1, 2, 3, 4, 6, 7, 8}},
    [RAFT_SNAPSHOT_REPLY] = {4, 0, {1, 2, 3, 4}},
};

/* A message as its kind and the words of its layout. */
typedef struct Shape {
    const Layout *layout;
    uint64_t words[WORDS_MAX + 1]; /* words[0]: the kind */
} Shape;

static void shape_of(const RaftMessage *message, Shape *shape);
static uint64_t shape_hash(const Shape *shape, uint64_t seed);
static size_t shape_size(const Shape *shape);
static uint8_t *shape_put(uint8_t *out, const Shape *shape, unsigned from,
                          unsigned to);
static size_t entry_body_size(const RaftEntry *entry);
static uint8_t *put_entry(uint8_t *out, const RaftEntry *entry);
static bool decode_body(RaftMessage *message, Slice body, uint64_t *hash);
static bool decode_ordered(RaftMessage *m, Slice body, Shape *shape,
                           uint64_t *chain, Slice *data);
static bool decode_unordered(RaftMessage *m, Slice body, Shape *shape,
                             uint64_t *chain, Slice *data);
static void take_fields(RaftMessage *m, const uint64_t *w);
static bool decode_entry(RaftMessage *m, Slice bytes, uint64_t *chain);
static bool read_entry(Slice bytes, RaftEntry *entry);

size_t
raft_wire_entry_size(const RaftEntry *entry)
{
    size_t body = entry_body_size(entry);

    return 1 + packed_varint_size(body) + body;
}

Bytes *
raft_wire_encode(const RaftMessage *message, const RaftSpan *spans,
                 unsigned span_count)
{
    Shape shape = {NULL, {0}};
    size_t body, size;
    uint64_t hash;
    uint8_t *out;
    Bytes *bytes;
    unsigned before; /* scalar fields ahead of the entries or the data */
    bool snapshot = message->kind == RAFT_SNAPSHOT_REQUEST;

    shape_of(message, &shape);
    hash = 0;
    body = shape_size(&shape);
    for (unsigned s = 0; s < span_count; s++) {
        for (unsigned i = 0; i < spans[s].count; i++) {
            const RaftEntry *entry = &spans[s].entries[i];
            uint64_t words[3] = {entry->term, entry->kind, entry->hash};

            body += raft_wire_entry_size(entry);
            hash = hash_words(words, 3, hash);
        }
    }
    if (snapshot) {
        Slice data = message->snapshot_request.data;

        body += packed_bytes_size(data.size);
        hash = hash_bytes(data.data, data.size, 0);
    }
    hash = shape_hash(&shape, hash);
    size = 1 + packed_varint_size(body) + body + packed_fixed64_size(hash);
    bytes = bytes_new(size);
    out = packed_put_length(bytes->data, message->kind, body);
    before = message->kind == RAFT_APPEND_REQUEST ? 4 : snapshot ? 4 : 0;
    out = shape_put(out, &shape, 0, before);
    for (unsigned s = 0; s < span_count; s++) {
        for (unsigned i = 0; i < spans[s].count; i++) {
            out = put_entry(out, &spans[s].entries[i]);
        }
    }
    if (snapshot) {
        out = packed_put_bytes(out, 5, message->snapshot_request.data);
    }
    out = shape_put(out, &shape, before, shape.layout->count);
    out = packed_put_fixed64(out, 15, hash);
    g_assert(out == bytes->data + size);
    return bytes;
}

size_t
raft_wire_encode_small(const RaftMessage *message, uint8_t *out)
{
    Shape shape = {NULL, {0}};
    uint64_t hash = 0;
    size_t body;
    uint8_t *at;

    g_assert(message->kind != RAFT_SNAPSHOT_REQUEST ||
             message->snapshot_request.data.size == 0);
    shape_of(message, &shape);
    if (message->kind == RAFT_SNAPSHOT_REQUEST) {
        hash = hash_bytes(NULL, 0, 0);
    }
    hash = shape_hash(&shape, hash);
    body = shape_size(&shape);
    at = packed_put_length(out, message->kind, body);
    at = shape_put(at, &shape, 0, shape.layout->count);
    at = packed_put_fixed64(at, 15, hash);
    g_assert(at <= out + RAFT_WIRE_SMALL);
    return (size_t)(at - out);
}

RaftMessageKind
raft_wire_kind(Slice bytes)
{
    unsigned number = bytes.size > 0 ? bytes.data[0] >> 3 : 0;

    return bytes.size > 0 && (bytes.data[0] & 7) == PACKED_BYTES &&
                   number >= RAFT_VOTE_REQUEST && number <= RAFT_SNAPSHOT_REPLY
               ? (RaftMessageKind)number
               : (RaftMessageKind)0;
}

bool
raft_wire_term(Slice bytes, uint64_t *term)
{
    PackedReader reader = packed_reader(bytes);

    (void)packed_get_tag(&reader);
    (void)packed_get_varint(&reader); /* the size of what follows */
    if (packed_get_tag(&reader) != PACKED_TAG(1, PACKED_VARINT)) {
        return false;
    }
    *term = packed_get_varint(&reader);
    return !reader.bad;
}

bool
raft_wire_decode(Slice bytes, RaftMessage *message)
{
    PackedReader reader = packed_reader(bytes);
    Slice body = {NULL, 0, NULL};
    uint64_t checksum = 0, hash = 0;
    uint32_t tag;

    message->kind = 0;
    message->append_request.entry_count = 0;
    while ((tag = packed_get_tag(&reader)) != 0) {
        uint32_t number = tag >> 3;

        if (tag == MESSAGE_CHECKSUM) {
            checksum = packed_get_fixed64(&reader);
        } else if ((tag & 7) == PACKED_BYTES && number >= RAFT_VOTE_REQUEST &&
                   number <= RAFT_SNAPSHOT_REPLY) {
            if (message->kind != 0) {
                return false; /* one body, not two */
            }
            message->kind = (RaftMessageKind)number;
            body = packed_get_bytes(&reader);
            body.owner = bytes.owner;
        } else {
            packed_skip(&reader, tag);
        }
    }
    if (reader.bad || message->kind == 0) {
        return false;
    }
    return decode_body(message, body, &hash) && hash == checksum;
}

void
raft_wire_entry(const RaftMessage *message, unsigned number,
                PackedReader *reader, RaftEntry *entry)
{
    Slice body = message->append_request.body, bytes;
    uint32_t tag;
    bool good;

    g_assert(number < message->append_request.entry_count);
    if (number == 0) {
        *entry = message->append_request.first;
        *reader = (PackedReader){message->append_request.rest,
                                 body.data + body.size, false};
        return;
    }
    while ((tag = packed_get_tag(reader)) !=
           PACKED_TAG(BYTES_FIELD, PACKED_BYTES)) {
        g_assert(tag != 0); /* raft_wire_decode() has counted them */
        packed_skip(reader, tag);
    }
    bytes = packed_get_bytes(reader);
    bytes.owner = body.owner;
    good = read_entry(bytes, entry);
    g_assert(good);
}

uint64_t
raft_wire_entry_hash(RaftEntryKind kind, Slice data)
{
    return hash_bytes(data.data, data.size, kind);
}

static void
shape_of(const RaftMessage *m, Shape *shape)
{
    uint64_t *w = shape->words;

    g_assert(m->kind >= RAFT_VOTE_REQUEST && m->kind <= RAFT_SNAPSHOT_REPLY);
    shape->layout = &layouts[m->kind];
    *w++ = m->kind;
    *w++ = m->term;
    switch (m->kind) {
    case RAFT_VOTE_REQUEST:
        *w++ = m->vote_request.last_log_index;
        *w++ = m->vote_request.last_log_term;
        *w++ = m->vote_request.pre_vote;
        break;
    case RAFT_VOTE_REPLY:
        *w++ = m->vote_reply.granted;
        *w++ = m->vote_reply.pre_vote;
        break;
    case RAFT_APPEND_REQUEST:
        *w++ = m->append_request.previous_index;
        *w++ = m->append_request.previous_term;
        *w++ = m->append_request.commit_index;
        *w++ = m->append_request.sequence;
        break;
    case RAFT_APPEND_REPLY:
        *w++ = m->append_reply.success;
        *w++ = m->append_reply.match_index;
        *w++ = m->append_reply.conflict_term;
        *w++ = m->append_reply.conflict_index;
        *w++ = m->append_reply.last_index;
        *w++ = m->append_reply.sequence;
        break;
    case RAFT_SNAPSHOT_REQUEST:
        *w++ = m->snapshot_request.last_index;
        *w++ = m->snapshot_request.last_term;
        *w++ = m->snapshot_request.offset;
        *w++ = m->snapshot_request.done;
        *w++ = m->snapshot_request.size;
        *w++ = m->snapshot_request.checksum;
        break;
    case RAFT_SNAPSHOT_REPLY:
        *w++ = m->snapshot_reply.last_index;
        *w++ = m->snapshot_reply.offset;
        *w++ = m->snapshot_reply.done;
        break;
    }
    g_assert(w == shape->words + shape->layout->count + 1);
}

static uint64_t
shape_hash(const Shape *shape, uint64_t seed)
{
    return hash_words(shape->words, shape->layout->count + 1u, seed);
}

static size_t
shape_size(const Shape *shape)
{
    size_t size = 0;

    for (unsigned i = 0; i < shape->layout->count; i++) {
        size += shape->layout->numbers[i] == shape->layout->fixed64
                    ? packed_fixed64_size(shape->words[i + 1])
                    : packed_u64_size(shape->words[i + 1]);
    }
    return size;
}

static uint8_t *
shape_put(uint8_t *out, const Shape *shape, unsigned from, unsigned to)
{
    for (unsigned i = from; i < to; i++) {
        uint32_t number = shape->layout->numbers[i];

        out = number == shape->layout->fixed64
                  ? packed_put_fixed64(out, number, shape->words[i + 1])
                  : packed_put_u64(out, number, shape->words[i + 1]);
    }
    return out;
}

static size_t
entry_body_size(const RaftEntry *entry)
{
    return packed_u64_size(entry->term) + packed_u64_size(entry->kind) +
           packed_bytes_size(entry->data.size) +
           packed_fixed64_size(entry->hash);
}

static uint8_t *
put_entry(uint8_t *out, const RaftEntry *entry)
{
    out = packed_put_length(out, BYTES_FIELD, entry_body_size(entry));
    out = packed_put_u64(out, 1, entry->term);
    out = packed_put_u64(out, 2, entry->kind);
    out = packed_put_bytes(out, 3, entry->data);
    return packed_put_fixed64(out, 4, entry->hash);
}

/* Read the fields of @body into @m and say what they hash to. */
static bool
decode_body(RaftMessage *m, Slice body, uint64_t *hash)
{
    Shape shape;
    uint64_t chain = 0;
    Slice data = {NULL, 0, NULL};

    shape.layout = &layouts[m->kind];
    shape.words[0] = m->kind;
    if (!decode_ordered(m, body, &shape, &chain, &data)) {
        chain = 0;
        m->append_request.entry_count = 0;
        if (!decode_unordered(m, body, &shape, &chain, &data)) {
            return false;
        }
    }
    if (m->kind == RAFT_SNAPSHOT_REQUEST) {
        m->snapshot_request.data = data;
        chain = hash_bytes(data.data, data.size, 0);
    } else if (m->kind == RAFT_APPEND_REQUEST) {
        m->append_request.body = body;
    }
    take_fields(m, shape.words);
    *hash = shape_hash(&shape, chain);
    return true;
}

/* What raft_wire_encode() makes: known fields in the order of their numbers,
 * and so without asking what comes next. */
static bool
decode_ordered(RaftMessage *m, Slice body, Shape *shape, uint64_t *chain,
               Slice *data)
{
    PackedReader reader = packed_reader(body);
    const Layout *layout = shape->layout;
    bool append = m->kind == RAFT_APPEND_REQUEST;

    for (unsigned i = 0; i < layout->count; i++) {
        unsigned number = layout->numbers[i];
        uint64_t *word = &shape->words[i + 1];

        while (number == BYTES_FIELD + 1 &&
               packed_next_is(&reader, PACKED_TAG(BYTES_FIELD, PACKED_BYTES))) {
            *data = packed_get_bytes(&reader);
            data->owner = body.owner;
            if (append && !decode_entry(m, *data, chain)) {
                return false;
            }
        }
        *word = 0;
        if (number == layout->fixed64) {
            if (packed_next_is(&reader, PACKED_TAG(number, PACKED_FIXED64))) {
                *word = packed_get_fixed64(&reader);
            }
        } else if (packed_next_is(&reader, PACKED_TAG(number, PACKED_VARINT))) {
            *word = packed_get_varint(&reader);
        }
    }
    return !reader.bad && reader.at == reader.end;
}

/* Any fields in any order, as protobuf allows: the last of a number counts. */
static bool
decode_unordered(RaftMessage *m, Slice body, Shape *shape, uint64_t *chain,
                 Slice *data)
{
    PackedReader reader = packed_reader(body);
    uint64_t f[WORDS_MAX + 1] = {0}; /* by field number */
    uint32_t tag;

    *data = slice_of(NULL, 0);
    while ((tag = packed_get_tag(&reader)) != 0) {
        if ((tag & 7) == PACKED_VARINT && tag >> 3 <= WORDS_MAX) {
            f[tag >> 3] = packed_get_varint(&reader);
        } else if (tag == PACKED_TAG(BYTES_FIELD, PACKED_BYTES)) {
            *data = packed_get_bytes(&reader);
            data->owner = body.owner;
            if (m->kind == RAFT_APPEND_REQUEST &&
                !decode_entry(m, *data, chain)) {
                return false;
            }
        } else if (tag == PACKED_TAG(8, PACKED_FIXED64)) {
            f[8] = packed_get_fixed64(&reader);
        } else {
            packed_skip(&reader, tag);
        }
    }
    for (unsigned i = 0; i < shape->layout->count; i++) {
        shape->words[i + 1] = f[shape->layout->numbers[i]];
    }
    return !reader.bad;
}

/* @w: the words of its layout, from 1 on. */
static void
take_fields(RaftMessage *m, const uint64_t *w)
{
    m->term = w[1];
    switch (m->kind) {
    case RAFT_VOTE_REQUEST:
        m->vote_request.last_log_index = w[2];
        m->vote_request.last_log_term = w[3];
        m->vote_request.pre_vote = w[4] != 0;
        break;
    case RAFT_VOTE_REPLY:
        m->vote_reply.granted = w[2] != 0;
        m->vote_reply.pre_vote = w[3] != 0;
        break;
    case RAFT_APPEND_REQUEST:
        m->append_request.previous_index = w[2];
        m->append_request.previous_term = w[3];
        m->append_request.commit_index = w[4];
        m->append_request.sequence = w[5];
        break;
    case RAFT_APPEND_REPLY:
        m->append_reply.success = w[2] != 0;
        m->append_reply.match_index = w[3];
        m->append_reply.conflict_term = w[4];
        m->append_reply.conflict_index = w[5];
        m->append_reply.last_index = w[6];
        m->append_reply.sequence = w[7];
        break;
    case RAFT_SNAPSHOT_REQUEST:
        m->snapshot_request.last_index = w[2];
        m->snapshot_request.last_term = w[3];
        m->snapshot_request.offset = w[4];
        m->snapshot_request.done = w[5] != 0;
        m->snapshot_request.size = w[6];
        m->snapshot_request.checksum = w[7];
        break;
    case RAFT_SNAPSHOT_REPLY:
        m->snapshot_reply.last_index = w[2];
        m->snapshot_reply.offset = w[3];
        m->snapshot_reply.done = w[4] != 0;
        break;
    }
}

/* Is the entry whole and undamaged? Add it to the chain of hashes. */
static bool
decode_entry(RaftMessage *m, Slice bytes, uint64_t *chain)
{
    RaftEntry entry;

    if (!read_entry(bytes, &entry) ||
        raft_wire_entry_hash(entry.kind, entry.data) != entry.hash) {
        return false;
    }
    if (m->append_request.entry_count++ == 0) {
        m->append_request.first = entry;
        m->append_request.rest = bytes.data + bytes.size;
    }
    uint64_t words[3] = {entry.term, entry.kind, entry.hash};
    *chain = hash_words(words, 3, *chain);
    return true;
}

static bool
read_entry(Slice bytes, RaftEntry *entry)
{
    PackedReader reader = packed_reader(bytes);
    uint64_t kind = 0;
    uint32_t tag;

    entry->term =
        packed_next_is(&reader, ENTRY_TERM) ? packed_get_varint(&reader) : 0;
    if (packed_next_is(&reader, ENTRY_KIND)) {
        kind = packed_get_varint(&reader);
    }
    entry->data = slice_of(bytes.data, 0);
    if (packed_next_is(&reader, ENTRY_DATA)) {
        entry->data = packed_get_bytes(&reader);
    }
    entry->data.owner = bytes.owner;
    entry->hash = packed_next_is(&reader, ENTRY_CHECKSUM)
                      ? packed_get_fixed64(&reader)
                      : 0;
    /* Anything else, or in another order: the last of a field counts. */
    while ((tag = packed_get_tag(&reader)) != 0) {
        switch (tag) {
        case ENTRY_TERM:
            entry->term = packed_get_varint(&reader);
            break;
        case ENTRY_KIND:
            kind = packed_get_varint(&reader);
            break;
        case ENTRY_DATA:
            entry->data = packed_get_bytes(&reader);
            entry->data.owner = bytes.owner;
            break;
        case ENTRY_CHECKSUM:
            entry->hash = packed_get_fixed64(&reader);
            break;
        default:
            packed_skip(&reader, tag);
        }
    }
    entry->kind = (RaftEntryKind)kind;
    return !reader.bad && kind <= RAFT_CONFIGURATION;
}

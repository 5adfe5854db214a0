/* SPDX-License-Identifier: Apache-2.0 */
/* The messages of proto/raft.proto, packed and unpacked by hand: same bytes
 * as protobuf-c, no allocation, and a checksum that is checked, for a
 * datagram may arrive corrupted. Entries stay where they were received. */
#ifndef SEEDBED_RAFT_WIRE_H
#define SEEDBED_RAFT_WIRE_H

#include <stdbool.h>

#include "nodes/bytes.h"
#include "nodes/packed.h"

typedef enum RaftEntryKind {
    RAFT_COMMAND = 0,
    RAFT_NOOP = 1,
    RAFT_CONFIGURATION = 2,
} RaftEntryKind;

/* One entry of the log. Its index is its place. */
typedef struct RaftEntry {
    uint64_t term;
    uint64_t hash; /* XXH3-64 of data, seeded with kind */
    Slice data;
    RaftEntryKind kind;
} RaftEntry;

/* A run of entries in memory; the log is a ring, so two make a range. */
typedef struct RaftSpan {
    const RaftEntry *entries;
    unsigned count;
} RaftSpan;

typedef enum RaftMessageKind {
    RAFT_VOTE_REQUEST = 1,
    RAFT_VOTE_REPLY,
    RAFT_APPEND_REQUEST,
    RAFT_APPEND_REPLY,
    RAFT_SNAPSHOT_REQUEST,
    RAFT_SNAPSHOT_REPLY,
} RaftMessageKind;

typedef struct RaftMessage {
    RaftMessageKind kind;
    uint64_t term;
    union {
        struct {
            uint64_t last_log_index, last_log_term;
            bool pre_vote;
        } vote_request;
        struct {
            bool granted, pre_vote;
        } vote_reply;
        struct {
            uint64_t previous_index, previous_term, commit_index, sequence;
            unsigned entry_count;
            RaftEntry first;     /* decoded: the first entry */
            const uint8_t *rest; /* and what follows it */
            Slice body;
        } append_request;
        struct {
            bool success;
            uint64_t match_index, conflict_term, conflict_index, last_index;
            uint64_t sequence;
        } append_reply;
        struct {
            uint64_t last_index, last_term, offset, size, checksum;
            Slice data;
            bool done;
        } snapshot_request;
        struct {
            uint64_t last_index, offset;
            bool done;
        } snapshot_reply;
    };
} RaftMessage;

/* No message but an AppendRequest with entries or a SnapshotRequest with
 * data is longer. */
#define RAFT_WIRE_SMALL 128u

/* Bytes that an entry takes in an AppendRequest. */
size_t raft_wire_entry_size(const RaftEntry *entry);

/* Pack @message; an AppendRequest takes its entries from @spans (entry_count
 * and body are not read). Returns a buffer with one reference, the
 * caller's. */
Bytes *raft_wire_encode(const RaftMessage *message, const RaftSpan *spans,
                        unsigned span_count);
/* The same into @out of RAFT_WIRE_SMALL bytes, for messages without entries
 * and data. Returns the size. */
size_t raft_wire_encode_small(const RaftMessage *message, uint8_t *out);

/* Which kind of message @bytes begin with, without looking at the rest; 0:
 * not one that raft_wire_encode() packed. */
RaftMessageKind raft_wire_kind(Slice bytes);
/* The term of such a message, likewise. False: it does not begin with one. */
bool raft_wire_term(Slice bytes, uint64_t *term);
/* Unpack @bytes. False when they are no message, or damaged. Slices of
 * @message borrow from @bytes, with its owner. */
bool raft_wire_decode(Slice bytes, RaftMessage *message);

/* The entries of a decoded AppendRequest, one after the other: pass
 * @number = 0, 1, ... entry_count - 1 and the same @reader. data borrows from
 * what was decoded. */
void raft_wire_entry(const RaftMessage *message, unsigned number,
                     PackedReader *reader, RaftEntry *entry);

/* XXH3-64 over kind and data. */
uint64_t raft_wire_entry_hash(RaftEntryKind kind, Slice data);

#endif

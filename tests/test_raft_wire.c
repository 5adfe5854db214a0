/* SPDX-License-Identifier: Apache-2.0 */
/* The hand-written packing against protobuf-c's own, both ways, on random
 * messages; and that damage is seen. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "nodes/dice.h"
#include "nodes/raft/kv_wire.h"
#include "nodes/raft/raft_wire.h"
#include "proto/kv.pb-c.h"
#include "proto/raft.pb-c.h"

#define ENTRIES_MAX 6u

static Stream dice;

/* Small, large and zero numbers all the same often. */
static uint64_t
number(void)
{
    uint64_t bits = stream_below(&dice, 65);

    return bits == 0 ? 0 : stream_u64(&dice) >> (64 - bits);
}

static Slice
blob(uint8_t *buffer, size_t max)
{
    size_t size = (size_t)stream_below(&dice, max + 1);

    if (stream_below(&dice, 4) == 0) {
        size = 0;
    }
    for (size_t i = 0; i < size; i++) {
        buffer[i] = (uint8_t)stream_u64(&dice);
    }
    return slice_of(buffer, size);
}

static void
random_message(RaftMessage *m, RaftEntry *entries,
               uint8_t data[ENTRIES_MAX][300])
{
    memset(m, 0, sizeof(*m));
    m->kind = (RaftMessageKind)(1 + stream_below(&dice, 6));
    m->term = number();
    switch (m->kind) {
    case RAFT_VOTE_REQUEST:
        m->vote_request.last_log_index = number();
        m->vote_request.last_log_term = number();
        m->vote_request.pre_vote = number() & 1;
        break;
    case RAFT_VOTE_REPLY:
        m->vote_reply.granted = number() & 1;
        m->vote_reply.pre_vote = number() & 1;
        break;
    case RAFT_APPEND_REQUEST:
        m->append_request.previous_index = number();
        m->append_request.previous_term = number();
        m->append_request.commit_index = number();
        m->append_request.sequence = number();
        m->append_request.entry_count =
            (unsigned)stream_below(&dice, ENTRIES_MAX + 1);
        for (unsigned i = 0; i < m->append_request.entry_count; i++) {
            entries[i].term = number();
            entries[i].kind = (RaftEntryKind)stream_below(&dice, 3);
            entries[i].data = blob(data[i], 300);
            entries[i].hash =
                raft_wire_entry_hash(entries[i].kind, entries[i].data);
        }
        break;
    case RAFT_APPEND_REPLY:
        m->append_reply.success = number() & 1;
        m->append_reply.match_index = number();
        m->append_reply.conflict_term = number();
        m->append_reply.conflict_index = number();
        m->append_reply.last_index = number();
        m->append_reply.sequence = number();
        break;
    case RAFT_SNAPSHOT_REQUEST:
        m->snapshot_request.last_index = number();
        m->snapshot_request.last_term = number();
        m->snapshot_request.offset = number();
        m->snapshot_request.data = blob(data[0], 300);
        m->snapshot_request.done = number() & 1;
        m->snapshot_request.size = number();
        m->snapshot_request.checksum = number();
        break;
    case RAFT_SNAPSHOT_REPLY:
        m->snapshot_reply.last_index = number();
        m->snapshot_reply.offset = number();
        m->snapshot_reply.done = number() & 1;
        break;
    }
}

static Bytes *
pack(const RaftMessage *m, const RaftEntry *entries)
{
    unsigned count =
        m->kind == RAFT_APPEND_REQUEST ? m->append_request.entry_count : 0;
    /* As the log's ring would give them: in two spans. */
    RaftSpan spans[2] = {{entries, count / 2},
                         {entries + count / 2, count - count / 2}};

    return raft_wire_encode(m, spans, 2);
}

static void
same_entries(const RaftMessage *decoded, const Seedbed__Raft__AppendRequest *a)
{
    PackedReader reader;

    ck_assert_uint_eq(decoded->append_request.entry_count, a->n_entries);
    for (unsigned i = 0; i < a->n_entries; i++) {
        RaftEntry entry;

        raft_wire_entry(decoded, i, &reader, &entry);
        ck_assert_uint_eq(entry.term, a->entries[i]->term);
        ck_assert_uint_eq(entry.kind, a->entries[i]->kind);
        ck_assert_uint_eq(entry.hash, a->entries[i]->checksum);
        ck_assert_uint_eq(entry.data.size, a->entries[i]->data.len);
        if (entry.data.size > 0) {
            ck_assert_mem_eq(entry.data.data, a->entries[i]->data.data,
                             entry.data.size);
        }
    }
}

static void
same_fields(const RaftMessage *m, const Seedbed__Raft__Message *p)
{
    ck_assert_uint_eq(m->kind, p->body_case);
    switch (m->kind) {
    case RAFT_VOTE_REQUEST:
        ck_assert_uint_eq(m->term, p->vote_request->term);
        ck_assert_uint_eq(m->vote_request.last_log_index,
                          p->vote_request->last_log_index);
        ck_assert_uint_eq(m->vote_request.last_log_term,
                          p->vote_request->last_log_term);
        ck_assert_uint_eq(m->vote_request.pre_vote,
                          p->vote_request->pre_vote != 0);
        break;
    case RAFT_VOTE_REPLY:
        ck_assert_uint_eq(m->term, p->vote_reply->term);
        ck_assert_uint_eq(m->vote_reply.granted, p->vote_reply->granted != 0);
        ck_assert_uint_eq(m->vote_reply.pre_vote, p->vote_reply->pre_vote != 0);
        break;
    case RAFT_APPEND_REQUEST:
        ck_assert_uint_eq(m->term, p->append_request->term);
        ck_assert_uint_eq(m->append_request.previous_index,
                          p->append_request->previous_index);
        ck_assert_uint_eq(m->append_request.previous_term,
                          p->append_request->previous_term);
        ck_assert_uint_eq(m->append_request.commit_index,
                          p->append_request->commit_index);
        ck_assert_uint_eq(m->append_request.sequence,
                          p->append_request->sequence);
        same_entries(m, p->append_request);
        break;
    case RAFT_APPEND_REPLY:
        ck_assert_uint_eq(m->term, p->append_reply->term);
        ck_assert_uint_eq(m->append_reply.success,
                          p->append_reply->success != 0);
        ck_assert_uint_eq(m->append_reply.match_index,
                          p->append_reply->match_index);
        ck_assert_uint_eq(m->append_reply.conflict_term,
                          p->append_reply->conflict_term);
        ck_assert_uint_eq(m->append_reply.conflict_index,
                          p->append_reply->conflict_index);
        ck_assert_uint_eq(m->append_reply.last_index,
                          p->append_reply->last_index);
        ck_assert_uint_eq(m->append_reply.sequence, p->append_reply->sequence);
        break;
    case RAFT_SNAPSHOT_REQUEST:
        ck_assert_uint_eq(m->term, p->snapshot_request->term);
        ck_assert_uint_eq(m->snapshot_request.last_index,
                          p->snapshot_request->last_index);
        ck_assert_uint_eq(m->snapshot_request.last_term,
                          p->snapshot_request->last_term);
        ck_assert_uint_eq(m->snapshot_request.offset,
                          p->snapshot_request->offset);
        ck_assert_uint_eq(m->snapshot_request.done,
                          p->snapshot_request->done != 0);
        ck_assert_uint_eq(m->snapshot_request.size, p->snapshot_request->size);
        ck_assert_uint_eq(m->snapshot_request.checksum,
                          p->snapshot_request->checksum);
        ck_assert_uint_eq(m->snapshot_request.data.size,
                          p->snapshot_request->data.len);
        break;
    case RAFT_SNAPSHOT_REPLY:
        ck_assert_uint_eq(m->term, p->snapshot_reply->term);
        ck_assert_uint_eq(m->snapshot_reply.last_index,
                          p->snapshot_reply->last_index);
        ck_assert_uint_eq(m->snapshot_reply.offset, p->snapshot_reply->offset);
        ck_assert_uint_eq(m->snapshot_reply.done, p->snapshot_reply->done != 0);
        break;
    }
}

START_TEST(same_as_protobuf_c)
{
    for (unsigned round = 0; round < 5000; round++) {
        RaftEntry entries[ENTRIES_MAX];
        uint8_t data[ENTRIES_MAX][300], again[4096];
        RaftMessage m, decoded;
        Bytes *ours;
        Seedbed__Raft__Message *theirs;

        random_message(&m, entries, data);
        ours = pack(&m, entries);
        /* What we pack, protobuf-c reads, and packs to the same bytes. */
        theirs = seedbed__raft__message__unpack(NULL, ours->size, ours->data);
        ck_assert_ptr_nonnull(theirs);
        ck_assert_uint_le(ours->size, sizeof(again));
        ck_assert_uint_eq(seedbed__raft__message__pack(theirs, again),
                          ours->size);
        ck_assert_mem_eq(again, ours->data, ours->size);
        /* What protobuf-c packed, we read, to what it said. */
        ck_assert(raft_wire_decode(slice_of(again, ours->size), &decoded));
        same_fields(&decoded, theirs);
        if ((m.kind != RAFT_APPEND_REQUEST ||
             m.append_request.entry_count == 0) &&
            (m.kind != RAFT_SNAPSHOT_REQUEST ||
             m.snapshot_request.data.size == 0)) {
            uint8_t small[RAFT_WIRE_SMALL];

            ck_assert_uint_eq(raft_wire_encode_small(&m, small), ours->size);
            ck_assert_mem_eq(small, ours->data, ours->size);
        }
        seedbed__raft__message__free_unpacked(theirs, NULL);
        bytes_unref(ours);
    }
}
END_TEST

START_TEST(damage_is_seen)
{
    for (unsigned round = 0; round < 3000; round++) {
        RaftEntry entries[ENTRIES_MAX];
        uint8_t data[ENTRIES_MAX][300];
        RaftMessage m, decoded;
        Bytes *bytes, *original;
        size_t at;

        random_message(&m, entries, data);
        bytes = pack(&m, entries);
        original = bytes_copy(bytes->data, bytes->size);
        at = (size_t)stream_below(&dice, bytes->size);
        bytes->data[at] ^= (uint8_t)(1 << stream_below(&dice, 8));
        if (raft_wire_decode(slice_bytes(bytes), &decoded)) {
            /* Only a bool can be written in two ways: it says the same. */
            Seedbed__Raft__Message *p = seedbed__raft__message__unpack(
                NULL, original->size, original->data);

            same_fields(&decoded, p);
            seedbed__raft__message__free_unpacked(p, NULL);
        }
        bytes_unref(original);
        /* Cut short anywhere. */
        ck_assert(
            !raft_wire_decode(slice_sub(slice_bytes(bytes), 0, at), &decoded));
        bytes_unref(bytes);
    }
}
END_TEST

START_TEST(noise_is_refused)
{
    for (unsigned round = 0; round < 20000; round++) {
        uint8_t noise[64];
        RaftMessage decoded;

        ck_assert(!raft_wire_decode(blob(noise, sizeof(noise)), &decoded));
    }
}
END_TEST

START_TEST(kv_same_as_protobuf_c)
{
    for (unsigned round = 0; round < 5000; round++) {
        uint8_t a[100], b[100], c[100];
        KvRequest request = {number(),     (KvVerb)stream_below(&dice, 5),
                             blob(a, 100), blob(b, 100),
                             blob(c, 100), number() & 1},
                  got;
        Bytes *ours = kv_wire_encode_request(&request);
        Seedbed__Kv__Request *theirs =
            seedbed__kv__request__unpack(NULL, ours->size - 4, ours->data + 4);
        uint8_t again[512];

        ck_assert_ptr_nonnull(theirs);
        ck_assert_uint_eq(seedbed__kv__request__pack(theirs, again),
                          ours->size - 4);
        ck_assert_mem_eq(again, ours->data + 4, ours->size - 4);
        ck_assert(
            kv_wire_decode_request(slice_of(again, ours->size - 4), &got));
        ck_assert_uint_eq(got.id, theirs->id);
        ck_assert_uint_eq(got.verb, theirs->operation);
        ck_assert_uint_eq(got.key.size, theirs->key.len);
        ck_assert_uint_eq(got.value.size, theirs->value.len);
        ck_assert_uint_eq(got.expected.size, theirs->expected.len);
        ck_assert_uint_eq(got.expect_absent, theirs->expect_absent != 0);
        seedbed__kv__request__free_unpacked(theirs, NULL);
        bytes_unref(ours);
    }
}
END_TEST

START_TEST(kv_reply_same_as_protobuf_c)
{
    for (unsigned round = 0; round < 5000; round++) {
        uint8_t a[100], head[KV_REPLY_HEAD_MAX], tail[KV_REPLY_HEAD_MAX];
        uint8_t whole[512], again[512];
        KvReply reply = {number(),           (KvStatus)stream_below(&dice, 6),
                         blob(a, 100),       number() & 1,
                         (uint32_t)number(), number()},
                got;
        size_t head_size, tail_size, size;
        Seedbed__Kv__Reply *theirs;

        kv_wire_encode_reply(&reply, head, &head_size, tail, &tail_size);
        size = head_size + reply.value.size + tail_size - 4;
        memcpy(whole, head + 4, head_size - 4);
        if (reply.value.size > 0) {
            memcpy(whole + head_size - 4, a, reply.value.size);
        }
        memcpy(whole + head_size - 4 + reply.value.size, tail, tail_size);
        ck_assert_uint_eq(head[2] * 256u + head[3], size);
        theirs = seedbed__kv__reply__unpack(NULL, size, whole);
        ck_assert_ptr_nonnull(theirs);
        ck_assert_uint_eq(seedbed__kv__reply__pack(theirs, again), size);
        ck_assert_mem_eq(again, whole, size);
        ck_assert(kv_wire_decode_reply(slice_of(again, size), &got));
        ck_assert_uint_eq(got.id, reply.id);
        ck_assert_uint_eq(got.status, reply.status);
        ck_assert_uint_eq(got.value.size, reply.value.size);
        ck_assert_uint_eq(got.absent, reply.absent);
        ck_assert_uint_eq(got.leader, reply.leader);
        ck_assert_uint_eq(got.index, reply.index);
        seedbed__kv__reply__free_unpacked(theirs, NULL);
    }
}
END_TEST

static Suite *
suite(void)
{
    Suite *s = suite_create("raft_wire");
    TCase *t = tcase_create("wire");

    dice = (Stream){42, 0};
    tcase_add_test(t, same_as_protobuf_c);
    tcase_add_test(t, damage_is_seen);
    tcase_add_test(t, noise_is_refused);
    tcase_add_test(t, kv_same_as_protobuf_c);
    tcase_add_test(t, kv_reply_same_as_protobuf_c);
    suite_add_tcase(s, t);
    return s;
}

int
main(void)
{
    SRunner *runner = srunner_create(suite());
    int failed;

    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

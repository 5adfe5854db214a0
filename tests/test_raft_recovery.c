/* SPDX-License-Identifier: Apache-2.0 */
/* Restarts on damaged disks: what was durable is never silently lost, what
 * was torn is never a reason to refuse. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "nodes/probes.h"
#include "nodes/raft/raft_log.h"
#include "tests/raft_net.h"

static bool
has_leader(RaftNet *net)
{
    return raft_net_leader(net) != 0;
}

static void
write_some(RaftNet *net, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        char key[16];

        snprintf(key, sizeof(key), "k%u", i);
        ck_assert(raft_net_write(net, key, slice_text("some value")));
    }
}

/* One node alone, with @count writes, down. */
static RaftNet *
alone(const char *config, unsigned count)
{
    RaftNet *net = raft_net_new(1, config);

    ck_assert(raft_net_run_until(net, SIM_S, has_leader));
    write_some(net, count);
    raft_net_run(net, 100 * SIM_MS);
    raft_net_crash(net, 1);
    return net;
}

/* A bit anywhere in the log, but in its last two records, is found: nothing
 * durable is passed over in silence. (The last record may be torn as far as
 * the disk can tell.) */
START_TEST(flipped_bit_is_corruption)
{
    for (unsigned part = 0; part < 40; part++) {
        RaftNet *net = alone("snapshot_threshold=0\n", 20);
        const char *name = raft_net_last_file(net, 1, "raft-log-");
        GByteArray *file = raft_net_file(net, 1, name);
        size_t safe = file->len - 2 * (RAFT_LOG_RECORD + 30);
        size_t at = safe * part / 40 + part % 7;

        file->data[at] ^= (uint8_t)(1 << part % 8);
        raft_net_restart(net, 1);
        raft_net_run(net, 2 * SIM_S);
        ck_assert_msg(raft_net_halted(net, 1) != NULL, "byte %zu of %u", at,
                      file->len);
        ck_assert_uint_eq(raft_net_probes(net, 1, PROBE_RAFT_CORRUPT), 1);
        raft_net_free(net);
    }
}
END_TEST

/* Bytes behind what was synced, torn in every way, are dropped. */
START_TEST(torn_tail_is_dropped)
{
    for (unsigned cut = 0; cut < 120; cut++) {
        RaftNet *net = alone("snapshot_threshold=0\n", 5);
        const char *name = raft_net_last_file(net, 1, "raft-log-");
        GByteArray *file = raft_net_file(net, 1, name);
        guint durable = file->len;
        RaftNetAnswer answer;
        uint64_t id;

        /* What a WRITE under way may leave: its first bytes, or zeros of
         * any length. */
        g_byte_array_set_size(file, durable + cut);
        for (guint i = durable; i < file->len; i++) {
            file->data[i] = cut % 3 == 0 || cut >= RAFT_LOG_RECORD
                                ? 0
                                : file->data[i - durable + 64];
        }
        raft_net_restart(net, 1);
        ck_assert(raft_net_run_until(net, 2 * SIM_S, has_leader));
        ck_assert_ptr_null(raft_net_halted(net, 1));
        write_some(net, 3);
        /* And again: the torn bytes are still there, but stand for
         * nothing. */
        raft_net_crash(net, 1);
        raft_net_restart(net, 1);
        ck_assert(raft_net_run_until(net, 2 * SIM_S, has_leader));
        id = raft_net_ask(net, 1, KV_VERB_READ, "k4", slice_text(""));
        raft_net_run(net, SIM_S);
        ck_assert(raft_net_answer(net, id, &answer));
        ck_assert_uint_eq(answer.reply.value.size, strlen("some value"));
        ck_assert_ptr_null(raft_net_violation(net));
        raft_net_free(net);
    }
}
END_TEST

/* One bit of what was made durable last, and nothing behind it to say so: no
 * power loss leaves a record like that. */
START_TEST(rot_at_the_end_of_the_log)
{
    for (unsigned byte = 0; byte < 60; byte++) {
        RaftNet *net = alone("snapshot_threshold=0\n", 5);
        const char *name = raft_net_last_file(net, 1, "raft-log-");
        GByteArray *file = raft_net_file(net, 1, name);

        file->data[file->len - 1 - byte] ^= (uint8_t)(1 << byte % 8);
        raft_net_restart(net, 1);
        raft_net_run(net, 2 * SIM_S);
        ck_assert_msg(raft_net_halted(net, 1) != NULL, "byte %u from the end",
                      byte);
        ck_assert_uint_eq(raft_net_probes(net, 1, PROBE_RAFT_CORRUPT), 1);
        raft_net_free(net);
    }
}
END_TEST

/* A wiped disk: the node does not take itself for a new one, for it may have
 * voted, and others may count on entries it held. Raft then goes on without
 * it; with it as a blank voter, nodes 1 and 2 could lose what 1 and 3 had
 * committed. */
START_TEST(wiped_disk_is_refused)
{
    RaftNet *net = raft_net_new(3, "");
    NodeId leader;

    ck_assert(raft_net_run_until(net, 5 * SIM_S, has_leader));
    write_some(net, 3);
    leader = raft_net_leader(net);
    raft_net_crash(net, leader);
    while (raft_net_file_count(net, leader) > 0) {
        raft_net_forget_file(net, leader, raft_net_last_file(net, leader, ""));
    }
    raft_net_restart(net, leader);
    raft_net_run(net, 5 * SIM_S);
    ck_assert_ptr_nonnull(raft_net_halted(net, leader));
    ck_assert_ptr_nonnull(strstr(raft_net_halted(net, leader), "lost"));
    /* Refused for good: nothing that it wrote makes it forget. */
    raft_net_crash(net, leader);
    raft_net_restart(net, leader);
    raft_net_run(net, SIM_S);
    ck_assert_ptr_nonnull(raft_net_halted(net, leader));
    ck_assert_uint_eq(raft_net_file_count(net, leader), 0);
    ck_assert_uint_ne(raft_net_leader(net), 0);
    write_some(net, 3);
    ck_assert_ptr_null(raft_net_violation(net));
    raft_net_free(net);
}
END_TEST

/* The vote file has two slots. One that a power loss left as it was before
 * leaves the other; one bit of either that is wrong is no power loss. */
START_TEST(torn_vote)
{
    bool rot = _i < 2;
    guint slot = _i % 2 == 0 ? 0 : 4096;
    RaftNet *net = raft_net_new(3, "");
    GByteArray *file;
    NodeId leader;

    /* Several terms, so that both slots are written. */
    for (unsigned i = 0; i < 3; i++) {
        ck_assert(raft_net_run_until(net, 5 * SIM_S, has_leader));
        leader = raft_net_leader(net);
        write_some(net, 1);
        raft_net_crash(net, leader);
        raft_net_run(net, 2 * SIM_S);
        raft_net_restart(net, leader);
        raft_net_run(net, SIM_S);
    }
    leader = raft_net_leader(net);
    raft_net_crash(net, leader);
    file = raft_net_file(net, leader, "raft-vote");
    ck_assert_ptr_nonnull(file);
    ck_assert_uint_gt(file->len, 4096);
    if (rot) {
        file->data[slot + 20] ^= 1;
    } else {
        memset(file->data + slot, 0, 40);
    }
    raft_net_restart(net, leader);
    raft_net_run(net, 2 * SIM_S);
    ck_assert_int_eq(raft_net_halted(net, leader) != NULL, rot);
    ck_assert_uint_eq(raft_net_probes(net, leader, PROBE_RAFT_CORRUPT), rot);
    raft_net_free(net);
}
END_TEST

START_TEST(damaged_snapshot)
{
    RaftNet *net = alone("snapshot_threshold=10\nsnapshot_trailing=2\n", 25);
    const char *name = raft_net_last_file(net, 1, "raft-snapshot-0");
    GByteArray *file;

    ck_assert_ptr_nonnull(name);
    file = raft_net_file(net, 1, name);
    file->data[file->len * (guint)_i / 10] ^= 4;
    raft_net_restart(net, 1);
    raft_net_run(net, SIM_S);
    ck_assert_ptr_nonnull(raft_net_halted(net, 1));
    raft_net_free(net);
}
END_TEST

/* Many restarts, small files, snapshots: nothing piles up on the disk. */
START_TEST(disk_stays_small)
{
    RaftNet *net = raft_net_new(1, "segment_size=512 B\n"
                                   "snapshot_threshold=20\n"
                                   "snapshot_trailing=5\n");

    for (unsigned i = 0; i < 30; i++) {
        ck_assert(raft_net_run_until(net, SIM_S, has_leader));
        write_some(net, 15);
        raft_net_crash(net, 1);
        raft_net_restart(net, 1);
    }
    ck_assert(raft_net_run_until(net, SIM_S, has_leader));
    ck_assert_uint_lt(raft_net_file_count(net, 1), 20);
    ck_assert_ptr_null(raft_net_violation(net));
    raft_net_free(net);
}
END_TEST

/* Strange bytes from peers and clients leave a trace and nothing else. */
START_TEST(strange_clients)
{
    RaftNet *net = raft_net_new(1, "pending_max_bytes=1 KiB\n");
    static uint8_t big[2000];
    static const uint8_t long_frame[] = {0x7f, 0xff, 0xff, 0xff};
    static const uint8_t garbage[] = {0, 0, 0, 3, 0xff, 0xff, 0xff};
    RaftNetAnswer answer;
    uint64_t id;

    ck_assert(raft_net_run_until(net, SIM_S, has_leader));
    raft_net_ask_bytes(net, 1, slice_of(garbage, sizeof(garbage)));
    raft_net_run(net, 100 * SIM_MS);
    ck_assert_uint_eq(raft_net_answers(net), 1); /* INVALID, id 0 */
    id = raft_net_ask(net, 1, KV_VERB_WRITE, "", slice_text("no key"));
    raft_net_run(net, 100 * SIM_MS);
    ck_assert(raft_net_answer(net, id, &answer));
    ck_assert_uint_eq(answer.reply.status, KV_STATUS_INVALID);
    id = raft_net_ask(net, 1, KV_VERB_WRITE, "k", slice_of(big, sizeof(big)));
    raft_net_run(net, 100 * SIM_MS);
    ck_assert(raft_net_answer(net, id, &answer));
    ck_assert_uint_eq(answer.reply.status, KV_STATUS_BUSY);
    ck_assert(raft_net_write(net, "k", slice_text("fine")));
    raft_net_ask_bytes(net, 1, slice_of(long_frame, sizeof(long_frame)));
    raft_net_run(net, 100 * SIM_MS);
    ck_assert(raft_net_hung_up(net, 1));
    raft_net_free(net);
}
END_TEST

static Suite *
suite(void)
{
    Suite *s = suite_create("raft_recovery");
    TCase *t = tcase_create("recovery");

    tcase_add_test(t, flipped_bit_is_corruption);
    tcase_add_test(t, torn_tail_is_dropped);
    tcase_add_loop_test(t, torn_vote, 0, 4);
    tcase_add_test(t, rot_at_the_end_of_the_log);
    tcase_add_test(t, wiped_disk_is_refused);
    tcase_add_loop_test(t, damaged_snapshot, 0, 10);
    tcase_add_test(t, disk_stays_small);
    tcase_add_test(t, strange_clients);
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

/* SPDX-License-Identifier: Apache-2.0 */
/* Whole clusters in the small world of raft_net: elections, replication,
 * crashes, snapshots, large values, trouble. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "nodes/probes.h"
#include "tests/raft_net.h"

static bool
has_leader(RaftNet *net)
{
    return raft_net_leader(net) != 0;
}

static void
no_violation(RaftNet *net)
{
    ck_assert_msg(raft_net_violation(net) == NULL, "%s",
                  raft_net_violation(net));
}

START_TEST(elects_and_replicates)
{
    unsigned count = (unsigned)_i;
    RaftNet *net = raft_net_new(count, "");
    RaftNetAnswer answer;
    uint64_t id;

    ck_assert(raft_net_run_until(net, 2 * SIM_S, has_leader));
    for (unsigned i = 0; i < 100; i++) {
        char key[8];

        snprintf(key, sizeof(key), "k%u", i % 10);
        ck_assert(raft_net_write(net, key, slice_text("value")));
    }
    raft_net_run(net, SIM_S);
    for (unsigned i = 1; i <= count; i++) {
        ck_assert_uint_eq(raft_net_applied(net, i), 101);
    }
    id = raft_net_ask(net, raft_net_leader(net), KV_VERB_READ, "k3",
                      slice_text(""));
    raft_net_run(net, SIM_S);
    ck_assert(raft_net_answer(net, id, &answer));
    ck_assert_uint_eq(answer.reply.status, KV_STATUS_OK);
    ck_assert_mem_eq(answer.reply.value.data, "value", 5);
    /* P2: no fault, no new term. */
    raft_net_run(net, 60 * SIM_S);
    ck_assert_uint_eq(raft_net_term(net, 1), 1);
    no_violation(net);
    raft_net_free(net);
}
END_TEST

/* Enough for several log files and snapshots. */
static const char small[] = "segment_size=512 B\n"
                            "snapshot_threshold=20\n"
                            "snapshot_trailing=5\n"
                            "snapshot_chunk=512 B\n";

static void
write_some(RaftNet *net, unsigned from, unsigned count)
{
    for (unsigned i = from; i < from + count; i++) {
        char key[16], value[32];

        snprintf(key, sizeof(key), "k%u", i);
        snprintf(value, sizeof(value), "value %u", i);
        ck_assert(raft_net_write(net, key, slice_text(value)));
    }
}

static void
expect_some(RaftNet *net, unsigned from, unsigned count)
{
    for (unsigned i = from; i < from + count; i++) {
        RaftNetAnswer answer;
        char key[16], value[32];
        uint64_t id;

        snprintf(key, sizeof(key), "k%u", i);
        snprintf(value, sizeof(value), "value %u", i);
        id = raft_net_ask(net, raft_net_leader(net), KV_VERB_READ, key,
                          slice_text(""));
        raft_net_run(net, 100 * SIM_MS);
        ck_assert(raft_net_answer(net, id, &answer));
        ck_assert_uint_eq(answer.reply.status, KV_STATUS_OK);
        ck_assert_uint_eq(answer.reply.value.size, strlen(value));
        ck_assert_mem_eq(answer.reply.value.data, value, strlen(value));
    }
}

START_TEST(leader_crashes)
{
    RaftNet *net = raft_net_new(3, small);

    /* Twenty leaders die under load; nothing acknowledged is lost. */
    for (unsigned round = 0; round < 20; round++) {
        NodeId leader;

        write_some(net, round * 5, 5);
        leader = raft_net_leader(net);
        raft_net_crash(net, leader);
        write_some(net, 1000 + round, 1);
        raft_net_restart(net, leader);
        raft_net_run(net, SIM_S);
        ck_assert_msg(raft_net_halted(net, leader) == NULL, "%s",
                      raft_net_halted(net, leader));
    }
    expect_some(net, 0, 100);
    no_violation(net);
    raft_net_free(net);
}
END_TEST

START_TEST(all_crash)
{
    RaftNet *net = raft_net_new(3, _i ? small : "");

    write_some(net, 0, 50);
    for (unsigned i = 1; i <= 3; i++) {
        raft_net_crash(net, i);
    }
    for (unsigned i = 1; i <= 3; i++) {
        raft_net_restart(net, i);
    }
    ck_assert(raft_net_run_until(net, 2 * SIM_S, has_leader));
    write_some(net, 50, 10);
    expect_some(net, 0, 60);
    no_violation(net);
    raft_net_free(net);
}
END_TEST

START_TEST(lagging_follower_gets_snapshot)
{
    RaftNet *net = raft_net_new(3, small);
    NodeId leader, away;

    write_some(net, 0, 5);
    leader = raft_net_leader(net);
    away = leader % 3 + 1;
    if (_i) {
        raft_net_crash(net, away);
    } else {
        raft_net_isolate(net, away, true);
    }
    write_some(net, 5, 200);
    if (_i) {
        raft_net_restart(net, away);
    } else {
        raft_net_isolate(net, away, false);
    }
    raft_net_run(net, 2 * SIM_S);
    ck_assert_uint_ge(raft_net_probes(net, away, PROBE_RAFT_RESTORE), 1);
    ck_assert_uint_eq(raft_net_applied(net, away),
                      raft_net_applied(net, leader));
    /* And it can lead from there. */
    raft_net_crash(net, leader);
    write_some(net, 300, 5);
    raft_net_crash(net, away);
    raft_net_restart(net, leader);
    raft_net_run(net, SIM_S);
    raft_net_restart(net, away);
    raft_net_run(net, SIM_S);
    expect_some(net, 0, 205);
    no_violation(net);
    raft_net_free(net);
}
END_TEST

START_TEST(large_values)
{
    static uint8_t big[KV_VALUE_MAX];
    RaftNet *net = raft_net_new(3, _i ? "snapshot_threshold=20\n"
                                        "snapshot_trailing=5\n"
                                        "snapshot_chunk=64 KiB\n"
                                      : "");
    RaftNetAnswer answer;
    NodeId away;
    uint64_t id;

    for (size_t i = 0; i < sizeof(big); i++) {
        big[i] = (uint8_t)(i * 7 + i / 251);
    }
    ck_assert(raft_net_write(net, "a", slice_text("small")));
    away = raft_net_leader(net) % 3 + 1;
    for (unsigned i = 0; i < 3; i++) {
        ck_assert(raft_net_write(net, "big", slice_of(big, sizeof(big))));
        ck_assert(raft_net_write(net, "b", slice_text("small")));
    }
    raft_net_crash(net, away);
    ck_assert(raft_net_write(net, "big2", slice_of(big, 100000)));
    write_some(net, 0, 30);
    raft_net_restart(net, away);
    raft_net_run(net, 3 * SIM_S);
    ck_assert_uint_eq(raft_net_applied(net, away),
                      raft_net_applied(net, raft_net_leader(net)));
    id = raft_net_ask(net, raft_net_leader(net), KV_VERB_READ, "big",
                      slice_text(""));
    raft_net_run(net, SIM_S);
    ck_assert(raft_net_answer(net, id, &answer));
    ck_assert_uint_eq(answer.reply.value.size, sizeof(big));
    ck_assert_mem_eq(answer.reply.value.data, big, sizeof(big));
    /* One byte more is refused. */
    id = raft_net_ask(net, raft_net_leader(net), KV_VERB_APPEND, "big",
                      slice_text("x"));
    raft_net_run(net, SIM_S);
    ck_assert(raft_net_answer(net, id, &answer));
    ck_assert_uint_eq(answer.reply.status, KV_STATUS_INVALID);
    no_violation(net);
    raft_net_free(net);
}
END_TEST

START_TEST(partitioned_leader_steps_down)
{
    RaftNet *net = raft_net_new(5, "");
    RaftNetAnswer answer;
    NodeId old, leader;
    uint64_t id;

    write_some(net, 0, 5);
    old = raft_net_leader(net);
    raft_net_isolate(net, old, true);
    id = raft_net_ask(net, old, KV_VERB_WRITE, "k", slice_text("lost?"));
    raft_net_run(net, 2 * SIM_S);
    /* Check-quorum: it knows, and says that it does not know. */
    ck_assert(raft_net_answer(net, id, &answer));
    ck_assert_uint_eq(answer.reply.status, KV_STATUS_UNKNOWN);
    leader = raft_net_leader(net);
    ck_assert_uint_ne(leader, old);
    id = raft_net_ask(net, old, KV_VERB_WRITE, "k", slice_text("no"));
    raft_net_run(net, 100 * SIM_MS);
    ck_assert(raft_net_answer(net, id, &answer));
    ck_assert_uint_eq(answer.reply.status, KV_STATUS_NOT_LEADER);
    ck_assert_uint_eq(answer.reply.leader, 0);
    /* Pre-vote: it comes back without disturbing anybody. */
    uint64_t term = raft_net_term(net, leader);
    raft_net_isolate(net, old, false);
    raft_net_run(net, 5 * SIM_S);
    ck_assert_uint_eq(raft_net_leader(net), leader);
    ck_assert_uint_eq(raft_net_term(net, old), term);
    id = raft_net_ask(net, old, KV_VERB_WRITE, "k", slice_text("no"));
    raft_net_run(net, 100 * SIM_MS);
    ck_assert(raft_net_answer(net, id, &answer));
    ck_assert_uint_eq(answer.reply.leader, leader);
    ck_assert_uint_eq(raft_net_applied(net, old),
                      raft_net_applied(net, leader));
    no_violation(net);
    raft_net_free(net);
}
END_TEST

/* Random faults from a seed; what was acknowledged is there at the end. */
static void
chaos(uint64_t seed, unsigned count, const char *config)
{
    RaftNet *net = raft_net_new(count, config);
    Stream dice = {seed, 0};
    GArray *acknowledged = g_array_new(FALSE, FALSE, sizeof(unsigned));
    GArray *ids = g_array_new(FALSE, FALSE, sizeof(uint64_t));
    bool down[RAFT_NET_NODES_MAX + 1] = {false};
    unsigned written = 0;

    /* Who loses power before its very first SYNC is done never comes back. */
    raft_net_run(net, 10 * SIM_MS);
    raft_net_trouble(net, 10);
    for (unsigned round = 0; round < 150; round++) {
        NodeId id = 1 + (NodeId)stream_below(&dice, count);

        switch (stream_below(&dice, 8)) {
        case 0:
            if (!down[id]) {
                raft_net_crash(net, id);
                down[id] = true;
            }
            break;
        case 1:
        case 2:
            if (down[id]) {
                raft_net_restart(net, id);
                down[id] = false;
            }
            break;
        case 3:
            raft_net_isolate(net, id, true);
            break;
        case 4:
        case 5:
            raft_net_isolate(net, id, false);
            break;
        case 6:
            raft_net_hold_syncs(net, id, true);
            break;
        default:
            raft_net_hold_syncs(net, id, false);
        }
        for (unsigned i = 0; i < 5; i++) {
            NodeId to = raft_net_leader(net);
            char key[16], value[32];
            uint64_t request;

            if (to == 0 || down[to]) {
                continue;
            }
            snprintf(key, sizeof(key), "k%u", written);
            snprintf(value, sizeof(value), "value %u", written);
            written++;
            request =
                raft_net_ask(net, to, KV_VERB_WRITE, key, slice_text(value));
            g_array_append_val(ids, request);
        }
        raft_net_run(net, stream_below(&dice, 400) * SIM_MS);
    }
    for (unsigned i = 1; i <= count; i++) {
        raft_net_isolate(net, i, false);
        raft_net_hold_syncs(net, i, false);
        if (down[i]) {
            raft_net_restart(net, i);
        }
    }
    raft_net_trouble(net, 0);
    raft_net_run(net, 5 * SIM_S);
    for (unsigned i = 0; i < ids->len; i++) {
        RaftNetAnswer answer;

        if (raft_net_answer(net, g_array_index(ids, uint64_t, i), &answer) &&
            answer.reply.status == KV_STATUS_OK) {
            g_array_append_val(acknowledged, i);
        }
    }
    ck_assert_msg(raft_net_leader(net) != 0, "seed %u: no leader",
                  (unsigned)seed);
    for (unsigned i = 1; i <= count; i++) {
        ck_assert_msg(raft_net_halted(net, i) == NULL, "seed %u: %u: %s",
                      (unsigned)seed, i, raft_net_halted(net, i));
        ck_assert_msg(raft_net_applied(net, i) ==
                          raft_net_applied(net, raft_net_leader(net)),
                      "seed %u: %u did not catch up", (unsigned)seed, i);
    }
    for (unsigned i = 0; i < acknowledged->len; i++) {
        expect_some(net, g_array_index(acknowledged, unsigned, i), 1);
    }
    ck_assert_msg(raft_net_violation(net) == NULL, "seed %u: %s",
                  (unsigned)seed, raft_net_violation(net));
    g_array_unref(acknowledged);
    g_array_unref(ids);
    raft_net_free(net);
}

static uint64_t first_seed; /* SEED in the environment */

START_TEST(chaotic)
{
    static const char *const configs[] = {
        "segment_size=512 B\nsnapshot_threshold=20\nsnapshot_trailing=5\n"
        "snapshot_chunk=512 B\n",
        "",
        "batch_max_entries=1\ninflight_max=2\nsync_max_in_flight=4\n"
        "segment_size=128 B\n",
        "pre_vote=off\ncheck_quorum=off\nsnapshot_threshold=10\n"
        "snapshot_trailing=0\n",
    };
    uint64_t seed = first_seed + (uint64_t)_i;

    chaos(seed, seed % 2 ? 3 : 5, configs[seed / 2 % 4]);
}
END_TEST

static Suite *
suite(void)
{
    Suite *s = suite_create("raft_cluster");
    TCase *t = tcase_create("cluster");

    first_seed = g_ascii_strtoull(
        g_getenv("SEED") != NULL ? g_getenv("SEED") : "0", NULL, 10);
    tcase_add_loop_test(t, elects_and_replicates, 1, 8);
    tcase_add_test(t, leader_crashes);
    tcase_add_loop_test(t, all_crash, 0, 2);
    tcase_add_loop_test(t, lagging_follower_gets_snapshot, 0, 2);
    tcase_add_loop_test(t, large_values, 0, 2);
    tcase_add_test(t, partitioned_leader_steps_down);
    tcase_add_loop_test(t, chaotic, 0,
                        g_getenv("SEEDS") != NULL ? atoi(g_getenv("SEEDS"))
                                                  : 40);
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

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

static Suite *
suite(void)
{
    Suite *s = suite_create("raft_cluster");
    TCase *t = tcase_create("cluster");

    tcase_add_loop_test(t, elects_and_replicates, 1, 8);
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

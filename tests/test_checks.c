/* SPDX-License-Identifier: Apache-2.0 */
/* The checks of Raft's safety properties, tested themselves: for each a stream
 * of records that holds, and the same with one thing wrong. */
#include <glib.h>

#include "tests/check_script.h"

#define LOG_OF(node) node " append 1 1 11\n" node " append 2 1 12\n"
/* Node 1 leads term 1; 1 and 2 hold two entries, both committed. */
#define TWO_COMMITTED                                                          \
    "1 role 3 1\n2 role 0 1\n3 role 0 1\n" LOG_OF("1")                         \
        LOG_OF("2") "1 commit 2\n2 commit 1\n"

static const CheckScriptRow rows[] = {
    /* E1, section 5.2 */
    {"one leader a term", "1 role 3 1\n2 role 3 2\n1 role 3 3\n", ""},
    /* E2 */
    {"the leader leads", "1 role 3 1\n1 lead 2 1\n", ""},
    {"a follower leads", "1 role 0 1\n1 lead 2 1\n",
     "leader-acts n1: acted as the leader of term 1, but is no leader in term "
     "1\n"},
    {"a leader of an earlier term leads",
     "1 role 3 1\n1 role 3 2\n1 lead 2 1\n",
     "leader-acts n1: acted as the leader of term 1, but is the leader of "
     "term 2\n"},
    /* C3 */
    {"elected by a majority",
     "# votes\n1 vote 1 1\n1 sync 1 0 0\n1 durable 1\n"
     "2 vote 1 1\n2 sync 1 0 0\n2 durable 1\n2 grant 1 1\n1 role 3 1\n",
     ""},
    {"elected by itself",
     "# votes\n1 vote 1 1\n1 sync 1 0 0\n1 durable 1\n1 role 3 1\n",
     "election-quorum n1: leader of term 1 with the votes of 1 of 3 nodes\n"},
    {"elected by votes of another term",
     "# votes\n2 vote 1 1\n2 sync 1 0 0\n2 durable 1\n2 grant 1 1\n"
     "1 vote 2 1\n1 sync 1 0 0\n1 durable 1\n1 role 3 2\n",
     "election-quorum n1: leader of term 2 with the votes of 1 of 3 nodes\n"},
    {"leader again after losing touch", "1 role 3 1\n1 role 3 1\n", ""},
    {"two leaders", "1 role 3 1\n2 role 3 1\n",
     "election-safety n2: leader of term 1, as was node 1\n"},
    {"two leaders, much later",
     "1 role 3 4\n2 role 3 5\n1 role 0 6\n3 role 3 4\n",
     "election-safety n3: leader of term 4, as was node 1\n"},
    {"two leaders, over a restart", "1 role 3 1\n1 start\n2 role 3 1\n",
     "election-safety n2: leader of term 1, as was node 1\n"},
    /* M1 */
    {"term grows", "1 role 0 1\n1 role 2 2\n1 role 3 2\n1 role 0 5\n", ""},
    {"term goes back", "1 role 0 5\n1 role 0 4\n",
     "term-monotone n1: current term went back from 5 to 4\n"},
    /* L2 */
    {"follower removes", "1 role 0 2\n" LOG_OF("1") "1 truncate 2\n", ""},
    {"leader removes", "1 role 3 2\n" LOG_OF("1") "1 truncate 2\n",
     "leader-append-only n1: the leader removed entries from 2 on\n"},
    /* L3 */
    {"logs match", LOG_OF("1") LOG_OF("2") LOG_OF("3"), ""},
    {"logs differ in different terms",
     LOG_OF("1") "2 append 1 1 11\n2 append 2 2 99\n", ""},
    {"same place, other entry",
     LOG_OF("1") "2 append 1 1 11\n2 append 2 1 99\n",
     "log-matching n2: entry 2 of term 1 stands behind another log than "
     "elsewhere\n"},
    {"same entry, other log before it",
     "1 append 1 1 11\n1 append 2 3 12\n2 append 1 2 11\n2 append 2 3 12\n",
     "log-matching n2: entry 2 of term 3 stands behind another log than "
     "elsewhere\n"},
    {"removed and replaced",
     LOG_OF("1") "2 append 1 1 11\n2 append 2 2 99\n"
                 "1 truncate 2\n1 append 2 2 99\n",
     ""},
    {"gap", "1 append 1 1 11\n1 append 3 1 13\n",
     "log-index n1: appended entry 3 behind 1\n"},
    {"tail kept over an install of what was read from index 1",
     TWO_COMMITTED
     "2 apply 1 1 11\n2 snapshot 1 77\n2 start\n2 restore 1 77\n" LOG_OF(
         "2") "1 append 3 1 13\n1 append 4 1 14\n1 commit 3\n"
              "2 append 3 1 13\n2 restore 2 78\n2 append 4 1 14\n",
     ""},
    {"a log read again from index 1 is looked at",
     TWO_COMMITTED
     "2 start\n2 restore 1 77\n2 append 1 1 11\n2 append 2 1 99\n",
     "log-matching n2: entry 2 of term 1 stands behind another log than "
     "elsewhere\n"},
    /* M5 */
    {"terms grow along the log", "1 append 1 1 1\n1 append 2 4 2\n", ""},
    {"terms go back along the log", "1 append 1 4 1\n1 append 2 1 2\n",
     "log-terms n1: entry 2 of term 1 follows one of term 4\n"},
    {"terms no newer than the node's", "1 role 0 4\n1 append 1 4 1\n", ""},
    {"a term beyond the node's", "1 role 0 3\n1 append 1 4 1\n",
     "log-terms n1: entry 1 of term 4 came to a node in term 3\n"},
    /* L4, section 5.4 */
    {"leader is complete", TWO_COMMITTED "2 role 3 2\n", ""},
    {"leader lacks", TWO_COMMITTED "3 role 3 2\n",
     "leader-completeness n3: leader of term 2 has entries up to 0, but 2 was "
     "committed in term 1\n"},
    {"leader has another",
     TWO_COMMITTED "3 append 1 1 11\n3 role 0 2\n3 append 2 2 99\n3 role 3 3\n",
     "leader-completeness n3: leader of term 3 lacks an entry at or before 2 "
     "that was committed in term 1\n"},
    {"an old election ends late, and owes nothing to a newer leader",
     "3 role 2 1\n1 role 3 2\n1 append 1 2 1\n1 commit 1\n3 role 3 1\n", ""},
    /* L5 */
    {"uncommitted goes", TWO_COMMITTED "2 append 3 1 13\n2 truncate 3\n", ""},
    {"committed goes", TWO_COMMITTED "2 truncate 1\n",
     "committed-removed n2: removed entries from 1 on, but 1 is committed\n"},
    /* M2 */
    {"commit goes back", TWO_COMMITTED "1 commit 1\n",
     "commit-monotone n1: commit index went back from 2 to 1\n"},
    {"commit begins anew with an incarnation",
     TWO_COMMITTED "1 start\n1 role 0 1\n" LOG_OF("1") "1 commit 1\n", ""},
    {"commit beyond the log", TWO_COMMITTED "2 commit 3\n",
     "commit-in-log n2: committed 3, but the log ends at 2\n"},
    {"committed ahead of the leader",
     TWO_COMMITTED "2 append 3 1 13\n2 commit 3\n",
     "commit-by-leader n2: committed 3, but no leader has committed more than "
     "2\n"},
    /* C2, section 5.4.2, Fig. 8 */
    {"an own entry commits what is before",
     "1 role 3 2\n1 append 1 1 1\n1 append 2 2 2\n1 commit 2\n", ""},
    {"an entry of an older term, by counting",
     "1 role 3 2\n1 append 1 1 1\n1 append 2 2 2\n1 commit 1\n",
     "commit-current-term n1: the leader of term 2 committed 1 of term 1 by "
     "counting replicas\n"},
    /* A1, A2 */
    {"applied in order", TWO_COMMITTED "1 apply 1 1 11\n1 apply 2 1 12\n", ""},
    {"applied before committed",
     TWO_COMMITTED "2 apply 1 1 11\n2 apply 2 1 12\n",
     "apply-committed n2: applied 2, but only 1 is committed\n"},
    {"applied twice", TWO_COMMITTED "1 apply 1 1 11\n1 apply 1 1 11\n",
     "apply-order n1: applied 1 after 1\n"},
    {"left out", TWO_COMMITTED "1 apply 2 1 12\n",
     "apply-order n1: applied 2 after 0\n"},
    /* S1, section 5.4.3 */
    {"applied another", TWO_COMMITTED "1 apply 1 1 99\n",
     "state-machine-safety n1: applied another entry at 1 than was committed "
     "there\n"},
    {"committed another",
     TWO_COMMITTED "3 append 1 1 11\n3 role 0 2\n3 append 2 2 99\n3 commit 2\n",
     "state-machine-safety n3: committed another log up to 2 than was "
     "committed before\n"},
    /* S2, section 7 */
    {"same state",
     TWO_COMMITTED "1 apply 1 1 11\n1 snapshot 1 77\n3 restore 1 77\n"
                   "3 append 2 1 12\n",
     ""},
    {"another state",
     TWO_COMMITTED "1 apply 1 1 11\n1 snapshot 1 77\n3 restore 1 78\n",
     "snapshot-state n3: the state at 1 is not the one another node had "
     "there\n"},
    {"same state after the same entries",
     TWO_COMMITTED
     "1 apply 1 1 11\n1 state 1 77\n2 apply 1 1 11\n2 state 1 77\n",
     ""},
    {"another state after the same entries",
     TWO_COMMITTED
     "1 apply 1 1 11\n1 state 1 77\n2 apply 1 1 11\n2 state 1 78\n",
     "snapshot-state n2: the state at 1 is not the one another node had "
     "there\n"},
    {"restored another state than the entries make",
     TWO_COMMITTED "1 apply 1 1 11\n1 state 1 77\n3 restore 1 78\n",
     "snapshot-state n3: the state at 1 is not the one another node had "
     "there\n"},
    {"snapshot of what is not applied", TWO_COMMITTED "1 snapshot 2 77\n",
     "apply-committed n1: took a snapshot of 2, but has applied 0\n"},
    /* P1 */
    {"a core makes progress",
     "2 role 3 1\n0 core 2 3\n4 invoke 1\n2 append 1 1 1\n2 commit 1\n"
     "4 outcome 1 1\n0 wait 1000\n",
     ""},
    {"a core that nobody asks for anything",
     "0 core 2 3\n3 role 3 2\n0 wait 1000\n", ""},
    {"no leader in the core", "1 role 3 1\n0 core 2 3\n0 wait 1000\n",
     "liveness n0: n2 n3, a quorum, were connected since 0.000 s, but by 0.000 "
     "s none of them had a leader\n"},
    {"who leads the core need not be in it",
     "1 role 3 1\n2 role 0 1 1\n0 core 2 3\n4 invoke 1\n1 append 1 1 1\n"
     "1 commit 1\n2 append 1 1 1\n2 commit 1\n4 outcome 1 1\n0 wait 1000\n",
     ""},
    {"the leader of the core is down",
     "2 role 3 1\n2 kill\n0 core 2 3\n0 wait 1000\n",
     "liveness n0: n2 n3, a quorum, were connected since 0.000 s, but by 0.000 "
     "s none of them had a leader\n"},
    {"a leader that commits nothing",
     "2 role 3 1\n2 append 1 1 1\n2 commit 1\n0 core 2 3\n2 append 2 1 2\n"
     "0 wait 1000\n",
     "liveness n0: n2 n3, a quorum, were connected since 0.000 s, but by 0.000 "
     "s none of them committed 2, the first entry that their leader was "
     "given\n"},
    {"an operation from before does not count",
     "2 role 3 1\n4 invoke 1\n0 core 2 3\n5 invoke 2\n4 outcome 1 1\n"
     "5 outcome 2 3\n0 wait 1000\n",
     "liveness n0: n2 n3, a quorum, were connected since 0.000 s, but by 0.000 "
     "s no client's operation ended ok, of 1 begun\n"},
    {"too late", "0 core 2 3\n0 wait 1000\n2 role 3 1\n",
     "liveness n0: n2 n3, a quorum, were connected since 0.000 s, but by 0.000 "
     "s none of them had a leader\n"},
    {"the run ends before the time is up", "0 core 2 3\n", ""},
    /* P3 */
    {"answered",
     "1 open 4\n1 request 4\n1 request 4\n1 answer 4\n1 answer 4\n"
     "1 wait 2000\n",
     ""},
    {"one of two is not answered",
     "1 open 4\n1 request 4\n1 request 4\n1 answer 4\n1 wait 2000\n",
     "unanswered n1: a request of client 4 is not answered, nor is its stream "
     "closed, 0.000 s after it came at 0.000 s\n"},
    {"the stream is gone", "1 open 4\n1 request 4\n1 reset 4\n1 wait 2000\n",
     ""},
    {"the node is down", "1 open 4\n1 request 4\n1 kill\n1 wait 2000\n", ""},
    {"a fault is in force",
     "1 open 4\n1 request 4\n0 fault pause n1\n1 wait 2000\n", ""},
    {"it has ended long ago",
     "1 open 4\n1 request 4\n0 fault pause n1\n1 wait 900\n0 heal pause\n"
     "1 wait 2000\n",
     "unanswered n1: a request of client 4 is not answered, nor is its stream "
     "closed, 0.000 s after it came at 0.000 s\n"},
    {"it has just ended",
     "1 open 4\n1 request 4\n0 fault pause n1\n1 wait 2000\n0 heal pause\n"
     "1 wait 900\n",
     ""},
};

int
main(void)
{
    return check_script_main("checks", rows, G_N_ELEMENTS(rows));
}

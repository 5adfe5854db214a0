/* SPDX-License-Identifier: Apache-2.0 */
/* The checks of votes and of what is durable, tested themselves: for each a
 * stream of records that holds, and the same with one thing wrong. */
#include <glib.h>

#include "tests/check_script.h"

/* Three entries of term 1 in the first file, durable; likewise the vote. */
#define THREE(node)                                                            \
    node " role 0 1\n" node " log 1 3 1 1\n" node " sync 1 1 1\n" node         \
         " durable 1\n"
/* And leads, with them committed. */
#define LEADS                                                                  \
    "1 role 3 1\n1 append 1 1 1\n1 append 2 1 2\n1 append 3 1 3\n1 commit 3\n"
#define VOTED(node)                                                            \
    node " role 0 2\n" node " vote 2 3\n" node " sync 9 0 0\n" node            \
         " durable 9\n"

static const CheckScriptRow rows[] = {
    /* D1: votes */
    {"vote after its sync", VOTED("1") "1 grant 3 2\n", ""},
    {"vote before its sync is done",
     "1 role 0 2\n1 vote 2 3\n1 sync 9 0 0\n"
     "1 grant 3 2\n",
     "durable-vote n1: vote of term 2 for node 3 left before it was durable "
     "(term 0, vote 0 is on disk)\n"},
    {"vote written behind the sync",
     "1 role 0 2\n1 vote 1 0\n1 sync 9 0 0\n1 vote 2 3\n1 durable 9\n"
     "1 grant 3 2\n",
     "durable-vote n1: vote of term 2 for node 3 left before it was durable "
     "(term 1, vote 0 is on disk)\n"},
    {"sync of another file does not cover",
     "1 role 0 2\n1 vote 2 3\n1 sync 9 1 1\n1 durable 9\n1 grant 3 2\n",
     "durable-vote n1: vote of term 2 for node 3 left before it was durable "
     "(term 0, vote 0 is on disk)\n"},
    /* D1: entries */
    {"acknowledged after the sync", THREE("2") "2 ack 1 1 3\n", ""},
    {"acknowledged too much", THREE("2") "2 log 4 6 1 2\n2 ack 1 1 5\n",
     "durable-append n2: entries up to 5 were acknowledged, but only 3 are "
     "durable\n"},
    {"replaced entries are not the durable ones",
     THREE("2") "2 log 2 3 1 2\n2 ack 1 1 3\n",
     "durable-append n2: entries up to 3 were acknowledged, but only 1 are "
     "durable\n"},
    {"an answer of an earlier term leaves late",
     THREE("2") "2 role 0 2\n2 log 2 3 2 2\n2 ack 1 1 3\n", ""},
    {"a power loss takes what was not synced",
     THREE("2") "2 log 4 6 1 2\n2 power-loss\n2 restart\n2 start\n"
                "2 recover 0 0 1 3\n2 role 0 1\n2 ack 1 1 4\n",
     "durable-append n2: entries up to 4 were acknowledged, but only 3 are "
     "durable\n"},
    {"a kill brings back what a failed sync had lost",
     THREE("2") "2 log 4 6 1 2\n2 vote 2 2\n2 sync 4 4 2\n2 fail 4\n2 halt\n"
                "2 kill\n2 restart\n2 start\n2 recover 1 0 1 3\n",
     ""},
    {"a kill does not",
     THREE("2") "2 log 4 6 1 2\n2 kill\n2 restart\n2 start\n"
                "2 recover 0 0 1 6\n2 role 0 1\n"
                "2 ack 1 1 6\n",
     ""},
    /* D1: snapshots */
    {"snapshot and name are durable",
     "2 role 0 1\n2 name 50\n2 sync 4 1 1\n2 durable 4\n2 installed 1 1 50\n"
     "2 ack 1 1 50\n",
     ""},
    {"a file under a durable snapshot went before any sync of it",
     THREE("2") "2 log 4 5 1 2\n2 name 5\n2 log 6 6 1 3\n2 sync 4 6 3\n"
                "2 durable 4\n2 ack 1 1 6\n",
     ""},
    {"a file behind it did",
     THREE("2") "2 log 4 6 1 2\n2 name 5\n2 log 7 7 1 3\n2 sync 4 7 3\n"
                "2 durable 4\n2 ack 1 1 7\n",
     "durable-append n2: entries up to 7 were acknowledged, but only 5 are "
     "durable\n"},
    {"a tail that came back with a power loss was then removed",
     THREE("2") "2 log 2 2 2 2\n2 power-loss\n2 restart\n2 start\n"
                "2 recover 0 0 1 3\n2 role 0 2\n2 truncate 2\n"
                "2 log 2 2 2 3\n2 sync 2 2 3\n2 durable 2\n2 kill\n"
                "2 restart\n2 start\n2 recover 0 0 1 2\n",
     ""},
    {"its name is not",
     "2 role 0 1\n2 name 50\n2 sync 4 1 1\n2 installed 1 1 50\n",
     "durable-snapshot n2: a snapshot up to 50 were acknowledged, but only 0 "
     "are durable\n"},
    {"entries below a snapshot whose name is not durable",
     THREE("2") "2 name 50\n2 ack 1 1 49\n",
     "durable-append n2: entries up to 49 were acknowledged, but only 3 are "
     "durable\n"},
    /* C1 */
    {"a majority holds it", THREE("1") THREE("2") LEADS, ""},
    {"a minority holds it", THREE("1") "2 log 1 3 1 1\n" LEADS,
     "commit-durable n1: committed 3, which only 1 of 3 nodes hold durably\n"},
    {"others hold something else",
     THREE("1") "2 log 1 3 7 1\n2 sync 1 1 1\n2 durable 1\n" LEADS,
     "commit-durable n1: committed 3, which only 1 of 3 nodes hold durably\n"},
    /* V1 and E2 */
    {"one vote, said twice", VOTED("1") "1 grant 3 2\n1 grant 3 2\n", ""},
    {"two votes",
     VOTED("1") "1 grant 3 2\n1 vote 2 2\n1 sync 8 0 0\n1 durable 8\n"
                "1 grant 2 2\n",
     "one-vote n1: voted for node 2 in term 2, as it had for node 3\n"},
    {"two votes over a restart",
     VOTED("1") "1 grant 3 2\n1 kill\n1 restart\n1 start\n1 recover 2 3 1 0\n"
                "1 role 0 2\n1 vote 2 2\n1 sync 1 0 0\n1 durable 1\n"
                "1 grant 2 2\n",
     "one-vote n1: voted for node 2 in term 2, as it had for node 3\n"},
    {"asked for itself, and voted for another",
     VOTED("1") "1 ask 2 2\n1 grant 3 2\n",
     "durable-vote n1: vote of term 2 for node 1 left before it was durable "
     "(term 2, vote 3 is on disk)\n"
     "one-vote n1: voted for node 3 in term 2, as it had for node 1\n"},
    {"a leader votes", VOTED("1") "1 role 3 2\n1 grant 3 2\n",
     "one-vote n1: voted for node 3 in term 2, as it had for node 1\n"},
    {"another term, another vote",
     VOTED("1") "1 grant 3 2\n1 role 2 3\n1 vote 3 1\n"
                "1 sync 8 0 0\n1 durable 8\n1 ask 2 3\n",
     ""},
    {"asks before its own vote is durable",
     "1 role 2 3\n1 vote 3 1\n1 sync 8 0 0\n1 ask 2 3\n",
     "durable-vote n1: vote of term 3 for node 1 left before it was durable "
     "(term 0, vote 0 is on disk)\n"},
    {"leads before its own vote is durable",
     "# votes\n1 vote 1 1\n1 sync 1 0 0\n"
     "2 vote 1 1\n2 sync 1 0 0\n2 durable 1\n2 grant 1 1\n1 role 3 1\n",
     "durable-candidacy n1: leads term 1 by a vote of its own that is not "
     "durable (term 0, vote 0 is on disk)\n"},
    /* M3, M4 */
    {"takes what was acknowledged",
     THREE("1") THREE("2") LEADS "2 ack 1 1 3\n1 match 2 3 4\n"
                                 "1 match 1 3 4\n",
     ""},
    {"takes more than was acknowledged",
     THREE("1") THREE("2") LEADS "2 ack 1 1 2\n1 match 2 3 4\n",
     "match-stored n1: takes node 2 to hold 3, but it acknowledged 2 in term "
     "1\n"},
    {"takes an acknowledgement of another term",
     THREE("1") THREE("2") "2 ack 1 1 3\n1 role 3 2\n1 match 2 3 4\n",
     "match-stored n1: takes node 2 to hold 3, but it acknowledged 0 in term "
     "2\n"},
    {"what was acknowledged before a restart counts",
     THREE("1") THREE("2") LEADS "2 ack 1 1 3\n2 kill\n2 restart\n2 start\n"
                                 "2 recover 1 0 1 3\n1 match 2 3 4\n",
     ""},
    {"match goes back",
     THREE("1") THREE("2") LEADS "2 ack 1 1 3\n1 match 2 3 4\n1 match 2 2 4\n",
     "match-monotone n1: match index of node 2 went back from 3 to 2 in term "
     "1\n"},
    {"next behind match",
     THREE("1") THREE("2") LEADS "2 ack 1 1 3\n1 match 2 3 3\n",
     "next-above-match n1: next index 3 of node 2 is not above its match index "
     "3\n"},
    {"counts itself before it is durable",
     THREE("1") THREE("2") LEADS "1 log 4 4 1 2\n1 match 1 4 5\n",
     "durable-self n1: the leader counts itself up to 4, but only 3 is "
     "durable\n"},
    /* L5 */
    {"a newer leader removes",
     THREE("2") "2 ack 1 1 3\n2 role 0 2\n2 truncate 2\n", ""},
    {"the same leader removes", THREE("2") "2 ack 1 1 3\n2 truncate 2\n",
     "acknowledged-removed n2: removed entries from 2 on, but acknowledged 3 "
     "to the leader of term 1\n"},
    {"a snapshot takes their place",
     THREE("2") "2 ack 1 1 3\n2 restore 5 77\n2 truncate 2\n", ""},
    /* D2 */
    {"all that was durable is there",
     THREE("2") "2 power-loss\n2 restart\n2 start\n2 recover 1 0 1 3\n", ""},
    {"power is lost again while it reads",
     THREE("2") "2 log 4 6 1 2\n2 power-loss\n2 restart\n2 start\n"
                "2 power-loss\n2 restart\n2 start\n2 recover 1 0 1 3\n",
     ""},
    {"an entry is missing",
     THREE("2") "2 power-loss\n2 restart\n2 start\n2 recover 1 0 1 2\n",
     "recovered-log n2: recovered a log up to 2, but 3 was durable\n"},
    {"an entry is missing after a kill",
     THREE("2") "2 kill\n2 restart\n2 start\n2 recover 1 0 1 2\n",
     "recovered-log n2: recovered a log up to 2, but 3 was durable\n"},
    {"what was removed may be missing",
     THREE("2") "2 truncate 3\n2 power-loss\n2 restart\n2 start\n"
                "2 recover 1 0 1 2\n",
     ""},
    {"a damaged end of the log",
     THREE("2") "2 damage disk-bit-flip\n2 power-loss\n2 restart\n2 start\n"
                "2 recover 1 0 1 2\n",
     ""},
    /* M1 and V1 over a restart */
    {"the vote is there",
     VOTED("1") "1 power-loss\n1 restart\n1 start\n1 recover 2 3 1 0\n", ""},
    {"the term is not",
     VOTED("1") "1 power-loss\n1 restart\n1 start\n1 recover 1 0 1 0\n",
     "term-monotone n1: recovered term 1, but term 2 was durable\n"},
    {"the vote is not",
     VOTED("1") "1 power-loss\n1 restart\n1 start\n1 recover 2 0 1 0\n",
     "recovered-vote n1: recovered vote 0 of term 2, but vote 3 was "
     "durable\n"},
    /* Refusals */
    {"refuses a damaged disk", "1 damage disk-bit-flip\n1 corrupt 9\n", ""},
    {"refuses a sound disk while another is damaged",
     "2 damage disk-bit-flip\n1 corrupt 9\n",
     "false-corruption n1: refused its disk at offset 9, but nothing had "
     "damaged it\n"},
    /* Disks that lie: what the node was answered counts, and what the world
     * says is gone is not its fault. */
    {"acknowledged after a sync that lied",
     "2 role 0 1\n2 log 1 3 1 1\n2 sync 1 1 1\n2 lie 1\n2 ack 1 1 3\n", ""},
    {"voted after a sync that lied",
     "1 role 0 2\n1 vote 2 3\n1 sync 9 0 0\n1 lie 9\n1 grant 3 2\n", ""},
    {"acknowledged after a sync that failed",
     "2 role 0 1\n2 log 1 3 1 1\n2 sync 1 1 1\n2 fail 1\n2 ack 1 1 3\n",
     "durable-append n2: entries up to 3 were acknowledged, but only 0 are "
     "durable\n"},
    {"what a lie covered is gone with the power",
     VOTED("2") "2 log 1 3 2 1\n2 sync 1 1 1\n2 lie 1\n2 power-loss\n"
                "2 damage disk-lost-sync\n2 restart\n2 start\n"
                "2 recover 1 0 1 0\n",
     ""},
    {"a new process on a disk that failed may find less",
     THREE("2") "2 log 4 6 1 2\n2 sync 2 4 2\n2 fail 2\n2 halt\n2 restart\n"
                "2 start\n2 recover 1 0 1 4\n",
     ""},
    {"but not less than was durable",
     THREE("2") "2 log 4 6 1 2\n2 sync 2 4 2\n2 fail 2\n2 halt\n2 restart\n"
                "2 start\n2 recover 1 0 1 2\n",
     "recovered-log n2: recovered a log up to 2, but 3 was durable\n"},
    {"a new process on a sound disk finds all",
     THREE("2") "2 log 4 6 1 2\n2 kill\n2 restart\n2 start\n"
                "2 recover 1 0 1 6\n2 role 0 1\n2 ack 1 1 6\n",
     ""},
    {"it is gone, and nobody lied",
     THREE("2") "2 power-loss\n2 restart\n2 start\n2 recover 1 0 1 0\n",
     "recovered-log n2: recovered a log up to 0, but 3 was durable\n"},
    {"a wiped disk",
     VOTED("2") "2 grant 3 2\n2 power-loss\n2 damage disk-wipe\n2 restart\n"
                "2 start\n2 recover 0 0 1 0\n2 role 0 2\n2 vote 2 1\n"
                "2 sync 3 0 0\n2 durable 3\n2 grant 1 2\n",
     ""},
    {"a wiped disk is a sound one from then on",
     VOTED("2") "2 power-loss\n2 damage disk-wipe\n2 restart\n2 start\n"
                "2 recover 0 0 1 0\n" VOTED("2") "2 power-loss\n2 restart\n"
                                                 "2 start\n2 recover 1 0 1 0\n",
     "term-monotone n2: recovered term 1, but term 2 was durable\n"},
    {"after a wipe it acknowledges what it has",
     THREE("2") "2 power-loss\n2 damage disk-wipe\n2 restart\n2 start\n"
                "2 recover 0 0 1 0\n2 role 0 1\n2 ack 1 1 3\n",
     "durable-append n2: entries up to 3 were acknowledged, but only 0 are "
     "durable\n"},
    {"a leader counts on what was acknowledged before a wipe",
     THREE("1") THREE("2") "2 power-loss\n2 damage disk-wipe\n2 restart\n"
                           "2 start\n2 recover 0 0 1 0\n" LEADS,
     ""},
    {"a leader cannot count on what came after it",
     THREE("1") "2 power-loss\n2 damage disk-wipe\n2 restart\n2 start\n"
                "2 recover 0 0 1 0\n" LEADS,
     "commit-durable n1: committed 3, which only 1 of 3 nodes hold durably\n"},
    {"a cluster that lost its votes has two leaders",
     "1 role 3 2\n2 power-loss\n2 damage disk-wipe\n3 role 3 2\n",
     "election-safety n3: leader of term 2, as was node 1\n"},
    {"refuses a sound one", "0 fault disk-slow n1\n1 corrupt 9\n",
     "false-corruption n1: refused its disk at offset 9, but nothing had "
     "damaged it\n"},
};

int
main(void)
{
    return check_script_main("disk_shadow", rows, G_N_ELEMENTS(rows));
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Streams of records for the tests of checks, written as text: one record a
 * line, "NODE VERB NUMBERS", and what the checks say about them. A script
 * with a line "# votes" is asked for the votes of its leaders.
 *
 *   start | kill | power-loss | halt | restart       (life)
 *   role ROLE TERM [LEADER]        append INDEX TERM HASH     truncate FROM
 *   commit INDEX          apply INDEX TERM HASH      snapshot INDEX DIGEST
 *   restore INDEX DIGEST  recover TERM VOTE FIRST LAST   corrupt OFFSET
 *   match NODE MATCH NEXT  state INDEX DIGEST
 *   log FIRST LAST TERM EPOCH      (writes; a file of its own)
 *   vote TERM CANDIDATE            (writes)
 *   name INDEX                     (renames a snapshot)
 *   sync TOKEN FIRST EPOCH         (of that log file; FIRST 0: raft-vote)
 *   durable TOKEN | lie TOKEN | fail TOKEN  (the SYNC is answered)
 *   ask TO TERM                    (a vote request leaves)
 *   grant TO TERM                  (a vote leaves)
 *   lead TO TERM                   (an append request leaves)
 *   ack TO TERM MATCH              (an append reply leaves)
 *   installed TO TERM INDEX        (a snapshot reply leaves, on a stream)
 *   core NODE...                   (heal-core of them)
 *   invoke PROCESS  outcome PROCESS OUTCOME    (of a client: 1 is ok)
 *   open CLIENT  reset CLIENT  request CLIENT  answer CLIENT   (a stream)
 *   heal KIND                      (of the world: a fault ends)
 *   wait NS                        (nothing happens for so long)
 *   damage KIND                    (of a disk)
 *   fault TEXT                     (of the world) */
#ifndef SEEDBED_TESTS_CHECK_SCRIPT_H
#define SEEDBED_TESTS_CHECK_SCRIPT_H

/* expect.liveness.within and expect.answer_within of every script. A line is
 * 1 ns. */
#define CHECK_SCRIPT_WITHIN 1000u

/* Run @script over a cluster of @node_count nodes; the caller owns the text:
 * one line "CHECK nNODE: MESSAGE" a violation. */
char *check_script_run(const char *script, unsigned node_count);

typedef struct CheckScriptRow {
    const char *name;
    const char *script;
    const char *want;
} CheckScriptRow;

/* A suite of @rows called @name over 3 nodes, run. Returns main()'s value. */
int check_script_main(const char *name, const CheckScriptRow *rows,
                      unsigned row_count);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* Simulated clients of the key-value service: a node program like any other,
 * in a cell of its own, that keeps operations going in a closed or an open
 * loop and states invoke and outcome as probes, from which the history is
 * written (history.h). */
#ifndef SEEDBED_CLIENT_H
#define SEEDBED_CLIENT_H

#include "nodes/node.h"
#include "sim/scenario.h"

typedef enum ClientOutcome {
    CLIENT_OK = 1,
    CLIENT_FAIL, /* certainly did not happen */
    CLIENT_INFO, /* may or may not have happened */
} ClientOutcome;

/* The payload of PROBE_CLIENT_INVOKE is key, then value, then expected;
 * values are {process, operation | absent << 8 (expected), key size,
 * value size}. Of PROBE_CLIENT_OUTCOME it is the value read; values are
 * {process, outcome, operation, absent}. */

extern const NodeProgram client_program;

/* The configuration line by which client_program is given its group, and
 * the number of its first process. The caller owns it. */
char *client_config(const ClientGroup *group, uint64_t process_base);
/* How many processes a client of @group has. */
unsigned client_processes(const ClientGroup *group);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* A whole run made by hand: elections, replication, clients on streams,
 * faults, and every oddity a packet can have. No engine is needed for it. */
#ifndef SEEDBED_TESTS_MAKER_RUN_H
#define SEEDBED_TESTS_MAKER_RUN_H

#include "tests/maker.h"

/* Hand the records of @seconds virtual seconds of @node_count nodes and
 * @client_count clients to @maker's observer. With @faults: a partition from
 * a third to a half of it, in which the leader, node 1, loses its place, and
 * a crash with a restart of the last node after that. */
void maker_run(Maker *maker, unsigned node_count, unsigned client_count,
               unsigned seconds, bool faults);

#endif

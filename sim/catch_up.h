/* SPDX-License-Identifier: Apache-2.0 */
/* Who lags at the end of a run: expect.caught_up_within. A node that is up
 * and that nobody hinders any more learns what the others committed (Raft
 * section 5.3: the leader retries until all followers store all entries). */
#ifndef SEEDBED_CATCH_UP_H
#define SEEDBED_CATCH_UP_H

#include "sim/record.h"

typedef struct CatchUp CatchUp;

/* A node that has not applied what was committed. */
typedef struct CatchUpLag {
    NodeId node;
    uint64_t applied, committed;
    SimTime at; /* when that was committed, at the latest */
} CatchUpLag;

CatchUp *catch_up_new(unsigned node_count);
void catch_up_free(CatchUp *catch_up);
/* O(1) amortised; an entry is kept for each 10 ms of commits. */
void catch_up_observe(CatchUp *catch_up, const Record *record);
/* Was anything committed by @before that a node which is up has not applied?
 * Then the first such node is in @lag. */
bool catch_up_lag(const CatchUp *catch_up, SimTime before, CatchUpLag *lag);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* Where a run has been: how often each *sometimes* fact of
 * nodes/sometimes.def was reached, and each site of nodes/buggify.def fired. A
 * sweep adds them up; what stays 0 there was never tested. */
#ifndef SEEDBED_REACHED_H
#define SEEDBED_REACHED_H

#include "nodes/buggify_sites.h"
#include "nodes/sometimes.h"
#include "sim/record.h"

/* Plain data; zeroed is the beginning of a run. */
typedef struct Reached {
    uint64_t sometimes[SOMETIMES_COUNT];
    uint64_t buggify[BUGGIFY_COUNT];
} Reached;

/* Count what @record shows. Nodes state Raft's facts as probes; the host's are
 * read off the world's. */
void reached_observe(Reached *reached, const Record *record);

/* A row of either catalogue; static. */
typedef struct ReachedRow {
    const char *name, *manual;
} ReachedRow;
/* By number; NULL behind the last. */
const ReachedRow *reached_sometimes(unsigned number);
const ReachedRow *reached_buggify(unsigned number);

#endif

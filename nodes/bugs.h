/* SPDX-License-Identifier: Apache-2.0 */
/* Planted bugs: the one allowed switch in node code. BUG(RAFT_X) is constant
 * 0 without --enable-bugs, so that the compiler removes what it guards; both
 * builds share golden digests. In a process of its own a node gets the same
 * mask in its set-up. */
#ifndef SEEDBED_BUGS_H
#define SEEDBED_BUGS_H

#include <stdint.h>

#include <config.h>

#ifndef SEEDBED_BUGS
#error "the build's <config.h> was not found"
#endif

enum {
#define BUG_ROW(name, text, protocol, scenario, broken, source) BUG_##name,
#include "nodes/bugs.def"
#undef BUG_ROW
    BUG_COUNT
};

/* Bit n switches BUG_n on; set once, before the first step. */
extern uint64_t bugs_mask;

#if SEEDBED_BUGS
#define BUG(name) ((bugs_mask >> BUG_##name & 1) != 0)
#else
#define BUG(name) 0
#endif

/* The number of the bug called @name ("raft-vote-not-durable"), or -1. */
int bugs_find(const char *name);
/* Its row, for `seedbed bugs`. @scenario is the one that measures it. */
typedef struct BugRow {
    const char *name, *protocol, *scenario, *broken, *source;
} BugRow;
const BugRow *bugs_row(int number);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* Whether a run met its criteria (criterion.h), from the merged records and
 * the totals only. What is judged within a time after an event is followed as
 * the run goes; the rest is judged when it has ended. */
#ifndef SEEDBED_CRITERIA_H
#define SEEDBED_CRITERIA_H

#include "sim/checks.h"
#include "sim/criterion.h"
#include "sim/scenario.h"

typedef struct Criteria Criteria;

/* What became of one of them. Plain data. */
typedef struct CriterionResult {
    char text[112];
    char check[24]; /* the check that fails: "criterion", "elections", ... */
    bool judged;    /* false: nothing in the run was about it */
    bool holds;     /* true also when it was not judged */
    bool at_least;
    /* Of the whole run: what was measured and the bound; else the longest
     * time until it came true, UINT64_MAX for never, and the time allowed. */
    CriterionUnit unit;
    uint64_t measured, bound;
    char said[200]; /* when it does not hold: why, in one line */
} CriterionResult;

#define CRITERIA_MAX 32u

/* Those of @expect, its short forms included. NULL: it has none. @checks and
 * @metrics are borrowed. */
Criteria *criteria_new(unsigned node_count, const Expect *expect,
                       Checks *checks, const Metrics *metrics);
void criteria_free(Criteria *criteria);
/* After checks and metrics have seen it. */
void criteria_observe(Criteria *criteria, const Record *record);
/* The run ended at @at: fill in @results (CRITERIA_MAX); returns how many. */
unsigned criteria_finish(Criteria *criteria, SimTime at,
                         CriterionResult *results);

#endif

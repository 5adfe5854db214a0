/* SPDX-License-Identifier: Apache-2.0 */
/* The first differing event of two runs, with its causes on both sides. */
#ifndef SEEDBED_BISECT_H
#define SEEDBED_BISECT_H

#include <glib.h>

#include "sim/run_folder.h"

typedef enum BisectOutcome {
    BISECT_SAME,
    BISECT_DIFFERENT,
    BISECT_FAILED, /* @error says why */
} BisectOutcome;

#define BISECT_STEPS_MAX 5u /* the event and causes followed back */

/* An event that is told: the differing one, or a cause. */
typedef struct BisectStep {
    uint64_t event; /* its number */
    SimTime at;
    NodeId node;      /* whose event; 0: the world's */
    const char *kind; /* world, start, link, disk, message, timer; static */
    const char *how;  /* it caused the step before, "sent by"; NULL: it is the
                       * differing event */
    GString *lines;   /* of the text trace, whole; may be NULL */
} BisectStep;

/* One side of the difference: the event, then its causes, later ones first. */
typedef struct BisectSide {
    BisectStep steps[BISECT_STEPS_MAX];
    unsigned step_count; /* 0: this side has ended, or was not looked at */
    bool from_start;     /* no earlier cause is in the trace */
} BisectSide;

/* Where two runs part. */
typedef struct BisectPlace {
    uint64_t event; /* the first that differs; 0: only the interval is known */
    SimTime at;     /* on side A, or on B when A has ended */
    NodeId node;    /* whose event; 0: the world's */
    uint64_t after_event, by_event; /* by the checkpoints; 0: not narrowed */
    SimTime after, by;
    BisectSide sides[2]; /* of A and B */
} BisectPlace;

/* Free what hangs on @place, not itself; it is all zero then. */
void bisect_place_clear(BisectPlace *place);

/* Compare two compact traces. Words about the difference are appended to
 * @out. @place, all zero before, is filled in; whatever comes, the caller
 * clears it. */
BisectOutcome bisect_traces(const char *a, const char *b, GString *out,
                            BisectPlace *place, GError **error);
/* Compare two run folders: their digests, then their checkpoints, then their
 * traces. A side that left no trace is run again when this program made it. */
BisectOutcome bisect_folders(const RunFolder *a, const RunFolder *b,
                             GString *out, BisectPlace *place, GError **error);

#endif

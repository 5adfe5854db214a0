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

/* Where two runs part. */
typedef struct BisectPlace {
    uint64_t event; /* the first that differs; 0: only the interval is known */
    SimTime at;     /* on side A, or on B when A has ended */
    NodeId node;    /* whose event; 0: the world's */
    uint64_t after_event, by_event; /* by the checkpoints; 0: not narrowed */
    SimTime after, by;
} BisectPlace;

/* Compare two compact traces. Words about the difference are appended to
 * @out. */
BisectOutcome bisect_traces(const char *a, const char *b, GString *out,
                            BisectPlace *place, GError **error);
/* Compare two run folders: their digests, then their checkpoints, then their
 * traces. A side that left no trace is run again when this program made it. */
BisectOutcome bisect_folders(const RunFolder *a, const RunFolder *b,
                             GString *out, BisectPlace *place, GError **error);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* Is a history linearizable (Herlihy and Wing 1990)? Events are taken one by
 * one, in the order of the history; each key is searched by itself when the
 * model allows it (linear_model.h), by linear_search.h.
 *
 * Where no operation on a key is under way the key is checked up to there now
 * and then, and what can no longer matter is let go: of a history with such
 * points only a piece of every key is held at a time.
 *
 * The order of the events counts, not their times. An operation whose return
 * is missing counts as info: it may have happened at any time after its call,
 * or never; `fail` certainly did not happen. */
#ifndef SEEDBED_LINEAR_H
#define SEEDBED_LINEAR_H

#include <glib.h>

#include "sim/history.h"
#include "sim/linear_search.h"

typedef struct Linear Linear;

typedef struct LinearOptions {
    const LinearModel *model;
    LinearLimits limits; /* of steps: each search; of memory: in all */
    unsigned piece;      /* operations on a key before it is checked up to a
                          * point with none under way; 0: LINEAR_PIECE */
    bool watch;          /* look out for linear_stale() */
    bool verdict_only;   /* do not find out why: linear_failures() is empty */
} LinearOptions;

#define LINEAR_PIECE 2048u

/* An operation as an explanation shows it. */
typedef struct LinearBar {
    char *text; /* "write \"a\"" */
    uint64_t process;
    uint64_t line, end_line; /* 0: no return */
    SimTime from, to;        /* `to` of one that never ended: the end shown */
    bool ended;              /* with ok, in the prefix */
    bool odd;                /* one of those that cannot be ordered */
    unsigned place;          /* in the longest order, from 1; 0: not in it */
} LinearBar;

/* Why a key is not linearizable. */
typedef struct LinearFailure {
    char *key;           /* as text; NULL: the history has none */
    uint64_t line;       /* the shortest prefix that shows it ends here */
    SimTime at;          /* with this return */
    uint64_t process;    /* of it */
    char *text;          /* the operation that returned */
    unsigned operations; /* on the key, up to there */
    unsigned odd_count;
    bool all_needed;   /* without any one of them (or rather of what it was
                      * told, and when) there would be an order */
    GArray *bars;      /* LinearBar: the odd ones, who wrote what they saw,
                        * and those near them; by call */
    unsigned left_out; /* operations on the key before these */
    GPtrArray *states; /* char *: what was possible before the return */
} LinearFailure;

typedef struct LinearCounts {
    uint64_t operations, infos, fails, keys;
    uint64_t steps;        /* of the model */
    uint64_t pieces;       /* checked up to a point with none under way */
    unsigned bad, unknown; /* keys */
    size_t memory;         /* at most so many bytes */
} LinearCounts;

Linear *linear_new(const LinearOptions *options);
void linear_free(Linear *linear);
/* The next event, which was on @line. False and @error: it cannot follow what
 * came before, or the model does not know it. */
bool linear_add(Linear *linear, const HistoryEvent *event, uint64_t line,
                GError **error);
/* Has an operation ended that saw what had been overwritten before it began?
 * Then there is no order, and it is known at once: O(1) an event. It sees much
 * less than linear_finish(), and nothing where there are appends or values
 * written more than once. */
bool linear_stale(const Linear *linear);
/* After the last event. */
LinearVerdict linear_finish(Linear *linear);
/* Of the first unknown key: which limit was reached. */
const char *linear_why(const Linear *linear);
/* LinearFailure, by line; the first LINEAR_FAILURES_MAX found. */
const GPtrArray *linear_failures(const Linear *linear);
#define LINEAR_FAILURES_MAX 8u
const LinearCounts *linear_counts(const Linear *linear);

#endif

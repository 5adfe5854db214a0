/* SPDX-License-Identifier: Apache-2.0 */
/* The search for an order: is there a sequence of operations that the model
 * allows, in which whatever ended before another began comes first?
 *
 * It is Wing and Gong's (1993) search with Lowe's (2017) list of calls and
 * returns and his memory of configurations, and the following, none of which
 * gives up an answer (each keeps, of equally good orders, one):
 *
 *  - A configuration is how far the returns have come, which of the few
 *    operations then under way are in the order, and the state: a bit per
 *    operation under way and not per operation of the history. It is
 *    remembered when it has failed, so a search that never errs stores nothing.
 *  - What can happen now and never changes a state happens now: whatever may
 *    follow may follow still. Reads are never branched over. Nor are writes
 *    that nobody reads, over a state that nobody reads.
 *  - Of operations alike that are under way, the one that ends first goes
 *    first, and one that ended before one that may never have happened: they
 *    could change places.
 *  - An operation that may never have happened (info) is used only where what
 *    follows notices: where the next one would have done the same without it,
 *    the order without it is as good. And a configuration fails if it failed
 *    with the same state and fewer of them used, for those are still at hand.
 *  - Where a state is left that some operation still needs, and nobody is left
 *    to make it again, the search turns round at once.
 *  - In a queue, what comes out before something else came in first: an order
 *    of puts that the takes rule out is not gone on with. */
#ifndef SEEDBED_LINEAR_SEARCH_H
#define SEEDBED_LINEAR_SEARCH_H

#include <glib.h>

#include "sim/linear_model.h"
#include "sim/linear_store.h"

#define LINEAR_NEVER UINT32_MAX

/* An operation between its call and its return, both places in the order of
 * events. All places are different. */
typedef struct LinearOp {
    LinearCall call;
    uint32_t called;
    uint32_t ended; /* LINEAR_NEVER: it may or may not have happened */
} LinearOp;

typedef enum LinearVerdict {
    LINEAR_GOOD,
    LINEAR_BAD,
    LINEAR_UNKNOWN,
} LinearVerdict;

typedef struct LinearLimits {
    uint64_t steps;       /* of the model */
    size_t memory;        /* bytes */
    bool (*stop)(void *); /* asked now and then; true: give up. Or NULL */
    void *stop_data;
} LinearLimits;

/* A state in which a search begins or ends, and the infos used up to there:
 * a bit each in the order of the operations, words of 64. */
typedef struct LinearEnd {
    uint64_t state;
    uint64_t *used; /* of @count infos */
    unsigned count;
} LinearEnd;

typedef struct LinearSearch LinearSearch;

/* Memory is kept from search to search. */
LinearSearch *linear_search_new(const LinearModel *model, LinearStore *store);
void linear_search_free(LinearSearch *search);

/* Look for an order of @ops, @count of them by their calls, whose places are
 * below @places, from any of @from (LinearEnd). All is borrowed.
 *
 * GOOD: linear_search_order() is one. BAD: there is none, not even of what
 * ends before or at some return that is linear_search_furthest() or later;
 * of what ends before linear_search_furthest() there is. UNKNOWN:
 * linear_search_why() says which limit was reached. */
LinearVerdict linear_search_one(LinearSearch *search, const LinearOp *ops,
                                unsigned count, unsigned places,
                                const GArray *from, const LinearLimits *limits);
/* Look for all states in which orders can end, from any of @from, and append
 * them to @ends (LinearEnd; `used` is the caller's): of those with the same
 * state, the ones that use least. BAD when there are none; UNKNOWN also when
 * there are more than @ends_max. */
LinearVerdict linear_search_all(LinearSearch *search, const LinearOp *ops,
                                unsigned count, unsigned places,
                                const GArray *from, const LinearLimits *limits,
                                GArray *ends, unsigned ends_max);

/* Of the last search, GOOD: operations by number in the order found. Infos
 * that were not used are absent. */
const uint32_t *linear_search_order(const LinearSearch *search,
                                    unsigned *count);
uint32_t linear_search_furthest(const LinearSearch *search);
uint64_t linear_search_steps(const LinearSearch *search);
const char *linear_search_why(const LinearSearch *search);
/* Bytes held. */
size_t linear_search_size(const LinearSearch *search);

#endif

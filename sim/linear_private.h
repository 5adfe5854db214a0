/* SPDX-License-Identifier: Apache-2.0 */
/* What linear.c and linear_explain.c share: the operations of a key. */
#ifndef SEEDBED_LINEAR_PRIVATE_H
#define SEEDBED_LINEAR_PRIVATE_H

#include "sim/linear.h"

typedef enum OperationState {
    OPERATION_OPEN,
    OPERATION_OK,
    OPERATION_INFO,
    OPERATION_GONE, /* failed, or told nothing that could matter */
} OperationState;

typedef struct Operation {
    LinearCall call;
    OperationState state;
    uint32_t called, ended; /* places; LINEAR_NEVER */
    uint32_t newest;        /* Part.newest at its call */
    const char *function;
    uint64_t process;
    uint64_t line, end_line;
    SimTime from, to;
} Operation;

/* A key, since the last point where it was checked. */
typedef struct Part {
    uint64_t key;       /* its word */
    GArray *operations; /* Operation, by call; first the infos from before */
    GArray *from;       /* LinearEnd: states it can be in at the start */
    uint32_t places, open, piece;
    uint32_t gone;
    uint64_t before; /* operations let go */
    LinearVerdict verdict;
    /* For linear_stale(). Who gives a value: one more than the place of its
     * end, or MAKER_... of linear.c; NULL: nobody watches. */
    GHashTable *makers;
    uint32_t newest; /* one more than the call of what began last of all that
                      * has ended and changed the state; 0: nothing has */
} Part;

/* Why there is no order for the operations of @part, for which the search has
 * found none. The caller's. */
LinearFailure *linear_explain(const LinearModel *model, LinearTools *tools,
                              LinearSearch *search, const Part *part,
                              const LinearLimits *limits);
void linear_explain_free(void *failure);

/* The operations of @part as the search wants them, appended to @ops (and the
 * number of each to @numbers unless NULL): calls up to place @limit; what
 * ends later, or is set in @loose, may or may not have happened. */
void linear_explain_gather(const LinearModel *model, LinearTools *tools,
                           const Part *part, uint32_t limit,
                           const uint8_t *loose, GArray *ops, GArray *numbers);

#endif

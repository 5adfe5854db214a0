/* SPDX-License-Identifier: Apache-2.0 */
/* What the three files of the search share. */
#ifndef SEEDBED_LINEAR_SEARCH_PRIVATE_H
#define SEEDBED_LINEAR_SEARCH_PRIVATE_H

#include "sim/linear_search.h"

#define NOBODY UINT32_MAX
#define UNSEEN UINT64_C(0xfffffffffffffff1) /* for states alike */

/* An operation, prepared. Entries of the list are its places plus one; the
 * list's head is entry 0, its end one past the last place. */
typedef struct Item {
    uint32_t call, ret;    /* entries */
    uint32_t kind;         /* alike: the same */
    uint32_t slot;         /* its bit while it is under way; not of an info */
    uint32_t info;         /* its number among the infos, or LINEAR_NEVER */
    uint32_t earlier;      /* the last info before it that is alike */
    uint32_t last_info;    /* of its kind: while `earlier` is found */
    uint32_t needs, gives; /* values by number, or NOBODY */
    uint32_t lasts;        /* first of the values that it may leave last */
    uint32_t last_count;   /* (lists of search->lasts) */
    uint32_t taken_from;   /* what it puts in is taken out after this place */
    uint32_t rank;         /* in search->puts; LINEAR_NEVER: not in it */
    bool must;             /* it has ended, so it is in every order */
    bool wild;             /* may leave any state */
    bool observer;         /* may notice any state */
    bool pointless;        /* leaves nothing that anybody needs */
} Item;

/* A state that some operation needs or gives. */
typedef struct Value {
    uint64_t state;
    uint32_t needed; /* by how many that are not in the order but must be */
    uint32_t given;  /* by how many that are not in the order */
    bool info_needs; /* some info needs it */
    bool wanted;     /* some operation needs it, in the order or not */
    uint8_t seen;    /* SEEN_...: may anybody notice it? */
} Value;

enum { SEEN_NOT_ASKED, SEEN_BY_NONE, SEEN_BY_SOME };

/* What puts something in that is taken out, at the latest at `place`. */
typedef struct Put {
    uint32_t place, op;
    bool done; /* it is in the order */
} Put;

typedef struct Choice {
    uint64_t next;
    uint32_t op;
} Choice;

typedef struct Frame {
    uint64_t state, before;
    uint32_t undo;      /* the trail's length without it */
    uint32_t first, at; /* choices: all of it, the next to try */
    uint32_t ret;       /* the entry of the first return */
    bool by_info;       /* an info led here from `before`, not noticed yet */
    bool infos_done;
} Frame;

struct LinearSearch {
    const LinearModel *model;
    LinearStore *store;
    LinearTools *tools;
    const LinearOp *ops;
    unsigned count;
    LinearLimits limits;
    /* The problem, prepared. */
    Item *items;
    unsigned item_room;
    uint32_t *next, *prev, *op_at; /* by entry */
    unsigned entry_room;
    uint32_t end;
    GArray *infos;     /* uint32_t: operations, by call */
    GArray *useful;    /* uint32_t: those of them that may be noticed */
    GArray *lasts;     /* uint32_t: values */
    GArray *puts;      /* Put, by place */
    uint32_t puts_low; /* all before are done */
    uint32_t *table;   /* of kinds, then of values */
    uint32_t table_size, table_room;
    Value *values;
    unsigned value_count, value_room;
    unsigned known_count;     /* of them, those of operations */
    uint32_t wild, observers; /* not in the order */
    /* Where the search is. */
    uint64_t *mask, *used; /* bits of slots and of infos */
    unsigned mask_words, used_words, mask_room, used_room;
    GArray *trail, *frames, *choices; /* uint32_t, Frame, Choice */
    uint32_t base;                    /* of the trail: used from the start */
    uint64_t steps, visits;
    const char *why;
    GArray *ends; /* LinearEnd; NULL: the first will do */
    unsigned ends_first, ends_max;
    /* How far it came. */
    uint32_t furthest; /* entry */
    /* Configurations that failed. */
    uint64_t *memory;
    uint32_t memory_count, memory_room, stride;
    uint32_t *buckets;
    uint32_t bucket_count;
};

/* Prepare for a search. */
void linear_search_setup(LinearSearch *search, const LinearOp *ops,
                         unsigned count, unsigned places, const GArray *from,
                         const LinearLimits *limits);
/* Will anybody notice that the state is @state and not another that nobody
 * notices? False: certainly not; the rest of the order is the same. */
bool linear_search_seen(LinearSearch *search, uint64_t state);
/* The number of @state among the values, or NOBODY. */
uint32_t linear_search_value(const LinearSearch *search, uint64_t state);

/* Did this configuration fail, or one that has used less? */
bool linear_search_remembers(LinearSearch *search, const Frame *frame);
void linear_search_remember(LinearSearch *search, const Frame *frame);

#endif

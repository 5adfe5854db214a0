/* SPDX-License-Identifier: Apache-2.0 */
/* The fault plan: what will go wrong, drawn before the run, one numbered line
 * per fault. A run is (scenario, seed, plan, binary); plans are edited,
 * diffed, replayed after code changes, and shrunk. */
#ifndef SEEDBED_PLAN_H
#define SEEDBED_PLAN_H

#include <glib.h>

#include "netmodel/distribution.h"
#include "nodes/node.h"

/* FAULT(NAME, "name", needs, "what it does") in faults.def makes the enum,
 * the parser, `seedbed list` and the manual. */
typedef enum FaultKind {
    FAULT_NONE = 0,
#define FAULT(name, text, needs, manual) FAULT_##name,
#include "sim/faults.def"
#undef FAULT
    FAULT_KIND_COUNT
} FaultKind;

/* What a line of that kind may or must say beside at, kind and nodes. */
enum {
    FAULT_FOR = 1 << 0,    /* ends by itself after `for` */
    FAULT_PEERS = 1 << 1,  /* the other side: `to` */
    FAULT_NETEM = 1 << 2,  /* `netem`: words of netmodel/netem.h */
    FAULT_AMOUNT = 1 << 3, /* `amount`: a quantity whose unit the kind says */
    FAULT_FILE = 1 << 4,   /* `file`: a prefix of file names */
    FAULT_GROUPS = 1 << 5, /* `groups`: lists of selectors */
    FAULT_PERIOD = 1 << 6, /* `period`: flapping */
};

/* One line. Selectors stay text (`leader`, `minority`, `[n1, n2]`,
 * `region:eu`): they are resolved when the line takes effect. */
typedef struct Fault {
    unsigned number; /* 1, 2, ...; kept when a plan is edited */
    FaultKind kind;
    SimTime at;
    SimTime duration; /* 0: for ever, or the kind has no end */
    char *nodes;      /* selector; NULL where the kind needs none */
    char *peers;      /* selector; NULL: everybody else */
    char *groups;     /* "[[n1, n2], rest]" as text, or NULL */
    char *netem;      /* or NULL */
    char *file;       /* or NULL */
    int64_t amount;   /* in the kind's unit: ns, ppb, bytes, factor x 1000 */
    SimTime period;
    uint64_t salt; /* REDRAW; and the line's own draws (which sector, ...) */
    unsigned line; /* of the file it was read from, 0 if drawn */
} Fault;

typedef struct Plan {
    Fault *faults; /* by (at, number) */
    unsigned count;
    unsigned number_max; /* the largest number given */
} Plan;

Plan *plan_new(void);
void plan_free(Plan *plan);
/* Append a copy of @fault; a number of 0 gets one more than the largest. */
void plan_add(Plan *plan, const Fault *fault);
/* Sort by (at, number). Call once after the last plan_add(). */
void plan_sort(Plan *plan);
/* Read @path for a cluster of @node_count nodes, which its selectors must keep
 * to; 0: of any. A mistake is one line: file, line, key, found, expected. */
Plan *plan_load(const char *path, unsigned node_count, GError **error);
/* Can all lines' netem words be read with @files, the scenario's? False: one
 * line in @error. */
bool plan_check(const Plan *plan, DistributionFiles *files, GError **error);
Plan *plan_parse(const char *text, size_t size, const char *name,
                 GError **error);
/* The YAML text of @plan; the caller owns it. plan_parse() reads it back to
 * the same plan. */
char *plan_text(const Plan *plan);

const char *fault_kind_name(FaultKind kind);
/* FAULT_NONE when there is none of that name. */
FaultKind fault_kind_find(const char *name);
unsigned fault_kind_needs(FaultKind kind);
const char *fault_kind_manual(FaultKind kind);
/* A line of a plan with a fault of @kind, without a number. Static. */
const char *fault_kind_example(FaultKind kind);

#endif

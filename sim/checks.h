/* SPDX-License-Identifier: Apache-2.0 */
/* What must hold after every event. A family of invariants is a row of
 * checks.c's table with a file of its own; each reads the merged records and
 * calls checks_violate() when something is wrong. Durability is judged from
 * effects and disk, never from a probe. */
#ifndef SEEDBED_CHECKS_H
#define SEEDBED_CHECKS_H

#include <glib.h>

#include "sim/record.h"

typedef struct Checks Checks;

typedef struct Violation {
    const char *check; /* "election-safety"; static */
    SimTime at;
    NodeId node;
    char *message;
} Violation;

/* A family. new() gets what all share; observe() sees every record in order;
 * finish() is called once at the end of the run with its true time. */
typedef struct CheckFamily {
    const char *name;
    void *(*make)(Checks *checks);
    void (*observe)(void *family, const Record *record);
    void (*finish)(void *family, SimTime at); /* may be NULL */
    void (*free)(void *family);
} CheckFamily;

Checks *checks_new(unsigned node_count);
void checks_free(Checks *checks);
/* False when the record violated something: the run may stop. */
bool checks_observe(Checks *checks, const Record *record);
void checks_finish(Checks *checks, SimTime at);

unsigned checks_node_count(const Checks *checks);
const GPtrArray *checks_violations(const Checks *checks); /* Violation */
/* For families. @check is static. */
void checks_violate(Checks *checks, const char *check, NodeId node,
                    const char *format, ...) G_GNUC_PRINTF(4, 5);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* The table of families, and the violations they found. */
#include "sim/checks.h"

#include <stdarg.h>

#include "sim/checks_raft.h"
#include "sim/checks_storage.h"
#include "sim/checks_votes.h"
#include "sim/carrier.h"

static const CheckFamily *const families[] = {
    &checks_raft_family,
    &checks_storage_family,
    &checks_votes_family,
};

struct Checks {
    unsigned node_count;
    SimTime at;
    GPtrArray *violations;
    void *states[G_N_ELEMENTS(families)];
};

static void violation_free(void *data);

bool
checks_observe(Checks *checks, const Record *record)
{
    unsigned before = checks->violations->len;

    checks->at = event_at(record->event);
    for (unsigned i = 0; i < G_N_ELEMENTS(families); i++) {
        families[i]->observe(checks->states[i], record);
    }
    if (record->death != NULL) {
        const CarrierDeath *death = record->death;

        checks_violate(checks, "crash", event_cell(record->event), "%s",
                       death->text[0] != '\0' ? death->text
                                              : "the program died");
    }
    return checks->violations->len == before;
}

void
checks_finish(Checks *checks, SimTime at)
{
    checks->at = at;
    for (unsigned i = 0; i < G_N_ELEMENTS(families); i++) {
        if (families[i]->finish != NULL) {
            families[i]->finish(checks->states[i], at);
        }
    }
}

unsigned
checks_node_count(const Checks *checks)
{
    return checks->node_count;
}

const GPtrArray *
checks_violations(const Checks *checks)
{
    return checks->violations;
}

void
checks_violate(Checks *checks, const char *check, NodeId node,
               const char *format, ...)
{
    Violation *violation = g_new0(Violation, 1);
    va_list arguments;

    va_start(arguments, format);
    violation->message = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    violation->check = check;
    violation->at = checks->at;
    violation->node = node;
    g_ptr_array_add(checks->violations, violation);
}

static void
violation_free(void *data)
{
    Violation *violation = data;

    g_free(violation->message);
    g_free(violation);
}

Checks *
checks_new(unsigned node_count)
{
    Checks *checks = g_new0(Checks, 1);

    checks->node_count = node_count;
    checks->violations = g_ptr_array_new_with_free_func(violation_free);
    for (unsigned i = 0; i < G_N_ELEMENTS(families); i++) {
        checks->states[i] = families[i]->make(checks);
    }
    return checks;
}

void
checks_free(Checks *checks)
{
    for (unsigned i = 0; i < G_N_ELEMENTS(families); i++) {
        families[i]->free(checks->states[i]);
    }
    g_ptr_array_free(checks->violations, TRUE);
    g_free(checks);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Nemesis packages, as in Jepsen: sets of random faults that go together,
 * each with its own kinds, intervals and way to heal, and its own look in
 * pictures. `faults.nemesis: [partition, kill]` is all that a scenario has to
 * say. Every fault kind belongs to one package, also when a plan or a scenario
 * names it alone. */
#ifndef SEEDBED_NEMESIS_H
#define SEEDBED_NEMESIS_H

#include "sim/plan.h"

typedef struct Nemesis {
    const char *name;
    const char *does;    /* one line: its faults, and how they heal */
    const char *entries; /* YAML: a list as of faults.random */
} Nemesis;

/* By number; NULL behind the last. Static. */
const Nemesis *nemesis_at(unsigned number);
/* NULL when there is none of that name. */
const Nemesis *nemesis_find(const char *name);
/* The name of the package that @kind belongs to; "other" for `redraw`. The
 * plots have a colour for each. */
const char *nemesis_of(FaultKind kind);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* *Sometimes* facts: what should happen in some run of a sweep, or the sweep
 * has not tested it. A fact that was reached is a probe with its number from
 * the catalogue in sometimes.def; runs count them, and one that is never
 * reached shows up as 0. As FoundationDB's TEST() macro (Zhou et al., SIGMOD
 * 2021, section 4.1) and Antithesis's sometimes assertions.
 *
 * Keep sites off paths that every message takes. */
#ifndef SEEDBED_SOMETIMES_H
#define SEEDBED_SOMETIMES_H

#include "nodes/effects.h"
#include "nodes/probes.h"

typedef enum Sometimes {
#define SOMETIMES_ROW(name, text, manual) SOMETIMES_##name,
#include "nodes/sometimes.def"
#undef SOMETIMES_ROW
    SOMETIMES_COUNT
} Sometimes;

static inline void
sometimes_probe(Effects *fx, Sometimes number)
{
    uint64_t value = number;

    effects_probe(fx, PROBE_SOMETIMES, &value, 1, slice_of(NULL, 0));
}

/* Say that the fact @name was reached. */
#define SOMETIMES(fx, name) sometimes_probe(fx, SOMETIMES_##name)

#endif

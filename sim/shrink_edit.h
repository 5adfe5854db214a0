/* SPDX-License-Identifier: Apache-2.0 */
/* What can be taken from a scenario, and what can be made less of it: the
 * steps of shrinking, without the search. */
#ifndef SEEDBED_SHRINK_EDIT_H
#define SEEDBED_SHRINK_EDIT_H

#include "sim/scenario.h"

/* Something that a scenario could be without. */
typedef struct ShrinkEdit {
    unsigned kind;
    unsigned index, part; /* which client group, which word, ... */
} ShrinkEdit;

/* All of @scenario, of ShrinkEdit. Without @workload, what clients do is left
 * alone. The caller owns it. */
GArray *shrink_edit_list(const Scenario *scenario, bool workload);
/* Take those of @edits away from @scenario whose flag in @keep is 0. */
void shrink_edit_apply(Scenario *scenario, const GArray *edits,
                       const uint8_t *keep);

/* A number that could be smaller (or larger, where that is less work). */
typedef struct ShrinkKnob {
    unsigned kind;
    unsigned index, part;
} ShrinkKnob;

#define SHRINK_KNOB_VALUES 16u

/* Which numbers: the cluster and the clients, or the lines of the plan. */
typedef enum ShrinkKnobs {
    SHRINK_KNOBS_NODES,
    SHRINK_KNOBS_CLIENTS,
    SHRINK_KNOBS_FAULTS, /* duration, amount, strength of words */
    SHRINK_KNOBS_LINKS,
    SHRINK_KNOBS_TIMES, /* the gaps between the lines */
    SHRINK_KNOBS_ROUND, /* plainer numbers */
} ShrinkKnobs;

/* Of ShrinkKnob; the caller owns it. */
GArray *shrink_edit_knobs(const Scenario *scenario, ShrinkKnobs knobs);
/* What to try for @knob, the least first; returns how many. The run failed
 * at @failed_at. */
unsigned shrink_edit_values(const Scenario *scenario, const ShrinkKnob *knob,
                            SimTime failed_at,
                            int64_t values[SHRINK_KNOB_VALUES]);
void shrink_edit_set(Scenario *scenario, const ShrinkKnob *knob, int64_t value);

/* Only the lines of the plan whose flag in @keep is not 0 stay. */
void shrink_edit_plan(Scenario *scenario, const uint8_t *keep);

#endif

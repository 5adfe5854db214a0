/* SPDX-License-Identifier: Apache-2.0 */
/* Which abstract states a run passed through: who leads, how far terms and
 * logs are apart, what is broken meanwhile. Two runs that show the same states
 * tested the same situations, whatever their seeds; a sweep counts in how many
 * runs each was seen and how likely the next seed shows a new one. */
#ifndef SEEDBED_COVERAGE_H
#define SEEDBED_COVERAGE_H

#include <stdbool.h>

#include "sim/record.h"

#define COVERAGE_STATES_MAX 2048u
#define COVERAGE_TEXT_SIZE  256u

/* A state, packed: never 0. It names no node, so clusters of all sizes
 * share them. */
typedef uint32_t CoverageState;

typedef struct Coverage Coverage;

Coverage *coverage_new(unsigned node_count);
void coverage_free(Coverage *coverage);
/* After every record, in order; O(nodes), and only when something of the state
 * may have changed. */
void coverage_observe(Coverage *coverage, const Record *record);
/* The states seen, each once, in the order of their numbers; at most
 * COVERAGE_STATES_MAX, further ones are only counted. Returns how many there
 * were. */
unsigned coverage_states(const Coverage *coverage,
                         CoverageState states[COVERAGE_STATES_MAX]);
/* In words: "1 leader, 1 candidate, terms 1 apart, ...; network cut". */
void coverage_text(CoverageState state, char text[COVERAGE_TEXT_SIZE]);

/* How likely the next seed shows a state that none of @seeds did, when
 * @lonely of them have shown one that no other did: the leave-one-out form of
 * Good and Turing's estimate (I. J. Good, "The population frequencies of
 * species and the estimation of population parameters", 1953). @high: with
 * 95 % confidence it is below that (Wilson's score interval, one-sided). */
typedef struct CoverageChance {
    double likely, high;
} CoverageChance;
CoverageChance coverage_chance(uint64_t seeds, uint64_t lonely);

#endif

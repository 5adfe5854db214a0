/* SPDX-License-Identifier: Apache-2.0 */
/* faults.random, faults.nemesis and faults.swarm of a scenario: what they come
 * to for a seed, as plain entries of faults.random.
 *
 * Swarm testing: Groce, Zhang, Eide, Chen and Regehr, "Swarm Testing" (ISSTA
 * 2012): runs that leave some features out find more than runs that have them
 * all, since features hide each other. */
#ifndef SEEDBED_SCENARIO_CHAOS_H
#define SEEDBED_SCENARIO_CHAOS_H

#include "sim/scenario_read.h"

/* Read one entry of faults.random into the FaultRate @into. */
bool scenario_chaos_rate(ScenarioReader *reader, const Scenario *scenario,
                         const YamlNode *node, void *into);
/* @scenario->rates are those of faults.random: append those of the packages
 * that faults.nemesis names, then let faults.swarm draw which stay and how
 * strong they are. */
bool scenario_chaos_read(ScenarioReader *reader, const YamlNode *root,
                         Scenario *scenario);
void scenario_chaos_rate_clear(FaultRate *rate);

#endif

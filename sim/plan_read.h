/* SPDX-License-Identifier: Apache-2.0 */
/* Fault lines, of a plan and of a scenario's faults.timed, and what each kind
 * of fault must and must not say. */
#ifndef SEEDBED_PLAN_READ_H
#define SEEDBED_PLAN_READ_H

#include "sim/scenario_read.h"

#define PLAN_LINES_MAX 100000u

/* Append the fault lines of @list to @plan, which is sorted then. The
 * reader's path is that of the list, with a dot. */
bool plan_read_list(ScenarioReader *reader, const YamlNode *list, Plan *plan);
/* False when @node, a fault or a random entry, says keys that its kind does
 * not take. What has no kind is not judged. */
bool plan_read_takes(ScenarioReader *reader, const YamlNode *node);
/* False when @node, already read, leaves out what its @kind needs. */
bool plan_read_check(ScenarioReader *reader, const YamlNode *node,
                     FaultKind kind, bool random);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* Structs back to YAML by the table of keys. */
#ifndef SEEDBED_SCENARIO_TEXT_H
#define SEEDBED_SCENARIO_TEXT_H

#include "sim/scenario_keys.h"

/* read, write, cas, append, delete: ClientGroup.weight's order. */
extern const char *const scenario_text_operations[5];

/* Append "{key: value, ...}": the keys of @section from the struct @from,
 * without those that may be absent and are zero. */
void scenario_text_flow(GString *out, const char *section, const void *from);

#endif

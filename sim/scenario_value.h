/* SPDX-License-Identifier: Apache-2.0 */
/* The numbers of a scenario as text and back: nodes/quantity.h plus the
 * quantities that only scenarios have (signed ones, operation rates). */
#ifndef SEEDBED_SCENARIO_VALUE_H
#define SEEDBED_SCENARIO_VALUE_H

#include "sim/scenario_keys.h"

/* Read the number @text of @type (one of the first group but KIND and
 * AMOUNT). False when it is none; *@value is then not touched. */
bool scenario_value_parse(ScenarioType type, const char *text, int64_t *value);
/* Read "150..300 ms": two numbers of @type, the unit of the first may be left
 * to the second; or one number, twice. False also when low > high. */
bool scenario_value_range(ScenarioType type, const char *text, int64_t *low,
                          int64_t *high);
/* What a number of @type looks like, for errors: a duration such as "30 s".
 * Static. */
const char *scenario_value_expected(ScenarioType type);
/* The text that scenario_value_parse() reads back as @value; owned. */
char *scenario_value_text(ScenarioType type, int64_t value);
/* True for numbers written bare in YAML: 5, true. */
bool scenario_value_is_bare(ScenarioType type);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* --set on a scenario: a key of the file, or one word of a key that holds
 * netem words: network.links.loss=5% replaces what "delay 2ms loss 1%" says of
 * loss and nothing else. */
#ifndef SEEDBED_SCENARIO_SET_H
#define SEEDBED_SCENARIO_SET_H

#include "sim/yaml_tree.h"

/* Lay @option, "path.to.key=value", over @tree. Errors name the option. */
bool scenario_set(YamlTree *tree, const char *option, GError **error);

#endif

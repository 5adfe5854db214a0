/* SPDX-License-Identifier: Apache-2.0 */
/* What the two halves of the reader, numbers and words, need of each other.
 * All return false (NULL) after a mistake, which is told then. */
#ifndef SEEDBED_SCENARIO_READ_PRIVATE_H
#define SEEDBED_SCENARIO_READ_PRIVATE_H

#include "sim/scenario_read.h"

/* The value that {choose: [...]} comes to, or @node itself. */
const YamlNode *scenario_read_choose(ScenarioReader *reader, const char *key,
                                     const YamlNode *node);
bool scenario_read_number(ScenarioReader *reader, const ScenarioField *field,
                          const char *key, const YamlNode *node, void *into);
bool scenario_read_text(ScenarioReader *reader, const ScenarioField *field,
                        const char *key, const YamlNode *node, char **into);
bool scenario_read_netem(ScenarioReader *reader, const char *key,
                         const YamlNode *node, NetemConfig *into);
/* A map as "key=value" lines. */
bool scenario_read_config(ScenarioReader *reader, const char *key,
                          const YamlNode *node, char **into);
/* As many names as the file says; scenario.c deals them out. */
bool scenario_read_regions(ScenarioReader *reader, const char *key,
                           const YamlNode *node, char ***into);
/* Lines as criterion.h reads them, in its words. */
bool scenario_read_criteria(ScenarioReader *reader, const char *key,
                            const YamlNode *node, char ***into);
bool scenario_read_mix(ScenarioReader *reader, const char *key,
                       const YamlNode *node, unsigned *into);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* A map of a YAML tree into a struct, by the table of keys: defaults, ranges
 * and choices drawn, mistakes told in one line. */
#ifndef SEEDBED_SCENARIO_READ_H
#define SEEDBED_SCENARIO_READ_H

#include "sim/scenario_keys.h"
#include "sim/yaml_tree.h"

/* One reading. The first mistake ends it. */
typedef struct ScenarioReader {
    GString *path; /* of the map being read, with a dot: "clients.0." */
    bool draws;    /* ranges and choices are allowed, drawn from ... */
    uint64_t seed;
    unsigned node_count;      /* for selectors; 0: not known */
    DistributionFiles *files; /* for netem words; NULL: none */
    FaultKind kind;           /* last read, for the amounts after it */
    GError **error;
} ScenarioReader;

/* Start with paths below @path ("" or "clients."). */
void scenario_read_init(ScenarioReader *reader, const char *path,
                        GError **error);
void scenario_read_clear(ScenarioReader *reader);

/* Fill the struct @into with the keys of @section that the map @node (or a
 * null: an empty one) says, and with defaults. Lists of maps are left alone.
 * What was set before a mistake stays set, owned by @into. */
bool scenario_read_map(ScenarioReader *reader, const char *section,
                       const YamlNode *node, void *into);
/* The value at @path ("faults.random") below @node; NULL when it is not there
 * or the word null. It may be nothing at all, see yaml_tree_is_null(). */
const YamlNode *scenario_read_find(const YamlNode *node, const char *path);
/* "place path: found ..., @expected" for @node at @key below the reader's
 * path. Returns false. */
bool scenario_read_fail(ScenarioReader *reader, const YamlNode *node,
                        const char *key, const char *expected);
/* The same in other words than "found". */
bool scenario_read_refuse(ScenarioReader *reader, const YamlNode *node,
                          bool of_key, const char *key, const char *what);
/* The number of the kind @kind's amount: its type. */
ScenarioType scenario_read_amount_type(FaultKind kind);
/* A word of the stream of draws that belongs to @path. */
uint64_t scenario_read_word(uint64_t seed, const char *path, uint64_t counter);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* A scenario from its file: the tree with --set on top, read by the table of
 * keys, its lists one item at a time, and judged as a whole. */
#include "sim/scenario.h"

#include <string.h>

#include "netmodel/topology.h"
#include "sim/plan_read.h"
#include "sim/scenario_chaos.h"
#include "sim/scenario_read.h"
#include "sim/scenario_set.h"
#include "sim/selector.h"

#define LIST_MAX   256u   /* items of clients, rules and random faults */
#define RANDOM_MAX 20000u /* random faults that a run may expect */

/* Reads the list item @node into @into. */
typedef bool (*ItemReader)(ScenarioReader *reader, const Scenario *scenario,
                           const YamlNode *node, void *into);

static Scenario *resolve(YamlTree *tree, const char *path,
                         const char *const *sets, unsigned set_count,
                         uint64_t seed, GError **error);
static bool read_all(ScenarioReader *reader, const YamlNode *root,
                     Scenario *scenario);
static bool read_list(ScenarioReader *reader, const YamlNode *root,
                      const char *path, ItemReader item, size_t size,
                      Scenario *scenario, void **items, unsigned *count);
static bool read_client(ScenarioReader *reader, const Scenario *scenario,
                        const YamlNode *node, void *into);
static bool read_rule(ScenarioReader *reader, const Scenario *scenario,
                      const YamlNode *node, void *into);
static bool read_timed(ScenarioReader *reader, const YamlNode *root,
                       Scenario *scenario);
static bool deal_regions(ScenarioReader *reader, const YamlNode *root,
                         Scenario *scenario);
static bool judge(ScenarioReader *reader, const YamlNode *root,
                  const Scenario *scenario);
static bool judge_core(ScenarioReader *reader, const YamlNode *root,
                       const Scenario *scenario);
static bool judge_topology(ScenarioReader *reader, const YamlNode *root,
                           const Scenario *scenario);
static bool judge_hosts(ScenarioReader *reader, const YamlNode *root,
                        const Scenario *scenario);
static bool judge_rates(ScenarioReader *reader, const YamlNode *root,
                        const Scenario *scenario);
static char *name_of(const char *path);

Scenario *
scenario_load(const char *path, const char *const *sets, unsigned set_count,
              uint64_t seed, GError **error)
{
    YamlTree *tree = yaml_tree_load(path, error);

    return resolve(tree, path, sets, set_count, seed, error);
}

Scenario *
scenario_parse(const char *text, size_t size, const char *name,
               const char *const *sets, unsigned set_count, uint64_t seed,
               GError **error)
{
    YamlTree *tree = yaml_tree_parse(text, size, name, error);

    return resolve(tree, name, sets, set_count, seed, error);
}

/* @tree is taken; NULL: @error is set already. */
static Scenario *
resolve(YamlTree *tree, const char *path, const char *const *sets,
        unsigned set_count, uint64_t seed, GError **error)
{
    Scenario *scenario = NULL;
    ScenarioReader reader;
    g_autofree char *directory = g_path_get_dirname(path);
    bool good = tree != NULL;

    for (unsigned i = 0; good && i < set_count; i++) {
        good = scenario_set(tree, sets[i], error);
    }
    if (!good) {
        yaml_tree_free(tree);
        return NULL;
    }
    scenario = g_new0(Scenario, 1);
    scenario->path = g_strdup(path);
    scenario->timed = plan_new();
    scenario->links = netem_none();
    scenario->files = distribution_files_new(directory);
    scenario_read_init(&reader, "", error);
    reader.draws = true;
    reader.seed = seed;
    reader.files = scenario->files;
    good = read_all(&reader, yaml_tree_root(tree), scenario);
    if (good && scenario->name == NULL) {
        scenario->name = name_of(path);
    }
    scenario_read_clear(&reader);
    yaml_tree_free(tree);
    if (!good) {
        scenario_free(scenario);
        return NULL;
    }
    return scenario;
}

static bool
read_all(ScenarioReader *reader, const YamlNode *root, Scenario *scenario)
{
    void *clients = NULL, *rules = NULL, *rates = NULL;
    bool good = scenario_read_map(reader, "", root, scenario);

    reader->node_count = scenario->node_count;
    good = good && deal_regions(reader, root, scenario) &&
           read_list(reader, root, "clients", read_client, sizeof(ClientGroup),
                     scenario, &clients, &scenario->client_group_count);
    scenario->clients = clients;
    good = good &&
           read_list(reader, root, "network.rules", read_rule, sizeof(LinkRule),
                     scenario, &rules, &scenario->rule_count);
    scenario->rules = rules;
    good =
        good && read_timed(reader, root, scenario) &&
        read_list(reader, root, "faults.random", scenario_chaos_rate,
                  sizeof(FaultRate), scenario, &rates, &scenario->rate_count);
    scenario->rates = rates;
    return good && scenario_chaos_read(reader, root, scenario) &&
           judge(reader, root, scenario);
}

/* The items of the list at @path into a fresh array; what was read before a
 * mistake is in it. */
static bool
read_list(ScenarioReader *reader, const YamlNode *root, const char *path,
          ItemReader item, size_t size, Scenario *scenario, void **items,
          unsigned *count)
{
    const YamlNode *list = scenario_read_find(root, path);
    size_t length = reader->path->len;
    bool good = true;

    if (list == NULL || list->count == 0) {
        return true;
    }
    if (list->count > LIST_MAX) {
        return scenario_read_refuse(reader, list, false, path,
                                    "found more than 256 entries, expected "
                                    "fewer");
    }
    *items = g_malloc0_n(list->count, size);
    for (unsigned i = 0; good && i < list->count; i++) {
        g_string_append_printf(reader->path, "%s.%u.", path, i);
        *count = i + 1;
        good = item(reader, scenario, list->items[i],
                    (uint8_t *)*items + i * size);
        g_string_truncate(reader->path, length);
    }
    return good;
}

static bool
read_client(ScenarioReader *reader, const Scenario *scenario,
            const YamlNode *node, void *into)
{
    ClientGroup *group = into;

    (void)scenario;
    if (!scenario_read_map(reader, SCENARIO_CLIENTS, node, group)) {
        return false;
    }
    group->open_loop = group->rate_milli != 0;
    if (group->open_loop) {
        static const char *const closed[] = {"think", "outstanding"};

        for (unsigned i = 0; i < G_N_ELEMENTS(closed); i++) {
            const YamlNode *value = scenario_read_find(node, closed[i]);

            if (value != NULL) {
                return scenario_read_refuse(
                    reader, value, true, closed[i],
                    "found a key of closed-loop clients beside rate, expected "
                    "one or the other");
            }
        }
    }
    if (group->stop <= group->start) {
        const YamlNode *stop = scenario_read_find(node, "stop");

        return scenario_read_fail(reader, stop != NULL ? stop : node, "stop",
                                  "a time after the group's start");
    }
    return true;
}

static bool
read_rule(ScenarioReader *reader, const Scenario *scenario,
          const YamlNode *node, void *into)
{
    (void)scenario;
    return scenario_read_map(reader, SCENARIO_RULES, node, into);
}

static bool
read_timed(ScenarioReader *reader, const YamlNode *root, Scenario *scenario)
{
    const YamlNode *list = scenario_read_find(root, "faults.timed");
    size_t length = reader->path->len;
    bool good = true;

    if (list == NULL || list->kind != YAML_KIND_LIST) {
        return true;
    }
    g_string_append(reader->path, "faults.timed.");
    good = plan_read_list(reader, list, scenario->timed);
    g_string_truncate(reader->path, length);
    return good;
}

/* nodes.regions, or those of the preset, dealt to the nodes in turn. */
static bool
deal_regions(ScenarioReader *reader, const YamlNode *root, Scenario *scenario)
{
    const char *const *names = (const char *const *)scenario->node_regions;
    const YamlNode *list = scenario_read_find(root, "nodes.regions");
    const char *preset = NULL;
    char **dealt = NULL;
    unsigned count = 0;

    if (list != NULL && scenario->region_preset != NULL) {
        return scenario_read_refuse(
            reader, scenario_read_find(root, "network.regions"), true,
            "network.regions",
            "found it beside nodes.regions, expected one or the other");
    }
    for (unsigned i = 0; names == NULL && scenario->region_preset != NULL;
         i++) {
        preset = scenario_keys_preset(i, &names);
        g_assert(preset != NULL);
        if (strcmp(preset, scenario->region_preset) != 0) {
            names = NULL;
        }
    }
    if (names == NULL) {
        return true;
    }
    while (names[count] != NULL) {
        count++;
    }
    if (list != NULL && count > scenario->node_count) {
        g_autofree char *what =
            g_strdup_printf("found %u regions, expected at most one for each "
                            "of the %u nodes",
                            count, scenario->node_count);

        return scenario_read_refuse(reader, list, false, "nodes.regions", what);
    }
    dealt = g_new0(char *, scenario->node_count + 1);
    for (unsigned i = 0; i < scenario->node_count; i++) {
        dealt[i] = g_strdup(names[i % count]);
    }
    g_strfreev(scenario->node_regions);
    scenario->node_regions = dealt;
    g_clear_pointer(&scenario->region_preset, g_free); /* nodes.regions now */
    return true;
}

/* What no key alone can know. */
static bool
judge(ScenarioReader *reader, const YamlNode *root, const Scenario *scenario)
{
    const YamlNode *program = scenario_read_find(root, "nodes.program");
    const YamlNode *stop = scenario_read_find(root, "faults.stop");

    if (scenario->fault_stop <= scenario->fault_start && stop != NULL) {
        return scenario_read_fail(reader, stop, "faults.stop",
                                  "a time after faults.start");
    }
    if (scenario->program[0] == '\0') {
        return scenario_read_fail(reader, program, "nodes.program",
                                  "a program's name or path");
    }
    return judge_core(reader, root, scenario) &&
           judge_topology(reader, root, scenario) &&
           judge_hosts(reader, root, scenario) &&
           judge_rates(reader, root, scenario);
}

/* A core of less than a majority could not make progress. */
static bool
judge_core(ScenarioReader *reader, const YamlNode *root,
           const Scenario *scenario)
{
    const YamlNode *node = scenario_read_find(root, "expect.liveness.core");
    unsigned nodes = scenario->node_count;
    unsigned most = 0;
    Selector selector = {0};

    if (node == NULL || !selector_parse(scenario->expect.liveness_core, nodes,
                                        &selector, NULL)) {
        return true;
    }
    for (unsigned i = 0; i < selector.count; i++) {
        SelectorKind kind = selector.terms[i].kind;

        most += kind == SELECTOR_CLIENTS    ? 0
                : kind == SELECTOR_MINORITY ? MAX((nodes - 1) / 2, 1)
                : kind == SELECTOR_ONE || kind == SELECTOR_LEADER ||
                        kind == SELECTOR_NODE
                    ? 1
                    : nodes;
    }
    selector_clear(&selector);
    return most >= nodes / 2 + 1 ||
           scenario_read_fail(reader, node, "expect.liveness.core",
                              "at least a majority of the nodes");
}

static bool
judge_topology(ScenarioReader *reader, const YamlNode *root,
               const Scenario *scenario)
{
    GError *reason = NULL;
    Topology *topology =
        topology_parse(scenario->topology, scenario->node_count, &reason);
    bool good = topology != NULL;

    if (!good) {
        good = scenario_read_refuse(
            reader, scenario_read_find(root, "network.topology"), false,
            "network.topology", reason->message);
        g_error_free(reason);
    }
    topology_free(topology);
    return good;
}

static bool
judge_hosts(ScenarioReader *reader, const YamlNode *root,
            const Scenario *scenario)
{
    uint64_t hosts = scenario->node_count;

    for (unsigned i = 0; i < scenario->client_group_count; i++) {
        hosts += scenario->clients[i].count;
    }
    if (hosts > NODE_ID_MAX) {
        g_autofree char *what =
            g_strdup_printf("found %" G_GUINT64_FORMAT " nodes and clients, "
                            "expected at most %u",
                            hosts, NODE_ID_MAX);

        return scenario_read_refuse(reader, scenario_read_find(root, "clients"),
                                    false, "clients", what);
    }
    return true;
}

static bool
judge_rates(ScenarioReader *reader, const YamlNode *root,
            const Scenario *scenario)
{
    SimTime stop = MIN(scenario->fault_stop, scenario->duration);
    uint64_t expected = 0;

    for (unsigned i = 0; i < scenario->rate_count; i++) {
        if (stop > scenario->fault_start) {
            expected += (stop - scenario->fault_start) /
                        scenario->rates[i].mean_between;
        }
    }
    if (expected > RANDOM_MAX) {
        g_autofree char *what =
            g_strdup_printf("found rates for about %" G_GUINT64_FORMAT
                            " faults, expected at most %u",
                            expected, RANDOM_MAX);

        return scenario_read_refuse(reader,
                                    scenario_read_find(root, "faults.random"),
                                    false, "faults.random", what);
    }
    return true;
}

/* The file's name without folder and ending, fit to name a folder. */
static char *
name_of(const char *path)
{
    char *name = g_path_get_basename(path);
    char *dot = strrchr(name, '.');

    if (dot != NULL && dot != name) {
        *dot = '\0';
    }
    g_strcanon(name,
               "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
               "0123456789-_.",
               '_');
    if (name[0] == '.' || name[0] == '-') {
        name[0] = '_';
    }
    if (strlen(name) > 80) {
        name[80] = '\0';
    }
    return name;
}

void
scenario_free(Scenario *scenario)
{
    if (scenario == NULL) {
        return;
    }
    for (unsigned i = 0; i < scenario->client_group_count; i++) {
        g_free(scenario->clients[i].region);
    }
    for (unsigned i = 0; i < scenario->rule_count; i++) {
        g_free(scenario->rules[i].from);
        g_free(scenario->rules[i].to);
    }
    for (unsigned i = 0; i < scenario->rate_count; i++) {
        scenario_chaos_rate_clear(&scenario->rates[i]);
    }
    g_free(scenario->clients);
    g_free(scenario->rules);
    g_free(scenario->rates);
    g_free(scenario->path);
    g_free(scenario->name);
    g_free(scenario->title);
    g_free(scenario->program);
    g_free(scenario->node_config);
    g_strfreev(scenario->node_regions);
    g_free(scenario->region_preset);
    g_free(scenario->topology);
    g_free(scenario->expect.liveness_core);
    g_strfreev(scenario->expect.criteria);
    plan_free(scenario->timed);
    distribution_files_free(scenario->files);
    g_free(scenario);
}

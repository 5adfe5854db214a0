/* SPDX-License-Identifier: Apache-2.0 */
/* A list of YAML maps into a plan, by the table of keys and the table of
 * fault kinds. */
#include "sim/plan_read.h"

#include <string.h>

#include "sim/scenario_value.h"

static const struct {
    const char *key;
    unsigned need; /* the flag that allows it */
    bool must;     /* then it must be there */
} keys[] = {
    {"for", FAULT_FOR, false},       {"to", FAULT_PEERS, false},
    {"groups", FAULT_GROUPS, false}, {"netem", FAULT_NETEM, true},
    {"file", FAULT_FILE, false},     {"amount", FAULT_AMOUNT, true},
    {"period", FAULT_PERIOD, true},
};

static Plan *parse_tree(YamlTree *tree, const char *name, unsigned node_count,
                        GError **error);
static bool read_line(ScenarioReader *reader, const YamlNode *node,
                      GHashTable *numbers, Plan *plan);
static void clear_fault(Fault *fault);

Plan *
plan_load(const char *path, unsigned node_count, GError **error)
{
    return parse_tree(yaml_tree_load(path, error), path, node_count, error);
}

Plan *
plan_parse(const char *text, size_t size, const char *name, GError **error)
{
    return parse_tree(yaml_tree_parse(text, size, name, error), name, 0, error);
}

bool
plan_read_list(ScenarioReader *reader, const YamlNode *list, Plan *plan)
{
    GHashTable *numbers = NULL;
    size_t length = reader->path->len;
    bool good = true;

    if (list->count > PLAN_LINES_MAX) {
        return scenario_read_refuse(reader, list, false, "",
                                    "found more than 100000 faults, expected "
                                    "fewer");
    }
    numbers = g_hash_table_new(NULL, NULL);
    for (unsigned i = 0; good && i < list->count; i++) {
        g_string_append_printf(reader->path, "%u.", i);
        good = read_line(reader, list->items[i], numbers, plan);
        g_string_truncate(reader->path, length);
    }
    g_hash_table_unref(numbers);
    if (good) {
        plan_sort(plan);
    }
    return good;
}

bool
plan_read_takes(ScenarioReader *reader, const YamlNode *node)
{
    const YamlNode *word =
        node->kind == YAML_KIND_MAP ? scenario_read_find(node, "kind") : NULL;
    FaultKind kind = word != NULL && word->kind == YAML_KIND_SCALAR
                         ? fault_kind_find(word->text)
                         : FAULT_NONE;
    const YamlNode *value = NULL;
    const char *key = NULL;

    if (kind == FAULT_NONE) {
        return true;
    }
    for (unsigned i = 0; value == NULL && i < G_N_ELEMENTS(keys); i++) {
        if ((fault_kind_needs(kind) & keys[i].need) == 0) {
            key = keys[i].key;
            value = yaml_tree_get(node, key);
        }
    }
    if (value == NULL && kind == FAULT_REDRAW) {
        key = "nodes";
        value = yaml_tree_get(node, key);
    }
    if (value != NULL) {
        g_autofree char *what = g_strdup_printf(
            "found a key that %s does not take, expected none", word->text);

        return scenario_read_refuse(reader, value, true, key, what);
    }
    return true;
}

bool
plan_read_check(ScenarioReader *reader, const YamlNode *node, FaultKind kind,
                bool random)
{
    unsigned needs = fault_kind_needs(kind);
    bool groups = scenario_read_find(node, "groups") != NULL;
    bool nodes = scenario_read_find(node, "nodes") != NULL;
    const char *missing = NULL;

    for (unsigned i = 0; missing == NULL && i < G_N_ELEMENTS(keys); i++) {
        if (keys[i].must && (needs & keys[i].need) != 0 &&
            scenario_read_find(node, keys[i].key) == NULL) {
            missing = keys[i].key;
        }
    }
    if (groups && (nodes || scenario_read_find(node, "to") != NULL)) {
        return scenario_read_refuse(reader, node, false, "",
                                    "found groups beside nodes or to, "
                                    "expected one or the other");
    }
    if (missing == NULL && !nodes && !groups && !random &&
        kind != FAULT_PARTITION_RING && kind != FAULT_CLOG_SWIZZLE &&
        kind != FAULT_REDRAW && kind != FAULT_HEAL_CORE) {
        missing = "nodes";
    }
    if (missing != NULL) {
        g_autofree char *what =
            g_strdup_printf("found no key \"%s\", expected one: %s needs it",
                            missing, fault_kind_name(kind));

        return scenario_read_refuse(reader, node, false, "", what);
    }
    return true;
}

/* The plan that @tree, taken, says; files are looked for beside it. NULL:
 * @error is set already. */
static Plan *
parse_tree(YamlTree *tree, const char *name, unsigned node_count,
           GError **error)
{
    g_autofree char *directory = g_path_get_dirname(name);
    const YamlNode *root = NULL;
    ScenarioReader reader;
    Plan *plan = NULL;
    bool good = true;

    if (tree == NULL) {
        return NULL;
    }
    root = yaml_tree_root(tree);
    plan = plan_new();
    scenario_read_init(&reader, "", error);
    reader.node_count = node_count;
    reader.files = distribution_files_new(directory);
    if (root->kind == YAML_KIND_LIST) {
        good = plan_read_list(&reader, root, plan);
    } else if (root->line != 0 && !yaml_tree_is_null(root)) {
        good = scenario_read_fail(&reader, root, "",
                                  "a list of faults such as - {n: 1, at: "
                                  "\"5 s\", kind: crash, nodes: one}");
    }
    distribution_files_free(reader.files);
    scenario_read_clear(&reader);
    yaml_tree_free(tree);
    if (!good) {
        plan_free(plan);
        return NULL;
    }
    return plan;
}

static bool
read_line(ScenarioReader *reader, const YamlNode *node, GHashTable *numbers,
          Plan *plan)
{
    Fault fault = {0};
    bool good = false;

    if (node->kind != YAML_KIND_MAP) {
        return scenario_read_fail(reader, node, "",
                                  "a fault such as {at: \"5 s\", kind: "
                                  "crash, nodes: one}");
    }
    good = plan_read_takes(reader, node) &&
           scenario_read_map(reader, SCENARIO_TIMED, node, &fault) &&
           plan_read_check(reader, node, fault.kind, false);
    fault.line = node->line;
    if (good && fault.number != 0 &&
        !g_hash_table_add(numbers, GUINT_TO_POINTER(fault.number))) {
        good = scenario_read_fail(reader, scenario_read_find(node, "n"), "n",
                                  "a number that no earlier line has");
    }
    if (good) {
        plan_add(plan, &fault);
    }
    clear_fault(&fault);
    return good;
}

static void
clear_fault(Fault *fault)
{
    g_free(fault->nodes);
    g_free(fault->peers);
    g_free(fault->groups);
    g_free(fault->netem);
    g_free(fault->file);
}

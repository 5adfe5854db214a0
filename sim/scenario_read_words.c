/* SPDX-License-Identifier: Apache-2.0 */
/* Values that are more than a number: names, selectors, netem words, regions,
 * the program's configuration, weights. */
#include <string.h>

#include "netmodel/regions.h"
#include "sim/criterion.h"
#include "sim/scenario_read_private.h"
#include "sim/scenario_text.h"
#include "sim/scenario_value.h"
#include "sim/selector.h"

#define CRITERIA_LINES_MAX 24u

static char *text_of(ScenarioReader *reader, ScenarioType type, const char *key,
                     const YamlNode *node);
static char *read_selector(ScenarioReader *reader, const char *key,
                           const YamlNode *node);
static char *read_groups(ScenarioReader *reader, const char *key,
                         const YamlNode *node);
static bool are_apart(ScenarioReader *reader, const char *key,
                      const YamlNode *node);
static bool is_new(const GPtrArray *names, unsigned count);
static bool flow_text(const YamlNode *node, GString *out);
static char *draw_config(ScenarioReader *reader, const char *key,
                         const YamlNode *node);
static char *region_of(ScenarioReader *reader, const char *key,
                       const YamlNode *node);
static bool is_word(const char *text, const char *more, size_t most);
static bool fail_with(ScenarioReader *reader, const YamlNode *node,
                      const char *key, GError *reason);

bool
scenario_read_text(ScenarioReader *reader, const ScenarioField *field,
                   const char *key, const YamlNode *node, char **into)
{
    *into = text_of(reader, field->type, key, node);
    return *into != NULL;
}

bool
scenario_read_netem(ScenarioReader *reader, const char *key,
                    const YamlNode *node, NetemConfig *into)
{
    GError *reason = NULL;

    if (node->kind != YAML_KIND_SCALAR) {
        return scenario_read_fail(reader, node, key,
                                  "netem words such as \"delay 10ms 2ms\"");
    }
    *into = netem_none();
    return netem_parse(node->text, reader->files, into, &reason) ||
           fail_with(reader, node, key, reason);
}

/* A map as "key=value" lines. */
bool
scenario_read_config(ScenarioReader *reader, const char *key,
                     const YamlNode *node, char **into)
{
    GString *out = NULL;

    if (node->kind != YAML_KIND_MAP) {
        return scenario_read_fail(reader, node, key,
                                  "a map of keys for the program");
    }
    out = g_string_new(NULL);
    for (unsigned i = 0; i < node->count; i++) {
        const YamlNode *item = node->items[i];
        g_autofree char *path = g_strdup_printf("%s.%s", key, item->key);
        g_autofree char *value = NULL;

        if (!is_word(item->key, "-_", 80)) {
            scenario_read_refuse(reader, item, true, key,
                                 "found a key that is no word, expected "
                                 "letters, digits, - and _");
        } else {
            value = draw_config(reader, path, item);
        }
        if (value == NULL) {
            g_string_free(out, TRUE);
            return false;
        }
        g_string_append_printf(out, "%s=%s\n", item->key, value);
    }
    *into = g_string_free(out, FALSE);
    return true;
}

/* As many names as the file says; scenario.c deals them out. */
bool
scenario_read_regions(ScenarioReader *reader, const char *key,
                      const YamlNode *node, char ***into)
{
    g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);

    if (node->kind != YAML_KIND_LIST || node->count == 0) {
        return scenario_read_fail(reader, node, key, "a list of regions");
    }
    for (unsigned i = 0; i < node->count; i++) {
        char *name = region_of(reader, key, node->items[i]);

        if (name == NULL) {
            return false;
        }
        g_ptr_array_add(names, name);
    }
    g_ptr_array_add(names, NULL);
    *into = (char **)g_ptr_array_steal(names, NULL);
    return true;
}

bool
scenario_read_criteria(ScenarioReader *reader, const char *key,
                       const YamlNode *node, char ***into)
{
    g_autoptr(GPtrArray) lines = g_ptr_array_new_with_free_func(g_free);

    if (node->kind != YAML_KIND_LIST) {
        return scenario_read_fail(reader, node, key,
                                  "a list of lines such as \"availability >= "
                                  "99%\"");
    }
    if (node->count > CRITERIA_LINES_MAX) {
        return scenario_read_refuse(reader, node, false, key,
                                    "found more than 24 lines, expected "
                                    "fewer");
    }
    for (unsigned i = 0; i < node->count; i++) {
        g_autofree char *path = g_strdup_printf("%s.%u", key, i);
        const YamlNode *item = node->items[i];
        GError *reason = NULL;
        Criterion criterion;

        if (item->kind != YAML_KIND_SCALAR) {
            return scenario_read_fail(reader, item, path,
                                      "a line such as \"availability >= 99%\"");
        }
        if (!criterion_parse(item->text, &criterion, &reason)) {
            return fail_with(reader, item, path, reason);
        }
        g_ptr_array_add(lines, criterion_text(&criterion));
    }
    g_ptr_array_add(lines, NULL);
    *into = (char **)g_ptr_array_steal(lines, NULL);
    return true;
}

bool
scenario_read_mix(ScenarioReader *reader, const char *key, const YamlNode *node,
                  unsigned *into)
{
    const char *const *names = scenario_text_operations;
    const char *expected = "a map of weights such as {read: 50, write: 50}";
    unsigned total = 0;

    if (node->kind != YAML_KIND_MAP) {
        return scenario_read_fail(reader, node, key, expected);
    }
    for (unsigned i = 0; i < node->count; i++) {
        const YamlNode *item = node->items[i];
        g_autofree char *path = g_strdup_printf("%s.%s", key, item->key);
        const ScenarioField field = {.type = SCENARIO_TYPE_COUNT,
                                     .most = 1000000};
        unsigned at = 0;

        while (at < 5 && strcmp(names[at], item->key) != 0) {
            at++;
        }
        if (at == 5) {
            return scenario_read_refuse(
                reader, item, true, key,
                "found an unknown operation, expected one of read, write, "
                "cas, append, delete");
        }
        item = scenario_read_choose(reader, path, item);
        if (item == NULL ||
            !scenario_read_number(reader, &field, path, item, &into[at])) {
            return false;
        }
        total += into[at];
    }
    if (total == 0) {
        return scenario_read_refuse(reader, node, false, key,
                                    "found no weight above 0, expected one");
    }
    return true;
}

/* Owned; NULL after a mistake. */
static char *
text_of(ScenarioReader *reader, ScenarioType type, const char *key,
        const YamlNode *node)
{
    if (type == SCENARIO_TYPE_SELECTOR) {
        return read_selector(reader, key, node);
    }
    if (type == SCENARIO_TYPE_GROUPS) {
        return read_groups(reader, key, node);
    }
    if (node->kind != YAML_KIND_SCALAR) {
        scenario_read_fail(reader, node, key, "text");
        return NULL;
    }
    if (type == SCENARIO_TYPE_NAME &&
        (!is_word(node->text, "-_.", 80) || node->text[0] == '.' ||
         node->text[0] == '-')) {
        scenario_read_fail(reader, node, key,
                           "a name of letters, digits, - _ and .");
        return NULL;
    }
    if (type != SCENARIO_TYPE_NETEM_TEXT &&
        strpbrk(node->text, "\n\r") != NULL) {
        scenario_read_fail(reader, node, key, "text of one line");
        return NULL;
    }
    if (type == SCENARIO_TYPE_REGION) {
        return region_of(reader, key, node);
    }
    if (type == SCENARIO_TYPE_PRESET) {
        const char *const *regions = NULL;
        const char *name = NULL;
        GString *names = g_string_new("one of");

        for (unsigned i = 0; (name = scenario_keys_preset(i, &regions)) != NULL;
             i++) {
            if (strcmp(name, node->text) == 0) {
                g_string_free(names, TRUE);
                return g_strdup(name);
            }
            g_string_append_printf(names, "%s %s", i > 0 ? "," : "", name);
        }
        scenario_read_fail(reader, node, key, names->str);
        g_string_free(names, TRUE);
        return NULL;
    }
    if (type == SCENARIO_TYPE_NETEM_TEXT) {
        NetemConfig config = netem_none();

        return scenario_read_netem(reader, key, node, &config)
                   ? netem_text(&config)
                   : NULL;
    }
    return g_strdup(node->text);
}

static char *
read_selector(ScenarioReader *reader, const char *key, const YamlNode *node)
{
    GString *text = g_string_new(NULL);
    GError *reason = NULL;
    Selector selector = {0};
    char *canonical = NULL;

    if (!flow_text(node, text)) {
        scenario_read_fail(reader, node, key,
                           "a selector such as leader or [n1, n2]");
    } else if (!selector_parse(text->str, reader->node_count, &selector,
                               &reason)) {
        fail_with(reader, node, key, reason);
    } else {
        canonical = selector_text(&selector);
        selector_clear(&selector);
    }
    g_string_free(text, TRUE);
    return canonical;
}

/* A list of selectors as canonical text "[[n1, n2], rest]"; also from such
 * text. */
static char *
read_groups(ScenarioReader *reader, const char *key, const YamlNode *node)
{
    const char *expected = "two or more groups such as [[n1, n2], rest]";
    GString *out = NULL;

    if (node->kind == YAML_KIND_SCALAR && node->text[0] == '[') {
        YamlTree *tree =
            yaml_tree_parse(node->text, strlen(node->text), node->source, NULL);
        YamlNode list = {0};
        char *text = NULL;

        if (tree == NULL) {
            scenario_read_fail(reader, node, key, expected);
            return NULL;
        }
        list = *yaml_tree_root(tree);
        list.line = node->line;
        list.column = node->column;
        text = list.kind == YAML_KIND_LIST
                   ? read_groups(reader, key, &list)
                   : (scenario_read_fail(reader, node, key, expected), NULL);
        yaml_tree_free(tree);
        return text;
    }
    if (node->kind != YAML_KIND_LIST || node->count < 2) {
        scenario_read_fail(reader, node, key, expected);
        return NULL;
    }
    out = g_string_new("[");
    for (unsigned i = 0; i < node->count; i++) {
        g_autofree char *text = read_selector(reader, key, node->items[i]);

        if (text == NULL) {
            g_string_free(out, TRUE);
            return NULL;
        }
        g_string_append_printf(out, "%s%s", i > 0 ? ", " : "", text);
    }
    g_string_append_c(out, ']');
    if (!are_apart(reader, key, node)) {
        g_string_free(out, TRUE);
        return NULL;
    }
    return g_string_free(out, FALSE);
}

/* No node, nor a region, is named in two of the groups, which are selectors.
 * Whom other words mean is known when the time comes. */
static bool
are_apart(ScenarioReader *reader, const char *key, const YamlNode *node)
{
    g_autoptr(GPtrArray) earlier = g_ptr_array_new_with_free_func(g_free);
    bool good = true;

    for (unsigned i = 0; good && i < node->count; i++) {
        g_autoptr(GString) text = g_string_new(NULL);
        Selector selector = {0};
        unsigned before = earlier->len;

        if (!flow_text(node->items[i], text) ||
            !selector_parse(text->str, reader->node_count, &selector, NULL)) {
            g_assert_not_reached(); /* it was read before */
        }
        for (unsigned j = 0; good && j < selector.count; j++) {
            Selector one = {&selector.terms[j], 1};

            if (selector_has(&one, SELECTOR_NODE) ||
                selector_has(&one, SELECTOR_REGION)) {
                g_ptr_array_add(earlier, selector_text(&one));
                good = is_new(earlier, before);
            }
        }
        if (!good) {
            const char *name = g_ptr_array_index(earlier, earlier->len - 1);
            g_autofree char *what = g_strdup_printf(
                "found %s in two groups, expected groups without a common "
                "node",
                name);

            scenario_read_refuse(reader, node, false, key, what);
        }
        selector_clear(&selector);
    }
    return good;
}

/* The last of @names is none of the first @count. */
static bool
is_new(const GPtrArray *names, unsigned count)
{
    const char *last = g_ptr_array_index(names, names->len - 1);

    for (unsigned i = 0; i < count; i++) {
        if (strcmp(g_ptr_array_index(names, i), last) == 0) {
            return false;
        }
    }
    return true;
}

/* A scalar, or a list of scalars as "[a, b]". */
static bool
flow_text(const YamlNode *node, GString *out)
{
    if (node->kind == YAML_KIND_SCALAR) {
        g_string_append(out, node->text);
        return true;
    }
    if (node->kind != YAML_KIND_LIST) {
        return false;
    }
    g_string_append_c(out, '[');
    for (unsigned i = 0; i < node->count; i++) {
        if (node->items[i]->kind != YAML_KIND_SCALAR) {
            return false;
        }
        g_string_append(out, i > 0 ? ", " : "");
        g_string_append(out, node->items[i]->text);
    }
    g_string_append_c(out, ']');
    return true;
}

/* One value for the program, owned; NULL after a mistake. */
static char *
draw_config(ScenarioReader *reader, const char *key, const YamlNode *node)
{
    static const ScenarioType types[] = {
        SCENARIO_TYPE_COUNT64, SCENARIO_TYPE_DURATION, SCENARIO_TYPE_FRACTION,
        SCENARIO_TYPE_SIZE, SCENARIO_TYPE_SHIFT};
    const YamlNode *range = NULL;
    g_autofree char *path = NULL;
    int64_t low = 0, high = 0;

    if (node->kind == YAML_KIND_MAP && node->count == 1) {
        range = yaml_tree_get(node, "draw");
    }
    if (range == NULL) {
        node = scenario_read_choose(reader, key, node);
        if (node == NULL) {
            return NULL;
        }
        if (node->kind != YAML_KIND_SCALAR ||
            strpbrk(node->text, "\n\r") != NULL) {
            scenario_read_fail(reader, node, key,
                               "text of one line, {draw: \"A..B\"} or "
                               "{choose: [...]}");
            return NULL;
        }
        return g_strdup(node->text);
    }
    path = g_strconcat(reader->path->str, key, NULL);
    for (unsigned i = 0; i < G_N_ELEMENTS(types); i++) {
        uint64_t word = 0;

        if (range->kind == YAML_KIND_SCALAR &&
            scenario_value_range(types[i], range->text, &low, &high)) {
            word = scenario_read_word(reader->seed, path, 0);
            low +=
                (int64_t)dice_below(word, (uint64_t)high - (uint64_t)low + 1);
            return scenario_value_text(types[i], low);
        }
    }
    scenario_read_fail(reader, range, key, "a range such as \"150..300 ms\"");
    return NULL;
}

static char *
region_of(ScenarioReader *reader, const char *key, const YamlNode *node)
{
    RegionId region = REGIONS_NONE;
    GString *names = NULL;

    if (node->kind == YAML_KIND_SCALAR) {
        region = regions_find(node->text);
    }
    if (region != REGIONS_NONE) {
        return g_strdup(regions_name(region));
    }
    names = g_string_new("one of");
    for (unsigned i = 0; i < regions_count(); i++) {
        g_string_append_printf(names, "%s %s", i > 0 ? "," : "",
                               regions_name(i));
    }
    scenario_read_fail(reader, node, key, names->str);
    g_string_free(names, TRUE);
    return NULL;
}

static bool
is_word(const char *text, const char *more, size_t most)
{
    size_t length = strlen(text);

    for (size_t i = 0; i < length; i++) {
        if (!g_ascii_isalnum(text[i]) && strchr(more, text[i]) == NULL) {
            return false;
        }
    }
    return length >= 1 && length <= most;
}

/* Pass on @reason, taken, which says what was found itself. */
static bool
fail_with(ScenarioReader *reader, const YamlNode *node, const char *key,
          GError *reason)
{
    g_autofree char *line = g_strdup(reason->message);

    g_error_free(reason);
    g_strdelimit(line, "\n\r\t", ' ');
    return scenario_read_refuse(reader, node, false, key, line);
}

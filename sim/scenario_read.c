/* SPDX-License-Identifier: Apache-2.0 */
/* Keys are looked for in the order of the table; a value is made from the
 * file, from --set or from the table's default by the same code. */
#include "sim/scenario_read.h"

#include <string.h>
#include <xxhash.h>

#include "netmodel/regions.h"
#include "sim/scenario_text.h"
#include "sim/scenario_value.h"
#include "sim/selector.h"

static bool check_keys(ScenarioReader *reader, const char *section,
                       const char *prefix, const YamlNode *node);
static bool read_field(ScenarioReader *reader, const ScenarioField *field,
                       const char *key, const YamlNode *node, void *into);
static const YamlNode *choose(ScenarioReader *reader, const char *key,
                              const YamlNode *node);
static bool read_number(ScenarioReader *reader, const ScenarioField *field,
                        const char *key, const YamlNode *node, void *into);
static bool read_pair(ScenarioReader *reader, const ScenarioField *field,
                      const char *key, const YamlNode *node, void *into);
static bool read_kind(ScenarioReader *reader, const char *key,
                      const YamlNode *node, FaultKind *into);
static bool read_text(ScenarioReader *reader, const ScenarioField *field,
                      const char *key, const YamlNode *node, char **into);
static char *text_of(ScenarioReader *reader, ScenarioType type, const char *key,
                     const YamlNode *node);
static char *read_selector(ScenarioReader *reader, const char *key,
                           const YamlNode *node);
static char *read_groups(ScenarioReader *reader, const char *key,
                         const YamlNode *node);
static bool flow_text(const YamlNode *node, GString *out);
static bool read_netem(ScenarioReader *reader, const char *key,
                       const YamlNode *node, NetemConfig *into);
static bool read_config(ScenarioReader *reader, const char *key,
                        const YamlNode *node, char **into);
static char *draw_config(ScenarioReader *reader, const char *key,
                         const YamlNode *node);
static bool read_regions(ScenarioReader *reader, const char *key,
                         const YamlNode *node, char ***into);
static char *region_of(ScenarioReader *reader, const char *key,
                       const YamlNode *node);
static bool read_mix(ScenarioReader *reader, const char *key,
                     const YamlNode *node, unsigned *into);
static bool is_word(const char *text, const char *more, size_t most);
static bool bounded(ScenarioReader *reader, const ScenarioField *field,
                    const char *key, const YamlNode *node, int64_t value);
static bool fail_with(ScenarioReader *reader, const YamlNode *node,
                      const char *key, GError *reason);

void
scenario_read_init(ScenarioReader *reader, const char *path, GError **error)
{
    *reader = (ScenarioReader){.path = g_string_new(path), .error = error};
}

void
scenario_read_clear(ScenarioReader *reader)
{
    g_string_free(reader->path, TRUE);
    reader->path = NULL;
}

bool
scenario_read_map(ScenarioReader *reader, const char *section,
                  const YamlNode *node, void *into)
{
    const ScenarioField *field = NULL;
    unsigned at = 0;
    bool empty = yaml_tree_is_null(node);

    if (!empty && node->kind != YAML_KIND_MAP) {
        return scenario_read_fail(reader, node, "", "a map of keys");
    }
    if (!empty && !check_keys(reader, section, "", node)) {
        return false;
    }
    while ((field = scenario_keys_next(section, &at)) != NULL) {
        const char *key = scenario_keys_tail(field, section);
        const YamlNode *value = empty ? NULL : scenario_read_find(node, key);
        YamlNode fallback = {0};
        bool good = true;

        if (value == NULL && field->fallback != NULL) {
            fallback.kind = YAML_KIND_SCALAR;
            fallback.quoted = true;
            fallback.text = (char *)field->fallback;
            fallback.source = "default";
            value = &fallback;
        }
        if (value != NULL) {
            good = read_field(reader, field, key, value, into);
        } else if (field->words != SCENARIO_EMPTY) {
            g_autofree char *what =
                g_strdup_printf("found no key \"%s\", expected one", key);

            good = scenario_read_refuse(reader, node, false, "", what);
        } else if (field->type == SCENARIO_TYPE_MIX) {
            unsigned *weight = G_STRUCT_MEMBER_P(into, field->offset);

            weight[0] = 50;
            weight[1] = 30;
            weight[2] = 20;
        }
        if (!good) {
            return false;
        }
    }
    return true;
}

const YamlNode *
scenario_read_find(const YamlNode *node, const char *path)
{
    g_auto(GStrv) words = g_strsplit(path, ".", -1);

    for (char **word = words; node != NULL && *word != NULL; word++) {
        node = node->kind == YAML_KIND_MAP ? yaml_tree_get(node, *word) : NULL;
    }
    /* A key without a value is a mistake for those who want one; null is
     * the word for the default. */
    if (node == NULL || (yaml_tree_is_null(node) && node->text[0] != '\0')) {
        return NULL;
    }
    return node;
}

bool
scenario_read_fail(ScenarioReader *reader, const YamlNode *node,
                   const char *key, const char *expected)
{
    g_autofree char *found = yaml_tree_found(node);
    g_autofree char *what =
        g_strdup_printf("found %s, expected %s", found, expected);

    return scenario_read_refuse(reader, node, false, key, what);
}

bool
scenario_read_refuse(ScenarioReader *reader, const YamlNode *node, bool of_key,
                     const char *key, const char *what)
{
    g_autofree char *place = yaml_tree_place(node, of_key);
    g_autofree char *path = g_strconcat(reader->path->str, key, NULL);
    size_t length = strlen(path);

    if (length > 0 && path[length - 1] == '.') {
        path[--length] = '\0';
    }
    g_set_error(reader->error, YAML_TREE_ERROR, 0, "%s%s%s%s", place, path,
                length > 0 ? ": " : "", what);
    return false;
}

ScenarioType
scenario_read_amount_type(FaultKind kind)
{
    switch (kind) {
    case FAULT_MEMORY:
        return SCENARIO_TYPE_SIZE;
    case FAULT_CLOCK_STEP:
        return SCENARIO_TYPE_SHIFT;
    case FAULT_CLOCK_DRIFT:
        return SCENARIO_TYPE_PPM;
    default:
        return SCENARIO_TYPE_DURATION;
    }
}

uint64_t
scenario_read_word(uint64_t seed, const char *path, uint64_t counter)
{
    g_autofree char *name = g_strconcat("scenario ", path, NULL);
    uint64_t key = XXH3_64bits_withSeed(name, strlen(name), seed);
    uint64_t out[2];

    dice_block(key, 0, counter, out);
    return out[0];
}

/* Every key below @node is known, or the beginning of one. */
static bool
check_keys(ScenarioReader *reader, const char *section, const char *prefix,
           const YamlNode *node)
{
    for (unsigned i = 0; i < node->count; i++) {
        const YamlNode *item = node->items[i];
        g_autofree char *path = g_strconcat(prefix, item->key, NULL);
        int match = scenario_keys_match(section, path);
        g_autofree char *below = NULL;

        if (match == 0 || strchr(item->key, '.') != NULL ||
            item->key[0] == '\0') {
            g_autofree char *advice =
                scenario_keys_advice(section, prefix, item->key);
            g_autofree char *what =
                g_strconcat("found an unknown key, ", advice, NULL);
            /* The message is one line, whatever the key holds. */
            g_strdelimit(path, "\n\r\t", '?');
            return scenario_read_refuse(reader, item, true, path, what);
        }
        if (match == 2 || yaml_tree_is_null(item)) {
            continue;
        }
        if (item->kind != YAML_KIND_MAP) {
            return scenario_read_fail(reader, item, path, "a map of keys");
        }
        below = g_strconcat(path, ".", NULL);
        if (!check_keys(reader, section, below, item)) {
            return false;
        }
    }
    return true;
}

static bool
read_field(ScenarioReader *reader, const ScenarioField *field, const char *key,
           const YamlNode *node, void *into)
{
    void *member = G_STRUCT_MEMBER_P(into, field->offset);

    switch (field->type) {
    case SCENARIO_TYPE_CONFIG:
        if (yaml_tree_is_null(node)) {
            return true;
        }
        return read_config(reader, key, node, member);
    case SCENARIO_TYPE_MIX:
        return read_mix(reader, key, node, member);
    case SCENARIO_TYPE_RULES:
    case SCENARIO_TYPE_CLIENTS:
    case SCENARIO_TYPE_TIMED:
    case SCENARIO_TYPE_RANDOM:
        if (node->kind != YAML_KIND_LIST && !yaml_tree_is_null(node)) {
            return scenario_read_fail(reader, node, key, "a list of maps");
        }
        return true;
    default:
        break;
    }
    node = choose(reader, key, node);
    if (node == NULL) {
        return false;
    }
    switch (field->type) {
    case SCENARIO_TYPE_REGIONS:
        return read_regions(reader, key, node, member);
    case SCENARIO_TYPE_NETEM:
        return read_netem(reader, key, node, member);
    case SCENARIO_TYPE_KIND:
        return read_kind(reader, key, node, member);
    case SCENARIO_TYPE_BOUNDS:
    case SCENARIO_TYPE_DURATION_RANGE:
    case SCENARIO_TYPE_AMOUNT_RANGE:
        return read_pair(reader, field, key, node, member);
    case SCENARIO_TYPE_TEXT:
    case SCENARIO_TYPE_NAME:
    case SCENARIO_TYPE_SELECTOR:
    case SCENARIO_TYPE_GROUPS:
    case SCENARIO_TYPE_TOPOLOGY:
    case SCENARIO_TYPE_REGION:
    case SCENARIO_TYPE_PRESET:
    case SCENARIO_TYPE_NETEM_TEXT:
        return read_text(reader, field, key, node, member);
    default:
        return read_number(reader, field, key, node, member);
    }
}

/* The value that {choose: [...]} comes to, or @node itself; NULL after a
 * mistake. */
static const YamlNode *
choose(ScenarioReader *reader, const char *key, const YamlNode *node)
{
    const YamlNode *list = NULL;
    g_autofree char *path = NULL;
    uint64_t word = 0;

    if (!reader->draws || node->kind != YAML_KIND_MAP) {
        return node;
    }
    list = yaml_tree_get(node, "choose");
    if (list == NULL || node->count != 1 || list->kind != YAML_KIND_LIST ||
        list->count == 0) {
        scenario_read_fail(reader, node, key, "a value or {choose: [...]}");
        return NULL;
    }
    path = g_strconcat(reader->path->str, key, NULL);
    word = scenario_read_word(reader->seed, path, 1);
    return list->items[dice_below(word, list->count)];
}

static bool
read_number(ScenarioReader *reader, const ScenarioField *field, const char *key,
            const YamlNode *node, void *into)
{
    ScenarioType type = field->type == SCENARIO_TYPE_AMOUNT
                            ? scenario_read_amount_type(reader->kind)
                            : field->type;
    const char *expected = scenario_value_expected(type);
    bool ranges = reader->draws && type != SCENARIO_TYPE_BOOL &&
                  type != SCENARIO_TYPE_BUDGET && type != SCENARIO_TYPE_SALT;
    int64_t low = 0, high = 0;

    if (node->kind != YAML_KIND_SCALAR) {
        return scenario_read_fail(reader, node, key, expected);
    }
    if (field->words == SCENARIO_NONE && strcmp(node->text, "none") == 0) {
        low = high = 0;
    } else if (field->words == SCENARIO_NEVER &&
               strcmp(node->text, "never") == 0) {
        *(SimTime *)into = SIM_NEVER;
        return true;
    } else if (ranges ? !scenario_value_range(type, node->text, &low, &high)
                      : !scenario_value_parse(type, node->text, &low)) {
        return scenario_read_fail(reader, node, key, expected);
    } else {
        high = ranges ? high : low;
        if (!bounded(reader, field, key, node, low) ||
            !bounded(reader, field, key, node, high)) {
            return false;
        }
    }
    if (low != high) {
        g_autofree char *path = g_strconcat(reader->path->str, key, NULL);
        uint64_t word = scenario_read_word(reader->seed, path, 0);
        uint64_t span = (uint64_t)high - (uint64_t)low + 1;

        low += (int64_t)dice_below(word, span);
    }
    if (type == SCENARIO_TYPE_BOOL || type == SCENARIO_TYPE_BUDGET) {
        *(bool *)into = low != 0;
    } else if (type == SCENARIO_TYPE_COUNT || type == SCENARIO_TYPE_DECIMAL) {
        *(unsigned *)into = (unsigned)low;
    } else {
        *(int64_t *)into = low;
    }
    return true;
}

static bool
read_pair(ScenarioReader *reader, const ScenarioField *field, const char *key,
          const YamlNode *node, void *into)
{
    ScenarioType type = field->type == SCENARIO_TYPE_AMOUNT_RANGE
                            ? scenario_read_amount_type(reader->kind)
                            : field->type;
    const char *expected = scenario_value_expected(type);
    int64_t *pair = into;
    bool bounds = type == SCENARIO_TYPE_BOUNDS;

    if (node->kind != YAML_KIND_SCALAR) {
        return scenario_read_fail(reader, node, key, expected);
    }
    if (bounds && strcmp(node->text, "none") == 0) {
        pair[0] = 0;
        pair[1] = -1; /* UINT64_MAX */
        return true;
    }
    if (bounds && g_str_has_suffix(node->text, "..")) {
        g_autofree char *low = g_strndup(node->text, strlen(node->text) - 2);

        pair[1] = -1;
        return scenario_value_parse(type, low, &pair[0]) ||
               scenario_read_fail(reader, node, key, expected);
    }
    if (!scenario_value_range(type, node->text, &pair[0], &pair[1])) {
        return scenario_read_fail(reader, node, key, expected);
    }
    return bounded(reader, field, key, node, pair[0]) &&
           bounded(reader, field, key, node, pair[1]);
}

static bool
read_kind(ScenarioReader *reader, const char *key, const YamlNode *node,
          FaultKind *into)
{
    const char *names[FAULT_KIND_COUNT];
    const char *near = NULL;
    g_autofree char *list = NULL;
    g_autofree char *expected = NULL;

    if (node->kind == YAML_KIND_SCALAR) {
        *into = fault_kind_find(node->text);
        reader->kind = *into;
        if (*into != FAULT_NONE) {
            return true;
        }
    }
    for (unsigned i = 1; i < FAULT_KIND_COUNT; i++) {
        names[i - 1] = fault_kind_name((FaultKind)i);
    }
    if (node->kind == YAML_KIND_SCALAR) {
        near = scenario_keys_nearest(node->text, names, FAULT_KIND_COUNT - 1);
    }
    list = scenario_keys_join(names, FAULT_KIND_COUNT - 1);
    expected = near != NULL
                   ? g_strdup_printf("a fault kind: did you mean \"%s\"?", near)
                   : g_strdup_printf("one of %s", list);
    return scenario_read_fail(reader, node, key, expected);
}

static bool
read_text(ScenarioReader *reader, const ScenarioField *field, const char *key,
          const YamlNode *node, char **into)
{
    *into = text_of(reader, field->type, key, node);
    return *into != NULL;
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

        return read_netem(reader, key, node, &config) ? netem_text(&config)
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
    return g_string_free(out, FALSE);
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

static bool
read_netem(ScenarioReader *reader, const char *key, const YamlNode *node,
           NetemConfig *into)
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
static bool
read_config(ScenarioReader *reader, const char *key, const YamlNode *node,
            char **into)
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
        node = choose(reader, key, node);
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

/* As many names as the file says; scenario.c deals them out. */
static bool
read_regions(ScenarioReader *reader, const char *key, const YamlNode *node,
             char ***into)
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
read_mix(ScenarioReader *reader, const char *key, const YamlNode *node,
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
        item = choose(reader, path, item);
        if (item == NULL ||
            !read_number(reader, &field, path, item, &into[at])) {
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

static bool
bounded(ScenarioReader *reader, const ScenarioField *field, const char *key,
        const YamlNode *node, int64_t value)
{
    ScenarioType type = field->type;
    g_autofree char *low = NULL, *high = NULL, *expected = NULL;
    const int64_t days = (int64_t)30 * 86400 * 1000000000;
    int64_t least = field->least, most = field->most;

    if (type == SCENARIO_TYPE_AMOUNT || type == SCENARIO_TYPE_AMOUNT_RANGE) {
        type = scenario_read_amount_type(reader->kind);
        most = type == SCENARIO_TYPE_SIZE  ? (int64_t)1 << 60
               : type == SCENARIO_TYPE_PPM ? 100000000
                                           : days;
        least = type == SCENARIO_TYPE_PPM || type == SCENARIO_TYPE_SHIFT ? -most
                                                                         : 0;
    }
    if (least == most || (value >= least && value <= most)) {
        return true;
    }
    low = scenario_value_text(type, least);
    high = scenario_value_text(type, most);
    expected = g_strdup_printf("%s..%s", low, high);
    return scenario_read_fail(reader, node, key, expected);
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

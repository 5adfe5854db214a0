/* SPDX-License-Identifier: Apache-2.0 */
/* Keys are looked for in the order of the table; a value is made from the
 * file, from --set or from the table's default by the same code. */
#include "sim/scenario_read.h"

#include <string.h>
#include <xxhash.h>

#include "sim/scenario_read_private.h"
#include "sim/scenario_value.h"

static bool check_keys(ScenarioReader *reader, const char *section,
                       const char *prefix, const YamlNode *node);
static bool read_field(ScenarioReader *reader, const ScenarioField *field,
                       const char *key, const YamlNode *node, void *into);
static bool read_pair(ScenarioReader *reader, const ScenarioField *field,
                      const char *key, const YamlNode *node, void *into);
static bool read_kind(ScenarioReader *reader, const char *key,
                      const YamlNode *node, FaultKind *into);
static bool is_forgotten(const YamlNode *node);
static bool is_huge(ScenarioType type, const char *text);
static bool bounded(ScenarioReader *reader, const ScenarioField *field,
                    const char *key, const YamlNode *node, int64_t value);

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
        if (match == 1 && is_forgotten(item)) {
            return scenario_read_fail(reader, item, path, "a map of keys");
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
        if (is_forgotten(node)) {
            return scenario_read_fail(reader, node, key, "a map of keys");
        }
        if (yaml_tree_is_null(node)) {
            return true;
        }
        return scenario_read_config(reader, key, node, member);
    case SCENARIO_TYPE_MIX:
        return scenario_read_mix(reader, key, node, member);
    case SCENARIO_TYPE_RULES:
    case SCENARIO_TYPE_CLIENTS:
    case SCENARIO_TYPE_TIMED:
    case SCENARIO_TYPE_RANDOM:
    case SCENARIO_TYPE_NEMESIS:
        if (is_forgotten(node) ||
            (node->kind != YAML_KIND_LIST && !yaml_tree_is_null(node))) {
            return scenario_read_fail(
                reader, node, key,
                field->type == SCENARIO_TYPE_NEMESIS
                    ? "a list of packages such as [partition, kill]"
                    : "a list of maps");
        }
        return true;
    default:
        break;
    }
    node = scenario_read_choose(reader, key, node);
    if (node == NULL) {
        return false;
    }
    switch (field->type) {
    case SCENARIO_TYPE_REGIONS:
        return scenario_read_regions(reader, key, node, member);
    case SCENARIO_TYPE_CRITERIA:
        return scenario_read_criteria(reader, key, node, member);
    case SCENARIO_TYPE_NETEM:
        return scenario_read_netem(reader, key, node, member);
    case SCENARIO_TYPE_KIND:
        return read_kind(reader, key, node, member);
    case SCENARIO_TYPE_BOUNDS:
    case SCENARIO_TYPE_DURATION_RANGE:
    case SCENARIO_TYPE_AMOUNT_RANGE:
    case SCENARIO_TYPE_DECIMAL_RANGE:
        return read_pair(reader, field, key, node, member);
    case SCENARIO_TYPE_TEXT:
    case SCENARIO_TYPE_NAME:
    case SCENARIO_TYPE_SELECTOR:
    case SCENARIO_TYPE_GROUPS:
    case SCENARIO_TYPE_TOPOLOGY:
    case SCENARIO_TYPE_REGION:
    case SCENARIO_TYPE_PRESET:
    case SCENARIO_TYPE_NETEM_TEXT:
        return scenario_read_text(reader, field, key, node, member);
    default:
        return scenario_read_number(reader, field, key, node, member);
    }
}

/* --set key= without a value. In a file, a key over lines that are comments
 * now is as good as none. */
static bool
is_forgotten(const YamlNode *node)
{
    return yaml_tree_is_null(node) && node->text[0] == '\0' && node->line == 0;
}

/* The value that {choose: [...]} comes to, or @node itself; NULL after a
 * mistake. */
const YamlNode *
scenario_read_choose(ScenarioReader *reader, const char *key,
                     const YamlNode *node)
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

bool
scenario_read_number(ScenarioReader *reader, const ScenarioField *field,
                     const char *key, const YamlNode *node, void *into)
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
        if (is_huge(type, node->text) &&
            !bounded(reader, field, key, node, INT64_MAX)) {
            return false;
        }
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

/* @text would be a value, were its number not too long for 64 bits. */
static bool
is_huge(ScenarioType type, const char *text)
{
    size_t zeros = strspn(text, " 0");
    size_t digits = strspn(text + zeros, "0123456789");
    const char *unit = text + zeros + digits;
    g_autofree char *small = NULL;
    int64_t ignored = 0;

    unit += unit[0] == '.' ? 1 + strspn(unit + 1, "0123456789") : 0;
    small = g_strconcat("1", unit, NULL);
    return digits > 8 && scenario_value_parse(type, small, &ignored);
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

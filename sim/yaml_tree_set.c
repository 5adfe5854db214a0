/* SPDX-License-Identifier: Apache-2.0 */
/* --set path.to.key=value: one value of a tree replaced or added. */
#include <string.h>

#include "sim/yaml_tree_private.h"

static YamlNode **find_slot(YamlTree *tree, const char *path,
                            const char *source, GError **error);
static YamlNode **enter_list(YamlNode *list, const char *word,
                             const char *source, GError **error);
static YamlNode **enter_map(YamlNode *map, const char *word, const char *source,
                            GError **error);
static char *dotted(const char *path);
static bool parse_index(const char *word, unsigned *index);
static void node_source(YamlNode *node, const char *source);

bool
yaml_tree_set(YamlTree *tree, const char *option, GError **error)
{
    const char *equals = strchr(option, '=');
    char *source = g_strconcat("--set ", option, NULL);
    g_autofree char *path = NULL;
    YamlNode *value = NULL, **slot = NULL;
    GError *reason = NULL;

    g_ptr_array_add(tree->names, source);
    yaml_tree_one_line(source);
    if (!g_utf8_validate(option, -1, NULL)) {
        g_set_error(error, YAML_TREE_ERROR, 0,
                    "--set: found an option that is not UTF-8, expected "
                    "path.to.key=value");
        return false;
    }
    if (equals == NULL || equals == option) {
        g_set_error(error, YAML_TREE_ERROR, 0,
                    "%s: found no \"%s\", expected path.to.key=value", source,
                    equals == NULL ? "=" : "path");
        return false;
    }
    path = g_strndup(option, (size_t)(equals - option));
    yaml_tree_one_line(path);
    value = yaml_tree_build(equals + 1, strlen(equals + 1), source, &reason);
    if (value == NULL) {
        /* Lines and columns of an option help nobody. */
        const char *what = reason->message + strlen(source) + 1;

        what += strspn(what, "0123456789: ");
        g_set_error(error, YAML_TREE_ERROR, 0, "%s: %s", source, what);
        g_error_free(reason);
        return false;
    }
    /* An empty document is an empty map in a file, nothing in an option. */
    if (value->line == 0) {
        value->kind = YAML_KIND_SCALAR;
        value->text = g_strdup("");
    }
    node_source(value, source);
    slot = find_slot(tree, path, source, error);
    if (slot == NULL) {
        yaml_tree_drop(value);
        return false;
    }
    value->key = g_steal_pointer(&(*slot)->key);
    yaml_tree_drop(*slot);
    *slot = value;
    return true;
}

/* The whole of @node comes from @source, an option: no lines. */
static void
node_source(YamlNode *node, const char *source)
{
    node->source = source;
    node->line = node->column = 0;
    node->key_line = node->key_column = 0;
    for (unsigned i = 0; i < node->count; i++) {
        node_source(node->items[i], source);
    }
}

/* Where the value at @path hangs; what is missing on the way is made. */
static YamlNode **
find_slot(YamlTree *tree, const char *path, const char *source, GError **error)
{
    g_autofree char *plain = dotted(path);
    g_auto(GStrv) words = g_strsplit(plain, ".", 0);
    YamlNode **slot = &tree->root;
    unsigned ignored = 0;

    if (g_strv_length(words) > YAML_TREE_DEPTH_MAX) {
        g_set_error(error, YAML_TREE_ERROR, 0,
                    "%s: found a path of %u words, expected at most %u", source,
                    g_strv_length(words), YAML_TREE_DEPTH_MAX);
        return NULL;
    }
    for (char **word = words; slot != NULL && *word != NULL; word++) {
        YamlNode *node = *slot;

        if ((*word)[0] == '\0') {
            g_set_error(error, YAML_TREE_ERROR, 0,
                        "%s: found an empty word in the path \"%s\", expected "
                        "path.to.key=value",
                        source, path);
            return NULL;
        }
        if (yaml_tree_is_null(node)) {
            g_free(g_steal_pointer(&node->text));
            node->kind =
                parse_index(*word, &ignored) ? YAML_KIND_LIST : YAML_KIND_MAP;
        }
        if (node->kind == YAML_KIND_LIST) {
            slot = enter_list(node, *word, source, error);
        } else if (node->kind == YAML_KIND_MAP) {
            slot = enter_map(node, *word, source, error);
        } else {
            g_autofree char *found = yaml_tree_found(node);

            g_set_error(error, YAML_TREE_ERROR, 0,
                        "%s: found %s before \"%s\", expected a map or a list",
                        source, found, *word);
            return NULL;
        }
    }
    return slot;
}

/* "a[0].b" as "a.0.b": either way of writing an index is known to many. */
static char *
dotted(const char *path)
{
    GString *out = g_string_new(NULL);

    while (*path != '\0') {
        size_t digits = path[0] == '[' ? strspn(path + 1, "0123456789") : 0;
        const char *end = path + 1 + digits;

        if (digits == 0 || end[0] != ']' || strchr(".[", end[1]) == NULL) {
            g_string_append_c(out, *path++);
            continue;
        }
        if (out->len > 0) {
            g_string_append_c(out, '.');
        }
        g_string_append_len(out, path + 1, (gssize)digits);
        path = end + 1;
    }
    return g_string_free(out, FALSE);
}

static YamlNode **
enter_list(YamlNode *list, const char *word, const char *source, GError **error)
{
    unsigned index = 0;

    if (!parse_index(word, &index) || index > list->count) {
        g_set_error(error, YAML_TREE_ERROR, 0,
                    "%s: found \"%s\" in a list, expected an index 0..%u",
                    source, word, list->count);
        return NULL;
    }
    if (index == list->count) {
        YamlNode *item = g_new0(YamlNode, 1);

        item->text = g_strdup("");
        item->source = source;
        yaml_tree_append(list, item);
    }
    return &list->items[index];
}

static YamlNode **
enter_map(YamlNode *map, const char *word, const char *source, GError **error)
{
    YamlNode *item = NULL;

    for (unsigned i = 0; i < map->count; i++) {
        if (strcmp(map->items[i]->key, word) == 0) {
            return &map->items[i];
        }
    }
    if (map->count == YAML_TREE_KEYS_MAX) {
        g_set_error(error, YAML_TREE_ERROR, 0,
                    "%s: found more than 256 keys in one map, expected fewer",
                    source);
        return NULL;
    }
    item = g_new0(YamlNode, 1);
    item->text = g_strdup("");
    item->key = g_strdup(word);
    item->source = source;
    yaml_tree_append(map, item);
    return &map->items[map->count - 1];
}

static bool
parse_index(const char *word, unsigned *index)
{
    guint64 value = 0;

    if (!g_ascii_string_to_unsigned(word, 10, 0, YAML_TREE_NODES_MAX, &value,
                                    NULL)) {
        return false;
    }
    *index = (unsigned)value;
    return true;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Which paths end in a netem word, and how such a word is replaced. */
#include "sim/scenario_set.h"

#include <string.h>

static const char *const words[] = {"delay",   "loss",        "duplicate",
                                    "corrupt", "reorder",     "rate",
                                    "limit",   "limit-bytes", "mtu"};

static bool is_word(const char *text);
static bool holds_words(const char *path);
static const char *text_at(const YamlTree *tree, const char *path);
static char *replaced(const char *text, const char *word, const char *value);

bool
scenario_set(YamlTree *tree, const char *option, GError **error)
{
    const char *equals = strchr(option, '=');
    g_autofree char *path =
        g_strndup(option, equals != NULL ? (size_t)(equals - option) : 0);
    char *dot = strrchr(path, '.');
    const char *text;
    g_autofree char *all = NULL;
    g_autofree char *longer = NULL;

    if (dot == NULL || !is_word(dot + 1)) {
        return yaml_tree_set(tree, option, error);
    }
    *dot = '\0';
    text = holds_words(path) ? text_at(tree, path) : NULL;
    if (text == NULL) {
        return yaml_tree_set(tree, option, error);
    }
    all = replaced(text, dot + 1, equals + 1);
    longer = g_strdup_printf("%s=%s", path, all);
    return yaml_tree_set(tree, longer, error);
}

static bool
is_word(const char *text)
{
    for (unsigned i = 0; i < G_N_ELEMENTS(words); i++) {
        if (strcmp(words[i], text) == 0) {
            return true;
        }
    }
    return false;
}

static bool
holds_words(const char *path)
{
    return strcmp(path, "network.links") == 0 ||
           ((g_str_has_prefix(path, "network.rules") ||
             g_str_has_prefix(path, "faults.random") ||
             g_str_has_prefix(path, "faults.timed")) &&
            g_str_has_suffix(path, ".netem"));
}

/* "" of what is not there, NULL of what is no scalar. Both ways to write an
 * index are known: rules.0 and rules[0]. */
static const char *
text_at(const YamlTree *tree, const char *path)
{
    g_autofree char *plain = g_strdelimit(g_strdup(path), "[]", '.');
    g_auto(GStrv) steps = g_strsplit(plain, ".", 0);
    const YamlNode *node = yaml_tree_root(tree);

    for (char **step = steps; *step != NULL && node != NULL; step++) {
        guint64 index;

        if ((*step)[0] == '\0') {
            continue;
        }
        if (node->kind == YAML_KIND_LIST &&
            g_ascii_string_to_unsigned(*step, 10, 0, G_MAXUINT, &index, NULL)) {
            node = index < node->count ? node->items[index] : NULL;
        } else {
            node =
                node->kind == YAML_KIND_MAP ? yaml_tree_get(node, *step) : NULL;
        }
    }
    if (node == NULL) {
        return "";
    }
    return node->kind == YAML_KIND_SCALAR && node->text != NULL ? node->text
                                                                : NULL;
}

/* @text with @value for what stood between @word and the next word. */
static char *
replaced(const char *text, const char *word, const char *value)
{
    g_auto(GStrv) parts = g_strsplit_set(text, " \t\n", 0);
    GString *out = g_string_new(NULL);
    bool drop = false;

    for (char **part = parts; *part != NULL; part++) {
        if (is_word(*part)) {
            drop = strcmp(*part, word) == 0;
        }
        if (!drop && (*part)[0] != '\0') {
            g_string_append_printf(out, "%s ", *part);
        }
    }
    g_string_append_printf(out, "%s %s", word, value);
    return g_string_free(out, FALSE);
}

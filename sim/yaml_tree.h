/* SPDX-License-Identifier: Apache-2.0 */
/* YAML text as a small tree that remembers where everything stood, so that a
 * mistake can be told with its file, line and column. Read through libyaml's
 * events (YAML 1.1): one document; no anchors, aliases or tags; keys are
 * single words and said once; size and depth are bounded. */
#ifndef SEEDBED_YAML_TREE_H
#define SEEDBED_YAML_TREE_H

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>

#define YAML_TREE_SIZE_MAX  ((size_t)16 << 20) /* bytes of text */
#define YAML_TREE_NODES_MAX 1000000u           /* values in a tree */
#define YAML_TREE_DEPTH_MAX 16u                /* maps and lists in another */
#define YAML_TREE_KEYS_MAX  256u               /* keys of one map */

typedef enum YamlKind {
    YAML_KIND_SCALAR,
    YAML_KIND_LIST,
    YAML_KIND_MAP,
} YamlKind;

typedef struct YamlNode YamlNode;

/* A value, and the key it stands under when it belongs to a map. */
struct YamlNode {
    YamlKind kind;
    bool quoted;       /* scalar: "5" or '5', or a block, rather than 5 */
    char *text;        /* scalar: UTF-8 without a NUL; else NULL */
    YamlNode **items;  /* list and map: in the order of the file */
    unsigned count;    /* of items */
    unsigned capacity; /* of items */
    char *key;         /* in a map: its key; else NULL */
    unsigned key_line, key_column; /* from 1; 0: does not come from text */
    unsigned line, column;
    /* Borrowed from the tree: the name of the file, or a whole "--set
     * path=value" when the value comes from the command line. */
    const char *source;
};

typedef struct YamlTree YamlTree;

/* Parse @size bytes at @text, called @name in errors. An empty document is an
 * empty map. The caller owns the tree. A mistake is one line:
 * name:line:column: what is wrong. */
YamlTree *yaml_tree_parse(const char *text, size_t size, const char *name,
                          GError **error);
/* Read and parse the file at @path. */
YamlTree *yaml_tree_load(const char *path, GError **error);
void yaml_tree_free(YamlTree *tree);

/* The top-most value; borrowed. */
const YamlNode *yaml_tree_root(const YamlTree *tree);
/* The value under @key of the map @node, or NULL. Cost: the keys. */
const YamlNode *yaml_tree_get(const YamlNode *node, const char *key);
/* True for a value that is not there: written as nothing, ~ or null. */
bool yaml_tree_is_null(const YamlNode *node);

/* Lay @option, "path.to.key=value", over @tree: the value, read as YAML,
 * replaces what stands at the path; maps on the way are made; a list is
 * entered by index from 0, where its length appends. Errors name the
 * option. */
bool yaml_tree_set(YamlTree *tree, const char *option, GError **error);

/* Append @text to @out as a double-quoted YAML scalar on one line. */
void yaml_tree_quote(GString *out, const char *text);
/* "file:line:column: " of @node, or of its key; caller owns. */
char *yaml_tree_place(const YamlNode *node, bool of_key);
/* What @node is in the words of an error: "5", a list, nothing; caller
 * owns. */
char *yaml_tree_found(const YamlNode *node);

#define YAML_TREE_ERROR (yaml_tree_error_quark())
GQuark yaml_tree_error_quark(void);

#endif

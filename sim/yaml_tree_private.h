/* SPDX-License-Identifier: Apache-2.0 */
/* What parsing a tree and laying options over it share. */
#ifndef SEEDBED_YAML_TREE_PRIVATE_H
#define SEEDBED_YAML_TREE_PRIVATE_H

#include "sim/yaml_tree.h"

struct YamlTree {
    YamlNode *root;
    GPtrArray *names; /* of the sources that nodes borrow */
};

/* The tree of one document, owned, or NULL and @error; @name is borrowed by
 * every node. */
YamlNode *yaml_tree_build(const char *text, size_t size, const char *name,
                          GError **error);
/* Free @node, NULL allowed, and all below it. */
void yaml_tree_drop(YamlNode *node);
/* @item, taken, at the end of the list or map @node. */
void yaml_tree_append(YamlNode *node, YamlNode *item);
/* What is quoted in a message may hold anything; the message is one line:
 * control characters of @text become question marks. */
void yaml_tree_one_line(char *text);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* YAML through libyaml's events into a tree with places. Everything that the
 * tree cannot hold is refused here, in one line, so that what reads the tree
 * meets scalars, lists and maps alone. */
#include "sim/yaml_tree.h"

#include <string.h>
#include <yaml.h>

#include "sim/yaml_tree_private.h"

/* A parse under way: the open maps and lists, innermost last. */
typedef struct Builder {
    const char *name;
    YamlNode *root;
    YamlNode *open[YAML_TREE_DEPTH_MAX];
    unsigned depth;
    unsigned node_count;
    char *key; /* read, and waiting for its value */
    yaml_mark_t key_mark;
    GError **error;
} Builder;

static void parser_error(const yaml_parser_t *parser, const char *name,
                         GError **error);
static bool take_event(Builder *builder, const yaml_event_t *event);
static bool take_scalar(Builder *builder, const yaml_event_t *event);
static bool take_value(Builder *builder, YamlNode *node);
static bool open_node(Builder *builder, YamlKind kind,
                      const yaml_event_t *event);
static bool refuse(Builder *builder, yaml_mark_t mark, const char *what);
static YamlNode *node_new(Builder *builder, YamlKind kind, yaml_mark_t mark);

YamlTree *
yaml_tree_parse(const char *text, size_t size, const char *name, GError **error)
{
    YamlTree *tree = g_new0(YamlTree, 1);
    char *own_name = g_strdup(name);

    tree->names = g_ptr_array_new_with_free_func(g_free);
    g_ptr_array_add(tree->names, own_name);
    tree->root = yaml_tree_build(text, size, own_name, error);
    if (tree->root == NULL) {
        yaml_tree_free(tree);
        return NULL;
    }
    return tree;
}

YamlTree *
yaml_tree_load(const char *path, GError **error)
{
    g_autofree char *text = NULL;
    size_t size = 0;
    GError *reason = NULL;

    if (!g_file_get_contents(path, &text, &size, &reason)) {
        /* GLib's text says the path by itself, in its own words. */
        const char *word = "cannot be read";

        if (g_error_matches(reason, G_FILE_ERROR, G_FILE_ERROR_NOENT)) {
            word = "no such file";
        } else if (g_error_matches(reason, G_FILE_ERROR, G_FILE_ERROR_ISDIR)) {
            word = "is a directory, not a file";
        } else if (g_error_matches(reason, G_FILE_ERROR, G_FILE_ERROR_ACCES)) {
            word = "permission denied";
        }
        g_set_error(error, reason->domain, reason->code, "%s: %s", path, word);
        g_error_free(reason);
        return NULL;
    }
    return yaml_tree_parse(text, size, path, error);
}

const YamlNode *
yaml_tree_root(const YamlTree *tree)
{
    return tree->root;
}

const YamlNode *
yaml_tree_get(const YamlNode *node, const char *key)
{
    g_assert(node->kind == YAML_KIND_MAP);
    for (unsigned i = 0; i < node->count; i++) {
        if (strcmp(node->items[i]->key, key) == 0) {
            return node->items[i];
        }
    }
    return NULL;
}

bool
yaml_tree_is_null(const YamlNode *node)
{
    return node->kind == YAML_KIND_SCALAR && !node->quoted &&
           (node->text[0] == '\0' || strcmp(node->text, "~") == 0 ||
            strcmp(node->text, "null") == 0);
}

void
yaml_tree_quote(GString *out, const char *text)
{
    g_string_append_c(out, '"');
    for (const char *at = text; *at != '\0'; at = g_utf8_next_char(at)) {
        gunichar c = g_utf8_get_char(at);

        if (c == '"' || c == '\\') {
            g_string_append_c(out, '\\');
            g_string_append_c(out, (char)c);
        } else if (c == '\n') {
            g_string_append(out, "\\n");
        } else if (c == '\t') {
            g_string_append(out, "\\t");
        } else if (c < 0x20 || (c >= 0x7f && c <= 0xa0)) {
            g_string_append_printf(out, "\\x%02x", c);
        } else if (c == 0x2028 || c == 0x2029 || c == 0xfeff ||
                   (c >= 0xfffe && c <= 0xffff)) {
            g_string_append_printf(out, "\\u%04x", c);
        } else {
            g_string_append_unichar(out, c);
        }
    }
    g_string_append_c(out, '"');
}

char *
yaml_tree_place(const YamlNode *node, bool of_key)
{
    bool key = of_key && node->key_line != 0;

    /* Of an option only the whole is worth saying. */
    if (node->line == 0) {
        return g_strdup_printf("%s: ", node->source);
    }
    return g_strdup_printf("%s:%u:%u: ", node->source,
                           key ? node->key_line : node->line,
                           key ? node->key_column : node->column);
}

char *
yaml_tree_found(const YamlNode *node)
{
    GString *out = NULL;

    if (node->kind == YAML_KIND_LIST) {
        return g_strdup("a list");
    }
    if (node->kind == YAML_KIND_MAP) {
        return g_strdup("a map");
    }
    if (node->text[0] == '\0' && !node->quoted) {
        return g_strdup("nothing");
    }
    out = g_string_new(NULL);
    if (g_utf8_strlen(node->text, -1) > 60) {
        g_autofree char *head = g_utf8_substring(node->text, 0, 57);
        g_autofree char *cut = g_strconcat(head, "...", NULL);

        yaml_tree_quote(out, cut);
    } else {
        yaml_tree_quote(out, node->text);
    }
    return g_string_free(out, FALSE);
}

/* The tree of one document, or NULL and @error. */
YamlNode *
yaml_tree_build(const char *text, size_t size, const char *name, GError **error)
{
    yaml_parser_t parser;
    yaml_event_t event;
    Builder builder = {.name = name, .error = error};
    bool good = true, more = true;

    if (size > YAML_TREE_SIZE_MAX) {
        g_set_error(error, YAML_TREE_ERROR, 0,
                    "%s: found %zu bytes, expected at most %zu", name, size,
                    YAML_TREE_SIZE_MAX);
        return NULL;
    }
    if (!yaml_parser_initialize(&parser)) {
        g_error("out of memory");
    }
    yaml_parser_set_encoding(&parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&parser, (const unsigned char *)text, size);
    while (good && more) {
        if (!yaml_parser_parse(&parser, &event)) {
            parser_error(&parser, name, error);
            good = false;
            break;
        }
        more = event.type != YAML_STREAM_END_EVENT;
        good = take_event(&builder, &event);
        yaml_event_delete(&event);
    }
    yaml_parser_delete(&parser);
    g_free(builder.key);
    if (!good) {
        yaml_tree_drop(builder.root);
        return NULL;
    }
    if (builder.root == NULL) {
        builder.root = node_new(&builder, YAML_KIND_MAP, (yaml_mark_t){0});
        builder.root->line = 0;
    }
    return builder.root;
}

static void
parser_error(const yaml_parser_t *parser, const char *name, GError **error)
{
    yaml_mark_t mark = parser->problem_mark;
    const char *problem =
        parser->problem != NULL ? parser->problem : "cannot be read";

    /* Encoding problems come with an offset and no mark. */
    if (parser->error == YAML_READER_ERROR) {
        mark = parser->mark;
        g_set_error(error, YAML_TREE_ERROR, 0,
                    "%s:%zu:%zu: found a character that is not YAML (%s), "
                    "expected UTF-8 text",
                    name, mark.line + 1, mark.column + 1, problem);
        return;
    }
    g_set_error(error, YAML_TREE_ERROR, 0, "%s:%zu:%zu: not YAML: %s%s%s", name,
                mark.line + 1, mark.column + 1, problem,
                parser->context != NULL ? " " : "",
                parser->context != NULL ? parser->context : "");
}

static bool
take_event(Builder *builder, const yaml_event_t *event)
{
    switch (event->type) {
    case YAML_DOCUMENT_START_EVENT:
        if (builder->root != NULL) {
            return refuse(builder, event->start_mark,
                          "found a second document, expected one");
        }
        return true;
    case YAML_ALIAS_EVENT:
        return refuse(builder, event->start_mark,
                      "found an alias (*name), expected the value itself");
    case YAML_SCALAR_EVENT:
        return take_scalar(builder, event);
    case YAML_SEQUENCE_START_EVENT:
        return open_node(builder, YAML_KIND_LIST, event);
    case YAML_MAPPING_START_EVENT:
        return open_node(builder, YAML_KIND_MAP, event);
    case YAML_SEQUENCE_END_EVENT:
    case YAML_MAPPING_END_EVENT:
        g_assert(builder->depth > 0);
        builder->depth--;
        return true;
    default:
        return true;
    }
}

static bool
take_scalar(Builder *builder, const yaml_event_t *event)
{
    const char *text = (const char *)event->data.scalar.value;
    size_t size = event->data.scalar.length;
    YamlNode *node = NULL, *map = NULL;

    if (event->data.scalar.anchor != NULL) {
        return refuse(builder, event->start_mark,
                      "found an anchor (&name), expected a plain value");
    }
    if (event->data.scalar.tag != NULL) {
        return refuse(builder, event->start_mark,
                      "found a tag (!name), expected a plain value");
    }
    if (memchr(text, '\0', size) != NULL) {
        return refuse(builder, event->start_mark,
                      "found a NUL character, expected text");
    }
    map = builder->depth > 0 ? builder->open[builder->depth - 1] : NULL;
    if (map != NULL && map->kind == YAML_KIND_MAP && builder->key == NULL) {
        const YamlNode *twin = yaml_tree_get(map, text);

        if (twin != NULL) {
            g_autofree char *what =
                g_strdup_printf("found the key \"%.60s\" again, expected it "
                                "once (first in line %u)",
                                text, twin->key_line);

            return refuse(builder, event->start_mark, what);
        }
        builder->key = g_strndup(text, size);
        builder->key_mark = event->start_mark;
        return true;
    }
    node = node_new(builder, YAML_KIND_SCALAR, event->start_mark);
    node->text = g_strndup(text, size);
    node->quoted = event->data.scalar.style != YAML_PLAIN_SCALAR_STYLE;
    return take_value(builder, node);
}

/* Hang @node, taken, where the parse stands. */
static bool
take_value(Builder *builder, YamlNode *node)
{
    YamlNode *parent = NULL;

    if (builder->depth == 0) {
        g_assert(builder->root == NULL);
        builder->root = node;
        return true;
    }
    parent = builder->open[builder->depth - 1];
    if (parent->kind == YAML_KIND_MAP) {
        g_assert(builder->key != NULL);
        node->key = g_steal_pointer(&builder->key);
        node->key_line = (unsigned)builder->key_mark.line + 1;
        node->key_column = (unsigned)builder->key_mark.column + 1;
    }
    yaml_tree_append(parent, node);
    if (parent->kind == YAML_KIND_MAP && parent->count > YAML_TREE_KEYS_MAX) {
        return refuse(builder, builder->key_mark,
                      "found more than 256 keys in one map, expected fewer");
    }
    if (builder->node_count > YAML_TREE_NODES_MAX) {
        return refuse(builder, builder->key_mark,
                      "found more than 1000000 values, expected fewer");
    }
    return true;
}

static bool
open_node(Builder *builder, YamlKind kind, const yaml_event_t *event)
{
    bool list = kind == YAML_KIND_LIST;
    const yaml_char_t *anchor = list ? event->data.sequence_start.anchor
                                     : event->data.mapping_start.anchor;
    const yaml_char_t *tag =
        list ? event->data.sequence_start.tag : event->data.mapping_start.tag;
    YamlNode *node = NULL, *parent = NULL;

    if (anchor != NULL) {
        return refuse(builder, event->start_mark,
                      "found an anchor (&name), expected a plain value");
    }
    if (tag != NULL) {
        return refuse(builder, event->start_mark,
                      "found a tag (!name), expected a plain value");
    }
    if (builder->depth == YAML_TREE_DEPTH_MAX) {
        return refuse(builder, event->start_mark,
                      "found more than 16 maps and lists in one another, "
                      "expected fewer");
    }
    parent = builder->depth > 0 ? builder->open[builder->depth - 1] : NULL;
    if (parent != NULL && parent->kind == YAML_KIND_MAP &&
        builder->key == NULL) {
        return refuse(builder, event->start_mark,
                      list ? "found a list as a key, expected a word"
                           : "found a map as a key, expected a word");
    }
    node = node_new(builder, kind, event->start_mark);
    if (!take_value(builder, node)) {
        return false;
    }
    builder->open[builder->depth++] = node;
    return true;
}

/* Always false: what a refusal returns. */
static bool
refuse(Builder *builder, yaml_mark_t mark, const char *what)
{
    g_autofree char *line = g_strdup(what);

    yaml_tree_one_line(line);
    g_set_error(builder->error, YAML_TREE_ERROR, 0, "%s:%zu:%zu: %s",
                builder->name, mark.line + 1, mark.column + 1, line);
    return false;
}

/* What is quoted in a message may hold anything; the message is one line. */
void
yaml_tree_one_line(char *text)
{
    for (char *at = text; *at != '\0'; at++) {
        if (g_ascii_iscntrl(*at)) {
            *at = '?';
        }
    }
}

static YamlNode *
node_new(Builder *builder, YamlKind kind, yaml_mark_t mark)
{
    YamlNode *node = g_new0(YamlNode, 1);

    node->kind = kind;
    node->line = (unsigned)mark.line + 1;
    node->column = (unsigned)mark.column + 1;
    node->source = builder->name;
    builder->node_count++;
    return node;
}

/* Recursion is bounded: YAML_TREE_DEPTH_MAX, and as much by one --set. */
void
yaml_tree_drop(YamlNode *node)
{
    if (node == NULL) {
        return;
    }
    for (unsigned i = 0; i < node->count; i++) {
        yaml_tree_drop(node->items[i]);
    }
    g_free(node->items);
    g_free(node->text);
    g_free(node->key);
    g_free(node);
}

void
yaml_tree_append(YamlNode *node, YamlNode *item)
{
    if (node->count == node->capacity) {
        node->capacity = node->capacity == 0 ? 8 : node->capacity * 2;
        node->items = g_renew(YamlNode *, node->items, node->capacity);
    }
    node->items[node->count++] = item;
}

GQuark
yaml_tree_error_quark(void)
{
    return g_quark_from_static_string("yaml-tree-error");
}

void
yaml_tree_free(YamlTree *tree)
{
    if (tree == NULL) {
        return;
    }
    yaml_tree_drop(tree->root);
    g_ptr_array_unref(tree->names);
    g_free(tree);
}

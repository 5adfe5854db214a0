/* SPDX-License-Identifier: Apache-2.0 */
/* Reads one JSON object from stdin and complains if it is none, if something
 * follows it, or if a key of the command line is not in it. A key may be a
 * path, "first_difference.event"; "key=text" also wants the value, as JSON. */
#include <json-glib/json-glib.h>
#include <stdio.h>
#include <string.h>

static JsonNode *
find(JsonNode *node, const char *path)
{
    g_auto(GStrv) keys = g_strsplit(path, ".", -1);

    for (unsigned i = 0; keys[i] != NULL && node != NULL; i++) {
        node = JSON_NODE_HOLDS_OBJECT(node)
                   ? json_object_get_member(json_node_get_object(node), keys[i])
                   : NULL;
    }
    return node;
}

static int
check(JsonNode *root, const char *wanted)
{
    const char *equals = strchr(wanted, '=');
    g_autofree char *path = equals != NULL
                                ? g_strndup(wanted, (gsize)(equals - wanted))
                                : g_strdup(wanted);
    JsonNode *node = find(root, path);
    g_autofree char *value = node != NULL ? json_to_string(node, FALSE) : NULL;

    if (node == NULL || (equals != NULL && strcmp(value, equals + 1) != 0)) {
        fprintf(stderr, "check_json: wanted %s, found %s\n", wanted,
                value != NULL ? value : "no such key");
        return 1;
    }
    return 0;
}

int
main(int argc, char **argv)
{
    g_autoptr(GString) text = g_string_new(NULL);
    g_autoptr(JsonParser) parser = json_parser_new();
    GError *error = NULL;
    int bad = 0;
    int c;

    while ((c = getchar()) != EOF) {
        g_string_append_c(text, (char)c);
    }
    if (!json_parser_load_from_data(parser, text->str, (gssize)text->len,
                                    &error)) {
        fprintf(stderr, "check_json: %s\n", error->message);
        g_error_free(error);
        return 1;
    }
    if (json_parser_get_root(parser) == NULL ||
        !JSON_NODE_HOLDS_OBJECT(json_parser_get_root(parser))) {
        fputs("check_json: not an object\n", stderr);
        return 1;
    }
    for (int i = 1; i < argc; i++) {
        bad |= check(json_parser_get_root(parser), argv[i]);
    }
    return bad;
}

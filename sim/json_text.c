/* SPDX-License-Identifier: Apache-2.0 */
/* A generator for the time of one text. */
#include "sim/json_text.h"

char *
json_text(JsonBuilder *json)
{
    JsonGenerator *generator = json_generator_new();
    JsonNode *root = json_builder_get_root(json);
    char *text;

    json_generator_set_root(generator, root);
    json_generator_set_pretty(generator, TRUE);
    text = json_generator_to_data(generator, NULL);
    json_node_unref(root);
    g_object_unref(generator);
    g_object_unref(json);
    return text;
}

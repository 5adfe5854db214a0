/* SPDX-License-Identifier: Apache-2.0 */
/* `seedbed bugs`: the planted bugs, one a line. */
#include <json-glib/json-glib.h>
#include <stdio.h>

#include "nodes/bugs.h"
#include "sim/command.h"

static void print_table(void);
static void print_json(void);

int
cmd_bugs(int argc, char **argv)
{
    gboolean json = FALSE;
    const GOptionEntry entries[] = {{"json", 0, 0, G_OPTION_ARG_NONE, &json,
                                     "print one JSON object and nothing else",
                                     NULL},
                                    {NULL, 0, 0, 0, NULL, NULL, NULL}};
    int status;

    if (!command_parse(&argc, &argv, "", "seedbed bugs", entries, NULL, 0, 0,
                       NULL, &status)) {
        return status;
    }
    if (json) {
        print_json();
    } else {
        print_table();
    }
    return 0;
}

static void
print_table(void)
{
    for (int i = 0; i < BUG_COUNT; i++) {
        const BugRow *row = bugs_row(i);

        printf("%-26s %-4s  %-63s  %s\n", row->name, row->protocol, row->broken,
               row->source);
    }
    puts(SEEDBED_BUGS ? "\nCompiled in: seedbed run SCENARIO --bug NAME."
                      : "\nNot in this build: configure with --enable-bugs.");
}

static void
print_json(void)
{
    g_autoptr(JsonBuilder) json = json_builder_new();
    g_autoptr(JsonNode) root = NULL;
    g_autofree char *text = NULL;

#define MEMBER(name, kind, value)                                              \
    json_builder_set_member_name(json, name);                                  \
    json_builder_add_##kind##_value(json, value)
    json_builder_begin_object(json);
    MEMBER("compiled_in", boolean, SEEDBED_BUGS);
    json_builder_set_member_name(json, "bugs");
    json_builder_begin_array(json);
    for (int i = 0; i < BUG_COUNT; i++) {
        const BugRow *row = bugs_row(i);

        json_builder_begin_object(json);
        MEMBER("name", string, row->name);
        MEMBER("protocol", string, row->protocol);
        MEMBER("scenario", string, row->scenario);
        MEMBER("broken", string, row->broken);
        MEMBER("source", string, row->source);
        json_builder_end_object(json);
    }
    json_builder_end_array(json);
    json_builder_end_object(json);
#undef MEMBER
    root = json_builder_get_root(json);
    text = json_to_string(root, TRUE);
    puts(text);
}

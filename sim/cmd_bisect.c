/* SPDX-License-Identifier: Apache-2.0 */
/* `seedbed bisect`: where two run folders part, and why. */
#include <inttypes.h>
#include <json-glib/json-glib.h>
#include <stdio.h>
#include <string.h>

#include "sim/bisect.h"
#include "sim/command.h"

#define MEMBER(name, kind, value)                                              \
    json_builder_set_member_name(json, name);                                  \
    json_builder_add_##kind##_value(json, value)

static void compare_files(const RunFolder *a, const RunFolder *b);
static void print_words(const RunFolder *sides[2], BisectOutcome outcome,
                        const GString *words);
static void print_json(const RunFolder *sides[2], BisectOutcome outcome,
                       const BisectPlace *place, const GString *words);
static void print_side(JsonBuilder *json, const char *name,
                       const BisectSide *side);
static void print_step(JsonBuilder *json, const BisectStep *step);

int
cmd_bisect(int argc, char **argv)
{
    gboolean json = FALSE, quiet = FALSE;
    const GOptionEntry entries[] = {{"json", 0, 0, G_OPTION_ARG_NONE, &json,
                                     "print one JSON object and nothing else",
                                     NULL},
                                    {"quiet", 'q', 0, G_OPTION_ARG_NONE, &quiet,
                                     "print nothing but errors", NULL},
                                    {NULL, 0, 0, 0, NULL, NULL, NULL}};
    g_autoptr(RunFolder) a = NULL;
    g_autoptr(RunFolder) b = NULL;
    g_autoptr(GString) words = g_string_new(NULL);
    BisectPlace place = {0};
    BisectOutcome outcome = BISECT_FAILED;
    GError *error = NULL;
    char *operands[2];
    int status;

    if (!command_parse(&argc, &argv, "A B",
                       "seedbed bisect out/raft-partition/7 out/other/7",
                       entries, NULL, 2, 2, operands, &status)) {
        return status;
    }
    a = run_folder_load(operands[0], &error);
    b = a != NULL ? run_folder_load(operands[1], &error) : NULL;
    if (b != NULL) {
        outcome = bisect_folders(a, b, words, &place, &error);
    }
    if (error != NULL) {
        bisect_place_clear(&place);
        command_complain("bisect", "%s", error->message);
        g_error_free(error);
        return RUN_BAD_ARGUMENTS;
    }
    if (json) {
        print_json((const RunFolder *[]){a, b}, outcome, &place, words);
    } else if (!quiet) {
        print_words((const RunFolder *[]){a, b}, outcome, words);
    }
    bisect_place_clear(&place);
    return outcome == BISECT_SAME ? 0 : 1;
}

static void
print_words(const RunFolder *sides[2], BisectOutcome outcome,
            const GString *words)
{
    for (unsigned i = 0; i < 2; i++) {
        char digest[DIGEST_TEXT_SIZE];

        digest_text(sides[i]->digest, digest);
        printf("%c  %s  %s, seed %" PRIu64 ", %s, %u worker%s: %s, %" PRIu64
               " events, %s\n",
               'A' + (int)i, digest, sides[i]->name, sides[i]->seed,
               sides[i]->isolation == ENGINE_PROCESS ? "process" : "inline",
               sides[i]->workers, sides[i]->workers == 1 ? "" : "s",
               run_verdict_name(sides[i]->verdict), sides[i]->events,
               sides[i]->path);
    }
    if (outcome == BISECT_SAME) {
        puts("the same");
    } else {
        putchar('\n');
        compare_files(sides[0], sides[1]);
        fputs(words->str, stdout);
    }
}

/* Two runs may well differ when they were asked for different things. */
static void
compare_files(const RunFolder *a, const RunFolder *b)
{
    const char *const files[][3] = {
        {"scenario.yaml", a->scenario_path, b->scenario_path},
        {"plan.yaml", a->plan_path, b->plan_path}};

    if (a->seed != b->seed) {
        puts("the seeds differ");
    }
    for (unsigned i = 0; i < G_N_ELEMENTS(files); i++) {
        g_autofree char *ours = NULL;
        g_autofree char *theirs = NULL;

        if (g_file_get_contents(files[i][1], &ours, NULL, NULL) &&
            g_file_get_contents(files[i][2], &theirs, NULL, NULL) &&
            strcmp(ours, theirs) != 0) {
            printf("the files %s differ\n", files[i][0]);
        }
    }
}

static void
print_json(const RunFolder *sides[2], BisectOutcome outcome,
           const BisectPlace *place, const GString *words)
{
    static const char *const names[] = {"a", "b"};
    g_autoptr(JsonBuilder) json = json_builder_new();
    g_autoptr(JsonNode) root = NULL;
    g_autofree char *text = NULL;

    json_builder_begin_object(json);
    MEMBER("same", boolean, outcome == BISECT_SAME);
    for (unsigned i = 0; i < 2; i++) {
        char digest[DIGEST_TEXT_SIZE];

        digest_text(sides[i]->digest, digest);
        json_builder_set_member_name(json, names[i]);
        json_builder_begin_object(json);
        MEMBER("folder", string, sides[i]->path);
        MEMBER("digest", string, digest);
        MEMBER("events", int, (gint64)sides[i]->events);
        json_builder_end_object(json);
    }
    json_builder_set_member_name(json, "first_difference");
    if (outcome == BISECT_SAME) {
        json_builder_add_null_value(json);
    } else {
        json_builder_begin_object(json);
        if (place->event != 0) {
            MEMBER("event", int, (gint64)place->event);
            MEMBER("at_ns", int, (gint64)place->at);
            MEMBER("node", int, place->node);
        }
        MEMBER("after_event", int, (gint64)place->after_event);
        MEMBER("by_event", int, (gint64)place->by_event);
        for (unsigned i = 0; place->event != 0 && i < 2; i++) {
            print_side(json, names[i], &place->sides[i]);
        }
        MEMBER("words", string, words->str);
        json_builder_end_object(json);
    }
    json_builder_end_object(json);
    root = json_builder_get_root(json);
    text = json_to_string(root, TRUE);
    puts(text);
}

/* null: that side has ended. */
static void
print_side(JsonBuilder *json, const char *name, const BisectSide *side)
{
    json_builder_set_member_name(json, name);
    if (side->step_count == 0) {
        json_builder_add_null_value(json);
        return;
    }
    json_builder_begin_object(json);
    print_step(json, &side->steps[0]);
    json_builder_set_member_name(json, "causes");
    json_builder_begin_array(json);
    for (unsigned i = 1; i < side->step_count; i++) {
        json_builder_begin_object(json);
        MEMBER("how", string, side->steps[i].how);
        print_step(json, &side->steps[i]);
        json_builder_end_object(json);
    }
    json_builder_end_array(json);
    MEMBER("from_start", boolean, side->from_start);
    json_builder_end_object(json);
}

static void
print_step(JsonBuilder *json, const BisectStep *step)
{
    g_auto(GStrv) lines =
        g_strsplit(step->lines != NULL ? step->lines->str : "", "\n", -1);

    MEMBER("event", int, (gint64)step->event);
    MEMBER("at_ns", int, (gint64)step->at);
    MEMBER("node", int, step->node);
    MEMBER("kind", string, step->kind);
    json_builder_set_member_name(json, "lines");
    json_builder_begin_array(json);
    for (unsigned i = 0; lines[i] != NULL && lines[i][0] != '\0'; i++) {
        json_builder_add_string_value(json, lines[i]);
    }
    json_builder_end_array(json);
}

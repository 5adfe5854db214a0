/* SPDX-License-Identifier: Apache-2.0 */
/* Reads run.json and its neighbours. Nothing in them is trusted: a folder may
 * have been edited, cut off or mixed up. */
#include "sim/run_folder.h"

#include <inttypes.h>
#include <json-glib/json-glib.h>
#include <string.h>

#include "sim/build_id.h"
#include "sim/capsule.h"
#include "sim/signature.h"

#define RUN_FOLDER_ERROR (g_quark_from_static_string("seedbed-run-folder"))

static const char *const verdicts[] = {"pass", "violated", "unknown"};
static const char *const isolations[] = {"inline", "process"};

static bool read_json(RunFolder *folder, const char *path, GError **error);
static bool read_object(RunFolder *folder, JsonObject *object,
                        const char **missing);
static bool read_bugs(RunFolder *folder, JsonObject *object);
static void read_hashes(RunFolder *folder, JsonObject *object);
static uint64_t hash_member(JsonObject *object, const char *name);
static bool find_program(RunFolder *folder, GError **error);
static void read_violation(RunFolder *folder, JsonObject *object);
static bool text_member(JsonObject *object, const char *name,
                        const char **text);
static bool count_member(JsonObject *object, const char *name, uint64_t *value);
static bool number_member(JsonObject *object, const char *name,
                          uint64_t *value);
static bool word_member(JsonObject *object, const char *name,
                        const char *const *words, unsigned count,
                        unsigned *index);
static void append_word(GString *text, const char *word);
static bool has_file(const RunFolder *folder, const char *path, GError **error);

RunFolder *
run_folder_load(const char *path, GError **error)
{
    g_autoptr(RunFolder) folder = g_new0(RunFolder, 1);
    g_autofree char *json = g_build_filename(path, "run.json", NULL);
    g_autofree char *checkpoints = g_build_filename(path, "digest.ckpt", NULL);

    folder->path = g_strdup(path);
    folder->scenario_path = g_build_filename(path, "scenario.yaml", NULL);
    folder->plan_path = g_build_filename(path, "plan.yaml", NULL);
    folder->trace_path = g_build_filename(path, "trace.sbt.zst", NULL);
    if (!g_file_test(path, G_FILE_TEST_IS_DIR)) {
        g_set_error(error, RUN_FOLDER_ERROR, 0,
                    "%s: not a folder; expected a run folder", path);
        return NULL;
    }
    if (!has_file(folder, json, error) || !read_json(folder, json, error) ||
        !has_file(folder, folder->scenario_path, error) ||
        !has_file(folder, folder->plan_path, error) ||
        !has_file(folder, checkpoints, error)) {
        return NULL;
    }
    folder->checkpoints = digest_checkpoints_load(checkpoints, error);
    if (folder->checkpoints == NULL || !find_program(folder, error)) {
        return NULL;
    }
    if (!g_file_test(folder->trace_path, G_FILE_TEST_IS_REGULAR)) {
        g_clear_pointer(&folder->trace_path, g_free);
    }
    return g_steal_pointer(&folder);
}

/* Is the nodes' program, where it is a file of its own, still the same? */
static bool
find_program(RunFolder *folder, GError **error)
{
    Scenario *scenario;
    const char *program;

    if (folder->program_hash == 0) {
        return true;
    }
    scenario =
        scenario_load(folder->scenario_path, NULL, 0, folder->seed, error);
    if (scenario == NULL) {
        return false;
    }
    program = capsule_program(scenario->program, folder->isolation);
    if (program != NULL && capsule_hash(program) != folder->program_hash) {
        folder->program = g_strdup(program);
    }
    scenario_free(scenario);
    return true;
}

static bool
has_file(const RunFolder *folder, const char *path, GError **error)
{
    if (g_file_test(path, G_FILE_TEST_IS_REGULAR)) {
        return true;
    }
    g_set_error(error, RUN_FOLDER_ERROR, 0,
                "%s: no %s in it; expected a run folder", folder->path,
                strrchr(path, '/') + 1);
    return false;
}

static bool
read_json(RunFolder *folder, const char *path, GError **error)
{
    g_autoptr(JsonParser) parser = json_parser_new();
    GError *wrong = NULL;
    JsonNode *root;
    const char *missing = NULL;

    if (!json_parser_load_from_file(parser, path, &wrong)) {
        g_strdelimit(wrong->message, "\n", ' ');
        g_set_error(error, RUN_FOLDER_ERROR, 0, "%s: %s", path, wrong->message);
        g_error_free(wrong);
        return false;
    }
    root = json_parser_get_root(parser);
    if (root == NULL || !JSON_NODE_HOLDS_OBJECT(root)) {
        g_set_error(error, RUN_FOLDER_ERROR, 0,
                    "%s: expected the JSON object of a run", path);
        return false;
    }
    if (!read_object(folder, json_node_get_object(root), &missing)) {
        g_set_error(error, RUN_FOLDER_ERROR, 0,
                    "%s: key \"%s\" is missing or not what a run writes", path,
                    missing);
        return false;
    }
    return true;
}

/* @missing becomes the key that is wrong. */
static bool
read_object(RunFolder *folder, JsonObject *object, const char **missing)
{
    const char *name, *digest, *build;
    unsigned isolation, verdict;
    uint64_t workers;

#define NEED(key, good)                                                        \
    do {                                                                       \
        *missing = (key);                                                      \
        if (!(good)) {                                                         \
            return false;                                                      \
        }                                                                      \
    } while (0)
    NEED("scenario", text_member(object, "scenario", &name));
    folder->name = g_strdup(name);
    NEED("seed", number_member(object, "seed", &folder->seed));
    NEED("isolation", word_member(object, "isolation", isolations,
                                  G_N_ELEMENTS(isolations), &isolation));
    folder->isolation = isolation == 1 ? ENGINE_PROCESS : ENGINE_INLINE;
    NEED("workers", count_member(object, "workers", &workers) && workers >= 1 &&
                        workers <= 64);
    folder->workers = (unsigned)workers;
    NEED("verdict", word_member(object, "verdict", verdicts,
                                G_N_ELEMENTS(verdicts), &verdict));
    folder->verdict = (RunVerdict)verdict;
    NEED("digest", text_member(object, "digest", &digest) &&
                       strlen(digest) == DIGEST_TEXT_SIZE - 1 &&
                       digest_parse(digest, &folder->digest));
    NEED("events", count_member(object, "events", &folder->events));
    NEED("virtual_ns", count_member(object, "virtual_ns", &folder->virtual_ns));
    NEED("build", text_member(object, "build", &build));
    folder->build = g_strdup(build);
    NEED("explore_order",
         number_member(object, "explore_order", &folder->explore));
    NEED("bugs", read_bugs(folder, object));
#undef NEED
    read_hashes(folder, object);
    folder->keep_going =
        json_object_has_member(object, "keep_going") &&
        JSON_NODE_HOLDS_VALUE(json_object_get_member(object, "keep_going")) &&
        json_object_get_boolean_member(object, "keep_going");
    read_violation(folder, object);
    return true;
}

static bool
read_bugs(RunFolder *folder, JsonObject *object)
{
    JsonNode *node = json_object_get_member(object, "bugs");
    JsonArray *array;
    unsigned count;

    if (node == NULL || !JSON_NODE_HOLDS_ARRAY(node)) {
        return false;
    }
    array = json_node_get_array(node);
    count = json_array_get_length(array);
    folder->bugs = g_new0(char *, count + 1);
    for (unsigned i = 0; i < count; i++) {
        JsonNode *item = json_array_get_element(array, i);

        if (json_node_get_value_type(item) != G_TYPE_STRING) {
            return false;
        }
        folder->bugs[i] = g_strdup(json_node_get_string(item));
    }
    return true;
}

/* A folder of an older build has none. */
static void
read_hashes(RunFolder *folder, JsonObject *object)
{
    uint64_t scenario = hash_member(object, "scenario_hash");
    uint64_t plan = hash_member(object, "plan_hash");

    folder->scenario_edited =
        scenario != 0 && scenario != capsule_hash(folder->scenario_path);
    folder->plan_edited = plan != 0 && plan != capsule_hash(folder->plan_path);
    folder->program_hash = hash_member(object, "program_hash");
}

static uint64_t
hash_member(JsonObject *object, const char *name)
{
    const char *text;

    return text_member(object, name, &text) ? g_ascii_strtoull(text, NULL, 16)
                                            : 0;
}

static void
read_violation(RunFolder *folder, JsonObject *object)
{
    JsonNode *node = json_object_get_member(object, "violations");
    JsonArray *array;
    JsonNode *first;
    const char *check, *message, *role;
    RunViolation violation = {0};

    folder->signature = g_strdup("");
    if (node == NULL || !JSON_NODE_HOLDS_ARRAY(node)) {
        return;
    }
    array = json_node_get_array(node);
    if (json_array_get_length(array) == 0) {
        return;
    }
    first = json_array_get_element(array, 0);
    if (JSON_NODE_HOLDS_OBJECT(first) &&
        text_member(json_node_get_object(first), "check", &check) &&
        text_member(json_node_get_object(first), "message", &message)) {
        char signature[SIGNATURE_SIZE];

        folder->check = g_strdup(check);
        folder->message = g_strdup(message);
        g_strlcpy(violation.check, check, sizeof(violation.check));
        g_strlcpy(violation.message, message, sizeof(violation.message));
        if (text_member(json_node_get_object(first), "role", &role)) {
            g_strlcpy(violation.role, role, sizeof(violation.role));
        }
        signature_of_violation(&violation, signature);
        g_free(folder->signature);
        folder->signature = g_strdup(signature);
    }
}

static bool
text_member(JsonObject *object, const char *name, const char **text)
{
    JsonNode *node = json_object_get_member(object, name);

    if (node == NULL || json_node_get_value_type(node) != G_TYPE_STRING) {
        return false;
    }
    *text = json_node_get_string(node);
    return true;
}

static bool
count_member(JsonObject *object, const char *name, uint64_t *value)
{
    JsonNode *node = json_object_get_member(object, name);

    if (node == NULL || json_node_get_value_type(node) != G_TYPE_INT64 ||
        json_node_get_int(node) < 0) {
        return false;
    }
    *value = (uint64_t)json_node_get_int(node);
    return true;
}

/* Numbers of all 64 bits are strings in JSON. */
static bool
number_member(JsonObject *object, const char *name, uint64_t *value)
{
    const char *text;

    return text_member(object, name, &text) &&
           g_ascii_string_to_unsigned(text, 10, 0, UINT64_MAX, value, NULL);
}

static bool
word_member(JsonObject *object, const char *name, const char *const *words,
            unsigned count, unsigned *index)
{
    const char *text;

    if (!text_member(object, name, &text)) {
        return false;
    }
    for (*index = 0; *index < count; (*index)++) {
        if (strcmp(words[*index], text) == 0) {
            return true;
        }
    }
    return false;
}

void
run_folder_options(const RunFolder *folder, RunOptions *options)
{
    run_options_init(options);
    options->scenario = folder->scenario_path;
    options->plan = folder->plan_path;
    options->seed = folder->seed;
    options->isolation = folder->isolation;
    options->workers = folder->workers;
    options->explore = folder->explore;
    options->keep_going = folder->keep_going;
    options->bugs = folder->bugs;
    options->no_folder = true;
}

bool
run_folder_own_build(const RunFolder *folder)
{
    return strcmp(folder->build, build_id_text()) == 0;
}

char *
run_folder_command(const RunFolder *folder, const char *plan)
{
    GString *text = g_string_new("seedbed run ");

    append_word(text, folder->scenario_path);
    g_string_append_printf(text, " --seed %" PRIu64 " --plan ", folder->seed);
    append_word(text, plan);
    for (char **bug = folder->bugs; bug != NULL && *bug != NULL; bug++) {
        g_string_append_printf(text, " --bug %s", *bug);
    }
    if (folder->explore != 0) {
        g_string_append_printf(text, " --explore-order %" PRIu64,
                               folder->explore);
    }
    if (folder->isolation == ENGINE_PROCESS) {
        g_string_append(text, " --isolation process");
    }
    return g_string_free(text, FALSE);
}

/* As a shell reads it. */
static void
append_word(GString *text, const char *word)
{
    g_autofree char *quoted = g_shell_quote(word);
    bool plain = word[strspn(word, "abcdefghijklmnopqrstuvwxyz"
                                   "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                   "0123456789-_./,:+@%")] == '\0';

    g_string_append(text, plain ? word : quoted);
}

const char *
run_verdict_name(RunVerdict verdict)
{
    return verdicts[verdict];
}

void
run_folder_free(RunFolder *folder)
{
    if (folder == NULL) {
        return;
    }
    g_free(folder->path);
    g_free(folder->scenario_path);
    g_free(folder->plan_path);
    g_free(folder->trace_path);
    g_free(folder->name);
    g_strfreev(folder->bugs);
    g_free(folder->check);
    g_free(folder->message);
    g_free(folder->signature);
    g_free(folder->build);
    g_free(folder->program);
    if (folder->checkpoints != NULL) {
        g_array_unref(folder->checkpoints);
    }
    g_free(folder);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Reads what is there; what every run leaves must be. */
#include "sim/report_data.h"

#include <inttypes.h>
#include <string.h>

#define DATA_ERROR (g_quark_from_static_string("seedbed-report-data"))

/* The end of a whole trace that stands for last_events.txt. */
#define TAIL_BYTES ((size_t)96 * 1024)

#define ROLES_COLUMNS  "node,role,term,start_ns,end_ns"
#define FAULTS_COLUMNS "line,kind,start_ns,end_ns,whom"

static bool read_run(ReportData *data, const char *folder, GError **error);
static char *read_title(const ReportData *data);
static bool read_rows(ReportData *data, const char *folder, const char *name,
                      const char *columns,
                      bool (*row)(ReportData *data, char **fields),
                      GError **error);
static bool role_row(ReportData *data, char **fields);
static bool fault_row(ReportData *data, char **fields);
static bool number(const char *text, uint64_t high, uint64_t *value);
static char *read_text(const char *folder, const char *name, bool tail);
static void find_pictures(ReportData *data, const char *folder);
static gint by_name(gconstpointer left, gconstpointer right);
static void clear_fault(gpointer fault);

ReportData *
report_data_load(const char *folder, GError **error)
{
    g_autoptr(ReportData) data = g_new0(ReportData, 1);

    data->roles = g_array_new(FALSE, FALSE, sizeof(ReportRole));
    data->faults = g_array_new(FALSE, FALSE, sizeof(ReportFault));
    g_array_set_clear_func(data->faults, clear_fault);
    data->pictures = g_ptr_array_new_with_free_func(g_free);
    if (!g_file_test(folder, G_FILE_TEST_IS_DIR)) {
        g_set_error(error, DATA_ERROR, 0,
                    "%s: not a folder; expected a run folder", folder);
        return NULL;
    }
    if (!read_run(data, folder, error) ||
        !read_rows(data, folder, "roles.csv", ROLES_COLUMNS, role_row, error) ||
        !read_rows(data, folder, "faults.csv", FAULTS_COLUMNS, fault_row,
                   error)) {
        return NULL;
    }
    data->scenario = read_text(folder, "scenario.yaml", false);
    data->plan = read_text(folder, "plan.yaml", false);
    data->crash = read_text(folder, "crash.txt", false);
    data->title = read_title(data);
    data->events = read_text(folder, "last_events.txt", false);
    if (data->events == NULL) {
        data->events = read_text(folder, "trace.txt", true);
    }
    find_pictures(data, folder);
    return g_steal_pointer(&data);
}

static bool
read_run(ReportData *data, const char *folder, GError **error)
{
    static const char *const texts[] = {"scenario", "seed",  "verdict",
                                        "digest",   "build", "replay"};
    g_autofree char *path = g_build_filename(folder, "run.json", NULL);
    GError *wrong = NULL;
    JsonNode *root;

    if (!g_file_test(path, G_FILE_TEST_IS_REGULAR)) {
        g_set_error(error, DATA_ERROR, 0,
                    "%s: no run.json in it; expected a run folder", folder);
        return false;
    }
    data->parser = json_parser_new();
    if (!json_parser_load_from_file(data->parser, path, &wrong)) {
        g_strdelimit(wrong->message, "\n", ' ');
        g_set_error(error, DATA_ERROR, 0, "%s: %s", path, wrong->message);
        g_error_free(wrong);
        return false;
    }
    root = json_parser_get_root(data->parser);
    if (root == NULL || !JSON_NODE_HOLDS_OBJECT(root)) {
        g_set_error(error, DATA_ERROR, 0,
                    "%s: expected the JSON object of a "
                    "run",
                    path);
        return false;
    }
    data->run = json_node_get_object(root);
    for (unsigned i = 0; i < G_N_ELEMENTS(texts); i++) {
        if (report_json_text(data->run, texts[i], NULL) == NULL) {
            g_set_error(error, DATA_ERROR, 0,
                        "%s: key \"%s\" is missing or not what a run writes",
                        path, texts[i]);
            return false;
        }
    }
    data->end = report_json_count(data->run, "virtual_ns");
    return true;
}

/* scenario.yaml is what scenario_text() writes: `title: "..."` in JSON's
 * escapes. */
static char *
read_title(const ReportData *data)
{
    const char *at = data->scenario;
    const char *end;

    while (at != NULL && !g_str_has_prefix(at, "title: \"")) {
        at = strchr(at, '\n');
        at += at != NULL;
    }
    if (at != NULL && (end = strstr(at, "\"\n")) != NULL && end > at + 8) {
        g_autofree char *quoted = g_strndup(at + 8, (gsize)(end - at - 8));

        return g_strcompress(quoted);
    }
    return g_strdup(report_json_text(data->run, "scenario", ""));
}

static bool
read_rows(ReportData *data, const char *folder, const char *name,
          const char *columns, bool (*row)(ReportData *data, char **fields),
          GError **error)
{
    g_autofree char *path = g_build_filename(folder, name, NULL);
    g_autofree char *text = NULL;
    g_auto(GStrv) lines = NULL;

    if (!g_file_get_contents(path, &text, NULL, NULL)) {
        g_set_error(error, DATA_ERROR, 0,
                    "%s: no %s in it; expected a run folder", folder, name);
        return false;
    }
    lines = g_strsplit(text, "\n", -1);
    if (lines[0] == NULL || !g_str_has_prefix(lines[0], columns)) {
        g_set_error(error, DATA_ERROR, 0,
                    "%s: found other columns, expected %s", path, columns);
        return false;
    }
    for (unsigned i = 1; lines[i] != NULL && lines[i][0] != '\0'; i++) {
        g_auto(GStrv) fields = g_strsplit(lines[i], ",", -1);

        /* Later columns are not for us. */
        if (g_strv_length(fields) < 5 || !row(data, fields)) {
            g_set_error(error, DATA_ERROR, 0,
                        "%s:%u: found '%.60s', expected %s", path, i + 1,
                        lines[i], columns);
            return false;
        }
    }
    return true;
}

static bool
role_row(ReportData *data, char **fields)
{
    ReportRole role = {0};
    uint64_t node, kind;

    if (!number(fields[0], NODE_ID_MAX, &node) || node == 0 ||
        !number(fields[1], REPORT_ROLE_COUNT - 1, &kind) ||
        !number(fields[2], UINT64_MAX, &role.term) ||
        !number(fields[3], SIM_NEVER, &role.start) ||
        !number(fields[4], SIM_NEVER, &role.end) || role.end < role.start) {
        return false;
    }
    role.node = (NodeId)node;
    role.role = (unsigned)kind;
    data->node_count = MAX(data->node_count, role.node);
    g_array_append_val(data->roles, role);
    return true;
}

static bool
fault_row(ReportData *data, char **fields)
{
    ReportFault fault = {0};

    if (!number(fields[0], UINT64_MAX, &fault.line) ||
        !number(fields[2], SIM_NEVER, &fault.start) ||
        !number(fields[3], SIM_NEVER, &fault.end) || fault.end < fault.start) {
        return false;
    }
    fault.kind = g_strdup(fields[1]);
    fault.whom = g_strdup(fields[4]);
    g_array_append_val(data->faults, fault);
    return true;
}

static bool
number(const char *text, uint64_t high, uint64_t *value)
{
    return g_ascii_string_to_unsigned(text, 10, 0, high, value, NULL);
}

/* NULL: there is none. @tail: only the last whole lines of it. */
static char *
read_text(const char *folder, const char *name, bool tail)
{
    g_autofree char *path = g_build_filename(folder, name, NULL);
    char *text;
    gsize size;
    char *from;

    if (!tail) {
        return g_file_get_contents(path, &text, NULL, NULL) ? text : NULL;
    }

    g_autoptr(GMappedFile) file = g_mapped_file_new(path, FALSE, NULL);

    if (file == NULL || g_mapped_file_get_length(file) == 0) {
        return NULL;
    }
    text = g_mapped_file_get_contents(file);
    size = g_mapped_file_get_length(file);
    if (size <= TAIL_BYTES) {
        return g_strndup(text, size);
    }
    from = memchr(text + size - TAIL_BYTES, '\n', TAIL_BYTES);
    return from != NULL ? g_strndup(from + 1, (gsize)(text + size - from - 1))
                        : NULL;
}

/* What a check drew comes first, then the series in the order in which they
 * explain each other. */
static void
find_pictures(ReportData *data, const char *folder)
{
    static const char *const series[] = {"latency.svg", "rate.svg",
                                         "roles.svg"};
    GDir *dir = g_dir_open(folder, 0, NULL);
    const char *name;

    while (dir != NULL && (name = g_dir_read_name(dir)) != NULL) {
        bool known = false;

        for (unsigned i = 0; i < G_N_ELEMENTS(series); i++) {
            known = known || strcmp(name, series[i]) == 0;
        }
        if (!known && g_str_has_suffix(name, ".svg")) {
            g_ptr_array_add(data->pictures, g_strdup(name));
        }
    }
    if (dir != NULL) {
        g_dir_close(dir);
    }
    g_ptr_array_sort(data->pictures, by_name);
    for (unsigned i = 0; i < G_N_ELEMENTS(series); i++) {
        g_autofree char *path = g_build_filename(folder, series[i], NULL);

        if (g_file_test(path, G_FILE_TEST_IS_REGULAR)) {
            g_ptr_array_add(data->pictures, g_strdup(series[i]));
        }
    }
}

static gint
by_name(gconstpointer left, gconstpointer right)
{
    return strcmp(*(char *const *)left, *(char *const *)right);
}

const char *
report_role_name(unsigned role)
{
    static const char *const names[REPORT_ROLE_COUNT] = {
        "follower", "pre-candidate", "candidate", "leader", "down", "up"};

    return names[MIN(role, REPORT_ROLE_COUNT - 1)];
}

const ReportRole *
report_role_at(const ReportData *data, NodeId node, SimTime at)
{
    const ReportRole *found = NULL;

    for (unsigned i = 0; i < data->roles->len; i++) {
        const ReportRole *role = &g_array_index(data->roles, ReportRole, i);

        if (role->node == node && role->start <= at) {
            found = role;
        }
    }
    return found;
}

const char *
report_json_text(JsonObject *object, const char *name, const char *fallback)
{
    JsonNode *node = json_object_get_member(object, name);

    return node != NULL && json_node_get_value_type(node) == G_TYPE_STRING
               ? json_node_get_string(node)
               : fallback;
}

uint64_t
report_json_count(JsonObject *object, const char *name)
{
    JsonNode *node = json_object_get_member(object, name);

    return node != NULL && json_node_get_value_type(node) == G_TYPE_INT64 &&
                   json_node_get_int(node) > 0
               ? (uint64_t)json_node_get_int(node)
               : 0;
}

JsonObject *
report_json_object(JsonObject *object, const char *name)
{
    JsonNode *node = json_object_get_member(object, name);

    return node != NULL && JSON_NODE_HOLDS_OBJECT(node)
               ? json_node_get_object(node)
               : NULL;
}

JsonArray *
report_json_array(JsonObject *object, const char *name)
{
    JsonNode *node = json_object_get_member(object, name);

    return node != NULL && JSON_NODE_HOLDS_ARRAY(node)
               ? json_node_get_array(node)
               : NULL;
}

JsonObject *
report_json_item(JsonArray *array, unsigned index)
{
    JsonNode *node = json_array_get_element(array, index);

    return node != NULL && JSON_NODE_HOLDS_OBJECT(node)
               ? json_node_get_object(node)
               : NULL;
}

void
report_data_free(ReportData *data)
{
    if (data == NULL) {
        return;
    }
    g_clear_object(&data->parser);
    g_free(data->title);
    g_array_unref(data->roles);
    g_array_unref(data->faults);
    g_free(data->scenario);
    g_free(data->plan);
    g_free(data->crash);
    g_free(data->events);
    g_ptr_array_unref(data->pictures);
    g_free(data);
}

static void
clear_fault(gpointer fault)
{
    g_free(((ReportFault *)fault)->kind);
    g_free(((ReportFault *)fault)->whom);
}

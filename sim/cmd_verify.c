/* SPDX-License-Identifier: Apache-2.0 */
/* `seedbed verify`: the same run under all that must not matter. Every cell of
 * the matrix is a fresh process of this program; ASLR moves everything by
 * itself. */
#include <inttypes.h>
#include <json-glib/json-glib.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#include "sim/bisect.h"
#include "sim/catalogue.h"
#include "sim/command.h"
#include "sim/scratch.h"

/* How often two sides that differed are run again to see where. */
#define ATTEMPTS 3u

#define CELLS_MAX 8u

typedef struct VerifyCell {
    EngineIsolation isolation;
    unsigned workers;
    unsigned fill; /* glibc.malloc.perturb; 0: as it comes */
    unsigned surroundings;
    /* what it gave */
    bool ran;
    char *name; /* of the scenario */
    char *digest, *verdict;
    uint64_t events;
    uint64_t wall_ns;
} VerifyCell;

/* What no run may depend on: language, time zone, and how large the
 * environment is, which moves the stack. */
static const struct {
    const char *name, *language, *zone;
    size_t padding;
} surroundings[] = {
    {"plain", "C", "UTC", 0},
    {"tokyo", "ja_JP.UTF-8", "Asia/Tokyo", 5000},
    {"turkey", "tr_TR.UTF-8", "America/St_Johns", 60000},
};

static const VerifyCell matrix[] = {
    {.isolation = ENGINE_INLINE, .workers = 1},
    {.isolation = ENGINE_INLINE, .workers = 1, .fill = 165, .surroundings = 2},
    {.isolation = ENGINE_INLINE, .workers = 2, .fill = 90, .surroundings = 1},
    {.isolation = ENGINE_INLINE, .workers = 4, .surroundings = 2},
    {.isolation = ENGINE_PROCESS, .workers = 1, .surroundings = 1},
    {.isolation = ENGINE_PROCESS, .workers = 2, .fill = 165},
    {.isolation = ENGINE_PROCESS, .workers = 4, .fill = 255, .surroundings = 2},
};
G_STATIC_ASSERT(G_N_ELEMENTS(matrix) <= CELLS_MAX);

typedef struct Verify {
    const CommandOptions *given;
    const char *scenario;
    RunOptions options; /* as judged; passed on as they were given */
    VerifyCell cells[CELLS_MAX];
    unsigned cell_count;
    unsigned odd;   /* the first cell that is not like cell 0; 0: none */
    GString *words; /* about the difference */
    BisectPlace place;
} Verify;

static int verify(Verify *verify);
static bool judge_options(const CommandOptions *given);
static void choose_cells(Verify *verify);
static int run_cell(const Verify *verify, VerifyCell *cell, const char *out);
static char *own_path(void);
static GPtrArray *arguments(const Verify *verify, const VerifyCell *cell,
                            const char *out);
static char **environment_of(const VerifyCell *cell);
static bool read_cell(VerifyCell *cell, const char *json);
static bool alike(const VerifyCell *a, const VerifyCell *b);
static int find_difference(Verify *verify);
static int compare_again(Verify *verify, const char *folder, bool *different);
static void print_head(const Verify *verify);
static void print_cell(const VerifyCell *cell);
static void print_json(const Verify *verify);

int
cmd_verify(int argc, char **argv)
{
    g_auto(CommandOptions) given = {0};
    Verify work = {.given = &given};
    g_autofree char *path = NULL;
    char *operands[1];
    int status;

    if (!command_parse(&argc, &argv, "SCENARIO",
                       "seedbed verify tests/scenarios/raft-partition.yaml "
                       "--seed 7",
                       NULL, &given, 1, 1, operands, &status)) {
        return status;
    }
    if (!judge_options(&given) || !command_run_options(&given, &work.options)) {
        return RUN_BAD_ARGUMENTS;
    }
    path = catalogue_find(operands[0]);
    work.scenario = path;
    work.words = g_string_new(NULL);
    choose_cells(&work);
    status = verify(&work);
    for (unsigned i = 0; i < work.cell_count; i++) {
        g_free(work.cells[i].name);
        g_free(work.cells[i].digest);
        g_free(work.cells[i].verdict);
    }
    g_string_free(work.words, TRUE);
    bisect_place_clear(&work.place);
    return status;
}

static int
verify(Verify *work)
{
    bool words = !work->given->json && !work->given->quiet;
    int status = 0;

    for (unsigned i = 0; i < work->cell_count && status == 0; i++) {
        status = run_cell(work, &work->cells[i], NULL);
        if (status == 0 && words) {
            if (i == 0) {
                print_head(work);
            }
            print_cell(&work->cells[i]);
        }
        if (status == 0 && work->odd == 0 &&
            !alike(&work->cells[0], &work->cells[i])) {
            work->odd = i;
        }
    }
    if (status == 0 && work->odd != 0) {
        status = find_difference(work);
    }
    if (status == RUN_BAD_ARGUMENTS || status == RUN_INTERNAL) {
        return status;
    }
    if (work->given->json) {
        print_json(work);
    } else if (words && work->odd == 0) {
        printf("\none digest %s\n", work->cells[0].digest);
    } else if (words) {
        printf("\n%s", work->words->str);
    }
    return work->odd == 0 ? 0 : 1;
}

static bool
judge_options(const CommandOptions *given)
{
    if (given->traces != NULL || given->captures != NULL || given->no_out) {
        command_complain("verify",
                         "--trace, --capture and --no-out: expected none of "
                         "them; --out DIR keeps the two sides of a "
                         "difference");
        return false;
    }
    return true;
}

/* All of the matrix, or what --isolation and --workers leave of it. */
static void
choose_cells(Verify *work)
{
    for (unsigned i = 0; i < G_N_ELEMENTS(matrix); i++) {
        VerifyCell cell = matrix[i];

        if (work->given->isolation != NULL &&
            cell.isolation != work->options.isolation) {
            continue;
        }
        if (work->given->workers != NULL) {
            cell.workers = work->options.workers;
        }
        work->cells[work->cell_count++] = cell;
    }
    g_assert(work->cell_count >= 2);
}

/* Returns 0, or the exit code of a run that could not be made. A violated run
 * is a run as any other. */
static int
run_cell(const Verify *work, VerifyCell *cell, const char *out)
{
    g_autoptr(GPtrArray) words = arguments(work, cell, out);
    g_auto(GStrv) variables = environment_of(cell);
    g_autofree char *json = NULL;
    g_autofree char *complaint = NULL;
    GError *error = NULL;
    int status = 0;

    fflush(stdout);
    if (!g_spawn_sync(NULL, (char **)words->pdata, variables, G_SPAWN_DEFAULT,
                      NULL, NULL, &json, &complaint, &status, &error)) {
        command_complain("verify", "%s", error->message);
        g_error_free(error);
        return RUN_INTERNAL;
    }
    status = WIFEXITED(status) ? WEXITSTATUS(status) : RUN_INTERNAL;
    if (status != RUN_PASS && status != RUN_VIOLATED && status != RUN_UNKNOWN) {
        g_strchomp(complaint);
        command_complain(
            "verify", "%s, %u workers: %s",
            cell->isolation == ENGINE_PROCESS ? "process" : "inline",
            cell->workers, complaint[0] != '\0' ? complaint : "it died");
        return status == RUN_BAD_ARGUMENTS ? status : RUN_INTERNAL;
    }
    if (!read_cell(cell, json)) {
        command_complain("verify", "a run printed no JSON object");
        return RUN_INTERNAL;
    }
    return 0;
}

/* The path, not /proc/self/exe itself, which is the child's own by then. */
static char *
own_path(void)
{
    char *path = g_file_read_link("/proc/self/exe", NULL);

    return path != NULL ? path : g_strdup("seedbed");
}

static GPtrArray *
arguments(const Verify *work, const VerifyCell *cell, const char *out)
{
    const CommandOptions *given = work->given;
    const char *const options[][2] = {{"--seed", given->seed},
                                      {"--plan", given->plan},
                                      {"--explore-order", given->explore}};
    GPtrArray *words = g_ptr_array_new_with_free_func(g_free);

    g_ptr_array_add(words, own_path());
    g_ptr_array_add(words, g_strdup("run"));
    g_ptr_array_add(words, g_strdup("--json"));
    if (out != NULL) {
        g_ptr_array_add(words, g_strdup("--trace=binary"));
        g_ptr_array_add(words, g_strdup_printf("--out=%s", out));
    } else {
        g_ptr_array_add(words, g_strdup("--no-out"));
    }
    g_ptr_array_add(words, g_strdup(cell->isolation == ENGINE_PROCESS
                                        ? "--isolation=process"
                                        : "--isolation=inline"));
    g_ptr_array_add(words, g_strdup_printf("--workers=%u", cell->workers));
    for (unsigned i = 0; i < G_N_ELEMENTS(options); i++) {
        if (options[i][1] != NULL) {
            g_ptr_array_add(
                words, g_strdup_printf("%s=%s", options[i][0], options[i][1]));
        }
    }
    for (unsigned i = 0; given->sets != NULL && given->sets[i] != NULL; i++) {
        g_ptr_array_add(words, g_strdup_printf("--set=%s", given->sets[i]));
    }
    for (unsigned i = 0; given->bugs != NULL && given->bugs[i] != NULL; i++) {
        g_ptr_array_add(words, g_strdup_printf("--bug=%s", given->bugs[i]));
    }
    g_ptr_array_add(words, g_strdup("--"));
    g_ptr_array_add(words, g_strdup(work->scenario));
    g_ptr_array_add(words, NULL);
    return words;
}

static char **
environment_of(const VerifyCell *cell)
{
    const char *language = surroundings[cell->surroundings].language;
    size_t size = surroundings[cell->surroundings].padding;
    char **variables = g_get_environ();

    variables = g_environ_setenv(variables, "LANG", language, TRUE);
    variables = g_environ_setenv(variables, "LC_ALL", language, TRUE);
    variables = g_environ_setenv(variables, "TZ",
                                 surroundings[cell->surroundings].zone, TRUE);
    if (size > 0) {
        g_autofree char *padding = g_strnfill(size, 'x');

        variables =
            g_environ_setenv(variables, "SEEDBED_PADDING", padding, TRUE);
    }
    if (cell->fill != 0) {
        const char *tunables = g_environ_getenv(variables, "GLIBC_TUNABLES");
        g_autofree char *fill = g_strdup_printf("%u", cell->fill);
        g_autofree char *all = g_strdup_printf(
            "%s%sglibc.malloc.perturb=%u", tunables != NULL ? tunables : "",
            tunables != NULL ? ":" : "", cell->fill);

        variables = g_environ_setenv(variables, "GLIBC_TUNABLES", all, TRUE);
        variables = g_environ_setenv(variables, "MALLOC_PERTURB_", fill, TRUE);
    }
    return variables;
}

static bool
read_cell(VerifyCell *cell, const char *json)
{
    g_autoptr(JsonNode) root = json_from_string(json, NULL);
    JsonObject *object;

    if (root == NULL || !JSON_NODE_HOLDS_OBJECT(root)) {
        return false;
    }
    object = json_node_get_object(root);
    g_free(cell->name);
    g_free(cell->digest);
    g_free(cell->verdict);
    cell->name = g_strdup(
        json_object_get_string_member_with_default(object, "scenario", ""));
    cell->digest = g_strdup(
        json_object_get_string_member_with_default(object, "digest", ""));
    cell->verdict = g_strdup(
        json_object_get_string_member_with_default(object, "verdict", ""));
    cell->events =
        (uint64_t)json_object_get_int_member_with_default(object, "events", 0);
    cell->wall_ns =
        (uint64_t)json_object_get_int_member_with_default(object, "wall_ns", 0);
    cell->ran = true;
    return cell->digest[0] != '\0';
}

static bool
alike(const VerifyCell *a, const VerifyCell *b)
{
    return strcmp(a->digest, b->digest) == 0 &&
           strcmp(a->verdict, b->verdict) == 0 && a->events == b->events;
}

/* Both sides once more, with traces, until they differ again. */
static int
find_difference(Verify *work)
{
    char *scratch = NULL;
    GError *error = NULL;
    bool different = false;
    int status = 0;

    if (work->given->out == NULL) {
        scratch = scratch_new(&error);
        if (scratch == NULL) {
            command_complain("verify", "%s", error->message);
            g_error_free(error);
            return RUN_INTERNAL;
        }
    }
    for (unsigned i = 0; i < ATTEMPTS && !different && status == 0; i++) {
        status = compare_again(
            work, scratch != NULL ? scratch : work->given->out, &different);
    }
    if (status == 0 && !different) {
        g_string_append_printf(work->words,
                               "the digests differed, but run again %u times "
                               "both sides were alike\n",
                               ATTEMPTS);
    }
    scratch_free(scratch);
    return status;
}

static int
compare_again(Verify *work, const char *folder, bool *different)
{
    VerifyCell cells[2] = {work->cells[0], work->cells[work->odd]};
    RunFolder *sides[2] = {NULL, NULL};
    GError *error = NULL;
    int status = 0;

    for (unsigned i = 0; i < 2 && status == 0; i++) {
        g_autofree char *out =
            g_build_filename(folder, i == 0 ? "a" : "b", NULL);

        cells[i].name = cells[i].digest = cells[i].verdict = NULL;
        status = run_cell(work, &cells[i], out);
        if (status == 0) {
            sides[i] = run_folder_load(out, &error);
        }
        g_free(cells[i].name);
        g_free(cells[i].digest);
        g_free(cells[i].verdict);
        if (status == 0 && sides[i] == NULL) {
            status = RUN_INTERNAL;
        }
    }
    if (status == 0) {
        g_string_assign(work->words, "");
        switch (bisect_folders(sides[0], sides[1], work->words, &work->place,
                               &error)) {
        case BISECT_FAILED:
            status = RUN_INTERNAL;
            break;
        case BISECT_DIFFERENT:
            *different = true;
            break;
        case BISECT_SAME:
            break;
        }
    }
    if (error != NULL) {
        command_complain("verify", "%s", error->message);
        g_error_free(error);
    }
    run_folder_free(sides[0]);
    run_folder_free(sides[1]);
    return status;
}

static void
print_head(const Verify *work)
{
    printf("%s, seed %" PRIu64 "\n\n"
           "  isolation  workers  malloc fill  environment  digest             "
           "               verdict      events  seconds\n",
           work->cells[0].name, work->options.seed);
}

static void
print_cell(const VerifyCell *cell)
{
    g_autofree char *fill =
        cell->fill != 0 ? g_strdup_printf("%u", cell->fill) : g_strdup("-");

    printf("  %-9s  %7u  %11s  %-11s  %-32s  %-8s %10" PRIu64 " %8.3f\n",
           cell->isolation == ENGINE_PROCESS ? "process" : "inline",
           cell->workers, fill, surroundings[cell->surroundings].name,
           cell->digest, cell->verdict, cell->events,
           (double)cell->wall_ns / 1e9);
    fflush(stdout);
}

static void
print_json(const Verify *work)
{
    g_autoptr(JsonBuilder) json = json_builder_new();
    g_autoptr(JsonNode) root = NULL;
    g_autofree char *seed = g_strdup_printf("%" PRIu64, work->options.seed);
    g_autofree char *text = NULL;

#define MEMBER(name, kind, value)                                              \
    json_builder_set_member_name(json, name);                                  \
    json_builder_add_##kind##_value(json, value)
    json_builder_begin_object(json);
    MEMBER("scenario", string, work->cells[0].name);
    MEMBER("seed", string, seed);
    MEMBER("same", boolean, work->odd == 0);
    MEMBER("digest", string, work->cells[0].digest);
    json_builder_set_member_name(json, "cells");
    json_builder_begin_array(json);
    for (unsigned i = 0; i < work->cell_count; i++) {
        const VerifyCell *cell = &work->cells[i];

        json_builder_begin_object(json);
        MEMBER("isolation", string,
               cell->isolation == ENGINE_PROCESS ? "process" : "inline");
        MEMBER("workers", int, cell->workers);
        MEMBER("malloc_fill", int, cell->fill);
        MEMBER("environment", string, surroundings[cell->surroundings].name);
        MEMBER("digest", string, cell->digest);
        MEMBER("verdict", string, cell->verdict);
        MEMBER("events", int, (gint64)cell->events);
        MEMBER("wall_ns", int, (gint64)cell->wall_ns);
        json_builder_end_object(json);
    }
    json_builder_end_array(json);
    json_builder_set_member_name(json, "first_difference");
    if (work->odd == 0) {
        json_builder_add_null_value(json);
    } else {
        json_builder_begin_object(json);
        MEMBER("event", int, (gint64)work->place.event);
        MEMBER("at_ns", int, (gint64)work->place.at);
        MEMBER("node", int, work->place.node);
        MEMBER("words", string, work->words->str);
        json_builder_end_object(json);
    }
    json_builder_end_object(json);
#undef MEMBER
    root = json_builder_get_root(json);
    text = json_to_string(root, TRUE);
    puts(text);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Who may write where. Seeds of different scenarios, options or builds must
 * not get into one table: their rows could not be told apart. */
#include "sim/sweep_folder.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "nodes/hash.h"
#include "sim/build_id.h"
#include "sim/scratch.h"

#define FOLDER_ERROR (g_quark_from_static_string("seedbed-sweep"))

/* What must be the same for all who work on a folder: its name in the
 * database, and in words. */
typedef struct Definition {
    const char *name, *words;
    char *value;
} Definition;

static int enter(SweepFolder *folder, const SweepWork *work, GError **error);
static int begin(SweepFolder *folder, const SweepWork *work, GError **error);
static int join(SweepFolder *folder, const SweepWork *work, bool live,
                GError **error);
static bool is_finished(Results *results);
static int set_aside(const char *folder, char **aside, GError **error);
static bool is_strange(const char *folder);
static GArray *definitions(const SweepWork *work);
static void clear_definition(void *definition);
static char *hash_text(const void *data, size_t size);
static bool write_definition(Results *results, const SweepWork *work,
                             GError **error);
static bool write_plan(Results *results, const SweepOptions *options,
                       GError **error);

int
sweep_folder_enter(SweepFolder *folder, const SweepWork *work, GError **error)
{
    int status = enter(folder, work, error);

    if (status == 0) {
        folder->number =
            results_owner_enter(folder->owner, folder->results, error);
        status = folder->number != 0 ? 0 : RUN_INTERNAL;
    }
    if (status != 0) {
        results_close(g_steal_pointer(&folder->results));
        results_owner_free(g_steal_pointer(&folder->owner));
    }
    return status;
}

/* Through the gate, with a database that is ours to write. */
static int
enter(SweepFolder *folder, const SweepWork *work, GError **error)
{
    const SweepOptions *options = work->options;
    g_autofree char *path = g_build_filename(options->out, RESULTS_FILE, NULL);
    char *aside = NULL;
    int status;

    if (options->resume && !g_file_test(path, G_FILE_TEST_EXISTS)) {
        g_set_error(error, FOLDER_ERROR, 0,
                    "--resume: found no " RESULTS_FILE
                    " in %s, expected a sweep to go on with",
                    options->out);
        return RUN_BAD_ARGUMENTS;
    }
    for (;;) {
        bool live;

        if (is_strange(options->out)) {
            g_set_error(error, FOLDER_ERROR, 0,
                        "--out %s: found a folder that is not of a sweep, "
                        "expected none, an empty one or one with " RESULTS_FILE,
                        options->out);
            return RUN_BAD_ARGUMENTS;
        }
        folder->owner = results_owner_new(options->out, error);
        if (folder->owner == NULL) {
            return RUN_BAD_ARGUMENTS;
        }
        live = results_owner_others(folder->owner);
        if (!g_file_test(path, G_FILE_TEST_EXISTS)) {
            status = begin(folder, work, error);
            scratch_free(aside);
            return status;
        }
        folder->results = results_open(path, true, error);
        if (folder->results == NULL) {
            return RUN_BAD_ARGUMENTS;
        }
        if (live || options->resume || aside != NULL ||
            (options->shards > 1 && !options->restart)) {
            scratch_free(aside);
            return join(folder, work, live, error);
        }
        if (!options->restart && !is_finished(folder->results)) {
            uint64_t count = 0;

            for (unsigned i = 0; i < RESULTS_VERDICT_COUNT; i++) {
                count += results_count(folder->results, (ResultsVerdict)i);
            }
            g_set_error(error, FOLDER_ERROR, 0,
                        "%s: found an unfinished sweep with %" PRIu64
                        " results, expected --resume to go on with it, "
                        "--restart to replace it, or --out DIR for another "
                        "folder",
                        options->out, count);
            return RUN_BAD_ARGUMENTS;
        }
        results_close(g_steal_pointer(&folder->results));
        status = set_aside(options->out, &aside, error);
        results_owner_free(g_steal_pointer(&folder->owner));
        if (status != 0) {
            return status;
        }
    }
}

static int
begin(SweepFolder *folder, const SweepWork *work, GError **error)
{
    g_autofree char *path =
        g_build_filename(work->options->out, RESULTS_FILE, NULL);

    folder->results = results_open(path, true, error);
    return folder->results != NULL &&
                   write_definition(folder->results, work, error)
               ? 0
               : RUN_INTERNAL;
}

static int
join(SweepFolder *folder, const SweepWork *work, bool live, GError **error)
{
    g_autoptr(GArray) list = definitions(work);
    const char *out = work->options->out;

    for (unsigned i = 0; i < list->len; i++) {
        const Definition *item = &g_array_index(list, Definition, i);
        g_autofree char *there = results_value(folder->results, item->name);

        if (there == NULL) {
            /* Killed while it was being begun. */
            return write_definition(folder->results, work, error)
                       ? 0
                       : RUN_INTERNAL;
        }
        if (strcmp(there, item->value) != 0) {
            g_set_error(error, FOLDER_ERROR, 0,
                        "%s: found a sweep %swith another %s (%s), expected "
                        "%s; --out DIR begins one beside it",
                        out, live ? "that is running, " : "", item->words,
                        there[0] != '\0' ? there : "none",
                        item->value[0] != '\0' ? item->value : "none");
            return RUN_BAD_ARGUMENTS;
        }
    }
    return write_plan(folder->results, work->options, error) ? 0 : RUN_INTERNAL;
}

static bool
is_finished(Results *results)
{
    g_autofree char *finished = results_value(results, "finished");

    return g_strcmp0(finished, "yes") == 0;
}

/* Out of the way until the new one is there. */
static int
set_aside(const char *folder, char **aside, GError **error)
{
    g_autofree char *plain = g_strdup(folder);

    while (strlen(plain) > 1 && g_str_has_suffix(plain, "/")) {
        plain[strlen(plain) - 1] = '\0';
    }
    *aside = g_strdup_printf("%s.old-XXXXXX", plain);
    if (g_mkdtemp(*aside) == NULL || rename(plain, *aside) != 0) {
        g_set_error(error, FOLDER_ERROR, 0, "%s: cannot be replaced: %s", plain,
                    g_strerror(errno));
        g_clear_pointer(aside, g_free);
        return RUN_BAD_ARGUMENTS;
    }
    return 0;
}

/* Nobody's own files are moved by a slip in --out. */
static bool
is_strange(const char *folder)
{
    g_autofree char *results = g_build_filename(folder, RESULTS_FILE, NULL);
    g_autofree char *lock = g_build_filename(folder, RESULTS_OWNER_FILE, NULL);
    g_autoptr(GDir) dir = g_dir_open(folder, 0, NULL);

    return dir != NULL && g_dir_read_name(dir) != NULL &&
           !g_file_test(results, G_FILE_TEST_EXISTS) &&
           !g_file_test(lock, G_FILE_TEST_EXISTS);
}

static GArray *
definitions(const SweepWork *work)
{
    const SweepOptions *options = work->options;
    const RunOptions *run = options->run;
    GArray *list = g_array_new(FALSE, FALSE, sizeof(Definition));
    g_autoptr(GString) variants = g_string_new(NULL);
    g_autofree char *plan = work->plan != NULL ? plan_text(work->plan) : NULL;
    Definition items[] = {
        {"scenario", "scenario", g_strdup(work->scenario_name)},
        {"scenario_hash", "scenario file, by its hash",
         hash_text(work->scenario_text, work->scenario_size)},
        {"sets", "--set",
         run->sets != NULL ? g_strjoinv(" ", run->sets) : g_strdup("")},
        {"bugs", "--bug",
         run->bugs != NULL ? g_strjoinv(" ", run->bugs) : g_strdup("")},
        {"plan_hash", "--plan, by its hash",
         plan != NULL ? hash_text(plan, strlen(plan)) : g_strdup("")},
        {"explore_order", "--explore-order",
         g_strdup_printf("%" PRIu64, run->explore)},
        {"isolation", "--isolation",
         g_strdup(run->isolation == ENGINE_PROCESS ? "process" : "inline")},
        {"workers", "--workers", g_strdup_printf("%u", run->workers)},
        {"variants", "--vary", NULL},
        {"against", "--against", g_strdup(work->against_build)},
        {"build", "build", g_strdup(build_id_text())},
    };

    for (unsigned i = 0; i < options->variant_count; i++) {
        g_string_append_printf(variants, "%s%c %s", i > 0 ? "; " : "",
                               options->variants[i].build,
                               options->variants[i].name);
    }
    items[8].value = g_strdup(variants->str);
    g_array_append_vals(list, items, G_N_ELEMENTS(items));
    g_array_set_clear_func(list, clear_definition);
    return list;
}

static void
clear_definition(void *definition)
{
    g_free(((Definition *)definition)->value);
}

static char *
hash_text(const void *data, size_t size)
{
    return g_strdup_printf("%016" PRIx64, hash_bytes(data, size, 0));
}

static bool
write_definition(Results *results, const SweepWork *work, GError **error)
{
    const SweepOptions *options = work->options;
    g_autoptr(GArray) list = definitions(work);
    g_autoptr(GDateTime) now = g_date_time_new_now_utc();
    g_autofree char *begun = g_date_time_format(now, "%Y-%m-%dT%H:%M:%SZ");
    g_autofree char *text = g_strndup(work->scenario_text, work->scenario_size);
    bool good = results_begin(results, error);

    for (unsigned i = 0; good && i < list->len; i++) {
        const Definition *item = &g_array_index(list, Definition, i);

        good = results_set_value(results, item->name, item->value, error);
    }
    for (unsigned i = 0; good && i < options->variant_count; i++) {
        const SweepVariant *variant = &options->variants[i];

        good =
            results_add_variant(results, i + 1, variant->build, variant->name,
                                (const char *const *)variant->sets, error);
    }
    good = good && results_set_value(results, "begun", begun, error) &&
           results_set_value(results, "scenario_path", options->run->scenario,
                             error) &&
           results_set_value(results, "scenario_text", text, error) &&
           write_plan(results, options, error);
    if (!good) {
        results_rollback(results);
        return false;
    }
    return results_commit(results, error);
}

/* What this sweep is about to do; the last one to come says. */
static bool
write_plan(Results *results, const SweepOptions *options, GError **error)
{
    g_autofree char *first = g_strdup_printf("%" PRIu64, options->run->seed);
    g_autofree char *count =
        options->seed_count != UINT64_MAX
            ? g_strdup_printf("%" PRIu64, options->seed_count)
            : g_strdup("");

    return results_set_value(results, "first_seed", first, error) &&
           results_set_value(results, "seed_count", count, error) &&
           results_set_value(results, "command", options->command, error) &&
           results_set_value(results, "finished", "no", error);
}

bool
sweep_folder_leave(SweepFolder *folder, bool finished, GError **error)
{
    bool good = folder->results == NULL || !finished ||
                results_set_value(folder->results, "finished", "yes", error);

    results_close(g_steal_pointer(&folder->results));
    results_owner_free(g_steal_pointer(&folder->owner));
    return good;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* A scenario may borrow from files that stand beside it: they go into the
 * folder too, under names that need nothing but the folder. */
#include "sim/capsule.h"

#include <glib/gstdio.h>
#include <string.h>

#include "sim/build_id.h"
#include "sim/report.h"

static void remove_partial(const char *folder);
static bool write_files(DistributionFiles *files, const char *folder,
                        GString *scenario, GString *plan, GError **error);
static char *name_inside(const char *name, unsigned index);
static void rename_file(GString *text, const char *from, const char *to);
static bool write_text(const char *folder, const char *name, const char *text,
                       GError **error);

bool
capsule_write(const RunOptions *options, const Scenario *scenario,
              const Plan *plan, const char *folder, RunResult *result,
              GError **error)
{
    g_autofree char *scenario_whole = scenario_text(scenario);
    g_autofree char *plan_whole = plan_text(plan);
    g_autoptr(GString) scenario_yaml = g_string_new(scenario_whole);
    g_autoptr(GString) plan_yaml = g_string_new(plan_whole);
    g_autofree char *scenario_path =
        g_build_filename(folder, "scenario.yaml", NULL);
    g_autofree char *plan_path = g_build_filename(folder, "plan.yaml", NULL);
    const char *program =
        capsule_program(scenario->program, options->isolation);
    g_autofree char *json = NULL;
    bool good;

    remove_partial(folder);
    if (!write_files(scenario->files, folder, scenario_yaml, plan_yaml,
                     error) ||
        !write_text(folder, "scenario.yaml", scenario_yaml->str, error) ||
        !write_text(folder, "plan.yaml", plan_yaml->str, error) ||
        (result->crash[0] != '\0' &&
         !write_text(folder, "crash.txt", result->crash, error))) {
        return false;
    }
    result->scenario_hash = capsule_hash(scenario_path);
    result->plan_hash = capsule_hash(plan_path);
    result->program_hash = program != NULL ? capsule_hash(program) : 0;
    json = run_json(options, result);
    good = write_text(folder, "run.json", json, error);
    if (good && result->verdict == RUN_VIOLATED) {
        /* A capsule without its page is still a capsule. */
        (void)report_write(folder, NULL);
    }
    return good;
}

/* A node that took the engine's process along left files half-written; the
 * second look wrote them again. */
static void
remove_partial(const char *folder)
{
    GDir *entries = g_dir_open(folder, 0, NULL);
    const char *name;

    while (entries != NULL && (name = g_dir_read_name(entries)) != NULL) {
        if (g_str_has_suffix(name, ".partial")) {
            g_autofree char *path = g_build_filename(folder, name, NULL);

            (void)g_unlink(path);
        }
    }
    if (entries != NULL) {
        g_dir_close(entries);
    }
}

static bool
write_files(DistributionFiles *files, const char *folder, GString *scenario,
            GString *plan, GError **error)
{
    const Distribution *file;

    for (unsigned i = 0; (file = distribution_files_at(files, i)) != NULL;
         i++) {
        g_autofree char *name = name_inside(file->name, i);
        g_autofree char *text = distribution_text(file);

        rename_file(scenario, file->name, name);
        rename_file(plan, file->name, name);
        if (!write_text(folder, name, text, error)) {
            return false;
        }
    }
    return true;
}

/* Numbered: two folders may each have a file of one name. */
static char *
name_inside(const char *name, unsigned index)
{
    g_autofree char *base = g_path_get_basename(name);

    return strchr(name, '/') == NULL ? g_strdup(name)
                                     : g_strdup_printf("%u-%s", index, base);
}

static void
rename_file(GString *text, const char *from, const char *to)
{
    g_autofree char *said = g_strdup_printf("distribution %s", from);
    g_autofree char *say = g_strdup_printf("distribution %s", to);

    g_string_replace(text, said, say, 0);
}

static bool
write_text(const char *folder, const char *name, const char *text,
           GError **error)
{
    g_autofree char *path = g_build_filename(folder, name, NULL);

    return g_file_set_contents(path, text, -1, error);
}

uint64_t
capsule_hash(const char *path)
{
    return build_id_file(path);
}

const char *
capsule_program(const char *program, EngineIsolation isolation)
{
    if (strchr(program, '/') != NULL) {
        return program;
    }
    return isolation == ENGINE_PROCESS ? build_id_node_binary() : NULL;
}

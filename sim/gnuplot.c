/* SPDX-License-Identifier: Apache-2.0 */
/* One gnuplot a picture. */
#include "sim/gnuplot.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "sim/plot.h"

static char *find_scripts(void);
static char *last_line(const char *text);

bool
gnuplot_draw(const char *folder, const char *script, const char *name,
             const char *format, const char *const *arguments, GError **error)
{
    g_autofree char *gnuplot = g_find_program_in_path("gnuplot");
    g_autofree char *scripts = find_scripts();
    g_autofree char *path = g_build_filename(scripts, script, NULL);
    g_autofree char *partial =
        g_strdup_printf("%s/%s.%s.partial", folder, name, format);
    g_autofree char *final = g_strdup_printf("%s/%s.%s", folder, name, format);
    g_autofree char *complaint = NULL;
    g_autoptr(GPtrArray) words = g_ptr_array_new();
    const char *const first[] = {gnuplot, "-c", path, scripts, name, format};
    int status = 0;

    if (gnuplot == NULL) {
        g_set_error(error, PLOT_ERROR, PLOT_ERROR_NO_GNUPLOT,
                    "gnuplot is not installed: apt-get install gnuplot-nox");
        return false;
    }
    for (unsigned i = 0; i < G_N_ELEMENTS(first); i++) {
        g_ptr_array_add(words, (gpointer)first[i]);
    }
    for (unsigned i = 0; arguments[i] != NULL; i++) {
        g_ptr_array_add(words, (gpointer)arguments[i]);
    }
    g_ptr_array_add(words, NULL);
    if (!g_spawn_sync(folder, (char **)words->pdata, NULL,
                      G_SPAWN_STDOUT_TO_DEV_NULL, NULL, NULL, NULL, &complaint,
                      &status, error)) {
        g_prefix_error(error, "%s: ", gnuplot);
        return false;
    }
    if (status != 0 || rename(partial, final) != 0) {
        g_autofree char *line = last_line(complaint);

        (void)unlink(partial);
        g_set_error(error, PLOT_ERROR, PLOT_ERROR_GNUPLOT,
                    "%s: gnuplot failed: %s", final,
                    line[0] != '\0' ? line : "it made no picture");
        return false;
    }
    return true;
}

/* A program that runs from where it was installed uses what was installed
 * with it; one that runs from a build tree uses the source tree. */
static char *
find_scripts(void)
{
    const char *asked = g_getenv("SEEDBED_PLOTS");
    g_autofree char *program = g_file_read_link("/proc/self/exe", NULL);
    const char *installed = SEEDBED_PKGDATADIR "/plots";
    const char *source = SEEDBED_SOURCEDIR "/plots";
    bool is_installed =
        program != NULL && g_str_has_prefix(program, SEEDBED_BINDIR "/");

    if (asked != NULL && asked[0] != '\0') {
        return g_canonicalize_filename(asked, NULL);
    }
    if (!is_installed && g_file_test(source, G_FILE_TEST_IS_DIR)) {
        return g_strdup(source);
    }
    return g_strdup(installed);
}

static char *
last_line(const char *text)
{
    g_autofree char *copy = g_strchomp(g_strdup(text != NULL ? text : ""));
    const char *newline = strrchr(copy, '\n');

    return g_strdup(newline != NULL ? newline + 1 : copy);
}

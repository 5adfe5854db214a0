/* SPDX-License-Identifier: Apache-2.0 */
/* `seedbed plot`: pictures of a run, or over the seeds of sweeps. */
#include <stdio.h>

#include "sim/command.h"
#include "sim/plot.h"
#include "sim/results.h"
#include "sim/sweep_plot.h"

static bool is_sweep(const char *path);
static bool plot_sweeps(const SweepPlotOptions *options, gboolean quiet,
                        GError **error);

int
cmd_plot(int argc, char **argv)
{
    SweepPlotOptions options = {0};
    gboolean quiet = FALSE;
    const GOptionEntry entries[] = {
        {"metric", 'm', 0, G_OPTION_ARG_STRING_ARRAY, &options.metrics,
         "of a sweep: what to draw, such as latency_p50_ns; may be given more "
         "than once",
         "NAME"},
        {"out", 'o', 0, G_OPTION_ARG_FILENAME, &options.out,
         "of a sweep: where the pictures go (default its folder)", "DIR"},
        {"quiet", 'q', 0, G_OPTION_ARG_NONE, &quiet, "print nothing but errors",
         NULL},
        {NULL, 0, 0, 0, NULL, NULL, NULL}};
    const char *const *files = plot_files();
    GError *error = NULL;
    char *operands[2];
    bool good;
    int status;

    if (!command_parse(&argc, &argv, "DIR [SWEEP2]",
                       "seedbed plot out/raft-partition/7\n"
                       "  seedbed plot before/ after/ --metric latency_p99_ns",
                       entries, NULL, 1, 2, operands, &status)) {
        return status;
    }
    if (is_sweep(operands[0]) || operands[1] != NULL) {
        options.folder = operands[0];
        options.other = operands[1];
        good = plot_sweeps(&options, quiet, &error);
    } else if (options.metrics != NULL || options.out != NULL) {
        command_complain("plot", "--metric and --out: %s is no sweep folder",
                         operands[0]);
        return RUN_BAD_ARGUMENTS;
    } else {
        good = plot_run(operands[0], &error);
        for (unsigned i = 0; good && !quiet && files[i] != NULL; i++) {
            g_autofree char *path =
                g_build_filename(operands[0], files[i], NULL);

            puts(path);
        }
    }
    if (!good) {
        status = g_error_matches(error, PLOT_ERROR, PLOT_ERROR_NO_RUN)
                     ? RUN_BAD_ARGUMENTS
                     : RUN_INTERNAL;
        command_complain("plot", "%s", error->message);
        g_error_free(error);
        return status;
    }
    return 0;
}

static bool
is_sweep(const char *path)
{
    g_autofree char *results = g_build_filename(path, RESULTS_FILE, NULL);

    return g_file_test(results, G_FILE_TEST_EXISTS);
}

static bool
plot_sweeps(const SweepPlotOptions *options, gboolean quiet, GError **error)
{
    g_autoptr(GPtrArray) files = g_ptr_array_new_with_free_func(g_free);
    const char *folder = options->out != NULL ? options->out : options->folder;
    bool good = sweep_plot(options, files, error);

    for (unsigned i = 0; !quiet && i < files->len; i++) {
        g_autofree char *path =
            g_build_filename(folder, (char *)files->pdata[i], NULL);

        puts(path);
    }
    return good;
}

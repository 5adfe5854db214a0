/* SPDX-License-Identifier: Apache-2.0 */
/* `seedbed plot`: pictures of a run. */
#include <stdio.h>

#include "sim/command.h"
#include "sim/plot.h"

int
cmd_plot(int argc, char **argv)
{
    gboolean quiet = FALSE;
    const GOptionEntry entries[] = {{"quiet", 'q', 0, G_OPTION_ARG_NONE, &quiet,
                                     "print nothing but errors", NULL},
                                    {NULL, 0, 0, 0, NULL, NULL, NULL}};
    const char *const *files = plot_files();
    GError *error = NULL;
    char *operands[1];
    int status;

    if (!command_parse(&argc, &argv, "DIR", "seedbed plot out/raft-partition/7",
                       entries, NULL, 1, 1, operands, &status)) {
        return status;
    }
    if (!plot_run(operands[0], &error)) {
        status = g_error_matches(error, PLOT_ERROR, PLOT_ERROR_NO_RUN)
                     ? RUN_BAD_ARGUMENTS
                     : RUN_INTERNAL;
        command_complain("plot", "%s", error->message);
        g_error_free(error);
        return status;
    }
    for (unsigned i = 0; !quiet && files[i] != NULL; i++) {
        g_autofree char *path = g_build_filename(operands[0], files[i], NULL);

        puts(path);
    }
    return 0;
}

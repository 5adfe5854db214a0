/* SPDX-License-Identifier: Apache-2.0 */
/* `seedbed report`: one page about a run. */
#include <stdio.h>

#include "sim/command.h"
#include "sim/report.h"

int
cmd_report(int argc, char **argv)
{
    gboolean quiet = FALSE;
    const GOptionEntry entries[] = {{"quiet", 'q', 0, G_OPTION_ARG_NONE, &quiet,
                                     "print nothing but errors", NULL},
                                    {NULL, 0, 0, 0, NULL, NULL, NULL}};
    GError *error = NULL;
    char *operands[1];
    int status;

    if (!command_parse(&argc, &argv, "DIR",
                       "seedbed report out/raft-partition/7", entries, NULL, 1,
                       1, operands, &status)) {
        return status;
    }
    if (!report_write(operands[0], &error)) {
        status = g_error_matches(error, REPORT_ERROR, REPORT_ERROR_NO_RUN)
                     ? RUN_BAD_ARGUMENTS
                     : RUN_INTERNAL;
        command_complain("report", "%s", error->message);
        g_error_free(error);
        return status;
    }
    if (!quiet) {
        g_autofree char *path =
            g_build_filename(operands[0], REPORT_FILE, NULL);

        puts(path);
    }
    return 0;
}

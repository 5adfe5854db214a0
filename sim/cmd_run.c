/* SPDX-License-Identifier: Apache-2.0 */
/* `seedbed run`: one run, and one screen about it. */
#include <inttypes.h>
#include <stdio.h>

#include "sim/catalogue.h"
#include "sim/command.h"
#include "sim/summary.h"

int
cmd_run(int argc, char **argv)
{
    g_auto(CommandOptions) given = {0};
    RunOptions options;
    static RunResult result;
    GError *error = NULL;
    char *operands[1];
    g_autofree char *path = NULL;
    int status;

    if (!command_parse(&argc, &argv, "SCENARIO",
                       "seedbed run tests/scenarios/raft-partition.yaml "
                       "--seed 7 --trace text --capture pcap",
                       NULL, &given, 1, 1, operands, &status)) {
        return status;
    }
    if (!command_run_options(&given, &options)) {
        return RUN_BAD_ARGUMENTS;
    }
    path = catalogue_find(operands[0]);
    options.scenario = path;
    status = run_scenario(&options, &result, &error);
    if (error != NULL) {
        fprintf(stderr, "seedbed run: %s\n", error->message);
        g_error_free(error);
        return status;
    }
    if (given.json) {
        g_autofree char *json = run_json(&options, &result);

        puts(json);
    } else if (!given.quiet) {
        summary_print(stdout, &options, &result);
    }
    return status;
}

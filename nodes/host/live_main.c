/* SPDX-License-Identifier: Apache-2.0 */
/* From a configuration file to a running node. Apart from live.c so that a
 * test can carry a program of its own. */
#include "nodes/host/live.h"

#include <stdio.h>

#include "nodes/host/programs.h"

int
live_main(const char *config_path)
{
    GError *error = NULL;
    char text[256];
    LiveConfig *config = live_config_load(config_path, &error);
    const NodeProgram *program;
    int code;

    if (config == NULL) {
        fprintf(stderr, "seedbed-node: %s\n", error->message);
        g_error_free(error);
        return LIVE_BAD_CONFIG;
    }
    program = programs_find(config->program, text, sizeof text);
    if (program == NULL) {
        fprintf(stderr, "seedbed-node: %s: program: %s\n", config_path, text);
        code = LIVE_BAD_CONFIG;
    } else {
        code = live_carry(config, program);
    }
    live_config_free(config);
    return code;
}

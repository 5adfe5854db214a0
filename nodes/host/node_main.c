/* SPDX-License-Identifier: Apache-2.0 */
/* seedbed-node: the program that carries one node, as a simulated process
 * that seedbed starts. */
#include <stdio.h>
#include <string.h>

#include "nodes/bugs.h"
#include "nodes/host/child.h"
#include "nodes/host/programs.h"

static const char usage[] =
    "usage: seedbed-node --simulated\n"
    "  --simulated   serve a simulation on descriptor 3; `seedbed run\n"
    "                --isolation process` starts it so, one for each node\n"
    "  --version     print the version\n";

static const NodeProgram *
find(const char *name, uint64_t bugs, char *error, size_t error_size)
{
    bugs_mask = bugs;
    return programs_find(name, error, error_size);
}

int
main(int argc, char **argv)
{
    if (argc == 2 && strcmp(argv[1], "--simulated") == 0) {
        return child_run(find);
    }
    if (argc == 2 && strcmp(argv[1], "--version") == 0) {
        printf("seedbed-node %s\n", PACKAGE_VERSION);
        return 0;
    }
    if (argc == 2 && strcmp(argv[1], "--help") == 0) {
        fputs(usage, stdout);
        return 0;
    }
    fputs(usage, stderr);
    return 254;
}

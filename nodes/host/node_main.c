/* SPDX-License-Identifier: Apache-2.0 */
/* seedbed-node: the program that carries one node, live on sockets or as a
 * simulated process that seedbed starts. */
#include <stdio.h>
#include <string.h>

#include "nodes/bugs.h"
#include "nodes/host/child.h"
#include "nodes/host/live.h"
#include "nodes/host/programs.h"

static const char usage[] =
    "Example:\n"
    "  seedbed-node --config /etc/seedbed/1.conf\n"
    "\n"
    "Usage: seedbed-node --config FILE | --simulated\n"
    "  --config FILE   carry the node that FILE describes on real sockets and\n"
    "                  files until SIGTERM; FILE has `key = value` lines:\n"
    "                    self = 1\n"
    "                    program = raft-kv\n"
    "                    data = /var/lib/seedbed/1\n"
    "                    peer.1 = tcp:10.0.0.1:7001\n"
    "                    peer.2 = tcp:10.0.0.2:7001\n"
    "                    peer.3 = tcp:10.0.0.3:7001\n"
    "                    listen.clients = tcp:0.0.0.0:8001\n"
    "                    config.election_timeout = 150..300 ms\n"
    "                  Exit: 0 stopped, 1 halted, 254 bad FILE, 255 failed\n"
    "  --simulated     serve a simulation on descriptor 3; `seedbed run\n"
    "                  --isolation process` starts it so, one for each node\n"
    "  --version       print the version\n";

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
    if (argc == 3 && strcmp(argv[1], "--config") == 0) {
        return live_main(argv[2]);
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

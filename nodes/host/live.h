/* SPDX-License-Identifier: Apache-2.0 */
/* The live host: carries one node program on real sockets, real clocks, real
 * dice and a real disk. What ran in virtual time runs here unchanged.
 *
 * Effects are carried out in list order and obey their `after` tokens
 * (nodes/effects.h), with libuv's loop in the calling thread and all disk
 * work in threads of its own (live_disk.h). The configuration file is
 * described in live_config.h, the network in live_net.h. */
#ifndef SEEDBED_LIVE_H
#define SEEDBED_LIVE_H

#include "nodes/host/live_config.h"
#include "nodes/node.h"

/* What live_main() returns: the exit code of the program. */
enum {
    LIVE_STOPPED = 0,      /* SIGTERM or SIGINT, and the node left in order */
    LIVE_HALTED = 1,       /* the node said HALT, or did not stop in time */
    LIVE_BAD_CONFIG = 254, /* one line on stderr says file, line and what */
    LIVE_FAILED = 255,     /* the host could not go on: directory in use, ... */
};

/* Carry the node that the file @config_path describes until it halts or the
 * process is told to stop. Blocks; owns the process's SIGTERM, SIGINT and
 * SIGPIPE meanwhile. One node a process. Returns an exit code, see above. */
int live_main(const char *config_path);

/* The same for a configuration that is read and a program that is found;
 * both are borrowed. */
int live_carry(const LiveConfig *config, const NodeProgram *program);

#endif

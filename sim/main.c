/* SPDX-License-Identifier: Apache-2.0 */
/* `seedbed VERB ...`: finds the verb. */
#include <errno.h>
#include <locale.h>
#include <stdio.h>
#include <string.h>

#include "config.h"
#include "sim/build_id.h"
#include "sim/command.h"

static const Command commands[] = {
    {"run", "SCENARIO", "one run; leaves a run folder, prints a summary",
     cmd_run},
    {"replay", "DIR", "a run folder once more, its digest checked as it goes",
     cmd_replay},
    {"verify", "SCENARIO", "one digest over isolations, workers and memory",
     cmd_verify},
    {"sweep", "SCENARIO", "many seeds in parallel, failures sorted by kind",
     cmd_sweep},
    {"bisect", "A B", "the first differing event of two runs, and its causes",
     cmd_bisect},
    {"shrink", "DIR", "the smallest run that fails in the same way",
     cmd_shrink},
    {"check", "HISTORY", "is a history linearizable?", cmd_check},
    {"report", "DIR", "one page about a run, for any browser", cmd_report},
    {"why", "DIR", "how likely the failure was when, and which faults it needs",
     cmd_why},
    {"plot", "DIR", "pictures of a run (gnuplot)", cmd_plot},
    {"bugs", "", "the planted bugs", cmd_bugs},
    {"list", "[WHAT]", "scenarios, programs, keys, faults, regions, ...",
     cmd_list},
};

static void
usage(FILE *stream)
{
    fprintf(stream, "Example:\n"
                    "  seedbed run tests/scenarios/raft-partition.yaml "
                    "--seed 7\n\n"
                    "Usage: seedbed VERB ...\n");
    for (unsigned i = 0; i < G_N_ELEMENTS(commands); i++) {
        fprintf(stream, "  %-7s %-9s %s\n", commands[i].name,
                commands[i].arguments, commands[i].does);
    }
    fprintf(stream, "\n`seedbed VERB --help` says more. Exit codes: 0 pass, "
                    "1 violated, 2 unknown,\n254 bad arguments or scenario, "
                    "255 internal error.\n");
}

/* What was not printed must not look like a success. */
static int
printed(int status)
{
    if (fflush(stdout) == 0 && ferror(stdout) == 0) {
        return status;
    }
    fprintf(stderr, "seedbed: cannot write to standard output%s%s\n",
            errno != 0 ? ": " : "", errno != 0 ? g_strerror(errno) : "");
    return RUN_INTERNAL;
}

int
main(int argc, char **argv)
{
    setlocale(LC_ALL, "C");
    if (argc < 2) {
        usage(stderr);
        return RUN_BAD_ARGUMENTS;
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 ||
        strcmp(argv[1], "help") == 0) {
        usage(stdout);
        return printed(0);
    }
    if (strcmp(argv[1], "--version") == 0) {
        puts(build_id_text());
        return printed(0);
    }
    for (unsigned i = 0; i < G_N_ELEMENTS(commands); i++) {
        if (strcmp(argv[1], commands[i].name) == 0) {
            return printed(commands[i].main(argc - 1, argv + 1));
        }
    }
    fprintf(stderr,
            "seedbed: found verb '%s', expected one of `seedbed --help`\n",
            argv[1]);
    return RUN_BAD_ARGUMENTS;
}

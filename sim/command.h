/* SPDX-License-Identifier: Apache-2.0 */
/* The verbs of `seedbed` and what their options have in common. Each verb is
 * a file cmd_<verb>.c with one function that returns an exit code of
 * cli.md: 0 pass, 1 violated, 2 unknown, 254 bad arguments, 255 internal. */
#ifndef SEEDBED_COMMAND_H
#define SEEDBED_COMMAND_H

#include <glib.h>

#include "sim/run.h"

typedef struct Command {
    const char *name;
    const char *arguments;              /* "SCENARIO" */
    const char *does;                   /* one line */
    int (*main)(int argc, char **argv); /* argv[0] is the verb */
} Command;

int cmd_bisect(int argc, char **argv);
int cmd_bugs(int argc, char **argv);
int cmd_check(int argc, char **argv);
int cmd_list(int argc, char **argv);
int cmd_plot(int argc, char **argv);
int cmd_report(int argc, char **argv);
int cmd_replay(int argc, char **argv);
int cmd_run(int argc, char **argv);
int cmd_sweep(int argc, char **argv);
int cmd_shrink(int argc, char **argv);
int cmd_verify(int argc, char **argv);
int cmd_why(int argc, char **argv);

/* Options that run, verify and sweep share, as they were given. */
typedef struct CommandOptions {
    const char *verb;
    char *seed;
    char *isolation;
    char *workers;
    char *plan;
    char *explore;
    char **sets;
    char **bugs;
    char *out;
    gboolean no_out;
    gboolean beyond_budget; /* is among the sets already */
    gboolean json, quiet;
    char **traces;
    char **captures;
} CommandOptions;

void command_options_clear(CommandOptions *options);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(CommandOptions, command_options_clear)

/* Parse @argv with the shared options (when @options is not NULL) and those of
 * the verb, @entries. @example is the first thing that --help shows. On
 * success the @operand_min to @operand_max other words are in @operands, NULL
 * for those not given; otherwise the verb returns *@status at once: 0 after
 * --help, 254 after one line about what is wrong. */
bool command_parse(int *argc, char ***argv, const char *synopsis,
                   const char *example, const GOptionEntry *entries,
                   CommandOptions *options, unsigned operand_min,
                   unsigned operand_max, char **operands, int *status);
/* Judge @options. False after one line about what is wrong. */
bool command_run_options(const CommandOptions *options, RunOptions *run);
/* Judge the words of --trace and --capture, either may be NULL. */
bool command_viewers(const char *verb, char **traces, char **captures,
                     RunOptions *run);
/* A whole decimal number of @low to @high, nothing else. */
bool command_number(const char *text, uint64_t low, uint64_t high,
                    uint64_t *number);
/* Decimal, 0x..., or a 40-digit commit hash (reduced by XXH3-64). */
bool command_seed(const char *text, uint64_t *seed);
/* One line on stderr: "seedbed VERB: ...". */
void command_complain(const char *verb, const char *format, ...)
    G_GNUC_PRINTF(2, 3);

#endif

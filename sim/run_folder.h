/* SPDX-License-Identifier: Apache-2.0 */
/* A run folder, read back: what replay and bisect need to know to do the same
 * run again and to tell whether it is the same. */
#ifndef SEEDBED_RUN_FOLDER_H
#define SEEDBED_RUN_FOLDER_H

#include "sim/run.h"

typedef struct RunFolder {
    char *path;
    char *scenario_path, *plan_path; /* in the folder */
    char *trace_path;                /* of trace.sbt.zst; NULL: none is there */
    char *name;                      /* of the scenario */
    uint64_t seed;
    EngineIsolation isolation;
    unsigned workers;
    uint64_t explore;
    bool keep_going;
    char **bugs; /* NULL-terminated */
    RunVerdict verdict;
    char *check, *message; /* of the first violation; NULL: there is none */
    char *signature;       /* of it; "" */
    DigestValue digest;
    uint64_t events;
    SimTime virtual_ns;
    char *build;
    /* What is not as the run left it, as far as run.json can tell. */
    bool scenario_edited, plan_edited;
    uint64_t program_hash; /* 0: the program is in the build */
    char *program;         /* of the nodes, changed since; NULL: as it was */
    GArray *checkpoints;   /* of DigestCheckpoint */
} RunFolder;

/* Read @path. NULL and one line in @error that names the file and what is
 * wrong with it. The caller owns the result. */
RunFolder *run_folder_load(const char *path, GError **error);
void run_folder_free(RunFolder *folder);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(RunFolder, run_folder_free)

/* The options of the same run again, which leaves no folder. Strings are
 * borrowed from @folder. */
void run_folder_options(const RunFolder *folder, RunOptions *options);
/* Was it made by this very program? */
bool run_folder_own_build(const RunFolder *folder);

/* The command that does this run again with a plan and a folder of its own:
 * what to go on with when a replay is not the same. The caller owns it. */
char *run_folder_command(const RunFolder *folder, const char *plan);
/* "pass", "violated" or "unknown". */
const char *run_verdict_name(RunVerdict verdict);

#endif

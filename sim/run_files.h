/* SPDX-License-Identifier: Apache-2.0 */
/* The files that a run leaves on demand for viewers: traces and captures in
 * every form that was asked for. Each is whole or absent. */
#ifndef SEEDBED_RUN_FILES_H
#define SEEDBED_RUN_FILES_H

#include <stdio.h>

#include "sim/run.h"
#include "sim/trace_text.h"

typedef struct RunFiles RunFiles;

/* Does a run with @options write any of them? */
bool run_files_asked(const RunOptions *options);
/* The path of each that a run with @options writes to @folder, a line each. */
void run_files_print(FILE *stream, const RunOptions *options,
                     const char *folder);
/* Files go to @folder; NULL: none is written. All is borrowed for the call but
 * @options, which must stay. NULL: @error. */
RunFiles *run_files_new(const RunOptions *options, const Scenario *scenario,
                        const TraceAbout *about, const char *folder,
                        GError **error);
void run_files_see(RunFiles *files, const Record *record);
/* Complete them, with what @result says of violations, and release @files.
 * False: the @error of the first that could not be written. */
bool run_files_finish(RunFiles *files, const RunResult *result, GError **error);

#endif

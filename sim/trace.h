/* SPDX-License-Identifier: Apache-2.0 */
/* The trace of a run: every record, as text for eyes (trace.txt) or in the
 * compact form that bisect reads (trace.sbt.zst). Both hold the same: the
 * text can be printed from the compact one, byte for byte. */
#ifndef SEEDBED_TRACE_H
#define SEEDBED_TRACE_H

#include <stdio.h>

#include "sim/trace_text.h"

typedef struct Trace Trace;

/* A text trace to the file @path, whole or absent. NULL: @error. */
Trace *trace_new_text(const char *path, const TraceAbout *about,
                      GError **error);
/* A compact trace to the file @path, whole or absent. NULL: @error. */
Trace *trace_new_binary(const char *path, const TraceAbout *about,
                        GError **error);

/* Write @record. A full disk is reported by trace_finish(). */
void trace_observe(Trace *trace, const Record *record);
/* Complete the file and release @trace. False and @error when it could not
 * be written: then there is no file. */
bool trace_finish(Trace *trace, GError **error);
/* Give up: leaves no file. NULL is allowed. */
void trace_free(Trace *trace);

#endif

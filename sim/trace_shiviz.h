/* SPDX-License-Identifier: Apache-2.0 */
/* The trace as ShiViz reads it: happenings of every host with a vector clock,
 * two lines each,
 *
 *     [1.204000512] > vote_request to n3 m2.37
 *     n2 {"n1":4, "n2":17}
 *
 * for its default parser, (?<event>.*)\n(?<host>\S*) (?<clock>{.*}). What
 * hosts said to each other is there, who became what, crashes and starts;
 * timers and disks are not. A host's own entry grows by one with each of its
 * lines; what arrives has seen all that its sender had. */
#ifndef SEEDBED_TRACE_SHIVIZ_H
#define SEEDBED_TRACE_SHIVIZ_H

#include "sim/trace_text.h"

typedef struct TraceShiviz TraceShiviz;

/* To the file @path, whole or absent. NULL: @error. Memory is bounded by what
 * is on its way at one time. */
TraceShiviz *trace_shiviz_new(const char *path, const TraceAbout *about,
                              GError **error);
void trace_shiviz_observe(TraceShiviz *shiviz, const Record *record);
/* Complete the file and release @shiviz. False: @error, and no file. */
bool trace_shiviz_finish(TraceShiviz *shiviz, GError **error);
/* Give up: leaves no file. NULL is allowed. */
void trace_shiviz_free(TraceShiviz *shiviz);

#endif

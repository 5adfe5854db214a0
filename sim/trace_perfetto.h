/* SPDX-License-Identifier: Apache-2.0 */
/* The trace as the Perfetto UI opens it: TrackEvents, as docs/reference of
 * Perfetto describes them. Every node is a group of tracks: what it is (role,
 * down, paused), its term, its messages with a flow arrow from where one was
 * sent to where it arrived, and counters (term, commit index, last log index,
 * syncs that are open). The world has a track for every fault of the plan, the
 * number of messages on their way, and what violated a check; each client
 * process has its operations. Times are virtual nanoseconds. A message's id is
 * that of the text trace; its flow has the same number. */
#ifndef SEEDBED_TRACE_PERFETTO_H
#define SEEDBED_TRACE_PERFETTO_H

#include "sim/trace_text.h"

typedef struct TracePerfetto TracePerfetto;

/* To the file @path, whole or absent. NULL: @error. Memory is bounded by what
 * is on its way at one time and by the number of faults and clients. */
TracePerfetto *trace_perfetto_new(const char *path, const TraceAbout *about,
                                  GError **error);
void trace_perfetto_observe(TracePerfetto *perfetto, const Record *record);
/* A check was violated; @node is 0 when it is nobody's. */
void trace_perfetto_violation(TracePerfetto *perfetto, SimTime at, NodeId node,
                              const char *check, const char *message);
/* End what is still open at the time of the last record, complete the file and
 * release @perfetto. False: @error, and no file. */
bool trace_perfetto_finish(TracePerfetto *perfetto, GError **error);
/* Give up: leaves no file. NULL is allowed. */
void trace_perfetto_free(TracePerfetto *perfetto);

#endif

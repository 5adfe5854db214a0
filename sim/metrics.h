/* SPDX-License-Identifier: Apache-2.0 */
/* What happened in numbers: totals by name, and the series that the pictures
 * are drawn from.
 *
 *   metrics.csv     a row per interval of virtual time: operations by
 *                   outcome, latency quantiles of the last 10 rows,
 *                   messages, the highest term, each node's role at its end
 *   roles.csv       node, role, term, start_ns, end_ns
 *   operations.csv  invoke_ns, end_ns, outcome, operation, process
 *   faults.csv      line, kind, start_ns, end_ns, whom, package (nemesis.h)
 *
 * Roles are numbers: 0 follower, 1 pre-candidate, 2 candidate, 3 leader,
 * 4 down, 5 up but without a role. Outcomes: 1 ok, 2 fail, 3 info, 0 still
 * open at the end. A fault that
 * never heals lasts to the end of the run; a kind that has no end, no time. */
#ifndef SEEDBED_METRICS_H
#define SEEDBED_METRICS_H

#include <glib.h>
#include <stdbool.h>

#include "sim/record.h"

#define METRICS_INTERVAL_DEFAULT (100 * SIM_MS)

typedef struct MetricsAbout {
    unsigned node_count;
    SimTime interval; /* 0: the default */
} MetricsAbout;

typedef struct Metrics Metrics;

/* Count; with @folder (borrowed for the call) also write the files above,
 * each whole or absent. NULL: @error. */
Metrics *metrics_new(const char *folder, const MetricsAbout *about,
                     GError **error);
void metrics_observe(Metrics *metrics, const Record *record);
/* The run ended at @end: complete the files. Call once. False: @error. */
bool metrics_close(Metrics *metrics, SimTime end, GError **error);

typedef void (*MetricsEach)(void *data, const char *name, uint64_t value);

/* Every total: a name of at most 31 bytes with the unit at its end, and its
 * value. Always the same names, faults_KIND apart (those that occurred). */
void metrics_each(const Metrics *metrics, MetricsEach function, void *data);

/* What @node is now, in a word: "leader", "follower", ..., "down", or "" of a
 * node without roles. Static. */
const char *metrics_role(const Metrics *metrics, NodeId node);

/* The latency of operations that ended ok, ns: the quantile of @ppm millionths,
 * or above that the mean. */
uint64_t metrics_latency(const Metrics *metrics, unsigned ppm);

void metrics_free(Metrics *metrics);

#endif

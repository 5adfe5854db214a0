/* SPDX-License-Identifier: Apache-2.0 */
/* What every benchmark needs: medians, peers (programs of others that are
 * built in a temporary folder and run beside ours), and one JSON object with
 * `bench`, `metrics`, `peers` and `ratios` on standard output. */
#ifndef SEEDBED_BENCH_H
#define SEEDBED_BENCH_H

#include <glib.h>
#include <stdbool.h>

/* Of an interleaved run: each side has a turn each round, so that what else
 * the machine does hits all alike. */
#define BENCH_ROUNDS 5u

/* Seconds of a monotonic real clock. */
double bench_seconds(void);

/* Figures of one thing, one a round. Zeroed is empty. */
typedef struct BenchSamples {
    double values[64];
    unsigned count;
} BenchSamples;

void bench_samples_add(BenchSamples *samples, double value);
/* 0 when there are none. */
double bench_samples_median(const BenchSamples *samples);

/* A private copy of the peers' folder: $SEEDBED_PEERS, or ../shared/peers
 * beside the source tree. */
typedef struct BenchPeers {
    char *folder; /* NULL: there are none, see why */
    char *why;
} BenchPeers;

void bench_peers_init(BenchPeers *peers);
/* Removes the copy. */
void bench_peers_clear(BenchPeers *peers);

/* Builds @program with `make @target`. NULL, or why it cannot be had: the
 * caller frees it. What else the target fails to build does not matter. */
char *bench_peers_make(BenchPeers *peers, const char *target,
                       const char *program);

/* Runs @arguments (NULL-terminated; the first is a path in the copy) and
 * reads the first group of @pattern in what it prints as a number. False:
 * @why, the caller's to free, says what was wrong. */
bool bench_peers_run(BenchPeers *peers, const char *const *arguments,
                     const char *pattern, double *number, char **why);

/* The JSON object, filled in any order and printed once. */
typedef struct BenchReport {
    const char *name;
    GString *metrics;
    GString *peers;
    GString *peer_metrics; /* of the peer being filled */
    GString *ratios;
} BenchReport;

void bench_report_init(BenchReport *report, const char *name);
void bench_report_metric(BenchReport *report, const char *name, double value);
/* Metrics of the peer that the next bench_report_peer() names. */
void bench_report_peer_metric(BenchReport *report, const char *name,
                              double value);
void bench_report_peer(BenchReport *report, const char *peer);
void bench_report_skipped(BenchReport *report, const char *peer,
                          const char *why);
/* @ours / @theirs; left out when there is no @theirs. */
void bench_report_ratio(BenchReport *report, const char *name, double ours,
                        double theirs);
/* Prints the object and a newline, and releases everything. */
void bench_report_print(BenchReport *report);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* A closed loop of key-value clients against live nodes. */
#ifndef SEEDBED_KV_BENCH_H
#define SEEDBED_KV_BENCH_H

#include <glib.h>

typedef struct KvBench {
    const char *addresses; /* as for kv_client_new() */
    unsigned client_count; /* 1..4096 */
    unsigned operations;   /* all clients together */
    unsigned value_size;   /* bytes, 0..1 MiB */
    unsigned timeout_ms;   /* of one question */
} KvBench;

typedef struct KvBenchResult {
    unsigned done[8]; /* by KvOutcome */
    gint64 elapsed_us;
    gint64 p50_us, p99_us, max_us; /* latency of the OK ones */
} KvBenchResult;

/* PUTs of @bench->value_size bytes to keys bench/0 ... bench/1023, each client
 * with one question under way. False: @error. */
gboolean kv_bench_run(const KvBench *bench, KvBenchResult *result,
                      GError **error);

#endif

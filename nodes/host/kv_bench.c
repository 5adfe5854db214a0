/* SPDX-License-Identifier: Apache-2.0 */
/* Many key-value clients in one thread, each with one question under way. */
#include "nodes/host/kv_bench.h"

#include <poll.h>
#include <string.h>

#include "nodes/host/kv_client.h"

#define KEYS 1024u

typedef struct Worker {
    KvClient *client;
    char key[32];
    gint64 asked_at; /* microseconds */
    gint64 due_at;   /* when to look at it although nothing came */
    bool busy;
} Worker;

typedef struct Run {
    const KvBench *bench;
    KvBenchResult *result;
    Worker *workers;
    uint8_t *value;
    unsigned asked;
    unsigned busy_count;
    GArray *latencies; /* gint64, microseconds */
} Run;

static void
ask(Run *run, Worker *worker)
{
    KvQuestion question = {.operation = KV_PUT};

    if (run->asked == run->bench->operations) {
        return;
    }
    g_snprintf(worker->key, sizeof worker->key, "bench/%u",
               run->asked++ % KEYS);
    question.key = worker->key;
    question.key_size = strlen(worker->key);
    question.value = run->value;
    question.value_size = run->bench->value_size;
    worker->asked_at = g_get_monotonic_time();
    worker->busy = true;
    run->busy_count++;
    kv_client_begin(worker->client, &question);
}

static void
go_on(Run *run, Worker *worker)
{
    KvAnswer answer;

    while (worker->busy &&
           kv_client_continue(worker->client, &answer) != KV_WAITING) {
        gint64 took = g_get_monotonic_time() - worker->asked_at;

        worker->busy = false;
        run->busy_count--;
        run->result->done[answer.outcome]++;
        if (answer.outcome == KV_OK) {
            g_array_append_val(run->latencies, took);
        }
        ask(run, worker);
    }
}

static void
loop(Run *run)
{
    unsigned count = run->bench->client_count;
    g_autofree struct pollfd *entries = g_new0(struct pollfd, count);

    for (unsigned i = 0; i < count; i++) {
        ask(run, &run->workers[i]);
    }
    while (run->busy_count > 0) {
        int wait_ms = 60000;

        for (unsigned i = 0; i < count; i++) {
            Worker *worker = &run->workers[i];
            int own_ms = 0;

            entries[i].fd = -1;
            entries[i].revents = 0;
            if (worker->busy) {
                entries[i].fd = kv_client_descriptor(
                    worker->client, &entries[i].events, &own_ms);
                worker->due_at = g_get_monotonic_time() + own_ms * 1000;
                wait_ms = MIN(wait_ms, own_ms);
            }
        }
        poll(entries, count, wait_ms);

        gint64 now = g_get_monotonic_time();

        for (unsigned i = 0; i < count; i++) {
            if (entries[i].revents != 0 || now >= run->workers[i].due_at) {
                go_on(run, &run->workers[i]);
            }
        }
    }
}

static gint
compare(gconstpointer left, gconstpointer right)
{
    gint64 a = *(const gint64 *)left;
    gint64 b = *(const gint64 *)right;

    return a < b ? -1 : a > b;
}

static void
summarise(Run *run)
{
    GArray *latencies = run->latencies;
    guint count = latencies->len;

    if (count == 0) {
        return;
    }
    g_array_sort(latencies, compare);
    run->result->p50_us = g_array_index(latencies, gint64, count / 2);
    run->result->p99_us =
        g_array_index(latencies, gint64, (guint)((guint64)count * 99 / 100));
    run->result->max_us = g_array_index(latencies, gint64, count - 1);
}

gboolean
kv_bench_run(const KvBench *bench, KvBenchResult *result, GError **error)
{
    Run run = {.bench = bench, .result = result};
    gint64 begun;
    bool good = true;

    memset(result, 0, sizeof *result);
    run.workers = g_new0(Worker, bench->client_count);
    run.value = g_malloc(MAX(bench->value_size, 1));
    memset(run.value, 'x', MAX(bench->value_size, 1));
    run.latencies = g_array_new(FALSE, FALSE, sizeof(gint64));
    for (unsigned i = 0; good && i < bench->client_count; i++) {
        run.workers[i].client =
            kv_client_new(bench->addresses, bench->timeout_ms, error);
        good = run.workers[i].client != NULL;
    }
    if (good) {
        begun = g_get_monotonic_time();
        loop(&run);
        result->elapsed_us = g_get_monotonic_time() - begun;
        summarise(&run);
    }
    for (unsigned i = 0; i < bench->client_count; i++) {
        kv_client_free(run.workers[i].client);
    }
    g_array_unref(run.latencies);
    g_free(run.value);
    g_free(run.workers);
    return good;
}

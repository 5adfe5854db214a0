/* SPDX-License-Identifier: Apache-2.0 */
/* The live leader is killed (kill -9) twenty times under client load, and all
 * nodes three times, and restarted each time. What must hold, meanwhile and
 * afterwards: every acknowledged write is there, no write happened twice, and
 * no read that began after a write was acknowledged shows an older value. */
#include <check.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "live_cluster.h"
#include "nodes/host/kv_client.h"

#define NODES       3u
#define WRITERS     4u
#define KILLS       23u /* 20 of the leader alone, 3 of all nodes */
#define APPEND_EACH 8u  /* every so many rounds of a writer */

/* One thread each. Of a round i it remembers what became of it. */
typedef struct Writer {
    struct Load *load;
    unsigned id;
    GThread *thread;
    KvClient *client;
    GArray *unique;   /* KvOutcome of PUT w<id>/<i> */
    GArray *appended; /* KvOutcome of APPEND log, "<id>:<i>;" */
    gint acked;       /* atomic: counter c<id> was acknowledged up to here */
    gint tried;       /* atomic: and was attempted up to here */
} Writer;

typedef struct Load {
    LiveCluster cluster;
    Writer writers[WRITERS];
    GThread *reader;
    KvClient *reading;
    gint stop;  /* atomic */
    gint reads; /* atomic */
    gint acks;  /* atomic: acknowledged writes of all writers */
    GMutex mutex;
    char *failure; /* the first, under the mutex */
} Load;

static void failed(Load *load, const char *format, ...) G_GNUC_PRINTF(2, 3);

static void
failed(Load *load, const char *format, ...)
{
    va_list arguments;

    g_mutex_lock(&load->mutex);
    if (load->failure == NULL) {
        va_start(arguments, format);
        load->failure = g_strdup_vprintf(format, arguments);
        va_end(arguments);
    }
    g_mutex_unlock(&load->mutex);
    g_atomic_int_set(&load->stop, 1);
}

static KvOutcome
ask(KvClient *client, KvOperation operation, const char *key, const char *value,
    KvAnswer *answer)
{
    KvQuestion question = {.operation = operation,
                           .key = key,
                           .key_size = strlen(key),
                           .value = value,
                           .value_size = value == NULL ? 0 : strlen(value)};

    kv_client_ask(client, &question, answer);
    return answer->outcome;
}

/* The number in counter c<id>, 0 when absent; -1: no answer. */
static int
read_counter(KvClient *client, unsigned id)
{
    char key[16];
    KvAnswer answer;
    gsize size = 0;
    const char *data;
    g_autofree char *text = NULL;

    g_snprintf(key, sizeof key, "c%u", id);
    switch (ask(client, KV_GET, key, NULL, &answer)) {
    case KV_OK:
        data = g_bytes_get_data(answer.value, &size);
        text = g_strndup(data, size);
        return atoi(text);
    case KV_ABSENT:
        return 0;
    default:
        return -1; /* no leader in time: not wrong, judged elsewhere */
    }
}

/* What was read must not be older than what was acknowledged before, nor
 * newer than what was attempted by then. */
static void
check_counter(Load *load, KvClient *client, unsigned id, const char *who)
{
    Writer *writer = &load->writers[id];
    int before = g_atomic_int_get(&writer->acked);
    int got = read_counter(client, id);
    int after = g_atomic_int_get(&writer->tried);

    if (got >= 0 && (got < before || got > after)) {
        failed(load, "%s read c%u = %d, acknowledged %d before, tried %d", who,
               id, got, before, after);
    }
    if (got >= 0) {
        g_atomic_int_inc(&load->reads);
    }
}

static void
remember(Load *load, GArray *outcomes, KvOutcome outcome)
{
    g_array_append_val(outcomes, outcome);
    if (outcome == KV_OK) {
        g_atomic_int_inc(&load->acks);
    } else if (outcome != KV_UNKNOWN && outcome != KV_UNAVAILABLE) {
        failed(load, "a write was answered %s", kv_outcome_text(outcome));
    }
}

static void *
write_on(void *user)
{
    Writer *writer = user;
    Load *load = writer->load;

    for (unsigned i = 1; !g_atomic_int_get(&load->stop); i++) {
        char key[32], value[32];
        KvAnswer answer;

        g_snprintf(key, sizeof key, "w%u/%u", writer->id, i);
        g_snprintf(value, sizeof value, "value %u of %u", i, writer->id);
        remember(load, writer->unique,
                 ask(writer->client, KV_PUT, key, value, &answer));

        g_snprintf(key, sizeof key, "c%u", writer->id);
        g_snprintf(value, sizeof value, "%u", i);
        g_atomic_int_set(&writer->tried, (gint)i);
        switch (ask(writer->client, KV_PUT, key, value, &answer)) {
        case KV_OK:
            g_atomic_int_set(&writer->acked, (gint)i);
            g_atomic_int_inc(&load->acks);
            break;
        case KV_UNKNOWN:
            break;
        default:
            break;
        }
        check_counter(load, writer->client, writer->id, "its writer");

        if (i % APPEND_EACH == 0) {
            g_snprintf(value, sizeof value, "%u:%u;", writer->id,
                       i / APPEND_EACH);
            remember(load, writer->appended,
                     ask(writer->client, KV_APPEND, "log", value, &answer));
        }
    }
    return NULL;
}

static void *
read_on(void *user)
{
    Load *load = user;

    for (unsigned i = 0; !g_atomic_int_get(&load->stop); i++) {
        check_counter(load, load->reading, i % WRITERS, "a reader");
    }
    return NULL;
}

static void
begin(Load *load)
{
    live_cluster_init(&load->cluster, NODES, false,
                      "config.election_timeout = 100..200 ms\n"
                      "config.heartbeat = 30 ms\n"
                      "config.snapshot_threshold = 2000\n"
                      "config.segment_size = 256 KiB\n");
    live_cluster_start_all(&load->cluster);
    live_cluster_leader(&load->cluster);
    g_mutex_init(&load->mutex);
    load->reading = kv_client_new(load->cluster.addresses, 3000, NULL);
    for (unsigned id = 0; id < WRITERS; id++) {
        Writer *writer = &load->writers[id];

        writer->load = load;
        writer->id = id;
        writer->client = kv_client_new(load->cluster.addresses, 3000, NULL);
        writer->unique = g_array_new(FALSE, FALSE, sizeof(KvOutcome));
        writer->appended = g_array_new(FALSE, FALSE, sizeof(KvOutcome));
    }
    for (unsigned id = 0; id < WRITERS; id++) {
        load->writers[id].thread =
            g_thread_new("writer", write_on, &load->writers[id]);
    }
    load->reader = g_thread_new("reader", read_on, load);
}

static void
end(Load *load)
{
    g_atomic_int_set(&load->stop, 1);
    for (unsigned id = 0; id < WRITERS; id++) {
        g_thread_join(load->writers[id].thread);
    }
    g_thread_join(load->reader);
    if (load->failure != NULL) {
        live_cluster_fail(&load->cluster, "%s", load->failure);
    }
}

/* Wait until @count more writes are acknowledged. */
static void
await_progress(Load *load, int count)
{
    int begun = g_atomic_int_get(&load->acks);
    gint64 until = g_get_monotonic_time() + 15 * G_USEC_PER_SEC;

    while (g_atomic_int_get(&load->acks) < begun + count &&
           !g_atomic_int_get(&load->stop)) {
        if (g_get_monotonic_time() > until) {
            failed(load, "no progress for 15 s");
        }
        g_usleep(2000);
    }
}

/* All at once, so that nothing but the files remembers. */
static void
kill_all(Load *load)
{
    for (unsigned node = 1; node <= NODES; node++) {
        live_cluster_kill(&load->cluster, node, SIGKILL);
    }
    live_cluster_start_all(&load->cluster);
}

/* Each third killing brings the node back only when another leads, each
 * third at once, each third after a while; each seventh takes all nodes. */
static void
kill_leaders(Load *load)
{
    for (unsigned i = 0; i < KILLS && !g_atomic_int_get(&load->stop); i++) {
        unsigned leader = live_cluster_leader(&load->cluster);

        await_progress(load, 20 + 7 * (int)(i % 5));
        if (i % 7 == 6) {
            kill_all(load);
            continue;
        }
        live_cluster_kill(&load->cluster, leader, SIGKILL);
        if (i % 3 == 0) {
            live_cluster_leader(&load->cluster);
            await_progress(load, 10);
        } else if (i % 3 == 1) {
            g_usleep(40000);
        }
        live_cluster_start(&load->cluster, leader);
    }
    await_progress(load, 50);
}

/* ---- afterwards ---- */

static unsigned
check_unique(Load *load, KvClient *client)
{
    unsigned checked = 0;

    for (unsigned id = 0; id < WRITERS; id++) {
        const Writer *writer = &load->writers[id];

        for (unsigned i = 1; i <= writer->unique->len; i++) {
            KvOutcome then = g_array_index(writer->unique, KvOutcome, i - 1);
            char key[32], value[32];
            KvAnswer answer;
            gsize size = 0;
            const void *data;

            g_snprintf(key, sizeof key, "w%u/%u", id, i);
            g_snprintf(value, sizeof value, "value %u of %u", i, id);

            KvOutcome now = ask(client, KV_GET, key, NULL, &answer);

            if (now == KV_OK) {
                data = g_bytes_get_data(answer.value, &size);
                if (size != strlen(value) || memcmp(data, value, size) != 0) {
                    failed(load, "%s has another value", key);
                }
            }
            if (now == KV_UNAVAILABLE) {
                failed(load, "%s: nobody answers", key);
                return checked;
            }
            if (then == KV_OK && now != KV_OK) {
                failed(load, "%s was acknowledged and is %s", key,
                       kv_outcome_text(now));
            }
            if (then == KV_UNAVAILABLE && now != KV_ABSENT) {
                failed(load, "%s certainly did not happen and is %s", key,
                       kv_outcome_text(now));
            }
            checked += then == KV_OK;
        }
    }
    return checked;
}

/* Every acknowledged append is in the log once, an uncertain one at most
 * once, in its writer's order. */
static void
check_appended(Load *load, KvClient *client)
{
    KvAnswer answer;
    gsize size = 0;
    const char *data;
    g_auto(GStrv) words = NULL;
    unsigned next[WRITERS] = {0};

    if (ask(client, KV_GET, "log", NULL, &answer) != KV_OK) {
        failed(load, "the log is gone");
        return;
    }
    data = g_bytes_get_data(answer.value, &size);

    g_autofree char *text = g_strndup(data, size);

    words = g_strsplit(text, ";", -1);
    for (unsigned w = 0; words[w] != NULL && words[w][0] != '\0'; w++) {
        unsigned id = 0, i = 0;

        if (sscanf(words[w], "%u:%u", &id, &i) != 2 || id >= WRITERS ||
            i <= next[id] || i > load->writers[id].appended->len) {
            failed(load, "found '%s' in the log after %u", words[w],
                   id < WRITERS ? next[id] : 0);
            return;
        }
        for (unsigned k = next[id] + 1; k <= i; k++) {
            KvOutcome then =
                g_array_index(load->writers[id].appended, KvOutcome, k - 1);

            if (k < i && then == KV_OK) {
                failed(load, "append %u:%u was acknowledged and is gone", id,
                       k);
            } else if (k == i && then == KV_UNAVAILABLE) {
                failed(load, "append %u:%u certainly did not happen", id, k);
            }
        }
        next[id] = i;
    }
    for (unsigned id = 0; id < WRITERS; id++) {
        const GArray *appended = load->writers[id].appended;

        for (unsigned k = next[id] + 1; k <= appended->len; k++) {
            if (g_array_index(appended, KvOutcome, k - 1) == KV_OK) {
                failed(load, "append %u:%u was acknowledged and is gone", id,
                       k);
            }
        }
    }
}

START_TEST(test_kill_the_leader)
{
    Load load = {0};
    KvClient *client;
    unsigned checked;

    begin(&load);
    kill_leaders(&load);
    end(&load);

    live_cluster_leader(&load.cluster);
    client = kv_client_new(load.cluster.addresses, 15000, NULL);
    for (unsigned id = 0; id < WRITERS; id++) {
        check_counter(&load, client, id, "the end");
    }
    checked = check_unique(&load, client);
    check_appended(&load, client);
    if (load.failure != NULL) {
        live_cluster_fail(&load.cluster, "%s", load.failure);
    }
    printf("%u killings: %d writes acknowledged, %u found again by "
           "key, %d reads judged\n",
           KILLS, load.acks, checked, load.reads);
    ck_assert_uint_gt(checked, 100);
    for (unsigned node = 1; node <= NODES; node++) {
        int status = live_cluster_kill(&load.cluster, node, SIGTERM);

        ck_assert(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    }
    for (unsigned id = 0; id < WRITERS; id++) {
        kv_client_free(load.writers[id].client);
        g_array_unref(load.writers[id].unique);
        g_array_unref(load.writers[id].appended);
    }
    kv_client_free(load.reading);
    kv_client_free(client);
    live_cluster_clear(&load.cluster, false);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("live_kill");
    TCase *cases = tcase_create("live_kill");

    tcase_add_test(cases, test_kill_the_leader);
    if (getenv("CK_DEFAULT_TIMEOUT") == NULL) {
        tcase_set_timeout(cases, 120); /* run by hand */
    }
    suite_add_tcase(suite, cases);

    SRunner *runner = srunner_create(suite);

    srunner_run_all(runner, CK_ENV);
    int failed_count = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed_count == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Three live nodes with real sockets, files and clocks, asked through the
 * command line of seedbed-kv: they elect a leader, answer, survive the
 * killing of any one, and leave in good order. */
#include <check.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "live_cluster.h"
#include "nodes/host/kv_client.h"

#define FAST "config.election_timeout = 100..200 ms\nconfig.heartbeat = 30 ms\n"

/* Run a program with @words behind it; its exit code, stdout in @out. */
static int
run(const LiveCluster *cluster, const char *name, const char *const *words,
    char **out)
{
    g_autoptr(GPtrArray) argv = g_ptr_array_new();
    g_autofree char *program = g_build_filename(cluster->programs, name, NULL);
    int status = 0;

    g_ptr_array_add(argv, program);
    for (; *words != NULL; words++) {
        g_ptr_array_add(argv, (char *)(uintptr_t)*words);
    }
    g_ptr_array_add(argv, NULL);
    ck_assert(g_spawn_sync(NULL, (char **)argv->pdata, NULL,
                           G_SPAWN_STDERR_TO_DEV_NULL, NULL, NULL, out, NULL,
                           &status, NULL));
    ck_assert(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static const struct {
    const char *words; /* behind --connect ADDRESSES, cut at spaces */
    int code;
    const char *out; /* NULL: any; with "..." at the end, how it begins */
} questions[] = {
    {"get colour", 1, ""},
    {"put colour green", 0, ""},
    {"get colour", 0, "green\n"},
    {"cas colour red blue", 1, ""},
    {"cas colour green blue", 0, ""},
    {"get colour", 0, "blue\n"},
    {"--absent cas colour white", 1, ""},
    {"--absent cas taste sweet", 0, ""},
    {"append colour ish", 0, ""},
    {"get colour", 0, "blueish\n"},
    {"delete colour", 0, ""},
    {"get colour", 1, ""},
    {"cas colour blue red", 1, ""},
    {"put", 254, ""},
    {"get a b", 254, ""},
    {"fetch a", 254, ""},
    {"--json --timeout 9000 get nothing", 1, NULL},
    {"put umlaut gr\xc3\xbcn\"\t\x7f", 0, ""},
    {"--json get umlaut", 0,
     "{\"outcome\":\"ok\",\"value\":\"gr\xc3\xbcn\\\"\\u0009\\u007f\","
     "\"index\":..."},
    {"put bytes a\xff", 0, ""},
    {"--json get bytes", 0,
     "{\"outcome\":\"ok\",\"value\":\"base64:Yf8=\",\"index\":..."},
    {"put bytes base64:", 0, ""},
    {"--json get bytes", 0,
     "{\"outcome\":\"ok\",\"value\":\"base64:YmFzZTY0Og==\",\"index\":..."},
    {"bench --clients 4 --ops 40", 0, NULL},
};

static bool
is_said(const char *out, const char *want)
{
    if (want != NULL && g_str_has_suffix(want, "...")) {
        return strncmp(out, want, strlen(want) - 3) == 0;
    }
    return want == NULL || strcmp(out, want) == 0;
}

static void
ask_everything(LiveCluster *cluster)
{
    for (size_t i = 0; i < G_N_ELEMENTS(questions); i++) {
        g_autofree char *line = g_strdup_printf(
            "--connect %s %s", cluster->addresses, questions[i].words);
        g_auto(GStrv) words = g_strsplit(line, " ", -1);
        g_autofree char *out = NULL;
        int code = run(cluster, "seedbed-kv", (const char *const *)words, &out);

        if (code != questions[i].code || !is_said(out, questions[i].out)) {
            live_cluster_fail(
                cluster, "'%s': exit %d and '%s', expected %d and '%s'",
                questions[i].words, code, out, questions[i].code,
                questions[i].out == NULL ? "*" : questions[i].out);
        }
    }
}

static void
put(LiveCluster *cluster, const char *key, const char *value, size_t size)
{
    KvClient *client = kv_client_new(cluster->addresses, 15000, NULL);
    KvQuestion question = {.operation = KV_PUT,
                           .key = key,
                           .key_size = strlen(key),
                           .value = value,
                           .value_size = size};
    KvAnswer answer;

    /* A leader that has just lost its majority does not know. This PUT may
     * happen twice. */
    for (unsigned tries = 0; tries < 20; tries++) {
        kv_client_ask(client, &question, &answer);
        if (answer.outcome != KV_UNKNOWN) {
            break;
        }
    }
    if (answer.outcome != KV_OK) {
        live_cluster_fail(cluster, "put %s: %s", key,
                          kv_outcome_text(answer.outcome));
    }
    kv_client_free(client);
}

static void
expect(LiveCluster *cluster, const char *key, const char *value, size_t size)
{
    KvClient *client = kv_client_new(cluster->addresses, 15000, NULL);
    KvQuestion question = {
        .operation = KV_GET, .key = key, .key_size = strlen(key)};
    KvAnswer answer;
    gsize have = 0;
    const void *data;

    kv_client_ask(client, &question, &answer);
    if (answer.outcome != KV_OK) {
        live_cluster_fail(cluster, "get %s: %s", key,
                          kv_outcome_text(answer.outcome));
    }
    data = g_bytes_get_data(answer.value, &have);
    ck_assert_uint_eq(have, size);
    ck_assert_mem_eq(data, value, size);
    kv_client_free(client);
}

/* After each killing and restart the next one is killed: the restarted node
 * is needed for the majority, so it has caught up. */
static void
kill_each(LiveCluster *cluster)
{
    for (unsigned node = 1; node <= cluster->count; node++) {
        g_autofree char *key = g_strdup_printf("without-%u", node);

        live_cluster_kill(cluster, node, SIGKILL);
        put(cluster, key, key, strlen(key));
        live_cluster_start(cluster, node);
    }
    for (unsigned node = 1; node <= cluster->count; node++) {
        g_autofree char *key = g_strdup_printf("without-%u", node);

        expect(cluster, key, key, strlen(key));
    }
}

static void
stop_all(LiveCluster *cluster)
{
    for (unsigned node = 1; node <= cluster->count; node++) {
        int status = live_cluster_kill(cluster, node, SIGTERM);

        if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
            live_cluster_fail(cluster, "node %u left with status %x", node,
                              (unsigned)status);
        }
    }
}

static void
whole_life(bool tcp, const char *extra)
{
    LiveCluster cluster;

    live_cluster_init(&cluster, 3, tcp, extra);
    live_cluster_start_all(&cluster);
    live_cluster_leader(&cluster);
    ask_everything(&cluster);
    kill_each(&cluster);
    stop_all(&cluster);
    /* Everything is on disk. */
    live_cluster_start_all(&cluster);
    expect(&cluster, "without-2", "without-2", 9);
    stop_all(&cluster);
    live_cluster_clear(&cluster, false);
}

START_TEST(test_unix)
{
    whole_life(false, FAST);
}
END_TEST

START_TEST(test_tcp)
{
    whole_life(true, FAST "io_threads = 2\n");
}
END_TEST

/* A node that was away while the log was compacted gets a snapshot, in
 * chunks on a stream; large values cross everything. */
START_TEST(test_snapshot)
{
    LiveCluster cluster;
    unsigned leader, away;
    g_autofree char *large = g_malloc(1u << 20);

    for (size_t i = 0; i < 1u << 20; i++) {
        large[i] = (char)(i * 31 >> 3);
    }
    live_cluster_init(&cluster, 3, false,
                      FAST "config.snapshot_threshold = 20\n"
                           "config.snapshot_trailing = 5\n"
                           "config.segment_size = 256 KiB\n");
    live_cluster_start_all(&cluster);
    leader = live_cluster_leader(&cluster);
    away = leader % 3 + 1;
    live_cluster_kill(&cluster, away, SIGKILL);
    put(&cluster, "large", large, 1u << 20);
    for (unsigned i = 0; i < 100; i++) {
        g_autofree char *key = g_strdup_printf("key-%u", i % 40);

        put(&cluster, key, large + i, 1000);
    }
    live_cluster_start(&cluster, away);
    /* With the third one gone, `away` is needed, and whole. */
    live_cluster_kill(&cluster, 6 - leader - away, SIGKILL);
    put(&cluster, "last", "word", 4);
    expect(&cluster, "large", large, 1u << 20);
    expect(&cluster, "key-39", large + 79, 1000);
    live_cluster_start(&cluster, 6 - leader - away);
    stop_all(&cluster);
    live_cluster_clear(&cluster, false);
}
END_TEST

START_TEST(test_refusals)
{
    LiveCluster cluster;
    g_autofree char *config = NULL;
    const char *words[] = {"--config", NULL, NULL};

    live_cluster_init(&cluster, 1, false, FAST);
    live_cluster_start_all(&cluster);
    ck_assert_uint_eq(live_cluster_leader(&cluster), 1);
    config = live_cluster_path(&cluster, 1, "conf");
    words[1] = config;
    /* The directory is in use. */
    ck_assert_int_eq(run(&cluster, "seedbed-node", words, NULL), 255);
    put(&cluster, "still", "there", 5);
    stop_all(&cluster);
    words[1] = "/no/such/file";
    ck_assert_int_eq(run(&cluster, "seedbed-node", words, NULL), 254);
    live_cluster_clear(&cluster, false);

    live_cluster_init(&cluster, 1, false, "config.no_such_key = 1\n");
    g_free(config);
    config = live_cluster_path(&cluster, 1, "conf");
    words[1] = config;
    ck_assert_int_eq(run(&cluster, "seedbed-node", words, NULL), 254);
    live_cluster_clear(&cluster, false);

    /* Nobody there: certainly not done, and said within the time. */
    const char *put_words[] = {"--connect", "unix:/no/such/socket",
                               "--timeout", "200",
                               "put",       "a",
                               "b",         NULL};

    live_cluster_init(&cluster, 1, false, FAST);
    ck_assert_int_eq(run(&cluster, "seedbed-kv", put_words, NULL), 3);
    live_cluster_clear(&cluster, false);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("live_cluster");
    TCase *cases = tcase_create("live_cluster");

    tcase_add_test(cases, test_unix);
    tcase_add_test(cases, test_tcp);
    tcase_add_test(cases, test_snapshot);
    tcase_add_test(cases, test_refusals);
    if (getenv("CK_DEFAULT_TIMEOUT") == NULL) {
        tcase_set_timeout(cases, 120); /* run by hand */
    }
    suite_add_tcase(suite, cases);

    SRunner *runner = srunner_create(suite);

    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

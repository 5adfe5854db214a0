/* SPDX-License-Identifier: Apache-2.0 */
/* Totals, series and quantiles of small runs whose numbers are known. */
#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sim/histogram.h"
#include "sim/metrics.h"
#include "sim/plan.h"
#include "tests/maker.h"

static char *folder;

static void
observe(void *metrics, const Record *record)
{
    metrics_observe(metrics, record);
}

static void
role(Maker *maker, SimTime at, NodeId node, uint64_t number, uint64_t term)
{
    maker_begin(maker, at, node);
    maker_timer(maker, 1);
    maker_probe(maker, PROBE_RAFT_ROLE, number, term, 0);
    maker_end(maker);
}

static void
fault(Maker *maker, SimTime at, FaultKind kind, uint64_t line, const char *text,
      NodeId crashed)
{
    maker_begin(maker, at, 0);

    /* Without a text: its end. */
    Fact *fact = maker_fact(maker, text != NULL ? FACT_FAULT : FACT_HEAL);

    fact->value = line;
    fact->text = text;
    fact->fault_kind = kind;
    if (crashed != 0) {
        fact = maker_fact(maker, FACT_CRASH);
        fact->node = crashed;
    }
    maker_end(maker);
}

static void
operation(Maker *maker, uint64_t process, SimTime invoke, SimTime end,
          uint64_t outcome)
{
    uint64_t values[] = {process, 2 | 256, 2, 0};
    uint64_t results[] = {process, outcome, 2, 0};

    maker_begin(maker, invoke, 4);
    maker_timer(maker, 1);
    effects_probe(&maker->fx, PROBE_CLIENT_INVOKE, values, 4, slice_text("k1"));
    maker_end(maker);
    if (outcome != 0) {
        maker_begin(maker, end, 4);
        maker_timer(maker, 2);
        effects_probe(&maker->fx, PROBE_CLIENT_OUTCOME, results, 4, (Slice){0});
        maker_end(maker);
    }
}

static void
roles(Maker *maker)
{
    for (NodeId node = 1; node <= 3; node++) {
        maker_begin(maker, 0, node);
        maker_start(maker, 1, NULL, 0);
        maker_end(maker);
    }
    role(maker, 100, 1, 2, 1);
    role(maker, 200, 1, 3, 1);
    role(maker, 200, 1, 3, 1); /* said twice, counts once */
    role(maker, 250, 2, 0, 1);
    fault(maker, 300, FAULT_CRASH, 7, "crash n1, n9", 1);
    role(maker, 400, 2, 2, 2);
    role(maker, 450, 2, 3, 2);
    role(maker, 460, 3, 3, 2); /* two leaders of a term: a violation */
    fault(maker, 500, FAULT_CRASH, 7, NULL, 0);
    fault(maker, 600, FAULT_PARTITION, 8, "partition: n1 | n2", 0);
    fault(maker, 600, FAULT_NONE, 9, "link of nobody: delay +60ms", 0);
    fault(maker, 610, FAULT_CLOCK_STEP, 10, "clock-step n2", 0);
    fault(maker, 650, FAULT_PARTITION_RING, 8, "partition-ring", 0);
}

static void
messages(Maker *maker)
{
    Slice bytes = slice_text("12345678");

    maker_begin(maker, 10, 1);
    maker_timer(maker, 1);
    maker_send(maker, 2, CHANNEL_ECHO, bytes, 5);

    Fact *fact = maker_send(maker, 2, CHANNEL_ECHO, bytes, 5);

    fact->fate.copy_count = 2;
    fact->fate.copies[1].corrupt = true;
    fact = maker_send(maker, 2, CHANNEL_ECHO, bytes, 5);
    fact->fate.copy_count = 0;
    fact->fate.drop = FATE_LOSS;
    fact = maker_send(maker, 2, CHANNEL_ECHO, bytes, 5);
    fact->fate.copy_count = 0;
    fact->fate.drop = FATE_QUEUE_FULL;
    fact = maker_fact(maker, FACT_WRITE);
    fact->bytes = bytes;
    maker_fact(maker, FACT_SYNC);
    maker_end(maker);
    maker_begin(maker, 15, 2);
    maker_message(maker, 1, link_datagram(1), CHANNEL_ECHO, bytes);
    maker_end(maker);
    maker_begin(maker, 250, 2);
    maker_fact(maker, FACT_DROP);
    fact = maker_fact(maker, FACT_LOST);
    fact->size = 99;
    maker_end(maker);
}

/* Ten rows later what was slow is forgotten. */
static void
window(Maker *maker)
{
    operation(maker, 0, 10, 90, 1);
    operation(maker, 0, 110, 115, 1);
    operation(maker, 0, 1110, 1117, 1);
}

static void
operations(Maker *maker)
{
    operation(maker, 0, 10, 20, 1);
    operation(maker, 0, 20, 50, 1);
    operation(maker, 3, 60, 160, 2);
    operation(maker, 0, 170, 201, 3);
    operation(maker, 0, 210, 230, 1); /* goes on after info */
    operation(maker, 1, 240, 0, 0);
}

/* Counts of `end_ns` 700, nodes 3, interval 100. A name that is not listed
 * is not asked for. */
static const struct {
    const char *name;
    void (*make)(Maker *maker);
    const char *totals;
    const char *file, *want;
} runs[] = {
    {"nothing", NULL,
     "events 0 operations_ok 0 latency_p99_ns 0 leaderless_ns 700 ",
     "roles.csv",
     "node,role,term,start_ns,end_ns\n"
     "1,4,0,0,700\n2,4,0,0,700\n3,4,0,0,700\n"},
    {"roles", roles,
     "crashes 1 elections 3 candidacies 2 leaders_per_term_max 2 "
     "highest_term 2 first_leader_ns 200 leaderless_ns 350 faults_crash 1 "
     "faults_partition 1 faults_partition_ring 1 ",
     "roles.csv",
     "node,role,term,start_ns,end_ns\n"
     "1,5,0,0,100\n1,2,1,100,200\n2,5,0,0,250\n1,3,1,200,300\n"
     "2,0,1,250,400\n2,2,2,400,450\n3,5,0,0,460\n"
     "1,4,1,300,700\n2,3,2,450,700\n3,3,2,460,700\n"},
    {"faults", roles, "", "faults.csv",
     "line,kind,start_ns,end_ns,whom,package\n"
     "7,crash,300,500,n1; n9,kill\n"
     "8,partition,600,700,n1 | n2,partition\n"
     "10,clock-step,610,610,n2,clock\n"
     "8,partition-ring,650,700,,partition\n"},
    {"messages", messages,
     "messages_sent 4 messages_delivered 1 messages_dropped 3 "
     "messages_dropped_receiver 1 messages_duplicated 1 "
     "messages_corrupted 1 sent_bytes 32 delivered_bytes 8 disk_writes 1 "
     "disk_syncs 1 disk_written_bytes 8 disk_lost_bytes 99 "
     "messages_dropped_loss 1 messages_dropped_queue_full 1 "
     "messages_dropped_partition 0 ",
     "metrics.csv",
     "at_ns,ok,fail,info,latency_p50_ns,latency_p99_ns,sent,delivered,"
     "dropped,sent_bytes,term,role_n1,role_n2,role_n3\n"
     "0,0,0,0,,,4,1,2,32,0,4,4,4\n"
     "100,0,0,0,,,0,0,0,0,0,4,4,4\n"
     "200,0,0,0,,,0,0,1,0,0,4,4,4\n"
     "300,0,0,0,,,0,0,0,0,0,4,4,4\n"
     "400,0,0,0,,,0,0,0,0,0,4,4,4\n"
     "500,0,0,0,,,0,0,0,0,0,4,4,4\n"
     "600,0,0,0,,,0,0,0,0,0,4,4,4\n"},
    {"operations", operations,
     "operations_ok 3 operations_fail 1 operations_info 1 "
     "operations_open 1 latency_mean_ns 20 latency_p50_ns 20 "
     "latency_p90_ns 30 latency_max_ns 30 ",
     "operations.csv",
     "invoke_ns,end_ns,outcome,operation,process\n"
     "10,20,1,2,0\n20,50,1,2,0\n60,160,2,2,3\n170,201,3,2,0\n"
     "210,230,1,2,0\n240,700,0,2,1\n"},
    {"window", window, "", "metrics.csv",
     "at_ns,ok,fail,info,latency_p50_ns,latency_p99_ns,sent,delivered,"
     "dropped,sent_bytes,term,role_n1,role_n2,role_n3\n"
     "0,1,0,0,80,80,0,0,0,0,0,4,4,4\n"
     "100,1,0,0,5,80,0,0,0,0,0,4,4,4\n"
     "200,0,0,0,5,80,0,0,0,0,0,4,4,4\n"
     "300,0,0,0,5,80,0,0,0,0,0,4,4,4\n"
     "400,0,0,0,5,80,0,0,0,0,0,4,4,4\n"
     "500,0,0,0,5,80,0,0,0,0,0,4,4,4\n"
     "600,0,0,0,5,80,0,0,0,0,0,4,4,4\n"
     "700,0,0,0,5,80,0,0,0,0,0,4,4,4\n"
     "800,0,0,0,5,80,0,0,0,0,0,4,4,4\n"
     "900,0,0,0,5,80,0,0,0,0,0,4,4,4\n"
     "1000,0,0,0,5,5,0,0,0,0,0,4,4,4\n"
     "1100,1,0,0,7,7,0,0,0,0,0,4,4,4\n"},
    {"intervals", operations, "", "metrics.csv",
     "at_ns,ok,fail,info,latency_p50_ns,latency_p99_ns,sent,delivered,"
     "dropped,sent_bytes,term,role_n1,role_n2,role_n3\n"
     "0,2,0,0,10,30,0,0,0,0,0,4,4,4\n"
     "100,0,1,0,10,30,0,0,0,0,0,4,4,4\n"
     "200,1,0,1,20,30,0,0,0,0,0,4,4,4\n"
     "300,0,0,0,20,30,0,0,0,0,0,4,4,4\n"
     "400,0,0,0,20,30,0,0,0,0,0,4,4,4\n"
     "500,0,0,0,20,30,0,0,0,0,0,4,4,4\n"
     "600,0,0,0,20,30,0,0,0,0,0,4,4,4\n"},
};

static void
append_total(void *totals, const char *name, uint64_t value)
{
    ck_assert_uint_lt(strlen(name), 32);
    g_string_append_printf(totals, "%s %lu ", name, (unsigned long)value);
}

START_TEST(test_runs)
{
    MetricsAbout about = {3, 100};
    GError *error = NULL;
    Metrics *metrics = metrics_new(folder, &about, &error);
    GString *totals = g_string_new(" ");
    g_autofree char *path = g_build_filename(folder, runs[_i].file, NULL);
    g_autofree char *content = NULL;
    g_auto(GStrv) want = g_strsplit(runs[_i].totals, " ", 0);
    Maker maker;

    ck_assert_ptr_nonnull(metrics);
    maker_init(&maker, observe, metrics);
    if (runs[_i].make != NULL) {
        runs[_i].make(&maker);
    }
    maker_clear(&maker);
    ck_assert(!g_file_test(path, G_FILE_TEST_EXISTS));
    ck_assert(metrics_close(metrics, MAX(700, maker.event.at), &error));
    ck_assert(g_file_get_contents(path, &content, NULL, NULL));
    ck_assert_msg(strcmp(content, runs[_i].want) == 0,
                  "%s:\n%s--- instead of\n%s", runs[_i].name, content,
                  runs[_i].want);
    metrics_each(metrics, append_total, totals);
    for (unsigned i = 0; want[i] != NULL && want[i][0] != '\0'; i += 2) {
        g_autofree char *pair =
            g_strdup_printf(" %s %s ", want[i], want[i + 1]);

        ck_assert_msg(strstr(totals->str, pair) != NULL, "%s: no%sin\n%s",
                      runs[_i].name, pair, totals->str);
    }
    metrics_free(metrics);
    g_string_free(totals, TRUE);
}
END_TEST

START_TEST(test_no_folder)
{
    MetricsAbout about = {3, 0};
    GError *error = NULL;
    Metrics *metrics = metrics_new("/nowhere/at/all", &about, &error);

    ck_assert_ptr_null(metrics);
    ck_assert_ptr_nonnull(strstr(error->message, "/nowhere/at/all"));
    g_clear_error(&error);
    metrics = metrics_new(NULL, &about, NULL);

    Maker maker;

    maker_init(&maker, observe, metrics);
    operations(&maker);
    maker_clear(&maker);
    ck_assert(metrics_close(metrics, 700, NULL));
    metrics_free(metrics);
}
END_TEST

/* Against exact quantiles: never below, at most 1/128 above. */
START_TEST(test_histogram)
{
    static const unsigned ppms[] = {0, 1, 500000, 990000, 999999, 1000000};
    Histogram *histogram = g_new0(Histogram, 1);
    enum { COUNT = 20000 };
    uint64_t *values = g_new(uint64_t, COUNT);
    Stream dice = {99, 0};

    for (unsigned i = 0; i < COUNT; i++) {
        uint64_t shift = stream_below(&dice, 60);

        values[i] = stream_u64(&dice) >> shift;
        histogram_add(histogram, values[i]);
        for (unsigned j = i; j > 0 && values[j - 1] > values[j]; j--) {
            uint64_t swap = values[j];

            values[j] = values[j - 1];
            values[j - 1] = swap;
        }
    }
    for (unsigned i = 0; i < G_N_ELEMENTS(ppms); i++) {
        uint64_t rank = MAX(((uint64_t)COUNT * ppms[i] + 999999) / 1000000, 1);
        uint64_t exact = values[rank - 1];
        uint64_t got = histogram_quantile(histogram, ppms[i]);

        ck_assert_msg(got >= exact && got - exact <= exact / 128,
                      "%u ppm: %lu, exactly %lu", ppms[i], (unsigned long)got,
                      (unsigned long)exact);
    }
    ck_assert(histogram_quantile(histogram, 1000000) == values[COUNT - 1]);
    histogram_add(histogram, UINT64_MAX);
    ck_assert(histogram_quantile(histogram, 1000000) == UINT64_MAX);
    g_free(values);
    g_free(histogram);
}
END_TEST

static void
set_up(void)
{
    folder = g_dir_make_tmp("seedbed-XXXXXX", NULL);
}

static void
tear_down(void)
{
    static const char *const files[] = {"metrics.csv", "roles.csv",
                                        "operations.csv", "faults.csv"};

    for (unsigned i = 0; i < G_N_ELEMENTS(files); i++) {
        g_autofree char *path = g_build_filename(folder, files[i], NULL);

        (void)unlink(path);
    }
    ck_assert_int_eq(rmdir(folder), 0);
    g_free(folder);
}

int
main(void)
{
    Suite *suite = suite_create("metrics");
    TCase *tcase = tcase_create("metrics");

    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_add_loop_test(tcase, test_runs, 0, G_N_ELEMENTS(runs));
    tcase_add_test(tcase, test_no_folder);
    tcase_add_test(tcase, test_histogram);
    suite_add_tcase(suite, tcase);

    SRunner *runner = srunner_create(suite);

    srunner_run_all(runner, CK_NORMAL);

    int failed = srunner_ntests_failed(runner);

    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Criteria: the words, and each of them held and broken by a small run of
 * three nodes and a client. */
#include "sim/criteria.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/maker.h"

static const struct {
    const char *text;
    const char *want; /* NULL: the same text; else the text, or the mistake */
} words[] = {
    {"availability >= 99%", NULL},
    {"error-rate <= 0.5%", NULL},
    {"throughput >= 50/s", NULL},
    {"latency.p99 <= 200 ms", NULL},
    {"latency.p99.9 <= 1 s", NULL},
    {"latency.mean <= 5 ms", NULL},
    {"latency.max <= 5 ms", NULL},
    {"messages-per-operation <= 12.5", NULL},
    {"leaders-per-term <= 1", NULL},
    {"memory <= 16 MiB", NULL},
    {"log-size <= 1 MiB", NULL},
    {"disk_lost_bytes <= 0 B", NULL},
    {"leaderless_ns <= 2 s", NULL},
    {"elections <= 5", NULL},
    {"operations >= 5", NULL},
    {"consistent", NULL},
    {"converged", NULL},
    {"leader within 2 s of crash", NULL},
    {"leader within 2 s of leader-loss", NULL},
    {"progress within 3 s of last-change", NULL},
    {"stable within 3 s of heal", NULL},
    {"converged within 3 s of heal-core", NULL},
    {"availability >= 99% eventually within 5 s of heal", NULL},
    {" availability   \342\211\245 99%  within 5s of fault",
     "availability >= 99% eventually within 5 s of fault"},
    {"latency.p50 \342\211\244 1ms", "latency.p50 <= 1 ms"},
    {"", "found \"nothing\", expected a criterion such as availability >= 99%"},
    {"speed >= 5",
     "found \"speed\", expected leader, progress, stable, consistent, "
     "converged, availability, error-rate, throughput, latency.pN, "
     "latency.mean, latency.max, messages-per-operation, leaders-per-term, "
     "memory, log-size or a metric of run.json"},
    {"latency >= 5 ms",
     "found \"latency\", expected leader, progress, stable, consistent, "
     "converged, availability, error-rate, throughput, latency.pN, "
     "latency.mean, latency.max, messages-per-operation, leaders-per-term, "
     "memory, log-size or a metric of run.json"},
    {"availability", "found \"no bound\", expected >= or <= and a value"},
    {"availability > 5%", "found \">\", expected >= or <= and a value"},
    {"availability >=",
     "found \"no value\", expected a percentage such as \"99%\""},
    {"availability >= 99",
     "found \"99\", expected a percentage such as \"99%\""},
    {"latency.p99 <= 200",
     "found \"200\", expected a duration with a unit such as \"30 s\""},
    {"leader", "found \"leader\", expected within D of an event behind it"},
    {"leader >= 1", "found \">=\", expected nothing, or within D of an event"},
    {"leader within 2 s",
     "found \"no `of`\", expected of and one event, at the end"},
    {"leader within 2 s of",
     "found \"no event\", expected of and one event, at the end"},
    {"leader within of crash",
     "found \"no time\", expected a duration such as \"2 s\" behind within"},
    {"leader within soon of crash",
     "found \"soon\", expected a duration such as \"2 s\" behind within"},
    {"leader within 2 s of rain",
     "found \"rain\", expected start, fault, heal, last-change, leader-loss or "
     "a fault kind"},
    {"leader within 2 s of crash n1",
     "found \"no event\", expected of and one event, at the end"},
    {"consistent within 2 s of crash",
     "found \"within\", expected nothing behind what is of the whole run"},
    {"elections <= 5 within 2 s of crash",
     "found \"within\", expected nothing behind what is of the whole run"},
    {"availability >= 9% eventually",
     "found \"eventually\", expected eventually within D of an event"},
    {"availability >= 9% within 200 ms of heal",
     "found \"200 ms\", expected at least \"1 s\": it is measured over a "
     "second"},
};

START_TEST(reads_and_writes)
{
    const char *want = words[_i].want != NULL ? words[_i].want : words[_i].text;
    GError *error = NULL;
    Criterion criterion;

    if (criterion_parse(words[_i].text, &criterion, &error)) {
        g_autofree char *text = criterion_text(&criterion);
        g_autofree char *again = NULL;

        ck_assert_str_eq(text, want);
        ck_assert(criterion_parse(text, &criterion, NULL));
        again = criterion_text(&criterion);
        ck_assert_str_eq(again, text);
    } else {
        ck_assert_str_eq(error->message, want);
        g_error_free(error);
    }
}
END_TEST

/* Runs, one step a line: "MS VERB NUMBERS". */
typedef struct Stage {
    Maker maker;
    Checks *checks;
    Metrics *metrics;
    Criteria *criteria;
} Stage;

static void
observe(void *data, const Record *record)
{
    Stage *stage = data;

    checks_observe(stage->checks, record);
    metrics_observe(stage->metrics, record);
    criteria_observe(stage->criteria, record);
}

static void
play_line(Stage *stage, const char *line)
{
    unsigned long long ms, n[4] = {0};
    char verb[16];
    Fact *fact;

    ck_assert_int_ge(sscanf(line, "%llu %15s %llu %llu %llu %llu", &ms, verb,
                            &n[0], &n[1], &n[2], &n[3]),
                     2);
    maker_begin(
        &stage->maker, ms * SIM_MS + 1,
        strcmp(verb, "op") == 0 || strcmp(verb, "end") == 0 ? 4 : (NodeId)n[0]);
    if (strcmp(verb, "up") == 0 || strcmp(verb, "down") == 0) {
        fact = maker_fact(&stage->maker,
                          verb[0] == 'u' ? FACT_RESTART : FACT_CRASH);
        fact->node = (NodeId)n[0];
    } else if (strcmp(verb, "fault") == 0 || strcmp(verb, "heal") == 0) {
        fact =
            maker_fact(&stage->maker, verb[0] == 'f' ? FACT_FAULT : FACT_HEAL);
        fact->node = 0;
        fact->fault_kind = FAULT_CRASH;
    } else {
        maker_timer(&stage->maker, 1);
        if (strcmp(verb, "role") == 0) {
            maker_probe(&stage->maker, PROBE_RAFT_ROLE, n[1], n[2], 0);
        } else if (strcmp(verb, "op") == 0) {
            maker_probe(&stage->maker, PROBE_CLIENT_INVOKE, n[0], 1, 0);
        } else if (strcmp(verb, "end") == 0) {
            maker_probe(&stage->maker, PROBE_CLIENT_OUTCOME, n[0], n[1], 1);
        } else if (strcmp(verb, "commit") == 0) {
            maker_probe(&stage->maker, PROBE_RAFT_APPEND, n[1], 1, n[2]);
            maker_probe(&stage->maker, PROBE_RAFT_COMMIT, n[1], 1, 0);
            maker_probe(&stage->maker, PROBE_RAFT_APPLY, n[1], 1, n[2]);
        } else if (strcmp(verb, "append") == 0) {
            maker_probe(&stage->maker, PROBE_RAFT_APPEND, n[1], 1, n[2]);
        } else if (strcmp(verb, "send") == 0) {
            maker_send(&stage->maker, 2, CHANNEL_ECHO, slice_text("x"), 1);
        } else {
            ck_assert_str_eq(verb, "tick");
        }
    }
    maker_end(&stage->maker);
}

#define UP "0 up 1\n0 up 2\n0 up 3\n"
/* A second of operations, one in 100 ms, of which the last may fail. */
#define OPS(s, outcome)                                                        \
    s "100 op 0\n" s "110 end 0 1\n" s "200 op 0\n" s "210 end 0 1\n" s        \
      "300 op 0\n" s "310 end 0 1\n" s "400 op 0\n" s "480 end 0 " outcome     \
      "\n"

/* @want: "ok 5", "NO 5", "NO never" or "--" (not judged). */
static const struct {
    const char *name, *criterion, *run, *want;
} runs[] = {
    {"available", "availability >= 75%", UP OPS("", "2"), "ok 75%"},
    {"not available", "availability >= 76%", UP OPS("", "2"), "NO 75%"},
    {"nothing asked", "availability >= 76%", UP, "--"},
    {"few errors", "error-rate <= 25%", UP OPS("", "3"), "ok 25%"},
    {"errors", "error-rate <= 24%", UP OPS("", "3"), "NO 25%"},
    {"throughput", "throughput >= 2/s", UP OPS("", "1") "2000 tick 1\n",
     "ok 2/s"},
    {"no throughput", "throughput >= 2.1/s", UP OPS("", "1") "2000 tick 1\n",
     "NO 2/s"},
    {"fast", "latency.p50 <= 11 ms", UP OPS("", "1"), "ok"},
    {"slow", "latency.max <= 79 ms", UP OPS("", "1"), "NO"},
    {"few messages", "messages-per-operation <= 0.5",
     UP OPS("", "1") "500 send 1\n600 send 1\n", "ok 0.5"},
    {"messages", "messages-per-operation <= 0.4",
     UP OPS("", "1") "500 send 1\n600 send 1\n", "NO 0.5"},
    {"one leader a term", "leaders-per-term <= 1",
     UP "1 role 1 3 1\n2 role 1 0 2\n3 role 2 3 2\n", "ok 1"},
    {"two leaders a term", "leaders-per-term <= 1",
     UP "1 role 1 3 1\n2 role 2 3 1\n", "NO 2"},
    {"elections", "elections >= 2", UP "1 role 1 3 1\n", "NO 1"},
    {"memory", "memory <= 1 KiB", UP, "ok 0 B"},
    {"all the same", "consistent",
     UP "1 role 1 3 1\n1 commit 1 1 7\n2 commit 2 1 7\n3 commit 3 1 7\n",
     "ok 1"},
    {"not the same", "consistent",
     UP "1 role 1 3 1\n1 commit 1 1 7\n2 commit 2 1 8\n3 commit 3 1 7\n",
     "NO 1"},
    {"all have it", "converged",
     UP "1 role 1 3 1\n1 commit 1 1 7\n2 commit 2 1 7\n3 commit 3 1 7\n"
        "2000 tick 1\n",
     "ok 1"},
    {"one lacks it", "converged",
     UP "1 role 1 3 1\n1 commit 1 1 7\n2 commit 2 1 7\n2000 tick 1\n", "NO 0"},
    {"who lacks it is down", "converged",
     UP "1 role 1 3 1\n1 commit 1 1 7\n2 commit 2 1 7\n3 down 3\n"
        "2000 tick 1\n",
     "ok 1"},
    {"it is too new", "converged",
     UP "1 role 1 3 1\n1500 commit 1 1 7\n2000 tick 1\n", "ok 0"},
    {"a leader in time", "leader within 1 s of start",
     UP "1000 role 1 3 1\n3000 tick 1\n", "ok 1 s"},
    {"a leader too late", "leader within 1 s of start",
     UP "1001 role 1 3 1\n3000 tick 1\n", "NO never"},
    {"a leader, and then it ends", "leader within 1 s of start",
     UP "900 tick 1\n", "--"},
    {"another leader in time", "leader within 500 ms of crash",
     UP "1 role 1 3 1\n100 down 1\n100 fault 0\n300 role 2 3 2\n", "ok 200 ms"},
    {"another leader too late", "leader within 500 ms of leader-loss",
     UP "1 role 1 3 1\n100 down 1\n700 role 2 3 2\n900 tick 1\n", "NO never"},
    {"excused by another fault", "leader within 500 ms of leader-loss",
     UP "1 role 1 3 1\n100 down 1\n300 fault 0\n700 role 2 3 2\n900 tick 1\n",
     "--"},
    {"progress after the last change", "progress within 1 s of last-change",
     UP "1 fault 0\n900 heal 0\n1500 op 0\n1800 end 0 1\n2500 tick 1\n",
     "ok 900 ms"},
    {"no progress", "progress within 1 s of last-change",
     UP "1 fault 0\n900 heal 0\n1500 op 0\n1800 end 0 2\n2500 tick 1\n",
     "NO never"},
    {"stable", "stable within 3 s of heal",
     UP "1 fault 0\n500 role 1 3 1\n900 heal 0\n1500 tick 1\n2000 tick 1\n",
     "ok 1.1 s"},
    {"unstable", "stable within 2 s of heal",
     UP "1 fault 0\n500 role 1 3 1\n900 heal 0\n1500 role 1 0 2\n"
        "2200 role 2 3 3\n2900 tick 1\n3500 tick 1\n",
     "NO never"},
    {"not healed while another is in force", "stable within 2 s of heal",
     UP "1 fault 0\n2 fault 0\n900 heal 0\n3500 tick 1\n", "--"},
    {"converges", "converged within 1 s of heal",
     UP "1 role 1 3 1\n1 commit 1 1 7\n2 commit 2 1 7\n10 fault 0\n"
        "100 heal 0\n500 commit 3 1 7\n600 tick 1\n2000 tick 1\n",
     "ok 400 ms"},
    {"does not converge", "converged within 1 s of heal",
     UP "1 role 1 3 1\n1 commit 1 1 7\n2 commit 2 1 7\n10 fault 0\n"
        "100 heal 0\n600 tick 1\n2000 tick 1\n",
     "NO never"},
    {"available again", "availability >= 99% within 2 s of heal",
     UP "1 fault 0\n" OPS("", "2") "600 heal 0\n" OPS("1", "1") "1700 tick 1\n"
                                                                "2700 tick 1\n",
     "ok 1.1 s"},
    {"not available again", "availability >= 99% within 2 s of heal",
     UP "1 fault 0\n" OPS("", "2") "600 heal 0\n" OPS(
         "1", "2") "1700 tick 1\n" OPS("2", "2") "2700 tick 1\n",
     "NO never"},
    {"fast again", "latency.p99 <= 50 ms within 2 s of heal",
     UP "1 fault 0\n600 heal 0\n1100 op 0\n1110 end 0 1\n1700 tick 1\n"
        "2700 tick 1\n",
     "ok 1.1 s"},
    {"slow still", "latency.p99 <= 50 ms within 2 s of heal",
     UP "1 fault 0\n600 heal 0\n1100 op 0\n1210 end 0 1\n1700 tick 1\n"
        "2700 tick 1\n",
     "NO never"},
};

START_TEST(holds_or_not)
{
    char *lines[] = {(char *)runs[_i].criterion, NULL};
    Expect expect = {.elections_max = UINT64_MAX, .criteria = lines};
    MetricsAbout about = {.node_count = 3};
    CriterionResult results[CRITERIA_MAX];
    g_auto(GStrv) steps = g_strsplit(runs[_i].run, "\n", -1);
    g_autofree char *value = NULL;
    g_autofree char *found = NULL;
    Stage stage = {0};
    SimTime end = 0;

    stage.checks = checks_new(3, &expect);
    stage.metrics = metrics_new(NULL, &about, NULL);
    stage.criteria = criteria_new(3, &expect, stage.checks, stage.metrics);
    maker_init(&stage.maker, observe, &stage);
    for (char **step = steps; *step != NULL; step++) {
        if ((*step)[0] != '\0') {
            play_line(&stage, *step);
            end = g_ascii_strtoull(*step, NULL, 10) * SIM_MS;
        }
    }
    metrics_close(stage.metrics, end + 1, NULL);
    ck_assert_uint_eq(criteria_finish(stage.criteria, end, results), 1);
    ck_assert_str_eq(results[0].check, "criterion");
    value = results[0].measured == UINT64_MAX
                ? g_strdup("never")
                : criterion_value_text(results[0].unit, results[0].measured);
    found =
        !results[0].judged
            ? g_strdup("--")
            : g_strdup_printf("%s %s", results[0].holds ? "ok" : "NO", value);
    ck_assert_msg(g_str_has_prefix(found, runs[_i].want),
                  "%s: found %s, expected %s", runs[_i].name, found,
                  runs[_i].want);
    ck_assert(results[0].holds || results[0].said[0] != '\0');
    maker_clear(&stage.maker);
    maker_forget();
    criteria_free(stage.criteria);
    metrics_free(stage.metrics);
    checks_free(stage.checks);
}
END_TEST

/* The short keys of `expect` are criteria of their own checks. */
START_TEST(short_forms)
{
    static const Expect expect = {.elections_min = 1,
                                  .elections_max = 5,
                                  .operations_min = 7,
                                  .availability_ppb_min = 900000000,
                                  .leader_within = SIM_S,
                                  .recovery_within = 2 * SIM_S};
    static const char *const want[] = {
        "elections: elections >= 1",
        "elections: elections <= 5",
        "operations: operations >= 7",
        "availability: availability >= 90%",
        "leader-within: leader within 1 s of start",
        "recovery: progress within 2 s of last-change"};
    static const Expect nothing = {.elections_max = UINT64_MAX};
    MetricsAbout about = {.node_count = 3};
    CriterionResult results[CRITERIA_MAX];
    Checks *checks = checks_new(3, &expect);
    Metrics *metrics = metrics_new(NULL, &about, NULL);
    Criteria *criteria = criteria_new(3, &expect, checks, metrics);

    ck_assert_ptr_null(criteria_new(3, &nothing, checks, metrics));
    ck_assert_uint_eq(criteria_finish(criteria, 0, results),
                      G_N_ELEMENTS(want));
    for (unsigned i = 0; i < G_N_ELEMENTS(want); i++) {
        g_autofree char *line =
            g_strdup_printf("%s: %s", results[i].check, results[i].text);

        ck_assert_str_eq(line, want[i]);
    }
    criteria_free(criteria);
    metrics_free(metrics);
    checks_free(checks);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("criteria");
    TCase *tcase = tcase_create("criteria");
    SRunner *runner;
    int failed;

    tcase_add_loop_test(tcase, reads_and_writes, 0, G_N_ELEMENTS(words));
    tcase_add_loop_test(tcase, holds_or_not, 0, G_N_ELEMENTS(runs));
    tcase_add_test(tcase, short_forms);
    suite_add_tcase(suite, tcase);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

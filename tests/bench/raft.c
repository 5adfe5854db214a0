/* SPDX-License-Identifier: Apache-2.0 */
/* A 5-node Raft cluster in the simulator, digest and all invariants on,
 * beside the fixture of canonical/raft at its favourable setting.
 *
 * The fixture proposes 16 entries of 64 bytes and waits for all of them; here
 * a client keeps 16 writes of 64-byte values outstanding over a stream, so a
 * commit costs us the client's requests and answers besides. Both send one
 * entry in each AppendEntries. The fixture writes each entry to disk on its
 * own and answers each of them: 8 deliveries a commit. Here what comes during
 * a SYNC shares the next one, and the answer to it (group commit): 4.8
 * deliveries a commit. Neither is favoured by that: with a SYNC and an answer
 * for each entry (disk.sync 100 us: 8.1 deliveries) a delivery costs as much
 * and a commit nearly twice. A delivery is a message that a node (or the
 * client) was handed. Rates are per second of CPU time, except those of
 * process isolation and of fresh runs, which use more than one process: they
 * are per second of the wall.
 *
 * What profiles taught. The cost of an event is spread evenly: no function
 * has more than 5 % of it, and what is left is the number of instructions,
 * hence optimising across files (10 %) and -O3 (4 %), and their footprint: 63
 * misses of the first-level instruction cache an event, so that to train the
 * compiler (-fprofile-use) is worth another 11 %. Clearing a struct of more
 * than a hundred bytes is a `rep stos`, 30 cycles and more: nothing of that
 * size is cleared as a whole at each event. One CellOutput for all cells and a
 * small digest buffer took a fifth of the data cache misses. Running cells in
 * windows, for the instruction cache, costs more than it gives. */
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sim/run.h"
#include "tests/bench/bench.h"

#define SCENARIO BENCH_SOURCE_TOP "/tests/bench/raft.yaml"
#define LIGHT    BENCH_SOURCE_TOP "/tests/bench/raft-light.yaml"

/* One way to run a scenario, and what came of it. */
typedef struct Case {
    const char *name;
    const char *scenario;
    const char *const *sets;
    EngineIsolation isolation;
    unsigned workers;
    BenchSamples commits, deliveries, events, event_ns, node_inputs;
} Case;

enum {
    CASE_SINGLE,
    CASE_HISTORY,
    CASE_BATCH,
    CASE_JITTER,
    CASE_LOG_1K,
    CASE_LOG_100K,
    CASE_10_S,
    CASE_1000_S,
    CASE_PROCESS,
    CASE_PROCESS_2,
};

static const char *const set_single[] = {"duration=60 s", NULL};
static const char *const set_history[] = {"expect.linearizable=true",
                                          "duration=20 s", NULL};
static const char *const set_batch[] = {
    "nodes.config.batch_max_entries=1024", "clients.0.count=64",
    "clients.0.outstanding=64", "duration=1 s", NULL};
static const char *const set_jitter[] = {"network.links=delay 500us 100us",
                                         "duration=20 s", NULL};
static const char *const set_1k[] = {"nodes.config.snapshot_threshold=500",
                                     "nodes.config.snapshot_trailing=500",
                                     "duration=150 s", NULL};
/* The log grows to 100 k entries and stays between 100 k and 120 k. */
static const char *const set_100k[] = {"nodes.config.snapshot_threshold=20000",
                                       "nodes.config.snapshot_trailing=100000",
                                       "duration=150 s", NULL};
static const char *const set_10_s[] = {"duration=10 s", NULL};
static const char *const set_1000_s[] = {"duration=1000 s", NULL};
static const char *const set_process[] = {"duration=1 s", NULL};

static Case cases[] = {
    [CASE_SINGLE] = {.name = "single",
                     .scenario = SCENARIO,
                     .sets = set_single},
    [CASE_HISTORY] = {.name = "history",
                      .scenario = SCENARIO,
                      .sets = set_history},
    [CASE_BATCH] = {.name = "batch", .scenario = SCENARIO, .sets = set_batch},
    [CASE_JITTER] = {.name = "jitter",
                     .scenario = SCENARIO,
                     .sets = set_jitter},
    [CASE_LOG_1K] = {.name = "log_1k", .scenario = SCENARIO, .sets = set_1k},
    [CASE_LOG_100K] = {.name = "log_100k",
                       .scenario = SCENARIO,
                       .sets = set_100k},
    [CASE_10_S] = {.name = "10_s", .scenario = LIGHT, .sets = set_10_s},
    [CASE_1000_S] = {.name = "1000_s", .scenario = LIGHT, .sets = set_1000_s},
    [CASE_PROCESS] = {.name = "process",
                      .scenario = SCENARIO,
                      .sets = set_process,
                      .isolation = ENGINE_PROCESS},
    [CASE_PROCESS_2] = {.name = "process_2_workers",
                        .scenario = SCENARIO,
                        .sets = set_process,
                        .isolation = ENGINE_PROCESS,
                        .workers = 2},
};

typedef struct Fixture {
    double deliveries_per_commit; /* the same in every run */
    BenchSamples commits;
    char *why;
} Fixture;

/* Of one thread, in seconds: neighbours on the machine stretch the wall's
 * time of long and short runs alike, but not by the same factor. */
static double
usage_seconds(const struct rusage *usage)
{
    return (double)(usage->ru_utime.tv_sec + usage->ru_stime.tv_sec) +
           (double)(usage->ru_utime.tv_usec + usage->ru_stime.tv_usec) / 1e6;
}

static double
cpu_seconds(int who)
{
    struct rusage usage;

    getrusage(who, &usage);
    return usage_seconds(&usage);
}

/* What a fresh `seedbed run` costs. */
typedef struct Fresh {
    BenchSamples milliseconds, cpu_milliseconds;
    double kib_10_s, kib_1000_s;
} Fresh;

/* One run in this process; it must pass. */
static void
run(const Case *one, RunResult *result)
{
    RunOptions options;
    GError *error = NULL;
    int status;

    run_options_init(&options);
    options.scenario = one->scenario;
    options.sets = (char **)(uintptr_t)one->sets;
    options.seed = 1;
    options.isolation = one->isolation;
    options.workers = MAX(one->workers, 1);
    options.no_folder = true;
    options.no_fork = true;
    status = run_scenario(&options, result, &error);
    if (status != RUN_PASS) {
        fprintf(stderr, "bench raft: %s: %s\n", one->name,
                error != NULL ? error->message : result->violations[0].message);
        exit(EXIT_FAILURE);
    }
}

static void
measure(Case *one)
{
    static RunResult result;
    double seconds = cpu_seconds(RUSAGE_SELF);

    run(one, &result);
    seconds = one->isolation == ENGINE_PROCESS
                  ? (double)result.wall_ns / 1e9
                  : cpu_seconds(RUSAGE_SELF) - seconds;
    bench_samples_add(&one->commits,
                      (double)run_metric(&result, "commits") / seconds);
    bench_samples_add(&one->deliveries, (double)result.delivered / seconds);
    bench_samples_add(&one->events, (double)result.events / seconds);
    bench_samples_add(&one->node_inputs,
                      (double)run_metric(&result, "node_inputs") / seconds);
    bench_samples_add(&one->event_ns, seconds * 1e9 / (double)result.events);
}

static bool
run_fixture(BenchPeers *peers, const char *seconds, const char *pattern,
            double *number, Fixture *fixture)
{
    const char *arguments[] = {"bin/raft_fix", "5", seconds, "16",
                               "32",           "8", NULL};

    return fixture->why == NULL &&
           bench_peers_run(peers, arguments, pattern, number, &fixture->why);
}

static void
fixture_init(Fixture *fixture, BenchPeers *peers)
{
    double messages = 0, commits = 1;

    fixture->why = bench_peers_make(peers, "raft", "bin/raft_fix");
    if (run_fixture(peers, "20", "recvmsgs=([0-9]+)", &messages, fixture) &&
        run_fixture(peers, "20", "acked=([0-9]+)", &commits, fixture)) {
        fixture->deliveries_per_commit = messages / commits;
    }
}

static void
measure_fixture(Fixture *fixture, BenchPeers *peers)
{
    double seconds = cpu_seconds(RUSAGE_CHILDREN);
    double commits;

    if (run_fixture(peers, "500", "acked=([0-9]+)", &commits, fixture)) {
        seconds = cpu_seconds(RUSAGE_CHILDREN) - seconds;
        bench_samples_add(&fixture->commits, commits / seconds);
    }
}

/* `seedbed run` from fork to exit, in milliseconds; @kib receives the largest
 * resident set of any of its processes, @seconds what they used. 0 when it
 * cannot be had. */
static double
spawn_run(const char *program, const char *set, double *kib, double *seconds)
{
    g_autofree char *folder = g_dir_make_tmp("seedbed-bench-XXXXXX", NULL);
    g_autofree char *out = g_build_filename(folder, "run", NULL);
    char *arguments[] = {(char *)(uintptr_t)program,
                         (char *)"run",
                         (char *)LIGHT,
                         (char *)"-q",
                         (char *)"--set",
                         (char *)(uintptr_t)set,
                         (char *)"--out",
                         out,
                         NULL};
    char *const remove[] = {(char *)"rm", (char *)"-rf", folder, NULL};
    double start = bench_seconds(), milliseconds;
    struct rusage usage;
    int status = -1;
    pid_t child;

    if (posix_spawn(&child, program, NULL, NULL, arguments, environ) != 0) {
        return 0;
    }
    while (wait4(child, &status, 0, &usage) < 0 && errno == EINTR) {
    }
    milliseconds = (bench_seconds() - start) * 1e3;
    *kib = (double)usage.ru_maxrss;
    *seconds = usage_seconds(&usage);
    if (posix_spawnp(&child, remove[0], NULL, NULL, remove, environ) == 0) {
        waitpid(child, NULL, 0);
    }
    return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? milliseconds : 0;
}

static void
measure_fresh(Fresh *fresh, const char *program)
{
    for (unsigned i = 0; i < 4 * BENCH_ROUNDS; i++) {
        double seconds;
        double milliseconds =
            spawn_run(program, "duration=10 s", &fresh->kib_10_s, &seconds);

        if (milliseconds > 0) {
            bench_samples_add(&fresh->milliseconds, milliseconds);
            bench_samples_add(&fresh->cpu_milliseconds, seconds * 1e3);
        }
    }
}

static void
report_case(BenchReport *report, const Case *one)
{
    const struct {
        const char *format;
        const BenchSamples *samples;
    } figures[] = {{"commits_per_s_%s", &one->commits},
                   {"deliveries_per_s_%s", &one->deliveries},
                   {"events_per_s_%s", &one->events},
                   {"node_inputs_per_s_%s", &one->node_inputs},
                   {"ns_per_event_%s", &one->event_ns}};

    for (unsigned i = 0; i < G_N_ELEMENTS(figures) && one->events.count > 0;
         i++) {
        g_autoptr(GString) name = g_string_new(figures[i].format);

        g_string_replace(name, "%s", one->name, 1);
        bench_report_metric(report, name->str,
                            bench_samples_median(figures[i].samples));
    }
}

static void
report(const Fixture *fixture, const Fresh *fresh)
{
    BenchReport report;
    double commits = bench_samples_median(&fixture->commits);

    bench_report_init(&report, "raft");
    for (unsigned i = 0; i < G_N_ELEMENTS(cases); i++) {
        report_case(&report, &cases[i]);
    }
    bench_report_metric(&report, "fresh_run_ms",
                        bench_samples_median(&fresh->milliseconds));
    bench_report_metric(&report, "fresh_run_cpu_ms",
                        bench_samples_median(&fresh->cpu_milliseconds));
    bench_report_metric(&report, "rss_kib_10_s", fresh->kib_10_s);
    bench_report_metric(&report, "rss_kib_1000_s", fresh->kib_1000_s);
    if (fixture->why != NULL) {
        bench_report_skipped(&report, "canonical_raft_fixture", fixture->why);
    } else {
        bench_report_peer_metric(&report, "commits_per_s", commits);
        bench_report_peer_metric(&report, "deliveries_per_s",
                                 commits * fixture->deliveries_per_commit);
        bench_report_peer(&report, "canonical_raft_fixture");
    }
    bench_report_ratio(&report, "commits_to_fixture",
                       bench_samples_median(&cases[CASE_SINGLE].commits),
                       commits);
    bench_report_ratio(&report, "deliveries_to_fixture",
                       bench_samples_median(&cases[CASE_SINGLE].deliveries),
                       commits * fixture->deliveries_per_commit);
    bench_report_ratio(&report, "ns_per_event_100k_to_1k_entries",
                       bench_samples_median(&cases[CASE_LOG_100K].event_ns),
                       bench_samples_median(&cases[CASE_LOG_1K].event_ns));
    bench_report_ratio(&report, "ns_per_event_1000_to_10_s",
                       bench_samples_median(&cases[CASE_1000_S].event_ns),
                       bench_samples_median(&cases[CASE_10_S].event_ns));
    bench_report_ratio(&report, "commits_jitter_to_none",
                       bench_samples_median(&cases[CASE_JITTER].commits),
                       bench_samples_median(&cases[CASE_SINGLE].commits));
    bench_report_ratio(&report, "rss_1000_to_10_s", fresh->kib_1000_s,
                       fresh->kib_10_s);
    bench_report_print(&report);
}

static bool
is_chosen(const char *name, int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], name) == 0) {
            return true;
        }
    }
    return argc == 1;
}

/* `bench_raft once SECONDS`: one run and nothing else, for callgrind.sh. */
static int
once(const char *seconds)
{
    g_autofree char *set = g_strdup_printf("duration=%s s", seconds);
    const char *const sets[] = {set, NULL};
    const Case one = {.name = "once", .scenario = SCENARIO, .sets = sets};
    static RunResult result;

    run(&one, &result);
    /* events and commits, for callgrind.sh */
    printf("events %" G_GUINT64_FORMAT " commits %" G_GUINT64_FORMAT "\n",
           result.events, run_metric(&result, "commits"));
    return EXIT_SUCCESS;
}

int
main(int argc, char **argv)
{
    g_autofree char *folder = g_path_get_dirname(argv[0]);
    g_autofree char *program =
        g_build_filename(folder, "..", "..", "seedbed", NULL);
    g_autofree char *node =
        g_build_filename(folder, "..", "..", "seedbed-node", NULL);
    BenchPeers peers;
    Fixture fixture = {0};
    Fresh fresh = {0};
    double seconds;

    if (argc == 3 && strcmp(argv[1], "once") == 0) {
        return once(argv[2]);
    }
    g_setenv("SEEDBED_NODE", node, FALSE);
    bench_peers_init(&peers);
    fixture_init(&fixture, &peers);
    if (is_chosen("fresh", argc, argv)) {
        /* First, while this process is small: what a child inherits before
         * its exec() counts as its own largest resident set. */
        measure_fresh(&fresh, program);
        spawn_run(program, "duration=1000 s", &fresh.kib_1000_s, &seconds);
    }
    for (unsigned round = 0; round < BENCH_ROUNDS; round++) {
        fprintf(stderr, "raft: round %u of %u\n", round + 1, BENCH_ROUNDS);
        for (unsigned i = 0; i < G_N_ELEMENTS(cases); i++) {
            if (is_chosen(cases[i].name, argc, argv)) {
                measure(&cases[i]);
            }
            if (i == CASE_SINGLE && is_chosen("single", argc, argv)) {
                measure_fixture(&fixture, &peers);
            }
        }
    }
    report(&fixture, &fresh);
    g_free(fixture.why);
    bench_peers_clear(&peers);
    return EXIT_SUCCESS;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Seeds a second: 10 virtual seconds of five Raft nodes at 100 client
 * operations a second under chaos, as a sweep runs them with one process and
 * with two, beside the same seeds one after the other in this process with
 * nothing around them.
 *
 * Rates are per second of the wall; neighbours on the machine slow them.
 * What a sweep itself costs is told by CPU time: that of the whole sweep, its
 * second runs taken off, over that of the bare runs. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "sim/scratch.h"
#include "sim/sweep.h"
#include "tests/bench/bench.h"

#define SCENARIO BENCH_SOURCE_TOP "/tests/scenarios/raft-chaos.yaml"
#define SEEDS    200u

static const char *const sets[] = {"duration=10 s", NULL};

/* Of this process and all it waited for. */
static double
cpu_seconds(void)
{
    static const int whose[] = {RUSAGE_SELF, RUSAGE_CHILDREN};
    double sum = 0;

    for (unsigned i = 0; i < G_N_ELEMENTS(whose); i++) {
        struct rusage used;

        getrusage(whose[i], &used);
        sum += (double)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) +
               (double)(used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e6;
    }
    return sum;
}

static void
fill(RunOptions *options)
{
    run_options_init(options);
    options->scenario = SCENARIO;
    options->sets = (char **)(uintptr_t)sets;
    options->seed = 1;
    options->no_folder = true;
    options->coverage = true;
}

/* CPU seconds of the bare runs. */
static double
bare(unsigned first, unsigned count)
{
    static RunResult result;
    RunOptions options;
    GError *error = NULL;
    double before = cpu_seconds();

    fill(&options);
    options.no_fork = true;
    for (unsigned seed = first; seed < first + count; seed++) {
        options.seed = seed;
        if (run_scenario(&options, &result, &error) != RUN_PASS) {
            fprintf(stderr, "bench sweep: seed %u: %s\n", seed,
                    error != NULL ? error->message
                                  : result.violations[0].message);
            exit(EXIT_FAILURE);
        }
    }
    return cpu_seconds() - before;
}

typedef struct Swept {
    double wall, cpu;
    unsigned runs; /* with those that were run twice */
} Swept;

static Swept
sweep(unsigned jobs, unsigned count)
{
    const SweepVariant plain = {.name = (char *)(uintptr_t) "", .build = 'A'};
    char *folder = scratch_new(NULL);
    RunOptions run;
    SweepOptions options = {.run = &run,
                            .out = folder,
                            .variants = &plain,
                            .variant_count = 1,
                            .seed_count = count,
                            .jobs = jobs,
                            .shard = 1,
                            .shards = 1,
                            .command = ""};
    SweepOutcome outcome;
    GError *error = NULL;
    Swept swept;

    fill(&run);
    if (sweep_run(&options, &outcome, &error) != 0) {
        fprintf(stderr, "bench sweep: %s\n", error->message);
        exit(EXIT_FAILURE);
    }
    swept = (Swept){(double)outcome.wall_ns / 1e9, (double)outcome.cpu_ns / 1e9,
                    count};
    for (unsigned seed = 1; seed <= count; seed++) {
        swept.runs += sweep_rechecks(1, seed);
    }
    scratch_free(folder);
    return swept;
}

/* `bench_sweep bare` and `bench_sweep one` do one thing and print nothing, for
 * those who count instructions. */
int
main(int argc, char **argv)
{
    BenchReport report;
    BenchSamples one = {0}, two = {0}, speedup = {0}, overhead = {0};
    BenchSamples bare_ms = {0};

    if (argc == 2) {
        if (strcmp(argv[1], "bare") == 0) {
            bare(1, SEEDS);
        } else {
            sweep(1, SEEDS);
        }
        return EXIT_SUCCESS;
    }
    for (unsigned round = 0; round < BENCH_ROUNDS; round++) {
        double bare_seconds;
        Swept with_one, with_two;

        fprintf(stderr, "sweep: round %u of %u\n", round + 1, BENCH_ROUNDS);
        with_one = sweep(1, SEEDS);
        with_two = sweep(2, SEEDS);
        bare_seconds = bare(1, SEEDS);
        bench_samples_add(&one, SEEDS / with_one.wall);
        bench_samples_add(&two, SEEDS / with_two.wall);
        bench_samples_add(&speedup, with_one.wall / with_two.wall);
        bench_samples_add(&bare_ms, bare_seconds * 1e3 / SEEDS);
        bench_samples_add(&overhead, with_one.cpu / with_one.runs /
                                         (bare_seconds / SEEDS));
    }
    bench_report_init(&report, "sweep");
    bench_report_metric(&report, "seeds_per_s_1_job",
                        bench_samples_median(&one));
    bench_report_metric(&report, "seeds_per_s_2_jobs",
                        bench_samples_median(&two));
    bench_report_metric(&report, "bare_cpu_ms_per_seed",
                        bench_samples_median(&bare_ms));
    bench_report_ratio(&report, "seeds_per_s_2_jobs_to_1",
                       bench_samples_median(&speedup), 1);
    bench_report_ratio(&report, "cpu_per_run_sweep_to_bare",
                       bench_samples_median(&overhead), 1);
    bench_report_print(&report);
    return EXIT_SUCCESS;
}

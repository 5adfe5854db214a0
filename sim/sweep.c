/* SPDX-License-Identifier: Apache-2.0 */
/* The loop of a sweep: claim a batch (sweep_claim.c), give it to a worker
 * (sweep_job.c), write what comes back (sweep_take.c). One process writes, so
 * a worker that dies takes a batch with it and nothing else; the seeds of that
 * batch are then run one by one. */
#include "sim/sweep.h"

#include <signal.h>
#include <string.h>

#include "sim/real_clock.h"
#include "sim/sweep_other.h"
#include "sim/sweep_private.h"

/* How long to wait for answers before looking at the clock. */
#define TICK_MS 100

static volatile sig_atomic_t interrupts;

static bool load(Sweep *sweep, GError **error);
static int try_variants(Sweep *sweep, GError **error);
static void run_all(Sweep *sweep);
static void on_interrupt(int number);
static bool is_over(const Sweep *sweep);
static bool is_done(const Sweep *sweep);
static void fill_pool(Sweep *sweep);
static SweepJob *next_job(Sweep *sweep);
static void capsule_job(Sweep *sweep, SweepJob *job);
static void final_capsules(Sweep *sweep);
static void report(Sweep *sweep);
static bool is_complete(Sweep *sweep);
static void clear(Sweep *sweep);

int
sweep_run(const SweepOptions *options, SweepOutcome *outcome, GError **error)
{
    Sweep sweep = {.options = options, .outcome = outcome};
    uint64_t cpu = real_clock_used();

    memset(outcome, 0, sizeof(*outcome));
    sweep.work.options = options;
    sweep.began = real_clock_now();
    sweep.status = load(&sweep, error) ? 0 : RUN_BAD_ARGUMENTS;
    if (sweep.status == 0) {
        sweep.status = try_variants(&sweep, error);
    }
    if (sweep.status == 0) {
        sweep.status = sweep_folder_enter(&sweep.folder, &sweep.work, error);
    }
    if (sweep.status == 0) {
        run_all(&sweep);
        if (sweep.error != NULL) {
            g_propagate_error(error, g_steal_pointer(&sweep.error));
        }
        if (!sweep_folder_leave(&sweep.folder, is_complete(&sweep),
                                sweep.status == 0 ? error : NULL) &&
            sweep.status == 0) {
            sweep.status = RUN_INTERNAL;
        }
    }
    outcome->done = sweep.progress.done;
    outcome->there = sweep.progress.there;
    outcome->wall_ns = real_clock_now() - sweep.began;
    outcome->cpu_ns = real_clock_used() - cpu;
    clear(&sweep);
    return sweep.status;
}

static bool
load(Sweep *sweep, GError **error)
{
    const SweepOptions *options = sweep->options;
    uint64_t positions = options->seed_count;

    sweep->running = g_hash_table_new_full(NULL, NULL, NULL, sweep_job_free);
    sweep->kinds = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    sweep->held = g_array_new(FALSE, FALSE, sizeof(SweepUnit));
    sweep->suspects = g_array_new(FALSE, FALSE, sizeof(SweepUnit));
    sweep->capsules = g_array_new(FALSE, FALSE, sizeof(SweepKind));
    sweep->work.against_build = sweep_other_build(options->against);
    if (positions != UINT64_MAX) {
        positions =
            (positions + options->shards - options->shard) / options->shards;
        sweep->total = positions * options->variant_count;
    } else {
        sweep->total = UINT64_MAX;
    }
    sweep->progress.total = sweep->total;
    if (!g_file_get_contents(options->run->scenario, &sweep->work.scenario_text,
                             &sweep->work.scenario_size, NULL)) {
        /* In the words that `seedbed run` has for it. */
        Scenario *scenario =
            scenario_load(options->run->scenario, NULL, 0, 1, error);

        g_assert(scenario == NULL);
        return false;
    }
    if (options->run->plan != NULL) {
        sweep->work.plan = plan_load(options->run->plan, 0, error);
        return sweep->work.plan != NULL;
    }
    return true;
}

/* A mistake is told before anything is written. */
static int
try_variants(Sweep *sweep, GError **error)
{
    const SweepOptions *options = sweep->options;

    for (unsigned i = 0; i < options->variant_count; i++) {
        char *name = NULL;
        int status = sweep_job_try(&sweep->work, i + 1, options->run->seed,
                                   &name, error);

        if (status >= RUN_BAD_ARGUMENTS) {
            return status;
        }
        if (sweep->work.scenario_name == NULL) {
            sweep->work.scenario_name = g_steal_pointer(&name);
        }
        g_free(name);
    }
    sweep->work.processes = sweep_job_has_processes(&sweep->work);
    if (sweep->work.scenario_name == NULL) {
        sweep->work.scenario_name = g_strdup("");
    }
    return 0;
}

static void
run_all(Sweep *sweep)
{
    struct sigaction action = {.sa_handler = on_interrupt};
    struct sigaction interrupt, terminate;
    PoolAnswer answer;

    interrupts = 0;
    sigaction(SIGINT, &action, &interrupt);
    sigaction(SIGTERM, &action, &terminate);
    sweep->pool = pool_new(sweep->options->jobs);
    sweep->outcome->jobs = pool_jobs(sweep->pool);
    for (;;) {
        fill_pool(sweep);
        if (interrupts > 1 || (pool_running(sweep->pool) == 0 &&
                               (is_over(sweep) || is_done(sweep)))) {
            break;
        }
        if (pool_running(sweep->pool) == 0 && sweep->next == sweep->total) {
            g_usleep(TICK_MS * 1000); /* others still run what we want */
        } else if (pool_wait(sweep->pool, TICK_MS, &answer)) {
            /* The worker need not wait while we write. */
            fill_pool(sweep);
            sweep_take(sweep, &answer);
            g_byte_array_unref(answer.reply);
        }
        report(sweep);
    }
    sweep->outcome->interrupted = interrupts > 0;
    sweep->outcome->elsewhere = sweep->held->len;
    if (sweep->status == 0 && interrupts <= 1) {
        final_capsules(sweep);
    }
    report(sweep);
    pool_free(g_steal_pointer(&sweep->pool));
    sigaction(SIGINT, &interrupt, NULL);
    sigaction(SIGTERM, &terminate, NULL);
}

static void
on_interrupt(int number)
{
    (void)number;
    interrupts++;
}

/* No more seeds are to be begun. */
static bool
is_over(const Sweep *sweep)
{
    return interrupts > 0 || sweep->closing || sweep->status != 0 ||
           sweep->outcome->fail_fast ||
           (sweep->options->for_ns != 0 &&
            real_clock_now() - sweep->began >= sweep->options->for_ns);
}

static bool
is_done(const Sweep *sweep)
{
    return sweep->next == sweep->total && sweep->held->len == 0 &&
           sweep->suspects->len == 0;
}

static void
fill_pool(Sweep *sweep)
{
    while (pool_running(sweep->pool) < pool_jobs(sweep->pool)) {
        SweepJob *job = next_job(sweep);

        if (job == NULL) {
            return;
        }
        job->work = &sweep->work;
        sweep->job_count++;
        g_hash_table_insert(sweep->running, GSIZE_TO_POINTER(sweep->job_count),
                            job);
        pool_start(sweep->pool, sweep->job_count, sweep_job, job);
    }
}

/* NULL: there is nothing to begin, now or ever. */
static SweepJob *
next_job(Sweep *sweep)
{
    SweepJob *job = g_new0(SweepJob, 1);

    if (sweep->capsules->len > 0 && interrupts == 0 && sweep->status == 0) {
        capsule_job(sweep, job);
    } else if (!is_over(sweep)) {
        sweep_claim(sweep, job);
    }
    if (job->count == 0) {
        sweep_job_free(job);
        return NULL;
    }
    return job;
}

static void
capsule_job(Sweep *sweep, SweepJob *job)
{
    char slug[SIGNATURE_SLUG_SIZE];
    SweepKind *kind = &g_array_index(sweep->capsules, SweepKind, 0);

    signature_slug(kind->signature, slug);
    job->capsule =
        g_build_filename(sweep->options->out, "failures", slug, NULL);
    job->signature = g_steal_pointer(&kind->signature);
    job->units[job->count++] = kind->unit;
    g_array_remove_index(sweep->capsules, 0);
}

/* Those that were not made, or not of the seed that turned out the fastest,
 * or that somebody removed. */
static void
final_capsules(Sweep *sweep)
{
    GError *error = NULL;
    g_autoptr(GArray) groups = NULL;
    PoolAnswer answer;

    if (sweep->options->no_capsules) {
        return;
    }
    groups = results_groups(sweep->folder.results, &error);
    if (groups == NULL) {
        sweep_fail(sweep, RUN_INTERNAL, error);
        return;
    }
    for (unsigned i = 0; i < MIN(groups->len, SWEEP_CAPSULES_MAX); i++) {
        const ResultsGroup *group = &g_array_index(groups, ResultsGroup, i);
        g_autofree char *path = g_build_filename(
            sweep->options->out, "failures", group->slug, "run.json", NULL);
        SweepKind kind = {
            .unit = {group->fastest_variant, group->fastest_seed}};

        if (group->capsule_variant != group->fastest_variant ||
            group->capsule_seed != group->fastest_seed ||
            !g_file_test(path, G_FILE_TEST_EXISTS)) {
            kind.signature = g_strdup(group->signature);
            g_array_append_val(sweep->capsules, kind);
        }
    }
    interrupts = 0;
    sweep->closing = true;
    for (;;) {
        fill_pool(sweep);
        if (pool_running(sweep->pool) == 0 || interrupts > 0) {
            break;
        }
        if (pool_wait(sweep->pool, TICK_MS, &answer)) {
            sweep_take(sweep, &answer);
            g_byte_array_unref(answer.reply);
        }
    }
}

static void
report(Sweep *sweep)
{
    SweepProgress *progress = &sweep->progress;
    uint64_t for_ns = sweep->options->for_ns;
    uint64_t behind = progress->done + progress->there;

    progress->seconds = (double)(real_clock_now() - sweep->began) / 1e9;
    progress->left = -1;
    if (progress->done > 0 && progress->total != UINT64_MAX) {
        progress->left = (double)(progress->total - behind) *
                         progress->seconds / (double)progress->done;
    }
    if (for_ns != 0) {
        double left = (double)for_ns / 1e9 - progress->seconds;

        progress->left = progress->left < 0 ? MAX(left, 0)
                                            : MIN(progress->left, MAX(left, 0));
    }
    if (sweep->options->progress != NULL) {
        sweep->options->progress(sweep->options->user, progress);
    }
}

/* All that was asked for is there, also what other shards do. */
static bool
is_complete(Sweep *sweep)
{
    const SweepOptions *options = sweep->options;
    uint64_t rows = 0;

    if (sweep->status != 0 || sweep->outcome->interrupted) {
        return false;
    }
    if (options->shards == 1) {
        return true;
    }
    for (unsigned i = 0; i < RESULTS_VERDICT_COUNT; i++) {
        rows += results_count(sweep->folder.results, (ResultsVerdict)i);
    }
    return options->seed_count != UINT64_MAX &&
           rows >= options->seed_count * options->variant_count;
}

static void
clear(Sweep *sweep)
{
    for (unsigned i = 0; i < sweep->capsules->len; i++) {
        g_free(g_array_index(sweep->capsules, SweepKind, i).signature);
    }
    g_array_unref(sweep->capsules);
    g_array_unref(sweep->held);
    g_array_unref(sweep->suspects);
    g_hash_table_unref(sweep->kinds);
    g_hash_table_unref(sweep->running);
    g_free(sweep->work.scenario_text);
    g_free(sweep->work.scenario_name);
    g_free(sweep->work.against_build);
    if (sweep->work.plan != NULL) {
        plan_free(sweep->work.plan);
    }
}

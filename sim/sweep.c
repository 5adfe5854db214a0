/* SPDX-License-Identifier: Apache-2.0 */
/* The loop of a sweep: claim a batch, give it to a worker, write what comes
 * back. One process writes, so a worker that dies takes a batch with it and
 * nothing else; the seeds of that batch are then run one by one. */
#include "sim/sweep.h"

#include <inttypes.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>

#include "sim/build_id.h"
#include "sim/pool.h"
#include "sim/sweep_folder.h"
#include "sim/sweep_other.h"

#define SWEEP_ERROR (g_quark_from_static_string("seedbed-sweep"))

/* A batch takes about so long: forking and writing cost little then, and a
 * kill loses little. */
#define BATCH_NS (100 * SIM_MS)
/* How long to wait for answers before looking at the clock. */
#define TICK_MS 100
/* Seeds that are looked up in one transaction when most are there already. */
#define LOOK_MAX 4096u
/* How much a new measurement counts in the mean time of a run. */
#define MEAN_WEIGHT 0.3
/* Kinds of failures that get a capsule: nobody reads more. */
#define CAPSULES_MAX 100u

/* A kind of failure that wants a capsule, and of which run. */
typedef struct Kind {
    char *signature;
    SweepUnit unit;
} Kind;

typedef struct Sweep {
    const SweepOptions *options;
    SweepWork work;
    SweepFolder folder;
    Pool *pool;
    GHashTable *running; /* job id -> SweepJob */
    uint64_t job_count;
    uint64_t next, total; /* units of our shard */
    GArray *held;         /* of SweepUnit: claimed by others when we came by */
    GArray *suspects;     /* of SweepUnit: their batch died */
    GArray *capsules;     /* of Kind: to be made */
    GHashTable *kinds;    /* signature -> itself */
    double run_ns;        /* the mean of a run; 0: not known */
    uint64_t began;
    SweepProgress progress;
    SweepOutcome *outcome;
    bool closing; /* only capsules are still to be made */
    int status;   /* RUN_BAD_ARGUMENTS or RUN_INTERNAL: stop */
    GError *error;
} Sweep;

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
static unsigned batch_size(const Sweep *sweep);
static bool claim_batch(Sweep *sweep, SweepJob *job, unsigned size);
static bool claim_unit(Sweep *sweep, SweepJob *job, const SweepUnit *unit);
static bool claim_held(Sweep *sweep, SweepJob *job, unsigned size);
static SweepUnit unit_at(const Sweep *sweep, uint64_t number);
static void take(Sweep *sweep, const PoolAnswer *answer);
static void take_rows(Sweep *sweep, const SweepJob *job,
                      const SweepReply *replies);
static void take_capsule(Sweep *sweep, const SweepJob *job,
                         const SweepReply *reply);
static void note_failure(Sweep *sweep, const ResultsRow *row);
static void error_row(ResultsRow *row, const SweepUnit *unit, const char *text);
static void fail(Sweep *sweep, int status, GError *error);
static void final_capsules(Sweep *sweep);
static void report(Sweep *sweep);
static bool is_complete(Sweep *sweep);
static void clear(Sweep *sweep);
static uint64_t wall_now(void);
static uint64_t cpu_now(void);

int
sweep_run(const SweepOptions *options, SweepOutcome *outcome, GError **error)
{
    Sweep sweep = {.options = options, .outcome = outcome};
    uint64_t cpu = cpu_now();

    memset(outcome, 0, sizeof(*outcome));
    sweep.work.options = options;
    sweep.began = wall_now();
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
    outcome->wall_ns = wall_now() - sweep.began;
    outcome->cpu_ns = cpu_now() - cpu;
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
    sweep->capsules = g_array_new(FALSE, FALSE, sizeof(Kind));
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
            take(sweep, &answer);
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
            wall_now() - sweep->began >= sweep->options->for_ns);
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
        if (sweep->suspects->len > 0) {
            job->units[job->count++] =
                g_array_index(sweep->suspects, SweepUnit, 0);
            g_array_remove_index(sweep->suspects, 0);
        } else if (sweep->next < sweep->total) {
            claim_batch(sweep, job, batch_size(sweep));
        } else if (sweep->held->len > 0) {
            claim_held(sweep, job, batch_size(sweep));
        }
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
    Kind *kind = &g_array_index(sweep->capsules, Kind, 0);

    signature_slug(kind->signature, slug);
    job->capsule =
        g_build_filename(sweep->options->out, "failures", slug, NULL);
    job->signature = g_steal_pointer(&kind->signature);
    job->units[job->count++] = kind->unit;
    g_array_remove_index(sweep->capsules, 0);
}

/* Of the time that a batch should take, and small towards the end, so that no
 * worker has to wait long for another. */
static unsigned
batch_size(const Sweep *sweep)
{
    uint64_t left = sweep->total - sweep->next;
    uint64_t share = left / (2 * (uint64_t)pool_jobs(sweep->pool));
    double size = sweep->run_ns > 0 ? (double)BATCH_NS / sweep->run_ns : 1;

    return (unsigned)CLAMP(MIN((uint64_t)size, share), 1, SWEEP_BATCH_MAX);
}

static bool
claim_batch(Sweep *sweep, SweepJob *job, unsigned size)
{
    GError *error = NULL;
    bool good = results_begin(sweep->folder.results, &error);

    /* All that is looked at may be there already: others want a turn, and
     * whoever watches wants to see that something happens. */
    for (unsigned looks = 0; good && job->count < size &&
                             sweep->next < sweep->total && looks < LOOK_MAX;
         looks++) {
        SweepUnit unit = unit_at(sweep, sweep->next++);

        good = claim_unit(sweep, job, &unit);
    }
    if (good && !results_commit(sweep->folder.results, &error)) {
        good = false;
    }
    if (!good) {
        results_rollback(sweep->folder.results);
        job->count = 0;
        fail(sweep, RUN_INTERNAL, error);
    }
    return good;
}

/* What nobody has is in @job then, what others have is held. */
static bool
claim_unit(Sweep *sweep, SweepJob *job, const SweepUnit *unit)
{
    GError *error = NULL;
    bool mine, there;

    if (!results_claim(sweep->folder.results, sweep->folder.number,
                       unit->variant, unit->seed, &mine, &there, &error)) {
        fail(sweep, RUN_INTERNAL, error);
        return false;
    }
    if (there) {
        sweep->progress.there++;
    } else if (mine) {
        job->units[job->count++] = *unit;
    } else {
        g_array_append_val(sweep->held, *unit);
    }
    return true;
}

/* Those that others had: done meanwhile, still held, or left by the dead. */
static bool
claim_held(Sweep *sweep, SweepJob *job, unsigned size)
{
    g_autoptr(GArray) held = g_steal_pointer(&sweep->held);
    GError *error = NULL;
    unsigned at = 0;
    bool good =
        results_begin(sweep->folder.results, &error) &&
        results_owner_bury(sweep->folder.owner, sweep->folder.results, &error);

    sweep->held = g_array_new(FALSE, FALSE, sizeof(SweepUnit));
    while (good && at < held->len && job->count < size) {
        good = claim_unit(sweep, job, &g_array_index(held, SweepUnit, at++));
    }
    if (at < held->len) {
        g_array_append_vals(sweep->held, &g_array_index(held, SweepUnit, at),
                            held->len - at);
    }
    if (good && !results_commit(sweep->folder.results, &error)) {
        good = false;
    }
    if (!good) {
        results_rollback(sweep->folder.results);
        job->count = 0;
        fail(sweep, RUN_INTERNAL, error);
    }
    return good;
}

/* Seeds one after the other, each with all variants: whenever it ends, the
 * variants have met the same seeds. */
static SweepUnit
unit_at(const Sweep *sweep, uint64_t number)
{
    const SweepOptions *options = sweep->options;
    uint64_t position =
        number / options->variant_count * options->shards + options->shard - 1;

    return (SweepUnit){.variant =
                           (unsigned)(number % options->variant_count) + 1,
                       .seed = options->run->seed + position};
}

static void
take(Sweep *sweep, const PoolAnswer *answer)
{
    gpointer key = GSIZE_TO_POINTER(answer->id);
    const SweepJob *job = g_hash_table_lookup(sweep->running, key);
    const SweepReply *replies =
        (const SweepReply *)(gconstpointer)answer->reply->data;
    SweepReply dead = {.status = RUN_INTERNAL};

    if (answer->good && answer->reply->len == job->count * sizeof(SweepReply)) {
        if (job->capsule != NULL) {
            take_capsule(sweep, job, replies);
        } else {
            double run_ns = (double)answer->wall_ns / job->count;

            sweep->run_ns =
                sweep->run_ns > 0
                    ? sweep->run_ns * (1 - MEAN_WEIGHT) + run_ns * MEAN_WEIGHT
                    : run_ns;
            take_rows(sweep, job, replies);
        }
    } else if (job->capsule == NULL && job->count > 1) {
        g_array_append_vals(sweep->suspects, job->units, job->count);
    } else {
        g_snprintf(dead.error, sizeof(dead.error),
                   "the process that ran it %s %d",
                   WIFSIGNALED(answer->status) ? "died of signal"
                                               : "ended with status",
                   WIFSIGNALED(answer->status) ? WTERMSIG(answer->status)
                                               : WEXITSTATUS(answer->status));
        if (job->capsule == NULL) {
            take_rows(sweep, job, &dead);
        } else {
            take_capsule(sweep, job, &dead);
        }
    }
    g_hash_table_remove(sweep->running, key);
}

static void
take_rows(Sweep *sweep, const SweepJob *job, const SweepReply *replies)
{
    GError *error = NULL;
    bool good = results_begin(sweep->folder.results, &error);
    ResultsRow *row = g_new(ResultsRow, 1);

    for (unsigned i = 0; good && i < job->count; i++) {
        *row = replies[i].row;
        if (replies[i].status == RUN_BAD_ARGUMENTS) {
            g_set_error(&error, SWEEP_ERROR, 0, "seed %" PRIu64 ": %s",
                        job->units[i].seed, replies[i].error);
            fail(sweep, RUN_BAD_ARGUMENTS, g_steal_pointer(&error));
            continue;
        }
        if (replies[i].status >= RUN_BAD_ARGUMENTS) {
            error_row(row, &job->units[i], replies[i].error);
        }
        good = results_add(sweep->folder.results, row, &error);
        sweep->progress.done++;
        if (row->verdict == RESULTS_VIOLATED || row->verdict == RESULTS_ERROR) {
            note_failure(sweep, row);
        }
    }
    g_free(row);
    if (!good || !results_commit(sweep->folder.results, &error)) {
        results_rollback(sweep->folder.results);
        fail(sweep, RUN_INTERNAL, error);
    }
}

static void
note_failure(Sweep *sweep, const ResultsRow *row)
{
    const SweepOptions *options = sweep->options;
    Kind kind = {.unit = {row->variant, row->seed}};

    sweep->progress.failures++;
    if (options->fail_fast != 0 &&
        sweep->progress.failures >= options->fail_fast) {
        sweep->outcome->fail_fast = true;
    }
    if (row->signature[0] == '\0' ||
        g_hash_table_contains(sweep->kinds, row->signature)) {
        return;
    }
    g_hash_table_add(sweep->kinds, g_strdup(row->signature));
    sweep->progress.groups++;
    if (!options->no_capsules && sweep->progress.groups <= CAPSULES_MAX) {
        kind.signature = g_strdup(row->signature);
        g_array_append_val(sweep->capsules, kind);
    }
}

/* A seed of which nothing is known but what the simulator said last. */
static void
error_row(ResultsRow *row, const SweepUnit *unit, const char *text)
{
    g_auto(GStrv) lines = g_strsplit(text, "\n", 2);

    memset(row, 0, sizeof(*row));
    row->seed = unit->seed;
    row->variant = unit->variant;
    row->verdict = RESULTS_ERROR;
    g_strlcpy(row->violation.message, lines[0] != NULL ? lines[0] : "",
              sizeof(row->violation.message));
}

static void
take_capsule(Sweep *sweep, const SweepJob *job, const SweepReply *reply)
{
    GError *error = NULL;

    if (reply->status >= RUN_BAD_ARGUMENTS) {
        g_set_error(&error, SWEEP_ERROR, 0, "%s: %s", job->capsule,
                    reply->error);
        fail(sweep, RUN_INTERNAL, error);
    } else if (!results_set_capsule(sweep->folder.results, job->signature,
                                    job->units[0].variant, job->units[0].seed,
                                    &error)) {
        fail(sweep, RUN_INTERNAL, error);
    }
}

/* The first mistake counts. */
static void
fail(Sweep *sweep, int status, GError *error)
{
    if (sweep->status == 0) {
        sweep->status = status;
        sweep->error = error;
    } else {
        g_clear_error(&error);
    }
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
        fail(sweep, RUN_INTERNAL, error);
        return;
    }
    for (unsigned i = 0; i < MIN(groups->len, CAPSULES_MAX); i++) {
        const ResultsGroup *group = &g_array_index(groups, ResultsGroup, i);
        g_autofree char *path = g_build_filename(
            sweep->options->out, "failures", group->slug, "run.json", NULL);
        Kind kind = {.unit = {group->fastest_variant, group->fastest_seed}};

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
            take(sweep, &answer);
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

    progress->seconds = (double)(wall_now() - sweep->began) / 1e9;
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
        g_free(g_array_index(sweep->capsules, Kind, i).signature);
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

static uint64_t
wall_now(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * SIM_S + (uint64_t)now.tv_nsec;
}

/* Of this process and the workers that have ended. */
static uint64_t
cpu_now(void)
{
    static const int whose[] = {RUSAGE_SELF, RUSAGE_CHILDREN};
    uint64_t sum = 0;

    for (unsigned i = 0; i < G_N_ELEMENTS(whose); i++) {
        struct rusage used;

        getrusage(whose[i], &used);
        sum +=
            (uint64_t)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) * SIM_S +
            (uint64_t)(used.ru_utime.tv_usec + used.ru_stime.tv_usec) * SIM_US;
    }
    return sum;
}

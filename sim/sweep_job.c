/* SPDX-License-Identifier: Apache-2.0 */
/* Runs in a worker. Every run forks its engine from here, so nothing that a
 * run does stays behind; some are run twice, later, in the other direction and
 * with other rubbish in fresh memory, to see that this is so. */
#include "sim/sweep_job.h"

#include <inttypes.h>
#include <malloc.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "nodes/hash.h"
#include "sim/build_id.h"
#include "sim/real_clock.h"
#include "sim/sweep_other.h"

/* One in so many seeds is run twice, and one in so many of those the second
 * time with its nodes in processes. */
#define RECHECK_ONE_IN 100u
#define PROCESS_ONE_IN 10u
/* What fresh memory holds the second time. */
#define RECHECK_FILL 165
/* By how many bytes the stack is deeper then. */
#define RECHECK_SHIFT 12000u
/* Free blocks of small sizes: a multiple of glibc's step up to the largest
 * that it keeps apart (tcache), and more of each than it keeps. */
#define LITTER_STEP    16u
#define LITTER_LARGEST 1040u
#define LITTER_BLOCKS  64u

static void run_one(const SweepJob *job, unsigned at, SweepReply *reply);
static void run_again(const SweepJob *job, unsigned at, SweepReply *reply);
static int run_elsewhere(const SweepWork *work, const SweepUnit *unit,
                         RunOptions *options, RunResult *result,
                         GError **error);
static GPtrArray *litter(void);
static void no_files(RunOptions *options);
static int run_unit(const SweepWork *work, const SweepUnit *unit,
                    RunOptions *options, RunResult *result, GError **error);
static void fill_row(ResultsRow *row, const SweepUnit *unit,
                     const RunResult *result);
static void fill_violation(ResultsRow *row, const RunResult *result);
static void differ(ResultsRow *row, const RunResult *second);
static bool by_process(const SweepWork *work, uint64_t seed);

void
sweep_job(void *data, GByteArray *bytes)
{
    const SweepJob *job = data;
    SweepReply *replies = g_new0(SweepReply, job->count);

    /* The sweep decides what an interrupt means. Engines inherit this. */
    signal(SIGINT, SIG_IGN);
    signal(SIGTERM, SIG_IGN);
    for (unsigned i = 0; i < job->count; i++) {
        run_one(job, i, &replies[i]);
    }
    for (unsigned i = job->count; i > 0 && job->capsule == NULL; i--) {
        if (replies[i - 1].status < RUN_BAD_ARGUMENTS &&
            job->work->options->variants[job->units[i - 1].variant - 1].build ==
                'A' &&
            sweep_rechecks(job->work->options->run->seed,
                           job->units[i - 1].seed)) {
            run_again(job, i - 1, &replies[i - 1]);
        }
    }
    g_byte_array_append(bytes, (const guint8 *)replies,
                        (guint)(job->count * sizeof(*replies)));
    g_free(replies);
}

static void
run_one(const SweepJob *job, unsigned at, SweepReply *reply)
{
    static RunResult result;
    const SweepWork *work = job->work;
    const SweepUnit *unit = &job->units[at];
    RunOptions options = *work->options->run;
    GError *error = NULL;
    uint64_t cpu = real_clock_used();

    options.no_folder = job->capsule == NULL;
    options.out = job->capsule;
    if (options.no_folder) {
        no_files(&options);
    }
    if (work->options->variants[unit->variant - 1].build == 'A') {
        reply->status = run_unit(work, unit, &options, &result, &error);
    } else {
        reply->status = sweep_other_run(work->options, unit, job->capsule,
                                        &reply->row, &error);
    }
    if (reply->status >= RUN_BAD_ARGUMENTS) {
        g_strlcpy(reply->error, error->message, sizeof(reply->error));
        g_clear_error(&error);
        return;
    }
    if (work->options->variants[unit->variant - 1].build == 'A') {
        fill_row(&reply->row, unit, &result);
    }
    reply->row.cpu_ns = real_clock_used() - cpu;
}

/* What --trace and --capture leave, capsules have. */
static void
no_files(RunOptions *options)
{
    options->trace_text = options->trace_binary = false;
    options->trace_perfetto = options->trace_shiviz = false;
    options->capture_pcap = options->capture_pcapng = false;
}

static int
run_unit(const SweepWork *work, const SweepUnit *unit, RunOptions *options,
         RunResult *result, GError **error)
{
    g_auto(GStrv) sets = sweep_job_sets(work->options, unit->variant);
    Scenario *scenario = scenario_parse(
        work->scenario_text, work->scenario_size, options->scenario,
        (const char *const *)sets, g_strv_length(sets), unit->seed, error);
    int status;

    if (scenario == NULL) {
        return RUN_BAD_ARGUMENTS;
    }
    options->seed = unit->seed;
    options->sets = sets;
    options->scenario_given = scenario;
    options->plan_given = work->plan;
    options->coverage = true;
    status = run_scenario(options, result, error);
    scenario_free(scenario);
    return status;
}

static void
fill_row(ResultsRow *row, const SweepUnit *unit, const RunResult *result)
{
    row->seed = unit->seed;
    row->variant = unit->variant;
    row->verdict = (ResultsVerdict)result->verdict;
    row->digest = result->digest;
    row->events = result->events;
    row->sent = result->sent;
    row->delivered = result->delivered;
    row->dropped = result->dropped;
    row->virtual_ns = result->virtual_ns;
    row->wall_ns = result->wall_ns;
    fill_violation(row, result);
    row->metric_count = result->metric_count;
    for (unsigned i = 0; i < result->metric_count; i++) {
        g_strlcpy(row->metrics[i].name, result->metrics[i].name,
                  sizeof(row->metrics[i].name));
        row->metrics[i].value = result->metrics[i].value;
    }
    memcpy(row->faults, result->faults, sizeof(row->faults));
    row->rates = result->rates;
    row->reached = result->reached;
    row->state_count = result->state_count;
    memcpy(row->states, result->states,
           result->state_count * sizeof(row->states[0]));
}

static void
fill_violation(ResultsRow *row, const RunResult *result)
{
    row->violation_count = result->violation_count;
    if (result->violation_count > 0) {
        row->violation = result->violations[0];
        signature_of(result, row->signature);
    }
}

static void
run_again(const SweepJob *job, unsigned at, SweepReply *reply)
{
    static RunResult second;
    const SweepUnit *unit = &job->units[at];
    RunOptions options = *job->work->options->run;
    ResultsRow *row = &reply->row;
    GError *error = NULL;
    int status;

    options.no_folder = true;
    no_files(&options);
    row->by_process = by_process(job->work, unit->seed);
    if (row->by_process) {
        options.isolation = ENGINE_PROCESS;
    }
    status = run_elsewhere(job->work, unit, &options, &second, &error);
    if (status >= RUN_BAD_ARGUMENTS) {
        g_strlcpy(reply->error, error->message, sizeof(reply->error));
        g_clear_error(&error);
        reply->status = status;
        return;
    }
    row->recheck = RESULTS_RECHECK_SAME;
    if (!digest_equal(row->digest, second.digest) ||
        row->violation_count != second.violation_count ||
        row->events != second.events) {
        differ(row, &second);
    }
}

/* As run_unit(), where stack and heap lie elsewhere and hold other rubbish: a
 * fork alone would find every address as it was. */
static int
run_elsewhere(const SweepWork *work, const SweepUnit *unit, RunOptions *options,
              RunResult *result, GError **error)
{
    volatile char *deeper = g_alloca(RECHECK_SHIFT);
    GPtrArray *kept = litter();
    int status;

    deeper[0] = 0;
    mallopt(M_PERTURB, RECHECK_FILL);
    status = run_unit(work, unit, options, result, error);
    mallopt(M_PERTURB, 0);
    g_ptr_array_unref(kept);
    return status;
}

/* M_PERTURB fills what comes from the system or from large free blocks, not
 * the small ones that were free before: take them all, write rubbish and give
 * most of them back. What is returned is in the way until it is freed. */
static GPtrArray *
litter(void)
{
    GPtrArray *kept = g_ptr_array_new_with_free_func(g_free);
    void *blocks[LITTER_BLOCKS];

    for (size_t size = LITTER_STEP; size <= LITTER_LARGEST;
         size += LITTER_STEP) {
        for (unsigned i = 0; i < LITTER_BLOCKS; i++) {
            blocks[i] = g_malloc(size - sizeof(void *));
            memset(blocks[i], RECHECK_FILL, size - sizeof(void *));
        }
        g_ptr_array_add(kept, blocks[0]);
        for (unsigned i = 1; i < LITTER_BLOCKS; i++) {
            g_free(blocks[i]);
        }
    }
    return kept;
}

/* Whatever else the seed showed, this is worse: nothing that it shows can be
 * relied on. */
static void
differ(ResultsRow *row, const RunResult *second)
{
    char was[DIGEST_TEXT_SIZE];
    char is[DIGEST_TEXT_SIZE];
    g_autofree char *before =
        row->violation_count > 0
            ? g_strdup_printf("; it failed before: %s", row->violation.check)
            : g_strdup("");

    digest_text(row->digest, was);
    digest_text(second->digest, is);
    row->recheck = RESULTS_RECHECK_DIFFERS;
    row->verdict = RESULTS_VIOLATED;
    row->violation_count++;
    row->violation = (RunViolation){.at = row->virtual_ns};
    g_strlcpy(row->violation.check, "determinism",
              sizeof(row->violation.check));
    g_snprintf(row->violation.message, sizeof(row->violation.message),
               "run again%s with other rubbish in fresh memory, the seed came "
               "to digest %s after %" PRIu64 " events, not %s after %" PRIu64
               "%s",
               row->by_process ? " by process" : "", is, second->events, was,
               row->events, before);
    signature_of_violation(&row->violation, row->signature);
}

bool
sweep_rechecks(uint64_t first_seed, uint64_t seed)
{
    return seed == first_seed ||
           hash_bytes(&seed, sizeof(seed), 0) % RECHECK_ONE_IN == 0;
}

/* A program of one's own may exist in one form only. */
static bool
by_process(const SweepWork *work, uint64_t seed)
{
    return work->options->run->isolation == ENGINE_INLINE && work->processes &&
           hash_bytes(&seed, sizeof(seed), 1) % PROCESS_ONE_IN == 0;
}

int
sweep_job_try(const SweepWork *work, unsigned variant, uint64_t seed,
              char **name, GError **error)
{
    static RunResult result;
    RunOptions options = *work->options->run;
    const SweepUnit unit = {variant, seed};
    int status;

    *name = NULL;
    if (work->options->variants[variant - 1].build != 'A') {
        return sweep_other_try(work->options, &unit, error);
    }
    options.no_folder = true;
    no_files(&options);
    options.stop_event = 1;
    status = run_unit(work, &unit, &options, &result, error);
    if (status < RUN_BAD_ARGUMENTS) {
        *name = g_strdup(result.name);
    }
    return status;
}

/* Those that come with Seedbed can. Of one's own program we know one file. */
bool
sweep_job_has_processes(const SweepWork *work)
{
    const SweepOptions *options = work->options;
    bool own = false;

    for (unsigned i = 0; i < options->variant_count; i++) {
        g_auto(GStrv) sets = sweep_job_sets(options, i + 1);
        Scenario *scenario =
            scenario_parse(work->scenario_text, work->scenario_size,
                           options->run->scenario, (const char *const *)sets,
                           g_strv_length(sets), options->run->seed, NULL);

        own = own || scenario == NULL || strchr(scenario->program, '/') != NULL;
        if (scenario != NULL) {
            scenario_free(scenario);
        }
    }
    return !own && access(build_id_node_binary(), X_OK) == 0;
}

char **
sweep_job_sets(const SweepOptions *options, unsigned variant)
{
    char **own = options->variants[variant - 1].sets;
    char **shared = options->run->sets;
    GPtrArray *all = g_ptr_array_new();

    for (unsigned i = 0; shared != NULL && shared[i] != NULL; i++) {
        g_ptr_array_add(all, g_strdup(shared[i]));
    }
    for (unsigned i = 0; own != NULL && own[i] != NULL; i++) {
        g_ptr_array_add(all, g_strdup(own[i]));
    }
    g_ptr_array_add(all, NULL);
    return (char **)g_ptr_array_free(all, FALSE);
}

char *
sweep_job_command(const SweepOptions *options, const SweepUnit *unit,
                  const char *verb)
{
    const RunOptions *run = options->run;
    g_auto(GStrv) sets = sweep_job_sets(options, unit->variant);
    bool other = options->variants[unit->variant - 1].build != 'A';
    GString *text = g_string_new(other ? options->against : "seedbed");

    g_string_append_printf(text, " %s %s --seed %" PRIu64, verb, run->scenario,
                           unit->seed);
    for (char **set = sets; *set != NULL; set++) {
        g_autofree char *quoted = g_shell_quote(*set);

        g_string_append_printf(text, " --set %s", quoted);
    }
    for (char **bug = run->bugs; bug != NULL && *bug != NULL; bug++) {
        g_string_append_printf(text, " --bug %s", *bug);
    }
    if (run->plan != NULL) {
        g_autofree char *quoted = g_shell_quote(run->plan);

        g_string_append_printf(text, " --plan %s", quoted);
    }
    if (run->explore != 0) {
        g_string_append_printf(text, " --explore-order %" PRIu64, run->explore);
    }
    if (run->isolation == ENGINE_PROCESS && strcmp(verb, "verify") != 0) {
        g_string_append(text, " --isolation process");
    }
    return g_string_free(text, FALSE);
}

void
sweep_job_free(void *data)
{
    SweepJob *job = data;

    g_free(job->capsule);
    g_free(job->signature);
    g_free(job);
}

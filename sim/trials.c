/* SPDX-License-Identifier: Apache-2.0 */
/* Candidates are started in their order and judged in their order: what a
 * later one says counts only when all before it have said no. So the number
 * of jobs changes how many runs are for nothing, and nothing else. */
#include "sim/trials.h"

#include <fcntl.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "nodes/hash.h"
#include "sim/pool.h"

#define TRIALS_ERROR (g_quark_from_static_string("seedbed-trials"))

#define TICK_MS 100

/* A candidate that is known to be no good: two hashes of its text. */
typedef struct Known {
    uint64_t words[2];
} Known;

struct Trials {
    const TrialsConfig *config;
    Pool *pool;
    GHashTable *known; /* of Known: those that did not fail alike */
    uint64_t runs, cpu_ns;
    bool over;
};

/* One candidate of a search. */
typedef struct Candidate {
    Trial *trial;
    Known text;
    bool judged;
    TrialAnswer answer;
} Candidate;

/* What a job works on. */
typedef struct Job {
    const TrialsConfig *config;
    const Trial *trial;
} Job;

/* trials_first() under way. */
typedef struct Search {
    Trials *trials;
    Candidate *candidates;
    unsigned count, started, judged; /* all below @judged have said no */
    unsigned bound; /* one that said yes: none behind it is asked for */
    int winner;
} Search;

static void start_more(Search *search, TrialsMake make, void *user);
static bool start_one(Search *search, unsigned index, TrialsMake make,
                      void *user);
static void judge(Search *search);
static void take(Search *search, const PoolAnswer *answer);
static void check_time(Trials *trials);
static void work(void *data, GByteArray *reply);
static void limit(int resource, uint64_t amount);
static Known known_of(const Trial *trial);
static guint known_hash(gconstpointer key);
static gboolean known_equal(gconstpointer a, gconstpointer b);
static bool needs_process(const char *program);

int
trials_first(Trials *trials, unsigned count, TrialsMake make, void *user,
             Trial **winner, TrialAnswer *answer)
{
    Search search = {.trials = trials,
                     .candidates = g_new0(Candidate, count + 1),
                     .count = count,
                     .bound = count,
                     .winner = -1};

    for (;;) {
        PoolAnswer come;

        check_time(trials);
        judge(&search);
        if (trials->over || search.winner >= 0 || search.judged == count) {
            break;
        }
        start_more(&search, make, user);
        judge(&search);
        if (pool_running(trials->pool) > 0 &&
            pool_wait(trials->pool, TICK_MS, &come)) {
            take(&search, &come);
        }
        if (trials->config->progress != NULL) {
            trials->config->progress(trials->config->progress_user,
                                     trials->runs);
        }
    }
    for (unsigned i = 0; i < search.started; i++) {
        Candidate *candidate = &search.candidates[i];

        if (candidate->trial != NULL && !candidate->judged) {
            pool_cancel(trials->pool, i);
        }
        if ((int)i == search.winner) {
            *answer = candidate->answer;
            if (winner != NULL) {
                *winner = g_steal_pointer(&candidate->trial);
            }
        }
        trials_one_free(candidate->trial);
    }
    g_free(search.candidates);
    return trials->over ? -1 : search.winner;
}

/* Fill the pool. */
static void
start_more(Search *search, TrialsMake make, void *user)
{
    while (search->started < search->bound &&
           pool_running(search->trials->pool) <
               pool_jobs(search->trials->pool)) {
        unsigned index = search->started++;

        search->candidates[index].judged =
            !start_one(search, index, make, user);
    }
}

/* False: it is no good, which is known already. */
static bool
start_one(Search *search, unsigned index, TrialsMake make, void *user)
{
    Trials *trials = search->trials;
    Candidate *candidate = &search->candidates[index];
    Job job = {trials->config, NULL};

    candidate->trial = make(user, index);
    if (candidate->trial == NULL) {
        return false;
    }
    candidate->text = known_of(candidate->trial);
    if (g_hash_table_contains(trials->known, &candidate->text)) {
        return false;
    }
    job.trial = candidate->trial;
    pool_start(trials->pool, index, work, &job);
    trials->runs++;
    return true;
}

/* Move on over those that have said no. */
static void
judge(Search *search)
{
    while (search->winner < 0 && search->judged < search->started &&
           search->candidates[search->judged].judged) {
        if (search->candidates[search->judged].answer.alike) {
            search->winner = (int)search->judged;
        } else {
            search->judged++;
        }
    }
}

static void
take(Search *search, const PoolAnswer *come)
{
    Candidate *candidate = &search->candidates[come->id];

    candidate->judged = true;
    search->trials->cpu_ns += come->cpu_ns;
    if (come->good && come->reply->len == sizeof(TrialAnswer)) {
        memcpy(&candidate->answer, come->reply->data, sizeof(TrialAnswer));
    }
    if (candidate->answer.alike) {
        search->bound = MIN(search->bound, (unsigned)come->id);
    } else {
        g_hash_table_add(search->trials->known,
                         g_memdup2(&candidate->text, sizeof(Known)));
    }
    g_byte_array_unref(come->reply);
}

static void
check_time(Trials *trials)
{
    const TrialsConfig *config = trials->config;

    trials->over = trials->over ||
                   (config->stop != NULL && *config->stop != 0) ||
                   (config->wall_limit_ns != 0 &&
                    trials_wall_ns(trials) > config->wall_limit_ns);
}

bool
trials_over(const Trials *trials)
{
    return trials->over;
}

uint64_t
trials_runs(const Trials *trials)
{
    return trials->runs;
}

uint64_t
trials_cpu_ns(const Trials *trials)
{
    return trials->cpu_ns;
}

uint64_t
trials_wall_ns(const Trials *trials)
{
    return pool_age_ns(trials->pool);
}

static void
work(void *data, GByteArray *reply)
{
    const Job *job = data;
    TrialAnswer answer;

    trials_quiet(job->config);
    trials_run(job->config, job->trial, &answer);
    g_byte_array_append(reply, (const guint8 *)&answer, sizeof(answer));
}

void
trials_quiet(const TrialsConfig *config)
{
    int nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC);

    if (nowhere >= 0) {
        (void)dup2(nowhere, STDOUT_FILENO);
        (void)dup2(nowhere, STDERR_FILENO);
    }
    limit(RLIMIT_CORE, 0);
    if (config->cpu_limit_s != 0) {
        limit(RLIMIT_CPU, config->cpu_limit_s);
    }
}

static void
limit(int resource, uint64_t amount)
{
    struct rlimit most = {amount, amount};

    (void)setrlimit((__rlimit_resource_t)resource, &most);
}

void
trials_run(const TrialsConfig *config, const Trial *trial, TrialAnswer *answer)
{
    RunOptions options = config->run;
    RunResult *result = g_new0(RunResult, 1);
    GError *error = NULL;
    int status;

    memset(answer, 0, sizeof(*answer));
    options.scenario_given = trial->scenario;
    options.plan_given = trial->scenario->timed;
    options.seed = trial->seed;
    options.no_folder = true;
    options.event_limit = config->event_limit;
    status = run_scenario(&options, result, &error);
    g_clear_error(&error);
    if (status < RUN_BAD_ARGUMENTS) {
        trials_judge(config, result, answer);
    }
    g_free(result);
}

void
trials_judge(const TrialsConfig *config, const RunResult *result,
             TrialAnswer *answer)
{
    memset(answer, 0, sizeof(*answer));
    answer->complete = true;
    signature_of(result, answer->signature);
    answer->verdict = result->verdict;
    answer->alike =
        signature_alike(answer->signature, config->signature, config->loosely);
    answer->failed_at =
        result->violation_count > 0 ? result->violations[0].at : 0;
    answer->virtual_ns = result->virtual_ns;
    answer->events = result->events;
    answer->operations = run_metric(result, "operations_ok") +
                         run_metric(result, "operations_fail") +
                         run_metric(result, "operations_info");
    answer->digest = result->digest;
}

RunFolder *
trials_folder(const char *path, TrialsConfig *config, GError **error)
{
    g_autoptr(RunFolder) folder = run_folder_load(path, error);

    if (folder == NULL) {
        return NULL;
    }
    if (folder->verdict != RUN_VIOLATED || folder->check == NULL) {
        g_set_error(error, TRIALS_ERROR, 0,
                    "%s: found a run with verdict %s, expected one that "
                    "violated something",
                    path, run_verdict_name(folder->verdict));
        return NULL;
    }
    if (!run_bugs(folder->bugs, error)) {
        g_prefix_error(error, "%s: ", path);
        return NULL;
    }
    run_folder_options(folder, &config->run);
    config->run.keep_going = false;
    config->run.workers = 1;
    config->signature = folder->signature;
    return g_steal_pointer(&folder);
}

void
trials_inline(TrialsConfig *config, const Trial *trial, const RunFolder *folder)
{
    config->run.isolation = needs_process(trial->scenario->program)
                                ? ENGINE_PROCESS
                                : ENGINE_INLINE;
    config->run.no_fork = config->run.isolation == ENGINE_INLINE &&
                          strcmp(folder->check, "crash") != 0;
}

/* A path that is no shared object runs as a process only. */
static bool
needs_process(const char *program)
{
    return strchr(program, '/') != NULL && !g_str_has_suffix(program, ".so");
}

Trial *
trials_one_load(const RunFolder *folder, GError **error)
{
    Trial *trial = g_new0(Trial, 1);
    Scenario *scenario;
    Plan *plan;

    trial->seed = folder->seed;
    scenario = trial->scenario =
        scenario_load(folder->scenario_path, NULL, 0, folder->seed, error);
    if (scenario == NULL) {
        trials_one_free(trial);
        return NULL;
    }
    plan = plan_load(folder->plan_path, scenario->node_count, error);
    if (plan == NULL) {
        trials_one_free(trial);
        return NULL;
    }
    for (unsigned i = 0; i < scenario->rate_count; i++) {
        FaultRate *rate = &scenario->rates[i];

        g_free(rate->nodes);
        g_free(rate->peers);
        g_free(rate->netem);
        g_free(rate->file);
    }
    scenario->rate_count = 0;
    plan_free(scenario->timed);
    scenario->timed = plan;
    return trial;
}

Trial *
trials_one_copy(const Trial *trial)
{
    g_autofree char *text = scenario_text(trial->scenario);
    Trial *copy = g_new0(Trial, 1);

    copy->seed = trial->seed;
    copy->scenario = scenario_parse(text, strlen(text), trial->scenario->path,
                                    NULL, 0, trial->seed, NULL);
    g_assert(copy->scenario != NULL); /* it was settled, or read */
    return copy;
}

Trial *
trials_one_settle(Trial *trial)
{
    g_autofree char *text = scenario_text(trial->scenario);
    Scenario *scenario = scenario_parse(
        text, strlen(text), trial->scenario->path, NULL, 0, trial->seed, NULL);

    if (scenario == NULL) {
        trials_one_free(trial);
        return NULL;
    }
    scenario_free(trial->scenario);
    trial->scenario = scenario;
    return trial;
}

void
trials_one_free(Trial *trial)
{
    if (trial != NULL) {
        scenario_free(trial->scenario);
        g_free(trial);
    }
}

static Known
known_of(const Trial *trial)
{
    g_autofree char *text = scenario_text(trial->scenario);
    size_t size = strlen(text);

    return (Known){{hash_bytes(text, size, trial->seed),
                    hash_bytes(text, size, ~trial->seed)}};
}

static guint
known_hash(gconstpointer key)
{
    return (guint)((const Known *)key)->words[0];
}

static gboolean
known_equal(gconstpointer a, gconstpointer b)
{
    return memcmp(a, b, sizeof(Known)) == 0;
}

Trials *
trials_new(const TrialsConfig *config)
{
    Trials *trials = g_new0(Trials, 1);

    trials->config = config;
    trials->pool = pool_new(config->jobs);
    trials->known =
        g_hash_table_new_full(known_hash, known_equal, g_free, NULL);
    return trials;
}

void
trials_free(Trials *trials)
{
    if (trials != NULL) {
        pool_free(trials->pool);
        g_hash_table_unref(trials->known);
        g_free(trials);
    }
}

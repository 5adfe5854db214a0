/* SPDX-License-Identifier: Apache-2.0 */
/* One run. The child writes what it sees as it goes; the parent adds what
 * only it can know and makes the folder appear whole. */
#include "sim/run.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "config.h"
#include "nodes/bugs.h"
#include "sim/build_id.h"
#include "sim/capsule.h"
#include "sim/checks.h"
#include "sim/crash_box.h"
#include "sim/real_clock.h"
#include "sim/run_observer.h"
#include "sim/run_watch.h"
#include "sim/whole_dir.h"
#include "sim/whole_file.h"

/* How many records a failure shows. */
#define TAIL_RECORDS 200u

#define RUN_ERROR (g_quark_from_static_string("seedbed-run"))

#if SEEDBED_SANITIZE
#define TIME_SCALE 10u
#else
#define TIME_SCALE 1u
#endif

/* What the forked child works on. */
typedef struct RunBody {
    const RunOptions *options;
    const Scenario *scenario;
    const Plan *plan;
    const char *folder; /* NULL: leave nothing */
    CrashBox *box;      /* NULL: not forked */
    RunResult *result;  /* shared with the parent */
    char *error;        /* likewise, 512 bytes */
    NodeId fatal_node;
    uint64_t fatal_input;
    const CarrierDeath *fatal_death;
    CarrierDeath death;
} RunBody;

/* What the child tells by shared memory. */
typedef struct Area {
    RunResult result;
    char error[512];
} Area;

/* Who sees the records of the run in hand. */
typedef struct RunEyes {
    RunObserver *observer;
    RunWatch *watch; /* or NULL */
} RunEyes;

struct RunHere {
    Engine *engine;
    RunObserver *observer;
};

static void note_thread(void *user, unsigned number);
static void clean_when_orphaned(const char *folder);
static void on_orphaned(int signal);
static int body(void *data);
static void run_with_pauses(const RunPauses *pauses, Engine *engine,
                            RunEyes *eyes);
static bool see(void *eyes, const Record *record);
static int judge(RunBody *work, GError **error);
static int look(RunBody *work, RunOptions *options, Area *area, GError **error);
static int compare(RunResult *first, const RunResult *second);
static int body_in_area(void *data);

int
run_scenario(const RunOptions *options, RunResult *result, GError **error)
{
    uint64_t started = real_clock_now();
    Scenario *loaded = NULL;
    Plan *drawn = NULL;
    const Scenario *scenario = options->scenario_given;
    const Plan *plan = options->plan_given;
    g_autofree char *folder = NULL;
    WholeDir *dir = NULL;
    RunBody work = {.options = options, .result = result};
    unsigned set_count =
        options->sets != NULL ? g_strv_length(options->sets) : 0;
    int status = RUN_BAD_ARGUMENTS;

    memset(result, 0, sizeof(*result));
    if (!run_bugs(options->bugs, error)) {
        return RUN_BAD_ARGUMENTS;
    }
    if (scenario == NULL) {
        scenario = loaded =
            scenario_load(options->scenario, (const char *const *)options->sets,
                          set_count, options->seed, error);
    }
    if (scenario == NULL) {
        return RUN_BAD_ARGUMENTS;
    }
    if (options->gdb > scenario->node_count) {
        g_set_error(error, RUN_ERROR, 0,
                    "--gdb: found '%u', expected a node of 1 to %u",
                    options->gdb, scenario->node_count);
        goto out;
    }
    if (plan == NULL) {
        plan = drawn =
            options->plan != NULL
                ? plan_load(options->plan, scenario->node_count, error)
                : scenario_plan(scenario, options->seed);
    }
    if (plan == NULL || !plan_check(plan, scenario->files, error) ||
        !scenario_plan_judge(scenario, plan, error)) {
        goto out;
    }
    if (!options->no_folder) {
        folder = options->out != NULL
                     ? g_strdup(options->out)
                     : g_strdup_printf("out/%s/%" PRIu64, scenario->name,
                                       options->seed);
        dir = whole_dir_new(folder, "run.json", error);
        if (dir == NULL) {
            goto out;
        }
        work.folder = whole_dir_path(dir);
    }
    work.scenario = scenario;
    work.plan = plan;
    status = judge(&work, error);
    if (status == RUN_BAD_ARGUMENTS || status == RUN_INTERNAL) {
        goto out;
    }
    g_strlcpy(result->name, scenario->name, sizeof(result->name));
    result->wall_ns = real_clock_now() - started;
    if (dir != NULL) {
        g_strlcpy(result->out, folder, sizeof(result->out));
        if (!capsule_write(options, scenario, plan, work.folder, result,
                           error) ||
            !whole_dir_finish(g_steal_pointer(&dir), error)) {
            status = RUN_INTERNAL;
        }
    }
out:
    whole_dir_free(dir);
    if (drawn != NULL) {
        plan_free(drawn);
    }
    if (loaded != NULL) {
        scenario_free(loaded);
    }
    return status;
}

/* Run, in a child unless told otherwise; once more when a node took the child
 * with it, so that the folder shows everything up to that input. */
static int
judge(RunBody *work, GError **error)
{
    RunOptions options = *work->options;
    char text[512] = "";
    Area *area;
    RunResult *first;
    int status;

    if (options.no_fork) {
        work->error = text;
        status = body(work);
        if (status >= RUN_BAD_ARGUMENTS) {
            g_set_error(error, RUN_ERROR, 0, "%s", text);
        }
        return status;
    }
    work->options = &options;
    work->box = crash_box_new(MAX(options.workers, 1), sizeof(*area));
    area = crash_box_area(work->box);
    status = look(work, &options, area, error);
    if (status < RUN_BAD_ARGUMENTS) {
        *work->result = area->result;
    }
    if (status == RUN_VIOLATED && work->folder != NULL) {
        /* Once more, for the last events before the violation: only a
         * failure pays for them. */
        first = g_memdup2(&area->result, sizeof(*first));
        options.tail_from =
            first->events > TAIL_RECORDS ? first->events - TAIL_RECORDS : 1;
        status = look(work, &options, area, error);
        if (status < RUN_BAD_ARGUMENTS) {
            status = compare(first, &area->result);
            *work->result = *first;
        }
        g_free(first);
    }
    crash_box_free(work->box);
    return status;
}

/* Run in a child; again when a node took the child with it, so that the
 * folder shows everything up to that input. */
static int
look(RunBody *work, RunOptions *options, Area *area, GError **error)
{
    unsigned scale = options->gdb != 0 ? 0 : TIME_SCALE;
    CrashReport report;

    for (;;) {
        uint64_t printed = area->result.printed;

        memset(area, 0, sizeof(*area));
        area->result.printed = printed;
        work->error = area->error;
        crash_box_run(work->box, body_in_area, work, CARRIER_CPU_LIMIT * scale,
                      CARRIER_WAIT_LIMIT * scale, &report);
        if (report.returned) {
            if (report.status >= RUN_BAD_ARGUMENTS) {
                g_set_error(error, RUN_ERROR, 0, "%s", area->error);
            }
            return report.status;
        }
        if (report.interrupted) {
            g_set_error(error, RUN_ERROR, 0, "interrupted by signal %d",
                        report.death.signal);
            return RUN_INTERNAL;
        }
        if (report.node == 0 || work->fatal_node != 0) {
            g_set_error(error, RUN_ERROR, 0,
                        "the simulator died of signal %d at %.9f s: %s\n%s",
                        report.death.signal, (double)report.at / 1e9,
                        report.death.text, report.death.backtrace);
            return RUN_INTERNAL;
        }
        if (options->workers > 1) {
            /* Another node may have been about to die before it, in the same
             * window: one worker finds the first. */
            options->workers = 1;
            continue;
        }
        work->death = report.death;
        work->fatal_node = report.node;
        work->fatal_input = report.event;
        work->fatal_death = &work->death;
    }
}

/* A violation must show again when the same run is run again: if not, that is
 * what is told, and the first look counts. */
static int
compare(RunResult *first, const RunResult *second)
{
    char was[DIGEST_TEXT_SIZE];
    char is[DIGEST_TEXT_SIZE];
    RunViolation *violation;

    if (digest_equal(first->digest, second->digest) &&
        first->violation_count == second->violation_count) {
        return RUN_VIOLATED;
    }
    digest_text(first->digest, was);
    digest_text(second->digest, is);
    violation =
        &first->violations[MIN(first->violation_count, RUN_VIOLATIONS_MAX - 1)];
    first->violation_count++;
    *violation = (RunViolation){.at = first->virtual_ns};
    g_strlcpy(violation->check, "determinism", sizeof(violation->check));
    g_snprintf(violation->message, sizeof(violation->message),
               "run again, the same seed came to digest %s and not %s: a node "
               "is not deterministic, or something outside killed it; the "
               "files show the second run",
               is, was);
    return RUN_VIOLATED;
}

static int
body_in_area(void *data)
{
    RunBody *work = data;
    Area *area = crash_box_area(work->box);

    work->result = &area->result;
    return body(work);
}

/* When the parent is killed, and this process told so, the half-filled folder
 * goes too. What removes it must be safe in a signal handler: another
 * program. Node processes end with this one. */
static char *orphaned[] = {"rm", "-rf", NULL, NULL};

static void
clean_when_orphaned(const char *folder)
{
    struct sigaction action = {.sa_handler = on_orphaned};

    orphaned[2] = g_strdup(folder);
    sigaction(SIGUSR2, &action, NULL);
    prctl(PR_SET_PDEATHSIG, SIGUSR2);
    if (getppid() == 1) {
        on_orphaned(SIGUSR2);
    }
}

static void
on_orphaned(int signal)
{
    (void)signal;
    execv("/bin/rm", orphaned);
    _exit(RUN_INTERNAL);
}

static void
note_thread(void *user, unsigned number)
{
    crash_box_thread(user, number);
}

/* In the child: the whole simulation. Returns an exit code. */
static int
body(void *data)
{
    RunBody *work = data;
    const RunOptions *options = work->options;
    EngineConfig config = {
        .scenario = work->scenario,
        .plan = work->plan,
        .seed = options->seed,
        .isolation = options->isolation,
        .workers = MAX(options->workers, 1),
        .explore = options->explore,
        .node_binary = build_id_node_binary(),
        .thread_begin = work->box != NULL ? note_thread : NULL,
        .thread_user = work->box,
        .time_limit_scale = options->gdb != 0 ? 0 : TIME_SCALE,
        .gdb_node = options->gdb,
        .fatal_node = work->fatal_node,
        .fatal_input = work->fatal_input,
        .fatal_death = work->fatal_death};
    GError *error = NULL;
    RunObserver *observer;
    Engine *engine;
    int status = RUN_BAD_ARGUMENTS;

    if (work->box != NULL && work->folder != NULL) {
        clean_when_orphaned(work->folder);
    }
    engine = engine_new(&config, &error);
    if (engine != NULL) {
        observer = run_observer_new(options, work->scenario, engine,
                                    work->folder, &error);
        status = RUN_INTERNAL;
        if (observer != NULL) {
            TraceAbout about = run_observer_about(observer);
            RunEyes eyes = {observer, run_watch_new(options, &about,
                                                    &work->result->printed)};

            if (options->pauses != NULL) {
                run_with_pauses(options->pauses, engine, &eyes);
            } else {
                engine_run(engine, see, &eyes);
            }
            if (run_observer_finish(observer, work->result, &error)) {
                status = (int)work->result->verdict;
            }
            run_watch_finish(eyes.watch, work->result);
        }
        engine_free(engine);
    }
    if (error != NULL) {
        g_strlcpy(work->error, error->message, 512);
        g_clear_error(&error);
    }
    return status;
}

static void
run_with_pauses(const RunPauses *pauses, Engine *engine, RunEyes *eyes)
{
    RunHere here = {engine, eyes->observer};
    bool more = true;

    engine_start(engine, see, eyes);
    for (unsigned i = 0; more && i < pauses->count; i++) {
        more = engine_run_until(engine, pauses->at[i]);
        if (more) {
            pauses->reached(pauses->user, i, &here);
        }
    }
    if (more) {
        (void)engine_run_until(engine, SIM_NEVER);
    }
}

void
run_here_redraw(RunHere *here, SimTime at, unsigned number, uint64_t salt,
                RunResult *result)
{
    GError *error = NULL;

    engine_redraw(here->engine, at, number, salt);
    (void)engine_run_until(here->engine, SIM_NEVER);
    /* It writes nothing, so nothing can go wrong. */
    (void)run_observer_finish(here->observer, result, &error);
    g_clear_error(&error);
}

static bool
see(void *data, const Record *record)
{
    RunEyes *eyes = data;
    bool more = run_observer_see(eyes->observer, record);

    return (eyes->watch == NULL ||
            run_watch_see(eyes->watch, record,
                          run_observer_digest(eyes->observer))) &&
           more;
}

bool
run_bugs(char **names, GError **error)
{
    bugs_mask = 0;
    for (unsigned i = 0; names != NULL && names[i] != NULL; i++) {
        int number = bugs_find(names[i]);

        if (number < 0) {
            g_set_error(error, RUN_ERROR, 0,
                        "--bug: found '%s', expected a name of `seedbed bugs`",
                        names[i]);
            return false;
        }
        if (!SEEDBED_BUGS) {
            g_set_error(error, RUN_ERROR, 0,
                        "--bug %s: this build has no planted bugs; configure "
                        "with --enable-bugs",
                        names[i]);
            return false;
        }
        bugs_mask |= (uint64_t)1 << number;
    }
    return true;
}

uint64_t
run_metric(const RunResult *result, const char *name)
{
    for (unsigned i = 0; i < result->metric_count; i++) {
        if (strcmp(result->metrics[i].name, name) == 0) {
            return result->metrics[i].value;
        }
    }
    return 0;
}

void
run_options_init(RunOptions *options)
{
    *options = (RunOptions){.workers = 1, .stop_at = SIM_NEVER};
}

/* SPDX-License-Identifier: Apache-2.0 */
/* One run: scenario, seed and plan in; a verdict, a digest and a run folder
 * out. The engine runs in a child process, so that whatever a node does to
 * the process it lives in, the parent writes the folder and says what
 * happened. */
#ifndef SEEDBED_RUN_H
#define SEEDBED_RUN_H

#include <glib.h>

#include "sim/coverage.h"
#include "sim/criteria.h"
#include "sim/digest.h"
#include "sim/engine.h"
#include "sim/reached.h"
#include "sim/situation.h"
#include "sim/story.h"

typedef enum RunVerdict {
    RUN_PASS = 0,
    RUN_VIOLATED = 1,
    RUN_UNKNOWN = 2,
} RunVerdict;

#define RUN_BAD_ARGUMENTS 254
#define RUN_INTERNAL      255

/* A run between two of its events, see RunPauses. */
typedef struct RunHere RunHere;

/* Who wants to look at a run on its way, and perhaps to fork. Inline, with one
 * worker and no_fork only. */
typedef struct RunPauses {
    const SimTime *at; /* ascending; each before its first event */
    unsigned count;
    void (*reached)(void *user, unsigned index, RunHere *here);
    void *user;
} RunPauses;

typedef struct RunOptions {
    const char *scenario; /* path */
    char **sets;          /* "key=value", NULL-terminated; may be NULL */
    uint64_t seed;
    EngineIsolation isolation;
    unsigned workers;
    uint64_t explore;
    const char *plan; /* path; NULL: drawn */
    /* In place of both paths, for those who change a run in memory (shrink,
     * why, sweeps): borrowed; NULL: read the files. */
    const Scenario *scenario_given;
    const Plan *plan_given;
    const char *out;     /* folder; NULL: out/<scenario>/<seed> */
    bool trace_text;     /* trace.txt */
    bool trace_binary;   /* trace.sbt.zst */
    bool trace_perfetto; /* trace.perfetto-trace */
    bool trace_shiviz;   /* trace.shiviz */
    bool capture_pcap;   /* capture.pcap */
    bool capture_pcapng; /* capture.pcapng */
    const char *files;   /* their folder when the run leaves none; or NULL */
    bool keep_going;     /* do not stop at the first violation */
    bool no_folder;      /* leave nothing: verify, benchmarks */
    bool coverage;       /* RunResult.states: sweeps */
    bool no_fork;        /* in this process: benchmarks, fuzzing */
    uint64_t tail_from;  /* last_events.txt from this record on; 0: none */
    uint64_t stop_event; /* replay --until; 0: the end */
    SimTime stop_at;     /* likewise; SIM_NEVER */
    char **bugs;         /* names, NULL-terminated; may be NULL */
    /* A run that goes on after so many events is cut, unjudged; 0: none. */
    uint64_t event_limit;
    const RunPauses *pauses; /* or NULL */
    /* of a replay, see run_watch.h */
    const GArray *checkpoints; /* of DigestCheckpoint: stop where they differ */
    bool print_trace;          /* the text trace to stdout */
    bool last_lines;           /* of it, in RunResult.situation */
    NodeId gdb;                /* that node runs under gdb; 0: none */
} RunOptions;

typedef struct RunViolation {
    char check[48];
    SimTime at;
    NodeId node;
    char message[512];
    char role[16]; /* of @node when it happened; "" of no node */
} RunViolation;

/* Between which events a run left the path of its original. */
typedef struct RunDifference {
    bool found;
    uint64_t after_event, by_event;
    SimTime after, by;
} RunDifference;

#define RUN_VIOLATIONS_MAX 16u
#define RUN_METRICS_MAX    96u

/* Plain data: it comes out of the child by shared memory. */
typedef struct RunResult {
    char name[64]; /* of the scenario */
    RunVerdict verdict;
    RunViolation violations[RUN_VIOLATIONS_MAX];
    unsigned violation_count; /* found, also beyond the ones kept */
    DigestValue digest;
    uint64_t events;
    uint64_t sent, delivered, dropped;
    SimTime virtual_ns;
    uint64_t wall_ns;
    struct {
        char name[32];
        uint64_t value;
    } metrics[RUN_METRICS_MAX];
    unsigned metric_count;
    WorldCount faults[FAULT_KIND_COUNT];
    CriterionResult criteria[CRITERIA_MAX];
    unsigned criterion_count;
    /* Abstract states passed through, when asked for (coverage.h). */
    CoverageState states[COVERAGE_STATES_MAX];
    unsigned state_count;
    Rates rates;            /* of the links, by RatesKind */
    Reached reached;        /* sometimes facts, and buggify sites that fired */
    char unknown[128];      /* why the verdict is not known, "" if it is */
    char story[STORY_SIZE]; /* in plain words */
    char crash[6144];       /* how a node died and where, "" if none did */
    /* Of scenario.yaml, plan.yaml and the node program, if that is a file of
     * its own; 0: none. */
    uint64_t scenario_hash, plan_hash, program_hash;
    char out[1024]; /* the run folder, "" if none was left */
    /* of a replay */
    RunDifference difference;
    unsigned checkpoints_alike;
    uint64_t printed; /* the last record on stdout */
    char situation[SITUATION_SIZE];
} RunResult;

/* The defaults: inline, one worker. */
void run_options_init(RunOptions *options);
/* Returns an exit code of cli.md; RUN_BAD_ARGUMENTS and RUN_INTERNAL come
 * with one line in @error. */
int run_scenario(const RunOptions *options, RunResult *result, GError **error);
/* Switch on these planted bugs and no others, as run_scenario() does; NULL:
 * none. False: @error, also when they are not in this build. */
bool run_bugs(char **names, GError **error);
/* A metric by name (metrics.h); 0 when there is none of that name. */
uint64_t run_metric(const RunResult *result, const char *name);
/* In a forked process: the rest of the run, as if its plan had a line @number
 * that redraws at @at, the time of the pause, with @salt. After it the process
 * must end. */
void run_here_redraw(RunHere *here, SimTime at, unsigned number, uint64_t salt,
                     RunResult *result);
/* The object of --json and run.json; the caller owns the text. */
char *run_json(const RunOptions *options, const RunResult *result);

#endif

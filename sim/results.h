/* SPDX-License-Identifier: Apache-2.0 */
/* The results of a sweep in an SQLite database: one row a seed and variant,
 * written by any number of sweeps at once. The schema is told in
 * seedbed-sweep(5) and is for everybody's queries.
 *
 * The database is in WAL mode. What results_commit() returned true for
 * survives the death of any process; a power loss may take the last moments,
 * never the rest. */
#ifndef SEEDBED_RESULTS_H
#define SEEDBED_RESULTS_H

#include <glib.h>
#include <sqlite3.h>
#include <stdbool.h>

#include "sim/run.h"
#include "sim/signature.h"

#define RESULTS_FORMAT 1 /* PRAGMA user_version */
#define RESULTS_FILE   "results.sqlite"

typedef enum ResultsVerdict {
    RESULTS_PASS = RUN_PASS,
    RESULTS_VIOLATED = RUN_VIOLATED,
    RESULTS_UNKNOWN = RUN_UNKNOWN,
    RESULTS_ERROR, /* the simulator failed: nothing is known of the seed */
    RESULTS_VERDICT_COUNT,
} ResultsVerdict;

/* Whether the seed was run twice, and what that said. */
typedef enum ResultsRecheck {
    RESULTS_RECHECK_NONE, /* once is enough for this one */
    RESULTS_RECHECK_SAME,
    RESULTS_RECHECK_DIFFERS, /* the row is violated, check determinism */
} ResultsRecheck;

/* One run. Plain data without pointers: workers send it through a pipe. */
typedef struct ResultsRow {
    uint64_t seed;
    unsigned variant;
    ResultsVerdict verdict;
    ResultsRecheck recheck;
    bool by_process; /* the second run had --isolation process */
    DigestValue digest;
    uint64_t events, sent, delivered, dropped;
    SimTime virtual_ns;
    uint64_t wall_ns, cpu_ns;
    unsigned violation_count;
    RunViolation violation;         /* the first; its message also of errors */
    char signature[SIGNATURE_SIZE]; /* "" of those that did not fail */
    struct {
        char name[32];
        uint64_t value;
    } metrics[RUN_METRICS_MAX];
    unsigned metric_count;
    WorldCount faults[FAULT_KIND_COUNT];
    Rates rates; /* of the links */
    Reached reached;
    CoverageState states[COVERAGE_STATES_MAX]; /* passed through */
    unsigned state_count;
} ResultsRow;

typedef struct Results Results;

/* The two catalogues of reached.h, and what all rows came to of a row there. */
typedef enum ResultsReachedKind {
    RESULTS_SOMETIMES,
    RESULTS_BUGGIFY,
} ResultsReachedKind;

typedef struct ResultsReached {
    uint64_t runs, times;
} ResultsReached;

/* Open @path; with @create make it when it is not there. NULL: @error, also
 * when it is no database of results or one of a later format. */
Results *results_open(const char *path, bool create, GError **error);
/* NULL is allowed. */
void results_close(Results *results);
/* For queries of one's own; borrowed. */
sqlite3 *results_database(const Results *results);

/* What is the same for all rows, by name: see the table `sweep` in the manual.
 * The caller owns the text; NULL: there is none of that name. */
char *results_value(Results *results, const char *name);
bool results_set_value(Results *results, const char *name, const char *value,
                       GError **error);
/* Variant @variant, from 1: build 'A' or 'B', its name, and which keys it
 * sets: "path=value" each, NULL-terminated. Done again it changes nothing. */
bool results_add_variant(Results *results, unsigned variant, char build,
                         const char *name, const char *const *sets,
                         GError **error);

/* Between these two all or nothing is done; begin waits for other sweeps.
 * False: @error, and what was done is undone. */
bool results_begin(Results *results, GError **error);
bool results_commit(Results *results, GError **error);
void results_rollback(Results *results);

/* Add @row, unless somebody else already did; its claim ends. */
bool results_add(Results *results, const ResultsRow *row, GError **error);
/* Forget the row of (@variant, @seed). */
bool results_remove(Results *results, unsigned variant, uint64_t seed,
                    GError **error);
/* Ask for (@variant, @seed) on behalf of @owner (results_owner.h): *@mine is
 * false when it is in the database, which sets *@there, or someone else's. */
bool results_claim(Results *results, uint64_t owner, unsigned variant,
                   uint64_t seed, bool *mine, bool *there, GError **error);

/* How many rows there are of @verdict. */
uint64_t results_count(Results *results, ResultsVerdict verdict);
const char *results_verdict_text(ResultsVerdict verdict);

/* The failures that are of one kind. */
typedef struct ResultsGroup {
    char *signature;
    char slug[SIGNATURE_SLUG_SIZE]; /* its folder under failures/ */
    uint64_t count;                 /* rows */
    unsigned first_variant;         /* of the smallest seed */
    uint64_t first_seed;
    unsigned fastest_variant; /* of the row with the fewest events, then the */
    uint64_t fastest_seed;    /* shortest virtual time, then smallest seed */
    uint64_t fastest_events;
    SimTime fastest_virtual_ns;
    char *message; /* of the fastest one */
    /* Whose capsule is in the folder; variant 0: there is none. */
    unsigned capsule_variant;
    uint64_t capsule_seed;
} ResultsGroup;

/* The groups, largest first; the caller owns the array (of ResultsGroup).
 * NULL: @error. */
GArray *results_groups(Results *results, GError **error);
/* The capsule of @signature is now that of (@variant, @seed). */
bool results_set_capsule(Results *results, const char *signature,
                         unsigned variant, uint64_t seed, GError **error);

/* What a kind of fault came to in all rows. */
typedef struct ResultsFault {
    uint64_t configured, drawn, applied, mattered;
    uint64_t seeds; /* rows in which it mattered at least once */
} ResultsFault;

/* Row @number of a catalogue: its *@name, NULL behind the last one. False:
 * @error. */
bool results_reached(Results *results, ResultsReachedKind kind, unsigned number,
                     const char **name, ResultsReached *reached,
                     GError **error);

bool results_faults(Results *results, ResultsFault faults[FAULT_KIND_COUNT],
                    GError **error);

/* What all rows say of a word of the links, by RatesKind. */
typedef struct ResultsRate {
    uint64_t trials, observed;
    double expected, variance; /* packets, packets^2 */
    double chance;             /* at most: of being so far off, or farther */
    bool out_of_band;          /* the simulator does not do what it says */
} ResultsRate;

/* A sweep without a mistake finds a rate out of its band at most so often. */
#define RESULTS_RATES_ERROR 1e-6

bool results_rates(Results *results, ResultsRate rates[RATES_COUNT],
                   GError **error);

/* The abstract states (coverage.h) of all rows. */
typedef struct ResultsCoverage {
    uint64_t states; /* different ones */
    uint64_t runs;
    uint64_t lonely; /* runs with a state that no other run passed through */
} ResultsCoverage;

bool results_coverage(Results *results, ResultsCoverage *coverage,
                      GError **error);

#define RESULTS_ERROR_DOMAIN (g_quark_from_static_string("seedbed-results"))

#endif

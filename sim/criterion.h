/* SPDX-License-Identifier: Apache-2.0 */
/* One line of expect.criteria: a measure with a bound, or something that comes
 * true, of the whole run or so soon after an event.
 *
 *   availability >= 99%                ok / attempted
 *   error-rate <= 1%                   (failed + unknown) / attempted
 *   throughput >= 50/s                 operations that ended ok
 *   latency.p99 <= 200 ms              of those; also .p50, .p99.9, .mean, .max
 *   messages-per-operation <= 40       sent, for each that ended ok
 *   leaders-per-term <= 1              the most in any term
 *   memory <= 16 MiB                   the most a leader had not committed yet
 *   log-size <= 64 MiB                 the most of it behind its snapshot
 *   elections <= 5                     or any other metric of run.json
 *   consistent                         applied logs agree, at the end
 *   converged                          every node that is up has applied what
 *                                      was committed a second before the end
 *   leader within 2 s of crash         a node that is up leads
 *   stable within 3 s of heal          a leader, and no new term for a second
 *   progress within 3 s of last-change an operation ends ok
 *   converged within 3 s of heal
 *   availability >= 99% eventually within 5 s of heal
 *
 * What is measured `within` is of any whole second after the event. `of` names
 * start, fault, heal (no fault is in force any more), last-change (of the
 * faults), leader-loss or a kind of fault, which then begins. Each time it
 * happens is judged, unless another fault begins, or the run ends, before the
 * time is up and what is asked for came true. */
#ifndef SEEDBED_CRITERION_H
#define SEEDBED_CRITERION_H

#include "sim/plan.h"

typedef enum CriterionSubject {
    CRITERION_LEADER = 1,
    CRITERION_PROGRESS,
    CRITERION_STABLE,
    CRITERION_CONSISTENT,
    CRITERION_CONVERGED,
    CRITERION_AVAILABILITY, /* from here on with a bound */
    CRITERION_ERROR_RATE,
    CRITERION_THROUGHPUT,
    CRITERION_LATENCY,
    CRITERION_MESSAGES,
    CRITERION_METRIC, /* by name */
} CriterionSubject;

typedef enum CriterionUnit {
    CRITERION_COUNT,    /* also of what has no bound */
    CRITERION_FRACTION, /* parts per billion */
    CRITERION_DURATION, /* ns */
    CRITERION_RATE,     /* a 1,000 s */
    CRITERION_DECIMAL,  /* thousandths */
    CRITERION_SIZE,     /* bytes */
} CriterionUnit;

typedef enum CriterionEvent {
    CRITERION_WHOLE_RUN = 0,
    CRITERION_START,
    CRITERION_FAULT,
    CRITERION_HEAL,
    CRITERION_LAST_CHANGE,
    CRITERION_LEADER_LOSS,
    CRITERION_KIND,
} CriterionEvent;

#define CRITERION_WINDOW SIM_S

#define CRITERION_MEAN 1000001u /* in place of a quantile */

typedef struct Criterion {
    CriterionSubject subject;
    CriterionUnit unit;
    unsigned ppm;    /* LATENCY: the quantile in millionths, or MEAN */
    char metric[32]; /* METRIC */
    bool at_least;
    uint64_t bound; /* in the unit */
    CriterionEvent event;
    FaultKind kind; /* CRITERION_KIND */
    SimTime within;
} Criterion;

/* Read @text. False, and "found ..., expected ..." in @error. */
bool criterion_parse(const char *text, Criterion *criterion, GError **error);
/* The text that reads back as @criterion; the caller's. */
char *criterion_text(const Criterion *criterion);
/* "99.7%", "12 ms", "3". The caller's. */
char *criterion_value_text(CriterionUnit unit, uint64_t value);

#endif

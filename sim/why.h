/* SPDX-License-Identifier: Apache-2.0 */
/* Why a run fails: how likely it is to fail in the same way when its future is
 * redrawn from a point in time, same past, and how much less likely without
 * each fault of its plan. Where the probability jumps is where the failure was
 * decided; what lowers it is what it needs. */
#ifndef SEEDBED_WHY_H
#define SEEDBED_WHY_H

#include "sim/plan.h"
#include "sim/run.h"
#include "sim/signature.h"
#include "sim/statistics.h"

/* So many of so many futures. */
typedef struct WhyShare {
    unsigned futures;            /* that ran to their end */
    unsigned alike;              /* failed in the same way */
    unsigned other;              /* failed in another way */
    StatisticsInterval interval; /* of alike / futures, 95 % (Wilson) */
} WhyShare;

typedef struct WhyPoint {
    SimTime at; /* from there on everything is drawn anew */
    WhyShare share;
    uint64_t failing, passing; /* salts of such futures; 0: none was seen */
} WhyPoint;

typedef enum WhyNeed {
    WHY_NEEDED,  /* without it, it fails less: the intervals are apart */
    WHY_UNCLEAR, /* they are not */
    WHY_RARE,    /* it hardly ever fails from there on, with it */
    WHY_LATER,   /* it begins after the failure */
} WhyNeed;

/* A line of the plan; futures are redrawn from when it begins. */
typedef struct WhyFault {
    unsigned number;
    char *words; /* owned */
    SimTime at;
    WhyShare with, without;
    double vanished; /* share of the failures that are not there without it */
    WhyNeed need;
} WhyFault;

typedef struct WhyProgress {
    uint64_t runs, wall_ns;
    const char *step;
    unsigned points, faults; /* done */
    unsigned fault_count;
} WhyProgress;

typedef struct WhyOptions {
    const char *folder; /* of a failing run */
    const char *out;    /* NULL: FOLDER/why */
    unsigned jobs;      /* 0: one a core. Never changes the result */
    unsigned points;    /* at most, beside those of the faults; 0: 16 */
    unsigned futures;   /* from each; 0: 100 */
    bool loosely;
    bool no_pictures;
    const volatile int *stop; /* not 0: give up; or NULL */
    void (*progress)(void *user, const WhyProgress *progress); /* or NULL */
    void *user;
} WhyOptions;

typedef struct WhyResult {
    char name[64];
    char signature[SIGNATURE_SIZE];
    uint64_t seed;
    SimTime failed_at;
    GArray *points; /* of WhyPoint, by time */
    GArray *faults; /* of WhyFault, by time */
    /* Between these two points, by index, it became likely; equal: it was
     * from the start, or never was. */
    unsigned before, after;
    uint64_t runs, wall_ns, cpu_ns;
    unsigned checked; /* futures that were run from zero as well, and agreed */
    bool from_zero;   /* all were */
    bool pictures;    /* why.svg and why.png are there */
    char *picture_error; /* why they are not, though asked for; or NULL */
    char *command;       /* of a future: its plan's name goes where %s is */
    char out[1024];
} WhyResult;

/* An exit code: 0; 1 when the run does not fail as it did; 254; 255, also when
 * stopped. Then there is one line in @error, and no folder. */
int why_run(const WhyOptions *options, WhyResult *result, GError **error);
void why_result_clear(WhyResult *result);
/* The object of --json and why.json; the caller owns it. */
char *why_json(const WhyResult *result);
/* alike / futures; 0 of none. */
double why_share(const WhyShare *share);

#endif

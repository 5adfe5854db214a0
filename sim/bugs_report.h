/* SPDX-License-Identifier: Apache-2.0 */
/* What a measurement of the planted bugs says: a row a bug, as CSV for
 * plots/bugs.gp, as a page for people, and as lines for a terminal. */
#ifndef SEEDBED_BUGS_REPORT_H
#define SEEDBED_BUGS_REPORT_H

#include <stdio.h>

#include "sim/bugs_measure.h"

/* One bug. A try that found nothing is censored: its values are infinite, and
 * so is a median of which the half found nothing. */
typedef struct BugsRow {
    int bug;
    unsigned tries, found;
    double seeds, seeds_low, seeds_high; /* median and 95 % */
    double cpu, cpu_low, cpu_high;       /* seconds, likewise */
    char caught[192]; /* "election-safety 12, leader-completeness 8" */
    unsigned shrunk;  /* of so many the size is the median: */
    double faults_before, faults, nodes;
} BugsRow;

/* Of bugs_measure(): a row for each bug that was tried, by median CPU time.
 * The caller frees it. */
GArray *bugs_report_rows(const GArray *tries);
/* Bugs of which at least half of the tries found nothing. */
unsigned bugs_report_missed(const GArray *rows);

void bugs_report_print(FILE *out, const GArray *rows);
/* bugs.csv, README.md and, where there is gnuplot, bugs.svg and bugs.png in
 * the folder of @options. False: @error. */
bool bugs_report_write(const BugsMeasureOptions *options, const GArray *rows,
                       GError **error);

#endif

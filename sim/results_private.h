/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of results share. */
#ifndef SEEDBED_RESULTS_PRIVATE_H
#define SEEDBED_RESULTS_PRIVATE_H

#include "sim/results.h"

struct Results {
    sqlite3 *database;
    char *path;
    sqlite3_stmt *insert, *unclaim, *claim, *find;
    sqlite3_stmt *add_rate;    /* or NULL: not yet needed */
    sqlite3_stmt *add_state;   /* likewise */
    sqlite3_stmt *add_reached; /* likewise */
    /* of the rows of this transaction, by kind and number */
    ResultsReached
        reached[2][MAX((unsigned)SOMETIMES_COUNT, (unsigned)BUGGIFY_COUNT)];
    GHashTable *states;       /* how often this process wrote a state */
    GHashTable *columns;      /* of a metric: name -> parameter of insert */
    unsigned first_metric;    /* parameter of the first of them */
    unsigned parameter_count; /* of insert */
    bool in_transaction;
};

/* Sets @error to "path: what SQLite says". Returns false. */
bool results_fail(const Results *results, GError **error);
/* A statement, or NULL and @error. The caller finalizes it. */
sqlite3_stmt *results_prepare(const Results *results, const char *text,
                              GError **error);
/* Run statements that give no rows. */
bool results_execute(const Results *results, const char *text, GError **error);
/* Add up the rates of @row, which is new. */
bool results_add_rates(Results *results, const ResultsRow *row, GError **error);
/* Note the states of @row, which is new. */
bool results_add_states(Results *results, const ResultsRow *row,
                        GError **error);
/* Note what @row reached, which is new; and write it, before the transaction
 * ends. */
void results_add_reached(Results *results, const ResultsRow *row);
bool results_write_reached(Results *results, GError **error);
/* A column of text, "" for NULL; borrowed until the next step. */
const char *results_column(sqlite3_stmt *statement, int column);
/* "fault_clock_step_drawn": the column of @count of @kind. */
char *results_fault_column(FaultKind kind, const char *count);

/* The four counts of a kind, in the order of their columns. */
#define RESULTS_COUNTS 4u
extern const char *const results_count_names[RESULTS_COUNTS];

#endif

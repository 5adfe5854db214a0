/* SPDX-License-Identifier: Apache-2.0 */
/* Rows in and out of SQLite. Every metric and every count of faults has a
 * column of its own, which is what people query; columns of metrics come with
 * the first row that has them. */
#include "sim/results.h"

#include <string.h>

#include "sim/results_private.h"

#define METRIC_PREFIX "metric_"

/* The columns that every row has, before those of metrics. */
enum {
    COLUMN_VARIANT = 1,
    COLUMN_SEED,
    COLUMN_VERDICT,
    COLUMN_DIGEST,
    COLUMN_SIGNATURE,
    COLUMN_CHECK,
    COLUMN_AT,
    COLUMN_NODE,
    COLUMN_ROLE,
    COLUMN_MESSAGE,
    COLUMN_VIOLATIONS,
    COLUMN_EVENTS,
    COLUMN_SENT,
    COLUMN_DELIVERED,
    COLUMN_DROPPED,
    COLUMN_VIRTUAL,
    COLUMN_WALL,
    COLUMN_CPU,
    COLUMN_RECHECK,
    COLUMN_FAULTS, /* the first of many */
};

#define BASE_COLUMNS                                                           \
    "variant, seed, verdict, digest, signature, failed_check, failed_at_ns, "  \
    "failed_node, failed_role, message, violations, events, messages_sent, "   \
    "messages_delivered, messages_dropped, virtual_ns, wall_ns, cpu_ns, "      \
    "recheck"

static const char *const verdict_texts[RESULTS_VERDICT_COUNT] = {
    "pass", "violated", "unknown", "error"};

const char *const results_count_names[RESULTS_COUNTS] = {"configured", "drawn",
                                                         "applied", "mattered"};

static bool prepare_insert(Results *results, GError **error);
static bool has_columns(Results *results, const ResultsRow *row);
static bool add_columns(Results *results, const ResultsRow *row,
                        GError **error);
static void bind_row(Results *results, const ResultsRow *row);
static void bind_failure(sqlite3_stmt *insert, const ResultsRow *row);
static bool is_kept(const char *metric);

bool
results_add(Results *results, const ResultsRow *row, GError **error)
{
    if (results->insert == NULL || !has_columns(results, row)) {
        if (!add_columns(results, row, error) ||
            !prepare_insert(results, error)) {
            return false;
        }
    }
    bind_row(results, row);
    if (sqlite3_step(results->insert) != SQLITE_DONE) {
        results_fail(results, error);
        sqlite3_reset(results->insert);
        return false;
    }
    sqlite3_reset(results->insert);
    if (sqlite3_changes(results->database) == 1) {
        results_add_reached(results, row);
        if (!results_add_states(results, row, error) ||
            !results_add_rates(results, row, error)) {
            return false;
        }
    }
    sqlite3_bind_int64(results->unclaim, 1, row->variant);
    sqlite3_bind_int64(results->unclaim, 2, (sqlite3_int64)row->seed);
    if (sqlite3_step(results->unclaim) != SQLITE_DONE) {
        results_fail(results, error);
        sqlite3_reset(results->unclaim);
        return false;
    }
    sqlite3_reset(results->unclaim);
    return true;
}

static bool
has_columns(Results *results, const ResultsRow *row)
{
    for (unsigned i = 0; i < row->metric_count; i++) {
        if (is_kept(row->metrics[i].name) &&
            !g_hash_table_contains(results->columns, row->metrics[i].name)) {
            return false;
        }
    }
    return true;
}

/* Counts of faults have columns of their own, and the base its own. */
static bool
is_kept(const char *metric)
{
    return !g_str_has_prefix(metric, "faults_");
}

/* Another sweep may have added some meanwhile: ask the database. */
static bool
add_columns(Results *results, const ResultsRow *row, GError **error)
{
    sqlite3_stmt *find = results_prepare(
        results, "SELECT 1 FROM pragma_table_info('runs') WHERE name = ?",
        error);
    bool good = find != NULL;

    for (unsigned i = 0; good && i < row->metric_count; i++) {
        g_autofree char *column =
            g_strconcat(METRIC_PREFIX, row->metrics[i].name, NULL);
        g_autofree char *text = g_strdup_printf(
            "ALTER TABLE runs ADD COLUMN \"%s\" INTEGER", column);

        if (!is_kept(row->metrics[i].name)) {
            continue;
        }
        sqlite3_bind_text(find, 1, column, -1, SQLITE_STATIC);
        if (sqlite3_step(find) != SQLITE_ROW) {
            sqlite3_reset(find);
            good = results_execute(results, text, error);
        }
        sqlite3_reset(find);
    }
    sqlite3_finalize(find);
    return good;
}

/* The statement for all columns that there are now. */
static bool
prepare_insert(Results *results, GError **error)
{
    g_autoptr(GString) text =
        g_string_new("INSERT OR IGNORE INTO runs(" BASE_COLUMNS);
    unsigned count = COLUMN_RECHECK;
    sqlite3_stmt *columns;

    for (unsigned kind = 1; kind < FAULT_KIND_COUNT; kind++) {
        for (unsigned i = 0; i < RESULTS_COUNTS; i++) {
            g_autofree char *column =
                results_fault_column((FaultKind)kind, results_count_names[i]);

            g_string_append_printf(text, ", %s", column);
            count++;
        }
    }
    results->first_metric = count + 1;
    g_hash_table_remove_all(results->columns);
    columns = results_prepare(
        results,
        "SELECT name FROM pragma_table_info('runs') WHERE name GLOB "
        "'" METRIC_PREFIX "*' ORDER BY cid",
        error);
    while (columns != NULL && sqlite3_step(columns) == SQLITE_ROW) {
        const char *name = results_column(columns, 0);

        g_string_append_printf(text, ", \"%s\"", name);
        g_hash_table_insert(results->columns,
                            g_strdup(name + strlen(METRIC_PREFIX)),
                            GUINT_TO_POINTER(++count));
    }
    sqlite3_finalize(columns);
    results->parameter_count = count;
    g_string_append(text, ") VALUES (?");
    while (--count > 0) {
        g_string_append(text, ",?");
    }
    g_string_append_c(text, ')');
    sqlite3_finalize(results->insert);
    results->insert =
        columns != NULL ? results_prepare(results, text->str, error) : NULL;
    return results->insert != NULL;
}

static void
bind_row(Results *results, const ResultsRow *row)
{
    sqlite3_stmt *insert = results->insert;
    char digest[DIGEST_TEXT_SIZE];
    int parameter = COLUMN_FAULTS;

    sqlite3_clear_bindings(insert);
    sqlite3_bind_int64(insert, COLUMN_VARIANT, row->variant);
    sqlite3_bind_int64(insert, COLUMN_SEED, (sqlite3_int64)row->seed);
    sqlite3_bind_text(insert, COLUMN_VERDICT, verdict_texts[row->verdict], -1,
                      SQLITE_STATIC);
    digest_text(row->digest, digest);
    sqlite3_bind_text(insert, COLUMN_DIGEST, digest, -1, SQLITE_TRANSIENT);
    if (row->verdict != RESULTS_PASS) {
        bind_failure(insert, row);
    }
    sqlite3_bind_int64(insert, COLUMN_VIOLATIONS, row->violation_count);
    sqlite3_bind_int64(insert, COLUMN_EVENTS, (sqlite3_int64)row->events);
    sqlite3_bind_int64(insert, COLUMN_SENT, (sqlite3_int64)row->sent);
    sqlite3_bind_int64(insert, COLUMN_DELIVERED, (sqlite3_int64)row->delivered);
    sqlite3_bind_int64(insert, COLUMN_DROPPED, (sqlite3_int64)row->dropped);
    sqlite3_bind_int64(insert, COLUMN_VIRTUAL, (sqlite3_int64)row->virtual_ns);
    sqlite3_bind_int64(insert, COLUMN_WALL, (sqlite3_int64)row->wall_ns);
    sqlite3_bind_int64(insert, COLUMN_CPU, (sqlite3_int64)row->cpu_ns);
    if (row->recheck != RESULTS_RECHECK_NONE) {
        sqlite3_bind_text(insert, COLUMN_RECHECK,
                          row->recheck == RESULTS_RECHECK_DIFFERS ? "differs"
                          : row->by_process ? "same by process"
                                            : "same",
                          -1, SQLITE_STATIC);
    }
    for (unsigned kind = 1; kind < FAULT_KIND_COUNT; kind++) {
        const WorldCount *count = &row->faults[kind];
        const unsigned values[RESULTS_COUNTS] = {
            count->configured, count->drawn, count->applied, count->mattered};

        for (unsigned i = 0; i < RESULTS_COUNTS; i++, parameter++) {
            if (count->configured + count->drawn > 0) {
                sqlite3_bind_int64(insert, parameter, values[i]);
            }
        }
    }
    for (unsigned i = 0; i < row->metric_count; i++) {
        parameter = GPOINTER_TO_INT(
            g_hash_table_lookup(results->columns, row->metrics[i].name));
        if (parameter > 0) {
            sqlite3_bind_int64(insert, parameter,
                               (sqlite3_int64)row->metrics[i].value);
        }
    }
}

static void
bind_failure(sqlite3_stmt *insert, const ResultsRow *row)
{
    const RunViolation *first = &row->violation;

    sqlite3_bind_text(insert, COLUMN_MESSAGE, first->message, -1,
                      SQLITE_TRANSIENT);
    if (row->signature[0] == '\0') {
        return;
    }
    sqlite3_bind_text(insert, COLUMN_SIGNATURE, row->signature, -1,
                      SQLITE_TRANSIENT);
    sqlite3_bind_text(insert, COLUMN_CHECK, first->check, -1, SQLITE_TRANSIENT);
    sqlite3_bind_int64(insert, COLUMN_AT, (sqlite3_int64)first->at);
    sqlite3_bind_int64(insert, COLUMN_NODE, first->node);
    sqlite3_bind_text(insert, COLUMN_ROLE, first->role, -1, SQLITE_TRANSIENT);
}

bool
results_claim(Results *results, uint64_t owner, unsigned variant, uint64_t seed,
              bool *mine, bool *there, GError **error)
{
    int status;

    *mine = *there = false;
    sqlite3_bind_int64(results->find, 1, variant);
    sqlite3_bind_int64(results->find, 2, (sqlite3_int64)seed);
    status = sqlite3_step(results->find);
    if (status != SQLITE_ROW && status != SQLITE_DONE) {
        results_fail(results, error);
        sqlite3_reset(results->find);
        return false;
    }
    sqlite3_reset(results->find);
    *there = status == SQLITE_ROW;
    if (*there) {
        return true;
    }
    sqlite3_bind_int64(results->claim, 1, variant);
    sqlite3_bind_int64(results->claim, 2, (sqlite3_int64)seed);
    sqlite3_bind_int64(results->claim, 3, (sqlite3_int64)owner);
    status = sqlite3_step(results->claim);
    if (status != SQLITE_DONE) {
        results_fail(results, error);
    }
    sqlite3_reset(results->claim);
    *mine = status == SQLITE_DONE && sqlite3_changes(results->database) == 1;
    return status == SQLITE_DONE;
}

bool
results_begin(Results *results, GError **error)
{
    results->in_transaction =
        results_execute(results, "BEGIN IMMEDIATE", error);
    return results->in_transaction;
}

bool
results_commit(Results *results, GError **error)
{
    if (!results_write_reached(results, error) ||
        !results_execute(results, "COMMIT", error)) {
        results_rollback(results);
        return false;
    }
    results->in_transaction = false;
    return true;
}

/* SQLite itself may have undone all after an error such as a full disk. */
void
results_rollback(Results *results)
{
    if (results->in_transaction && !sqlite3_get_autocommit(results->database)) {
        results_execute(results, "ROLLBACK", NULL);
    }
    g_hash_table_remove_all(results->states);
    memset(results->reached, 0, sizeof(results->reached));
    results->in_transaction = false;
}

char *
results_value(Results *results, const char *name)
{
    sqlite3_stmt *find = results_prepare(
        results, "SELECT value FROM sweep WHERE name = ?", NULL);
    char *value = NULL;

    if (find != NULL) {
        sqlite3_bind_text(find, 1, name, -1, SQLITE_STATIC);
        if (sqlite3_step(find) == SQLITE_ROW) {
            value = g_strdup(results_column(find, 0));
        }
        sqlite3_finalize(find);
    }
    return value;
}

bool
results_set_value(Results *results, const char *name, const char *value,
                  GError **error)
{
    sqlite3_stmt *set = results_prepare(
        results, "INSERT OR REPLACE INTO sweep VALUES (?, ?)", error);
    bool good = set != NULL;

    if (good) {
        sqlite3_bind_text(set, 1, name, -1, SQLITE_STATIC);
        sqlite3_bind_text(set, 2, value, -1, SQLITE_STATIC);
        good = sqlite3_step(set) == SQLITE_DONE || results_fail(results, error);
        sqlite3_finalize(set);
    }
    return good;
}

bool
results_add_variant(Results *results, unsigned variant, char build,
                    const char *name, const char *const *sets, GError **error)
{
    const char letter[] = {build, '\0'};
    sqlite3_stmt *add = results_prepare(
        results, "INSERT OR IGNORE INTO variants VALUES (?, ?, ?)", error);
    bool good = add != NULL;

    if (good) {
        sqlite3_bind_int64(add, 1, variant);
        sqlite3_bind_text(add, 2, letter, -1, SQLITE_TRANSIENT);
        sqlite3_bind_text(add, 3, name, -1, SQLITE_STATIC);
        good = sqlite3_step(add) == SQLITE_DONE || results_fail(results, error);
        sqlite3_finalize(add);
    }
    for (unsigned i = 0; good && sets != NULL && sets[i] != NULL; i++) {
        const char *equals = strchr(sets[i], '=');

        add = results_prepare(
            results, "INSERT OR IGNORE INTO variant_values VALUES (?, ?, ?, ?)",
            error);
        if (add == NULL) {
            return false;
        }
        sqlite3_bind_int64(add, 1, variant);
        sqlite3_bind_int64(add, 2, i + 1);
        sqlite3_bind_text(add, 3, sets[i], (int)(equals - sets[i]),
                          SQLITE_STATIC);
        sqlite3_bind_text(add, 4, equals + 1, -1, SQLITE_STATIC);
        good = sqlite3_step(add) == SQLITE_DONE || results_fail(results, error);
        sqlite3_finalize(add);
    }
    return good;
}

const char *
results_verdict_text(ResultsVerdict verdict)
{
    return verdict_texts[verdict];
}

char *
results_fault_column(FaultKind kind, const char *count)
{
    return g_strdelimit(
        g_strdup_printf("fault_%s_%s", fault_kind_name(kind), count), "-", '_');
}

sqlite3 *
results_database(const Results *results)
{
    return results->database;
}

bool
results_fail(const Results *results, GError **error)
{
    g_set_error(error, RESULTS_ERROR_DOMAIN, 0, "%s: %s", results->path,
                sqlite3_errmsg(results->database));
    return false;
}

sqlite3_stmt *
results_prepare(const Results *results, const char *text, GError **error)
{
    sqlite3_stmt *statement = NULL;

    if (sqlite3_prepare_v2(results->database, text, -1, &statement, NULL) !=
        SQLITE_OK) {
        results_fail(results, error);
    }
    return statement;
}

bool
results_execute(const Results *results, const char *text, GError **error)
{
    return sqlite3_exec(results->database, text, NULL, NULL, NULL) ==
               SQLITE_OK ||
           results_fail(results, error);
}

const char *
results_column(sqlite3_stmt *statement, int column)
{
    const char *text = (const char *)sqlite3_column_text(statement, column);

    return text != NULL ? text : "";
}

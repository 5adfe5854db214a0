/* SPDX-License-Identifier: Apache-2.0 */
/* The database of a sweep opened, and its tables made. */
#include <string.h>

#include "sim/results_private.h"

#define STRING_OF(text)  #text
#define STRING(text)     STRING_OF(text)
#define BUSY_MS          60000
#define APPLICATION_TEXT "1396855623" /* "SBSG", in file(1)'s eyes */

static const char schema[] =
    "CREATE TABLE sweep(name TEXT PRIMARY KEY, value TEXT NOT NULL)"
    "  WITHOUT ROWID;"
    "CREATE TABLE variants(variant INTEGER PRIMARY KEY, build TEXT NOT NULL,"
    "  name TEXT NOT NULL);"
    "CREATE TABLE variant_values(variant INTEGER NOT NULL,"
    "  axis INTEGER NOT NULL, path TEXT NOT NULL, value TEXT NOT NULL,"
    "  PRIMARY KEY(variant, axis)) WITHOUT ROWID;"
    "CREATE TABLE capsules(signature TEXT PRIMARY KEY, slug TEXT NOT NULL,"
    "  variant INTEGER NOT NULL, seed INTEGER NOT NULL) WITHOUT ROWID;"
    "CREATE TABLE rates(name TEXT PRIMARY KEY, trials INTEGER NOT NULL,"
    "  expected REAL NOT NULL, observed INTEGER NOT NULL,"
    "  variance REAL NOT NULL) WITHOUT ROWID;"
    "CREATE TABLE states(state INTEGER PRIMARY KEY, variant INTEGER NOT NULL,"
    "  seed INTEGER NOT NULL, again INTEGER NOT NULL);"
    "CREATE TABLE reached(kind TEXT NOT NULL, name TEXT NOT NULL,"
    "  runs INTEGER NOT NULL, times INTEGER NOT NULL,"
    "  PRIMARY KEY(kind, name)) WITHOUT ROWID;"
    "CREATE TABLE owners(owner INTEGER PRIMARY KEY, process INTEGER NOT NULL,"
    "  host TEXT NOT NULL, begun TEXT NOT NULL);"
    "CREATE TABLE claims(variant INTEGER NOT NULL, seed INTEGER NOT NULL,"
    "  owner INTEGER NOT NULL, PRIMARY KEY(variant, seed)) WITHOUT ROWID;";

static const char runs_columns[] =
    "CREATE TABLE runs(variant INTEGER NOT NULL, seed INTEGER NOT NULL,"
    "  verdict TEXT NOT NULL, digest TEXT NOT NULL, signature TEXT,"
    "  failed_check TEXT, failed_at_ns INTEGER, failed_node INTEGER,"
    "  failed_role TEXT, message TEXT, violations INTEGER NOT NULL,"
    "  events INTEGER NOT NULL, messages_sent INTEGER NOT NULL,"
    "  messages_delivered INTEGER NOT NULL, messages_dropped INTEGER NOT NULL,"
    "  virtual_ns INTEGER NOT NULL, wall_ns INTEGER NOT NULL,"
    "  cpu_ns INTEGER NOT NULL, recheck TEXT";

static bool set_up(Results *results, bool create, GError **error);
static bool read_format(Results *results, int *format, GError **error);
static bool make_tables(Results *results, GError **error);

Results *
results_open(const char *path, bool create, GError **error)
{
    Results *results = g_new0(Results, 1);

    results->path = g_strdup(path);
    results->states = g_hash_table_new(NULL, NULL);
    results->columns =
        g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    if (sqlite3_open_v2(path, &results->database,
                        SQLITE_OPEN_READWRITE |
                            (create ? SQLITE_OPEN_CREATE : 0),
                        NULL) != SQLITE_OK ||
        !set_up(results, create, error)) {
        if (error != NULL && *error == NULL) {
            results_fail(results, error);
        }
        results_close(results);
        return NULL;
    }
    return results;
}

static bool
set_up(Results *results, bool create, GError **error)
{
    int format = 0;

    sqlite3_busy_timeout(results->database, BUSY_MS);
    if (!read_format(results, &format, error)) {
        return false;
    }
    if (format == 0 && create) {
        if (!make_tables(results, error)) {
            return false;
        }
    } else if (format != RESULTS_FORMAT) {
        g_set_error(error, RESULTS_ERROR_DOMAIN, 0,
                    "%s: found format %d, expected results of a sweep in "
                    "format " STRING(RESULTS_FORMAT),
                    results->path, format);
        return false;
    }
    results->find = results_prepare(
        results, "SELECT 1 FROM runs WHERE variant = ? AND seed = ?", error);
    results->claim =
        results->find != NULL
            ? results_prepare(results,
                              "INSERT OR IGNORE INTO claims VALUES (?, ?, ?)",
                              error)
            : NULL;
    results->unclaim =
        results->claim != NULL
            ? results_prepare(
                  results, "DELETE FROM claims WHERE variant = ? AND seed = ?",
                  error)
            : NULL;
    return results->unclaim != NULL &&
           results_execute(results, "PRAGMA synchronous = NORMAL", error);
}

static bool
read_format(Results *results, int *format, GError **error)
{
    sqlite3_stmt *read = results_prepare(results, "PRAGMA user_version", error);
    bool good;

    if (read == NULL) {
        return false;
    }
    good = sqlite3_step(read) == SQLITE_ROW || results_fail(results, error);
    *format = good ? sqlite3_column_int(read, 0) : 0;
    sqlite3_finalize(read);
    return good;
}

static bool
make_tables(Results *results, GError **error)
{
    g_autoptr(GString) runs = g_string_new(runs_columns);

    for (unsigned kind = 1; kind < FAULT_KIND_COUNT; kind++) {
        for (unsigned i = 0; i < RESULTS_COUNTS; i++) {
            g_autofree char *column =
                results_fault_column((FaultKind)kind, results_count_names[i]);

            g_string_append_printf(runs, ", %s INTEGER", column);
        }
    }
    g_string_append(runs,
                    ");"
                    "CREATE UNIQUE INDEX runs_seed ON runs(variant, seed);"
                    "CREATE INDEX runs_signature ON runs(signature)"
                    "  WHERE signature IS NOT NULL;"
                    "CREATE INDEX runs_verdict ON runs(verdict)"
                    "  WHERE verdict <> 'pass';"
                    "PRAGMA application_id = " APPLICATION_TEXT ";"
                    "PRAGMA user_version = " STRING(RESULTS_FORMAT) ";");
    if (!results_execute(results, "PRAGMA journal_mode = WAL", error) ||
        !results_begin(results, error)) {
        return false;
    }
    if (!results_execute(results, schema, error) ||
        !results_execute(results, runs->str, error)) {
        results_rollback(results);
        return false;
    }
    return results_commit(results, error);
}

void
results_close(Results *results)
{
    if (results == NULL) {
        return;
    }
    if (results->database != NULL) {
        results_rollback(results);
    }
    sqlite3_finalize(results->insert);
    sqlite3_finalize(results->add_rate);
    sqlite3_finalize(results->add_state);
    sqlite3_finalize(results->add_reached);
    sqlite3_finalize(results->unclaim);
    sqlite3_finalize(results->claim);
    sqlite3_finalize(results->find);
    sqlite3_close(results->database);
    g_hash_table_unref(results->columns);
    g_hash_table_unref(results->states);
    g_free(results->path);
    g_free(results);
}

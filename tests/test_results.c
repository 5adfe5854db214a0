/* SPDX-License-Identifier: Apache-2.0 */
/* Rows into the database of a sweep and out of it again, by one writer and by
 * several. */
#include "sim/results.h"

#include <check.h>
#include <glib/gstdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sim/results_owner.h"

static char *folder;

static void
setup(void)
{
    folder = g_dir_make_tmp("seedbed-test-XXXXXX", NULL);
    ck_assert_ptr_nonnull(folder);
}

static void
teardown(void)
{
    g_autofree char *command = g_strdup_printf("rm -rf '%s'", folder);

    ck_assert_int_eq(system(command), 0);
    g_free(folder);
}

static Results *
open_results(void)
{
    g_autofree char *path = g_build_filename(folder, RESULTS_FILE, NULL);
    GError *error = NULL;
    Results *results = results_open(path, true, &error);

    ck_assert_msg(results != NULL, "%s", error != NULL ? error->message : "");
    return results;
}

/* Row @seed that failed with @message, or passed when it is NULL. */
static ResultsRow
make_row(uint64_t seed, const char *message, uint64_t events)
{
    ResultsRow row = {.seed = seed, .variant = 1, .events = events};

    row.virtual_ns = 5 * SIM_S;
    row.wall_ns = 7;
    row.cpu_ns = 6;
    row.digest.low = seed;
    if (message != NULL) {
        row.verdict = RESULTS_VIOLATED;
        row.violation_count = 1;
        row.violation.at = 3;
        row.violation.node = 2;
        g_strlcpy(row.violation.check, "one-vote", sizeof(row.violation.check));
        g_strlcpy(row.violation.role, "leader", sizeof(row.violation.role));
        g_strlcpy(row.violation.message, message,
                  sizeof(row.violation.message));
        signature_of_violation(&row.violation, row.signature);
    }
    return row;
}

static void
add(Results *results, const ResultsRow *row)
{
    GError *error = NULL;

    ck_assert(results_begin(results, &error));
    ck_assert_msg(results_add(results, row, &error), "%s",
                  error != NULL ? error->message : "");
    ck_assert(results_commit(results, &error));
}

/* The first column of the first row as text; the caller's. */
static char *
ask(Results *results, const char *query)
{
    sqlite3_stmt *statement;
    char *text = NULL;

    ck_assert_int_eq(sqlite3_prepare_v2(results_database(results), query, -1,
                                        &statement, NULL),
                     SQLITE_OK);
    if (sqlite3_step(statement) == SQLITE_ROW) {
        text = g_strdup((const char *)sqlite3_column_text(statement, 0));
    }
    sqlite3_finalize(statement);
    return text;
}

static void
expect(Results *results, const char *query, const char *want)
{
    g_autofree char *got = ask(results, query);

    ck_assert_msg(g_strcmp0(got, want) == 0, "%s: found %s, expected %s", query,
                  got != NULL ? got : "NULL", want != NULL ? want : "NULL");
}

static void
put_metric(ResultsRow *row, const char *name, uint64_t value)
{
    g_strlcpy(row->metrics[row->metric_count].name, name,
              sizeof(row->metrics[0].name));
    row->metrics[row->metric_count++].value = value;
}

START_TEST(round_trip)
{
    Results *results = open_results();
    ResultsRow row = make_row(UINT64_MAX, "node 2 voted for 1 and 3", 900);

    put_metric(&row, "elections", 4);
    put_metric(&row, "faults_crash", 3);
    row.faults[FAULT_CLOCK_STEP] =
        (WorldCount){.configured = 1, .drawn = 4, .applied = 3, .mattered = 2};
    row.recheck = RESULTS_RECHECK_SAME;
    add(results, &row);
    expect(results, "SELECT printf('%u', seed) FROM runs",
           "18446744073709551615");
    expect(results, "SELECT verdict FROM runs", "violated");
    expect(results, "SELECT signature FROM runs",
           "one-vote leader: node # voted for # and #");
    expect(results,
           "SELECT failed_check || failed_at_ns || failed_node || failed_role "
           "FROM runs",
           "one-vote32leader");
    expect(results, "SELECT metric_elections FROM runs", "4");
    expect(results,
           "SELECT count(*) FROM pragma_table_info('runs') WHERE name LIKE "
           "'metric_faults%'",
           "0");
    expect(results,
           "SELECT fault_clock_step_configured || fault_clock_step_drawn || "
           "fault_clock_step_applied || fault_clock_step_mattered FROM runs",
           "1432");
    expect(results, "SELECT fault_crash_drawn FROM runs", NULL);
    expect(results, "SELECT recheck FROM runs", "same");
    expect(results, "SELECT virtual_ns FROM runs", "5000000000");
    results_close(results);
}
END_TEST

/* A row with a metric that no earlier one had adds the column; earlier rows
 * have nothing there. Another connection that knew fewer goes on writing. */
START_TEST(later_metric)
{
    Results *one = open_results();
    Results *two = open_results();
    ResultsRow first = make_row(1, NULL, 1);
    ResultsRow second = make_row(2, NULL, 1);
    ResultsRow third = make_row(3, NULL, 1);

    put_metric(&first, "elections", 1);
    add(one, &first);
    add(two, &first);
    put_metric(&second, "elections", 2);
    put_metric(&second, "commits", 22);
    add(two, &second);
    put_metric(&third, "commits", 33);
    put_metric(&third, "elections", 3);
    add(one, &third);
    expect(one, "SELECT group_concat(metric_elections) FROM runs", "1,2,3");
    expect(one, "SELECT group_concat(metric_commits) FROM runs", "22,33");
    results_close(one);
    results_close(two);
}
END_TEST

START_TEST(twice_is_once)
{
    Results *results = open_results();
    ResultsRow row = make_row(1, NULL, 1);

    add(results, &row);
    row.events = 2;
    add(results, &row);
    expect(results, "SELECT count(*) FROM runs", "1");
    expect(results, "SELECT events FROM runs", "1");
    ck_assert_uint_eq(results_count(results, RESULTS_PASS), 1);
    ck_assert_uint_eq(results_count(results, RESULTS_VIOLATED), 0);
    results_close(results);
}
END_TEST

/* A state knows whether more than one run passed through it, whoever wrote
 * what, and a row that is not new says nothing. */
START_TEST(states)
{
    static const struct {
        uint64_t seed;
        unsigned writer;
        CoverageState states[3];
        unsigned lonely, different; /* afterwards */
    } rows[] = {
        {1, 0, {7, 8, 9}, 1, 3},
        {2, 0, {7, 8}, 1, 3},     /* 9 is still the first one's own */
        {3, 1, {9, 7}, 0, 3},     /* by another writer */
        {4, 1, {10}, 1, 4},       /* new */
        {4, 0, {10, 11}, 1, 4},   /* there already: not counted again */
        {5, 0, {12, 13}, 2, 6},   /* two new ones, one run */
        {6, 0, {12, 10, 7}, 1, 6} /* 13 alone */
    };
    Results *writers[] = {open_results(), open_results()};
    ResultsCoverage coverage;

    for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++) {
        ResultsRow row = make_row(rows[i].seed, NULL, 1);

        while (row.state_count < 3 && rows[i].states[row.state_count] != 0) {
            row.states[row.state_count] = rows[i].states[row.state_count];
            row.state_count++;
        }
        add(writers[rows[i].writer], &row);
        ck_assert(results_coverage(writers[0], &coverage, NULL));
        ck_assert_uint_eq(coverage.lonely, rows[i].lonely);
        ck_assert_uint_eq(coverage.states, rows[i].different);
        ck_assert_uint_eq(coverage.runs, rows[i].seed);
    }
    results_close(writers[0]);
    results_close(writers[1]);
}
END_TEST

/* Rates add up over rows, and are judged together. */
START_TEST(rates)
{
    static const struct {
        uint64_t observed; /* of 1,000 a row, 100 expected, variance 90 */
        bool out_of_band;  /* after 50 rows */
    } rows[] = {
        {100, false}, {103, false}, {97, false}, {110, true}, {90, true}};

    for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++) {
        Results *results = open_results();
        ResultsRate all[RATES_COUNT];

        ck_assert(results_begin(results, NULL));
        for (uint64_t seed = 1; seed <= 50; seed++) {
            ResultsRow row = make_row(i * 100 + seed, NULL, 1);

            row.rates.of[RATES_LOSS] =
                (RatesTally){1000, 100000000000, rows[i].observed, 90000000000};
            ck_assert(results_add(results, &row, NULL));
            ck_assert(results_add(results, &row, NULL)); /* there already */
        }
        ck_assert(results_commit(results, NULL));
        ck_assert(results_rates(results, all, NULL));
        ck_assert_uint_eq(all[RATES_LOSS].trials, 50000);
        ck_assert_uint_eq(all[RATES_LOSS].observed, 50 * rows[i].observed);
        ck_assert_double_eq(all[RATES_LOSS].expected, 5000);
        ck_assert_double_eq(all[RATES_LOSS].variance, 4500);
        ck_assert_int_eq(all[RATES_LOSS].out_of_band, rows[i].out_of_band);
        ck_assert_uint_eq(all[RATES_CORRUPT].trials, 0);
        ck_assert(!all[RATES_CORRUPT].out_of_band);
        results_close(results);
        teardown();
        setup();
    }
}
END_TEST

/* What was undone is not remembered. */
START_TEST(states_undone)
{
    Results *results = open_results();
    ResultsRow row = make_row(1, NULL, 1);
    ResultsCoverage coverage;

    row.states[0] = 5;
    row.state_count = 1;
    for (unsigned i = 0; i < 3; i++) {
        ck_assert(results_begin(results, NULL));
        ck_assert(results_add(results, &row, NULL));
        results_rollback(results);
    }
    add(results, &row);
    ck_assert(results_coverage(results, &coverage, NULL));
    ck_assert_uint_eq(coverage.states, 1);
    ck_assert_uint_eq(coverage.lonely, 1);
    results_close(results);
}
END_TEST

static void
claim(Results *results, uint64_t owner, uint64_t seed, bool want_mine,
      bool want_there)
{
    bool mine, there;

    ck_assert(results_claim(results, owner, 1, seed, &mine, &there, NULL));
    ck_assert_int_eq(mine, want_mine);
    ck_assert_int_eq(there, want_there);
}

START_TEST(claims)
{
    Results *results = open_results();
    ResultsRow row = make_row(7, NULL, 1);

    claim(results, 1, 7, true, false);
    claim(results, 2, 7, false, false);
    claim(results, 2, 8, true, false);
    add(results, &row);
    claim(results, 2, 7, false, true);
    expect(results, "SELECT count(*) FROM claims", "1");
    results_close(results);
}
END_TEST

/* An owner that died, by whatever, leaves its claims to the others. */
START_TEST(owner_dies)
{
    Results *results = open_results();
    ResultsOwner *owner;
    int ready[2];
    pid_t child;
    char byte;

    ck_assert_int_eq(pipe(ready), 0);
    child = fork();
    if (child == 0) {
        Results *own = open_results();

        owner = results_owner_new(folder, NULL);
        claim(own, results_owner_enter(owner, own, NULL), 5, true, false);
        if (write(ready[1], "!", 1) == 1) {
            pause();
        }
        _exit(1);
    }
    ck_assert_int_eq(read(ready[0], &byte, 1), 1);
    owner = results_owner_new(folder, NULL);
    ck_assert(results_owner_others(owner));
    ck_assert_uint_eq(results_owner_enter(owner, results, NULL), 2);
    claim(results, 2, 5, false, false);
    ck_assert(results_owner_bury(owner, results, NULL));
    claim(results, 2, 5, false, false);
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    ck_assert(results_owner_bury(owner, results, NULL));
    claim(results, 2, 5, true, false);
    ck_assert(!results_owner_others(owner));
    results_owner_free(owner);
    results_close(results);
}
END_TEST

START_TEST(groups)
{
    static const struct {
        uint64_t seed;
        const char *message;
        uint64_t events;
    } rows[] = {
        {9, "node 1 voted for 2 and 3", 50},
        {3, "node 2 voted for 4 and 5", 70},
        {UINT64_MAX, "node 4 voted for 1 and 2", 50},
        {4, "node 2 was lost", 10},
        {5, NULL, 1},
    };
    Results *results = open_results();
    GArray *found;
    const ResultsGroup *group;

    for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++) {
        ResultsRow row =
            make_row(rows[i].seed, rows[i].message, rows[i].events);

        add(results, &row);
    }
    ck_assert(results_set_capsule(results, "one-vote leader: node # was lost",
                                  1, 4, NULL));
    found = results_groups(results, NULL);
    ck_assert_uint_eq(found->len, 2);
    group = &g_array_index(found, ResultsGroup, 0);
    ck_assert_uint_eq(group->count, 3);
    ck_assert_uint_eq(group->first_seed, 3);
    ck_assert_uint_eq(group->fastest_seed, 9);
    ck_assert_uint_eq(group->fastest_events, 50);
    ck_assert_uint_eq(group->capsule_variant, 0);
    ck_assert_str_eq(group->message, "node 1 voted for 2 and 3");
    group = &g_array_index(found, ResultsGroup, 1);
    ck_assert_uint_eq(group->count, 1);
    ck_assert_uint_eq(group->capsule_seed, 4);
    g_array_unref(found);
    results_close(results);
}
END_TEST

START_TEST(strange_files)
{
    g_autofree char *path = g_build_filename(folder, "strange", NULL);
    GError *error = NULL;

    ck_assert_ptr_null(results_open(path, false, &error));
    ck_assert_ptr_nonnull(error);
    g_clear_error(&error);
    ck_assert(g_file_set_contents(
        path,
        "this is no database, but long enough for a header of 100 "
        "bytes: .........................................",
        -1, NULL));
    ck_assert_ptr_null(results_open(path, true, &error));
    ck_assert_ptr_nonnull(strstr(error->message, "not a database"));
    g_clear_error(&error);
    g_unlink(path);
    /* Later than we know. */
    {
        sqlite3 *database;

        ck_assert_int_eq(sqlite3_open(path, &database), SQLITE_OK);
        sqlite3_exec(database, "PRAGMA user_version = 99", NULL, NULL, NULL);
        sqlite3_close(database);
    }
    ck_assert_ptr_null(results_open(path, true, &error));
    ck_assert_ptr_nonnull(strstr(error->message, "found format 99"));
    g_clear_error(&error);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("results");
    TCase *test = tcase_create("results");
    SRunner *runner = srunner_create(suite);
    int failed;

    tcase_add_checked_fixture(test, setup, teardown);
    tcase_add_test(test, round_trip);
    tcase_add_test(test, later_metric);
    tcase_add_test(test, twice_is_once);
    tcase_add_test(test, states);
    tcase_add_test(test, states_undone);
    tcase_add_test(test, rates);
    tcase_add_test(test, claims);
    tcase_add_test(test, owner_dies);
    tcase_add_test(test, groups);
    tcase_add_test(test, strange_files);
    suite_add_tcase(suite, test);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

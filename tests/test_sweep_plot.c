/* SPDX-License-Identifier: Apache-2.0 */
/* Sweeps whose numbers are known, and what their pictures are drawn from. */
#include <check.h>
#include <glib/gstdio.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "sim/plot.h"
#include "sim/sweep_plot.h"
#include "sim/sweep_table.h"

static char *folder;

static void
set_up(void)
{
    folder = g_dir_make_tmp("seedbed-test-XXXXXX", NULL);
    ck_assert_ptr_nonnull(folder);
}

static void
tear_down(void)
{
    g_autofree char *command = g_strdup_printf("rm -rf '%s'", folder);

    ck_assert_int_eq(system(command), 0);
    g_free(folder);
}

static char *
under(const char *name)
{
    return g_build_filename(folder, name, NULL);
}

/* The sweep folder @name, empty. */
static Results *
make(const char *name)
{
    g_autofree char *path = under(name);
    g_autofree char *file = g_build_filename(path, RESULTS_FILE, NULL);
    Results *results;

    ck_assert_int_eq(g_mkdir(path, 0700), 0);
    results = results_open(file, true, NULL);
    ck_assert_ptr_nonnull(results);
    ck_assert(results_set_value(results, "scenario", "made", NULL));
    return results;
}

static void
variant(Results *results, unsigned number, char build, const char *one,
        const char *two)
{
    const char *const sets[] = {one, two, NULL};
    g_autofree char *name =
        one == NULL ? g_strdup("") : g_strdup_printf("%s, %s", one, two);

    ck_assert(results_add_variant(results, number, build, name, sets, NULL));
}

static void
run(Results *results, unsigned number, uint64_t seed, uint64_t latency_ns,
    bool failed)
{
    ResultsRow *row = g_new0(ResultsRow, 1);

    row->seed = seed;
    row->variant = number;
    row->virtual_ns = failed ? 5 : 10; /* it stopped early */
    row->verdict = failed ? RESULTS_VIOLATED : RESULTS_PASS;
    row->metric_count = 1;
    g_strlcpy(row->metrics[0].name, "latency_p50_ns", 32);
    row->metrics[0].value = latency_ns;
    ck_assert(results_begin(results, NULL));
    ck_assert(results_add(results, row, NULL));
    ck_assert(results_commit(results, NULL));
    g_free(row);
}

/* Draw @one (and @two), and say which pictures there are. */
static char *
plot(const char *one, const char *two)
{
    g_autofree char *first = under(one);
    g_autofree char *second = two != NULL ? under(two) : NULL;
    char *metrics[] = {(char *)"latency_p50_ns", NULL};
    SweepPlotOptions options = {
        .folder = first, .other = second, .metrics = metrics};
    g_autoptr(GPtrArray) files = g_ptr_array_new_with_free_func(g_free);
    GString *names = g_string_new(NULL);
    GError *error = NULL;
    bool good = sweep_plot(&options, files, &error);

    ck_assert_msg(good, "%s", error != NULL ? error->message : "");
    for (unsigned i = 0; i < files->len; i++) {
        g_autofree char *path =
            g_build_filename(first, (char *)files->pdata[i], NULL);
        GStatBuf about;

        ck_assert_int_eq(g_stat(path, &about), 0);
        ck_assert_int_gt(about.st_size, 1000);
        g_string_append_printf(names, "%s\n", (char *)files->pdata[i]);
    }
    return g_string_free(names, FALSE);
}

static void
check_csv(const char *sweep, const char *name, const char *want)
{
    g_autofree char *path = g_build_filename(folder, sweep, name, NULL);
    g_autofree char *got = NULL;

    ck_assert(g_file_get_contents(path, &got, NULL, NULL));
    ck_assert_str_eq(got, want);
}

START_TEST(distribution)
{
    Results *results = make("one");
    g_autofree char *files = NULL;

    variant(results, 1, 'A', NULL, NULL);
    run(results, 1, 2, 3000000, false);
    run(results, 1, 1, 1000000, false);
    run(results, 1, 3, 2000000, false);
    run(results, 1, 4, 9000000, true); /* stopped early: left out */
    run(results, 1, 5, 8000000, false);
    results_close(results);
    files = plot("one", NULL);
    ck_assert_str_eq(files, "cdf-latency_p50_ns.svg\ncdf-latency_p50_ns.png\n");
    /* sqrt(ln(40) / 8) = 0.679 */
    check_csv("one", "cdf-latency_p50_ns.csv",
              "curve,name,value,share,low_95,high_95\n"
              "1,\"all runs\",1,0.250000,0.000000,0.929051\n"
              "1,\"all runs\",2,0.500000,0.000000,1.000000\n"
              "1,\"all runs\",3,0.750000,0.070949,1.000000\n"
              "1,\"all runs\",8,1.000000,0.320949,1.000000\n");
}
END_TEST

START_TEST(two_axes)
{
    static const char *const xs[] = {"nodes.count=3", "nodes.count=5"};
    static const char *const ys[] = {"a.b=it's, \"1%\"", "a.b=2%"};
    Results *results = make("two");
    g_autofree char *files = NULL;

    for (unsigned i = 0; i < 4; i++) {
        variant(results, i + 1, 'A', xs[i / 2], ys[i % 2]);
        for (uint64_t seed = 1; seed <= 3; seed++) {
            run(results, i + 1, seed, (i + 1) * seed * 1000000, i == 3);
        }
    }
    results_close(results);
    files = plot("two", NULL);
    ck_assert_str_eq(files, "cdf-latency_p50_ns.svg\ncdf-latency_p50_ns.png\n"
                            "heat-latency_p50_ns.svg\nheat-latency_p50_ns.png\n"
                            "heat-failed.svg\nheat-failed.png\n");
    check_csv("two", "heat-latency_p50_ns.csv",
              "column,row,x,y,runs,value,low_95,high_95\n"
              "0,0,\"3\",\"it's, \"\"1%\"\"\",3,2,-inf,inf\n"
              "1,0,\"5\",\"it's, \"\"1%\"\"\",3,6,-inf,inf\n"
              "0,1,\"3\",\"2%\",3,4,-inf,inf\n"
              "1,1,\"5\",\"2%\",0,,,\n");
    check_csv("two", "heat-failed.csv",
              "column,row,x,y,runs,value,low_95,high_95\n"
              "0,0,\"3\",\"it's, \"\"1%\"\"\",3,0,0,56.1497032\n"
              "1,0,\"5\",\"it's, \"\"1%\"\"\",3,0,0,56.1497032\n"
              "0,1,\"3\",\"2%\",3,0,0,56.1497032\n"
              "1,1,\"5\",\"2%\",3,100,43.8502968,100\n");
}
END_TEST

/* Seeds that only one of them has, or that failed in one, are no pairs. */
START_TEST(two_sweeps)
{
    Results *results = make("before");
    g_autofree char *files = NULL;

    variant(results, 1, 'A', NULL, NULL);
    for (uint64_t seed = 1; seed <= 4; seed++) {
        run(results, 1, seed, seed * 1000000, seed == 4);
    }
    run(results, 1, UINT64_MAX, 7000000, false);
    results_close(results);
    results = make("after");
    variant(results, 1, 'A', NULL, NULL);
    run(results, 1, 2, 5000000, false);
    run(results, 1, 3, 1000000, false);
    run(results, 1, 4, 1000000, false);
    run(results, 1, 9, 1000000, false);
    run(results, 1, UINT64_MAX, 7000000, false);
    results_close(results);
    files = plot("before", "after");
    ck_assert_str_eq(files,
                     "cdf-latency_p50_ns.svg\ncdf-latency_p50_ns.png\n"
                     "paired-latency_p50_ns.svg\npaired-latency_p50_ns.png\n");
    check_csv("before", "paired-latency_p50_ns.csv",
              "rank,variant,seed,before,after,difference\n"
              "0.166667,\"\",3,3,1,-2\n"
              "0.500000,\"\",18446744073709551615,7,7,0\n"
              "0.833333,\"\",2,2,5,3\n");
}
END_TEST

START_TEST(two_builds)
{
    Results *results = make("ab");
    g_autofree char *files = NULL;

    variant(results, 1, 'A', NULL, NULL);
    variant(results, 2, 'B', NULL, NULL);
    run(results, 1, 1, 1000000, false);
    run(results, 2, 1, 4000000, false);
    results_close(results);
    files = plot("ab", NULL);
    check_csv("ab", "paired-latency_p50_ns.csv",
              "rank,variant,seed,before,after,difference\n"
              "0.500000,\"\",1,1,4,3\n");
}
END_TEST

START_TEST(mistakes)
{
    char *metrics[] = {(char *)"latency_p51_ns", NULL};
    g_autofree char *path = under("one");
    SweepPlotOptions options = {.folder = path, .metrics = metrics};
    g_autoptr(GPtrArray) files = g_ptr_array_new_with_free_func(g_free);
    GError *error = NULL;
    Results *results;

    ck_assert(!sweep_plot(&options, files, &error));
    ck_assert(g_error_matches(error, PLOT_ERROR, PLOT_ERROR_NO_RUN));
    ck_assert_ptr_nonnull(strstr(error->message, "not a sweep folder"));
    g_clear_error(&error);
    results = make("one");
    variant(results, 1, 'A', NULL, NULL);
    run(results, 1, 1, 1, false);
    results_close(results);
    ck_assert(!sweep_plot(&options, files, &error));
    ck_assert(g_error_matches(error, PLOT_ERROR, PLOT_ERROR_NO_RUN));
    ck_assert_ptr_nonnull(strstr(error->message, "latency_p50_ns"));
    g_clear_error(&error);
    /* A usual metric that is not there is no mistake. */
    options.metrics = NULL;
    ck_assert(sweep_plot(&options, files, &error));
    ck_assert_uint_eq(files->len, 0);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("sweep_plot");
    TCase *cases = tcase_create("sweep_plot");
    SRunner *runner;
    int failed;

    tcase_add_checked_fixture(cases, set_up, tear_down);
    tcase_add_test(cases, distribution);
    tcase_add_test(cases, two_axes);
    tcase_add_test(cases, two_sweeps);
    tcase_add_test(cases, two_builds);
    tcase_add_test(cases, mistakes);
    suite_add_tcase(suite, cases);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Medians of tries of which some found nothing, and which checks caught. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "sim/bugs_report.h"

/* Tries of bug 0: seeds run, "-" behind what found nothing, and the check. */
static const struct {
    const char *name;
    const char *tries; /* "3a 5a 9-": a is the check "a" */
    const char *want;  /* "found/tries median low high; checks" */
} rows[] = {
    {"one", "3a", "1/1 3 0 inf; a 1"},
    {"odd", "9a 1a 5a", "3/3 5 0 inf; a 3"},
    {"even: between the two in the middle", "1a 2a 5a 9a",
     "4/4 3.5 0 inf; a 4"},
    {"enough for an interval", "1a 2a 3a 4a 5a 6a 7a 8a 9a", "9/9 5 2 8; a 9"},
    {"nothing found is longer than anything", "900- 1a 2a", "2/3 2 0 inf; a 2"},
    {"half found nothing", "1a 2a 9- 9-", "2/4 inf 0 inf; a 2"},
    {"none found anything", "9- 9-", "0/2 inf 0 inf; "},
    {"the check that caught most often first", "1a 1b 1b 1c 1b 1c",
     "6/6 1 1 1; b 3, c 2, a 1"},
};

static GArray *
tries_of(const char *text)
{
    GArray *tries = g_array_new(FALSE, TRUE, sizeof(BugsTry));
    g_auto(GStrv) words = g_strsplit(text, " ", 0);

    for (unsigned i = 0; words[i] != NULL; i++) {
        BugsTry try = {.number = i + 1};
        char *end;

        try.seeds = strtoull(words[i], &end, 10);
        try.found = *end != '-';
        try.cpu_ns = try.seeds * 1000000000;
        g_strlcpy(try.check, end, sizeof(try.check));
        g_array_append_val(tries, try);
    }
    return tries;
}

START_TEST(medians)
{
    g_autoptr(GArray) tries = tries_of(rows[_i].tries);
    g_autoptr(GArray) found = bugs_report_rows(tries);
    const BugsRow *row = &g_array_index(found, BugsRow, 0);
    char said[256];

    ck_assert_uint_eq(found->len, 1);
    g_snprintf(said, sizeof(said), "%u/%u %g %g %g; %s", row->found, row->tries,
               row->seeds, row->seeds_low, row->seeds_high, row->caught);
    ck_assert_msg(strcmp(said, rows[_i].want) == 0,
                  "%s: found \"%s\", expected \"%s\"", rows[_i].name, said,
                  rows[_i].want);
    ck_assert(row->cpu == row->seeds); /* a second each, or infinite */
    ck_assert_uint_eq(bugs_report_missed(found),
                      strstr(rows[_i].want, " inf 0") != NULL);
}
END_TEST

START_TEST(sorted)
{
    g_autoptr(GArray) tries = tries_of("9- 4a 2a");
    g_autoptr(GArray) found = NULL;

    for (int i = 0; i < 3; i++) {
        g_array_index(tries, BugsTry, i).bug = i;
    }
    found = bugs_report_rows(tries);
    ck_assert_uint_eq(found->len, 3);
    ck_assert_int_eq(g_array_index(found, BugsRow, 0).bug, 2);
    ck_assert_int_eq(g_array_index(found, BugsRow, 1).bug, 1);
    ck_assert_int_eq(g_array_index(found, BugsRow, 2).bug, 0);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("bugs_report");
    TCase *tcase = tcase_create("rows");
    SRunner *runner;
    int failed;

    tcase_add_loop_test(tcase, medians, 0, (int)G_N_ELEMENTS(rows));
    tcase_add_test(tcase, sorted);
    suite_add_tcase(suite, tcase);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

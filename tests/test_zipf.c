/* SPDX-License-Identifier: Apache-2.0 */
/* Zipf's weights against closed forms, and what draws come to. */
#include "netmodel/zipf.h"

#include <check.h>
#include <glib.h>
#include <stdlib.h>

static const struct {
    unsigned count, exponent_milli;
    unsigned rank;        /* its weight ... */
    uint64_t per_billion; /* ... as a part of rank 0's */
} weights[] = {
    {4, 1000, 1, 500000000},  {4, 1000, 2, 333333333},
    {4, 1000, 3, 250000000},  {100, 2000, 9, 10000000},
    {100, 500, 3, 500000000}, {100, 500, 99, 100000000},
    {9, 1500, 3, 125000000},  {9, 1500, 8, 37037037},
};

START_TEST(test_weights)
{
    Zipf zipf;
    uint64_t one, weight, part;

    zipf_init(&zipf, weights[_i].count, weights[_i].exponent_milli);
    one = zipf.cumulative[0];
    weight = zipf.cumulative[weights[_i].rank] -
             zipf.cumulative[weights[_i].rank - 1];
    part = (uint64_t)((unsigned __int128)weight * 1000000000u / one);
    ck_assert_uint_le(part, weights[_i].per_billion + 10);
    ck_assert_uint_ge(part + 10, weights[_i].per_billion);
    zipf_clear(&zipf);
}
END_TEST

START_TEST(test_draws)
{
    enum { DRAWS = 300000 };
    unsigned seen[3] = {0};
    Stream stream = {42, 0};
    Zipf zipf;

    zipf_init(&zipf, 3, 1000); /* 6/11, 3/11, 2/11 */
    for (unsigned i = 0; i < DRAWS; i++) {
        seen[zipf_draw(&zipf, &stream)]++;
    }
    ck_assert_uint_eq(stream.counter, DRAWS);
    /* Five standard deviations of a binomial are below 1,400. */
    ck_assert_int_lt(abs((int)seen[0] - DRAWS * 6 / 11), 1400);
    ck_assert_int_lt(abs((int)seen[1] - DRAWS * 3 / 11), 1400);
    ck_assert_int_lt(abs((int)seen[2] - DRAWS * 2 / 11), 1400);
    zipf_clear(&zipf);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("zipf");
    TCase *tcase = tcase_create("all");
    SRunner *runner = srunner_create(suite);
    int failed;

    tcase_add_loop_test(tcase, test_weights, 0, G_N_ELEMENTS(weights));
    tcase_add_test(tcase, test_draws);
    suite_add_tcase(suite, tcase);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

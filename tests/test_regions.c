/* SPDX-License-Identifier: Apache-2.0 */
/* The table of regions: complete, symmetric, in physical bounds. */
#include "netmodel/regions.h"

#include <check.h>
#include <glib.h>
#include <stdlib.h>

/* Great-circle distances, rounded down to 100 km: no signal is faster than
 * light in fibre, 200 km a millisecond and way. */
static const struct {
    const char *a, *b;
    unsigned tenths; /* as in the source */
    unsigned kilometres;
} known[] = {
    {"us-east-1", "eu-west-1", 696, 5400},
    {"us-east-1", "us-east-2", 151, 400},
    {"eu-west-1", "us-east-1", 696, 5400},
    {"eu-central-1", "ap-northeast-1", 2270, 9300},
    {"ap-northeast-1", "ap-southeast-2", 1058, 7800},
    {"af-south-1", "ap-southeast-2", 4088, 11000},
    {"sa-east-1", "ap-southeast-1", 3277, 15900},
    {"eu-west-2", "eu-central-1", 178, 600},
};

START_TEST(known_pairs)
{
    RegionId a = regions_find(known[_i].a), b = regions_find(known[_i].b);

    ck_assert_uint_ne(a, REGIONS_NONE);
    ck_assert_uint_ne(b, REGIONS_NONE);
    ck_assert_uint_eq(regions_rtt(a, b), known[_i].tenths * SIM_MS / 10);
    ck_assert_uint_ge(regions_rtt(a, b),
                      2 * known[_i].kilometres * SIM_MS / 200);
}
END_TEST

START_TEST(whole_table)
{
    unsigned count = regions_count();

    ck_assert_uint_ge(count, 9);
    for (RegionId a = 0; a < count; a++) {
        ck_assert_uint_eq(regions_find(regions_name(a)), a);
        ck_assert_uint_eq(regions_find(regions_place(a)), a);
        for (RegionId b = 0; b < count; b++) {
            SimTime rtt = regions_rtt(a, b);

            ck_assert_uint_eq(rtt, regions_rtt(b, a));
            if (a == b) {
                ck_assert_uint_eq(rtt, SIM_MS);
            } else {
                ck_assert_uint_ge(rtt, 10 * SIM_MS);
                ck_assert_uint_le(rtt, 420 * SIM_MS);
            }
        }
    }
    ck_assert_uint_lt(regions_rtt_zone(), regions_rtt(0, 0));
}
END_TEST

START_TEST(names)
{
    ck_assert_uint_eq(regions_find("EU-Central-1"), regions_find("frankfurt"));
    ck_assert_uint_eq(regions_find("atlantis-1"), REGIONS_NONE);
    ck_assert_uint_eq(regions_find(""), REGIONS_NONE);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("regions");
    TCase *table = tcase_create("table");
    SRunner *runner = srunner_create(suite);

    tcase_add_loop_test(table, known_pairs, 0, G_N_ELEMENTS(known));
    tcase_add_test(table, whole_table);
    tcase_add_test(table, names);
    suite_add_tcase(suite, table);
    srunner_run_all(runner, CK_NORMAL);

    int failed = srunner_ntests_failed(runner);

    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

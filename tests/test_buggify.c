/* SPDX-License-Identifier: Apache-2.0 */
/* Sites are on in a quarter of the runs and fire at a quarter of the visits,
 * each on its own; a key of 0 is off. */
#include <check.h>

#include "nodes/buggify.h"
#include "nodes/buggify_sites.h"

#define MANY 40000u
/* Five standard deviations of a quarter of so many: 5 sqrt(n 3 / 16). */
#define SLACK 433u

static const char *const names[] = {
#define BUGGIFY_SITE(name, text, manual) text,
#include "nodes/buggify.def"
#undef BUGGIFY_SITE
};

START_TEST(a_quarter_of_the_runs)
{
    unsigned on = 0;

    for (uint64_t key = 1; key <= MANY; key++) {
        on += buggify_on(key, names[_i]);
    }
    ck_assert_uint_ge(on, MANY / 4 - SLACK);
    ck_assert_uint_le(on, MANY / 4 + SLACK);
}
END_TEST

START_TEST(a_quarter_of_the_visits)
{
    unsigned fired = 0, both = 0;

    for (uint64_t counter = 0; counter < MANY / 2; counter++) {
        Dice dice = {0x1234, counter};
        bool first = buggify_visit(names[_i], &dice, 0);
        bool second = buggify_visit(names[_i], &dice, 1);

        fired += first;
        fired += second;
        both += first && second;
    }
    ck_assert_uint_ge(fired, MANY / 4 - SLACK);
    ck_assert_uint_le(fired, MANY / 4 + SLACK);
    /* Two visits of one step are two draws: a sixteenth has both, and five
     * deviations of that are 171. */
    ck_assert_uint_ge(both, MANY / 32 - 171);
    ck_assert_uint_le(both, MANY / 32 + 171);
}
END_TEST

START_TEST(sites_do_not_know_each_other)
{
    for (unsigned other = 0; other < (unsigned)_i; other++) {
        unsigned both = 0;

        ck_assert_str_ne(names[_i], names[other]);
        for (uint64_t key = 1; key <= MANY; key++) {
            both += buggify_on(key, names[_i]) && buggify_on(key, names[other]);
        }
        /* Five deviations of a sixteenth: 5 sqrt(n 15 / 256) = 242. */
        ck_assert_uint_ge(both, MANY / 16 - 242);
        ck_assert_uint_le(both, MANY / 16 + 242);
    }
}
END_TEST

START_TEST(no_key_no_turn)
{
    for (uint64_t counter = 0; counter < 1000; counter++) {
        Dice dice = {0x1234, counter};

        ck_assert(!buggify_fires(0, names[_i], &dice, 0));
    }
    ck_assert(!buggify_on(0, names[_i]));
}
END_TEST

/* The same for ever: a seed that failed fails again. */
START_TEST(the_draw_is_what_it_was)
{
    Dice dice = {99, 7};
    unsigned mask = 0;

    for (unsigned i = 0; i < 16; i++) {
        mask |= (unsigned)buggify_visit("site", &dice, i) << i;
        mask |= (unsigned)buggify_on(1000 + i, "site") << (16 + i);
    }
    ck_assert_uint_eq(mask, 2685674640);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("buggify");
    TCase *test = tcase_create("sites");
    SRunner *runner = srunner_create(suite);
    int failed;

    tcase_add_loop_test(test, a_quarter_of_the_runs, 0, BUGGIFY_COUNT);
    tcase_add_loop_test(test, a_quarter_of_the_visits, 0, BUGGIFY_COUNT);
    tcase_add_loop_test(test, sites_do_not_know_each_other, 0, BUGGIFY_COUNT);
    tcase_add_loop_test(test, no_key_no_turn, 0, BUGGIFY_COUNT);
    tcase_add_test(test, the_draw_is_what_it_was);
    suite_add_tcase(suite, test);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}

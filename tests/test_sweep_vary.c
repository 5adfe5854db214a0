/* SPDX-License-Identifier: Apache-2.0 */
/* --vary: what its values are, and which variants come of several. */
#include "config.h"

#include "sim/sweep_vary.h"

#include <check.h>
#include <stdlib.h>

static const struct {
    const char *options[4];
    bool both;
    const char *want; /* a line a variant, or the error */
} variants[] = {
    {{NULL}, false, "A \n"},
    {{NULL}, true, "A \nB \n"},
    {{"nodes.count=3,5"}, false, "A nodes.count=3\nA nodes.count=5\n"},
    {{"a=1,2", "b=x,y"},
     false,
     "A a=1, b=x\nA a=1, b=y\nA a=2, b=x\nA a=2, b=y\n"},
    {{"a=1,2"}, true, "A a=1\nA a=2\nB a=1\nB a=2\n"},
    /* a unit for all */
    {{"a=0,0.1,5%"}, false, "A a=0%\nA a=0.1%\nA a=5%\n"},
    {{"a=1, 20 ms"}, false, "A a=1 ms\nA a=20 ms\n"},
    {{"a=1 s,20 ms"}, false, "A a=1 s\nA a=20 ms\n"},
    {{"a=5%,1"}, false, "A a=5%\nA a=1\n"},
    {{"a=-5,5 ppm"}, false, "A a=-5 ppm\nA a=5 ppm\n"},
    {{"a=1,2..3 ms"}, false, "A a=1\nA a=2..3 ms\n"},
    {{"a=x,5%"}, false, "A a=x\nA a=5%\n"},
    /* commas that part nothing */
    {{"a=[1, 2],[3]"}, false, "A a=[1, 2]\nA a=[3]\n"},
    {{"a={x: 1, y: [2,3]},{}"}, false, "A a={x: 1, y: [2,3]}\nA a={}\n"},
    {{"a=\"1,2\",'3,]'"}, false, "A a=\"1,2\"\nA a='3,]'\n"},
    {{"a=x=1,y=2"}, false, "A a=x=1\nA a=y=2\n"},
    /* mistakes */
    {{"a"}, false, "--vary: found 'a', expected path.to.key=VALUE,VALUE,..."},
    {{"a="}, false, "--vary: found 'a=', expected path.to.key=VALUE,VALUE,..."},
    {{"=1"}, false, "--vary: found '=1', expected path.to.key=VALUE,VALUE,..."},
    {{"a=1,,2"},
     false,
     "--vary a=1,,2: found an empty value, expected VALUE,VALUE,..."},
    {{"a=1,1"},
     false,
     "--vary a=1,1: found '1' twice, expected different "
     "values"},
    {{"a=1", "a=2"},
     false,
     "--vary a=2: found the path twice, expected one list of values"},
};

START_TEST(table)
{
    GError *error = NULL;
    GArray *list = sweep_vary((char **)(uintptr_t)variants[_i].options,
                              variants[_i].both, &error);
    g_autoptr(GString) got = g_string_new(NULL);

    for (unsigned i = 0; list != NULL && i < list->len; i++) {
        const SweepVariant *variant = &g_array_index(list, SweepVariant, i);

        g_string_append_printf(got, "%c %s\n", variant->build, variant->name);
    }
    if (list == NULL) {
        g_string_assign(got, error->message);
        g_error_free(error);
    } else {
        g_array_unref(list);
    }
    ck_assert_str_eq(got->str, variants[_i].want);
}
END_TEST

START_TEST(sets)
{
    const char *options[] = {"a.b=1,2%", "c=x", NULL};
    GArray *list = sweep_vary((char **)(uintptr_t)options, false, NULL);
    const SweepVariant *last = &g_array_index(list, SweepVariant, 1);

    ck_assert_uint_eq(g_strv_length(last->sets), 2);
    ck_assert_str_eq(last->sets[0], "a.b=2%");
    ck_assert_str_eq(last->sets[1], "c=x");
    g_array_unref(list);
}
END_TEST

START_TEST(too_many)
{
    g_autoptr(GString) option = g_string_new("a=0");
    g_autofree char *other = NULL;
    char *options[3] = {NULL};
    GError *error = NULL;

    for (unsigned i = 1; i < 101; i++) {
        g_string_append_printf(option, ",%u", i);
    }
    other = g_strdup(option->str);
    other[0] = 'b';
    options[0] = option->str;
    options[1] = other;
    ck_assert_ptr_null(sweep_vary(options, false, &error));
    ck_assert_str_eq(error->message,
                     "--vary: found more than 10000 variants, expected fewer");
    g_error_free(error);
}
END_TEST

/* One seed in a hundred, the first one always, whatever the others are. */
START_TEST(rechecks)
{
    unsigned count = 0;

    for (uint64_t seed = 0; seed < 100000; seed++) {
        count += sweep_rechecks(77, seed);
    }
    ck_assert_uint_gt(count, 900);
    ck_assert_uint_lt(count, 1100);
    ck_assert(sweep_rechecks(77, 77));
    ck_assert(sweep_rechecks(UINT64_MAX, UINT64_MAX));
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("sweep_vary");
    TCase *test = tcase_create("sweep_vary");
    SRunner *runner = srunner_create(suite);
    int failed;

    tcase_add_loop_test(test, table, 0, G_N_ELEMENTS(variants));
    tcase_add_test(test, sets);
    tcase_add_test(test, too_many);
    tcase_add_test(test, rechecks);
    suite_add_tcase(suite, test);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

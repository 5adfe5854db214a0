/* SPDX-License-Identifier: Apache-2.0 */
/* Distributions: quantiles and moments against closed forms, the exponential
 * against the C library's logarithm, correlation, `.dist` files. */
#include "netmodel/distribution.h"

#include <check.h>
#include <glib/gstdio.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define DRAWS 1000000

/* Quantiles x 10^6 at p x 10^6, from the closed forms of distribution.h. */
static const struct {
    const char *name;
    unsigned p;
    int want;
} quantiles[] = {
    {"uniform", 0, -1000000},
    {"uniform", 250000, -500000},
    {"uniform", 500000, 0},
    {"uniform", 999999, 999998},
    {"constant", 123456, 0},
    {"normal", 500000, 0},
    {"normal", 841345, 1000000},
    {"normal", 158655, -1000000},
    {"normal", 977250, 2000000},
    {"normal", 990000, 2326348},
    {"normal", 998650, 2999977},
    {"pareto", 0, -666667},
    {"pareto", 500000, -320105},
    {"pareto", 990000, 4188785},
    {"paretonormal", 500000, -240079},
    {"paretonormal", 990000, 3723176},
    {"exponential", 0, -1000000},
    {"exponential", 500000, -306853},
    {"exponential", 900000, 1302585},
    {"exponential", 990000, 3605170},
    {"lognormal", 500000, -300168},
    {"lognormal", 841345, 494912},
    {"lognormal", 990000, 3975200},
};

/* Variances in units of jitter^2, x 10^3: of the closed form, which the cut
 * tails of pareto (infinite fourth moment) and lognormal fall short of;
 * paretonormal's is 1/16 + 9/16 x 4/3 + 3/8 x 0.785 (the covariance). */
static const struct {
    const char *name;
    int variance, tolerance;
} moments[] = {
    {"constant", 0, 0},         {"uniform", 333, 2},     {"normal", 1000, 6},
    {"exponential", 1000, 15},  {"lognormal", 1000, 80}, {"pareto", 1333, 120},
    {"paretonormal", 1107, 90},
};

static const struct {
    const char *text;
    const char *want; /* of the error, or NULL */
    unsigned count;
} files[] = {
    {"-8192 0 8192", NULL, 3},
    {"# made by hand\n-100\t-50\n\n 7 # seven\n+8 32767", NULL, 5},
    {"-32768 32767", NULL, 2},
    {"0 0", NULL, 2},
    {"", "t.dist:1: found the end after 0 numbers, expected at least 2", 0},
    {"# 1 2\n5\n", "t.dist:3: found the end after 1 numbers", 0},
    {"1 2\nthree", "t.dist:2: found 'three', expected an integer", 0},
    {"1 2 32768", "t.dist:1: found '32768', expected an integer of", 0},
    {"1 2 99999999999999999999", "t.dist:1: found '99999999999999999999'", 0},
    {"1 -", "t.dist:1: found '-', expected an integer", 0},
    {"1.5 2", "t.dist:1: found '1.5', expected an integer", 0},
    {"1\n2\n\n1", "t.dist:4: found 1 after 2, expected ascending", 0},
};

static uint64_t
probability(unsigned millionths)
{
    return (uint64_t)(((unsigned __int128)millionths << 64) / 1000000);
}

START_TEST(known_quantiles)
{
    const Distribution *distribution = distribution_find(quantiles[_i].name);
    int64_t got =
        distribution_quantile(distribution, probability(quantiles[_i].p));
    int64_t want = (int64_t)quantiles[_i].want * DISTRIBUTION_ONE / 1000000;

    /* In units of 1/65536: rounding of p, and interpolation, whose error
     * grows with the curvature of the tail, h^2 z / 8 phi(z)^2 = 75 at 3. */
    int64_t tolerance = quantiles[_i].p >= 990000 ? 80 : 16;

    ck_assert_msg(llabs(got - want) <= tolerance, "%s at %u: %lld, want %lld",
                  quantiles[_i].name, quantiles[_i].p, (long long)got,
                  (long long)want);
}
END_TEST

/* Never downwards, and defined at both ends. */
START_TEST(monotone)
{
    for (unsigned i = 0; distribution_at(i) != NULL; i++) {
        const Distribution *distribution = distribution_at(i);
        int32_t last = distribution_quantile(distribution, 0);

        for (uint64_t step = 1; step <= 1 << 16; step++) {
            uint64_t u = step == 1 << 16 ? UINT64_MAX : step << 48;
            int32_t next = distribution_quantile(distribution, u);

            ck_assert_int_ge(next, last);
            last = next;
        }
        ck_assert_ptr_eq(distribution_find(distribution->name), distribution);
    }
    ck_assert_ptr_null(distribution_find("cauchy"));
}
END_TEST

START_TEST(mean_and_variance)
{
    const Distribution *distribution = distribution_find(moments[_i].name);
    const SimTime mean = SIM_S, jitter = 100 * SIM_MS;
    Stream stream = {0x5eed, 0};
    uint32_t last = DISTRIBUTION_MEDIAN;
    __int128 sum = 0, squares = 0;

    for (int i = 0; i < DRAWS; i++) {
        int64_t x = (int64_t)distribution_draw(distribution, &stream, mean,
                                               jitter, 0, &last) -
                    (int64_t)mean;

        sum += x;
        squares += (__int128)x * x;
    }
    int64_t off = (int64_t)(sum / DRAWS);
    int64_t variance = (int64_t)(squares / DRAWS * 1000 /
                                 ((__int128)jitter * (__int128)jitter));

    /* Five deviations of a mean of 10^6: 0.5 % of about one jitter. */
    ck_assert_msg(llabs(off) <= (int64_t)jitter * 6 / 1000, "mean off by %lld",
                  (long long)off);
    ck_assert_msg(llabs(variance - moments[_i].variance) <=
                      moments[_i].tolerance,
                  "variance %lld", (long long)variance);
    ck_assert_uint_eq(stream.counter,
                      strcmp(moments[_i].name, "constant") == 0 ? 0 : DRAWS);
    ck_assert_uint_eq(last, DISTRIBUTION_MEDIAN);
}
END_TEST

/* Times do not go below 0, and nothing is drawn when nothing is random. */
START_TEST(bounds)
{
    const Distribution *normal = distribution_find("normal");
    Stream stream = {7, 0};
    uint32_t last = DISTRIBUTION_MEDIAN;
    unsigned zeros = 0;

    for (int i = 0; i < 1000; i++) {
        SimTime time =
            distribution_draw(normal, &stream, 10, 1000000, 0, &last);

        zeros += time == 0;
        ck_assert_uint_lt(time, 5000000);
    }
    ck_assert_uint_gt(zeros, 400);
    ck_assert_uint_lt(zeros, 600);
    stream.counter = 0;
    ck_assert_uint_eq(distribution_draw(normal, &stream, 10, 0, 0, &last), 10);
    ck_assert_uint_eq(stream.counter, 0);
    ck_assert_uint_le(distribution_draw(normal, &stream, DISTRIBUTION_TIME_MAX,
                                        DISTRIBUTION_TIME_MAX, 0, &last),
                      DISTRIBUTION_TIME_MAX);
}
END_TEST

/* netem's mixing: neighbours correlate by c, and the uniform's variance of
 * 1/3 shrinks by (1 - c) / (1 + c). */
START_TEST(correlation)
{
    static const int percents[] = {10, 25, 50, 90};
    const Distribution *uniform = distribution_find("uniform");
    int64_t percent = percents[_i];
    Stream stream = {0xc0, 0};
    uint32_t last = DISTRIBUTION_MEDIAN;
    __int128 squares = 0, products = 0;
    int64_t before = 0;

    for (int i = 0; i < DRAWS; i++) {
        int64_t x = (int64_t)distribution_draw(
                        uniform, &stream, SIM_S, SIM_S / 2,
                        (Chance)percent * (CHANCE_ONE / 100), &last) -
                    (int64_t)SIM_S;

        squares += (__int128)x * x;
        products += (__int128)x * before;
        before = x;
    }
    int64_t rho = (int64_t)(products * 10000 / squares);
    int64_t variance =
        (int64_t)(squares / DRAWS * 10000 /
                  ((__int128)(SIM_S / 2) * (__int128)(SIM_S / 2)));

    ck_assert_int_le(llabs(rho - percent * 100), 60);
    ck_assert_int_le(
        llabs(variance - 10000 * (100 - percent) / (100 + percent) / 3), 60);
}
END_TEST

/* Against libm, over all magnitudes of -ln u. */
START_TEST(logarithm)
{
    Stream stream = {0x109, 0};

    ck_assert_uint_eq(distribution_minus_ln(UINT64_MAX), 0);
    ck_assert_uint_eq(distribution_minus_ln(0) >> 32, 44);
    for (int i = 0; i < DRAWS; i++) {
        uint64_t u = stream_u64(&stream);

        /* Both tails, down to x = 2^-40 and u = 2^-40. */
        u = i % 3 == 0 ? u >> i % 41 : i % 3 == 1 ? ~(u >> i % 41) : u;

        long double want = -logl(((long double)u + 1) / 0x1p64L) * 0x1p32L;
        long double got = (long double)distribution_minus_ln(u);

        ck_assert_msg(fabsl(got - want) <= want * 1e-4L + 1.5L,
                      "%#llx: %Lg, want %Lg", (unsigned long long)u, got, want);
    }
}
END_TEST

START_TEST(exponential_arrivals)
{
    const SimTime mean = 10 * SIM_MS;
    Stream stream = {0xe, 0};
    __int128 sum = 0, squares = 0;
    unsigned late = 0, early = 0;

    for (int i = 0; i < DRAWS; i++) {
        SimTime gap = distribution_exponential(&stream, mean);

        sum += gap;
        squares += (__int128)gap * gap;
        late += gap > 10 * mean;
        early += gap < mean / 100;
    }
    int64_t average = (int64_t)(sum / DRAWS);
    int64_t second =
        (int64_t)(squares / DRAWS * 1000 / ((__int128)mean * (__int128)mean));

    ck_assert_uint_eq(stream.counter, DRAWS);
    /* Five deviations: 0.5 % of the mean; the second moment is 2. */
    ck_assert_int_le(llabs(average - (int64_t)mean), (int64_t)mean / 200);
    ck_assert_int_le(llabs(second - 2000), 25);
    /* e^-10 = 45.4 and 1 - e^-0.01 = 9950 of a million. */
    ck_assert_uint_ge(late, 45 - 34);
    ck_assert_uint_le(late, 45 + 34);
    ck_assert_uint_ge(early, 9950 - 500);
    ck_assert_uint_le(early, 9950 + 500);
}
END_TEST

START_TEST(dist_text)
{
    g_autoptr(GError) error = NULL;
    Distribution *made = distribution_parse("t.dist", files[_i].text,
                                            strlen(files[_i].text), &error);

    if (files[_i].want == NULL) {
        ck_assert_ptr_nonnull(made);
        ck_assert_uint_eq(made->count, files[_i].count);
    } else {
        ck_assert_ptr_null(made);
        ck_assert_msg(g_str_has_prefix(error->message, files[_i].want), "%s",
                      error->message);
    }
    distribution_free(made);
}
END_TEST

START_TEST(dist_too_long)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GString) text = g_string_new(NULL);

    for (unsigned i = 0; i <= DISTRIBUTION_ENTRIES_MAX; i++) {
        g_string_append(text, "1\n");
    }
    ck_assert_ptr_null(
        distribution_parse("t.dist", text->str, text->len, &error));
    ck_assert(g_str_has_prefix(error->message,
                               "t.dist:16385: found more than 16384"));
}
END_TEST

/* A file is read once, printed under the name it was asked by, and its unit
 * is 1/8192. */
START_TEST(dist_files)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *directory = g_dir_make_tmp("seedbed-XXXXXX", NULL);
    g_autofree char *path = g_build_filename(directory, "two.dist", NULL);

    ck_assert(
        g_file_set_contents(path, "# two steps\n0 8192 24576\n", -1, NULL));

    DistributionFiles *loaded = distribution_files_new(directory);
    const Distribution *two =
        distribution_files_load(loaded, "two.dist", &error);

    ck_assert_ptr_nonnull(two);
    ck_assert_str_eq(two->name, "two.dist");
    ck_assert_ptr_eq(distribution_files_load(loaded, "two.dist", &error), two);
    ck_assert_int_eq(distribution_quantile(two, 0), 0);
    ck_assert_int_eq(distribution_quantile(two, UINT64_C(1) << 63),
                     DISTRIBUTION_ONE);
    ck_assert_int_eq(distribution_quantile(two, UINT64_C(3) << 62),
                     2 * DISTRIBUTION_ONE);
    ck_assert_ptr_null(distribution_files_load(loaded, "three.dist", &error));
    ck_assert_ptr_nonnull(strstr(error->message, "three.dist"));
    distribution_files_free(loaded);
    g_remove(path);
    g_rmdir(directory);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("distribution");
    TCase *draws = tcase_create("draws");
    TCase *dist = tcase_create("dist");
    SRunner *runner = srunner_create(suite);

    tcase_add_loop_test(draws, known_quantiles, 0, G_N_ELEMENTS(quantiles));
    tcase_add_test(draws, monotone);
    tcase_add_loop_test(draws, mean_and_variance, 0, G_N_ELEMENTS(moments));
    tcase_add_test(draws, bounds);
    tcase_add_loop_test(draws, correlation, 0, 4);
    tcase_add_test(draws, logarithm);
    tcase_add_test(draws, exponential_arrivals);
    tcase_add_loop_test(dist, dist_text, 0, G_N_ELEMENTS(files));
    tcase_add_test(dist, dist_too_long);
    tcase_add_test(dist, dist_files);
    suite_add_tcase(suite, draws);
    suite_add_tcase(suite, dist);
    srunner_run_all(runner, CK_NORMAL);

    int failed = srunner_ntests_failed(runner);

    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

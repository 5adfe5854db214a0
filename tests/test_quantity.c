/* SPDX-License-Identifier: Apache-2.0 */
/* Quantities: what is read, what is refused, what is written. */
#include <check.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "nodes/dice.h"
#include "nodes/quantity.h"

typedef gboolean (*Parse)(const char *, uint64_t *, GError **);

static const struct {
    Parse parse;
    const char *text;
    uint64_t value;
} good[] = {
    {quantity_duration, "30 s", UINT64_C(30000000000)},
    {quantity_duration, "1.5 s", 1500000000},
    {quantity_duration, "150ms", 150000000},
    {quantity_duration, " 20 us ", 20000},
    {quantity_duration, "7 ns", 7},
    {quantity_duration, "2 min", UINT64_C(120000000000)},
    {quantity_duration, "8 h", UINT64_C(28800000000000)},
    {quantity_duration, "1 d", UINT64_C(86400000000000)},
    {quantity_duration, "0", 0},
    {quantity_duration, "0.000000001 s", 1},
    {quantity_size, "64 KiB", 65536},
    {quantity_size, "1.5 MiB", 1572864},
    {quantity_size, "100", 100},
    {quantity_size, "3 kB", 3000},
    {quantity_rate, "10 Mbit", 10000000},
    {quantity_rate, "2.5 Gbit/s", UINT64_C(2500000000)},
    {quantity_rate, "1 kbps", 8000},
    {quantity_fraction, "1%", 10000000},
    {quantity_fraction, "0.25 %", 2500000},
    {quantity_fraction, "100%", 1000000000},
    {quantity_fraction, "0", 0},
    {quantity_count, "42", 42},
    {quantity_count, "18446744073709551615", UINT64_MAX},
};

START_TEST(reads)
{
    GError *error = NULL;
    uint64_t value = 1;

    ck_assert_msg(good[_i].parse(good[_i].text, &value, &error), "%s",
                  good[_i].text);
    ck_assert_uint_eq(value, good[_i].value);
}
END_TEST

static const struct {
    Parse parse;
    const char *text;
} bad[] = {
    {quantity_duration, ""},
    {quantity_duration, "5"},
    {quantity_duration, "s"},
    {quantity_duration, "-1 s"},
    {quantity_duration, "1 S"},
    {quantity_duration, "1 s 2"},
    {quantity_duration, "1. s"},
    {quantity_duration, ".5 s"},
    {quantity_duration, "0.5 ns"},
    {quantity_duration, "1e3 s"},
    {quantity_duration, "99999999999999 d"},
    {quantity_duration, "184467440737095516160 ns"},
    {quantity_size, "1 KB"},
    {quantity_size, "0.3 B"},
    {quantity_rate, "10"},
    {quantity_rate, "10 MB"},
    {quantity_fraction, "101%"},
    {quantity_fraction, "0.5"},
    {quantity_fraction, "0.00000001%"},
    {quantity_count, "1.5"},
    {quantity_count, "4 x"},
    {quantity_count, "18446744073709551616"},
};

START_TEST(refuses)
{
    GError *error = NULL;
    uint64_t value = 77;

    ck_assert_msg(!bad[_i].parse(bad[_i].text, &value, &error), "%s",
                  bad[_i].text);
    ck_assert_ptr_nonnull(error);
    ck_assert_ptr_nonnull(strstr(error->message, "expected"));
    ck_assert_ptr_null(strchr(error->message, '\n'));
    g_clear_error(&error);
}
END_TEST

static const struct {
    const char *text;
    uint64_t low, high; /* 1, 0: refused */
} ranges[] = {
    {"150..300 ms", 150000000, 300000000},
    {"80 us..1 ms", 80000, 1000000},
    {"5 s", UINT64_C(5000000000), UINT64_C(5000000000)},
    {"1.5..2.5 s", 1500000000, UINT64_C(2500000000)},
    {"0..1 ms", 0, 1000000},
    {"2..1 s", 1, 0},
    {"1 s..2", 1, 0},
    {"1..2", 1, 0},
    {"..2 s", 1, 0},
    {"1 s..", 1, 0},
    {"1...2 s", 1, 0},
};

START_TEST(reads_ranges)
{
    QuantityRange range;
    bool read = quantity_range(ranges[_i].text, &range, NULL);

    ck_assert_msg(read == (ranges[_i].low <= ranges[_i].high), "%s",
                  ranges[_i].text);
    if (read) {
        ck_assert_uint_eq(range.low, ranges[_i].low);
        ck_assert_uint_eq(range.high, ranges[_i].high);
    }
}
END_TEST

START_TEST(writes)
{
    char *texts[][2] = {
        {quantity_text_duration(1500000000), "1.5 s"},
        {quantity_text_duration(150000000), "150 ms"},
        {quantity_text_duration(0), "0 ns"},
        {quantity_text_size(65536), "64 KiB"},
        {quantity_text_rate(10000000), "10 Mbit"},
        {quantity_text_fraction(2500000), "0.25%"},
        {quantity_text_range((QuantityRange){150000000, 300000000}),
         "150 ms..300 ms"},
    };

    for (unsigned i = 0; i < G_N_ELEMENTS(texts); i++) {
        ck_assert_str_eq(texts[i][0], texts[i][1]);
        g_free(texts[i][0]);
    }
}
END_TEST

START_TEST(reads_what_it_writes)
{
    Stream dice = {3, 0};

    for (unsigned i = 0; i < 20000; i++) {
        uint64_t value = stream_u64(&dice) >> stream_below(&dice, 64), got;
        g_autofree char *duration = quantity_text_duration(value);
        g_autofree char *size = quantity_text_size(value);
        g_autofree char *rate = quantity_text_rate(value);
        g_autofree char *fraction =
            quantity_text_fraction(value % (QUANTITY_ONE + 1));

        ck_assert(quantity_duration(duration, &got, NULL) && got == value);
        ck_assert_msg(quantity_size(size, &got, NULL) && got == value, "%s",
                      size);
        ck_assert(quantity_rate(rate, &got, NULL) && got == value);
        ck_assert(quantity_fraction(fraction, &got, NULL) &&
                  got == value % (QUANTITY_ONE + 1));
    }
}
END_TEST

static Suite *
suite(void)
{
    Suite *s = suite_create("quantity");
    TCase *t = tcase_create("quantity");

    tcase_add_loop_test(t, reads, 0, G_N_ELEMENTS(good));
    tcase_add_loop_test(t, refuses, 0, G_N_ELEMENTS(bad));
    tcase_add_loop_test(t, reads_ranges, 0, G_N_ELEMENTS(ranges));
    tcase_add_test(t, writes);
    tcase_add_test(t, reads_what_it_writes);
    suite_add_tcase(s, t);
    return s;
}

int
main(void)
{
    SRunner *runner = srunner_create(suite());
    int failed;

    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

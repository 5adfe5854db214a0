/* SPDX-License-Identifier: Apache-2.0 */
/* Streams cut at every place give the same messages. */
#include <check.h>
#include <glib.h>
#include <stdlib.h>
#include <string.h>

#include "sim/frames.h"

static void
collect(void *data, const uint8_t *bytes, size_t size)
{
    g_string_append_printf(data, "[%.*s]", (int)size, (const char *)bytes);
}

static const uint8_t stream[] = {0, 0, 0, 1, 'a', 0,   0,   0,
                                 0, 0, 0, 0, 3,   'b', 'c', 'd'};

START_TEST(test_cuts)
{
    for (size_t first = 0; first <= sizeof stream; first++) {
        for (size_t second = first; second <= sizeof stream; second++) {
            Frames *frames = frames_new();
            GString *got = g_string_new(NULL);
            size_t cuts[] = {0, first, second, sizeof stream};
            long waiting = 0;

            for (unsigned i = 0; i < 3; i++) {
                /* Another stream in between changes nothing. */
                frames_push(frames, 2, 7, stream + 9, 5, collect, got);
                frames_drop(frames, 2, 7);
                waiting = frames_push(frames, 1, 7, stream + cuts[i],
                                      cuts[i + 1] - cuts[i], collect, got);
            }
            ck_assert_str_eq(got->str, "[a][][bcd]");
            ck_assert_int_eq(waiting, 0);
            frames_free(frames);
            g_string_free(got, TRUE);
        }
    }
}
END_TEST

START_TEST(test_waiting)
{
    Frames *frames = frames_new();
    GString *got = g_string_new(NULL);

    ck_assert_int_eq(frames_push(frames, 1, 7, stream, 3, collect, got), 3);
    ck_assert_int_eq(frames_push(frames, 1, 7, stream + 3, 8, collect, got), 2);
    ck_assert_str_eq(got->str, "[a][]");
    /* What is dropped is forgotten: by link, and by cell. */
    frames_drop(frames, 1, 7);
    ck_assert_int_eq(frames_push(frames, 1, 7, stream, 2, collect, got), 2);
    ck_assert_int_eq(frames_push(frames, 1, 8, stream, 2, collect, got), 2);
    ck_assert_int_eq(frames_push(frames, 2, 7, stream, 2, collect, got), 2);
    frames_drop_cell(frames, 1);
    ck_assert_int_eq(frames_push(frames, 1, 7, stream, 5, collect, got), 0);
    ck_assert_int_eq(frames_push(frames, 1, 8, stream, 5, collect, got), 0);
    ck_assert_int_eq(frames_push(frames, 2, 7, stream + 2, 3, collect, got), 0);
    ck_assert_str_eq(got->str, "[a][][a][a][a]");
    frames_free(frames);
    g_string_free(got, TRUE);
}
END_TEST

START_TEST(test_given_up)
{
    static const uint8_t huge[] = {0xff, 0, 0, 0, 'x'};
    Frames *frames = frames_new();
    GString *got = g_string_new(NULL);

    ck_assert_int_eq(frames_push(frames, 1, 7, stream, 5, collect, got), 0);
    ck_assert_int_eq(frames_push(frames, 1, 7, huge, 5, collect, got), -1);
    ck_assert_int_eq(frames_push(frames, 1, 7, stream, 5, collect, got), -1);
    frames_drop(frames, 1, 7);
    ck_assert_int_eq(frames_push(frames, 1, 7, stream, 5, collect, got), 0);
    ck_assert_str_eq(got->str, "[a][a]");
    frames_free(frames);
    g_string_free(got, TRUE);
}
END_TEST

static const struct {
    size_t offset, size;
    bool whole;
    const char *want;
} wholes[] = {
    {0, 5, true, "[a]"},   {0, 9, true, "[a][]"}, {0, 16, true, "[a][][bcd]"},
    {9, 7, true, "[bcd]"}, {0, 0, false, ""},     {0, 4, false, ""},
    {0, 15, false, ""},    {1, 15, false, ""},
};

START_TEST(test_whole)
{
    GString *got = g_string_new(NULL);

    ck_assert(frames_whole(stream + wholes[_i].offset, wholes[_i].size, collect,
                           got) == wholes[_i].whole);
    ck_assert_str_eq(got->str, wholes[_i].want);
    g_string_free(got, TRUE);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("frames");
    TCase *tcase = tcase_create("frames");

    tcase_add_test(tcase, test_cuts);
    tcase_add_test(tcase, test_waiting);
    tcase_add_test(tcase, test_given_up);
    tcase_add_loop_test(tcase, test_whole, 0, G_N_ELEMENTS(wholes));
    suite_add_tcase(suite, tcase);

    SRunner *runner = srunner_create(suite);

    srunner_run_all(runner, CK_NORMAL);

    int failed = srunner_ntests_failed(runner);

    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

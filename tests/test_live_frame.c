/* SPDX-License-Identifier: Apache-2.0 */
/* Hello and frames between live nodes: what was put is parsed, every prefix
 * of it asks for more, and one changed byte is told. */
#include "nodes/host/live_frame.h"

#include <check.h>
#include <glib.h>
#include <stdlib.h>
#include <string.h>

static const LiveHello hellos[] = {
    {LIVE_HELLO_DATAGRAMS, 0, 1, 2, 0, 3},
    {LIVE_HELLO_STREAM, CHANNEL_RAFT, 3, 1, 0xffffff, 3},
    {LIVE_HELLO_STREAM, CHANNEL_MAX, 4095, 1, 0, 4095},
};

START_TEST(test_hello)
{
    uint8_t bytes[LIVE_HELLO_SIZE];
    LiveHello got;
    const char *why;

    live_hello_put(&hellos[_i], bytes);
    for (size_t size = 1; size < sizeof bytes; size++) {
        ck_assert_int_eq(live_hello_parse(bytes, size, &got, &why),
                         LIVE_PARSE_MORE);
    }
    ck_assert_int_eq(live_hello_parse(bytes, sizeof bytes, &got, &why),
                     LIVE_PARSE_GOOD);
    ck_assert_mem_eq(&got, &hellos[_i], sizeof got);
}
END_TEST

static const struct {
    unsigned at; /* byte of a stream's hello */
    uint8_t value;
    size_t shown; /* BAD from this size on */
} changes[] = {
    {0, 'X', 1}, {3, 'X', 4}, {4, 2, 5},   {5, 0, 24},  {5, 3, 24},
    {7, 0, 24},  {7, 64, 24}, {6, 1, 24},  {11, 0, 24}, {11, 4, 24},
    {15, 3, 24}, {15, 0, 24}, {16, 1, 24}, {23, 0, 24}, {20, 1, 24},
};

START_TEST(test_changed_hello)
{
    uint8_t bytes[LIVE_HELLO_SIZE];
    LiveHello got;
    const char *why;

    live_hello_put(&hellos[1], bytes);
    bytes[changes[_i].at] = changes[_i].value;
    ck_assert_int_eq(live_hello_parse(bytes, changes[_i].shown, &got, &why),
                     LIVE_PARSE_BAD);
    ck_assert_ptr_nonnull(why);
    if (changes[_i].shown > 1) {
        ck_assert_int_eq(
            live_hello_parse(bytes, changes[_i].shown - 1, &got, &why),
            LIVE_PARSE_MORE);
    }
}
END_TEST

START_TEST(test_frame)
{
    static const size_t sizes[] = {0, 1, 1000, DATAGRAM_MAX};
    size_t size = sizes[_i];
    g_autofree uint8_t *bytes = g_malloc(LIVE_FRAME_HEADER + size + 1);
    LiveFrame frame;
    size_t used = 0;
    const char *why;

    live_frame_put(CHANNEL_RAFT, 4095, size, bytes);
    memset(bytes + LIVE_FRAME_HEADER, 'y', size + 1);
    ck_assert_int_eq(
        live_frame_parse(bytes, LIVE_FRAME_HEADER - 1, &frame, &used, &why),
        LIVE_PARSE_MORE);
    if (size > 0) {
        ck_assert_int_eq(live_frame_parse(bytes, LIVE_FRAME_HEADER + size - 1,
                                          &frame, &used, &why),
                         LIVE_PARSE_MORE);
    }
    ck_assert_int_eq(live_frame_parse(bytes, LIVE_FRAME_HEADER + size + 1,
                                      &frame, &used, &why),
                     LIVE_PARSE_GOOD);
    ck_assert_uint_eq(used, LIVE_FRAME_HEADER + size);
    ck_assert_uint_eq(frame.bytes.size, size);
    ck_assert_uint_eq(frame.channel, CHANNEL_RAFT);
    ck_assert_uint_eq(frame.from, 4095);
}
END_TEST

/* A size is judged before its bytes are awaited. */
START_TEST(test_strange_frame)
{
    static const uint8_t strange[][LIVE_FRAME_HEADER] = {
        {0xff, 0xff, 0xff, 0xff, 0, 1, 0, 1},
        {0, 0, 0xf0, 0x01, 0, 1, 0, 1},
        {0, 0, 0, 1, 0, 0, 0, 1},
        {0, 0, 0, 1, 0, 64, 0, 1},
        {0, 0, 0, 1, 0, 1, 0, 0},
        {0, 0, 0, 1, 0, 1, 0x10, 0},
    };
    LiveFrame frame;
    size_t used = 0;
    const char *why;

    ck_assert_int_eq(
        live_frame_parse(strange[_i], LIVE_FRAME_HEADER, &frame, &used, &why),
        LIVE_PARSE_BAD);
    ck_assert_ptr_nonnull(why);
}
END_TEST

/* Chunks, cut at every place: the same bytes come out. */
START_TEST(test_chunks)
{
    static const uint8_t stream[] = "\0\0\0\3abc\0\0\0\1d\0\0\0\0";
    size_t size = sizeof stream - 1;

    for (size_t cut = 0; cut <= size; cut++) {
        LiveChunks chunks = {0};
        g_autoptr(GString) text = g_string_new(NULL);
        size_t at = 0;

        while (at < size) {
            size_t end = at < cut ? cut : size;
            Slice bytes;
            size_t used = 0;
            LiveParse parse = live_chunks_parse(&chunks, stream + at, end - at,
                                                &bytes, &used);

            ck_assert_int_ne(parse, LIVE_PARSE_BAD);
            if (parse == LIVE_PARSE_GOOD) {
                ck_assert_uint_gt(bytes.size, 0);
                g_string_append_len(text, (const char *)bytes.data,
                                    (gssize)bytes.size);
            }
            at = parse == LIVE_PARSE_GOOD ? at + used : end;
            ck_assert(!chunks.closed || at == size);
        }
        ck_assert_str_eq(text->str, "abcd");
        ck_assert(chunks.closed);

        Slice bytes;
        size_t used;

        ck_assert_int_eq(live_chunks_parse(&chunks, stream, 1, &bytes, &used),
                         LIVE_PARSE_BAD);
    }
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("live_frame");
    TCase *cases = tcase_create("live_frame");

    tcase_add_loop_test(cases, test_hello, 0, (int)G_N_ELEMENTS(hellos));
    tcase_add_loop_test(cases, test_changed_hello, 0,
                        (int)G_N_ELEMENTS(changes));
    tcase_add_loop_test(cases, test_frame, 0, 4);
    tcase_add_test(cases, test_chunks);
    tcase_add_loop_test(cases, test_strange_frame, 0, 6);
    suite_add_tcase(suite, cases);

    SRunner *runner = srunner_create(suite);

    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

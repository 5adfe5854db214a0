/* SPDX-License-Identifier: Apache-2.0 */
/* Messages come out whole however a stream is cut. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "nodes/dice.h"
#include "nodes/frame.h"

#define LIMIT 20000u

START_TEST(any_pieces)
{
    Stream dice = {11, 0};

    for (unsigned round = 0; round < 300; round++) {
        static uint8_t stream[20 * (LIMIT + FRAME_HEADER)];
        size_t sizes[20], total = 0, at = 0, checked = 0;
        unsigned count = 1 + (unsigned)stream_below(&dice, 20), seen = 0;
        size_t piece_max = (size_t)1 << stream_below(&dice, 17);
        Frame frame;

        for (unsigned i = 0; i < count; i++) {
            uint64_t bits = stream_below(&dice, 15);

            sizes[i] = (size_t)stream_below(&dice, ((uint64_t)1 << bits));
            frame_header(stream + total, sizes[i]);
            total += FRAME_HEADER;
            for (size_t j = 0; j < sizes[i]; j++) {
                stream[total++] = (uint8_t)(j * 31 + i);
            }
        }
        frame_init(&frame, LIMIT);
        while (at < total) {
            size_t piece = 1 + (size_t)stream_below(&dice, piece_max);
            Bytes *bytes;
            Slice message;

            piece = piece < total - at ? piece : total - at;
            bytes = bytes_copy(stream + at, piece);
            frame_feed(&frame, slice_bytes(bytes));
            while (frame_next(&frame, &message) == FRAME_READY) {
                ck_assert_uint_lt(seen, count);
                ck_assert_uint_eq(message.size, sizes[seen]);
                checked += FRAME_HEADER;
                if (message.size > 0) {
                    ck_assert_mem_eq(message.data, stream + checked,
                                     message.size);
                }
                checked += message.size;
                /* Zero-copy when it came in one piece. */
                ck_assert(message.size == 0 || message.owner != NULL);
                seen++;
            }
            bytes_unref(bytes);
            at += piece;
        }
        ck_assert_uint_eq(seen, count);
        frame_clear(&frame);
    }
}
END_TEST

START_TEST(too_long)
{
    uint8_t bytes[12] = {0};
    Slice message;
    Frame frame;

    frame_init(&frame, 100);
    frame_header(bytes, 0);
    frame_header(bytes + 4, 101);
    frame_feed(&frame, slice_of(bytes, sizeof(bytes)));
    ck_assert_int_eq(frame_next(&frame, &message), FRAME_READY);
    ck_assert_uint_eq(message.size, 0);
    ck_assert_int_eq(frame_next(&frame, &message), FRAME_BAD);
    frame_feed(&frame, slice_of(bytes, 4));
    ck_assert_int_eq(frame_next(&frame, &message), FRAME_BAD);
    frame_clear(&frame);
}
END_TEST

/* A header that claims much costs no memory before the bytes come. */
START_TEST(claims_cost_nothing)
{
    uint8_t bytes[5] = {0};
    Slice message;
    Frame frame;

    frame_init(&frame, (size_t)1 << 30);
    frame_header(bytes, (size_t)1 << 30);
    frame_feed(&frame, slice_of(bytes, sizeof(bytes)));
    ck_assert_int_eq(frame_next(&frame, &message), FRAME_MORE);
    ck_assert_uint_le(frame.partial->size, 4096);
    frame_clear(&frame);
}
END_TEST

static Suite *
suite(void)
{
    Suite *s = suite_create("frame");
    TCase *t = tcase_create("frame");

    tcase_add_test(t, any_pieces);
    tcase_add_test(t, too_long);
    tcase_add_test(t, claims_cost_nothing);
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

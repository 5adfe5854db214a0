/* SPDX-License-Identifier: Apache-2.0 */
/* Frames beside vectors worked out by hand, and fragments put together. */
#include <check.h>
#include <glib.h>
#include <stdlib.h>
#include <string.h>

#include "sim/capture_frame.h"

static GPtrArray *frames; /* of GBytes */

static void
collect(void *data, const uint8_t *frame, size_t size)
{
    (void)data;
    g_ptr_array_add(frames, g_bytes_new(frame, size));
}

static const struct {
    const char *name;
    uint8_t bytes[20];
    size_t size;
    uint32_t start;
    uint16_t want;
} sums[] = {
    /* RFC 1071 section 3: the sum is ddf2. */
    {"RFC 1071", {0, 1, 0xf2, 3, 0xf4, 0xf5, 0xf6, 0xf7}, 8, 0, 0x220d},
    {"odd", {0xff}, 1, 0, 0x00ff},
    {"nothing", {0}, 0, 0, 0xffff},
    {"carry twice", {0xff, 0xff, 0, 1}, 4, 0xffff, 0xfffe},
    /* The header that textbooks use. */
    {"IP header",
     {0x45, 0, 0,    0x73, 0, 0, 0x40, 0,    0x40, 0x11,
      0,    0, 0xc0, 0xa8, 0, 1, 0xc0, 0xa8, 0,    0xc7},
     20,
     0,
     0xb861},
};

START_TEST(test_checksum)
{
    ck_assert_msg(capture_frame_checksum(sums[_i].bytes, sums[_i].size,
                                         sums[_i].start) == sums[_i].want,
                  "%s", sums[_i].name);
}
END_TEST

/* Node 1 of region 2 to client 258 of no region, "hi". By hand:
 *   IP   4500+001e+0007+4011+0a02+0001+0ac8+0102 = 9b03 -> 64fc
 *   UDP  0a02+0001+0ac8+0102+0011+000a + 1b59+1b5a+000a+6869 = b50e -> 4af1 */
static const uint8_t udp_frame[] = {
    0x02, 0x5b, 0x00, 0x01, 0x01, 0x02, 0x02, 0x5b, 0x02, 0x00, 0x00,
    0x01, 0x08, 0x00, 0x45, 0x00, 0x00, 0x1e, 0x00, 0x07, 0x00, 0x00,
    0x40, 0x11, 0x64, 0xfc, 0x0a, 0x02, 0x00, 0x01, 0x0a, 0xc8, 0x01,
    0x02, 0x1b, 0x59, 0x1b, 0x5a, 0x00, 0x0a, 0x4a, 0xf1, 'h',  'i'};

START_TEST(test_udp)
{
    CaptureEnd from = capture_frame_end(1, 2, false, 7001);
    CaptureEnd to = capture_frame_end(258, 0, true, 7002);

    capture_frame_udp(&from, &to, 7, 1500, (const uint8_t *)"hi", 2, collect,
                      NULL);
    ck_assert_uint_eq(frames->len, 1);

    size_t size;
    const uint8_t *bytes = g_bytes_get_data(frames->pdata[0], &size);

    ck_assert_uint_eq(size, sizeof udp_frame);
    for (size_t i = 0; i < size; i++) {
        ck_assert_msg(bytes[i] == udp_frame[i], "byte %zu: %02x, not %02x", i,
                      bytes[i], udp_frame[i]);
    }
}
END_TEST

/* A SYN from node 1 to node 2, no regions. By hand, pseudo header and all:
 *   0a00+0001+0a00+0002+0006+001c + 4000+1b59+0000+0064+0000+0000+7002+ffff
 *   +0204+05b4+0103+0308 = 1eba6 -> eba7 -> 1458 */
static const uint8_t syn[] = {0x40, 0x00, 0x1b, 0x59, 0x00, 0x00, 0x00,
                              0x64, 0x00, 0x00, 0x00, 0x00, 0x70, 0x02,
                              0xff, 0xff, 0x14, 0x58, 0x00, 0x00, 0x02,
                              0x04, 0x05, 0xb4, 0x01, 0x03, 0x03, 0x08};

START_TEST(test_tcp)
{
    CaptureEnd from = capture_frame_end(1, 0, false, 0x4000);
    CaptureEnd to = capture_frame_end(2, 0, false, 7001);
    CaptureTcp tcp = {100, 99, CAPTURE_TCP_SYN, 1460};

    capture_frame_tcp(&from, &to, 1, &tcp, NULL, 0, collect, NULL);

    size_t size;
    const uint8_t *bytes = g_bytes_get_data(frames->pdata[0], &size);

    ck_assert_uint_eq(size, 34 + sizeof syn);
    for (size_t i = 0; i < sizeof syn; i++) {
        ck_assert_msg(bytes[34 + i] == syn[i], "byte %zu: %02x, not %02x", i,
                      bytes[34 + i], syn[i]);
    }
}
END_TEST

static const struct {
    size_t size;
    unsigned mtu;
    unsigned want; /* frames */
} fragments[] = {
    {0, 1500, 1},
    {1472, 1500, 1}, /* 20 + 8 + 1472 = 1500 */
    {1473, 1500, 2},
    {2952, 1500, 2}, /* 1480 + 1480 - 8 */
    {2953, 1500, 3},
    {DATAGRAM_MAX, 1500, 42}, /* 61448 / 1480 = 41.5 */
    {DATAGRAM_MAX, 65535, 1},
    {100, 68, 3},   /* 108 bytes in pieces of 48 */
    {1000, 577, 2}, /* 557 rounds down to 552: 1008 = 552 + 456 */
};

START_TEST(test_fragments)
{
    CaptureEnd from = capture_frame_end(1, 0, false, 7001);
    CaptureEnd to = capture_frame_end(2, 0, false, 7001);
    size_t size = fragments[_i].size, at = 0;
    uint8_t *bytes = g_malloc(size + 1);
    uint8_t *whole = g_malloc0(size + 8);

    for (size_t i = 0; i < size; i++) {
        bytes[i] = (uint8_t)(i * 7 + (i >> 8));
    }
    capture_frame_udp(&from, &to, 9, fragments[_i].mtu, bytes, size, collect,
                      NULL);
    ck_assert_uint_eq(frames->len, fragments[_i].want);
    for (guint i = 0; i < frames->len; i++) {
        size_t frame_size;
        const uint8_t *frame = g_bytes_get_data(frames->pdata[i], &frame_size);
        unsigned word = (unsigned)frame[20] << 8 | frame[21];

        ck_assert_uint_le(frame_size - 14, fragments[_i].mtu);
        ck_assert_uint_eq((unsigned)frame[16] << 8 | frame[17],
                          frame_size - 14);
        ck_assert_uint_eq((word & 0x1fff) * 8, at);
        ck_assert_uint_eq((word & 0x2000) != 0, i + 1 < frames->len);
        ck_assert_uint_eq(capture_frame_checksum(frame + 14, 20, 0), 0);
        memcpy(whole + at, frame + 34, frame_size - 34);
        at += frame_size - 34;
    }
    ck_assert_uint_eq(at, size + 8);
    ck_assert_uint_eq((unsigned)whole[4] << 8 | whole[5], size + 8);
    ck_assert_mem_eq(whole + 8, bytes, size);
    /* 0a000001, 0a000002, protocol 17, length: with the sum in it, zero. */
    ck_assert_uint_eq(capture_frame_checksum(whole, size + 8,
                                             0x0a00 + 1 + 0x0a00 + 2 + 17 +
                                                 (uint32_t)(size + 8)),
                      0);
    g_free(bytes);
    g_free(whole);
}
END_TEST

static void
set_up(void)
{
    frames = g_ptr_array_new_with_free_func((GDestroyNotify)g_bytes_unref);
}

static void
tear_down(void)
{
    g_ptr_array_unref(frames);
}

int
main(void)
{
    Suite *suite = suite_create("capture_frame");
    TCase *tcase = tcase_create("frames");

    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_add_loop_test(tcase, test_checksum, 0, G_N_ELEMENTS(sums));
    tcase_add_test(tcase, test_udp);
    tcase_add_test(tcase, test_tcp);
    tcase_add_loop_test(tcase, test_fragments, 0, G_N_ELEMENTS(fragments));
    suite_add_tcase(suite, tcase);

    SRunner *runner = srunner_create(suite);

    srunner_run_all(runner, CK_NORMAL);

    int failed = srunner_ntests_failed(runner);

    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

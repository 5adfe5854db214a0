/* SPDX-License-Identifier: Apache-2.0 */
/* The digest: its value against libxxhash's one-shot function however the
 * bytes are cut, known values, and the file of checkpoints. */
#include "sim/digest.h"

#include <check.h>
#include <glib/gstdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <xxhash.h>

#include "nodes/dice.h"

static void
assert_value(DigestValue value, const char *want)
{
    char text[DIGEST_TEXT_SIZE];

    digest_text(value, text);
    ck_assert_str_eq(text, want);
}

/* As `xxh128sum` prints them. */
static const struct {
    const char *bytes, *want;
} known[] = {
    {"", "99aa06d3014798d86001c324468d497f"},
    {"a", "a96faf705af16834e6c632b61e964e1f"},
    {"abc", "06b05ab6733a618578af5f94892f3950"},
};

START_TEST(test_known)
{
    Digest digest;

    digest_init(&digest, 0);
    digest_bytes(&digest, known[_i].bytes, strlen(known[_i].bytes));
    assert_value(digest_value(&digest), known[_i].want);
    digest_clear(&digest);
}
END_TEST

/* The same bytes in pieces of many sizes and through every function. */
START_TEST(test_pieces)
{
    static const size_t sizes[] = {0,     1,     7,     8,      65535, 65536,
                                   65537, 65544, 70000, 131072, 300000};
    Stream stream = {.key = (uint64_t)_i + 1};
    size_t size = 300000;
    g_autofree uint8_t *bytes = g_malloc(size);
    size_t done = 0;
    Digest digest;

    for (size_t i = 0; i < size; i++) {
        bytes[i] = (uint8_t)stream_u64(&stream);
    }
    digest_init(&digest, 0);
    while (done < size) {
        size_t piece = _i % 2 == 0
                           ? sizes[stream_below(&stream, G_N_ELEMENTS(sizes))]
                           : stream_below(&stream, 40);
        uint64_t word;
        uint32_t half;

        switch (stream_below(&stream, 6)) {
        case 0:
            digest_u8(&digest, bytes[done]);
            piece = 1;
            break;
        case 1:
            piece = MIN(sizeof(half), size - done);
            if (piece == sizeof(half)) {
                memcpy(&half, bytes + done, piece);
                digest_u32(&digest, half);
            } else {
                digest_bytes(&digest, bytes + done, piece);
            }
            break;
        case 2:
            piece = MIN(sizeof(word), size - done);
            if (piece == sizeof(word)) {
                memcpy(&word, bytes + done, piece);
                digest_u64(&digest, word);
            } else {
                digest_bytes(&digest, bytes + done, piece);
            }
            break;
        default:
            piece = MIN(piece, size - done);
            digest_bytes(&digest, bytes + done, piece);
            break;
        }
        done += piece;
        if (stream_below(&stream, 50) == 0) {
            XXH128_hash_t want = XXH3_128bits(bytes, done);
            DigestValue got = digest_value(&digest);

            ck_assert_uint_eq(got.high, want.high64);
            ck_assert_uint_eq(got.low, want.low64);
        }
    }

    XXH128_hash_t want = XXH3_128bits(bytes, size);

    ck_assert(digest_equal(digest_value(&digest),
                           (DigestValue){want.high64, want.low64}));
    digest_clear(&digest);
}
END_TEST

START_TEST(test_slice)
{
    Digest left, right;

    digest_init(&left, 0);
    digest_init(&right, 0);
    digest_slice(&left, slice_text("ab"));
    digest_slice(&left, slice_text("c"));
    digest_slice(&right, slice_text("a"));
    digest_slice(&right, slice_text("bc"));
    ck_assert(!digest_equal(digest_value(&left), digest_value(&right)));
    digest_clear(&left);
    digest_clear(&right);
}
END_TEST

START_TEST(test_parse)
{
    static const struct {
        const char *text;
        bool good;
    } texts[] = {
        {"99aa06d3014798d86001c324468d497f", true},
        {"99AA06D3014798D86001C324468D497F", true},
        {"99aa06d3014798d86001c324468d497", false},
        {"99aa06d3014798d86001c324468d497g", false},
        {" 9aa06d3014798d86001c324468d497f", false},
        {"", false},
    };

    for (unsigned i = 0; i < G_N_ELEMENTS(texts); i++) {
        DigestValue value;

        ck_assert_msg(digest_parse(texts[i].text, &value) == texts[i].good,
                      "%s", texts[i].text);
        if (texts[i].good) {
            assert_value(value, texts[0].text);
        }
    }
}
END_TEST

static char *
temporary_path(void)
{
    g_autofree char *folder = g_dir_make_tmp("digest-XXXXXX", NULL);

    ck_assert_ptr_nonnull(folder);
    return g_build_filename(folder, "digest.ckpt", NULL);
}

static void
temporary_remove(char *path)
{
    g_autofree char *folder = g_path_get_dirname(path);

    g_unlink(path);
    ck_assert_int_eq(g_rmdir(folder), 0); /* nothing else was left in it */
    g_free(path);
}

START_TEST(test_checkpoints)
{
    char *path = temporary_path();
    GError *error = NULL;
    Digest digest;

    digest_init(&digest, 10);
    for (uint64_t i = 1; i <= 1005; i++) {
        digest_u64(&digest, i);
        digest_event(&digest, i * SIM_MS);
    }
    /* Twice: the second replaces the first. */
    ck_assert(digest_checkpoints_save(&digest, path, &error));
    ck_assert(digest_checkpoints_save(&digest, path, &error));

    GArray *loaded = digest_checkpoints_load(path, &error);

    ck_assert_msg(loaded != NULL, "%s", error ? error->message : "");
    ck_assert_uint_eq(loaded->len, 100);

    Digest again;

    digest_init(&again, 0);
    for (unsigned i = 0; i < loaded->len; i++) {
        DigestCheckpoint *got = &g_array_index(loaded, DigestCheckpoint, i);

        for (uint64_t k = i * 10 + 1; k <= i * 10 + 10; k++) {
            digest_u64(&again, k);
        }
        ck_assert_uint_eq(got->event, i * 10 + 10);
        ck_assert_uint_eq(got->at, (i * 10 + 10) * SIM_MS);
        ck_assert(digest_equal(got->value, digest_value(&again)));
    }
    digest_clear(&again);
    digest_clear(&digest);
    g_array_unref(loaded);
    temporary_remove(path);
}
END_TEST

#define HEX "99aa06d3014798d86001c324468d497f"

static const struct {
    const char *name;
    const char *content;
    size_t size;      /* 0: of a string */
    const char *want; /* in the message; NULL: it is good */
} files[] = {
    {"empty", "", 0, NULL},
    {"one line", "1 0 " HEX "\n", 0, NULL},
    {"same time", "1 5 " HEX "\n2 5 " HEX "\n", 0, NULL},
    {"largest", "18446744073709551615 18446744073709551615 " HEX "\n", 0, NULL},
    {"too large", "18446744073709551616 0 " HEX "\n", 0, ":1: found"},
    {"cut off", "1 0 " HEX "\n2 0 99aa", 0,
     ":2: found `2 0 99aa`, expected "
     "a newline"},
    {"short", "1 0 99aa\n", 0, ":1: found `1 0 99aa`, expected `event"},
    {"long", "1 0 " HEX "0\n", 0, "32 hex digits"},
    {"NUL", "1 0 " HEX "\0x\n", 39, "32 hex digits"},
    {"sign", "-1 0 " HEX "\n", 0, ":1:"},
    {"two spaces", "1  0 " HEX "\n", 0, ":1:"},
    {"empty line", "1 0 " HEX "\n\n", 0, ":2:"},
    {"carriage return", "1 0 " HEX "\r\n", 0, ":1:"},
    {"event 0", "0 0 " HEX "\n", 0, "event numbers that grow"},
    {"event again", "2 0 " HEX "\n2 0 " HEX "\n", 0,
     ":2: found `2 0 " HEX "`, expected event numbers that grow"},
    {"back in time", "1 5 " HEX "\n2 4 " HEX "\n", 0, "do not go back"},
    {"binary", "\x1b[2J\n", 0, "found `?[2J`"},
};

START_TEST(test_load)
{
    char *path = temporary_path();
    size_t size = files[_i].size ? files[_i].size : strlen(files[_i].content);
    GError *error = NULL;

    ck_assert(g_file_set_contents(path, files[_i].content, (gssize)size, NULL));

    GArray *loaded = digest_checkpoints_load(path, &error);

    if (files[_i].want == NULL) {
        ck_assert_msg(loaded != NULL, "%s", files[_i].name);
        g_array_unref(loaded);
    } else {
        ck_assert_msg(loaded == NULL, "%s", files[_i].name);
        ck_assert_msg(strstr(error->message, files[_i].want) != NULL, "%s: %s",
                      files[_i].name, error->message);
        ck_assert_msg(g_str_has_prefix(error->message, path), "%s",
                      error->message);
        ck_assert_ptr_null(strchr(error->message, '\n'));
        g_error_free(error);
    }
    temporary_remove(path);
}
END_TEST

START_TEST(test_no_file)
{
    GError *error = NULL;
    Digest digest;

    ck_assert_ptr_null(digest_checkpoints_load("/nowhere/digest", &error));
    ck_assert_ptr_nonnull(strstr(error->message, "/nowhere/digest"));
    g_clear_error(&error);
    digest_init(&digest, 1);
    digest_event(&digest, 1);
    ck_assert(!digest_checkpoints_save(&digest, "/nowhere/digest", &error));
    ck_assert_ptr_nonnull(strstr(error->message, "/nowhere/digest"));
    g_clear_error(&error);
    digest_clear(&digest);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("digest");
    TCase *cases = tcase_create("digest");

    tcase_add_loop_test(cases, test_known, 0, (int)G_N_ELEMENTS(known));
    tcase_add_loop_test(cases, test_pieces, 0, 8);
    tcase_add_test(cases, test_slice);
    tcase_add_test(cases, test_parse);
    tcase_add_test(cases, test_checkpoints);
    tcase_add_loop_test(cases, test_load, 0, (int)G_N_ELEMENTS(files));
    tcase_add_test(cases, test_no_file);
    suite_add_tcase(suite, cases);

    SRunner *runner = srunner_create(suite);

    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

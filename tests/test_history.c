/* SPDX-License-Identifier: Apache-2.0 */
/* Histories: lines as they must look, mistakes as they must be told, and what
 * was written read back, byte for byte. */
#include "sim/history.h"

#include <check.h>
#include <errno.h>
#include <glib/gstdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "nodes/dice.h"

#define S(text)                                                                \
    {                                                                          \
        (const uint8_t *)(text), sizeof(text) - 1, NULL                        \
    }
#define BYTES(text)                                                            \
    {                                                                          \
        .kind = HISTORY_BYTES, .bytes = S(text)                                \
    }
#define NUMBER(n)                                                              \
    {                                                                          \
        .kind = HISTORY_NUMBER, .number = (n)                                  \
    }

static const struct {
    HistoryEvent event;
    const char *line;
} lines[] = {
    {{.process = 3,
      .type = HISTORY_INVOKE,
      .function = S("read"),
      .key = BYTES("k1"),
      .time = 1204000512},
     "{\"process\":3,\"type\":\"invoke\",\"f\":\"read\",\"key\":\"k1\","
     "\"value\":null,\"time\":1204000512}\n"},
    {{.type = HISTORY_OK,
      .function = S("cas"),
      .key = BYTES("k"),
      .pair = true,
      .expected = NUMBER(-7),
      .value = NUMBER(INT64_MIN),
      .time = UINT64_MAX},
     "{\"process\":0,\"type\":\"ok\",\"f\":\"cas\",\"key\":\"k\","
     "\"value\":[-7,-9223372036854775808],"
     "\"time\":18446744073709551615}\n"},
    {{.type = HISTORY_FAIL,
      .function = S("write"),
      .key = BYTES(""),
      .value = BYTES("a\"\\\n\t\x7f/\xc3\xa9\xf0\x9f\x8c\xb1")},
     "{\"process\":0,\"type\":\"fail\",\"f\":\"write\",\"key\":\"\","
     "\"value\":\"a\\\"\\\\\\n\\u0009\\u007f/\xc3\xa9\xf0\x9f\x8c\xb1\","
     "\"time\":0}\n"},
    {{.type = HISTORY_INFO,
      .function = S("append"),
      .key = BYTES("k"),
      .pair = true,
      .expected = {.kind = HISTORY_NULL},
      .value = BYTES("\xff\x00\x01")},
     "{\"process\":0,\"type\":\"info\",\"f\":\"append\",\"key\":\"k\","
     "\"value\":[null,\"base64:/wAB\"],\"time\":0}\n"},
    {{.type = HISTORY_OK, .function = S("base64:cas")},
     "{\"process\":0,\"type\":\"ok\",\"f\":\"base64:YmFzZTY0OmNhcw==\","
     "\"key\":null,\"value\":null,\"time\":0}\n"},
    {{.type = HISTORY_OK, .function = S("read"), .value = BYTES("base64:text")},
     "{\"process\":0,\"type\":\"ok\",\"f\":\"read\",\"key\":null,"
     "\"value\":\"base64:YmFzZTY0OnRleHQ=\",\"time\":0}\n"},
};

static HistoryReader *
reader_of(const char *text, FILE **file)
{
    *file = fmemopen((void *)text, strlen(text), "r");
    ck_assert_ptr_nonnull(*file);
    return history_reader_new_file(*file, "h");
}

static void
same_value(const HistoryValue *a, const HistoryValue *b)
{
    ck_assert_int_eq(a->kind, b->kind);
    ck_assert_int_eq(a->number, b->number);
    ck_assert_uint_eq(a->bytes.size, b->bytes.size);
    if (a->bytes.size > 0) {
        ck_assert(memcmp(a->bytes.data, b->bytes.data, a->bytes.size) == 0);
    }
}

static void
same(const HistoryEvent *a, const HistoryEvent *b)
{
    ck_assert_uint_eq(a->process, b->process);
    ck_assert_int_eq(a->type, b->type);
    ck_assert_uint_eq(a->function.size, b->function.size);
    ck_assert(memcmp(a->function.data, b->function.data, a->function.size) ==
              0);
    same_value(&a->key, &b->key);
    ck_assert(a->pair == b->pair);
    same_value(&a->expected, &b->expected);
    same_value(&a->value, &b->value);
    ck_assert_uint_eq(a->time, b->time);
}

START_TEST(line_both_ways)
{
    GString *text = g_string_new(NULL);
    HistoryReader *reader;
    HistoryEvent event;
    GError *error = NULL;
    FILE *file;

    history_print(text, &lines[_i].event);
    ck_assert_str_eq(text->str, lines[_i].line);
    reader = reader_of(text->str, &file);
    ck_assert_int_eq(history_reader_next(reader, &event, &error), 1);
    same(&event, &lines[_i].event);
    ck_assert_int_eq(history_reader_next(reader, &event, &error), 0);
    history_reader_free(reader);
    fclose(file);
    g_string_free(text, TRUE);
}
END_TEST

#define HEAD "{\"process\":1,\"type\":\"ok\",\"f\":\"read\",\"time\":2"

/* What others write, and what is refused and how. @want: the value as printed
 * by us, or the message. */
static const struct {
    const char *text, *want;
    int got;
} reads[] = {
    {" { \"time\" : 2 , \"f\":\"read\",\t\"type\":\"ok\",\"process\":1 } \r\n",
     "null", 1},
    {"\n\n" HEAD ",\"value\":5}", "5", 1},
    {HEAD ",\"value\":\"\\u00e9\\ud83c\\udf31\\/\\b\\f\\r\\t\"}",
     "\"\xc3\xa9\xf0\x9f\x8c\xb1/\\u0008\\u000c\\u000d\\u0009\"", 1},
    {HEAD ",\"value\":\"\\u0000\"}", "\"base64:AA==\"", 1},
    {HEAD ",\"value\":[ 1 , 2 ]}", "[1,2]", 1},
    {HEAD ",\"index\":1.5e9,\"error\":[\":timed-out\",{\"a\":[]}],"
          "\"x\":true,\"value\":1}",
     "1", 1},
    {"", "", 0},
    {"\n \n", "", 0},
    {"[]", "h:1: column 1: expected an object, {\"process\":...}", -1},
    {"{}", "h:1: column 3: no \"process\"", -1},
    {"\n" HEAD, "h:2: column 45: expected , or }", -1},
    {HEAD ",}", "h:1: column 46: expected a member's name as a string", -1},
    {HEAD "} x", "h:1: column 47: expected the end of the line", -1},
    {HEAD ",\"time\":3}", "h:1: column 53: \"time\" twice", -1},
    {HEAD ",\"value\":1.5}",
     "h:1: column 55: expected the value as an integer >= 0", -1},
    {HEAD ",\"value\":-x}",
     "h:1: column 55: expected null, an integer or a "
     "string as a value",
     -1},
    {HEAD ",\"value\":9223372036854775808}",
     "h:1: column 73: the value does not fit 64 bits", -1},
    {HEAD ",\"value\":01}",
     "h:1: column 56: expected the value as an integer >= 0", -1},
    {HEAD ",\"value\":[ ]}", "[]", 1},
    {HEAD ",\"value\":[ \"a\"]}", "[\"a\"]", 1},
    {HEAD ",\"value\":[1,null,3]}", "[1,null,3]", 1},
    {HEAD ",\"value\":[1,2 3]}", "h:1: column 59: expected , or ]", -1},
    {HEAD ",\"value\":[1,[2]]}",
     "h:1: column 57: expected null, an integer or a string as a value", -1},
    {HEAD ",\"value\":\"abc", "h:1: column 58: a string without its end", -1},
    {HEAD ",\"value\":\"\\x\"}", "h:1: column 56: unknown escape in a string",
     -1},
    {HEAD ",\"value\":\"\\ud83cx\"}", "h:1: column 61: half a surrogate pair",
     -1},
    {HEAD ",\"value\":\"base64:A\"}", "h:1: column 64: bad base64 in a string",
     -1},
    {HEAD ",\"value\":\"base64:A*==\"}",
     "h:1: column 67: bad base64 in a string", -1},
    {HEAD ",\"value\":\"\xff\"}", "h:1: column 55: not UTF-8, or a NUL byte",
     -1},
    {"{\"type\":\"maybe\"}",
     "h:1: column 9: found type \"maybe\", expected "
     "invoke, ok, fail or info",
     -1},
    {"{\"type\":\"a\\nb\"}",
     "h:1: column 9: found type \"a\\nb\", expected invoke, ok, fail or info",
     -1},
    {"{\"process\":-1}", "h:1: column 12: expected process as an integer >= 0",
     -1},
    {"{\"process\":99999999999999999999}",
     "h:1: column 31: process does not fit 64 bits", -1},
    {"{\"x\":[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[1",
     "h:1: column 39: nested too deeply", -1},
};

START_TEST(read_or_refuse)
{
    HistoryReader *reader;
    HistoryEvent event;
    GError *error = NULL;
    FILE *file;
    /* fmemopen() wants at least a byte */
    char *text = g_strconcat(reads[_i].text, "\n", NULL);
    int got;

    reader = reader_of(text, &file);
    got = history_reader_next(reader, &event, &error);
    ck_assert_msg(got == reads[_i].got, "%d for %s: %s", got, reads[_i].text,
                  error != NULL ? error->message : "");
    if (got > 0) {
        GString *line = g_string_new(NULL);
        char *want =
            g_strdup_printf("\"value\":%s,\"time\":2}\n", reads[_i].want);

        history_print(line, &event);
        ck_assert_msg(g_str_has_suffix(line->str, want), "%s", line->str);
        g_string_free(line, TRUE);
        g_free(want);
    } else if (got < 0) {
        ck_assert_str_eq(error->message, reads[_i].want);
        g_clear_error(&error);
    }
    history_reader_free(reader);
    fclose(file);
    g_free(text);
}
END_TEST

/* Random bytes of any length, through a file. */
START_TEST(what_is_written_is_read)
{
    char *path = g_strdup_printf("test_history_%d.jsonl", (int)getpid());
    GError *error = NULL;
    History *history = history_new(path, &error);
    HistoryReader *reader;
    HistoryEvent event;
    enum { EVENTS = 3000 };
    static uint8_t bytes[EVENTS][64];
    static HistoryEvent events[EVENTS];
    Stream stream = {42, 0};

    ck_assert_ptr_nonnull(history);
    for (unsigned i = 0; i < EVENTS; i++) {
        uint64_t range = i % 3 == 0 ? 256 : i % 3 == 1 ? 128 : 40;

        for (unsigned k = 0; k < 64; k++) {
            bytes[i][k] = (uint8_t)stream_below(&stream, range);
        }
        events[i] = (HistoryEvent){
            .process = i % 7,
            .type = (HistoryType)(i % 4),
            .function = S("append"),
            .key = BYTES("key"),
            .pair = i % 5 == 0,
            .value = {.kind = HISTORY_BYTES, .bytes = {bytes[i], i % 65, NULL}},
            .time = stream_u64(&stream),
        };
        if (i % 10 == 0) {
            events[i].expected.kind = HISTORY_NUMBER;
            events[i].expected.number = (int64_t)stream_u64(&stream);
        }
        history_add(history, &events[i]);
    }
    ck_assert(history_close(history, &error));
    reader = history_reader_new(path, &error);
    ck_assert_ptr_nonnull(reader);
    for (unsigned i = 0; i < EVENTS; i++) {
        ck_assert_int_eq(history_reader_next(reader, &event, &error), 1);
        ck_assert_uint_eq(history_reader_line(reader), i + 1);
        same(&event, &events[i]);
    }
    ck_assert_int_eq(history_reader_next(reader, &event, &error), 0);
    history_reader_free(reader);
    g_unlink(path);
    g_free(path);
}
END_TEST

START_TEST(files_that_cannot_be)
{
    GError *error = NULL;
    History *history;

    ck_assert_ptr_null(history_new("/no/such/folder/h.jsonl", &error));
    ck_assert_str_eq(error->message, "/no/such/folder/h.jsonl: cannot write: "
                                     "No such file or directory");
    g_clear_error(&error);
    ck_assert_ptr_null(history_reader_new("/no/such.jsonl", &error));
    ck_assert_str_eq(error->message,
                     "/no/such.jsonl: cannot read: No such file or directory");
    g_clear_error(&error);
    if (g_file_test("/dev/full", G_FILE_TEST_EXISTS)) {
        history = history_new("/dev/full", &error);
        ck_assert_ptr_nonnull(history);
        history_add(history, &lines[0].event);
        ck_assert(!history_close(history, &error));
        ck_assert_str_eq(error->message,
                         "/dev/full: cannot write: No space left on device");
        g_clear_error(&error);
    }
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("history");
    TCase *tcase = tcase_create("history");
    SRunner *runner;
    int failed;

    tcase_add_loop_test(tcase, line_both_ways, 0, (int)G_N_ELEMENTS(lines));
    tcase_add_loop_test(tcase, read_or_refuse, 0, (int)G_N_ELEMENTS(reads));
    tcase_add_test(tcase, what_is_written_is_read);
    tcase_add_test(tcase, files_that_cannot_be);
    suite_add_tcase(suite, tcase);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

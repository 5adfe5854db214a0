/* SPDX-License-Identifier: Apache-2.0 */
/* The compact trace holds what the text holds, and damage is found. */
#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sim/trace.h"
#include "sim/trace_binary.h"
#include "sim/trace_record.h"
#include "tests/maker_run.h"

static const TraceAbout about = {"made-up", UINT64_MAX, 5, 2};

typedef struct Writers {
    TraceText *text;
    GString *lines;
    TraceWriter *binary;
    unsigned count;
} Writers;

static void
write_record(void *data, const Record *record)
{
    Writers *writers = data;

    trace_text_record(writers->text, writers->lines, record);
    trace_writer_record(writers->binary, record);
    writers->count++;
}

/* A run of a second, as text into @lines and compact as bytes. */
static uint8_t *
write_run(GString *lines, size_t *size, unsigned *count)
{
    char *bytes = NULL;
    FILE *stream = open_memstream(&bytes, size);
    Writers writers = {trace_text_new(&about), lines,
                       trace_writer_new(stream, &about), 0};
    Maker maker;

    maker_init(&maker, write_record, &writers);
    maker_run(&maker, 5, 2, 1, true);
    maker_clear(&maker);
    maker_forget();
    ck_assert(trace_writer_finish(writers.binary));
    fclose(stream);
    trace_text_free(writers.text);
    *count = writers.count;
    return (uint8_t *)bytes;
}

START_TEST(test_same_text)
{
    GString *want = g_string_new(NULL), *got = g_string_new(NULL);
    size_t size;
    unsigned count, read = 0;
    uint8_t *bytes = write_run(want, &size, &count);
    GError *error = NULL;
    TraceReader *reader =
        trace_reader_new_memory(bytes, size, "memory", &error);
    TraceText *text = trace_text_new(&about);
    const Record *record;

    ck_assert_ptr_nonnull(reader);
    ck_assert_str_eq(trace_reader_about(reader)->scenario, "made-up");
    ck_assert(trace_reader_about(reader)->seed == UINT64_MAX);
    ck_assert_uint_eq(trace_reader_about(reader)->node_count, 5);
    ck_assert_uint_eq(trace_reader_about(reader)->client_count, 2);
    while ((record = trace_reader_next(reader, &error)) != NULL) {
        read++;
        ck_assert_uint_eq(record->number, read);
        trace_text_record(text, got, record);
    }
    ck_assert_msg(error == NULL, "%s", error != NULL ? error->message : "");
    ck_assert_ptr_null(trace_reader_next(reader, &error));
    ck_assert_uint_eq(read, count);
    ck_assert(want->len > 20000);
    ck_assert_str_eq(got->str, want->str);
    trace_reader_free(reader);
    trace_text_free(text);
    g_string_free(want, TRUE);
    g_string_free(got, TRUE);
    free(bytes);
}
END_TEST

/* Every kind of input, effect and fact, with odd values in every field. */
static void
odd_record(Maker *maker, InputKind kind)
{
    static Slice parts[3]; /* the record borrows them until maker_end() */
    static const FileInfo files[] = {{"a", UINT64_MAX}, {"b", 0}};
    const char *names[] = {"a", "b"};
    uint64_t values[] = {UINT64_MAX, 0, 1, 2, 3, 1u << 31};

    parts[0] = slice_text("one");
    parts[1] = slice_text("");
    parts[2] = slice_text("three");
    maker_begin(maker, SIM_NEVER - 1, 5);
    maker_message(maker, 3, ~(LinkId)0, 63, slice_text("bytes"));
    maker->input.kind = kind;
    switch (kind) {
    case INPUT_START:
        maker_start(maker, 9, files, 2);
        break;
    case INPUT_SYNCED:
        maker_synced(maker, UINT64_MAX, -5);
        break;
    case INPUT_READ:
        maker->input.read.token = 6;
        maker->input.read.error = INT32_MIN;
        maker->input.read.bytes = slice_text("r");
        break;
    case INPUT_LINK:
        maker->input.link.state = LINK_RESET;
        break;
    case INPUT_CHILD:
        maker->input.child.token = 4;
        maker->input.child.exited = true;
        maker->input.child.status = INT32_MAX;
        maker->input.child.bytes = slice_text("");
        break;
    case INPUT_CONFIG:
        maker->input.config.bytes = slice_text("a=b\n");
        break;
    case INPUT_LOCAL:
        maker->input.local.from = 2;
        maker->input.local.bytes = slice_text("l");
        break;
    default:
        break;
    }
    effects_send(&maker->fx, 1, 2, parts, 3)->after = 77;
    effects_timer(&maker->fx, 3, SIM_NEVER);
    effects_write(&maker->fx, "f", 1, parts, 3);
    effects_truncate(&maker->fx, "f", 2);
    effects_allocate(&maker->fx, "f", 3);
    effects_rename(&maker->fx, "f", "g");
    effects_remove(&maker->fx, "g");
    effects_sync(&maker->fx, 5, names, 2);
    effects_read(&maker->fx, 6, "f", 7, 8);
    effects_open(&maker->fx, link_stream(1, 2, 3));
    effects_close(&maker->fx, link_stream(1, 2, 3));
    effects_pause(&maker->fx, link_stream(1, 2, 3), true);
    effects_spawn(&maker->fx, 9, parts, 2);
    effects_signal(&maker->fx, 9, -15);
    effects_local(&maker->fx, 4, parts[0]);
    effects_probe(&maker->fx, 70, values, 6, parts[2]);
    effects_halt(&maker->fx, "why");
    for (unsigned fact_kind = FACT_SEND; fact_kind <= FACT_DAMAGE;
         fact_kind++) {
        Fact *fact = maker_fact(maker, (FactKind)fact_kind);

        switch (fact_kind % 4) {
        case 0:
            fact->fate = (Fate){
                FATE_NOT_DROPPED, 2, {{1, 2, true}, {3, 4, false}}, true, 5, 6};
            fact->bytes = parts[0];
            break;
        case 1:
            fact->file = "f";
            fact->to = "";
            fact->files = parts;
            fact->file_count = 3;
            break;
        case 2:
            fact->value = UINT64_MAX;
            fact->text = "text";
            fact->fault_kind = 300;
            break;
        default:
            fact->token = 1;
            fact->size = 2;
            fact->offset = 3;
        }
    }
}

typedef struct Encodings {
    GByteArray *all, *without_probes;
} Encodings;

static void
encode(void *data, const Record *record)
{
    Encodings *encodings = data;

    trace_record_encode(encodings->all, record, true);
    trace_record_encode(encodings->without_probes, record, false);
}

START_TEST(test_odd)
{
    Encodings encodings = {g_byte_array_new(), g_byte_array_new()};
    GByteArray *again = g_byte_array_new();
    TraceRecordBuffer *buffer = trace_record_buffer_new();
    Maker maker;

    maker_init(&maker, encode, &encodings);
    odd_record(&maker, (InputKind)_i);
    maker_end(&maker);

    const Record *record =
        trace_record_decode(buffer, encodings.all->data, encodings.all->len);

    ck_assert_ptr_nonnull(record);
    ck_assert_uint_eq(record->fx->count, 17);
    ck_assert_uint_eq(record->fact_count, FACT_DAMAGE);
    ck_assert(event_at(record->event) == SIM_NEVER - 1);
    ck_assert_uint_eq(event_cell(record->event), 5);
    if (_i == INPUT_READ) {
        ck_assert_int_eq(record->input->read.error, INT32_MIN);
    }
    ck_assert(record->fx->items[0].after == 77);
    ck_assert_int_eq(record->fx->items[13].child.number, -15);
    ck_assert_str_eq(record->fx->items[5].disk.to, "g");
    ck_assert(record->fx->items[15].probe.values[0] == UINT64_MAX);
    ck_assert_ptr_null(record->facts[FACT_SEND - 1].text);
    ck_assert_uint_eq(record->facts[FACT_SEND].fault_kind, 300);
    ck_assert_uint_eq(record->facts[FACT_SEND - 1].fault_kind, 0);
    trace_record_encode(again, record, true);
    ck_assert_uint_eq(again->len, encodings.all->len);
    ck_assert_mem_eq(again->data, encodings.all->data, again->len);
    ck_assert_uint_lt(encodings.without_probes->len, again->len);

    /* Cut anywhere, it is no record. */
    for (guint size = 0; size < again->len; size++) {
        ck_assert_ptr_null(trace_record_decode(buffer, again->data, size));
    }
    trace_record_buffer_free(buffer);
    g_byte_array_unref(encodings.all);
    g_byte_array_unref(encodings.without_probes);
    g_byte_array_unref(again);
    maker_clear(&maker);
}
END_TEST

static uint64_t
digest_of(uint64_t probe, uint64_t term)
{
    char *bytes = NULL;
    size_t size = 0;
    FILE *stream = open_memstream(&bytes, &size);
    Writers writers = {trace_text_new(&about), g_string_new(NULL),
                       trace_writer_new(stream, &about), 0};
    Maker maker;

    maker_init(&maker, write_record, &writers);
    maker_begin(&maker, 5, 1);
    maker_message(&maker, 2, link_datagram(2), CHANNEL_RAFT,
                  maker_vote_request(term, 1, false));
    maker_probe(&maker, PROBE_ECHO_SAID, probe, 0, 0);
    maker_end(&maker);
    maker_clear(&maker);
    maker_forget();
    ck_assert(trace_writer_finish(writers.binary));
    fclose(stream);

    TraceReader *reader =
        trace_reader_new_memory((uint8_t *)bytes, size, "memory", NULL);

    ck_assert_ptr_nonnull(trace_reader_next(reader, NULL));

    uint64_t digest = trace_reader_digest(reader);

    trace_reader_free(reader);
    trace_text_free(writers.text);
    g_string_free(writers.lines, TRUE);
    free(bytes);
    return digest;
}

START_TEST(test_digest)
{
    ck_assert(digest_of(1, 3) == digest_of(1, 3));
    ck_assert(digest_of(1, 3) == digest_of(2, 3));
    ck_assert(digest_of(1, 3) != digest_of(1, 4));
}
END_TEST

/* Read all there is; true when it ended well. */
static bool
read_all(const uint8_t *bytes, size_t size)
{
    GError *error = NULL;
    TraceReader *reader =
        trace_reader_new_memory(bytes, size, "memory", &error);

    while (reader != NULL && trace_reader_next(reader, &error) != NULL) {
    }

    bool good = reader != NULL && error == NULL;

    ck_assert(good || error != NULL);
    g_clear_error(&error);
    trace_reader_free(reader);
    return good;
}

START_TEST(test_damage)
{
    GString *lines = g_string_new(NULL);
    size_t size;
    unsigned count;
    uint8_t *bytes = write_run(lines, &size, &count);

    ck_assert(read_all(bytes, size));
    ck_assert(!read_all(bytes, 0));
    for (size_t cut = 1; cut < size; cut += 97) {
        ck_assert_msg(!read_all(bytes, cut), "cut at %zu", cut);
    }
    for (size_t at = 10; at < size; at += 61) {
        bytes[at] ^= 0x10;
        ck_assert_msg(!read_all(bytes, size), "changed at %zu", at);
        bytes[at] ^= 0x10;
    }
    g_string_free(lines, TRUE);
    free(bytes);
}
END_TEST

START_TEST(test_whole_or_absent)
{
    g_autofree char *folder = g_dir_make_tmp("seedbed-XXXXXX", NULL);
    g_autofree char *path = g_build_filename(folder, "trace.sbt.zst", NULL);
    GError *error = NULL;
    Trace *trace = trace_new_binary(path, &about, &error);

    ck_assert_ptr_nonnull(trace);
    ck_assert(!g_file_test(path, G_FILE_TEST_EXISTS));
    trace_free(trace);
    ck_assert(!g_file_test(path, G_FILE_TEST_EXISTS));
    trace = trace_new_binary(path, &about, &error);
    ck_assert(trace_finish(trace, &error));

    TraceReader *reader = trace_reader_new(path, &error);

    ck_assert_ptr_nonnull(reader);
    ck_assert_ptr_null(trace_reader_next(reader, &error));
    ck_assert(error == NULL);
    trace_reader_free(reader);
    ck_assert_int_eq(unlink(path), 0);
    ck_assert_int_eq(rmdir(folder), 0); /* and nothing else is in it */
    ck_assert_ptr_null(trace_new_binary(path, &about, &error));
    ck_assert_ptr_nonnull(strstr(error->message, path));
    g_clear_error(&error);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("trace_binary");
    TCase *tcase = tcase_create("binary");

    tcase_add_test(tcase, test_same_text);
    tcase_add_loop_test(tcase, test_odd, INPUT_START, INPUT_LOCAL + 1);
    tcase_add_test(tcase, test_digest);
    tcase_add_test(tcase, test_damage);
    tcase_add_test(tcase, test_whole_or_absent);
    suite_add_tcase(suite, tcase);

    SRunner *runner = srunner_create(suite);

    srunner_run_all(runner, CK_NORMAL);

    int failed = srunner_ntests_failed(runner);

    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

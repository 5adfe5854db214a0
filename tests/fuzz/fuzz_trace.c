/* SPDX-License-Identifier: Apache-2.0 */
/* libFuzzer: any bytes as a compact trace. An even first byte: what follows is
 * the file. An odd one: it is one record, without the zstd around it that
 * mutations hardly get through. What decodes prints, and encodes to
 * something that decodes to the same. */
#include <glib.h>
#include <string.h>

#include "sim/trace_binary.h"
#include "sim/trace_record.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const TraceAbout about = {"fuzz", 1, 5, 2};

static void
print(TraceText *text, const Record *record)
{
    GString *lines = g_string_new(NULL);

    trace_text_record(text, lines, record);
    g_string_free(lines, TRUE);
}

static void
fuzz_file(const uint8_t *data, size_t size)
{
    GError *error = NULL;
    TraceReader *reader = trace_reader_new_memory(data, size, "fuzz", &error);
    TraceText *text = trace_text_new(&about);
    const Record *record;

    while (reader != NULL &&
           (record = trace_reader_next(reader, &error)) != NULL) {
        (void)trace_reader_digest(reader);
        print(text, record);
    }
    g_assert(reader != NULL || error != NULL);
    g_clear_error(&error);
    trace_reader_free(reader);
    trace_text_free(text);
}

static void
fuzz_record(const uint8_t *data, size_t size)
{
    TraceRecordBuffer *buffer = trace_record_buffer_new();
    const Record *record = trace_record_decode(buffer, data, size);

    if (record != NULL) {
        TraceText *text = trace_text_new(&about);
        GByteArray *once = g_byte_array_new(), *twice = g_byte_array_new();

        print(text, record);
        trace_record_encode(once, record, true);
        record = trace_record_decode(buffer, once->data, once->len);
        g_assert(record != NULL);
        trace_record_encode(twice, record, true);
        g_assert(once->len == twice->len &&
                 memcmp(once->data, twice->data, once->len) == 0);
        g_byte_array_unref(once);
        g_byte_array_unref(twice);
        trace_text_free(text);
    }
    trace_record_buffer_free(buffer);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size > 0 && data[0] % 2 == 0) {
        fuzz_file(data + 1, size - 1);
    } else if (size > 0) {
        fuzz_record(data + 1, size - 1);
    }
    return 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* libFuzzer: any bytes as a history. What is read must print to a line that
 * is read as the same event, and no input may do worse than be refused. */
#include "sim/history.h"

#include <stdio.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
reread(const char *line, size_t size)
{
    FILE *file = fmemopen((void *)line, size, "r");
    HistoryReader *reader = history_reader_new_file(file, "again");
    GString *text = g_string_new(NULL);
    HistoryEvent event;

    g_assert(history_reader_next(reader, &event, NULL) == 1);
    history_print(text, &event);
    g_assert(text->len == size && memcmp(text->str, line, size) == 0);
    g_assert(history_reader_next(reader, &event, NULL) == 0);
    g_string_free(text, TRUE);
    history_reader_free(reader);
    fclose(file);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    HistoryReader *reader;
    HistoryEvent event;
    GError *error = NULL;
    FILE *file;
    int got;

    if (size == 0) {
        return 0;
    }
    file = fmemopen((void *)data, size, "r");
    reader = history_reader_new_file(file, "fuzz");
    while ((got = history_reader_next(reader, &event, &error)) > 0) {
        GString *text = g_string_new(NULL);

        history_print(text, &event);
        reread(text->str, text->len);
        g_string_free(text, TRUE);
    }
    if (got < 0) {
        g_assert(error != NULL && strchr(error->message, '\n') == NULL);
        g_clear_error(&error);
    }
    history_reader_free(reader);
    fclose(file);
    return 0;
}

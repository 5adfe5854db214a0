/* SPDX-License-Identifier: Apache-2.0 */
/* Writing histories: lines are gathered and written in large pieces, and a
 * failure is told once, at the end. */
#include "sim/history.h"

#include <errno.h>
#include <string.h>

#define BASE64_PREFIX "base64:"
#define FLUSH_SIZE    65536u

struct History {
    FILE *file;
    char *path;
    GString *text; /* not written yet */
    int error;     /* errno of the first failure */
};

static void flush(History *history);
static void print_value(GString *out, const HistoryValue *value);
static void print_bytes(GString *out, Slice bytes);
static void print_number(GString *out, uint64_t number);

void
history_add(History *history, const HistoryEvent *event)
{
    history_print(history->text, event);
    if (history->text->len >= FLUSH_SIZE) {
        flush(history);
    }
}

void
history_print(GString *out, const HistoryEvent *event)
{
    g_string_append(out, "{\"process\":");
    print_number(out, event->process);
    g_string_append(out, ",\"type\":\"");
    g_string_append(out, history_type_text(event->type));
    g_string_append(out, "\",\"f\":");
    print_bytes(out, event->function);
    g_string_append(out, ",\"key\":");
    print_value(out, &event->key);
    g_string_append(out, ",\"value\":");
    if (event->pair) {
        g_string_append_c(out, '[');
        print_value(out, &event->expected);
        g_string_append_c(out, ',');
        print_value(out, &event->value);
        g_string_append_c(out, ']');
    } else if (event->list) {
        g_string_append_c(out, '[');
        for (unsigned i = 0; i < event->item_count; i++) {
            if (i > 0) {
                g_string_append_c(out, ',');
            }
            print_value(out, &event->items[i]);
        }
        g_string_append_c(out, ']');
    } else {
        print_value(out, &event->value);
    }
    g_string_append(out, ",\"time\":");
    print_number(out, event->time);
    g_string_append(out, "}\n");
}

const char *
history_type_text(HistoryType type)
{
    static const char *const types[] = {"invoke", "ok", "fail", "info"};

    g_assert(type <= HISTORY_INFO);
    return types[type];
}

static void
flush(History *history)
{
    if (fwrite(history->text->str, 1, history->text->len, history->file) !=
            history->text->len &&
        history->error == 0) {
        history->error = errno;
    }
    g_string_truncate(history->text, 0);
}

static void
print_value(GString *out, const HistoryValue *value)
{
    if (value->kind == HISTORY_NULL) {
        g_string_append(out, "null");
    } else if (value->kind == HISTORY_BYTES) {
        print_bytes(out, value->bytes);
    } else {
        uint64_t number = (uint64_t)value->number;

        if (value->number < 0) {
            g_string_append_c(out, '-');
            number = 0 - number;
        }
        print_number(out, number);
    }
}

static void
print_bytes(GString *out, Slice bytes)
{
    static const char hex[] = "0123456789abcdef";
    const char *text = (const char *)bytes.data;
    size_t plain = 0;
    size_t prefix = strlen(BASE64_PREFIX);

    if (bytes.size > 0 &&
        (!g_utf8_validate_len(text, bytes.size, NULL) ||
         (bytes.size >= prefix && memcmp(text, BASE64_PREFIX, prefix) == 0))) {
        g_autofree char *base64 = g_base64_encode(bytes.data, bytes.size);

        g_string_append(out, "\"" BASE64_PREFIX);
        g_string_append(out, base64);
        g_string_append_c(out, '"');
        return;
    }
    g_string_append_c(out, '"');
    for (size_t i = 0; i < bytes.size; i++) {
        unsigned char c = (unsigned char)text[i];

        if (c >= 0x20 && c != '"' && c != '\\' && c != 0x7f) {
            continue;
        }
        g_string_append_len(out, text + plain, (gssize)(i - plain));
        plain = i + 1;
        g_string_append_c(out, '\\');
        if (c == '"' || c == '\\') {
            g_string_append_c(out, (char)c);
        } else if (c == '\n') {
            g_string_append_c(out, 'n');
        } else {
            g_string_append(out, "u00");
            g_string_append_c(out, hex[c >> 4]);
            g_string_append_c(out, hex[c & 15]);
        }
    }
    if (bytes.size > plain) {
        g_string_append_len(out, text + plain, (gssize)(bytes.size - plain));
    }
    g_string_append_c(out, '"');
}

static void
print_number(GString *out, uint64_t number)
{
    char digits[20];
    unsigned at = sizeof(digits);

    do {
        digits[--at] = (char)('0' + number % 10);
        number /= 10;
    } while (number > 0);
    g_string_append_len(out, digits + at, (gssize)(sizeof(digits) - at));
}

History *
history_new(const char *path, GError **error)
{
    FILE *file = fopen(path, "we");
    History *history;

    if (file == NULL) {
        g_set_error(error, G_FILE_ERROR, (gint)g_file_error_from_errno(errno),
                    "%s: cannot write: %s", path, g_strerror(errno));
        return NULL;
    }
    history = g_new0(History, 1);
    history->file = file;
    history->path = g_strdup(path);
    history->text = g_string_sized_new(FLUSH_SIZE + 1024);
    return history;
}

bool
history_close(History *history, GError **error)
{
    bool good;

    flush(history);
    if (fclose(history->file) != 0 && history->error == 0) {
        history->error = errno;
    }
    good = history->error == 0;
    if (!good) {
        g_set_error(
            error, G_FILE_ERROR, (gint)g_file_error_from_errno(history->error),
            "%s: cannot write: %s", history->path, g_strerror(history->error));
    }
    g_string_free(history->text, TRUE);
    g_free(history->path);
    g_free(history);
    return good;
}

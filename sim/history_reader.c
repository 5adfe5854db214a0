/* SPDX-License-Identifier: Apache-2.0 */
/* Reading histories line by line with a parser of its own: a checker reads
 * millions of lines, and nearly all are six short members without an escape,
 * which are then slices of the line. */
#include "sim/history.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BASE64_PREFIX "base64:"
#define DEPTH_MAX     32u /* of nesting in members that are skipped */

struct HistoryReader {
    FILE *file;
    bool owned;
    char *name;
    char *line;
    size_t line_capacity;
    uint64_t number;
    uint8_t *scratch; /* strings of this line, unescaped and decoded */
    size_t scratch_capacity;
    GArray *items; /* HistoryValue: a list of this line */
};

/* Where the parser is in one line. */
typedef struct Cursor {
    const char *at, *start, *end;
    uint8_t *scratch; /* free room: twice what is left of the line */
    GArray *items;    /* room for a list */
    char *message;    /* the first mistake; NULL: none yet */
} Cursor;

typedef enum Member {
    MEMBER_PROCESS = 1 << 0,
    MEMBER_TYPE = 1 << 1,
    MEMBER_FUNCTION = 1 << 2,
    MEMBER_KEY = 1 << 3,
    MEMBER_VALUE = 1 << 4,
    MEMBER_TIME = 1 << 5,
} Member;

static const struct {
    const char *name;
    Member member;
    bool needed;
} members[] = {
    {"process", MEMBER_PROCESS, true}, {"type", MEMBER_TYPE, true},
    {"f", MEMBER_FUNCTION, true},      {"key", MEMBER_KEY, false},
    {"value", MEMBER_VALUE, false},    {"time", MEMBER_TIME, true},
};

static bool parse_event(Cursor *cursor, HistoryEvent *event);
static bool parse_member(Cursor *cursor, HistoryEvent *event, unsigned *seen);
static bool parse_known(Cursor *cursor, Member member, HistoryEvent *event);
static bool parse_type(Cursor *cursor, HistoryType *type);
static bool parse_pair(Cursor *cursor, HistoryEvent *event);
static bool parse_value(Cursor *cursor, HistoryValue *value);
static bool parse_bytes(Cursor *cursor, const char *what, Slice *bytes);
static bool parse_unsigned(Cursor *cursor, const char *what, uint64_t *value);
static bool parse_integer(Cursor *cursor, int64_t *value);
static bool parse_string(Cursor *cursor, const char *what, Slice *text);
static bool unescape(Cursor *cursor, Slice *text);
static bool parse_unit(Cursor *cursor, uint32_t *unit);
static bool decode_base64(Cursor *cursor, Slice *bytes);
static bool skip_value(Cursor *cursor, unsigned depth);
static bool skip_container(Cursor *cursor, unsigned depth);
static void skip_space(Cursor *cursor);
static bool take(Cursor *cursor, char c);
static bool take_word(Cursor *cursor, const char *word);
static bool fail(Cursor *cursor, const char *format, ...) G_GNUC_PRINTF(2, 3);

int
history_reader_next(HistoryReader *reader, HistoryEvent *event, GError **error)
{
    ssize_t size;
    Cursor cursor;

    do {
        errno = 0;
        size = getline(&reader->line, &reader->line_capacity, reader->file);
        if (size < 0 && (ferror(reader->file) || errno == ENOMEM)) {
            g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_IO,
                        "%s:%" G_GUINT64_FORMAT ": cannot read: %s",
                        reader->name, reader->number + 1, g_strerror(errno));
            return -1;
        }
        if (size < 0) {
            return 0;
        }
        reader->number++;
        size -= size > 0 && reader->line[size - 1] == '\n';
        cursor = (Cursor){
            .at = reader->line,
            .start = reader->line,
            .end = reader->line + size,
        };
        skip_space(&cursor);
    } while (cursor.at == cursor.end);

    if (reader->scratch_capacity < (size_t)size * 2) {
        reader->scratch_capacity = (size_t)size * 2;
        g_free(reader->scratch);
        reader->scratch = g_malloc(reader->scratch_capacity);
    }
    cursor.scratch = reader->scratch;
    cursor.items = reader->items;
    *event = (HistoryEvent){0};
    if (parse_event(&cursor, event)) {
        return 1;
    }
    g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_INVAL,
                "%s:%" G_GUINT64_FORMAT ": column %zu: %s", reader->name,
                reader->number, (size_t)(cursor.at - cursor.start) + 1,
                cursor.message);
    g_free(cursor.message);
    return -1;
}

uint64_t
history_reader_line(const HistoryReader *reader)
{
    return reader->number;
}

static bool
parse_event(Cursor *cursor, HistoryEvent *event)
{
    unsigned seen = 0;

    if (!g_utf8_validate_len(cursor->start,
                             (size_t)(cursor->end - cursor->start),
                             &cursor->at)) {
        return fail(cursor, "not UTF-8, or a NUL byte");
    }
    cursor->at = cursor->start;
    skip_space(cursor);
    if (!take(cursor, '{')) {
        return fail(cursor, "expected an object, {\"process\":...}");
    }
    skip_space(cursor);
    if (!take(cursor, '}')) {
        do {
            if (!parse_member(cursor, event, &seen)) {
                return false;
            }
        } while (take(cursor, ','));
        if (!take(cursor, '}')) {
            return fail(cursor, "expected , or }");
        }
    }
    skip_space(cursor);
    if (cursor->at != cursor->end) {
        return fail(cursor, "expected the end of the line");
    }
    for (unsigned i = 0; i < G_N_ELEMENTS(members); i++) {
        if (members[i].needed && !(seen & members[i].member)) {
            return fail(cursor, "no \"%s\"", members[i].name);
        }
    }
    return true;
}

/* One "name": value, with the space around it. */
static bool
parse_member(Cursor *cursor, HistoryEvent *event, unsigned *seen)
{
    Slice name;
    unsigned which = 0;
    bool good;

    skip_space(cursor);
    if (!parse_string(cursor, "a member's name", &name)) {
        return false;
    }
    skip_space(cursor);
    if (!take(cursor, ':')) {
        return fail(cursor, "expected :");
    }
    skip_space(cursor);
    while (which < G_N_ELEMENTS(members) &&
           (strlen(members[which].name) != name.size ||
            memcmp(members[which].name, name.data, name.size) != 0)) {
        which++;
    }
    if (which == G_N_ELEMENTS(members)) {
        good = skip_value(cursor, 0);
    } else if (*seen & members[which].member) {
        good = fail(cursor, "\"%s\" twice", members[which].name);
    } else {
        *seen |= members[which].member;
        good = parse_known(cursor, members[which].member, event);
    }
    skip_space(cursor);
    return good;
}

static bool
parse_known(Cursor *cursor, Member member, HistoryEvent *event)
{
    switch (member) {
    case MEMBER_PROCESS:
        return parse_unsigned(cursor, "process", &event->process);
    case MEMBER_TYPE:
        return parse_type(cursor, &event->type);
    case MEMBER_FUNCTION:
        return parse_bytes(cursor, "the name of a function", &event->function);
    case MEMBER_KEY:
        return parse_value(cursor, &event->key);
    case MEMBER_VALUE:
        return parse_pair(cursor, event);
    case MEMBER_TIME:
        return parse_unsigned(cursor, "time", &event->time);
    }
    g_assert_not_reached();
}

static bool
parse_type(Cursor *cursor, HistoryType *type)
{
    Slice text;
    Cursor before = *cursor;

    if (!parse_string(cursor, "a type", &text)) {
        return false;
    }
    for (HistoryType i = HISTORY_INVOKE; i <= HISTORY_INFO; i++) {
        const char *name = history_type_text(i);

        if (strlen(name) == text.size &&
            memcmp(name, text.data, text.size) == 0) {
            *type = i;
            return true;
        }
    }
    cursor->at = before.at;

    /* It is shown on one line, whatever is in it. */
    g_autofree char *found =
        g_strndup((const char *)text.data, MIN(text.size, 40));
    g_autofree char *shown = g_strescape(found, NULL);

    return fail(cursor, "found type \"%s\", expected invoke, ok, fail or info",
                shown);
}

/* A value, a list of them, or [expected, value]. */
static bool
parse_pair(Cursor *cursor, HistoryEvent *event)
{
    HistoryValue value;

    if (!take(cursor, '[')) {
        return parse_value(cursor, &event->value);
    }
    g_array_set_size(cursor->items, 0);
    skip_space(cursor);
    if (!take(cursor, ']')) {
        do {
            value = (HistoryValue){0};
            skip_space(cursor);
            if (!parse_value(cursor, &value)) {
                return false;
            }
            g_array_append_val(cursor->items, value);
            skip_space(cursor);
        } while (take(cursor, ','));
        if (!take(cursor, ']')) {
            return fail(cursor, "expected , or ]");
        }
    }
    event->items = (const HistoryValue *)(const void *)cursor->items->data;
    event->item_count = cursor->items->len;
    if (event->item_count == 2) {
        event->pair = true;
        event->expected = event->items[0];
        event->value = event->items[1];
    } else {
        event->list = true;
    }
    return true;
}

static bool
parse_value(Cursor *cursor, HistoryValue *value)
{
    if (cursor->at < cursor->end && *cursor->at == '"') {
        value->kind = HISTORY_BYTES;
        return parse_bytes(cursor, "a value", &value->bytes);
    }
    if (take_word(cursor, "null")) {
        value->kind = HISTORY_NULL;
        return true;
    }
    value->kind = HISTORY_NUMBER;
    return parse_integer(cursor, &value->number);
}

/* A string as history_print() writes bytes. */
static bool
parse_bytes(Cursor *cursor, const char *what, Slice *bytes)
{
    size_t prefix = strlen(BASE64_PREFIX);

    if (!parse_string(cursor, what, bytes)) {
        return false;
    }
    return bytes->size < prefix ||
           memcmp(bytes->data, BASE64_PREFIX, prefix) != 0 ||
           decode_base64(cursor, bytes);
}

static bool
parse_unsigned(Cursor *cursor, const char *what, uint64_t *value)
{
    const char *start = cursor->at;

    *value = 0;
    while (cursor->at < cursor->end && g_ascii_isdigit(*cursor->at)) {
        unsigned digit = (unsigned)(*cursor->at - '0');

        if (*value > (UINT64_MAX - digit) / 10) {
            return fail(cursor, "%s does not fit 64 bits", what);
        }
        *value = *value * 10 + digit;
        cursor->at++;
    }
    if (cursor->at == start || (*start == '0' && cursor->at - start > 1) ||
        (cursor->at < cursor->end && strchr(".eE", *cursor->at) != NULL)) {
        return fail(cursor, "expected %s as an integer >= 0", what);
    }
    return true;
}

static bool
parse_integer(Cursor *cursor, int64_t *value)
{
    bool negative = take(cursor, '-');
    uint64_t number;

    if (cursor->at == cursor->end || !g_ascii_isdigit(*cursor->at)) {
        return fail(cursor, "expected null, an integer or a string as a value");
    }
    if (!parse_unsigned(cursor, "the value", &number)) {
        return false;
    }
    if (number > (uint64_t)INT64_MAX + negative) {
        return fail(cursor, "the value does not fit 64 bits");
    }
    *value = (int64_t)(negative ? 0 - number : number);
    return true;
}

/* A slice of the line, or of the scratch memory if it had escapes. */
static bool
parse_string(Cursor *cursor, const char *what, Slice *text)
{
    const char *start;

    if (!take(cursor, '"')) {
        return fail(cursor, "expected %s as a string", what);
    }
    start = cursor->at;
    while (cursor->at < cursor->end) {
        unsigned char c = (unsigned char)*cursor->at;

        if (c == '"') {
            *text = slice_of(start, (size_t)(cursor->at - start));
            cursor->at++;
            return true;
        }
        if (c == '\\') {
            cursor->at = start;
            return unescape(cursor, text);
        }
        if (c < 0x20) {
            break;
        }
        cursor->at++;
    }
    return fail(cursor, "a string without its end");
}

static bool
unescape(Cursor *cursor, Slice *text)
{
    static const char from[] = "\"\\/bfnrt";
    static const char to[] = "\"\\/\b\f\n\r\t";
    uint8_t *out = cursor->scratch;

    while (cursor->at < cursor->end && (unsigned char)*cursor->at >= 0x20) {
        char c = *cursor->at++;

        if (c == '"') {
            *text = slice_of(cursor->scratch, (size_t)(out - cursor->scratch));
            cursor->scratch = out;
            return true;
        }
        if (c != '\\') {
            *out++ = (uint8_t)c;
            continue;
        }

        char escape = cursor->at < cursor->end ? *cursor->at : '\0';
        const char *found = escape != '\0' ? strchr(from, escape) : NULL;

        if (found != NULL) {
            cursor->at++;
            *out++ = (uint8_t)to[found - from];
        } else {
            uint32_t unit;
            uint32_t low;

            if (!parse_unit(cursor, &unit)) {
                return false;
            }
            if (unit >= 0xd800 && unit < 0xdc00) {
                if (!take(cursor, '\\') || !parse_unit(cursor, &low) ||
                    low < 0xdc00 || low > 0xdfff) {
                    return fail(cursor, "half a surrogate pair");
                }
                unit = 0x10000 + ((unit - 0xd800) << 10) + (low - 0xdc00);
            } else if (unit >= 0xdc00 && unit < 0xe000) {
                return fail(cursor, "half a surrogate pair");
            }
            out += g_unichar_to_utf8(unit, (char *)out);
        }
    }
    return fail(cursor, "a string without its end");
}

/* What follows the backslash: uXXXX. Its UTF-8 is never longer. */
static bool
parse_unit(Cursor *cursor, uint32_t *unit)
{
    if (!take(cursor, 'u')) {
        return fail(cursor, "unknown escape in a string");
    }
    *unit = 0;
    for (unsigned i = 0; i < 4; i++) {
        if (cursor->at == cursor->end || !g_ascii_isxdigit(*cursor->at)) {
            return fail(cursor, "expected four hex digits after \\u");
        }
        *unit = *unit << 4 | (uint32_t)g_ascii_xdigit_value(*cursor->at++);
    }
    return true;
}

/* The bytes of a "base64:..." string: whole groups of four, nothing else. */
static bool
decode_base64(Cursor *cursor, Slice *bytes)
{
    size_t prefix = strlen(BASE64_PREFIX);
    const uint8_t *text = bytes->data + prefix;
    size_t size = bytes->size - prefix;
    size_t padding = 0;
    gint state = 0;
    guint save = 0;
    size_t count;

    while (padding < MIN(size, 2) && text[size - 1 - padding] == '=') {
        padding++;
    }
    for (size_t i = 0; i < size - padding; i++) {
        if (!g_ascii_isalnum(text[i]) && text[i] != '+' && text[i] != '/') {
            return fail(cursor, "bad base64 in a string");
        }
    }
    if (size % 4 != 0) {
        return fail(cursor, "bad base64 in a string");
    }
    count = g_base64_decode_step((const char *)text, size, cursor->scratch,
                                 &state, &save);
    *bytes = slice_of(cursor->scratch, count);
    cursor->scratch += count;
    return true;
}

/* Any JSON value, of a member that is not ours. */
static bool
skip_value(Cursor *cursor, unsigned depth)
{
    Slice ignored;
    const char *start = cursor->at;

    if (depth > DEPTH_MAX) {
        return fail(cursor, "nested too deeply");
    }
    if (start < cursor->end && (*start == '{' || *start == '[')) {
        return skip_container(cursor, depth);
    }
    if (start < cursor->end && *start == '"') {
        return parse_string(cursor, "a value", &ignored);
    }
    if (take_word(cursor, "null") || take_word(cursor, "true") ||
        take_word(cursor, "false")) {
        return true;
    }
    while (cursor->at < cursor->end && (g_ascii_isdigit(*cursor->at) ||
                                        strchr("+-.eE", *cursor->at) != NULL)) {
        cursor->at++;
    }
    if (cursor->at == start) {
        return fail(cursor, "expected a value");
    }
    return true;
}

static bool
skip_container(Cursor *cursor, unsigned depth)
{
    bool object = *cursor->at == '{';
    char close = object ? '}' : ']';
    Slice ignored;

    cursor->at++;
    skip_space(cursor);
    if (take(cursor, close)) {
        return true;
    }
    do {
        skip_space(cursor);
        if (object) {
            if (!parse_string(cursor, "a member's name", &ignored)) {
                return false;
            }
            skip_space(cursor);
            if (!take(cursor, ':')) {
                return fail(cursor, "expected :");
            }
            skip_space(cursor);
        }
        if (!skip_value(cursor, depth + 1)) {
            return false;
        }
        skip_space(cursor);
    } while (take(cursor, ','));
    return take(cursor, close) || fail(cursor, "expected , or %c", close);
}

static void
skip_space(Cursor *cursor)
{
    while (cursor->at < cursor->end &&
           (*cursor->at == ' ' || *cursor->at == '\t' || *cursor->at == '\r' ||
            *cursor->at == '\n')) {
        cursor->at++;
    }
}

static bool
take(Cursor *cursor, char c)
{
    if (cursor->at == cursor->end || *cursor->at != c) {
        return false;
    }
    cursor->at++;
    return true;
}

static bool
take_word(Cursor *cursor, const char *word)
{
    size_t size = strlen(word);

    if ((size_t)(cursor->end - cursor->at) < size ||
        memcmp(cursor->at, word, size) != 0) {
        return false;
    }
    cursor->at += size;
    return true;
}

/* Keep the first message. Returns false. */
static bool
fail(Cursor *cursor, const char *format, ...)
{
    va_list arguments;

    if (cursor->message == NULL) {
        va_start(arguments, format);
        cursor->message = g_strdup_vprintf(format, arguments);
        va_end(arguments);
    }
    return false;
}

HistoryReader *
history_reader_new(const char *path, GError **error)
{
    FILE *file = fopen(path, "re");
    HistoryReader *reader;

    if (file == NULL) {
        g_set_error(error, G_FILE_ERROR, (gint)g_file_error_from_errno(errno),
                    "%s: cannot read: %s", path, g_strerror(errno));
        return NULL;
    }
    reader = history_reader_new_file(file, path);
    reader->owned = true;
    return reader;
}

HistoryReader *
history_reader_new_file(FILE *file, const char *name)
{
    HistoryReader *reader = g_new0(HistoryReader, 1);

    reader->file = file;
    reader->name = g_strdup(name);
    reader->items = g_array_new(FALSE, FALSE, sizeof(HistoryValue));
    return reader;
}

void
history_reader_free(HistoryReader *reader)
{
    if (reader == NULL) {
        return;
    }
    if (reader->owned) {
        fclose(reader->file);
    }
    free(reader->line); /* getline's */
    g_free(reader->scratch);
    g_free(reader->name);
    g_array_free(reader->items, TRUE);
    g_free(reader);
}

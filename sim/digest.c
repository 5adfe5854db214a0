/* SPDX-License-Identifier: Apache-2.0 */
/* The rolling digest, on libxxhash's streaming XXH3-128, and the file of its
 * checkpoints. */
#include "sim/digest.h"

#include <errno.h>
#include <xxhash.h>

void
digest_flush(Digest *digest)
{
    XXH3_128bits_update(digest->state, digest->buffer, digest->used);
    digest->used = 0;
}

void
digest_bytes(Digest *digest, const void *data, size_t size)
{
    if (size > DIGEST_BUFFER_SIZE - digest->used) {
        digest_flush(digest);
    }
    if (size >= DIGEST_BUFFER_SIZE) {
        XXH3_128bits_update(digest->state, data, size);
        return;
    }
    if (size > 0) {
        memcpy(digest->buffer + digest->used, data, size);
        digest->used += size;
    }
}

void
digest_slice(Digest *digest, Slice slice)
{
    digest_u64(digest, slice.size);
    digest_bytes(digest, slice.data, slice.size);
}

void
digest_event(Digest *digest, SimTime at)
{
    digest->events++;
    if (digest->interval == 0 || digest->events % digest->interval != 0) {
        return;
    }

    DigestCheckpoint checkpoint = {
        .event = digest->events,
        .at = at,
        .value = digest_value(digest),
    };

    g_array_append_val(digest->checkpoints, checkpoint);
}

DigestValue
digest_value(Digest *digest)
{
    digest_flush(digest);

    XXH128_hash_t hash = XXH3_128bits_digest(digest->state);

    return (DigestValue){.high = hash.high64, .low = hash.low64};
}

void
digest_text(DigestValue value, char text[DIGEST_TEXT_SIZE])
{
    g_snprintf(text, DIGEST_TEXT_SIZE,
               "%016" G_GINT64_MODIFIER "x%016" G_GINT64_MODIFIER "x",
               (guint64)value.high, (guint64)value.low);
}

bool
digest_parse(const char *text, DigestValue *value)
{
    uint64_t words[2] = {0, 0};

    for (unsigned i = 0; i < 32; i++) {
        int digit = g_ascii_xdigit_value(text[i]);

        if (digit < 0) {
            return false;
        }
        words[i / 16] = words[i / 16] << 4 | (uint64_t)digit;
    }
    *value = (DigestValue){.high = words[0], .low = words[1]};
    return true;
}

bool
digest_checkpoints_save(const Digest *digest, const char *path, GError **error)
{
    g_autoptr(GString) lines = g_string_new(NULL);

    for (unsigned i = 0; i < digest->checkpoints->len; i++) {
        const DigestCheckpoint *checkpoint =
            &g_array_index(digest->checkpoints, DigestCheckpoint, i);
        char text[DIGEST_TEXT_SIZE];

        digest_text(checkpoint->value, text);
        g_string_append_printf(
            lines, "%" G_GUINT64_FORMAT " %" G_GUINT64_FORMAT " %s\n",
            checkpoint->event, checkpoint->at, text);
    }
    /* Writes a temporary file beside @path and renames it. */
    return g_file_set_contents(path, lines->str, (gssize)lines->len, error);
}

/* A decimal number at *@text, without sign or spaces before it, and the space
 * after it. */
static bool
parse_number(const char **text, uint64_t *number)
{
    char *end;

    if (!g_ascii_isdigit(**text)) {
        return false;
    }
    errno = 0;
    *number = g_ascii_strtoull(*text, &end, 10);
    if (errno != 0 || *end != ' ') {
        return false;
    }
    *text = end + 1;
    return true;
}

/* NULL, or what is wrong with @line, which ends in a NUL at @end; others may
 * be in it. @before is the checkpoint before it, or NULL. */
static const char *
parse_line(const char *line, const char *end, const DigestCheckpoint *before,
           DigestCheckpoint *checkpoint)
{
    const char *text = line;

    if (!parse_number(&text, &checkpoint->event) ||
        !parse_number(&text, &checkpoint->at) ||
        !digest_parse(text, &checkpoint->value) || text + 32 != end) {
        return "expected `event at_ns digest` with a digest of 32 hex digits";
    }
    if (checkpoint->event == 0 ||
        (before != NULL && checkpoint->event <= before->event)) {
        return "expected event numbers that grow";
    }
    if (before != NULL && checkpoint->at < before->at) {
        return "expected times that do not go back";
    }
    return NULL;
}

GArray *
digest_checkpoints_load(const char *path, GError **error)
{
    g_autofree char *content = NULL;
    gsize size;

    if (!g_file_get_contents(path, &content, &size, error)) {
        return NULL;
    }

    g_autoptr(GArray) checkpoints =
        g_array_new(FALSE, FALSE, sizeof(DigestCheckpoint));
    char *line = content;

    for (unsigned number = 1; line < content + size; number++) {
        char *end = memchr(line, '\n', size - (size_t)(line - content));
        DigestCheckpoint checkpoint;
        const char *wrong;

        if (end == NULL) {
            wrong = "expected a newline at the end: the file is cut off";
        } else {
            const DigestCheckpoint *before =
                checkpoints->len == 0
                    ? NULL
                    : &g_array_index(checkpoints, DigestCheckpoint,
                                     checkpoints->len - 1);

            *end = '\0';
            wrong = parse_line(line, end, before, &checkpoint);
        }
        if (wrong != NULL) {
            /* Anything may be in there: show what a terminal can. */
            g_autofree char *shown = g_strndup(line, 80);

            for (char *c = shown; *c != '\0'; c++) {
                *c = g_ascii_isprint(*c) ? *c : '?';
            }
            g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_INVAL,
                        "%s:%u: found `%s`, %s", path, number, shown, wrong);
            return NULL;
        }
        g_array_append_val(checkpoints, checkpoint);
        line = end + 1;
    }
    return g_steal_pointer(&checkpoints);
}

void
digest_init(Digest *digest, uint64_t interval)
{
    *digest = (Digest){
        .buffer = g_malloc(DIGEST_BUFFER_SIZE),
        .state = XXH3_createState(),
        .interval = interval,
        .checkpoints = g_array_new(FALSE, FALSE, sizeof(DigestCheckpoint)),
    };
    g_assert(digest->state != NULL);
    XXH3_128bits_reset(digest->state);
}

void
digest_clear(Digest *digest)
{
    g_array_unref(digest->checkpoints);
    XXH3_freeState(digest->state);
    g_free(digest->buffer);
    *digest = (Digest){0};
}

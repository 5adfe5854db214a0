/* SPDX-License-Identifier: Apache-2.0 */
/* `.dist` files in iproute2's format: whitespace-separated quantiles in
 * units of 1/8192, ascending, with `#` comments. */
#include "netmodel/distribution.h"

#include <string.h>

/* A `.dist` unit in ours. */
#define FILE_SCALE (DISTRIBUTION_ONE / 8192)
/* Longer files are not tables of 16,384 numbers. */
#define FILE_SIZE_MAX (1u << 20)

struct DistributionFiles {
    char *directory;   /* NULL: the working directory */
    GPtrArray *loaded; /* of Distribution, in order of first use */
};

static bool next_number(const char **at, const char *end, unsigned *line,
                        const char **word, gsize *size);
static bool read_number(const char *word, gsize size, int32_t *value);

GQuark
distribution_error_quark(void)
{
    return g_quark_from_static_string("distribution");
}

const Distribution *
distribution_files_load(DistributionFiles *files, const char *name,
                        GError **error)
{
    for (guint i = 0; i < files->loaded->len; i++) {
        const Distribution *known = g_ptr_array_index(files->loaded, i);

        if (strcmp(known->name, name) == 0) {
            return known;
        }
    }
    g_autofree char *path =
        files->directory == NULL || g_path_is_absolute(name)
            ? g_strdup(name)
            : g_build_filename(files->directory, name, NULL);
    g_autofree char *text = NULL;
    gsize size;

    if (!g_file_get_contents(path, &text, &size, error)) {
        return NULL;
    }
    Distribution *made = distribution_parse(path, text, size, error);
    if (made == NULL) {
        return NULL;
    }
    g_free((char *)made->name);
    made->name = g_strdup(name);
    g_ptr_array_add(files->loaded, made);
    return made;
}

const Distribution *
distribution_files_at(const DistributionFiles *files, unsigned index)
{
    return index < files->loaded->len ? g_ptr_array_index(files->loaded, index)
                                      : NULL;
}

char *
distribution_text(const Distribution *distribution)
{
    GString *text =
        g_string_new("# quantiles in units of 1/8192, see tc-netem(8)\n");

    for (uint32_t i = 0; i < distribution->count; i++) {
        g_string_append_printf(text, "%d\n",
                               distribution->values[i] / FILE_SCALE);
    }
    return g_string_free(text, FALSE);
}

Distribution *
distribution_parse(const char *where, const char *text, gsize size,
                   GError **error)
{
    g_autoptr(GArray) values = g_array_new(FALSE, FALSE, sizeof(int32_t));
    const char *at = text, *end = text + size, *word;
    unsigned line = 1;
    gsize length;

    if (size > FILE_SIZE_MAX) {
        g_set_error(error, DISTRIBUTION_ERROR, 0,
                    "%s: found %" G_GSIZE_FORMAT
                    " bytes, expected a table of at most %u numbers",
                    where, size, DISTRIBUTION_ENTRIES_MAX);
        return NULL;
    }
    while (next_number(&at, end, &line, &word, &length)) {
        int32_t value;

        if (!read_number(word, length, &value)) {
            g_autofree char *found =
                g_utf8_make_valid(word, (gssize)MIN(length, 20));

            g_set_error(error, DISTRIBUTION_ERROR, 0,
                        "%s:%u: found '%s', expected an integer of "
                        "-32768..32767",
                        where, line, found);
            return NULL;
        }
        value *= FILE_SCALE;
        if (values->len > 0 &&
            value < g_array_index(values, int32_t, values->len - 1)) {
            g_set_error(error, DISTRIBUTION_ERROR, 0,
                        "%s:%u: found %d after %d, expected ascending "
                        "quantiles",
                        where, line, value / FILE_SCALE,
                        g_array_index(values, int32_t, values->len - 1) /
                            FILE_SCALE);
            return NULL;
        }
        if (values->len == DISTRIBUTION_ENTRIES_MAX) {
            g_set_error(error, DISTRIBUTION_ERROR, 0,
                        "%s:%u: found more than %u numbers, expected at most "
                        "that many",
                        where, line, DISTRIBUTION_ENTRIES_MAX);
            return NULL;
        }
        g_array_append_val(values, value);
    }
    if (values->len < 2) {
        g_set_error(error, DISTRIBUTION_ERROR, 0,
                    "%s:%u: found the end after %u numbers, expected at "
                    "least 2",
                    where, line, values->len);
        return NULL;
    }
    Distribution *made = g_new0(Distribution, 1);

    made->name = g_strdup(where);
    made->count = values->len;
    made->values = (int32_t *)g_array_steal(values, NULL);
    return made;
}

/* The next word outside comments; @line is the one it is on. */
static bool
next_number(const char **at, const char *end, unsigned *line, const char **word,
            gsize *size)
{
    const char *p = *at;

    while (p < end && (g_ascii_isspace(*p) || *p == '#')) {
        if (*p == '#') {
            while (p < end && *p != '\n') {
                p++;
            }
            continue;
        }
        if (*p == '\n') {
            (*line)++;
        }
        p++;
    }
    *word = p;
    while (p < end && !g_ascii_isspace(*p) && *p != '#') {
        p++;
    }
    *at = p;
    *size = (gsize)(p - *word);
    return *size > 0;
}

static bool
read_number(const char *word, gsize size, int32_t *value)
{
    bool minus = *word == '-';
    gsize i = minus || *word == '+' ? 1 : 0;
    int32_t number = 0;

    if (i == size) {
        return false;
    }
    for (; i < size; i++) {
        if (!g_ascii_isdigit(word[i]) || number > 32768) {
            return false;
        }
        number = number * 10 + (word[i] - '0');
    }
    number = minus ? -number : number;
    *value = number;
    return number >= INT16_MIN && number <= INT16_MAX;
}

void
distribution_free(Distribution *distribution)
{
    if (distribution != NULL) {
        g_free((char *)distribution->name);
        g_free((int32_t *)distribution->values);
        g_free(distribution);
    }
}

DistributionFiles *
distribution_files_new(const char *directory)
{
    DistributionFiles *files = g_new0(DistributionFiles, 1);

    files->directory = g_strdup(directory);
    files->loaded =
        g_ptr_array_new_with_free_func((GDestroyNotify)distribution_free);
    return files;
}

void
distribution_files_free(DistributionFiles *files)
{
    if (files != NULL) {
        g_ptr_array_unref(files->loaded);
        g_free(files->directory);
        g_free(files);
    }
}

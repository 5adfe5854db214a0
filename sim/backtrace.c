/* SPDX-License-Identifier: Apache-2.0 */
/* Names for the addresses of a backtrace, by way of addr2line. */
#include "sim/backtrace.h"

#include <glib.h>
#include <stdio.h>
#include <string.h>

/* The handler and its helpers are within so many frames. */
#define HANDLER_FRAMES 6u

static unsigned skip_handler(char **lines);
static char *address_of(const char *line, char **path);
static char **ask(const char *path, GPtrArray *addresses);
static void name_object(char **lines, unsigned first, const char *path);
static void drop_noise(char *line);

void
backtrace_name(char *text, size_t size)
{
    char **lines = g_strsplit(text, "\n", -1);
    unsigned first = skip_handler(lines);
    GString *named = g_string_new(NULL);

    for (unsigned i = first; lines[i] != NULL; i++) {
        g_autofree char *path = NULL;
        g_autofree char *address = address_of(lines[i], &path);

        if (address != NULL) {
            name_object(lines, i, path);
        }
    }
    for (unsigned i = first; lines[i] != NULL; i++) {
        if (lines[i][0] != '\0') {
            drop_noise(lines[i]);
            g_string_append_printf(named, "%s\n", lines[i]);
        }
    }
    g_strlcpy(text, named->str, size);
    g_string_free(named, TRUE);
    g_strfreev(lines);
}

/* The kernel returns from a handler through a stub of the C library: what is
 * above that frame is ours, what is below is the culprit's. */
static unsigned
skip_handler(char **lines)
{
    for (unsigned i = 0; i < HANDLER_FRAMES && lines[i] != NULL; i++) {
        if (strstr(lines[i], "/libc.so.") != NULL) {
            return i + 1;
        }
    }
    return 0;
}

/* The address in "PATH(+0xADDRESS) [...]", one less, because it is where the
 * call returns to; NULL for a frame that has a name already. */
static char *
address_of(const char *line, char **path)
{
    const char *open = strchr(line, '(');
    guint64 address;

    if (open == NULL || open[1] != '+') {
        return NULL;
    }
    address = g_ascii_strtoull(open + 2, NULL, 16);
    if (address == 0) {
        return NULL;
    }
    *path = g_strndup(line, (gsize)(open - line));
    return g_strdup_printf("0x%" G_GINT64_MODIFIER "x", address - 1);
}

/* Name all frames of @path from line @first on, with one question. */
static void
name_object(char **lines, unsigned first, const char *path)
{
    GPtrArray *addresses = g_ptr_array_new_with_free_func(g_free);
    GArray *numbers = g_array_new(FALSE, FALSE, sizeof(unsigned));
    char **names;

    for (unsigned i = first; lines[i] != NULL; i++) {
        g_autofree char *other = NULL;
        char *address = address_of(lines[i], &other);

        if (address != NULL && strcmp(path, other) == 0) {
            g_ptr_array_add(addresses, address);
            g_array_append_val(numbers, i);
        } else {
            g_free(address);
        }
    }
    names = ask(path, addresses);
    for (unsigned i = 0; i < numbers->len; i++) {
        char **line = &lines[g_array_index(numbers, unsigned, i)];

        if (names != NULL && i < g_strv_length(names) &&
            (g_ascii_isalpha(names[i][0]) || names[i][0] == '_')) {
            g_free(*line);
            *line = g_strdup(names[i]);
        } else {
            /* "PATH+0xADDRESS": nobody asks for it again. */
            char *open = strchr(*line, '(');
            char *close = strchr(open, ')');

            if (close != NULL) {
                *close = '\0';
            }
            memmove(open, open + 1, strlen(open + 1) + 1);
        }
    }
    g_strfreev(names);
    g_array_free(numbers, TRUE);
    g_ptr_array_free(addresses, TRUE);
}

/* A line for each address, or NULL. */
static char **
ask(const char *path, GPtrArray *addresses)
{
    GPtrArray *arguments = g_ptr_array_new();
    char *output = NULL;
    char **lines = NULL;
    int status;

    g_ptr_array_add(arguments, (char *)"addr2line");
    g_ptr_array_add(arguments, (char *)"-fspe");
    g_ptr_array_add(arguments, (char *)path);
    for (unsigned i = 0; i < addresses->len; i++) {
        g_ptr_array_add(arguments, addresses->pdata[i]);
    }
    g_ptr_array_add(arguments, NULL);
    if (g_spawn_sync(NULL, (char **)arguments->pdata, NULL,
                     G_SPAWN_SEARCH_PATH | G_SPAWN_STDERR_TO_DEV_NULL, NULL,
                     NULL, &output, NULL, &status, NULL) &&
        status == 0) {
        lines = g_strsplit(output, "\n", -1);
    }
    g_free(output);
    g_ptr_array_free(arguments, TRUE);
    return lines;
}

/* Addresses differ from run to run, discriminators tell people nothing. */
static void
drop_noise(char *line)
{
    char *end = strstr(line, " (discriminator ");

    if (end == NULL) {
        end = strstr(line, " [0x");
    }
    if (end == NULL) {
        end = strstr(line, "[0x");
    }
    if (end != NULL) {
        *end = '\0';
    }
    g_strchomp(line);
}

void
backtrace_tidy_text(char *text)
{
    const char *colon = strstr(text, ": ");

    if (colon != NULL && strstr(text, ": Assertion `") != NULL) {
        memmove(text, colon + 2, strlen(colon + 2) + 1);
    }
}

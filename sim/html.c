/* SPDX-License-Identifier: Apache-2.0 */
/* Everything that a run folder says passes through here on its way into a
 * page. */
#include "sim/html.h"

#include <inttypes.h>
#include <stdarg.h>
#include <string.h>

void
html_text(GString *out, const char *text)
{
    html_text_size(out, text, strlen(text));
}

void
html_text_size(GString *out, const char *text, size_t size)
{
    g_autofree char *valid = g_utf8_make_valid(text, (gssize)size);
    g_autofree char *escaped = NULL;

    /* XML has no control characters, not even escaped ones. */
    for (char *at = valid; *at != '\0'; at++) {
        if ((unsigned char)*at < 0x20 && *at != '\n' && *at != '\t') {
            *at = '?';
        }
    }
    escaped = g_markup_escape_text(valid, -1);
    g_string_append(out, escaped);
}

void
html_printf(GString *out, const char *format, ...)
{
    g_autofree char *text = NULL;
    va_list arguments;

    va_start(arguments, format);
    text = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    html_text(out, text);
}

void
html_time(GString *out, uint64_t ns, bool exact)
{
    if (exact) {
        g_string_append_printf(out, "%" PRIu64 ".%09" PRIu64 " s",
                               ns / 1000000000u, ns % 1000000000u);
    } else {
        g_string_append_printf(out, "%" PRIu64 ".%03" PRIu64 " s",
                               ns / 1000000000u, ns % 1000000000u / 1000000u);
    }
}

void
html_count(GString *out, uint64_t value)
{
    char digits[24];
    int size = g_snprintf(digits, sizeof(digits), "%" PRIu64, value);

    for (int i = 0; i < size; i++) {
        if (i > 0 && (size - i) % 3 == 0) {
            g_string_append_c(out, ',');
        }
        g_string_append_c(out, digits[i]);
    }
}

void
html_duration(GString *out, uint64_t ns)
{
    static const struct {
        uint64_t ns;
        const char *name;
    } units[] = {{1000000000u, "s"}, {1000000u, "ms"}, {1000u, "µs"}};

    for (unsigned i = 0; i < G_N_ELEMENTS(units); i++) {
        if (ns >= units[i].ns) {
            double value = (double)ns / (double)units[i].ns;

            g_string_append_printf(out, "%.*f %s",
                                   value < 10    ? 2
                                   : value < 100 ? 1
                                                 : 0,
                                   value, units[i].name);
            return;
        }
    }
    g_string_append_printf(out, "%" PRIu64 "%s", ns, ns > 0 ? " ns" : "");
}

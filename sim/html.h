/* SPDX-License-Identifier: Apache-2.0 */
/* Text into HTML and SVG: whatever it holds, it stays text. */
#ifndef SEEDBED_HTML_H
#define SEEDBED_HTML_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

/* Append @text with &, <, >, quotes and control characters escaped, good for
 * content and for attributes in quotes. What is no UTF-8 becomes U+FFFD. */
void html_text(GString *out, const char *text);
void html_text_size(GString *out, const char *text, size_t size);
/* Append @format, whose arguments are escaped as a whole. */
void html_printf(GString *out, const char *format, ...) G_GNUC_PRINTF(2, 3);
/* "5.234 s", to the nanosecond where @exact. */
void html_time(GString *out, uint64_t ns, bool exact);
/* "12,345". */
void html_count(GString *out, uint64_t value);
/* "14.2 ms", three digits in the largest unit below it. */
void html_duration(GString *out, uint64_t ns);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* Quantities as people write them ("30 s", "150..300 ms", "10 Mbit",
 * "64 KiB", "1%") and as the program computes with them: integers, exact.
 *
 * A number may have a decimal point when the result is a whole number of the
 * smallest unit. Every quantity_text_*() is read back to the same value.
 * Parsers return false and set @error (one line: what was
 * found, what is expected) when the text is not of that kind. */
#ifndef SEEDBED_QUANTITY_H
#define SEEDBED_QUANTITY_H

#include <glib.h>
#include <stdint.h>

typedef struct QuantityRange {
    uint64_t low, high; /* both included, low <= high */
} QuantityRange;

#define QUANTITY_ONE UINT64_C(1000000000) /* 100% in parts per billion */

GQuark quantity_error_quark(void);

/* "30 s": ns us ms s min h d. Nanoseconds. */
gboolean quantity_duration(const char *text, uint64_t *ns, GError **error);
/* "150..300 ms", "80 us..1 ms", "5 s" (low = high). Nanoseconds. */
gboolean quantity_range(const char *text, QuantityRange *range, GError **error);
/* "64 KiB": B kB MB GB TB KiB MiB GiB TiB. Bytes. */
gboolean quantity_size(const char *text, uint64_t *size, GError **error);
/* "10 Mbit": bit kbit Mbit Gbit Tbit (each also with /s), and bps kbps mbps
 * gbps, which are bytes as in tc(8). Bits per second. */
gboolean quantity_rate(const char *text, uint64_t *rate, GError **error);
/* "1%", "0.25%", 0% to 100%. Parts per billion. */
gboolean quantity_fraction(const char *text, uint64_t *ppb, GError **error);
/* "42", decimal. */
gboolean quantity_count(const char *text, uint64_t *count, GError **error);

/* The shortest text that reads back as the same value; the caller's. */
char *quantity_text_duration(uint64_t ns);
char *quantity_text_range(QuantityRange range);
char *quantity_text_size(uint64_t size);
char *quantity_text_rate(uint64_t rate);
char *quantity_text_fraction(uint64_t ppb);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* Reading and writing the words, numbers and units of netem.h. */
#ifndef SEEDBED_NETEM_UNITS_H
#define SEEDBED_NETEM_UNITS_H

#include "netmodel/netem.h"

/* What is still to be read. @word is the netem word whose arguments are being
 * read, for errors; NULL between words. */
typedef struct NetemReader {
    const char *at;
    const char *word;
    DistributionFiles *files;
    GError **error;
} NetemReader;

/* Skip blanks. True at the end of the text. */
bool netem_read_end(NetemReader *reader);
/* Take the next word when it is @word, in any case. */
bool netem_read_word(NetemReader *reader, const char *word);
/* Whether a number comes next; takes nothing. */
bool netem_read_digit(NetemReader *reader);
/* Take a `+` in front of a number. */
bool netem_read_plus(NetemReader *reader);
/* Take the next word, whatever it is: owned; NULL at the end. Give it back
 * with netem_read_back() to complain about it. */
char *netem_read_name(NetemReader *reader);
void netem_read_back(NetemReader *reader, const char *name);

/* False, with the next word and @expected in the reader's error. */
bool netem_read_fail(NetemReader *reader, const char *expected);

/* Take one quantity; false with the error set when it is not one. */
bool netem_read_time(NetemReader *reader, SimTime *time);
bool netem_read_percent(NetemReader *reader, Chance *chance);
bool netem_read_rate(NetemReader *reader, uint64_t *rate);
bool netem_read_size(NetemReader *reader, uint64_t *bytes);
bool netem_read_count(NetemReader *reader, uint64_t least, uint64_t most,
                      uint64_t *count);

/* Append the canonical form, which reads back to the same number. */
void netem_write_time(GString *text, SimTime time);
void netem_write_percent(GString *text, Chance chance);
void netem_write_rate(GString *text, uint64_t rate);
void netem_write_size(GString *text, uint64_t bytes);

#endif

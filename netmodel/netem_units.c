/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers with units, exactly: a decimal that is no whole number of
 * nanoseconds, bits or parts per billion is refused, never rounded. */
#include "netmodel/netem_units.h"

#include <string.h>

/* From 1 kbit/s, at which the longest queue of the largest datagrams still
 * ends within 64 bits of nanoseconds, to 1 Pbit/s. Largest limit-bytes: 1 TiB.
 */
#define RATE_MIN        1000
#define RATE_MAX        UINT64_C(1000000000000000)
#define SIZE_MAX_BYTES  (UINT64_C(1) << 40)
#define FRACTION_DIGITS 12u
#define FOUND_MAX       24u

typedef struct Unit {
    const char *name;
    uint64_t scale;
} Unit;

static const Unit times[] = {
    {"ns", 1},         {"nsec", 1},         {"nsecs", 1},   {"us", SIM_US},
    {"usec", SIM_US},  {"usecs", SIM_US},   {"ms", SIM_MS}, {"msec", SIM_MS},
    {"msecs", SIM_MS}, {"s", SIM_S},        {"sec", SIM_S}, {"secs", SIM_S},
    {"m", 60 * SIM_S}, {"min", 60 * SIM_S}, {NULL, 0},
};

static const Unit percents[] = {
    {"%", CHANCE_ONE / 100},
    {NULL, 0},
};

/* tc's: `bit` counts bits a second, `bps` bytes a second. */
static const Unit rates[] = {
    {"", 1},
    {"bit", 1},
    {"kbit", 1000},
    {"mbit", 1000000},
    {"gbit", 1000000000},
    {"tbit", UINT64_C(1000000000000)},
    {"kibit", 1 << 10},
    {"mibit", 1 << 20},
    {"gibit", 1 << 30},
    {"bps", 8},
    {"kbps", 8000},
    {"mbps", 8000000},
    {"gbps", UINT64_C(8000000000)},
    {NULL, 0},
};

static const Unit sizes[] = {
    {"", 1},          {"b", 1},        {"kb", 1 << 10},  {"k", 1 << 10},
    {"kib", 1 << 10}, {"mb", 1 << 20}, {"m", 1 << 20},   {"mib", 1 << 20},
    {"gb", 1 << 30},  {"g", 1 << 30},  {"gib", 1 << 30}, {NULL, 0},
};

static const Unit counts[] = {
    {"", 1},
    {NULL, 0},
};

static bool read_quantity(NetemReader *reader, const Unit *units, uint64_t most,
                          uint64_t *value);
static const Unit *read_unit(const char **at, const Unit *units);
static bool is_blank(char c);
static void write_decimal(GString *text, uint64_t value, uint64_t scale);

bool
netem_read_end(NetemReader *reader)
{
    while (is_blank(*reader->at)) {
        reader->at++;
    }
    return *reader->at == '\0';
}

bool
netem_read_word(NetemReader *reader, const char *word)
{
    size_t length = strlen(word);

    if (netem_read_end(reader) ||
        g_ascii_strncasecmp(reader->at, word, length) != 0) {
        return false;
    }
    char after = reader->at[length];
    if (after != '\0' && !is_blank(after)) {
        return false;
    }
    reader->at += length;
    return true;
}

bool
netem_read_digit(NetemReader *reader)
{
    netem_read_end(reader);
    return g_ascii_isdigit(*reader->at) || *reader->at == '.';
}

bool
netem_read_plus(NetemReader *reader)
{
    netem_read_end(reader);
    if (*reader->at != '+') {
        return false;
    }
    reader->at++;
    return true;
}

char *
netem_read_name(NetemReader *reader)
{
    if (netem_read_end(reader)) {
        return NULL;
    }
    const char *start = reader->at;

    while (*reader->at != '\0' && !is_blank(*reader->at)) {
        reader->at++;
    }
    return g_strndup(start, (gsize)(reader->at - start));
}

void
netem_read_back(NetemReader *reader, const char *name)
{
    if (name != NULL) {
        reader->at -= strlen(name);
    }
}

bool
netem_read_fail(NetemReader *reader, const char *expected)
{
    bool end = netem_read_end(reader);
    size_t length = 0;

    while (length < FOUND_MAX && reader->at[length] != '\0' &&
           !is_blank(reader->at[length])) {
        length++;
    }
    g_autofree char *found = g_utf8_make_valid(reader->at, (gssize)length);

    for (char *c = found; *c != '\0'; c++) {
        if (g_ascii_iscntrl(*c)) {
            *c = '?';
        }
    }
    g_set_error(reader->error, NETEM_ERROR, 0, "%s%sfound %s%s%s, expected %s",
                reader->word == NULL ? "" : reader->word,
                reader->word == NULL ? "" : ": ", end ? "" : "'",
                end ? "the end" : found, end ? "" : "'", expected);
    return false;
}

bool
netem_read_time(NetemReader *reader, SimTime *time)
{
    return read_quantity(reader, times, DISTRIBUTION_TIME_MAX, time) ||
           netem_read_fail(reader,
                           "a time with ns, us, ms, s or min, such as 100ms, "
                           "whole nanoseconds below 52 days");
}

bool
netem_read_percent(NetemReader *reader, Chance *chance)
{
    uint64_t value;

    if (!read_quantity(reader, percents, CHANCE_ONE, &value)) {
        return netem_read_fail(reader,
                               "a percentage 0%..100% with at most seven "
                               "decimals, such as 0.1%");
    }
    *chance = (Chance)value;
    return true;
}

bool
netem_read_rate(NetemReader *reader, uint64_t *rate)
{
    const char *start = reader->at;

    if (read_quantity(reader, rates, RATE_MAX, rate) && *rate >= RATE_MIN) {
        return true;
    }
    reader->at = start;
    return netem_read_fail(reader, "a rate of at least 1kbit, with kbit, "
                                   "mbit or gbit, such as 10Mbit");
}

bool
netem_read_size(NetemReader *reader, uint64_t *bytes)
{
    const char *start = reader->at;

    if (read_quantity(reader, sizes, SIZE_MAX_BYTES, bytes) && *bytes > 0) {
        return true;
    }
    reader->at = start;
    return netem_read_fail(reader,
                           "a size above 0 with b, kb, mb or gb, such as "
                           "64kb");
}

bool
netem_read_count(NetemReader *reader, uint64_t least, uint64_t most,
                 uint64_t *count)
{
    const char *start = reader->at;

    if (read_quantity(reader, counts, most, count) && *count >= least) {
        return true;
    }
    g_autofree char *expected = g_strdup_printf(
        "a number %" G_GUINT64_FORMAT "..%" G_GUINT64_FORMAT, least, most);
    reader->at = start;
    return netem_read_fail(reader, expected);
}

/* A decimal, an optional blank and one of @units; a bare 0 needs none. On
 * failure nothing is taken and no error is set. */
static bool
read_quantity(NetemReader *reader, const Unit *units, uint64_t most,
              uint64_t *value)
{
    netem_read_end(reader);

    const char *at = reader->at;
    unsigned __int128 number = 0, divisor = 1;
    unsigned digits = 0, decimals = 0;

    for (; g_ascii_isdigit(*at); at++, digits++) {
        number = number * 10 + (unsigned)(*at - '0');
        if (number > UINT64_MAX) {
            return false;
        }
    }
    if (*at == '.') {
        for (at++; g_ascii_isdigit(*at); at++, digits++) {
            if (++decimals > FRACTION_DIGITS) {
                return false;
            }
            number = number * 10 + (unsigned)(*at - '0');
            divisor *= 10;
        }
    }
    if (digits == 0) {
        return false;
    }
    const Unit *unit = read_unit(&at, units);

    if (unit == NULL) {
        if (number != 0 || (*at != '\0' && !is_blank(*at))) {
            return false;
        }
        *value = 0;
        reader->at = at;
        return true;
    }
    /* Judged before it is multiplied: below, it is < most x 10^12 < 2^92. */
    if (number / divisor > most / unit->scale) {
        return false;
    }
    number *= unit->scale;
    if (number % divisor != 0 || number / divisor > most) {
        return false;
    }
    *value = (uint64_t)(number / divisor);
    reader->at = at;
    return true;
}

/* The unit at @at, or after one run of blanks; the empty one when there is
 * none. Takes it, with the blanks. */
static const Unit *
read_unit(const char **at, const Unit *units)
{
    const char *start = *at;

    while (is_blank(*start)) {
        start++;
    }
    const char *end = start;
    while (*end != '\0' && !is_blank(*end)) {
        end++;
    }
    size_t length = (size_t)(end - start);

    for (const Unit *unit = units; unit->name != NULL; unit++) {
        if (strlen(unit->name) == length && length > 0 &&
            g_ascii_strncasecmp(start, unit->name, length) == 0) {
            *at = end;
            return unit;
        }
    }
    bool bare = **at == '\0' || is_blank(**at);
    return bare && units[0].name[0] == '\0' ? &units[0] : NULL;
}

static bool
is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

void
netem_write_time(GString *text, SimTime time)
{
    static const Unit units[] = {
        {"s", SIM_S}, {"ms", SIM_MS}, {"us", SIM_US}, {"ns", 1}};
    unsigned i = 0;

    while (i < G_N_ELEMENTS(units) - 1 && time < units[i].scale) {
        i++;
    }
    write_decimal(text, time, units[i].scale);
    g_string_append(text, time == 0 ? "" : units[i].name);
}

void
netem_write_percent(GString *text, Chance chance)
{
    write_decimal(text, chance, CHANCE_ONE / 100);
    g_string_append_c(text, '%');
}

void
netem_write_rate(GString *text, uint64_t rate)
{
    static const Unit units[] = {{"tbit", UINT64_C(1000000000000)},
                                 {"gbit", 1000000000},
                                 {"mbit", 1000000},
                                 {"kbit", 1000},
                                 {"bit", 1}};
    unsigned i = 0;

    while (i < G_N_ELEMENTS(units) - 1 && rate < units[i].scale) {
        i++;
    }
    write_decimal(text, rate, units[i].scale);
    g_string_append(text, units[i].name);
}

void
netem_write_size(GString *text, uint64_t bytes)
{
    static const Unit units[] = {
        {"gb", 1 << 30}, {"mb", 1 << 20}, {"kb", 1 << 10}, {"b", 1}};
    unsigned i = 0;

    while (bytes % units[i].scale != 0) {
        i++;
    }
    write_decimal(text, bytes / units[i].scale, 1);
    g_string_append(text, units[i].name);
}

/* @value / @scale with as many decimals as it takes; @scale is a power of
 * ten. */
static void
write_decimal(GString *text, uint64_t value, uint64_t scale)
{
    uint64_t rest = value % scale;

    g_string_append_printf(text, "%" G_GUINT64_FORMAT, value / scale);
    if (rest != 0) {
        g_string_append_c(text, '.');
    }
    while (rest != 0) {
        scale /= 10;
        g_string_append_c(text, (char)('0' + rest / scale));
        rest %= scale;
    }
}

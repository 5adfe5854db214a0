/* SPDX-License-Identifier: Apache-2.0 */
/* One row a type: how its numbers are read and written. */
#include "sim/scenario_value.h"

#include <inttypes.h>
#include <string.h>

#include "nodes/quantity.h"

static bool parse_bool(const char *text, int64_t *value);
static bool parse_signed(const char *text, int64_t *value);
static bool parse_ppm(const char *text, int64_t *value);
static bool parse_byte_rate(const char *text, int64_t *value);
static bool parse_operations(const char *text, int64_t *value);
static bool parse_decimal(const char *text, int64_t *value);
static bool parse_salt(const char *text, int64_t *value);
static bool take(bool good, uint64_t number, int64_t *value);
static bool decimal(const char *text, size_t length, uint64_t scale,
                    uint64_t *value);
static char *decimal_text(uint64_t value, uint64_t scale, const char *unit);

bool
scenario_value_parse(ScenarioType type, const char *text, int64_t *value)
{
    uint64_t number = 0;
    bool good = false;

    switch (type) {
    case SCENARIO_TYPE_BOOL:
        return parse_bool(text, value);
    case SCENARIO_TYPE_BUDGET:
        *value = strcmp(text, "quorum") == 0;
        return *value != 0 || strcmp(text, "none") == 0;
    case SCENARIO_TYPE_COUNT:
    case SCENARIO_TYPE_COUNT64:
    case SCENARIO_TYPE_BOUNDS:
        good = quantity_count(text, &number, NULL);
        return take(good, number, value);
    case SCENARIO_TYPE_DURATION:
    case SCENARIO_TYPE_DURATION_RANGE:
        good = quantity_duration(text, &number, NULL);
        return take(good, number, value);
    case SCENARIO_TYPE_SIZE:
        good = quantity_size(text, &number, NULL);
        return take(good, number, value);
    case SCENARIO_TYPE_FRACTION:
        good = quantity_fraction(text, &number, NULL);
        return take(good, number, value);
    case SCENARIO_TYPE_SHIFT:
        return parse_signed(text, value);
    case SCENARIO_TYPE_PPM:
        return parse_ppm(text, value);
    case SCENARIO_TYPE_BYTE_RATE:
        return parse_byte_rate(text, value);
    case SCENARIO_TYPE_OPERATIONS:
        return parse_operations(text, value);
    case SCENARIO_TYPE_DECIMAL:
    case SCENARIO_TYPE_DECIMAL_RANGE:
        return parse_decimal(text, value);
    case SCENARIO_TYPE_SALT:
        return parse_salt(text, value);
    default:
        g_assert_not_reached();
    }
}

bool
scenario_value_range(ScenarioType type, const char *text, int64_t *low,
                     int64_t *high)
{
    const char *dots = strstr(text, "..");
    g_autofree char *first = NULL;
    const char *unit = NULL;

    if (dots == NULL) {
        return scenario_value_parse(type, text, low) && (*high = *low, true);
    }
    first = g_strstrip(g_strndup(text, (size_t)(dots - text)));
    unit = dots + 2;
    unit += strspn(unit, " +-");
    unit += strspn(unit, "0123456789.");
    if (first[0] != '\0' && g_ascii_isdigit(first[strlen(first) - 1])) {
        char *whole = g_strconcat(first, unit, NULL);

        g_free(first);
        first = whole;
    }
    return scenario_value_parse(type, first, low) &&
           scenario_value_parse(type, dots + 2, high) && *low <= *high;
}

const char *
scenario_value_expected(ScenarioType type)
{
    switch (type) {
    case SCENARIO_TYPE_BOOL:
        return "true or false";
    case SCENARIO_TYPE_BUDGET:
        return "quorum or none";
    case SCENARIO_TYPE_COUNT:
    case SCENARIO_TYPE_COUNT64:
    case SCENARIO_TYPE_SALT:
        return "a whole number such as 5";
    case SCENARIO_TYPE_BOUNDS:
        return "whole numbers A..B or A..";
    case SCENARIO_TYPE_DURATION:
        return "a duration with a unit such as \"30 s\"";
    case SCENARIO_TYPE_DURATION_RANGE:
        return "a duration or a range such as \"150..300 ms\"";
    case SCENARIO_TYPE_SIZE:
        return "a size such as \"64 KiB\"";
    case SCENARIO_TYPE_FRACTION:
        return "a percentage such as \"99%\"";
    case SCENARIO_TYPE_SHIFT:
        return "a duration with a unit, perhaps negative, such as \"-50 ms\"";
    case SCENARIO_TYPE_PPM:
        return "parts per million such as \"50 ppm\"";
    case SCENARIO_TYPE_BYTE_RATE:
        return "a rate such as \"100 MiB/s\" or \"10 Mbit\"";
    case SCENARIO_TYPE_OPERATIONS:
        return "operations per time such as \"100/s\"";
    case SCENARIO_TYPE_DECIMAL:
        return "a number such as 0.99";
    case SCENARIO_TYPE_DECIMAL_RANGE:
        return "a number or a range such as \"0.25..4\"";
    default:
        g_assert_not_reached();
    }
}

char *
scenario_value_text(ScenarioType type, int64_t value)
{
    uint64_t size = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
    const char *sign = value < 0 ? "-" : "";
    g_autofree char *text = NULL;

    switch (type) {
    case SCENARIO_TYPE_BOOL:
        return g_strdup(value != 0 ? "true" : "false");
    case SCENARIO_TYPE_BUDGET:
        return g_strdup(value != 0 ? "quorum" : "none");
    case SCENARIO_TYPE_COUNT:
    case SCENARIO_TYPE_COUNT64:
    case SCENARIO_TYPE_BOUNDS:
    case SCENARIO_TYPE_SALT:
        return g_strdup_printf("%" PRIu64, (uint64_t)value);
    case SCENARIO_TYPE_DURATION:
    case SCENARIO_TYPE_DURATION_RANGE:
    case SCENARIO_TYPE_SHIFT:
        text = quantity_text_duration(size);
        return g_strconcat(sign, text, NULL);
    case SCENARIO_TYPE_SIZE:
        return quantity_text_size(size);
    case SCENARIO_TYPE_BYTE_RATE:
        text = quantity_text_size(size);
        return g_strconcat(text, "/s", NULL);
    case SCENARIO_TYPE_FRACTION:
        return quantity_text_fraction(size);
    case SCENARIO_TYPE_PPM:
        text = decimal_text(size, 1000, " ppm");
        return g_strconcat(sign, text, NULL);
    case SCENARIO_TYPE_OPERATIONS:
        return decimal_text(size, 1000, "/s");
    case SCENARIO_TYPE_DECIMAL:
    case SCENARIO_TYPE_DECIMAL_RANGE:
        return decimal_text(size, 1000, "");
    default:
        g_assert_not_reached();
    }
}

bool
scenario_value_is_bare(ScenarioType type)
{
    return type == SCENARIO_TYPE_BOOL || type == SCENARIO_TYPE_COUNT ||
           type == SCENARIO_TYPE_COUNT64 || type == SCENARIO_TYPE_SALT ||
           type == SCENARIO_TYPE_DECIMAL || type == SCENARIO_TYPE_BUDGET;
}

static bool
parse_bool(const char *text, int64_t *value)
{
    if (strcmp(text, "true") == 0 || strcmp(text, "yes") == 0 ||
        strcmp(text, "on") == 0) {
        *value = 1;
        return true;
    }
    if (strcmp(text, "false") == 0 || strcmp(text, "no") == 0 ||
        strcmp(text, "off") == 0) {
        *value = 0;
        return true;
    }
    return false;
}

static bool
parse_signed(const char *text, int64_t *value)
{
    const char *at = text + strspn(text, " ");
    bool negative = *at == '-';
    uint64_t number = 0;
    bool good = false;

    at += *at == '-' || *at == '+' ? 1 : 0;
    good = quantity_duration(at, &number, NULL);
    if (!take(good, number, value)) {
        return false;
    }
    *value = negative ? -*value : *value;
    return true;
}

static bool
parse_ppm(const char *text, int64_t *value)
{
    const char *at = text + strspn(text, " ");
    bool negative = *at == '-';
    uint64_t number = 0;
    size_t length = 0;

    at += *at == '-' || *at == '+' ? 1 : 0;
    length = strcspn(at, "p ");
    if (strcmp(at + length + strspn(at + length, " "), "ppm") != 0 ||
        !decimal(at, length, 1000, &number)) {
        return false;
    }
    *value = negative ? -(int64_t)number : (int64_t)number;
    return true;
}

static bool
parse_byte_rate(const char *text, int64_t *value)
{
    uint64_t number = 0;
    g_autofree char *size = NULL;
    bool good = false;

    /* Bits a second, in whole bytes. */
    if (quantity_rate(text, &number, NULL)) {
        return number % 8 == 0 && take(true, number / 8, value);
    }
    if (!g_str_has_suffix(text, "/s")) {
        return false;
    }
    size = g_strndup(text, strlen(text) - 2);
    good = quantity_size(size, &number, NULL);
    return take(good, number, value);
}

static bool
parse_operations(const char *text, int64_t *value)
{
    const char *slash = strchr(text, '/');
    uint64_t number = 0;

    if (slash == NULL || strcmp(slash, "/s") != 0 ||
        !decimal(text, (size_t)(slash - text), 1000, &number)) {
        return false;
    }
    return take(true, number, value);
}

static bool
parse_decimal(const char *text, int64_t *value)
{
    uint64_t number = 0;
    bool good = decimal(text, strlen(text), 1000, &number);

    return take(good, number, value);
}

static bool
parse_salt(const char *text, int64_t *value)
{
    guint64 number = 0;

    if (!g_ascii_string_to_unsigned(text, 10, 0, G_MAXUINT64, &number, NULL)) {
        return false;
    }
    *value = (int64_t)number;
    return true;
}

static bool
take(bool good, uint64_t number, int64_t *value)
{
    if (!good || number > (uint64_t)INT64_MAX) {
        return false;
    }
    *value = (int64_t)number;
    return true;
}

/* The decimal number in the first @length bytes of @text, times @scale, a
 * power of ten; exact, or false. */
static bool
decimal(const char *text, size_t length, uint64_t scale, uint64_t *value)
{
    uint64_t number = 0, unit = scale;
    bool point = false;
    unsigned digits = 0;

    while (length > 0 && text[length - 1] == ' ') {
        length--;
    }
    for (size_t i = 0; i < length; i++) {
        if (text[i] == '.' && !point && digits > 0) {
            point = true;
            continue;
        }
        if (!g_ascii_isdigit(text[i]) || number > UINT64_MAX / 100000 ||
            (point && unit == 1)) {
            return false;
        }
        number = number * 10 + (uint64_t)(text[i] - '0');
        unit /= point ? 10 : 1;
        digits++;
    }
    if (digits == 0 || text[length - 1] == '.' ||
        number > (uint64_t)INT64_MAX / unit) {
        return false;
    }
    *value = number * unit;
    return true;
}

static char *
decimal_text(uint64_t value, uint64_t scale, const char *unit)
{
    g_autofree char *fraction = NULL;
    size_t length = 0;

    if (value % scale == 0) {
        return g_strdup_printf("%" PRIu64 "%s", value / scale, unit);
    }
    g_assert(scale == 1000);
    fraction = g_strdup_printf("%03" PRIu64, value % scale);
    length = strlen(fraction);
    while (fraction[length - 1] == '0') {
        fraction[--length] = '\0';
    }
    return g_strdup_printf("%" PRIu64 ".%s%s", value / scale, fraction, unit);
}

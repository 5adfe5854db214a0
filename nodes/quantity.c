/* SPDX-License-Identifier: Apache-2.0 */
/* One scanner of exact decimal numbers and one table of units for each kind
 * of quantity. No floating point: what is written is what is meant. */
#include "nodes/quantity.h"

#include <string.h>

typedef struct Unit {
    const char *name;
    uint64_t scale;
    unsigned alias; /* read, never written */
} Unit;

static const Unit duration_units[] = {
    {"d", UINT64_C(86400000000000), 0},
    {"h", UINT64_C(3600000000000), 0},
    {"min", UINT64_C(60000000000), 0},
    {"s", UINT64_C(1000000000), 0},
    {"ms", UINT64_C(1000000), 0},
    {"us", UINT64_C(1000), 0},
    {"ns", UINT64_C(1), 0},
    {NULL, 0, 0},
};

static const Unit size_units[] = {
    {"TiB", UINT64_C(1) << 40, 0},   {"GiB", UINT64_C(1) << 30, 0},
    {"MiB", UINT64_C(1) << 20, 0},   {"KiB", UINT64_C(1) << 10, 0},
    {"B", UINT64_C(1), 0},           {"TB", UINT64_C(1000000000000), 1},
    {"GB", UINT64_C(1000000000), 1}, {"MB", UINT64_C(1000000), 1},
    {"kB", UINT64_C(1000), 1},       {NULL, 0, 0},
};

static const Unit rate_units[] = {
    {"Tbit", UINT64_C(1000000000000), 0},
    {"Gbit", UINT64_C(1000000000), 0},
    {"Mbit", UINT64_C(1000000), 0},
    {"kbit", UINT64_C(1000), 0},
    {"bit", UINT64_C(1), 0},
    {"Tbit/s", UINT64_C(1000000000000), 1},
    {"Gbit/s", UINT64_C(1000000000), 1},
    {"Mbit/s", UINT64_C(1000000), 1},
    {"kbit/s", UINT64_C(1000), 1},
    {"bit/s", UINT64_C(1), 1},
    {"gbps", UINT64_C(8000000000), 1},
    {"mbps", UINT64_C(8000000), 1},
    {"kbps", UINT64_C(8000), 1},
    {"bps", UINT64_C(8), 1},
    {NULL, 0, 0},
};

static const Unit fraction_units[] = {
    {"%", UINT64_C(10000000), 0},
    {NULL, 0, 0},
};

static const Unit count_units[] = {{NULL, 0, 0}};

typedef struct Kind {
    const Unit *units;
    const char *example;
    uint64_t bare; /* scale of a number without a unit, 0: refused but for
                    * zero, which needs none */
} Kind;

static const Kind duration_kind = {
    duration_units, "a duration such as \"150 ms\" (ns us ms s min h d)", 0};
static const Kind range_kind = {
    duration_units, "a duration or a range such as \"150..300 ms\"", 0};
static const Kind size_kind = {
    size_units, "a size such as \"64 KiB\" (B KiB MiB GiB kB MB GB)", 1};
static const Kind rate_kind = {
    rate_units, "a rate such as \"10 Mbit\" (bit kbit Mbit Gbit)", 0};
static const Kind fraction_kind = {
    fraction_units, "a percentage from 0% to 100% such as \"0.25%\"", 0};
static const Kind count_kind = {count_units, "a whole number such as \"42\"",
                                1};

/* digits x 10^-decimals, before its unit is known. */
typedef struct Number {
    unsigned __int128 digits;
    unsigned decimals;
} Number;

static gboolean parse_one(const Kind *kind, const char *text, uint64_t *value);
static gboolean scan_number(const char **at, Number *number);
static gboolean scan_unit(const Kind *kind, const char **at, uint64_t *scale);
static gboolean scale_number(Number number, uint64_t scale, uint64_t *value);
static gboolean refuse(const Kind *kind, const char *text, GError **error);
static char *text_of(const Unit *units, uint64_t value);

gboolean
quantity_duration(const char *text, uint64_t *ns, GError **error)
{
    return parse_one(&duration_kind, text, ns) ||
           refuse(&duration_kind, text, error);
}

gboolean
quantity_size(const char *text, uint64_t *size, GError **error)
{
    return parse_one(&size_kind, text, size) || refuse(&size_kind, text, error);
}

gboolean
quantity_rate(const char *text, uint64_t *rate, GError **error)
{
    return parse_one(&rate_kind, text, rate) || refuse(&rate_kind, text, error);
}

gboolean
quantity_fraction(const char *text, uint64_t *ppb, GError **error)
{
    uint64_t value;

    if (!parse_one(&fraction_kind, text, &value) || value > QUANTITY_ONE) {
        return refuse(&fraction_kind, text, error);
    }
    *ppb = value;
    return TRUE;
}

gboolean
quantity_count(const char *text, uint64_t *count, GError **error)
{
    return parse_one(&count_kind, text, count) ||
           refuse(&count_kind, text, error);
}

gboolean
quantity_range(const char *text, QuantityRange *range, GError **error)
{
    const char *at = text;
    Number low, high;
    uint64_t low_scale, high_scale;
    QuantityRange found;

    if (strstr(text, "..") == NULL) {
        if (!parse_one(&range_kind, text, &found.low)) {
            return refuse(&range_kind, text, error);
        }
        range->low = range->high = found.low;
        return TRUE;
    }
    /* The low end may leave its unit to the high one. */
    if (!scan_number(&at, &low) || !scan_unit(&range_kind, &at, &low_scale) ||
        strncmp(at, "..", 2) != 0) {
        return refuse(&range_kind, text, error);
    }
    at += 2;
    if (!scan_number(&at, &high) || !scan_unit(&range_kind, &at, &high_scale) ||
        *at != '\0') {
        return refuse(&range_kind, text, error);
    }
    if (high_scale == 0 && high.digits != 0) {
        return refuse(&range_kind, text, error);
    }
    if (low_scale == 0) {
        low_scale = high_scale;
    }
    if (!scale_number(low, low_scale, &found.low) ||
        !scale_number(high, high_scale, &found.high) ||
        found.low > found.high) {
        return refuse(&range_kind, text, error);
    }
    *range = found;
    return TRUE;
}

char *
quantity_text_duration(uint64_t ns)
{
    return text_of(duration_units, ns);
}

char *
quantity_text_range(QuantityRange range)
{
    g_autofree char *low = text_of(duration_units, range.low);
    g_autofree char *high = text_of(duration_units, range.high);

    if (range.low == range.high) {
        return g_steal_pointer(&low);
    }
    return g_strdup_printf("%s..%s", low, high);
}

char *
quantity_text_size(uint64_t size)
{
    return text_of(size_units, size);
}

char *
quantity_text_rate(uint64_t rate)
{
    return text_of(rate_units, rate);
}

char *
quantity_text_fraction(uint64_t ppb)
{
    return text_of(fraction_units, ppb);
}

static gboolean
parse_one(const Kind *kind, const char *text, uint64_t *value)
{
    const char *at = text;
    Number number;
    uint64_t scale;

    if (!scan_number(&at, &number) || !scan_unit(kind, &at, &scale) ||
        *at != '\0') {
        return FALSE;
    }
    if (scale == 0) {
        if (kind->bare == 0 && number.digits != 0) {
            return FALSE;
        }
        scale = MAX(kind->bare, 1);
    }
    return scale_number(number, scale, value);
}

static gboolean
scan_number(const char **at, Number *number)
{
    const char *p = *at;
    gboolean point = FALSE;
    unsigned seen = 0;

    *number = (Number){0, 0};
    while (*p == ' ') {
        p++;
    }
    for (;; p++) {
        /* The dots of a range are not a decimal point. */
        if (*p == '.' && !point && p[1] != '.' && seen > 0) {
            point = TRUE;
            continue;
        }
        if (*p < '0' || *p > '9') {
            break;
        }
        if (__builtin_mul_overflow(number->digits, (unsigned __int128)10,
                                   &number->digits) ||
            __builtin_add_overflow(number->digits,
                                   (unsigned __int128)(*p - '0'),
                                   &number->digits)) {
            return FALSE;
        }
        number->decimals += point ? 1 : 0;
        seen++;
    }
    if (seen == 0 || p[-1] == '.') {
        return FALSE;
    }
    *at = p;
    return TRUE;
}

/* The unit after a number: its scale, or 0 when there is none. */
static gboolean
scan_unit(const Kind *kind, const char **at, uint64_t *scale)
{
    const char *p = *at;
    size_t length;

    while (*p == ' ') {
        p++;
    }
    length = strcspn(p, " .0123456789");
    *scale = 0;
    if (length > 0) {
        for (const Unit *unit = kind->units; unit->name != NULL; unit++) {
            if (strlen(unit->name) == length &&
                strncmp(unit->name, p, length) == 0) {
                *scale = unit->scale;
            }
        }
        if (*scale == 0) {
            return FALSE;
        }
        p += length;
    }
    while (*p == ' ') {
        p++;
    }
    *at = p;
    return TRUE;
}

/* number x scale when that is whole and fits. */
static gboolean
scale_number(Number number, uint64_t scale, uint64_t *value)
{
    unsigned __int128 product;

    if (__builtin_mul_overflow(number.digits, (unsigned __int128)scale,
                               &product)) {
        return FALSE;
    }
    for (unsigned i = 0; i < number.decimals; i++) {
        if (product % 10 != 0) {
            return FALSE;
        }
        product /= 10;
    }
    if (product > UINT64_MAX) {
        return FALSE;
    }
    *value = (uint64_t)product;
    return TRUE;
}

static gboolean
refuse(const Kind *kind, const char *text, GError **error)
{
    g_set_error(error, quantity_error_quark(), 0,
                "found \"%.60s\", expected %s", text, kind->example);
    return FALSE;
}

/* The largest unit in which @value is a short decimal. */
static char *
text_of(const Unit *units, uint64_t value)
{
    for (const Unit *unit = units; unit->name != NULL; unit++) {
        const char *gap = strcmp(unit->name, "%") == 0 ? "" : " ";
        uint64_t whole = value / unit->scale;
        unsigned __int128 rest = value % unit->scale;
        uint64_t decimals = 0;
        int count = 0;

        if (unit->alias ||
            (value < unit->scale && unit[1].name != NULL && !unit[1].alias)) {
            continue;
        }
        while (rest != 0 && count < 12) {
            rest *= 10;
            decimals = decimals * 10 + (uint64_t)(rest / unit->scale);
            rest %= unit->scale;
            count++;
        }
        if (rest != 0) {
            continue;
        }
        if (count == 0) {
            return g_strdup_printf("%" G_GUINT64_FORMAT "%s%s", whole, gap,
                                   unit->name);
        }
        return g_strdup_printf("%" G_GUINT64_FORMAT ".%0*" G_GUINT64_FORMAT
                               "%s%s",
                               whole, count, decimals, gap, unit->name);
    }
    g_assert_not_reached();
}

GQuark
quantity_error_quark(void)
{
    return g_quark_from_static_string("quantity-error");
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Axes out of options, and variants out of axes. */
#include "sim/sweep_vary.h"

#include <string.h>

#define VARY_ERROR (g_quark_from_static_string("seedbed-sweep"))

typedef struct Axis {
    char *path;
    GPtrArray *values;
} Axis;

static bool read_axis(const char *option, Axis *axis, GError **error);
static GPtrArray *split(const char *text);
static void share_unit(GPtrArray *values);
static size_t number_length(const char *text);
static bool judge_values(const char *option, const GPtrArray *values,
                         GError **error);
static void add_variants(GArray *variants, const Axis *axes, unsigned count,
                         char build);
static void clear_variant(void *variant);

GArray *
sweep_vary(char **options, bool both, GError **error)
{
    Axis axes[SWEEP_AXES_MAX] = {{0}};
    unsigned given = options != NULL ? g_strv_length(options) : 0;
    GArray *variants = NULL;
    uint64_t product = both ? 2 : 1;
    bool good = true;

    if (given > SWEEP_AXES_MAX) {
        g_set_error(error, VARY_ERROR, 0,
                    "--vary: found %u of them, expected at most %u", given,
                    SWEEP_AXES_MAX);
        return NULL;
    }
    for (unsigned i = 0; good && i < given; i++) {
        good = read_axis(options[i], &axes[i], error);
        for (unsigned j = 0; good && j < i; j++) {
            if (strcmp(axes[i].path, axes[j].path) == 0) {
                g_set_error(error, VARY_ERROR, 0,
                            "--vary %s: found the path twice, expected one "
                            "list of values",
                            options[i]);
                good = false;
            }
        }
        product *= good ? axes[i].values->len : 1;
        if (good && product > SWEEP_VARIANTS_MAX) {
            g_set_error(error, VARY_ERROR, 0,
                        "--vary: found more than %u variants, expected fewer",
                        SWEEP_VARIANTS_MAX);
            good = false;
        }
    }
    if (good) {
        variants = g_array_new(FALSE, TRUE, sizeof(SweepVariant));
        g_array_set_clear_func(variants, clear_variant);
        add_variants(variants, axes, given, 'A');
        if (both) {
            add_variants(variants, axes, given, 'B');
        }
    }
    for (unsigned i = 0; i < given; i++) {
        g_free(axes[i].path);
        if (axes[i].values != NULL) {
            g_ptr_array_unref(axes[i].values);
        }
    }
    return variants;
}

static bool
read_axis(const char *option, Axis *axis, GError **error)
{
    const char *equals = strchr(option, '=');

    if (equals == NULL || equals == option || equals[1] == '\0') {
        g_set_error(error, VARY_ERROR, 0,
                    "--vary: found '%s', expected path.to.key=VALUE,VALUE,...",
                    option);
        return false;
    }
    axis->path = g_strndup(option, (size_t)(equals - option));
    axis->values = split(equals + 1);
    share_unit(axis->values);
    return judge_values(option, axis->values, error);
}

/* At the commas that are in no bracket, brace or quote. */
static GPtrArray *
split(const char *text)
{
    GPtrArray *values = g_ptr_array_new_with_free_func(g_free);
    const char *begin = text;
    unsigned depth = 0;
    char quote = '\0';

    for (const char *at = text;; at++) {
        if (*at == '\0' || (*at == ',' && depth == 0 && quote == '\0')) {
            g_ptr_array_add(values,
                            g_strstrip(g_strndup(begin, (size_t)(at - begin))));
            begin = at + 1;
            if (*at == '\0') {
                return values;
            }
        } else if (quote != '\0') {
            quote = *at == quote ? '\0' : quote;
        } else if (*at == '"' || *at == '\'') {
            quote = *at;
        } else if (*at == '[' || *at == '{') {
            depth++;
        } else if ((*at == ']' || *at == '}') && depth > 0) {
            depth--;
        }
    }
}

static void
share_unit(GPtrArray *values)
{
    const char *last = values->pdata[values->len - 1];
    const char *unit = last + number_length(last);

    if (unit == last || *unit == '\0') {
        return;
    }
    for (unsigned i = 0; i + 1 < values->len; i++) {
        const char *value = values->pdata[i];

        if (value[0] == '\0' || number_length(value) != strlen(value)) {
            return;
        }
    }
    for (unsigned i = 0; i + 1 < values->len; i++) {
        char *value = values->pdata[i];

        values->pdata[i] = g_strconcat(value, unit, NULL);
        g_free(value);
    }
}

static size_t
number_length(const char *text)
{
    size_t sign = text[0] == '-' || text[0] == '+' ? 1 : 0;
    size_t digits = strspn(text + sign, "0123456789.");

    return digits > 0 && strstr(text, "..") == NULL ? sign + digits : 0;
}

static bool
judge_values(const char *option, const GPtrArray *values, GError **error)
{
    for (unsigned i = 0; i < values->len; i++) {
        const char *value = values->pdata[i];

        for (unsigned j = 0; j < i; j++) {
            if (strcmp(value, values->pdata[j]) == 0) {
                g_set_error(error, VARY_ERROR, 0,
                            "--vary %s: found '%s' twice, expected different "
                            "values",
                            option, value);
                return false;
            }
        }
        if (value[0] == '\0') {
            g_set_error(error, VARY_ERROR, 0,
                        "--vary %s: found an empty value, expected "
                        "VALUE,VALUE,...",
                        option);
            return false;
        }
    }
    return true;
}

/* As an odometer counts: the last axis turns fastest. */
static void
add_variants(GArray *variants, const Axis *axes, unsigned count, char build)
{
    unsigned at[SWEEP_AXES_MAX] = {0};

    for (;;) {
        GString *name = g_string_new(NULL);
        GPtrArray *sets = g_ptr_array_new();
        SweepVariant variant = {.build = build};
        unsigned turn = count;

        for (unsigned i = 0; i < count; i++) {
            const char *value = axes[i].values->pdata[at[i]];

            g_ptr_array_add(sets,
                            g_strdup_printf("%s=%s", axes[i].path, value));
            g_string_append_printf(name, "%s%s=%s", i > 0 ? ", " : "",
                                   axes[i].path, value);
        }
        g_ptr_array_add(sets, NULL);
        variant.sets = (char **)g_ptr_array_free(sets, FALSE);
        variant.name = g_string_free(name, FALSE);
        g_array_append_val(variants, variant);
        while (turn > 0 && ++at[turn - 1] == axes[turn - 1].values->len) {
            at[--turn] = 0;
        }
        if (turn == 0) {
            return;
        }
    }
}

static void
clear_variant(void *data)
{
    SweepVariant *variant = data;

    g_free(variant->name);
    g_strfreev(variant->sets);
}

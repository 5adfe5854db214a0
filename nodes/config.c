/* SPDX-License-Identifier: Apache-2.0 */
/* The "key=value" lines of a node's set-up. */
#include "nodes/config.h"

#include <glib.h>
#include <string.h>

#include "nodes/quantity.h"

#define KEYS_MAX 64u

static bool parse_line(char *line, const ConfigKey *keys, unsigned key_count,
                       uint64_t *seen, char *error, size_t error_size);
static bool parse_value(const ConfigKey *key, const char *text, GError **error);
static bool parse_switch(const char *text, bool *value, GError **error);

bool
config_parse(const char *text, const ConfigKey *keys, unsigned key_count,
             char *error, size_t error_size)
{
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    uint64_t seen = 0;

    g_assert(key_count <= KEYS_MAX);
    for (unsigned i = 0; lines[i] != NULL; i++) {
        char *line = g_strstrip(lines[i]);

        if (line[0] == '\0' || line[0] == '#') {
            continue;
        }
        if (!parse_line(line, keys, key_count, &seen, error, error_size)) {
            return false;
        }
    }
    return true;
}

static bool
parse_line(char *line, const ConfigKey *keys, unsigned key_count,
           uint64_t *seen, char *error, size_t error_size)
{
    g_autoptr(GError) cause = NULL;
    char *equals = strchr(line, '=');
    const char *value;

    if (equals == NULL) {
        g_snprintf(error, error_size, "found \"%.60s\", expected key=value",
                   line);
        return false;
    }
    *equals = '\0';
    value = g_strstrip(equals + 1);
    g_strchomp(line);
    for (unsigned i = 0; i < key_count; i++) {
        if (strcmp(keys[i].name, line) != 0) {
            continue;
        }
        if ((*seen >> i & 1) != 0) {
            g_snprintf(error, error_size, "%s: given twice", line);
            return false;
        }
        *seen |= (uint64_t)1 << i;
        if (!parse_value(&keys[i], value, &cause)) {
            g_snprintf(error, error_size, "%s: %s", line, cause->message);
            return false;
        }
        return true;
    }
    g_snprintf(error, error_size, "unknown key \"%.60s\"", line);
    return false;
}

static bool
parse_value(const ConfigKey *key, const char *text, GError **error)
{
    QuantityRange range = {0, 0};
    bool good = false;

    switch (key->kind) {
    case CONFIG_SWITCH:
        return parse_switch(text, key->target, error);
    case CONFIG_RANGE:
        good = quantity_range(text, &range, error);
        break;
    case CONFIG_COUNT:
        good = quantity_count(text, &range.low, error);
        range.high = range.low;
        break;
    case CONFIG_DURATION:
        good = quantity_duration(text, &range.low, error);
        range.high = range.low;
        break;
    case CONFIG_SIZE:
        good = quantity_size(text, &range.low, error);
        range.high = range.low;
        break;
    }
    if (!good) {
        return false;
    }
    if (range.low < key->min || range.high > key->max) {
        g_set_error(error, quantity_error_quark(), 0,
                    "found \"%.60s\", expected %" G_GUINT64_FORMAT
                    " to %" G_GUINT64_FORMAT "%s",
                    text, key->min, key->max,
                    key->kind == CONFIG_COUNT  ? ""
                    : key->kind == CONFIG_SIZE ? " bytes"
                                               : " ns");
        return false;
    }
    if (key->kind == CONFIG_RANGE) {
        *(QuantityRange *)key->target = range;
    } else {
        *(uint64_t *)key->target = range.low;
    }
    return true;
}

static bool
parse_switch(const char *text, bool *value, GError **error)
{
    static const struct {
        const char *text;
        bool value;
    } words[] = {{"on", true},   {"true", true},   {"yes", true},
                 {"off", false}, {"false", false}, {"no", false}};

    for (unsigned i = 0; i < G_N_ELEMENTS(words); i++) {
        if (strcmp(words[i].text, text) == 0) {
            *value = words[i].value;
            return true;
        }
    }
    g_set_error(error, quantity_error_quark(), 0,
                "found \"%.60s\", expected on or off", text);
    return false;
}

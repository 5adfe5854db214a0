/* SPDX-License-Identifier: Apache-2.0 */
/* scenario.def as two tables: what people read, and what the parser and the
 * printer follow. */
#include "sim/scenario_keys.h"

#include <string.h>

#define DAYS_30         ((int64_t)30 * 86400 * 1000000000)
#define NODES_MAX       1024
#define DRIFT_MAX       100000000 /* ppb: a tenth */
#define SIZE_MOST       ((int64_t)1 << 60)
#define VALUE_MOST      ((int64_t)1 << 20)
#define OPERATIONS_MOST ((int64_t)1000000000000)
#define WORD_MAX        64u

static const char *const type_names[] = {
    [SCENARIO_TYPE_BOOL] = "true or false",
    [SCENARIO_TYPE_COUNT] = "whole number",
    [SCENARIO_TYPE_COUNT64] = "whole number",
    [SCENARIO_TYPE_DURATION] = "duration",
    [SCENARIO_TYPE_SHIFT] = "signed duration",
    [SCENARIO_TYPE_SIZE] = "size",
    [SCENARIO_TYPE_BYTE_RATE] = "bytes per second",
    [SCENARIO_TYPE_OPERATIONS] = "operations per time",
    [SCENARIO_TYPE_FRACTION] = "percentage",
    [SCENARIO_TYPE_PPM] = "parts per million",
    [SCENARIO_TYPE_DECIMAL] = "decimal number",
    [SCENARIO_TYPE_SALT] = "whole number",
    [SCENARIO_TYPE_BUDGET] = "quorum or none",
    [SCENARIO_TYPE_KIND] = "fault kind",
    [SCENARIO_TYPE_AMOUNT] = "quantity of the kind",
    [SCENARIO_TYPE_BOUNDS] = "range of whole numbers",
    [SCENARIO_TYPE_DURATION_RANGE] = "duration, or a range of them",
    [SCENARIO_TYPE_AMOUNT_RANGE] = "quantity of the kind, or a range",
    [SCENARIO_TYPE_DECIMAL_RANGE] = "decimal number, or a range of them",
    [SCENARIO_TYPE_TEXT] = "text",
    [SCENARIO_TYPE_NAME] = "name",
    [SCENARIO_TYPE_SELECTOR] = "selector",
    [SCENARIO_TYPE_GROUPS] = "list of selectors",
    [SCENARIO_TYPE_TOPOLOGY] = "topology",
    [SCENARIO_TYPE_REGION] = "region",
    [SCENARIO_TYPE_PRESET] = "region preset",
    [SCENARIO_TYPE_NETEM_TEXT] = "netem words",
    [SCENARIO_TYPE_CONFIG] = "map",
    [SCENARIO_TYPE_NETEM] = "netem words",
    [SCENARIO_TYPE_REGIONS] = "list of regions",
    [SCENARIO_TYPE_CRITERIA] = "list of criteria",
    [SCENARIO_TYPE_MIX] = "map of weights",
    [SCENARIO_TYPE_RULES] = "list of maps",
    [SCENARIO_TYPE_CLIENTS] = "list of maps",
    [SCENARIO_TYPE_TIMED] = "list of maps",
    [SCENARIO_TYPE_RANDOM] = "list of maps",
    [SCENARIO_TYPE_NEMESIS] = "list of packages",
};

static const ScenarioField fields[] = {
#define KEY(path, owner, member, type, words, least, most, fallback, example,  \
            manual)                                                            \
    {path,                                                                     \
     offsetof(owner, member),                                                  \
     SCENARIO_TYPE_##type,                                                     \
     SCENARIO_##words,                                                         \
     least,                                                                    \
     most,                                                                     \
     fallback},
#include "sim/scenario.def"
#undef KEY
};

#define FIELD_COUNT ((unsigned)G_N_ELEMENTS(fields))

static unsigned edit_distance(const char *a, const char *b);
static bool belongs(const ScenarioField *field, const char *section);

const ScenarioKey *
scenario_keys(unsigned *count)
{
    static ScenarioKey keys[] = {
#define KEY(path, owner, member, type, words, least, most, fallback, example,  \
            manual)                                                            \
    {path, NULL, fallback, example, manual},
#include "sim/scenario.def"
#undef KEY
    };

    for (unsigned i = 0; i < FIELD_COUNT; i++) {
        keys[i].type = type_names[fields[i].type];
    }
    *count = FIELD_COUNT;
    return keys;
}

const ScenarioField *
scenario_keys_next(const char *section, unsigned *at)
{
    while (*at < FIELD_COUNT) {
        const ScenarioField *field = &fields[(*at)++];

        if (belongs(field, section)) {
            return field;
        }
    }
    return NULL;
}

const char *
scenario_keys_tail(const ScenarioField *field, const char *section)
{
    return field->path + strlen(section);
}

int
scenario_keys_match(const char *section, const char *path)
{
    const ScenarioField *field = NULL;
    unsigned at = 0;
    size_t length = strlen(path);
    int best = 0;

    while ((field = scenario_keys_next(section, &at)) != NULL) {
        const char *tail = scenario_keys_tail(field, section);

        if (strcmp(tail, path) == 0) {
            return 2;
        }
        if (strncmp(tail, path, length) == 0 && tail[length] == '.') {
            best = 1;
        }
    }
    return best;
}

char *
scenario_keys_advice(const char *section, const char *parent, const char *word)
{
    const ScenarioField *field = NULL;
    unsigned at = 0, count = 0;
    g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
    const char *near = NULL;
    g_autofree char *list = NULL;

    while ((field = scenario_keys_next(section, &at)) != NULL) {
        const char *tail = scenario_keys_tail(field, section);
        char *name = NULL;
        bool twin = false;

        if (!g_str_has_prefix(tail, parent)) {
            continue;
        }
        tail += strlen(parent);
        name = g_strndup(tail, strcspn(tail, "."));
        for (unsigned i = 0; i < names->len; i++) {
            twin = twin || strcmp(names->pdata[i], name) == 0;
        }
        if (twin) {
            g_free(name);
        } else {
            g_ptr_array_add(names, name);
        }
    }
    count = names->len;
    near =
        scenario_keys_nearest(word, (const char *const *)names->pdata, count);
    if (near != NULL) {
        return g_strdup_printf("did you mean \"%s\"?", near);
    }
    list = scenario_keys_join((const char *const *)names->pdata, count);
    return g_strdup_printf("expected one of %s", list);
}

char *
scenario_keys_join(const char *const *names, unsigned count)
{
    GString *out = g_string_new(NULL);

    for (unsigned i = 0; i < count; i++) {
        g_string_append(out, i == 0 ? "" : ", ");
        g_string_append(out, names[i]);
    }
    return g_string_free(out, FALSE);
}

const char *
scenario_keys_nearest(const char *word, const char *const *names,
                      unsigned count)
{
    const char *best = NULL;
    unsigned best_distance = 0;

    for (unsigned i = 0; i < count; i++) {
        unsigned distance = edit_distance(word, names[i]);
        size_t length = strlen(names[i]);
        unsigned limit = length <= 3 ? 1 : length <= 6 ? 2 : 3;

        if (distance <= limit && distance < strlen(word) &&
            (best == NULL || distance < best_distance)) {
            best = names[i];
            best_distance = distance;
        }
    }
    return best;
}

const char *
scenario_keys_preset(unsigned index, const char *const **regions)
{
    static const struct {
        const char *name;
        const char *regions[15];
    } presets[] = {
        {"us", {"us-east-1", "us-east-2", "us-west-2"}},
        {"europe", {"eu-west-1", "eu-west-2", "eu-central-1", "eu-north-1"}},
        {"atlantic", {"us-east-1", "eu-west-1", "eu-central-1"}},
        {"pacific",
         {"us-west-2", "ap-northeast-1", "ap-southeast-1", "ap-southeast-2"}},
        {"global",
         {"us-east-1", "eu-central-1", "ap-northeast-1", "sa-east-1",
          "ap-southeast-2"}},
        {"world",
         {"us-east-1", "us-east-2", "us-west-2", "ca-central-1", "sa-east-1",
          "eu-west-1", "eu-west-2", "eu-central-1", "eu-north-1", "af-south-1",
          "ap-south-1", "ap-southeast-1", "ap-southeast-2", "ap-northeast-1"}},
    };

    if (index >= G_N_ELEMENTS(presets)) {
        return NULL;
    }
    *regions = presets[index].regions;
    return presets[index].name;
}

/* Levenshtein's distance with transpositions of neighbours (optimal string
 * alignment); words longer than WORD_MAX are far from everything. */
static unsigned
edit_distance(const char *a, const char *b)
{
    size_t m = strlen(a), n = strlen(b);
    unsigned rows[3][WORD_MAX + 1];

    if (m > WORD_MAX || n > WORD_MAX) {
        return WORD_MAX;
    }
    for (size_t j = 0; j <= n; j++) {
        rows[0][j] = (unsigned)j;
    }
    for (size_t i = 1; i <= m; i++) {
        unsigned *row = rows[i % 3], *above = rows[(i + 2) % 3];

        row[0] = (unsigned)i;
        for (size_t j = 1; j <= n; j++) {
            unsigned cost = a[i - 1] == b[j - 1] ? 0 : 1;
            unsigned best = above[j - 1] + cost;

            best = MIN(best, above[j] + 1);
            best = MIN(best, row[j - 1] + 1);
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] &&
                a[i - 2] == b[j - 1]) {
                best = MIN(best, rows[(i + 1) % 3][j - 2] + 1);
            }
            row[j] = best;
        }
    }
    return rows[m % 3][n];
}

static bool
belongs(const ScenarioField *field, const char *section)
{
    const char *tail = field->path;

    /* Asked of every key for every word of a scenario. */
    while (*section != '\0') {
        if (*section++ != *tail++) {
            return false;
        }
    }
    return strstr(tail, "[]") == NULL;
}

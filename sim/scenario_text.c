/* SPDX-License-Identifier: Apache-2.0 */
/* The scenario as resolved: block maps as deep as the keys go, one line an
 * item of a list. */
#include "sim/scenario_text.h"

#include <inttypes.h>
#include <string.h>

#include "sim/scenario_read.h"
#include "sim/scenario_value.h"
#include "sim/yaml_tree.h"

const char *const scenario_text_operations[5] = {"read", "write", "cas",
                                                 "append", "delete"};

static void append_block(GString *out, const Scenario *scenario,
                         const ScenarioField *field, unsigned depth);
static bool append_value(GString *out, const ScenarioField *field,
                         const void *from, FaultKind kind);
static bool append_number(GString *out, const ScenarioField *field,
                          const void *member, FaultKind kind);
static bool append_pair(GString *out, const ScenarioField *field,
                        const void *member, FaultKind kind);
static void append_config(GString *out, const char *config);
static bool append_lines(GString *out, char **lines);
static void append_mix(GString *out, const unsigned *weight);
static void append_list(GString *out, const char *section, const void *items,
                        size_t size, unsigned count, unsigned depth);

char *
scenario_text(const Scenario *scenario)
{
    GString *out = g_string_new(NULL);
    const ScenarioField *field = NULL;
    unsigned at = 0;
    g_auto(GStrv) open = g_new0(char *, 1);

    while ((field = scenario_keys_next("", &at)) != NULL) {
        g_auto(GStrv) words = g_strsplit(field->path, ".", -1);
        unsigned depth = g_strv_length(words) - 1, same = 0;

        while (same < depth && same < g_strv_length(open) &&
               strcmp(open[same], words[same]) == 0) {
            same++;
        }
        for (unsigned i = same; i < depth; i++) {
            g_string_append_printf(out, "%*s%s:\n", (int)(2 * i), "", words[i]);
        }
        g_strfreev(open);
        open = g_strdupv(words);
        g_free(open[depth]);
        open[depth] = NULL;
        append_block(out, scenario, field, depth);
    }
    return g_string_free(out, FALSE);
}

void
scenario_text_flow(GString *out, const char *section, const void *from)
{
    const ScenarioField *field = NULL;
    unsigned at = 0;
    FaultKind kind = FAULT_NONE;
    bool first = true;

    g_string_append_c(out, '{');
    while ((field = scenario_keys_next(section, &at)) != NULL) {
        g_autoptr(GString) value = g_string_new(NULL);

        if (field->type == SCENARIO_TYPE_KIND) {
            kind = *(const FaultKind *)G_STRUCT_MEMBER_P(from, field->offset);
        }
        if (!append_value(value, field, from, kind)) {
            continue;
        }
        /* An open-loop client neither thinks nor counts what is open. */
        if (strcmp(section, SCENARIO_CLIENTS) == 0 &&
            ((const ClientGroup *)from)->rate_milli != 0 &&
            (g_str_has_suffix(field->path, ".think") ||
             g_str_has_suffix(field->path, ".outstanding"))) {
            continue;
        }
        g_string_append_printf(out, "%s%s: %s", first ? "" : ", ",
                               scenario_keys_tail(field, section), value->str);
        first = false;
    }
    g_string_append_c(out, '}');
}

static void
append_block(GString *out, const Scenario *scenario, const ScenarioField *field,
             unsigned depth)
{
    g_autoptr(GString) value = g_string_new(NULL);
    const char *word = strrchr(field->path, '.');

    word = word == NULL ? field->path : word + 1;
    switch (field->type) {
    case SCENARIO_TYPE_RULES:
        append_list(value, SCENARIO_RULES, scenario->rules, sizeof(LinkRule),
                    scenario->rule_count, depth);
        break;
    case SCENARIO_TYPE_CLIENTS:
        append_list(value, SCENARIO_CLIENTS, scenario->clients,
                    sizeof(ClientGroup), scenario->client_group_count, depth);
        break;
    case SCENARIO_TYPE_RANDOM:
        append_list(value, SCENARIO_RANDOM, scenario->rates, sizeof(FaultRate),
                    scenario->rate_count, depth);
        break;
    case SCENARIO_TYPE_NEMESIS:
        return; /* its entries are those of faults.random */
    case SCENARIO_TYPE_TIMED:
        append_list(value, SCENARIO_TIMED, scenario->timed->faults,
                    sizeof(Fault), scenario->timed->count, depth);
        break;
    default:
        if (!append_value(value, field, scenario, FAULT_NONE)) {
            return;
        }
        break;
    }
    g_string_append_printf(out, "%*s%s:%s%s\n", (int)(2 * depth), "", word,
                           value->str[0] == '\n' ? "" : " ", value->str);
}

/* False when the value is one that may be absent, and is. */
static bool
append_value(GString *out, const ScenarioField *field, const void *from,
             FaultKind kind)
{
    const void *member = (const uint8_t *)from + field->offset;
    const char *text = NULL;
    g_autofree char *netem = NULL;

    switch (field->type) {
    case SCENARIO_TYPE_KIND:
        g_string_append(out, fault_kind_name(kind));
        return true;
    case SCENARIO_TYPE_BOUNDS:
    case SCENARIO_TYPE_DURATION_RANGE:
    case SCENARIO_TYPE_AMOUNT_RANGE:
    case SCENARIO_TYPE_DECIMAL_RANGE:
        return append_pair(out, field, member, kind);
    case SCENARIO_TYPE_TEXT:
    case SCENARIO_TYPE_NAME:
    case SCENARIO_TYPE_TOPOLOGY:
    case SCENARIO_TYPE_REGION:
    case SCENARIO_TYPE_PRESET:
    case SCENARIO_TYPE_NETEM_TEXT:
        text = *(char *const *)member;
        if (text != NULL) {
            yaml_tree_quote(out, text);
        }
        return text != NULL;
    case SCENARIO_TYPE_SELECTOR:
    case SCENARIO_TYPE_GROUPS:
        text = *(char *const *)member;
        g_string_append(out, text != NULL ? text : "");
        return text != NULL;
    case SCENARIO_TYPE_CONFIG:
        append_config(out, *(char *const *)member);
        return true;
    case SCENARIO_TYPE_NETEM:
        netem = netem_text(member);
        yaml_tree_quote(out, netem);
        return true;
    case SCENARIO_TYPE_REGIONS:
        if (*(char **const *)member != NULL) {
            netem = g_strjoinv(", ", *(char **const *)member);
            g_string_append_printf(out, "[%s]", netem);
        }
        return netem != NULL;
    case SCENARIO_TYPE_CRITERIA:
        return append_lines(out, *(char **const *)member);
    case SCENARIO_TYPE_MIX:
        append_mix(out, member);
        return true;
    default:
        return append_number(out, field, member, kind);
    }
}

static bool
append_number(GString *out, const ScenarioField *field, const void *member,
              FaultKind kind)
{
    ScenarioType type = field->type;
    int64_t value = 0;
    g_autofree char *text = NULL;

    if (type == SCENARIO_TYPE_AMOUNT) {
        if ((fault_kind_needs(kind) & FAULT_AMOUNT) == 0) {
            return false;
        }
        type = scenario_read_amount_type(kind);
    }
    if (type == SCENARIO_TYPE_BOOL || type == SCENARIO_TYPE_BUDGET) {
        value = *(const bool *)member;
    } else if (type == SCENARIO_TYPE_COUNT || type == SCENARIO_TYPE_DECIMAL) {
        value = *(const unsigned *)member;
    } else {
        value = *(const int64_t *)member;
    }
    if (field->words == SCENARIO_EMPTY && value == 0 &&
        field->type != SCENARIO_TYPE_AMOUNT) {
        return false;
    }
    if (field->words == SCENARIO_NONE && value == 0) {
        g_string_append(out, "none");
        return true;
    }
    if (field->words == SCENARIO_NEVER && value == -1) {
        g_string_append(out, "never");
        return true;
    }
    text = scenario_value_text(type, value);
    if (scenario_value_is_bare(type)) {
        g_string_append(out, text);
    } else {
        yaml_tree_quote(out, text);
    }
    return true;
}

static bool
append_pair(GString *out, const ScenarioField *field, const void *member,
            FaultKind kind)
{
    ScenarioType type = field->type;
    const int64_t *pair = member;
    g_autofree char *low = NULL, *high = NULL;

    if (type == SCENARIO_TYPE_AMOUNT_RANGE) {
        if ((fault_kind_needs(kind) & FAULT_AMOUNT) == 0) {
            return false;
        }
        type = scenario_read_amount_type(kind);
    } else if (type == SCENARIO_TYPE_BOUNDS && pair[1] == -1) {
        g_string_append_printf(out, pair[0] == 0 ? "none" : "\"%" PRIi64 "..\"",
                               pair[0]);
        return true;
    } else if (type == SCENARIO_TYPE_DURATION_RANGE && pair[1] == 0) {
        return false;
    }
    low = scenario_value_text(type, pair[0]);
    high = scenario_value_text(type, pair[1]);
    if (pair[0] == pair[1]) {
        g_string_append_printf(out, "\"%s\"", low);
    } else {
        g_string_append_printf(out, "\"%s..%s\"", low, high);
    }
    return true;
}

static void
append_config(GString *out, const char *config)
{
    g_auto(GStrv) lines = g_strsplit(config != NULL ? config : "", "\n", -1);
    bool first = true;

    g_string_append_c(out, '{');
    for (char **line = lines; *line != NULL; line++) {
        char *equals = strchr(*line, '=');

        if (equals == NULL) {
            continue;
        }
        g_string_append_printf(out, "%s%.*s: ", first ? "" : ", ",
                               (int)(equals - *line), *line);
        yaml_tree_quote(out, equals + 1);
        first = false;
    }
    g_string_append_c(out, '}');
}

static bool
append_lines(GString *out, char **lines)
{
    for (unsigned i = 0; lines != NULL && lines[i] != NULL; i++) {
        g_string_append(out, i == 0 ? "[" : ", ");
        yaml_tree_quote(out, lines[i]);
    }
    if (lines != NULL) {
        g_string_append(out, lines[0] == NULL ? "[]" : "]");
    }
    return lines != NULL;
}

static void
append_mix(GString *out, const unsigned *weight)
{
    bool first = true;

    g_string_append_c(out, '{');
    for (unsigned i = 0; i < 5; i++) {
        if (weight[i] != 0) {
            g_string_append_printf(out, "%s%s: %u", first ? "" : ", ",
                                   scenario_text_operations[i], weight[i]);
            first = false;
        }
    }
    g_string_append_c(out, '}');
}

static void
append_list(GString *out, const char *section, const void *items, size_t size,
            unsigned count, unsigned depth)
{
    if (count == 0) {
        g_string_append(out, "[]");
    }
    for (unsigned i = 0; i < count; i++) {
        g_string_append_printf(out, "\n%*s- ", (int)(2 * depth + 2), "");
        scenario_text_flow(out, section, (const uint8_t *)items + i * size);
    }
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Every edit makes a scenario that its own text can say, if it is valid at
 * all: who tries it lets the parser judge. */
#include "sim/shrink_edit.h"

#include <string.h>

typedef enum EditKind {
    /* Removals of list items first: edits are applied from the end, so that
     * indices still fit. */
    EDIT_RULE,
    EDIT_CLIENTS,
    EDIT_CONFIG,
    EDIT_WORD, /* of the links, NETEM_...; 0: the jitter */
    EDIT_TOPOLOGY,
    EDIT_REGIONS,
    EDIT_SERVICE,
    EDIT_OFFSET,
    EDIT_DRIFT,
    EDIT_MEMORY,
    EDIT_DISK_JITTER,
    EDIT_DISK_RATE,
    EDIT_VERB,
    EDIT_ZIPF,
    EDIT_VALUES,
    EDIT_CLIENT_REGION,
} EditKind;

/* A value that many scenarios have and that says little. */
#define VALUE_SIZE 16u

static void list_clients(const Scenario *scenario, GArray *edits);
static void add(GArray *edits, EditKind kind, unsigned index, unsigned part);
static void take(Scenario *scenario, const ShrinkEdit *edit);
static void take_clients(Scenario *scenario, const ShrinkEdit *edit);
static unsigned config_lines(const Scenario *scenario);
static void take_config(Scenario *scenario, unsigned index);
static void take_regions(Scenario *scenario);

GArray *
shrink_edit_list(const Scenario *scenario, bool workload)
{
    GArray *edits = g_array_new(FALSE, FALSE, sizeof(ShrinkEdit));

    for (unsigned i = 0; i < scenario->rule_count; i++) {
        add(edits, EDIT_RULE, i, 0);
    }
    for (unsigned i = 0; workload && scenario->client_group_count > 1 &&
                         i < scenario->client_group_count;
         i++) {
        add(edits, EDIT_CLIENTS, i, 0);
    }
    for (unsigned i = 0; i < config_lines(scenario); i++) {
        add(edits, EDIT_CONFIG, i, 0);
    }
    for (unsigned word = 1; word < 1u << NETEM_WORDS; word <<= 1) {
        if ((scenario->links.words & word) != 0) {
            add(edits, EDIT_WORD, 0, word);
        }
    }
    if (scenario->links.jitter > 0) {
        add(edits, EDIT_WORD, 0, 0);
    }
#define ADD_IF(condition, kind)                                                \
    if (condition) {                                                           \
        add(edits, kind, 0, 0);                                                \
    }
    ADD_IF(strcmp(scenario->topology, "mesh") != 0 &&
               scenario->topology[0] != '\0',
           EDIT_TOPOLOGY)
    ADD_IF(scenario->node_regions != NULL, EDIT_REGIONS)
    ADD_IF(scenario->service_time > 0, EDIT_SERVICE)
    ADD_IF(scenario->clock_offset_max > 0, EDIT_OFFSET)
    ADD_IF(scenario->clock_drift_ppb_max > 0, EDIT_DRIFT)
    ADD_IF(scenario->memory_budget > 0, EDIT_MEMORY)
    ADD_IF(scenario->disk_jitter > 0, EDIT_DISK_JITTER)
    ADD_IF(scenario->disk_rate > 0, EDIT_DISK_RATE)
#undef ADD_IF
    if (workload) {
        list_clients(scenario, edits);
    }
    return edits;
}

static void
list_clients(const Scenario *scenario, GArray *edits)
{
    for (unsigned i = 0; i < scenario->client_group_count; i++) {
        const ClientGroup *group = &scenario->clients[i];

        for (unsigned verb = 0; verb < G_N_ELEMENTS(group->weight); verb++) {
            if (group->weight[verb] > 0) {
                add(edits, EDIT_VERB, i, verb);
            }
        }
        if (group->zipf_milli > 0) {
            add(edits, EDIT_ZIPF, i, 0);
        }
        if (group->value_size > VALUE_SIZE) {
            add(edits, EDIT_VALUES, i, 0);
        }
        if (group->region != NULL) {
            add(edits, EDIT_CLIENT_REGION, i, 0);
        }
    }
}

static void
add(GArray *edits, EditKind kind, unsigned index, unsigned part)
{
    ShrinkEdit edit = {kind, index, part};

    g_array_append_val(edits, edit);
}

void
shrink_edit_apply(Scenario *scenario, const GArray *edits, const uint8_t *keep)
{
    for (unsigned i = edits->len; i-- > 0;) {
        if (!keep[i]) {
            take(scenario, &g_array_index(edits, ShrinkEdit, i));
        }
    }
}

static void
take(Scenario *scenario, const ShrinkEdit *edit)
{
    NetemConfig *links = &scenario->links;

    switch ((EditKind)edit->kind) {
    case EDIT_RULE:
        g_free(scenario->rules[edit->index].from);
        g_free(scenario->rules[edit->index].to);
        scenario->rule_count--;
        memmove(&scenario->rules[edit->index],
                &scenario->rules[edit->index + 1],
                (scenario->rule_count - edit->index) * sizeof(LinkRule));
        break;
    case EDIT_CONFIG:
        take_config(scenario, edit->index);
        break;
    case EDIT_WORD:
        if (edit->part == 0) {
            links->jitter = 0;
            links->delay_correlation = 0;
            links->distribution = netem_none().distribution;
        } else {
            netem_remove(links, (NetemWord)edit->part);
        }
        break;
    case EDIT_TOPOLOGY:
        g_free(scenario->topology);
        scenario->topology = g_strdup("mesh");
        break;
    case EDIT_REGIONS:
        take_regions(scenario);
        break;
    case EDIT_SERVICE:
        scenario->service_time = 0;
        break;
    case EDIT_OFFSET:
        scenario->clock_offset_max = 0;
        break;
    case EDIT_DRIFT:
        scenario->clock_drift_ppb_max = 0;
        break;
    case EDIT_MEMORY:
        scenario->memory_budget = 0;
        break;
    case EDIT_DISK_JITTER:
        scenario->disk_jitter = 0;
        break;
    case EDIT_DISK_RATE:
        scenario->disk_rate = 0;
        break;
    default:
        take_clients(scenario, edit);
        break;
    }
}

static void
take_clients(Scenario *scenario, const ShrinkEdit *edit)
{
    ClientGroup *group = &scenario->clients[edit->index];

    switch ((EditKind)edit->kind) {
    case EDIT_CLIENTS:
        g_free(group->region);
        scenario->client_group_count--;
        memmove(group, group + 1,
                (scenario->client_group_count - edit->index) * sizeof(*group));
        break;
    case EDIT_VERB:
        group->weight[edit->part] = 0;
        break;
    case EDIT_ZIPF:
        group->zipf_milli = 0;
        break;
    case EDIT_VALUES:
        group->value_size = VALUE_SIZE;
        break;
    case EDIT_CLIENT_REGION:
        g_clear_pointer(&group->region, g_free);
        break;
    default:
        g_assert_not_reached();
    }
}

static unsigned
config_lines(const Scenario *scenario)
{
    unsigned count = 0;

    for (const char *at = scenario->node_config; at != NULL && *at != '\0';
         at = strchr(at, '\n'), at = at != NULL ? at + 1 : NULL) {
        count++;
    }
    return count;
}

static void
take_config(Scenario *scenario, unsigned index)
{
    g_auto(GStrv) lines = g_strsplit(scenario->node_config, "\n", -1);
    GString *text = g_string_new(NULL);

    for (unsigned i = 0; lines[i] != NULL; i++) {
        if (i != index && lines[i][0] != '\0') {
            g_string_append_printf(text, "%s\n", lines[i]);
        }
    }
    g_free(scenario->node_config);
    scenario->node_config = g_string_free(text, FALSE);
}

static void
take_regions(Scenario *scenario)
{
    g_clear_pointer(&scenario->node_regions, g_strfreev);
    g_clear_pointer(&scenario->region_preset, g_free);
}

void
shrink_edit_plan(Scenario *scenario, const uint8_t *keep)
{
    Plan *plan = plan_new();

    for (unsigned i = 0; i < scenario->timed->count; i++) {
        if (keep[i]) {
            plan_add(plan, &scenario->timed->faults[i]);
        }
    }
    plan_sort(plan);
    plan_free(scenario->timed);
    scenario->timed = plan;
}

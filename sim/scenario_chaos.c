/* SPDX-License-Identifier: Apache-2.0 */
/* Random faults of a scenario. All draws are keyed by what is drawn for, so an
 * entry or a package more leaves the others as they were. */
#include "sim/scenario_chaos.h"

#include <string.h>

#include "sim/nemesis.h"
#include "sim/plan_read.h"
#include "sim/selector.h"

#define DAYS (30 * 86400 * SIM_S)

static bool add_packages(ScenarioReader *reader, const YamlNode *root,
                         Scenario *scenario);
static bool add_package(ScenarioReader *reader, const YamlNode *name,
                        const char *path, Scenario *scenario);
static bool refuse_name(ScenarioReader *reader, const YamlNode *name,
                        const char *path);
static void swarm(ScenarioReader *reader, Scenario *scenario);
static char *unit_of(const Scenario *scenario, unsigned index);
static uint64_t draw_strength(uint64_t word, uint64_t low, uint64_t high);
static uint64_t log2_of(uint64_t value);
static uint64_t exp2_of(uint64_t power);

bool
scenario_chaos_rate(ScenarioReader *reader, const Scenario *scenario,
                    const YamlNode *node, void *into)
{
    FaultRate *rate = into;
    Selector selector = {0};
    const char *usual = "one";
    bool big = false;

    if (!plan_read_takes(reader, node) ||
        !scenario_read_map(reader, SCENARIO_RANDOM, node, rate) ||
        !plan_read_check(reader, node, rate->kind, true)) {
        return false;
    }
    if (rate->kind == FAULT_PARTITION) {
        usual = "minority";
    } else if (rate->kind == FAULT_PARTITION_RING ||
               rate->kind == FAULT_CLOG_SWIZZLE) {
        usual = "all";
    }
    if (rate->kind == FAULT_HEAL_CORE) {
        return scenario_read_fail(reader, scenario_read_find(node, "kind"),
                                  "kind",
                                  "a fault that comes more than once: "
                                  "expect.liveness heals a core");
    }
    if (rate->nodes == NULL && rate->kind != FAULT_REDRAW) {
        rate->nodes = g_strdup(usual);
    }
    if (!scenario->quorum_budget || rate->nodes == NULL ||
        (rate->kind != FAULT_CRASH && rate->kind != FAULT_KILL &&
         rate->kind != FAULT_PAUSE)) {
        return true;
    }
    if (selector_parse(rate->nodes, 0, &selector, NULL)) {
        big = selector_has(&selector, SELECTOR_ALL) ||
              selector_has(&selector, SELECTOR_MAJORITY) ||
              selector_has(&selector, SELECTOR_FOLLOWERS) ||
              selector_has(&selector, SELECTOR_REST);
        selector_clear(&selector);
    }
    return !big || scenario_read_fail(reader, scenario_read_find(node, "nodes"),
                                      "nodes",
                                      "at most a minority, as faults.budget is "
                                      "quorum");
}

bool
scenario_chaos_read(ScenarioReader *reader, const YamlNode *root,
                    Scenario *scenario)
{
    if (!add_packages(reader, root, scenario)) {
        return false;
    }
    if (scenario->swarm_on_ppb != 0) {
        swarm(reader, scenario);
    }
    /* What was drawn is in faults.random now. */
    scenario->swarm_on_ppb = 0;
    scenario->swarm_strength_min = scenario->swarm_strength_max = 1000;
    return true;
}

static bool
add_packages(ScenarioReader *reader, const YamlNode *root, Scenario *scenario)
{
    const YamlNode *list = scenario_read_find(root, "faults.nemesis");
    bool good = true;

    for (unsigned i = 0; good && list != NULL && i < list->count; i++) {
        const YamlNode *name = list->items[i];
        g_autofree char *path = g_strdup_printf("faults.nemesis.%u", i);

        for (unsigned k = 0; good && k < i; k++) {
            if (name->kind == YAML_KIND_SCALAR &&
                strcmp(name->text, list->items[k]->text) == 0) {
                good = scenario_read_fail(reader, name, path,
                                          "each package at most once");
            }
        }
        good = good && add_package(reader, name, path, scenario);
    }
    return good;
}

static bool
add_package(ScenarioReader *reader, const YamlNode *name, const char *path,
            Scenario *scenario)
{
    const Nemesis *nemesis =
        name->kind == YAML_KIND_SCALAR ? nemesis_find(name->text) : NULL;
    YamlTree *tree = NULL;
    const YamlNode *list = NULL;
    bool good = true;

    if (nemesis == NULL) {
        return refuse_name(reader, name, path);
    }
    tree = yaml_tree_parse(nemesis->entries, strlen(nemesis->entries),
                           nemesis->name, NULL);
    g_assert(tree != NULL); /* the table's */
    list = yaml_tree_root(tree);
    scenario->rates =
        g_renew(FaultRate, scenario->rates, scenario->rate_count + list->count);
    for (unsigned i = 0; good && i < list->count; i++) {
        FaultRate *rate = &scenario->rates[scenario->rate_count++];

        *rate = (FaultRate){0};
        good = scenario_chaos_rate(reader, scenario, list->items[i], rate);
        rate->package = nemesis->name;
    }
    yaml_tree_free(tree);
    return good;
}

static bool
refuse_name(ScenarioReader *reader, const YamlNode *name, const char *path)
{
    g_autoptr(GPtrArray) names = g_ptr_array_new();
    g_autofree char *list = NULL;
    g_autofree char *expected = NULL;
    const Nemesis *nemesis;

    for (unsigned i = 0; (nemesis = nemesis_at(i)) != NULL; i++) {
        g_ptr_array_add(names, (char *)nemesis->name);
    }
    list = scenario_keys_join((const char *const *)names->pdata, names->len);
    expected = g_strconcat("one of ", list, NULL);
    return scenario_read_fail(reader, name, path, expected);
}

/* Toss a coin for each entry, or package, and draw how much more or less
 * often the faults of those that stay come. */
static void
swarm(ScenarioReader *reader, Scenario *scenario)
{
    unsigned kept = 0;
    g_autofree char **units = g_new0(char *, scenario->rate_count + 1);

    for (unsigned i = 0; i < scenario->rate_count; i++) {
        units[i] = unit_of(scenario, i);
    }
    for (unsigned i = 0; i < scenario->rate_count; i++) {
        FaultRate rate = scenario->rates[i];
        uint64_t coin = scenario_read_word(reader->seed, units[i], 0);
        uint64_t word = scenario_read_word(reader->seed, units[i], 1);
        uint64_t strength = draw_strength(word, scenario->swarm_strength_min,
                                          scenario->swarm_strength_max);

        if (dice_below(coin, 1000000000) >= scenario->swarm_on_ppb) {
            scenario_chaos_rate_clear(&rate);
            continue;
        }
        rate.mean_between = (SimTime)MIN(
            (unsigned __int128)rate.mean_between * 1000 / strength, DAYS);
        rate.mean_between = MAX(rate.mean_between, SIM_MS);
        scenario->rates[kept++] = rate;
    }
    for (unsigned i = 0; i < scenario->rate_count; i++) {
        g_free(units[i]);
    }
    scenario->rate_count = kept;
}

/* What shares a coin: a package, or one entry, known by its kind and its place
 * among those of the kind. */
static char *
unit_of(const Scenario *scenario, unsigned index)
{
    const FaultRate *rate = &scenario->rates[index];
    unsigned twins = 0;

    if (rate->package != NULL) {
        return g_strdup_printf("faults.swarm nemesis %s", rate->package);
    }
    for (unsigned i = 0; i < index; i++) {
        twins += scenario->rates[i].package == NULL &&
                 scenario->rates[i].kind == rate->kind;
    }
    return g_strdup_printf("faults.swarm %s %u", fault_kind_name(rate->kind),
                           twins);
}

/* From @low to @high thousandths, so that twice as strong is as likely as
 * half: uniform in the logarithm. */
static uint64_t
draw_strength(uint64_t word, uint64_t low, uint64_t high)
{
    uint64_t first = log2_of(low);
    uint64_t width = log2_of(high) - first;
    uint64_t strength = exp2_of(first + dice_below(word, width + 1));

    return CLAMP(strength, low, high);
}

/* In 2^-20, straight between powers of two: near enough for what is not
 * measured, and the inverse of exp2_of(). */
static uint64_t
log2_of(uint64_t value)
{
    unsigned whole = 63 - (unsigned)__builtin_clzll(value);

    return ((uint64_t)whole << 20) +
           (((value - (UINT64_C(1) << whole)) << 20) >> whole);
}

static uint64_t
exp2_of(uint64_t power)
{
    unsigned whole = (unsigned)(power >> 20);
    uint64_t part = power & ((1u << 20) - 1);

    return (UINT64_C(1) << whole) + ((part << whole) >> 20);
}

void
scenario_chaos_rate_clear(FaultRate *rate)
{
    g_free(rate->nodes);
    g_free(rate->peers);
    g_free(rate->netem);
    g_free(rate->file);
}

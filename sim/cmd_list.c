/* SPDX-License-Identifier: Apache-2.0 */
/* `seedbed list`: what there is to choose from, one table a subject. */
#include <json-glib/json-glib.h>
#include <stdio.h>
#include <string.h>

#include "netmodel/distribution.h"
#include "netmodel/regions.h"
#include "nodes/bugs.h"
#include "nodes/host/programs.h"
#include "sim/catalogue.h"
#include "sim/command.h"
#include "sim/linear_models.h"
#include "sim/nemesis.h"
#include "sim/reached.h"

#define COLUMNS_MAX 5u

/* Rows of a subject, collected before they are printed, because the widths
 * of the columns follow from them. */
typedef struct Table {
    const char *const *columns; /* names, NULL-terminated */
    GPtrArray *cells;           /* char *, row by row */
} Table;

typedef struct Subject {
    const char *name, *does;
    const char *columns[COLUMNS_MAX + 1];
    void (*fill)(Table *table);
} Subject;

static void add_scenarios(Table *table);
static void add_programs(Table *table);
static void add_distributions(Table *table);
static void add_faults(Table *table);
static void add_regions(Table *table);
static void add_keys(Table *table);
static void add_topologies(Table *table);
static void add_checks(Table *table);
static void add_models(Table *table);
static void add_bugs(Table *table);
static void add_nemesis(Table *table);
static void add_sometimes(Table *table);
static void add_buggify(Table *table);
static void add(Table *table, const char *first, ...) G_GNUC_NULL_TERMINATED;
static void print_table(const Subject *subject);
static void print_json(const Subject *subject);
static void print_subjects(bool json);
static unsigned column_count(const Table *table);

static const Subject subjects[] = {
    {"scenarios",
     "what `seedbed run NAME` finds",
     {"name", "title", "path"},
     add_scenarios},
    {"programs",
     "node programs that are built in",
     {"name", "summary"},
     add_programs},
    {"distributions",
     "of delays, for netem words and .dist files",
     {"name", "entries"},
     add_distributions},
    {"faults",
     "kinds of faults of a plan",
     {"kind", "does", "example"},
     add_faults},
    {"regions",
     "cloud regions with measured round-trip times",
     {"name", "place", "rtt_min_ms", "rtt_max_ms"},
     add_regions},
    {"keys",
     "every key of a scenario file",
     {"key", "type", "default", "example", "manual"},
     add_keys},
    {"topologies", "which links there are", {"words", "links"}, add_topologies},
    {"checks", "what must hold", {"check", "says", "source"}, add_checks},
    {"models",
     "what `seedbed check` checks histories against",
     {"name", "summary"},
     add_models},
    {"bugs",
     "planted bugs",
     {"name", "protocol", "broken", "source"},
     add_bugs},
    {"nemesis",
     "packages of random faults, for faults.nemesis",
     {"name", "does", "entries"},
     add_nemesis},
    {"sometimes",
     "facts that a sweep should reach; runs count them",
     {"name", "says"},
     add_sometimes},
    {"buggify",
     "where a node takes unusual turns, with `buggify: on`",
     {"name", "does"},
     add_buggify},
};

int
cmd_list(int argc, char **argv)
{
    gboolean json = FALSE, manual = FALSE;
    const GOptionEntry entries[] = {{"json", 0, 0, G_OPTION_ARG_NONE, &json,
                                     "print one JSON object and nothing else",
                                     NULL},
                                    {"man", 0, 0, G_OPTION_ARG_NONE, &manual,
                                     "of keys: the manual page, as roff", NULL},
                                    {NULL, 0, 0, 0, NULL, NULL, NULL}};
    char *operands[1];
    int status;

    if (!command_parse(&argc, &argv,
                       "[scenarios|programs|distributions|faults|regions|"
                       "keys|topologies|checks|models|bugs|nemesis|"
                       "sometimes|buggify]",
                       "seedbed list faults", entries, NULL, 0, 1, operands,
                       &status)) {
        return status;
    }
    if (manual && (operands[0] == NULL || strcmp(operands[0], "keys") != 0)) {
        command_complain("list", "--man: expected seedbed list keys --man");
        return RUN_BAD_ARGUMENTS;
    }
    if (manual) {
        g_autofree char *page = scenario_manual();

        fputs(page, stdout);
        return 0;
    }
    if (operands[0] == NULL) {
        print_subjects(json);
        return 0;
    }
    for (unsigned i = 0; i < G_N_ELEMENTS(subjects); i++) {
        if (strcmp(operands[0], subjects[i].name) == 0) {
            (json ? print_json : print_table)(&subjects[i]);
            return 0;
        }
    }
    command_complain("list",
                     "found '%s', expected scenarios, programs, "
                     "distributions, faults, regions, keys, topologies, "
                     "checks, models, bugs, nemesis, sometimes or buggify",
                     operands[0]);
    return RUN_BAD_ARGUMENTS;
}

static void
add_scenarios(Table *table)
{
    GArray *entries = catalogue_scenarios();

    for (unsigned i = 0; i < entries->len; i++) {
        const CatalogueEntry *entry =
            &g_array_index(entries, CatalogueEntry, i);
        GError *error = NULL;
        Scenario *scenario = scenario_load(entry->path, NULL, 0, 1, &error);

        /* A scenario with a mistake says so in the place of its title. */
        add(table, entry->name,
            scenario == NULL          ? error->message
            : scenario->title != NULL ? scenario->title
                                      : "",
            entry->path, NULL);
        scenario_free(scenario);
        g_clear_error(&error);
    }
    g_array_unref(entries);
}

static void
add_programs(Table *table)
{
    const NodeProgram *program;

    for (unsigned i = 0; (program = programs_builtin(i)) != NULL; i++) {
        add(table, program->name, program->summary, NULL);
    }
}

static void
add_distributions(Table *table)
{
    const Distribution *distribution;

    for (unsigned i = 0; (distribution = distribution_at(i)) != NULL; i++) {
        g_autofree char *count = g_strdup_printf("%u", distribution->count);

        add(table, distribution->name, count, NULL);
    }
}

static void
add_faults(Table *table)
{
    for (unsigned i = 1; i < FAULT_KIND_COUNT; i++) {
        FaultKind kind = (FaultKind)i;

        add(table, fault_kind_name(kind), fault_kind_manual(kind),
            fault_kind_example(kind), NULL);
    }
}

/* The nearest and the farthest other region. */
static void
add_regions(Table *table)
{
    for (RegionId id = 0; id < regions_count(); id++) {
        g_autofree char *low = NULL;
        g_autofree char *high = NULL;
        SimTime nearest = SIM_NEVER, farthest = 0;

        for (RegionId other = 0; other < regions_count(); other++) {
            if (other != id) {
                nearest = MIN(nearest, regions_rtt(id, other));
                farthest = MAX(farthest, regions_rtt(id, other));
            }
        }
        low = g_strdup_printf("%.1f", (double)nearest / 1e6);
        high = g_strdup_printf("%.1f", (double)farthest / 1e6);
        add(table, regions_name(id), regions_place(id), low, high, NULL);
    }
}

static void
add_keys(Table *table)
{
    unsigned count;
    const ScenarioKey *keys = scenario_keys(&count);

    for (unsigned i = 0; i < count; i++) {
        add(table, keys[i].path, keys[i].type,
            keys[i].fallback != NULL ? keys[i].fallback : "",
            keys[i].example != NULL ? keys[i].example : "",
            keys[i].manual != NULL ? keys[i].manual : "", NULL);
    }
}

static void
add_topologies(Table *table)
{
    add(table, "mesh", "every node to every other (default)", NULL);
    add(table, "ring", "each to the next, the last to the first", NULL);
    add(table, "line", "each to the next", NULL);
    add(table, "star", "node 1 to every other", NULL);
    add(table, "star N", "node N to every other", NULL);
    add(table, "1-2 2-3 3>1", "edges: `-` both ways, `>` one way", NULL);
    add(table, "multi-hop ...", "in front of any: hosts forward packets", NULL);
}

static void
add_checks(Table *table)
{
#define CHECK(name, says, source) add(table, name, says, source, NULL);
#include "sim/checks.def"
#undef CHECK
}

static void
add_models(Table *table)
{
    const LinearModel *model;

    for (unsigned i = 0; (model = linear_models_get(i)) != NULL; i++) {
        add(table, model->name, model->summary, NULL);
    }
}

static void
add_bugs(Table *table)
{
    for (int i = 0; i < BUG_COUNT; i++) {
        const BugRow *row = bugs_row(i);

        add(table, row->name, row->protocol, row->broken, row->source, NULL);
    }
}

static void
add_nemesis(Table *table)
{
    const Nemesis *nemesis;

    for (unsigned i = 0; (nemesis = nemesis_at(i)) != NULL; i++) {
        g_auto(GStrv) lines = g_strsplit(nemesis->entries, "\n", -1);
        GString *text = g_string_new(NULL);

        for (char **line = lines; *line != NULL; line++) {
            if ((*line)[0] == '-') {
                g_string_append_printf(text, "%s%s", line > lines ? ", " : "",
                                       *line + 2);
            }
        }
        add(table, nemesis->name, nemesis->does, text->str, NULL);
        g_string_free(text, TRUE);
    }
}

static void
add_sometimes(Table *table)
{
    const ReachedRow *row;

    for (unsigned i = 0; (row = reached_sometimes(i)) != NULL; i++) {
        add(table, row->name, row->manual, NULL);
    }
}

static void
add_buggify(Table *table)
{
    const ReachedRow *row;

    for (unsigned i = 0; (row = reached_buggify(i)) != NULL; i++) {
        add(table, row->name, row->manual, NULL);
    }
}

static void
add(Table *table, const char *first, ...)
{
    va_list arguments;

    va_start(arguments, first);
    for (const char *text = first; text != NULL;
         text = va_arg(arguments, const char *)) {
        g_ptr_array_add(table->cells, g_strdup(text));
    }
    va_end(arguments);
    g_assert(table->cells->len % column_count(table) == 0);
}

static unsigned
column_count(const Table *table)
{
    unsigned count = 0;

    while (table->columns[count] != NULL) {
        count++;
    }
    return count;
}

static Table
fill(const Subject *subject)
{
    Table table = {subject->columns, g_ptr_array_new_with_free_func(g_free)};

    subject->fill(&table);
    return table;
}

/* The last column is not padded, so a long one may wrap. */
static void
print_table(const Subject *subject)
{
    Table table = fill(subject);
    unsigned columns = column_count(&table);
    size_t width[COLUMNS_MAX];

    for (unsigned i = 0; i < columns; i++) {
        width[i] = strlen(subject->columns[i]);
    }
    for (unsigned i = 0; i < table.cells->len; i++) {
        size_t size = strlen(table.cells->pdata[i]);

        width[i % columns] = MAX(width[i % columns], size);
    }
    for (unsigned i = 0; i < columns; i++) {
        printf("%-*s%s", i + 1 < columns ? (int)width[i] : 0,
               subject->columns[i], i + 1 < columns ? "  " : "\n");
    }
    for (unsigned i = 0; i < table.cells->len; i++) {
        bool last = i % columns + 1 == columns;

        printf("%-*s%s", last ? 0 : (int)width[i % columns],
               (const char *)table.cells->pdata[i], last ? "\n" : "  ");
    }
    g_ptr_array_unref(table.cells);
}

static void
print_root(JsonBuilder *json)
{
    g_autoptr(JsonNode) root = json_builder_get_root(json);
    g_autofree char *text = json_to_string(root, TRUE);

    puts(text);
}

static void
print_json(const Subject *subject)
{
    Table table = fill(subject);
    unsigned columns = column_count(&table);
    g_autoptr(JsonBuilder) json = json_builder_new();

    json_builder_begin_object(json);
    json_builder_set_member_name(json, subject->name);
    json_builder_begin_array(json);
    for (unsigned i = 0; i < table.cells->len; i++) {
        if (i % columns == 0) {
            json_builder_begin_object(json);
        }
        json_builder_set_member_name(json, subject->columns[i % columns]);
        json_builder_add_string_value(json, table.cells->pdata[i]);
        if (i % columns + 1 == columns) {
            json_builder_end_object(json);
        }
    }
    json_builder_end_array(json);
    json_builder_end_object(json);
    print_root(json);
    g_ptr_array_unref(table.cells);
}

static void
print_subjects(bool as_json)
{
    g_autoptr(JsonBuilder) json = json_builder_new();

    json_builder_begin_object(json);
    for (unsigned i = 0; i < G_N_ELEMENTS(subjects); i++) {
        if (!as_json) {
            printf("seedbed list %-14s %s\n", subjects[i].name,
                   subjects[i].does);
        }
        json_builder_set_member_name(json, subjects[i].name);
        json_builder_add_string_value(json, subjects[i].does);
    }
    json_builder_end_object(json);
    if (as_json) {
        print_root(json);
    }
}

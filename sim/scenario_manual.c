/* SPDX-License-Identifier: Apache-2.0 */
/* seedbed-scenario(5), written from the table of keys and the table of fault
 * kinds, so that it says what the parser does. */
#include <string.h>

#include "netmodel/regions.h"
#include "sim/scenario_keys.h"

static void append_text(GString *out, const char *text);
static void append_head(GString *out, const char *text);
static void append_example(GString *out, const char *text);
static void append_keys(GString *out);
static void append_selectors(GString *out);
static void append_kinds(GString *out);
static void append_criteria(GString *out);
static void append_regions(GString *out);

static const char *const quantities[][2] = {
    {"durations", "30 s, 150 ms, 1.5 us: ns us ms s min h d"},
    {"sizes", "64 KiB: B kB MB GB TB KiB MiB GiB TiB"},
    {"rates", "10 Mbit, 100 MiB/s; of operations: 20/s"},
    {"shares", "0.5%, 50 ppm"},
    {"ranges", "\"150..300 ms\" wherever one number is wanted, or {choose: "
               "[1 ms, 5 ms]} for any value: the seed decides, for each key "
               "by itself, so that one more range changes no other"},
};

static const char *const selectors[][2] = {
    {"all", "every node"},
    {"one", "a drawn node"},
    {"minority", "as many drawn nodes as a majority can lose"},
    {"majority", "as many drawn nodes as make a majority"},
    {"leader", "who leads at that moment"},
    {"followers", "the nodes that do not"},
    {"clients", "every client"},
    {"rest", "the nodes that the other side does not name"},
    {"n3", "node 3"},
    {"region:eu-central-1", "the nodes of a region"},
    {"[leader, one]", "all of these; a drawn one is drawn from the others"},
};

/* An example of each, and what it is about. */
static const char *const criteria[][2] = {
    {"availability >= 99%", "operations that ended ok, of all that ended"},
    {"error-rate <= 1%", "those that failed or got no answer"},
    {"throughput >= 50/s", "operations that ended ok"},
    {"latency.p99 <= 200 ms",
     "of those; any quantile, as p99.9, and latency.mean, latency.max"},
    {"messages-per-operation <= 40",
     "messages sent for each operation that ended ok"},
    {"leaders-per-term <= 1", "the most leaders of any term"},
    {"memory <= 16 MiB", "the most bytes that a leader had written and not "
                         "committed"},
    {"log-size <= 64 MiB", "the most bytes of log that a leader had written "
                           "behind its last snapshot"},
    {"elections <= 5", "or any other metric of run.json; _ns takes a "
                       "duration, _bytes a size"},
    {"consistent", "what nodes have applied is the same, as far as it goes"},
    {"converged", "every node that is up has applied what was committed a "
                  "second before the end"},
    {"converged within 3 s of heal",
     "every node that is up has applied what was committed at the event"},
    {"leader within 2 s of crash", "a node that is up leads, or has all along"},
    {"stable within 3 s of heal",
     "a leader, and no new term, for a whole second"},
    {"progress within 3 s of last-change", "an operation ends ok"},
    {"availability >= 99% eventually within 5 s of heal",
     "measured over a second; likewise error-rate, throughput, latency"},
};

char *
scenario_manual(void)
{
    GString *out = g_string_new(
        ".TH SEEDBED-SCENARIO 5 \"\" \"Seedbed\" \"File formats\"\n"
        ".SH NAME\n"
        "seedbed-scenario, seedbed-plan \\- what a simulated run is made of\n"
        ".SH DESCRIPTION\n"
        "A scenario is a YAML file. Every key may be left out. A mistake is "
        "told in one line with file, line, column, key, what was found and "
        "what was expected. The option \\-\\-set path.to.key=value lays a "
        "value over the file; a list is entered by index, as in "
        "\\-\\-set clients.0.count=5, and its length appends; the value null "
        "restores the default. Anchors, aliases, tags and repeated keys are "
        "refused.\n"
        ".SH QUANTITIES\n");

    for (unsigned i = 0; i < G_N_ELEMENTS(quantities); i++) {
        append_head(out, quantities[i][0]);
        append_text(out, quantities[i][1]);
    }
    append_keys(out);
    append_selectors(out);
    append_kinds(out);
    append_criteria(out);
    append_regions(out);
    g_string_append(out,
                    ".SH PLANS\n"
                    "A plan is a YAML list of fault lines with the keys of "
                    "faults.timed and plain values, without ranges. A run "
                    "writes the one it drew; the option \\-\\-plan takes it "
                    "back, edited or not. Lines keep their numbers.\n"
                    ".PP\n"
                    ".EX\n"
                    "- {n: 1, at: \"5 s\", kind: partition, nodes: minority, "
                    "for: \"3 s\"}\n"
                    ".EE\n"
                    ".SH SEE ALSO\n"
                    ".BR seedbed (1),\n"
                    ".BR tc\\-netem (8)\n");
    return g_string_free(out, FALSE);
}

static void
append_keys(GString *out)
{
    unsigned count = 0;
    const ScenarioKey *keys = scenario_keys(&count);

    g_string_append(out, ".SH KEYS\n");
    for (unsigned i = 0; i < count; i++) {
        const char *tail = strrchr(keys[i].path, '.');
        bool item = strstr(keys[i].path, "[].") != NULL;
        g_autofree char *kind =
            g_strdup_printf("(%s%s%s)", keys[i].type,
                            keys[i].fallback == NULL      ? ""
                            : keys[i].fallback[0] == '\0' ? "; default: nothing"
                                                          : "; default: ",
                            keys[i].fallback != NULL ? keys[i].fallback : "");
        g_autofree char *example = g_strdup_printf(
            "%s: %s", item ? tail + 1 : keys[i].path, keys[i].example);

        append_head(out, keys[i].path);
        append_text(out, keys[i].manual);
        append_text(out, kind);
        append_example(out, example);
    }
}

static void
append_selectors(GString *out)
{
    g_string_append(out, ".SH SELECTORS\n"
                         "They are resolved when they are needed: a leader is "
                         "who leads then.\n");
    for (unsigned i = 0; i < G_N_ELEMENTS(selectors); i++) {
        append_head(out, selectors[i][0]);
        append_text(out, selectors[i][1]);
    }
}

static void
append_kinds(GString *out)
{
    g_string_append(out, ".SH FAULT KINDS\n");
    for (unsigned i = 1; i < FAULT_KIND_COUNT; i++) {
        append_head(out, fault_kind_name((FaultKind)i));
        append_text(out, fault_kind_manual((FaultKind)i));
        append_example(out, fault_kind_example((FaultKind)i));
    }
}

static void
append_criteria(GString *out)
{
    g_string_append(
        out, ".SH CRITERIA\n"
             "Lines of expect.criteria. What is of the whole run is a measure, "
             ">= or <=, and a bound. What is within a time of an event is "
             "judged each time that it happens: start, fault, heal (no fault "
             "is in force any more), last-change (of faults), leader-loss, or "
             "a fault kind, which then begins. An event is not judged when "
             "another fault begins, or the run ends, before the time is up "
             "and before it came true. Measures within a time are of any "
             "whole second after the event. The run folder's run.json and the "
             "summary say of each what was measured.\n");
    for (unsigned i = 0; i < G_N_ELEMENTS(criteria); i++) {
        append_head(out, criteria[i][0]);
        append_text(out, criteria[i][1]);
    }
}

static void
append_regions(GString *out)
{
    const char *const *regions = NULL;
    const char *name = NULL;

    g_string_append(out, ".SH REGIONS\n");
    for (RegionId i = 0; i < regions_count(); i++) {
        append_head(out, regions_name(i));
        append_text(out, regions_place(i));
    }
    for (unsigned i = 0; (name = scenario_keys_preset(i, &regions)) != NULL;
         i++) {
        unsigned count = 0;
        g_autofree char *list = NULL;
        g_autofree char *head = g_strdup_printf("preset %s", name);

        while (regions[count] != NULL) {
            count++;
        }
        list = scenario_keys_join(regions, count);
        append_head(out, head);
        append_text(out, list);
    }
}

/* A tagged paragraph named @text. */
static void
append_head(GString *out, const char *text)
{
    g_string_append(out, ".TP\n.B \"");
    append_text(out, text);
    g_string_truncate(out, out->len - 1);
    g_string_append(out, "\"\n");
}

static void
append_example(GString *out, const char *text)
{
    g_string_append(out, ".br\n");
    append_text(out, text);
}

/* A line of text: nothing of it is roff's. A quotation mark ends a macro's
 * argument, and a dot or an apostrophe in front would begin a request. */
static void
append_text(GString *out, const char *text)
{
    if (text[0] == '.' || text[0] == '\'') {
        g_string_append(out, "\\&");
    }
    for (const char *at = text; *at != '\0'; at++) {
        switch (*at) {
        case '\\':
            g_string_append(out, "\\e");
            break;
        case '-':
            g_string_append(out, "\\-");
            break;
        case '"':
            g_string_append(out, "\\(dq");
            break;
        default:
            g_string_append_c(out, *at);
            break;
        }
    }
    g_string_append_c(out, '\n');
}

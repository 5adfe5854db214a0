/* SPDX-License-Identifier: Apache-2.0 */
/* Medians, and three ways to print them. */
#include "sim/bugs_report.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "nodes/bugs.h"
#include "sim/build_id.h"
#include "sim/gnuplot.h"
#include "sim/plot.h"
#include "sim/statistics.h"
#include "sim/whole_file.h"

#define CHECKS_MOST 16u

/* How often a check was the one that caught. */
typedef struct Caught {
    const char *check;
    unsigned count;
} Caught;

static BugsRow row_of(const BugsTry *tries, unsigned count);
static void summarise(double *values, unsigned count, double *median,
                      double *low, double *high);
static void name_checks(const BugsTry *tries, unsigned count, BugsRow *row);
static int row_cmp(gconstpointer a, gconstpointer b);
static bool draw(const char *folder, GError **error);
static char *csv_text(const GArray *rows);
static char *page_text(const BugsMeasureOptions *options, const GArray *rows);
static void add_number(GString *text, double value, bool seconds);
static void add_interval(GString *text, double median, double low, double high,
                         bool seconds);

GArray *
bugs_report_rows(const GArray *tries)
{
    GArray *rows = g_array_new(FALSE, TRUE, sizeof(BugsRow));
    unsigned begin = 0;

    while (begin < tries->len) {
        const BugsTry *first = &g_array_index(tries, BugsTry, begin);
        unsigned end = begin;
        BugsRow row;

        while (end < tries->len &&
               g_array_index(tries, BugsTry, end).bug == first->bug) {
            end++;
        }
        row = row_of(first, end - begin);
        g_array_append_val(rows, row);
        begin = end;
    }
    g_array_sort(rows, row_cmp);
    return rows;
}

unsigned
bugs_report_missed(const GArray *rows)
{
    unsigned missed = 0;

    for (unsigned i = 0; i < rows->len; i++) {
        const BugsRow *row = &g_array_index(rows, BugsRow, i);

        missed += 2 * row->found <= row->tries;
    }
    return missed;
}

static BugsRow
row_of(const BugsTry *tries, unsigned count)
{
    BugsRow row = {.bug = tries[0].bug, .tries = count};
    g_autofree double *seeds = g_new(double, count);
    g_autofree double *cpu = g_new(double, count);
    g_autofree double *sizes = g_new(double, 3 * (size_t)count);
    double *before = sizes, *after = sizes + count, *nodes = after + count;

    for (unsigned i = 0; i < count; i++) {
        const BugsTry *one = &tries[i];

        row.found += one->found;
        seeds[i] = one->found ? (double)one->seeds : (double)INFINITY;
        cpu[i] = one->found ? (double)one->cpu_ns / 1e9 : (double)INFINITY;
        if (one->shrunk) {
            before[row.shrunk] = one->faults_before;
            after[row.shrunk] = one->faults;
            nodes[row.shrunk++] = one->nodes;
        }
    }
    summarise(seeds, count, &row.seeds, &row.seeds_low, &row.seeds_high);
    summarise(cpu, count, &row.cpu, &row.cpu_low, &row.cpu_high);
    if (row.shrunk > 0) {
        double low, high;

        summarise(before, row.shrunk, &row.faults_before, &low, &high);
        summarise(after, row.shrunk, &row.faults, &low, &high);
        summarise(nodes, row.shrunk, &row.nodes, &low, &high);
    }
    name_checks(tries, count, &row);
    return row;
}

static void
summarise(double *values, unsigned count, double *median, double *low,
          double *high)
{
    StatisticsInterval interval;

    statistics_sort(values, count);
    interval = statistics_quantile_interval(values, count, 0.5);
    *low = MAX(interval.low, 0);
    *high = interval.high;
    /* Nothing lies between a number and infinity. */
    *median = isinf(values[count / 2])
                  ? (double)INFINITY
                  : statistics_quantile(values, count, 0.5);
}

static void
name_checks(const BugsTry *tries, unsigned count, BugsRow *row)
{
    Caught caught[CHECKS_MOST];
    g_autoptr(GString) text = g_string_new(NULL);
    unsigned known = 0;

    for (unsigned i = 0; i < count; i++) {
        unsigned at = 0;

        if (!tries[i].found) {
            continue;
        }
        while (at < known && strcmp(caught[at].check, tries[i].check) != 0) {
            at++;
        }
        if (at == known && known < CHECKS_MOST) {
            caught[known++] = (Caught){tries[i].check, 0};
        }
        if (at < known) {
            caught[at].count++;
        }
        /* Most often first. */
        while (at > 0 && at < known &&
               caught[at].count > caught[at - 1].count) {
            Caught other = caught[at];

            caught[at] = caught[at - 1];
            caught[--at] = other;
        }
    }
    for (unsigned i = 0; i < known; i++) {
        g_string_append_printf(text, "%s%s %u", i > 0 ? ", " : "",
                               caught[i].check, caught[i].count);
    }
    g_strlcpy(row->caught, text->str, sizeof(row->caught));
}

static int
row_cmp(gconstpointer a, gconstpointer b)
{
    const BugsRow *x = a, *y = b;

    if (x->cpu < y->cpu || x->cpu > y->cpu) {
        return x->cpu < y->cpu ? -1 : 1;
    }
    return x->bug < y->bug ? -1 : x->bug > y->bug;
}

void
bugs_report_print(FILE *out, const GArray *rows)
{
    fprintf(out, "%-27s %6s  %-22s %-22s %s\n", "bug", "found", "seeds (95 %)",
            "CPU s (95 %)", "caught by");
    for (unsigned i = 0; i < rows->len; i++) {
        const BugsRow *row = &g_array_index(rows, BugsRow, i);
        g_autoptr(GString) seeds = g_string_new(NULL);
        g_autoptr(GString) cpu = g_string_new(NULL);

        add_interval(seeds, row->seeds, row->seeds_low, row->seeds_high, false);
        add_interval(cpu, row->cpu, row->cpu_low, row->cpu_high, true);
        fprintf(out, "%-27s %3u/%-3u %-22s %-22s %s\n",
                bugs_row(row->bug)->name, row->found, row->tries, seeds->str,
                cpu->str, row->caught);
    }
}

bool
bugs_report_write(const BugsMeasureOptions *options, const GArray *rows,
                  GError **error)
{
    g_autofree char *csv_path =
        g_build_filename(options->out, "bugs.csv", NULL);
    g_autofree char *page_path =
        g_build_filename(options->out, "README.md", NULL);
    g_autofree char *csv = csv_text(rows);
    g_autofree char *page = page_text(options, rows);

    return whole_file_write(csv_path, csv, strlen(csv), error) &&
           whole_file_write(page_path, page, strlen(page), error) &&
           draw(options->out, error);
}

/* Where there is no gnuplot there are no pictures. */
static bool
draw(const char *folder, GError **error)
{
    const char *const formats[] = {"svg", "png"};
    const char *const none[] = {NULL};

    for (unsigned i = 0; i < G_N_ELEMENTS(formats); i++) {
        GError *cause = NULL;

        if (gnuplot_draw(folder, "bugs.gp", "bugs", formats[i], none, &cause)) {
            continue;
        }
        if (!g_error_matches(cause, plot_error_quark(),
                             PLOT_ERROR_NO_GNUPLOT)) {
            g_propagate_error(error, cause);
            return false;
        }
        g_error_free(cause);
    }
    return true;
}

static char *
csv_text(const GArray *rows)
{
    GString *text = g_string_new(
        "bug,scenario,tries,found,seeds,seeds_low,seeds_high,cpu_s,cpu_s_low,"
        "cpu_s_high,shrunk,faults_before,faults,nodes,caught\n");

    for (unsigned i = 0; i < rows->len; i++) {
        const BugsRow *row = &g_array_index(rows, BugsRow, i);
        const double numbers[6] = {row->seeds, row->seeds_low, row->seeds_high,
                                   row->cpu,   row->cpu_low,   row->cpu_high};

        g_string_append_printf(text, "%s,%s,%u,%u", bugs_row(row->bug)->name,
                               bugs_row(row->bug)->scenario, row->tries,
                               row->found);
        for (unsigned k = 0; k < 6; k++) {
            g_string_append_c(text, ',');
            if (!isinf(numbers[k])) {
                g_string_append_printf(text, "%.6g", numbers[k]);
            }
        }
        g_string_append_printf(text, ",%u,", row->shrunk);
        if (row->shrunk > 0) {
            g_string_append_printf(text, "%g,%g,%g", row->faults_before,
                                   row->faults, row->nodes);
        } else {
            g_string_append(text, ",,");
        }
        g_string_append_printf(text, ",\"%s\"\n", row->caught);
    }
    return g_string_free(text, FALSE);
}

static char *
page_text(const BugsMeasureOptions *options, const GArray *rows)
{
    GString *text = g_string_new("# How soon the planted bugs are found\n\n");
    const BugsRow *last = &g_array_index(rows, BugsRow, rows->len - 1);

    g_string_append_printf(text,
                           "%u bugs; %u were not found by half of their tries. "
                           "The slowest is `%s`, with a\nmedian of ",
                           rows->len, bugs_report_missed(rows),
                           bugs_row(last->bug)->name);
    add_number(text, last->cpu, true);
    g_string_append_printf(
        text,
        " CPU-seconds.\n\n"
        "`seedbed bugs --measure` made this page. A try runs one seed after "
        "the other of the\nscenario named with the bug, until a run does not "
        "pass or %" PRIu64 " CPU-seconds are over; each\nof up to %u tries has "
        "seeds of its own. Given are the median and 95 %% for it by order\n"
        "statistics; a try that found nothing counts as infinite. *Shrunk*: "
        "what `seedbed\nshrink` made of what the first %u found, "
        "faults before and after, and nodes\nleft (median, a minute at most). "
        "Build: %s.\n\n"
        "![CPU-seconds to find each bug](bugs.svg)\n\n"
        "| bug | what is broken | found | seeds | CPU-seconds | caught by | "
        "shrunk | scenario | source |\n"
        "|---|---|---|---|---|---|---|---|---|\n",
        options->cap_ns / 1000000000, options->tries, options->shrink,
        build_id_text());
    for (unsigned i = 0; i < rows->len; i++) {
        const BugsRow *row = &g_array_index(rows, BugsRow, i);
        const BugRow *bug = bugs_row(row->bug);

        g_string_append_printf(text, "| `%s` | %s | %u/%u | ", bug->name,
                               bug->broken, row->found, row->tries);
        add_interval(text, row->seeds, row->seeds_low, row->seeds_high, false);
        g_string_append(text, " | ");
        add_interval(text, row->cpu, row->cpu_low, row->cpu_high, true);
        g_string_append_printf(text, " | %s | ", row->caught);
        if (row->shrunk > 0) {
            g_string_append_printf(text, "%g → %g, %g nodes",
                                   row->faults_before, row->faults, row->nodes);
        } else {
            g_string_append(text, "not measured");
        }
        g_string_append_printf(text, " | %s | %s |\n", bug->scenario,
                               bug->source);
    }
    return g_string_free(text, FALSE);
}

static void
add_number(GString *text, double value, bool seconds)
{
    if (isinf(value)) {
        g_string_append(text, "∞");
    } else if (!seconds) {
        g_string_append_printf(text, "%.0f", value);
    } else {
        g_string_append_printf(text,
                               value < 0.1  ? "%.3f"
                               : value < 10 ? "%.2f"
                                            : "%.0f",
                               value);
    }
}

static void
add_interval(GString *text, double median, double low, double high,
             bool seconds)
{
    add_number(text, median, seconds);
    g_string_append(text, " (");
    add_number(text, low, seconds);
    g_string_append(text, "..");
    add_number(text, high, seconds);
    g_string_append(text, ")");
}

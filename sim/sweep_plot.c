/* SPDX-License-Identifier: Apache-2.0 */
/* From the database to CSV files, from there to pictures. */
#include "sim/sweep_plot.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "sim/gnuplot.h"
#include "sim/plot.h"
#include "sim/statistics.h"
#include "sim/sweep_table.h"
#include "sim/whole_file.h"

/* Curves that a reader can tell apart; further variants are pooled by the
 * first axis, and of its values the picture shows the first ones only. */
#define CURVES_MAX 7u
/* Points of a curve: more cannot be seen. */
#define POINTS_MAX 1000u

typedef struct Work {
    const SweepPlotOptions *options;
    const char *out;
    SweepTable *table, *other; /* other: or NULL */
    GPtrArray *files;
} Work;

/* Values that make one curve. */
typedef struct Curve {
    char *name;
    uint64_t runs;
    GArray *values; /* of double, of the runs that have one */
} Curve;

/* A seed that was run both ways. */
typedef struct Pair {
    uint64_t seed;
    const char *variant;
    double before, after;
} Pair;

static bool plot_metric(Work *work, const char *name, GError **error);
static bool plot_cdf(Work *work, const SweepTableMetric *metric,
                     GError **error);
static GPtrArray *curves_of(const Work *work, const SweepTableMetric *metric,
                            GError **error);
static bool add_curve(GPtrArray *curves, const SweepTable *table,
                      const SweepTableMetric *metric,
                      const SweepTableVariant *variant, const char *name,
                      GError **error);
static void write_curve(FILE *file, unsigned number, const Curve *curve);
static bool plot_heat(Work *work, const SweepTableMetric *metric,
                      GError **error);
static GPtrArray *axis_values(const SweepTable *table, unsigned axis);
static bool heat_cell(const Work *work, const SweepTableMetric *metric,
                      const char *x, const char *y, GArray *values,
                      GError **error);
static bool plot_paired(Work *work, const SweepTableMetric *metric,
                        GError **error);
static bool draw_paired(Work *work, const SweepTableMetric *metric,
                        const GArray *differences, GError **error);
static bool add_pairs(GArray *pairs, const SweepTable *before,
                      const SweepTable *after, const SweepTableMetric *metric,
                      const SweepTableVariant *first,
                      const SweepTableVariant *second, GError **error);
static int by_difference(gconstpointer a, gconstpointer b);
static bool draw(Work *work, const char *picture,
                 const SweepTableMetric *metric, const char *const *arguments,
                 GError **error);
static WholeFile *csv_begin(const Work *work, const char *picture,
                            const SweepTableMetric *metric, GError **error);
static char *quoted(const char *text);
static char *legend(const Curve *curve);
static void free_curve(void *curve);

bool
sweep_plot(const SweepPlotOptions *options, GPtrArray *files, GError **error)
{
    static const char *const usual[] = {"latency_p99_ns", "availability",
                                        "leaderless_ns", NULL};
    const char *const *metrics = options->metrics != NULL
                                     ? (const char *const *)options->metrics
                                     : usual;
    Work work = {.options = options,
                 .out = options->out != NULL ? options->out : options->folder,
                 .files = files};
    GError *wrong = NULL;
    bool good;

    work.table = sweep_table_open(options->folder, &wrong);
    if (work.table != NULL && options->other != NULL) {
        work.other = sweep_table_open(options->other, &wrong);
    }
    if (wrong != NULL) {
        g_set_error_literal(error, PLOT_ERROR, PLOT_ERROR_NO_RUN,
                            wrong->message);
        g_error_free(wrong);
    }
    good = work.table != NULL && (options->other == NULL || work.other != NULL);
    for (unsigned i = 0; good && metrics[i] != NULL; i++) {
        good = plot_metric(&work, metrics[i], error);
    }
    if (good && work.table->paths[1] != NULL) {
        SweepTableMetric failed;

        good = sweep_table_metric(work.table, "failed", &failed, error) &&
               plot_heat(&work, &failed, error);
        sweep_table_metric_clear(&failed);
    }
    sweep_table_free(work.other);
    sweep_table_free(work.table);
    return good;
}

static bool
plot_metric(Work *work, const char *name, GError **error)
{
    SweepTableMetric metric;
    GError *wrong = NULL;
    bool good;

    if (!sweep_table_metric(work->table, name, &metric, &wrong)) {
        if (work->options->metrics == NULL) {
            g_error_free(wrong);
            return true; /* a usual one that this program does not have */
        }
        g_set_error_literal(error, PLOT_ERROR, PLOT_ERROR_NO_RUN,
                            wrong->message);
        g_error_free(wrong);
        return false;
    }
    good = plot_cdf(work, &metric, error) &&
           (work->table->paths[1] == NULL || plot_heat(work, &metric, error)) &&
           plot_paired(work, &metric, error);
    sweep_table_metric_clear(&metric);
    return good;
}

static bool
plot_cdf(Work *work, const SweepTableMetric *metric, GError **error)
{
    g_autoptr(GPtrArray) curves = curves_of(work, metric, error);
    WholeFile *file;
    g_autoptr(GPtrArray) words = g_ptr_array_new_with_free_func(g_free);
    unsigned drawn = 0;

    if (curves == NULL) {
        return false;
    }
    file = csv_begin(work, "cdf", metric, error);
    if (file == NULL) {
        return false;
    }
    g_ptr_array_add(words, NULL); /* the number of curves */
    fprintf(whole_file_stream(file), "curve,name,value,share,low_95,high_95\n");
    for (unsigned i = 0; i < curves->len; i++) {
        const Curve *curve = curves->pdata[i];

        if (curve->values->len > 0) {
            g_ptr_array_add(words, legend(curve));
            write_curve(whole_file_stream(file), ++drawn, curve);
        }
    }
    if (!whole_file_finish(file, error)) {
        return false;
    }
    words->pdata[0] = g_strdup_printf("%u", MIN(drawn, CURVES_MAX));
    if (drawn > CURVES_MAX) {
        char **last = (char **)&words->pdata[CURVES_MAX];
        char *more = g_strdup_printf("%s, and %u more in the CSV file", *last,
                                     drawn - CURVES_MAX);

        g_free(*last);
        *last = more;
    }
    g_ptr_array_add(words, NULL);
    return drawn == 0 ||
           draw(work, "cdf", metric, (const char *const *)words->pdata, error);
}

/* A curve a variant, or, of too many, one a value of the first axis. */
static GPtrArray *
curves_of(const Work *work, const SweepTableMetric *metric, GError **error)
{
    GPtrArray *curves = g_ptr_array_new_with_free_func(free_curve);
    const SweepTable *tables[] = {work->table, work->other};
    unsigned total = work->table->variants->len +
                     (work->other != NULL ? work->other->variants->len : 0);

    for (unsigned i = 0; i < G_N_ELEMENTS(tables) && tables[i] != NULL; i++) {
        for (unsigned j = 0; j < tables[i]->variants->len; j++) {
            const SweepTableVariant *variant =
                &g_array_index(tables[i]->variants, SweepTableVariant, j);
            const char *which = total > CURVES_MAX && variant->values[0] != NULL
                                    ? variant->values[0]
                                    : variant->name;
            const char *whose = total == 1              ? "all runs"
                                : variant->build == 'B' ? "build B"
                                : i == 1                ? work->options->other
                                : work->other != NULL   ? work->options->folder
                                                        : "build A";
            g_autofree char *build = g_strdup_printf(
                "%s%s%s", which, which[0] != '\0' ? ", " : "", whose);
            bool single = work->other == NULL && variant->build == 'A' &&
                          which[0] != '\0';

            if (!add_curve(curves, tables[i], metric, variant,
                           single ? which : build, error)) {
                g_ptr_array_unref(curves);
                return NULL;
            }
        }
    }
    return curves;
}

static bool
add_curve(GPtrArray *curves, const SweepTable *table,
          const SweepTableMetric *metric, const SweepTableVariant *variant,
          const char *name, GError **error)
{
    g_autoptr(GArray) values =
        sweep_table_values(table, metric, variant->number, error);
    Curve *curve = NULL;

    if (values == NULL) {
        return false;
    }
    for (unsigned i = 0; i < curves->len && curve == NULL; i++) {
        Curve *other = curves->pdata[i];

        curve = strcmp(other->name, name) == 0 ? other : NULL;
    }
    if (curve == NULL) {
        curve = g_new0(Curve, 1);
        curve->name = g_strdup(name);
        curve->values = g_array_new(FALSE, FALSE, sizeof(double));
        g_ptr_array_add(curves, curve);
    }
    curve->runs += sweep_table_runs(table, variant->number);
    for (unsigned i = 0; i < values->len; i++) {
        g_array_append_val(curve->values,
                           g_array_index(values, SweepTableValue, i).value);
    }
    return true;
}

static void
write_curve(FILE *file, unsigned number, const Curve *curve)
{
    double *values = (double *)(void *)curve->values->data;
    unsigned count = curve->values->len;
    unsigned every = (count + POINTS_MAX - 1) / POINTS_MAX;
    double band = statistics_cdf_band(count);
    g_autofree char *name = quoted(curve->name);

    statistics_sort(values, count);
    for (unsigned i = 0; i < count; i++) {
        double share = (double)(i + 1) / count;

        if (i % every == 0 || i + 1 == count) {
            fprintf(file, "%u,%s,%.9g,%.6f,%.6f,%.6f\n", number, name,
                    values[i], share, MAX(share - band, 0),
                    MIN(share + band, 1));
        }
    }
}

/* The median of a metric, or the share that failed, by the first two axes;
 * further axes are pooled. */
static bool
plot_heat(Work *work, const SweepTableMetric *metric, GError **error)
{
    g_autoptr(GPtrArray) xs = axis_values(work->table, 0);
    g_autoptr(GPtrArray) ys = axis_values(work->table, 1);
    WholeFile *file = csv_begin(work, "heat", metric, error);
    g_autofree char *columns = g_strdup_printf("%u", xs->len);
    g_autofree char *rows = g_strdup_printf("%u", ys->len);
    g_autofree char *longest = NULL;
    size_t length = 0;
    bool good = file != NULL;

    if (good) {
        fprintf(whole_file_stream(file),
                "column,row,x,y,runs,value,low_95,high_95\n");
    }
    for (unsigned i = 0; good && i < xs->len * ys->len; i++) {
        const char *x = xs->pdata[i % xs->len], *y = ys->pdata[i / xs->len];
        g_autofree char *x_text = quoted(x), *y_text = quoted(y);
        g_autoptr(GArray) values = g_array_new(FALSE, FALSE, sizeof(double));
        double *data;
        StatisticsInterval interval;
        double middle;

        good = heat_cell(work, metric, x, y, values, error);
        if (!good) {
            break;
        }
        if (values->len == 0) {
            fprintf(whole_file_stream(file), "%u,%u,%s,%s,0,,,\n", i % xs->len,
                    i / xs->len, x_text, y_text);
            continue;
        }
        data = (double *)(void *)values->data;
        statistics_sort(data, values->len);
        if (strcmp(metric->name, "failed") == 0) {
            unsigned failed = 0;

            for (unsigned j = 0; j < values->len; j++) {
                failed += data[j] > 0;
            }
            middle = 100.0 * failed / values->len;
            interval = statistics_share(failed, values->len, STATISTICS_Z95);
            interval.low *= 100;
            interval.high *= 100;
        } else {
            middle = statistics_quantile(data, values->len, 0.5);
            interval = statistics_quantile_interval(data, values->len, 0.5);
        }
        fprintf(whole_file_stream(file), "%u,%u,%s,%s,%u,%.9g,%.9g,%.9g\n",
                i % xs->len, i / xs->len, x_text, y_text, values->len, middle,
                interval.low, interval.high);
    }
    if (!good) {
        whole_file_free(file);
        return false;
    }
    for (unsigned i = 0; i < ys->len; i++) {
        length = MAX(length, strlen(ys->pdata[i]));
    }
    longest = g_strdup_printf("%zu", length);
    return whole_file_finish(file, error) &&
           draw(work, "heat", metric,
                (const char *[]){work->table->paths[0], work->table->paths[1],
                                 columns, rows, longest, NULL},
                error);
}

/* The values of an axis, in the order in which they were given. */
static GPtrArray *
axis_values(const SweepTable *table, unsigned axis)
{
    GPtrArray *values = g_ptr_array_new();

    for (unsigned i = 0; i < table->variants->len; i++) {
        char *value =
            g_array_index(table->variants, SweepTableVariant, i).values[axis];

        if (value != NULL && !g_ptr_array_find_with_equal_func(
                                 values, value, g_str_equal, NULL)) {
            g_ptr_array_add(values, value);
        }
    }
    return values;
}

static bool
heat_cell(const Work *work, const SweepTableMetric *metric, const char *x,
          const char *y, GArray *values, GError **error)
{
    for (unsigned i = 0; i < work->table->variants->len; i++) {
        const SweepTableVariant *variant =
            &g_array_index(work->table->variants, SweepTableVariant, i);
        g_autoptr(GArray) found = NULL;

        if (variant->build != 'A' || g_strcmp0(variant->values[0], x) != 0 ||
            g_strcmp0(variant->values[1], y) != 0) {
            continue;
        }
        found = sweep_table_values(work->table, metric, variant->number, error);
        if (found == NULL) {
            return false;
        }
        for (unsigned j = 0; j < found->len; j++) {
            g_array_append_val(values,
                               g_array_index(found, SweepTableValue, j).value);
        }
    }
    return true;
}

/* Variants of the same name, of two sweeps or of two builds. */
static bool
plot_paired(Work *work, const SweepTableMetric *metric, GError **error)
{
    const SweepTable *after = work->other != NULL ? work->other : work->table;
    char second_build = work->other != NULL ? 'A' : 'B';
    g_autoptr(GArray) pairs = g_array_new(FALSE, TRUE, sizeof(Pair));
    g_autoptr(GArray) differences = g_array_new(FALSE, FALSE, sizeof(double));
    WholeFile *file;

    for (unsigned i = 0; i < work->table->variants->len; i++) {
        const SweepTableVariant *first =
            &g_array_index(work->table->variants, SweepTableVariant, i);

        for (unsigned j = 0; j < after->variants->len; j++) {
            const SweepTableVariant *second =
                &g_array_index(after->variants, SweepTableVariant, j);

            if (first->build == 'A' && second->build == second_build &&
                strcmp(first->name, second->name) == 0 &&
                !add_pairs(pairs, work->table, after, metric, first, second,
                           error)) {
                return false;
            }
        }
    }
    if (pairs->len == 0) {
        return true;
    }
    g_array_sort(pairs, by_difference);
    file = csv_begin(work, "paired", metric, error);
    if (file == NULL) {
        return false;
    }
    fprintf(whole_file_stream(file),
            "rank,variant,seed,before,after,difference\n");
    for (unsigned i = 0; i < pairs->len; i++) {
        const Pair *pair = &g_array_index(pairs, Pair, i);
        double difference = pair->after - pair->before;
        g_autofree char *variant = quoted(pair->variant);

        g_array_append_val(differences, difference);
        fprintf(whole_file_stream(file),
                "%.6f,%s,%" G_GUINT64_FORMAT ",%.9g,%.9g,%.9g\n",
                (i + 0.5) / pairs->len, variant, pair->seed, pair->before,
                pair->after, difference);
    }
    return whole_file_finish(file, error) &&
           draw_paired(work, metric, differences, error);
}

static bool
draw_paired(Work *work, const SweepTableMetric *metric,
            const GArray *differences, GError **error)
{
    double mean;
    StatisticsInterval interval =
        statistics_mean((const double *)(const void *)differences->data,
                        differences->len, &mean);
    g_autofree char *count = g_strdup_printf("%u", differences->len);
    g_autofree char *middle = g_strdup_printf("%.9g", mean);
    g_autofree char *low = g_strdup_printf("%.9g", interval.low);
    g_autofree char *high = g_strdup_printf("%.9g", interval.high);
    bool two = work->other != NULL;
    const char *const arguments[] = {
        count,
        two ? work->options->folder : "build A",
        two ? work->options->other : "build B",
        middle,
        isinf(interval.low) ? middle : low, /* of a single pair */
        isinf(interval.high) ? middle : high,
        NULL};

    return draw(work, "paired", metric, arguments, error);
}

/* Both are ordered by seed. */
static bool
add_pairs(GArray *pairs, const SweepTable *before, const SweepTable *after,
          const SweepTableMetric *metric, const SweepTableVariant *first,
          const SweepTableVariant *second, GError **error)
{
    g_autoptr(GArray) left =
        sweep_table_values(before, metric, first->number, error);
    g_autoptr(GArray) right =
        left != NULL ? sweep_table_values(after, metric, second->number, error)
                     : NULL;

    if (right == NULL) {
        return false;
    }
    for (unsigned i = 0, j = 0; i < left->len && j < right->len;) {
        SweepTableValue a = g_array_index(left, SweepTableValue, i);
        SweepTableValue b = g_array_index(right, SweepTableValue, j);

        if (a.seed == b.seed) {
            Pair pair = {a.seed, first->name, a.value, b.value};

            g_array_append_val(pairs, pair);
        }
        i += a.seed <= b.seed;
        j += b.seed <= a.seed;
    }
    return true;
}

static int
by_difference(gconstpointer a, gconstpointer b)
{
    const Pair *left = a, *right = b;
    double first = left->after - left->before;
    double second = right->after - right->before;

    if (first != second) {
        return first < second ? -1 : 1;
    }
    if (left->seed != right->seed) {
        return left->seed < right->seed ? -1 : 1;
    }
    return strcmp(left->variant, right->variant);
}

/* PICTURE-METRIC.svg and .png: gnuplot gets the title, the metric's label and
 * all @arguments as one of quoted words: it takes nine arguments at most. */
static bool
draw(Work *work, const char *picture, const SweepTableMetric *metric,
     const char *const *arguments, GError **error)
{
    static const char *const formats[] = {"svg", "png"};
    g_autofree char *name = g_strdup_printf("%s-%s", picture, metric->name);
    g_autofree char *script = g_strconcat(picture, ".gp", NULL);
    g_autoptr(GString) words = g_string_new(NULL);
    const char *about =
        work->table->scenario != NULL ? work->table->scenario : "sweep";

    for (unsigned i = 0; arguments[i] != NULL; i++) {
        g_autofree char *word =
            g_strdelimit(g_strdup(arguments[i]), "'\"", '`');

        g_string_append_printf(words, "'%s' ", word);
    }
    for (unsigned i = 0; i < G_N_ELEMENTS(formats); i++) {
        const char *const all[] = {about, metric->label, words->str, NULL};

        if (!gnuplot_draw(work->out, script, name, formats[i], all, error)) {
            return false;
        }
        g_ptr_array_add(work->files,
                        g_strdup_printf("%s.%s", name, formats[i]));
    }
    return true;
}

static WholeFile *
csv_begin(const Work *work, const char *picture, const SweepTableMetric *metric,
          GError **error)
{
    g_autofree char *path =
        g_strdup_printf("%s/%s-%s.csv", work->out, picture, metric->name);

    return whole_file_new(path, error);
}

/* A field of CSV. The caller owns it. */
static char *
quoted(const char *text)
{
    g_auto(GStrv) parts = g_strsplit(text, "\"", -1);
    g_autofree char *doubled = g_strjoinv("\"\"", parts);

    return g_strdup_printf("\"%s\"", doubled);
}

/* Who was left out is said: a run that failed has no value. */
static char *
legend(const Curve *curve)
{
    return curve->values->len == curve->runs
               ? g_strdup_printf("%s (%u runs)", curve->name,
                                 curve->values->len)
               : g_strdup_printf("%s (%u of %" G_GUINT64_FORMAT
                                 " runs, the others stopped early)",
                                 curve->name, curve->values->len, curve->runs);
}

static void
free_curve(void *data)
{
    Curve *curve = data;

    g_free(curve->name);
    g_array_unref(curve->values);
    g_free(curve);
}

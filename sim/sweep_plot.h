/* SPDX-License-Identifier: Apache-2.0 */
/* Pictures over many seeds, for design reviews: how a metric is distributed,
 * how it depends on two keys of the scenario, and how the same seeds differ
 * between two builds or two sweeps. A CSV file beside each picture has its
 * numbers. */
#ifndef SEEDBED_SWEEP_PLOT_H
#define SEEDBED_SWEEP_PLOT_H

#include <glib.h>
#include <stdbool.h>

typedef struct SweepPlotOptions {
    const char *folder; /* of the sweep */
    const char *other;  /* of another one, to be compared; or NULL */
    const char *out;    /* where the pictures go; NULL: @folder */
    char **metrics;     /* sweep_table_metric(); NULL: the usual ones */
} SweepPlotOptions;

/* Per metric cdf-METRIC (the distribution with a 95 % band, a curve a
 * variant), heat-METRIC (the median over the first two axes of --vary, and
 * heat-failed) and paired-METRIC (differences seed by seed, where there are
 * two builds or two sweeps), each as .csv, .svg and .png. @files gets the
 * names of the pictures, in order; the caller owns it. False: @error, of
 * PLOT_ERROR (plot.h). */
bool sweep_plot(const SweepPlotOptions *options, GPtrArray *files,
                GError **error);

#endif

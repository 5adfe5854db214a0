/* SPDX-License-Identifier: Apache-2.0 */
/* Pictures of a run, drawn by gnuplot from the CSV files that metrics.h
 * leaves in a run folder: roles, latency and rate, each as SVG and PNG. */
#ifndef SEEDBED_PLOT_H
#define SEEDBED_PLOT_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#define PLOT_ERROR plot_error_quark()

typedef enum PlotError {
    PLOT_ERROR_NO_GNUPLOT, /* it is not installed */
    PLOT_ERROR_NO_RUN,     /* the folder is not a run's: the user's mistake */
    PLOT_ERROR_GNUPLOT,    /* it failed: the error has its last line */
} PlotError;

GQuark plot_error_quark(void);

/* Draw all pictures of the run in @folder into it; earlier ones are
 * replaced. Each picture is whole or absent. The same files give the same
 * pictures, byte for byte, with the same gnuplot. The scripts are those of
 * the folder that the environment variable SEEDBED_PLOTS names, else the
 * installed ones, else those of the source tree. False: @error. */
bool plot_run(const char *folder, GError **error);
/* The same, SVG only. */
bool plot_svg(const char *folder, GError **error);

/* Draw why.svg and why.png into @folder from its why.csv and faults.csv, as
 * plot_run() does: @title, a failure at @failed_at nanoseconds, @fault_count
 * rows of faults.csv. */
bool plot_why(const char *folder, const char *title, uint64_t failed_at,
              unsigned fault_count, GError **error);

/* The file names that plot_run() makes, NULL at the end. Static. */
const char *const *plot_files(void);

#endif

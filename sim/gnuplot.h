/* SPDX-License-Identifier: Apache-2.0 */
/* Running gnuplot: pictures appear whole or not at all, and what it complains
 * of becomes one line. All drawing is in plots/ (.gp). */
#ifndef SEEDBED_GNUPLOT_H
#define SEEDBED_GNUPLOT_H

#include <glib.h>
#include <stdbool.h>

/* Draw the picture @name in @format ("svg" or "png") into @folder, where the
 * script finds its data: gnuplot -c SCRIPT SCRIPTS NAME FORMAT @arguments...,
 * and the script leaves NAME.FORMAT.partial. @script is a file of the folder
 * that the environment variable SEEDBED_PLOTS names, else of the installed
 * ones, else of the source tree's plots/. @arguments end with NULL. False:
 * @error, of PLOT_ERROR (plot.h). */
bool gnuplot_draw(const char *folder, const char *script, const char *name,
                  const char *format, const char *const *arguments,
                  GError **error);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* One page about a run that opens anywhere: report.html, self-contained, made
 * from the files of a run folder alone. */
#ifndef SEEDBED_REPORT_H
#define SEEDBED_REPORT_H

#include <glib.h>
#include <stdbool.h>

#define REPORT_ERROR report_error_quark()

typedef enum ReportError {
    REPORT_ERROR_NO_RUN, /* the folder is not a run's: the user's mistake */
} ReportError;

GQuark report_error_quark(void);

#define REPORT_FILE "report.html"

/* Write @folder/report.html, whole or absent. Pictures of the series that are
 * not there yet are drawn first; without gnuplot the page says so. Whatever
 * the files hold is shown as text. About a third of a second, nearly all of it
 * gnuplot's. False: one line in @error. */
bool report_write(const char *folder, GError **error);

#endif

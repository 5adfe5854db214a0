/* SPDX-License-Identifier: Apache-2.0 */
/* The space-time diagram of the last events: a lifeline per node, an arrow per
 * message, time downwards, and beside each row what happened in words. */
#ifndef SEEDBED_REPORT_DIAGRAM_H
#define SEEDBED_REPORT_DIAGRAM_H

#include "sim/report_data.h"

/* Append an SVG to be part of a page. False, and nothing: there is no event to
 * draw. */
bool report_diagram(GString *out, const ReportData *data);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* The plan over the roles: who was what when, the faults above, what was
 * violated as a line through all; an SVG to be part of a page. */
#ifndef SEEDBED_REPORT_TIMELINE_H
#define SEEDBED_REPORT_TIMELINE_H

#include "sim/report_data.h"

void report_timeline(GString *out, const ReportData *data);

#endif

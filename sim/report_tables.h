/* SPDX-License-Identifier: Apache-2.0 */
/* The tables of a report: criteria, faults, metrics. */
#ifndef SEEDBED_REPORT_TABLES_H
#define SEEDBED_REPORT_TABLES_H

#include "sim/report_data.h"

/* Each appends a section, or nothing when the run says nothing of it. */
void report_tables_criteria(GString *out, const ReportData *data);
void report_tables_faults(GString *out, const ReportData *data);
void report_tables_metrics(GString *out, const ReportData *data);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* A sweep for other programs: JUnit's XML for CI servers, CSV for tables. */
#ifndef SEEDBED_SWEEP_EXPORT_H
#define SEEDBED_SWEEP_EXPORT_H

#include "sim/sweep_summary.h"

/* Passed seeds that have a test case of their own; beyond that they are one
 * together, for CI servers keep every case for ever. */
#define SWEEP_EXPORT_CASES_MAX 10000u

/* The database of @summary's folder as one <testsuites> at @path: a <testcase>
 * a run, with a <failure> (violated), <error> (the simulator failed) or
 * <skipped> (unknown). The file is whole or absent. False: @error. */
bool sweep_export_junit(const SweepSummary *summary, const char *path,
                        GError **error);
/* All of the table runs, with the names of build and variant in front, by
 * variant and seed; as RFC 4180 has it, with lines that end in LF. */
bool sweep_export_csv(const SweepSummary *summary, const char *path,
                      GError **error);

#endif

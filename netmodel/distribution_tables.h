/* SPDX-License-Identifier: Apache-2.0 */
/* The integer tables behind distribution.h: quantiles of variables with
 * mean 0 in units of 1 / DISTRIBUTION_ONE, and logarithms. */
#ifndef SEEDBED_DISTRIBUTION_TABLES_H
#define SEEDBED_DISTRIBUTION_TABLES_H

#include "netmodel/distribution.h"

#define DISTRIBUTION_LOG_ENTRIES 2049u

extern const int32_t distribution_table_normal[DISTRIBUTION_ENTRIES];
extern const int32_t distribution_table_pareto[DISTRIBUTION_ENTRIES];
extern const int32_t distribution_table_paretonormal[DISTRIBUTION_ENTRIES];
extern const int32_t distribution_table_exponential[DISTRIBUTION_ENTRIES];
extern const int32_t distribution_table_lognormal[DISTRIBUTION_ENTRIES];
/* log2(1 + i / 2048) x 2^31 */
extern const uint32_t distribution_table_log2[DISTRIBUTION_LOG_ENTRIES];

#endif

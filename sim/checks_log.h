/* SPDX-License-Identifier: Apache-2.0 */
/* The shape of logs: Leader Append-Only (L2), Log Matching (L3), nothing
 * committed is removed (L5), terms that only grow along a log (M5). */
#ifndef SEEDBED_CHECKS_LOG_H
#define SEEDBED_CHECKS_LOG_H

#include "sim/checks.h"

extern const CheckFamily checks_log_family;

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* What a leader believes of the others: match and next index (M3, M4), and its
 * count of itself (D1). */
#ifndef SEEDBED_CHECKS_PROGRESS_H
#define SEEDBED_CHECKS_PROGRESS_H

#include "sim/checks.h"

extern const CheckFamily checks_progress_family;

#endif

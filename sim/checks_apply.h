/* SPDX-License-Identifier: Apache-2.0 */
/* What is applied: only what is committed (A1), once and in order (A2), the
 * same everywhere (S1), and snapshots that are the state they stand for
 * (S2). */
#ifndef SEEDBED_CHECKS_APPLY_H
#define SEEDBED_CHECKS_APPLY_H

#include "sim/checks.h"

extern const CheckFamily checks_apply_family;

#endif

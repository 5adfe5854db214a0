/* SPDX-License-Identifier: Apache-2.0 */
/* What is committed: Leader Completeness (L4), State Machine Safety at the
 * commit index (S1), by whose word and counting it moves (C2, M2). */
#ifndef SEEDBED_CHECKS_COMMIT_H
#define SEEDBED_CHECKS_COMMIT_H

#include "sim/checks.h"

extern const CheckFamily checks_commit_family;

#endif

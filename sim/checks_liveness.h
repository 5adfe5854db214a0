/* SPDX-License-Identifier: Apache-2.0 */
/* Progress of a healed core (P1): a leader, a commit, an operation that ends
 * ok, each within the bound of expect.liveness.within. */
#ifndef SEEDBED_CHECKS_LIVENESS_H
#define SEEDBED_CHECKS_LIVENESS_H

#include "sim/checks.h"

extern const CheckFamily checks_liveness_family;

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* Roles and terms: Election Safety (E1), that a leader was elected by a quorum
 * (C3), acts in no term but its own (E2), and that no term goes back (M1). */
#ifndef SEEDBED_CHECKS_ROLES_H
#define SEEDBED_CHECKS_ROLES_H

#include "sim/checks.h"

extern const CheckFamily checks_roles_family;

#endif

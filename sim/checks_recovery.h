/* SPDX-License-Identifier: Apache-2.0 */
/* What a restart makes of a disk (D2): what was durable is there, and a disk
 * is refused only when it was damaged. */
#ifndef SEEDBED_CHECKS_RECOVERY_H
#define SEEDBED_CHECKS_RECOVERY_H

#include "sim/checks.h"

extern const CheckFamily checks_recovery_family;

#endif

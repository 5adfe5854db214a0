/* SPDX-License-Identifier: Apache-2.0 */
/* Durable before answer (D1; Raft Fig. 2: "updated on stable storage before
 * responding to RPCs"), and what rests on it: a quorum holds what is committed
 * (C1), nobody removes what it acknowledged (L5). */
#ifndef SEEDBED_CHECKS_DURABLE_H
#define SEEDBED_CHECKS_DURABLE_H

#include "sim/checks.h"

extern const CheckFamily checks_durable_family;

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* The safety of Raft, from what nodes say of their logs: Election Safety, Log
 * Matching, Leader Completeness, State Machine Safety and their kin. */
#ifndef SEEDBED_CHECKS_RAFT_H
#define SEEDBED_CHECKS_RAFT_H

#include "sim/checks.h"

extern const CheckFamily checks_raft_family;

#endif

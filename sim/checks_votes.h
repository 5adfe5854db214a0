/* SPDX-License-Identifier: Apache-2.0 */
/* Votes as they leave: one a node and term (Raft section 5.2), over all its
 * incarnations, and none by who stood in that term itself. */
#ifndef SEEDBED_CHECKS_VOTES_H
#define SEEDBED_CHECKS_VOTES_H

#include "sim/checks.h"

extern const CheckFamily checks_votes_family;

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* Durable before answer (Raft Fig. 2: "updated on stable storage before
 * responding to RPCs"), judged from what was written, synced and sent. */
#ifndef SEEDBED_CHECKS_STORAGE_H
#define SEEDBED_CHECKS_STORAGE_H

#include "sim/checks.h"

extern const CheckFamily checks_storage_family;

#endif

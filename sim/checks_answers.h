/* SPDX-License-Identifier: Apache-2.0 */
/* What a node took on, it answers (P3): every request that reached it on a
 * stream that lives, be it with an error, within expect.answer_within. */
#ifndef SEEDBED_CHECKS_ANSWERS_H
#define SEEDBED_CHECKS_ANSWERS_H

#include "sim/checks.h"

extern const CheckFamily checks_answers_family;

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* A line of the plan as a sentence, for those who do not read plans. */
#ifndef SEEDBED_PLAN_WORDS_H
#define SEEDBED_PLAN_WORDS_H

#include "sim/plan.h"

/* "at 5.2 s power loss of the leader for 300 ms"; the caller owns it. */
char *plan_words(const Fault *fault);

#endif

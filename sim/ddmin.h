/* SPDX-License-Identifier: Apache-2.0 */
/* Delta debugging: which of many things a failure needs. The algorithm ddmin
 * of Zeller and Hildebrandt, "Simplifying and Isolating Failure-Inducing
 * Input", IEEE TSE 28(2), 2002, Figure 5, with all candidates of a step handed
 * out at once, so that they can be tried in parallel. */
#ifndef SEEDBED_DDMIN_H
#define SEEDBED_DDMIN_H

#include <stdint.h>

/* Each of @sets is an array of flags, 1: the thing is there. Returns the index
 * of the FIRST set with which it still fails, -1: with none of them. It must
 * say the same of the same set every time, and may be of any shape: that more
 * things fail more often is not asked for. */
typedef int (*DdminTest)(void *user, const uint8_t *const *sets,
                         unsigned set_count);

/* Reduce @keep, @count flags that say with which things it fails, to a set
 * that is 1-minimal: it still fails, and with any one thing less it does not.
 * Returns how many are left. At most about count^2 + 3 count sets are tried,
 * as a rule count x log(count) and less. */
unsigned ddmin_reduce(unsigned count, uint8_t *keep, DdminTest test,
                      void *user);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* --vary path=1,2,3: the variants of a sweep, every value of each axis with
 * every value of the others (full factorial, as in OMNeT++'s parameter
 * studies), and twice that when two builds are compared. */
#ifndef SEEDBED_SWEEP_VARY_H
#define SEEDBED_SWEEP_VARY_H

#include "sim/sweep.h"

#define SWEEP_VARIANTS_MAX 10000u
#define SWEEP_AXES_MAX     16u

/* @axes, "path=v1,v2,..." each, NULL-terminated or NULL, the last one changing
 * fastest; with @both, builds A and B of each. A comma inside brackets, braces
 * or quotes does not part values. Where the last value has a unit and the
 * others are plain numbers, they have the same: 0,0.1,5% is 0%,0.1%,5%.
 *
 * The caller owns the array (of SweepVariant), which frees what is in it; at
 * least one. NULL: @error. */
GArray *sweep_vary(char **axes, bool both, GError **error);

#endif

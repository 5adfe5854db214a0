/* SPDX-License-Identifier: Apache-2.0 */
/* Why a history is not linearizable, as a picture: a bar an operation, a row
 * a process, those that cannot be ordered in red. */
#ifndef SEEDBED_LINEAR_DRAW_H
#define SEEDBED_LINEAR_DRAW_H

#include "sim/linear.h"

/* A self-contained SVG, 900 wide. Time runs from left to right; where nothing
 * begins or ends it is shortened. The caller owns the text. */
char *linear_draw(const LinearFailure *failure);

#endif

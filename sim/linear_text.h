/* SPDX-License-Identifier: Apache-2.0 */
/* Why a history is not linearizable, in words. */
#ifndef SEEDBED_LINEAR_TEXT_H
#define SEEDBED_LINEAR_TEXT_H

#include "sim/linear.h"

/* One sentence of at most @size bytes. Alike failures differ in numbers
 * only. */
void linear_text_sentence(const LinearFailure *failure, char *text,
                          size_t size);
/* Some lines: the operations that cannot be ordered, what was possible
 * before, and where in the history. @name: the file's. */
void linear_text_print(GString *out, const LinearFailure *failure,
                       const char *name);

#endif

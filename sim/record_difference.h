/* SPDX-License-Identifier: Apache-2.0 */
/* In what two records differ, field by field: also what their lines in a text
 * trace do not show. */
#ifndef SEEDBED_RECORD_DIFFERENCE_H
#define SEEDBED_RECORD_DIFFERENCE_H

#include <glib.h>

#include "sim/record.h"

/* Append a line for each thing in which @a and @b differ to @out, PROBEs
 * aside. Nothing when they are alike. */
void record_difference(GString *out, const Record *a, const Record *b);

#endif

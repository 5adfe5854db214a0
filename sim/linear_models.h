/* SPDX-License-Identifier: Apache-2.0 */
/* The models that histories are checked against: the built-in ones by name,
 * and those of shared objects by path (linear_model.h). */
#ifndef SEEDBED_LINEAR_MODELS_H
#define SEEDBED_LINEAR_MODELS_H

#include <glib.h>

#include "sim/linear_model.h"

/* The model called @name, or that of the shared object @name when it has a
 * '/'. NULL and @error, one line: there is none. */
const LinearModel *linear_models_find(const char *name, GError **error);
/* The built-in ones, one after another; NULL: no more. */
const LinearModel *linear_models_get(unsigned number);

/* For models: the text of a value, as JSON has it but shortened, appended to
 * @text, which has room for @size bytes. */
void linear_models_value_text(LinearTools *tools, uint64_t word, char *text,
                              size_t size);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* The node programs that are known by name, and those that come as a shared
 * object. */
#ifndef SEEDBED_PROGRAMS_H
#define SEEDBED_PROGRAMS_H

#include "nodes/node.h"

/* The built-in program @name, or, when @name contains a '/', the program that
 * the shared object of that path exports; it stays loaded. NULL: @error has
 * one line. */
const NodeProgram *programs_find(const char *name, char *error,
                                 size_t error_size);
/* The built-in programs, by number from 0; NULL behind the last. */
const NodeProgram *programs_builtin(unsigned number);

#endif

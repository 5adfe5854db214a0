/* SPDX-License-Identifier: Apache-2.0 */
/* The example of the manual: see echo.c. */
#ifndef SEEDBED_ECHO_H
#define SEEDBED_ECHO_H

#include "nodes/node.h"

extern const NodeProgram echo_program;

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* What happened in the world, in words. */
#ifndef SEEDBED_TRACE_FACT_H
#define SEEDBED_TRACE_FACT_H

#include "sim/trace_line.h"

/* Does it come before what the node is told of it? */
bool trace_fact_is_of_the_world(FactKind kind);
/* Append the line or lines of @fact. */
void trace_fact_print(TraceLine *line, const Fact *fact);

#endif

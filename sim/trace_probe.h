/* SPDX-License-Identifier: Apache-2.0 */
/* The facts that nodes state, in words. */
#ifndef SEEDBED_TRACE_PROBE_H
#define SEEDBED_TRACE_PROBE_H

#include "sim/trace_line.h"

/* Append the line of a PROBE effect of cell @self. */
void trace_probe_print(TraceLine *line, const Effect *effect, NodeId self);

#endif

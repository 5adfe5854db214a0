/* SPDX-License-Identifier: Apache-2.0 */
/* What a message is called where there is little room: "append_request",
 * "request +2" for three of them in one piece of a stream, "120 bytes" of what
 * nobody knows. */
#ifndef SEEDBED_TRACE_LABEL_H
#define SEEDBED_TRACE_LABEL_H

#include <glib.h>

#include "nodes/node.h"

typedef struct TraceLabel TraceLabel;

TraceLabel *trace_label_new(void);
void trace_label_free(TraceLabel *label);

/* @link is that of the cell at hand, which sends @bytes, or gets them when
 * @arrives. The text is borrowed until the next call. */
const char *trace_label_text(TraceLabel *label, LinkId link, Channel channel,
                             bool arrives, Slice bytes);

#endif

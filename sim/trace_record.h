/* SPDX-License-Identifier: Apache-2.0 */
/* Records as bytes and back: the canonical encoding of the binary trace. A
 * decoded record prints, counts and captures exactly as the original did.
 *
 * Numbers are LEB128 varints, signed ones zigzag, byte strings length first.
 * One function per thing both writes and reads it, so the two cannot drift
 * apart. Fields that are of no use outside the engine (the payload words of
 * an event) are not in it. */
#ifndef SEEDBED_TRACE_RECORD_H
#define SEEDBED_TRACE_RECORD_H

#include <glib.h>

#include "sim/record.h"

/* Append the encoding of @record to @out. Without @probes, PROBE effects are
 * left out: they change nothing, so a digest must not see them. */
void trace_record_encode(GByteArray *out, const Record *record, bool probes);

/* Memory of decoded records, reused from one to the next. */
typedef struct TraceRecordBuffer TraceRecordBuffer;

TraceRecordBuffer *trace_record_buffer_new(void);
void trace_record_buffer_free(TraceRecordBuffer *buffer);

/* Decode all of @bytes. The result points into @buffer and @bytes, and stays
 * valid until either changes. NULL when the bytes are no record: any bytes
 * are allowed, and cost no more memory than a constant times their number. */
const Record *trace_record_decode(TraceRecordBuffer *buffer,
                                  const uint8_t *bytes, size_t size);

#endif

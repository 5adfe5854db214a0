/* SPDX-License-Identifier: Apache-2.0 */
/* The compact trace: one zstd stream of
 *
 *     "seedbed-trace" NL, version, scenario, seed, nodes, clients,
 *     then per record its size and its encoding (trace_record.h),
 *     then a size of 0 and the number of records
 *
 * where numbers are varints and texts come length first. A file without its
 * end is damaged and says so. */
#ifndef SEEDBED_TRACE_BINARY_H
#define SEEDBED_TRACE_BINARY_H

#include <stdio.h>

#include "sim/trace_text.h"

#define TRACE_BINARY_VERSION 1u

typedef struct TraceWriter TraceWriter;

/* @stream is borrowed. */
TraceWriter *trace_writer_new(FILE *stream, const TraceAbout *about);
void trace_writer_record(TraceWriter *writer, const Record *record);
/* Write the end, flush and release. False when @stream had an error. */
bool trace_writer_finish(TraceWriter *writer);
void trace_writer_free(TraceWriter *writer);

typedef struct TraceReader TraceReader;

/* Open a compact trace. NULL and one line in @error when @path cannot be
 * read, is no trace, or is of another version. */
TraceReader *trace_reader_new(const char *path, GError **error);
/* The same from memory, which is borrowed; @name stands in errors. */
TraceReader *trace_reader_new_memory(const uint8_t *bytes, size_t size,
                                     const char *name, GError **error);
/* Borrowed from @reader. */
const TraceAbout *trace_reader_about(const TraceReader *reader);
/* The next record, borrowed until the next call; NULL at the end, or with
 * @error set when the file is damaged from here on. */
const Record *trace_reader_next(TraceReader *reader, GError **error);
/* XXH3-64 of the canonical encoding of the record that trace_reader_next()
 * returned last, without its probes: equal for equal happenings. */
uint64_t trace_reader_digest(TraceReader *reader);
/* Were the records that both returned last the same, probes aside? Cheap
 * when they are to the byte. */
bool trace_reader_alike(TraceReader *left, TraceReader *right);
void trace_reader_free(TraceReader *reader);

#endif

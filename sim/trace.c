/* SPDX-License-Identifier: Apache-2.0 */
/* Text or compact: the two forms behind one observer. */
#include "sim/trace.h"

#include "sim/trace_binary.h"
#include "sim/whole_file.h"

static Trace *new_stream(FILE *stream, const TraceAbout *about);

struct Trace {
    WholeFile *file; /* NULL: a borrowed stream */
    FILE *stream;
    TraceText *text;     /* text form */
    GString *lines;      /* its scratch */
    TraceWriter *writer; /* compact form */
};

void
trace_observe(Trace *trace, const Record *record)
{
    if (trace->writer != NULL) {
        trace_writer_record(trace->writer, record);
        return;
    }
    g_string_truncate(trace->lines, 0);
    trace_text_record(trace->text, trace->lines, record);
    (void)fwrite(trace->lines->str, 1, trace->lines->len, trace->stream);
}

bool
trace_finish(Trace *trace, GError **error)
{
    WholeFile *file = g_steal_pointer(&trace->file);
    TraceWriter *writer = g_steal_pointer(&trace->writer);
    FILE *stream = trace->stream;
    bool good = writer == NULL || trace_writer_finish(writer);

    trace_free(trace);
    if (file != NULL) {
        /* A failed write left its mark on the stream. */
        return whole_file_finish(file, error);
    }
    if (!good || fflush(stream) != 0 || ferror(stream) != 0) {
        g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_IO,
                    "the trace could not be written");
        return false;
    }
    return true;
}

Trace *
trace_new_text(const char *path, const TraceAbout *about, GError **error)
{
    WholeFile *file = whole_file_new(path, error);
    Trace *trace = NULL;

    if (file != NULL) {
        trace = new_stream(whole_file_stream(file), about);
        trace->file = file;
    }
    return trace;
}

/* A text trace to @stream, which is borrowed until trace_finish(). */
static Trace *
new_stream(FILE *stream, const TraceAbout *about)
{
    Trace *trace = g_new0(Trace, 1);

    trace->stream = stream;
    trace->text = trace_text_new(about);
    trace->lines = g_string_new(NULL);
    return trace;
}

Trace *
trace_new_binary(const char *path, const TraceAbout *about, GError **error)
{
    WholeFile *file = whole_file_new(path, error);
    Trace *trace = NULL;

    if (file != NULL) {
        trace = g_new0(Trace, 1);
        trace->file = file;
        trace->stream = whole_file_stream(file);
        trace->writer = trace_writer_new(trace->stream, about);
    }
    return trace;
}

void
trace_free(Trace *trace)
{
    if (trace == NULL) {
        return;
    }
    trace_writer_free(trace->writer);
    trace_text_free(trace->text);
    if (trace->lines != NULL) {
        g_string_free(trace->lines, TRUE);
    }
    whole_file_free(trace->file);
    g_free(trace);
}

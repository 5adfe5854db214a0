/* SPDX-License-Identifier: Apache-2.0 */
/* Both directions of the compact trace. The reader trusts nothing: sizes are
 * bounded before memory is taken, and what is damaged ends the trace with an
 * error, never with a guess. */
#include "sim/trace_binary.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <xxhash.h>
#include <zstd.h>

#include "sim/trace_record.h"

#define MAGIC      "seedbed-trace\n"
#define MAGIC_SIZE (sizeof MAGIC - 1)
/* Fast enough not to be seen beside the run, about 10 : 1 on traces. */
#define LEVEL 3
/* The window a reader is willing to allocate: 8 MiB, what level 3 may use. */
#define WINDOW_LOG_MAX 23
/* A step's effects above this size are no step's effects. */
#define RECORD_MAX ((uint64_t)512 * 1024 * 1024)
#define TEXT_MAX   4096u

struct TraceWriter {
    FILE *stream;
    ZSTD_CStream *zstd;
    GByteArray *record;
    uint8_t *buffer;
    uint64_t count;
};

struct TraceReader {
    char *name;
    FILE *stream; /* NULL: memory */
    ZSTD_DStream *zstd;
    ZSTD_inBuffer in;
    uint8_t *in_buffer;
    ZSTD_outBuffer out;
    size_t out_used; /* of what is in @out */
    bool frame_done; /* the zstd frame is complete */
    GByteArray *frame;
    GByteArray *scratch;
    TraceRecordBuffer *buffer;
    const Record *record;
    TraceAbout about;
    char *scenario;
    uint64_t count;
    bool done;
};

static void compress(TraceWriter *writer, const void *bytes, size_t size,
                     ZSTD_EndDirective end);
static size_t varint(uint8_t out[10], uint64_t value);
static TraceReader *reader_start(TraceReader *reader, GError **error);
static bool read_header(TraceReader *reader, GError **error);
static bool read_end(TraceReader *reader, GError **error);
static bool read_bytes(TraceReader *reader, uint8_t *out, size_t size);
static bool read_varint(TraceReader *reader, uint64_t *value);
static bool refill(TraceReader *reader);
static void damaged(const TraceReader *reader, GError **error);

void
trace_writer_record(TraceWriter *writer, const Record *record)
{
    uint8_t size[10];

    g_byte_array_set_size(writer->record, 0);
    trace_record_encode(writer->record, record, true);
    compress(writer, size, varint(size, writer->record->len), ZSTD_e_continue);
    compress(writer, writer->record->data, writer->record->len,
             ZSTD_e_continue);
    writer->count++;
}

static void
compress(TraceWriter *writer, const void *bytes, size_t size,
         ZSTD_EndDirective end)
{
    ZSTD_inBuffer in = {bytes, size, 0};
    size_t capacity = ZSTD_CStreamOutSize();
    size_t left;

    do {
        ZSTD_outBuffer out = {writer->buffer, capacity, 0};

        left = ZSTD_compressStream2(writer->zstd, &out, &in, end);
        g_assert(!ZSTD_isError(left));
        (void)fwrite(writer->buffer, 1, out.pos, writer->stream);
    } while (in.pos < in.size || (end == ZSTD_e_end && left != 0));
}

static size_t
varint(uint8_t out[10], uint64_t value)
{
    size_t count = 0;

    do {
        out[count++] = (uint8_t)((value & 0x7f) | (value > 0x7f ? 0x80u : 0u));
        value >>= 7;
    } while (value != 0);
    return count;
}

bool
trace_writer_finish(TraceWriter *writer)
{
    uint8_t end[11] = {0};
    FILE *stream = writer->stream;
    size_t size = 1 + varint(end + 1, writer->count);

    compress(writer, end, size, ZSTD_e_end);
    trace_writer_free(writer);
    return ferror(stream) == 0;
}

TraceWriter *
trace_writer_new(FILE *stream, const TraceAbout *about)
{
    TraceWriter *writer = g_new0(TraceWriter, 1);
    const char *scenario = about->scenario != NULL ? about->scenario : "";
    size_t size = MIN(strlen(scenario), TEXT_MAX);
    uint64_t numbers[] = {about->seed, about->node_count, about->client_count};
    uint8_t bytes[10];

    writer->stream = stream;
    writer->record = g_byte_array_new();
    writer->buffer = g_malloc(ZSTD_CStreamOutSize());
    writer->zstd = ZSTD_createCStream();
    g_assert(writer->zstd != NULL);
    ZSTD_CCtx_setParameter(writer->zstd, ZSTD_c_compressionLevel, LEVEL);
    ZSTD_CCtx_setParameter(writer->zstd, ZSTD_c_checksumFlag, 1);
    compress(writer, MAGIC, MAGIC_SIZE, ZSTD_e_continue);
    compress(writer, bytes, varint(bytes, TRACE_BINARY_VERSION),
             ZSTD_e_continue);
    compress(writer, bytes, varint(bytes, size), ZSTD_e_continue);
    compress(writer, scenario, size, ZSTD_e_continue);
    for (unsigned i = 0; i < G_N_ELEMENTS(numbers); i++) {
        compress(writer, bytes, varint(bytes, numbers[i]), ZSTD_e_continue);
    }
    return writer;
}

void
trace_writer_free(TraceWriter *writer)
{
    if (writer != NULL) {
        ZSTD_freeCStream(writer->zstd);
        g_byte_array_unref(writer->record);
        g_free(writer->buffer);
        g_free(writer);
    }
}

const Record *
trace_reader_next(TraceReader *reader, GError **error)
{
    uint64_t size;

    reader->record = NULL;
    if (reader->done) {
        return NULL;
    }
    if (!read_varint(reader, &size) || size > RECORD_MAX) {
        damaged(reader, error);
        return NULL;
    }
    if (size == 0) {
        if (!read_end(reader, error)) {
            return NULL;
        }
        reader->done = true;
        return NULL;
    }
    /* Memory grows with what is really there, not with what is claimed. */
    g_byte_array_set_size(reader->frame, 0);
    while (reader->frame->len < size) {
        guint have = reader->frame->len;
        guint step = (guint)MIN(size - have, 1u << 16);

        g_byte_array_set_size(reader->frame, have + step);
        if (!read_bytes(reader, reader->frame->data + have, step)) {
            damaged(reader, error);
            return NULL;
        }
    }
    reader->record = trace_record_decode(reader->buffer, reader->frame->data,
                                         reader->frame->len);
    if (reader->record == NULL) {
        damaged(reader, error);
        return NULL;
    }
    reader->count++;
    return reader->record;
}

uint64_t
trace_reader_digest(TraceReader *reader)
{
    g_assert(reader->record != NULL);
    g_byte_array_set_size(reader->scratch, 0);
    trace_record_encode(reader->scratch, reader->record, false);
    return XXH3_64bits(reader->scratch->data, reader->scratch->len);
}

bool
trace_reader_alike(TraceReader *left, TraceReader *right)
{
    g_assert(left->record != NULL && right->record != NULL);
    return (left->frame->len == right->frame->len &&
            memcmp(left->frame->data, right->frame->data, left->frame->len) ==
                0) ||
           trace_reader_digest(left) == trace_reader_digest(right);
}

const TraceAbout *
trace_reader_about(const TraceReader *reader)
{
    return &reader->about;
}

/* After the last record: their number, and nothing more. */
static bool
read_end(TraceReader *reader, GError **error)
{
    uint64_t count;
    uint8_t more;

    if (!read_varint(reader, &count) || count != reader->count ||
        read_bytes(reader, &more, 1) || !reader->frame_done) {
        damaged(reader, error);
        return false;
    }
    return true;
}

static bool
read_header(TraceReader *reader, GError **error)
{
    uint8_t magic[MAGIC_SIZE];
    uint64_t version, size, numbers[3];

    if (!read_bytes(reader, magic, MAGIC_SIZE) ||
        memcmp(magic, MAGIC, MAGIC_SIZE) != 0) {
        g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_INVAL,
                    "%s: not a compact trace", reader->name);
        return false;
    }
    if (read_varint(reader, &version) && version != TRACE_BINARY_VERSION) {
        g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_INVAL,
                    "%s: trace of version %" PRIu64 ", expected %u",
                    reader->name, version, TRACE_BINARY_VERSION);
        return false;
    }
    if (!read_varint(reader, &size) || size > TEXT_MAX) {
        damaged(reader, error);
        return false;
    }
    reader->scenario = g_malloc0((size_t)size + 1);
    if (!read_bytes(reader, (uint8_t *)reader->scenario, (size_t)size) ||
        !read_varint(reader, &numbers[0]) ||
        !read_varint(reader, &numbers[1]) ||
        !read_varint(reader, &numbers[2]) || numbers[1] > NODE_ID_MAX ||
        numbers[2] > NODE_ID_MAX) {
        damaged(reader, error);
        return false;
    }
    reader->about = (TraceAbout){reader->scenario, numbers[0],
                                 (unsigned)numbers[1], (unsigned)numbers[2]};
    return true;
}

static bool
read_varint(TraceReader *reader, uint64_t *value)
{
    *value = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
        uint8_t byte;

        if (!read_bytes(reader, &byte, 1) || (shift == 63 && byte > 1)) {
            return false;
        }
        *value |= (uint64_t)(byte & 0x7f) << shift;
        if ((byte & 0x80) == 0) {
            return true;
        }
    }
    return false;
}

static bool
read_bytes(TraceReader *reader, uint8_t *out, size_t size)
{
    while (size > 0) {
        size_t have = reader->out.pos - reader->out_used;
        size_t step = MIN(size, have);

        if (have == 0) {
            if (!refill(reader)) {
                return false;
            }
            continue;
        }
        memcpy(out, (uint8_t *)reader->out.dst + reader->out_used, step);
        reader->out_used += step;
        out += step;
        size -= step;
    }
    return true;
}

/* Decompress some more. False at the end, however it came. */
static bool
refill(TraceReader *reader)
{
    reader->out.pos = 0;
    reader->out_used = 0;
    while (reader->out.pos == 0) {
        if (reader->in.pos == reader->in.size && reader->stream != NULL) {
            reader->in.pos = 0;
            reader->in.size = fread(reader->in_buffer, 1, ZSTD_DStreamInSize(),
                                    reader->stream);
        }
        if (reader->frame_done) {
            return false;
        }

        size_t in_before = reader->in.pos;
        size_t left =
            ZSTD_decompressStream(reader->zstd, &reader->out, &reader->in);

        if (ZSTD_isError(left)) {
            return false;
        }
        reader->frame_done = left == 0;
        if (reader->out.pos == 0 && reader->in.pos == in_before &&
            !reader->frame_done) {
            return false;
        }
    }
    return true;
}

static void
damaged(const TraceReader *reader, GError **error)
{
    g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_INVAL,
                "%s: damaged or cut off after record %" PRIu64, reader->name,
                reader->count);
}

TraceReader *
trace_reader_new(const char *path, GError **error)
{
    FILE *stream = fopen(path, "rbe");
    TraceReader *reader;

    if (stream == NULL) {
        int reason = errno;

        g_set_error(error, G_FILE_ERROR, (gint)g_file_error_from_errno(reason),
                    "%s: cannot open: %s", path, g_strerror(reason));
        return NULL;
    }
    reader = g_new0(TraceReader, 1);
    reader->name = g_strdup(path);
    reader->stream = stream;
    reader->in_buffer = g_malloc(ZSTD_DStreamInSize());
    reader->in.src = reader->in_buffer;
    return reader_start(reader, error);
}

TraceReader *
trace_reader_new_memory(const uint8_t *bytes, size_t size, const char *name,
                        GError **error)
{
    TraceReader *reader = g_new0(TraceReader, 1);

    reader->name = g_strdup(name);
    reader->in = (ZSTD_inBuffer){bytes, size, 0};
    return reader_start(reader, error);
}

static TraceReader *
reader_start(TraceReader *reader, GError **error)
{
    reader->zstd = ZSTD_createDStream();
    g_assert(reader->zstd != NULL);
    ZSTD_DCtx_setParameter(reader->zstd, ZSTD_d_windowLogMax, WINDOW_LOG_MAX);
    reader->out.size = ZSTD_DStreamOutSize();
    reader->out.dst = g_malloc(reader->out.size);
    reader->frame = g_byte_array_new();
    reader->scratch = g_byte_array_new();
    reader->buffer = trace_record_buffer_new();
    if (!read_header(reader, error)) {
        trace_reader_free(reader);
        return NULL;
    }
    return reader;
}

void
trace_reader_free(TraceReader *reader)
{
    if (reader == NULL) {
        return;
    }
    if (reader->stream != NULL) {
        (void)fclose(reader->stream);
    }
    ZSTD_freeDStream(reader->zstd);
    g_byte_array_unref(reader->frame);
    g_byte_array_unref(reader->scratch);
    trace_record_buffer_free(reader->buffer);
    g_free(reader->in_buffer);
    g_free(reader->out.dst);
    g_free(reader->scenario);
    g_free(reader->name);
    g_free(reader);
}

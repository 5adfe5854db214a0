/* SPDX-License-Identifier: Apache-2.0 */
/* The log: a ring in memory and appended files on disk. */
#include "nodes/raft/raft_log.h"

#include <string.h>

#include "nodes/bugs.h"
#include "nodes/raft/raft_record.h"

#define RING_MIN ((uint64_t)64)
/* Entries in one WRITE. */
#define WRITE_MAX 512u
/* Data that is copied behind its head, so that the carrier, who looks at a
 * WRITE several times, finds it in one piece. */
#define COPY_MAX 512u

static void grow(RaftLog *log);
static void begin_file(RaftLog *log, uint8_t *header);
static unsigned write_some(RaftLog *log, Effects *fx);

void
raft_log_append(RaftLog *log, const RaftEntry *entry)
{
    RaftEntry *slot;

    /* Terms never decrease along a log. */
    g_assert(entry->term >= raft_log_term(log, log->last_index));
    if (log->last_index + 1 - log->first_index > log->mask) {
        grow(log);
    }
    slot = &log->entries[++log->last_index & log->mask];
    *slot = *entry;
    slot->data = slice_keep(entry->data);
}

void
raft_log_truncate(RaftLog *log, uint64_t from)
{
    g_assert(from >= log->first_index && from <= log->last_index + 1);
    for (uint64_t i = log->last_index; i >= from; i--) {
        RaftEntry *entry = &log->entries[i & log->mask];

        if (i <= log->written_index) {
            log->end_offset -= raft_record_size(entry);
        }
        raft_log_discard(log, entry->data.owner);
    }
    log->last_index = from - 1;
    if (log->written_index >= from) {
        log->written_index = from - 1;
        log->fresh_file = true;
        for (unsigned i = log->dirty_from; i < log->segments->len; i++) {
            RaftSegment *segment = g_ptr_array_index(log->segments, i);

            segment->last_write = MIN(segment->last_write, from - 1);
            segment->dirty = segment->dirty && segment->first_index < from;
        }
    }
    log->durable_index = MIN(log->durable_index, log->written_index);
    log->durable_offset = MIN(log->durable_offset, log->end_offset);
}

void
raft_log_compact(RaftLog *log, uint64_t first_index, Effects *fx)
{
    unsigned keep = 0;
    uint64_t limit = UINT64_MAX;

    g_assert(first_index <= log->written_index + 1);
    if (first_index <= log->first_index) {
        return;
    }
    log->base_term = raft_log_term(log, first_index - 1);
    for (uint64_t i = log->first_index; i < first_index; i++) {
        raft_log_discard(log, log->entries[i & log->mask].data.owner);
    }
    log->first_index = first_index;
    /* A file counts up to the least index at which a later one begins. */
    for (unsigned i = log->segments->len; i > 0; i--) {
        RaftSegment *segment = g_ptr_array_index(log->segments, i - 1);

        if (limit <= first_index) {
            keep = i;
            break;
        }
        limit = MIN(limit, segment->first_index);
    }
    for (unsigned i = 0; i < keep; i++) {
        RaftSegment *segment = g_ptr_array_index(
            log->segments, BUG(RAFT_REMOVE_REVERSED) ? keep - 1 - i : i);
        char *name = effects_alloc(fx, RAFT_LOG_NAME_MAX);

        memcpy(name, segment->name, RAFT_LOG_NAME_MAX);
        effects_remove(fx, name);
    }
    if (keep > 0) {
        g_ptr_array_remove_range(log->segments, 0, keep);
        log->dirty_from -= MIN(log->dirty_from, keep);
    }
}

void
raft_log_reset(RaftLog *log, uint64_t index, uint64_t term, uint64_t durable,
               Effects *fx)
{
    g_assert(durable <= index);
    for (uint64_t i = log->first_index; i <= log->last_index; i++) {
        raft_log_discard(log, log->entries[i & log->mask].data.owner);
    }
    for (unsigned i = 0; i < log->segments->len; i++) {
        RaftSegment *segment = g_ptr_array_index(log->segments, i);
        char *name = effects_alloc(fx, RAFT_LOG_NAME_MAX);

        memcpy(name, segment->name, RAFT_LOG_NAME_MAX);
        effects_remove(fx, name);
    }
    g_ptr_array_set_size(log->segments, 0);
    log->dirty_from = 0;
    log->first_index = index + 1;
    log->last_index = log->written_index = index;
    log->durable_index = durable;
    log->durable_offset = log->end_offset;
    log->base_term = term;
    log->fresh_file = true;
    log->starts_log = true;
}

void
raft_log_end_file(RaftLog *log)
{
    log->file_size = MAX(log->file_size, log->segment_size);
}

unsigned
raft_log_spans(const RaftLog *log, uint64_t from, unsigned count,
               RaftSpan spans[2])
{
    uint64_t slot = from & log->mask;
    uint64_t until_end = log->mask + 1 - slot;

    if (count == 0) {
        return 0;
    }
    g_assert(from >= log->first_index && from + count - 1 <= log->last_index);
    spans[0] = (RaftSpan){&log->entries[slot], (unsigned)MIN(until_end, count)};
    if (spans[0].count == count) {
        return 1;
    }
    spans[1] = (RaftSpan){log->entries, count - spans[0].count};
    return 2;
}

uint64_t
raft_log_term_first(const RaftLog *log, uint64_t index)
{
    uint64_t term = raft_log_term(log, index);
    uint64_t low = log->first_index, high = index;

    while (low < high) {
        uint64_t middle = low + (high - low) / 2;

        if (raft_log_term(log, middle) < term) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return high;
}

uint64_t
raft_log_term_last(const RaftLog *log, uint64_t limit, uint64_t term)
{
    uint64_t low = log->first_index - 1, high = MIN(limit, log->last_index);

    while (low < high) {
        uint64_t middle = low + (high - low + 1) / 2;

        if (raft_log_term(log, middle) > term) {
            high = middle - 1;
        } else {
            low = middle;
        }
    }
    return low;
}

void
raft_log_write(RaftLog *log, Effects *fx)
{
    while (log->written_index < log->last_index) {
        unsigned count = write_some(log, fx);

        g_assert(count > 0);
    }
}

unsigned
raft_log_dirty_files(const RaftLog *log, const char **names, unsigned limit,
                     uint64_t *index, uint64_t *offset)
{
    unsigned count = 0;

    *index = log->written_index;
    *offset = log->end_offset;
    for (unsigned i = log->dirty_from; i < log->segments->len; i++) {
        RaftSegment *segment = g_ptr_array_index(log->segments, i);

        if (!segment->dirty) {
            continue;
        }
        if (count == limit) {
            *index = segment->first_index - 1;
            *offset = segment->offset;
            break;
        }
        names[count++] = segment->name;
    }
    return count;
}

void
raft_log_durable(RaftLog *log, uint64_t index, uint64_t offset)
{
    g_assert(index <= log->written_index && offset <= log->end_offset);
    log->durable_index = MAX(log->durable_index, index);
    log->durable_offset = MAX(log->durable_offset, offset);
    for (unsigned i = log->dirty_from; i < log->segments->len; i++) {
        RaftSegment *segment = g_ptr_array_index(log->segments, i);

        if (segment->dirty && segment->last_write > index) {
            break;
        }
        segment->dirty = false;
        log->dirty_from = i;
    }
}

void
raft_log_begin_step(RaftLog *log)
{
    for (unsigned i = 0; i < log->trash_count; i++) {
        bytes_unref(log->trash[i]);
    }
    log->trash_count = 0;
}

void
raft_log_discard(RaftLog *log, Bytes *bytes)
{
    if (bytes == NULL) {
        return;
    }
    if (log->trash_count == log->trash_capacity) {
        log->trash_capacity = MAX(64, log->trash_capacity * 2);
        log->trash = g_renew(Bytes *, log->trash, log->trash_capacity);
    }
    log->trash[log->trash_count++] = bytes;
}

static void
grow(RaftLog *log)
{
    uint64_t size = (log->mask + 1) * 2;
    RaftEntry *entries = g_new(RaftEntry, size);

    for (uint64_t i = log->first_index; i <= log->last_index; i++) {
        entries[i & (size - 1)] = log->entries[i & log->mask];
    }
    g_free(log->entries);
    log->entries = entries;
    log->mask = size - 1;
}

/* Make the file that the next record begins. */
static void
begin_file(RaftLog *log, uint8_t *header)
{
    RaftSegment *segment = g_new0(RaftSegment, 1);
    uint64_t first = log->written_index + 1;

    if (log->fresh_file) {
        log->epoch++;
    }
    segment->first_index = first;
    segment->offset = log->end_offset;
    segment->epoch = log->epoch;
    raft_record_name(segment->name, first, log->epoch);
    g_ptr_array_add(log->segments, segment);
    raft_record_file_header(
        header, &(RaftFileHeader){.first_index = first,
                                  .offset = log->end_offset,
                                  .durable = log->durable_offset,
                                  .epoch = log->epoch,
                                  .starts_log = log->starts_log,
                                  .base_term = raft_log_term(log, first - 1)});
    log->fresh_file = false;
    log->starts_log = false;
    log->file_size = RAFT_LOG_HEADER;
}

/* One WRITE of as many entries as belong to one file. */
static unsigned
write_some(RaftLog *log, Effects *fx)
{
    uint64_t waiting = log->last_index - log->written_index;
    unsigned most = (unsigned)MIN(waiting, WRITE_MAX), count = 0, parts = 0;
    Slice *slices = effects_alloc(fx, (2 * most + 1) * sizeof(Slice));
    RaftSegment *segment;
    Slice *open = &slices[0]; /* the part that grows */
    uint64_t offset = log->file_size;
    size_t room = RAFT_LOG_HEADER + (size_t)most * RAFT_LOG_RECORD;
    uint8_t *out;

    for (unsigned i = 0; i < most; i++) {
        const RaftEntry *entry = raft_log_at(log, log->written_index + 1 + i);

        room += entry->data.size <= COPY_MAX ? entry->data.size : 0;
    }
    out = effects_alloc(fx, room);
    *open = slice_of(out, 0);
    if (log->segments->len == 0 || log->fresh_file ||
        log->file_size >= log->segment_size) {
        begin_file(log, out);
        out += RAFT_LOG_HEADER;
        offset = 0;
    }
    segment = g_ptr_array_index(log->segments, log->segments->len - 1);
    while (count < most && (count == 0 || log->file_size < log->segment_size)) {
        uint64_t index = log->written_index + 1;
        const RaftEntry *entry = raft_log_at(log, index);

        raft_record_head(out, index, log->durable_offset, log->epoch, entry);
        out += RAFT_LOG_RECORD;
        if (entry->data.size > COPY_MAX) {
            open->size = (size_t)(out - open->data);
            slices[++parts] = entry->data;
            open = &slices[++parts];
            *open = slice_of(out, 0);
        } else if (entry->data.size > 0) {
            memcpy(out, entry->data.data, entry->data.size);
            out += entry->data.size;
        }
        log->file_size += raft_record_size(entry);
        log->end_offset += raft_record_size(entry);
        log->written_index = index;
        count++;
    }
    open->size = (size_t)(out - open->data);
    parts += open->size > 0;
    segment->dirty = true;
    segment->last_write = log->written_index;
    effects_write(fx, segment->name, offset, slices, parts);
    return count;
}

void
raft_log_init(RaftLog *log, uint64_t segment_size)
{
    *log = (RaftLog){
        .entries = g_new(RaftEntry, RING_MIN),
        .mask = RING_MIN - 1,
        .first_index = 1,
        .segments = g_ptr_array_new_with_free_func(g_free),
        .fresh_file = true,
        .starts_log = true,
        .segment_size = segment_size,
    };
}

void
raft_log_clear(RaftLog *log)
{
    for (uint64_t i = log->first_index; i <= log->last_index; i++) {
        bytes_unref(log->entries[i & log->mask].data.owner);
    }
    raft_log_begin_step(log);
    g_free(log->trash);
    g_free(log->entries);
    g_ptr_array_unref(log->segments);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Content, undo records and power loss of one file. A crash undoes all
 * records, newest first, keeping what they had written, and then does again
 * what the dice let survive. */
#include "sim/disk_file.h"

#include <glib.h>
#include <string.h>

/* Records of one file above which the oldest half is taken as written back,
 * as a kernel does in its own time: a file that is never synced must not
 * cost memory for ever. */
#define RECORDS_MAX 65536u

/* What becomes of one change; in this order, see draw_survival(). */
typedef enum Survival {
    SURVIVAL_LOST,
    SURVIVAL_WHOLE,
    SURVIVAL_TORN,
} Survival;

static void reserve(DiskFile *file, uint64_t need);
static void put(DiskFile *file, uint64_t offset, const Slice *parts,
                unsigned part_count, uint64_t size);
static DiskChange *record(DiskFile *file, uint64_t seq, uint64_t from,
                          uint64_t to);
static void drop_records(DiskFile *file, unsigned count);
static void crash_records(DiskFile *file, DiskMood mood, Stream *stream,
                          DiskLoss *loss);
static Survival draw_survival(DiskMood mood, const DiskChange *change, int cut,
                              Stream *stream);
static void undo_all(DiskFile *file, uint8_t **written);
static void undo_one(DiskFile *file, const DiskChange *change);
static void redo_whole(DiskFile *file, const DiskChange *change,
                       const uint8_t *bytes);
static uint64_t redo_torn(DiskFile *file, const DiskChange *change,
                          const uint8_t *bytes, Stream *stream);
static uint64_t visit(const DiskFile *file, unsigned index, uint64_t offset,
                      uint8_t *bytes, uint64_t size, int how);

enum { VISIT_READ, VISIT_FLIP, VISIT_REPLACE };

void
disk_file_write(DiskFile *file, uint64_t seq, uint64_t offset,
                const Slice *parts, unsigned part_count, uint64_t size)
{
    g_assert(offset <= UINT64_MAX - size);

    uint64_t end = offset + size;
    DiskChange *change = record(file, seq, offset, MIN(end, file->filled));

    change->offset = offset;
    change->size = size;
    change->resize = false;
    change->shrink = false;
    change->only_grow = false;
    put(file, offset, parts, part_count, size);
}

void
disk_file_resize(DiskFile *file, uint64_t seq, uint64_t size, bool only_grow)
{
    g_assert(!only_grow || size > file->size);

    bool shrink = size < file->size;
    DiskChange *change = record(file, seq, size, shrink ? file->filled : size);

    change->offset = size;
    change->size = 0;
    change->resize = true;
    change->shrink = shrink;
    change->only_grow = only_grow;
    file->size = size;
    file->filled = MIN(file->filled, size);
}

void
disk_file_read(const DiskFile *file, uint64_t offset, uint64_t size,
               uint8_t *out)
{
    g_assert(offset <= file->size && size <= file->size - offset);

    uint64_t there = 0;

    if (offset < file->filled) {
        there = MIN(size, file->filled - offset);
        memcpy(out, file->data + offset, there);
    }
    if (size > there) {
        memset(out + there, 0, size - there);
    }
}

void
disk_file_settle(DiskFile *file, uint64_t seq)
{
    unsigned end = file->count;

    /* Nearly always everything. */
    while (end > file->head && file->changes[end - 1].seq > seq) {
        end--;
    }
    drop_records(file, end - file->head);
    if (seq >= file->claimed_seq) {
        file->claimed_seq = 0; /* the lie has come true */
    }
}

void
disk_file_crash(DiskFile *file, DiskMood mood, Stream *stream, DiskLoss *loss)
{
    if (file->head < file->count) {
        crash_records(file, mood, stream, loss);
    }
    file->error = 0;
    file->claimed_seq = 0;
}

uint64_t
disk_file_durable_size(const DiskFile *file)
{
    return file->head < file->count ? file->changes[file->head].old_size
                                    : file->size;
}

void
disk_file_durable_read(const DiskFile *file, uint64_t offset, uint64_t size,
                       uint8_t *out)
{
    uint64_t durable = disk_file_durable_size(file);

    g_assert(offset <= durable && size <= durable - offset);
    memset(out, 0, size);
    visit(file, file->head, offset, out, size, VISIT_READ);
}

uint64_t
disk_file_damage(DiskFile *file, uint64_t offset, const uint8_t *bits,
                 uint64_t size, bool replace)
{
    uint64_t durable = disk_file_durable_size(file);

    if (offset >= durable) {
        return 0;
    }
    return visit(file, file->head, offset, (uint8_t *)bits,
                 MIN(size, durable - offset),
                 replace ? VISIT_REPLACE : VISIT_FLIP);
}

/* Go to wherever the durable content of a range is kept: with the oldest
 * record from @index on that covered it, else in the content itself. What was
 * covered or skipped while it was zero is kept nowhere: it reads as zero and
 * cannot be damaged. Returns how many bytes were met. */
static uint64_t
visit(const DiskFile *file, unsigned index, uint64_t offset, uint8_t *bytes,
      uint64_t size, int how)
{
    uint64_t met = 0;
    uint8_t *kept;

    for (; index < file->count && size > 0; index++) {
        const DiskChange *change = &file->changes[index];
        uint64_t from = change->offset;
        uint64_t to = change->resize
                          ? (change->shrink ? change->old_size : from)
                          : MIN(from + change->size, change->old_size);

        if (to <= from || to <= offset || from >= offset + size) {
            continue;
        }
        if (from > offset) {
            met += visit(file, index + 1, offset, bytes, from - offset, how);
            bytes += from - offset;
            size -= from - offset;
            offset = from;
        }

        uint64_t end = MIN(to, offset + size);
        uint64_t stored = MIN(end, from + change->undo_size);

        if (stored > offset) {
            uint64_t count = stored - offset;

            kept = file->undo + (change->undo_at - file->undo_start) +
                   (offset - from);
            for (uint64_t i = 0; i < count; i++) {
                if (how == VISIT_READ) {
                    bytes[i] = kept[i];
                } else {
                    kept[i] = how == VISIT_FLIP ? kept[i] ^ bytes[i] : bytes[i];
                }
            }
            met += count;
        }
        bytes += end - offset;
        size -= end - offset;
        offset = end;
    }
    if (size > 0 && offset < file->filled) {
        uint64_t count = MIN(size, file->filled - offset);

        kept = file->data + offset;
        for (uint64_t i = 0; i < count; i++) {
            if (how == VISIT_READ) {
                bytes[i] = kept[i];
            } else {
                kept[i] = how == VISIT_FLIP ? kept[i] ^ bytes[i] : bytes[i];
            }
        }
        met += count;
    }
    return met;
}

static void
crash_records(DiskFile *file, DiskMood mood, Stream *stream, DiskLoss *loss)
{
    unsigned records = file->count - file->head;
    unsigned whole = 0;
    uint8_t *written;
    uint64_t at = 0;

    undo_all(file, &written);
    if (mood == DISK_MOOD_PREFIX) {
        whole = (unsigned)stream_below(stream, records + 1);
    }
    for (unsigned i = 0; i < records; i++) {
        const DiskChange *change = &file->changes[file->head + i];
        Survival survival =
            draw_survival(mood, change, (int)(i > whole) - (i < whole), stream);
        uint64_t lost = 0;

        if (survival == SURVIVAL_TORN) {
            lost = redo_torn(file, change, written + at, stream);
            loss->torn += lost > 0 && lost < change->size;
        } else if (survival == SURVIVAL_WHOLE) {
            redo_whole(file, change, written + at);
        } else {
            lost = change->size;
        }
        at += change->size;
        if (lost > 0 || (change->resize && survival == SURVIVAL_LOST)) {
            loss->bytes += lost;
            loss->changes++;
            loss->lied |= change->seq <= file->claimed_seq;
        }
    }
    g_free(written);
    drop_records(file, records);
}

/* @cut: the change is before (< 0), at or after (> 0) the cut of a prefix. */
static Survival
draw_survival(DiskMood mood, const DiskChange *change, int cut, Stream *stream)
{
    Survival survival = SURVIVAL_LOST;
    uint64_t draw;

    switch (mood) {
    case DISK_MOOD_NOTHING:
        break;
    case DISK_MOOD_ALL:
        survival = SURVIVAL_WHOLE;
        break;
    case DISK_MOOD_PREFIX:
        survival = cut < 0    ? SURVIVAL_WHOLE
                   : cut == 0 ? SURVIVAL_TORN
                              : SURVIVAL_LOST;
        break;
    case DISK_MOOD_SUBSET:
        draw = stream_below(stream, 4);
        survival = (Survival)MIN(draw, SURVIVAL_TORN);
        break;
    }
    if (survival == SURVIVAL_TORN && change->resize) {
        survival = (Survival)stream_below(stream, 2); /* it has no halves */
    }
    return survival;
}

/* Back to the platter. The bytes of all writes, in order, one behind the
 * other, are given to @written, which the caller frees. */
static void
undo_all(DiskFile *file, uint8_t **written)
{
    uint64_t total = 0;
    uint64_t at;

    for (unsigned i = file->head; i < file->count; i++) {
        total += file->changes[i].size;
    }
    *written = g_malloc(total + 1);
    at = total;
    for (unsigned i = file->count; i > file->head; i--) {
        const DiskChange *change = &file->changes[i - 1];

        at -= change->size;
        if (change->size > 0) {
            memcpy(*written + at, file->data + change->offset, change->size);
        }
        undo_one(file, change);
    }
}

static void
undo_one(DiskFile *file, const DiskChange *change)
{
    uint64_t end = MIN(change->offset + change->size, file->filled);
    uint64_t kept_end = change->offset + change->undo_size;

    file->size = change->old_size;
    if (!change->resize && end > change->offset) {
        memset(file->data + change->offset, 0, end - change->offset);
    }
    if (change->undo_size > 0) {
        reserve(file, kept_end);
        memcpy(file->data + change->offset,
               file->undo + (change->undo_at - file->undo_start),
               change->undo_size);
        file->filled = MAX(file->filled, kept_end);
    }
    file->filled = MIN(file->filled, file->size);
}

static void
redo_whole(DiskFile *file, const DiskChange *change, const uint8_t *bytes)
{
    Slice part = slice_of(bytes, change->size);

    if (!change->resize) {
        put(file, change->offset, &part, 1, change->size);
    } else if (!change->only_grow || change->offset > file->size) {
        file->size = change->offset;
        file->filled = MIN(file->filled, file->size);
    }
}

/* Do again what a coin per sector lets survive. Returns the bytes lost. */
static uint64_t
redo_torn(DiskFile *file, const DiskChange *change, const uint8_t *bytes,
          Stream *stream)
{
    uint64_t end = change->offset + change->size;
    uint64_t lost = 0;
    uint64_t coins = 0;
    unsigned left = 0;

    for (uint64_t at = change->offset; at < end;) {
        uint64_t next = MIN(end, (at / DISK_SECTOR + 1) * DISK_SECTOR);
        Slice part = slice_of(bytes + (at - change->offset), next - at);

        if (left == 0) {
            coins = stream_u64(stream);
            left = 64;
        }
        if (coins & 1) {
            put(file, at, &part, 1, next - at);
        } else {
            lost += next - at;
        }
        coins >>= 1;
        left--;
        at = next;
    }
    return lost;
}

/* Lay bytes into the content; whatever lies between is zero. */
static void
put(DiskFile *file, uint64_t offset, const Slice *parts, unsigned part_count,
    uint64_t size)
{
    uint64_t end = offset + size;
    uint8_t *out;

    if (size == 0) {
        return;
    }
    reserve(file, end);
    if (offset > file->filled) {
        memset(file->data + file->filled, 0, offset - file->filled);
    }
    out = file->data + offset;
    for (unsigned i = 0; i < part_count; i++) {
        if (parts[i].size > 0) {
            memcpy(out, parts[i].data, parts[i].size);
            out += parts[i].size;
        }
    }
    g_assert(out == file->data + end);
    file->filled = MAX(file->filled, end);
    file->size = MAX(file->size, end);
}

static void
reserve(DiskFile *file, uint64_t need)
{
    if (need <= file->capacity) {
        return;
    }
    file->capacity = MAX(need, MAX(4096, file->capacity * 2));
    file->data = g_realloc(file->data, file->capacity);
}

/* A new record that keeps the content of [@from, @to). */
static DiskChange *
record(DiskFile *file, uint64_t seq, uint64_t from, uint64_t to)
{
    DiskChange *change;

    if (file->count - file->head >= RECORDS_MAX && file->error == 0 &&
        file->claimed_seq == 0) {
        drop_records(file, RECORDS_MAX / 2);
    }
    if (file->count == file->change_capacity) {
        file->change_capacity = MAX(16, file->change_capacity * 2);
        file->changes =
            g_renew(DiskChange, file->changes, file->change_capacity);
    }
    change = &file->changes[file->count++];
    change->seq = seq;
    change->old_size = file->size;
    change->undo_at = file->undo_start + file->undo_size;
    change->undo_size = to > from ? to - from : 0;
    if (change->undo_size > 0) {
        uint64_t need = file->undo_size + change->undo_size;

        if (need > file->undo_capacity) {
            file->undo_capacity = MAX(need, file->undo_capacity * 2);
            file->undo = g_realloc(file->undo, file->undo_capacity);
        }
        memcpy(file->undo + file->undo_size, file->data + from,
               change->undo_size);
        file->undo_size = need;
    }
    return change;
}

/* Forget the oldest @count records; their memory is used again. */
static void
drop_records(DiskFile *file, unsigned count)
{
    g_assert(count <= file->count - file->head);

    file->head += count;
    if (file->head == file->count) {
        file->head = 0;
        file->count = 0;
        file->undo_start += file->undo_size;
        file->undo_size = 0;
    } else if (file->head >= 64 && file->head >= file->count / 2) {
        unsigned rest = file->count - file->head;
        uint64_t gone;

        memmove(file->changes, file->changes + file->head,
                rest * sizeof(DiskChange));
        file->head = 0;
        file->count = rest;
        gone = file->changes[0].undo_at - file->undo_start;
        if (gone > 0) {
            memmove(file->undo, file->undo + gone, file->undo_size - gone);
            file->undo_start += gone;
            file->undo_size -= gone;
        }
    }
}

DiskFile *
disk_file_new(const char *name, size_t size)
{
    DiskFile *file = g_new0(DiskFile, 1);

    g_assert(size >= 1 && size <= FILE_NAME_MAX);
    memcpy(file->name, name, size);
    file->ref_count = 1;
    return file;
}

DiskFile *
disk_file_ref(DiskFile *file)
{
    file->ref_count++;
    return file;
}

void
disk_file_unref(DiskFile *file)
{
    if (file == NULL || --file->ref_count > 0) {
        return;
    }
    g_free(file->data);
    g_free(file->changes);
    g_free(file->undo);
    g_free(file);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* One file of a virtual disk: its content as the node sees it, and enough of
 * the past to know what is on the platter.
 *
 * Only the current content is kept whole. Each change that is not durable yet
 * leaves a record with the bytes it covered, so the platter is "content, with
 * the records undone". Appending covers nothing, hence a log costs its size
 * once and a record of 64 bytes per write until the next sync. Space that was
 * allocated or skipped and never written costs nothing. */
#ifndef SEEDBED_DISK_FILE_H
#define SEEDBED_DISK_FILE_H

#include "nodes/node.h"

/* A write is torn at multiples of this many bytes of the file. */
#define DISK_SECTOR 512u

/* What a power loss does to changes that were not durable. Every kind leaves
 * a subset of the writes; some are likelier in practice, and all are drawn. */
typedef enum DiskMood {
    DISK_MOOD_NOTHING, /* nothing had left the cache */
    DISK_MOOD_ALL,     /* everything had */
    DISK_MOOD_PREFIX,  /* in order up to one write, which is torn */
    DISK_MOOD_SUBSET,  /* each write on its own: lost, torn or whole */
} DiskMood;

/* What a power loss cost. */
typedef struct DiskLoss {
    uint64_t bytes;     /* written, not durable, gone */
    unsigned changes;   /* writes and resizes lost, whole or in part */
    unsigned torn;      /* of these, writes that survived in part */
    unsigned directory; /* creations, renames and removals undone */
    unsigned files;     /* files whose creation was undone */
    bool lied;          /* lost although a sync had been acknowledged */
} DiskLoss;

typedef struct DiskChange {
    uint64_t seq;
    uint64_t offset; /* WRITE: where; resize: the new size */
    uint64_t size;   /* WRITE: bytes; resize: 0 */
    uint64_t old_size;
    uint64_t undo_at;   /* place in the undo bytes, counted from ever */
    uint64_t undo_size; /* bytes kept; what was covered beyond them was 0 */
    bool resize;
    bool shrink;
    bool only_grow; /* ALLOCATE: never shrinks, whatever survived before */
} DiskChange;

typedef struct DiskFile {
    char name[FILE_NAME_MAX + 1];
    unsigned ref_count;
    int error; /* of every SYNC that covers error_seq; 0: none */
    uint64_t error_seq;
    uint64_t claimed_seq; /* changes up to here: a sync lied about them */
    uint64_t size;        /* bytes, as the node sees it */
    uint64_t filled;      /* data[] holds this many; the rest is zero */
    uint64_t capacity;
    uint8_t *data;
    DiskChange *changes; /* [head, count): not durable, by seq */
    unsigned head, count, change_capacity;
    uint8_t *undo;
    uint64_t undo_start, undo_size, undo_capacity;
} DiskFile;

/* An empty file with one reference. @name of @size bytes. */
DiskFile *disk_file_new(const char *name, size_t size);
DiskFile *disk_file_ref(DiskFile *file);
void disk_file_unref(DiskFile *file);

/* Put the @size bytes of @parts at @offset, as change @seq. The caller has
 * checked that offset + size fits the disk. Amortised cost: the copy. */
void disk_file_write(DiskFile *file, uint64_t seq, uint64_t offset,
                     const Slice *parts, unsigned part_count, uint64_t size);
/* Cut or extend (with zeros, at no cost) to @size bytes, as change @seq. With
 * @only_grow it is an ALLOCATE, and @size is above file->size. */
void disk_file_resize(DiskFile *file, uint64_t seq, uint64_t size,
                      bool only_grow);
/* Copy @size bytes from @offset on, all of them below file->size. */
void disk_file_read(const DiskFile *file, uint64_t offset, uint64_t size,
                    uint8_t *out);
/* Changes up to @seq are durable from now on. */
void disk_file_settle(DiskFile *file, uint64_t seq);
/* Power loss: what was not durable survives by @mood and draws of @stream;
 * what is there afterwards is durable. Adds to @loss. */
void disk_file_crash(DiskFile *file, DiskMood mood, Stream *stream,
                     DiskLoss *loss);

/* The size and content on the platter. */
uint64_t disk_file_durable_size(const DiskFile *file);
void disk_file_durable_read(const DiskFile *file, uint64_t offset,
                            uint64_t size, uint8_t *out);
/* The platter goes bad: bytes ^= @bits, or = @bits if @replace, wherever the
 * durable content of that range is kept. Returns how many were hit. */
uint64_t disk_file_damage(DiskFile *file, uint64_t offset, const uint8_t *bits,
                          uint64_t size, bool replace);

#endif

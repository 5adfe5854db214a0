/* SPDX-License-Identifier: Apache-2.0 */
/* The virtual disk of one node: what it stores, how long it takes, what a
 * power loss leaves of it, and how it goes bad. A pure state machine: the
 * engine calls it, it makes no events.
 *
 * The rules, which are those that file systems keep (Pillai et al., "All File
 * Systems Are Not Created Equal", OSDI 2014) and no kinder:
 * - A WRITE is seen by every READ issued after it. A WRITE, TRUNCATE or
 *   ALLOCATE of a missing file creates it.
 * - SYNC covers every earlier change of the content of its files, and every
 *   earlier change of the directory. What it covers is durable at
 *   disk_sync_done(), not before. A name is looked up when SYNC is issued; a
 *   name that is not there covers nothing.
 * - At a power loss, other WRITEs survive as a drawn subset, each torn at
 *   sectors of DISK_SECTOR bytes; resizes as a drawn subset; directory
 *   changes as a prefix, with or without the data.
 * - A change that finds the disk full is not made at all, and the next SYNC
 *   that covers it fails. Once a SYNC of a file has failed, so does every
 *   later one, until power is lost or the file is gone, and its changes are
 *   never durable (Rebello et al., "Can Applications Recover from fsync
 *   Failures?", USENIX ATC 2020: a retried fsync that succeeds lies).
 * - Nobody tells the node that what it reads is corrupt.
 *
 * Time: the device does one thing after another. A SYNC takes `sync`, the
 * jitter, and for what was changed since the last one `write` per change and
 * its bytes at `rate`; a READ takes `read`, the jitter and its bytes.
 *
 * File names are FILE_NAME_MAX bytes at most; the border has judged them. */
#ifndef SEEDBED_DISK_H
#define SEEDBED_DISK_H

#include "nodes/node.h"
#include "sim/disk_file.h"
#include "sim/plan.h"

typedef struct DiskConfig {
    SimTime write, sync, read; /* base latency of one change, SYNC, READ */
    SimTime jitter;            /* uniform 0..jitter on top of SYNC and READ */
    uint64_t rate;             /* bytes/s, 0: unlimited */
    uint64_t size; /* bytes of all files together, holes included; >= 1 */
} DiskConfig;

typedef struct Disk Disk;

/* @stream_key: this disk's own; nothing else draws from it. The caller owns
 * the disk. */
Disk *disk_new(const DiskConfig *config, uint64_t stream_key);
void disk_free(Disk *disk);
/* Draw from @stream_key from now on (a plan's `redraw`). */
void disk_redraw(Disk *disk, uint64_t stream_key);

/* What the node changes. Bytes are copied; nothing is durable yet. True if a
 * WRITE landed elsewhere (disk_misdirect_next()). */
bool disk_write(Disk *disk, const char *file, uint64_t offset,
                const Slice *parts, unsigned part_count);
void disk_truncate(Disk *disk, const char *file, uint64_t size);
/* The file is at least @size bytes long; what is new reads as zero. */
void disk_allocate(Disk *disk, const char *file, uint64_t size);
/* Atomic; replaces @to. False and nothing done if @from is not there. */
bool disk_rename(Disk *disk, const char *from, const char *to);
/* False if @file was not there. */
bool disk_remove(Disk *disk, const char *file);

/* Issue operation @id (unique among those outstanding) at @now. Returns when
 * it completes, >= now + 1; the engine then calls the _done() of that id, or
 * never if the disk crashed or was killed in between. A READ brings what is
 * there when it is issued. */
SimTime disk_sync(Disk *disk, SimTime now, uint64_t id, const Slice *names,
                  unsigned name_count);
SimTime disk_read(Disk *disk, SimTime now, uint64_t id, const char *file,
                  uint64_t offset, uint64_t size);
/* 0 or an errno value. @durable: false also when the disk lied. */
int disk_sync_done(Disk *disk, uint64_t id, bool *durable);
/* 0 or an errno value (ENOENT, EIO). @out: bytes the caller owns, shorter
 * than asked for at the end of the file; NULL with an error. */
int disk_read_done(Disk *disk, uint64_t id, Bytes **out);

/* Power loss. What is there afterwards is durable. @loss may be NULL. */
void disk_crash(Disk *disk, DiskLoss *loss);
/* The process died: outstanding operations vanish, every change stays. */
void disk_kill(Disk *disk);
/* A host opens the disk for a new process after disk_kill(). It makes durable
 * what START will show, as the live host does, or a node would build on what
 * power may still take. A file whose SYNC had failed shows what is on the
 * platter: its changes survive as after a power loss. No time passes. True if
 * that took what a sync had acknowledged: the disk had lied. */
bool disk_reopen(Disk *disk);
/* Files by name, at most @max of them, for INPUT_START. Returns how many
 * there are. */
unsigned disk_files(const Disk *disk, FileInfo *out, unsigned max);

/* Faults. Those that last are set and unset; @prefix is of file names ("" is
 * all of them) and copied. */
void disk_set_slow(Disk *disk, SimTime extra); /* 0: off */
void disk_set_full(Disk *disk, bool full);
void disk_set_eio(Disk *disk, const char *prefix); /* NULL: off */
void disk_add_eio(Disk *disk, const char *prefix); /* those fail as well */
void disk_set_lost_sync(Disk *disk, bool lost);
/* Flip one bit on the platter, drawn from @salt alone. False if there is no
 * such file with durable content, or the bit fell on a hole. */
bool disk_bit_flip(Disk *disk, const char *prefix, uint64_t salt);
/* The next WRITE to such a file lands elsewhere: its target keeps what it
 * had, and a drawn place of the disk takes the first 4 KiB at once. */
void disk_misdirect_next(Disk *disk, const char *prefix, uint64_t salt);
/* All files are gone, durably. Returns false if there were none. */
bool disk_wipe(Disk *disk);
/* The number of the last bit flipped, or misdirection ordered; and whether the
 * node has felt that one: read what it spoilt, or lost it for good. */
uint64_t disk_last_damage(const Disk *disk);
bool disk_damage_felt(const Disk *disk, uint64_t damage);
/* Nobody will ever read it again: what faults spoilt is lost. */
void disk_give_up(Disk *disk);
/* How often a fault of @kind (FAULT_DISK_*) changed something that the node
 * could feel: an operation delayed or failed, acknowledged data lost, a bad
 * byte read. Only ever grows. */
uint64_t disk_mattered(const Disk *disk, FaultKind kind);

/* For checks: what is on the platter. A digest of all names and contents;
 * the size of @file, false if no such name; a range of it. */
uint64_t disk_digest(const Disk *disk);
bool disk_durable_size(const Disk *disk, const char *file, uint64_t *size);
bool disk_durable_read(const Disk *disk, const char *file, uint64_t offset,
                       uint64_t size, uint8_t *out);

#endif

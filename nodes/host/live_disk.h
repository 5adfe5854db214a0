/* SPDX-License-Identifier: Apache-2.0 */
/* The real disk of a live node: a directory of files, and threads that carry
 * out disk effects in the order in which they were submitted, so that the
 * loop never waits for a device.
 *
 * The rules are those of the virtual disk:
 * - A READ sees every change submitted before it. A WRITE, TRUNCATE or
 *   ALLOCATE of a missing file creates it; RENAME and REMOVE of a missing one
 *   do nothing; a SYNC of a missing one covers nothing.
 * - SYNC is fdatasync of its files, then fsync of the directory if an entry
 *   changed. One fdatasync serves all SYNCs that are waiting by then (group
 *   commit).
 * - A change that fails (ENOSPC, EIO, ...) fails the next SYNC that covers
 *   it. Once a SYNC of a file failed, so does every later one: after a failed
 *   fsync the kernel may have marked the lost pages clean, and a retry that
 *   succeeds lies (Rebello et al., "Can Applications Recover from fsync
 *   Failures?", USENIX ATC 2020). A failed directory change or fsync of the
 *   directory fails every later SYNC.
 * - What START shows is durable. A killed process leaves changes in the page
 *   cache that no SYNC covered; opening makes them durable first, and drops
 *   clean pages that a failed fsync may have left, so that reads see the
 *   platter.
 *
 * Files of the node are [a-z0-9._-]; the host's own are in capitals (LOCK,
 * INCARNATION) and cannot collide. */
#ifndef SEEDBED_LIVE_DISK_H
#define SEEDBED_LIVE_DISK_H

#include <glib.h>

#include "nodes/effects.h"

typedef struct LiveDisk LiveDisk;

/* The answer to a SYNC or READ. */
typedef struct LiveDiskDone {
    EffectKind kind; /* EFFECT_SYNC or EFFECT_READ */
    Token token;
    int error;    /* 0, or an errno value */
    Bytes *bytes; /* READ without error; the taker's to release */
} LiveDiskDone;

/* Open @directory (made when absent), refuse it when another process has it,
 * count the incarnation durably, and start @thread_count threads (1 or 2: the
 * second one does nothing but sync). @notify(@user) is called in one of them
 * whenever live_disk_take() has something new. Blocks on the disk. NULL:
 * @error. The caller owns the disk. */
LiveDisk *live_disk_open(const char *directory, unsigned thread_count,
                         void (*notify)(void *user), void *user,
                         GError **error);
/* What is not yet done is discarded, as by a crash; waits for the one system
 * call under way. */
void live_disk_close(LiveDisk *disk);

/* Of this opening: 1, 2, ... */
uint64_t live_disk_incarnation(const LiveDisk *disk);
/* The files there were at opening, by name (strcmp). Borrowed. */
const FileInfo *live_disk_files(const LiveDisk *disk, unsigned *count);

/* Queue @effect (WRITE, TRUNCATE, ALLOCATE, RENAME, REMOVE, SYNC, READ).
 * Bytes with an owner are referenced, others copied. Never blocks on the
 * disk. A bad file name is a bug of the program and aborts. */
void live_disk_submit(LiveDisk *disk, const Effect *effect);

/* Answers so far, LiveDiskDone in the order of completion; the caller frees
 * the array and releases the bytes. NULL when there is none. */
GArray *live_disk_take(LiveDisk *disk);

/* System calls that made something durable, for tests and measurements. */
uint64_t live_disk_sync_calls(LiveDisk *disk);

/* Whether @name may be a file of a node. */
bool live_disk_name_check(const char *name);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* Operations and time of a virtual disk. Names are disk_directory.c, content
 * is disk_file.c, damage is disk_fault.c. */
#include "sim/disk_private.h"

#include <errno.h>
#include <string.h>

static bool fits(Disk *disk, DiskFile *file, uint64_t end);
static SimTime complete(Disk *disk, SimTime now, SimTime service);
static SimTime bytes_time(const Disk *disk, uint64_t bytes);
static void end_sync(Disk *disk, unsigned index);
static int sync_error(Disk *disk, const DiskSync *sync);

bool
disk_write(Disk *disk, const char *name, uint64_t offset, const Slice *parts,
           unsigned part_count)
{
    DiskFile *file = disk_directory_open(disk, name);
    uint64_t size = 0;
    uint64_t before = file->size;
    bool astray = false;

    for (unsigned i = 0; i < part_count; i++) {
        size += parts[i].size;
    }
    if (size == 0) {
        return false;
    }
    if (offset > UINT64_MAX - size || !fits(disk, file, offset + size)) {
        return false;
    }
    disk->debt_changes++;
    disk->debt_bytes += size;
    if (G_UNLIKELY(disk->misdirect_prefix != NULL || disk->scar_count > 0)) {
        astray = disk_fault_write(disk, file, offset, parts, part_count, size);
    }
    if (!astray) {
        disk_file_write(file, ++disk->seq, offset, parts, part_count, size);
    }
    disk->used += file->size - before;
    return astray;
}

void
disk_truncate(Disk *disk, const char *name, uint64_t size)
{
    DiskFile *file = disk_directory_open(disk, name);

    if (size == file->size || !fits(disk, file, size)) {
        return;
    }
    disk->debt_changes++;
    disk->used += size - file->size; /* wraps when it shrinks: that is well */
    disk_file_resize(file, ++disk->seq, size, false);
}

void
disk_allocate(Disk *disk, const char *name, uint64_t size)
{
    DiskFile *file = disk_directory_open(disk, name);

    if (size <= file->size || !fits(disk, file, size)) {
        return;
    }
    disk->debt_changes++;
    disk->used += size - file->size;
    disk_file_resize(file, ++disk->seq, size, true);
}

SimTime
disk_sync(Disk *disk, SimTime now, uint64_t id, const Slice *names,
          unsigned name_count)
{
    DiskSync *sync;
    SimTime service = disk->config.sync;

    g_assert(name_count <= SYNC_FILES_MAX);
    if (disk->sync_count == disk->sync_capacity) {
        disk->sync_capacity = MAX(8, disk->sync_capacity * 2);
        disk->syncs = g_renew(DiskSync, disk->syncs, disk->sync_capacity);
    }
    sync = &disk->syncs[disk->sync_count++];
    sync->id = id;
    sync->seq = disk->seq;
    sync->file_count = 0;
    for (unsigned i = 0; i < name_count; i++) {
        DiskFile *file = disk_directory_find(disk, (const char *)names[i].data,
                                             names[i].size);

        if (file != NULL) {
            sync->files[sync->file_count++] = disk_file_ref(file);
        }
    }
    service += disk->config.write * disk->debt_changes +
               bytes_time(disk, disk->debt_bytes);
    disk->debt_changes = 0;
    disk->debt_bytes = 0;
    return complete(disk, now, service);
}

int
disk_sync_done(Disk *disk, uint64_t id, bool *durable)
{
    unsigned index = 0;
    DiskSync *sync;
    int error;

    while (index < disk->sync_count && disk->syncs[index].id != id) {
        index++;
    }
    g_assert(index < disk->sync_count);
    sync = &disk->syncs[index];
    error = sync_error(disk, sync);
    *durable = error == 0 && !disk->lost_sync;
    if (*durable) {
        for (unsigned i = 0; i < sync->file_count; i++) {
            disk_file_settle(sync->files[i], sync->seq);
        }
        disk_directory_settle(disk, sync->seq);
    } else if (error == 0) {
        for (unsigned i = 0; i < sync->file_count; i++) {
            DiskFile *file = sync->files[i];

            file->claimed_seq = MAX(file->claimed_seq, sync->seq);
        }
        disk->claimed_seq = MAX(disk->claimed_seq, sync->seq);
    }
    end_sync(disk, index);
    return error;
}

SimTime
disk_read(Disk *disk, SimTime now, uint64_t id, const char *name,
          uint64_t offset, uint64_t size)
{
    DiskFile *file = disk_directory_find(disk, name, strlen(name));
    DiskRead *read;
    uint64_t count = 0;

    if (disk->read_count == disk->read_capacity) {
        disk->read_capacity = MAX(8, disk->read_capacity * 2);
        disk->reads = g_renew(DiskRead, disk->reads, disk->read_capacity);
    }
    read = &disk->reads[disk->read_count++];
    *read = (DiskRead){.id = id};
    g_strlcpy(read->name, name, sizeof(read->name));
    if (file != NULL) {
        offset = MIN(offset, file->size);
        count = MIN(size, file->size - offset);
        read->bytes = bytes_new(count);
        disk_file_read(file, offset, count, read->bytes->data);
        if (disk->scar_count > 0) {
            disk_fault_read(disk, file, offset, count);
        }
    }
    return complete(disk, now, disk->config.read + bytes_time(disk, count));
}

int
disk_read_done(Disk *disk, uint64_t id, Bytes **out)
{
    unsigned index = 0;
    DiskRead read;

    while (index < disk->read_count && disk->reads[index].id != id) {
        index++;
    }
    g_assert(index < disk->read_count);
    read = disk->reads[index];
    disk->read_count--;
    memmove(&disk->reads[index], &disk->reads[index + 1],
            (disk->read_count - index) * sizeof(DiskRead));
    *out = NULL;
    if (disk_fault_eio(disk, read.name)) {
        bytes_unref(read.bytes);
        disk->mattered[FAULT_DISK_EIO]++;
        return EIO;
    }
    if (read.bytes == NULL) {
        return ENOENT;
    }
    *out = read.bytes;
    return 0;
}

/* The directory goes back to one of the states it was in since it was last
 * durable; then every file that is still named loses what it loses. The draws
 * go by name, so they depend on what is on the disk and on nothing else. */
void
disk_crash(Disk *disk, DiskLoss *loss)
{
    static const DiskMood moods[8] = {
        DISK_MOOD_NOTHING, DISK_MOOD_ALL,    DISK_MOOD_PREFIX, DISK_MOOD_PREFIX,
        DISK_MOOD_SUBSET,  DISK_MOOD_SUBSET, DISK_MOOD_SUBSET, DISK_MOOD_SUBSET,
    };
    DiskLoss lost = {0};
    DiskMood mood = moods[stream_below(&disk->crash, 8)];
    uint64_t keep = stream_below(&disk->crash, disk->entry_count + 1);

    disk_kill(disk);
    disk_directory_crash(disk, keep, &lost);
    disk->busy_until = 0;
    disk->debt_changes = 0;
    disk->debt_bytes = 0;
    disk->used = 0;
    for (unsigned i = 0; i < disk->file_count; i++) {
        disk_file_crash(disk->files[i], mood, &disk->crash, &lost);
        disk->used += disk->files[i]->size;
    }
    disk->mattered[FAULT_DISK_LOST_SYNC] += lost.lied;
    disk_fault_forget(disk);
    if (loss != NULL) {
        *loss = lost;
    }
}

void
disk_kill(Disk *disk)
{
    while (disk->sync_count > 0) {
        end_sync(disk, disk->sync_count - 1);
    }
    for (unsigned i = 0; i < disk->read_count; i++) {
        bytes_unref(disk->reads[i].bytes);
    }
    disk->read_count = 0;
}

bool
disk_reopen(Disk *disk)
{
    DiskLoss lost = {0};

    disk->used = 0;
    for (unsigned i = 0; i < disk->file_count; i++) {
        DiskFile *file = disk->files[i];

        if (file->error != 0) {
            disk_file_crash(file, DISK_MOOD_SUBSET, &disk->crash, &lost);
        } else if (disk->lost_sync) {
            file->claimed_seq = disk->seq;
        } else {
            disk_file_settle(file, disk->seq);
        }
        disk->used += file->size;
    }
    if (disk->lost_sync) {
        disk->claimed_seq = disk->seq;
    } else {
        disk_directory_settle(disk, disk->seq);
    }
    disk->mattered[FAULT_DISK_LOST_SYNC] += lost.lied;
    return lost.lied;
}

/* Why @sync fails, or 0. A file whose write-back fails is marked: its pages
 * will never be clean again. */
static int
sync_error(Disk *disk, const DiskSync *sync)
{
    bool hit = disk_fault_eio(disk, ""); /* all files */
    int error = hit ? EIO : 0;           /* the directory too */

    for (unsigned i = 0; i < sync->file_count; i++) {
        DiskFile *file = sync->files[i];

        if (disk_fault_eio(disk, file->name)) {
            hit = true;
            if (file->error == 0) {
                file->error = EIO;
                file->error_seq = sync->seq;
            }
        }
        if (file->error != 0 && sync->seq >= file->error_seq && error == 0) {
            error = file->error;
        }
    }
    disk->mattered[FAULT_DISK_EIO] += hit;
    return error;
}

static void
end_sync(Disk *disk, unsigned index)
{
    DiskSync *sync = &disk->syncs[index];

    for (unsigned i = 0; i < sync->file_count; i++) {
        disk_file_unref(sync->files[i]);
    }
    disk->sync_count--;
    if (index < disk->sync_count) {
        memmove(sync, sync + 1, (disk->sync_count - index) * sizeof(DiskSync));
    }
}

/* When an operation of @service nanoseconds, issued at @now, is done. */
static SimTime
complete(Disk *disk, SimTime now, SimTime service)
{
    SimTime start = MAX(now, disk->busy_until);

    if (disk->config.jitter > 0) {
        service += stream_below(&disk->latency, disk->config.jitter + 1);
    }
    if (disk->slow > 0) {
        service += disk->slow;
        disk->mattered[FAULT_DISK_SLOW]++;
    }
    disk->busy_until = start + MAX(service, 1);
    return disk->busy_until;
}

/* @bytes at the disk's rate, rounded up. */
static SimTime
bytes_time(const Disk *disk, uint64_t bytes)
{
    uint64_t rate = disk->config.rate;

    if (rate == 0 || bytes == 0) {
        return 0;
    }
    if (bytes < UINT64_C(1) << 33) {
        return (bytes * SIM_S + rate - 1) / rate;
    }
    return (SimTime)(((unsigned __int128)bytes * SIM_S + rate - 1) / rate);
}

/* Whether @file may reach to @end; if not, its next SYNC will say so. */
static bool
fits(Disk *disk, DiskFile *file, uint64_t end)
{
    if (end <= file->size) {
        return true;
    }

    bool room = disk->used <= disk->config.size &&
                end - file->size <= disk->config.size - disk->used;

    if (room && !disk->full) {
        return true;
    }
    disk->mattered[FAULT_DISK_FULL] += room;
    disk->seq++;
    if (file->error == 0) {
        file->error = ENOSPC;
        file->error_seq = disk->seq;
    }
    return false;
}

Disk *
disk_new(const DiskConfig *config, uint64_t stream_key)
{
    Disk *disk = g_new0(Disk, 1);

    g_assert(config->size >= 1 && config->jitter < SIM_NEVER);
    disk->config = *config;
    disk_redraw(disk, stream_key);
    return disk;
}

void
disk_redraw(Disk *disk, uint64_t stream_key)
{
    uint64_t keys[2];

    dice_block(stream_key, 0, 0, keys);
    disk->latency = (Stream){keys[0], 0};
    disk->crash = (Stream){keys[1], 0};
}

void
disk_free(Disk *disk)
{
    if (disk == NULL) {
        return;
    }
    disk_kill(disk);
    disk_directory_clear(disk);
    disk_fault_clear(disk);
    g_free(disk->files);
    g_free(disk->entries);
    g_free(disk->syncs);
    g_free(disk->reads);
    g_free(disk);
}

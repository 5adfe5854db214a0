/* SPDX-License-Identifier: Apache-2.0 */
/* Disk effects in order, in a thread; SYNCs grouped, on request in a second
 * one. Opening a directory is in live_disk_open.c. */
#include "config.h"

#include "nodes/host/live_disk.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "nodes/host/live_disk_internal.h"

/* With one thread, a SYNC waits for writes queued behind it, to share their
 * fdatasync, up to this many bytes. */
#define GROUP_BYTES (4u * 1024u * 1024u)

static void run_ordered(void *user);
static void run_syncs(void *user);
static void carry_out(LiveDisk *disk, Job *job);
static void flush(LiveDisk *disk);
static void answer(LiveDisk *disk, const LiveDiskDone *done);
static void job_free(Job *job);

void
live_disk_submit(LiveDisk *disk, const Effect *effect)
{
    Job *job = g_new0(Job, 1);

    job->kind = effect->kind;
    if (effect->kind == EFFECT_SYNC) {
        g_assert(effect->part_count <= SYNC_FILES_MAX);
        job->token = effect->sync.token;
        job->name_count = effect->part_count;
        for (unsigned i = 0; i < effect->part_count; i++) {
            g_assert(effect->parts[i].size <= FILE_NAME_MAX);
            memcpy(job->names[i], effect->parts[i].data, effect->parts[i].size);
            g_assert(live_disk_name_check(job->names[i]));
        }
    } else {
        g_assert(live_disk_name_check(effect->disk.file));
        g_strlcpy(job->names[0], effect->disk.file, sizeof job->names[0]);
        job->offset = effect->disk.offset;
        job->size = effect->disk.size;
        job->token = effect->disk.token;
    }
    if (effect->kind == EFFECT_RENAME) {
        g_assert(live_disk_name_check(effect->disk.to));
        g_strlcpy(job->names[1], effect->disk.to, sizeof job->names[1]);
    }
    if (effect->kind == EFFECT_WRITE) {
        job->part_count = effect->part_count;
        job->parts = g_new(Slice, effect->part_count);
        for (unsigned i = 0; i < effect->part_count; i++) {
            job->parts[i] = slice_keep(effect->parts[i]);
        }
    }

    uv_mutex_lock(&disk->mutex);
    g_queue_push_tail(&disk->jobs, job);
    if (disk->idle) {
        uv_cond_signal(&disk->work);
    }
    uv_mutex_unlock(&disk->mutex);
}

GArray *
live_disk_take(LiveDisk *disk)
{
    GArray *taken = NULL;

    uv_mutex_lock(&disk->mutex);
    if (disk->done->len > 0) {
        taken = disk->done;
        disk->done = g_array_new(FALSE, FALSE, sizeof(LiveDiskDone));
    }
    uv_mutex_unlock(&disk->mutex);
    return taken;
}

uint64_t
live_disk_sync_calls(LiveDisk *disk)
{
    uv_mutex_lock(&disk->mutex);
    uint64_t calls = disk->sync_calls;
    uv_mutex_unlock(&disk->mutex);
    return calls;
}

uint64_t
live_disk_incarnation(const LiveDisk *disk)
{
    return disk->incarnation;
}

const FileInfo *
live_disk_files(const LiveDisk *disk, unsigned *count)
{
    *count = disk->files->len;
    return (const FileInfo *)(void *)disk->files->data;
}

bool
live_disk_name_check(const char *name)
{
    size_t size = strlen(name);

    return size >= 1 && size <= FILE_NAME_MAX && strcmp(name, ".") != 0 &&
           strcmp(name, "..") != 0 &&
           strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789._-") == size;
}

/* ---- threads ---- */

void
live_disk_start(LiveDisk *disk, unsigned thread_count)
{
    g_assert(thread_count == 1 || thread_count == 2);
    disk->sync_apart = thread_count == 2;
    disk->thread_count = thread_count;

    int status = uv_thread_create(&disk->ordered, run_ordered, disk);

    g_assert(status == 0);
    if (disk->sync_apart) {
        status = uv_thread_create(&disk->syncer, run_syncs, disk);
        g_assert(status == 0);
    }
}

/* Takes one job after another. The lock is never held over a system call. */
static void
run_ordered(void *user)
{
    LiveDisk *disk = user;

    uv_mutex_lock(&disk->mutex);
    while (!disk->closing) {
        Job *job = NULL;
        bool group_full = disk->group_bytes >= GROUP_BYTES;

        if (disk->sync_apart || disk->syncs.length == 0 || !group_full) {
            job = g_queue_pop_head(&disk->jobs);
        }
        if (job != NULL) {
            uv_mutex_unlock(&disk->mutex);
            carry_out(disk, job);
            uv_mutex_lock(&disk->mutex);
        } else if (!disk->sync_apart && disk->syncs.length > 0) {
            flush(disk);
        } else {
            disk->idle = true;
            uv_cond_wait(&disk->work, &disk->mutex);
            disk->idle = false;
        }
    }
    uv_mutex_unlock(&disk->mutex);
}

static void
run_syncs(void *user)
{
    LiveDisk *disk = user;

    uv_mutex_lock(&disk->mutex);
    while (!disk->closing) {
        if (disk->syncs.length > 0) {
            flush(disk);
        } else {
            uv_cond_wait(&disk->sync_work, &disk->mutex);
        }
    }
    uv_mutex_unlock(&disk->mutex);
}

void
live_disk_stop(LiveDisk *disk)
{
    if (disk->thread_count > 0) {
        uv_mutex_lock(&disk->mutex);
        disk->closing = true;
        uv_cond_broadcast(&disk->work);
        uv_cond_broadcast(&disk->sync_work);
        uv_mutex_unlock(&disk->mutex);
        uv_thread_join(&disk->ordered);
        if (disk->thread_count == 2) {
            uv_thread_join(&disk->syncer);
        }
    }
    for (Job *job; (job = g_queue_pop_head(&disk->jobs)) != NULL;) {
        job_free(job);
    }
    for (PendingSync *sync; (sync = g_queue_pop_head(&disk->syncs)) != NULL;) {
        for (unsigned i = 0; i < sync->file_count; i++) {
            live_file_unref(sync->files[i]);
        }
        g_free(sync);
    }
}

/* ---- files ---- */

void
live_file_unref(LiveFile *file)
{
    if (g_atomic_int_dec_and_test(&file->ref_count)) {
        if (file->fd >= 0) {
            close(file->fd);
        }
        g_free(file);
    }
}

static LiveFile *
file_new(LiveDisk *disk, const char *name, int fd)
{
    LiveFile *file = g_new0(LiveFile, 1);

    file->ref_count = 1;
    file->fd = fd;
    g_hash_table_insert(disk->open, g_strdup(name), file);
    return file;
}

/* The file called @name, opened; NULL with errno when it is not there and
 * not to be made. One that cannot be made carries its error from now on. */
static LiveFile *
file_open(LiveDisk *disk, const char *name, bool create)
{
    LiveFile *file = g_hash_table_lookup(disk->open, name);
    int flags = O_RDWR | O_CLOEXEC | O_NOFOLLOW;

    if (file != NULL) {
        return file;
    }

    int fd = openat(disk->directory, name, flags);

    if (fd < 0 && errno == ENOENT && create) {
        fd = openat(disk->directory, name, flags | O_CREAT | O_EXCL, 0600);
        if (fd >= 0) {
            uv_mutex_lock(&disk->mutex);
            disk->directory_dirty = true;
            uv_mutex_unlock(&disk->mutex);
        }
    }
    if (fd < 0) {
        if (!create) {
            return NULL;
        }

        int error = errno;

        file = file_new(disk, name, -1);
        file->change_error = error;
        return file;
    }
    return file_new(disk, name, fd);
}

/* ---- jobs ---- */

/* All of @parts at @offset, whatever the kernel takes at once. Returns 0 or
 * an errno value. */
static int
write_parts(int fd, uint64_t offset, const Slice *parts, unsigned part_count)
{
    unsigned next = 0; /* first part with bytes left */
    size_t skip = 0;   /* bytes of it that are written */

    for (;;) {
        struct iovec vector[64];
        int count = 0;

        while (next < part_count && parts[next].size == skip) {
            next++;
            skip = 0;
        }
        for (unsigned i = next; i < part_count && count < 64; i++) {
            size_t from = i == next ? skip : 0;

            vector[count].iov_base = (void *)(uintptr_t)(parts[i].data + from);
            vector[count++].iov_len = parts[i].size - from;
        }
        if (count == 0) {
            return 0;
        }

        ssize_t wrote = pwritev(fd, vector, count, (off_t)offset);

        if (wrote < 0) {
            if (errno == EINTR) {
                continue;
            }
            return errno;
        }
        offset += (uint64_t)wrote;
        for (size_t left = (size_t)wrote; left > 0;) {
            size_t here = MIN(left, parts[next].size - skip);

            left -= here;
            skip += here;
            if (skip == parts[next].size) {
                next++;
                skip = 0;
            }
        }
    }
}

/* The file holds at least @size bytes; what is new reads as zero. */
static int
allocate(int fd, uint64_t size)
{
    int result;

    if (size == 0) {
        return 0;
    }
    do {
        result = fallocate(fd, 0, 0, (off_t)size);
    } while (result != 0 && errno == EINTR);
    if (result != 0 && (errno == EOPNOTSUPP || errno == ENOSYS)) {
        struct stat status;

        result = fstat(fd, &status);
        if (result == 0 && (uint64_t)status.st_size < size) {
            result = ftruncate(fd, (off_t)size);
        }
    }
    return result == 0 ? 0 : errno;
}

static void
change_content(LiveDisk *disk, const Job *job)
{
    LiveFile *file = file_open(disk, job->names[0], true);
    uint64_t bytes = 0;
    int error = 0;

    if (file->fd < 0) {
        return;
    }
    if (job->kind == EFFECT_WRITE) {
        for (unsigned i = 0; i < job->part_count; i++) {
            bytes += job->parts[i].size;
        }
        error = write_parts(file->fd, job->offset, job->parts, job->part_count);
    } else if (job->kind == EFFECT_ALLOCATE) {
        error = allocate(file->fd, job->size);
    } else {
        while (ftruncate(file->fd, (off_t)job->size) != 0) {
            error = errno;
            if (error != EINTR) {
                break;
            }
            error = 0;
        }
    }
    uv_mutex_lock(&disk->mutex);
    file->dirty = true;
    if (error != 0 && file->change_error == 0) {
        file->change_error = error;
    }
    disk->group_bytes += bytes;
    uv_mutex_unlock(&disk->mutex);
}

static void
change_directory(LiveDisk *disk, const Job *job)
{
    int result;

    if (job->kind == EFFECT_RENAME) {
        result = renameat(disk->directory, job->names[0], disk->directory,
                          job->names[1]);
    } else {
        result = unlinkat(disk->directory, job->names[0], 0);
    }

    int error = result == 0 ? 0 : errno;

    if (error == ENOENT) {
        return; /* nothing there, nothing done */
    }
    uv_mutex_lock(&disk->mutex);
    disk->directory_dirty = true;
    if (error != 0 && disk->directory_error == 0) {
        disk->directory_error = error;
    }
    uv_mutex_unlock(&disk->mutex);
    if (error != 0) {
        return;
    }
    if (job->kind == EFFECT_REMOVE || strcmp(job->names[0], job->names[1])) {
        LiveFile *file = g_hash_table_lookup(disk->open, job->names[0]);

        if (file != NULL) {
            g_atomic_int_inc(&file->ref_count);
        }
        g_hash_table_remove(disk->open, job->names[0]);
        if (job->kind == EFFECT_RENAME) {
            g_hash_table_remove(disk->open, job->names[1]);
        }
        if (file != NULL && job->kind == EFFECT_RENAME) {
            g_hash_table_insert(disk->open, g_strdup(job->names[1]), file);
        } else if (file != NULL) {
            live_file_unref(file);
        }
    }
}

static void
read_file(LiveDisk *disk, const Job *job)
{
    LiveDiskDone done = {.kind = EFFECT_READ, .token = job->token};
    LiveFile *file = file_open(disk, job->names[0], false);
    struct stat status;
    size_t size = 0;

    if (file == NULL) {
        done.error = errno;
    } else if (file->fd < 0) {
        done.error = file->change_error;
    } else if (fstat(file->fd, &status) != 0) {
        done.error = errno;
    } else if (job->offset < (uint64_t)status.st_size) {
        size = (size_t)MIN(job->size, (uint64_t)status.st_size - job->offset);
    }

    Bytes *bytes = done.error == 0 ? bytes_new(size) : NULL;
    size_t have = 0;

    while (done.error == 0 && have < size) {
        ssize_t got = pread(file->fd, bytes->data + have, size - have,
                            (off_t)(job->offset + have));

        if (got == 0) {
            break;
        }
        if (got > 0) {
            have += (size_t)got;
        } else if (errno != EINTR) {
            done.error = errno;
        }
    }
    if (done.error != 0) {
        bytes_unref(bytes);
    } else {
        bytes->size = have;
        done.bytes = bytes;
    }
    uv_mutex_lock(&disk->mutex);
    answer(disk, &done);
    uv_mutex_unlock(&disk->mutex);
}

/* Names are looked up and earlier errors taken here, where the SYNC stands in
 * the order; what it waits for happens in flush(). */
static void
enqueue_sync(LiveDisk *disk, const Job *job)
{
    PendingSync *sync = g_new0(PendingSync, 1);

    sync->token = job->token;
    uv_mutex_lock(&disk->mutex);
    sync->error = disk->directory_error;
    for (unsigned i = 0; i < job->name_count; i++) {
        LiveFile *file = g_hash_table_lookup(disk->open, job->names[i]);

        /* Not open: not changed since START, hence durable. */
        if (file != NULL) {
            g_atomic_int_inc(&file->ref_count);
            sync->files[sync->file_count++] = file;
            if (sync->error == 0) {
                sync->error = file->change_error;
            }
        }
    }
    if (disk->syncs.length == 0) {
        disk->group_bytes = 0;
    }
    g_queue_push_tail(&disk->syncs, sync);
    uv_cond_signal(&disk->sync_work);
    uv_mutex_unlock(&disk->mutex);
}

static void
carry_out(LiveDisk *disk, Job *job)
{
    switch (job->kind) {
    case EFFECT_WRITE:
    case EFFECT_TRUNCATE:
    case EFFECT_ALLOCATE:
        change_content(disk, job);
        break;
    case EFFECT_RENAME:
    case EFFECT_REMOVE:
        change_directory(disk, job);
        break;
    case EFFECT_SYNC:
        enqueue_sync(disk, job);
        break;
    case EFFECT_READ:
        read_file(disk, job);
        break;
    default:
        g_assert_not_reached();
    }
    job_free(job);
}

/* ---- making durable ---- */

/* The lock is held before and after, not meanwhile. A retry after EINTR is
 * the one allowed: the call did not happen. */
static int
sync_descriptor(LiveDisk *disk, int fd, bool data_only)
{
    int error = 0;

    disk->sync_calls++;
    uv_mutex_unlock(&disk->mutex);
    while ((data_only ? fdatasync(fd) : fsync(fd)) != 0) {
        error = errno;
        if (error != EINTR) {
            break;
        }
        error = 0;
    }
    uv_mutex_lock(&disk->mutex);
    return error;
}

/* Make durable what the waiting SYNCs cover, each file once, and answer them
 * in order. Called and left with the lock held. */
static void
flush(LiveDisk *disk)
{
    GQueue group = disk->syncs;

    g_queue_init(&disk->syncs);
    disk->group_bytes = 0;
    for (GList *link = group.head; link != NULL; link = link->next) {
        PendingSync *sync = link->data;

        for (unsigned i = 0; i < sync->file_count; i++) {
            LiveFile *file = sync->files[i];

            if (file->dirty && file->fd >= 0 && file->sync_error == 0) {
                file->dirty = false;
                file->sync_error = sync_descriptor(disk, file->fd, true);
            }
        }
    }
    if (disk->directory_dirty && disk->directory_sync_error == 0) {
        disk->directory_dirty = false;
        disk->directory_sync_error =
            sync_descriptor(disk, disk->directory, false);
    }
    for (PendingSync *sync; (sync = g_queue_pop_head(&group)) != NULL;) {
        LiveDiskDone done = {.kind = EFFECT_SYNC, .token = sync->token};

        done.error = sync->error;
        if (done.error == 0) {
            done.error = disk->directory_sync_error;
        }
        for (unsigned i = 0; i < sync->file_count; i++) {
            if (done.error == 0) {
                done.error = sync->files[i]->sync_error;
            }
            live_file_unref(sync->files[i]);
        }
        answer(disk, &done);
        g_free(sync);
    }
}

/* The lock is held. */
static void
answer(LiveDisk *disk, const LiveDiskDone *done)
{
    g_array_append_val(disk->done, *done);
    if (disk->done->len == 1) {
        disk->notify(disk->user);
    }
}

static void
job_free(Job *job)
{
    for (unsigned i = 0; i < job->part_count; i++) {
        slice_drop(&job->parts[i]);
    }
    g_free(job->parts);
    g_free(job);
}

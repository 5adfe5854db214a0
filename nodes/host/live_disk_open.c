/* SPDX-License-Identifier: Apache-2.0 */
/* Opening and closing the directory of a live node: the lock, the count of
 * incarnations, and that what is there is durable before the node sees it. */
#include "config.h"

#include "nodes/host/live_disk.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "nodes/host/live_disk_internal.h"

static bool open_directory(LiveDisk *disk, const char *path, GError **error);
static bool settle_files(LiveDisk *disk, GError **error);
static bool count_incarnation(LiveDisk *disk, GError **error);

/* @error from errno. Always false. */
static bool
fail(GError **error, const char *what)
{
    int number = errno;

    g_set_error(error, G_FILE_ERROR, (gint)g_file_error_from_errno(number),
                "%s: %s", what, g_strerror(number));
    return false;
}

LiveDisk *
live_disk_open(const char *directory, unsigned thread_count,
               void (*notify)(void *user), void *user, GError **error)
{
    LiveDisk *disk = g_new0(LiveDisk, 1);

    disk->directory = -1;
    disk->lock = -1;
    disk->notify = notify;
    disk->user = user;
    disk->files = g_array_new(FALSE, TRUE, sizeof(FileInfo));
    disk->done = g_array_new(FALSE, FALSE, sizeof(LiveDiskDone));
    disk->open =
        g_hash_table_new_full(g_str_hash, g_str_equal, g_free,
                              (GDestroyNotify)(void (*)(void))live_file_unref);
    uv_mutex_init(&disk->mutex);
    uv_cond_init(&disk->work);
    uv_cond_init(&disk->sync_work);
    if (!open_directory(disk, directory, error) || !settle_files(disk, error) ||
        !count_incarnation(disk, error)) {
        g_prefix_error(error, "%s: ", directory);
        live_disk_close(disk);
        return NULL;
    }
    live_disk_start(disk, thread_count);
    return disk;
}

static bool
open_directory(LiveDisk *disk, const char *path, GError **error)
{
    if (g_mkdir_with_parents(path, 0700) != 0) {
        return fail(error, "cannot make the directory");
    }
    disk->directory = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (disk->directory < 0) {
        return fail(error, "cannot open the directory");
    }
    disk->lock = openat(disk->directory, "LOCK",
                        O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (disk->lock < 0) {
        return fail(error, "cannot open LOCK");
    }
    if (flock(disk->lock, LOCK_EX | LOCK_NB) != 0) {
        if (errno == EWOULDBLOCK) {
            g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_AGAIN,
                        "in use by another process");
            return false;
        }
        return fail(error, "cannot lock LOCK");
    }
    return true;
}

/* One file that survived: durable from here on, and read from the platter. */
static bool
settle_file(LiveDisk *disk, const char *name, GError **error)
{
    FileInfo info = {{0}, 0};
    struct stat status;
    bool good;
    int fd = openat(disk->directory, name, O_RDWR | O_CLOEXEC | O_NOFOLLOW);

    if (fd < 0) {
        return fail(error, name);
    }
    good = fstat(fd, &status) == 0 && fsync(fd) == 0;
    if (!good) {
        fail(error, name);
    } else {
        posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
        g_strlcpy(info.name, name, sizeof info.name);
        info.size = (uint64_t)status.st_size;
        g_array_append_val(disk->files, info);
    }
    close(fd);
    return good;
}

/* Names are unique in a directory, so the order is total. */
static gint
compare_files(gconstpointer left, gconstpointer right)
{
    return strcmp(((const FileInfo *)left)->name,
                  ((const FileInfo *)right)->name);
}

static bool
settle_files(LiveDisk *disk, GError **error)
{
    int fd = dup(disk->directory);
    DIR *entries = fd < 0 ? NULL : fdopendir(fd);
    bool good = true;

    if (entries == NULL) {
        return fail(error, "cannot list the directory");
    }
    rewinddir(entries);
    for (struct dirent *entry; good && (entry = readdir(entries)) != NULL;) {
        struct stat status;

        if (live_disk_name_check(entry->d_name) &&
            fstatat(disk->directory, entry->d_name, &status,
                    AT_SYMLINK_NOFOLLOW) == 0 &&
            S_ISREG(status.st_mode)) {
            good = settle_file(disk, entry->d_name, error);
        }
    }
    closedir(entries);
    g_array_sort(disk->files, compare_files);
    if (good && fsync(disk->directory) != 0) {
        return fail(error, "cannot sync the directory");
    }
    return good;
}

static uint64_t
read_incarnation(LiveDisk *disk, GError **error)
{
    char text[32] = "";
    uint64_t number = 0;
    int fd = openat(disk->directory, "INCARNATION",
                    O_RDONLY | O_CLOEXEC | O_NOFOLLOW);

    if (fd < 0) {
        if (errno != ENOENT) {
            fail(error, "cannot open INCARNATION");
            return UINT64_MAX;
        }
        return 0;
    }

    ssize_t size = read(fd, text, sizeof text - 1);

    close(fd);
    if (size <= 0 ||
        !g_ascii_string_to_unsigned(g_strchomp(text), 10, 1, UINT64_MAX - 1,
                                    &number, NULL)) {
        g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_INVAL,
                    "INCARNATION: expected a number");
        return UINT64_MAX;
    }
    return number;
}

/* Written aside, synced, renamed: the count is never torn, never repeated. */
static bool
count_incarnation(LiveDisk *disk, GError **error)
{
    uint64_t before = read_incarnation(disk, error);
    char text[32];
    int size;
    int fd;
    bool good;

    if (before == UINT64_MAX) {
        return false;
    }
    disk->incarnation = before + 1;
    size = g_snprintf(text, sizeof text, "%llu\n",
                      (unsigned long long)disk->incarnation);
    fd = openat(disk->directory, "INCARNATION.NEW",
                O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0) {
        return fail(error, "cannot make INCARNATION.NEW");
    }
    errno = ENOSPC; /* what a short write means here */
    good = write(fd, text, (size_t)size) == size && fdatasync(fd) == 0 &&
           renameat(disk->directory, "INCARNATION.NEW", disk->directory,
                    "INCARNATION") == 0 &&
           fsync(disk->directory) == 0;
    if (!good) {
        fail(error, "cannot count the incarnation");
    }
    close(fd);
    return good;
}

void
live_disk_close(LiveDisk *disk)
{
    if (disk == NULL) {
        return;
    }
    live_disk_stop(disk);
    for (unsigned i = 0; i < disk->done->len; i++) {
        bytes_unref(g_array_index(disk->done, LiveDiskDone, i).bytes);
    }
    g_array_unref(disk->done);
    g_array_unref(disk->files);
    g_hash_table_unref(disk->open);
    if (disk->directory >= 0) {
        close(disk->directory);
    }
    if (disk->lock >= 0) {
        close(disk->lock);
    }
    uv_cond_destroy(&disk->work);
    uv_cond_destroy(&disk->sync_work);
    uv_mutex_destroy(&disk->mutex);
    g_free(disk);
}

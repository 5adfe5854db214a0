/* SPDX-License-Identifier: Apache-2.0 */
/* renameat2(RENAME_EXCHANGE) swaps two folders in one step. Where a file
 * system lacks it, the old folder steps aside for a moment as NAME.*.old, and
 * the next whole_dir_new() puts it back if that moment was the last. */
#include "config.h"

#include "sim/whole_dir.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define ATTEMPTS 100u

struct WholeDir {
    char *path;    /* the target */
    char *partial; /* where it is filled */
    int lock;      /* of the partial folder; -1: none yet */
};

static char *resolve(const char *path);
static bool replaceable(const char *path, const char *marker, GError **error);
static bool make_partial(WholeDir *dir, GError **error);
static void clean(const char *path);
static bool is_ours(const char *entry, const char *base, const char *suffix);
static int lock_dir(const char *path);
static bool swap(WholeDir *dir);
static bool step_aside(WholeDir *dir);
static void remove_tree(const char *path);
static int remove_one(const char *path, const struct stat *status, int type,
                      struct FTW *place);
static void set_error(GError **error, const char *path, const char *what);

WholeDir *
whole_dir_new(const char *path, const char *marker, GError **error)
{
    WholeDir *dir = g_new0(WholeDir, 1);
    g_autofree char *parent = NULL;

    dir->lock = -1;
    dir->path = resolve(path);
    parent = g_path_get_dirname(dir->path);
    if (g_mkdir_with_parents(parent, 0777) != 0) {
        set_error(error, parent, "cannot make the folder");
        whole_dir_free(dir);
        return NULL;
    }
    clean(dir->path);
    if (!replaceable(dir->path, marker, error) || !make_partial(dir, error)) {
        whole_dir_free(dir);
        return NULL;
    }
    return dir;
}

const char *
whole_dir_path(const WholeDir *dir)
{
    return dir->partial;
}

bool
whole_dir_finish(WholeDir *dir, GError **error)
{
    bool good = swap(dir);

    if (!good) {
        set_error(error, dir->path, "cannot put the folder in place");
    }
    whole_dir_free(dir); /* what is partial now is old, or was refused */
    return good;
}

/* Without the slashes at its end; through links, if it is there. */
static char *
resolve(const char *path)
{
    char *real = realpath(path, NULL);
    char *text = g_strdup(real != NULL ? real : path);
    size_t size = strlen(text);

    free(real);
    while (size > 1 && text[size - 1] == '/') {
        text[--size] = '\0';
    }
    return text;
}

static bool
replaceable(const char *path, const char *marker, GError **error)
{
    g_autofree char *mark = g_build_filename(path, marker, NULL);
    struct stat status;
    GDir *entries;
    bool empty;

    if (lstat(path, &status) != 0) {
        return true;
    }
    entries = g_dir_open(path, 0, NULL);
    if (entries == NULL) {
        g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_NOTDIR,
                    "%s: is there and is not a folder that can be read", path);
        return false;
    }
    empty = g_dir_read_name(entries) == NULL;
    g_dir_close(entries);
    if (!empty && access(mark, F_OK) != 0) {
        g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_EXIST,
                    "%s: is not replaced, because it has other things than "
                    "an earlier result in it (no %s)",
                    path, marker);
        return false;
    }
    return true;
}

/* Make the partial folder and lock it. Between the two somebody who cleans up
 * may take it for a leftover: then there is another try. */
static bool
make_partial(WholeDir *dir, GError **error)
{
    for (unsigned i = 0; i < ATTEMPTS; i++) {
        g_free(dir->partial);
        dir->partial =
            g_strdup_printf("%s.%ld-%u.partial", dir->path, (long)getpid(), i);
        if (mkdir(dir->partial, 0777) == 0) {
            dir->lock = lock_dir(dir->partial);
            if (dir->lock >= 0) {
                return true;
            }
        } else if (errno != EEXIST) {
            break;
        }
    }
    set_error(error, dir->path, "cannot make a folder beside it");
    g_clear_pointer(&dir->partial, g_free); /* not ours to remove */
    return false;
}

/* Remove what dead processes left beside @path, or put it back. */
static void
clean(const char *path)
{
    g_autofree char *parent = g_path_get_dirname(path);
    g_autofree char *base = g_path_get_basename(path);
    GDir *entries = g_dir_open(parent, 0, NULL);
    const char *entry;

    while (entries != NULL && (entry = g_dir_read_name(entries)) != NULL) {
        bool aside = is_ours(entry, base, ".old");
        g_autofree char *whole = NULL;
        int lock;

        if (!aside && !is_ours(entry, base, ".partial")) {
            continue;
        }
        whole = g_build_filename(parent, entry, NULL);
        lock = lock_dir(whole);
        if (lock < 0) {
            continue; /* its maker lives */
        }
        if (!aside || access(path, F_OK) == 0 || rename(whole, path) != 0) {
            remove_tree(whole);
        }
        close(lock);
    }
    if (entries != NULL) {
        g_dir_close(entries);
    }
}

/* @entry is @base, a dot, digits, a hyphen, digits, @suffix. */
static bool
is_ours(const char *entry, const char *base, const char *suffix)
{
    size_t size = strlen(base);

    if (strncmp(entry, base, size) != 0 || entry[size] != '.') {
        return false;
    }
    entry += size + 1;
    size = strspn(entry, "0123456789");
    if (size == 0 || entry[size] != '-') {
        return false;
    }
    entry += size + 1;
    size = strspn(entry, "0123456789");
    return size > 0 && strcmp(entry + size, suffix) == 0;
}

/* The descriptor that holds the lock of the folder @path, or -1 if another
 * has it or the folder went away meanwhile. */
static int
lock_dir(const char *path)
{
    int lock = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    struct stat opened;
    struct stat named;

    if (lock < 0) {
        return -1;
    }
    if (flock(lock, LOCK_EX | LOCK_NB) != 0 || fstat(lock, &opened) != 0 ||
        lstat(path, &named) != 0 || opened.st_ino != named.st_ino ||
        opened.st_dev != named.st_dev) {
        close(lock);
        return -1;
    }
    return lock;
}

/* Afterwards dir->partial is the old folder, or nothing. */
static bool
swap(WholeDir *dir)
{
    for (unsigned i = 0; i < ATTEMPTS; i++) {
        if (rename(dir->partial, dir->path) == 0) {
            return true; /* there was none, or an empty one */
        }
        if (errno != ENOTEMPTY && errno != EEXIST) {
            return false;
        }
        if (renameat2(AT_FDCWD, dir->partial, AT_FDCWD, dir->path,
                      RENAME_EXCHANGE) == 0) {
            return true;
        }
        if (errno == EINVAL || errno == ENOSYS) {
            return step_aside(dir);
        }
        if (errno != ENOENT) {
            return false;
        }
    }
    return false;
}

static bool
step_aside(WholeDir *dir)
{
    g_autofree char *aside = g_strdup_printf(
        "%.*sold", (int)(strlen(dir->partial) - 7), dir->partial);
    int lock = lock_dir(dir->path); /* so that nobody puts it back */
    bool good = rename(dir->path, aside) == 0;

    if (good && rename(dir->partial, dir->path) != 0) {
        int reason = errno;

        good = false;
        (void)rename(aside, dir->path);
        errno = reason;
    } else if (good) {
        remove_tree(aside);
    }
    if (lock >= 0) {
        close(lock);
    }
    return good;
}

static void
remove_tree(const char *path)
{
    (void)nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

/* Somebody else may remove the same leftover: what is gone is well. */
static int
remove_one(const char *path, const struct stat *status, int type,
           struct FTW *place)
{
    (void)status;
    (void)type;
    (void)place;
    (void)remove(path);
    return 0;
}

static void
set_error(GError **error, const char *path, const char *what)
{
    int reason = errno;

    g_set_error(error, G_FILE_ERROR, (gint)g_file_error_from_errno(reason),
                "%s: %s: %s", path, what, g_strerror(reason));
}

void
whole_dir_free(WholeDir *dir)
{
    if (dir == NULL) {
        return;
    }
    if (dir->partial != NULL) {
        remove_tree(dir->partial);
    }
    if (dir->lock >= 0) {
        close(dir->lock);
    }
    g_free(dir->partial);
    g_free(dir->path);
    g_free(dir);
}

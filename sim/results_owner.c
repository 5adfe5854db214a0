/* SPDX-License-Identifier: Apache-2.0 */
/* Locks of fcntl(2): the kernel gives them up with the process, children do
 * not inherit them, and one can ask who holds them. Byte 0 is the gate, byte
 * N belongs to owner N. */
#include "sim/results_owner.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sim/results_private.h"

#define GATE 0

struct ResultsOwner {
    char *path;
    int file;
    uint64_t number; /* 0: at the gate */
};

static bool lock(int file, short kind, off_t at, bool wait);
static bool is_held(const ResultsOwner *owner, off_t at, off_t length);
static bool is_current(const ResultsOwner *owner);

ResultsOwner *
results_owner_new(const char *folder, GError **error)
{
    ResultsOwner *owner = g_new0(ResultsOwner, 1);

    owner->path = g_build_filename(folder, RESULTS_OWNER_FILE, NULL);
    owner->file = -1;
    do {
        if (owner->file >= 0) {
            close(owner->file);
        }
        if (g_mkdir_with_parents(folder, 0777) == 0) {
            owner->file = open(owner->path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
        }
        if (owner->file < 0 || !lock(owner->file, F_WRLCK, GATE, true)) {
            g_set_error(error, RESULTS_ERROR_DOMAIN, 0, "%s: %s", owner->path,
                        g_strerror(errno));
            results_owner_free(owner);
            return NULL;
        }
        /* The folder may have been replaced while we waited. */
    } while (!is_current(owner));
    return owner;
}

static bool
is_current(const ResultsOwner *owner)
{
    struct stat ours, there;

    return fstat(owner->file, &ours) == 0 && stat(owner->path, &there) == 0 &&
           ours.st_ino == there.st_ino && ours.st_dev == there.st_dev;
}

bool
results_owner_others(const ResultsOwner *owner)
{
    return is_held(owner, 1, 0);
}

uint64_t
results_owner_enter(ResultsOwner *owner, Results *results, GError **error)
{
    sqlite3_stmt *add;
    sqlite3_int64 number;
    bool good;

    g_assert(owner->number == 0);
    if (!results_owner_bury(owner, results, error)) {
        return 0;
    }
    add = results_prepare(
        results,
        "INSERT INTO owners(process, host, begun) VALUES (?, ?, "
        "strftime('%Y-%m-%dT%H:%M:%SZ', 'now'))",
        error);
    if (add == NULL) {
        return 0;
    }
    sqlite3_bind_int64(add, 1, getpid());
    sqlite3_bind_text(add, 2, g_get_host_name(), -1, SQLITE_STATIC);
    good = sqlite3_step(add) == SQLITE_DONE || results_fail(results, error);
    sqlite3_finalize(add);
    if (!good) {
        return 0;
    }
    number = sqlite3_last_insert_rowid(results_database(results));
    if (!lock(owner->file, F_WRLCK, number, false)) {
        g_set_error(error, RESULTS_ERROR_DOMAIN, 0, "%s: %s", owner->path,
                    g_strerror(errno));
        return 0;
    }
    owner->number = (uint64_t)number;
    lock(owner->file, F_UNLCK, GATE, false);
    return owner->number;
}

bool
results_owner_bury(ResultsOwner *owner, Results *results, GError **error)
{
    g_autoptr(GArray) dead = g_array_new(FALSE, FALSE, sizeof(sqlite3_int64));
    sqlite3_stmt *list =
        results_prepare(results, "SELECT DISTINCT owner FROM claims", error);
    bool good = list != NULL;

    while (list != NULL && sqlite3_step(list) == SQLITE_ROW) {
        sqlite3_int64 number = sqlite3_column_int64(list, 0);

        if ((uint64_t)number != owner->number && !is_held(owner, number, 1)) {
            g_array_append_val(dead, number);
        }
    }
    sqlite3_finalize(list);
    for (unsigned i = 0; good && i < dead->len; i++) {
        g_autofree char *text = g_strdup_printf(
            "DELETE FROM claims WHERE owner = %" G_GINT64_FORMAT,
            (gint64)g_array_index(dead, sqlite3_int64, i));

        good = results_execute(results, text, error);
    }
    return good;
}

/* By another process: our own locks do not count. */
static bool
is_held(const ResultsOwner *owner, off_t at, off_t length)
{
    struct flock range = {.l_type = F_WRLCK,
                          .l_whence = SEEK_SET,
                          .l_start = at,
                          .l_len = length};

    return fcntl(owner->file, F_GETLK, &range) == 0 && range.l_type != F_UNLCK;
}

static bool
lock(int file, short kind, off_t at, bool wait)
{
    struct flock range = {
        .l_type = kind, .l_whence = SEEK_SET, .l_start = at, .l_len = 1};

    while (fcntl(file, wait ? F_SETLKW : F_SETLK, &range) != 0) {
        if (errno != EINTR) {
            return false;
        }
    }
    return true;
}

void
results_owner_free(ResultsOwner *owner)
{
    if (owner != NULL) {
        if (owner->file >= 0) {
            close(owner->file);
        }
        g_free(owner->path);
        g_free(owner);
    }
}

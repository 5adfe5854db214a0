/* SPDX-License-Identifier: Apache-2.0 */
/* Folders that do not outlive the command. */
#include "sim/scratch.h"

#include <ftw.h>
#include <stdio.h>

#define OPEN_MAX_AT_ONCE 8

static int remove_one(const char *path, const struct stat *status, int type,
                      struct FTW *where);

char *
scratch_new(GError **error)
{
    return g_dir_make_tmp("seedbed-XXXXXX", error);
}

void
scratch_free(char *path)
{
    if (path != NULL) {
        /* What cannot be removed is left: nobody can do more about it. */
        (void)nftw(path, remove_one, OPEN_MAX_AT_ONCE, FTW_DEPTH | FTW_PHYS);
        g_free(path);
    }
}

static int
remove_one(const char *path, const struct stat *status, int type,
           struct FTW *where)
{
    (void)status;
    (void)type;
    (void)where;
    (void)remove(path);
    return 0;
}

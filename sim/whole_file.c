/* SPDX-License-Identifier: Apache-2.0 */
/* The name in between has the process number in it, so that two runs into one
 * folder do not write into each other's file. */
#include "sim/whole_file.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

struct WholeFile {
    char *path;    /* behind all symbolic links */
    char *partial; /* NULL: a device or a pipe, which is written to as it is */
    FILE *stream;
};

static char *behind_links(const char *path);
static bool is_special(const char *path);

bool
whole_file_write(const char *path, const void *data, size_t size,
                 GError **error)
{
    WholeFile *file = whole_file_new(path, error);

    if (file == NULL) {
        return false;
    }
    if (fwrite(data, 1, size, file->stream) != size ||
        fflush(file->stream) != 0 ||
        (file->partial != NULL && fdatasync(fileno(file->stream)) != 0)) {
        int reason = errno;

        g_set_error(error, G_FILE_ERROR, (gint)g_file_error_from_errno(reason),
                    "%s: cannot write: %s", path, g_strerror(reason));
        whole_file_free(file);
        return false;
    }
    return whole_file_finish(file, error);
}

FILE *
whole_file_stream(WholeFile *file)
{
    return file->stream;
}

bool
whole_file_finish(WholeFile *file, GError **error)
{
    bool bad = ferror(file->stream) != 0;

    bad = fclose(file->stream) != 0 || bad;
    file->stream = NULL;
    bad = bad ||
          (file->partial != NULL && rename(file->partial, file->path) != 0);
    if (bad) {
        int reason = errno;

        g_set_error(error, G_FILE_ERROR, (gint)g_file_error_from_errno(reason),
                    "%s: cannot write: %s", file->path, g_strerror(reason));
    }
    whole_file_free(file);
    return !bad;
}

WholeFile *
whole_file_new(const char *path, GError **error)
{
    WholeFile *file = g_new0(WholeFile, 1);

    file->path = behind_links(path);
    if (!is_special(file->path)) {
        file->partial =
            g_strdup_printf("%s.%ld.partial", file->path, (long)getpid());
    }
    file->stream =
        fopen(file->partial != NULL ? file->partial : file->path, "wbe");
    if (file->stream == NULL) {
        int reason = errno;

        g_set_error(error, G_FILE_ERROR, (gint)g_file_error_from_errno(reason),
                    "%s: cannot create: %s", path, g_strerror(reason));
        whole_file_free(file);
        return NULL;
    }
    return file;
}

/* Who gave a link wants what it points to replaced, not the link. The caller
 * owns the path. */
static char *
behind_links(const char *path)
{
    char *real = realpath(path, NULL);
    char *copy = g_strdup(real != NULL ? real : path);

    free(real);
    return copy;
}

/* There, and nothing that a file can take the place of: /dev/null, a pipe. */
static bool
is_special(const char *path)
{
    struct stat about;

    return stat(path, &about) == 0 && !S_ISREG(about.st_mode) &&
           !S_ISDIR(about.st_mode);
}

void
whole_file_free(WholeFile *file)
{
    if (file == NULL) {
        return;
    }
    if (file->stream != NULL) {
        (void)fclose(file->stream);
    }
    if (file->partial != NULL) {
        (void)unlink(file->partial);
    }
    g_free(file->path);
    g_free(file->partial);
    g_free(file);
}

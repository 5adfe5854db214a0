/* SPDX-License-Identifier: Apache-2.0 */
/* Files that are whole or absent: written under another name beside the
 * target and renamed over it when everything is in. A symbolic link is
 * followed; a device or a pipe is written to as it is. */
#ifndef SEEDBED_WHOLE_FILE_H
#define SEEDBED_WHOLE_FILE_H

#include <glib.h>
#include <stdbool.h>
#include <stdio.h>

typedef struct WholeFile WholeFile;

/* Make @size bytes the content of @path, on the platter before they take its
 * name: power may fail at any moment too. False and @error: it is as it was. */
bool whole_file_write(const char *path, const void *data, size_t size,
                      GError **error);

/* Begin to write @path. NULL: @error says why not. */
WholeFile *whole_file_new(const char *path, GError **error);
/* Where to write. Borrowed; do not close it. */
FILE *whole_file_stream(WholeFile *file);
/* Make what was written the content of the path and release @file. False and
 * @error when any write failed; the path is then as it was. */
bool whole_file_finish(WholeFile *file, GError **error);
/* Give up: the path stays as it was. NULL is allowed. */
void whole_file_free(WholeFile *file);

#endif

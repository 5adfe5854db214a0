/* SPDX-License-Identifier: Apache-2.0 */
/* Folders that are whole or absent: filled under another name beside the
 * target, and swapped with it in one step when everything is in.
 *
 * Whenever a process dies, by SIGKILL too, the path names the earlier folder
 * or the new one, whole, or none if there was none; what is left over beside
 * it, `NAME.<process>-<number>.partial`, is removed by whoever begins that
 * folder next. A partial folder is locked (flock) as long as its maker lives,
 * which is how leftovers are told from work in progress. */
#ifndef SEEDBED_WHOLE_DIR_H
#define SEEDBED_WHOLE_DIR_H

#include <glib.h>
#include <stdbool.h>

typedef struct WholeDir WholeDir;

/* Begin the folder @path; folders above it are made. An earlier one will be
 * replaced, but only if it is empty or has a file @marker ("run.json") in it:
 * nobody's home directory goes by a slip in `--out`. NULL: @error says why
 * not. */
WholeDir *whole_dir_new(const char *path, const char *marker, GError **error);
/* The folder to write into. Borrowed. */
const char *whole_dir_path(const WholeDir *dir);
/* Put the folder in its place and release @dir. False and @error: it could
 * not be; the path is as it was and what was written is gone. */
bool whole_dir_finish(WholeDir *dir, GError **error);
/* Give up: the path stays as it was. NULL is allowed. */
void whole_dir_free(WholeDir *dir);

#endif

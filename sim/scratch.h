/* SPDX-License-Identifier: Apache-2.0 */
/* A folder for the time of one command: made under $TMPDIR, gone with all that
 * is in it when it is released. */
#ifndef SEEDBED_SCRATCH_H
#define SEEDBED_SCRATCH_H

#include <glib.h>

/* The path of a fresh folder, to be given to scratch_free(); NULL: @error. */
char *scratch_new(GError **error);
/* Remove the folder and all in it, and release @path. NULL is allowed. */
void scratch_free(char *path);

#endif

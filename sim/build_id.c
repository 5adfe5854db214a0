/* SPDX-License-Identifier: Apache-2.0 */
/* The build id is made of what changes a run: version, compiler, switches,
 * and a hash of the program itself, which no rebuild forgets. */
#include "sim/build_id.h"

#include <glib.h>
#include <stdlib.h>
#include <unistd.h>
#include <xxhash.h>

#include "config.h"

static char *
own_path(void)
{
    g_autofree char *link = g_file_read_link("/proc/self/exe", NULL);

    return link != NULL ? g_steal_pointer(&link) : g_strdup("seedbed");
}

const char *
build_id_text(void)
{
    static char *text;
    g_autofree char *path = NULL;

    if (text != NULL) {
        return text;
    }
    path = own_path();
    text = g_strdup_printf("seedbed %s %016" G_GINT64_MODIFIER "x (%s%s%s)",
                           PACKAGE_VERSION, build_id_file(path), SEEDBED_CC,
                           SEEDBED_BUGS ? ", bugs" : "",
                           SEEDBED_SANITIZE ? ", sanitize" : "");
    return text;
}

uint64_t
build_id_file(const char *path)
{
    g_autoptr(GMappedFile) file = g_mapped_file_new(path, FALSE, NULL);

    return file != NULL ? XXH3_64bits(g_mapped_file_get_contents(file),
                                      g_mapped_file_get_length(file))
                        : 0;
}

const char *
build_id_node_binary(void)
{
    static char *path;
    g_autofree char *self = NULL;
    g_autofree char *folder = NULL;

    if (path != NULL) {
        return path;
    }
    if (getenv("SEEDBED_NODE") != NULL) {
        path = g_strdup(getenv("SEEDBED_NODE"));
        return path;
    }
    self = own_path();
    folder = g_path_get_dirname(self);
    path = g_build_filename(folder, "seedbed-node", NULL);
    if (access(path, X_OK) != 0) {
        g_free(path);
        path = g_build_filename(SEEDBED_BINDIR, "seedbed-node", NULL);
    }
    return path;
}

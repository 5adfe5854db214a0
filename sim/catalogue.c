/* SPDX-License-Identifier: Apache-2.0 */
/* Scenarios by name. */
#include "sim/catalogue.h"

#include <stdbool.h>
#include <string.h>

#define SUFFIX ".yaml"

#define FOLDERS 4u

static const char *folder(unsigned number);
static void add_folder(GArray *entries, const char *path);
static int by_name(const void *left, const void *right);
static void clear(void *entry);

char *
catalogue_find(const char *name)
{
    if (strchr(name, '/') != NULL || g_str_has_suffix(name, SUFFIX)) {
        return g_strdup(name);
    }
    for (unsigned i = 0; i < FOLDERS; i++) {
        char *path = g_strdup_printf("%s/%s" SUFFIX, folder(i), name);

        if (g_file_test(path, G_FILE_TEST_IS_REGULAR)) {
            return path;
        }
        g_free(path);
    }
    return g_strdup(name);
}

GArray *
catalogue_scenarios(void)
{
    GArray *entries = g_array_new(FALSE, FALSE, sizeof(CatalogueEntry));

    g_array_set_clear_func(entries, clear);
    for (unsigned i = 0; i < FOLDERS; i++) {
        add_folder(entries, folder(i));
    }
    g_array_sort(entries, by_name);
    return entries;
}

/* Where to look, in this order. */
static const char *
folder(unsigned number)
{
    const char *asked = g_getenv("SEEDBED_SCENARIOS");

    return number == 0   ? asked != NULL ? asked : "tests/scenarios"
           : number == 1 ? "tests/scenarios"
           : number == 2 ? SEEDBED_PKGDATADIR "/scenarios"
                         : SEEDBED_SOURCEDIR "/tests/scenarios";
}

static void
add_folder(GArray *entries, const char *path)
{
    GDir *dir = g_dir_open(path, 0, NULL);
    const char *file;

    while (dir != NULL && (file = g_dir_read_name(dir)) != NULL) {
        bool known = false;
        CatalogueEntry entry;

        if (!g_str_has_suffix(file, SUFFIX)) {
            continue;
        }
        entry.name = g_strndup(file, strlen(file) - strlen(SUFFIX));
        entry.path = g_build_filename(path, file, NULL);
        for (unsigned i = 0; i < entries->len && !known; i++) {
            known = strcmp(g_array_index(entries, CatalogueEntry, i).name,
                           entry.name) == 0;
        }
        if (known) {
            clear(&entry);
        } else {
            g_array_append_val(entries, entry);
        }
    }
    if (dir != NULL) {
        g_dir_close(dir);
    }
}

/* Names differ, so the order is total. */
static int
by_name(const void *left, const void *right)
{
    return strcmp(((const CatalogueEntry *)left)->name,
                  ((const CatalogueEntry *)right)->name);
}

static void
clear(void *data)
{
    CatalogueEntry *entry = data;

    g_free(entry->name);
    g_free(entry->path);
}

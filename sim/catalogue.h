/* SPDX-License-Identifier: Apache-2.0 */
/* The scenarios that come with the program: in ./tests/scenarios of a
 * checkout, and where `make install` puts them. */
#ifndef SEEDBED_CATALOGUE_H
#define SEEDBED_CATALOGUE_H

#include <glib.h>

typedef struct CatalogueEntry {
    char *name; /* "raft-partition" */
    char *path;
} CatalogueEntry;

/* Every scenario once, by name: one of the checkout hides an installed one.
 * They are in the folder that the environment variable SEEDBED_SCENARIOS names,
 * in tests/scenarios, where they were installed, and in the checkout that the
 * program was built from.
 * Returns an array of CatalogueEntry; release with g_array_unref(). */
GArray *catalogue_scenarios(void);
/* What the user called @name: a path as it is, or, of a word without a '/'
 * and without ".yaml", the path of the scenario that is called so. The caller
 * owns the path; it is @name itself when there is no such scenario. */
char *catalogue_find(const char *name);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* The numbers of the sites in buggify.def: what PROBE_BUGGIFY says when one of
 * them has fired. */
#ifndef SEEDBED_BUGGIFY_SITES_H
#define SEEDBED_BUGGIFY_SITES_H

enum {
#define BUGGIFY_SITE(name, text, manual) BUGGIFY_##name,
#include "nodes/buggify.def"
#undef BUGGIFY_SITE
    BUGGIFY_COUNT
};

#endif

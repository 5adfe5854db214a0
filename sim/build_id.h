/* SPDX-License-Identifier: Apache-2.0 */
/* Which build this is, and where its node program stands. */
#ifndef SEEDBED_BUILD_ID_H
#define SEEDBED_BUILD_ID_H

#include <stdint.h>

/* "seedbed 0.1.0 (gcc ..., bugs, sanitize)"; static. */
const char *build_id_text(void);
/* A hash of what is in the file @path; 0: it cannot be read. */
uint64_t build_id_file(const char *path);
/* The path of seedbed-node: $SEEDBED_NODE, or beside this program, or where
 * it was installed. Static. */
const char *build_id_node_binary(void);

#endif

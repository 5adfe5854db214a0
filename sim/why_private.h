/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of why share. why.c asks the questions, why_folder.c leaves
 * the answers. */
#ifndef SEEDBED_WHY_PRIVATE_H
#define SEEDBED_WHY_PRIVATE_H

#include "sim/futures.h"
#include "sim/why.h"

/* Write the folder @path, whole or not at all. @futures gives the plans. */
bool why_folder_write(const WhyOptions *options, const char *path,
                      const Futures *futures, const RunFolder *folder,
                      WhyResult *result, GError **error);

#endif

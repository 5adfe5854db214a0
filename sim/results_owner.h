/* SPDX-License-Identifier: Apache-2.0 */
/* Who works on a folder of results. Each sweep has a number, and holds a lock
 * on that byte of a file as long as it lives, however it ends: so it can be
 * told whose claims are void. Works between processes of one machine, and of
 * several where the file system has locks. */
#ifndef SEEDBED_RESULTS_OWNER_H
#define SEEDBED_RESULTS_OWNER_H

#include "sim/results.h"

#define RESULTS_OWNER_FILE "results.lock"

typedef struct ResultsOwner ResultsOwner;

/* Make @folder when it is not there, and hold the gate to it: nobody else
 * begins or ends meanwhile. NULL: @error. */
ResultsOwner *results_owner_new(const char *folder, GError **error);
/* Does any other sweep live that works on the folder? Needs the gate. */
bool results_owner_others(const ResultsOwner *owner);
/* With the gate: get a number, end the claims of the dead, and let others
 * through. 0: @error. */
uint64_t results_owner_enter(ResultsOwner *owner, Results *results,
                             GError **error);
/* End the claims of those that died since. */
bool results_owner_bury(ResultsOwner *owner, Results *results, GError **error);
/* Also leaves. NULL is allowed. */
void results_owner_free(ResultsOwner *owner);

#endif

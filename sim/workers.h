/* SPDX-License-Identifier: Apache-2.0 */
/* The only threads of the simulator: a pool that runs a function for each
 * cell of a window and waits until all are done. What the function does must
 * not depend on the order. */
#ifndef SEEDBED_WORKERS_H
#define SEEDBED_WORKERS_H

#include <stdbool.h>

typedef struct Workers Workers;
typedef void (*WorkersFunction)(void *user, unsigned index);
/* Called by each new thread with its number, from 1, before any work. */
typedef void (*WorkersBegin)(void *user, unsigned number);

/* @count >= 1 workers, the caller's thread being one of them. With @pin each
 * stays on one core, the caller until workers_free(): processes that a worker
 * starts are to share its core, where a hand-off costs a tenth of one that
 * wakes another core. @begin may be NULL. */
Workers *workers_new(unsigned count, bool pin, WorkersBegin begin, void *user);
void workers_free(Workers *workers);
/* The core of worker @number, or -1 when it is not pinned. */
int workers_cpu(const Workers *workers, unsigned number);
/* Call @function for 0..@items - 1; item i always on worker i modulo count,
 * so that what a cell touches stays with one thread. Returns when all are
 * done. */
void workers_run(Workers *workers, WorkersFunction function, void *user,
                 unsigned items);

#endif

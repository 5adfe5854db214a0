/* SPDX-License-Identifier: Apache-2.0 */
/* The only threads of the simulator: a pool that runs a function for each
 * cell of a window and waits until all are done. What the function does must
 * not depend on the order. */
#ifndef SEEDBED_WORKERS_H
#define SEEDBED_WORKERS_H

typedef struct Workers Workers;
typedef void (*WorkersFunction)(void *user, unsigned index);

/* @count >= 1 workers, the caller's thread being one of them. */
Workers *workers_new(unsigned count);
void workers_free(Workers *workers);
/* Call @function for 0..@items - 1; item i always on worker i modulo count,
 * so that what a cell touches stays with one thread. Returns when all are
 * done. */
void workers_run(Workers *workers, WorkersFunction function, void *user,
                 unsigned items);

#endif

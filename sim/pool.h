/* SPDX-License-Identifier: Apache-2.0 */
/* Jobs in parallel, a forked process each: what sweep, shrink, why and bugs
 * --measure do many runs with. A job sees all memory of its parent as it was
 * at its start, answers with bytes, and leaves nothing behind. */
#ifndef SEEDBED_POOL_H
#define SEEDBED_POOL_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

typedef struct Pool Pool;

/* In the forked process: append the answer to @reply. It may call
 * run_scenario(), which forks the engine once more. */
typedef void (*PoolWork)(void *data, GByteArray *reply);

typedef struct PoolAnswer {
    uint64_t id;
    bool good;         /* the job returned: @reply is whole */
    int status;        /* else: as of waitpid() */
    GByteArray *reply; /* the caller owns it */
    uint64_t cpu_ns;   /* that it and its children used */
    uint64_t wall_ns;  /* from start to end */
} PoolAnswer;

/* At most @jobs at a time; 0: one a core that this process may use. */
Pool *pool_new(unsigned jobs);
/* Kills what still runs. NULL is allowed. */
void pool_free(Pool *pool);
unsigned pool_jobs(const Pool *pool);
/* Real time since it was made. */
uint64_t pool_age_ns(const Pool *pool);
/* Jobs begun whose answer pool_wait() has not yet given. */
unsigned pool_running(const Pool *pool);
/* Begin job @id; there must be room: pool_running() < pool_jobs(). @data is
 * borrowed for the call. Call while there is one thread. */
void pool_start(Pool *pool, uint64_t id, PoolWork work, void *data);
/* The next answer, whichever job it is of. False: none came in @timeout_ms
 * (-1: no limit), a signal came, or none runs. */
bool pool_wait(Pool *pool, int timeout_ms, PoolAnswer *answer);
/* Kill job @id; its answer will never come. */
void pool_cancel(Pool *pool, uint64_t id);

#endif

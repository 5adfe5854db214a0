/* SPDX-License-Identifier: Apache-2.0 */
/* A pool with a generation counter: a window is short, so workers spin for
 * the next one a little while before they sleep. */
#include "sim/workers.h"

#include <glib.h>
#include <sched.h>

#define SPINS 2000

typedef struct Worker {
    Workers *workers;
    unsigned number;
    GThread *thread;
} Worker;

struct Workers {
    unsigned count;
    Worker *members; /* [count]; member 0 is the caller */
    GMutex mutex;
    GCond wake, done;
    unsigned generation; /* atomic: of the work given out */
    unsigned running;    /* atomic: members still at it */
    int stop;            /* atomic */
    WorkersFunction function;
    void *user;
    unsigned items;
    WorkersBegin begin;
    void *begin_user;
    bool pin;
    cpu_set_t allowed; /* before pinning */
    int first_cpu;     /* where the caller was */
};

static void *work(void *data);
static void pin_self(const Workers *workers, unsigned number);
static void do_share(Workers *workers, unsigned number);

void
workers_run(Workers *workers, WorkersFunction function, void *user,
            unsigned items)
{
    workers->function = function;
    workers->user = user;
    workers->items = items;
    __atomic_store_n(&workers->running, workers->count - 1, __ATOMIC_RELEASE);
    g_mutex_lock(&workers->mutex);
    __atomic_add_fetch(&workers->generation, 1, __ATOMIC_RELEASE);
    g_cond_broadcast(&workers->wake);
    g_mutex_unlock(&workers->mutex);
    do_share(workers, 0);
    for (unsigned spin = 0;
         __atomic_load_n(&workers->running, __ATOMIC_ACQUIRE) > 0; spin++) {
        if (spin < SPINS) {
            continue;
        }
        g_mutex_lock(&workers->mutex);
        while (__atomic_load_n(&workers->running, __ATOMIC_ACQUIRE) > 0) {
            g_cond_wait(&workers->done, &workers->mutex);
        }
        g_mutex_unlock(&workers->mutex);
    }
}

static void *
work(void *data)
{
    Worker *worker = data;
    Workers *workers = worker->workers;
    unsigned seen = 0;

    pin_self(workers, worker->number);
    if (workers->begin != NULL) {
        workers->begin(workers->begin_user, worker->number);
    }
    for (;;) {
        unsigned spin = 0;

        while (__atomic_load_n(&workers->generation, __ATOMIC_ACQUIRE) ==
               seen) {
            if (spin++ < SPINS) {
                continue;
            }
            g_mutex_lock(&workers->mutex);
            while (__atomic_load_n(&workers->generation, __ATOMIC_ACQUIRE) ==
                   seen) {
                g_cond_wait(&workers->wake, &workers->mutex);
            }
            g_mutex_unlock(&workers->mutex);
        }
        seen++;
        if (__atomic_load_n(&workers->stop, __ATOMIC_ACQUIRE)) {
            return NULL;
        }
        do_share(workers, worker->number);
        if (__atomic_sub_fetch(&workers->running, 1, __ATOMIC_ACQ_REL) == 0) {
            g_mutex_lock(&workers->mutex);
            g_cond_signal(&workers->done);
            g_mutex_unlock(&workers->mutex);
        }
    }
}

static void
do_share(Workers *workers, unsigned number)
{
    for (unsigned i = number; i < workers->items; i += workers->count) {
        workers->function(workers->user, i);
    }
}

int
workers_cpu(const Workers *workers, unsigned number)
{
    int cpu = workers->first_cpu;

    if (!workers->pin) {
        return -1;
    }
    number %= (unsigned)CPU_COUNT(&workers->allowed);
    while (number > 0) {
        cpu = (cpu + 1) % CPU_SETSIZE;
        number -= CPU_ISSET((size_t)cpu, &workers->allowed) ? 1 : 0;
    }
    return cpu;
}

static void
pin_self(const Workers *workers, unsigned number)
{
    int cpu = workers_cpu(workers, number);
    cpu_set_t one;

    if (cpu >= 0) {
        CPU_ZERO(&one);
        CPU_SET((size_t)cpu, &one);
        sched_setaffinity(0, sizeof(one), &one); /* a hint: may fail */
    }
}

Workers *
workers_new(unsigned count, bool pin, WorkersBegin begin, void *user)
{
    Workers *workers = g_new0(Workers, 1);

    g_assert(count >= 1);
    workers->count = count;
    workers->begin = begin;
    workers->begin_user = user;
    CPU_ZERO(&workers->allowed);
    workers->first_cpu = sched_getcpu();
    workers->pin = pin && workers->first_cpu >= 0 &&
                   sched_getaffinity(0, sizeof(workers->allowed),
                                     &workers->allowed) == 0 &&
                   CPU_ISSET((size_t)workers->first_cpu, &workers->allowed);
    pin_self(workers, 0);
    workers->members = g_new0(Worker, count);
    g_mutex_init(&workers->mutex);
    g_cond_init(&workers->wake);
    g_cond_init(&workers->done);
    for (unsigned i = 1; i < count; i++) {
        workers->members[i] = (Worker){workers, i, NULL};
        workers->members[i].thread =
            g_thread_new("worker", work, &workers->members[i]);
    }
    return workers;
}

void
workers_free(Workers *workers)
{
    __atomic_store_n(&workers->stop, 1, __ATOMIC_RELEASE);
    g_mutex_lock(&workers->mutex);
    __atomic_add_fetch(&workers->generation, 1, __ATOMIC_RELEASE);
    g_cond_broadcast(&workers->wake);
    g_mutex_unlock(&workers->mutex);
    for (unsigned i = 1; i < workers->count; i++) {
        g_thread_join(workers->members[i].thread);
    }
    if (workers->pin) {
        sched_setaffinity(0, sizeof(workers->allowed), &workers->allowed);
    }
    g_mutex_clear(&workers->mutex);
    g_cond_clear(&workers->wake);
    g_cond_clear(&workers->done);
    g_free(workers->members);
    g_free(workers);
}

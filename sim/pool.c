/* SPDX-License-Identifier: Apache-2.0 */
/* Processes with a pipe each. A job's end is the end of its pipe: everything
 * it forked has to be gone by then, and is, for all of it dies with it. */
#include "sim/pool.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sim/real_clock.h"

#define NS_PER_S  1000000000u
#define NS_PER_US 1000u

typedef struct Job {
    uint64_t id;
    pid_t process;
    int pipe;
    GByteArray *reply; /* so far */
    uint64_t began;
} Job;

struct Pool {
    Job *slots; /* the first running_count are taken */
    unsigned slot_count, running_count;
    uint64_t made; /* when */
};

static void run_job(int pipe, pid_t parent, PoolWork work,
                    void *data) G_GNUC_NORETURN;
static bool write_all(int pipe, const guint8 *bytes, size_t size);
static bool read_some(Job *job);
static void finish(Pool *pool, unsigned slot, PoolAnswer *answer);
static void remove_slot(Pool *pool, unsigned slot);
static uint64_t time_ns(const struct timeval *time);
static unsigned own_cores(void);

void
pool_start(Pool *pool, uint64_t id, PoolWork work, void *data)
{
    Job *job = &pool->slots[pool->running_count];
    pid_t parent = getpid();
    int ends[2];

    g_assert(pool->running_count < pool->slot_count);
    if (pipe2(ends, O_CLOEXEC) != 0) {
        g_error("no pipe for a job: %s", g_strerror(errno));
    }
    fflush(NULL);
    *job = (Job){.id = id,
                 .pipe = ends[0],
                 .reply = g_byte_array_new(),
                 .began = real_clock_now()};
    job->process = fork();
    if (job->process < 0) {
        g_error("no process for a job: %s", g_strerror(errno));
    }
    if (job->process == 0) {
        run_job(ends[1], parent, work, data);
    }
    close(ends[1]);
    pool->running_count++;
}

/* The reply is followed by its size: without that it is not whole. */
static void
run_job(int pipe, pid_t parent, PoolWork work, void *data)
{
    GByteArray *reply = g_byte_array_new();
    uint64_t size;

    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) {
        _exit(EXIT_FAILURE);
    }
    work(data, reply);
    fflush(NULL);
    size = reply->len;
    _exit(write_all(pipe, reply->data, reply->len) &&
                  write_all(pipe, (const guint8 *)&size, sizeof(size))
              ? EXIT_SUCCESS
              : EXIT_FAILURE);
}

static bool
write_all(int pipe, const guint8 *bytes, size_t size)
{
    while (size > 0) {
        ssize_t written = write(pipe, bytes, size);

        if (written < 0 && errno != EINTR) {
            return false;
        }
        if (written > 0) {
            bytes += written;
            size -= (size_t)written;
        }
    }
    return true;
}

bool
pool_wait(Pool *pool, int timeout_ms, PoolAnswer *answer)
{
    uint64_t until = real_clock_now() + (uint64_t)MAX(timeout_ms, 0) * 1000000u;
    struct pollfd *ends;
    int rest = timeout_ms;

    while (pool->running_count > 0) {
        int ready;

        ends = g_newa(struct pollfd, pool->running_count);
        for (unsigned i = 0; i < pool->running_count; i++) {
            ends[i] =
                (struct pollfd){.fd = pool->slots[i].pipe, .events = POLLIN};
        }
        ready = poll(ends, pool->running_count, rest);
        if (ready <= 0) {
            return false;
        }
        for (unsigned i = 0; i < pool->running_count; i++) {
            if (ends[i].revents != 0 && !read_some(&pool->slots[i])) {
                finish(pool, i, answer);
                return true;
            }
        }
        if (timeout_ms >= 0) {
            uint64_t now = real_clock_now();

            rest = now < until ? (int)((until - now) / 1000000u) : 0;
        }
    }
    return false;
}

/* False at the end of the pipe. */
static bool
read_some(Job *job)
{
    guint8 bytes[65536];
    ssize_t size = read(job->pipe, bytes, sizeof(bytes));

    if (size > 0) {
        g_byte_array_append(job->reply, bytes, (guint)size);
    }
    return size > 0 || (size < 0 && errno == EINTR);
}

static void
finish(Pool *pool, unsigned slot, PoolAnswer *answer)
{
    Job *job = &pool->slots[slot];
    GByteArray *reply = job->reply;
    struct rusage used = {0};
    uint64_t size = 0;
    int status = 0;

    while (wait4(job->process, &status, 0, &used) < 0 && errno == EINTR) {
    }
    *answer = (PoolAnswer){.id = job->id,
                           .status = status,
                           .reply = reply,
                           .cpu_ns = time_ns(&used.ru_utime) +
                                     time_ns(&used.ru_stime),
                           .wall_ns = real_clock_now() - job->began};
    if (status == 0 && reply->len >= sizeof(size)) {
        memcpy(&size, reply->data + reply->len - sizeof(size), sizeof(size));
        answer->good = size == reply->len - sizeof(size);
    }
    g_byte_array_set_size(reply, answer->good ? (guint)size : 0);
    remove_slot(pool, slot);
}

void
pool_cancel(Pool *pool, uint64_t id)
{
    for (unsigned i = 0; i < pool->running_count; i++) {
        Job *job = &pool->slots[i];

        if (job->id == id) {
            kill(job->process, SIGKILL);
            while (waitpid(job->process, NULL, 0) < 0 && errno == EINTR) {
            }
            g_byte_array_unref(job->reply);
            remove_slot(pool, i);
            return;
        }
    }
}

static void
remove_slot(Pool *pool, unsigned slot)
{
    close(pool->slots[slot].pipe);
    pool->slots[slot] = pool->slots[--pool->running_count];
}

unsigned
pool_jobs(const Pool *pool)
{
    return pool->slot_count;
}

uint64_t
pool_age_ns(const Pool *pool)
{
    return real_clock_now() - pool->made;
}

unsigned
pool_running(const Pool *pool)
{
    return pool->running_count;
}

static uint64_t
time_ns(const struct timeval *time)
{
    return (uint64_t)time->tv_sec * NS_PER_S +
           (uint64_t)time->tv_usec * NS_PER_US;
}

static unsigned
own_cores(void)
{
    cpu_set_t cores;

    return sched_getaffinity(0, sizeof(cores), &cores) == 0
               ? (unsigned)CPU_COUNT(&cores)
               : 1;
}

Pool *
pool_new(unsigned jobs)
{
    Pool *pool = g_new0(Pool, 1);

    pool->slot_count = jobs > 0 ? jobs : own_cores();
    pool->slots = g_new0(Job, pool->slot_count);
    pool->made = real_clock_now();
    return pool;
}

void
pool_free(Pool *pool)
{
    if (pool == NULL) {
        return;
    }
    while (pool->running_count > 0) {
        pool_cancel(pool, pool->slots[0].id);
    }
    g_free(pool->slots);
    g_free(pool);
}

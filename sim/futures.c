/* SPDX-License-Identifier: Apache-2.0 */
/* A job takes some futures of one past: it runs that past once, stops at each
 * point, and forks there. */
#include "sim/futures.h"

#include <stdlib.h>
#include <string.h>

/* Futures of a job: many, for each job runs the past once more; not too many,
 * for all cores are to have some. */
#define JOB_FUTURES 24u

#define TICK_MS 100

/* Futures of one past, as a job has them. */
typedef struct Batch {
    Futures *futures;
    Future *list;          /* all */
    const unsigned *order; /* indices into @list, of this batch */
    unsigned count;
    /* on its way */
    SimTime points[JOB_FUTURES];
    unsigned point_count;
    TrialAnswer *answers;
    Pool *pool; /* of one */
} Batch;

/* One future of a batch, in the process that it is to be. */
typedef struct Branch {
    Batch *batch;
    RunHere *here;
    const Future *future;
} Branch;

static unsigned *sort(const Future *list, unsigned count);
static int compare(gconstpointer a, gconstpointer b, gpointer list);
static unsigned batch_size(const Futures *futures, const Future *list,
                           const unsigned *order, unsigned left);
static void take(Futures *futures, Future *list, Batch *batch,
                 const PoolAnswer *come);
static void work(void *data, GByteArray *reply);
static void run_from_zero(Batch *batch);
static void run_forked(Batch *batch);
static void reached(void *data, unsigned index, RunHere *here);
static void branch(void *data, GByteArray *reply);

bool
futures_run(Futures *futures, Future *list, unsigned count)
{
    g_autofree unsigned *order = sort(list, count);
    GPtrArray *batches = g_ptr_array_new_with_free_func(g_free);
    const volatile int *stop = futures->config->stop;
    unsigned done = 0;

    while (stop == NULL || *stop == 0) {
        PoolAnswer come;

        while (done < count &&
               pool_running(futures->pool) < pool_jobs(futures->pool)) {
            Batch *batch = g_new0(Batch, 1);

            batch->futures = futures;
            batch->list = list;
            batch->order = order + done;
            batch->count =
                batch_size(futures, list, batch->order, count - done);
            done += batch->count;
            pool_start(futures->pool, batches->len, work, batch);
            g_ptr_array_add(batches, batch);
        }
        if (pool_running(futures->pool) == 0) {
            break;
        }
        if (pool_wait(futures->pool, TICK_MS, &come)) {
            take(futures, list, batches->pdata[come.id], &come);
        }
        if (futures->config->progress != NULL) {
            futures->config->progress(futures->config->progress_user,
                                      futures->runs);
        }
    }
    for (unsigned i = 0; i < batches->len; i++) {
        pool_cancel(futures->pool, i);
    }
    g_ptr_array_unref(batches);
    return stop == NULL || *stop == 0;
}

static unsigned *
sort(const Future *list, unsigned count)
{
    GArray *order = g_array_new(FALSE, FALSE, sizeof(unsigned));

    for (unsigned i = 0; i < count; i++) {
        g_array_append_val(order, i);
    }
    g_array_sort_with_data(order, compare, (gpointer)list);
    return (unsigned *)(void *)g_array_free(order, FALSE);
}

/* By past and by time, so that one run of the past passes all of them. */
static int
compare(gconstpointer a, gconstpointer b, gpointer list)
{
    const Future *left = (const Future *)list + *(const unsigned *)a;
    const Future *right = (const Future *)list + *(const unsigned *)b;

    if (left->base != right->base) {
        return left->base < right->base ? -1 : 1;
    }
    if (left->at != right->at) {
        return left->at < right->at ? -1 : 1;
    }
    return left->salt < right->salt ? -1 : left->salt > right->salt;
}

/* How many of the @left next ones make a job: of one past, and spread over
 * all that may run. */
static unsigned
batch_size(const Futures *futures, const Future *list, const unsigned *order,
           unsigned left)
{
    unsigned share = left / pool_jobs(futures->pool) + 1;
    unsigned most = MIN(MIN(left, share), JOB_FUTURES);
    unsigned count = 1;

    while (count < most && list[order[count]].base == list[order[0]].base) {
        count++;
    }
    return count;
}

static void
take(Futures *futures, Future *list, Batch *batch, const PoolAnswer *come)
{
    futures->cpu_ns += come->cpu_ns;
    futures->runs += batch->count;
    if (come->good && come->reply->len == batch->count * sizeof(TrialAnswer)) {
        for (unsigned i = 0; i < batch->count; i++) {
            memcpy(&list[batch->order[i]].answer,
                   come->reply->data + i * sizeof(TrialAnswer),
                   sizeof(TrialAnswer));
        }
    }
    g_byte_array_unref(come->reply);
}

/* In the job's process. */
static void
work(void *data, GByteArray *reply)
{
    Batch *batch = data;

    batch->answers = g_new0(TrialAnswer, batch->count);
    trials_quiet(batch->futures->config);
    if (batch->futures->from_zero) {
        run_from_zero(batch);
    } else {
        run_forked(batch);
    }
    g_byte_array_append(reply, (const guint8 *)batch->answers,
                        (guint)(batch->count * sizeof(TrialAnswer)));
}

static void
run_from_zero(Batch *batch)
{
    for (unsigned i = 0; i < batch->count; i++) {
        g_autoptr(Trial) trial =
            futures_trial(batch->futures, &batch->list[batch->order[i]]);

        trials_run(batch->futures->config, trial, &batch->answers[i]);
    }
}

static void
run_forked(Batch *batch)
{
    const Futures *futures = batch->futures;
    TrialsConfig config = *futures->config;
    RunPauses pauses = {.at = batch->points, .reached = reached, .user = batch};
    TrialAnswer own;

    for (unsigned i = 0; i < batch->count; i++) {
        SimTime at = batch->list[batch->order[i]].at;

        if (at != SIM_NEVER && (batch->point_count == 0 ||
                                batch->points[batch->point_count - 1] != at)) {
            batch->points[batch->point_count++] = at;
        }
    }
    pauses.count = batch->point_count;
    batch->pool = pool_new(1);
    config.run.pauses = &pauses;
    trials_run(&config, futures->bases[batch->list[batch->order[0]].base],
               &own);
    pool_free(batch->pool);
    for (unsigned i = 0; i < batch->count; i++) {
        /* A point behind the end, or no point, is the run as it is. */
        if (batch->list[batch->order[i]].at == SIM_NEVER) {
            batch->answers[i] = own;
        }
    }
}

/* The past has come to point @index: all futures that begin there. */
static void
reached(void *data, unsigned index, RunHere *here)
{
    Batch *batch = data;

    for (unsigned i = 0; i < batch->count; i++) {
        const Future *future = &batch->list[batch->order[i]];
        Branch one = {batch, here, future};
        PoolAnswer come;

        if (future->at != batch->points[index]) {
            continue;
        }
        pool_start(batch->pool, i, branch, &one);
        while (!pool_wait(batch->pool, -1, &come)) {
        }
        if (come.good && come.reply->len == sizeof(TrialAnswer)) {
            memcpy(&batch->answers[i], come.reply->data, sizeof(TrialAnswer));
        }
        g_byte_array_unref(come.reply);
    }
}

/* In the future's own process. */
static void
branch(void *data, GByteArray *reply)
{
    const Branch *one = data;
    const Futures *futures = one->batch->futures;
    RunResult *result = g_new0(RunResult, 1);
    TrialAnswer answer;

    run_here_redraw(one->here, one->future->at, futures->number,
                    one->future->salt, result);
    trials_judge(futures->config, result, &answer);
    g_byte_array_append(reply, (const guint8 *)&answer, sizeof(answer));
    g_free(result);
}

Trial *
futures_trial(const Futures *futures, const Future *future)
{
    Trial *trial = trials_one_copy(futures->bases[future->base]);
    Fault fault = {.number = futures->number,
                   .kind = FAULT_REDRAW,
                   .at = future->at,
                   .salt = future->salt};

    if (future->at != SIM_NEVER) {
        plan_add(trial->scenario->timed, &fault);
        plan_sort(trial->scenario->timed);
    }
    return trial;
}

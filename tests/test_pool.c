/* SPDX-License-Identifier: Apache-2.0 */
/* Jobs answer whole, or are known not to have; none outlives the pool. */
#include "config.h"

#include "sim/pool.h"

#include <check.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define JOBS 50u

typedef struct Order {
    unsigned number;
    size_t size;
    int signal; /* to die of, in the middle */
    unsigned spin;
} Order;

static unsigned touched; /* what a job changes is its own */

static void
work(void *data, GByteArray *reply)
{
    const Order *order = data;
    volatile unsigned spun = 0;

    touched++;
    while (spun < order->spin) {
        spun++;
    }
    for (size_t i = 0; i < order->size; i++) {
        guint8 byte = (guint8)(order->number + i);

        g_byte_array_append(reply, &byte, 1);
    }
    g_byte_array_append(reply, (const guint8 *)&touched, sizeof(touched));
    if (order->signal != 0) {
        raise(order->signal);
    }
}

static void
stall(void *data, GByteArray *reply)
{
    (void)data;
    (void)reply;
    for (;;) {
        pause();
    }
}

START_TEST(all_answer)
{
    Pool *pool = pool_new(3);
    bool seen[JOBS] = {false};
    unsigned next = 0, answered = 0;

    ck_assert_uint_eq(pool_jobs(pool), 3);
    while (answered < JOBS) {
        PoolAnswer answer;
        unsigned mine;

        while (next < JOBS && pool_running(pool) < pool_jobs(pool)) {
            Order order = {next, (size_t)next * 7919, 0, 0};

            pool_start(pool, next++, work, &order);
        }
        ck_assert(pool_wait(pool, -1, &answer));
        answered++;
        ck_assert(answer.good);
        ck_assert(!seen[answer.id]);
        seen[answer.id] = true;
        ck_assert_uint_eq(answer.reply->len,
                          answer.id * 7919 + sizeof(touched));
        for (size_t i = 0; i < answer.id * 7919; i++) {
            ck_assert_uint_eq(answer.reply->data[i], (guint8)(answer.id + i));
        }
        memcpy(&mine, answer.reply->data + answer.id * 7919, sizeof(mine));
        ck_assert_uint_eq(mine, 1);
        g_byte_array_unref(answer.reply);
    }
    ck_assert_uint_eq(touched, 0);
    ck_assert_uint_eq(pool_running(pool), 0);
    pool_free(pool);
}
END_TEST

START_TEST(the_dead_have_no_answer)
{
    Pool *pool = pool_new(1);
    Order order = {1, 100, SIGKILL, 0};
    PoolAnswer answer;

    pool_start(pool, 9, work, &order);
    ck_assert(pool_wait(pool, -1, &answer));
    ck_assert_uint_eq(answer.id, 9);
    ck_assert(!answer.good);
    ck_assert(WIFSIGNALED(answer.status));
    ck_assert_int_eq(WTERMSIG(answer.status), SIGKILL);
    ck_assert_uint_eq(answer.reply->len, 0);
    g_byte_array_unref(answer.reply);
    ck_assert(!pool_wait(pool, -1, &answer)); /* nothing runs */
    pool_free(pool);
}
END_TEST

START_TEST(cpu_time_is_told)
{
    Pool *pool = pool_new(1);
    Order order = {1, 0, 0, 30000000};
    PoolAnswer answer;

    pool_start(pool, 1, work, &order);
    ck_assert(pool_wait(pool, -1, &answer));
    ck_assert_uint_gt(answer.cpu_ns, 1000000);
    ck_assert_uint_gt(answer.wall_ns, 1000000);
    g_byte_array_unref(answer.reply);
    pool_free(pool);
}
END_TEST

START_TEST(waiting_ends)
{
    Pool *pool = pool_new(2);
    Order order = {1, 10, 0, 0};
    PoolAnswer answer;

    pool_start(pool, 1, stall, NULL);
    ck_assert(!pool_wait(pool, 20, &answer));
    pool_start(pool, 2, work, &order);
    ck_assert(pool_wait(pool, -1, &answer));
    ck_assert_uint_eq(answer.id, 2);
    g_byte_array_unref(answer.reply);
    pool_cancel(pool, 1);
    ck_assert_uint_eq(pool_running(pool), 0);
    pool_start(pool, 3, stall, NULL);
    pool_free(pool);
    ck_assert_int_eq(waitpid(-1, NULL, WNOHANG), -1);
    ck_assert_int_eq(errno, ECHILD);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("pool");
    TCase *cases = tcase_create("pool");
    SRunner *runner;
    int failed;

    tcase_add_test(cases, all_answer);
    tcase_add_test(cases, the_dead_have_no_answer);
    tcase_add_test(cases, cpu_time_is_told);
    tcase_add_test(cases, waiting_ends);
    suite_add_tcase(suite, cases);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

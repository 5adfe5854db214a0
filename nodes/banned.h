/* SPDX-License-Identifier: Apache-2.0 */
/* What would make a run depend on more than its seed does not compile.
 *
 * The compiler includes this file before every source file of nodes/ (but
 * nodes/host), netmodel/ and sim/ (but HOST_FILES of Makefile.am). Headers
 * that name what is banned come first. Names that are too common to poison,
 * like time, are banned where they are called. */
#ifndef SEEDBED_BANNED_H
#define SEEDBED_BANNED_H

#include <errno.h>
#include <fcntl.h>
#include <locale.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <glib.h>

#define BANNED(name) banned_##name##_see_nodes_banned_h

/* Clocks: a node's time is in its inputs, the engine's in its events. */
#define time(at)       BANNED(time)
#define clock()        BANNED(clock)
#define sleep(seconds) BANNED(sleep)
#pragma GCC poison clock_gettime clock_getres clock_nanosleep gettimeofday
#pragma GCC poison nanosleep usleep timespec_get localtime localtime_r
#pragma GCC poison g_get_monotonic_time g_get_real_time g_get_current_time
#pragma GCC poison g_date_time_new_now g_date_time_new_now_utc g_usleep
#pragma GCC poison g_date_time_new_now_local g_timer_new

/* Dice: every draw is a stream's (nodes/dice.h, sim/streams.h). */
#define rand()   BANNED(rand)
#define random() BANNED(random)
#pragma GCC poison srand rand_r srandom drand48 erand48 lrand48 nrand48
#pragma GCC poison mrand48 jrand48 srand48 seed48 lcong48 random_r
#pragma GCC poison getrandom getentropy arc4random arc4random_uniform
#pragma GCC poison g_random_int g_random_int_range g_random_double
#pragma GCC poison g_random_double_range g_random_set_seed g_rand_new
#pragma GCC poison g_rand_int g_rand_int_range g_rand_double

/* Sorts that are not stable: equal elements may change places. */
#pragma GCC poison qsort qsort_r

/* Tables in the order of their hashes. Looking up is harmless whatever is
 * hashed, and be it an address: nothing can see the order. */
#pragma GCC poison g_hash_table_iter_init g_hash_table_iter_next
#pragma GCC poison g_hash_table_foreach g_hash_table_foreach_remove
#pragma GCC poison g_hash_table_foreach_steal g_hash_table_find
#pragma GCC poison g_hash_table_get_keys g_hash_table_get_values
#pragma GCC poison g_hash_table_get_keys_as_array
#pragma GCC poison g_hash_table_steal_all_keys g_hash_table_steal_all_values

/* What differs from one process, machine or user to the next. */
#pragma GCC poison getenv secure_getenv g_getenv gethostname getpid
#pragma GCC poison setlocale strcoll strxfrm g_utf8_collate

/* Threads are the business of sim/workers.c and the live host. */
#pragma GCC poison pthread_create g_thread_new g_thread_try_new
#pragma GCC poison g_thread_pool_new

#endif

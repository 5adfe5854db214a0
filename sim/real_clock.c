/* SPDX-License-Identifier: Apache-2.0 */
/* Two clocks of the kernel. */
#include "sim/real_clock.h"

#include <sys/resource.h>
#include <time.h>

#define NS_PER_S  1000000000u
#define NS_PER_US 1000u

uint64_t
real_clock_now(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * NS_PER_S + (uint64_t)now.tv_nsec;
}

uint64_t
real_clock_cpu(pid_t process)
{
    clockid_t clock;
    struct timespec used;

    if (clock_getcpuclockid(process, &clock) != 0 ||
        clock_gettime(clock, &used) != 0) {
        return 0;
    }
    return (uint64_t)used.tv_sec * NS_PER_S + (uint64_t)used.tv_nsec;
}

uint64_t
real_clock_used(void)
{
    static const int whose[] = {RUSAGE_SELF, RUSAGE_CHILDREN};
    uint64_t sum = 0;

    for (unsigned i = 0; i < sizeof(whose) / sizeof(whose[0]); i++) {
        struct rusage used;

        getrusage(whose[i], &used);
        sum +=
            (uint64_t)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) * NS_PER_S +
            (uint64_t)(used.ru_utime.tv_usec + used.ru_stime.tv_usec) *
                NS_PER_US;
    }
    return sum;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* The real machine's clocks, for what measures or bounds real time. Nothing of
 * a run may depend on them. */
#ifndef SEEDBED_REAL_CLOCK_H
#define SEEDBED_REAL_CLOCK_H

#include <stdint.h>
#include <sys/types.h>

/* Nanoseconds of a clock that never goes back. */
uint64_t real_clock_now(void);
/* CPU time that @process used, in nanoseconds; 0: it is not there. */
uint64_t real_clock_cpu(pid_t process);
/* That this process and those it has waited for used, user and system. */
uint64_t real_clock_used(void);

#endif

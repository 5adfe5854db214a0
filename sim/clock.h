/* SPDX-License-Identifier: Apache-2.0 */
/* A node's clocks as pure integer functions of true time: a monotonic one
 * and a wall clock, both counted by the same drifting oscillator.
 *
 * The monotonic clock starts anew with each incarnation and never jumps; the
 * wall clock survives restarts and may be stepped. Nothing is rounded away:
 * fractions of a nanosecond are carried over when the drift changes, so a
 * reading depends on the rates and for how long they held, not on how often
 * they were set. All times are nanoseconds; @true_at never goes back behind
 * the last call that changed the clock. */
#ifndef SEEDBED_CLOCK_H
#define SEEDBED_CLOCK_H

#include "nodes/node.h"

/* An oscillator between half and one and a half times the true rate. */
#define CLOCK_DRIFT_PPB_MAX ((int64_t)500000000)

typedef struct Clock {
    SimTime changed_at;  /* true time of the last change of rate */
    uint64_t count;      /* of the oscillator then, nanoseconds ... */
    uint64_t fraction;   /* ... and billionths of one */
    int64_t drift_ppb;   /* rate is 1 + drift_ppb / 10^9 */
    uint64_t mono_zero;  /* count at which the monotonic clock read 0 */
    int64_t wall_offset; /* wall clock - count */
} Clock;

/* At true time @true_at the monotonic clock reads @mono and the wall clock
 * @wall. |@drift_ppb| <= CLOCK_DRIFT_PPB_MAX, @wall < 2^62. */
void clock_init(Clock *clock, SimTime true_at, SimTime mono, SimTime wall,
                int64_t drift_ppb);

/* Readings. A wall clock stepped below 0 reads 0; readings beyond
 * SIM_NEVER - 1 stay there. */
SimTime clock_mono(const Clock *clock, SimTime true_at);
SimTime clock_wall(const Clock *clock, SimTime true_at);

/* The earliest true time, since the last change of rate or restart, at which
 * the monotonic clock reads @mono or more; SIM_NEVER for SIM_NEVER and for
 * what lies beyond the end of time. */
SimTime clock_when(const Clock *clock, SimTime mono);

/* From @true_at on the oscillator drifts by @drift_ppb. No reading jumps. */
void clock_set_drift(Clock *clock, SimTime true_at, int64_t drift_ppb);
/* The wall clock jumps by @step_ns at @true_at. */
void clock_step(Clock *clock, SimTime true_at, int64_t step_ns);
/* A new incarnation: the monotonic clock reads @mono at @true_at. */
void clock_restart(Clock *clock, SimTime true_at, SimTime mono);

#endif

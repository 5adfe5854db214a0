/* SPDX-License-Identifier: Apache-2.0 */
/* The clocks of a node. One count in 128-bit arithmetic is behind both
 * readings; the inverse is exact because it is the same line solved for true
 * time with the rounding turned upwards. */
#include "sim/clock.h"

#include <glib.h>

/* gcc and clang; -Wpedantic is not ours. */
typedef unsigned __int128 Wide;

#define BILLION ((uint64_t)1000000000)

/* Billionths of a nanosecond counted a nanosecond of true time. */
static uint64_t
clock_rate(const Clock *clock)
{
    return (uint64_t)((int64_t)BILLION + clock->drift_ppb);
}

/* The oscillator's count in billionths: below 2^95. */
static Wide
clock_billionths(const Clock *clock, SimTime true_at)
{
    g_assert(true_at >= clock->changed_at);

    return (Wide)clock->count * BILLION + clock->fraction +
           (Wide)(true_at - clock->changed_at) * clock_rate(clock);
}

static Wide
clock_count(const Clock *clock, SimTime true_at)
{
    if (clock->drift_ppb == 0) { /* spares a division */
        g_assert(true_at >= clock->changed_at);
        return (Wide)clock->count + (true_at - clock->changed_at);
    }
    return clock_billionths(clock, true_at) / BILLION;
}

static SimTime
clamp(__int128 reading)
{
    if (reading < 0) {
        return 0;
    }
    return reading < SIM_NEVER ? (SimTime)reading : SIM_NEVER - 1;
}

SimTime
clock_mono(const Clock *clock, SimTime true_at)
{
    return clamp((__int128)clock_count(clock, true_at) - clock->mono_zero);
}

SimTime
clock_wall(const Clock *clock, SimTime true_at)
{
    return clamp((__int128)clock_count(clock, true_at) + clock->wall_offset);
}

SimTime
clock_when(const Clock *clock, SimTime mono)
{
    Wide here = (Wide)clock->count * BILLION + clock->fraction;
    Wide there = ((Wide)mono + clock->mono_zero) * BILLION;

    if (mono == SIM_NEVER) {
        return SIM_NEVER;
    }
    if (there <= here) {
        return clock->changed_at;
    }

    uint64_t rate = clock_rate(clock);
    Wide when = (there - here + rate - 1) / rate + clock->changed_at;

    return when < SIM_NEVER ? (SimTime)when : SIM_NEVER;
}

void
clock_set_drift(Clock *clock, SimTime true_at, int64_t drift_ppb)
{
    g_assert(drift_ppb >= -CLOCK_DRIFT_PPB_MAX &&
             drift_ppb <= CLOCK_DRIFT_PPB_MAX);

    Wide billionths = clock_billionths(clock, true_at);

    g_assert(billionths / BILLION <= UINT64_MAX);
    clock->changed_at = true_at;
    clock->count = (uint64_t)(billionths / BILLION);
    clock->fraction = (uint64_t)(billionths % BILLION);
    clock->drift_ppb = drift_ppb;
}

void
clock_step(Clock *clock, SimTime true_at, int64_t step_ns)
{
    g_assert(true_at >= clock->changed_at);
    /* Beyond 292 years either way the clock is as wrong as it gets. */
    if (__builtin_add_overflow(clock->wall_offset, step_ns,
                               &clock->wall_offset)) {
        clock->wall_offset = step_ns < 0 ? INT64_MIN : INT64_MAX;
    }
}

void
clock_restart(Clock *clock, SimTime true_at, SimTime mono)
{
    g_assert(mono < (SimTime)1 << 62);
    /* Bring the count up to now, so that clock_when() cannot answer with a
     * time of the incarnation before. */
    clock_set_drift(clock, true_at, clock->drift_ppb);
    /* The new clock reads @mono now: shift the count where it is smaller. */
    if (clock->count < mono) {
        uint64_t shift = mono - clock->count;

        clock->count += shift;
        clock->wall_offset -= (int64_t)shift;
    }
    clock->mono_zero = clock->count - mono;
}

void
clock_init(Clock *clock, SimTime true_at, SimTime mono, SimTime wall,
           int64_t drift_ppb)
{
    g_assert(mono < (SimTime)1 << 62 && wall < (SimTime)1 << 62);

    *clock = (Clock){
        .changed_at = true_at,
        .count = mono,
        .wall_offset = (int64_t)wall - (int64_t)mono,
    };
    clock_set_drift(clock, true_at, drift_ppb);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* The timers of a live node: one deadline for each timer id, on the node's
 * monotonic clock (nanoseconds). A set without a clock of its own. */
#ifndef SEEDBED_LIVE_TIMER_H
#define SEEDBED_LIVE_TIMER_H

#include "nodes/node.h"

typedef struct LiveTimers LiveTimers;

/* The caller owns it. */
LiveTimers *live_timers_new(void);
void live_timers_free(LiveTimers *timers);

/* Timer @id is due at @at, whatever it was before; SIM_NEVER cancels it.
 * O(log n). */
void live_timers_set(LiveTimers *timers, TimerId id, SimTime at);
/* The earliest deadline; SIM_NEVER when no timer is set. */
SimTime live_timers_next(const LiveTimers *timers);
/* Take the earliest timer that is due by @now; of equal deadlines the one
 * set first. False when none is due. */
bool live_timers_pop(LiveTimers *timers, SimTime now, TimerId *id);

#endif

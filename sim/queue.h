/* SPDX-License-Identifier: Apache-2.0 */
/* The event queue: pending events, earliest first by the total order of
 * event.h. Exact always, whatever the distribution of times and however many
 * events share one instant; amortised O(1) a push and pop in practice, never
 * worse than O(log n) comparisons. queue.c says how. */
#ifndef SEEDBED_QUEUE_H
#define SEEDBED_QUEUE_H

#include "sim/event.h"

typedef struct Queue Queue;

/* Empty; owned by the caller. */
Queue *queue_new(void);
/* Forgets what is still pending, without looking at its payload: a caller
 * whose payloads own memory pops everything first. NULL is allowed. */
void queue_free(Queue *queue);

/* Copies @event in; @event->at is below SIM_NEVER and may lie before events
 * that were popped already. At most 2^31 events may be pending. */
void queue_push(Queue *queue, const Event *event);

/* Removes the earliest event into @out; false when there is none. */
bool queue_pop(Queue *queue, Event *out);
/* The same, but only an event with at < @end. */
bool queue_pop_before(Queue *queue, SimTime end, Event *out);

/* The earliest event, borrowed until the next call that takes @queue;
 * NULL when there is none. */
const Event *queue_peek(Queue *queue);
/* Its time, or SIM_NEVER. */
SimTime queue_next_at(Queue *queue);

/* Pending events. */
size_t queue_count(const Queue *queue);

#endif

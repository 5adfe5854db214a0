/* SPDX-License-Identifier: Apache-2.0 */
/* The event queue. A binary heap of whole events: simple and exact. */
#include "sim/queue.h"

#include <glib.h>

struct Queue {
    Event *items;
    size_t count;
    size_t capacity;
};

void
queue_push(Queue *queue, const Event *event)
{
    g_assert(event->at != SIM_NEVER);

    Event event_copied = *event;
    size_t i = queue->count++;

    if (i == queue->capacity) {
        queue->capacity *= 2;
        queue->items = g_renew(Event, queue->items, queue->capacity);
    }
    while (i > 0 && event_before(&event_copied, &queue->items[(i - 1) / 2])) {
        queue->items[i] = queue->items[(i - 1) / 2];
        i = (i - 1) / 2;
    }
    queue->items[i] = event_copied;
}

bool
queue_pop(Queue *queue, Event *out)
{
    if (queue->count == 0) {
        return false;
    }
    *out = queue->items[0];

    Event last = queue->items[--queue->count];
    size_t i = 0;

    for (;;) {
        size_t child = 2 * i + 1;

        if (child >= queue->count) {
            break;
        }
        if (child + 1 < queue->count &&
            event_before(&queue->items[child + 1], &queue->items[child])) {
            child++;
        }
        if (!event_before(&queue->items[child], &last)) {
            break;
        }
        queue->items[i] = queue->items[child];
        i = child;
    }
    queue->items[i] = last;
    return true;
}

bool
queue_pop_before(Queue *queue, SimTime end, Event *out)
{
    return queue->count > 0 && queue->items[0].at < end &&
           queue_pop(queue, out);
}

const Event *
queue_peek(Queue *queue)
{
    return queue->count > 0 ? &queue->items[0] : NULL;
}

SimTime
queue_next_at(Queue *queue)
{
    return queue->count > 0 ? queue->items[0].at : SIM_NEVER;
}

size_t
queue_count(const Queue *queue)
{
    return queue->count;
}

Queue *
queue_new(void)
{
    Queue *queue = g_new0(Queue, 1);

    queue->capacity = 64;
    queue->items = g_new(Event, queue->capacity);
    return queue;
}

void
queue_free(Queue *queue)
{
    if (queue == NULL) {
        return;
    }
    g_free(queue->items);
    g_free(queue);
}

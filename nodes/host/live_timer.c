/* SPDX-License-Identifier: Apache-2.0 */
/* Timers ordered by deadline, then by when they were set. */
#include "nodes/host/live_timer.h"

#include <glib.h>

typedef struct Timer {
    TimerId id; /* first: also the key of the table */
    SimTime at;
    uint64_t seq;
} Timer;

struct LiveTimers {
    GSequence *order;  /* Timer, owned */
    GHashTable *by_id; /* TimerId -> GSequenceIter */
    uint64_t seq;
};

static gint
compare(gconstpointer left, gconstpointer right, gpointer unused)
{
    const Timer *a = left;
    const Timer *b = right;

    (void)unused;
    if (a->at != b->at) {
        return a->at < b->at ? -1 : 1;
    }
    return a->seq < b->seq ? -1 : a->seq > b->seq;
}

void
live_timers_set(LiveTimers *timers, TimerId id, SimTime at)
{
    GSequenceIter *place = g_hash_table_lookup(timers->by_id, &id);

    if (place != NULL) {
        g_hash_table_remove(timers->by_id, &id);
        g_sequence_remove(place);
    }
    if (at == SIM_NEVER) {
        return;
    }

    Timer *timer = g_new(Timer, 1);

    *timer = (Timer){id, at, timers->seq++};
    place = g_sequence_insert_sorted(timers->order, timer, compare, NULL);
    g_hash_table_insert(timers->by_id, &timer->id, place);
}

SimTime
live_timers_next(const LiveTimers *timers)
{
    GSequenceIter *first = g_sequence_get_begin_iter(timers->order);

    if (g_sequence_iter_is_end(first)) {
        return SIM_NEVER;
    }
    return ((const Timer *)g_sequence_get(first))->at;
}

bool
live_timers_pop(LiveTimers *timers, SimTime now, TimerId *id)
{
    if (live_timers_next(timers) > now) {
        return false;
    }

    GSequenceIter *first = g_sequence_get_begin_iter(timers->order);

    if (g_sequence_iter_is_end(first)) {
        return false;
    }
    *id = ((const Timer *)g_sequence_get(first))->id;
    g_hash_table_remove(timers->by_id, id);
    g_sequence_remove(first);
    return true;
}

LiveTimers *
live_timers_new(void)
{
    LiveTimers *timers = g_new0(LiveTimers, 1);

    timers->order = g_sequence_new(g_free);
    timers->by_id = g_hash_table_new(g_int64_hash, g_int64_equal);
    return timers;
}

void
live_timers_free(LiveTimers *timers)
{
    if (timers == NULL) {
        return;
    }
    g_hash_table_unref(timers->by_id);
    g_sequence_free(timers->order);
    g_free(timers);
}

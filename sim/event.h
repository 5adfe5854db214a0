/* SPDX-License-Identifier: Apache-2.0 */
/* An event: something that happens to one cell at one instant of true time,
 * and its place in the one total order of the simulated world.
 *
 * The order is (at, cell, class, from, from_seq, copy), packed in three words
 * that compare as unsigned numbers, so that two events are never equal and no
 * accident of memory or threads decides who comes first. */
#ifndef SEEDBED_EVENT_H
#define SEEDBED_EVENT_H

#include "nodes/node.h"

/* Within one instant of one cell, lower classes come first. */
typedef enum EventClass {
    EVENT_CLASS_WORLD = 0,
    EVENT_CLASS_START,
    EVENT_CLASS_LINK,
    EVENT_CLASS_DISK,
    EVENT_CLASS_MESSAGE,
    EVENT_CLASS_TIMER,
} EventClass;

#define EVENT_CELL_MAX     0xffffffu /* 24 bits */
#define EVENT_CLASS_MAX    0xffu
#define EVENT_FROM_SEQ_MAX (((uint64_t)1 << 56) - 1)
#define EVENT_COPY_MAX     0xffu

/* 64 bytes, one cache line, no padding. The payload's meaning belongs to
 * @kind; who frees what @data points to is said where the kind is defined:
 * the queue never looks at it. */
typedef struct Event {
    SimTime at;      /* true time, below SIM_NEVER */
    uint64_t order1; /* cell << 40 | class << 32 | from */
    uint64_t order2; /* from_seq << 8 | copy */
    uint32_t kind;
    uint32_t flags;
    uint64_t a, b, c;
    void *data;
} Event;

_Static_assert(sizeof(void *) == 8, "Seedbed needs a 64-bit machine");
_Static_assert(sizeof(Event) == 64, "an event is one cache line");

/* A zeroed event with its place in the order set: it happens to @cell
 * (0..EVENT_CELL_MAX) at @at, caused by cell @from as its @from_seq-th
 * emission; @copy tells the duplicates of one emission apart. */
static inline Event
event_key(SimTime at, uint32_t cell, EventClass class, uint32_t from,
          uint64_t from_seq, uint32_t copy)
{
    return (Event){
        .at = at,
        .order1 = (uint64_t)cell << 40 | (uint64_t) class << 32 | from,
        .order2 = from_seq << 8 | copy,
    };
}

static inline SimTime
event_at(const Event *event)
{
    return event->at;
}

static inline uint32_t
event_cell(const Event *event)
{
    return (uint32_t)(event->order1 >> 40);
}

static inline EventClass
event_class(const Event *event)
{
    return (EventClass)(event->order1 >> 32 & EVENT_CLASS_MAX);
}

static inline uint32_t
event_from(const Event *event)
{
    return (uint32_t)event->order1;
}

static inline uint64_t
event_from_seq(const Event *event)
{
    return event->order2 >> 8;
}

static inline uint32_t
event_copy(const Event *event)
{
    return (uint32_t)(event->order2 & EVENT_COPY_MAX);
}

/* *@to = *@from for an event that was just filled in: word by word, as it was
 * written. Copied in halves of a cache line it would wait until all those
 * words have left the store buffer (20 cycles on each push). */
static inline void
event_store(Event *to, const Event *from)
{
    const uint64_t *word = (const uint64_t *)from;
    uint64_t *out = (uint64_t *)to;

    for (unsigned i = 0; i < sizeof(Event) / sizeof(*word); i++) {
        uint64_t one = word[i];

        __asm__("" : "+r"(one)); /* one register each: no vector of two */
        out[i] = one;
    }
}

/* Does @left come before @right? */
static inline bool
event_before(const Event *left, const Event *right)
{
    if (left->at != right->at) {
        return left->at < right->at;
    }
    if (left->order1 != right->order1) {
        return left->order1 < right->order1;
    }
    return left->order2 < right->order2;
}

/* -1, 0 or 1; 0 only for an event and itself (or its plain copy). */
static inline int
event_compare(const Event *left, const Event *right)
{
    return event_before(left, right) ? -1 : event_before(right, left);
}

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* Nodes that are called directly take the whole process with them when they
 * die. So the engine runs in a forked child, notes in shared memory what it
 * is about to do, and its parent reads there how it ended. */
#ifndef SEEDBED_CRASH_BOX_H
#define SEEDBED_CRASH_BOX_H

#include <glib.h>

#include "sim/carrier.h"

#define CRASH_INPUTS 16u /* a power of two */
#define CRASH_FRAMES 48u

typedef struct CrashBox CrashBox;

/* One of the last inputs. */
typedef struct CrashInput {
    SimTime at; /* virtual time */
    NodeId node;
    InputKind kind;
    uint64_t detail; /* timer id, link or token; else 0 */
} CrashInput;

/* What one thread notes. Shared with the parent. */
typedef struct CrashSlot {
    SimTime at;     /* virtual time of the event in hand */
    uint64_t event; /* its number */
    NodeId node;    /* in whose step we are; 0: in none */
    uint64_t steps; /* so far */
    CrashInput inputs[CRASH_INPUTS];
    int thread; /* kernel's id */
    int signal; /* of which it died */
    char text[512];
    void *frames[CRASH_FRAMES];
    int frame_count;
} CrashSlot;

/* The calling thread's slot; a scratch one outside crash_box_run(). */
extern _Thread_local CrashSlot *crash_slot;

/* How the body of crash_box_run() ended. */
typedef struct CrashReport {
    bool returned; /* by itself: @status is what it returned, 0..255 */
    int status;
    bool interrupted; /* by SIGINT or SIGTERM, see death.signal */
    NodeId node;      /* in whose step it died; 0: the simulator's own fault */
    SimTime at;
    uint64_t event;
    CarrierDeath death;
    CrashInput inputs[CRASH_INPUTS]; /* the last ones, oldest first */
    unsigned input_count;
} CrashReport;

/* A box for @threads threads, with @area_size bytes for whatever the engine
 * wants its parent to know. */
CrashBox *crash_box_new(unsigned threads, size_t area_size);
void crash_box_free(CrashBox *box);
void *crash_box_area(CrashBox *box);

/* Run @body in a forked child, which dies with us, and wait for it. SIGINT
 * and SIGTERM are passed on. A step that uses more than @cpu_limit of CPU
 * time, or sleeps for @wait_limit, is a hang; 0: no limit. Call while there
 * is one thread. */
void crash_box_run(CrashBox *box, int (*body)(void *data), void *data,
                   SimTime cpu_limit, SimTime wait_limit, CrashReport *report);

/* In the body: the calling thread notes in slot @number, from 0. The thread
 * of the body itself has slot 0 from the start. */
void crash_box_thread(CrashBox *box, unsigned number);

/* Event @number at virtual time @at is in hand. */
static inline void
crash_box_event(SimTime at, uint64_t number)
{
    crash_slot->at = at;
    crash_slot->event = number;
}

/* The node's program is about to be called, and was. */
static inline void
crash_box_enter(NodeId node, const Input *input)
{
    CrashSlot *slot = crash_slot;
    CrashInput *note = &slot->inputs[slot->steps++ % CRASH_INPUTS];

    note->at = slot->at;
    note->node = node;
    note->kind = input->kind;
    switch (input->kind) {
    case INPUT_MESSAGE:
        note->detail = input->message.link;
        break;
    case INPUT_TIMER:
        note->detail = input->timer.id;
        break;
    case INPUT_SYNCED:
        note->detail = input->synced.token;
        break;
    case INPUT_READ:
        note->detail = input->read.token;
        break;
    default:
        note->detail = 0;
        break;
    }
    __atomic_store_n(&slot->node, node, __ATOMIC_RELEASE);
}

static inline void
crash_box_leave(void)
{
    __atomic_store_n(&crash_slot->node, 0, __ATOMIC_RELEASE);
}

#endif

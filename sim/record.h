/* SPDX-License-Identifier: Apache-2.0 */
/* One event as everybody downstream of the engine sees it: digest, trace,
 * capture, history, metrics and checks read nothing else. Records come in the
 * total order of event.h, whatever the isolation and the number of workers.
 * Everything a record points to is borrowed for the call. */
#ifndef SEEDBED_RECORD_H
#define SEEDBED_RECORD_H

#include "netmodel/link.h"
#include "nodes/effects.h"
#include "sim/event.h"

typedef enum FactKind {
    FACT_SEND = 1, /* a datagram, or bytes of a stream, left its node */
    FACT_HELD,     /* a datagram waits for a clog to end */
    FACT_WRITE,    /* the disk took a change; not durable yet */
    FACT_TRUNCATE,
    FACT_ALLOCATE,
    FACT_RENAME,
    FACT_REMOVE,
    FACT_SYNC,    /* a SYNC was issued: covers the changes before it */
    FACT_DURABLE, /* what that SYNC covered is truly on the platter */
    FACT_LOST,    /* a crash lost un-synced bytes; size says how many */
    FACT_CRASH,
    FACT_RESTART, /* a new incarnation starts (value = incarnation) */
    FACT_PAUSE,
    FACT_RESUME,
    FACT_DROP,   /* a message reached a node that was down, or a full inbox:
                  * text says which */
    FACT_FAULT,  /* a plan line took effect: value = line, text = what it
                 * resolved to */
    FACT_HEAL,   /* its end: value = line */
    FACT_HALT,   /* a node gave up: text = its reason */
    FACT_DAMAGE, /* a node's disk destroyed what it had said to be durable:
                  * fault_kind and text say by what */
} FactKind;

/* A thing that happened in the world while an event was handled. Only the
 * fields its kind needs are set, the others are zero. */
typedef struct Fact {
    FactKind kind;
    NodeId node; /* whose */
    /* SEND, DROP */
    LinkId link;
    Channel channel;
    uint64_t message; /* id: sender << 40 | number; the same at delivery */
    Slice bytes;      /* SEND, DROP, WRITE */
    Fate fate;        /* SEND: what the network decided, netmodel/link.h */
    /* disk */
    const char *file;
    const char *to; /* RENAME */
    uint64_t offset, size;
    Token token;
    const Slice *files; /* SYNC: names; none: the directory alone */
    unsigned file_count;
    /* faults and life */
    uint64_t value;
    const char *text;
    const uint8_t *hosts; /* FAULT, HEAL: by host, whom it hits; or NULL */
    uint32_t fault_kind;  /* FAULT, HEAL, DAMAGE: a FaultKind; 0: it hit
                          * nobody */
} Fact;

typedef struct Record {
    uint64_t number;    /* of the event in the run, from 1 */
    const Event *event; /* event_at(), event_cell(): when and whose */
    /* What the node was told; NULL for what only moves the world. */
    const Input *input;
    uint64_t message; /* INPUT_MESSAGE: the id of its FACT_SEND, else 0 */
    NodeId peer;      /* INPUT_MESSAGE, INPUT_LINK: the other end, else 0 */
    /* The node died of this input by its own fault; else NULL. */
    const struct CarrierDeath *death;
    /* What it answered, in order; empty when input is NULL. */
    const Effects *fx;
    /* What happened now: effects of this and of earlier steps (those that
     * waited for a token) as they leave, and the world's own doings. */
    const Fact *facts;
    unsigned fact_count;
    /* The engine's notes, made once for its many readers. Where the probes
     * are among the effects (NULL: not noted) and of which kinds
     * (PROBE_BIT()); and whether no fact is more than what every event has:
     * kinds up to FACT_DURABLE, nothing held, all that was sent arrives and no
     * word of netem made a difference. */
    const uint32_t *probes;
    unsigned probe_count;
    bool plain_facts;
    uint64_t probe_kinds;
} Record;

/* Kinds of probes, as a set; those of a number above 63 are no reader's. */
#define PROBE_BIT(name) ((uint64_t)1 << PROBE_##name)

/* The next probe of @kinds among the effects of a record with an input; begin
 * with *@at == 0. NULL: there is none. Half a dozen readers ask at each event
 * for what is rare: most are answered without looking at an effect. */
static inline const Effect *
record_next_probe(const Record *record, uint64_t kinds, unsigned *at)
{
    const Effects *fx = record->fx;
    bool noted = record->probes != NULL;
    unsigned count = noted ? record->probe_count : fx->count;

    if (noted && (record->probe_kinds & kinds) == 0) {
        return NULL;
    }
    while (*at < count) {
        const Effect *effect = &fx->items[noted ? record->probes[*at] : *at];

        ++*at;
        if (effect->kind == EFFECT_PROBE && effect->probe.id < 64 &&
            (kinds >> effect->probe.id & 1) != 0) {
            return effect;
        }
    }
    return NULL;
}

#endif

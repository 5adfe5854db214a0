/* SPDX-License-Identifier: Apache-2.0 */
/* One directed link: what it remembers between packets, and what it does to
 * the next one, in netem's order: duplicate, lose, corrupt, queue limit,
 * reorder or delay, rate.
 *
 * The draws of a link's n-th packet are at fixed places (n x 2^16 + k) of its
 * streams. So no feature, fault or fate of one packet ever shifts the draws
 * of another packet or another feature: a duplicate switched on for a while
 * leaves all delays as they were. */
#ifndef SEEDBED_LINK_H
#define SEEDBED_LINK_H

#include "netmodel/fate.h"
#include "netmodel/loss.h"
#include "netmodel/netem.h"
#include "netmodel/rates.h"
#include "nodes/node.h"

/* One stream per purpose of one link. Only the keys are used (the counters
 * are the packet's number), so the engine may share and re-key them. */
typedef struct LinkStreams {
    Stream delay;
    Stream loss;
    Stream duplicate; /* also the second copy's delay and damage */
    Stream corrupt;
    Stream reorder;
} LinkStreams;

/* Zeroed is not enough: link_init(). About 100 bytes, so make them when they
 * are first used. */
typedef struct Link {
    const NetemConfig *config; /* borrowed: what is in force */
    uint64_t packet_count;     /* sent or refused so far: the next one's n */
    LossState loss;
    uint32_t delay_last;    /* correlated delay: the last uniform number */
    uint32_t reorder_count; /* packets since the last reordered one */
    bool duplicate_last;
    bool corrupt_last;
    bool reorder_last;
    SimTime busy_until;          /* the rate has sent everything by then */
    uint64_t backlog_bytes;      /* waiting or being sent at the last packet */
    struct LinkQueue *queue;     /* owned; departures still ahead; NULL: none */
    struct LinkAccount *account; /* owned; of rates; NULL: nothing was sent */
} Link;

/* @config is borrowed for as long as it is in force. */
void link_init(Link *link, const NetemConfig *config);
void link_clear(Link *link);

/* From now on @config is in force. What is queued stays queued and leaves
 * when it would have; a loss model that is still the same keeps its state. The
 * configuration before may be gone already. */
void link_configure(Link *link, const NetemConfig *config);

/* Send a packet of @bytes at @now (never before the previous one's): fills in
 * all of *@fate. Arrival = end of transmission at `rate` + delay. The queue is
 * what waits for or is on the wire; `limit` and `limit-bytes` bound it and
 * nothing waits without `rate` (netem also counts its delay line). A packet
 * above `mtu` takes several fragments, each judged by the loss model, and is
 * lost with any of them. A reordered packet jumps the queue and skips the
 * delay. About 17 ns with delay and jitter only, 50 ns with everything but a
 * rate; only a rate, and the first packet, allocate. */
void link_send(Link *link, SimTime now, size_t bytes,
               const LinkStreams *streams, Fate *fate);

/* A packet that something else refused (@drop is one of the engine's): counts
 * it, so that the packets behind it keep their draws, and fills in *@fate. It
 * does not reach the link: correlations and a loss model's state stay. */
void link_refuse(Link *link, FateDrop drop, Fate *fate);

/* Add to *@rates what this link should have done by its words so far, and what
 * it did. */
void link_rates(const Link *link, Rates *rates);

/* Packets and bytes that wait for the rate at @now. */
unsigned link_queue_count(const Link *link, SimTime now);
uint64_t link_queue_bytes(const Link *link, SimTime now);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* What became of one packet: how many copies arrive, when, how damaged, or
 * which rule dropped it; and which configured words made a difference. */
#ifndef SEEDBED_FATE_H
#define SEEDBED_FATE_H

#include "netmodel/netem.h"
#include "nodes/node.h"

typedef enum FateDrop {
    FATE_NOT_DROPPED = 0,
    FATE_LOSS,       /* the loss model */
    FATE_QUEUE_FULL, /* limit or limit-bytes */
    FATE_MTU,        /* larger than an `mtu N drop` */
    FATE_PARTITION,  /* the engine's: a partition is in the way */
    FATE_NO_LINK,    /* the engine's: the topology has no such link */
    FATE_NODE_DOWN,  /* the engine's: nobody is there to receive */
} FateDrop;
#define FATE_DROPS 7u

#define FATE_COPIES_MAX 2u

typedef struct FateCopy {
    SimTime at;   /* arrival, >= the time of sending */
    uint64_t bit; /* corrupt: which bit of the packet is flipped */
    bool corrupt;
} FateCopy;

/* @copy_count is 0 exactly when @drop is not FATE_NOT_DROPPED. A packet that
 * was both duplicated and lost arrives once, as in netem; a duplicate that
 * finds the queue full is just not there. Padding is zeroed. */
typedef struct Fate {
    FateDrop drop;
    unsigned copy_count; /* 0..FATE_COPIES_MAX */
    FateCopy copies[FATE_COPIES_MAX];
    bool reordered;     /* copy 0 overtook the delay and the queue */
    unsigned fragments; /* the packet took this many; >= 1 */
    uint32_t mattered;  /* NetemWord bits that changed fate, time or bytes */
} Fate;

/* "delivered", "loss", "queue-full", "mtu", "partition", "no-link",
 * "node-down". */
const char *fate_drop_text(FateDrop drop);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* Two byte rings in memory that the simulator and a node process share, one
 * in each direction, and a futex word for each side, which is woken only when
 * it sleeps.
 *
 * A ring has one producer and one consumer. Each side keeps its own index to
 * itself and only publishes it, and believes of the other's index no more
 * than that the distance is at most the ring's size: what the peer writes can
 * be nonsense, but never makes this side read or write out of bounds. Bytes
 * are copied out before anybody looks at them.
 *
 * The file, little-endian, side 0 the parent, side 1 the child:
 *
 *        0  uint32  side 0 sleeps (futex word)
 *       64  uint32  side 1 sleeps (futex word)
 *      128  uint32  bytes ever written by side 0, modulo 2^32
 *      192  uint32  bytes ever read of them by side 1
 *      256  uint32  bytes ever written by side 1
 *      320  uint32  bytes ever read of them by side 0
 *     4096  the ring that side 0 writes, then the one that side 1 writes
 *
 * Both sides on one core (pinned): a hand-off is one wake-up and one yield.
 * On two cores: spin for some microseconds, then sleep. */
#ifndef SEEDBED_RING_H
#define SEEDBED_RING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Bytes of each ring: a power of two. Longer messages stream through. */
#define RING_SIZE     ((uint32_t)64 * 1024)
#define RING_SIZE_MAX ((uint32_t)1 << 24)

typedef struct Ring {
    uint8_t *memory; /* the mapping */
    uint32_t size;   /* of one direction */
    unsigned side;
    uint32_t written;  /* by us; ahead of what is published */
    uint32_t consumed; /* by us */
    bool same_core;    /* as the peer: we are pinned to one */
    bool lucky;        /* the last wait needed no sleep */
    unsigned waits;
} Ring;

/* A sealed memory file of two rings of @size bytes; -1: errno. */
int ring_file(uint32_t size);
/* Map @fd, which stays the caller's. Pin the thread first, if it is to be
 * pinned. False: errno. */
bool ring_map(Ring *ring, int fd, uint32_t size, unsigned side);
void ring_unmap(Ring *ring);

/* Write at most @size bytes, as many as there is room for, and publish them
 * without waking anybody. -1: the other side's index is nonsense. */
int64_t ring_write(Ring *ring, const void *data, size_t size);
/* Read at most @size bytes of what there is. -1: as above. */
int64_t ring_read(Ring *ring, void *data, size_t size);
/* Bytes to read, or room to write. -1: as above. */
int64_t ring_available(const Ring *ring);
int64_t ring_room(const Ring *ring);
/* Wake the other side if it sleeps. */
void ring_wake(Ring *ring);
/* Wait until there is something to read (or, with @for_room, room to write),
 * at most @timeout_ns. May return early. */
void ring_wait(Ring *ring, bool for_room, uint64_t timeout_ns);

#endif

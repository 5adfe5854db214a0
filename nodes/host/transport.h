/* SPDX-License-Identifier: Apache-2.0 */
/* Whole messages of the control protocol between the simulator and a node
 * process: over the socket on fd 3 at first, over the rings once both sides
 * agreed. The same code serves both sides. */
#ifndef SEEDBED_TRANSPORT_H
#define SEEDBED_TRANSPORT_H

#include "nodes/host/control.h"
#include "nodes/host/ring.h"

/* The largest packet on the socket, with its 8 bytes in front. */
#define TRANSPORT_PACKET_MAX 65536u

typedef enum TransportResult {
    TRANSPORT_DONE,
    TRANSPORT_CLOSED,   /* the other side is gone */
    TRANSPORT_GAVE_UP,  /* patience() said so */
    TRANSPORT_NONSENSE, /* see `error` */
} TransportResult;

typedef struct Transport {
    int fd; /* owned */
    Ring ring;
    bool ring_used;
    /* Asked again and again while nothing moves: first after a millisecond,
     * then ever more seldom, at last every 128 ms. False: give up. NULL: wait
     * for ever. */
    bool (*patience)(void *data);
    void *patience_data;
    unsigned waits; /* of the current call */
    Wire in;        /* what has arrived of a message */
    ControlKind in_kind;
    size_t in_left;
    bool in_begun;
    uint8_t in_header[8]; /* in the ring, which may bring it in pieces */
    unsigned in_header_size;
    int received_fd; /* that came with the last message; -1; owned */
    ControlError error;
} Transport;

/* @fd is taken. */
void transport_init(Transport *transport, int fd);
void transport_clear(Transport *transport);

/* Send one message. In the rings the peer is woken only with @wake, so that
 * a burst costs one wake-up. @fd, or -1, goes along over the socket. */
TransportResult transport_send(Transport *transport, ControlKind kind,
                               const Wire *message, bool wake, int fd);
/* Receive one message; @message is borrowed until the next call. */
TransportResult transport_receive(Transport *transport, ControlKind *kind,
                                  Slice *message);

#endif

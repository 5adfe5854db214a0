/* SPDX-License-Identifier: Apache-2.0 */
/* Messages over the socket or the rings. Memory grows with what has really
 * arrived, never with what a header promises. */
#include "nodes/host/transport.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#define HEADER_SIZE     8u
#define FIRST_WAIT_NS   1000000u
#define LONGEST_WAIT_NS 128000000u
/* Who dribbles its bytes is asked about after so many waits. */
#define WAITS_UNASKED 256u

/* The control part of a packet with one descriptor. */
typedef union Ancillary {
    struct cmsghdr align;
    char bytes[CMSG_SPACE(sizeof(int))];
} Ancillary;

static TransportResult send_packets(Transport *transport, ControlKind kind,
                                    const Wire *message, int fd);
static TransportResult receive_packets(Transport *transport);
static ssize_t receive_packet(Transport *transport, uint8_t *header,
                              struct iovec *content);
static TransportResult send_ring(Transport *transport, const void *data,
                                 size_t size);
static TransportResult receive_ring(Transport *transport);
static int64_t take_header(Transport *transport);
static int64_t take_content(Transport *transport);
static bool header_ok(Transport *transport);
static bool be_patient(Transport *transport, short events, uint64_t *wait_ns);
static TransportResult nonsense(Transport *transport, const char *why);
static void put_header(uint8_t *header, ControlKind kind, size_t left);
static uint32_t get_u32(const uint8_t *data);

TransportResult
transport_send(Transport *transport, ControlKind kind, const Wire *message,
               bool wake, int fd)
{
    TransportResult result;
    uint8_t header[HEADER_SIZE];

    g_assert(message->size <= CONTROL_MESSAGE_MAX);
    if (!transport->ring_used) {
        return send_packets(transport, kind, message, fd);
    }
    put_header(header, kind, message->size);
    result = send_ring(transport, header, HEADER_SIZE);
    if (result == TRANSPORT_DONE) {
        result = send_ring(transport, message->data, message->size);
    }
    if (wake) {
        ring_wake(&transport->ring);
    }
    return result;
}

TransportResult
transport_receive(Transport *transport, ControlKind *kind, Slice *message)
{
    TransportResult result;

    if (!transport->in_begun) {
        transport->in.size = 0;
    }
    transport->waits = 0;
    result = transport->ring_used ? receive_ring(transport)
                                  : receive_packets(transport);
    if (result == TRANSPORT_DONE) {
        transport->in_begun = false;
        *kind = transport->in_kind;
        *message = slice_of(transport->in.data, transport->in.size);
    }
    return result;
}

static TransportResult
send_packets(Transport *transport, ControlKind kind, const Wire *message,
             int fd)
{
    size_t sent = 0;
    uint64_t wait_ns = FIRST_WAIT_NS;

    do {
        size_t count = MIN(message->size - sent,
                           (size_t)TRANSPORT_PACKET_MAX - HEADER_SIZE);
        uint8_t header[HEADER_SIZE];
        struct iovec parts[2] = {
            {header, HEADER_SIZE},
            {count > 0 ? message->data + sent : header, count}};
        struct msghdr packet = {.msg_iov = parts, .msg_iovlen = 2};
        Ancillary ancillary = {0};

        put_header(header, kind, message->size - sent - count);
        if (fd >= 0) {
            struct cmsghdr *first;

            packet.msg_control = ancillary.bytes;
            packet.msg_controllen = sizeof ancillary.bytes;
            first = CMSG_FIRSTHDR(&packet);
            first->cmsg_level = SOL_SOCKET;
            first->cmsg_type = SCM_RIGHTS;
            first->cmsg_len = CMSG_LEN(sizeof fd);
            memcpy(CMSG_DATA(first), &fd, sizeof fd);
        }
        if (sendmsg(transport->fd, &packet, MSG_NOSIGNAL | MSG_DONTWAIT) >= 0) {
            sent += count;
            fd = -1;
            wait_ns = FIRST_WAIT_NS;
            if (sent == message->size) {
                return TRANSPORT_DONE;
            }
        } else if (errno == EAGAIN || errno == ENOBUFS) {
            if (!be_patient(transport, POLLOUT, &wait_ns)) {
                return TRANSPORT_GAVE_UP;
            }
        } else if (errno != EINTR) {
            return TRANSPORT_CLOSED;
        }
    } while (true);
}

static TransportResult
receive_packets(Transport *transport)
{
    uint64_t wait_ns = FIRST_WAIT_NS;

    while (true) {
        uint8_t header[HEADER_SIZE];
        struct iovec content;
        ssize_t size;
        uint32_t kind, left;

        wire_reserve(&transport->in, TRANSPORT_PACKET_MAX - HEADER_SIZE);
        content.iov_base = transport->in.data + transport->in.size;
        content.iov_len = TRANSPORT_PACKET_MAX - HEADER_SIZE;
        size = receive_packet(transport, header, &content);
        if (size < 0) {
            if (errno == EAGAIN) {
                if (!be_patient(transport, POLLIN, &wait_ns)) {
                    return TRANSPORT_GAVE_UP;
                }
                continue;
            }
            if (errno == EINTR || errno == ECONNRESET) {
                continue; /* what was sent before the end is still there */
            }
            return errno == EMSGSIZE
                       ? nonsense(transport, "a packet that is too large")
                       : TRANSPORT_CLOSED;
        }
        if (size == 0) {
            return TRANSPORT_CLOSED;
        }
        if (size < (ssize_t)HEADER_SIZE) {
            return nonsense(transport, "a packet without a header");
        }
        wait_ns = FIRST_WAIT_NS;
        kind = get_u32(header);
        left = get_u32(header + 4);
        size -= (ssize_t)HEADER_SIZE;
        transport->in.size += (size_t)size;
        if (kind < CONTROL_HELLO || kind > CONTROL_BYE) {
            return nonsense(transport, "a message of an unknown kind");
        }
        if (left > CONTROL_MESSAGE_MAX -
                       MIN(transport->in.size, CONTROL_MESSAGE_MAX)) {
            return nonsense(transport, "a message that is too large");
        }
        if (transport->in_begun &&
            (kind != transport->in_kind ||
             left + (size_t)size != transport->in_left || size == 0)) {
            return nonsense(transport, "packets that do not continue");
        }
        transport->in_kind = (ControlKind)kind;
        transport->in_left = left;
        transport->in_begun = true;
        if (left == 0) {
            return TRANSPORT_DONE;
        }
    }
}

/* -1: errno, EMSGSIZE for a packet that was cut. */
static ssize_t
receive_packet(Transport *transport, uint8_t *header, struct iovec *content)
{
    struct iovec parts[2] = {{header, HEADER_SIZE}, *content};
    Ancillary ancillary = {0};
    struct msghdr packet = {.msg_iov = parts,
                            .msg_iovlen = 2,
                            .msg_control = ancillary.bytes,
                            .msg_controllen = sizeof ancillary.bytes};
    struct cmsghdr *first;
    ssize_t size;
    int flags = MSG_CMSG_CLOEXEC;

    if (transport->patience != NULL) {
        flags |= MSG_DONTWAIT;
    }
    size = recvmsg(transport->fd, &packet, flags);
    if (size < 0) {
        return -1;
    }
    first = CMSG_FIRSTHDR(&packet);
    if (first != NULL && first->cmsg_level == SOL_SOCKET &&
        first->cmsg_type == SCM_RIGHTS &&
        first->cmsg_len == CMSG_LEN(sizeof(int))) {
        if (transport->received_fd >= 0) {
            close(transport->received_fd);
        }
        memcpy(&transport->received_fd, CMSG_DATA(first), sizeof(int));
    }
    if ((packet.msg_flags & MSG_TRUNC) != 0) {
        errno = EMSGSIZE;
        return -1;
    }
    return size;
}

static TransportResult
send_ring(Transport *transport, const void *data, size_t size)
{
    const uint8_t *at = data;
    uint64_t wait_ns = FIRST_WAIT_NS;

    while (size > 0) {
        int64_t count = ring_write(&transport->ring, at, size);

        if (count < 0) {
            return nonsense(transport, "an index out of its ring");
        }
        if (count > 0) {
            at += count;
            size -= (size_t)count;
            wait_ns = FIRST_WAIT_NS;
        } else {
            ring_wake(&transport->ring);
            if (!be_patient(transport, POLLOUT, &wait_ns)) {
                return TRANSPORT_GAVE_UP;
            }
        }
    }
    return TRANSPORT_DONE;
}

/* First the header, then as much of the content as is there, again and again.
 */
static TransportResult
receive_ring(Transport *transport)
{
    uint64_t wait_ns = FIRST_WAIT_NS;

    while (!transport->in_begun || transport->in_left > 0) {
        int64_t count;

        if (transport->in_begun) {
            count = take_content(transport);
        } else {
            count = take_header(transport);
        }
        if (count < 0) {
            return nonsense(transport, "an index out of its ring");
        }
        if (count > 0) {
            wait_ns = FIRST_WAIT_NS;
        } else if (!be_patient(transport, POLLIN, &wait_ns)) {
            return TRANSPORT_GAVE_UP;
        }
        if (transport->in_begun && !header_ok(transport)) {
            return TRANSPORT_NONSENSE;
        }
    }
    return TRANSPORT_DONE;
}

static int64_t
take_header(Transport *transport)
{
    int64_t count = ring_read(&transport->ring,
                              transport->in_header + transport->in_header_size,
                              HEADER_SIZE - transport->in_header_size);

    if (count > 0) {
        transport->in_header_size += (unsigned)count;
    }
    if (transport->in_header_size == HEADER_SIZE) {
        transport->in_header_size = 0;
        transport->in_kind = (ControlKind)get_u32(transport->in_header);
        transport->in_left = get_u32(transport->in_header + 4);
        transport->in_begun = true;
    }
    return count;
}

static int64_t
take_content(Transport *transport)
{
    int64_t count = ring_available(&transport->ring);

    if (count <= 0) {
        return count;
    }
    wire_reserve(&transport->in, MIN(transport->in_left, (size_t)count));
    count = ring_read(&transport->ring, transport->in.data + transport->in.size,
                      MIN(transport->in_left, (size_t)count));
    if (count > 0) {
        transport->in.size += (size_t)count;
        transport->in_left -= (size_t)count;
    }
    if (transport->in_left > 0) {
        ring_wake(&transport->ring); /* who may wait for room */
    }
    return count;
}

static bool
header_ok(Transport *transport)
{
    if (transport->in_kind < CONTROL_HELLO ||
        transport->in_kind > CONTROL_BYE) {
        nonsense(transport, "a message of an unknown kind");
        return false;
    }
    if (transport->in_left > CONTROL_MESSAGE_MAX) {
        nonsense(transport, "a message that is too large");
        return false;
    }
    return true;
}

/* Wait until something may have moved, for at most @wait_ns, and ask whether
 * to go on when nothing did, or when this goes on for long. */
static bool
be_patient(Transport *transport, short events, uint64_t *wait_ns)
{
    bool moved;

    if (transport->ring_used) {
        Ring *ring = &transport->ring;
        bool for_room = events == POLLOUT;

        ring_wait(ring, for_room, *wait_ns);
        moved = (for_room ? ring_room(ring) : ring_available(ring)) != 0;
    } else {
        struct pollfd wanted = {.fd = transport->fd, .events = events};

        moved = poll(&wanted, 1, (int)(*wait_ns / 1000000u)) > 0;
    }
    if (moved && ++transport->waits % WAITS_UNASKED != 0) {
        return true;
    }
    *wait_ns = MIN(*wait_ns * 2, LONGEST_WAIT_NS);
    return transport->patience == NULL ||
           transport->patience(transport->patience_data);
}

static TransportResult
nonsense(Transport *transport, const char *why)
{
    snprintf(transport->error.text, sizeof transport->error.text, "%s", why);
    return TRANSPORT_NONSENSE;
}

static void
put_header(uint8_t *header, ControlKind kind, size_t left)
{
    uint32_t numbers[2] = {GUINT32_TO_LE((uint32_t)kind),
                           GUINT32_TO_LE((uint32_t)left)};

    memcpy(header, numbers, HEADER_SIZE);
}

static uint32_t
get_u32(const uint8_t *data)
{
    uint32_t value;

    memcpy(&value, data, sizeof value);
    return GUINT32_FROM_LE(value);
}

void
transport_init(Transport *transport, int fd)
{
    *transport = (Transport){.fd = fd, .received_fd = -1};
}

void
transport_clear(Transport *transport)
{
    if (transport->fd >= 0) {
        close(transport->fd);
    }
    if (transport->received_fd >= 0) {
        close(transport->received_fd);
    }
    ring_unmap(&transport->ring);
    wire_clear(&transport->in);
    *transport = (Transport){.fd = -1, .received_fd = -1};
}

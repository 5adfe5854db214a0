/* SPDX-License-Identifier: Apache-2.0 */
/* Ethernet frames of IPv4 with UDP or TCP in them, as a network card would
 * have seen them: RFC 791, 768, 9293, checksums of RFC 1071. */
#ifndef SEEDBED_CAPTURE_FRAME_H
#define SEEDBED_CAPTURE_FRAME_H

#include "nodes/node.h"

/* The least that IPv4 asks of a link: RFC 791 section 3.2. */
#define CAPTURE_MTU_MIN     68u
#define CAPTURE_MTU_DEFAULT 1500u
#define CAPTURE_REGION_MAX  55u

/* One end of a conversation. */
typedef struct CaptureEnd {
    uint8_t mac[6];
    uint32_t ip; /* host byte order */
    uint16_t port;
} CaptureEnd;

enum {
    CAPTURE_TCP_FIN = 1 << 0,
    CAPTURE_TCP_SYN = 1 << 1,
    CAPTURE_TCP_RST = 1 << 2,
    CAPTURE_TCP_PSH = 1 << 3,
    CAPTURE_TCP_ACK = 1 << 4,
};

typedef struct CaptureTcp {
    uint32_t sequence, acknowledgement;
    unsigned flags; /* with SYN: options MSS and window scale are added */
    uint16_t mss;   /* said in a SYN */
} CaptureTcp;

/* One frame, without check sequence, is ready; borrowed for the call. */
typedef void (*CaptureEmit)(void *data, const uint8_t *frame, size_t size);

/* Addresses that spell who it is: node h in region r (0: none) is
 * 10.r.hh.ll and 02:5b:rr:00:hh:ll, with h = hh x 256 + ll; a client is
 * 10.(200 + r).hh.ll and 02:5b:rr:01:hh:ll. */
CaptureEnd capture_frame_end(NodeId host, unsigned region, bool is_client,
                             uint16_t port);

/* One datagram of at most DATAGRAM_MAX bytes; fragments when it exceeds
 * @mtu (bytes of IP packet). */
void capture_frame_udp(const CaptureEnd *from, const CaptureEnd *to,
                       uint16_t identification, unsigned mtu,
                       const uint8_t *bytes, size_t size, CaptureEmit emit,
                       void *data);
/* One segment; the caller keeps it below the MTU. */
void capture_frame_tcp(const CaptureEnd *from, const CaptureEnd *to,
                       uint16_t identification, const CaptureTcp *tcp,
                       const uint8_t *bytes, size_t size, CaptureEmit emit,
                       void *data);

/* The Internet checksum: one's complement of the one's complement sum of
 * @size bytes and of @start, which is an unfolded sum of other words. */
uint16_t capture_frame_checksum(const uint8_t *bytes, size_t size,
                                uint32_t start);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* Headers are written byte by byte in network order: no struct, no padding,
 * no host byte order. */
#include "sim/capture_frame.h"

#include <glib.h>
#include <string.h>

#define ETHERNET_SIZE   14u
#define IP_SIZE         20u
#define UDP_SIZE        8u
#define TCP_SIZE        20u
#define TCP_SYN_OPTIONS 8u
#define PROTOCOL_TCP    6u
#define PROTOCOL_UDP    17u
#define FLAG_DONT       0x4000u /* don't fragment */
#define FLAG_MORE       0x2000u /* more fragments */
#define TTL             64u
#define WINDOW          65535u
#define WINDOW_SCALE    8u

static uint8_t *put_ethernet(uint8_t *at, const CaptureEnd *from,
                             const CaptureEnd *to);
static uint8_t *put_ip(uint8_t *at, const CaptureEnd *from,
                       const CaptureEnd *to, unsigned protocol,
                       uint16_t identification, unsigned fragment,
                       size_t payload_size);
static uint32_t pseudo_header(const CaptureEnd *from, const CaptureEnd *to,
                              unsigned protocol, size_t size);
static uint8_t *put16(uint8_t *at, unsigned value);
static uint8_t *put32(uint8_t *at, uint32_t value);

CaptureEnd
capture_frame_end(NodeId host, unsigned region, bool is_client, uint16_t port)
{
    g_assert(host >= 1 && host <= NODE_ID_MAX);
    g_assert(region <= CAPTURE_REGION_MAX);

    CaptureEnd end = {
        .mac = {0x02, 0x5b, (uint8_t)region, is_client ? 1 : 0,
                (uint8_t)(host >> 8), (uint8_t)host},
        .ip = 10u << 24 | (region + (is_client ? 200u : 0u)) << 16 | host,
        .port = port,
    };

    return end;
}

void
capture_frame_udp(const CaptureEnd *from, const CaptureEnd *to,
                  uint16_t identification, unsigned mtu, const uint8_t *bytes,
                  size_t size, CaptureEmit emit, void *data)
{
    size_t total = UDP_SIZE + size;
    size_t step = total;
    uint8_t *datagram = g_malloc(total);
    uint8_t *frame = g_malloc(ETHERNET_SIZE + IP_SIZE + total);

    g_assert(size <= DATAGRAM_MAX && mtu >= CAPTURE_MTU_MIN);
    put16(put16(put16(put16(datagram, from->port), to->port), (unsigned)total),
          0);
    if (size > 0) {
        memcpy(datagram + UDP_SIZE, bytes, size);
    }

    uint16_t sum = capture_frame_checksum(
        datagram, total, pseudo_header(from, to, PROTOCOL_UDP, total));

    /* A computed zero is sent as all ones: RFC 768. */
    put16(datagram + 6, sum == 0 ? 0xffff : sum);
    if (IP_SIZE + total > mtu) {
        step = (mtu - IP_SIZE) / 8 * 8; /* offsets count in eights */
    }
    for (size_t at = 0; at < total; at += step) {
        size_t part = MIN(step, total - at);
        unsigned fragment =
            (unsigned)(at / 8) | (at + part < total ? FLAG_MORE : 0u);
        uint8_t *end = put_ip(put_ethernet(frame, from, to), from, to,
                              PROTOCOL_UDP, identification, fragment, part);

        memcpy(end, datagram + at, part);
        emit(data, frame, (size_t)(end - frame) + part);
    }
    g_free(datagram);
    g_free(frame);
}

void
capture_frame_tcp(const CaptureEnd *from, const CaptureEnd *to,
                  uint16_t identification, const CaptureTcp *tcp,
                  const uint8_t *bytes, size_t size, CaptureEmit emit,
                  void *data)
{
    bool syn = (tcp->flags & CAPTURE_TCP_SYN) != 0;
    size_t header = TCP_SIZE + (syn ? TCP_SYN_OPTIONS : 0u);
    size_t total = header + size;
    uint8_t *frame = g_malloc(ETHERNET_SIZE + IP_SIZE + total);
    uint8_t *segment = put_ip(put_ethernet(frame, from, to), from, to,
                              PROTOCOL_TCP, identification, FLAG_DONT, total);
    uint8_t *at = put16(put16(segment, from->port), to->port);

    g_assert(IP_SIZE + total <= 65535);
    at = put32(put32(at, tcp->sequence),
               (tcp->flags & CAPTURE_TCP_ACK) != 0 ? tcp->acknowledgement : 0);
    at = put16(at, (unsigned)(header / 4) << 12 | tcp->flags);
    at = put16(at, WINDOW);
    at = put32(at, 0); /* checksum, urgent pointer */
    if (syn) {
        at = put32(at, 0x02040000u | tcp->mss);
        at = put32(at, 0x01030300u | WINDOW_SCALE); /* after a no-op */
    }
    if (size > 0) {
        memcpy(at, bytes, size);
    }
    put16(segment + 16,
          capture_frame_checksum(segment, total,
                                 pseudo_header(from, to, PROTOCOL_TCP, total)));
    emit(data, frame, (size_t)(at - frame) + size);
    g_free(frame);
}

static uint8_t *
put_ethernet(uint8_t *at, const CaptureEnd *from, const CaptureEnd *to)
{
    memcpy(at, to->mac, 6);
    memcpy(at + 6, from->mac, 6);
    return put16(at + 12, 0x0800);
}

/* @fragment: flags and offset, as they stand in the header. */
static uint8_t *
put_ip(uint8_t *at, const CaptureEnd *from, const CaptureEnd *to,
       unsigned protocol, uint16_t identification, unsigned fragment,
       size_t payload_size)
{
    uint8_t *header = at;

    at = put16(at, 0x4500);
    at = put16(at, (unsigned)(IP_SIZE + payload_size));
    at = put16(at, identification);
    at = put16(at, fragment);
    at = put16(at, TTL << 8 | protocol);
    at = put16(at, 0);
    at = put32(at, from->ip);
    at = put32(at, to->ip);
    put16(header + 10, capture_frame_checksum(header, IP_SIZE, 0));
    return at;
}

/* Addresses, protocol and length count in the checksum of what IP carries. */
static uint32_t
pseudo_header(const CaptureEnd *from, const CaptureEnd *to, unsigned protocol,
              size_t size)
{
    return (from->ip >> 16) + (from->ip & 0xffff) + (to->ip >> 16) +
           (to->ip & 0xffff) + protocol + (uint32_t)size;
}

uint16_t
capture_frame_checksum(const uint8_t *bytes, size_t size, uint32_t start)
{
    uint64_t sum = start;

    for (size_t i = 0; i + 1 < size; i += 2) {
        sum += (uint32_t)bytes[i] << 8 | bytes[i + 1];
    }
    if (size % 2 != 0) {
        sum += (uint32_t)bytes[size - 1] << 8;
    }
    while (sum >> 16 != 0) {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    return (uint16_t)~sum;
}

static uint8_t *
put16(uint8_t *at, unsigned value)
{
    at[0] = (uint8_t)(value >> 8);
    at[1] = (uint8_t)value;
    return at + 2;
}

static uint8_t *
put32(uint8_t *at, uint32_t value)
{
    return put16(put16(at, value >> 16), value & 0xffff);
}

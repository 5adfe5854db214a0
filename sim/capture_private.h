/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the capture share: capture.c decides what is shown and
 * writes it, capture_stream.c keeps the TCP connections of streams. */
#ifndef SEEDBED_CAPTURE_PRIVATE_H
#define SEEDBED_CAPTURE_PRIVATE_H

#include <pcap/pcap.h>

#include "sim/capture.h"
#include "sim/capture_pcapng.h"
#include "sim/whole_file.h"

struct Capture {
    WholeFile *file;
    pcap_t *pcap;
    pcap_dumper_t *dumper; /* its stream belongs to @file */
    unsigned node_count, host_count;
    uint8_t *regions;          /* by host, host_count + 1 */
    uint16_t *identifications; /* next one, by sending host */
    unsigned mtu;
    GTree *connections; /* ConnectionKey -> Connection */
    GQueue *ended;      /* ConnectionKey, the earliest first */
    uint32_t *opened;   /* connections so far, by opening host */
    struct timeval at;
    /* pcapng: @dumper is NULL */
    GByteArray *block;
    NodeId self;              /* whose card sees the frames of the record */
    CapturePacket packet;     /* what is known of the frame to come */
    GString *comment;         /* its scratch */
    GArray *standing;         /* Standing */
    GArray *damaged;          /* Damaged: on its way */
    uint64_t *seen, *dropped; /* messages, by host */
};

CaptureEnd capture_host_end(const Capture *capture, NodeId host, uint16_t port);
uint16_t capture_channel_port(Channel channel);
/* A CaptureEmit: one frame, with what @data->packet says of it. */
void capture_emit(void *data, const uint8_t *frame, size_t size);

void capture_stream_init(Capture *capture);
void capture_stream_clear(Capture *capture);
/* @self was handed bytes, or heard of the life of the stream. */
void capture_stream_bytes(Capture *capture, NodeId self, NodeId peer,
                          const Input *input);
void capture_stream_link(Capture *capture, NodeId self, NodeId peer,
                         const Input *input);
/* pcapng: a piece left, lost or not; and one that did not arrive. */
void capture_stream_sent(Capture *capture, const Fact *fact);
void capture_stream_lost(Capture *capture, const Fact *fact, NodeId from,
                         NodeId to);

#endif

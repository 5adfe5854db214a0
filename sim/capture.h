/* SPDX-License-Identifier: Apache-2.0 */
/* What the virtual network carried, as a capture file that tcpdump, tshark
 * and Wireshark read: libpcap or pcapng, Ethernet and IPv4, nanoseconds.
 *
 * Packets stand in the file when and as they ARRIVE, as if every receiver had
 * run tcpdump: what was lost is not there (the text trace has it), what was
 * doubled is there twice, what was corrupted shows the corrupted bytes (with
 * checksums made for them). Datagrams are UDP, from and to port 46000 +
 * channel (Raft 46001, clients 46002, echo 46003, ...). A stream is a TCP
 * connection to that port: a handshake when the first end hears that it is
 * up, the bytes as they are delivered, each acknowledged at once, FIN when an
 * end hears that it is down, RST when it hears of a reset. Virtual time 0 is
 * 2020-01-01 00:00:00 UTC.
 *
 * A pcapng has an interface per host, named n1 or client6, the message's id as
 * packet id, and what did NOT arrive as well: on the interface of the sender
 * when the network lost it, of the receiver when nobody was there to take it,
 * with a verdict (TC_ACT_SHOT) and a comment that names the rule: "m2.17 lost:
 * partition, fault 3". The statistics of an interface count messages. */
#ifndef SEEDBED_CAPTURE_H
#define SEEDBED_CAPTURE_H

#include <glib.h>

#include "sim/capture_frame.h"
#include "sim/record.h"

#define CAPTURE_EPOCH_S 1577836800
/* A port that a dissector built into Wireshark claims would show our messages
 * as malformed ones of its protocol. It knows none of 45565..46999, nor, for
 * TCP, of the ports that connections come from. */
#define CAPTURE_PORT_MIN 46000u

typedef enum CaptureForm { CAPTURE_PCAP = 0, CAPTURE_PCAPNG } CaptureForm;

typedef struct CaptureAbout {
    unsigned node_count;    /* hosts 1..node_count are nodes, ... */
    unsigned client_count;  /* ... the next ones clients */
    const uint8_t *regions; /* by host id, 0: none, at most
                             * CAPTURE_REGION_MAX; NULL: nobody has one */
    unsigned mtu;           /* bytes of an IP packet; 0: the default */
    CaptureForm form;
    const char *scenario; /* pcapng: said in it; borrowed for the call */
    uint64_t seed;
} CaptureAbout;

typedef struct Capture Capture;

/* Write a capture to the file @path, whole or absent. NULL: @error. */
Capture *capture_new(const char *path, const CaptureAbout *about,
                     GError **error);
void capture_observe(Capture *capture, const Record *record);
/* Complete the file and release @capture. False: @error, and no file. */
bool capture_finish(Capture *capture, GError **error);
/* Give up: leaves no file. NULL is allowed. */
void capture_free(Capture *capture);

#endif

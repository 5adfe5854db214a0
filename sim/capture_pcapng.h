/* SPDX-License-Identifier: Apache-2.0 */
/* The blocks of a pcapng file, little-endian, one section of Ethernet
 * interfaces with time in nanoseconds. Source: draft-ietf-opsawg-pcapng
 * (section, interface, enhanced packet, name resolution and interface
 * statistics blocks). */
#ifndef SEEDBED_CAPTURE_PCAPNG_H
#define SEEDBED_CAPTURE_PCAPNG_H

#include <glib.h>

#include "sim/capture_frame.h"

/* Where a frame was seen, and what is known of it beside its bytes. */
typedef struct CapturePacket {
    uint32_t interface;  /* its number: 0 is the first one written */
    uint64_t at;         /* nanoseconds since 1970 */
    bool outbound;       /* seen as it left; else as it arrived */
    bool dropped;        /* the verdict; says Linux's TC_ACT_SHOT */
    uint64_t id;         /* the same for all frames of a message; 0: none */
    const char *comment; /* or NULL */
} CapturePacket;

/* Every function appends one whole block to @out. Texts are cut at what an
 * option can hold, 65535 bytes. */
void capture_pcapng_section(GByteArray *out, const char *comment);
void capture_pcapng_interface(GByteArray *out, const char *name,
                              const char *description, const CaptureEnd *end,
                              uint32_t snaplen);
/* The name of each of @count addresses. */
void capture_pcapng_names(GByteArray *out, const CaptureEnd *ends,
                          const char *const *names, unsigned count);
void capture_pcapng_packet(GByteArray *out, const CapturePacket *packet,
                           const uint8_t *frame, size_t size);
/* Messages that an interface had, and those of them that were dropped. */
void capture_pcapng_statistics(GByteArray *out, uint32_t interface, uint64_t at,
                               uint64_t received, uint64_t dropped);

#endif

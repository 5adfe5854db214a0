/* SPDX-License-Identifier: Apache-2.0 */
/* Bytes in words: what a message of a known protocol says, on one line.
 * Only integers and printable ASCII go in, so that the words depend on no
 * locale, no pointer and no clock. */
#ifndef SEEDBED_TRACE_WORDS_H
#define SEEDBED_TRACE_WORDS_H

#include <glib.h>

#include "nodes/node.h"

/* How the stream of a channel is cut into messages. */
typedef enum TraceFraming {
    TRACE_FRAMING_NONE,   /* unknown: bytes are only counted */
    TRACE_FRAMING_LENGTH, /* each preceded by its length, 4 bytes big-endian */
} TraceFraming;

/* What a reader calls @channel: "raft", "kv", "echo", ... or "channel". */
const char *trace_words_channel(Channel channel);
TraceFraming trace_words_framing(Channel channel);

/* One message of @channel in words: append its name to @name ("vote_request")
 * and what it says to @says ("term 3, last log 0"). @to_opener: it goes to
 * the end that opened the stream, so it is a reply. Whatever the bytes are,
 * they get words: what does not parse is "noise" and its size. */
void trace_words_message(GString *name, GString *says, Channel channel,
                         bool to_opener, const uint8_t *data, size_t size);

/* "m2.17": the 17th emission of cell 2. The same wherever a message is shown,
 * at both of its ends, in every trace and capture. */
void trace_words_message_id(GString *out, uint64_t message);
/* "1.2ms", "150.000512ms", "3s": exact, in the largest unit below it. */
void trace_words_duration(GString *out, SimTime duration);
/* "k3", in quotes when all of it is printable, else "64 bytes";
 * at most 32 characters of it, then its size. */
void trace_words_bytes(GString *out, const uint8_t *data, size_t size);
/* Append up to @size bytes, everything unprintable as '?'. */
void trace_words_text(GString *out, const char *data, size_t size);

#endif

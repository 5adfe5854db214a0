/* SPDX-License-Identifier: Apache-2.0 */
/* The canonical encoding of an event: what the rolling digest is of. It holds
 * the event's place in the total order, the input as the node saw it and
 * every effect except PROBE, so that a probe can be added to node code
 * without changing a digest. */
#ifndef SEEDBED_CANONICAL_H
#define SEEDBED_CANONICAL_H

#include "sim/digest.h"
#include "sim/record.h"

/* Append @record to @digest. Payloads count by length and XXH3-64. */
void canonical_record(Digest *digest, const Record *record);

#endif

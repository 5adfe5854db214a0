/* SPDX-License-Identifier: Apache-2.0 */
/* A member: one node that speaks several protocols side by side.
 *
 * A protocol has a channel of its own and may serve others; messages, links
 * and rooms go by channel. Timer ids (at most 48 bits) and tokens (at most 56
 * bits) are each protocol's own: the member puts the channel into the bits
 * above. A protocol's files begin with its name and a dash. START (with its
 * own files only), CONFIG, MEMORY and STOP reach all, in the table's order.
 * A LOCAL effect is delivered in the same step, first in first out, after
 * what was to be delivered before it. */
#ifndef SEEDBED_MEMBER_H
#define SEEDBED_MEMBER_H

#include "nodes/effects.h"

#define MEMBER_PROTOCOLS_MAX 8u
/* LOCAL deliveries in one step; more is a bug: they would never end. */
#define MEMBER_LOCAL_MAX 4096u

typedef struct MemberProtocol {
    const char *name; /* of its files: "name-..." */
    Channel channel;
    uint64_t also; /* bit n: it serves channel n as well */
    void *self;
    void (*step)(void *self, const Input *input, Effects *fx);
    void (*free)(void *self);
} MemberProtocol;

typedef struct Member Member;

/* @protocols are copied. Their self is taken. */
Member *member_new(const MemberProtocol *protocols, unsigned count);
void member_free(Member *member);
void member_step(Member *member, const Input *input, Effects *fx);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* What the bad node of the tests does on demand. */
#ifndef SEEDBED_BAD_NODE_H
#define SEEDBED_BAD_NODE_H

#include "nodes/effects.h"

typedef enum Misdeed {
    MISDEED_NONE = 1,
    MISDEED_SEGFAULT,
    MISDEED_G_ASSERT,
    MISDEED_ASSERT,
    MISDEED_EXIT,
    MISDEED_KILL,
    MISDEED_SPIN,
    MISDEED_SLEEP,
    MISDEED_LARGE_DATAGRAM,
    MISDEED_FILE_NAME,
    MISDEED_BABBLE, /* a broken reply on the socket */
    MISDEED_CLOSE,
    MISDEED_CHATTER, /* 300 kB to stderr */
} Misdeed;

extern const NodeProgram bad_node;

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* Names of what can happen to a packet. */
#include "netmodel/fate.h"

static const char *const drops[FATE_DROPS] = {
    [FATE_NOT_DROPPED] = "delivered", [FATE_LOSS] = "loss",
    [FATE_QUEUE_FULL] = "queue-full", [FATE_MTU] = "mtu",
    [FATE_PARTITION] = "partition",   [FATE_NO_LINK] = "no-link",
    [FATE_NODE_DOWN] = "node-down",
};

const char *
fate_drop_text(FateDrop drop)
{
    g_assert((unsigned)drop < FATE_DROPS);
    return drops[drop];
}

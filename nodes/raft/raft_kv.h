/* SPDX-License-Identifier: Apache-2.0 */
/* The node program "raft-kv": the key-value service on Raft, for a cluster
 * 1..node_count and clients on streams of CHANNEL_CLIENT. */
#ifndef SEEDBED_RAFT_KV_H
#define SEEDBED_RAFT_KV_H

#include "nodes/node.h"

extern const NodeProgram raft_kv_program;

#endif

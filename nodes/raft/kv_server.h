/* SPDX-License-Identifier: Apache-2.0 */
/* The clients' side of the key-value service: streams of CHANNEL_CLIENT in,
 * commands of Raft out, and one answer to every request when its command is
 * applied, or when this node stops being the leader.
 *
 * Reads go through the log like writes, which makes them linearizable. */
#ifndef SEEDBED_KV_SERVER_H
#define SEEDBED_KV_SERVER_H

#include "nodes/raft/kv.h"
#include "nodes/raft/raft.h"

typedef struct KvServer KvServer;

/* @pending_max: bytes of requests that wait to be committed; more: BUSY. */
KvServer *kv_server_new(uint64_t pending_max);
void kv_server_free(KvServer *server);
/* The Raft that this is the machine of (kv_server_machine); borrowed. */
void kv_server_attach(KvServer *server, Raft *raft);
extern const RaftMachine kv_server_machine;

void kv_server_begin(KvServer *server);
/* Bytes and links of CHANNEL_CLIENT; other inputs are passed over. */
void kv_server_handle(KvServer *server, const Input *input, Effects *fx);

#endif

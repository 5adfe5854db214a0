/* SPDX-License-Identifier: Apache-2.0 */
/* The key-value state machine: read, write, compare-and-set, append, delete.
 * Same commands, same state, same digest, on every node. Values never change
 * in place under a reader, so a picture of the state is a list of
 * references. */
#ifndef SEEDBED_KV_H
#define SEEDBED_KV_H

#include "nodes/raft/kv_wire.h"

typedef struct Kv Kv;
typedef struct KvFrozen KvFrozen;

Kv *kv_new(void);
void kv_free(Kv *kv);

/* Carry out @request, which is valid. Returns the answer (id and index are
 * the caller's to fill in); its value holds a reference: slice_drop(). */
KvReply kv_apply(Kv *kv, const KvRequest *request);

/* A picture of the state. Cost: one reference a key. */
KvFrozen *kv_freeze(Kv *kv);
/* The next at most @size bytes of it; less only at its end. */
size_t kv_frozen_read(KvFrozen *frozen, uint8_t *out, size_t size);
void kv_frozen_free(KvFrozen *frozen);
/* Become what a picture's bytes say. False: they are damaged, and the state
 * is empty. */
bool kv_restore(Kv *kv, Slice bytes);

/* Of keys and values, whatever their order. Cost: the keys changed since the
 * last call. */
uint64_t kv_digest(Kv *kv);
uint64_t kv_count(const Kv *kv);

#endif

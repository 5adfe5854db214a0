/* SPDX-License-Identifier: Apache-2.0 */
/* A client of the key-value service (proto/kv.proto) on real sockets: it
 * finds the leader, asks, asks again where that is harmless, and says what is
 * certain about the outcome.
 *
 * One request at a time. kv_client_ask() blocks; a program that has many
 * clients begins with kv_client_begin(), polls kv_client_descriptor() and
 * calls kv_client_continue(). */
#ifndef SEEDBED_KV_CLIENT_H
#define SEEDBED_KV_CLIENT_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "nodes/host/live_config.h"

typedef struct KvClient KvClient;

typedef enum KvOperation {
    KV_GET = 1,
    KV_PUT,
    KV_CAS,
    KV_APPEND,
    KV_DELETE,
} KvOperation;

typedef enum KvOutcome {
    KV_WAITING = 0, /* kv_client_continue(): no outcome yet */
    KV_OK,
    KV_ABSENT,      /* GET: no such key */
    KV_MISMATCH,    /* CAS: certainly did not happen; see value, absent */
    KV_UNKNOWN,     /* may or may not have happened */
    KV_UNAVAILABLE, /* certainly did not happen: no leader in time */
    KV_INVALID,     /* certainly did not happen: malformed or too large */
} KvOutcome;

/* Bytes of key, value and expected are borrowed until the outcome is there. */
typedef struct KvQuestion {
    KvOperation operation;
    const void *key;
    size_t key_size; /* 1..1024 */
    const void *value;
    size_t value_size; /* 0..1 MiB */
    const void *expected;
    size_t expected_size;
    bool expect_absent;
} KvQuestion;

typedef struct KvAnswer {
    KvOutcome outcome;
    GBytes *value;  /* GET, MISMATCH; NULL when absent. The client's, until
                    * the next question. */
    bool absent;    /* MISMATCH: there was no such key */
    uint64_t index; /* of the log at which it took effect */
    unsigned node;  /* that answered: place in the list from 1 */
} KvAnswer;

/* @addresses is `ADDR[,ADDR...]`: where node 1, 2, ... listen for clients,
 * so that a node's hint at the leader is understood. @timeout_ms is for one
 * question, all attempts together. NULL: @error. The caller owns it. */
KvClient *kv_client_new(const char *addresses, unsigned timeout_ms,
                        GError **error);
void kv_client_free(KvClient *client);

/* Ask and wait. */
void kv_client_ask(KvClient *client, const KvQuestion *question,
                   KvAnswer *answer);

/* Ask, and come back. At most one question is under way. */
void kv_client_begin(KvClient *client, const KvQuestion *question);
/* What to poll for: a descriptor (-1: none, wait only), poll(2) events, and
 * milliseconds until kv_client_continue() has to be called anyway. */
int kv_client_descriptor(const KvClient *client, short *events, int *wait_ms);
/* Do what can be done without waiting. Returns the outcome, also in
 * @answer; KV_WAITING: not yet. */
KvOutcome kv_client_continue(KvClient *client, KvAnswer *answer);

/* "ok", "absent", ...: a word for each outcome. */
const char *kv_outcome_text(KvOutcome outcome);

#endif

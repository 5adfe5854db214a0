/* SPDX-License-Identifier: Apache-2.0 */
/* Raft and the key-value machine as one protocol of a member. */
#include "nodes/raft/raft_kv.h"

#include <glib.h>

#include "nodes/config.h"
#include "nodes/member.h"
#include "nodes/raft/kv_server.h"
#include "nodes/raft/raft.h"

typedef struct RaftKv {
    Raft *raft;
    KvServer *server;
} RaftKv;

static bool read_settings(const NodeSetup *setup, RaftSettings *settings,
                          uint64_t *pending_max, char *error,
                          size_t error_size);

static void
protocol_step(void *self, const Input *input, Effects *fx)
{
    RaftKv *node = self;

    raft_begin(node->raft, input);
    kv_server_begin(node->server);
    kv_server_handle(node->server, input, fx);
    raft_handle(node->raft, input, fx);
    raft_end(node->raft, fx);
}

static void
protocol_free(void *self)
{
    RaftKv *node = self;

    raft_free(node->raft);
    kv_server_free(node->server);
    g_free(node);
}

static void *
program_make(const NodeSetup *setup, char *error, size_t error_size)
{
    RaftSettings settings;
    uint64_t pending_max;
    MemberProtocol protocol = {.name = "raft",
                               .channel = CHANNEL_RAFT,
                               .also = (uint64_t)1 << CHANNEL_CLIENT,
                               .step = protocol_step,
                               .free = protocol_free};
    RaftKv *node;

    if (!read_settings(setup, &settings, &pending_max, error, error_size)) {
        return NULL;
    }
    node = g_new0(RaftKv, 1);
    node->server = kv_server_new(pending_max);
    node->raft = raft_new(setup->self, setup->node_count, &settings,
                          &kv_server_machine, node->server);
    node->raft->buggify = setup->buggify;
    kv_server_attach(node->server, node->raft);
    protocol.self = node;
    return member_new(&protocol, 1);
}

static void
program_step(void *node, const Input *input, Effects *fx)
{
    member_step(node, input, fx);
}

static void
program_free(void *node)
{
    member_free(node);
}

const NodeProgram raft_kv_program = {
    .abi = NODE_ABI,
    .name = "raft-kv",
    .summary = "a key-value store on Raft",
    .make = program_make,
    .step = program_step,
    .free = program_free,
};

static bool
read_settings(const NodeSetup *setup, RaftSettings *settings,
              uint64_t *pending_max, char *error, size_t error_size)
{
    const uint64_t hour = 3600 * SIM_S, gib = UINT64_C(1) << 30;
    const char *cause;

    raft_settings_init(settings);
    *pending_max = 16 * 1024 * 1024;
    const ConfigKey keys[] = {
        {"election_timeout", CONFIG_RANGE, &settings->election_timeout, SIM_MS,
         hour, "a follower waits so long for a leader, drawn anew"},
        {"heartbeat", CONFIG_DURATION, &settings->heartbeat, SIM_MS / 10, hour,
         "a leader that has nothing to say speaks so often"},
        {"batch_max_entries", CONFIG_COUNT, &settings->batch_max_entries, 1,
         65536, "entries in one AppendRequest"},
        {"batch_max_bytes", CONFIG_SIZE, &settings->batch_max_bytes, 1,
         256 * 1024, "bytes in one AppendRequest on a stream"},
        {"inflight_max", CONFIG_COUNT, &settings->inflight_max, 1,
         RAFT_INFLIGHT_MAX, "AppendRequests ahead of a follower's answers"},
        {"snapshot_threshold", CONFIG_COUNT, &settings->snapshot_threshold, 0,
         UINT64_C(1) << 40, "entries between snapshots, 0: none"},
        {"snapshot_trailing", CONFIG_COUNT, &settings->snapshot_trailing, 0,
         UINT64_C(1) << 40, "entries kept behind a snapshot"},
        {"snapshot_chunk", CONFIG_SIZE, &settings->snapshot_chunk, 512,
         1024 * 1024, "bytes of a snapshot written or sent at a time"},
        {"segment_size", CONFIG_SIZE, &settings->segment_size, 128, gib,
         "bytes of a log file"},
        {"sync_max_in_flight", CONFIG_COUNT, &settings->sync_max_in_flight, 1,
         RAFT_SYNCS_MAX, "SYNCs of the log under way at a time"},
        {"pre_vote", CONFIG_SWITCH, &settings->pre_vote, 0, 0,
         "ask before disturbing with a new term"},
        {"check_quorum", CONFIG_SWITCH, &settings->check_quorum, 0, 0,
         "a leader without a quorum steps down"},
        {"pending_max_bytes", CONFIG_SIZE, pending_max, 1, gib,
         "requests that wait for a commit; more are told BUSY"},
    };

    if (setup->node_count < 1 || setup->node_count > RAFT_VOTERS_MAX) {
        g_snprintf(error, error_size, "raft-kv: %u nodes, expected 1 to %u",
                   setup->node_count, RAFT_VOTERS_MAX);
        return false;
    }
    if (!config_parse(setup->config, keys, G_N_ELEMENTS(keys), error,
                      error_size)) {
        return false;
    }
    cause = raft_settings_check(settings);
    if (cause != NULL) {
        g_snprintf(error, error_size, "%s", cause);
        return false;
    }
    return true;
}

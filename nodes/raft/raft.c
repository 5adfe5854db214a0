/* SPDX-License-Identifier: Apache-2.0 */
/* The step: one switch over inputs, and at its end one flush. */
#include "nodes/raft/raft.h"

#include <string.h>

#include "nodes/bugs.h"
#include "nodes/probes.h"
#include "nodes/raft/raft_election.h"
#include "nodes/raft/raft_install.h"
#include "nodes/raft/raft_recovery.h"
#include "nodes/raft/raft_replication.h"
#include "nodes/raft/raft_snapshot.h"
#include "nodes/raft/raft_storage.h"

static void handle_message(Raft *raft, NodeId from, Slice bytes, Effects *fx);
static void on_message(Raft *raft, const Input *input, Effects *fx);
static void on_stream(Raft *raft, LinkId link, Slice bytes, Effects *fx);
static void on_link(Raft *raft, LinkId link, LinkState state, Effects *fx);
static void on_timer(Raft *raft, TimerId id, Effects *fx);
static void on_synced(Raft *raft, const Input *input, Effects *fx);
static void on_read(Raft *raft, const Input *input, Effects *fx);
static void on_stop(Raft *raft, Effects *fx);
static bool is_voter(const Raft *raft, NodeId id);
static void tell_state(Raft *raft, Effects *fx);

/* The state is told when so many more entries are applied. */
#define STATE_EVERY 256u

void
raft_step(Raft *raft, const Input *input, Effects *fx)
{
    raft_begin(raft, input);
    raft_handle(raft, input, fx);
    raft_end(raft, fx);
}

void
raft_begin(Raft *raft, const Input *input)
{
    raft->input = input;
    raft->now = input->now;
    raft->draws = 0;
    raft->buggify_visits = 0;
    raft->step++;
    raft_log_begin_step(&raft->log);
}

void
raft_handle(Raft *raft, const Input *input, Effects *fx)
{
    if (raft->phase == RAFT_HALTED) {
        return;
    }
    switch (input->kind) {
    case INPUT_START:
        g_assert(raft->phase == RAFT_STARTING);
        raft_recovery_begin(raft, input, fx);
        break;
    case INPUT_MESSAGE:
        on_message(raft, input, fx);
        break;
    case INPUT_TIMER:
        on_timer(raft, input->timer.id, fx);
        break;
    case INPUT_SYNCED:
        on_synced(raft, input, fx);
        break;
    case INPUT_READ:
        on_read(raft, input, fx);
        break;
    case INPUT_LINK:
        on_link(raft, input->link.link, input->link.state, fx);
        break;
    case INPUT_STOP:
        on_stop(raft, fx);
        break;
    case INPUT_ROOM:
    case INPUT_CHILD:
    case INPUT_CONFIG:
    case INPUT_MEMORY:
    case INPUT_LOCAL:
        break; /* nothing of ours depends on these */
    }
}

void
raft_end(Raft *raft, Effects *fx)
{
    if (raft->phase == RAFT_ACTIVE) {
        /* What is sent and what is written leave side by side: thesis
         * 10.2.1. */
        if (raft->role == RAFT_LEADER) {
            raft_replication_flush(raft, fx);
        }
        raft_storage_flush(raft, fx);
        raft_snapshot_flush(raft, fx);
        if (raft->stopping && raft->sync_count == 0) {
            raft_halt(raft, "stopped", fx);
        }
    }
    raft->input = NULL;
}

uint64_t
raft_propose(Raft *raft, Slice data, Effects *fx)
{
    if (raft->phase != RAFT_ACTIVE || raft->role != RAFT_LEADER ||
        raft->stopping) {
        return 0;
    }
    g_assert(data.size <= RAFT_LOG_DATA_MAX);
    raft_append(raft, RAFT_COMMAND, data, fx);
    return raft->log.last_index;
}

void
raft_commit(Raft *raft, uint64_t index, Effects *fx)
{
    uint64_t values[3] = {index, raft_log_term(&raft->log, index), 0};

    g_assert(index > raft->commit_index && index <= raft->log.last_index);
    if (values[1] !=
        raft_log_term(&raft->log, MIN(raft->commit_index + 1, index))) {
        SOMETIMES(fx, RAFT_COMMIT_OLDER);
    }
    raft->commit_index = index;
    effects_probe(fx, PROBE_RAFT_COMMIT, values, 2, slice_of(NULL, 0));
    while (raft->applied_index < raft->commit_index) {
        const RaftEntry *entry;

        raft->applied_index++;
        entry = raft_log_at(&raft->log, raft->applied_index);
        values[0] = raft->applied_index;
        values[1] = entry->term;
        values[2] = entry->hash;
        effects_probe(fx, PROBE_RAFT_APPLY, values, 3, slice_of(NULL, 0));
        if (entry->kind == RAFT_COMMAND) {
            raft->machine->apply(raft->machine_self, raft->applied_index, entry,
                                 fx);
        }
        if (raft->applied_index % STATE_EVERY == 0) {
            tell_state(raft, fx);
        }
    }
}

/* For whoever compares replicas: all of them come by this index, or take over
 * a snapshot from behind it. */
static void
tell_state(Raft *raft, Effects *fx)
{
    uint64_t values[3] = {raft->applied_index,
                          raft_log_term(&raft->log, raft->applied_index),
                          raft->machine->digest(raft->machine_self)};

    effects_probe(fx, PROBE_RAFT_STATE, values, 3, slice_of(NULL, 0));
}

static void
handle_message(Raft *raft, NodeId from, Slice bytes, Effects *fx)
{
    RaftMessage m;

    if (!is_voter(raft, from) || from == raft->self) {
        raft_strange(raft, from, RAFT_STRANGE_SENDER, fx);
        return;
    }
    if (!raft_wire_decode(bytes, &m)) {
        raft_strange(raft, from, RAFT_STRANGE_BYTES, fx);
        return;
    }
    switch (m.kind) {
    case RAFT_VOTE_REQUEST:
        if (!RAFT_BUGGIFY(raft, DROP_VOTE_REQUEST, fx)) {
            raft_election_request(raft, from, &m, fx);
        }
        break;
    case RAFT_VOTE_REPLY:
        raft_election_reply(raft, from, &m, fx);
        break;
    case RAFT_APPEND_REQUEST:
        if (!RAFT_BUGGIFY(raft, DROP_APPEND, fx)) {
            raft_replication_request(raft, from, &m, fx);
        }
        break;
    case RAFT_APPEND_REPLY:
        raft_replication_reply(raft, from, &m, fx);
        break;
    case RAFT_SNAPSHOT_REQUEST:
        raft_install_request(raft, from, &m, fx);
        break;
    case RAFT_SNAPSHOT_REPLY:
        raft_install_reply(raft, from, &m, fx);
        break;
    }
}

void
raft_send(Raft *raft, NodeId to, const RaftMessage *message, Token after,
          Effects *fx)
{
    uint8_t *out = effects_alloc(fx, RAFT_WIRE_SMALL);
    Slice part = slice_of(out, raft_wire_encode_small(message, out));

    g_assert(to != raft->self && to >= 1 && to <= raft->node_count);
    effects_send(fx, link_datagram(to), CHANNEL_RAFT, &part, 1)->after = after;
}

void
raft_strange(Raft *raft, NodeId from, unsigned reason, Effects *fx)
{
    uint64_t values[2] = {from, reason};

    g_assert(raft->phase != RAFT_HALTED);
    effects_probe(fx, PROBE_RAFT_STRANGE, values, 2, slice_of(NULL, 0));
}

void
raft_halt(Raft *raft, const char *reason, Effects *fx)
{
    raft->phase = RAFT_HALTED;
    effects_halt(fx, reason);
}

Token
raft_token(Raft *raft)
{
    return ++raft->last_token;
}

uint64_t
raft_draw(Raft *raft, uint64_t low, uint64_t high)
{
    uint64_t word;

    g_assert(low <= high && raft->input != NULL);
    word = dice_u64(&raft->input->dice, raft->draws++);
    return low + dice_below(word, high - low + 1);
}

bool
raft_buggify(Raft *raft, unsigned site, Effects *fx)
{
    static const char *const names[BUGGIFY_COUNT] = {
#define BUGGIFY_SITE(name, text, manual) text,
#include "nodes/buggify.def"
#undef BUGGIFY_SITE
    };
    uint64_t value = site;

    g_assert(site < BUGGIFY_COUNT && raft->input != NULL);
    if (!buggify_fires(raft->buggify, names[site], &raft->input->dice,
                       raft->buggify_visits++)) {
        return false;
    }
    effects_probe(fx, PROBE_BUGGIFY, &value, 1, slice_of(NULL, 0));
    return true;
}

uint64_t
raft_quorum_value(const Raft *raft, const uint64_t *values)
{
    uint64_t sorted[RAFT_VOTERS_MAX];
    unsigned count = raft->configuration.voter_count;

    /* Insertion sort, largest first. */
    for (unsigned i = 0; i < count; i++) {
        unsigned j = i;

        while (j > 0 && sorted[j - 1] < values[i]) {
            sorted[j] = sorted[j - 1];
            j--;
        }
        sorted[j] = values[i];
    }
    return sorted[(BUG(RAFT_WAIT_FOR_ALL) ? count : raft_majority(raft)) - 1];
}

static void
on_message(Raft *raft, const Input *input, Effects *fx)
{
    LinkId link = input->message.link;

    if (input->message.channel != CHANNEL_RAFT) {
        return;
    }
    if (link_is_stream(link)) {
        on_stream(raft, link, input->message.bytes, fx);
    } else if (raft->phase == RAFT_ACTIVE) {
        handle_message(raft, link_peer(link), input->message.bytes, fx);
    }
}

static void
on_stream(Raft *raft, LinkId link, Slice bytes, Effects *fx)
{
    NodeId id = link_peer(link);
    FrameStatus status;
    RaftPeer *peer;
    Slice message;
    Frame *frame;
    bool accepted;

    if (!is_voter(raft, id) || raft->phase != RAFT_ACTIVE) {
        return;
    }
    peer = &raft->peers[id];
    accepted = link == peer->accepted;
    if (!accepted &&
        (link != peer->stream || peer->stream_state == RAFT_STREAM_CLOSED)) {
        return; /* of a stream that was closed */
    }
    frame = accepted ? &peer->accepted_frame : &peer->stream_frame;
    frame_feed(frame, bytes);
    while ((status = frame_next(frame, &message)) == FRAME_READY) {
        handle_message(raft, id, message, fx);
        if (raft->phase != RAFT_ACTIVE ||
            (accepted ? peer->accepted != link
                      : peer->stream_state == RAFT_STREAM_CLOSED)) {
            return;
        }
    }
    if (status == FRAME_BAD) {
        raft_strange(raft, id, RAFT_STRANGE_STREAM, fx);
        if (accepted) {
            peer->accepted = 0;
            frame_clear(frame);
            effects_close(fx, link);
        } else {
            raft_replication_link(raft, id, LINK_DOWN, fx);
        }
    }
}

static void
on_link(Raft *raft, LinkId link, LinkState state, Effects *fx)
{
    NodeId id = link_peer(link);
    RaftPeer *peer;

    if (!link_is_stream(link) || link_channel(link) != CHANNEL_RAFT) {
        return;
    }
    if (!is_voter(raft, id) || id == raft->self) {
        if (state != LINK_RESET) {
            effects_close(fx, link);
        }
        return;
    }
    peer = &raft->peers[id];
    if ((link & LINK_ACCEPTED) == 0) {
        if (link == peer->stream && peer->stream_state != RAFT_STREAM_CLOSED) {
            raft_replication_link(raft, id, state, fx);
        }
        return;
    }
    if (state == LINK_UP) {
        if (peer->accepted != 0) {
            effects_close(fx, peer->accepted);
        }
        frame_clear(&peer->accepted_frame);
        peer->accepted = link;
        return;
    }
    if (state == LINK_DOWN) {
        effects_close(fx, link);
    }
    if (link == peer->accepted) {
        peer->accepted = 0;
        frame_clear(&peer->accepted_frame);
    }
}

static void
on_timer(Raft *raft, TimerId id, Effects *fx)
{
    if (raft->phase != RAFT_ACTIVE) {
        return;
    }
    switch (id) {
    case RAFT_TIMER_ELECTION:
        raft_election_timer(raft, fx);
        break;
    case RAFT_TIMER_HEARTBEAT:
        raft_replication_heartbeat(raft, fx);
        break;
    default:
        raft_strange(raft, raft->self, RAFT_STRANGE_INPUT, fx);
    }
}

static void
on_synced(Raft *raft, const Input *input, Effects *fx)
{
    Token token = input->synced.token;
    int error = input->synced.error;

    if (raft->phase == RAFT_RECOVERING) {
        raft_recovery_synced(raft, token, error, fx);
        return;
    }
    if (!raft_storage_synced(raft, token, error, fx) &&
        !raft_snapshot_synced(raft, token, error, fx) &&
        !raft_install_synced(raft, token, error, fx) && error != 0) {
        /* Of a snapshot that was given up; but a disk that fails, fails. */
        raft_halt(raft, "raft: the disk cannot make a snapshot durable", fx);
    }
}

static void
on_read(Raft *raft, const Input *input, Effects *fx)
{
    if (raft->phase == RAFT_RECOVERING) {
        raft_recovery_read(raft, input, fx);
    } else {
        (void)raft_install_read(raft, input, fx);
    }
}

/* Leave in good order: nothing new, what is written becomes durable. */
static void
on_stop(Raft *raft, Effects *fx)
{
    raft->stopping = true;
    if (raft->phase != RAFT_ACTIVE) {
        raft_halt(raft, "stopped", fx);
    }
}

static bool
is_voter(const Raft *raft, NodeId id)
{
    return id >= 1 && id <= raft->node_count;
}

void
raft_settings_init(RaftSettings *settings)
{
    *settings = (RaftSettings){
        .election_timeout = {150 * SIM_MS, 300 * SIM_MS}, /* Raft 9.3 */
        .heartbeat = 50 * SIM_MS,
        .batch_max_entries = 1024,
        .batch_max_bytes = 256 * 1024,
        .inflight_max = 256,
        .snapshot_threshold = 8192,
        .snapshot_trailing = 1024,
        .snapshot_chunk = 256 * 1024,
        .segment_size = 1024 * 1024,
        .sync_max_in_flight = 1,
        .pre_vote = true,
        .check_quorum = true,
    };
}

const char *
raft_settings_check(const RaftSettings *settings)
{
    if (settings->heartbeat * 2 > settings->election_timeout.low) {
        return "heartbeat: more than half of the least election_timeout";
    }
    return NULL;
}

Raft *
raft_new(NodeId self, unsigned node_count, const RaftSettings *settings,
         const RaftMachine *machine, void *machine_self)
{
    Raft *raft = g_new0(Raft, 1);

    g_assert(node_count >= 1 && node_count <= RAFT_VOTERS_MAX);
    g_assert(self >= 1 && self <= node_count);
    raft->settings = *settings;
    raft->self = self;
    raft->node_count = node_count;
    raft->machine = machine;
    raft->machine_self = machine_self;
    raft->configuration.voter_count = node_count;
    raft->early = g_new0(RaftMessage, RAFT_EARLY_MAX);
    raft->peers = g_new0(RaftPeer, node_count + 1);
    for (unsigned i = 1; i <= node_count; i++) {
        raft->configuration.voters[i - 1] = i;
        frame_init(&raft->peers[i].stream_frame, RAFT_WIRE_SMALL);
        frame_init(&raft->peers[i].accepted_frame, RAFT_FRAME_MAX);
    }
    raft_log_init(&raft->log, settings->segment_size);
    return raft;
}

void
raft_free(Raft *raft)
{
    raft_recovery_free(raft);
    raft_snapshot_free(raft);
    raft_install_free(raft);
    for (unsigned i = 1; i <= raft->node_count; i++) {
        g_free(raft->peers[i].inflight);
        frame_clear(&raft->peers[i].stream_frame);
        frame_clear(&raft->peers[i].accepted_frame);
    }
    raft_replication_drop_early(raft);
    raft_log_clear(&raft->log);
    g_free(raft->early);
    g_free(raft->peers);
    g_free(raft);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Sending a snapshot to a follower, and receiving one. */
#include "nodes/raft/raft_install.h"

#include <string.h>

#include "nodes/bugs.h"
#include "nodes/probes.h"
#include "nodes/raft/raft_election.h"
#include "nodes/raft/raft_replication.h"
#include "nodes/raft/raft_snapshot.h"
#include "nodes/raft/raft_storage.h"

#define CHUNKS_AHEAD 4u
/* Heartbeats without a word after which the offer is made again. */
#define QUIET_MAX 40u

/* One being received. */
struct RaftReceiving {
    NodeId from;
    uint64_t index, term, size, checksum;
    GByteArray *bytes;
    Token token; /* SYNC of the whole file, or 0 */
};

static void pump(Raft *raft, NodeId id, Effects *fx);
static void send_chunk(Raft *raft, NodeId id, Slice data, Effects *fx);
static bool sane(const RaftMessage *m);
static void receive_begin(Raft *raft, NodeId from, const RaftMessage *m,
                          Effects *fx);
static void receive_end(Raft *raft, Effects *fx);
static void install(Raft *raft, const RaftSnapshotView *view, Effects *fx);
static void answer_done(Raft *raft, NodeId to, uint64_t index, uint64_t offset);

void
raft_install_begin(Raft *raft, NodeId id, Effects *fx)
{
    RaftPeer *peer = &raft->peers[id];

    g_assert(raft->role == RAFT_LEADER);
    g_assert(raft->snapshot.index + 1 >= raft->log.first_index);
    SOMETIMES(fx, RAFT_SNAPSHOT_SENT);
    peer->mode = RAFT_SNAPSHOT;
    peer->inflight_count = 0;
    peer->stream_index = 0;
    peer->install_index = 0;
    peer->install_quiet = 0;
    if (peer->stream_state == RAFT_STREAM_UP && !peer->install_offered) {
        raft_install_offer(raft, id, fx);
        return;
    }
    if (peer->stream_state != RAFT_STREAM_CLOSED) {
        /* Not even an offer was answered: nobody is at the other end. */
        effects_close(fx, peer->stream);
        peer->stream_state = RAFT_STREAM_CLOSED;
        frame_clear(&peer->stream_frame);
    }
    raft_replication_open(raft, id, fx);
}

void
raft_install_offer(Raft *raft, NodeId id, Effects *fx)
{
    RaftPeer *peer = &raft->peers[id];

    g_assert(peer->mode == RAFT_SNAPSHOT && raft->snapshot.index > 0);
    peer->install_index = raft->snapshot.index;
    peer->install_offset = peer->install_held = 0;
    peer->install_read = 0;
    peer->install_offered = true;
    peer->install_quiet = 0;
    send_chunk(raft, id, slice_of(NULL, 0), fx);
}

void
raft_install_heartbeat(Raft *raft, NodeId id, Effects *fx)
{
    RaftPeer *peer = &raft->peers[id];

    if (++peer->install_quiet < QUIET_MAX) {
        return;
    }
    peer->install_quiet = 0;
    if (peer->stream_state == RAFT_STREAM_UP) {
        raft_install_offer(raft, id, fx);
    } else {
        raft_replication_open(raft, id, fx);
    }
}

void
raft_install_reply(Raft *raft, NodeId from, const RaftMessage *m, Effects *fx)
{
    RaftPeer *peer = &raft->peers[from];
    uint64_t offset = m->snapshot_reply.offset;

    if (m->term > raft->term) {
        raft_election_follow(raft, m->term, 0, fx);
        return;
    }
    if (raft->role != RAFT_LEADER || m->term < raft->term) {
        return;
    }
    peer->heard_at = raft->now;
    if (peer->mode != RAFT_SNAPSHOT || peer->install_index == 0 ||
        m->snapshot_reply.last_index != peer->install_index) {
        return;
    }
    peer->install_quiet = 0;
    if (m->snapshot_reply.done) {
        uint64_t match = MAX(peer->match_index, peer->install_index);

        peer->install_index = 0;
        peer->install_read = 0;
        raft_replication_probe(raft, from, match);
        raft_replication_tell(raft, from, fx);
        return;
    }
    if (peer->install_offered) {
        peer->install_offered = false;
        peer->install_offset = MIN(offset, raft->snapshot.size);
        if (peer->install_offset > 0) {
            SOMETIMES(fx, RAFT_INSTALL_RESUMED);
        }
    }
    peer->install_held = MIN(offset, peer->install_offset);
    pump(raft, from, fx);
}

bool
raft_install_read(Raft *raft, const Input *input, Effects *fx)
{
    for (unsigned i = 1; i <= raft->node_count; i++) {
        RaftPeer *peer = &raft->peers[i];

        if (peer->install_read != input->read.token) {
            continue;
        }
        peer->install_read = 0;
        if (raft->role != RAFT_LEADER || peer->mode != RAFT_SNAPSHOT ||
            peer->install_index == 0 || peer->stream_state != RAFT_STREAM_UP) {
            return true;
        }
        if (peer->install_index != raft->snapshot.index) {
            raft_install_offer(raft, i, fx); /* replaced meanwhile */
        } else if (input->read.error == 0 && input->read.bytes.size > 0) {
            send_chunk(raft, i, input->read.bytes, fx);
            peer->install_offset += input->read.bytes.size;
            pump(raft, i, fx);
        }
        /* An error of our disk: the heartbeat offers again. */
        return true;
    }
    return false;
}

bool
raft_install_active(const Raft *raft)
{
    if (raft->role != RAFT_LEADER) {
        return false;
    }
    for (unsigned i = 1; i <= raft->node_count; i++) {
        if (raft->peers[i].install_index == raft->snapshot.index &&
            raft->snapshot.index != 0) {
            return true;
        }
    }
    return false;
}

void
raft_install_request(Raft *raft, NodeId from, const RaftMessage *m, Effects *fx)
{
    RaftReceiving *receiving;
    uint64_t index = m->snapshot_request.last_index;
    Slice data = m->snapshot_request.data;

    if (!sane(m)) {
        raft_strange(raft, from, RAFT_STRANGE_SNAPSHOT, fx);
        return;
    }
    if (!raft_replication_accept_leader(raft, from, m, fx)) {
        return;
    }
    if (index <= raft->commit_index && !BUG(RAFT_INSTALL_OLD)) {
        answer_done(raft, from, index, 0);
        return;
    }
    receiving = raft->receiving;
    if (receiving == NULL || receiving->index != index ||
        receiving->term != m->snapshot_request.last_term ||
        receiving->size != m->snapshot_request.size ||
        receiving->checksum != m->snapshot_request.checksum) {
        receive_begin(raft, from, m, fx);
        receiving = raft->receiving;
    }
    receiving->from = from;
    if (receiving->token != 0) {
        return; /* whole, and on its way to the disk */
    }
    if (data.size > 0 && m->snapshot_request.offset == receiving->bytes->len) {
        /* Another message of the same stream may follow in this step, and
         * frame_next() lets go of this one. */
        uint8_t *copy = effects_alloc(fx, data.size);

        memcpy(copy, data.data, data.size);
        data = slice_of(copy, data.size);
        effects_write(fx, RAFT_SNAPSHOT_RECEIVING, receiving->bytes->len, &data,
                      1);
        g_byte_array_append(receiving->bytes, data.data, (guint)data.size);
    }
    if (receiving->bytes->len == receiving->size) {
        receive_end(raft, fx);
        return;
    }
    raft_install_send_reply(
        raft, from,
        &(RaftMessage){.kind = RAFT_SNAPSHOT_REPLY,
                       .term = raft->term,
                       .snapshot_reply = {index, receiving->bytes->len, false}},
        0, fx);
}

bool
raft_install_synced(Raft *raft, Token token, int error, Effects *fx)
{
    RaftReceiving *receiving = raft->receiving;
    RaftSnapshotView view;
    bool good;

    if (receiving == NULL || receiving->token != token) {
        return false;
    }
    if (error != 0) {
        raft_halt(raft, "raft: the disk cannot make a snapshot durable", fx);
        return true;
    }
    good = raft_snapshot_parse(
        slice_of(receiving->bytes->data, receiving->bytes->len), &view);
    g_assert(good && view.index == receiving->index);
    if (view.index > raft->commit_index || BUG(RAFT_INSTALL_OLD)) {
        install(raft, &view, fx);
    } else {
        effects_remove(fx, RAFT_SNAPSHOT_RECEIVING);
    }
    if (raft->phase == RAFT_ACTIVE) {
        answer_done(raft, receiving->from, receiving->index, receiving->size);
    }
    raft_install_free(raft);
    return true;
}

void
raft_install_send_reply(Raft *raft, NodeId to, const RaftMessage *m,
                        Token after, Effects *fx)
{
    RaftPeer *peer = &raft->peers[to];
    uint8_t *out;
    size_t size;
    Slice part;

    if (peer->accepted == 0) {
        raft_send(raft, to, m, after, fx);
        return;
    }
    out = effects_alloc(fx, FRAME_HEADER + RAFT_WIRE_SMALL);
    size = raft_wire_encode_small(m, out + FRAME_HEADER);
    frame_header(out, size);
    part = slice_of(out, FRAME_HEADER + size);
    effects_send(fx, peer->accepted, CHANNEL_RAFT, &part, 1)->after = after;
}

/* The snapshot up to @index is here, or its entries are. */
static void
answer_done(Raft *raft, NodeId to, uint64_t index, uint64_t offset)
{
    RaftMessage *reply =
        raft_storage_answer(raft, to, RAFT_SNAPSHOT_REPLY, index);

    reply->snapshot_reply.last_index = index;
    reply->snapshot_reply.offset = offset;
    reply->snapshot_reply.done = true;
}

void
raft_install_free(Raft *raft)
{
    RaftReceiving *receiving = g_steal_pointer(&raft->receiving);

    if (receiving != NULL) {
        g_byte_array_unref(receiving->bytes);
        g_free(receiving);
    }
}

/* Read the next chunk, if the follower is not too far behind. */
static void
pump(Raft *raft, NodeId id, Effects *fx)
{
    RaftPeer *peer = &raft->peers[id];
    uint64_t chunk = raft->settings.snapshot_chunk;
    uint64_t size = RAFT_BUGGIFY(raft, SMALL_CHUNK, fx) ? chunk / 8 + 1 : chunk;
    char *name;

    if (peer->install_index != raft->snapshot.index) {
        raft_install_offer(raft, id, fx);
        return;
    }
    if (peer->install_read != 0 ||
        peer->install_offset >= raft->snapshot.size ||
        peer->install_offset - peer->install_held >= CHUNKS_AHEAD * chunk) {
        return;
    }
    name = effects_alloc(fx, RAFT_SNAPSHOT_NAME_MAX);
    raft_snapshot_name(name, peer->install_index);
    peer->install_read = raft_token(raft);
    effects_read(fx, peer->install_read, name, peer->install_offset,
                 MIN(size, raft->snapshot.size - peer->install_offset));
}

static void
send_chunk(Raft *raft, NodeId id, Slice data, Effects *fx)
{
    RaftPeer *peer = &raft->peers[id];
    RaftMessage m = {.kind = RAFT_SNAPSHOT_REQUEST, .term = raft->term};
    Bytes *message;

    m.snapshot_request.last_index = raft->snapshot.index;
    m.snapshot_request.last_term = raft->snapshot.term;
    m.snapshot_request.offset = peer->install_offset;
    m.snapshot_request.size = raft->snapshot.size;
    m.snapshot_request.checksum = raft->snapshot.checksum;
    m.snapshot_request.data = data;
    m.snapshot_request.done =
        peer->install_offset + data.size == raft->snapshot.size;
    message = raft_wire_encode(&m, NULL, 0);
    raft_log_discard(&raft->log, message);
    raft_replication_stream(raft, id, message, fx);
}

static bool
sane(const RaftMessage *m)
{
    uint64_t size = m->snapshot_request.size;

    return m->snapshot_request.last_index > 0 &&
           m->snapshot_request.last_index < (uint64_t)1 << 42 &&
           m->snapshot_request.last_term <= m->term && size > 0 &&
           size <= G_MAXUINT / 2 && m->snapshot_request.offset <= size &&
           m->snapshot_request.data.size <= size - m->snapshot_request.offset;
}

static void
receive_begin(Raft *raft, NodeId from, const RaftMessage *m, Effects *fx)
{
    raft_install_free(raft);
    raft->receiving = g_new0(RaftReceiving, 1);
    raft->receiving->from = from;
    raft->receiving->index = m->snapshot_request.last_index;
    raft->receiving->term = m->snapshot_request.last_term;
    raft->receiving->size = m->snapshot_request.size;
    raft->receiving->checksum = m->snapshot_request.checksum;
    raft->receiving->bytes = g_byte_array_new();
    effects_remove(fx, RAFT_SNAPSHOT_RECEIVING);
}

static void
receive_end(Raft *raft, Effects *fx)
{
    static const char *const names[1] = {RAFT_SNAPSHOT_RECEIVING};
    RaftReceiving *receiving = raft->receiving;
    RaftSnapshotView view;

    if (!raft_snapshot_parse(
            slice_of(receiving->bytes->data, receiving->bytes->len), &view) ||
        view.index != receiving->index || view.term != receiving->term ||
        view.checksum != receiving->checksum) {
        raft_strange(raft, receiving->from, RAFT_STRANGE_SNAPSHOT, fx);
        raft_install_free(raft);
        return;
    }
    receiving->token = raft_token(raft);
    effects_sync(fx, receiving->token, names, 1);
}

/* Raft Fig. 13, rules 5 to 8. */
static void
install(Raft *raft, const RaftSnapshotView *view, Effects *fx)
{
    char *name = effects_alloc(fx, RAFT_SNAPSHOT_NAME_MAX);
    uint64_t old = raft->snapshot.index;
    uint64_t durable = MIN(raft->log.durable_index, raft->commit_index);

    if (BUG(RAFT_INSTALL_OLD)) {
        durable = MIN(durable, view->index);
    }
    raft_snapshot_name(name, view->index);
    effects_rename(fx, RAFT_SNAPSHOT_RECEIVING, name);
    if (old > 0 && old != view->index) {
        char *old_name = effects_alloc(fx, RAFT_SNAPSHOT_NAME_MAX);

        raft_snapshot_name(old_name, old);
        effects_remove(fx, old_name);
    }
    if (!raft_snapshot_restore(raft, view, raft->receiving->size, fx)) {
        raft_halt(raft,
                  "raft: an installed snapshot does not agree with "
                  "itself",
                  fx);
        return;
    }
    if (!BUG(RAFT_INSTALL_DROPS_TAIL) && view->index <= raft->log.last_index &&
        view->index >= raft->log.first_index &&
        (raft_log_term(&raft->log, view->index) == view->term ||
         BUG(RAFT_INSTALL_KEEPS_TAIL))) {
        /* Rule 6: what follows the snapshot stays. */
        SOMETIMES(fx, RAFT_INSTALL_LOG_KEPT);
        raft_snapshot_compact(raft, fx);
        return;
    }
    if (raft->log.last_index >= raft->log.first_index) {
        uint64_t from = raft->log.first_index;

        SOMETIMES(fx, RAFT_INSTALL_LOG_REPLACED);
        effects_probe(fx, PROBE_RAFT_TRUNCATE, &from, 1, slice_of(NULL, 0));
    }
    /* The snapshot's name is not durable before the next SYNC: until then a
     * crash brings the old log back, and of that only what was committed is
     * sure to agree with the snapshot. */
    raft_log_reset(&raft->log, view->index,
                   BUG(RAFT_SNAPSHOT_TERM) ? raft->term : view->term,
                   BUG(RAFT_NAME_NOT_DURABLE) ? view->index : durable, fx);
    raft_storage_drop_answers(raft);
    for (unsigned i = 0; i < raft->sync_count; i++) {
        raft->syncs[i].index = raft->syncs[i].offset = 0;
    }
}

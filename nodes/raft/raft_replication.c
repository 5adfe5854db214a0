/* SPDX-License-Identifier: Apache-2.0 */
/* The leader's side of replication: what each follower has, and what it is
 * sent. The follower's side is raft_follower.c. */
#include "nodes/raft/raft_replication.h"

#include "nodes/bugs.h"
#include "nodes/probes.h"
#include "nodes/raft/raft_election.h"
#include "nodes/raft/raft_install.h"
#include "nodes/raft/raft_storage.h"

/* What a datagram holds besides entries. */
#define APPEND_OVERHEAD RAFT_WIRE_SMALL
/* Messages under way on a stream: they are large. */
#define STREAM_INFLIGHT_MAX 4u

static void flush_peer(Raft *raft, NodeId id, Effects *fx);
static bool send_entries(Raft *raft, NodeId id, Effects *fx);
static unsigned batch(const Raft *raft, uint64_t from, size_t room);
static void send_empty(Raft *raft, NodeId id, Effects *fx);
static Bytes *pack(Raft *raft, uint64_t previous, unsigned count);
static void acknowledged(Raft *raft, NodeId id, const RaftMessage *m,
                         Effects *fx);
static void refused(Raft *raft, NodeId id, const RaftMessage *m, Effects *fx);
static void inflight_push(Raft *raft, RaftPeer *peer, uint64_t index);
static void inflight_pop(Raft *raft, RaftPeer *peer);
static void advance_commit(Raft *raft, Effects *fx);

void
raft_replication_start(Raft *raft, Effects *fx)
{
    raft->sequence = 0;
    for (unsigned i = 0; i < raft->configuration.voter_count; i++) {
        RaftPeer *peer = &raft->peers[raft->configuration.voters[i]];

        /* Raft Fig. 2, volatile state on leaders. */
        peer->mode = RAFT_PROBE;
        peer->probe_sent = false;
        peer->next_index = raft->log.last_index + 1;
        peer->match_index = 0;
        peer->valid_sequence = 0;
        peer->gap_index = peer->empty_sequence = 0;
        peer->inflight_first = peer->inflight_count = 0;
        peer->heard_at = raft->now;
        peer->sent_at = 0;
        peer->stream_index = 0;
        peer->install_index = 0;
        peer->install_read = 0;
        if (peer->inflight == NULL) {
            peer->inflight = g_new(uint64_t, raft->settings.inflight_max);
        }
    }
    effects_timer(fx, RAFT_TIMER_HEARTBEAT,
                  raft->now + raft->settings.heartbeat);
}

void
raft_replication_stop(Raft *raft, Effects *fx)
{
    for (unsigned i = 1; i <= raft->node_count; i++) {
        RaftPeer *peer = &raft->peers[i];

        if (peer->stream_state != RAFT_STREAM_CLOSED) {
            effects_close(fx, peer->stream);
            peer->stream_state = RAFT_STREAM_CLOSED;
            frame_clear(&peer->stream_frame);
        }
        peer->install_index = 0;
        peer->install_read = 0;
    }
    if (!BUG(RAFT_DEPOSED_HEARTBEAT)) {
        effects_timer(fx, RAFT_TIMER_HEARTBEAT, SIM_NEVER);
    }
}

void
raft_replication_heartbeat(Raft *raft, Effects *fx)
{
    SimTime recent = raft->settings.heartbeat / 2;

    if (raft->role != RAFT_LEADER && BUG(RAFT_DEPOSED_HEARTBEAT)) {
        for (NodeId id = 1; id <= raft->node_count; id++) {
            if (id != raft->self) {
                send_empty(raft, id, fx);
            }
        }
    }
    if (raft->role != RAFT_LEADER) {
        return; /* the timer was cancelled, and due all the same */
    }
    for (unsigned i = 0; i < raft->configuration.voter_count; i++) {
        NodeId id = raft->configuration.voters[i];
        RaftPeer *peer = &raft->peers[id];

        if (id == raft->self || (peer->sent_at + recent > raft->now &&
                                 peer->mode == RAFT_REPLICATE &&
                                 !RAFT_BUGGIFY(raft, HEARTBEAT_EXTRA, fx))) {
            continue;
        }
        peer->probe_sent = false; /* the last one may be lost: ask again */
        if (peer->mode != RAFT_PROBE || peer->stream_index > 0) {
            send_empty(raft, id, fx);
        }
        if (peer->mode == RAFT_SNAPSHOT) {
            raft_install_heartbeat(raft, id, fx);
        }
    }
    effects_timer(fx, RAFT_TIMER_HEARTBEAT,
                  raft->now + raft->settings.heartbeat);
}

void
raft_replication_flush(Raft *raft, Effects *fx)
{
    for (unsigned i = 0; i < raft->configuration.voter_count; i++) {
        NodeId id = raft->configuration.voters[i];

        if (id != raft->self) {
            flush_peer(raft, id, fx);
        }
    }
}

void
raft_replication_reply(Raft *raft, NodeId from, const RaftMessage *m,
                       Effects *fx)
{
    RaftPeer *peer = &raft->peers[from];

    if (m->term > raft->term) {
        raft_election_follow(raft, m->term, 0, fx);
        return;
    }
    if (BUG(RAFT_TERM_GOES_BACK) && raft->role != RAFT_LEADER &&
        m->append_reply.sequence == 0 && m->term < raft->term) {
        raft_election_follow(raft, m->term, 0, fx);
    }
    if (raft->role != RAFT_LEADER || m->term < raft->term) {
        return;
    }
    if (m->append_reply.sequence > raft->sequence ||
        m->append_reply.match_index > raft->log.last_index) {
        raft_strange(raft, from, RAFT_STRANGE_REPLY, fx);
        return;
    }
    peer->heard_at = raft->now;
    if (!m->append_reply.success) {
        if (BUG(RAFT_REFUSAL_COUNTS)) {
            peer->match_index =
                MAX(peer->match_index,
                    MIN(m->append_reply.last_index, raft->log.last_index));
            advance_commit(raft, fx);
        }
        refused(raft, from, m, fx);
        return;
    }
    acknowledged(raft, from, m, fx);
    if (peer->match_index > raft->commit_index) {
        raft_replication_tell(raft, from, fx);
        advance_commit(raft, fx);
    }
}

void
raft_replication_durable(Raft *raft, Effects *fx)
{
    if (raft->role != RAFT_LEADER) {
        return;
    }
    /* The leader counts itself like any other: as far as it is durable. */
    raft->peers[raft->self].match_index = BUG(RAFT_COUNT_SELF_EARLY)
                                              ? raft->log.last_index
                                              : raft->log.durable_index;
    if (raft->peers[raft->self].match_index > raft->commit_index) {
        raft_replication_tell(raft, raft->self, fx);
        advance_commit(raft, fx);
    }
}

void
raft_replication_tell(const Raft *raft, NodeId id, Effects *fx)
{
    const RaftPeer *peer = &raft->peers[id];
    uint64_t values[3] = {id, peer->match_index, peer->next_index};

    effects_probe(fx, PROBE_RAFT_MATCH, values, 3, slice_of(NULL, 0));
}

void
raft_replication_link(Raft *raft, NodeId id, LinkState state, Effects *fx)
{
    RaftPeer *peer = &raft->peers[id];

    if (state == LINK_UP) {
        peer->stream_state = RAFT_STREAM_UP;
        if (raft->role == RAFT_LEADER && peer->mode == RAFT_SNAPSHOT) {
            raft_install_offer(raft, id, fx);
        }
        return;
    }
    if (state == LINK_DOWN) {
        effects_close(fx, peer->stream);
    }
    peer->stream_state = RAFT_STREAM_CLOSED;
    frame_clear(&peer->stream_frame);
    peer->install_index = 0;
    peer->install_read = 0;
    if (raft->role == RAFT_LEADER) {
        /* What was under way is lost: find out what arrived. The next
         * heartbeat does it, so that a peer that only resets is not met
         * with a flood. */
        raft_replication_probe(raft, id, peer->match_index);
        peer->probe_sent = true;
    }
}

void
raft_replication_probe(Raft *raft, NodeId id, uint64_t match)
{
    RaftPeer *peer = &raft->peers[id];

    g_assert(match >= peer->match_index && match <= raft->log.last_index);
    peer->match_index = match;
    peer->next_index = match + 1;
    peer->mode = RAFT_PROBE;
    peer->probe_sent = false;
    peer->valid_sequence = raft->sequence + 1;
    peer->inflight_count = 0;
    peer->stream_index = 0;
}

void
raft_replication_stream(Raft *raft, NodeId to, Bytes *message, Effects *fx)
{
    RaftPeer *peer = &raft->peers[to];
    uint8_t *header = effects_alloc(fx, FRAME_HEADER);
    Slice parts[2] = {slice_of(header, FRAME_HEADER), slice_bytes(message)};

    g_assert(peer->stream_state == RAFT_STREAM_UP);
    g_assert(message->size <= RAFT_FRAME_MAX);
    frame_header(header, message->size);
    effects_send(fx, peer->stream, CHANNEL_RAFT, parts, 2);
    peer->sent_at = raft->now;
}

void
raft_replication_open(Raft *raft, NodeId to, Effects *fx)
{
    RaftPeer *peer = &raft->peers[to];

    if (peer->stream_state != RAFT_STREAM_CLOSED) {
        return;
    }
    peer->stream = link_stream(to, CHANNEL_RAFT, ++peer->stream_number);
    peer->stream_state = RAFT_STREAM_OPENING;
    effects_open(fx, peer->stream);
}

static void
flush_peer(Raft *raft, NodeId id, Effects *fx)
{
    RaftPeer *peer = &raft->peers[id];

    if (peer->mode == RAFT_SNAPSHOT) {
        return; /* its replies drive it */
    }
    if (peer->next_index < raft->log.first_index) {
        raft_install_begin(raft, id, fx);
        return;
    }
    if (peer->mode == RAFT_PROBE) {
        if (!peer->probe_sent) {
            peer->probe_sent = true;
            if (peer->next_index > raft->log.last_index) {
                send_empty(raft, id, fx);
            } else {
                send_entries(raft, id, fx);
            }
        }
        return;
    }
    while (peer->next_index <= raft->log.last_index &&
           peer->inflight_count < raft->settings.inflight_max) {
        if (!send_entries(raft, id, fx) || RAFT_BUGGIFY(raft, SEND_LESS, fx)) {
            break;
        }
    }
    if (peer->inflight_count == raft->settings.inflight_max &&
        peer->next_index == raft->log.last_index) {
        SOMETIMES(fx, RAFT_WINDOW_FULL);
    }
}

/* One AppendRequest with entries from next_index on. False: it has to wait
 * for its stream. */
static bool
send_entries(Raft *raft, NodeId id, Effects *fx)
{
    RaftPeer *peer = &raft->peers[id];
    bool stream = peer->stream_index > peer->match_index;
    size_t room = DATAGRAM_MAX - APPEND_OVERHEAD;
    Bytes *message;
    unsigned count;

    if (!stream && raft_wire_entry_size(
                       raft_log_at(&raft->log, peer->next_index)) > room) {
        stream = true;
    }
    if (stream) {
        room = raft->settings.batch_max_bytes;
        if (peer->stream_state != RAFT_STREAM_UP) {
            if (peer->stream_state == RAFT_STREAM_CLOSED) {
                SOMETIMES(fx, RAFT_STREAM_ENTRY);
            }
            raft_replication_open(raft, id, fx);
            peer->probe_sent = false;
            return false;
        }
        if (peer->inflight_count >= STREAM_INFLIGHT_MAX) {
            return false;
        }
    }
    count = RAFT_BUGGIFY(raft, SMALL_BATCH, fx)
                ? 1
                : batch(raft, peer->next_index, room);
    message = pack(raft, peer->next_index - 1, count);
    if (stream) {
        raft_replication_stream(raft, id, message, fx);
        peer->stream_index = peer->next_index + count - 1;
    } else {
        Slice part = slice_bytes(message);

        g_assert(part.size <= DATAGRAM_MAX);
        effects_send(fx, link_datagram(id), CHANNEL_RAFT, &part, 1);
        peer->sent_at = raft->now;
    }
    if (peer->mode == RAFT_REPLICATE) {
        peer->next_index += count;
        inflight_push(raft, peer, peer->next_index - 1);
    }
    return true;
}

/* How many entries from @from on fit in @room; at least one. */
static unsigned
batch(const Raft *raft, uint64_t from, size_t room)
{
    uint64_t most =
        MIN(raft->log.last_index - from + 1, raft->settings.batch_max_entries);
    unsigned count = 1;
    size_t size;

    if (most == 1) {
        return 1;
    }
    size = raft_wire_entry_size(raft_log_at(&raft->log, from));
    while (count < most) {
        size += raft_wire_entry_size(raft_log_at(&raft->log, from + count));
        if (size > room) {
            break;
        }
        count++;
    }
    return count;
}

/* A heartbeat: an AppendRequest without entries (Raft section 5.2). Where
 * the follower may have lost something it says what should be there, so
 * that a refusal tells; while a stream is carrying, or an install is under
 * way, it only says that the leader lives. */
static void
send_empty(Raft *raft, NodeId id, Effects *fx)
{
    RaftPeer *peer = &raft->peers[id];
    uint64_t previous = peer->next_index - 1;
    Slice part;

    if (peer->mode == RAFT_SNAPSHOT || peer->stream_index > peer->match_index) {
        previous = peer->match_index;
    }
    if (BUG(RAFT_DEPOSED_HEARTBEAT)) {
        previous = MIN(previous, raft->log.last_index);
    }
    if (previous + 1 < raft->log.first_index) {
        previous = 0;
    }
    part = slice_bytes(pack(raft, previous, 0));
    peer->empty_sequence = raft->sequence;
    effects_send(fx, link_datagram(id), CHANNEL_RAFT, &part, 1);
    peer->sent_at = raft->now;
}

/* The AppendRequest with @count entries behind @previous. Followers that
 * need the same one share it. Valid until the step's effects are done. */
static Bytes *
pack(Raft *raft, uint64_t previous, unsigned count)
{
    RaftPacked *packed = &raft->packed[previous % RAFT_PACKED_MAX];
    RaftMessage m = {.kind = RAFT_APPEND_REQUEST, .term = raft->term};
    RaftSpan spans[2];
    unsigned span_count;

    if (packed->step == raft->step && packed->previous == previous &&
        packed->count == count && packed->commit == raft->commit_index) {
        return packed->message;
    }
    span_count = raft_log_spans(&raft->log, previous + 1, count, spans);
    m.append_request.previous_index = previous;
    m.append_request.previous_term =
        previous == 0 ? 0 : raft_log_term(&raft->log, previous);
    m.append_request.commit_index = raft->commit_index;
    m.append_request.sequence = ++raft->sequence;
    *packed = (RaftPacked){.step = raft->step,
                           .message = raft_wire_encode(&m, spans, span_count),
                           .previous = previous,
                           .commit = raft->commit_index,
                           .count = count};
    raft_log_discard(&raft->log, packed->message);
    return packed->message;
}

static void
acknowledged(Raft *raft, NodeId id, const RaftMessage *m, Effects *fx)
{
    RaftPeer *peer = &raft->peers[id];
    uint64_t match = m->append_reply.match_index;

    if (BUG(RAFT_MATCH_FOLLOWER_LAST)) {
        match = MIN(m->append_reply.last_index, raft->log.last_index);
    }
    if (match > peer->match_index || BUG(RAFT_MATCH_GOES_BACK)) {
        peer->match_index = match;
        inflight_pop(raft, peer);
        if (peer->next_index <= match) {
            peer->next_index = match + 1;
        }
        if (peer->stream_index <= match) {
            peer->stream_index = 0;
        }
    }
    if (peer->mode == RAFT_PROBE &&
        m->append_reply.sequence >= peer->valid_sequence &&
        match + 1 >= peer->next_index) {
        peer->mode =
            RAFT_BUGGIFY(raft, PIPELINE_LATE, fx) ? RAFT_PROBE : RAFT_REPLICATE;
        peer->probe_sent = false;
        peer->inflight_count = 0;
    }
    g_assert(peer->next_index > peer->match_index);
}

/* Back up to where the logs may agree: Raft section 5.3, end. */
static void
refused(Raft *raft, NodeId id, const RaftMessage *m, Effects *fx)
{
    RaftPeer *peer = &raft->peers[id];
    uint64_t term = m->append_reply.conflict_term;
    uint64_t next = m->append_reply.conflict_index;

    if (peer->mode == RAFT_SNAPSHOT ||
        (m->append_reply.sequence < peer->valid_sequence &&
         !BUG(RAFT_NEXT_BELOW_MATCH)) ||
        (term == 0 && peer->mode == RAFT_REPLICATE && BUG(RAFT_WINDOW_STUCK))) {
        return;
    }
    if (term == 0 && peer->mode == RAFT_REPLICATE &&
        m->append_reply.sequence != peer->empty_sequence &&
        next > peer->match_index) {
        /* A gap: the message between may only have been overtaken. The
         * follower keeps what came early, so wait for more refusals, or for
         * that of a heartbeat, which comes long after what it follows. */
        if (next != peer->gap_index) {
            peer->gap_index = next;
            peer->gap_refusals = 0;
        }
        if (++peer->gap_refusals < RAFT_GAP_REFUSALS) {
            return;
        }
        SOMETIMES(fx, RAFT_APPEND_GAP);
    }
    peer->gap_index = 0;
    if (next <= peer->match_index && !BUG(RAFT_NEXT_BELOW_MATCH)) {
        /* It lacks what it once said was durable. */
        raft_strange(raft, id, RAFT_STRANGE_REPLY, fx);
        raft_replication_probe(raft, id, peer->match_index);
        peer->probe_sent = true; /* at a heartbeat's pace */
        return;
    }
    if (term != 0) {
        /* Try behind our last entry of its term, or else where that term
         * begins in its log. */
        uint64_t ours =
            raft_log_term_last(&raft->log, raft->log.last_index, term);

        if (ours >= raft->log.first_index &&
            raft_log_term(&raft->log, ours) == term) {
            next = MIN(ours + 1, m->append_reply.last_index + 1);
        }
        if (BUG(RAFT_BACKUP_STUCK)) {
            next = m->append_reply.last_index + 1;
        }
    }
    next = MIN(next, peer->next_index);
    next = MAX(next, BUG(RAFT_NEXT_BELOW_MATCH) ? 1 : peer->match_index + 1);
    raft_replication_probe(raft, id, peer->match_index);
    peer->next_index = MIN(next, raft->log.last_index + 1);
}

static void
inflight_push(Raft *raft, RaftPeer *peer, uint64_t index)
{
    unsigned size = (unsigned)raft->settings.inflight_max;
    unsigned at = peer->inflight_first + peer->inflight_count;

    g_assert(peer->inflight_count < size);
    peer->inflight[at < size ? at : at - size] = index;
    peer->inflight_count++;
}

static void
inflight_pop(Raft *raft, RaftPeer *peer)
{
    while (peer->inflight_count > 0 &&
           peer->inflight[peer->inflight_first] <= peer->match_index) {
        peer->inflight_count--;
        if (++peer->inflight_first == raft->settings.inflight_max) {
            peer->inflight_first = 0;
        }
    }
}

/* Raft Fig. 2, rules for leaders: what a majority holds is committed, when
 * it is of the current term (section 5.4.2, figure 8). */
static void
advance_commit(Raft *raft, Effects *fx)
{
    uint64_t held[RAFT_VOTERS_MAX];
    uint64_t index;

    for (unsigned i = 0; i < raft->configuration.voter_count; i++) {
        held[i] = raft->peers[raft->configuration.voters[i]].match_index;
    }
    index = raft_quorum_value(raft, held);
    g_assert(index <= raft->log.last_index);
    if (index > raft->commit_index &&
        (raft_log_term(&raft->log, index) == raft->term ||
         BUG(RAFT_COMMIT_OLD_TERM))) {
        if (index > raft->log.durable_index) {
            SOMETIMES(fx, RAFT_COMMIT_BEFORE_OWN_DISK);
        }
        raft_commit(raft, index, fx);
    }
}

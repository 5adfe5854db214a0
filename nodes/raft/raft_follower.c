/* SPDX-License-Identifier: Apache-2.0 */
/* The follower's side of replication: Raft Fig. 2, AppendEntries RPC,
 * receiver implementation. */
#include "nodes/bugs.h"
#include "nodes/probes.h"
#include "nodes/raft/raft_election.h"
#include "nodes/raft/raft_replication.h"
#include "nodes/raft/raft_storage.h"

/* Indexes and terms beyond this are nonsense, and safe to add to. */
#define NUMBER_MAX ((uint64_t)1 << 42)

static bool sane(const RaftMessage *m);
static bool accept(Raft *raft, NodeId from, const RaftMessage *m, Effects *fx);
static void succeeded(const Raft *raft, const RaftMessage *m, uint64_t match,
                      RaftMessage *reply);
static void answer_now(Raft *raft, NodeId from, const RaftMessage *reply,
                       Effects *fx);
static void keep_early(Raft *raft, const RaftMessage *m);
static bool take_early(Raft *raft, RaftMessage *early);
static bool conflicts(const Raft *raft, const RaftMessage *m,
                      RaftMessage *reply);
static void refuse(const Raft *raft, const RaftMessage *m,
                   uint64_t conflict_term, uint64_t conflict_index,
                   RaftMessage *reply);
static bool take_entries(Raft *raft, const RaftMessage *m, Effects *fx);
static void truncate_from(Raft *raft, uint64_t from, Effects *fx);
static void add_entry(Raft *raft, const RaftEntry *entry, Effects *fx);

void
raft_replication_request(Raft *raft, NodeId from, const RaftMessage *m,
                         Effects *fx)
{
    RaftMessage early, reply;

    if (!sane(m)) {
        raft_strange(raft, from, RAFT_STRANGE_ENTRIES, fx);
        return;
    }
    if (!raft_replication_accept_leader(raft, from, m, fx)) {
        return;
    }
    if (conflicts(raft, m, &reply)) {
        if (m->append_request.previous_index > raft->log.last_index) {
            keep_early(raft, m);
        }
        answer_now(raft, from, &reply, fx);
        return;
    }
    if (!accept(raft, from, m, fx)) {
        return;
    }
    /* What came early may fit now; one answer, the last, speaks for all. */
    while (take_early(raft, &early)) {
        SOMETIMES(fx, RAFT_APPEND_EARLY);
        bool good =
            !conflicts(raft, &early, &reply) && accept(raft, from, &early, fx);

        raft_log_discard(&raft->log, early.append_request.body.owner);
        if (!good) {
            return;
        }
    }
}

void
raft_replication_drop_early(Raft *raft)
{
    for (unsigned i = 0; i < RAFT_EARLY_MAX && raft->early_count > 0; i++) {
        Slice *body = &raft->early[i].append_request.body;

        if (body->owner != NULL) {
            raft_log_discard(&raft->log, g_steal_pointer(&body->owner));
            raft->early_count--;
        }
    }
    g_assert(raft->early_count == 0);
}

/* Append what follows our log, commit what the leader has, and answer.
 * False: no leader could have sent this. */
static bool
accept(Raft *raft, NodeId from, const RaftMessage *m, Effects *fx)
{
    uint64_t last_new, commit, verified;

    if (!take_entries(raft, m, fx)) {
        raft_strange(raft, from, RAFT_STRANGE_ENTRIES, fx);
        return false;
    }
    last_new = m->append_request.previous_index + m->append_request.entry_count;
    g_assert(last_new <= raft->log.last_index ||
             last_new <= raft->commit_index);
    /* Rule 5: not beyond the last new entry, for what lies behind it may
     * yet conflict. */
    commit = MIN(BUG(RAFT_COMMIT_ON_APPEND) ? last_new
                                            : m->append_request.commit_index,
                 BUG(RAFT_COMMIT_PAST_NEW) ? raft->log.last_index : last_new);
    if (commit > raft->commit_index) {
        raft_commit(raft, commit, fx);
    } else if (BUG(RAFT_COMMIT_GOES_BACK)) {
        uint64_t values[2] = {commit, m->term};

        raft->commit_index = commit;
        effects_probe(fx, PROBE_RAFT_COMMIT, values, 2, slice_of(NULL, 0));
    }
    verified = MIN(last_new, raft->log.last_index);
    if (m->append_request.entry_count == 0) {
        RaftMessage reply = {.kind = RAFT_APPEND_REPLY, .term = raft->term};

        /* A heartbeat is answered with what is durable now, so that a slow
         * disk does not look like a dead node. */
        succeeded(raft, m, MIN(verified, raft->log.durable_index), &reply);
        answer_now(raft, from, &reply, fx);
    } else {
        succeeded(raft, m, verified,
                  raft_storage_answer(raft, from, RAFT_APPEND_REPLY, verified));
    }
    return true;
}

static void
succeeded(const Raft *raft, const RaftMessage *m, uint64_t match,
          RaftMessage *reply)
{
    reply->append_reply.success = true;
    reply->append_reply.match_index = match;
    reply->append_reply.conflict_term = 0;
    reply->append_reply.conflict_index = 0;
    reply->append_reply.last_index = raft->log.last_index;
    reply->append_reply.sequence = m->append_request.sequence;
}

/* An answer that asserts no more than term and what is durable. It does not
 * take the place of an acknowledgement that waits for a SYNC. */
static void
answer_now(Raft *raft, NodeId from, const RaftMessage *reply, Effects *fx)
{
    Token after;

    if (raft_storage_wait(raft, 0, &after)) {
        raft_send(raft, from, reply, after, fx);
    } else if ((raft->append_answers >> (from - 1) & 1) == 0) {
        raft_storage_answer(raft, from, RAFT_APPEND_REPLY, 0)->append_reply =
            reply->append_reply;
    }
}

/* Datagrams overtake each other: keep what follows a gap until that is
 * filled. Bounded by its size and that of a datagram. */
static void
keep_early(Raft *raft, const RaftMessage *m)
{
    RaftMessage *slot =
        &raft->early[m->append_request.previous_index % RAFT_EARLY_MAX];
    Slice body = m->append_request.body, kept;
    const uint8_t *rest = m->append_request.rest;
    const uint8_t *first = m->append_request.first.data.data;

    if (m->append_request.entry_count == 0 || body.size > DATAGRAM_MAX) {
        return;
    }
    if (slot->append_request.body.owner != NULL) {
        if (slot->term == m->term && slot->append_request.previous_index ==
                                         m->append_request.previous_index) {
            return; /* a duplicate */
        }
        raft_log_discard(&raft->log, slot->append_request.body.owner);
        raft->early_count--;
    }
    kept = slice_keep(body);
    *slot = *m;
    slot->append_request.body = kept;
    slot->append_request.rest = kept.data + (rest - body.data);
    slot->append_request.first.data.data = kept.data + (first - body.data);
    slot->append_request.first.data.owner = kept.owner;
    raft->early_count++;
}

/* The message that follows our log, if it came before; the caller's. */
static bool
take_early(Raft *raft, RaftMessage *early)
{
    RaftMessage *slot = &raft->early[raft->log.last_index % RAFT_EARLY_MAX];

    if (raft->early_count == 0 || slot->append_request.body.owner == NULL ||
        slot->term != raft->term ||
        slot->append_request.previous_index != raft->log.last_index) {
        return false;
    }
    *early = *slot;
    slot->append_request.body.owner = NULL;
    raft->early_count--;
    return true;
}

bool
raft_replication_accept_leader(Raft *raft, NodeId from, const RaftMessage *m,
                               Effects *fx)
{
    /* Rule 1: a leader of the past learns that it is one. */
    if (m->term < raft->term) {
        if (!BUG(RAFT_OLD_LEADER_UNANSWERED)) {
            answer_now(
                raft, from,
                &(RaftMessage){.kind = RAFT_APPEND_REPLY, .term = raft->term},
                fx);
        }
        return false;
    }
    if (BUG(RAFT_CANDIDATE_DEAF) && m->term == raft->term &&
        (raft->role == RAFT_CANDIDATE || raft->role == RAFT_PRE_CANDIDATE)) {
        return false;
    }
    if (m->term == raft->term &&
        (raft->role == RAFT_LEADER ||
         (raft->leader != 0 && raft->leader != from))) {
        raft_strange(raft, from, RAFT_STRANGE_LEADER, fx);
        return false;
    }
    raft_election_follow(raft, m->term, from, fx);
    raft->leader_heard_at = raft->now;
    raft->timer_base = raft->now;
    g_assert(raft->role == RAFT_FOLLOWER && raft->leader == from);
    return true;
}

/* The entry the leader appends to. */
void
raft_append(Raft *raft, RaftEntryKind kind, Slice data, Effects *fx)
{
    RaftEntry entry = {.term = raft->term, .kind = kind, .data = data};

    g_assert(raft->role == RAFT_LEADER);
    entry.hash = raft_wire_entry_hash(kind, data);
    add_entry(raft, &entry, fx);
}

static bool
sane(const RaftMessage *m)
{
    return m->term > 0 && m->term <= NUMBER_MAX &&
           m->append_request.previous_index <= NUMBER_MAX &&
           m->append_request.previous_term <= m->term &&
           (m->append_request.previous_index > 0 ||
            m->append_request.previous_term == 0);
}

/* Rule 2: the entry before the new ones must be there, of the same term. If
 * not, fill in @reply where to back up to (section 5.3, end). */
static bool
conflicts(const Raft *raft, const RaftMessage *m, RaftMessage *reply)
{
    uint64_t previous = m->append_request.previous_index;
    uint64_t term;

    if (previous > raft->log.last_index) {
        refuse(raft, m, 0, raft->log.last_index + 1, reply);
        return true;
    }
    if (previous + 1 < raft->log.first_index ||
        previous <= raft->commit_index) {
        return false; /* committed here, so it is the same everywhere */
    }
    term = raft_log_term(&raft->log, previous);
    if (term == m->append_request.previous_term ||
        BUG(RAFT_PREVIOUS_UNCHECKED)) {
        return false;
    }
    refuse(
        raft, m, term,
        MAX(raft_log_term_first(&raft->log, previous), raft->commit_index + 1),
        reply);
    return true;
}

static void
refuse(const Raft *raft, const RaftMessage *m, uint64_t conflict_term,
       uint64_t conflict_index, RaftMessage *reply)
{
    *reply =
        (RaftMessage){.kind = RAFT_APPEND_REPLY,
                      .term = raft->term,
                      .append_reply = {.conflict_term = conflict_term,
                                       .conflict_index = conflict_index,
                                       .last_index = raft->log.last_index,
                                       .sequence = m->append_request.sequence}};
}

/* Rules 3 and 4. False: no leader could have sent these. */
static bool
take_entries(Raft *raft, const RaftMessage *m, Effects *fx)
{
    PackedReader reader = {NULL, NULL, false};
    uint64_t index = m->append_request.previous_index;
    uint64_t term = m->append_request.previous_term;

    /* conflicts() left only what is committed here: there, no leader can
     * have something else. */
    if (!BUG(RAFT_PREVIOUS_UNCHECKED) && index + 1 >= raft->log.first_index &&
        raft_log_term(&raft->log, index) != term) {
        return false;
    }
    for (unsigned i = 0; i < m->append_request.entry_count; i++) {
        RaftEntry entry;

        raft_wire_entry(m, i, &reader, &entry);
        index++;
        if (entry.term < term || entry.term > m->term ||
            entry.data.size > RAFT_LOG_DATA_MAX) {
            return false;
        }
        term = entry.term;
        if (index < raft->log.first_index) {
            continue;
        }
        if (index <= raft->log.last_index) {
            if (raft_log_term(&raft->log, index) == entry.term) {
                continue; /* there already: a duplicate, or overtaken */
            }
            if (index <= raft->commit_index) {
                return false;
            }
            truncate_from(raft, index, fx);
        }
        if (entry.term < raft_log_term(&raft->log, raft->log.last_index)) {
            return false;
        }
        add_entry(raft, &entry, fx);
    }
    if (BUG(RAFT_TRUNCATE_ALWAYS) && index >= raft->commit_index &&
        index < raft->log.last_index && index + 1 >= raft->log.first_index) {
        truncate_from(raft, index + 1, fx);
    }
    return true;
}

static void
truncate_from(Raft *raft, uint64_t from, Effects *fx)
{
    uint64_t value = from;

    g_assert(from > raft->commit_index);
    SOMETIMES(fx, RAFT_TRUNCATED);
    if (from <= raft->log.durable_index) {
        SOMETIMES(fx, RAFT_TRUNCATED_DURABLE);
    }
    if (raft_log_term(&raft->log, from) !=
        raft_log_term(&raft->log, raft->log.last_index)) {
        SOMETIMES(fx, RAFT_TRUNCATED_TERMS);
    }
    raft_log_truncate(&raft->log, from);
    raft_storage_truncated(raft);
    effects_probe(fx, PROBE_RAFT_TRUNCATE, &value, 1, slice_of(NULL, 0));
}

static void
add_entry(Raft *raft, const RaftEntry *entry, Effects *fx)
{
    uint64_t values[3];

    raft_log_append(&raft->log, entry);
    values[0] = raft->log.last_index;
    values[1] = entry->term;
    values[2] = entry->hash;
    effects_probe(fx, PROBE_RAFT_APPEND, values, 3, slice_of(NULL, 0));
}

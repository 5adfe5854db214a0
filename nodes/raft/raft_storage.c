/* SPDX-License-Identifier: Apache-2.0 */
/* One stream of SYNCs for the vote file and the log. At most
 * sync_max_in_flight are under way; what comes meanwhile shares the next
 * (group commit). */
#include "nodes/raft/raft_storage.h"

#include <string.h>

#include "nodes/bugs.h"
#include "nodes/hash.h"
#include "nodes/raft/raft_election.h"
#include "nodes/raft/raft_install.h"
#include "nodes/raft/raft_record.h"
#include "nodes/raft/raft_replication.h"

#define VOTE_MAGIC UINT64_C(0x313045544f564152) /* "RAVOTE01" */

static void issue_sync(Raft *raft, Effects *fx);
static void send_answers(Raft *raft, Effects *fx);
static bool send_answer(Raft *raft, NodeId to, const RaftAnswer *answer,
                        bool at_once, Effects *fx);
static bool read_slot(Slice bytes, uint64_t words[4]);

RaftMessage *
raft_storage_answer(Raft *raft, NodeId to, RaftMessageKind kind, uint64_t index)
{
    RaftPeer *peer = &raft->peers[to];
    uint64_t bit = (uint64_t)1 << (to - 1);
    RaftAnswer *answer;

    g_assert(index <= raft->log.last_index);
    if (kind == RAFT_VOTE_REPLY) {
        answer = &peer->vote_answer;
        raft->vote_answers |= bit;
    } else {
        answer = &peer->append_answer;
        raft->append_answers |= bit;
    }
    answer->index = index;
    answer->message.kind = kind;
    answer->message.term = raft->term;
    return &answer->message;
}

void
raft_storage_drop_answers(Raft *raft)
{
    raft->vote_answers = raft->append_answers = 0;
}

bool
raft_storage_wait(const Raft *raft, uint64_t index, Token *after)
{
    if (index <= raft->log.durable_index &&
        raft->vote_generation == raft->vote_durable) {
        *after = 0;
        return true;
    }
    for (unsigned i = 0; i < raft->sync_count; i++) {
        const RaftSync *sync = &raft->syncs[i];

        if (index <= MAX(sync->index, raft->log.durable_index) &&
            raft->vote_generation == sync->vote_generation) {
            *after = sync->token;
            return true;
        }
    }
    return false;
}

void
raft_storage_flush(Raft *raft, Effects *fx)
{
    bool new_vote = raft->vote_written != raft->vote_generation;

    /* Entries wait for the term they came in, so that the SYNC that covers
     * them covers it as well: a restart knows by that which of the two was
     * damaged. */
    if (!new_vote || raft->vote_written == raft->vote_durable) {
        if (raft->log.written_index < raft->log.last_index &&
            RAFT_BUGGIFY(raft, SMALL_SEGMENT, fx)) {
            raft_log_end_file(&raft->log);
        }
        raft_log_write(&raft->log, fx);
        if (new_vote) {
            raft_storage_write_vote(raft, fx);
        }
    }
    issue_sync(raft, fx);
    if ((raft->vote_answers | raft->append_answers) != 0 &&
        !RAFT_BUGGIFY(raft, DELAY_ACK, fx)) {
        send_answers(raft, fx);
    }
    raft_election_flush(raft, fx);
}

bool
raft_storage_synced(Raft *raft, Token token, int error, Effects *fx)
{
    unsigned i = 0;
    RaftSync sync;

    while (i < raft->sync_count && raft->syncs[i].token != token) {
        i++;
    }
    if (i == raft->sync_count) {
        return false;
    }
    if (error != 0) {
        raft_halt(raft, "raft: the disk cannot make log or vote durable", fx);
        return true;
    }
    sync = raft->syncs[i];
    raft->sync_count--;
    memmove(&raft->syncs[i], &raft->syncs[i + 1],
            (raft->sync_count - i) * sizeof(RaftSync));
    raft->vote_durable = MAX(raft->vote_durable, sync.vote_generation);
    raft_log_durable(&raft->log, sync.index, sync.offset);
    raft_election_durable(raft, fx);
    raft_replication_durable(raft, fx);
    return true;
}

void
raft_storage_truncated(Raft *raft)
{
    for (unsigned i = 0; i < raft->sync_count && !BUG(RAFT_SYNC_AFTER_TRUNCATE);
         i++) {
        RaftSync *sync = &raft->syncs[i];

        sync->index = MIN(sync->index, raft->log.written_index);
        sync->offset = MIN(sync->offset, raft->log.end_offset);
    }
}

void
raft_storage_write_vote(Raft *raft, Effects *fx)
{
    uint64_t *words = effects_alloc(fx, RAFT_VOTE_BYTES);
    Slice part = slice_of(words, RAFT_VOTE_BYTES);

    words[0] = VOTE_MAGIC;
    words[1] = ++raft->vote_counter;
    words[2] = BUG(RAFT_TERM_NOT_KEPT)
                   ? raft_log_term(&raft->log, raft->log.last_index)
                   : raft->term;
    words[3] = BUG(RAFT_VOTE_FORGOTTEN) ? 0 : raft->vote;
    words[4] = hash_words(words, 4, VOTE_MAGIC);
    for (unsigned i = 0; i < 5; i++) {
        words[i] = GUINT64_TO_LE(words[i]);
    }
    effects_write(fx, RAFT_VOTE_FILE,
                  (raft->vote_counter - 1) % 2 * RAFT_VOTE_SLOT, &part, 1);
    raft->vote_written = raft->vote_generation;
}

bool
raft_storage_read_vote(Raft *raft, Slice bytes)
{
    uint64_t slots[2][4];
    bool good[2];
    unsigned newest;

    for (unsigned i = 0; i < 2; i++) {
        size_t at = (size_t)i * RAFT_VOTE_SLOT;

        good[i] = read_slot(slice_sub(bytes, at, RAFT_VOTE_BYTES), slots[i]);
        /* A slot lies within a sector: a power loss leaves what it was, or
         * what it was to be. */
        if (!good[i] && !raft_record_is_torn(bytes, at, RAFT_VOTE_BYTES)) {
            return false;
        }
    }
    if (!good[0] && !good[1]) {
        return true; /* the very first write is lost */
    }
    newest = good[1] && (!good[0] || slots[1][1] > slots[0][1]);
    raft->vote_counter = slots[newest][1];
    raft->term = slots[newest][2];
    raft->vote = (NodeId)slots[newest][3];
    return slots[newest][3] <= raft->node_count;
}

static void
issue_sync(Raft *raft, Effects *fx)
{
    const char *names[SYNC_FILES_MAX];
    RaftSync sync = {.vote_generation = raft->vote_written};
    const RaftSync *last =
        raft->sync_count > 0 ? &raft->syncs[raft->sync_count - 1] : NULL;
    unsigned count;

    if (raft->sync_count >= raft->settings.sync_max_in_flight ||
        (raft->vote_written <=
             (last ? last->vote_generation : raft->vote_durable) &&
         raft->log.written_index <=
             (last ? MAX(last->index, raft->log.durable_index)
                   : raft->log.durable_index)) ||
        RAFT_BUGGIFY(raft, DELAY_SYNC, fx)) {
        return;
    }
    count = raft_log_dirty_files(&raft->log, names, SYNC_FILES_MAX - 1,
                                 &sync.index, &sync.offset);
    count = BUG(RAFT_LOG_NOT_SYNCED) ? 0 : count;
    if (raft->vote_written != raft->vote_durable) {
        names[count++] = RAFT_VOTE_FILE;
    }
    /* No file at all: it is for the name of an installed snapshot. */
    sync.token = raft_token(raft);
    effects_sync(fx, sync.token, names, count);
    raft->syncs[raft->sync_count++] = sync;
}

static void
send_answers(Raft *raft, Effects *fx)
{
    for (uint64_t left = raft->vote_answers; left != 0; left &= left - 1) {
        NodeId id = 1 + (NodeId)__builtin_ctzll(left);

        if (send_answer(raft, id, &raft->peers[id].vote_answer,
                        BUG(RAFT_VOTE_NOT_DURABLE), fx)) {
            raft->vote_answers &= ~((uint64_t)1 << (id - 1));
        }
    }
    for (uint64_t left = raft->append_answers; left != 0; left &= left - 1) {
        NodeId id = 1 + (NodeId)__builtin_ctzll(left);

        if (send_answer(raft, id, &raft->peers[id].append_answer,
                        BUG(RAFT_ACK_BEFORE_SYNC), fx)) {
            raft->append_answers &= ~((uint64_t)1 << (id - 1));
        }
    }
}

/* False: no SYNC covers what it asserts yet. */
static bool
send_answer(Raft *raft, NodeId to, const RaftAnswer *answer, bool at_once,
            Effects *fx)
{
    Token after = 0;

    if (!at_once && !raft_storage_wait(raft, answer->index, &after)) {
        return false;
    }
    if (answer->message.kind == RAFT_SNAPSHOT_REPLY) {
        raft_install_send_reply(raft, to, &answer->message, after, fx);
    } else {
        raft_send(raft, to, &answer->message, after, fx);
    }
    return true;
}

static bool
read_slot(Slice bytes, uint64_t words[4])
{
    uint64_t all[5];

    if (bytes.size < RAFT_VOTE_BYTES) {
        return false;
    }
    memcpy(all, bytes.data, RAFT_VOTE_BYTES);
    for (unsigned i = 0; i < 5; i++) {
        all[i] = GUINT64_FROM_LE(all[i]);
    }
    memcpy(words, all, 4 * sizeof(uint64_t));
    return all[0] == VOTE_MAGIC && all[4] == hash_words(all, 4, VOTE_MAGIC);
}

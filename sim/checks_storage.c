/* SPDX-License-Identifier: Apache-2.0 */
/* A shadow of each Raft node's disk: which log records and which vote are on
 * the platter. It is made of what the node did and was answered: its WRITEs
 * and the SYNCs that ended well. A disk that lied is not the node's fault; the
 * world tells of it (FACT_DAMAGE), and the shadow begins anew. A message
 * that asserts something durable is judged by it as it leaves, and so is a
 * leader that moves its commit index. */
#include "sim/checks_storage.h"

#include <inttypes.h>
#include <string.h>

#include "nodes/frame.h"
#include "nodes/hash.h"
#include "nodes/probes.h"
#include "nodes/raft/raft_record.h"
#include "nodes/raft/raft_storage.h"
#include "sim/index_ring.h"
#include "sim/plan.h"

#define LOG_PREFIX      "raft-log-"
#define SNAPSHOT_PREFIX "raft-snapshot-0"

/* A record, a log's new beginning or a vote that was written. */
typedef struct Pending {
    uint64_t file;   /* name_hash(): copies of names cost more than checks */
    uint64_t number; /* of the write at this node */
    bool snapshot;   /* a snapshot of `index` got its name */
    uint64_t index;  /* of the log; 0: a vote */
    uint64_t generation; /* of the shadow log at that index, or of the vote */
    uint64_t term;
    NodeId vote;
} Pending;

/* A SYNC under way: it covers the first write_count writes, in its files. */
typedef struct Cover {
    Token token;
    uint64_t write_count;
    unsigned file_count;
    uint64_t files[SYNC_FILES_MAX]; /* name_hash() */
} Cover;

typedef struct Shadow {
    IndexRing log; /* term; hash = generation of the record */
    uint64_t generation;
    GArray *pending; /* Pending, oldest first */
    uint64_t write_count;
    GArray *covers;     /* Cover */
    uint64_t snapshot;  /* index of the last durable one */
    uint64_t vote_term; /* durable */
    NodeId vote;
    uint64_t role, term;
    uint64_t commit;
    bool recovering;   /* after a power loss, until the node tells its log */
    uint64_t promised; /* what a restart must find of the log */
    uint64_t dropped_from; /* entries removed from memory from here on: their
                            * bytes may stay, but promise nothing */
    /* The last acknowledgement of the log, and its term. */
    uint64_t acked_term, acked;
    uint64_t restored; /* the last snapshot that took the log's place */
    bool damaged;      /* what was acknowledged is gone, until the node has told
                   * what it found */
    bool rotten;       /* a spoilt place may show at any start */
    uint64_t lost;     /* the log that a damaged disk had held: a leader that
                    * was told of it may count on it */
} Shadow;

typedef struct ChecksStorage {
    Checks *checks;
    unsigned node_count;
    Shadow *nodes;
} ChecksStorage;

static void on_damage(Shadow *shadow, const Fact *fact);
static void on_fact(ChecksStorage *storage, const Fact *fact);
static void on_write(Shadow *shadow, const Fact *fact);
static void on_rename(Shadow *shadow, const Fact *fact);
static void settle(Shadow *shadow, const Pending *pending);
static void on_sync(Shadow *shadow, const Fact *fact);
static void on_synced(Shadow *shadow, Token token);
static void on_send(ChecksStorage *storage, NodeId id, const Fact *fact);
static void check_vote(ChecksStorage *storage, NodeId id, NodeId candidate,
                       uint64_t term);
static void check_acknowledged(ChecksStorage *storage, NodeId id,
                               const char *check, const char *what,
                               uint64_t term, uint64_t index);
static void on_truncate(ChecksStorage *storage, NodeId id, uint64_t from);
static void on_recover(ChecksStorage *storage, NodeId id,
                       const uint64_t *values);
static void on_probe(ChecksStorage *storage, NodeId id, const Effect *effect);
static void check_quorum(ChecksStorage *storage, NodeId id, uint64_t index);
static void forget(ChecksStorage *storage, uint64_t commit);
static uint64_t promised(const Shadow *shadow);
static uint64_t durable_last(const Shadow *shadow);
static void put_record(Shadow *shadow, const char *file, uint64_t index,
                       uint64_t term);
static void add_pending(Shadow *shadow, const char *file, Pending pending);
static bool covered(const Cover *cover, uint64_t file);
static uint64_t name_hash(const void *name, size_t size);
static void reopen(Shadow *shadow);
static void crash(Shadow *shadow);

static void
observe(void *family, const Record *record)
{
    ChecksStorage *storage = family;
    NodeId id = event_cell(record->event);
    const Effect *probe;
    unsigned at = 0;

    if (record->input != NULL && record->input->kind == INPUT_SYNCED &&
        record->input->synced.error == 0 && id >= 1 &&
        id <= storage->node_count) {
        /* Before the facts: what waited for the SYNC leaves among them. */
        on_synced(&storage->nodes[id], record->input->synced.token);
    }
    for (unsigned i = 0; i < record->fact_count; i++) {
        if (record->facts[i].node >= 1 &&
            record->facts[i].node <= storage->node_count) {
            on_fact(storage, &record->facts[i]);
        }
    }
    if (record->input == NULL || id == 0 || id > storage->node_count) {
        return;
    }
    if (record->input->kind == INPUT_START) {
        storage->nodes[id].role = 0;
        storage->nodes[id].commit = 0;
    }
    while ((probe = record_next_probe(record, &at)) != NULL) {
        on_probe(storage, id, probe);
    }
}

/* What was acknowledged is gone: a node may refuse such a disk, a damaged end
 * of the log cannot be told from a torn one, and a file that is not there
 * cannot be missed. Whether the cluster survives it is for the checks of the
 * whole of it to say. */
static void
on_damage(Shadow *shadow, const Fact *fact)
{
    shadow->lost = MAX(shadow->lost, shadow->recovering ? shadow->promised
                                                        : durable_last(shadow));
    shadow->damaged = true;
    shadow->rotten |= fact->fault_kind == FAULT_DISK_BIT_FLIP ||
                      fact->fault_kind == FAULT_DISK_MISDIRECT;
}

static void
on_fact(ChecksStorage *storage, const Fact *fact)
{
    Shadow *shadow = &storage->nodes[fact->node];

    switch (fact->kind) {
    case FACT_WRITE:
        on_write(shadow, fact);
        break;
    case FACT_RENAME:
        on_rename(shadow, fact);
        break;
    case FACT_SYNC:
        on_sync(shadow, fact);
        break;
    case FACT_DAMAGE:
        on_damage(shadow, fact);
        break;
    case FACT_CRASH:
        g_array_set_size(shadow->covers, 0);
        if (fact->value == 0) {
            crash(shadow); /* power loss: un-synced writes may be gone */
        }
        break;
    case FACT_HALT:
        g_array_set_size(shadow->covers, 0);
        break;
    case FACT_RESTART:
        if (!shadow->recovering) {
            shadow->promised = promised(shadow);
        }
        reopen(shadow);
        shadow->acked = shadow->acked_term = shadow->restored = 0;
        break;
    case FACT_SEND:
        on_send(storage, fact->node, fact);
        break;
    default:
        break;
    }
}

static void
on_write(Shadow *shadow, const Fact *fact)
{
    if (strcmp(fact->file, RAFT_VOTE_FILE) == 0 &&
        fact->bytes.size >= RAFT_VOTE_BYTES) {
        uint64_t words[4];
        Pending pending = {.index = 0};

        memcpy(words, fact->bytes.data, sizeof(words));
        pending.term = GUINT64_FROM_LE(words[2]);
        pending.vote = (NodeId)GUINT64_FROM_LE(words[3]);
        add_pending(shadow, fact->file, pending);
        return;
    }
    if (strncmp(fact->file, LOG_PREFIX, strlen(LOG_PREFIX)) == 0) {
        Slice left = fact->bytes;
        RaftFileHeader header;
        RaftRecord record;

        if (fact->offset == 0 && raft_record_read_file_header(left, &header)) {
            left = slice_sub(left, RAFT_LOG_HEADER, left.size);
            if (header.starts_log) {
                shadow->log.first = header.first_index;
                shadow->log.last = header.first_index - 1;
            }
            index_ring_cut(&shadow->log, header.first_index);
        }
        while (left.size >= RAFT_LOG_RECORD &&
               raft_record_read(left, &record)) {
            put_record(shadow, fact->file, record.index, record.entry.term);
            left = slice_sub(left, raft_record_size(&record.entry), left.size);
        }
    }
}

/* A snapshot counts from when its name is durable: its content was synced
 * before, or a restart would find it damaged and the node would halt. */
static void
on_rename(Shadow *shadow, const Fact *fact)
{
    Pending pending = {.snapshot = true};

    if (strncmp(fact->to, SNAPSHOT_PREFIX, strlen(SNAPSHOT_PREFIX)) == 0) {
        pending.index =
            g_ascii_strtoull(fact->to + strlen(SNAPSHOT_PREFIX) - 1, NULL, 10);
        add_pending(shadow, fact->to, pending);
    }
}

static void
put_record(Shadow *shadow, const char *file, uint64_t index, uint64_t term)
{
    Pending pending = {.index = index, .term = term};

    index_ring_cut(&shadow->log, index);
    if (index >= shadow->dropped_from) {
        shadow->dropped_from = UINT64_MAX;
    }
    if (index != shadow->log.last + 1) {
        shadow->log.first = index;
        shadow->log.last = index - 1;
    }
    pending.generation = ++shadow->generation;
    *index_ring_push(&shadow->log) = (IndexItem){term, pending.generation, 0};
    add_pending(shadow, file, pending);
}

static void
add_pending(Shadow *shadow, const char *file, Pending pending)
{
    pending.file = name_hash(file, strlen(file));
    pending.number = ++shadow->write_count;
    g_array_append_val(shadow->pending, pending);
}

static void
on_sync(Shadow *shadow, const Fact *fact)
{
    Cover cover = {.token = fact->token, .write_count = shadow->write_count};

    for (unsigned i = 0; i < fact->file_count && i < SYNC_FILES_MAX; i++) {
        cover.files[cover.file_count++] =
            name_hash(fact->files[i].data, fact->files[i].size);
    }
    g_array_append_val(shadow->covers, cover);
}

/* What the SYNC covered is on the platter, so far as the node can know. */
static void
on_synced(Shadow *shadow, Token token)
{
    unsigned kept = 0;
    Cover cover;
    unsigned which = 0;

    while (which < shadow->covers->len &&
           g_array_index(shadow->covers, Cover, which).token != token) {
        which++;
    }
    if (which == shadow->covers->len) {
        return;
    }
    cover = g_array_index(shadow->covers, Cover, which);
    g_array_remove_index(shadow->covers, which);
    for (unsigned i = 0; i < shadow->pending->len; i++) {
        Pending *one = &g_array_index(shadow->pending, Pending, i);

        /* Every SYNC covers the directory, and so a new name. */
        if (one->number <= cover.write_count &&
            (one->snapshot || covered(&cover, one->file))) {
            settle(shadow, one);
            continue;
        }
        g_array_index(shadow->pending, Pending, kept++) = *one;
    }
    g_array_set_size(shadow->pending, kept);
}

static void
settle(Shadow *shadow, const Pending *pending)
{
    if (pending->snapshot) {
        shadow->snapshot = MAX(shadow->snapshot, pending->index);
    } else if (pending->index == 0) {
        shadow->vote_term = pending->term;
        shadow->vote = pending->vote;
    }
}

static bool
covered(const Cover *cover, uint64_t file)
{
    for (unsigned i = 0; i < cover->file_count; i++) {
        if (cover->files[i] == file) {
            return true;
        }
    }
    return false;
}

static uint64_t
name_hash(const void *name, size_t size)
{
    return hash_bytes(name, size, 0);
}

/* D1: a message that asserts something durable leaves only when it is. */
static void
on_send(ChecksStorage *storage, NodeId id, const Fact *fact)
{
    Slice bytes = fact->bytes;
    RaftMessageKind kind;
    RaftMessage message;

    if (fact->channel != CHANNEL_RAFT) {
        return;
    }
    if (link_is_stream(fact->link)) {
        if (bytes.size > FRAME_HEADER + RAFT_WIRE_SMALL) {
            return; /* no answer is so long */
        }
        bytes = slice_sub(bytes, FRAME_HEADER, bytes.size);
    }
    kind = raft_wire_kind(bytes);
    if ((kind != 0 && kind != RAFT_VOTE_REPLY && kind != RAFT_APPEND_REPLY &&
         kind != RAFT_SNAPSHOT_REPLY) ||
        !raft_wire_decode(bytes, &message)) {
        return;
    }
    if (message.kind == RAFT_VOTE_REPLY && message.vote_reply.granted &&
        !message.vote_reply.pre_vote) {
        check_vote(storage, id, link_peer(fact->link), message.term);
    } else if (message.kind == RAFT_APPEND_REPLY &&
               message.append_reply.success) {
        check_acknowledged(storage, id, "durable-append", "entries",
                           message.term, message.append_reply.match_index);
    } else if (message.kind == RAFT_SNAPSHOT_REPLY &&
               message.snapshot_reply.done) {
        check_acknowledged(storage, id, "durable-snapshot", "a snapshot",
                           message.term, message.snapshot_reply.last_index);
    }
}

static void
check_vote(ChecksStorage *storage, NodeId id, NodeId candidate, uint64_t term)
{
    const Shadow *shadow = &storage->nodes[id];

    if (shadow->vote_term < term ||
        (shadow->vote_term == term && shadow->vote != candidate)) {
        checks_violate(storage->checks, "durable-vote", id,
                       "vote of term %" PRIu64 " for node %u left before "
                       "it was durable (term %" PRIu64 ", vote %u is on disk)",
                       term, candidate, shadow->vote_term, shadow->vote);
    }
}

/* An answer of an earlier term that leaves late was true when that term
 * lasted: a newer leader may have replaced the entries since, and Raft section
 * 5.4.3 needs no more of it. */
static void
check_acknowledged(ChecksStorage *storage, NodeId id, const char *check,
                   const char *what, uint64_t term, uint64_t index)
{
    Shadow *shadow = &storage->nodes[id];
    uint64_t last;

    if (term != shadow->term) {
        return;
    }
    last = durable_last(shadow);
    if (index > last) {
        checks_violate(storage->checks, check, id,
                       "%s up to %" PRIu64
                       " were acknowledged, but only %" PRIu64 " are durable",
                       what, index, last);
    }
    if (shadow->acked_term != term) {
        shadow->acked_term = term;
        shadow->acked = 0;
    }
    shadow->acked = MAX(shadow->acked, index);
}

/* L5: what a follower acknowledged, its leader has (Raft section 5.3), so in
 * its term it asks nobody to remove it. A snapshot that takes the log's place
 * holds it. */
static void
on_truncate(ChecksStorage *storage, NodeId id, uint64_t from)
{
    Shadow *shadow = &storage->nodes[id];

    if (shadow->acked_term == shadow->term && shadow->acked >= from &&
        shadow->acked > shadow->restored) {
        checks_violate(storage->checks, "acknowledged-removed", id,
                       "removed entries from %" PRIu64
                       " on, but acknowledged %" PRIu64
                       " to the leader of term %" PRIu64,
                       from, shadow->acked, shadow->term);
    }
    shadow->dropped_from = MIN(shadow->dropped_from, from);
}

/* D2, M1: what a power loss left is durable, and the node has read it. */
static void
on_recover(ChecksStorage *storage, NodeId id, const uint64_t *values)
{
    Shadow *shadow = &storage->nodes[id];

    bool excused = shadow->damaged || shadow->rotten;

    if (excused) {
        /* It tells what is left; no more can be asked of it. */
        shadow->lost = MAX(shadow->lost, shadow->promised);
    } else if (values[0] < shadow->vote_term) {
        checks_violate(storage->checks, "term-monotone", id,
                       "recovered term %" PRIu64 ", but term %" PRIu64
                       " was durable",
                       values[0], shadow->vote_term);
    } else if (values[0] == shadow->vote_term && values[1] != shadow->vote &&
               shadow->vote != 0) {
        checks_violate(storage->checks, "recovered-vote", id,
                       "recovered vote %" PRIu64 " of term %" PRIu64
                       ", but vote %u was durable",
                       values[1], values[0], shadow->vote);
    }
    if (values[3] < shadow->promised && !excused) {
        checks_violate(storage->checks, "recovered-log", id,
                       "recovered a log up to %" PRIu64 ", but %" PRIu64
                       " was durable",
                       values[3], shadow->promised);
    }
    shadow->dropped_from = UINT64_MAX;
    if (!shadow->recovering && !excused) {
        return;
    }
    shadow->recovering = false;
    shadow->damaged = false;
    index_ring_cut(&shadow->log, values[3] + 1);
    if (values[3] + 1 < shadow->log.first) { /* an older log, or none */
        shadow->log.first = values[3] + 1;
        shadow->log.last = values[3];
    }
    shadow->snapshot = values[3] > shadow->log.last ? values[3] : 0;
    shadow->vote_term = values[0];
    shadow->vote = (NodeId)values[1];
}

static void
on_probe(ChecksStorage *storage, NodeId id, const Effect *effect)
{
    Shadow *shadow = &storage->nodes[id];
    const uint64_t *values = effect->probe.values;

    switch (effect->probe.id) {
    case PROBE_RAFT_ROLE:
        shadow->role = values[0];
        shadow->term = values[1];
        break;
    case PROBE_RAFT_RECOVER:
        on_recover(storage, id, values);
        break;
    case PROBE_RAFT_RESTORE:
        shadow->restored = MAX(shadow->restored, values[0]);
        break;
    case PROBE_RAFT_TRUNCATE:
        on_truncate(storage, id, values[0]);
        break;
    case PROBE_RAFT_CORRUPT:
        if (!shadow->damaged && !shadow->rotten) {
            checks_violate(storage->checks, "false-corruption", id,
                           "refused its disk at offset %" PRIu64
                           ", but nothing had damaged it",
                           values[0]);
        }
        break;
    case PROBE_RAFT_COMMIT:
        if (shadow->role == 3 && values[0] > shadow->commit) {
            shadow->commit = values[0];
            check_quorum(storage, id, values[0]);
            if (values[0] % 1024 == 0) {
                forget(storage, values[0]);
            }
        }
        break;
    default:
        break;
    }
}

/* C1: what a leader commits, a majority holds durably. */
static void
check_quorum(ChecksStorage *storage, NodeId id, uint64_t index)
{
    const Shadow *leader = &storage->nodes[id];
    unsigned holders = 0;
    uint64_t term;

    if (!index_ring_has(&leader->log, index)) {
        return; /* not written yet: others hold it, counted below by length */
    }
    term = index_ring_at((IndexRing *)&leader->log, index)->term;
    for (unsigned i = 1; i <= storage->node_count; i++) {
        const Shadow *shadow = &storage->nodes[i];

        if (MAX(durable_last(shadow), shadow->lost) < index) {
            continue;
        }
        holders +=
            !index_ring_has(&shadow->log, index) ||
            index_ring_at((IndexRing *)&shadow->log, index)->term == term;
    }
    if (holders < storage->node_count / 2 + 1) {
        checks_violate(storage->checks, "commit-durable", id,
                       "committed %" PRIu64 ", which only %u of %u nodes "
                       "hold durably",
                       index, holders, storage->node_count);
    }
}

/* Nobody asks for records far below the commit index again. */
static void
forget(ChecksStorage *storage, uint64_t commit)
{
    for (unsigned i = 1; i <= storage->node_count && commit > 4096; i++) {
        IndexRing *log = &storage->nodes[i].log;

        index_ring_forget(log, MIN(commit - 4096, log->last));
    }
}

/* The last index up to which the log is on the platter without a gap. */
static uint64_t
durable_last(const Shadow *shadow)
{
    uint64_t last = shadow->log.last;

    for (unsigned i = 0; i < shadow->pending->len; i++) {
        const Pending *one = &g_array_index(shadow->pending, Pending, i);

        if (!one->snapshot && one->index > 0 && one->index <= last &&
            index_ring_has(&shadow->log, one->index) &&
            index_ring_at((IndexRing *)&shadow->log, one->index)->hash ==
                one->generation) {
            last = one->index - 1;
            break; /* later ones that stand have higher indexes */
        }
    }
    return MAX(last, shadow->snapshot);
}

/* What a restart must find: D2. */
static uint64_t
promised(const Shadow *shadow)
{
    uint64_t last = durable_last(shadow);

    return MAX(MIN(last, shadow->dropped_from - 1), shadow->snapshot);
}

/* What a new incarnation is told of is durable: the carrier sees to it. */
static void
reopen(Shadow *shadow)
{
    for (unsigned i = 0; i < shadow->pending->len; i++) {
        settle(shadow, &g_array_index(shadow->pending, Pending, i));
    }
    g_array_set_size(shadow->pending, 0);
}

/* Power loss: what was not covered by a SYNC may be there or not. */
static void
crash(Shadow *shadow)
{
    if (!shadow->recovering) {
        shadow->promised = promised(shadow);
    }
    g_array_set_size(shadow->pending, 0);
    shadow->recovering = true;
}

static void *
make(Checks *checks)
{
    ChecksStorage *storage = g_new0(ChecksStorage, 1);

    storage->checks = checks;
    storage->node_count = checks_node_count(checks);
    storage->nodes = g_new0(Shadow, storage->node_count + 1);
    for (unsigned id = 1; id <= storage->node_count; id++) {
        index_ring_init(&storage->nodes[id].log, 1);
        storage->nodes[id].dropped_from = UINT64_MAX;
        storage->nodes[id].pending = g_array_new(FALSE, FALSE, sizeof(Pending));
        storage->nodes[id].covers = g_array_new(FALSE, FALSE, sizeof(Cover));
    }
    return storage;
}

static void
destroy(void *family)
{
    ChecksStorage *storage = family;

    for (unsigned id = 1; id <= storage->node_count; id++) {
        index_ring_clear(&storage->nodes[id].log);
        g_array_free(storage->nodes[id].pending, TRUE);
        g_array_free(storage->nodes[id].covers, TRUE);
    }
    g_free(storage->nodes);
    g_free(storage);
}

const CheckFamily checks_storage_family = {
    .name = "storage",
    .make = make,
    .observe = observe,
    .free = destroy,
};

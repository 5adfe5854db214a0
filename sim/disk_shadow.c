/* SPDX-License-Identifier: Apache-2.0 */
/* Facts into the shadow of a disk. Every record that was written waits for a
 * SYNC that covers it; what waits is what is not durable. */
#include "sim/disk_shadow.h"

#include <string.h>

#include "nodes/hash.h"
#include "nodes/probes.h"
#include "nodes/raft/raft_record.h"
#include "nodes/raft/raft_storage.h"
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

static void on_damage(DiskShadowNode *node, const Fact *fact);
static void on_write(DiskShadowNode *node, const Fact *fact);
static void on_rename(DiskShadowNode *node, const Fact *fact);
static void on_sync(DiskShadowNode *node, const Fact *fact);
static void on_recover(DiskShadowNode *node, const uint64_t *values);
static void settle(DiskShadowNode *node, const Pending *pending);
static uint64_t promised(const DiskShadowNode *node);
static void put_record(DiskShadowNode *node, const char *file,
                       const RaftRecord *record);
static void add_pending(DiskShadowNode *node, const char *file,
                        Pending pending);
static bool covered(const Cover *cover, uint64_t file);
static uint64_t name_hash(const void *name, size_t size);
static void reopen(DiskShadowNode *node);
static void crash(DiskShadowNode *node);

void
disk_shadow_fact(DiskShadow *shadow, const Fact *fact)
{
    DiskShadowNode *node = &shadow->nodes[fact->node];

    switch (fact->kind) {
    case FACT_WRITE:
        on_write(node, fact);
        break;
    case FACT_RENAME:
        on_rename(node, fact);
        break;
    case FACT_SYNC:
        on_sync(node, fact);
        break;
    case FACT_DAMAGE:
        on_damage(node, fact);
        break;
    case FACT_CRASH:
        g_array_set_size(node->covers, 0);
        if (fact->value == 0) {
            crash(node); /* power loss: un-synced writes may be gone */
        }
        break;
    case FACT_HALT:
        g_array_set_size(node->covers, 0);
        break;
    case FACT_RESTART:
        if (!node->recovering) {
            node->promised = promised(node);
        }
        if (node->failing) {
            crash(node);
        } else {
            reopen(node);
        }
        break;
    default:
        break;
    }
}

void
disk_shadow_fault(DiskShadow *shadow, const Fact *fact)
{
    for (unsigned id = 1; fact->hosts != NULL && id <= shadow->node_count;
         id++) {
        if (fact->fault_kind == FAULT_DISK_EIO ||
            fact->fault_kind == FAULT_DISK_FULL) {
            shadow->nodes[id].failing |= fact->hosts[id] != 0;
        }
    }
}

void
disk_shadow_probe(DiskShadow *shadow, NodeId id, const Effect *probe)
{
    DiskShadowNode *node = &shadow->nodes[id];

    if (probe->probe.id == PROBE_RAFT_RECOVER) {
        on_recover(node, probe->probe.values);
    } else if (probe->probe.id == PROBE_RAFT_TRUNCATE) {
        uint64_t from = probe->probe.values[0];

        node->dropped_from = MIN(node->dropped_from, from);
        node->found = MIN(node->found, MAX(from - 1, node->restored));
    } else if (probe->probe.id == PROBE_RAFT_RESTORE) {
        node->restored = probe->probe.values[0];
    }
}

/* What a power loss left is durable, and the node has read it. */
static void
on_recover(DiskShadowNode *node, const uint64_t *values)
{
    bool excused = node->damaged || node->rotten;

    if (excused) {
        /* It tells what is left; no more can be asked of it. */
        node->lost = MAX(node->lost, node->promised);
    }
    node->dropped_from = UINT64_MAX;
    if (!node->recovering && !excused) {
        return;
    }
    node->recovering = false;
    node->damaged = false;
    index_ring_cut(&node->log, values[3] + 1);
    if (values[3] + 1 < node->log.first) { /* an older log, or none */
        node->log.first = values[3] + 1;
        node->log.last = values[3];
    }
    node->snapshot = 0;
    node->found = values[3] > node->log.last ? values[3] : 0;
    node->vote_term = values[0];
    node->vote = (NodeId)values[1];
}

void
disk_shadow_forget(DiskShadow *shadow, uint64_t first)
{
    for (unsigned i = 1; i <= shadow->node_count; i++) {
        IndexRing *log = &shadow->nodes[i].log;

        index_ring_forget(log, MIN(first, log->last));
    }
}

/* What was acknowledged is gone: a node may refuse such a disk, a damaged end
 * of the log cannot be told from a torn one, and a file that is not there
 * cannot be missed. Whether the cluster survives it is for the checks of the
 * whole of it to say. */
static void
on_damage(DiskShadowNode *node, const Fact *fact)
{
    node->lost = MAX(node->lost, node->recovering ? node->promised
                                                  : disk_shadow_durable(node));
    node->damaged = true;
    node->rotten |= fact->fault_kind == FAULT_DISK_BIT_FLIP ||
                    fact->fault_kind == FAULT_DISK_MISDIRECT;
}

static void
on_write(DiskShadowNode *node, const Fact *fact)
{
    if (strcmp(fact->file, RAFT_VOTE_FILE) == 0 &&
        fact->bytes.size >= RAFT_VOTE_BYTES) {
        uint64_t words[4];
        Pending pending = {.index = 0};

        memcpy(words, fact->bytes.data, sizeof(words));
        pending.term = GUINT64_FROM_LE(words[2]);
        pending.vote = (NodeId)GUINT64_FROM_LE(words[3]);
        add_pending(node, fact->file, pending);
        return;
    }
    if (strncmp(fact->file, LOG_PREFIX, strlen(LOG_PREFIX)) == 0) {
        Slice left = fact->bytes;
        RaftFileHeader header;
        RaftRecord record;

        if (fact->offset == 0 && raft_record_read_file_header(left, &header)) {
            left = slice_sub(left, RAFT_LOG_HEADER, left.size);
            if (header.starts_log) {
                node->log.first = header.first_index;
                node->log.last = header.first_index - 1;
            }
            index_ring_cut(&node->log, header.first_index);
        }
        while (left.size >= RAFT_LOG_RECORD &&
               raft_record_read(left, &record)) {
            put_record(node, fact->file, &record);
            left = slice_sub(left, raft_record_size(&record.entry), left.size);
        }
    }
}

/* A snapshot counts from when its name is durable: its content was synced
 * before, or a restart would find it damaged and the node would halt. */
static void
on_rename(DiskShadowNode *node, const Fact *fact)
{
    Pending pending = {.snapshot = true};

    if (strncmp(fact->to, SNAPSHOT_PREFIX, strlen(SNAPSHOT_PREFIX)) == 0) {
        pending.index =
            g_ascii_strtoull(fact->to + strlen(SNAPSHOT_PREFIX) - 1, NULL, 10);
        add_pending(node, fact->to, pending);
    }
}

static void
put_record(DiskShadowNode *node, const char *file, const RaftRecord *record)
{
    uint64_t index = record->index;
    uint64_t size = raft_record_size(&record->entry);
    Pending pending = {.index = index, .term = record->entry.term};

    index_ring_cut(&node->log, index);
    if (index >= node->dropped_from) {
        node->dropped_from = UINT64_MAX;
    }
    if (index != node->log.last + 1) {
        node->log.first = index;
        node->log.last = index - 1;
    }
    pending.generation = ++node->generation;
    if (node->log.last >= node->log.first) {
        size += index_ring_at(&node->log, node->log.last)->prefix;
    }
    *index_ring_push(&node->log) =
        (IndexItem){pending.term, pending.generation, size};
    add_pending(node, file, pending);
}

static void
add_pending(DiskShadowNode *node, const char *file, Pending pending)
{
    pending.file = name_hash(file, strlen(file));
    pending.number = ++node->write_count;
    g_array_append_val(node->pending, pending);
}

static void
on_sync(DiskShadowNode *node, const Fact *fact)
{
    Cover *cover;

    g_array_set_size(node->covers, node->covers->len + 1);
    cover = &g_array_index(node->covers, Cover, node->covers->len - 1);
    cover->token = fact->token;
    cover->write_count = node->write_count;
    cover->file_count = 0;
    for (unsigned i = 0; i < fact->file_count && i < SYNC_FILES_MAX; i++) {
        cover->files[cover->file_count++] =
            name_hash(fact->files[i].data, fact->files[i].size);
    }
}

/* What the SYNC covered is on the platter, so far as the node can know. */
void
disk_shadow_synced(DiskShadow *shadow, NodeId id, Token token, int error)
{
    DiskShadowNode *node = &shadow->nodes[id];
    unsigned kept = 0;
    const Cover *cover;
    unsigned which = 0;

    if (error != 0) {
        node->failing = true;
        return;
    }
    while (which < node->covers->len &&
           g_array_index(node->covers, Cover, which).token != token) {
        which++;
    }
    if (which == node->covers->len) {
        return;
    }
    cover = &g_array_index(node->covers, Cover, which);
    for (unsigned i = 0; i < node->pending->len; i++) {
        Pending *one = &g_array_index(node->pending, Pending, i);

        /* Every SYNC covers the directory, and so a new name. */
        if (one->number <= cover->write_count &&
            (one->snapshot || covered(cover, one->file))) {
            settle(node, one);
            continue;
        }
        g_array_index(node->pending, Pending, kept++) = *one;
    }
    g_array_remove_index(node->covers, which);
    g_array_set_size(node->pending, kept);
}

static void
settle(DiskShadowNode *node, const Pending *pending)
{
    if (pending->snapshot) {
        node->snapshot = MAX(node->snapshot, pending->index);
    } else if (pending->index == 0) {
        node->vote_term = pending->term;
        node->vote = pending->vote;
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

/* The last index up to which the log is on the platter without a gap. What a
 * durable snapshot holds may be missing: its file may have been removed before
 * any SYNC of it. */
uint64_t
disk_shadow_durable(const DiskShadowNode *node)
{
    uint64_t last = node->log.last;
    uint64_t held = MAX(node->snapshot, node->found);

    for (unsigned i = 0; i < node->pending->len; i++) {
        const Pending *one = &g_array_index(node->pending, Pending, i);

        if (!one->snapshot && one->index > held && one->index <= last &&
            index_ring_has(&node->log, one->index) &&
            index_ring_at((IndexRing *)&node->log, one->index)->hash ==
                one->generation) {
            last = one->index - 1;
            break; /* later ones that stand have higher indexes */
        }
    }
    return MAX(last, held);
}

/* What a restart must find: D2. */
static uint64_t
promised(const DiskShadowNode *node)
{
    uint64_t last = disk_shadow_durable(node);

    return MAX(MIN(last, node->dropped_from - 1),
               MAX(node->snapshot, node->found));
}

/* What a new incarnation is told of is durable: the carrier sees to it. */
static void
reopen(DiskShadowNode *node)
{
    for (unsigned i = 0; i < node->pending->len; i++) {
        settle(node, &g_array_index(node->pending, Pending, i));
    }
    g_array_set_size(node->pending, 0);
}

/* Power loss: what was not covered by a SYNC may be there or not. */
static void
crash(DiskShadowNode *node)
{
    if (!node->recovering) {
        node->promised = promised(node);
    }
    g_array_set_size(node->pending, 0);
    node->recovering = true;
}

void
disk_shadow_init(DiskShadow *shadow, unsigned node_count)
{
    shadow->node_count = node_count;
    shadow->nodes = g_new0(DiskShadowNode, node_count + 1);
    for (unsigned id = 1; id <= node_count; id++) {
        DiskShadowNode *node = &shadow->nodes[id];

        index_ring_init(&node->log, 1);
        node->dropped_from = UINT64_MAX;
        node->pending = g_array_new(FALSE, FALSE, sizeof(Pending));
        node->covers = g_array_new(FALSE, FALSE, sizeof(Cover));
    }
}

void
disk_shadow_clear(DiskShadow *shadow)
{
    for (unsigned id = 1; id <= shadow->node_count; id++) {
        index_ring_clear(&shadow->nodes[id].log);
        g_array_free(shadow->nodes[id].pending, TRUE);
        g_array_free(shadow->nodes[id].covers, TRUE);
    }
    g_free(shadow->nodes);
}

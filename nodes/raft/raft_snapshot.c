/* SPDX-License-Identifier: Apache-2.0 */
/* Taking snapshots, one WRITE and SYNC at a time. */
#include "nodes/raft/raft_snapshot.h"

#include <string.h>

#include "nodes/hash.h"
#include "nodes/bugs.h"
#include "nodes/probes.h"
#include "nodes/raft/raft_install.h"

#define MAGIC  UINT64_C(0x3130504e53464152) /* "RAFSNP01" */
#define WORDS  5u /* of the header before the voters */
#define FOOTER 16u
/* No snapshot is so early that it holds fewer new entries. */
#define BUGGIFY_ENTRIES 16u

/* One being written. */
struct RaftSaving {
    void *frozen;
    uint64_t index, term;
    uint64_t size;    /* bytes written */
    uint64_t picture; /* bytes of the picture among them */
    uint64_t checksum;
    bool ended; /* the footer is written */
    Token token;
    XXH3_state_t *hash;
    Bytes *piece; /* the last WRITE shows it */
};

static void begin(Raft *raft, Effects *fx);
static void write_piece(Raft *raft, Effects *fx);
static void put_header(Raft *raft, Effects *fx);
static void put(Raft *raft, Slice part, Effects *fx);
static void finish(Raft *raft, Effects *fx);

void
raft_snapshot_flush(Raft *raft, Effects *fx)
{
    uint64_t threshold = raft->settings.snapshot_threshold;

    if (threshold == 0 || raft->saving != NULL || BUG(RAFT_NO_SNAPSHOT)) {
        return;
    }
    if (raft->applied_index < raft->snapshot.index + threshold &&
        (raft->applied_index < raft->snapshot.index + BUGGIFY_ENTRIES ||
         !RAFT_BUGGIFY(raft, EARLY_SNAPSHOT, fx))) {
        return;
    }
    /* While a peer is being sent the last one, let it have it; but a peer
     * that never comes back shall not make the log grow without end. */
    if (raft_install_active(raft) &&
        raft->applied_index < raft->snapshot.index + 4 * threshold) {
        return;
    }
    begin(raft, fx);
}

bool
raft_snapshot_synced(Raft *raft, Token token, int error, Effects *fx)
{
    RaftSaving *saving = raft->saving;

    if (saving == NULL || saving->token != token) {
        return false;
    }
    raft_log_discard(&raft->log, g_steal_pointer(&saving->piece));
    if (error != 0) {
        raft_halt(raft, "raft: the disk cannot make a snapshot durable", fx);
    } else if (saving->ended) {
        finish(raft, fx);
    } else {
        write_piece(raft, fx);
    }
    return true;
}

bool
raft_snapshot_parse(Slice bytes, RaftSnapshotView *view)
{
    uint64_t words[WORDS], footer[2];
    size_t header;

    if (bytes.size < WORDS * 8 + FOOTER) {
        return false;
    }
    memcpy(words, bytes.data, sizeof(words));
    for (unsigned i = 0; i < WORDS; i++) {
        words[i] = GUINT64_FROM_LE(words[i]);
    }
    if (words[0] != MAGIC || words[1] > RAFT_VOTERS_MAX) {
        return false;
    }
    header = (WORDS + words[1]) * 8;
    if (bytes.size < header + FOOTER) {
        return false;
    }
    memcpy(footer, bytes.data + bytes.size - FOOTER, FOOTER);
    view->index = words[2];
    view->term = words[3];
    view->digest = words[4];
    view->checksum = GUINT64_FROM_LE(footer[1]);
    view->picture = slice_sub(bytes, header, bytes.size - header - FOOTER);
    return GUINT64_FROM_LE(footer[0]) == view->picture.size &&
           view->checksum == hash_bytes(bytes.data, bytes.size - 8, 0);
}

bool
raft_snapshot_restore(Raft *raft, const RaftSnapshotView *view, uint64_t size,
                      Effects *fx)
{
    uint64_t values[3] = {view->index, view->term, 0};

    g_assert(view->index >= raft->applied_index || BUG(RAFT_INSTALL_OLD));
    if (!raft->machine->restore(raft->machine_self, view->picture)) {
        return false;
    }
    values[2] = raft->machine->digest(raft->machine_self);
    if (values[2] != view->digest && !BUG(KV_RESTORE_MERGES)) {
        return false;
    }
    raft->applied_index = view->index;
    raft->commit_index = MAX(raft->commit_index, view->index);
    raft->snapshot =
        (RaftSnapshot){view->index, view->term, size, view->checksum};
    effects_probe(fx, PROBE_RAFT_RESTORE, values, 3, slice_of(NULL, 0));
    return true;
}

void
raft_snapshot_compact(Raft *raft, Effects *fx)
{
    uint64_t trailing = RAFT_BUGGIFY(raft, COMPACT_AT_ONCE, fx)
                            ? 0
                            : raft->settings.snapshot_trailing;

    if (raft->snapshot.index > trailing) {
        uint64_t first = raft->snapshot.index - trailing + 1;

        raft_log_compact(&raft->log, MIN(first, raft->log.written_index + 1),
                         fx);
    }
}

void
raft_snapshot_name(char out[RAFT_SNAPSHOT_NAME_MAX], uint64_t index)
{
    g_snprintf(out, RAFT_SNAPSHOT_NAME_MAX,
               "raft-snapshot-%013" G_GUINT64_FORMAT, index);
}

bool
raft_snapshot_parse_name(const char *name, uint64_t *index)
{
    char again[RAFT_SNAPSHOT_NAME_MAX];

    if (!g_str_has_prefix(name, "raft-snapshot-")) {
        return false;
    }
    *index = g_ascii_strtoull(name + strlen("raft-snapshot-"), NULL, 10);
    raft_snapshot_name(again, *index);
    return strcmp(again, name) == 0;
}

void
raft_snapshot_free(Raft *raft)
{
    RaftSaving *saving = g_steal_pointer(&raft->saving);

    if (saving != NULL) {
        raft->machine->frozen_free(saving->frozen);
        XXH3_freeState(saving->hash);
        bytes_unref(saving->piece);
        g_free(saving);
    }
}

static void
begin(Raft *raft, Effects *fx)
{
    RaftSaving *saving = g_new0(RaftSaving, 1);
    uint64_t values[3];

    saving->index = raft->applied_index;
    if (BUG(KV_SNAPSHOT_LABEL) &&
        saving->index > MAX(raft->snapshot.index + 1, raft->log.first_index)) {
        saving->index--;
    }
    saving->term = raft_log_term(&raft->log, saving->index);
    saving->frozen = raft->machine->freeze(raft->machine_self);
    saving->hash = XXH3_createState();
    XXH3_64bits_reset(saving->hash);
    raft->saving = saving;
    values[0] = saving->index;
    values[1] = saving->term;
    values[2] = raft->machine->digest(raft->machine_self);
    effects_probe(fx, PROBE_RAFT_SNAPSHOT, values, 3, slice_of(NULL, 0));
    effects_remove(fx, RAFT_SNAPSHOT_SAVING);
    put_header(raft, fx);
    write_piece(raft, fx);
}

static void
put_header(Raft *raft, Effects *fx)
{
    unsigned voters = raft->configuration.voter_count;
    uint64_t *words = effects_alloc(fx, (WORDS + voters) * 8);

    words[0] = MAGIC;
    words[1] = voters;
    words[2] = raft->saving->index;
    words[3] = raft->saving->term;
    words[4] = raft->machine->digest(raft->machine_self);
    for (unsigned i = 0; i < voters; i++) {
        words[WORDS + i] = raft->configuration.voters[i];
    }
    for (unsigned i = 0; i < WORDS + voters; i++) {
        words[i] = GUINT64_TO_LE(words[i]);
    }
    put(raft, slice_of(words, (WORDS + voters) * 8), fx);
}

/* The next piece of the picture, or the footer; and its SYNC. */
static void
write_piece(Raft *raft, Effects *fx)
{
    static const char *const names[1] = {RAFT_SNAPSHOT_SAVING};
    RaftSaving *saving = raft->saving;
    Bytes *piece = bytes_new(raft->settings.snapshot_chunk);
    size_t size =
        raft->machine->frozen_read(saving->frozen, piece->data, piece->size);

    g_assert(size <= piece->size && !saving->ended);
    saving->piece = piece;
    saving->picture += size;
    if (size > 0) {
        put(raft, slice_sub(slice_bytes(piece), 0, size), fx);
    }
    if (size < piece->size) {
        uint64_t *footer = effects_alloc(fx, FOOTER);

        footer[0] = GUINT64_TO_LE(saving->picture);
        XXH3_64bits_update(saving->hash, footer, 8);
        saving->checksum = XXH3_64bits_digest(saving->hash);
        footer[1] = GUINT64_TO_LE(saving->checksum);
        Slice part = slice_of(footer, FOOTER);
        effects_write(fx, RAFT_SNAPSHOT_SAVING, saving->size, &part, 1);
        saving->size += FOOTER;
        saving->ended = true;
    }
    if (BUG(RAFT_SNAPSHOT_NOT_SYNCED) && saving->ended) {
        raft_log_discard(&raft->log, g_steal_pointer(&saving->piece));
        finish(raft, fx);
        return;
    }
    saving->token = raft_token(raft);
    effects_sync(fx, saving->token, names, 1);
}

static void
put(Raft *raft, Slice part, Effects *fx)
{
    RaftSaving *saving = raft->saving;

    XXH3_64bits_update(saving->hash, part.data, part.size);
    effects_write(fx, RAFT_SNAPSHOT_SAVING, saving->size, &part, 1);
    saving->size += part.size;
}

/* The file is whole and durable: give it its name, and let go of what it
 * replaces. Directory changes survive in order, so the old snapshot and the
 * log files go only if the new name stays. */
static void
finish(Raft *raft, Effects *fx)
{
    RaftSaving *saving = raft->saving;
    RaftSnapshot old = raft->snapshot;

    SOMETIMES(fx, RAFT_SNAPSHOT_TAKEN);
    if (saving->index > old.index) {
        char *name = effects_alloc(fx, RAFT_SNAPSHOT_NAME_MAX);

        raft_snapshot_name(name, saving->index);
        effects_rename(fx, RAFT_SNAPSHOT_SAVING, name);
        if (old.index > 0) {
            char *old_name = effects_alloc(fx, RAFT_SNAPSHOT_NAME_MAX);

            raft_snapshot_name(old_name, old.index);
            effects_remove(fx, old_name);
        }
        raft->snapshot = (RaftSnapshot){saving->index, saving->term,
                                        saving->size, saving->checksum};
        raft_snapshot_compact(raft, fx);
    } else {
        /* A newer one was installed meanwhile. */
        SOMETIMES(fx, RAFT_SNAPSHOT_OVERTAKEN);
        effects_remove(fx, RAFT_SNAPSHOT_SAVING);
    }
    raft_snapshot_free(raft);
}

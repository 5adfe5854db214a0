/* SPDX-License-Identifier: Apache-2.0 */
/* Recovery: read vote, snapshot, the headers of the log's files, then the
 * files in the order they were made; SYNC what a crash of the process alone
 * may have left in the cache; begin as a follower. */
#include "nodes/raft/raft_recovery.h"

#include <string.h>

#include "nodes/bugs.h"
#include "nodes/probes.h"
#include "nodes/raft/raft_election.h"
#include "nodes/raft/raft_install.h"
#include "nodes/raft/raft_record.h"
#include "nodes/raft/raft_snapshot.h"
#include "nodes/raft/raft_storage.h"

#define SNAPSHOT_READ ((uint64_t)1024 * 1024)

typedef enum Stage {
    READ_VOTE,
    READ_SNAPSHOT,
    READ_HEADERS,
    READ_LOG,
    SYNC_ALL,
} Stage;

typedef struct LogFile {
    char name[RAFT_LOG_NAME_MAX];
    uint64_t size;
    uint64_t first_index; /* by its name */
    uint32_t epoch;
    bool good; /* the header is whole and agrees with the name */
    RaftFileHeader header;
} LogFile;

struct RaftRecovery {
    Stage stage;
    Token token;      /* of the one READ or SYNC under way */
    bool first_start; /* of this node, ever */
    bool has_vote_file;
    char snapshot_name[RAFT_SNAPSHOT_NAME_MAX];
    uint64_t snapshot_index, snapshot_size;
    GByteArray *snapshot;
    GArray *files; /* LogFile, by epoch and first index */
    /* Names of what stands for nothing any more. They go when nothing can
     * refuse any more: a refusal leaves the evidence, and the next start
     * refuses again. */
    GPtrArray *removals;
    unsigned cursor;
    bool began;   /* the log's first file was found */
    bool damaged; /* nothing behind here counts */
    bool rotten;  /* and no power loss can have left it so */
    uint64_t damage_offset;
    uint32_t damage_epoch;
    /* Where the first record stands that is of a newer term than the vote
     * file knows, and the largest stamp of the records that were taken. */
    uint64_t newer_offset, taken_stamp;
    /* The largest and least stamps found in files as new as the damage. */
    uint64_t stamp, least_stamp;
};

static void list_files(Raft *raft, const Input *input);
static void next_read(Raft *raft, Effects *fx);
static void take_snapshot(Raft *raft, Effects *fx);
static void choose_first(Raft *raft);
static void take_file(Raft *raft, LogFile *file, Slice bytes, Effects *fx);
static void keep_file(Raft *raft, const LogFile *file);
static bool begin_file(Raft *raft, const LogFile *file);
static size_t take_records(Raft *raft, const LogFile *file, uint64_t limit,
                           Slice bytes, Effects *fx);
static void damage(RaftRecovery *recovery, uint64_t offset, uint32_t epoch);
static void find_stamps(RaftRecovery *recovery, const LogFile *file,
                        Slice bytes, size_t from);
static void finish_log(Raft *raft, Effects *fx);
static bool go_on_in_file(const RaftRecovery *recovery, RaftLog *log);
static void remove_later(RaftRecovery *recovery, const char *name);
static void remove_now(const RaftRecovery *recovery, Effects *fx);
static void sync_all(Raft *raft, Effects *fx);
static void refuse(Raft *raft, uint64_t offset, const char *reason,
                   Effects *fx);
static void refuse_blank(Raft *raft, Effects *fx);
static int file_cmp(gconstpointer a, gconstpointer b);
static uint64_t limit_of(const RaftRecovery *recovery, unsigned number);

void
raft_recovery_begin(Raft *raft, const Input *input, Effects *fx)
{
    RaftRecovery *recovery = g_new0(RaftRecovery, 1);

    raft->phase = RAFT_RECOVERING;
    raft->recovery = recovery;
    recovery->least_stamp = recovery->newer_offset = UINT64_MAX;
    recovery->snapshot = g_byte_array_new();
    recovery->files = g_array_new(FALSE, TRUE, sizeof(LogFile));
    recovery->removals = g_ptr_array_new_with_free_func(g_free);
    recovery->first_start = input->start.incarnation == 1;
    list_files(raft, input);
    recovery->stage = READ_VOTE;
    if (!recovery->has_vote_file && !recovery->first_start) {
        refuse_blank(raft, fx);
    } else if (recovery->has_vote_file) {
        recovery->token = raft_token(raft);
        effects_read(fx, recovery->token, RAFT_VOTE_FILE, 0,
                     2 * RAFT_VOTE_SLOT);
    } else {
        recovery->stage = READ_SNAPSHOT;
        next_read(raft, fx);
    }
}

void
raft_recovery_read(Raft *raft, const Input *input, Effects *fx)
{
    RaftRecovery *recovery = raft->recovery;
    Slice bytes = input->read.bytes;
    LogFile *file;

    if (input->read.token != recovery->token) {
        raft_strange(raft, raft->self, RAFT_STRANGE_INPUT, fx);
        return;
    }
    if (input->read.error != 0) {
        raft_halt(raft, "raft: cannot read what was stored", fx);
        return;
    }
    switch (recovery->stage) {
    case READ_VOTE:
        if (!raft_storage_read_vote(raft, bytes)) {
            refuse(raft, 0, "raft: raft-vote is damaged; refusing to start",
                   fx);
            return;
        }
        if (raft->vote_counter == 0 && !recovery->first_start) {
            refuse_blank(raft, fx);
            return;
        }
        recovery->stage = READ_SNAPSHOT;
        break;
    case READ_SNAPSHOT:
        g_byte_array_append(recovery->snapshot, bytes.data, (guint)bytes.size);
        if (bytes.size == 0) {
            recovery->snapshot_size = recovery->snapshot->len;
        }
        break;
    case READ_HEADERS:
        file = &g_array_index(recovery->files, LogFile, recovery->cursor);
        file->good = raft_record_read_file_header(bytes, &file->header) &&
                     file->header.first_index == file->first_index &&
                     file->header.epoch == file->epoch;
        recovery->cursor++;
        break;
    case READ_LOG:
        file = &g_array_index(recovery->files, LogFile, recovery->cursor);
        take_file(raft, file, bytes, fx);
        recovery->cursor++;
        break;
    case SYNC_ALL:
        g_assert_not_reached();
    }
    next_read(raft, fx);
}

void
raft_recovery_synced(Raft *raft, Token token, int error, Effects *fx)
{
    uint64_t values[4];

    if (token != raft->recovery->token || raft->recovery->stage != SYNC_ALL) {
        raft_strange(raft, raft->self, RAFT_STRANGE_INPUT, fx);
        return;
    }
    if (error != 0) {
        raft_halt(raft, "raft: the disk cannot make log or vote durable", fx);
        return;
    }
    raft_recovery_free(raft);
    if (raft->vote != 0) {
        SOMETIMES(fx, RAFT_RECOVER_VOTED);
    }
    if (raft->snapshot.index > 0) {
        SOMETIMES(fx, RAFT_RECOVER_SNAPSHOT);
    }
    raft->vote_durable = raft->vote_written;
    raft->phase = RAFT_ACTIVE;
    values[0] = raft->term;
    values[1] = raft->vote;
    values[2] = raft->log.first_index;
    values[3] = raft->log.last_index;
    effects_probe(fx, PROBE_RAFT_RECOVER, values, 4, slice_of(NULL, 0));
    raft_election_start(raft, fx);
}

void
raft_recovery_free(Raft *raft)
{
    RaftRecovery *recovery = g_steal_pointer(&raft->recovery);

    if (recovery != NULL) {
        g_byte_array_unref(recovery->snapshot);
        g_array_unref(recovery->files);
        g_ptr_array_unref(recovery->removals);
        g_free(recovery);
    }
}

static void
list_files(Raft *raft, const Input *input)
{
    RaftRecovery *recovery = raft->recovery;

    for (unsigned i = 0; i < input->start.file_count; i++) {
        const FileInfo *info = &input->start.files[i];
        LogFile file = {.size = info->size};
        uint64_t index;

        if (strcmp(info->name, RAFT_VOTE_FILE) == 0) {
            recovery->has_vote_file = true;
        } else if (raft_record_parse_name(info->name, &file.first_index,
                                          &file.epoch)) {
            memcpy(file.name, info->name, RAFT_LOG_NAME_MAX);
            g_array_append_val(recovery->files, file);
            raft->log.epoch = MAX(raft->log.epoch, file.epoch);
        } else if (raft_snapshot_parse_name(info->name, &index)) {
            if (index > recovery->snapshot_index) {
                recovery->snapshot_index = index;
                recovery->snapshot_size = info->size;
            }
        }
    }
    /* Names differ in epoch or index, so this order is total. */
    g_array_sort(recovery->files, file_cmp);
    raft_snapshot_name(recovery->snapshot_name, recovery->snapshot_index);
    for (unsigned i = 0; i < input->start.file_count; i++) {
        const char *name = input->start.files[i].name;
        uint64_t index;

        if (strcmp(name, RAFT_SNAPSHOT_SAVING) == 0 ||
            strcmp(name, RAFT_SNAPSHOT_RECEIVING) == 0 ||
            (raft_snapshot_parse_name(name, &index) &&
             index < recovery->snapshot_index)) {
            remove_later(recovery, name);
        }
    }
}

/* Ask for what comes next, stage by stage. */
static void
next_read(Raft *raft, Effects *fx)
{
    RaftRecovery *recovery = raft->recovery;
    const LogFile *file;

    if (recovery->stage == READ_SNAPSHOT) {
        if (recovery->snapshot->len < recovery->snapshot_size) {
            recovery->token = raft_token(raft);
            effects_read(fx, recovery->token, recovery->snapshot_name,
                         recovery->snapshot->len, SNAPSHOT_READ);
            return;
        }
        if (recovery->snapshot_index > 0) {
            take_snapshot(raft, fx);
        }
        recovery->stage = READ_HEADERS;
    }
    if (raft->phase == RAFT_HALTED) {
        return;
    }
    if (recovery->stage == READ_HEADERS) {
        if (recovery->cursor < recovery->files->len) {
            file = &g_array_index(recovery->files, LogFile, recovery->cursor);
            recovery->token = raft_token(raft);
            effects_read(fx, recovery->token, file->name, 0, RAFT_LOG_HEADER);
            return;
        }
        choose_first(raft);
        recovery->stage = READ_LOG;
    }
    if (recovery->cursor < recovery->files->len) {
        file = &g_array_index(recovery->files, LogFile, recovery->cursor);
        recovery->token = raft_token(raft);
        effects_read(fx, recovery->token, file->name, 0, file->size);
        return;
    }
    finish_log(raft, fx);
    if (raft->phase != RAFT_HALTED) {
        recovery->stage = SYNC_ALL;
        sync_all(raft, fx);
    }
}

static void
take_snapshot(Raft *raft, Effects *fx)
{
    RaftRecovery *recovery = raft->recovery;
    Slice bytes = slice_of(recovery->snapshot->data, recovery->snapshot->len);
    RaftSnapshotView view;

    /* It was renamed after it was durable: it must be whole. */
    if (!raft_snapshot_parse(bytes, &view) ||
        view.index != recovery->snapshot_index ||
        !raft_snapshot_restore(raft, &view, bytes.size, fx)) {
        refuse(raft, 0, "raft: the snapshot is damaged; refusing to start", fx);
    }
    g_byte_array_set_size(recovery->snapshot, 0);
}

/* Files before the last one that starts a log are left from before a
 * snapshot took the log's place. */
static void
choose_first(Raft *raft)
{
    RaftRecovery *recovery = raft->recovery;
    unsigned first = 0;

    for (unsigned i = 0; i < recovery->files->len; i++) {
        LogFile *file = &g_array_index(recovery->files, LogFile, i);

        if (file->good && file->header.starts_log) {
            first = i;
        }
    }
    for (unsigned i = 0; i < first; i++) {
        remove_later(recovery, g_array_index(recovery->files, LogFile, i).name);
    }
    g_array_remove_range(recovery->files, 0, first);
    recovery->cursor = 0;
}

static void
take_file(Raft *raft, LogFile *file, Slice bytes, Effects *fx)
{
    RaftRecovery *recovery = raft->recovery;
    uint64_t limit = limit_of(recovery, recovery->cursor);
    size_t at = 0;

    if (file->first_index >= limit) {
        /* All of it was removed from the log. It goes with the entries
         * before it, when they are compacted; if they are gone already, a
         * crash came between. Files go in the order they were made, so that
         * what a later one stands for never comes back. */
        if (recovery->began) {
            keep_file(raft, file);
        } else {
            remove_later(recovery, file->name);
        }
        return;
    }
    if (!recovery->damaged && !file->good &&
        (!recovery->began || file->first_index == raft->log.last_index + 1)) {
        recovery->rotten |= !raft_record_is_torn(bytes, 0, RAFT_LOG_HEADER);
        damage(recovery, raft->log.end_offset, file->epoch);
    }
    if (!recovery->damaged && file->good && begin_file(raft, file)) {
        at = take_records(raft, file, limit, bytes, fx);
    }
    if (recovery->damaged) {
        find_stamps(recovery, file, bytes, at);
    }
    if (at > 0) {
        keep_file(raft, file);
    } else {
        remove_later(recovery, file->name);
    }
}

static void
keep_file(Raft *raft, const LogFile *file)
{
    RaftSegment *segment = g_new0(RaftSegment, 1);

    memcpy(segment->name, file->name, RAFT_LOG_NAME_MAX);
    segment->first_index = file->first_index;
    segment->epoch = file->epoch;
    segment->offset = file->header.offset;
    segment->last_write = raft->log.last_index;
    g_ptr_array_add(raft->log.segments, segment);
}

/* Does a file with a good header go on where the log ends? */
static bool
begin_file(Raft *raft, const LogFile *file)
{
    RaftRecovery *recovery = raft->recovery;
    RaftLog *log = &raft->log;

    if (!recovery->began) {
        recovery->began = true;
        log->first_index = file->first_index;
        log->last_index = file->first_index - 1;
        log->base_term = file->header.base_term;
        log->end_offset = file->header.offset;
        return true;
    }
    if (file->first_index != log->last_index + 1 ||
        file->header.offset != log->end_offset) {
        damage(recovery, log->end_offset, file->epoch);
        return false;
    }
    return true;
}

/* Take the records up to @limit; returns where the first that cannot be
 * taken begins. */
static size_t
take_records(Raft *raft, const LogFile *file, uint64_t limit, Slice bytes,
             Effects *fx)
{
    RaftLog *log = &raft->log;
    size_t at = RAFT_LOG_HEADER;
    RaftRecord record;

    while (log->last_index + 1 < limit && at < bytes.size) {
        uint64_t values[3];

        if (!raft_record_read(slice_sub(bytes, at, SIZE_MAX), &record) ||
            record.index != log->last_index + 1 ||
            record.epoch != file->epoch ||
            record.entry.term < raft_log_term(log, log->last_index)) {
            raft->recovery->rotten |= !raft_record_is_torn_record(bytes, at);
            damage(raft->recovery, log->end_offset, file->epoch);
            return at;
        }
        if (record.entry.term > raft->term &&
            raft->recovery->newer_offset == UINT64_MAX) {
            raft->recovery->newer_offset = log->end_offset;
        }
        raft->recovery->taken_stamp =
            MAX(raft->recovery->taken_stamp, record.durable);
        raft_log_append(log, &record.entry);
        values[0] = log->last_index;
        values[1] = record.entry.term;
        values[2] = record.entry.hash;
        effects_probe(fx, PROBE_RAFT_APPEND, values, 3, slice_of(NULL, 0));
        at += raft_record_size(&record.entry);
        log->end_offset += raft_record_size(&record.entry);
    }
    return at;
}

static void
damage(RaftRecovery *recovery, uint64_t offset, uint32_t epoch)
{
    g_assert(!recovery->damaged);
    recovery->damaged = true;
    recovery->damage_offset = offset;
    recovery->damage_epoch = epoch;
}

/* What do the header and the records behind the damage say was durable when
 * they were written? */
static void
find_stamps(RaftRecovery *recovery, const LogFile *file, Slice bytes,
            size_t from)
{
    if (file->epoch < recovery->damage_epoch) {
        return;
    }
    if (file->good) {
        recovery->stamp = MAX(recovery->stamp, file->header.durable);
    }
    for (size_t at = from; at + RAFT_LOG_RECORD <= bytes.size; at++) {
        RaftRecord record;

        if (raft_record_read_head(slice_sub(bytes, at, SIZE_MAX), &record) &&
            record.epoch == file->epoch) {
            recovery->stamp = MAX(recovery->stamp, record.durable);
            recovery->least_stamp = MIN(recovery->least_stamp, record.durable);
        }
    }
}

/* The log is read: is it whole, and does it fit the snapshot? */
static void
finish_log(Raft *raft, Effects *fx)
{
    RaftRecovery *recovery = raft->recovery;
    RaftLog *log = &raft->log;
    uint64_t index = raft->snapshot.index;

    if (!recovery->began) {
        /* The first file's own place is lost with its header: it is not
         * before what its first record knew to be durable. */
        recovery->damage_offset = recovery->least_stamp;
    }
    if (recovery->damaged &&
        (recovery->rotten || recovery->stamp > recovery->damage_offset) &&
        !BUG(RAFT_DAMAGED_LOG_CUT)) {
        refuse(raft, recovery->damage_offset,
               recovery->rotten
                   ? "raft: the log is damaged, and not by a power loss; "
                     "refusing to start"
                   : "raft: the log is damaged below what was known durable; "
                     "refusing to start",
               fx);
        return;
    }
    if (recovery->began && log->first_index > index + 1) {
        refuse(raft, log->end_offset,
               "raft: the log begins behind the snapshot; refusing to start",
               fx);
        return;
    }
    /* Entries of a newer term than the vote file knows were in one SYNC with
     * it, and in none that is known to be done: nothing was answered in that
     * term. If they are known durable, the vote file has lost something. */
    if (recovery->newer_offset < recovery->taken_stamp) {
        refuse(raft, recovery->newer_offset,
               "raft: raft-vote is older than the log; refusing to start", fx);
        return;
    }
    if (recovery->damaged) {
        SOMETIMES(fx, RAFT_RECOVER_TORN);
    }
    if (recovery->newer_offset != UINT64_MAX) {
        SOMETIMES(fx, RAFT_RECOVER_NEWER_TERM);
    }
    log->written_index = log->durable_index = log->last_index;
    log->durable_offset = log->end_offset;
    log->fresh_file =
        !BUG(RAFT_APPEND_BEHIND_TORN) || !go_on_in_file(recovery, log);
    log->starts_log = log->segments->len == 0;
    remove_now(recovery, fx);
    if (log->last_index < index ||
        raft_log_term(log, index) != raft->snapshot.term) {
        uint64_t from = log->first_index;

        effects_probe(fx, PROBE_RAFT_TRUNCATE, &from, 1, slice_of(NULL, 0));
        raft_log_reset(log, index, raft->snapshot.term, index, fx);
    }
    raft_snapshot_compact(raft, fx);
    /* The term is at least that of what was kept, without a vote in it, and
     * durable before anything is written behind. */
    if (raft_log_term(log, log->last_index) > raft->term) {
        raft->term = raft_log_term(log, log->last_index);
        raft->vote = 0;
        raft->vote_generation++;
        raft_storage_write_vote(raft, fx);
        recovery->has_vote_file = true;
    }
    /* A node is known by its vote file, from before it first says anything:
     * one that is gone later was lost, and with it perhaps a vote and entries
     * that were counted. */
    if (raft->vote_counter == 0) {
        raft_storage_write_vote(raft, fx);
        recovery->has_vote_file = true;
    }
}

/* The planted bug RAFT_APPEND_BEHIND_TORN: write on where the last file ends,
 * with what a crash tore between. */
static bool
go_on_in_file(const RaftRecovery *recovery, RaftLog *log)
{
    const RaftSegment *last;

    if (log->segments->len == 0) {
        return false;
    }
    last = g_ptr_array_index(log->segments, log->segments->len - 1);
    for (unsigned i = 0; i < recovery->files->len; i++) {
        const LogFile *file = &g_array_index(recovery->files, LogFile, i);

        if (strcmp(file->name, last->name) == 0 && file->epoch == log->epoch) {
            log->file_size = file->size;
            return true;
        }
    }
    return false;
}

static void
remove_later(RaftRecovery *recovery, const char *name)
{
    g_ptr_array_add(recovery->removals, g_strdup(name));
}

static void
remove_now(const RaftRecovery *recovery, Effects *fx)
{
    for (unsigned i = 0; i < recovery->removals->len; i++) {
        const char *name = g_ptr_array_index(recovery->removals, i);
        size_t size = strlen(name) + 1;

        effects_remove(fx, memcpy(effects_alloc(fx, size), name, size));
    }
}

static void
sync_all(Raft *raft, Effects *fx)
{
    RaftRecovery *recovery = raft->recovery;
    const char *names[SYNC_FILES_MAX];
    unsigned count = 0;

    /* No more files than that were ever waiting for a SYNC. */
    for (unsigned i = raft->log.segments->len;
         i > 0 && count < SYNC_FILES_MAX - 1; i--) {
        RaftSegment *segment = g_ptr_array_index(raft->log.segments, i - 1);

        names[count++] = segment->name;
    }
    if (recovery->has_vote_file) {
        names[count++] = RAFT_VOTE_FILE;
    }
    recovery->token = raft_token(raft);
    effects_sync(fx, recovery->token, names, count);
}

static void
refuse(Raft *raft, uint64_t offset, const char *reason, Effects *fx)
{
    SOMETIMES(fx, RAFT_RECOVER_REFUSED);
    effects_probe(fx, PROBE_RAFT_CORRUPT, &offset, 1, slice_of(NULL, 0));
    raft_halt(raft, reason, fx);
}

/* Not the first start, and nothing to know ourselves by: the disk was wiped or
 * replaced, or power was lost before our very first SYNC was done. We cannot
 * tell which, nor what we once promised, so we promise nothing more. */
static void
refuse_blank(Raft *raft, Effects *fx)
{
    SOMETIMES(fx, RAFT_RECOVER_REFUSED);
    raft_halt(raft,
              "raft: raft-vote is missing and this is not the first start: "
              "the disk lost its data; refusing to start",
              fx);
}

static int
file_cmp(gconstpointer a, gconstpointer b)
{
    const LogFile *x = a, *y = b;

    if (x->epoch != y->epoch) {
        return x->epoch < y->epoch ? -1 : 1;
    }
    return x->first_index < y->first_index ? -1
                                           : x->first_index > y->first_index;
}

/* The least index at which a later file begins: from there on it, not file
 * @number, is the log. */
static uint64_t
limit_of(const RaftRecovery *recovery, unsigned number)
{
    uint64_t limit = UINT64_MAX;

    for (unsigned i = number + 1; i < recovery->files->len; i++) {
        const LogFile *file = &g_array_index(recovery->files, LogFile, i);

        if (file->good) {
            limit = MIN(limit, file->first_index);
        }
    }
    return limit;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* The replicated log of one node: its recent entries in memory, and all that
 * the last snapshot does not cover in segment files on disk.
 *
 * In memory: a ring of entries first_index..last_index. What lies before is
 * known by the term of its last entry only (Raft section 7).
 *
 * On disk: files "raft-log-<first index>-<epoch>", a header of 64 bytes and
 * then records of 56 bytes and the entry's data. Nothing is ever written
 * twice at one place: when entries are removed (Raft section 5.3), and after
 * every restart, a new file of the next epoch begins at that index and
 * stands for everything from there on. So the old tail cannot tear the new.
 * `offset`s count bytes of records from the log's beginning, through all
 * files. A record carries the offset that was known durable when it was
 * written: damage below the largest such stamp is corruption, above it a
 * torn tail. */
#ifndef SEEDBED_RAFT_LOG_H
#define SEEDBED_RAFT_LOG_H

#include "nodes/effects.h"
#include "nodes/raft/raft_wire.h"

#define RAFT_LOG_NAME_MAX 32u
#define RAFT_LOG_HEADER   64u
#define RAFT_LOG_RECORD   56u
/* No entry's data is longer: two values of 1 MiB, a key, and room. */
#define RAFT_LOG_DATA_MAX (2u * 1024 * 1024 + 8192)

/* One file. It stands for first_index up to where the next one begins. */
typedef struct RaftSegment {
    char name[RAFT_LOG_NAME_MAX];
    uint64_t first_index;
    uint32_t epoch;
    bool dirty;          /* has bytes that are not known durable */
    uint64_t last_write; /* the last index written to it that counts */
    uint64_t offset;     /* of the log, where this file begins */
} RaftSegment;

typedef struct RaftLog {
    RaftEntry *entries; /* ring, mask + 1 slots; the slot of i is i & mask */
    uint64_t mask;
    uint64_t first_index; /* 1 + the last one dropped */
    uint64_t last_index;  /* first_index - 1 when empty */
    uint64_t base_term;   /* of entry first_index - 1 */

    GPtrArray *segments; /* RaftSegment, in the order they were made */
    unsigned dirty_from; /* segments before this place are not dirty */
    uint32_t epoch;
    bool fresh_file;    /* the next record begins a new file */
    bool starts_log;    /* which is the first of the log */
    uint64_t file_size; /* of the last segment */
    uint64_t written_index;
    uint64_t end_offset;    /* behind the last record written */
    uint64_t durable_index; /* everything up to here is on disk */
    uint64_t durable_offset;
    uint64_t segment_size;

    Bytes **trash; /* dropped, but effects of this step may show them */
    unsigned trash_count, trash_capacity;
} RaftLog;

void raft_log_init(RaftLog *log, uint64_t segment_size);
void raft_log_clear(RaftLog *log);

/* Release what earlier steps dropped: the first act of a step. */
void raft_log_begin_step(RaftLog *log);
/* Release @bytes at the beginning of the next step. Taken. */
void raft_log_discard(RaftLog *log, Bytes *bytes);

static inline const RaftEntry *
raft_log_at(const RaftLog *log, uint64_t index)
{
    g_assert(index >= log->first_index && index <= log->last_index);
    return &log->entries[index & log->mask];
}

/* The term of entry @index, first_index - 1 <= index <= last_index. */
static inline uint64_t
raft_log_term(const RaftLog *log, uint64_t index)
{
    if (index + 1 == log->first_index) {
        return log->base_term;
    }
    return raft_log_at(log, index)->term;
}

/* Add an entry in memory; raft_log_write() brings it to disk. entry->data is
 * kept (slice_keep). */
void raft_log_append(RaftLog *log, const RaftEntry *entry);
/* Remove entries @from..last_index: Raft section 5.3. */
void raft_log_truncate(RaftLog *log, uint64_t from);
/* Forget entries before @first_index in memory, and remove files that hold
 * nothing else. */
void raft_log_compact(RaftLog *log, uint64_t first_index, Effects *fx);
/* Forget everything: the log goes on after a snapshot's @index and @term. What
 * is durable of all that, by log or snapshot, ends at @durable. */
void raft_log_reset(RaftLog *log, uint64_t index, uint64_t term,
                    uint64_t durable, Effects *fx);
/* The next record begins a new file, however small the last one is. */
void raft_log_end_file(RaftLog *log);
/* The entries @from..@from + @count - 1 as one or two spans. */
unsigned raft_log_spans(const RaftLog *log, uint64_t from, unsigned count,
                        RaftSpan spans[2]);
/* The first index of @term's entries, given that @index is one of them. */
uint64_t raft_log_term_first(const RaftLog *log, uint64_t index);
/* The last index <= @limit whose term is <= @term; first_index - 1 at
 * least. */
uint64_t raft_log_term_last(const RaftLog *log, uint64_t limit, uint64_t term);

/* WRITE what is not written yet. */
void raft_log_write(RaftLog *log, Effects *fx);
/* Names of the files that a SYNC must cover, oldest first, at most @limit;
 * returns how many. @index and @offset: up to where it makes the log
 * durable. */
unsigned raft_log_dirty_files(const RaftLog *log, const char **names,
                              unsigned limit, uint64_t *index,
                              uint64_t *offset);
/* A SYNC issued when @index and @offset were the last written is done. */
void raft_log_durable(RaftLog *log, uint64_t index, uint64_t offset);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* The bytes of a log file: its header and its records. Little-endian; each
 * is guarded by XXH3-64, a record's data by the entry hash in its head. */
#ifndef SEEDBED_RAFT_RECORD_H
#define SEEDBED_RAFT_RECORD_H

#include "nodes/raft/raft_log.h"

typedef struct RaftFileHeader {
    uint64_t first_index;
    uint64_t offset;  /* of the log, where this file begins */
    uint64_t durable; /* known durable when this was written */
    uint32_t epoch;
    bool starts_log;    /* nothing before this file counts */
    uint64_t base_term; /* of entry first_index - 1 */
} RaftFileHeader;

typedef struct RaftRecord {
    uint64_t index;
    uint64_t durable; /* offset known durable when this was written */
    uint32_t epoch;
    RaftEntry entry; /* data borrowed from the file's bytes */
} RaftRecord;

void raft_record_file_header(uint8_t out[RAFT_LOG_HEADER],
                             const RaftFileHeader *header);
bool raft_record_read_file_header(Slice bytes, RaftFileHeader *header);

void raft_record_head(uint8_t out[RAFT_LOG_RECORD], uint64_t index,
                      uint64_t durable, uint32_t epoch, const RaftEntry *entry);
/* The record at the beginning of @bytes: false when there is none whole. */
bool raft_record_read(Slice bytes, RaftRecord *record);
/* Look for a record head at the beginning of @bytes, whatever its data. */
bool raft_record_read_head(Slice bytes, RaftRecord *record);

/* A device writes a sector whole or not at all, and files only grow, so what a
 * power loss left out reads as zero, or is not there. */
#define RAFT_RECORD_SECTOR 512u

/* Whether a power loss can have left of @file what stands in the @size bytes
 * at @at: in one of their sectors all of them are zero, or beyond the end.
 * Bytes that are wrong otherwise were damaged later. */
bool raft_record_is_torn(Slice file, size_t at, size_t size);
/* The same for the record at @at, which cannot be taken. */
bool raft_record_is_torn_record(Slice file, size_t at);

/* Bytes of an entry on disk. */
static inline uint64_t
raft_record_size(const RaftEntry *entry)
{
    return RAFT_LOG_RECORD + entry->data.size;
}

/* "raft-log-<first index, 13 digits>-<epoch, 8 hex digits>". */
void raft_record_name(char out[RAFT_LOG_NAME_MAX], uint64_t first_index,
                      uint32_t epoch);
bool raft_record_parse_name(const char *name, uint64_t *first_index,
                            uint32_t *epoch);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* Layouts, little-endian 64-bit words.
 * File header: magic, version | flags << 32, first index, offset, durable
 * stamp, epoch, base term, checksum of the seven before.
 * Record head: size | kind << 32, index, term, durable stamp, epoch | magic
 * << 32, entry hash, checksum of the six before. */
#include "nodes/raft/raft_record.h"

#include <glib.h>
#include <string.h>

#include "nodes/hash.h"

#define FILE_MAGIC   UINT64_C(0x3130474f4c464152) /* "RAFLOG01" */
#define FILE_VERSION 1u
#define FLAG_STARTS  1u
#define RECORD_MAGIC UINT64_C(0x52454352) /* "RCER" */
#define FILE_WORDS   (RAFT_LOG_HEADER / 8)
#define RECORD_WORDS (RAFT_LOG_RECORD / 8)

static void put_words(uint8_t *out, uint64_t *words, unsigned count,
                      uint64_t seed);
static bool get_words(Slice bytes, uint64_t *words, unsigned count,
                      uint64_t seed);

void
raft_record_file_header(uint8_t out[RAFT_LOG_HEADER],
                        const RaftFileHeader *header)
{
    uint64_t words[FILE_WORDS] = {
        FILE_MAGIC,
        FILE_VERSION | (uint64_t)(header->starts_log ? FLAG_STARTS : 0) << 32,
        header->first_index,
        header->offset,
        header->durable,
        header->epoch,
        header->base_term,
        0,
    };

    put_words(out, words, FILE_WORDS, FILE_MAGIC);
}

bool
raft_record_read_file_header(Slice bytes, RaftFileHeader *header)
{
    uint64_t words[FILE_WORDS];

    if (!get_words(bytes, words, FILE_WORDS, FILE_MAGIC) ||
        words[0] != FILE_MAGIC || (uint32_t)words[1] != FILE_VERSION) {
        return false;
    }
    *header = (RaftFileHeader){
        .starts_log = (words[1] >> 32 & FLAG_STARTS) != 0,
        .first_index = words[2],
        .offset = words[3],
        .durable = words[4],
        .epoch = (uint32_t)words[5],
        .base_term = words[6],
    };
    return true;
}

void
raft_record_head(uint8_t out[RAFT_LOG_RECORD], uint64_t index, uint64_t durable,
                 uint32_t epoch, const RaftEntry *entry)
{
    uint64_t words[RECORD_WORDS] = {
        entry->data.size | (uint64_t)entry->kind << 32,
        index,
        entry->term,
        durable,
        epoch | RECORD_MAGIC << 32,
        entry->hash,
        0,
    };

    put_words(out, words, RECORD_WORDS, 0);
}

bool
raft_record_read_head(Slice bytes, RaftRecord *record)
{
    uint64_t words[RECORD_WORDS];
    uint32_t magic;

    if (bytes.size < RAFT_LOG_RECORD) {
        return false;
    }
    memcpy(&magic, bytes.data + 36, 4);
    if (GUINT32_FROM_LE(magic) != RECORD_MAGIC ||
        !get_words(bytes, words, RECORD_WORDS, 0)) {
        return false;
    }
    *record = (RaftRecord){
        .index = words[1],
        .durable = words[3],
        .epoch = (uint32_t)words[4],
        .entry = {.term = words[2],
                  .hash = words[5],
                  .kind = (RaftEntryKind)(words[0] >> 32),
                  .data = {bytes.data + RAFT_LOG_RECORD, (uint32_t)words[0],
                           bytes.owner}},
    };
    return record->entry.kind <= RAFT_CONFIGURATION &&
           record->entry.data.size <= RAFT_LOG_DATA_MAX;
}

bool
raft_record_read(Slice bytes, RaftRecord *record)
{
    return raft_record_read_head(bytes, record) &&
           record->entry.data.size <= bytes.size - RAFT_LOG_RECORD &&
           raft_wire_entry_hash(record->entry.kind, record->entry.data) ==
               record->entry.hash;
}

bool
raft_record_is_torn(Slice file, size_t at, size_t size)
{
    size_t end = at + size;

    while (at < end) {
        size_t next = (at / RAFT_RECORD_SECTOR + 1) * RAFT_RECORD_SECTOR;
        bool blank = true;

        next = MIN(next, end);
        for (; at < next; at++) {
            blank = blank && (at >= file.size || file.data[at] == 0);
        }
        if (blank) {
            return true;
        }
    }
    return end > file.size;
}

bool
raft_record_is_torn_record(Slice file, size_t at)
{
    RaftRecord record;

    if (raft_record_is_torn(file, at, RAFT_LOG_RECORD)) {
        return true;
    }
    return raft_record_read_head(slice_sub(file, at, SIZE_MAX), &record) &&
           raft_record_is_torn(file, at + RAFT_LOG_RECORD,
                               record.entry.data.size);
}

void
raft_record_name(char out[RAFT_LOG_NAME_MAX], uint64_t first_index,
                 uint32_t epoch)
{
    int length;

    g_assert(first_index < UINT64_C(10000000000000));
    length = g_snprintf(out, RAFT_LOG_NAME_MAX,
                        "raft-log-%013" G_GUINT64_FORMAT "-%08x", first_index,
                        epoch);
    g_assert(length == (int)FILE_NAME_MAX);
}

bool
raft_record_parse_name(const char *name, uint64_t *first_index, uint32_t *epoch)
{
    char again[RAFT_LOG_NAME_MAX];

    if (!g_str_has_prefix(name, "raft-log-") || strlen(name) != FILE_NAME_MAX) {
        return false;
    }
    *first_index = g_ascii_strtoull(name + 9, NULL, 10);
    *epoch = (uint32_t)g_ascii_strtoull(name + 23, NULL, 16);
    if (*first_index >= UINT64_C(10000000000000)) {
        return false;
    }
    raft_record_name(again, *first_index, *epoch);
    return strcmp(again, name) == 0;
}

static void
put_words(uint8_t *out, uint64_t *words, unsigned count, uint64_t seed)
{
    words[count - 1] = hash_words(words, count - 1, seed);
    for (unsigned i = 0; i < count; i++) {
        uint64_t word = GUINT64_TO_LE(words[i]);

        memcpy(out + i * 8, &word, 8);
    }
}

static bool
get_words(Slice bytes, uint64_t *words, unsigned count, uint64_t seed)
{
    if (bytes.size < count * 8) {
        return false;
    }
    memcpy(words, bytes.data, count * 8);
    for (unsigned i = 0; i < count; i++) {
        words[i] = GUINT64_FROM_LE(words[i]);
    }
    return words[count - 1] == hash_words(words, count - 1, seed);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* The rolling 128-bit digest of a run (XXH3-128, as `xxh128sum` computes it)
 * with checkpoints. Two runs are alike exactly when their digests are; where
 * they are not, the first differing checkpoint says between which events.
 *
 * The value depends on the bytes appended, not on how they were cut up.
 * Appending is cheap however small the pieces: they gather in a buffer that
 * is hashed when full. Numbers are appended little-endian. */
#ifndef SEEDBED_DIGEST_H
#define SEEDBED_DIGEST_H

#include <glib.h>
#include <string.h>

#include "nodes/node.h"

/* Small enough to stay in the first-level cache until it is hashed. */
#define DIGEST_BUFFER_SIZE ((size_t)4 * 1024)
#define DIGEST_TEXT_SIZE   33u /* 32 hex digits and a NUL */

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__,
               "the digest of a big-endian host would differ");

typedef struct DigestValue {
    uint64_t high, low;
} DigestValue;

/* The digest after @event events, the last of them at @at. */
typedef struct DigestCheckpoint {
    uint64_t event;
    SimTime at;
    DigestValue value;
} DigestCheckpoint;

typedef struct Digest {
    uint8_t *buffer; /* DIGEST_BUFFER_SIZE */
    size_t used;
    struct XXH3_state_s *state;
    uint64_t events;
    uint64_t interval;   /* events between checkpoints; 0: none are taken */
    GArray *checkpoints; /* of DigestCheckpoint */
} Digest;

/* Of no bytes yet, a checkpoint after every @interval-th event, or none when
 * @interval is 0. Release with digest_clear(). */
void digest_init(Digest *digest, uint64_t interval);
void digest_clear(Digest *digest);

/* Hash what is in the buffer: for the functions below. */
void digest_flush(Digest *digest);
void digest_bytes(Digest *digest, const void *data, size_t size);

/* Where to write up to @size bytes (at most DIGEST_BUFFER_SIZE) that
 * digest_wrote() then counts: one check of the room for many numbers. */
static inline uint8_t *
digest_room(Digest *digest, size_t size)
{
    if (size > DIGEST_BUFFER_SIZE - digest->used) {
        digest_flush(digest);
    }
    return digest->buffer + digest->used;
}

static inline void
digest_wrote(Digest *digest, const uint8_t *end)
{
    digest->used = (size_t)(end - digest->buffer);
}

static inline uint8_t *
digest_put_u64(uint8_t *out, uint64_t value)
{
    memcpy(out, &value, sizeof(value));
    return out + sizeof(value);
}

static inline uint8_t *
digest_put_u32(uint8_t *out, uint32_t value)
{
    memcpy(out, &value, sizeof(value));
    return out + sizeof(value);
}

static inline void
digest_u64(Digest *digest, uint64_t value)
{
    if (digest->used + sizeof(value) > DIGEST_BUFFER_SIZE) {
        digest_flush(digest);
    }
    memcpy(digest->buffer + digest->used, &value, sizeof(value));
    digest->used += sizeof(value);
}

static inline void
digest_u32(Digest *digest, uint32_t value)
{
    if (digest->used + sizeof(value) > DIGEST_BUFFER_SIZE) {
        digest_flush(digest);
    }
    memcpy(digest->buffer + digest->used, &value, sizeof(value));
    digest->used += sizeof(value);
}

static inline void
digest_u8(Digest *digest, uint8_t value)
{
    if (digest->used == DIGEST_BUFFER_SIZE) {
        digest_flush(digest);
    }
    digest->buffer[digest->used++] = value;
}

/* The length as u64, then the bytes: no two lists of slices look alike. */
void digest_slice(Digest *digest, Slice slice);

/* All that belongs to one more event, at @at, has been appended. */
void digest_event(Digest *digest, SimTime at);

/* The digest so far; appending may go on. */
DigestValue digest_value(Digest *digest);

static inline bool
digest_equal(DigestValue left, DigestValue right)
{
    return left.high == right.high && left.low == right.low;
}

/* 32 lower-case hex digits. */
void digest_text(DigestValue value, char text[DIGEST_TEXT_SIZE]);
/* The inverse, of exactly 32 hex digits of either case at @text; false for
 * anything else. Need not be NUL-terminated at 32. */
bool digest_parse(const char *text, DigestValue *value);

/* Writes the checkpoints to @path, one line each: event, at in nanoseconds,
 * digest. The file is replaced whole or not at all. False: @error. */
bool digest_checkpoints_save(const Digest *digest, const char *path,
                             GError **error);
/* Reads them back, checked. Returns an array of DigestCheckpoint that the
 * caller owns (g_array_unref), or NULL and a one-line @error that names file,
 * line and what was wrong. */
GArray *digest_checkpoints_load(const char *path, GError **error);

#endif

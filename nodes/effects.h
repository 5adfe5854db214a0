/* SPDX-License-Identifier: Apache-2.0 */
/* What a node wants done: an ordered list of effects.
 *
 * Effects are carried out in list order by the simulator or the live host,
 * each after the one before it, except that an effect with `after = token`
 * waits until that token's SYNC is durable and holds back nothing behind it.
 * Effects released together leave in list order; a crash discards the
 * waiting ones; after a failed SYNC they are dropped and the node is told.
 * So "persist, then answer" is data that a test can read.
 *
 * Slices given to these functions must stay valid until the step returns:
 * they are constants, parts of the input, of the node's own kept buffers, or
 * of effects_alloc(). Every function returns the effect so that a caller may
 * write effects_send(...)->after = token. The pointer is valid until the next
 * call. */
#ifndef SEEDBED_EFFECTS_H
#define SEEDBED_EFFECTS_H

#include "nodes/node.h"

typedef enum EffectKind {
    EFFECT_SEND = 1,
    EFFECT_TIMER, /* replaces the timer of that id; at SIM_NEVER cancels */
    EFFECT_WRITE,
    EFFECT_TRUNCATE, /* to `size` bytes, shorter or longer */
    EFFECT_ALLOCATE, /* reserve space; content reads as zero */
    EFFECT_RENAME,   /* atomic, replaces the target */
    EFFECT_REMOVE,
    EFFECT_SYNC, /* covers all earlier changes of the files, and every
                  * earlier change of the directory */
    EFFECT_READ, /* sees all earlier WRITEs; answered by INPUT_READ */
    EFFECT_OPEN, /* a stream; answered by INPUT_LINK */
    EFFECT_CLOSE,
    EFFECT_PAUSE,  /* stop (or go on) taking bytes from a stream */
    EFFECT_SPAWN,  /* a process; answered by INPUT_CHILD */
    EFFECT_SIGNAL, /* to a spawned process */
    EFFECT_LOCAL,  /* to another protocol of the member, same step, FIFO */
    EFFECT_PROBE,  /* a fact for checks and traces; changes nothing */
    EFFECT_HALT,   /* the node cannot go on; says why */
} EffectKind;

#define PROBE_VALUES_MAX 6u
#define SYNC_FILES_MAX   8u

typedef struct Effect {
    EffectKind kind;
    uint32_t part_count;
    Token after;  /* 0: at once */
    Slice *parts; /* SEND, WRITE: the bytes; SYNC: file names; SPAWN:
                   * arguments; LOCAL, HALT, PROBE: one slice */
    union {
        struct {
            LinkId link;
            Channel channel;
        } send;
        struct {
            TimerId id;
            SimTime at; /* on the node's monotonic clock */
        } timer;
        struct {
            const char *file;
            uint64_t offset; /* WRITE, READ */
            uint64_t size;   /* TRUNCATE, ALLOCATE, READ */
            Token token;     /* READ */
            const char *to;  /* RENAME */
        } disk;
        struct {
            Token token;
        } sync;
        struct {
            LinkId link;
            bool paused; /* PAUSE */
        } stream;
        struct {
            Token token;
            int number; /* SIGNAL */
        } child;
        struct {
            Channel to;
            Channel from; /* filled in by member.h */
        } local;
        struct {
            uint32_t id; /* probes.h */
            uint32_t count;
            uint64_t values[PROBE_VALUES_MAX];
        } probe;
    };
} Effect;

typedef struct Effects {
    Effect *items;
    unsigned count;
    unsigned capacity;
    struct EffectsBlock *blocks; /* arena */
} Effects;

void effects_init(Effects *fx);
/* Forget all effects and reuse the memory: the carrier's, after each step. */
void effects_reset(Effects *fx);
void effects_clear(Effects *fx);

/* Scratch memory that lives as long as the step's effects. 16-byte aligned,
 * content undefined. */
void *effects_alloc(Effects *fx, size_t size);

/* @parts are sent as one datagram of at most DATAGRAM_MAX bytes, or appended
 * to a stream. The array is copied, the bytes are not. */
Effect *effects_send(Effects *fx, LinkId link, Channel channel,
                     const Slice *parts, unsigned part_count);
Effect *effects_timer(Effects *fx, TimerId id, SimTime at);
/* @file must stay valid like a slice. */
Effect *effects_write(Effects *fx, const char *file, uint64_t offset,
                      const Slice *parts, unsigned part_count);
Effect *effects_truncate(Effects *fx, const char *file, uint64_t size);
Effect *effects_allocate(Effects *fx, const char *file, uint64_t size);
Effect *effects_rename(Effects *fx, const char *from, const char *to);
Effect *effects_remove(Effects *fx, const char *file);
/* 0..SYNC_FILES_MAX files; with none, the directory alone. */
Effect *effects_sync(Effects *fx, Token token, const char *const *files,
                     unsigned file_count);
Effect *effects_read(Effects *fx, Token token, const char *file,
                     uint64_t offset, uint64_t size);
Effect *effects_open(Effects *fx, LinkId link);
Effect *effects_close(Effects *fx, LinkId link);
Effect *effects_pause(Effects *fx, LinkId link, bool paused);
Effect *effects_spawn(Effects *fx, Token token, const Slice *arguments,
                      unsigned argument_count);
Effect *effects_signal(Effects *fx, Token token, int number);
Effect *effects_local(Effects *fx, Channel to, Slice bytes);
/* A fact. @values beyond @count are zero; @payload may be empty. */
Effect *effects_probe(Effects *fx, uint32_t id, const uint64_t *values,
                      unsigned count, Slice payload);
Effect *effects_halt(Effects *fx, const char *reason);

/* Total bytes of an effect's parts. */
size_t effects_parts_size(const Effect *effect);
/* Copy an effect's parts one behind the other to @out. */
void effects_parts_gather(const Effect *effect, uint8_t *out);

#endif

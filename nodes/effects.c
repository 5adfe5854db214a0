/* SPDX-License-Identifier: Apache-2.0 */
/* The list of effects and its arena. A step costs no malloc once the list and
 * the first block have grown to what the program needs. */
#include "nodes/effects.h"

#include <glib.h>
#include <string.h>

#define BLOCK_SIZE ((size_t)32 * 1024)

typedef struct EffectsBlock {
    struct EffectsBlock *next;
    size_t size, used;
    _Alignas(16) uint8_t data[];
} EffectsBlock;

static Effect *add(Effects *fx, EffectKind kind);
static void set_parts(Effects *fx, Effect *effect, const Slice *parts,
                      unsigned part_count);
static EffectsBlock *block_new(size_t size, EffectsBlock *next);

Effect *
effects_send(Effects *fx, LinkId link, Channel channel, const Slice *parts,
             unsigned part_count)
{
    Effect *effect = add(fx, EFFECT_SEND);

    g_assert(channel >= 1 && channel <= CHANNEL_MAX);
    effect->send.link = link;
    effect->send.channel = channel;
    set_parts(fx, effect, parts, part_count);
    return effect;
}

Effect *
effects_timer(Effects *fx, TimerId id, SimTime at)
{
    Effect *effect = add(fx, EFFECT_TIMER);

    effect->timer.id = id;
    effect->timer.at = at;
    return effect;
}

Effect *
effects_write(Effects *fx, const char *file, uint64_t offset,
              const Slice *parts, unsigned part_count)
{
    Effect *effect = add(fx, EFFECT_WRITE);

    effect->disk.file = file;
    effect->disk.offset = offset;
    set_parts(fx, effect, parts, part_count);
    return effect;
}

Effect *
effects_truncate(Effects *fx, const char *file, uint64_t size)
{
    Effect *effect = add(fx, EFFECT_TRUNCATE);

    effect->disk.file = file;
    effect->disk.size = size;
    return effect;
}

Effect *
effects_allocate(Effects *fx, const char *file, uint64_t size)
{
    Effect *effect = add(fx, EFFECT_ALLOCATE);

    effect->disk.file = file;
    effect->disk.size = size;
    return effect;
}

Effect *
effects_rename(Effects *fx, const char *from, const char *to)
{
    Effect *effect = add(fx, EFFECT_RENAME);

    effect->disk.file = from;
    effect->disk.to = to;
    return effect;
}

Effect *
effects_remove(Effects *fx, const char *file)
{
    Effect *effect = add(fx, EFFECT_REMOVE);

    effect->disk.file = file;
    return effect;
}

Effect *
effects_sync(Effects *fx, Token token, const char *const *files,
             unsigned file_count)
{
    Effect *effect = add(fx, EFFECT_SYNC);
    Slice names[SYNC_FILES_MAX];

    g_assert(token != 0 && file_count <= SYNC_FILES_MAX);
    for (unsigned i = 0; i < file_count; i++) {
        names[i] = slice_of(files[i], strlen(files[i]));
    }
    effect->sync.token = token;
    set_parts(fx, effect, names, file_count);
    return effect;
}

Effect *
effects_read(Effects *fx, Token token, const char *file, uint64_t offset,
             uint64_t size)
{
    Effect *effect = add(fx, EFFECT_READ);

    g_assert(token != 0);
    effect->disk.token = token;
    effect->disk.file = file;
    effect->disk.offset = offset;
    effect->disk.size = size;
    return effect;
}

Effect *
effects_open(Effects *fx, LinkId link)
{
    Effect *effect = add(fx, EFFECT_OPEN);

    g_assert(link_is_stream(link) && (link & LINK_ACCEPTED) == 0);
    effect->stream.link = link;
    return effect;
}

Effect *
effects_close(Effects *fx, LinkId link)
{
    Effect *effect = add(fx, EFFECT_CLOSE);

    effect->stream.link = link;
    return effect;
}

Effect *
effects_pause(Effects *fx, LinkId link, bool paused)
{
    Effect *effect = add(fx, EFFECT_PAUSE);

    effect->stream.link = link;
    effect->stream.paused = paused;
    return effect;
}

Effect *
effects_spawn(Effects *fx, Token token, const Slice *arguments,
              unsigned argument_count)
{
    Effect *effect = add(fx, EFFECT_SPAWN);

    g_assert(token != 0 && argument_count > 0);
    effect->child.token = token;
    set_parts(fx, effect, arguments, argument_count);
    return effect;
}

Effect *
effects_signal(Effects *fx, Token token, int number)
{
    Effect *effect = add(fx, EFFECT_SIGNAL);

    effect->child.token = token;
    effect->child.number = number;
    return effect;
}

Effect *
effects_local(Effects *fx, Channel to, Slice bytes)
{
    Effect *effect = add(fx, EFFECT_LOCAL);

    effect->local.to = to;
    effect->local.from = 0;
    set_parts(fx, effect, &bytes, 1);
    return effect;
}

Effect *
effects_probe(Effects *fx, uint32_t id, const uint64_t *values, unsigned count,
              Slice payload)
{
    Effect *effect = add(fx, EFFECT_PROBE);

    g_assert(count <= PROBE_VALUES_MAX);
    effect->probe.id = id;
    effect->probe.count = count;
    memset(effect->probe.values, 0, sizeof(effect->probe.values));
    for (unsigned i = 0; i < count; i++) {
        effect->probe.values[i] = values[i];
    }
    if (payload.size > 0) {
        set_parts(fx, effect, &payload, 1);
    }
    return effect;
}

Effect *
effects_halt(Effects *fx, const char *reason)
{
    Effect *effect = add(fx, EFFECT_HALT);
    Slice text = slice_text(reason);

    set_parts(fx, effect, &text, 1);
    return effect;
}

size_t
effects_parts_size(const Effect *effect)
{
    size_t size = 0;

    for (unsigned i = 0; i < effect->part_count; i++) {
        size += effect->parts[i].size;
    }
    return size;
}

void
effects_parts_gather(const Effect *effect, uint8_t *out)
{
    for (unsigned i = 0; i < effect->part_count; i++) {
        if (effect->parts[i].size > 0) {
            memcpy(out, effect->parts[i].data, effect->parts[i].size);
            out += effect->parts[i].size;
        }
    }
}

void *
effects_alloc(Effects *fx, size_t size)
{
    EffectsBlock *block = fx->blocks;
    void *memory;

    size = (size + 15) & ~(size_t)15;
    if (block == NULL || block->size - block->used < size) {
        block = block_new(MAX(size, BLOCK_SIZE), block);
        fx->blocks = block;
    }
    memory = block->data + block->used;
    block->used += size;
    return memory;
}

static Effect *
add(Effects *fx, EffectKind kind)
{
    Effect *effect;

    if (fx->count == fx->capacity) {
        fx->capacity = fx->capacity == 0 ? 16 : fx->capacity * 2;
        fx->items = g_renew(Effect, fx->items, fx->capacity);
    }
    effect = &fx->items[fx->count++];
    effect->kind = kind;
    effect->part_count = 0;
    effect->after = 0;
    effect->parts = NULL;
    return effect;
}

static void
set_parts(Effects *fx, Effect *effect, const Slice *parts, unsigned part_count)
{
    effect->parts = effects_alloc(fx, part_count * sizeof(Slice));
    effect->part_count = part_count;
    for (unsigned i = 0; i < part_count; i++) {
        effect->parts[i].data = parts[i].data;
        effect->parts[i].size = parts[i].size;
        effect->parts[i].owner = parts[i].owner;
    }
}

static EffectsBlock *
block_new(size_t size, EffectsBlock *next)
{
    EffectsBlock *block = g_malloc(sizeof(EffectsBlock) + size);

    block->next = next;
    block->size = size;
    block->used = 0;
    return block;
}

void
effects_reset(Effects *fx)
{
    fx->count = 0;
    /* Keep the oldest block, which has the standard size unless the very
     * first request was larger. */
    while (fx->blocks != NULL && fx->blocks->next != NULL) {
        EffectsBlock *next = fx->blocks->next;

        g_free(fx->blocks);
        fx->blocks = next;
    }
    if (fx->blocks != NULL) {
        fx->blocks->used = 0;
    }
}

void
effects_init(Effects *fx)
{
    *fx = (Effects){NULL, 0, 0, NULL};
}

void
effects_clear(Effects *fx)
{
    while (fx->blocks != NULL) {
        EffectsBlock *next = fx->blocks->next;

        g_free(fx->blocks);
        fx->blocks = next;
    }
    g_free(fx->items);
    effects_init(fx);
}

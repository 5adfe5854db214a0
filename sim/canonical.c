/* SPDX-License-Identifier: Apache-2.0 */
/* One event as bytes. Every field is written on its own: no struct, hence no
 * padding, is ever hashed. */
#include "sim/canonical.h"

#include <string.h>

#include "nodes/hash.h"

static void put_input(Digest *digest, const Input *input);
static void put_effect(Digest *digest, const Effect *effect);
static void put_fact(Digest *digest, const Fact *fact);
static void put_slice(Digest *digest, Slice slice);
static void put_parts(Digest *digest, const Effect *effect);
static void put_name(Digest *digest, const char *name);

void
canonical_record(Digest *digest, const Record *record)
{
    const Event *event = record->event;
    uint8_t *out = digest_room(digest, 28);

    out = digest_put_u64(out, event->at);
    out = digest_put_u64(out, event->order1);
    out = digest_put_u64(out, event->order2);
    out = digest_put_u32(out, event->kind);
    digest_wrote(digest, out);
    if (record->input != NULL) {
        put_input(digest, record->input);
        for (unsigned i = 0; i < record->fx->count; i++) {
            if (record->fx->items[i].kind != EFFECT_PROBE) {
                put_effect(digest, &record->fx->items[i]);
            }
        }
    }
    /* What the world did by itself; what follows from effects is in them. */
    for (unsigned i = 0; i < record->fact_count; i++) {
        if (record->facts[i].kind >= FACT_LOST) {
            put_fact(digest, &record->facts[i]);
        }
    }
    digest_event(digest, event->at);
}

static void
put_input(Digest *digest, const Input *input)
{
    uint8_t *out = digest_room(digest, 36);

    out = digest_put_u32(out, (uint32_t)input->kind);
    out = digest_put_u64(out, input->now);
    out = digest_put_u64(out, input->wall);
    out = digest_put_u64(out, input->dice.key);
    out = digest_put_u64(out, input->dice.counter);
    digest_wrote(digest, out);
    switch (input->kind) {
    case INPUT_START:
        digest_u64(digest, input->start.incarnation);
        digest_u32(digest, input->start.file_count);
        for (unsigned i = 0; i < input->start.file_count; i++) {
            put_name(digest, input->start.files[i].name);
            digest_u64(digest, input->start.files[i].size);
        }
        break;
    case INPUT_MESSAGE:
        digest_u64(digest, input->message.link);
        digest_u32(digest, input->message.channel);
        put_slice(digest, input->message.bytes);
        break;
    case INPUT_TIMER:
        digest_u64(digest, input->timer.id);
        break;
    case INPUT_SYNCED:
        digest_u64(digest, input->synced.token);
        digest_u32(digest, (uint32_t)input->synced.error);
        break;
    case INPUT_READ:
        digest_u64(digest, input->read.token);
        digest_u32(digest, (uint32_t)input->read.error);
        put_slice(digest, input->read.bytes);
        break;
    case INPUT_LINK:
        digest_u64(digest, input->link.link);
        digest_u32(digest, (uint32_t)input->link.state);
        break;
    case INPUT_ROOM:
        digest_u64(digest, input->room.link);
        break;
    case INPUT_CHILD:
        digest_u64(digest, input->child.token);
        digest_u8(digest, input->child.exited);
        digest_u32(digest, (uint32_t)input->child.status);
        put_slice(digest, input->child.bytes);
        break;
    case INPUT_CONFIG:
        put_slice(digest, input->config.bytes);
        break;
    case INPUT_MEMORY:
        digest_u64(digest, input->memory.budget);
        break;
    case INPUT_LOCAL:
        digest_u32(digest, input->local.from);
        put_slice(digest, input->local.bytes);
        break;
    case INPUT_STOP:
        break;
    }
}

static void
put_effect(Digest *digest, const Effect *effect)
{
    uint8_t *out = digest_room(digest, 28);

    out = digest_put_u32(out, (uint32_t)effect->kind);
    out = digest_put_u64(out, effect->after);
    if (effect->kind == EFFECT_SEND) {
        out = digest_put_u64(out, effect->send.link);
        out = digest_put_u32(out, effect->send.channel);
    } else if (effect->kind == EFFECT_TIMER) {
        out = digest_put_u64(out, effect->timer.id);
        out = digest_put_u64(out, effect->timer.at);
    }
    digest_wrote(digest, out);
    switch (effect->kind) {
    case EFFECT_SEND:
        put_parts(digest, effect);
        break;
    case EFFECT_TIMER:
        break;
    case EFFECT_WRITE:
        put_name(digest, effect->disk.file);
        digest_u64(digest, effect->disk.offset);
        put_parts(digest, effect);
        break;
    case EFFECT_TRUNCATE:
    case EFFECT_ALLOCATE:
        put_name(digest, effect->disk.file);
        digest_u64(digest, effect->disk.size);
        break;
    case EFFECT_RENAME:
        put_name(digest, effect->disk.file);
        put_name(digest, effect->disk.to);
        break;
    case EFFECT_REMOVE:
        put_name(digest, effect->disk.file);
        break;
    case EFFECT_SYNC:
        digest_u64(digest, effect->sync.token);
        digest_u32(digest, effect->part_count);
        for (unsigned i = 0; i < effect->part_count; i++) {
            put_slice(digest, effect->parts[i]);
        }
        break;
    case EFFECT_READ:
        digest_u64(digest, effect->disk.token);
        put_name(digest, effect->disk.file);
        digest_u64(digest, effect->disk.offset);
        digest_u64(digest, effect->disk.size);
        break;
    case EFFECT_OPEN:
    case EFFECT_CLOSE:
        digest_u64(digest, effect->stream.link);
        break;
    case EFFECT_PAUSE:
        digest_u64(digest, effect->stream.link);
        digest_u8(digest, effect->stream.paused);
        break;
    case EFFECT_SPAWN:
        digest_u64(digest, effect->child.token);
        digest_u32(digest, effect->part_count);
        for (unsigned i = 0; i < effect->part_count; i++) {
            put_slice(digest, effect->parts[i]);
        }
        break;
    case EFFECT_SIGNAL:
        digest_u64(digest, effect->child.token);
        digest_u32(digest, (uint32_t)effect->child.number);
        break;
    case EFFECT_LOCAL:
        digest_u32(digest, effect->local.to);
        digest_u32(digest, effect->local.from);
        /* fall through */
    case EFFECT_HALT:
        put_parts(digest, effect);
        break;
    case EFFECT_PROBE:
        break;
    }
}

static void
put_fact(Digest *digest, const Fact *fact)
{
    digest_u32(digest, 1000u + (uint32_t)fact->kind);
    digest_u32(digest, fact->node);
    digest_u64(digest, fact->message);
    digest_u64(digest, fact->size);
    digest_u64(digest, fact->value);
}

static void
put_slice(Digest *digest, Slice slice)
{
    digest_u64(digest, slice.size);
    if (slice.size > 0) {
        digest_u64(digest, hash_slice(slice));
    }
}

/* The parts count as if they were one. The streaming hash gives the same
 * value as the one-shot one, so the cut between parts does not show. */
static void
put_parts(Digest *digest, const Effect *effect)
{
    uint8_t small[512];
    size_t size = effects_parts_size(effect);
    XXH3_state_t state;

    if (effect->part_count == 1) {
        put_slice(digest, effect->parts[0]);
        return;
    }
    if (size <= sizeof(small)) {
        effects_parts_gather(effect, small);
        put_slice(digest, slice_of(small, size));
        return;
    }
    XXH3_INITSTATE(&state);
    XXH3_64bits_reset(&state);
    for (unsigned i = 0; i < effect->part_count; i++) {
        XXH3_64bits_update(&state, effect->parts[i].data,
                           effect->parts[i].size);
    }
    digest_u64(digest, size);
    digest_u64(digest, XXH3_64bits_digest(&state));
}

static void
put_name(Digest *digest, const char *name)
{
    digest_slice(digest, slice_of(name, strlen(name)));
}

/* SPDX-License-Identifier: Apache-2.0 */
/* A Coder goes over a record field by field and either writes what is there
 * or fills in what it reads. Encoding works on shallow copies, so that the
 * same functions may assign. */
#include "sim/trace_record.h"

#include <string.h>

#include "nodes/probes.h"

typedef struct Coder {
    GByteArray *out;         /* encoding: here; NULL: decoding */
    const uint8_t *at, *end; /* decoding */
    Effects *arena;          /* decoding */
    bool probes;
    bool bad;
} Coder;

struct TraceRecordBuffer {
    Effects arena;
    Event event;
    Input input;
    Effects fx;
    Record record;
};

static void code_record(Coder *coder, Record *record, Event *event,
                        Input *input, Effects *fx);
static void code_event(Coder *coder, Event *event);
static void code_input(Coder *coder, Input *input);
static void code_files(Coder *coder, Input *input);
static void code_effects(Coder *coder, Effects *fx);
static void code_effect(Coder *coder, Effect *effect);
static void code_disk(Coder *coder, Effect *effect);
static void code_facts(Coder *coder, Record *record);
static void code_fact(Coder *coder, Fact *fact);
static void code_fate(Coder *coder, Fate *fate);
static void code_u64(Coder *coder, uint64_t *value);
static void code_u32(Coder *coder, uint32_t *value);
static void code_int(Coder *coder, int *value);
static void code_bool(Coder *coder, bool *value);
static void code_slice(Coder *coder, Slice *slice);
static void code_slices(Coder *coder, Slice **slices, uint32_t *count);
static void code_text(Coder *coder, const char **text);
static void code_count(Coder *coder, uint32_t *count);

/* Enumerations are coded as 32-bit numbers. */
#define CODE_ENUM(coder, field)                                                \
    do {                                                                       \
        uint32_t code_value = (uint32_t)(field);                               \
        code_u32(coder, &code_value);                                          \
        (field) = code_value;                                                  \
    } while (0)

void
trace_record_encode(GByteArray *out, const Record *record, bool probes)
{
    Coder coder = {.out = out, .probes = probes};
    Record copy = *record;
    Event event = *record->event;
    Input input = {.kind = INPUT_STOP};
    Effects fx = {0};

    if (record->input != NULL) {
        input = *record->input;
    }
    if (record->fx != NULL) {
        fx = *record->fx;
    }
    code_record(&coder, &copy, &event, &input, &fx);
    g_assert(!coder.bad);
}

const Record *
trace_record_decode(TraceRecordBuffer *buffer, const uint8_t *bytes,
                    size_t size)
{
    Coder coder = {
        .at = bytes,
        .end = bytes + size,
        .arena = &buffer->arena,
        .probes = true,
    };

    effects_reset(&buffer->arena);
    memset(&buffer->record, 0, sizeof buffer->record);
    memset(&buffer->event, 0, sizeof buffer->event);
    memset(&buffer->input, 0, sizeof buffer->input);
    memset(&buffer->fx, 0, sizeof buffer->fx);
    code_record(&coder, &buffer->record, &buffer->event, &buffer->input,
                &buffer->fx);
    return coder.bad || coder.at != coder.end ? NULL : &buffer->record;
}

static void
code_record(Coder *coder, Record *record, Event *event, Input *input,
            Effects *fx)
{
    bool has_input = record->input != NULL;

    code_u64(coder, &record->number);
    code_event(coder, event);
    record->event = event;
    code_u64(coder, &record->message);
    code_u32(coder, &record->peer);
    code_bool(coder, &has_input);
    if (has_input) {
        code_input(coder, input);
        code_effects(coder, fx);
        record->input = input;
        record->fx = fx;
    }
    code_facts(coder, record);
}

static void
code_event(Coder *coder, Event *event)
{
    code_u64(coder, &event->at);
    code_u64(coder, &event->order1);
    code_u64(coder, &event->order2);
    code_u32(coder, &event->kind);
}

static void
code_input(Coder *coder, Input *input)
{
    CODE_ENUM(coder, input->kind);
    code_u64(coder, &input->now);
    code_u64(coder, &input->wall);
    code_u64(coder, &input->dice.key);
    code_u64(coder, &input->dice.counter);
    switch (input->kind) {
    case INPUT_START:
        code_files(coder, input);
        break;
    case INPUT_MESSAGE:
        code_u64(coder, &input->message.link);
        code_u32(coder, &input->message.channel);
        code_slice(coder, &input->message.bytes);
        break;
    case INPUT_TIMER:
        code_u64(coder, &input->timer.id);
        break;
    case INPUT_SYNCED:
        code_u64(coder, &input->synced.token);
        code_int(coder, &input->synced.error);
        break;
    case INPUT_READ:
        code_u64(coder, &input->read.token);
        code_int(coder, &input->read.error);
        code_slice(coder, &input->read.bytes);
        break;
    case INPUT_LINK:
        code_u64(coder, &input->link.link);
        CODE_ENUM(coder, input->link.state);
        break;
    case INPUT_ROOM:
        code_u64(coder, &input->room.link);
        break;
    case INPUT_CHILD:
        code_u64(coder, &input->child.token);
        code_bool(coder, &input->child.exited);
        code_int(coder, &input->child.status);
        code_slice(coder, &input->child.bytes);
        break;
    case INPUT_CONFIG:
        code_slice(coder, &input->config.bytes);
        break;
    case INPUT_MEMORY:
        code_u64(coder, &input->memory.budget);
        break;
    case INPUT_STOP:
        break;
    case INPUT_LOCAL:
        code_u32(coder, &input->local.from);
        code_slice(coder, &input->local.bytes);
        break;
    default:
        coder->bad = true;
    }
}

static void
code_files(Coder *coder, Input *input)
{
    uint32_t count = input->start.file_count;
    const FileInfo *files = input->start.files;
    FileInfo *fresh = NULL;

    code_u64(coder, &input->start.incarnation);
    code_count(coder, &count);
    if (coder->out == NULL && count > 0) {
        fresh = effects_alloc(coder->arena, count * sizeof *fresh);
        memset(fresh, 0, count * sizeof *fresh);
        files = fresh;
    }
    for (uint32_t i = 0; i < count && !coder->bad; i++) {
        FileInfo file = files[i];
        const char *name = file.name;

        code_text(coder, &name);
        code_u64(coder, &file.size);
        if (fresh == NULL) {
            continue;
        }
        if (name == NULL || strlen(name) > FILE_NAME_MAX) {
            coder->bad = true;
            return;
        }
        fresh[i].size = file.size;
        g_strlcpy(fresh[i].name, name, sizeof fresh[i].name);
    }
    input->start.files = files;
    input->start.file_count = count;
}

static void
code_effects(Coder *coder, Effects *fx)
{
    uint32_t count = 0;

    if (coder->out == NULL) {
        code_count(coder, &count);
        fx->items = NULL;
        if (count > 0) {
            fx->items = effects_alloc(coder->arena, count * sizeof *fx->items);
            memset(fx->items, 0, count * sizeof *fx->items);
        }
        fx->count = count;
        fx->capacity = count;
    } else {
        for (unsigned i = 0; i < fx->count; i++) {
            count += coder->probes || fx->items[i].kind != EFFECT_PROBE;
        }
        code_count(coder, &count);
    }
    for (unsigned i = 0; i < fx->count && !coder->bad; i++) {
        Effect effect = fx->items[i];

        if (!coder->probes && effect.kind == EFFECT_PROBE) {
            continue;
        }
        code_effect(coder, &effect);
        if (coder->out == NULL) {
            fx->items[i] = effect;
        }
    }
}

static void
code_effect(Coder *coder, Effect *effect)
{
    CODE_ENUM(coder, effect->kind);
    code_u64(coder, &effect->after);
    code_slices(coder, &effect->parts, &effect->part_count);
    switch (effect->kind) {
    case EFFECT_SEND:
        code_u64(coder, &effect->send.link);
        code_u32(coder, &effect->send.channel);
        break;
    case EFFECT_TIMER:
        code_u64(coder, &effect->timer.id);
        code_u64(coder, &effect->timer.at);
        break;
    case EFFECT_WRITE:
    case EFFECT_TRUNCATE:
    case EFFECT_ALLOCATE:
    case EFFECT_RENAME:
    case EFFECT_REMOVE:
    case EFFECT_READ:
        code_disk(coder, effect);
        break;
    case EFFECT_SYNC:
        code_u64(coder, &effect->sync.token);
        break;
    case EFFECT_OPEN:
    case EFFECT_CLOSE:
        code_u64(coder, &effect->stream.link);
        break;
    case EFFECT_PAUSE:
        code_u64(coder, &effect->stream.link);
        code_bool(coder, &effect->stream.paused);
        break;
    case EFFECT_SPAWN:
        code_u64(coder, &effect->child.token);
        break;
    case EFFECT_SIGNAL:
        code_u64(coder, &effect->child.token);
        code_int(coder, &effect->child.number);
        break;
    case EFFECT_LOCAL:
        code_u32(coder, &effect->local.to);
        break;
    case EFFECT_PROBE:
        code_u32(coder, &effect->probe.id);
        code_u32(coder, &effect->probe.count);
        if (effect->probe.count > PROBE_VALUES_MAX) {
            coder->bad = true;
            return;
        }
        for (uint32_t i = 0; i < effect->probe.count; i++) {
            code_u64(coder, &effect->probe.values[i]);
        }
        break;
    case EFFECT_HALT:
        break;
    default:
        coder->bad = true;
    }
}

/* Only the fields of the kind: the others of the union are undefined. */
static void
code_disk(Coder *coder, Effect *effect)
{
    const char *file = effect->disk.file;

    code_text(coder, &file);
    effect->disk.file = file != NULL ? file : "";
    switch (effect->kind) {
    case EFFECT_WRITE:
        code_u64(coder, &effect->disk.offset);
        break;
    case EFFECT_TRUNCATE:
    case EFFECT_ALLOCATE:
        code_u64(coder, &effect->disk.size);
        break;
    case EFFECT_RENAME:
        code_text(coder, &effect->disk.to);
        break;
    case EFFECT_READ:
        code_u64(coder, &effect->disk.token);
        code_u64(coder, &effect->disk.offset);
        code_u64(coder, &effect->disk.size);
        break;
    default:
        break;
    }
}

static void
code_facts(Coder *coder, Record *record)
{
    uint32_t count = record->fact_count;
    const Fact *facts = record->facts;
    Fact *fresh = NULL;

    code_count(coder, &count);
    if (coder->out == NULL && count > 0) {
        fresh = effects_alloc(coder->arena, count * sizeof *fresh);
        memset(fresh, 0, count * sizeof *fresh);
        facts = fresh;
    }
    for (uint32_t i = 0; i < count && !coder->bad; i++) {
        Fact fact = facts[i];

        code_fact(coder, &fact);
        if (fresh != NULL) {
            fresh[i] = fact;
        }
    }
    record->facts = facts;
    record->fact_count = count;
}

/* Most facts set few fields: one bit each says which groups follow. */
static void
code_fact(Coder *coder, Fact *fact)
{
    bool message = fact->link != 0 || fact->channel != 0 ||
                   fact->message != 0 || fact->bytes.size != 0;
    bool disk = fact->file != NULL || fact->to != NULL || fact->offset != 0 ||
                fact->size != 0 || fact->token != 0 || fact->file_count != 0;
    bool fate = fact->fate.drop != FATE_NOT_DROPPED ||
                fact->fate.copy_count != 0 || fact->fate.reordered ||
                fact->fate.fragments != 0 || fact->fate.mattered != 0;
    bool life = fact->value != 0 || fact->text != NULL;
    uint32_t groups = (uint32_t)message | (uint32_t)disk << 1 |
                      (uint32_t)fate << 2 | (uint32_t)life << 3 |
                      (uint32_t)(fact->fault_kind != 0) << 4;

    CODE_ENUM(coder, fact->kind);
    code_u32(coder, &fact->node);
    code_u32(coder, &groups);
    if ((groups & 1) != 0) {
        code_u64(coder, &fact->link);
        code_u32(coder, &fact->channel);
        code_u64(coder, &fact->message);
        code_slice(coder, &fact->bytes);
    }
    if ((groups & 2) != 0) {
        Slice *files = (Slice *)(uintptr_t)fact->files;
        uint32_t file_count = fact->file_count;

        code_text(coder, &fact->file);
        code_text(coder, &fact->to);
        code_u64(coder, &fact->offset);
        code_u64(coder, &fact->size);
        code_u64(coder, &fact->token);
        code_slices(coder, &files, &file_count);
        fact->files = files;
        fact->file_count = file_count;
    }
    if ((groups & 4) != 0) {
        code_fate(coder, &fact->fate);
    }
    if ((groups & 8) != 0) {
        code_u64(coder, &fact->value);
        code_text(coder, &fact->text);
    }
    if ((groups & 16) != 0) {
        code_u32(coder, &fact->fault_kind);
    }
    coder->bad = coder->bad || groups > 31;
}

static void
code_fate(Coder *coder, Fate *fate)
{
    CODE_ENUM(coder, fate->drop);
    code_u32(coder, &fate->copy_count);
    code_bool(coder, &fate->reordered);
    code_u32(coder, &fate->fragments);
    code_u32(coder, &fate->mattered);
    if ((unsigned)fate->drop >= FATE_DROPS ||
        fate->copy_count > FATE_COPIES_MAX) {
        coder->bad = true;
        return;
    }
    for (unsigned i = 0; i < fate->copy_count; i++) {
        code_u64(coder, &fate->copies[i].at);
        code_bool(coder, &fate->copies[i].corrupt);
        code_u64(coder, &fate->copies[i].bit);
    }
}

static void
code_u64(Coder *coder, uint64_t *value)
{
    if (coder->out != NULL) {
        uint8_t bytes[10];
        unsigned count = 0;
        uint64_t rest = *value;

        do {
            bytes[count++] =
                (uint8_t)((rest & 0x7f) | (rest > 0x7f ? 0x80u : 0u));
            rest >>= 7;
        } while (rest != 0);
        g_byte_array_append(coder->out, bytes, count);
        return;
    }
    *value = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
        if (coder->at == coder->end) {
            break;
        }

        uint8_t byte = *coder->at++;

        if (shift == 63 && byte > 1) {
            break;
        }
        *value |= (uint64_t)(byte & 0x7f) << shift;
        if ((byte & 0x80) == 0) {
            return;
        }
    }
    *value = 0;
    coder->bad = true;
    coder->at = coder->end;
}

static void
code_u32(Coder *coder, uint32_t *value)
{
    uint64_t wide = *value;

    code_u64(coder, &wide);
    if (wide > UINT32_MAX) {
        coder->bad = true;
        wide = 0;
    }
    *value = (uint32_t)wide;
}

static void
code_int(Coder *coder, int *value)
{
    uint32_t zigzag = (uint32_t)*value << 1 ^ (*value < 0 ? UINT32_MAX : 0u);

    code_u32(coder, &zigzag);
    *value = (int)(zigzag >> 1 ^ ((zigzag & 1) != 0 ? UINT32_MAX : 0u));
}

static void
code_bool(Coder *coder, bool *value)
{
    uint64_t wide = *value;

    code_u64(coder, &wide);
    coder->bad = coder->bad || wide > 1;
    *value = wide == 1;
}

static void
code_slice(Coder *coder, Slice *slice)
{
    uint64_t size = slice->size;

    code_u64(coder, &size);
    if (coder->out != NULL) {
        if (size > 0) {
            g_byte_array_append(coder->out, slice->data, (guint)size);
        }
        return;
    }
    if (size > (uint64_t)(coder->end - coder->at)) {
        coder->bad = true;
        size = 0;
    }
    *slice = slice_of(coder->at, (size_t)size);
    coder->at += size;
}

static void
code_slices(Coder *coder, Slice **slices, uint32_t *count)
{
    code_count(coder, count);
    if (coder->out == NULL) {
        *slices = *count > 0
                      ? effects_alloc(coder->arena, *count * sizeof **slices)
                      : NULL;
    }
    for (uint32_t i = 0; i < *count; i++) {
        Slice slice = {0};

        if (coder->out != NULL) {
            slice = (*slices)[i];
        }
        code_slice(coder, &slice);
        if (coder->out == NULL) {
            (*slices)[i] = slice;
        }
    }
}

/* NULL is 0, else the length + 1. A zero byte inside a text is refused. */
static void
code_text(Coder *coder, const char **text)
{
    uint64_t size = coder->out != NULL && *text != NULL ? strlen(*text) + 1 : 0;

    code_u64(coder, &size);
    if (coder->out != NULL) {
        if (size > 1) {
            g_byte_array_append(coder->out, (const guint8 *)*text,
                                (guint)(size - 1));
        }
        return;
    }
    *text = NULL;
    if (size == 0) {
        return;
    }
    if (size - 1 > (uint64_t)(coder->end - coder->at) ||
        memchr(coder->at, '\0', (size_t)size - 1) != NULL) {
        coder->bad = true;
        return;
    }

    char *copy = effects_alloc(coder->arena, (size_t)size);

    memcpy(copy, coder->at, (size_t)size - 1);
    copy[size - 1] = '\0';
    coder->at += size - 1;
    *text = copy;
}

/* Every counted thing takes at least a byte: more of them than bytes left
 * are nonsense, refused before memory is taken for them. */
static void
code_count(Coder *coder, uint32_t *count)
{
    code_u32(coder, count);
    if (coder->out == NULL && *count > (uint64_t)(coder->end - coder->at)) {
        coder->bad = true;
        *count = 0;
    }
}

TraceRecordBuffer *
trace_record_buffer_new(void)
{
    TraceRecordBuffer *buffer = g_new0(TraceRecordBuffer, 1);

    effects_init(&buffer->arena);
    return buffer;
}

void
trace_record_buffer_free(TraceRecordBuffer *buffer)
{
    if (buffer != NULL) {
        effects_clear(&buffer->arena);
        g_free(buffer);
    }
}

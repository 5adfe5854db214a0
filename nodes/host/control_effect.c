/* SPDX-License-Identifier: Apache-2.0 */
/* Effects in the control protocol: encoding and decoding. What every effect
 * must obey is in control_rules.c. */
#include "nodes/host/control.h"

#include <stdio.h>

#define VARINT(field)  ((field) << 3 | WIRE_VARINT)
#define FIXED64(field) ((field) << 3 | WIRE_FIXED64)
#define BYTES(field)   ((field) << 3 | WIRE_BYTES)

/* What an Effect may carry, as numbered in control.proto. */
enum {
    FIELD_KIND = 1,
    FIELD_AFTER,
    FIELD_LINK,
    FIELD_CHANNEL,
    FIELD_TIMER,
    FIELD_AT,
    FIELD_FILE,
    FIELD_OFFSET,
    FIELD_SIZE,
    FIELD_TOKEN,
    FIELD_PARTS,
    FIELD_PROBE,
    FIELD_VALUES,
    FIELD_TO,
    FIELD_PAUSED,
    FIELD_SIGNAL,
};

#define BIT(name) (1u << FIELD_##name)

/* The word for each kind, and the fields it has beside kind and after. */
static const struct {
    const char *name;
    uint32_t fields;
} kinds[] = {
    [0] = {"?", 0},
    [EFFECT_SEND] = {"send", BIT(LINK) | BIT(CHANNEL) | BIT(PARTS)},
    [EFFECT_TIMER] = {"timer", BIT(TIMER) | BIT(AT)},
    [EFFECT_WRITE] = {"write", BIT(FILE) | BIT(OFFSET) | BIT(PARTS)},
    [EFFECT_TRUNCATE] = {"truncate", BIT(FILE) | BIT(SIZE)},
    [EFFECT_ALLOCATE] = {"allocate", BIT(FILE) | BIT(SIZE)},
    [EFFECT_RENAME] = {"rename", BIT(FILE) | BIT(TO)},
    [EFFECT_REMOVE] = {"remove", BIT(FILE)},
    [EFFECT_SYNC] = {"sync", BIT(TOKEN) | BIT(PARTS)},
    [EFFECT_READ] = {"read", BIT(FILE) | BIT(OFFSET) | BIT(SIZE) | BIT(TOKEN)},
    [EFFECT_OPEN] = {"open", BIT(LINK)},
    [EFFECT_CLOSE] = {"close", BIT(LINK)},
    [EFFECT_PAUSE] = {"pause", BIT(LINK) | BIT(PAUSED)},
    [EFFECT_SPAWN] = {"spawn", BIT(TOKEN) | BIT(PARTS)},
    [EFFECT_SIGNAL] = {"signal", BIT(TOKEN) | BIT(SIGNAL)},
    [EFFECT_LOCAL] = {"local", BIT(CHANNEL) | BIT(PARTS)},
    [EFFECT_PROBE] = {"probe", BIT(PARTS) | BIT(PROBE) | BIT(VALUES)},
    [EFFECT_HALT] = {"halt", BIT(PARTS)},
};

/* The fields of one effect as they were read. */
typedef struct Fields {
    uint32_t seen; /* bit n: field n */
    uint64_t kind, after, link, channel, timer, at, offset, size, token;
    uint64_t probe, paused, signal;
    Slice file, to;
    uint64_t values[PROBE_VALUES_MAX];
    unsigned value_count;
    Slice *parts; /* in the arena */
    unsigned part_count, part_room;
} Fields;

static void put_effect(Wire *out, const Effect *effect);
static const char *get_list(Effects *fx, const WireReader *field,
                            unsigned *number, const char **name);
static const char *get_effect(Effects *fx, const WireReader *field,
                              const char **name);
static const char *get_fields(Effects *fx, WireReader *reader, Fields *fields);
static const char *get_part(Effects *fx, Fields *fields, Slice part);
static const char *get_values(Fields *fields, const WireReader *field);
static const char *build(Effects *fx, Effect *effect, const Fields *fields);
static const char *keep_name(Effects *fx, Slice name, const char **out);

void
control_put_effects(Wire *out, const Effects *fx)
{
    size_t guess = 0;
    size_t mark;

    for (unsigned i = 0; i < fx->count; i++) {
        guess += 24 + effects_parts_size(&fx->items[i]);
    }
    mark = wire_begin(out, 1, guess);
    for (unsigned i = 0; i < fx->count; i++) {
        put_effect(out, &fx->items[i]);
    }
    wire_end(out, mark, guess);
}

static void
put_effect(Wire *out, const Effect *effect)
{
    size_t guess = 24 + effects_parts_size(effect);
    size_t mark = wire_begin(out, 1, guess);
    uint32_t fields = kinds[effect->kind].fields;

    wire_put_u64(out, FIELD_KIND, effect->kind);
    wire_put_u64(out, FIELD_AFTER, effect->after);
    switch (effect->kind) {
    case EFFECT_SEND:
        wire_put_fixed64(out, FIELD_LINK, effect->send.link);
        wire_put_u64(out, FIELD_CHANNEL, effect->send.channel);
        break;
    case EFFECT_TIMER:
        wire_put_u64(out, FIELD_TIMER, effect->timer.id);
        wire_put_fixed64(out, FIELD_AT, effect->timer.at);
        break;
    case EFFECT_WRITE:
    case EFFECT_TRUNCATE:
    case EFFECT_ALLOCATE:
    case EFFECT_RENAME:
    case EFFECT_REMOVE:
    case EFFECT_READ:
        wire_put_text(out, FIELD_FILE, effect->disk.file);
        if ((fields & BIT(OFFSET)) != 0) {
            wire_put_u64(out, FIELD_OFFSET, effect->disk.offset);
        }
        if ((fields & BIT(SIZE)) != 0) {
            wire_put_u64(out, FIELD_SIZE, effect->disk.size);
        }
        if (effect->kind == EFFECT_READ) {
            wire_put_u64(out, FIELD_TOKEN, effect->disk.token);
        }
        break;
    case EFFECT_SYNC:
        wire_put_u64(out, FIELD_TOKEN, effect->sync.token);
        break;
    case EFFECT_OPEN:
    case EFFECT_CLOSE:
    case EFFECT_PAUSE:
        wire_put_fixed64(out, FIELD_LINK, effect->stream.link);
        break;
    case EFFECT_SPAWN:
    case EFFECT_SIGNAL:
        wire_put_u64(out, FIELD_TOKEN, effect->child.token);
        break;
    case EFFECT_LOCAL:
        wire_put_u64(out, FIELD_CHANNEL, effect->local.to);
        break;
    case EFFECT_PROBE:
    case EFFECT_HALT:
        break;
    }
    for (unsigned i = 0; i < effect->part_count; i++) {
        wire_put_element(out, FIELD_PARTS, effect->parts[i].data,
                         effect->parts[i].size);
    }
    if (effect->kind == EFFECT_PROBE) {
        wire_put_u64(out, FIELD_PROBE, effect->probe.id);
        if (effect->probe.count > 0) {
            size_t inner = wire_begin(out, FIELD_VALUES, 1);

            for (unsigned i = 0; i < effect->probe.count; i++) {
                wire_reserve(out, WIRE_VARINT_MAX);
                wire_varint(out, effect->probe.values[i]);
            }
            wire_end(out, inner, 1);
        }
    } else if (effect->kind == EFFECT_RENAME) {
        wire_put_text(out, FIELD_TO, effect->disk.to);
    } else if (effect->kind == EFFECT_PAUSE) {
        wire_put_u64(out, FIELD_PAUSED, effect->stream.paused);
    } else if (effect->kind == EFFECT_SIGNAL) {
        wire_put_u64(out, FIELD_SIGNAL, (uint64_t)effect->child.number);
    }
    wire_end(out, mark, guess);
}

bool
control_get_reply(Slice message, Effects *fx, unsigned room, unsigned *count,
                  bool *more, ControlError *error)
{
    WireReader reader = wire_reader(message.data, message.size);
    const char *wrong = NULL;
    const char *name = "";
    unsigned number = 0;

    *count = 0;
    *more = false;
    while (wrong == NULL && wire_next(&reader)) {
        if (reader.field == 1 && reader.type == WIRE_BYTES) {
            if (*count == room) {
                wrong = "more answers than questions";
                break;
            }
            wrong = get_list(&fx[*count], &reader, &number, &name);
            *count += wrong == NULL;
        } else if (reader.field == 2 && reader.type == WIRE_VARINT) {
            *more = reader.value != 0;
        } else {
            wrong = "an unknown field";
        }
    }
    if (wrong == NULL && reader.bad) {
        wrong = "not in the wire format";
    }
    if (wrong == NULL && *count == 0) {
        wrong = "no answer";
    }
    if (wrong == NULL) {
        return true;
    }
    if (number > 0) {
        snprintf(error->text, sizeof error->text, "effect %u (%s): %s", number,
                 name, wrong);
    } else {
        snprintf(error->text, sizeof error->text, "step reply: %s", wrong);
    }
    return false;
}

/* Read the list at @field. When something is wrong, @number and @name tell
 * which effect it was. */
static const char *
get_list(Effects *fx, const WireReader *field, unsigned *number,
         const char **name)
{
    WireReader reader = wire_reader(field->data, field->size);

    effects_reset(fx);
    while (wire_next(&reader)) {
        const char *wrong;

        if (reader.field != 1 || reader.type != WIRE_BYTES) {
            return "an unknown field";
        }
        *number = fx->count + 1;
        if (fx->count == CONTROL_EFFECTS_MAX) {
            return "too many effects";
        }
        wrong = get_effect(fx, &reader, name);
        if (wrong != NULL) {
            return wrong;
        }
    }
    *number = 0;
    return reader.bad ? "not in the wire format" : NULL;
}

static const char *
get_effect(Effects *fx, const WireReader *field, const char **name)
{
    WireReader reader = wire_reader(field->data, field->size);
    Fields fields;
    Effect *effect;
    const char *wrong;

    /* Not the values: 80 bytes less to clear for every effect. */
    memset(&fields, 0, offsetof(Fields, values));
    fields.value_count = 0;
    fields.parts = NULL;
    fields.part_count = 0;
    fields.part_room = 0;
    wrong = get_fields(fx, &reader, &fields);
    *name = control_effect_name((EffectKind)MIN(fields.kind, EFFECT_HALT + 1u));
    if (wrong != NULL) {
        return wrong;
    }
    if (fields.kind < EFFECT_SEND || fields.kind > EFFECT_HALT) {
        return "an unknown kind";
    }
    if ((fields.seen & ~(kinds[fields.kind].fields | BIT(KIND) | BIT(AFTER))) !=
        0) {
        return "a field that its kind has not";
    }
    /* Any kind will do to get a place in the list: build() says which. */
    effect = effects_timer(fx, 0, 0);
    effect->kind = (EffectKind)fields.kind;
    effect->after = fields.after;
    effect->parts = fields.parts;
    effect->part_count = fields.part_count;
    wrong = build(fx, effect, &fields);
    return wrong != NULL ? wrong : control_effect_wrong(effect);
}

static const char *
get_fields(Effects *fx, WireReader *reader, Fields *fields)
{
    const char *wrong = NULL;

    while (wrong == NULL && wire_next(reader)) {
        switch (reader->field << 3 | reader->type) {
        case VARINT(FIELD_KIND):
            fields->kind = reader->value;
            break;
        case VARINT(FIELD_AFTER):
            fields->after = reader->value;
            break;
        case FIXED64(FIELD_LINK):
            fields->link = reader->value;
            break;
        case VARINT(FIELD_CHANNEL):
            fields->channel = reader->value;
            break;
        case VARINT(FIELD_TIMER):
            fields->timer = reader->value;
            break;
        case FIXED64(FIELD_AT):
            fields->at = reader->value;
            break;
        case BYTES(FIELD_FILE):
            fields->file = slice_of(reader->data, reader->size);
            break;
        case VARINT(FIELD_OFFSET):
            fields->offset = reader->value;
            break;
        case VARINT(FIELD_SIZE):
            fields->size = reader->value;
            break;
        case VARINT(FIELD_TOKEN):
            fields->token = reader->value;
            break;
        case BYTES(FIELD_PARTS):
            wrong = get_part(fx, fields, slice_of(reader->data, reader->size));
            break;
        case VARINT(FIELD_PROBE):
            fields->probe = reader->value;
            break;
        case VARINT(FIELD_VALUES):
        case BYTES(FIELD_VALUES):
            wrong = get_values(fields, reader);
            break;
        case BYTES(FIELD_TO):
            fields->to = slice_of(reader->data, reader->size);
            break;
        case VARINT(FIELD_PAUSED):
            fields->paused = reader->value;
            break;
        case VARINT(FIELD_SIGNAL):
            fields->signal = reader->value;
            break;
        default:
            return "an unknown field";
        }
        fields->seen |= 1u << reader->field;
    }
    return wrong == NULL && reader->bad ? "not in the wire format" : wrong;
}

/* The array doubles inside the arena; what it leaves behind goes with the
 * step. */
static const char *
get_part(Effects *fx, Fields *fields, Slice part)
{
    if (fields->part_count == CONTROL_PARTS_MAX) {
        return "too many parts";
    }
    if (fields->part_count == fields->part_room) {
        unsigned room = MAX(4, fields->part_room * 2);
        Slice *parts = effects_alloc(fx, room * sizeof(Slice));

        if (fields->part_count > 0) {
            memcpy(parts, fields->parts, fields->part_count * sizeof(Slice));
        }
        fields->parts = parts;
        fields->part_room = room;
    }
    fields->parts[fields->part_count++] = part;
    return NULL;
}

/* Packed, or one by one: the encoding guide has readers take both. */
static const char *
get_values(Fields *fields, const WireReader *field)
{
    WireReader reader;

    if (field->type == WIRE_VARINT) {
        if (fields->value_count == PROBE_VALUES_MAX) {
            return "too many values";
        }
        fields->values[fields->value_count++] = field->value;
        return NULL;
    }
    reader = wire_reader(field->data, field->size);
    while (reader.at < reader.end) {
        if (fields->value_count == PROBE_VALUES_MAX) {
            return "too many values";
        }
        fields->values[fields->value_count++] = wire_read_varint(&reader);
    }
    return reader.bad ? "not in the wire format" : NULL;
}

/* Fill @effect from @fields. Numbers that do not fit become ones that
 * control_effect_wrong() refuses. */
static const char *
build(Effects *fx, Effect *effect, const Fields *fields)
{
    switch (effect->kind) {
    case EFFECT_SEND:
        effect->send.link = fields->link;
        effect->send.channel = (Channel)MIN(fields->channel, CHANNEL_MAX + 1u);
        return NULL;
    case EFFECT_TIMER:
        effect->timer.id = fields->timer;
        effect->timer.at = fields->at;
        return NULL;
    case EFFECT_RENAME:
        effect->disk.to = "";
        if (keep_name(fx, fields->to, &effect->disk.to) != NULL) {
            return "not the name of a file";
        }
        return keep_name(fx, fields->file, &effect->disk.file);
    case EFFECT_WRITE:
    case EFFECT_TRUNCATE:
    case EFFECT_ALLOCATE:
    case EFFECT_REMOVE:
    case EFFECT_READ:
        effect->disk.offset = fields->offset;
        effect->disk.size = fields->size;
        effect->disk.token = fields->token;
        effect->disk.to = NULL;
        return keep_name(fx, fields->file, &effect->disk.file);
    case EFFECT_SYNC:
        effect->sync.token = fields->token;
        return NULL;
    case EFFECT_OPEN:
    case EFFECT_CLOSE:
    case EFFECT_PAUSE:
        effect->stream.link = fields->link;
        effect->stream.paused = fields->paused != 0;
        return fields->paused > 1 ? "a truth value above 1" : NULL;
    case EFFECT_SPAWN:
    case EFFECT_SIGNAL:
        effect->child.token = fields->token;
        effect->child.number = (int)MIN(fields->signal, INT32_MAX);
        return NULL;
    case EFFECT_LOCAL:
        effect->local.to = (Channel)MIN(fields->channel, CHANNEL_MAX + 1u);
        return NULL;
    case EFFECT_PROBE:
        effect->probe.id = (uint32_t)MIN(fields->probe, CONTROL_PROBE_MAX + 1u);
        effect->probe.count = fields->value_count;
        memset(effect->probe.values, 0, sizeof effect->probe.values);
        memcpy(effect->probe.values, fields->values,
               fields->value_count * sizeof fields->values[0]);
        return NULL;
    case EFFECT_HALT:
        return NULL;
    }
    return "an unknown kind";
}

static const char *
keep_name(Effects *fx, Slice name, const char **out)
{
    char *copy;

    if (!control_file_name_ok(name.data, name.size)) {
        return "not the name of a file";
    }
    copy = effects_alloc(fx, name.size + 1);
    memcpy(copy, name.data, name.size);
    copy[name.size] = '\0';
    *out = copy;
    return NULL;
}

const char *
control_effect_name(EffectKind kind)
{
    return kind >= EFFECT_SEND && kind <= EFFECT_HALT ? kinds[kind].name : "?";
}

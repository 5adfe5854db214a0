/* SPDX-License-Identifier: Apache-2.0 */
/* The inputs of control.proto, encoded and decoded with the fields in the
 * order of their numbers. control_effect.c has the effects. */
#include "nodes/host/control.h"

#include <stdio.h>

#define VARINT(field)  ((field) << 3 | WIRE_VARINT)
#define FIXED64(field) ((field) << 3 | WIRE_FIXED64)
#define BYTES(field)   ((field) << 3 | WIRE_BYTES)

static bool get_input(WireReader *reader, ControlInputs *inputs,
                      ControlError *error);
static bool get_file(ControlInputs *inputs, const WireReader *field);
static const char *check_input(const Input *input);
static bool refuse(ControlError *error, const char *what, const char *why);

void
control_put_input(Wire *out, const Input *input)
{
    size_t guess = 48;
    size_t mark;

    if (input->kind == INPUT_MESSAGE) {
        guess += input->message.bytes.size;
    } else if (input->kind == INPUT_READ) {
        guess += input->read.bytes.size;
    }
    mark = wire_begin(out, 1, guess);
    wire_put_u64(out, 1, input->kind);
    wire_put_fixed64(out, 2, input->now);
    wire_put_fixed64(out, 3, input->wall);
    wire_put_fixed64(out, 4, input->dice.key);
    wire_put_fixed64(out, 5, input->dice.counter);
    switch (input->kind) {
    case INPUT_START:
        wire_put_u64(out, 13, input->start.incarnation);
        for (unsigned i = 0; i < input->start.file_count; i++) {
            const FileInfo *file = &input->start.files[i];
            size_t inner = wire_begin(out, 14, 32);

            wire_put_text(out, 1, file->name);
            wire_put_u64(out, 2, file->size);
            wire_end(out, inner, 32);
        }
        break;
    case INPUT_MESSAGE:
        wire_put_fixed64(out, 6, input->message.link);
        wire_put_u64(out, 7, input->message.channel);
        wire_put_bytes(out, 10, input->message.bytes.data,
                       input->message.bytes.size);
        break;
    case INPUT_TIMER:
        wire_put_u64(out, 8, input->timer.id);
        break;
    case INPUT_SYNCED:
        wire_put_u64(out, 9, input->synced.token);
        wire_put_u64(out, 11, (uint64_t)(int64_t)input->synced.error);
        break;
    case INPUT_READ:
        wire_put_u64(out, 9, input->read.token);
        wire_put_bytes(out, 10, input->read.bytes.data, input->read.bytes.size);
        wire_put_u64(out, 11, (uint64_t)(int64_t)input->read.error);
        break;
    case INPUT_LINK:
        wire_put_fixed64(out, 6, input->link.link);
        wire_put_u64(out, 12, input->link.state);
        break;
    case INPUT_ROOM:
        wire_put_fixed64(out, 6, input->room.link);
        break;
    case INPUT_CHILD:
        wire_put_u64(out, 9, input->child.token);
        wire_put_bytes(out, 10, input->child.bytes.data,
                       input->child.bytes.size);
        wire_put_u64(out, 16, input->child.exited);
        wire_put_u64(out, 17, (uint64_t)(int64_t)input->child.status);
        break;
    case INPUT_CONFIG:
        wire_put_bytes(out, 10, input->config.bytes.data,
                       input->config.bytes.size);
        break;
    case INPUT_MEMORY:
        wire_put_u64(out, 15, input->memory.budget);
        break;
    case INPUT_STOP:
        break;
    case INPUT_LOCAL:
        wire_put_u64(out, 7, input->local.from);
        wire_put_bytes(out, 10, input->local.bytes.data,
                       input->local.bytes.size);
        break;
    }
    wire_end(out, mark, guess);
}

bool
control_get_request(Slice message, ControlInputs *inputs, ControlError *error)
{
    WireReader reader = wire_reader(message.data, message.size);

    inputs->count = 0;
    inputs->file_count = 0;
    while (wire_next(&reader)) {
        WireReader inner;

        if (reader.field != 1 || reader.type != WIRE_BYTES) {
            return refuse(error, "step request", "an unknown field");
        }
        if (inputs->count == CONTROL_INPUTS_MAX) {
            return refuse(error, "step request", "too many inputs");
        }
        inner = wire_reader(reader.data, reader.size);
        if (!get_input(&inner, inputs, error)) {
            return false;
        }
    }
    if (reader.bad) {
        return refuse(error, "step request", "not in the wire format");
    }
    if (inputs->count == 0) {
        return refuse(error, "step request", "no input");
    }
    /* The table of files may have moved while it grew: its parts are given
     * to their inputs only now. */
    for (unsigned i = 0, first = 0; i < inputs->count; i++) {
        if (inputs->items[i].kind == INPUT_START &&
            inputs->items[i].start.file_count > 0) {
            inputs->items[i].start.files = inputs->files + first;
            first += inputs->items[i].start.file_count;
        }
    }
    return true;
}

/* All that any input may carry, by field number. */
typedef struct InputFields {
    uint32_t seen; /* bit n: field n */
    uint64_t kind, link, channel, timer, token, state, incarnation, budget;
    int error, status;
    bool exited;
    Slice bytes;
    unsigned file_count;
} InputFields;

/* The fields an input of each kind may have, beside 1..5. */
static const uint32_t input_allowed[] = {
    [INPUT_START] = 1u << 13 | 1u << 14,
    [INPUT_MESSAGE] = 1u << 6 | 1u << 7 | 1u << 10,
    [INPUT_TIMER] = 1u << 8,
    [INPUT_SYNCED] = 1u << 9 | 1u << 11,
    [INPUT_READ] = 1u << 9 | 1u << 10 | 1u << 11,
    [INPUT_LINK] = 1u << 6 | 1u << 12,
    [INPUT_ROOM] = 1u << 6,
    [INPUT_CHILD] = 1u << 9 | 1u << 10 | 1u << 16 | 1u << 17,
    [INPUT_CONFIG] = 1u << 10,
    [INPUT_MEMORY] = 1u << 15,
    [INPUT_STOP] = 0,
    [INPUT_LOCAL] = 1u << 7 | 1u << 10,
};

static bool
get_input_fields(WireReader *reader, ControlInputs *inputs, Input *input,
                 InputFields *fields)
{
    while (wire_next(reader)) {
        switch (reader->field << 3 | reader->type) {
        case VARINT(1):
            fields->kind = reader->value;
            break;
        case FIXED64(2):
            input->now = reader->value;
            break;
        case FIXED64(3):
            input->wall = reader->value;
            break;
        case FIXED64(4):
            input->dice.key = reader->value;
            break;
        case FIXED64(5):
            input->dice.counter = reader->value;
            break;
        case FIXED64(6):
            fields->link = reader->value;
            break;
        case VARINT(7):
            fields->channel = reader->value;
            break;
        case VARINT(8):
            fields->timer = reader->value;
            break;
        case VARINT(9):
            fields->token = reader->value;
            break;
        case BYTES(10):
            fields->bytes = slice_of(reader->data, reader->size);
            break;
        case VARINT(11):
            fields->error = (int)(int64_t)reader->value;
            break;
        case VARINT(12):
            fields->state = reader->value;
            break;
        case VARINT(13):
            fields->incarnation = reader->value;
            break;
        case BYTES(14):
            if (!get_file(inputs, reader)) {
                return false;
            }
            fields->file_count++;
            break;
        case VARINT(15):
            fields->budget = reader->value;
            break;
        case VARINT(16):
            fields->exited = reader->value != 0;
            break;
        case VARINT(17):
            fields->status = (int)(int64_t)reader->value;
            break;
        default:
            return false;
        }
        fields->seen |= 1u << reader->field;
    }
    return !reader->bad;
}

static bool
get_input(WireReader *reader, ControlInputs *inputs, ControlError *error)
{
    InputFields fields = {0};
    Input *input;
    const char *wrong;

    if (inputs->count == inputs->capacity) {
        inputs->capacity = MAX(16, inputs->capacity * 2);
        inputs->items = g_renew(Input, inputs->items, inputs->capacity);
    }
    input = &inputs->items[inputs->count];
    memset(input, 0, sizeof *input);
    if (!get_input_fields(reader, inputs, input, &fields)) {
        return refuse(error, "input", "an unknown or broken field");
    }
    if (fields.kind < INPUT_START || fields.kind > INPUT_LOCAL) {
        return refuse(error, "input", "an unknown kind");
    }
    if ((fields.seen >> 6 << 6 & ~input_allowed[fields.kind]) != 0) {
        return refuse(error, "input", "a field that its kind has not");
    }
    input->kind = (InputKind)fields.kind;
    switch (input->kind) {
    case INPUT_START:
        input->start.incarnation = fields.incarnation;
        input->start.file_count = fields.file_count;
        break;
    case INPUT_MESSAGE:
        input->message.link = fields.link;
        input->message.channel = (Channel)MIN(fields.channel, CHANNEL_MAX + 1u);
        input->message.bytes = fields.bytes;
        break;
    case INPUT_TIMER:
        input->timer.id = fields.timer;
        break;
    case INPUT_SYNCED:
        input->synced.token = fields.token;
        input->synced.error = fields.error;
        break;
    case INPUT_READ:
        input->read.token = fields.token;
        input->read.error = fields.error;
        input->read.bytes = fields.bytes;
        break;
    case INPUT_LINK:
        input->link.link = fields.link;
        input->link.state = (LinkState)MIN(fields.state, LINK_RESET + 1u);
        break;
    case INPUT_ROOM:
        input->room.link = fields.link;
        break;
    case INPUT_CHILD:
        input->child.token = fields.token;
        input->child.exited = fields.exited;
        input->child.status = fields.status;
        input->child.bytes = fields.bytes;
        break;
    case INPUT_CONFIG:
        input->config.bytes = fields.bytes;
        break;
    case INPUT_MEMORY:
        input->memory.budget = fields.budget;
        break;
    case INPUT_STOP:
        break;
    case INPUT_LOCAL:
        input->local.from = (Channel)MIN(fields.channel, CHANNEL_MAX + 1u);
        input->local.bytes = fields.bytes;
        break;
    }
    wrong = check_input(input);
    if (wrong != NULL) {
        return refuse(error, "input", wrong);
    }
    inputs->count++;
    return true;
}

static bool
get_file(ControlInputs *inputs, const WireReader *field)
{
    WireReader reader = wire_reader(field->data, field->size);
    FileInfo *file;

    if (inputs->file_count == inputs->file_capacity) {
        inputs->file_capacity = MAX(16, inputs->file_capacity * 2);
        inputs->files = g_renew(FileInfo, inputs->files, inputs->file_capacity);
    }
    file = &inputs->files[inputs->file_count++];
    memset(file, 0, sizeof *file);
    while (wire_next(&reader)) {
        switch (reader.field << 3 | reader.type) {
        case BYTES(1):
            if (!control_file_name_ok(reader.data, reader.size)) {
                return false;
            }
            memset(file->name, 0, sizeof file->name);
            memcpy(file->name, reader.data, reader.size);
            break;
        case VARINT(2):
            file->size = reader.value;
            break;
        default:
            return false;
        }
    }
    return !reader.bad && file->name[0] != '\0';
}

/* The rules of node.h, as far as a node relies on them. */
static const char *
check_input(const Input *input)
{
    switch (input->kind) {
    case INPUT_MESSAGE:
        if (input->message.channel < 1 ||
            input->message.channel > CHANNEL_MAX) {
            return "a channel out of range";
        }
        break;
    case INPUT_SYNCED:
        return input->synced.token == 0 ? "no token" : NULL;
    case INPUT_READ:
        return input->read.token == 0 ? "no token" : NULL;
    case INPUT_LINK:
        if (input->link.state < LINK_UP || input->link.state > LINK_RESET) {
            return "an unknown link state";
        }
        break;
    case INPUT_LOCAL:
        if (input->local.from < 1 || input->local.from > CHANNEL_MAX) {
            return "a channel out of range";
        }
        break;
    default:
        break;
    }
    return NULL;
}

void
control_put_more(Wire *out, bool more)
{
    wire_put_u64(out, 2, more);
}

/* [a-z0-9._-]. Every write of a simulation is judged by this. */
static const bool name_bytes[256] = {['.'] = true,
                                     ['_'] = true,
                                     ['-'] = true,
                                     ['0' ... '9'] = true,
                                     ['a' ... 'z'] = true};

bool
control_file_name_ok(const uint8_t *name, size_t size)
{
    if (size < 1 || size > FILE_NAME_MAX) {
        return false;
    }
    for (size_t i = 0; i < size; i++) {
        if (!name_bytes[name[i]]) {
            return false;
        }
    }
    return true;
}

static bool
refuse(ControlError *error, const char *what, const char *why)
{
    snprintf(error->text, sizeof error->text, "%s: %s", what, why);
    return false;
}

void
control_inputs_clear(ControlInputs *inputs)
{
    g_free(inputs->items);
    g_free(inputs->files);
    *inputs = (ControlInputs){0};
}

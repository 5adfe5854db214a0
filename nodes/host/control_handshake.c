/* SPDX-License-Identifier: Apache-2.0 */
/* The messages of control.proto that open a conversation: Hello, Setup,
 * Ready. */
#include "nodes/host/control.h"

#include <stdio.h>

#define VARINT(field)  ((field) << 3 | WIRE_VARINT)
#define FIXED64(field) ((field) << 3 | WIRE_FIXED64)
#define BYTES(field)   ((field) << 3 | WIRE_BYTES)

static bool text_is_line(const uint8_t *data, size_t size);
static bool refuse(ControlError *error, const char *what, const char *why);

void
control_put_hello(Wire *out, const ControlHello *hello)
{
    wire_put_u64(out, 1, hello->abi);
    wire_put_u64(out, 2, hello->ring);
}

bool
control_get_hello(Slice message, ControlHello *hello, ControlError *error)
{
    WireReader reader = wire_reader(message.data, message.size);

    *hello = (ControlHello){0};
    while (wire_next(&reader)) {
        switch (reader.field << 3 | reader.type) {
        case VARINT(1):
            hello->abi = (uint32_t)MIN(reader.value, UINT32_MAX);
            break;
        case VARINT(2):
            hello->ring = reader.value != 0;
            break;
        default:
            return refuse(error, "hello", "an unknown field");
        }
    }
    return !reader.bad || refuse(error, "hello", "not in the wire format");
}

void
control_put_setup(Wire *out, const ControlSetup *setup)
{
    int64_t cpu = setup->cpu;

    wire_put_u64(out, 1, setup->abi);
    wire_put_u64(out, 2, setup->self);
    wire_put_u64(out, 3, setup->node_count);
    wire_put_text(out, 4, setup->config);
    wire_put_text(out, 5, setup->program);
    wire_put_fixed64(out, 6, setup->bugs);
    wire_put_u64(out, 7, (uint64_t)(cpu * 2) ^ (cpu < 0 ? UINT64_MAX : 0));
    wire_put_u64(out, 8, setup->ring_size);
    wire_put_fixed64(out, 9, setup->buggify);
}

bool
control_get_setup(Slice message, ControlSetup *setup, ControlError *error)
{
    WireReader reader = wire_reader(message.data, message.size);
    Slice config = slice_of("", 0);
    Slice program = slice_of("", 0);

    *setup = (ControlSetup){0};
    while (wire_next(&reader)) {
        switch (reader.field << 3 | reader.type) {
        case VARINT(1):
            setup->abi = (uint32_t)MIN(reader.value, UINT32_MAX);
            break;
        case VARINT(2):
            setup->self = (NodeId)MIN(reader.value, NODE_ID_MAX + 1);
            break;
        case VARINT(3):
            setup->node_count = (unsigned)MIN(reader.value, NODE_ID_MAX + 1);
            break;
        case BYTES(4):
            config = slice_of(reader.data, reader.size);
            break;
        case BYTES(5):
            program = slice_of(reader.data, reader.size);
            break;
        case FIXED64(6):
            setup->bugs = reader.value;
            break;
        case VARINT(7):
            setup->cpu =
                (int)(int64_t)(reader.value >> 1 ^ (~(reader.value & 1) + 1));
            break;
        case VARINT(8):
            setup->ring_size = reader.value;
            break;
        case FIXED64(9):
            setup->buggify = reader.value;
            break;
        default:
            return refuse(error, "setup", "an unknown field");
        }
    }
    if (reader.bad) {
        return refuse(error, "setup", "not in the wire format");
    }
    if (setup->self < 1 || setup->self > NODE_ID_MAX ||
        setup->node_count > NODE_ID_MAX) {
        return refuse(error, "setup", "a node id out of range");
    }
    setup->config = g_strndup((const char *)config.data, config.size);
    setup->program = g_strndup((const char *)program.data, program.size);
    return true;
}

void
control_put_ready(Wire *out, const ControlReady *ready)
{
    wire_put_text(out, 1, ready->error);
    wire_put_u64(out, 2, ready->ring);
}

bool
control_get_ready(Slice message, ControlReady *ready, ControlError *error)
{
    WireReader reader = wire_reader(message.data, message.size);

    *ready = (ControlReady){0};
    while (wire_next(&reader)) {
        switch (reader.field << 3 | reader.type) {
        case BYTES(1):
            if (!text_is_line(reader.data, reader.size)) {
                return refuse(error, "ready", "an error that is no line");
            }
            reader.size = MIN(reader.size, sizeof ready->error - 1);
            memcpy(ready->error, reader.data, reader.size);
            ready->error[reader.size] = '\0';
            break;
        case VARINT(2):
            ready->ring = reader.value != 0;
            break;
        default:
            return refuse(error, "ready", "an unknown field");
        }
    }
    return !reader.bad || refuse(error, "ready", "not in the wire format");
}

static bool
text_is_line(const uint8_t *data, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        if (data[i] < 0x20 || data[i] == 0x7f) {
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
control_setup_clear(ControlSetup *setup)
{
    g_free(setup->config);
    g_free(setup->program);
    *setup = (ControlSetup){0};
}

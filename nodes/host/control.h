/* SPDX-License-Identifier: Apache-2.0 */
/* The messages of proto/control.proto, encoded and decoded on both sides of
 * a node process. The bytes are those of protobuf-c; a typical input with its
 * effects costs less than 300 ns a side, no allocation but growing buffers.
 *
 * Decoding believes nothing: what the other side may not say is refused with
 * one line that says what was wrong ("nonsense"), at a cost in time and memory
 * that is bounded by the size of what really arrived. */
#ifndef SEEDBED_CONTROL_H
#define SEEDBED_CONTROL_H

#include "nodes/effects.h"
#include "nodes/host/wire.h"

/* MessageKind of control.proto. */
typedef enum ControlKind {
    CONTROL_HELLO = 1,
    CONTROL_SETUP,
    CONTROL_READY,
    CONTROL_STEP_REQUEST,
    CONTROL_STEP_REPLY,
    CONTROL_BYE,
} ControlKind;

/* Bounds of what may be said. */
#define CONTROL_MESSAGE_MAX ((size_t)1 << 28)   /* bytes */
#define CONTROL_INPUTS_MAX  4096u               /* in a request */
#define CONTROL_EFFECTS_MAX 65536u              /* of one input */
#define CONTROL_PARTS_MAX   65536u              /* of one effect */
#define CONTROL_HALT_MAX    4096u               /* bytes of a HALT's reason */
#define CONTROL_PROBE_MAX   65535u              /* highest probe id */
#define CONTROL_SIZE_MAX    ((uint64_t)1 << 62) /* of a file, bytes */

/* Why a message was refused: one line. */
typedef struct ControlError {
    char text[256];
} ControlError;

typedef struct ControlHello {
    uint32_t abi;
    bool ring;
} ControlHello;

/* Texts of a decoded message live as long as the reader's copy: see
 * control_setup_clear(). */
typedef struct ControlSetup {
    uint32_t abi;
    NodeId self;
    unsigned node_count;
    char *config;  /* owned after decoding, borrowed for encoding */
    char *program; /* likewise */
    uint64_t bugs;
    int cpu;            /* -1: any */
    uint64_t ring_size; /* bytes; 0: none */
    uint64_t buggify;   /* key, nodes/buggify.h; 0: off */
} ControlSetup;

typedef struct ControlReady {
    char error[256]; /* empty: all is well */
    bool ring;
} ControlReady;

/* The inputs of a request. Zero-initialise; reuse; control_inputs_clear(). */
typedef struct ControlInputs {
    Input *items;
    unsigned count, capacity;
    FileInfo *files; /* of all START inputs */
    unsigned file_count, file_capacity;
} ControlInputs;

/* Append to @out; it need not be empty. */
void control_put_hello(Wire *out, const ControlHello *hello);
void control_put_setup(Wire *out, const ControlSetup *setup);
void control_put_ready(Wire *out, const ControlReady *ready);
/* One more input of a StepRequest. */
void control_put_input(Wire *out, const Input *input);
/* One more list of a StepReply, which ends with control_put_more(). */
void control_put_effects(Wire *out, const Effects *fx);
void control_put_more(Wire *out, bool more);

/* Decode the whole of @message. False: refused, @error says why, and what was
 * decoded so far is not to be used. Slices in the results borrow @message. */
bool control_get_hello(Slice message, ControlHello *hello, ControlError *error);
bool control_get_setup(Slice message, ControlSetup *setup, ControlError *error);
bool control_get_ready(Slice message, ControlReady *ready, ControlError *error);
bool control_get_request(Slice message, ControlInputs *inputs,
                         ControlError *error);
/* @fx[0..room-1] receive a list each; @count says how many. On a refusal
 * @count lists were whole. */
bool control_get_reply(Slice message, Effects *fx, unsigned room,
                       unsigned *count, bool *more, ControlError *error);

/* What is wrong with @effect by the rules of node.h and effects.h, in a few
 * words, or NULL. The same rules hold for a node that is called directly. */
const char *control_effect_wrong(const Effect *effect);
/* Likewise for all effects of a step, as one line. False: refused. */
bool control_effects_ok(const Effects *fx, ControlError *error);
/* "send", "timer", ...; "?" for what is no kind. */
const char *control_effect_name(EffectKind kind);

/* 1..FILE_NAME_MAX bytes of [a-z0-9._-]. */
bool control_file_name_ok(const uint8_t *name, size_t size);

void control_setup_clear(ControlSetup *setup);
void control_inputs_clear(ControlInputs *inputs);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* The control protocol: our bytes are protobuf-c's, in both directions; what
 * was said is what is heard; what may not be said is refused. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#include "nodes/host/control.h"
#include "proto/control.pb-c.h"

static uint8_t large[DATAGRAM_MAX + 1];

#define TEXT(literal)                                                          \
    {                                                                          \
        (const uint8_t *)(literal), sizeof(literal) - 1, NULL                  \
    }

static const FileInfo files[] = {{"log-1", 70000}, {"a.b_c-d", 0}};
static const FileInfo other_files[] = {
    {"0123456789012345678901234567890", UINT64_MAX}};

/* Every kind of input, with edges. */
static const Input inputs[] = {
    {INPUT_START, 0, 0, {0, 0}, .start = {1, files, 2}},
    {INPUT_START, 1, 2, {3, 4}, .start = {UINT64_MAX, NULL, 0}},
    {INPUT_START, 1, 2, {3, 4}, .start = {2, other_files, 1}},
    {INPUT_MESSAGE,
     SIM_NEVER,
     SIM_NEVER,
     {UINT64_MAX, UINT64_MAX},
     .message = {(LinkId)7 << 24, 1, TEXT("hello\0world")}},
    {INPUT_MESSAGE, 5, 6, {7, 8}, .message = {0, CHANNEL_MAX, TEXT("")}},
    {INPUT_MESSAGE,
     5,
     6,
     {7, 8},
     .message = {LINK_STREAM | LINK_ACCEPTED | 5, 2, {large, 128, NULL}}},
    {INPUT_MESSAGE,
     5,
     6,
     {7, 8},
     .message = {1 << 24, 2, {large, sizeof large, NULL}}},
    {INPUT_TIMER, 5, 6, {7, 8}, .timer = {0}},
    {INPUT_TIMER, 5, 6, {7, 8}, .timer = {((TimerId)1 << 48) - 1}},
    {INPUT_SYNCED, 5, 6, {7, 8}, .synced = {1, 0}},
    {INPUT_SYNCED, 5, 6, {7, 8}, .synced = {UINT64_MAX, 28}},
    {INPUT_SYNCED, 5, 6, {7, 8}, .synced = {2, -5}},
    {INPUT_READ, 5, 6, {7, 8}, .read = {3, 0, TEXT("content")}},
    {INPUT_READ, 5, 6, {7, 8}, .read = {4, 5, TEXT("")}},
    {INPUT_LINK, 5, 6, {7, 8}, .link = {LINK_STREAM | 9, LINK_UP}},
    {INPUT_LINK, 5, 6, {7, 8}, .link = {LINK_STREAM | 9, LINK_RESET}},
    {INPUT_ROOM, 5, 6, {7, 8}, .room = {LINK_STREAM | 9}},
    {INPUT_CHILD, 5, 6, {7, 8}, .child = {5, true, -9, TEXT("")}},
    {INPUT_CHILD, 5, 6, {7, 8}, .child = {5, false, 0, TEXT("output")}},
    {INPUT_CONFIG, 5, 6, {7, 8}, .config = {TEXT("a=b\n")}},
    {INPUT_MEMORY, 5, 6, {7, 8}, .memory = {(uint64_t)1 << 40}},
    {INPUT_STOP, 5, 6, {7, 8}, .timer = {0}},
    {INPUT_LOCAL, 5, 6, {7, 8}, .local = {6, TEXT("inside")}},
};

/* Every kind of effect, with edges, each under its own name. */
static void
add_effects(Effects *fx)
{
    static const uint64_t values[PROBE_VALUES_MAX] = {0, 1, UINT64_MAX, 0};
    static const Slice parts[] = {TEXT("one"), TEXT(""),  TEXT("three"),
                                  TEXT("4"),   TEXT("5"), TEXT("6")};
    Slice whole = {large, DATAGRAM_MAX, NULL};
    LinkId stream = link_stream(4095, CHANNEL_MAX, 0xffffff);

    effects_send(fx, link_datagram(1), 1, parts, 6)->after = 77;
    effects_send(fx, link_datagram(NODE_ID_MAX), CHANNEL_MAX, &whole, 1);
    effects_send(fx, link_datagram(2), 5, NULL, 0);
    effects_send(fx, stream | LINK_ACCEPTED, 2, parts, 1)->after = UINT64_MAX;
    effects_timer(fx, 0, 0);
    effects_timer(fx, ((TimerId)1 << 48) - 1, SIM_NEVER);
    effects_write(fx, "log-1", 0, parts, 3);
    effects_write(fx, "x", (uint64_t)1 << 40, &whole, 1)->after = 5;
    effects_truncate(fx, "x", 0);
    effects_truncate(fx, "x", 99999);
    effects_allocate(fx, "0123456789012345678901234567890", 1 << 20);
    effects_rename(fx, "from", "to")->after = 1;
    effects_remove(fx, "a.b_c-d");
    effects_sync(fx, 1, NULL, 0);
    effects_sync(fx, UINT64_MAX, (const char *[]){"a", "b", "c"}, 3);
    effects_read(fx, 9, "x", 1, 0);
    effects_read(fx, 9, "x", 0, 1 << 30);
    effects_open(fx, stream);
    effects_close(fx, stream | LINK_ACCEPTED);
    effects_pause(fx, stream, true);
    effects_pause(fx, stream, false);
    effects_spawn(fx, 3, parts, 3);
    effects_signal(fx, 3, 9);
    effects_local(fx, 4, parts[0]);
    effects_local(fx, 4, parts[1]);
    effects_probe(fx, 1, values, 4, parts[0]);
    effects_probe(fx, CONTROL_PROBE_MAX, values, 0, parts[1]);
    effects_probe(fx, 300, values + 1, 5, parts[1]);
    effects_halt(fx, "no more");
    effects_halt(fx, "");
}

static void
add_slice(GString *text, Slice slice)
{
    g_string_append_printf(text, " [%zu", slice.size);
    for (size_t i = 0; i < slice.size; i++) {
        g_string_append_printf(text, " %02x", slice.data[i]);
    }
    g_string_append(text, "]");
}

/* All that an input holds, without looking through the encoder's eyes. */
static char *
input_text(const Input *input)
{
    GString *text = g_string_new(NULL);

    g_string_append_printf(
        text, "%d now %lu wall %lu dice %lx %lx:", input->kind, input->now,
        input->wall, input->dice.key, input->dice.counter);
    switch (input->kind) {
    case INPUT_START:
        g_string_append_printf(text, "%lu", input->start.incarnation);
        for (unsigned i = 0; i < input->start.file_count; i++) {
            g_string_append_printf(text, " %s=%lu", input->start.files[i].name,
                                   input->start.files[i].size);
        }
        break;
    case INPUT_MESSAGE:
        g_string_append_printf(text, "%lx %u", input->message.link,
                               input->message.channel);
        add_slice(text, input->message.bytes);
        break;
    case INPUT_TIMER:
        g_string_append_printf(text, "%lu", input->timer.id);
        break;
    case INPUT_SYNCED:
        g_string_append_printf(text, "%lu %d", input->synced.token,
                               input->synced.error);
        break;
    case INPUT_READ:
        g_string_append_printf(text, "%lu %d", input->read.token,
                               input->read.error);
        add_slice(text, input->read.bytes);
        break;
    case INPUT_LINK:
        g_string_append_printf(text, "%lx %d", input->link.link,
                               input->link.state);
        break;
    case INPUT_ROOM:
        g_string_append_printf(text, "%lx", input->room.link);
        break;
    case INPUT_CHILD:
        g_string_append_printf(text, "%lu %d %d", input->child.token,
                               input->child.exited, input->child.status);
        add_slice(text, input->child.bytes);
        break;
    case INPUT_CONFIG:
        add_slice(text, input->config.bytes);
        break;
    case INPUT_MEMORY:
        g_string_append_printf(text, "%lu", input->memory.budget);
        break;
    case INPUT_STOP:
        break;
    case INPUT_LOCAL:
        g_string_append_printf(text, "%u", input->local.from);
        add_slice(text, input->local.bytes);
        break;
    }
    return g_string_free(text, FALSE);
}

static char *
effect_text(const Effect *effect)
{
    GString *text = g_string_new(NULL);

    g_string_append_printf(text, "%d after %lu:", effect->kind, effect->after);
    switch (effect->kind) {
    case EFFECT_SEND:
        g_string_append_printf(text, "%lx %u", effect->send.link,
                               effect->send.channel);
        break;
    case EFFECT_TIMER:
        g_string_append_printf(text, "%lu %lu", effect->timer.id,
                               effect->timer.at);
        break;
    case EFFECT_WRITE:
        g_string_append_printf(text, "%s %lu", effect->disk.file,
                               effect->disk.offset);
        break;
    case EFFECT_TRUNCATE:
    case EFFECT_ALLOCATE:
        g_string_append_printf(text, "%s %lu", effect->disk.file,
                               effect->disk.size);
        break;
    case EFFECT_RENAME:
        g_string_append_printf(text, "%s %s", effect->disk.file,
                               effect->disk.to);
        break;
    case EFFECT_REMOVE:
        g_string_append(text, effect->disk.file);
        break;
    case EFFECT_READ:
        g_string_append_printf(text, "%s %lu %lu %lu", effect->disk.file,
                               effect->disk.offset, effect->disk.size,
                               effect->disk.token);
        break;
    case EFFECT_SYNC:
        g_string_append_printf(text, "%lu", effect->sync.token);
        break;
    case EFFECT_OPEN:
    case EFFECT_CLOSE:
        g_string_append_printf(text, "%lx", effect->stream.link);
        break;
    case EFFECT_PAUSE:
        g_string_append_printf(text, "%lx %d", effect->stream.link,
                               effect->stream.paused);
        break;
    case EFFECT_SPAWN:
        g_string_append_printf(text, "%lu", effect->child.token);
        break;
    case EFFECT_SIGNAL:
        g_string_append_printf(text, "%lu %d", effect->child.token,
                               effect->child.number);
        break;
    case EFFECT_LOCAL:
        g_string_append_printf(text, "%u", effect->local.to);
        break;
    case EFFECT_PROBE:
        g_string_append_printf(text, "%u %u", effect->probe.id,
                               effect->probe.count);
        for (unsigned i = 0; i < PROBE_VALUES_MAX; i++) {
            g_string_append_printf(text, " %lu", effect->probe.values[i]);
        }
        break;
    case EFFECT_HALT:
        break;
    }
    for (unsigned i = 0; i < effect->part_count; i++) {
        add_slice(text, effect->parts[i]);
    }
    return g_string_free(text, FALSE);
}

static Slice
slice_of_wire(const Wire *wire)
{
    return slice_of(wire->data, wire->size);
}

/* protobuf-c reads @wire as a StepRequest and writes the same bytes. */
static void
expect_request_same(const Wire *wire)
{
    Seedbed__Control__StepRequest *request =
        seedbed__control__step_request__unpack(NULL, wire->size, wire->data);
    uint8_t *bytes;

    ck_assert_ptr_nonnull(request);
    bytes = g_malloc(wire->size);
    ck_assert_uint_eq(seedbed__control__step_request__get_packed_size(request),
                      wire->size);
    seedbed__control__step_request__pack(request, bytes);
    ck_assert_mem_eq(bytes, wire->data, wire->size);
    g_free(bytes);
    seedbed__control__step_request__free_unpacked(request, NULL);
}

static void
expect_reply_same(const Wire *wire)
{
    Seedbed__Control__StepReply *reply =
        seedbed__control__step_reply__unpack(NULL, wire->size, wire->data);
    uint8_t *bytes;

    ck_assert_ptr_nonnull(reply);
    bytes = g_malloc(wire->size);
    ck_assert_uint_eq(seedbed__control__step_reply__get_packed_size(reply),
                      wire->size);
    seedbed__control__step_reply__pack(reply, bytes);
    ck_assert_mem_eq(bytes, wire->data, wire->size);
    g_free(bytes);
    seedbed__control__step_reply__free_unpacked(reply, NULL);
}

START_TEST(test_each_input)
{
    Wire wire = {0};
    ControlInputs got = {0};
    ControlError error;
    char *want_text, *got_text;

    control_put_input(&wire, &inputs[_i]);
    expect_request_same(&wire);
    ck_assert_msg(control_get_request(slice_of_wire(&wire), &got, &error), "%s",
                  error.text);
    ck_assert_uint_eq(got.count, 1);
    want_text = input_text(&inputs[_i]);
    got_text = input_text(&got.items[0]);
    ck_assert_str_eq(got_text, want_text);
    g_free(want_text);
    g_free(got_text);
    control_inputs_clear(&got);
    wire_clear(&wire);
}
END_TEST

/* All in one request, twice, so that tables grow and are used again. */
START_TEST(test_all_inputs)
{
    ControlInputs got = {0};
    ControlError error;

    for (unsigned round = 0; round < 2; round++) {
        Wire wire = {0};

        for (size_t i = 0; i < 3 * G_N_ELEMENTS(inputs); i++) {
            control_put_input(&wire, &inputs[i % G_N_ELEMENTS(inputs)]);
        }
        expect_request_same(&wire);
        ck_assert(control_get_request(slice_of_wire(&wire), &got, &error));
        ck_assert_uint_eq(got.count, 3 * G_N_ELEMENTS(inputs));
        for (size_t i = 0; i < got.count; i++) {
            char *want_text = input_text(&inputs[i % G_N_ELEMENTS(inputs)]);
            char *got_text = input_text(&got.items[i]);

            ck_assert_str_eq(got_text, want_text);
            g_free(want_text);
            g_free(got_text);
        }
        wire_clear(&wire);
    }
    control_inputs_clear(&got);
}
END_TEST

START_TEST(test_effects)
{
    Effects want, got[3];
    Wire wire = {0};
    ControlError error;
    unsigned count;
    bool more;

    effects_init(&want);
    add_effects(&want);
    for (unsigned i = 0; i < 3; i++) {
        effects_init(&got[i]);
    }
    control_put_effects(&wire, &want);
    control_put_effects(&wire, &(Effects){0});
    control_put_effects(&wire, &want);
    control_put_more(&wire, true);
    expect_reply_same(&wire);
    ck_assert_msg(
        control_get_reply(slice_of_wire(&wire), got, 3, &count, &more, &error),
        "%s", error.text);
    ck_assert_uint_eq(count, 3);
    ck_assert(more);
    ck_assert_uint_eq(got[1].count, 0);
    for (unsigned k = 0; k < 3; k += 2) {
        ck_assert_uint_eq(got[k].count, want.count);
        for (unsigned i = 0; i < want.count; i++) {
            char *want_text = effect_text(&want.items[i]);
            char *got_text = effect_text(&got[k].items[i]);

            ck_assert_str_eq(got_text, want_text);
            ck_assert_str_eq(control_effect_name(got[k].items[i].kind),
                             control_effect_name(want.items[i].kind));
            g_free(want_text);
            g_free(got_text);
        }
    }
    ck_assert(control_effects_ok(&want, &error));
    for (unsigned i = 0; i < 3; i++) {
        effects_clear(&got[i]);
    }
    effects_clear(&want);
    wire_clear(&wire);
}
END_TEST

/* Each cut of a good reply is refused or is a shorter good reply; nothing is
 * read behind its end (as the sanitizers see in a copy of that size). */
START_TEST(test_cuts)
{
    Effects want, got;
    Wire wire = {0};

    effects_init(&want);
    effects_init(&got);
    effects_sync(&want, 5, (const char *[]){"abc", "d"}, 2);
    effects_rename(&want, "from", "to");
    effects_probe(&want, 3, (const uint64_t[]){1, 300}, 2, slice_text("text"));
    effects_timer(&want, 1, 2);
    control_put_effects(&wire, &want);
    for (size_t size = 0; size < wire.size; size++) {
        uint8_t *copy = g_memdup2(wire.data, size);
        ControlError error = {""};
        unsigned count;
        bool more;

        ck_assert(!control_get_reply(slice_of(copy, size), &got, 1, &count,
                                     &more, &error));
        ck_assert_str_ne(error.text, "");
        g_free(copy);
    }
    effects_clear(&want);
    effects_clear(&got);
    wire_clear(&wire);
}
END_TEST

/* One effect that may not be, field by field as protobuf-c writes it. */
typedef Seedbed__Control__Effect Raw;

static const struct {
    const char *want; /* the error */
    Raw raw;
    const char *parts[10];
} nonsense[] = {
    {"effect 1 (?): an unknown kind", {.kind = 0}, {0}},
    {"effect 1 (?): an unknown kind", {.kind = 18}, {0}},
    {"effect 1 (timer): a field that its kind has not",
     {.kind = EFFECT_TIMER, .link = 1},
     {0}},
    {"effect 1 (timer): a field that its kind has not",
     {.kind = EFFECT_TIMER},
     {"part"}},
    {"effect 1 (timer): a timer id above 2^56",
     {.kind = EFFECT_TIMER, .timer = (uint64_t)1 << 56},
     {0}},
    {"effect 1 (send): a channel out of range",
     {.kind = EFFECT_SEND, .link = 1 << 24},
     {0}},
    {"effect 1 (send): a channel out of range",
     {.kind = EFFECT_SEND, .link = 1 << 24, .channel = 64},
     {0}},
    {"effect 1 (send): a peer out of range",
     {.kind = EFFECT_SEND, .channel = 1},
     {0}},
    {"effect 1 (send): a peer out of range",
     {.kind = EFFECT_SEND, .channel = 1, .link = (uint64_t)4096 << 24},
     {0}},
    {"effect 1 (send): not a link",
     {.kind = EFFECT_SEND, .channel = 1, .link = (1 << 24) + 1},
     {0}},
    {"effect 1 (send): not a link",
     {.kind = EFFECT_SEND, .channel = 1, .link = LINK_STREAM | 1 << 24},
     {0}},
    {"effect 1 (write): not the name of a file",
     {.kind = EFFECT_WRITE, .file = (char *)""},
     {0}},
    {"effect 1 (write): not the name of a file",
     {.kind = EFFECT_WRITE, .file = (char *)"Capital"},
     {0}},
    {"effect 1 (remove): not the name of a file",
     {.kind = EFFECT_REMOVE, .file = (char *)"../x"},
     {0}},
    {"effect 1 (remove): not the name of a file",
     {.kind = EFFECT_REMOVE,
      .file = (char *)"01234567890123456789012345678901"},
     {0}},
    {"effect 1 (rename): not the name of a file",
     {.kind = EFFECT_RENAME, .file = (char *)"x"},
     {0}},
    {"effect 1 (write): an offset that is too large",
     {.kind = EFFECT_WRITE, .file = (char *)"x", .offset = UINT64_MAX},
     {0}},
    {"effect 1 (truncate): a size that is too large",
     {.kind = EFFECT_TRUNCATE, .file = (char *)"x", .size = UINT64_MAX},
     {0}},
    {"effect 1 (read): no token",
     {.kind = EFFECT_READ, .file = (char *)"x"},
     {0}},
    {"effect 1 (sync): no token", {.kind = EFFECT_SYNC}, {"x"}},
    {"effect 1 (sync): not the name of a file",
     {.kind = EFFECT_SYNC, .token = 1},
     {"x", "y z"}},
    {"effect 1 (sync): too many files",
     {.kind = EFFECT_SYNC, .token = 1},
     {"a", "b", "c", "d", "e", "f", "g", "h", "i"}},
    {"effect 1 (open): a link that is no stream",
     {.kind = EFFECT_OPEN, .link = 1 << 24},
     {0}},
    {"effect 1 (open): a link that the other end opens",
     {.kind = EFFECT_OPEN,
      .link = LINK_STREAM | LINK_ACCEPTED | (uint64_t)1 << 48 | 1 << 24},
     {0}},
    {"effect 1 (spawn): no arguments", {.kind = EFFECT_SPAWN, .token = 1}, {0}},
    {"effect 1 (spawn): no token", {.kind = EFFECT_SPAWN}, {"/bin/true"}},
    {"effect 1 (signal): not a signal",
     {.kind = EFFECT_SIGNAL, .token = 1},
     {0}},
    {"effect 1 (signal): not a signal",
     {.kind = EFFECT_SIGNAL, .token = 1, .signal = 65},
     {0}},
    {"effect 1 (local): a channel out of range", {.kind = EFFECT_LOCAL}, {"x"}},
    {"effect 1 (local): not one part",
     {.kind = EFFECT_LOCAL, .channel = 1},
     {"x", "y"}},
    {"effect 1 (probe): a probe out of range", {.kind = EFFECT_PROBE}, {0}},
    {"effect 1 (probe): a probe out of range",
     {.kind = EFFECT_PROBE, .probe = 65536},
     {0}},
    {"effect 1 (probe): more than one part",
     {.kind = EFFECT_PROBE, .probe = 1},
     {"x", "y"}},
    {"effect 1 (probe): too many values",
     {.kind = EFFECT_PROBE,
      .probe = 1,
      .n_values = 7,
      .values = (uint64_t[]){1, 2, 3, 4, 5, 6, 7}},
     {0}},
    {"effect 1 (halt): not one part", {.kind = EFFECT_HALT}, {0}},
};

START_TEST(test_nonsense)
{
    Seedbed__Control__Effect raw = SEEDBED__CONTROL__EFFECT__INIT;
    Seedbed__Control__Effect *effects[] = {&raw};
    Seedbed__Control__EffectList list = SEEDBED__CONTROL__EFFECT_LIST__INIT;
    Seedbed__Control__EffectList *lists[] = {&list};
    Seedbed__Control__StepReply reply = SEEDBED__CONTROL__STEP_REPLY__INIT;
    ProtobufCBinaryData parts[10];
    ProtobufCMessage base = raw.base;
    uint8_t bytes[1000];
    ControlError error = {""};
    Effects fx;
    unsigned count;
    bool more;
    size_t size;

    raw = nonsense[_i].raw;
    raw.base = base;
    raw.file = raw.file != NULL ? raw.file : (char *)"";
    raw.to = raw.to != NULL ? raw.to : (char *)"";
    while (nonsense[_i].parts[raw.n_parts] != NULL) {
        const char *part = nonsense[_i].parts[raw.n_parts];

        parts[raw.n_parts].data = (uint8_t *)(uintptr_t)part;
        parts[raw.n_parts++].len = strlen(part);
    }
    raw.parts = parts;
    list.effects = effects;
    list.n_effects = 1;
    reply.steps = lists;
    reply.n_steps = 1;
    size = seedbed__control__step_reply__pack(&reply, bytes);
    effects_init(&fx);
    ck_assert(!control_get_reply(slice_of(bytes, size), &fx, 1, &count, &more,
                                 &error));
    ck_assert_str_eq(error.text, nonsense[_i].want);
    ck_assert_uint_eq(count, 0);
    effects_clear(&fx);
}
END_TEST

/* What protobuf-c cannot be made to write. */
static const struct {
    const char *want;
    size_t size;
    const char *bytes;
} broken[] = {
    {"step reply: no answer", 0, ""},
    {"step reply: no answer", 2, "\x10\x01"},
    {"step reply: more answers than questions", 4, "\x0a\0\x0a\0"},
    {"step reply: an unknown field", 2, "\x18\x01"},
    {"step reply: not in the wire format", 2, "\x0a\x05"},
    {"step reply: not in the wire format", 1, "\x80"},
    {"step reply: not in the wire format", 2, "\x00\x00"},
    {"step reply: not in the wire format", 12,
     "\x0a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01x"},
    {"step reply: not in the wire format", 3, "\x0b\x08\x01"},
    {"effect 1 (?): an unknown field", 7, "\x0a\x05\x0a\x03\x90\x01\x01"},
    {"effect 1 (?): an unknown field", 6, "\x0a\x04\x0a\x02\x0a\x00"},
    {"effect 1 (pause): a truth value above 1", 8,
     "\x0a\x06\x0a\x04\x08\x0c\x78\x02"},
};

START_TEST(test_broken)
{
    ControlError error = {""};
    Effects fx;
    unsigned count;
    bool more;

    effects_init(&fx);
    ck_assert(!control_get_reply(slice_of(broken[_i].bytes, broken[_i].size),
                                 &fx, 1, &count, &more, &error));
    ck_assert_str_eq(error.text, broken[_i].want);
    effects_clear(&fx);
}
END_TEST

START_TEST(test_bad_requests)
{
    static const struct {
        const char *want;
        size_t size;
        const char *bytes;
    } table[] = {
        {"step request: no input", 0, ""},
        {"step request: an unknown field", 2, "\x10\x01"},
        {"step request: not in the wire format", 2, "\x0a\x01"},
        {"input: an unknown kind", 2, "\x0a\x00"},
        {"input: an unknown kind", 4, "\x0a\x02\x08\x0d"},
        {"input: an unknown or broken field", 5, "\x0a\x03\x90\x01\x01"},
        {"input: a field that its kind has not", 6, "\x0a\x04\x08\x0b\x40\x01"},
        {"input: no token", 4, "\x0a\x02\x08\x04"},
        {"input: a channel out of range", 4, "\x0a\x02\x08\x02"},
        {"input: an unknown link state", 6, "\x0a\x04\x08\x06\x60\x04"},
        {"input: an unknown or broken field", 6,
         "\x0a\x04\x08\x01\x72\x00"}, /* a file without a name */
    };
    ControlInputs got = {0};

    for (size_t i = 0; i < G_N_ELEMENTS(table); i++) {
        ControlError error = {""};

        ck_assert(!control_get_request(slice_of(table[i].bytes, table[i].size),
                                       &got, &error));
        ck_assert_str_eq(error.text, table[i].want);
    }
    control_inputs_clear(&got);
}
END_TEST

START_TEST(test_handshake)
{
    ControlHello hello = {.abi = 1, .ring = true}, got_hello;
    ControlSetup setup = {.abi = 1,
                          .self = NODE_ID_MAX,
                          .node_count = 5,
                          .config = (char *)"a=b\n",
                          .program = (char *)"echo",
                          .bugs = 0x8000000000000001u,
                          .cpu = -1,
                          .ring_size = 65536,
                          .buggify = 0xfedcba9876543211u};
    ControlSetup got_setup;
    ControlReady ready = {.error = "no", .ring = true}, got_ready;
    Seedbed__Control__Setup *raw;
    ControlError error;
    Wire wire = {0};

    control_put_hello(&wire, &hello);
    ck_assert(control_get_hello(slice_of_wire(&wire), &got_hello, &error));
    ck_assert_uint_eq(got_hello.abi, 1);
    ck_assert(got_hello.ring);
    for (int cpu = -1; cpu < 3; cpu++) {
        setup.cpu = cpu;
        wire.size = 0;
        control_put_setup(&wire, &setup);
        raw = seedbed__control__setup__unpack(NULL, wire.size, wire.data);
        ck_assert_int_eq(raw->cpu, cpu);
        ck_assert_str_eq(raw->program, "echo");
        seedbed__control__setup__free_unpacked(raw, NULL);
        ck_assert(control_get_setup(slice_of_wire(&wire), &got_setup, &error));
        ck_assert_int_eq(got_setup.cpu, cpu);
        ck_assert_uint_eq(got_setup.self, NODE_ID_MAX);
        ck_assert_uint_eq(got_setup.node_count, 5);
        ck_assert_str_eq(got_setup.config, "a=b\n");
        ck_assert_str_eq(got_setup.program, "echo");
        ck_assert_uint_eq(got_setup.bugs, 0x8000000000000001u);
        ck_assert_uint_eq(got_setup.ring_size, 65536);
        ck_assert_uint_eq(got_setup.buggify, 0xfedcba9876543211u);
        control_setup_clear(&got_setup);
    }
    setup.config = (char *)"";
    setup.program = (char *)"";
    wire.size = 0;
    control_put_setup(&wire, &setup);
    ck_assert(control_get_setup(slice_of_wire(&wire), &got_setup, &error));
    ck_assert_str_eq(got_setup.config, "");
    control_setup_clear(&got_setup);
    setup.self = 0;
    wire.size = 0;
    control_put_setup(&wire, &setup);
    ck_assert(!control_get_setup(slice_of_wire(&wire), &got_setup, &error));
    wire.size = 0;
    control_put_ready(&wire, &ready);
    ck_assert(control_get_ready(slice_of_wire(&wire), &got_ready, &error));
    ck_assert_str_eq(got_ready.error, "no");
    ck_assert(got_ready.ring);
    ck_assert(
        !control_get_ready(slice_of("\x0a\x03x\ny", 5), &got_ready, &error));
    ck_assert_str_eq(error.text, "ready: an error that is no line");
    wire_clear(&wire);
}
END_TEST

/* Bounds on numbers, which would make a message of many megabytes otherwise:
 * as many empty effects as there may be, and one more. */
START_TEST(test_too_many)
{
    Wire wire = {0};
    Effects fx;
    ControlError error;
    unsigned count;
    bool more;

    effects_init(&fx);
    for (unsigned extra = 0; extra < 2; extra++) {
        size_t guess = 6 * CONTROL_EFFECTS_MAX;
        size_t mark;

        wire.size = 0;
        mark = wire_begin(&wire, 1, guess);
        for (unsigned i = 0; i < CONTROL_EFFECTS_MAX + extra; i++) {
            wire_put_element(&wire, 1, "\x08\x02", 2); /* a timer */
        }
        wire_end(&wire, mark, guess);
        ck_assert(control_get_reply(slice_of_wire(&wire), &fx, 1, &count, &more,
                                    &error) == (extra == 0));
    }
    ck_assert_str_eq(error.text, "effect 65537 (timer): too many effects");
    effects_clear(&fx);
    wire_clear(&wire);
}
END_TEST

static Suite *
suite(void)
{
    Suite *all = suite_create("control");
    TCase *said = tcase_create("said");
    TCase *refused = tcase_create("refused");

    for (size_t i = 0; i < sizeof large; i++) {
        large[i] = (uint8_t)(i * 7);
    }
    tcase_add_loop_test(said, test_each_input, 0, (int)G_N_ELEMENTS(inputs));
    tcase_add_test(said, test_all_inputs);
    tcase_add_test(said, test_effects);
    tcase_add_test(said, test_handshake);
    suite_add_tcase(all, said);
    tcase_add_test(refused, test_cuts);
    tcase_add_loop_test(refused, test_nonsense, 0, (int)G_N_ELEMENTS(nonsense));
    tcase_add_loop_test(refused, test_broken, 0, (int)G_N_ELEMENTS(broken));
    tcase_add_test(refused, test_bad_requests);
    tcase_add_test(refused, test_too_many);
    suite_add_tcase(all, refused);
    return all;
}

int
main(void)
{
    SRunner *runner = srunner_create(suite());
    int failed;

    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? 0 : 1;
}

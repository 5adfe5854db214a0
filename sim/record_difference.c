/* SPDX-License-Identifier: Apache-2.0 */
/* Compares the parts of two records by their encodings, so that nothing that
 * a digest sees is forgotten. */
#include "sim/record_difference.h"

#include <inttypes.h>
#include <string.h>

#include "sim/trace_record.h"

static bool compare_event(GString *out, const Event *a, const Event *b);
static void compare_sends(GString *out, const Fact *a, const Fact *b);
static void compare_input(GString *out, const Input *a, const Input *b);
static void compare_bytes(GString *out, const char *what, Slice a, Slice b);
static void compare_effects(GString *out, const Record *a, const Record *b);
static void compare_facts(GString *out, const Record *a, const Record *b);
static bool part_alike(const Record *a, const Effect *effect_a,
                       const Fact *fact_a, const Effect *effect_b,
                       const Fact *fact_b);
static const Effect *next_effect(const Record *record, unsigned *index);
static void say(GString *out, const char *what, uint64_t a, uint64_t b);

void
record_difference(GString *out, const Record *a, const Record *b)
{
    if (!compare_event(out, a->event, b->event)) {
        return;
    }
    if ((a->input == NULL) != (b->input == NULL)) {
        g_string_append_printf(out, "  only %c tells the node something\n",
                               a->input != NULL ? 'A' : 'B');
    } else if (a->input != NULL) {
        compare_input(out, a->input, b->input);
    }
    say(out, "id of the message", a->message, b->message);
    say(out, "peer", a->peer, b->peer);
    compare_effects(out, a, b);
    compare_facts(out, a, b);
}

/* False when they are two events that have nothing to do with each other. */
static bool
compare_event(GString *out, const Event *a, const Event *b)
{
    const Event *const events[] = {a, b};

    if (event_cell(a) != event_cell(b) || event_class(a) != event_class(b) ||
        event_from(a) != event_from(b)) {
        for (unsigned i = 0; i < 2; i++) {
            g_string_append_printf(
                out, "  next in %c: node %u at %" PRIu64 " ns, from node %u\n",
                'A' + (int)i, event_cell(events[i]), event_at(events[i]),
                event_from(events[i]));
        }
        return false;
    }
    say(out, "true time, ns", event_at(a), event_at(b));
    say(out, "number of the emission", event_from_seq(a), event_from_seq(b));
    say(out, "copy", event_copy(a), event_copy(b));
    say(out, "kind of event", a->kind, b->kind);
    return true;
}

static void
compare_input(GString *out, const Input *a, const Input *b)
{
    say(out, "kind of input", a->kind, b->kind);
    say(out, "the node's clock, ns", a->now, b->now);
    say(out, "the node's wall clock, ns", a->wall, b->wall);
    say(out, "key of the dice", a->dice.key, b->dice.key);
    say(out, "count of the dice", a->dice.counter, b->dice.counter);
    if (a->kind != b->kind) {
        return;
    }
    if (a->kind == INPUT_MESSAGE) {
        compare_bytes(out, "message", a->message.bytes, b->message.bytes);
    } else if (a->kind == INPUT_READ) {
        compare_bytes(out, "bytes read", a->read.bytes, b->read.bytes);
    } else if (a->kind == INPUT_SYNCED) {
        say(out, "token", a->synced.token, b->synced.token);
        say(out, "error", (uint64_t)a->synced.error, (uint64_t)b->synced.error);
    }
}

static void
compare_bytes(GString *out, const char *what, Slice a, Slice b)
{
    const uint8_t *ours = a.data, *theirs = b.data;

    say(out, what, a.size, b.size);
    for (size_t i = 0; i < MIN(a.size, b.size); i++) {
        if (ours[i] != theirs[i]) {
            g_string_append_printf(out,
                                   "  %s: byte %zu is 0x%02x in A, 0x%02x in "
                                   "B\n",
                                   what, i, ours[i], theirs[i]);
            return;
        }
    }
}

static void
compare_effects(GString *out, const Record *a, const Record *b)
{
    static const char *const names[] = {
        "effect", "send",   "timer",  "write", "truncate", "allocate",
        "rename", "remove", "sync",   "read",  "open",     "close",
        "pause",  "spawn",  "signal", "local", "probe",    "halt"};
    unsigned i = 0, k = 0;

    for (unsigned number = 1;; number++) {
        const Effect *ours = next_effect(a, &i);
        const Effect *theirs = next_effect(b, &k);
        const Effect *some = ours != NULL ? ours : theirs;

        if (some == NULL) {
            return;
        }
        if (ours != NULL && theirs != NULL &&
            part_alike(a, ours, NULL, theirs, NULL)) {
            continue;
        }
        if (ours == NULL || theirs == NULL || ours->kind != theirs->kind) {
            g_string_append_printf(
                out, "  effect %u: %s in A, %s in B\n", number,
                ours != NULL ? names[ours->kind % G_N_ELEMENTS(names)] : "none",
                theirs != NULL ? names[theirs->kind % G_N_ELEMENTS(names)]
                               : "none");
            return;
        }
        g_string_append_printf(out, "  effect %u, %s, differs\n", number,
                               names[ours->kind % G_N_ELEMENTS(names)]);
        if (ours->part_count == 1 && theirs->part_count == 1) {
            compare_bytes(out, "payload", ours->parts[0], theirs->parts[0]);
        }
        return;
    }
}

/* The next one that is no PROBE; NULL behind the last. */
static const Effect *
next_effect(const Record *record, unsigned *index)
{
    while (record->input != NULL && record->fx != NULL &&
           *index < record->fx->count) {
        const Effect *effect = &record->fx->items[(*index)++];

        if (effect->kind != EFFECT_PROBE) {
            return effect;
        }
    }
    return NULL;
}

static void
compare_facts(GString *out, const Record *a, const Record *b)
{
    unsigned count = MAX(a->fact_count, b->fact_count);

    for (unsigned i = 0; i < count; i++) {
        if (i >= a->fact_count || i >= b->fact_count) {
            g_string_append_printf(out, "  %u things happen in A, %u in B\n",
                                   a->fact_count, b->fact_count);
            return;
        }
        if (!part_alike(a, NULL, &a->facts[i], NULL, &b->facts[i])) {
            g_string_append_printf(out, "  what happens differs: number %u\n",
                                   i + 1);
            if (a->facts[i].kind == FACT_SEND &&
                b->facts[i].kind == FACT_SEND) {
                compare_sends(out, &a->facts[i], &b->facts[i]);
            }
            return;
        }
    }
}

/* A packet that the network treated in two ways. */
static void
compare_sends(GString *out, const Fact *a, const Fact *b)
{
    unsigned count = MIN(a->fate.copy_count, b->fate.copy_count);

    say(out, "message", a->message, b->message);
    compare_bytes(out, "what was sent", a->bytes, b->bytes);
    say(out, "copies that arrive", a->fate.copy_count, b->fate.copy_count);
    if (count > 0) {
        say(out, "arrival, ns", a->fate.copies[0].at, b->fate.copies[0].at);
    }
}

/* Two effects or two facts, each in a record of its own. */
static bool
part_alike(const Record *a, const Effect *effect_a, const Fact *fact_a,
           const Effect *effect_b, const Fact *fact_b)
{
    Input input = {.kind = INPUT_STOP};
    Effects fx_a = {0}, fx_b = {0};
    Record left = {.event = a->event, .input = &input, .fx = &fx_a};
    Record right = {.event = a->event, .input = &input, .fx = &fx_b};
    GByteArray *bytes_a = g_byte_array_new();
    GByteArray *bytes_b = g_byte_array_new();
    bool alike;

    if (effect_a != NULL) {
        fx_a.items = (Effect *)(uintptr_t)effect_a;
        fx_b.items = (Effect *)(uintptr_t)effect_b;
        fx_a.count = fx_b.count = 1;
    } else {
        left.facts = fact_a;
        right.facts = fact_b;
        left.fact_count = right.fact_count = 1;
    }
    trace_record_encode(bytes_a, &left, false);
    trace_record_encode(bytes_b, &right, false);
    alike = bytes_a->len == bytes_b->len &&
            memcmp(bytes_a->data, bytes_b->data, bytes_a->len) == 0;
    g_byte_array_unref(bytes_a);
    g_byte_array_unref(bytes_b);
    return alike;
}

static void
say(GString *out, const char *what, uint64_t a, uint64_t b)
{
    if (a != b) {
        g_string_append_printf(
            out, "  %s: %" PRIu64 " in A, %" PRIu64 " in B\n", what, a, b);
    }
}

/* SPDX-License-Identifier: Apache-2.0 */
/* One record is a few lines: what the world did to the cell, what the cell was
 * told, what it asked for, and what left. A fact belongs to the moment at
 * which it happened: what waits for a token shows up twice, once as asked
 * ("after #3") and once as it leaves. */
#include "sim/trace_text.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "nodes/probes.h"
#include "sim/frames.h"
#include "sim/trace_words.h"

struct TraceText {
    unsigned node_count;
    Frames *frames;
    GString *name, *says; /* scratch */
    /* the record being printed */
    GString *out;
    SimTime at;
};

/* Who said what to whom: the words of messages of one link. */
typedef struct Talk {
    TraceText *text;
    NodeId self, peer;
    Channel channel;
    char sign;        /* '<' or '>' */
    bool to_opener;   /* of a stream */
    const Fate *fate; /* or NULL */
    unsigned count;   /* messages printed */
} Talk;

static void print_input(TraceText *text, const Record *record, NodeId self);
static void print_plain_input(TraceText *text, const Input *input, NodeId self);
static void print_start(TraceText *text, const Input *input, NodeId self);
static void print_message(TraceText *text, const Record *record, NodeId self);
static void print_link(TraceText *text, const Record *record, NodeId self);
static void print_effect(TraceText *text, const Input *input,
                         const Effect *effect, NodeId self);
static void print_waiting(TraceText *text, const Effect *effect, NodeId self);
static void print_held(TraceText *text, const Effect *effect, NodeId self);
static void print_probe(TraceText *text, const Effect *effect, NodeId self);
static void print_client(TraceText *text, const Effect *effect, NodeId self);
static bool is_of_the_world(FactKind kind);
static void print_fact(TraceText *text, const Fact *fact);
static void print_fault(GString *out, const Fact *fact);
static void print_send(TraceText *text, const Fact *fact);
static void print_control(const Talk *talk, const Fact *fact);
static void print_sent(Talk *talk, Slice bytes);
static void print_fate(TraceText *text, const Fate *fate);
static void print_talk(void *data, const uint8_t *bytes, size_t size);
static void print_stream(Talk *talk, LinkId link, Slice bytes);
static void open_line(TraceText *text, const char *who, NodeId id, char sign);
static void timer_line(TraceText *text, NodeId self, char sign, TimerId id);
static void token_line(TraceText *text, NodeId self, char sign,
                       const char *what, Token token);
static void open_token_line(TraceText *text, NodeId self, char sign,
                            Token token);
static Token token_number(Token token);
static void cell_line(TraceText *text, NodeId id, char sign);
static void print_peer(TraceText *text, NodeId id);
static void print_error(GString *out, int error);
static void print_names(GString *out, const Slice *names, unsigned count);

/* Where a member puts the channel of a timer and of a token (nodes/member.h);
 * a program without a member has channel 0 there. */
#define TIMER_CHANNEL_SHIFT 48
#define TOKEN_CHANNEL_SHIFT 56

/* What a stream's FACT_SEND carries: ChunkKind of sim/tcp.h. */
enum { SENT_SYN = 1, SENT_SYN_ACK, SENT_DATA, SENT_FIN };

void
trace_text_record(TraceText *text, GString *out, const Record *record)
{
    NodeId self = event_cell(record->event);

    text->out = out;
    text->at = event_at(record->event);
    for (unsigned i = 0; i < record->fact_count; i++) {
        if (is_of_the_world(record->facts[i].kind)) {
            print_fact(text, &record->facts[i]);
        }
    }
    if (record->input != NULL) {
        print_input(text, record, self);
        for (unsigned i = 0; record->fx != NULL && i < record->fx->count; i++) {
            print_effect(text, record->input, &record->fx->items[i], self);
        }
    }
    for (unsigned i = 0; i < record->fact_count; i++) {
        if (!is_of_the_world(record->facts[i].kind)) {
            print_fact(text, &record->facts[i]);
        }
    }
    text->out = NULL;
}

static void
print_input(TraceText *text, const Record *record, NodeId self)
{
    const Input *input = record->input;
    GString *out = text->out;

    switch (input->kind) {
    case INPUT_START:
        print_start(text, input, self);
        return;
    case INPUT_MESSAGE:
        print_message(text, record, self);
        return;
    case INPUT_LINK:
        print_link(text, record, self);
        return;
    default:
        break;
    }
    switch (input->kind) {
    case INPUT_TIMER:
        timer_line(text, self, '<', input->timer.id);
        break;
    case INPUT_SYNCED:
        token_line(text, self, '<', "synced", input->synced.token);
        print_error(out, input->synced.error);
        break;
    case INPUT_READ:
        token_line(text, self, '<', "read", input->read.token);
        g_string_append_printf(out, ": %zu bytes", input->read.bytes.size);
        print_error(out, input->read.error);
        break;
    case INPUT_CHILD:
        token_line(text, self, '<', "child", input->child.token);
        g_string_append_printf(out, " %s %d, %zu bytes",
                               input->child.exited ? "left with" : "said",
                               input->child.status, input->child.bytes.size);
        break;
    default:
        print_plain_input(text, input, self);
        break;
    }
    g_string_append_c(out, '\n');
}

static void
print_plain_input(TraceText *text, const Input *input, NodeId self)
{
    GString *out = text->out;

    cell_line(text, self, '<');
    switch (input->kind) {
    case INPUT_ROOM:
        g_string_append_printf(
            out, "room on %s stream %u to ",
            trace_words_channel(link_channel(input->room.link)),
            (unsigned)(input->room.link & 0xffffffu));
        print_peer(text, link_peer(input->room.link));
        break;
    case INPUT_CONFIG:
        g_string_append_printf(out, "config, %zu bytes",
                               input->config.bytes.size);
        break;
    case INPUT_MEMORY:
        g_string_append_printf(out, "memory budget %" PRIu64 " bytes",
                               input->memory.budget);
        break;
    case INPUT_STOP:
        g_string_append(out, "stop");
        break;
    case INPUT_LOCAL:
        g_string_append_printf(out, "local from %s, %zu bytes",
                               trace_words_channel(input->local.from),
                               input->local.bytes.size);
        break;
    default:
        g_string_append_printf(out, "input %u", (unsigned)input->kind);
        break;
    }
}

static void
print_start(TraceText *text, const Input *input, NodeId self)
{
    frames_drop_cell(text->frames, self);
    cell_line(text, self, '<');
    g_string_append_printf(text->out, "start, incarnation %" PRIu64,
                           input->start.incarnation);
    for (unsigned i = 0; i < input->start.file_count; i++) {
        g_string_append(text->out, ", ");
        trace_words_text(text->out, input->start.files[i].name,
                         strnlen(input->start.files[i].name, FILE_NAME_MAX));
        g_string_append_printf(text->out, " +%" PRIu64,
                               input->start.files[i].size);
    }
    g_string_append_c(text->out, '\n');
}

static void
print_message(TraceText *text, const Record *record, NodeId self)
{
    const Input *input = record->input;
    LinkId link = input->message.link;
    Talk talk = {
        .text = text,
        .self = self,
        .peer = record->peer != 0 ? record->peer : link_peer(link),
        .channel = input->message.channel,
        .sign = '<',
        .to_opener = (link & LINK_ACCEPTED) == 0,
    };

    if (link_is_stream(link)) {
        print_stream(&talk, link, input->message.bytes);
    } else {
        print_talk(&talk, input->message.bytes.data, input->message.bytes.size);
    }
}

static void
print_link(TraceText *text, const Record *record, NodeId self)
{
    static const char *const states[] = {"link", "up", "down", "reset"};
    LinkId link = record->input->link.link;
    unsigned state = (unsigned)record->input->link.state;

    frames_drop(text->frames, self, link);
    open_line(text, trace_words_channel(link_channel(link)), self, '<');
    g_string_append_printf(text->out, "%s: stream %u %s ",
                           states[state < G_N_ELEMENTS(states) ? state : 0],
                           (unsigned)(link & 0xffffffu),
                           (link & LINK_ACCEPTED) != 0 ? "from" : "to");
    print_peer(text, record->peer != 0 ? record->peer : link_peer(link));
    g_string_append_c(text->out, '\n');
}

static void
print_effect(TraceText *text, const Input *input, const Effect *effect,
             NodeId self)
{
    GString *out = text->out;

    if (effect->after != 0) {
        print_waiting(text, effect, self);
        return;
    }
    switch (effect->kind) {
    case EFFECT_TIMER:
        timer_line(text, self, '>', effect->timer.id);
        if (effect->timer.at == SIM_NEVER) {
            g_string_append(out, " off");
        } else {
            g_string_append(out, " in ");
            trace_words_duration(out, effect->timer.at > input->now
                                          ? effect->timer.at - input->now
                                          : 0);
        }
        break;
    case EFFECT_READ:
        token_line(text, self, '>', "read", effect->disk.token);
        g_string_append_printf(out, ": %s @%" PRIu64 " +%" PRIu64,
                               effect->disk.file, effect->disk.offset,
                               effect->disk.size);
        break;
    case EFFECT_OPEN:
    case EFFECT_CLOSE:
    case EFFECT_PAUSE:
        open_line(text, trace_words_channel(link_channel(effect->stream.link)),
                  self, '>');
        g_string_append_printf(out, "%s stream %u to ",
                               effect->kind == EFFECT_OPEN    ? "open"
                               : effect->kind == EFFECT_CLOSE ? "close"
                               : effect->stream.paused        ? "pause"
                                                              : "resume",
                               (unsigned)(effect->stream.link & 0xffffffu));
        print_peer(text, link_peer(effect->stream.link));
        break;
    case EFFECT_SPAWN:
    case EFFECT_SIGNAL:
        token_line(text, self, '>',
                   effect->kind == EFFECT_SPAWN ? "spawn" : "signal",
                   effect->child.token);
        break;
    case EFFECT_LOCAL:
        cell_line(text, self, '>');
        g_string_append_printf(out, "local to %s, %zu bytes",
                               trace_words_channel(effect->local.to),
                               effects_parts_size(effect));
        break;
    case EFFECT_PROBE:
        print_probe(text, effect, self);
        return;
    default:
        return; /* shows up as the fact it becomes */
    }
    g_string_append_c(out, '\n');
}

/* What is asked for now and happens when a token is durable. */
static void
print_waiting(TraceText *text, const Effect *effect, NodeId self)
{
    static const char *const names[] = {
        "effect", "send",   "timer",  "write", "truncate", "allocate",
        "rename", "remove", "sync",   "read",  "open",     "close",
        "pause",  "spawn",  "signal", "local", "probe",    "halt"};
    unsigned kind = (unsigned)effect->kind;
    const char *file = NULL;

    switch (effect->kind) {
    case EFFECT_SEND:
        print_held(text, effect, self);
        break;
    case EFFECT_WRITE:
    case EFFECT_TRUNCATE:
    case EFFECT_ALLOCATE:
    case EFFECT_RENAME:
    case EFFECT_REMOVE:
    case EFFECT_READ:
        file = effect->disk.file;
        /* fall through */
    default:
        open_token_line(text, self, '>', effect->after);
        g_string_append_printf(
            text->out, "%s%s%s", names[kind < G_N_ELEMENTS(names) ? kind : 0],
            file != NULL ? " " : "", file != NULL ? file : "");
        break;
    }
    g_string_append_printf(text->out, " after #%" PRIu64 "\n",
                           token_number(effect->after));
}

/* A message that waits: its name, for what it says follows when it leaves. */
static void
print_held(TraceText *text, const Effect *effect, NodeId self)
{
    LinkId link = effect->send.link;
    size_t size = effects_parts_size(effect);
    size_t prefix =
        link_is_stream(link) && trace_words_framing(effect->send.channel) ==
                                    TRACE_FRAMING_LENGTH
            ? 4
            : 0;
    g_autofree uint8_t *bytes = g_malloc(size + 1);

    effects_parts_gather(effect, bytes);
    g_string_truncate(text->name, 0);
    g_string_truncate(text->says, 0);
    if (size >= prefix) {
        trace_words_message(text->name, text->says, effect->send.channel,
                            (link & LINK_ACCEPTED) != 0, bytes + prefix,
                            size - prefix);
    }
    open_line(text, trace_words_channel(effect->send.channel), self, '>');
    g_string_append_printf(text->out, "%s to ",
                           text->name->len > 0 ? text->name->str : "bytes");
    print_peer(text, link_peer(link));
}

static void
print_probe_value(GString *out, const char *name, size_t size, uint64_t value)
{
    static const struct {
        const char *name;
        unsigned count;
        const char *words[5];
    } tables[] = {
        {"role", 4, {"follower", "pre-candidate", "candidate", "leader"}},
    };

    for (unsigned i = 0; i < G_N_ELEMENTS(tables); i++) {
        if (strlen(tables[i].name) == size &&
            memcmp(tables[i].name, name, size) == 0 &&
            value < tables[i].count) {
            g_string_append(out, tables[i].words[value]);
            return;
        }
    }
    g_string_append_len(out, name, (gssize)size);
    if ((size == 4 && memcmp(name, "hash", 4) == 0) ||
        (size == 6 && memcmp(name, "digest", 6) == 0)) {
        g_string_append_printf(out, " %016" PRIx64, value);
    } else {
        g_string_append_printf(out, " %" PRIu64, value);
    }
}

static void
print_probe(TraceText *text, const Effect *effect, NodeId self)
{
    static const struct {
        const char *name, *values;
    } probes[] = {
        {"probe", ""},
#define PROBE(name, text, values) {text, values},
#include "nodes/probes.def"
#undef PROBE
    };
    uint32_t id = effect->probe.id;
    const char *names = id < PROBE_COUNT ? probes[id].values : "";
    bool first = true;

    if (id == PROBE_CLIENT_INVOKE || id == PROBE_CLIENT_OUTCOME) {
        print_client(text, effect, self);
        return;
    }
    cell_line(text, self, '*');
    if (id < PROBE_COUNT) {
        g_string_append(text->out, probes[id].name);
    } else {
        g_string_append_printf(text->out, "probe %" PRIu32, id);
    }
    for (unsigned i = 0; i < MIN(effect->probe.count, PROBE_VALUES_MAX); i++) {
        size_t size = strcspn(names, " ");

        g_string_append(text->out, first ? ": " : ", ");
        first = false;
        print_probe_value(text->out, size > 0 ? names : "value",
                          size > 0 ? size : 5, effect->probe.values[i]);
        names += size + (names[size] == ' ');
    }
    if (effect->part_count > 0 && effect->parts[0].size > 0) {
        g_string_append(text->out, first ? ": " : ", ");
        trace_words_bytes(text->out, effect->parts[0].data,
                          effect->parts[0].size);
    }
    g_string_append_c(text->out, '\n');
}

/* sim/client.c: an invocation is {process, operation | 256 when a cas expects
 * the key to be absent, size of the key, size of the value} with key, value
 * and expected value as payload; an outcome is {process, outcome, operation,
 * absent} with the value that was read. */
static void
print_client(TraceText *text, const Effect *effect, NodeId self)
{
    static const char *const verbs[] = {"read", "write", "cas", "append",
                                        "delete"};
    static const char *const outcomes[] = {"open", "ok", "fail", "info"};
    const uint64_t *values = effect->probe.values;
    bool invoke = effect->probe.id == PROBE_CLIENT_INVOKE;
    unsigned verb = (unsigned)((invoke ? values[1] : values[2]) & 0xff);
    Slice payload = effect->part_count > 0 ? effect->parts[0] : slice_of("", 0);
    GString *out = text->out;

    cell_line(text, self, '*');
    if (!invoke) {
        g_string_append_printf(out, "%s ", outcomes[values[1] & 3]);
    }
    g_string_append(out, verb < G_N_ELEMENTS(verbs) ? verbs[verb] : "?");
    if (invoke) {
        Slice key = slice_sub(payload, 0, values[2]);
        Slice value = slice_sub(payload, values[2], values[3]);
        Slice expected =
            slice_sub(payload, key.size + value.size, payload.size);

        g_string_append_c(out, ' ');
        trace_words_bytes(out, key.data, key.size);
        if (verb == 2) {
            g_string_append(out, " from ");
            if ((values[1] & 256) != 0) {
                g_string_append(out, "absent");
            } else {
                trace_words_bytes(out, expected.data, expected.size);
            }
        }
        if (verb >= 1 && verb <= 3) {
            g_string_append(out, verb == 2 ? " to " : " = ");
            trace_words_bytes(out, value.data, value.size);
        }
    } else if (values[3] != 0) {
        g_string_append(out, ", absent");
    } else if (payload.size > 0) {
        g_string_append(out, ", ");
        trace_words_bytes(out, payload.data, payload.size);
    }
    g_string_append_printf(out, ", process %" PRIu64 "\n", values[0]);
}

/* Things that come before what the node is told of them. */
static bool
is_of_the_world(FactKind kind)
{
    switch (kind) {
    case FACT_DURABLE:
    case FACT_LOST:
    case FACT_CRASH:
    case FACT_RESTART:
    case FACT_PAUSE:
    case FACT_RESUME:
    case FACT_FAULT:
    case FACT_HEAL:
        return true;
    default:
        return false;
    }
}

static void
print_fact(TraceText *text, const Fact *fact)
{
    GString *out = text->out;
    const char *file = fact->file != NULL ? fact->file : "";

    if (fact->kind == FACT_SEND) {
        print_send(text, fact);
        return;
    }
    if (fact->kind == FACT_RESTART && fact->value == 1) {
        return; /* the first start says so itself */
    }
    if (fact->kind == FACT_SYNC || fact->kind == FACT_DURABLE) {
        token_line(text, fact->node, fact->kind == FACT_SYNC ? '>' : '!',
                   fact->kind == FACT_SYNC ? "sync" : "durable", fact->token);
        print_names(out, fact->files, fact->file_count);
        g_string_append_c(out, '\n');
        return;
    }
    if (fact->kind == FACT_DROP) {
        open_line(text, trace_words_channel(fact->channel), fact->node, '!');
    } else {
        cell_line(text, fact->node,
                  is_of_the_world(fact->kind) || fact->kind == FACT_HALT ? '!'
                                                                         : '>');
    }
    switch (fact->kind) {
    case FACT_WRITE:
        g_string_append_printf(out, "write %s @%" PRIu64 " +%zu", file,
                               fact->offset, fact->bytes.size);
        break;
    case FACT_TRUNCATE:
        g_string_append_printf(out, "truncate %s to %" PRIu64, file,
                               fact->size);
        break;
    case FACT_ALLOCATE:
        g_string_append_printf(out, "allocate %s to %" PRIu64, file,
                               fact->size);
        break;
    case FACT_RENAME:
        g_string_append_printf(out, "rename %s to %s", file,
                               fact->to != NULL ? fact->to : "");
        break;
    case FACT_REMOVE:
        g_string_append_printf(out, "remove %s", file);
        break;
    case FACT_LOST:
        g_string_append_printf(out, "lost %" PRIu64 " un-synced bytes%s%s",
                               fact->size, file[0] != '\0' ? " of " : "", file);
        break;
    case FACT_CRASH:
        g_string_append(out, "crash");
        break;
    case FACT_RESTART:
        g_string_append_printf(out, "restart, incarnation %" PRIu64,
                               fact->value);
        break;
    case FACT_PAUSE:
        g_string_append(out, "pause");
        break;
    case FACT_RESUME:
        g_string_append(out, "resume");
        break;
    case FACT_DROP:
        g_string_append(out, "drop what came from ");
        print_peer(text, link_peer(fact->link));
        break;
    case FACT_FAULT:
    case FACT_HEAL:
        print_fault(out, fact);
        return;
    case FACT_HALT:
        g_string_append(out, "halt");
        break;
    default:
        g_string_append_printf(out, "fact %u", (unsigned)fact->kind);
        break;
    }
    if (fact->text != NULL && fact->text[0] != '\0') {
        g_string_append(out, ": ");
        trace_words_text(out, fact->text, strlen(fact->text));
    }
    g_string_append_c(out, '\n');
}

/* "partition #3: n1 n2 | n3 n4 n5": the text begins with the kind. */
static void
print_fault(GString *out, const Fact *fact)
{
    const char *words = fact->text != NULL ? fact->text : "";
    size_t kind = strcspn(words, " :");
    const char *rest = words + kind + strspn(words + kind, " :");

    g_string_append(out, fact->kind == FACT_HEAL ? "heal " : "");
    trace_words_text(out, words, kind);
    g_string_append_printf(out, "%s#%" PRIu64 "%s", kind > 0 ? " " : "",
                           fact->value, rest[0] != '\0' ? ": " : "");
    trace_words_text(out, rest, strlen(rest));
    g_string_append_c(out, '\n');
}

static void
print_send(TraceText *text, const Fact *fact)
{
    Talk talk = {
        .text = text,
        .self = fact->node,
        .peer = link_peer(fact->link),
        .channel = fact->channel,
        .sign = '>',
        .to_opener = (fact->link & LINK_ACCEPTED) != 0,
    };

    talk.fate = &fact->fate;
    if (!link_is_stream(fact->link)) {
        print_talk(&talk, fact->bytes.data, fact->bytes.size);
    } else if (fact->value == SENT_SYN || fact->value == SENT_SYN_ACK ||
               fact->value == SENT_FIN) {
        print_control(&talk, fact);
    } else {
        print_sent(&talk, fact->bytes);
    }
}

/* Both ends of a stream's life travel in order with its bytes. */
static void
print_control(const Talk *talk, const Fact *fact)
{
    TraceText *text = talk->text;

    open_line(text, trace_words_channel(talk->channel), talk->self, '>');
    g_string_append_printf(text->out, "%s stream %u to ",
                           fact->value == SENT_SYN       ? "syn of"
                           : fact->value == SENT_SYN_ACK ? "syn-ack of"
                                                         : "fin of",
                           (unsigned)(fact->link & 0xffffffu));
    print_peer(text, talk->peer);
    print_fate(text, talk->fate);
    g_string_append_c(text->out, '\n');
}

/* Bytes of a stream, as the program wrote them: mostly whole messages. What
 * was lost is sent, and said, again; so nothing is remembered here. */
static void
print_sent(Talk *talk, Slice bytes)
{
    TraceText *text = talk->text;

    if (trace_words_framing(talk->channel) == TRACE_FRAMING_LENGTH &&
        frames_whole(bytes.data, bytes.size, print_talk, talk)) {
        return;
    }
    open_line(text, trace_words_channel(talk->channel), talk->self, '>');
    g_string_append_printf(text->out, "%zu bytes to ", bytes.size);
    print_peer(text, talk->peer);
    print_fate(text, talk->fate);
    g_string_append_c(text->out, '\n');
}

/* What the network decided, after the words of the message. */
static void
print_fate(TraceText *text, const Fate *fate)
{
    GString *out = text->out;
    unsigned count = MIN(fate->copy_count, FATE_COPIES_MAX);

    if (fate->drop != FATE_NOT_DROPPED) {
        g_string_append_printf(out, "; lost: %s", fate_drop_text(fate->drop));
    }
    for (unsigned i = 0; i < count; i++) {
        const FateCopy *copy = &fate->copies[i];

        g_string_append(out, i == 0 ? "; at +" : ", again at +");
        trace_words_duration(out,
                             copy->at > text->at ? copy->at - text->at : 0);
        if (copy->corrupt) {
            g_string_append_printf(out, " with bit %" PRIu64 " flipped",
                                   copy->bit);
        }
    }
    if (fate->reordered) {
        g_string_append(out, ", overtaking");
    }
    if (fate->fragments > 1) {
        g_string_append_printf(out, ", in %u fragments", fate->fragments);
    }
}

static void
print_stream(Talk *talk, LinkId link, Slice bytes)
{
    TraceText *text = talk->text;
    long waiting = -1;

    if (trace_words_framing(talk->channel) == TRACE_FRAMING_LENGTH) {
        waiting = frames_push(text->frames, talk->self, link, bytes.data,
                              bytes.size, print_talk, talk);
        if (waiting >= 0 && talk->count > 0) {
            return;
        }
    }
    open_line(text, trace_words_channel(talk->channel), talk->self, '<');
    g_string_append_printf(text->out, "%zu bytes from ", bytes.size);
    print_peer(text, talk->peer);
    if (waiting > 0) {
        g_string_append_printf(text->out, ": part of a message, %ld so far",
                               waiting);
    }
    g_string_append_c(text->out, '\n');
}

static void
print_talk(void *data, const uint8_t *bytes, size_t size)
{
    Talk *talk = data;
    TraceText *text = talk->text;

    g_string_truncate(text->name, 0);
    g_string_truncate(text->says, 0);
    trace_words_message(text->name, text->says, talk->channel, talk->to_opener,
                        bytes, size);
    open_line(text, trace_words_channel(talk->channel), talk->self, talk->sign);
    g_string_append_printf(text->out, "%s %s ", text->name->str,
                           talk->sign == '<' ? "from" : "to");
    print_peer(text, talk->peer);
    if (text->says->len > 0) {
        g_string_append_printf(text->out, ": %s", text->says->str);
    }
    if (talk->fate != NULL) {
        print_fate(text, talk->fate);
    }
    g_string_append_c(text->out, '\n');
    talk->count++;
}

static void
open_line(TraceText *text, const char *who, NodeId id, char sign)
{
    g_string_append_printf(text->out, "[%3" PRIu64 ".%09" PRIu64 "] %s ",
                           text->at / SIM_S, text->at % SIM_S, who);
    if (id != 0) {
        g_string_append_printf(text->out, "%" PRIu32 " ", id);
    }
    g_string_append_c(text->out, sign);
    g_string_append_c(text->out, ' ');
}

static void
timer_line(TraceText *text, NodeId self, char sign, TimerId id)
{
    Channel channel = (Channel)(id >> TIMER_CHANNEL_SHIFT);

    if (channel != 0 && channel <= CHANNEL_MAX) {
        open_line(text, trace_words_channel(channel), self, sign);
        id &= ((TimerId)1 << TIMER_CHANNEL_SHIFT) - 1;
    } else {
        cell_line(text, self, sign);
    }
    g_string_append_printf(text->out, "timer %" PRIu64, id);
}

static void
token_line(TraceText *text, NodeId self, char sign, const char *what,
           Token token)
{
    open_token_line(text, self, sign, token);
    g_string_append_printf(text->out, "%s #%" PRIu64, what,
                           token_number(token));
}

static void
open_token_line(TraceText *text, NodeId self, char sign, Token token)
{
    Channel channel = (Channel)(token >> TOKEN_CHANNEL_SHIFT);

    if (channel != 0 && channel <= CHANNEL_MAX) {
        open_line(text, trace_words_channel(channel), self, sign);
    } else {
        cell_line(text, self, sign);
    }
}

/* What the protocol calls it. */
static Token
token_number(Token token)
{
    Channel channel = (Channel)(token >> TOKEN_CHANNEL_SHIFT);

    return channel <= CHANNEL_MAX
               ? token & (((Token)1 << TOKEN_CHANNEL_SHIFT) - 1)
               : token;
}

static void
cell_line(TraceText *text, NodeId id, char sign)
{
    open_line(text,
              id == 0                  ? "world"
              : id <= text->node_count ? "node"
                                       : "client",
              id, sign);
}

static void
print_peer(TraceText *text, NodeId id)
{
    g_string_append_printf(text->out, "%s%" PRIu32,
                           id > text->node_count ? "client " : "", id);
}

static void
print_error(GString *out, int error)
{
    switch (error) {
    case 0:
        return;
    case EIO:
        g_string_append(out, ", failed: EIO");
        return;
    case ENOSPC:
        g_string_append(out, ", failed: ENOSPC");
        return;
    case ENOENT:
        g_string_append(out, ", failed: ENOENT");
        return;
    default:
        g_string_append_printf(out, ", failed: error %d", error);
    }
}

static void
print_names(GString *out, const Slice *names, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        g_string_append(out, i == 0 ? ": " : " ");
        trace_words_text(out, (const char *)names[i].data, names[i].size);
    }
}

TraceText *
trace_text_new(const TraceAbout *about)
{
    TraceText *text = g_new0(TraceText, 1);

    text->node_count = about->node_count;
    text->frames = frames_new();
    text->name = g_string_new(NULL);
    text->says = g_string_new(NULL);
    return text;
}

void
trace_text_free(TraceText *text)
{
    if (text != NULL) {
        frames_free(text->frames);
        g_string_free(text->name, TRUE);
        g_string_free(text->says, TRUE);
        g_free(text);
    }
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Messages as they arrive, as they leave with what the network made of them,
 * and as they wait. */
#include "sim/trace_talk.h"

#include <inttypes.h>

#include "sim/tcp.h"
#include "sim/trace_words.h"

/* Who said what to whom: the words of messages of one link. */
typedef struct Talk {
    TraceLine *line;
    NodeId self, peer;
    Channel channel;
    char sign;        /* '<' or '>' */
    bool to_opener;   /* of a stream */
    const Fate *fate; /* or NULL */
    uint64_t message; /* its id */
    unsigned count;   /* messages printed */
} Talk;

static void print_control(const Talk *talk, const Fact *fact);
static void print_sent(Talk *talk, Slice bytes);
static void print_stream(Talk *talk, LinkId link, Slice bytes);
static void print_talk(void *data, const uint8_t *bytes, size_t size);
static void print_fate(TraceLine *line, const Fate *fate);

void
trace_talk_message(TraceLine *line, const Record *record, NodeId self)
{
    const Input *input = record->input;
    LinkId link = input->message.link;
    Talk talk = {
        .line = line,
        .self = self,
        .peer = record->peer != 0 ? record->peer : link_peer(link),
        .channel = input->message.channel,
        .message = record->message,
        .sign = '<',
        .to_opener = (link & LINK_ACCEPTED) == 0,
    };

    if (link_is_stream(link)) {
        print_stream(&talk, link, input->message.bytes);
    } else {
        print_talk(&talk, input->message.bytes.data, input->message.bytes.size);
    }
}

void
trace_talk_send(TraceLine *line, const Fact *fact)
{
    Talk talk = {
        .line = line,
        .self = fact->node,
        .peer = link_peer(fact->link),
        .channel = fact->channel,
        .message = fact->message,
        .sign = '>',
        .to_opener = (fact->link & LINK_ACCEPTED) != 0,
    };

    talk.fate = &fact->fate;
    if (!link_is_stream(fact->link)) {
        print_talk(&talk, fact->bytes.data, fact->bytes.size);
    } else if (fact->value == CHUNK_SYN || fact->value == CHUNK_SYN_ACK ||
               fact->value == CHUNK_FIN) {
        print_control(&talk, fact);
    } else {
        print_sent(&talk, fact->bytes);
    }
}

/* A message that waits: its name, for what it says follows when it leaves. */
void
trace_talk_held(TraceLine *line, const Effect *effect, NodeId self)
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
    g_string_truncate(line->name, 0);
    g_string_truncate(line->says, 0);
    if (size >= prefix) {
        trace_words_message(line->name, line->says, effect->send.channel,
                            (link & LINK_ACCEPTED) != 0, bytes + prefix,
                            size - prefix);
    }
    trace_line_open(line, trace_words_channel(effect->send.channel), self, '>');
    g_string_append_printf(line->out, "%s to ",
                           line->name->len > 0 ? line->name->str : "bytes");
    trace_line_peer(line, link_peer(link));
}

/* Both ends of a stream's life travel in order with its bytes. */
static void
print_control(const Talk *talk, const Fact *fact)
{
    TraceLine *line = talk->line;

    trace_line_open(line, trace_words_channel(talk->channel), talk->self, '>');
    g_string_append_printf(line->out, "%s stream %u to ",
                           fact->value == CHUNK_SYN       ? "syn of"
                           : fact->value == CHUNK_SYN_ACK ? "syn-ack of"
                                                          : "fin of",
                           (unsigned)(fact->link & 0xffffffu));
    trace_line_peer_message(line, talk->peer, talk->message);
    print_fate(line, talk->fate);
    g_string_append_c(line->out, '\n');
}

/* Bytes of a stream, as the program wrote them: mostly whole messages. What
 * was lost is sent, and said, again; so nothing is remembered here. */
static void
print_sent(Talk *talk, Slice bytes)
{
    TraceLine *line = talk->line;

    if (trace_words_framing(talk->channel) == TRACE_FRAMING_LENGTH &&
        frames_whole(bytes.data, bytes.size, print_talk, talk)) {
        return;
    }
    trace_line_open(line, trace_words_channel(talk->channel), talk->self, '>');
    g_string_append_printf(line->out, "%zu bytes to ", bytes.size);
    trace_line_peer_message(line, talk->peer, talk->message);
    print_fate(line, talk->fate);
    g_string_append_c(line->out, '\n');
}

static void
print_stream(Talk *talk, LinkId link, Slice bytes)
{
    TraceLine *line = talk->line;
    long waiting = -1;

    if (trace_words_framing(talk->channel) == TRACE_FRAMING_LENGTH) {
        waiting = frames_push(line->frames, talk->self, link, bytes.data,
                              bytes.size, print_talk, talk);
        if (waiting >= 0 && talk->count > 0) {
            return;
        }
    }
    trace_line_open(line, trace_words_channel(talk->channel), talk->self, '<');
    g_string_append_printf(line->out, "%zu bytes from ", bytes.size);
    trace_line_peer_message(line, talk->peer, talk->message);
    if (waiting > 0) {
        g_string_append_printf(line->out, ": part of a message, %ld so far",
                               waiting);
    }
    g_string_append_c(line->out, '\n');
}

static void
print_talk(void *data, const uint8_t *bytes, size_t size)
{
    Talk *talk = data;
    TraceLine *line = talk->line;

    g_string_truncate(line->name, 0);
    g_string_truncate(line->says, 0);
    trace_words_message(line->name, line->says, talk->channel, talk->to_opener,
                        bytes, size);
    trace_line_open(line, trace_words_channel(talk->channel), talk->self,
                    talk->sign);
    g_string_append_printf(line->out, "%s %s ", line->name->str,
                           talk->sign == '<' ? "from" : "to");
    trace_line_peer_message(line, talk->peer, talk->message);
    if (line->says->len > 0) {
        g_string_append_printf(line->out, ": %s", line->says->str);
    }
    if (talk->fate != NULL) {
        print_fate(line, talk->fate);
    }
    g_string_append_c(line->out, '\n');
    talk->count++;
}

/* What the network decided, after the words of the message. */
static void
print_fate(TraceLine *line, const Fate *fate)
{
    GString *out = line->out;
    unsigned count = MIN(fate->copy_count, FATE_COPIES_MAX);

    if (fate->drop != FATE_NOT_DROPPED) {
        g_string_append_printf(out, "; lost: %s", fate_drop_text(fate->drop));
    }
    for (unsigned i = 0; i < count; i++) {
        const FateCopy *copy = &fate->copies[i];

        g_string_append(out, i == 0 ? "; at +" : ", again at +");
        trace_words_duration(out,
                             copy->at > line->at ? copy->at - line->at : 0);
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

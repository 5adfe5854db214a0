/* SPDX-License-Identifier: Apache-2.0 */
/* One record is a few lines: what the world did to the cell, what the cell was
 * told, what it asked for, and what left. A fact belongs to the moment at
 * which it happened: what waits for a token shows up twice, once as asked
 * ("after #3") and once as it leaves. */
#include "sim/trace_text.h"

#include <inttypes.h>
#include <string.h>

#include "sim/trace_fact.h"
#include "sim/trace_line.h"
#include "sim/trace_probe.h"
#include "sim/trace_talk.h"
#include "sim/trace_words.h"

struct TraceText {
    TraceLine line;
};

static void print_input(TraceLine *line, const Record *record, NodeId self);
static void print_plain_input(TraceLine *line, const Input *input, NodeId self);
static void print_start(TraceLine *line, const Input *input, NodeId self);
static void print_link(TraceLine *line, const Record *record, NodeId self);
static void print_effect(TraceLine *line, const Input *input,
                         const Effect *effect, NodeId self);
static void print_waiting(TraceLine *line, const Effect *effect, NodeId self);

void
trace_text_record(TraceText *text, GString *out, const Record *record)
{
    TraceLine *line = &text->line;
    NodeId self = event_cell(record->event);

    line->out = out;
    line->at = event_at(record->event);
    for (unsigned i = 0; i < record->fact_count; i++) {
        if (trace_fact_is_of_the_world(record->facts[i].kind)) {
            trace_fact_print(line, &record->facts[i]);
        }
    }
    if (record->input != NULL) {
        print_input(line, record, self);
        for (unsigned i = 0; record->fx != NULL && i < record->fx->count; i++) {
            print_effect(line, record->input, &record->fx->items[i], self);
        }
    }
    for (unsigned i = 0; i < record->fact_count; i++) {
        if (!trace_fact_is_of_the_world(record->facts[i].kind)) {
            trace_fact_print(line, &record->facts[i]);
        }
    }
    line->out = NULL;
}

static void
print_input(TraceLine *line, const Record *record, NodeId self)
{
    const Input *input = record->input;
    GString *out = line->out;

    switch (input->kind) {
    case INPUT_START:
        print_start(line, input, self);
        return;
    case INPUT_MESSAGE:
        trace_talk_message(line, record, self);
        return;
    case INPUT_LINK:
        print_link(line, record, self);
        return;
    default:
        break;
    }
    switch (input->kind) {
    case INPUT_TIMER:
        trace_line_timer(line, self, '<', input->timer.id);
        break;
    case INPUT_SYNCED:
        trace_line_token(line, self, '<', "synced", input->synced.token);
        trace_line_error(out, input->synced.error);
        break;
    case INPUT_READ:
        trace_line_token(line, self, '<', "read", input->read.token);
        g_string_append_printf(out, ": %zu bytes", input->read.bytes.size);
        trace_line_error(out, input->read.error);
        break;
    case INPUT_CHILD:
        trace_line_token(line, self, '<', "child", input->child.token);
        g_string_append_printf(out, " %s %d, %zu bytes",
                               input->child.exited ? "left with" : "said",
                               input->child.status, input->child.bytes.size);
        break;
    default:
        print_plain_input(line, input, self);
        break;
    }
    g_string_append_c(out, '\n');
}

static void
print_plain_input(TraceLine *line, const Input *input, NodeId self)
{
    GString *out = line->out;

    trace_line_cell(line, self, '<');
    switch (input->kind) {
    case INPUT_ROOM:
        g_string_append_printf(
            out, "room on %s stream %u to ",
            trace_words_channel(link_channel(input->room.link)),
            (unsigned)(input->room.link & 0xffffffu));
        trace_line_peer(line, link_peer(input->room.link));
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
print_start(TraceLine *line, const Input *input, NodeId self)
{
    frames_drop_cell(line->frames, self);
    trace_line_cell(line, self, '<');
    g_string_append_printf(line->out, "start, incarnation %" PRIu64,
                           input->start.incarnation);
    for (unsigned i = 0; i < input->start.file_count; i++) {
        g_string_append(line->out, ", ");
        trace_words_text(line->out, input->start.files[i].name,
                         strnlen(input->start.files[i].name, FILE_NAME_MAX));
        g_string_append_printf(line->out, " +%" PRIu64,
                               input->start.files[i].size);
    }
    g_string_append_c(line->out, '\n');
}

static void
print_link(TraceLine *line, const Record *record, NodeId self)
{
    static const char *const states[] = {"link", "up", "down", "reset"};
    LinkId link = record->input->link.link;
    unsigned state = (unsigned)record->input->link.state;

    frames_drop(line->frames, self, link);
    trace_line_open(line, trace_words_channel(link_channel(link)), self, '<');
    g_string_append_printf(line->out, "%s: stream %u %s ",
                           states[state < G_N_ELEMENTS(states) ? state : 0],
                           (unsigned)(link & 0xffffffu),
                           (link & LINK_ACCEPTED) != 0 ? "from" : "to");
    trace_line_peer(line, record->peer != 0 ? record->peer : link_peer(link));
    g_string_append_c(line->out, '\n');
}

static void
print_effect(TraceLine *line, const Input *input, const Effect *effect,
             NodeId self)
{
    GString *out = line->out;

    if (effect->after != 0) {
        print_waiting(line, effect, self);
        return;
    }
    switch (effect->kind) {
    case EFFECT_TIMER:
        trace_line_timer(line, self, '>', effect->timer.id);
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
        trace_line_token(line, self, '>', "read", effect->disk.token);
        g_string_append_printf(out, ": %s @%" PRIu64 " +%" PRIu64,
                               effect->disk.file, effect->disk.offset,
                               effect->disk.size);
        break;
    case EFFECT_OPEN:
    case EFFECT_CLOSE:
    case EFFECT_PAUSE:
        trace_line_open(line,
                        trace_words_channel(link_channel(effect->stream.link)),
                        self, '>');
        g_string_append_printf(out, "%s stream %u to ",
                               effect->kind == EFFECT_OPEN    ? "open"
                               : effect->kind == EFFECT_CLOSE ? "close"
                               : effect->stream.paused        ? "pause"
                                                              : "resume",
                               (unsigned)(effect->stream.link & 0xffffffu));
        trace_line_peer(line, link_peer(effect->stream.link));
        break;
    case EFFECT_SPAWN:
    case EFFECT_SIGNAL:
        trace_line_token(line, self, '>',
                         effect->kind == EFFECT_SPAWN ? "spawn" : "signal",
                         effect->child.token);
        break;
    case EFFECT_LOCAL:
        trace_line_cell(line, self, '>');
        g_string_append_printf(out, "local to %s, %zu bytes",
                               trace_words_channel(effect->local.to),
                               effects_parts_size(effect));
        break;
    case EFFECT_PROBE:
        trace_probe_print(line, effect, self);
        return;
    default:
        return; /* shows up as the fact it becomes */
    }
    g_string_append_c(out, '\n');
}

/* What is asked for now and happens when a token is durable. */
static void
print_waiting(TraceLine *line, const Effect *effect, NodeId self)
{
    static const char *const names[] = {
        "effect", "send",   "timer",  "write", "truncate", "allocate",
        "rename", "remove", "sync",   "read",  "open",     "close",
        "pause",  "spawn",  "signal", "local", "probe",    "halt"};
    unsigned kind = (unsigned)effect->kind;
    const char *file = NULL;

    switch (effect->kind) {
    case EFFECT_SEND:
        trace_talk_held(line, effect, self);
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
        trace_line_open_token(line, self, '>', effect->after);
        g_string_append_printf(
            line->out, "%s%s%s", names[kind < G_N_ELEMENTS(names) ? kind : 0],
            file != NULL ? " " : "", file != NULL ? file : "");
        break;
    }
    g_string_append_printf(line->out, " after #%" PRIu64 "\n",
                           trace_line_token_number(effect->after));
}

TraceText *
trace_text_new(const TraceAbout *about)
{
    TraceText *text = g_new0(TraceText, 1);

    text->line.node_count = about->node_count;
    text->line.frames = frames_new();
    text->line.name = g_string_new(NULL);
    text->line.says = g_string_new(NULL);
    return text;
}

void
trace_text_free(TraceText *text)
{
    if (text != NULL) {
        frames_free(text->line.frames);
        g_string_free(text->line.name, TRUE);
        g_string_free(text->line.says, TRUE);
        g_free(text);
    }
}

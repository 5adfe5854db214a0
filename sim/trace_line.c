/* SPDX-License-Identifier: Apache-2.0 */
/* Lines are put together from these pieces; they decide who is named and
 * how. */
#include "sim/trace_line.h"

#include <errno.h>
#include <inttypes.h>

#include "sim/trace_words.h"

/* Where a member puts the channel of a timer and of a token (nodes/member.h);
 * a program without a member has channel 0 there. */
#define TIMER_CHANNEL_SHIFT 48
#define TOKEN_CHANNEL_SHIFT 56

void
trace_line_open(TraceLine *line, const char *who, NodeId id, char sign)
{
    g_string_append_printf(line->out, "[%3" PRIu64 ".%09" PRIu64 "] %s ",
                           line->at / SIM_S, line->at % SIM_S, who);
    if (id != 0) {
        g_string_append_printf(line->out, "%" PRIu32 " ", id);
    }
    g_string_append_c(line->out, sign);
    g_string_append_c(line->out, ' ');
}

void
trace_line_cell(TraceLine *line, NodeId id, char sign)
{
    trace_line_open(line,
                    id == 0                  ? "world"
                    : id <= line->node_count ? "node"
                                             : "client",
                    id, sign);
}

void
trace_line_timer(TraceLine *line, NodeId self, char sign, TimerId id)
{
    Channel channel = (Channel)(id >> TIMER_CHANNEL_SHIFT);

    if (channel != 0 && channel <= CHANNEL_MAX) {
        trace_line_open(line, trace_words_channel(channel), self, sign);
        id &= ((TimerId)1 << TIMER_CHANNEL_SHIFT) - 1;
    } else {
        trace_line_cell(line, self, sign);
    }
    g_string_append_printf(line->out, "timer %" PRIu64, id);
}

void
trace_line_token(TraceLine *line, NodeId self, char sign, const char *what,
                 Token token)
{
    trace_line_open_token(line, self, sign, token);
    g_string_append_printf(line->out, "%s #%" PRIu64, what,
                           trace_line_token_number(token));
}

void
trace_line_open_token(TraceLine *line, NodeId self, char sign, Token token)
{
    Channel channel = (Channel)(token >> TOKEN_CHANNEL_SHIFT);

    if (channel != 0 && channel <= CHANNEL_MAX) {
        trace_line_open(line, trace_words_channel(channel), self, sign);
    } else {
        trace_line_cell(line, self, sign);
    }
}

/* What the protocol calls it. */
Token
trace_line_token_number(Token token)
{
    Channel channel = (Channel)(token >> TOKEN_CHANNEL_SHIFT);

    return channel <= CHANNEL_MAX
               ? token & (((Token)1 << TOKEN_CHANNEL_SHIFT) - 1)
               : token;
}

void
trace_line_peer(TraceLine *line, NodeId id)
{
    g_string_append_printf(line->out, "%s%" PRIu32,
                           id > line->node_count ? "client " : "", id);
}

void
trace_line_peer_message(TraceLine *line, NodeId id, uint64_t message)
{
    trace_line_peer(line, id);
    if (message != 0) {
        g_string_append_c(line->out, ' ');
        trace_words_message_id(line->out, message);
    }
}

void
trace_line_error(GString *out, int error)
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

void
trace_line_names(GString *out, const Slice *names, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        g_string_append(out, i == 0 ? ": " : " ");
        trace_words_text(out, (const char *)names[i].data, names[i].size);
    }
}

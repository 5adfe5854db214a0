/* SPDX-License-Identifier: Apache-2.0 */
/* What happened in the world, but for what was sent (trace_talk.c). */
#include "sim/trace_fact.h"

#include <inttypes.h>
#include <string.h>

#include "sim/trace_talk.h"
#include "sim/trace_words.h"

static void print_fault(GString *out, const Fact *fact);

/* Things that come before what the node is told of them. */
bool
trace_fact_is_of_the_world(FactKind kind)
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
    case FACT_DAMAGE:
        return true;
    default:
        return false;
    }
}

void
trace_fact_print(TraceLine *line, const Fact *fact)
{
    GString *out = line->out;
    const char *file = fact->file != NULL ? fact->file : "";

    if (fact->kind == FACT_SEND) {
        trace_talk_send(line, fact);
        return;
    }
    if (fact->kind == FACT_RESTART && fact->value == 1) {
        return; /* the first start says so itself */
    }
    if (fact->kind == FACT_SYNC || fact->kind == FACT_DURABLE) {
        trace_line_token(line, fact->node, fact->kind == FACT_SYNC ? '>' : '!',
                         fact->kind == FACT_SYNC ? "sync" : "durable",
                         fact->token);
        trace_line_names(out, fact->files, fact->file_count);
        g_string_append_c(out, '\n');
        return;
    }
    if (fact->kind == FACT_DROP || fact->kind == FACT_HELD) {
        trace_line_open(line, trace_words_channel(fact->channel), fact->node,
                        '!');
    } else {
        trace_line_cell(line, fact->node,
                        trace_fact_is_of_the_world(fact->kind) ||
                                fact->kind == FACT_HALT
                            ? '!'
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
        trace_line_peer_message(line, link_peer(fact->link), fact->message);
        break;
    case FACT_HELD:
        g_string_append(out, "hold what goes to ");
        trace_line_peer_message(line, link_peer(fact->link), fact->message);
        break;
    case FACT_FAULT:
    case FACT_HEAL:
        print_fault(out, fact);
        return;
    case FACT_HALT:
        g_string_append(out, "halt");
        break;
    case FACT_DAMAGE:
        g_string_append(out, "damage");
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

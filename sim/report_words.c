/* SPDX-License-Identifier: Apache-2.0 */
/* What happened at one node at one instant, in a few words: "← vote_request
 * from n3; votes for n3; sync #2; → vote_reply (waits) to n3". */
#include "sim/report_words.h"

#include <inttypes.h>
#include <string.h>

static void say_sends(GString *words, const ReportLine *lines, unsigned count,
                      unsigned *at, unsigned node_count);
static void say_event(GString *words, const ReportEvent *event,
                      unsigned node_count);
static void put_host(GString *out, NodeId host, unsigned node_count);

void
report_words(GString *words, const ReportLine *lines, unsigned count,
             unsigned node_count)
{
    unsigned at = 0;

    while (at < count) {
        const ReportEvent *event = &lines[at].event;
        size_t before = words->len;

        if (event->kind == REPORT_SEND || event->kind == REPORT_WAIT) {
            say_sends(words, lines, count, &at, node_count);
        } else {
            say_event(words, event, node_count);
            at++;
        }
        if (words->len > before) {
            g_string_append(words, "; ");
        }
    }
    if (words->len >= 2) {
        g_string_truncate(words, words->len - 2);
    }
}

/* The same said to several is said once. */
static void
say_sends(GString *words, const ReportLine *lines, unsigned count, unsigned *at,
          unsigned node_count)
{
    const ReportEvent *first = &lines[*at].event;

    g_string_append_printf(words, "→ %.*s%s", (int)first->name_size,
                           first->name,
                           first->kind == REPORT_WAIT ? " (waits) to" : " to");
    while (*at < count) {
        const ReportEvent *event = &lines[*at].event;
        unsigned times = 1;

        if (event->kind != first->kind ||
            event->name_size != first->name_size ||
            memcmp(event->name, first->name, first->name_size) != 0) {
            break;
        }
        g_string_append_c(words, ' ');
        put_host(words, event->peer, node_count);
        while (*at + 1 < count &&
               report_words_again(event, &lines[*at + 1].event)) {
            times++;
            (*at)++;
        }
        if (times > 1) {
            g_string_append_printf(words, " ×%u", times);
        }
        if (event->lost_size > 0) {
            g_string_append_printf(words, " (lost: %.*s)",
                                   (int)event->lost_size, event->lost);
        }
        (*at)++;
    }
}

bool
report_words_again(const ReportEvent *left, const ReportEvent *right)
{
    return left->kind == right->kind && left->peer == right->peer &&
           left->lost_size == right->lost_size &&
           left->name_size == right->name_size &&
           memcmp(left->name, right->name, left->name_size) == 0;
}

static void
say_event(GString *words, const ReportEvent *event, unsigned node_count)
{
    int size = (int)event->name_size;

    switch (event->kind) {
    case REPORT_RECEIVE:
        g_string_append_printf(words, "← %.*s from ", size, event->name);
        put_host(words, event->peer, node_count);
        break;
    case REPORT_DROP:
        g_string_append(words, "✕ not taken, from ");
        put_host(words, event->peer, node_count);
        break;
    case REPORT_ROLE:
        g_string_append_printf(words, "is %.*s, term %" PRIu64, size,
                               event->name, event->number);
        break;
    case REPORT_VOTE:
        g_string_append(words, "votes for ");
        put_host(words, event->peer, node_count);
        break;
    case REPORT_SYNC:
        g_string_append_printf(words, "sync #%" PRIu64, event->number);
        break;
    case REPORT_DURABLE:
        g_string_append_printf(words, "#%" PRIu64 " is durable", event->number);
        break;
    case REPORT_START:
        g_string_append(words, "starts");
        break;
    case REPORT_CRASH:
        g_string_append_printf(words, "crashes%.*s", size, event->name);
        break;
    case REPORT_HALT:
        g_string_append_printf(words, "halts%.*s", size, event->name);
        break;
    case REPORT_PAUSE:
        g_string_append(words, "stands still");
        break;
    case REPORT_RESUME:
        g_string_append(words, "goes on");
        break;
    case REPORT_LOST_BYTES:
        g_string_append_printf(words, "loses %.*s", size, event->name);
        break;
    case REPORT_TIMER:
        g_string_append(words, "timer");
        break;
    case REPORT_FAULT:
    case REPORT_HEAL:
        g_string_append_printf(words, "fault %s%.*s",
                               event->kind == REPORT_HEAL ? "ends: " : "", size,
                               event->name);
        break;
    default:
        break;
    }
}

static void
put_host(GString *out, NodeId host, unsigned node_count)
{
    g_string_append_printf(out, host <= node_count ? "n%u" : "client %u", host);
}

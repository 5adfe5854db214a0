/* SPDX-License-Identifier: Apache-2.0 */
/* A scanner over one line: it never reads beyond the end, and what it does not
 * know is REPORT_OTHER. */
#include "sim/report_event.h"

#include <string.h>

#include <glib.h>

typedef struct Scan {
    const char *at, *end;
} Scan;

static void read_node(Scan scan, char sign, ReportEvent *event);
static bool read_message(Scan scan, char sign, ReportEvent *event);
static void read_tokens(Scan scan, char sign, ReportEvent *event);
static void read_fault(Scan scan, ReportEvent *event);
static bool take(Scan *scan, const char *text);
static bool take_number(Scan *scan, uint64_t *number);
static bool take_cell(Scan *scan, NodeId *cell);
static const char *find(Scan scan, const char *text);

bool
report_event_parse(const char *line, size_t size, ReportEvent *event)
{
    Scan scan = {line, line + size};
    const char *space;
    uint64_t seconds, fraction, cell = 0;
    char sign;

    *event = (ReportEvent){.kind = REPORT_OTHER};
    if (!take(&scan, "[")) {
        return false;
    }
    while (take(&scan, " ")) {
    }
    if (!take_number(&scan, &seconds) || !take(&scan, ".") ||
        !take_number(&scan, &fraction) || !take(&scan, "] ") ||
        seconds > SIM_NEVER / SIM_S - 1 || fraction >= SIM_S ||
        (space = find(scan, " ")) == NULL) {
        return false;
    }
    event->at = seconds * SIM_S + fraction;
    scan.at = space + 1;
    if (take_number(&scan, &cell) && !take(&scan, " ")) {
        return false;
    }
    if (cell > NODE_ID_MAX || scan.end - scan.at < 3 || scan.at[1] != ' ') {
        return false;
    }
    event->cell = (NodeId)cell;
    sign = scan.at[0];
    scan.at += 2;
    if (cell == 0) {
        read_fault(scan, event);
    } else if (!read_message(scan, sign, event)) {
        read_tokens(scan, sign, event);
        if (event->kind == REPORT_OTHER) {
            read_node(scan, sign, event);
        }
    }
    return true;
}

/* "vote_request to client 6 m2.17: ...; lost: loss", "... to 3 after #2". */
static bool
read_message(Scan scan, char sign, ReportEvent *event)
{
    const char *word = find(scan, sign == '>' ? " to " : " from ");
    const char *lost = find(scan, "; lost: ");
    Scan rest = {word, scan.end};
    uint64_t cell;

    if (word == NULL || (sign != '>' && sign != '<' && sign != '!')) {
        return false;
    }
    event->name = scan.at;
    event->name_size = (size_t)(word - scan.at);
    (void)take(&rest, sign == '>' ? " to " : " from ");
    (void)take(&rest, "client ");
    if (!take_cell(&rest, &event->peer)) {
        return false;
    }
    if (sign == '>' && take(&rest, " after #")) {
        event->kind = REPORT_WAIT;
        return take_number(&rest, &event->number);
    }
    if (!take(&rest, " m") || !take_number(&rest, &cell) ||
        cell > NODE_ID_MAX || !take(&rest, ".") ||
        !take_number(&rest, &event->message_number)) {
        return false;
    }
    event->message_cell = (NodeId)cell;
    event->kind = sign == '>'   ? REPORT_SEND
                  : sign == '<' ? REPORT_RECEIVE
                                : REPORT_DROP;
    if (sign == '>' && lost != NULL) {
        event->lost = lost + strlen("; lost: ");
        event->lost_size = (size_t)(scan.end - event->lost);
    }
    return true;
}

static void
read_tokens(Scan scan, char sign, ReportEvent *event)
{
    if (sign == '>' && take(&scan, "sync #") &&
        take_number(&scan, &event->number)) {
        event->kind = REPORT_SYNC;
    } else if (sign == '!' && take(&scan, "durable #") &&
               take_number(&scan, &event->number)) {
        event->kind = REPORT_DURABLE;
    } else if (sign == '<' && take(&scan, "timer ")) {
        event->kind = REPORT_TIMER;
    }
}

/* What happens to a node, and what it says of itself. */
static void
read_node(Scan scan, char sign, ReportEvent *event)
{
    static const struct {
        char sign;
        ReportEventKind kind;
        const char *word;
    } words[] = {
        {'*', REPORT_ROLE, "raft.role: "}, {'*', REPORT_VOTE, "raft.vote: "},
        {'<', REPORT_START, "start"},      {'!', REPORT_CRASH, "crash"},
        {'!', REPORT_HALT, "halt"},        {'!', REPORT_PAUSE, "pause"},
        {'!', REPORT_RESUME, "resume"},    {'!', REPORT_LOST_BYTES, "lost "},
    };
    const char *term;

    for (unsigned i = 0; i < G_N_ELEMENTS(words); i++) {
        if (words[i].sign == sign && take(&scan, words[i].word)) {
            event->kind = words[i].kind;
            break;
        }
    }
    event->name = scan.at;
    event->name_size = (size_t)(scan.end - scan.at);
    term = find(scan, "term ");
    if (event->kind == REPORT_ROLE) {
        const char *comma = find(scan, ",");

        event->name_size = comma != NULL ? (size_t)(comma - scan.at) : 0;
    }
    if (term != NULL) {
        Scan after = {term + strlen("term "), scan.end};

        (void)take_number(&after, &event->number);
    }
    if (event->kind == REPORT_VOTE) {
        const char *candidate = find(scan, "candidate ");
        Scan after = {candidate, scan.end};

        if (candidate == NULL || !take(&after, "candidate ") ||
            !take_cell(&after, &event->peer)) {
            event->kind = REPORT_OTHER;
        }
    }
}

/* "partition #1: n1 n2 | n3", "heal partition #1". */
static void
read_fault(Scan scan, ReportEvent *event)
{
    bool heal = take(&scan, "heal ");
    const char *hash = find(scan, "#");
    Scan after = {hash, scan.end};

    event->name = scan.at;
    event->name_size = (size_t)(scan.end - scan.at);
    if (hash != NULL && take(&after, "#") &&
        take_number(&after, &event->number)) {
        event->kind = heal ? REPORT_HEAL : REPORT_FAULT;
    }
}

static bool
take(Scan *scan, const char *text)
{
    size_t size = strlen(text);

    if ((size_t)(scan->end - scan->at) < size ||
        memcmp(scan->at, text, size) != 0) {
        return false;
    }
    scan->at += size;
    return true;
}

static bool
take_number(Scan *scan, uint64_t *number)
{
    const char *start = scan->at;

    *number = 0;
    while (scan->at < scan->end && g_ascii_isdigit(*scan->at) &&
           *number < UINT64_MAX / 10 - 1) {
        *number = *number * 10 + (uint64_t)(*scan->at++ - '0');
    }
    return scan->at > start;
}

static bool
take_cell(Scan *scan, NodeId *cell)
{
    uint64_t number;

    if (!take_number(scan, &number) || number > NODE_ID_MAX) {
        return false;
    }
    *cell = (NodeId)number;
    return true;
}

static const char *
find(Scan scan, const char *text)
{
    return memmem(scan.at, (size_t)(scan.end - scan.at), text, strlen(text));
}

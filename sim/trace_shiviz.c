/* SPDX-License-Identifier: Apache-2.0 */
/* Vector clocks: Fidge, "Timestamps in message-passing systems that preserve
 * the partial ordering" (1988). A message carries its sender's clock in a
 * table of what is on its way; an entry leaves it with the last copy, or when
 * nobody can take it any more. */
#include "sim/trace_shiviz.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "nodes/probes.h"
#include "sim/trace_label.h"
#include "sim/trace_words.h"
#include "sim/whole_file.h"

/* A message on its way. */
typedef struct Carried {
    uint64_t message; /* the key, with the receiver */
    NodeId receiver;
    LinkId link; /* of a stream, as the receiver sees it; else 0 */
    SimTime at;  /* arrival of the last copy */
    unsigned copies;
    uint32_t clock[]; /* the sender's, by host */
} Carried;

/* What to forget: messages to a host that have come, or all of a stream. */
typedef struct Sweep {
    NodeId receiver;
    LinkId link;      /* 0: any */
    uint64_t message; /* of a stream: those before it */
    SimTime at;
    GPtrArray *found;
} Sweep;

struct TraceShiviz {
    WholeFile *file;
    unsigned node_count, host_count;
    uint32_t *clocks; /* host_count + 1 by host_count + 1 */
    GTree *carried;   /* Carried -> itself */
    TraceLabel *label;
    GString *line; /* scratch */
    SimTime at;
};

static void on_fact(TraceShiviz *shiviz, const Fact *fact);
static void on_send(TraceShiviz *shiviz, const Fact *fact);
static void on_input(TraceShiviz *shiviz, const Record *record, NodeId self);
static void on_message(TraceShiviz *shiviz, const Record *record, NodeId self);
static void on_probe(TraceShiviz *shiviz, const Effect *probe, NodeId self);
static void carry(TraceShiviz *shiviz, const Fact *fact);
static void arrive(TraceShiviz *shiviz, uint64_t message, NodeId receiver,
                   bool merge);
static void forget(TraceShiviz *shiviz, NodeId receiver, LinkId link,
                   uint64_t message, SimTime at);
static gboolean find_forgotten(gpointer key, gpointer value, gpointer data);
static void say(TraceShiviz *shiviz, NodeId host, const char *format, ...)
    G_GNUC_PRINTF(3, 4);
static void put_host(const TraceShiviz *shiviz, GString *out, NodeId host);
static uint32_t *clock_of(const TraceShiviz *shiviz, NodeId host);
static gint compare(gconstpointer left, gconstpointer right, gpointer data);

void
trace_shiviz_observe(TraceShiviz *shiviz, const Record *record)
{
    NodeId self = event_cell(record->event);

    shiviz->at = event_at(record->event);
    /* A crash comes before what it makes of the messages that arrive. */
    for (unsigned i = 0; i < record->fact_count; i++) {
        if (record->facts[i].kind != FACT_SEND) {
            on_fact(shiviz, &record->facts[i]);
        }
    }
    if (record->input != NULL && self >= 1) {
        on_input(shiviz, record, self);
    }
    if (record->death != NULL) {
        forget(shiviz, self, 0, 0, shiviz->at);
        say(shiviz, self, "! died of its own fault");
    }
    for (unsigned i = 0; i < record->fact_count; i++) {
        if (record->facts[i].kind == FACT_SEND) {
            on_send(shiviz, &record->facts[i]);
        }
    }
}

static void
on_fact(TraceShiviz *shiviz, const Fact *fact)
{
    switch (fact->kind) {
    case FACT_CRASH:
        forget(shiviz, fact->node, 0, 0, shiviz->at);
        say(shiviz, fact->node, "! crash: %s",
            fact->text != NULL ? fact->text : "");
        break;
    case FACT_HALT:
        forget(shiviz, fact->node, 0, 0, shiviz->at);
        say(shiviz, fact->node, "! halt: %s",
            fact->text != NULL ? fact->text : "");
        break;
    case FACT_PAUSE:
        say(shiviz, fact->node, "! pause");
        break;
    case FACT_RESUME:
        say(shiviz, fact->node, "! resume");
        break;
    case FACT_DROP:
        arrive(shiviz, fact->message, fact->node, false);
        break;
    default:
        break;
    }
}

static void
on_send(TraceShiviz *shiviz, const Fact *fact)
{
    bool control = fact->value != 0 && fact->bytes.size == 0;
    const char *label;

    if (control) {
        return; /* the two ends of a stream's life are not messages */
    }
    label = trace_label_text(shiviz->label, fact->link, fact->channel, false,
                             fact->bytes);
    g_string_truncate(shiviz->line, 0);
    g_string_append_printf(shiviz->line, "> %s to ", label);
    put_host(shiviz, shiviz->line, link_peer(fact->link));
    g_string_append_c(shiviz->line, ' ');
    trace_words_message_id(shiviz->line, fact->message);
    if (fact->fate.drop != FATE_NOT_DROPPED) {
        g_string_append_printf(shiviz->line, ", lost: %s",
                               fate_drop_text(fact->fate.drop));
    }
    say(shiviz, fact->node, "%s", shiviz->line->str);
    if (fact->fate.copy_count > 0) {
        carry(shiviz, fact);
    }
}

static void
on_input(TraceShiviz *shiviz, const Record *record, NodeId self)
{
    const Input *input = record->input;
    const Effect *probe;
    unsigned at = 0;

    if (input->kind == INPUT_START) {
        say(shiviz, self, "< start, incarnation %" PRIu64,
            input->start.incarnation);
    } else if (input->kind == INPUT_MESSAGE) {
        on_message(shiviz, record, self);
    } else if (input->kind == INPUT_LINK && input->link.state != LINK_UP) {
        /* What either end still had on its way is discarded. */
        forget(shiviz, self, input->link.link, UINT64_MAX, shiviz->at);
        forget(shiviz, link_peer(input->link.link),
               link_far_end(input->link.link, self), UINT64_MAX, shiviz->at);
    }
    while ((probe = record_next_probe(record, UINT64_MAX, &at)) != NULL) {
        on_probe(shiviz, probe, self);
    }
}

static void
on_message(TraceShiviz *shiviz, const Record *record, NodeId self)
{
    const Input *input = record->input;
    LinkId link = input->message.link;
    const char *label =
        trace_label_text(shiviz->label, link, input->message.channel, true,
                         input->message.bytes);

    arrive(shiviz, record->message, self, true);
    if (link_is_stream(link)) {
        /* Streams keep their order: what came before this never will. */
        forget(shiviz, self, link, record->message, shiviz->at);
    }
    g_string_truncate(shiviz->line, 0);
    g_string_append_printf(shiviz->line, "< %s from ", label);
    put_host(shiviz, shiviz->line,
             record->peer != 0 ? record->peer : link_peer(link));
    g_string_append_c(shiviz->line, ' ');
    trace_words_message_id(shiviz->line, record->message);
    say(shiviz, self, "%s", shiviz->line->str);
}

static void
on_probe(TraceShiviz *shiviz, const Effect *probe, NodeId self)
{
    static const char *const roles[] = {"follower", "pre-candidate",
                                        "candidate", "leader"};
    const uint64_t *values = probe->probe.values;

    if (probe->probe.id == PROBE_RAFT_ROLE) {
        say(shiviz, self, "* %s, term %" PRIu64,
            values[0] < G_N_ELEMENTS(roles) ? roles[values[0]] : "?",
            values[1]);
    }
}

/* The sender's clock travels with the copies. */
static void
carry(TraceShiviz *shiviz, const Fact *fact)
{
    size_t size = (shiviz->host_count + 1) * sizeof(uint32_t);
    Carried *carried = g_malloc0(sizeof(*carried) + size);

    carried->message = fact->message;
    carried->receiver = link_peer(fact->link);
    if (link_is_stream(fact->link)) {
        carried->link = link_far_end(fact->link, fact->node);
    }
    carried->copies = fact->fate.copy_count;
    for (unsigned i = 0; i < MIN(fact->fate.copy_count, FATE_COPIES_MAX); i++) {
        carried->at = MAX(carried->at, fact->fate.copies[i].at);
    }
    memcpy(carried->clock, clock_of(shiviz, fact->node), size);
    g_tree_replace(shiviz->carried, carried, carried);
}

static void
arrive(TraceShiviz *shiviz, uint64_t message, NodeId receiver, bool merge)
{
    Carried key = {.message = message, .receiver = receiver};
    Carried *carried = g_tree_lookup(shiviz->carried, &key);
    uint32_t *clock = clock_of(shiviz, receiver);

    if (carried == NULL) {
        return;
    }
    for (unsigned host = 1; merge && host <= shiviz->host_count; host++) {
        clock[host] = MAX(clock[host], carried->clock[host]);
    }
    if (--carried->copies == 0) {
        g_tree_remove(shiviz->carried, carried);
    }
}

/* What has reached @receiver by @at will not be handed to its program. */
static void
forget(TraceShiviz *shiviz, NodeId receiver, LinkId link, uint64_t message,
       SimTime at)
{
    Sweep sweep = {receiver, link, message, at, g_ptr_array_new()};

    g_tree_foreach(shiviz->carried, find_forgotten, &sweep);
    for (unsigned i = 0; i < sweep.found->len; i++) {
        g_tree_remove(shiviz->carried, sweep.found->pdata[i]);
    }
    g_ptr_array_free(sweep.found, TRUE);
}

static gboolean
find_forgotten(gpointer key, gpointer value, gpointer data)
{
    Carried *carried = value;
    Sweep *sweep = data;

    (void)key;
    if (carried->receiver == sweep->receiver &&
        (sweep->link == 0 ? carried->at <= sweep->at
                          : carried->link == sweep->link &&
                                carried->message < sweep->message)) {
        g_ptr_array_add(sweep->found, carried);
    }
    return FALSE;
}

/* An event of @host: its own entry grows. */
static void
say(TraceShiviz *shiviz, NodeId host, const char *format, ...)
{
    GString *out = g_string_new(NULL);
    uint32_t *clock;
    const char *before = "";
    va_list arguments;

    g_assert(host >= 1 && host <= shiviz->host_count);
    clock = clock_of(shiviz, host);
    clock[host]++;
    g_string_append_printf(out, "[%" PRIu64 ".%09" PRIu64 "] ",
                           shiviz->at / SIM_S, shiviz->at % SIM_S);
    va_start(arguments, format);
    g_string_append_vprintf(out, format, arguments);
    va_end(arguments);
    g_strdelimit(out->str, "\n\r", ' ');
    g_string_append_c(out, '\n');
    put_host(shiviz, out, host);
    g_string_append(out, " {");
    for (NodeId other = 1; other <= shiviz->host_count; other++) {
        if (clock[other] > 0) {
            g_string_append_printf(out, "%s\"", before);
            put_host(shiviz, out, other);
            g_string_append_printf(out, "\":%" PRIu32, clock[other]);
            before = ", ";
        }
    }
    g_string_append(out, "}\n");
    (void)fwrite(out->str, 1, out->len, whole_file_stream(shiviz->file));
    g_string_free(out, TRUE);
}

static void
put_host(const TraceShiviz *shiviz, GString *out, NodeId host)
{
    g_string_append_printf(
        out, host <= shiviz->node_count ? "n%" PRIu32 : "client%" PRIu32, host);
}

static uint32_t *
clock_of(const TraceShiviz *shiviz, NodeId host)
{
    return &shiviz->clocks[(size_t)host * (shiviz->host_count + 1)];
}

bool
trace_shiviz_finish(TraceShiviz *shiviz, GError **error)
{
    WholeFile *file = g_steal_pointer(&shiviz->file);

    trace_shiviz_free(shiviz);
    return whole_file_finish(file, error);
}

TraceShiviz *
trace_shiviz_new(const char *path, const TraceAbout *about, GError **error)
{
    WholeFile *file = whole_file_new(path, error);
    TraceShiviz *shiviz;
    size_t hosts;

    if (file == NULL) {
        return NULL;
    }
    shiviz = g_new0(TraceShiviz, 1);
    shiviz->file = file;
    shiviz->node_count = about->node_count;
    shiviz->host_count = about->node_count + about->client_count;
    hosts = shiviz->host_count + 1;
    shiviz->clocks = g_new0(uint32_t, hosts * hosts);
    shiviz->carried = g_tree_new_full(compare, NULL, NULL, g_free);
    shiviz->label = trace_label_new();
    shiviz->line = g_string_new(NULL);
    return shiviz;
}

void
trace_shiviz_free(TraceShiviz *shiviz)
{
    if (shiviz == NULL) {
        return;
    }
    whole_file_free(shiviz->file);
    g_free(shiviz->clocks);
    g_tree_destroy(shiviz->carried);
    trace_label_free(shiviz->label);
    g_string_free(shiviz->line, TRUE);
    g_free(shiviz);
}

static gint
compare(gconstpointer left, gconstpointer right, gpointer data)
{
    const Carried *a = left, *b = right;

    (void)data;
    if (a->receiver != b->receiver) {
        return a->receiver < b->receiver ? -1 : 1;
    }
    return a->message < b->message ? -1 : a->message > b->message;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Records as slices, instants and counters. A slice is kept open by its name
 * only; what is on its way in the network is a heap of arrival times. */
#include "sim/trace_perfetto.h"

#include <inttypes.h>
#include <string.h>

#include "nodes/probes.h"
#include "sim/client.h"
#include "sim/perfetto.h"
#include "sim/plan.h"
#include "sim/trace_label.h"
#include "sim/trace_words.h"
#include "sim/whole_file.h"

/* A track's uuid is its kind << 40 | whose it is. */
#define TRACK_KIND_SHIFT 40

typedef enum TrackKind {
    TRACK_NODE = 1, /* the groups */
    TRACK_WORLD,
    TRACK_FAULTS,
    TRACK_CLIENTS,
    TRACK_ROLE, /* of a node */
    TRACK_TERM,
    TRACK_MESSAGES,
    TRACK_COUNTER_TERM,
    TRACK_COUNTER_COMMIT,
    TRACK_COUNTER_LOG,
    TRACK_COUNTER_SYNCS,
    TRACK_CHECKS, /* of the world */
    TRACK_COUNTER_FLIGHT,
    TRACK_FAULT,   /* by line of the plan */
    TRACK_PROCESS, /* of a client */
} TrackKind;

/* The second copy of a message is a flow of its own. */
#define FLOW_SECOND_COPY ((uint64_t)1 << 63)

typedef struct Host {
    const char *role; /* the slice that is open, static; NULL: none */
    bool paused;
    bool has_term;
    uint64_t term, commit, last_index;
    int64_t syncs;
} Host;

/* A slice that is open on the track of a fault or of a client's process. */
typedef struct Slot {
    uint64_t number;
    bool open;
} Slot;

struct TracePerfetto {
    WholeFile *file;
    Perfetto *perfetto;
    unsigned node_count, host_count;
    Host *hosts;       /* by node */
    GArray *faults;    /* Slot, by line */
    GArray *processes; /* Slot, by process */
    GArray *arrivals;  /* SimTime, a heap: the earliest first */
    TraceLabel *label;
    GString *name, *id; /* scratch */
    SimTime at;
};

static void on_fact(TracePerfetto *perfetto, const Fact *fact);
static void on_send(TracePerfetto *perfetto, const Fact *fact);
static void on_drop(TracePerfetto *perfetto, const Fact *fact);
static void on_fault(TracePerfetto *perfetto, const Fact *fact);
static void on_message(TracePerfetto *perfetto, const Record *record,
                       NodeId self);
static void on_probe(TracePerfetto *perfetto, const Effect *probe, NodeId self);
static void on_invoke(TracePerfetto *perfetto, const Effect *probe);
static void on_outcome(TracePerfetto *perfetto, const Effect *probe);
static void set_role(TracePerfetto *perfetto, NodeId node, const char *role);
static void set_term(TracePerfetto *perfetto, NodeId node, uint64_t term);
static void set_paused(TracePerfetto *perfetto, NodeId node, bool paused);
static void set_last_index(TracePerfetto *perfetto, NodeId node,
                           uint64_t index);
static void set_syncs(TracePerfetto *perfetto, NodeId node, int64_t syncs);
static void begin(TracePerfetto *perfetto, TrackKind kind, uint64_t whose,
                  const char *category, const char *name);
static void end(TracePerfetto *perfetto, TrackKind kind, uint64_t whose);
static void count(TracePerfetto *perfetto, TrackKind kind, uint64_t whose,
                  int64_t value);
static void track(TracePerfetto *perfetto, TrackKind kind, uint64_t whose,
                  uint64_t parent, const char *name, bool counter);
static void put_host(const TracePerfetto *perfetto, GString *out, NodeId host);
static void flight_add(TracePerfetto *perfetto, SimTime arrival);
static void flight_until(TracePerfetto *perfetto, SimTime at);
static SimTime flight_pop(GArray *arrivals);
static Slot *slot_of(GArray *slots, uint64_t number, bool *fresh);
static void describe(TracePerfetto *perfetto, const TraceAbout *about);

static uint64_t
uuid(TrackKind kind, uint64_t whose)
{
    return (uint64_t)kind << TRACK_KIND_SHIFT | whose;
}

void
trace_perfetto_observe(TracePerfetto *perfetto, const Record *record)
{
    NodeId self = event_cell(record->event);
    const Effect *probe;
    unsigned at = 0;

    flight_until(perfetto, event_at(record->event));
    perfetto->at = event_at(record->event);
    for (unsigned i = 0; i < record->fact_count; i++) {
        if (record->facts[i].kind != FACT_SEND) {
            on_fact(perfetto, &record->facts[i]);
        }
    }
    if (record->input != NULL) {
        if (record->input->kind == INPUT_START) {
            set_role(perfetto, self, "up");
        } else if (record->input->kind == INPUT_MESSAGE) {
            on_message(perfetto, record, self);
        }
        while ((probe = record_next_probe(record, UINT64_MAX, &at)) != NULL) {
            on_probe(perfetto, probe, self);
        }
    }
    for (unsigned i = 0; i < record->fact_count; i++) {
        if (record->facts[i].kind == FACT_SEND) {
            on_send(perfetto, &record->facts[i]);
        }
    }
    if (record->death != NULL) {
        set_role(perfetto, self, "died of its own fault");
    }
}

static void
on_fact(TracePerfetto *perfetto, const Fact *fact)
{
    NodeId node = fact->node;
    bool is_node = node >= 1 && node <= perfetto->node_count;

    switch (fact->kind) {
    case FACT_SYNC:
    case FACT_DURABLE:
        if (is_node) {
            set_syncs(perfetto, node,
                      perfetto->hosts[node].syncs +
                          (fact->kind == FACT_SYNC ? 1 : -1));
        }
        break;
    case FACT_CRASH:
        set_role(perfetto, node, "down");
        if (is_node) {
            set_syncs(perfetto, node, 0);
        }
        break;
    case FACT_HALT:
        set_role(perfetto, node, "halted");
        break;
    case FACT_PAUSE:
    case FACT_RESUME:
        set_paused(perfetto, node, fact->kind == FACT_PAUSE);
        break;
    case FACT_FAULT:
    case FACT_HEAL:
        on_fault(perfetto, fact);
        break;
    case FACT_DROP:
        on_drop(perfetto, fact);
        break;
    case FACT_LOST:
    case FACT_DAMAGE:
        if (is_node) {
            PerfettoEvent event = {.at = perfetto->at,
                                   .track = uuid(TRACK_ROLE, node),
                                   .type = PERFETTO_INSTANT,
                                   .category = "disk"};

            g_string_printf(perfetto->name, "lost %" PRIu64 " un-synced bytes",
                            fact->size);
            event.name = fact->kind == FACT_LOST ? perfetto->name->str
                         : fact->text != NULL    ? fact->text
                                                 : "damage";
            perfetto_event(perfetto->perfetto, &event);
        }
        break;
    default:
        break;
    }
}

/* An instant at the sender; flows lead from it to where the copies arrive. */
static void
on_send(TracePerfetto *perfetto, const Fact *fact)
{
    bool lost = fact->fate.drop != FATE_NOT_DROPPED;
    char size[24];
    PerfettoEvent event = {.at = perfetto->at,
                           .track = uuid(TRACK_MESSAGES, fact->node),
                           .type = PERFETTO_INSTANT,
                           .category = lost ? "lost" : "send"};

    for (unsigned i = 0; i < MIN(fact->fate.copy_count, FATE_COPIES_MAX); i++) {
        flight_add(perfetto, fact->fate.copies[i].at);
        event.flows[event.flow_count++] =
            i == 0 ? fact->message : fact->message | FLOW_SECOND_COPY;
    }
    if (fact->value != 0 && fact->bytes.size == 0) {
        return; /* the ends of a stream's life are on their way, but no news */
    }
    g_string_printf(perfetto->name, "%s%s to ", lost ? "lost " : "",
                    trace_label_text(perfetto->label, fact->link, fact->channel,
                                     false, fact->bytes));
    put_host(perfetto, perfetto->name, link_peer(fact->link));
    g_string_truncate(perfetto->id, 0);
    trace_words_message_id(perfetto->id, fact->message);
    g_snprintf(size, sizeof(size), "%zu", fact->bytes.size);
    event.name = perfetto->name->str;
    event.notes[0].name = "message";
    event.notes[0].text = perfetto->id->str;
    event.notes[1].name = "bytes";
    event.notes[1].text = size;
    if (lost) {
        event.notes[2].name = "lost";
        event.notes[2].text = fate_drop_text(fact->fate.drop);
    }
    perfetto_event(perfetto->perfetto, &event);
}

static void
on_drop(TracePerfetto *perfetto, const Fact *fact)
{
    PerfettoEvent event = {.at = perfetto->at,
                           .track = uuid(TRACK_MESSAGES, fact->node),
                           .type = PERFETTO_INSTANT,
                           .category = "lost",
                           .end_of_flow = fact->message};

    g_string_printf(perfetto->name, "dropped %s from ",
                    trace_label_text(perfetto->label, fact->link, fact->channel,
                                     true, fact->bytes));
    put_host(perfetto, perfetto->name, link_peer(fact->link));
    g_string_truncate(perfetto->id, 0);
    trace_words_message_id(perfetto->id, fact->message);
    event.name = perfetto->name->str;
    event.notes[0].name = "message";
    event.notes[0].text = perfetto->id->str;
    event.notes[1].name = "dropped";
    event.notes[1].text = fact->text != NULL ? fact->text : "";
    perfetto_event(perfetto->perfetto, &event);
}

static void
on_message(TracePerfetto *perfetto, const Record *record, NodeId self)
{
    const Input *input = record->input;
    LinkId link = input->message.link;
    PerfettoEvent event = {.at = perfetto->at,
                           .track = uuid(TRACK_MESSAGES, self),
                           .type = PERFETTO_INSTANT,
                           .category = "receive",
                           .end_of_flow = record->message};

    if (event_copy(record->event) > 0) {
        event.end_of_flow |= FLOW_SECOND_COPY;
    }
    g_string_printf(perfetto->name, "%s from ",
                    trace_label_text(perfetto->label, link,
                                     input->message.channel, true,
                                     input->message.bytes));
    put_host(perfetto, perfetto->name,
             record->peer != 0 ? record->peer : link_peer(link));
    g_string_truncate(perfetto->id, 0);
    trace_words_message_id(perfetto->id, record->message);
    event.name = perfetto->name->str;
    event.notes[0].name = "message";
    event.notes[0].text = perfetto->id->str;
    perfetto_event(perfetto->perfetto, &event);
}

/* A slice on a track of the line's own: lines overlap. */
static void
on_fault(TracePerfetto *perfetto, const Fact *fact)
{
    bool fresh;
    Slot *slot = slot_of(perfetto->faults, fact->value, &fresh);
    bool lasts = fact->fault_kind > 0 && fact->fault_kind < FAULT_KIND_COUNT &&
                 (fault_kind_needs((FaultKind)fact->fault_kind) & FAULT_FOR);
    PerfettoEvent event = {.at = perfetto->at,
                           .track = uuid(TRACK_FAULT, fact->value),
                           .type = PERFETTO_INSTANT,
                           .category = "fault"};

    if (fresh) {
        g_string_printf(perfetto->name, "fault %" PRIu64, fact->value);
        track(perfetto, TRACK_FAULT, fact->value, uuid(TRACK_FAULTS, 0),
              perfetto->name->str, false);
    }
    if (slot->open) {
        end(perfetto, TRACK_FAULT, fact->value);
        slot->open = false;
    }
    if (fact->kind == FACT_FAULT) {
        event.name = fact->text != NULL ? fact->text : "";
        event.type = lasts ? PERFETTO_SLICE_BEGIN : PERFETTO_INSTANT;
        slot->open = lasts;
        perfetto_event(perfetto->perfetto, &event);
    }
}

static void
on_probe(TracePerfetto *perfetto, const Effect *probe, NodeId self)
{
    static const char *const roles[] = {"follower", "pre-candidate",
                                        "candidate", "leader"};
    const uint64_t *values = probe->probe.values;
    Host *host = &perfetto->hosts[MIN(self, perfetto->node_count)];

    if (probe->probe.id == PROBE_CLIENT_INVOKE) {
        on_invoke(perfetto, probe);
    } else if (probe->probe.id == PROBE_CLIENT_OUTCOME) {
        on_outcome(perfetto, probe);
    }
    if (self < 1 || self > perfetto->node_count) {
        return;
    }
    switch (probe->probe.id) {
    case PROBE_RAFT_ROLE:
        set_term(perfetto, self, values[1]);
        set_role(perfetto, self,
                 values[0] < G_N_ELEMENTS(roles) ? roles[values[0]] : "?");
        break;
    case PROBE_RAFT_COMMIT:
        if (host->commit != values[0]) {
            host->commit = values[0];
            count(perfetto, TRACK_COUNTER_COMMIT, self, (int64_t)values[0]);
        }
        break;
    case PROBE_RAFT_APPEND:
        set_last_index(perfetto, self, values[0]);
        break;
    case PROBE_RAFT_TRUNCATE:
        set_last_index(perfetto, self, values[0] > 0 ? values[0] - 1 : 0);
        break;
    case PROBE_RAFT_RESTORE:
        set_last_index(perfetto, self, MAX(host->last_index, values[0]));
        break;
    case PROBE_RAFT_RECOVER:
        set_term(perfetto, self, values[0]);
        set_last_index(perfetto, self, values[3]);
        break;
    default:
        break;
    }
}

static void
on_invoke(TracePerfetto *perfetto, const Effect *probe)
{
    static const char *const verbs[] = {"read", "write", "cas", "append",
                                        "delete"};
    const uint64_t *values = probe->probe.values;
    unsigned verb = (unsigned)(values[1] & 0xff);
    bool fresh;
    Slot *slot = slot_of(perfetto->processes, values[0], &fresh);

    if (fresh) {
        g_string_printf(perfetto->name, "process %" PRIu64, values[0]);
        track(perfetto, TRACK_PROCESS, values[0], uuid(TRACK_CLIENTS, 0),
              perfetto->name->str, false);
    }
    if (slot->open) {
        end(perfetto, TRACK_PROCESS, values[0]);
    }
    slot->open = true;
    g_string_printf(perfetto->name, "%s ",
                    verb < G_N_ELEMENTS(verbs) ? verbs[verb] : "?");
    if (probe->part_count > 0) {
        Slice key = slice_sub(probe->parts[0], 0, values[2]);

        trace_words_bytes(perfetto->name, key.data, key.size);
    }
    begin(perfetto, TRACK_PROCESS, values[0], "operation", perfetto->name->str);
}

static void
on_outcome(TracePerfetto *perfetto, const Effect *probe)
{
    static const char *const outcomes[] = {"open", "ok", "fail", "info"};
    const uint64_t *values = probe->probe.values;
    bool fresh;
    Slot *slot = slot_of(perfetto->processes, values[0], &fresh);
    PerfettoEvent event = {.at = perfetto->at,
                           .track = uuid(TRACK_PROCESS, values[0]),
                           .type = PERFETTO_SLICE_END};

    if (slot->open) {
        event.notes[0].name = "outcome";
        event.notes[0].text = outcomes[values[1] & 3];
        perfetto_event(perfetto->perfetto, &event);
        slot->open = false;
    }
}

/* @role is static. */
static void
set_role(TracePerfetto *perfetto, NodeId node, const char *role)
{
    Host *host;

    if (node < 1 || node > perfetto->node_count) {
        return;
    }
    host = &perfetto->hosts[node];
    if (host->role != NULL && strcmp(host->role, role) == 0) {
        return;
    }
    set_paused(perfetto, node, false);
    if (host->role != NULL) {
        end(perfetto, TRACK_ROLE, node);
    }
    host->role = role;
    begin(perfetto, TRACK_ROLE, node, "role", role);
}

static void
set_term(TracePerfetto *perfetto, NodeId node, uint64_t term)
{
    Host *host = &perfetto->hosts[node];

    if (host->has_term && host->term == term) {
        return;
    }
    if (host->has_term) {
        end(perfetto, TRACK_TERM, node);
    }
    host->has_term = true;
    host->term = term;
    g_string_printf(perfetto->name, "term %" PRIu64, term);
    begin(perfetto, TRACK_TERM, node, "term", perfetto->name->str);
    count(perfetto, TRACK_COUNTER_TERM, node, (int64_t)term);
}

/* Inside the slice of the role, which stands still with it. */
static void
set_paused(TracePerfetto *perfetto, NodeId node, bool paused)
{
    if (node < 1 || node > perfetto->node_count ||
        perfetto->hosts[node].paused == paused) {
        return;
    }
    perfetto->hosts[node].paused = paused;
    if (paused) {
        begin(perfetto, TRACK_ROLE, node, "fault", "paused");
    } else {
        end(perfetto, TRACK_ROLE, node);
    }
}

static void
set_last_index(TracePerfetto *perfetto, NodeId node, uint64_t index)
{
    if (perfetto->hosts[node].last_index != index) {
        perfetto->hosts[node].last_index = index;
        count(perfetto, TRACK_COUNTER_LOG, node, (int64_t)index);
    }
}

static void
set_syncs(TracePerfetto *perfetto, NodeId node, int64_t syncs)
{
    /* A crash ends them all; what it was too late for is still told. */
    syncs = MAX(syncs, 0);
    if (perfetto->hosts[node].syncs != syncs) {
        perfetto->hosts[node].syncs = syncs;
        count(perfetto, TRACK_COUNTER_SYNCS, node, syncs);
    }
}

static void
begin(TracePerfetto *perfetto, TrackKind kind, uint64_t whose,
      const char *category, const char *name)
{
    PerfettoEvent event = {.at = perfetto->at,
                           .track = uuid(kind, whose),
                           .type = PERFETTO_SLICE_BEGIN,
                           .category = category,
                           .name = name};

    perfetto_event(perfetto->perfetto, &event);
}

static void
end(TracePerfetto *perfetto, TrackKind kind, uint64_t whose)
{
    PerfettoEvent event = {.at = perfetto->at,
                           .track = uuid(kind, whose),
                           .type = PERFETTO_SLICE_END};

    perfetto_event(perfetto->perfetto, &event);
}

static void
count(TracePerfetto *perfetto, TrackKind kind, uint64_t whose, int64_t value)
{
    PerfettoEvent event = {.at = perfetto->at,
                           .track = uuid(kind, whose),
                           .type = PERFETTO_COUNTER,
                           .value = value};

    perfetto_event(perfetto->perfetto, &event);
}

static void
track(TracePerfetto *perfetto, TrackKind kind, uint64_t whose, uint64_t parent,
      const char *name, bool counter)
{
    PerfettoTrack descriptor = {.uuid = uuid(kind, whose),
                                .parent = parent,
                                .name = name,
                                .rank = (unsigned)(kind * 4096u + whose),
                                .counter = counter};

    perfetto_track(perfetto->perfetto, &descriptor);
}

static void
put_host(const TracePerfetto *perfetto, GString *out, NodeId host)
{
    g_string_append_printf(
        out, host <= perfetto->node_count ? "n%" PRIu32 : "client %" PRIu32,
        host);
}

static void
flight_add(TracePerfetto *perfetto, SimTime arrival)
{
    GArray *heap = perfetto->arrivals;
    unsigned at = heap->len;

    g_array_append_val(heap, arrival);
    while (at > 0) {
        SimTime *parent = &g_array_index(heap, SimTime, (at - 1) / 2);

        if (*parent <= arrival) {
            break;
        }
        g_array_index(heap, SimTime, at) = *parent;
        at = (at - 1) / 2;
        g_array_index(heap, SimTime, at) = arrival;
    }
    count(perfetto, TRACK_COUNTER_FLIGHT, 0, heap->len);
}

/* What arrives before or at @at is there. */
static void
flight_until(TracePerfetto *perfetto, SimTime at)
{
    GArray *heap = perfetto->arrivals;

    while (heap->len > 0 && g_array_index(heap, SimTime, 0) <= at) {
        perfetto->at = flight_pop(heap);
        count(perfetto, TRACK_COUNTER_FLIGHT, 0, heap->len);
    }
}

static SimTime
flight_pop(GArray *arrivals)
{
    SimTime first = g_array_index(arrivals, SimTime, 0);
    SimTime last = g_array_index(arrivals, SimTime, arrivals->len - 1);
    unsigned at = 0;

    g_array_set_size(arrivals, arrivals->len - 1);
    while (2 * at + 1 < arrivals->len) {
        unsigned child = 2 * at + 1;

        if (child + 1 < arrivals->len &&
            g_array_index(arrivals, SimTime, child + 1) <
                g_array_index(arrivals, SimTime, child)) {
            child++;
        }
        if (g_array_index(arrivals, SimTime, child) >= last) {
            break;
        }
        g_array_index(arrivals, SimTime, at) =
            g_array_index(arrivals, SimTime, child);
        at = child;
    }
    if (arrivals->len > 0) {
        g_array_index(arrivals, SimTime, at) = last;
    }
    return first;
}

/* Few numbers, of which most are asked for again and again. */
static Slot *
slot_of(GArray *slots, uint64_t number, bool *fresh)
{
    Slot slot = {.number = number};

    *fresh = false;
    for (unsigned i = 0; i < slots->len; i++) {
        if (g_array_index(slots, Slot, i).number == number) {
            return &g_array_index(slots, Slot, i);
        }
    }
    *fresh = true;
    g_array_append_val(slots, slot);
    return &g_array_index(slots, Slot, slots->len - 1);
}

void
trace_perfetto_violation(TracePerfetto *perfetto, SimTime at, NodeId node,
                         const char *check, const char *message)
{
    bool is_node = node >= 1 && node <= perfetto->node_count;
    PerfettoEvent event = {.at = at,
                           .track = is_node ? uuid(TRACK_ROLE, node)
                                            : uuid(TRACK_CHECKS, 0),
                           .type = PERFETTO_INSTANT,
                           .category = "violation"};

    g_string_printf(perfetto->name, "VIOLATED %s", check);
    event.name = perfetto->name->str;
    event.notes[0].name = "message";
    event.notes[0].text = message;
    perfetto_event(perfetto->perfetto, &event);
    if (is_node) {
        event.track = uuid(TRACK_CHECKS, 0);
        perfetto_event(perfetto->perfetto, &event);
    }
}

bool
trace_perfetto_finish(TracePerfetto *perfetto, GError **error)
{
    WholeFile *file = g_steal_pointer(&perfetto->file);

    for (NodeId node = 1; node <= perfetto->node_count; node++) {
        set_paused(perfetto, node, false);
        if (perfetto->hosts[node].role != NULL) {
            end(perfetto, TRACK_ROLE, node);
        }
        if (perfetto->hosts[node].has_term) {
            end(perfetto, TRACK_TERM, node);
        }
    }
    for (unsigned i = 0; i < perfetto->faults->len; i++) {
        if (g_array_index(perfetto->faults, Slot, i).open) {
            end(perfetto, TRACK_FAULT,
                g_array_index(perfetto->faults, Slot, i).number);
        }
    }
    for (unsigned i = 0; i < perfetto->processes->len; i++) {
        if (g_array_index(perfetto->processes, Slot, i).open) {
            end(perfetto, TRACK_PROCESS,
                g_array_index(perfetto->processes, Slot, i).number);
        }
    }
    trace_perfetto_free(perfetto);
    return whole_file_finish(file, error);
}

/* The tracks that are there from the beginning. */
static void
describe(TracePerfetto *perfetto, const TraceAbout *about)
{
    static const struct {
        TrackKind kind;
        const char *name;
        bool counter;
    } tracks[] = {
        {TRACK_ROLE, "role", false},
        {TRACK_TERM, "term", false},
        {TRACK_MESSAGES, "messages", false},
        {TRACK_COUNTER_TERM, "term", true},
        {TRACK_COUNTER_COMMIT, "commit index", true},
        {TRACK_COUNTER_LOG, "last log index", true},
        {TRACK_COUNTER_SYNCS, "syncs open", true},
    };

    for (NodeId host = 1; host <= perfetto->host_count; host++) {
        bool is_node = host <= about->node_count;

        g_string_truncate(perfetto->name, 0);
        put_host(perfetto, perfetto->name, host);
        track(perfetto, TRACK_NODE, host, 0, perfetto->name->str, false);
        for (unsigned i = 0; i < G_N_ELEMENTS(tracks); i++) {
            if (is_node || tracks[i].kind == TRACK_MESSAGES) {
                track(perfetto, tracks[i].kind, host, uuid(TRACK_NODE, host),
                      tracks[i].name, tracks[i].counter);
            }
        }
    }
    g_string_printf(perfetto->name, "world of %s, seed %" PRIu64,
                    about->scenario, about->seed);
    track(perfetto, TRACK_WORLD, 0, 0, perfetto->name->str, false);
    track(perfetto, TRACK_CHECKS, 0, uuid(TRACK_WORLD, 0), "checks", false);
    track(perfetto, TRACK_COUNTER_FLIGHT, 0, uuid(TRACK_WORLD, 0),
          "messages on their way", true);
    track(perfetto, TRACK_FAULTS, 0, 0, "faults", false);
    track(perfetto, TRACK_CLIENTS, 0, 0, "client processes", false);
}

TracePerfetto *
trace_perfetto_new(const char *path, const TraceAbout *about, GError **error)
{
    WholeFile *file = whole_file_new(path, error);
    TracePerfetto *perfetto;

    if (file == NULL) {
        return NULL;
    }
    perfetto = g_new0(TracePerfetto, 1);
    perfetto->file = file;
    perfetto->perfetto = perfetto_new(whole_file_stream(file));
    perfetto->node_count = about->node_count;
    perfetto->host_count = about->node_count + about->client_count;
    perfetto->hosts = g_new0(Host, about->node_count + 1);
    perfetto->faults = g_array_new(FALSE, FALSE, sizeof(Slot));
    perfetto->processes = g_array_new(FALSE, FALSE, sizeof(Slot));
    perfetto->arrivals = g_array_new(FALSE, FALSE, sizeof(SimTime));
    perfetto->label = trace_label_new();
    perfetto->name = g_string_new(NULL);
    perfetto->id = g_string_new(NULL);
    describe(perfetto, about);
    return perfetto;
}

void
trace_perfetto_free(TracePerfetto *perfetto)
{
    if (perfetto == NULL) {
        return;
    }
    whole_file_free(perfetto->file);
    perfetto_free(perfetto->perfetto);
    g_free(perfetto->hosts);
    g_array_unref(perfetto->faults);
    g_array_unref(perfetto->processes);
    g_array_unref(perfetto->arrivals);
    trace_label_free(perfetto->label);
    g_string_free(perfetto->name, TRUE);
    g_string_free(perfetto->id, TRUE);
    g_free(perfetto);
}

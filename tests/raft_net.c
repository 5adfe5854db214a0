/* SPDX-License-Identifier: Apache-2.0 */
/* The world of raft_net.h: a heap of events, files as byte arrays. */
#include "tests/raft_net.h"

#include <string.h>

#include "nodes/frame.h"
#include "nodes/probes.h"
#include "nodes/raft/raft_kv.h"

#define CLIENT_LINK_NUMBER 7u

typedef struct File {
    char name[FILE_NAME_MAX + 1];
    GByteArray *now, *durable; /* durable: NULL when never synced */
} File;

/* An effect that waits for a token, and its bytes. */
typedef struct Waiting {
    Token after;
    LinkId link;
    Channel channel;
    Bytes *bytes;
} Waiting;

typedef struct Syncing {
    Token token;
    GPtrArray *files; /* File: names and contents at the time */
} Syncing;

typedef struct Node {
    void *node;
    char *halted;
    bool down, hold_syncs, hung_up;
    uint64_t incarnation;
    GPtrArray *files;   /* File, in the order made */
    GArray *waiting;    /* Waiting */
    GArray *syncing;    /* Syncing */
    GArray *held;       /* Token */
    GArray *streams;    /* LinkId: open at this node */
    GHashTable *timers; /* id -> at */
    uint64_t role, term, commit, applied;
    unsigned probes[PROBE_COUNT];
    GArray *log; /* of LogEntry by index, as probed */
    Frame replies;
} Node;

typedef struct LogEntry {
    uint64_t term, hash;
} LogEntry;

typedef struct Event {
    SimTime at;
    uint64_t sequence;
    NodeId node;
    uint64_t incarnation;
    Input input;
    Bytes *bytes; /* of a message or READ: owned */
} Event;

struct RaftNet {
    unsigned count;
    char *config;
    Node nodes[RAFT_NET_NODES_MAX + 1];
    bool cut[RAFT_NET_NODES_MAX + 1][RAFT_NET_NODES_MAX + 1];
    GArray *heap;
    SimTime now, message_delay, sync_delay;
    uint64_t sequence, steps, next_id, draws;
    unsigned trouble;
    bool forget;
    Effects fx;
    GHashTable *answers; /* id -> RaftNetAnswer, values copied */
    unsigned answer_count;
    GHashTable *leaders; /* term -> node */
    GArray *applied;     /* LogEntry by index: State Machine Safety */
    char *violation;
    void (*on_answer)(RaftNet *, const RaftNetAnswer *, void *);
    void *on_answer_data;
};

static void apply(RaftNet *net, NodeId from, const Effect *effect);

static void
violated(RaftNet *net, char *text)
{
    if (net->violation == NULL) {
        net->violation = text;
    } else {
        g_free(text);
    }
}

static bool
event_less(const Event *a, const Event *b)
{
    return a->at != b->at ? a->at < b->at : a->sequence < b->sequence;
}

static void
push(RaftNet *net, Event event)
{
    guint i = net->heap->len;
    Event *heap;

    event.sequence = ++net->sequence;
    g_array_append_val(net->heap, event);
    heap = (Event *)(void *)net->heap->data;
    while (i > 0 && event_less(&event, &heap[(i - 1) / 2])) {
        heap[i] = heap[(i - 1) / 2];
        i = (i - 1) / 2;
    }
    heap[i] = event;
}

static Event
pop(RaftNet *net)
{
    Event *heap = (Event *)(void *)net->heap->data;
    Event top = heap[0], last = heap[net->heap->len - 1];
    guint i = 0, n;

    g_array_set_size(net->heap, net->heap->len - 1);
    n = net->heap->len;
    while (n > 0) {
        guint child = 2 * i + 1;

        if (child >= n) {
            break;
        }
        if (child + 1 < n && event_less(&heap[child + 1], &heap[child])) {
            child++;
        }
        if (!event_less(&heap[child], &last)) {
            break;
        }
        heap[i] = heap[child];
        i = child;
    }
    if (n > 0) {
        heap[i] = last;
    }
    return top;
}

static void
event_later(RaftNet *net, NodeId node, SimTime delay, Input input, Bytes *bytes)
{
    push(net, (Event){.at = net->now + delay,
                      .node = node,
                      .incarnation = net->nodes[node].incarnation,
                      .input = input,
                      .bytes = bytes});
}

/* Is @link open at @node? Forget it then, if @close. */
static bool
stream_open(Node *node, LinkId link, bool close)
{
    for (guint i = 0; i < node->streams->len; i++) {
        if (g_array_index(node->streams, LinkId, i) == link) {
            if (close) {
                g_array_remove_index(node->streams, i);
            }
            return true;
        }
    }
    return false;
}

static void
stream_event(RaftNet *net, NodeId node, LinkId link, LinkState state,
             SimTime delay)
{
    Input input = {.kind = INPUT_LINK};

    input.link.link = link;
    input.link.state = state;
    if (state == LINK_UP) {
        g_array_append_val(net->nodes[node].streams, link);
    }
    event_later(net, node, delay, input, NULL);
}

static File *
find_file(Node *node, const char *name, bool create)
{
    File *file;

    for (guint i = 0; i < node->files->len; i++) {
        file = g_ptr_array_index(node->files, i);
        if (strcmp(file->name, name) == 0) {
            return file;
        }
    }
    if (!create) {
        return NULL;
    }
    file = g_new0(File, 1);
    g_strlcpy(file->name, name, sizeof(file->name));
    file->now = g_byte_array_new();
    g_ptr_array_add(node->files, file);
    return file;
}

static void
file_free(gpointer data)
{
    File *file = data;

    if (file->now != NULL) {
        g_byte_array_unref(file->now);
    }
    if (file->durable != NULL) {
        g_byte_array_unref(file->durable);
    }
    g_free(file);
}

static GByteArray *
copy_bytes(GByteArray *from)
{
    GByteArray *to = g_byte_array_sized_new(from->len);

    g_byte_array_append(to, from->data, from->len);
    return to;
}

static void
step(RaftNet *net, NodeId id, Input *input)
{
    Node *node = &net->nodes[id];

    input->now = net->now;
    input->wall = net->now;
    input->dice.key = 0x5eed0000 + id;
    input->dice.counter = ++net->steps;
    raft_kv_program.step(node->node, input, &net->fx);
    for (unsigned i = 0; i < net->fx.count; i++) {
        apply(net, id, &net->fx.items[i]);
    }
    effects_reset(&net->fx);
}

static void
start(RaftNet *net, NodeId id)
{
    Node *node = &net->nodes[id];
    char error[200];
    NodeSetup setup = {
        .self = id, .node_count = net->count, .config = net->config};
    Input input = {.kind = INPUT_START};
    g_autofree FileInfo *files = g_new0(FileInfo, node->files->len + 1);
    LinkId link;

    node->incarnation++;
    node->role = node->term = 0; /* a term that was not durable may fall */
    node->commit = node->applied = 0;
    node->down = false;
    node->node = raft_kv_program.make(&setup, error, sizeof(error));
    if (node->node == NULL) {
        g_error("%s", error);
    }
    for (guint i = 0; i < node->files->len; i++) {
        File *file = g_ptr_array_index(node->files, i);

        g_strlcpy(files[i].name, file->name, sizeof(files[i].name));
        files[i].size = file->now->len;
    }
    input.start.incarnation = node->incarnation;
    input.start.files = files;
    input.start.file_count = node->files->len;
    step(net, id, &input);
    /* Its client comes back. */
    frame_clear(&node->replies);
    node->hung_up = false;
    link = link_stream(net->count + 1, CHANNEL_CLIENT, CLIENT_LINK_NUMBER) |
           LINK_ACCEPTED;
    input = (Input){.kind = INPUT_LINK};
    input.link.link = link;
    input.link.state = LINK_UP;
    step(net, id, &input);
}

static void
receive_replies(RaftNet *net, NodeId from, Slice bytes)
{
    Node *node = &net->nodes[from];
    Slice message;

    frame_feed(&node->replies, bytes);
    while (frame_next(&node->replies, &message) == FRAME_READY) {
        RaftNetAnswer *answer = g_new0(RaftNetAnswer, 1);

        answer->node = from;
        if (!kv_wire_decode_reply(message, &answer->reply)) {
            violated(net, g_strdup("undecodable reply"));
        }
        net->answer_count++;
        if (net->on_answer != NULL) {
            net->on_answer(net, answer, net->on_answer_data);
        }
        if (net->on_answer != NULL || answer->reply.id == 0) {
            g_free(answer);
            continue;
        }
        answer->reply.value = slice_keep(
            slice_of(answer->reply.value.data, answer->reply.value.size));
        if (!g_hash_table_insert(net->answers,
                                 GSIZE_TO_POINTER(answer->reply.id), answer)) {
            violated(net, g_strdup_printf("answered twice: %u",
                                          (unsigned)answer->reply.id));
        }
    }
}

static void
transmit(RaftNet *net, NodeId from, LinkId link, Channel channel, Bytes *bytes)
{
    NodeId to = link_peer(link);
    Input input = {.kind = INPUT_MESSAGE};
    SimTime delay = net->message_delay;
    bool twice = false;

    if (to > net->count) {
        receive_replies(net, from, slice_bytes(bytes));
        bytes_unref(bytes);
        return;
    }
    if (net->trouble > 0 && !link_is_stream(link)) {
        Dice dice = {99, net->draws++};
        uint64_t draw = dice_below(dice_u64(&dice, 0), net->trouble * 3);

        if (draw == 0) {
            bytes_unref(bytes);
            return;
        }
        twice = draw == 1;
        delay += draw == 2 ? 3 * delay : 0;
    }
    if (link_is_stream(link) && !stream_open(&net->nodes[from], link, false)) {
        bytes_unref(bytes);
        return;
    }
    if (net->cut[from][to] || net->nodes[to].down ||
        (link_is_stream(link) &&
         !stream_open(&net->nodes[to], link_far_end(link, from), false))) {
        if (link_is_stream(link)) {
            /* A stream into nowhere breaks, on both sides. */
            stream_open(&net->nodes[from], link, true);
            stream_event(net, from, link, LINK_RESET, delay);
            if (stream_open(&net->nodes[to], link_far_end(link, from), true)) {
                stream_event(net, to, link_far_end(link, from), LINK_RESET,
                             delay);
            }
        }
        bytes_unref(bytes);
        return;
    }
    input.message.link =
        link_is_stream(link) ? link_far_end(link, from) : link_datagram(from);
    input.message.channel = channel;
    input.message.bytes = slice_bytes(bytes);
    if (twice) {
        event_later(net, to, 2 * delay, input, bytes_ref(bytes));
    }
    event_later(net, to, delay, input, bytes);
}

static void
check_probe(RaftNet *net, NodeId id, const Effect *effect)
{
    Node *node = &net->nodes[id];
    const uint64_t *v = effect->probe.values;
    LogEntry entry = {v[1], v[2]}, *other;

    node->probes[effect->probe.id]++;
    switch (effect->probe.id) {
    case PROBE_RAFT_ROLE:
        node->role = v[0];
        if (v[1] < node->term) {
            violated(net, g_strdup_printf("M1: term of %u fell", id));
        }
        node->term = v[1];
        if (v[0] == 3) {
            gpointer leader =
                g_hash_table_lookup(net->leaders, GSIZE_TO_POINTER(v[1]));

            if (leader != NULL && GPOINTER_TO_UINT(leader) != id) {
                violated(net, g_strdup_printf("E1: %u and %u lead in term %u",
                                              GPOINTER_TO_UINT(leader), id,
                                              (unsigned)v[1]));
            }
            g_hash_table_insert(net->leaders, GSIZE_TO_POINTER(v[1]),
                                GUINT_TO_POINTER(id));
        }
        break;
    case PROBE_RAFT_COMMIT:
        if (v[0] <= node->commit) {
            violated(net, g_strdup_printf("M2: commit of %u fell", id));
        }
        node->commit = v[0];
        break;
    case PROBE_RAFT_RESTORE:
        node->applied = v[0];
        break;
    case PROBE_RAFT_APPLY:
        if (v[0] != node->applied + 1) {
            violated(net,
                     g_strdup_printf("A2: %u applied %u after %u", id,
                                     (unsigned)v[0], (unsigned)node->applied));
        }
        node->applied = v[0];
        if (net->forget) {
            break;
        }
        if (v[0] >= net->applied->len) {
            g_array_set_size(net->applied, (guint)v[0] + 1);
        }
        other = &g_array_index(net->applied, LogEntry, v[0]);
        if (other->term == 0) {
            *other = entry;
        } else if (memcmp(other, &entry, sizeof(entry)) != 0) {
            violated(net, g_strdup_printf("S1: %u applied another %u", id,
                                          (unsigned)v[0]));
        }
        break;
    default:
        break;
    }
}

static void
write_file(RaftNet *net, Node *node, const Effect *effect)
{
    size_t size = effects_parts_size(effect);
    uint64_t end = effect->disk.offset + size;
    File *file;
    guint old;

    if (net->forget) {
        return;
    }
    file = find_file(node, effect->disk.file, true);
    old = file->now->len;
    if (end > old) {
        g_byte_array_set_size(file->now, (guint)end);
        memset(file->now->data + old, 0, end - old);
    }
    effects_parts_gather(effect, file->now->data + effect->disk.offset);
}

static void
begin_sync(RaftNet *net, NodeId id, const Effect *effect)
{
    Node *node = &net->nodes[id];
    Syncing syncing = {effect->sync.token,
                       g_ptr_array_new_with_free_func(file_free)};
    Input input = {.kind = INPUT_SYNCED};

    for (unsigned i = 0; i < effect->part_count && !net->forget; i++) {
        File *file =
            find_file(node, (const char *)effect->parts[i].data, false);

        if (file != NULL) {
            File *copy = g_new0(File, 1);

            memcpy(copy->name, file->name, sizeof(copy->name));
            copy->now = copy_bytes(file->now);
            g_ptr_array_add(syncing.files, copy);
        }
    }
    g_array_append_val(node->syncing, syncing);
    if (node->hold_syncs) {
        g_array_append_val(node->held, effect->sync.token);
        return;
    }
    input.synced.token = effect->sync.token;
    event_later(net, id, net->sync_delay, input, NULL);
}

static void
end_sync(RaftNet *net, NodeId id, Token token)
{
    Node *node = &net->nodes[id];

    for (guint i = 0; i < node->syncing->len; i++) {
        Syncing *syncing = &g_array_index(node->syncing, Syncing, i);

        if (syncing->token != token) {
            continue;
        }
        for (guint j = 0; j < syncing->files->len; j++) {
            File *copy = g_ptr_array_index(syncing->files, j);
            File *file = find_file(node, copy->name, false);

            if (file != NULL) {
                if (file->durable != NULL) {
                    g_byte_array_unref(file->durable);
                }
                file->durable = g_steal_pointer(&copy->now);
            }
        }
        g_ptr_array_unref(syncing->files);
        g_array_remove_index(node->syncing, i);
        break;
    }
    for (guint i = 0; i < node->waiting->len;) {
        Waiting waiting = g_array_index(node->waiting, Waiting, i);

        if (waiting.after == token) {
            g_array_remove_index(node->waiting, i);
            transmit(net, id, waiting.link, waiting.channel, waiting.bytes);
        } else {
            i++;
        }
    }
}

static void
send_effect(RaftNet *net, NodeId from, const Effect *effect)
{
    Node *node = &net->nodes[from];
    Bytes *bytes;

    if (effect->part_count == 1 && effect->parts[0].owner != NULL &&
        effect->parts[0].size == effect->parts[0].owner->size) {
        bytes = bytes_ref(effect->parts[0].owner);
    } else {
        bytes = bytes_new(effects_parts_size(effect));
        effects_parts_gather(effect, bytes->data);
    }
    if (!link_is_stream(effect->send.link) && bytes->size > DATAGRAM_MAX) {
        violated(net, g_strdup("a datagram above DATAGRAM_MAX"));
    }
    if (effect->after != 0) {
        Waiting waiting = {effect->after, effect->send.link,
                           effect->send.channel, bytes};

        for (guint i = 0; i < node->syncing->len; i++) {
            if (g_array_index(node->syncing, Syncing, i).token ==
                effect->after) {
                g_array_append_val(node->waiting, waiting);
                return;
            }
        }
    }
    transmit(net, from, effect->send.link, effect->send.channel, bytes);
}

static void
open_effect(RaftNet *net, NodeId from, LinkId link)
{
    NodeId to = link_peer(link);
    bool up = !net->cut[from][to] && !net->nodes[to].down;

    stream_event(net, from, link, up ? LINK_UP : LINK_RESET,
                 2 * net->message_delay);
    if (up) {
        stream_event(net, to, link_far_end(link, from), LINK_UP,
                     net->message_delay);
    }
}

static void
apply(RaftNet *net, NodeId id, const Effect *effect)
{
    Node *node = &net->nodes[id];
    Input input;
    File *file;

    switch (effect->kind) {
    case EFFECT_SEND:
        send_effect(net, id, effect);
        break;
    case EFFECT_TIMER:
        g_hash_table_insert(node->timers, GSIZE_TO_POINTER(effect->timer.id),
                            GSIZE_TO_POINTER(effect->timer.at));
        if (effect->timer.at != SIM_NEVER) {
            input = (Input){.kind = INPUT_TIMER};
            input.timer.id = effect->timer.id;
            event_later(net, id, MAX(effect->timer.at, net->now) - net->now,
                        input, NULL);
        }
        break;
    case EFFECT_WRITE:
        write_file(net, node, effect);
        break;
    case EFFECT_TRUNCATE:
    case EFFECT_ALLOCATE:
        g_assert_not_reached(); /* Raft uses neither */
    case EFFECT_RENAME:
        file = find_file(node, effect->disk.to, false);
        if (file != NULL) {
            g_ptr_array_remove(node->files, file);
        }
        file = find_file(node, effect->disk.file, false);
        if (file != NULL) {
            g_strlcpy(file->name, effect->disk.to, sizeof(file->name));
        }
        break;
    case EFFECT_REMOVE:
        file = find_file(node, effect->disk.file, false);
        if (file != NULL) {
            g_ptr_array_remove(node->files, file);
        }
        break;
    case EFFECT_SYNC:
        begin_sync(net, id, effect);
        break;
    case EFFECT_READ: {
        Bytes *bytes = NULL;

        file = find_file(node, effect->disk.file, false);
        input = (Input){.kind = INPUT_READ};
        input.read.token = effect->disk.token;
        input.read.error = file == NULL ? 2 : 0;
        if (file != NULL) {
            uint64_t offset = MIN(effect->disk.offset, file->now->len);

            bytes = bytes_copy(file->now->data + offset,
                               MIN(effect->disk.size, file->now->len - offset));
            input.read.bytes = slice_bytes(bytes);
        }
        event_later(net, id, 1000, input, bytes);
        break;
    }
    case EFFECT_OPEN:
        open_effect(net, id, effect->stream.link);
        break;
    case EFFECT_CLOSE: {
        NodeId to = link_peer(effect->stream.link);

        if (to > net->count) {
            node->hung_up = true;
        } else if (stream_open(node, effect->stream.link, true) &&
                   stream_open(&net->nodes[to],
                               link_far_end(effect->stream.link, id), true)) {
            stream_event(net, to, link_far_end(effect->stream.link, id),
                         LINK_DOWN, net->message_delay);
        }
        break;
    }
    case EFFECT_PROBE:
        check_probe(net, id, effect);
        break;
    case EFFECT_HALT:
        g_free(node->halted);
        node->halted = g_strndup((const char *)effect->parts[0].data,
                                 effect->parts[0].size);
        break;
    case EFFECT_PAUSE:
    case EFFECT_SPAWN:
    case EFFECT_SIGNAL:
    case EFFECT_LOCAL:
        g_assert_not_reached();
    }
}

static void
run_event(RaftNet *net, Event *event)
{
    Node *node = &net->nodes[event->node];

    net->now = event->at;
    if (node->down || event->incarnation != node->incarnation ||
        node->halted != NULL) {
        bytes_unref(event->bytes);
        return;
    }
    if (event->input.kind == INPUT_TIMER) {
        gpointer at = g_hash_table_lookup(
            node->timers, GSIZE_TO_POINTER(event->input.timer.id));

        if (GPOINTER_TO_SIZE(at) != event->at) {
            return; /* replaced or cancelled */
        }
    }
    if (event->input.kind == INPUT_SYNCED) {
        end_sync(net, event->node, event->input.synced.token);
    }
    step(net, event->node, &event->input);
    bytes_unref(event->bytes);
}

bool
raft_net_run_until(RaftNet *net, SimTime duration, bool (*until)(RaftNet *))
{
    SimTime end = net->now + duration;

    while (net->heap->len > 0 && g_array_index(net->heap, Event, 0).at <= end) {
        Event event = pop(net);

        run_event(net, &event);
        if (until != NULL && until(net)) {
            return true;
        }
    }
    net->now = end;
    return false;
}

void
raft_net_run(RaftNet *net, SimTime duration)
{
    raft_net_run_until(net, duration, NULL);
}

void
raft_net_crash(RaftNet *net, NodeId id)
{
    Node *node = &net->nodes[id];

    g_assert(!node->down);
    raft_kv_program.free(node->node);
    node->node = NULL;
    node->down = true;
    node->role = 0;
    for (guint i = 0; i < node->waiting->len; i++) {
        bytes_unref(g_array_index(node->waiting, Waiting, i).bytes);
    }
    g_array_set_size(node->waiting, 0);
    for (guint i = 0; i < node->syncing->len; i++) {
        g_ptr_array_unref(g_array_index(node->syncing, Syncing, i).files);
    }
    g_array_set_size(node->syncing, 0);
    g_array_set_size(node->held, 0);
    g_hash_table_remove_all(node->timers);
    for (guint i = 0; i < node->files->len;) {
        File *file = g_ptr_array_index(node->files, i);

        if (file->durable == NULL) {
            g_ptr_array_remove_index(node->files, i);
            continue;
        }
        g_byte_array_unref(file->now);
        file->now = copy_bytes(file->durable);
        i++;
    }
    /* Its streams break. */
    for (guint i = 0; i < node->streams->len; i++) {
        LinkId link = g_array_index(node->streams, LinkId, i);
        NodeId to = link_peer(link);

        if (stream_open(&net->nodes[to], link_far_end(link, id), true)) {
            stream_event(net, to, link_far_end(link, id), LINK_RESET,
                         net->message_delay);
        }
    }
    g_array_set_size(node->streams, 0);
}

void
raft_net_restart(RaftNet *net, NodeId id)
{
    Node *node = &net->nodes[id];

    g_assert(node->down);
    g_clear_pointer(&node->halted, g_free);
    for (guint i = 0; i < node->files->len; i++) {
        File *file = g_ptr_array_index(node->files, i);

        g_byte_array_unref(file->now);
        file->now = copy_bytes(file->durable);
    }
    start(net, id);
}

void
raft_net_hold_syncs(RaftNet *net, NodeId id, bool hold)
{
    Node *node = &net->nodes[id];

    node->hold_syncs = hold;
    if (!hold) {
        for (guint i = 0; i < node->held->len; i++) {
            Input input = {.kind = INPUT_SYNCED};

            input.synced.token = g_array_index(node->held, Token, i);
            event_later(net, id, net->sync_delay, input, NULL);
        }
        g_array_set_size(node->held, 0);
    }
}

void
raft_net_cut(RaftNet *net, NodeId a, NodeId b, bool cut)
{
    net->cut[a][b] = net->cut[b][a] = cut;
}

void
raft_net_isolate(RaftNet *net, NodeId id, bool cut)
{
    for (unsigned i = 1; i <= net->count; i++) {
        raft_net_cut(net, id, i, cut);
    }
}

void
raft_net_trouble(RaftNet *net, unsigned n)
{
    net->trouble = n;
}

void
raft_net_delays(RaftNet *net, SimTime message, SimTime sync)
{
    net->message_delay = message;
    net->sync_delay = sync;
}

void
raft_net_forget_disks(RaftNet *net)
{
    net->forget = true;
}

SimTime
raft_net_now(const RaftNet *net)
{
    return net->now;
}

uint64_t
raft_net_steps(const RaftNet *net)
{
    return net->steps;
}

NodeId
raft_net_leader(const RaftNet *net)
{
    uint64_t term = 0;
    NodeId leader = 0;

    for (unsigned i = 1; i <= net->count; i++) {
        const Node *node = &net->nodes[i];

        if (!node->down && node->role == 3 && node->term > term) {
            leader = i;
            term = node->term;
        }
    }
    return leader;
}

uint64_t
raft_net_term(const RaftNet *net, NodeId id)
{
    return net->nodes[id].term;
}

uint64_t
raft_net_commit(const RaftNet *net, NodeId id)
{
    return net->nodes[id].commit;
}

uint64_t
raft_net_applied(const RaftNet *net, NodeId id)
{
    return net->nodes[id].applied;
}

unsigned
raft_net_probes(const RaftNet *net, NodeId id, uint32_t probe)
{
    return net->nodes[id].probes[probe];
}

const char *
raft_net_halted(const RaftNet *net, NodeId id)
{
    return net->nodes[id].halted;
}

const char *
raft_net_violation(const RaftNet *net)
{
    return net->violation;
}

GByteArray *
raft_net_file(RaftNet *net, NodeId id, const char *name)
{
    File *file = find_file(&net->nodes[id], name, false);

    return file == NULL ? NULL : file->durable;
}

void
raft_net_forget_file(RaftNet *net, NodeId id, const char *name)
{
    File *file = find_file(&net->nodes[id], name, false);

    g_assert(file != NULL);
    g_ptr_array_remove(net->nodes[id].files, file);
}

unsigned
raft_net_file_count(const RaftNet *net, NodeId id)
{
    return net->nodes[id].files->len;
}

const char *
raft_net_last_file(RaftNet *net, NodeId id, const char *prefix)
{
    const char *last = NULL;

    for (guint i = 0; i < net->nodes[id].files->len; i++) {
        File *file = g_ptr_array_index(net->nodes[id].files, i);

        if (g_str_has_prefix(file->name, prefix) &&
            (last == NULL || strcmp(last, file->name) < 0)) {
            last = file->name;
        }
    }
    return last;
}

void
raft_net_ask_bytes(RaftNet *net, NodeId to, Slice bytes)
{
    Input input = {.kind = INPUT_MESSAGE};
    Bytes *copy = bytes_copy(bytes.data, bytes.size);

    input.message.link =
        link_stream(net->count + 1, CHANNEL_CLIENT, CLIENT_LINK_NUMBER) |
        LINK_ACCEPTED;
    input.message.channel = CHANNEL_CLIENT;
    input.message.bytes = slice_bytes(copy);
    event_later(net, to, net->message_delay, input, copy);
}

uint64_t
raft_net_ask(RaftNet *net, NodeId to, KvVerb verb, const char *key, Slice value)
{
    KvRequest request = {.id = ++net->next_id,
                         .verb = verb,
                         .key = slice_text(key),
                         .value = value};
    Bytes *bytes = kv_wire_encode_request(&request);

    raft_net_ask_bytes(net, to, slice_bytes(bytes));
    bytes_unref(bytes);
    return request.id;
}

bool
raft_net_answer(RaftNet *net, uint64_t id, RaftNetAnswer *answer)
{
    RaftNetAnswer *found =
        g_hash_table_lookup(net->answers, GSIZE_TO_POINTER(id));

    if (found != NULL) {
        *answer = *found;
    }
    return found != NULL;
}

unsigned
raft_net_answers(const RaftNet *net)
{
    return net->answer_count;
}

bool
raft_net_hung_up(const RaftNet *net, NodeId id)
{
    return net->nodes[id].hung_up;
}

static uint64_t waited_for;

static bool
is_answered(RaftNet *net)
{
    return g_hash_table_contains(net->answers, GSIZE_TO_POINTER(waited_for));
}

static bool
has_leader(RaftNet *net)
{
    return raft_net_leader(net) != 0;
}

bool
raft_net_write(RaftNet *net, const char *key, Slice value)
{
    RaftNetAnswer answer;

    for (unsigned i = 0; i < 50; i++) {
        if (raft_net_leader(net) == 0 &&
            !raft_net_run_until(net, 5 * SIM_S, has_leader)) {
            return false;
        }
        waited_for =
            raft_net_ask(net, raft_net_leader(net), KV_VERB_WRITE, key, value);
        raft_net_run_until(net, 5 * SIM_S, is_answered);
        if (raft_net_answer(net, waited_for, &answer) &&
            answer.reply.status == KV_STATUS_OK) {
            return true;
        }
    }
    return false;
}

void
raft_net_on_answer(RaftNet *net,
                   void (*call)(RaftNet *, const RaftNetAnswer *, void *),
                   void *data)
{
    net->on_answer = call;
    net->on_answer_data = data;
}

static void
answer_free(gpointer data)
{
    RaftNetAnswer *answer = data;

    slice_drop(&answer->reply.value);
    g_free(answer);
}

RaftNet *
raft_net_new(unsigned count, const char *config)
{
    RaftNet *net = g_new0(RaftNet, 1);

    g_assert(count >= 1 && count <= RAFT_NET_NODES_MAX);
    net->count = count;
    net->config = g_strdup(config);
    net->heap = g_array_new(FALSE, FALSE, sizeof(Event));
    net->message_delay = SIM_MS;
    net->sync_delay = SIM_MS / 2;
    net->answers = g_hash_table_new_full(NULL, NULL, NULL, answer_free);
    net->leaders = g_hash_table_new(NULL, NULL);
    net->applied = g_array_new(FALSE, TRUE, sizeof(LogEntry));
    effects_init(&net->fx);
    for (unsigned i = 1; i <= count; i++) {
        Node *node = &net->nodes[i];

        node->files = g_ptr_array_new_with_free_func(file_free);
        node->waiting = g_array_new(FALSE, FALSE, sizeof(Waiting));
        node->syncing = g_array_new(FALSE, FALSE, sizeof(Syncing));
        node->held = g_array_new(FALSE, FALSE, sizeof(Token));
        node->streams = g_array_new(FALSE, FALSE, sizeof(LinkId));
        node->timers = g_hash_table_new(NULL, NULL);
        frame_init(&node->replies, SIZE_MAX / 2);
    }
    for (unsigned i = 1; i <= count; i++) {
        start(net, i);
    }
    return net;
}

void
raft_net_free(RaftNet *net)
{
    while (net->heap->len > 0) {
        Event event = pop(net);

        bytes_unref(event.bytes);
    }
    for (unsigned i = 1; i <= net->count; i++) {
        Node *node = &net->nodes[i];

        if (!node->down) {
            raft_net_crash(net, i);
        }
        g_free(node->halted);
        g_ptr_array_unref(node->files);
        g_array_unref(node->waiting);
        g_array_unref(node->syncing);
        g_array_unref(node->held);
        g_array_unref(node->streams);
        g_hash_table_unref(node->timers);
        frame_clear(&node->replies);
    }
    while (net->heap->len > 0) {
        Event event = pop(net);

        bytes_unref(event.bytes);
    }
    g_array_unref(net->heap);
    g_hash_table_unref(net->answers);
    g_hash_table_unref(net->leaders);
    g_array_unref(net->applied);
    effects_clear(&net->fx);
    g_free(net->config);
    g_free(net->violation);
    g_free(net);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Clients of the key-value service. A client has as many processes (in
 * Jepsen's sense) as operations it may have outstanding; each does one
 * operation at a time. Whatever may have happened ends as `info`. */
#include "sim/client.h"

#include <glib.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "netmodel/distribution.h"
#include "netmodel/zipf.h"
#include "nodes/effects.h"
#include "nodes/frame.h"
#include "nodes/probes.h"
#include "nodes/raft/kv_wire.h"

#define TIMER_WAKE ((TimerId)1)
#define REPLY_MAX  ((size_t)2 << 20)
/* An open loop has this many operations under way at most; the manual of
 * clients[].rate says so. */
#define OPEN_LOOP_MAX 4096u
/* Requests of one step leave as one SEND, of about this size. */
#define REQUESTS_MAX     ((size_t)4096)
#define RETRY_BACKOFF_NS (20 * SIM_MS)

/* A request's id is its number times this, and its process's slot. */
#define SLOTS_MAX 65536u

typedef enum SlotState { SLOT_IDLE, SLOT_UNSENT, SLOT_SENT } SlotState;

/* A process: one operation at a time. */
typedef struct Slot {
    SlotState state;
    SimTime start_at;   /* idle: of the next operation */
    SimTime deadline;   /* not idle: then it is `info` */
    SimTime resend_at;  /* unsent: not before */
    uint64_t request;   /* id */
    unsigned operation; /* KvVerb */
    char key[24];
    Bytes *value;
    Bytes *expected; /* CAS; NULL: absent */
} Slot;

typedef struct Client {
    NodeId self;
    unsigned node_count;
    uint64_t process_base;
    ClientGroup group; /* numbers only */
    unsigned weight_sum;
    Zipf zipf; /* of the keys, when they are not uniform */
    Slot *slots;
    unsigned slot_count;
    Stream dice; /* of this input */
    SimTime now;
    uint64_t next_request;
    uint64_t next_value;
    SimTime next_arrival; /* open loop */
    /* The one connection. */
    NodeId target;
    uint32_t connection; /* number of the stream */
    bool opening, connected;
    bool leaving;     /* no more requests here; go when all is answered */
    NodeId leave_for; /* 0: any other node */
    SimTime reconnect_at;
    Frame frame;
    SimTime wake_at; /* what the timer is set to */
    /* Requests of this step that have not left yet. */
    uint8_t *requests; /* of the step's arena */
    size_t requests_size, requests_room;
} Client;

static void on_start(Client *client, const Input *input, Effects *fx);
static void on_link(Client *client, const Input *input, Effects *fx);
static void on_message(Client *client, const Input *input, Effects *fx);
static void on_reply(Client *client, Slice message, Effects *fx);
static void run(Client *client, Effects *fx);
static void arrive(Client *client, Effects *fx);
static void begin(Client *client, unsigned number, Effects *fx);
static void draw_operation(Client *client, Slot *slot);
static void submit(Client *client, Slot *slot, Effects *fx);
static void send_requests(Client *client, Effects *fx);
static void finish(Client *client, unsigned number, ClientOutcome outcome,
                   bool absent, Slice value, Effects *fx);
static void connect_to(Client *client, NodeId target, Effects *fx);
static void disconnect(Client *client, NodeId next, Effects *fx);
static void set_wake(Client *client, Effects *fx);
static LinkId client_link(const Client *client);
static Bytes *draw_value(Client *client);
static char *put_number(char *out, uint64_t number);

static void
client_step(void *node, const Input *input, Effects *fx)
{
    Client *client = node;

    client->now = input->now;
    /* Fresh dice with every input, so that `redraw` reaches clients too. */
    client->dice = (Stream){dice_u64(&input->dice, 0), 0};
    switch (input->kind) {
    case INPUT_TIMER:
        client->wake_at = SIM_NEVER; /* it has fired */
        break;
    case INPUT_START:
        on_start(client, input, fx);
        break;
    case INPUT_LINK:
        on_link(client, input, fx);
        break;
    case INPUT_MESSAGE:
        on_message(client, input, fx);
        break;
    default:
        break;
    }
    run(client, fx);
    set_wake(client, fx);
}

static void
on_start(Client *client, const Input *input, Effects *fx)
{
    /* Values carry the incarnation, so that no two writes are alike. */
    client->next_value = input->start.incarnation << 32 | 1;
    for (unsigned i = 0; i < client->slot_count; i++) {
        client->slots[i].start_at = client->now + client->group.start;
    }
    client->next_arrival = client->now + client->group.start;
    connect_to(client,
               1 + (NodeId)stream_below(&client->dice, client->node_count), fx);
}

static void
on_link(Client *client, const Input *input, Effects *fx)
{
    if (input->link.link != client_link(client)) {
        return;
    }
    if (input->link.state == LINK_UP) {
        client->opening = false;
        client->connected = true;
        return;
    }
    disconnect(client, 0, fx);
}

static void
on_message(Client *client, const Input *input, Effects *fx)
{
    Slice message;
    FrameStatus status;

    if (input->message.link != client_link(client)) {
        return;
    }
    frame_feed(&client->frame, input->message.bytes);
    while ((status = frame_next(&client->frame, &message)) == FRAME_READY) {
        on_reply(client, message, fx);
        if (!client->connected) {
            return;
        }
    }
    if (status == FRAME_BAD) {
        disconnect(client, 0, fx);
    }
}

static void
on_reply(Client *client, Slice message, Effects *fx)
{
    KvReply reply;
    unsigned number;
    Slot *slot;

    if (!kv_wire_decode_reply(message, &reply)) {
        disconnect(client, 0, fx);
        return;
    }
    number = (unsigned)(reply.id % SLOTS_MAX);
    if (number >= client->slot_count) {
        return;
    }
    slot = &client->slots[number];
    if (slot->state == SLOT_SENT && slot->request == reply.id) {
        NodeId leader = reply.leader;

        switch (reply.status) {
        case KV_STATUS_OK:
            finish(client, number, CLIENT_OK, reply.absent, reply.value, fx);
            break;
        case KV_STATUS_NOT_LEADER:
            slot->state = SLOT_UNSENT;
            slot->resend_at = client->now;
            if (leader == 0 || leader > client->node_count ||
                leader == client->target) {
                slot->resend_at += RETRY_BACKOFF_NS;
                leader = 0;
            }
            client->leaving = true;
            client->leave_for = leader;
            break;
        case KV_STATUS_BUSY:
            slot->state = SLOT_UNSENT;
            slot->resend_at = client->now + RETRY_BACKOFF_NS;
            break;
        case KV_STATUS_UNKNOWN:
            finish(client, number, CLIENT_INFO, true, reply.value, fx);
            break;
        default: /* MISMATCH, INVALID: certainly did not happen */
            finish(client, number, CLIENT_FAIL, true, reply.value, fx);
            break;
        }
    }
}

/* Everything that is due now. */
static void
run(Client *client, Effects *fx)
{
    bool idle = false, unsent = false, sent = false, due = false, late = false;

    for (unsigned i = 0; i < client->slot_count; i++) {
        const Slot *slot = &client->slots[i];

        idle |= slot->state == SLOT_IDLE;
        unsent |= slot->state == SLOT_UNSENT;
        sent |= slot->state == SLOT_SENT;
        due |= slot->state != SLOT_IDLE && client->now >= slot->deadline;
    }
    if (client->leaving && !sent) {
        disconnect(client, client->leave_for, fx);
    }
    if (!client->opening && !client->connected &&
        client->now >= client->reconnect_at) {
        connect_to(client, client->target, fx);
    }
    for (unsigned i = 0; due && i < client->slot_count; i++) {
        Slot *slot = &client->slots[i];

        if (slot->state != SLOT_IDLE && client->now >= slot->deadline) {
            /* What was never sent certainly did not happen. */
            ClientOutcome outcome =
                slot->state == SLOT_UNSENT ? CLIENT_FAIL : CLIENT_INFO;

            late = late || client->connected || client->opening;
            finish(client, i, outcome, true, slice_of("", 0), fx);
        }
    }
    if (late) {
        disconnect(client, 0, fx); /* a silent node: ask another one */
    }
    idle |= due;
    for (unsigned i = 0;
         idle && !client->group.open_loop && i < client->slot_count; i++) {
        Slot *slot = &client->slots[i];

        if (slot->state == SLOT_IDLE && client->now >= slot->start_at) {
            begin(client, i, fx);
            unsent = true;
        }
    }
    if (client->group.open_loop && client->now >= client->next_arrival) {
        arrive(client, fx);
        unsent = true;
    }
    for (unsigned i = 0; unsent && i < client->slot_count; i++) {
        Slot *slot = &client->slots[i];

        if (slot->state == SLOT_UNSENT && client->connected &&
            !client->leaving && client->now >= slot->resend_at) {
            submit(client, slot, fx);
        }
    }
    send_requests(client, fx);
}

/* Operations of an open loop begin when they are due, whether the earlier
 * ones have ended or not: that is what makes a stall visible in the
 * latencies. */
static void
arrive(Client *client, Effects *fx)
{
    SimTime mean = 1000 * SIM_S / MAX(client->group.rate_milli, 1);
    unsigned number = 0;

    while (client->now >= client->next_arrival) {
        SimTime gap = distribution_exponential(&client->dice, mean);

        while (number < client->slot_count &&
               client->slots[number].state != SLOT_IDLE) {
            number++;
        }
        if (number == client->slot_count) {
            if (client->slot_count == OPEN_LOOP_MAX) {
                return; /* late: when a process is free */
            }
            client->slot_count++;
            client->slots = g_renew(Slot, client->slots, client->slot_count);
            client->slots[number] = (Slot){.state = SLOT_IDLE};
        }
        client->next_arrival += MAX(gap, 1);
        begin(client, number, fx);
    }
}

/* The next operation of process @number. */
static void
begin(Client *client, unsigned number, Effects *fx)
{
    Slot *slot = &client->slots[number];
    uint64_t values[4];
    size_t key_size, value_size, expected_size;
    uint8_t *payload;

    if (client->now >= client->group.stop) {
        slot->start_at = SIM_NEVER;
        client->next_arrival = SIM_NEVER;
        return;
    }
    draw_operation(client, slot);
    slot->state = SLOT_UNSENT;
    slot->resend_at = client->now;
    slot->deadline = client->now + client->group.timeout;
    key_size = strlen(slot->key);
    value_size = slot->value != NULL ? slot->value->size : 0;
    expected_size = slot->expected != NULL ? slot->expected->size : 0;
    payload = effects_alloc(fx, key_size + value_size + expected_size);
    memcpy(payload, slot->key, key_size);
    if (value_size > 0) {
        memcpy(payload + key_size, slot->value->data, value_size);
    }
    if (expected_size > 0) {
        memcpy(payload + key_size + value_size, slot->expected->data,
               expected_size);
    }
    values[0] = client->process_base + number;
    values[1] = slot->operation | (slot->expected == NULL ? 256u : 0u);
    values[2] = key_size;
    values[3] = value_size;
    effects_probe(fx, PROBE_CLIENT_INVOKE, values, 4,
                  slice_of(payload, key_size + value_size + expected_size));
}

static void
draw_operation(Client *client, Slot *slot)
{
    uint64_t draw = stream_below(&client->dice, client->weight_sum);
    uint64_t key = client->group.zipf_milli > 0
                       ? zipf_draw(&client->zipf, &client->dice)
                       : stream_below(&client->dice, client->group.keys);

    slot->operation = 0;
    while (draw >= client->group.weight[slot->operation]) {
        draw -= client->group.weight[slot->operation];
        slot->operation++;
    }
    slot->key[0] = 'k';
    *put_number(slot->key + 1, key) = '\0';
    switch (slot->operation) {
    case KV_VERB_CAS:
        /* Half of them expect that the key is absent, which holds at first
         * and after deletes; the others guess at a recent value. */
        slot->value = draw_value(client);
        if (stream_below(&client->dice, 2) == 1 &&
            (client->next_value & 0xffffffffu) > 2) {
            uint64_t keep = client->next_value;

            client->next_value -= 2;
            slot->expected = draw_value(client);
            client->next_value = keep;
        }
        break;
    case KV_VERB_WRITE:
    case KV_VERB_APPEND:
        slot->value = draw_value(client);
        break;
    default:
        break;
    }
}

/* A value that no other write has: "<client>.<number>", filled up with 'x'. */
static Bytes *
draw_value(Client *client)
{
    char text[48];
    char *end = put_number(text, client->self);
    size_t length, size;
    Bytes *value;

    *end++ = '.';
    end = put_number(end, client->next_value++);
    *end++ = '.';
    length = (size_t)(end - text);
    size = MAX(length, client->group.value_size);
    value = bytes_new(size);
    memset(value->data, 'x', size);
    memcpy(value->data, text, length);
    return value;
}

/* Decimal digits, up to 20. printf() was a third of what a client costs. */
static char *
put_number(char *out, uint64_t number)
{
    char digits[20];
    unsigned count = 0;

    do {
        digits[count++] = (char)('0' + number % 10);
        number /= 10;
    } while (number > 0);
    while (count > 0) {
        *out++ = digits[--count];
    }
    return out;
}

static void
submit(Client *client, Slot *slot, Effects *fx)
{
    KvRequest request = {.verb = (KvVerb)slot->operation,
                         .key = slice_of(slot->key, strlen(slot->key))};
    size_t size;

    slot->request =
        client->next_request * SLOTS_MAX + (uint64_t)(slot - client->slots);
    client->next_request++;
    request.id = slot->request;
    if (slot->value != NULL) {
        request.value = slice_bytes(slot->value);
    }
    if (slot->operation == KV_VERB_CAS) {
        request.expect_absent = slot->expected == NULL;
        if (slot->expected != NULL) {
            request.expected = slice_bytes(slot->expected);
        }
    }
    size = kv_wire_request_size(&request);
    if (size > client->requests_room - client->requests_size) {
        send_requests(client, fx);
        client->requests_room = MAX(size, REQUESTS_MAX);
        client->requests = effects_alloc(fx, client->requests_room);
    }
    kv_wire_put_request(&request, client->requests + client->requests_size);
    client->requests_size += size;
    slot->state = SLOT_SENT;
}

/* A chunk of the stream for all requests of the step: a delivery each would
 * cost more than the commits. */
static void
send_requests(Client *client, Effects *fx)
{
    Slice part = slice_of(client->requests, client->requests_size);

    if (part.size > 0) {
        effects_send(fx, client_link(client), CHANNEL_CLIENT, &part, 1);
    }
    client->requests_size = client->requests_room = 0;
}

static void
finish(Client *client, unsigned number, ClientOutcome outcome, bool absent,
       Slice value, Effects *fx)
{
    Slot *slot = &client->slots[number];
    uint64_t values[4] = {client->process_base + number, outcome,
                          slot->operation, absent};
    Slice payload = {NULL, 0, NULL};

    if (outcome == CLIENT_OK && slot->operation == KV_VERB_READ &&
        value.size > 0) {
        uint8_t *copy = effects_alloc(fx, value.size);

        memcpy(copy, value.data, value.size);
        payload = slice_of(copy, value.size);
    }
    effects_probe(fx, PROBE_CLIENT_OUTCOME, values, 4, payload);
    slot->state = SLOT_IDLE;
    slot->start_at = client->now + client->group.think;
    g_clear_pointer(&slot->value, bytes_unref);
    g_clear_pointer(&slot->expected, bytes_unref);
}

static void
connect_to(Client *client, NodeId target, Effects *fx)
{
    client->target = target;
    client->connection++;
    client->opening = true;
    client->connected = false;
    frame_clear(&client->frame);
    frame_init(&client->frame, REPLY_MAX);
    effects_open(fx, client_link(client));
}

/* Leave this node for @next, or for any other one when it is 0. What was
 * sent and not answered may or may not have happened; a read has no effect
 * and may simply be sent again, but its process cannot know: it is `info`
 * too, which constrains nothing. */
static void
disconnect(Client *client, NodeId next, Effects *fx)
{
    if (client->opening || client->connected) {
        effects_close(fx, client_link(client));
    }
    client->opening = false;
    client->connected = false;
    client->leaving = false;
    for (unsigned i = 0; i < client->slot_count; i++) {
        if (client->slots[i].state == SLOT_SENT) {
            finish(client, i, CLIENT_INFO, true, slice_of("", 0), fx);
        }
    }
    if (next == 0) {
        uint64_t step =
            client->node_count > 1
                ? 1 + stream_below(&client->dice, client->node_count - 1)
                : 0;

        next = 1 + (NodeId)((client->target - 1 + step) % client->node_count);
        client->reconnect_at = client->now + RETRY_BACKOFF_NS;
    } else {
        client->reconnect_at = client->now;
    }
    client->target = next;
}

/* One timer for all: the earliest of what is to come. */
static void
set_wake(Client *client, Effects *fx)
{
    SimTime wake = SIM_NEVER;
    bool idle = false;

    for (unsigned i = 0; i < client->slot_count; i++) {
        const Slot *slot = &client->slots[i];

        if (slot->state == SLOT_IDLE) {
            idle = true;
            if (!client->group.open_loop) {
                wake = MIN(wake, slot->start_at);
            }
            continue;
        }
        wake = MIN(wake, slot->deadline);
        if (slot->state == SLOT_UNSENT && client->connected &&
            !client->leaving) {
            wake = MIN(wake, slot->resend_at);
        }
    }
    if (client->group.open_loop && idle) {
        wake = MIN(wake, client->next_arrival);
    }
    if (!client->opening && !client->connected) {
        wake = MIN(wake, client->reconnect_at);
    }
    if (wake != client->wake_at) {
        client->wake_at = wake;
        effects_timer(fx, TIMER_WAKE, wake);
    }
}

static LinkId
client_link(const Client *client)
{
    return link_stream(client->target, CHANNEL_CLIENT, client->connection);
}

char *
client_config(const ClientGroup *group, uint64_t process_base)
{
    return g_strdup_printf(
        "%" PRIu64 " %d %" PRIu64 " %" PRIu64 " %" PRIu64 " %u %u %u %u %u %u "
        "%u %u %" PRIu64 " %" PRIu64 " %" PRIu64 "\n",
        process_base, group->open_loop, group->rate_milli, group->think,
        group->timeout, group->outstanding, group->keys, group->zipf_milli,
        group->weight[0], group->weight[1], group->weight[2], group->weight[3],
        group->weight[4], group->value_size, group->start, group->stop);
}

unsigned
client_processes(const ClientGroup *group)
{
    return group->open_loop ? OPEN_LOOP_MAX : MAX(group->outstanding, 1);
}

static void *
client_make(const NodeSetup *setup, char *error, size_t error_size)
{
    Client *client = g_new0(Client, 1);
    ClientGroup *group = &client->group;
    int open_loop;

    if (sscanf(setup->config,
               "%" SCNu64 " %d %" SCNu64 " %" SCNu64 " %" SCNu64
               " %u %u %u %u %u %u %u %u %" SCNu64 " %" SCNu64 " %" SCNu64,
               &client->process_base, &open_loop, &group->rate_milli,
               &group->think, &group->timeout, &group->outstanding,
               &group->keys, &group->zipf_milli, &group->weight[0],
               &group->weight[1], &group->weight[2], &group->weight[3],
               &group->weight[4], &group->value_size, &group->start,
               &group->stop) != 16) {
        g_snprintf(error, error_size, "client: bad configuration");
        g_free(client);
        return NULL;
    }
    group->open_loop = open_loop != 0;
    client->self = setup->self;
    client->node_count = setup->node_count;
    client->wake_at = SIM_NEVER;
    client->next_request = 1;
    for (unsigned i = 0; i < G_N_ELEMENTS(group->weight); i++) {
        client->weight_sum += group->weight[i];
    }
    g_assert(client->weight_sum > 0 && group->keys > 0);
    if (group->zipf_milli > 0) {
        zipf_init(&client->zipf, MIN(group->keys, ZIPF_RANKS_MAX),
                  group->zipf_milli);
    }
    client->slot_count = group->open_loop ? 1 : client_processes(group);
    client->slots = g_new0(Slot, client->slot_count);
    frame_init(&client->frame, REPLY_MAX);
    return client;
}

static void
client_free(void *node)
{
    Client *client = node;

    for (unsigned i = 0; i < client->slot_count; i++) {
        bytes_unref(client->slots[i].value);
        bytes_unref(client->slots[i].expected);
    }
    frame_clear(&client->frame);
    zipf_clear(&client->zipf);
    g_free(client->slots);
    g_free(client);
}

const NodeProgram client_program = {
    .abi = NODE_ABI,
    .name = "client",
    .summary = "clients of the key-value service",
    .make = client_make,
    .step = client_step,
    .free = client_free,
};

/* SPDX-License-Identifier: Apache-2.0 */
/* Hand-made records: no engine, no node program, only what observers see. */
#include "tests/maker.h"

#include <string.h>

#include "proto/kv.pb-c.h"
#include "proto/raft.pb-c.h"

static GPtrArray *made;

static Slice keep(uint8_t *bytes, size_t size);
static Slice pack(const Seedbed__Raft__Message *message);
static Slice pack_framed(const ProtobufCMessage *message);

void
maker_init(Maker *maker, MakerObserver observer, void *data)
{
    memset(maker, 0, sizeof *maker);
    maker->observer = observer;
    maker->data = data;
    effects_init(&maker->fx);
    maker->facts = g_array_new(FALSE, TRUE, sizeof(Fact));
}

void
maker_clear(Maker *maker)
{
    effects_clear(&maker->fx);
    g_array_unref(maker->facts);
}

void
maker_begin(Maker *maker, SimTime at, NodeId cell)
{
    maker->number++;
    maker->event =
        event_key(at, cell, EVENT_CLASS_MESSAGE, cell, maker->number, 0);
    maker->has_input = false;
    maker->peer = 0;
    maker->message = 0;
    memset(&maker->input, 0, sizeof maker->input);
    effects_reset(&maker->fx);
    g_array_set_size(maker->facts, 0);
}

void
maker_end(Maker *maker)
{
    Record record = {
        .number = maker->number,
        .event = &maker->event,
        .input = maker->has_input ? &maker->input : NULL,
        .message = maker->message,
        .peer = maker->peer,
        .fx = maker->has_input ? &maker->fx : NULL,
        .facts = (const Fact *)maker->facts->data,
        .fact_count = maker->facts->len,
    };

    maker->observer(maker->data, &record);
}

static void
told(Maker *maker, InputKind kind)
{
    maker->has_input = true;
    maker->input.kind = kind;
    maker->input.now = maker->event.at;
    maker->input.wall = maker->event.at + 7;
    maker->input.dice = (Dice){maker->number * 0x9E3779B97F4A7C15u, 3};
}

void
maker_start(Maker *maker, uint64_t incarnation, const FileInfo *files,
            unsigned file_count)
{
    told(maker, INPUT_START);
    maker->input.start.incarnation = incarnation;
    maker->input.start.files = files;
    maker->input.start.file_count = file_count;
}

void
maker_timer(Maker *maker, TimerId id)
{
    told(maker, INPUT_TIMER);
    maker->input.timer.id = id;
}

void
maker_message(Maker *maker, NodeId from, LinkId link, Channel channel,
              Slice bytes)
{
    told(maker, INPUT_MESSAGE);
    maker->peer = from;
    maker->message = (uint64_t)from << 40 | maker->number;
    maker->input.message.link = link;
    maker->input.message.channel = channel;
    maker->input.message.bytes = bytes;
}

void
maker_synced(Maker *maker, Token token, int error)
{
    told(maker, INPUT_SYNCED);
    maker->input.synced.token = token;
    maker->input.synced.error = error;
}

void
maker_link(Maker *maker, LinkId link, LinkState state)
{
    told(maker, INPUT_LINK);
    maker->peer = link_peer(link);
    maker->input.link.link = link;
    maker->input.link.state = state;
}

Fact *
maker_fact(Maker *maker, FactKind kind)
{
    Fact fact = {.kind = kind, .node = event_cell(&maker->event)};

    g_array_append_val(maker->facts, fact);
    return &g_array_index(maker->facts, Fact, maker->facts->len - 1);
}

Fact *
maker_send(Maker *maker, NodeId to, Channel channel, Slice bytes, SimTime delay)
{
    Fact *fact = maker_fact(maker, FACT_SEND);

    fact->link = link_datagram(to);
    fact->channel = channel;
    fact->bytes = bytes;
    fact->message = (uint64_t)fact->node << 40 | maker->number;
    fact->fate.copy_count = 1;
    fact->fate.fragments = 1;
    fact->fate.copies[0].at = maker->event.at + delay;
    return fact;
}

void
maker_probe(Maker *maker, uint32_t id, uint64_t a, uint64_t b, uint64_t c)
{
    uint64_t values[4] = {a, b, c, 0};

    effects_probe(&maker->fx, id, values, 4, (Slice){0});
}

Slice
maker_vote_request(uint64_t term, uint64_t last_index, bool pre_vote)
{
    Seedbed__Raft__VoteRequest body = SEEDBED__RAFT__VOTE_REQUEST__INIT;
    Seedbed__Raft__Message message = SEEDBED__RAFT__MESSAGE__INIT;

    body.term = term;
    body.last_log_index = last_index;
    body.last_log_term = term - 1;
    body.pre_vote = pre_vote;
    message.body_case = SEEDBED__RAFT__MESSAGE__BODY_VOTE_REQUEST;
    message.vote_request = &body;
    return pack(&message);
}

Slice
maker_vote_reply(uint64_t term, bool granted)
{
    Seedbed__Raft__VoteReply body = SEEDBED__RAFT__VOTE_REPLY__INIT;
    Seedbed__Raft__Message message = SEEDBED__RAFT__MESSAGE__INIT;

    body.term = term;
    body.granted = granted;
    message.body_case = SEEDBED__RAFT__MESSAGE__BODY_VOTE_REPLY;
    message.vote_reply = &body;
    return pack(&message);
}

Slice
maker_append_request(uint64_t term, uint64_t previous, unsigned entry_count,
                     size_t entry_size)
{
    Seedbed__Raft__AppendRequest body = SEEDBED__RAFT__APPEND_REQUEST__INIT;
    Seedbed__Raft__Message message = SEEDBED__RAFT__MESSAGE__INIT;
    Seedbed__Raft__Entry *entries = g_new(Seedbed__Raft__Entry, entry_count);
    Seedbed__Raft__Entry **list = g_new(Seedbed__Raft__Entry *, entry_count);
    uint8_t *data = g_malloc(entry_size + 1);

    memset(data, 'e', entry_size + 1);
    for (unsigned i = 0; i < entry_count; i++) {
        seedbed__raft__entry__init(&entries[i]);
        entries[i].term = term;
        entries[i].data = (ProtobufCBinaryData){entry_size, data};
        list[i] = &entries[i];
    }
    body.term = term;
    body.previous_index = previous;
    body.previous_term = term;
    body.commit_index = previous;
    body.n_entries = entry_count;
    body.entries = list;
    body.sequence = previous + 1;
    message.body_case = SEEDBED__RAFT__MESSAGE__BODY_APPEND_REQUEST;
    message.append_request = &body;

    Slice slice = pack(&message);

    g_free(entries);
    g_free(list);
    g_free(data);
    return slice;
}

Slice
maker_kv_request(uint64_t id, int operation, const char *key, const char *value)
{
    Seedbed__Kv__Request request = SEEDBED__KV__REQUEST__INIT;

    request.id = id;
    request.operation = (Seedbed__Kv__Operation)operation;
    request.key = (ProtobufCBinaryData){strlen(key), (uint8_t *)g_strdup(key)};
    request.value =
        (ProtobufCBinaryData){strlen(value), (uint8_t *)g_strdup(value)};

    Slice slice = pack_framed(&request.base);

    g_free(request.key.data);
    g_free(request.value.data);
    return slice;
}

Slice
maker_kv_reply(uint64_t id, int status, const char *value, size_t value_size)
{
    Seedbed__Kv__Reply reply = SEEDBED__KV__REPLY__INIT;

    reply.id = id;
    reply.status = (Seedbed__Kv__Status)status;
    reply.index = id + 1;
    reply.value.data = g_malloc0(value_size + 1);
    for (size_t i = 0; i < value_size; i++) {
        reply.value.data[i] = (uint8_t)value[i % strlen(value)];
    }
    reply.value.len = value_size;

    Slice slice = pack_framed(&reply.base);

    g_free(reply.value.data);
    return slice;
}

static Slice
pack(const Seedbed__Raft__Message *message)
{
    size_t size = seedbed__raft__message__get_packed_size(message);
    uint8_t *bytes = g_malloc(size + 1);

    seedbed__raft__message__pack(message, bytes);
    return keep(bytes, size);
}

static Slice
pack_framed(const ProtobufCMessage *message)
{
    size_t size = protobuf_c_message_get_packed_size(message);
    uint8_t *bytes = g_malloc(size + 4);

    bytes[0] = (uint8_t)(size >> 24);
    bytes[1] = (uint8_t)(size >> 16);
    bytes[2] = (uint8_t)(size >> 8);
    bytes[3] = (uint8_t)size;
    protobuf_c_message_pack(message, bytes + 4);
    return keep(bytes, size + 4);
}

static Slice
keep(uint8_t *bytes, size_t size)
{
    if (made == NULL) {
        made = g_ptr_array_new_with_free_func(g_free);
    }
    g_ptr_array_add(made, bytes);
    return slice_of(bytes, size);
}

Slice
maker_flip(Slice bytes, size_t bit)
{
    uint8_t *copy = g_memdup2(bytes.data, bytes.size);

    g_assert(bit / 8 < bytes.size);
    copy[bit / 8] ^= (uint8_t)(1u << bit % 8);
    return keep(copy, bytes.size);
}

void
maker_forget(void)
{
    g_clear_pointer(&made, g_ptr_array_unref);
}

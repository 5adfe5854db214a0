/* SPDX-License-Identifier: Apache-2.0 */
/* Client streams and pending requests. Commands are applied in the order in
 * which they were proposed, so what is pending is a queue. */
#include "nodes/raft/kv_server.h"

#include <string.h>

#include "nodes/bugs.h"
#include "nodes/probes.h"

/* Values up to this size are copied into the answer, so that it is one
 * part. */
#define COPY_MAX 512u
/* Answers of one step for one client leave as one SEND of up to this size: a
 * delivery each would cost more than the commits they tell of. */
#define ANSWERS_MAX 2048u

typedef struct Client {
    LinkId link;
    Frame frame;
} Client;

/* A command proposed here and not applied yet. */
typedef struct Pending {
    uint64_t index;
    uint64_t id;
    LinkId link;
    size_t size;
} Pending;

struct KvServer {
    Raft *raft;
    Kv *kv;
    GHashTable *clients; /* LinkId -> Client; looked up, never listed */
    Client *last_client; /* of the last look-up */
    Pending *pending;    /* ring */
    uint64_t pending_mask, pending_first, pending_end;
    uint64_t pending_bytes, pending_max;
    bool restored;    /* just now: for KV_SKIP_AFTER_RESTART */
    GPtrArray *trash; /* Bytes that answers of this step show */
    /* The SEND of this step that more answers for its client may join. */
    LinkId open_link; /* 0: none */
    unsigned open_effect;
    size_t open_size;
};

static void on_bytes(KvServer *server, LinkId link, Slice bytes, Effects *fx);
static void on_link(KvServer *server, LinkId link, LinkState state,
                    Effects *fx);
static void on_request(KvServer *server, LinkId link, Slice bytes, Effects *fx);
static bool may_read_past_log(const KvServer *server);
static void answer(KvServer *server, LinkId link, const KvReply *reply,
                   Effects *fx);
static void join(KvServer *server, LinkId link, const KvReply *reply,
                 Effects *fx);
static Client *find(KvServer *server, LinkId link);
static void push(KvServer *server, Pending pending);
static void client_free(gpointer data);

void
kv_server_begin(KvServer *server)
{
    server->open_link = 0;
    if (server->trash->len > 0) {
        g_ptr_array_set_size(server->trash, 0);
    }
}

void
kv_server_handle(KvServer *server, const Input *input, Effects *fx)
{
    if (input->kind == INPUT_MESSAGE &&
        input->message.channel == CHANNEL_CLIENT &&
        link_is_stream(input->message.link)) {
        on_bytes(server, input->message.link, input->message.bytes, fx);
    } else if (input->kind == INPUT_LINK &&
               link_channel(input->link.link) == CHANNEL_CLIENT) {
        on_link(server, input->link.link, input->link.state, fx);
    }
}

static void
on_bytes(KvServer *server, LinkId link, Slice bytes, Effects *fx)
{
    Client *client = find(server, link);
    FrameStatus status;
    Slice message;

    if (client == NULL) {
        return; /* closed by us, with bytes still on their way */
    }
    frame_feed(&client->frame, bytes);
    while ((status = frame_next(&client->frame, &message)) == FRAME_READY) {
        on_request(server, link, message, fx);
    }
    if (status == FRAME_BAD) {
        uint64_t value = link_peer(link);

        server->open_link = 0;
        effects_probe(fx, PROBE_RAFT_REFUSE, &value, 1, slice_of(NULL, 0));
        effects_close(fx, link);
        server->last_client = NULL;
        g_hash_table_remove(server->clients, &link);
    }
}

static void
on_link(KvServer *server, LinkId link, LinkState state, Effects *fx)
{
    server->last_client = NULL;
    if (state == LINK_UP && (link & LINK_ACCEPTED) != 0) {
        Client *client = g_new0(Client, 1);

        client->link = link;
        frame_init(&client->frame, KV_REQUEST_MAX);
        g_hash_table_replace(server->clients, &client->link, client);
        return;
    }
    if (state == LINK_DOWN) {
        effects_close(fx, link);
    }
    g_hash_table_remove(server->clients, &link);
}

static void
on_request(KvServer *server, LinkId link, Slice bytes, Effects *fx)
{
    KvReply reply = {0};
    KvRequest request;
    uint64_t index;

    if (!kv_wire_decode_request(bytes, &request)) {
        reply.status = KV_STATUS_INVALID;
    } else if (!kv_wire_valid(&request)) {
        reply.id = request.id;
        reply.status = KV_STATUS_INVALID;
    } else if (request.verb == KV_VERB_READ && may_read_past_log(server)) {
        reply = kv_apply(server->kv, &request);
        reply.id = request.id;
        if (reply.value.owner != NULL) {
            g_ptr_array_add(server->trash, reply.value.owner);
        }
    } else if (server->pending_bytes + bytes.size > server->pending_max) {
        reply.id = request.id;
        reply.status = KV_STATUS_BUSY;
        SOMETIMES(fx, KV_BUSY);
    } else if ((index = raft_propose(server->raft, bytes, fx)) != 0) {
        if (BUG(KV_ANSWER_EARLY) &&
            (request.verb == KV_VERB_WRITE || request.verb == KV_VERB_APPEND)) {
            reply.id = request.id;
            answer(server, link, &reply, fx);
            return;
        }
        push(server, (Pending){index, request.id, link, bytes.size});
        return;
    } else {
        uint64_t value = link_peer(link);

        effects_probe(fx, PROBE_RAFT_REFUSE, &value, 1, slice_of(NULL, 0));
        reply.id = request.id;
        reply.status = KV_STATUS_NOT_LEADER;
        /* A leader that is stopping sends nobody to itself. */
        reply.leader = server->raft->leader == server->raft->self
                           ? 0
                           : server->raft->leader;
    }
    answer(server, link, &reply, fx);
}

/* Never, but for planted bugs: what is applied here may be old. */
static bool
may_read_past_log(const KvServer *server)
{
    return BUG(KV_READ_LOCAL) ||
           (BUG(KV_READ_UNCONFIRMED) && server->raft->role == RAFT_LEADER);
}

static void
machine_apply(void *self, uint64_t index, const RaftEntry *entry, Effects *fx)
{
    KvServer *server = self;
    KvReply reply = {.status = KV_STATUS_INVALID};
    KvRequest request;
    Pending *pending;

    /* What a leader would not have proposed changes nothing, anywhere. */
    if (BUG(KV_SKIP_AFTER_RESTART) && server->restored) {
        server->restored = false;
    } else if (kv_wire_decode_request(entry->data, &request) &&
               kv_wire_valid(&request)) {
        reply = kv_apply(server->kv, &request);
    }
    if (reply.value.owner != NULL) {
        g_ptr_array_add(server->trash, reply.value.owner);
    }
    if (server->pending_first == server->pending_end) {
        return;
    }
    pending = &server->pending[server->pending_first & server->pending_mask];
    if (pending->index != index) {
        g_assert(pending->index > index);
        return;
    }
    server->pending_first++;
    server->pending_bytes -= pending->size;
    reply.id = pending->id;
    reply.index = index;
    answer(server, pending->link, &reply, fx);
}

/* Whoever no longer leads cannot know what becomes of what it proposed. */
static void
machine_role(void *self, Effects *fx)
{
    KvServer *server = self;

    if (server->raft->role == RAFT_LEADER) {
        g_assert(server->pending_first == server->pending_end);
        return;
    }
    if (server->pending_first != server->pending_end) {
        SOMETIMES(fx, KV_OUTCOME_UNKNOWN);
    }
    if (BUG(KV_PENDING_FORGOTTEN)) {
        server->pending_first = server->pending_end;
        server->pending_bytes = 0;
    }
    while (server->pending_first != server->pending_end) {
        Pending *pending =
            &server->pending[server->pending_first++ & server->pending_mask];
        KvReply reply = {.id = pending->id,
                         .status = BUG(KV_UNKNOWN_IS_NO) ? KV_STATUS_NOT_LEADER
                                                         : KV_STATUS_UNKNOWN};

        server->pending_bytes -= pending->size;
        answer(server, pending->link, &reply, fx);
    }
    g_assert(server->pending_bytes == 0);
}

static void *
machine_freeze(void *self)
{
    return kv_freeze(((KvServer *)self)->kv);
}

static size_t
machine_frozen_read(void *frozen, uint8_t *out, size_t size)
{
    return kv_frozen_read(frozen, out, size);
}

static void
machine_frozen_free(void *frozen)
{
    kv_frozen_free(frozen);
}

static bool
machine_restore(void *self, Slice bytes)
{
    KvServer *server = self;

    server->restored = true;
    return kv_restore(server->kv, bytes);
}

static uint64_t
machine_digest(void *self)
{
    return kv_digest(((KvServer *)self)->kv);
}

const RaftMachine kv_server_machine = {
    .apply = machine_apply,
    .role = machine_role,
    .freeze = machine_freeze,
    .frozen_read = machine_frozen_read,
    .frozen_free = machine_frozen_free,
    .restore = machine_restore,
    .digest = machine_digest,
};

static void
answer(KvServer *server, LinkId link, const KvReply *reply, Effects *fx)
{
    uint8_t tail[KV_REPLY_HEAD_MAX];
    size_t head_size, tail_size;
    Slice parts[3];
    uint8_t *head;

    if (find(server, link) == NULL) {
        return; /* it went away without waiting */
    }
    if (reply->value.size <= COPY_MAX) {
        join(server, link, reply, fx);
        return;
    }
    server->open_link = 0;
    head = effects_alloc(fx, 2 * KV_REPLY_HEAD_MAX);
    kv_wire_encode_reply(reply, head, &head_size, tail, &tail_size);
    memcpy(head + head_size, tail, tail_size);
    parts[0] = slice_of(head, head_size);
    parts[1] = reply->value;
    parts[2] = slice_of(head + head_size, tail_size);
    effects_send(fx, link, CHANNEL_CLIENT, parts, 3);
}

/* Put a small answer behind the last one of this step, if that is for the
 * same client, or begin a new SEND. Nothing else goes to a client's stream
 * but CLOSE, which nothing follows. */
static void
join(KvServer *server, LinkId link, const KvReply *reply, Effects *fx)
{
    uint8_t tail[KV_REPLY_HEAD_MAX];
    size_t head_size, tail_size;
    uint8_t *out;
    Slice *part;

    if (server->open_link != link ||
        server->open_size + reply->value.size + 2 * KV_REPLY_HEAD_MAX >
            ANSWERS_MAX) {
        Slice fresh = slice_of(effects_alloc(fx, ANSWERS_MAX), 0);

        server->open_link = link;
        server->open_size = 0;
        server->open_effect = fx->count;
        effects_send(fx, link, CHANNEL_CLIENT, &fresh, 1);
    }
    part = fx->items[server->open_effect].parts;
    out = (uint8_t *)(uintptr_t)part->data + server->open_size;
    kv_wire_encode_reply(reply, out, &head_size, tail, &tail_size);
    if (reply->value.size > 0) {
        memcpy(out + head_size, reply->value.data, reply->value.size);
    }
    memcpy(out + head_size + reply->value.size, tail, tail_size);
    server->open_size += head_size + reply->value.size + tail_size;
    part->size = server->open_size;
}

static Client *
find(KvServer *server, LinkId link)
{
    if (server->last_client == NULL || server->last_client->link != link) {
        server->last_client = g_hash_table_lookup(server->clients, &link);
    }
    return server->last_client;
}

static void
push(KvServer *server, Pending pending)
{
    uint64_t size = server->pending_mask + 1;

    if (server->pending_end - server->pending_first == size) {
        Pending *grown = g_new(Pending, size * 2);

        for (uint64_t i = server->pending_first; i < server->pending_end; i++) {
            grown[i & (size * 2 - 1)] =
                server->pending[i & server->pending_mask];
        }
        g_free(server->pending);
        server->pending = grown;
        server->pending_mask = size * 2 - 1;
    }
    server->pending[server->pending_end++ & server->pending_mask] = pending;
    server->pending_bytes += pending.size;
}

void
kv_server_attach(KvServer *server, Raft *raft)
{
    server->raft = raft;
}

KvServer *
kv_server_new(uint64_t pending_max)
{
    KvServer *server = g_new0(KvServer, 1);

    server->kv = kv_new();
    server->clients =
        g_hash_table_new_full(g_int64_hash, g_int64_equal, NULL, client_free);
    server->pending = g_new(Pending, 64);
    server->pending_mask = 63;
    server->pending_max = pending_max;
    server->trash = g_ptr_array_new_with_free_func((GDestroyNotify)bytes_unref);
    return server;
}

void
kv_server_free(KvServer *server)
{
    g_hash_table_unref(server->clients);
    g_ptr_array_unref(server->trash);
    g_free(server->pending);
    kv_free(server->kv);
    g_free(server);
}

static void
client_free(gpointer data)
{
    Client *client = data;

    frame_clear(&client->frame);
    g_free(client);
}

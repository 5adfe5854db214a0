/* SPDX-License-Identifier: Apache-2.0 */
/* A key-value client: one connection to the node that is believed to lead,
 * dropped and dialled anew when it turns out otherwise. */
#include "nodes/host/kv_client.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "proto/kv.pb-c.h"

#define REPLY_MAX   (2u * 1024u * 1024u)
#define AGAIN_MS    20 /* after everybody said no */
#define CONNECT_MS  1000
#define HEADER_SIZE 4u
/* A node that got the question and says nothing for this long may be cut
 * off; a read goes elsewhere, a write waits to its end. */
#define MUTE_MS 1000

typedef enum Phase {
    PHASE_IDLE = 1,
    PHASE_RESTING,    /* until `until_ms`, then dial */
    PHASE_CONNECTING, /* until `until_ms`, then try the next */
    PHASE_SENDING,
    PHASE_RECEIVING,
} Phase;

struct KvClient {
    LiveAddress *addresses;
    unsigned address_count;
    unsigned current; /* place in the list from 0 */
    unsigned timeout_ms;
    int socket; /* -1: none */
    Phase phase;
    uint64_t id;
    bool read_only;
    int64_t deadline_ms;
    int64_t until_ms;
    unsigned refusals; /* in a row, of this question */
    GByteArray *out;
    size_t sent;
    GByteArray *in;
    GBytes *value;
};

static void dial(KvClient *client);
static KvOutcome send_some(KvClient *client, KvAnswer *answer);
static KvOutcome receive_some(KvClient *client, KvAnswer *answer);
static KvOutcome take_reply(KvClient *client, const uint8_t *data, size_t size,
                            KvAnswer *answer);
static KvOutcome lost(KvClient *client);
static void next_node(KvClient *client, unsigned hint);
static void disconnect(KvClient *client);

static int64_t
now_ms(void)
{
    return g_get_monotonic_time() / 1000;
}

const char *
kv_outcome_text(KvOutcome outcome)
{
    static const char *const texts[] = {
        "waiting", "ok",          "absent",  "mismatch",
        "unknown", "unavailable", "invalid",
    };

    return texts[outcome];
}

void
kv_client_ask(KvClient *client, const KvQuestion *question, KvAnswer *answer)
{
    kv_client_begin(client, question);
    while (kv_client_continue(client, answer) == KV_WAITING) {
        struct pollfd entry = {.fd = -1};
        int wait_ms;

        entry.fd = kv_client_descriptor(client, &entry.events, &wait_ms);
        poll(&entry, 1, wait_ms);
    }
}

static void
pack(KvClient *client, const KvQuestion *question)
{
    static const Seedbed__Kv__Operation operations[] = {
        [KV_GET] = SEEDBED__KV__OPERATION__READ,
        [KV_PUT] = SEEDBED__KV__OPERATION__WRITE,
        [KV_CAS] = SEEDBED__KV__OPERATION__CAS,
        [KV_APPEND] = SEEDBED__KV__OPERATION__APPEND,
        [KV_DELETE] = SEEDBED__KV__OPERATION__DELETE,
    };
    Seedbed__Kv__Request request = SEEDBED__KV__REQUEST__INIT;
    size_t size;

    request.id = client->id;
    request.operation = operations[question->operation];
    request.key.data = (uint8_t *)(uintptr_t)question->key;
    request.key.len = question->key_size;
    request.value.data = (uint8_t *)(uintptr_t)question->value;
    request.value.len = question->value_size;
    request.expected.data = (uint8_t *)(uintptr_t)question->expected;
    request.expected.len = question->expected_size;
    request.expect_absent = question->expect_absent;
    size = seedbed__kv__request__get_packed_size(&request);
    g_byte_array_set_size(client->out, (guint)(HEADER_SIZE + size));
    for (unsigned i = 0; i < HEADER_SIZE; i++) {
        client->out->data[i] = (uint8_t)(size >> (24 - 8 * i));
    }
    seedbed__kv__request__pack(&request, client->out->data + HEADER_SIZE);
    client->sent = 0;
}

/* Whether the connection of the last question may carry another: a node that
 * died meanwhile would swallow it and leave the outcome unknown. */
static bool
still_there(const KvClient *client)
{
    uint8_t byte;

    return recv(client->socket, &byte, 1, MSG_PEEK | MSG_DONTWAIT) < 0 &&
           (errno == EAGAIN || errno == EWOULDBLOCK);
}

void
kv_client_begin(KvClient *client, const KvQuestion *question)
{
    g_assert(client->phase == PHASE_IDLE);
    client->id++;
    client->read_only = question->operation == KV_GET;
    client->deadline_ms = now_ms() + client->timeout_ms;
    client->refusals = 0;
    g_clear_pointer(&client->value, g_bytes_unref);
    pack(client, question);
    if (client->socket >= 0 && still_there(client)) {
        client->phase = PHASE_SENDING;
        client->until_ms = now_ms() + MUTE_MS;
    } else {
        dial(client);
    }
}

int
kv_client_descriptor(const KvClient *client, short *events, int *wait_ms)
{
    int64_t until = client->deadline_ms;

    if (client->phase == PHASE_RESTING || client->phase == PHASE_CONNECTING ||
        client->read_only) {
        until = MIN(until, client->until_ms);
    }
    /* Read the clock once: CLAMP() looks at its argument more than once. */
    int64_t left = until - now_ms();

    *wait_ms = (int)CLAMP(left, 0, 60000);
    *events = client->phase == PHASE_RECEIVING ? POLLIN : POLLOUT;
    return client->phase == PHASE_RESTING ? -1 : client->socket;
}

/* At the end of its time: what was never handed over whole is certain. */
static KvOutcome
time_out(KvClient *client)
{
    bool asked = client->phase == PHASE_RECEIVING;

    disconnect(client);
    client->current = (client->current + 1) % client->address_count;
    return asked && !client->read_only ? KV_UNKNOWN : KV_UNAVAILABLE;
}

/* One move of the phases; @moved: there may be more to do at once. */
static KvOutcome
move(KvClient *client, KvAnswer *answer, bool *moved)
{
    int64_t now = now_ms();
    struct pollfd entry = {.fd = client->socket, .events = POLLOUT};
    int error = 0;
    socklen_t size = sizeof error;

    *moved = false;
    switch (client->phase) {
    case PHASE_RESTING:
        if (now >= client->until_ms) {
            dial(client);
        }
        return KV_WAITING;
    case PHASE_CONNECTING:
        if (poll(&entry, 1, 0) == 1) {
            getsockopt(client->socket, SOL_SOCKET, SO_ERROR, &error, &size);
            if (error != 0) {
                next_node(client, 0);
                return KV_WAITING;
            }
            client->phase = PHASE_SENDING;
            client->until_ms = now + MUTE_MS;
            *moved = true;
        } else if (now >= client->until_ms) {
            next_node(client, 0);
        }
        return KV_WAITING;
    case PHASE_SENDING:
        *moved = true;
        return send_some(client, answer);
    case PHASE_RECEIVING:
        if (client->read_only && now >= client->until_ms) {
            next_node(client, 0);
            return KV_WAITING;
        }
        return receive_some(client, answer);
    case PHASE_IDLE:
        break;
    }
    g_assert_not_reached();
}

KvOutcome
kv_client_continue(KvClient *client, KvAnswer *answer)
{
    KvOutcome outcome = KV_WAITING;
    bool moved = true;

    memset(answer, 0, sizeof *answer);
    while (outcome == KV_WAITING && moved) {
        if (now_ms() >= client->deadline_ms) {
            outcome = time_out(client);
            break;
        }

        Phase before = client->phase;

        outcome = move(client, answer, &moved);
        moved = moved && client->phase != before;
    }
    if (outcome != KV_WAITING) {
        client->phase = PHASE_IDLE;
        answer->outcome = outcome;
        answer->value = client->value;
        answer->node = client->current + 1;
    }
    return outcome;
}

/* ---- connections ---- */

static void
disconnect(KvClient *client)
{
    if (client->socket >= 0) {
        close(client->socket);
        client->socket = -1;
    }
    g_byte_array_set_size(client->in, 0);
    client->sent = 0;
}

static void
dial(KvClient *client)
{
    const LiveAddress *address = &client->addresses[client->current];
    int one = 1;

    disconnect(client);
    client->phase = PHASE_CONNECTING;
    client->until_ms = now_ms() + CONNECT_MS;
    client->socket = socket(address->socket.ss_family,
                            SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (client->socket < 0) {
        next_node(client, 0);
        return;
    }
    setsockopt(client->socket, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    if (connect(client->socket, (const struct sockaddr *)&address->socket,
                address->size) != 0 &&
        errno != EINPROGRESS) {
        next_node(client, 0);
    }
}

/* The question certainly did nothing here. Ask @hint (a node, 0: unknown);
 * after a round of refusals rest a little: an election takes its time. */
static void
next_node(KvClient *client, unsigned hint)
{
    disconnect(client);
    client->refusals++;
    if (hint >= 1 && hint <= client->address_count &&
        hint != client->current + 1) {
        client->current = hint - 1;
    } else {
        client->current = (client->current + 1) % client->address_count;
    }
    client->phase = PHASE_RESTING;
    client->until_ms = now_ms();
    if (client->refusals % (client->address_count + 1) == 0) {
        client->until_ms += AGAIN_MS;
    }
}

/* The connection broke. Half a question does nothing. */
static KvOutcome
lost(KvClient *client)
{
    bool certain = client->read_only || client->sent < client->out->len;

    next_node(client, 0);
    return certain ? KV_WAITING : KV_UNKNOWN;
}

/* ---- question and answer ---- */

static KvOutcome
send_some(KvClient *client, KvAnswer *answer)
{
    (void)answer;
    while (client->sent < client->out->len) {
        ssize_t count = send(client->socket, client->out->data + client->sent,
                             client->out->len - client->sent, MSG_NOSIGNAL);

        if (count < 0 && errno == EINTR) {
            continue;
        }
        if (count < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
            return KV_WAITING;
        }
        if (count < 0) {
            return lost(client);
        }
        client->sent += (size_t)count;
    }
    client->phase = PHASE_RECEIVING;
    return KV_WAITING;
}

static size_t
reply_size(const GByteArray *in)
{
    return (size_t)in->data[0] << 24 | (size_t)in->data[1] << 16 |
           (size_t)in->data[2] << 8 | in->data[3];
}

static KvOutcome
receive_some(KvClient *client, KvAnswer *answer)
{
    for (;;) {
        uint8_t bytes[65536];
        ssize_t count = recv(client->socket, bytes, sizeof bytes, 0);

        if (count < 0 && errno == EINTR) {
            continue;
        }
        if (count < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
            return KV_WAITING;
        }
        if (count <= 0) {
            return lost(client);
        }
        g_byte_array_append(client->in, bytes, (guint)count);
        if (client->in->len < HEADER_SIZE) {
            continue;
        }

        size_t size = reply_size(client->in);

        if (size > REPLY_MAX) {
            return lost(client);
        }
        if (client->in->len >= HEADER_SIZE + size) {
            KvOutcome outcome = take_reply(
                client, client->in->data + HEADER_SIZE, size, answer);

            if (client->socket >= 0) {
                g_byte_array_set_size(client->in, 0);
            }
            return outcome;
        }
    }
}

static KvOutcome
judge(KvClient *client, const Seedbed__Kv__Reply *reply, KvAnswer *answer)
{
    answer->index = reply->index;
    answer->absent = reply->absent;
    switch (reply->status) {
    case SEEDBED__KV__STATUS__OK:
        if (client->read_only && reply->absent) {
            return KV_ABSENT;
        }
        if (client->read_only) {
            client->value = g_bytes_new(reply->value.data, reply->value.len);
        }
        return KV_OK;
    case SEEDBED__KV__STATUS__MISMATCH:
        if (!reply->absent) {
            client->value = g_bytes_new(reply->value.data, reply->value.len);
        }
        return KV_MISMATCH;
    case SEEDBED__KV__STATUS__NOT_LEADER:
        next_node(client, reply->leader);
        return KV_WAITING;
    case SEEDBED__KV__STATUS__BUSY:
        /* The same node, a little later. */
        client->sent = 0;
        client->phase = PHASE_RESTING;
        client->until_ms = now_ms() + AGAIN_MS;
        return KV_WAITING;
    case SEEDBED__KV__STATUS__INVALID:
        return KV_INVALID;
    case SEEDBED__KV__STATUS__UNKNOWN:
    default:
        if (client->read_only) {
            next_node(client, 0);
            return KV_WAITING;
        }
        return KV_UNKNOWN;
    }
}

static KvOutcome
take_reply(KvClient *client, const uint8_t *data, size_t size, KvAnswer *answer)
{
    Seedbed__Kv__Reply *reply = seedbed__kv__reply__unpack(NULL, size, data);
    KvOutcome outcome;

    if (reply == NULL || reply->id != client->id) {
        if (reply != NULL) {
            seedbed__kv__reply__free_unpacked(reply, NULL);
        }
        return lost(client);
    }
    outcome = judge(client, reply, answer);
    seedbed__kv__reply__free_unpacked(reply, NULL);
    return outcome;
}

/* ---- making ---- */

KvClient *
kv_client_new(const char *addresses, unsigned timeout_ms, GError **error)
{
    KvClient *client = g_new0(KvClient, 1);
    g_auto(GStrv) list = g_strsplit(addresses, ",", -1);

    client->socket = -1;
    client->phase = PHASE_IDLE;
    client->timeout_ms = timeout_ms;
    client->address_count = g_strv_length(list);
    client->addresses = g_new0(LiveAddress, client->address_count + 1);
    client->out = g_byte_array_new();
    client->in = g_byte_array_new();
    for (unsigned i = 0; i < client->address_count; i++) {
        if (!live_address_parse(&client->addresses[i], g_strstrip(list[i]),
                                error)) {
            kv_client_free(client);
            return NULL;
        }
    }
    if (client->address_count == 0) {
        g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_INVAL,
                    "found no address, expected ADDR[,ADDR...]");
        kv_client_free(client);
        return NULL;
    }
    return client;
}

void
kv_client_free(KvClient *client)
{
    if (client == NULL) {
        return;
    }
    disconnect(client);
    g_free(client->addresses);
    g_byte_array_unref(client->out);
    g_byte_array_unref(client->in);
    g_clear_pointer(&client->value, g_bytes_unref);
    g_free(client);
}

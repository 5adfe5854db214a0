/* SPDX-License-Identifier: Apache-2.0 */
/* The words of raft.proto and kv.proto messages. A field that says nothing
 * (an offset of a snapshot that fits one chunk, an empty value) is left out. */
#include "sim/trace_words.h"

#include <inttypes.h>

#include "proto/kv.pb-c.h"
#include "proto/raft.pb-c.h"

/* Longer byte strings are cut: a line stays a line. */
/* Of an id, as record.h has it. */
#define MESSAGE_NUMBER_BITS 40

#define QUOTE_MAX 32u

static bool raft_message(GString *name, GString *says, const uint8_t *data,
                         size_t size);
static void vote_request(GString *says,
                         const Seedbed__Raft__VoteRequest *request);
static void vote_reply(GString *says, const Seedbed__Raft__VoteReply *reply);
static void append_request(GString *says,
                           const Seedbed__Raft__AppendRequest *request);
static void append_reply(GString *says,
                         const Seedbed__Raft__AppendReply *reply);
static void snapshot_request(GString *says,
                             const Seedbed__Raft__SnapshotRequest *request);
static void snapshot_reply(GString *says,
                           const Seedbed__Raft__SnapshotReply *reply);
static bool kv_request(GString *name, GString *says, const uint8_t *data,
                       size_t size);
static bool kv_reply(GString *name, GString *says, const uint8_t *data,
                     size_t size);
static bool noise(const ProtobufCMessage *message);

const char *
trace_words_channel(Channel channel)
{
    switch (channel) {
    case CHANNEL_RAFT:
        return "raft";
    case CHANNEL_CLIENT:
        return "kv";
    case CHANNEL_ECHO:
        return "echo";
    case CHANNEL_MEMBERSHIP:
        return "membership";
    case CHANNEL_SCHEDULER:
        return "scheduler";
    case CHANNEL_BROKER:
        return "broker";
    default:
        return "channel";
    }
}

TraceFraming
trace_words_framing(Channel channel)
{
    return channel == CHANNEL_RAFT || channel == CHANNEL_CLIENT
               ? TRACE_FRAMING_LENGTH
               : TRACE_FRAMING_NONE;
}

void
trace_words_message(GString *name, GString *says, Channel channel,
                    bool to_opener, const uint8_t *data, size_t size)
{
    if (channel == CHANNEL_RAFT && raft_message(name, says, data, size)) {
        return;
    }
    if (channel == CHANNEL_CLIENT &&
        (to_opener ? kv_reply(name, says, data, size)
                   : kv_request(name, says, data, size))) {
        return;
    }
    if (channel == CHANNEL_RAFT || channel == CHANNEL_CLIENT) {
        g_string_append(name, "noise");
        g_string_append_printf(says, "%zu bytes", size);
        return;
    }
    g_string_append(name, "message");
    trace_words_bytes(says, data, size);
}

static bool
raft_message(GString *name, GString *says, const uint8_t *data, size_t size)
{
    Seedbed__Raft__Message *message =
        seedbed__raft__message__unpack(NULL, size, data);
    bool known = message != NULL && !noise(&message->base);

    if (known) {
        switch (message->body_case) {
        case SEEDBED__RAFT__MESSAGE__BODY_VOTE_REQUEST:
            g_string_append(name, message->vote_request->pre_vote
                                      ? "pre_vote_request"
                                      : "vote_request");
            vote_request(says, message->vote_request);
            break;
        case SEEDBED__RAFT__MESSAGE__BODY_VOTE_REPLY:
            g_string_append(name, message->vote_reply->pre_vote
                                      ? "pre_vote_reply"
                                      : "vote_reply");
            vote_reply(says, message->vote_reply);
            break;
        case SEEDBED__RAFT__MESSAGE__BODY_APPEND_REQUEST:
            g_string_append(name, "append_request");
            append_request(says, message->append_request);
            break;
        case SEEDBED__RAFT__MESSAGE__BODY_APPEND_REPLY:
            g_string_append(name, "append_reply");
            append_reply(says, message->append_reply);
            break;
        case SEEDBED__RAFT__MESSAGE__BODY_SNAPSHOT_REQUEST:
            g_string_append(name, "snapshot_request");
            snapshot_request(says, message->snapshot_request);
            break;
        case SEEDBED__RAFT__MESSAGE__BODY_SNAPSHOT_REPLY:
            g_string_append(name, "snapshot_reply");
            snapshot_reply(says, message->snapshot_reply);
            break;
        default:
            known = false;
        }
    }
    if (message != NULL) {
        seedbed__raft__message__free_unpacked(message, NULL);
    }
    return known;
}

static void
vote_request(GString *says, const Seedbed__Raft__VoteRequest *request)
{
    g_string_append_printf(
        says, "term %" PRIu64 ", last log %" PRIu64 " of term %" PRIu64,
        request->term, request->last_log_index, request->last_log_term);
}

static void
vote_reply(GString *says, const Seedbed__Raft__VoteReply *reply)
{
    g_string_append_printf(says, "%s, term %" PRIu64,
                           reply->granted ? "grant" : "refuse", reply->term);
}

static void
append_request(GString *says, const Seedbed__Raft__AppendRequest *request)
{
    size_t bytes = 0;

    g_string_append_printf(says, "term %" PRIu64, request->term);
    for (size_t i = 0; i < request->n_entries; i++) {
        bytes += request->entries[i]->data.len;
    }
    if (request->n_entries == 1) {
        g_string_append_printf(
            says, ", entry %" PRIu64 " of term %" PRIu64 " (%zu bytes)",
            request->previous_index + 1, request->entries[0]->term, bytes);
    } else if (request->n_entries > 1) {
        g_string_append_printf(says,
                               ", entries %" PRIu64 "..%" PRIu64
                               " of term %" PRIu64 " (%zu bytes)",
                               request->previous_index + 1,
                               request->previous_index + request->n_entries,
                               request->entries[request->n_entries - 1]->term,
                               bytes);
    }
    g_string_append_printf(says,
                           ", after %" PRIu64 " of term %" PRIu64
                           ", commit %" PRIu64 ", sequence %" PRIu64,
                           request->previous_index, request->previous_term,
                           request->commit_index, request->sequence);
}

static void
append_reply(GString *says, const Seedbed__Raft__AppendReply *reply)
{
    g_string_append_printf(says, "%s, term %" PRIu64,
                           reply->success ? "ok" : "refuse", reply->term);
    if (reply->success) {
        g_string_append_printf(says, ", match %" PRIu64, reply->match_index);
    } else {
        g_string_append_printf(
            says, ", conflict %" PRIu64 " of term %" PRIu64 ", last %" PRIu64,
            reply->conflict_index, reply->conflict_term, reply->last_index);
    }
    g_string_append_printf(says, ", sequence %" PRIu64, reply->sequence);
}

static void
snapshot_request(GString *says, const Seedbed__Raft__SnapshotRequest *request)
{
    g_string_append_printf(
        says,
        "term %" PRIu64 ", up to %" PRIu64 " of term %" PRIu64 ", @%" PRIu64
        " +%zu of %" PRIu64 " bytes%s",
        request->term, request->last_index, request->last_term, request->offset,
        request->data.len, request->size, request->done ? ", done" : "");
}

static void
snapshot_reply(GString *says, const Seedbed__Raft__SnapshotReply *reply)
{
    g_string_append_printf(
        says, "term %" PRIu64 ", up to %" PRIu64 ", holds %" PRIu64 " bytes%s",
        reply->term, reply->last_index, reply->offset,
        reply->done ? ", done" : "");
}

static bool
kv_request(GString *name, GString *says, const uint8_t *data, size_t size)
{
    static const char *const verbs[] = {"read", "write", "cas", "append",
                                        "delete"};
    Seedbed__Kv__Request *request =
        seedbed__kv__request__unpack(NULL, size, data);
    bool known = request != NULL && !noise(&request->base) &&
                 request->key.len > 0 && (unsigned)request->operation < 5;

    if (known) {
        g_string_append(name, "request");
        g_string_append_printf(says, "#%" PRIu64 " %s ", request->id,
                               verbs[request->operation]);
        trace_words_bytes(says, request->key.data, request->key.len);
        if (request->operation == SEEDBED__KV__OPERATION__CAS) {
            g_string_append(says, " from ");
            if (request->expect_absent) {
                g_string_append(says, "absent");
            } else {
                trace_words_bytes(says, request->expected.data,
                                  request->expected.len);
            }
            g_string_append(says, " to ");
        } else if (request->operation != SEEDBED__KV__OPERATION__READ &&
                   request->operation != SEEDBED__KV__OPERATION__DELETE) {
            g_string_append(says, " = ");
        }
        if (request->operation != SEEDBED__KV__OPERATION__READ &&
            request->operation != SEEDBED__KV__OPERATION__DELETE) {
            trace_words_bytes(says, request->value.data, request->value.len);
        }
    }
    if (request != NULL) {
        seedbed__kv__request__free_unpacked(request, NULL);
    }
    return known;
}

static bool
kv_reply(GString *name, GString *says, const uint8_t *data, size_t size)
{
    static const char *const words[] = {"ok",   "not leader", "mismatch",
                                        "busy", "unknown",    "invalid"};
    Seedbed__Kv__Reply *reply = seedbed__kv__reply__unpack(NULL, size, data);
    bool known =
        reply != NULL && !noise(&reply->base) && (unsigned)reply->status < 6;

    if (known) {
        g_string_append(name, "reply");
        g_string_append_printf(says, "#%" PRIu64 " %s", reply->id,
                               words[reply->status]);
        if (reply->absent) {
            g_string_append(says, ", absent");
        } else if (reply->value.len > 0) {
            g_string_append(says, ", ");
            trace_words_bytes(says, reply->value.data, reply->value.len);
        }
        if (reply->leader != 0) {
            g_string_append_printf(says, ", leader %" PRIu32, reply->leader);
        }
        if (reply->index != 0) {
            g_string_append_printf(says, ", index %" PRIu64, reply->index);
        }
    }
    if (reply != NULL) {
        seedbed__kv__reply__free_unpacked(reply, NULL);
    }
    return known;
}

/* Did bytes parse only because protobuf skips what it does not know? */
static bool
noise(const ProtobufCMessage *message)
{
    return message->n_unknown_fields > 0;
}

void
trace_words_message_id(GString *out, uint64_t message)
{
    g_string_append_printf(
        out, "m%" PRIu64 ".%" PRIu64, message >> MESSAGE_NUMBER_BITS,
        message & (((uint64_t)1 << MESSAGE_NUMBER_BITS) - 1));
}

void
trace_words_duration(GString *out, SimTime duration)
{
    static const struct {
        SimTime unit;
        unsigned digits;
        const char *name;
    } units[] = {
        {SIM_S, 9, "s"}, {SIM_MS, 6, "ms"}, {SIM_US, 3, "us"}, {1, 0, "ns"}};
    unsigned i = 0;

    while (i < 3 && duration < units[i].unit) {
        i++;
    }
    if (duration == 0) {
        g_string_append(out, "0s");
        return;
    }
    g_string_append_printf(out, "%" PRIu64, duration / units[i].unit);
    if (duration % units[i].unit != 0) {
        g_string_append_printf(out, ".%0*" PRIu64, (int)units[i].digits,
                               duration % units[i].unit);
        while (out->str[out->len - 1] == '0') {
            g_string_truncate(out, out->len - 1);
        }
    }
    g_string_append(out, units[i].name);
}

void
trace_words_bytes(GString *out, const uint8_t *data, size_t size)
{
    size_t shown = MIN(size, QUOTE_MAX);

    for (size_t i = 0; i < shown; i++) {
        if (data[i] < 0x20 || data[i] > 0x7e || data[i] == '"') {
            g_string_append_printf(out, "%zu bytes", size);
            return;
        }
    }
    g_string_append_c(out, '"');
    g_string_append_len(out, (const char *)data, (gssize)shown);
    g_string_append_c(out, '"');
    if (shown < size) {
        g_string_append_printf(out, "... (%zu bytes)", size);
    }
}

void
trace_words_text(GString *out, const char *data, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        g_string_append_c(out,
                          data[i] < 0x20 || data[i] > 0x7e ? '?' : data[i]);
    }
}

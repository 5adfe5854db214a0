/* SPDX-License-Identifier: Apache-2.0 */
/* Simulated clients before a server that the test scripts: how operations
 * begin, end and are accounted for in a closed and in an open loop. */
#include <check.h>
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "nodes/effects.h"
#include "nodes/frame.h"
#include "nodes/probes.h"
#include "nodes/raft/kv_wire.h"
#include "sim/client.h"

#define DELAY SIM_MS

/* Answers @reply to a request at @node; false: silence. */
typedef bool (*Server)(NodeId node, const KvRequest *request, KvReply *reply);

typedef struct Pending {
    SimTime at;
    LinkId link;
    bool up;      /* the stream is open; else: */
    Bytes *bytes; /* a reply */
} Pending;

typedef struct Process {
    bool busy;
    SimTime since;
} Process;

/* What the probes said. */
typedef struct Tally {
    unsigned invoked, ok, fail, info;
    unsigned by_operation[5];
    unsigned requests, opened[8];
    SimTime slowest; /* of an operation, from invoke to outcome */
    GHashTable *values;
    Process processes[4200];
} Tally;

static Tally tally;
static Server server;
static GArray *pending;
static SimTime wake_at;

static void carry(const Effects *fx, SimTime now);
static void on_probe(const Effect *effect, SimTime now);
static void on_send(const Effect *effect, SimTime now);

/* A client of three nodes until @end. */
static void
run(const ClientGroup *group, Server answers, SimTime end)
{
    g_autofree char *config = client_config(group, 0);
    NodeSetup setup = {.self = 4, .node_count = 3, .config = config};
    char error[100];
    void *client = client_program.make(&setup, error, sizeof(error));
    Effects fx;
    SimTime now = 0;
    Input input = {.kind = INPUT_START, .dice = {77, 0}};

    ck_assert_ptr_nonnull(client);
    memset(&tally, 0, sizeof(tally));
    tally.values = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    server = answers;
    pending = g_array_new(FALSE, FALSE, sizeof(Pending));
    wake_at = SIM_NEVER;
    effects_init(&fx);
    input.start.incarnation = 1;
    while (now < end) {
        unsigned first = 0;
        Pending next = {.at = SIM_NEVER};

        input.now = input.wall = now;
        input.dice.counter++;
        effects_reset(&fx);
        client_program.step(client, &input, &fx);
        bytes_unref(input.kind == INPUT_MESSAGE ? input.message.bytes.owner
                                                : NULL);
        carry(&fx, now);
        for (unsigned i = 0; i < pending->len; i++) {
            if (g_array_index(pending, Pending, i).at < next.at) {
                first = i;
                next = g_array_index(pending, Pending, i);
            }
        }
        ck_assert(wake_at != SIM_NEVER || next.at != SIM_NEVER);
        memset(&input.message, 0, sizeof(input.message));
        if (next.at <= wake_at) {
            now = next.at;
            g_array_remove_index(pending, first);
            if (next.up) {
                input.kind = INPUT_LINK;
                input.link.link = next.link;
                input.link.state = LINK_UP;
            } else {
                input.kind = INPUT_MESSAGE;
                input.message.link = next.link;
                input.message.bytes = slice_bytes(next.bytes);
            }
        } else {
            now = MAX(wake_at, now + 1);
            wake_at = SIM_NEVER;
            input.kind = INPUT_TIMER;
            input.timer.id = 1;
        }
    }
    if (input.kind == INPUT_MESSAGE) {
        bytes_unref(input.message.bytes.owner);
    }
    for (unsigned i = 0; i < pending->len; i++) {
        bytes_unref(g_array_index(pending, Pending, i).bytes);
    }
    g_array_free(pending, TRUE);
    g_hash_table_unref(tally.values);
    effects_clear(&fx);
    client_program.free(client);
}

static void
carry(const Effects *fx, SimTime now)
{
    for (unsigned i = 0; i < fx->count; i++) {
        const Effect *effect = &fx->items[i];
        Pending up = {.at = now + DELAY, .up = true};

        switch (effect->kind) {
        case EFFECT_TIMER:
            wake_at = effect->timer.at;
            break;
        case EFFECT_OPEN:
            up.link = effect->stream.link;
            tally.opened[link_peer(up.link)]++;
            g_array_append_val(pending, up);
            break;
        case EFFECT_CLOSE:
            for (unsigned k = pending->len; k > 0; k--) {
                Pending *one = &g_array_index(pending, Pending, k - 1);

                if (one->link == effect->stream.link) {
                    bytes_unref(one->bytes);
                    g_array_remove_index(pending, k - 1);
                }
            }
            break;
        case EFFECT_SEND:
            on_send(effect, now);
            break;
        case EFFECT_PROBE:
            on_probe(effect, now);
            break;
        default:
            ck_abort_msg("effect %d", (int)effect->kind);
        }
    }
}

static void
on_send(const Effect *effect, SimTime now)
{
    Frame frame;
    Slice message;

    frame_init(&frame, KV_REQUEST_MAX);
    for (unsigned i = 0; i < effect->part_count; i++) {
        frame_feed(&frame, effect->parts[i]);
    }
    while (frame_next(&frame, &message) == FRAME_READY) {
        KvRequest request;
        KvReply reply = {.absent = true};
        Pending answer = {.at = now + 2 * DELAY, .link = effect->send.link};

        ck_assert(kv_wire_decode_request(message, &request));
        ck_assert(kv_wire_valid(&request));
        tally.requests++;
        reply.id = request.id;
        if (request.verb == KV_VERB_WRITE || request.verb == KV_VERB_APPEND ||
            request.verb == KV_VERB_CAS) {
            ck_assert(request.value.size >= 8);
        }
        if (server(link_peer(effect->send.link), &request, &reply)) {
            uint8_t head[KV_REPLY_HEAD_MAX], tail[KV_REPLY_HEAD_MAX];
            size_t head_size, tail_size;

            kv_wire_encode_reply(&reply, head, &head_size, tail, &tail_size);
            answer.bytes = bytes_new(head_size + reply.value.size + tail_size);
            memcpy(answer.bytes->data, head, head_size);
            if (reply.value.size > 0) {
                memcpy(answer.bytes->data + head_size, reply.value.data,
                       reply.value.size);
            }
            memcpy(answer.bytes->data + head_size + reply.value.size, tail,
                   tail_size);
            g_array_append_val(pending, answer);
        }
    }
    frame_clear(&frame);
}

static void
on_probe(const Effect *effect, SimTime now)
{
    const uint64_t *values = effect->probe.values;
    Process *process = &tally.processes[values[0]];

    if (effect->probe.id == PROBE_CLIENT_INVOKE) {
        ck_assert(!process->busy); /* one operation at a time */
        process->busy = true;
        process->since = now;
        tally.invoked++;
        tally.by_operation[values[1] & 0xff]++;
        if (values[3] > 0) {
            const uint8_t *value = effect->parts[0].data + values[2];

            ck_assert(g_hash_table_add(
                tally.values, g_strndup((const char *)value, values[3])));
        }
    } else if (effect->probe.id == PROBE_CLIENT_OUTCOME) {
        ck_assert(process->busy);
        process->busy = false;
        tally.slowest = MAX(tally.slowest, now - process->since);
        tally.ok += values[1] == CLIENT_OK;
        tally.fail += values[1] == CLIENT_FAIL;
        tally.info += values[1] == CLIENT_INFO;
    }
}

static bool
yes(NodeId node, const KvRequest *request, KvReply *reply)
{
    (void)node;
    (void)request;
    reply->status = KV_STATUS_OK;
    return true;
}

static bool
silence(NodeId node, const KvRequest *request, KvReply *reply)
{
    (void)node;
    (void)request;
    (void)reply;
    return false;
}

static bool
node_2_leads(NodeId node, const KvRequest *request, KvReply *reply)
{
    (void)request;
    reply->status = node == 2 ? KV_STATUS_OK : KV_STATUS_NOT_LEADER;
    reply->leader = 2;
    return true;
}

static bool
nobody_leads(NodeId node, const KvRequest *request, KvReply *reply)
{
    (void)node;
    (void)request;
    reply->status = KV_STATUS_NOT_LEADER;
    return true;
}

static bool
mismatch(NodeId node, const KvRequest *request, KvReply *reply)
{
    (void)node;
    reply->status =
        request->verb == KV_VERB_CAS ? KV_STATUS_MISMATCH : KV_STATUS_UNKNOWN;
    return true;
}

static ClientGroup
closed(void)
{
    return (ClientGroup){.count = 1,
                         .think = 10 * SIM_MS,
                         .timeout = 100 * SIM_MS,
                         .outstanding = 1,
                         .keys = 4,
                         .weight = {20, 20, 20, 20, 20},
                         .value_size = 16,
                         .stop = SIM_NEVER};
}

START_TEST(a_closed_loop_waits_for_each_answer)
{
    ClientGroup group = closed();

    group.outstanding = (unsigned)_i;
    run(&group, yes, 12 * SIM_S);
    /* 2 ms for the answer and 10 ms to think: 1000 in 12 s. */
    ck_assert_int_le(ABS((int)tally.ok - 1000 * _i), 2 * _i);
    ck_assert_uint_le(tally.invoked - tally.ok, (unsigned)_i);
    for (unsigned i = 0; i < 5; i++) { /* a fifth each, five sigma */
        double n = tally.invoked;

        ck_assert(fabs(tally.by_operation[i] - n / 5) <
                  5 * sqrt(n * 0.2 * 0.8));
    }
}
END_TEST

START_TEST(an_open_loop_keeps_its_rate_whatever_the_answers)
{
    ClientGroup group = closed();

    group.open_loop = true;
    group.rate_milli = 200 * 1000;
    group.timeout = SIM_S;
    run(&group, _i == 0 ? yes : silence, 20 * SIM_S);
    /* 4000 expected; a Poisson number has the root of that for a sigma. */
    ck_assert(fabs((double)tally.invoked - 4000) < 5 * sqrt(4000));
    if (_i == 0) {
        ck_assert_uint_eq(tally.info + tally.fail, 0);
    } else {
        ck_assert_uint_eq(tally.ok, 0);
        ck_assert_uint_gt(tally.info, 3000);
    }
}
END_TEST

START_TEST(silence_ends_as_info_and_another_node_is_asked)
{
    ClientGroup group = closed();

    group.think = _i % 2 == 0 ? 0 : 10 * SIM_MS;
    group.outstanding = 1 + (unsigned)_i;
    run(&group, silence, 20 * SIM_S);
    ck_assert_uint_eq(tally.ok, 0);
    /* At most the time-out, and then again: it never sleeps for ever. */
    ck_assert_uint_gt(tally.info, 100 * group.outstanding);
    ck_assert_uint_le(tally.slowest, group.timeout);
    for (NodeId node = 1; node <= 3; node++) {
        ck_assert_uint_gt(tally.opened[node], 20);
    }
}
END_TEST

START_TEST(a_redirection_is_followed_and_nothing_is_lost)
{
    ClientGroup group = closed();

    group.outstanding = 3;
    run(&group, node_2_leads, 5 * SIM_S);
    ck_assert_uint_gt(tally.ok, 1000);
    ck_assert_uint_eq(tally.fail + tally.info, 0);
    ck_assert_uint_le(tally.opened[1] + tally.opened[3], 1);
    ck_assert_uint_le(tally.opened[2], 1);
}
END_TEST

START_TEST(what_was_refused_to_the_end_certainly_did_not_happen)
{
    ClientGroup group = closed();

    run(&group, nobody_leads, 20 * SIM_S);
    ck_assert_uint_eq(tally.ok, 0);
    /* The last attempt may be under way at the deadline: that is info. */
    ck_assert_uint_gt(tally.fail, 50);
    ck_assert_uint_gt(tally.fail, tally.info);
    ck_assert_uint_le(tally.slowest, group.timeout);
}
END_TEST

START_TEST(a_mismatch_fails_and_unknown_is_info)
{
    ClientGroup group = closed();

    run(&group, mismatch, 5 * SIM_S);
    ck_assert_uint_eq(tally.ok, 0);
    ck_assert_int_le(ABS((int)tally.fail - (int)tally.by_operation[2]), 1);
    ck_assert_uint_gt(tally.info, tally.fail);
}
END_TEST

START_TEST(a_group_begins_and_ends_when_it_should)
{
    ClientGroup group = closed();

    group.start = 2 * SIM_S;
    run(&group, yes, 2 * SIM_S);
    ck_assert_uint_eq(tally.invoked, 0);
    group.start = 0;
    group.stop = SIM_S;
    group.open_loop = _i == 1;
    group.rate_milli = 100 * 1000;
    run(&group, yes, SIM_S);
    ck_assert_uint_gt(tally.invoked, 60);
    ck_assert_uint_lt(tally.invoked, 150);
}
END_TEST

static Suite *
client_suite(void)
{
    Suite *suite = suite_create("client");
    TCase *tcase = tcase_create("client");

    tcase_add_loop_test(tcase, a_closed_loop_waits_for_each_answer, 1, 5);
    tcase_add_loop_test(tcase, an_open_loop_keeps_its_rate_whatever_the_answers,
                        0, 2);
    tcase_add_loop_test(tcase, silence_ends_as_info_and_another_node_is_asked,
                        0, 4);
    tcase_add_test(tcase, a_redirection_is_followed_and_nothing_is_lost);
    tcase_add_test(tcase, what_was_refused_to_the_end_certainly_did_not_happen);
    tcase_add_test(tcase, a_mismatch_fails_and_unknown_is_info);
    tcase_add_loop_test(tcase, a_group_begins_and_ends_when_it_should, 0, 2);
    suite_add_tcase(suite, tcase);
    return suite;
}

int
main(void)
{
    SRunner *runner = srunner_create(client_suite());
    int failed;

    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? 0 : 1;
}

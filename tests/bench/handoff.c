/* SPDX-License-Identifier: Apache-2.0 */
/* What it costs to ask a node that is not a function call away: steps a
 * second through every carrier, microseconds a hand-off, nanoseconds to encode
 * and decode; beside bare ping-pongs of two processes. */
#include <sched.h>
#include <stdlib.h>
#include <string.h>

#include "nodes/host/child.h"
#include "nodes/host/control.h"
#include "sim/carrier.h"
#include "tests/bench/bench.h"

#define NODES   5u
#define BATCH   16u
#define STEPS   20000u
#define PAYLOAD 100u

/* The program of the benchmark answers nothing: what is left is the way. */
static void
empty_step(void *node, const Input *input, Effects *fx)
{
    (void)node;
    (void)input;
    (void)fx;
}

static void *
empty_make(const NodeSetup *setup, char *error, size_t error_size)
{
    (void)setup;
    (void)error;
    (void)error_size;
    return malloc(1);
}

static const NodeProgram empty_program = {
    NODE_ABI, "empty", "does nothing", empty_make, empty_step, free};

/* A way to reach @nodes nodes in turn, with @batch inputs a hand-off. */
static struct {
    const char *name;
    bool process, socket, pinned;
    unsigned nodes, batch;
    BenchSamples steps; /* a second */
} ways[] = {
    {"socket", true, true, false, 1, 1, {{0}, 0}},
    {"socket_same_core", true, true, true, 1, 1, {{0}, 0}},
    {"ring", true, false, false, 1, 1, {{0}, 0}},
    {"ring_same_core", true, false, true, 1, 1, {{0}, 0}},
    {"ring_same_core_5_nodes", true, false, true, NODES, 1, {{0}, 0}},
    {"ring_same_core_batch_16", true, false, true, 1, BATCH, {{0}, 0}},
    {"ring_same_core_5_nodes_batch_16",
     true,
     false,
     true,
     NODES,
     BATCH,
     {{0}, 0}},
    {"socket_same_core_batch_16", true, true, true, 1, BATCH, {{0}, 0}},
    {"inline", false, false, false, 1, 1, {{0}, 0}},
};

static struct {
    const char *name, *method, *second_cpu;
    BenchSamples round_trip; /* microseconds */
} pings[] = {
    {"handoff_yield_same_core", "yield", "0", {{0}, 0}},
    {"handoff_futex_same_core", "futex", "0", {{0}, 0}},
    {"handoff_seqpacket_same_core", "seqpacket", "0", {{0}, 0}},
    {"handoff_futex_two_cores", "futex", "1", {{0}, 0}},
};

static void
pin(bool pinned)
{
    cpu_set_t set;

    CPU_ZERO(&set);
    for (size_t cpu = 0; cpu < (pinned ? 1u : CPU_SETSIZE); cpu++) {
        CPU_SET(cpu, &set);
    }
    sched_setaffinity(0, sizeof set, &set);
}

static Carrier *
carrier_new(size_t way, const char *self)
{
    CarrierConfig config = {.program = ways[way].process ? self : "echo",
                            .time_limit_scale = 1,
                            .cpu = ways[way].pinned ? 0 : -1,
                            .socket_only = ways[way].socket};
    NodeSetup setup = {.self = 1, .node_count = 5, .config = ""};
    GError *error = NULL;
    Carrier *carrier = ways[way].process
                           ? cluster_process_new(&config, 1, &error)
                           : cluster_inline_new(&config, 1, &error);

    if (carrier == NULL || !carrier->ops->start(carrier, &setup, &error)) {
        g_error("%s", error->message);
    }
    return carrier;
}

static void
fill_inputs(Input *inputs, unsigned count)
{
    static uint8_t payload[PAYLOAD];

    for (unsigned i = 0; i < count; i++) {
        inputs[i] = (Input){.kind = INPUT_MESSAGE,
                            .now = 1234567890123,
                            .wall = 1234567890123,
                            .dice = {UINT64_MAX / 3, UINT64_MAX / 7},
                            .message = {link_datagram(2), CHANNEL_RAFT,
                                        slice_of(payload, PAYLOAD)}};
    }
}

static void
measure(size_t way, const char *self)
{
    unsigned nodes = ways[way].nodes, batch = ways[way].batch;
    unsigned total =
        ways[way].process ? STEPS * batch / (batch > 1 ? 4 : 1) : STEPS * 100;
    Carrier *carriers[NODES];
    Input inputs[BATCH];
    Effects fx[BATCH];
    double start;

    pin(ways[way].pinned);
    fill_inputs(inputs, BATCH);
    for (unsigned i = 0; i < BATCH; i++) {
        effects_init(&fx[i]);
    }
    for (unsigned i = 0; i < nodes; i++) {
        carriers[i] = carrier_new(way, self);
    }
    start = bench_seconds();
    for (unsigned step = 0, turn = 0; step < total; turn++) {
        Carrier *carrier = carriers[turn % nodes];
        CarrierDeath death;
        unsigned done;
        unsigned taken =
            carrier->ops->step(carrier, inputs, batch, fx, &done, &death);

        g_assert(taken == batch);
        step += taken;
    }
    bench_samples_add(&ways[way].steps, total / (bench_seconds() - start));
    for (unsigned i = 0; i < nodes; i++) {
        carriers[i]->ops->free(carriers[i]);
    }
    for (unsigned i = 0; i < BATCH; i++) {
        effects_clear(&fx[i]);
    }
    pin(false);
}

/* Encode and decode an input of 100 bytes, and what Raft answers: a write, a
 * sync, a send of two parts that waits for it, a timer, a probe. */
static void
measure_codec(BenchSamples *input_ns, BenchSamples *effects_ns)
{
    static const uint64_t values[] = {1000000, 7, 3};
    static uint8_t payload[PAYLOAD];
    Slice parts[] = {slice_of(payload, 20), slice_of(payload, 80)};
    Input input;
    ControlInputs inputs = {0};
    Effects fx, got;
    ControlError error;
    Wire wire = {0};
    double start = bench_seconds();

    fill_inputs(&input, 1);
    for (unsigned i = 0; i < STEPS; i++) {
        wire.size = 0;
        control_put_input(&wire, &input);
        g_assert(control_get_request(slice_of(wire.data, wire.size), &inputs,
                                     &error));
    }
    bench_samples_add(input_ns, (bench_seconds() - start) / STEPS * 1e9);
    effects_init(&fx);
    effects_init(&got);
    effects_write(&fx, "log-1", 123456, parts, 2);
    effects_sync(&fx, 77, (const char *[]){"log-1"}, 1);
    effects_send(&fx, link_datagram(2), CHANNEL_RAFT, parts, 2)->after = 77;
    effects_timer(&fx, 1, 1234567890123);
    effects_probe(&fx, 3, values, 3, slice_of(NULL, 0));
    start = bench_seconds();
    for (unsigned i = 0; i < STEPS; i++) {
        unsigned count;
        bool more;

        wire.size = 0;
        control_put_effects(&wire, &fx);
        g_assert(control_get_reply(slice_of(wire.data, wire.size), &got, 1,
                                   &count, &more, &error));
    }
    bench_samples_add(effects_ns, (bench_seconds() - start) / STEPS * 1e9);
    control_inputs_clear(&inputs);
    effects_clear(&fx);
    effects_clear(&got);
    wire_clear(&wire);
}

static char *
ping(BenchPeers *peers, size_t number)
{
    const char *arguments[] = {"bin/handoff", pings[number].method,
                               "0",           pings[number].second_cpu,
                               "20000",       NULL};
    char *why = bench_peers_make(peers, "floor", "bin/handoff");
    double median;

    if (why == NULL &&
        bench_peers_run(peers, arguments, "median ([0-9.]+)", &median, &why)) {
        bench_samples_add(&pings[number].round_trip, median);
    }
    return why;
}

static void
report_all(char *const *why, const BenchSamples *input_ns,
           const BenchSamples *effects_ns)
{
    double same_core = 0;
    BenchReport report;

    bench_report_init(&report, "handoff");
    for (size_t i = 0; i < G_N_ELEMENTS(ways); i++) {
        double steps = bench_samples_median(&ways[i].steps);
        double us = 1e6 / steps * ways[i].batch;
        g_autofree char *rate = g_strdup_printf("%s_steps_per_s", ways[i].name);
        g_autofree char *cost =
            g_strdup_printf("%s_us_per_hand_off", ways[i].name);

        bench_report_metric(&report, rate, steps);
        bench_report_metric(&report, cost, us);
        if (strcmp(ways[i].name, "ring_same_core") == 0) {
            same_core = us;
        }
    }
    bench_report_metric(&report, "input_encode_and_decode_ns",
                        bench_samples_median(input_ns));
    bench_report_metric(&report, "effects_encode_and_decode_ns",
                        bench_samples_median(effects_ns));
    for (size_t i = 0; i < G_N_ELEMENTS(pings); i++) {
        double us = bench_samples_median(&pings[i].round_trip);
        g_autofree char *ratio =
            g_strdup_printf("ring_same_core_to_%s", pings[i].name);

        if (why[i] != NULL) {
            bench_report_skipped(&report, pings[i].name, why[i]);
        } else {
            bench_report_peer_metric(&report, "us_per_hand_off", us);
            bench_report_peer(&report, pings[i].name);
            bench_report_ratio(&report, ratio, same_core, us);
        }
    }
    bench_report_print(&report);
}

int
main(int argc, char **argv)
{
    BenchSamples input_ns = {{0}, 0}, effects_ns = {{0}, 0};
    char *why[G_N_ELEMENTS(pings)] = {NULL};
    BenchPeers peers;

    /* Our own nodes are we, started again. */
    if (argc == 2 && strcmp(argv[1], "--simulated") == 0) {
        return child_main(&empty_program);
    }
    bench_peers_init(&peers);
    for (unsigned round = 0; round < BENCH_ROUNDS; round++) {
        for (size_t i = 0; i < G_N_ELEMENTS(ways); i++) {
            measure(i, argv[0]);
        }
        measure_codec(&input_ns, &effects_ns);
        for (size_t i = 0; i < G_N_ELEMENTS(pings); i++) {
            g_free(why[i]);
            why[i] = ping(&peers, i);
        }
    }
    report_all(why, &input_ns, &effects_ns);
    for (size_t i = 0; i < G_N_ELEMENTS(pings); i++) {
        g_free(why[i]);
    }
    bench_peers_clear(&peers);
    return 0;
}

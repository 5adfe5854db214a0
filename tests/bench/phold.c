/* SPDX-License-Identifier: Apache-2.0 */
/* PHOLD (Fujimoto 1990) through the engine's own event queue, beside a bare
 * ladder queue and ns-3's schedulers.
 *
 * Each popped event touches its logical process, draws a destination (half
 * of the time another process) and an increment (exponential with mean 1,
 * plus a look-ahead of 0.1) and pushes one event. Ours pays per event what
 * the peers pay: the same generator (xoshiro256+ of Blackman and Vigna), one
 * log(), 64 bytes of process state, a hash of what was popped, and a 64-byte
 * event copied in and out whose 32 bytes of payload travel along; and besides
 * the total order over three words instead of a sequence number. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/queue.h"
#include "tests/bench/bench.h"

typedef struct Process {
    uint64_t event_count;
    uint64_t hash;
    uint64_t idle[6];
} Process;

typedef struct Phold {
    uint64_t words[4]; /* xoshiro256+ */
    Queue *queue;
    Process *processes;
    uint32_t process_count;
    uint64_t seq;
    uint64_t hash;
} Phold;

typedef struct Size {
    const char *name;
    uint32_t process_count;
    uint32_t events_each;
    uint64_t events; /* measured; a tenth of it before warms up */
    BenchSamples ours, ladder, ns3_pq, ns3_heap;
} Size;

static uint64_t
draw(Phold *phold)
{
    uint64_t *s = phold->words;
    uint64_t result = s[0] + s[3], t = s[1] << 17;

    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = s[3] << 45 | s[3] >> 19;
    return result;
}

static SimTime
increment(Phold *phold)
{
    double uniform = ((double)(draw(phold) >> 11) + 0.5) * 0x1.0p-53;

    return (SimTime)((0.1 - log(uniform)) * 1e9);
}

static void
phold_init(Phold *phold, const Size *size)
{
    uint64_t seed = 1;

    *phold = (Phold){
        .queue = queue_new(),
        .processes = g_new0(Process, size->process_count),
        .process_count = size->process_count,
    };
    for (unsigned i = 0; i < 4; i++) { /* splitmix64 */
        uint64_t z = seed += 0x9e3779b97f4a7c15u;

        z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
        z = (z ^ z >> 27) * 0x94d049bb133111ebu;
        phold->words[i] = z ^ z >> 31;
    }
    for (uint32_t i = 0; i < size->process_count; i++) {
        for (uint32_t k = 0; k < size->events_each; k++) {
            Event event = event_key(increment(phold), i, EVENT_CLASS_MESSAGE, i,
                                    phold->seq++, 0);

            queue_push(phold->queue, &event);
        }
    }
}

static void
phold_clear(Phold *phold)
{
    queue_free(phold->queue);
    g_free(phold->processes);
}

static void
phold_run(Phold *phold, uint64_t events)
{
    SimTime last = 0;
    Event event;

    for (uint64_t i = 0; i < events; i++) {
        queue_pop(phold->queue, &event);
        g_assert(event.at >= last);
        last = event.at;

        uint32_t cell = event_cell(&event);
        Process *process = &phold->processes[cell];

        phold->hash = (phold->hash ^ event.at) * 0x100000001b3u + cell;
        process->event_count++;
        process->hash = process->hash * 31 + event_from(&event);

        uint32_t to = cell;

        if (draw(phold) >> 63) {
            to = (uint32_t)((draw(phold) >> 32) * phold->process_count >> 32);
        }

        Event next = event_key(event.at + increment(phold), to,
                               EVENT_CLASS_MESSAGE, cell, phold->seq++, 0);

        next.kind = event.kind;
        next.a = event.a + 1;
        next.b = event.b;
        next.c = event.c;
        next.data = event.data;
        queue_push(phold->queue, &next);
    }
}

/* Events a second. */
static double
measure(const Size *size)
{
    Phold phold;

    phold_init(&phold, size);
    phold_run(&phold, size->events / 10);

    double start = bench_seconds();

    phold_run(&phold, size->events);

    double seconds = bench_seconds() - start;

    phold_clear(&phold);
    return (double)size->events / seconds;
}

static void
measure_peer(BenchPeers *peers, const Size *size, const char *program,
             const char *scheduler, char **why, BenchSamples *samples)
{
    g_autofree char *count = g_strdup_printf("%u", size->process_count);
    g_autofree char *each = g_strdup_printf("%u", size->events_each);
    g_autofree char *events =
        g_strdup_printf("%" G_GUINT64_FORMAT, size->events);
    const char *floor[] = {program, count, each, events, NULL};
    const char *ns3[] = {program, scheduler, count, each, events, NULL};
    double millions;

    if (*why == NULL && bench_peers_run(peers, scheduler == NULL ? floor : ns3,
                                        "ev/s=([0-9.]+)M", &millions, why)) {
        bench_samples_add(samples, millions * 1e6);
    }
}

static void
report(Size *sizes, unsigned count, const char *why_ladder, const char *why_ns3)
{
    BenchReport report;

    bench_report_init(&report, "phold");
    for (unsigned i = 0; i < count; i++) {
        double ours = bench_samples_median(&sizes[i].ours);

        if (ours == 0) {
            continue;
        }

        g_autofree char *rate =
            g_strconcat("events_per_s_", sizes[i].name, NULL);
        g_autofree char *cost =
            g_strconcat("ns_per_event_", sizes[i].name, NULL);

        bench_report_metric(&report, rate, ours);
        bench_report_metric(&report, cost, 1e9 / ours);
    }
    for (unsigned peer = 0; peer < 3; peer++) {
        static const char *const names[] = {"ladder_floor", "ns3_pq",
                                            "ns3_heap"};
        const char *why = peer == 0 ? why_ladder : why_ns3;

        if (why != NULL) {
            bench_report_skipped(&report, names[peer], why);
            continue;
        }
        for (unsigned i = 0; i < count; i++) {
            if (sizes[i].ours.count == 0) {
                continue;
            }

            const BenchSamples *samples[] = {&sizes[i].ladder, &sizes[i].ns3_pq,
                                             &sizes[i].ns3_heap};
            g_autofree char *rate =
                g_strconcat("events_per_s_", sizes[i].name, NULL);

            bench_report_peer_metric(&report, rate,
                                     bench_samples_median(samples[peer]));
        }
        bench_report_peer(&report, names[peer]);
    }
    for (unsigned i = 0; i < count; i++) {
        double ours = bench_samples_median(&sizes[i].ours);
        g_autofree char *ladder =
            g_strdup_printf("%s_to_ladder_floor", sizes[i].name);
        g_autofree char *ns3 = g_strdup_printf("%s_to_ns3_best", sizes[i].name);

        bench_report_ratio(&report, ladder, ours,
                           bench_samples_median(&sizes[i].ladder));
        bench_report_ratio(&report, ns3, ours,
                           MAX(bench_samples_median(&sizes[i].ns3_pq),
                               bench_samples_median(&sizes[i].ns3_heap)));
    }
    bench_report_print(&report);
}

/* Sizes named on the command line, or all. */
static bool
is_chosen(const Size *size, int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], size->name) == 0) {
            return true;
        }
    }
    return argc == 1;
}

int
main(int argc, char **argv)
{
    static Size sizes[] = {
        {.name = "16",
         .process_count = 16,
         .events_each = 1,
         .events = 4000000},
        {.name = "64",
         .process_count = 16,
         .events_each = 4,
         .events = 4000000},
        {.name = "500",
         .process_count = 100,
         .events_each = 5,
         .events = 4000000},
        {.name = "16k",
         .process_count = 1024,
         .events_each = 16,
         .events = 4000000},
        {.name = "1m",
         .process_count = 1024,
         .events_each = 1024,
         .events = 3000000},
    };
    BenchPeers peers;

    bench_peers_init(&peers);

    char *why_ladder = bench_peers_make(&peers, "floor", "bin/des_LADDER");
    char *why_ns3 = bench_peers_make(&peers, "ns3", "bin/ns3_phold");

    for (unsigned round = 0; round < BENCH_ROUNDS; round++) {
        for (unsigned i = 0; i < G_N_ELEMENTS(sizes); i++) {
            Size *size = &sizes[i];

            if (!is_chosen(size, argc, argv)) {
                continue;
            }
            fprintf(stderr, "phold: round %u of %u, %s pending\n", round + 1,
                    BENCH_ROUNDS, size->name);
            bench_samples_add(&size->ours, measure(size));
            measure_peer(&peers, size, "bin/des_LADDER", NULL, &why_ladder,
                         &size->ladder);
            measure_peer(&peers, size, "bin/ns3_phold", "pq", &why_ns3,
                         &size->ns3_pq);
            measure_peer(&peers, size, "bin/ns3_phold", "heap", &why_ns3,
                         &size->ns3_heap);
        }
    }
    report(sizes, G_N_ELEMENTS(sizes), why_ladder, why_ns3);
    g_free(why_ladder);
    g_free(why_ns3);
    bench_peers_clear(&peers);
    return EXIT_SUCCESS;
}

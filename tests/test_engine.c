/* SPDX-License-Identifier: Apache-2.0 */
/* One loop or windows on any number of workers: the same records in the same
 * order, whatever the network, the faults and where the run is cut. */
#include <check.h>
#include <string.h>

#include "sim/canonical.h"
#include "sim/engine.h"

typedef struct Seen {
    Digest digest;
    uint64_t records, stop_at;
    SimTime last_at;
    DigestValue value;
    WorldCount counts[FAULT_KIND_COUNT];
} Seen;

static bool
see(void *data, const Record *record)
{
    Seen *seen = data;

    ck_assert_uint_eq(record->number, seen->records + 1);
    ck_assert_uint_ge(event_at(record->event), seen->last_at);
    seen->last_at = event_at(record->event);
    seen->records++;
    canonical_record(&seen->digest, record);
    return seen->records != seen->stop_at;
}

static void
run(const Scenario *scenario, const Plan *plan, uint64_t seed, unsigned workers,
    uint64_t explore, uint64_t stop_at, Seen *seen)
{
    EngineConfig config = {.scenario = scenario,
                           .plan = plan,
                           .seed = seed,
                           .workers = workers,
                           .explore = explore,
                           .time_limit_scale = 1};
    GError *error = NULL;
    Engine *engine = engine_new(&config, &error);

    ck_assert_msg(error == NULL, "%s", error != NULL ? error->message : "");
    memset(seen, 0, sizeof(*seen));
    seen->stop_at = stop_at;
    digest_init(&seen->digest, 0);
    engine_run(engine, see, seen);
    seen->value = digest_value(&seen->digest);
    memcpy(seen->counts, world_counts(engine_world(engine)),
           sizeof(seen->counts));
    ck_assert_uint_eq(engine_event_count(engine), seen->records);
    digest_clear(&seen->digest);
    engine_free(engine);
}

/* A scenario drawn from the seed; the numbers are from everywhere. */
static Scenario *
draw_scenario(uint64_t seed)
{
    static const char *const links[] = {
        "delay 1ms 300us",
        "",
        "delay 5ms 5ms loss 2% duplicate 3%",
        "delay 2ms 1ms distribution pareto reorder 5%",
        "delay 3ms rate 20mbit",
        "delay 10ms corrupt 1%"};
    static const char *const floors[] = {"20 us", "1 ms", "1 ns"};
    Stream stream = {seed * 77 + 5, 0};
    unsigned nodes = 1 + (unsigned)stream_below(&stream, 6);
    unsigned clients = 1 + (unsigned)stream_below(&stream, 3);
    const char *link = links[stream_below(&stream, G_N_ELEMENTS(links))];
    const char *floor = floors[stream_below(&stream, G_N_ELEMENTS(floors))];
    unsigned service = (unsigned)stream_below(&stream, 2) * 20;
    unsigned value = 16 + (unsigned)stream_below(&stream, 2) * 100000;
    GError *error = NULL;
    g_autofree char *text = g_strdup_printf(
        "title: drawn\n"
        "duration: 1200 ms\n"
        "nodes: {count: %u, program: raft-kv, service_time: %u us, memory: 1 "
        "MiB, clock: {offset: 50 ms, drift: 50 ppm}}\n"
        "network: {floor: %s, links: \"%s\", stream: {retry: 20 ms, reset: "
        "200 ms}}\n"
        "clients: [{count: %u, think: 5 ms, timeout: 100 ms, value_size: %u "
        "B}, {count: 1, rate: 50/s, timeout: 50 ms}]\n",
        nodes, service, floor, link, clients, value);
    Scenario *scenario =
        scenario_parse(text, strlen(text), "drawn", NULL, 0, seed, &error);

    ck_assert_msg(error == NULL, "%s", error != NULL ? error->message : "");
    return scenario;
}

/* Six faults of drawn kinds; over the seeds, all of them. */
static Plan *
draw_plan(uint64_t seed)
{
    static const char *const who[] = {"leader", "one", "minority", "n1",
                                      "followers"};
    Stream stream = {seed * 131 + 9, 0};
    Plan *plan = plan_new();

    for (unsigned i = 0; i < 6; i++) {
        FaultKind kind =
            (FaultKind)(1 + (seed * 6 + i) % (FAULT_KIND_COUNT - 1));
        unsigned needs = fault_kind_needs(kind);
        Fault fault = {.kind = kind};

        fault.at = stream_below(&stream, 1000) * SIM_MS;
        fault.salt = stream_u64(&stream);
        fault.nodes = (char *)who[stream_below(&stream, G_N_ELEMENTS(who))];
        fault.duration = (needs & FAULT_FOR) != 0
                             ? stream_below(&stream, 300 * SIM_MS) + 1
                             : 0;
        fault.netem = (needs & FAULT_NETEM) != 0
                          ? (char *)"delay 500us 100us loss 5%"
                          : NULL;
        fault.file = (needs & FAULT_FILE) != 0 ? (char *)"" : NULL;
        fault.period = (needs & FAULT_PERIOD) != 0 ? 20 * SIM_MS : 0;
        fault.amount = (needs & FAULT_AMOUNT) != 0
                           ? (int64_t)stream_below(&stream, 400000)
                           : 0;
        plan_add(plan, &fault);
    }
    plan_sort(plan);
    return plan;
}

START_TEST(workers_do_not_show)
{
    static const unsigned workers[] = {2, 3, 5};
    uint64_t seed = (uint64_t)_i;
    Scenario *scenario = draw_scenario(seed);
    Plan *plan = draw_plan(seed);
    uint64_t explore = seed % 4 == 3 ? seed : 0;
    Seen direct, windows;

    run(scenario, plan, seed, 1, explore, 0, &direct);
    ck_assert_uint_gt(direct.records, 50);
    for (unsigned i = 0; i < G_N_ELEMENTS(workers); i++) {
        run(scenario, plan, seed, workers[i], explore, 0, &windows);
        ck_assert_uint_eq(windows.records, direct.records);
        ck_assert_uint_eq(windows.value.high, direct.value.high);
        ck_assert_uint_eq(windows.value.low, direct.value.low);
        ck_assert_mem_eq(windows.counts, direct.counts, sizeof(direct.counts));
    }
    plan_free(plan);
    scenario_free(scenario);
}
END_TEST

START_TEST(a_run_is_cut_at_the_same_event)
{
    uint64_t seed = (uint64_t)_i;
    Scenario *scenario = draw_scenario(seed);
    Plan *plan = draw_plan(seed);
    Stream stream = {seed, 0};
    Seen direct, windows;
    uint64_t stop_at;

    run(scenario, plan, seed, 1, 0, 0, &direct);
    stop_at = 1 + stream_below(&stream, direct.records);
    run(scenario, plan, seed, 1, 0, stop_at, &direct);
    run(scenario, plan, seed, 3, 0, stop_at, &windows);
    ck_assert_uint_eq(direct.records, stop_at);
    ck_assert_uint_eq(windows.records, stop_at);
    ck_assert_uint_eq(windows.last_at, direct.last_at);
    ck_assert_uint_eq(windows.value.high, direct.value.high);
    ck_assert_uint_eq(windows.value.low, direct.value.low);
    plan_free(plan);
    scenario_free(scenario);
}
END_TEST

START_TEST(seeds_and_orders_give_other_runs)
{
    Scenario *scenario = draw_scenario(0);
    Plan *plan = draw_plan(0);
    Seen one, other, shuffled;

    run(scenario, plan, 1, 1, 0, 0, &one);
    run(scenario, plan, 2, 1, 0, 0, &other);
    run(scenario, plan, 1, 1, 9, 0, &shuffled);
    ck_assert(one.value.low != other.value.low);
    ck_assert(one.value.low != shuffled.value.low);
    plan_free(plan);
    scenario_free(scenario);
}
END_TEST

static Suite *
engine_suite(void)
{
    Suite *suite = suite_create("engine");
    TCase *tcase = tcase_create("engine");

    tcase_add_loop_test(tcase, workers_do_not_show, 0, 50);
    tcase_add_loop_test(tcase, a_run_is_cut_at_the_same_event, 0, 20);
    tcase_add_test(tcase, seeds_and_orders_give_other_runs);
    suite_add_tcase(suite, tcase);
    return suite;
}

int
main(void)
{
    SRunner *runner = srunner_create(engine_suite());
    int failed;

    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? 0 : 1;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Scenario files: every shipped one loads and round-trips, every key's example
 * parses, and every mistake has its one line. */
#include <check.h>
#include <string.h>

#include "sim/scenario.h"

#include "tests/scenario_mistakes.h"

static const char *const shipped[] = {
    "raft-partition", "raft-chaos",  "raft-steady",  "raft-lossy", "raft-disk",
    "raft-regions",   "raft-clocks", "raft-streams", "echo-ring",
};

static Scenario *parse(const char *text, const char *const *sets,
                       unsigned set_count, uint64_t seed);

START_TEST(shipped_scenarios_load_and_round_trip)
{
    for (unsigned i = 0; i < G_N_ELEMENTS(shipped); i++) {
        g_autofree char *path =
            g_strdup_printf("%s/tests/scenarios/%s.yaml", SRCDIR, shipped[i]);

        for (uint64_t seed = 1; seed <= 20; seed++) {
            GError *error = NULL;
            Scenario *scenario = scenario_load(path, NULL, 0, seed, &error);
            Scenario *again = NULL;
            g_autofree char *text = NULL, *same = NULL;

            ck_assert_msg(scenario != NULL, "%s",
                          error != NULL ? error->message : "");
            ck_assert_str_eq(scenario->name, shipped[i]);
            text = scenario_text(scenario);
            again = parse(text, NULL, 0, seed + 1000);
            same = scenario_text(again);
            ck_assert_str_eq(text, same);
            ck_assert_uint_eq(scenario->timed->count, again->timed->count);
            ck_assert(netem_equal(&scenario->links, &again->links));
            scenario_free(again);
            scenario_free(scenario);
        }
    }
}
END_TEST

START_TEST(the_demo_says_what_it_should)
{
    g_autofree char *path =
        g_strdup_printf("%s/tests/scenarios/raft-partition.yaml", SRCDIR);
    Scenario *scenario = scenario_load(path, NULL, 0, 1, NULL);

    ck_assert_ptr_nonnull(scenario);
    ck_assert_uint_eq(scenario->duration, 20 * SIM_S);
    ck_assert_uint_eq(scenario->node_count, 5);
    ck_assert_str_eq(scenario->program, "raft-kv");
    ck_assert_uint_eq(scenario->clock_offset_max, 20 * SIM_MS);
    ck_assert_int_eq(scenario->clock_drift_ppb_max, 20000);
    ck_assert_uint_eq(scenario->links.delay, 3 * SIM_MS);
    ck_assert_uint_eq(scenario->links.jitter, 2 * SIM_MS);
    ck_assert(scenario->disk_sync >= SIM_MS);
    ck_assert(scenario->disk_sync <= 2 * SIM_MS);
    ck_assert_uint_eq(scenario->client_group_count, 1);
    ck_assert(scenario->clients[0].open_loop);
    ck_assert_uint_eq(scenario->clients[0].rate_milli, 20000);
    ck_assert_uint_eq(scenario->clients[0].weight[0], 50);
    ck_assert_uint_eq(scenario->clients[0].weight[2], 15);
    ck_assert_uint_eq(scenario->clients[0].stop, SIM_NEVER);
    ck_assert_uint_eq(scenario->timed->count, 2);
    ck_assert_int_eq(scenario->timed->faults[0].kind, FAULT_PARTITION);
    ck_assert_str_eq(scenario->timed->faults[0].groups,
                     "[[leader, one], rest]");
    ck_assert_uint_eq(scenario->timed->faults[1].at, 13 * SIM_S);
    ck_assert_uint_eq(scenario->timed->faults[1].duration, 2 * SIM_S);
    ck_assert_uint_eq(scenario->timed->faults[1].number, 2);
    ck_assert_uint_eq(scenario->expect.elections_min, 2);
    ck_assert_uint_eq(scenario->expect.elections_max, UINT64_MAX);
    ck_assert_uint_eq(scenario->expect.leader_within, 2 * SIM_S);
    scenario_free(scenario);
}
END_TEST

/* What an empty file gives: every default of the table. */
START_TEST(defaults_of_an_empty_file)
{
    Scenario *scenario = parse("", NULL, 0, 1);

    ck_assert_str_eq(scenario->name, "memory");
    ck_assert_str_eq(scenario->program, "raft-kv");
    ck_assert_str_eq(scenario->topology, "mesh");
    ck_assert_uint_eq(scenario->node_count, 5);
    ck_assert_uint_eq(scenario->duration, 10 * SIM_S);
    ck_assert_uint_eq(scenario->floor, 20 * SIM_US);
    ck_assert_uint_eq(scenario->explore_spread, SIM_MS);
    ck_assert_uint_eq(scenario->stream_buffer, 256 * 1024);
    ck_assert_uint_eq(scenario->fault_stop, SIM_NEVER);
    ck_assert_uint_eq(scenario->expect.elections_max, UINT64_MAX);
    ck_assert(scenario->expect.safety);
    ck_assert(!scenario->quorum_budget);
    ck_assert_uint_eq(scenario->client_group_count, 0);
    ck_assert_ptr_null(scenario->node_regions);
    scenario_free(scenario);
}
END_TEST

static const struct {
    const char *set;
    const char *line; /* that the resolved text then has */
} overrides[] = {
    {"duration=3 s", "duration: \"3 s\"\n"},
    {"name=other", "name: \"other\"\n"},
    {"nodes.count=7", "  count: 7\n"},
    {"nodes.clock.drift=1.5 ppm", "    drift: \"1.5 ppm\"\n"},
    {"nodes.config.batch=64", "  config: {batch: \"64\"}\n"},
    {"nodes.config={a: 1, b: x y}", "  config: {a: \"1\", b: \"x y\"}\n"},
    {"clients.0.count=9", "  - {count: 9, rate: \"20/s\""},
    {"clients.1={count: 2}", "  - {count: 2, rate: none, think: \"10 ms\""},
    {"clients.1.count=2", "  - {count: 2, rate: none, think: \"10 ms\""},
    {"clients=[]", "clients: []\n"},
    {"network.links=delay 7ms", "  links: \"delay 7ms\"\n"},
    {"network.rules.0={from: n1, netem: loss 1%}",
     "    - {from: n1, to: all, netem: \"loss 1%\"}\n"},
    {"faults.timed=null", "  timed: []\n"},
    {"faults.random.0={kind: kill, every: 2 s}",
     "    - {kind: kill, every: \"2 s\", nodes: one}\n"},
    {"faults.timed.0.for=1 s", "groups: [[leader, one], rest], for: \"1 s\""},
    {"expect.availability=99.5%", "  availability: \"99.5%\"\n"},
    {"expect.elections=2..5", "  elections: \"2..5\"\n"},
    {"disk.rate=8 Mbit", "  rate: \"976.5625 KiB/s\"\n"},
    {"disk.rate=none", "  rate: none\n"},
    {"faults.budget=quorum", "  budget: quorum\n"},
    {"faults.stop=never", "  stop: never\n"},
    {"explore.spread=0", "  spread: \"0 ns\"\n"},
    {"network.regions=atlantic",
     "  regions: [us-east-1, eu-west-1, eu-central-1, us-east-1, "
     "eu-west-1]\n"},
    {"clients.0.zipf=0.99", "zipf: 0.99"},
    {"title=a \\ \"quote\"", "title: \"a \\\\ \\\"quote\\\"\"\n"},
};

START_TEST(set_reaches_every_key)
{
    g_autofree char *path =
        g_strdup_printf("%s/tests/scenarios/raft-partition.yaml", SRCDIR);
    GError *error = NULL;
    Scenario *scenario = scenario_load(path, &overrides[_i].set, 1, 1, &error);
    g_autofree char *text = NULL;

    ck_assert_msg(scenario != NULL, "%s: %s", overrides[_i].set,
                  error != NULL ? error->message : "");
    text = scenario_text(scenario);
    ck_assert_msg(strstr(text, overrides[_i].line) != NULL, "no \"%s\" in\n%s",
                  overrides[_i].line, text);
    scenario_free(scenario);
}
END_TEST

/* Ranges are drawn inside, by the seed, and by their own path alone. */
START_TEST(ranges_draw_by_their_path)
{
    const char *text = "duration: 5..9 s\n"
                       "disk: {sync: 1..2 ms}\n"
                       "nodes: {program: {choose: [echo, raft-kv]}, config: "
                       "{timeout: {draw: \"150..300 ms\"}, raw: \"1..2 ms\", "
                       "pick: {choose: [a, b, c]}}}\n";
    g_autofree char *more =
        g_strconcat(text, "network: {floor: 10..90 us}\n", NULL);
    unsigned echoes = 0, changes = 0, picks = 0;
    SimTime before = 0, low = UINT64_MAX, high = 0;

    for (uint64_t seed = 0; seed < 400; seed++) {
        Scenario *one = parse(text, NULL, 0, seed);
        Scenario *two = parse(more, NULL, 0, seed);

        ck_assert(one->duration >= 5 * SIM_S && one->duration <= 9 * SIM_S);
        ck_assert(one->disk_sync >= SIM_MS && one->disk_sync <= 2 * SIM_MS);
        ck_assert(two->floor >= 10 * SIM_US && two->floor <= 90 * SIM_US);
        ck_assert_uint_eq(one->duration, two->duration);
        ck_assert_uint_eq(one->disk_sync, two->disk_sync);
        ck_assert_str_eq(one->program, two->program);
        ck_assert_str_eq(one->node_config, two->node_config);
        ck_assert_ptr_nonnull(strstr(one->node_config, "raw=1..2 ms\n"));
        ck_assert(g_str_has_prefix(one->node_config, "timeout="));
        ck_assert_ptr_null(strstr(one->node_config, "draw"));
        picks += strstr(one->node_config, "pick=b\n") != NULL ? 1 : 0;
        echoes += strcmp(one->program, "echo") == 0 ? 1 : 0;
        changes += one->duration != before ? 1 : 0;
        before = one->duration;
        low = MIN(low, one->disk_sync);
        high = MAX(high, one->disk_sync);
        scenario_free(one);
        scenario_free(two);
    }
    /* 400 tosses: sigma is 10; and the ends of the range are reached. */
    ck_assert(echoes > 150 && echoes < 250);
    ck_assert(picks > 85 && picks < 182);
    ck_assert_uint_gt(changes, 390);
    ck_assert_uint_lt(low, 1020 * SIM_US);
    ck_assert_uint_gt(high, 1980 * SIM_US);
}
END_TEST

/* The example of each key, put where it belongs, parses. */
START_TEST(every_key_has_an_example_that_parses)
{
    unsigned count = 0;
    const ScenarioKey *keys = scenario_keys(&count);

    ck_assert_uint_gt(count, 60);
    for (unsigned i = 0; i < count; i++) {
        const char *path = keys[i].path;
        const char *item = strstr(path, "[].");
        g_autofree char *set = NULL, *base = NULL;
        const char *sets[2];
        GError *error = NULL;
        Scenario *scenario = NULL;

        ck_assert_msg(keys[i].example != NULL && keys[i].example[0] != '\0',
                      "%s has no example", path);
        ck_assert_uint_gt(strlen(keys[i].manual), 10);
        ck_assert_uint_ge(strlen(keys[i].type), 3);
        if (item == NULL) {
            sets[0] = "title=t";
            set = g_strdup_printf("%s=%s", path, keys[i].example);
        } else {
            /* An item that takes the key, with what it needs besides. */
            const char *key = item + 3;
            const char *with = "";

            if (g_str_has_prefix(path, "network.rules")) {
                with = "{netem: loss 1%}";
            } else if (g_str_has_prefix(path, "faults.random")) {
                with =
                    strcmp(key, "netem") == 0
                        ? "{kind: link, every: 1 s, netem: x}"
                    : strcmp(key, "amount") == 0
                        ? "{kind: clock-step, every: 1 s, amount: x}"
                    : strcmp(key, "period") == 0
                        ? "{kind: flap, every: 1 s, period: x}"
                    : strcmp(key, "file") == 0 ? "{kind: disk-eio, every: 1 s}"
                    : strcmp(key, "to") == 0   ? "{kind: partition, every: 1 s}"
                                               : "{kind: crash, every: 1 s}";
            } else if (g_str_has_prefix(path, "faults.timed")) {
                with = strcmp(key, "netem") == 0
                           ? "{at: 1 s, kind: link, nodes: n1, netem: x}"
                       : strcmp(key, "amount") == 0
                           ? "{at: 1 s, kind: slow, nodes: n1, amount: x}"
                       : strcmp(key, "period") == 0
                           ? "{at: 1 s, kind: flap, nodes: n1, period: x}"
                       : strcmp(key, "file") == 0
                           ? "{at: 1 s, kind: disk-eio, nodes: n1}"
                       : strcmp(key, "groups") == 0
                           ? "{at: 1 s, kind: partition}"
                           : "{at: 1 s, kind: partition, nodes: n1}";
            } else {
                with = "{count: 1}";
            }
            base = g_strdup_printf("%.*s.0=%s", (int)(item - path), path, with);
            sets[0] = base;
            set = g_strdup_printf("%.*s.0.%s=%s", (int)(item - path), path, key,
                                  keys[i].example);
        }
        sets[1] = set;
        scenario = scenario_parse("", 0, "memory", sets, 2, 1, &error);
        ck_assert_msg(scenario != NULL, "%s: %s", path,
                      error != NULL ? error->message : "");
        scenario_free(scenario);
    }
}
END_TEST

/* The manual page names every key and kind, and escapes what roff would
 * take for its own. */
START_TEST(the_manual_is_complete)
{
    g_autofree char *page = scenario_manual();
    g_auto(GStrv) lines = g_strsplit(page, "\n", -1);
    unsigned count = 0;
    const ScenarioKey *keys = scenario_keys(&count);

    ck_assert(g_str_has_prefix(page, ".TH SEEDBED-SCENARIO 5"));
    for (unsigned i = 0; i < count; i++) {
        g_autofree char *head =
            g_strdup_printf(".TP\n.B \"%s\"\n", keys[i].path);

        ck_assert_msg(strstr(page, head) != NULL, "no %s", keys[i].path);
    }
    for (unsigned i = 1; i < FAULT_KIND_COUNT; i++) {
        g_auto(GStrv) words =
            g_strsplit(fault_kind_name((FaultKind)i), "-", -1);
        g_autofree char *name = g_strjoinv("\\-", words);
        g_autofree char *head = g_strdup_printf(".TP\n.B \"%s\"\n", name);

        ck_assert_msg(strstr(page, head) != NULL, "no %s", name);
    }
    for (char **line = lines; *line != NULL; line++) {
        static const char *const macros[] = {
            ".TH ", ".SH ", ".TP", ".B ", ".PP", ".EX", ".EE", ".br", ".BR "};
        bool known = (*line)[0] != '.' && (*line)[0] != '\'';

        for (unsigned i = 0; i < G_N_ELEMENTS(macros); i++) {
            known = known || g_str_has_prefix(*line, macros[i]);
        }
        ck_assert_msg(known, "no macro of ours: %s", *line);
    }
}
END_TEST

/* Each broken scenario has its exact line; there is never a second one. */
START_TEST(mistakes_are_one_exact_line)
{
    const char *set = mistakes[_i].set;
    GError *error = NULL;
    Scenario *scenario =
        scenario_parse(mistakes[_i].text, strlen(mistakes[_i].text), "x.yaml",
                       &set, set != NULL ? 1 : 0, 1, &error);

    ck_assert_msg(scenario == NULL, "case %d is accepted:\n%s", _i,
                  mistakes[_i].text);
    ck_assert_str_eq(error->message, mistakes[_i].want);
    ck_assert_ptr_null(strchr(error->message, '\n'));
    g_error_free(error);
}
END_TEST

START_TEST(a_missing_file_is_named)
{
    GError *error = NULL;

    ck_assert_ptr_null(scenario_load("/no/such.yaml", NULL, 0, 1, &error));
    ck_assert_str_eq(error->message, "/no/such.yaml: no such file");
    g_error_free(error);
}
END_TEST

static Scenario *
parse(const char *text, const char *const *sets, unsigned set_count,
      uint64_t seed)
{
    GError *error = NULL;
    Scenario *scenario = scenario_parse(text, strlen(text), "memory.yaml", sets,
                                        set_count, seed, &error);

    ck_assert_msg(scenario != NULL, "%s\n%s",
                  error != NULL ? error->message : "", text);
    return scenario;
}

int
main(void)
{
    Suite *suite = suite_create("scenario");
    TCase *tcase = tcase_create("files");
    SRunner *runner = srunner_create(suite);
    int failed = 0;

    suite_add_tcase(suite, tcase);
    tcase_add_test(tcase, shipped_scenarios_load_and_round_trip);
    tcase_add_test(tcase, the_demo_says_what_it_should);
    tcase_add_test(tcase, defaults_of_an_empty_file);
    tcase_add_loop_test(tcase, set_reaches_every_key, 0,
                        G_N_ELEMENTS(overrides));
    tcase_add_test(tcase, ranges_draw_by_their_path);
    tcase_add_test(tcase, every_key_has_an_example_that_parses);
    tcase_add_test(tcase, the_manual_is_complete);
    tcase_add_loop_test(tcase, mistakes_are_one_exact_line, 0,
                        G_N_ELEMENTS(mistakes));
    tcase_add_test(tcase, a_missing_file_is_named);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? 0 : 1;
}

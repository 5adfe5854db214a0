/* SPDX-License-Identifier: Apache-2.0 */
/* Every kind of fault: it is applied, its effect shows, it heals, it is
 * accounted for; faults that overlap compose; a plan that is changed leaves
 * the past as it was. */
#include <check.h>
#include <string.h>

#include "nodes/probes.h"
#include "tests/rig.h"

/* Three nodes that talk, write, sync, read and count all the time. */
#define BUSY BUSY_WITHIN "faults: {beyond_budget: true}\n"
#define BUSY_WITHIN                                                            \
    "duration: 2 s\n"                                                          \
    "nodes: {count: 3}\n"                                                      \
    "network: {links: \"delay 1ms 500us loss 1%\"}\n"                          \
    "disk: {sync: 2 ms, read: 1 ms, jitter: 100 us}\n"

static void
busy(NodeId self, const Input *input, Effects *fx)
{
    static const char *const log[] = {"log"};
    static uint8_t block[5000];
    Slice part = slice_of(block, sizeof(block));
    Slice word = slice_text("word");

    if (input->kind == INPUT_START) {
        uint64_t role[3] = {self == 2 ? 3 : 1, 1, 0};

        effects_probe(fx, PROBE_RAFT_ROLE, role, 3, (Slice){NULL, 0, NULL});
        effects_timer(fx, 1, input->now + 10 * SIM_MS);
        effects_write(fx, "log", 0, &part, 1);
        effects_sync(fx, 1, log, 1);
        return;
    }
    if (input->kind != INPUT_TIMER) {
        return;
    }
    effects_timer(fx, 1, input->now + 10 * SIM_MS);
    for (NodeId peer = 1; peer <= 3; peer++) {
        if (peer != self) {
            effects_send(fx, link_datagram(peer), CHANNEL_ECHO, &word, 1);
        }
    }
    effects_write(fx, "log", input->now / SIM_MS * 100, &part, 1);
    effects_sync(fx, 2 + input->now, log, 1);
    effects_read(fx, 1, "log", 0, 1 << 20);
}

/* The sign is a word of a line that must show between the fault and its end,
 * and must not before. */
static const struct {
    FaultKind kind;
    const char *line; /* at 500 ms, for 300 ms where it has an end */
    const char *sign;
    bool mattered;
} kinds[] = {
    {FAULT_CRASH, "nodes: n1, for: 300 ms", "+ crash n1 power loss", true},
    {FAULT_KILL, "nodes: n1, for: 300 ms", "+ crash n1 1 kill", true},
    {FAULT_PAUSE, "nodes: n1, for: 300 ms", "+ pause n1", true},
    {FAULT_SLOW, "nodes: n1, amount: 2 ms, for: 300 ms", NULL, true},
    {FAULT_MEMORY, "nodes: n1, amount: 1 MiB, for: 300 ms", "n1 memory 1048576",
     true},
    {FAULT_PARTITION, "nodes: n1, for: 300 ms", "'word' partition", true},
    {FAULT_PARTITION_ONE_WAY, "nodes: n1, to: n2, for: 300 ms",
     "send n1 n2 'word' partition", true},
    {FAULT_PARTITION_BRIDGE, "nodes: n1, for: 300 ms", "'word' partition",
     true},
    {FAULT_PARTITION_RING, "for: 300 ms", "'word' partition", true},
    {FAULT_FLAP, "nodes: n1, to: n2, period: 60 ms, for: 300 ms",
     "'word' partition", true},
    {FAULT_CLOG, "nodes: n1, for: 300 ms", "+ held n1", true},
    {FAULT_CLOG_SWIZZLE, "for: 300 ms", "+ held", true},
    {FAULT_LINK, "nodes: all, to: all, netem: loss 100%, for: 300 ms", NULL,
     true},
    {FAULT_CLOCK_STEP, "nodes: n1, amount: 1 h", NULL, true},
    {FAULT_CLOCK_DRIFT, "nodes: n1, amount: 1000 ppm, for: 300 ms", NULL, true},
    {FAULT_DISK_SLOW, "nodes: n1, amount: 20 ms, for: 300 ms", NULL, true},
    {FAULT_DISK_FULL, "nodes: n1, for: 300 ms", NULL, true},
    {FAULT_DISK_EIO, "nodes: n1, file: log, for: 300 ms", "read 1 5", true},
    {FAULT_DISK_LOST_SYNC, "nodes: n1, for: 300 ms", NULL, true},
    {FAULT_DISK_BIT_FLIP, "nodes: n1, file: log", NULL, true},
    {FAULT_DISK_MISDIRECT, "nodes: n1, file: log", NULL, true},
    {FAULT_DISK_WIPE, "nodes: n1", NULL, true},
    {FAULT_HEAL_CORE, "nodes: [n1, n2]", NULL, false},
    {FAULT_REDRAW, "salt: 99", NULL, true},
};

static char *
line_of(unsigned index)
{
    /* What an un-durable or wiped disk costs shows at a crash. */
    bool crash = kinds[index].kind == FAULT_DISK_LOST_SYNC ||
                 kinds[index].kind == FAULT_DISK_WIPE;

    return g_strdup_printf(
        "- {at: 500 ms, kind: %s, %s}\n%s", fault_kind_name(kinds[index].kind),
        kinds[index].line,
        crash ? "- {at: 700 ms, kind: crash, nodes: n1, for: 10 ms}\n" : "");
}

START_TEST(every_kind_is_in_this_test)
{
    for (unsigned kind = 1; kind < FAULT_KIND_COUNT; kind++) {
        bool found = false;

        for (unsigned i = 0; i < G_N_ELEMENTS(kinds); i++) {
            found = found || kinds[i].kind == (FaultKind)kind;
        }
        ck_assert_msg(found, "%s", fault_kind_name((FaultKind)kind));
    }
}
END_TEST

START_TEST(every_kind_is_applied_shows_heals_and_is_accounted)
{
    g_autofree char *plan = line_of((unsigned)_i);
    bool ends = strstr(kinds[_i].line, "for:") != NULL;
    g_autofree char *said =
        g_strdup_printf("+ fault n0 1 %s", fault_kind_name(kinds[_i].kind));
    Rig *rig = rig_new(BUSY, plan, 7, busy);
    WorldCount count;

    rig_run(rig, 500 * SIM_MS);
    ck_assert_uint_eq(rig_count(rig, "+ fault"), 0);
    if (kinds[_i].sign != NULL) {
        ck_assert_uint_eq(rig_count(rig, kinds[_i].sign), 0);
    }
    g_string_truncate(rig->log, 0);
    rig_run(rig, 800 * SIM_MS);
    ck_assert_uint_eq(rig_count(rig, said), 1);
    if (kinds[_i].sign != NULL) {
        ck_assert_uint_ge(rig_count(rig, kinds[_i].sign), 1);
    }
    ck_assert_uint_eq(rig_count(rig, "+ heal n0 1 "), 0);
    g_string_truncate(rig->log, 0);
    rig_run(rig, SIM_NEVER);
    ck_assert_uint_eq(rig_count(rig, "+ heal n0 1 "), ends);
    count = *rig_world_count(rig, kinds[_i].kind);
    ck_assert_uint_eq(count.drawn, 1);
    ck_assert_uint_eq(count.applied, 1);
    ck_assert_uint_eq(count.mattered, kinds[_i].mattered);
    /* Healed: after a while it is as if nothing had been. */
    if (ends && kinds[_i].sign != NULL &&
        strstr(kinds[_i].sign, "partition") != NULL) {
        ck_assert_uint_eq(rig_count(rig, kinds[_i].sign), 0);
    }
    ck_assert_uint_ge(rig_count(rig, "n1 timer 1"), 50);
    rig_free(rig);
}
END_TEST

/* A program to which nothing can matter: it says nothing, stores nothing and
 * waits for a timer that is hours away. */
static void
quiet(NodeId self, const Input *input, Effects *fx)
{
    (void)self;
    if (input->kind == INPUT_START) {
        effects_timer(fx, 1, input->now + 3600 * SIM_S);
    }
}

/* The other direction of every row above: the line takes effect, where there
 * is anything that it can hit, and it changes nothing. */
START_TEST(what_changes_nothing_did_not_matter)
{
    g_autofree char *plan = line_of((unsigned)_i);
    Rig *rig = rig_new(BUSY, plan, 7, quiet);
    FaultKind kind = kinds[_i].kind;
    WorldCount count;

    rig_run(rig, SIM_NEVER);
    count = *rig_world_count(rig, kind);
    ck_assert_uint_eq(count.drawn, 1);
    ck_assert_uint_eq(count.applied, kind != FAULT_DISK_BIT_FLIP);
    /* A budget is told to everybody; other draws are drawn by nobody here,
     * but that is not looked at; a heal has something to heal. */
    if (kind != FAULT_MEMORY && kind != FAULT_REDRAW &&
        kind != FAULT_HEAL_CORE) {
        ck_assert_msg(count.mattered == 0, "%s", fault_kind_name(kind));
    }
    rig_free(rig);
}
END_TEST

/* Where one fault could take the credit of another. */
START_TEST(who_is_to_blame)
{
    static const struct {
        const char *plan;
        FaultKind kind;
        unsigned mattered;
    } rows[] = {
        /* What waited while the process stood still dies with it. */
        {"- {at: 500 ms, kind: pause, nodes: n1, for: 400 ms}\n"
         "- {at: 700 ms, kind: kill, nodes: n1, for: 1 ns}\n",
         FAULT_KILL, 1},
        /* Nothing comes within a nanosecond. */
        {"- {at: 700 ms, kind: pause, nodes: n1, for: 1 ns}\n", FAULT_PAUSE, 0},
        /* Inputs that wait for a process that stands still do not wait for
         * its CPU. */
        {"- {at: 500 ms, kind: pause, nodes: n1, for: 400 ms}\n"
         "- {at: 600 ms, kind: slow, nodes: n1, amount: 5 ms, for: 200 ms}\n",
         FAULT_SLOW, 0},
        {"- {at: 500 ms, kind: pause, nodes: n1, for: 400 ms}\n"
         "- {at: 600 ms, kind: slow, nodes: n1, amount: 5 ms, for: 200 ms}\n",
         FAULT_PAUSE, 1},
        /* Told when it starts. */
        {"- {at: 500 ms, kind: kill, nodes: n1, for: 300 ms}\n"
         "- {at: 600 ms, kind: memory, nodes: n1, amount: 1 MiB, for: 1 s}\n",
         FAULT_MEMORY, 1},
        /* Not told: it is down all the time. */
        {"- {at: 500 ms, kind: kill, nodes: n1, for: 900 ms}\n"
         "- {at: 600 ms, kind: memory, nodes: n1, amount: 1 MiB, for: 1 ms}\n",
         FAULT_MEMORY, 0},
        /* Too little to move a timer of 10 ms by a nanosecond. */
        {"- {at: 500 ms, kind: clock-drift, nodes: n1, amount: 0.001 ppm, "
         "for: 1 us}\n",
         FAULT_CLOCK_DRIFT, 0},
        /* The second order to go astray takes the place of the first, which no
         * write has followed. */
        {"- {at: 501 ms, kind: disk-misdirect, nodes: n1}\n"
         "- {at: 502 ms, kind: disk-misdirect, nodes: n1}\n",
         FAULT_DISK_MISDIRECT, 1},
        /* Words that change no packet. */
        {"- {at: 500 ms, kind: link, nodes: n1, to: all, netem: loss 0%, "
         "for: 300 ms}\n",
         FAULT_LINK, 0},
    };
    Rig *rig = rig_new(BUSY, rows[_i].plan, 7, busy);

    rig_run(rig, SIM_NEVER);
    ck_assert_uint_eq(rig_world_count(rig, rows[_i].kind)->mattered,
                      rows[_i].mattered);
    rig_free(rig);
}
END_TEST

/* What no program can notice keeps its node out, unless the scenario goes
 * beyond the budget. */
START_TEST(a_disk_that_lied_is_not_started_again)
{
    static const char *const scenarios[] = {BUSY, BUSY_WITHIN};
    static const struct {
        const char *plan;
        bool kept_out;
    } rows[] = {
        {"- {at: 500 ms, kind: disk-lost-sync, nodes: n1, for: 300 ms}\n"
         "- {at: 700 ms, kind: crash, nodes: n1, for: 10 ms}\n",
         true},
        {"- {at: 500 ms, kind: disk-misdirect, nodes: n1}\n"
         "- {at: 700 ms, kind: kill, nodes: n1, for: 10 ms}\n",
         true},
        {"- {at: 500 ms, kind: disk-bit-flip, nodes: n1}\n"
         "- {at: 700 ms, kind: crash, nodes: n1, for: 10 ms}\n",
         false},
        {"- {at: 500 ms, kind: disk-wipe, nodes: n1}\n"
         "- {at: 700 ms, kind: crash, nodes: n1, for: 10 ms}\n",
         false},
    };

    for (unsigned within = 0; within < 2; within++) {
        Rig *rig = rig_new(scenarios[within], rows[_i].plan, 7, busy);
        bool out = within == 1 && rows[_i].kept_out;

        rig_run(rig, 700 * SIM_MS);
        g_string_truncate(rig->log, 0);
        rig_run(rig, SIM_NEVER);
        ck_assert_uint_eq(rig_count(rig, " n1 start 2"), !out);
        ck_assert_uint_eq(rig_count(rig, "+ halt n1 its disk lost"), out);
        rig_free(rig);
    }
}
END_TEST

START_TEST(a_line_that_finds_nobody_is_not_applied)
{
    Rig *rig = rig_new(BUSY,
                       "- {at: 500 ms, kind: crash, nodes: clients, "
                       "for: 1 ms}\n",
                       7, busy);

    rig_run(rig, SIM_NEVER);
    ck_assert_uint_eq(rig_count(rig, "+ fault n0 1 crash of nobody"), 1);
    ck_assert_uint_eq(rig_count(rig, "+ heal"), 0);
    ck_assert_uint_eq(rig_world_count(rig, FAULT_CRASH)->drawn, 1);
    ck_assert_uint_eq(rig_world_count(rig, FAULT_CRASH)->applied, 0);
    rig_free(rig);
}
END_TEST

/* Whatever it is, what is in force at the core ends, at the others never, and
 * what comes leaves the core alone. */
START_TEST(a_core_is_healed_and_the_rest_stays_broken)
{
    Rig *rig =
        rig_new(BUSY,
                "- {at: 300 ms, kind: crash, nodes: n1}\n"
                "- {at: 310 ms, kind: partition, nodes: n1, to: n2}\n"
                "- {at: 320 ms, kind: kill, nodes: n3, for: 400 ms}\n"
                "- {at: 330 ms, kind: pause, nodes: n2, for: 500 ms}\n"
                "- {at: 340 ms, kind: link, nodes: all, to: all, netem: loss "
                "100%}\n"
                "- {at: 600 ms, kind: heal-core, nodes: [n1, n2]}\n"
                "- {at: 900 ms, kind: crash, nodes: all, for: 100 ms}\n"
                "- {at: 910 ms, kind: partition, nodes: n1, to: n2}\n"
                "- {at: 950 ms, kind: heal-core, nodes: all}\n",
                7, busy);

    rig_run(rig, 600 * SIM_MS);
    ck_assert_uint_eq(rig_count(rig, "n1 start"), 1);
    g_string_truncate(rig->log, 0);
    rig_run(rig, SIM_NEVER);
    ck_assert_uint_eq(rig_count(rig, "+ fault n0 6 heal-core n1 n2"), 1);
    ck_assert_uint_eq(rig_count(rig, "600.000 n1 start 2"), 1);
    ck_assert_uint_eq(rig_count(rig, "n1 start"), 1);
    ck_assert_uint_eq(rig_count(rig, "n3 start"), 0);
    ck_assert_uint_ge(rig_count(rig, "n2 timer 1"), 50);
    ck_assert_uint_ge(rig_count(rig, "n2 message n1"), 50);
    ck_assert_uint_eq(rig_count(rig, "n3 message"), 0);
    ck_assert_uint_eq(rig_count(rig, "+ heal"), 1); /* the later crash */
    ck_assert_uint_eq(rig_count(rig, "+ fault n0 7 crash n3"), 1);
    ck_assert_uint_eq(rig_count(rig, "+ fault n0 9 heal-core of nobody"), 1);
    ck_assert_uint_eq(rig_world_count(rig, FAULT_HEAL_CORE)->applied, 1);
    ck_assert_uint_eq(rig_world_count(rig, FAULT_HEAL_CORE)->mattered, 1);
    rig_free(rig);
}
END_TEST

START_TEST(a_core_has_disks_to_trust)
{
    Rig *rig = rig_new(BUSY,
                       "- {at: 300 ms, kind: disk-bit-flip, nodes: n2}\n"
                       "- {at: 400 ms, kind: heal-core}\n",
                       (uint64_t)_i, busy);

    rig_run(rig, SIM_NEVER);
    ck_assert_uint_eq(rig_count(rig, "+ fault n0 2 heal-core n1 n3"), 1);
    rig_free(rig);
    rig = rig_new(BUSY,
                  "- {at: 300 ms, kind: disk-bit-flip, nodes: [n2, n3]}\n"
                  "- {at: 400 ms, kind: heal-core}\n",
                  (uint64_t)_i, busy);
    rig_run(rig, SIM_NEVER);
    ck_assert_uint_eq(rig_count(rig, "+ fault n0 2 heal-core of nobody"), 1);
    rig_free(rig);
}
END_TEST

START_TEST(the_leader_is_who_says_so)
{
    Rig *rig = rig_new(BUSY,
                       "- {at: 500 ms, kind: crash, nodes: leader, for: 1 s}\n"
                       "- {at: 600 ms, kind: crash, nodes: leader, for: 1 "
                       "s}\n",
                       7, busy);

    rig_run(rig, SIM_NEVER);
    ck_assert_uint_eq(rig_count(rig, "+ fault n0 1 crash n2"), 1);
    ck_assert_uint_eq(rig_count(rig, "+ fault n0 2 crash of nobody"), 1);
    rig_free(rig);
}
END_TEST

/* Overlapping faults. */

static const struct {
    const char *name, *plan, *word, *want; /* inputs with that word */
} overlaps[] = {
    {"two crashes: back after the last",
     "- {at: 500 ms, kind: crash, nodes: n1, for: 300 ms}\n"
     "- {at: 600 ms, kind: crash, nodes: n1, for: 500 ms}\n",
     "n1 start", "0.000 n1 start 1\n1100.000 n1 start 2 log:"},
    {"a crash a nanosecond after the end of another",
     "- {at: 500 ms, kind: crash, nodes: n1, for: 300 ms}\n"
     "- {at: 800000001 ns, kind: crash, nodes: n1, for: 100 ms}\n",
     "n1 start", "0.000 n1 start 1\n900.000 n1 start 2 log:"},
    {"a crash before the first start",
     "- {at: 0, kind: crash, nodes: n1, for: 100 ms}\n", "n1 start",
     "100.000 n1 start 1\n"},
    {"kill, then power loss, of the same machine",
     "- {at: 500 ms, kind: kill, nodes: n1, for: 300 ms}\n"
     "- {at: 600 ms, kind: crash, nodes: n1, for: 100 ms}\n",
     "n1 start", "0.000 n1 start 1\n800.000 n1 start 2 log:"},
    {"a crash for ever",
     "- {at: 500 ms, kind: crash, nodes: n1, for: 300 ms}\n"
     "- {at: 600 ms, kind: crash, nodes: n1}\n",
     "n1 start", "0.000 n1 start 1\n"},
    {"memory: the tightest budget, then the other",
     "- {at: 500 ms, kind: memory, nodes: n1, amount: 3 B, for: 400 ms}\n"
     "- {at: 600 ms, kind: memory, nodes: n1, amount: 2 B, for: 100 ms}\n"
     "- {at: 750 ms, kind: kill, nodes: n1, for: 10 ms}\n",
     "n1 memory",
     "500.000 n1 memory 3\n600.000 n1 memory 2\n700.000 n1 memory 3\n"
     "760.000 n1 memory 3\n900.000 n1 memory 18446744073709551615\n"},
};

START_TEST(faults_of_a_node_compose)
{
    Rig *rig = rig_new(BUSY, overlaps[_i].plan, 7, busy);
    g_autofree char *lines = NULL;
    size_t size = strlen(overlaps[_i].want);

    rig_run(rig, SIM_NEVER);
    lines = rig_inputs(rig, overlaps[_i].word);
    if (overlaps[_i].want[size - 1] == ':') { /* whatever size */
        lines[MIN(size, strlen(lines))] = '\0';
    }
    ck_assert_msg(strcmp(lines, overlaps[_i].want) == 0, "%s: %s",
                  overlaps[_i].name, lines);
    rig_free(rig);
}
END_TEST

START_TEST(pauses_compose_and_a_crash_ends_them)
{
    Rig *rig = rig_new(BUSY,
                       "- {at: 500 ms, kind: pause, nodes: n1, for: 300 ms}\n"
                       "- {at: 600 ms, kind: pause, nodes: n1, for: 500 ms}\n"
                       "- {at: 500 ms, kind: pause, nodes: n3, for: 1 s}\n"
                       "- {at: 700 ms, kind: kill, nodes: n3, for: 100 ms}\n",
                       7, busy);

    rig_run(rig, 500 * SIM_MS);
    g_string_truncate(rig->log, 0);
    rig_run(rig, 1100 * SIM_MS);
    ck_assert_uint_eq(rig_count(rig, " n1 timer"), 0);
    ck_assert_uint_ge(rig_count(rig, " n3 timer"), 20); /* a new process */
    g_string_truncate(rig->log, 0);
    rig_run(rig, SIM_NEVER);
    ck_assert_uint_ge(rig_count(rig, " n1 timer"), 50);
    rig_free(rig);
}
END_TEST

START_TEST(link_faults_lie_over_each_other_and_heal_one_by_one)
{
    Rig *rig =
        rig_new(BUSY,
                "- {at: 500 ms, kind: link, nodes: n1, to: n2, netem: delay "
                "+100ms, for: 600 ms}\n"
                "- {at: 600 ms, kind: link, nodes: n1, to: n2, netem: loss "
                "100%, for: 300 ms}\n"
                "- {at: 700 ms, kind: link, nodes: all, to: all, netem: loss "
                "100%, for: 100 ms}\n",
                7, busy);
    const NetemConfig *config = &rig->shared.cells[1]->configs[2];
    const NetemConfig *other = &rig->shared.cells[1]->configs[3];
    static const struct {
        unsigned at_ms;
        bool slow, lost, other_lost;
    } steps[] = {
        {499, false, false, false},  {550, true, false, false},
        {650, true, true, false},    {750, true, true, true},
        {850, true, true, false},    {950, true, false, false},
        {1150, false, false, false},
    };

    for (unsigned i = 0; i < G_N_ELEMENTS(steps); i++) {
        rig_run(rig, steps[i].at_ms * SIM_MS);
        ck_assert_int_eq(config->delay > 100 * SIM_MS, steps[i].slow);
        ck_assert_int_eq(config->loss.chance > CHANCE_ONE / 2, steps[i].lost);
        ck_assert_int_eq(other->loss.chance > CHANCE_ONE / 2,
                         steps[i].other_lost);
    }
    ck_assert_uint_eq(rig_world_count(rig, FAULT_LINK)->mattered, 3);
    rig_free(rig);
}
END_TEST

START_TEST(partitions_lie_over_each_other_and_heal_one_by_one)
{
    Rig *rig = rig_new(BUSY,
                       "- {at: 500 ms, kind: partition, nodes: n1, to: n2, "
                       "for: 500 ms}\n"
                       "- {at: 600 ms, kind: partition-one-way, nodes: n1, to: "
                       "n2, for: 100 ms}\n"
                       "- {at: 800 ms, kind: clog, nodes: n1, to: n2, for: 400 "
                       "ms}\n",
                       7, busy);
    static const struct {
        unsigned at_ms;
        PartitionVerdict there, back;
    } steps[] = {
        {499, PARTITION_OPEN, PARTITION_OPEN},
        {750, PARTITION_CUT, PARTITION_CUT},
        {900, PARTITION_CUT, PARTITION_CUT},
        {1100, PARTITION_HELD, PARTITION_OPEN},
        {1201, PARTITION_OPEN, PARTITION_OPEN},
    };

    for (unsigned i = 0; i < G_N_ELEMENTS(steps); i++) {
        rig_run(rig, steps[i].at_ms * SIM_MS);
        ck_assert_int_eq(partition_check(rig->shared.partition, 1, 2),
                         steps[i].there);
        ck_assert_int_eq(partition_check(rig->shared.partition, 2, 1),
                         steps[i].back);
    }
    rig_free(rig);
}
END_TEST

START_TEST(disk_faults_compose)
{
    Rig *rig = rig_new(BUSY,
                       "- {at: 500 ms, kind: disk-eio, nodes: n1, file: log, "
                       "for: 500 ms}\n"
                       "- {at: 600 ms, kind: disk-eio, nodes: n1, file: other, "
                       "for: 300 ms}\n"
                       "- {at: 500 ms, kind: disk-slow, nodes: n2, amount: 3 "
                       "ms, for: 500 ms}\n"
                       "- {at: 600 ms, kind: disk-slow, nodes: n2, amount: 4 "
                       "ms, for: 100 ms}\n",
                       7, busy);

    rig_run(rig, 600 * SIM_MS);
    g_string_truncate(rig->log, 0);
    rig_run(rig, 900 * SIM_MS); /* both in force: the first still fails */
    ck_assert_uint_ge(rig_count(rig, "n1 read 1 5"), 25);
    ck_assert_uint_eq(rig_count(rig, "n1 read 1 0"), 0);
    rig_run(rig, 995 * SIM_MS);
    g_string_truncate(rig->log, 0);
    rig_run(rig, SIM_NEVER);
    ck_assert_uint_ge(rig_count(rig, "n1 read 1 0"), 90);
    ck_assert_uint_eq(rig_world_count(rig, FAULT_DISK_SLOW)->mattered, 2);
    rig_free(rig);
}
END_TEST

/* The same past, another future. */

START_TEST(a_changed_plan_leaves_the_past_as_it_was)
{
    static const struct {
        const char *plan;
        bool differs; /* from the run without it */
    } cases[] = {
        {"- {at: 1 s, kind: redraw, salt: 4}\n", true},
        {"- {at: 1 s, kind: crash, nodes: n1, for: 1 ms}\n", true},
        {"- {at: 1 s, kind: link, nodes: n1, to: n2, netem: loss 50%, for: 1 "
         "s}\n",
         true},
        {"- {at: 1 s, kind: clog, nodes: n1, to: n2, for: 30 ms}\n", true},
    };
    Rig *plain = rig_new(BUSY, "", (uint64_t)_i, busy);
    Rig *other;
    g_autofree char *before = NULL;
    g_autofree char *after = NULL;

    rig_run(plain, SIM_S);
    before = g_strdup(plain->log->str);
    rig_run(plain, SIM_NEVER);
    after = g_strdup(plain->log->str + strlen(before));
    rig_free(plain);
    other = rig_new(BUSY, cases[_i % 4].plan, (uint64_t)_i, busy);
    rig_run(other, SIM_S);
    ck_assert_str_eq(other->log->str, before);
    g_string_truncate(other->log, 0);
    rig_run(other, SIM_S + 1);
    ck_assert_uint_eq(rig_count(other, "+ fault n0 1"), 1);
    g_string_truncate(other->log, 0);
    rig_run(other, SIM_NEVER);
    ck_assert_int_eq(strcmp(other->log->str, after) != 0,
                     cases[_i % 4].differs);
    rig_free(other);
}
END_TEST

static Suite *
world_suite(void)
{
    Suite *suite = suite_create("world");
    TCase *tcase = tcase_create("world");

    tcase_add_test(tcase, every_kind_is_in_this_test);
    tcase_add_loop_test(tcase,
                        every_kind_is_applied_shows_heals_and_is_accounted, 0,
                        (int)G_N_ELEMENTS(kinds));
    tcase_add_loop_test(tcase, a_disk_that_lied_is_not_started_again, 0, 4);
    tcase_add_loop_test(tcase, what_changes_nothing_did_not_matter, 0,
                        G_N_ELEMENTS(kinds));
    tcase_add_loop_test(tcase, who_is_to_blame, 0, 9);
    tcase_add_test(tcase, a_line_that_finds_nobody_is_not_applied);
    tcase_add_test(tcase, a_core_is_healed_and_the_rest_stays_broken);
    tcase_add_loop_test(tcase, a_core_has_disks_to_trust, 0, 5);
    tcase_add_test(tcase, the_leader_is_who_says_so);
    tcase_add_loop_test(tcase, faults_of_a_node_compose, 0,
                        (int)G_N_ELEMENTS(overlaps));
    tcase_add_test(tcase, pauses_compose_and_a_crash_ends_them);
    tcase_add_test(tcase, link_faults_lie_over_each_other_and_heal_one_by_one);
    tcase_add_test(tcase, partitions_lie_over_each_other_and_heal_one_by_one);
    tcase_add_test(tcase, disk_faults_compose);
    tcase_add_loop_test(tcase, a_changed_plan_leaves_the_past_as_it_was, 0, 16);
    suite_add_tcase(suite, tcase);
    return suite;
}

int
main(void)
{
    SRunner *runner = srunner_create(world_suite());
    int failed;

    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? 0 : 1;
}

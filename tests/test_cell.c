/* SPDX-License-Identifier: Apache-2.0 */
/* A host and its program: what waits for a token, timers and clocks, a CPU
 * that is busy or stands still, disks as they are, and nonsense. */
#include <check.h>
#include <string.h>

#include "tests/rig.h"

#define PLAIN                                                                  \
    "duration: 1 s\n"                                                          \
    "nodes: {count: 2}\n"                                                      \
    "network: {links: \"delay 10ms\"}\n"                                       \
    "disk: {sync: 5 ms, write: 0, read: 1 ms, jitter: 0}\n"

static const char *const file_a[] = {"a"};
static const char *const file_b[] = {"b"};

static Effect *
say(Effects *fx, NodeId to, const char *text)
{
    Slice part = slice_text(text);

    return effects_send(fx, link_datagram(to), CHANNEL_ECHO, &part, 1);
}

static Effect *
put(Effects *fx, const char *file, uint64_t offset, const char *text)
{
    Slice part = slice_text(text);

    return effects_write(fx, file, offset, &part, 1);
}

static void
check_lines(Rig *rig, const char *word, const char *want)
{
    g_autofree char *lines = rig_lines(rig, word);

    ck_assert_str_eq(lines, want);
}

static void
check_inputs(Rig *rig, const char *word, const char *want)
{
    g_autofree char *lines = rig_inputs(rig, word);

    ck_assert_str_eq(lines, want);
}

/* Persist, then answer. */

static void
persist_then_answer(NodeId self, const Input *input, Effects *fx)
{
    if (self != 1 || input->kind != INPUT_START) {
        return;
    }
    put(fx, "a", 0, "data");
    effects_sync(fx, 1, file_a, 1);
    say(fx, 2, "first")->after = 1;
    say(fx, 2, "now");
    say(fx, 2, "second")->after = 1;
    effects_sync(fx, 2, file_a, 1);
    say(fx, 2, "third")->after = 2;
    say(fx, 2, "fourth")->after = 1;
}

START_TEST(what_waits_leaves_in_list_order_when_its_token_is_durable)
{
    Rig *rig = rig_new(PLAIN, "", 1, persist_then_answer);

    rig_run(rig, SIM_NEVER);
    check_lines(rig, "n1",
                "0.000 n1 start 1\n"
                "  + restart n1 1\n"
                "  + write n1 a@0 'data'\n"
                "  + sync n1 1\n"
                "  + send n1 n2 'now' delivered\n"
                "  + sync n1 2\n"
                "5.000 n1 synced 1 0\n"
                "  + durable n1 1\n"
                "  + send n1 n2 'first' delivered\n"
                "  + send n1 n2 'second' delivered\n"
                "  + send n1 n2 'fourth' delivered\n"
                "10.000 n1 synced 2 0\n"
                "  + durable n1 2\n"
                "  + send n1 n2 'third' delivered\n"
                "10.000 n2 message n1 'now'\n"
                "15.000 n2 message n1 'first'\n"
                "15.000 n2 message n1 'second'\n"
                "15.000 n2 message n1 'fourth'\n"
                "20.000 n2 message n1 'third'\n");
    rig_free(rig);
}
END_TEST

START_TEST(a_crash_or_kill_discards_what_waits)
{
    static const char *const plans[] = {
        "- {at: 3 ms, kind: crash, nodes: n1, for: 1 ms}\n",
        "- {at: 3 ms, kind: kill, nodes: n1, for: 1 ms}\n"};
    Rig *rig = rig_new(PLAIN, plans[_i], 1, persist_then_answer);

    rig_run(rig, 8 * SIM_MS);
    ck_assert_uint_eq(rig_count(rig, "'first'"), 0);
    ck_assert_uint_eq(rig_count(rig, "synced"), 0);
    ck_assert_uint_eq(rig_count(rig, "'now'"), 2); /* of both lives */
    rig_run(rig, SIM_NEVER);
    ck_assert_uint_eq(rig_count(rig, "n1 synced 1 0"), 1);
    ck_assert_uint_eq(rig_count(rig, "n2 message n1 'first'"), 1);
    rig_free(rig);
}
END_TEST

static void
chained(NodeId self, const Input *input, Effects *fx)
{
    if (self == 1 && input->kind == INPUT_START) {
        put(fx, "a", 0, "data");
        effects_sync(fx, 1, file_a, 1);
        effects_sync(fx, 2, file_b, 1)->after = 1;
        say(fx, 2, "both")->after = 2;
    }
}

START_TEST(what_waits_for_a_sync_that_waits_goes_with_it)
{
    Rig *rig = rig_new(PLAIN, "", 1, chained);

    rig_run(rig, SIM_NEVER);
    check_lines(rig, "n2 message", "20.000 n2 message n1 'both'\n");
    rig_free(rig);
    rig = rig_new(PLAIN,
                  "- {at: 1 ms, kind: disk-eio, nodes: n1, file: a, for: 5 "
                  "ms}\n",
                  1, chained);
    rig_run(rig, SIM_NEVER);
    ck_assert_uint_eq(rig_count(rig, "synced"), 1);
    ck_assert_uint_eq(rig_count(rig, "both"), 0);
    rig_free(rig);
}
END_TEST

static void
failing_disk(NodeId self, const Input *input, Effects *fx)
{
    if (self != 1) {
        return;
    }
    if (input->kind == INPUT_START) {
        persist_then_answer(self, input, fx);
        effects_sync(fx, 3, file_b, 1);
        say(fx, 2, "other file")->after = 3;
    } else if (input->kind == INPUT_SYNCED && input->synced.token == 1) {
        say(fx, 2, "too late")->after = 1;
        effects_sync(fx, 4, file_a, 1);
        say(fx, 2, "nor later")->after = 4;
    }
}

START_TEST(a_failed_sync_drops_what_waits_and_the_file_stays_failed)
{
    Rig *rig = rig_new(PLAIN,
                       "- {at: 1 ms, kind: disk-eio, nodes: n1, file: a, for: "
                       "5 ms}\n",
                       1, failing_disk);

    rig_run(rig, SIM_NEVER);
    ck_assert_uint_eq(rig_count(rig, "synced 1 5"), 1);
    ck_assert_uint_eq(rig_count(rig, "synced 2 5"), 1);
    ck_assert_uint_eq(rig_count(rig, "synced 4 5"), 1);
    ck_assert_uint_eq(rig_count(rig, "synced 3 0"), 1);
    ck_assert_uint_eq(rig_count(rig, "durable n1"), 1);
    check_lines(rig, "n2 message",
                "10.000 n2 message n1 'now'\n"
                "25.000 n2 message n1 'other file'\n");
    rig_free(rig);
}
END_TEST

static void
everything_waits(NodeId self, const Input *input, Effects *fx)
{
    static char name[8];

    if (self == 1) {
        strcpy(name, "zzz"); /* what waits has copies */
    }
    if (self != 1 || input->kind != INPUT_START) {
        return;
    }
    strcpy(name, "b");
    put(fx, "a", 0, "data");
    effects_sync(fx, 1, file_a, 1);
    put(fx, name, 2, "late")->after = 1;
    effects_truncate(fx, name, 5)->after = 1;
    effects_allocate(fx, name, 9)->after = 1;
    effects_rename(fx, name, "c")->after = 1;
    effects_remove(fx, "a")->after = 1;
    effects_sync(fx, 2, file_b, 1)->after = 1;
    effects_read(fx, 3, "c", 2, 3)->after = 1;
    effects_timer(fx, 7, 2)->after = 1;
    effects_halt(fx, "all is said")->after = 2;
    say(fx, 2, "nobody says this")->after = 2;
}

START_TEST(every_kind_of_effect_may_wait)
{
    Rig *rig = rig_new(PLAIN, "", 1, everything_waits);

    rig_run(rig, SIM_NEVER);
    check_lines(rig, "n1",
                "0.000 n1 start 1\n"
                "  + restart n1 1\n"
                "  + write n1 a@0 'data'\n"
                "  + sync n1 1\n"
                "5.000 n1 synced 1 0\n"
                "  + durable n1 1\n"
                "  + write n1 b@2 'late'\n"
                "  + truncate n1 b 5\n"
                "  + allocate n1 b 9\n"
                "  + rename n1 b c\n"
                "  + remove n1 a\n"
                "  + sync n1 2\n"
                "5.000 n1 timer 7\n"
                "10.000 n1 -\n"
                "  + durable n1 2\n"
                "  + halt n1 all is said\n");
    rig_free(rig);
}
END_TEST

/* Files. */

static void
reader(NodeId self, const Input *input, Effects *fx)
{
    Slice two[2] = {slice_text("to"), slice_text("ld")};

    if (self != 1 || input->kind != INPUT_START) {
        return;
    }
    put(fx, "a", 0, "written");
    effects_read(fx, 1, "a", 0, 100);
    effects_write(fx, "a", 1, two, 2);
    effects_read(fx, 2, "a", 1, 5);
    effects_read(fx, 3, "missing", 0, 1);
    put(fx, "b-2", 3, "x");
    effects_rename(fx, "a", "c");
    effects_read(fx, 4, "c", 6, 100);
}

START_TEST(a_read_sees_the_writes_before_it_and_a_start_every_file)
{
    Rig *rig = rig_new(PLAIN,
                       "- {at: 500 ms, kind: kill, nodes: n1, for: 1 "
                       "ms}\n",
                       1, reader);

    rig_run(rig, 400 * SIM_MS);
    check_lines(rig, "n1 read",
                "1.000 n1 read 1 0 'written'\n"
                "2.000 n1 read 2 0 'tolde'\n"
                "3.000 n1 read 3 2\n"
                "4.000 n1 read 4 0 'n'\n");
    rig_run(rig, 501 * SIM_MS + 2);
    check_lines(rig, "n1 start", "501.000 n1 start 2 b-2:4 c:7\n");
    rig_free(rig);
}
END_TEST

/* Timers and clocks. */

static void
timers(NodeId self, const Input *input, Effects *fx)
{
    if (self != 1) {
        return;
    }
    if (input->kind == INPUT_START) {
        effects_timer(fx, 1, input->now + 10 * SIM_MS);
        effects_timer(fx, 1, input->now + 20 * SIM_MS); /* later */
        effects_timer(fx, 2, input->now + 50 * SIM_MS);
        effects_timer(fx, 2, input->now + 5 * SIM_MS); /* earlier */
        effects_timer(fx, 3, input->now + 30 * SIM_MS);
        effects_timer(fx, 4, 0); /* the past: at once */
        effects_timer(fx, 5, SIM_NEVER);
        effects_timer(fx, 6, input->now + 40 * SIM_MS);
    } else if (input->kind == INPUT_TIMER && input->timer.id == 1) {
        effects_timer(fx, 3, SIM_NEVER);
        effects_timer(fx, 6, SIM_NEVER);
        effects_timer(fx, 6, input->now + 2 * SIM_MS);
    }
}

START_TEST(a_timer_is_replaced_and_cancelled)
{
    Rig *rig = rig_new(PLAIN, "", 1, timers);

    rig_run(rig, SIM_NEVER);
    check_lines(rig, "timer",
                "0.000 n1 timer 4\n"
                "5.000 n1 timer 2\n"
                "20.000 n1 timer 1\n"
                "22.000 n1 timer 6\n");
    rig_free(rig);
}
END_TEST

static void
alarm_clock(NodeId self, const Input *input, Effects *fx)
{
    if (self == 1 && input->kind == INPUT_START) {
        effects_timer(fx, 1, input->now + 100 * SIM_MS);
        effects_timer(fx, 2, input->now + 300 * SIM_MS);
    } else if (self == 1 && input->kind == INPUT_TIMER) {
        ck_assert_uint_ge(input->now,
                          input->timer.id == 1 ? 100 * SIM_MS : 300 * SIM_MS);
    }
}

START_TEST(drift_moves_timers_to_other_true_times)
{
    /* The true times are by hand: from 50 to 250 ms the clock runs at 1.1
     * (100 at 50 + 50/1.1) or 0.9 (100 at 50 + 50/0.9). */
    static const struct {
        const char *plan, *want;
    } cases[] = {
        {"- {at: 50 ms, kind: clock-drift, nodes: n1, amount: 100000 ppm, "
         "for: 200 ms}\n",
         "95.455 n1 timer 1\n280.000 n1 timer 2\n"},
        {"- {at: 50 ms, kind: clock-drift, nodes: n1, amount: -100000 ppm, "
         "for: 200 ms}\n",
         "105.556 n1 timer 1\n320.000 n1 timer 2\n"},
        {"- {at: 50 ms, kind: clock-step, nodes: n1, amount: 1 h}\n",
         "100.000 n1 timer 1\n300.000 n1 timer 2\n"},
    };
    Rig *rig = rig_new(PLAIN, cases[_i].plan, 1, alarm_clock);

    rig_run(rig, SIM_NEVER);
    check_lines(rig, "timer", cases[_i].want);
    rig_free(rig);
}
END_TEST

START_TEST(timers_do_not_outlive_their_incarnation)
{
    Rig *rig = rig_new(PLAIN,
                       "- {at: 90 ms, kind: kill, nodes: n1, for: 60 "
                       "ms}\n",
                       1, alarm_clock);

    rig_run(rig, SIM_NEVER);
    check_lines(rig, "timer", "250.000 n1 timer 1\n450.000 n1 timer 2\n");
    rig_free(rig);
}
END_TEST

/* CPU. */

static void
burst(NodeId self, const Input *input, Effects *fx)
{
    static const char *const words[] = {"a", "b", "c", "d", "e"};

    if (self == 2 && input->kind == INPUT_START) {
        for (unsigned i = 0; i < 5; i++) {
            say(fx, 1, words[i]);
        }
    } else if (self == 1 && input->kind == INPUT_START) {
        effects_timer(fx, 1, 10 * SIM_MS);
        effects_timer(fx, 2, 12 * SIM_MS);
    }
}

START_TEST(a_paused_node_gets_everything_in_order_when_it_goes_on)
{
    Rig *rig = rig_new(PLAIN,
                       "- {at: 9 ms, kind: pause, nodes: n1, for: 11 "
                       "ms}\n",
                       1, burst);

    rig_run(rig, 20 * SIM_MS);
    ck_assert_uint_eq(rig_count(rig, "+ pause n1"), 1);
    ck_assert_uint_eq(rig_count(rig, "n1 message"), 0);
    ck_assert_uint_eq(rig_count(rig, "n1 timer"), 0);
    g_string_truncate(rig->log, 0);
    rig_run(rig, SIM_NEVER);
    /* Timer 1 is set at 1 ns for 10 ms of a clock that began at 1 ns. */
    check_lines(rig, "20.000 n1",
                "20.000 n1 message n2 'a'\n"
                "20.000 n1 message n2 'b'\n"
                "20.000 n1 message n2 'c'\n"
                "20.000 n1 message n2 'd'\n"
                "20.000 n1 message n2 'e'\n"
                "20.000 n1 timer 1\n"
                "20.000 n1 timer 2\n");
    ck_assert_uint_eq(rig_world_count(rig, FAULT_PAUSE)->mattered, 1);
    rig_free(rig);
}
END_TEST

START_TEST(a_slow_cpu_takes_its_time_for_each_input)
{
    Rig *rig = rig_new("duration: 1 s\n"
                       "nodes: {count: 2, service_time: 3 ms}\n"
                       "network: {links: \"delay 10ms\"}\n",
                       "", 1, burst);

    rig_run(rig, SIM_NEVER);
    check_inputs(rig, " n1 ",
                 "0.000 n1 start 1\n"
                 "10.000 n1 message n2 'a'\n"
                 "13.000 n1 message n2 'b'\n"
                 "16.000 n1 message n2 'c'\n"
                 "19.000 n1 message n2 'd'\n"
                 "22.000 n1 message n2 'e'\n"
                 "25.000 n1 timer 1\n"
                 "28.000 n1 timer 2\n");
    rig_free(rig);
}
END_TEST

START_TEST(a_full_inbox_drops_datagrams_and_nothing_else)
{
    Rig *rig =
        rig_new("duration: 1 s\n"
                "nodes: {count: 2, inbox: 2}\n"
                "network: {links: \"delay 10ms\"}\n",
                "- {at: 9 ms, kind: pause, nodes: n1, for: 11 ms}\n", 1, burst);

    rig_run(rig, SIM_NEVER);
    ck_assert_uint_eq(rig_count(rig, "drop n1 n2"), 3);
    check_lines(rig, "20.000 n1",
                "20.000 n1 message n2 'a'\n"
                "20.000 n1 message n2 'b'\n"
                "20.000 n1 timer 1\n"
                "20.000 n1 timer 2\n");
    rig_free(rig);
}
END_TEST

static void
stubborn_timer(NodeId self, const Input *input, Effects *fx)
{
    if (self == 2 && input->kind == INPUT_START) {
        say(fx, 1, "put it off");
    } else if (self == 1 && input->kind == INPUT_START) {
        effects_timer(fx, 1, 15 * SIM_MS);
    } else if (self == 1 && input->kind == INPUT_MESSAGE) {
        effects_timer(fx, 1, 50 * SIM_MS);
    }
}

START_TEST(a_timer_that_waits_for_the_cpu_can_still_be_moved)
{
    Rig *rig = rig_new(PLAIN,
                       "- {at: 9 ms, kind: pause, nodes: n1, for: 11 "
                       "ms}\n",
                       1, stubborn_timer);

    rig_run(rig, SIM_NEVER);
    check_lines(rig, "timer", "50.000 n1 timer 1\n");
    rig_free(rig);
}
END_TEST

START_TEST(a_new_incarnation_is_not_hurried_by_the_wake_of_the_one_before)
{
    /* Killed at 11 ms while busy until 13 ms; started again at 12 ms, busy
     * until 15 ms, a message comes at 12.5 ms. */
    Rig *rig = rig_new("duration: 1 s\n"
                       "nodes: {count: 2, service_time: 3 ms}\n"
                       "network: {links: \"delay 10ms\"}\n",
                       "- {at: 11 ms, kind: kill, nodes: n1, for: 1 ms}\n"
                       "- {at: 2.5 ms, kind: kill, nodes: n2, for: 1 us}\n",
                       1, burst);

    rig_run(rig, SIM_NEVER);
    check_inputs(rig, " n1 ",
                 "0.000 n1 start 1\n"
                 "10.000 n1 message n2 'a'\n"
                 "12.000 n1 start 2\n"
                 "15.000 n1 message n2 'a'\n"
                 "18.000 n1 message n2 'b'\n"
                 "21.000 n1 message n2 'c'\n"
                 "24.000 n1 message n2 'd'\n"
                 "27.000 n1 message n2 'e'\n"
                 "30.000 n1 timer 1\n"
                 "33.000 n1 timer 2\n");
    rig_free(rig);
}
END_TEST

/* The end of a program. */

static void
halts(NodeId self, const Input *input, Effects *fx)
{
    if (self == 1 && input->kind == INPUT_START) {
        say(fx, 2, "before");
        effects_halt(fx, "enough");
        say(fx, 2, "behind");
        effects_timer(fx, 1, 1);
    }
    if (self == 2 && input->kind == INPUT_MESSAGE) {
        say(fx, 1, "answer");
    }
}

START_TEST(nothing_comes_after_a_halt_until_a_restart)
{
    Rig *rig = rig_new(PLAIN,
                       "- {at: 100 ms, kind: crash, nodes: n1, for: 1 "
                       "ms}\n",
                       1, halts);

    rig_run(rig, SIM_NEVER);
    ck_assert_uint_eq(rig_count(rig, "behind"), 0);
    ck_assert_uint_eq(rig_count(rig, "drop n1 n2"), 2);
    check_inputs(rig, " n1 ",
                 "0.000 n1 start 1\n"
                 "10.000 n2 message n1 'before'\n"
                 "20.000 n1 -\n"
                 "101.000 n1 start 2\n"
                 "111.000 n2 message n1 'before'\n"
                 "121.000 n1 -\n");
    rig_free(rig);
}
END_TEST

static unsigned nonsense_kind;

static void
talks_nonsense(NodeId self, const Input *input, Effects *fx)
{
    static const uint8_t large[DATAGRAM_MAX + 1];
    Slice part = slice_of(large, sizeof(large));

    if (self == 2 && input->kind == INPUT_START) {
        effects_open(fx, link_stream(1, CHANNEL_ECHO, 1));
        effects_timer(fx, 1, 100 * SIM_MS);
        return;
    }
    if (self != 1 || input->kind != INPUT_LINK) {
        return;
    }
    say(fx, 2, "sense");
    switch (nonsense_kind) {
    case 0:
        effects_send(fx, link_datagram(2), CHANNEL_ECHO, &part, 1);
        break;
    case 1:
        say(fx, 3, "who?");
        break;
    case 2:
        effects_open(fx, link_stream(3, CHANNEL_ECHO, 1));
        break;
    case 3:
        put(fx, "NOT A NAME", 0, "x");
        break;
    case 4:
        effects_read(fx, 1, "", 0, 1);
        break;
    case 5:
        effects_rename(fx, "a", "../b");
        break;
    case 6:
        effects_sync(fx, 1, NULL, 0);
        effects_sync(fx, 1, NULL, 0);
        break;
    case 7:
        effects_spawn(fx, 1, &part, 1);
        break;
    case 8:
        effects_signal(fx, 1, 9);
        break;
    case 9:
        effects_local(fx, CHANNEL_RAFT, slice_text("x"));
        break;
    case 10:
        say(fx, 2, "x")->kind = (EffectKind)99;
        break;
    default:
        effects_close(fx, link_datagram(2));
        break;
    }
    say(fx, 2, "more");
}

START_TEST(nonsense_is_death_and_its_machine_resets_the_streams)
{
    Rig *rig;

    nonsense_kind = (unsigned)_i;
    rig = rig_new(PLAIN, "- {at: 500 ms, kind: crash, nodes: n1, for: 1 ms}\n",
                  1, talks_nonsense);
    rig_run(rig, SIM_NEVER);
    ck_assert_uint_eq(rig_count(rig, " dies: "), 1);
    ck_assert_uint_eq(rig_count(rig, "'more'"), 0);
    ck_assert_uint_eq(rig_count(rig, "n2 link n1/1 reset"), 1);
    ck_assert_uint_eq(rig_count(rig, "n1 start"), 1); /* never again */
    ck_assert(rig->shared.cells[1]->death.died);
    ck_assert(rig->shared.cells[1]->death.nonsense);
    ck_assert_uint_gt(strlen(rig->shared.cells[1]->death.text), 5);
    rig_free(rig);
}
END_TEST

START_TEST(a_program_that_refuses_its_configuration_dies)
{
    Rig *rig = rig_new("duration: 1 s\n"
                       "nodes: {count: 1, config: {refuse: yes}}\n",
                       "", 1, halts);

    rig_run(rig, SIM_NEVER);
    ck_assert_uint_eq(
        rig_count(rig, "n1 - dies: did not start: node 1: refused"), 1);
    rig_free(rig);
}
END_TEST

/* Message ids. */

static uint64_t sent[64], received[64];
static unsigned sent_count, received_count;

static void
chatter(NodeId self, const Input *input, Effects *fx)
{
    if (self == 1 && input->kind == INPUT_START) {
        for (unsigned i = 0; i < 40; i++) {
            say(fx, 2, "hello");
        }
    }
}

START_TEST(a_message_has_the_id_of_its_sending)
{
    Rig *rig = rig_new("duration: 1 s\n"
                       "nodes: {count: 2}\n"
                       "network: {links: \"delay 10ms 5ms loss 20% duplicate "
                       "20%\"}\n",
                       "", (uint64_t)_i + 1, chatter);
    Event event;
    unsigned copies = 0;

    sent_count = received_count = 0;
    while (queue_pop(rig->queue, &event) && event_cell(&event) != 0) {
        Cell *cell = rig->shared.cells[event_cell(&event)];

        if (!cell_handle(cell, &event)) {
            cell_forget(cell);
            continue;
        }
        for (unsigned i = 0; i < cell->out->record.fact_count; i++) {
            const Fact *fact = &cell->out->record.facts[i];

            if (fact->kind == FACT_SEND) {
                ck_assert_uint_eq(fact->message >> 40, 1);
                copies += fact->fate.copy_count;
                if (fact->fate.copy_count > 0) {
                    sent[sent_count++] = fact->message;
                }
            }
        }
        if (cell->out->record.message != 0) {
            uint64_t id = cell->out->record.message;
            bool known = false;

            ck_assert_uint_eq(cell->out->record.peer, 1);
            for (unsigned i = 0; i < sent_count; i++) {
                known = known || sent[i] == id;
            }
            ck_assert(known);
            received[received_count++] = id;
        }
        cell_forget(cell);
    }
    for (unsigned i = 1; i < sent_count; i++) {
        ck_assert_uint_gt(sent[i], sent[i - 1]);
    }
    ck_assert_uint_eq(received_count, copies);
    ck_assert_uint_gt(sent_count, 20);
    rig_free(rig);
}
END_TEST

static Suite *
cell_suite(void)
{
    Suite *suite = suite_create("cell");
    TCase *after = tcase_create("after");
    TCase *time = tcase_create("time");
    TCase *end = tcase_create("end");

    tcase_add_test(after,
                   what_waits_leaves_in_list_order_when_its_token_is_durable);
    tcase_add_loop_test(after, a_crash_or_kill_discards_what_waits, 0, 2);
    tcase_add_test(after,
                   a_failed_sync_drops_what_waits_and_the_file_stays_failed);
    tcase_add_test(after, every_kind_of_effect_may_wait);
    tcase_add_test(after, what_waits_for_a_sync_that_waits_goes_with_it);
    tcase_add_test(after,
                   a_read_sees_the_writes_before_it_and_a_start_every_file);
    suite_add_tcase(suite, after);
    tcase_add_test(time, a_timer_is_replaced_and_cancelled);
    tcase_add_loop_test(time, drift_moves_timers_to_other_true_times, 0, 3);
    tcase_add_test(time, timers_do_not_outlive_their_incarnation);
    tcase_add_test(time,
                   a_paused_node_gets_everything_in_order_when_it_goes_on);
    tcase_add_test(time, a_slow_cpu_takes_its_time_for_each_input);
    tcase_add_test(time, a_full_inbox_drops_datagrams_and_nothing_else);
    tcase_add_test(time, a_timer_that_waits_for_the_cpu_can_still_be_moved);
    tcase_add_test(
        time, a_new_incarnation_is_not_hurried_by_the_wake_of_the_one_before);
    suite_add_tcase(suite, time);
    tcase_add_test(end, nothing_comes_after_a_halt_until_a_restart);
    tcase_add_loop_test(
        end, nonsense_is_death_and_its_machine_resets_the_streams, 0, 12);
    tcase_add_test(end, a_program_that_refuses_its_configuration_dies);
    tcase_add_loop_test(end, a_message_has_the_id_of_its_sending, 0, 5);
    suite_add_tcase(suite, end);
    return suite;
}

int
main(void)
{
    SRunner *runner = srunner_create(cell_suite());
    int failed;

    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? 0 : 1;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Streams between hosts: every byte in order whatever the network does, a
 * reset when it cannot be, and each end told exactly once. */
#include <check.h>
#include <inttypes.h>
#include <string.h>

#include "tests/rig.h"

#define QUIET                                                                  \
    "duration: 60 s\n"                                                         \
    "nodes: {count: 3}\n"                                                      \
    "network: {links: \"delay 10ms\", stream: {retry: 50 ms, reset: 2 s, "     \
    "buffer: 1000 B}}\n"
#define ROUGH                                                                  \
    "duration: 600 s\n"                                                        \
    "nodes: {count: 3}\n"                                                      \
    "network: {links: \"delay 10ms 9ms loss 30% duplicate 10% corrupt 2% "     \
    "reorder 10%\", stream: {retry: 20 ms, reset: 500 s, buffer: 1000 B}}\n"
#define SLOW_LINK                                                              \
    "duration: 60 s\n"                                                         \
    "nodes: {count: 2}\n"                                                      \
    "network: {links: \"delay 10ms rate 80kbit\", stream: {retry: 50 ms, "     \
    "reset: 20 s, buffer: 64 KiB}}\n"

#define LINK(number) link_stream(2, CHANNEL_ECHO, number)
#define FAR(number)  (link_stream(1, CHANNEL_ECHO, number) | LINK_ACCEPTED)

static void
say(Effects *fx, LinkId link, const char *text)
{
    Slice part = slice_text(text);

    effects_send(fx, link, CHANNEL_ECHO, &part, 1);
}

static void
check_inputs(Rig *rig, const char *word, const char *want)
{
    g_autofree char *lines = rig_inputs(rig, word);

    ck_assert_str_eq(lines, want);
}

/* One opens at its start and says two things; the other answers each. */
static void
talk(NodeId self, const Input *input, Effects *fx)
{
    static const char *const answers[] = {"?", "one!", "two!"};

    if (self == 1 && input->kind == INPUT_START) {
        effects_open(fx, LINK(7));
        say(fx, LINK(7), "1");
    } else if (self == 1 && input->kind == INPUT_LINK &&
               input->link.state == LINK_UP) {
        say(fx, LINK(7), "2");
    } else if (self == 2 && input->kind == INPUT_MESSAGE) {
        say(fx, input->message.link,
            answers[input->message.bytes.data[0] - '0']);
    }
}

START_TEST(each_end_has_its_own_name_for_a_stream)
{
    Rig *rig = rig_new(QUIET, "", 1, talk);

    ck_assert_uint_eq(link_far_end(LINK(7), 1), FAR(7));
    ck_assert_uint_eq(link_far_end(FAR(7), 2), LINK(7));
    rig_run(rig, SIM_NEVER);
    check_inputs(rig, "/7",
                 "10.000 n2 link n1/7a up\n"
                 "10.000 n2 message n1/7a '1'\n"
                 "20.000 n1 link n2/7 up\n"
                 "20.000 n1 message n2/7 'one!'\n"
                 "30.000 n2 message n1/7a '2'\n"
                 "40.000 n1 message n2/7 'two!'\n");
    rig_free(rig);
}
END_TEST

/* Numbered messages, a few each millisecond; the receiver checks order. */
#define MESSAGES 200u
static unsigned said, heard, ups, downs, resets;

static void
count_link(const Input *input)
{
    ups += input->link.state == LINK_UP;
    downs += input->link.state == LINK_DOWN;
    resets += input->link.state == LINK_RESET;
}

static void
pour(NodeId self, const Input *input, Effects *fx)
{
    static char text[MESSAGES][8];

    if (self == 1 && input->kind == INPUT_START) {
        said = heard = ups = downs = resets = 0;
        effects_open(fx, LINK(1));
        effects_timer(fx, 1, input->now + SIM_MS);
    } else if (self == 1 && input->kind == INPUT_TIMER) {
        for (unsigned i = 0; i < 3 && said < MESSAGES; i++, said++) {
            g_snprintf(text[said], sizeof(text[said]), "%u", said);
            say(fx, LINK(1), text[said]);
        }
        if (said < MESSAGES) {
            effects_timer(fx, 1, input->now + SIM_MS);
        } else {
            effects_close(fx, LINK(1));
        }
    } else if (input->kind == INPUT_LINK) {
        count_link(input);
        if (input->link.state == LINK_DOWN) {
            ck_assert_uint_eq(heard, MESSAGES); /* after all its bytes */
        }
    } else if (self == 2 && input->kind == INPUT_MESSAGE) {
        char number[8] = "";

        memcpy(number, input->message.bytes.data, input->message.bytes.size);
        ck_assert_uint_eq(g_ascii_strtoull(number, NULL, 10), heard);
        heard++;
        say(fx, input->message.link, "thanks");
    }
}

START_TEST(every_byte_comes_once_and_in_order)
{
    static const char *const plans[] = {
        "",
        "- {at: 20 ms, kind: partition, nodes: n1, to: n2, for: 5 s}\n",
        "- {at: 20 ms, kind: clog, nodes: n1, to: n2, for: 3 s}\n"
        "- {at: 25 ms, kind: pause, nodes: n2, for: 1 s}\n",
        "- {at: 15 ms, kind: flap, nodes: n1, to: n2, period: 40 ms, for: 2 "
        "s}\n",
    };
    Rig *rig = rig_new(ROUGH, plans[_i % 4], (uint64_t)_i, pour);

    rig_run(rig, SIM_NEVER);
    ck_assert_uint_eq(heard, MESSAGES);
    ck_assert_uint_eq(downs, 1);
    ck_assert_uint_eq(resets, 0);
    ck_assert_uint_eq(rig->shared.cells[1]->streams->len, 0);
    ck_assert_uint_eq(rig->shared.cells[2]->streams->len, 0);
    rig_free(rig);
}
END_TEST

START_TEST(a_partition_stalls_a_stream_and_a_heal_lets_it_go_on)
{
    Rig *rig =
        rig_new(QUIET, "- {at: 20 ms, kind: partition, nodes: n1, for: 1 s}\n",
                1, pour);

    rig_run(rig, 1020 * SIM_MS);
    ck_assert_uint_lt(heard, MESSAGES);
    ck_assert_uint_eq(downs + resets, 0);
    rig_run(rig, 1200 * SIM_MS); /* no later than a retry after the heal */
    ck_assert_uint_eq(heard, MESSAGES);
    ck_assert_uint_eq(downs, 1);
    rig_free(rig);
}
END_TEST

/* Both say something every 100 ms, from 30 ms on. */
static void
keep_talking(NodeId self, const Input *input, Effects *fx)
{
    if (self == 3) {
        return;
    }
    if (input->kind == INPUT_START) {
        effects_timer(fx, 1, 30 * SIM_MS);
        if (self == 1) {
            effects_open(fx, LINK(7));
        }
    } else if (input->kind == INPUT_TIMER) {
        say(fx, self == 1 ? LINK(7) : FAR(7), "still there?");
        effects_timer(fx, 1, input->now + 100 * SIM_MS);
    }
}

START_TEST(retries_do_not_multiply_with_the_changes_of_the_network)
{
    /* Node 3 is cut off and joined again, again and again, while node 1 waits
     * for node 2: that is no reason to try more often. */
    Rig *calm = rig_new(QUIET,
                        "- {at: 20 ms, kind: partition, nodes: n1, to: n2, "
                        "for: 10 s}\n",
                        1, talk);
    Rig *busy = rig_new(QUIET,
                        "- {at: 20 ms, kind: partition, nodes: n1, to: n2, "
                        "for: 10 s}\n"
                        "- {at: 30 ms, kind: flap, nodes: n3, to: [n1, n2], "
                        "period: 4 ms, for: 9 s}\n",
                        1, talk);

    rig_run(calm, 9 * SIM_S);
    rig_free(calm);
    rig_run(busy, 9 * SIM_S);
    ck_assert_uint_eq(rig_count(busy, "send n1 n2/7 '2'"), 6);
    ck_assert_uint_eq(rig_count(busy, "reset"), 1);
    rig_free(busy);
}
END_TEST

START_TEST(patience_ends_in_a_reset_on_both_sides)
{
    Rig *rig = rig_new(QUIET,
                       "- {at: 20 ms, kind: partition, nodes: n1, for: 30 "
                       "s}\n",
                       1, keep_talking);

    rig_run(rig, SIM_NEVER);
    ck_assert_uint_eq(rig_count(rig, "n1 link n2/7 reset"), 1);
    ck_assert_uint_eq(rig_count(rig, "n2 link n1/7a reset"), 1);
    ck_assert_uint_eq(rig->shared.cells[1]->streams->len, 0);
    ck_assert_uint_eq(rig->shared.cells[2]->streams->len, 0);
    rig_free(rig);
}
END_TEST

START_TEST(a_paused_node_is_told_of_a_reset_when_it_goes_on)
{
    Rig *rig = rig_new(QUIET,
                       "- {at: 20 ms, kind: partition, nodes: n1, for: 30 s}\n"
                       "- {at: 200 ms, kind: pause, nodes: n1, for: 20 s}\n",
                       1, keep_talking);

    rig_run(rig, SIM_NEVER);
    check_inputs(rig, "n1 link n2/7 reset", "20200.000 n1 link n2/7 reset\n");
    rig_free(rig);
}
END_TEST

START_TEST(who_is_killed_resets_its_streams)
{
    Rig *rig = rig_new(_i < 5 ? QUIET : ROUGH,
                       "- {at: 5 s, kind: kill, nodes: n2, for: 1 s}\n",
                       (uint64_t)_i, talk);

    rig_run(rig, SIM_NEVER);
    if (_i < 5) {
        check_inputs(rig, "reset", "5010.000 n1 link n2/7 reset\n");
    } else {
        ck_assert_uint_eq(rig_count(rig, "n1 link n2/7 reset"), 1);
    }
    ck_assert_uint_eq(rig->shared.cells[1]->streams->len, 0);
    rig_free(rig);
}
END_TEST

START_TEST(a_crashed_machine_resets_only_when_it_is_back)
{
    Rig *rig = rig_new(QUIET,
                       "- {at: 100 ms, kind: crash, nodes: n2, for: 1 "
                       "s}\n",
                       1, keep_talking);
    g_autofree char *lines = NULL;

    rig_run(rig, 1100 * SIM_MS);
    ck_assert_uint_eq(rig_count(rig, "reset"), 0);
    rig_run(rig, SIM_NEVER);
    lines = rig_inputs(rig, "reset");
    /* It is back at 1100 ms; what came next, at 1140 ms, is answered. */
    ck_assert_str_eq(lines, "1150.000 n1 link n2/7 reset\n");
    rig_free(rig);
}
END_TEST

START_TEST(a_machine_that_stays_away_costs_the_patience)
{
    Rig *rig = rig_new(QUIET,
                       "- {at: 100 ms, kind: crash, nodes: n2}\n"
                       "- {at: 1 s, kind: partition, nodes: n1}\n",
                       1, keep_talking);
    g_autofree char *lines = NULL;
    double at;

    rig_run(rig, SIM_NEVER);
    ck_assert_uint_eq(rig_count(rig, "reset"), 1);
    lines = rig_inputs(rig, "reset");
    at = g_ascii_strtod(lines, NULL);
    ck_assert(at > 2000 && at < 4500);
    rig_free(rig);
}
END_TEST

static void
close_at_once(NodeId self, const Input *input, Effects *fx)
{
    static const uint8_t much[5000];
    Slice part = slice_of(much, sizeof(much));

    if (self == 1 && input->kind == INPUT_START) {
        effects_open(fx, LINK(1));
        for (unsigned i = 0; i < 4; i++) {
            effects_send(fx, LINK(1), CHANNEL_ECHO, &part, 1);
        }
        effects_close(fx, LINK(1));
    } else if (self == 2 && input->kind == INPUT_MESSAGE) {
        say(fx, input->message.link, "go on");
    }
}

START_TEST(a_close_comes_after_all_bytes_even_on_a_slow_link)
{
    /* 20 kB at 10 kB/s: the far end's SYN-ACK and its words come back long
     * before the last byte is there, and must not be answered by a reset. */
    Rig *rig = rig_new(SLOW_LINK, "", 1, close_at_once);

    rig_run(rig, SIM_NEVER);
    ck_assert_uint_eq(rig_count(rig, "n2 message n1/1a [5000]"), 4);
    ck_assert_uint_eq(rig_count(rig, "n2 link n1/1a down"), 1);
    ck_assert_uint_eq(rig_count(rig, "reset"), 0);
    ck_assert_uint_eq(rig_count(rig, "n1 link"), 0); /* it has closed */
    ck_assert_uint_eq(rig->shared.cells[1]->streams->len, 0);
    ck_assert_uint_eq(rig->shared.cells[2]->streams->len, 0);
    rig_free(rig);
}
END_TEST

static void
both_close(NodeId self, const Input *input, Effects *fx)
{
    if (self == 1 && input->kind == INPUT_START) {
        effects_open(fx, LINK(1));
        effects_timer(fx, 1, 100 * SIM_MS);
    } else if (self == 2 && input->kind == INPUT_START) {
        effects_timer(fx, 1, 105 * SIM_MS);
    } else if (input->kind == INPUT_TIMER) {
        effects_close(fx, self == 1 ? LINK(1) : FAR(1));
        say(fx, self == 1 ? LINK(1) : FAR(1), "too late");
    }
}

START_TEST(both_may_close_at_once_and_nobody_is_told)
{
    Rig *rig = rig_new(QUIET, "", 1, both_close);

    rig_run(rig, SIM_NEVER);
    check_inputs(rig, "link",
                 "10.000 n2 link n1/1a up\n"
                 "20.000 n1 link n2/1 up\n");
    ck_assert_uint_eq(rig->shared.cells[1]->streams->len, 0);
    ck_assert_uint_eq(rig->shared.cells[2]->streams->len, 0);
    rig_free(rig);
}
END_TEST

static void
pauser(NodeId self, const Input *input, Effects *fx)
{
    if (self == 1 && input->kind == INPUT_START) {
        effects_open(fx, LINK(1));
        say(fx, LINK(1), "a");
        say(fx, LINK(1), "b");
        say(fx, LINK(1), "c");
        effects_close(fx, LINK(1));
    } else if (self == 2 && input->kind == INPUT_LINK &&
               input->link.state == LINK_UP) {
        effects_pause(fx, input->link.link, true);
        effects_timer(fx, 1, 100 * SIM_MS);
        effects_timer(fx, 2, 200 * SIM_MS);
    } else if (self == 2 && input->kind == INPUT_TIMER) {
        effects_pause(fx, FAR(1), false);
    } else if (self == 2 && input->kind == INPUT_MESSAGE &&
               input->message.bytes.data[0] == 'b') {
        effects_pause(fx, input->message.link, true);
    }
}

START_TEST(what_comes_while_a_stream_is_paused_is_held)
{
    Rig *rig = rig_new(QUIET, "", 1, pauser);

    rig_run(rig, SIM_NEVER);
    check_inputs(rig, "n1/1a",
                 "10.000 n2 link n1/1a up\n"
                 "100.000 n2 message n1/1a 'a'\n"
                 "100.000 n2 message n1/1a 'b'\n"
                 "200.000 n2 message n1/1a 'c'\n"
                 "200.000 n2 link n1/1a down\n");
    rig_free(rig);
}
END_TEST

static void
fill(NodeId self, const Input *input, Effects *fx)
{
    static const uint8_t bytes[300];
    Slice part = slice_of(bytes, sizeof(bytes));

    if (self == 1 && input->kind == INPUT_START) {
        effects_open(fx, LINK(1));
        for (unsigned i = 0; i < 4; i++) { /* of a buffer of 1000 */
            effects_send(fx, LINK(1), CHANNEL_ECHO, &part, 1);
        }
    }
}

START_TEST(a_program_hears_of_room_below_half)
{
    Rig *rig = rig_new(QUIET, "", 1, fill);

    rig_run(rig, SIM_NEVER);
    check_inputs(rig, "room", "20.000 n1 room n2/1\n");
    rig_free(rig);
}
END_TEST

/* One sends 900 bytes for a buffer of 1000; the other does not read until
 * 500 ms. */
static void
flood(NodeId self, const Input *input, Effects *fx)
{
    static const uint8_t bytes[300];
    static unsigned sent;
    Slice part = slice_of(bytes, sizeof(bytes));

    if (self == 2 && input->kind == INPUT_LINK) {
        effects_pause(fx, FAR(1), true);
        effects_timer(fx, 1, input->now + 490 * SIM_MS);
    } else if (self == 2 && input->kind == INPUT_TIMER) {
        effects_pause(fx, FAR(1), false);
    } else if (self == 1 && input->kind == INPUT_START) {
        sent = 0;
        effects_open(fx, LINK(1));
        effects_timer(fx, 1, input->now + 100 * SIM_MS);
    } else if (self == 1 && input->kind == INPUT_TIMER && sent < 3) {
        sent++;
        effects_send(fx, LINK(1), CHANNEL_ECHO, &part, 1);
        effects_timer(fx, 1, input->now + 10 * SIM_MS);
    }
}

START_TEST(a_reader_that_pauses_holds_the_writer_back)
{
    Rig *rig = rig_new(QUIET, "", 1, flood);

    rig_run(rig, 450 * SIM_MS);
    /* All of it waits at its sender, whose buffer stays full. */
    ck_assert_uint_eq(rig_count(rig, "[300]"), 0);
    rig_run(rig, SIM_NEVER);
    check_inputs(rig, "[300]",
                 "520.000 n2 message n1/1a [300]\n"
                 "520.000 n2 message n1/1a [300]\n"
                 "520.000 n2 message n1/1a [300]\n");
    rig_free(rig);
    rig = rig_new(QUIET, "", 1, flood);
    rig_run(rig, SIM_NEVER);
    check_inputs(rig, "room", "530.000 n1 room n2/1\n");
    rig_free(rig);
}
END_TEST

static void
reopen(NodeId self, const Input *input, Effects *fx)
{
    static uint32_t number;

    if (self != 1) {
        return;
    }
    if (input->kind == INPUT_START) {
        number = 1;
    }
    if (input->kind == INPUT_START ||
        (input->kind == INPUT_LINK && input->link.state != LINK_UP)) {
        effects_open(fx, LINK(number++));
    } else if (input->kind == INPUT_LINK) {
        say(fx, input->link.link, "hello");
    }
}

START_TEST(a_stream_that_was_reset_is_followed_by_a_fresh_one)
{
    Rig *rig = rig_new(QUIET,
                       "- {at: 100 ms, kind: kill, nodes: n2, for: 1 "
                       "us}\n",
                       1, reopen);

    rig_run(rig, SIM_NEVER);
    check_inputs(rig, "n2/",
                 "20.000 n1 link n2/1 up\n"
                 "110.000 n1 link n2/1 reset\n"
                 "130.000 n1 link n2/2 up\n");
    rig_free(rig);
}
END_TEST

START_TEST(an_opener_that_forgot_resets_the_old_stream_first)
{
    /* Node 1 loses power and opens the same number again: node 2 hears that
     * the first one is gone before it hears of the second. */
    Rig *rig = rig_new(QUIET,
                       "- {at: 100 ms, kind: crash, nodes: n1, for: 10 "
                       "ms}\n",
                       1, reopen);

    rig_run(rig, SIM_NEVER);
    check_inputs(rig, "n1/1a",
                 "10.000 n2 link n1/1a up\n"
                 "30.000 n2 message n1/1a 'hello'\n"
                 "120.000 n2 link n1/1a reset\n"
                 "120.000 n2 link n1/1a up\n"
                 "140.000 n2 message n1/1a 'hello'\n");
    rig_free(rig);
}
END_TEST

static void
speaks_later(NodeId self, const Input *input, Effects *fx)
{
    if (self == 1 && input->kind == INPUT_START &&
        input->start.incarnation == 1) {
        effects_open(fx, LINK(1));
    } else if (self == 2 && input->kind == INPUT_LINK) {
        effects_timer(fx, 1, 500 * SIM_MS);
    } else if (self == 2 && input->kind == INPUT_TIMER) {
        say(fx, FAR(1), "anybody?");
    }
}

START_TEST(a_half_open_stream_is_reset_when_it_is_used)
{
    Rig *rig = rig_new(QUIET,
                       "- {at: 100 ms, kind: crash, nodes: n1, for: 10 "
                       "ms}\n",
                       1, speaks_later);

    rig_run(rig, SIM_NEVER);
    check_inputs(rig, "n2 link",
                 "10.000 n2 link n1/1a up\n"
                 "520.000 n2 link n1/1a reset\n");
    rig_free(rig);
}
END_TEST

/* Anything at all, in any order: nothing leaks, nothing asserts, and no end
 * is told that a stream is up twice without its end in between. */
static uint8_t stream_state[4][4][8];

static void
monkey(NodeId self, const Input *input, Effects *fx)
{
    uint64_t draw = dice_u64(&input->dice, 0);
    unsigned number = (unsigned)(draw >> 8 & 3);
    NodeId peer = 1 + (NodeId)((draw >> 16) % 3);
    LinkId link = link_stream(peer, CHANNEL_ECHO, number);

    if (input->kind == INPUT_START) {
        memset(stream_state[self], 0, sizeof(stream_state[self]));
    }
    if (input->kind == INPUT_LINK) {
        unsigned slot = (unsigned)(input->link.link & 3) +
                        ((input->link.link & LINK_ACCEPTED) != 0 ? 4 : 0);
        uint8_t *state = &stream_state[self][link_peer(input->link.link)][slot];

        if (input->link.state == LINK_UP) {
            ck_assert_uint_eq(*state, 0);
        }
        *state = input->link.state == LINK_UP;
    }
    if ((draw >> 20 & 1) != 0) {
        link = (link ^ LINK_ACCEPTED);
    }
    effects_timer(fx, 1, input->now + SIM_MS + draw % (3 * SIM_MS));
    switch (draw >> 24 & 7) {
    case 0:
    case 1:
        effects_open(fx, link & ~LINK_ACCEPTED);
        break;
    case 2: {
        unsigned slot = number + ((link & LINK_ACCEPTED) != 0 ? 4 : 0);

        effects_close(fx, link);
        stream_state[self][peer][slot] = 0;
        break;
    }
    case 3:
        effects_pause(fx, link, (draw >> 32 & 1) != 0);
        break;
    default:
        say(fx, link, "words, words, words");
        break;
    }
}

START_TEST(whatever_programs_do_streams_stay_sane)
{
    Rig *rig = rig_new("duration: 3 s\n"
                       "nodes: {count: 3}\n"
                       "network: {links: \"delay 1ms 1ms loss 10%\", stream: "
                       "{retry: 5 ms, reset: 40 ms, buffer: 100 B}}\n",
                       "- {at: 300 ms, kind: crash, nodes: n1, for: 50 ms}\n"
                       "- {at: 600 ms, kind: kill, nodes: n2, for: 50 ms}\n"
                       "- {at: 900 ms, kind: pause, nodes: n3, for: 50 ms}\n"
                       "- {at: 1200 ms, kind: flap, nodes: n1, period: 20 ms, "
                       "for: 300 ms}\n"
                       "- {at: 1800 ms, kind: clog, nodes: n1, for: 300 ms}\n"
                       "- {at: 2200 ms, kind: slow, nodes: n3, amount: 800 "
                       "us, for: 300 ms}\n",
                       (uint64_t)_i, monkey);

    rig_run(rig, SIM_NEVER);
    ck_assert_uint_gt(rig->records, 2000);
    rig_free(rig);
}
END_TEST

static Suite *
tcp_suite(void)
{
    Suite *suite = suite_create("tcp");
    TCase *tcase = tcase_create("tcp");

    tcase_add_test(tcase, each_end_has_its_own_name_for_a_stream);
    tcase_add_loop_test(tcase, every_byte_comes_once_and_in_order, 0, 40);
    tcase_add_test(tcase, a_partition_stalls_a_stream_and_a_heal_lets_it_go_on);
    tcase_add_test(tcase,
                   retries_do_not_multiply_with_the_changes_of_the_network);
    tcase_add_test(tcase, patience_ends_in_a_reset_on_both_sides);
    tcase_add_test(tcase, a_paused_node_is_told_of_a_reset_when_it_goes_on);
    tcase_add_loop_test(tcase, who_is_killed_resets_its_streams, 0, 25);
    tcase_add_test(tcase, a_crashed_machine_resets_only_when_it_is_back);
    tcase_add_test(tcase, a_machine_that_stays_away_costs_the_patience);
    tcase_add_test(tcase, a_close_comes_after_all_bytes_even_on_a_slow_link);
    tcase_add_test(tcase, both_may_close_at_once_and_nobody_is_told);
    tcase_add_test(tcase, what_comes_while_a_stream_is_paused_is_held);
    tcase_add_test(tcase, a_program_hears_of_room_below_half);
    tcase_add_test(tcase, a_reader_that_pauses_holds_the_writer_back);
    tcase_add_test(tcase, a_stream_that_was_reset_is_followed_by_a_fresh_one);
    tcase_add_test(tcase, an_opener_that_forgot_resets_the_old_stream_first);
    tcase_add_test(tcase, a_half_open_stream_is_reset_when_it_is_used);
    tcase_add_loop_test(tcase, whatever_programs_do_streams_stay_sane, 0, 30);
    suite_add_tcase(suite, tcase);
    return suite;
}

int
main(void)
{
    SRunner *runner = srunner_create(tcp_suite());
    int failed;

    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? 0 : 1;
}

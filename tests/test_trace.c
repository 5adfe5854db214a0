/* SPDX-License-Identifier: Apache-2.0 */
/* Records and the exact lines they must become. */
#include <check.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "sim/trace_text.h"
#include "sim/trace_words.h"
#include "tests/maker.h"

#define AT ((SimTime)1204000512)

static void
vote_arrives(Maker *maker)
{
    maker_begin(maker, AT, 2);
    maker_message(maker, 1, link_datagram(1), CHANNEL_RAFT,
                  maker_vote_request(3, 5, false));
    effects_timer(&maker->fx, 1, AT + 150 * SIM_MS);
    effects_timer(&maker->fx, 2, SIM_NEVER);

    Slice reply = maker_vote_reply(3, true);
    const char *file = "raft-vote";

    effects_write(&maker->fx, "raft-vote", 0, &reply, 1);
    effects_sync(&maker->fx, 3, &file, 1);
    effects_send(&maker->fx, link_datagram(1), CHANNEL_RAFT, &reply, 1)->after =
        3;
    maker_probe(maker, PROBE_RAFT_ROLE, 0, 3, 0);

    Fact *fact = maker_fact(maker, FACT_WRITE);

    fact->file = "raft-vote";
    fact->bytes = reply;
    fact = maker_fact(maker, FACT_SYNC);
    fact->token = 3;

    Slice names[] = {slice_text("raft-vote"), slice_text("raft-log-1")};

    fact->files = names;
    fact->file_count = 2;
    maker_end(maker);
}

static void
vote_leaves(Maker *maker)
{
    maker_begin(maker, AT, 2);

    Fact *fact = maker_fact(maker, FACT_DURABLE);

    fact->token = 3;
    maker_synced(maker, 3, 0);
    maker_send(maker, 1, CHANNEL_RAFT, maker_vote_reply(3, true),
               1200 * SIM_US);
    maker_end(maker);
}

static void
fates(Maker *maker)
{
    maker_begin(maker, AT, 1);
    maker_timer(maker, 7);

    Fact *fact = maker_send(maker, 2, CHANNEL_RAFT,
                            maker_vote_request(4, 0, true), SIM_MS);

    fact->fate.copy_count = 2;
    fact->fate.copies[1].at = AT + 2 * SIM_MS + 5;
    fact->fate.copies[1].corrupt = true;
    fact->fate.copies[1].bit = 17;
    fact->fate.reordered = true;
    fact = maker_send(maker, 3, CHANNEL_RAFT,
                      maker_append_request(4, 10, 3, 40), 0);
    fact->fate.copy_count = 0;
    fact->fate.drop = FATE_PARTITION;
    fact = maker_send(maker, 4, CHANNEL_RAFT,
                      maker_append_request(4, 10, 1, 4000), SIM_S);
    fact->fate.fragments = 3;
    maker_send(maker, 5, CHANNEL_RAFT, maker_append_request(4, 10, 0, 0), 999);
    maker_send(maker, 5, CHANNEL_RAFT, slice_text("hello"), 0);
    maker_send(maker, 2, CHANNEL_ECHO, slice_text("hello"), 0);
    maker_end(maker);
}

static void
streams(Maker *maker)
{
    LinkId link = link_stream(6, CHANNEL_CLIENT, 4) | LINK_ACCEPTED;
    Slice request = maker_kv_request(9, 1, "k3", "v17");

    maker_begin(maker, AT, 2);
    maker_link(maker, link, LINK_UP);
    maker_end(maker);
    for (unsigned i = 0; i < 2; i++) {
        maker_begin(maker, AT + 1 + i, 2);
        maker_message(maker, 6, link, CHANNEL_CLIENT,
                      slice_sub(request, i * 6, i == 0 ? 6 : 100));
        maker_end(maker);
    }
    maker_begin(maker, AT + 3, 2);
    maker_timer(maker, 1);

    Fact *fact = maker_fact(maker, FACT_SEND);

    fact->link = link;
    fact->channel = CHANNEL_CLIENT;
    fact->bytes = maker_kv_reply(9, 0, "v17", 3);
    fact->fate.copy_count = 1;
    fact->fate.copies[0].at = AT + 3 + SIM_MS;
    fact->value = 3;
    fact = maker_fact(maker, FACT_SEND);
    fact->link = link;
    fact->channel = CHANNEL_CLIENT;
    fact->bytes = slice_text("abc");
    fact->fate.drop = FATE_LOSS;
    fact->value = 3;
    fact = maker_fact(maker, FACT_SEND);
    fact->link = link;
    fact->channel = CHANNEL_CLIENT;
    fact->fate.copy_count = 1;
    fact->value = 2;
    maker_end(maker);
    maker_begin(maker, AT + 4, 6);
    maker_message(maker, 2, link_far_end(link, 2), CHANNEL_CLIENT,
                  maker_kv_reply(10, 1, "v", 0));
    effects_close(&maker->fx, link_far_end(link, 2));
    maker_end(maker);
    maker_begin(maker, AT + 5, 2);
    maker_link(maker, link, LINK_RESET);
    maker_end(maker);
}

static void
world(Maker *maker)
{
    maker_begin(maker, 12 * SIM_S, 0);

    Fact *fact = maker_fact(maker, FACT_FAULT);

    fact->value = 3;
    fact->text = "partition n1 n2 | n3 n4 n5";
    fact = maker_fact(maker, FACT_CRASH);
    fact->node = 4;
    fact = maker_fact(maker, FACT_LOST);
    fact->node = 4;
    fact->size = 512;
    fact = maker_fact(maker, FACT_DAMAGE);
    fact->node = 4;
    fact->text = "disk-wipe";
    fact = maker_fact(maker, FACT_DROP);
    fact->node = 4;
    fact->link = link_datagram(7);
    fact->channel = CHANNEL_RAFT;
    fact->bytes = slice_text("12345");
    fact = maker_fact(maker, FACT_HEAL);
    fact->value = 3;
    fact = maker_fact(maker, FACT_HEAL);
    fact->value = 4;
    fact->text = "partition of nobody";
    maker_end(maker);

    FileInfo files[] = {{"raft-log-1", 4096}, {"raft-vote", 16}};

    maker_begin(maker, 123456 * SIM_MS, 4);
    fact = maker_fact(maker, FACT_RESTART);
    fact->value = 2;
    maker_start(maker, 2, files, 2);
    effects_read(&maker->fx, 1, "raft-log-1", 0, 4096);
    effects_halt(&maker->fx, "no way on");
    fact = maker_fact(maker, FACT_HALT);
    fact->text = "no\nway on";
    maker_end(maker);
    maker_begin(maker, 1234567 * SIM_MS, 4);
    maker_synced(maker, 8, EIO);
    maker_end(maker);
}

/* A member puts the channel on top of timer ids and tokens. */
static void
member(Maker *maker)
{
    TimerId timer = (TimerId)CHANNEL_RAFT << 48 | 7;
    Token token = (Token)CHANNEL_RAFT << 56 | 9;
    Slice bytes = slice_text("b");

    maker_begin(maker, 5, 1);
    maker_timer(maker, timer);
    effects_timer(&maker->fx, timer, 10);
    effects_write(&maker->fx, "f", 0, &bytes, 1)->after = token;
    maker_fact(maker, FACT_SYNC)->token = token;
    maker_end(maker);
    maker_begin(maker, 6, 1);
    maker_fact(maker, FACT_DURABLE)->token = token;
    maker_synced(maker, token, ENOSPC);
    maker_end(maker);
}

static void
client(Maker *maker)
{
    maker_begin(maker, 5, 6);
    maker_timer(maker, 1);

    uint64_t cas[] = {8, 2, 2, 3}, absent[] = {8, 2 | 256, 2, 3};
    uint64_t read[] = {9, 0, 2, 0}, info[] = {8, 3, 2, 0};
    uint64_t ok[] = {9, 1, 0, 0}, none[] = {9, 1, 0, 1};

    effects_probe(&maker->fx, PROBE_CLIENT_INVOKE, cas, 4,
                  slice_text("k3v17v9"));
    effects_probe(&maker->fx, PROBE_CLIENT_INVOKE, absent, 4,
                  slice_text("k3v17"));
    effects_probe(&maker->fx, PROBE_CLIENT_INVOKE, read, 4, slice_text("k3"));
    effects_probe(&maker->fx, PROBE_CLIENT_OUTCOME, info, 4, (Slice){0});
    effects_probe(&maker->fx, PROBE_CLIENT_OUTCOME, ok, 4, slice_text("v9"));
    effects_probe(&maker->fx, PROBE_CLIENT_OUTCOME, none, 4, (Slice){0});
    maker_probe(maker, PROBE_RAFT_APPLY, 4, 2, 0xabcdef);
    maker_probe(maker, 999, 1, 2, 3);
    maker_end(maker);
}

static const struct {
    const char *name;
    void (*make)(Maker *maker);
    const char *want;
} lines[] = {
    {"vote arrives", vote_arrives,
     "[  1.204000512] raft 2 < vote_request from 1 m1.1: term 3, last log 5 of "
     "term 2\n"
     "[  1.204000512] node 2 > timer 1 in 150ms\n"
     "[  1.204000512] node 2 > timer 2 off\n"
     "[  1.204000512] raft 2 > vote_reply to 1 after #3\n"
     "[  1.204000512] node 2 * raft.role: follower, term 3, leader 0, value "
     "0\n"
     "[  1.204000512] node 2 > write raft-vote @0 +6\n"
     "[  1.204000512] node 2 > sync #3: raft-vote raft-log-1\n"},
    {"vote leaves", vote_leaves,
     "[  1.204000512] node 2 ! durable #3\n"
     "[  1.204000512] node 2 < synced #3\n"
     "[  1.204000512] raft 2 > vote_reply to 1 m2.1: grant, term 3; at "
     "+1.2ms\n"},
    {"fates", fates,
     "[  1.204000512] node 1 < timer 7\n"
     "[  1.204000512] raft 1 > pre_vote_request to 2 m1.1: term 4, last log 0 "
     "of "
     "term 3; at +1ms, again at +2.000005ms with bit 17 flipped, "
     "overtaking\n"
     "[  1.204000512] raft 1 > append_request to 3 m1.1: term 4, entries "
     "11..13 of "
     "term 4 (120 bytes), after 10 of term 4, commit 10, sequence 11; lost: "
     "partition\n"
     "[  1.204000512] raft 1 > append_request to 4 m1.1: term 4, entry 11 of "
     "term "
     "4 (4000 bytes), after 10 of term 4, commit 10, sequence 11; at +1s, in "
     "3 fragments\n"
     "[  1.204000512] raft 1 > append_request to 5 m1.1: term 4, after 10 of "
     "term "
     "4, commit 10, sequence 11; at +999ns\n"
     "[  1.204000512] raft 1 > noise to 5 m1.1: 5 bytes; at +0s\n"
     "[  1.204000512] echo 1 > message to 2 m1.1: \"hello\"; at +0s\n"},
    {"streams", streams,
     "[  1.204000512] kv 2 < up: stream 4 from client 6\n"
     "[  1.204000513] kv 2 < 6 bytes from client 6 m6.2: part of a message, 6 "
     "so "
     "far\n"
     "[  1.204000514] kv 2 < request from client 6 m6.3: #9 write \"k3\" = "
     "\"v17\"\n"
     "[  1.204000515] node 2 < timer 1\n"
     "[  1.204000515] kv 2 > reply to client 6: #9 ok, \"v17\", index 10; "
     "at +1ms\n"
     "[  1.204000515] kv 2 > 3 bytes to client 6; lost: loss\n"
     "[  1.204000515] kv 2 > syn-ack of stream 4 to client 6; at +0s\n"
     "[  1.204000516] kv 6 < reply from 2 m2.5: #10 not leader, index 11\n"
     "[  1.204000516] kv 6 > close stream 4 to 2\n"
     "[  1.204000517] kv 2 < reset: stream 4 from client 6\n"},
    {"world", world,
     "[ 12.000000000] world ! partition #3: n1 n2 | n3 n4 n5\n"
     "[ 12.000000000] node 4 ! crash\n"
     "[ 12.000000000] node 4 ! lost 512 un-synced bytes\n"
     "[ 12.000000000] node 4 ! damage: disk-wipe\n"
     "[ 12.000000000] world ! heal #3\n"
     "[ 12.000000000] world ! heal partition #4: of nobody\n"
     "[ 12.000000000] raft 4 ! drop what came from client 7\n"
     "[123.456000000] node 4 ! restart, incarnation 2\n"
     "[123.456000000] node 4 < start, incarnation 2, raft-log-1 +4096, "
     "raft-vote +16\n"
     "[123.456000000] node 4 > read #1: raft-log-1 @0 +4096\n"
     "[123.456000000] node 4 ! halt: no?way on\n"
     "[1234.567000000] node 4 < synced #8, failed: EIO\n"},
    {"member", member,
     "[  0.000000005] raft 1 < timer 7\n"
     "[  0.000000005] raft 1 > timer 7 in 5ns\n"
     "[  0.000000005] raft 1 > write f after #9\n"
     "[  0.000000005] raft 1 > sync #9\n"
     "[  0.000000006] raft 1 ! durable #9\n"
     "[  0.000000006] raft 1 < synced #9, failed: ENOSPC\n"},
    {"client", client,
     "[  0.000000005] client 6 < timer 1\n"
     "[  0.000000005] client 6 * cas \"k3\" from \"v9\" to \"v17\", process "
     "8\n"
     "[  0.000000005] client 6 * cas \"k3\" from absent to \"v17\", process "
     "8\n"
     "[  0.000000005] client 6 * read \"k3\", process 9\n"
     "[  0.000000005] client 6 * info cas, process 8\n"
     "[  0.000000005] client 6 * ok read, \"v9\", process 9\n"
     "[  0.000000005] client 6 * ok read, absent, process 9\n"
     "[  0.000000005] client 6 * raft.apply: index 4, term 2, hash "
     "0000000000abcdef, value 0\n"
     "[  0.000000005] client 6 * probe 999: value 1, value 2, value 3, value "
     "0\n"},
};

typedef struct Printer {
    TraceText *text;
    GString *out;
} Printer;

static void
print(void *data, const Record *record)
{
    Printer *printer = data;

    trace_text_record(printer->text, printer->out, record);
}

START_TEST(test_lines)
{
    TraceAbout about = {"made-up", 1, 5, 2};
    Printer printer = {trace_text_new(&about), g_string_new(NULL)};
    Maker maker;

    maker_init(&maker, print, &printer);
    lines[_i].make(&maker);
    ck_assert_msg(strcmp(printer.out->str, lines[_i].want) == 0,
                  "%s:\n%s--- instead of\n%s", lines[_i].name, printer.out->str,
                  lines[_i].want);
    maker_clear(&maker);
    maker_forget();
    trace_text_free(printer.text);
    g_string_free(printer.out, TRUE);
}
END_TEST

static const struct {
    SimTime duration;
    const char *want;
} durations[] = {
    {0, "0s"},
    {1, "1ns"},
    {999, "999ns"},
    {1000, "1us"},
    {1001, "1.001us"},
    {1200000, "1.2ms"},
    {150000512, "150.000512ms"},
    {1000000000, "1s"},
    {60500000000, "60.5s"},
    {SIM_NEVER, "18446744073.709551615s"},
};

START_TEST(test_durations)
{
    GString *out = g_string_new(NULL);

    trace_words_duration(out, durations[_i].duration);
    ck_assert_str_eq(out->str, durations[_i].want);
    g_string_free(out, TRUE);
}
END_TEST

static const struct {
    const char *bytes;
    size_t size;
    const char *want;
} quotes[] = {
    {"", 0, "\"\""},
    {"k3", 2, "\"k3\""},
    {"a\"b", 3, "3 bytes"},
    {"a\0b", 3, "3 bytes"},
    {"\xc3\xa4", 2, "2 bytes"},
    {"0123456789abcdef0123456789abcdef", 32,
     "\"0123456789abcdef0123456789abcdef\""},
    {"0123456789abcdef0123456789abcdefg", 33,
     "\"0123456789abcdef0123456789abcdef\"... (33 bytes)"},
};

START_TEST(test_quotes)
{
    GString *out = g_string_new(NULL);

    trace_words_bytes(out, (const uint8_t *)quotes[_i].bytes, quotes[_i].size);
    ck_assert_str_eq(out->str, quotes[_i].want);
    g_string_free(out, TRUE);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("trace");
    TCase *tcase = tcase_create("text");

    tcase_add_loop_test(tcase, test_lines, 0, G_N_ELEMENTS(lines));
    tcase_add_loop_test(tcase, test_durations, 0, G_N_ELEMENTS(durations));
    tcase_add_loop_test(tcase, test_quotes, 0, G_N_ELEMENTS(quotes));
    suite_add_tcase(suite, tcase);

    SRunner *runner = srunner_create(suite);

    srunner_run_all(runner, CK_NORMAL);

    int failed = srunner_ntests_failed(runner);

    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

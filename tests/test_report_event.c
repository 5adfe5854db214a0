/* SPDX-License-Identifier: Apache-2.0 */
/* Lines of a text trace, and what a drawing understands of them. */
#include <check.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <glib.h>

#include "sim/report_event.h"

static const struct {
    const char *line;
    const char *want; /* kind, cell, peer, name, lost, id, number */
} lines[] = {
    {"[  1.204000512] raft 2 < vote_request from 1 m1.98: term 3, last 0",
     "receive 2 1 'vote_request' '' m1.98 0"},
    {"[  1.204000512] raft 2 > vote_reply to 1 m2.37: grant; at +1.2ms",
     "send 2 1 'vote_reply' '' m2.37 0"},
    {"[  1.204000512] raft 1 > append_request to 3 m1.7: term 4; lost: "
     "partition",
     "send 1 3 'append_request' 'partition' m1.7 0"},
    {"[  1.204000512] raft 2 > vote_reply to 1 after #3",
     "wait 2 1 'vote_reply' '' m0.0 3"},
    {"[  1.204000515] kv 2 > syn-ack of stream 4 to client 6 m2.5; at +0s",
     "send 2 6 'syn-ack of stream 4' '' m2.5 0"},
    {"[  1.204000516] kv 6 < reply from 2 m2.5: #10 not leader, index 11",
     "receive 6 2 'reply' '' m2.5 0"},
    {"[ 12.000000000] raft 2 ! drop what came from 3 m3.9: node down",
     "drop 2 3 'drop what came' '' m3.9 0"},
    {"[  1.204000512] node 2 * raft.role: pre-candidate, term 3, leader 0",
     "role 2 0 'pre-candidate' '' m0.0 3"},
    {"[  1.204000512] node 3 * raft.vote: term 7, candidate 5",
     "vote 3 5 'term 7, candidate 5' '' m0.0 7"},
    {"[  1.204000512] raft 2 > sync #12: raft-vote raft-log-1",
     "sync 2 0 '' '' m0.0 12"},
    {"[  1.204000512] raft 2 ! durable #12", "durable 2 0 '' '' m0.0 12"},
    {"[  1.204000512] raft 1 < timer 7", "timer 1 0 '' '' m0.0 0"},
    {"[  1.204000512] node 2 < start, incarnation 1",
     "start 2 0 ', incarnation 1' '' m0.0 0"},
    {"[  1.204000512] node 2 ! crash: power loss",
     "crash 2 0 ': power loss' '' m0.0 0"},
    {"[  2.000000000] world ! partition #1: n1 n2 | n3 n4 n5",
     "fault 0 0 'partition #1: n1 n2 | n3 n4 n5' '' m0.0 1"},
    {"[  2.000000000] world ! heal partition #14",
     "heal 0 0 'partition #14' '' m0.0 14"},
    {"[  2.000000000] node 2 > write raft-vote @0 +40",
     "other 2 0 '' '' m0.0 0"},
    {"[  2.000000000] node 2 > write raft-vote", "other 2 0 '' '' m0.0 0"},
    {"", NULL},
    {"[", NULL},
    {"[  1.2", NULL},
    {"[99999999999999999999.000000000] node 2 < start", NULL},
    {"[  1.000000000] node", NULL},
    {"[  1.000000000] node 99999999999 < start", NULL},
    {"seedbed", NULL},
};

static const char *const kinds[] = {
    "other", "receive", "send",    "wait",  "drop",  "role",
    "vote",  "sync",    "durable", "timer", "start", "crash",
    "halt",  "pause",   "resume",  "lost",  "fault", "heal"};

static void
say(const ReportEvent *event, char *text, size_t size)
{
    bool named = event->kind != REPORT_OTHER && event->kind != REPORT_SYNC &&
                 event->kind != REPORT_DURABLE && event->kind != REPORT_TIMER;

    g_snprintf(text, size, "%s %u %u '%.*s' '%.*s' m%u.%" PRIu64 " %" PRIu64,
               kinds[event->kind], event->cell,
               event->kind == REPORT_OTHER ? 0 : event->peer,
               named ? (int)event->name_size : 0, named ? event->name : "",
               (int)event->lost_size, event->lost != NULL ? event->lost : "",
               event->message_cell, event->message_number, event->number);
}

START_TEST(test_lines)
{
    const char *line = lines[_i].line;
    ReportEvent event;
    char text[200];
    bool good = report_event_parse(line, strlen(line), &event);

    ck_assert_int_eq(good, lines[_i].want != NULL);
    if (good) {
        say(&event, text, sizeof(text));
        ck_assert_str_eq(text, lines[_i].want);
    }
}
END_TEST

/* Cut off anywhere, a line is never read beyond its end. */
START_TEST(test_cut)
{
    size_t size = strlen(lines[_i].line);

    for (size_t cut = 0; cut <= size; cut++) {
        g_autofree char *copy = g_memdup2(lines[_i].line, MAX(cut, 1));
        ReportEvent event;

        if (report_event_parse(copy, cut, &event) && event.lost_size > 0) {
            ck_assert(event.lost + event.lost_size <= copy + cut);
        }
    }
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("report_event");
    TCase *parse = tcase_create("parse");
    SRunner *runner = srunner_create(suite);
    int failed;

    tcase_add_loop_test(parse, test_lines, 0, G_N_ELEMENTS(lines));
    tcase_add_loop_test(parse, test_cut, 0, G_N_ELEMENTS(lines));
    suite_add_tcase(suite, parse);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

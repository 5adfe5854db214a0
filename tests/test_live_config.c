/* SPDX-License-Identifier: Apache-2.0 */
/* The live host's configuration file: what it becomes, and that every mistake
 * is one line with file, line and key. */
#include "nodes/host/live_config.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#define GOOD                                                                   \
    "self = 2\nprogram = echo\ndata = /d\n"                                    \
    "peer.1 = tcp:127.0.0.1:7001\npeer.2 = unix:/p\n"

static const struct {
    const char *name;
    const char *text;
    const char *want; /* of the error */
} mistakes[] = {
    {"empty", "", "f:1: self: missing, expected 'self = ...'"},
    {"no program", "self = 1\npeer.1 = unix:/p",
     "f:2: program: missing, expected 'program = ...'"},
    {"no own address", "self = 2\nprogram = e\ndata = d\npeer.1 = unix:/p",
     "f:4: peer.2: missing, it is this node's own address"},
    {"a gap", GOOD "peer.4 = unix:/q",
     "f:6: peer.4: found it, but no peer.3; expected 1..N without a gap"},
    {"no equals sign", "\n\nself 1",
     "f:3: found 'self 1', expected "
     "'key = value'"},
    {"no value", "self =  \n", "f:1: self: found nothing, expected a value"},
    {"twice", "self = 1\nself = 2",
     "f:2: self: found it again, expected it "
     "once"},
    {"no such key", "sefl = 1", NULL},
    {"not a number", "self = one",
     "f:1: self: found 'one', expected a number 1..4095"},
    {"too large", "self = 4096",
     "f:1: self: found '4096', expected a number 1..4095"},
    {"host name", "listen.clients = tcp:localhost:1",
     "f:1: listen.clients: found 'tcp:localhost:1', expected tcp:HOST:PORT "
     "(numeric host) or unix:PATH (at most 107 bytes)"},
    {"port", "peer.1 = tcp:1.2.3.4:70000", NULL},
    {"no path", "peer.1 = unix:", NULL},
    {"brackets", "peer.1 = tcp:::1:5", NULL},
    {"peer zero", "peer.0 = unix:/p",
     "f:1: peer.0: expected peer.1 to "
     "peer.4095"},
    {"small buffer", "send_buffer = 10 KiB", NULL},
    {"large buffer", "send_buffer = 18014398509481984 KiB", NULL},
    {"threads", "io_threads = 3",
     "f:1: io_threads: found '3', expected a number 1..2"},
    {"yes", "log_probes = maybe",
     "f:1: log_probes: found 'maybe', expected yes or no"},
    {"nameless", "config. = 1",
     "f:1: config.: expected a name behind the "
     "dot"},
};

START_TEST(test_mistake)
{
    GError *error = NULL;
    LiveConfig *config = live_config_parse("f", mistakes[_i].text, &error);

    ck_assert_msg(config == NULL, "%s: accepted", mistakes[_i].name);
    ck_assert_ptr_null(strchr(error->message, '\n'));
    ck_assert(g_str_has_prefix(error->message, "f:"));
    if (mistakes[_i].want != NULL) {
        ck_assert_str_eq(error->message, mistakes[_i].want);
    }
    g_error_free(error);
}
END_TEST

START_TEST(test_defaults)
{
    LiveConfig *config = live_config_parse("f", GOOD, NULL);

    ck_assert_ptr_nonnull(config);
    ck_assert_uint_eq(config->self, 2);
    ck_assert_uint_eq(config->node_count, 2);
    ck_assert_str_eq(config->program, "echo");
    ck_assert_str_eq(config->data, "/d");
    ck_assert_uint_eq(config->listen_peer_count, 1);
    ck_assert_str_eq(config->listen_peers[0].text, "unix:/p");
    ck_assert_int_eq(config->listen_peers[0].socket.ss_family, AF_UNIX);
    ck_assert_int_eq(config->peers[1].socket.ss_family, AF_INET);
    ck_assert_uint_eq(config->listen_client_count, 0);
    ck_assert_uint_eq(config->io_threads, 1);
    ck_assert_uint_eq(config->send_buffer, 8u << 20);
    ck_assert_str_eq(config->program_config->str, "");
    live_config_free(config);
}
END_TEST

START_TEST(test_everything)
{
    LiveConfig *config = live_config_parse(
        "f",
        "# a comment\n" GOOD "\n  listen.peers =   tcp:[::1]:0  \n"
        "listen.clients = unix:/c\nlisten.clients = tcp:0.0.0.0:80\r\n"
        "config.election_timeout = 150..300 ms\nconfig.a=b=c\n"
        "io_threads = 2\nsend_buffer = 64 KiB\ndatagram_buffer = 2MiB\n"
        "stop_timeout = 9\nlog_probes = yes\n",
        NULL);

    ck_assert_ptr_nonnull(config);
    ck_assert_uint_eq(config->listen_peer_count, 1);
    ck_assert_int_eq(config->listen_peers[0].socket.ss_family, AF_INET6);
    ck_assert_uint_eq(config->listen_client_count, 2);
    ck_assert_str_eq(config->program_config->str,
                     "election_timeout=150..300 ms\na=b=c\n");
    ck_assert_uint_eq(config->io_threads, 2);
    ck_assert_uint_eq(config->send_buffer, 65536);
    ck_assert_uint_eq(config->datagram_buffer, 2u << 20);
    ck_assert_uint_eq(config->stop_timeout, 9);
    ck_assert(config->log_probes);
    live_config_free(config);
}
END_TEST

START_TEST(test_file)
{
    GError *error = NULL;

    ck_assert_ptr_null(live_config_load("/no/such/file", &error));
    ck_assert(g_str_has_prefix(error->message, "/no/such/file: "));
    g_error_free(error);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("live_config");
    TCase *cases = tcase_create("live_config");

    tcase_add_loop_test(cases, test_mistake, 0, (int)G_N_ELEMENTS(mistakes));
    tcase_add_test(cases, test_defaults);
    tcase_add_test(cases, test_everything);
    tcase_add_test(cases, test_file);
    suite_add_tcase(suite, cases);

    SRunner *runner = srunner_create(suite);

    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

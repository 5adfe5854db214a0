/* SPDX-License-Identifier: Apache-2.0 */
/* Two live networks on one loop, over Unix sockets and over TCP: datagrams,
 * streams, clients, and strangers. What arrives is written down as text. */
#include "nodes/host/live_net.h"

#include <arpa/inet.h>
#include <check.h>
#include <errno.h>
#include <glib/gstdio.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define PATIENCE_MS 10000

typedef struct Host {
    LiveConfig *config;
    LiveNet *net;
    GString *log; /* "up 2", "down 2", "reset 2", "room 2", "2: bytes" */
    LinkId link;  /* of the last INPUT_LINK */
    size_t bytes; /* of streams, when `quiet` */
    bool quiet;   /* count bytes instead of writing them down */
} Host;

static uv_loop_t loop;
static char *directory;
static Host hosts[3]; /* [1], [2] */

static void
deliver(void *user, Input *input)
{
    static const char *const states[] = {"", "up", "down", "reset"};
    Host *host = user;

    switch (input->kind) {
    case INPUT_MESSAGE:
        if (host->quiet) {
            host->bytes += input->message.bytes.size;
            break;
        }
        g_string_append_printf(host->log,
                               "%u/%u: ", link_peer(input->message.link),
                               input->message.channel);
        g_string_append_len(host->log, (const char *)input->message.bytes.data,
                            (gssize)input->message.bytes.size);
        g_string_append_c(host->log, '\n');
        break;
    case INPUT_LINK:
        host->link = input->link.link;
        g_string_append_printf(host->log, "%s %u\n", states[input->link.state],
                               link_peer(input->link.link));
        break;
    case INPUT_ROOM:
        g_string_append_printf(host->log, "room %u\n",
                               link_peer(input->room.link));
        break;
    default:
        ck_abort_msg("unexpected input");
    }
}

static uint16_t
free_port(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    socklen_t size = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    ck_assert_int_eq(bind(fd, (struct sockaddr *)&address, size), 0);
    ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&address, &size), 0);
    close(fd);
    return ntohs(address.sin_port);
}

static void
start_host(unsigned id)
{
    GError *error = NULL;
    Host *host = &hosts[id];

    host->net = live_net_new(&loop, host->config, deliver, host);
    ck_assert_msg(live_net_listen(host->net, &error), "%s",
                  error == NULL ? "" : error->message);
    live_net_start(host->net);
}

static void
set_up_kind(bool tcp)
{
    g_autofree char *peers = NULL;

    signal(SIGPIPE, SIG_IGN);
    directory = g_dir_make_tmp("seedbed-net-XXXXXX", NULL);
    ck_assert_ptr_nonnull(directory);
    uv_loop_init(&loop);
    peers = tcp ? g_strdup_printf("peer.1 = tcp:127.0.0.1:%u\n"
                                  "peer.2 = tcp:127.0.0.1:%u\n",
                                  free_port(), free_port())
                : g_strdup_printf("peer.1 = unix:%s/1\npeer.2 = unix:%s/2\n",
                                  directory, directory);
    for (unsigned id = 1; id <= 2; id++) {
        g_autofree char *text = g_strdup_printf(
            "self = %u\nprogram = x\ndata = x\n%s"
            "listen.clients = unix:%s/client%u\nsend_buffer = 1 MiB\n"
            "datagram_buffer = 64 KiB\n",
            id, peers, directory, id);

        hosts[id].config = live_config_parse("f", text, NULL);
        ck_assert_ptr_nonnull(hosts[id].config);
        hosts[id].log = g_string_new(NULL);
        start_host(id);
    }
}

static void
set_up(void)
{
    set_up_kind(false);
}

static void
set_up_tcp(void)
{
    set_up_kind(true);
}

static void
tear_down(void)
{
    for (unsigned id = 1; id <= 2; id++) {
        if (hosts[id].net != NULL) {
            live_net_stop(hosts[id].net);
        }
    }
    ck_assert_int_eq(uv_run(&loop, UV_RUN_DEFAULT), 0);
    for (unsigned id = 1; id <= 2; id++) {
        live_net_free(hosts[id].net);
        live_config_free(hosts[id].config);
        g_string_free(hosts[id].log, TRUE);
    }
    ck_assert_int_eq(uv_loop_close(&loop), 0);
    ck_assert_int_eq(g_rmdir(directory), 0); /* no socket is left */
    g_free(directory);
}

/* One round of the loop, as the live host runs it. */
static void
turn(void)
{
    for (unsigned id = 1; id <= 2; id++) {
        if (hosts[id].net != NULL) {
            live_net_flush(hosts[id].net);
        }
    }
    uv_run(&loop, UV_RUN_NOWAIT);
    g_usleep(200);
}

static bool
has(unsigned id, const char *line)
{
    return strstr(hosts[id].log->str, line) != NULL;
}

static void
await(unsigned id, const char *line)
{
    gint64 until = g_get_monotonic_time() + PATIENCE_MS * 1000;

    while (!has(id, line)) {
        ck_assert_msg(g_get_monotonic_time() < until,
                      "node %u waits for '%s', has:\n%s", id, line,
                      hosts[id].log->str);
        turn();
    }
}

static void
send_text(unsigned id, LinkId link, Channel channel, const char *text)
{
    Effects fx;
    Slice part = slice_of(text, strlen(text));

    effects_init(&fx);
    effects_send(&fx, link, channel, &part, 1);
    live_net_send(hosts[id].net, &fx.items[0]);
    effects_clear(&fx);
}

static void
send_size(unsigned id, LinkId link, size_t size)
{
    g_autofree char *text = g_malloc(size + 1);

    memset(text, 'x', size);
    text[size] = '\0';
    send_text(id, link, CHANNEL_RAFT, text);
}

/* Datagrams are lost until both have dialled. */
static void
await_datagrams(unsigned from, unsigned to)
{
    for (unsigned tries = 0; !has(to, ": ping\n"); tries++) {
        ck_assert_uint_lt(tries, 5000);
        send_text(from, link_datagram(to), CHANNEL_ECHO, "ping");
        turn();
    }
}

START_TEST(test_datagrams)
{
    await_datagrams(1, 2);
    await_datagrams(2, 1);
    send_text(1, link_datagram(2), CHANNEL_RAFT, "first");
    send_text(1, link_datagram(2), 63, "");
    send_text(1, link_datagram(2), CHANNEL_RAFT, "last");
    await(2, "1/1: first\n1/63: \n1/1: last\n");

    /* Above the bound they are lost, the connection is not. */
    g_string_truncate(hosts[2].log, 0);
    hosts[2].quiet = true;
    for (unsigned i = 0; i < 10; i++) {
        send_size(1, link_datagram(2), DATAGRAM_MAX);
    }
    for (unsigned i = 0; i < 200; i++) {
        turn();
    }
    ck_assert_uint_eq(hosts[2].bytes, DATAGRAM_MAX);
    hosts[2].quiet = false;
    send_text(1, link_datagram(2), CHANNEL_RAFT, "still there");
    await(2, "1/1: still there\n");
}
END_TEST

START_TEST(test_redial)
{
    await_datagrams(1, 2);
    live_net_stop(hosts[2].net);
    for (unsigned i = 0; i < 100; i++) {
        uv_run(&loop, UV_RUN_NOWAIT);
        live_net_flush(hosts[1].net);
        g_usleep(200);
    }
    live_net_free(hosts[2].net);
    send_text(1, link_datagram(2), CHANNEL_ECHO, "into the void");
    start_host(2);
    g_string_truncate(hosts[2].log, 0);
    await_datagrams(1, 2);
    ck_assert(!has(2, "void"));
}
END_TEST

START_TEST(test_stream)
{
    LinkId link = link_stream(2, CHANNEL_RAFT, 5);
    LinkId far;

    live_net_open(hosts[1].net, link);
    send_text(1, link, CHANNEL_RAFT, "early");
    await(1, "up 2\n");
    await(2, "up 1\n1/1: early\n");
    far = hosts[2].link;
    ck_assert_uint_eq(far, link_far_end(link, 1));
    ck_assert_uint_eq(hosts[1].link, link);
    send_text(2, far, CHANNEL_RAFT, "answer");
    await(1, "2/1: answer\n");

    /* All bytes come before the farewell. */
    hosts[2].quiet = true;
    send_size(1, link, 900000);
    live_net_close(hosts[1].net, link);
    await(2, "down 1\n");
    ck_assert_uint_eq(hosts[2].bytes, 900000);
    send_text(1, link, CHANNEL_RAFT, "into the void");
    send_text(2, far, CHANNEL_RAFT, "into the void");
    live_net_close(hosts[2].net, far);

    /* A fresh one of the same name. */
    hosts[2].quiet = false;
    g_string_truncate(hosts[1].log, 0);
    g_string_truncate(hosts[2].log, 0);
    live_net_open(hosts[1].net, link);
    send_text(1, link, CHANNEL_RAFT, "again");
    await(2, "up 1\n1/1: again\n");
    ck_assert_str_eq(hosts[2].log->str, "up 1\n1/1: again\n");
    ck_assert(!has(1, "down"));
}
END_TEST

START_TEST(test_room_and_reset)
{
    LinkId link = link_stream(2, CHANNEL_RAFT, 1);

    live_net_open(hosts[1].net, link);
    await(2, "up 1\n");
    live_net_pause(hosts[2].net, hosts[2].link, true);
    hosts[2].quiet = true;

    /* The far end takes nothing: the kernel's buffers fill, then ours. */
    for (unsigned i = 0; !has(1, "reset 2\n"); i++) {
        ck_assert_uint_lt(i, 2000);
        send_size(1, link, 50000);
        for (unsigned k = 0; k < 5; k++) {
            turn();
        }
    }
    ck_assert(!has(1, "room"));
    live_net_pause(hosts[2].net, hosts[2].link, false);
    await(2, "reset 1\n"); /* behind what was sent; not as if closed */
    ck_assert(!has(2, "down"));
    ck_assert_uint_gt(hosts[2].bytes, 0);
}
END_TEST

START_TEST(test_room)
{
    LinkId link = link_stream(2, CHANNEL_RAFT, 1);

    live_net_open(hosts[1].net, link);
    hosts[2].quiet = true;
    send_size(1, link, 400000);
    await(1, "up 2\n");
    for (unsigned i = 0; i < 100 && hosts[2].bytes < 400000; i++) {
        turn();
    }
    ck_assert(!has(1, "room")); /* it never was above half of 1 MiB */
    send_size(1, link, 600000);
    await(1, "room 2\n");
    ck_assert_str_eq(hosts[1].log->str, "up 2\nroom 2\n");
}
END_TEST

START_TEST(test_refused)
{
    live_net_stop(hosts[2].net);
    for (unsigned i = 0; i < 20; i++) {
        uv_run(&loop, UV_RUN_NOWAIT);
    }
    live_net_free(hosts[2].net);
    hosts[2].net = NULL;
    live_net_open(hosts[1].net, link_stream(2, CHANNEL_RAFT, 1));
    await(1, "reset 2\n");
    live_net_open(hosts[1].net, link_stream(9, CHANNEL_RAFT, 1));
    await(1, "reset 9\n");
    ck_assert(!has(1, "up"));
}
END_TEST

/* A plain socket to @name in the directory. */
static int
dial(const char *name)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);

    g_snprintf(address.sun_path, sizeof address.sun_path, "%s/%s", directory,
               name);
    ck_assert_int_eq(connect(fd, (struct sockaddr *)&address, sizeof address),
                     0);
    return fd;
}

static void
await_eof(int fd)
{
    gint64 until = g_get_monotonic_time() + PATIENCE_MS * 1000;
    char byte;

    while (recv(fd, &byte, 1, 0) != 0 && errno != ECONNRESET) {
        ck_assert(g_get_monotonic_time() < until);
        turn();
    }
    close(fd);
}

START_TEST(test_clients)
{
    int first = dial("client1");
    int second;
    char bytes[16] = "";

    ck_assert_int_eq(send(first, "hello", 5, 0), 5);
    await(1, "up 3\n3/2: hello\n");
    second = dial("client1");
    await(1, "up 4\n");
    send_text(1, hosts[1].link, CHANNEL_CLIENT, "four");
    while (recv(second, bytes, sizeof bytes, 0) < 0) {
        turn();
    }
    ck_assert_str_eq(bytes, "four");
    /* No more questions, but the answer still comes. */
    ck_assert_int_eq(shutdown(second, SHUT_WR), 0);
    send_text(1, hosts[1].link, CHANNEL_CLIENT, "more");
    await(1, "down 4\n");
    await_eof(first >= 0 ? second : -1);
    close(first);
    await(1, "down 3\n");
    close(dial("client1"));
    await(1, "up 5\n"); /* ids go round */
    await(1, "down 5\n");
}
END_TEST

/* Strange bytes: the connection is closed, and nobody else notices. */
START_TEST(test_strangers)
{
    static const struct {
        const char *bytes;
        size_t size;
    } strange[] = {
        {"GET / HTTP/1.1\r\n\r\n", 18},
        {"\0", 1},
        /* A good hello from node 2, then a frame of 4 GiB. */
        {"SBLV\1\1\0\0\0\0\0\2\0\0\0\1\0\0\0\0\0\0\0\2"
         "\xff\xff\xff\xff\0\1\0\2",
         32},
        /* ... and one that claims to be of another node. */
        {"SBLV\1\1\0\0\0\0\0\2\0\0\0\1\0\0\0\0\0\0\0\2"
         "\0\0\0\1\0\1\0\3x",
         33},
        /* For another node; of a cluster of another size. */
        {"SBLV\1\1\0\0\0\0\0\1\0\0\0\2\0\0\0\0\0\0\0\2", 24},
        {"SBLV\1\1\0\0\0\0\0\2\0\0\0\1\0\0\0\0\0\0\0\3", 24},
    };

    if (strstr(hosts[1].config->peers[1].text, "tcp:") != NULL) {
        return; /* the same code; this dials the Unix socket */
    }
    for (size_t i = 0; i < G_N_ELEMENTS(strange); i++) {
        int fd = dial("1");

        ck_assert_int_eq(send(fd, strange[i].bytes, strange[i].size, 0),
                         (ssize_t)strange[i].size);
        await_eof(fd);
    }
    ck_assert_str_eq(hosts[1].log->str, "");
    await_datagrams(2, 1);
}
END_TEST

/* A socket that a killed node left is taken over, one in use is not. */
START_TEST(test_stale_socket)
{
    GError *error = NULL;
    LiveNet *third = live_net_new(&loop, hosts[1].config, deliver, &hosts[1]);
    g_autofree char *path = g_build_filename(directory, "2", NULL);
    g_autofree char *aside = g_build_filename(directory, "aside", NULL);

    ck_assert(!live_net_listen(third, &error));
    ck_assert_ptr_nonnull(strstr(error->message, "cannot listen on unix:"));
    g_error_free(error);
    live_net_stop(third);

    ck_assert_int_eq(rename(path, aside), 0);
    live_net_stop(hosts[2].net);
    for (unsigned i = 0; i < 20; i++) {
        turn();
    }
    live_net_free(third);
    live_net_free(hosts[2].net);
    ck_assert_int_eq(rename(aside, path), 0);
    start_host(2); /* over what the dead one left */
    await_datagrams(1, 2);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("live_net");
    static const struct {
        const char *name;
        void (*set_up)(void);
    } kinds[] = {{"unix", set_up}, {"tcp", set_up_tcp}};

    for (size_t i = 0; i < G_N_ELEMENTS(kinds); i++) {
        TCase *cases = tcase_create(kinds[i].name);

        tcase_add_checked_fixture(cases, kinds[i].set_up, tear_down);
        tcase_add_test(cases, test_datagrams);
        tcase_add_test(cases, test_redial);
        tcase_add_test(cases, test_stream);
        tcase_add_test(cases, test_room);
        tcase_add_test(cases, test_room_and_reset);
        tcase_add_test(cases, test_refused);
        tcase_add_test(cases, test_clients);
        tcase_add_test(cases, test_strangers);
        if (i == 0) {
            tcase_add_test(cases, test_stale_socket);
        }
        suite_add_tcase(suite, cases);
    }

    SRunner *runner = srunner_create(suite);

    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

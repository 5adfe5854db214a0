/* SPDX-License-Identifier: Apache-2.0 */
/* The live host as a whole, carrying a program of this test in a process of
 * its own: an answer that waits for a SYNC leaves when fdatasync returned and
 * not before, a failed one never leaves, and the exit codes say how it ended.
 * fdatasync() goes through a wrapper here (the linker's --wrap), held up or
 * failed by files in the test's directory. */
#include "nodes/host/live.h"

#include <check.h>
#include <errno.h>
#include <glib/gstdio.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "nodes/effects.h"

int __real_fdatasync(int fd);
int __wrap_fdatasync(int fd);

static char *directory, *hold_path, *fail_path;
static pid_t host;

int
__wrap_fdatasync(int fd)
{
    while (access(hold_path, F_OK) == 0) {
        g_usleep(1000);
    }
    if (access(fail_path, F_OK) == 0) {
        errno = EIO;
        return -1;
    }
    return __real_fdatasync(fd);
}

/* ---- the program: a client's byte says what to do ---- */

typedef struct Gate {
    Token token;
    LinkId client;
    bool stubborn; /* does not stop */
} Gate;

static void
reply(Effects *fx, LinkId link, const char *text, Token after)
{
    Slice part = slice_text(text);

    effects_send(fx, link, CHANNEL_CLIENT, &part, 1)->after = after;
}

static void
on_word(Gate *gate, char word, Effects *fx)
{
    Slice byte = slice_of("x", 1);

    switch (word) {
    case 'w': /* persist, then answer; what does not wait goes ahead */
        gate->token++;
        reply(fx, gate->client, "D", gate->token);
        effects_write(fx, "file", gate->token, &byte, 1);
        effects_sync(fx, gate->token, (const char *[]){"file"}, 1);
        reply(fx, gate->client, "d", gate->token);
        reply(fx, gate->client, "n", 0);
        break;
    case 'r':
        effects_read(fx, 1000, "file", 0, 100);
        break;
    case 't':
        effects_timer(fx, 7, SIM_NEVER);
        effects_timer(fx, 8, 0); /* long due */
        break;
    case 'o':
        effects_open(fx, link_stream(2, CHANNEL_ECHO, 1));
        reply(fx, gate->client, "o", 0);
        break;
    case 's':
        gate->stubborn = true;
        reply(fx, gate->client, "s", 0);
        break;
    case 'h':
        effects_halt(fx, "as told");
        reply(fx, gate->client, "!", 0); /* too late */
        break;
    default:
        break;
    }
}

static void
gate_step(void *node, const Input *input, Effects *fx)
{
    Gate *gate = node;

    switch (input->kind) {
    case INPUT_LINK:
        if (link_channel(input->link.link) == CHANNEL_CLIENT) {
            gate->client = input->link.link;
        } else if (input->link.state == LINK_RESET) {
            reply(fx, gate->client, "R", 0);
        }
        break;
    case INPUT_MESSAGE:
        for (size_t i = 0; i < input->message.bytes.size; i++) {
            on_word(gate, (char)input->message.bytes.data[i], fx);
        }
        break;
    case INPUT_SYNCED:
        reply(fx, gate->client, input->synced.error == 0 ? "s" : "E", 0);
        break;
    case INPUT_READ:
        reply(fx, gate->client, input->read.error == 0 ? "r" : "e", 0);
        break;
    case INPUT_TIMER:
        reply(fx, gate->client, input->timer.id == 8 ? "t" : "?", 0);
        break;
    case INPUT_STOP:
        if (!gate->stubborn) {
            effects_halt(fx, "told to stop");
        }
        break;
    default:
        break;
    }
}

static void *
gate_make(const NodeSetup *setup, char *error, size_t error_size)
{
    if (strcmp(setup->config, "") != 0) {
        g_snprintf(error, (gulong)error_size, "no such key");
        return NULL;
    }
    return g_new0(Gate, 1);
}

static const NodeProgram gate_program = {
    .abi = NODE_ABI,
    .name = "gate",
    .summary = "persists, then answers",
    .make = gate_make,
    .step = gate_step,
    .free = g_free,
};

/* ---- the host in a process ---- */

static void
set_up(void)
{
    directory = g_dir_make_tmp("seedbed-host-XXXXXX", NULL);
    ck_assert_ptr_nonnull(directory);
    hold_path = g_build_filename(directory, "hold", NULL);
    fail_path = g_build_filename(directory, "fail", NULL);
}

static void
remove_all(const char *path)
{
    GDir *entries = g_dir_open(path, 0, NULL);
    const char *name;

    while (entries != NULL && (name = g_dir_read_name(entries)) != NULL) {
        g_autofree char *below = g_build_filename(path, name, NULL);

        if (g_unlink(below) != 0) {
            remove_all(below);
        }
    }
    if (entries != NULL) {
        g_dir_close(entries);
    }
    g_rmdir(path);
}

static void
tear_down(void)
{
    remove_all(directory);
    g_free(directory);
    g_free(hold_path);
    g_free(fail_path);
}

static void
start(int io_threads, const char *extra)
{
    pid_t parent = getpid();

    host = fork();
    ck_assert_int_ge(host, 0);
    if (host == 0) {
        g_autofree char *text = g_strdup_printf(
            "self = 1\nprogram = gate\ndata = %s/data\nio_threads = %d\n"
            "peer.1 = unix:%s/peer\npeer.2 = unix:%s/nobody\n"
            "listen.clients = unix:%s/client\nstop_timeout = 1\n%s",
            directory, io_threads, directory, directory, directory, extra);
        LiveConfig *config = live_config_parse("test", text, NULL);

        prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (getppid() != parent || config == NULL) {
            _exit(99);
        }

        int code = live_carry(config, &gate_program);

        live_config_free(config);
        _exit(code);
    }
}

static int
await_exit(void)
{
    int status;

    ck_assert_int_eq(waitpid(host, &status, 0), host);
    ck_assert(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static int
connect_client(void)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    g_snprintf(address.sun_path, sizeof address.sun_path, "%s/client",
               directory);
    for (unsigned tries = 0;
         connect(fd, (struct sockaddr *)&address, sizeof address) != 0;
         tries++) {
        ck_assert_uint_lt(tries, 10000);
        g_usleep(1000);
    }
    return fd;
}

static void
say(int fd, const char *words)
{
    ck_assert_int_eq(send(fd, words, strlen(words), MSG_NOSIGNAL),
                     (ssize_t)strlen(words));
}

/* Exactly @want comes next. */
static void
hear(int fd, const char *want)
{
    char got[64] = "";

    for (size_t have = 0; have < strlen(want); have++) {
        struct pollfd entry = {.fd = fd, .events = POLLIN};

        ck_assert_msg(poll(&entry, 1, 10000) == 1, "heard '%s', expected '%s'",
                      got, want);
        ck_assert_int_eq(recv(fd, got + have, 1, 0), 1);
    }
    ck_assert_str_eq(got, want);
}

static void
hear_nothing(int fd, int wait_ms)
{
    struct pollfd entry = {.fd = fd, .events = POLLIN};

    ck_assert_int_eq(poll(&entry, 1, wait_ms), 0);
}

static void
make_file(const char *path)
{
    ck_assert(g_file_set_contents(path, "", 0, NULL));
}

START_TEST(test_persist_then_answer)
{
    int fd;

    start(_i, "");
    fd = connect_client();
    say(fd, "w");
    hear(fd, "nDds"); /* list order among those released together */
    make_file(hold_path);
    say(fd, "w");
    hear(fd, "n");
    hear_nothing(fd, 100); /* not before the device says so */
    say(fd, "t");
    hear(fd, "t"); /* the loop goes on meanwhile */
    say(fd, "wo");
    hear(fd, "noR"); /* nobody listens there */
    ck_assert_int_eq(unlink(hold_path), 0);
    hear(fd, "DdsDds");
    say(fd, "r");
    hear(fd, "r");
    close(fd);
    kill(host, SIGTERM);
    ck_assert_int_eq(await_exit(), LIVE_STOPPED);
}
END_TEST

START_TEST(test_failed_sync)
{
    int fd;

    start(_i, "");
    fd = connect_client();
    say(fd, "w");
    hear(fd, "nDds");
    make_file(fail_path);
    say(fd, "w");
    hear(fd, "nE"); /* the answer is dropped, the node is told */
    ck_assert_int_eq(unlink(fail_path), 0);
    say(fd, "w");
    hear(fd, "nE"); /* for ever, even if a retry would succeed */
    hear_nothing(fd, 50);
    say(fd, "h");
    ck_assert_int_eq(await_exit(), LIVE_HALTED);
    ck_assert_int_eq(recv(fd, &(char){0}, 1, 0), 0); /* no "!" */
    close(fd);
}
END_TEST

START_TEST(test_stopping)
{
    int fd;

    start(1, "");
    fd = connect_client();
    say(fd, "s");
    hear(fd, "s");
    kill(host, SIGINT); /* it will not; within stop_timeout it has to */
    ck_assert_int_eq(await_exit(), LIVE_HALTED);
    close(fd);
}
END_TEST

START_TEST(test_bad_config)
{
    start(1, "config.no_such = 1\n");
    ck_assert_int_eq(await_exit(), LIVE_BAD_CONFIG);
    start(1, "listen.clients = unix:/no/such/directory/socket\n");
    ck_assert_int_eq(await_exit(), LIVE_FAILED);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("live");
    TCase *cases = tcase_create("live");

    tcase_add_checked_fixture(cases, set_up, tear_down);
    tcase_add_loop_test(cases, test_persist_then_answer, 1, 3);
    tcase_add_loop_test(cases, test_failed_sync, 1, 3);
    tcase_add_test(cases, test_stopping);
    tcase_add_test(cases, test_bad_config);
    suite_add_tcase(suite, cases);

    SRunner *runner = srunner_create(suite);

    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Both carriers give the same effects; whatever a node process does to
 * itself, the simulator says what it was and nothing is left behind. */
#include <check.h>
#include <errno.h>
#include <libgen.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "config.h"
#include "nodes/host/control.h"
#include "sim/carrier.h"
#include "sim/crash_box.h"
#include "tests/bad_node.h"

#define BATCH 8u

static const NodeSetup setup = {.self = 2, .node_count = 3, .config = ""};

static char *node_binary, *bad_binary;
/* Echo built in, as a shared object, and as a process of its own; the last
 * two come from the environment when `make installcheck` built them. */
static char *echoes[3];

/* How the processes are reached. */
typedef enum Way { WAY_SOCKET, WAY_RING, WAY_PINNED, WAY_COUNT } Way;

static CarrierConfig
config_of(const char *program, Way way)
{
    return (CarrierConfig){.program = program,
                           .node_binary = node_binary,
                           .time_limit_scale = SEEDBED_SANITIZE ? 10 : 1,
                           .cpu = way == WAY_PINNED ? 0 : -1,
                           .cpu_limit = 300 * SIM_MS,
                           .wait_limit = 300 * SIM_MS,
                           .socket_only = way == WAY_SOCKET};
}

static Carrier *
start_process(const CarrierConfig *config)
{
    GError *error = NULL;
    Carrier *carrier = cluster_process_new(config, setup.self, &error);

    ck_assert_msg(carrier != NULL, "%s", error ? error->message : "");
    ck_assert_msg(carrier->ops->start(carrier, &setup, &error), "%s",
                  error ? error->message : "");
    return carrier;
}

static Input
message_of(SimTime now, Channel channel, Slice bytes)
{
    return (Input){.kind = INPUT_MESSAGE,
                   .now = now,
                   .wall = now + 5,
                   .dice = {7, now},
                   .message = {link_datagram(1), channel, bytes}};
}

/* The effects of a list as bytes, to be compared. */
static void
append_list(Wire *out, const Effects *fx)
{
    control_put_effects(out, fx);
}

/* Hand all @inputs to @carrier, as often as needed, and append every effect
 * to @out. Returns the number of hand-offs. */
static unsigned
feed(Carrier *carrier, const Input *inputs, unsigned count, Wire *out)
{
    Effects fx[BATCH];
    unsigned hand_offs = 0;

    for (unsigned i = 0; i < BATCH; i++) {
        effects_init(&fx[i]);
    }
    for (unsigned i = 0; i < count;) {
        CarrierDeath death = {0};
        unsigned done;
        unsigned taken = carrier->ops->step(
            carrier, inputs + i, MIN(count - i, BATCH), fx, &done, &death);

        ck_assert_msg(taken > 0, "died: %s", death.text);
        ck_assert_uint_eq(taken, done);
        for (unsigned k = 0; k < taken; k++) {
            append_list(out, &fx[k]);
        }
        i += taken;
        hand_offs++;
    }
    for (unsigned i = 0; i < BATCH; i++) {
        effects_clear(&fx[i]);
    }
    return hand_offs;
}

/* Greetings and answers a nanosecond apart, torn ones, timers. */
static unsigned
make_inputs(Input *inputs, unsigned count)
{
    static const char greeting[9] = {'g', 1}, answer[9] = {'a', 9};

    inputs[0] = (Input){.kind = INPUT_START, .start = {1, NULL, 0}};
    for (unsigned i = 1; i < count; i++) {
        if (i % 5 == 0) {
            inputs[i] = (Input){.kind = INPUT_TIMER, .timer = {1}};
        } else {
            inputs[i] = message_of(
                0, CHANNEL_ECHO,
                slice_of(i % 3 == 0 ? greeting : answer, i % 7 == 0 ? 4 : 9));
        }
        inputs[i].now = i;
        inputs[i].wall = 77 * i;
        inputs[i].dice = (Dice){i, ~(uint64_t)i};
    }
    return count;
}

START_TEST(test_same_effects)
{
    CarrierConfig builtin = config_of("echo", WAY_SOCKET);
    CarrierConfig config =
        config_of(echoes[_i / WAY_COUNT], (Way)(_i % WAY_COUNT));
    Input inputs[100];
    unsigned count = make_inputs(inputs, G_N_ELEMENTS(inputs));
    Carrier *direct = cluster_inline_new(&builtin, setup.self, NULL);
    Carrier *process = start_process(&config);
    Wire want = {0}, got = {0};
    unsigned hand_offs;

    ck_assert(direct->ops->start(direct, &setup, NULL));
    ck_assert_uint_eq(feed(direct, inputs, count, &want), count);
    hand_offs = feed(process, inputs, count, &got);
    /* Answers and torn messages need no hand-off of their own. */
    ck_assert_uint_lt(hand_offs, count * 2 / 3);
    ck_assert_uint_gt(want.size, 1000);
    ck_assert_uint_eq(got.size, want.size);
    ck_assert_mem_eq(got.data, want.data, want.size);
    wire_clear(&want);
    wire_clear(&got);
    direct->ops->free(direct);
    process->ops->free(process);
}
END_TEST

START_TEST(test_shared_object)
{
    CarrierConfig builtin = config_of("echo", WAY_SOCKET);
    CarrierConfig config = config_of(echoes[1], WAY_SOCKET);
    Input inputs[100];
    unsigned count = make_inputs(inputs, G_N_ELEMENTS(inputs));
    Carrier *mine = cluster_inline_new(&builtin, setup.self, NULL);
    Carrier *theirs = cluster_inline_new(&config, setup.self, NULL);
    Wire want = {0}, got = {0};

    ck_assert_ptr_nonnull(theirs);
    ck_assert(mine->ops->start(mine, &setup, NULL));
    ck_assert(theirs->ops->start(theirs, &setup, NULL));
    feed(mine, inputs, count, &want);
    feed(theirs, inputs, count, &got);
    ck_assert_uint_eq(got.size, want.size);
    ck_assert_mem_eq(got.data, want.data, want.size);
    wire_clear(&want);
    wire_clear(&got);
    mine->ops->free(mine);
    theirs->ops->free(theirs);
}
END_TEST

/* The first effect that could bring the node an event before the next input
 * ends the hand-off. */
START_TEST(test_stop_rule)
{
    static const struct {
        const char *name;
        SimTime now[3];
        unsigned taken;
    } table[] = {
        {"a second apart, timer due before the next", {0, 2 * SIM_S, 0}, 1},
        {"timer due at the same time", {0, SIM_S, 0}, 1},
        {"timer due later", {0, 1, 2}, 3},
        {"later one stops", {0, 1, 1 + SIM_S}, 2},
    };
    CarrierConfig config = config_of(bad_binary, (Way)_i);
    Carrier *carrier = start_process(&config);

    for (unsigned i = 0; i < G_N_ELEMENTS(table); i++) {
        Effects fx[3];
        Input inputs[3];
        CarrierDeath death;
        unsigned done;

        for (unsigned k = 0; k < 3; k++) {
            effects_init(&fx[k]);
            inputs[k] =
                message_of(table[i].now[k], MISDEED_NONE, slice_of("", 0));
        }
        ck_assert_msg(carrier->ops->step(carrier, inputs, 3, fx, &done,
                                         &death) == table[i].taken,
                      "%s: took %u", table[i].name, done);
        for (unsigned k = 0; k < 3; k++) {
            effects_clear(&fx[k]);
        }
    }
    carrier->ops->free(carrier);
}
END_TEST

static const struct {
    Misdeed misdeed;
    int signal, status;
    bool hang, nonsense;
    const char *text; /* contained in the text */
    bool backtrace;   /* with the guilty function first, if it has a name */
} deaths[] = {
    {MISDEED_SEGFAULT, SIGSEGV, 0, false, false, "died of SIGSEGV", true},
    {MISDEED_G_ASSERT, SIGABRT, 0, false, false,
     "assertion failed: (misdeed == 0)", true},
    {MISDEED_ASSERT, SIGABRT, 0, false, false,
     "Assertion `misdeed == 0' failed", true},
    {MISDEED_EXIT, 0, 7, false, false, "ended with status 7", false},
    {MISDEED_KILL, SIGKILL, 0, false, false, "died of SIGKILL", false},
    {MISDEED_SPIN, 0, 0, true, false, "hangs", true},
    {MISDEED_SLEEP, 0, 0, true, false, "hangs", true},
    {MISDEED_LARGE_DATAGRAM, 0, 0, false, true,
     "effect 1 (send): a datagram that is too large", false},
    {MISDEED_FILE_NAME, 0, 0, false, true,
     "effect 1 (remove): not the name of a file", false},
    {MISDEED_CLOSE, 0, 0, false, true, "closed its end", false},
};

/* The third of four inputs is deadly: the first two count. */
START_TEST(test_death)
{
    unsigned row = (unsigned)_i / WAY_COUNT;
    CarrierConfig config = config_of(bad_binary, (Way)(_i % WAY_COUNT));
    Carrier *carrier;
    Effects fx[4];
    Input inputs[4];
    CarrierDeath death;
    unsigned done = 99;
    int status;

    if (deaths[row].misdeed == MISDEED_CLOSE && _i % WAY_COUNT != 0) {
        return; /* the rings need no socket: that is a hang */
    }
    carrier = start_process(&config);
    for (unsigned i = 0; i < 4; i++) {
        effects_init(&fx[i]);
        inputs[i] = message_of(i, i == 2 ? deaths[row].misdeed : MISDEED_NONE,
                               slice_of("", 0));
    }
    ck_assert_uint_eq(carrier->ops->step(carrier, inputs, 4, fx, &done, &death),
                      0);
    ck_assert_uint_eq(done, 2);
    ck_assert_uint_gt(fx[1].count, 0);
    ck_assert_uint_eq(fx[2].count, 0);
    ck_assert(death.died);
    ck_assert_int_eq(death.signal, deaths[row].signal);
    ck_assert_int_eq(death.status, deaths[row].status);
    ck_assert(death.hang == deaths[row].hang);
    ck_assert(death.nonsense == deaths[row].nonsense);
    ck_assert_msg(strstr(death.text, deaths[row].text) != NULL, "%s",
                  death.text);
    ck_assert_msg((death.backtrace[0] != '\0') == deaths[row].backtrace, "%s",
                  death.backtrace);
    /* No zombie: there is nobody to wait for. */
    ck_assert_int_eq(waitpid(-1, &status, WNOHANG), -1);
    ck_assert_int_eq(errno, ECHILD);
    /* And a fresh incarnation works. */
    ck_assert(carrier->ops->start(carrier, &setup, NULL));
    ck_assert_uint_eq(carrier->ops->step(carrier, inputs, 2, fx, &done, &death),
                      2);
    carrier->ops->kill(carrier);
    carrier->ops->kill(carrier);
    ck_assert_int_eq(waitpid(-1, &status, WNOHANG), -1);
    for (unsigned i = 0; i < 4; i++) {
        effects_clear(&fx[i]);
    }
    carrier->ops->free(carrier);
}
END_TEST

START_TEST(test_babble)
{
    CarrierConfig config = config_of(bad_binary, WAY_SOCKET);
    Carrier *carrier = start_process(&config);
    Input input = message_of(0, MISDEED_BABBLE, slice_of("", 0));
    Effects fx;
    CarrierDeath death;
    unsigned done;

    effects_init(&fx);
    ck_assert_uint_eq(
        carrier->ops->step(carrier, &input, 1, &fx, &done, &death), 0);
    ck_assert(death.nonsense);
    ck_assert_str_ne(death.text, "");
    effects_clear(&fx);
    carrier->ops->free(carrier);
}
END_TEST

/* A node that writes more than its pipe holds is not held up for long. */
START_TEST(test_chatter)
{
    CarrierConfig config = config_of(bad_binary, (Way)_i);
    Carrier *carrier = start_process(&config);
    Input input = message_of(0, MISDEED_CHATTER, slice_of("", 0));
    Effects fx;
    CarrierDeath death;
    unsigned done;

    effects_init(&fx);
    ck_assert_msg(carrier->ops->step(carrier, &input, 1, &fx, &done, &death) ==
                      1,
                  "%s", death.text);
    effects_clear(&fx);
    carrier->ops->free(carrier);
}
END_TEST

START_TEST(test_refusals)
{
    static const NodeSetup bad_setup = {
        .self = 2, .node_count = 3, .config = "refuse"};
    CarrierConfig config = config_of(bad_binary, WAY_RING);
    GError *error = NULL;
    Carrier *carrier = cluster_process_new(&config, 2, NULL);

    ck_assert(!carrier->ops->start(carrier, &bad_setup, &error));
    ck_assert_str_eq(error->message, "node 2: will not work here");
    g_clear_error(&error);
    carrier->ops->free(carrier);

    config.program = "no-such-program";
    carrier = cluster_process_new(&config, 2, NULL);
    ck_assert(!carrier->ops->start(carrier, &setup, &error));
    ck_assert_ptr_nonnull(strstr(error->message, "'no-such-program'"));
    g_clear_error(&error);
    carrier->ops->free(carrier);

    config.program = "./no-such-file.so";
    ck_assert_ptr_null(cluster_inline_new(&config, 2, &error));
    ck_assert_ptr_nonnull(strstr(error->message, "cannot load"));
    ck_assert_ptr_null(strchr(error->message, '\n'));
    g_clear_error(&error);
    config.program = "./no-such-file";
    ck_assert_ptr_null(cluster_process_new(&config, 2, &error));
    ck_assert_str_eq(error->message, "cannot execute ./no-such-file");
    g_clear_error(&error);

    config.program = "/bin/false"; /* speaks no protocol */
    carrier = cluster_process_new(&config, 2, NULL);
    ck_assert(!carrier->ops->start(carrier, &setup, &error));
    ck_assert_str_eq(error->message, "/bin/false: ended with status 1");
    g_clear_error(&error);
    carrier->ops->free(carrier);
}
END_TEST

/* A megabyte and more, both ways, through rings of 64 KiB. */
START_TEST(test_large)
{
    CarrierConfig config = config_of("echo", (Way)_i);
    Carrier *carrier = start_process(&config);
    size_t size = 3 * 1000 * 1000;
    uint8_t *bytes = g_malloc0(size);
    Input input = message_of(0, CHANNEL_ECHO, slice_of(bytes, size));
    Effects fx;
    CarrierDeath death;
    unsigned done;

    effects_init(&fx);
    ck_assert_msg(carrier->ops->step(carrier, &input, 1, &fx, &done, &death) ==
                      1,
                  "%s", death.text);
    ck_assert_uint_eq(fx.count, 0);
    effects_clear(&fx);
    g_free(bytes);
    carrier->ops->free(carrier);
}
END_TEST

/* Kill -9 of who started the nodes: they go too. */
START_TEST(test_no_orphan)
{
    pid_t parent, left;
    int status;

    /* Orphans become ours, so that we would see them. */
    ck_assert_int_eq(prctl(PR_SET_CHILD_SUBREAPER, 1), 0);
    parent = fork();
    if (parent == 0) {
        CarrierConfig config = config_of("echo", (Way)_i);

        start_process(&config);
        start_process(&config);
        raise(SIGKILL);
    }
    ck_assert_int_eq(waitpid(parent, &status, 0), parent);
    ck_assert_int_eq(WTERMSIG(status), SIGKILL);
    for (unsigned i = 0; i < 2; i++) {
        left = waitpid(-1, &status, 0); /* hangs if one goes on */
        ck_assert_int_gt(left, 0);
        /* By the death signal, or, if that came second, by the end of the
         * conversation. */
        ck_assert(WIFSIGNALED(status) ? WTERMSIG(status) == SIGKILL
                                      : WEXITSTATUS(status) == 0);
    }
    ck_assert_int_eq(waitpid(-1, &status, 0), -1);
}
END_TEST

/* What the body of a crash box does. */
static int
die_in_node(void *data)
{
    Misdeed misdeed = *(const Misdeed *)data;
    Input input = message_of(5, misdeed, slice_of("", 0));
    Effects fx;

    effects_init(&fx);
    crash_box_event(123456, 42);
    crash_box_enter(3, &input);
    bad_node.step(NULL, &input, &fx);
    crash_box_leave();
    effects_clear(&fx);
    return 9;
}

static int
start_and_stay(void *data)
{
    const CarrierConfig *config = data;

    start_process(config);
    start_process(config);
    kill(getppid(), SIGKILL);
    pause();
    return 0;
}

/* The command, its engine, the engine's nodes: kill -9 of the first takes all
 * the others along. */
START_TEST(test_chain)
{
    CarrierConfig config = config_of("echo", (Way)_i);
    CrashReport report;
    pid_t parent;
    int status;

    ck_assert_int_eq(prctl(PR_SET_CHILD_SUBREAPER, 1), 0);
    parent = fork();
    if (parent == 0) {
        CrashBox *box = crash_box_new(1, 8);

        crash_box_run(box, start_and_stay, &config, 0, 0, &report);
        _exit(99);
    }
    for (unsigned i = 0; i < 4; i++) {
        ck_assert_int_gt(waitpid(-1, &status, 0), 0);
        ck_assert(WIFSIGNALED(status) || WEXITSTATUS(status) == 0);
    }
    /* LeakSanitizer looks at an exiting process from a process of its own,
     * which may be left to us. Whatever is, ends: this must not block. */
    while (waitpid(-1, &status, 0) > 0) {
    }
}
END_TEST

static int
die_outside(void *data)
{
    (void)data;
    abort();
}

static int
be_interrupted(void *data)
{
    (void)data;
    kill(getppid(), SIGTERM); /* who passes it on */
    pause();
    return 0;
}

START_TEST(test_crash_box)
{
    CrashBox *box = crash_box_new(2, 100);
    Misdeed misdeed = deaths[_i].misdeed;
    CrashReport report;

    crash_box_run(box, die_in_node, &misdeed, 300 * SIM_MS, 300 * SIM_MS,
                  &report);
    if (deaths[_i].nonsense) {
        /* Only the carrier looks at effects; close() is no harm here. */
        ck_assert(misdeed == MISDEED_CLOSE ? report.death.hang
                                           : report.returned);
        crash_box_free(box);
        return;
    }
    ck_assert(!report.returned && report.death.died);
    ck_assert_uint_eq(report.node, 3);
    ck_assert_uint_eq(report.at, 123456);
    ck_assert_uint_eq(report.event, 42);
    ck_assert_int_eq(report.death.signal, deaths[_i].signal);
    ck_assert_int_eq(report.death.status, deaths[_i].status);
    ck_assert(report.death.hang == deaths[_i].hang);
    ck_assert_msg(strstr(report.death.text, deaths[_i].text) != NULL, "%s",
                  report.death.text);
    ck_assert((report.death.backtrace[0] != '\0') == deaths[_i].backtrace);
    ck_assert_uint_eq(report.input_count, 1);
    ck_assert_int_eq(report.inputs[0].kind, INPUT_MESSAGE);
    ck_assert_uint_eq(report.inputs[0].detail, link_datagram(1));
    crash_box_free(box);
}
END_TEST

START_TEST(test_crash_box_others)
{
    CrashBox *box = crash_box_new(1, 8);
    Misdeed none = MISDEED_NONE;
    CrashReport report;

    crash_box_run(box, die_in_node, &none, SIM_S, SIM_S, &report);
    ck_assert(report.returned);
    ck_assert_int_eq(report.status, 9);
    crash_box_run(box, die_outside, NULL, SIM_S, SIM_S, &report);
    ck_assert(!report.returned);
    ck_assert_uint_eq(report.node, 0);
    ck_assert_int_eq(report.death.signal, SIGABRT);
    crash_box_run(box, be_interrupted, NULL, SIM_S, SIM_S, &report);
    ck_assert(report.interrupted);
    ck_assert_int_eq(report.death.signal, SIGTERM);
    crash_box_free(box);
}
END_TEST

/* What a node that is called directly answers is judged by the same rules. */
START_TEST(test_inline_nonsense)
{
    Carrier *carrier = cluster_inline_program(&bad_node, setup.self);
    Input input = message_of(0, MISDEED_FILE_NAME, slice_of("", 0));
    CarrierDeath death;
    Effects fx;
    unsigned done;

    effects_init(&fx);
    ck_assert(carrier->ops->start(carrier, &setup, NULL));
    ck_assert_uint_eq(
        carrier->ops->step(carrier, &input, 1, &fx, &done, &death), 0);
    ck_assert_uint_eq(done, 0);
    ck_assert_uint_eq(fx.count, 0);
    ck_assert(death.died && death.nonsense);
    ck_assert_str_eq(death.text, "effect 1 (remove): not the name of a file");
    effects_clear(&fx);
    carrier->ops->free(carrier);
}
END_TEST

static Suite *
suite(void)
{
    Suite *all = suite_create("cluster_process");
    TCase *same = tcase_create("same");
    TCase *death = tcase_create("death");
    TCase *box = tcase_create("crash box");

    tcase_add_loop_test(same, test_same_effects, 0,
                        (int)G_N_ELEMENTS(echoes) * WAY_COUNT);
    tcase_add_test(same, test_shared_object);
    tcase_add_loop_test(same, test_stop_rule, 0, WAY_COUNT);
    tcase_add_loop_test(same, test_large, 0, WAY_COUNT);
    suite_add_tcase(all, same);
    tcase_add_loop_test(death, test_death, 0,
                        (int)G_N_ELEMENTS(deaths) * WAY_COUNT);
    tcase_add_test(death, test_babble);
    tcase_add_loop_test(death, test_chatter, 0, WAY_COUNT);
    tcase_add_test(death, test_refusals);
    tcase_add_loop_test(death, test_no_orphan, 0, WAY_COUNT);
    suite_add_tcase(all, death);
    tcase_add_loop_test(box, test_crash_box, 0, (int)G_N_ELEMENTS(deaths));
    tcase_add_loop_test(box, test_chain, 0, WAY_COUNT);
    tcase_add_test(box, test_crash_box_others);
    tcase_add_test(box, test_inline_nonsense);
    suite_add_tcase(all, box);
    return all;
}

int
main(int argc, char **argv)
{
    SRunner *runner = srunner_create(suite());
    char *folder = g_canonicalize_filename(dirname(argv[0]), NULL);
    int failed;

    (void)argc;
    node_binary = g_build_filename(folder, "..", "seedbed-node", NULL);
    bad_binary = g_build_filename(folder, "bad_node", NULL);
    echoes[0] = g_strdup("echo");
    echoes[1] = g_strdup(g_getenv("SEEDBED_ECHO_SO"));
    echoes[2] = g_strdup(g_getenv("SEEDBED_ECHO"));
    if (echoes[1] == NULL || echoes[2] == NULL) {
        echoes[1] = g_build_filename(folder, "echo.so", NULL);
        echoes[2] = g_build_filename(folder, "echo", NULL);
    }
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    g_free(folder);
    for (unsigned i = 0; i < G_N_ELEMENTS(echoes); i++) {
        g_free(echoes[i]);
    }
    g_free(node_binary);
    g_free(bad_binary);
    return failed == 0 ? 0 : 1;
}

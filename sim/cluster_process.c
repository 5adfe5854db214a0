/* SPDX-License-Identifier: Apache-2.0 */
/* Each node in a process of its own: memory is really separate, a crash is
 * SIGKILL. process.c watches the child and says why it failed. */
#include "sim/carrier.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "sim/process.h"

/* Inputs of one hand-off at most: what the child leaves is sent again. */
#define HAND_OFF_MAX 64u

static bool process_start(Carrier *carrier, const NodeSetup *setup,
                          GError **error);
static unsigned process_step(Carrier *carrier, const Input *inputs,
                             unsigned count, Effects *fx, unsigned *done,
                             CarrierDeath *death);
static TransportResult receive_reply(Process *process, unsigned number,
                                     unsigned room, Effects *fx,
                                     unsigned *count, bool *more);
static void process_kill(Carrier *carrier);
static void process_free(Carrier *carrier);
static bool spawn(Process *process, GError **error);
static bool spawn_with(Process *process, int socket_fd, int stderr_fd,
                       GError **error);
static int start_program(Process *process,
                         const posix_spawn_file_actions_t *actions,
                         const posix_spawnattr_t *attributes);
static bool shake_hands(Process *process, const NodeSetup *setup,
                        GError **error);
static TransportResult send_setup(Process *process, const NodeSetup *setup,
                                  bool ring);
static bool fail(Process *process, TransportResult result, GError **error);
static char **environment(void);
static int high(int fd);

static const CarrierOps ops = {"process", process_start, process_step,
                               process_kill, process_free};

static unsigned
process_step(Carrier *carrier, const Input *inputs, unsigned count, Effects *fx,
             unsigned *done, CarrierDeath *death)
{
    Process *process = (Process *)carrier;
    TransportResult result;
    bool more = true;

    g_assert(count >= 1 && process->pid > 0);
    count = MIN(count, HAND_OFF_MAX);
    process->out.size = 0;
    for (unsigned i = 0; i < count; i++) {
        control_put_input(&process->out, &inputs[i]);
    }
    process_watch(process);
    *done = 0;
    result = transport_send(&process->transport, CONTROL_STEP_REQUEST,
                            &process->out, true, -1);
    for (unsigned i = 0; result == TRANSPORT_DONE && more; i++) {
        unsigned taken = 0;

        result =
            receive_reply(process, i, count - *done, fx + *done, &taken, &more);
        *done += taken;
    }
    if (G_LIKELY(result == TRANSPORT_DONE)) {
        return *done;
    }
    if (*done < count) {
        effects_reset(&fx[*done]); /* refused half-way */
    }
    process_bury(process, result, death);
    return 0;
}

/* The @number-th reply to a request. Its buffer is kept until the next
 * request, because the effects point into it. */
static TransportResult
receive_reply(Process *process, unsigned number, unsigned room, Effects *fx,
              unsigned *count, bool *more)
{
    Transport *transport = &process->transport;
    ControlKind kind;
    Slice message;
    Wire kept;
    TransportResult result = transport_receive(transport, &kind, &message);

    if (result == TRANSPORT_GAVE_UP && process->ended) {
        /* What it said before it ended is still in the ring. */
        result = transport_receive(transport, &kind, &message);
    }
    if (result != TRANSPORT_DONE) {
        return result;
    }
    g_assert(number < HAND_OFF_MAX);
    kept = transport->in;
    transport->in = process->replies[number];
    process->replies[number] = kept;
    if (kind != CONTROL_STEP_REPLY) {
        g_strlcpy(transport->error.text, "not a step reply",
                  sizeof transport->error.text);
        return TRANSPORT_NONSENSE;
    }
    if (!control_get_reply(message, fx, room, count, more, &transport->error)) {
        return TRANSPORT_NONSENSE;
    }
    if (*more && *count == room) {
        g_strlcpy(transport->error.text, "more answers than questions",
                  sizeof transport->error.text);
        return TRANSPORT_NONSENSE;
    }
    return TRANSPORT_DONE;
}

static bool
process_start(Carrier *carrier, const NodeSetup *setup, GError **error)
{
    Process *process = (Process *)carrier;

    g_assert(setup->self == carrier->node && setup->config != NULL);
    process_kill(carrier);
    return spawn(process, error) && shake_hands(process, setup, error);
}

/* Start the program with its two descriptors. All else that we have open is
 * closed there. */
static bool
spawn(Process *process, GError **error)
{
    int sockets[2], pipes[2];
    bool spawned;

    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sockets) != 0) {
        g_set_error(error, CARRIER_ERROR, 0, "no socket for a node: %s",
                    g_strerror(errno));
        return false;
    }
    if (pipe2(pipes, O_CLOEXEC) != 0) {
        g_set_error(error, CARRIER_ERROR, 0, "no pipe for a node: %s",
                    g_strerror(errno));
        close(sockets[0]);
        close(sockets[1]);
        return false;
    }
    fcntl(pipes[0], F_SETFL, O_NONBLOCK);
    sockets[1] = high(sockets[1]);
    pipes[1] = high(pipes[1]);
    spawned = spawn_with(process, sockets[1], pipes[1], error);
    close(sockets[1]);
    close(pipes[1]);
    if (!spawned) {
        close(sockets[0]);
        close(pipes[0]);
        return false;
    }
    transport_init(&process->transport, sockets[0]);
    process->transport.patience = process_patience;
    process->transport.patience_data = process;
    process->stderr_fd = pipes[0];
    process->stderr_size = 0;
    process->ended = false;
    return true;
}

static bool
spawn_with(Process *process, int socket_fd, int stderr_fd, GError **error)
{
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    sigset_t none, all;
    int reason;

    sigemptyset(&none);
    sigfillset(&all);
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setflags(&attributes,
                             POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setsigdefault(&attributes, &all);
    posix_spawn_file_actions_init(&actions);
    if (!process->config.gdb) {
        posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null",
                                         O_RDONLY, 0);
        posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null",
                                         O_WRONLY, 0);
        posix_spawn_file_actions_adddup2(&actions, stderr_fd, STDERR_FILENO);
    }
    posix_spawn_file_actions_adddup2(&actions, socket_fd, 3);
    posix_spawn_file_actions_addclosefrom_np(&actions, 4);
    reason = start_program(process, &actions, &attributes);
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
    if (reason != 0) {
        process->pid = 0;
        g_set_error(error, CARRIER_ERROR, 0, "cannot start %s: %s",
                    process->config.gdb ? "gdb" : process->binary,
                    g_strerror(reason));
    }
    return reason == 0;
}

/* The program, or gdb, which hands descriptor 3 on to it. gdb is a user's
 * program with a user's environment. */
static int
start_program(Process *process, const posix_spawn_file_actions_t *actions,
              const posix_spawnattr_t *attributes)
{
    char *plain[] = {(char *)process->binary, "--simulated", NULL};
    char *under[] = {"gdb",         "-q", "--args", (char *)process->binary,
                     "--simulated", NULL};
    char **variables;
    int reason;

    if (process->config.gdb) {
        return posix_spawnp(&process->pid, "gdb", actions, attributes, under,
                            environ);
    }
    variables = environment();
    reason = posix_spawn(&process->pid, process->binary, actions, attributes,
                         plain, variables);
    g_strfreev(variables);
    return reason;
}

/* Only what the loader, the C library and the sanitizers are told from
 * outside; nothing else may make two runs differ. */
static char **
environment(void)
{
    static const char *const kept[] = {
        "PATH",         "LD_LIBRARY_PATH", "GLIBC_TUNABLES", "ASAN_OPTIONS",
        "LSAN_OPTIONS", "UBSAN_OPTIONS",   "MALLOC_PERTURB_"};
    char **variables = g_environ_setenv(NULL, "LC_ALL", "C", true);

    variables = g_environ_setenv(variables, "TZ", "UTC", true);
    for (size_t i = 0; i < G_N_ELEMENTS(kept); i++) {
        const char *value = g_getenv(kept[i]);

        if (value != NULL) {
            variables = g_environ_setenv(variables, kept[i], value, true);
        }
    }
    return variables;
}

/* Hello, Setup, Ready. */
static bool
shake_hands(Process *process, const NodeSetup *setup, GError **error)
{
    Transport *transport = &process->transport;
    ControlHello hello;
    ControlReady ready;
    ControlKind kind;
    Slice message;
    TransportResult result;

    process_watch(process);
    result = transport_receive(transport, &kind, &message);
    if (result == TRANSPORT_DONE &&
        (kind != CONTROL_HELLO ||
         !control_get_hello(message, &hello, &transport->error))) {
        g_strlcpy(transport->error.text, "it does not begin with a hello",
                  sizeof transport->error.text);
        result = TRANSPORT_NONSENSE;
    }
    if (result == TRANSPORT_DONE && hello.abi != NODE_ABI) {
        g_set_error(error, CARRIER_ERROR, 0,
                    "%s: built for ABI %u, this is ABI %u", process->binary,
                    hello.abi, NODE_ABI);
        process_kill(&process->carrier);
        return false;
    }
    if (result == TRANSPORT_DONE) {
        result = send_setup(process, setup,
                            hello.ring && !process->config.socket_only);
    }
    if (result == TRANSPORT_DONE) {
        result = transport_receive(transport, &kind, &message);
    }
    if (result == TRANSPORT_DONE &&
        (kind != CONTROL_READY ||
         !control_get_ready(message, &ready, &transport->error))) {
        result = TRANSPORT_NONSENSE;
    }
    if (result != TRANSPORT_DONE) {
        return fail(process, result, error);
    }
    if (ready.error[0] != '\0') {
        g_set_error(error, CARRIER_ERROR, 0, "node %u: %s",
                    process->carrier.node, ready.error);
        process_kill(&process->carrier);
        return false;
    }
    transport->ring_used = ready.ring && transport->ring.memory != NULL;
    return true;
}

static TransportResult
send_setup(Process *process, const NodeSetup *setup, bool ring)
{
    Transport *transport = &process->transport;
    ControlSetup told = {.abi = NODE_ABI,
                         .self = setup->self,
                         .node_count = setup->node_count,
                         .config = (char *)setup->config,
                         .buggify = setup->buggify,
                         .program = (char *)process->config.program,
                         .bugs = process->config.bugs,
                         .cpu = process->config.cpu};
    int fd = ring ? ring_file(RING_SIZE) : -1;
    TransportResult result;

    if (fd >= 0 && ring_map(&transport->ring, fd, RING_SIZE, 0)) {
        told.ring_size = RING_SIZE;
        if (process->config.cpu >= 0) {
            transport->ring.same_core = true; /* as the caller promised */
        }
    }
    process->out.size = 0;
    control_put_setup(&process->out, &told);
    result = transport_send(transport, CONTROL_SETUP, &process->out, true,
                            told.ring_size > 0 ? fd : -1);
    if (fd >= 0) {
        close(fd);
    }
    return result;
}

static bool
fail(Process *process, TransportResult result, GError **error)
{
    CarrierDeath death;

    process_bury(process, result, &death);
    g_set_error(error, CARRIER_ERROR, 0, "%s: %s", process->binary, death.text);
    return false;
}

static void
process_kill(Carrier *carrier)
{
    Process *process = (Process *)carrier;

    if (process->pid > 0) {
        process_end(process);
    }
}

static void
process_free(Carrier *carrier)
{
    Process *process = (Process *)carrier;

    if (process->pid > 0) {
        process_watch(process);
        process_goodbye(process);
    }
    for (unsigned i = 0; i < HAND_OFF_MAX; i++) {
        wire_clear(&process->replies[i]);
    }
    g_free(process->replies);
    wire_clear(&process->out);
    g_free(process);
}

/* The same descriptor where the child's own three are not in the way. */
static int
high(int fd)
{
    int moved = fcntl(fd, F_DUPFD_CLOEXEC, 10);

    if (moved < 0) {
        return fd;
    }
    close(fd);
    return moved;
}

Carrier *
cluster_process_new(const CarrierConfig *config, NodeId node, GError **error)
{
    bool own = strchr(config->program, '/') != NULL &&
               !g_str_has_suffix(config->program, ".so");
    const char *binary = own ? config->program : config->node_binary;
    Process *process;

    if (binary == NULL || access(binary, X_OK) != 0) {
        g_set_error(error, CARRIER_ERROR, 0, "cannot execute %s",
                    binary != NULL ? binary : "seedbed-node");
        return NULL;
    }
    process = g_new0(Process, 1);
    process->carrier.ops = &ops;
    process->carrier.node = node;
    process->config = *config;
    process->binary = binary;
    process->stderr_fd = -1;
    process->transport.fd = -1;
    process->transport.received_fd = -1;
    process->replies = g_new0(Wire, HAND_OFF_MAX);
    return &process->carrier;
}

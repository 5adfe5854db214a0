/* SPDX-License-Identifier: Apache-2.0 */
/* The loop of a simulated process: read a request, step the node, answer.
 * It never outlives its parent and leaves nothing behind. */
#include "nodes/host/child.h"

#include <execinfo.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "nodes/host/fatal.h"
#include "nodes/host/transport.h"

#define CONTROL_FD 3

typedef struct Child {
    Transport transport;
    NodeId self;
    const NodeProgram *program;
    void *node;
    ControlInputs inputs;
    Effects fx;
    Wire out;
} Child;

static bool shake_hands(Child *child, ChildFind find);
static bool receive_setup(Child *child, ControlSetup *setup);
static void make_node(Child *child, const ControlSetup *setup, ChildFind find,
                      ControlReady *ready);
static bool serve(Child *child);
static bool answer(Child *child);
static bool must_stop(const Effects *fx, NodeId self, const Input *next);
static void pin(int cpu);
static void report_death(int signal);

/* The one program of child_main(). */
static const NodeProgram *only_program;

static const NodeProgram *
find_only(const char *name, uint64_t bugs, char *error, size_t error_size)
{
    (void)name;
    (void)bugs;
    (void)error;
    (void)error_size;
    return only_program;
}

int
child_main(const NodeProgram *program)
{
    only_program = program;
    return child_run(find_only);
}

int
child_run(ChildFind find)
{
    Child child = {0};
    pid_t parent = getppid();
    int type;
    socklen_t size = sizeof type;
    bool served;

    if (getsockopt(CONTROL_FD, SOL_SOCKET, SO_TYPE, &type, &size) != 0 ||
        type != SOCK_SEQPACKET) {
        fprintf(stderr, "a simulated node is started by seedbed, which "
                        "talks to it on descriptor 3\n");
        return 2;
    }
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) {
        return 0;
    }
    fatal_install(report_death);
    signal(SIGPIPE, SIG_IGN);
    transport_init(&child.transport, CONTROL_FD);
    effects_init(&child.fx);
    served = shake_hands(&child, find) && serve(&child);
    if (child.node != NULL) {
        child.program->free(child.node);
    }
    control_inputs_clear(&child.inputs);
    effects_clear(&child.fx);
    wire_clear(&child.out);
    transport_clear(&child.transport);
    return served ? 0 : 1;
}

/* Hello, Setup, Ready. */
static bool
shake_hands(Child *child, ChildFind find)
{
    ControlHello hello = {.abi = NODE_ABI, .ring = true};
    ControlReady ready = {0};
    ControlSetup setup;
    bool said;
    int fd;

    control_put_hello(&child->out, &hello);
    if (transport_send(&child->transport, CONTROL_HELLO, &child->out, true,
                       -1) != TRANSPORT_DONE ||
        !receive_setup(child, &setup)) {
        return false;
    }
    pin(setup.cpu);
    make_node(child, &setup, find, &ready);
    fd = child->transport.received_fd;
    ready.ring =
        fd >= 0 && setup.ring_size <= RING_SIZE_MAX &&
        ring_map(&child->transport.ring, fd, (uint32_t)setup.ring_size, 1);
    child->out.size = 0;
    control_put_ready(&child->out, &ready);
    said = transport_send(&child->transport, CONTROL_READY, &child->out, true,
                          -1) == TRANSPORT_DONE;
    child->transport.ring_used = ready.ring;
    control_setup_clear(&setup);
    return said && ready.error[0] == '\0';
}

static bool
receive_setup(Child *child, ControlSetup *setup)
{
    ControlError error;
    ControlKind kind;
    Slice message;

    if (transport_receive(&child->transport, &kind, &message) !=
            TRANSPORT_DONE ||
        kind != CONTROL_SETUP) {
        return false;
    }
    if (!control_get_setup(message, setup, &error)) {
        fprintf(stderr, "%s\n", error.text);
        return false;
    }
    return true;
}

static void
make_node(Child *child, const ControlSetup *setup, ChildFind find,
          ControlReady *ready)
{
    NodeSetup told = {.self = setup->self,
                      .node_count = setup->node_count,
                      .config = setup->config,
                      .buggify = setup->buggify};

    if (setup->abi != NODE_ABI) {
        snprintf(ready->error, sizeof ready->error,
                 "the program has ABI %u, the simulator %u", NODE_ABI,
                 setup->abi);
        return;
    }
    child->self = setup->self;
    child->program =
        find(setup->program, setup->bugs, ready->error, sizeof ready->error);
    if (child->program == NULL) {
        return;
    }
    child->node =
        child->program->make(&told, ready->error, sizeof ready->error);
    if (child->node == NULL && ready->error[0] == '\0') {
        snprintf(ready->error, sizeof ready->error,
                 "%s refused its configuration", child->program->name);
    } else if (child->node != NULL) {
        ready->error[0] = '\0';
    }
}

/* True: the simulator said goodbye, or went away. */
static bool
serve(Child *child)
{
    while (true) {
        ControlError error;
        ControlKind kind;
        Slice message;
        TransportResult result =
            transport_receive(&child->transport, &kind, &message);

        if (result == TRANSPORT_CLOSED) {
            return true;
        }
        if (result != TRANSPORT_DONE) {
            fprintf(stderr, "%s\n", child->transport.error.text);
            return false;
        }
        if (kind == CONTROL_BYE) {
            return true;
        }
        if (kind != CONTROL_STEP_REQUEST ||
            !control_get_request(message, &child->inputs, &error)) {
            fprintf(stderr, "not a step request\n");
            return false;
        }
        if (!answer(child)) {
            return true;
        }
    }
}

/* Each input's effects are sent when they are known, so that the simulator
 * has them all when a later input kills this process. */
static bool
answer(Child *child)
{
    const ControlInputs *inputs = &child->inputs;
    bool more = true;

    for (unsigned i = 0; more; i++) {
        child->program->step(child->node, &inputs->items[i], &child->fx);
        more = i + 1 < inputs->count &&
               !must_stop(&child->fx, child->self, &inputs->items[i + 1]);
        child->out.size = 0;
        control_put_effects(&child->out, &child->fx);
        control_put_more(&child->out, more);
        effects_reset(&child->fx);
        if (transport_send(&child->transport, CONTROL_STEP_REPLY, &child->out,
                           !more, -1) != TRANSPORT_DONE) {
            return false;
        }
    }
    return true;
}

/* Whether an effect could cause an event of this node before @next. Two
 * inputs may show the same `now` and still be a nanosecond apart, because the
 * node's clock drifts: only timers are compared with it. */
static bool
must_stop(const Effects *fx, NodeId self, const Input *next)
{
    for (unsigned i = 0; i < fx->count; i++) {
        const Effect *effect = &fx->items[i];

        switch (effect->kind) {
        case EFFECT_SEND:
            if (link_peer(effect->send.link) == self) {
                return true;
            }
            break;
        case EFFECT_TIMER:
            if (effect->timer.at <= next->now) {
                return true;
            }
            break;
        case EFFECT_SYNC:
        case EFFECT_READ:
        case EFFECT_OPEN:
        case EFFECT_CLOSE:
        case EFFECT_PAUSE:
        case EFFECT_SPAWN:
        case EFFECT_SIGNAL:
        case EFFECT_LOCAL:
        case EFFECT_HALT:
            return true;
        case EFFECT_WRITE:
        case EFFECT_TRUNCATE:
        case EFFECT_ALLOCATE:
        case EFFECT_RENAME:
        case EFFECT_REMOVE:
        case EFFECT_PROBE:
            break;
        }
    }
    return false;
}

/* Best effort: without it everything is slower, nothing else. */
static void
pin(int cpu)
{
    cpu_set_t set;

    if (cpu >= 0 && cpu < CPU_SETSIZE) {
        CPU_ZERO(&set);
        CPU_SET((size_t)cpu, &set);
        sched_setaffinity(0, sizeof set, &set);
    }
}

/* The simulator reads it from the other end of stderr. */
static void
report_death(int signal)
{
    static const char mark[] = "--- backtrace\n";
    void *frames[32];
    int count = fatal_backtrace(frames, G_N_ELEMENTS(frames));

    (void)signal;
    if (write(STDERR_FILENO, mark, sizeof mark - 1) > 0) {
        backtrace_symbols_fd(frames, count, STDERR_FILENO);
    }
}

/* SPDX-License-Identifier: Apache-2.0 */
/* The live loop: an input comes from a socket, a timer or the disk; the
 * program makes effects of it; they are carried out in order. */
#include "nodes/host/live.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>
#include <uv.h>

#include "nodes/effects.h"
#include "nodes/host/live_disk.h"
#include "nodes/host/live_log.h"
#include "nodes/host/live_net.h"
#include "nodes/host/live_timer.h"
#include "nodes/host/live_wait.h"
#include "nodes/probes.h"

/* Timers fired in one go before sockets and disk are looked at again. */
#define TIMERS_AT_ONCE 64

typedef struct Live {
    const LiveConfig *config;
    const NodeProgram *program;
    void *node;
    Effects fx;
    uint64_t dice_key;
    uint64_t dice_counter;
    LiveDisk *disk;
    LiveNet *net;
    LiveTimers *timers;
    LiveWait *wait;
    GArray *later; /* Input: LINK that came while effects were carried out */
    bool busy;     /* carrying out effects */
    bool stopping;
    bool halted;
    int code;
    SimTime armed; /* deadline of timer_fd */
    int timer_fd;
    uv_loop_t loop;
    uv_poll_t timer_poll;
    uv_async_t disk_async;
    uv_prepare_t prepare;
    uv_signal_t signals[2];
    uv_timer_t stop_timer;
} Live;

static bool open_all(Live *live);
static void close_all(Live *live);
static void start_node(Live *live);
static void deliver(void *user, Input *input);
static void step(Live *live, Input *input);
static void apply(Live *live, const Effect *effect);
static void on_disk(uv_async_t *async);
static void on_disk_thread(void *user);
static void on_timer(uv_poll_t *poll, int status, int events);
static void on_prepare(uv_prepare_t *prepare);
static void on_signal(uv_signal_t *handle, int number);
static void on_stop_timeout(uv_timer_t *timer);

int
live_carry(const LiveConfig *config, const NodeProgram *program)
{
    Live live = {.config = config, .program = program};
    NodeSetup setup = {
        .self = config->self,
        .node_count = config->node_count,
        .config = config->program_config->str,
    };
    char error[256] = "";

    live_log_name(program->name, config->self);
    g_assert(program->abi == NODE_ABI);
    live.node = program->make(&setup, error, sizeof error);
    if (live.node == NULL) {
        fprintf(stderr, "seedbed-node: %s: %s\n", program->name, error);
        return LIVE_BAD_CONFIG;
    }
    if (open_all(&live)) {
        start_node(&live);
        if (!live.halted) {
            uv_run(&live.loop, UV_RUN_DEFAULT);
        }
    } else {
        live.code = LIVE_FAILED;
    }
    close_all(&live);
    program->free(live.node);
    return live.code;
}

/* ---- inputs ---- */

static SimTime
clock_ns(clockid_t clock)
{
    struct timespec time;

    clock_gettime(clock, &time);
    return (SimTime)time.tv_sec * SIM_S + (SimTime)time.tv_nsec;
}

static void
start_node(Live *live)
{
    Input input = {.kind = INPUT_START};

    input.start.incarnation = live_disk_incarnation(live->disk);
    input.start.files = live_disk_files(live->disk, &input.start.file_count);
    live_log("incarnation %llu, %u files",
             (unsigned long long)input.start.incarnation,
             input.start.file_count);
    deliver(live, &input);
    live_net_start(live->net);
}

/* The one way in. What the carrying out of effects causes at once (a stream
 * that cannot be opened) waits for the end of the list. */
static void
deliver(void *user, Input *input)
{
    Live *live = user;

    if (live->busy) {
        g_assert(input->kind == INPUT_LINK || input->kind == INPUT_CHILD);
        g_array_append_val(live->later, *input);
        return;
    }
    step(live, input);
    while (live->later->len > 0) {
        Input next = g_array_index(live->later, Input, 0);

        g_array_remove_index(live->later, 0);
        step(live, &next);
    }
}

static void
step(Live *live, Input *input)
{
    if (live->halted) {
        return;
    }
    input->now = clock_ns(CLOCK_MONOTONIC);
    input->wall = clock_ns(CLOCK_REALTIME);
    input->dice = (Dice){live->dice_key, live->dice_counter++};
    effects_reset(&live->fx);
    live->program->step(live->node, input, &live->fx);
    live_wait_announce(live->wait, &live->fx);
    live->busy = true;
    for (unsigned i = 0; i < live->fx.count && !live->halted; i++) {
        const Effect *effect = &live->fx.items[i];

        switch (live_wait_state(live->wait, effect->after)) {
        case LIVE_WAIT_DURABLE:
            apply(live, effect);
            break;
        case LIVE_WAIT_PENDING:
            live_wait_hold(live->wait, effect);
            break;
        case LIVE_WAIT_FAILED:
            break;
        }
    }
    live->busy = false;
}

/* ---- effects ---- */

static void
halt(Live *live, const Effect *effect)
{
    g_autofree char *reason =
        effect->part_count == 0 ? g_strdup("")
                                : g_strndup((const char *)effect->parts[0].data,
                                            effect->parts[0].size);

    live_log("%s: %s", live->stopping ? "stopped" : "halt", reason);
    live->halted = true;
    live->code = live->stopping ? LIVE_STOPPED : LIVE_HALTED;
    live_net_flush(live->net);
    uv_stop(&live->loop);
}

static void
log_probe(const Effect *effect)
{
    static const char *const texts[] = {
        "",
#define PROBE(name, text, values) text,
#include "nodes/probes.def"
#undef PROBE
    };
    g_autoptr(GString) line = g_string_new("probe ");

    if (effect->probe.id < G_N_ELEMENTS(texts)) {
        g_string_append(line, texts[effect->probe.id]);
    } else {
        g_string_append_printf(line, "%u", effect->probe.id);
    }
    for (uint32_t i = 0; i < effect->probe.count; i++) {
        g_string_append_printf(line, " %llu",
                               (unsigned long long)effect->probe.values[i]);
    }
    live_log("%s", line->str);
}

/* Processes are the scheduler's, which does not run live yet. */
static void
refuse_spawn(Live *live, const Effect *effect)
{
    Input input = {.kind = INPUT_CHILD};

    live_log("the live host starts no processes: child %llu refused",
             (unsigned long long)effect->child.token);
    input.child.token = effect->child.token;
    input.child.exited = true;
    input.child.status = 127; /* as a shell says "not found" */
    deliver(live, &input);
}

static void
apply(Live *live, const Effect *effect)
{
    switch (effect->kind) {
    case EFFECT_SEND:
        live_net_send(live->net, effect);
        break;
    case EFFECT_TIMER:
        live_timers_set(live->timers, effect->timer.id, effect->timer.at);
        break;
    case EFFECT_WRITE:
    case EFFECT_TRUNCATE:
    case EFFECT_ALLOCATE:
    case EFFECT_RENAME:
    case EFFECT_REMOVE:
    case EFFECT_SYNC:
    case EFFECT_READ:
        live_disk_submit(live->disk, effect);
        break;
    case EFFECT_OPEN:
        live_net_open(live->net, effect->stream.link);
        break;
    case EFFECT_CLOSE:
        live_net_close(live->net, effect->stream.link);
        break;
    case EFFECT_PAUSE:
        live_net_pause(live->net, effect->stream.link, effect->stream.paused);
        break;
    case EFFECT_SPAWN:
        refuse_spawn(live, effect);
        break;
    case EFFECT_SIGNAL:
        break; /* to a child that never was */
    case EFFECT_LOCAL:
        live_log("bytes for channel %u of this member: no such protocol",
                 effect->local.to);
        break;
    case EFFECT_PROBE:
        if (live->config->log_probes) {
            log_probe(effect);
        }
        break;
    case EFFECT_HALT:
        halt(live, effect);
        break;
    }
}

/* ---- the disk answers ---- */

static void
on_disk_thread(void *user)
{
    Live *live = user;

    uv_async_send(&live->disk_async);
}

/* What waited for the token leaves before the node hears of it. */
static void
synced(Live *live, const LiveDiskDone *done)
{
    GPtrArray *free_now =
        live_wait_settle(live->wait, done->token, done->error);
    Input input = {.kind = INPUT_SYNCED};

    if (done->error != 0) {
        live_log("sync %llu failed: %s", (unsigned long long)done->token,
                 g_strerror(done->error));
    }
    live->busy = true;
    for (unsigned i = 0; free_now != NULL && i < free_now->len; i++) {
        if (!live->halted) {
            apply(live, free_now->pdata[i]);
        }
    }
    live->busy = false;
    if (free_now != NULL) {
        g_ptr_array_unref(free_now);
    }
    input.synced.token = done->token;
    input.synced.error = done->error;
    deliver(live, &input);
}

static void
on_disk(uv_async_t *async)
{
    Live *live = async->data;
    g_autoptr(GArray) answers = live_disk_take(live->disk);

    for (unsigned i = 0; answers != NULL && i < answers->len; i++) {
        LiveDiskDone *done = &g_array_index(answers, LiveDiskDone, i);
        Input input = {.kind = INPUT_READ};

        if (done->kind == EFFECT_SYNC) {
            synced(live, done);
            continue;
        }
        input.read.token = done->token;
        input.read.error = done->error;
        if (done->bytes != NULL) {
            input.read.bytes = slice_bytes(done->bytes);
        }
        deliver(live, &input);
        bytes_unref(done->bytes);
    }
}

/* ---- time ---- */

static void
on_timer(uv_poll_t *poll, int status, int events)
{
    Live *live = poll->data;
    SimTime now = clock_ns(CLOCK_MONOTONIC);
    uint64_t fired;
    TimerId id;

    (void)status;
    (void)events;
    if (read(live->timer_fd, &fired, sizeof fired) < 0 && errno != EAGAIN) {
        live_log("timer: %s", g_strerror(errno));
    }
    live->armed = SIM_NEVER;
    for (unsigned i = 0; i < TIMERS_AT_ONCE; i++) {
        Input input = {.kind = INPUT_TIMER};

        if (!live_timers_pop(live->timers, now, &id)) {
            break;
        }
        input.timer.id = id;
        deliver(live, &input);
    }
}

/* Before the loop waits: bytes leave, and the clock is set. */
static void
on_prepare(uv_prepare_t *prepare)
{
    Live *live = prepare->data;
    struct itimerspec spec = {{0, 0}, {0, 0}};
    SimTime next;

    live_net_flush(live->net);
    next = live_timers_next(live->timers);
    if (next == live->armed) {
        return;
    }
    live->armed = next;
    if (next != SIM_NEVER) {
        next = MAX(next, 1); /* zero would disarm */
        spec.it_value.tv_sec = (time_t)(next / SIM_S);
        spec.it_value.tv_nsec = (long)(next % SIM_S);
    }
    timerfd_settime(live->timer_fd, TFD_TIMER_ABSTIME, &spec, NULL);
}

/* ---- stopping ---- */

static void
on_signal(uv_signal_t *handle, int number)
{
    Live *live = handle->data;
    Input input = {.kind = INPUT_STOP};

    if (live->stopping) {
        live_log("told to stop again: leaving at once");
        live->code = LIVE_HALTED;
        live->halted = true;
        uv_stop(&live->loop);
        return;
    }
    live_log("stopping on signal %d", number);
    live->stopping = true;
    uv_timer_start(&live->stop_timer, on_stop_timeout,
                   live->config->stop_timeout * 1000u, 0);
    deliver(live, &input);
}

static void
on_stop_timeout(uv_timer_t *timer)
{
    Live *live = timer->data;

    live_log("did not stop within %u s: leaving at once",
             live->config->stop_timeout);
    live->code = LIVE_HALTED;
    live->halted = true;
    uv_stop(&live->loop);
}

/* ---- opening and closing ---- */

static void
init_handles(Live *live)
{
    static const int numbers[2] = {SIGTERM, SIGINT};

    uv_async_init(&live->loop, &live->disk_async, on_disk);
    live->disk_async.data = live;
    uv_prepare_init(&live->loop, &live->prepare);
    live->prepare.data = live;
    uv_timer_init(&live->loop, &live->stop_timer);
    live->stop_timer.data = live;
    live->timer_fd =
        timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    g_assert(live->timer_fd >= 0);
    live->armed = SIM_NEVER;
    uv_poll_init(&live->loop, &live->timer_poll, live->timer_fd);
    live->timer_poll.data = live;
    for (unsigned i = 0; i < G_N_ELEMENTS(numbers); i++) {
        uv_signal_init(&live->loop, &live->signals[i]);
        live->signals[i].data = live;
        uv_signal_start(&live->signals[i], on_signal, numbers[i]);
    }
    uv_poll_start(&live->timer_poll, UV_READABLE, on_timer);
    uv_prepare_start(&live->prepare, on_prepare);
}

static void
raise_file_limit(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = MIN(limit.rlim_max, 65536);
        setrlimit(RLIMIT_NOFILE, &limit);
    }
}

static bool
open_all(Live *live)
{
    g_autoptr(GError) error = NULL;

    raise_file_limit();
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN); /* a file too large is a failed write */
    while (getrandom(&live->dice_key, sizeof live->dice_key, 0) < 0) {
        g_assert(errno == EINTR);
    }
    effects_init(&live->fx);
    live->timers = live_timers_new();
    live->wait = live_wait_new();
    live->later = g_array_new(FALSE, FALSE, sizeof(Input));
    uv_loop_init(&live->loop);
    init_handles(live);
    live->disk = live_disk_open(live->config->data, live->config->io_threads,
                                on_disk_thread, live, &error);
    live->net = live_net_new(&live->loop, live->config, deliver, live);
    if (live->disk == NULL || !live_net_listen(live->net, &error)) {
        fprintf(stderr, "seedbed-node: %s\n", error->message);
        return false;
    }
    return true;
}

static void
close_handle(uv_handle_t *handle, void *unused)
{
    (void)unused;
    if (!uv_is_closing(handle)) {
        uv_close(handle, NULL);
    }
}

static void
close_all(Live *live)
{
    live->halted = true;
    live_disk_close(live->disk);
    live_net_stop(live->net);
    uv_walk(&live->loop, close_handle, NULL);
    uv_run(&live->loop, UV_RUN_DEFAULT);
    live_net_free(live->net);
    close(live->timer_fd);
    uv_loop_close(&live->loop);
    live_timers_free(live->timers);
    live_wait_free(live->wait);
    g_array_unref(live->later);
    effects_clear(&live->fx);
}

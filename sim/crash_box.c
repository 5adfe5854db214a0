/* SPDX-License-Identifier: Apache-2.0 */
/* The engine in a forked child and its parent, who tells how it ended. What
 * the child notes is in a shared mapping, which outlives it and needs no file.
 */
#include "sim/crash_box.h"

#include <errno.h>
#include <execinfo.h>
#include <malloc.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "nodes/host/fatal.h"
#include "sim/backtrace.h"
#include "sim/real_clock.h"

#define TICK_MS  200
#define GRACE_MS 2000

/* Of x86 and most others; where it is another, the heap is as it was. */
#define HUGE_PAGE ((size_t)2 << 20)
/* What is larger does not come from the heap. */
#define HEAP_BLOCK_LARGEST (1 << 20)

struct CrashBox {
    CrashSlot *slots;
    unsigned slot_count;
    void *area;
    size_t size; /* of the mapping, which begins at the slots */
};

/* What the parent watches. */
typedef struct Watch {
    CrashBox *box;
    pid_t child;
    int pidfd;
    SimTime cpu_limit, wait_limit;
    uint64_t *seen_steps; /* by slot, at the last tick */
    SimTime *cpu_before;  /* by slot: when its step was first seen */
    SimTime *waited;      /* by slot: asleep in this step */
    SimTime last_cpu, last_tick;
    CrashSlot *hung;
} Watch;

static void run_child(CrashBox *box, pid_t parent, int (*body)(void *data),
                      void *data);
static void widen_heap(void);
static int wait_child(Watch *watch);
static void look_for_hang(Watch *watch);
static void end_hang(Watch *watch);
static void tell(const CrashBox *box, int status, CrashSlot *hung,
                 CrashReport *report);
static void tell_slot(const CrashSlot *slot, CrashReport *report);
static void tell_backtrace(const CrashSlot *slot, CarrierDeath *death);
static void note_death(int signal);
static void print(const char *text);
static void pass_on(int signal, siginfo_t *info, void *context);

static CrashSlot scratch;
_Thread_local CrashSlot *crash_slot = &scratch;

/* For the handler that passes signals on. */
static volatile pid_t watched_child;

void
crash_box_run(CrashBox *box, int (*body)(void *data), void *data,
              SimTime cpu_limit, SimTime wait_limit, CrashReport *report)
{
    struct sigaction action = {.sa_sigaction = pass_on,
                               .sa_flags = SA_SIGINFO | SA_RESTART};
    struct sigaction old_interrupt, old_terminate;
    Watch watch = {.box = box, .cpu_limit = cpu_limit};
    pid_t parent = getpid();
    int status;

    memset(box->slots, 0, box->slot_count * sizeof *box->slots);
    fflush(NULL);
    watch.wait_limit = wait_limit;
    watch.child = fork();
    if (watch.child == 0) {
        run_child(box, parent, body, data);
    }
    g_assert(watch.child > 0);
    watched_child = watch.child;
    sigaction(SIGINT, &action, &old_interrupt);
    sigaction(SIGTERM, &action, &old_terminate);
    status = wait_child(&watch);
    watched_child = 0;
    sigaction(SIGINT, &old_interrupt, NULL);
    sigaction(SIGTERM, &old_terminate, NULL);
    tell(box, status, watch.hung, report);
}

static void
run_child(CrashBox *box, pid_t parent, int (*body)(void *data), void *data)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) {
        _exit(255);
    }
    fatal_install(note_death);
    g_set_print_handler(print);
    crash_box_thread(box, 0);
    widen_heap();
    exit(body(data) & 0xff);
}

/* Huge pages for what the engine is about to allocate: in a fresh process
 * every page is a fault of its own, which took an eighth of the time of a
 * short run. Where the system has none, nothing changes. */
static void
widen_heap(void)
{
    static char *before; /* up to where huge pages begin; not touched */
    char *block;
    size_t skip;

    mallopt(M_MMAP_THRESHOLD, 4 * HUGE_PAGE);
    mallopt(M_TRIM_THRESHOLD, 4 * HUGE_PAGE);
    block = malloc(3 * HUGE_PAGE);
    mallopt(M_MMAP_THRESHOLD, HEAP_BLOCK_LARGEST);
    if (block == NULL) {
        return;
    }
    skip = HUGE_PAGE - (uintptr_t)block % HUGE_PAGE;
    (void)madvise(block + skip, 2 * HUGE_PAGE, MADV_HUGEPAGE);
    free(block);
    before = malloc(skip);
    (void)before;
}

void
crash_box_thread(CrashBox *box, unsigned number)
{
    g_assert(number < box->slot_count);
    if (number > 0) {
        fatal_thread();
    }
    crash_slot = &box->slots[number];
    crash_slot->thread = (int)syscall(SYS_gettid);
}

/* Returns the wait status. */
static int
wait_child(Watch *watch)
{
    unsigned count = watch->box->slot_count;
    int status;

    watch->pidfd = (int)syscall(SYS_pidfd_open, watch->child, 0);
    watch->seen_steps = g_new0(uint64_t, count);
    watch->cpu_before = g_new0(SimTime, count);
    watch->waited = g_new0(SimTime, count);
    watch->last_tick = real_clock_now();
    while (true) {
        struct pollfd ended = {.fd = watch->pidfd, .events = POLLIN};

        if (poll(&ended, 1, TICK_MS) == 0 && watch->hung == NULL) {
            look_for_hang(watch);
            if (watch->hung != NULL) {
                end_hang(watch);
            }
        }
        if (waitpid(watch->child, &status, WNOHANG) == watch->child) {
            break;
        }
    }
    if (watch->pidfd >= 0) {
        close(watch->pidfd);
    }
    g_free(watch->seen_steps);
    g_free(watch->cpu_before);
    g_free(watch->waited);
    return status;
}

/* A thread hangs when it is in the same step as before and the process has
 * used up the time meanwhile: the other threads wait for it at the end of
 * the window. */
static void
look_for_hang(Watch *watch)
{
    SimTime cpu = real_clock_cpu(watch->child);
    SimTime now = real_clock_now();
    bool asleep = cpu - watch->last_cpu < (now - watch->last_tick) / 100;

    for (unsigned i = 0; i < watch->box->slot_count; i++) {
        CrashSlot *slot = &watch->box->slots[i];
        uint64_t steps = __atomic_load_n(&slot->steps, __ATOMIC_RELAXED);

        if (__atomic_load_n(&slot->node, __ATOMIC_ACQUIRE) == 0 ||
            steps != watch->seen_steps[i]) {
            watch->seen_steps[i] = steps;
            watch->cpu_before[i] = cpu;
            watch->waited[i] = 0;
            continue;
        }
        watch->waited[i] += asleep ? now - watch->last_tick : 0;
        if ((watch->cpu_limit != 0 &&
             cpu - watch->cpu_before[i] > watch->cpu_limit) ||
            (watch->wait_limit != 0 && watch->waited[i] > watch->wait_limit)) {
            watch->hung = slot;
        }
    }
    watch->last_cpu = cpu;
    watch->last_tick = now;
}

/* Let it note where it is, then make sure that it ends. */
static void
end_hang(Watch *watch)
{
    struct pollfd ended = {.fd = watch->pidfd, .events = POLLIN};

    syscall(SYS_tgkill, watch->child, watch->hung->thread, SIGXCPU);
    if (poll(&ended, 1, GRACE_MS) == 0) {
        kill(watch->child, SIGKILL);
    }
}

static void
tell(const CrashBox *box, int status, CrashSlot *hung, CrashReport *report)
{
    CarrierDeath *death = &report->death;
    CrashSlot *slot = hung;

    memset(report, 0, sizeof *report);
    if (WIFEXITED(status) && hung == NULL) {
        report->returned = true;
        report->status = WEXITSTATUS(status);
    }
    death->died = !report->returned;
    death->hang = hung != NULL;
    death->signal = WIFSIGNALED(status) && hung == NULL ? WTERMSIG(status) : 0;
    report->interrupted = death->signal == SIGINT || death->signal == SIGTERM;
    for (unsigned i = 0; i < box->slot_count && slot == NULL; i++) {
        if (box->slots[i].signal != 0) {
            slot = &box->slots[i];
        }
    }
    /* A node that calls exit() or is killed from outside leaves no signal in
     * its slot, but is still in its step. */
    for (unsigned i = 0; i < box->slot_count && slot == NULL; i++) {
        if (box->slots[i].node != 0) {
            slot = &box->slots[i];
        }
    }
    if (slot != NULL) {
        tell_slot(slot, report);
    }
    if (report->returned && report->node != 0) {
        report->returned = false;
        death->died = true;
        death->status = report->status;
        report->status = 0;
    }
    if (death->died) {
        carrier_death_text(death);
    }
}

static void
tell_slot(const CrashSlot *slot, CrashReport *report)
{
    uint64_t count = MIN(slot->steps, CRASH_INPUTS);

    report->node = slot->node;
    report->at = slot->at;
    report->event = slot->event;
    for (uint64_t i = 0; i < count; i++) {
        report->inputs[i] =
            slot->inputs[(slot->steps - count + i) % CRASH_INPUTS];
    }
    report->input_count = (unsigned)count;
    g_strlcpy(report->death.text, slot->text, sizeof report->death.text);
    backtrace_tidy_text(report->death.text);
    tell_backtrace(slot, &report->death);
}

/* The child was forked from us: its code is where ours is. */
static void
tell_backtrace(const CrashSlot *slot, CarrierDeath *death)
{
    char **lines =
        backtrace_symbols((void *const *)slot->frames, slot->frame_count);

    for (int i = 0; lines != NULL && i < slot->frame_count; i++) {
        g_strlcat(death->backtrace, lines[i], sizeof death->backtrace);
        g_strlcat(death->backtrace, "\n", sizeof death->backtrace);
    }
    free(lines);
    backtrace_name(death->backtrace, sizeof death->backtrace);
}

/* In the child, on the alternate stack. */
static void
note_death(int signal)
{
    CrashSlot *slot = crash_slot;
    const char *text = fatal_text();

    slot->signal = signal;
    slot->frame_count = fatal_backtrace(slot->frames, CRASH_FRAMES);
    for (size_t i = 0; text != NULL && i < sizeof slot->text - 1; i++) {
        if (text[i] == '\0' || text[i] == '\n') {
            break;
        }
        slot->text[i] = text[i];
    }
}

/* g_assert() says on standard output, where a machine may be reading JSON,
 * once more what it says on standard error. */
static void
print(const char *text)
{
    if (!g_str_has_prefix(text, "Bail out! ")) {
        fputs(text, stdout);
        fflush(stdout);
    }
}

/* What the terminal sends reaches the child by itself. */
static void
pass_on(int signal, siginfo_t *info, void *context)
{
    int reason = errno;

    (void)context;
    if (watched_child > 0 && info->si_code <= 0) {
        kill(watched_child, signal);
    }
    errno = reason;
}

CrashBox *
crash_box_new(unsigned threads, size_t area_size)
{
    CrashBox *box = g_new0(CrashBox, 1);
    size_t slots = threads * sizeof(CrashSlot);

    g_assert(threads > 0);
    fatal_prepare();
    box->size = slots + area_size;
    box->slot_count = threads;
    box->slots = mmap(NULL, box->size, PROT_READ | PROT_WRITE,
                      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    g_assert(box->slots != MAP_FAILED);
    box->area = (uint8_t *)box->slots + slots;
    return box;
}

void *
crash_box_area(CrashBox *box)
{
    return box->area;
}

void
crash_box_free(CrashBox *box)
{
    if (box != NULL) {
        munmap(box->slots, box->size);
        g_free(box);
    }
}

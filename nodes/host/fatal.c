/* SPDX-License-Identifier: Apache-2.0 */
/* Handlers for the signals that end a process with a mistake in it. */
#include "nodes/host/fatal.h"

#include <dlfcn.h>
#include <execinfo.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include <glib.h>

#define STACK_SIZE ((size_t)64 * 1024)

/* Where GLib leaves the text of a failed g_assert(), for core files. */
extern char *__glib_assert_msg;

/* Where the C library leaves that of assert() and of its own checks: private,
 * but as old as the two debuggers that read it. */
struct AbortMessage {
    unsigned size;
    char text[];
};

static void on_signal(int signal);

static void (*report_fatal)(int signal);
static struct AbortMessage **abort_message;
static bool prepared;
static int entered;

void
fatal_prepare(void)
{
    void *frames[2];

    if (!prepared) {
        abort_message = dlvsym(RTLD_DEFAULT, "__abort_msg", "GLIBC_PRIVATE");
        /* The first call loads libgcc, which must not happen in a handler. */
        backtrace(frames, 2);
        prepared = true;
    }
}

void
fatal_install(void (*report)(int signal))
{
    static const int signals[] = {SIGSEGV, SIGABRT, SIGBUS, SIGFPE,
                                  SIGILL,  SIGTRAP, SIGSYS, SIGXCPU};
    struct sigaction action = {.sa_handler = on_signal};
    struct rlimit none = {0, 0};

    report_fatal = report;
    fatal_prepare();
    setrlimit(RLIMIT_CORE, &none);
    fatal_thread();
    action.sa_flags = (int)(SA_ONSTACK | SA_NODEFER | SA_RESETHAND);
    for (size_t i = 0; i < G_N_ELEMENTS(signals); i++) {
        sigaction(signals[i], &action, NULL);
    }
}

void
fatal_thread(void)
{
    stack_t stack = {.ss_size = STACK_SIZE};

    stack.ss_sp = mmap(NULL, STACK_SIZE, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (stack.ss_sp != MAP_FAILED) {
        sigaltstack(&stack, NULL);
    }
}

const char *
fatal_text(void)
{
    if (__glib_assert_msg != NULL) {
        return __glib_assert_msg;
    }
    if (abort_message != NULL && *abort_message != NULL) {
        return (*abort_message)->text;
    }
    return NULL;
}

int
fatal_backtrace(void **frames, int room)
{
    return backtrace(frames, room);
}

/* A fault of another thread, or inside the report, waits for the end that is
 * on its way: SA_RESETHAND ends the process on the second of a kind. */
static void
on_signal(int signal)
{
    if (__atomic_exchange_n(&entered, 1, __ATOMIC_SEQ_CST) == 0) {
        report_fatal(signal);
    }
    raise(signal);
}

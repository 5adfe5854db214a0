/* SPDX-License-Identifier: Apache-2.0 */
/* What a process does when it dies of its own mistake: on a stack of its own
 * it reports signal, assertion and backtrace, then dies of that signal. */
#ifndef SEEDBED_FATAL_H
#define SEEDBED_FATAL_H

/* Call @report (async-signal-safe) once on SIGSEGV, SIGABRT, SIGBUS, SIGFPE,
 * SIGILL, SIGTRAP, SIGSYS or SIGXCPU, then die of the signal. No core file is
 * left. Once a process. */
void fatal_install(void (*report)(int signal));
/* What fatal_install() loads, in advance: for one who forks many times. */
void fatal_prepare(void);
/* Give the calling thread its alternate stack; fatal_install() did it for its
 * own thread. */
void fatal_thread(void);
/* The text of the failed assertion (g_assert, assert, the C library's own
 * checks), or NULL. For a report. */
const char *fatal_text(void);
/* The frames of the caller, innermost first. For a report. */
int fatal_backtrace(void **frames, int room);

#endif

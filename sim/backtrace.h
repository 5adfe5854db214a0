/* SPDX-License-Identifier: Apache-2.0 */
/* Backtraces for people: function, file and line in place of addresses. */
#ifndef SEEDBED_BACKTRACE_H
#define SEEDBED_BACKTRACE_H

#include <stddef.h>

/* Rewrite @text, which has lines as backtrace_symbols(3) writes them, in
 * place: frames of the signal handler go, absolute addresses go (they differ
 * from run to run), and where addr2line is installed and the program has
 * debugging information a frame becomes "function at file.c:12". At most
 * @size bytes. Costs some 50 ms; may be called in any thread. */
void backtrace_name(char *text, size_t size);

/* The text of a failed assertion without the name of the process, which
 * assert() puts in front, so that a failure reads the same inline and in a
 * process. In place. */
void backtrace_tidy_text(char *text);

#endif

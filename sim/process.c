/* SPDX-License-Identifier: Apache-2.0 */
/* Watching a node process, and the post-mortem when it failed. Real clocks
 * are read here, but only to find out that a node hangs. */
#include "sim/process.h"

#include <config.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "sim/backtrace.h"
#include "sim/real_clock.h"

/* How long a child that said something odd may take to end by itself, and
 * one that hangs to write its backtrace. */
#define GRACE_NS (2 * SIM_S)
/* And one that was told to. */
#define GOODBYE_NS (SEEDBED_SANITIZE ? 10 * SIM_S : SIM_S)

static const char backtrace_mark[] = "--- backtrace\n";

static void look_at_clock(Process *process);
static bool over_limit(const Process *process);
static void read_stderr(Process *process);
static bool wait_a_while(Process *process, SimTime time);
static bool has_ended(const Process *process);
static void tell_stderr(Process *process, CarrierDeath *death);
static void tell_line(const char *line, size_t size, CarrierDeath *death);
static bool line_tells(const char *line, size_t size);

void
process_watch(Process *process)
{
    process->timed = false;
    process->hang = false;
}

bool
process_patience(void *data)
{
    Process *process = data;

    read_stderr(process);
    if (process->ended || has_ended(process)) {
        process->ended = true;
        return false;
    }
    look_at_clock(process);
    process->hang = over_limit(process);
    return !process->hang;
}

/* The first look only starts the clocks: what came before was short. */
static void
look_at_clock(Process *process)
{
    SimTime cpu = real_clock_cpu(process->pid);
    SimTime now = real_clock_now();

    if (!process->timed) {
        process->timed = true;
        process->cpu_before = cpu;
        process->asleep = 0;
    } else if (cpu - process->last_cpu < (now - process->last_look) / 100) {
        process->asleep += now - process->last_look;
    }
    process->last_cpu = cpu;
    process->last_look = now;
}

static bool
over_limit(const Process *process)
{
    const CarrierConfig *config = &process->config;
    SimTime scale = config->time_limit_scale;
    SimTime cpu =
        config->cpu_limit != 0 ? config->cpu_limit : CARRIER_CPU_LIMIT;
    SimTime wait =
        config->wait_limit != 0 ? config->wait_limit : CARRIER_WAIT_LIMIT;

    return scale != 0 &&
           (process->last_cpu - process->cpu_before > cpu * scale ||
            process->asleep > wait * scale);
}

/* Keep the last half of the buffer at least. */
static void
read_stderr(Process *process)
{
    const size_t room = sizeof process->stderr_tail;

    while (true) {
        ssize_t count;

        if (process->stderr_size == room) {
            memmove(process->stderr_tail, process->stderr_tail + room / 2,
                    room / 2);
            process->stderr_size = room / 2;
        }
        count = read(process->stderr_fd,
                     process->stderr_tail + process->stderr_size,
                     room - process->stderr_size);
        if (count <= 0) {
            return;
        }
        process->stderr_size += (size_t)count;
    }
}

void
process_bury(Process *process, TransportResult result, CarrierDeath *death)
{
    bool killed = false;
    int status;

    memset(death, 0, sizeof *death);
    death->died = true;
    death->hang = process->hang;
    if (process->hang) {
        kill(process->pid, SIGXCPU); /* it writes its backtrace */
    }
    if (result == TRANSPORT_NONSENSE || !wait_a_while(process, GRACE_NS)) {
        killed = true;
    }
    read_stderr(process);
    tell_stderr(process, death);
    if (result == TRANSPORT_NONSENSE ||
        (result == TRANSPORT_CLOSED && killed)) {
        death->nonsense = true;
        g_strlcpy(death->text,
                  result == TRANSPORT_NONSENSE
                      ? process->transport.error.text
                      : "closed its end of the conversation",
                  sizeof death->text);
    }
    status = process_end(process);
    backtrace_name(death->backtrace, sizeof death->backtrace);
    if (!death->nonsense && !death->hang) {
        death->signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
        death->status = WIFEXITED(status) ? WEXITSTATUS(status) : 0;
    }
    carrier_death_text(death);
}

/* False: it is still there. */
static bool
wait_a_while(Process *process, SimTime time)
{
    SimTime end = real_clock_now() + time;

    while (!has_ended(process)) {
        struct timespec nap = {0, 200000};

        if (real_clock_now() > end) {
            return false;
        }
        read_stderr(process);
        nanosleep(&nap, NULL);
    }
    return true;
}

static bool
has_ended(const Process *process)
{
    siginfo_t info = {0};

    return waitid(P_PID, (id_t)process->pid, &info,
                  WEXITED | WNOHANG | WNOWAIT) == 0 &&
           info.si_pid == process->pid;
}

/* The line that says most becomes the text; what follows the mark is the
 * backtrace. */
static void
tell_stderr(Process *process, CarrierDeath *death)
{
    const char *tail = process->stderr_tail;
    const char *end = tail + process->stderr_size;
    const char *mark =
        g_strrstr_len(tail, (gssize)process->stderr_size, backtrace_mark);
    const char *line = tail;
    bool told = false;

    if (mark != NULL) {
        size_t size = (size_t)(end - mark) - (sizeof backtrace_mark - 1);

        size = MIN(size, sizeof death->backtrace - 1);
        memcpy(death->backtrace, mark + sizeof backtrace_mark - 1, size);
        end = mark;
    }
    while (line < end) {
        const char *stop = memchr(line, '\n', (size_t)(end - line));
        size_t size = (size_t)((stop != NULL ? stop : end) - line);
        bool tells = line_tells(line, size);

        if (size > 0 && (tells || !told)) {
            tell_line(line, size, death);
            told = told || tells;
        }
        line += size + 1;
    }
}

static bool
line_tells(const char *line, size_t size)
{
    static const char *const words[] = {"ERROR:", "Assertion `",
                                        "runtime error:", "AddressSanitizer:"};

    for (size_t i = 0; i < G_N_ELEMENTS(words); i++) {
        if (g_strstr_len(line, (gssize)size, words[i]) != NULL) {
            return true;
        }
    }
    return false;
}

static void
tell_line(const char *line, size_t size, CarrierDeath *death)
{
    size = MIN(size, sizeof death->text - 1);
    for (size_t i = 0; i < size; i++) {
        death->text[i] = (char)(g_ascii_iscntrl(line[i]) ? ' ' : line[i]);
    }
    death->text[size] = '\0';
    backtrace_tidy_text(death->text);
}

void
process_goodbye(Process *process)
{
    Wire nothing = {0};
    int status;

    if (transport_send(&process->transport, CONTROL_BYE, &nothing, true, -1) ==
        TRANSPORT_DONE) {
        wait_a_while(process, GOODBYE_NS);
    }
    read_stderr(process);
    status = process_end(process);
    if (WIFEXITED(status) && WEXITSTATUS(status) != 0) {
        fprintf(stderr, "node %u: %.*s\n", process->carrier.node,
                (int)process->stderr_size, process->stderr_tail);
    }
}

int
process_end(Process *process)
{
    int status = 0;

    kill(process->pid, SIGKILL);
    while (waitpid(process->pid, &status, 0) < 0 && errno == EINTR) {
    }
    process->pid = 0;
    transport_clear(&process->transport);
    close(process->stderr_fd);
    process->stderr_fd = -1;
    return status;
}

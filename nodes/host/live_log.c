/* SPDX-License-Identifier: Apache-2.0 */
/* One line an event on stderr. The only place of the live host that formats
 * the calendar. */
#include "nodes/host/live_log.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define LINE_MAX_SIZE 1024

static char speaker[64] = "seedbed-node";

void
live_log_name(const char *program, NodeId self)
{
    g_snprintf(speaker, sizeof speaker, "%s %u", program, self);
}

void
live_log(const char *format, ...)
{
    char line[LINE_MAX_SIZE];
    struct timespec now;
    struct tm calendar;
    size_t size;
    va_list arguments;

    clock_gettime(CLOCK_REALTIME, &now);
    gmtime_r(&now.tv_sec, &calendar);
    size = strftime(line, sizeof line, "%Y-%m-%dT%H:%M:%S", &calendar);
    g_snprintf(line + size, (gulong)(sizeof line - size),
               ".%06ldZ %s: ", now.tv_nsec / 1000, speaker);
    size = strlen(line);

    va_start(arguments, format);
    g_vsnprintf(line + size, (gulong)(sizeof line - size - 1), format,
                arguments);
    va_end(arguments);
    for (; line[size] != '\0'; size++) {
        if ((unsigned char)line[size] < 0x20 || line[size] == 0x7f) {
            line[size] = '?';
        }
    }
    line[size++] = '\n';
    /* A log that cannot be written must not stop the node. */
    ssize_t ignored = write(STDERR_FILENO, line, size);

    (void)ignored;
}

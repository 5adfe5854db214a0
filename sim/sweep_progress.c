/* SPDX-License-Identifier: Apache-2.0 */
/* The line about a sweep that runs. */
#include "sim/sweep_progress.h"

#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#define LINE_SECONDS   30.0 /* between plain lines */
#define REDRAW_SECONDS 0.2  /* of the bar on a terminal */
#define BAR_WIDTH      24u

static void draw_bar(const SweepProgress *progress);
static void print_time(GString *text, double seconds);

void
sweep_progress_show(void *user, const SweepProgress *progress)
{
    SweepProgressView *view = user;

    if (view->quiet || progress->seconds - view->last <
                           (view->terminal ? REDRAW_SECONDS : LINE_SECONDS)) {
        return;
    }
    view->last = progress->seconds;
    if (view->terminal) {
        fputs("\r\033[K", stderr);
        view->drawn = true;
    }
    draw_bar(progress);
    if (!view->terminal) {
        fputc('\n', stderr);
    }
    fflush(stderr);
}

static void
draw_bar(const SweepProgress *progress)
{
    g_autoptr(GString) text = g_string_new(NULL);
    uint64_t behind = progress->done + progress->there;

    if (progress->total != UINT64_MAX) {
        unsigned full =
            (unsigned)(progress->total > 0 ? (double)behind * BAR_WIDTH /
                                                 (double)progress->total
                                           : BAR_WIDTH);

        g_string_append_c(text, '[');
        for (unsigned i = 0; i < BAR_WIDTH; i++) {
            g_string_append_c(text, i < full ? '#' : '.');
        }
        g_string_append_printf(text, "] %" PRIu64 "/%" PRIu64, behind,
                               progress->total);
    } else {
        g_string_append_printf(text, "%" PRIu64 " runs", behind);
    }
    g_string_append_printf(text, "  %.1f/s  %" PRIu64 " failed",
                           progress->seconds > 0
                               ? (double)progress->done / progress->seconds
                               : 0.0,
                           progress->failures);
    if (progress->groups > 0) {
        g_string_append_printf(text, " in %u kind%s", progress->groups,
                               progress->groups == 1 ? "" : "s");
    }
    if (progress->left >= 0) {
        g_string_append(text, "  ");
        print_time(text, progress->left);
        g_string_append(text, " left");
    }
    fputs(text->str, stderr);
}

static void
print_time(GString *text, double seconds)
{
    uint64_t whole = (uint64_t)(seconds + 0.5);

    if (whole >= 3600) {
        g_string_append_printf(text, "%" PRIu64 "h%02" PRIu64 "m", whole / 3600,
                               whole / 60 % 60);
    } else if (whole >= 60) {
        g_string_append_printf(text, "%" PRIu64 "m%02" PRIu64 "s", whole / 60,
                               whole % 60);
    } else {
        g_string_append_printf(text, "%" PRIu64 "s", whole);
    }
}

void
sweep_progress_clear(SweepProgressView *view)
{
    if (view->drawn) {
        fputs("\r\033[K", stderr);
        view->drawn = false;
    }
}

void
sweep_progress_init(SweepProgressView *view, bool quiet)
{
    *view = (SweepProgressView){.quiet = quiet,
                                .terminal = isatty(STDERR_FILENO) != 0};
}

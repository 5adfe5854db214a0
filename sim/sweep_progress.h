/* SPDX-License-Identifier: Apache-2.0 */
/* How far a sweep is, for who waits: a bar on a terminal, a plain line now and
 * then anywhere else; on standard error. */
#ifndef SEEDBED_SWEEP_PROGRESS_H
#define SEEDBED_SWEEP_PROGRESS_H

#include "sim/sweep.h"

typedef struct SweepProgressView {
    bool quiet;
    bool terminal;
    double last; /* seconds of the sweep when something was shown */
    bool drawn;  /* a bar is on the terminal */
} SweepProgressView;

void sweep_progress_init(SweepProgressView *view, bool quiet);
/* A SweepOptions.progress; @view is a SweepProgressView. */
void sweep_progress_show(void *view, const SweepProgress *progress);
/* Remove the bar. */
void sweep_progress_clear(SweepProgressView *view);

#endif

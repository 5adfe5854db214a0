/* SPDX-License-Identifier: Apache-2.0 */
/* What a run was, in plain words that fit a screen. */
#ifndef SEEDBED_SUMMARY_H
#define SEEDBED_SUMMARY_H

#include <stdio.h>

#include "sim/run.h"

void summary_print(FILE *stream, const RunOptions *options,
                   const RunResult *result);

#endif

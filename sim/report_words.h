/* SPDX-License-Identifier: Apache-2.0 */
/* Lines of a trace, shorter: a row of the report's diagram in words. */
#ifndef SEEDBED_REPORT_WORDS_H
#define SEEDBED_REPORT_WORDS_H

#include <glib.h>

#include "sim/report_event.h"

/* Append what @count lines of one node and one instant say. Hosts up to
 * @node_count are nodes. */
void report_words(GString *words, const ReportLine *lines, unsigned count,
                  unsigned node_count);
/* Do both say the same to the same, apart from its content? */
bool report_words_again(const ReportEvent *left, const ReportEvent *right);

#endif

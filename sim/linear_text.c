/* SPDX-License-Identifier: Apache-2.0 */
/* The words of an explanation. Times are shown in seconds, as everywhere. */
#include "sim/linear_text.h"

#include <inttypes.h>
#include <string.h>

#define LISTED_MAX 20u

static void print_bar(GString *out, const LinearBar *bar);

void
linear_text_sentence(const LinearFailure *failure, char *text, size_t size)
{
    g_snprintf(text, size,
               "%s%s%sno order of its operations explains that process "
               "%" PRIu64 " was told `%s` at %.9f s; %u operations cannot be "
               "ordered",
               failure->key != NULL ? "key " : "",
               failure->key != NULL ? failure->key : "",
               failure->key != NULL ? ": " : "", failure->process,
               failure->text, (double)failure->at / 1e9, failure->odd_count);
}

void
linear_text_print(GString *out, const LinearFailure *failure, const char *name)
{
    unsigned listed = 0;

    g_string_append_printf(
        out, "%s%s is not linearizable: the first %" PRIu64 " lines of %s %s\n",
        failure->key != NULL ? "key " : "the history",
        failure->key != NULL ? failure->key : "", failure->line, name,
        failure->all_needed ? "are the shortest that show it" : "show it");
    g_string_append_printf(out, "  %s%u operation%s cannot be ordered:\n",
                           failure->odd_count == 1 ? "this " : "these ",
                           failure->odd_count,
                           failure->odd_count == 1 ? "" : "s");
    for (unsigned i = 0; i < failure->bars->len; i++) {
        const LinearBar *bar = &g_array_index(failure->bars, LinearBar, i);

        if (bar->odd && listed++ < LISTED_MAX) {
            print_bar(out, bar);
        }
    }
    if (listed > LISTED_MAX) {
        g_string_append_printf(out, "    ... and %u more\n",
                               listed - LISTED_MAX);
    }
    if (failure->states->len > 0) {
        g_string_append(out, "  the state before the last return could be: ");
        for (unsigned i = 0; i < failure->states->len; i++) {
            g_string_append_printf(out, "%s%s", i > 0 ? " or " : "",
                                   (const char *)failure->states->pdata[i]);
        }
        g_string_append_c(out, '\n');
    }
}

static void
print_bar(GString *out, const LinearBar *bar)
{
    g_string_append_printf(out,
                           "    %-28s process %-5" PRIu64
                           " %.9f .. %.9f s  lines %" PRIu64 ", %" PRIu64 "\n",
                           bar->text, bar->process, (double)bar->from / 1e9,
                           (double)bar->to / 1e9, bar->line, bar->end_line);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* The eyes of a replay. A run that takes its process with it is run twice;
 * what the first attempt printed, the second does not print again. */
#include "sim/run_watch.h"

#include <stdio.h>

/* Lines go out in pieces of this size: a dying process takes the rest. */
#define PIECE ((size_t)64 * 1024)

struct RunWatch {
    const RunOptions *options;
    TraceText *text;
    GString *lines; /* of the record in hand */
    GString *pending;
    Situation *situation;
    uint64_t *printed;
    uint64_t first; /* record to print */
    uint64_t number;
    unsigned next; /* checkpoint */
    RunDifference difference;
};

static bool compare(RunWatch *watch, const Digest *digest);
static void flush(RunWatch *watch);

bool
run_watch_see(RunWatch *watch, const Record *record, const Digest *digest)
{
    if (event_at(record->event) > watch->options->stop_at) {
        return false;
    }
    watch->number = record->number;
    g_string_truncate(watch->lines, 0);
    if (watch->options->print_trace || watch->options->last_lines) {
        trace_text_record(watch->text, watch->lines, record);
    }
    situation_observe(watch->situation, record, watch->lines);
    if (watch->options->print_trace && record->number >= watch->first) {
        g_string_append_len(watch->pending, watch->lines->str,
                            (gssize)watch->lines->len);
        if (watch->pending->len >= PIECE) {
            flush(watch);
        }
    }
    return compare(watch, digest);
}

/* The digest took a checkpoint where the original did? */
static bool
compare(RunWatch *watch, const Digest *digest)
{
    const GArray *theirs = watch->options->checkpoints;
    const DigestCheckpoint *ours, *want;

    if (theirs == NULL || watch->next >= theirs->len ||
        digest->checkpoints->len <= watch->next) {
        return true;
    }
    ours = &g_array_index(digest->checkpoints, DigestCheckpoint, watch->next);
    want = &g_array_index(theirs, DigestCheckpoint, watch->next);
    if (ours->event == want->event && ours->at == want->at &&
        digest_equal(ours->value, want->value)) {
        watch->next++;
        return true;
    }
    watch->difference.found = true;
    watch->difference.by_event = want->event;
    watch->difference.by = want->at;
    if (watch->next > 0) {
        want = &g_array_index(theirs, DigestCheckpoint, watch->next - 1);
        watch->difference.after_event = want->event;
        watch->difference.after = want->at;
    }
    return false;
}

static void
flush(RunWatch *watch)
{
    (void)fwrite(watch->pending->str, 1, watch->pending->len, stdout);
    (void)fflush(stdout);
    *watch->printed = watch->number;
    g_string_truncate(watch->pending, 0);
}

void
run_watch_finish(RunWatch *watch, RunResult *result)
{
    if (watch == NULL) {
        return;
    }
    flush(watch);
    result->difference = watch->difference;
    result->checkpoints_alike = watch->next;
    situation_text(watch->situation, result->situation);
    situation_free(watch->situation);
    trace_text_free(watch->text);
    g_string_free(watch->lines, TRUE);
    g_string_free(watch->pending, TRUE);
    g_free(watch);
}

RunWatch *
run_watch_new(const RunOptions *options, const TraceAbout *about,
              uint64_t *printed)
{
    RunWatch *watch;

    if (options->checkpoints == NULL && !options->print_trace &&
        options->stop_at == SIM_NEVER) {
        return NULL;
    }
    watch = g_new0(RunWatch, 1);
    watch->options = options;
    watch->text = trace_text_new(about);
    watch->lines = g_string_new(NULL);
    watch->pending = g_string_new(NULL);
    watch->situation = situation_new(about);
    watch->printed = printed;
    watch->first = *printed + 1;
    return watch;
}

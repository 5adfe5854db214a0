/* SPDX-License-Identifier: Apache-2.0 */
/* Passes over two compact traces. The first finds where they part; one each
 * finds the causes, from the last to the first; the last prints them. Memory
 * does not grow with the trace. */
#include "sim/bisect.h"

#include <inttypes.h>
#include <string.h>

#include "sim/cause.h"
#include "sim/record_difference.h"
#include "sim/scratch.h"
#include "sim/trace_binary.h"

#define LINES_MAX 12u /* of one record */

static bool find_place(const char *a, const char *b, GString *out,
                       BisectPlace *place, bool ended[2], GError **error);
static void place_at(BisectPlace *place, const Record *record);
static bool follow(const char *trace, BisectSide *side, uint64_t number,
                   GError **error);
static bool cause_in(const char *trace, BisectStep *step, Cause *cause,
                     GError **error);
static bool find_last(const char *trace, uint64_t before, const Cause *cause,
                      BisectStep *step, Cause *next, GError **error);
static void clear_sides(BisectPlace *place);
static bool has_cell(const BisectSide *side, NodeId cell);
static void step_at(BisectStep *step, const Record *record);
static bool read_lines(const char *trace, BisectSide *side, GError **error);
static void say_side(GString *out, char name, const BisectSide *side,
                     const BisectSide *other);
static bool same_causes(const BisectSide *a, const BisectSide *b);
static void say_lines(GString *out, const GString *lines, const GString *other);
static void narrow(const RunFolder *a, const RunFolder *b, BisectPlace *place);
static char *trace_of(const RunFolder *folder, char name, char *scratch,
                      GString *out, GError **error);

BisectOutcome
bisect_traces(const char *a, const char *b, GString *out, BisectPlace *place,
              GError **error)
{
    BisectSide *sides = place->sides;
    bool ended[2] = {false, false};
    g_autoptr(GString) what = g_string_new(NULL);
    BisectOutcome outcome = BISECT_FAILED;

    clear_sides(place);
    place->event = 0;
    if (!find_place(a, b, what, place, ended, error)) {
        return BISECT_FAILED;
    }
    if (place->event == 0) {
        return BISECT_SAME;
    }
    g_string_append_printf(out,
                           "%" PRIu64 " events are alike; event %" PRIu64
                           " at %" PRIu64 ".%09" PRIu64 " s differs%s\n",
                           place->event - 1, place->event, place->at / SIM_S,
                           place->at % SIM_S, what->len > 0 ? ":" : "");
    g_string_append(out, what->str);
    if ((ended[0] || follow(a, &sides[0], place->event, error)) &&
        (ended[1] || follow(b, &sides[1], place->event, error))) {
        for (unsigned i = 0; i < 2; i++) {
            g_string_append_c(out, '\n');
            if (ended[i]) {
                g_string_append_printf(out, "%c has ended.\n", 'A' + (int)i);
            } else {
                say_side(out, (char)('A' + i), &sides[i], &sides[1 - i]);
            }
        }
        outcome = BISECT_DIFFERENT;
    }
    return outcome;
}

static bool
find_place(const char *a, const char *b, GString *out, BisectPlace *place,
           bool ended[2], GError **error)
{
    TraceReader *left = trace_reader_new(a, error);
    TraceReader *right = left != NULL ? trace_reader_new(b, error) : NULL;
    GError *wrong = NULL;

    while (right != NULL) {
        const Record *ours = trace_reader_next(left, &wrong);
        const Record *theirs =
            wrong == NULL ? trace_reader_next(right, &wrong) : NULL;

        if (wrong != NULL || (ours == NULL && theirs == NULL)) {
            break;
        }
        ended[0] = ours == NULL;
        ended[1] = theirs == NULL;
        if (ended[0] || ended[1]) {
            place_at(place, ended[0] ? theirs : ours);
            break;
        }
        if (!trace_reader_alike(left, right)) {
            place_at(place, ours);
            record_difference(out, ours, theirs);
            break;
        }
    }
    trace_reader_free(left);
    if (right == NULL) {
        return false;
    }
    trace_reader_free(right);
    if (wrong != NULL) {
        g_propagate_error(error, wrong);
        return false;
    }
    return true;
}

static void
place_at(BisectPlace *place, const Record *record)
{
    place->event = record->number;
    place->at = event_at(record->event);
    place->node = event_cell(record->event);
}

/* Fill in @side: record @number and what led to it. */
static bool
follow(const char *trace, BisectSide *side, uint64_t number, GError **error)
{
    Cause cause;

    side->steps[0] = (BisectStep){.event = number};
    side->step_count = 1;
    if (!cause_in(trace, &side->steps[0], &cause, error)) {
        return false;
    }
    while (side->step_count < BISECT_STEPS_MAX && cause.kind != CAUSE_NONE) {
        BisectStep *step = &side->steps[side->step_count];
        Cause next = {CAUSE_NONE, 0, 0};

        *step = (BisectStep){.how = cause_words(cause.kind)};
        if (!find_last(trace, number, &cause, step, &next, error)) {
            return false;
        }
        if (step->event == 0) {
            break;
        }
        number = step->event;
        cause = next;
        side->step_count++;
    }
    side->from_start = side->step_count < BISECT_STEPS_MAX;
    return read_lines(trace, side, error);
}

static bool
cause_in(const char *trace, BisectStep *step, Cause *cause, GError **error)
{
    TraceReader *reader = trace_reader_new(trace, error);
    const Record *record;
    GError *wrong = NULL;
    bool found = false;

    while (reader != NULL && !found &&
           (record = trace_reader_next(reader, &wrong)) != NULL) {
        found = record->number == step->event;
        if (found) {
            step_at(step, record);
            *cause = cause_of(record);
        }
    }
    trace_reader_free(reader);
    if (wrong != NULL) {
        g_propagate_error(error, wrong);
    }
    return found;
}

/* The last record before @before that is @cause, with what caused it;
 * @step stays when there is none. */
static bool
find_last(const char *trace, uint64_t before, const Cause *cause,
          BisectStep *step, Cause *next, GError **error)
{
    TraceReader *reader = trace_reader_new(trace, error);
    const Record *record;
    GError *wrong = NULL;

    if (reader == NULL) {
        return false;
    }
    while ((record = trace_reader_next(reader, &wrong)) != NULL &&
           record->number < before) {
        if (cause_match(cause, record)) {
            step_at(step, record);
            *next = cause_of(record);
        }
    }
    trace_reader_free(reader);
    if (wrong != NULL) {
        g_propagate_error(error, wrong);
        return false;
    }
    return true;
}

static void
step_at(BisectStep *step, const Record *record)
{
    static const char *const kinds[] = {"world", "start",   "link",
                                        "disk",  "message", "timer"};
    unsigned class = (unsigned)event_class(record->event);

    step->event = record->number;
    step->at = event_at(record->event);
    step->node = event_cell(record->event);
    step->kind = kinds[class < G_N_ELEMENTS(kinds) ? class : 0];
}

static bool
has_cell(const BisectSide *side, NodeId cell)
{
    for (unsigned i = 0; i < side->step_count; i++) {
        if (side->steps[i].node == cell) {
            return true;
        }
    }
    return false;
}

/* Streams are cut into messages from their start on, so every record of the
 * cells that matter is printed, most of them to be forgotten. */
static bool
read_lines(const char *trace, BisectSide *side, GError **error)
{
    TraceReader *reader = trace_reader_new(trace, error);
    g_autoptr(GString) lines = g_string_new(NULL);
    const Record *record;
    TraceText *text;
    GError *wrong = NULL;

    if (reader == NULL) {
        return false;
    }
    text = trace_text_new(trace_reader_about(reader));
    while ((record = trace_reader_next(reader, &wrong)) != NULL &&
           record->number <= side->steps[0].event) {
        if (!has_cell(side, event_cell(record->event))) {
            continue;
        }
        g_string_truncate(lines, 0);
        trace_text_record(text, lines, record);
        for (unsigned i = 0; i < side->step_count; i++) {
            if (side->steps[i].event == record->number) {
                side->steps[i].lines = g_string_new(lines->str);
            }
        }
    }
    trace_text_free(text);
    trace_reader_free(reader);
    if (wrong != NULL) {
        g_propagate_error(error, wrong);
        return false;
    }
    return true;
}

static void
say_side(GString *out, char name, const BisectSide *side,
         const BisectSide *other)
{
    for (unsigned i = 0; i < side->step_count; i++) {
        const BisectStep *step = &side->steps[i];
        bool beside = i < other->step_count && other->steps[i].lines != NULL;

        if (name != 'A' && i > 0 && same_causes(side, other)) {
            g_string_append(out, "   with the same causes as in A\n");
            return;
        }
        if (i == 0) {
            g_string_append_printf(out, "%c  event %" PRIu64 "\n", name,
                                   step->event);
        } else {
            g_string_append_printf(out, "   %s event %" PRIu64 "\n", step->how,
                                   step->event);
        }
        if (step->lines != NULL) {
            say_lines(out, step->lines, beside ? other->steps[i].lines : NULL);
        }
    }
    if (side->from_start) {
        g_string_append(out, "   with no earlier cause in the trace\n");
    }
}

static bool
same_causes(const BisectSide *a, const BisectSide *b)
{
    if (a->step_count != b->step_count) {
        return false;
    }
    for (unsigned i = 1; i < a->step_count; i++) {
        if (a->steps[i].event != b->steps[i].event ||
            a->steps[i].lines == NULL || b->steps[i].lines == NULL ||
            !g_string_equal(a->steps[i].lines, b->steps[i].lines)) {
            return false;
        }
    }
    return true;
}

/* A line that the other side does not have at the same place is marked. */
static void
say_lines(GString *out, const GString *lines, const GString *other)
{
    g_auto(GStrv) ours = g_strsplit(lines->str, "\n", -1);
    g_auto(GStrv) theirs =
        g_strsplit(other != NULL ? other->str : "", "\n", -1);
    unsigned count = g_strv_length(ours);
    unsigned their_count = g_strv_length(theirs);

    for (unsigned i = 0; i < count && ours[i][0] != '\0'; i++) {
        bool alike = i < their_count && strcmp(ours[i], theirs[i]) == 0;

        if (i == LINES_MAX) {
            g_string_append_printf(out, "     ... %u more lines\n",
                                   count - 1 - i);
            break;
        }
        g_string_append_printf(out, "   %c %s\n", alike ? ' ' : '*', ours[i]);
    }
}

static void
clear_sides(BisectPlace *place)
{
    for (unsigned i = 0; i < 2; i++) {
        BisectSide *side = &place->sides[i];

        for (unsigned j = 0; j < side->step_count; j++) {
            if (side->steps[j].lines != NULL) {
                g_string_free(side->steps[j].lines, TRUE);
            }
        }
        memset(side, 0, sizeof(*side));
    }
}

void
bisect_place_clear(BisectPlace *place)
{
    clear_sides(place);
    memset(place, 0, sizeof(*place));
}

BisectOutcome
bisect_folders(const RunFolder *a, const RunFolder *b, GString *out,
               BisectPlace *place, GError **error)
{
    char *scratch = NULL;
    g_autofree char *left = NULL;
    g_autofree char *right = NULL;
    BisectOutcome outcome = BISECT_FAILED;
    GError *wrong = NULL;

    memset(place, 0, sizeof(*place));
    if (digest_equal(a->digest, b->digest) && a->events == b->events) {
        return BISECT_SAME;
    }
    narrow(a, b, place);
    scratch = scratch_new(error);
    if (scratch == NULL) {
        return BISECT_FAILED;
    }
    left = trace_of(a, 'a', scratch, out, &wrong);
    right = wrong == NULL ? trace_of(b, 'b', scratch, out, &wrong) : NULL;
    if (wrong != NULL) {
        g_propagate_error(error, wrong);
    } else if (left == NULL || right == NULL) {
        g_string_append_printf(
            out,
            "the runs part between event %" PRIu64
            " at %.9f s and event %" PRIu64
            " at %.9f s; run both with --trace binary to see where\n",
            place->after_event, (double)place->after / 1e9, place->by_event,
            (double)place->by / 1e9);
        outcome = BISECT_DIFFERENT;
    } else {
        outcome = bisect_traces(left, right, out, place, error);
        if (outcome == BISECT_SAME) {
            g_string_append(out, "the digests differ, but the traces hold no "
                                 "difference\n");
            outcome = BISECT_DIFFERENT;
        }
    }
    scratch_free(scratch);
    return outcome;
}

/* By the checkpoints: after which event, and by which one, the runs part. */
static void
narrow(const RunFolder *a, const RunFolder *b, BisectPlace *place)
{
    unsigned count = MIN(a->checkpoints->len, b->checkpoints->len);

    place->by_event = MAX(a->events, b->events);
    place->by = MAX(a->virtual_ns, b->virtual_ns);
    for (unsigned i = 0; i < count; i++) {
        const DigestCheckpoint *ours =
            &g_array_index(a->checkpoints, DigestCheckpoint, i);
        const DigestCheckpoint *theirs =
            &g_array_index(b->checkpoints, DigestCheckpoint, i);

        if (ours->event != theirs->event || ours->at != theirs->at ||
            !digest_equal(ours->value, theirs->value)) {
            place->by_event = MAX(ours->event, theirs->event);
            place->by = MAX(ours->at, theirs->at);
            return;
        }
        place->after_event = ours->event;
        place->after = ours->at;
    }
}

/* The trace of @folder, or of the same run once more under @scratch. NULL
 * without @error: there is none to be had, @out says why. */
static char *
trace_of(const RunFolder *folder, char name, char *scratch, GString *out,
         GError **error)
{
    char leaf[] = {name, '\0'};
    g_autofree char *place = g_build_filename(scratch, leaf, NULL);
    g_autofree RunResult *result = NULL;
    RunOptions options;
    int status;

    if (folder->trace_path != NULL) {
        return g_strdup(folder->trace_path);
    }
    if (!run_folder_own_build(folder)) {
        g_string_append_printf(out, "%s: no trace, and another build made it\n",
                               folder->path);
        return NULL;
    }
    result = g_new0(RunResult, 1);
    run_folder_options(folder, &options);
    options.no_folder = false;
    options.out = place;
    options.trace_binary = true;
    status = run_scenario(&options, result, error);
    if (status == RUN_BAD_ARGUMENTS || status == RUN_INTERNAL) {
        g_prefix_error(error, "%s: cannot run it again: ", folder->path);
        return NULL;
    }
    if (!digest_equal(result->digest, folder->digest)) {
        g_string_append_printf(out,
                               "%s: run again, it gives another digest than "
                               "it did\n",
                               folder->path);
    }
    return g_build_filename(place, "trace.sbt.zst", NULL);
}

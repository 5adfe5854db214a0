/* SPDX-License-Identifier: Apache-2.0 */
/* The story of a run. A line is kept open while things of one kind go on
 * ("node 2 refused 14 requests"), and written when something else happens. */
#include "sim/story.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <glib.h>

#include "nodes/probes.h"
#include "sim/client.h"

/* So that STORY_LINES of them, each with its time, fit. */
#define LINE_MAX_BYTES 134
#define PROBES_TOLD                                                            \
    (PROBE_BIT(RAFT_ROLE) | PROBE_BIT(RAFT_REFUSE) | PROBE_BIT(CLIENT_OUTCOME))

struct Story {
    unsigned node_count;
    SimTime now;
    GPtrArray *lines;
    uint64_t *roles;     /* by node, as it last said */
    uint64_t *refused;   /* by node, since the last line about it */
    SimTime *refused_at; /* the first of them */
    bool silent;         /* no operation ended ok since silent_at */
    SimTime silent_at;
    bool any_ok;
    uint64_t unknown; /* operations that ended unknown since the last line */
};

static void on_probe(Story *story, NodeId id, const Effect *effect);
static void on_fact(Story *story, const Fact *fact);
static void tell(Story *story, SimTime at, const char *format, ...)
    G_GNUC_PRINTF(3, 4);
static void tell_refusals(Story *story);

void
story_observe(Story *story, const Record *record)
{
    const Effect *probe;
    unsigned at = 0;

    story->now = event_at(record->event);
    for (unsigned i = 0; !record->plain_facts && i < record->fact_count; i++) {
        on_fact(story, &record->facts[i]);
    }
    if (record->input == NULL) {
        return;
    }
    while ((probe = record_next_probe(record, PROBES_TOLD, &at)) != NULL) {
        on_probe(story, event_cell(record->event), probe);
    }
}

static void
on_probe(Story *story, NodeId id, const Effect *effect)
{
    const uint64_t *values = effect->probe.values;

    switch (effect->probe.id) {
    case PROBE_RAFT_ROLE:
        if (values[0] == 3) {
            tell_refusals(story);
            tell(story, story->now,
                 "node %u is elected leader of term %" PRIu64, id, values[1]);
        } else if (id <= story->node_count && story->roles[id] == 3) {
            tell_refusals(story);
            tell(story, story->now,
                 "node %u no longer leads (term %" PRIu64 ")", id, values[1]);
        }
        if (id <= story->node_count) {
            story->roles[id] = values[0];
        }
        break;
    case PROBE_RAFT_REFUSE:
        if (id <= story->node_count) {
            if (story->refused[id]++ == 0) {
                story->refused_at[id] = story->now;
            }
        }
        break;
    case PROBE_CLIENT_OUTCOME:
        if (values[1] == CLIENT_OK) {
            if (story->silent || !story->any_ok) {
                tell_refusals(story);
                if (story->any_ok) {
                    tell(story, story->now,
                         "an operation succeeds, %.3f s after the last fault "
                         "or heal",
                         (double)(story->now - story->silent_at) / 1e9);
                } else {
                    tell(story, story->now, "the first operation succeeds");
                }
            }
            story->silent = false;
            story->any_ok = true;
        } else if (values[1] == CLIENT_INFO) {
            story->unknown++;
        }
        break;
    default:
        break;
    }
}

static void
on_fact(Story *story, const Fact *fact)
{
    switch (fact->kind) {
    case FACT_FAULT:
        tell_refusals(story);
        tell(story, story->now, "fault %" PRIu64 ": %s", fact->value,
             fact->text);
        story->silent = true;
        story->silent_at = story->now;
        break;
    case FACT_HEAL:
        tell_refusals(story);
        tell(story, story->now, "fault %" PRIu64 " (%s) ends", fact->value,
             fact->text);
        story->silent = true;
        story->silent_at = story->now;
        break;
    case FACT_LOST:
        tell_refusals(story);
        tell(story, story->now,
             "node %u lost %" PRIu64 " un-synced bytes and %" PRIu64
             " files with its power",
             fact->node, fact->size, fact->value);
        break;
    case FACT_DAMAGE:
        tell(story, story->now,
             "the disk of node %u no longer holds what it acknowledged: %s",
             fact->node, fact->text);
        break;
    case FACT_CRASH:
        if (fact->node <= story->node_count) {
            story->roles[fact->node] = 0;
        }
        break;
    case FACT_RESTART:
        if (fact->value > 1) {
            tell_refusals(story);
            tell(story, story->now, "node %u is back, incarnation %" PRIu64,
                 fact->node, fact->value);
        }
        break;
    case FACT_HALT:
        tell_refusals(story);
        tell(story, story->now, "node %u halts: %s", fact->node,
             fact->text != NULL ? fact->text : "");
        break;
    default:
        break;
    }
}

static void
tell_refusals(Story *story)
{
    GString *who = g_string_new(NULL);
    SimTime first = SIM_NEVER;

    for (unsigned id = 1; id <= story->node_count; id++) {
        if (story->refused[id] > 0) {
            g_string_append_printf(who, "%s n%u %" PRIu64,
                                   who->len > 0 ? "," : "", id,
                                   story->refused[id]);
            first = MIN(first, story->refused_at[id]);
            story->refused[id] = 0;
        }
    }
    if (who->len > 0) {
        tell(story, first,
             "nodes that do not lead refuse requests until %.3f s:%s",
             (double)story->now / 1e9, who->str);
    }
    g_string_free(who, TRUE);
    if (story->unknown > 0) {
        tell(story, story->now,
             "%" PRIu64 " operations have ended without an answer",
             story->unknown);
        story->unknown = 0;
    }
}

static void
tell(Story *story, SimTime at, const char *format, ...)
{
    va_list arguments;
    g_autofree char *line = NULL;

    va_start(arguments, format);
    line = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    g_ptr_array_add(story->lines,
                    g_strdup_printf("  %9.3f s  %.*s\n", (double)at / 1e9,
                                    LINE_MAX_BYTES, line));
}

void
story_finish(Story *story, char *text)
{
    unsigned count = story->lines->len;
    unsigned head = count > STORY_LINES ? STORY_LINES / 2 : count;
    size_t used = 0;

    tell_refusals(story);
    count = story->lines->len;
    head = count > STORY_LINES ? STORY_LINES / 2 : count;
    text[0] = '\0';
    for (unsigned i = 0; i < count; i++) {
        if (i == head && count > STORY_LINES) {
            unsigned left_out = count - STORY_LINES;

            used +=
                (size_t)g_snprintf(text + used, STORY_SIZE - used,
                                   "              ... %u more ...\n", left_out);
            i += left_out;
        }
        used += (size_t)g_snprintf(text + used, STORY_SIZE - used, "%s",
                                   (char *)story->lines->pdata[i]);
        if (used >= STORY_SIZE) {
            break;
        }
    }
    g_ptr_array_free(story->lines, TRUE);
    g_free(story->roles);
    g_free(story->refused);
    g_free(story->refused_at);
    g_free(story);
}

Story *
story_new(unsigned node_count)
{
    Story *story = g_new0(Story, 1);

    story->node_count = node_count;
    story->lines = g_ptr_array_new_with_free_func(g_free);
    story->roles = g_new0(uint64_t, node_count + 1);
    story->refused = g_new0(uint64_t, node_count + 1);
    story->refused_at = g_new0(SimTime, node_count + 1);
    return story;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Everything is kept as it changes, so that the question "and now?" costs
 * nothing but its answer. */
#include "sim/situation.h"

#include <inttypes.h>
#include <string.h>

#include "nodes/probes.h"
#include "sim/client.h"

#define LAST_LINES 16u
#define LINE_SHOWN 200u

typedef struct Host {
    bool up, paused, halted;
    SimTime since; /* of up, down or paused */
    uint64_t incarnation;
    bool has_role;
    uint64_t role, term, commit_index;
} Host;

typedef struct Standing {
    uint64_t line; /* of the plan */
    SimTime since;
    char *text;
} Standing;

struct Situation {
    unsigned node_count;
    SimTime now;
    uint64_t event_count;
    Host *nodes;    /* by id */
    GArray *faults; /* Standing, in force */
    uint64_t open, ok, fail, info;
    char *lines[LAST_LINES]; /* a ring */
    uint64_t line_count;
};

static void on_fact(Situation *situation, const Fact *fact);
static void on_probe(Situation *situation, NodeId id, const Effect *effect);
static void keep_lines(Situation *situation, const char *text);
static void drop_fault(Situation *situation, uint64_t line);
static void say_node(const Situation *situation, GString *out, NodeId id);

void
situation_observe(Situation *situation, const Record *record,
                  const GString *lines)
{
    NodeId id = event_cell(record->event);

    situation->now = event_at(record->event);
    situation->event_count++;
    for (unsigned i = 0; i < record->fact_count; i++) {
        on_fact(situation, &record->facts[i]);
    }
    if (record->input != NULL) {
        if (record->input->kind == INPUT_START && id <= situation->node_count) {
            Host *host = &situation->nodes[id];

            *host = (Host){.up = true,
                           .since = situation->now,
                           .incarnation = record->input->start.incarnation};
        }
        for (unsigned i = 0; i < record->fx->count; i++) {
            if (record->fx->items[i].kind == EFFECT_PROBE) {
                on_probe(situation, id, &record->fx->items[i]);
            }
        }
    }
    keep_lines(situation, lines->str);
}

static void
on_fact(Situation *situation, const Fact *fact)
{
    Host *host = fact->node >= 1 && fact->node <= situation->node_count
                     ? &situation->nodes[fact->node]
                     : &situation->nodes[0];
    Standing standing;

    switch (fact->kind) {
    case FACT_CRASH:
        host->up = false;
        host->paused = false;
        host->since = situation->now;
        break;
    case FACT_PAUSE:
    case FACT_RESUME:
        host->paused = fact->kind == FACT_PAUSE;
        host->since = situation->now;
        break;
    case FACT_HALT:
        host->halted = true;
        host->since = situation->now;
        break;
    case FACT_FAULT:
        drop_fault(situation, fact->value);
        standing = (Standing){fact->value, situation->now,
                              g_strdup(fact->text != NULL ? fact->text : "")};
        g_array_append_val(situation->faults, standing);
        break;
    case FACT_HEAL:
        drop_fault(situation, fact->value);
        break;
    default:
        break;
    }
}

static void
drop_fault(Situation *situation, uint64_t line)
{
    for (unsigned i = 0; i < situation->faults->len; i++) {
        if (g_array_index(situation->faults, Standing, i).line == line) {
            g_array_remove_index(situation->faults, i);
            return;
        }
    }
}

static void
on_probe(Situation *situation, NodeId id, const Effect *effect)
{
    const uint64_t *values = effect->probe.values;
    Host *host = &situation->nodes[id <= situation->node_count ? id : 0];

    switch (effect->probe.id) {
    case PROBE_RAFT_ROLE:
        host->has_role = true;
        host->role = values[0];
        host->term = values[1];
        break;
    case PROBE_RAFT_COMMIT:
        host->commit_index = values[0];
        break;
    case PROBE_CLIENT_INVOKE:
        situation->open++;
        break;
    case PROBE_CLIENT_OUTCOME:
        situation->open -= situation->open > 0;
        situation->ok += values[1] == CLIENT_OK;
        situation->fail += values[1] == CLIENT_FAIL;
        situation->info += values[1] != CLIENT_OK && values[1] != CLIENT_FAIL;
        break;
    default:
        break;
    }
}

static void
keep_lines(Situation *situation, const char *text)
{
    while (*text != '\0') {
        size_t size = strcspn(text, "\n");
        char **slot = &situation->lines[situation->line_count++ % LAST_LINES];

        g_free(*slot);
        *slot = g_strndup(text, MIN(size, LINE_SHOWN));
        text += size + (text[size] == '\n');
    }
}

void
situation_text(const Situation *situation, char *text)
{
    g_autoptr(GString) out = g_string_new(NULL);
    uint64_t first = situation->line_count > LAST_LINES
                         ? situation->line_count - LAST_LINES
                         : 0;

    g_string_append_printf(
        out, "at %" PRIu64 ".%09" PRIu64 " s, after %" PRIu64 " events:\n",
        situation->now / SIM_S, situation->now % SIM_S, situation->event_count);
    for (NodeId id = 1; id <= situation->node_count; id++) {
        say_node(situation, out, id);
    }
    for (unsigned i = 0; i < situation->faults->len; i++) {
        const Standing *fault = &g_array_index(situation->faults, Standing, i);

        g_string_append_printf(out, "  fault #%" PRIu64 "  %s, at %.3f s\n",
                               fault->line, fault->text,
                               (double)fault->since / 1e9);
    }
    g_string_append_printf(
        out,
        "  clients   %" PRIu64 " operations under way; %" PRIu64 " ok, %" PRIu64
        " failed, %" PRIu64 " unknown\n%s",
        situation->open, situation->ok, situation->fail, situation->info,
        situation->line_count > 0 ? "  the last lines of the trace:\n" : "");
    for (uint64_t i = first; i < situation->line_count; i++) {
        g_string_append_printf(out, "    %s\n",
                               situation->lines[i % LAST_LINES]);
    }
    g_strlcpy(text, out->str, SITUATION_SIZE);
}

static void
say_node(const Situation *situation, GString *out, NodeId id)
{
    static const char *const roles[] = {"follower", "pre-candidate",
                                        "candidate", "leader"};
    const Host *host = &situation->nodes[id];

    g_string_append_printf(out, "  node %-4" PRIu32 " ", id);
    if (!host->up) {
        g_string_append_printf(out, "down since %.3f s\n",
                               (double)host->since / 1e9);
        return;
    }
    g_string_append_printf(out, "incarnation %" PRIu64, host->incarnation);
    if (host->has_role && host->role < G_N_ELEMENTS(roles)) {
        g_string_append_printf(out, ", %s of term %" PRIu64 ", commit %" PRIu64,
                               roles[host->role], host->term,
                               host->commit_index);
    }
    if (host->paused || host->halted) {
        g_string_append_printf(out, ", %s since %.3f s",
                               host->halted ? "halted" : "paused",
                               (double)host->since / 1e9);
    }
    g_string_append_c(out, '\n');
}

static void
clear_standing(void *data)
{
    g_free(((Standing *)data)->text);
}

Situation *
situation_new(const TraceAbout *about)
{
    Situation *situation = g_new0(Situation, 1);

    situation->node_count = about->node_count;
    situation->nodes = g_new0(Host, about->node_count + 1);
    situation->faults = g_array_new(FALSE, FALSE, sizeof(Standing));
    g_array_set_clear_func(situation->faults, clear_standing);
    return situation;
}

void
situation_free(Situation *situation)
{
    if (situation == NULL) {
        return;
    }
    for (unsigned i = 0; i < LAST_LINES; i++) {
        g_free(situation->lines[i]);
    }
    g_array_unref(situation->faults);
    g_free(situation->nodes);
    g_free(situation);
}

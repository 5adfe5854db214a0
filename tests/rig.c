/* SPDX-License-Identifier: Apache-2.0 */
/* Cells, a world and the loop between them, as run_direct() of engine.c. */
#include "tests/rig.h"

#include <check.h>
#include <inttypes.h>
#include <string.h>

static void show(Rig *rig, const Record *record);
static void show_input(Rig *rig, NodeId id, const Input *input);
static void show_fact(Rig *rig, const Fact *fact);
static void show_bytes(Rig *rig, Slice bytes);
static void show_link(Rig *rig, LinkId link);

static RigStep rig_step;

static void *
make(const NodeSetup *setup, char *error, size_t error_size)
{
    NodeId *self = g_new(NodeId, 1);

    *self = setup->self;
    if (strstr(setup->config, "refuse") != NULL) {
        g_snprintf(error, error_size, "refused");
        g_clear_pointer(&self, g_free);
    }
    return self;
}

static void
step(void *node, const Input *input, Effects *fx)
{
    rig_step(*(NodeId *)node, input, fx);
}

static const NodeProgram program = {.abi = NODE_ABI,
                                    .name = "rig",
                                    .summary = "a test",
                                    .make = make,
                                    .step = step,
                                    .free = g_free};

void
rig_run(Rig *rig, SimTime until)
{
    Event event;

    while (!rig->done && queue_pop_before(rig->queue, until, &event)) {
        NodeId id = event_cell(&event);
        Cell *cell = rig->shared.cells[id];

        rig->now = event_at(&event);
        if (id == 0) {
            Record record;

            rig->done = !world_handle(rig->world, &event, &record);
            show(rig, &record);
            continue;
        }
        if (cell_handle(cell, &event)) {
            show(rig, &cell->out->record);
        }
        cell_forget(cell);
    }
}

static void
show(Rig *rig, const Record *record)
{
    NodeId id = event_cell(record->event);

    rig->records++;
    world_observe(rig->world, record);
    g_string_append_printf(rig->log, "%.3f n%u",
                           (double)event_at(record->event) / 1e6, id);
    if (record->input != NULL) {
        show_input(rig, id, record->input);
    } else {
        g_string_append(rig->log, " -");
    }
    if (record->death != NULL) {
        g_string_append_printf(rig->log, " dies: %s", record->death->text);
    }
    g_string_append_c(rig->log, '\n');
    for (unsigned i = 0; i < record->fact_count; i++) {
        show_fact(rig, &record->facts[i]);
    }
}

static void
show_input(Rig *rig, NodeId id, const Input *input)
{
    static const char *const states[] = {"?", "up", "down", "reset"};

    (void)id;
    switch (input->kind) {
    case INPUT_START:
        g_string_append_printf(rig->log, " start %" PRIu64,
                               input->start.incarnation);
        for (unsigned i = 0; i < input->start.file_count; i++) {
            g_string_append_printf(rig->log, " %s:%" PRIu64,
                                   input->start.files[i].name,
                                   input->start.files[i].size);
        }
        break;
    case INPUT_MESSAGE:
        g_string_append(rig->log, " message ");
        show_link(rig, input->message.link);
        show_bytes(rig, input->message.bytes);
        break;
    case INPUT_TIMER:
        g_string_append_printf(rig->log, " timer %" PRIu64, input->timer.id);
        break;
    case INPUT_SYNCED:
        g_string_append_printf(rig->log, " synced %" PRIu64 " %d",
                               input->synced.token, input->synced.error);
        break;
    case INPUT_READ:
        g_string_append_printf(rig->log, " read %" PRIu64 " %d",
                               input->read.token, input->read.error);
        show_bytes(rig, input->read.bytes);
        break;
    case INPUT_LINK:
        g_string_append(rig->log, " link ");
        show_link(rig, input->link.link);
        g_string_append_printf(rig->log, " %s", states[input->link.state]);
        break;
    case INPUT_ROOM:
        g_string_append(rig->log, " room ");
        show_link(rig, input->room.link);
        break;
    case INPUT_MEMORY:
        g_string_append_printf(rig->log, " memory %" PRIu64,
                               input->memory.budget);
        break;
    default:
        ck_abort_msg("input kind %d", (int)input->kind);
    }
}

static void
show_fact(Rig *rig, const Fact *fact)
{
    static const char *const names[] = {
        "?",      "send", "held",    "write", "truncate", "allocate", "rename",
        "remove", "sync", "durable", "lost",  "crash",    "restart",  "pause",
        "resume", "drop", "fault",   "heal",  "halt"};

    g_string_append_printf(
        rig->log, "  + %s n%u",
        fact->kind < G_N_ELEMENTS(names) ? names[fact->kind] : "?", fact->node);
    switch (fact->kind) {
    case FACT_SEND:
    case FACT_HELD:
    case FACT_DROP:
        g_string_append_c(rig->log, ' ');
        show_link(rig, fact->link);
        if (fact->kind == FACT_SEND) {
            show_bytes(rig, fact->bytes);
            g_string_append_printf(rig->log, " %s",
                                   fate_drop_text(fact->fate.drop));
        }
        break;
    case FACT_WRITE:
        g_string_append_printf(rig->log, " %s@%" PRIu64, fact->file,
                               fact->offset);
        show_bytes(rig, fact->bytes);
        break;
    case FACT_TRUNCATE:
    case FACT_ALLOCATE:
        g_string_append_printf(rig->log, " %s %" PRIu64, fact->file,
                               fact->size);
        break;
    case FACT_RENAME:
        g_string_append_printf(rig->log, " %s %s", fact->file, fact->to);
        break;
    case FACT_REMOVE:
        g_string_append_printf(rig->log, " %s", fact->file);
        break;
    case FACT_SYNC:
    case FACT_DURABLE:
        g_string_append_printf(rig->log, " %" PRIu64, fact->token);
        break;
    default:
        if (fact->value != 0) {
            g_string_append_printf(rig->log, " %" PRIu64, fact->value);
        }
        if (fact->text != NULL) {
            g_string_append_printf(rig->log, " %s", fact->text);
        }
        break;
    }
    g_string_append_c(rig->log, '\n');
}

static void
show_bytes(Rig *rig, Slice bytes)
{
    if (bytes.size > 24) {
        g_string_append_printf(rig->log, " [%zu]", bytes.size);
    } else if (bytes.size > 0) {
        g_string_append_printf(rig->log, " '%.*s'", (int)bytes.size,
                               (const char *)bytes.data);
    }
}

static void
show_link(Rig *rig, LinkId link)
{
    g_string_append_printf(rig->log, "n%u", link_peer(link));
    if (link_is_stream(link)) {
        g_string_append_printf(rig->log, "/%u%s", (unsigned)(link & 0xffffff),
                               (link & LINK_ACCEPTED) != 0 ? "a" : "");
    }
}

char *
rig_inputs(Rig *rig, const char *word)
{
    GString *found = g_string_new(NULL);
    g_auto(GStrv) lines = g_strsplit(rig->log->str, "\n", -1);

    for (unsigned i = 0; lines[i] != NULL; i++) {
        if (lines[i][0] != '\0' && lines[i][0] != ' ' &&
            strstr(lines[i], word) != NULL) {
            g_string_append_printf(found, "%s\n", lines[i]);
        }
    }
    g_string_truncate(rig->log, 0);
    return g_string_free(found, FALSE);
}

char *
rig_lines(Rig *rig, const char *word)
{
    GString *found = g_string_new(NULL);
    g_auto(GStrv) lines = g_strsplit(rig->log->str, "\n", -1);

    for (unsigned i = 0; lines[i] != NULL; i++) {
        if (lines[i][0] != '\0' && strstr(lines[i], word) != NULL) {
            g_string_append_printf(found, "%s\n", lines[i]);
        }
    }
    g_string_truncate(rig->log, 0);
    return g_string_free(found, FALSE);
}

unsigned
rig_count(const Rig *rig, const char *word)
{
    g_auto(GStrv) lines = g_strsplit(rig->log->str, "\n", -1);
    unsigned count = 0;

    for (unsigned i = 0; lines[i] != NULL; i++) {
        count += strstr(lines[i], word) != NULL;
    }
    return count;
}

const WorldCount *
rig_world_count(const Rig *rig, FaultKind kind)
{
    return &world_counts(rig->world)[kind];
}

Rig *
rig_new(const char *scenario, const char *plan, uint64_t seed, RigStep step_of)
{
    Rig *rig = g_new0(Rig, 1);
    GError *error = NULL;
    g_autofree char *text = g_strdup_printf("title: rig\n%s\n", scenario);

    rig_step = step_of;
    rig->log = g_string_new(NULL);
    rig->scenario =
        scenario_parse(text, strlen(text), "rig", NULL, 0, seed, &error);
    ck_assert_msg(error == NULL, "%s", error != NULL ? error->message : "");
    rig->plan = plan_parse(plan, strlen(plan), "plan", &error);
    ck_assert_msg(error == NULL, "%s", error != NULL ? error->message : "");
    rig->queue = queue_new();
    rig->shared =
        (CellWorld){.scenario = rig->scenario,
                    .partition = partition_new(rig->scenario->node_count),
                    .seed = seed,
                    .host_count = rig->scenario->node_count,
                    .cells = g_new0(Cell *, rig->scenario->node_count + 1)};
    for (NodeId id = 1; id <= rig->shared.host_count; id++) {
        Cell *cell =
            cell_new(&rig->shared, id, cluster_inline_program(&program, id),
                     rig->scenario->node_config, false);

        cell->queue = rig->queue;
        rig->shared.cells[id] = cell;
    }
    rig->world = world_new(&rig->shared, rig->plan, rig->queue);
    world_start(rig->world);
    return rig;
}

void
rig_free(Rig *rig)
{
    Event event;

    world_free(rig->world);
    while (queue_pop(rig->queue, &event)) {
        cell_event_drop(&event);
    }
    for (NodeId id = 1; id <= rig->shared.host_count; id++) {
        cell_free(rig->shared.cells[id]);
    }
    queue_free(rig->queue);
    partition_free(rig->shared.partition);
    g_free(rig->shared.cells);
    plan_free(rig->plan);
    scenario_free(rig->scenario);
    g_string_free(rig->log, TRUE);
    g_free(rig);
}

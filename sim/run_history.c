/* SPDX-License-Identifier: Apache-2.0 */
/* An operation is remembered from its invocation to its outcome, so that a
 * reader who splits a history by key finds both. */
#include "sim/run_history.h"

#include "nodes/raft/kv_wire.h"
#include "sim/client.h"
#include "sim/history.h"

/* What a process has under way. */
typedef struct Operation {
    Bytes *payload; /* key, value, expected; NULL: nothing */
    size_t key_size, value_size;
    bool expects_value; /* a CAS that does not expect absence */
} Operation;

struct RunHistory {
    History *history; /* NULL: no file */
    Linear *linear;   /* NULL: nobody judges */
    uint64_t lines;
    GArray *operations; /* Operation, by process */
};

static void fill(HistoryEvent *event, const Operation *operation,
                 uint64_t verb);
static void show(RunHistory *history, const HistoryEvent *event);
static HistoryValue bytes_value(Slice bytes);

static const char *const functions[] = {"read", "write", "cas", "append",
                                        "delete"};

void
run_history_invoke(RunHistory *history, SimTime now, const Effect *probe)
{
    const uint64_t *values = probe->probe.values;
    uint64_t verb = values[1] & 0xff;
    Slice payload = probe->part_count > 0 ? probe->parts[0] : slice_of("", 0);
    HistoryEvent event = {.process = values[0],
                          .type = HISTORY_INVOKE,
                          .function = slice_text(functions[verb % 5]),
                          .time = now};
    Operation *operation;

    if (history->operations->len <= values[0]) {
        g_array_set_size(history->operations, (unsigned)values[0] + 1);
    }
    operation = &g_array_index(history->operations, Operation, values[0]);
    bytes_unref(operation->payload);
    operation->payload = bytes_copy(payload.data, payload.size);
    operation->key_size = values[2];
    operation->value_size = values[3];
    operation->expects_value = (values[1] & 256) == 0;
    fill(&event, operation, verb);
    show(history, &event);
}

void
run_history_outcome(RunHistory *history, SimTime now, const Effect *probe)
{
    static const HistoryType types[] = {HISTORY_INFO, HISTORY_OK, HISTORY_FAIL,
                                        HISTORY_INFO};
    const uint64_t *values = probe->probe.values;
    HistoryEvent event = {.process = values[0],
                          .type = types[values[1] & 3],
                          .function = slice_text(functions[values[2] % 5]),
                          .time = now};
    Operation *operation;

    if (history->operations->len <= values[0]) {
        return; /* never invoked: the client is at fault, not the file */
    }
    operation = &g_array_index(history->operations, Operation, values[0]);
    if (operation->payload == NULL) {
        return;
    }
    fill(&event, operation, values[2]);
    if (values[2] == KV_VERB_READ && values[1] == CLIENT_OK && !values[3]) {
        event.value = bytes_value(probe->part_count > 0 ? probe->parts[0]
                                                        : slice_of("", 0));
    }
    show(history, &event);
    g_clear_pointer(&operation->payload, bytes_unref);
}

/* A node program may state what it likes, as a client too: what makes no
 * history is not judged. */
static void
show(RunHistory *history, const HistoryEvent *event)
{
    history->lines++;
    if (history->history != NULL) {
        history_add(history->history, event);
    }
    if (history->linear != NULL) {
        linear_add(history->linear, event, history->lines, NULL);
    }
}

/* Key, and the value that @verb carries; a read's is its outcome's. */
static void
fill(HistoryEvent *event, const Operation *operation, uint64_t verb)
{
    Slice all = slice_bytes(operation->payload);
    size_t rest = operation->key_size + operation->value_size;
    Slice value = slice_sub(all, operation->key_size, operation->value_size);

    event->key = bytes_value(slice_sub(all, 0, operation->key_size));
    if (verb == KV_VERB_WRITE || verb == KV_VERB_APPEND) {
        event->value = bytes_value(value);
    } else if (verb == KV_VERB_CAS) {
        event->pair = true;
        event->value = bytes_value(value);
        if (operation->expects_value) {
            event->expected = bytes_value(slice_sub(all, rest, all.size));
        }
    }
}

static HistoryValue
bytes_value(Slice bytes)
{
    return (HistoryValue){.kind = HISTORY_BYTES, .bytes = bytes};
}

bool
run_history_close(RunHistory *history, GError **error)
{
    bool good =
        history->history == NULL || history_close(history->history, error);

    for (unsigned i = 0; i < history->operations->len; i++) {
        bytes_unref(g_array_index(history->operations, Operation, i).payload);
    }
    g_array_free(history->operations, TRUE);
    g_free(history);
    return good;
}

RunHistory *
run_history_new(const char *path, Linear *linear, GError **error)
{
    History *file = path != NULL ? history_new(path, error) : NULL;
    RunHistory *history;

    if (path != NULL && file == NULL) {
        return NULL;
    }
    history = g_new0(RunHistory, 1);
    history->history = file;
    history->linear = linear;
    history->operations = g_array_new(FALSE, TRUE, sizeof(Operation));
    return history;
}

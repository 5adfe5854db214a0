/* SPDX-License-Identifier: Apache-2.0 */
/* The facts that nodes state: by the table of probes.def, and those of clients
 * in the words of their operations. */
#include "sim/trace_probe.h"

#include <inttypes.h>
#include <string.h>

#include "nodes/probes.h"
#include "sim/trace_words.h"

static void print_client(TraceLine *line, const Effect *effect, NodeId self);
static void print_probe_value(GString *out, const char *name, size_t size,
                              uint64_t value);

void
trace_probe_print(TraceLine *line, const Effect *effect, NodeId self)
{
    static const struct {
        const char *name, *values;
    } probes[] = {
        {"probe", ""},
#define PROBE(name, text, values) {text, values},
#include "nodes/probes.def"
#undef PROBE
    };
    uint32_t id = effect->probe.id;
    const char *names = id < PROBE_COUNT ? probes[id].values : "";
    bool first = true;

    if (id == PROBE_CLIENT_INVOKE || id == PROBE_CLIENT_OUTCOME) {
        print_client(line, effect, self);
        return;
    }
    trace_line_cell(line, self, '*');
    if (id < PROBE_COUNT) {
        g_string_append(line->out, probes[id].name);
    } else {
        g_string_append_printf(line->out, "probe %" PRIu32, id);
    }
    for (unsigned i = 0; i < MIN(effect->probe.count, PROBE_VALUES_MAX); i++) {
        size_t size = strcspn(names, " ");

        g_string_append(line->out, first ? ": " : ", ");
        first = false;
        print_probe_value(line->out, size > 0 ? names : "value",
                          size > 0 ? size : 5, effect->probe.values[i]);
        names += size + (names[size] == ' ');
    }
    if (effect->part_count > 0 && effect->parts[0].size > 0) {
        g_string_append(line->out, first ? ": " : ", ");
        trace_words_bytes(line->out, effect->parts[0].data,
                          effect->parts[0].size);
    }
    g_string_append_c(line->out, '\n');
}

/* sim/client.c: an invocation is {process, operation | 256 when a cas expects
 * the key to be absent, size of the key, size of the value} with key, value
 * and expected value as payload; an outcome is {process, outcome, operation,
 * absent} with the value that was read. */
static void
print_client(TraceLine *line, const Effect *effect, NodeId self)
{
    static const char *const verbs[] = {"read", "write", "cas", "append",
                                        "delete"};
    static const char *const outcomes[] = {"open", "ok", "fail", "info"};
    const uint64_t *values = effect->probe.values;
    bool invoke = effect->probe.id == PROBE_CLIENT_INVOKE;
    unsigned verb = (unsigned)((invoke ? values[1] : values[2]) & 0xff);
    Slice payload = effect->part_count > 0 ? effect->parts[0] : slice_of("", 0);
    GString *out = line->out;

    trace_line_cell(line, self, '*');
    if (!invoke) {
        g_string_append_printf(out, "%s ", outcomes[values[1] & 3]);
    }
    g_string_append(out, verb < G_N_ELEMENTS(verbs) ? verbs[verb] : "?");
    if (invoke) {
        Slice key = slice_sub(payload, 0, values[2]);
        Slice value = slice_sub(payload, values[2], values[3]);
        Slice expected =
            slice_sub(payload, key.size + value.size, payload.size);

        g_string_append_c(out, ' ');
        trace_words_bytes(out, key.data, key.size);
        if (verb == 2) {
            g_string_append(out, " from ");
            if ((values[1] & 256) != 0) {
                g_string_append(out, "absent");
            } else {
                trace_words_bytes(out, expected.data, expected.size);
            }
        }
        if (verb >= 1 && verb <= 3) {
            g_string_append(out, verb == 2 ? " to " : " = ");
            trace_words_bytes(out, value.data, value.size);
        }
    } else if (values[3] != 0) {
        g_string_append(out, ", absent");
    } else if (payload.size > 0) {
        g_string_append(out, ", ");
        trace_words_bytes(out, payload.data, payload.size);
    }
    g_string_append_printf(out, ", process %" PRIu64 "\n", values[0]);
}

static void
print_probe_value(GString *out, const char *name, size_t size, uint64_t value)
{
    static const struct {
        const char *name;
        unsigned count;
        const char *words[5];
    } tables[] = {
        {"role", 4, {"follower", "pre-candidate", "candidate", "leader"}},
    };

    for (unsigned i = 0; i < G_N_ELEMENTS(tables); i++) {
        if (strlen(tables[i].name) == size &&
            memcmp(tables[i].name, name, size) == 0 &&
            value < tables[i].count) {
            g_string_append(out, tables[i].words[value]);
            return;
        }
    }
    g_string_append_len(out, name, (gssize)size);
    if ((size == 4 && memcmp(name, "hash", 4) == 0) ||
        (size == 6 && memcmp(name, "digest", 6) == 0)) {
        g_string_append_printf(out, " %016" PRIx64, value);
    } else {
        g_string_append_printf(out, " %" PRIu64, value);
    }
}

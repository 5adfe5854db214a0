/* SPDX-License-Identifier: Apache-2.0 */
/* Counting is O(1) a record but for the rows of metrics.csv, one an interval.
 * Nothing here decides anything. */
#include "sim/metrics.h"

#include <inttypes.h>
#include <string.h>

#include "nodes/probes.h"
#include "sim/histogram.h"
#include "sim/nemesis.h"
#include "sim/plan.h"
#include "sim/tcp.h"
#include "sim/whole_file.h"

enum { ROLE_LEADER = 3, ROLE_CANDIDATE = 2, ROLE_DOWN = 4, ROLE_UP = 5 };
enum { OUTCOME_OPEN = 0, OUTCOME_OK, OUTCOME_FAIL, OUTCOME_INFO, OUTCOMES };

/* Latency quantiles run over so many rows: a second by default. */
#define WINDOW_ROWS 10u
#define PROBES_COUNTED                                                         \
    (PROBE_BIT(RAFT_ROLE) | PROBE_BIT(RAFT_COMMIT) |                           \
     PROBE_BIT(CLIENT_INVOKE) | PROBE_BIT(CLIENT_OUTCOME))

/* The operation's number; the bits above say more about it. */
#define OPERATION_MASK 0xffu

/* A node between two changes of role or term. */
typedef struct NodeState {
    unsigned role;
    uint64_t term;
    SimTime since;
} NodeState;

typedef struct Operation {
    bool open;
    SimTime invoked_at;
    uint64_t operation;
} Operation;

typedef struct FaultBand {
    uint64_t line;
    FaultKind kind;
    char *text;
    SimTime start, end; /* SIM_NEVER: still on */
} FaultBand;

/* What both the totals and a row of metrics.csv count. */
typedef struct Counts {
    uint64_t outcome[OUTCOMES];
    uint64_t sent, delivered, dropped, bytes_sent;
} Counts;

struct Metrics {
    unsigned node_count;
    SimTime interval, row_end, now;
    WholeFile *rows, *roles, *operations_file, *faults_file; /* or NULL */
    Counts total, row;
    Histogram *window;                /* of the last WINDOW_ROWS rows */
    GArray *window_rows[WINDOW_ROWS]; /* uint64_t: what leaves it again */
    uint64_t row_count;
    Histogram *latency;
    NodeState *nodes;   /* 1..node_count */
    GArray *operations; /* Operation, by process */
    GArray *bands;      /* FaultBand */
    uint64_t events, bytes_delivered, duplicated, corrupted;
    uint64_t dropped_by[FATE_DROPS], dropped_at_receiver;
    uint64_t node_inputs;
    uint64_t elections, candidacies, term_max, commit_max;
    GTree *term_leaders; /* term -> the number of nodes that led in it */
    unsigned leaders, leaders_per_term_max;
    SimTime first_leader_at, leaderless_since, leaderless;
    uint64_t crashes, restarts, writes, bytes_written, syncs, bytes_lost;
    uint64_t faults[FAULT_KIND_COUNT];
};

static const char *const fault_names[FAULT_KIND_COUNT] = {
    NULL,
#define FAULT(name, text, needs, manual) text,
#include "sim/faults.def"
#undef FAULT
};

/* A kind without an end is over at once: a band to the end of the run would
 * hide everything else. */
static const unsigned fault_needs[FAULT_KIND_COUNT] = {
    0,
#define FAULT(name, text, needs, manual) needs,
#include "sim/faults.def"
#undef FAULT
};

static void end_row(Metrics *metrics);
static void on_fact(Metrics *metrics, const Fact *fact);
static void on_send(Metrics *metrics, const Fact *fact);
static void on_fault(Metrics *metrics, const Fact *fact);
static void on_heal(Metrics *metrics, const Fact *fact);
static void on_input(Metrics *metrics, const Record *record, NodeId self);
static void on_probe(Metrics *metrics, const Effect *effect, NodeId self);
static void on_role(Metrics *metrics, NodeId node, unsigned role,
                    uint64_t term);
static void on_leader(Metrics *metrics, uint64_t term);
static void end_role(Metrics *metrics, NodeId node);
static void on_invoke(Metrics *metrics, const uint64_t *values);
static void on_outcome(Metrics *metrics, const uint64_t *values);
static void write_operation(Metrics *metrics, const Operation *operation,
                            unsigned outcome, uint64_t process);
static void write_bands(Metrics *metrics);
static bool open_files(Metrics *metrics, const char *folder, GError **error);
static gint by_term(gconstpointer left, gconstpointer right, gpointer data);

void
metrics_observe(Metrics *metrics, const Record *record)
{
    NodeId self = event_cell(record->event);
    SimTime at = event_at(record->event);

    while (metrics->rows != NULL && at >= metrics->row_end) {
        end_row(metrics);
    }
    metrics->now = at;
    metrics->events++;
    for (unsigned i = 0; i < record->fact_count; i++) {
        on_fact(metrics, &record->facts[i]);
    }
    if (record->input != NULL) {
        on_input(metrics, record, self);
    }
}

static void
on_fact(Metrics *metrics, const Fact *fact)
{
    switch (fact->kind) {
    case FACT_SEND:
        /* A stream's handshake and end are nobody's messages. */
        if (fact->value == 0 || fact->value == CHUNK_DATA) {
            on_send(metrics, fact);
        }
        break;
    case FACT_DROP:
        metrics->dropped_at_receiver++;
        metrics->total.dropped++;
        metrics->row.dropped++;
        break;
    case FACT_WRITE:
        metrics->writes++;
        metrics->bytes_written += fact->bytes.size;
        break;
    case FACT_SYNC:
        metrics->syncs++;
        break;
    case FACT_LOST:
        metrics->bytes_lost += fact->size;
        break;
    case FACT_CRASH:
        metrics->crashes++;
        on_role(metrics, fact->node, ROLE_DOWN, 0);
        break;
    case FACT_HALT:
        on_role(metrics, fact->node, ROLE_DOWN, 0);
        break;
    case FACT_RESTART:
        metrics->restarts += fact->value > 1; /* not the first start */
        break;
    case FACT_FAULT:
        on_fault(metrics, fact);
        break;
    case FACT_HEAL:
        on_heal(metrics, fact);
        break;
    default:
        break;
    }
}

static void
on_send(Metrics *metrics, const Fact *fact)
{
    const Fate *fate = &fact->fate;

    metrics->total.sent++;
    metrics->row.sent++;
    metrics->total.bytes_sent += fact->bytes.size;
    metrics->row.bytes_sent += fact->bytes.size;
    if (fate->drop != FATE_NOT_DROPPED) {
        g_assert((unsigned)fate->drop < FATE_DROPS);
        metrics->dropped_by[fate->drop]++;
        metrics->total.dropped++;
        metrics->row.dropped++;
    }
    metrics->duplicated += fate->copy_count > 1;
    for (unsigned i = 0; i < fate->copy_count; i++) {
        metrics->corrupted += fate->copies[i].corrupt;
    }
}

static void
on_fault(Metrics *metrics, const Fact *fact)
{
    const char *text = fact->text != NULL ? fact->text : "";
    unsigned kind = fact->fault_kind;
    FaultBand band = {fact->value, (FaultKind)kind,
                      g_strdelimit(g_strdup(text), ",\"\n", ';'), metrics->now,
                      SIM_NEVER};

    if (kind == 0 || kind >= FAULT_KIND_COUNT) {
        g_free(band.text);
        return; /* it hit nobody: nothing happened */
    }
    metrics->faults[kind]++;
    band.end = (fault_needs[kind] & FAULT_FOR) != 0 ? SIM_NEVER : band.start;
    g_array_append_val(metrics->bands, band);
}

static void
on_heal(Metrics *metrics, const Fact *fact)
{
    for (guint i = metrics->bands->len; i-- > 0;) {
        FaultBand *band = &g_array_index(metrics->bands, FaultBand, i);

        if (band->line == fact->value && band->end == SIM_NEVER) {
            band->end = metrics->now;
            return;
        }
    }
}

static void
on_input(Metrics *metrics, const Record *record, NodeId self)
{
    const Input *input = record->input;
    const Effect *probe;
    unsigned at = 0;

    metrics->node_inputs += self >= 1 && self <= metrics->node_count;
    if (input->kind == INPUT_START) {
        on_role(metrics, self, ROLE_UP, 0);
    } else if (input->kind == INPUT_MESSAGE) {
        metrics->total.delivered++;
        metrics->row.delivered++;
        metrics->bytes_delivered += input->message.bytes.size;
    }
    while (record->fx != NULL &&
           (probe = record_next_probe(record, PROBES_COUNTED, &at)) != NULL) {
        on_probe(metrics, probe, self);
    }
}

static void
on_probe(Metrics *metrics, const Effect *effect, NodeId self)
{
    const uint64_t *values = effect->probe.values;

    switch (effect->probe.id) {
    case PROBE_RAFT_ROLE:
        on_role(metrics, self, (unsigned)MIN(values[0], ROLE_UP), values[1]);
        break;
    case PROBE_RAFT_COMMIT:
        metrics->commit_max = MAX(metrics->commit_max, values[0]);
        break;
    case PROBE_CLIENT_INVOKE:
        on_invoke(metrics, values);
        break;
    case PROBE_CLIENT_OUTCOME:
        on_outcome(metrics, values);
        break;
    default:
        break;
    }
}

static void
on_role(Metrics *metrics, NodeId node, unsigned role, uint64_t term)
{
    NodeState *state;

    if (node == 0 || node > metrics->node_count) {
        return;
    }
    state = &metrics->nodes[node];
    if (term == 0) {
        term = state->term; /* who is down or just up has not said any */
    }
    metrics->term_max = MAX(metrics->term_max, term);
    if (role == state->role && term == state->term) {
        return;
    }
    end_role(metrics, node);
    if (role == ROLE_LEADER) {
        on_leader(metrics, term);
    }
    if (role == ROLE_LEADER && state->role != ROLE_LEADER &&
        metrics->leaders++ == 0) {
        metrics->leaderless += metrics->now - metrics->leaderless_since;
    }
    if (role != ROLE_LEADER && state->role == ROLE_LEADER &&
        --metrics->leaders == 0) {
        metrics->leaderless_since = metrics->now;
    }
    metrics->candidacies += role == ROLE_CANDIDATE;
    *state = (NodeState){role, term, metrics->now};
}

static void
on_leader(Metrics *metrics, uint64_t term)
{
    guint64 *key = g_new(guint64, 1);
    unsigned count;

    *key = term;
    count = GPOINTER_TO_UINT(g_tree_lookup(metrics->term_leaders, key)) + 1;
    g_tree_insert(metrics->term_leaders, key, GUINT_TO_POINTER(count));
    metrics->leaders_per_term_max = MAX(metrics->leaders_per_term_max, count);
    if (metrics->elections++ == 0) {
        metrics->first_leader_at = metrics->now;
    }
}

static void
end_role(Metrics *metrics, NodeId node)
{
    const NodeState *state = &metrics->nodes[node];

    if (metrics->roles != NULL && metrics->now > state->since) {
        fprintf(whole_file_stream(metrics->roles),
                "%" PRIu32 ",%u,%" PRIu64 ",%" PRIu64 ",%" PRIu64 "\n", node,
                state->role, state->term, state->since, metrics->now);
    }
}

static void
on_invoke(Metrics *metrics, const uint64_t *values)
{
    uint64_t process = values[0];
    Operation *operation;

    if (process > 1u << 24) {
        return; /* no client numbers its processes so */
    }
    if (process >= metrics->operations->len) {
        g_array_set_size(metrics->operations, (guint)process + 1);
    }
    operation = &g_array_index(metrics->operations, Operation, process);
    *operation = (Operation){true, metrics->now, values[1] & OPERATION_MASK};
}

static void
on_outcome(Metrics *metrics, const uint64_t *values)
{
    uint64_t process = values[0];
    unsigned outcome =
        values[1] < OUTCOMES ? (unsigned)values[1] : OUTCOME_INFO;
    Operation *operation;

    if (process >= metrics->operations->len) {
        return;
    }
    operation = &g_array_index(metrics->operations, Operation, process);
    if (!operation->open) {
        return;
    }
    operation->open = false;
    metrics->total.outcome[outcome]++;
    metrics->row.outcome[outcome]++;
    if (outcome == OUTCOME_OK) {
        uint64_t latency = metrics->now - operation->invoked_at;

        histogram_add(metrics->latency, latency);
        if (metrics->rows != NULL) {
            GArray *row =
                metrics->window_rows[metrics->row_count % WINDOW_ROWS];

            histogram_add(metrics->window, latency);
            g_array_append_val(row, latency);
        }
    }
    write_operation(metrics, operation, outcome, process);
}

static void
write_operation(Metrics *metrics, const Operation *operation, unsigned outcome,
                uint64_t process)
{
    if (metrics->operations_file != NULL) {
        fprintf(whole_file_stream(metrics->operations_file),
                "%" PRIu64 ",%" PRIu64 ",%u,%" PRIu64 ",%" PRIu64 "\n",
                operation->invoked_at, metrics->now, outcome,
                operation->operation, process);
    }
}

static void
end_row(Metrics *metrics)
{
    FILE *file = whole_file_stream(metrics->rows);
    const Counts *row = &metrics->row;
    GArray *oldest;

    fprintf(file, "%" PRIu64 ",%" PRIu64 ",%" PRIu64 ",%" PRIu64 ",",
            metrics->row_end - metrics->interval, row->outcome[OUTCOME_OK],
            row->outcome[OUTCOME_FAIL], row->outcome[OUTCOME_INFO]);
    if (metrics->window->count > 0) {
        fprintf(file, "%" PRIu64 ",%" PRIu64,
                histogram_quantile(metrics->window, 500000),
                histogram_quantile(metrics->window, 990000));
    } else {
        fputc(',', file);
    }
    fprintf(file, ",%" PRIu64 ",%" PRIu64 ",%" PRIu64 ",%" PRIu64 ",%" PRIu64,
            row->sent, row->delivered, row->dropped, row->bytes_sent,
            metrics->term_max);
    for (NodeId node = 1; node <= metrics->node_count; node++) {
        fprintf(file, ",%u", metrics->nodes[node].role);
    }
    fputc('\n', file);
    memset(&metrics->row, 0, sizeof metrics->row);
    metrics->row_end += metrics->interval;
    metrics->row_count++;
    /* The next row takes the place of the oldest. */
    oldest = metrics->window_rows[metrics->row_count % WINDOW_ROWS];
    for (guint i = 0; i < oldest->len; i++) {
        histogram_remove(metrics->window, g_array_index(oldest, uint64_t, i));
    }
    g_array_set_size(oldest, 0);
}

bool
metrics_close(Metrics *metrics, SimTime end, GError **error)
{
    bool good = true;
    WholeFile **files[] = {&metrics->rows, &metrics->roles,
                           &metrics->operations_file, &metrics->faults_file};

    g_assert(end >= metrics->now);
    while (metrics->rows != NULL && end >= metrics->row_end) {
        end_row(metrics);
    }
    metrics->now = end;
    if (metrics->rows != NULL && metrics->row_end - metrics->interval < end) {
        end_row(metrics);
    }
    if (metrics->leaders == 0) {
        metrics->leaderless += end - metrics->leaderless_since;
        metrics->leaderless_since = end;
    }
    for (NodeId node = 1; node <= metrics->node_count; node++) {
        end_role(metrics, node);
        metrics->nodes[node].since = end;
    }
    for (guint i = 0; i < metrics->operations->len; i++) {
        Operation *operation =
            &g_array_index(metrics->operations, Operation, i);

        if (operation->open) {
            metrics->total.outcome[OUTCOME_OPEN]++;
            operation->open = false;
            write_operation(metrics, operation, OUTCOME_OPEN, i);
        }
    }
    write_bands(metrics);
    for (unsigned i = 0; i < G_N_ELEMENTS(files); i++) {
        WholeFile *file = g_steal_pointer(files[i]);

        if (file != NULL && good) {
            good = whole_file_finish(file, error);
        } else {
            whole_file_free(file);
        }
    }
    return good;
}

static void
write_bands(Metrics *metrics)
{
    for (guint i = 0; i < metrics->bands->len; i++) {
        const FaultBand *band = &g_array_index(metrics->bands, FaultBand, i);
        size_t kind = strcspn(band->text, " :");
        SimTime end = MIN(band->end, metrics->now);

        if (metrics->faults_file != NULL) {
            fprintf(whole_file_stream(metrics->faults_file),
                    "%" PRIu64 ",%.*s,%" PRIu64 ",%" PRIu64 ",%s,%s\n",
                    band->line, (int)kind, band->text, band->start, end,
                    band->text + kind + strspn(band->text + kind, " :"),
                    nemesis_of(band->kind));
        }
    }
}

void
metrics_each(const Metrics *metrics, MetricsEach function, void *data)
{
    const struct {
        const char *name;
        uint64_t value;
    } totals[] = {
        {"events", metrics->events},
        {"node_inputs", metrics->node_inputs},
        {"messages_sent", metrics->total.sent},
        {"messages_delivered", metrics->total.delivered},
        {"messages_dropped", metrics->total.dropped},
        {"messages_dropped_receiver", metrics->dropped_at_receiver},
        {"messages_duplicated", metrics->duplicated},
        {"messages_corrupted", metrics->corrupted},
        {"sent_bytes", metrics->total.bytes_sent},
        {"delivered_bytes", metrics->bytes_delivered},
        {"disk_writes", metrics->writes},
        {"disk_syncs", metrics->syncs},
        {"disk_written_bytes", metrics->bytes_written},
        {"disk_lost_bytes", metrics->bytes_lost},
        {"crashes", metrics->crashes},
        {"restarts", metrics->restarts},
        {"elections", metrics->elections},
        {"candidacies", metrics->candidacies},
        {"leaders_per_term_max", metrics->leaders_per_term_max},
        {"highest_term", metrics->term_max},
        {"commits", metrics->commit_max},
        {"first_leader_ns", metrics->first_leader_at},
        {"leaderless_ns", metrics->leaderless},
        {"operations_ok", metrics->total.outcome[OUTCOME_OK]},
        {"operations_fail", metrics->total.outcome[OUTCOME_FAIL]},
        {"operations_info", metrics->total.outcome[OUTCOME_INFO]},
        {"operations_open", metrics->total.outcome[OUTCOME_OPEN]},
        {"latency_mean_ns", histogram_mean(metrics->latency)},
        {"latency_p50_ns", histogram_quantile(metrics->latency, 500000)},
        {"latency_p90_ns", histogram_quantile(metrics->latency, 900000)},
        {"latency_p99_ns", histogram_quantile(metrics->latency, 990000)},
        {"latency_p999_ns", histogram_quantile(metrics->latency, 999000)},
        {"latency_max_ns", histogram_quantile(metrics->latency, 1000000)},
    };

    for (unsigned i = 0; i < G_N_ELEMENTS(totals); i++) {
        function(data, totals[i].name, totals[i].value);
    }
    for (unsigned i = FATE_LOSS; i < FATE_DROPS; i++) {
        g_autofree char *name =
            g_strdup_printf("messages_dropped_%s", fate_drop_text(i));

        function(data, g_strdelimit(name, "-", '_'), metrics->dropped_by[i]);
    }
    for (unsigned i = 1; i < FAULT_KIND_COUNT; i++) {
        if (metrics->faults[i] > 0) {
            g_autofree char *name =
                g_strdup_printf("faults_%s", fault_names[i]);

            function(data, g_strdelimit(name, "-", '_'), metrics->faults[i]);
        }
    }
}

uint64_t
metrics_latency(const Metrics *metrics, unsigned ppm)
{
    return ppm > 1000000 ? histogram_mean(metrics->latency)
                         : histogram_quantile(metrics->latency, ppm);
}

Metrics *
metrics_new(const char *folder, const MetricsAbout *about, GError **error)
{
    Metrics *metrics = g_new0(Metrics, 1);

    metrics->node_count = about->node_count;
    metrics->interval =
        about->interval != 0 ? about->interval : METRICS_INTERVAL_DEFAULT;
    metrics->row_end = metrics->interval;
    metrics->window = folder != NULL ? g_new0(Histogram, 1) : NULL;
    for (unsigned i = 0; i < WINDOW_ROWS; i++) {
        metrics->window_rows[i] = g_array_new(FALSE, FALSE, sizeof(uint64_t));
    }
    metrics->latency = g_new0(Histogram, 1);
    metrics->nodes = g_new0(NodeState, metrics->node_count + 1);
    metrics->operations = g_array_new(FALSE, TRUE, sizeof(Operation));
    metrics->bands = g_array_new(FALSE, FALSE, sizeof(FaultBand));
    metrics->term_leaders = g_tree_new_full(by_term, NULL, g_free, NULL);
    for (NodeId node = 1; node <= metrics->node_count; node++) {
        metrics->nodes[node].role = ROLE_DOWN;
    }
    if (folder != NULL && !open_files(metrics, folder, error)) {
        g_clear_pointer(&metrics, metrics_free);
    }
    return metrics;
}

static bool
open_files(Metrics *metrics, const char *folder, GError **error)
{
    const struct {
        WholeFile **file;
        const char *name, *header;
    } files[] = {
        {&metrics->rows, "metrics.csv",
         "at_ns,ok,fail,info,latency_p50_ns,latency_p99_ns,sent,delivered,"
         "dropped,sent_bytes,term"},
        {&metrics->roles, "roles.csv", "node,role,term,start_ns,end_ns\n"},
        {&metrics->operations_file, "operations.csv",
         "invoke_ns,end_ns,outcome,operation,process\n"},
        {&metrics->faults_file, "faults.csv",
         "line,kind,start_ns,end_ns,whom,package\n"},
    };

    for (unsigned i = 0; i < G_N_ELEMENTS(files); i++) {
        g_autofree char *path = g_build_filename(folder, files[i].name, NULL);

        *files[i].file = whole_file_new(path, error);
        if (*files[i].file == NULL) {
            return false;
        }
        fputs(files[i].header, whole_file_stream(*files[i].file));
    }
    for (NodeId node = 1; node <= metrics->node_count; node++) {
        fprintf(whole_file_stream(metrics->rows), ",role_n%" PRIu32, node);
    }
    fputc('\n', whole_file_stream(metrics->rows));
    return true;
}

const char *
metrics_role(const Metrics *metrics, NodeId node)
{
    static const char *const names[] = {
        "follower", "pre-candidate", "candidate", "leader", "down", ""};

    return node >= 1 && node <= metrics->node_count
               ? names[MIN(metrics->nodes[node].role, ROLE_UP)]
               : "";
}

void
metrics_free(Metrics *metrics)
{
    if (metrics == NULL) {
        return;
    }
    whole_file_free(metrics->rows);
    whole_file_free(metrics->roles);
    whole_file_free(metrics->operations_file);
    whole_file_free(metrics->faults_file);
    for (guint i = 0; i < metrics->bands->len; i++) {
        g_free(g_array_index(metrics->bands, FaultBand, i).text);
    }
    g_array_unref(metrics->bands);
    for (unsigned i = 0; i < WINDOW_ROWS; i++) {
        g_array_unref(metrics->window_rows[i]);
    }
    g_free(metrics->window);
    g_array_unref(metrics->operations);
    g_tree_destroy(metrics->term_leaders);
    g_free(metrics->latency);
    g_free(metrics->nodes);
    g_free(metrics);
}

static gint
by_term(gconstpointer left, gconstpointer right, gpointer data)
{
    uint64_t a = *(const uint64_t *)left, b = *(const uint64_t *)right;

    (void)data;
    return a < b ? -1 : a > b;
}

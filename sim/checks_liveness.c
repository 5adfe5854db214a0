/* SPDX-License-Identifier: Apache-2.0 */
/* From heal-core on, which of three things came true in the core. Its leader
 * may be one of the others, who are as broken as they are and no more. What
 * nobody asked for is not missed: no proposal, no commit; no client, no
 * operation. */
#include "sim/checks_liveness.h"

#include <inttypes.h>

#include "nodes/probes.h"
#include "sim/client.h"
#include "sim/plan.h"

/* No client numbers its processes higher. */
#define PROCESSES_MAX (1u << 24)

typedef struct ChecksLiveness {
    Checks *checks;
    unsigned node_count;
    uint8_t *core; /* by host; NULL: no core was healed */
    SimTime since, until;
    bool judged;
    bool has_leader;
    uint64_t proposed; /* the first index proposed in the core; 0: none */
    bool has_commit;
    GArray *invoked; /* uint8_t by process: an operation begun since is open */
    uint64_t invoked_count;
    bool has_operation;
} ChecksLiveness;

static void on_role(ChecksLiveness *live, NodeId id, const uint64_t *values);
static void on_invoke(ChecksLiveness *live, uint64_t process);
static void on_outcome(ChecksLiveness *live, const uint64_t *values);
static bool leads_core(const ChecksLiveness *live, NodeId id);
static void miss(ChecksLiveness *live, const char *format, ...)
    G_GNUC_PRINTF(2, 3);

static void
on_fact(void *family, const Fact *fact)
{
    ChecksLiveness *live = family;
    SimTime within = checks_expect(live->checks)->liveness_within;

    if (fact->fault_kind != FAULT_HEAL_CORE || fact->hosts == NULL ||
        live->core != NULL) {
        return;
    }
    live->core = g_memdup2(fact->hosts, live->node_count + 1);
    live->since = checks_now(live->checks);
    live->until = live->since + within;
    checks_alarm(live->checks, live->until);
    for (unsigned id = 1; id <= live->node_count; id++) {
        live->has_leader = live->has_leader || leads_core(live, id);
    }
}

static void
on_probe(void *family, NodeId id, const uint64_t *values, uint32_t probe)
{
    ChecksLiveness *live = family;

    if (live->core == NULL) {
        return;
    }
    switch (probe) {
    case PROBE_RAFT_ROLE:
        on_role(live, id, values);
        break;
    case PROBE_RAFT_APPEND:
        if (live->proposed == 0 && leads_core(live, id)) {
            live->proposed = values[0];
        }
        break;
    case PROBE_RAFT_COMMIT:
        live->has_commit =
            live->has_commit || (live->proposed != 0 && live->core[id] &&
                                 values[0] >= live->proposed);
        break;
    case PROBE_CLIENT_INVOKE:
        on_invoke(live, values[0]);
        break;
    default:
        on_outcome(live, values);
        break;
    }
}

static void
on_role(ChecksLiveness *live, NodeId id, const uint64_t *values)
{
    live->has_leader =
        live->has_leader ||
        (live->core[id] && (values[0] == RAFT_VIEW_LEADER || values[2] != 0));
}

static void
on_invoke(ChecksLiveness *live, uint64_t process)
{
    if (process > PROCESSES_MAX) {
        return;
    }
    if (process >= live->invoked->len) {
        g_array_set_size(live->invoked, (guint)process + 1);
    }
    g_array_index(live->invoked, uint8_t, process) = 1;
    live->invoked_count++;
}

static void
on_outcome(ChecksLiveness *live, const uint64_t *values)
{
    uint64_t process = values[0];

    if (process < live->invoked->len) {
        live->has_operation =
            live->has_operation ||
            (g_array_index(live->invoked, uint8_t, process) != 0 &&
             values[1] == CLIENT_OK);
        g_array_index(live->invoked, uint8_t, process) = 0;
    }
}

/* The time is up. What the core lacks is told in the order in which it would
 * have come about: the later follows from the earlier. */
static void
alarm_rings(void *family)
{
    ChecksLiveness *live = family;

    if (live->core == NULL || live->judged ||
        checks_now(live->checks) < live->until) {
        return;
    }
    live->judged = true;
    if (!live->has_leader) {
        miss(live, "none of them had a leader");
    } else if (live->proposed != 0 && !live->has_commit) {
        miss(live,
             "none of them committed %" PRIu64
             ", the first entry that their leader was given",
             live->proposed);
    } else if (live->invoked_count > 0 && !live->has_operation) {
        miss(live, "no client's operation ended ok, of %" PRIu64 " begun",
             live->invoked_count);
    }
}

static void
miss(ChecksLiveness *live, const char *format, ...)
{
    g_autofree char *what = NULL;
    g_autoptr(GString) names = g_string_new(NULL);
    va_list arguments;

    va_start(arguments, format);
    what = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    for (unsigned id = 1; id <= live->node_count; id++) {
        if (live->core[id]) {
            g_string_append_printf(names, "%sn%u", names->len > 0 ? " " : "",
                                   id);
        }
    }
    checks_violate(live->checks, "liveness", 0,
                   "%s, a quorum, were connected since %.3f s, but by %.3f s "
                   "%s",
                   names->str, (double)live->since / 1e9,
                   (double)live->until / 1e9, what);
}

/* @id leads, and is in the core or followed by one of it. */
static bool
leads_core(const ChecksLiveness *live, NodeId id)
{
    const RaftViewNode *nodes = checks_view(live->checks)->nodes;

    if (nodes[id].role != RAFT_VIEW_LEADER) {
        return false;
    }
    for (unsigned i = 1; i <= live->node_count; i++) {
        if (live->core[i] && (i == id || (nodes[i].leader == id &&
                                          nodes[i].term == nodes[id].term))) {
            return true;
        }
    }
    return false;
}

static bool
asked(const Expect *expect)
{
    return expect->liveness_within > 0;
}

static void *
make(Checks *checks)
{
    ChecksLiveness *live = g_new0(ChecksLiveness, 1);

    live->checks = checks;
    live->node_count = checks_node_count(checks);
    live->invoked = g_array_new(FALSE, TRUE, sizeof(uint8_t));
    return live;
}

static void
destroy(void *family)
{
    ChecksLiveness *live = family;

    g_array_free(live->invoked, TRUE);
    g_free(live->core);
    g_free(live);
}

const CheckFamily checks_liveness_family = {
    .name = "liveness",
    .asked = asked,
    .make = make,
    .facts = CHECK_BIT(FACT_FAULT),
    .fact = on_fact,
    .probes = CHECK_BIT(PROBE_RAFT_ROLE) | CHECK_BIT(PROBE_RAFT_APPEND) |
              CHECK_BIT(PROBE_RAFT_COMMIT) | CHECK_BIT(PROBE_CLIENT_INVOKE) |
              CHECK_BIT(PROBE_CLIENT_OUTCOME),
    .probe = on_probe,
    .alarm = alarm_rings,
    .free = destroy,
};

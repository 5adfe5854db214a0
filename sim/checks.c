/* SPDX-License-Identifier: Apache-2.0 */
/* The table of families, what they share, and the violations they found. A
 * record is taken apart once for all of them: most kinds of facts and probes
 * concern nobody or one. */
#include "sim/checks.h"

#include <stdarg.h>

#include "nodes/frame.h"
#include "nodes/probes.h"
#include "sim/carrier.h"
#include "sim/checks_answers.h"
#include "sim/checks_apply.h"
#include "sim/checks_commit.h"
#include "sim/checks_durable.h"
#include "sim/checks_liveness.h"
#include "sim/checks_log.h"
#include "sim/checks_progress.h"
#include "sim/checks_recovery.h"
#include "sim/checks_roles.h"
#include "sim/checks_votes.h"

static const CheckFamily *const families[] = {
    &checks_roles_family,   &checks_votes_family,    &checks_log_family,
    &checks_commit_family,  &checks_apply_family,    &checks_progress_family,
    &checks_durable_family, &checks_recovery_family, &checks_liveness_family,
    &checks_answers_family,
};

#define FAMILY_COUNT  ((unsigned)G_N_ELEMENTS(families))
#define FACT_KINDS    64u
#define MESSAGE_KINDS ((unsigned)RAFT_SNAPSHOT_REPLY + 1)

struct Checks {
    unsigned node_count;
    const Expect *expect;
    SimTime at, alarm_at;
    RaftView view;
    DiskShadow shadow;
    GPtrArray *violations;
    bool settle;
    void *states[FAMILY_COUNT];
    /* Who is to be told, as bits of the table's rows. */
    uint32_t fact_readers[FACT_KINDS], probe_readers[PROBE_COUNT];
    uint64_t probes; /* that anybody reads */
    uint32_t message_readers[MESSAGE_KINDS], observers, settlers, alarmed,
        finishers;
    /* A request that goes to several peers is read once. */
    const uint8_t *request;
    uint64_t request_term;
};

static void on_fact(Checks *checks, const Record *record, const Fact *fact);
static void on_send(Checks *checks, const Record *record, const Fact *fact);
static void on_probe(Checks *checks, NodeId id, const Effect *probe);
static void settle(Checks *checks);
static void ring(Checks *checks);
static void violation_free(void *data);

/* The rows of @bits, one after the other. */
#define EACH_FAMILY(i, bits)                                                   \
    for (uint32_t left_ = (bits), i = 0;                                       \
         left_ != 0 && (i = (uint32_t)__builtin_ctz(left_), true);             \
         left_ &= left_ - 1)

/* What every node does to its disk, all the time, and nobody asks for but the
 * shadow. */
#define SHADOW_FACTS                                                           \
    (CHECK_BIT(FACT_WRITE) | CHECK_BIT(FACT_RENAME) | CHECK_BIT(FACT_SYNC) |   \
     CHECK_BIT(FACT_DAMAGE) | CHECK_BIT(FACT_CRASH) | CHECK_BIT(FACT_HALT) |   \
     CHECK_BIT(FACT_RESTART))

bool
checks_observe(Checks *checks, const Record *record)
{
    unsigned before = checks->violations->len;
    NodeId id = event_cell(record->event);
    const Effect *probe;
    unsigned at = 0;

    checks->at = event_at(record->event);
    checks->request = NULL;
    if (checks->at >= checks->alarm_at) {
        ring(checks);
    }
    EACH_FAMILY(i, checks->observers)
    {
        families[i]->observe(checks->states[i], record);
    }
    if (id >= 1 && id <= checks->node_count && record->input != NULL &&
        record->input->kind == INPUT_SYNCED) {
        /* Before the facts: what waited for the SYNC leaves among them. */
        disk_shadow_synced(&checks->shadow, id, record->input->synced.token,
                           record->input->synced.error);
    }
    for (unsigned i = 0; i < record->fact_count; i++) {
        on_fact(checks, record, &record->facts[i]);
    }
    if (record->input != NULL) {
        if (record->input->kind == INPUT_START && id <= checks->node_count) {
            raft_view_restart(&checks->view, id);
        }
        while ((probe = record_next_probe(record, checks->probes, &at)) !=
               NULL) {
            on_probe(checks, id, probe);
        }
    }
    if (checks->settle) {
        settle(checks);
    }
    if (record->death != NULL) {
        const CarrierDeath *death = record->death;

        checks_violate(checks, "crash", id, "%s",
                       death->text[0] != '\0' ? death->text
                                              : "the program died");
    }
    return checks->violations->len == before;
}

static void
on_fact(Checks *checks, const Record *record, const Fact *fact)
{
    bool of_node = fact->node >= 1 && fact->node <= checks->node_count;

    if (fact->kind == FACT_SEND) {
        if (of_node && fact->channel == CHANNEL_RAFT) {
            on_send(checks, record, fact);
        }
        return;
    }
    if (!of_node && fact->kind != FACT_FAULT && fact->kind != FACT_HEAL) {
        return;
    }
    EACH_FAMILY(i, checks->fact_readers[fact->kind])
    {
        families[i]->fact(checks->states[i], fact);
    }
    if (fact->kind == FACT_FAULT) {
        disk_shadow_fault(&checks->shadow, fact);
    } else if (of_node && (SHADOW_FACTS & CHECK_BIT(fact->kind)) != 0) {
        disk_shadow_fact(&checks->shadow, fact);
        if (fact->kind == FACT_CRASH || fact->kind == FACT_HALT) {
            raft_view_down(&checks->view, fact->node);
        }
    }
}

/* Decoded once for all. What carries entries or a snapshot is long, and
 * nobody asks for more of it than whose it is. */
static void
on_send(Checks *checks, const Record *record, const Fact *fact)
{
    CheckMessage message = {.from = fact->node,
                            .to = link_peer(fact->link),
                            .now = record->input != NULL};
    bool stream = link_is_stream(fact->link);
    Slice bytes = fact->bytes;
    RaftMessageKind kind;
    RaftMessage raft;

    if (stream) {
        if (bytes.size > FRAME_HEADER + RAFT_WIRE_SMALL) {
            return; /* no answer is so long */
        }
        bytes = slice_sub(bytes, FRAME_HEADER, bytes.size);
    }
    kind = raft_wire_kind(bytes);
    if (kind == RAFT_APPEND_REQUEST || kind == RAFT_SNAPSHOT_REQUEST) {
        raft.kind = kind;
        /* A stream keeps it until it gets through. */
        if (stream || (checks->request != bytes.data &&
                       !raft_wire_term(bytes, &checks->request_term))) {
            return;
        }
        checks->request = bytes.data;
        raft.term = checks->request_term;
    } else if (!raft_wire_decode(bytes, &raft)) {
        return;
    }
    message.raft = &raft;
    EACH_FAMILY(i, checks->message_readers[raft.kind])
    {
        families[i]->message(checks->states[i], &message);
    }
}

static void
on_probe(Checks *checks, NodeId id, const Effect *probe)
{
    uint32_t number = probe->probe.id;

    if (number >= PROBE_COUNT) {
        return;
    }
    EACH_FAMILY(i, checks->probe_readers[number])
    {
        families[i]->probe(checks->states[i], id, probe->probe.values, number);
    }
    if (id < 1 || id > checks->node_count) {
        return; /* of a client */
    }
    raft_view_probe(&checks->view, id, probe);
    if (number == PROBE_RAFT_RECOVER || number == PROBE_RAFT_TRUNCATE ||
        number == PROBE_RAFT_RESTORE) {
        disk_shadow_probe(&checks->shadow, id, probe);
    }
}

static void
ring(Checks *checks)
{
    checks->alarm_at = SIM_NEVER;
    EACH_FAMILY(i, checks->alarmed)
    {
        families[i]->alarm(checks->states[i]);
    }
}

static void
settle(Checks *checks)
{
    checks->settle = false;
    EACH_FAMILY(i, checks->settlers)
    {
        families[i]->settle(checks->states[i]);
    }
}

void
checks_finish(Checks *checks, SimTime at)
{
    checks->at = at;
    EACH_FAMILY(i, checks->finishers)
    {
        families[i]->finish(checks->states[i], at);
    }
}

void
checks_totals(const Checks *checks, MetricsEach function, void *data)
{
    for (unsigned i = 0; i < FAMILY_COUNT; i++) {
        if (families[i]->totals != NULL) {
            families[i]->totals(checks->states[i], function, data);
        }
    }
}

unsigned
checks_node_count(const Checks *checks)
{
    return checks->node_count;
}

const Expect *
checks_expect(const Checks *checks)
{
    return checks->expect;
}

RaftView *
checks_view(Checks *checks)
{
    return &checks->view;
}

DiskShadow *
checks_shadow(Checks *checks)
{
    return &checks->shadow;
}

SimTime
checks_now(const Checks *checks)
{
    return checks->at;
}

void
checks_alarm(Checks *checks, SimTime at)
{
    checks->alarm_at = MIN(checks->alarm_at, at);
}

void
checks_settle(Checks *checks)
{
    checks->settle = true;
}

const GPtrArray *
checks_violations(const Checks *checks)
{
    return checks->violations;
}

void
checks_violate(Checks *checks, const char *check, NodeId node,
               const char *format, ...)
{
    Violation *violation = g_new0(Violation, 1);
    va_list arguments;

    va_start(arguments, format);
    violation->message = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    violation->check = check;
    violation->at = checks->at;
    violation->node = node;
    g_ptr_array_add(checks->violations, violation);
}

static void
violation_free(void *data)
{
    Violation *violation = data;

    g_free(violation->message);
    g_free(violation);
}

Checks *
checks_new(unsigned node_count, const Expect *expect)
{
    static const Expect nothing = {.safety = true};
    Checks *checks = g_new0(Checks, 1);

    checks->node_count = node_count;
    checks->probes = RAFT_VIEW_PROBES;
    checks->alarm_at = SIM_NEVER;
    checks->expect = expect != NULL ? expect : &nothing;
    checks->violations = g_ptr_array_new_with_free_func(violation_free);
    raft_view_init(&checks->view, node_count);
    disk_shadow_init(&checks->shadow, node_count);
    for (unsigned i = 0; i < FAMILY_COUNT; i++) {
        const CheckFamily *family = families[i];
        uint32_t bit = (uint32_t)1 << i;

        checks->states[i] = family->make(checks);
        if (family->asked != NULL ? !family->asked(checks->expect)
                                  : !checks->expect->safety) {
            continue;
        }
        checks->probes |= family->probes;
        checks->alarmed |= family->alarm != NULL ? bit : 0;
        checks->finishers |= family->finish != NULL ? bit : 0;
        checks->observers |= family->observe != NULL ? bit : 0;
        checks->settlers |= family->settle != NULL ? bit : 0;
        for (unsigned j = 0; j < FACT_KINDS; j++) {
            checks->fact_readers[j] |= (family->facts >> j & 1) != 0 ? bit : 0;
        }
        for (unsigned j = 0; j < MESSAGE_KINDS; j++) {
            checks->message_readers[j] |=
                (family->messages >> j & 1) != 0 ? bit : 0;
        }
        for (unsigned j = 0; j < PROBE_COUNT; j++) {
            checks->probe_readers[j] |=
                (family->probes >> j & 1) != 0 ? bit : 0;
        }
    }
    return checks;
}

void
checks_free(Checks *checks)
{
    for (unsigned i = 0; i < FAMILY_COUNT; i++) {
        families[i]->free(checks->states[i]);
    }
    raft_view_clear(&checks->view);
    disk_shadow_clear(&checks->shadow);
    g_ptr_array_free(checks->violations, TRUE);
    g_free(checks);
}

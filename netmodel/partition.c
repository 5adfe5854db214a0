/* SPDX-License-Identifier: Apache-2.0 */
/* Stacked rules over a matrix of counters: adding a rule counts up the
 * pairs it blocks, healing it counts them down, so rules overlap freely and
 * a packet costs one look. */
#include "netmodel/partition.h"

#include <glib.h>
#include <string.h>

/* A pair's counters: rules that cut it and rules that hold it. */
#define ONE_CUT   1u
#define ONE_HOLD  256u
#define CUTS      255u
#define RULES_MAX 255u

typedef struct Rule {
    uint32_t id;
    PartitionKind kind;
    bool hold;
    bool in_force;
    uint16_t *group;  /* owned */
    uint16_t *back;   /* owned; swizzle */
    bool *shut;       /* owned; swizzle: who is shut now */
    unsigned members; /* hosts of a group other than 0 */
    unsigned phase;   /* swizzle: changes made so far */
    SimTime on_ns;
    SimTime off_ns;
    SimTime step_ns;
    SimTime next; /* when it changes; SIM_NEVER */
} Rule;

struct Partition {
    unsigned host_count;
    uint32_t last_id;
    GPtrArray *rules; /* of Rule, by id */
    uint16_t *pairs;  /* (host_count + 1)^2; NULL before the first rule */
    uint8_t *joined;  /* by host; NULL before partition_join() */
};

static void rule_advance(Partition *partition, Rule *rule);
static void rule_force(Partition *partition, Rule *rule, bool in_force);
static void swizzle_step(Partition *partition, Rule *rule);
static void swizzle_turn(Partition *partition, Rule *rule, NodeId host,
                         bool shut);
static bool rule_blocks(const Rule *rule, NodeId from, NodeId to);
static void count_pair(Partition *partition, const Rule *rule, NodeId from,
                       NodeId to, bool up);
static bool are_joined(const Partition *partition, NodeId from, NodeId to);
static NodeId host_of(const uint16_t *order, unsigned host_count,
                      unsigned number);
static void rule_check(const Partition *partition, const Rule *rule);
static void rule_free(Rule *rule);

PartitionVerdict
partition_check(const Partition *partition, NodeId from, NodeId to)
{
    g_assert(from <= partition->host_count && to <= partition->host_count);

    if (partition->pairs == NULL) {
        return PARTITION_OPEN;
    }
    uint16_t pair =
        partition->pairs[(size_t)from * (partition->host_count + 1) + to];

    if (pair == 0) {
        return PARTITION_OPEN;
    }
    return pair & CUTS ? PARTITION_CUT : PARTITION_HELD;
}

unsigned
partition_blame(const Partition *partition, NodeId from, NodeId to,
                uint32_t *ids, unsigned max)
{
    unsigned count = 0;

    if (are_joined(partition, from, to)) {
        return 0;
    }
    for (guint i = 0; i < partition->rules->len; i++) {
        const Rule *rule = g_ptr_array_index(partition->rules, i);

        if (rule->in_force && rule_blocks(rule, from, to)) {
            if (count < max) {
                ids[count] = rule->id;
            }
            count++;
        }
    }
    return count;
}

uint32_t
partition_add(Partition *partition, const PartitionRule *given)
{
    size_t width = partition->host_count + 1;
    Rule *rule = g_new0(Rule, 1);

    g_assert(partition->rules->len < RULES_MAX);
    if (partition->pairs == NULL) {
        partition->pairs = g_new0(uint16_t, width * width);
    }
    rule->id = ++partition->last_id;
    rule->kind = given->kind;
    rule->hold = given->hold;
    rule->group = g_memdup2(given->group, width * sizeof(uint16_t));
    rule->group[0] = 0;
    rule->on_ns = given->on_ns;
    rule->off_ns = given->off_ns;
    rule->step_ns = given->step_ns;
    rule->next = SIM_NEVER;
    for (size_t host = 1; host < width; host++) {
        rule->members += rule->group[host] != 0;
    }
    if (given->kind == PARTITION_SWIZZLE) {
        rule->back = g_memdup2(given->back, width * sizeof(uint16_t));
        rule->shut = g_new0(bool, width);
        rule->in_force = true;
        rule->next = rule->members > 0 ? given->start : SIM_NEVER;
    }
    rule_check(partition, rule);
    g_ptr_array_add(partition->rules, rule);

    if (given->kind == PARTITION_SWIZZLE) {
        if (rule->next != SIM_NEVER) {
            rule_advance(partition, rule);
        }
        return rule->id;
    }
    rule_force(partition, rule, true);
    if (rule->off_ns != 0) {
        rule->next = given->start + rule->on_ns;
    }
    return rule->id;
}

bool
partition_remove(Partition *partition, uint32_t id)
{
    for (guint i = 0; i < partition->rules->len; i++) {
        Rule *rule = g_ptr_array_index(partition->rules, i);

        if (rule->id == id) {
            rule_force(partition, rule, false);
            g_ptr_array_remove_index(partition->rules, i);
            return true;
        }
    }
    return false;
}

bool
partition_join(Partition *partition, const uint8_t *hosts)
{
    size_t width = partition->host_count + 1;
    bool any = false;

    g_assert(partition->joined == NULL);
    partition->joined = g_memdup2(hosts, width);
    for (size_t from = 1; partition->pairs != NULL && from < width; from++) {
        for (size_t to = 1; to < width; to++) {
            uint16_t *pair = &partition->pairs[from * width + to];

            if (hosts[from] && hosts[to]) {
                any = any || *pair != 0;
                *pair = 0;
            }
        }
    }
    return any;
}

void
partition_heal(Partition *partition)
{
    size_t width = partition->host_count + 1;

    g_ptr_array_set_size(partition->rules, 0);
    if (partition->pairs != NULL) {
        memset(partition->pairs, 0, width * width * sizeof(uint16_t));
    }
}

SimTime
partition_next(const Partition *partition)
{
    SimTime next = SIM_NEVER;

    for (guint i = 0; i < partition->rules->len; i++) {
        const Rule *rule = g_ptr_array_index(partition->rules, i);

        next = MIN(next, rule->next);
    }
    return next;
}

bool
partition_advance(Partition *partition, SimTime now)
{
    bool any = false;

    for (guint i = 0; i < partition->rules->len; i++) {
        Rule *rule = g_ptr_array_index(partition->rules, i);

        while (rule->next <= now && rule->next != SIM_NEVER) {
            rule_advance(partition, rule);
            any = true;
        }
    }
    return any;
}

const char *
partition_verdict_text(PartitionVerdict verdict)
{
    switch (verdict) {
    case PARTITION_OPEN:
        return "open";
    case PARTITION_HELD:
        return "held";
    case PARTITION_CUT:
        return "cut";
    }
    g_assert_not_reached();
}

void
partition_group(uint16_t *group, const NodeId *hosts, unsigned count,
                uint16_t number)
{
    for (unsigned i = 0; i < count; i++) {
        group[hosts[i]] = number;
    }
}

void
partition_bridge(uint16_t *group, const NodeId *hosts, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        group[hosts[i]] = i == 0 ? 0 : i <= count / 2 ? 1 : 2;
    }
}

/* Fisher and Yates' shuffle, from the end. */
void
partition_shuffle(uint16_t *group, const NodeId *hosts, unsigned count,
                  Stream *stream)
{
    g_autofree NodeId *order = g_memdup2(hosts, count * sizeof *hosts);

    for (unsigned left = count; left > 1; left--) {
        unsigned chosen = (unsigned)stream_below(stream, left);
        NodeId host = order[chosen];

        order[chosen] = order[left - 1];
        order[left - 1] = host;
    }
    for (unsigned i = 0; i < count; i++) {
        group[order[i]] = (uint16_t)(i + 1);
    }
}

/* The change that is due at rule->next. */
static void
rule_advance(Partition *partition, Rule *rule)
{
    if (rule->kind == PARTITION_SWIZZLE) {
        swizzle_step(partition, rule);
        return;
    }
    rule->next += rule->in_force ? rule->off_ns : rule->on_ns;
    rule_force(partition, rule, !rule->in_force);
}

/* Count all pairs that the rule blocks in or out. */
static void
rule_force(Partition *partition, Rule *rule, bool in_force)
{
    if (rule->in_force == in_force) {
        return;
    }
    for (NodeId from = 1; from <= partition->host_count; from++) {
        for (NodeId to = 1; to <= partition->host_count; to++) {
            if (rule_blocks(rule, from, to)) {
                count_pair(partition, rule, from, to, in_force);
            }
        }
    }
    rule->in_force = in_force;
}

/* Shut the next host, or once all are shut, open the next one. */
static void
swizzle_step(Partition *partition, Rule *rule)
{
    unsigned members = rule->members;
    bool shut = rule->phase < members;
    unsigned number = rule->phase % members + 1;

    swizzle_turn(
        partition, rule,
        host_of(shut ? rule->group : rule->back, partition->host_count, number),
        shut);
    rule->phase++;
    rule->next =
        rule->phase == 2 * members ? SIM_NEVER : rule->next + rule->step_ns;
}

static void
swizzle_turn(Partition *partition, Rule *rule, NodeId host, bool shut)
{
    for (NodeId other = 1; other <= partition->host_count; other++) {
        if (other != host && !rule->shut[other]) {
            count_pair(partition, rule, host, other, shut);
            count_pair(partition, rule, other, host, shut);
        }
    }
    rule->shut[host] = shut;
}

static bool
rule_blocks(const Rule *rule, NodeId from, NodeId to)
{
    unsigned a = rule->group[from], b = rule->group[to];

    if (from == to) {
        return false;
    }
    switch (rule->kind) {
    case PARTITION_GROUPS:
        return a != 0 && b != 0 && a != b;
    case PARTITION_ONE_WAY:
        return a == 1 && b == 2;
    case PARTITION_ISOLATE:
        return a != 0 || b != 0;
    case PARTITION_SWIZZLE:
        return rule->shut[from] || rule->shut[to];
    case PARTITION_RING: {
        /* @to hears the majority that begins half of one before it. */
        unsigned ring = rule->members, majority = ring / 2 + 1;

        return a != 0 && b != 0 &&
               (a + ring - b + majority / 2) % ring >= majority;
    }
    }
    g_assert_not_reached();
}

static void
count_pair(Partition *partition, const Rule *rule, NodeId from, NodeId to,
           bool up)
{
    uint16_t *pair =
        &partition->pairs[(size_t)from * (partition->host_count + 1) + to];
    unsigned one = rule->hold ? ONE_HOLD : ONE_CUT;

    if (are_joined(partition, from, to)) {
        return;
    }
    *pair = (uint16_t)(up ? *pair + one : *pair - one);
}

static bool
are_joined(const Partition *partition, NodeId from, NodeId to)
{
    return partition->joined != NULL && partition->joined[from] &&
           partition->joined[to];
}

static NodeId
host_of(const uint16_t *order, unsigned host_count, unsigned number)
{
    for (NodeId host = 1; host <= host_count; host++) {
        if (order[host] == number) {
            return host;
        }
    }
    g_assert_not_reached();
}

/* Rings and swizzles number their hosts 1, 2, ... without a gap, and both
 * ways of a swizzle go over the same hosts. */
static void
rule_check(const Partition *partition, const Rule *rule)
{
    if (rule->off_ns != 0) {
        g_assert(rule->on_ns != 0 && rule->kind != PARTITION_SWIZZLE);
    }
    if (rule->kind != PARTITION_RING && rule->kind != PARTITION_SWIZZLE) {
        return;
    }
    for (unsigned number = 1; number <= rule->members; number++) {
        NodeId host = host_of(rule->group, partition->host_count, number);

        if (rule->kind == PARTITION_SWIZZLE) {
            g_assert(rule->back[host] >= 1);
            host_of(rule->back, partition->host_count, number);
            g_assert(rule->step_ns >= 1);
        }
    }
}

static void
rule_free(Rule *rule)
{
    g_free(rule->group);
    g_free(rule->back);
    g_free(rule->shut);
    g_free(rule);
}

Partition *
partition_new(unsigned host_count)
{
    g_assert(host_count >= 1 && host_count <= NODE_ID_MAX);

    Partition *partition = g_new0(Partition, 1);

    partition->host_count = host_count;
    partition->rules =
        g_ptr_array_new_with_free_func((GDestroyNotify)rule_free);
    return partition;
}

void
partition_free(Partition *partition)
{
    if (partition != NULL) {
        g_ptr_array_unref(partition->rules);
        g_free(partition->pairs);
        g_free(partition->joined);
        g_free(partition);
    }
}

/* SPDX-License-Identifier: Apache-2.0 */
/* The fault plan as a list in memory and as text; plan_read.c reads it. */
#include "sim/plan.h"

#include <string.h>

#include "netmodel/netem.h"
#include "sim/scenario_text.h"

static const struct {
    const char *name;
    unsigned needs;
    const char *manual;
} kinds[FAULT_KIND_COUNT] = {
#define FAULT(name, text, needs, manual) [FAULT_##name] = {text, needs, manual},
#include "sim/faults.def"
#undef FAULT
};

static int compare_faults(gconstpointer a, gconstpointer b);

void
plan_add(Plan *plan, const Fault *fault)
{
    Fault *copy = NULL;

    g_assert(fault->kind > FAULT_NONE && fault->kind < FAULT_KIND_COUNT);
    /* Capacity is the next power of two: grown when the count reaches one. */
    if ((plan->count & (plan->count - 1)) == 0) {
        plan->faults = g_renew(Fault, plan->faults,
                               plan->count == 0 ? 1 : 2 * plan->count);
    }
    copy = &plan->faults[plan->count];
    *copy = *fault;
    copy->nodes = g_strdup(fault->nodes);
    copy->peers = g_strdup(fault->peers);
    copy->groups = g_strdup(fault->groups);
    copy->netem = g_strdup(fault->netem);
    copy->file = g_strdup(fault->file);
    if (copy->number == 0) {
        copy->number = plan->number_max + 1;
    }
    plan->number_max = MAX(plan->number_max, copy->number);
    plan->count++;
}

void
plan_sort(Plan *plan)
{
    GArray *array = NULL;

    if (plan->count == 0) {
        return;
    }
    /* (at, number) is total among the lines of one plan, numbers are its
     * own; g_array_sort() is stable besides. */
    array = g_array_sized_new(FALSE, FALSE, sizeof(Fault), plan->count);
    g_array_append_vals(array, plan->faults, plan->count);
    g_array_sort(array, compare_faults);
    memcpy(plan->faults, array->data, plan->count * sizeof(Fault));
    g_array_free(array, TRUE);
}

bool
plan_check(const Plan *plan, DistributionFiles *files, GError **error)
{
    NetemConfig config;

    for (unsigned i = 0; i < plan->count; i++) {
        const Fault *fault = &plan->faults[i];

        if (fault->netem != NULL &&
            !netem_parse(fault->netem, files, &config, error)) {
            g_prefix_error(error,
                           "line %u of the plan: netem: ", fault->number);
            return false;
        }
    }
    return true;
}

char *
plan_text(const Plan *plan)
{
    GString *out = g_string_new(plan->count == 0 ? "[]\n" : NULL);

    for (unsigned i = 0; i < plan->count; i++) {
        g_string_append(out, "- ");
        scenario_text_flow(out, SCENARIO_TIMED, &plan->faults[i]);
        g_string_append_c(out, '\n');
    }
    return g_string_free(out, FALSE);
}

const char *
fault_kind_name(FaultKind kind)
{
    g_assert(kind > FAULT_NONE && kind < FAULT_KIND_COUNT);
    return kinds[kind].name;
}

FaultKind
fault_kind_find(const char *name)
{
    for (unsigned i = 1; i < FAULT_KIND_COUNT; i++) {
        if (strcmp(kinds[i].name, name) == 0) {
            return (FaultKind)i;
        }
    }
    return FAULT_NONE;
}

unsigned
fault_kind_needs(FaultKind kind)
{
    return kind < FAULT_KIND_COUNT ? kinds[kind].needs : 0;
}

const char *
fault_kind_manual(FaultKind kind)
{
    g_assert(kind > FAULT_NONE && kind < FAULT_KIND_COUNT);
    return kinds[kind].manual;
}

const char *
fault_kind_example(FaultKind kind)
{
    static const char *const examples[FAULT_KIND_COUNT] = {
        [FAULT_CRASH] = "{at: \"5 s\", kind: crash, nodes: leader, for: "
                        "\"2 s\"}",
        [FAULT_KILL] = "{at: \"5 s\", kind: kill, nodes: one, for: \"1 s\"}",
        [FAULT_PAUSE] = "{at: \"5 s\", kind: pause, nodes: n2, for: "
                        "\"800 ms\"}",
        [FAULT_SLOW] = "{at: \"5 s\", kind: slow, nodes: leader, amount: "
                       "\"2 ms\", for: \"3 s\"}",
        [FAULT_MEMORY] = "{at: \"5 s\", kind: memory, nodes: all, amount: "
                         "\"1 MiB\", for: \"3 s\"}",
        [FAULT_PARTITION] = "{at: \"5 s\", kind: partition, groups: "
                            "[[leader, one], rest], for: \"3 s\"}",
        [FAULT_PARTITION_ONE_WAY] = "{at: \"5 s\", kind: partition-one-way, "
                                    "nodes: leader, to: followers, for: "
                                    "\"3 s\"}",
        [FAULT_PARTITION_BRIDGE] = "{at: \"5 s\", kind: partition-bridge, "
                                   "nodes: one, for: \"3 s\"}",
        [FAULT_PARTITION_RING] = "{at: \"5 s\", kind: partition-ring, for: "
                                 "\"3 s\"}",
        [FAULT_FLAP] = "{at: \"5 s\", kind: flap, nodes: leader, to: "
                       "followers, period: \"400 ms\", for: \"4 s\"}",
        [FAULT_CLOG] = "{at: \"5 s\", kind: clog, nodes: leader, for: "
                       "\"1 s\"}",
        [FAULT_CLOG_SWIZZLE] = "{at: \"5 s\", kind: clog-swizzle, for: "
                               "\"2 s\"}",
        [FAULT_LINK] = "{at: \"5 s\", kind: link, nodes: all, to: all, "
                       "netem: \"delay +50ms loss 5%\", for: \"3 s\"}",
        [FAULT_CLOCK_STEP] = "{at: \"5 s\", kind: clock-step, nodes: one, "
                             "amount: \"-200 ms\"}",
        [FAULT_CLOCK_DRIFT] = "{at: \"5 s\", kind: clock-drift, nodes: one, "
                              "amount: \"500 ppm\", for: \"5 s\"}",
        [FAULT_DISK_SLOW] = "{at: \"5 s\", kind: disk-slow, nodes: leader, "
                            "amount: \"20 ms\", for: \"3 s\"}",
        [FAULT_DISK_FULL] = "{at: \"5 s\", kind: disk-full, nodes: one, for: "
                            "\"3 s\"}",
        [FAULT_DISK_EIO] = "{at: \"5 s\", kind: disk-eio, nodes: one, file: "
                           "raft-log, for: \"1 s\"}",
        [FAULT_DISK_LOST_SYNC] = "{at: \"5 s\", kind: disk-lost-sync, nodes: "
                                 "one, for: \"2 s\"}",
        [FAULT_DISK_BIT_FLIP] = "{at: \"5 s\", kind: disk-bit-flip, nodes: "
                                "one, file: raft-log}",
        [FAULT_DISK_MISDIRECT] = "{at: \"5 s\", kind: disk-misdirect, nodes: "
                                 "one}",
        [FAULT_DISK_WIPE] = "{at: \"5 s\", kind: disk-wipe, nodes: n3}",
        [FAULT_HEAL_CORE] = "{at: \"5 s\", kind: heal-core, nodes: "
                            "majority}",
        [FAULT_REDRAW] = "{at: \"5 s\", kind: redraw, salt: 7}",
    };

    g_assert(kind > FAULT_NONE && kind < FAULT_KIND_COUNT);
    return examples[kind];
}

static int
compare_faults(gconstpointer a, gconstpointer b)
{
    const Fault *left = a, *right = b;

    if (left->at != right->at) {
        return left->at < right->at ? -1 : 1;
    }
    return left->number < right->number   ? -1
           : left->number > right->number ? 1
                                          : 0;
}

Plan *
plan_new(void)
{
    return g_new0(Plan, 1);
}

void
plan_free(Plan *plan)
{
    if (plan == NULL) {
        return;
    }
    for (unsigned i = 0; i < plan->count; i++) {
        g_free(plan->faults[i].nodes);
        g_free(plan->faults[i].peers);
        g_free(plan->faults[i].groups);
        g_free(plan->faults[i].netem);
        g_free(plan->faults[i].file);
    }
    g_free(plan->faults);
    g_free(plan);
}

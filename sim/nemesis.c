/* SPDX-License-Identifier: Apache-2.0 */
/* The packages, as the text that a scenario would have to say. Intervals are
 * such that a run of ten seconds meets about one fault of each package, but
 * for those that cost a node for good. */
#include "sim/nemesis.h"

#include <string.h>

static const Nemesis packages[] = {
    {"partition",
     "the network is cut, one way, into halves or majorities, flaps or clogs; "
     "ways open again after half a second to three",
     "- {kind: partition, every: 8 s, nodes: minority, for: 0.5..3 s}\n"
     "- {kind: partition, every: 10 s, nodes: leader, for: 0.5..2 s}\n"
     "- {kind: partition-one-way, every: 12 s, nodes: leader, to: followers,"
     " for: 0.5..2 s}\n"
     "- {kind: partition-bridge, every: 15 s, nodes: one, for: 0.5..2 s}\n"
     "- {kind: partition-ring, every: 15 s, for: 0.5..2 s}\n"
     "- {kind: flap, every: 15 s, nodes: one, period: 300 ms, for: 0.5..2 s}\n"
     "- {kind: clog, every: 12 s, nodes: one, for: 0.1..1 s}\n"
     "- {kind: clog-swizzle, every: 20 s, for: 0.5..1.5 s}\n"},
    {"kill",
     "nodes lose power or their process is killed; they start again within "
     "two seconds",
     "- {kind: crash, every: 6 s, nodes: one, for: 0.1..2 s}\n"
     "- {kind: crash, every: 9 s, nodes: leader, for: 0.1..1.5 s}\n"
     "- {kind: kill, every: 8 s, nodes: one, for: 0.05..1 s}\n"},
    {"pause",
     "processes stand still or get little CPU; they go on with all that "
     "waited",
     "- {kind: pause, every: 7 s, nodes: one, for: 0.05..1.5 s}\n"
     "- {kind: pause, every: 10 s, nodes: leader, for: 0.05..1 s}\n"
     "- {kind: slow, every: 10 s, nodes: one, amount: 1..10 ms,"
     " for: 0.5..2 s}\n"},
    {"clock",
     "wall clocks jump and stay there; clocks run fast or slow for a while",
     "- {kind: clock-step, every: 5 s, nodes: one, amount: -2..2 s}\n"
     "- {kind: clock-drift, every: 8 s, nodes: one, amount: -5000..5000 ppm,"
     " for: 1..4 s}\n"},
    {"packet",
     "links lose, delay, duplicate, reorder and damage packets, or get narrow; "
     "they are as before after a second or two",
     "- {kind: link, every: 8 s, nodes: one, to: all, netem: loss 25% 25%,"
     " for: 0.5..2 s}\n"
     "- {kind: link, every: 10 s, nodes: leader, to: all,"
     " netem: delay +50ms 25ms, for: 0.5..2 s}\n"
     "- {kind: link, every: 10 s, nodes: one, to: all,"
     " netem: duplicate 20% reorder 25% 50%, for: 0.5..2 s}\n"
     "- {kind: link, every: 12 s, nodes: one, to: all, netem: corrupt 2%,"
     " for: 0.5..2 s}\n"
     "- {kind: link, every: 15 s, nodes: one, to: all,"
     " netem: rate 1mbit limit 50, for: 0.5..2 s}\n"},
    {"disk",
     "disks are slow, full, fail, lie or rot; a power cycle brings back who "
     "halted, and shows what was lost",
     "- {kind: disk-slow, every: 6 s, nodes: one, amount: 1..50 ms,"
     " for: 0.3..2 s}\n"
     "- {kind: disk-full, every: 30 s, nodes: one, for: 0.5..2 s}\n"
     "- {kind: disk-eio, every: 30 s, nodes: one, for: 0.2..1 s}\n"
     "- {kind: disk-lost-sync, every: 30 s, nodes: one, for: 1..3 s}\n"
     "- {kind: disk-bit-flip, every: 25 s, nodes: one}\n"
     "- {kind: disk-misdirect, every: 30 s, nodes: one}\n"
     "- {kind: disk-wipe, every: 60 s, nodes: one}\n"
     "- {kind: crash, every: 8 s, nodes: one, for: 0.1..1 s}\n"},
};

const Nemesis *
nemesis_at(unsigned number)
{
    return number < G_N_ELEMENTS(packages) ? &packages[number] : NULL;
}

const Nemesis *
nemesis_find(const char *name)
{
    for (unsigned i = 0; i < G_N_ELEMENTS(packages); i++) {
        if (strcmp(packages[i].name, name) == 0) {
            return &packages[i];
        }
    }
    return NULL;
}

const char *
nemesis_of(FaultKind kind)
{
    switch (kind) {
    case FAULT_CRASH:
    case FAULT_KILL:
        return "kill";
    case FAULT_PAUSE:
    case FAULT_SLOW:
    case FAULT_MEMORY:
        return "pause";
    case FAULT_PARTITION:
    case FAULT_PARTITION_ONE_WAY:
    case FAULT_PARTITION_BRIDGE:
    case FAULT_PARTITION_RING:
    case FAULT_FLAP:
    case FAULT_CLOG:
    case FAULT_CLOG_SWIZZLE:
        return "partition";
    case FAULT_LINK:
        return "packet";
    case FAULT_CLOCK_STEP:
    case FAULT_CLOCK_DRIFT:
        return "clock";
    case FAULT_DISK_SLOW:
    case FAULT_DISK_FULL:
    case FAULT_DISK_EIO:
    case FAULT_DISK_LOST_SYNC:
    case FAULT_DISK_BIT_FLIP:
    case FAULT_DISK_MISDIRECT:
    case FAULT_DISK_WIPE:
        return "disk";
    default:
        return "other";
    }
}

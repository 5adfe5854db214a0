/* SPDX-License-Identifier: Apache-2.0 */
/* What a node found on its disk, against what must be there. What a damaged
 * disk lost, nobody is asked for; what of it was used in silence shows in the
 * log that is read, which Log Matching and the states judge. */
#include "sim/checks_recovery.h"

#include <inttypes.h>

#include "nodes/probes.h"

typedef struct ChecksRecovery {
    Checks *checks;
} ChecksRecovery;

static void on_recover(ChecksRecovery *recovery, NodeId id,
                       const uint64_t *values);

static void
on_probe(void *family, NodeId id, const uint64_t *values, uint32_t probe)
{
    ChecksRecovery *recovery = family;
    const DiskShadowNode *disk = &checks_shadow(recovery->checks)->nodes[id];

    if (probe == PROBE_RAFT_RECOVER) {
        on_recover(recovery, id, values);
    } else if (!disk->damaged && !disk->rotten) {
        checks_violate(recovery->checks, "false-corruption", id,
                       "refused its disk at offset %" PRIu64
                       ", but nothing had damaged it",
                       values[0]);
    }
}

/* D2, M1: what a power loss left is durable, and the node has read it. */
static void
on_recover(ChecksRecovery *recovery, NodeId id, const uint64_t *values)
{
    const DiskShadowNode *disk = &checks_shadow(recovery->checks)->nodes[id];

    if (disk->damaged || disk->rotten) {
        return;
    }
    if (values[0] < disk->vote_term) {
        checks_violate(recovery->checks, "term-monotone", id,
                       "recovered term %" PRIu64 ", but term %" PRIu64
                       " was durable",
                       values[0], disk->vote_term);
    } else if (values[0] == disk->vote_term && values[1] != disk->vote &&
               disk->vote != 0) {
        checks_violate(recovery->checks, "recovered-vote", id,
                       "recovered vote %" PRIu64 " of term %" PRIu64
                       ", but vote %u was durable",
                       values[1], values[0], disk->vote);
    }
    if (values[3] < disk->promised) {
        checks_violate(recovery->checks, "recovered-log", id,
                       "recovered a log up to %" PRIu64 ", but %" PRIu64
                       " was durable",
                       values[3], disk->promised);
    }
}

static void *
make(Checks *checks)
{
    ChecksRecovery *recovery = g_new0(ChecksRecovery, 1);

    recovery->checks = checks;
    return recovery;
}

const CheckFamily checks_recovery_family = {
    .name = "recovery",
    .make = make,
    .probes = CHECK_BIT(PROBE_RAFT_RECOVER) | CHECK_BIT(PROBE_RAFT_CORRUPT),
    .probe = on_probe,
    .free = g_free,
};

/* SPDX-License-Identifier: Apache-2.0 */
/* Which runs come next, and that nobody else has them. */
#include "sim/sweep_private.h"

/* A batch takes about so long: forking and writing cost little then, and a
 * kill loses little. */
#define BATCH_NS (100 * SIM_MS)
/* Seeds that are looked up in one transaction when most are there already. */
#define LOOK_MAX 4096u

static unsigned batch_size(const Sweep *sweep);
static bool claim_batch(Sweep *sweep, SweepJob *job, unsigned size);
static bool claim_unit(Sweep *sweep, SweepJob *job, const SweepUnit *unit);
static bool claim_held(Sweep *sweep, SweepJob *job, unsigned size);
static SweepUnit unit_at(const Sweep *sweep, uint64_t number);

void
sweep_claim(Sweep *sweep, SweepJob *job)
{
    if (sweep->suspects->len > 0) {
        job->units[job->count++] = g_array_index(sweep->suspects, SweepUnit, 0);
        g_array_remove_index(sweep->suspects, 0);
    } else if (sweep->next < sweep->total) {
        claim_batch(sweep, job, batch_size(sweep));
    } else if (sweep->held->len > 0) {
        claim_held(sweep, job, batch_size(sweep));
    }
}

/* Of the time that a batch should take, and small towards the end, so that no
 * worker has to wait long for another. */
static unsigned
batch_size(const Sweep *sweep)
{
    uint64_t left = sweep->total - sweep->next;
    uint64_t share = left / (2 * (uint64_t)pool_jobs(sweep->pool));
    double size = sweep->run_ns > 0 ? (double)BATCH_NS / sweep->run_ns : 1;

    return (unsigned)CLAMP(MIN((uint64_t)size, share), 1, SWEEP_BATCH_MAX);
}

static bool
claim_batch(Sweep *sweep, SweepJob *job, unsigned size)
{
    GError *error = NULL;
    bool good = results_begin(sweep->folder.results, &error);

    /* All that is looked at may be there already: others want a turn, and
     * whoever watches wants to see that something happens. */
    for (unsigned looks = 0; good && job->count < size &&
                             sweep->next < sweep->total && looks < LOOK_MAX;
         looks++) {
        SweepUnit unit = unit_at(sweep, sweep->next++);

        good = claim_unit(sweep, job, &unit);
    }
    if (good && !results_commit(sweep->folder.results, &error)) {
        good = false;
    }
    if (!good) {
        results_rollback(sweep->folder.results);
        job->count = 0;
        sweep_fail(sweep, RUN_INTERNAL, error);
    }
    return good;
}

/* What nobody has is in @job then, what others have is held. */
static bool
claim_unit(Sweep *sweep, SweepJob *job, const SweepUnit *unit)
{
    GError *error = NULL;
    bool mine, there;

    if (!results_claim(sweep->folder.results, sweep->folder.number,
                       unit->variant, unit->seed, &mine, &there, &error)) {
        sweep_fail(sweep, RUN_INTERNAL, error);
        return false;
    }
    if (there) {
        sweep->progress.there++;
    } else if (mine) {
        job->units[job->count++] = *unit;
    } else {
        g_array_append_val(sweep->held, *unit);
    }
    return true;
}

/* Those that others had: done meanwhile, still held, or left by the dead. */
static bool
claim_held(Sweep *sweep, SweepJob *job, unsigned size)
{
    g_autoptr(GArray) held = g_steal_pointer(&sweep->held);
    GError *error = NULL;
    unsigned at = 0;
    bool good =
        results_begin(sweep->folder.results, &error) &&
        results_owner_bury(sweep->folder.owner, sweep->folder.results, &error);

    sweep->held = g_array_new(FALSE, FALSE, sizeof(SweepUnit));
    while (good && at < held->len && job->count < size) {
        good = claim_unit(sweep, job, &g_array_index(held, SweepUnit, at++));
    }
    if (at < held->len) {
        g_array_append_vals(sweep->held, &g_array_index(held, SweepUnit, at),
                            held->len - at);
    }
    if (good && !results_commit(sweep->folder.results, &error)) {
        good = false;
    }
    if (!good) {
        results_rollback(sweep->folder.results);
        job->count = 0;
        sweep_fail(sweep, RUN_INTERNAL, error);
    }
    return good;
}

/* Seeds one after the other, each with all variants: whenever it ends, the
 * variants have met the same seeds. */
static SweepUnit
unit_at(const Sweep *sweep, uint64_t number)
{
    const SweepOptions *options = sweep->options;
    uint64_t position =
        number / options->variant_count * options->shards + options->shard - 1;

    return (SweepUnit){.variant =
                           (unsigned)(number % options->variant_count) + 1,
                       .seed = options->run->seed + position};
}

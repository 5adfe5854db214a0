/* SPDX-License-Identifier: Apache-2.0 */
/* What comes back from the workers: rows, failures that want a capsule, and
 * capsules. */
#include <inttypes.h>
#include <string.h>
#include <sys/wait.h>

#include "sim/sweep_private.h"

/* How much a new measurement counts in the mean time of a run. */
#define MEAN_WEIGHT 0.3

static void take_rows(Sweep *sweep, const SweepJob *job,
                      const SweepReply *replies);
static void note_failure(Sweep *sweep, const ResultsRow *row);
static void error_row(ResultsRow *row, const SweepUnit *unit, const char *text);
static void take_odd_capsule(Sweep *sweep, const SweepJob *job,
                             const SweepReply *reply);
static void take_capsule(Sweep *sweep, const SweepJob *job,
                         const SweepReply *reply);

void
sweep_take(Sweep *sweep, const PoolAnswer *answer)
{
    gpointer key = GSIZE_TO_POINTER(answer->id);
    const SweepJob *job = g_hash_table_lookup(sweep->running, key);
    const SweepReply *replies =
        (const SweepReply *)(gconstpointer)answer->reply->data;
    SweepReply dead = {.status = RUN_INTERNAL};

    if (answer->good && answer->reply->len == job->count * sizeof(SweepReply)) {
        if (job->capsule != NULL) {
            take_capsule(sweep, job, replies);
        } else {
            double run_ns = (double)answer->wall_ns / job->count;

            sweep->run_ns =
                sweep->run_ns > 0
                    ? sweep->run_ns * (1 - MEAN_WEIGHT) + run_ns * MEAN_WEIGHT
                    : run_ns;
            take_rows(sweep, job, replies);
        }
    } else if (job->capsule == NULL && job->count > 1) {
        g_array_append_vals(sweep->suspects, job->units, job->count);
    } else {
        g_snprintf(dead.error, sizeof(dead.error),
                   "the process that ran it %s %d",
                   WIFSIGNALED(answer->status) ? "died of signal"
                                               : "ended with status",
                   WIFSIGNALED(answer->status) ? WTERMSIG(answer->status)
                                               : WEXITSTATUS(answer->status));
        if (job->capsule == NULL) {
            take_rows(sweep, job, &dead);
        } else {
            take_capsule(sweep, job, &dead);
        }
    }
    g_hash_table_remove(sweep->running, key);
}

static void
take_rows(Sweep *sweep, const SweepJob *job, const SweepReply *replies)
{
    GError *error = NULL;
    bool good = results_begin(sweep->folder.results, &error);
    ResultsRow *row = g_new(ResultsRow, 1);

    for (unsigned i = 0; good && i < job->count; i++) {
        *row = replies[i].row;
        if (replies[i].status == RUN_BAD_ARGUMENTS) {
            g_set_error(&error, SWEEP_ERROR, 0, "seed %" PRIu64 ": %s",
                        job->units[i].seed, replies[i].error);
            sweep_fail(sweep, RUN_BAD_ARGUMENTS, g_steal_pointer(&error));
            continue;
        }
        if (replies[i].status >= RUN_BAD_ARGUMENTS) {
            error_row(row, &job->units[i], replies[i].error);
        }
        good = results_add(sweep->folder.results, row, &error);
        sweep->progress.done++;
        if (row->verdict == RESULTS_VIOLATED || row->verdict == RESULTS_ERROR) {
            note_failure(sweep, row);
        }
    }
    g_free(row);
    if (!good || !results_commit(sweep->folder.results, &error)) {
        results_rollback(sweep->folder.results);
        sweep_fail(sweep, RUN_INTERNAL, error);
    }
}

static void
note_failure(Sweep *sweep, const ResultsRow *row)
{
    const SweepOptions *options = sweep->options;
    SweepKind kind = {.unit = {row->variant, row->seed}};

    sweep->progress.failures++;
    if (options->fail_fast != 0 &&
        sweep->progress.failures >= options->fail_fast) {
        sweep->outcome->fail_fast = true;
    }
    if (row->signature[0] == '\0' ||
        g_hash_table_contains(sweep->kinds, row->signature)) {
        return;
    }
    g_hash_table_add(sweep->kinds, g_strdup(row->signature));
    sweep->progress.groups++;
    if (!options->no_capsules && sweep->progress.groups <= SWEEP_CAPSULES_MAX) {
        kind.signature = g_strdup(row->signature);
        g_array_append_val(sweep->capsules, kind);
    }
}

/* A seed of which nothing is known but what the simulator said last. */
static void
error_row(ResultsRow *row, const SweepUnit *unit, const char *text)
{
    g_auto(GStrv) lines = g_strsplit(text, "\n", 2);

    memset(row, 0, sizeof(*row));
    row->seed = unit->seed;
    row->variant = unit->variant;
    row->verdict = RESULTS_ERROR;
    g_strlcpy(row->violation.message, lines[0] != NULL ? lines[0] : "",
              sizeof(row->violation.message));
}

static void
take_capsule(Sweep *sweep, const SweepJob *job, const SweepReply *reply)
{
    GError *error = NULL;

    if (reply->status >= RUN_BAD_ARGUMENTS) {
        g_set_error(&error, SWEEP_ERROR, 0, "%s: %s", job->capsule,
                    reply->error);
        sweep_fail(sweep, RUN_INTERNAL, error);
    } else if (strcmp(reply->row.signature, job->signature) != 0 &&
               !g_str_has_prefix(job->signature, "determinism:")) {
        take_odd_capsule(sweep, job, reply);
    } else if (!results_set_capsule(sweep->folder.results, job->signature,
                                    job->units[0].variant, job->units[0].seed,
                                    &error)) {
        sweep_fail(sweep, RUN_INTERNAL, error);
    }
}

/* The seed failed, and for its capsule it did not, or otherwise: its row says
 * so instead of what it said before. */
static void
take_odd_capsule(Sweep *sweep, const SweepJob *job, const SweepReply *reply)
{
    ResultsRow *row = g_memdup2(&reply->row, sizeof(*row));
    GError *error = NULL;
    bool good;

    row->verdict = RESULTS_VIOLATED;
    row->violation_count++;
    row->violation = (RunViolation){.at = row->virtual_ns};
    g_strlcpy(row->violation.check, "determinism",
              sizeof(row->violation.check));
    g_snprintf(row->violation.message, sizeof(row->violation.message),
               "run again for its capsule, the seed came to '%.200s', not "
               "'%.200s'",
               reply->row.signature[0] != '\0' ? reply->row.signature : "pass",
               job->signature);
    signature_of_violation(&row->violation, row->signature);
    good = results_begin(sweep->folder.results, &error) &&
           results_remove(sweep->folder.results, row->variant, row->seed,
                          &error) &&
           results_add(sweep->folder.results, row, &error) &&
           results_commit(sweep->folder.results, &error);
    if (good) {
        note_failure(sweep, row);
    } else {
        results_rollback(sweep->folder.results);
        sweep_fail(sweep, RUN_INTERNAL, error);
    }
    g_free(row);
}

/* The first mistake counts. */
void
sweep_fail(Sweep *sweep, int status, GError *error)
{
    if (sweep->status == 0) {
        sweep->status = status;
        sweep->error = error;
    } else {
        g_clear_error(&error);
    }
}

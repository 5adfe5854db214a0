/* SPDX-License-Identifier: Apache-2.0 */
/* Random times by integer inverse-CDF tables: netem's distributions, its
 * `.dist` files, and an exponential with a full tail for arrival processes.
 *
 * A table holds the quantiles of a variable with mean 0 at evenly spaced
 * probabilities; a draw is mean + jitter x quantile(u), interpolated. No
 * floating point anywhere: the tables are committed integers
 * (distribution_tables.c, made by distribution_tables.py). */
#ifndef SEEDBED_DISTRIBUTION_H
#define SEEDBED_DISTRIBUTION_H

#include <glib.h>

#include "netmodel/chance.h"
#include "nodes/node.h"

/* Quantiles in a built-in table, and the largest `.dist` file (netem's). */
#define DISTRIBUTION_ENTRIES     4096u
#define DISTRIBUTION_ENTRIES_MAX 16384u
/* A quantile of 1.0, that is of one jitter. A `.dist` file's unit is
 * netem's 8192, eight times less. */
#define DISTRIBUTION_ONE 65536

/* `mean`, `jitter` and drawn times stay below this: about 52 days. */
#define DISTRIBUTION_TIME_MAX ((SimTime)1 << 52)

typedef struct Distribution {
    const char *name;      /* "normal", or the file's name as written */
    const int32_t *values; /* ascending; NULL: uniform or constant */
    uint32_t count;        /* of values, 0 or 2..DISTRIBUTION_ENTRIES_MAX */
    int32_t spread;        /* uniform: +- this; constant: 0 */
} Distribution;

/* Loaded `.dist` files, each once, so that equal names are equal pointers. */
typedef struct DistributionFiles DistributionFiles;

/* uniform: netem's default, mean +- jitter. constant: jitter ignored.
 * normal. pareto: shape 3, as netem's, (x - 1.5) 4/3. paretonormal: a
 * quarter of normal and three of pareto, as netem's. exponential: x - 1, so
 * that `delay 10ms 10ms distribution exponential` is Exp(10 ms). lognormal:
 * exp(z), z standard normal, shifted and scaled to mean 0, deviation 1.
 *
 * They agree with iproute2's files to 0.004 up to the quantile 0.99 and go on
 * where those are cut (pareto at 4); means are within 0.0002.
 *
 * Returns NULL when there is no built-in of that @name. */
const Distribution *distribution_find(const char *name);
/* The @index-th built-in, NULL past the last. */
const Distribution *distribution_at(unsigned index);

/* The quantile of @distribution at probability @u / 2^64, in units of
 * 1 / DISTRIBUTION_ONE. About 2 ns. */
int32_t distribution_quantile(const Distribution *distribution, uint64_t u);

/* A time around @mean, spread by @jitter, never below 0: exactly one draw
 * from @stream, or none when nothing is random (no jitter, or constant).
 *
 * With @correlation the uniform number is mixed with its predecessor in
 * *@last as netem does, u = (1 - c) v + c u', which also narrows the
 * distribution, as netem's does: the deviation of u shrinks by
 * sqrt((1 - c) / (1 + c)). @last is not touched without correlation; start
 * it at DISTRIBUTION_MEDIAN. About 15 ns. */
SimTime distribution_draw(const Distribution *distribution, Stream *stream,
                          SimTime mean, SimTime jitter, Chance correlation,
                          uint32_t *last);
#define DISTRIBUTION_MEDIAN 0x80000000u

/* The time to the next event of a Poisson process that has one every @mean
 * (1..DISTRIBUTION_TIME_MAX) on average: -ln(u) x @mean, relative error below
 * 1e-4, tail up to 44 times the mean. One draw. May be 0. */
SimTime distribution_exponential(Stream *stream, SimTime mean);
/* -ln((@u + 1) / 2^64) in units of 2^-32: 0 for the largest @u, 44.4 for 0.
 * Relative error below 1e-4, absolute below 2^-32 near 0. */
uint64_t distribution_minus_ln(uint64_t u);

/* Files named by relative paths are looked for in @directory; NULL: in the
 * working directory. Owned; release with distribution_files_free(), after
 * which the distributions it gave are gone. */
DistributionFiles *distribution_files_new(const char *directory);
void distribution_files_free(DistributionFiles *files);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(DistributionFiles, distribution_files_free)

/* The distribution in the file @name (as it is to be printed), read at most
 * once: whitespace-separated integers in int16's range, ascending, `#`
 * comments, 2..DISTRIBUTION_ENTRIES_MAX of them (iproute2's format).
 *
 * Borrowed from @files. NULL and "file:line: found ..., expected ..." in
 * @error when it cannot be read. */
const Distribution *distribution_files_load(DistributionFiles *files,
                                            const char *name, GError **error);

/* The @index-th file that was read; NULL past the last. */
const Distribution *distribution_files_at(const DistributionFiles *files,
                                          unsigned index);
/* A file's text: reading it gives the same table. The caller owns it. */
char *distribution_text(const Distribution *distribution);

/* The same from memory, for tests and fuzzing: @where stands for the path in
 * errors. Owned; release with distribution_free(). */
Distribution *distribution_parse(const char *where, const char *text,
                                 gsize size, GError **error);
void distribution_free(Distribution *distribution);

#define DISTRIBUTION_ERROR (distribution_error_quark())
GQuark distribution_error_quark(void);

#endif

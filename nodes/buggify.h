/* SPDX-License-Identifier: Apache-2.0 */
/* Places where a correct program may behave in an unusual way, so that what is
 * legal but rare is met often. From FoundationDB: Zhou et al., "FoundationDB:
 * A Distributed Unbundled Transactional Key Value Store" (SIGMOD 2021), section
 * 4.1, "buggification".
 *
 * Two levels: a site is on in a quarter of the runs, and where it is on it
 * fires at a quarter of the visits. The first is drawn from the run's key
 * (NodeSetup.buggify, 0: all sites are off), the second from the dice of the
 * input at hand, so a node does the same in either isolation, and no other draw
 * of it is moved. The live host's key is always 0.
 *
 * This header is installed and needs nothing but node.h:
 *
 *     if (buggify_fires(self->buggify, "small-batch", &input->dice, n++)) {
 *         batch = 1;
 *     }
 */
#ifndef SEEDBED_BUGGIFY_H
#define SEEDBED_BUGGIFY_H

#include "nodes/node.h"

/* One in so many runs, and then one in so many visits. */
#define BUGGIFY_RUNS   4u
#define BUGGIFY_VISITS 4u

/* The number of the site called @name: FNV-1a, so that the compiler can work
 * it out. */
static inline uint64_t
buggify_site(const char *name)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325);

    while (*name != '\0') {
        hash = (hash ^ (uint8_t)*name++) * UINT64_C(0x100000001b3);
    }
    return hash;
}

/* Whether the site called @name is on in the run of @key. */
static inline bool
buggify_on(uint64_t key, const char *name)
{
    uint64_t out[2];

    if (key == 0) {
        return false;
    }
    dice_block(key, 0, buggify_site(name), out);
    return dice_below(out[0], BUGGIFY_RUNS) == 0;
}

/* Whether a site that is on fires: @dice are the input's, @visit tells visits
 * in one step apart. */
static inline bool
buggify_visit(const char *name, const Dice *dice, uint64_t visit)
{
    uint64_t out[2];

    dice_block(dice->key ^ buggify_site(name), dice->counter, visit, out);
    return dice_below(out[0], BUGGIFY_VISITS) == 0;
}

/* Both. */
static inline bool
buggify_fires(uint64_t key, const char *name, const Dice *dice, uint64_t visit)
{
    return key != 0 && buggify_on(key, name) &&
           buggify_visit(name, dice, visit);
}

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* Delta debugging on failures that are made up: what is left is 1-minimal,
 * also when more things do not fail more often. */
#include "sim/ddmin.h"

#include <check.h>
#include <glib.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define COUNT_MAX 64u

/* Does it fail with these things? */
typedef bool (*Fails)(const uint8_t *set, unsigned count);

typedef struct World {
    Fails fails;
    unsigned count;
    unsigned tried; /* sets whose answer was needed */
    unsigned most;  /* sets of one step */
} World;

static unsigned
size(const uint8_t *set, unsigned count)
{
    unsigned sum = 0;

    for (unsigned i = 0; i < count; i++) {
        sum += set[i];
    }
    return sum;
}

static bool
always(const uint8_t *set, unsigned count)
{
    (void)set;
    (void)count;
    return true;
}

static bool
one(const uint8_t *set, unsigned count)
{
    return set[count / 3] != 0;
}

static bool
first_and_last(const uint8_t *set, unsigned count)
{
    return set[0] != 0 && set[count - 1] != 0;
}

static bool
all(const uint8_t *set, unsigned count)
{
    return size(set, count) == count;
}

/* Any three of them. */
static bool
three(const uint8_t *set, unsigned count)
{
    return size(set, count) >= 3;
}

static bool
either(const uint8_t *set, unsigned count)
{
    return (set[1] != 0 && set[2] != 0) || set[count - 2] != 0;
}

/* Not monotone: the odd ones hide it again. */
static bool
even_count(const uint8_t *set, unsigned count)
{
    return set[3] != 0 && size(set, count) % 2 == 0;
}

/* Not monotone: a hash of the set says so, three times in four, as when each
 * change sends a run another way; the whole always fails. */
static bool
hashed(const uint8_t *set, unsigned count)
{
    uint64_t hash = 14695981039346656037u;

    for (unsigned i = 0; i < count; i++) {
        hash = (hash ^ set[i]) * 1099511628211u;
    }
    return size(set, count) == count || (set[5] != 0 && (hash >> 40) % 4 != 0);
}

static int
test_sets(void *user, const uint8_t *const *sets, unsigned set_count)
{
    World *world = user;

    world->most = MAX(world->most, set_count);
    for (unsigned i = 0; i < set_count; i++) {
        world->tried++;
        if (world->fails(sets[i], world->count)) {
            return (int)i;
        }
    }
    return -1;
}

static const struct {
    const char *name;
    Fails fails;
    unsigned count;
    int left; /* -1: what is not known beforehand */
    unsigned tried_max;
} reductions[] = {
    {"nothing at all", one, 0, 0, 0},
    {"none is needed", always, 40, 0, 1},
    {"one of one", one, 1, 1, 1},
    {"one of many", one, 60, 1, 20},
    {"two far apart", first_and_last, 60, 2, 90},
    {"all are needed", all, 12, 12, 1 + 2 + 8 + 16 + 24},
    {"any three", three, 60, 3, 60},
    {"one of two ways", either, 40, -1, 60},
    {"fewer may pass", even_count, 31, -1, 200},
    {"of any shape", hashed, 48, -1, 300},
};

START_TEST(test_reduction)
{
    uint8_t keep[COUNT_MAX];
    World world = {.fails = reductions[_i].fails,
                   .count = reductions[_i].count};
    const char *name = reductions[_i].name;
    unsigned left;

    memset(keep, 1, sizeof(keep));
    /* "fewer may pass" starts from an even number. */
    if (reductions[_i].fails == even_count) {
        keep[30] = 0;
    }
    left = ddmin_reduce(world.count, keep, test_sets, &world);
    ck_assert_msg(left == size(keep, world.count), "%s: %u, not %u", name, left,
                  size(keep, world.count));
    if (reductions[_i].left >= 0) {
        ck_assert_msg((int)left == reductions[_i].left, "%s: %u left", name,
                      left);
    }
    ck_assert_msg(world.tried <= reductions[_i].tried_max, "%s: %u tried", name,
                  world.tried);
    if (world.count == 0) {
        return;
    }
    ck_assert_msg(world.fails(keep, world.count), "%s: passes", name);
    for (unsigned i = 0; i < world.count; i++) {
        if (keep[i]) {
            keep[i] = 0;
            ck_assert_msg(!world.fails(keep, world.count),
                          "%s: %u is not needed", name, i);
            keep[i] = 1;
        }
    }
}
END_TEST

/* Things that were not there at the start never come back. */
START_TEST(test_absent)
{
    uint8_t keep[COUNT_MAX] = {0};
    World world = {.fails = three, .count = 20};

    for (unsigned i = 0; i < 20; i += 2) {
        keep[i] = 1;
    }
    ck_assert_uint_eq(ddmin_reduce(20, keep, test_sets, &world), 3);
    for (unsigned i = 1; i < 20; i += 2) {
        ck_assert_uint_eq(keep[i], 0);
    }
}
END_TEST

/* A step's candidates come together: that is what runs in parallel. */
START_TEST(test_together)
{
    uint8_t keep[COUNT_MAX];
    World world = {.fails = all, .count = 16};

    memset(keep, 1, sizeof(keep));
    ck_assert_uint_eq(ddmin_reduce(16, keep, test_sets, &world), 16);
    ck_assert_uint_eq(world.most, 32);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("ddmin");
    TCase *reduce = tcase_create("reduce");
    SRunner *runner = srunner_create(suite);
    int failed;

    tcase_add_loop_test(reduce, test_reduction, 0,
                        (int)G_N_ELEMENTS(reductions));
    tcase_add_test(reduce, test_absent);
    tcase_add_test(reduce, test_together);
    suite_add_tcase(suite, reduce);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

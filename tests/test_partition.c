/* SPDX-License-Identifier: Apache-2.0 */
/* Partitions: what each kind blocks, how rules overlap and heal, and those
 * that change with time. */
#include "netmodel/partition.h"

#include <check.h>
#include <glib.h>
#include <stdlib.h>
#include <string.h>

#define HOSTS_MAX 8

/* @want: a row from each host to each: `.` open, `x` cut, `h` held. */
static const struct {
    const char *name;
    unsigned hosts;
    PartitionRule rule;
    uint16_t group[HOSTS_MAX + 1];
    const char *want;
} kinds[] = {
    {"two groups",
     5,
     {.kind = PARTITION_GROUPS},
     {0, 1, 1, 2, 2, 2},
     "..xxx ..xxx xx... xx... xx..."},
    {"three groups",
     4,
     {.kind = PARTITION_GROUPS},
     {0, 1, 2, 3, 3},
     ".xxx x.xx xx.. xx.."},
    {"a bridge between two groups",
     5,
     {.kind = PARTITION_GROUPS},
     {0, 0, 1, 1, 2, 2},
     "..... ...xx ...xx .xx.. .xx.."},
    {"one way", 3, {.kind = PARTITION_ONE_WAY}, {0, 1, 2, 0}, ".x. ... ..."},
    {"one way into a group",
     4,
     {.kind = PARTITION_ONE_WAY},
     {0, 1, 2, 2, 1},
     ".xx. .... .... .xx."},
    {"a ring of three majorities of two",
     3,
     {.kind = PARTITION_RING},
     {0, 1, 2, 3},
     "..x x.. .x."},
    {"a ring of five majorities of three",
     5,
     {.kind = PARTITION_RING},
     {0, 1, 2, 3, 4, 5},
     "..xx. ...xx x...x xx... .xx.."},
    {"a ring in another order, one outside",
     6,
     {.kind = PARTITION_RING},
     {0, 3, 1, 0, 2, 5, 4},
     ".x..x. x....x ...... ....xx x..x.. .x.x.."},
    {"isolated",
     4,
     {.kind = PARTITION_ISOLATE},
     {0, 0, 1, 0, 0},
     ".x.. x.xx .x.. .x.."},
    {"a clogged direction",
     3,
     {.kind = PARTITION_ONE_WAY, .hold = true},
     {0, 1, 2, 0},
     ".h. ... ..."},
    {"a clogged host",
     3,
     {.kind = PARTITION_ISOLATE, .hold = true},
     {0, 0, 0, 1},
     "..h ..h hh."},
    {"nobody", 2, {.kind = PARTITION_GROUPS}, {0, 0, 0}, ".. .."},
};

static char *
rows_of(const Partition *partition, unsigned hosts)
{
    static const char letters[] = {
        [PARTITION_OPEN] = '.', [PARTITION_HELD] = 'h', [PARTITION_CUT] = 'x'};
    GString *rows = g_string_new(NULL);

    for (NodeId from = 1; from <= hosts; from++) {
        for (NodeId to = 1; to <= hosts; to++) {
            g_string_append_c(rows,
                              letters[partition_check(partition, from, to)]);
        }
        if (from < hosts) {
            g_string_append_c(rows, ' ');
        }
    }
    return g_string_free(rows, FALSE);
}

static void
expect(const Partition *partition, unsigned hosts, const char *want)
{
    g_autofree char *rows = rows_of(partition, hosts);

    ck_assert_str_eq(rows, want);
}

static uint32_t
add(Partition *partition, PartitionRule rule, const uint16_t *group)
{
    rule.group = group;
    return partition_add(partition, &rule);
}

START_TEST(each_kind)
{
    Partition *partition = partition_new(kinds[_i].hosts);
    uint32_t id = add(partition, kinds[_i].rule, kinds[_i].group);
    g_autofree char *rows = rows_of(partition, kinds[_i].hosts);

    ck_assert_msg(strcmp(rows, kinds[_i].want) == 0, "%s: %s", kinds[_i].name,
                  rows);
    ck_assert(partition_remove(partition, id));
    ck_assert(!partition_remove(partition, id));

    g_autofree char *healed = rows_of(partition, kinds[_i].hosts);

    ck_assert_ptr_null(strpbrk(healed, "xh"));
    partition_free(partition);
}
END_TEST

/* Every host of a ring hears a majority, itself included, and no two hear
 * the same one. */
START_TEST(majorities)
{
    for (unsigned hosts = 3; hosts <= HOSTS_MAX; hosts++) {
        Partition *partition = partition_new(hosts);
        NodeId ids[HOSTS_MAX] = {1, 2, 3, 4, 5, 6, 7, 8};
        uint16_t group[HOSTS_MAX + 1] = {0};
        unsigned heard[HOSTS_MAX + 1] = {0};
        Stream stream = {hosts, 0};

        partition_shuffle(group, ids, hosts, &stream);
        ck_assert_uint_eq(stream.counter, hosts - 1);
        add(partition, (PartitionRule){.kind = PARTITION_RING}, group);
        for (NodeId to = 1; to <= hosts; to++) {
            for (NodeId from = 1; from <= hosts; from++) {
                if (partition_check(partition, from, to) == PARTITION_OPEN) {
                    heard[to] |= 1u << from;
                }
            }
            ck_assert_int_eq(__builtin_popcount(heard[to]), (int)hosts / 2 + 1);
            ck_assert(heard[to] >> to & 1);
            for (NodeId other = 1; other < to; other++) {
                ck_assert_uint_ne(heard[to], heard[other]);
            }
        }
        partition_free(partition);
    }
}
END_TEST

/* Rules overlap; each heals on its own; a cut is stronger than a clog; the
 * blame names exactly those in the way. */
START_TEST(overlap)
{
    static const uint16_t halves[] = {0, 1, 1, 2, 2};
    static const uint16_t lone[] = {0, 1, 0, 0, 0};
    static const uint16_t pair[] = {0, 1, 0, 2, 0};
    Partition *partition = partition_new(4);
    uint32_t ids[4];
    uint32_t a =
        add(partition, (PartitionRule){.kind = PARTITION_GROUPS}, halves);
    uint32_t b =
        add(partition, (PartitionRule){.kind = PARTITION_ISOLATE, .hold = true},
            lone);
    uint32_t c =
        add(partition, (PartitionRule){.kind = PARTITION_ONE_WAY}, pair);

    ck_assert_uint_eq(a, 1);
    ck_assert_uint_eq(c, 3);
    expect(partition, 4, ".hxx h.xx xx.. xx..");
    ck_assert_uint_eq(partition_blame(partition, 1, 3, ids, 4), 3);
    ck_assert(ids[0] == a && ids[1] == b && ids[2] == c);
    ck_assert_uint_eq(partition_blame(partition, 3, 1, ids, 1), 2);
    ck_assert_uint_eq(partition_blame(partition, 3, 4, ids, 4), 0);
    ck_assert(partition_remove(partition, a));
    expect(partition, 4, ".hxh h... h... h...");
    ck_assert(partition_remove(partition, c));
    expect(partition, 4, ".hhh h... h... h...");

    uint32_t d =
        add(partition, (PartitionRule){.kind = PARTITION_GROUPS}, halves);

    ck_assert_uint_eq(d, 4); /* numbers are not used again */
    partition_heal(partition);
    expect(partition, 4, ".... .... .... ....");
    ck_assert(!partition_remove(partition, d));
    partition_free(partition);
}
END_TEST

/* Rules from before, rules to come and rules that change leave the joined
 * alone, and everybody else as before. */
START_TEST(joined)
{
    static const uint8_t hosts[] = {0, 1, 0, 1, 1};
    static const uint16_t halves[] = {0, 1, 1, 2, 2};
    static const uint16_t each[] = {0, 1, 2, 3, 4};
    Partition *partition = partition_new(4);
    PartitionRule swizzle = {.kind = PARTITION_SWIZZLE,
                             .hold = true,
                             .group = each,
                             .back = each,
                             .start = 1,
                             .step_ns = 1};
    uint32_t ids[4];
    uint32_t a =
        add(partition, (PartitionRule){.kind = PARTITION_GROUPS}, halves);

    partition_add(partition, &swizzle);
    expect(partition, 4, ".hxx h.xx xx.. xx..");
    ck_assert(partition_join(partition, hosts));
    expect(partition, 4, ".h.. h.xx .x.. .x..");
    ck_assert_uint_eq(partition_blame(partition, 1, 3, ids, 4), 0);
    ck_assert_uint_eq(partition_blame(partition, 2, 3, ids, 4), 1);
    while (partition_next(partition) != SIM_NEVER) {
        partition_advance(partition, partition_next(partition));
    }
    expect(partition, 4, ".... ..xx .x.. .x..");
    add(partition, (PartitionRule){.kind = PARTITION_ISOLATE}, each);
    expect(partition, 4, ".x.. x.xx .x.. .x..");
    ck_assert(partition_remove(partition, a));
    expect(partition, 4, ".x.. x.xx .x.. .x..");
    partition_free(partition);
}
END_TEST

START_TEST(flapping)
{
    static const uint16_t halves[] = {0, 1, 2};
    Partition *partition = partition_new(2);
    uint32_t id = add(
        partition,
        (PartitionRule){
            .kind = PARTITION_GROUPS, .start = 1000, .on_ns = 30, .off_ns = 70},
        halves);

    for (SimTime now = 1000; now < 1500; now++) {
        SimTime next = partition_next(partition);

        ck_assert_int_eq(partition_advance(partition, now), next == now);
        ck_assert_int_eq(partition_check(partition, 1, 2),
                         now % 100 < 30 ? PARTITION_CUT : PARTITION_OPEN);
    }
    /* Several periods at once; healing while in and while out of force. */
    ck_assert(partition_advance(partition, 2010));
    ck_assert_int_eq(partition_check(partition, 1, 2), PARTITION_CUT);
    ck_assert_uint_eq(partition_next(partition), 2030);
    ck_assert(partition_remove(partition, id));
    expect(partition, 2, ".. ..");
    ck_assert_uint_eq(partition_next(partition), SIM_NEVER);
    ck_assert(!partition_advance(partition, SIM_NEVER));
    partition_free(partition);
}
END_TEST

/* Shut 2, 4, 1; open 4, 1, 2; a step apart. 3 is not in it. */
START_TEST(swizzle)
{
    static const uint16_t shut[] = {0, 3, 1, 0, 2};
    static const uint16_t back[] = {0, 2, 3, 0, 1};
    static const char *const want[] = {
        ".h.. h.hh .h.. .h..", ".h.h h.hh .h.h hhh.", ".hhh h.hh hh.h hhh.",
        ".hhh h.hh hh.. hh..", ".h.. h.hh .h.. .h..", ".... .... .... ....",
    };
    Partition *partition = partition_new(4);
    PartitionRule rule = {.kind = PARTITION_SWIZZLE,
                          .hold = true,
                          .back = back,
                          .start = 500,
                          .step_ns = 10};
    uint32_t ids[1];
    uint32_t id = add(partition, rule, shut);

    for (unsigned i = 0; i < 6; i++) {
        expect(partition, 4, want[i]);
        ck_assert_uint_eq(partition_blame(partition, 2, 3, ids, 1), i < 5);
        ck_assert_uint_eq(partition_next(partition),
                          i < 5 ? 510 + 10 * i : SIM_NEVER);
        partition_advance(partition, 510 + 10 * i);
    }
    ck_assert(partition_remove(partition, id));

    /* Healed half-way, everything opens at once. */
    id = add(partition, rule, shut);
    partition_advance(partition, 515);
    ck_assert(partition_remove(partition, id));
    expect(partition, 4, want[5]);
    partition_free(partition);
}
END_TEST

START_TEST(helpers)
{
    static const NodeId hosts[] = {4, 2, 5, 1, 3};
    uint16_t group[7] = {0}, again[7] = {0};
    unsigned seen = 0;
    Stream stream = {1, 0}, same = {1, 0};

    partition_bridge(group, hosts, 5);
    ck_assert(group[4] == 0 && group[2] == 1 && group[5] == 1);
    ck_assert(group[1] == 2 && group[3] == 2);

    partition_group(group, hosts, 2, 7);
    ck_assert(group[4] == 7 && group[2] == 7 && group[5] == 1);

    memset(group, 0, sizeof group);
    partition_shuffle(group, hosts, 5, &stream);
    partition_shuffle(again, hosts, 5, &same);
    ck_assert_mem_eq(group, again, sizeof group);
    for (NodeId host = 1; host <= 5; host++) {
        seen |= 1u << group[host];
    }
    ck_assert_uint_eq(seen, 0x3e); /* 1..5, each once */
    ck_assert_uint_eq(group[6], 0);
}
END_TEST

/* All orders of a shuffle are about equally likely. */
START_TEST(fair_shuffle)
{
    static const NodeId hosts[] = {1, 2, 3};
    unsigned counts[64] = {0}, orders = 0;
    Stream stream = {3, 0};

    for (int i = 0; i < 60000; i++) {
        uint16_t group[4];

        partition_shuffle(group, hosts, 3, &stream);
        counts[group[1] | group[2] << 2 | group[3] << 4]++;
    }
    for (unsigned i = 0; i < 64; i++) {
        if (counts[i] != 0) {
            orders++;
            ck_assert_uint_ge(counts[i], 10000 - 460); /* five deviations */
            ck_assert_uint_le(counts[i], 10000 + 460);
        }
    }
    ck_assert_uint_eq(orders, 6);
}
END_TEST

/* The largest run, and a run without any rule. */
START_TEST(sizes)
{
    Partition *partition = partition_new(NODE_ID_MAX);
    g_autofree uint16_t *group = g_new0(uint16_t, NODE_ID_MAX + 1);

    ck_assert_int_eq(partition_check(partition, 1, NODE_ID_MAX),
                     PARTITION_OPEN);
    group[1] = 1;
    group[NODE_ID_MAX] = 2;
    add(partition, (PartitionRule){.kind = PARTITION_GROUPS}, group);
    ck_assert_int_eq(partition_check(partition, 1, NODE_ID_MAX), PARTITION_CUT);
    ck_assert_int_eq(partition_check(partition, 1, 2), PARTITION_OPEN);
    ck_assert_str_eq(partition_verdict_text(PARTITION_HELD), "held");
    partition_free(partition);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("partition");
    TCase *rules = tcase_create("rules");
    SRunner *runner = srunner_create(suite);

    tcase_add_loop_test(rules, each_kind, 0, G_N_ELEMENTS(kinds));
    tcase_add_test(rules, majorities);
    tcase_add_test(rules, overlap);
    tcase_add_test(rules, joined);
    tcase_add_test(rules, flapping);
    tcase_add_test(rules, swizzle);
    tcase_add_test(rules, helpers);
    tcase_add_test(rules, fair_shuffle);
    tcase_add_test(rules, sizes);
    suite_add_tcase(suite, rules);
    srunner_run_all(runner, CK_NORMAL);

    int failed = srunner_ntests_failed(runner);

    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

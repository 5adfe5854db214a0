/* SPDX-License-Identifier: Apache-2.0 */
/* Who a selector means. */
#include <check.h>
#include <string.h>

#include "sim/resolve.h"

#define NODES 5u
#define HOSTS 7u

static char *regions[] = {(char *)"eu-central-1", (char *)"us-east-1",
                          (char *)"eu-central-1", (char *)"us-east-1",
                          (char *)"ap-south-1",   NULL};

static const struct {
    const char *text;
    NodeId leader;
    const char *want; /* a digit a host, from 1; "?3": any three nodes */
} table[] = {
    {"all", 0, "1111100"},
    {"clients", 0, "0000011"},
    {"n2", 0, "0100000"},
    {"[n1, n5]", 0, "1000100"},
    {"leader", 4, "0001000"},
    {"leader", 0, "0000000"},
    {"followers", 4, "1110100"},
    {"followers", 0, "1111100"},
    {"[leader, n1]", 4, "1001000"},
    {"region:us-east-1", 0, "0101000"},
    {"[region:us-east-1, clients]", 0, "0101011"},
    {"[n3, rest]", 0, "1111100"},
    {"one", 0, "?1"},
    {"minority", 0, "?2"},
    {"majority", 0, "?3"},
    {"[one, one]", 0, "?2"},
    {"[minority, majority]", 0, "?5"},
};

static const struct {
    const char *text;
    NodeId leader;
    const char *want;
} group_table[] = {
    {"[[n1, n2], [n3, n4]]", 0, "1122000"},
    {"[[n1, n2], rest]", 0, "1122200"},
    {"[leader, rest]", 3, "2212200"},
    {"[n1, [n1, n2], n3]", 0, "1230000"},
    {"[leader, followers, clients]", 1, "1222233"},
    {"[[n1, n2], n3, rest, clients]", 0, "1123344"},
    {"[ [ n5 ] , n4 ]", 0, "0002100"},
};

static ResolveView
view_of(NodeId leader)
{
    return (ResolveView){.node_count = NODES,
                         .host_count = HOSTS,
                         .leader = leader,
                         .regions = regions};
}

static void
digits(const uint8_t *set, char *out)
{
    for (unsigned id = 1; id <= HOSTS; id++) {
        out[id - 1] = (char)('0' + set[id]);
    }
    out[HOSTS] = '\0';
}

START_TEST(a_selector_means_these)
{
    ResolveView view = view_of(table[_i].leader);
    bool any = table[_i].want[0] == '?';
    unsigned seen[NODES + 1] = {0};

    for (uint64_t seed = 0; seed < (any ? 200 : 1); seed++) {
        uint8_t set[HOSTS + 1] = {0};
        uint8_t again[HOSTS + 1] = {0};
        Stream stream = {seed, 0};
        Stream same = {seed, 0};
        unsigned count = 0;
        char text[HOSTS + 1];

        resolve_selector(table[_i].text, &view, &stream, set);
        resolve_selector(table[_i].text, &view, &same, again);
        ck_assert_mem_eq(set, again, sizeof(set));
        ck_assert_uint_eq(set[0], 0);
        digits(set, text);
        if (!any) {
            ck_assert_str_eq(text, table[_i].want);
            continue;
        }
        for (unsigned id = 1; id <= NODES; id++) {
            count += set[id];
            seen[id] += set[id];
        }
        ck_assert_int_eq((int)count, table[_i].want[1] - '0');
        ck_assert_uint_eq(set[NODES + 1] + set[NODES + 2], 0u);
    }
    for (unsigned id = 1; any && id <= NODES; id++) {
        /* 200 draws of k in 5: mean 40 k, four sigma below 29. */
        double mean = 40.0 * (table[_i].want[1] - '0');

        ck_assert(seen[id] > mean - 29 && seen[id] < mean + 29);
    }
}
END_TEST

START_TEST(groups_are_numbered_in_order)
{
    ResolveView view = view_of(group_table[_i].leader);
    uint8_t set[HOSTS + 1] = {0};
    Stream stream = {1, 0};
    char text[HOSTS + 1];

    resolve_groups(group_table[_i].text, &view, &stream, set);
    digits(set, text);
    ck_assert_str_eq(text, group_table[_i].want);
}
END_TEST

START_TEST(one_of_the_rest_is_not_of_a_group_before)
{
    ResolveView view = view_of(2);

    for (uint64_t seed = 0; seed < 100; seed++) {
        uint8_t set[HOSTS + 1] = {0};
        Stream stream = {seed, 0};
        unsigned counts[4] = {0};

        resolve_groups("[[leader, one], minority, rest]", &view, &stream, set);
        for (unsigned id = 1; id <= NODES; id++) {
            counts[set[id]]++;
        }
        ck_assert_uint_eq(set[2], 1);
        ck_assert_uint_eq(counts[1], 2);
        ck_assert_uint_eq(counts[2], 2);
        ck_assert_uint_eq(counts[3], 1);
    }
}
END_TEST

static Suite *
resolve_suite(void)
{
    Suite *suite = suite_create("resolve");
    TCase *tcase = tcase_create("resolve");

    tcase_add_loop_test(tcase, a_selector_means_these, 0,
                        (int)G_N_ELEMENTS(table));
    tcase_add_loop_test(tcase, groups_are_numbered_in_order, 0,
                        (int)G_N_ELEMENTS(group_table));
    tcase_add_test(tcase, one_of_the_rest_is_not_of_a_group_before);
    suite_add_tcase(suite, tcase);
    return suite;
}

int
main(void)
{
    SRunner *runner = srunner_create(resolve_suite());
    int failed;

    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? 0 : 1;
}

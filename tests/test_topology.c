/* SPDX-License-Identifier: Apache-2.0 */
/* Topologies: which links there are, and the ways over several. */
#include "netmodel/topology.h"

#include <check.h>
#include <stdlib.h>

/* @rows: hops from each node to each, blank-separated; `-` = no way. */
static const struct {
    const char *text;
    unsigned nodes;
    const char *canonical; /* NULL: as @text */
    unsigned links;
    const char *rows;
} good[] = {
    {"mesh", 3, NULL, 6, "011 101 110"},
    {"", 3, "mesh", 6, "011 101 110"},
    {"mesh", 1, NULL, 0, "0"},
    {"ring", 1, NULL, 0, "0"},
    {"ring", 2, NULL, 2, "01 10"},
    {"ring", 5, NULL, 10, "01--1 101-- -101- --101 1--10"},
    {"multi-hop ring", 5, NULL, 10, "01221 10122 21012 22101 12210"},
    {"line", 4, NULL, 6, "01-- 101- -101 --10"},
    {"multi-hop line", 4, NULL, 6, "0123 1012 2101 3210"},
    {"star", 4, "star 1", 6, "0111 10-- 1-0- 1--0"},
    {"multi-hop star 3", 4, NULL, 6, "0212 2012 1101 2210"},
    {"1-2 2-3 3>1", 3, "1-2 2-3 3>1", 5, "01- 101 110"},
    {"3>1, 2-1,2-3", 3, "1-2 2-3 3>1", 5, "01- 101 110"},
    {"multi-hop 1>2 2>3 3>1", 3, NULL, 3, "012 201 120"},
    {"multi-hop 1-2 3-4", 4, NULL, 4, "01-- 10-- --01 --10"},
    {"1>2 2>1 1-2", 2, "1-2", 2, "01 10"},
    {"multi-hop", 2, "multi-hop mesh", 2, "01 10"},
};

static const struct {
    const char *text;
    const char *want;
} bad[] = {
    {"circle", "found 'circle', expected mesh, ring, line, star or an edge"},
    {"1-4", "found '1-4', expected mesh"},
    {"0-1", "found '0-1', expected mesh"},
    {"1-1", "found '1-1', expected mesh"},
    {"1-2x", "found '1-2x', expected mesh"},
    {"1", "found '1', expected mesh"},
    {"1-99999999999999999999", "found '1-99999999999999999999', expected"},
    {"1-2 mesh", "found 'mesh', expected mesh"},
    {"ring 1", "found '1' after ring, expected nothing"},
    {"mesh multi-hop", "found 'multi-hop' after mesh, expected nothing"},
    {"star 4", "found '4' after star, expected a node as its center"},
    {"star 2 3", "found '3' after star with its center, expected nothing"},
};

static char *
rows_of(const Topology *topology, unsigned nodes)
{
    GString *rows = g_string_new(NULL);

    for (NodeId from = 1; from <= nodes; from++) {
        for (NodeId to = 1; to <= nodes; to++) {
            unsigned hops = topology_hops(topology, from, to);

            ck_assert_int_eq(topology_linked(topology, from, to), hops <= 1);
            if (hops == TOPOLOGY_FAR) {
                g_string_append_c(rows, '-');
            } else {
                g_string_append_printf(rows, "%u", hops);
            }
        }
        g_string_append_c(rows, from < nodes ? ' ' : '\0');
    }
    return g_string_free(rows, FALSE);
}

START_TEST(good_texts)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(Topology) topology =
        topology_parse(good[_i].text, good[_i].nodes, &error);

    ck_assert_msg(topology != NULL, "%s: %s", good[_i].text,
                  error == NULL ? "" : error->message);

    g_autofree char *text = topology_text(topology);
    g_autofree char *rows = rows_of(topology, good[_i].nodes);

    ck_assert_str_eq(text, good[_i].canonical != NULL ? good[_i].canonical
                                                      : good[_i].text);
    ck_assert_str_eq(rows, good[_i].rows);
    ck_assert_uint_eq(topology_link_count(topology), good[_i].links);

    g_autoptr(Topology) again = topology_parse(text, good[_i].nodes, &error);
    g_autofree char *same = rows_of(again, good[_i].nodes);

    ck_assert_str_eq(same, rows);
}
END_TEST

START_TEST(bad_texts)
{
    g_autoptr(GError) error = NULL;

    ck_assert_ptr_null(topology_parse(bad[_i].text, 3, &error));
    ck_assert_msg(g_str_has_prefix(error->message, bad[_i].want), "%s",
                  error->message);
}
END_TEST

/* Following topology_next() reaches the goal in topology_hops() steps, by the
 * lowest ids where there is a choice. */
START_TEST(ways)
{
    g_autoptr(Topology) ring = topology_parse("multi-hop ring", 6, NULL);
    g_autoptr(Topology) line = topology_parse("multi-hop 1>2 2>3", 4, NULL);

    for (NodeId from = 1; from <= 6; from++) {
        for (NodeId to = 1; to <= 6; to++) {
            NodeId at = from;
            unsigned steps = 0;

            for (; at != to; steps++) {
                NodeId next = topology_next(ring, at, to);

                ck_assert(topology_linked(ring, at, next));
                at = next;
            }
            ck_assert_uint_eq(steps, topology_hops(ring, from, to));
        }
    }
    ck_assert_uint_eq(topology_next(ring, 1, 4), 2);
    ck_assert_uint_eq(topology_next(ring, 4, 1), 3);
    ck_assert_uint_eq(topology_next(line, 3, 1), 0);
    ck_assert_uint_eq(topology_next(line, 1, 4), 0);
    ck_assert(topology_multi_hop(ring));
}
END_TEST

/* Clients stand outside: they reach every node and are reached. */
START_TEST(clients)
{
    g_autoptr(Topology) line = topology_parse("line", 4, NULL);

    ck_assert(topology_linked(line, 5, 1) && topology_linked(line, 1, 5));
    ck_assert_uint_eq(topology_hops(line, 9, 4), 1);
    ck_assert_uint_eq(topology_next(line, 9, 4), 4);
    ck_assert(!topology_linked(line, 1, 3));
    ck_assert_uint_eq(topology_next(line, 1, 3), 0);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("topology");
    TCase *texts = tcase_create("texts");
    SRunner *runner = srunner_create(suite);

    tcase_add_loop_test(texts, good_texts, 0, G_N_ELEMENTS(good));
    tcase_add_loop_test(texts, bad_texts, 0, G_N_ELEMENTS(bad));
    tcase_add_test(texts, ways);
    tcase_add_test(texts, clients);
    suite_add_tcase(suite, texts);
    srunner_run_all(runner, CK_NORMAL);

    int failed = srunner_ntests_failed(runner);

    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

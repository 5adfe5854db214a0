/* SPDX-License-Identifier: Apache-2.0 */
/* --set on one netem word leaves the others as they are. */
#include "config.h"

#include "sim/scenario_set.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

static const char file[] =
    "network:\n"
    "  links: delay 2ms 1ms 25% distribution pareto loss 0.5% corrupt 1%\n"
    "  rules:\n"
    "    - {from: n1, to: n2, netem: delay 5ms}\n"
    "    - {from: n2, to: n1}\n"
    "loss: {rate: 7}\n";

static const struct {
    const char *option, *path[4];
    const char *want; /* at the path, or the error */
} sets[] = {
    {"network.links.loss=5%",
     {"network", "links"},
     "delay 2ms 1ms 25% distribution pareto corrupt 1% loss 5%"},
    {"network.links.delay=9ms",
     {"network", "links"},
     "loss 0.5% corrupt 1% delay 9ms"},
    {"network.links.loss=gemodel 1% 10%",
     {"network", "links"},
     "delay 2ms 1ms 25% distribution pareto corrupt 1% loss gemodel 1% 10%"},
    {"network.links.rate=1 Mbit",
     {"network", "links"},
     "delay 2ms 1ms 25% distribution pareto loss 0.5% corrupt 1% rate 1 Mbit"},
    {"network.rules.0.netem.loss=1%",
     {"network", "rules", "0", "netem"},
     "delay 5ms loss 1%"},
    {"network.rules[1].netem.mtu=1500",
     {"network", "rules", "1", "netem"},
     "mtu 1500"},
    /* not a netem word */
    {"network.links=loss 1%", {"network", "links"}, "loss 1%"},
    {"loss.rate=8", {"loss", "rate"}, "8"},
    {"network.links.jitter=1",
     {NULL},
     "--set network.links.jitter=1: found \"delay 2ms 1ms 25% distribution "
     "pareto loss 0.5% corrupt 1%\" before \"jitter\", expected a map or a "
     "list"},
    {"network.links.loss",
     {NULL},
     "--set network.links.loss: found no \"=\", expected path.to.key=value"},
};

START_TEST(table)
{
    GError *error = NULL;
    YamlTree *tree = yaml_tree_parse(file, strlen(file), "file", &error);
    const YamlNode *node;

    ck_assert_msg(tree != NULL, "%s", error != NULL ? error->message : "");
    if (!scenario_set(tree, sets[_i].option, &error)) {
        ck_assert_str_eq(error->message, sets[_i].want);
        g_error_free(error);
        yaml_tree_free(tree);
        return;
    }
    node = yaml_tree_root(tree);
    for (unsigned i = 0; i < 4 && sets[_i].path[i] != NULL; i++) {
        node = node->kind == YAML_KIND_LIST
                   ? node->items[strtoul(sets[_i].path[i], NULL, 10)]
                   : yaml_tree_get(node, sets[_i].path[i]);
        ck_assert_ptr_nonnull(node);
    }
    ck_assert_str_eq(node->text, sets[_i].want);
    yaml_tree_free(tree);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("scenario_set");
    TCase *test = tcase_create("scenario_set");
    SRunner *runner = srunner_create(suite);
    int failed;

    tcase_add_loop_test(test, table, 0, G_N_ELEMENTS(sets));
    suite_add_tcase(suite, test);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

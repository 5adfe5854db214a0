/* SPDX-License-Identifier: Apache-2.0 */
/* A node lags when it is up and has not applied what was committed in time;
 * who is down, who came back late and what is too new count not. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "sim/catch_up.h"
#include "tests/maker.h"

/* "s2" node 2 starts, "c2=7@50" it commits 7 at 50 ms, "a2=7" it applies up to
 * 7, "r2=7" it restores that, "x2" it crashes, "h2" it halts. */
static const struct {
    const char *name;
    const char *script;
    unsigned before_ms;
    const char *want; /* "node applied committed", or "" */
} rows[] = {
    {"nothing happened", "", 100, ""},
    {"all have it", "s1 s2 c1=7@50 a1=7 a2=7", 100, ""},
    {"one has it not", "s1 s2 c1=7@50 a1=7 a2=6", 100, "2 6 7"},
    {"it was committed too late to be asked for", "s1 s2 c1=7@50 a1=7 a2=6", 49,
     ""},
    {"only what was committed before is asked for",
     "s1 s2 c1=7@50 a1=7 a2=7 c1=9@80 a1=9", 70, ""},
    {"what came within 10 ms is one step", "s1 s2 c1=7@50 c1=9@55 a1=9 a2=7",
     100, ""},
    {"a node that is down owes nothing", "s1 s2 c1=7@50 a1=7 x2", 100, ""},
    {"nor one that gave up", "s1 s2 c1=7@50 a1=7 h2", 100, ""},
    {"back again it starts from nothing", "s1 s2 c1=7@50 a1=7 a2=7 x2 s2", 100,
     "2 0 7"},
    {"a snapshot is as good", "s1 s2 c1=7@50 a1=7 x2 s2 r2=8", 100, ""},
    {"who commits less says nothing new", "s1 s2 c1=7@50 a1=7 a2=7 c2=5@60",
     100, ""},
    {"one that never started", "s1 c1=7@50 a1=7", 100, ""},
};

static void
observe(void *catch_up, const Record *record)
{
    catch_up_observe(catch_up, record);
}

static void
play(Maker *maker, const char *word)
{
    NodeId node = (NodeId)(word[1] - '0');
    uint64_t index = word[2] == '=' ? strtoull(word + 3, NULL, 10) : 0;
    const char *at = strchr(word, '@');

    maker_begin(maker, at != NULL ? strtoull(at + 1, NULL, 10) * SIM_MS : 0,
                word[0] == 'x' || word[0] == 'h' ? 0 : node);
    switch (word[0]) {
    case 's':
        maker_start(maker, 1, NULL, 0);
        break;
    case 'x':
    case 'h':
        maker_fact(maker, word[0] == 'x' ? FACT_CRASH : FACT_HALT)->node = node;
        break;
    default:
        maker_timer(maker, 1);
        maker_probe(maker,
                    word[0] == 'c'   ? PROBE_RAFT_COMMIT
                    : word[0] == 'a' ? PROBE_RAFT_APPLY
                                     : PROBE_RAFT_RESTORE,
                    index, 1, 0);
    }
    maker_end(maker);
}

START_TEST(lags)
{
    CatchUp *catch_up = catch_up_new(2);
    g_auto(GStrv) words = g_strsplit(rows[_i].script, " ", 0);
    char said[64] = "";
    CatchUpLag lag;
    Maker maker;

    maker_init(&maker, observe, catch_up);
    for (unsigned i = 0; words[i] != NULL && words[i][0] != '\0'; i++) {
        play(&maker, words[i]);
    }
    if (catch_up_lag(catch_up, rows[_i].before_ms * SIM_MS, &lag)) {
        g_snprintf(said, sizeof(said), "%u %u %u", lag.node,
                   (unsigned)lag.applied, (unsigned)lag.committed);
    }
    ck_assert_msg(strcmp(said, rows[_i].want) == 0,
                  "%s: found \"%s\", expected \"%s\"", rows[_i].name, said,
                  rows[_i].want);
    maker_clear(&maker);
    catch_up_free(catch_up);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("catch_up");
    TCase *tcase = tcase_create("rows");
    SRunner *runner;
    int failed;

    tcase_add_loop_test(tcase, lags, 0, (int)G_N_ELEMENTS(rows));
    suite_add_tcase(suite, tcase);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Failures of one kind have one signature, of two kinds two. */
#include "config.h"

#include "sim/signature.h"

#include <check.h>
#include <stdlib.h>

static const struct {
    const char *check, *role, *message;
    const char *want;
} kinds[] = {
    {"one-vote", "follower", "node 3 voted for 1 and 2 in term 17",
     "one-vote follower: node # voted for # and # in term #"},
    {"elections", "", "0 elections, expected at least 1",
     "elections: # elections, expected at least #"},
    {"recovery", "", "by 1.500 s of 10.25 s.", "recovery: by # s of # s."},
    {"crash", "leader", "assertion raft.c:712: term == 3",
     "crash leader: assertion raft.c:#: term == #"},
    /* How many nodes a list has differs from seed to seed. */
    {"commit-durable", "leader", "held by nodes 1, 2, 4 only",
     "commit-durable leader: held by nodes # only"},
    /* A hash is a number, a word of the same letters is not. */
    {"x", "", "state 00c0ffee01 of face", "x: state # of face"},
    {"x", "", "at 0x7fA0 in n12", "x: at # in n#"},
    {"x", "", "read -> \"7.xxx\" of \"k1\"", "x: read -> # of #"},
    {"x", "", "read -> null", "x: read -> #"},
    {"x", "", "nullable \"open", "x: nullable \"open"},
    {"x", "", "", "x: "},
};

START_TEST(one_kind)
{
    RunViolation violation = {0};
    char text[SIGNATURE_SIZE];

    g_strlcpy(violation.check, kinds[_i].check, sizeof(violation.check));
    g_strlcpy(violation.role, kinds[_i].role, sizeof(violation.role));
    g_strlcpy(violation.message, kinds[_i].message, sizeof(violation.message));
    signature_of_violation(&violation, text);
    ck_assert_str_eq(text, kinds[_i].want);
}
END_TEST

START_TEST(slugs)
{
    char one[SIGNATURE_SLUG_SIZE], two[SIGNATURE_SLUG_SIZE];

    signature_slug("one-vote follower: node # voted", one);
    signature_slug("one-vote follower: node # did not", two);
    ck_assert_msg(g_str_has_prefix(one, "one-vote-follower-"), "%s", one);
    ck_assert_str_ne(one, two);
    signature_slug("a/../b: x", one);
    ck_assert_ptr_null(strpbrk(one, "/. "));
    signature_slug("", one);
    ck_assert_uint_eq(strlen(one), 8);
    ck_assert_uint_lt(strlen(two), SIGNATURE_SLUG_SIZE);
}
END_TEST

START_TEST(of_a_run)
{
    RunResult *result = g_new0(RunResult, 1);
    char text[SIGNATURE_SIZE];

    signature_of(result, text);
    ck_assert_str_eq(text, "");
    result->violation_count = 2;
    g_strlcpy(result->violations[0].check, "first", 48);
    g_strlcpy(result->violations[1].check, "second", 48);
    signature_of(result, text);
    ck_assert_str_eq(text, "first: ");
    g_free(result);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("signature");
    TCase *cases = tcase_create("signature");
    SRunner *runner;
    int failed;

    tcase_add_loop_test(cases, one_kind, 0, G_N_ELEMENTS(kinds));
    tcase_add_test(cases, slugs);
    tcase_add_test(cases, of_a_run);
    suite_add_tcase(suite, cases);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* The `after` rule and the timers of the live host, as scripts with the
 * expected outcome. */
#include "nodes/host/live_wait.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "nodes/host/live_timer.h"

/* Effects in one word a step: "#1" is SYNC of token 1, "#3/1" one that waits
 * for token 1; "a" is a SEND, "a1" one that waits for token 1. Between steps,
 * "+1" settles token 1 as durable ("S" is written down), "-1" as failed
 * ("F"). What leaves is written down in order. */
static const struct {
    const char *name;
    const char *script; /* steps are separated by spaces */
    const char *want;
} scripts[] = {
    {"nothing waits", "ab c", "abc"},
    {"waits for its token alone", "#1a1b +1", "bSa"},
    {"never before", "#1a1b", "b"},
    {"holds back nothing behind it", "#1a1b#2c2d +2 +1", "bdScSa"},
    {"list order", "#1a1b1c1 d1 +1", "Sabcd"},
    {"durable at once afterwards", "#1 +1 a1b", "Sab"},
    {"the sync may stand behind", "a1b#1 +1", "bSa"},
    {"not issued yet", "a1 b #1 +1", "bSa"},
    {"failed is dropped", "#1a1b -1 c1d +1", "bFd"},
    {"later tokens live on", "#1a1 #2b2 -1 +2", "FSb"},
    {"a dropped sync takes its waiters", "#1#2/1a2b -1 c2 +2", "bF"},
    {"a sync that waits", "#1#2/1a2b +1 +2", "bS2Sa"},
};

static void
leave(GString *log, const Effect *effect)
{
    if (effect->kind == EFFECT_SYNC) {
        g_string_append_printf(log, "%llu",
                               (unsigned long long)effect->sync.token);
    } else {
        g_string_append_len(log, (const char *)effect->parts[0].data, 1);
    }
}

static void
run_step(LiveWait *wait, const char *word, GString *log)
{
    Effects fx;

    effects_init(&fx);
    for (const char *at = word; *at != '\0'; at++) {
        Effect *effect;
        Slice part = slice_of(at, 1);

        if (*at == '#') {
            effect = effects_sync(&fx, (Token)(at[1] - '0'), NULL, 0);
            at += at[2] == '/' ? 2 : 1;
        } else {
            effect = effects_send(&fx, link_datagram(1), 1, &part, 1);
        }
        if (at[1] >= '0' && at[1] <= '9') {
            effect->after = (Token)(at[1] - '0');
            at++;
        }
    }
    live_wait_announce(wait, &fx);
    for (unsigned i = 0; i < fx.count; i++) {
        const Effect *effect = &fx.items[i];

        switch (live_wait_state(wait, effect->after)) {
        case LIVE_WAIT_DURABLE:
            if (effect->kind == EFFECT_SEND) {
                leave(log, effect);
            }
            break;
        case LIVE_WAIT_PENDING:
            live_wait_hold(wait, effect);
            break;
        case LIVE_WAIT_FAILED:
            break;
        }
    }
    effects_clear(&fx);
}

START_TEST(test_script)
{
    LiveWait *wait = live_wait_new();
    g_autoptr(GString) log = g_string_new(NULL);
    g_auto(GStrv) words = g_strsplit(scripts[_i].script, " ", -1);

    for (unsigned i = 0; words[i] != NULL; i++) {
        const char *word = words[i];

        if (word[0] != '+' && word[0] != '-') {
            run_step(wait, word, log);
            continue;
        }

        Token token = (Token)(word[1] - '0');
        int error = word[0] == '+' ? 0 : 5;

        if (live_wait_state(wait, token) == LIVE_WAIT_PENDING) {
            g_string_append_c(log, error == 0 ? 'S' : 'F');
        }

        GPtrArray *free_now = live_wait_settle(wait, token, error);

        for (unsigned k = 0; free_now != NULL && k < free_now->len; k++) {
            leave(log, free_now->pdata[k]);
        }
        if (free_now != NULL) {
            g_ptr_array_unref(free_now);
        }
    }
    ck_assert_msg(strcmp(log->str, scripts[_i].want) == 0,
                  "%s: '%s' left as '%s', expected '%s'", scripts[_i].name,
                  scripts[_i].script, log->str, scripts[_i].want);
    live_wait_free(wait);
}
END_TEST

/* Protocols of a member count for themselves. */
START_TEST(test_classes)
{
    LiveWait *wait = live_wait_new();
    Effects fx;

    effects_init(&fx);
    effects_sync(&fx, (Token)2 << 48 | 9, NULL, 0);
    live_wait_announce(wait, &fx);
    live_wait_settle(wait, (Token)2 << 48 | 9, 0);
    ck_assert_int_eq(live_wait_state(wait, (Token)2 << 48 | 9),
                     LIVE_WAIT_DURABLE);
    ck_assert_int_eq(live_wait_state(wait, (Token)2 << 48 | 10),
                     LIVE_WAIT_PENDING);
    ck_assert_int_eq(live_wait_state(wait, 1), LIVE_WAIT_PENDING);
    effects_clear(&fx);
    live_wait_free(wait);
}
END_TEST

/* What is held outlives the step, its bytes and its names. */
START_TEST(test_held_bytes)
{
    LiveWait *wait = live_wait_new();
    Effects fx;
    char bytes[] = "content";
    char file[] = "old";
    char to[] = "new";
    Slice part = slice_of(bytes, 7);
    GPtrArray *free_now;

    effects_init(&fx);
    effects_sync(&fx, 1, NULL, 0);
    effects_write(&fx, file, 3, &part, 1)->after = 1;
    effects_rename(&fx, file, to)->after = 1;
    live_wait_announce(wait, &fx);
    live_wait_hold(wait, &fx.items[1]);
    live_wait_hold(wait, &fx.items[2]);
    effects_clear(&fx);
    memset(bytes, 'x', sizeof bytes);
    memset(file, 'x', sizeof file);
    memset(to, 'x', sizeof to);
    free_now = live_wait_settle(wait, 1, 0);
    ck_assert_uint_eq(free_now->len, 2);

    const Effect *held = free_now->pdata[0];

    ck_assert_int_eq(held->kind, EFFECT_WRITE);
    ck_assert_str_eq(held->disk.file, "old");
    ck_assert_uint_eq(held->disk.offset, 3);
    ck_assert_mem_eq(held->parts[0].data, "content", 7);
    held = free_now->pdata[1];
    ck_assert_str_eq(held->disk.to, "new");
    g_ptr_array_unref(free_now);
    live_wait_free(wait);
}
END_TEST

START_TEST(test_timers)
{
    LiveTimers *timers = live_timers_new();
    TimerId id = 0;

    ck_assert_uint_eq(live_timers_next(timers), SIM_NEVER);
    ck_assert(!live_timers_pop(timers, SIM_NEVER, &id));
    live_timers_set(timers, 7, 50);
    live_timers_set(timers, 8, 50);
    live_timers_set(timers, 9, 40);
    live_timers_set(timers, 7, 50); /* set again: behind 8 now */
    ck_assert_uint_eq(live_timers_next(timers), 40);
    ck_assert(!live_timers_pop(timers, 39, &id));
    ck_assert(live_timers_pop(timers, 50, &id) && id == 9);
    ck_assert(live_timers_pop(timers, 50, &id) && id == 8);
    ck_assert(live_timers_pop(timers, 50, &id) && id == 7);
    ck_assert(!live_timers_pop(timers, SIM_NEVER, &id));
    live_timers_set(timers, 7, 50);
    live_timers_set(timers, 7, SIM_NEVER);
    ck_assert_uint_eq(live_timers_next(timers), SIM_NEVER);
    live_timers_free(timers);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("live_wait");
    TCase *cases = tcase_create("live_wait");

    tcase_add_loop_test(cases, test_script, 0, (int)G_N_ELEMENTS(scripts));
    tcase_add_test(cases, test_classes);
    tcase_add_test(cases, test_held_bytes);
    tcase_add_test(cases, test_timers);
    suite_add_tcase(suite, cases);

    SRunner *runner = srunner_create(suite);

    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

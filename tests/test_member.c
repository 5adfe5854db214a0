/* SPDX-License-Identifier: Apache-2.0 */
/* Two protocols side by side: each gets its own, under its own names. */
#include <check.h>
#include <glib.h>
#include <stdlib.h>
#include <string.h>

#include "nodes/member.h"

static GString *seen; /* what the protocols were told */

typedef struct Protocol {
    const char *name;
    Channel channel, other;
    unsigned replies; /* LOCAL answers it still gives */
} Protocol;

static void
step(void *self, const Input *input, Effects *fx)
{
    Protocol *protocol = self;
    static const char file[] = "left-data";
    const char *names[1] = {file};

    g_string_append_printf(seen, "%s %d", protocol->name, input->kind);
    switch (input->kind) {
    case INPUT_START:
        for (unsigned i = 0; i < input->start.file_count; i++) {
            g_string_append_printf(seen, " %s", input->start.files[i].name);
        }
        effects_timer(fx, 5, 100);
        if (strcmp(protocol->name, "left") == 0) {
            effects_sync(fx, 9, names, 1);
            effects_send(fx, link_datagram(2), protocol->channel, NULL, 0)
                ->after = 9;
        }
        break;
    case INPUT_TIMER:
        g_string_append_printf(seen, " %u", (unsigned)input->timer.id);
        effects_local(fx, protocol->other, slice_text("one"));
        effects_local(fx, protocol->other, slice_text("two"));
        break;
    case INPUT_SYNCED:
        g_string_append_printf(seen, " %u", (unsigned)input->synced.token);
        break;
    case INPUT_LOCAL:
        g_string_append_printf(
            seen, " %.*s from %u", (int)input->local.bytes.size,
            (const char *)input->local.bytes.data, input->local.from);
        if (protocol->replies > 0) {
            protocol->replies--;
            effects_local(fx, protocol->other, slice_text("back"));
        }
        break;
    case INPUT_STOP:
        effects_halt(fx, "stopped");
        break;
    default:
        break;
    }
    g_string_append(seen, "\n");
}

static void
nothing(void *self)
{
    (void)self;
}

static Protocol left = {"left", 10, 11, 0};
static Protocol right = {"right", 11, 10, 1};
static Member *member;
static Effects fx;

static void
setup(void)
{
    const MemberProtocol protocols[] = {
        {"left", 10, (uint64_t)1 << 20, &left, step, nothing},
        {"right", 11, 0, &right, step, nothing},
    };

    seen = g_string_new(NULL);
    effects_init(&fx);
    member = member_new(protocols, 2);
}

static void
teardown(void)
{
    member_free(member);
    effects_clear(&fx);
    g_string_free(seen, TRUE);
}

static void
give(Input input)
{
    effects_reset(&fx);
    g_string_truncate(seen, 0);
    member_step(member, &input, &fx);
}

START_TEST(names_are_kept_apart)
{
    const FileInfo files[] = {
        {"left-data", 1}, {"leftover", 1}, {"right-data", 1}};
    Input input = {.kind = INPUT_START};

    input.start.files = files;
    input.start.file_count = 3;
    give(input);
    ck_assert_str_eq(seen->str, "left 1 left-data\nright 1 right-data\n");
    ck_assert_uint_eq(fx.count, 4);
    ck_assert_uint_eq(fx.items[0].timer.id, (uint64_t)10 << 48 | 5);
    ck_assert_uint_eq(fx.items[1].sync.token, (uint64_t)10 << 56 | 9);
    ck_assert_uint_eq(fx.items[2].after, (uint64_t)10 << 56 | 9);
    ck_assert_uint_eq(fx.items[3].timer.id, (uint64_t)11 << 48 | 5);
    input = (Input){.kind = INPUT_SYNCED};
    input.synced.token = (uint64_t)10 << 56 | 9;
    give(input);
    ck_assert_str_eq(seen->str, "left 4 9\n");
}
END_TEST

START_TEST(by_channel)
{
    static const struct {
        Channel channel;
        const char *want;
    } table[] = {
        {10, "left 2\n"}, {11, "right 2\n"}, {20, "left 2\n"}, {12, ""}};

    for (unsigned i = 0; i < G_N_ELEMENTS(table); i++) {
        Input input = {.kind = INPUT_MESSAGE};

        input.message.channel = table[i].channel;
        give(input);
        ck_assert_str_eq(seen->str, table[i].want);
        input = (Input){.kind = INPUT_LINK};
        input.link.link = link_stream(3, table[i].channel, 1);
        give(input);
        ck_assert_uint_eq(seen->len, strlen(table[i].want));
    }
}
END_TEST

START_TEST(local_is_first_in_first_out)
{
    Input input = {.kind = INPUT_TIMER};

    input.timer.id = (uint64_t)10 << 48 | 5;
    right.replies = 1;
    give(input);
    ck_assert_str_eq(seen->str, "left 3 5\n"
                                "right 12 one from 10\n"
                                "right 12 two from 10\n"
                                "left 12 back from 11\n");
}
END_TEST

START_TEST(halts_when_all_have)
{
    give((Input){.kind = INPUT_STOP});
    ck_assert_str_eq(seen->str, "left 11\nright 11\n");
    ck_assert_uint_eq(fx.count, 1);
    ck_assert_int_eq(fx.items[0].kind, EFFECT_HALT);
}
END_TEST

static Suite *
suite(void)
{
    Suite *s = suite_create("member");
    TCase *t = tcase_create("member");

    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_test(t, names_are_kept_apart);
    tcase_add_test(t, by_channel);
    tcase_add_test(t, local_is_first_in_first_out);
    tcase_add_test(t, halts_when_all_have);
    suite_add_tcase(s, t);
    return s;
}

int
main(void)
{
    SRunner *runner = srunner_create(suite());
    int failed;

    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Causes of events in records made by hand, and the words of a bisection of
 * two traces that part in one known thing. */
#include "sim/cause.h"

#include <check.h>
#include <stdlib.h>
#include <unistd.h>

#include "sim/bisect.h"
#include "sim/trace.h"
#include "sim/trace_record.h"
#include "tests/maker.h"

/* Node 1 tells node 2, which writes, syncs and answers when that is durable;
 * the answer says 7, or 8 on the @other side. */
static void
make_talk(Maker *maker, bool other)
{
    static const uint8_t question[] = {1, 2, 3};
    uint8_t answer[] = {4, other ? 8 : 7};
    const char *const files[] = {"log"};
    Fact *fact;
    uint64_t asked, answered;

    maker_begin(maker, 1 * SIM_MS, 1); /* 1 */
    maker_start(maker, 1, NULL, 0);
    effects_timer(&maker->fx, 5, 3 * SIM_MS);
    maker_end(maker);
    maker_begin(maker, 1 * SIM_MS, 2); /* 2 */
    maker_start(maker, 1, NULL, 0);
    effects_timer(&maker->fx, 5, 9 * SIM_MS);
    maker_end(maker);
    maker_begin(maker, 3 * SIM_MS, 1); /* 3 */
    maker_timer(maker, 5);
    fact = maker_send(maker, 2, CHANNEL_ECHO,
                      slice_of(question, sizeof(question)), SIM_MS);
    asked = fact->message;
    maker_end(maker);
    maker_begin(maker, 4 * SIM_MS, 2); /* 4 */
    maker_message(maker, 1, link_datagram(1), CHANNEL_ECHO,
                  slice_of(question, sizeof(question)));
    maker->message = asked;
    effects_sync(&maker->fx, 12, files, 1);
    effects_timer(&maker->fx, 5, SIM_NEVER);
    maker_end(maker);
    maker_begin(maker, 5 * SIM_MS, 2); /* 5 */
    maker_synced(maker, 12, 0);
    fact = maker_send(maker, 1, CHANNEL_ECHO, slice_of(answer, sizeof(answer)),
                      SIM_MS);
    answered = fact->message;
    maker_end(maker);
    maker_begin(maker, 6 * SIM_MS, 1); /* 6 */
    maker_message(maker, 2, link_datagram(2), CHANNEL_ECHO,
                  slice_of(answer, sizeof(answer)));
    maker->message = answered;
    maker_end(maker);
}

/* A fault and its end, a crash and what comes after it, a stream. */
static void
make_trouble(Maker *maker, bool other)
{
    LinkId link = link_stream(2, CHANNEL_CLIENT, 1);
    Fact *fact;

    (void)other;
    maker_begin(maker, 1 * SIM_MS, 0); /* 1 */
    fact = maker_fact(maker, FACT_FAULT);
    fact->value = 3;
    maker_end(maker);
    maker_begin(maker, 2 * SIM_MS, 0); /* 2: another line's */
    fact = maker_fact(maker, FACT_FAULT);
    fact->value = 4;
    fact = maker_fact(maker, FACT_CRASH);
    fact->node = 2;
    maker_end(maker);
    maker_begin(maker, 3 * SIM_MS, 0); /* 3 */
    fact = maker_fact(maker, FACT_HEAL);
    fact->value = 3;
    maker_end(maker);
    maker_begin(maker, 4 * SIM_MS, 2); /* 4 */
    maker_start(maker, 2, NULL, 0);
    maker_end(maker);
    maker_begin(maker, 5 * SIM_MS, 1); /* 5 */
    maker_start(maker, 1, NULL, 0);
    effects_open(&maker->fx, link);
    maker_end(maker);
    maker_begin(maker, 6 * SIM_MS, 2); /* 6 */
    maker_link(maker, link_far_end(link, 1), LINK_UP);
    maker_end(maker);
    maker_begin(maker, 7 * SIM_MS, 1); /* 7 */
    fact = maker_fact(maker, FACT_SEND);
    fact->link = link;
    maker_end(maker);
    maker_begin(maker, 8 * SIM_MS, 1); /* 8: the same bytes again */
    fact = maker_fact(maker, FACT_SEND);
    fact->link = link;
    maker_end(maker);
}

static const struct {
    void (*make)(Maker *maker, bool other);
    unsigned event;
    CauseKind kind;
    unsigned cause; /* 0: none */
} causes[] = {
    {make_talk, 1, CAUSE_NONE, 0},      {make_talk, 3, CAUSE_TIMER, 1},
    {make_talk, 4, CAUSE_SEND, 3},      {make_talk, 5, CAUSE_SYNC, 4},
    {make_talk, 6, CAUSE_SEND, 5},      {make_trouble, 1, CAUSE_NONE, 0},
    {make_trouble, 3, CAUSE_FAULT, 1},  {make_trouble, 4, CAUSE_CRASH, 2},
    {make_trouble, 6, CAUSE_STREAM, 5}, {make_trouble, 8, CAUSE_RETRY, 7},
};

static const char parted[] =
    "4 events are alike; event 5 at 0.005000000 s differs:\n"
    "  what happens differs: number 1\n"
    "  what was sent: byte 1 is 0x07 in A, 0x08 in B\n"
    "\n"
    "A  event 5\n"
    "     [  0.005000000] node 2 < synced #12\n"
    "     [  0.005000000] echo 2 > message to 1 m2.5: 2 bytes; at +1ms\n"
    "   sync issued by event 4\n"
    "     [  0.004000000] echo 2 < message from 1 m1.3: 3 bytes\n"
    "     [  0.004000000] node 2 > timer 5 off\n"
    "   sent by event 3\n"
    "     [  0.003000000] node 1 < timer 5\n"
    "     [  0.003000000] echo 1 > message to 2 m1.3: 3 bytes; at +1ms\n"
    "   timer set by event 1\n"
    "     [  0.001000000] node 1 < start, incarnation 1\n"
    "     [  0.001000000] node 1 > timer 5 in 2ms\n"
    "   with no earlier cause in the trace\n"
    "\n"
    "B  event 5\n"
    "     [  0.005000000] node 2 < synced #12\n"
    "     [  0.005000000] echo 2 > message to 1 m2.5: 2 bytes; at +1ms\n"
    "   with the same causes as in A\n";

static void
keep(void *data, const Record *record)
{
    GPtrArray *kept = data;
    GByteArray *bytes = g_byte_array_new();

    trace_record_encode(bytes, record, true);
    g_ptr_array_add(kept, bytes);
}

static const Record *
kept_record(GPtrArray *kept, unsigned number, TraceRecordBuffer *buffer)
{
    const GByteArray *bytes = kept->pdata[number - 1];
    const Record *record = trace_record_decode(buffer, bytes->data, bytes->len);

    ck_assert_ptr_nonnull(record);
    ck_assert_uint_eq(record->number, number);
    return record;
}

START_TEST(test_cause)
{
    GPtrArray *kept =
        g_ptr_array_new_with_free_func((GDestroyNotify)g_byte_array_unref);
    TraceRecordBuffer *buffer = trace_record_buffer_new();
    unsigned found = 0;
    Maker maker;
    Cause cause;

    maker_init(&maker, keep, kept);
    causes[_i].make(&maker, false);
    cause = cause_of(kept_record(kept, causes[_i].event, buffer));
    ck_assert_int_eq(cause.kind, causes[_i].kind);
    for (unsigned i = 1; i < causes[_i].event; i++) {
        if (cause_match(&cause, kept_record(kept, i, buffer))) {
            found = i;
        }
    }
    ck_assert_uint_eq(found, causes[_i].cause);
    maker_clear(&maker);
    trace_record_buffer_free(buffer);
    g_ptr_array_unref(kept);
}
END_TEST

static void
observe(void *trace, const Record *record)
{
    trace_observe(trace, record);
}

static char *
write_trace(const char *folder, const char *name, bool other)
{
    const TraceAbout about = {"made-up", 1, 2, 0};
    char *path = g_build_filename(folder, name, NULL);
    Trace *trace = trace_new_binary(path, &about, NULL);
    Maker maker;

    ck_assert_ptr_nonnull(trace);
    maker_init(&maker, observe, trace);
    make_talk(&maker, other);
    maker_clear(&maker);
    ck_assert(trace_finish(trace, NULL));
    return path;
}

START_TEST(test_words)
{
    g_autofree char *folder = g_dir_make_tmp("bisect-XXXXXX", NULL);
    g_autofree char *a = write_trace(folder, "a", false);
    g_autofree char *b = write_trace(folder, "b", true);
    g_autofree char *c = write_trace(folder, "c", false);
    g_autoptr(GString) words = g_string_new(NULL);
    BisectPlace place = {0};

    ck_assert_int_eq(bisect_traces(a, c, words, &place, NULL), BISECT_SAME);
    ck_assert_str_eq(words->str, "");
    ck_assert_int_eq(bisect_traces(a, b, words, &place, NULL),
                     BISECT_DIFFERENT);
    ck_assert_uint_eq(place.event, 5);
    ck_assert_uint_eq(place.at, 5 * SIM_MS);
    ck_assert_uint_eq(place.node, 2);
    ck_assert_str_eq(words->str, parted);
    for (unsigned i = 0; i < 2; i++) {
        const BisectSide *side = &place.sides[i];

        ck_assert_uint_ge(side->step_count, 2);
        ck_assert_uint_eq(side->steps[0].event, 5);
        ck_assert_ptr_null(side->steps[0].how);
        ck_assert_ptr_nonnull(side->steps[1].how);
        ck_assert_uint_lt(side->steps[1].event, 5);
    }
    bisect_place_clear(&place);
    ck_assert_uint_eq(place.event + place.sides[0].step_count, 0);
    unlink(a);
    unlink(b);
    unlink(c);
    rmdir(folder);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("cause");
    TCase *tcase = tcase_create("cause");
    SRunner *runner = srunner_create(suite);
    int failed;

    tcase_add_loop_test(tcase, test_cause, 0, G_N_ELEMENTS(causes));
    tcase_add_test(tcase, test_words);
    suite_add_tcase(suite, tcase);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

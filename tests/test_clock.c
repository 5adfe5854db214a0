/* SPDX-License-Identifier: Apache-2.0 */
/* The clocks of a node: readings as a table, and as properties of many drawn
 * clocks (monotonic, continuous, and an exact inverse). */
#include "sim/clock.h"

#include <check.h>
#include <glib.h>
#include <stdlib.h>

#include "nodes/dice.h"

static const struct {
    const char *name;
    int64_t drift_ppb;
    SimTime mono, wall; /* at true time 1000 */
    SimTime true_at;
    SimTime want_mono, want_wall;
} readings[] = {
    {"true", 0, 0, 0, 1000, 0, 0},
    {"offsets", 0, 5, 70, 1000, 5, 70},
    {"a second on", 0, 5, 70, 1000 + SIM_S, 5 + SIM_S, 70 + SIM_S},
    {"100 ppm fast", 100000, 0, 9, 1000 + SIM_S, SIM_S + 100000,
     SIM_S + 100009},
    {"100 ppm slow", -100000, 0, 9, 1000 + SIM_S, SIM_S - 100000,
     SIM_S - 99991},
    {"1 ppb fast, too short", 1, 0, 0, 1000 + SIM_S - 1, SIM_S - 1, SIM_S - 1},
    {"1 ppb fast", 1, 0, 0, 1000 + SIM_S, SIM_S + 1, SIM_S + 1},
    {"1 ppb slow, at once", -1, 0, 0, 1001, 0, 0},
    {"1 ppb slow", -1, 0, 0, 1002, 1, 1},
    {"half speed", -500000000, 10, 10, 1011, 15, 15},
    {"one and a half", 500000000, 10, 10, 1011, 26, 26},
    {"the end of time", 500000000, 10, 10, SIM_NEVER - 1, SIM_NEVER - 1,
     SIM_NEVER - 1},
};

START_TEST(test_reading)
{
    Clock clock;

    clock_init(&clock, 1000, readings[_i].mono, readings[_i].wall,
               readings[_i].drift_ppb);
    ck_assert_msg(
        clock_mono(&clock, readings[_i].true_at) == readings[_i].want_mono &&
            clock_wall(&clock, readings[_i].true_at) == readings[_i].want_wall,
        "%s: read %" G_GUINT64_FORMAT ", %" G_GUINT64_FORMAT, readings[_i].name,
        clock_mono(&clock, readings[_i].true_at),
        clock_wall(&clock, readings[_i].true_at));
}
END_TEST

static int64_t
drawn_drift(Stream *stream)
{
    switch (stream_below(stream, 4)) {
    case 0:
        return 0;
    case 1:
        return (int64_t)stream_below(stream, 401) - 200;
    case 2:
        return (int64_t)stream_below(stream, 400001) - 200000;
    default:
        return (int64_t)stream_below(stream, 2 * CLOCK_DRIFT_PPB_MAX + 1) -
               CLOCK_DRIFT_PPB_MAX;
    }
}

/* Small and large alike. */
static uint64_t
drawn_time(Stream *stream)
{
    unsigned bits = (unsigned)stream_below(stream, 60);

    return stream_below(stream, (uint64_t)2 << bits);
}

/* clock_when() is the earliest time, exactly: there the clock reads enough,
 * a nanosecond before it does not. */
static void
check_inverse(const Clock *clock, SimTime mono)
{
    SimTime when = clock_when(clock, mono);

    if (when == SIM_NEVER) {
        ck_assert_uint_lt(clock_mono(clock, SIM_NEVER - 1), mono);
        return;
    }
    ck_assert_uint_ge(clock_mono(clock, when), mono);
    if (when > clock->changed_at) {
        ck_assert_uint_lt(clock_mono(clock, when - 1), mono);
    }
}

START_TEST(test_properties)
{
    Stream stream = {.key = (uint64_t)_i + 1};
    SimTime now = drawn_time(&stream) >> 10;
    SimTime start = drawn_time(&stream);
    SimTime wall = drawn_time(&stream);
    Clock clock;

    clock_init(&clock, now, start, wall, drawn_drift(&stream));
    for (unsigned i = 0; i < 1000; i++) {
        uint64_t step = drawn_time(&stream) >> 14;
        SimTime before = clock_mono(&clock, now);
        uint64_t ahead = drawn_time(&stream);

        check_inverse(&clock, before + ahead);
        check_inverse(&clock, before + 1);
        check_inverse(&clock, before);
        check_inverse(&clock, 0);
        now += step;

        SimTime mono = clock_mono(&clock, now);

        ck_assert_uint_ge(mono, before);
        ck_assert_uint_le(mono - before, step + step / 2 + 1);
        wall = clock_wall(&clock, now);
        if (stream_below(&stream, 8) == 0) {
            clock_set_drift(&clock, now, drawn_drift(&stream));
            ck_assert_uint_eq(clock_mono(&clock, now), mono);
            ck_assert_uint_eq(clock_wall(&clock, now), wall);
        }
        if (stream_below(&stream, 32) == 0) {
            mono = stream_below(&stream, SIM_S);
            clock_restart(&clock, now, mono);
            ck_assert_uint_eq(clock_mono(&clock, now), mono);
            ck_assert_uint_eq(clock_wall(&clock, now), wall);
            ck_assert_uint_eq(clock_when(&clock, 0), now);
        }
        if (stream_below(&stream, 32) == 0) {
            int64_t jump = (int64_t)stream_below(&stream, SIM_S);

            clock_step(&clock, now, jump);
            ck_assert_uint_eq(clock_wall(&clock, now), wall + (uint64_t)jump);
            ck_assert_uint_eq(clock_mono(&clock, now), mono);
            clock_step(&clock, now, -jump);
            ck_assert_uint_eq(clock_wall(&clock, now), wall);
        }
    }
}
END_TEST

/* A drift set a million times to what it was loses no nanosecond. */
START_TEST(test_no_rounding)
{
    Clock often, once;

    clock_init(&often, 0, 0, 0, 123457);
    clock_init(&once, 0, 0, 0, 123457);
    for (SimTime now = 0; now < 1000000; now += 7) {
        clock_set_drift(&often, now, 123457);
    }
    for (SimTime now = SIM_S; now < 40 * SIM_S; now += SIM_S + 1) {
        ck_assert_uint_eq(clock_mono(&often, now), clock_mono(&once, now));
    }
}
END_TEST

START_TEST(test_wall)
{
    Clock clock;

    clock_init(&clock, 0, 100, 1000, 0);
    clock_step(&clock, 10, -2000);
    ck_assert_uint_eq(clock_wall(&clock, 10), 0);
    ck_assert_uint_eq(clock_wall(&clock, 1500), 500);
    ck_assert_uint_eq(clock_mono(&clock, 1500), 1600);
    /* Steps beyond all reason stop at the ends of the scale. */
    clock_step(&clock, 1500, INT64_MIN);
    clock_step(&clock, 1500, INT64_MIN);
    ck_assert_uint_eq(clock_wall(&clock, 1500), 0);
    clock_restart(&clock, 2000, 3);
    ck_assert_uint_eq(clock_mono(&clock, 2001), 4);
    ck_assert_uint_eq(clock_when(&clock, 5), 2002);
    ck_assert_uint_eq(clock_when(&clock, SIM_NEVER), SIM_NEVER);
    ck_assert_uint_eq(clock_when(&clock, SIM_NEVER - 1), SIM_NEVER);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("clock");
    TCase *cases = tcase_create("clock");

    tcase_add_loop_test(cases, test_reading, 0, (int)G_N_ELEMENTS(readings));
    tcase_add_loop_test(cases, test_properties, 0, 50);
    tcase_add_test(cases, test_no_rounding);
    tcase_add_test(cases, test_wall);
    suite_add_tcase(suite, cases);

    SRunner *runner = srunner_create(suite);

    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

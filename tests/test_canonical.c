/* SPDX-License-Identifier: Apache-2.0 */
/* The digest of a run: a PROBE does not show in it, everything else that a
 * node is told or asks for does. */
#include <check.h>
#include <string.h>

#include "sim/canonical.h"
#include "tests/maker.h"

static Digest digest;

static void
observe(void *data, const Record *record)
{
    (void)data;
    canonical_record(&digest, record);
}

/* The digest of a record that @change has had its hand in. */
typedef void (*Change)(Maker *maker);

static DigestValue
digest_of(Change change, SimTime at, NodeId cell)
{
    Maker maker;
    DigestValue value;

    digest_init(&digest, 0);
    maker_init(&maker, observe, NULL);
    maker_begin(&maker, at, cell);
    maker_timer(&maker, 1);
    if (change != NULL) {
        change(&maker);
    }
    maker_end(&maker);
    maker_clear(&maker);
    value = digest_value(&digest);
    digest_clear(&digest);
    maker_forget();
    return value;
}

static const Slice none = {NULL, 0, NULL};

#define CHANGE(name, body)                                                     \
    static void name(Maker *maker)                                             \
    {                                                                          \
        Effects *fx = &maker->fx;                                              \
        Input *input = &maker->input;                                          \
        (void)fx;                                                              \
        (void)input;                                                           \
        body;                                                                  \
    }
#define PART(text)                                                             \
    (Slice[])                                                                  \
    {                                                                          \
        slice_of(text, sizeof(text) - 1)                                       \
    }

CHANGE(nothing, (void)maker)
CHANGE(probe, effects_probe(fx, 1, (uint64_t[]){1}, 1, none))
CHANGE(now, input->now++)
CHANGE(wall, input->wall++)
CHANGE(dice, input->dice.counter++)
CHANGE(dice_key, input->dice.key++)
CHANGE(timer_id, input->timer.id++)
CHANGE(kind, input->kind = INPUT_STOP)
CHANGE(message, *input = (Input){.kind = INPUT_MESSAGE})
CHANGE(message_bytes, (message(maker), input->message.bytes = PART("x")[0]))
CHANGE(message_link, (message(maker), input->message.link = 1))
CHANGE(message_channel, (message(maker), input->message.channel = 1))
CHANGE(synced, *input = (Input){.kind = INPUT_SYNCED})
CHANGE(synced_token, (synced(maker), input->synced.token = 1))
CHANGE(synced_error, (synced(maker), input->synced.error = 1))
CHANGE(read_, *input = (Input){.kind = INPUT_READ})
CHANGE(read_token, (read_(maker), input->read.token = 1))
CHANGE(read_error, (read_(maker), input->read.error = 1))
CHANGE(read_bytes, (read_(maker), input->read.bytes = PART("x")[0]))
CHANGE(link_, *input = (Input){.kind = INPUT_LINK})
CHANGE(link_link, (link_(maker), input->link.link = 1))
CHANGE(link_state, (link_(maker), input->link.state = LINK_UP))
CHANGE(room, *input = (Input){.kind = INPUT_ROOM})
CHANGE(room_link, (room(maker), input->room.link = 1))
CHANGE(child, *input = (Input){.kind = INPUT_CHILD})
CHANGE(child_token, (child(maker), input->child.token = 1))
CHANGE(child_exited, (child(maker), input->child.exited = true))
CHANGE(child_status, (child(maker), input->child.status = 1))
CHANGE(child_bytes, (child(maker), input->child.bytes = PART("x")[0]))
CHANGE(config, *input = (Input){.kind = INPUT_CONFIG})
CHANGE(config_bytes, (config(maker), input->config.bytes = PART("x")[0]))
CHANGE(memory, *input = (Input){.kind = INPUT_MEMORY})
CHANGE(memory_budget, (memory(maker), input->memory.budget = 1))
CHANGE(local_in, *input = (Input){.kind = INPUT_LOCAL})
CHANGE(local_in_from, (local_in(maker), input->local.from = 1))
CHANGE(local_in_bytes, (local_in(maker), input->local.bytes = PART("x")[0]))
CHANGE(send, effects_send(fx, link_datagram(1), 1, PART("x"), 1))
CHANGE(send_link, effects_send(fx, link_datagram(2), 1, PART("x"), 1))
CHANGE(send_channel, effects_send(fx, link_datagram(1), 2, PART("x"), 1))
CHANGE(send_bytes, effects_send(fx, link_datagram(1), 1, PART("y"), 1))
CHANGE(send_after,
       effects_send(fx, link_datagram(1), 1, PART("x"), 1)->after = 1)
CHANGE(send_twice, (send(maker), send(maker)))
CHANGE(timer, effects_timer(fx, 1, 1))
CHANGE(timer_other, effects_timer(fx, 2, 1))
CHANGE(timer_at, effects_timer(fx, 1, 2))
CHANGE(send_timer, (send(maker), timer(maker)))
CHANGE(timer_send, (timer(maker), send(maker)))
CHANGE(write_, effects_write(fx, "a", 0, PART("x"), 1))
CHANGE(write_file, effects_write(fx, "b", 0, PART("x"), 1))
CHANGE(write_offset, effects_write(fx, "a", 1, PART("x"), 1))
CHANGE(write_bytes, effects_write(fx, "a", 0, PART("y"), 1))
CHANGE(truncate_, effects_truncate(fx, "a", 0))
CHANGE(truncate_file, effects_truncate(fx, "b", 0))
CHANGE(truncate_size, effects_truncate(fx, "a", 1))
CHANGE(allocate, effects_allocate(fx, "a", 0))
CHANGE(rename_, effects_rename(fx, "a", "b"))
CHANGE(rename_from, effects_rename(fx, "c", "b"))
CHANGE(rename_to, effects_rename(fx, "a", "c"))
CHANGE(rename_cut, effects_rename(fx, "ab", ""))
CHANGE(remove_, effects_remove(fx, "a"))
CHANGE(remove_file, effects_remove(fx, "b"))
CHANGE(sync_, effects_sync(fx, 1, (const char *[]){"a", "b"}, 2))
CHANGE(sync_token, effects_sync(fx, 2, (const char *[]){"a", "b"}, 2))
CHANGE(sync_files, effects_sync(fx, 1, (const char *[]){"ab"}, 1))
CHANGE(reads, effects_read(fx, 1, "a", 0, 1))
CHANGE(reads_token, effects_read(fx, 2, "a", 0, 1))
CHANGE(reads_file, effects_read(fx, 1, "b", 0, 1))
CHANGE(reads_offset, effects_read(fx, 1, "a", 1, 1))
CHANGE(reads_size, effects_read(fx, 1, "a", 0, 2))
CHANGE(open_, effects_open(fx, link_stream(1, 1, 1)))
CHANGE(open_number, effects_open(fx, link_stream(1, 1, 2)))
CHANGE(close_, effects_close(fx, link_stream(1, 1, 1)))
CHANGE(pause_, effects_pause(fx, link_stream(1, 1, 1), true))
CHANGE(pause_off, effects_pause(fx, link_stream(1, 1, 1), false))
CHANGE(spawn, effects_spawn(fx, 1, (Slice[]){PART("ab")[0], PART("c")[0]}, 2))
CHANGE(spawn_cut,
       effects_spawn(fx, 1, (Slice[]){PART("a")[0], PART("bc")[0]}, 2))
CHANGE(spawn_token,
       effects_spawn(fx, 2, (Slice[]){PART("ab")[0], PART("c")[0]}, 2))
CHANGE(signal_, effects_signal(fx, 1, 9))
CHANGE(signal_number, effects_signal(fx, 1, 15))
CHANGE(local, effects_local(fx, 1, PART("x")[0]))
CHANGE(local_to, effects_local(fx, 2, PART("x")[0]))
CHANGE(local_from, effects_local(fx, 1, PART("x")[0])->local.from = 1)
CHANGE(halt, effects_halt(fx, "a"))
CHANGE(halt_reason, effects_halt(fx, "b"))
CHANGE(crash, maker_fact(maker, FACT_CRASH))
CHANGE(crash_value, maker_fact(maker, FACT_CRASH)->value = 1)
CHANGE(drop, maker_fact(maker, FACT_DROP)->message = 1)
CHANGE(drop_other, maker_fact(maker, FACT_DROP)->message = 2)
CHANGE(lost, maker_fact(maker, FACT_LOST)->size = 1)
CHANGE(lost_size, maker_fact(maker, FACT_LOST)->size = 2)

static const Change changes[] = {nothing,
                                 now,
                                 wall,
                                 dice,
                                 dice_key,
                                 timer_id,
                                 kind,
                                 message,
                                 message_bytes,
                                 message_link,
                                 message_channel,
                                 synced,
                                 synced_token,
                                 synced_error,
                                 read_,
                                 read_token,
                                 read_error,
                                 read_bytes,
                                 link_,
                                 link_link,
                                 link_state,
                                 room,
                                 room_link,
                                 child,
                                 child_token,
                                 child_exited,
                                 child_status,
                                 child_bytes,
                                 config,
                                 config_bytes,
                                 memory,
                                 memory_budget,
                                 local_in,
                                 local_in_from,
                                 local_in_bytes,
                                 send,
                                 send_link,
                                 send_channel,
                                 send_bytes,
                                 send_after,
                                 send_twice,
                                 timer,
                                 timer_other,
                                 timer_at,
                                 send_timer,
                                 timer_send,
                                 write_,
                                 write_file,
                                 write_offset,
                                 write_bytes,
                                 truncate_,
                                 truncate_file,
                                 truncate_size,
                                 allocate,
                                 rename_,
                                 rename_from,
                                 rename_to,
                                 rename_cut,
                                 remove_,
                                 remove_file,
                                 sync_,
                                 sync_token,
                                 sync_files,
                                 reads,
                                 reads_token,
                                 reads_file,
                                 reads_offset,
                                 reads_size,
                                 open_,
                                 open_number,
                                 close_,
                                 pause_,
                                 pause_off,
                                 spawn,
                                 spawn_cut,
                                 spawn_token,
                                 signal_,
                                 signal_number,
                                 local,
                                 local_to,
                                 local_from,
                                 halt,
                                 halt_reason,
                                 crash,
                                 crash_value,
                                 drop,
                                 drop_other,
                                 lost,
                                 lost_size};

START_TEST(every_field_shows)
{
    DigestValue values[G_N_ELEMENTS(changes)];

    for (unsigned i = 0; i < G_N_ELEMENTS(changes); i++) {
        values[i] = digest_of(changes[i], 5, 1);
        for (unsigned k = 0; k < i; k++) {
            ck_assert_msg(values[i].low != values[k].low,
                          "changes %u and %u look alike", k, i);
        }
    }
    ck_assert(digest_of(nothing, 6, 1).low != values[0].low);
    ck_assert(digest_of(nothing, 5, 2).low != values[0].low);
}
END_TEST

START_TEST(a_probe_does_not_show)
{
    ck_assert_uint_eq(digest_of(probe, 5, 1).low, digest_of(NULL, 5, 1).low);
    ck_assert_uint_eq(digest_of(probe, 5, 1).high, digest_of(NULL, 5, 1).high);
}
END_TEST

static void
in_one(Maker *maker)
{
    static uint8_t bytes[3000];
    Slice part = slice_of(bytes, sizeof(bytes));

    effects_send(&maker->fx, link_datagram(1), 1, &part, 1);
}

static void
in_three(Maker *maker)
{
    static uint8_t bytes[3000];
    Slice parts[3] = {slice_of(bytes, 1), slice_of(bytes, 999),
                      slice_of(bytes, 2000)};

    effects_send(&maker->fx, link_datagram(1), 1, parts, 3);
}

START_TEST(how_a_payload_is_cut_does_not_show)
{
    ck_assert_uint_eq(digest_of(in_one, 5, 1).low,
                      digest_of(in_three, 5, 1).low);
}
END_TEST

static Suite *
canonical_suite(void)
{
    Suite *suite = suite_create("canonical");
    TCase *tcase = tcase_create("canonical");

    tcase_add_test(tcase, every_field_shows);
    tcase_add_test(tcase, a_probe_does_not_show);
    tcase_add_test(tcase, how_a_payload_is_cut_does_not_show);
    suite_add_tcase(suite, tcase);
    return suite;
}

int
main(void)
{
    SRunner *runner = srunner_create(canonical_suite());
    int failed;

    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? 0 : 1;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Rings and the messages in them: between two threads, around the end, larger
 * than the ring, and with a peer that writes nonsense. */
#include <check.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "nodes/dice.h"
#include "nodes/host/transport.h"

#define SMALL_RING 4096u

static void
make_pair(Ring pair[2], uint32_t size)
{
    int fd = ring_file(size);

    ck_assert_int_ge(fd, 0);
    ck_assert(ring_map(&pair[0], fd, size, 0));
    ck_assert(ring_map(&pair[1], fd, size, 1));
    close(fd);
}

/* Every offset of the ring becomes the beginning of a piece. */
START_TEST(test_wrap_around)
{
    Ring pair[2];
    uint8_t in[97], out[97];
    uint64_t number = 0;

    make_pair(pair, SMALL_RING);
    for (unsigned i = 0; i < 5 * SMALL_RING; i++) {
        Ring *from = &pair[i & 1], *to = &pair[1 - (i & 1)];

        for (unsigned k = 0; k < sizeof in; k++) {
            in[k] = (uint8_t)number++;
        }
        ck_assert_int_eq(ring_write(from, in, sizeof in), sizeof in);
        ck_assert_int_eq(ring_available(to), sizeof in);
        ck_assert_int_eq(ring_room(from), SMALL_RING - sizeof in);
        ck_assert_int_eq(ring_read(to, out, sizeof out), sizeof out);
        ck_assert_mem_eq(in, out, sizeof in);
        ck_assert_int_eq(ring_available(to), 0);
        ck_assert_int_eq(ring_read(to, out, sizeof out), 0);
    }
    ring_unmap(&pair[0]);
    ring_unmap(&pair[1]);
}
END_TEST

START_TEST(test_full)
{
    Ring pair[2];
    uint8_t *bytes = g_malloc0(2 * SMALL_RING);

    make_pair(pair, SMALL_RING);
    ck_assert_int_eq(ring_write(&pair[0], bytes, 2 * SMALL_RING), SMALL_RING);
    ck_assert_int_eq(ring_room(&pair[0]), 0);
    ck_assert_int_eq(ring_write(&pair[0], bytes, 1), 0);
    ck_assert_int_eq(ring_read(&pair[1], bytes, 10), 10);
    ck_assert_int_eq(ring_room(&pair[0]), 10);
    ck_assert_int_eq(ring_write(&pair[0], bytes, 20), 10);
    ck_assert_int_eq(ring_read(&pair[1], bytes, 2 * SMALL_RING), SMALL_RING);
    g_free(bytes);
    ring_unmap(&pair[0]);
    ring_unmap(&pair[1]);
}
END_TEST

/* A peer that publishes an impossible index is found out, not followed. */
START_TEST(test_nonsense_index)
{
    static const uint32_t bad[] = {SMALL_RING + 1, 0x80000000u, 0xffff0000u};
    uint8_t bytes[16];
    Ring pair[2];

    make_pair(pair, SMALL_RING);
    for (unsigned i = 0; i < G_N_ELEMENTS(bad); i++) {
        memcpy(pair[1].memory + 256, &bad[i], 4); /* written by side 1 */
        ck_assert_int_eq(ring_available(&pair[0]), -1);
        ck_assert_int_eq(ring_read(&pair[0], bytes, sizeof bytes), -1);
        memcpy(pair[1].memory + 192, &bad[i], 4); /* read by side 1 */
        ck_assert_int_eq(ring_room(&pair[0]), -1);
        ck_assert_int_eq(ring_write(&pair[0], bytes, sizeof bytes), -1);
        ring_wait(&pair[0], false, 1000000000); /* returns at once */
    }
    ring_unmap(&pair[0]);
    ring_unmap(&pair[1]);
}
END_TEST

START_TEST(test_file_is_sealed)
{
    int fd = ring_file(SMALL_RING);
    Ring ring;

    ck_assert_int_eq(ftruncate(fd, 0), -1);
    ck_assert_int_eq(ftruncate(fd, 1 << 20), -1);
    ck_assert(!ring_map(&ring, fd, 5000, 0));
    ck_assert(!ring_map(&ring, fd, 0, 0));
    ck_assert(!ring_map(&ring, fd, RING_SIZE_MAX * 2, 0));
    close(fd);
}
END_TEST

/* How many messages, and of what sizes, the two threads exchange. */
typedef struct Conversation {
    Transport transport;
    unsigned messages;
    uint32_t largest;
} Conversation;

static bool
for_ever(void *data)
{
    (void)data;
    return true;
}

static void
fill(Wire *wire, uint64_t key, unsigned number, uint32_t largest)
{
    Dice dice = {key, number};
    uint64_t size = dice_below(dice_u64(&dice, 0), largest);

    wire->size = 0;
    wire_reserve(wire, size + 8);
    for (uint64_t i = 0; i < size; i++) {
        wire->data[i] = (uint8_t)(number + i * 31);
    }
    wire->size = size;
}

/* Receive, compare, answer in kind. */
static void *
answer(void *data)
{
    Conversation *talk = data;
    Wire want = {0};

    for (unsigned i = 0; i < talk->messages; i++) {
        ControlKind kind;
        Slice got;

        if (transport_receive(&talk->transport, &kind, &got) !=
                TRANSPORT_DONE ||
            kind != CONTROL_STEP_REQUEST) {
            return (void *)"nothing received";
        }
        fill(&want, 1, i, talk->largest);
        if (got.size != want.size ||
            (got.size > 0 && memcmp(got.data, want.data, got.size) != 0)) {
            return (void *)"something else received";
        }
        fill(&want, 2, i, talk->largest);
        /* Half of it without a wake-up, as a child that goes on. */
        transport_send(&talk->transport, CONTROL_STEP_REPLY, &want, false, -1);
        fill(&want, 3, i, 100);
        if (transport_send(&talk->transport, CONTROL_STEP_REPLY, &want, true,
                           -1) != TRANSPORT_DONE) {
            return (void *)"nothing sent";
        }
    }
    wire_clear(&want);
    return NULL;
}

static void
expect(Conversation *talk, uint64_t key, unsigned number, uint32_t largest,
       Wire *want)
{
    ControlKind kind;
    Slice got;

    ck_assert_int_eq(transport_receive(&talk->transport, &kind, &got),
                     TRANSPORT_DONE);
    ck_assert_int_eq(kind, CONTROL_STEP_REPLY);
    fill(want, key, number, largest);
    ck_assert_uint_eq(got.size, want->size);
    if (got.size > 0) {
        ck_assert_mem_eq(got.data, want->data, got.size);
    }
}

static const struct {
    const char *name;
    bool ring, same_core;
    unsigned messages;
    uint32_t largest;
} talks[] = {
    {"ring, small", true, false, 20000, 200},
    {"ring, small, giving way", true, true, 20000, 200},
    {"ring, around its size", true, false, 3000, 3 * SMALL_RING},
    {"ring, large", true, true, 50, 1 << 20},
    {"socket, small", false, false, 5000, 200},
    {"socket, around a packet", false, false, 300, 3 * 65536},
    {"socket, large", false, false, 30, 1 << 20},
};

START_TEST(test_conversation)
{
    Conversation sides[2] = {0};
    int sockets[2];
    Ring pair[2] = {0};
    pthread_t thread;
    Wire wire = {0};
    void *problem;

    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, sockets), 0);
    if (talks[_i].ring) {
        make_pair(pair, SMALL_RING);
    }
    for (unsigned i = 0; i < 2; i++) {
        transport_init(&sides[i].transport, sockets[i]);
        sides[i].transport.ring = pair[i];
        sides[i].transport.ring.same_core = talks[_i].same_core;
        sides[i].transport.ring_used = talks[_i].ring;
        sides[i].messages = talks[_i].messages;
        sides[i].largest = talks[_i].largest;
    }
    sides[0].transport.patience = for_ever;
    ck_assert_int_eq(pthread_create(&thread, NULL, answer, &sides[1]), 0);
    for (unsigned i = 0; i < talks[_i].messages; i++) {
        fill(&wire, 1, i, talks[_i].largest);
        ck_assert_int_eq(transport_send(&sides[0].transport,
                                        CONTROL_STEP_REQUEST, &wire, true, -1),
                         TRANSPORT_DONE);
        expect(&sides[0], 2, i, talks[_i].largest, &wire);
        expect(&sides[0], 3, i, 100, &wire);
    }
    pthread_join(thread, &problem);
    ck_assert_msg(problem == NULL, "%s", (const char *)problem);
    transport_clear(&sides[0].transport);
    transport_clear(&sides[1].transport);
    wire_clear(&wire);
}
END_TEST

/* Packets that do not obey the rules of control.proto. */
static const struct {
    const char *want;
    size_t sizes[2];
    const char *packets[2];
} packets[] = {
    {"a packet without a header", {4, 0}, {"\x05\0\0\0", NULL}},
    {"a message of an unknown kind", {8, 0}, {"\x07\0\0\0\0\0\0\0", NULL}},
    {"a message of an unknown kind", {8, 0}, {"\0\0\0\0\0\0\0\0", NULL}},
    {"a message that is too large",
     {9, 0},
     {"\x05\0\0\0\xff\xff\xff\xff.", NULL}},
    {"packets that do not continue",
     {9, 9},
     {"\x05\0\0\0\x04\0\0\0.", "\x04\0\0\0\x03\0\0\0."}},
    {"packets that do not continue",
     {9, 9},
     {"\x05\0\0\0\x04\0\0\0.", "\x05\0\0\0\x04\0\0\0."}},
    {"packets that do not continue",
     {9, 8},
     {"\x05\0\0\0\x04\0\0\0.", "\x05\0\0\0\x04\0\0\0"}},
};

START_TEST(test_bad_packets)
{
    Transport transport;
    int sockets[2];
    ControlKind kind;
    Slice got;

    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, sockets), 0);
    transport_init(&transport, sockets[0]);
    for (unsigned i = 0; i < 2 && packets[_i].packets[i] != NULL; i++) {
        ck_assert_int_gt(
            send(sockets[1], packets[_i].packets[i], packets[_i].sizes[i], 0),
            0);
    }
    ck_assert_int_eq(transport_receive(&transport, &kind, &got),
                     TRANSPORT_NONSENSE);
    ck_assert_str_eq(transport.error.text, packets[_i].want);
    transport_clear(&transport);
    close(sockets[1]);
}
END_TEST

START_TEST(test_large_packet)
{
    uint8_t *bytes = g_malloc0(70000);
    Transport transport;
    int sockets[2];
    ControlKind kind;
    Slice got;

    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, sockets), 0);
    transport_init(&transport, sockets[0]);
    bytes[0] = CONTROL_STEP_REPLY;
    ck_assert_int_eq(send(sockets[1], bytes, 70000, 0), 70000);
    ck_assert_int_eq(transport_receive(&transport, &kind, &got),
                     TRANSPORT_NONSENSE);
    ck_assert_str_eq(transport.error.text, "a packet that is too large");
    close(sockets[1]);
    g_free(bytes);
    transport_clear(&transport);
}
END_TEST

static bool
count_down(void *data)
{
    return --*(unsigned *)data > 0;
}

/* A header that never becomes whole, a message that never does: the receiver
 * asks now and then whether to go on, and gives up when told so. */
START_TEST(test_dribble)
{
    static const uint8_t header[] = {CONTROL_STEP_REPLY, 0, 0, 0, 100, 0, 0, 0};
    Ring pair[2];
    Transport transport;
    unsigned patience = 4;
    ControlKind kind;
    Slice got;

    make_pair(pair, SMALL_RING);
    transport_init(&transport, -1);
    transport.ring = pair[0];
    transport.ring_used = true;
    transport.patience = count_down;
    transport.patience_data = &patience;
    ring_write(&pair[1], header, 3);
    ck_assert_int_eq(transport_receive(&transport, &kind, &got),
                     TRANSPORT_GAVE_UP);
    ck_assert_uint_eq(patience, 0);
    patience = 4;
    ring_write(&pair[1], header + 3, 5);
    ring_write(&pair[1], header, 1);
    ck_assert_int_eq(transport_receive(&transport, &kind, &got),
                     TRANSPORT_GAVE_UP);
    /* It claims 4 GiB: nothing is allocated for that. */
    patience = 4;
    ck_assert_uint_lt(transport.in.capacity, 10000);
    transport_clear(&transport);
    ring_unmap(&pair[1]);
}
END_TEST

static Suite *
suite(void)
{
    Suite *all = suite_create("ring");
    TCase *ring = tcase_create("ring");
    TCase *transport = tcase_create("transport");

    tcase_add_test(ring, test_wrap_around);
    tcase_add_test(ring, test_full);
    tcase_add_test(ring, test_nonsense_index);
    tcase_add_test(ring, test_file_is_sealed);
    suite_add_tcase(all, ring);
    tcase_add_loop_test(transport, test_conversation, 0,
                        (int)G_N_ELEMENTS(talks));
    tcase_add_loop_test(transport, test_bad_packets, 0,
                        (int)G_N_ELEMENTS(packets));
    tcase_add_test(transport, test_large_packet);
    tcase_add_test(transport, test_dribble);
    suite_add_tcase(all, transport);
    return all;
}

int
main(void)
{
    SRunner *runner = srunner_create(suite());
    int failed;

    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? 0 : 1;
}

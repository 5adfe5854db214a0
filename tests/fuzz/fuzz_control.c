/* SPDX-License-Identifier: Apache-2.0 */
/* libFuzzer: any bytes from a node process. The first byte says what they are
 * taken for: messages, packets on the socket, or the memory of the rings.
 * They are refused with a line, or what they say can be said again. */
#include "nodes/host/transport.h"

#include <sys/socket.h>
#include <unistd.h>

#define ROOM 3u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A refusal has a reason, and it is one line. */
static void
expect_line(const ControlError *error)
{
    g_assert(memchr(error->text, '\0', sizeof error->text) != NULL);
    g_assert(error->text[0] != '\0' && strchr(error->text, '\n') == NULL);
}

static void
fuzz_reply(Slice message)
{
    Effects fx[ROOM], again[ROOM];
    ControlError error = {""};
    Wire wire = {0};
    unsigned count, count_again;
    bool more, more_again;

    for (unsigned i = 0; i < ROOM; i++) {
        effects_init(&fx[i]);
        effects_init(&again[i]);
    }
    if (control_get_reply(message, fx, ROOM, &count, &more, &error)) {
        Wire second = {0};

        for (unsigned i = 0; i < count; i++) {
            g_assert(control_effects_ok(&fx[i], &error));
            control_put_effects(&wire, &fx[i]);
        }
        control_put_more(&wire, more);
        g_assert(control_get_reply(slice_of(wire.data, wire.size), again, ROOM,
                                   &count_again, &more_again, &error));
        g_assert(count_again == count && more_again == more);
        for (unsigned i = 0; i < count; i++) {
            control_put_effects(&second, &again[i]);
        }
        control_put_more(&second, more);
        g_assert(second.size == wire.size &&
                 memcmp(second.data, wire.data, wire.size) == 0);
        wire_clear(&second);
    } else {
        expect_line(&error);
    }
    wire_clear(&wire);
    for (unsigned i = 0; i < ROOM; i++) {
        effects_clear(&fx[i]);
        effects_clear(&again[i]);
    }
}

static void
fuzz_request(Slice message)
{
    ControlInputs inputs = {0}, again = {0};
    ControlError error = {""};
    Wire wire = {0};

    if (control_get_request(message, &inputs, &error)) {
        for (unsigned i = 0; i < inputs.count; i++) {
            control_put_input(&wire, &inputs.items[i]);
        }
        g_assert(control_get_request(slice_of(wire.data, wire.size), &again,
                                     &error));
        g_assert(again.count == inputs.count);
    } else {
        expect_line(&error);
    }
    control_inputs_clear(&inputs);
    control_inputs_clear(&again);
    wire_clear(&wire);
}

static void
fuzz_handshake(Slice message)
{
    ControlHello hello;
    ControlSetup setup;
    ControlReady ready;
    ControlError error = {""};

    if (!control_get_hello(message, &hello, &error)) {
        expect_line(&error);
    }
    if (control_get_setup(message, &setup, &error)) {
        control_setup_clear(&setup);
    } else {
        expect_line(&error);
    }
    if (!control_get_ready(message, &ready, &error)) {
        expect_line(&error);
    }
}

static bool
have_none(void *data)
{
    (void)data;
    return false;
}

static void
receive_all(Transport *transport)
{
    TransportResult result;

    do {
        ControlKind kind;
        Slice message;

        result = transport_receive(transport, &kind, &message);
        if (result == TRANSPORT_DONE && kind == CONTROL_STEP_REPLY) {
            fuzz_reply(message);
        }
    } while (result == TRANSPORT_DONE);
    if (result == TRANSPORT_NONSENSE) {
        expect_line(&transport->error);
    }
}

/* Packets, each after a byte with its length. */
static void
fuzz_packets(const uint8_t *data, size_t size)
{
    Transport transport;
    int sockets[2];

    g_assert(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, sockets) == 0);
    transport_init(&transport, sockets[0]);
    transport.patience = have_none;
    while (size > 0) {
        size_t length = MIN(data[0], size - 1);

        if (send(sockets[1], data + 1, length, MSG_DONTWAIT) < 0) {
            break;
        }
        data += 1 + length;
        size -= 1 + length;
    }
    close(sockets[1]);
    receive_all(&transport);
    transport_clear(&transport);
}

/* The indices as the child may have left them, then what is in its ring. */
static void
fuzz_ring(const uint8_t *data, size_t size)
{
    Transport transport;
    int fd = ring_file(4096);
    uint8_t *memory;

    transport_init(&transport, -1);
    transport.patience = have_none;
    g_assert(fd >= 0 && ring_map(&transport.ring, fd, 4096, 0));
    close(fd);
    transport.ring.same_core = true;
    transport.ring_used = true;
    memory = transport.ring.memory;
    if (size >= 8) {
        memcpy(memory + 192, data, 4);
        memcpy(memory + 256, data + 4, 4);
        memcpy(memory + 4096 + 4096, data + 8, MIN(size - 8, 4096));
    }
    receive_all(&transport);
    transport_clear(&transport);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    Slice message;

    if (size == 0) {
        return 0;
    }
    message = slice_of(data + 1, size - 1);
    switch (data[0] % 5) {
    case 0:
        fuzz_reply(message);
        break;
    case 1:
        fuzz_request(message);
        break;
    case 2:
        fuzz_handshake(message);
        break;
    case 3:
        fuzz_packets(data + 1, size - 1);
        break;
    default:
        fuzz_ring(data + 1, size - 1);
        break;
    }
    return 0;
}

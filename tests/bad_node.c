/* SPDX-License-Identifier: Apache-2.0 */
/* A node process for tests that dies, hangs or babbles on demand: a message
 * on channel N makes it do misdeed N of bad_node.h. Everything else it
 * answers with a timer. */
#include "tests/bad_node.h"

#include <assert.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <glib.h>

#include "nodes/host/child.h"

/* Not through NULL, which a sanitizer would catch before the processor does.
 */
static void
crash(void)
{
    volatile int *forbidden =
        mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    *forbidden = 1;
}

static void
babble(const void *bytes, size_t size)
{
    if (write(3, bytes, size) < 0) {
        abort();
    }
}

static void
misbehave(Misdeed misdeed, Effects *fx)
{
    static uint8_t zeros[DATAGRAM_MAX + 1];
    volatile bool for_ever = true;

    switch (misdeed) {
    case MISDEED_SEGFAULT:
        crash();
        break;
    case MISDEED_G_ASSERT:
        g_assert(misdeed == 0);
        break;
    case MISDEED_ASSERT:
        assert(misdeed == 0);
        break;
    case MISDEED_EXIT:
        _exit(7);
    case MISDEED_KILL:
        raise(SIGKILL);
        break;
    case MISDEED_SPIN:
        while (for_ever) {
        }
        break;
    case MISDEED_SLEEP:
        while (for_ever) {
            pause();
        }
        break;
    case MISDEED_LARGE_DATAGRAM:
        effects_send(fx, link_datagram(1), 1,
                     &(Slice){zeros, sizeof zeros, NULL}, 1);
        break;
    case MISDEED_FILE_NAME:
        effects_remove(fx, "../etc/passwd");
        break;
    case MISDEED_BABBLE:
        babble("\x05\0\0\0\0\0\0\0garbage!", 16);
        break;
    case MISDEED_CLOSE:
        close(3);
        while (for_ever) {
            pause();
        }
        break;
    case MISDEED_CHATTER:
        for (unsigned i = 0; i < 3000; i++) {
            if (write(2, zeros, 100) != 100) {
                abort();
            }
        }
        break;
    case MISDEED_NONE:
        break;
    }
}

static void
step(void *node, const Input *input, Effects *fx)
{
    (void)node;
    if (input->kind == INPUT_MESSAGE) {
        misbehave((Misdeed)input->message.channel, fx);
    }
    effects_timer(fx, 1, input->now + SIM_S);
}

static void *
make(const NodeSetup *setup, char *error, size_t error_size)
{
    if (strcmp(setup->config, "refuse") == 0) {
        g_strlcpy(error, "will not work here", error_size);
        return NULL;
    }
    return calloc(1, 1);
}

const NodeProgram bad_node = {NODE_ABI, "bad", "misbehaves on demand",
                              make,     step,  free};

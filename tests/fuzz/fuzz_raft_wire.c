/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as a Raft message: it is refused, or packs to the same meaning.
 * And any message, undamaged, into a node that runs. */
#include <glib.h>
#include <string.h>

#include "nodes/raft/raft.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
apply(void *self, uint64_t index, const RaftEntry *entry, Effects *fx)
{
    (void)self, (void)index, (void)entry, (void)fx;
}

static void
role(void *self, Effects *fx)
{
    (void)self, (void)fx;
}

static const RaftMachine machine = {.apply = apply, .role = role};

/* Give all SYNCs back at once. */
static void
run_synced(Raft *raft, SimTime now, Effects *fx)
{
    Token tokens[64];
    unsigned count = 0;

    for (unsigned i = 0; i < fx->count && count < 64; i++) {
        if (fx->items[i].kind == EFFECT_SYNC) {
            tokens[count++] = fx->items[i].sync.token;
        }
    }
    for (unsigned i = 0; i < count; i++) {
        Input input = {.kind = INPUT_SYNCED, .now = now};

        input.synced.token = tokens[i];
        effects_reset(fx);
        raft_step(raft, &input, fx);
    }
}

/* @data: records of kind, sender and 14 bytes of numbers; the checksum is
 * made right, so that what the numbers say reaches the node. */
static void
run_node(const uint8_t *data, size_t size)
{
    RaftSettings settings;
    Effects fx;
    Raft *raft;
    Input input = {.kind = INPUT_START};
    SimTime now = 0;

    effects_init(&fx);
    raft_settings_init(&settings);
    settings.snapshot_threshold = 0;
    raft = raft_new(1, 3, &settings, &machine, NULL);
    raft_step(raft, &input, &fx);
    run_synced(raft, now, &fx);
    for (; size >= 16; data += 16, size -= 16) {
        RaftMessage m = {.kind = (RaftMessageKind)(1 + data[0] % 6),
                         .term = data[2] % 8};
        RaftEntry entries[4];
        RaftSpan span = {entries, 0};
        Bytes *bytes;

        memset(entries, 0, sizeof(entries));
        now += data[15] * SIM_MS * 10;
        input = (Input){.kind = INPUT_MESSAGE, .now = now};
        if (data[0] >= 0xf0) {
            input.kind = INPUT_TIMER;
            input.timer.id = 1 + data[1] % 2;
            effects_reset(&fx);
            raft_step(raft, &input, &fx);
            run_synced(raft, now, &fx);
            continue;
        }
        switch (m.kind) {
        case RAFT_VOTE_REQUEST:
            m.vote_request.last_log_index = data[3];
            m.vote_request.last_log_term = data[4] % 8;
            m.vote_request.pre_vote = data[5] & 1;
            break;
        case RAFT_VOTE_REPLY:
            m.vote_reply.granted = data[3] & 1;
            m.vote_reply.pre_vote = data[4] & 1;
            break;
        case RAFT_APPEND_REQUEST:
            m.append_request.previous_index = data[3] % 16;
            m.append_request.previous_term = data[4] % 8;
            m.append_request.commit_index = data[5] % 16;
            m.append_request.sequence = data[6];
            m.append_request.entry_count = span.count = data[7] % 5;
            for (unsigned i = 0; i < span.count; i++) {
                entries[i].term = data[8 + i] % 8;
                entries[i].kind = RAFT_NOOP;
                entries[i].hash =
                    raft_wire_entry_hash(RAFT_NOOP, entries[i].data);
            }
            break;
        case RAFT_APPEND_REPLY:
            m.append_reply.success = data[3] & 1;
            m.append_reply.match_index = data[4] % 16;
            m.append_reply.conflict_term = data[5] % 8;
            m.append_reply.conflict_index = data[6] % 16;
            m.append_reply.last_index = data[7] % 16;
            m.append_reply.sequence = data[8];
            break;
        case RAFT_SNAPSHOT_REQUEST:
            m.snapshot_request.last_index = data[3];
            m.snapshot_request.last_term = data[4] % 8;
            m.snapshot_request.offset = data[5];
            m.snapshot_request.size = data[6];
            m.snapshot_request.data = slice_of(data + 8, data[7] % 8);
            break;
        case RAFT_SNAPSHOT_REPLY:
            m.snapshot_reply.last_index = data[3];
            m.snapshot_reply.offset = data[4];
            m.snapshot_reply.done = data[5] & 1;
            break;
        }
        bytes =
            raft_wire_encode(&m, &span, m.kind == RAFT_APPEND_REQUEST ? 1 : 0);
        input.message.link = link_datagram(data[1] % 5);
        input.message.channel = CHANNEL_RAFT;
        input.message.bytes = slice_bytes(bytes);
        effects_reset(&fx);
        raft_step(raft, &input, &fx);
        run_synced(raft, now, &fx);
        bytes_unref(bytes);
    }
    raft_free(raft);
    effects_clear(&fx);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    RaftMessage m;

    if (raft_wire_decode(slice_of(data, size), &m) &&
        m.kind == RAFT_APPEND_REQUEST) {
        PackedReader reader;

        for (unsigned i = 0; i < m.append_request.entry_count; i++) {
            RaftEntry entry;

            raft_wire_entry(&m, i, &reader, &entry);
            g_assert(entry.data.size <= size);
        }
    }
    run_node(data, size);
    return 0;
}

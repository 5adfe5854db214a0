/* SPDX-License-Identifier: Apache-2.0 */
/* What one node does with its files: which of them a restart believes, in
 * what order the others go, and what waits until a name is durable. */
#include <check.h>
#include <glib.h>
#include <stdlib.h>
#include <string.h>

#include "nodes/hash.h"
#include "nodes/probes.h"
#include "nodes/raft/raft.h"
#include "nodes/raft/raft_record.h"
#include "nodes/raft/raft_snapshot.h"

#define FILES_MAX 16u

typedef struct File {
    char name[FILE_NAME_MAX + 1];
    GByteArray *bytes;
} File;

static File files[FILES_MAX]; /* by name, as a carrier lists them */
static unsigned file_count;
static Raft *raft;
static Effects fx;
static GString *said; /* removals, appended indexes and the halt */

static void
apply(void *self, uint64_t index, const RaftEntry *entry, Effects *effects)
{
    (void)self, (void)index, (void)entry, (void)effects;
}

static void
role(void *self, Effects *effects)
{
    (void)self, (void)effects;
}

static bool
restore(void *self, Slice bytes)
{
    (void)self, (void)bytes;
    return true;
}

static uint64_t
digest(void *self)
{
    (void)self;
    return 0;
}

static const RaftMachine machine = {
    .apply = apply, .role = role, .restore = restore, .digest = digest};

/* Keep the list in order of names. */
static GByteArray *
add_file(const char *name)
{
    unsigned place = file_count;

    ck_assert_uint_lt(file_count, FILES_MAX);
    while (place > 0 && strcmp(files[place - 1].name, name) > 0) {
        files[place] = files[place - 1];
        place--;
    }
    g_strlcpy(files[place].name, name, sizeof(files[place].name));
    files[place].bytes = g_byte_array_new();
    file_count++;
    return files[place].bytes;
}

/* Entries @first..@last of @term; @offset as if each before took one
 * record. */
static GByteArray *
add_log(uint64_t first, uint64_t last, uint64_t term, uint32_t epoch,
        bool starts_log)
{
    RaftFileHeader header = {.first_index = first,
                             .offset = (first - 1) * RAFT_LOG_RECORD,
                             .durable = (first - 1) * RAFT_LOG_RECORD,
                             .epoch = epoch,
                             .starts_log = starts_log,
                             .base_term = first == 1 ? 0 : 1};
    RaftEntry entry = {
        .term = term, .kind = RAFT_NOOP, .data = slice_of(NULL, 0)};
    uint8_t head[RAFT_LOG_HEADER];
    char name[RAFT_LOG_NAME_MAX];
    GByteArray *bytes;

    raft_record_name(name, first, epoch);
    bytes = add_file(name);
    raft_record_file_header(head, &header);
    g_byte_array_append(bytes, head, RAFT_LOG_HEADER);
    entry.hash = raft_wire_entry_hash(RAFT_NOOP, entry.data);
    for (uint64_t i = first; i <= last; i++) {
        raft_record_head(head, i, (i - 1) * RAFT_LOG_RECORD, epoch, &entry);
        g_byte_array_append(bytes, head, RAFT_LOG_RECORD);
    }
    return bytes;
}

/* The bytes of a snapshot with an empty picture. */
static void
put_snapshot(GByteArray *out, uint64_t index, uint64_t term)
{
    uint64_t words[7] = {UINT64_C(0x3130504e53464152), 0, index, term, 0, 0};

    for (unsigned i = 0; i < 6; i++) {
        words[i] = GUINT64_TO_LE(words[i]);
    }
    words[6] = GUINT64_TO_LE(hash_bytes((const uint8_t *)words, 48, 0));
    g_byte_array_append(out, (const guint8 *)words, sizeof(words));
}

static void
add_snapshot(uint64_t index, uint64_t term)
{
    char name[RAFT_SNAPSHOT_NAME_MAX];

    raft_snapshot_name(name, index);
    put_snapshot(add_file(name), index, term);
}

/* The vote file as the node itself writes it. */
static void
add_vote(uint64_t term)
{
    uint64_t words[5] = {UINT64_C(0x313045544f564152), 1, term, 0, 0};

    words[4] = hash_words(words, 4, words[0]);
    for (unsigned i = 0; i < 5; i++) {
        words[i] = GUINT64_TO_LE(words[i]);
    }
    g_byte_array_append(add_file("raft-vote"), (const guint8 *)words,
                        sizeof(words));
}

static void
note(const Effect *effect)
{
    if (effect->kind == EFFECT_REMOVE) {
        g_string_append_printf(said, "remove %s\n", effect->disk.file);
    } else if (effect->kind == EFFECT_WRITE) {
        g_string_append_printf(said, "write %s\n", effect->disk.file);
    } else if (effect->kind == EFFECT_HALT) {
        g_string_append(said, "halt\n");
    } else if (effect->kind == EFFECT_PROBE &&
               effect->probe.id == PROBE_RAFT_RECOVER) {
        g_string_append_printf(said, "recover %u..%u\n",
                               (unsigned)effect->probe.values[2],
                               (unsigned)effect->probe.values[3]);
    }
}

static void
give(Input input)
{
    effects_reset(&fx);
    input.now = SIM_S;
    raft_step(raft, &input, &fx);
    for (unsigned i = 0; i < fx.count; i++) {
        note(&fx.items[i]);
    }
}

static bool
answer_read(const Effect *effect)
{
    Input input = {.kind = INPUT_READ};

    for (unsigned i = 0; i < file_count; i++) {
        if (strcmp(files[i].name, effect->disk.file) == 0) {
            input.read.token = effect->disk.token;
            input.read.bytes =
                slice_sub(slice_of(files[i].bytes->data, files[i].bytes->len),
                          effect->disk.offset, effect->disk.size);
            give(input);
            return true;
        }
    }
    ck_abort_msg("read of %s", effect->disk.file);
    return false;
}

/* Answer what recovery asks for until it asks no more. */
static void
start(void)
{
    FileInfo infos[FILES_MAX];
    RaftSettings settings;
    Input input = {.kind = INPUT_START};
    bool again = true;

    raft_settings_init(&settings);
    settings.snapshot_trailing = 10;
    raft = raft_new(1, 3, &settings, &machine, NULL);
    effects_init(&fx);
    said = g_string_new("");
    memset(infos, 0, sizeof(infos));
    for (unsigned i = 0; i < file_count; i++) {
        g_strlcpy(infos[i].name, files[i].name, sizeof(infos[i].name));
        infos[i].size = files[i].bytes->len;
    }
    input.start.incarnation = 1;
    input.start.files = infos;
    input.start.file_count = file_count;
    give(input);
    while (again) {
        again = false;
        for (unsigned i = 0; i < fx.count; i++) {
            const Effect effect = fx.items[i];

            if (effect.kind == EFFECT_READ) {
                again = answer_read(&effect);
                break;
            }
            if (effect.kind == EFFECT_SYNC) {
                input = (Input){.kind = INPUT_SYNCED};
                input.synced.token = effect.sync.token;
                give(input);
                break;
            }
        }
    }
}

static void
stop(void)
{
    raft_free(raft);
    effects_clear(&fx);
    g_string_free(said, TRUE);
}

static void
clear_files(void)
{
    for (unsigned i = 0; i < file_count; i++) {
        g_byte_array_unref(files[i].bytes);
    }
    file_count = 0;
}

/* Compaction removed the file before it, and a crash came before it went
 * too: what a later file stands for does not come back. */
START_TEST(superseded_first)
{
    add_vote(2);
    add_snapshot(130, 2);
    add_log(157, 160, 1, 1, false);
    add_log(125, 140, 2, 2, false);
    start();
    ck_assert_str_eq(said->str, "remove raft-log-0000000000157-00000001\n"
                                "recover 125..140\n");
    ck_assert_uint_eq(raft_log_term(&raft->log, 140), 2);
    stop();
    clear_files();
}
END_TEST

/* Files go in the order they were made, those that were kept too: a crash
 * leaves a suffix of what was made. */
START_TEST(removed_as_made)
{
    add_vote(2);
    add_snapshot(200, 2);
    add_log(100, 156, 1, 1, false);
    add_log(157, 160, 1, 1, false);
    add_log(125, 140, 2, 2, false);
    add_log(141, 210, 2, 2, false);
    start();
    ck_assert_str_eq(said->str, "remove raft-log-0000000000100-00000001\n"
                                "remove raft-log-0000000000157-00000001\n"
                                "remove raft-log-0000000000125-00000002\n"
                                "recover 191..210\n");
    stop();
    clear_files();
}
END_TEST

/* A log that ends before the snapshot stands for nothing. */
START_TEST(below_the_snapshot)
{
    add_vote(2);
    add_snapshot(300, 2);
    add_log(100, 156, 1, 1, false);
    add_log(157, 160, 1, 1, false);
    start();
    ck_assert_str_eq(said->str, "remove raft-log-0000000000100-00000001\n"
                                "remove raft-log-0000000000157-00000001\n"
                                "recover 301..300\n");
    stop();
    clear_files();
}
END_TEST

/* What refuses once refuses again: nothing is removed on the way, in no
 * order of what is found first. */
START_TEST(refusal_removes_nothing)
{
    GByteArray *bytes;

    add_vote(2);
    add_snapshot(20, 1);
    add_snapshot(30, 1);
    add_file("raft-snapshot-tmp");
    add_log(1, 10, 1, 1, true); /* before the log that the next begins */
    add_log(21, 40, 1, 2, true);
    bytes = add_log(41, 60, 1, 2, false);
    add_log(61, 80, 1, 3, false);
    bytes->data[RAFT_LOG_HEADER + 5 * RAFT_LOG_RECORD] ^= 1;
    for (unsigned i = 0; i < 2; i++) {
        start();
        ck_assert_str_eq(said->str, "halt\n");
        stop();
    }
    clear_files();
}
END_TEST

/* A crash left an entry, and not the vote of the same SYNC: the term is kept,
 * and durable again before anything else is. */
START_TEST(entry_without_its_term)
{
    add_vote(2);
    add_log(1, 1, 3, 1, true);
    start();
    ck_assert_str_eq(said->str, "write raft-vote\nrecover 1..1\n");
    ck_assert_uint_eq(raft->term, 3);
    ck_assert_uint_eq(raft->vote, 0);
    stop();
    clear_files();
}
END_TEST

/* An entry that later ones knew to be durable: then so was its term. */
START_TEST(vote_file_lost_a_term)
{
    add_vote(2);
    add_log(1, 5, 3, 1, true);
    start();
    ck_assert_str_eq(said->str, "halt\n");
    stop();
    clear_files();
}
END_TEST

static Token
sync_of(unsigned after)
{
    for (unsigned i = after; i < fx.count; i++) {
        if (fx.items[i].kind == EFFECT_SYNC) {
            return fx.items[i].sync.token;
        }
    }
    return 0;
}

static const Effect *
answer(void)
{
    for (unsigned i = 0; i < fx.count; i++) {
        if (fx.items[i].kind == EFFECT_SEND) {
            return &fx.items[i];
        }
    }
    return NULL;
}

static uint64_t
match_of(const Effect *effect)
{
    g_autofree uint8_t *bytes = g_malloc(effects_parts_size(effect));
    RaftMessage m;

    effects_parts_gather(effect, bytes);
    ck_assert(
        raft_wire_decode(slice_of(bytes, effects_parts_size(effect)), &m));
    ck_assert_int_eq(m.kind, RAFT_APPEND_REPLY);
    ck_assert(m.append_reply.success);
    return m.append_reply.match_index;
}

static void
tell(const RaftMessage *m)
{
    Bytes *bytes = raft_wire_encode(m, NULL, 0);
    Input input = {.kind = INPUT_MESSAGE};

    input.message.link = link_datagram(2);
    input.message.channel = CHANNEL_RAFT;
    input.message.bytes = slice_bytes(bytes);
    give(input);
    bytes_unref(bytes);
}

static void
synced(Token token)
{
    Input input = {.kind = INPUT_SYNCED};

    input.synced.token = token;
    give(input);
}

/* An installed snapshot took the log's place. Until its name is durable, no
 * answer goes out that stands on it: a crash would leave neither. */
START_TEST(answers_wait_for_the_name)
{
    GByteArray *bytes = g_byte_array_new();
    RaftMessage offer = {.kind = RAFT_SNAPSHOT_REQUEST, .term = 2};
    RaftMessage beat = {.kind = RAFT_APPEND_REQUEST, .term = 2};
    uint64_t words[2];
    Token name;

    put_snapshot(bytes, 50, 2);
    memcpy(words, bytes->data + bytes->len - 16, 16);
    offer.snapshot_request.last_index = 50;
    offer.snapshot_request.last_term = 2;
    offer.snapshot_request.size = bytes->len;
    offer.snapshot_request.checksum = GUINT64_FROM_LE(words[1]);
    offer.snapshot_request.data = slice_of(bytes->data, bytes->len);
    offer.snapshot_request.done = true;
    beat.append_request.previous_index = 50;
    beat.append_request.previous_term = 2;

    add_vote(2);
    add_log(1, 8, 1, 1, true);
    start();
    tell(&offer);
    ck_assert_ptr_null(answer());
    synced(sync_of(0));
    name = sync_of(0);
    ck_assert_uint_ne(name, 0);
    ck_assert_uint_eq(answer()->after, name); /* installed */
    tell(&beat);
    ck_assert_ptr_nonnull(answer());
    ck_assert(answer()->after == name || match_of(answer()) < 50);
    synced(name);
    tell(&beat);
    ck_assert_ptr_nonnull(answer());
    ck_assert_uint_eq(answer()->after, 0);
    ck_assert_uint_eq(match_of(answer()), 50);
    stop();
    clear_files();
    g_byte_array_unref(bytes);
}
END_TEST

static Suite *
suite(void)
{
    Suite *s = suite_create("raft_files");
    TCase *t = tcase_create("files");

    tcase_add_test(t, superseded_first);
    tcase_add_test(t, removed_as_made);
    tcase_add_test(t, below_the_snapshot);
    tcase_add_test(t, refusal_removes_nothing);
    tcase_add_test(t, entry_without_its_term);
    tcase_add_test(t, vote_file_lost_a_term);
    tcase_add_test(t, answers_wait_for_the_name);
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

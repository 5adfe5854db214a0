/* SPDX-License-Identifier: Apache-2.0 */
/* From lines of text to records, and from violations to lines of text. */
#include "tests/check_script.h"

#include <check.h>
#include <errno.h>
#include <glib.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "nodes/frame.h"
#include "nodes/raft/raft_record.h"
#include "nodes/raft/raft_storage.h"
#include "sim/checks.h"
#include "sim/plan.h"
#include "tests/maker.h"

#define NUMBERS_MAX 4u

typedef struct Script {
    Maker maker;
    Checks *checks;
    NodeId node;
    uint64_t at;
    uint64_t numbers[NUMBERS_MAX];
    unsigned count;
    char file[FILE_NAME_MAX + 1];
    GByteArray *bytes; /* a WRITE or a message */
} Script;

static const CheckScriptRow *table;

static void
observe(void *checks, const Record *record)
{
    checks_observe(checks, record);
}

/* Probe verbs and how their numbers become values: the state's digest is the
 * third value of two probes. */
static const struct {
    const char *verb;
    uint32_t id;
    unsigned count;
} probes[] = {
    {"role", PROBE_RAFT_ROLE, 2},         {"append", PROBE_RAFT_APPEND, 3},
    {"truncate", PROBE_RAFT_TRUNCATE, 1}, {"commit", PROBE_RAFT_COMMIT, 1},
    {"apply", PROBE_RAFT_APPLY, 3},       {"recover", PROBE_RAFT_RECOVER, 4},
    {"corrupt", PROBE_RAFT_CORRUPT, 1},   {"snapshot", PROBE_RAFT_SNAPSHOT, 2},
    {"restore", PROBE_RAFT_RESTORE, 2},   {"match", PROBE_RAFT_MATCH, 3},
    {"state", PROBE_RAFT_STATE, 2},       {"invoke", PROBE_CLIENT_INVOKE, 1},
    {"outcome", PROBE_CLIENT_OUTCOME, 2},
};

static const struct {
    const char *verb;
    FactKind kind;
    uint64_t value;
} lives[] = {
    {"kill", FACT_CRASH, 1},
    {"power-loss", FACT_CRASH, 0},
    {"halt", FACT_HALT, 0},
    {"restart", FACT_RESTART, 2},
};

static bool
do_probe(Script *script, const char *verb)
{
    for (unsigned i = 0; i < G_N_ELEMENTS(probes); i++) {
        uint64_t values[NUMBERS_MAX] = {0};

        if (strcmp(probes[i].verb, verb) != 0) {
            continue;
        }
        ck_assert_uint_ge(script->count, probes[i].count);
        memcpy(values, script->numbers, sizeof(values));
        if (probes[i].id == PROBE_RAFT_SNAPSHOT ||
            probes[i].id == PROBE_RAFT_STATE ||
            probes[i].id == PROBE_RAFT_RESTORE) {
            values[2] = values[1];
            values[1] = 0;
        }
        maker_timer(&script->maker, 1);
        effects_probe(&script->maker.fx, probes[i].id, values, NUMBERS_MAX,
                      slice_of(NULL, 0));
        return true;
    }
    return false;
}

static bool
do_core(Script *script, const char *verb)
{
    static uint8_t hosts[16];
    Fact *fact;

    if (strcmp(verb, "core") != 0) {
        return false;
    }
    memset(hosts, 0, sizeof(hosts));
    for (unsigned i = 0; i < script->count; i++) {
        hosts[script->numbers[i]] = 1;
    }
    fact = maker_fact(&script->maker, FACT_FAULT);
    fact->node = 0;
    fact->fault_kind = FAULT_HEAL_CORE;
    fact->hosts = hosts;
    return true;
}

/* A client's stream to a node; a request or an answer is an empty frame. */
static bool
do_stream(Script *script, const char *verb)
{
    static const uint8_t frame[FRAME_HEADER + 1] = {0, 0, 0, 1, 'x'};
    NodeId client = (NodeId)script->numbers[0];
    LinkId link = link_stream(client, CHANNEL_CLIENT, 1) | LINK_ACCEPTED;
    Slice part = slice_of(frame, sizeof(frame));

    if (strcmp(verb, "open") == 0 || strcmp(verb, "reset") == 0) {
        maker_link(&script->maker, link, verb[0] == 'o' ? LINK_UP : LINK_RESET);
    } else if (strcmp(verb, "request") == 0) {
        maker_message(&script->maker, client, link, CHANNEL_CLIENT, part);
    } else if (strcmp(verb, "answer") == 0) {
        maker_timer(&script->maker, 1);
        effects_send(&script->maker.fx, link, CHANNEL_CLIENT, &part, 1);
    } else {
        return false;
    }
    return true;
}

static bool
do_life(Script *script, const char *verb)
{
    if (strcmp(verb, "start") == 0) {
        maker_start(&script->maker, 1, NULL, 0);
        return true;
    }
    for (unsigned i = 0; i < G_N_ELEMENTS(lives); i++) {
        if (strcmp(lives[i].verb, verb) == 0) {
            maker_fact(&script->maker, lives[i].kind)->value = lives[i].value;
            return true;
        }
    }
    return false;
}

static void
write_log(Script *script)
{
    const uint64_t *n = script->numbers;
    RaftFileHeader header = {
        .first_index = n[0], .epoch = (uint32_t)n[3], .starts_log = n[0] == 1};
    RaftEntry entry = {
        .term = n[2], .kind = RAFT_NOOP, .data = slice_of(NULL, 0)};
    uint8_t head[RAFT_LOG_HEADER];

    ck_assert_uint_eq(script->count, 4);
    raft_record_name(script->file, n[0], header.epoch);
    raft_record_file_header(head, &header);
    g_byte_array_append(script->bytes, head, RAFT_LOG_HEADER);
    entry.hash = raft_wire_entry_hash(RAFT_NOOP, entry.data);
    for (uint64_t i = n[0]; i <= n[1]; i++) {
        raft_record_head(head, i, 0, header.epoch, &entry);
        g_byte_array_append(script->bytes, head, RAFT_LOG_RECORD);
    }
}

static void
write_vote(Script *script)
{
    uint64_t words[5] = {0, 0, GUINT64_TO_LE(script->numbers[0]),
                         GUINT64_TO_LE(script->numbers[1]), 0};

    ck_assert_uint_eq(script->count, 2);
    g_strlcpy(script->file, RAFT_VOTE_FILE, sizeof(script->file));
    g_byte_array_append(script->bytes, (const guint8 *)words, sizeof(words));
}

static bool
do_disk(Script *script, const char *verb)
{
    static Slice file;
    Fact *fact;

    if (strcmp(verb, "log") == 0 || strcmp(verb, "vote") == 0) {
        (verb[0] == 'l' ? write_log : write_vote)(script);
        fact = maker_fact(&script->maker, FACT_WRITE);
        fact->file = script->file;
        fact->bytes = slice_of(script->bytes->data, script->bytes->len);
    } else if (strcmp(verb, "name") == 0) {
        g_snprintf(script->file, sizeof(script->file),
                   "raft-snapshot-%013" PRIu64, script->numbers[0]);
        fact = maker_fact(&script->maker, FACT_RENAME);
        fact->file = "raft-snapshot-tmp";
        fact->to = script->file;
    } else if (strcmp(verb, "sync") == 0) {
        raft_record_name(script->file, script->numbers[1],
                         (uint32_t)script->numbers[2]);
        if (script->numbers[1] == 0) {
            g_strlcpy(script->file, RAFT_VOTE_FILE, sizeof(script->file));
        }
        file = slice_text(script->file);
        fact = maker_fact(&script->maker, FACT_SYNC);
        fact->token = script->numbers[0];
        fact->files = &file;
        fact->file_count = 1;
    } else if (strcmp(verb, "durable") == 0 || strcmp(verb, "lie") == 0 ||
               strcmp(verb, "fail") == 0) {
        maker_synced(&script->maker, script->numbers[0],
                     verb[0] == 'f' ? EIO : 0);
        if (verb[0] == 'd') {
            maker_fact(&script->maker, FACT_DURABLE)->token =
                script->numbers[0];
        }
    } else {
        return false;
    }
    return true;
}

static bool
do_send(Script *script, const char *verb)
{
    const uint64_t *n = script->numbers;
    RaftMessage m = {.term = n[1]};
    uint8_t out[FRAME_HEADER + RAFT_WIRE_SMALL];
    size_t size;
    Fact *fact;

    if (strcmp(verb, "ask") == 0) {
        m.kind = RAFT_VOTE_REQUEST;
    } else if (strcmp(verb, "grant") == 0) {
        m.kind = RAFT_VOTE_REPLY;
        m.vote_reply.granted = true;
    } else if (strcmp(verb, "lead") == 0) {
        m.kind = RAFT_APPEND_REQUEST;
        maker_timer(&script->maker, 1); /* a step of its own */
    } else if (strcmp(verb, "ack") == 0) {
        m.kind = RAFT_APPEND_REPLY;
        m.append_reply.success = true;
        m.append_reply.match_index = n[2];
    } else if (strcmp(verb, "installed") == 0) {
        m.kind = RAFT_SNAPSHOT_REPLY;
        m.snapshot_reply.last_index = n[2];
        m.snapshot_reply.done = true;
    } else {
        return false;
    }
    size = raft_wire_encode_small(&m, out + FRAME_HEADER);
    frame_header(out, size);
    fact = maker_fact(&script->maker, FACT_SEND);
    fact->channel = CHANNEL_RAFT;
    if (m.kind == RAFT_SNAPSHOT_REPLY) {
        fact->link = link_stream((NodeId)n[0], CHANNEL_RAFT, 1);
        g_byte_array_append(script->bytes, out, (guint)(FRAME_HEADER + size));
    } else {
        fact->link = link_datagram((NodeId)n[0]);
        g_byte_array_append(script->bytes, out + FRAME_HEADER, (guint)size);
    }
    fact->bytes = slice_of(script->bytes->data, script->bytes->len);
    return true;
}

static void
run_line(Script *script, const char *line)
{
    char verb[32];
    int used = 0;

    ck_assert_int_eq(
        sscanf(line, "%" SCNu32 " %31s%n", &script->node, verb, &used), 2);
    g_byte_array_set_size(script->bytes, 0);
    maker_begin(&script->maker, ++script->at, script->node);
    line += used;
    if (strcmp(verb, "damage") == 0) {
        Fact *fact = maker_fact(&script->maker, FACT_DAMAGE);

        fact->text = line + 1;
        fact->fault_kind = fault_kind_find(line + 1);
        ck_assert_uint_ne(fact->fault_kind, FAULT_NONE);
        maker_end(&script->maker);
        return;
    }
    if (strcmp(verb, "wait") == 0) {
        script->at += g_ascii_strtoull(line, NULL, 10);
        maker_begin(&script->maker, ++script->at, script->node);
        maker_timer(&script->maker, 1);
        maker_end(&script->maker);
        return;
    }
    if (strcmp(verb, "heal") == 0) {
        Fact *fact = maker_fact(&script->maker, FACT_HEAL);

        fact->node = 0;
        fact->fault_kind = fault_kind_find(line + 1);
        maker_end(&script->maker);
        return;
    }
    if (strcmp(verb, "fault") == 0) {
        Fact *fact = maker_fact(&script->maker, FACT_FAULT);
        g_autofree char *kind = g_strndup(line + 1, strcspn(line + 1, " "));

        fact->text = line + 1;
        fact->fault_kind = fault_kind_find(kind);
        maker_end(&script->maker);
        return;
    }
    memset(script->numbers, 0, sizeof(script->numbers));
    script->count = 0;
    while (script->count < NUMBERS_MAX &&
           sscanf(line, "%" SCNu64 "%n", &script->numbers[script->count],
                  &used) == 1) {
        line += used;
        script->count++;
    }
    ck_assert_msg(do_probe(script, verb) || do_core(script, verb) ||
                      do_stream(script, verb) || do_life(script, verb) ||
                      do_disk(script, verb) || do_send(script, verb),
                  "no verb: %s", verb);
    maker_end(&script->maker);
}

/* A script is about a few things, and leaves out what others need: a leader
 * is asked for its votes only where it says so. */
static bool
asked(const char *text, const char *check)
{
    return strstr(text, "# votes\n") != NULL ||
           (strcmp(check, "election-quorum") != 0 &&
            strcmp(check, "durable-candidacy") != 0);
}

char *
check_script_run(const char *text, unsigned node_count)
{
    g_auto(GStrv) lines = g_strsplit(text, "\n", 0);
    GString *said = g_string_new("");
    const GPtrArray *violations;
    const Expect expect = {.safety = true,
                           .liveness_within = CHECK_SCRIPT_WITHIN,
                           .answer_within = CHECK_SCRIPT_WITHIN};
    Script script = {.bytes = g_byte_array_new()};

    script.checks = checks_new(node_count, &expect);
    maker_init(&script.maker, observe, script.checks);
    for (unsigned i = 0; lines[i] != NULL; i++) {
        if (lines[i][0] != '\0' && lines[i][0] != '#') {
            run_line(&script, lines[i]);
        }
    }
    checks_finish(script.checks, script.at);
    violations = checks_violations(script.checks);
    for (unsigned i = 0; i < violations->len; i++) {
        const Violation *one = g_ptr_array_index(violations, i);

        if (!asked(text, one->check)) {
            continue;
        }
        g_string_append_printf(said, "%s n%u: %s\n", one->check, one->node,
                               one->message);
    }
    maker_clear(&script.maker);
    maker_forget();
    checks_free(script.checks);
    g_byte_array_unref(script.bytes);
    return g_string_free(said, FALSE);
}

START_TEST(row)
{
    const CheckScriptRow *one = &table[_i];
    char *said = check_script_run(one->script, 3);

    ck_assert_msg(strcmp(said, one->want) == 0,
                  "%s\n-- expected:\n%s-- found:\n%s", one->name, one->want,
                  said);
    g_free(said);
}
END_TEST

int
check_script_main(const char *name, const CheckScriptRow *rows,
                  unsigned row_count)
{
    Suite *suite = suite_create(name);
    TCase *tcase = tcase_create("rows");
    SRunner *runner;
    int failed;

    table = rows;
    tcase_add_loop_test(tcase, row, 0, (int)row_count);
    suite_add_tcase(suite, tcase);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

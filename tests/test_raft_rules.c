/* SPDX-License-Identifier: Apache-2.0 */
/* The rules of Raft's figure 2, one node at a time: what it is told, and the
 * effects it answers with, as text. With planted bugs compiled in, each is
 * switched on and the row of the rule that it breaks must notice. */
#include <check.h>
#include <glib.h>
#include <stdlib.h>
#include <string.h>

#include "nodes/bugs.h"
#include "nodes/probes.h"
#include "nodes/raft/raft.h"

static Raft *raft;
static Effects fx;
static GString *text; /* the effects of the last input */
static SimTime now;
static Token last_sync;

static const char *const probe_names[] = {
    "none",
#define PROBE(name, text_, values) text_,
#include "nodes/probes.def"
#undef PROBE
};

/* A machine that does nothing. */
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

static const RaftMachine machine = {.apply = apply, .role = role};

static void
text_message(const Effect *effect)
{
    g_autofree uint8_t *bytes = g_malloc(effects_parts_size(effect) + 1);
    RaftMessage m;

    effects_parts_gather(effect, bytes);
    g_assert(raft_wire_decode(slice_of(bytes, effects_parts_size(effect)), &m));
    g_string_append_printf(text, "to %u: ", link_peer(effect->send.link));
    switch (m.kind) {
    case RAFT_VOTE_REQUEST:
        g_string_append_printf(text, "%svote_request term %u last %u/%u",
                               m.vote_request.pre_vote ? "pre-" : "",
                               (unsigned)m.term,
                               (unsigned)m.vote_request.last_log_index,
                               (unsigned)m.vote_request.last_log_term);
        break;
    case RAFT_VOTE_REPLY:
        g_string_append_printf(text, "%svote_reply term %u %s",
                               m.vote_reply.pre_vote ? "pre-" : "",
                               (unsigned)m.term,
                               m.vote_reply.granted ? "grant" : "refuse");
        break;
    case RAFT_APPEND_REQUEST:
        g_string_append_printf(
            text, "append term %u previous %u/%u commit %u entries %u",
            (unsigned)m.term, (unsigned)m.append_request.previous_index,
            (unsigned)m.append_request.previous_term,
            (unsigned)m.append_request.commit_index,
            m.append_request.entry_count);
        break;
    case RAFT_APPEND_REPLY:
        if (m.append_reply.success) {
            g_string_append_printf(text, "append_reply term %u match %u",
                                   (unsigned)m.term,
                                   (unsigned)m.append_reply.match_index);
        } else {
            g_string_append_printf(
                text, "append_reply term %u refuse %u/%u last %u",
                (unsigned)m.term, (unsigned)m.append_reply.conflict_index,
                (unsigned)m.append_reply.conflict_term,
                (unsigned)m.append_reply.last_index);
        }
        break;
    default:
        g_assert_not_reached();
    }
}

/* Hashes are left out; a wait is for "sync", the one token there is. */
static void
text_effect(const Effect *effect)
{
    switch (effect->kind) {
    case EFFECT_SEND:
        text_message(effect);
        break;
    case EFFECT_TIMER:
        return; /* test_raft_cluster sees whether they fire */
    case EFFECT_WRITE:
        g_string_append_printf(text, "write %s", effect->disk.file);
        break;
    case EFFECT_SYNC:
        last_sync = effect->sync.token;
        g_string_append(text, "sync");
        for (unsigned i = 0; i < effect->part_count; i++) {
            g_string_append_printf(text, " %s",
                                   (const char *)effect->parts[i].data);
        }
        break;
    case EFFECT_PROBE:
        if (effect->probe.id == PROBE_RAFT_APPLY ||
            effect->probe.id == PROBE_SOMETIMES) {
            return;
        }
        g_string_append_printf(text, "%s", probe_names[effect->probe.id]);
        for (unsigned i = 0; i < effect->probe.count && i < 2; i++) {
            g_string_append_printf(text, " %u",
                                   (unsigned)effect->probe.values[i]);
        }
        break;
    case EFFECT_HALT:
        g_string_append(text, "halt");
        break;
    default:
        g_string_append_printf(text, "effect %d", effect->kind);
    }
    if (effect->after != 0) {
        g_assert(effect->after == last_sync);
        g_string_append(text, " after sync");
    }
    g_string_append(text, "\n");
}

static void
give(Input input)
{
    g_string_truncate(text, 0);
    effects_reset(&fx);
    input.now = now;
    input.dice = (Dice){1, now};
    raft_step(raft, &input, &fx);
    for (unsigned i = 0; i < fx.count; i++) {
        text_effect(&fx.items[i]);
    }
}

static void
synced(void)
{
    Input input = {.kind = INPUT_SYNCED};

    input.synced.token = last_sync;
    give(input);
}

static void
message(NodeId from, const RaftMessage *m, const RaftEntry *entries,
        unsigned count)
{
    RaftSpan span = {entries, count};
    Bytes *bytes = raft_wire_encode(m, &span, 1);
    Input input = {.kind = INPUT_MESSAGE};

    input.message.link = link_datagram(from);
    input.message.channel = CHANNEL_RAFT;
    input.message.bytes = slice_bytes(bytes);
    give(input);
    bytes_unref(bytes);
}

/* @terms: one digit an entry. */
static void
append(NodeId from, uint64_t term, uint64_t previous, uint64_t previous_term,
       const char *terms, uint64_t commit)
{
    RaftMessage m = {.kind = RAFT_APPEND_REQUEST, .term = term};
    RaftEntry entries[16];
    unsigned count = (unsigned)strlen(terms);

    for (unsigned i = 0; i < count; i++) {
        entries[i] = (RaftEntry){.term = (uint64_t)(terms[i] - '0'),
                                 .kind = RAFT_NOOP,
                                 .data = slice_of(NULL, 0)};
        entries[i].hash = raft_wire_entry_hash(RAFT_NOOP, entries[i].data);
    }
    m.append_request.previous_index = previous;
    m.append_request.previous_term = previous_term;
    m.append_request.commit_index = commit;
    m.append_request.sequence = 1;
    message(from, &m, entries, count);
}

static void
vote_request(NodeId from, uint64_t term, uint64_t index, uint64_t last_term,
             bool pre_vote)
{
    RaftMessage m = {.kind = RAFT_VOTE_REQUEST,
                     .term = term,
                     .vote_request = {index, last_term, pre_vote}};

    message(from, &m, NULL, 0);
}

static void
vote_reply(NodeId from, uint64_t term, bool granted, bool pre_vote)
{
    RaftMessage m = {.kind = RAFT_VOTE_REPLY,
                     .term = term,
                     .vote_reply = {granted, pre_vote}};

    message(from, &m, NULL, 0);
}

static void
append_reply(NodeId from, uint64_t term, uint64_t match)
{
    RaftMessage m = {.kind = RAFT_APPEND_REPLY, .term = term};

    m.append_reply.success = true;
    m.append_reply.match_index = match;
    m.append_reply.last_index = match;
    m.append_reply.sequence = 1;
    message(from, &m, NULL, 0);
}

static void
propose(void)
{
    Input input = {.kind = INPUT_ROOM, .now = now, .dice = {1, now}};

    g_string_truncate(text, 0);
    effects_reset(&fx);
    raft_begin(raft, &input);
    g_assert(raft_propose(raft, slice_text("x"), &fx) != 0);
    raft_end(raft, &fx);
    for (unsigned i = 0; i < fx.count; i++) {
        text_effect(&fx.items[i]);
    }
}

static void
timer(void)
{
    Input input = {.kind = INPUT_TIMER};

    now += SIM_S;
    input.timer.id = RAFT_TIMER_ELECTION;
    give(input);
}

/* The log has entries of @terms, all durable; the leader is node 2, silent
 * for a second. */
static void
given(const char *terms, uint64_t term)
{
    append(2, term, 0, 0, terms, 0);
    synced();
    now += SIM_S;
}

/* Become leader in the next term with node 2's votes; its no-op is
 * durable. */
static void
lead(void)
{
    uint64_t term = raft->term + 1;

    timer();
    vote_reply(2, term, true, true);
    synced();
    vote_reply(2, term, true, false);
    synced();
    g_assert(raft->role == RAFT_LEADER);
}

static void
append_stale(void)
{
    given("11", 3);
    append(3, 2, 2, 1, "2", 0);
}

static void
append_gap(void)
{
    given("11", 1);
    append(2, 1, 5, 1, "1", 0);
}

static void
append_other_term(void)
{
    given("1122", 2);
    append(3, 3, 4, 3, "3", 0);
}

static void
append_new(void)
{
    given("1", 1);
    append(2, 1, 1, 1, "11", 0);
}

static void
append_again(void)
{
    given("111", 1);
    append(2, 1, 1, 1, "11", 0);
}

static void
append_conflict(void)
{
    given("1111", 1);
    append(3, 2, 2, 1, "2", 0);
}

/* An older, shorter message comes late: what follows stays. */
static void
append_overtaken(void)
{
    given("1111", 1);
    append(2, 1, 1, 1, "1", 0);
}

static void
append_commits(void)
{
    given("111", 1);
    append(2, 1, 3, 1, "", 2);
}

/* The leader's commit index is beyond what this message verified. */
static void
append_commits_new_only(void)
{
    given("1111", 1);
    append(3, 2, 2, 1, "", 4);
}

/* A SYNC is under way: the next entries share the one after it. */
static void
append_waits(void)
{
    given("1", 1);
    append(2, 1, 1, 1, "1", 0);
    append(2, 1, 2, 1, "1", 0);
    append(2, 1, 3, 1, "1", 0);
    synced();
}

/* What came early is kept; when the gap is filled, one answer for all. */
static void
append_early(void)
{
    given("1", 1);
    append(2, 1, 3, 1, "1", 3);
    append(2, 1, 2, 1, "1", 2);
    append(2, 1, 2, 1, "1", 2);
    append(2, 1, 1, 1, "1", 1);
}

/* But not beyond the term in which it came. */
static void
append_early_of_the_past(void)
{
    given("1", 1);
    append(2, 1, 2, 1, "1", 0);
    append(3, 2, 1, 1, "2", 0);
}

/* A refusal does not take the place of an acknowledgement that waits. */
static void
append_waits_behind_refusal(void)
{
    given("1", 1);
    append(2, 1, 1, 1, "1", 0);
    append(2, 1, 2, 1, "1", 0);
    append(2, 1, 9, 1, "1", 0);
    append(2, 1, 3, 1, "", 0);
    synced();
}

static void
vote_granted(void)
{
    given("11", 1);
    vote_request(3, 2, 2, 1, false);
}

static void
vote_once(void)
{
    given("11", 1);
    vote_request(3, 2, 2, 1, false);
    synced();
    vote_request(2, 2, 2, 1, false);
}

static void
vote_again(void)
{
    given("11", 1);
    vote_request(3, 2, 2, 1, false);
    synced();
    vote_request(3, 2, 2, 1, false);
}

static void
vote_stale(void)
{
    given("11", 5);
    vote_request(3, 4, 2, 1, false);
}

static void
vote_shorter(void)
{
    given("11", 1);
    vote_request(3, 2, 1, 1, false);
}

static void
vote_longer_but_older(void)
{
    given("12", 2);
    vote_request(3, 3, 9, 1, false);
}

static void
vote_shorter_but_newer(void)
{
    given("1111", 1);
    vote_request(3, 3, 2, 2, false);
}

/* It voted for itself, and then followed another of the same term. */
static void
vote_after_candidacy(void)
{
    given("11", 1);
    timer();
    vote_reply(2, 2, true, true);
    synced();
    append(3, 2, 2, 1, "", 0);
    now += SIM_S;
    vote_request(2, 2, 2, 1, false);
}

static void
vote_while_leader_is_heard(void)
{
    given("11", 1);
    append(2, 1, 2, 1, "", 0);
    vote_request(3, 9, 2, 1, false);
}

static void
pre_vote(void)
{
    given("11", 1);
    vote_request(3, 2, 2, 1, true);
}

static void
pre_vote_while_leader_is_heard(void)
{
    given("11", 1);
    append(2, 1, 2, 1, "", 0);
    vote_request(3, 2, 2, 1, true);
}

static void
campaign(void)
{
    given("11", 1);
    timer();
}

static void
candidacy(void)
{
    given("11", 1);
    timer();
    vote_reply(3, 2, true, true);
}

static void
election(void)
{
    given("11", 1);
    timer();
    vote_reply(3, 2, true, true);
    synced();
    vote_reply(3, 2, true, false);
}

/* Grants alone do not count while its own vote is not durable. */
static void
election_waits(void)
{
    given("11", 1);
    timer();
    vote_reply(3, 2, true, true);
    vote_reply(3, 2, true, false);
}

/* Figure 8: a majority holds the entry of term 2, the leader is of 3. */
static void
figure_8(void)
{
    given("12", 2);
    lead();
    append_reply(2, 3, 2);
}

/* And when its own entry is held by a majority, all before it are. */
static void
figure_8_ends(void)
{
    figure_8();
    append_reply(2, 3, 3);
}

/* A follower holds more than it has said is the same: what it said counts. */
static void
commit_by_match(void)
{
    RaftMessage m = {.kind = RAFT_APPEND_REPLY, .term = 2};

    given("11", 1);
    lead();
    m.append_reply.success = true;
    m.append_reply.match_index = 2;
    m.append_reply.last_index = 3;
    m.append_reply.sequence = 1;
    message(2, &m, NULL, 0);
}

/* The leader's own fifth entry still waits for its SYNC. */
static void
commit_counts_durable(void)
{
    given("11", 1);
    lead();
    propose();
    propose();
    synced();
    append_reply(2, 2, 5);
}

static void
newer_term_ends_leadership(void)
{
    given("1", 1);
    lead();
    append_reply(3, 7, 0);
}

static void
damaged_message(void)
{
    Input input = {.kind = INPUT_MESSAGE};

    input.message.link = link_datagram(2);
    input.message.channel = CHANNEL_RAFT;
    input.message.bytes = slice_text("nonsense");
    give(input);
}

static const struct {
    const char *name;
    void (*run)(void);
    int bug; /* that this row must notice, or -1 */
    const char *want;
} rules[] = {
#include "tests/raft_rules.def"
};

static void
run(unsigned number)
{
    RaftSettings settings;
    Input input = {.kind = INPUT_START};

    now = SIM_S;
    text = g_string_new(NULL);
    effects_init(&fx);
    raft_settings_init(&settings);
    raft = raft_new(1, 3, &settings, &machine, NULL);
    input.start.incarnation = 1;
    give(input);
    synced();
    rules[number].run();
}

static void
end(void)
{
    raft_free(raft);
    effects_clear(&fx);
    g_string_free(text, TRUE);
}

START_TEST(rule)
{
    unsigned number = (unsigned)_i;

    run(number);
    ck_assert_msg(strcmp(text->str, rules[number].want) == 0,
                  "%s:\n%swanted:\n%s", rules[number].name, text->str,
                  rules[number].want);
    end();
}
END_TEST

#if SEEDBED_BUGS
START_TEST(bug_is_noticed)
{
    unsigned number = (unsigned)_i;

    if (rules[number].bug < 0) {
        return;
    }
    bugs_mask = (uint64_t)1 << rules[number].bug;
    run(number);
    ck_assert_msg(strcmp(text->str, rules[number].want) != 0,
                  "%s: %s goes unnoticed", rules[number].name,
                  bugs_row(rules[number].bug)->name);
    end();
    bugs_mask = 0;
}
END_TEST
#endif

static Suite *
suite(void)
{
    Suite *s = suite_create("raft_rules");
    TCase *t = tcase_create("rules");

    tcase_add_loop_test(t, rule, 0, G_N_ELEMENTS(rules));
#if SEEDBED_BUGS
    tcase_add_loop_test(t, bug_is_noticed, 0, G_N_ELEMENTS(rules));
#endif
    suite_add_tcase(s, t);
    return s;
}

int
main(int argc, char **argv)
{
    SRunner *runner;
    int failed;

    if (argc == 2 && strcmp(argv[1], "--print") == 0) {
        for (unsigned i = 0; i < G_N_ELEMENTS(rules); i++) {
            run(i);
            g_print("== %s\n%s", rules[i].name, text->str);
            end();
        }
        return EXIT_SUCCESS;
    }
    runner = srunner_create(suite());
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

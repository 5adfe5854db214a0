/* SPDX-License-Identifier: Apache-2.0 */
/* Elections. One timer serves all roles: it is never moved when a message
 * comes; when it fires it looks at who was heard and goes on waiting. */
#include "nodes/raft/raft_election.h"

#include "nodes/bugs.h"
#include "nodes/probes.h"
#include "nodes/raft/raft_replication.h"
#include "nodes/raft/raft_storage.h"

static void check_quorum(Raft *raft, Effects *fx);
static void campaign(Raft *raft, bool pre_vote, Effects *fx);
static void granted(Raft *raft, NodeId from, Effects *fx);
static void count_votes(Raft *raft, Effects *fx);
static void lead(Raft *raft, Effects *fx);
static void ask(Raft *raft, bool pre_vote, Token after, Effects *fx);
static bool hears_leader(const Raft *raft);
static bool up_to_date(const Raft *raft, uint64_t last_index,
                       uint64_t last_term);
static void set_term(Raft *raft, uint64_t term, NodeId vote, Effects *fx);
static void set_timeout(Raft *raft, Effects *fx);
static void tell_role(Raft *raft, Effects *fx);

void
raft_election_timer(Raft *raft, Effects *fx)
{
    SimTime deadline = raft->timer_base + raft->timeout;

    if (raft->role == RAFT_LEADER) {
        check_quorum(raft, fx);
        return;
    }
    if (raft->now < deadline) {
        effects_timer(fx, RAFT_TIMER_ELECTION, deadline);
        return;
    }
    campaign(raft, raft->settings.pre_vote, fx);
}

void
raft_election_request(Raft *raft, NodeId from, const RaftMessage *m,
                      Effects *fx)
{
    bool pre_vote = m->vote_request.pre_vote;
    bool current = up_to_date(raft, m->vote_request.last_log_index,
                              m->vote_request.last_log_term);
    RaftMessage *reply;
    bool grant;

    /* A server that hears a leader is not to be disturbed: thesis 4.2.3. It
     * neither votes nor learns the term. */
    if (hears_leader(raft) && m->term > raft->term && !pre_vote) {
        SOMETIMES(fx, RAFT_VOTE_LEADER_HEARD);
        return;
    }
    if (pre_vote) {
        /* Thesis 9.6: would we vote? Nothing changes here, so nothing need
         * be durable. A grant names the term that was asked for. */
        grant = m->term > raft->term && current && !hears_leader(raft) &&
                !RAFT_BUGGIFY(raft, REFUSE_PRE_VOTE, fx);
        raft_send(raft, from,
                  &(RaftMessage){.kind = RAFT_VOTE_REPLY,
                                 .term = grant ? m->term : raft->term,
                                 .vote_reply = {grant, true}},
                  0, fx);
        return;
    }
    if (m->term > raft->term) {
        raft_election_follow(raft, m->term, 0, fx);
    }
    /* Raft Fig. 2, RequestVote: one vote a term, first come, first served,
     * to a candidate whose log is at least as complete. */
    grant = m->term == raft->term && current &&
            (raft->vote == 0 || raft->vote == from);
    if (m->term == raft->term && !current) {
        SOMETIMES(fx, RAFT_VOTE_LOG_BEHIND);
    } else if (m->term == raft->term && !grant) {
        SOMETIMES(fx, RAFT_VOTE_TAKEN);
    }
    if (grant) {
        g_assert(raft->role != RAFT_CANDIDATE && raft->role != RAFT_LEADER);
        raft_election_follow(raft, raft->term, raft->leader, fx);
        if (raft->vote != from) {
            set_term(raft, raft->term, from, fx);
        }
        raft->timer_base = raft->now;
    }
    reply = raft_storage_answer(raft, from, RAFT_VOTE_REPLY, 0);
    reply->vote_reply.granted = grant;
    reply->vote_reply.pre_vote = false;
}

void
raft_election_reply(Raft *raft, NodeId from, const RaftMessage *m, Effects *fx)
{
    if (m->vote_reply.pre_vote && m->vote_reply.granted) {
        if ((raft->role == RAFT_PRE_CANDIDATE && m->term == raft->term + 1) ||
            (BUG(RAFT_PRE_VOTE_COUNTED) && raft->role == RAFT_CANDIDATE &&
             m->term == raft->term)) {
            granted(raft, from, fx);
        }
        return;
    }
    if (m->term > raft->term) {
        raft_election_follow(raft, m->term, 0, fx);
        return;
    }
    if (raft->role == RAFT_CANDIDATE &&
        (m->term == raft->term || BUG(RAFT_STALE_VOTE_COUNTED)) &&
        m->vote_reply.granted && !m->vote_reply.pre_vote) {
        granted(raft, from, fx);
    }
}

void
raft_election_durable(Raft *raft, Effects *fx)
{
    if (raft->role == RAFT_CANDIDATE && !raft->self_vote &&
        raft->vote_durable == raft->vote_generation) {
        raft->self_vote = true;
        count_votes(raft, fx);
    }
}

void
raft_election_follow(Raft *raft, uint64_t term, NodeId leader, Effects *fx)
{
    bool was_leader = raft->role == RAFT_LEADER;
    bool changed = raft->role != RAFT_FOLLOWER || term != raft->term ||
                   leader != raft->leader;

    g_assert(term >= raft->term || BUG(RAFT_TERM_GOES_BACK)); /* section 5.1 */
    if (!changed) {
        return;
    }
    if (was_leader && raft->log.last_index > raft->commit_index) {
        SOMETIMES(fx, RAFT_LEADER_UNCOMMITTED);
    }
    if (was_leader && term > raft->term) {
        SOMETIMES(fx, RAFT_LEADER_DEPOSED);
    }
    raft->role = RAFT_FOLLOWER;
    raft->leader = leader;
    raft->ask_votes = false;
    if (term > raft->term || (BUG(RAFT_TERM_GOES_BACK) && term < raft->term)) {
        set_term(raft, term, 0, fx);
    } else if (BUG(RAFT_DOUBLE_VOTE) && raft->vote != 0) {
        set_term(raft, term, 0, fx);
    }
    if (was_leader) {
        raft_replication_stop(raft, fx);
        raft->timer_base = raft->now;
        set_timeout(raft, fx);
    }
    tell_role(raft, fx);
}

void
raft_election_start(Raft *raft, Effects *fx)
{
    raft->role = RAFT_FOLLOWER;
    raft->timer_base = raft->now;
    set_timeout(raft, fx);
    tell_role(raft, fx);
}

void
raft_election_flush(Raft *raft, Effects *fx)
{
    Token after;

    /* A candidate asks when its own vote is on its way to the disk, and the
     * question leaves when it is there: else, after a crash, it could ask
     * again in the same term with a shorter log and count old grants. */
    if (raft->ask_votes && raft_storage_wait(raft, 0, &after)) {
        raft->ask_votes = false;
        ask(raft, false, after, fx);
    }
}

/* A leader that has not heard a quorum for an election timeout steps down:
 * thesis 6.2. */
static void
check_quorum(Raft *raft, Effects *fx)
{
    uint64_t heard[RAFT_VOTERS_MAX];
    uint64_t quorum_heard;

    effects_timer(fx, RAFT_TIMER_ELECTION,
                  raft->now + raft->settings.election_timeout.high);
    if (!raft->settings.check_quorum || BUG(RAFT_LEADER_STAYS)) {
        return;
    }
    for (unsigned i = 0; i < raft->configuration.voter_count; i++) {
        NodeId id = raft->configuration.voters[i];

        heard[i] = id == raft->self ? raft->now : raft->peers[id].heard_at;
    }
    quorum_heard = raft_quorum_value(raft, heard);
    g_assert(quorum_heard <= raft->now);
    if (quorum_heard + raft->settings.election_timeout.high < raft->now) {
        SOMETIMES(fx, RAFT_LEADER_WITHOUT_QUORUM);
        raft_election_follow(raft, raft->term, 0, fx);
    } else if (RAFT_BUGGIFY(raft, STEP_DOWN, fx)) {
        raft_election_follow(raft, raft->term, 0, fx);
    }
}

static void
campaign(Raft *raft, bool pre_vote, Effects *fx)
{
    g_assert(raft->role != RAFT_LEADER);
    if (raft->role == RAFT_CANDIDATE) {
        SOMETIMES(fx, RAFT_SPLIT_VOTE);
    } else if (raft->role == RAFT_PRE_CANDIDATE && pre_vote) {
        SOMETIMES(fx, RAFT_PRE_VOTE_FAILED);
    }
    for (unsigned i = 1; i <= raft->node_count; i++) {
        raft->peers[i].granted = 0;
    }
    raft->leader = 0;
    raft->self_vote = pre_vote;
    raft->role = pre_vote ? RAFT_PRE_CANDIDATE : RAFT_CANDIDATE;
    raft->ask_votes = false;
    raft->timer_base = raft->now;
    set_timeout(raft, fx);
    if (!pre_vote) {
        /* Raft section 5.2: next term, vote for itself. */
        set_term(raft, raft->term + 1, raft->self, fx);
        raft->ask_votes = true;
    }
    tell_role(raft, fx);
    if (pre_vote) {
        ask(raft, true, 0, fx);
        count_votes(raft, fx);
    }
}

/* A voter counts once, however often its answer comes. */
static void
granted(Raft *raft, NodeId from, Effects *fx)
{
    RaftPeer *peer = &raft->peers[from];

    peer->granted = BUG(RAFT_VOTE_COUNTED_TWICE) ? peer->granted + 1 : 1;
    count_votes(raft, fx);
}

static void
count_votes(Raft *raft, Effects *fx)
{
    unsigned votes = 0;

    g_assert(raft->role == RAFT_PRE_CANDIDATE || raft->role == RAFT_CANDIDATE);
    for (unsigned i = 0; i < raft->configuration.voter_count; i++) {
        NodeId id = raft->configuration.voters[i];

        votes += id == raft->self ? raft->self_vote : raft->peers[id].granted;
    }
    if (votes < raft_majority(raft)) {
        return;
    }
    if (raft->role == RAFT_PRE_CANDIDATE) {
        campaign(raft, false, fx);
    } else {
        lead(raft, fx);
    }
}

static void
lead(Raft *raft, Effects *fx)
{
    g_assert(raft->vote == raft->self);
    raft->role = RAFT_LEADER;
    raft->leader = raft->self;
    raft->ask_votes = false;
    tell_role(raft, fx);
    raft_replication_start(raft, fx);
    effects_timer(fx, RAFT_TIMER_ELECTION,
                  raft->now + raft->settings.election_timeout.high);
    /* A leader may commit entries of earlier terms only beneath one of its
     * own (Raft section 5.4.2): begin with an empty one (section 8). */
    raft_append(raft, RAFT_NOOP, slice_of(NULL, 0), fx);
}

static void
ask(Raft *raft, bool pre_vote, Token after, Effects *fx)
{
    RaftMessage m = {
        .kind = RAFT_VOTE_REQUEST,
        .term = pre_vote ? raft->term + 1 : raft->term,
        .vote_request = {raft->log.last_index,
                         raft_log_term(&raft->log, raft->log.last_index),
                         pre_vote},
    };

    for (unsigned i = 0; i < raft->configuration.voter_count; i++) {
        NodeId id = raft->configuration.voters[i];

        if (id != raft->self) {
            raft_send(raft, id, &m, after, fx);
        }
    }
}

static bool
hears_leader(const Raft *raft)
{
    if (!raft->settings.check_quorum) {
        return false;
    }
    return raft->role == RAFT_LEADER ||
           (raft->role == RAFT_FOLLOWER && raft->leader != 0 &&
            raft->now <
                raft->leader_heard_at + raft->settings.election_timeout.low);
}

/* Raft section 5.4.1: the later last term wins; in the same term the longer
 * log. */
static bool
up_to_date(const Raft *raft, uint64_t last_index, uint64_t last_term)
{
    uint64_t our_term = raft_log_term(&raft->log, raft->log.last_index);

    if (BUG(RAFT_STALE_LOG_VOTE)) {
        return last_index >= raft->log.last_index;
    }
    return last_term > our_term ||
           (last_term == our_term && last_index >= raft->log.last_index);
}

static void
set_term(Raft *raft, uint64_t term, NodeId vote, Effects *fx)
{
    g_assert(term >= raft->term || BUG(RAFT_TERM_GOES_BACK));
    if (term != raft->term) {
        raft_replication_drop_early(raft);
        raft_storage_drop_answers(raft);
    }
    raft->term = term;
    raft->vote = vote;
    raft->vote_generation++;
    if (vote != 0) {
        uint64_t values[2] = {term, vote};

        effects_probe(fx, PROBE_RAFT_VOTE, values, 2, slice_of(NULL, 0));
    }
}

/* Raft section 5.2: drawn anew, so that split votes end. */
static void
set_timeout(Raft *raft, Effects *fx)
{
    raft->timeout = raft_draw(raft, raft->settings.election_timeout.low,
                              raft->settings.election_timeout.high);
    if (RAFT_BUGGIFY(raft, TIMEOUT_LEAST, fx)) {
        raft->timeout = raft->settings.election_timeout.low;
    }
    effects_timer(fx, RAFT_TIMER_ELECTION, raft->timer_base + raft->timeout);
}

static void
tell_role(Raft *raft, Effects *fx)
{
    uint64_t values[3] = {raft->role, raft->term, raft->leader};

    effects_probe(fx, PROBE_RAFT_ROLE, values, 3, slice_of(NULL, 0));
    raft->machine->role(raft->machine_self, fx);
}

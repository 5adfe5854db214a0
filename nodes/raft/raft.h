/* SPDX-License-Identifier: Apache-2.0 */
/* Raft: a replicated log under a state machine, sans-I/O.
 *
 * From Ongaro and Ousterhout, "In Search of an Understandable Consensus
 * Algorithm (Extended Version)" (2014), cited as "Raft", and Ongaro,
 * "Consensus: Bridging Theory and Practice" (2014), cited as "thesis".
 *
 * A step takes one input and leaves effects. At its end raft_flush() does
 * what the step made necessary, once: write and sync what is new, answer what
 * is durable, send what followers lack. So many proposals in one step are one
 * write and one message.
 *
 * The parts: raft_election (roles, votes), raft_replication (leader and
 * followers), raft_log and raft_record (entries in memory and on disk),
 * raft_storage (term and vote, syncs, answers that wait for them),
 * raft_recovery (what a restart reads), raft_snapshot (taking one),
 * raft_install (sending and receiving one), raft_wire (messages).
 *
 * Not here yet, with a place kept: membership change and learners
 * (RaftConfiguration is the one place that knows who votes, RAFT_CONFIGURATION
 * the kind of their entries), read index and leases (AppendRequest.sequence
 * is a round that a quorum's replies confirm), leadership transfer (a
 * campaign() without pre-vote), client sessions (a matter of the machine). */
#ifndef SEEDBED_RAFT_H
#define SEEDBED_RAFT_H

#include "nodes/buggify.h"
#include "nodes/buggify_sites.h"
#include "nodes/bugs.h"
#include "nodes/effects.h"
#include "nodes/frame.h"
#include "nodes/quantity.h"
#include "nodes/raft/raft_log.h"
#include "nodes/raft/raft_wire.h"
#include "nodes/sometimes.h"

#define RAFT_VOTERS_MAX   64u
#define RAFT_INFLIGHT_MAX 4096u
#define RAFT_SYNCS_MAX    16u
/* AppendRequests that came before what they follow. */
#define RAFT_EARLY_MAX 64u
/* Refusals of one gap that mean loss and not reordering; as TCP's three
 * duplicate acknowledgements (RFC 5681, section 3.2). */
#define RAFT_GAP_REFUSALS 3u
/* A stream's message: one entry of the largest size, or a batch. */
#define RAFT_FRAME_MAX (RAFT_LOG_DATA_MAX + 256u * 1024)

typedef enum RaftRole {
    RAFT_FOLLOWER = 0,
    RAFT_PRE_CANDIDATE = 1,
    RAFT_CANDIDATE = 2,
    RAFT_LEADER = 3,
} RaftRole;

typedef enum RaftPhase {
    RAFT_STARTING,   /* no START seen */
    RAFT_RECOVERING, /* reading what survived */
    RAFT_ACTIVE,
    RAFT_HALTED,
} RaftPhase;

/* What a leader knows of a follower's log (thesis 10.2.1, and the modes of
 * etcd's Progress): PROBE looks for where the logs agree, one message at a
 * time; REPLICATE sends ahead; SNAPSHOT waits for an install. */
typedef enum RaftPeerMode {
    RAFT_PROBE,
    RAFT_REPLICATE,
    RAFT_SNAPSHOT,
} RaftPeerMode;

typedef enum RaftStreamState {
    RAFT_STREAM_CLOSED,
    RAFT_STREAM_OPENING,
    RAFT_STREAM_UP,
} RaftStreamState;

typedef struct RaftSettings {
    QuantityRange election_timeout; /* ns */
    uint64_t heartbeat;             /* ns */
    uint64_t batch_max_entries;
    uint64_t batch_max_bytes;    /* of one message on a stream */
    uint64_t inflight_max;       /* AppendRequests ahead of a follower's acks */
    uint64_t snapshot_threshold; /* entries applied since the last one; 0:
                                  * never */
    uint64_t snapshot_trailing;  /* entries kept behind a snapshot */
    uint64_t snapshot_chunk;     /* bytes written, or sent, at a time */
    uint64_t segment_size;       /* bytes of a log file */
    uint64_t sync_max_in_flight;
    bool pre_vote;
    bool check_quorum;
} RaftSettings;

/* Who votes. */
typedef struct RaftConfiguration {
    NodeId voters[RAFT_VOTERS_MAX];
    unsigned voter_count;
} RaftConfiguration;

/* The replicated service. @self is its own. */
typedef struct RaftMachine {
    /* Entry @index is committed: RAFT_COMMAND only, each once and in order. */
    void (*apply)(void *self, uint64_t index, const RaftEntry *entry,
                  Effects *fx);
    /* Role, term or leader changed. */
    void (*role)(void *self, Effects *fx);
    /* A picture of the state that later changes leave alone, read in pieces
     * (0: at its end) and freed. */
    void *(*freeze)(void *self);
    size_t (*frozen_read)(void *frozen, uint8_t *out, size_t size);
    void (*frozen_free)(void *frozen);
    /* Become what a picture said. False: it is damaged. */
    bool (*restore)(void *self, Slice bytes);
    /* The same on every node that applied the same commands. */
    uint64_t (*digest)(void *self);
} RaftMachine;

/* An answer that asserts something durable: it waits for a SYNC. */
typedef struct RaftAnswer {
    uint64_t index; /* of the log, that must be durable; 0: the term only */
    RaftMessage message;
} RaftAnswer;

typedef struct RaftPeer {
    /* As candidate. */
    unsigned granted; /* votes counted: 0 or 1 */
    /* As leader. */
    RaftPeerMode mode;
    bool probe_sent; /* wait for the answer or the next heartbeat */
    uint64_t next_index;
    uint64_t match_index;
    uint64_t valid_sequence; /* refusals of earlier messages are stale */
    uint64_t *inflight;      /* ring: last index of each message not answered */
    unsigned inflight_first, inflight_count;
    uint64_t gap_index; /* the last gap it reported, and how often */
    unsigned gap_refusals;
    uint64_t empty_sequence; /* of the last heartbeat */
    SimTime heard_at, sent_at;
    /* Our stream to it, for what does not fit a datagram. */
    RaftStreamState stream_state;
    LinkId stream;
    uint32_t stream_number;
    uint64_t stream_index; /* what went over it: until this is acknowledged
                            * the rest must follow it there */
    /* A snapshot on its way. */
    uint64_t install_index;  /* 0: none */
    uint64_t install_offset; /* read and sent up to here */
    uint64_t install_held;   /* the follower has this much */
    Token install_read;      /* a READ under way, or 0 */
    bool install_offered;    /* the next answer says where to go on */
    unsigned install_quiet;  /* heartbeats since the last sign of life */
    /* What it says on our stream, and its own stream to us. */
    Frame stream_frame;
    LinkId accepted; /* 0: none */
    Frame accepted_frame;
    /* Answers that wait. */
    RaftAnswer vote_answer, append_answer;
} RaftPeer;

/* A SYNC under way and what it will have made durable. */
typedef struct RaftSync {
    Token token;
    uint64_t index, offset;   /* of the log */
    uint64_t vote_generation; /* of term and vote */
} RaftSync;

/* A snapshot file that is whole and durable. */
typedef struct RaftSnapshot {
    uint64_t index, term;
    uint64_t size;     /* bytes of the file */
    uint64_t checksum; /* its last word */
} RaftSnapshot;

/* An AppendRequest of step @step. */
typedef struct RaftPacked {
    uint64_t step;
    Bytes *message; /* borrowed: the log discards it after the step */
    uint64_t previous, commit;
    unsigned count;
} RaftPacked;

#define RAFT_PACKED_MAX 64u

typedef struct RaftRecovery RaftRecovery;
typedef struct RaftSaving RaftSaving;
typedef struct RaftReceiving RaftReceiving;

typedef struct Raft {
    RaftSettings settings;
    RaftConfiguration configuration;
    NodeId self;
    unsigned node_count;
    const RaftMachine *machine;
    void *machine_self;

    /* Of the current step. */
    const Input *input;
    SimTime now;
    uint64_t draws;
    /* AppendRequests packed in this step, by previous index: followers that
     * need the same ones share them. */
    uint64_t step;
    RaftPacked packed[RAFT_PACKED_MAX];

    uint64_t buggify;        /* key of nodes/buggify.h; 0: off */
    uint64_t buggify_visits; /* of this step, at sites that are on */

    RaftPhase phase;
    bool stopping;
    Token last_token;

    /* Persistent (Raft Fig. 2); vote_generation counts their changes. */
    uint64_t term;
    NodeId vote;
    uint64_t vote_generation;
    uint64_t vote_written; /* generation in the last WRITE */
    uint64_t vote_durable; /* generation known durable */
    uint64_t vote_counter; /* of the slots of the vote file */
    RaftLog log;
    RaftSync syncs[RAFT_SYNCS_MAX];
    unsigned sync_count;
    /* Peers (bit id - 1) with an answer that waits. */
    uint64_t vote_answers, append_answers;
    bool ask_votes; /* VoteRequests wait for our own vote */

    /* Volatile. */
    RaftRole role;
    NodeId leader;
    uint64_t commit_index;
    uint64_t applied_index;
    SimTime timer_base; /* the election timeout counts from here */
    SimTime timeout;    /* ns, drawn */
    SimTime leader_heard_at;
    bool self_vote; /* our own vote is durable and counted */
    uint64_t sequence;
    /* As follower: what came early, by previous_index. body is kept; its
     * owner is NULL where there is nothing. */
    RaftMessage *early;
    unsigned early_count;
    RaftPeer *peers; /* by NodeId; 0 is not used */

    RaftSnapshot snapshot;
    RaftRecovery *recovery;
    RaftSaving *saving;
    RaftReceiving *receiving;
} Raft;

/* The defaults of every setting. */
void raft_settings_init(RaftSettings *settings);
/* NULL when they make sense together, else a line that says why not. */
const char *raft_settings_check(const RaftSettings *settings);

/* A node of the cluster 1..@node_count. @machine and @machine_self are
 * borrowed for its life. */
Raft *raft_new(NodeId self, unsigned node_count, const RaftSettings *settings,
               const RaftMachine *machine, void *machine_self);
void raft_free(Raft *raft);

/* One step: raft_begin(), raft_handle() or any number of raft_propose(),
 * raft_end(). raft_step() is all three. */
void raft_step(Raft *raft, const Input *input, Effects *fx);
void raft_begin(Raft *raft, const Input *input);
void raft_handle(Raft *raft, const Input *input, Effects *fx);
void raft_end(Raft *raft, Effects *fx);

/* Append a command to the leader's log. @data is kept. Returns its index, or
 * 0 when this node is not the leader. It is applied when it is committed; if
 * the role changes first, it may or may not ever be. */
uint64_t raft_propose(Raft *raft, Slice data, Effects *fx);

/* For the parts. */
uint64_t raft_draw(Raft *raft, uint64_t low, uint64_t high);
Token raft_token(Raft *raft);
void raft_send(Raft *raft, NodeId to, const RaftMessage *message, Token after,
               Effects *fx);
void raft_strange(Raft *raft, NodeId from, unsigned reason, Effects *fx);
void raft_halt(Raft *raft, const char *reason, Effects *fx);
/* Whether the site of nodes/buggify.def fires now. */
bool raft_buggify(Raft *raft, unsigned site, Effects *fx);
#define RAFT_BUGGIFY(raft, name, fx)                                           \
    (G_UNLIKELY((raft)->buggify != 0) &&                                       \
     raft_buggify((raft), BUGGIFY_RAFT_##name, (fx)))
void raft_append(Raft *raft, RaftEntryKind kind, Slice data, Effects *fx);
void raft_commit(Raft *raft, uint64_t index, Effects *fx);
/* The largest value that a majority of voters has reached. */
uint64_t raft_quorum_value(const Raft *raft, const uint64_t *values);
static inline unsigned
raft_majority(const Raft *raft)
{
    return raft->configuration.voter_count / 2 + !BUG(RAFT_HALF_IS_MAJORITY);
}

/* Why a message was strange: the second value of PROBE_RAFT_STRANGE. */
enum {
    RAFT_STRANGE_BYTES = 1,    /* not a message, or damaged */
    RAFT_STRANGE_SENDER = 2,   /* no voter */
    RAFT_STRANGE_LEADER = 3,   /* a second leader in our term */
    RAFT_STRANGE_ENTRIES = 4,  /* terms or indexes that cannot be */
    RAFT_STRANGE_REPLY = 5,    /* acknowledges what we never had */
    RAFT_STRANGE_STREAM = 6,   /* a stream's frame is too long */
    RAFT_STRANGE_SNAPSHOT = 7, /* chunks that do not add up */
    RAFT_STRANGE_INPUT = 8,    /* an answer to nothing we asked */
};

/* Our timers. */
enum {
    RAFT_TIMER_ELECTION = 1,
    RAFT_TIMER_HEARTBEAT = 2,
};

#endif

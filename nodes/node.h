/* SPDX-License-Identifier: Apache-2.0 */
/* The border between a node program and whatever carries it: the simulator,
 * a simulated process, or a live host on sockets.
 *
 * A node program is step(input) -> effects. It does no I/O, reads no clock,
 * owns no dice, starts no thread and calls nobody back. Everything it may
 * know arrives in an Input; everything it may do leaves as an Effect
 * (effects.h). The same program, unchanged, runs in virtual and in real time.
 *
 * This header is installed: a program built out of tree needs only node.h,
 * effects.h, dice.h, bytes.h, perhaps buggify.h, and libseedbed-node.a. */
#ifndef SEEDBED_NODE_H
#define SEEDBED_NODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "nodes/bytes.h"
#include "nodes/dice.h"

/* Nanoseconds. Which clock it is on is said where it is used. */
typedef uint64_t SimTime;

#define SIM_US    ((SimTime)1000)
#define SIM_MS    ((SimTime)1000000)
#define SIM_S     ((SimTime)1000000000)
#define SIM_NEVER UINT64_MAX

/* 1..NODE_ID_MAX; 0 is the world. Nodes of a cluster are 1..node_count;
 * clients follow them. */
typedef uint32_t NodeId;
#define NODE_ID_MAX 4095u

/* What an answer to a write or read is known by. 0 is no token. A protocol
 * issues them in increasing order within one incarnation. */
typedef uint64_t Token;

/* A protocol's own name for one of its timers. At most 2^48 - 1; a member adds
 * the channel above that. */
typedef uint64_t TimerId;

/* Who a message belongs to: a protocol of a member. 1..CHANNEL_MAX. */
typedef uint32_t Channel;
#define CHANNEL_MAX 63u
enum {
    CHANNEL_RAFT = 1,   /* datagrams and streams between Raft peers */
    CHANNEL_CLIENT = 2, /* streams from clients of a service */
    CHANNEL_ECHO = 3,   /* the example of the manual */
    CHANNEL_MEMBERSHIP = 4,
    CHANNEL_SCHEDULER = 5,
    CHANNEL_BROKER = 6,
};

/* A link is a datagram path to a peer, always there (LINK_DATAGRAM), or a
 * stream, which is opened with effects_open() or accepted from a peer.
 * The id says it all, so no table is needed on either side: bit 63 stream,
 * bit 62 accepted (the peer opened it), bits 48..53 channel, bits 24..47 the
 * peer, bits 0..23 a number chosen by the opener, so that a stream that was
 * reset may be followed by a fresh one. The opener's link(peer P, n) is the
 * accepter's link(peer = opener, n, accepted). */
typedef uint64_t LinkId;
#define LINK_STREAM   ((LinkId)1 << 63)
#define LINK_ACCEPTED ((LinkId)1 << 62)

static inline LinkId
link_datagram(NodeId peer)
{
    return (LinkId)peer << 24;
}

static inline LinkId
link_stream(NodeId peer, Channel channel, uint32_t number)
{
    return LINK_STREAM | (LinkId)channel << 48 | (LinkId)peer << 24 |
           (number & 0xffffffu);
}

static inline NodeId
link_peer(LinkId link)
{
    return (NodeId)(link >> 24 & 0xffffffu);
}

static inline Channel
link_channel(LinkId link)
{
    return (Channel)(link >> 48 & CHANNEL_MAX);
}

static inline bool
link_is_stream(LinkId link)
{
    return (link & LINK_STREAM) != 0;
}

/* The id that @link, opened or accepted at @self, has at its other end. */
static inline LinkId
link_far_end(LinkId link, NodeId self)
{
    return ((link ^ LINK_ACCEPTED) & ~((LinkId)0xffffffu << 24)) | (LinkId)self
                                                                       << 24;
}

/* Datagrams above this size are a bug of the node program. */
#define DATAGRAM_MAX (60u * 1024u)
/* File names: 1..FILE_NAME_MAX bytes of [a-z0-9._-]. */
#define FILE_NAME_MAX 31u

typedef enum InputKind {
    INPUT_START = 1, /* first input of an incarnation */
    INPUT_MESSAGE,   /* a datagram, or bytes of a stream */
    INPUT_TIMER,     /* a timer is due */
    INPUT_SYNCED,    /* a SYNC is durable, or failed */
    INPUT_READ,      /* answer to a READ */
    INPUT_LINK,      /* a stream came up, went down or was reset */
    INPUT_ROOM,      /* a stream's send buffer fell below half */
    INPUT_CHILD,     /* output or exit of a spawned process */
    INPUT_CONFIG,    /* new configuration text */
    INPUT_MEMORY,    /* the memory budget changed */
    INPUT_STOP,      /* leave in good order; HALT when done */
    INPUT_LOCAL,     /* bytes from another protocol of the same member */
} InputKind;

typedef enum LinkState {
    LINK_UP = 1, /* opened, or accepted from a peer */
    LINK_DOWN,   /* closed by the far end after all its bytes */
    LINK_RESET,  /* broken: bytes in flight are lost */
} LinkState;

typedef struct FileInfo {
    char name[FILE_NAME_MAX + 1];
    uint64_t size; /* bytes */
} FileInfo;

/* One thing that happened. Slices are borrowed for the call; take a
 * reference (slice_ref) to keep one. @now and @wall are the node's own clocks
 * with their skew and drift: @now is monotonic within an incarnation, @wall
 * may step. @dice is a fresh 128-bit key, see dice_u64(). */
typedef struct Input {
    InputKind kind;
    SimTime now;
    SimTime wall;
    Dice dice;
    union {
        struct {
            uint64_t incarnation;  /* 1, 2, ... counts restarts */
            const FileInfo *files; /* what survived, by name */
            unsigned file_count;
        } start;
        struct {
            LinkId link;
            Channel channel;
            Slice bytes;
        } message;
        struct {
            TimerId id;
        } timer;
        struct {
            Token token;
            int error; /* 0, or an errno value: never durable */
        } synced;
        struct {
            Token token;
            int error;   /* 0, or an errno value */
            Slice bytes; /* shorter than asked for at the end of the file */
        } read;
        struct {
            LinkId link;
            LinkState state;
        } link;
        struct {
            LinkId link;
        } room;
        struct {
            Token token;
            bool exited;
            int status;
            Slice bytes;
        } child;
        struct {
            Slice bytes;
        } config;
        struct {
            uint64_t budget; /* bytes */
        } memory;
        struct {
            Channel from;
            Slice bytes;
        } local;
    };
} Input;

/* What a node is told when it is made, once an incarnation. Borrowed. */
typedef struct NodeSetup {
    NodeId self;
    unsigned node_count; /* the cluster is 1..node_count */
    const char *config;  /* "key=value" lines, see config.h; never NULL */
    uint64_t buggify;    /* key of this run's sites, see buggify.h; 0: off */
} NodeSetup;

struct Effects;

/* A node program. Bad configuration: make() returns NULL and writes one line
 * of at most @error_size bytes to @error. step() cannot fail: a strange
 * message is a legal input. */
typedef struct NodeProgram {
    uint32_t abi; /* NODE_ABI */
    const char *name;
    const char *summary; /* one line, for `seedbed list` */
    void *(*make)(const NodeSetup *setup, char *error, size_t error_size);
    void (*step)(void *node, const Input *input, struct Effects *fx);
    void (*free)(void *node);
} NodeProgram;

#define NODE_ABI 1u

/* A program built as a shared object exports this symbol. */
#if defined(__GNUC__)
#define NODE_EXPORT __attribute__((visibility("default")))
#else
#define NODE_EXPORT
#endif
NODE_EXPORT const NodeProgram *seedbed_node_program(void);

#endif

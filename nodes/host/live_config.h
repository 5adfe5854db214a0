/* SPDX-License-Identifier: Apache-2.0 */
/* The configuration file of the live host: `key = value` lines.
 *
 * Blank lines and lines that start with # are skipped; spaces around key and
 * value do not matter. Keys:
 *
 *   self = 1                      this node, one of the peers
 *   program = raft-kv             what it runs
 *   data = /var/lib/seedbed/1     its directory; made when absent
 *   peer.1 = tcp:10.0.0.1:7001    where each node of the cluster listens for
 *   peer.2 = tcp:10.0.0.2:7001    the others: 1..N without a gap, `self`
 *   peer.3 = tcp:10.0.0.3:7001    among them
 *   listen.peers = tcp:0.0.0.0:7001
 *                                 where to accept peers, when that is not
 *                                 the address of peer.SELF; may be repeated
 *   listen.clients = unix:/run/seedbed/1.client
 *                                 where to accept clients; may be repeated
 *   config.KEY = VALUE            handed to the program as it is, for example
 *                                 config.election_timeout = 150..300 ms
 *   io_threads = 1                1: disk work in order in one thread;
 *                                 2: fdatasync in a second one, so that
 *                                 reads and writes need not wait for it
 *   send_buffer = 8 MiB           bytes kept for one stream before it is
 *                                 reset (64 KiB..1 GiB, KiB and MiB known)
 *   datagram_buffer = 1 MiB       bytes kept for one peer before datagrams
 *                                 to it are dropped
 *   stop_timeout = 5              seconds to leave after SIGTERM (1..600)
 *   log_probes = no               yes: one log line for each probe
 *
 * An address is tcp:HOST:PORT with a numeric HOST ([::1] for IPv6), or
 * unix:PATH of at most 107 bytes. Port 0 asks the system for a free one,
 * which the log tells. */
#ifndef SEEDBED_LIVE_CONFIG_H
#define SEEDBED_LIVE_CONFIG_H

#include <glib.h>
#include <sys/socket.h>

#include "nodes/node.h"

typedef struct LiveAddress {
    char text[128]; /* as written; empty: none */
    struct sockaddr_storage socket;
    socklen_t size;
} LiveAddress;

#define LIVE_LISTEN_MAX 16u

typedef struct LiveConfig {
    NodeId self;
    char *program;
    char *data;
    unsigned node_count;
    LiveAddress *peers; /* [1..node_count]; [0] is unused */
    LiveAddress listen_peers[LIVE_LISTEN_MAX];
    unsigned listen_peer_count;
    LiveAddress listen_clients[LIVE_LISTEN_MAX];
    unsigned listen_client_count;
    GString *program_config; /* "key=value" lines for NodeSetup */
    unsigned io_threads;
    size_t send_buffer;     /* bytes */
    size_t datagram_buffer; /* bytes */
    unsigned stop_timeout;  /* seconds */
    bool log_probes;
} LiveConfig;

/* Parse @text, which is of the file @path (for messages only). NULL: @error
 * is one line `path:line: ...`. Owned by the caller. */
LiveConfig *live_config_parse(const char *path, const char *text,
                              GError **error);
/* The same for the file at @path. */
LiveConfig *live_config_load(const char *path, GError **error);
void live_config_free(LiveConfig *config);

/* Parse `tcp:HOST:PORT` or `unix:PATH`. False: @error says why. */
bool live_address_parse(LiveAddress *address, const char *text, GError **error);

#endif

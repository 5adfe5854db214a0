/* SPDX-License-Identifier: Apache-2.0 */
/* What live_net.c (listening, greeting), live_peer.c (datagrams) and
 * live_stream.c (streams) share. Nobody else includes it. */
#ifndef SEEDBED_LIVE_NET_INTERNAL_H
#define SEEDBED_LIVE_NET_INTERNAL_H

#include "nodes/host/live_conn.h"
#include "nodes/host/live_frame.h"
#include "nodes/host/live_net.h"

/* The datagram link to a peer. */
typedef struct LivePeer {
    LiveNet *net;
    NodeId id;
    LiveConn *conn; /* that we dialled, or NULL */
    uv_timer_t again;
    uint64_t wait_ms;
    bool told;        /* that it cannot be reached */
    uint64_t dropped; /* datagrams */
} LivePeer;

typedef struct LiveListener {
    union {
        uv_handle_t handle;
        uv_stream_t stream;
        uv_tcp_t tcp;
        uv_pipe_t pipe;
    } uv;
    LiveNet *net;
    bool for_clients;
} LiveListener;

struct LiveNet {
    uv_loop_t *loop;
    const LiveConfig *config;
    LiveDeliver deliver;
    void *user;
    LiveConns conns;
    LiveListener listeners[2 * LIVE_LISTEN_MAX];
    unsigned listener_count;
    unsigned greeting_count; /* accepted, hello not in yet */
    LivePeer *peers;         /* [1..node_count] */
    uv_timer_t sweep;
    GHashTable *streams;       /* LinkId -> LiveConn, for look-up only */
    unsigned *accepted_counts; /* [peer] streams accepted from it */
    NodeId client_next;        /* where the search for a free id begins */
    uint32_t client_number;
    LiveConn **clients; /* [NODE_ID_MAX + 1] */
};

/* A connection of peers has said who it is: go on with it. Called within
 * received() of a connection. */
void live_peer_accept(LiveNet *net, LiveConn *conn, const LiveHello *hello);
void live_stream_accept(LiveNet *net, LiveConn *conn, const LiveHello *hello);
void live_stream_accept_client(LiveNet *net, uv_stream_t *listener);

void live_peer_start(LivePeer *peer);
void live_peer_stop(LivePeer *peer);
void live_peer_send(LivePeer *peer, const Effect *effect);
void live_stream_send(LiveNet *net, const Effect *effect);

#endif

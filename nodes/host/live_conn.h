/* SPDX-License-Identifier: Apache-2.0 */
/* One connection of a live node, TCP or Unix: reading into a buffer, writing
 * from a bounded one, dialling, and leaving in good order. It knows nothing
 * of what the bytes mean.
 *
 * Everything runs on the loop; no callback is called from within a call of
 * the owner, except where it says so. */
#ifndef SEEDBED_LIVE_CONN_H
#define SEEDBED_LIVE_CONN_H

#include <glib.h>
#include <uv.h>

#include "nodes/host/live_config.h"
#include "nodes/host/live_frame.h"

typedef struct LiveConn LiveConn;

typedef enum LiveConnEnd {
    LIVE_CONN_EOF = 1, /* the far end will say no more */
    LIVE_CONN_BROKEN,  /* reset, refused, unreachable */
} LiveConnEnd;

/* What the owner of a connection is told. After ended() the owner calls
 * live_conn_leave() or live_conn_kill(). */
typedef struct LiveConnOps {
    void (*connected)(LiveConn *conn); /* of live_conn_dial(); may be NULL */
    /* @size bytes lie at @data; returns how many are done with. The rest is
     * shown again, with what comes behind it. */
    size_t (*received)(LiveConn *conn, const uint8_t *data, size_t size);
    /* Bytes left: the send buffer has shrunk. May be NULL. */
    void (*drained)(LiveConn *conn);
    void (*ended)(LiveConn *conn, LiveConnEnd end, const char *why);
} LiveConnOps;

/* All connections of a node, and those with unsent bytes, so that the bytes
 * of many effects leave in one system call when the loop is about to wait. */
typedef struct LiveConns {
    uv_loop_t *loop;
    GPtrArray *all; /* not closing */
    GPtrArray *unsent;
    uint8_t *scratch; /* shared receive buffer, LIVE_CONN_SCRATCH bytes */
} LiveConns;

#define LIVE_CONN_SCRATCH (64u * 1024u)

struct LiveConn {
    union {
        uv_handle_t handle;
        uv_stream_t stream;
        uv_tcp_t tcp;
        uv_pipe_t pipe;
    } uv;
    LiveConns *conns;
    const LiveConnOps *ops;
    void *owner;       /* the owner's */
    uint64_t tag;      /* the owner's */
    uint32_t peer;     /* the owner's */
    LiveChunks chunks; /* the owner's */
    uint64_t deadline; /* uv_now() at which a leaver or a mute is killed; 0:
                        * never */
    bool connected;
    bool reading;
    bool eof;
    bool leaving;
    bool shut;       /* shutdown under way or done */
    bool dead;       /* handle is closing */
    bool listed;     /* in conns->unsent */
    bool above_half; /* the owner's, for ROOM */
    uint8_t *in;     /* own receive buffer, or NULL: the scratch buffer */
    size_t in_size, in_used;
    GByteArray *out;     /* not yet handed to the kernel */
    GByteArray *sending; /* being written, from `sent` on */
    size_t sent;
    bool writing;
    uv_write_t write;
    uv_connect_t connect;
    uv_shutdown_t shutdown;
};

void live_conns_init(LiveConns *conns, uv_loop_t *loop);
void live_conns_clear(LiveConns *conns);
/* Hand what was sent since the last call to the kernel. Calls ended(). */
void live_conns_flush(LiveConns *conns);
/* Close what is beyond its deadline: now and then. Calls ended(). */
void live_conns_sweep(LiveConns *conns);

/* A connection that is accepted from @listener. @in_size: bytes of its own
 * receive buffer; 0: received() takes everything it is shown, always. NULL
 * when the system refuses. Reading is on. */
LiveConn *live_conn_accept(LiveConns *conns, uv_stream_t *listener,
                           const LiveConnOps *ops, void *owner, size_t in_size);
/* Dial @address. connected() or ended() comes later, never from this call. */
LiveConn *live_conn_dial(LiveConns *conns, const LiveAddress *address,
                         const LiveConnOps *ops, void *owner, size_t in_size);

/* Replace what happens to received bytes and the receive buffer; only from
 * within received(), which then must take all it was shown. */
void live_conn_become(LiveConn *conn, const LiveConnOps *ops, size_t in_size);

/* Append to the send buffer. Also before the connection is up. */
void live_conn_send(LiveConn *conn, const void *data, size_t size);
/* Bytes of the send buffer that the kernel has not taken. */
size_t live_conn_unsent(const LiveConn *conn);
void live_conn_read(LiveConn *conn, bool on);

/* Send what is left, say that no more comes, await the far end's farewell
 * for a while, close. Received bytes are thrown away. ended() is not called;
 * the owner forgets the connection. */
void live_conn_leave(LiveConn *conn);
/* Close at once; unsent bytes are lost. The owner forgets the connection. */
void live_conn_kill(LiveConn *conn);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* A connection on libuv's loop. */
#include "nodes/host/live_conn.h"

#include <string.h>
#include <sys/un.h>

/* One write request at most; small, so that room in the buffer is noticed. */
#define WRITE_BYTES (256u * 1024u)
/* A send buffer that was larger is given back. */
#define BUFFER_KEEP (1024u * 1024u)
/* How long a leaver may take to send its rest. */
#define LEAVE_MS 5000u

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buffer);
static void on_read(uv_stream_t *stream, ssize_t count, const uv_buf_t *buffer);
static void on_connect(uv_connect_t *request, int status);
static void on_written(uv_write_t *request, int status);
static void on_shutdown(uv_shutdown_t *request, int status);
static void on_close(uv_handle_t *handle);
static void push(LiveConn *conn);
static void leave_on(LiveConn *conn);
static void ended(LiveConn *conn, LiveConnEnd end, const char *why);
static void list_unsent(LiveConn *conn);

static LiveConn *
conn_new(LiveConns *conns, bool is_unix, const LiveConnOps *ops, void *owner,
         size_t in_size)
{
    LiveConn *conn = g_new0(LiveConn, 1);

    if (is_unix) {
        uv_pipe_init(conns->loop, &conn->uv.pipe, 0);
    } else {
        uv_tcp_init(conns->loop, &conn->uv.tcp);
    }
    conn->uv.handle.data = conn;
    conn->conns = conns;
    conn->ops = ops;
    conn->owner = owner;
    conn->in_size = in_size;
    conn->in = in_size > 0 ? g_malloc(in_size) : NULL;
    conn->out = g_byte_array_new();
    conn->sending = g_byte_array_new();
    g_ptr_array_add(conns->all, conn);
    return conn;
}

LiveConn *
live_conn_accept(LiveConns *conns, uv_stream_t *listener,
                 const LiveConnOps *ops, void *owner, size_t in_size)
{
    bool is_unix = listener->type == UV_NAMED_PIPE;
    LiveConn *conn = conn_new(conns, is_unix, ops, owner, in_size);

    if (uv_accept(listener, &conn->uv.stream) != 0) {
        live_conn_kill(conn);
        return NULL;
    }
    if (!is_unix) {
        uv_tcp_nodelay(&conn->uv.tcp, 1);
    }
    conn->connected = true;
    live_conn_read(conn, true);
    return conn;
}

LiveConn *
live_conn_dial(LiveConns *conns, const LiveAddress *address,
               const LiveConnOps *ops, void *owner, size_t in_size)
{
    const struct sockaddr *socket = (const struct sockaddr *)&address->socket;
    bool is_unix = socket->sa_family == AF_UNIX;
    LiveConn *conn = conn_new(conns, is_unix, ops, owner, in_size);
    int status = 0;

    conn->connect.data = conn;
    if (is_unix) {
        uv_pipe_connect(
            &conn->connect, &conn->uv.pipe,
            ((const struct sockaddr_un *)(const void *)socket)->sun_path,
            on_connect);
    } else {
        uv_tcp_nodelay(&conn->uv.tcp, 1);
        status =
            uv_tcp_connect(&conn->connect, &conn->uv.tcp, socket, on_connect);
    }
    if (status != 0) {
        live_conn_kill(conn);
        return NULL;
    }
    return conn;
}

void
live_conn_become(LiveConn *conn, const LiveConnOps *ops, size_t in_size)
{
    conn->ops = ops;
    g_free(conn->in);
    conn->in = in_size > 0 ? g_malloc(in_size) : NULL;
    conn->in_size = in_size;
}

static void
on_connect(uv_connect_t *request, int status)
{
    LiveConn *conn = request->data;

    if (conn->dead) {
        return;
    }
    if (status != 0) {
        ended(conn, LIVE_CONN_BROKEN, uv_strerror(status));
        return;
    }
    conn->connected = true;
    live_conn_read(conn, true);
    if (!conn->leaving && conn->ops->connected != NULL) {
        conn->ops->connected(conn);
    }
    list_unsent(conn);
}

/* ---- receiving ---- */

void
live_conn_read(LiveConn *conn, bool on)
{
    if (conn->dead || conn->eof || conn->reading == on || !conn->connected) {
        return;
    }
    conn->reading = on;
    if (on) {
        uv_read_start(&conn->uv.stream, on_alloc, on_read);
    } else {
        uv_read_stop(&conn->uv.stream);
    }
}

static void
on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buffer)
{
    LiveConn *conn = handle->data;

    (void)suggested;
    if (conn->in == NULL || conn->leaving) {
        *buffer = uv_buf_init((char *)conn->conns->scratch, LIVE_CONN_SCRATCH);
        return;
    }
    /* The owner takes all it can, so there is always room. */
    g_assert(conn->in_used < conn->in_size);
    *buffer = uv_buf_init((char *)conn->in + conn->in_used,
                          (unsigned)(conn->in_size - conn->in_used));
}

static void
on_read(uv_stream_t *stream, ssize_t count, const uv_buf_t *buffer)
{
    LiveConn *conn = stream->data;

    if (conn->dead || count == 0) {
        return;
    }
    if (count < 0) {
        conn->eof = true;
        uv_read_stop(stream);
        ended(conn, count == UV_EOF ? LIVE_CONN_EOF : LIVE_CONN_BROKEN,
              uv_strerror((int)count));
        return;
    }
    if (conn->leaving) {
        return;
    }
    if (conn->in == NULL) {
        size_t used = conn->ops->received(conn, (const uint8_t *)buffer->base,
                                          (size_t)count);

        g_assert(conn->dead || conn->leaving || used == (size_t)count);
        return;
    }

    const uint8_t *before = conn->in;
    size_t have = conn->in_used + (size_t)count;
    size_t used = conn->ops->received(conn, conn->in, have);

    if (conn->dead || conn->leaving || conn->in != before) {
        conn->in_used = 0;
        return;
    }
    g_assert(used <= have);
    conn->in_used = have - used;
    if (used > 0 && conn->in_used > 0) {
        memmove(conn->in, conn->in + used, conn->in_used);
    }
}

/* ---- sending ---- */

size_t
live_conn_unsent(const LiveConn *conn)
{
    return conn->out->len + conn->sending->len - conn->sent;
}

static void
list_unsent(LiveConn *conn)
{
    if (!conn->listed && conn->connected && !conn->dead) {
        conn->listed = true;
        g_ptr_array_add(conn->conns->unsent, conn);
    }
}

void
live_conn_send(LiveConn *conn, const void *data, size_t size)
{
    g_assert(!conn->leaving);
    if (!conn->dead && size > 0) {
        g_byte_array_append(conn->out, data, (guint)size);
        list_unsent(conn);
    }
}

void
live_conns_flush(LiveConns *conns)
{
    while (conns->unsent->len > 0) {
        LiveConn *conn = g_ptr_array_steal_index_fast(conns->unsent, 0);

        conn->listed = false;
        push(conn);
    }
}

/* Offer the kernel what there is; what it does not take now goes with a
 * request, one at a time. */
static void
push(LiveConn *conn)
{
    size_t before = live_conn_unsent(conn);

    while (!conn->dead && !conn->writing && live_conn_unsent(conn) > 0) {
        uv_buf_t buffer;
        int wrote;

        if (conn->sent == conn->sending->len) {
            GByteArray *empty = conn->sending;

            if (empty->len > BUFFER_KEEP) {
                g_byte_array_unref(empty);
                empty = g_byte_array_new();
            }
            g_byte_array_set_size(empty, 0);
            conn->sending = conn->out;
            conn->out = empty;
            conn->sent = 0;
        }
        buffer = uv_buf_init(
            (char *)conn->sending->data + conn->sent,
            (unsigned)MIN(conn->sending->len - conn->sent, WRITE_BYTES));
        wrote = uv_try_write(&conn->uv.stream, &buffer, 1);
        if (wrote == UV_EAGAIN) {
            conn->writing = true;
            conn->write.data = conn;
            wrote = uv_write(&conn->write, &conn->uv.stream, &buffer, 1,
                             on_written);
            if (wrote == 0) {
                break;
            }
            conn->writing = false;
        }
        if (wrote < 0) {
            ended(conn, LIVE_CONN_BROKEN, uv_strerror(wrote));
            return;
        }
        conn->sent += (size_t)wrote;
    }
    if (conn->dead) {
        return;
    }
    if (conn->leaving) {
        leave_on(conn);
    } else if (live_conn_unsent(conn) < before && conn->ops->drained != NULL) {
        conn->ops->drained(conn);
    }
}

static void
on_written(uv_write_t *request, int status)
{
    LiveConn *conn = request->data;

    conn->writing = false;
    if (conn->dead) {
        return;
    }
    if (status != 0) {
        ended(conn, LIVE_CONN_BROKEN, uv_strerror(status));
        return;
    }
    conn->sent += MIN(conn->sending->len - conn->sent, WRITE_BYTES);
    if (!conn->leaving && conn->ops->drained != NULL) {
        conn->ops->drained(conn);
    }
    if (!conn->dead) {
        push(conn);
    }
}

/* ---- the end ---- */

static void
ended(LiveConn *conn, LiveConnEnd end, const char *why)
{
    if (conn->leaving) {
        if (end == LIVE_CONN_BROKEN || conn->shut) {
            live_conn_kill(conn);
        }
        return; /* EOF while the rest is being sent: go on sending */
    }
    conn->ops->ended(conn, end, why);
    g_assert(conn->dead || conn->leaving);
}

void
live_conn_leave(LiveConn *conn)
{
    if (conn->dead || conn->leaving) {
        return;
    }
    conn->leaving = true;
    conn->deadline = uv_now(conn->conns->loop) + LEAVE_MS;
    live_conn_read(conn, true);
    if (conn->connected) {
        list_unsent(conn); /* push() goes on with it */
    }
}

/* A leaver says that no more comes, once all is sent. */
static void
leave_on(LiveConn *conn)
{
    if (live_conn_unsent(conn) > 0 || conn->writing || conn->shut) {
        return;
    }
    conn->shut = true;
    conn->shutdown.data = conn;
    if (uv_shutdown(&conn->shutdown, &conn->uv.stream, on_shutdown) != 0) {
        live_conn_kill(conn);
    }
}

static void
on_shutdown(uv_shutdown_t *request, int status)
{
    LiveConn *conn = request->data;

    if (!conn->dead && (status != 0 || conn->eof)) {
        live_conn_kill(conn);
    }
}

void
live_conn_kill(LiveConn *conn)
{
    if (!conn->dead) {
        conn->dead = true;
        if (conn->listed) {
            g_ptr_array_remove_fast(conn->conns->unsent, conn);
        }
        g_ptr_array_remove_fast(conn->conns->all, conn);
        uv_close(&conn->uv.handle, on_close);
    }
}

static void
on_close(uv_handle_t *handle)
{
    LiveConn *conn = handle->data;

    g_byte_array_unref(conn->out);
    g_byte_array_unref(conn->sending);
    g_free(conn->in);
    g_free(conn);
}

void
live_conns_sweep(LiveConns *conns)
{
    uint64_t now = uv_now(conns->loop);

    /* From the end: the fast removal of one moves only what was seen. */
    for (guint i = conns->all->len; i-- > 0;) {
        if (i >= conns->all->len) {
            continue;
        }

        LiveConn *conn = conns->all->pdata[i];

        if (conn->deadline == 0 || now < conn->deadline) {
            continue;
        }
        if (conn->leaving) {
            live_conn_kill(conn);
        } else {
            ended(conn, LIVE_CONN_BROKEN, "silent for too long");
        }
    }
}

void
live_conns_init(LiveConns *conns, uv_loop_t *loop)
{
    conns->loop = loop;
    conns->all = g_ptr_array_new();
    conns->unsent = g_ptr_array_new();
    conns->scratch = g_malloc(LIVE_CONN_SCRATCH);
}

void
live_conns_clear(LiveConns *conns)
{
    g_ptr_array_unref(conns->unsent);
    g_ptr_array_unref(conns->all);
    g_free(conns->scratch);
}
